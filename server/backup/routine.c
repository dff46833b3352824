#include "server/backup/routine.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/backup/tree.h"
#include "server/milestones.h"

enum { MS_PER_S = 1000, MINUTES = 60 };

int pic_routine_backup(const char *folder, const char *to, const struct pic_retention *policy,
                       struct pic_archive_made *made, size_t *removed, struct pic_err *err)
{
    *removed = 0;
    int status = pic_archive_make(folder, to, pic_server_now_ms(), made, err);
    if (status == PIC_OK)
        status = pic_milestone_put(folder, PIC_MILESTONE_BACKUP, made->time_ms, err);
    return status == PIC_OK ? pic_archive_rotate(to, policy, removed, err) : status;
}

static int rehearse(const char *to, const char *name, const struct pic_verify_options *options,
                    struct pic_restored *restored, struct pic_verify_report *report,
                    struct pic_err *err)
{
    char archive[PIC_TREE_PATH_MAX];
    char scratch[PIC_TREE_PATH_MAX];
    const struct pic_restore_plan plan = {
        .archive = archive, .into = scratch, .now_ms = pic_server_now_ms()};
    int status = pic_tree_join(to, name, archive, err);
    if (status == PIC_OK)
        status = pic_tree_join(to, PIC_ARCHIVE_SCRATCH "essai", scratch, err);
    return status == PIC_OK ? pic_restore_rehearse(&plan, options, restored, report, err) : status;
}

int pic_routine_rehearse(const char *folder, const char *to,
                         const struct pic_verify_options *options, struct pic_restored *restored,
                         struct pic_verify_report *report, struct pic_err *err)
{
    size_t n = 0;
    int lock = -1;
    struct pic_archive_name *names = NULL;
    memset(report, 0, sizeof *report);
    int status = access(to, F_OK) == 0 ? PIC_OK : pic_fail(err, PIC_ENOT_FOUND, to, NULL);
    if (status == PIC_OK)
        status = pic_archive_lock(to, &lock, err);
    if (status == PIC_OK)
        status = pic_archive_list(to, PIC_ARCHIVE_DATA, &names, &n, err);
    if (status == PIC_OK && n == 0)
        status = pic_fail(err, PIC_ENOT_FOUND, to, NULL);
    if (status == PIC_OK)
        status = rehearse(to, names[0].name, options, restored, report, err);
    if (status == PIC_OK && report->faults == 0)
        status = pic_milestone_put(folder, PIC_MILESTONE_REHEARSAL, pic_server_now_ms(), err);
    free(names);
    if (lock >= 0)
        (void)close(lock);
    return status;
}

bool pic_routine_is_due(int64_t last_ms, int64_t now_ms, unsigned minutes)
{
    struct tm at = {0};
    time_t now = (time_t)(now_ms / MS_PER_S);
    (void)localtime_r(&now, &at);
    at.tm_hour = (int)(minutes / MINUTES);
    at.tm_min = (int)(minutes % MINUTES);
    at.tm_sec = 0;
    at.tm_isdst = -1;
    int64_t due_ms = (int64_t)mktime(&at) * MS_PER_S;
    if (now_ms < due_ms) { /* the last one due was yesterday's */
        at.tm_mday--;
        at.tm_hour = (int)(minutes / MINUTES);
        at.tm_min = (int)(minutes % MINUTES);
        at.tm_isdst = -1;
        due_ms = (int64_t)mktime(&at) * MS_PER_S;
    }
    return last_ms < due_ms;
}
