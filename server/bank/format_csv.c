#include "server/bank/format_csv.h"

#include <string.h>

#include "protocol/base/text.h"
#include "schema/dictionary/number.h"
#include "schema/face/csv.h"
#include "schema/face/speech.h"
#include "server/bank/day.h"

enum column {
    DATE,
    VALUE_DATE,
    LABEL,
    DETAIL,
    DEBIT,
    CREDIT,
    AMOUNT,
    BALANCE,
    REFERENCE,
    COUNTERPARTY,
    ACCOUNT,
    COLUMNS
};

enum { FOLDED_MAX = 1 << 16, TYPED_MAX = 48, PREAMBLE_MAX = 40 };

/* Headings as banks write them, folded. */
static const struct {
    enum column column;
    const char *heading;
} headings[] = {
    {DATE, "date"},
    {DATE, "date operation"},
    {DATE, "date d operation"},
    {DATE, "date de l operation"},
    {DATE, "date comptable"},
    {DATE, "date de comptabilisation"},
    {DATE, "dateop"},
    {VALUE_DATE, "date valeur"},
    {VALUE_DATE, "date de valeur"},
    {VALUE_DATE, "dateval"},
    {VALUE_DATE, "valeur"},
    {LABEL, "libelle"},
    {LABEL, "libelle operation"},
    {LABEL, "libelle de l operation"},
    {LABEL, "libelle simplifie"},
    {LABEL, "nature de l operation"},
    {LABEL, "operation"},
    {LABEL, "intitule"},
    {LABEL, "designation"},
    {LABEL, "description"},
    {LABEL, "label"},
    {DETAIL, "libelle complementaire"},
    {DETAIL, "informations complementaires"},
    {DETAIL, "detail"},
    {DETAIL, "details"},
    {DEBIT, "debit"},
    {DEBIT, "debit euros"},
    {DEBIT, "debit eur"},
    {DEBIT, "montant debit"},
    {DEBIT, "sortie"},
    {CREDIT, "credit"},
    {CREDIT, "credit euros"},
    {CREDIT, "credit eur"},
    {CREDIT, "montant credit"},
    {CREDIT, "entree"},
    {AMOUNT, "montant"},
    {AMOUNT, "montant euros"},
    {AMOUNT, "montant eur"},
    {AMOUNT, "montant de l operation"},
    {AMOUNT, "amount"},
    {BALANCE, "solde"},
    {BALANCE, "solde euros"},
    {BALANCE, "solde eur"},
    {BALANCE, "solde progressif"},
    {BALANCE, "balance"},
    {REFERENCE, "reference"},
    {REFERENCE, "references"},
    {REFERENCE, "ref"},
    {REFERENCE, "reference operation"},
    {REFERENCE, "numero"},
    {REFERENCE, "numero d operation"},
    {REFERENCE, "numero de piece"},
    {COUNTERPARTY, "tiers"},
    {COUNTERPARTY, "nom du tiers"},
    {COUNTERPARTY, "contrepartie"},
    {COUNTERPARTY, "beneficiaire"},
    {COUNTERPARTY, "emetteur"},
    {ACCOUNT, "compte"},
    {ACCOUNT, "numero de compte"},
    {ACCOUNT, "numero du compte"},
    {ACCOUNT, "iban"},
    {ACCOUNT, "accountnum"},
};

/* Columns as people name them. */
static const char *const roles[COLUMNS] = {
    [DATE] = "date",           [VALUE_DATE] = "valeur",  [LABEL] = "libelle",  [DETAIL] = "detail",
    [DEBIT] = "debit",         [CREDIT] = "credit",      [AMOUNT] = "montant", [BALANCE] = "solde",
    [REFERENCE] = "reference", [COUNTERPARTY] = "tiers", [ACCOUNT] = "compte",
};

