/* crash_vfs: what the store promises about power cuts, kills and full disks, at every operation;
 * and that the disk of the simulation is as cruel as it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/store/db.h"
#include "tests/lib/crash_vfs.h"
#include "tests/lib/generator.h"

enum { PARTS = 3, TRANSACTIONS = 6, NEVER = 1000, ROUNDS = 400, SEEDS = 6 };

static const char *const schema[] = {
    "CREATE TABLE entry (t INTEGER NOT NULL, part INTEGER NOT NULL, payload BLOB NOT NULL,"
    " PRIMARY KEY (t, part)) STRICT"};

/* What a program that wrote transactions first, first + 1… knows when it is stopped. */
struct knowledge {
    int acknowledged; /* the last that was */
    bool in_doubt;    /* the next was being committed */
    int status;       /* of what stopped it */
};

static struct pic_db_options options_of(struct crash_vfs *disk)
{
    return (struct pic_db_options){.durability = PIC_DURABLE, .vfs = crash_vfs_name(disk)};
}

static int open_disk(struct crash_vfs *disk, const struct pic_db_options *options,
                     struct pic_db *db)
{
    (void)disk;
    int status = pic_db_open("entries.db", options, db, NULL);
    return status == PIC_OK ? pic_db_migrate(db, schema, 1, NULL) : status;
}

