#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/listing.h"
#include "agent/pages/pages.h"
#include "schema/state/naming.h"

enum { SAID_MAX = 65536, PATH_SIZE = 512 };

/* --- every kind of thing --- */

void pic_page_all(struct pic_visit *visit)
{
    char path[PATH_SIZE];
    pic_visit_begin(visit, "Tout ce qui est enregistré", "pic aide");
    pic_page_open(&visit->page, "dl", "class", "fiche", NULL);
    for (size_t i = 0; i < pic_dictionary_count(); i++) {
        const struct pic_entity *entity = pic_dictionary_at(i);
        if ((entity->flags & PIC_SERVER_ONLY) != 0)
            continue;
        (void)snprintf(path, sizeof path, "/%s", entity->command);
        pic_page_open(&visit->page, "div", NULL);
        pic_page_open(&visit->page, "dt", NULL);
        pic_page_element(&visit->page, "a", entity->plural, "href", path, NULL);
        pic_page_close(&visit->page);
        pic_page_element(&visit->page, "dd", entity->help, NULL);
        pic_page_close(&visit->page);
    }
    pic_page_close(&visit->page);
    pic_visit_end(visit);
}

/* --- the list --- */

/* Filters are the fields that the address names: what it does not understand is left out. */
static void read_filters(struct pic_visit *visit, struct pic_listing *listing,
                         struct pic_buf *stores)
{
    const struct pic_posted *query = visit->request->query;
    for (size_t i = 0; i < query->n && listing->filter_n < PIC_LISTING_FILTERS_MAX; i++) {
        const struct pic_field *field =
            pic_entity_by_option(visit->entity, pic_posted_name_of(query, i));
        const char *typed = pic_posted_text_of(query, i);
        struct pic_listing_filter *filter = &listing->filters[listing->filter_n];
        struct pic_buf *store = &stores[listing->filter_n];
        struct pic_err err = {0};
        if (field == NULL || *typed == '\0')
            continue;
        bool ok = field->type == PIC_TYPE_REF ||
                  pic_value_parse(field, typed, store, &filter->value, &err) == PIC_OK;
        filter->field = field;
        filter->typed = typed;
        listing->filter_n += ok;
    }
}

/* The same list with another value of one parameter. */
static void put_address(struct pic_visit *visit, const char *without, struct pic_buf *out)
{
    const struct pic_posted *query = visit->request->query;
    pic_buf_printf(out, "/%s?", visit->entity->command);
    for (size_t i = 0; i < query->n; i++) {
        if (strcmp(pic_posted_name_of(query, i), without) == 0)
            continue;
        pic_page_url(out, pic_posted_name_of(query, i));
        pic_buf_text(out, "=");
        pic_page_url(out, pic_posted_text_of(query, i));
        pic_buf_text(out, "&");
    }
}

struct filter_pen {
    struct pic_visit *visit;
    const struct pic_field *field;
    const char *now;
    struct pic_buf base, path;
};

static void put_filter(void *context, struct pic_span value, struct pic_span label)
{
    struct filter_pen *pen = context;
    struct pic_page *page = &pen->visit->page;
    bool on = pic_span_equal(value, pic_span_text(pen->now));
    pic_buf_clear(&pen->path);
    pic_buf_bytes(&pen->path, pen->base.data, pen->base.len);
    pic_buf_printf(&pen->path, "%s=", pen->field->option);
    pic_buf_bytes(&pen->path, value.p, value.n); /* a code: nothing to escape */
    pic_page_open(page, "li", NULL);
    pic_page_open(page, "a", "href", pic_buf_string(&pen->path), "aria-current", on ? "true" : NULL,
                  NULL);
    pic_page_span(page, label);
    pic_page_close(page);
    pic_page_close(page);
}

static void put_filters(struct pic_visit *visit)
{
    const struct pic_field *field = pic_entity_by_column(visit->entity, "status");
    const char *now = field == NULL ? NULL : pic_posted_text(visit->request->query, field->option);
    struct filter_pen pen = {.visit = visit, .field = field, .now = now == NULL ? "" : now};
    if (field == NULL)
        return;
    pic_buf_init(&pen.base, SAID_MAX);
    pic_buf_init(&pen.path, SAID_MAX);
    put_address(visit, field->option, &pen.base);
    pic_page_open(&visit->page, "ul", "class", "filtres", "aria-label", field->label, NULL);
    put_filter(&pen, pic_span_text(""), pic_span_text("Tous"));
    pic_visit_choices(visit, field, put_filter, &pen);
    pic_page_close(&visit->page);
    pic_buf_release(&pen.base);
    pic_buf_release(&pen.path);
}

