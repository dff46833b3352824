#include "server/row_digest.h"

static void put_u64(struct pic_hasher *h, uint64_t v)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(v >> (8 * i));
    pic_hasher_update(h, pic_span_of(bytes, sizeof bytes));
}

void pic_row_digest(sqlite3_stmt *stmt, uint8_t out[static PIC_HASH_SIZE])
{
    struct pic_hasher h;
    pic_hasher_init(&h);
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
        uint8_t type = (uint8_t)sqlite3_column_type(stmt, i);
        pic_hasher_update(&h, pic_span_of(&type, 1));
        if (type == SQLITE_INTEGER) {
            put_u64(&h, sizeof(uint64_t));
            put_u64(&h, (uint64_t)sqlite3_column_int64(stmt, i));
            continue;
        }
        struct pic_span bytes = pic_db_column_span(stmt, i);
        put_u64(&h, bytes.n);
        pic_hasher_update(&h, bytes);
    }
    pic_hasher_final(&h, out);
}
