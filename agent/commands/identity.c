#include <stdlib.h>
#include <string.h>

#include "agent/commands/commands.h"
#include "agent/erasure.h"
#include "agent/identities.h"
#include "agent/query.h"
#include "schema/state/persons.h"

enum { TEXT_MAX = 1024, MS_PER_DAY = 24 * 60 * 60 * 1000 };

/* --- identite voir --- */

/* The sealed fields of one row, opened. */
static int show_fields(struct pic_agent *agent, const struct pic_identity_keys *keys, uint64_t id,
                       struct pic_sheet *sheet, struct pic_err *err)
{
    const struct pic_entity *entity = NULL;
    struct pic_row row;
    uint64_t org = 0;
    uint64_t erased = id;
    int status = pic_state_find(agent->state, id, &entity, &org);
    if (status == PIC_OK)
        status = pic_query_numbers(agent->queries, PIC_QUERY_ERASED, &erased, 1);
    if (status == PIC_OK && erased != 0)
        status = PIC_EERASED;
    if (status == PIC_OK)
        status = pic_row_load(pic_state_rows(agent->state), entity, id, &row);
    for (unsigned i = 0; status == PIC_OK && i < entity->field_n; i++) {
        const struct pic_field *field = &entity->fields[i];
        struct pic_span hash = row.values[i].s;
        struct pic_buf plain;
        if (field->type != PIC_TYPE_IDENTITY || row.values[i].kind != PIC_KIND_BYTES ||
            hash.n != PIC_HASH_SIZE)
            continue;
        pic_buf_init(&plain, PIC_IDENTITY_MAX);
        status = pic_identities_open(agent, hash.p, keys, &plain);
        pic_sheet_text(sheet, field->label);
        pic_sheet_span(sheet, pic_buf_view(&plain));
        pic_buf_wipe(&plain);
    }
    if (status == PIC_OK && sheet->row_n == 0)
        status = PIC_ENOT_FOUND;
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

int pic_command_identity(struct pic_call *call)
{
    static const struct pic_column columns[] = {{"champ", "Champ", PIC_TYPE_TEXT},
                                                {"identite", "Identité", PIC_TYPE_TEXT}};
    struct pic_agent agent;
    struct pic_keys keys = {0};
    struct pic_identity_keys readable = {.n = 0};
    struct pic_sheet sheet;
    uint64_t id = 0;
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    int status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK)
        status = pic_desk_id(call, &agent, NULL, 0, &id);
    if (status == PIC_OK)
        status = pic_desk_unlock(call, &agent, &keys);
    if (status == PIC_OK)
        status = pic_identities_keys(&agent, &keys, &readable);
    agent.blobs.owner.reader = &keys.box;
    if (status == PIC_OK)
        status = show_fields(&agent, &readable, id, &sheet, &call->err);
    if (status == PIC_OK)
        status = pic_call_sheet(call, &sheet, false);
    if (sheet.cells.data != NULL)
        pic_wipe(sheet.cells.data, sheet.cells.cap);
    pic_sheet_release(&sheet);
    pic_identities_keys_wipe(&readable);
    pic_agent_close(&agent);
    pic_keys_wipe(&keys);
    return status;
}

/* --- confier --- */

struct confiding {
    uint32_t device; /* asked for; 0: only show */
    bool found;
    struct pic_identity_waiting chosen;
    struct pic_sheet sheet;
};

static void put_words(const uint8_t *key, struct pic_buf *out)
{
    const char *words[PIC_CONFIDE_WORDS];
    pic_identities_words(key, words);
    for (size_t i = 0; i < PIC_CONFIDE_WORDS; i++)
        pic_buf_printf(out, "%s%s", i == 0 ? "" : " · ", words[i]);
}

static void put_waiting(struct pic_sheet *sheet, uint32_t device, struct pic_span label,
                        const char *standing, const uint8_t *key)
{
    struct pic_buf words;
    pic_buf_init(&words, TEXT_MAX);
    put_words(key, &words);
    pic_sheet_int(sheet, device);
    pic_sheet_span(sheet, label);
    pic_sheet_text(sheet, standing);
    pic_sheet_text(sheet, pic_buf_string(&words));
    pic_buf_release(&words);
}

static int each_waiting(void *context, const struct pic_identity_waiting *w)
{
    struct confiding *c = context;
    put_waiting(&c->sheet, w->device, w->label, pic_speech_text(PIC_TELL_CONFIDE_WAITS), w->key);
    if (w->device == c->device) {
        c->found = true;
        c->chosen = *w;
        c->chosen.label = pic_span_text("");
    }
    return PIC_OK;
}

