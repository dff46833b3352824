#include "server/bank/match_store.h"

#include <stdlib.h>
#include <string.h>

enum { TEXTS_MAX = 1 << 30 };

/* Entries that are gone: what was matched with them is free again. */
#define GONE                                                                                       \
    "(SELECT id FROM payment WHERE reversed IS NOT NULL"                                           \
    " UNION ALL SELECT id FROM transfer WHERE reversed IS NOT NULL)"

static const char lines_sql[] =
    "SELECT l.id, coalesce(f.carrier, 0), l.amount, l.booked_on, coalesce(l.fund, 0),"
    " l.label, l.counterparty, l.reference"
    " FROM bank_line AS l LEFT JOIN fund AS f ON f.id = l.fund"
    " WHERE l.cancelled IS NULL AND NOT EXISTS(SELECT 1 FROM \"match\" AS m"
    "  WHERE m.bank_line = l.id AND m.cancelled IS NULL AND m.about NOT IN " GONE ")"
    " ORDER BY l.id";

/* id, project, owner, signed amount, day, fund, reference, three names */
static const char items_sql[] =
    "SELECT p.id, p.project, p.org, CASE p.kind WHEN 'reversement' THEN p.amount ELSE -p.amount"
    "  END, p.paid_on, coalesce(r.fund, 0), p.bank_reference, r.holder_label, o.name, r.title"
    " FROM payment AS p JOIN project AS r ON r.id = p.project"
    " LEFT JOIN organisation AS o ON o.id = r.holder_org"
    " WHERE p.reversed IS NULL AND p.means IS NOT 'especes' AND NOT EXISTS("
    "  SELECT 1 FROM \"match\" AS m WHERE m.about = p.id AND m.cancelled IS NULL)"
    " UNION ALL SELECT t.id, 0, t.org, t.amount, t.received_on, s.fund, t.reference, o.name,"
    "  f.name, NULL"
    " FROM transfer AS t JOIN share AS s ON s.id = t.share"
    " LEFT JOIN organisation AS o ON o.id = s.funder LEFT JOIN fund AS f ON f.id = s.fund"
    " WHERE t.reversed IS NULL AND NOT EXISTS("
    "  SELECT 1 FROM \"match\" AS m WHERE m.about = t.id AND m.cancelled IS NULL)"
    " ORDER BY 1";

static const char match_sql[] =
    "SELECT m.id FROM \"match\" AS m WHERE (m.bank_line = ?1 OR m.about = ?1 OR m.id = ?1)"
    " AND m.cancelled IS NULL AND m.about NOT IN " GONE " ORDER BY m.id LIMIT 1";

/* What was decided together shares a line or an entry. */
static const char together_sql[] =
    "SELECT m.id FROM \"match\" AS m JOIN \"match\" AS one ON one.id = ?1"
    " WHERE m.cancelled IS NULL AND (m.bank_line = one.bank_line OR m.about = one.about)"
    " ORDER BY m.id";

/* --- loading --- */

/* Texts move while they grow: spans are offsets until all are here. */
static struct pic_span keep(struct pic_waiting *w, struct pic_span s)
{
    struct pic_span kept = {(const uint8_t *)(uintptr_t)w->texts.len, s.n};
    pic_buf_bytes(&w->texts, s.p, s.n);
    return kept;
}

static void settle(const struct pic_waiting *w, struct pic_span *s)
{
    *s = s->n == 0 ? pic_span_of("", 0) : pic_span_of(w->texts.data + (uintptr_t)s->p, s->n);
}

/* Room for one more element of two arrays side by side. */
static int grow(void **a, size_t a_size, uint64_t **funds, size_t n, size_t *cap)
{
    if (n < *cap)
        return PIC_OK;
    size_t more = *cap == 0 ? 64 : *cap * 2;
    void *grown = realloc(*a, more * a_size);
    if (grown == NULL)
        return PIC_EMEMORY;
    *a = grown;
    uint64_t *grown_funds = realloc(*funds, more * sizeof **funds);
    if (grown_funds == NULL)
        return PIC_EMEMORY;
    *funds = grown_funds;
    *cap = more;
    return PIC_OK;
}

/* line's texts are kept already. */
static int add_line(struct pic_waiting *w, const struct pic_match_line *line, uint64_t fund)
{
    void *lines = w->lines;
    int status = grow(&lines, sizeof *w->lines, &w->line_funds, w->line_n, &w->line_cap);
    w->lines = lines;
    if (status != PIC_OK)
        return status;
    w->line_funds[w->line_n] = fund;
    w->lines[w->line_n++] = *line;
    return PIC_OK;
}

