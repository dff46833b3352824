/* The reading half of segment.h: inflate, index the columns, then one change after the other. */
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST /* its input is read only */
#include <zlib.h>

#include "protocol/log/column.h"
#include "protocol/log/preset.h"
#include "protocol/log/segment.h"

enum {
    WINDOW_BITS_RAW = -15,
    OPS_MAX = 1 << 20, /* ops of one segment */
    OPS_PER_BYTE = 16, /* and for each inflated byte: a small body cannot ask for endless work */
    STAMP_COUNTER_BITS = 16,
};

struct shape {
    uint8_t entity;
    bool creates;
    uint8_t op_n;
    uint8_t field[PIC_CHANGE_OPS_MAX];
    uint16_t stream[PIC_CHANGE_OPS_MAX];
    uint32_t uses;
};

/* One (entity, field, kind): all its values in the segment, in order. */
struct stream {
    uint8_t entity, field, kind;
    uint32_t uses;
    struct pic_column column;
};

struct pic_segment_reader {
    z_stream zlib;
    uint8_t *body; /* inflated */
    size_t body_cap;
    uint8_t hash[PIC_HASH_SIZE]; /* of the segment whose body that is; not looked at unless held */
    bool held;
    struct shape *shapes;
    size_t shape_n, shape_cap;
    struct stream *streams;
    size_t stream_n;
    uint32_t *offsets; /* of the entries of text tables */
    size_t offsets_cap;
    struct pic_ints shape_of, seq_gap, stamp_ms, stamp_counter, target, base_code, base_dot;
    uint32_t device, count, at;
    size_t target_at, base_code_at, base_dot_at;
    uint64_t seq, first_seq, last_seq, stamp;
    struct pic_op ops[PIC_CHANGE_OPS_MAX];
    uint64_t bases[PIC_CHANGE_OPS_MAX * PIC_OP_BASES_MAX];
};

int pic_segment_reader_new(struct pic_segment_reader **out)
{
    struct pic_segment_reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        return PIC_EMEMORY;
    r->streams = calloc(PIC_SEGMENT_STREAMS_MAX, sizeof *r->streams);
    if (r->streams == NULL || inflateInit2(&r->zlib, WINDOW_BITS_RAW) != Z_OK) {
        free(r->streams);
        free(r);
        return PIC_EMEMORY;
    }
    *out = r;
    return PIC_OK;
}

void pic_segment_reader_free(struct pic_segment_reader *r)
{
    if (r == NULL)
        return;
    (void)inflateEnd(&r->zlib);
    free(r->body);
    free(r->shapes);
    free(r->streams);
    free(r->offsets);
    free(r);
}

/* Makes *p hold n elements of the given size; keeps a larger array. */
static int reserve(void **p, size_t *cap, size_t n, size_t size)
{
    if (n <= *cap)
        return PIC_OK;
    void *grown = realloc(*p, n * size);
    if (grown == NULL)
        return PIC_EMEMORY;
    *p = grown;
    *cap = n;
    return PIC_OK;
}

static int inflate_body(struct pic_segment_reader *r, const struct pic_segment *segment)
{
    r->held = false;
    void *body = r->body;
    int status = reserve(&body, &r->body_cap, segment->inflated + 1U, 1);
    r->body = body;
    if (status != PIC_OK)
        return status;
    if (segment->compression == PIC_COMPRESSION_STORED) {
        if (segment->inflated != segment->body.n)
            return PIC_EFORMAT;
        memcpy(r->body, segment->body.p, segment->body.n);
        return PIC_OK;
    }
    struct pic_span preset;
    status = pic_preset(segment->compression, &preset);
    if (status != PIC_OK)
        return status;
    if (inflateReset(&r->zlib) != Z_OK ||
        inflateSetDictionary(&r->zlib, preset.p, (uInt)preset.n) != Z_OK)
        return PIC_EFAIL;
    r->zlib.next_in = segment->body.p;
    r->zlib.avail_in = (uInt)segment->body.n;
    r->zlib.next_out = r->body;
    r->zlib.avail_out = segment->inflated;
    int z = inflate(&r->zlib, Z_FINISH);
    bool whole = z == Z_STREAM_END && r->zlib.avail_in == 0 && r->zlib.avail_out == 0;
    return whole ? PIC_OK : PIC_EFORMAT;
}

