#include "schema/store/parcel_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NAMES_MAX = 99, /* files of one name in one folder */
    ITEM_MAX = PIC_PARCEL_ITEM_MAX + PIC_PARCEL_HEAD_SIZE,
};

static int fail(struct pic_err *err, const char *path, int error)
{
    char why[128];
    int status = error == ENOSPC || error == EDQUOT || error == EFBIG ? PIC_EDISK_FULL : PIC_EFILE;
    return pic_fail(err, status, path, strerror_r(error, why, sizeof why), NULL);
}

static const char *suffix_of(enum pic_parcel_kind kind)
{
    return kind == PIC_PARCEL_REQUESTS ? PIC_PARCEL_REQUEST_SUFFIX : PIC_PARCEL_REPLY_SUFFIX;
}

/* --- reading --- */

static size_t pull(void *context, void *out, size_t n)
{
    return fread(out, 1, n, context);
}

int pic_parcel_load(struct pic_parcel_reader *r, const char *path, struct pic_err *err)
{
    struct stat about;
    memset(r, 0, sizeof *r);
    pic_buf_init(&r->item, PIC_PARCEL_ITEM_MAX);
    r->file = fopen(path, "rbe");
    if (r->file == NULL)
        return fail(err, path, errno);
    if (fstat(fileno(r->file), &about) != 0 || !S_ISREG(about.st_mode))
        return fail(err, path, EINVAL);
    r->source = (struct pic_parcel_source){.read = pull, .context = r->file};
    int status = pic_parcel_open(&r->parcel, &r->source);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, path, NULL);
}

int pic_parcel_read(struct pic_parcel_reader *r, struct pic_span *payload, bool *more)
{
    return pic_parcel_next(&r->parcel, &r->source, &r->item, payload, more);
}

void pic_parcel_close(struct pic_parcel_reader *r)
{
    if (r->file != NULL)
        (void)fclose(r->file);
    r->file = NULL;
    pic_buf_release(&r->item);
}

/* --- writing --- */

static int flush_item(struct pic_parcel_writer *w, struct pic_err *err)
{
    if (w->item.bad)
        return pic_fail(err, PIC_ELIMIT, w->draft, NULL);
    if (fwrite(w->item.data, 1, w->item.len, w->file) != w->item.len)
        return fail(err, w->draft, errno);
    w->bytes += w->item.len;
    pic_buf_clear(&w->item);
    return PIC_OK;
}

