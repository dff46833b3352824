/* digest: one hash for each table of a state, over all its rows in the order of their keys, so that
 * two states can be compared without being together: a state made again against the one kept up,
 * one replica against another.
 *
 *     table = BLAKE2b-256 of its name, then row after row      row = columns u8, then each value:
 *     'n' | 'i' zigzag | 't' span | 'b' span                    in the order of the columns
 *
 * Only tables that follow from the journal are named here (state.sql and the dictionary's). */
#ifndef PIC_STATE_DIGEST_H
#define PIC_STATE_DIGEST_H

#include "protocol/crypto/keys.h"
#include "schema/store/db.h"

/* Names of the tables in turn, the dictionary's first: *at is 0 at first; NULL at the end. */
const char *pic_state_table(size_t *at);

/* PIC_ENOT_FOUND when no such table belongs to a state. */
PIC_MUST_USE int pic_state_digest(struct pic_db *db, const char *table,
                                  uint8_t out[static PIC_HASH_SIZE]);
/* Of all tables together: of their names and digests in turn. */
PIC_MUST_USE int pic_state_digest_all(struct pic_db *db, uint8_t out[static PIC_HASH_SIZE]);

/* The first row at which a table differs between two databases: its number from 0 in the order of
 * keys, and both rows in words ("" where one has no more). *differs is false when there is none. */
struct pic_state_difference {
    uint64_t row;
    struct pic_buf left, right; /* released by the caller */
};
PIC_MUST_USE int pic_state_compare(struct pic_db *left, struct pic_db *right, const char *table,
                                   bool *differs, struct pic_state_difference *out);

#endif
