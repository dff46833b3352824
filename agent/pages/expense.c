#include <stdlib.h>
#include <string.h>

#include "agent/pages/pages.h"
#include "agent/record.h"
#include "agent/warn.h"
#include "schema/state/naming.h"
#include "schema/state/rollup.h"

enum { SAID_MAX = 4096, CODE_SIZE = sizeof "S-00  " - 1, HTTP_OK = 200 };

/* --- who bears it --- */

struct split {
    struct pic_visit *visit;
    struct pic_buf text;
};

static int put_part(void *context, uint64_t funder, const char *territory, enum pic_measure measure,
                    int64_t cents)
{
    struct split *split = context;
    (void)territory;
    if (measure != PIC_JUSTIFIED || funder == 0)
        return PIC_OK;
    pic_buf_text(&split->text, split->text.len > 0 ? " · " : "");
    pic_naming_row(split->visit->agent->state, funder, &split->text);
    pic_buf_text(&split->text, " ");
    pic_money_format(cents, PIC_STYLE_SCREEN, &split->text);
    return PIC_OK;
}

/* What each funder of the project's fund bears of an amount; and what the project still has to
 * justify. Nothing where the shares have not arrived here. */
static void put_money(struct pic_visit *visit, uint64_t project, int64_t cents)
{
    struct pic_rollup *rollup = NULL;
    struct pic_contribution all = {0};
    struct split split = {.visit = visit};
    struct pic_buf left;
    pic_buf_init(&split.text, SAID_MAX);
    pic_buf_init(&left, SAID_MAX);
    int status = pic_rollup_new(pic_state_rows(visit->agent->state), &rollup, &visit->err);
    if (status == PIC_OK)
        status = pic_rollup_contribution(rollup, project, &all);
    if (status == PIC_OK && all.measures[PIC_GRANTED] > 0) {
        pic_money_format(all.measures[PIC_GRANTED] - all.measures[PIC_JUSTIFIED], PIC_STYLE_SCREEN,
                         &left);
        pic_page_open(&visit->page, "p", NULL);
        pic_page_text(&visit->page, "Reste à justifier sur ce projet : ");
        pic_page_element(&visit->page, "strong", pic_buf_string(&left), NULL);
        pic_page_close(&visit->page);
    }
    const struct pic_contribution one = {.fund = all.fund, .measures[PIC_JUSTIFIED] = cents};
    if (status == PIC_OK && cents != 0)
        status = pic_rollup_cut(rollup, &one, put_part, &split);
    if (status == PIC_OK && split.text.len > 0) {
        pic_page_open(&visit->page, "p", NULL);
        pic_page_text(&visit->page, "Répartition : ");
        pic_page_element(&visit->page, "strong", pic_buf_string(&split.text), NULL);
        pic_page_close(&visit->page);
    }
    visit->err = (struct pic_err){0}; /* a comfort that fails is none */
    pic_rollup_free(rollup);
    pic_buf_release(&split.text);
    pic_buf_release(&left);
}

/* --- warnings --- */

struct warner {
    struct pic_visit *visit;
    bool asks; /* in a form that is not sent yet */
    const char *same;
};

/* One of the two answers to "is it the same invoice?", in a form that is not sent yet. */
static void put_answer(struct warner *warner, const char *value, const char *label)
{
    struct pic_page *page = &warner->visit->page;
    bool on = strcmp(warner->same == NULL ? "" : warner->same, value) == 0;
    pic_page_open(page, "label", "class", "case", NULL);
    pic_page_void(page, "input", "type", "radio", "name", "meme-facture", "value", value, "checked",
                  on ? "" : NULL, NULL);
    pic_page_text(page, " ");
    pic_page_text(page, label);
    pic_page_close(page);
}

static void put_same(struct warner *warner, const char *other, const char *sentence)
{
    struct pic_visit *visit = warner->visit;
    struct pic_page *page = &visit->page;
    struct pic_form form = {.page = page};
    struct pic_buf action;
    if (warner->asks) {
        pic_page_open(page, "fieldset", "class", "avis question", "data-genre", "avis", NULL);
        pic_page_element(page, "legend", sentence, NULL);
        put_answer(warner, other, "C'est la même facture : la partager");
        put_answer(warner, "", "Ce n'est pas la même");
        pic_page_close(page);
        return;
    }
    pic_buf_init(&action, SAID_MAX);
    pic_buf_printf(&action, "/depense/%s/meme-facture", visit->number);
    pic_layout_notice(page, "avis", sentence);
    pic_page_open(page, "div", "class", "barre", NULL);
    pic_page_open(page, "form", "method", "post", "action", pic_buf_string(&action), "class",
                  "seul", NULL);
    pic_form_hidden(&form, "jeton", visit->request->token);
    pic_form_hidden(&form, "meme-facture", other);
    pic_page_element(page, "button", "C'est la même facture : la partager", NULL);
    pic_page_close(page);
    pic_buf_clear(&action);
    pic_buf_printf(&action, "/depense/%s", visit->number);
    pic_visit_link(visit, pic_buf_string(&action), "Ce n'est pas la même", false);
    pic_page_close(page);
    pic_buf_release(&action);
}