struct reading {
    struct pic_csv csv;
    struct pic_span rest;
    int at[COLUMNS];               /* column of the table, or -1 */
    struct pic_buf named[COLUMNS]; /* heading that a person named, folded; or empty */
    struct pic_buf folded;
    struct pic_buf label;
    const char *given;                      /* account that the caller knows, or NULL */
    char account[PIC_BANK_ACCOUNT_MAX + 1]; /* named above the headings, or "" */
    int64_t told, told_on;                  /* balance above the headings */
    uint64_t told_at;                       /* its line; 0 for none */
    struct pic_statements *out;
    struct pic_err *err;
};

bool pic_bank_csv_recognises(struct pic_span file)
{
    return file.n > 0;
}

static struct pic_span fold(struct reading *r, struct pic_span text)
{
    pic_buf_clear(&r->folded);
    if (pic_text_fold(text, &r->folded) != PIC_OK)
        pic_buf_clear(&r->folded);
    return pic_buf_view(&r->folded);
}

static int fail(struct reading *r, enum column column, enum pic_tell what)
{
    struct pic_span cell = pic_span_of(NULL, 0);
    if (column < COLUMNS && r->at[column] >= 0)
        cell = pic_csv_cell(&r->csv, (size_t)r->at[column]);
    return pic_statement_fail(r->err, r->csv.line, pic_speech_text(what), cell);
}

/* --- cells --- */

/* The cell as a C string; false when it is empty or no figure can be that long. */
static bool typed(struct pic_span cell, char out[static TYPED_MAX])
{
    if (cell.n == 0 || cell.n >= TYPED_MAX)
        return false;
    memcpy(out, cell.p, cell.n);
    out[cell.n] = '\0';
    return true;
}

/* DD/MM/YY. */
static bool read_short_day(const char *text, int64_t *day)
{
    int pair[3];
    if (strlen(text) != 8)
        return false;
    for (size_t i = 0; i < 3; i++) {
        const char *p = text + 3 * i;
        if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9' || (i < 2 && p[2] != '/'))
            return false;
        pair[i] = (p[0] - '0') * 10 + (p[1] - '0');
    }
    return pic_bank_day(pair[2] > PIC_BANK_PIVOT ? 1900 + pair[2] : 2000 + pair[2], pair[1],
                        pair[0], day);
}

static bool read_day(struct pic_span cell, int64_t *day)
{
    char text[TYPED_MAX];
    if (!typed(cell, text))
        return false;
    /* A time may follow the date. */
    char *after = strpbrk(text, " T");
    if (after != NULL && strchr(after, ':') != NULL)
        *after = '\0';
    return pic_date_parse(text, day, NULL) == PIC_OK || read_short_day(text, day);
}

static bool read_money(struct pic_span cell, int64_t *cents)
{
    char text[TYPED_MAX];
    if (!typed(cell, text))
        return false;
    /* Some write the sign of a debit behind. */
    size_t n = strlen(text);
    bool behind = n > 1 && text[n - 1] == '-' && strchr("+-", text[0]) == NULL;
    if (behind)
        text[n - 1] = '\0';
    if (pic_money_parse(text, cents, NULL) != PIC_OK)
        return false;
    if (behind)
        *cents = -*cents;
    return true;
}

static bool is_blank(struct pic_span cell)
{
    for (size_t i = 0; i < cell.n; i++)
        if (cell.p[i] != ' ' && cell.p[i] != '\t')
            return false;
    return true;
}

static struct pic_span cell_of(const struct reading *r, enum column column)
{
    if (r->at[column] < 0)
        return pic_span_of(NULL, 0);
    struct pic_span cell = pic_csv_cell(&r->csv, (size_t)r->at[column]);
    return is_blank(cell) ? pic_span_of(NULL, 0) : cell;
}

/* --- above the headings --- */

