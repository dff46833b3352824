/* rival_store: the rival's table in SQLite, as durable as ours (WAL, synchronous=FULL). Each row
 * carries the number of the write that last touched it, so that what is new is one comparison. */
#ifndef PIC_BENCH_RIVAL_STORE_H
#define PIC_BENCH_RIVAL_STORE_H

#include "tests/bench/rival_row.h"

struct rival_store;

/* Any failure of the database ends the program with its words. */
struct rival_store *rival_store_open(const char *path);
void rival_store_close(struct rival_store *store); /* checkpoints */

void rival_store_begin(struct rival_store *store);
void rival_store_put(struct rival_store *store, const struct rival_row *row); /* or replaces */
void rival_store_commit(struct rival_store *store);

/* Appends the rows written after `since` as JSON lines; the number of the last write. */
int64_t rival_store_lines(struct rival_store *store, int64_t since, struct rival_bytes *out);
/* Remembers that a peer holds everything up to a write. */
void rival_store_sent(struct rival_store *store, int64_t upto);
int64_t rival_store_sent_upto(struct rival_store *store);

/* What a table holds, enough to tell that nothing was lost or mangled. */
struct rival_sum {
    int64_t rows, asked, people, title_bytes, summary_bytes;
};
struct rival_sum rival_store_sum(struct rival_store *store);

#endif