static void put_warning(void *context, const struct pic_warning *warning)
{
    struct warner *warner = context;
    const char *const *facts = warning->facts;
    bool same = warning->key == PIC_TELL_WARN_DUPLICATE;
    struct pic_buf text;
    pic_buf_init(&text, SAID_MAX);
    pic_speech_tell(&text, same ? PIC_TELL_PAGE_SAME : warning->key, facts[0], facts[1], facts[2],
                    NULL);
    if (same)
        put_same(warner, facts[0], pic_buf_string(&text));
    else /* its code is for the command line and the manual */
        pic_layout_notice(&warner->visit->page, "avis",
                          pic_buf_string(&text) + (text.len > CODE_SIZE ? CODE_SIZE : 0));
    pic_buf_release(&text);
}

void pic_visit_warnings(struct pic_visit *visit)
{
    struct warner warner = {.visit = visit};
    const struct pic_warn warn = {put_warning, &warner};
    pic_warn_entry(&warn, visit->agent, visit->entity, visit->id);
}

void pic_visit_warn_budget(struct pic_visit *visit, const struct pic_budget *budget)
{
    struct warner warner = {.visit = visit};
    const struct pic_warn warn = {put_warning, &warner};
    pic_warn_budget(&warn, budget);
}

/* --- before it is recorded --- */

/* The value of one field as it is typed so far; NULL where it is not good yet. */
static const struct pic_value *typed(const struct pic_entity *entity, const char *column,
                                     pic_expense_typed *text, void *context, struct pic_buf *store,
                                     struct pic_value *out)
{
    const struct pic_field *field = pic_entity_by_column(entity, column);
    const char *given = text(context, field);
    struct pic_err err = {0};
    pic_buf_init(store, PIC_TEXT_MAX);
    *out = (struct pic_value){0};
    bool good = given != NULL && *given != '\0' &&
                pic_value_parse(field, given, store, out, &err) == PIC_OK;
    return good ? out : NULL;
}

void pic_expense_preview(struct pic_visit *visit, pic_expense_typed *text, void *context)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_EXPENSE);
    const char *project = text(context, pic_entity_by_column(entity, "project"));
    struct warner warner = {.visit = visit,
                            .asks = true,
                            .same = text(context, pic_entity_by_column(entity, "shared_with"))};
    const struct pic_warn warn = {put_warning, &warner};
    struct pic_value values[4];
    struct pic_buf stores[4];
    struct pic_err err = {0};
    uint64_t id = 0;
    const struct pic_value *amount = typed(entity, "amount", text, context, &stores[0], &values[0]);
    const struct pic_value *supplier =
        typed(entity, "supplier", text, context, &stores[1], &values[1]);
    const struct pic_value *day =
        typed(entity, "invoice_on", text, context, &stores[2], &values[2]);
    const struct pic_value *number =
        typed(entity, "invoice_number", text, context, &stores[3], &values[3]);
    if (project != NULL && *project != '\0' &&
        pic_entry_find(visit->agent->state, "project", visit->agent->self.device, project, &id,
                       &err) == PIC_OK)
        put_money(visit, id, amount == NULL ? 0 : amount->i);
    if (amount != NULL && supplier != NULL && day != NULL) {
        const struct pic_invoice invoice = {.cents = amount->i,
                                            .on = day->i,
                                            .supplier = supplier->s,
                                            .number =
                                                number == NULL ? pic_span_of(NULL, 0) : number->s};
        pic_warn_invoice(&warn, visit->agent, &invoice);
    }
    for (size_t i = 0; i < sizeof stores / sizeof *stores; i++)
        pic_buf_release(&stores[i]);
}

static const char *asked(void *context, const struct pic_field *field)
{
    const struct pic_visit *visit = context;
    return pic_posted_text(visit->request->query, field->option);
}

void pic_page_expense_preview(struct pic_visit *visit)
{
    visit->response->status = HTTP_OK;
    pic_page_init(&visit->page, &visit->response->body);
    pic_expense_preview(visit, asked, visit);
    if (pic_page_status(&visit->page) != PIC_OK)
        visit->response->body.bad = true;
}

/* --- after it --- */

void pic_expense_money(struct pic_visit *visit, const struct pic_row *row)
{
    const struct pic_field *project = pic_entity_by_column(row->entity, "project");
    const struct pic_field *amount = pic_entity_by_column(row->entity, "amount");
    const struct pic_field *eligible = pic_entity_by_column(row->entity, "eligible_amount");
    const struct pic_value *kept = pic_row_value(row, eligible->number);
    if (kept->kind == PIC_KIND_NULL)
        kept = pic_row_value(row, amount->number);
    if (row->reversed == 0)
        put_money(visit, (uint64_t)pic_row_value(row, project->number)->i, kept->i);
}

void pic_page_expense_same(struct pic_visit *visit)
{
    const struct pic_field *field = pic_entity_by_column(visit->entity, "shared_with");
    const char *other = pic_posted_text(visit->request->form, field->option);
    const struct pic_input input = {.field = field, .typed = other};
    uint64_t dot = 0;
    int status = other == NULL ? PIC_ENOT_FOUND
                               : pic_record(visit->agent, visit->entity, visit->id, &input, 1, &dot,
                                            &visit->err);
    if (status == PIC_OK || status == PIC_ENOTHING_TO_CHANGE)
        pic_visit_go_saved(visit, visit->id, false);
    else
        pic_visit_fail(visit, status);
}
