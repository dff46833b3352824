#include "server/bank/sums.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/face/speech.h"
#include "server/bank/likeness.h"

enum {
    CANDIDATES_MAX = 16, /* that one line or entry is compared with, the nearest ones */
    NAME_MIN = 50,       /* per cent of a name that tells whose a line is */
    CHUNK = 16,
};

/* A line or an entry as this room sees it. */
struct thing {
    uint64_t id, owner;
    int64_t amount, day;
    size_t at;    /* index in its array */
    size_t payee; /* of an entry; 0: not known */
    bool free;
    struct pic_likeness likeness;
};

struct work {
    const struct pic_match_line *line_of;
    const struct pic_match_item *item_of;
    struct thing *lines, *items; /* by day, then id */
    size_t line_n, item_n;
    struct pic_sums *out;
};

/* What is being looked for: parts of one whole. */
struct search {
    const struct thing *whole;
    struct thing *near[CANDIDATES_MAX];
    size_t near_n;
    struct thing *taken[PIC_SUM_MAX];
    struct thing *best[PIC_SUM_MAX];
    size_t best_n, found;
    int64_t best_days;
};

static int64_t distance(const struct thing *a, const struct thing *b)
{
    return a->day < b->day ? b->day - a->day : a->day - b->day;
}

/* --- making ready --- */

