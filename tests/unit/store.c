/* store: how databases are opened and moved forward, and what the journal takes and gives. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/base/clock.h"
#include "schema/store/journal.h"
#include "tests/lib/generator.h"

enum { AGENT = 7, OTHER = 8, FILE_MAX = 1 << 20, SEGMENTS_MAX = 200 };

static const uint64_t ours = UINT64_C(1) << PIC_SEQ_BITS | 5; /* an organisation */
static const uint64_t theirs = UINT64_C(1) << PIC_SEQ_BITS | 6;

struct room {
    char folder[64];
    char path[80];
    struct pic_db db;
    struct pic_journal *journal;
    struct pic_signer signer;
    struct pic_buf out;
};

static const struct pic_db_options durable = {
    .durability = PIC_DURABLE, .busy_ms = 20, .cache_kib = 512};

static int setup_folder(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    assert_non_null(r);
    (void)snprintf(r->folder, sizeof r->folder, "%s", "/tmp/pic-store-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    (void)snprintf(r->path, sizeof r->path, "%s/journal.db", r->folder);
    pic_buf_init(&r->out, FILE_MAX);
    struct pic_random_stream stream;
    struct pic_random random = pic_random_seeded(&stream, 1);
    pic_signer_new(&r->signer, &random);
    *state = r;
    return 0;
}

static int setup_journal(void **state)
{
    (void)setup_folder(state);
    struct room *r = *state;
    struct pic_err err = {0};
    assert_int_equal(pic_db_open(r->path, &durable, &r->db, &err), PIC_OK);
    assert_int_equal(pic_db_migrate(&r->db, pic_journal_scripts, pic_journal_script_n, &err),
                     PIC_OK);
    assert_int_equal(pic_journal_new(&r->db, &r->journal, &err), PIC_OK);
    return 0;
}

static int teardown(void **state)
{
    struct room *r = *state;
    pic_journal_free(r->journal);
    pic_db_close(&r->db);
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char path[100];
        (void)snprintf(path, sizeof path, "%s%s", r->path, suffixes[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(r->folder), 0);
    pic_buf_release(&r->out);
    free(r);
    return 0;
}

/* --- db --------------------------------------------------------------------------------------- */

static int number(struct pic_db *db, const char *sql)
{
    sqlite3_stmt *stmt = pic_db_prepare(db, sql, NULL);
    assert_non_null(stmt);
    bool row;
    assert_int_equal(pic_db_step(stmt, &row), PIC_OK);
    assert_true(row);
    int n = sqlite3_column_int(stmt, 0);
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    return n;
}

static void read_file(const char *path, struct pic_buf *out)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    pic_buf_clear(out);
    uint8_t *room = pic_buf_room(out, FILE_MAX);
    assert_non_null(room);
    out->len = fread(room, 1, FILE_MAX, f);
    assert_int_equal(fclose(f), 0);
}

static void write_file(const char *path, struct pic_span bytes)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
    assert_int_equal(fclose(f), 0);
}

static void options_are_really_set(void **state)
{
    struct room *r = *state;
    static const struct {
        const char *pragma;
        int value;
    } expected[] = {
        {"PRAGMA foreign_keys", 1},
        {"PRAGMA recursive_triggers", 0},
        {"PRAGMA trusted_schema", 0},
        {"PRAGMA cell_size_check", 1},
        {"PRAGMA temp_store", 2},
        {"PRAGMA mmap_size", 0},
        {"PRAGMA cache_size", -512},
        {"PRAGMA synchronous", 2},
        {"PRAGMA busy_timeout", 20},
        {"PRAGMA wal_autocheckpoint", 4000},
        {"PRAGMA journal_size_limit", 16777216},
        {"SELECT journal_mode = 'wal' FROM pragma_journal_mode", 1},
    };
    assert_int_equal(pic_db_open(r->path, &durable, &r->db, NULL), PIC_OK);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(number(&r->db, expected[i].pragma), expected[i].value);
    struct pic_err err = {0};
    assert_int_equal(pic_db_exec(&r->db, "SELECT \"not a column\"", &err), PIC_EFAIL);
    assert_string_equal(err.arg[0], "no such column: not a column");
    assert_int_equal(pic_db_exec(&r->db, "SELECT zeroblob(16777217)", NULL), PIC_ELIMIT);
    struct stat info;
    assert_int_equal(stat(r->path, &info), 0);
    assert_int_equal(info.st_mode & ALLPERMS, S_IRUSR | S_IWUSR);
    pic_db_close(&r->db);
    const struct pic_db_options derived = {.durability = PIC_REBUILDABLE};
    assert_int_equal(pic_db_open(r->path, &derived, &r->db, NULL), PIC_OK);
    assert_int_equal(number(&r->db, "PRAGMA synchronous"), 1);
    assert_int_equal(number(&r->db, "PRAGMA cache_size"), -2048);
}

static void the_file_system_asked_for_is_used(void **state)
{
    struct room *r = *state;
    struct pic_db_options options = durable;
    options.vfs = "no such vfs";
    assert_int_equal(pic_db_open(r->path, &options, &r->db, NULL), PIC_EFAIL);
    assert_null(r->db.handle);
    assert_int_equal(access(r->path, F_OK), -1);
}

static void read_only_reads_only(void **state)
{
    struct room *r = *state;
    struct pic_db_options options = durable;
    options.read_only = true;
    assert_int_equal(pic_db_open(r->path, &options, &r->db, NULL), PIC_EFILE);
    assert_int_equal(pic_db_open(r->path, &durable, &r->db, NULL), PIC_OK);
    assert_int_equal(pic_db_exec(&r->db, "CREATE TABLE t (x INTEGER) STRICT", NULL), PIC_OK);
    pic_db_close(&r->db);
    assert_int_equal(pic_db_open(r->path, &options, &r->db, NULL), PIC_OK);
    assert_int_equal(number(&r->db, "SELECT count(*) FROM t"), 0);
    assert_int_equal(pic_db_exec(&r->db, "INSERT INTO t VALUES (1)", NULL), PIC_EFILE);
}

