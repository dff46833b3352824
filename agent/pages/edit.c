#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/draft.h"
#include "agent/given.h"
#include "agent/pages/pages.h"
#include "agent/warn.h"

enum { SAID_MAX = 4096, PATH_SIZE = 512, NAME_SIZE = 96, HTTP_UNPROCESSABLE = 422 };

/* A form about one row, new or not: what each field shows and what is wrong with it. */
struct sheet {
    struct pic_visit *visit;
    const struct pic_entity *entity;
    bool creates;
    int64_t draft_ms; /* when what is shown was kept; 0: not from a draft */
    size_t error_n;
    struct pic_buf typed[PIC_CHANGE_OPS_MAX]; /* by index in entity->fields */
    struct pic_buf seen[PIC_CHANGE_OPS_MAX];  /* as it was when the form was drawn */
    struct pic_buf error[PIC_CHANGE_OPS_MAX];
    struct pic_buf general; /* an error that is of no field */
};

static bool shows(const struct sheet *s, const struct pic_field *field)
{
    return pic_visit_may(s->visit, s->entity, field) && (s->creates || field->policy != PIC_ONCE);
}

static struct sheet *sheet_new(struct pic_visit *visit, bool creates)
{
    struct sheet *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct sheet){.visit = visit, .entity = visit->entity, .creates = creates};
    for (size_t i = 0; i < PIC_CHANGE_OPS_MAX; i++) {
        pic_buf_init(&s->typed[i], PIC_TEXT_MAX);
        pic_buf_init(&s->seen[i], PIC_TEXT_MAX);
        pic_buf_init(&s->error[i], SAID_MAX);
    }
    pic_buf_init(&s->general, SAID_MAX);
    return s;
}

static void sheet_free(struct sheet *s)
{
    for (size_t i = 0; i < PIC_CHANGE_OPS_MAX; i++) {
        pic_buf_wipe(&s->typed[i]); /* it may be about a person */
        pic_buf_release(&s->seen[i]);
        pic_buf_release(&s->error[i]);
    }
    pic_buf_release(&s->general);
    free(s);
}

/* --- what the fields show --- */

/* A value as it would be typed. */
static void put_typed(const struct pic_field *field, const struct pic_value *value,
                      struct pic_buf *out)
{
    bool sealed = field->type == PIC_TYPE_IDENTITY || field->type == PIC_TYPE_DOCUMENT;
    if (value->kind == PIC_KIND_NULL || sealed)
        return;
    if (value->kind == PIC_KIND_REF)
        pic_dot_print((uint64_t)value->i, out);
    else
        pic_value_format(field, value, PIC_STYLE_TABLEUR, out);
}

static int read_row(struct sheet *s)
{
    struct pic_row *row = calloc(1, sizeof *row);
    int status = row == NULL ? PIC_EMEMORY
                             : pic_row_load(pic_state_rows(s->visit->agent->state), s->entity,
                                            s->visit->id, row);
    for (size_t i = 0; status == PIC_OK && i < s->entity->field_n; i++) {
        put_typed(&s->entity->fields[i], &row->values[i], &s->typed[i]);
        pic_buf_bytes(&s->seen[i], s->typed[i].data, s->typed[i].len);
    }
    free(row);
    return status;
}

/* Repeated names (boxes of a set) are one text. False when the field was not sent. */
static bool read_posted(const struct pic_posted *from, const char *name, struct pic_buf *out)
{
    const char *text = pic_posted_text(from, name);
    if (text == NULL)
        return false;
    pic_buf_clear(out);
    for (size_t i = 0; (text = pic_posted_at(from, name, i)) != NULL; i++)
        if (*text != '\0')
            pic_buf_printf(out, "%s%s", out->len > 0 ? " " : "", text);
    return true;
}

static void read_form(struct sheet *s, const struct pic_posted *from)
{
    char name[NAME_SIZE];
    for (size_t i = 0; i < s->entity->field_n; i++) {
        const struct pic_field *field = &s->entity->fields[i];
        if (!shows(s, field))
            continue;
        (void)read_posted(from, field->option, &s->typed[i]);
        (void)snprintf(name, sizeof name, "vu.%s", field->option);
        (void)read_posted(from, name, &s->seen[i]);
    }
}

static void read_draft_field(void *context, const char *name, const char *text)
{
    struct sheet *s = context;
    const struct pic_field *field = pic_entity_by_option(s->entity, name);
    int index = field == NULL ? -1 : pic_entity_index(s->entity, field->number);
    if (index < 0 || !shows(s, field))
        return;
    pic_buf_clear(&s->typed[index]);
    pic_buf_text(&s->typed[index], text);
}

