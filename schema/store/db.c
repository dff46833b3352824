#include "schema/store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CACHE_KIB = 2048,
    SCRIPT_MAX = 512,
    NUMBER_MAX = 16,
    PATH_SIZE = 4096,
    URI_MAX = 16384,
};

/* The most that one value, statement… may be; nothing this program writes comes near. */
static const struct {
    int what, most;
} limits[] = {
    {SQLITE_LIMIT_LENGTH, 16 << 20},
    {SQLITE_LIMIT_SQL_LENGTH, 1 << 20},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 10},
};

static const struct {
    int what, on;
} switches[] = {
    {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
    {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
};

int pic_db_status(int sqlite_code)
{
    if (sqlite_code == SQLITE_IOERR_NOMEM)
        return PIC_EMEMORY;
    switch (sqlite_code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return PIC_OK;
    case SQLITE_FULL:
        return PIC_EDISK_FULL;
    case SQLITE_IOERR:
        return PIC_EIO;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return PIC_ESTORE_IN_USE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return PIC_ESTORE_DAMAGED;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return PIC_EFILE;
    case SQLITE_TOOBIG:
        return PIC_ELIMIT;
    case SQLITE_NOMEM:
        return PIC_EMEMORY;
    default:
        return PIC_EFAIL;
    }
}

/* A full disk that shows while the log's index grows or a file is made is an I/O error to SQLite;
 * to people it is a full disk. */
static int status_of(sqlite3 *handle, int code)
{
    int status = pic_db_status(code);
    if (status == PIC_EIO || status == PIC_EFILE) {
        int cause = sqlite3_system_errno(handle);
        if (cause == ENOSPC || cause == EDQUOT)
            return PIC_EDISK_FULL;
    }
    return status;
}

int pic_db_fail(struct pic_db *db, int sqlite_code, struct pic_err *err)
{
    if (db->handle == NULL)
        return pic_fail(err, pic_db_status(sqlite_code), sqlite3_errstr(sqlite_code), NULL);
    return pic_fail(err, status_of(db->handle, sqlite_code), sqlite3_errmsg(db->handle), NULL);
}

int pic_db_exec(struct pic_db *db, const char *sql, struct pic_err *err)
{
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? PIC_OK : pic_db_fail(db, code, err);
}

/* SQLite would make a file that everybody can read. Only a file that was not there is ever closed
 * here: closing one that is in use would drop the locks this process holds on it. */
static void create_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd >= 0)
        (void)close(fd);
}

static int configure(struct pic_db *db, const struct pic_db_options *options, struct pic_err *err)
{
    int code = sqlite3_busy_timeout(db->handle, options->busy_ms);
    for (size_t i = 0; i < sizeof switches / sizeof *switches && code == SQLITE_OK; i++)
        code = sqlite3_db_config(db->handle, switches[i].what, switches[i].on, NULL);
    if (code != SQLITE_OK)
        return pic_db_fail(db, code, err);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        (void)sqlite3_limit(db->handle, limits[i].what, limits[i].most);
    char script[SCRIPT_MAX];
    (void)snprintf(script, sizeof script,
                   "PRAGMA recursive_triggers = OFF; PRAGMA cell_size_check = ON;"
                   "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA cache_size = -%d;"
                   "PRAGMA synchronous = %s; PRAGMA wal_autocheckpoint = 4000;"
                   "PRAGMA journal_size_limit = 16777216",
                   options->cache_kib > 0 ? options->cache_kib : CACHE_KIB,
                   options->durability == PIC_DURABLE ? "FULL" : "NORMAL");
    return pic_db_exec(db, script, err);
}

/* The one value of a query, as a number and as a short text. */
static int one_value(struct pic_db *db, const char *sql, int *number, char text[static NUMBER_MAX],
                     struct pic_err *err)
{
    sqlite3_stmt *stmt = pic_db_prepare(db, sql, err);
    if (stmt == NULL)
        return err->status;
    *number = 0;
    text[0] = '\0';
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW) {
        *number = sqlite3_column_int(stmt, 0);
        const unsigned char *value = sqlite3_column_text(stmt, 0);
        (void)snprintf(text, NUMBER_MAX, "%s", value == NULL ? "" : (const char *)value);
        code = sqlite3_step(stmt); /* what a pragma changes is committed after its row */
    }
    int status = code == SQLITE_DONE ? PIC_OK : pic_db_fail(db, code, err);
    (void)sqlite3_finalize(stmt);
    return status;
}

