#include "server/bank/import.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/crypto/keys.h"
#include "schema/dictionary/number.h"

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

static const char same_file_sql[] =
    "SELECT id, stamp, file_name FROM statement WHERE digest = ?1 AND cancelled IS NULL"
    " ORDER BY id LIMIT 1";
static const char before_sql[] =
    "SELECT id, to_on, closing FROM statement WHERE account = ?1 AND cancelled IS NULL"
    " AND to_on <= ?2 ORDER BY to_on DESC, id DESC LIMIT 1";
static const char after_sql[] =
    "SELECT id, from_on - 1, opening FROM statement WHERE account = ?1 AND cancelled IS NULL"
    " AND from_on > ?2 ORDER BY from_on, id LIMIT 1";
/* The last day of a statement may not have been over when it was made. */
static const char covered_sql[] =
    "SELECT EXISTS(SELECT 1 FROM statement WHERE account = ?1 AND cancelled IS NULL"
    " AND from_on <= ?2 AND to_on > ?2)";
static const char fund_sql[] =
    "SELECT fund FROM bank_line WHERE account = ?1 AND fund IS NOT NULL AND cancelled IS NULL"
    " ORDER BY id DESC LIMIT 1";
static const char keys_sql[] =
    "SELECT fingerprint, occurrence FROM bank_line WHERE account = ?1 AND cancelled IS NULL"
    " AND booked_on BETWEEN ?2 AND ?3";

/* --- I1 --- */

static int fail_known(sqlite3_stmt *stmt, struct pic_err *err)
{
    struct pic_buf id;
    struct pic_buf day;
    struct pic_buf name;
    struct pic_span file = pic_db_column_span(stmt, 2);
    pic_buf_init(&id, 64);
    pic_buf_init(&day, 64);
    pic_buf_init(&name, (size_t)2 * PIC_ERR_ARG_MAX);
    pic_dot_print((uint64_t)sqlite3_column_int64(stmt, 0), &id);
    pic_date_format(pic_clock_ms((uint64_t)sqlite3_column_int64(stmt, 1)) / day_ms,
                    PIC_STYLE_SCREEN, &day);
    pic_buf_bytes(&name, file.p, file.n);
    int status = pic_fail(err, PIC_ESTATEMENT_KNOWN, pic_buf_string(&id), pic_buf_string(&day),
                          pic_buf_string(&name), NULL);
    pic_buf_release(&id);
    pic_buf_release(&day);
    pic_buf_release(&name);
    return status;
}

static int refuse_same_file(struct pic_db *state, const uint8_t digest[static PIC_HASH_SIZE],
                            struct pic_err *err)
{
    bool found = false;
    sqlite3_stmt *stmt = pic_db_prepare(state, same_file_sql, err);
    if (stmt == NULL)
        return err->status;
    pic_db_bind_span(stmt, 1, pic_span_of(digest, PIC_HASH_SIZE));
    int status = pic_db_step(stmt, &found);
    if (status != PIC_OK)
        (void)pic_fail(err, status, NULL);
    else if (found)
        status = fail_known(stmt, err);
    (void)sqlite3_finalize(stmt);
    return status;
}

/* --- what is known of an account --- */

