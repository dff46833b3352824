/* state: what the journal says, as tables. state = fold(changes), and the order in which logs
 * arrive does not matter.
 *
 * Every change is checked by rules that any replica can apply (authority.h, value.h); one that
 * fails is kept in `quarantine` with its reason, has no effect, and never stands in the way of the
 * changes around it. One that refers to something not yet here waits there and is folded when it
 * arrives. Rules, named in the code where they are applied:
 *
 * F1  a creating change makes a row, with every required field;
 * F2  an edit moves a field's siblings (siblings.h); the policy chooses what is shown;
 * F3  a `once` field is never edited, and a fact that can be reversed is never cancelled;
 * F4  a fact is reversed at most once: of several reversals the least (stamp, device) counts;
 * F5  whatever money a change moves, the rollups move by the difference.
 *
 * A state belongs to one connection and one thread. It opens no transaction: the caller commits
 * what belongs together, after pic_state_flush. */
#ifndef PIC_STATE_STATE_H
#define PIC_STATE_STATE_H

#include "protocol/log/segment.h"
#include "schema/state/authority.h"
#include "schema/state/row.h"

/* Grows whenever the same journal would give other tables: the state is then made again. */
enum { PIC_STATE_VERSION = 4 };

struct pic_state;

/* Creates the tables in a database that has none (a transaction of its own), or tells that those it
 * has are of another version: PIC_EVERSION; pic_state_drop then makes room. */
PIC_MUST_USE int pic_state_prepare(struct pic_db *db, struct pic_err *err);
PIC_MUST_USE int pic_state_drop(struct pic_db *db, struct pic_err *err);

/* self: what this program knows of its own device before its certificate has come; NULL for none.
 */
PIC_MUST_USE int pic_state_new(struct pic_db *db, const struct pic_author *self,
                               struct pic_state **out, struct pic_err *err);
void pic_state_free(struct pic_state *state);

/* Folds one change of a log of the given audience. Never fails because of what the change says:
 * *verdict (may be NULL) is PIC_OK or the PIC_Q… status under which it was quarantined. */
PIC_MUST_USE int pic_state_fold(struct pic_state *state, const struct pic_change *change,
                                uint64_t audience, int *verdict);
/* Folds all changes of a segment. *last_stamp, unless NULL, receives the greatest stamp. A segment
 * that does not decode may have been folded in part: the caller rolls back. PIC_EFORMAT,
 * PIC_ELIMIT. */
PIC_MUST_USE int pic_state_fold_segment(struct pic_state *state, struct pic_segment_reader *reader,
                                        const struct pic_segment *segment, uint64_t *last_stamp);
/* Before a commit; after a rollback. */
PIC_MUST_USE int pic_state_flush(struct pic_state *state);
void pic_state_forget(struct pic_state *state);

/* --- reading --- */

/* The rows of this state, for whoever builds a change against what is here. */
struct pic_rows *pic_state_rows(struct pic_state *state);
/* What a change would be answered, without folding it: PIC_OK or PIC_Q…. */
PIC_MUST_USE int pic_state_verdict(struct pic_state *state, const struct pic_change *change,
                                   uint64_t audience, int *verdict, unsigned *field);
/* The entity that an id belongs to, and whose it is. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_state_find(struct pic_state *state, uint64_t id,
                                const struct pic_entity **entity, uint64_t *org);
/* Dots of all current siblings of a field, at most PIC_OP_BASES_MAX (the greatest): the bases of
 * the next write. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_state_bases(struct pic_state *state, const struct pic_entity *entity,
                                 uint64_t id, unsigned field, uint64_t *bases, size_t *n);

#endif
