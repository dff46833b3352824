/* column: one run of values of the same kind inside a segment's body, small before deflate.
 *
 *     ints    width u8 | min zigzag | width planes of n bytes, most significant first:
 *             value i = min + the big-endian number made of byte i of each plane
 *     texts   mode u8; 0: length varint | texts, each ended by NUL
 *                      1: entries varint | length varint | entries, each ended by NUL | ints
 * (index) bytes   ints (lengths) | the bytes, one after the other refs    ints (difference from the
 * reference before, the first from the segment's first dot)
 *
 * A column of no values takes no byte. Byte planes put the bytes that hardly vary side by side, and
 * a table turns a repeated code into one byte: both let deflate see what a row layout hides.
 * Source: Abadi et al., "Integrating Compression and Execution in Column-Oriented Database
 * Systems", SIGMOD 2006 (frame of reference, dictionary encoding). */
#ifndef PIC_LOG_COLUMN_H
#define PIC_LOG_COLUMN_H

#include "protocol/log/change.h"

/* --- writing --- */

/* Appends a column of n integers. */
void pic_column_put_ints(struct pic_buf *out, const int64_t *values, size_t n);
/* Appends a column of n values, all of one kind (not NULL, which takes no byte). first_dot starts
 * the differences of references. PIC_EMEMORY. */
PIC_MUST_USE int pic_column_put(struct pic_buf *out, enum pic_kind kind,
                                const struct pic_value *const *values, size_t n,
                                uint64_t first_dot);

/* --- reading --- */

struct pic_ints {
    const uint8_t *planes;
    size_t n;
    int64_t min;
    unsigned width;
};

struct pic_column {
    enum pic_kind kind;
    struct pic_ints ints;    /* values, differences, lengths or indexes */
    const uint8_t *at, *end; /* texts one by one, or the bytes */
    uint32_t *table;         /* offsets of the entries of a text table, or NULL */
    const uint8_t *entries;
    uint64_t last; /* reference before */
    size_t next;   /* index of the next value */
};

/* Reads the description of n integers. c turns bad on malformed bytes. */
void pic_ints_get(struct pic_cursor *c, size_t n, struct pic_ints *out);

static inline int64_t pic_ints_at(const struct pic_ints *ints, size_t i)
{
    uint64_t v = 0;
    const uint8_t *p = ints->planes + i;
    for (unsigned k = 0; k < ints->width; k++, p += ints->n)
        v = v << 8 | *p;
    return (int64_t)((uint64_t)ints->min + v);
}

/* Reads the description of a column of n values. offsets has room for *offset_left entries of text
 * tables; what is used is taken from it. PIC_EFORMAT. */
PIC_MUST_USE int pic_column_get(struct pic_cursor *c, enum pic_kind kind, size_t n,
                                uint64_t first_dot, uint32_t **offsets, size_t *offset_left,
                                struct pic_column *out);
/* Next value, at most n times. PIC_EFORMAT. */
PIC_MUST_USE int pic_column_next(struct pic_column *column, struct pic_value *out);
/* Whether a column that was read to its end left bytes over. */
bool pic_column_is_spent(const struct pic_column *column);

#endif
