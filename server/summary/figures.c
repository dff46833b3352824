#include "server/summary/figures.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "schema/dictionary/grid.h"
#include "schema/state/ladder.h"
#include "schema/state/split.h"
#include "server/summary/tables.h"
#include "server/summary/tally.h"

extern const unsigned char pic_embedded_summary_projects_sql[];
extern const unsigned char pic_embedded_summary_shares_sql[];
extern const unsigned char pic_embedded_summary_envelope_sql[];
extern const unsigned char pic_embedded_summary_attendance_sql[];
extern const unsigned char pic_embedded_summary_freshness_sql[];

enum { NAME_MAX = 1024, DAYS = 3, MONTHS_A_YEAR = 12, TITLE_MAX = 256, DAY_MS = 24 * 3600 * 1000 };

/* What counts at a day: the amounts that a project has, or a funder's part of them. */
enum amount { GRANTED, PAID, JUSTIFIED, AMOUNTS };

/* Columns of projects.sql. */
enum column {
    C_ID,
    C_FUND,
    C_YEAR,
    C_TITLE,
    C_CARRIER,
    C_HOLDER,
    C_THEME,
    C_TERRITORIES,
    C_GRANTED_ON,
    C_AMOUNTS, /* granted, paid, eligible; three days each */
    C_FUNDED = C_AMOUNTS + AMOUNTS * DAYS,
    C_AGREED_ON,
    C_AGREEMENT,
    C_SIRET,
    C_RNA,
    C_FIRST_PAID,
    C_LAST_PAID,
    C_PAYMENTS,
    C_END,
    C_REPORTED,
    C_DELAY,
    C_THEME_LABEL,
};

struct work {
    struct pic_db *db;
    struct pic_summary *out;
    sqlite3_stmt *projects, *shares;
    struct pic_tally themes, territories;
    /* who pays the fund of the project at hand */
    uint64_t fund;
    size_t share_n;
    uint64_t funders[PIC_SPLIT_MAX];
    int64_t rates[PIC_SPLIT_MAX];
    int64_t rate; /* the addressee's */
    int64_t decided_on;
    char decision[TITLE_MAX];
};

/* One project at the three days. */
struct counted {
    int64_t whole[AMOUNTS][DAYS], part[AMOUNTS][DAYS];
};

static void bind(sqlite3_stmt *stmt, const char *name, int64_t value)
{
    int at = sqlite3_bind_parameter_index(stmt, name);
    if (at != 0)
        (void)sqlite3_bind_int64(stmt, at, value);
}

/* --- the addressee --- */

static int load_addressee(struct work *w, sqlite3_stmt *projects, struct pic_err *err)
{
    sqlite3_stmt *stmt = pic_db_prepare(
        w->db, "SELECT name, siret, kind, commune, siren FROM organisation WHERE id = ?1", err);
    bool row = false;
    if (stmt == NULL)
        return err->status;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)w->out->ask.addressee);
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && !row)
        status = PIC_ENOT_FOUND;
    if (status == PIC_OK) {
        struct pic_span name = pic_db_column_span(stmt, 0);
        struct pic_span siret = pic_db_column_span(stmt, 1);
        struct pic_span kind = pic_db_column_span(stmt, 2);
        pic_buf_bytes(&w->out->name, name.p, name.n);
        pic_buf_bytes(&w->out->siret, siret.p, siret.n);
        bool commune = pic_span_equal(kind, pic_span_text("commune"));
        bool epci = pic_span_equal(kind, pic_span_text("epci"));
        if (commune || epci) {
            const char *name_of = commune ? ":commune" : ":epci";
            (void)sqlite3_bind_value(projects, sqlite3_bind_parameter_index(projects, name_of),
                                     sqlite3_column_value(stmt, commune ? 3 : 4));
        }
    }
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, "Destinataire", NULL);
}

/* --- shares --- */

