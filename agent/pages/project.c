#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/listing.h"
#include "agent/pages/pages.h"
#include "agent/warn.h"
#include "schema/state/naming.h"

enum { SAID_MAX = 65536, PATH_SIZE = 512 };

/* --- what every tab of a project starts with --- */

void pic_project_tabs(struct pic_visit *visit, const char *here)
{
    static const struct {
        const char *path, *label;
    } tabs[] = {{"", "Fiche"},
                {"/budget", "Budget"},
                {"/depenses", "Dépenses"},
                {"/public", "Public"},
                {"/pieces", "Pièces"}};
    struct pic_page *page = &visit->page;
    char path[PATH_SIZE];
    pic_page_open(page, "nav", "aria-label", "Ce projet", NULL);
    pic_page_open(page, "ul", "class", "onglets", NULL);
    for (size_t i = 0; i < sizeof tabs / sizeof *tabs; i++) {
        bool on = strcmp(tabs[i].path, here) == 0;
        (void)snprintf(path, sizeof path, "/projet/%s%s", visit->number, tabs[i].path);
        pic_page_open(page, "li", NULL);
        pic_page_element(page, "a", tabs[i].label, "href", path, "aria-current", on ? "page" : NULL,
                         NULL);
        pic_page_close(page);
    }
    pic_page_close(page);
    pic_page_close(page);
}

void pic_project_begin(struct pic_visit *visit, const char *tab, const char *title,
                       const char *command)
{
    struct pic_buf text;
    char full[PATH_SIZE];
    pic_buf_init(&text, SAID_MAX);
    pic_naming_row(visit->agent->state, visit->id, &text);
    pic_buf_printf(&text, " : %s", title);
    (void)snprintf(full, sizeof full, "%s %s", command, visit->number);
    pic_visit_begin(visit, pic_buf_string(&text), full);
    pic_project_tabs(visit, tab);
    pic_buf_release(&text);
}

/* --- rows that belong to the project --- */

struct tab {
    const char *path, *title, *command; /* command: before the number of the project */
    unsigned entity;
    const char *add;
    void (*before)(struct pic_visit *visit); /* what stands above the rows, or NULL */
};

static void put_rows(struct pic_visit *visit, const struct tab *tab, const struct pic_sheet *sheet,
                     const char *sort)
{
    const struct pic_entity *entity = pic_dictionary_entity(tab->entity);
    char rows[PATH_SIZE];
    char sorted[PATH_SIZE];
    struct pic_buf caption;
    pic_buf_init(&caption, SAID_MAX);
    (void)snprintf(rows, sizeof rows, "/%s/", entity->command);
    (void)snprintf(sorted, sizeof sorted, "/projet/%s%s?", visit->number, tab->path);
    pic_speech_count(&caption, sheet->row_n, "ligne", "lignes");
    const struct pic_table table = {
        .caption = pic_buf_string(&caption), .row_path = rows, .sort_path = sorted, .sort = sort};
    if (sheet->row_n > 0) {
        pic_table_print(&visit->page, sheet, &table);
    } else {
        pic_page_open(&visit->page, "div", "class", "vide", NULL);
        pic_page_element(&visit->page, "p", pic_speech_text(PIC_TELL_PAGE_NO_ROW), NULL);
        pic_page_close(&visit->page);
    }
    pic_buf_release(&caption);
}

static void show_tab(struct pic_visit *visit, const struct tab *tab)
{
    const struct pic_entity *entity = pic_dictionary_entity(tab->entity);
    struct pic_listing listing = {
        .entity = entity, .sort = pic_posted_text(visit->request->query, "tri"), .filter_n = 1};
    struct pic_listing_shape shape = {.n = 1, .columns = {{"numero", "N°", PIC_TYPE_TEXT}}};
    struct pic_sheet sheet;
    char path[PATH_SIZE];
    listing.filters[0] = (struct pic_listing_filter){
        .field = pic_entity_by_column(entity, "project"), .typed = visit->number};
    for (size_t i = 0; i < entity->field_n; i++)
        if ((entity->fields[i].flags & PIC_LISTED) != 0 &&
            &entity->fields[i] != listing.filters[0].field)
            pic_listing_shape_add(&shape, &entity->fields[i], true);
    pic_sheet_init(&sheet, shape.columns, shape.n);
    int status = pic_listing_fill(visit->agent, &listing, &shape, &sheet, &visit->err);
    if (status == PIC_OK) {
        pic_project_begin(visit, tab->path, tab->title, tab->command);
        if (pic_visit_may_create(visit, entity)) {
            (void)snprintf(path, sizeof path, "/%s/nouveau?projet=%s", entity->command,
                           visit->number);
            pic_page_open(&visit->page, "p", "class", "barre", NULL);
            pic_visit_link(visit, path, tab->add, true);
            pic_page_close(&visit->page);
        }
        tab->before(visit);
        put_rows(visit, tab, &sheet, listing.sort);
        pic_visit_end(visit);
    } else {
        pic_visit_fail(visit, status);
    }
    pic_sheet_release(&sheet);
}

/* --- budget --- */

static void put_figure(struct pic_visit *visit, const char *label, int64_t cents)
{
    struct pic_buf text;
    pic_buf_init(&text, SAID_MAX);
    pic_money_format(cents, PIC_STYLE_SCREEN, &text);
    pic_page_open(&visit->page, "div", "class", "carte", NULL);
    pic_page_element(&visit->page, "p", label, NULL);
    pic_page_element(&visit->page, "p", pic_buf_string(&text), "class", "chiffre", NULL);
    pic_page_close(&visit->page);
    pic_buf_release(&text);
}

static void put_balance(struct pic_visit *visit)
{
    struct pic_budget budget = {0};
    if (pic_budget_read(visit->agent, visit->id, &budget) != PIC_OK)
        return;
    pic_visit_warn_budget(visit, &budget);
    pic_page_open(&visit->page, "div", "class", "grille", NULL);
    put_figure(visit, "Charges prévues", budget.charges);
    put_figure(visit, "Produits prévus", budget.products);
    pic_page_close(&visit->page);
}

void pic_page_project_budget(struct pic_visit *visit)
{
    static const struct tab tab = {
        "/budget", "budget", "pic budget voir", PIC_BUDGET_LINE, "Ajouter une ligne", put_balance};
    show_tab(visit, &tab);
}

/* --- expenses --- */

static void put_spent(struct pic_visit *visit)
{
    static const char sql[] =
        "SELECT coalesce(sum(amount), 0), coalesce(sum(iif(receipt IS NULL, amount, 0)), 0)"
        " FROM expense WHERE project = ?1 AND cancelled IS NULL AND reversed IS NULL";
    sqlite3_stmt *stmt = pic_db_prepare(&visit->agent->db, sql, NULL);
    bool row = false;
    if (stmt == NULL)
        return;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)visit->id);
    if (pic_db_step(stmt, &row) == PIC_OK && row) {
        pic_page_open(&visit->page, "div", "class", "grille", NULL);
        put_figure(visit, "Dépensé", sqlite3_column_int64(stmt, 0));
        put_figure(visit, "Sans justificatif", sqlite3_column_int64(stmt, 1));
        pic_page_close(&visit->page);
    }
    (void)sqlite3_finalize(stmt);
}

void pic_page_project_expenses(struct pic_visit *visit)
{
    static const struct tab tab = {"/depenses", "dépenses",         "pic depense liste --projet",
                                   PIC_EXPENSE, "Nouvelle dépense", put_spent};
    show_tab(visit, &tab);
}
