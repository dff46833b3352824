/* laptop: the least agent that a server can be tested with: keys, a chain, no database. What it
 * asks goes through a function, so that the other side is a process behind a socket or a call. */
#ifndef PIC_TESTS_LAPTOP_H
#define PIC_TESTS_LAPTOP_H

#include "protocol/base/clock.h"
#include "protocol/exchange/ask.h"
#include "protocol/log/segment.h"

enum { LAPTOP_SEGMENT_CHANGES = 8 };

struct laptop {
    /* Sends one payload and receives its answer; a status of link.h when it cannot. */
    int (*exchange)(void *context, struct pic_span request, struct pic_buf *reply);
    void *context;
    struct pic_signer signer;
    struct pic_dh_pair pair;
    struct pic_transport server;
    struct pic_certificate certificate;
    uint64_t fund; /* projects are presented to it */
    struct pic_clock clock;
    struct pic_log_head head;     /* of what was sealed */
    struct pic_log_head received; /* of what the server acknowledged */
    struct pic_receipt receipt;   /* the last one verified */
    struct pic_buf segment;       /* sealed, not acknowledged yet; empty: none */
    uint64_t cursor;              /* of the feed */
    uint8_t cursor_mark[PIC_MARK_SIZE];
    uint64_t segments_read;
    struct pic_buf request, reply, plain;
};

void laptop_init(struct laptop *laptop,
                 int (*exchange)(void *context, struct pic_span request, struct pic_buf *reply),
                 void *context);
void laptop_release(struct laptop *laptop);

/* Reads an invitation's file, or its code alone: asks for the key, then enrols. */
PIC_MUST_USE int laptop_enrol(struct laptop *laptop, const struct pic_code *code, int64_t now_ms);
/* Seals count changes: projects, named after the device and their sequence. */
PIC_MUST_USE int laptop_work(struct laptop *laptop, unsigned count, int64_t now_ms);
/* Seals a project and a document about it. */
PIC_MUST_USE int laptop_attach(struct laptop *laptop, const uint8_t hash[static PIC_HASH_SIZE],
                               int64_t now_ms);
/* Sends what waits, keeps the receipt, reads one page of the feed. *more: others follow. */
PIC_MUST_USE int laptop_sync(struct laptop *laptop, bool *more, enum pic_reply_status *status);
/* Asks anything else. */
PIC_MUST_USE int laptop_ask(struct laptop *laptop, const struct pic_request *request,
                            struct pic_asked *out);

#endif
