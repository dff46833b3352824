#include <stdlib.h>
#include <string.h>

#include "schema/dictionary/identifiers.h"
#include "schema/dictionary/nomenclatures.h"
#include "schema/dictionary/number.h"
#include "schema/state/entry.h"
#include "schema/state/ladder.h"
#include "server/commands/commands.h"

/* The consolidated view: the money ladder by one dimension, and what is behind a total. */

enum { CODE_MAX = 64 };

/* Filters as typed, in their canonical form. */
struct filters {
    struct pic_ladder_ask ask;
    struct pic_buf qpv, commune, epci;
};

static void release_filters(struct filters *f)
{
    pic_buf_release(&f->qpv);
    pic_buf_release(&f->commune);
    pic_buf_release(&f->epci);
}

/* A row that an option names; 0 for "", which keeps what has none. */
static int read_row(struct pic_call *call, struct pic_state *state, const char *option,
                    const char *table, int64_t *out)
{
    const char *typed = pic_call_option(call, option);
    uint64_t id = 0;
    if (typed == NULL)
        return PIC_OK;
    int status = *typed == '\0'
                     ? PIC_OK
                     : pic_entry_find(state, table, PIC_DEVICE_SERVER, typed, &id, &call->err);
    if (status == PIC_OK)
        *out = (int64_t)id;
    return status;
}

static int read_identifier(struct pic_call *call, const char *option, enum pic_identifier kind,
                           struct pic_buf *store, const char **out)
{
    const char *typed = pic_call_option(call, option);
    pic_buf_init(store, CODE_MAX);
    if (typed == NULL)
        return PIC_OK;
    int status = *typed == '\0' ? PIC_OK : pic_identifier_parse(kind, typed, store, &call->err);
    if (status == PIC_OK)
        *out = pic_buf_string(store);
    return status;
}

static int read_filters(struct pic_call *call, struct pic_state *state, struct filters *f)
{
    const char *by = pic_call_option(call, "par");
    const char *year = pic_call_option(call, "annee");
    struct pic_ladder_ask *ask = &f->ask;
    *f = (struct filters){.ask =
                              pic_ladder_ask_all(by == NULL ? PIC_BY_FUND : pic_dimension_of(by))};
    ask->theme = pic_call_option(call, "theme");
    int status = read_row(call, state, "programme", "programme", &ask->programme);
    if (status == PIC_OK)
        status = read_row(call, state, "fonds", "fund", &ask->fund);
    if (status == PIC_OK)
        status = read_row(call, state, "financeur", "organisation", &ask->funder);
    if (status == PIC_OK && year != NULL)
        status = pic_count_parse(year, PIC_YEAR_MAX, &ask->year, &call->err);
    if (status == PIC_OK)
        status = read_identifier(call, "qpv", PIC_IDENTIFIER_TERRITORY, &f->qpv, &ask->qpv);
    if (status == PIC_OK)
        status = read_identifier(call, "commune", PIC_IDENTIFIER_INSEE, &f->commune, &ask->commune);
    if (status == PIC_OK)
        status = read_identifier(call, "epci", PIC_IDENTIFIER_SIREN, &f->epci, &ask->epci);
    return status;
}

static int print(struct pic_call *call, const struct pic_sheet *sheet)
{
    if (!pic_call_has(call, "csv"))
        return pic_call_sheet(call, sheet, false);
    int status = pic_sheet_print(sheet, PIC_SHEET_TABLEUR, NULL, &call->out);
    return status == PIC_OK ? PIC_OK : pic_fail(&call->err, status, NULL);
}

static void put_number(struct pic_sheet *sheet, uint64_t id)
{
    struct pic_buf number;
    pic_buf_init(&number, CODE_MAX);
    pic_dot_print(id, &number);
    pic_sheet_text(sheet, pic_buf_string(&number));
    pic_buf_release(&number);
}

/* --- totals --- */

static void put_measures(struct pic_sheet *sheet, const struct pic_ladder_ask *ask,
                         const int64_t *measures)
{
    for (int i = 0; i < PIC_LADDER_MEASURES; i++)
        if (pic_ladder_knows(ask, (enum pic_ladder_measure)i))
            pic_sheet_int(sheet, measures[i]);
        else
            pic_sheet_null(sheet);
}

static bool is_about_rows(enum pic_dimension by)
{
    return by == PIC_BY_PROGRAMME || by == PIC_BY_FUND || by == PIC_BY_FUNDER;
}

/* Ids are shown as people type them. */
static void put_key(struct pic_sheet *sheet, enum pic_dimension by, struct pic_span key)
{
    char digits[24] = "";
    if (!is_about_rows(by) || key.n == 0 || key.n >= sizeof digits) {
        pic_sheet_span(sheet, key);
        return;
    }
    memcpy(digits, key.p, key.n);
    put_number(sheet, strtoull(digits, NULL, 10));
}

