/* row_digest: what a row of a query says, as one hash: every column with its type and its length,
 * so that no two different rows have the same. */
#ifndef PIC_SERVER_ROW_DIGEST_H
#define PIC_SERVER_ROW_DIGEST_H

#include "protocol/crypto/keys.h"
#include "schema/store/db.h"

/* BLAKE2b-256 over (type u8, length u64, bytes) of each column of the row that stmt stands on. */
void pic_row_digest(sqlite3_stmt *stmt, uint8_t out[static PIC_HASH_SIZE]);

#endif
