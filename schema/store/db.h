/* db: one way to open a database and to talk to it. Only schema/ includes SQLite.
 *
 * Every connection gets WAL, the chosen durability, foreign keys, no double-quoted strings, no
 * untrusted schema, no recursive triggers, bounded lengths. A database whose version is newer than
 * the program's is refused (PIC_ESTORE_NEWER) and left untouched. Errors of SQLite become four
 * statuses with one policy each: PIC_EDISK_FULL (nothing lost, try again), PIC_EIO,
 * PIC_ESTORE_IN_USE (busy after the timeout), PIC_ESTORE_DAMAGED. Outside these four: PIC_EFILE (no
 * such file, or no right to it), PIC_ELIMIT, PIC_EMEMORY, and PIC_EFAIL for a mistake in the
 * program. */
#ifndef PIC_STORE_DB_H
#define PIC_STORE_DB_H

#include <sqlite3.h>

#include "protocol/base/bytes.h"

enum pic_durability {
    PIC_DURABLE,    /* synchronous=FULL: what is committed survives a power cut */
    PIC_REBUILDABLE /* synchronous=NORMAL: after a power cut it is as after some earlier commit,
                     * never half of one, so that it knows from where to catch up */
};

struct pic_db_options {
    enum pic_durability durability;
    bool read_only;
    int busy_ms;
    int cache_kib;   /* 0: 2048 */
    const char *vfs; /* NULL: the system's */
};

struct pic_db {
    sqlite3 *handle;
};

/* A new file can be read by its owner only. A file that is no database, or a damaged one:
 * PIC_ESTORE_DAMAGED, and the file is as before. path ":memory:" is for tests. */
/* Once, before anything else here: SQLite then keeps no statistics of its memory, which would cost
 * a lock for each allocation. Harmless when it comes too late. */
void pic_db_start(void);

PIC_MUST_USE int pic_db_open(const char *path, const struct pic_db_options *options,
                             struct pic_db *out, struct pic_err *err);
void pic_db_close(struct pic_db *db); /* a zeroed db is a no-op */

/* Brings the schema forward: script i takes version i to i + 1, each in one transaction. A stored
 * version above script_n: PIC_ESTORE_NEWER. */
PIC_MUST_USE int pic_db_migrate(struct pic_db *db, const char *const *scripts, int script_n,
                                struct pic_err *err);

/* For a database that is only read: PIC_ESTORE_NEWER when its version is above script_n. */
PIC_MUST_USE int pic_db_not_newer(struct pic_db *db, int script_n, struct pic_err *err);

/* Status of the last SQLite result code; also fills err with the database's own words. */
int pic_db_status(int sqlite_code);
int pic_db_fail(struct pic_db *db, int sqlite_code, struct pic_err *err);

/* Runs a script of constant SQL. */
PIC_MUST_USE int pic_db_exec(struct pic_db *db, const char *sql, struct pic_err *err);
PIC_MUST_USE int pic_db_begin(struct pic_db *db, struct pic_err *err); /* immediate */
PIC_MUST_USE int pic_db_commit(struct pic_db *db, struct pic_err *err);
void pic_db_rollback(struct pic_db *db); /* also after a failed commit; harmless outside */

/* Moves the write-ahead log into the database, which a commit also does by itself every thousand
 * pages. Passive: as much as nobody is reading; else all of it, and the log is emptied
 * (PIC_ESTORE_IN_USE where readers stay). */
PIC_MUST_USE int pic_db_checkpoint(struct pic_db *db, bool passive, struct pic_err *err);

/* A statement, prepared persistent. NULL on failure, with err. */
sqlite3_stmt *pic_db_prepare(struct pic_db *db, const char *sql, struct pic_err *err);
/* Steps a statement that returns no row, then resets it. */
PIC_MUST_USE int pic_db_run(sqlite3_stmt *stmt);
/* Steps: PIC_OK with *row true on a row, false (and reset) at the end. */
PIC_MUST_USE int pic_db_step(sqlite3_stmt *stmt, bool *row);
/* Columns and parameters as this program uses them; texts and blobs are borrowed until the next
 * step, parameters are borrowed until the statement is reset. */
struct pic_span pic_db_column_span(sqlite3_stmt *stmt, int column);
void pic_db_bind_span(sqlite3_stmt *stmt, int parameter, struct pic_span s); /* blob */
void pic_db_bind_text(sqlite3_stmt *stmt, int parameter, struct pic_span s);

#endif
