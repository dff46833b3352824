#include "protocol/log/retype.h"

#include <string.h>

#include "protocol/base/text.h"

#define LINE_LABEL "pic/1 line"

enum {
    LINE_BYTES = 20,
    GROUP = 4,
    CHECK_DIGITS = 4,
    CHECK_BYTES = 5, /* give eight digits, of which the first four are kept */
    DIGITS_MAX = 64, /* of one line, check included: a key and more */
    DIGIT_BITS = 5,
};

/* Appends the check of one line, as digits. */
static void put_check(struct pic_span bytes, unsigned number, struct pic_buf *out)
{
    const uint8_t place = (uint8_t)number;
    uint8_t hash[PIC_HASH_SIZE];
    struct pic_hasher h;
    struct pic_buf digits;
    pic_hasher_init(&h);
    pic_hasher_update(&h, pic_span_text(LINE_LABEL));
    pic_hasher_update(&h, pic_span_of(&place, 1));
    pic_hasher_update(&h, bytes);
    pic_hasher_final(&h, hash);
    pic_buf_init(&digits, DIGITS_MAX);
    pic_text_base32(pic_span_of(hash, CHECK_BYTES), 0, &digits);
    if (digits.bad)
        out->bad = true;
    else
        pic_buf_bytes(out, digits.data, CHECK_DIGITS);
    pic_buf_release(&digits);
}

void pic_retype_put_line(struct pic_span bytes, unsigned number, struct pic_buf *out)
{
    pic_text_base32(bytes, GROUP, out);
    pic_buf_u8(out, '-');
    put_check(bytes, number, out);
}

void pic_retype_put(struct pic_span bytes, struct pic_buf *out)
{
    unsigned number = 0;
    for (size_t at = 0; at < bytes.n; at += LINE_BYTES) {
        size_t n = bytes.n - at < LINE_BYTES ? bytes.n - at : LINE_BYTES;
        pic_buf_printf(out, "%u: ", ++number);
        pic_retype_put_line(pic_span_of(bytes.p + at, n), number, out);
        pic_buf_u8(out, '\n');
    }
}

/* A digit in the one way that it is printed. */
static char plain_digit(char typed)
{
    char c = typed;
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        c = '0';
    else if (c == 'I' || c == 'L')
        c = '1';
    return c;
}

/* Copies what a person meant: the digits alone. */
static int clean_digits(struct pic_span text, char out[static DIGITS_MAX + 1], size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = (char)text.p[i];
        if (c == ' ' || c == '-' || c == '\t')
            continue;
        if (c == '\0' || *n == DIGITS_MAX)
            return PIC_ERETYPED;
        out[(*n)++] = plain_digit(c);
    }
    out[*n] = '\0';
    return *n > CHECK_DIGITS ? PIC_OK : PIC_ERETYPED;
}

int pic_retype_read_line(struct pic_span text, unsigned number, struct pic_buf *out)
{
    char digits[DIGITS_MAX + 1];
    char typed[CHECK_DIGITS + 1] = {0};
    struct pic_buf check;
    size_t n = 0;
    int status = clean_digits(text, digits, &n);
    if (status != PIC_OK)
        return status;
    n -= CHECK_DIGITS;
    memcpy(typed, digits + n, CHECK_DIGITS);
    digits[n] = '\0';
    const size_t start = out->len;
    const size_t bytes = n * DIGIT_BITS / 8;
    status = pic_text_unbase32(digits, bytes, out);
    if (status != PIC_OK)
        return status == PIC_EFORMAT ? PIC_ERETYPED : status;
    pic_buf_init(&check, DIGITS_MAX);
    put_check(pic_span_of(out->data + start, bytes), number, &check);
    status = pic_buf_status(&check);
    if (status == PIC_OK && memcmp(check.data, typed, CHECK_DIGITS) != 0)
        status = PIC_ERETYPED;
    pic_buf_release(&check);
    return status;
}

/* --- a page --- */

/* Takes the next line off text, without its end and the blanks around it. */
static struct pic_span next_line(struct pic_span *text)
{
    const uint8_t *end = memchr(text->p, '\n', text->n);
    size_t n = end == NULL ? text->n : (size_t)(end - text->p);
    struct pic_span line = pic_span_of(text->p, n);
    size_t taken = end == NULL ? n : n + 1;
    *text = pic_span_of(text->p + taken, text->n - taken);
    while (line.n > 0 && strchr(" \t\r", line.p[line.n - 1]) != NULL && line.p[line.n - 1] != '\0')
        line.n--;
    while (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
        line = pic_span_of(line.p + 1, line.n - 1);
    return line;
}

/* Takes "12:" off a line. False when it does not begin so. */
static bool take_number(struct pic_span *line, unsigned *number)
{
    enum { DIGITS = 2, TEN = 10 };
    size_t n = 0;
    *number = 0;
    for (; n < line->n && n < DIGITS && line->p[n] >= '0' && line->p[n] <= '9'; n++)
        *number = *number * TEN + (unsigned)(line->p[n] - '0');
    if (n == 0 || n == line->n || line->p[n] != ':')
        return false;
    *line = pic_span_of(line->p + n + 1, line->n - n - 1);
    return true;
}

static bool has_numbers(struct pic_span text)
{
    unsigned number = 0;
    bool found = false;
    while (text.n > 0 && !found) {
        struct pic_span line = next_line(&text);
        found = take_number(&line, &number);
    }
    return found;
}

/* Every line but the last is full: a part that was left out shows here. */
static int read_next(struct pic_span line, unsigned number, struct pic_buf *out)
{
    if (number > PIC_RETYPE_LINES_MAX || out->len != (size_t)(number - 1) * LINE_BYTES)
        return PIC_ERETYPED;
    int status = pic_retype_read_line(line, number, out);
    return status == PIC_OK && out->len > (size_t)number * LINE_BYTES ? PIC_ERETYPED : status;
}

int pic_retype_read(struct pic_span text, struct pic_buf *out, unsigned *line)
{
    const bool numbered = has_numbers(text);
    struct pic_buf bytes;
    int status = PIC_OK;
    *line = 0;
    pic_buf_init(&bytes, PIC_RETYPE_LINES_MAX * LINE_BYTES + DIGITS_MAX);
    while (status == PIC_OK && text.n > 0) {
        struct pic_span typed = next_line(&text);
        unsigned said = *line + 1;
        if (numbered ? !take_number(&typed, &said) : typed.n == 0)
            continue;
        ++*line;
        status = said == *line ? read_next(typed, *line, &bytes) : PIC_ERETYPED;
    }
    if (status == PIC_OK && *line == 0)
        status = PIC_EFORMAT;
    if (status == PIC_OK)
        pic_buf_bytes(out, bytes.data, bytes.len);
    pic_buf_release(&bytes);
    return status == PIC_OK ? pic_buf_status(out) : status;
}