static int load_shares(struct work *w, uint64_t fund)
{
    bool row = true;
    int status = PIC_OK;
    if (w->fund == fund)
        return PIC_OK;
    w->fund = fund;
    w->share_n = 0;
    w->rate = 0;
    w->decided_on = -1;
    w->decision[0] = '\0';
    bind(w->shares, ":fund", (int64_t)fund);
    while ((status = pic_db_step(w->shares, &row)) == PIC_OK && row) {
        uint64_t funder = (uint64_t)sqlite3_column_int64(w->shares, 0);
        w->funders[w->share_n] = funder;
        w->rates[w->share_n++] = sqlite3_column_int64(w->shares, 1);
        if (funder != w->out->ask.addressee)
            continue;
        struct pic_span reference = pic_db_column_span(w->shares, 2);
        w->rate += sqlite3_column_int64(w->shares, 1);
        if (sqlite3_column_type(w->shares, 3) != SQLITE_NULL)
            w->decided_on = sqlite3_column_int64(w->shares, 3);
        if (reference.n > 0 && reference.n < sizeof w->decision) {
            memcpy(w->decision, reference.p, reference.n);
            w->decision[reference.n] = '\0';
        }
    }
    return status;
}

/* The addressee's part of an amount, as the ladder splits it. */
static int64_t part_of(const struct work *w, int64_t cents)
{
    int64_t parts[PIC_SPLIT_MAX];
    int64_t sum = 0;
    if (w->share_n == 0)
        return 0;
    pic_split(cents, w->rates, w->share_n, parts);
    for (size_t i = 0; i < w->share_n; i++)
        if (w->funders[i] == w->out->ask.addressee)
            sum += parts[i];
    return sum;
}

static void count(struct work *w, struct counted *c)
{
    for (int d = 0; d < DAYS; d++) {
        for (int a = 0; a < AMOUNTS; a++)
            c->whole[a][d] = sqlite3_column_int64(w->projects, C_AMOUNTS + a * DAYS + d);
        if (c->whole[JUSTIFIED][d] > c->whole[GRANTED][d])
            c->whole[JUSTIFIED][d] = c->whole[GRANTED][d];
        for (int a = 0; a < AMOUNTS; a++)
            c->part[a][d] = part_of(w, c->whole[a][d]);
    }
}

/* --- figures and tables --- */

static void add_figures(struct work *w, const struct counted *c)
{
    struct pic_summary *out = w->out;
    const struct pic_period previous = pic_period_previous(&out->ask.period);
    int64_t year = sqlite3_column_int64(w->projects, C_YEAR);
    for (int a = 0; a < AMOUNTS; a++) {
        out->figures[PIC_FIGURE_GRANTED + a][0] += c->part[a][2] - c->part[a][1];
        out->figures[PIC_FIGURE_GRANTED + a][1] += c->part[a][1] - c->part[a][0];
    }
    if (pic_period_has_year(&out->ask.period, year))
        out->figures[PIC_FIGURE_REMAINING][0] -= c->part[GRANTED][2];
    if (pic_period_has_year(&previous, year))
        out->figures[PIC_FIGURE_REMAINING][1] -= c->part[GRANTED][1];
}

/* Adds a project to the table of territories: in equal parts, as the ladder does, and counted at
 * the first. */
static int add_territories(struct work *w, struct pic_span codes,
                           const int64_t m[static PIC_TALLY_MEASURES])
{
    struct pic_span list[PIC_SPLIT_MAX];
    int64_t weights[PIC_SPLIT_MAX];
    int64_t parts[PIC_TALLY_MEASURES][PIC_SPLIT_MAX];
    size_t n = 0;
    for (size_t at = 0; at < codes.n && n < PIC_SPLIT_MAX;) {
        size_t end = at;
        while (end < codes.n && codes.p[end] != ' ')
            end++;
        list[n++] = pic_span_of(codes.p + at, end - at);
        at = end + 1;
    }
    if (n == 0)
        list[n++] = pic_span_of("", 0);
    for (size_t i = 0; i < n; i++)
        weights[i] = 1;
    for (size_t k = 0; k < PIC_TALLY_MEASURES; k++)
        pic_split(m[k], weights, n, parts[k]);
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < n; i++) {
        const int64_t mine[PIC_TALLY_MEASURES] = {parts[0][i], parts[1][i], parts[2][i],
                                                  parts[3][i]};
        status = pic_tally_add(&w->territories, list[i], mine, i == 0);
    }
    return status;
}

static void put_date(struct pic_sheet *sheet, sqlite3_stmt *stmt, int column)
{
    if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
        pic_sheet_null(sheet);
    else
        pic_sheet_int(sheet, sqlite3_column_int64(stmt, column));
}

