/* query: every SQL statement of the agent, prepared when first needed. Inner to this folder. */
#ifndef PIC_AGENT_QUERY_H
#define PIC_AGENT_QUERY_H

#include "agent/store.h"

enum pic_query {
#define QUERY(name, sql) PIC_QUERY_##name,
#include "agent/query.def"
#undef QUERY
    PIC_QUERY_COUNT
};

struct pic_agent_queries {
    sqlite3_stmt *of[PIC_QUERY_COUNT];
};

/* The statement, or NULL when it cannot be prepared. Reset it when done. */
sqlite3_stmt *pic_query(struct pic_agent *agent, enum pic_query query);
void pic_queries_release(struct pic_agent *agent);

/* One row of integers: columns out[0..n), 0 where there is no row. */
PIC_MUST_USE int pic_query_numbers(struct pic_agent *agent, enum pic_query query, uint64_t *out,
                                   int n);
/* A statement without rows and with at most one integer parameter. */
PIC_MUST_USE int pic_query_run(struct pic_agent *agent, enum pic_query query, uint64_t parameter);
/* The same with a hash as its only parameter. */
PIC_MUST_USE int pic_query_run_hash(struct pic_agent *agent, enum pic_query query,
                                    const uint8_t hash[static PIC_HASH_SIZE]);

#endif