static int read_draft(struct sheet *s)
{
    return pic_draft_get(s->visit->agent, s->visit->request->path, read_draft_field, s,
                         &s->draft_ms);
}

static void keep_draft(struct sheet *s)
{
    struct pic_draft_text texts[PIC_CHANGE_OPS_MAX];
    struct pic_agent *agent = s->visit->agent;
    struct pic_err err = {0};
    size_t n = 0;
    for (size_t i = 0; i < s->entity->field_n; i++) {
        const struct pic_field *field = &s->entity->fields[i];
        if (shows(s, field) && pic_visit_drafts(field))
            texts[n++] = (struct pic_draft_text){field->option, pic_buf_string(&s->typed[i])};
    }
    /* A draft that cannot be kept must not hide the error that the form is about to tell. */
    if (pic_draft_put(agent, s->visit->request->path, texts, n,
                      agent->world->now_ms(agent->world->context), &err) != PIC_OK)
        pic_speech_error(&err, PIC_SPEECH_LINE, &s->general);
}

/* --- showing --- */

static void put_notices(struct sheet *s)
{
    struct pic_page *page = &s->visit->page;
    struct pic_agent *agent = s->visit->agent;
    struct pic_buf text;
    struct pic_buf when;
    pic_buf_init(&text, SAID_MAX);
    pic_buf_init(&when, SAID_MAX);
    if (s->general.len > 0)
        pic_layout_notice(page, "erreur", pic_buf_string(&s->general));
    if (s->error_n > 0) {
        pic_speech_count(&when, s->error_n, "champ", "champs");
        pic_speech_tell(&text, PIC_TELL_PAGE_TO_FIX, pic_buf_string(&when), NULL);
        pic_layout_notice(page, "erreur", pic_buf_string(&text));
    } else if (s->draft_ms != 0) {
        pic_speech_moment(&when, s->draft_ms, agent->world->now_ms(agent->world->context));
        pic_speech_tell(&text, PIC_TELL_PAGE_DRAFT_KEPT, pic_buf_string(&when), NULL);
        pic_layout_notice(page, "avis", pic_buf_string(&text));
        pic_page_open(page, "form", "method", "post", "action", "/brouillon/oublier", NULL);
        struct pic_form form = {.page = page};
        pic_form_hidden(&form, "jeton", s->visit->request->token);
        pic_form_hidden(&form, "formulaire", s->visit->request->path);
        pic_page_element(page, "button", "Repartir de zéro", NULL);
        pic_page_close(page);
    }
    pic_buf_release(&text);
    pic_buf_release(&when);
}

/* The order in which a new row is asked for, where it is not the dictionary's: the paper in hand
 * first. What is not named here is not asked when the row is made; it can be added after. */
static const char *const expense_columns[] = {
    "project", "receipt",  "supplier", "supplier_siren", "invoice_number", "invoice_on",
    "amount",  "category", "means",    "paid_on",        "eligible_amount"};

static bool asks_in_order(const struct sheet *s)
{
    return s->creates && s->entity->number == PIC_EXPENSE;
}

static size_t index_at(const struct sheet *s, size_t i)
{
    const struct pic_field *field =
        asks_in_order(s) ? pic_entity_by_column(s->entity, expense_columns[i]) : NULL;
    return field == NULL ? i : (size_t)pic_entity_index(s->entity, field->number);
}

static const char *typed_of(void *context, const struct pic_field *field)
{
    struct sheet *s = context;
    return pic_buf_string(&s->typed[pic_entity_index(s->entity, field->number)]);
}

static void put_fields(struct sheet *s, struct pic_form *form)
{
    char name[NAME_SIZE];
    size_t n =
        asks_in_order(s) ? sizeof expense_columns / sizeof *expense_columns : s->entity->field_n;
    for (size_t k = 0; k < n; k++) {
        const size_t i = index_at(s, k);
        const struct pic_field *field = &s->entity->fields[i];
        if (!shows(s, field))
            continue;
        if (!s->creates) {
            (void)snprintf(name, sizeof name, "vu.%s", field->option);
            pic_form_hidden(form, name, pic_buf_string(&s->seen[i]));
        }
        pic_form_field(form, field, pic_buf_string(&s->typed[i]),
                       s->creates && (field->flags & PIC_REQUIRED) != 0,
                       s->error[i].len > 0 ? pic_buf_string(&s->error[i]) : NULL);
    }
}

