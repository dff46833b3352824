/* committer: one thread that owns the journal's write connection. Whoever wants something durable
 * hands it a piece of work and waits; all that waits is done in one transaction and costs one
 * fsync. A piece that fails is undone alone (a savepoint), the others commit. */
#ifndef PIC_SERVER_COMMITTER_H
#define PIC_SERVER_COMMITTER_H

#include "server/store.h"

struct pic_committer;

/* Opens the store of folder for itself. committed is called after each transaction that commits, on
 * the committer's thread. Errors as pic_server_open. */
PIC_MUST_USE int pic_committer_start(const char *folder, void (*committed)(void *context),
                                     void *context, struct pic_committer **out,
                                     struct pic_err *err);
/* Ends once all that waits is done; no one may be about to submit. Closes the store. */
void pic_committer_stop(struct pic_committer *committer); /* NULL is a no-op */

/* Runs work in the next transaction and returns when that is durable: what work returned, or what
 * the transaction failed with. Work that returns anything but PIC_OK leaves no trace. From any
 * thread but the committer's. */
PIC_MUST_USE int pic_committer_run(struct pic_committer *committer,
                                   int (*work)(struct pic_server *server, void *job), void *job);

struct pic_committer_counts {
    uint64_t works, failures, transactions;
};
void pic_committer_count(struct pic_committer *committer, struct pic_committer_counts *out);

#endif