/* Both people read the words to each other before the key leaves. */
static int confide(struct pic_call *call, struct pic_agent *agent, const struct confiding *c)
{
    struct pic_keys keys = {0};
    struct pic_buf words;
    bool yes = pic_call_has(call, "oui");
    pic_buf_init(&words, TEXT_MAX);
    put_words(c->chosen.key, &words);
    pic_call_tell(call, PIC_TELL_INIT_WORDS, pic_buf_string(&words), NULL);
    int status =
        yes ? PIC_OK
            : pic_terminal_confirm(&call->terminal, pic_speech_text(PIC_TELL_ASK_CONFIDE_WORDS),
                                   &yes, &call->err);
    if (status == PIC_OK && !yes)
        status = pic_fail(&call->err, PIC_EREFUSED, NULL);
    if (status == PIC_OK)
        status = pic_desk_unlock(call, agent, &keys);
    if (status == PIC_OK)
        status = pic_identities_confide(agent, &keys, &c->chosen, &call->err);
    if (status == PIC_OK)
        pic_call_tell(call, PIC_TELL_CONFIDED, NULL);
    pic_keys_wipe(&keys);
    pic_buf_release(&words);
    return status;
}

int pic_command_confide(struct pic_call *call)
{
    static const struct pic_column columns[] = {{"ordinateur", "Ordinateur", PIC_TYPE_COUNT},
                                                {"nom", "Nom", PIC_TYPE_TEXT},
                                                {"etat", "État", PIC_TYPE_TEXT},
                                                {"mots", "Mots de contrôle", PIC_TYPE_TEXT}};
    struct pic_agent agent;
    int64_t device = 0;
    struct confiding c = {.device = 0};
    int status = PIC_OK;
    if (call->arg_n > 0)
        status = pic_count_parse(call->args[0], PIC_DEVICE_MAX, &device, &call->err);
    if (status != PIC_OK)
        return status;
    c.device = (uint32_t)device;
    pic_sheet_init(&c.sheet, columns, sizeof columns / sizeof *columns);
    status = pic_desk_open(call, device == 0 ? PIC_AGENT_READ : PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK) {
        put_waiting(&c.sheet, agent.self.device, pic_span_text(agent.self.person),
                    pic_speech_text(PIC_TELL_CONFIDE_SELF), agent.self.box_key);
        status = pic_identities_waiting(&agent, each_waiting, &c);
        if (status != PIC_OK)
            (void)pic_fail(&call->err, status, NULL);
    }
    if (status == PIC_OK && device == 0)
        status = pic_call_sheet(call, &c.sheet, false);
    else if (status == PIC_OK)
        status = c.found ? confide(call, &agent, &c)
                         : pic_fail(&call->err, PIC_ENOT_FOUND, call->args[0], NULL);
    pic_sheet_release(&c.sheet);
    pic_agent_close(&agent);
    return status;
}

/* --- participant effacer --- */

static int put_due(void *context, const struct pic_person_due *due)
{
    struct pic_sheet *sheet = context;
    struct pic_buf number;
    pic_buf_init(&number, TEXT_MAX);
    pic_dot_print(due->id, &number);
    pic_sheet_text(sheet, pic_buf_string(&number));
    pic_sheet_text(sheet, due->entity == NULL ? "" : due->entity->label);
    pic_sheet_span(sheet, due->title);
    pic_sheet_int(sheet, due->ended);
    pic_sheet_int(sheet, due->due);
    pic_buf_release(&number);
    return PIC_OK;
}

static int show_due(struct pic_call *call)
{
    static const struct pic_column columns[] = {
        {"numero", "N°", PIC_TYPE_TEXT},
        {"saisie", "Saisie", PIC_TYPE_TEXT},
        {"action", "Action", PIC_TYPE_TEXT},
        {"fin", "Fin de l'action", PIC_TYPE_DATE},
        {"echeance", "À effacer depuis", PIC_TYPE_DATE},
    };
    struct pic_agent agent;
    struct pic_sheet sheet;
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    int status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK) {
        status = pic_persons_due(&agent.db, pic_agent_now_ms(&agent) / MS_PER_DAY, put_due, &sheet);
        if (status != PIC_OK)
            (void)pic_fail(&call->err, status, NULL);
    }
    if (status == PIC_OK)
        status = pic_call_sheet(call, &sheet, false);
    pic_sheet_release(&sheet);
    pic_agent_close(&agent);
    return status;
}

int pic_command_erase(struct pic_call *call)
{
    const char *reason = pic_call_option(call, "motif");
    bool yes = pic_call_has(call, "oui");
    struct pic_agent agent;
    uint64_t id = 0;
    uint64_t dot = 0;
    if (pic_call_has(call, "echeances"))
        return show_due(call);
    if (call->arg_n == 0)
        return pic_fail(&call->err, PIC_EMISSING_OPTION, "NUMÉRO", "NUMÉRO", "2-17", NULL);
    if (reason == NULL)
        return pic_fail(&call->err, PIC_EMISSING_OPTION, "--motif", "--motif",
                        "--motif \"demande de la personne\"", NULL);
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = pic_desk_id(call, &agent, NULL, 0, &id);
    if (status == PIC_OK && !yes)
        status = pic_terminal_confirm(&call->terminal, pic_speech_text(PIC_TELL_ASK_ERASE), &yes,
                                      &call->err);
    if (status == PIC_OK && !yes)
        status = pic_fail(&call->err, PIC_INTERRUPTED, NULL);
    if (status == PIC_OK)
        status = pic_erasure_record(&agent, id, reason, &dot, &call->err);
    if (status == PIC_OK)
        status = pic_desk_saved(call, pic_dictionary_entity(PIC_ERASURE), dot);
    pic_agent_close(&agent);
    return status;
}