static void what_is_no_database_stays_as_it_is(void **state)
{
    struct room *r = *state;
    static const char text[] = "Compte rendu du comité du 12 mars, qui n'est pas une base.\n";
    struct pic_err err = {0};
    write_file(r->path, pic_span_text(text));
    assert_int_equal(pic_db_open(r->path, &durable, &r->db, &err), PIC_ESTORE_DAMAGED);
    assert_int_equal(err.status, PIC_ESTORE_DAMAGED);
    assert_string_equal(err.arg[0], "file is not a database");
    assert_null(r->db.handle);
    read_file(r->path, &r->out);
    assert_true(pic_span_equal(pic_buf_view(&r->out), pic_span_text(text)));
}

static void a_damaged_database_stays_as_it_is(void **state)
{
    struct room *r = *state;
    struct pic_buf before;
    pic_buf_init(&before, FILE_MAX);
    assert_int_equal(pic_db_open(r->path, &durable, &r->db, NULL), PIC_OK);
    assert_int_equal(pic_db_exec(&r->db, "CREATE TABLE t (x INTEGER) STRICT", NULL), PIC_OK);
    pic_db_close(&r->db);
    read_file(r->path, &before);
    assert_true(before.len > 200);
    memset(before.data + 100, 0xEE, 50); /* the first page's own header */
    write_file(r->path, pic_buf_view(&before));
    assert_int_equal(pic_db_open(r->path, &durable, &r->db, NULL), PIC_ESTORE_DAMAGED);
    read_file(r->path, &r->out);
    assert_true(pic_span_equal(pic_buf_view(&r->out), pic_buf_view(&before)));
    pic_buf_release(&before);
}

static void migrations_go_one_step_at_a_time(void **state)
{
    struct room *r = *state;
    static const char *const scripts[] = {
        "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1)",
        "UPDATE a SET x = x + 1; CREATE TABLE b (y INTEGER) STRICT",
        "UPDATE a SET x = 99; CREATE TABLE b (z INTEGER) STRICT", /* fails halfway */
    };
    struct pic_err err = {0};
    assert_int_equal(pic_db_open(r->path, &durable, &r->db, NULL), PIC_OK);
    assert_int_equal(pic_db_migrate(&r->db, scripts, 1, NULL), PIC_OK);
    assert_int_equal(number(&r->db, "PRAGMA user_version"), 1);
    assert_int_equal(pic_db_migrate(&r->db, scripts, 2, NULL), PIC_OK);
    assert_int_equal(pic_db_migrate(&r->db, scripts, 2, NULL), PIC_OK);
    assert_int_equal(number(&r->db, "SELECT x FROM a"), 2);
    assert_int_equal(pic_db_migrate(&r->db, scripts, 3, &err), PIC_EFAIL);
    assert_string_equal(err.arg[0], "table b already exists");
    assert_int_equal(number(&r->db, "PRAGMA user_version"), 2);
    assert_int_equal(number(&r->db, "SELECT x FROM a"), 2);
    assert_int_equal(sqlite3_get_autocommit(r->db.handle), 1);
}

static void a_newer_database_stays_as_it_is(void **state)
{
    struct room *r = *state;
    struct pic_buf before;
    struct pic_err err = {0};
    pic_buf_init(&before, FILE_MAX);
    assert_int_equal(pic_db_open(r->path, &durable, &r->db, NULL), PIC_OK);
    assert_int_equal(pic_db_exec(&r->db, "PRAGMA user_version = 12", NULL), PIC_OK);
    pic_db_close(&r->db);
    read_file(r->path, &before);
    assert_int_equal(pic_db_open(r->path, &durable, &r->db, NULL), PIC_OK);
    assert_int_equal(pic_db_migrate(&r->db, pic_journal_scripts, pic_journal_script_n, &err),
                     PIC_ESTORE_NEWER);
    assert_string_equal(err.arg[0], "12");
    pic_db_close(&r->db);
    read_file(r->path, &r->out);
    assert_true(pic_span_equal(pic_buf_view(&r->out), pic_buf_view(&before)));
    pic_buf_release(&before);
}

static void a_second_writer_is_told(void **state)
{
    struct room *r = *state;
    struct pic_db second = {0};
    assert_int_equal(pic_db_open(r->path, &durable, &r->db, NULL), PIC_OK);
    assert_int_equal(pic_db_open(r->path, &durable, &second, NULL), PIC_OK);
    assert_int_equal(pic_db_begin(&r->db, NULL), PIC_OK);
    assert_int_equal(pic_db_begin(&second, NULL), PIC_ESTORE_IN_USE);
    pic_db_rollback(&r->db);
    pic_db_rollback(&r->db);
    assert_int_equal(pic_db_begin(&second, NULL), PIC_OK);
    assert_int_equal(pic_db_commit(&second, NULL), PIC_OK);
    pic_db_close(&second);
}

static void a_checkpoint_empties_the_log(void **state)
{
    struct room *r = *state;
    char wal[100];
    struct stat info;
    (void)snprintf(wal, sizeof wal, "%s-wal", r->path);
    assert_int_equal(pic_db_open(r->path, &durable, &r->db, NULL), PIC_OK);
    assert_int_equal(pic_db_exec(&r->db, "CREATE TABLE t (x INTEGER) STRICT", NULL), PIC_OK);
    assert_int_equal(pic_db_checkpoint(&r->db, true, NULL), PIC_OK);
    assert_int_equal(stat(wal, &info), 0);
    assert_true(info.st_size > 0);
    assert_int_equal(pic_db_checkpoint(&r->db, false, NULL), PIC_OK);
    assert_int_equal(stat(wal, &info), 0);
    assert_int_equal(info.st_size, 0);
}