/* The body of a segment, which may be there already: its hash covers every byte of it. */
static int hold(struct pic_segment_reader *r, const struct pic_segment *segment)
{
    if (r->held && memcmp(r->hash, segment->hash, sizeof r->hash) == 0)
        return PIC_OK;
    int status = inflate_body(r, segment);
    if (status == PIC_OK) {
        r->held = true;
        memcpy(r->hash, segment->hash, sizeof r->hash);
    }
    return status;
}

static int stream_of(struct pic_segment_reader *r, uint8_t entity, uint8_t field, uint8_t kind,
                     uint16_t *out)
{
    size_t i = 0;
    while (i < r->stream_n && (r->streams[i].entity != entity || r->streams[i].field != field ||
                               r->streams[i].kind != kind))
        i++;
    if (i == r->stream_n) {
        if (i == PIC_SEGMENT_STREAMS_MAX)
            return PIC_ELIMIT;
        r->streams[r->stream_n++] = (struct stream){.entity = entity, .field = field, .kind = kind};
    }
    *out = (uint16_t)i;
    return PIC_OK;
}

static int read_shape(struct pic_segment_reader *r, struct pic_cursor *c, struct shape *shape)
{
    *shape = (struct shape){.entity = pic_cursor_u8(c)};
    unsigned creates = pic_cursor_u8(c);
    unsigned op_n = pic_cursor_u8(c);
    if (c->bad || shape->entity == 0 || creates > 1 || op_n > PIC_CHANGE_OPS_MAX)
        return PIC_EFORMAT;
    shape->creates = creates == 1;
    shape->op_n = (uint8_t)op_n;
    for (unsigned i = 0; i < op_n; i++) {
        shape->field[i] = pic_cursor_u8(c);
        uint8_t kind = pic_cursor_u8(c);
        bool ascending = i == 0 ? shape->field[i] > 0 : shape->field[i] > shape->field[i - 1];
        if (c->bad || !ascending || kind >= PIC_KIND_COUNT)
            return PIC_EFORMAT;
        int status = stream_of(r, shape->entity, shape->field[i], kind, &shape->stream[i]);
        if (status != PIC_OK)
            return status;
    }
    return PIC_OK;
}

static int read_shapes(struct pic_segment_reader *r, struct pic_cursor *c)
{
    size_t n = (size_t)pic_cursor_varint_max(c, PIC_SEGMENT_SHAPES_MAX);
    void *shapes = r->shapes;
    int status = reserve(&shapes, &r->shape_cap, n, sizeof *r->shapes);
    r->shapes = shapes;
    r->stream_n = 0;
    r->shape_n = n;
    for (size_t i = 0; status == PIC_OK && i < n; i++)
        status = read_shape(r, c, &r->shapes[i]);
    return c->bad ? PIC_EFORMAT : status;
}

/* Counts how often each shape and stream is used, from the column that names each change's shape.
 */
static int count_uses(struct pic_segment_reader *r, size_t inflated, size_t *edits,
                      size_t *edit_ops)
{
    size_t ops = 0;
    *edits = 0;
    *edit_ops = 0;
    for (size_t i = 0; i < r->count; i++) {
        int64_t at = pic_ints_at(&r->shape_of, i);
        if (at < 0 || (uint64_t)at >= r->shape_n)
            return PIC_EFORMAT;
        r->shapes[at].uses++;
    }
    for (size_t i = 0; i < r->shape_n; i++) {
        const struct shape *shape = &r->shapes[i];
        ops += (size_t)shape->uses * shape->op_n;
        if (!shape->creates) {
            *edits += shape->uses;
            *edit_ops += (size_t)shape->uses * shape->op_n;
        }
        for (unsigned k = 0; k < shape->op_n; k++)
            r->streams[shape->stream[k]].uses += shape->uses;
    }
    return ops <= OPS_MAX && ops <= OPS_PER_BYTE * inflated ? PIC_OK : PIC_ELIMIT;
}

