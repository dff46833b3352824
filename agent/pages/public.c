#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "agent/listing.h"
#include "agent/pages/pages.h"
#include "agent/record.h"
#include "schema/dictionary/grid.h"
#include "schema/dictionary/nomenclatures.h"
#include "schema/dictionary/number.h"

/* The public of a project, counted without names: what was counted, and a grid to count again. */

enum {
    SAID_MAX = 4096,
    NAME_SIZE = 64,
    LABEL_SIZE = 256,
    AGES = PIC_GRID_COARSE + 1, /* of the short form, and unknown */
    HTTP_UNPROCESSABLE = 422,
};

static size_t age_at(size_t i)
{
    return i < PIC_GRID_COARSE ? pic_grid_coarse[i] : PIC_GRID_AGE_UNKNOWN;
}

static void copy_label(const char *nomenclature, const char *code, char out[static LABEL_SIZE])
{
    struct pic_span label = pic_nomenclature_label(nomenclature, pic_span_text(code));
    (void)snprintf(out, LABEL_SIZE, "%.*s", (int)label.n, (const char *)label.p);
}

static void name_cell(size_t gender, size_t age, size_t residence, char out[static NAME_SIZE])
{
    (void)snprintf(out, NAME_SIZE, "g.%s/%s/%s", pic_grid_genders[gender], pic_grid_ages[age],
                   pic_grid_residences[residence]);
}

/* --- what was counted --- */

/* "Femmes 12, Hommes 8": the parts of a total that are not empty. */
static void put_parts(struct pic_sheet *sheet, const char *nomenclature, const char *const *codes,
                      const uint64_t *counts, size_t n)
{
    struct pic_buf text;
    char label[LABEL_SIZE];
    pic_buf_init(&text, SAID_MAX);
    for (size_t i = 0; i < n; i++) {
        if (counts[i] == 0)
            continue;
        copy_label(nomenclature, codes[i], label);
        pic_buf_printf(&text, "%s%s %llu", text.len > 0 ? ", " : "", label,
                       (unsigned long long)counts[i]);
    }
    pic_sheet_span(sheet, pic_buf_view(&text));
    pic_buf_release(&text);
}

static void put_count(struct pic_sheet *sheet, const struct pic_field *moment, sqlite3_stmt *stmt)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_ATTENDANCE);
    struct pic_grid grid;
    struct pic_grid_totals totals = {0};
    struct pic_value day;
    if (pic_grid_get(pic_db_column_span(stmt, 3), &grid) == PIC_OK)
        pic_grid_add_up(&grid, &totals);
    const struct pic_value all = {.kind = PIC_KIND_INT, .i = (int64_t)totals.all};
    pic_listing_number(sheet, (uint64_t)sqlite3_column_int64(stmt, 0));
    pic_listing_column(stmt, 1, pic_entity_by_column(entity, "held_on"), &day);
    pic_sheet_value(sheet, &day);
    pic_sheet_span(sheet, pic_nomenclature_label(moment->about, pic_db_column_span(stmt, 2)));
    pic_sheet_value(sheet, &all);
    put_parts(sheet, "genre", pic_grid_genders, totals.gender, PIC_GRID_GENDERS);
    put_parts(sheet, "tranche-age", pic_grid_ages, totals.age, PIC_GRID_AGES);
    put_parts(sheet, "habite-quartier", pic_grid_residences, totals.residence, PIC_GRID_RESIDENCES);
}

static int put_counted(struct pic_visit *visit)
{
    static const struct pic_column columns[] = {
        {"numero", "N°", PIC_TYPE_TEXT},        {"date", "Date", PIC_TYPE_DATE},
        {"moment", "Moment", PIC_TYPE_TEXT},    {"total", "Personnes", PIC_TYPE_COUNT},
        {"genre", "Par sexe", PIC_TYPE_TEXT},   {"age", "Par âge", PIC_TYPE_TEXT},
        {"quartier", "Quartier", PIC_TYPE_TEXT}};
    const struct pic_field *moment =
        pic_entity_by_column(pic_dictionary_entity(PIC_ATTENDANCE), "moment");
    const struct pic_table table = {.caption = "Ce qui est compté", .row_path = "/public/"};
    struct pic_sheet sheet;
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(&visit->agent->db,
                                        "SELECT id, held_on, moment, grid FROM attendance"
                                        " WHERE project = ?1 AND cancelled IS NULL ORDER BY id",
                                        &visit->err);
    if (stmt == NULL)
        return visit->err.status;
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)visit->id);
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        put_count(&sheet, moment, stmt);
        status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    if (sheet.row_n > 0)
        pic_table_print(&visit->page, &sheet, &table);
    pic_sheet_release(&sheet);
    return status;
}

