#include "server/bank/statement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/text.h"
#include "protocol/crypto/keys.h"
#include "schema/dictionary/number.h"
#include "schema/face/csv.h"
#include "schema/face/speech.h"

enum {
    WORK_MAX = 1 << 16, /* bytes of one text being cleaned */
    RAW_MAX = 4096,     /* bytes of a text that are looked at */
};

int pic_statement_fail(struct pic_err *err, uint64_t line, const char *what, struct pic_span text)
{
    char number[24] = "";
    char piece[PIC_ERR_ARG_MAX];
    if (line > 0)
        (void)snprintf(number, sizeof number, "%llu", (unsigned long long)line);
    (void)snprintf(piece, sizeof piece, "%.*s", (int)(text.n < 60 ? text.n : 60),
                   text.n == 0 ? "" : (const char *)text.p);
    if (!pic_text_is_clean(pic_span_text(piece)))
        piece[0] = '\0';
    return pic_fail(err, PIC_ESTATEMENT, number, what, piece, NULL);
}

void pic_statements_init(struct pic_statements *s)
{
    *s = (struct pic_statements){0};
    pic_buf_init(&s->texts, PIC_BANK_TEXTS_MAX);
    pic_buf_init(&s->work, WORK_MAX);
    pic_buf_init(&s->headings, PIC_BANK_HEADINGS_MAX);
}

void pic_statements_release(struct pic_statements *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->items[i].lines);
        free(s->items[i].marks);
        free(s->items[i].breaks);
    }
    free(s->items);
    pic_buf_release(&s->texts);
    pic_buf_release(&s->work);
    pic_buf_release(&s->headings);
    pic_statements_init(s);
}

/* Room for one more of n elements of `size` bytes; NULL when memory ran out. */
static void *room(void *array, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return array;
    size_t more = *cap == 0 ? 16 : *cap * 2;
    void *grown = realloc(array, more * size);
    if (grown != NULL)
        *cap = more;
    return grown;
}

/* --- accounts --- */

static bool is_digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return true;
}

