/* parcel: requests, or the replies to them, as one file that a person carries.
 *
 *     parcel = head | item... | end
 *     head   = "PICO" | version u8 1 | kind u8 | server[16] | id[16] | check[16]
 *     item   = length u32, at least 1 | payload of one frame | check[16]
 *     end    = length u32 0 | check[16]
 *
 * server: first bytes of BLAKE2b-256 of its identity key, so that a file for another one is known
 * at once. id: random, chosen by the agent; replies bear the id of the requests that they answer,
 * and the i-th answers the i-th. check: first bytes of BLAKE2b-256 over the check before it and all
 * bytes since; so an item that is read is where it was written, and a file that was cut or damaged
 * is used up to there. The checks are against accidents: what defends a payload is Noise. Pure. */
#ifndef PIC_EXCHANGE_PARCEL_H
#define PIC_EXCHANGE_PARCEL_H

#include "protocol/crypto/keys.h"

enum {
    PIC_PARCEL_VERSION = 1,
    PIC_PARCEL_ID_SIZE = 16,
    PIC_PARCEL_CHECK_SIZE = 16,
    PIC_PARCEL_HEAD_SIZE = 4 + 1 + 1 + 2 * PIC_PARCEL_ID_SIZE + PIC_PARCEL_CHECK_SIZE,
    PIC_PARCEL_ITEM_MAX = 4 + PIC_FRAME_MAX + PIC_PARCEL_CHECK_SIZE,
    PIC_PARCEL_ITEMS_MAX = 60000, /* below the 4 GiB of a file on a key, whatever they are */
};

enum pic_parcel_kind { PIC_PARCEL_REQUESTS = 1, PIC_PARCEL_REPLIES = 2 };

struct pic_parcel {
    enum pic_parcel_kind kind;
    uint8_t server[PIC_PARCEL_ID_SIZE];
    uint8_t id[PIC_PARCEL_ID_SIZE];
    uint8_t check[PIC_PARCEL_CHECK_SIZE]; /* of what was written or read so far */
    uint32_t items;
};

/* How a parcel names a server. */
void pic_parcel_server(const uint8_t identity[static PIC_KEY_SIZE],
                       uint8_t out[static PIC_PARCEL_ID_SIZE]);

/* Writing: parcel has kind, server and id; appends the head, one item, the end. An item that is
 * empty or over PIC_FRAME_MAX, or one too many, makes out bad. */
void pic_parcel_start(struct pic_parcel *parcel, struct pic_buf *out);
void pic_parcel_put(struct pic_parcel *parcel, struct pic_span payload, struct pic_buf *out);
void pic_parcel_end(struct pic_parcel *parcel, struct pic_buf *out);

/* Reading, from wherever bytes come: read gives n bytes, or fewer at the end or after a failure. */
struct pic_parcel_source {
    size_t (*read)(void *context, void *out, size_t n);
    void *context;
};
/* PIC_EFORMAT (no parcel), PIC_EVERSION, PIC_EHASH (its head is damaged). */
PIC_MUST_USE int pic_parcel_open(struct pic_parcel *parcel, const struct pic_parcel_source *source);
/* The next payload, in item (cleared; a ceiling of PIC_PARCEL_ITEM_MAX), or *more false at the end
 * that was written. PIC_EHASH: what follows is missing or damaged; nothing after it is used. */
PIC_MUST_USE int pic_parcel_next(struct pic_parcel *parcel, const struct pic_parcel_source *source,
                                 struct pic_buf *item, struct pic_span *payload, bool *more);

#endif
