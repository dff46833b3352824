/* container: named files in one signed file (.pics), for what leaves the server and must be
 * recognised years later without it: a summary handed to a collectivité.
 *
 *     "PICS" | version u8 | files varint | (name span, content span)... | signature[64]
 *
 * The signature is the server's identity over BLAKE2b-256 of all before it, under "pic/1 summary".
 * Names ascend, so that the same files give the same bytes. Pure. */
#ifndef PIC_LOG_CONTAINER_H
#define PIC_LOG_CONTAINER_H

#include "protocol/crypto/keys.h"

enum {
    PIC_CONTAINER_VERSION = 1,
    PIC_CONTAINER_FILES_MAX = 32,
    PIC_CONTAINER_NAME_MAX = 64, /* a-z 0-9 . _ - and / inside: a path that leads nowhere else */
    PIC_CONTAINER_MAX = 16 << 20,
};

struct pic_container_file {
    struct pic_span name, content;
};

struct pic_container {
    size_t file_n;
    struct pic_container_file files[PIC_CONTAINER_FILES_MAX];
};

/* Appends the container. PIC_EFORMAT (a name that is not one, or names that do not ascend),
 * PIC_ELIMIT. */
PIC_MUST_USE int pic_container_put(const struct pic_container *container,
                                   const struct pic_signer *signer, struct pic_buf *out);
/* Reads one; files are borrowed from bytes. PIC_EVERSION, PIC_EFORMAT, PIC_ESIGNATURE. */
PIC_MUST_USE int pic_container_get(struct pic_span bytes,
                                   const uint8_t identity[static PIC_KEY_SIZE],
                                   struct pic_container *out);
/* A file by its name, or NULL. */
const struct pic_container_file *pic_container_find(const struct pic_container *container,
                                                    const char *name);

#endif
