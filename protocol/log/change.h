/* change: the unit of what people enter; one entity, one moment, the fields written together.
 *
 *     change = dot, stamp, entity type, entity id, ops[]      op = field number, bases, value
 *
 * A dot is device << 40 | seq: the address of a change, and, for the change that creates an entity,
 * the entity's id. A base is the dot of a value that the author saw and replaces. Pure data: no
 * module here knows what the numbers mean. */
#ifndef PIC_LOG_CHANGE_H
#define PIC_LOG_CHANGE_H

#include "protocol/base/bytes.h"
#include "protocol/base/limits.h"

enum pic_kind {
    PIC_KIND_NULL,  /* the field is emptied */
    PIC_KIND_INT,   /* money in cents, rates in basis points, counts, days since 1970, booleans */
    PIC_KIND_TEXT,  /* UTF-8 without NUL; codes, and sets as sorted codes joined by one space */
    PIC_KIND_BYTES, /* hashes, grids */
    PIC_KIND_REF,   /* an entity id */
    PIC_KIND_COUNT
};

struct pic_value {
    enum pic_kind kind;
    int64_t i;         /* PIC_KIND_INT and PIC_KIND_REF */
    struct pic_span s; /* PIC_KIND_TEXT and PIC_KIND_BYTES */
};

struct pic_op {
    uint8_t field;
    uint8_t base_n;
    const uint64_t *bases; /* base_n dots; in a decoded segment, valid until the next change */
    struct pic_value value;
};

struct pic_change {
    uint64_t dot;
    uint64_t stamp; /* hybrid logical clock */
    uint64_t id;    /* equal to dot where the change creates the entity */
    uint8_t entity;
    uint8_t op_n;
    const struct pic_op *ops; /* ascending field numbers */
};

static inline uint64_t pic_dot(uint32_t device, uint64_t seq)
{
    return (uint64_t)device << PIC_SEQ_BITS | seq;
}

static inline uint32_t pic_dot_device(uint64_t dot)
{
    return (uint32_t)(dot >> PIC_SEQ_BITS);
}

static inline uint64_t pic_dot_seq(uint64_t dot)
{
    return dot & ((UINT64_C(1) << PIC_SEQ_BITS) - 1);
}

bool pic_value_equal(const struct pic_value *a, const struct pic_value *b);

/* A change alone, row by row: how an agent keeps what is not sealed yet. Local only, never sent. */
void pic_change_put(struct pic_buf *out, const struct pic_change *change);
/* Reads it back into storage owned by the caller; texts are borrowed from c. PIC_EFORMAT. */
struct pic_change_store {
    struct pic_op ops[PIC_CHANGE_OPS_MAX];
    uint64_t bases[PIC_CHANGE_OPS_MAX * PIC_OP_BASES_MAX];
};
PIC_MUST_USE int pic_change_get(struct pic_cursor *c, struct pic_change_store *store,
                                struct pic_change *out);

/* "42-17": device and sequence, as people see and type a dot. */
void pic_dot_print(uint64_t dot, struct pic_buf *out);
PIC_MUST_USE int pic_dot_parse(const char *typed, uint64_t *out);

#endif
