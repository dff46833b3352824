#include "server/bank/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/face/speech.h"
#include "server/bank/likeness.h"

enum {
    SCORE_AMOUNT = 50,
    SCORE_NAMED = 35,
    SCORE_NAME = 25, /* for a name found whole */
    SCORE_DATE = 15, /* for the same day */
    SCORE_MIN = 50,
    DAYS_PER_POINT = PIC_MATCH_WINDOW / SCORE_DATE,
};

struct pairs {
    struct pic_match *at;
    size_t n, cap;
};

/* An entry, by something that it is looked up by. */
struct key {
    uint64_t value;
    int64_t day;
    size_t item;
};

struct work {
    const struct pic_match_line *lines;
    const struct pic_match_item *items;
    size_t line_n, item_n;
    struct pic_likeness *line, *item;
    struct key *amounts; /* by amount, day, id */
    struct key *numbers; /* by id of the entry or of its project: two each */
    struct pairs pairs;
};

/* --- one pair --- */

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

static bool is_named(unsigned reasons)
{
    return (reasons & (PIC_MATCH_NUMBER | PIC_MATCH_PROJECT | PIC_MATCH_REFERENCE)) != 0;
}

static void compare(const struct pic_match_line *line, const struct pic_likeness *pl,
                    const struct pic_match_item *item, const struct pic_likeness *pi,
                    struct pic_match *out)
{
    int64_t days = line->day - item->day;
    out->days = days;
    out->reasons |= line->amount == item->amount ? PIC_MATCH_AMOUNT : 0U;
    out->reasons |= pic_likeness_names(pl, item->id) ? PIC_MATCH_NUMBER : 0U;
    out->reasons |= pic_likeness_names(pl, item->project) ? PIC_MATCH_PROJECT : 0U;
    out->reasons |= pic_likeness_bears_reference(pl, pi) ? PIC_MATCH_REFERENCE : 0U;
    out->name_percent = pic_likeness_name_percent(pl, pi);
    bool named = is_named(out->reasons);
    int64_t off = magnitude(days);
    bool same_side = (line->amount < 0) == (item->amount < 0);
    /* M4 */
    bool same_owner = line->owner == 0 || item->owner == 0 || line->owner == item->owner;
    if (!same_side || !same_owner || off > (named ? PIC_MATCH_NAMED_WINDOW : PIC_MATCH_WINDOW))
        return;
    out->score = ((out->reasons & PIC_MATCH_AMOUNT) != 0 ? SCORE_AMOUNT : 0U) +
                 (named ? SCORE_NAMED : 0U) + out->name_percent * SCORE_NAME / 100;
    if (off < PIC_MATCH_WINDOW)
        out->score += (unsigned)(SCORE_DATE - off / DAYS_PER_POINT);
    if (out->score >= SCORE_MIN)
        out->zone = PIC_MATCH_PROBABLE;
}

int pic_match_pair(const struct pic_match_line *line, const struct pic_match_item *item,
                   struct pic_match *out)
{
    struct pic_likeness pl;
    struct pic_likeness pi;
    *out = (struct pic_match){0};
    pic_likeness_init(&pl);
    pic_likeness_init(&pi);
    int status = pic_likeness_of_line(line, &pl);
    if (status == PIC_OK)
        status = pic_likeness_of_item(item, &pi);
    if (status == PIC_OK)
        compare(line, &pl, item, &pi, out);
    pic_likeness_release(&pl);
    pic_likeness_release(&pi);
    return status;
}

/* --- all pairs --- */

