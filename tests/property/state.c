/* state: on random histories, what is folded does not depend on the order in which logs arrive, and
 * every total equals a naive recomputation from the rows it is made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/state/digest.h"
#include "schema/state/ladder.h"
#include "tests/lib/world.h"

enum { WORLDS = 12, STEPS = 350, ORDERS = 4 };

static void fold_in_order(const struct world *w, const size_t *order, struct history_state *out)
{
    history_state_open(out);
    history_fold(w->h, order, out->state);
    assert_int_equal(pic_state_flush(out->state), PIC_OK);
}

static void expect_same(struct pic_db *a, struct pic_db *b, uint64_t seed)
{
    const char *table;
    for (size_t at = 0; (table = pic_state_table(&at)) != NULL;) {
        struct pic_state_difference d;
        bool differs;
        assert_int_equal(pic_state_compare(a, b, table, &differs, &d), PIC_OK);
        if (differs)
            fail_msg("seed %llu, table %s, row %llu:\n  %s\n  %s", (unsigned long long)seed, table,
                     (unsigned long long)d.row, pic_buf_string(&d.left), pic_buf_string(&d.right));
        pic_buf_release(&d.left);
        pic_buf_release(&d.right);
    }
}

static void the_order_of_logs_does_not_matter(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        struct world w;
        struct history_state straight;
        uint8_t expected[PIC_HASH_SIZE];
        world_make(&w, seed, STEPS);
        size_t *order = calloc(w.h->n, sizeof *order);
        assert_non_null(order);
        fold_in_order(&w, NULL, &straight);
        assert_int_equal(pic_state_digest_all(&straight.db, expected), PIC_OK);
        for (uint64_t k = 0; k < ORDERS; k++) {
            struct history_state other;
            uint8_t digest[PIC_HASH_SIZE];
            history_interleave(w.h, seed * 100 + k, order);
            fold_in_order(&w, order, &other);
            expect_same(&straight.db, &other.db, seed * 100 + k);
            assert_int_equal(pic_state_digest_all(&other.db, digest), PIC_OK);
            assert_memory_equal(digest, expected, sizeof digest);
            history_state_close(&other);
        }
        free(order);
        history_state_close(&straight);
        world_free(&w);
    }
}

/* --- the ladder, naively --- */

/* Granted and eligible amounts of each project; what is summed of them. */
#define PER_PROJECT(what)                                                                          \
    "WITH granted AS (SELECT p.id, coalesce((SELECT CASE WHEN d.outcome LIKE 'accorde%' THEN"      \
    " coalesce(d.amount, 0) ELSE 0 END FROM decision AS d WHERE d.project = p.id AND d.reversed"   \
    " IS NULL AND p.cancelled IS NULL AND NOT EXISTS (SELECT 1 FROM decision AS l WHERE"           \
    " l.project = p.id AND l.reversed IS NULL AND (l.stamp, l.id) > (d.stamp, d.id))), 0)"         \
    " AS cents FROM project AS p),"                                                                \
    " eligible AS (SELECT p.id, coalesce((SELECT sum(max(0, coalesce(e.eligible_amount,"           \
    " e.amount) - coalesce((SELECT max(rejected) FROM control AS c WHERE c.about = e.id AND"       \
    " c.cancelled IS NULL), 0))) FROM expense AS e WHERE e.project = p.id AND e.reversed IS"       \
    " NULL), 0) AS cents FROM project AS p)"                                                       \
    " SELECT coalesce(sum(" what "), 0) FROM granted AS g JOIN eligible AS e ON e.id = g.id"

static void naive_total(struct history_state *s, int64_t m[static PIC_LADDER_MEASURES])
{
    static const char *const sums[PIC_LADDER_MEASURES] = {
        [PIC_LADDER_ENVELOPE] =
            "SELECT coalesce(sum(amount), 0) FROM share WHERE cancelled IS NULL",
        [PIC_LADDER_TRANSFERRED] =
            "SELECT coalesce(sum(amount), 0) FROM transfer WHERE reversed IS NULL",
        [PIC_LADDER_ASKED] = "SELECT coalesce(sum(asked), 0) FROM project WHERE cancelled IS NULL",
        [PIC_LADDER_PAID] = ("SELECT coalesce(sum(iif(kind = 'reversement', -amount, amount)), 0)"
                             " FROM payment WHERE reversed IS NULL"),
        [PIC_LADDER_MATCHED] =
            ("SELECT coalesce(sum(iif(kind = 'reversement', -amount, amount)), 0) FROM payment"
             " WHERE reversed IS NULL AND id IN"
             " (SELECT about FROM \"match\" WHERE cancelled IS NULL)"),
        [PIC_LADDER_PROJECTS] = "SELECT count(*) FROM project WHERE cancelled IS NULL",
    };
    for (int i = 0; i < PIC_LADDER_MEASURES; i++)
        m[i] = sums[i] == NULL ? 0 : history_number(s, sums[i]);
    m[PIC_LADDER_GRANTED] = history_number(s, PER_PROJECT("g.cents"));
    m[PIC_LADDER_JUSTIFIED] = history_number(s, PER_PROJECT("min(g.cents, e.cents)"));
    m[PIC_LADDER_DUE] = m[PIC_LADDER_JUSTIFIED] - m[PIC_LADDER_PAID];
    m[PIC_LADDER_REMAINING] = m[PIC_LADDER_ENVELOPE] - m[PIC_LADDER_GRANTED];
}

