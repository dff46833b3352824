/* impact: what money one change moves (F5). What its project adds to the totals is read before the
 * row is written and again after it; the rollups move by the difference (rollup.h). */
#ifndef PIC_STATE_IMPACT_H
#define PIC_STATE_IMPACT_H

#include "schema/state/rollup.h"

/* What one change may move: the project that its row is about before it and, where a reference
 * moves, after it; or the fund whose shares it changes, likewise. */
struct pic_impact {
    uint64_t project, fund;
    struct pic_contribution contribution; /* of the project, before; fund 0: nothing */
    uint64_t fact;                        /* the payment or expense concerned; 0: none */
    struct pic_effect effect;             /* of the fact, before */
};

/* Before the change is written: row as it stands, or as it will be when the change creates it. May
 * load rows: what row borrows from its table then no longer holds, where out->project is not 0. */
PIC_MUST_USE int pic_impact_before(struct pic_rollup *rollup, const struct pic_row *row,
                                   const struct pic_change *change, struct pic_impact *out);
/* After it: row as it is now. */
PIC_MUST_USE int pic_impact_after(struct pic_rollup *rollup, const struct pic_row *row,
                                  const struct pic_change *change, const struct pic_impact *impact);

#endif
