/* file: small files that must be whole or absent. Writing goes beside, is fsynced and renamed, and
 * the folder is fsynced after it; what was in memory for it is wiped by whoever holds it. */
#ifndef PIC_SERVER_FILE_H
#define PIC_SERVER_FILE_H

#include "protocol/base/bytes.h"

enum pic_file_flag {
    PIC_FILE_SECRET = 1 << 0, /* readable by its owner alone */
    PIC_FILE_NEW = 1 << 1,    /* PIC_EEXISTS where there is one already */
};

/* PIC_EEXISTS, PIC_EDISK_FULL, PIC_EFILE (arg[0] path, arg[1] why). */
PIC_MUST_USE int pic_file_put(const char *path, struct pic_span bytes, unsigned flags,
                              struct pic_err *err);
/* Appends the whole content to out. PIC_ENOT_FOUND, PIC_ELIMIT (out has no room), PIC_EFILE. */
PIC_MUST_USE int pic_file_get(const char *path, struct pic_buf *out, struct pic_err *err);

#endif