static void expect_measures(const struct pic_ladder_ask *ask, const int64_t *found,
                            const int64_t *expected)
{
    for (int i = 0; i < PIC_LADDER_MEASURES; i++)
        if (pic_ladder_knows(ask, (enum pic_ladder_measure)i) && found[i] != expected[i])
            fail_msg("par %s, %s : %lld, not %lld", pic_dimension_names[ask->by],
                     pic_ladder_keys[i], (long long)found[i], (long long)expected[i]);
}

static int add_project(void *context, const struct pic_ladder_project *project)
{
    int64_t *sums = context;
    for (int i = 0; i < PIC_MEASURES; i++)
        sums[PIC_LADDER_ASKED + i] += project->measures[i];
    sums[PIC_LADDER_PROJECTS] += project->projects;
    return PIC_OK;
}

/* A row of a total against the projects behind it. */
static void expect_projects(struct history_state *s, enum pic_dimension by,
                            const struct pic_ladder_row *row)
{
    struct pic_ladder_ask ask = pic_ladder_ask_all(by);
    struct pic_err err = {0};
    int64_t sums[PIC_LADDER_MEASURES] = {0};
    char key[128] = "";
    memcpy(key, row->key.p, row->key.n < sizeof key ? row->key.n : sizeof key - 1);
    int64_t number = strtoll(key, NULL, 10);
    ask.programme = by == PIC_BY_PROGRAMME ? number : -1;
    ask.fund = by == PIC_BY_FUND ? number : -1;
    ask.funder = by == PIC_BY_FUNDER ? number : -1;
    ask.year = by == PIC_BY_YEAR ? number : -1;
    ask.theme = by == PIC_BY_THEME ? key : NULL;
    ask.qpv = by == PIC_BY_QPV ? key : NULL;
    assert_int_equal(pic_ladder_projects(pic_state_rows(s->state), &ask, add_project, sums, &err),
                     PIC_OK);
    for (int i = PIC_LADDER_ASKED; i <= PIC_LADDER_DUE; i++)
        if (sums[i] != row->measures[i])
            fail_msg("projects of %s %s, %s : %lld, not %lld", pic_dimension_names[by], key,
                     pic_ladder_keys[i], (long long)sums[i], (long long)row->measures[i]);
}

static void expect_rows(struct history_state *s, enum pic_dimension by, const int64_t *whole)
{
    const struct pic_ladder_ask ask = pic_ladder_ask_all(by);
    struct pic_err err = {0};
    struct pic_ladder *ladder;
    struct pic_ladder_row row;
    bool more = true;
    int64_t sums[PIC_LADDER_MEASURES] = {0};
    assert_int_equal(pic_ladder_open(&s->db, &ask, &ladder, &err), PIC_OK);
    while (true) {
        assert_int_equal(pic_ladder_next(ladder, &row, &more), PIC_OK);
        if (!more)
            break;
        for (int i = 0; i < PIC_LADDER_MEASURES; i++)
            sums[i] += row.measures[i];
        if (by != PIC_BY_COMMUNE && by != PIC_BY_EPCI)
            expect_projects(s, by, &row);
    }
    pic_ladder_close(ladder);
    expect_measures(&ask, sums, whole);
}

static void totals_are_what_the_rows_say_and_rows_add_up(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        struct world w;
        struct history_state s;
        struct pic_err err = {0};
        int64_t naive[PIC_LADDER_MEASURES];
        int64_t total[PIC_LADDER_MEASURES];
        const struct pic_ladder_ask all = pic_ladder_ask_all(PIC_BY_NOTHING);
        world_make(&w, seed, STEPS);
        fold_in_order(&w, NULL, &s);
        naive_total(&s, naive);
        assert_true(naive[PIC_LADDER_JUSTIFIED] > 0 && naive[PIC_LADDER_MATCHED] != 0);
        assert_int_equal(pic_ladder_total(&s.db, &all, total, &err), PIC_OK);
        expect_measures(&all, total, naive);
        for (int by = PIC_BY_PROGRAMME; by < PIC_DIMENSIONS; by++)
            expect_rows(&s, (enum pic_dimension)by, naive);
        history_state_close(&s);
        world_free(&w);
    }
}

/* Kept up change by change with a flush after each, or made at once: the same. */
static void small_and_large_transactions_give_the_same(void **state)
{
    (void)state;
    struct world w;
    struct history_state at_once;
    struct history_state by_one;
    world_make(&w, 77, STEPS);
    fold_in_order(&w, NULL, &at_once);
    history_state_open(&by_one);
    for (size_t i = 0; i < w.h->n; i++) {
        history_fold_one(w.h, i, by_one.state, NULL);
        assert_int_equal(pic_state_flush(by_one.state), PIC_OK);
    }
    expect_same(&at_once.db, &by_one.db, 77);
    history_state_close(&by_one);
    history_state_close(&at_once);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_logs_does_not_matter),
        cmocka_unit_test(totals_are_what_the_rows_say_and_rows_add_up),
        cmocka_unit_test(small_and_large_transactions_give_the_same),
    };
    return cmocka_run_group_tests_name("property.state", tests, NULL, NULL);
}
