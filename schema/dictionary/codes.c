#include "schema/dictionary/codes.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/base/text.h"
#include "schema/dictionary/identifiers.h"

/* Codes are made to be typed and read aloud: letters, digits and a few signs inside. */
static bool is_code(struct pic_span s)
{
    static const char signs[] = "-+._";
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!word && (i == 0 || memchr(signs, c, sizeof signs - 1) == NULL))
            return false;
    }
    return s.n > 0;
}

bool pic_choice_is(const char *about, struct pic_span s)
{
    enum pic_identifier kind = pic_identifier_kind(about);
    return kind == PIC_IDENTIFIER_NONE ? is_code(s) : pic_identifier_is(kind, s);
}

int pic_choice_parse(const char *about, const char *typed, struct pic_buf *out, struct pic_err *err)
{
    enum pic_identifier kind = pic_identifier_kind(about);
    if (kind != PIC_IDENTIFIER_NONE)
        return pic_identifier_parse(kind, typed, out, err);
    size_t from = out->len;
    int status = pic_text_clean(pic_span_text(typed), out);
    if (status != PIC_OK || !is_code(pic_span_of(out->data + from, out->len - from)))
        return pic_fail(err, PIC_ECODE, typed, NULL);
    return PIC_OK;
}

static int compare_spans(const void *a, const void *b)
{
    const struct pic_span *x = a;
    const struct pic_span *y = b;
    int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

enum { SET_MEMBERS_MAX = 512 };

/* Splits words into its members: at most SET_MEMBERS_MAX, else 0. */
static size_t split_set(struct pic_span words, struct pic_span members[static SET_MEMBERS_MAX])
{
    size_t n = 0;
    for (size_t at = 0; at < words.n; at++) {
        if (words.p[at] == ' ')
            continue;
        if (n == SET_MEMBERS_MAX)
            return 0;
        size_t start = at;
        while (at < words.n && words.p[at] != ' ')
            at++;
        members[n++] = pic_span_of(words.p + start, at - start);
    }
    return n;
}

/* Members separated by spaces, commas or semicolons, each canonical, appended to words with one
 * space before each. */
static int read_members(const char *about, const char *typed, struct pic_buf *words,
                        struct pic_err *err)
{
    static const char between[] = " ,;\t\r\n";
    struct pic_buf one;
    pic_buf_init(&one, PIC_TEXT_MAX);
    int status = PIC_OK;
    for (const char *p = typed + strspn(typed, between); *p != '\0' && status == PIC_OK;) {
        size_t n = strcspn(p, between);
        pic_buf_clear(&one);
        pic_buf_bytes(&one, p, n);
        pic_buf_u8(words, ' ');
        status = pic_choice_parse(about, pic_buf_string(&one), words, err);
        p += n;
        p += strspn(p, between);
    }
    pic_buf_release(&one);
    return status;
}

int pic_set_parse(const char *about, const char *typed, struct pic_buf *out, struct pic_err *err)
{
    struct pic_span members[SET_MEMBERS_MAX];
    struct pic_buf words;
    pic_buf_init(&words, PIC_TEXT_MAX);
    int status = read_members(about, typed, &words, err);
    if (status == PIC_OK) {
        size_t n = split_set(pic_buf_view(&words), members);
        qsort(members, n, sizeof members[0], compare_spans);
        for (size_t i = 0; i < n; i++) {
            if (i > 0 && pic_span_equal(members[i], members[i - 1]))
                continue;
            if (i > 0)
                pic_buf_u8(out, ' ');
            pic_buf_bytes(out, members[i].p, members[i].n);
        }
        bool crowded = n == 0 && words.len > 0;
        if (words.bad || out->bad || crowded)
            status = pic_fail(err, PIC_ETOO_LONG, typed, NULL);
    }
    pic_buf_release(&words);
    return status;
}

bool pic_set_is(const char *about, struct pic_span s)
{
    struct pic_span last = {0};
    if (s.n == 0)
        return false;
    for (size_t at = 0; at <= s.n;) {
        size_t start = at;
        while (at < s.n && s.p[at] != ' ')
            at++;
        struct pic_span member = pic_span_of(s.p + start, at - start);
        if (!pic_choice_is(about, member) || (last.n > 0 && compare_spans(&last, &member) >= 0))
            return false;
        last = member;
        at++; /* past the space, or past the end */
    }
    return true;
}
