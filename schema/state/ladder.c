#include "schema/state/ladder.h"

#include <stdlib.h>
#include <string.h>

#include "schema/dictionary/identifiers.h"
#include "schema/dictionary/nomenclatures.h"
#include "schema/dictionary/territories.h"

extern const unsigned char pic_embedded_ladder_sql[];
extern const unsigned char pic_embedded_projects_sql[];
extern const unsigned char pic_embedded_facts_sql[];

enum { LABEL_MAX = 2048 };

const char *const pic_dimension_names[PIC_DIMENSIONS] = {
    "tout", "programme", "fonds", "financeur", "theme", "qpv", "commune", "epci", "annee",
};
const char *const pic_dimension_titles[PIC_DIMENSIONS] = {
    "Ensemble", "Programme",        "Fonds", "Financeur", "Thème", "Territoire",
    "Commune",  "Intercommunalité", "Année",
};
const char *const pic_ladder_keys[PIC_LADDER_MEASURES] = {
    "enveloppe", "verse_au_fonds", "demande",  "accorde", "paye",
    "justifie",  "rapproche",      "solde_du", "reste",   "projets",
};
const char *const pic_ladder_titles[PIC_LADDER_MEASURES] = {
    "Enveloppe", "Versé au fonds", "Demandé",  "Accordé", "Payé",
    "Justifié",  "Rapproché",      "Solde dû", "Reste",   "Projets",
};

enum pic_dimension pic_dimension_of(const char *name)
{
    int by = 0;
    while (by < PIC_DIMENSIONS && strcmp(pic_dimension_names[by], name) != 0)
        by++;
    return (enum pic_dimension)by;
}

struct pic_ladder_ask pic_ladder_ask_all(enum pic_dimension by)
{
    return (struct pic_ladder_ask){.by = by, .programme = -1, .fund = -1, .funder = -1, .year = -1};
}

static bool names_a_place(const struct pic_ladder_ask *ask)
{
    return ask->qpv != NULL || ask->commune != NULL || ask->epci != NULL || ask->by == PIC_BY_QPV ||
           ask->by == PIC_BY_COMMUNE || ask->by == PIC_BY_EPCI;
}

bool pic_ladder_knows(const struct pic_ladder_ask *ask, enum pic_ladder_measure measure)
{
    bool promised = measure == PIC_LADDER_ENVELOPE || measure == PIC_LADDER_TRANSFERRED ||
                    measure == PIC_LADDER_REMAINING;
    if (promised)
        return !names_a_place(ask) && ask->theme == NULL && ask->by != PIC_BY_THEME;
    return measure != PIC_LADDER_PROJECTS || ask->by != PIC_BY_FUNDER;
}

/* --- functions for SQL --- */

/* Communes of a territory: those of its district, the commune itself, that of a veille. */
static size_t communes_of(const struct pic_territories *all, struct pic_span code,
                          struct pic_span out[static PIC_TERRITORY_COMMUNES_MAX])
{
    const struct pic_territory *district = pic_territories_by_code(all, code);
    enum pic_zone zone = pic_zone_of(code);
    if (district != NULL)
        for (size_t i = 0; i < district->commune_n; i++)
            out[i] = district->communes[i].insee;
    if (district != NULL)
        return district->commune_n;
    if (zone != PIC_ZONE_COMMUNE && zone != PIC_ZONE_VEILLE)
        return 0; /* the geography of 2015 does not ship */
    out[0] = pic_span_of(code.p, 5);
    return 1;
}

/* The district that knows the intercommunality of a territory, or NULL. */
static const struct pic_territory *epci_district(const struct pic_territories *all,
                                                 struct pic_span code)
{
    struct pic_span communes[PIC_TERRITORY_COMMUNES_MAX] = {{0}};
    const struct pic_territory *found = pic_territories_by_code(all, code);
    if (found == NULL && communes_of(all, code, communes) == 1)
        (void)pic_territories_of_commune(all, communes[0], &found, 1);
    return found;
}