/* One "role=heading" of what a person named. */
static int take_named(struct reading *r, struct pic_span part)
{
    const uint8_t *equals = part.n == 0 ? NULL : memchr(part.p, '=', part.n);
    if (equals != NULL) {
        size_t n = (size_t)(equals - part.p);
        struct pic_span role = fold(r, pic_span_of(part.p, n));
        for (size_t i = 0; i < COLUMNS; i++)
            if (pic_span_equal(role, pic_span_text(roles[i])))
                return pic_text_fold(pic_span_of(equals + 1, part.n - n - 1), &r->named[i]);
    }
    return pic_statement_fail(r->err, 0, pic_speech_text(PIC_TELL_BANK_COLUMNS), part);
}

static int read_named(struct reading *r)
{
    struct pic_span rest = pic_span_text(r->out->columns == NULL ? "" : r->out->columns);
    int status = PIC_OK;
    while (status == PIC_OK && rest.n > 0) {
        size_t n = 0;
        while (n < rest.n && rest.p[n] != ',' && rest.p[n] != ';')
            n++;
        status = take_named(r, pic_span_of(rest.p, n));
        n += n < rest.n;
        rest = pic_span_of(rest.p + n, rest.n - n);
    }
    return status;
}

/* A heading that a person named is that column, and no other. */
static bool is_named(struct reading *r, struct pic_span name, size_t column)
{
    bool found = false;
    for (size_t i = 0; i < COLUMNS; i++) {
        if (r->named[i].len == 0 || !pic_span_equal(name, pic_buf_view(&r->named[i])))
            continue;
        if (r->at[i] < 0)
            r->at[i] = (int)column;
        found = true;
    }
    return found;
}

/* The headings found are kept, as long as there is room. */
static void keep_headings(struct reading *r)
{
    struct pic_buf *kept = &r->out->headings;
    pic_buf_clear(kept);
    for (size_t column = 0; column < r->csv.cell_n; column++) {
        struct pic_span name = fold(r, pic_csv_cell(&r->csv, column));
        if (kept->len + name.n + 1 > PIC_BANK_HEADINGS_MAX)
            return;
        if (column > 0)
            pic_buf_u8(kept, ';');
        pic_buf_bytes(kept, name.p, name.n);
    }
}

/* Whether a row is the headings; r->at is set then. */
static bool is_heading(struct reading *r)
{
    for (size_t i = 0; i < COLUMNS; i++)
        r->at[i] = -1;
    for (size_t column = 0; column < r->csv.cell_n; column++) {
        struct pic_span name = fold(r, pic_csv_cell(&r->csv, column));
        if (is_named(r, name, column))
            continue;
        for (size_t i = 0; i < sizeof headings / sizeof headings[0]; i++)
            if (r->at[headings[i].column] < 0 && r->named[headings[i].column].len == 0 &&
                pic_span_equal(name, pic_span_text(headings[i].heading)))
                r->at[headings[i].column] = (int)column;
    }
    return r->at[DATE] >= 0 && (r->at[AMOUNT] >= 0 || r->at[DEBIT] >= 0 || r->at[CREDIT] >= 0);
}

static bool begins(struct pic_span text, const char *word)
{
    size_t n = strlen(word);
    return text.n >= n && memcmp(text.p, word, n) == 0;
}

/* What follows the last colon of a cell, or the cell beside it. */
static struct pic_span value_beside(const struct reading *r, size_t column)
{
    struct pic_span cell = pic_csv_cell(&r->csv, column);
    for (size_t i = cell.n; i-- > 0;)
        if (cell.p[i] == ':' && !is_blank(pic_span_of(cell.p + i + 1, cell.n - i - 1)))
            return pic_span_of(cell.p + i + 1, cell.n - i - 1);
    return pic_csv_cell(&r->csv, column + 1);
}

/* The first date written in a text; PIC_NO_DAY when there is none. */
static int64_t day_in(struct pic_span text)
{
    enum { DAY = 10 };
    int64_t day;
    for (size_t i = 0; i + DAY <= text.n; i++)
        if (read_day(pic_span_of(text.p + i, DAY), &day))
            return day;
    return PIC_NO_DAY;
}