static int insert(struct pic_db *db, int t)
{
    sqlite3_stmt *stmt =
        pic_db_prepare(db, "INSERT INTO entry VALUES (?1, ?2, zeroblob(?1 % 7 * 700 + ?2))", NULL);
    if (stmt == NULL)
        return pic_db_status(sqlite3_errcode(db->handle));
    int status = PIC_OK;
    for (int part = 0; part < PARTS && status == PIC_OK; part++) {
        (void)sqlite3_bind_int(stmt, 1, t);
        (void)sqlite3_bind_int(stmt, 2, part);
        status = pic_db_run(stmt);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

static int write_one(struct pic_db *db, struct knowledge *k)
{
    int status = pic_db_begin(db, NULL);
    if (status == PIC_OK)
        status = insert(db, k->acknowledged + 1);
    if (status == PIC_OK) {
        k->in_doubt = true;
        status = pic_db_commit(db, NULL);
    }
    if (status == PIC_OK) {
        k->acknowledged++;
        k->in_doubt = false;
    } else {
        pic_db_rollback(db);
    }
    return status;
}

static int write_and_take_back(struct pic_db *db)
{
    int status = pic_db_begin(db, NULL);
    if (status == PIC_OK)
        status = insert(db, NEVER);
    pic_db_rollback(db);
    return status;
}

/* A program's life: n transactions after those known, with a checkpoint in their middle. */
static void live(struct crash_vfs *disk, const struct pic_db_options *options, int n,
                 struct knowledge *k)
{
    struct pic_db db = {0};
    k->in_doubt = false;
    k->status = open_disk(disk, options, &db);
    for (int i = 0; i < n && k->status == PIC_OK; i++) {
        if (i == n / 2)
            k->status = pic_db_checkpoint(&db, false, NULL);
        if (k->status == PIC_OK)
            k->status = write_and_take_back(&db);
        if (k->status == PIC_OK)
            k->status = write_one(&db, k);
    }
    /* Not closed properly: it is stopped. The handle goes once the disk is dead. */
    crash_vfs_arm(disk, CRASH_FAULT_CUT, 0);
    pic_db_close(&db);
}

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

/* The database is whole and has exactly the first n transactions. */
static int count_whole(struct pic_db *db)
{
    assert_int_equal(number(db, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    int n = number(db, "SELECT count(DISTINCT t) FROM entry");
    assert_int_equal(number(db, "SELECT coalesce(max(t), 0) FROM entry"), n);
    assert_int_equal(number(db, "SELECT count(*) FROM entry"), n * PARTS);
    assert_int_equal(
        number(db, "SELECT count(*) FROM entry WHERE payload <> zeroblob(t % 7 * 700 + part)"), 0);
    return n;
}

/* After a crash: what was acknowledged is there, what was never committed is not. */
static void assert_kept(struct crash_vfs *disk, struct knowledge *k)
{
    struct pic_db db = {0};
    const struct pic_db_options options = options_of(disk);
    assert_int_equal(open_disk(disk, &options, &db), PIC_OK);
    int n = count_whole(&db);
    assert_in_range(n, k->acknowledged, k->acknowledged + (k->in_doubt ? 1 : 0));
    k->acknowledged = n;
    pic_db_close(&db);
}

/* Stops a whole life at each of its operations. Answers how many there are. */
static uint64_t stop_at_every_operation(enum crash_kind kind, uint64_t seed)
{
    for (uint64_t at = 0;; at++) {
        struct crash_vfs *disk = crash_vfs_new("disk", seed * 1000 + at);
        const struct pic_db_options options = options_of(disk);
        struct knowledge k = {0};
        crash_vfs_arm(disk, CRASH_FAULT_CUT, at);
        live(disk, &options, TRANSACTIONS, &k);
        bool done = k.status == PIC_OK;
        crash_vfs_crash(disk, kind);
        assert_kept(disk, &k);
        crash_vfs_free(disk);
        if (done) {
            assert_int_equal(k.acknowledged, TRANSACTIONS);
            return at;
        }
    }
}

static void a_kill_at_any_write_loses_nothing(void **state)
{
    (void)state;
    assert_true(stop_at_every_operation(CRASH_PROCESS, 1) > 40);
}

static void a_power_cut_at_any_write_loses_nothing(void **state)
{
    (void)state;
    assert_true(stop_at_every_operation(CRASH_POWER_ALL, 2) > 40);
}

static void a_power_cut_that_keeps_some_sectors_loses_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 3; seed < 3 + SEEDS; seed++)
        assert_true(stop_at_every_operation(CRASH_POWER_SOME, seed) > 40);
}

/* One machine that is stopped again and again, also while it recovers. */
static void many_crashes_in_a_row_lose_nothing(void **state)
{
    (void)state;
    struct generator g = generator_from(4);
    struct crash_vfs *disk = crash_vfs_new("disk", 4);
    const struct pic_db_options options = options_of(disk);
    struct knowledge k = {0};
    for (unsigned round = 0; round < ROUNDS; round++) {
        crash_vfs_arm(disk, CRASH_FAULT_CUT, generator_below(&g, 40));
        live(disk, &options, 3, &k);
        crash_vfs_crash(disk, (enum crash_kind)generator_below(&g, 3));
        if (generator_below(&g, 8) == 0) {
            assert_kept(disk, &k);
            continue;
        }
        /* Not looked at: what is in doubt must be settled by the next life's own reading. */
        struct pic_db db = {0};
        crash_vfs_arm(disk, CRASH_FAULT_CUT, generator_below(&g, 10));
        if (open_disk(disk, &options, &db) == PIC_OK)
            assert_in_range(count_whole(&db), k.acknowledged,
                            k.acknowledged + (k.in_doubt ? 1 : 0));
        pic_db_close(&db);
        crash_vfs_crash(disk, (enum crash_kind)generator_below(&g, 3));
        assert_kept(disk, &k);
    }
    assert_true(k.acknowledged > 40);
    crash_vfs_free(disk);
}

/* The tests above can fail: without syncs, a power cut takes what was acknowledged. */
/* Killed between writing the log and waiting for it, then opened again: what is seen then may be
 * told to others, so a power cut must not take it back. */
static void what_a_killed_program_left_stays_once_it_was_seen(void **state)
{
    (void)state;
    int seen_in_doubt = 0;
    for (uint64_t n = 0; n < NEVER; n++) {
        struct crash_vfs *disk = crash_vfs_new("killed", n);
        const struct pic_db_options options = options_of(disk);
        struct knowledge k = {0};
        struct pic_db db;
        assert_int_equal(open_disk(disk, &options, &db), PIC_OK);
        crash_vfs_arm(disk, CRASH_FAULT_CUT, n);
        int status = write_one(&db, &k);
        crash_vfs_crash(disk, CRASH_PROCESS);
        pic_db_close(&db);
        assert_int_equal(open_disk(disk, &options, &db), PIC_OK);
        int seen = number(&db, "SELECT count(*) FROM entry");
        crash_vfs_crash(disk, CRASH_POWER_ALL);
        pic_db_close(&db);
        assert_int_equal(open_disk(disk, &options, &db), PIC_OK);
        assert_int_equal(number(&db, "SELECT count(*) FROM entry"), seen);
        pic_db_close(&db);
        crash_vfs_free(disk);
        seen_in_doubt += status != PIC_OK && seen > 0;
        if (status == PIC_OK)
            break;
    }
    assert_true(seen_in_doubt > 0);
}

static void without_syncs_a_power_cut_does_lose(void **state)
{
    (void)state;
    struct crash_vfs *disk = crash_vfs_new("disk", 5);
    struct pic_db_options options = options_of(disk);
    options.durability = PIC_REBUILDABLE;
    struct knowledge k = {0};
    live(disk, &options, TRANSACTIONS, &k);
    assert_int_equal(k.acknowledged, TRANSACTIONS);
    crash_vfs_crash(disk, CRASH_POWER_ALL);
    struct pic_db db = {0};
    assert_int_equal(open_disk(disk, &options, &db), PIC_OK);
    assert_true(number(&db, "SELECT count(*) FROM entry") < TRANSACTIONS * PARTS);
    pic_db_close(&db);
    crash_vfs_free(disk);
}

/* A fault at every operation: the right status, then everything goes on. */
static void go_on_after(enum crash_fault fault, int expected)
{
    unsigned named = 0;
    for (uint64_t at = 0;; at++) {
        struct crash_vfs *disk = crash_vfs_new("disk", at);
        const struct pic_db_options options = options_of(disk);
        struct knowledge k = {0};
        struct pic_db db = {0};
        crash_vfs_arm(disk, fault, at);
        int status = open_disk(disk, &options, &db);
        if (status != PIC_OK) {
            assert_true(status == expected || status == PIC_EIO);
            pic_db_close(&db);
            assert_int_equal(open_disk(disk, &options, &db), PIC_OK);
        }
        unsigned failures = 0;
        while (k.acknowledged < TRANSACTIONS) {
            status = write_one(&db, &k);
            if (status != PIC_OK) {
                assert_true(status == expected || status == PIC_EIO);
                named += status == expected ? 1 : 0;
                assert_int_equal(++failures, 1);
                assert_int_equal(count_whole(&db), k.acknowledged);
            }
        }
        assert_int_equal(count_whole(&db), TRANSACTIONS);
        int hit = crash_vfs_has_hit(disk);
        pic_db_close(&db);
        crash_vfs_crash(disk, CRASH_POWER_ALL);
        k.in_doubt = false;
        assert_kept(disk, &k);
        crash_vfs_free(disk);
        if (!hit)
            break;
    }
    assert_true(named > 10);
}

static void a_full_disk_at_any_write_is_survived(void **state)
{
    (void)state;
    go_on_after(CRASH_FAULT_FULL, PIC_EDISK_FULL);
}

static void a_failing_disk_at_any_write_is_survived(void **state)
{
    (void)state;
    go_on_after(CRASH_FAULT_IO, PIC_EIO);
}

static void connections_share_a_database(void **state)
{
    (void)state;
    struct crash_vfs *disk = crash_vfs_new("disk", 6);
    const struct pic_db_options options = options_of(disk);
    struct pic_db writer = {0};
    struct pic_db reader = {0};
    struct knowledge k = {0};
    assert_int_equal(open_disk(disk, &options, &writer), PIC_OK);
    assert_int_equal(open_disk(disk, &options, &reader), PIC_OK);
    assert_int_equal(write_one(&writer, &k), PIC_OK);
    assert_int_equal(pic_db_exec(&reader, "BEGIN", NULL), PIC_OK);
    assert_int_equal(count_whole(&reader), 1);
    assert_int_equal(write_one(&writer, &k), PIC_OK);
    assert_int_equal(count_whole(&reader), 1); /* its snapshot */
    assert_int_equal(pic_db_checkpoint(&writer, true, NULL), PIC_OK);
    assert_int_equal(pic_db_checkpoint(&writer, false, NULL), PIC_ESTORE_IN_USE);
    assert_int_equal(pic_db_commit(&reader, NULL), PIC_OK);
    assert_int_equal(count_whole(&reader), 2);
    assert_int_equal(pic_db_begin(&writer, NULL), PIC_OK);
    assert_int_equal(pic_db_begin(&reader, NULL), PIC_ESTORE_IN_USE);
    pic_db_rollback(&writer);
    assert_int_equal(pic_db_begin(&reader, NULL), PIC_OK);
    pic_db_rollback(&reader);
    pic_db_close(&writer);
    assert_int_equal(count_whole(&reader), 2);
    pic_db_close(&reader);
    crash_vfs_free(disk);
}

static void what_was_open_is_dead_after_a_crash(void **state)
{
    (void)state;
    struct crash_vfs *disk = crash_vfs_new("disk", 7);
    const struct pic_db_options options = options_of(disk);
    struct pic_db old = {0};
    struct pic_db young = {0};
    struct knowledge k = {0};
    assert_int_equal(open_disk(disk, &options, &old), PIC_OK);
    assert_int_equal(write_one(&old, &k), PIC_OK);
    assert_int_equal(pic_db_begin(&old, NULL), PIC_OK); /* holds the write lock, and dies */
    assert_int_equal(insert(&old, NEVER), PIC_OK);
    crash_vfs_crash(disk, CRASH_PROCESS);
    assert_int_equal(open_disk(disk, &options, &young), PIC_OK);
    assert_int_equal(write_one(&young, &k), PIC_OK);
    assert_int_equal(pic_db_commit(&old, NULL), PIC_EIO);
    assert_int_equal(write_one(&young, &k), PIC_OK);
    uint64_t before = crash_vfs_operations(disk);
    pic_db_close(&old);
    assert_int_equal(crash_vfs_operations(disk), before);
    assert_int_equal(count_whole(&young), 3);
    pic_db_close(&young);
    crash_vfs_free(disk);
}

static void disks_and_databases_are_apart(void **state)
{
    (void)state;
    struct crash_vfs *disks[2] = {crash_vfs_new("disk-a", 8), crash_vfs_new("disk-b", 8)};
    static const char *const names[] = {"one.db", "two.db"};
    struct pic_db db[2][2] = {0};
    for (int d = 0; d < 2; d++) {
        const struct pic_db_options options = options_of(disks[d]);
        for (int n = 0; n < 2; n++) {
            char script[80];
            (void)snprintf(script, sizeof script,
                           "CREATE TABLE t (x INTEGER) STRICT; INSERT INTO t VALUES (%d)",
                           10 * d + n);
            assert_int_equal(pic_db_open(names[n], &options, &db[d][n], NULL), PIC_OK);
            assert_int_equal(pic_db_exec(&db[d][n], script, NULL), PIC_OK);
        }
    }
    crash_vfs_crash(disks[0], CRASH_POWER_ALL);
    for (int n = 0; n < 2; n++) {
        const struct pic_db_options options = options_of(disks[0]);
        assert_int_equal(number(&db[1][n], "SELECT x FROM t"), 10 + n);
        assert_int_equal(pic_db_exec(&db[0][n], "INSERT INTO t VALUES (5)", NULL), PIC_EIO);
        pic_db_close(&db[0][n]);
        assert_int_equal(pic_db_open(names[n], &options, &db[0][n], NULL), PIC_OK);
        assert_int_equal(number(&db[0][n], "SELECT x FROM t"), n);
    }
    for (int i = 0; i < 4; i++)
        pic_db_close(&db[i / 2][i % 2]);
    crash_vfs_free(disks[0]);
    crash_vfs_free(disks[1]);
}

static void the_same_seed_gives_the_same_history(void **state)
{
    (void)state;
    int counts[2][3];
    uint64_t operations[2];
    for (int run = 0; run < 2; run++) {
        struct crash_vfs *disk = crash_vfs_new("disk", 9);
        const struct pic_db_options options = options_of(disk);
        struct knowledge k = {0};
        for (int i = 0; i < 3; i++) {
            crash_vfs_arm(disk, CRASH_FAULT_CUT, 31);
            live(disk, &options, TRANSACTIONS, &k);
            crash_vfs_crash(disk, CRASH_POWER_SOME);
            assert_kept(disk, &k);
            counts[run][i] = k.acknowledged;
        }
        operations[run] = crash_vfs_operations(disk);
        crash_vfs_free(disk);
    }
    assert_memory_equal(counts[0], counts[1], sizeof counts[0]);
    assert_int_equal(operations[0], operations[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kill_at_any_write_loses_nothing),
        cmocka_unit_test(a_power_cut_at_any_write_loses_nothing),
        cmocka_unit_test(a_power_cut_that_keeps_some_sectors_loses_nothing),
        cmocka_unit_test(many_crashes_in_a_row_lose_nothing),
        cmocka_unit_test(what_a_killed_program_left_stays_once_it_was_seen),
        cmocka_unit_test(without_syncs_a_power_cut_does_lose),
        cmocka_unit_test(a_full_disk_at_any_write_is_survived),
        cmocka_unit_test(a_failing_disk_at_any_write_is_survived),
        cmocka_unit_test(connections_share_a_database),
        cmocka_unit_test(what_was_open_is_dead_after_a_crash),
        cmocka_unit_test(disks_and_databases_are_apart),
        cmocka_unit_test(the_same_seed_gives_the_same_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
