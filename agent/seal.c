#include "agent/seal.h"

#include <stdlib.h>
#include <string.h>

#include "agent/query.h"

/* --- sealing --- */

/* Pending changes on their way into one segment. Each is one block: the change, its ops, their
 * bases, and the row it was read from, which holds its texts. */
struct batch {
    const struct pic_change *list[PIC_SEAL_BATCH_MAX];
    size_t n, bytes, bytes_max;
};

enum { BATCH_FULL = PIC_STATUS_COUNT }; /* ends the walk; no status of a failure */

static void batch_clear(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        free((void *)(uintptr_t)b->list[i]);
    b->n = b->bytes = 0;
}

static size_t spans_of(const struct pic_change *change, size_t *bases)
{
    size_t bytes = 0;
    *bases = 0;
    for (unsigned i = 0; i < change->op_n; i++) {
        *bases += change->ops[i].base_n;
        bytes += change->ops[i].value.s.n;
    }
    return bytes;
}

static struct pic_change *copy_change(const struct pic_change *change)
{
    size_t bases = 0;
    size_t bytes = spans_of(change, &bases);
    size_t ops_size = change->op_n * sizeof(struct pic_op);
    struct pic_change *copy = malloc(sizeof *copy + ops_size + bases * sizeof(uint64_t) + bytes);
    if (copy == NULL)
        return NULL;
    struct pic_op *ops = (struct pic_op *)(copy + 1);
    uint64_t *base = (uint64_t *)((uint8_t *)ops + ops_size);
    uint8_t *text = (uint8_t *)(base + bases);
    *copy = *change;
    copy->ops = ops;
    for (unsigned i = 0; i < change->op_n; i++) {
        ops[i] = change->ops[i];
        ops[i].bases = base;
        for (unsigned k = 0; k < ops[i].base_n; k++)
            *base++ = change->ops[i].bases[k];
        if (ops[i].value.s.n == 0)
            continue;
        memcpy(text, ops[i].value.s.p, ops[i].value.s.n);
        ops[i].value.s.p = text;
        text += ops[i].value.s.n;
    }
    return copy;
}

static int batch_take(void *context, const struct pic_change *change, size_t bytes)
{
    struct batch *b = context;
    if (b->n == PIC_SEAL_BATCH_MAX || (b->n > 0 && b->bytes + bytes > b->bytes_max))
        return BATCH_FULL;
    struct pic_change *copy = copy_change(change);
    if (copy == NULL)
        return PIC_EMEMORY;
    b->list[b->n++] = copy;
    b->bytes += bytes;
    return PIC_OK;
}

/* Where the next segment goes: behind the last one sealed, else behind the journal. */
static int sealed_head(struct pic_agent *agent, struct pic_log_head *out)
{
    uint64_t last = 0;
    int status = pic_query_numbers(agent->queries, PIC_QUERY_SEALED_LAST, &last, 1);
    if (status == PIC_OK && last == 0)
        return pic_agent_head(agent, out);
    out->seq = last;
    return status == PIC_OK ? pic_seal_hash(agent, last, out->hash) : status;
}

static int sealed_put(struct pic_agent *agent, struct pic_span bytes)
{
    struct pic_segment segment;
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_SEALED_PUT);
    int status = stmt == NULL ? PIC_EIO : pic_segment_read(bytes, &segment);
    if (status != PIC_OK)
        return status;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)segment.last_seq);
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)segment.first_seq);
    pic_db_bind_span(stmt, 3, pic_span_of(segment.hash, PIC_HASH_SIZE));
    pic_db_bind_span(stmt, 4, bytes);
    return pic_db_run(stmt);
}

