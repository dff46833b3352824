#include "protocol/log/column.h"

#include <stdlib.h>
#include <string.h>

enum {
    TEXTS_PLAIN = 0,
    TEXTS_TABLE = 1,
    TABLE_ENTRIES_MAX = 256, /* so that an index is one byte */
    TABLE_SLOTS = 1024,      /* open addressing, never more than a quarter full */
    TABLE_GAIN = 2,          /* a table pays when each entry serves twice on average */
};

/* --- writing --- */

static unsigned bytes_needed(uint64_t range)
{
    unsigned width = 0;
    for (; range != 0; range >>= 8)
        width++;
    return width;
}

void pic_column_put_ints(struct pic_buf *out, const int64_t *values, size_t n)
{
    if (n == 0)
        return;
    int64_t min = values[0];
    int64_t max = values[0];
    for (size_t i = 1; i < n; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    unsigned width = bytes_needed((uint64_t)max - (uint64_t)min);
    pic_buf_u8(out, (uint8_t)width);
    pic_buf_zigzag(out, min);
    uint8_t *planes = pic_buf_room(out, (size_t)width * n);
    if (planes == NULL)
        return;
    for (unsigned k = 0; k < width; k++)
        for (size_t i = 0; i < n; i++)
            planes[k * n + i] =
                (uint8_t)(((uint64_t)values[i] - (uint64_t)min) >> (8 * (width - 1 - k)));
    out->len += (size_t)width * n;
}

struct text_table {
    struct pic_span entries[TABLE_ENTRIES_MAX];
    uint16_t slots[TABLE_SLOTS]; /* entry index + 1; 0: free */
    size_t entry_n;
};

static uint32_t text_hash(struct pic_span s)
{
    uint32_t h = 2166136261U; /* FNV-1a: a table of our own writing has no adversary */
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ s.p[i]) * 16777619U;
    return h;
}

/* Index of s in the table, added where it is new; TABLE_ENTRIES_MAX when the table is full. */
static size_t table_index(struct text_table *t, struct pic_span s)
{
    for (size_t slot = text_hash(s) % TABLE_SLOTS;; slot = (slot + 1) % TABLE_SLOTS) {
        if (t->slots[slot] == 0) {
            if (t->entry_n == TABLE_ENTRIES_MAX)
                return TABLE_ENTRIES_MAX;
            t->entries[t->entry_n] = s;
            t->slots[slot] = (uint16_t)++t->entry_n;
            return t->entry_n - 1;
        }
        if (pic_span_equal(t->entries[t->slots[slot] - 1], s))
            return t->slots[slot] - 1U;
    }
}

/* Fills index[] and tells whether a table is worth it. */
static bool build_table(struct text_table *t, const struct pic_value *const *values, size_t n,
                        int64_t *index)
{
    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < n; i++) {
        size_t at = table_index(t, values[i]->s);
        if (at == TABLE_ENTRIES_MAX)
            return false;
        index[i] = (int64_t)at;
    }
    return t->entry_n * TABLE_GAIN <= n;
}

static void put_terminated(struct pic_buf *out, struct pic_span s)
{
    pic_buf_bytes(out, s.p, s.n);
    pic_buf_u8(out, 0);
}

static void put_texts(struct pic_buf *out, const struct pic_value *const *values, size_t n,
                      int64_t *scratch)
{
    struct text_table table;
    bool tabled = build_table(&table, values, n, scratch);
    size_t count = tabled ? table.entry_n : n;
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        length += (tabled ? table.entries[i].n : values[i]->s.n) + 1;
    pic_buf_u8(out, tabled ? TEXTS_TABLE : TEXTS_PLAIN);
    if (tabled)
        pic_buf_varint(out, count);
    pic_buf_varint(out, length);
    for (size_t i = 0; i < count; i++)
        put_terminated(out, tabled ? table.entries[i] : values[i]->s);
    if (tabled)
        pic_column_put_ints(out, scratch, n);
}

static void put_bytes(struct pic_buf *out, const struct pic_value *const *values, size_t n,
                      int64_t *scratch)
{
    for (size_t i = 0; i < n; i++)
        scratch[i] = (int64_t)values[i]->s.n;
    pic_column_put_ints(out, scratch, n);
    for (size_t i = 0; i < n; i++)
        pic_buf_bytes(out, values[i]->s.p, values[i]->s.n);
}

static void put_numbers(struct pic_buf *out, enum pic_kind kind,
                        const struct pic_value *const *values, size_t n, uint64_t last,
                        int64_t *scratch)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t v = (uint64_t)values[i]->i;
        scratch[i] = (int64_t)(kind == PIC_KIND_REF ? v - last : v);
        last = v;
    }
    pic_column_put_ints(out, scratch, n);
}

int pic_column_put(struct pic_buf *out, enum pic_kind kind, const struct pic_value *const *values,
                   size_t n, uint64_t first_dot)
{
    if (n == 0 || kind == PIC_KIND_NULL)
        return PIC_OK;
    int64_t *scratch = malloc(n * sizeof *scratch);
    if (scratch == NULL)
        return PIC_EMEMORY;
    if (kind == PIC_KIND_TEXT)
        put_texts(out, values, n, scratch);
    else if (kind == PIC_KIND_BYTES)
        put_bytes(out, values, n, scratch);
    else
        put_numbers(out, kind, values, n, first_dot, scratch);
    free(scratch);
    return PIC_OK;
}

/* --- reading --- */

