#include "schema/state/rollup.h"

#include <stdlib.h>
#include <string.h>

#include "schema/state/split.h"

enum {
    SLOTS = 2048, /* cells gathered in memory; flushed when three quarters are taken */
    SLOTS_FULL = SLOTS / 4 * 3,
    FUNDS_CACHED = 16,
    THEME_MAX = 64,
    TERRITORY_MAX = 24,
};

struct cell {
    uint64_t fund, funder;
    int64_t projects;
    int64_t measures[PIC_MEASURES];
    char theme[THEME_MAX];
    char territory[TERRITORY_MAX];
    bool used;
};

/* Who pays a fund, and in which proportion. */
struct shares {
    uint64_t fund;
    size_t n;
    uint64_t funders[PIC_SPLIT_MAX];
    int64_t rates[PIC_SPLIT_MAX];
};

enum query {
    QUERY_DECISION,
    QUERY_EFFECT,
    QUERY_SUMS,
    QUERY_MONEY,
    QUERY_MONEY_MOVE,
    QUERY_MONEY_TIDY,
    QUERY_MONEY_CLEAR,
    QUERY_SHARES,
    QUERY_ADD,
    QUERY_TIDY,
    QUERY_CLEAR_FUND,
    QUERY_PROJECTS,
    QUERIES
};

/* Each fact that counts, and what it adds: a payment, or an expense less what the largest rejection
 * takes off it. */
#define FACTS                                                                                      \
    "SELECT p.id, p.project, CASE p.kind WHEN 'reversement' THEN -p.amount ELSE p.amount END"      \
    "   AS paid, EXISTS(SELECT 1 FROM \"match\" AS m WHERE m.about = p.id"                         \
    "   AND m.cancelled IS NULL) AS matched, 0 AS eligible"                                        \
    " FROM payment AS p WHERE p.reversed IS NULL"                                                  \
    " UNION ALL"                                                                                   \
    " SELECT e.id, e.project, 0, 0, max(0, coalesce(e.eligible_amount, e.amount) - coalesce("      \
    "   (SELECT max(c.rejected) FROM control AS c"                                                 \
    "     WHERE c.about = e.id AND c.cancelled IS NULL), 0))"                                      \
    " FROM expense AS e WHERE e.reversed IS NULL"

static const char *const queries[QUERIES] = {
    /* The latest decision counts; a decision that grants nothing has no amount. */
    [QUERY_DECISION] = "SELECT CASE WHEN outcome IN ('accorde', 'accorde-en-partie')"
                       " THEN coalesce(amount, 0) ELSE 0 END FROM decision"
                       " WHERE project = ?1 AND reversed IS NULL"
                       " ORDER BY stamp DESC, id >> 40 DESC LIMIT 1",
    [QUERY_EFFECT] = ("SELECT paid, paid * matched, eligible FROM (" FACTS ") WHERE id = ?1"),
    [QUERY_SUMS] = ("SELECT coalesce(sum(paid), 0), coalesce(sum(paid * matched), 0),"
                    " coalesce(sum(eligible), 0) FROM (" FACTS ") WHERE project = ?1"),
    [QUERY_MONEY] = "SELECT paid, matched, eligible FROM money WHERE project = ?1",
    [QUERY_MONEY_MOVE] = ("INSERT INTO money VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE"
                          " SET paid = paid + ?2, matched = matched + ?3,"
                          " eligible = eligible + ?4"),
    [QUERY_MONEY_TIDY] = "DELETE FROM money WHERE project = ?1"
                         " AND paid = 0 AND matched = 0 AND eligible = 0",
    [QUERY_MONEY_CLEAR] = "DELETE FROM money WHERE project = ?1",
    [QUERY_SHARES] = "SELECT funder, coalesce(rate, 0) FROM share"
                     " WHERE fund = ?1 AND cancelled IS NULL ORDER BY id",
    [QUERY_ADD] = "INSERT INTO rollup VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)"
                  " ON CONFLICT DO UPDATE SET projects = projects + ?5, asked = asked + ?6,"
                  " granted = granted + ?7, paid = paid + ?8, justified = justified + ?9,"
                  " matched = matched + ?10, due = due + ?11",
    [QUERY_TIDY] = "DELETE FROM rollup WHERE fund = ?1 AND funder = ?2 AND theme = ?3"
                   " AND territory = ?4 AND projects = 0 AND asked = 0 AND granted = 0"
                   " AND paid = 0 AND justified = 0 AND matched = 0 AND due = 0",
    [QUERY_CLEAR_FUND] = "DELETE FROM rollup WHERE fund = ?1",
    [QUERY_PROJECTS] = "SELECT id FROM project WHERE fund = ?1",
};

