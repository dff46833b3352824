#include "agent/warn.h"

#include <string.h>

#include "schema/state/checks.h"
#include "schema/state/naming.h"

enum { TEXT_MAX = 1024, DAY_MS = 24 * 60 * 60 * 1000 };

static void say(const struct pic_warn *w, enum pic_tell key, const char *a, const char *b,
                const char *c)
{
    const struct pic_warning warning = {.key = key, .facts = {a, b, c}};
    w->each(w->context, &warning);
}

/* --- S-02: the budget --- */

int pic_budget_read(struct pic_agent *agent, uint64_t project, struct pic_budget *out)
{
    sqlite3_stmt *stmt =
        pic_db_prepare(&agent->db,
                       "SELECT coalesce(sum(iif(side = 'charge', planned, 0)), 0),"
                       " coalesce(sum(iif(side = 'produit', planned, 0)), 0)"
                       " FROM budget_line WHERE project = ?1 AND cancelled IS NULL",
                       NULL);
    bool row = false;
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)project);
    int status = pic_db_step(stmt, &row);
    *out = (struct pic_budget){.charges = sqlite3_column_int64(stmt, 0),
                               .products = sqlite3_column_int64(stmt, 1)};
    (void)sqlite3_finalize(stmt);
    return status;
}

static void put_sums(const struct pic_budget *budget, struct pic_buf *charges,
                     struct pic_buf *products)
{
    pic_buf_init(charges, TEXT_MAX);
    pic_buf_init(products, TEXT_MAX);
    pic_money_format(budget->charges, PIC_STYLE_SCREEN, charges);
    pic_money_format(budget->products, PIC_STYLE_SCREEN, products);
}

void pic_warn_budget(const struct pic_warn *w, const struct pic_budget *budget)
{
    struct pic_buf charges;
    struct pic_buf products;
    if (budget->charges == budget->products)
        return;
    put_sums(budget, &charges, &products);
    say(w, PIC_TELL_WARN_UNBALANCED, pic_buf_string(&charges), pic_buf_string(&products), NULL);
    pic_buf_release(&charges);
    pic_buf_release(&products);
}

bool pic_warn_hands_in(struct pic_span status)
{
    return pic_span_equal(status, pic_span_text("depose")) ||
           pic_span_equal(status, pic_span_text("complet"));
}

int pic_warn_submission(struct pic_agent *agent, uint64_t project, struct pic_err *err)
{
    struct pic_budget budget = {0};
    struct pic_buf charges;
    struct pic_buf products;
    if (project == 0)
        return PIC_OK;
    int status = pic_budget_read(agent, project, &budget);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    if (budget.charges == budget.products)
        return PIC_OK;
    put_sums(&budget, &charges, &products);
    status =
        pic_fail(err, PIC_EUNBALANCED, pic_buf_string(&charges), pic_buf_string(&products), NULL);
    pic_buf_release(&charges);
    pic_buf_release(&products);
    return status;
}

static void warn_line(const struct pic_warn *w, struct pic_agent *agent, const struct pic_row *line)
{
    struct pic_budget budget;
    const struct pic_field *project = pic_entity_by_column(line->entity, "project");
    if (pic_budget_read(agent, (uint64_t)pic_row_value(line, project->number)->i, &budget) ==
        PIC_OK)
        pic_warn_budget(w, &budget);
}

/* --- S-03, S-07: an expense --- */

/* "Dépense 2-8, Dupont, 45,90 €, 12/03/2026, projet « Jardin »": the one that looks the same. */
static void tell_same(const struct pic_warn *w, struct pic_agent *agent, sqlite3_stmt *stmt)
{
    const uint64_t id = (uint64_t)sqlite3_column_int64(stmt, 0);
    struct pic_span supplier = pic_db_column_span(stmt, 1);
    struct pic_buf text;
    struct pic_buf number;
    pic_buf_init(&text, TEXT_MAX);
    pic_buf_init(&number, TEXT_MAX);
    pic_dot_print(id, &number);
    pic_buf_bytes(&text, supplier.p, supplier.n);
    pic_buf_text(&text, ", ");
    pic_money_format(sqlite3_column_int64(stmt, 2), PIC_STYLE_SCREEN, &text);
    pic_buf_text(&text, ", ");
    pic_date_format(sqlite3_column_int64(stmt, 3), PIC_STYLE_SCREEN, &text);
    pic_buf_text(&text, ", ");
    pic_naming_row(agent->state, (uint64_t)sqlite3_column_int64(stmt, 4), &text);
    const struct pic_warning warning = {.key = PIC_TELL_WARN_DUPLICATE,
                                        .facts = {pic_buf_string(&number), pic_buf_string(&text)},
                                        .other = id};
    w->each(w->context, &warning);
    pic_buf_release(&text);
    pic_buf_release(&number);
}