int pic_parcel_create(struct pic_parcel_writer *w, const char *folder,
                      const struct pic_parcel *what, struct pic_err *err)
{
    char hex[2 * PIC_PARCEL_ID_SIZE + 1] = "";
    memset(w, 0, sizeof *w);
    w->parcel = *what;
    pic_buf_init(&w->item, ITEM_MAX);
    for (size_t i = 0; i < PIC_PARCEL_ID_SIZE; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", what->id[i]);
    int n = snprintf(w->folder, sizeof w->folder, "%s", folder);
    int m = snprintf(w->draft, sizeof w->draft, "%s/pic-%s.partiel", folder, hex);
    if (n < 0 || m < 0 || (size_t)m + PIC_PARCEL_NAME_MAX >= sizeof w->draft)
        return pic_fail(err, PIC_ELIMIT, folder, NULL);
    (void)unlink(w->draft); /* of a run that was cut */
    int fd =
        open(w->draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    w->file = fd < 0 ? NULL : fdopen(fd, "wb");
    if (w->file == NULL) {
        int error = errno;
        if (fd >= 0)
            (void)close(fd);
        w->draft[0] = '\0';
        return fail(err, folder, error);
    }
    pic_parcel_start(&w->parcel, &w->item);
    return flush_item(w, err);
}

int pic_parcel_write(struct pic_parcel_writer *w, struct pic_span payload, struct pic_err *err)
{
    pic_parcel_put(&w->parcel, payload, &w->item);
    return flush_item(w, err);
}

/* Reads the draft again, from the disk and not from memory where the system lets us, up to an end
 * that must bear the check that was written last. */
static int read_again(const struct pic_parcel_writer *w, struct pic_err *err)
{
    struct pic_parcel_reader r;
    struct pic_span payload;
    bool more = true;
    int status = pic_parcel_load(&r, w->draft, NULL);
    while (status == PIC_OK && more)
        status = pic_parcel_read(&r, &payload, &more);
    bool same = status == PIC_OK && r.parcel.items == w->parcel.items &&
                memcmp(r.parcel.check, w->parcel.check, PIC_PARCEL_CHECK_SIZE) == 0;
    pic_parcel_close(&r);
    return same ? PIC_OK : pic_fail(err, PIC_EIO, w->folder, NULL);
}

/* fsync of a folder; some file systems of keys have none. */
static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
    (void)close(fd);
    return error;
}

/* True where path is free, or holds what this parcel replaces. */
static bool is_free(const struct pic_parcel_writer *w, const char *path)
{
    struct pic_parcel_reader r;
    if (access(path, F_OK) != 0)
        return true;
    bool ours = pic_parcel_load(&r, path, NULL) == PIC_OK && r.parcel.kind == w->parcel.kind &&
                (memcmp(r.parcel.id, w->parcel.id, PIC_PARCEL_ID_SIZE) == 0 ||
                 (w->replaces != NULL && w->replaces(w->context, &r.parcel)));
    pic_parcel_close(&r);
    return ours;
}

static bool choose_name(struct pic_parcel_writer *w, const char *stem)
{
    const char *suffix = suffix_of(w->parcel.kind);
    for (int i = 1; i <= NAMES_MAX; i++) {
        char number[16] = "";
        if (i > 1)
            (void)snprintf(number, sizeof number, "-%d", i);
        int n = snprintf(w->path, sizeof w->path, "%s/%.*s%s%s", w->folder, PIC_PARCEL_NAME_MAX,
                         stem, number, suffix);
        if (n < 0 || (size_t)n >= sizeof w->path)
            return false;
        if (is_free(w, w->path))
            return true;
    }
    return false;
}

int pic_parcel_finish(struct pic_parcel_writer *w, const char *stem, struct pic_err *err)
{
    pic_parcel_end(&w->parcel, &w->item);
    int status = flush_item(w, err);
    if (status != PIC_OK)
        return status;
    int fd = fileno(w->file);
    int error = fflush(w->file) == 0 && fsync(fd) == 0 ? 0 : errno;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    if (fclose(w->file) != 0 && error == 0)
        error = errno;
    w->file = NULL;
    if (error != 0)
        return fail(err, w->draft, error);
    status = read_again(w, err);
    if (status != PIC_OK)
        return status;
    if (!choose_name(w, stem))
        return pic_fail(err, PIC_EEXISTS, w->path, NULL);
    error = rename(w->draft, w->path) == 0 ? sync_folder(w->folder) : errno;
    if (error != 0)
        return fail(err, w->path, error);
    w->draft[0] = '\0';
    return PIC_OK;
}

void pic_parcel_abandon(struct pic_parcel_writer *w)
{
    if (w->file != NULL)
        (void)fclose(w->file);
    if (w->draft[0] != '\0')
        (void)unlink(w->draft);
    w->file = NULL;
    w->draft[0] = '\0';
    pic_buf_release(&w->item);
}

/* --- a folder --- */

static bool ends_with(const char *name, const char *suffix)
{
    size_t n = strlen(name);
    size_t m = strlen(suffix);
    return n > m && strcasecmp(name + n - m, suffix) == 0;
}

int pic_parcel_each(const char *folder, const char *suffix,
                    int (*each)(void *context, const char *path), void *context,
                    struct pic_err *err)
{
    struct dirent **entries = NULL;
    char path[PIC_PARCEL_PATH_MAX];
    int status = PIC_OK;
    int n = scandir(folder, &entries, NULL, alphasort);
    if (n < 0)
        return fail(err, folder, errno);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        int length = snprintf(path, sizeof path, "%s/%s", folder, name);
        if (status == PIC_OK && name[0] != '.' && ends_with(name, suffix) && length > 0 &&
            (size_t)length < sizeof path)
            status = each(context, path);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

void pic_parcel_stem(const char *path, char out[static PIC_PARCEL_NAME_MAX + 1])
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    size_t n = dot == NULL ? strlen(name) : (size_t)(dot - name);
    size_t at = 0;
    for (size_t i = 0; i < n && at < PIC_PARCEL_NAME_MAX; i++) {
        bool kept = is_plain(name[i]) || (name[i] == '.' && i > 0);
        out[at] = '_';
        if (kept)
            out[at] = name[i];
        at++;
    }
    out[at] = '\0';
}
