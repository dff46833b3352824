#include "agent/doctor/integrity.h"

#include <string.h>

#include "agent/query.h"
#include "protocol/log/diagnosis.h"
#include "schema/state/digest.h"

enum { CACHE_KIB = 2048 };

static int check_file(struct pic_agent *agent, struct pic_integrity *out)
{
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(&agent->db, "PRAGMA quick_check(1)", NULL);
    int status =
        stmt == NULL ? pic_db_status(sqlite3_errcode(agent->db.handle)) : pic_db_step(stmt, &row);
    bool good =
        status == PIC_OK && row && pic_span_equal(pic_db_column_span(stmt, 0), pic_span_text("ok"));
    (void)sqlite3_finalize(stmt);
    if (status == PIC_ESTORE_DAMAGED || (status == PIC_OK && !good))
        out->faults |= PIC_FAULT_FILE;
    return status == PIC_ESTORE_DAMAGED ? PIC_OK : status;
}

/* --- the journal --- */

/* This laptop's own log has no gaps, and each segment names the one before it. */
static bool follows(const struct pic_agent *agent, struct pic_log_head *head,
                    const struct pic_segment *s)
{
    if (s->device != agent->self.device || s->audience != agent->self.organisation)
        return true;
    bool good =
        s->first_seq == head->seq + 1 && memcmp(s->previous, head->hash, PIC_HASH_SIZE) == 0;
    head->seq = s->last_seq;
    memcpy(head->hash, s->hash, PIC_HASH_SIZE);
    return good;
}

static bool is_good(struct pic_agent *agent, struct pic_span bytes, struct pic_log_head *head)
{
    struct pic_segment s;
    uint8_t key[PIC_KEY_SIZE];
    return pic_segment_read(bytes, &s) == PIC_OK &&
           pic_agent_author_key(agent, s.device, key) == PIC_OK &&
           pic_segment_verify(&s, key) == PIC_OK &&
           pic_segment_check(agent->reader, &s, NULL) == PIC_OK && follows(agent, head, &s);
}

static int check_journal(struct pic_agent *agent, struct pic_integrity *out)
{
    struct pic_buf bytes;
    struct pic_log_head stored;
    struct pic_log_head walked = {0};
    int status = PIC_OK;
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    for (uint64_t position = 1; status == PIC_OK; position++) {
        status = pic_journal_next(agent->journal, &position, &bytes);
        if (status != PIC_OK)
            break;
        out->segments++;
        if (!is_good(agent, pic_buf_view(&bytes), &walked))
            out->faults |= PIC_FAULT_CHAIN;
    }
    pic_buf_release(&bytes);
    if (status == PIC_ENOT_FOUND)
        status = pic_agent_head(agent, &stored);
    if (status == PIC_OK &&
        (stored.seq != walked.seq || memcmp(stored.hash, walked.hash, PIC_HASH_SIZE) != 0))
        out->faults |= PIC_FAULT_CHAIN;
    return status;
}

/* What is pending decodes, and follows the log without a gap. */
static int each_pending(void *context, const struct pic_change *change, size_t bytes)
{
    uint64_t *seq = context;
    (void)bytes;
    return pic_dot_seq(change->dot) == ++*seq ? PIC_OK : PIC_ECHAIN;
}

static int check_pending(struct pic_agent *agent, struct pic_integrity *out)
{
    struct pic_log_head head;
    int status = pic_agent_head(agent, &head);
    if (status == PIC_OK)
        status = pic_agent_pending_each(agent, 0, each_pending, &head.seq);
    if (status != PIC_ECHAIN && status != PIC_ESTORE_DAMAGED)
        return status;
    out->faults |= PIC_FAULT_CHAIN;
    return PIC_OK;
}

/* --- receipts and documents --- */

static int check_receipts(struct pic_agent *agent, struct pic_integrity *out)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_PROOF_ALL);
    bool row = false;
    int status = stmt == NULL ? PIC_EIO : pic_db_step(stmt, &row);
    for (; status == PIC_OK && row; status = pic_db_step(stmt, &row)) {
        struct pic_receipt receipt;
        out->receipts++;
        if (pic_receipt_read(pic_db_column_span(stmt, 0), agent->self.server.identity, &receipt) !=
            PIC_OK)
            out->faults |= PIC_FAULT_RECEIPT;
    }
    (void)sqlite3_reset(stmt);
    return status;
}

