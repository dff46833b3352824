#include "agent/doctor/examine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/doctor/reach.h"
#include "agent/lease.h"

enum { PATH_SIZE = PIC_AGENT_PATH_MAX + 32, MIB_BITS = 20, TRIAL_SIZE = 4096, FILE_MODE = 0600 };

/* --- disk --- */

/* Creating, writing, and waiting for the disk: what an entry will need. */
static bool can_write(const char *folder)
{
    static const char page[TRIAL_SIZE];
    char path[PATH_SIZE];
    int n = snprintf(path, sizeof path, "%s/pic.essai-%ld", folder, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof path)
        return false;
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (file < 0)
        return false;
    bool good = write(file, page, sizeof page) == (ssize_t)sizeof page && fsync(file) == 0;
    (void)close(file);
    (void)unlink(path);
    return good;
}

/* The folder, or where it would be made. */
static void nearest_folder(const char *folder, char out[static PATH_SIZE])
{
    (void)snprintf(out, PATH_SIZE, "%s", folder);
    for (char *slash; access(out, F_OK) != 0 && (slash = strrchr(out, '/')) != NULL;)
        *slash = '\0';
    if (*out == '\0')
        (void)snprintf(out, PATH_SIZE, "%s", *folder == '/' ? "/" : ".");
}

static void look_at_disk(const char *folder, struct pic_examination *out)
{
    char path[PATH_SIZE];
    struct statvfs about;
    unsigned bucket = 0;
    nearest_folder(folder, path);
    if (statvfs(path, &about) == 0)
        out->free_bytes = (uint64_t)about.f_bavail * about.f_frsize;
    for (uint64_t mib = out->free_bytes >> MIB_BITS; mib > 0; mib >>= 1)
        bucket++;
    out->diagnosis.disk = (uint16_t)bucket;
    out->diagnosis.writable = can_write(path) ? 1 : 0;
}

/* --- lease and store --- */

static void look_at_lease(const char *folder, int64_t now_ms, struct pic_diagnosis *d)
{
    char path[PATH_SIZE];
    int64_t since_ms = 0;
    (void)snprintf(path, sizeof path, "%s/pic.verrou", folder);
    d->taken = pic_lease_is_taken(path, &since_ms) ? 1 : 0;
    d->taken_for = since_ms == 0 ? 0 : pic_diagnosis_span(now_ms - since_ms);
}

static enum pic_diagnosis_store store_of(int status)
{
    switch (status) {
    case PIC_OK:
        return PIC_STORE_OPEN;
    case PIC_ENOT_ENROLLED:
        return PIC_STORE_NONE;
    case PIC_ESTORE_NEWER:
        return PIC_STORE_NEWER;
    case PIC_ESTORE_IN_USE:
        return PIC_STORE_BUSY;
    case PIC_EDISK_FULL:
    case PIC_EIO:
    case PIC_EFILE:
        return PIC_STORE_DISK;
    default:
        return PIC_STORE_BROKEN;
    }
}

static uint16_t at_most(uint64_t n)
{
    return n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
}

/* This clock against the server's. A clock that stands before the last contact has gone back since,
 * by at least that much. */
static void compare_clocks(const struct pic_status_facts *f, struct pic_diagnosis *d)
{
    int64_t back_ms = f->last_contact_ms > f->now_ms ? f->last_contact_ms - f->now_ms : 0;
    int64_t ahead_ms = f->clock_offset_ms - back_ms;
    d->clock = d->contact = PIC_SPAN_UNKNOWN;
    if (f->last_contact_ms == 0)
        return;
    d->clock_ahead = ahead_ms > 0 ? 1 : 0;
    d->clock_least = back_ms > 0 ? 1 : 0;
    d->clock = pic_diagnosis_span(ahead_ms > 0 ? ahead_ms : -ahead_ms);
    d->contact = pic_diagnosis_span(f->now_ms - f->last_contact_ms);
}

static void look_inside(struct pic_examination *out)
{
    struct pic_diagnosis *d = &out->diagnosis;
    const struct pic_status_facts *f = &out->facts;
    pic_integrity_check(&out->agent, &out->integrity);
    if (pic_status_read(&out->agent, &out->facts) != PIC_OK)
        out->integrity.faults |= PIC_FAULT_UNFINISHED;
    d->faults = (uint16_t)out->integrity.faults;
    d->missing = at_most(out->integrity.missing);
    d->entries = at_most(f->pending.changes);
    d->documents = at_most(f->pending.documents);
    d->decisions = at_most(f->corrections + f->conflicts + f->quarantined);
    compare_clocks(f, d);
    d->network = (uint16_t)pic_reach(&out->agent.self);
}

void pic_examine(const char *folder, const struct pic_world *world, uint32_t program,
                 struct pic_examination *out)
{
    enum { MAJOR_SHIFT = 16, MINOR_SHIFT = 8, PART_MASK = 0xFF };
    memset(out, 0, sizeof *out);
    out->diagnosis = (struct pic_diagnosis){
        .version = PIC_DIAGNOSIS_VERSION,
        .major = (uint16_t)(program >> MAJOR_SHIFT),
        .minor = (uint16_t)(program >> MINOR_SHIFT & PART_MASK),
        .patch = (uint16_t)(program & PART_MASK),
        .dictionary = PIC_DICTIONARY_VERSION,
        .clock = PIC_SPAN_UNKNOWN,
        .contact = PIC_SPAN_UNKNOWN,
    };
    look_at_disk(folder, out);
    look_at_lease(folder, world->now_ms(world->context), &out->diagnosis);
    out->opened = pic_agent_open(folder, world, PIC_AGENT_READ, &out->agent, NULL);
    out->diagnosis.store = (uint16_t)store_of(out->opened);
    if (out->opened == PIC_OK)
        look_inside(out);
}

void pic_examination_close(struct pic_examination *examination)
{
    pic_agent_close(&examination->agent);
}
