/* bank: whatever overlapping pieces of a year arrive, in whatever order, the same lines come out;
 * and matching gives the same pairs whatever the order of what it is given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/log/change.h"
#include "server/bank/match.h"
#include "server/bank/statement.h"
#include "tests/lib/generator.h"

enum {
    YEARS = 40,
    LINES = 300,
    DAYS = 365,
    PIECES = 12,
    HEAPS = 60,   /* histories of lines and entries */
    HEAP_MAX = 40 /* of each */
};

/* --- a year of lines --- */

struct movement {
    int64_t day, amount;
    const char *label;
};

/* Few labels, amounts and days, so that lines that look alike are common. */
static void make_year(struct generator *g, struct movement year[static LINES])
{
    static const char *const labels[] = {"CHEQUE", "Frais", "FRAIS", "vir région", "VIR REGION"};
    int64_t day = 20000;
    for (size_t i = 0; i < LINES; i++) {
        day += generator_below(g, 3) == 0 ? generator_below(g, 2 * DAYS / LINES * 3) : 0;
        year[i] = (struct movement){day, 100 * (int64_t)generator_below(g, 3) - 100,
                                    labels[generator_below(g, 5)]};
    }
}

struct key {
    uint8_t fingerprint[PIC_HASH_SIZE];
    uint32_t occurrence;
};

struct set {
    struct key keys[LINES];
    size_t n;
};

static void add(struct set *set, const struct pic_bank_line *line)
{
    struct key key = {.occurrence = line->occurrence};
    memcpy(key.fingerprint, line->fingerprint, PIC_HASH_SIZE);
    for (size_t i = 0; i < set->n; i++)
        if (set->keys[i].occurrence == key.occurrence &&
            memcmp(set->keys[i].fingerprint, key.fingerprint, PIC_HASH_SIZE) == 0)
            return;
    assert_true(set->n < LINES);
    set->keys[set->n++] = key;
}

/* Imports the lines from `from` up to `to`, as one file. */
static void import(struct set *set, const struct movement *year, size_t from, size_t to)
{
    struct pic_statements s;
    struct pic_err err = {0};
    size_t index;
    pic_statements_init(&s);
    assert_int_equal(pic_statements_account(&s, pic_span_text("livret"), 1, &index, &err), PIC_OK);
    for (size_t i = from; i < to; i++) {
        const struct pic_bank_draft draft = {.booked_on = year[i].day,
                                             .value_on = PIC_NO_DAY,
                                             .amount = year[i].amount,
                                             .label = pic_span_text(year[i].label),
                                             .origin = i + 1};
        assert_int_equal(pic_statements_line(&s, index, &draft, &err), PIC_OK);
    }
    assert_int_equal(pic_statements_finish(&s, &err), PIC_OK);
    for (size_t i = 0; i < s.items[0].line_n; i++)
        add(set, &s.items[0].lines[i]);
    pic_statements_release(&s);
}

static int by_key(const void *a, const void *b)
{
    const struct key *x = a;
    const struct key *y = b;
    int order = memcmp(x->fingerprint, y->fingerprint, PIC_HASH_SIZE);
    return order != 0 ? order : (x->occurrence > y->occurrence) - (x->occurrence < y->occurrence);
}

/* The first line of a day: a file begins with a whole day; where it ends does not matter. */
static size_t first_of_day(const struct movement *year, size_t i)
{
    while (i > 0 && year[i - 1].day == year[i].day)
        i--;
    return i;
}

static void imports_of_any_overlapping_pieces_in_any_order_give_the_same_lines(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= YEARS; seed++) {
        struct generator g = generator_from(seed);
        struct movement year[LINES];
        static struct set whole;
        static struct set pieces;
        whole.n = pieces.n = 0;
        make_year(&g, year);
        import(&whole, year, 0, LINES);
        assert_int_equal(whole.n, LINES);
        /* Pieces at random, some twice, then what no piece held, in no order either. */
        for (size_t k = 0; k < PIECES; k++) {
            size_t from = first_of_day(year, generator_below(&g, LINES));
            size_t to = from + 1 + generator_below(&g, (uint32_t)(LINES - from));
            import(&pieces, year, from, to);
            if (generator_below(&g, 3) == 0)
                import(&pieces, year, from, to);
        }
        size_t cut = first_of_day(year, generator_below(&g, LINES));
        import(&pieces, year, cut, LINES);
        import(&pieces, year, 0, cut == 0 ? LINES : cut);
        qsort(whole.keys, whole.n, sizeof whole.keys[0], by_key);
        qsort(pieces.keys, pieces.n, sizeof pieces.keys[0], by_key);
        if (pieces.n != LINES)
            fail_msg("seed %llu: %zu lines", (unsigned long long)seed, pieces.n);
        for (size_t i = 0; i < LINES; i++)
            assert_int_equal(by_key(&whole.keys[i], &pieces.keys[i]), 0);
    }
}

/* --- matching --- */

