#include "tests/simulation/naive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/history.h"

enum { FUNDERS_MAX = 16 };

/* One line for each project: the definitions of the ladder, word for word. */
static const char projects_sql[] =
    "SELECT fund, coalesce(main_theme, ''), asked, granted, paid, min(granted, eligible), matched,"
    "       min(granted, eligible) - paid, live FROM (SELECT p.fund, p.main_theme,"
    "  p.cancelled IS NULL AS live,"
    "  CASE WHEN p.cancelled IS NULL THEN coalesce(p.asked, 0) ELSE 0 END AS asked,"
    "  CASE WHEN p.cancelled IS NULL THEN coalesce((SELECT CASE WHEN d.outcome LIKE 'accorde%'"
    "    THEN coalesce(d.amount, 0) ELSE 0 END FROM decision AS d WHERE d.project = p.id AND"
    "    d.reversed IS NULL AND NOT EXISTS(SELECT 1 FROM decision AS e WHERE e.project = p.id AND"
    "    e.reversed IS NULL AND (e.stamp, e.id >> 40) > (d.stamp, d.id >> 40))), 0)"
    "    ELSE 0 END AS granted,"
    "  (SELECT coalesce(sum(iif(y.kind = 'reversement', -y.amount, y.amount)), 0)"
    "    FROM payment AS y WHERE y.project = p.id AND y.reversed IS NULL) AS paid,"
    "  (SELECT coalesce(sum(max(0, coalesce(x.eligible_amount, x.amount) - coalesce((SELECT"
    "    max(c.rejected) FROM control AS c WHERE c.about = x.id AND c.cancelled IS NULL), 0))), 0)"
    "    FROM expense AS x WHERE x.project = p.id AND x.reversed IS NULL) AS eligible,"
    "  (SELECT coalesce(sum(iif(y.kind = 'reversement', -y.amount, y.amount)), 0)"
    "    FROM payment AS y JOIN (SELECT DISTINCT about FROM \"match\" WHERE cancelled IS NULL) AS m"
    "    ON m.about = y.id WHERE y.project = p.id AND y.reversed IS NULL) AS matched"
    " FROM project AS p)";

static struct naive_cell *cell(struct history *h, struct naive *naive, uint64_t fund,
                               uint64_t funder, const char *theme)
{
    for (unsigned i = 0; i < naive->n; i++)
        if (naive->cells[i].fund == fund && naive->cells[i].funder == funder &&
            strcmp(naive->cells[i].theme, theme) == 0)
            return &naive->cells[i];
    if (naive->n == NAIVE_CELLS)
        broken(h, "memory", "too many totals");
    struct naive_cell *c = &naive->cells[naive->n++];
    *c = (struct naive_cell){.fund = fund, .funder = funder};
    (void)snprintf(c->theme, sizeof c->theme, "%s", theme);
    return c;
}

struct shares {
    unsigned n;
    uint64_t funders[FUNDERS_MAX];
    int64_t rates[FUNDERS_MAX];
};

static void load_shares(struct pic_db *db, uint64_t fund, struct shares *out)
{
    sqlite3_stmt *stmt = pic_db_prepare(db,
                                        "SELECT funder, coalesce(rate, 0) FROM share WHERE"
                                        " fund = ?1 AND cancelled IS NULL ORDER BY id",
                                        NULL);
    *out = (struct shares){0};
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)fund);
    while (stmt != NULL && out->n < FUNDERS_MAX && sqlite3_step(stmt) == SQLITE_ROW) {
        out->funders[out->n] = (uint64_t)sqlite3_column_int64(stmt, 0);
        out->rates[out->n++] = sqlite3_column_int64(stmt, 1);
    }
    (void)sqlite3_finalize(stmt);
    if (out->n == 0)
        out->n = 1;
}

/* Cent by cent: each of the cents left over goes to who lacks most, the first where equal. */
static void split(int64_t cents, const struct shares *s, int64_t parts[static FUNDERS_MAX])
{
    int64_t whole = cents < 0 ? -cents : cents;
    int64_t rates = 0, given = 0;
    int64_t lacks[FUNDERS_MAX] = {0};
    memset(parts, 0, FUNDERS_MAX * sizeof *parts);
    for (unsigned i = 0; i < s->n; i++)
        rates += s->rates[i];
    for (unsigned i = 0; i < s->n; i++) {
        parts[i] = rates == 0 ? (i == 0 ? whole : 0) : whole * s->rates[i] / rates;
        lacks[i] = rates == 0 ? 0 : whole * s->rates[i] % rates;
        given += parts[i];
    }
    for (; given < whole; given++) {
        unsigned most = 0;
        for (unsigned i = 1; i < s->n; i++)
            most = lacks[i] > lacks[most] ? i : most;
        parts[most]++;
        lacks[most] = -1;
    }
    for (unsigned i = 0; cents < 0 && i < s->n; i++)
        parts[i] = -parts[i];
}

