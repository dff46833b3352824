#include "protocol/base/text.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

static bool is_forbidden(utf8proc_int32_t c)
{
    if (c == '\n' || c == '\t')
        return false;
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

/* True when s is UTF-8 and holds no forbidden character. */
static bool is_allowed(struct pic_span s)
{
    size_t at = 0;
    while (at < s.n) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate(s.p + at, (utf8proc_ssize_t)(s.n - at), &c);
        if (n <= 0 || is_forbidden(c))
            return false;
        at += (size_t)n;
    }
    return true;
}

/* utf8proc_map into a malloc'ed string of *n bytes, or NULL. */
static uint8_t *map(struct pic_span s, utf8proc_option_t options, size_t *n)
{
    utf8proc_uint8_t *out = NULL;
    utf8proc_ssize_t len = utf8proc_map(s.p, (utf8proc_ssize_t)s.n, &out, options);
    if (len < 0) {
        free(out);
        return NULL;
    }
    *n = (size_t)len;
    return out;
}

/* What French text is nearly always made of: characters that need no look at Unicode's tables,
 * being allowed, and in normal form C whatever stands around them. Below U+0300 nothing composes
 * with what precedes; the dashes, quotes and currency signs of the ranges below neither. Returns
 * the length of the character at p, or 0 when it takes a closer look. */
static size_t plain_length(const uint8_t *p, size_t left)
{
    if (p[0] < 0x80U)
        return p[0] >= 0x20U ? p[0] != 0x7FU : p[0] == '\n' || p[0] == '\t';
    if (p[0] >= 0xC2U && p[0] <= 0xCBU && left >= 2 && (p[1] & 0xC0U) == 0x80U)
        return p[0] == 0xC2U && p[1] < 0xA0U ? 0 : 2; /* U+00A0..U+02FF */
    if (p[0] == 0xE2U && left >= 3 && (p[2] & 0xC0U) == 0x80U) {
        bool dash_or_quote = p[1] == 0x80U && p[2] >= 0x90U && p[2] <= 0xA7U; /* U+2010..U+2027 */
        bool currency = p[1] == 0x82U && p[2] >= 0xA0U;                       /* U+20A0..U+20BF */
        return dash_or_quote || currency ? 3 : 0;
    }
    return 0;
}

/* Whether the eight bytes at p are all from U+0020 to U+007E. Looks at them together: the high bit
 * of a byte is set where it is set in p, where 1 more reaches 0x80, or where 0x20 cannot be taken
 * away; one byte's carry or borrow only ever comes from a byte that is refused itself. */
static bool is_printable_word(const uint8_t *p)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return ((word | (word + each) | (word - each * 0x20)) & each * 0x80) == 0;
}

static bool is_plain(struct pic_span s)
{
    size_t at = 0;
    while (at < s.n) {
        if (s.n - at >= sizeof(uint64_t) && is_printable_word(s.p + at)) {
            at += sizeof(uint64_t);
            continue;
        }
        while (at < s.n && s.p[at] >= 0x20U && s.p[at] < 0x7FU)
            at++;
        size_t n = at < s.n ? plain_length(s.p + at, s.n - at) : 0;
        if (n == 0)
            return at == s.n;
        at += n;
    }
    return true;
}

