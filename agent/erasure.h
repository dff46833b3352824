/* erasure: forgetting a person for good. One change says so to every replica: whose row, why, when,
 * the addresses of the changes that named the identity, and a digest of what is destroyed, never
 * its content. Each replica then destroys its own copy of the boxes, which hold their only keys;
 * the log, its chain and every total stay as they were. */
#ifndef PIC_AGENT_ERASURE_H
#define PIC_AGENT_ERASURE_H

#include "agent/store.h"

/* Records the erasure of the identities of a row and destroys this laptop's copies. PIC_EHELD,
 * PIC_EERASED (already), PIC_ENOT_FOUND (it names nobody), and those of pic_record. */
PIC_MUST_USE int pic_erasure_record(struct pic_agent *agent, uint64_t about, const char *reason,
                                    uint64_t *dot, struct pic_err *err);
/* Destroys what is left here of anybody whose erasure this laptop knows: after an exchange. */
PIC_MUST_USE int pic_erasure_settle(struct pic_agent *agent, struct pic_err *err);

#endif
