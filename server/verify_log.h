/* verify_log: the part of a verification that walks the segments, and what all parts share: where
 * each log stands, and whom faults are told to. Inner to verify.c. */
#ifndef PIC_SERVER_VERIFY_LOG_H
#define PIC_SERVER_VERIFY_LOG_H

#include "server/verify_fault.h"

/* Where one log stands after the segments read so far. */
struct pic_verify_log {
    uint32_t device;
    uint64_t audience, changes;
    struct pic_log_head head;
};

struct pic_verify {
    struct pic_server server;
    const struct pic_verify_options *options;
    struct pic_verify_report *report;
    struct pic_segment_reader *reader;
    struct pic_buf bytes;
    sqlite3_stmt *named, *before; /* before: segments of a log of the server's, see branches */
    uint64_t position;            /* of the segment before */
    struct pic_verify_log *logs;  /* sorted by device, audience */
    size_t log_n, log_cap;
    struct pic_err *err;
};

void pic_verify_tell(struct pic_verify *v, const struct pic_verify_fault *fault);
void pic_verify_tell_row(struct pic_verify *v, enum pic_verify_kind kind, int status,
                         const char *table, uint64_t row);

/* Every segment, in the order of the journal: its row, form, place, signature and changes. */
PIC_MUST_USE int pic_verify_segments(struct pic_verify *v);
/* Where a log stands after the segments read; added empty where it is new. NULL when memory runs
 * out. */
struct pic_verify_log *pic_verify_log_of(struct pic_verify *v, uint32_t device, uint64_t audience);

#endif
