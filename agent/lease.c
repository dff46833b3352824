#include "agent/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { LEASE_TEXT = 64, FILE_MODE = 0600, MS_PER_S = 1000 };

/* What the holder wrote; zero for what it did not. */
static void read_holder(int file, long *pid, long long *since)
{
    char text[LEASE_TEXT] = "";
    char *end = text;
    ssize_t n = pread(file, text, sizeof text - 1, 0);
    *pid = n > 0 ? strtol(text, &end, 10) : 0;
    *since = n > 0 ? strtoll(end, NULL, 10) : 0;
}

/* "9 h 14, processus 1234". */
static int tell_holder(int file, struct pic_err *err)
{
    char said[LEASE_TEXT * 2] = "";
    long pid;
    long long since;
    struct tm local;
    read_holder(file, &pid, &since);
    time_t seconds = (time_t)(since / MS_PER_S);
    if (pid > 0 && localtime_r(&seconds, &local) != NULL)
        (void)snprintf(said, sizeof said, "%d h %02d, processus %ld", local.tm_hour, local.tm_min,
                       pid);
    return pic_fail(err, PIC_ESTORE_IN_USE, said, NULL);
}

int pic_lease_take(const char *path, int64_t now_ms, int *lease, struct pic_err *err)
{
    char text[LEASE_TEXT];
    int status = PIC_OK;
    *lease = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (*lease < 0)
        return pic_fail(err, errno == ENOSPC ? PIC_EDISK_FULL : PIC_EIO, path, NULL);
    if (flock(*lease, LOCK_EX | LOCK_NB) != 0) {
        status =
            errno == EWOULDBLOCK ? tell_holder(*lease, err) : pic_fail(err, PIC_EIO, path, NULL);
        (void)close(*lease);
        *lease = -1;
        return status;
    }
    /* Only told to who finds the lease taken: a full disk does not matter here. */
    int n = snprintf(text, sizeof text, "%ld %lld\n", (long)getpid(), (long long)now_ms);
    if (ftruncate(*lease, 0) != 0 || pwrite(*lease, text, (size_t)n, 0) != n)
        return PIC_OK;
    return PIC_OK;
}

bool pic_lease_is_taken(const char *path, int64_t *since_ms)
{
    long pid;
    long long since = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    *since_ms = 0;
    if (file < 0)
        return false;
    bool taken = flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (taken)
        read_holder(file, &pid, &since);
    *since_ms = since;
    (void)close(file);
    return taken;
}