static void codes_become_statuses(void **state)
{
    (void)state;
    static const struct {
        int code, status;
    } expected[] = {
        {SQLITE_OK, PIC_OK},
        {SQLITE_ROW, PIC_OK},
        {SQLITE_DONE, PIC_OK},
        {SQLITE_FULL, PIC_EDISK_FULL},
        {SQLITE_IOERR_FSYNC, PIC_EIO},
        {SQLITE_IOERR_NOMEM, PIC_EMEMORY},
        {SQLITE_BUSY_SNAPSHOT, PIC_ESTORE_IN_USE},
        {SQLITE_LOCKED, PIC_ESTORE_IN_USE},
        {SQLITE_CORRUPT_INDEX, PIC_ESTORE_DAMAGED},
        {SQLITE_NOTADB, PIC_ESTORE_DAMAGED},
        {SQLITE_CANTOPEN, PIC_EFILE},
        {SQLITE_READONLY, PIC_EFILE},
        {SQLITE_TOOBIG, PIC_ELIMIT},
        {SQLITE_NOMEM, PIC_EMEMORY},
        {SQLITE_CONSTRAINT_UNIQUE, PIC_EFAIL},
        {SQLITE_MISUSE, PIC_EFAIL},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(pic_db_status(expected[i].code), expected[i].status);
}

static void empty_values_are_not_null(void **state)
{
    struct room *r = *state;
    assert_int_equal(pic_db_open(":memory:", &durable, &r->db, NULL), PIC_OK);
    sqlite3_stmt *stmt = pic_db_prepare(&r->db, "SELECT typeof(?1) || typeof(?2), ?1, ?2", NULL);
    assert_non_null(stmt);
    pic_db_bind_span(stmt, 1, pic_span_of(NULL, 0));
    pic_db_bind_text(stmt, 2, pic_span_of(NULL, 0));
    bool row;
    assert_int_equal(pic_db_step(stmt, &row), PIC_OK);
    assert_true(row);
    assert_true(pic_span_equal(pic_db_column_span(stmt, 0), pic_span_text("blobtext")));
    assert_non_null(pic_db_column_span(stmt, 1).p);
    assert_int_equal(pic_db_column_span(stmt, 2).n, 0);
    assert_int_equal(pic_db_step(stmt, &row), PIC_OK);
    assert_false(row);
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
}

/* --- journal ---------------------------------------------------------------------------------- */

/* One log, and the sealed bytes of its last segment. */
struct log {
    uint32_t device;
    uint64_t audience;
    struct pic_log_head head;
    uint8_t bytes[PIC_SEGMENT_MAX];
    struct pic_segment segment; /* of bytes */
};

static struct log log_of(uint32_t device, uint64_t audience)
{
    return (struct log){.device = device, .audience = audience};
}

/* Seals n changes with these sequences after log's head, with a text of this size in each. */
static void seal_at(struct room *r, struct log *log, const uint64_t *seqs, size_t n, size_t size)
{
    enum { MOST = 16, TEXT = 4000 };
    static char texts[MOST][TEXT];
    struct pic_change changes[MOST];
    const struct pic_change *order[MOST];
    assert_true(n <= MOST && size <= TEXT);
    struct generator g = generator_from(seqs[0]);
    struct pic_op ops[MOST];
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < size; k++)
            texts[i][k] = (char)('!' + (char)generator_below(&g, 90));
        ops[i] = (struct pic_op){
            .field = 1, .value = {.kind = PIC_KIND_TEXT, .s = pic_span_of(texts[i], size)}};
        uint64_t dot = pic_dot(log->device, seqs[i]);
        changes[i] = (struct pic_change){.dot = dot,
                                         .stamp = pic_clock_at((int64_t)seqs[i] * 1000),
                                         .id = dot,
                                         .entity = 3,
                                         .op_n = 1,
                                         .ops = &ops[i]};
        order[i] = &changes[i];
    }
    struct pic_buf sealed;
    size_t taken;
    pic_buf_init(&sealed, PIC_SEGMENT_MAX);
    assert_int_equal(
        pic_segment_seal(order, n, log->audience, log->head.hash, 1, &r->signer, &sealed, &taken),
        PIC_OK);
    assert_int_equal(taken, n);
    memcpy(log->bytes, sealed.data, sealed.len);
    assert_int_equal(pic_segment_read(pic_span_of(log->bytes, sealed.len), &log->segment), PIC_OK);
    pic_buf_release(&sealed);
}

/* Seals n changes that follow log's head without gap. */
static void seal(struct room *r, struct log *log, size_t n, size_t size)
{
    uint64_t seqs[16];
    assert_true(n <= 16);
    for (size_t i = 0; i < n; i++)
        seqs[i] = log->head.seq + 1 + i;
    seal_at(r, log, seqs, n, size);
}

static void advance(struct log *log)
{
    log->head.seq = log->segment.last_seq;
    memcpy(log->head.hash, log->segment.hash, PIC_HASH_SIZE);
}

/* Appends log's sealed segment and moves its head. Answers the position. */
static uint64_t append(struct room *r, struct log *log)
{
    uint64_t position = 0;
    assert_int_equal(pic_journal_append(r->journal, &log->segment, &position), PIC_OK);
    assert_true(position > 0);
    advance(log);
    return position;
}

static uint64_t grow(struct room *r, struct log *log, size_t n, size_t size)
{
    seal(r, log, n, size);
    return append(r, log);
}

static void assert_head(struct room *r, const struct log *log)
{
    struct pic_log_head head;
    assert_int_equal(pic_journal_head(r->journal, log->device, log->audience, &head), PIC_OK);
    assert_int_equal(head.seq, log->head.seq);
    assert_memory_equal(head.hash, log->head.hash, PIC_HASH_SIZE);
}

static void assert_refused(struct room *r, const struct log *log, int status)
{
    uint64_t position = 77;
    uint64_t before;
    uint64_t after;
    assert_int_equal(pic_journal_position(r->journal, &before), PIC_OK);
    assert_int_equal(pic_journal_append(r->journal, &log->segment, &position), status);
    assert_int_equal(position, 77);
    assert_int_equal(pic_journal_position(r->journal, &after), PIC_OK);
    assert_int_equal(after, before);
}

static void segments_are_appended_in_order(void **state)
{
    struct room *r = *state;
    struct log log = log_of(AGENT, ours);
    uint64_t position = 9;
    assert_int_equal(pic_journal_position(r->journal, &position), PIC_OK);
    assert_int_equal(position, 0);
    assert_head(r, &log);
    assert_int_equal(grow(r, &log, 3, 10), 1);
    assert_head(r, &log);
    assert_int_equal(grow(r, &log, 1, 10), 2);
    assert_int_equal(grow(r, &log, 5, 10), 3);
    assert_head(r, &log);
    assert_int_equal(log.head.seq, 9);
    assert_int_equal(pic_journal_position(r->journal, &position), PIC_OK);
    assert_int_equal(position, 3);
    assert_int_equal(number(&r->db, "SELECT changes FROM log_head WHERE device = 7"), 9);
}

