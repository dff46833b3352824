/* parcel_file: a parcel in a folder that a person carries. What is written goes beside first, under
 * a name that ends in .partiel, is fsynced, read again from the disk and compared, and only then
 * takes its own name: a key that was pulled out, or that forgets what it is given, never leaves a
 * file that looks whole and is not. Names are for people and prove nothing; the content says what a
 * file is. */
#ifndef PIC_STORE_PARCEL_FILE_H
#define PIC_STORE_PARCEL_FILE_H

#include <stdio.h>

#include "protocol/exchange/parcel.h"

enum { PIC_PARCEL_PATH_MAX = 1024, PIC_PARCEL_NAME_MAX = 120 };

#define PIC_PARCEL_REQUEST_SUFFIX ".pico"
#define PIC_PARCEL_REPLY_SUFFIX   ".picr"

struct pic_parcel_writer {
    struct pic_parcel parcel;
    FILE *file;
    char folder[PIC_PARCEL_PATH_MAX], draft[PIC_PARCEL_PATH_MAX], path[PIC_PARCEL_PATH_MAX];
    struct pic_buf item;
    uint64_t bytes;
    /* Whether a parcel that bears the name may be replaced; besides one with the same id. NULL: no
     * other. Set after pic_parcel_create. */
    bool (*replaces)(void *context, const struct pic_parcel *parcel);
    void *context;
};

/* Begins a parcel of that kind, server and id in folder. PIC_EFILE, PIC_EDISK_FULL, PIC_ELIMIT.
 * Abandon in any case. */
PIC_MUST_USE int pic_parcel_create(struct pic_parcel_writer *writer, const char *folder,
                                   const struct pic_parcel *what, struct pic_err *err);
PIC_MUST_USE int pic_parcel_write(struct pic_parcel_writer *writer, struct pic_span payload,
                                  struct pic_err *err);
/* Ends it as writer->path: folder/stem+suffix, or stem-2, stem-3… where a file that is not to be
 * replaced has that name. PIC_EIO also when what was read again is not what
 * was written. */
PIC_MUST_USE int pic_parcel_finish(struct pic_parcel_writer *writer, const char *stem,
                                   struct pic_err *err);
/* Removes what was begun and not finished. */
void pic_parcel_abandon(struct pic_parcel_writer *writer);

struct pic_parcel_reader {
    struct pic_parcel parcel;
    struct pic_parcel_source source;
    FILE *file;
    struct pic_buf item;
};

/* PIC_EFILE, and as pic_parcel_open. Close in any case. */
PIC_MUST_USE int pic_parcel_load(struct pic_parcel_reader *reader, const char *path,
                                 struct pic_err *err);
PIC_MUST_USE int pic_parcel_read(struct pic_parcel_reader *reader, struct pic_span *payload,
                                 bool *more);
void pic_parcel_close(struct pic_parcel_reader *reader);

/* Calls back with the path of each file of folder whose name ends in suffix, in the order of their
 * names, until it returns another status than PIC_OK, which is then returned. PIC_EFILE. */
PIC_MUST_USE int pic_parcel_each(const char *folder, const char *suffix,
                                 int (*each)(void *context, const char *path), void *context,
                                 struct pic_err *err);

/* The name of a path without its folder and its suffix, made of letters, digits, dot, dash and
 * underscore only. */
void pic_parcel_stem(const char *path, char out[static PIC_PARCEL_NAME_MAX + 1]);

#endif
