#include "schema/face/form.h"

#include <stdio.h>
#include <string.h>

#include "protocol/base/limits.h"
#include "schema/dictionary/nomenclatures.h"

enum { ID_SIZE = 96, NUMBER_SIZE = 16 };

/* How a type is typed. */
struct look {
    const char *type, *mode, *unit, *size;
};

static const struct look *look_of(enum pic_type type)
{
    static const struct look text = {"text", NULL, NULL, NULL};
    static const struct look looks[] = {
        [PIC_TYPE_MONEY] = {"text", "decimal", "€", "court"},
        [PIC_TYPE_RATE] = {"text", "decimal", "%", "court"},
        [PIC_TYPE_COUNT] = {"text", "numeric", NULL, "court"},
        [PIC_TYPE_DATE] = {"text", "numeric", "JJ/MM/AAAA", "court"},
        [PIC_TYPE_DOCUMENT] = {"file", NULL, NULL, NULL},
    };
    bool known = type < sizeof looks / sizeof *looks && looks[type].type != NULL;
    return known ? &looks[type] : &text;
}

void pic_form_begin(struct pic_form *form, const char *action, const char *token, bool multipart,
                    const char *draft)
{
    pic_page_open(form->page, "form", "method", "post", "action", action, "class", "saisie",
                  "enctype", multipart ? "multipart/form-data" : NULL, "data-brouillon", draft,
                  "novalidate", "", NULL);
    pic_form_hidden(form, "jeton", token);
}

void pic_form_hidden(struct pic_form *form, const char *name, const char *value)
{
    pic_page_void(form->page, "input", "type", "hidden", "name", name, "value", value, NULL);
}

void pic_form_end(struct pic_form *form, const char *button, const char *cancel)
{
    struct pic_page *page = form->page;
    pic_page_open(page, "p", "class", "boutons", NULL);
    pic_page_element(page, "button", button, "class", "principal", NULL);
    if (cancel != NULL)
        pic_page_element(page, "a", "Revenir sans enregistrer", "href", cancel, NULL);
    pic_page_element(page, "output", "", "class", "brouillon", NULL);
    pic_page_close(page);
    pic_page_close(page);
}

/* --- the parts around a field --- */

struct ids {
    char field[ID_SIZE], help[ID_SIZE], error[ID_SIZE], described[2 * ID_SIZE];
};

static void make_ids(const char *name, const char *help, const char *error, struct ids *out)
{
    (void)snprintf(out->field, ID_SIZE, "champ-%.80s", name);
    (void)snprintf(out->help, ID_SIZE, "aide-%.80s", name);
    (void)snprintf(out->error, ID_SIZE, "erreur-%.80s", name);
    (void)snprintf(out->described, sizeof out->described, "%s%s%s", error != NULL ? out->error : "",
                   error != NULL && help != NULL ? " " : "", help != NULL ? out->help : "");
}

static void put_around(struct pic_page *page, const struct ids *ids, const char *help,
                       const char *error)
{
    if (help != NULL && *help != '\0')
        pic_page_element(page, "p", help, "class", "aide", "id", ids->help, NULL);
    if (error != NULL)
        pic_page_element(page, "p", error, "class", "erreur", "id", ids->error, NULL);
}

static void put_label(struct pic_page *page, const char *element, const char *id, const char *label,
                      bool required)
{
    pic_page_open(page, element, "for", id, NULL);
    pic_page_text(page, label);
    if (required)
        pic_page_element(page, "span", " (obligatoire)", "class", "obligatoire", NULL);
    pic_page_close(page);
}

void pic_form_line(struct pic_form *form, const struct pic_form_line *line)
{
    struct pic_page *page = form->page;
    struct ids ids;
    make_ids(line->name, line->help, line->error, &ids);
    pic_page_open(page, "div", "class", "champ", NULL);
    put_label(page, "label", ids.field, line->label, line->required);
    put_around(page, &ids, line->help, line->error);
    pic_page_void(page, "input", "type", line->type, "id", ids.field, "name", line->name, "value",
                  line->typed, "aria-describedby", ids.described[0] != '\0' ? ids.described : NULL,
                  "aria-invalid", line->error != NULL ? "true" : NULL, "autocomplete",
                  line->autocomplete, "required", line->required ? "" : NULL, NULL);
    pic_page_close(page);
}

/* --- choices --- */

struct pen {
    struct pic_form *form;
    const struct pic_field *field;
    const char *typed;
    const char *described; /* ids, or NULL */
    size_t n;
    bool found;
};

static void count(void *sink, struct pic_span value, struct pic_span label)
{
    struct pen *pen = sink;
    (void)label;
    pen->n++;
    pen->found = pen->found || pic_span_equal(value, pic_span_text(pen->typed));
}

static void shipped(const struct pic_field *field, pic_form_choice *each, void *sink)
{
    struct pic_shipped_code code;
    struct pic_span left = pic_nomenclatures();
    while (pic_nomenclatures_next(&left, &code))
        if (pic_span_equal(code.nomenclature, pic_span_text(field->about)))
            each(sink, code.code, code.label);
}

static void choices(struct pic_form *form, const struct pic_field *field, pic_form_choice *each,
                    void *sink)
{
    static const struct {
        const char *value, *label;
    } answers[] = {{"oui", "Oui"}, {"non", "Non"}};
    if (field->type == PIC_TYPE_BOOL) {
        for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
            each(sink, pic_span_text(answers[i].value), pic_span_text(answers[i].label));
        return;
    }
    bool chosen =
        field->type == PIC_TYPE_CODE || field->type == PIC_TYPE_SET || field->type == PIC_TYPE_REF;
    if (chosen && form->choices != NULL)
        form->choices(form->context, field, each, sink);
    else if (chosen && field->type != PIC_TYPE_REF)
        shipped(field, each, sink);
}

