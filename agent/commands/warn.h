/* warn: what is said after an entry and stops nothing: a budget that does not balance, a date to
 * come, a cap that is passed, an invoice that looks like another. */
#ifndef PIC_AGENT_COMMANDS_WARN_H
#define PIC_AGENT_COMMANDS_WARN_H

#include "agent/store.h"
#include "schema/face/command.h"

/* What a project's budget adds up to, in cents; both 0 without lines. */
struct pic_budget {
    int64_t charges, products;
};

PIC_MUST_USE int pic_budget_read(struct pic_agent *agent, uint64_t project, struct pic_budget *out);
/* Says S-02 when it does not balance. */
void pic_warn_budget(struct pic_call *call, const struct pic_budget *budget);
/* Whether an edit of a project hands it in with a budget that does not balance: PIC_EUNBALANCED,
 * arg[0] and arg[1] the two sums. id 0: a new project, which has no lines yet. */
PIC_MUST_USE int pic_warn_submission(struct pic_call *call, struct pic_agent *agent, uint64_t id);
/* Says what is worth a look in an entry that was just recorded. */
void pic_warn_entry(struct pic_call *call, struct pic_agent *agent, const struct pic_entity *entity,
                    uint64_t id);

#endif