void naive_count(struct history *h, struct pic_db *db, struct naive *out)
{
    sqlite3_stmt *stmt = pic_db_prepare(db, projects_sql, NULL);
    out->cells = calloc(NAIVE_CELLS, sizeof *out->cells);
    out->n = 0;
    if (stmt == NULL || out->cells == NULL)
        broken(h, "3", "the totals cannot be counted: %s", sqlite3_errmsg(db->handle));
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        struct shares shares;
        int64_t parts[FUNDERS_MAX] = {0};
        uint64_t fund = (uint64_t)sqlite3_column_int64(stmt, 0);
        const char *theme = (const char *)sqlite3_column_text(stmt, 1);
        load_shares(db, fund, &shares);
        cell(h, out, fund, 0, theme)->projects += sqlite3_column_int64(stmt, NAIVE_MEASURES + 2);
        for (int m = 0; m < NAIVE_MEASURES; m++) {
            split(sqlite3_column_int64(stmt, 2 + m), &shares, parts);
            for (unsigned f = 0; f < shares.n; f++)
                cell(h, out, fund, shares.funders[f], theme)->measures[m] += parts[f];
        }
    }
    (void)sqlite3_finalize(stmt);
}

void naive_release(struct naive *naive)
{
    free(naive->cells);
    *naive = (struct naive){0};
}

static const struct naive_cell *find(const struct naive *naive, uint64_t fund, uint64_t funder,
                                     const char *theme)
{
    static const struct naive_cell none;
    for (unsigned i = 0; i < naive->n; i++)
        if (naive->cells[i].fund == fund && naive->cells[i].funder == funder &&
            strcmp(naive->cells[i].theme, theme) == 0)
            return &naive->cells[i];
    return &none;
}

static bool is_empty(const struct naive_cell *c)
{
    bool empty = c->projects == 0;
    for (int m = 0; m < NAIVE_MEASURES; m++)
        empty = empty && c->measures[m] == 0;
    return empty;
}

bool naive_equals(const struct naive *naive, struct pic_db *db, struct pic_buf *difference)
{
    sqlite3_stmt *stmt = pic_db_prepare(
        db,
        "SELECT fund, funder, theme, sum(asked), sum(granted), sum(paid), sum(justified),"
        " sum(matched), sum(due), sum(projects) FROM rollup GROUP BY fund, funder, theme",
        NULL);
    unsigned kept = 0, counted = 0;
    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        struct naive_cell row = {.fund = (uint64_t)sqlite3_column_int64(stmt, 0),
                                 .funder = (uint64_t)sqlite3_column_int64(stmt, 1)};
        (void)snprintf(row.theme, sizeof row.theme, "%s", sqlite3_column_text(stmt, 2));
        const struct naive_cell *c = find(naive, row.fund, row.funder, row.theme);
        for (int m = 0; m < NAIVE_MEASURES; m++) {
            row.measures[m] = sqlite3_column_int64(stmt, 3 + m);
            if (row.measures[m] != c->measures[m])
                pic_buf_printf(difference,
                               "fund %llx funder %llx theme %s measure %d: %lld, not %lld; ",
                               (unsigned long long)row.fund, (unsigned long long)row.funder,
                               row.theme, m, (long long)row.measures[m], (long long)c->measures[m]);
        }
        row.projects = sqlite3_column_int64(stmt, 3 + NAIVE_MEASURES);
        if (row.projects != c->projects)
            pic_buf_printf(difference, "theme %s projects: %lld, not %lld; ", row.theme,
                           (long long)row.projects, (long long)c->projects);
        kept += !is_empty(&row);
    }
    (void)sqlite3_finalize(stmt);
    for (unsigned i = 0; i < naive->n; i++)
        counted += !is_empty(&naive->cells[i]);
    if (kept != counted)
        pic_buf_printf(difference, "%u totals are kept, %u were counted", kept, counted);
    return difference->len == 0;
}
