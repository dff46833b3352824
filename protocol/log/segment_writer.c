/* The writing half of segment.h: changes to columns, deflate, sign; as many as fit. */
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST /* its input is read only */
#include <zlib.h>

#include "protocol/log/column.h"
#include "protocol/log/preset.h"
#include "protocol/log/segment.h"

#define SEGMENT_LABEL "pic/1 segment"

enum {
    WINDOW_BITS_RAW = -15,
    LEVEL = 9, /* sealing is done while the person thinks; two per cent are worth it */
    MEMORY_LEVEL = 9,
    HEADER_MAX = 128,
    BODY_MAX = PIC_SEGMENT_MAX - HEADER_MAX - PIC_SIGNATURE_SIZE,
    OPS_MAX = 1 << 20,
    FIRST_GUESS_RAW = 300 * 1024, /* typical text deflates five times */
    STAMP_COUNTER_BITS = 16,
    ENOUGH_PERCENT = 92, /* a segment so full is not tried again */
    MARGIN_PERCENT = 98,
    TRIES = 6,
};

struct shape {
    uint8_t entity;
    bool creates;
    uint8_t op_n;
    uint8_t field[PIC_CHANGE_OPS_MAX];
    uint8_t kind[PIC_CHANGE_OPS_MAX];
    uint16_t stream[PIC_CHANGE_OPS_MAX];
};

struct stream {
    uint8_t entity, field, kind;
    size_t first, n; /* its values: writer.values[first..first + n) */
};

struct writer {
    const struct pic_change *const *changes;
    size_t n, op_n;
    struct shape *shapes;
    size_t shape_n;
    struct stream *streams;
    size_t stream_n;
    int64_t *ints; /* one column of numbers at a time */
    uint16_t *shape_of;
    const struct pic_value **values; /* slots of them */
};

static bool is_creation(const struct pic_change *c)
{
    return c->id == c->dot;
}

static bool has_shape(const struct shape *s, const struct pic_change *c)
{
    if (s->entity != c->entity || s->creates != is_creation(c) || s->op_n != c->op_n)
        return false;
    for (unsigned i = 0; i < c->op_n; i++)
        if (s->field[i] != c->ops[i].field || s->kind[i] != (uint8_t)c->ops[i].value.kind)
            return false;
    return true;
}

static int add_shape(struct writer *w, const struct pic_change *c)
{
    if (w->shape_n == PIC_SEGMENT_SHAPES_MAX || c->op_n > PIC_CHANGE_OPS_MAX)
        return PIC_ELIMIT;
    struct shape *s = &w->shapes[w->shape_n];
    *s = (struct shape){.entity = c->entity, .creates = is_creation(c), .op_n = c->op_n};
    for (unsigned i = 0; i < c->op_n; i++) {
        s->field[i] = c->ops[i].field;
        s->kind[i] = (uint8_t)c->ops[i].value.kind;
        size_t k = 0;
        while (k < w->stream_n &&
               (w->streams[k].entity != s->entity || w->streams[k].field != s->field[i] ||
                w->streams[k].kind != s->kind[i]))
            k++;
        if (k == PIC_SEGMENT_STREAMS_MAX)
            return PIC_ELIMIT;
        if (k == w->stream_n)
            w->streams[w->stream_n++] =
                (struct stream){.entity = s->entity, .field = s->field[i], .kind = s->kind[i]};
        s->stream[i] = (uint16_t)k;
    }
    w->shape_n++;
    return PIC_OK;
}

/* Names the shape of every change; changes that need one shape too many are left for the next
 * segment. */
static int find_shapes(struct writer *w)
{
    size_t last = 0;
    for (size_t i = 0; i < w->n; i++) {
        if (last >= w->shape_n || !has_shape(&w->shapes[last], w->changes[i]))
            for (last = 0; last < w->shape_n && !has_shape(&w->shapes[last], w->changes[i]);)
                last++;
        if (last == w->shape_n) {
            int status = add_shape(w, w->changes[i]);
            if (status != PIC_OK && i == 0)
                return status;
            if (status != PIC_OK) {
                w->n = i;
                break;
            }
        }
        w->shape_of[i] = (uint16_t)last;
        w->op_n += w->changes[i]->op_n;
    }
    return PIC_OK;
}

