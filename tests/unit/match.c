/* match: what makes a pair certain, probable or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/log/change.h"
#include "server/bank/match.h"
#include "server/bank/sums.h"

enum { DAY = 20000, ITEMS_MAX = 4 };

/* A payment of 480 euros to the elders of project 42-17, on DAY. */
static struct pic_match_item advance(void)
{
    return (struct pic_match_item){.id = pic_dot(42, 31),
                                   .project = pic_dot(42, 17),
                                   .owner = 7,
                                   .amount = -48000,
                                   .day = DAY,
                                   .reference = pic_span_text(""),
                                   .names = {pic_span_text("Les Aînés du Maroc"), pic_span_text(""),
                                             pic_span_text("Thé dansant")}};
}

static struct pic_match_line line_of(const char *label, int64_t amount, int64_t day)
{
    return (struct pic_match_line){.id = pic_dot(1, 100),
                                   .owner = 7,
                                   .amount = amount,
                                   .day = day,
                                   .label = pic_span_text(label),
                                   .reference = pic_span_text(""),
                                   .counterparty = pic_span_text("")};
}

static struct pic_match match_one(const struct pic_match_line *line,
                                  const struct pic_match_item *item)
{
    struct pic_match m;
    assert_int_equal(pic_match_all(line, 1, item, 1, &m), PIC_OK);
    return m;
}

static void zones_of_one_pair(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        int64_t amount, day;
        enum pic_match_zone zone;
        unsigned reasons, name;
    } rows[] = {
        {"VIR 42-31", -48000, DAY + 2, PIC_MATCH_CERTAIN, PIC_MATCH_AMOUNT | PIC_MATCH_NUMBER, 0},
        {"VIR PIC 42-17 ACOMPTE", -48000, DAY + 2, PIC_MATCH_CERTAIN,
         PIC_MATCH_AMOUNT | PIC_MATCH_PROJECT, 0},
        {"VIR THE DANSANT", -48000, DAY + 2, PIC_MATCH_PROBABLE, PIC_MATCH_AMOUNT, 100},
        {"VIR LES AINES", -48000, DAY, PIC_MATCH_PROBABLE, PIC_MATCH_AMOUNT, 50},
        {"VIR", -48000, DAY + 60, PIC_MATCH_PROBABLE, PIC_MATCH_AMOUNT, 0},
        {"VIR", -48000, DAY + 61, PIC_MATCH_NONE, PIC_MATCH_AMOUNT, 0},
        {"VIR 42-31", -48000, DAY + 400, PIC_MATCH_CERTAIN, PIC_MATCH_AMOUNT | PIC_MATCH_NUMBER, 0},
        {"VIR 42-31", -48000, DAY + 401, PIC_MATCH_NONE, PIC_MATCH_AMOUNT, 0},
        /* Not the number: part of a date, of a longer number, of a word. */
        {"LE 12-42-31", -48000, DAY, PIC_MATCH_PROBABLE, PIC_MATCH_AMOUNT, 0},
        {"REF 142-31", -48000, DAY, PIC_MATCH_PROBABLE, PIC_MATCH_AMOUNT, 0},
        {"REF 42-317", -48000, DAY, PIC_MATCH_PROBABLE, PIC_MATCH_AMOUNT, 0},
        {"REF A42-31", -48000, DAY, PIC_MATCH_PROBABLE, PIC_MATCH_AMOUNT, 0},
        /* Another amount: proposed where it is named and says who; never certain. */
        {"VIR 42-31 AINES MAROC", -47900, DAY, PIC_MATCH_PROBABLE, PIC_MATCH_NUMBER, 100},
        {"VIR AINES MAROC", -47900, DAY, PIC_MATCH_NONE, 0, 0},
        /* The other way round. */
        {"VIR 42-31", 48000, DAY, PIC_MATCH_NONE, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct pic_match_item item = advance();
        const struct pic_match_line line = line_of(rows[i].label, rows[i].amount, rows[i].day);
        struct pic_match m = match_one(&line, &item);
        if (m.zone != rows[i].zone)
            fail_msg("%s: zone %d, score %u", rows[i].label, m.zone, m.score);
        if (m.zone == PIC_MATCH_NONE)
            continue;
        assert_int_equal(m.reasons, rows[i].reasons);
        assert_int_equal(m.name_percent, rows[i].name);
        assert_int_equal(m.days, rows[i].day - DAY);
    }
}

