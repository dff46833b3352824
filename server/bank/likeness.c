#include "server/bank/likeness.h"

#include <string.h>

#include "protocol/base/text.h"
#include "protocol/log/change.h"

enum {
    FOLDED_MAX = 8192,
    WORD_MIN = 3,     /* letters of a word that tells something */
    PREFIX_MIN = 4,   /* letters that are enough of a word cut short */
    REFERENCE_MIN = 4 /* signs of a reference that tells something */
};

/* --- words --- */

static int put_folded(struct pic_buf *out, struct pic_span text)
{
    if (out->len == 0)
        pic_buf_u8(out, ' ');
    size_t before = out->len;
    int status = pic_text_fold(text, out);
    if (status == PIC_OK && out->len > before)
        pic_buf_u8(out, ' ');
    return status;
}

/* The next word after *at; empty at the end. */
static struct pic_span next_word(struct pic_span words, size_t *at)
{
    while (*at < words.n && words.p[*at] == ' ')
        ++*at;
    size_t from = *at;
    while (*at < words.n && words.p[*at] != ' ')
        ++*at;
    return pic_span_of(words.p + from, *at - from);
}

/* Words that half of all associations bear. */
static bool is_common(struct pic_span word)
{
    static const char *const common[] = {"les",  "des",  "aux",  "sur",         "pour",
                                         "avec", "rue",  "asso", "association", "comite",
                                         "vir",  "sepa", "club", "projet"};
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (pic_span_equal(word, pic_span_text(common[i])))
            return true;
    return false;
}

/* Equal, or one is the other cut short. */
static bool is_same_word(struct pic_span a, struct pic_span b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    return (a.n == b.n || n >= PREFIX_MIN) && memcmp(a.p, b.p, n) == 0;
}

static bool has_word(struct pic_span words, struct pic_span word)
{
    size_t at = 0;
    for (struct pic_span w = next_word(words, &at); w.n > 0; w = next_word(words, &at))
        if (is_same_word(w, word))
            return true;
    return false;
}

/* How much of a folded name stands in words, in per cent of its letters. */
static unsigned name_percent(struct pic_span name, struct pic_span words)
{
    size_t at = 0;
    size_t all = 0;
    size_t found = 0;
    for (struct pic_span w = next_word(name, &at); w.n > 0; w = next_word(name, &at)) {
        if (w.n < WORD_MIN || is_common(w))
            continue;
        all += w.n;
        found += has_word(words, w) ? w.n : 0;
    }
    return all == 0 ? 0 : (unsigned)(found * 100 / all);
}

/* --- numbers and references --- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80U;
}

/* Collects what looks like "42-17" in a text, standing alone: not a part of a date or of a longer
 * number. */
static void find_numbers(struct pic_span text, struct pic_likeness *out)
{
    for (size_t i = 0; i < text.n;) {
        size_t from = i;
        size_t dashes = 0;
        while (i < text.n && (is_digit(text.p[i]) || (text.p[i] == '-' && i > from)))
            dashes += text.p[i++] == '-';
        size_t n = i - from;
        bool alone = (from == 0 ||
                      (!is_letter(text.p[from - 1]) && strchr("-/.,", text.p[from - 1]) == NULL)) &&
                     (i == text.n || (!is_letter(text.p[i]) && text.p[i] != '/'));
        char typed[32];
        uint64_t dot;
        if (n > 0 && n < sizeof typed && dashes == 1 && alone &&
            out->number_n < PIC_LIKENESS_NUMBERS) {
            memcpy(typed, text.p + from, n);
            typed[n] = '\0';
            if (pic_dot_parse(typed, &dot) == PIC_OK)
                out->numbers[out->number_n++] = dot;
        }
        i += n == 0;
    }
}

static struct pic_span without_zeros(struct pic_span s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '0'))
        s = pic_span_of(s.p + 1, s.n - 1);
    while (s.n > 0 && s.p[s.n - 1] == ' ')
        s.n--;
    return s;
}

static bool has_digit(struct pic_span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (is_digit(s.p[i]))
            return true;
    return false;
}

