/* history: changes from column names and typed texts, kept so that they can be folded in any order.
 *
 *     uint64_t fund = history_create(&h, 1, org, "fund", "name", "PIC Lens", "year", "2026",
 *                                    "carrier", history_ref(&h, org), NULL);
 *
 * A device writes with increasing sequences; stamps follow the order of the calls unless h.stamp is
 * set. Documents, keys and identities are named by any text, of which they become the hash. Any
 * mistake ends the test program with a message. */
#ifndef PIC_TESTS_HISTORY_H
#define PIC_TESTS_HISTORY_H

#include "schema/state/state.h"

enum { HISTORY_MAX = 1 << 14, HISTORY_DEVICES = 64, HISTORY_REFS = 16 };

struct history_item {
    uint64_t dot, audience, id;
    uint8_t entity;
    struct pic_buf change; /* pic_change_put */
};

struct history {
    struct history_item items[HISTORY_MAX];
    size_t n;
    uint64_t seq[HISTORY_DEVICES]; /* last one, by device number */
    uint64_t stamp;                /* of the next change */
    char refs[HISTORY_REFS][32];
    size_t ref;
};

struct history *history_new(void);
void history_free(struct history *h);

/* A reference as it is typed; valid for the next HISTORY_REFS calls. */
const char *history_ref(struct history *h, uint64_t id);

/* A creation: pairs of column and typed text, then NULL. Returns the id. */
uint64_t history_create(struct history *h, uint32_t device, uint64_t audience, const char *table,
                        ...) __attribute__((sentinel));
/* An edit with the bases its author saw. Returns its dot. */
uint64_t history_edit(struct history *h, uint32_t device, uint64_t audience, const char *table,
                      uint64_t id, const uint64_t *bases, size_t base_n, ...)
    __attribute__((sentinel));

/* Folds one item, or all of them in the order of indices (NULL: as they were made). Without flush.
 * *verdict may be NULL. */
void history_fold_one(const struct history *h, size_t index, struct pic_state *state, int *verdict);
void history_fold(const struct history *h, const size_t *order, struct pic_state *state);
/* A random order that keeps the order inside each log (device and audience). */
void history_interleave(const struct history *h, uint64_t seed, size_t *order);

/* A state in memory. */
struct history_state {
    struct pic_db db;
    struct pic_state *state;
};
void history_state_open(struct history_state *out);
void history_state_close(struct history_state *s);
/* One integer that a query gives. */
int64_t history_number(struct history_state *s, const char *sql);

#endif