static int fill_totals(struct pic_db *db, const struct pic_ladder_ask *ask, struct pic_sheet *sheet,
                       bool with_total, struct pic_err *err)
{
    struct pic_ladder *ladder;
    struct pic_ladder_row row;
    bool more = true;
    int64_t whole[PIC_LADDER_MEASURES];
    int status = pic_ladder_open(db, ask, &ladder, err);
    if (status != PIC_OK)
        return status;
    while ((status = pic_ladder_next(ladder, &row, &more)) == PIC_OK && more) {
        put_key(sheet, ask->by, row.key);
        pic_sheet_span(sheet, row.label);
        put_measures(sheet, ask, row.measures);
    }
    pic_ladder_close(ladder);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    if (!with_total)
        return PIC_OK;
    status = pic_ladder_total(db, ask, whole, err);
    pic_sheet_text(sheet, "");
    pic_sheet_text(sheet, "Total");
    put_measures(sheet, ask, whole);
    return status;
}

static int show_totals(struct pic_call *call, struct pic_server *server,
                       const struct pic_ladder_ask *ask)
{
    struct pic_column columns[2 + PIC_LADDER_MEASURES] = {
        {"cle", is_about_rows(ask->by) ? "N°" : "Code", PIC_TYPE_TEXT},
        {"libelle", pic_dimension_titles[ask->by], PIC_TYPE_TEXT},
    };
    struct pic_sheet sheet;
    for (int i = 0; i < PIC_LADDER_MEASURES; i++)
        columns[2 + i] =
            (struct pic_column){pic_ladder_keys[i], pic_ladder_titles[i],
                                i == PIC_LADDER_PROJECTS ? PIC_TYPE_COUNT : PIC_TYPE_MONEY};
    pic_sheet_init(&sheet, columns, 2 + PIC_LADDER_MEASURES);
    /* A file that is added up again, or one row that is the total already, needs none. */
    bool for_people =
        !call->json && !call->plain && !pic_call_has(call, "csv") && ask->by != PIC_BY_NOTHING;
    int status = fill_totals(pic_server_db(server), ask, &sheet, for_people, &call->err);
    if (status == PIC_OK)
        status = print(call, &sheet);
    pic_sheet_release(&sheet);
    return status;
}

/* --- what is behind them --- */

static const struct pic_column project_columns[] = {
    {"numero", "N°", PIC_TYPE_TEXT},
    {"titre", "Projet", PIC_TYPE_TEXT},
    {"demande", "Demandé", PIC_TYPE_MONEY},
    {"accorde", "Accordé", PIC_TYPE_MONEY},
    {"paye", "Payé", PIC_TYPE_MONEY},
    {"justifie", "Justifié", PIC_TYPE_MONEY},
    {"rapproche", "Rapproché", PIC_TYPE_MONEY},
    {"solde_du", "Solde dû", PIC_TYPE_MONEY},
};

enum { PROJECT_COLUMNS = sizeof project_columns / sizeof *project_columns };

struct listing {
    struct pic_sheet sheet;
    struct pic_rows *rows;
};

static int put_project(void *context, const struct pic_ladder_project *project)
{
    struct listing *l = context;
    const struct pic_entity *entity = pic_dictionary_entity(PIC_PROJECT);
    struct pic_row row;
    int status = pic_row_load(l->rows, entity, project->id, &row);
    if (status != PIC_OK)
        return status;
    put_number(&l->sheet, project->id);
    pic_sheet_value(&l->sheet, pic_row_value(&row, pic_entity_by_column(entity, "title")->number));
    for (int i = 0; i < PIC_MEASURES; i++)
        pic_sheet_int(&l->sheet, project->measures[i]);
    return PIC_OK;
}

static int show_projects(struct pic_call *call, struct pic_server *server,
                         const struct pic_ladder_ask *ask)
{
    struct listing l = {.rows = pic_state_rows(pic_server_state(server))};
    pic_sheet_init(&l.sheet, project_columns, PROJECT_COLUMNS);
    int status = pic_ladder_projects(l.rows, ask, put_project, &l, &call->err);
    if (status == PIC_OK)
        status = print(call, &l.sheet);
    pic_sheet_release(&l.sheet);
    return status;
}

static const struct pic_column fact_columns[] = {
    {"numero", "N°", PIC_TYPE_TEXT},        {"nature", "Nature", PIC_TYPE_TEXT},
    {"date", "Date", PIC_TYPE_DATE},        {"quoi", "Quoi", PIC_TYPE_TEXT},
    {"montant", "Montant", PIC_TYPE_MONEY}, {"compte", "Compté", PIC_TYPE_BOOL},
};

enum { FACT_COLUMNS = sizeof fact_columns / sizeof *fact_columns };