void pic_warn_invoice(const struct pic_warn *w, struct pic_agent *agent,
                      const struct pic_invoice *invoice)
{
    static const char sql[] =
        "SELECT id, supplier, amount, invoice_on, project FROM expense WHERE id <> ?1"
        " AND amount = ?2 AND supplier = ?3 COLLATE NOCASE AND reversed IS NULL"
        " AND cancelled IS NULL AND (invoice_on = ?4 OR invoice_number = ?5 COLLATE NOCASE)"
        " AND id <> ?6 AND coalesce(shared_with, -1) <> ?1 ORDER BY id LIMIT 1";
    bool row = false;
    if (invoice->on > pic_agent_now_ms(agent) / DAY_MS)
        say(w, PIC_TELL_WARN_FUTURE, NULL, NULL, NULL);
    sqlite3_stmt *stmt = pic_db_prepare(&agent->db, sql, NULL);
    if (stmt == NULL)
        return;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)invoice->id);
    (void)sqlite3_bind_int64(stmt, 2, invoice->cents);
    pic_db_bind_text(stmt, 3, invoice->supplier);
    (void)sqlite3_bind_int64(stmt, 4, invoice->on);
    if (invoice->number.n > 0)
        pic_db_bind_text(stmt, 5, invoice->number);
    (void)sqlite3_bind_int64(stmt, 6, (sqlite3_int64)invoice->shared_with);
    if (pic_db_step(stmt, &row) == PIC_OK && row)
        tell_same(w, agent, stmt);
    (void)sqlite3_finalize(stmt);
}

static const struct pic_value *value_of(const struct pic_row *row, const char *column)
{
    return pic_row_value(row, pic_entity_by_column(row->entity, column)->number);
}

static void warn_expense(const struct pic_warn *w, struct pic_agent *agent,
                         const struct pic_row *row)
{
    const struct pic_invoice invoice = {.id = row->id,
                                        .shared_with = (uint64_t)value_of(row, "shared_with")->i,
                                        .cents = value_of(row, "amount")->i,
                                        .on = value_of(row, "invoice_on")->i,
                                        .supplier = value_of(row, "supplier")->s,
                                        .number = value_of(row, "invoice_number")->s};
    pic_warn_invoice(w, agent, &invoice);
}

/* --- S-04: caps --- */

/* What is asked, against the caps that hold for the project's fund today. */
static void warn_asked(const struct pic_warn *w, struct pic_agent *agent,
                       const struct pic_row *project)
{
    static const char sql[] =
        "SELECT value, coalesce(article, ''), coalesce(text, '') FROM rule"
        " WHERE cancelled IS NULL AND unit = 'euros' AND (fund IS NULL OR fund = ?1)"
        " AND code IN ('plafond-action', 'plafond-action-1') AND valid_from <= ?2"
        " AND (valid_to IS NULL OR valid_to >= ?2) ORDER BY fund IS NULL, code DESC, id DESC"
        " LIMIT 1";
    const struct pic_entity *entity = project->entity;
    int64_t asked = pic_row_value(project, pic_entity_by_column(entity, "asked")->number)->i;
    int64_t fund = pic_row_value(project, pic_entity_by_column(entity, "fund")->number)->i;
    sqlite3_stmt *stmt = pic_db_prepare(&agent->db, sql, NULL);
    struct pic_buf cap;
    int64_t cents = 0;
    bool row = false;
    if (stmt == NULL)
        return;
    pic_buf_init(&cap, TEXT_MAX);
    (void)sqlite3_bind_int64(stmt, 1, fund);
    (void)sqlite3_bind_int64(stmt, 2, pic_agent_now_ms(agent) / DAY_MS);
    if (pic_db_step(stmt, &row) == PIC_OK && row &&
        pic_money_parse((const char *)sqlite3_column_text(stmt, 0), &cents, NULL) == PIC_OK &&
        asked > cents) {
        pic_money_format(cents, PIC_STYLE_SCREEN, &cap);
        say(w, PIC_TELL_WARN_CAP, pic_buf_string(&cap), (const char *)sqlite3_column_text(stmt, 1),
            (const char *)sqlite3_column_text(stmt, 2));
    }
    (void)sqlite3_finalize(stmt);
    pic_buf_release(&cap);
}

struct listener {
    const struct pic_warn *warn;
    uint64_t id;
};

static int hear(void *context, const struct pic_finding *finding)
{
    const struct listener *listener = context;
    struct pic_buf text;
    if (finding->id != listener->id)
        return PIC_OK;
    pic_buf_init(&text, TEXT_MAX);
    pic_buf_bytes(&text, finding->sentence.p, finding->sentence.n);
    say(listener->warn, PIC_TELL_WARN_GRANT, pic_buf_string(&text), NULL, NULL);
    pic_buf_release(&text);
    return PIC_OK;
}

/* What was granted, by the very check that the central team runs. */
static void warn_granted(const struct pic_warn *w, struct pic_agent *agent, uint64_t id)
{
    struct listener listener = {w, id};
    struct pic_check check;
    int status = PIC_OK; /* a warning that fails is no warning */
    for (size_t i = 0; status == PIC_OK && pic_check_at(i, &check); i++)
        if (pic_span_equal(check.code, pic_span_text("plafond-depasse")))
            status = pic_check_run(&agent->db, &check, hear, &listener, NULL);
}

/* --- all --- */

void pic_warn_entry(const struct pic_warn *w, struct pic_agent *agent,
                    const struct pic_entity *entity, uint64_t id)
{
    struct pic_row row;
    if (pic_row_load(pic_state_rows(agent->state), entity, id, &row) != PIC_OK)
        return;
    switch ((enum pic_entity_number)entity->number) {
    case PIC_PROJECT:
        warn_asked(w, agent, &row);
        break;
    case PIC_BUDGET_LINE:
        warn_line(w, agent, &row);
        break;
    case PIC_DECISION:
        warn_granted(w, agent, id);
        break;
    case PIC_EXPENSE:
        warn_expense(w, agent, &row);
        break;
    default:
        break;
    }
}
