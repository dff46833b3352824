/* warn: what is said after an entry and stops nothing: a budget that does not balance, a date to
 * come, a cap that is passed, an invoice that looks like another. */
#ifndef PIC_AGENT_WARN_H
#define PIC_AGENT_WARN_H

#include "agent/store.h"
#include "schema/face/speech.h"

/* What is said, as facts of a sentence; NULL ends them. */
struct pic_warning {
    enum pic_tell key;
    const char *facts[3];
    uint64_t other; /* S-07: the expense that looks the same; else 0 */
};

struct pic_warn {
    void (*each)(void *context, const struct pic_warning *warning);
    void *context;
};

/* What a project's budget adds up to, in cents; both 0 without lines. */
struct pic_budget {
    int64_t charges, products;
};

PIC_MUST_USE int pic_budget_read(struct pic_agent *agent, uint64_t project, struct pic_budget *out);
/* Says S-02 when it does not balance. */
void pic_warn_budget(const struct pic_warn *w, const struct pic_budget *budget);
/* Whether a status says that a project is ready for the committee. */
bool pic_warn_hands_in(struct pic_span status);
/* Whether a project may be handed in: PIC_EUNBALANCED when its budget does not balance, arg[0] and
 * arg[1] the two sums. project 0: a new one, which has no lines yet. */
PIC_MUST_USE int pic_warn_submission(struct pic_agent *agent, uint64_t project,
                                     struct pic_err *err);

/* An invoice, recorded or about to be. */
struct pic_invoice {
    uint64_t id;          /* of its expense; 0: not recorded yet */
    uint64_t shared_with; /* the expense it is known to share its invoice with, or 0 */
    int64_t cents, on;    /* on: days since 1970 */
    struct pic_span supplier, number;
};
/* Says S-03 for a day to come, S-07 for another expense that looks the same. */
void pic_warn_invoice(const struct pic_warn *w, struct pic_agent *agent,
                      const struct pic_invoice *invoice);
/* Says what is worth a look in an entry that was just recorded. */
void pic_warn_entry(const struct pic_warn *w, struct pic_agent *agent,
                    const struct pic_entity *entity, uint64_t id);

#endif
