#include "protocol/exchange/message.h"

#include <string.h>

#include "protocol/base/text.h"

static bool is_zero(const uint8_t *p, size_t n)
{
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++)
        any |= p[i];
    return any == 0;
}

/* --- feeds --- */

bool pic_feed_next(struct pic_feed *feed, uint64_t *position, struct pic_span *segment)
{
    if (feed->n == 0)
        return false;
    struct pic_cursor c = pic_cursor_of(feed->items.p, feed->items.n);
    uint64_t delta = pic_cursor_varint(&c);
    struct pic_span s = pic_cursor_span(&c, PIC_SEGMENT_MAX);
    if (c.bad)
        return false;
    feed->n--;
    feed->items = pic_span_of(c.p, pic_cursor_left(&c));
    feed->distance -= delta;
    *position += delta;
    *segment = s;
    return true;
}

struct pic_feed pic_feed_get(struct pic_cursor *c, size_t max)
{
    struct pic_feed feed = {0};
    uint64_t n = pic_cursor_varint_max(c, max);
    const uint8_t *start = c->p;
    for (uint64_t i = 0; i < n && !c->bad; i++) {
        uint64_t delta = pic_cursor_varint_max(c, INT64_MAX - feed.distance);
        struct pic_span segment = pic_cursor_span(c, PIC_SEGMENT_MAX);
        if (delta == 0 || segment.n == 0)
            c->bad = true;
        feed.distance += delta;
    }
    feed.n = (uint32_t)n;
    feed.items = pic_span_of(start, (size_t)(c->p - start));
    if (feed.items.n > max)
        c->bad = true;
    return c->bad ? (struct pic_feed){0} : feed;
}

/* --- writing: a first pass over the fields notes which are there, a second writes them --- */

struct writer {
    struct pic_buf *out;
    uint64_t presence;
    unsigned field;
    bool writing;
};

/* Whether the next field is to be written now. One that is not as declared turns out bad. */
static bool writes(struct writer *w, bool present, bool valid)
{
    if (!valid)
        w->out->bad = true;
    if (!w->writing && present)
        w->presence |= UINT64_C(1) << w->field;
    w->field++;
    return w->writing && present;
}

static void put_bytes(struct writer *w, const uint8_t *p, size_t n)
{
    if (writes(w, !is_zero(p, n), true))
        pic_buf_bytes(w->out, p, n);
}

static void put_number(struct writer *w, uint64_t v, uint64_t max)
{
    if (writes(w, v != 0, v <= max))
        pic_buf_varint(w->out, v);
}

static void put_integer(struct writer *w, int64_t v, int64_t max)
{
    if (writes(w, v != 0, v <= max && v >= -max))
        pic_buf_zigzag(w->out, v);
}

static void put_span(struct writer *w, struct pic_span s, size_t max)
{
    if (writes(w, s.n != 0, s.n <= max))
        pic_buf_span(w->out, s);
}

static void put_hashes(struct writer *w, struct pic_span s, size_t max)
{
    if (!writes(w, s.n != 0, s.n % PIC_HASH_SIZE == 0 && s.n / PIC_HASH_SIZE <= max))
        return;
    pic_buf_varint(w->out, s.n / PIC_HASH_SIZE);
    pic_buf_bytes(w->out, s.p, s.n);
}

static void put_feed(struct writer *w, const struct pic_feed *feed, size_t max)
{
    if (!writes(w, feed->n != 0, feed->items.n <= max))
        return;
    pic_buf_varint(w->out, feed->n);
    pic_buf_bytes(w->out, feed->items.p, feed->items.n);
}