bool pic_bank_account(struct pic_span typed, char out[static PIC_BANK_ACCOUNT_MAX + 1])
{
    enum { SHORT = 21, RIB = 23, IBAN = 27 };
    size_t n = 0;
    for (size_t i = 0; i < typed.n; i++) {
        char c = (char)typed.p[i];
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'))
            continue;
        if (n == PIC_BANK_ACCOUNT_MAX)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    bool iban = n == IBAN && out[0] == 'F' && out[1] == 'R' && is_digits(out + 2, 2);
    if (iban)
        memmove(out, out + 4, RIB);
    if (iban || (n == RIB && is_digits(out, 10) && is_digits(out + SHORT, 2)))
        out[SHORT] = '\0';
    return n > 0;
}

int pic_statements_account(struct pic_statements *s, struct pic_span account, uint64_t origin,
                           size_t *index, struct pic_err *err)
{
    char name[PIC_BANK_ACCOUNT_MAX + 1];
    if (!pic_bank_account(account, name))
        return pic_statement_fail(err, origin, pic_speech_text(PIC_TELL_BANK_ACCOUNT), account);
    for (size_t i = s->n; i-- > 0;) {
        if (strcmp(s->items[i].account, name) == 0) {
            *index = i;
            return PIC_OK;
        }
    }
    if (s->n == PIC_BANK_STATEMENTS_MAX)
        return pic_statement_fail(err, origin, pic_speech_text(PIC_TELL_BANK_LONG), account);
    struct pic_statement *items = realloc(s->items, (s->n + 1) * sizeof *items);
    if (items == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    s->items = items;
    items[s->n] = (struct pic_statement){.from_on = PIC_NO_DAY, .to_on = PIC_NO_DAY};
    memcpy(items[s->n].account, name, sizeof name);
    *index = s->n++;
    return PIC_OK;
}

/* --- texts --- */

static bool is_utf8(struct pic_span s)
{
    while (s.n > 0) {
        int32_t c;
        size_t n = pic_text_next(s, &c);
        if (n == 0)
            return false;
        s = pic_span_of(s.p + n, s.n - n);
    }
    return true;
}

static bool is_blank(int32_t c)
{
    return c <= ' ' || (c >= 0x7F && c <= 0xA0) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

/* Appends UTF-8 text, every run of blanks and of what cannot be kept as one space. */
static void put_spaced(struct pic_span s, struct pic_buf *out)
{
    bool blank = true;
    while (s.n > 0) {
        int32_t c;
        size_t n = pic_text_next(s, &c);
        if (!is_blank(c))
            pic_buf_bytes(out, s.p, n);
        else if (!blank)
            pic_buf_u8(out, ' ');
        blank = is_blank(c);
        s = pic_span_of(s.p + n, s.n - n);
    }
}

/* The longest prefix of at most max bytes that ends with a character. */
static struct pic_span cut(struct pic_span s, size_t max)
{
    if (s.n <= max)
        return s;
    while (max > 0 && (s.p[max] & 0xC0U) == 0x80U)
        max--;
    return pic_span_of(s.p, max);
}

/* Keeps a text of the file, at most max bytes of it. */
static int keep_text(struct pic_statements *s, struct pic_span raw, size_t max,
                     struct pic_bank_text *out)
{
    if (raw.n > RAW_MAX)
        raw = is_utf8(raw) ? cut(raw, RAW_MAX) : pic_span_of(raw.p, RAW_MAX);
    struct pic_buf *work = &s->work;
    pic_buf_clear(work);
    if (!is_utf8(raw)) {
        for (size_t i = 0; i < raw.n; i++)
            if (!pic_csv_put_1252(work, raw.p[i]))
                pic_buf_u8(work, ' ');
        raw = pic_buf_view(work);
    }
    struct pic_buf spaced;
    pic_buf_init(&spaced, WORK_MAX);
    put_spaced(raw, &spaced);
    pic_buf_clear(work);
    int status = pic_text_clean(pic_buf_view(&spaced), work);
    pic_buf_release(&spaced);
    struct pic_span kept = cut(pic_buf_view(work), max);
    if (kept.n > 0 && kept.p[kept.n - 1] == ' ')
        kept.n--;
    *out = (struct pic_bank_text){(uint32_t)s->texts.len, (uint32_t)kept.n};
    pic_buf_bytes(&s->texts, kept.p, kept.n);
    return status == PIC_OK ? pic_buf_status(&s->texts) : status;
}

/* --- lines and marks --- */

static bool is_money(int64_t cents)
{
    return cents >= -PIC_MONEY_MAX && cents <= PIC_MONEY_MAX;
}

int pic_statements_line(struct pic_statements *s, size_t index, const struct pic_bank_draft *draft,
                        struct pic_err *err)
{
    struct pic_statement *t = &s->items[index];
    struct pic_bank_line line = {.booked_on = draft->booked_on,
                                 .value_on = draft->value_on,
                                 .amount = draft->amount,
                                 .origin = draft->origin};
    if (s->line_n == PIC_BANK_LINES_MAX)
        return pic_statement_fail(err, draft->origin, pic_speech_text(PIC_TELL_BANK_LONG),
                                  pic_span_of(NULL, 0));
    if (!is_money(draft->amount))
        return pic_statement_fail(err, draft->origin, pic_speech_text(PIC_TELL_BANK_AMOUNT),
                                  pic_span_of(NULL, 0));
    struct pic_bank_line *lines = room(t->lines, t->line_n, &t->line_cap, sizeof *lines);
    if (lines == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    t->lines = lines;
    int status = keep_text(s, draft->label, PIC_BANK_LABEL_MAX, &line.label);
    if (status == PIC_OK)
        status = keep_text(s, draft->reference, PIC_BANK_REFERENCE_MAX, &line.reference);
    if (status == PIC_OK)
        status = keep_text(s, draft->counterparty, PIC_BANK_COUNTERPARTY_MAX, &line.counterparty);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    lines[t->line_n++] = line;
    s->line_n++;
    return PIC_OK;
}

int pic_statements_mark(struct pic_statements *s, size_t index, int64_t day, int64_t amount,
                        uint64_t origin, struct pic_err *err)
{
    struct pic_statement *t = &s->items[index];
    if (!is_money(amount))
        return pic_statement_fail(err, origin, pic_speech_text(PIC_TELL_BANK_AMOUNT),
                                  pic_span_of(NULL, 0));
    if (t->mark_n > (size_t)4 * PIC_BANK_LINES_MAX)
        return pic_statement_fail(err, origin, pic_speech_text(PIC_TELL_BANK_LONG),
                                  pic_span_of(NULL, 0));
    struct pic_bank_mark *marks = room(t->marks, t->mark_n, &t->mark_cap, sizeof *marks);
    if (marks == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    t->marks = marks;
    marks[t->mark_n++] = (struct pic_bank_mark){t->line_n, day, amount, origin};
    return PIC_OK;
}

void pic_statement_turn(struct pic_statement *t)
{
    for (size_t i = 0; i < t->line_n / 2; i++) {
        struct pic_bank_line line = t->lines[i];
        t->lines[i] = t->lines[t->line_n - 1 - i];
        t->lines[t->line_n - 1 - i] = line;
    }
    for (size_t i = 0; i < t->mark_n / 2; i++) {
        struct pic_bank_mark mark = t->marks[i];
        t->marks[i] = t->marks[t->mark_n - 1 - i];
        t->marks[t->mark_n - 1 - i] = mark;
    }
    /* What was told after line i is still told after line i, which is another place now. */
    for (size_t i = 0; i < t->mark_n; i++)
        if (t->marks[i].after > 0)
            t->marks[i].after = t->line_n + 1 - t->marks[i].after;
}

/* Finds the marks that do not follow; out may be NULL. Returns how many there are. */
static size_t find_breaks(const struct pic_statement *t, struct pic_bank_break *out)
{
    size_t n = 0;
    for (size_t i = 1; i < t->mark_n; i++) {
        const struct pic_bank_mark *mark = &t->marks[i];
        int64_t expected = t->marks[i - 1].amount;
        for (size_t k = t->marks[i - 1].after; k < mark->after; k++)
            expected += t->lines[k].amount;
        if (expected == mark->amount)
            continue;
        if (out != NULL)
            out[n] = (struct pic_bank_break){mark->day, expected, mark->amount, mark->origin};
        n++;
    }
    return n;
}

size_t pic_statement_disagreements(const struct pic_statement *statement)
{
    return find_breaks(statement, NULL);
}

int64_t pic_statement_moved(const struct pic_statement *statement, int64_t to_day)
{
    int64_t sum = 0;
    for (size_t i = 0; i < statement->line_n; i++)
        if (statement->lines[i].booked_on <= to_day)
            sum += statement->lines[i].amount;
    return sum;
}

/* --- finishing --- */

static void set_period(struct pic_statement *t)
{
    int64_t first = PIC_NO_DAY;
    int64_t last = PIC_NO_DAY;
    for (size_t i = 0; i < t->line_n; i++) {
        int64_t day = t->lines[i].booked_on;
        if (first == PIC_NO_DAY || day < first)
            first = day;
        if (day > last)
            last = day;
    }
    for (size_t i = 0; i < t->mark_n; i++) {
        int64_t day = t->marks[i].day;
        if (day == PIC_NO_DAY)
            continue;
        /* The balance at the end of a day opens the next one. */
        int64_t opens = t->marks[i].after == 0 ? day + 1 : day;
        if (first == PIC_NO_DAY || opens < first)
            first = opens;
        if (day > last)
            last = day;
    }
    if (t->from_on == PIC_NO_DAY || (first != PIC_NO_DAY && first < t->from_on))
        t->from_on = first;
    if (last > t->to_on)
        t->to_on = last;
    if (t->to_on < t->from_on)
        t->to_on = t->from_on;
}

static void set_balances(struct pic_statement *t)
{
    t->balanced = t->mark_n > 0;
    if (!t->balanced)
        return;
    t->opening = t->marks[0].amount;
    for (size_t i = 0; i < t->marks[0].after; i++)
        t->opening -= t->lines[i].amount;
    t->closing = t->marks[t->mark_n - 1].amount;
    for (size_t i = t->marks[t->mark_n - 1].after; i < t->line_n; i++)
        t->closing += t->lines[i].amount;
}

void pic_statement_balance(struct pic_statement *statement, int64_t opening)
{
    statement->balanced = true;
    statement->opening = opening;
    statement->closing = opening + pic_statement_moved(statement, INT64_MAX);
}

static int fingerprint(struct pic_statements *s, const struct pic_statement *t,
                       struct pic_bank_line *line)
{
    struct pic_buf *work = &s->work;
    struct pic_buf folded;
    pic_buf_init(&folded, WORK_MAX);
    int status = pic_text_fold(pic_statements_text(s, line->label), &folded);
    pic_buf_clear(work);
    pic_buf_span(work, pic_span_text(t->account));
    pic_buf_zigzag(work, line->booked_on);
    pic_buf_zigzag(work, line->amount);
    pic_buf_span(work, pic_buf_view(&folded));
    pic_hash(pic_buf_view(work), line->fingerprint);
    pic_buf_release(&folded);
    return status == PIC_OK ? pic_buf_status(work) : status;
}

/* A line's place in its statement, beside what it is sorted by. */
struct place {
    const uint8_t *fingerprint;
    size_t at;
};

static int by_fingerprint(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;
    int order = memcmp(x->fingerprint, y->fingerprint, PIC_HASH_SIZE);
    if (order != 0)
        return order;
    return x->at < y->at ? -1 : x->at > y->at;
}

static int count_occurrences(struct pic_statement *t)
{
    struct place *places = malloc((t->line_n + 1) * sizeof *places);
    if (places == NULL)
        return PIC_EMEMORY;
    for (size_t i = 0; i < t->line_n; i++)
        places[i] = (struct place){t->lines[i].fingerprint, i};
    qsort(places, t->line_n, sizeof *places, by_fingerprint);
    for (size_t i = 0; i < t->line_n; i++) {
        bool again =
            i > 0 && memcmp(places[i].fingerprint, places[i - 1].fingerprint, PIC_HASH_SIZE) == 0;
        t->lines[places[i].at].occurrence = again ? t->lines[places[i - 1].at].occurrence + 1 : 1;
    }
    free(places);
    return PIC_OK;
}

static int finish_one(struct pic_statements *s, struct pic_statement *t)
{
    set_balances(t);
    if (t->balanced && (!is_money(t->opening) || !is_money(t->closing)))
        return PIC_ELIMIT;
    for (size_t i = 0; i < t->line_n; i++) {
        int status = fingerprint(s, t, &t->lines[i]);
        if (status != PIC_OK)
            return status;
    }
    t->break_n = find_breaks(t, NULL);
    if (t->break_n > 0) {
        t->breaks = calloc(t->break_n, sizeof *t->breaks);
        if (t->breaks == NULL)
            return PIC_EMEMORY;
        (void)find_breaks(t, t->breaks);
    }
    return count_occurrences(t);
}

/* A statement of which nothing is dated says nothing. */
static void drop_empty(struct pic_statements *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->items[i].from_on == PIC_NO_DAY)
            free(s->items[i].marks);
        else
            s->items[kept++] = s->items[i];
    }
    s->n = kept;
}

int pic_statements_finish(struct pic_statements *s, struct pic_err *err)
{
    for (size_t i = 0; i < s->n; i++)
        set_period(&s->items[i]);
    drop_empty(s);
    for (size_t i = 0; i < s->n; i++) {
        int status = finish_one(s, &s->items[i]);
        if (status != PIC_OK)
            return pic_fail(err, status, s->items[i].account, NULL);
    }
    if (s->n == 0)
        return pic_statement_fail(err, 0, pic_speech_text(PIC_TELL_BANK_NOTHING),
                                  pic_span_of(NULL, 0));
    return PIC_OK;
}