/* Where the fields that money depends on stand in a project's row. */
struct places {
    size_t cancelled, fund, asked, main_theme, territories;
};

struct pic_rollup {
    struct pic_rows *rows;
    struct places at;
    sqlite3_stmt *stmt[QUERIES];
    struct cell cells[SLOTS];
    uint16_t used[SLOTS_FULL + 1]; /* which of them, in the order of their coming */
    size_t used_n;
    struct shares funds[FUNDS_CACHED];
};

static size_t index_of(const struct pic_entity *entity, const char *column)
{
    return (size_t)(pic_entity_by_column(entity, column) - entity->fields);
}

int pic_rollup_new(struct pic_rows *rows, struct pic_rollup **out, struct pic_err *err)
{
    struct pic_rollup *r = calloc(1, sizeof *r);
    if (r == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    const struct pic_entity *project = pic_dictionary_entity(PIC_PROJECT);
    r->rows = rows;
    r->at = (struct places){.cancelled = index_of(project, "cancelled"),
                            .fund = index_of(project, "fund"),
                            .asked = index_of(project, "asked"),
                            .main_theme = index_of(project, "main_theme"),
                            .territories = index_of(project, "territories")};
    for (size_t i = 0; i < QUERIES; i++) {
        r->stmt[i] = pic_db_prepare(rows->db, queries[i], err);
        if (r->stmt[i] == NULL) {
            pic_rollup_free(r);
            return err->status;
        }
    }
    *out = r;
    return PIC_OK;
}

void pic_rollup_free(struct pic_rollup *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < QUERIES; i++)
        (void)sqlite3_finalize(r->stmt[i]);
    free(r);
}

struct pic_rows *pic_rollup_rows(const struct pic_rollup *r)
{
    return r->rows;
}

/* --- contributions --- */

static void copy_text(char *dst, size_t size, const struct pic_value *v)
{
    size_t n = v->kind == PIC_KIND_TEXT ? v->s.n : 0;
    if (n >= size)
        n = size - 1;
    if (n > 0)
        memcpy(dst, v->s.p, n);
    dst[n] = '\0';
}

void pic_rollup_created(const struct pic_rollup *r, const struct pic_row *project,
                        struct pic_contribution *out)
{
    const struct pic_value *values = project->values;
    bool live = values[r->at.cancelled].kind == PIC_KIND_NULL;
    memset(out->measures, 0, sizeof out->measures);
    out->fund = (uint64_t)values[r->at.fund].i;
    out->projects = live;
    out->measures[PIC_ASKED] = live ? values[r->at.asked].i : 0;
    copy_text(out->theme, sizeof out->theme, &values[r->at.main_theme]);
    copy_text(out->territories, sizeof out->territories, &values[r->at.territories]);
}

bool pic_rollup_reads(const struct pic_rollup *r, unsigned field)
{
    size_t at = (size_t)pic_entity_index(pic_dictionary_entity(PIC_PROJECT), field);
    return at == r->at.cancelled || at == r->at.fund || at == r->at.asked ||
           at == r->at.main_theme || at == r->at.territories;
}

/* Runs a query about one id and reads up to three numbers; they stay as they are without a row. */
static int numbers(sqlite3_stmt *stmt, uint64_t id, int64_t *const *out, int n)
{
    bool row;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)id);
    int status = pic_db_step(stmt, &row);
    for (int i = 0; status == PIC_OK && row && i < n; i++)
        *out[i] = sqlite3_column_int64(stmt, i);
    (void)sqlite3_reset(stmt);
    return status;
}