static bool is_year(struct pic_span word)
{
    return word.n == 4 &&
           ((word.p[0] == '1' && word.p[1] == '9') || (word.p[0] == '2' && word.p[1] == '0'));
}

/* A reference tells something by a number that is not just a year: "virement" or "PIC 2026" may
 * stand on any line. */
static bool tells_something(struct pic_span reference)
{
    size_t at = 0;
    for (struct pic_span w = next_word(reference, &at); w.n > 0; w = next_word(reference, &at))
        if (has_digit(w) && !is_year(w))
            return true;
    return false;
}

/* Whether words of a line that stand side by side spell the reference, however either is spaced:
 * "F 2026 118" is "F2026118" and "F-2026-118". */
static bool is_spelt_by(struct pic_span words, size_t at, struct pic_span reference)
{
    size_t r = 0;
    while (at < words.n) {
        while (r < reference.n && reference.p[r] == ' ')
            r++;
        if (r == reference.n)
            return words.p[at] == ' ';
        if (words.p[at] != ' ' && words.p[at] != reference.p[r++])
            return false;
        at++;
    }
    return false; /* every line ends with a space */
}

bool pic_likeness_bears_reference(const struct pic_likeness *line, const struct pic_likeness *item)
{
    struct pic_span reference = pic_buf_view(&item->reference);
    struct pic_span bare = without_zeros(reference);
    if (bare.n < WORD_MIN || !tells_something(reference))
        return false;
    if (pic_span_equal(bare, without_zeros(pic_buf_view(&line->reference))))
        return true;
    struct pic_span words = pic_buf_view(&line->words);
    for (size_t at = 0; at + 1 < words.n; at++) {
        if (words.p[at] != ' ')
            continue;
        /* A number alone, whatever zeros are before it. */
        size_t next = at;
        if (pic_span_equal(bare, without_zeros(next_word(words, &next))))
            return true;
        if (reference.n >= REFERENCE_MIN + 2 && is_spelt_by(words, at + 1, reference))
            return true;
    }
    return false;
}

bool pic_likeness_names(const struct pic_likeness *line, uint64_t id)
{
    for (size_t i = 0; id != 0 && i < line->number_n; i++)
        if (line->numbers[i] == id)
            return true;
    return false;
}

/* --- preparing --- */

void pic_likeness_init(struct pic_likeness *p)
{
    *p = (struct pic_likeness){0};
    pic_buf_init(&p->words, FOLDED_MAX);
    pic_buf_init(&p->reference, FOLDED_MAX);
}

void pic_likeness_release(struct pic_likeness *p)
{
    pic_buf_release(&p->words);
    pic_buf_release(&p->reference);
}

int pic_likeness_of_line(const struct pic_match_line *line, struct pic_likeness *out)
{
    const struct pic_span texts[] = {line->label, line->counterparty, line->reference};
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < sizeof texts / sizeof texts[0]; i++) {
        find_numbers(texts[i], out);
        status = put_folded(&out->words, texts[i]);
    }
    return status == PIC_OK ? put_folded(&out->reference, line->reference) : status;
}

/* The names of an entry, one after the other, each ended by a newline that no folded text has. */
int pic_likeness_of_item(const struct pic_match_item *item, struct pic_likeness *out)
{
    int status = put_folded(&out->reference, item->reference);
    for (size_t i = 0; status == PIC_OK && i < PIC_MATCH_NAMES; i++) {
        status = pic_text_fold(item->names[i], &out->words);
        pic_buf_u8(&out->words, '\n');
    }
    return status;
}

/* The best of an entry's names. */
unsigned pic_likeness_name_percent(const struct pic_likeness *line, const struct pic_likeness *item)
{
    unsigned best = 0;
    struct pic_span rest = pic_buf_view(&item->words);
    const uint8_t *end;
    while (rest.n > 0 && (end = memchr(rest.p, '\n', rest.n)) != NULL) {
        size_t n = (size_t)(end - rest.p);
        unsigned percent = name_percent(pic_span_of(rest.p, n), pic_buf_view(&line->words));
        best = percent > best ? percent : best;
        rest = pic_span_of(end + 1, rest.n - n - 1);
    }
    return best;
}