static struct pic_span argument(sqlite3_value *value)
{
    const void *p = sqlite3_value_text(value);
    return p == NULL ? pic_span_of("", 0) : pic_span_of(p, (size_t)sqlite3_value_bytes(value));
}

static void give(sqlite3_context *context, const struct pic_buf *text)
{
    if (text->bad)
        sqlite3_result_error_nomem(context);
    else if (text->len == 0)
        sqlite3_result_null(context);
    else
        sqlite3_result_text(context, (const char *)text->data, (int)text->len, SQLITE_TRANSIENT);
}

static void commune_of(sqlite3_context *context, int n, sqlite3_value **arguments)
{
    struct pic_span communes[PIC_TERRITORY_COMMUNES_MAX];
    struct pic_buf key;
    (void)n;
    pic_buf_init(&key, LABEL_MAX);
    size_t commune_n = communes_of(sqlite3_user_data(context), argument(arguments[0]), communes);
    for (size_t i = 0; i < commune_n; i++) {
        pic_buf_text(&key, i == 0 ? "" : "+");
        pic_buf_bytes(&key, communes[i].p, communes[i].n);
    }
    give(context, &key);
    pic_buf_release(&key);
}

static void epci_of(sqlite3_context *context, int n, sqlite3_value **arguments)
{
    const struct pic_territory *district =
        epci_district(sqlite3_user_data(context), argument(arguments[0]));
    (void)n;
    if (district == NULL)
        sqlite3_result_null(context);
    else
        sqlite3_result_text(context, (const char *)district->epci.p, (int)district->epci.n,
                            SQLITE_TRANSIENT);
}

static void lies_in(sqlite3_context *context, int n, sqlite3_value **arguments)
{
    const struct pic_territories *all = sqlite3_user_data(context);
    struct pic_span communes[PIC_TERRITORY_COMMUNES_MAX];
    struct pic_span territory = argument(arguments[1]);
    struct pic_span wanted = argument(arguments[2]);
    bool lies = false;
    (void)n;
    if (pic_span_equal(argument(arguments[0]), pic_span_text("epci"))) {
        const struct pic_territory *district = epci_district(all, territory);
        lies = district == NULL ? wanted.n == 0 : pic_span_equal(district->epci, wanted);
    } else {
        size_t commune_n = communes_of(all, territory, communes);
        lies = commune_n == 0 && wanted.n == 0;
        for (size_t i = 0; i < commune_n; i++)
            lies = lies || pic_span_equal(communes[i], wanted);
    }
    sqlite3_result_int(context, lies);
}

/* The name of a commune that has a district, else its code. */
static struct pic_span commune_name(const struct pic_territories *all, struct pic_span insee)
{
    const struct pic_territory *district = NULL;
    (void)pic_territories_of_commune(all, insee, &district, 1);
    for (size_t i = 0; district != NULL && i < district->commune_n; i++)
        if (pic_span_equal(district->communes[i].insee, insee))
            return district->communes[i].name;
    return insee;
}

/* "Roubaix + Tourcoing" of "59512+59599". */
static void put_communes(const struct pic_territories *all, struct pic_span codes,
                         struct pic_buf *out)
{
    for (size_t at = 0; at < codes.n;) {
        size_t end = at;
        while (end < codes.n && codes.p[end] != '+')
            end++;
        struct pic_span name = commune_name(all, pic_span_of(codes.p + at, end - at));
        pic_buf_text(out, at == 0 ? "" : " + ");
        pic_buf_bytes(out, name.p, name.n);
        at = end + 1;
    }
}