static void gather_values(struct writer *w)
{
    for (size_t i = 0; i < w->n; i++)
        for (unsigned k = 0; k < w->changes[i]->op_n; k++)
            w->streams[w->shapes[w->shape_of[i]].stream[k]].n++;
    size_t first = 0;
    for (size_t s = 0; s < w->stream_n; s++) {
        w->streams[s].first = first;
        first += w->streams[s].n;
        w->streams[s].n = 0;
    }
    for (size_t i = 0; i < w->n; i++)
        for (unsigned k = 0; k < w->changes[i]->op_n; k++) {
            struct stream *s = &w->streams[w->shapes[w->shape_of[i]].stream[k]];
            w->values[s->first + s->n++] = &w->changes[i]->ops[k].value;
        }
}

static void put_shapes(const struct writer *w, struct pic_buf *out)
{
    pic_buf_varint(out, w->shape_n);
    for (size_t i = 0; i < w->shape_n; i++) {
        const struct shape *s = &w->shapes[i];
        pic_buf_u8(out, s->entity);
        pic_buf_u8(out, s->creates);
        pic_buf_u8(out, s->op_n);
        for (unsigned k = 0; k < s->op_n; k++) {
            pic_buf_u8(out, s->field[k]);
            pic_buf_u8(out, s->kind[k]);
        }
    }
    for (size_t i = 0; i < w->n; i++)
        w->ints[i] = w->shape_of[i];
    pic_column_put_ints(out, w->ints, w->n);
}

static void put_times(const struct writer *w, struct pic_buf *out)
{
    const uint64_t mask = (UINT64_C(1) << STAMP_COUNTER_BITS) - 1;
    pic_buf_varint(out, w->changes[0]->stamp);
    for (size_t i = 0; i < w->n; i++)
        w->ints[i] = i == 0 ? 0 : (int64_t)(w->changes[i]->dot - w->changes[i - 1]->dot) - 1;
    pic_column_put_ints(out, w->ints, w->n);
    for (size_t i = 0; i < w->n; i++)
        w->ints[i] = i == 0 ? 0
                            : (int64_t)((w->changes[i]->stamp >> STAMP_COUNTER_BITS) -
                                        (w->changes[i - 1]->stamp >> STAMP_COUNTER_BITS));
    pic_column_put_ints(out, w->ints, w->n);
    for (size_t i = 0; i < w->n; i++) {
        uint64_t now = w->changes[i]->stamp;
        uint64_t before = i == 0 ? now : w->changes[i - 1]->stamp;
        bool same_ms = (now & ~mask) == (before & ~mask);
        w->ints[i] = i == 0 ? 0 : (int64_t)(same_ms ? now - before - 1 : now & mask);
    }
    pic_column_put_ints(out, w->ints, w->n);
}

static unsigned base_code(const struct pic_change *c, const struct pic_op *op)
{
    return op->base_n == 1 && op->bases[0] == c->id ? 0 : op->base_n + 1U;
}

static void put_bases(const struct writer *w, struct pic_buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n; i++)
        if (!is_creation(w->changes[i]))
            w->ints[n++] = (int64_t)(w->changes[i]->dot - w->changes[i]->id);
    pic_column_put_ints(out, w->ints, n);
    n = 0;
    for (size_t i = 0; i < w->n; i++)
        for (unsigned k = 0; !is_creation(w->changes[i]) && k < w->changes[i]->op_n; k++)
            w->ints[n++] = (int64_t)base_code(w->changes[i], &w->changes[i]->ops[k]);
    pic_column_put_ints(out, w->ints, n);
    n = 0;
    for (size_t i = 0; i < w->n; i++) {
        const struct pic_change *c = w->changes[i];
        for (unsigned k = 0; !is_creation(c) && k < c->op_n; k++)
            for (unsigned b = 0; base_code(c, &c->ops[k]) >= 2 && b < c->ops[k].base_n; b++)
                w->ints[n++] = (int64_t)(c->dot - c->ops[k].bases[b]);
    }
    pic_column_put_ints(out, w->ints, n);
}

