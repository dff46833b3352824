#include "tests/simulation/compare.h"

#include <string.h>

#include "schema/dictionary/dictionary.h"
#include "tests/simulation/history.h"

enum { SQL_MAX = 512, ROW_MAX = 4096 };

/* Tables beside those of the dictionary: their order, and what an association sees of them. */
static const struct {
    const char *table, *order, *seen;
} others[] = {
    {"history", "entity, dot", NULL},
    {"quarantine", "dot", "audience IN (0, ?1)"},
    {"conflict", "id, field", NULL},
    {"rollup", "fund, funder, theme, territory", "fund IN (SELECT id FROM fund WHERE org = ?1)"},
};

static void print_row(sqlite3_stmt *stmt, bool there, struct pic_buf *out)
{
    pic_buf_clear(out);
    for (int i = 0; there && i < sqlite3_column_count(stmt); i++) {
        struct pic_span s = pic_db_column_span(stmt, i);
        bool bytes = sqlite3_column_type(stmt, i) == SQLITE_BLOB;
        pic_buf_text(out, i == 0 ? "" : "|");
        for (size_t k = 0; bytes && k < s.n; k++)
            pic_buf_printf(out, "%02x", s.p[k]);
        if (!bytes && sqlite3_column_type(stmt, i) != SQLITE_NULL)
            pic_buf_printf(out, "%s", (const char *)sqlite3_column_text(stmt, i));
    }
    if (out->bad)
        pic_buf_clear(out);
}

static sqlite3_stmt *select(struct history *h, struct pic_db *db, const char *table,
                            const char *order, const char *where, const uint64_t *audience)
{
    char sql[SQL_MAX];
    (void)sqlite3_snprintf(sizeof sql, sql, "SELECT * FROM \"%w\" WHERE %s ORDER BY %s", table,
                           where, order);
    sqlite3_stmt *stmt = pic_db_prepare(db, sql, NULL);
    if (stmt == NULL)
        broken(h, "reading", "%s", sql);
    if (audience != NULL)
        (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)*audience);
    return stmt;
}

static void compare_table(struct history *h, const char *promise, const char *who,
                          sqlite3_stmt *left, sqlite3_stmt *right, const char *table)
{
    struct pic_buf a, b;
    bool there_a = true, there_b = true;
    pic_buf_init(&a, ROW_MAX);
    pic_buf_init(&b, ROW_MAX);
    while (there_a && there_b) {
        if (pic_db_step(left, &there_a) != PIC_OK || pic_db_step(right, &there_b) != PIC_OK)
            broken(h, "reading", "%s", table);
        print_row(left, there_a, &a);
        print_row(right, there_b, &b);
        if (there_a != there_b || !pic_span_equal(pic_buf_view(&a), pic_buf_view(&b)))
            broken(h, promise, "%s: %s\n  %s\n  %s", who, table,
                   there_a ? pic_buf_string(&a) : "(none)",
                   there_b ? pic_buf_string(&b) : "(none)");
    }
    (void)sqlite3_finalize(left);
    (void)sqlite3_finalize(right);
    pic_buf_release(&a);
    pic_buf_release(&b);
}

void compare_all(struct history *h, const char *promise, const char *who, struct pic_db *left,
                 struct pic_db *right, const uint64_t *audience)
{
    for (size_t i = 0; i < pic_dictionary_count(); i++) {
        const char *table = pic_dictionary_at(i)->table;
        const char *seen = audience == NULL ? "1" : "org IN (0, ?1)";
        compare_table(h, promise, who, select(h, left, table, "id", seen, audience),
                      select(h, right, table, "id", "1", NULL), table);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (audience != NULL && others[i].seen == NULL)
            continue;
        const char *seen = audience == NULL ? "1" : others[i].seen;
        compare_table(
            h, promise, who, select(h, left, others[i].table, others[i].order, seen, audience),
            select(h, right, others[i].table, others[i].order, "1", NULL), others[i].table);
    }
}
