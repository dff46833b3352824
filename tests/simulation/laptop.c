#include "tests/simulation/laptop.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/enrol.h"
#include "agent/status.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/history.h"
#include "tests/simulation/line.h"
#include "tests/simulation/promises.h"

enum {
    PROGRAM = 1 << 16,
    DOCUMENT_BYTES = 1 << 20,
    OPENINGS_MAX = 20,
    OPEN_FILES = 16,
    DOCUMENT_BLOCK = 4096
};

/* Where the product writes the file of keys, the simulation takes them in: Argon2id costs more than
 * a whole history. The linker puts this in the place of pic_keys_save. */
static struct laptop *enrolling;

int __wrap_pic_keys_save(const struct pic_keys *keys, const char *folder,
                         struct pic_span passphrase, uint32_t passes,
                         const struct pic_random *random, struct pic_err *err);

int __wrap_pic_keys_save(const struct pic_keys *keys, const char *folder,
                         struct pic_span passphrase, uint32_t passes,
                         const struct pic_random *random, struct pic_err *err)
{
    (void)folder;
    (void)passphrase;
    (void)passes;
    (void)random;
    (void)err;
    enrolling->kept = *keys;
    return PIC_OK;
}

void laptop_init(struct laptop *l, struct history *h, unsigned number, const char *root)
{
    struct machine *m = &l->machine;
    memset(l, 0, sizeof *l);
    m->history = h;
    m->since_ms = h->now_ms;
    (void)snprintf(m->name, sizeof m->name, "laptop-%u", number);
    (void)snprintf(m->folder, sizeof m->folder, "%s/%s", root, m->name);
    m->disk = crash_vfs_new(m->name, h->seed * LAPTOPS_MAX + number);
    l->world = (struct pic_world){.now_ms = machine_now_ms,
                                  .context = m,
                                  .random = pic_random_seeded(&l->stream, h->seed * 64 + number),
                                  .vfs = crash_vfs_name(m->disk)};
    l->agent.lease = -1;
}

void laptop_release(struct laptop *l)
{
    laptop_close(l);
    crash_vfs_free(l->backup.disk);
    crash_vfs_free(l->machine.disk);
    memset(l, 0, sizeof *l);
}

void laptop_close(struct laptop *l)
{
    pic_agent_close(&l->agent);
    pic_keys_wipe(&l->keys);
    l->open = false;
}

void laptop_open(struct laptop *l)
{
    struct history *h = l->machine.history;
    int status = PIC_EIO;
    for (unsigned i = 0; status != PIC_OK; i++) {
        struct pic_err err = {0};
        status = pic_agent_open(l->machine.folder, &l->world, PIC_AGENT_WRITE, &l->agent, &err);
        if (status == PIC_OK)
            break;
        pic_agent_close(&l->agent);
        bool cut = machine_restart(&l->machine);
        if (i == OPENINGS_MAX || (!cut && status != PIC_EDISK_FULL))
            broken(h, "opening", "%s does not open again: %s %s", l->machine.name,
                   pic_status_name(status), err.arg[0]);
        if (status == PIC_EDISK_FULL)
            crash_vfs_limit(l->machine.disk, 0);
    }
    l->keys = l->kept;
    l->open = true;
}

void laptop_settle(struct laptop *l)
{
    if (!machine_restart(&l->machine))
        return;
    laptop_close(l);
    machine_dare(&l->machine, 20, OPENING_OPERATIONS);
    laptop_open(l);
    machine_calm(&l->machine);
    promise_note_acknowledged(l); /* what was in doubt is known now */
}

void laptop_enrol(struct laptop *l, struct pic_span bytes)
{
    struct history *h = l->machine.history;
    struct pic_invitation invitation;
    struct pic_err err = {0};
    const struct pic_enrolment who = {.person = "Samira", .passes = 1};
    int status = pic_invitation_read(bytes, &invitation);
    if (status == PIC_OK)
        status = pic_agent_open(l->machine.folder, &l->world, PIC_AGENT_CREATE, &l->agent, &err);
    enrolling = l;
    if (status == PIC_OK)
        status = pic_enrol_file(&l->agent, &invitation, &who, &l->keys, &err);
    if (status != PIC_OK)
        broken(h, "enrolment", "%s: %s %s", l->machine.name, pic_status_name(status), err.arg[0]);
    l->organisation = l->agent.self.organisation;
    l->device = l->agent.self.device;
    l->open = true;
    tell(h, "%s: enrolled as device %u", l->machine.name, l->device);
}

bool laptop_holds_certificate(struct laptop *l)
{
    bool row = false;
    sqlite3_stmt *stmt =
        pic_db_prepare(&l->agent.db, "SELECT 1 FROM device WHERE device = ?1", NULL);
    (void)sqlite3_bind_int64(stmt, 1, l->device);
    if (stmt != NULL && pic_db_step(stmt, &row) != PIC_OK) /* NULL: it has no tables yet */
        broken(l->machine.history, "reading", "%s: certificate", l->machine.name);
    (void)sqlite3_finalize(stmt);
    return row;
}