void pic_ints_get(struct pic_cursor *c, size_t n, struct pic_ints *out)
{
    *out = (struct pic_ints){.n = n};
    if (n == 0)
        return;
    out->width = pic_cursor_u8(c);
    out->min = pic_cursor_zigzag(c);
    if (out->width > sizeof(uint64_t))
        c->bad = true;
    out->planes = pic_cursor_bytes(c, (size_t)out->width * n);
    if (c->bad)
        *out = (struct pic_ints){.n = n};
}

/* Notes where each of the n entries starts; they must fill [at, end) exactly. */
static int index_entries(const uint8_t *at, const uint8_t *end, size_t n, uint32_t *offsets)
{
    const uint8_t *start = at;
    for (size_t i = 0; i < n; i++) {
        offsets[i] = (uint32_t)(at - start);
        const uint8_t *nul = at < end ? memchr(at, 0, (size_t)(end - at)) : NULL;
        if (nul == NULL)
            return PIC_EFORMAT;
        at = nul + 1;
    }
    return at == end ? PIC_OK : PIC_EFORMAT;
}

static int get_texts(struct pic_cursor *c, size_t n, uint32_t **offsets, size_t *offset_left,
                     struct pic_column *out)
{
    unsigned mode = pic_cursor_u8(c);
    if (mode > TEXTS_TABLE)
        return PIC_EFORMAT;
    size_t entries = mode == TEXTS_TABLE ? (size_t)pic_cursor_varint_max(c, *offset_left) : 0;
    struct pic_span texts = pic_cursor_span(c, PIC_SEGMENT_INFLATED_MAX);
    if (c->bad)
        return PIC_EFORMAT;
    out->at = texts.p;
    out->end = texts.p + texts.n;
    if (mode == TEXTS_PLAIN)
        return PIC_OK;
    int status = index_entries(out->at, out->end, entries, *offsets);
    out->table = *offsets;
    out->entries = texts.p;
    out->at = out->end;
    *offsets += entries;
    *offset_left -= entries;
    pic_ints_get(c, n, &out->ints);
    for (size_t i = 0; status == PIC_OK && !c->bad && i < n; i++) {
        int64_t at = pic_ints_at(&out->ints, i);
        if (at < 0 || (uint64_t)at >= entries)
            status = PIC_EFORMAT;
    }
    return status;
}

static int get_bytes(struct pic_cursor *c, size_t n, struct pic_column *out)
{
    pic_ints_get(c, n, &out->ints);
    size_t total = 0;
    for (size_t i = 0; !c->bad && i < n; i++) {
        int64_t length = pic_ints_at(&out->ints, i);
        if (length < 0 || length > PIC_TEXT_MAX)
            return PIC_EFORMAT;
        total += (size_t)length; /* at most 2^16 * 2^14 */
    }
    out->at = pic_cursor_bytes(c, total);
    if (out->at != NULL)
        out->end = out->at + total;
    return PIC_OK;
}

int pic_column_get(struct pic_cursor *c, enum pic_kind kind, size_t n, uint64_t first_dot,
                   uint32_t **offsets, size_t *offset_left, struct pic_column *out)
{
    *out = (struct pic_column){.kind = kind, .ints.n = n, .last = first_dot};
    int status = PIC_OK;
    if (n == 0 || kind == PIC_KIND_NULL)
        return PIC_OK;
    if (kind == PIC_KIND_TEXT)
        status = get_texts(c, n, offsets, offset_left, out);
    else if (kind == PIC_KIND_BYTES)
        status = get_bytes(c, n, out);
    else
        pic_ints_get(c, n, &out->ints);
    return c->bad ? PIC_EFORMAT : status;
}

static int next_plain_text(struct pic_column *column, struct pic_value *out)
{
    const uint8_t *nul =
        column->at < column->end ? memchr(column->at, 0, (size_t)(column->end - column->at)) : NULL;
    if (nul == NULL)
        return PIC_EFORMAT;
    out->s = pic_span_of(column->at, (size_t)(nul - column->at));
    column->at = nul + 1;
    return out->s.n <= PIC_TEXT_MAX ? PIC_OK : PIC_EFORMAT;
}

int pic_column_next(struct pic_column *column, struct pic_value *out)
{
    size_t i = column->next++;
    *out = (struct pic_value){.kind = column->kind};
    switch (column->kind) {
    case PIC_KIND_INT:
        out->i = pic_ints_at(&column->ints, i);
        return PIC_OK;
    case PIC_KIND_REF:
        column->last += (uint64_t)pic_ints_at(&column->ints, i);
        out->i = (int64_t)column->last;
        return pic_dot_device(column->last) >= 1 && pic_dot_seq(column->last) >= 1 && out->i > 0
                   ? PIC_OK
                   : PIC_EFORMAT;
    case PIC_KIND_TEXT:
        if (column->table == NULL)
            return next_plain_text(column, out);
        out->s.p = column->entries + column->table[pic_ints_at(&column->ints, i)];
        out->s.n = strlen((const char *)out->s.p);
        return out->s.n <= PIC_TEXT_MAX ? PIC_OK : PIC_EFORMAT;
    case PIC_KIND_BYTES:
        out->s = pic_span_of(column->at, (size_t)pic_ints_at(&column->ints, i));
        column->at += out->s.n;
        return PIC_OK;
    case PIC_KIND_NULL:
    case PIC_KIND_COUNT:
        break;
    }
    return PIC_OK;
}

bool pic_column_is_spent(const struct pic_column *column)
{
    return column->at == column->end;
}