/* The columns that say where and when: shape, sequence, stamp, target, bases. */
static int read_frame(struct pic_segment_reader *r, struct pic_cursor *c, size_t inflated)
{
    size_t edits;
    size_t edit_ops;
    pic_ints_get(c, r->count, &r->shape_of);
    int status = c->bad ? PIC_EFORMAT : count_uses(r, inflated, &edits, &edit_ops);
    if (status != PIC_OK)
        return status;
    r->stamp = pic_cursor_varint_max(c, INT64_MAX);
    pic_ints_get(c, r->count, &r->seq_gap);
    pic_ints_get(c, r->count, &r->stamp_ms);
    pic_ints_get(c, r->count, &r->stamp_counter);
    pic_ints_get(c, edits, &r->target);
    pic_ints_get(c, edit_ops, &r->base_code);
    size_t base_dots = 0;
    for (size_t i = 0; !c->bad && i < edit_ops; i++) {
        int64_t code = pic_ints_at(&r->base_code, i);
        if (code < 0 || code > PIC_OP_BASES_MAX + 1)
            return PIC_EFORMAT;
        base_dots += code < 2 ? 0 : (size_t)code - 1;
    }
    pic_ints_get(c, base_dots, &r->base_dot);
    return c->bad ? PIC_EFORMAT : PIC_OK;
}

static int read_streams(struct pic_segment_reader *r, struct pic_cursor *c)
{
    void *offsets = r->offsets; /* an entry takes at least one byte of what is left */
    int status = reserve(&offsets, &r->offsets_cap, pic_cursor_left(c), sizeof *r->offsets);
    r->offsets = offsets;
    uint32_t *free_offsets = r->offsets;
    size_t left = pic_cursor_left(c);
    for (size_t i = 0; status == PIC_OK && i < r->stream_n; i++) {
        struct stream *s = &r->streams[i];
        status = pic_column_get(c, (enum pic_kind)s->kind, s->uses,
                                pic_dot(r->device, r->first_seq), &free_offsets, &left, &s->column);
    }
    return status == PIC_OK ? pic_cursor_end(c) : status;
}

int pic_segment_reader_open(struct pic_segment_reader *r, const struct pic_segment *segment)
{
    int status = hold(r, segment);
    if (status != PIC_OK)
        return status;
    r->device = segment->device;
    r->count = segment->count;
    r->first_seq = segment->first_seq;
    r->last_seq = segment->last_seq;
    r->seq = segment->first_seq - 1;
    r->at = 0;
    r->target_at = r->base_code_at = r->base_dot_at = 0;
    struct pic_cursor c = pic_cursor_of(r->body, segment->inflated);
    status = read_shapes(r, &c);
    if (status == PIC_OK)
        status = read_frame(r, &c, segment->inflated);
    if (status == PIC_OK)
        status = read_streams(r, &c);
    if (status != PIC_OK)
        r->count = 0; /* nothing to read from a segment that did not open */
    return status;
}

bool pic_segment_reader_has(const struct pic_segment_reader *r, enum pic_kind kind)
{
    for (size_t i = 0; i < r->stream_n; i++)
        if (r->streams[i].kind == kind && r->streams[i].uses > 0)
            return true;
    return false;
}

/* The stamp of change i: milliseconds move by the first column; the counter starts again when they
 * do, else moves by one and the second column. Stamps are strictly ascending by construction. */
static int next_stamp(struct pic_segment_reader *r, size_t i)
{
    const uint64_t counter_mask = (UINT64_C(1) << STAMP_COUNTER_BITS) - 1;
    int64_t ms = pic_ints_at(&r->stamp_ms, i);
    int64_t counter = pic_ints_at(&r->stamp_counter, i);
    if (i == 0)
        return ms == 0 && counter == 0 ? PIC_OK : PIC_EFORMAT;
    if (ms < 0 || counter < 0 || (uint64_t)counter > counter_mask ||
        ms > INT64_MAX >> STAMP_COUNTER_BITS)
        return PIC_EFORMAT;
    uint64_t base =
        ms > 0 ? (r->stamp & ~counter_mask) + ((uint64_t)ms << STAMP_COUNTER_BITS) : r->stamp + 1;
    r->stamp = base + (uint64_t)counter;
    return r->stamp <= INT64_MAX ? PIC_OK : PIC_EFORMAT;
}

