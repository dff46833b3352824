/* move: what is pending changes its stamps or its addresses, where the server's truth asks for it:
 * a clock that ran ahead, a log that went on elsewhere. What is sealed is opened again by that; the
 * order of changes and what they say never move.
 *
 * Each function leaves the store whole if the machine stops anywhere. */
#ifndef PIC_AGENT_MOVE_H
#define PIC_AGENT_MOVE_H

#include "agent/store.h"

/* clock_ahead: stamps everything pending again, in order, before the server's time (or just after
 * what has been seen, where that is later), and makes the state again. */
PIC_MUST_USE int pic_move_restamp(struct pic_agent *agent, int64_t server_ms, struct pic_err *err);

/* fork: adopts a segment of its own log that came back from the server, in the transaction that is
 * open. Where a server put back from an older copy holds it in the place of what it had
 * acknowledged, that is pending again first (branch.h). Pending changes that are in the way move
 * behind it: their sequences, and every id, base and reference among them, by the same distance;
 * stamps that are not after its own follow it. A change of the segment that says what is pending
 * here is simply acknowledged; a segment that is held already changes nothing. When anything moved,
 * pic_agent_rebuild is due afterwards. PIC_EFORK: there is no common past. */
PIC_MUST_USE int pic_move_adopt(struct pic_agent *agent, const struct pic_segment *segment,
                                struct pic_err *err);

#endif