static void what_skips_a_change_is_a_gap(void **state)
{
    struct room *r = *state;
    struct log log = log_of(AGENT, ours);
    seal(r, &log, 2, 10);
    advance(&log);
    seal(r, &log, 2, 10); /* 3 to 4, though 1 to 2 never came */
    assert_refused(r, &log, PIC_EGAP);
    struct log from_start = log_of(AGENT, ours);
    (void)grow(r, &from_start, 1, 10);
    assert_refused(r, &log, PIC_EGAP);
    const uint64_t torn[] = {2, 4};
    seal_at(r, &from_start, torn, 2, 10);
    assert_refused(r, &from_start, PIC_EFORMAT);
}

static void the_same_again_exists_already(void **state)
{
    struct room *r = *state;
    struct log log = log_of(AGENT, ours);
    struct log first;
    (void)grow(r, &log, 2, 10);
    first = log;
    assert_int_equal(
        pic_segment_read(pic_span_of(first.bytes, log.segment.bytes.n), &first.segment), PIC_OK);
    (void)grow(r, &log, 2, 10);
    uint64_t position = 0;
    assert_int_equal(pic_journal_append(r->journal, &first.segment, &position), PIC_EEXISTS);
    assert_int_equal(position, 1);
    assert_int_equal(pic_journal_append(r->journal, &log.segment, &position), PIC_EEXISTS);
    assert_int_equal(position, 2);
    assert_int_equal(pic_journal_position(r->journal, &position), PIC_OK);
    assert_int_equal(position, 2);
    assert_head(r, &log);
}

static void another_history_is_a_fork(void **state)
{
    struct room *r = *state;
    struct log log = log_of(AGENT, ours);
    struct log twin = log_of(AGENT, ours);
    (void)grow(r, &log, 4, 10);
    (void)grow(r, &log, 4, 10);
    seal(r, &twin, 4, 11); /* same sequences, other content */
    assert_refused(r, &twin, PIC_EFORK);
    seal(r, &twin, 3, 10); /* fewer of the same changes */
    assert_refused(r, &twin, PIC_EFORK);
    seal(r, &twin, 12, 10); /* reaches beyond the head */
    assert_refused(r, &twin, PIC_EFORK);
    seal(r, &twin, 2, 10);
    advance(&twin);
    seal(r, &twin, 2, 10); /* starts inside a held segment */
    assert_refused(r, &twin, PIC_EFORK);
    twin = log_of(AGENT, ours);
    seal(r, &twin, 8, 10);
    advance(&twin);
    seal(r, &twin, 1, 10); /* next, after another past */
    assert_refused(r, &twin, PIC_EFORK);
    assert_head(r, &log);
}

static void an_empty_log_has_no_predecessor(void **state)
{
    struct room *r = *state;
    struct log log = log_of(AGENT, ours);
    log.head.hash[0] = 1;
    seal(r, &log, 1, 10);
    assert_refused(r, &log, PIC_EFORK);
}

static void the_servers_logs_have_gaps_but_one_chain(void **state)
{
    struct room *r = *state;
    struct log all = log_of(PIC_DEVICE_SERVER, PIC_AUDIENCE_ALL);
    struct log one = log_of(PIC_DEVICE_SERVER, ours);
    const uint64_t a[] = {1, 2, 7};
    const uint64_t b[] = {3, 5};
    const uint64_t c[] = {20, 30};
    seal_at(r, &all, a, 3, 10);
    (void)append(r, &all);
    seal_at(r, &one, b, 2, 10);
    (void)append(r, &one);
    seal_at(r, &all, c, 2, 10);
    (void)append(r, &all);
    assert_head(r, &all);
    assert_head(r, &one);
    uint64_t position = 0;
    assert_int_equal(pic_journal_append(r->journal, &all.segment, &position), PIC_EEXISTS);
    assert_int_equal(position, 3);
    struct log later = all;
    const uint64_t d[] = {40};
    const uint64_t e[] = {41};
    seal_at(r, &later, d, 1, 10);
    advance(&later);
    seal_at(r, &later, e, 1, 10); /* 40 is missing: the hash tells */
    assert_refused(r, &later, PIC_EGAP);
    later = all;
    const uint64_t f[] = {25};
    seal_at(r, &later, f, 1, 10);
    assert_refused(r, &later, PIC_EFORK);
}

/* A server put back from an older copy goes on elsewhere in its sequence; what it had lost comes
 * back from who held it, before or after. */
static void the_servers_logs_branch_where_it_was_put_back(void **state)
{
    struct room *r = *state;
    struct log all = log_of(PIC_DEVICE_SERVER, PIC_AUDIENCE_ALL);
    struct log one = log_of(PIC_DEVICE_SERVER, ours);
    const uint64_t before[] = {1, 2};
    const uint64_t lost[] = {3};
    const uint64_t lost_too[] = {4, 6};
    const uint64_t later[] = {1000, 1001};
    seal_at(r, &all, before, 2, 10);
    (void)append(r, &all);
    struct log first = all;
    seal_at(r, &first, lost, 1, 10);
    struct log second = first;
    advance(&second);
    seal_at(r, &second, lost_too, 2, 10);
    seal_at(r, &all, later, 2, 10);
    (void)append(r, &all);
    assert_refused(r, &second, PIC_EGAP); /* 3 is missing */
    struct log kept = all;
    (void)append(r, &first);
    (void)append(r, &second);
    assert_head(r, &kept); /* the greatest sequence */
    uint64_t position = 0;
    assert_int_equal(pic_journal_append(r->journal, &second.segment, &position), PIC_EEXISTS);
    const uint64_t taken[] = {1001};
    seal_at(r, &one, taken, 1, 10); /* an address of another log */
    assert_refused(r, &one, PIC_EFORK);
    const uint64_t free[] = {5};
    seal_at(r, &one, free, 1, 10); /* between those of another log */
    (void)append(r, &one);
    struct log inside = first;
    const uint64_t between[] = {5};
    seal_at(r, &inside, between, 1, 10); /* no place in this log */
    assert_refused(r, &inside, PIC_EFORK);
    struct pic_buf out;
    pic_buf_init(&out, PIC_SEGMENT_MAX);
    for (uint64_t seq = 1; seq <= 6; seq++)
        assert_int_equal(
            pic_journal_find(r->journal, pic_dot(PIC_DEVICE_SERVER, seq), &position, &out), PIC_OK);
    pic_buf_release(&out);
}