static int seal_one(struct pic_agent *agent, const struct pic_signer *signer, struct batch *b,
                    struct pic_buf *out)
{
    struct pic_log_head head = {0};
    size_t taken = 0;
    batch_clear(b);
    int status = sealed_head(agent, &head);
    if (status == PIC_OK)
        status = pic_agent_pending_each(agent, head.seq + 1, batch_take, b);
    if (status == BATCH_FULL)
        status = PIC_OK;
    if (status != PIC_OK || b->n == 0)
        return status;
    size_t most = b->bytes_max / PIC_SEAL_DEFLATES;
    size_t n = b->n;
    do {
        pic_buf_clear(out);
        status = pic_segment_seal(b->list, n, agent->self.organisation, head.hash,
                                  PIC_DICTIONARY_VERSION, signer, out, &taken);
        if (status != PIC_OK || out->len <= most || taken == 1)
            break;
        n = (taken * most / out->len) > 1 ? taken * most / out->len : 1;
    } while (true);
    return status == PIC_OK ? sealed_put(agent, pic_buf_view(out)) : status;
}

int pic_seal_all(struct pic_agent *agent, const struct pic_signer *signer, size_t bytes,
                 struct pic_err *err)
{
    struct batch *b = calloc(1, sizeof *b);
    struct pic_buf out;
    int status = b == NULL ? PIC_EMEMORY : PIC_OK;
    bool more = status == PIC_OK;
    pic_buf_init(&out, PIC_SEGMENT_MAX);
    if (b != NULL)
        b->bytes_max = bytes < PIC_SEAL_BYTES_MIN   ? PIC_SEAL_BYTES_MIN
                       : bytes > PIC_SEAL_BYTES_MAX ? PIC_SEAL_BYTES_MAX
                                                    : bytes;
    while (status == PIC_OK && more) {
        status = seal_one(agent, signer, b, &out);
        more = b->n > 0;
    }
    if (b != NULL)
        batch_clear(b);
    free(b);
    pic_buf_release(&out);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

/* --- what is sealed --- */

int pic_seal_from(struct pic_agent *agent, uint64_t seq, uint64_t *last, struct pic_buf *out)
{
    struct pic_log_head head;
    bool row = false;
    pic_buf_clear(out);
    int status = pic_agent_head(agent, &head);
    if (status == PIC_OK && seq <= head.seq) {
        *last = seq;
        return pic_journal_log_next(agent->journal, agent->self.device, agent->self.organisation,
                                    last, out);
    }
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_SEALED_FROM);
    if (status != PIC_OK || stmt == NULL)
        return status == PIC_OK ? PIC_EIO : status;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)seq);
    status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        struct pic_span bytes = pic_db_column_span(stmt, 1);
        *last = (uint64_t)sqlite3_column_int64(stmt, 0);
        pic_buf_bytes(out, bytes.p, bytes.n);
        status = pic_buf_status(out);
    }
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && !row ? PIC_ENOT_FOUND : status;
}

static int sealed_hash(struct pic_agent *agent, uint64_t seq, uint8_t out[static PIC_HASH_SIZE])
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_SEALED_HASH);
    bool row = false;
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)seq);
    int status = pic_db_step(stmt, &row);
    struct pic_span hash = row ? pic_db_column_span(stmt, 0) : pic_span_of(NULL, 0);
    bool found = hash.n == PIC_HASH_SIZE;
    if (found)
        memcpy(out, hash.p, PIC_HASH_SIZE);
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && !found ? PIC_ENOT_FOUND : status;
}

int pic_seal_hash(struct pic_agent *agent, uint64_t seq, uint8_t out[static PIC_HASH_SIZE])
{
    struct pic_log_head head;
    struct pic_segment segment;
    struct pic_buf bytes;
    uint64_t last = seq;
    memset(out, 0, PIC_HASH_SIZE);
    if (seq == 0)
        return PIC_OK;
    int status = pic_agent_head(agent, &head);
    if (status == PIC_OK && seq > head.seq)
        return sealed_hash(agent, seq, out);
    if (status == PIC_OK && seq == head.seq) {
        memcpy(out, head.hash, PIC_HASH_SIZE);
        return PIC_OK;
    }
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    if (status == PIC_OK)
        status = pic_seal_from(agent, seq, &last, &bytes);
    if (status == PIC_OK)
        status = pic_segment_read(pic_buf_view(&bytes), &segment);
    if (status == PIC_OK && last != seq)
        status = PIC_ENOT_FOUND;
    if (status == PIC_OK)
        memcpy(out, segment.hash, PIC_HASH_SIZE);
    pic_buf_release(&bytes);
    return status;
}

