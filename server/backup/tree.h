/* tree: files and folders as backups need them: copied with their hash, made durable, removed
 * whole. Everything made here is for its owner only. */
#ifndef PIC_SERVER_BACKUP_TREE_H
#define PIC_SERVER_BACKUP_TREE_H

#include "protocol/crypto/keys.h"

enum { PIC_TREE_PATH_MAX = 1024 };

/* folder/name. PIC_ELIMIT. */
PIC_MUST_USE int pic_tree_join(const char *folder, const char *name,
                               char out[static PIC_TREE_PATH_MAX], struct pic_err *err);
/* Makes a folder and those above it; one that is there is fine. PIC_EFILE, PIC_EDISK_FULL. */
PIC_MUST_USE int pic_tree_make(const char *folder, struct pic_err *err);
/* Copies a file to a path that must not exist, in the folder of which there may be no trace yet.
 * hash and size are of what was read. PIC_ENOT_FOUND (no such file), PIC_EFILE, PIC_EDISK_FULL.
 * Not durable before pic_tree_sync. */
PIC_MUST_USE int pic_tree_copy(const char *from, const char *to, uint8_t hash[static PIC_HASH_SIZE],
                               uint64_t *size, struct pic_err *err);
/* Hash and size of a file. PIC_ENOT_FOUND, PIC_EFILE. */
PIC_MUST_USE int pic_tree_hash(const char *path, uint8_t hash[static PIC_HASH_SIZE], uint64_t *size,
                               struct pic_err *err);
/* Waits until all that was written on the file system of a folder is on its disk. */
PIC_MUST_USE int pic_tree_sync(const char *folder, struct pic_err *err);
/* Gives a finished folder its name, durably. PIC_EEXISTS, PIC_EFILE. */
PIC_MUST_USE int pic_tree_name(const char *from, const char *to, struct pic_err *err);
/* Removes a folder with all that is in it; what is not there is gone already. */
void pic_tree_remove(const char *folder);

#endif