static void put_territory(const struct pic_territories *all, struct pic_span code,
                          struct pic_buf *out)
{
    const struct pic_territory *district = pic_territories_by_code(all, code);
    struct pic_span communes[PIC_TERRITORY_COMMUNES_MAX];
    if (district != NULL) {
        pic_buf_bytes(out, district->name.p, district->name.n);
        pic_buf_text(out, " (");
        for (size_t i = 0; i < district->commune_n; i++)
            pic_buf_printf(out, "%s%.*s", i == 0 ? "" : " + ", (int)district->communes[i].name.n,
                           (const char *)district->communes[i].name.p);
        pic_buf_text(out, ")");
    } else if (communes_of(all, code, communes) == 1) {
        struct pic_span name = commune_name(all, communes[0]);
        pic_buf_bytes(out, name.p, name.n);
        pic_buf_text(out,
                     pic_zone_of(code) == PIC_ZONE_VEILLE ? " (quartier de veille)" : " (commune)");
    } else {
        pic_buf_bytes(out, code.p, code.n);
    }
}

static void put_epci(const struct pic_territories *all, struct pic_span siren, struct pic_buf *out)
{
    const struct pic_territory *district = NULL;
    struct pic_span name = siren;
    (void)pic_territories_of_epci(all, siren, &district, 1);
    if (district != NULL)
        name = district->epci_name;
    pic_buf_bytes(out, name.p, name.n);
}

static void label_of(sqlite3_context *context, int n, sqlite3_value **arguments)
{
    const struct pic_territories *all = sqlite3_user_data(context);
    struct pic_span kind = argument(arguments[0]);
    struct pic_span code = argument(arguments[1]);
    struct pic_buf label;
    (void)n;
    pic_buf_init(&label, LABEL_MAX);
    if (pic_span_equal(kind, pic_span_text("qpv")))
        put_territory(all, code, &label);
    else if (pic_span_equal(kind, pic_span_text("commune")))
        put_communes(all, code, &label);
    else if (pic_span_equal(kind, pic_span_text("epci")))
        put_epci(all, code, &label);
    else if (pic_span_equal(kind, pic_span_text("theme"))) {
        struct pic_span shipped = pic_nomenclature_label("theme", code);
        pic_buf_bytes(&label, shipped.p, shipped.n);
    }
    if (label.len == 0 && code.n > 0)
        pic_buf_bytes(&label, code.p, code.n);
    give(context, &label);
    pic_buf_release(&label);
}

