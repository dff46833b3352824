/* apply: what a change that was let through does to the tables: a row made, fields moved to what
 * their siblings now say, a fact reversed, and with it the money (impact.h).
 *
 * Rules applied here, named in state.h: F2, F4, F5. */
#ifndef PIC_STATE_APPLY_H
#define PIC_STATE_APPLY_H

#include "schema/state/rollup.h"

struct pic_apply;
PIC_MUST_USE int pic_apply_new(struct pic_rollup *rollup, struct pic_apply **out,
                               struct pic_err *err);
void pic_apply_free(struct pic_apply *apply);

/* Makes the row of a change that creates one, in row. */
PIC_MUST_USE int pic_apply_creation(struct pic_apply *apply, const struct pic_change *change,
                                    uint64_t audience, struct pic_row *row);
/* Edits row, which is the change's row as it stands. */
PIC_MUST_USE int pic_apply_edit(struct pic_apply *apply, const struct pic_change *change,
                                struct pic_row *row);

#endif
