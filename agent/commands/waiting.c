#include "agent/commands/commands.h"

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
    pic_words_name(q->agent, change->id, &name);
    put(q, change->dot, entity == NULL ? "" : entity->label, pic_buf_view(&name),
        pic_span_text(pic_speech_text(PIC_TELL_STATE_TO_SEND)));
    pic_buf_release(&name);
    return PIC_OK;
}

static int put_documents(struct queue *q)
{
    bool row = true;
    sqlite3_stmt *stmt = pic_db_prepare(&q->agent->db,
                                        "SELECT coalesce(d.name, ''), o.size FROM outgoing o LEFT "
                                        "JOIN document d ON d.blob = o.hash"
                                        " WHERE o.sent = 0 ORDER BY o.size",
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
        put(q, 0, pic_dictionary_entity(PIC_DOCUMENT)->label, pic_db_column_span(stmt, 0),
            pic_buf_view(&size));
        pic_buf_release(&size);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

/* What is kept without effect, with its reason in words. */
static int put_quarantine(struct queue *q)
{
    bool row = true;
    sqlite3_stmt *stmt = pic_db_prepare(
        &q->agent->db, "SELECT dot, status FROM quarantine WHERE waits_for = 0 ORDER BY dot", NULL);
    int status = stmt == NULL ? PIC_EIO : PIC_OK;
    while (status == PIC_OK && row) {
        struct pic_buf why;
        status = pic_db_step(stmt, &row);
        if (status != PIC_OK || !row)
            break;
        const struct pic_err reason = {.status = sqlite3_column_int(stmt, 1)};
        pic_buf_init(&why, TEXT_MAX);
        pic_speech_error(&reason, PIC_SPEECH_LINE, &why);
        put(q, (uint64_t)sqlite3_column_int64(stmt, 0), "", pic_span_text(""), pic_buf_view(&why));
        pic_buf_release(&why);
    }
    (void)sqlite3_finalize(stmt);
    return status;
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
        status = pic_call_sheet(call, &q.sheet, false);
    pic_sheet_release(&q.sheet);
    pic_agent_close(&agent);
    return status;
}
