#include "agent/status.h"

#include <string.h>

#include "agent/branch.h"
#include "agent/query.h"

/* The last receipt, checked once more: what is shown as proof is proof at that moment. */
static int read_receipt(struct pic_agent *agent, struct pic_status_facts *out)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_PROOF_LAST);
    struct pic_log_head head;
    bool row = false;
    if (stmt == NULL)
        return PIC_EIO;
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row)
        out->has_receipt = pic_receipt_read(pic_db_column_span(stmt, 0),
                                            agent->self.server.identity, &out->receipt) == PIC_OK;
    (void)sqlite3_reset(stmt);
    if (status == PIC_OK)
        status = pic_agent_head(agent, &head);
    out->covers = status == PIC_OK && out->has_receipt && out->pending.changes == 0 &&
                  out->receipt.seq == head.seq &&
                  memcmp(out->receipt.head, head.hash, PIC_HASH_SIZE) == 0;
    return status;
}

static int read_counts(struct pic_agent *agent, struct pic_status_facts *out)
{
    uint64_t number = agent->self.device;
    int status = pic_query_numbers(agent->queries, PIC_QUERY_CORRECTIONS, &out->corrections, 1);
    if (status == PIC_OK)
        status = pic_query_numbers(agent->queries, PIC_QUERY_CONFLICTS, &out->conflicts, 1);
    if (status == PIC_OK)
        status = pic_query_numbers(agent->queries, PIC_QUERY_QUARANTINED, &number, 1);
    out->quarantined = number;
    if (status == PIC_OK)
        status = pic_branch_aside_count(agent, &out->aside);
    return status;
}

static int read_contact(struct pic_agent *agent, struct pic_status_facts *out, bool *forgotten)
{
    uint64_t number = 0;
    int status = pic_journal_number_get(agent->journal, "contact", &number);
    out->last_contact_ms = (int64_t)number;
    if (status == PIC_OK)
        status = pic_journal_number_get(agent->journal, "founded", &number);
    out->enrolled_ms = (int64_t)number;
    if (status == PIC_OK)
        status = pic_journal_number_get(agent->journal, "forgotten", &number);
    *forgotten = number != 0;
    return status;
}

static enum pic_standing standing_of(const struct pic_status_facts *f, bool forgotten, bool written)
{
    int64_t since = f->last_contact_ms != 0 ? f->last_contact_ms : f->enrolled_ms;
    if (f->corrections + f->conflicts + f->quarantined > 0)
        return PIC_STANDING_TO_CORRECT;
    if (f->now_ms - since > PIC_STATUS_SILENT_MS)
        return PIC_STANDING_SILENT;
    if (f->pending.changes + f->pending.documents > 0 || forgotten)
        return PIC_STANDING_TO_SEND;
    if (!written)
        return PIC_STANDING_EMPTY;
    return f->covers ? PIC_STANDING_RECEIVED : PIC_STANDING_TO_SEND;
}

int pic_status_read(struct pic_agent *agent, struct pic_status_facts *out)
{
    struct pic_log_head head = {0};
    bool forgotten = false;
    memset(out, 0, sizeof *out);
    out->now_ms = agent->world->now_ms(agent->world->context);
    out->clock_offset_ms = pic_agent_clock_offset_ms(agent);
    int status = pic_agent_pending(agent, &out->pending);
    if (status == PIC_OK)
        status = read_counts(agent, out);
    if (status == PIC_OK)
        status = read_contact(agent, out, &forgotten);
    if (status == PIC_OK)
        status = read_receipt(agent, out);
    if (status == PIC_OK)
        status = pic_agent_head(agent, &head);
    bool written = head.seq > 0 || out->pending.changes > 0;
    out->standing = standing_of(out, forgotten, written);
    return status;
}

const char *pic_standing_name(enum pic_standing standing)
{
    static const char *const names[PIC_STANDINGS] = {
        [PIC_STANDING_TO_CORRECT] = "a_corriger",
        [PIC_STANDING_SILENT] = "sans_contact",
        [PIC_STANDING_TO_SEND] = "a_envoyer",
        [PIC_STANDING_RECEIVED] = "recu",
        [PIC_STANDING_EMPTY] = "rien",
    };
    return names[standing];
}

int pic_status_outcome(const struct pic_status_facts *facts)
{
    if (facts->corrections + facts->conflicts > 0)
        return PIC_WAITING;
    return facts->quarantined > 0 ? PIC_RESERVES : PIC_OK;
}