struct heap {
    struct pic_match_line lines[HEAP_MAX];
    struct pic_match_item items[HEAP_MAX];
    struct pic_match out[HEAP_MAX];
    char texts[HEAP_MAX][64];
    size_t line_n, item_n;
};

static void make_heap(struct generator *g, struct heap *h)
{
    static const char *const names[] = {"Les Ainés du Maroc", "Compagnie du Phare",
                                        "Foot Quartier"};
    static const int64_t amounts[] = {-48000, -9240, 350000};
    h->line_n = 1 + generator_below(g, HEAP_MAX);
    h->item_n = 1 + generator_below(g, HEAP_MAX);
    for (size_t i = 0; i < h->item_n; i++)
        h->items[i] = (struct pic_match_item){
            .id = pic_dot(42, 10 + i),
            .project = pic_dot(42, 1 + generator_below(g, 6)),
            .owner = generator_below(g, 3),
            .amount = amounts[generator_below(g, 3)],
            .day = 20000 + generator_below(g, 40),
            .reference = pic_span_text(generator_below(g, 3) == 0 ? "0000451" : ""),
            .names = {pic_span_text(names[generator_below(g, 3)])}};
    for (size_t i = 0; i < h->line_n; i++) {
        (void)snprintf(h->texts[i], sizeof h->texts[i], "VIR 42-%u %s", generator_below(g, 40),
                       names[generator_below(g, 3)]);
        h->lines[i] = (struct pic_match_line){
            .id = pic_dot(1, 100 + i),
            .owner = generator_below(g, 3),
            .amount = amounts[generator_below(g, 3)],
            .day = 20000 + generator_below(g, 40),
            .label = pic_span_text(h->texts[i]),
            .reference = pic_span_text(generator_below(g, 4) == 0 ? "451" : "")};
    }
}

static void shuffle(struct generator *g, struct heap *h)
{
    for (size_t i = h->line_n; i-- > 1;) {
        size_t k = generator_below(g, (uint32_t)i + 1);
        struct pic_match_line line = h->lines[i];
        h->lines[i] = h->lines[k];
        h->lines[k] = line;
    }
    for (size_t i = h->item_n; i-- > 1;) {
        size_t k = generator_below(g, (uint32_t)i + 1);
        struct pic_match_item item = h->items[i];
        h->items[i] = h->items[k];
        h->items[k] = item;
    }
}

/* The answer about a line, by its id. */
static const struct pic_match *about(const struct heap *h, uint64_t id)
{
    for (size_t i = 0; i < h->line_n; i++)
        if (h->lines[i].id == id)
            return &h->out[i];
    return NULL;
}

static uint64_t item_of(const struct heap *h, const struct pic_match *m)
{
    return m->zone == PIC_MATCH_NONE ? 0 : h->items[m->item].id;
}

static void expect_sound(const struct heap *h)
{
    bool taken[HEAP_MAX] = {false};
    for (size_t i = 0; i < h->line_n; i++) {
        const struct pic_match *m = &h->out[i];
        assert_int_equal(m->line, i);
        if (m->zone == PIC_MATCH_NONE)
            continue;
        assert_true(m->item < h->item_n && !taken[m->item]);
        taken[m->item] = true;
        const struct pic_match_item *item = &h->items[m->item];
        assert_true(item->owner == 0 || h->lines[i].owner == 0 || item->owner == h->lines[i].owner);
        assert_true((item->amount < 0) == (h->lines[i].amount < 0));
        if (m->zone == PIC_MATCH_CERTAIN)
            assert_int_equal(item->amount, h->lines[i].amount);
    }
}

static void matching_is_one_to_one_and_does_not_depend_on_order(void **state)
{
    (void)state;
    size_t certain = 0;
    size_t probable = 0;
    for (uint64_t seed = 1; seed <= HEAPS; seed++) {
        static struct heap a;
        static struct heap b;
        struct generator g = generator_from(seed);
        make_heap(&g, &a);
        b = a;
        shuffle(&g, &b);
        assert_int_equal(pic_match_all(a.lines, a.line_n, a.items, a.item_n, a.out), PIC_OK);
        assert_int_equal(pic_match_all(b.lines, b.line_n, b.items, b.item_n, b.out), PIC_OK);
        expect_sound(&a);
        for (size_t i = 0; i < a.line_n; i++) {
            const struct pic_match *other = about(&b, a.lines[i].id);
            if (other == NULL || a.out[i].zone != other->zone || a.out[i].score != other->score ||
                item_of(&a, &a.out[i]) != item_of(&b, other))
                fail_msg("seed %llu, line %zu", (unsigned long long)seed, i);
            certain += a.out[i].zone == PIC_MATCH_CERTAIN;
            probable += a.out[i].zone == PIC_MATCH_PROBABLE;
        }
    }
    assert_true(certain > 0 && probable > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imports_of_any_overlapping_pieces_in_any_order_give_the_same_lines),
        cmocka_unit_test(matching_is_one_to_one_and_does_not_depend_on_order),
    };
    return cmocka_run_group_tests_name("bank", tests, NULL, NULL);
}