static void read_preamble(struct reading *r)
{
    for (size_t column = 0; column < r->csv.cell_n; column++) {
        struct pic_span cell = pic_csv_cell(&r->csv, column);
        struct pic_span name = fold(r, cell);
        char account[PIC_BANK_ACCOUNT_MAX + 1];
        struct pic_span value = value_beside(r, column);
        if (begins(name, "compte") || begins(name, "numero de compte") || begins(name, "iban")) {
            bool digits = false;
            for (size_t i = 0; i < value.n; i++)
                digits = digits || (value.p[i] >= '0' && value.p[i] <= '9');
            if (digits && pic_bank_account(value, account))
                memcpy(r->account, account, sizeof account);
        } else if (begins(name, "solde")) {
            int64_t day = day_in(cell);
            if (day != PIC_NO_DAY && read_money(value, &r->told)) {
                r->told_on = day;
                r->told_at = r->csv.line;
            }
        }
    }
}

static int find_heading(struct reading *r)
{
    for (size_t rows = 0; rows < PREAMBLE_MAX; rows++) {
        bool more;
        int status = pic_csv_next(&r->csv, &more, r->err);
        if (status != PIC_OK)
            return status;
        if (!more)
            break;
        if (is_heading(r)) {
            keep_headings(r);
            return PIC_OK;
        }
        read_preamble(r);
    }
    return pic_statement_fail(r->err, 0, pic_speech_text(PIC_TELL_BANK_HEADER),
                              pic_span_of(NULL, 0));
}

/* --- movements --- */

/* The amount of a row, out of one column or of two. */
static int read_amount(struct reading *r, int64_t *amount)
{
    static const enum column columns[] = {AMOUNT, DEBIT, CREDIT};
    bool any = false;
    *amount = 0;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        struct pic_span cell = cell_of(r, columns[i]);
        int64_t cents;
        if (cell.n == 0)
            continue;
        if (!read_money(cell, &cents))
            return fail(r, columns[i], PIC_TELL_BANK_AMOUNT);
        /* A debit goes out, with its sign or without. */
        if (columns[i] == DEBIT && cents > 0)
            cents = -cents;
        if (any && *amount != 0 && cents != 0)
            return fail(r, columns[i], PIC_TELL_BANK_AMOUNT);
        *amount += cents;
        any = true;
    }
    return any ? PIC_OK : fail(r, COLUMNS, PIC_TELL_BANK_NO_AMOUNT);
}

/* Label and detail, joined. */
static struct pic_span read_label(struct reading *r)
{
    struct pic_span label = cell_of(r, LABEL);
    struct pic_span detail = cell_of(r, DETAIL);
    pic_buf_clear(&r->label);
    pic_buf_bytes(&r->label, label.p, label.n);
    if (label.n > 0 && detail.n > 0)
        pic_buf_u8(&r->label, ' ');
    pic_buf_bytes(&r->label, detail.p, detail.n);
    return pic_buf_view(&r->label);
}

static int read_account(struct reading *r, size_t *index)
{
    struct pic_span account = cell_of(r, ACCOUNT);
    if (account.n == 0)
        account = pic_span_text(r->given == NULL ? r->account : r->given);
    return pic_statements_account(r->out, account, r->csv.line, index, r->err);
}

/* A row without a date closes the table ("Total", "Solde au…"), or is a mistake. */
static bool is_footer(struct reading *r)
{
    for (size_t i = 0; i < r->csv.cell_n; i++) {
        struct pic_span name = fold(r, pic_csv_cell(&r->csv, i));
        if (name.n > 0)
            return begins(name, "total") || begins(name, "solde");
    }
    return true;
}

