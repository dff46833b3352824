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

/* Of one row of any query, as above: BLAKE2b-256 of the row that stmt stands on. PIC_EMEMORY;
 * PIC_ELIMIT for more than 16 MiB. */
PIC_MUST_USE int pic_row_digest(sqlite3_stmt *stmt, uint8_t out[static PIC_HASH_SIZE]);

/* The first row at which a table differs between two databases, in the order of keys. *differs is
 * false when there is none; what failed is PIC_ESTORE_DAMAGED when a side cannot be read. */
struct pic_state_difference {
    uint64_t row;               /* rows that were alike, hence the number of this one, from 0 */
    uint64_t id;                /* first column of the row, the least of both sides */
    struct pic_buf left, right; /* the row in words, "" where a side has no more; released by the
                                   caller, whatever came of it */
};
PIC_MUST_USE int pic_state_compare(struct pic_db *left, struct pic_db *right, const char *table,
                                   bool *differs, struct pic_state_difference *out);

#endif
