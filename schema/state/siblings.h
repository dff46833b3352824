/* siblings: the values of one field that no other value supersedes, and how they become one.
 *
 * A field starts with one sibling: what the creating change wrote, or nothing. A later write names
 * the values its author saw (its bases); those leave, it enters. One sibling is the value. Several
 * are concurrent edits, and the policy decides what is shown; none is lost. A base that has not
 * arrived yet is remembered as a ghost, so that the outcome depends on the set of changes and never
 * on the order in which they came.
 *
 *     heads = for each field with something to tell, ascending:
 *             field u8 | siblings varint | ghosts varint
 *             | (dot varint, stamp varint [, kind u8, value] when there are several)... | dot...
 *
 * Pure: knows no database. */
#ifndef PIC_STATE_SIBLINGS_H
#define PIC_STATE_SIBLINGS_H

#include "schema/dictionary/dictionary.h"

/* One write can supersede as many siblings as there may be. */
enum { PIC_SIBLINGS_MAX = PIC_OP_BASES_MAX, PIC_GHOSTS_MAX = 64, PIC_HEADS_MAX = 1 << 20 };

struct pic_sibling {
    uint64_t dot, stamp;
    struct pic_value value;
};

struct pic_siblings {
    struct pic_sibling list[PIC_SIBLINGS_MAX]; /* ascending (stamp, device) */
    size_t n;
    uint64_t ghosts[PIC_GHOSTS_MAX]; /* superseded before they arrived; ascending */
    size_t ghost_n;
};

/* Reads the siblings of a field from a row's heads; created is what the field is without any: the
 * creating change's dot and stamp with the column's value. Values are borrowed. PIC_EFORMAT when
 * heads is damaged. */
PIC_MUST_USE int pic_heads_get(struct pic_span heads, uint8_t field,
                               const struct pic_sibling *created, struct pic_siblings *out);
/* Appends heads to out with the entry of field replaced. */
PIC_MUST_USE int pic_heads_put(struct pic_span heads, uint8_t field, uint64_t created,
                               const struct pic_siblings *siblings, struct pic_buf *out);

/* Whether a dot has already been folded into this entity. */
struct pic_seen {
    bool (*seen)(void *context, uint64_t dot);
    void *context;
};

/* Adds a write. Where there are more siblings or ghosts than a field can have, which no honest
 * device causes, the oldest gives way: what arrives can never stop the folding. */
void pic_siblings_write(struct pic_siblings *s, const struct pic_sibling *write,
                        const uint64_t *bases, size_t base_n, const struct pic_seen *seen);

/* A change to the entity has arrived: no field waits for it any longer, written by it or not. */
PIC_MUST_USE int pic_heads_arrived(struct pic_span heads, uint64_t created, uint64_t dot,
                                   struct pic_buf *out);

/* What is shown: the greatest (stamp, device), or the union of the sets, appended to store. */
PIC_MUST_USE int pic_siblings_value(const struct pic_siblings *s, enum pic_policy policy,
                                    struct pic_buf *store, struct pic_value *out);

/* Whether a person has to choose: more than one distinct value. */
bool pic_siblings_disagree(const struct pic_siblings *s);

#endif