static int by_key(const void *a, const void *b)
{
    const struct key *x = a;
    const struct key *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

/* The first key at or after (value, day). */
static size_t first_key(const struct key *keys, size_t n, uint64_t value, int64_t day)
{
    size_t from = 0;
    while (n > 0) {
        size_t half = n / 2;
        const struct key *k = &keys[from + half];
        bool before = k->value != value ? k->value < value : k->day < day;
        from += before ? half + 1 : 0;
        n = before ? n - half - 1 : half;
    }
    return from;
}

static int add_pair(struct work *w, size_t line, size_t item)
{
    struct pic_match match = {.line = line, .item = item};
    compare(&w->lines[line], &w->line[line], &w->items[item], &w->item[item], &match);
    if (match.zone == PIC_MATCH_NONE)
        return PIC_OK;
    if (w->pairs.n == w->pairs.cap) {
        size_t cap = w->pairs.cap == 0 ? 64 : w->pairs.cap * 2;
        struct pic_match *grown = realloc(w->pairs.at, cap * sizeof *grown);
        if (grown == NULL)
            return PIC_EMEMORY;
        w->pairs.at = grown;
        w->pairs.cap = cap;
    }
    w->pairs.at[w->pairs.n++] = match;
    return PIC_OK;
}

/* Whether an entry found by a number is not found otherwise: neither by the line's amount, nor by
 * its own number where this is its project's. */
static bool is_other_amount(const struct pic_match_line *line, const struct pic_likeness *p,
                            const struct key *key, const struct pic_match_item *item)
{
    return item->amount != line->amount &&
           (key->value == item->id || !pic_likeness_names(p, item->id));
}

/* Pairs of one line: the entries of its amount, and those that it names with another amount. */
static int find_pairs(struct work *w, size_t line)
{
    const struct pic_match_line *l = &w->lines[line];
    const struct pic_likeness *p = &w->line[line];
    int64_t from = l->day - PIC_MATCH_NAMED_WINDOW;
    int status = PIC_OK;
    for (size_t i = first_key(w->amounts, w->item_n, (uint64_t)l->amount, from);
         status == PIC_OK && i < w->item_n && w->amounts[i].value == (uint64_t)l->amount &&
         w->amounts[i].day <= l->day + PIC_MATCH_NAMED_WINDOW;
         i++)
        status = add_pair(w, line, w->amounts[i].item);
    for (size_t k = 0; k < p->number_n; k++) {
        bool again = false;
        for (size_t before = 0; before < k; before++)
            again = again || p->numbers[before] == p->numbers[k];
        size_t n = 2 * w->item_n;
        for (size_t i = again ? n : first_key(w->numbers, n, p->numbers[k], INT64_MIN);
             status == PIC_OK && i < n && w->numbers[i].value == p->numbers[k]; i++)
            if (is_other_amount(l, p, &w->numbers[i], &w->items[w->numbers[i].item]))
                status = add_pair(w, line, w->numbers[i].item);
    }
    return status;
}

/* How strong a claim a pair has to be certain: 2 the entry itself, 1 its project, 0 none. */
static unsigned claim(const struct pic_match *m)
{
    if ((m->reasons & PIC_MATCH_AMOUNT) == 0)
        return 0;
    if ((m->reasons & (PIC_MATCH_NUMBER | PIC_MATCH_REFERENCE)) != 0)
        return 2;
    return (m->reasons & PIC_MATCH_PROJECT) != 0 ? 1 : 0;
}

/* What claims there are on a line or an entry: the strongest, and how many are as strong. */
struct claims {
    unsigned strongest, n;
};

static void note_claim(struct claims *c, unsigned strength)
{
    if (strength > c->strongest)
        *c = (struct claims){strength, 0};
    if (strength > 0 && strength == c->strongest)
        c->n++;
}

/* M1 */
static int mark_certain(struct work *w)
{
    struct claims *claims = calloc(w->line_n + w->item_n + 1, sizeof *claims);
    if (claims == NULL)
        return PIC_EMEMORY;
    for (size_t i = 0; i < w->pairs.n; i++) {
        struct pic_match *m = &w->pairs.at[i];
        note_claim(&claims[m->line], claim(m));
        note_claim(&claims[w->line_n + m->item], claim(m));
    }
    for (size_t i = 0; i < w->pairs.n; i++) {
        struct pic_match *m = &w->pairs.at[i];
        const struct claims *line = &claims[m->line];
        const struct claims *item = &claims[w->line_n + m->item];
        unsigned strength = claim(m);
        if (strength > 0 && strength == line->strongest && line->n == 1 &&
            strength == item->strongest && item->n == 1)
            m->zone = PIC_MATCH_CERTAIN;
    }
    free(claims);
    return PIC_OK;
}

/* The pairs to be sorted, beside the numbers that settle a tie. */
struct ranked {
    struct pic_match match;
    uint64_t line_id, item_id;
};

/* M3 */
static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;
    if (x->match.zone != y->match.zone)
        return x->match.zone > y->match.zone ? -1 : 1;
    if (x->match.score != y->match.score)
        return x->match.score > y->match.score ? -1 : 1;
    if (magnitude(x->match.days) != magnitude(y->match.days))
        return magnitude(x->match.days) < magnitude(y->match.days) ? -1 : 1;
    if (x->line_id != y->line_id)
        return x->line_id < y->line_id ? -1 : 1;
    return x->item_id < y->item_id ? -1 : x->item_id > y->item_id;
}

/* Gives each line at most one entry, each entry at most one line; the rest stays without. */
static int choose(struct work *w, struct pic_match *out)
{
    struct ranked *ranked = malloc((w->pairs.n + 1) * sizeof *ranked);
    bool *taken = calloc(w->item_n + 1, sizeof *taken);
    int status = ranked == NULL || taken == NULL ? PIC_EMEMORY : PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < w->pairs.n; i++) {
        const struct pic_match *m = &w->pairs.at[i];
        ranked[i] = (struct ranked){*m, w->lines[m->line].id, w->items[m->item].id};
    }
    if (status == PIC_OK)
        qsort(ranked, w->pairs.n, sizeof *ranked, by_rank);
    for (size_t i = 0; status == PIC_OK && i < w->pairs.n; i++) {
        struct pic_match *m = &ranked[i].match;
        struct pic_match *answer = &out[m->line];
        if (answer->zone != PIC_MATCH_NONE && answer->zone == m->zone && answer->score == m->score)
            answer->rivals++;
        if (answer->zone != PIC_MATCH_NONE || taken[m->item])
            continue;
        taken[m->item] = true;
        *answer = *m;
    }
    free(ranked);
    free(taken);
    return status;
}