/* What a killed program wrote last may be in the log without having reached the disk: SQLite takes
 * it for committed, and so would whoever asks us, until the power goes. A checkpoint begins by
 * waiting for the log; what it then moves, or has no room to move, does not matter here. */
static int make_durable(struct pic_db *db, struct pic_err *err)
{
    int code = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    int primary = code & 0xff;
    bool synced = primary == SQLITE_OK || primary == SQLITE_BUSY || primary == SQLITE_LOCKED ||
                  status_of(db->handle, code) == PIC_EDISK_FULL;
    return synced ? PIC_OK : pic_db_fail(db, code, err);
}

/* Everything is read before anything may be written, so that what is no database stays as it is. */
static int settle(struct pic_db *db, const struct pic_db_options *options, struct pic_err *err)
{
    int number;
    char text[NUMBER_MAX];
    int status = one_value(db, "SELECT count(*) FROM sqlite_schema", &number, text, err);
    if (status != PIC_OK || options->read_only)
        return status;
    status = one_value(db, "PRAGMA journal_mode = WAL", &number, text, err);
    if (status == PIC_OK && strcmp(text, "wal") != 0 && strcmp(text, "memory") != 0)
        status = pic_fail(err, PIC_EIO, "no write-ahead log here", text, NULL);
    if (status == PIC_OK && options->durability == PIC_DURABLE)
        status = make_durable(db, err);
    return status;
}

