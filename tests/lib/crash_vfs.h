/* crash_vfs: disks that lose power, as SQLite file systems in memory.
 *
 * A disk keeps each file twice: as programs see it, and as a power cut would leave it: what was
 * synced, then, of each write since, any of its sectors, as drawn from a generator. A fuse can be
 * set to cut the power at a chosen write; a disk can be full; it can be copied whole, like a backup
 * or a clone. Nothing here depends on the time of day or on addresses, so that a history repeats.
 *
 * One thread at a time. Files of a disk belong to it: close every database before crash_disk_free,
 * crash_disk_copy and crash_disk_restart. */
#ifndef PIC_TESTS_CRASH_VFS_H
#define PIC_TESTS_CRASH_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/generator.h"

struct crash_disk;

/* Registers a new, empty disk as the file system called name, which is copied; as the default one
 * too where standard. NULL when memory is out. */
struct crash_disk *crash_disk_new(const char *name, bool standard);
void crash_disk_free(struct crash_disk *disk); /* NULL is a no-op */
const char *crash_disk_name(const struct crash_disk *disk);

/* Time and randomness that SQLite asks of the disk. */
void crash_disk_clock(struct crash_disk *disk, int64_t (*now_ms)(void *context), void *context);

/* Cuts the power at the n-th write, truncation, sync or removal from now (1: the next one), which
 * does not take place; 0 takes the fuse out. Without power every call fails with an I/O error. */
void crash_disk_fuse(struct crash_disk *disk, uint64_t n);
void crash_disk_cut(struct crash_disk *disk);
bool crash_disk_is_cut(const struct crash_disk *disk);
/* Power is back: the files are what was synced, with those sectors of later writes that luck kept.
 * luck NULL: all of them, as when a program is killed and the machine goes on. */
void crash_disk_restart(struct crash_disk *disk, struct generator *luck);

/* Bytes that all files together may take; 0: no limit. Writes beyond fail as on a full disk. */
void crash_disk_limit(struct crash_disk *disk, uint64_t bytes);
uint64_t crash_disk_used(const struct crash_disk *disk);
/* Writes, truncations, syncs and removals so far. */
uint64_t crash_disk_operations(const struct crash_disk *disk);

/* Makes to hold what from holds, all of it synced. False when memory is out. */
bool crash_disk_copy(const struct crash_disk *from, struct crash_disk *to);
/* The same for a machine that keeps its files in another folder. */
bool crash_disk_move(const struct crash_disk *from, const char *from_folder, struct crash_disk *to,
                     const char *to_folder);

#endif