static int list_project(struct work *w, const struct counted *c)
{
    struct pic_sheet *sheet = &w->out->projects;
    const int64_t m[PIC_TALLY_MEASURES] = {
        c->whole[GRANTED][2] - c->whole[GRANTED][1],
        c->part[GRANTED][2] - c->part[GRANTED][1],
        c->whole[PAID][2] - c->whole[PAID][1],
        c->whole[JUSTIFIED][2] - c->whole[JUSTIFIED][1],
    };
    if (m[0] == 0 && m[2] == 0 && m[3] == 0)
        return PIC_OK; /* nothing happened in the period */
    pic_sheet_span(sheet, pic_db_column_span(w->projects, C_TITLE));
    pic_sheet_span(sheet, pic_db_column_span(w->projects, C_HOLDER));
    pic_sheet_span(sheet, pic_db_column_span(w->projects, C_TERRITORIES));
    pic_sheet_span(sheet, pic_db_column_span(w->projects, C_THEME_LABEL));
    for (size_t i = 0; i < PIC_TALLY_MEASURES; i++)
        pic_sheet_int(sheet, m[i]);
    put_date(sheet, w->projects, C_GRANTED_ON);
    int status = pic_tally_add(&w->themes, pic_db_column_span(w->projects, C_THEME), m, 1);
    return status == PIC_OK ? add_territories(w, pic_db_column_span(w->projects, C_TERRITORIES), m)
                            : status;
}

static void list_late(struct work *w, const struct counted *c)
{
    struct pic_sheet *sheet = &w->out->late;
    int64_t due =
        sqlite3_column_int64(w->projects, C_END) + sqlite3_column_int64(w->projects, C_DELAY);
    bool ended = sqlite3_column_type(w->projects, C_END) != SQLITE_NULL;
    if (c->whole[GRANTED][2] == 0 || !ended || due >= w->out->ask.period.to_on ||
        sqlite3_column_int(w->projects, C_REPORTED) != 0)
        return;
    pic_sheet_span(sheet, pic_db_column_span(w->projects, C_TITLE));
    pic_sheet_span(sheet, pic_db_column_span(w->projects, C_CARRIER));
    pic_sheet_int(sheet, sqlite3_column_int64(w->projects, C_END));
    pic_sheet_int(sheet, due);
}

/* --- SCDL --- */

/* "2026-03-01" or "2026-03-01/2026-06-30": from the first payment, or the grant, to the last. */
static void put_payment_dates(struct work *w)
{
    struct pic_buf text;
    bool paid = sqlite3_column_int64(w->projects, C_PAYMENTS) > 0;
    int64_t first = sqlite3_column_int64(w->projects, paid ? C_FIRST_PAID : C_GRANTED_ON);
    int64_t last = paid ? sqlite3_column_int64(w->projects, C_LAST_PAID) : first;
    pic_buf_init(&text, NAME_MAX);
    pic_date_format(first, PIC_STYLE_EXACT, &text);
    if (last != first) {
        pic_buf_u8(&text, '/');
        pic_date_format(last, PIC_STYLE_EXACT, &text);
    }
    pic_sheet_text(&w->out->grants, pic_buf_string(&text));
    pic_buf_release(&text);
}