/* --- receipts --- */

/* The greatest stamp that came from outside or is acknowledged: what a new stamp must follow. */
int pic_seal_seen(struct pic_agent *agent, uint64_t stamp)
{
    uint64_t seen = 0;
    pic_clock_see(&agent->clock, stamp);
    int status = pic_journal_number_get(agent->journal, "seen", &seen);
    if (status == PIC_OK && stamp > seen)
        status = pic_journal_number_put(agent->journal, "seen", stamp);
    return status;
}

/* Moves one sealed segment into the journal. */
static int settle(struct pic_agent *agent, const struct pic_segment *segment)
{
    uint64_t position = 0;
    uint64_t stamp = 0;
    int status = pic_segment_check(agent->reader, segment, &stamp);
    if (status == PIC_OK)
        status = pic_journal_append(agent->journal, segment, &position);
    if (status == PIC_EEXISTS)
        status = PIC_OK;
    if (status == PIC_OK)
        status = pic_seal_seen(agent, stamp);
    if (status == PIC_OK)
        status = pic_query_run(agent->queries, PIC_QUERY_SEALED_SETTLED, segment->last_seq);
    if (status == PIC_OK)
        status = pic_query_run(agent->queries, PIC_QUERY_PENDING_SETTLED, segment->last_seq);
    return status;
}

static int settle_up_to(struct pic_agent *agent, uint64_t seq)
{
    struct pic_log_head head;
    struct pic_segment segment;
    struct pic_buf bytes;
    uint64_t last = 0;
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    int status = pic_agent_head(agent, &head);
    while (status == PIC_OK && head.seq < seq) {
        status = pic_seal_from(agent, head.seq + 1, &last, &bytes);
        if (status == PIC_OK)
            status = pic_segment_read(pic_buf_view(&bytes), &segment);
        if (status == PIC_OK)
            status = settle(agent, &segment);
        head.seq = last;
    }
    pic_buf_release(&bytes);
    return status;
}

static int proof_put(struct pic_agent *agent, const struct pic_receipt *receipt,
                     struct pic_span bytes)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_PROOF_PUT);
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)receipt->number);
    (void)sqlite3_bind_int64(stmt, 2, receipt->time_ms);
    (void)sqlite3_bind_int64(stmt, 3, (sqlite3_int64)receipt->seq);
    (void)sqlite3_bind_int64(stmt, 4, (sqlite3_int64)receipt->changes);
    (void)sqlite3_bind_int64(stmt, 5, (sqlite3_int64)receipt->documents);
    pic_db_bind_span(stmt, 6, bytes);
    return pic_db_run(stmt);
}

/* The first time that it comes counts. */
static int heard_put(struct pic_agent *agent, const struct pic_receipt *receipt)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_HEARD_PUT);
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, receipt->time_ms);
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)receipt->number);
    (void)sqlite3_bind_int64(stmt, 3, agent->world->now_ms(agent->world->context));
    return pic_db_run(stmt);
}

int pic_seal_acknowledge(struct pic_agent *agent, const struct pic_receipt *receipt,
                         struct pic_span bytes, bool *covers, struct pic_err *err)
{
    uint8_t hash[PIC_HASH_SIZE];
    int status = pic_seal_hash(agent, receipt->seq, hash);
    *covers = status == PIC_OK && memcmp(hash, receipt->head, PIC_HASH_SIZE) == 0;
    if (status == PIC_ENOT_FOUND || (status == PIC_OK && !*covers))
        return PIC_OK;
    if (status == PIC_OK)
        status = settle_up_to(agent, receipt->seq);
    if (status == PIC_OK)
        status = proof_put(agent, receipt, bytes);
    if (status == PIC_OK)
        status = heard_put(agent, receipt);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}
