#include "protocol/log/change.h"

#include <stdio.h>
#include <stdlib.h>

bool pic_value_equal(const struct pic_value *a, const struct pic_value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case PIC_KIND_INT:
    case PIC_KIND_REF:
        return a->i == b->i;
    case PIC_KIND_TEXT:
    case PIC_KIND_BYTES:
        return pic_span_equal(a->s, b->s);
    case PIC_KIND_NULL:
    case PIC_KIND_COUNT:
        break;
    }
    return true;
}

static void put_op(struct pic_buf *out, const struct pic_op *op)
{
    pic_buf_u8(out, op->field);
    pic_buf_u8(out, (uint8_t)op->value.kind);
    pic_buf_u8(out, op->base_n);
    for (unsigned i = 0; i < op->base_n; i++)
        pic_buf_varint(out, op->bases[i]);
    if (op->value.kind == PIC_KIND_INT || op->value.kind == PIC_KIND_REF)
        pic_buf_zigzag(out, op->value.i);
    else if (op->value.kind != PIC_KIND_NULL)
        pic_buf_span(out, op->value.s);
}

void pic_change_put(struct pic_buf *out, const struct pic_change *change)
{
    pic_buf_varint(out, change->dot);
    pic_buf_varint(out, change->stamp);
    pic_buf_varint(out, change->id);
    pic_buf_u8(out, change->entity);
    pic_buf_u8(out, change->op_n);
    for (unsigned i = 0; i < change->op_n; i++)
        put_op(out, &change->ops[i]);
}

static void get_op(struct pic_cursor *c, uint64_t *bases, struct pic_op *op)
{
    *op = (struct pic_op){.field = pic_cursor_u8(c)};
    unsigned kind = pic_cursor_u8(c);
    op->base_n = pic_cursor_u8(c);
    if (kind >= PIC_KIND_COUNT || op->base_n > PIC_OP_BASES_MAX) {
        c->bad = true;
        op->base_n = 0;
        return;
    }
    op->value.kind = (enum pic_kind)kind;
    op->bases = bases;
    for (unsigned i = 0; i < op->base_n; i++)
        bases[i] = pic_cursor_varint(c);
    if (kind == PIC_KIND_INT || kind == PIC_KIND_REF)
        op->value.i = pic_cursor_zigzag(c);
    else if (kind != PIC_KIND_NULL)
        op->value.s = pic_cursor_span(c, PIC_TEXT_MAX);
}

int pic_change_get(struct pic_cursor *c, struct pic_change_store *store, struct pic_change *out)
{
    *out = (struct pic_change){.ops = store->ops};
    out->dot = pic_cursor_varint(c);
    out->stamp = pic_cursor_varint(c);
    out->id = pic_cursor_varint(c);
    out->entity = pic_cursor_u8(c);
    unsigned op_n = pic_cursor_u8(c);
    if (op_n > PIC_CHANGE_OPS_MAX)
        return PIC_EFORMAT;
    out->op_n = (uint8_t)op_n;
    for (size_t i = 0; i < op_n; i++)
        get_op(c, store->bases + i * PIC_OP_BASES_MAX, &store->ops[i]);
    return c->bad ? PIC_EFORMAT : PIC_OK;
}

void pic_dot_print(uint64_t dot, struct pic_buf *out)
{
    pic_buf_printf(out, "%u-%llu", pic_dot_device(dot), (unsigned long long)pic_dot_seq(dot));
}

/* Decimal digits up to max; NULL when there are none or too many. */
static const char *parse_digits(const char *p, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    const char *start = p;
    for (; *p >= '0' && *p <= '9'; p++) {
        v = v * 10 + (uint64_t)(*p - '0');
        if (v > max)
            return NULL;
    }
    *out = v;
    return p == start || v == 0 ? NULL : p;
}

int pic_dot_parse(const char *typed, uint64_t *out)
{
    uint64_t device;
    uint64_t seq;
    const char *p = parse_digits(typed, PIC_DEVICE_MAX, &device);
    if (p == NULL || *p != '-')
        return PIC_EFORMAT;
    p = parse_digits(p + 1, (UINT64_C(1) << PIC_SEQ_BITS) - 1, &seq);
    if (p == NULL || *p != '\0')
        return PIC_EFORMAT;
    *out = pic_dot((uint32_t)device, seq);
    return PIC_OK;
}
