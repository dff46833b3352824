/* voucher: a receipt is read back from each of the forms in which people carry it; one flipped bit
 * in any of them shows, and a slip of the pen is told with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/log/retype.h"
#include "protocol/log/voucher.h"

enum { TEXT_MAX = 8192, LINE_MAX = 128, LINES = 8, FORMS = 3 };

struct scene {
    struct pic_signer server, other;
    struct pic_receipt receipt;
    struct pic_buf bytes;
    struct pic_buf forms[FORMS]; /* enum pic_voucher_form */
};

static int begin(void **state)
{
    static struct scene scene;
    struct scene *s = &scene;
    assert_int_equal(pic_crypto_start(), PIC_OK);
    memset(s->server.seed.bytes, 1, PIC_KEY_SIZE);
    memset(s->other.seed.bytes, 2, PIC_KEY_SIZE);
    pic_signer_from_seed(&s->server);
    pic_signer_from_seed(&s->other);
    s->receipt = (struct pic_receipt){.number = 412,
                                      .device = 3,
                                      .seq = 131,
                                      .position = 900,
                                      .time_ms = INT64_C(1773309761000),
                                      .changes = 131,
                                      .documents = 14};
    memset(s->receipt.head, 0xa5, PIC_HASH_SIZE);
    pic_buf_init(&s->bytes, PIC_RECEIPT_MAX);
    pic_receipt_put(&s->receipt, &s->server, &s->bytes);
    for (int i = 0; i < FORMS; i++)
        pic_buf_init(&s->forms[i], TEXT_MAX);
    struct pic_voucher voucher = {.server_name = pic_span_text("Région"),
                                  .organisation_name = pic_span_text("ADCM, Méricourt"),
                                  .person = pic_span_text("Samira B.")};
    memcpy(voucher.identity, s->server.public, PIC_KEY_SIZE);
    pic_voucher_put_file(&voucher, pic_buf_view(&s->bytes), &s->forms[PIC_VOUCHER_FILE]);
    pic_voucher_put_code(pic_buf_view(&s->bytes), &s->forms[PIC_VOUCHER_CODE]);
    pic_retype_put(pic_buf_view(&s->bytes), &s->forms[PIC_VOUCHER_LINES]);
    *state = s;
    return 0;
}

static int end(void **state)
{
    struct scene *s = *state;
    pic_buf_release(&s->bytes);
    for (int i = 0; i < FORMS; i++)
        pic_buf_release(&s->forms[i]);
    return 0;
}

static int read_as(const struct scene *s, struct pic_span text, struct pic_voucher *out)
{
    unsigned line = 0;
    return pic_voucher_read(text, s->server.public, out, &line);
}

/* Reads a text that should fail at a line. */
static void expect_slip(const struct scene *s, const char *text, unsigned expected)
{
    struct pic_voucher voucher;
    unsigned line = 0;
    assert_int_equal(pic_voucher_read(pic_span_text(text), s->server.public, &voucher, &line),
                     PIC_ERETYPED);
    assert_int_equal(line, expected);
}

static void every_form_is_read_back(void **state)
{
    struct scene *s = *state;
    for (int form = 0; form < FORMS; form++) {
        struct pic_voucher voucher;
        unsigned line = 0;
        struct pic_span text = pic_buf_view(&s->forms[form]);
        assert_int_equal(read_as(s, text, &voucher), PIC_OK);
        assert_int_equal(voucher.form, form);
        assert_int_equal(voucher.receipt.number, 412);
        assert_int_equal(voucher.receipt.changes, 131);
        assert_memory_equal(voucher.identity, s->server.public, PIC_KEY_SIZE);
        assert_int_equal(voucher.person.n != 0, form == PIC_VOUCHER_FILE);
        assert_int_equal(pic_voucher_read(text, s->other.public, &voucher, &line), PIC_ESIGNATURE);
        assert_int_equal(pic_voucher_read(text, NULL, &voucher, &line),
                         form == PIC_VOUCHER_FILE ? PIC_OK : PIC_EMISSING_OPTION);
    }
}

