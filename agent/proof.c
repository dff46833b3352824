#include "agent/proof.h"

#include <string.h>

#include "agent/query.h"
#include "protocol/base/text.h"

static const char magic[] = {'P', 'I', 'C', 'A'};

enum { FILE_VERSION = 1, GROUP = 4 };

/* Appends the signed bytes of a receipt. */
static int read_kept(struct pic_agent *agent, uint64_t number, struct pic_buf *out)
{
    sqlite3_stmt *stmt =
        pic_query(agent, number == 0 ? PIC_QUERY_PROOF_LAST : PIC_QUERY_PROOF_BY_NUMBER);
    bool row = false;
    if (stmt == NULL)
        return PIC_EIO;
    if (number != 0)
        (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)number);
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        struct pic_span bytes = pic_db_column_span(stmt, 0);
        pic_buf_bytes(out, bytes.p, bytes.n);
    }
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && !row ? PIC_ENOT_FOUND : status;
}

int pic_proof_write(struct pic_agent *agent, uint64_t number, struct pic_buf *out)
{
    const struct pic_agent_self *self = &agent->self;
    struct pic_buf receipt;
    uint8_t hash[PIC_HASH_SIZE];
    pic_buf_init(&receipt, PIC_RECEIPT_MAX);
    int status = read_kept(agent, number, &receipt);
    size_t start = out->len;
    pic_buf_bytes(out, magic, sizeof magic);
    pic_buf_u8(out, FILE_VERSION);
    pic_buf_bytes(out, self->server.identity, PIC_KEY_SIZE);
    pic_buf_span(out, pic_span_text(self->server_name));
    pic_buf_span(out, pic_span_text(self->organisation_name));
    pic_buf_span(out, pic_span_text(self->person));
    pic_buf_span(out, pic_buf_view(&receipt));
    pic_buf_release(&receipt);
    if (status == PIC_OK)
        status = pic_buf_status(out);
    if (status != PIC_OK)
        return status;
    pic_hash(pic_span_of(out->data + start, out->len - start), hash);
    pic_buf_bytes(out, hash, sizeof hash);
    return pic_buf_status(out);
}

int pic_proof_read(struct pic_span bytes, struct pic_proof *out)
{
    uint8_t hash[PIC_HASH_SIZE];
    memset(out, 0, sizeof *out);
    if (bytes.n < sizeof magic + 1 + PIC_HASH_SIZE)
        return PIC_EFORMAT;
    const size_t covered = bytes.n - PIC_HASH_SIZE;
    struct pic_cursor c = pic_cursor_of(bytes.p, covered);
    const uint8_t *mark = pic_cursor_bytes(&c, sizeof magic);
    if (mark == NULL || memcmp(mark, magic, sizeof magic) != 0)
        return PIC_EFORMAT;
    pic_hash(pic_span_of(bytes.p, covered), hash);
    if (memcmp(hash, bytes.p + covered, PIC_HASH_SIZE) != 0)
        return PIC_EHASH;
    if (pic_cursor_u8(&c) != FILE_VERSION)
        return PIC_EVERSION;
    pic_cursor_copy(&c, out->identity, PIC_KEY_SIZE);
    out->server_name = pic_cursor_span(&c, PIC_AGENT_NAME_MAX);
    out->organisation_name = pic_cursor_span(&c, PIC_AGENT_NAME_MAX);
    out->person = pic_cursor_span(&c, PIC_AGENT_NAME_MAX);
    struct pic_span receipt = pic_cursor_span(&c, PIC_RECEIPT_MAX);
    int status = pic_cursor_end(&c);
    return status == PIC_OK ? pic_receipt_read(receipt, out->identity, &out->receipt) : status;
}

void pic_proof_fingerprint(const uint8_t identity[static PIC_KEY_SIZE], struct pic_buf *out)
{
    uint8_t hash[PIC_HASH_SIZE];
    pic_hash(pic_span_of(identity, PIC_KEY_SIZE), hash);
    pic_text_base32(pic_span_of(hash, PIC_FINGERPRINT_BYTES), GROUP, out);
}
