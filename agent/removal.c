#include "agent/removal.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/keyring.h"

enum { PATH_MAX_SIZE = PIC_AGENT_PATH_MAX + 64, BLOCK = 1 << 16, FOLDERS_OPEN = 16 };

static const uint8_t nothing[BLOCK];

/* Gone by name at once, and then its bytes, as far as they are reached. */
static int remove_file(const char *path)
{
    struct stat s;
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (unlink(path) != 0 && errno != ENOENT) {
        if (file >= 0)
            (void)close(file);
        return PIC_EIO;
    }
    if (file < 0)
        return PIC_OK;
    off_t left = fstat(file, &s) == 0 && S_ISREG(s.st_mode) ? s.st_size : 0;
    ssize_t n = 1;
    for (; left > 0 && n > 0; left -= n)
        n = write(file, nothing, left < BLOCK ? (size_t)left : (size_t)BLOCK);
    (void)fsync(file);
    (void)close(file);
    return PIC_OK;
}

static int remove_entry(const char *path, const struct stat *s, int kind, struct FTW *place)
{
    (void)s;
    (void)place;
    bool folder = kind == FTW_DP || kind == FTW_D || kind == FTW_DNR;
    return folder ? rmdir(path) : remove_file(path);
}

/* A file, or a folder and all below it; links are removed, never followed. */
static int remove_part(const char *folder, const char *name, struct pic_err *err)
{
    char path[PATH_MAX_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (nftw(path, remove_entry, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
        return PIC_OK;
    return pic_fail(err, PIC_EIO, path, NULL);
}

int pic_removal_run(struct pic_agent *agent, struct pic_err *err)
{
    static const char *const parts[] = {"cles.pic.nouveau", "erreurs.txt", "documents",  "copies",
                                        "envois",           "pic.db-wal",  "pic.db-shm", "pic.db"};
    char folder[PIC_AGENT_PATH_MAX];
    memcpy(folder, agent->folder, sizeof folder);
    int lease = fcntl(agent->lease, F_DUPFD_CLOEXEC, 0); /* the lock is of both */
    pic_agent_close(agent);
    int status = pic_keys_destroy(folder);
    if (status != PIC_OK)
        (void)pic_fail(err, status, "cles.pic", NULL);
    for (size_t i = 0; status == PIC_OK && i < sizeof parts / sizeof *parts; i++)
        status = remove_part(folder, parts[i], err);
    if (status == PIC_OK)
        status = remove_part(folder, "pic.verrou", err);
    if (lease >= 0)
        (void)close(lease);
    for (size_t n = strlen(folder); n > 2 && strcmp(folder + n - 2, "/.") == 0; n -= 2)
        folder[n - 2] = '\0'; /* rmdir wants a name */
    if (status == PIC_OK)
        (void)rmdir(folder); /* unless it holds something else */
    return status;
}