static void put_sheet(struct sheet *s)
{
    struct pic_visit *visit = s->visit;
    struct pic_form form = {.page = &visit->page, .choices = pic_visit_choices, .context = visit};
    char title[PATH_SIZE];
    char command[PATH_SIZE];
    char back[PATH_SIZE];
    (void)snprintf(title, sizeof title, s->creates ? "%s : nouvelle saisie" : "%s : modifier",
                   s->entity->label);
    (void)snprintf(command, sizeof command, "pic %s %s %s…", s->entity->command,
                   s->creates ? "ajouter" : "modifier", visit->number);
    (void)snprintf(back, sizeof back, "/%s%s%s", s->entity->command, s->creates ? "" : "/",
                   visit->number);
    pic_visit_begin(visit, title, command);
    put_notices(s);
    pic_form_begin(&form, visit->request->path, visit->request->token, true, visit->request->path);
    put_fields(s, &form);
    if (asks_in_order(s)) {
        pic_page_open(&visit->page, "section", "class", "apercu", "aria-live", "polite",
                      "data-apercu", "/depense/apercu", NULL);
        pic_expense_preview(visit, typed_of, s);
        pic_page_close(&visit->page);
    }
    pic_form_end(&form, "Enregistrer", back);
    pic_visit_end(visit);
}

static void show(struct pic_visit *visit, bool creates)
{
    struct sheet *s = sheet_new(visit, creates);
    int status = s == NULL ? PIC_EMEMORY : PIC_OK;
    if (status == PIC_OK && !creates)
        status = read_row(s);
    if (status == PIC_OK) {
        if (creates)
            read_form(s, visit->request->query); /* a link may fill a field: ?projet=42-1 */
        status = read_draft(s);
    }
    if (status == PIC_OK)
        put_sheet(s);
    else
        pic_visit_fail(visit, status);
    if (s != NULL)
        sheet_free(s);
}

void pic_page_new(struct pic_visit *visit)
{
    show(visit, true);
}

void pic_page_edit(struct pic_visit *visit)
{
    show(visit, false);
}

/* --- writing --- */

static void note_error(struct sheet *s, size_t index, const struct pic_err *err)
{
    s->error_n++;
    pic_visit_advice(err, &s->error[index]);
}

static bool changed(const struct sheet *s, size_t index)
{
    return !pic_span_equal(pic_buf_view(&s->typed[index]), pic_buf_view(&s->seen[index]));
}

/* Each field by itself, so that all errors are told at once. */
static void check(struct sheet *s)
{
    for (size_t i = 0; i < s->entity->field_n; i++) {
        const struct pic_field *field = &s->entity->fields[i];
        const char *typed = pic_buf_string(&s->typed[i]);
        struct pic_err err = {0};
        struct pic_buf store;
        struct pic_value value;
        uint64_t id = 0;
        bool file = field->type == PIC_TYPE_DOCUMENT || field->type == PIC_TYPE_IDENTITY;
        int status = PIC_OK;
        if (!shows(s, field) || file)
            continue;
        pic_buf_init(&store, PIC_TEXT_MAX);
        if (*typed == '\0')
            status = (field->flags & PIC_REQUIRED) == 0
                         ? PIC_OK
                         : pic_fail(&err, PIC_EREQUIRED, field->option, field->label, NULL);
        else if (field->type == PIC_TYPE_REF)
            status = pic_entry_find(s->visit->agent->state, field->about,
                                    s->visit->agent->self.device, typed, &id, &err);
        else
            status = pic_value_parse(field, typed, &store, &value, &err);
        if (status != PIC_OK)
            note_error(s, i, &err);
        pic_buf_release(&store);
    }
}

static int add_given(struct sheet *s, struct pic_given *given, struct pic_err *err)
{
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < s->entity->field_n; i++) {
        const struct pic_field *field = &s->entity->fields[i];
        const struct pic_posted_file *file =
            field->type == PIC_TYPE_DOCUMENT
                ? pic_posted_file(s->visit->request->form, field->option)
                : NULL;
        const char *typed = file != NULL ? file->path : pic_buf_string(&s->typed[i]);
        bool given_here = file != NULL || (field->type != PIC_TYPE_DOCUMENT && changed(s, i));
        if (shows(s, field) && given_here)
            status = pic_given_add(given, s->visit->agent, field, typed, err);
    }
    return status;
}

/* Texts come back from a browser with other ends of lines. */
static bool same_text(struct pic_span a, struct pic_span b)
{
    size_t i = 0;
    size_t k = 0;
    while (true) {
        i += i < a.n && a.p[i] == '\r';
        k += k < b.n && b.p[k] == '\r';
        if (i >= a.n || k >= b.n)
            return i >= a.n && k >= b.n;
        if (a.p[i++] != b.p[k++])
            return false;
    }
}