static int effect(struct pic_rollup *r, enum query query, uint64_t id, struct pic_effect *out)
{
    int64_t *const fields[] = {&out->paid, &out->matched, &out->eligible};
    *out = (struct pic_effect){0};
    return numbers(r->stmt[query], id, fields, 3);
}

int pic_rollup_effect(struct pic_rollup *r, uint64_t fact, struct pic_effect *out)
{
    return effect(r, QUERY_EFFECT, fact, out);
}

int pic_rollup_count(struct pic_rollup *r, uint64_t project, const struct pic_effect *before,
                     const struct pic_effect *after)
{
    sqlite3_stmt *stmt = r->stmt[QUERY_MONEY_MOVE];
    if (memcmp(before, after, sizeof *before) == 0)
        return PIC_OK;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)project);
    (void)sqlite3_bind_int64(stmt, 2, after->paid - before->paid);
    (void)sqlite3_bind_int64(stmt, 3, after->matched - before->matched);
    (void)sqlite3_bind_int64(stmt, 4, after->eligible - before->eligible);
    int status = pic_db_run(stmt);
    if (status != PIC_OK)
        return status;
    (void)sqlite3_bind_int64(r->stmt[QUERY_MONEY_TIDY], 1, (sqlite3_int64)project);
    return pic_db_run(r->stmt[QUERY_MONEY_TIDY]);
}

int pic_rollup_count_again(struct pic_rollup *r, uint64_t project)
{
    static const struct pic_effect nothing = {0};
    struct pic_effect sums;
    int status = effect(r, QUERY_SUMS, project, &sums);
    (void)sqlite3_bind_int64(r->stmt[QUERY_MONEY_CLEAR], 1, (sqlite3_int64)project);
    if (status == PIC_OK)
        status = pic_db_run(r->stmt[QUERY_MONEY_CLEAR]);
    return status == PIC_OK ? pic_rollup_count(r, project, &nothing, &sums) : status;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int pic_rollup_contribution(struct pic_rollup *r, uint64_t project, struct pic_contribution *out)
{
    struct pic_row row;
    struct pic_effect sums;
    int64_t *m = out->measures;
    int64_t *const granted[] = {&m[PIC_GRANTED]};
    int status = pic_row_load(r->rows, pic_dictionary_entity(PIC_PROJECT), project, &row);
    if (status != PIC_OK)
        return status;
    pic_rollup_created(r, &row, out);
    if (out->projects != 0)
        status = numbers(r->stmt[QUERY_DECISION], project, granted, 1);
    if (status == PIC_OK)
        status = effect(r, QUERY_MONEY, project, &sums);
    if (status != PIC_OK)
        return status;
    m[PIC_PAID] = sums.paid;
    m[PIC_MATCHED] = sums.matched;
    m[PIC_JUSTIFIED] = least(m[PIC_GRANTED], sums.eligible);
    m[PIC_DUE] = m[PIC_JUSTIFIED] - m[PIC_PAID];
    return PIC_OK;
}

/* --- cells --- */

static uint64_t mix(uint64_t h, const char *text)
{
    for (; *text != '\0'; text++)
        h = (h ^ (uint8_t)*text) * UINT64_C(1099511628211);
    return h;
}

static struct cell *cell_of(struct pic_rollup *r, uint64_t fund, uint64_t funder, const char *theme,
                            const char *territory)
{
    uint64_t h = (fund * UINT64_C(0x9E3779B97F4A7C15)) ^ (funder * UINT64_C(0xC2B2AE3D27D4EB4F));
    h = mix(mix(h, theme), territory);
    for (size_t i = (size_t)(h >> 32) % SLOTS;; i = (i + 1) % SLOTS) {
        struct cell *c = &r->cells[i];
        if (!c->used) {
            *c = (struct cell){.fund = fund, .funder = funder, .used = true};
            memcpy(c->theme, theme, strlen(theme) + 1);
            memcpy(c->territory, territory, strlen(territory) + 1);
            r->used[r->used_n++] = (uint16_t)i;
            return c;
        }
        if (c->fund == fund && c->funder == funder && strcmp(c->theme, theme) == 0 &&
            strcmp(c->territory, territory) == 0)
            return c;
    }
}

static int load_shares(struct pic_rollup *r, uint64_t fund, struct shares *out)
{
    sqlite3_stmt *stmt = r->stmt[QUERY_SHARES];
    *out = (struct shares){.fund = fund};
    bool row = true;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)fund);
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row && out->n < PIC_SPLIT_MAX) {
        out->funders[out->n] = (uint64_t)sqlite3_column_int64(stmt, 0);
        out->rates[out->n++] = sqlite3_column_int64(stmt, 1);
        status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_reset(stmt);
    if (out->n == 0)
        out->n = 1; /* nobody is named: funder 0 carries the whole */
    return status;
}