static int take_line(struct pic_waiting *w, sqlite3_stmt *stmt)
{
    const struct pic_match_line line = {
        .id = (uint64_t)sqlite3_column_int64(stmt, 0),
        .owner = (uint64_t)sqlite3_column_int64(stmt, 1),
        .amount = sqlite3_column_int64(stmt, 2),
        .day = sqlite3_column_int64(stmt, 3),
        .label = keep(w, pic_db_column_span(stmt, 5)),
        .counterparty = keep(w, pic_db_column_span(stmt, 6)),
        .reference = keep(w, pic_db_column_span(stmt, 7)),
    };
    return add_line(w, &line, (uint64_t)sqlite3_column_int64(stmt, 4));
}

static int take_item(struct pic_waiting *w, sqlite3_stmt *stmt)
{
    void *items = w->items;
    int status = grow(&items, sizeof *w->items, &w->item_funds, w->item_n, &w->item_cap);
    w->items = items;
    if (status != PIC_OK)
        return status;
    struct pic_match_item item = {.id = (uint64_t)sqlite3_column_int64(stmt, 0),
                                  .project = (uint64_t)sqlite3_column_int64(stmt, 1),
                                  .owner = (uint64_t)sqlite3_column_int64(stmt, 2),
                                  .amount = sqlite3_column_int64(stmt, 3),
                                  .day = sqlite3_column_int64(stmt, 4),
                                  .reference = keep(w, pic_db_column_span(stmt, 6))};
    for (int i = 0; i < PIC_MATCH_NAMES; i++)
        item.names[i] = keep(w, pic_db_column_span(stmt, 7 + i));
    w->item_funds[w->item_n] = (uint64_t)sqlite3_column_int64(stmt, 5);
    w->items[w->item_n++] = item;
    return PIC_OK;
}

static int load(struct pic_db *state, const char *sql, struct pic_waiting *w,
                int (*take)(struct pic_waiting *w, sqlite3_stmt *stmt), struct pic_err *err)
{
    bool found = false;
    sqlite3_stmt *stmt = pic_db_prepare(state, sql, err);
    if (stmt == NULL)
        return err->status;
    int status = pic_db_step(stmt, &found);
    while (status == PIC_OK && found) {
        status = take(w, stmt);
        if (status == PIC_OK)
            status = pic_db_step(stmt, &found);
    }
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

/* The association that carries a fund; 0 when there is none. */
static int carrier_of(struct pic_db *state, uint64_t fund, uint64_t *out, struct pic_err *err)
{
    bool found = false;
    *out = 0;
    if (fund == 0)
        return PIC_OK;
    sqlite3_stmt *stmt = pic_db_prepare(state, "SELECT carrier FROM fund WHERE id = ?1", err);
    if (stmt == NULL)
        return err->status;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)fund);
    int status = pic_db_step(stmt, &found);
    if (status == PIC_OK && found)
        *out = (uint64_t)sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

/* The new lines of one statement of a plan. */
static int take_planned(struct pic_db *state, const struct pic_import *plan,
                        const struct pic_import_item *item, struct pic_waiting *w,
                        struct pic_err *err)
{
    uint64_t owner;
    int status = carrier_of(state, item->fund, &owner, err);
    for (size_t i = 0; status == PIC_OK && i < item->statement->line_n; i++) {
        const struct pic_bank_line *from = &item->statement->lines[i];
        if (item->known[i])
            continue;
        const struct pic_match_line line = {
            .id = UINT64_MAX / 2 + w->line_n,
            .owner = owner,
            .amount = from->amount,
            .day = from->booked_on,
            .label = keep(w, pic_statements_text(plan->statements, from->label)),
            .counterparty = keep(w, pic_statements_text(plan->statements, from->counterparty)),
            .reference = keep(w, pic_statements_text(plan->statements, from->reference)),
        };
        status = add_line(w, &line, item->fund);
        if (status != PIC_OK)
            (void)pic_fail(err, status, NULL);
    }
    return status;
}

static void settle_all(struct pic_waiting *w)
{
    for (size_t i = 0; i < w->line_n; i++) {
        settle(w, &w->lines[i].label);
        settle(w, &w->lines[i].counterparty);
        settle(w, &w->lines[i].reference);
    }
    for (size_t i = 0; i < w->item_n; i++) {
        settle(w, &w->items[i].reference);
        for (size_t k = 0; k < PIC_MATCH_NAMES; k++)
            settle(w, &w->items[i].names[k]);
    }
}

