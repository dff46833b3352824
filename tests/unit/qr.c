/* qr: what a code looks like where the standard leaves no choice, on a page and in a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/face/qr/qr.h"

enum { TEXT_MAX = 1 << 16, FINDER = 7, VERSION_1_SIDE = 21, MODE_LIMIT = 4000 };

/* Three rings, one inside the other, with light around them. */
static void check_finder(const struct pic_qr *qr, int left, int top)
{
    for (int y = -1; y <= FINDER; y++)
        for (int x = -1; x <= FINDER; x++) {
            int from_centre_x = x > 3 ? x - 3 : 3 - x;
            int from_centre_y = y > 3 ? y - 3 : 3 - y;
            int ring = from_centre_x > from_centre_y ? from_centre_x : from_centre_y;
            assert_int_equal(pic_qr_dark(qr, left + x, top + y), ring != 2 && ring != 4);
        }
}

static void finders_and_timing(void **state)
{
    struct pic_qr qr;
    (void)state;
    assert_int_equal(pic_qr_make("PIC", &qr), PIC_OK);
    assert_int_equal(qr.side, VERSION_1_SIDE);
    check_finder(&qr, 0, 0);
    check_finder(&qr, VERSION_1_SIDE - FINDER, 0);
    check_finder(&qr, 0, VERSION_1_SIDE - FINDER);
    for (int i = FINDER + 1; i < VERSION_1_SIDE - FINDER - 1; i++) {
        assert_int_equal(pic_qr_dark(&qr, i, FINDER - 1), i % 2 == 0);
        assert_int_equal(pic_qr_dark(&qr, FINDER - 1, i), i % 2 == 0);
    }
    pic_qr_release(&qr);
}

/* Capitals and digits are packed: 250 of them fit a version 9; small letters do not. */
static void sizes(void **state)
{
    char text[MODE_LIMIT + 1];
    struct pic_qr qr;
    (void)state;
    memset(text, 'A', sizeof text - 1);
    text[250] = '\0';
    assert_int_equal(pic_qr_make(text, &qr), PIC_OK);
    assert_int_equal(qr.side, 53);
    pic_qr_release(&qr);
    memset(text, 'a', 250);
    assert_int_equal(pic_qr_make(text, &qr), PIC_OK);
    assert_true(qr.side > 53);
    pic_qr_release(&qr);
    memset(text, 'A', sizeof text - 1);
    text[MODE_LIMIT] = '\0';
    assert_int_equal(pic_qr_make(text, &qr), PIC_ELIMIT);
    pic_qr_release(&qr);
}

/* Draws the path of the svg again and compares. */
static void svg_is_the_code(void **state)
{
    enum { QUIET = PIC_QR_QUIET, SIDE = VERSION_1_SIDE + 2 * PIC_QR_QUIET };
    struct pic_qr qr;
    struct pic_buf svg;
    uint8_t drawn[SIDE][SIDE] = {0};
    (void)state;
    pic_buf_init(&svg, TEXT_MAX);
    assert_int_equal(pic_qr_make("PIC", &qr), PIC_OK);
    pic_qr_svg(&qr, "Code", &svg);
    assert_int_equal(pic_buf_status(&svg), PIC_OK);
    const char *text = pic_buf_string(&svg);
    assert_non_null(strstr(text, "viewBox=\"0 0 29 29\""));
    assert_non_null(strstr(text, "aria-label=\"Code\""));
    const char *at = strstr(text, "<path d=\"");
    assert_non_null(at);
    for (at = strchr(at, 'M'); at != NULL; at = strchr(at, 'M')) {
        char *end = NULL;
        const unsigned long x = strtoul(at + 1, &end, 10);
        const unsigned long y = strtoul(end, &end, 10);
        assert_int_equal(*end, 'h');
        const unsigned long run = strtoul(end + 1, &end, 10);
        assert_true(y < SIDE && x + run <= SIDE);
        memset(&drawn[y][x], 1, run);
        at = end;
    }
    for (int row = 0; row < SIDE; row++)
        for (int column = 0; column < SIDE; column++)
            assert_int_equal(drawn[row][column], pic_qr_dark(&qr, column - QUIET, row - QUIET));
    pic_buf_release(&svg);
    pic_qr_release(&qr);
}

/* In either ink, each character is two modules. */
static void blocks_are_the_code(void **state)
{
    static const char *const signs[] = {" ", "▄", "▀", "█"};
    struct pic_qr qr;
    (void)state;
    assert_int_equal(pic_qr_make("PIC", &qr), PIC_OK);
    for (int light = 0; light <= 1; light++) {
        struct pic_buf text;
        pic_buf_init(&text, TEXT_MAX);
        pic_qr_blocks(&qr, light ? PIC_QR_INK_LIGHT : PIC_QR_INK_DARK, &text);
        const char *at = pic_buf_string(&text);
        const int end = VERSION_1_SIDE + PIC_QR_QUIET;
        for (int y = -PIC_QR_QUIET; y < end; y += 2) {
            for (int x = -PIC_QR_QUIET; x < end; x++) {
                bool upper = pic_qr_dark(&qr, x, y) != (bool)light;
                bool lower = y + 1 < end && pic_qr_dark(&qr, x, y + 1) != (bool)light;
                const char *sign = signs[2 * upper + lower];
                assert_int_equal(strncmp(at, sign, strlen(sign)), 0);
                at += strlen(sign);
            }
            assert_int_equal(*at++, '\n');
        }
        assert_int_equal(*at, '\0');
        pic_buf_release(&text);
    }
    pic_qr_release(&qr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finders_and_timing),
        cmocka_unit_test(sizes),
        cmocka_unit_test(svg_is_the_code),
        cmocka_unit_test(blocks_are_the_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