static int by_day(const void *a, const void *b)
{
    const struct thing *x = a;
    const struct thing *y = b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* The name of an entry's payee: the holder, else the project. */
static struct pic_span payee_of(const struct thing *item)
{
    struct pic_span rest = pic_buf_view(&item->likeness.words);
    const uint8_t *end;
    while (rest.n > 0 && (end = memchr(rest.p, '\n', rest.n)) != NULL) {
        size_t n = (size_t)(end - rest.p);
        if (n > 0)
            return pic_span_of(rest.p, n);
        rest = pic_span_of(end + 1, rest.n - 1);
    }
    return pic_span_of("", 0);
}

static int by_payee(const void *a, const void *b)
{
    struct pic_span x = payee_of(*(struct thing *const *)a);
    struct pic_span y = payee_of(*(struct thing *const *)b);
    size_t n = x.n < y.n ? x.n : y.n;
    int order = n == 0 ? 0 : memcmp(x.p, y.p, n);
    if (order != 0)
        return order;
    return x.n < y.n ? -1 : x.n > y.n;
}

/* Numbers the payees from 1, so that they compare as numbers. */
static int number_payees(struct work *w)
{
    struct thing **sorted = malloc((w->item_n + 1) * sizeof(struct thing *));
    size_t number = 0;
    if (sorted == NULL)
        return PIC_EMEMORY;
    for (size_t i = 0; i < w->item_n; i++)
        sorted[i] = &w->items[i];
    qsort(sorted, w->item_n, sizeof(struct thing *), by_payee);
    for (size_t i = 0; i < w->item_n; i++) {
        if (i == 0 || by_payee(&sorted[i - 1], &sorted[i]) != 0)
            number++;
        sorted[i]->payee = payee_of(sorted[i]).n == 0 ? 0 : number;
    }
    free(sorted);
    return PIC_OK;
}

static int prepare(struct work *w, const struct pic_match *matches)
{
    int status = PIC_OK;
    for (size_t i = 0; i < w->item_n; i++) {
        const struct pic_match_item *item = &w->item_of[i];
        w->items[i] = (struct thing){.id = item->id,
                                     .owner = item->owner,
                                     .amount = item->amount,
                                     .day = item->day,
                                     .at = i,
                                     .free = true};
        pic_likeness_init(&w->items[i].likeness);
    }
    for (size_t i = 0; i < w->line_n; i++) {
        const struct pic_match_line *line = &w->line_of[i];
        bool settled =
            matches[i].zone != PIC_MATCH_NONE && (matches[i].reasons & PIC_MATCH_AMOUNT) != 0;
        w->lines[i] = (struct thing){.id = line->id,
                                     .owner = line->owner,
                                     .amount = line->amount,
                                     .day = line->day,
                                     .at = i,
                                     .free = !settled};
        pic_likeness_init(&w->lines[i].likeness);
        if (settled)
            w->items[matches[i].item].free = false;
    }
    for (size_t i = 0; status == PIC_OK && i < w->item_n; i++)
        status = pic_likeness_of_item(&w->item_of[i], &w->items[i].likeness);
    for (size_t i = 0; status == PIC_OK && i < w->line_n; i++)
        if (w->lines[i].free)
            status = pic_likeness_of_line(&w->line_of[i], &w->lines[i].likeness);
    qsort(w->items, w->item_n, sizeof *w->items, by_day);
    qsort(w->lines, w->line_n, sizeof *w->lines, by_day);
    return status == PIC_OK ? number_payees(w) : status;
}

/* --- one whole --- */

/* G3, and a part smaller than the whole. */
static bool may_be_part(const struct thing *part, const struct thing *whole)
{
    bool same_side = (part->amount < 0) == (whole->amount < 0);
    bool smaller = whole->amount < 0 ? part->amount > whole->amount : part->amount < whole->amount;
    bool same_owner = part->owner == 0 || whole->owner == 0 || part->owner == whole->owner;
    return part->free && part->amount != 0 && same_side && smaller && same_owner;
}

/* The first thing of an array by day that is not before a day. */
static size_t first_on(const struct thing *things, size_t n, int64_t day)
{
    size_t from = 0;
    while (n > 0) {
        size_t half = n / 2;
        bool before = things[from + half].day < day;
        from += before ? half + 1 : 0;
        n = before ? n - half - 1 : half;
    }
    return from;
}

/* Keeps the nearest candidates, nearest first. */
static void keep_near(struct search *s, struct thing *part)
{
    size_t at = s->near_n;
    while (at > 0 && distance(s->near[at - 1], s->whole) > distance(part, s->whole))
        at--;
    if (at == CANDIDATES_MAX)
        return;
    size_t kept = s->near_n < CANDIDATES_MAX ? s->near_n++ : CANDIDATES_MAX - 1;
    memmove(s->near + at + 1, s->near + at, (kept - at) * sizeof(struct thing *));
    s->near[at] = part;
}

/* G1: what is taken adds up. G4: the nearest in time, then the shortest, then the first found. */
static void note(struct search *s, size_t n)
{
    int64_t days = 0;
    for (size_t i = 0; i < n; i++)
        if (distance(s->taken[i], s->whole) > days)
            days = distance(s->taken[i], s->whole);
    bool better = s->found == 0 || days < s->best_days || (days == s->best_days && n < s->best_n);
    s->found++;
    if (!better)
        return;
    memcpy(s->best, s->taken, n * sizeof(struct thing *));
    s->best_n = n;
    s->best_days = days;
}

/* Every choice of at most PIC_SUM_MAX candidates that adds up: at most that deep. */
static void choose(struct search *s, size_t from, size_t n, int64_t left)
{
    if (left == 0 && n >= 2)
        note(s, n);
    if (left == 0 || n == PIC_SUM_MAX)
        return;
    for (size_t i = from; i < s->near_n; i++) {
        s->taken[n] = s->near[i];
        choose(s, i + 1, n + 1, left - s->near[i]->amount);
    }
}

/* Whose name stands where, the best of a sum's pairs; and the widest distance. */
static void describe(struct pic_sum *sum, const struct search *s, bool whole_is_line)
{
    for (size_t i = 0; i < s->best_n; i++) {
        const struct thing *line = whole_is_line ? s->whole : s->best[i];
        const struct thing *item = whole_is_line ? s->best[i] : s->whole;
        unsigned percent = pic_likeness_name_percent(&line->likeness, &item->likeness);
        int64_t days = line->day - item->day;
        if (percent > sum->name_percent)
            sum->name_percent = percent;
        if (distance(line, item) > (sum->days < 0 ? -sum->days : sum->days))
            sum->days = days;
    }
}

static int add(struct work *w, struct search *s, struct thing *whole, bool whole_is_line)
{
    struct pic_sums *out = w->out;
    if (out->n == out->cap) {
        struct pic_sum *grown = realloc(out->at, (out->cap + CHUNK) * sizeof *grown);
        if (grown == NULL)
            return PIC_EMEMORY;
        out->at = grown;
        out->cap += CHUNK;
    }
    struct pic_sum *sum = &out->at[out->n++];
    *sum = (struct pic_sum){.rivals = (unsigned)(s->found - 1)};
    size_t *const wholes = whole_is_line ? sum->lines : sum->items;
    size_t *const parts = whole_is_line ? sum->items : sum->lines;
    wholes[0] = whole->at;
    for (size_t i = 0; i < s->best_n; i++) {
        parts[i] = s->best[i]->at;
        s->best[i]->free = false;
    }
    whole->free = false;
    sum->line_n = whole_is_line ? 1 : s->best_n;
    sum->item_n = whole_is_line ? s->best_n : 1;
    describe(sum, s, whole_is_line);
    return PIC_OK;
}

/* --- the two kinds --- */

static int by_group(const void *a, const void *b)
{
    const struct thing *x = *(struct thing *const *)a;
    const struct thing *y = *(struct thing *const *)b;
    if (x->payee != y->payee)
        return x->payee < y->payee ? -1 : 1;
    return by_day(x, y);
}

/* One line, several entries of one payee; the best payee of all. */
static int find_entries(struct work *w, struct thing *line, struct thing **store)
{
    struct search best = {.whole = line};
    size_t n = 0;
    for (size_t i = first_on(w->items, w->item_n, line->day - PIC_SUM_WINDOW);
         i < w->item_n && w->items[i].day <= line->day + PIC_SUM_WINDOW; i++)
        if (w->items[i].payee != 0 && may_be_part(&w->items[i], line))
            store[n++] = &w->items[i];
    qsort(store, n, sizeof(struct thing *), by_group);
    for (size_t i = 0, end; i < n; i = end) {
        struct search s = {.whole = line};
        for (end = i; end < n && store[end]->payee == store[i]->payee; end++)
            keep_near(&s, store[end]);
        choose(&s, 0, 0, line->amount);
        size_t found = best.found + s.found;
        if (s.found > 0 && (best.found == 0 || s.best_days < best.best_days))
            best = s;
        best.found = found;
    }
    return best.found == 0 ? PIC_OK : add(w, &best, line, true);
}

/* G2 */
static bool tells_of(const struct thing *line, const struct thing *item,
                     const struct pic_match_item *entry)
{
    return pic_likeness_names(&line->likeness, item->id) ||
           pic_likeness_names(&line->likeness, entry->project) ||
           pic_likeness_bears_reference(&line->likeness, &item->likeness) ||
           pic_likeness_name_percent(&line->likeness, &item->likeness) >= NAME_MIN;
}

/* One entry, several lines that tell of it. */
static int find_lines(struct work *w, struct thing *item)
{
    struct search s = {.whole = item};
    for (size_t i = first_on(w->lines, w->line_n, item->day - PIC_SUM_WINDOW);
         i < w->line_n && w->lines[i].day <= item->day + PIC_SUM_WINDOW; i++)
        if (may_be_part(&w->lines[i], item) && tells_of(&w->lines[i], item, &w->item_of[item->at]))
            keep_near(&s, &w->lines[i]);
    choose(&s, 0, 0, item->amount);
    return s.found == 0 ? PIC_OK : add(w, &s, item, false);
}

static void work_release(struct work *w)
{
    for (size_t i = 0; w->lines != NULL && i < w->line_n; i++)
        pic_likeness_release(&w->lines[i].likeness);
    for (size_t i = 0; w->items != NULL && i < w->item_n; i++)
        pic_likeness_release(&w->items[i].likeness);
    free(w->lines);
    free(w->items);
}

int pic_sums_find(const struct pic_match_line *lines, size_t line_n,
                  const struct pic_match_item *items, size_t item_n, struct pic_match *matches,
                  struct pic_sums *out)
{
    struct work w = {.line_of = lines,
                     .item_of = items,
                     .lines = calloc(line_n + 1, sizeof *w.lines),
                     .items = calloc(item_n + 1, sizeof *w.items),
                     .line_n = line_n,
                     .item_n = item_n,
                     .out = out};
    struct thing **store = malloc((item_n + 1) * sizeof(struct thing *));
    int status =
        w.lines == NULL || w.items == NULL || store == NULL ? PIC_EMEMORY : prepare(&w, matches);
    for (size_t i = 0; status == PIC_OK && i < line_n; i++)
        if (w.lines[i].free)
            status = find_entries(&w, &w.lines[i], store);
    for (size_t i = 0; status == PIC_OK && i < item_n; i++)
        if (w.items[i].free)
            status = find_lines(&w, &w.items[i]);
    for (size_t i = 0; status == PIC_OK && i < out->n; i++)
        for (size_t k = 0; k < out->at[i].line_n; k++) {
            size_t line = out->at[i].lines[k];
            matches[line] = (struct pic_match){.line = line, .item = SIZE_MAX};
        }
    free(store);
    work_release(&w);
    return status;
}

void pic_sums_release(struct pic_sums *sums)
{
    free(sums->at);
    *sums = (struct pic_sums){0};
}

/* --- in words --- */

static void put_fact(struct pic_buf *out, enum pic_tell key, const char *number)
{
    pic_buf_text(out, " · ");
    pic_speech_tell(out, key, number, NULL);
}

void pic_sum_explain(const struct pic_sum *sum, struct pic_buf *out)
{
    char number[24];
    bool of_items = sum->item_n > 1;
    (void)snprintf(number, sizeof number, "%zu", of_items ? sum->item_n : sum->line_n);
    pic_speech_tell(out, of_items ? PIC_TELL_MATCH_SUM_ITEMS : PIC_TELL_MATCH_SUM_LINES, number,
                    NULL);
    (void)snprintf(number, sizeof number, "%u", sum->name_percent);
    put_fact(out, PIC_TELL_MATCH_NAME, number);
    (void)snprintf(number, sizeof number, "%+lld", (long long)sum->days);
    put_fact(out, PIC_TELL_MATCH_DATE, number);
    if (sum->rivals == 0)
        return;
    (void)snprintf(number, sizeof number, "%u", sum->rivals);
    put_fact(out, PIC_TELL_MATCH_RIVALS, number);
}
