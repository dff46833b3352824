#include <stdlib.h>

#include "agent/branch.h"
#include "agent/commands/commands.h"
#include "schema/state/naming.h"

enum { TEXT_MAX = 1024 };

/* The queue, item by item, and why each is there. */
struct queue {
    struct pic_agent *agent;
    struct pic_sheet sheet;
};

static void put(struct queue *q, uint64_t dot, const char *what, struct pic_span name,
                struct pic_span why)
{
    struct pic_buf text;
    pic_buf_init(&text, TEXT_MAX);
    if (dot != 0)
        pic_dot_print(dot, &text);
    pic_sheet_span(&q->sheet, pic_buf_view(&text));
    pic_sheet_text(&q->sheet, what);
    pic_sheet_span(&q->sheet, name);
    pic_sheet_span(&q->sheet, why);
    pic_buf_release(&text);
}

static int put_pending(void *context, const struct pic_change *change, size_t bytes)
{
    struct queue *q = context;
    const struct pic_entity *entity = pic_dictionary_entity(change->entity);
    struct pic_buf name;
    (void)bytes;
    pic_buf_init(&name, TEXT_MAX);
    pic_naming_row(q->agent->state, change->id, &name);
    put(q, change->dot, entity == NULL ? "" : entity->label, pic_buf_view(&name),
        pic_span_text(pic_speech_text(PIC_TELL_STATE_TO_SEND)));
    pic_buf_release(&name);
    return PIC_OK;
}

static int put_documents(struct queue *q)
{
    bool row = true;
    sqlite3_stmt *stmt = pic_db_prepare(&q->agent->db,
                                        "SELECT coalesce((SELECT name FROM document WHERE blob ="
                                        " o.hash ORDER BY id LIMIT 1), ''), o.size"
                                        " FROM outgoing AS o WHERE o.sent = 0 ORDER BY o.size",
                                        NULL);
    int status = stmt == NULL ? PIC_EIO : PIC_OK;
    while (status == PIC_OK && row) {
        struct pic_buf size;
        status = pic_db_step(stmt, &row);
        if (status != PIC_OK || !row)
            break;
        pic_buf_init(&size, TEXT_MAX);
        pic_speech_bytes(&size, (uint64_t)sqlite3_column_int64(stmt, 1));
        pic_buf_text(&size, " — ");
        pic_speech_tell(&size, PIC_TELL_STATE_TO_SEND, NULL);
        struct pic_span name = pic_db_column_span(stmt, 0);
        put(q, 0,
            name.n > 0 ? pic_dictionary_entity(PIC_DOCUMENT)->label
                       : pic_speech_text(PIC_TELL_SEALED_IDENTITY),
            name, pic_buf_view(&size));
        pic_buf_release(&size);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

/* The change that a row of the quarantine holds: what it is, and of what. */
static void put_held(struct queue *q, uint64_t dot, struct pic_span bytes, struct pic_span why)
{
    struct pic_cursor cursor = pic_cursor_of(bytes.p, bytes.n);
    struct pic_change_store *store = malloc(sizeof *store);
    struct pic_change change = {0};
    struct pic_buf name;
    bool read = store != NULL && pic_change_get(&cursor, store, &change) == PIC_OK;
    const struct pic_entity *entity = read ? pic_dictionary_entity(change.entity) : NULL;
    pic_buf_init(&name, TEXT_MAX);
    if (read)
        pic_naming_row(q->agent->state, change.id, &name);
    put(q, dot, entity == NULL ? "" : entity->label, pic_buf_view(&name), why);
    pic_buf_release(&name);
    free(store);
}

/* What is kept without effect, or until something else comes, with its reason in words. */
static int put_quarantine(struct queue *q)
{
    bool row = true;
    sqlite3_stmt *stmt = pic_db_prepare(
        &q->agent->db, "SELECT dot, status, change, waits_for FROM quarantine ORDER BY dot", NULL);
    int status = stmt == NULL ? PIC_EIO : PIC_OK;
    while (status == PIC_OK && row) {
        struct pic_buf why;
        status = pic_db_step(stmt, &row);
        if (status != PIC_OK || !row)
            break;
        const struct pic_err reason = {.status = sqlite3_column_int(stmt, 1)};
        pic_buf_init(&why, TEXT_MAX);
        if (sqlite3_column_int64(stmt, 3) != 0)
            pic_speech_tell(&why, PIC_TELL_STATE_WAITS_FOR, NULL);
        else
            pic_speech_error(&reason, PIC_SPEECH_LINE, &why);
        put_held(q, (uint64_t)sqlite3_column_int64(stmt, 0), pic_db_column_span(stmt, 2),
                 pic_buf_view(&why));
        pic_buf_release(&why);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

/* Its first text: what it is about may be another thing now, or nothing. */
static struct pic_span title_of(const struct pic_change *change)
{
    for (unsigned i = 0; i < change->op_n; i++)
        if (change->ops[i].value.kind == PIC_KIND_TEXT)
            return change->ops[i].value.s;
    return (struct pic_span){0};
}

static int put_aside(void *context, const struct pic_change *change)
{
    struct queue *q = context;
    const struct pic_world *world = q->agent->world;
    const struct pic_entity *entity = pic_dictionary_entity(change->entity);
    struct pic_buf when;
    struct pic_buf why;
    pic_buf_init(&when, TEXT_MAX);
    pic_buf_init(&why, TEXT_MAX);
    pic_speech_moment(&when, (int64_t)pic_clock_ms(change->stamp), world->now_ms(world->context));
    pic_speech_tell(&why, PIC_TELL_STATE_ASIDE, pic_buf_string(&when), NULL);
    put(q, change->dot, entity == NULL ? "" : entity->label, title_of(change), pic_buf_view(&why));
    pic_buf_release(&when);
    pic_buf_release(&why);
    return PIC_OK;
}

int pic_command_waiting(struct pic_call *call)
{
    static const struct pic_column columns[] = {
        {"saisie", "Saisie", PIC_TYPE_TEXT},
        {"nature", "Nature", PIC_TYPE_TEXT},
        {"nom", "Nom", PIC_TYPE_TEXT},
        {"pourquoi", "Pourquoi", PIC_TYPE_TEXT},
    };
    struct pic_agent agent;
    struct queue q = {.agent = &agent};
    pic_sheet_init(&q.sheet, columns, sizeof columns / sizeof *columns);
    int status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK)
        status = pic_agent_pending_each(&agent, 0, put_pending, &q);
    if (status == PIC_OK)
        status = put_documents(&q);
    if (status == PIC_OK)
        status = put_quarantine(&q);
    if (status == PIC_OK)
        status = pic_branch_aside_each(&agent, put_aside, &q);
    if (status == PIC_OK)
        status = pic_call_sheet(call, &q.sheet, false);
    if (status == PIC_OK && q.sheet.row_n == 0 && !call->json && !call->plain)
        pic_call_tell(call, PIC_TELL_LIST_EMPTY, NULL);
    pic_sheet_release(&q.sheet);
    pic_agent_close(&agent);
    return status;
}