static int check_documents(struct pic_agent *agent, struct pic_integrity *out)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_OUTGOING_ALL);
    bool row = false;
    int status = stmt == NULL ? PIC_EIO : pic_db_step(stmt, &row);
    for (; status == PIC_OK && row; status = pic_db_step(stmt, &row)) {
        struct pic_span hash = pic_db_column_span(stmt, 0);
        uint64_t held = 0;
        bool whole = false;
        out->documents++;
        if (hash.n != PIC_HASH_SIZE ||
            pic_blobs_held(&agent->blobs, hash.p, &held, &whole) != PIC_OK || !whole)
            out->missing++;
    }
    (void)sqlite3_reset(stmt);
    return status;
}

/* --- tables --- */

struct folding {
    struct pic_agent *agent;
    struct pic_state *state;
};

static int fold_pending(void *context, const struct pic_change *change, size_t bytes)
{
    struct folding *f = context;
    (void)bytes;
    return pic_state_fold(f->state, change, f->agent->self.organisation, NULL);
}

static int fold_journal(struct folding *f)
{
    struct pic_buf bytes;
    int status = PIC_OK;
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    for (uint64_t position = 1; status == PIC_OK; position++) {
        struct pic_segment segment;
        status = pic_journal_next(f->agent->journal, &position, &bytes);
        if (status == PIC_OK)
            status = pic_segment_read(pic_buf_view(&bytes), &segment);
        if (status == PIC_OK)
            status = pic_state_fold_segment(f->state, f->agent->reader, &segment, NULL);
    }
    pic_buf_release(&bytes);
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

static int compare(struct pic_db *live, struct pic_db *again, struct pic_integrity *out)
{
    const char *table;
    int status = PIC_OK;
    for (size_t at = 0; status == PIC_OK && (table = pic_state_table(&at)) != NULL;) {
        struct pic_state_difference difference = {0};
        bool differs = false;
        status = pic_state_compare(live, again, table, &differs, &difference);
        if (status == PIC_ESTORE_DAMAGED || (status == PIC_OK && differs))
            out->faults |= PIC_FAULT_STATE;
        if (status == PIC_ESTORE_DAMAGED)
            status = PIC_OK;
        pic_buf_release(&difference.left);
        pic_buf_release(&difference.right);
    }
    return status;
}

/* The tables made again in memory, so that a full disk does not stand in the way. */
static int check_state(struct pic_agent *agent, struct pic_integrity *out)
{
    const struct pic_db_options options = {.durability = PIC_REBUILDABLE, .cache_kib = CACHE_KIB};
    const struct pic_author author = {.device = agent->self.device,
                                      .organisation = agent->self.organisation,
                                      .roles = agent->self.role,
                                      .last_seq = UINT64_MAX};
    struct pic_db db = {0};
    struct folding f = {.agent = agent};
    int status = pic_db_open(":memory:", &options, &db, NULL);
    if (status == PIC_OK)
        status = pic_state_prepare(&db, NULL);
    if (status == PIC_OK)
        status = pic_state_new(&db, agent->self.device == 0 ? NULL : &author, &f.state, NULL);
    if (status == PIC_OK)
        status = pic_db_begin(&db, NULL);
    if (status == PIC_OK)
        status = fold_journal(&f);
    if (status == PIC_OK)
        status = pic_agent_pending_each(agent, 0, fold_pending, &f);
    if (status == PIC_OK)
        status = pic_state_flush(f.state);
    if (status == PIC_OK)
        status = pic_db_commit(&db, NULL);
    if (status == PIC_OK)
        status = compare(&agent->db, &db, out);
    pic_state_free(f.state);
    pic_db_close(&db);
    return status;
}

/* --- all of it --- */

void pic_integrity_check(struct pic_agent *agent, struct pic_integrity *out)
{
    static int (*const checks[])(struct pic_agent *, struct pic_integrity *) = {
        check_file, check_journal, check_pending, check_receipts, check_documents, check_state,
    };
    memset(out, 0, sizeof *out);
    if (pic_db_exec(&agent->db, "BEGIN", NULL) != PIC_OK) {
        out->faults = PIC_FAULT_UNFINISHED;
        return;
    }
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i](agent, out) != PIC_OK)
            out->faults |= PIC_FAULT_UNFINISHED;
    pic_db_rollback(&agent->db);
}