void pic_db_start(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int open_as(const char *path, int flags, const struct pic_db_options *options,
                   struct pic_db *out, struct pic_err *err)
{
    struct pic_db db = {NULL};
    int code = sqlite3_open_v2(path, &db.handle,
                               flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, options->vfs);
    int status = code == SQLITE_OK ? PIC_OK : pic_db_fail(&db, code, err);
    if (status == PIC_OK)
        status = configure(&db, options, err);
    if (status == PIC_OK)
        status = settle(&db, options, err);
    if (status == PIC_OK)
        *out = db;
    else
        pic_db_close(&db);
    return status;
}

/* Appends path as SQLite wants it in a URI. */
static void put_uri(struct pic_buf *out, const char *path, const char *query)
{
    pic_buf_text(out, "file:");
    for (const char *p = path; *p != '\0'; p++)
        if (strchr("%?#", *p) != NULL)
            pic_buf_printf(out, "%%%02X", (unsigned char)*p);
        else
            pic_buf_u8(out, (uint8_t)*p);
    pic_buf_text(out, query);
}

/* Even a reader makes an index of the log beside the database. Where there is no room for one, or
 * none may be written, the log is read without; where there is no log the file is all there is,
 * and nobody can be writing to it. */
static int read_without_room(const char *path, const struct pic_db_options *options,
                             struct pic_db *out, struct pic_err *err)
{
    char log[PATH_SIZE];
    struct stat found;
    struct pic_buf uri;
    int n = snprintf(log, sizeof log, "%s-wal", path);
    if (n < 0 || (size_t)n >= sizeof log)
        return pic_fail(err, PIC_ELIMIT, path, NULL);
    bool logged = stat(log, &found) == 0 && found.st_size > 0;
    pic_buf_init(&uri, URI_MAX);
    put_uri(&uri, path, logged ? "?readonly_shm=1" : "?immutable=1");
    int status = pic_buf_status(&uri);
    if (status == PIC_OK)
        status = open_as(pic_buf_string(&uri), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, options, out,
                         err);
    pic_buf_release(&uri);
    return status;
}

int pic_db_open(const char *path, const struct pic_db_options *options, struct pic_db *out,
                struct pic_err *err)
{
    struct pic_err own = {0};
    err = err == NULL ? &own : err;
    if (!options->read_only) {
        if (options->vfs == NULL && strcmp(path, ":memory:") != 0)
            create_private(path);
        return open_as(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, options, out, err);
    }
    int status = open_as(path, SQLITE_OPEN_READONLY, options, out, err);
    bool no_room = status == PIC_EDISK_FULL || status == PIC_EFILE || status == PIC_EIO;
    if (!no_room || options->vfs != NULL || access(path, R_OK) != 0)
        return status;
    int second = read_without_room(path, options, out, &own);
    return second == PIC_OK ? PIC_OK : status;
}

void pic_db_close(struct pic_db *db)
{
    (void)sqlite3_close_v2(db->handle);
    db->handle = NULL;
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
    /* SQLite may have rolled back by itself; nothing is left to do when this fails too. */
    if (sqlite3_get_autocommit(db->handle) == 0)
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

int pic_db_checkpoint(struct pic_db *db, bool passive, struct pic_err *err)
{
    int mode = passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
    int code = sqlite3_wal_checkpoint_v2(db->handle, NULL, mode, NULL, NULL);
    if (code == SQLITE_OK || (passive && (code & 0xFF) == SQLITE_BUSY))
        return PIC_OK;
    return pic_db_fail(db, code, err);
}

/* One step forward, inside the caller's transaction. The version is read there, since another
 * process may have just done the same step. */
static int migrate_step(struct pic_db *db, const char *const *scripts, int script_n, int *version,
                        struct pic_err *err)
{
    char text[NUMBER_MAX];
    int status = one_value(db, "PRAGMA user_version", version, text, err);
    if (status != PIC_OK || *version >= script_n)
        return status;
    if (*version < 0)
        return pic_fail(err, PIC_ESTORE_DAMAGED, "negative version", text, NULL);
    status = pic_db_exec(db, scripts[*version], err);
    if (status != PIC_OK)
        return status;
    char mark[sizeof "PRAGMA user_version = " + NUMBER_MAX];
    (void)snprintf(mark, sizeof mark, "PRAGMA user_version = %d", ++*version);
    return pic_db_exec(db, mark, err);
}

static int check_version(int version, int script_n, struct pic_err *err)
{
    char text[NUMBER_MAX];
    char known[NUMBER_MAX];
    if (version <= script_n)
        return PIC_OK;
    (void)snprintf(text, sizeof text, "%d", version);
    (void)snprintf(known, sizeof known, "%d", script_n);
    return pic_fail(err, PIC_ESTORE_NEWER, text, known, NULL);
}

int pic_db_not_newer(struct pic_db *db, int script_n, struct pic_err *err)
{
    int version = 0;
    char text[NUMBER_MAX];
    int status = one_value(db, "PRAGMA user_version", &version, text, err);
    return status == PIC_OK ? check_version(version, script_n, err) : status;
}

int pic_db_migrate(struct pic_db *db, const char *const *scripts, int script_n, struct pic_err *err)
{
    struct pic_err own = {0};
    err = err == NULL ? &own : err;
    int version = 0;
    char text[NUMBER_MAX];
    int status = one_value(db, "PRAGMA user_version", &version, text, err);
    while (status == PIC_OK && version < script_n) {
        status = pic_db_begin(db, err);
        if (status != PIC_OK)
            return status;
        status = migrate_step(db, scripts, script_n, &version, err);
        if (status == PIC_OK)
            status = pic_db_commit(db, err);
        if (status != PIC_OK)
            pic_db_rollback(db);
    }
    return status == PIC_OK ? check_version(version, script_n, err) : status;
}

sqlite3_stmt *pic_db_prepare(struct pic_db *db, const char *sql, struct pic_err *err)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
    if (code != SQLITE_OK)
        (void)pic_db_fail(db, code, err);
    return stmt;
}

int pic_db_step(sqlite3_stmt *stmt, bool *row)
{
    int code = sqlite3_step(stmt);
    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW)
        return PIC_OK;
    (void)sqlite3_reset(stmt);
    return code == SQLITE_DONE ? PIC_OK : status_of(sqlite3_db_handle(stmt), code);
}

int pic_db_run(sqlite3_stmt *stmt)
{
    bool row;
    int status = pic_db_step(stmt, &row);
    if (row)
        (void)sqlite3_reset(stmt);
    return status;
}

struct pic_span pic_db_column_span(sqlite3_stmt *stmt, int column)
{
    const void *p = sqlite3_column_blob(stmt, column);
    int n = sqlite3_column_bytes(stmt, column);
    return p == NULL ? pic_span_of("", 0) : pic_span_of(p, (size_t)n);
}

/* SQLite takes a NULL address for NULL; an empty value is not that. */
static const void *address(struct pic_span s)
{
    return s.p == NULL ? (const void *)"" : s.p;
}

void pic_db_bind_span(sqlite3_stmt *stmt, int parameter, struct pic_span s)
{
    (void)sqlite3_bind_blob64(stmt, parameter, address(s), s.n, SQLITE_STATIC);
}

void pic_db_bind_text(sqlite3_stmt *stmt, int parameter, struct pic_span s)
{
    (void)sqlite3_bind_text64(stmt, parameter, address(s), s.n, SQLITE_STATIC, SQLITE_UTF8);
}