static int put_body(struct writer *w, struct pic_buf *out)
{
    put_shapes(w, out);
    put_times(w, out);
    put_bases(w, out);
    int status = PIC_OK;
    for (size_t s = 0; status == PIC_OK && s < w->stream_n; s++)
        status =
            pic_column_put(out, (enum pic_kind)w->streams[s].kind, w->values + w->streams[s].first,
                           w->streams[s].n, w->changes[0]->dot);
    return status;
}

static int writer_init(struct writer *w, const struct pic_change *const *changes, size_t n)
{
    size_t slots = 0; /* ops, changes and base dots all pass through ints */
    for (size_t i = 0; i < n; i++) {
        slots += changes[i]->op_n + 1U;
        for (unsigned k = 0; k < changes[i]->op_n; k++)
            slots += changes[i]->ops[k].base_n;
    }
    *w = (struct writer){.changes = changes, .n = n};
    w->shapes = calloc(PIC_SEGMENT_SHAPES_MAX, sizeof *w->shapes);
    w->streams = calloc(PIC_SEGMENT_STREAMS_MAX, sizeof *w->streams);
    w->ints = calloc(slots, sizeof *w->ints);
    w->shape_of = calloc(n, sizeof *w->shape_of);
    w->values = calloc(slots, sizeof(void *));
    return w->shapes && w->streams && w->ints && w->shape_of && w->values ? PIC_OK : PIC_EMEMORY;
}

static void writer_release(struct writer *w)
{
    free(w->shapes);
    free(w->streams);
    free(w->ints);
    free(w->shape_of);
    free(w->values);
}

/* Columns of changes[0..n) into body; *n is less when the shapes ran out. */
static int build_body(const struct pic_change *const *changes, size_t *n, struct pic_buf *body)
{
    struct writer w;
    int status = writer_init(&w, changes, *n);
    if (status == PIC_OK)
        status = find_shapes(&w);
    if (status == PIC_OK) {
        gather_values(&w);
        status = put_body(&w, body);
        *n = w.n;
    }
    writer_release(&w);
    return status == PIC_OK ? pic_buf_status(body) : status;
}