static void references_are_equal_whatever_their_zeros(void **state)
{
    (void)state;
    static const struct {
        const char *entry, *line, *label;
        bool certain;
    } rows[] = {
        {"451", "0000451", "CHEQUE", true},
        {"0000451", "", "CHEQUE 451", true},
        {"MANDAT-2026-0117", "mandat 2026 0117", "VIR", true},
        {"MANDAT-2026-0117", "", "VIR MANDAT 2026 0117 REGION", true},
        {"MANDAT-2026-0117", "", "VIR MANDAT 2026 01178", false},
        {"F2026-118", "", "VIR SEPA F 2026 118 JARDIN", true},
        {"F 2026 118", "", "VIR REF:F2026118", true},
        {"F 2026 118", "", "VIR REF F20261181", false},
        {"F2026118", "", "VIR AF 2026 118", false},
        {"45", "45", "CHEQUE", false},
        {"virement", "VIREMENT", "VIREMENT", false},
        {"PIC 2026", "PIC 2026", "VIR PIC 2026", false},
        {"0451", "4510", "CHEQUE 14510", false},
        {"", "", "CHEQUE", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pic_match_item item = advance();
        struct pic_match_line line = line_of(rows[i].label, item.amount, DAY);
        item.reference = pic_span_text(rows[i].entry);
        line.reference = pic_span_text(rows[i].line);
        bool certain = match_one(&line, &item).zone == PIC_MATCH_CERTAIN;
        if (certain != rows[i].certain)
            fail_msg("%s / %s / %s", rows[i].entry, rows[i].line, rows[i].label);
    }
}

static void m1_two_claims_are_not_certain(void **state)
{
    (void)state;
    struct pic_match_item items[2] = {advance(), advance()};
    struct pic_match m;
    items[1].id = pic_dot(42, 32);
    items[1].day = DAY + 5;
    /* An advance and a balance of the same amount: the project alone does not tell which. */
    const struct pic_match_line by_project = line_of("VIR 42-17", -48000, DAY + 5);
    assert_int_equal(pic_match_all(&by_project, 1, items, 2, &m), PIC_OK);
    assert_int_equal(m.zone, PIC_MATCH_PROBABLE);
    assert_int_equal(m.item, 1);
    /* Its own number does. */
    const struct pic_match_line by_number = line_of("VIR 42-17 42-31", -48000, DAY + 5);
    assert_int_equal(pic_match_all(&by_number, 1, items, 2, &m), PIC_OK);
    assert_int_equal(m.zone, PIC_MATCH_CERTAIN);
    assert_int_equal(m.item, 0);
    /* Two lines that both name one entry: neither is certain, one is proposed. */
    struct pic_match_line lines[2] = {by_number, by_number};
    struct pic_match both[2];
    lines[1].id = pic_dot(1, 101);
    assert_int_equal(pic_match_all(lines, 2, items, 1, both), PIC_OK);
    assert_int_equal(both[0].zone, PIC_MATCH_PROBABLE);
    assert_int_equal(both[1].zone, PIC_MATCH_NONE);
}

static void m2_equal_candidates_are_told_and_the_nearest_is_proposed(void **state)
{
    (void)state;
    struct pic_match_item items[2] = {advance(), advance()};
    struct pic_match m;
    struct pic_buf text;
    items[1].id = pic_dot(42, 30);
    const struct pic_match_line line = line_of("VIR", -48000, DAY + 1);
    assert_int_equal(pic_match_all(&line, 1, items, 2, &m), PIC_OK);
    assert_int_equal(m.zone, PIC_MATCH_PROBABLE);
    assert_int_equal(m.item, 1); /* the least number */
    assert_int_equal(m.rivals, 1);
    pic_buf_init(&text, 1024);
    pic_match_explain(&m, &text);
    assert_string_equal(pic_buf_string(&text),
                        "montant ✔ · nom 0 % · date +1 j · n° absent · autant que 1 autre(s)");
    pic_buf_release(&text);
}

static void m3_one_entry_for_one_line(void **state)
{
    (void)state;
    const struct pic_match_item item = advance();
    struct pic_match_line lines[2] = {line_of("VIR", -48000, DAY + 3),
                                      line_of("VIR LES AINES DU MAROC", -48000, DAY + 9)};
    struct pic_match m[2];
    lines[1].id = pic_dot(1, 101);
    assert_int_equal(pic_match_all(lines, 2, &item, 1, m), PIC_OK);
    assert_int_equal(m[0].zone, PIC_MATCH_NONE);
    assert_int_equal(m[1].zone, PIC_MATCH_PROBABLE);
}

static void m4_another_association_is_never_proposed(void **state)
{
    (void)state;
    const struct pic_match_item item = advance();
    struct pic_match_line line = line_of("VIR 42-31", -48000, DAY);
    line.owner = 8;
    assert_int_equal(match_one(&line, &item).zone, PIC_MATCH_NONE);
    line.owner = 0;
    assert_int_equal(match_one(&line, &item).zone, PIC_MATCH_CERTAIN);
}

/* Three payments to one holder, of 480, 120 and 75,50 euros, one day apart; one to another. */
static void payments(struct pic_match_item out[static 4])
{
    static const int64_t amounts[] = {-48000, -12000, -7550, -7550};
    for (size_t i = 0; i < 4; i++) {
        out[i] = advance();
        out[i].id = pic_dot(42, 31 + i);
        out[i].project = pic_dot(42, 17 + i);
        out[i].amount = amounts[i];
        out[i].day = DAY + (int64_t)i;
        out[i].names[2] = pic_span_text("");
    }
    out[3].names[0] = pic_span_text("Jardin partagé");
}

static struct pic_sums sums_of(const struct pic_match_line *lines, size_t line_n,
                               const struct pic_match_item *items, size_t item_n,
                               struct pic_match *matches)
{
    struct pic_sums sums = {0};
    assert_int_equal(pic_match_all(lines, line_n, items, item_n, matches), PIC_OK);
    assert_int_equal(pic_sums_find(lines, line_n, items, item_n, matches, &sums), PIC_OK);
    return sums;
}

static void g1_one_line_proves_several_entries(void **state)
{
    (void)state;
    struct pic_match_item items[4];
    struct pic_match m;
    payments(items);
    const struct pic_match_line line = line_of("VIR GROUPE AINES DU MAROC", -67550, DAY + 3);
    struct pic_sums sums = sums_of(&line, 1, items, 4, &m);
    /* 480 + 120 + 75,50: of the two of 75,50, the one of the same payee. */
    assert_int_equal(sums.n, 1);
    assert_int_equal(sums.at[0].line_n, 1);
    assert_int_equal(sums.at[0].item_n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_not_equal(sums.at[0].items[i], 3);
    assert_int_equal(sums.at[0].rivals, 0);
    assert_int_equal(m.zone, PIC_MATCH_NONE);
    struct pic_buf said;
    pic_buf_init(&said, 256);
    pic_sum_explain(&sums.at[0], &said);
    assert_string_equal(pic_buf_string(&said), "somme de 3 saisies ✔ · nom 100 % · date +3 j");
    pic_buf_release(&said);
    pic_sums_release(&sums);
}

static void g1_several_lines_prove_one_entry(void **state)
{
    (void)state;
    struct pic_match_item item = advance();
    struct pic_match m[3];
    struct pic_match_line lines[3] = {line_of("VIR AINES DU MAROC 1/2", -30000, DAY + 1),
                                      line_of("VIR AINES DU MAROC 2/2", -18000, DAY + 2),
                                      line_of("FRAIS DE TENUE", -18000, DAY)};
    for (size_t i = 0; i < 3; i++)
        lines[i].id = pic_dot(1, 100 + i);
    struct pic_sums sums = sums_of(lines, 3, &item, 1, m);
    assert_int_equal(sums.n, 1);
    assert_int_equal(sums.at[0].item_n, 1);
    assert_int_equal(sums.at[0].line_n, 2);
    assert_int_equal(sums.at[0].lines[0] + sums.at[0].lines[1], 1);
    pic_sums_release(&sums);
}

static void sums_keep_to_their_rules(void **state)
{
    (void)state;
    static const struct {
        int64_t amount, day;
        uint64_t owner;
        size_t n;
    } rows[] = {
        {-60000, DAY, 7, 1},
        {-60001, DAY, 7, 0},                      /* G1: to the cent */
        {60000, DAY, 7, 0},                       /* G3: the other side */
        {-60000, DAY, 8, 0},                      /* G3: another association's account */
        {-60000, DAY + 1 + PIC_SUM_WINDOW, 7, 0}, /* G3: too long after the first */
        {-48000, DAY, 7, 0},                      /* one entry alone is no sum */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pic_match_item items[4];
        struct pic_match m;
        payments(items);
        struct pic_match_line line = line_of("VIR", rows[i].amount, rows[i].day);
        line.owner = rows[i].owner;
        struct pic_sums sums = sums_of(&line, 1, items, 4, &m);
        if (sums.n != rows[i].n)
            fail_msg("row %zu: %zu sums", i, sums.n);
        pic_sums_release(&sums);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zones_of_one_pair),
        cmocka_unit_test(references_are_equal_whatever_their_zeros),
        cmocka_unit_test(m1_two_claims_are_not_certain),
        cmocka_unit_test(m2_equal_candidates_are_told_and_the_nearest_is_proposed),
        cmocka_unit_test(m3_one_entry_for_one_line),
        cmocka_unit_test(m4_another_association_is_never_proposed),
        cmocka_unit_test(g1_one_line_proves_several_entries),
        cmocka_unit_test(g1_several_lines_prove_one_entry),
        cmocka_unit_test(sums_keep_to_their_rules),
    };
    return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
