#include "tests/bench/rival_store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct rival_store {
    sqlite3 *db;
    sqlite3_stmt *put, *lines;
    int64_t write; /* number of the current or last write */
};

static const char schema[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -4096;"
    "PRAGMA secure_delete = OFF;"
    "CREATE TABLE IF NOT EXISTS project (id TEXT PRIMARY KEY, title TEXT, theme TEXT,"
    " territory TEXT, start TEXT, \"end\" TEXT, asked INTEGER, status TEXT, people INTEGER,"
    " holder_kind TEXT, place TEXT, summary TEXT, write INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sent (one INTEGER PRIMARY KEY CHECK (one = 1), upto INTEGER);"
    "INSERT OR IGNORE INTO sent VALUES (1, 0);";

static const char put_sql[] = "INSERT OR REPLACE INTO project VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)";

static const char lines_sql[] =
    "SELECT id, title, theme, territory, start, \"end\", asked, status, people, holder_kind, place,"
    " summary FROM project WHERE write > ?";

static void check(struct rival_store *store, bool ok)
{
    if (ok)
        return;
    (void)fprintf(stderr, "rival_store: %s\n", sqlite3_errmsg(store->db));
    exit(EXIT_FAILURE);
}

static void run(struct rival_store *store, const char *sql)
{
    check(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static sqlite3_stmt *prepare(struct rival_store *store, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    check(store, sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) ==
                     SQLITE_OK);
    return stmt;
}

static int64_t ask(struct rival_store *store, const char *sql)
{
    sqlite3_stmt *stmt = prepare(store, sql);
    check(store, sqlite3_step(stmt) == SQLITE_ROW);
    int64_t n = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return n;
}

struct rival_store *rival_store_open(const char *path)
{
    struct rival_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        abort();
    check(store, sqlite3_open(path, &store->db) == SQLITE_OK);
    run(store, schema);
    store->put = prepare(store, put_sql);
    store->lines = prepare(store, lines_sql);
    store->write = ask(store, "SELECT coalesce(max(write), 0) FROM project");
    return store;
}

void rival_store_close(struct rival_store *store)
{
    (void)sqlite3_finalize(store->put);
    (void)sqlite3_finalize(store->lines);
    check(store, sqlite3_close(store->db) == SQLITE_OK);
    free(store);
}

void rival_store_begin(struct rival_store *store)
{
    run(store, "BEGIN IMMEDIATE");
    store->write++;
}

void rival_store_put(struct rival_store *store, const struct rival_row *row)
{
    for (int i = 0; i < RIVAL_COLUMNS; i++) {
        const struct rival_value *value = &row->values[i];
        if (value->text == NULL)
            (void)sqlite3_bind_int64(store->put, i + 1, value->number);
        else
            (void)sqlite3_bind_text(store->put, i + 1, value->text, (int)value->size,
                                    SQLITE_STATIC);
    }
    (void)sqlite3_bind_int64(store->put, RIVAL_COLUMNS + 1, store->write);
    check(store, sqlite3_step(store->put) == SQLITE_DONE);
    (void)sqlite3_reset(store->put);
}

void rival_store_commit(struct rival_store *store)
{
    run(store, "COMMIT");
}

int64_t rival_store_lines(struct rival_store *store, int64_t since, struct rival_bytes *out)
{
    struct rival_row row = {0};
    int code;
    (void)sqlite3_bind_int64(store->lines, 1, since);
    while ((code = sqlite3_step(store->lines)) == SQLITE_ROW) {
        for (int i = 0; i < RIVAL_COLUMNS; i++) {
            struct rival_value *value = &row.values[i];
            if (rival_is_number((enum rival_column)i)) {
                value->number = sqlite3_column_int64(store->lines, i);
            } else {
                value->text = (const char *)sqlite3_column_text(store->lines, i);
                value->size = (size_t)sqlite3_column_bytes(store->lines, i);
            }
        }
        rival_row_write(&row, out);
    }
    check(store, code == SQLITE_DONE);
    (void)sqlite3_reset(store->lines);
    return store->write;
}

void rival_store_sent(struct rival_store *store, int64_t upto)
{
    char sql[64];
    (void)snprintf(sql, sizeof sql, "UPDATE sent SET upto = %lld", (long long)upto);
    run(store, sql);
}

int64_t rival_store_sent_upto(struct rival_store *store)
{
    return ask(store, "SELECT upto FROM sent");
}

struct rival_sum rival_store_sum(struct rival_store *store)
{
    return (struct rival_sum){
        .rows = ask(store, "SELECT count(*) FROM project"),
        .asked = ask(store, "SELECT coalesce(sum(asked), 0) FROM project"),
        .people = ask(store, "SELECT coalesce(sum(people), 0) FROM project"),
        .title_bytes = ask(store, "SELECT coalesce(sum(length(CAST(title AS BLOB))), 0)"
                                  " FROM project"),
        .summary_bytes = ask(store, "SELECT coalesce(sum(length(CAST(summary AS BLOB))), 0)"
                                    " FROM project"),
    };
}