#define REQUEST(symbol, name, type, doc)                                                           \
    static void put_##name##_request(struct writer *w, const struct pic_##name##_request *m)       \
    {
#define REPLY(symbol, name, type, doc)                                                             \
    static void put_##name##_reply(struct writer *w, const struct pic_##name##_reply *m)           \
    {
#define END(name)               }
#define BYTES(name, size, doc)  put_bytes(w, m->name, size);
#define NUMBER(name, max, doc)  put_number(w, m->name, max);
#define INTEGER(name, max, doc) put_integer(w, m->name, max);
#define TEXT(name, max, doc)    put_span(w, m->name, max);
#define SPAN(name, max, doc)    put_span(w, m->name, max);
#define HASHES(name, max, doc)  put_hashes(w, m->name, max);
#define FEED(name, max, doc)    put_feed(w, &m->name, max);
#include "protocol/exchange/message.def"

static void put_request_fields(struct writer *w, const struct pic_request *request)
{
    w->field = 0;
    switch (request->type) {
#define REQUEST(symbol, name, type, doc)                                                           \
    case PIC_REQUEST_##symbol:                                                                     \
        put_##name##_request(w, &request->name);                                                   \
        break;
#include "protocol/exchange/message.def"
    }
}

static void put_reply_fields(struct writer *w, const struct pic_reply *reply)
{
    w->field = 0;
    switch (reply->type) {
#define REPLY(symbol, name, type, doc)                                                             \
    case PIC_REQUEST_##symbol:                                                                     \
        put_##name##_reply(w, &reply->name);                                                       \
        break;
#include "protocol/exchange/message.def"
    }
}

void pic_request_put(const struct pic_request *request, struct pic_buf *out)
{
    struct writer w = {.out = out};
    put_request_fields(&w, request);
    pic_buf_u8(out, (uint8_t)request->type);
    pic_buf_varint(out, PIC_PROTOCOL_VERSION);
    pic_buf_varint(out, w.presence);
    w.writing = true;
    put_request_fields(&w, request);
}

void pic_reply_put(const struct pic_reply *reply, struct pic_buf *out)
{
    struct writer w = {.out = out};
    put_reply_fields(&w, reply);
    pic_buf_u8(out, (uint8_t)reply->status);
    pic_buf_varint(out, reply->time_ms < 0 ? 0 : (uint64_t)reply->time_ms);
    pic_buf_varint(out, w.presence);
    w.writing = true;
    put_reply_fields(&w, reply);
}

/* --- reading: a field that is there must be neither zero nor empty --- */

struct reader {
    struct pic_cursor c;
    uint64_t presence; /* of the fields not read yet */
};

static bool reads(struct reader *r)
{
    bool present = (r->presence & 1) != 0;
    r->presence >>= 1;
    return present;
}

static void need(struct reader *r, bool valid)
{
    if (!valid)
        r->c.bad = true;
}

static void get_bytes(struct reader *r, uint8_t *p, size_t n)
{
    if (!reads(r))
        return;
    pic_cursor_copy(&r->c, p, n);
    need(r, !is_zero(p, n));
}

static void get_number(struct reader *r, uint64_t *v, uint64_t max)
{
    if (!reads(r))
        return;
    *v = pic_cursor_varint_max(&r->c, max);
    need(r, *v != 0);
}

static void get_integer(struct reader *r, int64_t *v, int64_t max)
{
    if (!reads(r))
        return;
    *v = pic_cursor_zigzag(&r->c);
    need(r, *v != 0 && *v <= max && *v >= -max);
}

static void get_span(struct reader *r, struct pic_span *s, size_t max)
{
    if (!reads(r))
        return;
    *s = pic_cursor_span(&r->c, max);
    need(r, s->n != 0);
}

static void get_text(struct reader *r, struct pic_span *s, size_t max)
{
    get_span(r, s, max);
    need(r, r->c.bad || pic_text_is_clean(*s));
}

static void get_hashes(struct reader *r, struct pic_span *s, size_t max)
{
    if (!reads(r))
        return;
    size_t n = (size_t)pic_cursor_varint_max(&r->c, max) * PIC_HASH_SIZE;
    const uint8_t *p = pic_cursor_bytes(&r->c, n);
    need(r, n != 0);
    if (p != NULL)
        *s = pic_span_of(p, n);
}

static void get_feed(struct reader *r, struct pic_feed *feed, size_t max)
{
    if (!reads(r))
        return;
    *feed = pic_feed_get(&r->c, max);
    need(r, feed->n != 0);
}

#define REQUEST(symbol, name, type, doc)                                                           \
    static void get_##name##_request(struct reader *r, struct pic_##name##_request *m)             \
    {
#define REPLY(symbol, name, type, doc)                                                             \
    static void get_##name##_reply(struct reader *r, struct pic_##name##_reply *m)                 \
    {
#define END(name)               }
#define BYTES(name, size, doc)  get_bytes(r, m->name, size);
#define NUMBER(name, max, doc)  get_number(r, &m->name, max);
#define INTEGER(name, max, doc) get_integer(r, &m->name, max);
#define TEXT(name, max, doc)    get_text(r, &m->name, max);
#define SPAN(name, max, doc)    get_span(r, &m->name, max);
#define HASHES(name, max, doc)  get_hashes(r, &m->name, max);
#define FEED(name, max, doc)    get_feed(r, &m->name, max);
#include "protocol/exchange/message.def"

/* All fields of the list are read; nothing may be left, neither bytes nor presence bits. */
static int end(struct reader *r)
{
    need(r, r->presence == 0);
    return pic_cursor_end(&r->c);
}

int pic_request_get(struct pic_span bytes, struct pic_request *out)
{
    struct pic_request m = {0};
    struct reader r = {.c = pic_cursor_of(bytes.p, bytes.n)};
    uint8_t type = pic_cursor_u8(&r.c);
    uint64_t version = pic_cursor_varint(&r.c);
    if (r.c.bad)
        return PIC_EFORMAT;
    if (version != PIC_PROTOCOL_VERSION)
        return PIC_EVERSION;
    r.presence = pic_cursor_varint(&r.c);
    switch (type) {
#define REQUEST(symbol, name, number, doc)                                                         \
    case PIC_REQUEST_##symbol:                                                                     \
        m.type = PIC_REQUEST_##symbol;                                                             \
        get_##name##_request(&r, &m.name);                                                         \
        break;
#include "protocol/exchange/message.def"
    default:
        return PIC_EFORMAT;
    }
    int rc = end(&r);
    if (rc == PIC_OK)
        *out = m;
    return rc;
}

int pic_reply_get(struct pic_span bytes, enum pic_request_type type, struct pic_reply *out)
{
    struct pic_reply m = {.type = type};
    struct reader r = {.c = pic_cursor_of(bytes.p, bytes.n)};
    uint8_t status = pic_cursor_u8(&r.c);
    m.time_ms = (int64_t)pic_cursor_varint_max(&r.c, INT64_MAX);
    r.presence = pic_cursor_varint(&r.c);
    if (status >= PIC_REPLY_STATUS_COUNT)
        return PIC_EFORMAT;
    m.status = (enum pic_reply_status)status;
    switch (type) {
#define REPLY(symbol, name, number, doc)                                                           \
    case PIC_REQUEST_##symbol:                                                                     \
        get_##name##_reply(&r, &m.name);                                                           \
        break;
#include "protocol/exchange/message.def"
    default:
        return PIC_EFORMAT;
    }
    int rc = end(&r);
    if (rc == PIC_OK)
        *out = m;
    return rc;
}

/* --- statuses --- */

static const struct {
    const char *name;
    int status;
} reply_statuses[] = {
#define REPLY_STATUS(symbol, number, name, status, action) [number] = {name, status},
#include "protocol/exchange/reply_status.def"
#undef REPLY_STATUS
};

int pic_reply_status_of(enum pic_reply_status status)
{
    return status < PIC_REPLY_STATUS_COUNT ? reply_statuses[status].status : PIC_EFORMAT;
}

enum pic_reply_status pic_reply_for(int status)
{
    for (unsigned i = 0; i < PIC_REPLY_STATUS_COUNT; i++)
        if (reply_statuses[i].status == status)
            return (enum pic_reply_status)i;
    switch (status) {
    case PIC_EVERSION:
        return PIC_REPLY_UPGRADE_REQUIRED;
    case PIC_ECHAIN:
        return PIC_REPLY_GAP;
    case PIC_ESIGNATURE:
        return PIC_REPLY_REFUSED;
    default: /* the server's own trouble */
        return PIC_REPLY_BUSY;
    }
}

const char *pic_reply_name(unsigned status)
{
    return status < PIC_REPLY_STATUS_COUNT ? reply_statuses[status].name : "?";
}
