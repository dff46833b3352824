#include "agent/proof.h"

#include <string.h>

#include "agent/query.h"

/* Appends what the first column of the one row of a statement holds, and resets it. */
static int read_row(sqlite3_stmt *stmt, struct pic_buf *out)
{
    bool row = false;
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        struct pic_span bytes = pic_db_column_span(stmt, 0);
        pic_buf_bytes(out, bytes.p, bytes.n);
    }
    (void)sqlite3_reset(stmt);
    if (status == PIC_OK && !row)
        return PIC_ENOT_FOUND;
    return status == PIC_OK ? pic_buf_status(out) : status;
}

static int read_kept(struct pic_agent *agent, uint64_t number, struct pic_buf *out)
{
    sqlite3_stmt *stmt =
        pic_query(agent->queries, number == 0 ? PIC_QUERY_PROOF_LAST : PIC_QUERY_PROOF_BY_NUMBER);
    if (stmt == NULL)
        return PIC_EIO;
    if (number != 0)
        (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)number);
    return read_row(stmt, out);
}

/* What this receipt brought: all that the last one of a shorter log did not cover. Those that only
 * add documents are about the same entries. A server that was restored may count less than it did:
 * then nothing before it holds. */
static int read_news(struct pic_agent *agent, struct pic_proof *out)
{
    const struct pic_receipt *r = &out->voucher.receipt;
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_PROOF_BEFORE);
    struct pic_receipt before = {0};
    struct pic_buf bytes;
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, r->time_ms);
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)r->number);
    (void)sqlite3_bind_int64(stmt, 3, (sqlite3_int64)r->seq);
    pic_buf_init(&bytes, PIC_RECEIPT_MAX);
    int status = read_row(stmt, &bytes);
    if (status == PIC_OK)
        status = pic_receipt_read(pic_buf_view(&bytes), out->voucher.identity, &before);
    pic_buf_release(&bytes);
    if (before.documents > r->documents)
        before = (struct pic_receipt){0};
    out->first_seq = before.seq + 1;
    out->new_documents = r->documents - before.documents;
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

/* The clock was not noted before this table was: a store that an older program wrote lacks it until
 * it is next written to. */
static void read_clock(struct pic_agent *agent, struct pic_proof *out)
{
    const struct pic_receipt *r = &out->voucher.receipt;
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_HEARD);
    bool row = false;
    if (stmt == NULL)
        return;
    (void)sqlite3_bind_int64(stmt, 1, r->time_ms);
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)r->number);
    if (pic_db_step(stmt, &row) == PIC_OK && row)
        out->local_ms = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_reset(stmt);
}

int pic_proof_read(struct pic_agent *agent, uint64_t number, struct pic_proof *out)
{
    const struct pic_agent_self *self = &agent->self;
    *out = (struct pic_proof){
        .voucher = {.server_name = pic_span_text(self->server_name),
                    .organisation_name = pic_span_text(self->organisation_name),
                    .person = pic_span_text(self->person)},
    };
    memcpy(out->voucher.identity, self->server.identity, PIC_KEY_SIZE);
    pic_buf_init(&out->bytes, PIC_RECEIPT_MAX);
    int status = read_kept(agent, number, &out->bytes);
    if (status == PIC_OK)
        status = pic_receipt_read(pic_buf_view(&out->bytes), self->server.identity,
                                  &out->voucher.receipt);
    if (status == PIC_OK)
        status = read_news(agent, out);
    if (status != PIC_OK)
        return status;
    read_clock(agent, out);
    out->missing_documents = pic_dot(self->device, out->voucher.receipt.seq);
    return pic_query_numbers(agent->queries, PIC_QUERY_OUTGOING_COVERED, &out->missing_documents,
                             1);
}

void pic_proof_release(struct pic_proof *proof)
{
    pic_buf_release(&proof->bytes);
    *proof = (struct pic_proof){0};
}