/* An outcome or a kind by its label, where people read it; a supplier as it is. */
static struct pic_span what_of(const struct pic_ladder_fact *fact)
{
    const struct pic_field *outcome = pic_entity_by_column(fact->entity, "outcome");
    const struct pic_field *kind = pic_entity_by_column(fact->entity, "kind");
    const struct pic_field *field = outcome != NULL ? outcome : kind;
    struct pic_span label = pic_span_of(NULL, 0);
    if (field != NULL && field->type == PIC_TYPE_CODE)
        label = pic_nomenclature_label(field->about, fact->what);
    return label.n > 0 ? label : fact->what;
}

static int put_fact(void *context, const struct pic_ladder_fact *fact)
{
    struct pic_sheet *sheet = context;
    put_number(sheet, fact->id);
    pic_sheet_text(sheet, fact->entity->label);
    pic_sheet_int(sheet, fact->on);
    pic_sheet_span(sheet, what_of(fact));
    pic_sheet_int(sheet, fact->cents);
    pic_sheet_int(sheet, fact->counts);
    return PIC_OK;
}

static int show_facts(struct pic_call *call, struct pic_server *server, uint64_t project)
{
    struct pic_sheet sheet;
    pic_sheet_init(&sheet, fact_columns, FACT_COLUMNS);
    int status = pic_ladder_facts(pic_server_db(server), project, put_fact, &sheet, &call->err);
    if (status == PIC_OK)
        status = print(call, &sheet);
    pic_sheet_release(&sheet);
    return status;
}

/* Down from a programme, a fund or a funder to its projects, from a project to its facts. */
static int show_detail(struct pic_call *call, struct pic_server *server, struct pic_ladder_ask *ask)
{
    uint64_t id = 0;
    uint64_t org;
    const struct pic_entity *entity;
    if (call->arg_n == 0)
        return show_projects(call, server, ask);
    int status = pic_entry_find(pic_server_state(server), "", PIC_DEVICE_SERVER, call->args[0], &id,
                                &call->err);
    if (status == PIC_OK)
        status = pic_state_find(pic_server_state(server), id, &entity, &org);
    if (status != PIC_OK)
        return pic_fail(&call->err, PIC_ENOT_FOUND, call->args[0], NULL);
    switch (entity->number) {
    case PIC_PROJECT:
        return show_facts(call, server, id);
    case PIC_PROGRAMME:
        ask->programme = (int64_t)id;
        break;
    case PIC_FUND:
        ask->fund = (int64_t)id;
        break;
    case PIC_ORGANISATION:
        ask->funder = (int64_t)id;
        break;
    default:
        return pic_fail(&call->err, PIC_EUSAGE,
                        "--detail va avec un programme, un fonds, un financeur ou un projet", NULL);
    }
    return show_projects(call, server, ask);
}

static int run_view(struct pic_call *call)
{
    struct pic_server server;
    struct filters f;
    bool detail = call->arg_n > 0 || pic_call_has(call, "detail");
    int status = pic_command_open(call, PIC_SERVER_READ_ONLY, &server);
    if (status != PIC_OK)
        return status;
    status = read_filters(call, pic_server_state(&server), &f);
    if (status == PIC_OK && detail)
        status = show_detail(call, &server, &f.ask);
    else if (status == PIC_OK)
        status = show_totals(call, &server, &f.ask);
    release_filters(&f);
    pic_server_close(&server);
    return status;
}

static const struct pic_option view_options[] = {
    {"par", "DIMENSION", "Une ligne par… (fonds si rien n'est dit)",
     "tout programme fonds financeur theme qpv commune epci annee", 0},
    {"programme", "NUMÉRO|NOM", "Un programme européen ; vide : ce qui n'en a pas", NULL, 0},
    {"fonds", "NUMÉRO|NOM", "Un fonds", NULL, 0},
    {"financeur", "NUMÉRO|NOM", "La part d'un financeur ; vide : ce que personne ne porte", NULL,
     0},
    {"theme", "CODE", "Un thème ; vide : non renseigné", NULL, 0},
    {"qpv", "CODE", "Un quartier ou une commune, comme les projets le nomment", NULL, 0},
    {"commune", "CODE", "Une commune et les quartiers qui la touchent", NULL, 0},
    {"epci", "SIREN", "Une intercommunalité", NULL, 0},
    {"annee", "ANNÉE", "L'année du fonds", NULL, 0},
    {"detail", NULL,
     "Les projets derrière le total ; avec NUMÉRO, ceux de cet objet, ou les faits d'un projet",
     NULL, 0},
    {"csv", NULL, "Un tableau pour tableur", NULL, 0},
    {.name = NULL},
};

const struct pic_command pic_commands_view[] = {
    {
        .path = "vue",
        .usage = "[NUMÉRO]",
        .summary = "Montre l'argent : enveloppe, accordé, payé, justifié, reste",
        .detail = "Les lignes font toujours le total ; ce qui manque est « non renseigné ». Un "
                  "quartier sur plusieurs communes est compté pour elles ensemble, sans partage.",
        .options = view_options,
        .run = run_view,
        .arg_max = 1,
    },
};
const size_t pic_commands_view_n = sizeof pic_commands_view / sizeof *pic_commands_view;
