#include "schema/state/digest.h"

#include <string.h>

#include "schema/dictionary/dictionary.h"

enum { SQL_BYTES_MAX = 256, ROW_BYTES_MAX = 16 << 20, WORDS_MAX = 1 << 16 };

/* Tables of state.sql with their keys. */
static const struct {
    const char *name, *key;
} fixed[] = {
    {"history", "entity, dot"},
    {"quarantine", "dot"},
    {"conflict", "id, field"},
    {"money", "project"},
    {"rollup", "fund, funder, theme, territory"},
};

enum { FIXED_N = sizeof fixed / sizeof *fixed };

const char *pic_state_table(size_t *at)
{
    size_t entity_n = pic_dictionary_count();
    size_t i = (*at)++;
    if (i < entity_n)
        return pic_dictionary_at(i)->table;
    return i < entity_n + FIXED_N ? fixed[i - entity_n].name : NULL;
}

static const char *key_of(const char *table)
{
    for (size_t i = 0; i < FIXED_N; i++)
        if (strcmp(fixed[i].name, table) == 0)
            return fixed[i].key;
    return pic_dictionary_by_table(table) == NULL ? NULL : "id";
}

/* A statement over all rows of a table in the order of its key. */
static int open_rows(struct pic_db *db, const char *table, sqlite3_stmt **out)
{
    struct pic_buf sql;
    struct pic_err err = {0};
    const char *key = key_of(table);
    if (key == NULL)
        return PIC_ENOT_FOUND;
    pic_buf_init(&sql, SQL_BYTES_MAX);
    pic_buf_printf(&sql, "SELECT * FROM \"%s\" ORDER BY %s", table, key);
    *out = pic_db_prepare(db, pic_buf_string(&sql), &err);
    pic_buf_release(&sql);
    if (*out != NULL)
        return PIC_OK;
    return err.status == PIC_EFAIL ? PIC_ESTORE_DAMAGED : err.status; /* a table that was lost */
}

static void put_row(struct pic_buf *out, sqlite3_stmt *stmt)
{
    int n = sqlite3_column_count(stmt);
    pic_buf_u8(out, (uint8_t)n);
    for (int i = 0; i < n; i++)
        switch (sqlite3_column_type(stmt, i)) {
        case SQLITE_NULL:
            pic_buf_u8(out, 'n');
            break;
        case SQLITE_INTEGER:
            pic_buf_u8(out, 'i');
            pic_buf_zigzag(out, sqlite3_column_int64(stmt, i));
            break;
        case SQLITE_TEXT:
            pic_buf_u8(out, 't');
            pic_buf_span(out, pic_db_column_span(stmt, i));
            break;
        default:
            pic_buf_u8(out, 'b');
            pic_buf_span(out, pic_db_column_span(stmt, i));
            break;
        }
}

int pic_row_digest(sqlite3_stmt *stmt, uint8_t out[static PIC_HASH_SIZE])
{
    struct pic_buf bytes;
    struct pic_hasher hasher;
    pic_buf_init(&bytes, ROW_BYTES_MAX);
    put_row(&bytes, stmt);
    int status = pic_buf_status(&bytes);
    pic_hasher_init(&hasher);
    pic_hasher_update(&hasher, pic_buf_view(&bytes));
    pic_hasher_final(&hasher, out);
    pic_buf_release(&bytes);
    return status;
}

int pic_state_digest(struct pic_db *db, const char *table, uint8_t out[static PIC_HASH_SIZE])
{
    sqlite3_stmt *stmt;
    struct pic_buf bytes;
    struct pic_hasher hasher;
    int status = open_rows(db, table, &stmt);
    if (status != PIC_OK)
        return status;
    pic_buf_init(&bytes, ROW_BYTES_MAX);
    pic_hasher_init(&hasher);
    pic_buf_span(&bytes, pic_span_text(table));
    bool row = true;
    while (status == PIC_OK && row) {
        pic_hasher_update(&hasher, pic_buf_view(&bytes));
        pic_buf_clear(&bytes);
        status = pic_db_step(stmt, &row);
        if (status == PIC_OK && row)
            put_row(&bytes, stmt);
        if (status == PIC_OK)
            status = pic_buf_status(&bytes);
    }
    (void)sqlite3_finalize(stmt);
    pic_buf_release(&bytes);
    if (status == PIC_OK)
        pic_hasher_final(&hasher, out);
    return status;
}