static void put_option(void *sink, struct pic_span value, struct pic_span label)
{
    struct pen *pen = sink;
    struct pic_page *page = pen->form->page;
    struct pic_buf text;
    pic_buf_init(&text, PIC_TEXT_MAX);
    pic_buf_bytes(&text, value.p, value.n);
    bool on = pic_span_equal(value, pic_span_text(pen->typed));
    pic_page_open(page, "option", "value", pic_buf_string(&text), "selected", on ? "" : NULL, NULL);
    pic_page_span(page, label);
    pic_page_close(page);
    pic_buf_release(&text);
}

/* Whether a set, as typed, has this code. */
static bool set_has(const char *set, struct pic_span code)
{
    static const char between[] = " ,;";
    for (const char *at = set; *at != '\0';) {
        at += strspn(at, between);
        size_t n = strcspn(at, between);
        if (pic_span_equal(pic_span_of(at, n), code))
            return true;
        at += n;
    }
    return false;
}

static void put_checkbox(void *sink, struct pic_span value, struct pic_span label)
{
    struct pen *pen = sink;
    struct pic_page *page = pen->form->page;
    struct pic_buf text;
    pic_buf_init(&text, PIC_TEXT_MAX);
    pic_buf_bytes(&text, value.p, value.n);
    pic_page_open(page, "label", "class", "case", NULL);
    pic_page_void(page, "input", "type", "checkbox", "name", pen->field->option, "value",
                  pic_buf_string(&text), "checked", set_has(pen->typed, value) ? "" : NULL, NULL);
    pic_page_text(page, " ");
    pic_page_span(page, label);
    pic_page_close(page);
    pic_buf_release(&text);
}

static void put_set(struct pen *pen, const struct ids *ids, bool required, const char *error)
{
    struct pic_page *page = pen->form->page;
    pic_page_open(page, "fieldset", "class", "champ", "id", ids->field, "aria-describedby",
                  pen->described, NULL);
    pic_page_open(page, "legend", NULL);
    pic_page_text(page, pen->field->label);
    if (required)
        pic_page_element(page, "span", " (obligatoire)", "class", "obligatoire", NULL);
    pic_page_close(page);
    put_around(page, ids, pen->field->help, error);
    pic_form_hidden(pen->form, pen->field->option, ""); /* so that none chosen is told too */
    choices(pen->form, pen->field, put_checkbox, pen);
    pic_page_close(page);
}

static void put_select(struct pen *pen, const struct ids *ids, bool required, const char *error)
{
    struct pic_page *page = pen->form->page;
    pic_page_open(page, "select", "id", ids->field, "name", pen->field->option, "aria-describedby",
                  pen->described, "aria-invalid", error != NULL ? "true" : NULL, "required",
                  required ? "" : NULL, NULL);
    pic_page_element(page, "option", "—", "value", "", NULL);
    if (!pen->found && *pen->typed != '\0') /* what is there stays, though no longer offered */
        put_option(pen, pic_span_text(pen->typed), pic_span_text(pen->typed));
    choices(pen->form, pen->field, put_option, pen);
    pic_page_close(page);
}

static void put_input(struct pen *pen, const struct ids *ids, bool required, const char *error)
{
    struct pic_page *page = pen->form->page;
    const struct look *look = look_of(pen->field->type);
    bool file = pen->field->type == PIC_TYPE_DOCUMENT;
    const char *invalid = error != NULL ? "true" : NULL;
    if ((pen->field->flags & PIC_LONG) != 0) {
        pic_page_element(page, "textarea", pen->typed, "id", ids->field, "name", pen->field->option,
                         "rows", "4", "aria-describedby", pen->described, "aria-invalid", invalid,
                         "required", required ? "" : NULL, NULL);
        return;
    }
    pic_page_void(page, "input", "type", look->type, "id", ids->field, "name", pen->field->option,
                  "value", file ? NULL : pen->typed, "inputmode", look->mode, "class", look->size,
                  "accept", file ? "image/*,application/pdf" : NULL, "autocomplete", "off",
                  "aria-describedby", pen->described, "aria-invalid", invalid, "required",
                  required ? "" : NULL, NULL);
    if (look->unit != NULL)
        pic_page_element(page, "span", look->unit, "class", "unite", NULL);
}

void pic_form_field(struct pic_form *form, const struct pic_field *field, const char *typed,
                    bool required, const char *error)
{
    struct pic_page *page = form->page;
    struct ids ids;
    struct pen pen = {.form = form, .field = field, .typed = typed == NULL ? "" : typed};
    make_ids(field->option, field->help, error, &ids);
    pen.described = ids.described[0] != '\0' ? ids.described : NULL;
    choices(form, field, count, &pen);
    if (field->type == PIC_TYPE_SET && pen.n > 0 && pen.n <= PIC_FORM_CHECKBOXES_MAX) {
        put_set(&pen, &ids, required, error);
        return;
    }
    bool wide = (field->flags & PIC_LONG) != 0 || field->type == PIC_TYPE_DOCUMENT;
    pic_page_open(page, "div", "class", wide ? "champ long" : "champ", NULL);
    put_label(page, "label", ids.field, field->label, required);
    put_around(page, &ids, field->help, error);
    if (pen.n > 0 && field->type != PIC_TYPE_SET)
        put_select(&pen, &ids, required, error);
    else
        put_input(&pen, &ids, required, error);
    pic_page_close(page);
}