int pic_waiting_load(struct pic_db *state, const struct pic_import *plan, struct pic_waiting *out,
                     struct pic_err *err)
{
    *out = (struct pic_waiting){0};
    pic_buf_init(&out->texts, TEXTS_MAX);
    int status = load(state, lines_sql, out, take_line, err);
    if (status == PIC_OK)
        status = load(state, items_sql, out, take_item, err);
    for (size_t i = 0; status == PIC_OK && plan != NULL && i < plan->n; i++)
        status = take_planned(state, plan, &plan->items[i], out, err);
    if (status == PIC_OK && (status = pic_buf_status(&out->texts)) != PIC_OK)
        (void)pic_fail(err, status, NULL);
    if (status != PIC_OK)
        return status;
    settle_all(out);
    out->matches = calloc(out->line_n + 1, sizeof *out->matches);
    status = out->matches == NULL
                 ? PIC_EMEMORY
                 : pic_match_all(out->lines, out->line_n, out->items, out->item_n, out->matches);
    if (status == PIC_OK)
        status = pic_sums_find(out->lines, out->line_n, out->items, out->item_n, out->matches,
                               &out->sums);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

void pic_waiting_release(struct pic_waiting *waiting)
{
    free(waiting->lines);
    free(waiting->line_funds);
    free(waiting->items);
    free(waiting->item_funds);
    free(waiting->matches);
    pic_sums_release(&waiting->sums);
    pic_buf_release(&waiting->texts);
    *waiting = (struct pic_waiting){0};
}

size_t pic_waiting_line(const struct pic_waiting *waiting, uint64_t id)
{
    for (size_t i = 0; i < waiting->line_n; i++)
        if (waiting->lines[i].id == id)
            return i;
    return SIZE_MAX;
}

size_t pic_waiting_item(const struct pic_waiting *waiting, uint64_t id)
{
    for (size_t i = 0; i < waiting->item_n; i++)
        if (waiting->items[i].id == id)
            return i;
    return SIZE_MAX;
}

/* --- decisions --- */

int pic_match_find(struct pic_db *state, uint64_t id, uint64_t *match, struct pic_err *err)
{
    bool found = false;
    struct pic_buf number;
    sqlite3_stmt *stmt = pic_db_prepare(state, match_sql, err);
    if (stmt == NULL)
        return err->status;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)id);
    int status = pic_db_step(stmt, &found);
    if (status == PIC_OK && found)
        *match = (uint64_t)sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    if (found)
        return PIC_OK;
    pic_buf_init(&number, 64);
    pic_dot_print(id, &number);
    status = pic_fail(err, PIC_ENOT_FOUND, pic_buf_string(&number), NULL);
    pic_buf_release(&number);
    return status;
}

int pic_match_record(struct pic_record *record, uint64_t line, uint64_t item, const char *zone,
                     const char *reasons, const char *who, uint64_t *id, struct pic_err *err)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_MATCH);
    const struct pic_value from = {.kind = PIC_KIND_REF, .i = (int64_t)line};
    const struct pic_value to = {.kind = PIC_KIND_REF, .i = (int64_t)item};
    const struct pic_input inputs[] = {
        {.field = pic_entity_by_column(entity, "bank_line"), .value = &from},
        {.field = pic_entity_by_column(entity, "about"), .value = &to},
        {.field = pic_entity_by_column(entity, "zone"), .typed = zone},
        {.field = pic_entity_by_column(entity, "reasons"), .typed = reasons},
        {.field = pic_entity_by_column(entity, "who"), .typed = who},
    };
    return pic_record_add(record, entity, 0, inputs, sizeof inputs / sizeof *inputs, id, err);
}

static int cancel(struct pic_record *record, uint64_t match, const char *reason, const char *who,
                  struct pic_err *err)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_MATCH);
    const struct pic_input inputs[] = {
        {.field = pic_entity_field(entity, PIC_FIELD_CANCELLED), .typed = reason},
        {.field = pic_entity_by_column(entity, "undone_by"), .typed = who},
    };
    return pic_record_add(record, entity, match, inputs, sizeof inputs / sizeof *inputs, NULL, err);
}

int pic_match_undo(struct pic_record *record, struct pic_db *state, uint64_t match,
                   const char *reason, const char *who, size_t *n, struct pic_err *err)
{
    uint64_t found[(size_t)2 * PIC_SUM_MAX];
    bool row = false;
    size_t found_n = 0;
    sqlite3_stmt *stmt = pic_db_prepare(state, together_sql, err);
    if (stmt == NULL)
        return err->status;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)match);
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row && found_n < sizeof found / sizeof *found) {
        found[found_n++] = (uint64_t)sqlite3_column_int64(stmt, 0);
        status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    for (size_t i = 0; status == PIC_OK && i < found_n; i++)
        status = cancel(record, found[i], reason, who, err);
    *n = found_n;
    return status;
}