/* What a pen may write otherwise without meaning anything else. */
static bool same_to_a_person(uint8_t was, uint8_t is)
{
    bool letter = (was | 0x20) >= 'a' && (was | 0x20) <= 'z';
    return letter && is == (was ^ 0x20);
}

static void every_flipped_bit_shows(void **state)
{
    struct scene *s = *state;
    for (int form = 0; form < FORMS; form++) {
        struct pic_buf *text = &s->forms[form];
        for (size_t bit = 0; bit < text->len * 8; bit++) {
            struct pic_voucher voucher;
            const uint8_t was = text->data[bit / 8];
            const uint8_t is = (uint8_t)(was ^ 1U << bit % 8);
            text->data[bit / 8] = is;
            int status = read_as(s, pic_buf_view(text), &voucher);
            text->data[bit / 8] = was;
            if (form == PIC_VOUCHER_LINES && same_to_a_person(was, is))
                assert_int_equal(status, PIC_OK);
            else if (pic_status_exit(status) != 13)
                fail_msg("form %d, bit %zu: %s", form, bit, pic_status_name(status));
        }
    }
}

/* Somebody alters the receipt and makes the checks of the form again: the signature remains. */
static void every_flipped_bit_of_the_receipt_shows(void **state)
{
    struct scene *s = *state;
    for (size_t bit = 8; bit < s->bytes.len * 8; bit++) {
        s->bytes.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        for (int form = 0; form < FORMS; form++) {
            struct pic_voucher voucher = {.person = pic_span_text("Samira B.")};
            struct pic_buf text;
            pic_buf_init(&text, TEXT_MAX);
            memcpy(voucher.identity, s->server.public, PIC_KEY_SIZE);
            if (form == PIC_VOUCHER_FILE)
                pic_voucher_put_file(&voucher, pic_buf_view(&s->bytes), &text);
            else if (form == PIC_VOUCHER_CODE)
                pic_voucher_put_code(pic_buf_view(&s->bytes), &text);
            else
                pic_retype_put(pic_buf_view(&s->bytes), &text);
            int status = read_as(s, pic_buf_view(&text), &voucher);
            if (pic_status_exit(status) != 13)
                fail_msg("form %d, bit %zu: %s", form, bit, pic_status_name(status));
            pic_buf_release(&text);
        }
        s->bytes.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

/* Copies the lines with one thing changed in line `number` (from 1). */
static void copy_lines(const struct scene *s, unsigned number, void (*change)(char *line),
                       bool numbers, char out[static TEXT_MAX])
{
    char lines[TEXT_MAX];
    char *rest = lines;
    unsigned at = 0;
    const struct pic_buf *text = &s->forms[PIC_VOUCHER_LINES];
    memcpy(lines, text->data, text->len);
    lines[text->len] = '\0';
    *out = '\0';
    for (char *next = strtok_r(lines, "\n", &rest); next != NULL;
         next = strtok_r(NULL, "\n", &rest)) {
        char line[LINE_MAX];
        (void)snprintf(line, sizeof line, "%s", next);
        if (++at == number)
            change(line);
        size_t before = strlen(out);
        (void)snprintf(out + before, TEXT_MAX - before, "%s\r\n\n",
                       numbers ? line : strchr(line, ' ') + 1);
    }
}

static void nothing(char *line)
{
    (void)line;
}

static void one_sign(char *line)
{
    char *at = strchr(line, ' ') + 6;
    *at = *at == '7' ? '8' : '7';
}

/* Two neighbours that differ change places: the commonest slip with two signs. */
static void two_signs(char *line)
{
    for (char *at = strchr(line, ' ') + 1; at[1] != '\0'; at++)
        if (*at != at[1] && *at != '-' && at[1] != '-') {
            char first = *at;
            *at = at[1];
            at[1] = first;
            return;
        }
}

static void one_sign_less(char *line)
{
    line[strlen(line) - 1] = '\0';
}

static void one_sign_more(char *line)
{
    static const char longer[] = "-4AAAAA";
    memcpy(strrchr(line, '-'), longer, sizeof longer);
}

static void no_base32(char *line)
{
    *(strchr(line, ' ') + 1) = 'U';
}

/* Small letters, o for 0, l for 1, blanks for dashes; the number of the line stays. */
static void typed_in_small_letters(char *line)
{
    static const char printed[] = "01-ABCDEFGHJKMNPQRSTVWXYZ";
    static const char meant[] = "ol abcdefghjkmnpqrstvwxyz";
    for (char *at = strchr(line, ' '); *at != '\0'; at++) {
        const char *same = strchr(printed, *at);
        if (same != NULL)
            *at = meant[same - printed];
    }
}

static void lines_as_people_type_them(void **state)
{
    static void (*const slips[])(char *) = {one_sign, two_signs, one_sign_less, one_sign_more,
                                            no_base32};
    struct scene *s = *state;
    char text[TEXT_MAX];
    struct pic_voucher voucher;
    for (int numbers = 0; numbers <= 1; numbers++) {
        for (unsigned line = 1; line <= LINES; line++) {
            copy_lines(s, line, nothing, numbers, text);
            assert_int_equal(read_as(s, pic_span_text(text), &voucher), PIC_OK);
            copy_lines(s, line, typed_in_small_letters, numbers, text);
            assert_int_equal(read_as(s, pic_span_text(text), &voucher), PIC_OK);
            for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
                copy_lines(s, line, slips[i], numbers, text);
                expect_slip(s, text, line);
            }
        }
    }
}

/* A line that was left out, or two that changed places. */
static void lines_out_of_place(void **state)
{
    struct scene *s = *state;
    char text[TEXT_MAX];
    const char *whole = pic_buf_string(&s->forms[PIC_VOUCHER_LINES]);
    const char *third = strstr(whole, "3: ");
    const char *fourth = strstr(whole, "4: ");
    const char *last = strstr(whole, "8: ");
    (void)snprintf(text, sizeof text, "%.*s%s", (int)(third - whole), whole, fourth);
    expect_slip(s, text, 3);
    (void)snprintf(text, sizeof text, "%.*s", (int)(last - whole), whole);
    expect_slip(s, text, LINES);
    (void)snprintf(text, sizeof text, "%s%s", whole, last);
    expect_slip(s, text, LINES + 1);
    struct pic_voucher voucher;
    (void)snprintf(text, sizeof text, "Accusé du 12/03/2026 à 10:02\n\n%s\nFin : rien.\n", whole);
    assert_int_equal(read_as(s, pic_span_text(text), &voucher), PIC_OK);
}

static void what_is_no_receipt(void **state)
{
    static const char *const texts[] = {"",   "\n\n",    "PICA",    "PICA:",          "PICA:00",
                                        "1:", "1: 0000", "bonjour", "9999: 0000-0000"};
    struct scene *s = *state;
    struct pic_voucher voucher;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(pic_status_exit(read_as(s, pic_span_text(texts[i]), &voucher)), 13);
}

static void the_key_is_typed_too(void **state)
{
    struct scene *s = *state;
    struct pic_buf text;
    uint8_t key[PIC_KEY_SIZE];
    pic_buf_init(&text, TEXT_MAX);
    pic_voucher_put_key(s->server.public, &text);
    assert_int_equal(strlen(pic_buf_string(&text)), 69);
    assert_int_equal(pic_voucher_read_key(pic_buf_string(&text), key), PIC_OK);
    assert_memory_equal(key, s->server.public, PIC_KEY_SIZE);
    for (size_t bit = 0; bit < text.len * 8; bit++) {
        const uint8_t was = text.data[bit / 8];
        text.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (!same_to_a_person(was, text.data[bit / 8]))
            assert_int_equal(pic_voucher_read_key(pic_buf_string(&text), key), PIC_ERETYPED);
        text.data[bit / 8] = was;
    }
    assert_int_equal(pic_voucher_read_key("", key), PIC_ERETYPED);
    pic_buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_form_is_read_back, begin, end),
        cmocka_unit_test_setup_teardown(every_flipped_bit_shows, begin, end),
        cmocka_unit_test_setup_teardown(every_flipped_bit_of_the_receipt_shows, begin, end),
        cmocka_unit_test_setup_teardown(lines_as_people_type_them, begin, end),
        cmocka_unit_test_setup_teardown(lines_out_of_place, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_receipt, begin, end),
        cmocka_unit_test_setup_teardown(the_key_is_typed_too, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
