#include <stdlib.h>
#include <string.h>

#include "agent/commands/commands.h"
#include "agent/listing.h"
#include "agent/record.h"
#include "schema/state/naming.h"

/* What waits for a person: what the Region asks to correct, what was kept without effect, fields
 * with two values. One card each, with the command that settles it; on a terminal, a request of the
 * Region can be answered at once. */

enum { TEXT_MAX = 8192, ANSWER_SIZE = 1024, ITEMS_MAX = 1000 };

struct correct {
    struct pic_call *call;
    struct pic_agent *agent;
    uint64_t only; /* NUMÉRO, or 0 for all */
    struct pic_sheet sheet;
    uint64_t requests[ITEMS_MAX]; /* controls that were shown */
    size_t request_n;
};

/* One line of the sheet. about: what it concerns; facts of the action follow its name. */
static void put(struct correct *c, uint64_t number, uint64_t about, struct pic_span what,
                enum pic_tell action)
{
    const struct pic_entity *entity = NULL;
    struct pic_buf text;
    struct pic_buf id;
    uint64_t org = 0;
    pic_buf_init(&text, TEXT_MAX);
    pic_buf_init(&id, TEXT_MAX);
    bool known = about != 0 && pic_state_find(c->agent->state, about, &entity, &org) == PIC_OK;
    pic_dot_print(about, &id);
    pic_dot_print(number, &text);
    pic_sheet_span(&c->sheet, pic_buf_view(&text));
    pic_buf_clear(&text);
    if (known)
        pic_buf_printf(&text, "%s %s", entity->label, pic_buf_string(&id));
    pic_sheet_span(&c->sheet, pic_buf_view(&text));
    pic_buf_clear(&text);
    pic_naming_row(c->agent->state, known ? about : 0, &text);
    pic_sheet_span(&c->sheet, pic_buf_view(&text));
    pic_sheet_span(&c->sheet, what);
    pic_buf_clear(&text);
    pic_speech_tell(&text, action, pic_buf_string(&id), known ? entity->command : "", NULL);
    pic_sheet_span(&c->sheet, pic_buf_view(&text));
    pic_buf_release(&text);
    pic_buf_release(&id);
}

static bool is_wanted(const struct correct *c, uint64_t number, uint64_t about)
{
    return c->only == 0 || c->only == number || c->only == about;
}

/* How a thing is put right: a fact by reversal, a receipt by a better one, the rest by an edit. */
static enum pic_tell way_of(struct correct *c, uint64_t about)
{
    const struct pic_entity *entity = NULL;
    uint64_t org = 0;
    if (pic_state_find(c->agent->state, about, &entity, &org) != PIC_OK)
        return PIC_TELL_DO_ANSWER;
    if (entity->number == PIC_EXPENSE)
        return PIC_TELL_DO_EXPENSE;
    return (entity->flags & PIC_REVERSIBLE) != 0 ? PIC_TELL_DO_REVERSE : PIC_TELL_DO_CHANGE;
}

/* --- the three kinds --- */

static void put_request(struct correct *c, sqlite3_stmt *stmt)
{
    uint64_t number = (uint64_t)sqlite3_column_int64(stmt, 0);
    uint64_t about = (uint64_t)sqlite3_column_int64(stmt, 1);
    const struct pic_entity *control = pic_dictionary_entity(PIC_CONTROL);
    const struct pic_field *field = pic_entity_by_column(control, "reason");
    struct pic_span finding = pic_db_column_span(stmt, 2);
    struct pic_value reason;
    struct pic_buf what;
    if (!is_wanted(c, number, about) || c->request_n == ITEMS_MAX)
        return;
    pic_buf_init(&what, TEXT_MAX);
    pic_listing_column(stmt, 3, field, &reason);
    pic_naming_value(c->agent->state, field, &reason, &what);
    if (what.len > 0 && finding.n > 0)
        pic_buf_text(&what, " : ");
    pic_buf_bytes(&what, finding.p, finding.n);
    put(c, number, about, pic_buf_view(&what), way_of(c, about));
    pic_buf_release(&what);
    c->requests[c->request_n++] = number;
}

static void put_without_effect(struct correct *c, sqlite3_stmt *stmt)
{
    uint64_t number = (uint64_t)sqlite3_column_int64(stmt, 0);
    const struct pic_err reason = {.status = sqlite3_column_int(stmt, 1)};
    struct pic_span bytes = pic_db_column_span(stmt, 2);
    struct pic_cursor cursor = pic_cursor_of(bytes.p, bytes.n);
    struct pic_change_store *store = malloc(sizeof *store);
    struct pic_change change = {0};
    struct pic_buf what;
    if (store == NULL || pic_change_get(&cursor, store, &change) != PIC_OK)
        change.id = 0;
    pic_buf_init(&what, TEXT_MAX);
    pic_speech_error(&reason, PIC_SPEECH_LINE, &what);
    if (is_wanted(c, number, change.id))
        put(c, number, change.id, pic_buf_view(&what), PIC_TELL_DO_AGAIN);
    pic_buf_release(&what);
    free(store);
}

static void put_conflict(struct correct *c, sqlite3_stmt *stmt)
{
    uint64_t id = (uint64_t)sqlite3_column_int64(stmt, 0);
    const struct pic_entity *entity = pic_dictionary_entity((unsigned)sqlite3_column_int(stmt, 1));
    const struct pic_field *field =
        entity == NULL ? NULL : pic_entity_field(entity, (unsigned)sqlite3_column_int(stmt, 2));
    struct pic_buf what;
    if (field == NULL || !is_wanted(c, id, id))
        return;
    pic_buf_init(&what, TEXT_MAX);
    pic_speech_tell(&what, PIC_TELL_TWO_VALUES, field->label, NULL);
    put(c, id, id, pic_buf_view(&what), PIC_TELL_DO_DECIDE);
    pic_buf_release(&what);
}