static void a_replica_gives_way_to_its_server(void **state)
{
    struct room *r = *state;
    struct log log = log_of(AGENT, ours);
    struct log other = log_of(OTHER, ours);
    (void)grow(r, &log, 4, 10);
    struct log common = log;
    (void)grow(r, &log, 3, 10);
    (void)grow(r, &log, 2, 10);
    (void)grow(r, &other, 2, 10);
    struct log truth = common;
    seal(r, &truth, 2, 11);
    assert_refused(r, &truth, PIC_EFORK);
    assert_int_equal(pic_journal_give_way(r->journal, &truth.segment), PIC_OK);
    assert_head(r, &common);
    assert_head(r, &other);
    (void)append(r, &truth);
    assert_head(r, &truth);
    struct log stranger = log_of(AGENT, ours); /* from another past */
    seal(r, &stranger, 3, 12);
    advance(&stranger);
    seal(r, &stranger, 1, 12);
    assert_int_equal(pic_journal_give_way(r->journal, &stranger.segment), PIC_EFORK);
    assert_head(r, &truth);
    truth = log_of(AGENT, ours);
    seal(r, &truth, 1, 12); /* from its very beginning */
    assert_int_equal(pic_journal_give_way(r->journal, &truth.segment), PIC_OK);
    (void)append(r, &truth);
    assert_head(r, &truth);
    struct log server = log_of(PIC_DEVICE_SERVER, ours);
    seal(r, &server, 1, 10);
    assert_int_equal(pic_journal_give_way(r->journal, &server.segment), PIC_EFORK);
}

static void positions_that_were_given_are_left_out(void **state)
{
    struct room *r = *state;
    struct log log = log_of(AGENT, ours);
    assert_int_equal(grow(r, &log, 1, 10), 1);
    assert_int_equal(pic_journal_skip(r->journal, 100), PIC_OK);
    assert_int_equal(grow(r, &log, 1, 10), 102);
    assert_int_equal(grow(r, &log, 1, 10), 103);
    assert_int_equal(pic_journal_skip(r->journal, 100), PIC_OK);
    assert_int_equal(pic_journal_skip(r->journal, 100), PIC_OK);
    assert_int_equal(grow(r, &log, 1, 10), 304);
}

static void what_is_rolled_back_was_never_there(void **state)
{
    struct room *r = *state;
    struct log log = log_of(AGENT, ours);
    struct log before = log;
    assert_int_equal(pic_db_begin(&r->db, NULL), PIC_OK);
    (void)grow(r, &log, 2, 10);
    pic_db_rollback(&r->db);
    assert_head(r, &before);
    assert_int_equal(grow(r, &before, 1, 10), 1);
}

static void assert_bytes(const struct pic_buf *got, const struct log *log)
{
    assert_true(pic_span_equal(pic_buf_view(got), log->segment.bytes));
}

static void segments_are_read_in_order(void **state)
{
    struct room *r = *state;
    struct log log = log_of(AGENT, ours);
    struct log other = log_of(OTHER, ours);
    (void)grow(r, &log, 2, 10);
    (void)grow(r, &other, 2, 10);
    uint64_t position = 0;
    assert_int_equal(pic_journal_next(r->journal, &position, &r->out), PIC_OK);
    assert_int_equal(position, 1);
    assert_bytes(&r->out, &log);
    position = 2;
    assert_int_equal(pic_journal_next(r->journal, &position, &r->out), PIC_OK);
    assert_bytes(&r->out, &other);
    position = 3;
    assert_int_equal(pic_journal_next(r->journal, &position, &r->out), PIC_ENOT_FOUND);
    position = UINT64_MAX;
    assert_int_equal(pic_journal_next(r->journal, &position, &r->out), PIC_ENOT_FOUND);
    struct pic_buf small;
    pic_buf_init(&small, 20);
    position = 1;
    assert_int_equal(pic_journal_next(r->journal, &position, &small), PIC_ELIMIT);
    pic_buf_release(&small);
}

static void a_log_is_read_from_any_sequence(void **state)
{
    struct room *r = *state;
    struct log log = log_of(AGENT, ours);
    struct log noise = log_of(OTHER, ours);
    (void)grow(r, &noise, 2, 10);
    (void)grow(r, &log, 3, 10);
    (void)grow(r, &noise, 9, 10);
    (void)grow(r, &log, 2, 10);
    static const uint64_t ends[] = {3, 3, 3, 3, 5, 5};
    for (uint64_t from = 0; from < sizeof ends / sizeof *ends; from++) {
        uint64_t seq = from;
        assert_int_equal(pic_journal_log_next(r->journal, AGENT, ours, &seq, &r->out), PIC_OK);
        assert_int_equal(seq, ends[from]);
    }
    assert_bytes(&r->out, &log);
    uint64_t seq = 6;
    assert_int_equal(pic_journal_log_next(r->journal, AGENT, ours, &seq, &r->out), PIC_ENOT_FOUND);
    seq = 1;
    assert_int_equal(pic_journal_log_next(r->journal, AGENT, theirs, &seq, &r->out),
                     PIC_ENOT_FOUND);
}