static void list_grant(struct work *w, const struct counted *c)
{
    struct pic_sheet *sheet = &w->out->grants;
    int64_t cents = c->part[GRANTED][2] - c->part[GRANTED][1];
    struct pic_buf rate;
    if (cents <= 0)
        return;
    pic_buf_init(&rate, NAME_MAX);
    pic_money_format(w->rate / 100, PIC_STYLE_EXACT, &rate); /* basis points: 0.70 */
    pic_sheet_text(sheet, pic_buf_string(&w->out->name));
    pic_sheet_text(sheet, pic_buf_string(&w->out->siret));
    if (w->decided_on >= 0)
        pic_sheet_int(sheet, w->decided_on);
    else
        put_date(sheet, w->projects, C_AGREED_ON);
    if (w->decision[0] != '\0')
        pic_sheet_text(sheet, w->decision);
    else
        pic_sheet_span(sheet, pic_db_column_span(w->projects, C_AGREEMENT));
    pic_sheet_span(sheet, pic_db_column_span(w->projects, C_HOLDER));
    pic_sheet_span(sheet, pic_db_column_span(w->projects, C_SIRET));
    pic_sheet_span(sheet, pic_db_column_span(w->projects, C_RNA));
    pic_sheet_span(sheet, pic_db_column_span(w->projects, C_TITLE));
    pic_sheet_int(sheet, cents);
    pic_sheet_text(sheet, "aide en numéraire");
    bool once = sqlite3_column_int64(w->projects, C_PAYMENTS) <= 1;
    pic_sheet_text(sheet, once ? "unique" : "échelonné");
    put_payment_dates(w);
    pic_sheet_text(sheet, "");
    pic_sheet_text(sheet, "non");
    pic_sheet_text(sheet, pic_buf_string(&rate));
    pic_sheet_text(sheet, "");
    pic_buf_release(&rate);
}

/* --- reading --- */

static int read_projects(struct work *w)
{
    bool row = true;
    int status = PIC_OK;
    while ((status = pic_db_step(w->projects, &row)) == PIC_OK && row) {
        struct counted c;
        status = load_shares(w, (uint64_t)sqlite3_column_int64(w->projects, C_FUND));
        if (status != PIC_OK)
            break;
        count(w, &c);
        if (sqlite3_column_int(w->projects, C_FUNDED) != 0) {
            add_figures(w, &c);
            list_grant(w, &c);
            list_late(w, &c);
        }
        status = list_project(w, &c);
        if (status != PIC_OK)
            break;
    }
    return status;
}

