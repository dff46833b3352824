#include "agent/doctor/mishaps.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 600, FILE_MODE = 0600, TEXT_MAX = 2 * PIC_MISHAPS_BYTES_MAX };

static int open_file(const char *folder, int flags)
{
    char path[PATH_SIZE];
    int n = snprintf(path, sizeof path, "%s/erreurs.txt", folder);
    if (n < 0 || (size_t)n >= sizeof path)
        return -1;
    return open(path, flags | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
}

static void read_file(int file, struct pic_buf *out)
{
    uint8_t *room = pic_buf_room(out, PIC_MISHAPS_BYTES_MAX);
    ssize_t n = room == NULL ? 0 : pread(file, room, PIC_MISHAPS_BYTES_MAX, 0);
    out->len += n > 0 ? (size_t)n : 0;
}

static bool is_mishap(int status)
{
    static const int harmless[] = {PIC_OK, PIC_EUSAGE, PIC_RESERVES, PIC_WAITING, PIC_INTERRUPTED};
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (pic_status_exit(status) == pic_status_exit(harmless[i]))
            return false;
    return true;
}

/* Where the last PIC_MISHAPS_MAX lines begin. */
static size_t last_lines(const struct pic_buf *text)
{
    size_t lines = 0;
    for (size_t at = text->len; at > 0; at--)
        if (text->data[at - 1] == '\n' && lines++ == PIC_MISHAPS_MAX)
            return at;
    return 0;
}

void pic_mishap_note(const char *folder, int64_t now_ms, int status, const char *command)
{
    struct pic_buf text;
    int file = is_mishap(status) ? open_file(folder, O_RDWR | O_CREAT) : -1;
    if (file < 0)
        return;
    pic_buf_init(&text, TEXT_MAX);
    read_file(file, &text);
    pic_buf_printf(&text, "%" PRId64 " %s %s\n", now_ms, pic_status_code(status), command);
    if (pic_buf_status(&text) == PIC_OK) {
        size_t from = last_lines(&text);
        size_t n = text.len - from;
        ssize_t noted = pwrite(file, text.data + from, n, 0);
        int cut = ftruncate(file, noted > 0 ? noted : 0);
        (void)cut;
    }
    (void)close(file);
    pic_buf_release(&text);
}

void pic_mishaps_read(const char *folder, struct pic_buf *out)
{
    int file = open_file(folder, O_RDONLY);
    if (file < 0)
        return;
    read_file(file, out);
    (void)close(file);
}