static int shares_of(struct pic_rollup *r, uint64_t fund, const struct shares **out)
{
    struct shares *s = &r->funds[fund % FUNDS_CACHED];
    *out = s;
    return s->fund == fund ? PIC_OK : load_shares(r, fund, s);
}

struct territories {
    size_t n;
    char code[PIC_SPLIT_MAX][TERRITORY_MAX];
};

static void list_territories(const char *codes, struct territories *out)
{
    out->n = 0;
    while (*codes != '\0' && out->n < PIC_SPLIT_MAX) {
        size_t n = strcspn(codes, " ");
        size_t kept = n < TERRITORY_MAX ? n : TERRITORY_MAX - 1;
        memcpy(out->code[out->n], codes, kept);
        out->code[out->n++][kept] = '\0';
        codes += n + (codes[n] == ' ');
    }
    if (out->n == 0)
        out->code[out->n++][0] = '\0'; /* not given */
}

/* Cuts one measure among funders, then among territories. */
static int cut_measure(const struct pic_contribution *c, int measure, const struct shares *shares,
                       const struct territories *places, pic_rollup_part *part, void *context)
{
    int64_t equal[PIC_SPLIT_MAX];
    int64_t by_funder[PIC_SPLIT_MAX];
    int64_t by_place[PIC_SPLIT_MAX];
    int status = PIC_OK;
    for (size_t p = 0; p < places->n; p++)
        equal[p] = 1;
    pic_split(c->measures[measure], shares->rates, shares->n, by_funder);
    for (size_t f = 0; f < shares->n; f++) {
        pic_split(by_funder[f], equal, places->n, by_place);
        for (size_t p = 0; status == PIC_OK && p < places->n; p++)
            if (by_place[p] != 0)
                status = part(context, shares->funders[f], places->code[p],
                              (enum pic_measure)measure, by_place[p]);
    }
    return status;
}

int pic_rollup_cut(struct pic_rollup *r, const struct pic_contribution *c, pic_rollup_part *part,
                   void *context)
{
    const struct shares *found;
    struct territories places;
    if (c->fund == 0)
        return PIC_OK;
    int status = shares_of(r, c->fund, &found);
    if (status != PIC_OK)
        return status;
    const struct shares shares = *found; /* a flush on the way forgets those of r */
    list_territories(c->territories, &places);
    if (c->projects != 0)
        status = part(context, 0, places.code[0], PIC_MEASURES, c->projects);
    for (int m = 0; status == PIC_OK && m < PIC_MEASURES; m++)
        if (c->measures[m] != 0)
            status = cut_measure(c, m, &shares, &places, part, context);
    return status;
}

struct adding {
    struct pic_rollup *rollup;
    const struct pic_contribution *contribution;
    int64_t sign;
};