static void a_change_is_found_in_its_segment(void **state)
{
    struct room *r = *state;
    struct log log = log_of(AGENT, ours);
    struct log all = log_of(PIC_DEVICE_SERVER, PIC_AUDIENCE_ALL);
    struct log one = log_of(PIC_DEVICE_SERVER, ours);
    const uint64_t a[] = {1, 4, 9};
    const uint64_t b[] = {2, 5, 8};
    (void)grow(r, &log, 3, 10);
    (void)grow(r, &log, 2, 10);
    seal_at(r, &all, a, 3, 10);
    (void)append(r, &all);
    seal_at(r, &one, b, 3, 10);
    (void)append(r, &one);
    static const struct {
        uint32_t device;
        uint64_t seq, position; /* 0: nowhere */
    } expected[] = {
        {AGENT, 1, 1},
        {AGENT, 3, 1},
        {AGENT, 4, 2},
        {AGENT, 5, 2},
        {AGENT, 6, 0},
        {AGENT, 0, 0},
        {OTHER, 1, 0},
        {1, 1, 3},
        {1, 4, 3},
        {1, 9, 3},
        {1, 2, 4},
        {1, 5, 4},
        {1, 8, 4},
        {1, 3, 0},
        {1, 7, 0},
        {1, 10, 0},
        {PIC_DEVICE_MAX, 1, 0},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        uint64_t position = 0;
        int status = pic_journal_find(r->journal, pic_dot(expected[i].device, expected[i].seq),
                                      &position, &r->out);
        assert_int_equal(status, expected[i].position == 0 ? PIC_ENOT_FOUND : PIC_OK);
        assert_int_equal(position, expected[i].position);
    }
}

/* --- feed ------------------------------------------------------------------------------------- */

struct feed {
    uint64_t positions[SEGMENTS_MAX];
    uint64_t n, start, cursor;
    size_t bytes; /* of the items */
    bool more;
};

static struct feed feed(struct room *r, uint64_t organisation, uint32_t except, unsigned skip,
                        size_t budget, uint64_t cursor)
{
    struct feed f = {.cursor = cursor};
    pic_buf_clear(&r->out);
    assert_int_equal(pic_journal_feed(r->journal, organisation, except, skip, budget, &f.cursor,
                                      &f.start, &r->out, &f.more),
                     PIC_OK);
    struct pic_cursor c = pic_cursor_of(r->out.data, r->out.len);
    f.n = pic_cursor_varint_max(&c, SEGMENTS_MAX);
    f.bytes = pic_cursor_left(&c);
    uint64_t position = f.start;
    for (uint64_t i = 0; i < f.n; i++) {
        position += pic_cursor_varint(&c);
        f.positions[i] = position;
        struct pic_segment segment;
        assert_int_equal(pic_segment_read(pic_cursor_span(&c, PIC_SEGMENT_MAX), &segment), PIC_OK);
    }
    assert_int_equal(pic_cursor_end(&c), PIC_OK);
    assert_int_equal(position, f.cursor);
    return f;
}

