/* crash_vfs: a disk in memory for SQLite that can lose power. One instance is the disk of one
 * simulated machine: any number of databases and connections, all from one thread at a time.
 *
 *     struct crash_vfs *disk = crash_vfs_new("disk-1", seed);
 *     pic_db_open("journal.db", &(struct pic_db_options){.vfs = crash_vfs_name(disk)}, …);
 *     crash_vfs_crash(disk, CRASH_POWER_SOME);   then close what was open, and open again
 *
 * What was written is seen by every connection at once and is durable after a sync. Names, that is
 * files made and deleted, are durable after their folder is synced: with the first sync of a new
 * log or journal, as in SQLite's own layer for Unix. WAL works between connections of one instance:
 * the shared memory is here too and goes with the crash. Not modelled: a sector that was written
 * several times since the last sync comes back as before the first or as after the last, never in
 * between. Everything but SQLite's own random numbers (the salts of its log) follows from the seed
 * and the order of calls; no clock, no file, no sleep. */
#ifndef PIC_TESTS_CRASH_VFS_H
#define PIC_TESTS_CRASH_VFS_H

#include <stdint.h>

enum { CRASH_SECTOR = 512 }; /* what survives or not as a whole, in bytes */

enum crash_kind {
    CRASH_PROCESS,    /* kill -9: the system still has all that was written */
    CRASH_POWER_ALL,  /* everything that was not synced is lost */
    CRASH_POWER_SOME, /* of every sector, name and length not synced, a coin decides */
};

enum crash_fault {
    CRASH_FAULT_NONE,
    CRASH_FAULT_FULL, /* once; where no room is needed (sync…) it is an I/O error */
    CRASH_FAULT_IO,   /* once */
    CRASH_FAULT_CUT,  /* from there on everything fails, until crash_vfs_crash */
};

struct crash_vfs;

/* Registers it; every name may be in use once. Ends the test where memory runs out. */
struct crash_vfs *crash_vfs_new(const char *name, uint64_t seed);
/* After every connection is closed. NULL is a no-op. */
void crash_vfs_free(struct crash_vfs *disk);
const char *crash_vfs_name(const struct crash_vfs *disk);
/* Makes it the one that SQLite takes where none is named. */
void crash_vfs_standard(struct crash_vfs *disk);

/* The machine stops. What was open is dead: it gives I/O errors, changes nothing, and can only be
 * closed. Disarms. */
void crash_vfs_crash(struct crash_vfs *disk, enum crash_kind kind);

/* Operations are writes, syncs, truncations and deletions. */
uint64_t crash_vfs_operations(const struct crash_vfs *disk);
/* The fault hits after n more operations succeed. Arming replaces; CRASH_FAULT_NONE disarms. */
void crash_vfs_arm(struct crash_vfs *disk, enum crash_fault fault, uint64_t n);
/* Whether an armed fault has hit. */
int crash_vfs_has_hit(const struct crash_vfs *disk);

/* Bytes that all files take together, and the most they may take; 0: no limit. Writes that need
 * more fail as on a full disk. */
uint64_t crash_vfs_used(const struct crash_vfs *disk);
void crash_vfs_limit(struct crash_vfs *disk, uint64_t bytes);
/* Makes to hold what from holds in one folder ("": everything), in another one, all of it synced:
 * a backup, or a clone. Nothing is open on either. */
void crash_vfs_copy(const struct crash_vfs *from, const char *from_folder, struct crash_vfs *to,
                    const char *to_folder);

#endif
