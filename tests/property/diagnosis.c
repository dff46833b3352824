/* diagnosis: a code read over the phone says what was found, or that it was heard wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema/face/diagnosis_words.h"
#include "tests/lib/generator.h"

enum { WORDS = 40, CODE_MAX = 64, LETTERS = PIC_DIAGNOSIS_LETTERS };

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static const struct {
    const char *name;
    size_t offset;
    unsigned bits;
} facts[] = {
#define FACT(name, bits) {#name, offsetof(struct pic_diagnosis, name), bits},
#include "protocol/log/diagnosis.def"
#undef FACT
};
enum { FACTS = sizeof facts / sizeof *facts };

static uint16_t *fact(struct pic_diagnosis *d, size_t i)
{
    return (uint16_t *)(void *)((char *)d + facts[i].offset);
}

static struct pic_diagnosis any(struct generator *g)
{
    struct pic_diagnosis d;
    for (size_t i = 0; i < FACTS; i++)
        *fact(&d, i) = (uint16_t)generator_below(g, 1U << facts[i].bits);
    d.version = PIC_DIAGNOSIS_VERSION;
    return d;
}

static void code_of(const struct pic_diagnosis *d, char out[static CODE_MAX])
{
    struct pic_buf text;
    pic_buf_init(&text, CODE_MAX);
    pic_diagnosis_put(d, &text);
    assert_int_equal(text.len, LETTERS + LETTERS / PIC_DIAGNOSIS_GROUP - 1);
    (void)snprintf(out, CODE_MAX, "%s", pic_buf_string(&text));
    pic_buf_release(&text);
}

/* The same without its dashes. */
static void letters_of(const struct pic_diagnosis *d, char out[static CODE_MAX])
{
    char code[CODE_MAX] = "";
    size_t n = 0;
    code_of(d, code);
    for (const char *at = code; *at != '\0'; at++)
        if (*at != '-')
            out[n++] = *at;
    out[n] = '\0';
}

static void every_value_of_every_fact_comes_back(void **state)
{
    (void)state;
    struct generator g = generator_from(1);
    struct pic_diagnosis_slip slip;
    for (size_t i = 1; i < FACTS; i++) /* the first is the version */
        for (uint32_t value = 0; value < 1U << facts[i].bits; value++) {
            struct pic_diagnosis read;
            char code[CODE_MAX] = "";
            struct pic_diagnosis d = any(&g);
            *fact(&d, i) = (uint16_t)value;
            code_of(&d, code);
            assert_int_equal(pic_diagnosis_read(code, &read, &slip), PIC_OK);
            assert_memory_equal(&read, &d, sizeof d);
        }
}

static void what_does_not_fit_becomes_the_greatest(void **state)
{
    (void)state;
    struct generator g = generator_from(2);
    struct pic_diagnosis_slip slip;
    for (size_t i = 1; i < FACTS; i++) {
        struct pic_diagnosis read;
        char code[CODE_MAX] = "";
        struct pic_diagnosis d = any(&g);
        *fact(&d, i) = UINT16_MAX;
        code_of(&d, code);
        assert_int_equal(pic_diagnosis_read(code, &read, &slip), PIC_OK);
        assert_int_equal(*fact(&read, i), (1U << facts[i].bits) - 1);
        *fact(&d, i) = *fact(&read, i);
        assert_memory_equal(&read, &d, sizeof d);
    }
}

static void one_wrong_letter_is_named(void **state)
{
    (void)state;
    struct generator g = generator_from(3);
    for (int word = 0; word < WORDS; word++) {
        char code[CODE_MAX] = "";
        const struct pic_diagnosis d = any(&g);
        letters_of(&d, code);
        for (size_t at = 0; at < LETTERS; at++)
            for (size_t digit = 0; digit < sizeof digits - 1; digit++) {
                struct pic_diagnosis read;
                struct pic_diagnosis_slip slip;
                char meant = code[at];
                if (digits[digit] == meant)
                    continue;
                code[at] = digits[digit];
                assert_int_equal(pic_diagnosis_read(code, &read, &slip), PIC_EDIAGNOSIS);
                assert_int_equal(slip.place, at + 1);
                assert_int_equal(slip.typed[0], code[at]);
                assert_int_equal(slip.meant[0], meant);
                code[at] = meant;
            }
    }
}

static void two_wrong_letters_are_noticed_and_nothing_is_guessed(void **state)
{
    (void)state;
    struct generator g = generator_from(4);
    for (int word = 0; word < 2; word++) {
        char code[CODE_MAX] = "";
        const struct pic_diagnosis d = any(&g);
        letters_of(&d, code);
        for (size_t a = 0; a < LETTERS; a++)
            for (size_t b = a + 1; b < LETTERS; b++)
                for (uint32_t turn = 0; turn < WORDS; turn++) {
                    struct pic_diagnosis read;
                    struct pic_diagnosis_slip slip;
                    char wrong[CODE_MAX];
                    memcpy(wrong, code, sizeof wrong);
                    wrong[a] = digits[generator_below(&g, sizeof digits - 1)];
                    wrong[b] = digits[generator_below(&g, sizeof digits - 1)];
                    if (turn == 0) { /* they changed places */
                        wrong[a] = code[b];
                        wrong[b] = code[a];
                    }
                    if (wrong[a] == code[a] || wrong[b] == code[b])
                        continue;
                    assert_int_equal(pic_diagnosis_read(wrong, &read, &slip), PIC_EDIAGNOSIS);
                    assert_int_equal(slip.place, 0);
                }
    }
}