static void assert_positions(const struct feed *f, const uint64_t *expected, size_t n)
{
    assert_int_equal(f->n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(f->positions[i], expected[i]);
}

#define ASSERT_FEED(f, ...)                                                                        \
    do {                                                                                           \
        const uint64_t expected_[] = {__VA_ARGS__};                                                \
        assert_positions(&(f), expected_, sizeof expected_ / sizeof *expected_);                   \
    } while (0)

/* Positions 1 to 8: who wrote, for whom. */
static void some_segments(struct room *r)
{
    struct log mine = log_of(AGENT, ours);
    struct log beside = log_of(OTHER, ours);
    struct log far = log_of(9, theirs);
    struct log all = log_of(PIC_DEVICE_SERVER, PIC_AUDIENCE_ALL);
    struct log secret = log_of(PIC_DEVICE_SERVER, PIC_AUDIENCE_SERVER);
    (void)grow(r, &all, 1, 10);    /* 1 */
    (void)grow(r, &mine, 1, 10);   /* 2 */
    (void)grow(r, &far, 1, 10);    /* 3 */
    (void)grow(r, &beside, 1, 10); /* 4 */
    const uint64_t shared[] = {2}; /* the server's logs share one sequence */
    seal_at(r, &secret, shared, 1, 10);
    (void)append(r, &secret);    /* 5 */
    (void)grow(r, &mine, 1, 10); /* 6 */
    const uint64_t next[] = {3};
    seal_at(r, &all, next, 1, 10);
    (void)append(r, &all);      /* 7 */
    (void)grow(r, &far, 1, 10); /* 8 */
}

static void a_feed_is_for_one_organisation(void **state)
{
    struct room *r = *state;
    struct feed f = feed(r, ours, 0, 0, 1000, 0);
    assert_int_equal(f.n, 0);
    assert_false(f.more);
    some_segments(r);
    f = feed(r, ours, 0, 0, 10000, 0);
    ASSERT_FEED(f, 1, 2, 4, 6, 7);
    assert_false(f.more);
    f = feed(r, ours, AGENT, 0, 10000, 0);
    ASSERT_FEED(f, 1, 4, 7);
    f = feed(r, theirs, 9, 0, 10000, 0);
    ASSERT_FEED(f, 1, 7);
    f = feed(r, theirs, 0, 0, 10000, 3);
    ASSERT_FEED(f, 7, 8);
    f = feed(r, 0, 0, 0, 10000, 0);
    ASSERT_FEED(f, 1, 2, 3, 4, 5, 6, 7, 8);
    f = feed(r, 0, 9, 0, 10000, 2);
    ASSERT_FEED(f, 4, 5, 6, 7);
    f = feed(r, ours, 0, 0, 10000, 7);
    assert_true(f.n == 0 && f.cursor == 7 && f.start == 7 && !f.more);
    f = feed(r, ours, 0, 0, 10000, UINT64_MAX);
    assert_true(f.n == 0 && f.cursor == UINT64_MAX && !f.more);
}

/* Pages of any budget, one after the other or asked for ahead, give the whole feed in order. */
static void pages_make_the_feed(void **state)
{
    struct room *r = *state;
    struct generator g = generator_from(3);
    struct log logs[] = {log_of(AGENT, ours), log_of(OTHER, ours), log_of(9, theirs),
                         log_of(PIC_DEVICE_SERVER, PIC_AUDIENCE_ALL)};
    assert_int_equal(pic_db_begin(&r->db, NULL), PIC_OK);
    for (unsigned i = 0; i < SEGMENTS_MAX; i++)
        (void)grow(r, &logs[generator_below(&g, 4)], 1, generator_below(&g, 4000));
    assert_int_equal(pic_db_commit(&r->db, NULL), PIC_OK);
    static const size_t budgets[] = {0, 1, 1000, 5000, 5001, 64000, 1 << 19};
    const uint64_t organisations[] = {ours, 0};
    for (size_t b = 0; b < sizeof budgets / sizeof *budgets; b++) {
        for (size_t o = 0; o < 2; o++) {
            struct feed whole = feed(r, organisations[o], OTHER, 0, FILE_MAX, 0);
            assert_true(whole.n > 50 && !whole.more);
            struct feed f = {.more = true};
            uint64_t done = 0;
            for (unsigned page = 0; f.more; page++) {
                uint64_t cursor = f.cursor;
                f = feed(r, organisations[o], OTHER, 0, budgets[b], cursor);
                assert_int_equal(f.start, cursor);
                assert_true(f.n == 1 || (f.n > 1 && f.bytes <= budgets[b]));
                assert_memory_equal(f.positions, whole.positions + done, f.n * sizeof(uint64_t));
                done += f.n;
                struct feed ahead = feed(r, organisations[o], OTHER, page, budgets[b], 0);
                assert_int_equal(ahead.start, cursor);
                assert_memory_equal(ahead.positions, f.positions, f.n * sizeof(uint64_t));
                assert_int_equal(ahead.more, f.more);
            }
            assert_int_equal(done, whole.n);
        }
    }
}

static void pages_beyond_the_end_are_empty(void **state)
{
    struct room *r = *state;
    some_segments(r);
    for (unsigned skip = 1; skip < 4; skip++) {
        struct feed f = feed(r, ours, 0, skip, 10000, 0);
        assert_true(f.n == 0 && f.start == 7 && f.cursor == 7 && !f.more);
    }
    struct feed f = feed(r, ours, 0, 9, 1, 0); /* five pages of one */
    assert_true(f.n == 0 && f.start == 7 && !f.more);
}

static void a_page_without_room_is_refused(void **state)
{
    struct room *r = *state;
    some_segments(r);
    struct pic_buf small;
    uint64_t cursor = 0;
    uint64_t start = 55;
    bool more = true;
    pic_buf_init(&small, 30);
    assert_int_equal(
        pic_journal_feed(r->journal, ours, 0, 0, 10000, &cursor, &start, &small, &more),
        PIC_ELIMIT);
    assert_true(cursor == 0 && start == 55 && more);
    pic_buf_release(&small);
    struct feed f = feed(r, ours, 0, 0, 10000, 0);
    assert_int_equal(f.n, 5);
}

/* Pages passed over are never read: their segments may be large, only lengths are looked at. */
static void pages_passed_over_are_not_read(void **state)
{
    struct room *r = *state;
    struct log log = log_of(AGENT, ours);
    assert_int_equal(pic_db_begin(&r->db, NULL), PIC_OK);
    for (unsigned i = 0; i < 40; i++)
        (void)grow(r, &log, 10, 4000);
    assert_int_equal(pic_db_commit(&r->db, NULL), PIC_OK);
    uint64_t last = 0;
    assert_int_equal(pic_db_exec(&r->db, "PRAGMA shrink_memory", NULL), PIC_OK);
    int misses = 0;
    int high;
    assert_int_equal(sqlite3_db_status(r->db.handle, SQLITE_DBSTATUS_CACHE_MISS, &misses, &high, 1),
                     SQLITE_OK);
    struct feed f = feed(r, ours, 0, 39, 1, 0);
    last = f.positions[0];
    assert_int_equal(last, 40);
    assert_int_equal(sqlite3_db_status(r->db.handle, SQLITE_DBSTATUS_CACHE_MISS, &misses, &high, 0),
                     SQLITE_OK);
    /* The segment taken has some 10 pages, all of them some 350. */
    assert_in_range(misses, 5, 30);
}

/* --- receipts, facts, queries ----------------------------------------------------------------- */

static struct pic_receipt some_receipt(uint64_t n, uint32_t device, int64_t time_ms)
{
    struct pic_receipt receipt = {.number = n,
                                  .device = device,
                                  .seq = 10 * n,
                                  .position = n + 3,
                                  .time_ms = time_ms,
                                  .changes = 10 * n + 1,
                                  .documents = n / 2};
    memset(receipt.head, (int)n, sizeof receipt.head);
    memset(receipt.documents_digest, (int)n + 1, sizeof receipt.documents_digest);
    return receipt;
}

static void assert_receipt(const struct pic_receipt *a, const struct pic_receipt *b)
{
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->device, b->device);
    assert_int_equal(a->seq, b->seq);
    assert_memory_equal(a->head, b->head, PIC_HASH_SIZE);
    assert_int_equal(a->position, b->position);
    assert_int_equal(a->time_ms, b->time_ms);
    assert_int_equal(a->changes, b->changes);
    assert_int_equal(a->documents, b->documents);
    assert_memory_equal(a->documents_digest, b->documents_digest, PIC_HASH_SIZE);
}

static void receipts_are_kept(void **state)
{
    struct room *r = *state;
    const struct pic_receipt receipts[] = {
        some_receipt(1, AGENT, 1000),
        some_receipt(3, AGENT, 3000), /* arrives before the second */
        some_receipt(2, AGENT, 2000),
        some_receipt(4, OTHER, 4000),
    };
    struct pic_receipt got;
    uint64_t next = 0;
    assert_int_equal(pic_journal_receipt_last(r->journal, AGENT, &got), PIC_ENOT_FOUND);
    assert_int_equal(pic_journal_receipt_number(r->journal, &next), PIC_OK);
    assert_int_equal(next, 1);
    for (size_t i = 0; i < sizeof receipts / sizeof *receipts; i++) {
        assert_int_equal(pic_journal_receipt_put(r->journal, &receipts[i]), PIC_OK);
        assert_int_equal(pic_journal_receipt_put(r->journal, &receipts[i]), PIC_OK);
        assert_int_equal(pic_journal_receipt_find(r->journal, receipts[i].number, &got), PIC_OK);
        assert_receipt(&got, &receipts[i]);
    }
    assert_int_equal(number(&r->db, "SELECT count(*) FROM receipt"), 4);
    assert_int_equal(pic_journal_receipt_last(r->journal, AGENT, &got), PIC_OK);
    assert_receipt(&got, &receipts[1]);
    assert_int_equal(pic_journal_receipt_find(r->journal, 5, &got), PIC_ENOT_FOUND);
    assert_int_equal(pic_journal_receipt_number(r->journal, &next), PIC_OK);
    assert_int_equal(next, 5);
}