bool pic_text_is_clean(struct pic_span s)
{
    if (is_plain(s))
        return true;
    if (!is_allowed(s))
        return false;
    size_t n;
    uint8_t *composed = map(s, UTF8PROC_STABLE | UTF8PROC_COMPOSE, &n);
    bool same = composed != NULL && pic_span_equal(s, pic_span_of(composed, n));
    free(composed);
    return same;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int pic_text_clean(struct pic_span s, struct pic_buf *out)
{
    while (s.n > 0 && is_blank(s.p[0]))
        s = pic_span_of(s.p + 1, s.n - 1);
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    if (s.n == 0)
        return PIC_OK;
    if (is_plain(s)) {
        pic_buf_bytes(out, s.p, s.n);
        return pic_buf_status(out);
    }
    if (!is_allowed(s))
        return PIC_ETEXT;
    size_t n;
    uint8_t *composed = map(s, UTF8PROC_STABLE | UTF8PROC_COMPOSE, &n);
    if (composed == NULL)
        return PIC_ETEXT;
    pic_buf_bytes(out, composed, n);
    free(composed);
    return pic_buf_status(out);
}

static bool is_word(utf8proc_int32_t c)
{
    utf8proc_category_t k = utf8proc_category(c);
    return (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO) ||
           (k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO);
}

static void fold_point(const uint8_t *p, size_t n, utf8proc_int32_t c, bool *gap,
                       struct pic_buf *out)
{
    if (!is_word(c)) {
        *gap = true;
        return;
    }
    if (*gap && out->len > 0)
        pic_buf_u8(out, ' ');
    *gap = false;
    if (c == 0x153)
        pic_buf_text(out, "oe");
    else if (c == 0xE6)
        pic_buf_text(out, "ae");
    else
        pic_buf_bytes(out, p, n);
}

int pic_text_fold(struct pic_span s, struct pic_buf *out)
{
    if (s.n == 0)
        return PIC_OK;
    size_t n;
    uint8_t *folded = map(s,
                          UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                              UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK,
                          &n);
    if (folded == NULL)
        return PIC_ETEXT;
    bool gap = false;
    size_t at = 0;
    while (at < n) {
        utf8proc_int32_t c;
        utf8proc_ssize_t step = utf8proc_iterate(folded + at, (utf8proc_ssize_t)(n - at), &c);
        if (step <= 0)
            break;
        fold_point(folded + at, (size_t)step, c, &gap, out);
        at += (size_t)step;
    }
    free(folded);
    return pic_buf_status(out);
}

size_t pic_text_length(struct pic_span s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += (s.p[i] & 0xC0U) != 0x80U;
    return n;
}

size_t pic_text_next(struct pic_span s, int32_t *point)
{
    *point = 0;
    if (s.n == 0)
        return 0;
    utf8proc_ssize_t n = utf8proc_iterate(s.p, (utf8proc_ssize_t)s.n, point);
    return n > 0 ? (size_t)n : 0;
}

unsigned pic_text_columns(int32_t point)
{
    return (unsigned)utf8proc_charwidth(point);
}

static const char base32_digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void pic_text_base32(struct pic_span bytes, unsigned group, struct pic_buf *out)
{
    size_t digits = (bytes.n * 8 + 4) / 5;
    for (size_t d = 0; d < digits; d++) {
        size_t bit = d * 5;
        uint32_t pair = (uint32_t)bytes.p[bit / 8] << 8;
        if (bit / 8 + 1 < bytes.n)
            pair |= bytes.p[bit / 8 + 1];
        if (group != 0 && d != 0 && d % group == 0)
            pic_buf_u8(out, '-');
        pic_buf_u8(out, (uint8_t)base32_digits[(pair >> (11 - bit % 8)) & 31U]);
    }
}

int pic_text_base32_value(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        return 0;
    if (c == 'I' || c == 'L')
        return 1;
    const char *at = c == '\0' ? NULL : strchr(base32_digits, c);
    return at == NULL ? -1 : (int)(at - base32_digits);
}

int pic_text_unbase32(const char *typed, size_t n, struct pic_buf *out)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t got = 0;
    for (; *typed != '\0'; typed++) {
        if (*typed == ' ' || *typed == '-')
            continue;
        int v = pic_text_base32_value(*typed);
        if (v < 0)
            return PIC_EFORMAT;
        bits = (bits << 5) | (uint32_t)v;
        held += 5;
        if (held >= 8) {
            held -= 8;
            pic_buf_u8(out, (uint8_t)(bits >> held));
            got++;
        }
        bits &= (1U << held) - 1;
    }
    if (got != n || bits != 0 || held >= 5)
        return PIC_EFORMAT;
    return pic_buf_status(out);
}

void pic_text_hex(struct pic_span bytes, struct pic_buf *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.n; i++) {
        pic_buf_u8(out, (uint8_t)digits[bytes.p[i] >> 4]);
        pic_buf_u8(out, (uint8_t)digits[bytes.p[i] & 15U]);
    }
}