static int read_row(struct reading *r)
{
    struct pic_bank_draft draft = {.value_on = PIC_NO_DAY, .origin = r->csv.line};
    struct pic_span balance = cell_of(r, BALANCE);
    int64_t told;
    size_t index;
    if (!read_day(cell_of(r, DATE), &draft.booked_on))
        return is_footer(r) ? PIC_OK : fail(r, DATE, PIC_TELL_BANK_DATE);
    if (cell_of(r, VALUE_DATE).n > 0 && !read_day(cell_of(r, VALUE_DATE), &draft.value_on))
        return fail(r, VALUE_DATE, PIC_TELL_BANK_DATE);
    int status = read_amount(r, &draft.amount);
    if (status == PIC_OK)
        status = read_account(r, &index);
    if (status != PIC_OK)
        return status;
    draft.label = read_label(r);
    draft.reference = cell_of(r, REFERENCE);
    draft.counterparty = cell_of(r, COUNTERPARTY);
    status = pic_statements_line(r->out, index, &draft, r->err);
    if (status != PIC_OK || balance.n == 0)
        return status;
    if (!read_money(balance, &told))
        return fail(r, BALANCE, PIC_TELL_BANK_AMOUNT);
    return pic_statements_mark(r->out, index, draft.booked_on, told, r->csv.line, r->err);
}

/* Oldest first. A statement of one day is turned when its balances agree better that way. */
static void put_in_order(struct pic_statement *t)
{
    if (t->line_n < 2)
        return;
    int64_t first = t->lines[0].booked_on;
    int64_t last = t->lines[t->line_n - 1].booked_on;
    if (first < last)
        return;
    size_t before = pic_statement_disagreements(t);
    pic_statement_turn(t);
    if (first == last && pic_statement_disagreements(t) >= before)
        pic_statement_turn(t);
}

static int read_table(struct reading *r)
{
    int status = read_named(r);
    if (status == PIC_OK)
        status = find_heading(r);
    bool more = true;
    while (status == PIC_OK) {
        status = pic_csv_next(&r->csv, &more, r->err);
        if (status != PIC_OK || !more)
            break;
        status = read_row(r);
    }
    for (size_t i = 0; status == PIC_OK && i < r->out->n; i++)
        put_in_order(&r->out->items[i]);
    /* A balance above the headings is the last one, unless each line tells its own. */
    if (status == PIC_OK && r->told_at > 0 && r->out->n == 1 && r->at[BALANCE] < 0)
        status = pic_statements_mark(r->out, 0, r->told_on, r->told, r->told_at, r->err);
    return status;
}

/* The first line may be a title: the separator is the one that a line near the top has twice. */
static char separator_of(struct pic_span file)
{
    static const char candidates[] = ";\t,";
    for (size_t c = 0; c < sizeof candidates - 1; c++) {
        size_t lines = 0;
        size_t found = 0;
        for (size_t i = 0; i < file.n && lines < PREAMBLE_MAX; i++) {
            bool end = file.p[i] == '\n' || file.p[i] == '\r';
            found = end ? 0 : found + (file.p[i] == (uint8_t)candidates[c]);
            lines += end;
            if (found == 2)
                return candidates[c];
        }
    }
    return '\0';
}

int pic_bank_csv_read(struct pic_span file, const char *account, struct pic_statements *out,
                      struct pic_err *err)
{
    struct reading r = {.rest = file, .given = account, .out = out, .err = err};
    pic_buf_init(&r.folded, FOLDED_MAX);
    pic_buf_init(&r.label, (size_t)2 * PIC_CSV_CELL_MAX + 1);
    for (size_t i = 0; i < COLUMNS; i++)
        pic_buf_init(&r.named[i], FOLDED_MAX);
    pic_csv_init(&r.csv, pic_csv_from_span, &r.rest, separator_of(file));
    int status = read_table(&r);
    pic_csv_release(&r.csv);
    for (size_t i = 0; i < COLUMNS; i++)
        pic_buf_release(&r.named[i]);
    pic_buf_release(&r.folded);
    pic_buf_release(&r.label);
    return status;
}
