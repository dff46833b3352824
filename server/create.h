/* create: a new store: keys, an empty journal, and the lists of choice that ship with the program,
 * published as the first changes of the log for everybody. */
#ifndef PIC_SERVER_CREATE_H
#define PIC_SERVER_CREATE_H

#include "server/store.h"

/* What must be known beforehand. Texts are borrowed. */
struct pic_create {
    const char *name;    /* what people call this server, at most PIC_NAME_MAX bytes */
    const char *address; /* "tcp://host:port", or NULL */
    /* The control authority's public key, as the file that `init` once wrote tells it; NULL: makes
     * a pair, and writes its secret half, which the server never keeps, to authority_out. */
    const char *authority_file;
    const char *authority_out;
    int64_t now_ms;
};

/* PIC_EEXISTS (a sound store is there), PIC_ESTORE_NEWER, PIC_ESTORE_DAMAGED (what is there cannot
 * be opened): nothing was touched then. PIC_EFILE, PIC_EFORMAT (authority_file), PIC_EIO,
 * PIC_EDISK_FULL. */
PIC_MUST_USE int pic_server_create(const char *folder, const struct pic_create *plan,
                                   struct pic_err *err);

#endif
