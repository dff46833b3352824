#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/pages/pages.h"
#include "agent/status.h"
#include "schema/dictionary/nomenclatures.h"
#include "schema/state/naming.h"

enum {
    SAID_MAX = 4096,
    COMMAND_MAX = 2048,
    SQL_MAX = 512,
    REFERENCES_MAX = 300,
    HTTP_OK = 200,
    HTTP_SEE_OTHER = 303,
    HTTP_BAD = 400,
    HTTP_NOT_FOUND = 404,
    HTTP_FORBIDDEN = 403
};

static const struct pic_menu_entry menu[] = {
    {"/", "Accueil"},          {"/projet", "Projets"}, {"/depense", "Dépenses"},
    {"/public", "Public"},     {"/comite", "Comité"},  {"/bilan", "Bilans"},
    {"/echanges", "Échanges"}, {"/tout", "Tout"},      {NULL, NULL},
};

/* The menu entry that a path is under. */
static const char *here_of(const char *path)
{
    for (const struct pic_menu_entry *e = menu + 1; e->label != NULL; e++) {
        size_t n = strlen(e->path);
        if (strncmp(path, e->path, n) == 0 && (path[n] == '\0' || path[n] == '/'))
            return e->path;
    }
    return strcmp(path, "/") == 0 ? "/" : NULL;
}

static void read_standing(struct pic_visit *visit)
{
    struct pic_status_facts facts;
    bool running;
    bool done;
    struct pic_err err;
    if (pic_status_read(visit->agent, &facts) != PIC_OK)
        return;
    pic_ui_courier_look(&visit->ui->courier, &running, &done, &err);
    pic_words_banner(&facts, &visit->banner);
    visit->layout.banner = pic_buf_string(&visit->banner);
    visit->layout.banner_kind = pic_standing_name(facts.standing);
    visit->layout.action = running ? NULL : "/envoyer";
    visit->layout.action_label = "Envoyer maintenant";
}

void pic_visit_begin(struct pic_visit *visit, const char *title, const char *command)
{
    struct pic_layout *l = &visit->layout;
    bool known = visit->request->trust != PIC_TRUST_NONE;
    l->title = title;
    l->version = "0.1.0";
    l->token = visit->request->token;
    if (command != NULL) {
        pic_buf_clear(&visit->command);
        pic_buf_text(&visit->command, command);
        l->command = pic_buf_string(&visit->command);
    }
    if (known) {
        l->house = visit->agent->self.organisation_name;
        l->menu = menu;
        l->here = here_of(visit->request->path);
        l->close_action = "/fermer";
        read_standing(visit);
    }
    pic_page_init(&visit->page, &visit->response->body);
    pic_layout_begin(&visit->page, l);
}

void pic_visit_end(struct pic_visit *visit)
{
    pic_layout_end(&visit->page, &visit->layout);
    if (pic_page_status(&visit->page) != PIC_OK)
        visit->response->body.bad = true;
}

void pic_visit_go(struct pic_visit *visit, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(visit->response->location, sizeof visit->response->location, format, args);
    va_end(args);
    visit->response->status = HTTP_SEE_OTHER;
}

void pic_visit_go_saved(struct pic_visit *visit, uint64_t id, bool warns)
{
    struct pic_buf number;
    pic_buf_init(&number, SAID_MAX);
    pic_dot_print(id, &number);
    pic_visit_go(visit, "/%s/%s?enregistre=%s", visit->entity->command, pic_buf_string(&number),
                 warns ? "1" : "vu");
    pic_buf_release(&number);
}

void pic_visit_say(struct pic_visit *visit, unsigned http, const char *title, enum pic_tell key)
{
    visit->response->status = http;
    pic_visit_begin(visit, title, NULL);
    pic_layout_notice(&visit->page, http == HTTP_OK ? "bien" : "avis", pic_speech_text(key));
    pic_visit_end(visit);
}

void pic_visit_advice(const struct pic_err *err, struct pic_buf *out)
{
    const char *const facts[PIC_ERR_ARGS] = {err->arg[0], err->arg[1], err->arg[2]};
    pic_speech_error(err, PIC_SPEECH_LINE, out);
    pic_buf_text(out, " ");
    pic_speech_fill(out, pic_speech_action(err->status), facts);
}

void pic_visit_fail(struct pic_visit *visit, int status)
{
    struct pic_buf text;
    pic_buf_init(&text, SAID_MAX);
    if (visit->err.status == PIC_OK)
        visit->err.status = status;
    pic_speech_error(&visit->err, PIC_SPEECH_LINE, &text);
    visit->response->status =
        status == PIC_ENOT_FOUND || status == PIC_EREFERENCE ? HTTP_NOT_FOUND : HTTP_BAD;
    pic_visit_begin(visit, "Un instant", NULL);
    pic_layout_notice(&visit->page, "erreur", pic_buf_string(&text));
    pic_visit_link(visit, "/", "Revenir à l'accueil", true);
    pic_visit_end(visit);
    pic_buf_release(&text);
}

void pic_visit_again(struct pic_visit *visit)
{
    const struct pic_posted *form = visit->request->form;
    bool known = visit->request->trust != PIC_TRUST_NONE;
    struct pic_form again = {.page = &visit->page};
    visit->response->status = HTTP_FORBIDDEN;
    pic_visit_begin(visit, "Vérifiez, puis continuez", NULL);
    pic_layout_notice(&visit->page, "avis",
                      pic_speech_text(known ? PIC_TELL_PAGE_STALE : PIC_TELL_PAGE_STRANGER_KEPT));
    pic_form_begin(&again, visit->request->path, visit->request->token, false, NULL);
    for (size_t i = 0; i < form->n; i++) {
        const char *name = pic_posted_name_of(form, i);
        const char *text = pic_posted_text_of(form, i);
        if (strcmp(name, "jeton") == 0 || strcmp(name, "phrase") == 0)
            continue;
        pic_form_hidden(&again, name, text);
        if (*text != '\0' && strncmp(name, "vu.", 3) != 0) {
            pic_page_open(&visit->page, "p", NULL);
            pic_page_element(&visit->page, "strong", name, NULL);
            pic_page_text(&visit->page, " : ");
            pic_page_text(&visit->page, text);
            pic_page_close(&visit->page);
        }
    }
    pic_form_end(&again, "Continuer", "/");
    pic_visit_end(visit);
}