/* Runs a query about an account (and one or two days) that gives at most one row. */
static int query(struct pic_db *state, const char *sql, const struct pic_statement *t, int64_t day,
                 int64_t out[static 3], bool *found, struct pic_err *err)
{
    sqlite3_stmt *stmt = pic_db_prepare(state, sql, err);
    if (stmt == NULL)
        return err->status;
    pic_db_bind_text(stmt, 1, pic_span_text(t->account));
    if (sqlite3_bind_parameter_count(stmt) > 1)
        (void)sqlite3_bind_int64(stmt, 2, day);
    int status = pic_db_step(stmt, found);
    for (int i = 0; status == PIC_OK && *found && i < sqlite3_column_count(stmt); i++)
        out[i] = sqlite3_column_int64(stmt, i);
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

/* I3: what a neighbour says of the balance at the end of a day, and what the file makes of it. */
static int find_neighbour(struct pic_db *state, const char *sql, const struct pic_statement *t,
                          int64_t day, struct pic_import_neighbour *out, struct pic_err *err)
{
    int64_t row[3] = {0};
    bool found = false;
    int status = query(state, sql, t, day, row, &found, err);
    if (status != PIC_OK || !found)
        return status;
    out->id = (uint64_t)row[0];
    out->day = row[1];
    out->expected = row[2];
    out->found = t->opening + pic_statement_moved(t, out->day);
    return PIC_OK;
}

/* A statement without a balance takes it from the person, or from the statement before. */
static int give_balance(struct pic_db *state, struct pic_statement *t,
                        const struct pic_import_options *options, struct pic_err *err)
{
    struct pic_import_neighbour before = {0};
    if (options->opening != NULL) {
        pic_statement_balance(t, *options->opening);
        return PIC_OK;
    }
    if (options->closing != NULL) {
        pic_statement_balance(t, *options->closing - pic_statement_moved(t, INT64_MAX));
        return PIC_OK;
    }
    int status = find_neighbour(state, before_sql, t, t->to_on, &before, err);
    if (status != PIC_OK)
        return status;
    if (before.id == 0)
        return pic_fail(err, PIC_ESTATEMENT_BALANCE, t->account, NULL);
    pic_statement_balance(t, before.expected - pic_statement_moved(t, before.day));
    return PIC_OK;
}

struct key {
    uint8_t fingerprint[PIC_HASH_SIZE];
    int64_t occurrence;
};

static int by_key(const void *a, const void *b)
{
    const struct key *x = a;
    const struct key *y = b;
    int order = memcmp(x->fingerprint, y->fingerprint, PIC_HASH_SIZE);
    if (order != 0)
        return order;
    return x->occurrence < y->occurrence ? -1 : x->occurrence > y->occurrence;
}

/* The keys of the account's lines in the period, sorted. */
static int load_keys(sqlite3_stmt *stmt, struct pic_buf *out)
{
    bool found = false;
    int status = pic_db_step(stmt, &found);
    while (status == PIC_OK && found) {
        struct key key = {.occurrence = sqlite3_column_int64(stmt, 1)};
        struct pic_span fingerprint = pic_db_column_span(stmt, 0);
        if (fingerprint.n == PIC_HASH_SIZE) {
            memcpy(key.fingerprint, fingerprint.p, PIC_HASH_SIZE);
            pic_buf_bytes(out, &key, sizeof key);
        }
        status = pic_db_step(stmt, &found);
    }
    if (out->len > 0)
        qsort(out->data, out->len / sizeof(struct key), sizeof(struct key), by_key);
    return status == PIC_OK ? pic_buf_status(out) : status;
}

/* I2 */
static int mark_known(struct pic_db *state, struct pic_import_item *item, struct pic_err *err)
{
    enum { KEYS_MAX = 1 << 28 };
    const struct pic_statement *t = item->statement;
    struct pic_buf keys;
    item->known = calloc(t->line_n + 1, sizeof *item->known);
    if (item->known == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    sqlite3_stmt *stmt = pic_db_prepare(state, keys_sql, err);
    if (stmt == NULL)
        return err->status;
    pic_buf_init(&keys, KEYS_MAX);
    pic_db_bind_text(stmt, 1, pic_span_text(t->account));
    (void)sqlite3_bind_int64(stmt, 2, t->from_on);
    (void)sqlite3_bind_int64(stmt, 3, t->to_on);
    int status = load_keys(stmt, &keys);
    (void)sqlite3_finalize(stmt);
    for (size_t i = 0; status == PIC_OK && keys.len > 0 && i < t->line_n; i++) {
        struct key key = {.occurrence = t->lines[i].occurrence};
        memcpy(key.fingerprint, t->lines[i].fingerprint, PIC_HASH_SIZE);
        item->known[i] =
            bsearch(&key, keys.data, keys.len / sizeof key, sizeof key, by_key) != NULL;
        item->known_n += item->known[i];
    }
    pic_buf_release(&keys);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

/* I4 */
static int count_late(struct pic_db *state, struct pic_import_item *item, struct pic_err *err)
{
    const struct pic_statement *t = item->statement;
    sqlite3_stmt *stmt = pic_db_prepare(state, covered_sql, err);
    if (stmt == NULL)
        return err->status;
    int status = PIC_OK;
    pic_db_bind_text(stmt, 1, pic_span_text(t->account));
    for (size_t i = 0; status == PIC_OK && i < t->line_n; i++) {
        bool found = false;
        if (item->known[i])
            continue;
        (void)sqlite3_reset(stmt);
        (void)sqlite3_bind_int64(stmt, 2, t->lines[i].booked_on);
        status = pic_db_step(stmt, &found);
        if (status == PIC_OK && found)
            item->late_n += sqlite3_column_int(stmt, 0) != 0;
    }
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

/* --- the plan --- */

static int plan_item(struct pic_db *state, struct pic_statement *t,
                     const struct pic_import_options *options, struct pic_import_item *item,
                     struct pic_err *err)
{
    int64_t fund[3] = {0};
    bool found = false;
    item->statement = t;
    int status = t->balanced ? PIC_OK : give_balance(state, t, options, err);
    if (status == PIC_OK)
        status = find_neighbour(state, before_sql, t, t->to_on, &item->before, err);
    if (status == PIC_OK)
        status = find_neighbour(state, after_sql, t, t->from_on, &item->after, err);
    if (status == PIC_OK)
        status = query(state, fund_sql, t, 0, fund, &found, err);
    item->fund = options->fund != 0 ? options->fund : (uint64_t)fund[0]; /* I5 */
    if (status == PIC_OK)
        status = mark_known(state, item, err);
    return status == PIC_OK ? count_late(state, item, err) : status;
}

int pic_import_plan(struct pic_db *state, struct pic_statements *statements, struct pic_span file,
                    const struct pic_import_options *options, struct pic_import *out,
                    struct pic_err *err)
{
    *out = (struct pic_import){.statements = statements};
    pic_hash(file, out->digest);
    if ((options->opening != NULL || options->closing != NULL) && statements->n > 1)
        return pic_fail(err, PIC_EUSAGE, "--solde-initial, --solde-final", NULL);
    int status = refuse_same_file(state, out->digest, err);
    if (status != PIC_OK)
        return status;
    out->items = calloc(statements->n + 1, sizeof *out->items);
    if (out->items == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    for (; status == PIC_OK && out->n < statements->n; out->n++) {
        struct pic_import_item *item = &out->items[out->n];
        status = plan_item(state, &statements->items[out->n], options, item, err);
        out->new_n += item->statement->line_n - item->known_n;
    }
    return status;
}

void pic_import_release(struct pic_import *plan)
{
    for (size_t i = 0; i < plan->n; i++)
        free(plan->items[i].known);
    free(plan->items);
    *plan = (struct pic_import){0};
}

static bool disagrees(const struct pic_import_neighbour *n)
{
    return n->id != 0 && n->expected != n->found;
}

size_t pic_import_item_breaks(const struct pic_import_item *item)
{
    return item->statement->break_n + disagrees(&item->before) + disagrees(&item->after);
}

/* --- writing --- */

/* The values of one row, by column name; those that are empty are left out. */
struct form {
    const struct pic_entity *entity;
    struct pic_value values[PIC_CHANGE_OPS_MAX];
    struct pic_input inputs[PIC_CHANGE_OPS_MAX];
    size_t n;
};

static void put(struct form *f, const char *column, struct pic_value value)
{
    f->values[f->n] = value;
    f->inputs[f->n] = (struct pic_input){.field = pic_entity_by_column(f->entity, column),
                                         .value = &f->values[f->n]};
    f->n++;
}

static void put_int(struct form *f, const char *column, int64_t i)
{
    put(f, column, (struct pic_value){.kind = PIC_KIND_INT, .i = i});
}

static void put_text(struct form *f, const char *column, struct pic_span s)
{
    if (s.n > 0)
        put(f, column, (struct pic_value){.kind = PIC_KIND_TEXT, .s = s});
}

static void put_key(struct form *f, const char *column, const uint8_t key[static PIC_HASH_SIZE])
{
    put(f, column,
        (struct pic_value){.kind = PIC_KIND_BYTES, .s = pic_span_of(key, PIC_HASH_SIZE)});
}

static void put_ref(struct form *f, const char *column, uint64_t id)
{
    if (id != 0)
        put(f, column, (struct pic_value){.kind = PIC_KIND_REF, .i = (int64_t)id});
}

static int record_line(struct pic_record *record, const struct pic_import *plan,
                       const struct pic_import_item *item, size_t at, uint64_t statement,
                       struct pic_err *err)
{
    const struct pic_bank_line *line = &item->statement->lines[at];
    struct form f = {.entity = pic_dictionary_entity(PIC_BANK_LINE)};
    put_text(&f, "account", pic_span_text(item->statement->account));
    put_ref(&f, "fund", item->fund);
    put_int(&f, "booked_on", line->booked_on);
    if (line->value_on != PIC_NO_DAY)
        put_int(&f, "value_on", line->value_on);
    put_int(&f, "amount", line->amount);
    put_text(&f, "label", pic_statements_text(plan->statements, line->label));
    put_text(&f, "reference", pic_statements_text(plan->statements, line->reference));
    put_text(&f, "counterparty", pic_statements_text(plan->statements, line->counterparty));
    put_key(&f, "fingerprint", line->fingerprint);
    put_int(&f, "occurrence", line->occurrence);
    put_ref(&f, "statement", statement);
    return pic_record_add(record, f.entity, 0, f.inputs, f.n, NULL, err);
}

static int record_item(struct pic_record *record, const struct pic_import *plan,
                       const struct pic_import_item *item, const char *file_name,
                       struct pic_err *err)
{
    const struct pic_statement *t = item->statement;
    struct form f = {.entity = pic_dictionary_entity(PIC_STATEMENT)};
    uint64_t id = 0;
    put_text(&f, "account", pic_span_text(t->account));
    put_int(&f, "from_on", t->from_on);
    put_int(&f, "to_on", t->to_on);
    put_int(&f, "opening", t->opening);
    put_int(&f, "closing", t->closing);
    put_text(&f, "file_name", pic_span_text(file_name));
    put_key(&f, "digest", plan->digest);
    put_text(&f, "headings", pic_buf_view(&plan->statements->headings));
    put_text(&f, "columns",
             pic_span_text(plan->statements->columns == NULL ? "" : plan->statements->columns));
    int status = pic_record_add(record, f.entity, 0, f.inputs, f.n, &id, err);
    for (size_t i = 0; status == PIC_OK && i < t->line_n; i++)
        if (!item->known[i])
            status = record_line(record, plan, item, i, id, err);
    return status;
}

int pic_import_record(struct pic_record *record, const struct pic_import *plan,
                      const char *file_name, struct pic_err *err)
{
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < plan->n; i++)
        status = record_item(record, plan, &plan->items[i], file_name, err);
    return status;
}