int pic_state_digest_all(struct pic_db *db, uint8_t out[static PIC_HASH_SIZE])
{
    struct pic_hasher hasher;
    int status = PIC_OK;
    const char *table;
    pic_hasher_init(&hasher);
    for (size_t at = 0; status == PIC_OK && (table = pic_state_table(&at)) != NULL;) {
        uint8_t digest[PIC_HASH_SIZE];
        status = pic_state_digest(db, table, digest);
        if (status != PIC_OK)
            break;
        pic_hasher_update(&hasher, pic_span_of(table, strlen(table) + 1));
        pic_hasher_update(&hasher, pic_span_of(digest, sizeof digest));
    }
    if (status == PIC_OK)
        pic_hasher_final(&hasher, out);
    return status;
}

/* --- comparing --- */

static void tell_row(struct pic_buf *out, sqlite3_stmt *stmt)
{
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
        struct pic_span text = pic_db_column_span(stmt, i);
        pic_buf_printf(out, "%s%s=", i == 0 ? "" : " ", sqlite3_column_name(stmt, i));
        if (sqlite3_column_type(stmt, i) == SQLITE_BLOB)
            for (size_t k = 0; k < text.n; k++)
                pic_buf_printf(out, "%02x", text.p[k]);
        else if (text.n > 0)
            pic_buf_bytes(out, text.p, text.n);
    }
}

struct side {
    sqlite3_stmt *stmt;
    struct pic_buf bytes;
    bool row;
};

static int next_row(struct side *side)
{
    int status = pic_db_step(side->stmt, &side->row);
    pic_buf_clear(&side->bytes);
    if (status == PIC_OK && side->row)
        put_row(&side->bytes, side->stmt);
    return status == PIC_OK ? pic_buf_status(&side->bytes) : status;
}

static uint64_t id_of(const struct side *side)
{
    return side->row ? (uint64_t)sqlite3_column_int64(side->stmt, 0) : UINT64_MAX;
}

static int walk(struct side *left, struct side *right, bool *differs,
                struct pic_state_difference *out)
{
    int status = PIC_OK;
    *differs = false;
    for (out->row = 0; status == PIC_OK; out->row++) {
        status = next_row(left);
        if (status == PIC_OK)
            status = next_row(right);
        if (status != PIC_OK || (!left->row && !right->row))
            return status;
        *differs = !pic_span_equal(pic_buf_view(&left->bytes), pic_buf_view(&right->bytes));
        if (!*differs)
            continue;
        const uint64_t ids[2] = {id_of(left), id_of(right)};
        out->id = ids[0] < ids[1] ? ids[0] : ids[1];
        if (left->row)
            tell_row(&out->left, left->stmt);
        if (right->row)
            tell_row(&out->right, right->stmt);
        return PIC_OK;
    }
    return status;
}

int pic_state_compare(struct pic_db *left, struct pic_db *right, const char *table, bool *differs,
                      struct pic_state_difference *out)
{
    struct side a = {0};
    struct side b = {0};
    pic_buf_init(&a.bytes, ROW_BYTES_MAX);
    pic_buf_init(&b.bytes, ROW_BYTES_MAX);
    pic_buf_init(&out->left, WORDS_MAX);
    pic_buf_init(&out->right, WORDS_MAX);
    int status = open_rows(left, table, &a.stmt);
    if (status == PIC_OK)
        status = open_rows(right, table, &b.stmt);
    if (status == PIC_OK)
        status = walk(&a, &b, differs, out);
    (void)sqlite3_finalize(a.stmt);
    (void)sqlite3_finalize(b.stmt);
    pic_buf_release(&a.bytes);
    pic_buf_release(&b.bytes);
    return status;
}