int laptop_sync(struct laptop *l, unsigned errands)
{
    struct history *h = l->machine.history;
    struct line line;
    struct pic_courier_report report;
    struct pic_err err = {0};
    struct pic_status_facts facts;
    const struct pic_courier_options options = {.errands = errands,
                                                .document_bytes_max = DOCUMENT_BYTES,
                                                .program = PROGRAM,
                                                .label = l->machine.name};
    line_open(&line, l);
    const struct pic_carrier carrier = line_carrier(&line);
    int status = pic_courier_run(&l->agent, &l->keys, &carrier, &options, &report, &err);
    line_close(&line);
    bool cut = machine_is_cut(&l->machine);
    if (!cut && l->keys.code.text[0] == '\0')
        l->kept = l->keys;
    tell(h, "%s: sync %s%s, sent %llu, received %llu%s%s%s", l->machine.name,
         pic_status_name(status), cut ? " (cut)" : "", (unsigned long long)report.changes_sent,
         (unsigned long long)report.segments_received, report.restamped ? ", restamped" : "",
         report.shifted ? ", shifted" : "", report.server_had_forgotten ? ", forgotten" : "");
    if (report.segments_given > 0)
        fault_note(FAULT_GIVEN_BACK);
    if (report.segments_given > 0)
        tell(h, "  gives %llu segments back", (unsigned long long)report.segments_given);
    if (status != PIC_OK)
        tell(
            h,
            "  lanes: enrol %s, changes %s, recover %s, pull %s, give %s, documents %s, closing %s",
            pic_status_name(report.lanes[PIC_LANE_ENROL]),
            pic_status_name(report.lanes[PIC_LANE_CHANGES]),
            pic_status_name(report.lanes[PIC_LANE_RECOVER]),
            pic_status_name(report.lanes[PIC_LANE_PULL]),
            pic_status_name(report.lanes[PIC_LANE_GIVE]),
            pic_status_name(report.lanes[PIC_LANE_DOCUMENTS]),
            pic_status_name(report.lanes[PIC_LANE_CLOSING]));
    laptop_settle(l);
    promise_note_acknowledged(l);
    if (status != PIC_OK || report.server_ms == 0)
        return status;
    if (pic_status_read(&l->agent, &facts) != PIC_OK)
        broken(h, "reading", "%s: status", l->machine.name);
    if (facts.standing == PIC_STANDING_RECEIVED)
        promise_all_is_received(l);
    return status;
}

/* --- disks that are copied --- */

/* The documents of one laptop, as files of another. nftw tells no context. */
static struct {
    size_t from_n;
    const char *to;
} copying;

static int copy_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    char target[FOLDER_MAX_BYTES * 4];
    char block[DOCUMENT_BLOCK];
    (void)ftw;
    (void)snprintf(target, sizeof target, "%s%s", copying.to, path + copying.from_n);
    if (type == FTW_D)
        return mkdir(target, info->st_mode) == 0 || errno == EEXIST ? 0 : -1;
    FILE *from = fopen(path, "rbe");
    FILE *to = fopen(target, "wbe");
    size_t n = sizeof block;
    while (from != NULL && to != NULL && n == sizeof block) {
        n = fread(block, 1, sizeof block, from);
        if (fwrite(block, 1, n, to) != n)
            break;
    }
    bool done = from != NULL && to != NULL && n < sizeof block;
    if (from != NULL)
        (void)fclose(from);
    if (to != NULL)
        (void)fclose(to);
    return done ? 0 : -1;
}

void laptop_back_up(struct laptop *l)
{
    struct history *h = l->machine.history;
    char name[MACHINE_NAME_MAX * 2];
    (void)snprintf(name, sizeof name, "%s-copy", l->machine.name);
    if (l->backup.disk == NULL)
        l->backup.disk = crash_vfs_new(name, h->seed);
    laptop_close(l);
    crash_vfs_copy(l->machine.disk, "", l->backup.disk, "");
    l->backup.kept = l->kept;
    laptop_open(l);
    tell(h, "%s: backed up", l->machine.name);
}

void laptop_restore(struct laptop *l)
{
    struct history *h = l->machine.history;
    laptop_close(l);
    crash_vfs_copy(l->backup.disk, "", l->machine.disk, "");
    l->kept = l->backup.kept;
    tell(h, "%s: restored from its backup", l->machine.name);
    fault_note(FAULT_LAPTOP_RESTORED);
    laptop_open(l);
    promise_excuse_away(l);
    promise_excuse_lost(h);
}

void laptop_clone(struct laptop *from, struct laptop *to)
{
    struct history *h = from->machine.history;
    laptop_close(from);
    crash_vfs_copy(from->machine.disk, from->machine.folder, to->machine.disk, to->machine.folder);
    copying.from_n = strlen(from->machine.folder);
    copying.to = to->machine.folder;
    if (nftw(from->machine.folder, copy_one, OPEN_FILES, FTW_PHYS) != 0)
        broken(h, "stage", "the documents of %s cannot be copied", from->machine.name);
    to->kept = from->kept;
    to->organisation = from->organisation;
    to->device = from->device;
    to->hostile = from->hostile;
    to->revoked = from->revoked;
    laptop_open(from);
    laptop_open(to);
    fault_note(FAULT_CLONED);
    tell(h, "%s: its disk is cloned as %s", from->machine.name, to->machine.name);
}