int pic_ladder_lend(struct pic_db *db, struct pic_err *err)
{
    static const struct {
        const char *name;
        int arguments;
        void (*run)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {
        {"commune_of", 1, commune_of},
        {"epci_of", 1, epci_of},
        {"lies_in", 3, lies_in},
        {"label_of", 2, label_of},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        struct pic_territories *all = malloc(sizeof *all);
        if (all == NULL)
            return pic_fail(err, PIC_EMEMORY, NULL);
        pic_territories_load(all);
        int code =
            sqlite3_create_function_v2(db->handle, functions[i].name, functions[i].arguments,
                                       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, all,
                                       functions[i].run, NULL, NULL, free);
        if (code != SQLITE_OK)
            return pic_db_fail(db, code, err);
    }
    return PIC_OK;
}

/* --- totals --- */

struct pic_ladder {
    sqlite3_stmt *stmt;
    const char *keyless; /* what the row without a key is called */
};

static void bind_id(sqlite3_stmt *stmt, const char *name, int64_t value)
{
    int at = sqlite3_bind_parameter_index(stmt, name);
    if (at != 0 && value >= 0)
        (void)sqlite3_bind_int64(stmt, at, value);
}

static void bind_code(sqlite3_stmt *stmt, const char *name, const char *code)
{
    int at = sqlite3_bind_parameter_index(stmt, name);
    if (at != 0 && code != NULL)
        pic_db_bind_text(stmt, at, pic_span_text(code));
}

static void bind_ask(sqlite3_stmt *stmt, const struct pic_ladder_ask *ask)
{
    bind_code(stmt, ":by", pic_dimension_names[ask->by]);
    bind_id(stmt, ":programme", ask->programme);
    bind_id(stmt, ":fund", ask->fund);
    bind_id(stmt, ":funder", ask->funder);
    bind_id(stmt, ":year", ask->year);
    bind_code(stmt, ":theme", ask->theme);
    bind_code(stmt, ":qpv", ask->qpv);
    bind_code(stmt, ":commune", ask->commune);
    bind_code(stmt, ":epci", ask->epci);
}

/* Prepares the query and binds what is asked. */
static int ask_for(struct pic_db *db, const struct pic_ladder_ask *ask, struct pic_ladder *out,
                   struct pic_err *err)
{
    int status = pic_ladder_lend(db, err);
    if (status != PIC_OK)
        return status;
    out->stmt = pic_db_prepare(db, (const char *)pic_embedded_ladder_sql, err);
    if (out->stmt == NULL)
        return err->status;
    out->keyless = ask->by == PIC_BY_NOTHING ? "Ensemble" : "non renseigné";
    bind_ask(out->stmt, ask);
    return PIC_OK;
}

int pic_ladder_open(struct pic_db *db, const struct pic_ladder_ask *ask, struct pic_ladder **out,
                    struct pic_err *err)
{
    struct pic_ladder *ladder = calloc(1, sizeof *ladder);
    if (ladder == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    int status = ask_for(db, ask, ladder, err);
    if (status != PIC_OK) {
        pic_ladder_close(ladder);
        return status;
    }
    *out = ladder;
    return PIC_OK;
}

int pic_ladder_next(struct pic_ladder *ladder, struct pic_ladder_row *row, bool *more)
{
    int status = pic_db_step(ladder->stmt, more);
    if (status != PIC_OK || !*more)
        return status;
    bool given = sqlite3_column_type(ladder->stmt, 0) != SQLITE_NULL;
    row->key = given ? pic_db_column_span(ladder->stmt, 0) : pic_span_of("", 0);
    row->label = given ? pic_db_column_span(ladder->stmt, 1) : pic_span_text(ladder->keyless);
    for (int i = 0; i < PIC_LADDER_MEASURES; i++)
        row->measures[i] = sqlite3_column_int64(ladder->stmt, 2 + i);
    return PIC_OK;
}

void pic_ladder_close(struct pic_ladder *ladder)
{
    if (ladder == NULL)
        return;
    (void)sqlite3_finalize(ladder->stmt);
    free(ladder);
}

int pic_ladder_total(struct pic_db *db, const struct pic_ladder_ask *ask,
                     int64_t measures[static PIC_LADDER_MEASURES], struct pic_err *err)
{
    struct pic_ladder_ask whole = *ask;
    struct pic_ladder ladder = {0};
    struct pic_ladder_row row = {0};
    bool more = false;
    whole.by = PIC_BY_NOTHING;
    int status = ask_for(db, &whole, &ladder, err);
    if (status != PIC_OK)
        return status;
    status = pic_ladder_next(&ladder, &row, &more);
    memcpy(measures, row.measures, sizeof row.measures);
    (void)sqlite3_finalize(ladder.stmt);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

/* --- projects --- */

struct keeping {
    const struct pic_ladder_ask *ask;
    const struct pic_territories *all;
    struct pic_ladder_project project;
    bool adds;
};

/* Whether the filters let a territory through, as lies_in does in SQL. */
static bool keeps_place(const struct keeping *in, const char *territory)
{
    const struct pic_ladder_ask *ask = in->ask;
    struct pic_span code = pic_span_text(territory);
    struct pic_span communes[PIC_TERRITORY_COMMUNES_MAX];
    if (ask->qpv != NULL && strcmp(ask->qpv, territory) != 0)
        return false;
    if (ask->commune != NULL) {
        size_t n = communes_of(in->all, code, communes);
        bool lies = n == 0 && *ask->commune == '\0';
        for (size_t i = 0; i < n; i++)
            lies = lies || pic_span_equal(communes[i], pic_span_text(ask->commune));
        if (!lies)
            return false;
    }
    if (ask->epci == NULL)
        return true;
    const struct pic_territory *district = epci_district(in->all, code);
    return district == NULL ? *ask->epci == '\0'
                            : pic_span_equal(district->epci, pic_span_text(ask->epci));
}

static int keep_part(void *context, uint64_t funder, const char *territory,
                     enum pic_measure measure, int64_t amount)
{
    struct keeping *in = context;
    if (!keeps_place(in, territory))
        return PIC_OK;
    if (measure == PIC_MEASURES) {
        in->project.projects += amount;
        in->adds = true;
    } else if (in->ask->funder < 0 || (uint64_t)in->ask->funder == funder) {
        in->project.measures[measure] += amount;
        in->adds = true;
    }
    return PIC_OK;
}

static int walk_projects(struct pic_rollup *rollup, sqlite3_stmt *stmt, struct keeping *in,
                         pic_ladder_project_sink *sink, void *context)
{
    bool row = true;
    int status = PIC_OK;
    while (status == PIC_OK) {
        struct pic_ladder_project *project = &in->project;
        *project = (struct pic_ladder_project){0};
        in->adds = false;
        status = pic_db_step(stmt, &row);
        if (status != PIC_OK || !row)
            break;
        project->id = (uint64_t)sqlite3_column_int64(stmt, 0);
        status = pic_rollup_contribution(rollup, project->id, &project->whole);
        if (status == PIC_OK)
            status = pic_rollup_cut(rollup, &project->whole, keep_part, in);
        if (status == PIC_OK && in->adds)
            status = sink(context, project);
    }
    return status;
}

int pic_ladder_projects(struct pic_rows *rows, const struct pic_ladder_ask *ask,
                        pic_ladder_project_sink *sink, void *context, struct pic_err *err)
{
    struct pic_rollup *rollup = NULL;
    struct pic_territories *all = malloc(sizeof *all);
    if (all == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    pic_territories_load(all);
    struct keeping in = {.ask = ask, .all = all};
    sqlite3_stmt *stmt = pic_db_prepare(rows->db, (const char *)pic_embedded_projects_sql, err);
    int status = stmt == NULL ? err->status : pic_rollup_new(rows, &rollup, err);
    if (status == PIC_OK) {
        bind_ask(stmt, ask);
        status = walk_projects(rollup, stmt, &in, sink, context);
    }
    (void)sqlite3_finalize(stmt);
    pic_rollup_free(rollup);
    free(all);
    return status == PIC_OK || err->status != PIC_OK ? status : pic_fail(err, status, NULL);
}

/* --- facts --- */

int pic_ladder_facts(struct pic_db *db, uint64_t project, pic_ladder_fact_sink *sink, void *context,
                     struct pic_err *err)
{
    sqlite3_stmt *stmt = pic_db_prepare(db, (const char *)pic_embedded_facts_sql, err);
    bool row = true;
    if (stmt == NULL)
        return err->status;
    int status = PIC_OK;
    bind_id(stmt, ":project", (int64_t)project);
    while (status == PIC_OK) {
        status = pic_db_step(stmt, &row);
        if (status != PIC_OK || !row)
            break;
        struct pic_span table = pic_db_column_span(stmt, 0);
        char name[16] = "";
        memcpy(name, table.p, table.n < sizeof name ? table.n : sizeof name - 1);
        const struct pic_ladder_fact fact = {
            .entity = pic_dictionary_by_table(name),
            .id = (uint64_t)sqlite3_column_int64(stmt, 1),
            .on = sqlite3_column_int64(stmt, 2),
            .what = pic_db_column_span(stmt, 3),
            .cents = sqlite3_column_int64(stmt, 4),
            .counts = sqlite3_column_int(stmt, 5) != 0,
            .reversed = (uint64_t)sqlite3_column_int64(stmt, 6),
        };
        status = sink(context, &fact);
    }
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK || err->status != PIC_OK ? status : pic_fail(err, status, NULL);
}