void pic_visit_button(struct pic_visit *visit, const char *action, const char *label, bool main)
{
    struct pic_page *page = &visit->page;
    pic_page_open(page, "form", "method", "post", "action", action, "class", "seul", NULL);
    pic_page_void(page, "input", "type", "hidden", "name", "jeton", "value", visit->request->token,
                  NULL);
    pic_page_element(page, "button", label, "class", main ? "principal" : NULL, NULL);
    pic_page_close(page);
}

void pic_visit_link(struct pic_visit *visit, const char *path, const char *label, bool main)
{
    pic_page_element(&visit->page, "a", label, "href", path, "class",
                     main ? "bouton principal" : "bouton", NULL);
}

bool pic_visit_may(const struct pic_visit *visit, const struct pic_entity *entity,
                   const struct pic_field *field)
{
    uint32_t role = visit->agent->self.role;
    if ((role & PIC_ROLE_TREASURER) != 0)
        role |= PIC_ROLE_ENTRY; /* a treasurer may also do entry */
    return field->number != PIC_FIELD_CANCELLED && field->type != PIC_TYPE_KEY &&
           (entity->flags & PIC_SERVER_ONLY) == 0 && (entity->writers & role) != 0 &&
           (field->writers & role) != 0;
}

bool pic_visit_may_create(const struct pic_visit *visit, const struct pic_entity *entity)
{
    bool may = false;
    for (size_t i = 0; i < entity->field_n; i++) {
        const struct pic_field *field = &entity->fields[i];
        bool writes = pic_visit_may(visit, entity, field);
        if ((field->flags & PIC_REQUIRED) != 0 && !writes)
            return false;
        may = may || writes;
    }
    return may;
}

bool pic_visit_drafts(const struct pic_field *field)
{
    return field->type != PIC_TYPE_IDENTITY && field->type != PIC_TYPE_DOCUMENT;
}

/* --- choices --- */

/* Codes as the central team has published them; none told means: those that shipped. */
static size_t published(struct pic_visit *visit, const struct pic_field *field,
                        pic_form_choice *each, void *sink)
{
    sqlite3_stmt *stmt = pic_db_prepare(&visit->agent->db,
                                        "SELECT code, label FROM code WHERE nomenclature = ?1"
                                        " AND cancelled IS NULL ORDER BY code",
                                        NULL);
    bool row = stmt != NULL;
    size_t n = 0;
    if (stmt != NULL)
        pic_db_bind_text(stmt, 1, pic_span_text(field->about));
    while (row && pic_db_step(stmt, &row) == PIC_OK && row) {
        each(sink, pic_db_column_span(stmt, 0), pic_db_column_span(stmt, 1));
        n++;
    }
    (void)sqlite3_finalize(stmt);
    return n;
}

static void shipped(const struct pic_field *field, pic_form_choice *each, void *sink)
{
    struct pic_shipped_code code;
    struct pic_span left = pic_nomenclatures();
    while (pic_nomenclatures_next(&left, &code))
        if (pic_span_equal(code.nomenclature, pic_span_text(field->about)))
            each(sink, code.code, code.label);
}

/* Rows that a reference may mean, by name; too many are typed instead. */
static void references(struct pic_visit *visit, const struct pic_field *field,
                       pic_form_choice *each, void *sink)
{
    const struct pic_entity *about = pic_dictionary_by_table(field->about);
    char sql[SQL_MAX];
    struct pic_buf number;
    struct pic_buf name;
    bool row = true;
    if (about == NULL)
        return;
    (void)snprintf(sql, sizeof sql,
                   "SELECT id, (SELECT count(*) FROM \"%s\") FROM \"%s\""
                   " WHERE cancelled IS NULL AND reversed IS NULL ORDER BY id DESC LIMIT %d",
                   about->table, about->table, REFERENCES_MAX);
    sqlite3_stmt *stmt = pic_db_prepare(&visit->agent->db, sql, NULL);
    pic_buf_init(&number, SAID_MAX);
    pic_buf_init(&name, SAID_MAX);
    while (stmt != NULL && row && pic_db_step(stmt, &row) == PIC_OK && row) {
        uint64_t id = (uint64_t)sqlite3_column_int64(stmt, 0);
        if (sqlite3_column_int64(stmt, 1) > REFERENCES_MAX)
            break;
        pic_buf_clear(&number);
        pic_buf_clear(&name);
        pic_dot_print(id, &number);
        pic_naming_row(visit->agent->state, id, &name);
        pic_buf_printf(&name, " (%s)", pic_buf_string(&number));
        each(sink, pic_buf_view(&number), pic_buf_view(&name));
    }
    (void)sqlite3_finalize(stmt);
    pic_buf_release(&number);
    pic_buf_release(&name);
}

void pic_visit_choices(void *context, const struct pic_field *field, pic_form_choice *each,
                       void *sink)
{
    struct pic_visit *visit = context;
    if (field->type == PIC_TYPE_REF)
        references(visit, field, each, sink);
    else if (published(visit, field, each, sink) == 0)
        shipped(field, each, sink);
}
