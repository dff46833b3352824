/* message: what travels inside Noise; every request and reply of message.def as a struct, and
 * bytes.
 *
 *     request = type u8 | protocol version varint | presence varint | fields
 *     reply   = status u8 | server time varint (ms) | presence varint | fields
 *
 * Bit i of presence says that the i-th field of the list is there; a field is there exactly when it
 * is neither zero nor empty, so every message has one encoding only and costs what it says. Reading
 * is total: any bytes give a message or an error, and spans are borrowed. The
 * head of both forms is the same in every protocol version. */
#ifndef PIC_EXCHANGE_MESSAGE_H
#define PIC_EXCHANGE_MESSAGE_H

#include "protocol/base/bytes.h"
#include "protocol/base/limits.h"
#include "protocol/exchange/certificate.h"
#include "protocol/log/receipt.h"

enum { PIC_PROTOCOL_VERSION = 1 };

/* First byte of every frame's payload. */
enum pic_frame_kind {
    PIC_FRAME_REQUEST = 1, /* Noise message 1 */
    PIC_FRAME_REPLY = 2,   /* Noise message 2 */
    PIC_FRAME_KEY_ASK = 3, /* in clear: what is your transport key? Nothing follows */
    PIC_FRAME_KEY = 4,     /* in clear: a signed transport key (certificate.h) */
    PIC_FRAME_STATUS = 5,  /* in clear: one status byte, when nothing better can be said */
};

enum pic_reply_status {
#define REPLY_STATUS(symbol, number, name, status, action) PIC_REPLY_##symbol = (number),
#include "protocol/exchange/reply_status.def"
#undef REPLY_STATUS
    PIC_REPLY_STATUS_COUNT
};

enum {
    PIC_MARK_SIZE = 8, /* first bytes of a segment's hash: enough to notice, not to trust */
    PIC_PAGE_MAX = 1023,
    PIC_CLOCK_MINUTES_MAX = 1 << 20,
    PIC_REQUEST_MAX = PIC_FRAME_MAX - 1 - PIC_NOISE_OVERHEAD_ASK,
    PIC_REPLY_MAX = PIC_FRAME_MAX - 1 - PIC_NOISE_OVERHEAD_ANSWER,
};

#define PIC_SEQ_MAX ((UINT64_C(1) << PIC_SEQ_BITS) - 1)

enum pic_sync_request_flag {
    PIC_SYNC_OWN = 1,     /* own log too: a laptop restored from a backup */
    PIC_SYNC_NO_FEED = 2, /* push only */
    PIC_SYNC_REQUEST_FLAGS = 3,
};

enum pic_sync_reply_flag {
    PIC_SYNC_MORE = 1,
    PIC_SYNC_HEAD = 2,    /* head_seq and head_mark hold, 0 meaning an empty log */
    PIC_SYNC_RESTART = 4, /* the cursor is none of this journal's: this feed begins at 0 */
    PIC_SYNC_REPLY_FLAGS = 7,
};

/* Segments with their journal positions, as bytes. Borrowed. */
struct pic_feed {
    uint32_t n;
    struct pic_span items; /* n times: position delta varint, at least 1; length varint; segment */
    uint64_t distance;     /* sum of the deltas: the next cursor, from where the feed starts */
};

/* Takes the next segment: *position, first set to where the feed starts, becomes its position.
 * False when none is left. For a feed that was read by this module or by invitation. */
bool pic_feed_next(struct pic_feed *feed, uint64_t *position, struct pic_span *segment);
/* Reads count and items of at most max bytes; c turns bad when they are malformed. */
struct pic_feed pic_feed_get(struct pic_cursor *c, size_t max);

/* struct pic_enrol_request, pic_enrol_reply, pic_sync_request … */
/* clang-format off */
#define REQUEST(symbol, name, type, doc) struct pic_##name##_request {
#define REPLY(symbol, name, type, doc)   struct pic_##name##_reply {
#define END(name)                        };
/* clang-format on */
#define BYTES(name, size, doc)  uint8_t name[size];
#define NUMBER(name, max, doc)  uint64_t name;
#define INTEGER(name, max, doc) int64_t name;
#define TEXT(name, max, doc)    struct pic_span name;
#define SPAN(name, max, doc)    struct pic_span name;
#define HASHES(name, max, doc)  struct pic_span name; /* a multiple of PIC_HASH_SIZE bytes */
#define FEED(name, max, doc)    struct pic_feed name;
#include "protocol/exchange/message.def"

enum pic_request_type {
#define REQUEST(symbol, name, type, doc) PIC_REQUEST_##symbol = (type),
#include "protocol/exchange/message.def"
};

struct pic_request {
    enum pic_request_type type;
    union {
        struct pic_enrol_request enrol;
        struct pic_sync_request sync;
        struct pic_put_request put;
        struct pic_get_request get;
        struct pic_give_request give;
    };
};

struct pic_reply {
    enum pic_request_type type; /* of the request that it answers */
    enum pic_reply_status status;
    int64_t time_ms; /* the server's clock */
    union {
        struct pic_enrol_reply enrol;
        struct pic_sync_reply sync;
        struct pic_put_reply put;
        struct pic_get_reply get;
        struct pic_give_reply give;
    };
};

/* Appends the encoding. What is longer or larger than message.def allows is a mistake in the
 * program; out turns bad. */
void pic_request_put(const struct pic_request *request, struct pic_buf *out);
void pic_reply_put(const struct pic_reply *reply, struct pic_buf *out);

/* Reads a whole payload. PIC_EFORMAT, or PIC_EVERSION for a request of another protocol version.
 * Spans in out borrow bytes. */
PIC_MUST_USE int pic_request_get(struct pic_span bytes, struct pic_request *out);
/* Reads the reply to a request of that type. PIC_EFORMAT. */
PIC_MUST_USE int pic_reply_get(struct pic_span bytes, enum pic_request_type type,
                               struct pic_reply *out);

/* The status that the agent's caller sees for a reply's, and back: what the server answers when a
 * call fails with status. Name: "clock_ahead", "?" for what is no status. */
int pic_reply_status_of(enum pic_reply_status status);
enum pic_reply_status pic_reply_for(int status);
const char *pic_reply_name(unsigned status);

#endif
