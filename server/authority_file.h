/* authority_file: the control authority's key pair as the text file that `init` writes once, and
 * that lives away from the server. */
#ifndef PIC_SERVER_AUTHORITY_FILE_H
#define PIC_SERVER_AUTHORITY_FILE_H

#include "protocol/crypto/keys.h"

/* PIC_EEXISTS, PIC_EFILE, PIC_EDISK_FULL. */
PIC_MUST_USE int pic_authority_write(const char *path, const struct pic_dh_pair *pair,
                                     struct pic_err *err);
/* The public half alone, as a server needs it. PIC_EFILE, PIC_EFORMAT. */
PIC_MUST_USE int pic_authority_read_public(const char *path, uint8_t out[static PIC_KEY_SIZE],
                                           struct pic_err *err);
/* Both halves; the caller wipes out. PIC_EFILE, PIC_EFORMAT. */
PIC_MUST_USE int pic_authority_read(const char *path, struct pic_dh_pair *out, struct pic_err *err);

#endif