/* What the form was drawn from must still be there for each field that it changes: what an exchange
 * brought meanwhile is shown first. In the open transaction. PIC_EMOVED when some of it moved. */
static int check_unmoved(struct sheet *s)
{
    struct pic_row *row = calloc(1, sizeof *row);
    struct pic_buf now;
    int status = row == NULL ? PIC_EMEMORY
                             : pic_row_load(pic_state_rows(s->visit->agent->state), s->entity,
                                            s->visit->id, row);
    pic_buf_init(&now, PIC_TEXT_MAX);
    for (size_t i = 0; status == PIC_OK && i < s->entity->field_n; i++) {
        pic_buf_clear(&now);
        put_typed(&s->entity->fields[i], &row->values[i], &now);
        if (!shows(s, &s->entity->fields[i]) || !changed(s, i) ||
            same_text(pic_buf_view(&now), pic_buf_view(&s->seen[i])))
            continue;
        const struct pic_err moved = {.status = PIC_EMOVED};
        note_error(s, i, &moved);
        pic_speech_tell(&s->error[i], PIC_TELL_PAGE_NOW, pic_buf_string(&now), NULL);
        pic_buf_clear(&s->seen[i]);
        pic_buf_bytes(&s->seen[i], now.data, now.len);
    }
    pic_buf_release(&now);
    free(row);
    if (status == PIC_OK && s->error_n > 0)
        status = PIC_EMOVED;
    return status == PIC_OK ? PIC_OK : pic_fail(&s->visit->err, status, NULL);
}

/* A project is handed in with a budget that balances. */
static int check_submission(struct sheet *s, struct pic_err *err)
{
    const struct pic_field *field =
        s->entity->number == PIC_PROJECT ? pic_entity_by_column(s->entity, "status") : NULL;
    size_t i = field == NULL ? 0 : (size_t)pic_entity_index(s->entity, field->number);
    return field != NULL && changed(s, i) && pic_warn_hands_in(pic_buf_view(&s->typed[i]))
               ? pic_warn_submission(s->visit->agent, s->creates ? 0 : s->visit->id, err)
               : PIC_OK;
}

static int record(struct sheet *s, uint64_t *dot)
{
    struct pic_agent *agent = s->visit->agent;
    struct pic_err *err = &s->visit->err;
    struct pic_given given = {.n = 0};
    int status = pic_agent_begin(agent, err);
    if (status != PIC_OK)
        return status;
    status = s->creates ? PIC_OK : check_unmoved(s);
    if (status == PIC_OK)
        status = check_submission(s, err);
    if (status == PIC_OK)
        status = add_given(s, &given, err);
    if (status == PIC_OK)
        status =
            pic_given_record(&given, agent, s->entity, s->creates ? 0 : s->visit->id, dot, err);
    if (status == PIC_OK)
        status = pic_draft_forget(agent, s->visit->request->path);
    if (status == PIC_OK)
        return pic_agent_commit(agent, err);
    pic_agent_rollback(agent);
    return status;
}

/* At the field that the error names by its label, else above the form. */
static void place_error(struct sheet *s)
{
    const struct pic_err *err = &s->visit->err;
    for (size_t i = 0; i < s->entity->field_n; i++) {
        const char *label = s->entity->fields[i].label;
        if (shows(s, &s->entity->fields[i]) &&
            (strcmp(err->arg[0], label) == 0 || strcmp(err->arg[1], label) == 0)) {
            note_error(s, i, err);
            return;
        }
    }
    pic_visit_advice(err, &s->general);
}

static void write_it(struct pic_visit *visit, bool creates)
{
    struct sheet *s = sheet_new(visit, creates);
    uint64_t dot = 0;
    int status = PIC_OK;
    if (s == NULL) {
        pic_visit_fail(visit, PIC_EMEMORY);
        return;
    }
    read_form(s, visit->request->form);
    check(s);
    if (s->error_n == 0)
        status = record(s, &dot);
    bool same = status == PIC_ENOTHING_TO_CHANGE;
    if (s->error_n == 0 && (status == PIC_OK || same)) {
        bool answered = pic_posted_text(visit->request->form, "meme-facture") != NULL;
        pic_visit_go_saved(visit, creates ? dot : visit->id, !answered);
    } else {
        if (s->error_n == 0)
            place_error(s);
        keep_draft(s);
        visit->response->status = HTTP_UNPROCESSABLE;
        put_sheet(s);
    }
    sheet_free(s);
}

void pic_page_create(struct pic_visit *visit)
{
    write_it(visit, true);
}

void pic_page_change(struct pic_visit *visit)
{
    write_it(visit, false);
}