static void put_search(struct pic_visit *visit, const char *words)
{
    struct pic_page *page = &visit->page;
    const struct pic_posted *query = visit->request->query;
    char path[PATH_SIZE];
    struct pic_form form = {.page = page};
    const struct pic_form_line line = {
        .name = "q", .label = "Chercher", .type = "search", .typed = words};
    (void)snprintf(path, sizeof path, "/%s", visit->entity->command);
    pic_page_open(page, "form", "method", "get", "action", path, "class", "recherche", "role",
                  "search", NULL);
    for (size_t i = 0; i < query->n; i++)
        if (strcmp(pic_posted_name_of(query, i), "q") != 0)
            pic_form_hidden(&form, pic_posted_name_of(query, i), pic_posted_text_of(query, i));
    pic_form_line(&form, &line);
    pic_page_element(page, "button", "Chercher", NULL);
    pic_page_close(page);
}

static void put_empty(struct pic_visit *visit, bool searched)
{
    bool project = visit->entity->number == PIC_PROJECT;
    pic_page_open(&visit->page, "div", "class", "vide", NULL);
    pic_page_element(&visit->page, "p",
                     pic_speech_text(searched  ? PIC_TELL_PAGE_NO_MATCH
                                     : project ? PIC_TELL_PAGE_NO_PROJECT
                                               : PIC_TELL_PAGE_NO_ROW),
                     NULL);
    pic_page_close(&visit->page);
}

static bool has_search(const struct pic_entity *entity)
{
    bool has = false;
    for (size_t i = 0; i < entity->field_n; i++)
        has = has || (entity->fields[i].flags & PIC_SEARCH) != 0;
    return has;
}

static void put_list(struct pic_visit *visit, const struct pic_listing *listing,
                     const struct pic_sheet *sheet)
{
    const struct pic_entity *entity = visit->entity;
    char path[PATH_SIZE];
    struct pic_buf sort;
    struct pic_buf caption;
    pic_buf_init(&sort, SAID_MAX);
    pic_buf_init(&caption, SAID_MAX);
    (void)snprintf(path, sizeof path, "pic %s liste", entity->command);
    pic_visit_begin(visit, entity->plural, path);
    if (pic_visit_may_create(visit, visit->entity)) {
        (void)snprintf(path, sizeof path, "/%s/nouveau", entity->command);
        pic_page_open(&visit->page, "p", "class", "barre", NULL);
        pic_visit_link(visit, path, "Nouvelle saisie", true);
        pic_page_close(&visit->page);
    }
    if (has_search(entity))
        put_search(visit, listing->search == NULL ? "" : listing->search);
    put_filters(visit);
    (void)snprintf(path, sizeof path, "/%s/", entity->command);
    put_address(visit, "tri", &sort);
    pic_speech_count(&caption, sheet->row_n, "ligne", "lignes");
    const struct pic_table table = {.caption = pic_buf_string(&caption),
                                    .row_path = path,
                                    .sort_path = pic_buf_string(&sort),
                                    .sort = listing->sort};
    if (sheet->row_n > 0)
        pic_table_print(&visit->page, sheet, &table);
    else
        put_empty(visit, listing->search != NULL || listing->filter_n > 0);
    pic_visit_end(visit);
    pic_buf_release(&sort);
    pic_buf_release(&caption);
}

void pic_page_list(struct pic_visit *visit)
{
    const struct pic_posted *query = visit->request->query;
    const char *words = pic_posted_text(query, "q");
    struct pic_buf stores[PIC_LISTING_FILTERS_MAX];
    struct pic_listing listing = {.entity = visit->entity,
                                  .cancelled = pic_posted_text(query, "tout") != NULL,
                                  .sort = pic_posted_text(query, "tri"),
                                  .search = words != NULL && *words != '\0' ? words : NULL};
    struct pic_listing_shape shape;
    struct pic_sheet sheet;
    for (size_t i = 0; i < PIC_LISTING_FILTERS_MAX; i++)
        pic_buf_init(&stores[i], PIC_TEXT_MAX);
    read_filters(visit, &listing, stores);
    pic_listing_shape(visit->entity, false, true, &shape);
    pic_sheet_init(&sheet, shape.columns, shape.n);
    int status = pic_listing_fill(visit->agent, &listing, &shape, &sheet, &visit->err);
    if (status == PIC_OK)
        put_list(visit, &listing, &sheet);
    else
        pic_visit_fail(visit, status);
    pic_sheet_release(&sheet);
    for (size_t i = 0; i < PIC_LISTING_FILTERS_MAX; i++)
        pic_buf_release(&stores[i]);
}

