#include "schema/store/db.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    LENGTH_MAX = 4 << 20, /* bytes of one value or row */
    SQL_MAX = 1 << 20,
    CHECKPOINT_PAGES = 1000,
    PRAGMA_MAX = 512,
};

int pic_db_status(int sqlite_code)
{
    switch (sqlite_code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return PIC_OK;
    case SQLITE_FULL:
        return PIC_EDISK_FULL;
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return PIC_EIO;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return PIC_ESTORE_IN_USE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        return PIC_ESTORE_DAMAGED;
    case SQLITE_NOMEM:
        return PIC_EMEMORY;
    default:
        return PIC_EFAIL;
    }
}

int pic_db_fail(struct pic_db *db, int sqlite_code, struct pic_err *err)
{
    const char *words = db->handle == NULL ? "" : sqlite3_errmsg(db->handle);
    return pic_fail(err, pic_db_status(sqlite_code), words, NULL);
}

static void set_flag(sqlite3 *handle, int option, int on)
{
    (void)sqlite3_db_config(handle, option, on, NULL);
}

static int configure(struct pic_db *db, const struct pic_db_options *options, struct pic_err *err)
{
    char pragmas[PRAGMA_MAX];
    set_flag(db->handle, SQLITE_DBCONFIG_DQS_DML, 0);
    set_flag(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0);
    set_flag(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
    set_flag(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1);
    set_flag(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1);
    (void)sqlite3_limit(db->handle, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    (void)sqlite3_limit(db->handle, SQLITE_LIMIT_SQL_LENGTH, SQL_MAX);
    (void)sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 2);
    (void)sqlite3_busy_timeout(db->handle, options->busy_ms);
    (void)snprintf(pragmas, sizeof pragmas,
                   "PRAGMA recursive_triggers = OFF; PRAGMA mmap_size = 0;"
                   "PRAGMA secure_delete = OFF; PRAGMA temp_store = MEMORY;"
                   "PRAGMA cell_size_check = ON; PRAGMA synchronous = %s; PRAGMA cache_size = %d;",
                   options->durability == PIC_DURABLE ? "FULL" : "OFF",
                   options->cache_kib > 0 ? -options->cache_kib : -1024);
    int status = pic_db_exec(db, pragmas, err);
    if (status != PIC_OK || options->read_only)
        return status;
    (void)snprintf(pragmas, sizeof pragmas,
                   "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = %d;", CHECKPOINT_PAGES);
    return pic_db_exec(db, pragmas, err);
}

int pic_db_open(const char *path, const struct pic_db_options *options, struct pic_db *out,
                struct pic_err *err)
{
    int flags = options->read_only ? SQLITE_OPEN_READONLY
                                   : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    *out = (struct pic_db){0};
    mode_t before = umask(S_IRWXG | S_IRWXO); /* for the files that SQLite makes beside it too */
    int code = sqlite3_open_v2(path, &out->handle, flags | SQLITE_OPEN_NOMUTEX, options->vfs);
    int status = code == SQLITE_OK ? configure(out, options, err) : pic_db_fail(out, code, err);
    (void)umask(before);
    if (status != PIC_OK)
        pic_db_close(out);
    return status;
}

void pic_db_close(struct pic_db *db)
{
    (void)sqlite3_close_v2(db->handle);
    *db = (struct pic_db){0};
}

int pic_db_exec(struct pic_db *db, const char *sql, struct pic_err *err)
{
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? PIC_OK : pic_db_fail(db, code, err);
}

int pic_db_begin(struct pic_db *db, struct pic_err *err)
{
    return pic_db_exec(db, "BEGIN IMMEDIATE", err);
}

int pic_db_commit(struct pic_db *db, struct pic_err *err)
{
    return pic_db_exec(db, "COMMIT", err);
}

void pic_db_rollback(struct pic_db *db)
{
    if (sqlite3_get_autocommit(db->handle) == 0)
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

static int read_version(struct pic_db *db, int *version, struct pic_err *err)
{
    bool row;
    sqlite3_stmt *stmt = pic_db_prepare(db, "PRAGMA user_version", err);
    if (stmt == NULL)
        return err->status;
    int status = pic_db_step(stmt, &row);
    *version = status == PIC_OK && row ? sqlite3_column_int(stmt, 0) : 0;
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

static int migrate_once(struct pic_db *db, const char *script, int version, struct pic_err *err)
{
    char pragma[64];
    (void)snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", version);
    int status = pic_db_begin(db, err);
    if (status == PIC_OK)
        status = pic_db_exec(db, script, err);
    if (status == PIC_OK)
        status = pic_db_exec(db, pragma, err);
    if (status == PIC_OK)
        status = pic_db_commit(db, err);
    if (status != PIC_OK)
        pic_db_rollback(db);
    return status;
}

int pic_db_migrate(struct pic_db *db, const char *const *scripts, int script_n,
                   struct pic_err *err)
{
    int version = 0;
    struct pic_err local = {0};
    err = err == NULL ? &local : err;
    int status = read_version(db, &version, err);
    if (status == PIC_OK && version > script_n)
        return pic_fail(err, PIC_ESTORE_NEWER, NULL);
    for (int i = version; status == PIC_OK && i < script_n; i++)
        status = migrate_once(db, scripts[i], i + 1, err);
    return status;
}

sqlite3_stmt *pic_db_prepare(struct pic_db *db, const char *sql, struct pic_err *err)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
    if (code != SQLITE_OK) {
        (void)pic_db_fail(db, code, err);
        return NULL;
    }
    return stmt;
}

int pic_db_run(sqlite3_stmt *stmt)
{
    int code = sqlite3_step(stmt);
    (void)sqlite3_reset(stmt);
    return code == SQLITE_ROW ? PIC_EFAIL : pic_db_status(code);
}

int pic_db_step(sqlite3_stmt *stmt, bool *row)
{
    int code = sqlite3_step(stmt);
    *row = code == SQLITE_ROW;
    if (!*row)
        (void)sqlite3_reset(stmt);
    return pic_db_status(code);
}

struct pic_span pic_db_column_span(sqlite3_stmt *stmt, int column)
{
    const void *p = sqlite3_column_blob(stmt, column);
    int n = sqlite3_column_bytes(stmt, column);
    return p == NULL ? pic_span_of("", 0) : pic_span_of(p, (size_t)n);
}

void pic_db_bind_span(sqlite3_stmt *stmt, int parameter, struct pic_span s)
{
    (void)sqlite3_bind_blob64(stmt, parameter, s.n == 0 ? (const void *)"" : s.p, s.n,
                              SQLITE_STATIC);
}

void pic_db_bind_text(sqlite3_stmt *stmt, int parameter, struct pic_span s)
{
    (void)sqlite3_bind_text64(stmt, parameter, s.n == 0 ? "" : (const char *)s.p, s.n,
                              SQLITE_STATIC, SQLITE_UTF8);
}