static int next_bases(struct pic_segment_reader *r, struct pic_change *change, struct pic_op *op,
                      uint64_t *bases)
{
    unsigned code = (unsigned)pic_ints_at(&r->base_code, r->base_code_at++);
    op->bases = bases;
    op->base_n = (uint8_t)(code == 0 ? 1 : code - 1);
    if (code == 0)
        bases[0] = change->id;
    for (unsigned k = 0; code >= 2 && k < op->base_n; k++) {
        bases[k] = change->dot - (uint64_t)pic_ints_at(&r->base_dot, r->base_dot_at++);
        if (pic_dot_device(bases[k]) == 0 || pic_dot_seq(bases[k]) == 0 || bases[k] > INT64_MAX)
            return PIC_EFORMAT;
    }
    return PIC_OK;
}

static int next_ops(struct pic_segment_reader *r, const struct shape *shape,
                    struct pic_change *change)
{
    for (size_t k = 0; k < shape->op_n; k++) {
        struct pic_op *op = &r->ops[k];
        *op = (struct pic_op){.field = shape->field[k]};
        int status = pic_column_next(&r->streams[shape->stream[k]].column, &op->value);
        if (status == PIC_OK && !shape->creates)
            status = next_bases(r, change, op, r->bases + k * PIC_OP_BASES_MAX);
        if (status != PIC_OK)
            return status;
    }
    return PIC_OK;
}

/* After the last change: the sequence ends where the header says, no text is left over. */
static int finish(const struct pic_segment_reader *r)
{
    for (size_t i = 0; i < r->stream_n; i++)
        if (!pic_column_is_spent(&r->streams[i].column))
            return PIC_EFORMAT;
    return r->seq == r->last_seq ? PIC_OK : PIC_EFORMAT;
}

int pic_segment_reader_next(struct pic_segment_reader *r, struct pic_change *out, bool *done)
{
    *done = r->at == r->count;
    if (*done)
        return PIC_OK;
    size_t i = r->at++;
    const struct shape *shape = &r->shapes[pic_ints_at(&r->shape_of, i)];
    int64_t gap = pic_ints_at(&r->seq_gap, i);
    if (gap < 0 || (uint64_t)gap >= r->last_seq - r->seq || (i == 0 && gap != 0))
        return PIC_EFORMAT;
    r->seq += (uint64_t)gap + 1;
    int status = next_stamp(r, i);
    if (status != PIC_OK)
        return status;
    struct pic_change change = {.dot = pic_dot(r->device, r->seq),
                                .stamp = r->stamp,
                                .entity = shape->entity,
                                .op_n = shape->op_n,
                                .ops = r->ops};
    change.id = shape->creates ? change.dot
                               : change.dot - (uint64_t)pic_ints_at(&r->target, r->target_at++);
    if (pic_dot_device(change.id) == 0 || pic_dot_seq(change.id) == 0 || change.id > INT64_MAX ||
        (!shape->creates && change.id == change.dot))
        return PIC_EFORMAT;
    status = next_ops(r, shape, &change);
    if (status == PIC_OK && r->at == r->count)
        status = finish(r);
    if (status == PIC_OK)
        *out = change;
    return status;
}

int pic_segment_check(struct pic_segment_reader *r, const struct pic_segment *segment,
                      uint64_t *last_stamp)
{
    int status = pic_segment_reader_open(r, segment);
    struct pic_change change = {0};
    bool done = false;
    while (status == PIC_OK && !done)
        status = pic_segment_reader_next(r, &change, &done);
    if (status == PIC_OK && last_stamp != NULL)
        *last_stamp = change.stamp; /* stamps ascend */
    return status;
}