static int add_part(void *context, uint64_t funder, const char *territory, enum pic_measure measure,
                    int64_t amount)
{
    const struct adding *in = context;
    struct pic_rollup *r = in->rollup;
    int status = r->used_n >= SLOTS_FULL ? pic_rollup_flush(r) : PIC_OK;
    if (status != PIC_OK)
        return status;
    struct cell *cell =
        cell_of(r, in->contribution->fund, funder, in->contribution->theme, territory);
    if (measure == PIC_MEASURES)
        cell->projects += in->sign * amount;
    else
        cell->measures[measure] += in->sign * amount;
    return PIC_OK;
}

static int add(struct pic_rollup *r, const struct pic_contribution *c, int64_t sign)
{
    struct adding adding = {r, c, sign};
    return pic_rollup_cut(r, c, add_part, &adding);
}

static bool is_same(const struct pic_contribution *a, const struct pic_contribution *b)
{
    return a->fund == b->fund && a->projects == b->projects &&
           memcmp(a->measures, b->measures, sizeof a->measures) == 0 &&
           strcmp(a->theme, b->theme) == 0 && strcmp(a->territories, b->territories) == 0;
}

int pic_rollup_move(struct pic_rollup *r, const struct pic_contribution *before,
                    const struct pic_contribution *after)
{
    if (before->fund != 0 && after->fund != 0 && is_same(before, after))
        return PIC_OK;
    int status = add(r, before, -1);
    return status == PIC_OK ? add(r, after, 1) : status;
}

int pic_rollup_split_again(struct pic_rollup *r, uint64_t fund)
{
    r->funds[fund % FUNDS_CACHED] = (struct shares){0};
    int status = pic_rollup_flush(r); /* what belongs to other funds must not be lost below */
    if (status != PIC_OK)
        return status;
    (void)sqlite3_bind_int64(r->stmt[QUERY_CLEAR_FUND], 1, (sqlite3_int64)fund);
    status = pic_db_run(r->stmt[QUERY_CLEAR_FUND]);
    sqlite3_stmt *projects = r->stmt[QUERY_PROJECTS];
    bool row = true;
    (void)sqlite3_bind_int64(projects, 1, (sqlite3_int64)fund);
    while (status == PIC_OK) {
        struct pic_contribution c;
        status = pic_db_step(projects, &row);
        if (status != PIC_OK || !row)
            break;
        status = pic_rollup_contribution(r, (uint64_t)sqlite3_column_int64(projects, 0), &c);
        if (status == PIC_OK)
            status = add(r, &c, 1);
    }
    (void)sqlite3_reset(projects);
    return status;
}

static void bind_key(sqlite3_stmt *stmt, const struct cell *c)
{
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)c->fund);
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)c->funder);
    pic_db_bind_text(stmt, 3, pic_span_text(c->theme));
    pic_db_bind_text(stmt, 4, pic_span_text(c->territory));
}

static int write_cell(struct pic_rollup *r, const struct cell *c)
{
    sqlite3_stmt *stmt = r->stmt[QUERY_ADD];
    bool zero = c->projects == 0;
    bool lowers = c->projects < 0;
    for (int m = 0; m < PIC_MEASURES; m++) {
        zero = zero && c->measures[m] == 0;
        lowers = lowers || c->measures[m] != 0;
    }
    if (zero)
        return PIC_OK;
    bind_key(stmt, c);
    (void)sqlite3_bind_int64(stmt, 5, c->projects);
    for (int m = 0; m < PIC_MEASURES; m++)
        (void)sqlite3_bind_int64(stmt, 6 + m, c->measures[m]);
    int status = pic_db_run(stmt);
    if (status != PIC_OK || !lowers)
        return status;
    bind_key(r->stmt[QUERY_TIDY], c);
    return pic_db_run(r->stmt[QUERY_TIDY]);
}

int pic_rollup_flush(struct pic_rollup *r)
{
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < r->used_n; i++)
        status = write_cell(r, &r->cells[r->used[i]]);
    if (status == PIC_OK)
        pic_rollup_forget(r);
    return status;
}

void pic_rollup_forget(struct pic_rollup *r)
{
    for (size_t i = 0; i < r->used_n; i++)
        r->cells[r->used[i]].used = false;
    r->used_n = 0;
    memset(r->funds, 0, sizeof r->funds);
}
