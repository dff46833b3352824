/* base: bytes, clock, status and text. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/base/bytes.h"
#include "protocol/base/clock.h"
#include "protocol/base/text.h"

static void varint_round_trips_and_is_canonical(void **state)
{
    (void)state;
    const uint64_t values[] = {0,         1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX - 1,
                               UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct pic_buf b;
        pic_buf_init(&b, 16);
        pic_buf_varint(&b, values[i]);
        struct pic_cursor c = pic_cursor_of(b.data, b.len);
        assert_int_equal(pic_cursor_varint(&c), values[i]);
        assert_int_equal(pic_cursor_end(&c), PIC_OK);
        pic_buf_release(&b);
    }
    const uint8_t padded[] = {0x80, 0x00};
    const uint8_t too_long[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
    const uint8_t cut[] = {0x80};
    struct pic_cursor c = pic_cursor_of(padded, sizeof padded);
    (void)pic_cursor_varint(&c);
    assert_true(c.bad);
    c = pic_cursor_of(too_long, sizeof too_long);
    (void)pic_cursor_varint(&c);
    assert_true(c.bad);
    c = pic_cursor_of(cut, sizeof cut);
    (void)pic_cursor_varint(&c);
    assert_true(c.bad);
}

static void zigzag_round_trips(void **state)
{
    (void)state;
    const int64_t values[] = {0, -1, 1, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_true(pic_unzigzag(pic_zigzag(values[i])) == values[i]);
}

static void cursor_is_sticky_and_rejects_left_over_bytes(void **state)
{
    (void)state;
    const uint8_t bytes[] = {1, 2, 3};
    struct pic_cursor c = pic_cursor_of(bytes, sizeof bytes);
    assert_int_equal(pic_cursor_u16(&c), 0x0201);
    assert_int_equal(pic_cursor_end(&c), PIC_EFORMAT);
    assert_int_equal(pic_cursor_u32(&c), 0);
    assert_true(c.bad);
    assert_int_equal(pic_cursor_u8(&c), 0);
}

static void buffer_never_passes_its_ceiling(void **state)
{
    (void)state;
    struct pic_buf b;
    pic_buf_init(&b, 5);
    pic_buf_text(&b, "12345");
    assert_string_equal(pic_buf_string(&b), "12345");
    pic_buf_u8(&b, '6');
    assert_int_equal(pic_buf_status(&b), PIC_ELIMIT);
    assert_int_equal(b.len, 5);
    pic_buf_clear(&b);
    pic_buf_printf(&b, "%d", 123456);
    assert_int_equal(pic_buf_status(&b), PIC_ELIMIT);
    pic_buf_clear(&b);
    pic_buf_printf(&b, "%d", 12345);
    assert_string_equal(pic_buf_string(&b), "12345");
    pic_buf_release(&b);
}

static void clock_moves_past_everything_seen(void **state)
{
    (void)state;
    struct pic_clock clock = {0};
    uint64_t first = pic_clock_tick(&clock, 1000);
    assert_int_equal(pic_clock_ms(first), 1000);
    assert_true(pic_clock_tick(&clock, 10) > first); /* the wall clock went back */
    pic_clock_see(&clock, pic_clock_at(5000));
    assert_true(pic_clock_tick(&clock, 1001) > pic_clock_at(5000));
    assert_int_equal(pic_clock_ms(pic_clock_tick(&clock, 9000)), 9000);
}

static void text_is_cleaned_to_nfc_or_refused(void **state)
{
    (void)state;
    const struct {
        const char *in, *out;
    } cases[] = {
        {"  Thé dansant \n", "Thé dansant"},
        {"The\xcc\x81", "Th\xc3\xa9"}, /* e + combining acute */
        {"a\x01", NULL},               /* control */
        {"\xc3", NULL},                /* cut */
        {"\xed\xa0\x80", NULL},        /* lone surrogate */
        {(const char[]){'a', (char)0xe2, (char)0x80, (char)0xae, 'b', 0},
         NULL},                                   /* right-to-left override */
        {"\xf0\x9f\x8c\xbb", "\xf0\x9f\x8c\xbb"}, /* emoji */
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pic_buf b;
        pic_buf_init(&b, 64);
        int status = pic_text_clean(pic_span_text(cases[i].in), &b);
        assert_int_equal(status, cases[i].out == NULL ? PIC_ETEXT : PIC_OK);
        if (cases[i].out != NULL) {
            assert_string_equal(pic_buf_string(&b), cases[i].out);
            assert_true(pic_text_is_clean(pic_buf_view(&b)));
        }
        pic_buf_release(&b);
    }
}

