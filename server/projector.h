/* projector: brings state.db up to the journal: folds new segments in journal order, and notes how
 * far it came in the same transaction. Several processes may do so in turn; whoever comes first
 * works, the others find it done. A state that is missing, of another version, or of another
 * journal than this one is made again from nothing. */
#ifndef PIC_SERVER_PROJECTOR_H
#define PIC_SERVER_PROJECTOR_H

#include "protocol/base/clock.h"
#include "schema/state/state.h"
#include "schema/store/journal.h"

struct pic_projector;

/* path: of state.db, created where needed. journal is borrowed. PIC_ESTORE_DAMAGED, PIC_EIO… */
PIC_MUST_USE int pic_projector_new(const char *path, struct pic_journal *journal,
                                   struct pic_projector **out, struct pic_err *err);
void pic_projector_free(struct pic_projector *projector);

/* Folds no further than position: for a state as it was then. 0: no end. */
void pic_projector_limit(struct pic_projector *projector, uint64_t position);

/* Folds everything there is, in transactions of bounded size. stop, unless NULL, is asked between
 * them and ends the work early. */
PIC_MUST_USE int pic_projector_catch_up(struct pic_projector *projector,
                                        bool (*stop)(void *context), void *context,
                                        struct pic_err *err);

/* A transaction that also writes: begin folds all that is new in the journal, which the caller has
 * locked; the caller folds its own changes into the state; commit notes the position of their
 * segments. After a failed commit, as after rollback, the state is what the journal says once it is
 * caught up again. */
PIC_MUST_USE int pic_projector_begin(struct pic_projector *projector, struct pic_err *err);
PIC_MUST_USE int pic_projector_commit(struct pic_projector *projector, uint64_t position,
                                      const struct pic_clock *clock, struct pic_err *err);
void pic_projector_rollback(struct pic_projector *projector);

struct pic_state *pic_projector_state(const struct pic_projector *projector);
struct pic_db *pic_projector_db(const struct pic_projector *projector);
/* Position and greatest stamp folded, as of the last transaction. */
uint64_t pic_projector_position(const struct pic_projector *projector);
struct pic_clock pic_projector_clock(const struct pic_projector *projector);

#endif