static int gather(struct correct *c)
{
    static const struct {
        const char *sql;
        void (*put)(struct correct *c, sqlite3_stmt *stmt);
    } kinds[] = {
        {"SELECT id, about, finding, reason FROM control WHERE result = 'a-corriger'"
         " AND coalesce(answered, 0) = 0 AND cancelled IS NULL ORDER BY id",
         put_request},
        {"SELECT dot, status, change FROM quarantine WHERE waits_for = 0 AND dot >> 40 = ?1"
         " ORDER BY dot",
         put_without_effect},
        {"SELECT id, entity, field FROM conflict ORDER BY id, field", put_conflict},
    };
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < sizeof kinds / sizeof *kinds; i++) {
        bool row = false;
        sqlite3_stmt *stmt = pic_db_prepare(&c->agent->db, kinds[i].sql, &c->call->err);
        if (stmt == NULL)
            return c->call->err.status;
        if (sqlite3_bind_parameter_count(stmt) > 0)
            (void)sqlite3_bind_int64(stmt, 1, c->agent->self.device);
        status = pic_db_step(stmt, &row);
        while (status == PIC_OK && row) {
            kinds[i].put(c, stmt);
            status = pic_db_step(stmt, &row);
        }
        (void)sqlite3_finalize(stmt);
    }
    return status == PIC_OK ? PIC_OK : pic_fail(&c->call->err, status, NULL);
}

/* --- answers --- */

static int record_answer(struct correct *c, uint64_t control, const char *answer)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_CONTROL);
    const struct pic_input inputs[] = {
        {.field = pic_entity_by_column(entity, "answer"), .typed = answer},
        {.field = pic_entity_by_column(entity, "answered"), .typed = "oui"},
    };
    uint64_t dot = 0;
    int status = pic_record(c->agent, entity, control, inputs, sizeof inputs / sizeof *inputs, &dot,
                            &c->call->err);
    return status == PIC_OK ? pic_desk_saved(c->call, entity, control) : status;
}

static int ask_answers(struct correct *c)
{
    char answer[ANSWER_SIZE];
    struct pic_buf question;
    int status = pic_call_flush(c->call);
    pic_buf_init(&question, TEXT_MAX);
    for (size_t i = 0; status == PIC_OK && i < c->request_n; i++) {
        struct pic_buf number;
        pic_buf_init(&number, TEXT_MAX);
        pic_dot_print(c->requests[i], &number);
        pic_buf_clear(&question);
        pic_speech_tell(&question, PIC_TELL_ASK_ANSWER, pic_buf_string(&number), NULL);
        pic_buf_release(&number);
        status = pic_terminal_line(&c->call->terminal, pic_buf_string(&question), NULL, answer,
                                   sizeof answer, &c->call->err);
        if (status == PIC_OK && answer[0] != '\0')
            status = record_answer(c, c->requests[i], answer);
    }
    pic_buf_release(&question);
    return status;
}

/* The answer that --reponse gives goes to one request. */
static int answer_one(struct correct *c, const char *answer)
{
    if (c->request_n != 1)
        return pic_fail(&c->call->err, PIC_ENOT_FOUND, c->call->arg_n > 0 ? c->call->args[0] : "",
                        NULL);
    return record_answer(c, c->requests[0], answer);
}

/* Cards for people; a list for programs. */
static int tell(struct correct *c)
{
    struct pic_call *call = c->call;
    if (c->sheet.row_n == 0 && !call->json && !call->plain) {
        pic_call_tell(call, PIC_TELL_NOTHING_TO_CORRECT, NULL);
        return PIC_OK;
    }
    int status = pic_call_sheet(call, &c->sheet, !call->json && !call->plain);
    bool asks = !call->json && !call->plain && !call->terminal.unattended && c->request_n > 0;
    return status == PIC_OK && asks ? ask_answers(c) : status;
}

int pic_command_correct(struct pic_call *call)
{
    static const struct pic_column columns[] = {
        {"numero", "N°", PIC_TYPE_TEXT},       {"objet", "Objet", PIC_TYPE_TEXT},
        {"nom", "Nom", PIC_TYPE_TEXT},         {"demande", "Ce qui ne va pas", PIC_TYPE_TEXT},
        {"faire", "Que faire", PIC_TYPE_TEXT},
    };
    const char *answer = pic_call_option(call, "reponse");
    bool writes = answer != NULL || !call->terminal.unattended;
    struct pic_agent agent;
    struct correct *c = calloc(1, sizeof *c);
    if (c == NULL)
        return pic_fail(&call->err, PIC_EMEMORY, NULL);
    c->call = call;
    c->agent = &agent;
    pic_sheet_init(&c->sheet, columns, sizeof columns / sizeof *columns);
    int status = pic_desk_open(call, writes ? PIC_AGENT_WRITE : PIC_AGENT_READ, &agent);
    if (status == PIC_OK && call->arg_n > 0)
        status = pic_desk_id(call, &agent, NULL, 0, &c->only);
    if (status == PIC_OK)
        status = gather(c);
    if (status == PIC_OK)
        status = answer != NULL ? answer_one(c, answer) : tell(c);
    pic_sheet_release(&c->sheet);
    pic_agent_close(&agent);
    free(c);
    return status;
}