/* The short way round Unicode's tables must never disagree with the long one. */
static void plain_characters_are_clean_alone_and_together(void **state)
{
    (void)state;
    for (uint32_t c = 0x20; c < 0x3000; c++) {
        uint8_t utf8[12];
        size_t n = 0;
        for (int i = 0; i < 2; i++) { /* after an e, which combining marks would change */
            utf8[n++] = 'e';
            if (c < 0x80) {
                utf8[n++] = (uint8_t)c;
            } else if (c < 0x800) {
                utf8[n++] = (uint8_t)(0xC0U | c >> 6);
                utf8[n++] = (uint8_t)(0x80U | (c & 0x3FU));
            } else {
                utf8[n++] = (uint8_t)(0xE0U | c >> 12);
                utf8[n++] = (uint8_t)(0x80U | (c >> 6 & 0x3FU));
                utf8[n++] = (uint8_t)(0x80U | (c & 0x3FU));
            }
        }
        struct pic_buf b;
        pic_buf_init(&b, 64);
        bool clean = pic_text_is_clean(pic_span_of(utf8, n));
        if (pic_text_clean(pic_span_of(utf8, n), &b) != PIC_OK)
            assert_false(clean);
        else if (c != ' ') /* trimmed at the end */
            assert_int_equal(clean, pic_span_equal(pic_span_of(utf8, n), pic_buf_view(&b)));
        pic_buf_release(&b);
    }
}

/* Nor must looking at eight bytes at once: wherever a byte stands, it alone decides. */
static void a_byte_is_judged_alike_wherever_it_stands(void **state)
{
    (void)state;
    enum { LENGTH = 19 };
    for (size_t at = 0; at < LENGTH; at++)
        for (unsigned byte = 0; byte < 0x100; byte++) {
            uint8_t text[LENGTH];
            bool good = (byte >= 0x20 && byte < 0x7F) || byte == '\n' || byte == '\t';
            for (size_t i = 0; i < LENGTH; i++)
                text[i] = i % 2 == 0 ? 0x20 : 0x7E; /* the least and the greatest beside it */
            text[at] = (uint8_t)byte;
            assert_int_equal(pic_text_is_clean(pic_span_of(text, LENGTH)), good);
        }
}

static void text_folds_for_search(void **state)
{
    (void)state;
    struct pic_buf b;
    pic_buf_init(&b, 64);
    assert_int_equal(pic_text_fold(pic_span_text("L'Œuvre d'ÉLÈVES — n° 2 !"), &b), PIC_OK);
    assert_string_equal(pic_buf_string(&b), "l oeuvre d eleves n 2");
    pic_buf_release(&b);
}

static void base32_round_trips_as_people_type_it(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0xde, 0xad, 0xbe, 0xef, 0x01, 0x02, 0x03};
    for (size_t n = 0; n <= sizeof bytes; n++) {
        struct pic_buf text;
        struct pic_buf back;
        pic_buf_init(&text, 64);
        pic_buf_init(&back, 64);
        pic_text_base32(pic_span_of(bytes, n), 4, &text);
        assert_int_equal(pic_text_unbase32(pic_buf_string(&text), n, &back), PIC_OK);
        assert_true(pic_span_equal(pic_buf_view(&back), pic_span_of(bytes, n)));
        pic_buf_release(&text);
        pic_buf_release(&back);
    }
    struct pic_buf back;
    pic_buf_init(&back, 64);
    assert_int_equal(pic_text_unbase32("Oo-Lg", 2, &back), PIC_OK);
    assert_memory_equal(back.data, "\x00\x03", 2);
    pic_buf_clear(&back);
    assert_int_equal(pic_text_unbase32("U0", 1, &back), PIC_EFORMAT);
    pic_buf_release(&back);
}

static void failure_keeps_its_facts(void **state)
{
    (void)state;
    struct pic_err err = {0};
    assert_int_equal(pic_fail(&err, PIC_EDATE, "31/02", "Date", NULL), PIC_EDATE);
    assert_string_equal(err.arg[0], "31/02");
    assert_string_equal(err.arg[1], "Date");
    assert_string_equal(pic_status_code(PIC_EDATE), "S-11");
    assert_int_equal(pic_status_exit(99999), 1);
    char longer[400];
    memset(longer, 0xc3, sizeof longer);
    longer[sizeof longer - 1] = '\0';
    (void)pic_fail(&err, PIC_ETEXT, longer, NULL);
    assert_true(strlen(err.arg[0]) < PIC_ERR_ARG_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varint_round_trips_and_is_canonical),
        cmocka_unit_test(zigzag_round_trips),
        cmocka_unit_test(cursor_is_sticky_and_rejects_left_over_bytes),
        cmocka_unit_test(buffer_never_passes_its_ceiling),
        cmocka_unit_test(clock_moves_past_everything_seen),
        cmocka_unit_test(text_is_cleaned_to_nfc_or_refused),
        cmocka_unit_test(plain_characters_are_clean_alone_and_together),
        cmocka_unit_test(a_byte_is_judged_alike_wherever_it_stands),
        cmocka_unit_test(text_folds_for_search),
        cmocka_unit_test(base32_round_trips_as_people_type_it),
        cmocka_unit_test(failure_keeps_its_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
