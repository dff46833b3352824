/* keeper: who is at the keyboard. One laptop may serve several people, and passes from one to the
 * next; each time, one change of its log says who begins (entity `author`). So the author of any
 * change is the last who began before it on the same device, told alike by every replica, and
 * naming people costs one change a turn instead of some bytes an entry.
 *
 * A hand-over is such a change that says so. Besides, the laptop is theirs from then on: its own
 * record names them, and the recovery sheet is to be printed and retyped again. */
#ifndef PIC_AGENT_KEEPER_H
#define PIC_AGENT_KEEPER_H

#include "agent/store.h"

enum pic_keeper_turn { PIC_KEEPER_SITS, PIC_KEEPER_TAKES_OVER };

/* Appends who wrote a change: whoever had begun on its device; where nobody has, whom this laptop
 * was enrolled for, or nothing for the others' laptops. */
PIC_MUST_USE int pic_keeper_of(struct pic_agent *agent, uint64_t dot, struct pic_buf *out);
/* Appends who is at this laptop's keyboard. */
PIC_MUST_USE int pic_keeper_now(struct pic_agent *agent, struct pic_buf *out);
/* Someone else begins, as a transaction of its own. Errors of pic_record; PIC_ENOTHING_TO_CHANGE:
 * they were there already. */
PIC_MUST_USE int pic_keeper_change(struct pic_agent *agent, const char *name,
                                   enum pic_keeper_turn turn, struct pic_err *err);

#endif