static void a_restored_server_gives_a_number_again(void **state)
{
    struct room *r = *state;
    const struct pic_receipt forgotten = some_receipt(9, AGENT, 9000);
    struct pic_receipt again = some_receipt(8, AGENT, 9500);
    struct pic_receipt got;
    assert_int_equal(pic_journal_receipt_put(r->journal, &forgotten), PIC_OK);
    assert_int_equal(pic_journal_receipt_put(r->journal, &again), PIC_OK);
    assert_int_equal(pic_journal_receipt_last(r->journal, AGENT, &got), PIC_OK);
    assert_receipt(&got, &again);
    again = some_receipt(9, AGENT, 9600);
    again.seq = 1;
    assert_int_equal(pic_journal_receipt_put(r->journal, &again), PIC_OK);
    assert_int_equal(pic_journal_receipt_find(r->journal, 9, &got), PIC_OK);
    assert_receipt(&got, &again);
    assert_int_equal(number(&r->db, "SELECT count(*) FROM receipt"), 3);
}

static void facts_are_kept(void **state)
{
    struct room *r = *state;
    uint64_t n = 7;
    static const uint64_t values[] = {1, 0, UINT64_MAX, 42};
    assert_int_equal(pic_journal_number_get(r->journal, "cursor", &n), PIC_OK);
    assert_int_equal(n, 0);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        assert_int_equal(pic_journal_number_put(r->journal, "cursor", values[i]), PIC_OK);
        assert_int_equal(pic_journal_number_get(r->journal, "cursor", &n), PIC_OK);
        assert_true(n == values[i]);
    }
    assert_int_equal(pic_journal_fact_get(r->journal, "name", &r->out), PIC_ENOT_FOUND);
    struct pic_span name = pic_span_text("Association du Centre");
    assert_int_equal(pic_journal_fact_put(r->journal, "name", name), PIC_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pic_journal_fact_get(r->journal, "name", &r->out), PIC_OK);
        assert_true(pic_span_equal(pic_buf_view(&r->out), name));
    }
    assert_int_equal(pic_journal_number_get(r->journal, "name", &n), PIC_ESTORE_DAMAGED);
    assert_int_equal(pic_journal_fact_put(r->journal, "name", pic_span_of(NULL, 0)), PIC_OK);
    assert_int_equal(pic_journal_fact_get(r->journal, "name", &r->out), PIC_OK);
    assert_int_equal(r->out.len, 0);
}

/* Ten million changes must cost what ten cost: no query may walk a table or sort. */
static void every_query_uses_an_index(void **state)
{
    struct room *r = *state;
    static const struct {
        const char *name, *sql;
    } queries[] = {
#define QUERY(symbol, sql) {#symbol, "EXPLAIN QUERY PLAN " sql},
#include "schema/store/journal_queries.def"
#undef QUERY
    };
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        sqlite3_stmt *stmt = pic_db_prepare(&r->db, queries[i].sql, NULL);
        assert_non_null(stmt);
        bool row;
        assert_int_equal(pic_db_step(stmt, &row), PIC_OK);
        while (row) {
            const char *step = (const char *)sqlite3_column_text(stmt, 3);
            if (strstr(step, "SCAN") != NULL || strstr(step, "TEMP B-TREE") != NULL)
                fail_msg("%s: %s", queries[i].name, step);
            assert_int_equal(pic_db_step(stmt, &row), PIC_OK);
        }
        assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    }
}

#define DB_TEST(name)      cmocka_unit_test_setup_teardown(name, setup_folder, teardown)
#define JOURNAL_TEST(name) cmocka_unit_test_setup_teardown(name, setup_journal, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DB_TEST(options_are_really_set),
        DB_TEST(the_file_system_asked_for_is_used),
        DB_TEST(read_only_reads_only),
        DB_TEST(what_is_no_database_stays_as_it_is),
        DB_TEST(a_damaged_database_stays_as_it_is),
        DB_TEST(migrations_go_one_step_at_a_time),
        DB_TEST(a_newer_database_stays_as_it_is),
        DB_TEST(a_second_writer_is_told),
        DB_TEST(a_checkpoint_empties_the_log),
        DB_TEST(codes_become_statuses),
        DB_TEST(empty_values_are_not_null),
        JOURNAL_TEST(segments_are_appended_in_order),
        JOURNAL_TEST(what_skips_a_change_is_a_gap),
        JOURNAL_TEST(the_same_again_exists_already),
        JOURNAL_TEST(another_history_is_a_fork),
        JOURNAL_TEST(the_servers_logs_branch_where_it_was_put_back),
        JOURNAL_TEST(a_replica_gives_way_to_its_server),
        JOURNAL_TEST(positions_that_were_given_are_left_out),
        JOURNAL_TEST(an_empty_log_has_no_predecessor),
        JOURNAL_TEST(the_servers_logs_have_gaps_but_one_chain),
        JOURNAL_TEST(what_is_rolled_back_was_never_there),
        JOURNAL_TEST(segments_are_read_in_order),
        JOURNAL_TEST(a_log_is_read_from_any_sequence),
        JOURNAL_TEST(a_change_is_found_in_its_segment),
        JOURNAL_TEST(a_feed_is_for_one_organisation),
        JOURNAL_TEST(pages_make_the_feed),
        JOURNAL_TEST(pages_beyond_the_end_are_empty),
        JOURNAL_TEST(a_page_without_room_is_refused),
        JOURNAL_TEST(pages_passed_over_are_not_read),
        JOURNAL_TEST(receipts_are_kept),
        JOURNAL_TEST(a_restored_server_gives_a_number_again),
        JOURNAL_TEST(facts_are_kept),
        JOURNAL_TEST(every_query_uses_an_index),
    };
    return pic_crypto_start() == PIC_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
