#include "agent/query.h"

static const char *const texts[PIC_QUERY_COUNT] = {
#define QUERY(name, sql) [PIC_QUERY_##name] = (sql),
#include "agent/query.def"
#undef QUERY
};

sqlite3_stmt *pic_query(struct pic_agent *agent, enum pic_query query)
{
    sqlite3_stmt **stmt = &agent->queries->of[query];
    if (*stmt == NULL)
        *stmt = pic_db_prepare(&agent->db, texts[query], NULL);
    return *stmt;
}

void pic_queries_release(struct pic_agent *agent)
{
    for (size_t i = 0; agent->queries != NULL && i < PIC_QUERY_COUNT; i++) {
        (void)sqlite3_finalize(agent->queries->of[i]);
        agent->queries->of[i] = NULL;
    }
}

int pic_query_numbers(struct pic_agent *agent, enum pic_query query, uint64_t *out, int n)
{
    sqlite3_stmt *stmt = pic_query(agent, query);
    bool row = false;
    if (stmt == NULL)
        return PIC_EIO;
    if (sqlite3_bind_parameter_count(stmt) > 0)
        (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)out[0]);
    int status = pic_db_step(stmt, &row);
    for (int i = 0; i < n; i++)
        out[i] = row ? (uint64_t)sqlite3_column_int64(stmt, i) : 0;
    (void)sqlite3_reset(stmt);
    return status;
}

int pic_query_run(struct pic_agent *agent, enum pic_query query, uint64_t parameter)
{
    sqlite3_stmt *stmt = pic_query(agent, query);
    if (stmt == NULL)
        return PIC_EIO;
    if (sqlite3_bind_parameter_count(stmt) > 0)
        (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)parameter);
    return pic_db_run(stmt);
}

int pic_query_run_hash(struct pic_agent *agent, enum pic_query query,
                       const uint8_t hash[static PIC_HASH_SIZE])
{
    sqlite3_stmt *stmt = pic_query(agent, query);
    if (stmt == NULL)
        return PIC_EIO;
    pic_db_bind_span(stmt, 1, pic_span_of(hash, PIC_HASH_SIZE));
    return pic_db_run(stmt);
}
