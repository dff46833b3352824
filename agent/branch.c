#include "agent/branch.h"

#include "agent/query.h"

int pic_branch_owe(struct pic_agent *agent, uint64_t position)
{
    return pic_query_run(agent->queries, PIC_QUERY_OWED_PUT, position);
}

int pic_branch_owe_all(struct pic_agent *agent)
{
    int status = pic_query_run(agent->queries, PIC_QUERY_OWED_FORGET, 0);
    return status == PIC_OK ? pic_query_run(agent->queries, PIC_QUERY_OWED_ALL, agent->self.device)
                            : status;
}

int pic_branch_owe_certificates(struct pic_agent *agent)
{
    return pic_query_run(agent->queries, PIC_QUERY_OWED_CERTIFICATES, agent->self.organisation);
}

int pic_branch_settle(struct pic_agent *agent, uint64_t position)
{
    return pic_query_run(agent->queries, PIC_QUERY_OWED_SETTLED, position);
}

int pic_branch_next(struct pic_agent *agent, uint64_t *position, struct pic_buf *out)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_OWED_AFTER);
    bool row = false;
    pic_buf_clear(out);
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)*position);
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        struct pic_span bytes = pic_db_column_span(stmt, 1);
        *position = (uint64_t)sqlite3_column_int64(stmt, 0);
        pic_buf_bytes(out, bytes.p, bytes.n);
        status = pic_buf_status(out);
    }
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && !row ? PIC_ENOT_FOUND : status;
}

static int put_aside(struct pic_agent *agent, const struct pic_segment *segment)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_ASIDE_PUT);
    if (stmt == NULL)
        return PIC_EIO;
    pic_db_bind_span(stmt, 1, pic_span_of(segment->hash, PIC_HASH_SIZE));
    (void)sqlite3_bind_int64(stmt, 2, segment->device);
    (void)sqlite3_bind_int64(stmt, 3, segment->count);
    pic_db_bind_span(stmt, 4, segment->bytes);
    return pic_db_run(stmt);
}

/* What this laptop wrote is to be sent again, in the place of what it gives way to or behind it. */
static int make_pending(struct pic_agent *agent, const struct pic_segment *segment)
{
    struct pic_change change;
    bool done = false;
    int status = pic_segment_reader_open(agent->reader, segment);
    while (status == PIC_OK && !done) {
        status = pic_segment_reader_next(agent->reader, &change, &done);
        if (status == PIC_OK && !done)
            status = pic_agent_pending_put(agent, &change);
    }
    return status;
}

int pic_branch_leave(struct pic_agent *agent, const struct pic_segment *segment)
{
    struct pic_segment held;
    struct pic_buf bytes;
    uint64_t seq = segment->first_seq;
    int status = PIC_OK;
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    while (status == PIC_OK) {
        status =
            pic_journal_log_next(agent->journal, segment->device, segment->audience, &seq, &bytes);
        if (status == PIC_OK)
            status = pic_segment_read(pic_buf_view(&bytes), &held);
        if (status == PIC_OK)
            status = put_aside(agent, &held);
        if (status == PIC_OK && held.device == agent->self.device)
            status = make_pending(agent, &held);
        seq++;
    }
    pic_buf_release(&bytes);
    if (status == PIC_ENOT_FOUND)
        status = pic_journal_give_way(agent->journal, segment);
    return status == PIC_OK ? pic_agent_rebuild_due(agent) : status;
}

int pic_branch_aside_count(struct pic_agent *agent, uint64_t *changes)
{
    *changes = agent->self.device;
    return pic_query_numbers(agent->queries, PIC_QUERY_ASIDE_COUNT, changes, 1);
}

static int each_aside(struct pic_agent *agent, struct pic_span bytes,
                      int (*each)(void *context, const struct pic_change *change), void *context)
{
    struct pic_segment segment;
    struct pic_change change;
    bool done = false;
    int status = pic_segment_read(bytes, &segment);
    if (status == PIC_OK)
        status = pic_segment_reader_open(agent->reader, &segment);
    while (status == PIC_OK && !done) {
        status = pic_segment_reader_next(agent->reader, &change, &done);
        if (status == PIC_OK && !done)
            status = each(context, &change);
    }
    return status;
}

int pic_branch_aside_each(struct pic_agent *agent,
                          int (*each)(void *context, const struct pic_change *change),
                          void *context)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_ASIDE_ALL);
    bool row = true;
    int status = stmt == NULL ? PIC_EIO : PIC_OK;
    if (stmt != NULL)
        (void)sqlite3_bind_int64(stmt, 1, agent->self.device);
    while (status == PIC_OK && row) {
        status = pic_db_step(stmt, &row);
        if (status == PIC_OK && row)
            status = each_aside(agent, pic_db_column_span(stmt, 0), each, context);
    }
    if (stmt != NULL)
        (void)sqlite3_reset(stmt);
    return status;
}