/* --- one of them --- */

static void put_line(struct pic_visit *visit, const char *label, const char *text)
{
    pic_page_open(&visit->page, "div", NULL);
    pic_page_element(&visit->page, "dt", label, NULL);
    pic_page_element(&visit->page, "dd", text, NULL);
    pic_page_close(&visit->page);
}

static void put_field(struct pic_visit *visit, const struct pic_field *field,
                      const struct pic_value *value)
{
    struct pic_buf text;
    if (value->kind == PIC_KIND_NULL)
        return;
    pic_buf_init(&text, SAID_MAX);
    if (field->type == PIC_TYPE_IDENTITY)
        pic_buf_text(&text, pic_speech_text(PIC_TELL_PAGE_IDENTITY));
    else
        pic_naming_value(visit->agent->state, field, value, &text);
    put_line(visit, field->label, pic_buf_string(&text));
    pic_buf_release(&text);
}

static void put_actions(struct pic_visit *visit, const struct pic_row *row)
{
    const struct pic_entity *entity = visit->entity;
    bool reversible = (entity->flags & PIC_REVERSIBLE) != 0;
    bool writes = false;
    bool edits = false;
    char path[PATH_SIZE];
    for (size_t i = 0; i < entity->field_n; i++) {
        bool may = pic_visit_may(visit, entity, &entity->fields[i]);
        writes = writes || may;
        edits = edits || (may && entity->fields[i].policy != PIC_ONCE);
    }
    if (!writes || row->reversed != 0)
        return;
    pic_page_open(&visit->page, "p", "class", "barre", NULL);
    if (edits) {
        (void)snprintf(path, sizeof path, "/%s/%s/modifier", entity->command, visit->number);
        pic_visit_link(visit, path, "Modifier", true);
    }
    (void)snprintf(path, sizeof path, "/%s/%s/annuler", entity->command, visit->number);
    pic_visit_link(visit, path, reversible ? "Contrepasser" : "Annuler", false);
    pic_page_close(&visit->page);
}

static void put_row(struct pic_visit *visit, const struct pic_row *row)
{
    const struct pic_entity *entity = visit->entity;
    const char *saved = pic_posted_text(visit->request->query, "enregistre");
    char command[PATH_SIZE];
    struct pic_buf text;
    struct pic_buf title;
    pic_buf_init(&text, SAID_MAX);
    pic_buf_init(&title, SAID_MAX);
    (void)snprintf(command, sizeof command, "pic %s voir %s", entity->command, visit->number);
    pic_buf_printf(&title, "%s : ", entity->label);
    pic_naming_row(visit->agent->state, visit->id, &title);
    pic_visit_begin(visit, pic_buf_string(&title), command);
    if (saved != NULL)
        pic_layout_notice(&visit->page, "bien", pic_speech_text(PIC_TELL_PAGE_SAVED));
    if (saved != NULL && strcmp(saved, "1") == 0)
        pic_visit_warnings(visit);
    if (entity->number == PIC_PROJECT)
        pic_project_tabs(visit, "");
    put_actions(visit, row);
    pic_words_life(visit->agent, row, &text);
    pic_page_open(&visit->page, "dl", "class", "fiche", NULL);
    put_line(visit, "Numéro", visit->number);
    put_line(visit, "État", pic_buf_string(&text));
    for (size_t i = 0; i < entity->field_n; i++)
        put_field(visit, &entity->fields[i], &row->values[i]);
    pic_page_close(&visit->page);
    if (entity->number == PIC_EXPENSE) {
        pic_page_open(&visit->page, "section", "class", "apercu", NULL);
        pic_expense_money(visit, row);
        pic_page_close(&visit->page);
    }
    pic_visit_end(visit);
    pic_buf_release(&text);
    pic_buf_release(&title);
}

void pic_page_show(struct pic_visit *visit)
{
    struct pic_row *row = calloc(1, sizeof *row);
    int status = row == NULL ? PIC_EMEMORY
                             : pic_row_load(pic_state_rows(visit->agent->state), visit->entity,
                                            visit->id, row);
    if (status == PIC_OK)
        put_row(visit, row);
    else
        pic_visit_fail(visit, status);
    free(row);
}