static void codes_are_read_as_people_type_them(void **state)
{
    (void)state;
    const struct pic_diagnosis d = {.version = PIC_DIAGNOSIS_VERSION, .store = PIC_STORE_OPEN};
    struct pic_diagnosis read;
    struct pic_diagnosis_slip slip;
    char code[CODE_MAX] = "";
    char typed[2 * CODE_MAX];
    size_t n = 0;
    letters_of(&d, code);
    for (size_t i = 0; i < LETTERS; i++) {
        const char *digit = strchr(digits, code[i]);
        assert_non_null(digit);
        typed[n++] = ' ';
        typed[n++] = "o123456789abcdefghjkmnpqrstvwxyz"[digit - digits];
    }
    typed[n] = '\0';
    assert_int_equal(pic_diagnosis_read(typed, &read, &slip), PIC_OK);
    assert_memory_equal(&read, &d, sizeof d);

    code[LETTERS - 1] = '\0'; /* too short */
    assert_int_equal(pic_diagnosis_read(code, &read, &slip), PIC_EDIAGNOSIS);
    assert_int_equal(slip.place, 0);
    letters_of(&d, code);
    (void)snprintf(typed, sizeof typed, "%s0", code); /* too long */
    assert_int_equal(pic_diagnosis_read(typed, &read, &slip), PIC_EDIAGNOSIS);
    code[5] = 'U'; /* no letter of base32 */
    assert_int_equal(pic_diagnosis_read(code, &read, &slip), PIC_EDIAGNOSIS);
    assert_int_equal(slip.place, 6);
    assert_string_equal(slip.typed, "U");
    assert_int_equal(pic_diagnosis_read("", &read, &slip), PIC_EDIAGNOSIS);

    const struct pic_diagnosis later = {.version = PIC_DIAGNOSIS_VERSION + 1};
    letters_of(&later, code);
    assert_int_equal(pic_diagnosis_read(code, &read, &slip), PIC_EVERSION);
}

static void spans_round_down_and_never_shrink(void **state)
{
    (void)state;
    uint16_t before = 0;
    for (int64_t ms = 0; ms < INT64_C(60) * 365 * 86400 * 1000; ms += ms / 50 + 1000) {
        uint16_t span = pic_diagnosis_span(ms);
        assert_in_range(span, before, PIC_SPAN_UNKNOWN - 1);
        assert_true(pic_diagnosis_span_ms(span) <= ms);
        assert_true(ms < INT64_C(60000) || pic_diagnosis_span_ms(span) > ms / 2);
        before = span;
    }
    assert_true(pic_diagnosis_span_ms(pic_diagnosis_span(INT64_C(3) * 86400 * 1000)) ==
                INT64_C(3) * 86400 * 1000);
    assert_int_equal(pic_diagnosis_span(-1), 0);
    assert_true(pic_diagnosis_span_ms(pic_diagnosis_span(INT64_MAX)) ==
                INT64_C(63) * 365 * 86400 * 1000);
}

/* Whatever a code says, it is said whole: a sentence each, and an action unless all is well. */
static void any_diagnosis_has_its_words(void **state)
{
    (void)state;
    struct generator g = generator_from(5);
    for (int i = 0; i < 2000; i++) {
        struct pic_checkup checkup;
        struct pic_err err = {0};
        bool good = true;
        const struct pic_diagnosis d = any(&g);
        pic_diagnosis_lines(&d, &checkup);
        assert_in_range(checkup.n, 4, PIC_CHECKUP_LINES_MAX - 1); /* none was left out */
        for (size_t n = 0; n < checkup.n; n++) {
            const struct pic_checkup_line *line = &checkup.lines[n];
            bool fine = line->verdict == PIC_CHECKUP_GOOD;
            assert_true(*line->sentence != '\0' && strpbrk(line->sentence, "{}[]") == NULL);
            assert_int_equal(*line->action == '\0', fine);
            assert_true(strlen(line->sentence) < PIC_CHECKUP_TEXT_MAX - 1);
            good = good && fine;
        }
        int outcome = pic_checkup_outcome(&checkup, &err);
        assert_int_equal(pic_status_exit(outcome), good ? 0 : checkup.damaged ? 13 : 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_of_every_fact_comes_back),
        cmocka_unit_test(what_does_not_fit_becomes_the_greatest),
        cmocka_unit_test(one_wrong_letter_is_named),
        cmocka_unit_test(two_wrong_letters_are_noticed_and_nothing_is_guessed),
        cmocka_unit_test(codes_are_read_as_people_type_them),
        cmocka_unit_test(spans_round_down_and_never_shrink),
        cmocka_unit_test(any_diagnosis_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
