#include "server/milestones.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "server/file.h"

enum { PATH_SIZE = 1024, TEXT_MAX = 32 };

static const char *const names[PIC_MILESTONES] = {
    [PIC_MILESTONE_BACKUP] = "sauvegarde",
    [PIC_MILESTONE_REHEARSAL] = "restauration-essai",
    [PIC_MILESTONE_VERIFIED] = "verification",
    [PIC_MILESTONE_VERIFY_FAILURES] = "verifications-en-faute",
};

int64_t pic_milestone_get(const char *folder, enum pic_milestone milestone)
{
    char path[PATH_SIZE];
    struct pic_buf text;
    pic_buf_init(&text, TEXT_MAX);
    (void)snprintf(path, sizeof path, "%s/jalons/%s", folder, names[milestone]);
    int status = pic_file_get(path, &text, NULL);
    int64_t value = status == PIC_OK ? strtoll(pic_buf_string(&text), NULL, 10) : 0;
    pic_buf_release(&text);
    return value;
}

int pic_milestone_put(const char *folder, enum pic_milestone milestone, int64_t value,
                      struct pic_err *err)
{
    char path[PATH_SIZE];
    char text[TEXT_MAX];
    (void)snprintf(path, sizeof path, "%s/jalons", folder);
    if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
        return pic_fail(err, errno == ENOSPC ? PIC_EDISK_FULL : PIC_EFILE, path, NULL);
    (void)snprintf(path, sizeof path, "%s/jalons/%s", folder, names[milestone]);
    int n = snprintf(text, sizeof text, "%lld\n", (long long)value);
    return pic_file_put(path, pic_span_of(text, (size_t)n), 0, err);
}
