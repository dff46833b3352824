#include "agent/words.h"

#include <inttypes.h>

#include "agent/keeper.h"
#include "schema/face/speech.h"
#include "schema/state/naming.h"

enum { CELL_MAX = 65536, SAID_MAX = 1024 };

/* Appends the text of one cell; false when there is none. */
static bool put_cell(struct pic_agent *agent, const char *sql, uint64_t parameter,
                     struct pic_buf *out)
{
    sqlite3_stmt *stmt = pic_db_prepare(&agent->db, sql, NULL);
    bool row = false;
    if (stmt == NULL)
        return false;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)parameter);
    row = pic_db_step(stmt, &row) == PIC_OK && row;
    struct pic_span text = row ? pic_db_column_span(stmt, 0) : pic_span_of(NULL, 0);
    pic_buf_bytes(out, text.p, text.n);
    row = text.n > 0;
    (void)sqlite3_finalize(stmt);
    return row;
}

void pic_words_author(struct pic_agent *agent, uint64_t dot, struct pic_buf *out)
{
    uint32_t device = pic_dot_device(dot);
    size_t before = out->len;
    if (pic_keeper_of(agent, dot, out) == PIC_OK && out->len > before)
        return;
    if (device == PIC_DEVICE_SERVER) {
        pic_buf_text(out, agent->self.server_name);
        return;
    }
    if (!put_cell(agent, "SELECT label FROM device WHERE device = ?1", device, out))
        pic_buf_printf(out, "%u", device);
}

void pic_words_value(struct pic_agent *agent, const struct pic_field *field,
                     const struct pic_value *value, struct pic_buf *out)
{
    if (field->type == PIC_TYPE_IDENTITY && value->kind == PIC_KIND_BYTES)
        pic_buf_text(out, pic_speech_text(PIC_TELL_SEALED));
    else
        pic_naming_value(agent->state, field, value, out);
}

void pic_words_life(struct pic_agent *agent, const struct pic_row *row, struct pic_buf *out)
{
    struct pic_buf bytes;
    pic_buf_init(&bytes, CELL_MAX);
    bool own = pic_dot_device(row->id) == agent->self.device;
    bool pending = own && pic_agent_pending_bytes(agent, pic_dot_seq(row->id), &bytes) == PIC_OK;
    pic_speech_tell(out, pending ? PIC_TELL_STATE_TO_SEND : PIC_TELL_RECEIVED, NULL);
    if (row->reversed != 0) {
        pic_buf_text(out, " — ");
        pic_speech_tell(out, PIC_TELL_REVERSED, NULL);
    }
    pic_buf_release(&bytes);
}

/* --- how things stand --- */

void pic_words_amount(uint64_t n, uint64_t bytes, const char *one, const char *many,
                      struct pic_buf *out)
{
    if (n == 0)
        return;
    pic_speech_count(out, n, one, many);
    pic_buf_text(out, " (");
    pic_speech_bytes(out, bytes);
    pic_buf_text(out, ")");
}

void pic_words_banner(const struct pic_status_facts *f, struct pic_buf *out)
{
    struct pic_buf a;
    struct pic_buf b;
    pic_buf_init(&a, SAID_MAX);
    pic_buf_init(&b, SAID_MAX);
    switch (f->standing) {
    case PIC_STANDING_TO_CORRECT:
        pic_buf_printf(&a, "%" PRIu64, f->corrections + f->conflicts + f->quarantined);
        pic_speech_tell(out, PIC_TELL_BANNER_TO_CORRECT, pic_buf_string(&a), NULL);
        break;
    case PIC_STANDING_SILENT:
        pic_speech_duration(
            &a, f->now_ms - (f->last_contact_ms != 0 ? f->last_contact_ms : f->enrolled_ms));
        pic_speech_tell(out, PIC_TELL_BANNER_SILENT, pic_buf_string(&a), NULL);
        break;
    case PIC_STANDING_TO_SEND:
        pic_words_amount(f->pending.changes, f->pending.bytes, "saisie", "saisies", &a);
        pic_words_amount(f->pending.documents, f->pending.document_bytes, "document", "documents",
                         a.len == 0 ? &a : &b);
        if (a.len == 0)
            pic_buf_text(&a, "0");
        pic_speech_tell(out, PIC_TELL_BANNER_TO_SEND, pic_buf_string(&a), pic_buf_string(&b), NULL);
        break;
    case PIC_STANDING_RECEIVED:
        pic_receipt_print(&f->receipt, &a);
        pic_speech_moment(&b, f->receipt.time_ms, f->now_ms);
        pic_speech_tell(out, PIC_TELL_BANNER_RECEIVED, pic_buf_string(&a), pic_buf_string(&b),
                        NULL);
        break;
    case PIC_STANDING_EMPTY:
    case PIC_STANDINGS:
        pic_speech_tell(out, PIC_TELL_BANNER_EMPTY, NULL);
        break;
    }
    pic_buf_release(&a);
    pic_buf_release(&b);
}
