#include <stdlib.h>
#include <string.h>

#include "agent/commands/commands.h"
#include "agent/record.h"
#include "schema/state/naming.h"
#include "schema/state/siblings.h"

enum { TEXT_MAX = 65536 };

/* One field in two minds, and the values that it could have. */
struct card {
    struct pic_row row;
    const struct pic_field *field;
    struct pic_siblings siblings;
};

static int load_card(struct pic_agent *agent, const struct pic_entity *entity, uint64_t id,
                     const struct pic_field *field, struct card *out)
{
    int status = pic_row_load(pic_state_rows(agent->state), entity, id, &out->row);
    const struct pic_sibling created = {
        .dot = out->row.id, .stamp = out->row.stamp, .value = {.kind = PIC_KIND_NULL}};
    out->field = field;
    if (status == PIC_OK)
        status = pic_heads_get(out->row.heads, field->number, &created, &out->siblings);
    return status;
}

/* --- list --- */

/* "A", "B"…: how a value is named to people. */
static void put_letter(struct pic_sheet *sheet, size_t i)
{
    const char letter = (char)('A' + (int)(i < 26 ? i : 25));
    pic_sheet_span(sheet, pic_span_of(&letter, 1));
}

/* What choosing this value instead of the first would do to the money. */
static void put_effect(const struct card *card, size_t i, struct pic_buf *out)
{
    if (card->field->type != PIC_TYPE_MONEY) {
        pic_speech_tell(out, PIC_TELL_EFFECT_NONE, NULL);
        return;
    }
    pic_money_format(card->siblings.list[i].value.i - card->siblings.list[0].value.i,
                     PIC_STYLE_SCREEN, out);
}

static void put_card(struct pic_agent *agent, const struct card *card, struct pic_sheet *sheet)
{
    struct pic_buf text;
    pic_buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < card->siblings.n; i++) {
        const struct pic_sibling *s = &card->siblings.list[i];
        pic_buf_clear(&text);
        pic_dot_print(card->row.id, &text);
        pic_sheet_span(sheet, pic_buf_view(&text));
        pic_buf_clear(&text);
        pic_naming_row(agent->state, card->row.id, &text);
        pic_sheet_span(sheet, pic_buf_view(&text));
        pic_sheet_text(sheet, card->field->option);
        put_letter(sheet, i);
        pic_buf_clear(&text);
        pic_words_value(agent, card->field, &s->value, &text);
        pic_sheet_span(sheet, pic_buf_view(&text));
        pic_buf_clear(&text);
        pic_words_author(agent, s->dot, &text);
        pic_sheet_span(sheet, pic_buf_view(&text));
        pic_buf_clear(&text);
        pic_speech_moment(&text, pic_clock_ms(s->stamp),
                          agent->world->now_ms(agent->world->context));
        pic_sheet_span(sheet, pic_buf_view(&text));
        pic_buf_clear(&text);
        put_effect(card, i, &text);
        pic_sheet_span(sheet, pic_buf_view(&text));
    }
    pic_buf_release(&text);
}

static int fill(struct pic_agent *agent, struct card *card, struct pic_sheet *sheet)
{
    bool row = true;
    sqlite3_stmt *stmt = pic_db_prepare(
        &agent->db, "SELECT entity, id, field FROM conflict ORDER BY id, field", NULL);
    int status = stmt == NULL ? PIC_EIO : PIC_OK;
    while (status == PIC_OK && row) {
        status = pic_db_step(stmt, &row);
        if (status != PIC_OK || !row)
            break;
        const struct pic_entity *entity =
            pic_dictionary_entity((unsigned)sqlite3_column_int(stmt, 0));
        const struct pic_field *field =
            entity == NULL ? NULL : pic_entity_field(entity, (unsigned)sqlite3_column_int(stmt, 2));
        if (field == NULL)
            continue; /* of a newer dictionary: shown after the upgrade */
        status = load_card(agent, entity, (uint64_t)sqlite3_column_int64(stmt, 1), field, card);
        if (status == PIC_OK)
            put_card(agent, card, sheet);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

int pic_command_conflicts(struct pic_call *call)
{
    static const struct pic_column columns[] = {
        {"objet", "Objet", PIC_TYPE_TEXT},   {"nom", "Nom", PIC_TYPE_TEXT},
        {"champ", "Champ", PIC_TYPE_TEXT},   {"choix", "Choix", PIC_TYPE_TEXT},
        {"valeur", "Valeur", PIC_TYPE_TEXT}, {"qui", "Qui", PIC_TYPE_TEXT},
        {"quand", "Quand", PIC_TYPE_TEXT},   {"effet", "Effet sur l'argent", PIC_TYPE_TEXT},
    };
    struct pic_agent agent;
    struct pic_sheet sheet;
    struct card *card = malloc(sizeof *card);
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    int status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK)
        status = card == NULL ? PIC_EMEMORY : fill(&agent, card, &sheet);
    if (status == PIC_OK)
        status = pic_call_sheet(call, &sheet, false);
    pic_sheet_release(&sheet);
    pic_agent_close(&agent);
    free(card);
    return status;
}

/* --- decide --- */

/* The value that was chosen by its letter, or written anew. */
static int choose(struct pic_call *call, const struct card *card, struct pic_input *out)
{
    const char *letter = pic_call_option(call, "garder");
    const char *value = pic_call_option(call, "valeur");
    *out = (struct pic_input){.field = card->field, .typed = value};
    if ((letter == NULL) == (value == NULL))
        return pic_fail(&call->err, PIC_EMISSING_OPTION, "--garder", "--garder", "--garder A",
                        NULL);
    if (value != NULL)
        return PIC_OK;
    size_t i = (size_t)((unsigned char)*letter | 0x20U) - 'a';
    if (strlen(letter) != 1 || i >= card->siblings.n)
        return pic_fail(&call->err, PIC_ECODE, letter, "--garder", "A", NULL);
    out->value = &card->siblings.list[i].value;
    return PIC_OK;
}

/* A write whose bases name all siblings, which is what every edit's bases do. */
static int decide(struct pic_call *call, struct pic_agent *agent, struct card *card, uint64_t id)
{
    const struct pic_entity *entity = NULL;
    const char *option = pic_call_option(call, "champ");
    struct pic_input input;
    uint64_t org = 0;
    uint64_t dot = 0;
    int status = pic_state_find(agent->state, id, &entity, &org);
    const struct pic_field *field = status == PIC_OK ? pic_entity_by_option(entity, option) : NULL;
    if (field == NULL)
        return pic_fail(&call->err, PIC_ECODE, option, "--champ", NULL);
    status = load_card(agent, entity, id, field, card);
    if (status != PIC_OK)
        return pic_fail(&call->err, status, NULL);
    status = choose(call, card, &input);
    if (status == PIC_OK)
        status = pic_record(agent, entity, id, &input, 1, &dot, &call->err);
    return status == PIC_OK ? pic_desk_saved(call, entity, id) : status;
}

int pic_command_decide(struct pic_call *call)
{
    struct pic_agent agent;
    struct card *card = malloc(sizeof *card);
    uint64_t id = 0;
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = pic_desk_id(call, &agent, NULL, 0, &id);
    if (status == PIC_OK)
        status = card == NULL ? PIC_EMEMORY : decide(call, &agent, card, id);
    pic_agent_close(&agent);
    free(card);
    return status;
}