static int deflate_body(const struct pic_buf *body, struct pic_buf *out)
{
    struct pic_span preset;
    int status = pic_preset(PIC_COMPRESSION_DEFLATE_1, &preset);
    if (status != PIC_OK)
        return status;
    z_stream z = {0};
    if (deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_BITS_RAW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return PIC_EMEMORY;
    size_t bound = deflateBound(&z, (uLong)body->len);
    uint8_t *room = pic_buf_room(out, bound);
    if (room == NULL || deflateSetDictionary(&z, preset.p, (uInt)preset.n) != Z_OK) {
        (void)deflateEnd(&z);
        return room == NULL ? PIC_EMEMORY : PIC_EFAIL;
    }
    z.next_in = body->data;
    z.avail_in = (uInt)body->len;
    z.next_out = room;
    z.avail_out = (uInt)bound;
    int end = deflate(&z, Z_FINISH);
    out->len += bound - z.avail_out;
    (void)deflateEnd(&z);
    return end == Z_STREAM_END ? PIC_OK : PIC_EFAIL;
}

/* Bytes that a change will add to the body, roughly; only a first guess depends on it. */
static size_t weight(const struct pic_change *c)
{
    size_t n = 4;
    for (unsigned i = 0; i < c->op_n; i++)
        n += 3 + c->ops[i].value.s.n;
    return n;
}

static size_t first_guess(const struct pic_change *const *changes, size_t n)
{
    size_t raw = 0;
    size_t ops = 0;
    size_t i = 0;
    for (; i < n && i < PIC_SEGMENT_CHANGES_MAX; i++) {
        raw += weight(changes[i]);
        ops += changes[i]->op_n;
        if (i > 0 && (raw > FIRST_GUESS_RAW || ops > OPS_MAX))
            break;
    }
    return i;
}

/* Tries to make a deflated body from changes[0..*n). PIC_ELIMIT when it is too large; packed->len
 * then still tells how large it is, where it is known. */
static int pack(const struct pic_change *const *changes, size_t *n, struct pic_buf *body,
                struct pic_buf *packed)
{
    pic_buf_clear(body);
    pic_buf_clear(packed);
    int status = build_body(changes, n, body);
    if (status == PIC_OK)
        status = deflate_body(body, packed);
    return status == PIC_OK && packed->len > BODY_MAX ? PIC_ELIMIT : status;
}

/* The next count to try: in proportion to what the last one came to, strictly between what is known
 * to fit and what is known to be too many. */
static size_t next_guess(size_t guess, size_t packed, size_t fits, size_t too_many)
{
    size_t size = packed == 0 ? 2 * (size_t)BODY_MAX : packed;
    guess = guess * BODY_MAX / size * MARGIN_PERCENT / 100;
    if (guess >= too_many)
        guess = too_many - 1;
    return guess <= fits ? fits + 1 : guess;
}

/* Finds how many changes fill a segment; body and packed are then theirs. */
static int fill(const struct pic_change *const *changes, size_t n, size_t *taken,
                struct pic_buf *body, struct pic_buf *packed)
{
    size_t too_many = n < PIC_SEGMENT_CHANGES_MAX ? n + 1 : PIC_SEGMENT_CHANGES_MAX + 1;
    size_t fits = 0;
    size_t guess = first_guess(changes, n);
    for (int i = 0; i < TRIES && fits + 1 < too_many; i++) {
        size_t count = guess;
        int status = pack(changes, &count, body, packed);
        if (status != PIC_OK && status != PIC_ELIMIT)
            return status;
        bool full = packed->len * 100 >= (size_t)BODY_MAX * ENOUGH_PERCENT;
        bool out_of_shapes = count < guess;
        if (status == PIC_OK && (full || out_of_shapes || count + 1 == too_many)) {
            *taken = count;
            return PIC_OK;
        }
        if (status == PIC_OK)
            fits = count;
        else
            too_many = guess;
        guess = next_guess(guess, packed->len, fits, too_many);
    }
    for (*taken = fits > 0 ? fits : too_many / 2; *taken > 0; *taken /= 2) {
        int status = pack(changes, taken, body, packed);
        if (status != PIC_ELIMIT)
            return status;
    }
    return PIC_ELIMIT;
}

static void put_segment(const struct pic_change *const *changes, size_t n, uint64_t audience,
                        const uint8_t previous[static PIC_HASH_SIZE], uint32_t dictionary,
                        const struct pic_signer *signer, const struct pic_buf *body,
                        const struct pic_buf *packed, struct pic_buf *out)
{
    size_t start = out->len;
    pic_buf_u8(out, PIC_SEGMENT_VERSION);
    pic_buf_varint(out, pic_dot_device(changes[0]->dot));
    pic_buf_varint(out, audience);
    pic_buf_varint(out, pic_dot_seq(changes[0]->dot));
    pic_buf_varint(out, changes[n - 1]->dot - changes[0]->dot);
    pic_buf_varint(out, n);
    pic_buf_bytes(out, previous, PIC_HASH_SIZE);
    pic_buf_varint(out, dictionary);
    pic_buf_u8(out, PIC_COMPRESSION_DEFLATE_1);
    pic_buf_varint(out, body->len);
    pic_buf_span(out, pic_buf_view(packed));
    if (out->bad)
        return;
    uint8_t hash[PIC_HASH_SIZE];
    uint8_t signature[PIC_SIGNATURE_SIZE];
    pic_hash(pic_span_of(out->data + start, out->len - start), hash);
    pic_sign(signer, SEGMENT_LABEL, pic_span_of(hash, sizeof hash), signature);
    pic_buf_bytes(out, signature, sizeof signature);
}

int pic_segment_seal(const struct pic_change *const *changes, size_t n, uint64_t audience,
                     const uint8_t previous[static PIC_HASH_SIZE], uint32_t dictionary,
                     const struct pic_signer *signer, struct pic_buf *out, size_t *taken)
{
    if (n == 0)
        return PIC_EFORMAT;
    struct pic_buf body;
    struct pic_buf packed;
    pic_buf_init(&body, PIC_SEGMENT_INFLATED_MAX);
    pic_buf_init(&packed, 2 * (size_t)PIC_SEGMENT_INFLATED_MAX);
    int status = fill(changes, n, taken, &body, &packed);
    if (status == PIC_OK) {
        put_segment(changes, *taken, audience, previous, dictionary, signer, &body, &packed, out);
        status = pic_buf_status(out);
    }
    pic_buf_release(&body);
    pic_buf_release(&packed);
    return status;
}