/* --- the grid --- */

static void put_cell(struct pic_visit *visit, size_t gender, size_t age, size_t residence)
{
    char name[NAME_SIZE];
    char labels[3][LABEL_SIZE];
    char label[sizeof labels + sizeof ", , "];
    name_cell(gender, age, residence, name);
    copy_label("genre", pic_grid_genders[gender], labels[0]);
    copy_label("tranche-age", pic_grid_ages[age], labels[1]);
    copy_label("habite-quartier", pic_grid_residences[residence], labels[2]);
    (void)snprintf(label, sizeof label, "%s, %s, %s", labels[0], labels[1], labels[2]);
    pic_page_open(&visit->page, "td", NULL);
    pic_page_void(&visit->page, "input", "type", "text", "inputmode", "numeric", "name", name,
                  "aria-label", label, "autocomplete", "off", "value",
                  pic_posted_text(visit->request->form, name), NULL);
    pic_page_close(&visit->page);
}

static void put_residence(struct pic_visit *visit, size_t residence)
{
    struct pic_page *page = &visit->page;
    char label[LABEL_SIZE];
    pic_page_open(page, "div", "class", "cadre public", NULL);
    pic_page_open(page, "table", NULL);
    copy_label("habite-quartier", pic_grid_residences[residence], label);
    pic_page_element(page, "caption", label, NULL);
    pic_page_open(page, "thead", NULL);
    pic_page_open(page, "tr", NULL);
    pic_page_element(page, "th", "Âge", "scope", "col", NULL);
    for (size_t g = 0; g < PIC_GRID_GENDERS; g++) {
        copy_label("genre", pic_grid_genders[g], label);
        pic_page_element(page, "th", label, "scope", "col", NULL);
    }
    pic_page_close(page);
    pic_page_close(page);
    pic_page_open(page, "tbody", NULL);
    for (size_t a = 0; a < AGES; a++) {
        pic_page_open(page, "tr", NULL);
        copy_label("tranche-age", pic_grid_ages[age_at(a)], label);
        pic_page_element(page, "th", label, "scope", "row", NULL);
        for (size_t g = 0; g < PIC_GRID_GENDERS; g++)
            put_cell(visit, g, age_at(a), residence);
        pic_page_close(page);
    }
    pic_page_close(page);
    pic_page_close(page);
    pic_page_close(page);
}

static const struct total {
    const char *name, *label;
    size_t at;
} totals[] = {
    {"total-genre", "Total par sexe", offsetof(struct pic_grid_announced, by_gender)},
    {"total-age", "Total par âge", offsetof(struct pic_grid_announced, by_age)},
    {"total-residence", "Total par quartier", offsetof(struct pic_grid_announced, by_residence)},
};

static void put_form(struct pic_visit *visit)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_ATTENDANCE);
    const struct pic_posted *sent = visit->request->form;
    const char *moment = pic_posted_text(sent, "moment");
    struct pic_form form = {.page = &visit->page, .choices = pic_visit_choices, .context = visit};
    pic_page_element(&visit->page, "h2", "Compter le public", NULL);
    pic_form_begin(&form, visit->request->path, visit->request->token, false, NULL);
    pic_form_field(&form, pic_entity_by_column(entity, "moment"),
                   moment == NULL ? "realise" : moment, true, NULL);
    pic_form_field(&form, pic_entity_by_column(entity, "held_on"), pic_posted_text(sent, "date"),
                   false, NULL);
    for (size_t r = 0; r < PIC_GRID_RESIDENCES; r++)
        put_residence(visit, r);
    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++) {
        const struct pic_form_line line = {.name = totals[i].name,
                                           .label = totals[i].label,
                                           .help = "Facultatif ; comparé à la grille.",
                                           .type = "text",
                                           .typed = pic_posted_text(sent, totals[i].name),
                                           .autocomplete = "off"};
        pic_form_line(&form, &line);
    }
    pic_form_end(&form, "Enregistrer", NULL);
}