static int prepare(struct work *w)
{
    w->line = calloc(w->line_n + 1, sizeof *w->line);
    w->item = calloc(w->item_n + 1, sizeof *w->item);
    w->amounts = calloc(w->item_n + 1, sizeof *w->amounts);
    w->numbers = calloc(2 * w->item_n + 1, sizeof *w->numbers);
    if (w->line == NULL || w->item == NULL || w->amounts == NULL || w->numbers == NULL)
        return PIC_EMEMORY;
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < w->line_n; i++) {
        pic_likeness_init(&w->line[i]);
        status = pic_likeness_of_line(&w->lines[i], &w->line[i]);
    }
    for (size_t i = 0; status == PIC_OK && i < w->item_n; i++) {
        const struct pic_match_item *item = &w->items[i];
        pic_likeness_init(&w->item[i]);
        status = pic_likeness_of_item(item, &w->item[i]);
        w->amounts[i] = (struct key){(uint64_t)item->amount, item->day, i};
        w->numbers[2 * i] = (struct key){item->id, item->day, i};
        w->numbers[2 * i + 1] = (struct key){item->project, item->day, i};
    }
    qsort(w->amounts, w->item_n, sizeof *w->amounts, by_key);
    qsort(w->numbers, 2 * w->item_n, sizeof *w->numbers, by_key);
    return status;
}

static void work_release(struct work *w)
{
    for (size_t i = 0; w->line != NULL && i < w->line_n; i++)
        pic_likeness_release(&w->line[i]);
    for (size_t i = 0; w->item != NULL && i < w->item_n; i++)
        pic_likeness_release(&w->item[i]);
    free(w->line);
    free(w->item);
    free(w->amounts);
    free(w->numbers);
    free(w->pairs.at);
}

int pic_match_all(const struct pic_match_line *lines, size_t line_n,
                  const struct pic_match_item *items, size_t item_n, struct pic_match *out)
{
    struct work w = {.lines = lines, .items = items, .line_n = line_n, .item_n = item_n};
    for (size_t i = 0; i < line_n; i++)
        out[i] = (struct pic_match){.line = i, .item = SIZE_MAX};
    int status = prepare(&w);
    for (size_t i = 0; status == PIC_OK && i < line_n; i++)
        status = find_pairs(&w, i);
    if (status == PIC_OK)
        status = mark_certain(&w);
    if (status == PIC_OK)
        status = choose(&w, out);
    work_release(&w);
    return status;
}

/* --- in words --- */

static void separate(struct pic_buf *out, size_t start)
{
    if (out->len > start)
        pic_buf_text(out, " · ");
}

void pic_match_explain(const struct pic_match *m, struct pic_buf *out)
{
    static const struct {
        unsigned reason;
        enum pic_tell yes;
    } reasons[] = {{PIC_MATCH_NUMBER, PIC_TELL_MATCH_NUMBER},
                   {PIC_MATCH_PROJECT, PIC_TELL_MATCH_PROJECT},
                   {PIC_MATCH_REFERENCE, PIC_TELL_MATCH_REFERENCE}};
    size_t start = out->len;
    char number[24];
    pic_speech_tell(out,
                    (m->reasons & PIC_MATCH_AMOUNT) != 0 ? PIC_TELL_MATCH_AMOUNT
                                                         : PIC_TELL_MATCH_OTHER_AMOUNT,
                    NULL);
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if ((m->reasons & reasons[i].reason) == 0)
            continue;
        separate(out, start);
        pic_speech_tell(out, reasons[i].yes, NULL);
    }
    (void)snprintf(number, sizeof number, "%u", m->name_percent);
    separate(out, start);
    pic_speech_tell(out, PIC_TELL_MATCH_NAME, number, NULL);
    (void)snprintf(number, sizeof number, "%+lld", (long long)m->days);
    separate(out, start);
    pic_speech_tell(out, PIC_TELL_MATCH_DATE, number, NULL);
    if (!is_named(m->reasons)) {
        separate(out, start);
        pic_speech_tell(out, PIC_TELL_MATCH_NO_NUMBER, NULL);
    }
    if (m->rivals > 0) {
        (void)snprintf(number, sizeof number, "%u", m->rivals);
        separate(out, start);
        pic_speech_tell(out, PIC_TELL_MATCH_RIVALS, number, NULL);
    }
}