/* Runs a query of one row with up to two bounds; its first two numbers. */
static int two_numbers(struct work *w, const unsigned char *sql, int64_t first, int64_t last,
                       int64_t out[static 2], struct pic_err *err)
{
    sqlite3_stmt *stmt = pic_db_prepare(w->db, (const char *)sql, err);
    bool row = false;
    if (stmt == NULL)
        return err->status;
    bind(stmt, ":funder", (int64_t)w->out->ask.addressee);
    bind(stmt, ":first", first);
    bind(stmt, ":last", last);
    bind(stmt, ":since", first);
    int status = pic_db_step(stmt, &row);
    for (int i = 0; i < 2; i++)
        out[i] = status == PIC_OK && row ? sqlite3_column_int64(stmt, i) : 0;
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

static int read_envelopes(struct work *w, struct pic_err *err)
{
    const struct pic_period periods[2] = {w->out->ask.period,
                                          pic_period_previous(&w->out->ask.period)};
    int status = PIC_OK;
    for (int i = 0; status == PIC_OK && i < 2; i++) {
        const struct pic_period *p = &periods[i];
        int64_t numbers[2] = {0};
        status = two_numbers(w, pic_embedded_summary_envelope_sql, p->first / MONTHS_A_YEAR,
                             (p->first + p->months - 1) / MONTHS_A_YEAR, numbers, err);
        w->out->figures[PIC_FIGURE_ENVELOPE][i] = numbers[0];
        w->out->figures[PIC_FIGURE_REMAINING][i] += numbers[0];
    }
    return status;
}

static int read_people(struct work *w, struct pic_err *err)
{
    const struct pic_period *p = &w->out->ask.period;
    sqlite3_stmt *stmt =
        pic_db_prepare(w->db, (const char *)pic_embedded_summary_attendance_sql, err);
    bool row = true;
    int status = PIC_OK;
    if (stmt == NULL)
        return err->status;
    bind(stmt, ":funder", (int64_t)w->out->ask.addressee);
    bind(stmt, ":first", p->from_on);
    bind(stmt, ":last", p->to_on);
    while ((status = pic_db_step(stmt, &row)) == PIC_OK && row) {
        struct pic_grid grid = {0};
        struct pic_grid_totals totals;
        status = pic_grid_get(pic_db_column_span(stmt, 0), &grid);
        if (status != PIC_OK)
            break;
        pic_grid_add_up(&grid, &totals);
        w->out->people += totals.all;
    }
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

static int read_freshness(struct work *w, struct pic_err *err)
{
    int64_t since_ms = (w->out->ask.made_on - PIC_SUMMARY_SILENT_DAYS) * DAY_MS;
    int64_t numbers[2] = {0};
    int status = two_numbers(w, pic_embedded_summary_freshness_sql, (int64_t)pic_clock_at(since_ms),
                             0, numbers, err);
    w->out->carriers = numbers[0];
    w->out->silent = numbers[1];
    return status;
}

/* --- tables of totals --- */

static void fill_totals(struct pic_summary *out)
{
    static const char *const titles[PIC_FIGURES] = {
        "Votre part de l'enveloppe de l'année",   "Accordé", "Payé", "Justifié",
        "Reste de votre part, en fin de période",
    };
    for (int i = 0; i < PIC_FIGURES; i++) {
        pic_sheet_text(&out->totals, titles[i]);
        pic_sheet_int(&out->totals, out->figures[i][0]);
        pic_sheet_int(&out->totals, out->figures[i][1]);
        pic_sheet_int(&out->totals, out->figures[i][0] - out->figures[i][1]);
    }
}

/* --- life --- */

static void init(struct pic_summary *out, const struct pic_summary_ask *ask)
{
    *out = (struct pic_summary){.ask = *ask};
    pic_buf_init(&out->name, NAME_MAX);
    pic_buf_init(&out->siret, NAME_MAX);
    pic_summary_table_init(&out->totals, PIC_SUMMARY_TOTALS);
    pic_summary_table_init(&out->projects, PIC_SUMMARY_PROJECTS);
    pic_summary_table_init(&out->themes, PIC_SUMMARY_THEMES);
    pic_summary_table_init(&out->territories, PIC_SUMMARY_TERRITORIES);
    pic_summary_table_init(&out->late, PIC_SUMMARY_LATE);
    pic_summary_table_init(&out->grants, PIC_SUMMARY_GRANTS);
}

void pic_summary_release(struct pic_summary *s)
{
    pic_buf_release(&s->name);
    pic_buf_release(&s->siret);
    pic_sheet_release(&s->totals);
    pic_sheet_release(&s->projects);
    pic_sheet_release(&s->themes);
    pic_sheet_release(&s->territories);
    pic_sheet_release(&s->late);
    pic_sheet_release(&s->grants);
}

static int prepare(struct work *w, struct pic_err *err)
{
    int status = pic_ladder_lend(w->db, err);
    if (status != PIC_OK)
        return status;
    w->projects = pic_db_prepare(w->db, (const char *)pic_embedded_summary_projects_sql, err);
    w->shares = w->projects == NULL
                    ? NULL
                    : pic_db_prepare(w->db, (const char *)pic_embedded_summary_shares_sql, err);
    if (w->shares == NULL)
        return err->status;
    const struct pic_period *p = &w->out->ask.period;
    bind(w->projects, ":d0", pic_period_previous(p).from_on - 1);
    bind(w->projects, ":d1", p->from_on - 1);
    bind(w->projects, ":d2", p->to_on);
    bind(w->projects, ":funder", (int64_t)w->out->ask.addressee);
    bind(w->projects, ":delay", PIC_SUMMARY_REPORT_DAYS);
    return load_addressee(w, w->projects, err);
}

int pic_summary_compute(struct pic_db *db, const struct pic_summary_ask *ask,
                        struct pic_summary *out, struct pic_err *err)
{
    init(out, ask);
    struct work *w = calloc(1, sizeof *w);
    if (w == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    w->db = db;
    w->out = out;
    int status = prepare(w, err);
    if (status == PIC_OK && (status = read_projects(w)) != PIC_OK)
        (void)pic_fail(err, status, NULL);
    if (status == PIC_OK)
        status = read_envelopes(w, err);
    if (status == PIC_OK)
        status = read_people(w, err);
    if (status == PIC_OK)
        status = read_freshness(w, err);
    if (status == PIC_OK)
        status = pic_tally_fill(&w->themes, w->db, "theme", &out->themes, err);
    if (status == PIC_OK)
        status = pic_tally_fill(&w->territories, w->db, "qpv", &out->territories, err);
    if (status == PIC_OK)
        fill_totals(out);
    (void)sqlite3_finalize(w->projects);
    (void)sqlite3_finalize(w->shares);
    free(w);
    return status;
}