static void put_page(struct pic_visit *visit, const char *error)
{
    pic_project_begin(visit, "/public", "public", "pic public grille");
    if (error != NULL)
        pic_layout_notice(&visit->page, "erreur", error);
    else if (pic_posted_text(visit->request->query, "enregistre") != NULL)
        pic_layout_notice(&visit->page, "bien", pic_speech_text(PIC_TELL_PAGE_SAVED));
    if (put_counted(visit) != PIC_OK)
        pic_layout_notice(&visit->page, "erreur", pic_speech_sentence(PIC_EIO));
    if (pic_visit_may_create(visit, pic_dictionary_entity(PIC_ATTENDANCE)))
        put_form(visit);
    pic_visit_end(visit);
}

void pic_page_project_public(struct pic_visit *visit)
{
    put_page(visit, NULL);
}

/* --- counting --- */

static int read_cells(struct pic_visit *visit, struct pic_grid *grid)
{
    const struct pic_posted *sent = visit->request->form;
    int status = PIC_OK;
    for (size_t i = 0;
         status == PIC_OK && i < (size_t)AGES * PIC_GRID_GENDERS * PIC_GRID_RESIDENCES; i++) {
        const size_t residence = i % PIC_GRID_RESIDENCES;
        const size_t gender = i / PIC_GRID_RESIDENCES % PIC_GRID_GENDERS;
        const size_t age = age_at(i / PIC_GRID_RESIDENCES / PIC_GRID_GENDERS);
        char name[NAME_SIZE];
        int64_t people = 0;
        name_cell(gender, age, residence, name);
        const char *typed = pic_posted_text(sent, name);
        if (typed != NULL && *typed != '\0')
            status = pic_count_parse(typed, PIC_GRID_COUNT_MAX, &people, &visit->err);
        grid->count[pic_grid_cell(gender, age, residence)] = (uint32_t)people;
    }
    return status;
}

static int read_grid(struct pic_visit *visit, struct pic_grid *grid)
{
    struct pic_grid_announced announced = {-1, -1, -1};
    struct pic_grid_totals counted;
    int status = read_cells(visit, grid);
    for (size_t i = 0; status == PIC_OK && i < sizeof totals / sizeof *totals; i++) {
        const char *typed = pic_posted_text(visit->request->form, totals[i].name);
        if (typed != NULL && *typed != '\0')
            status =
                pic_count_parse(typed, PIC_GRID_COUNT_MAX,
                                (int64_t *)((uint8_t *)&announced + totals[i].at), &visit->err);
    }
    if (status == PIC_OK)
        status = pic_grid_agree(grid, &announced, &visit->err);
    pic_grid_add_up(grid, &counted);
    return status == PIC_OK && counted.all == 0
               ? pic_fail(&visit->err, PIC_EREQUIRED, "grille", "Grille", NULL)
               : status;
}

static int record(struct pic_visit *visit)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_ATTENDANCE);
    const struct pic_posted *sent = visit->request->form;
    const char *moment = pic_posted_text(sent, "moment");
    const char *day = pic_posted_text(sent, "date");
    struct pic_grid grid = {0};
    struct pic_buf bytes;
    uint64_t dot = 0;
    int status = read_grid(visit, &grid);
    if (status != PIC_OK)
        return status;
    pic_buf_init(&bytes, PIC_TEXT_MAX);
    pic_grid_put(&grid, &bytes);
    const struct pic_value value = {.kind = PIC_KIND_BYTES, .s = pic_buf_view(&bytes)};
    const struct pic_input inputs[] = {
        {.field = pic_entity_by_column(entity, "project"), .typed = visit->number},
        {.field = pic_entity_by_column(entity, "moment"), .typed = moment == NULL ? "" : moment},
        {.field = pic_entity_by_column(entity, "held_on"), .typed = day == NULL ? "" : day},
        {.field = pic_entity_by_column(entity, "grid"), .value = &value},
    };
    status = pic_buf_status(&bytes);
    if (status == PIC_OK)
        status = pic_record(visit->agent, entity, 0, inputs, sizeof inputs / sizeof *inputs, &dot,
                            &visit->err);
    pic_buf_release(&bytes);
    return status;
}

void pic_page_project_count(struct pic_visit *visit)
{
    struct pic_buf error;
    int status = record(visit);
    if (status == PIC_OK) {
        pic_visit_go(visit, "/projet/%s/public?enregistre=1", visit->number);
        return;
    }
    if (visit->err.status == PIC_OK)
        visit->err.status = status;
    pic_buf_init(&error, SAID_MAX);
    pic_visit_advice(&visit->err, &error);
    visit->response->status = HTTP_UNPROCESSABLE;
    put_page(visit, pic_buf_string(&error));
    pic_buf_release(&error);
}
