/* integrity: whether a laptop's store is whole: its file, the signatures and the chain of what it
 * holds, its receipts, its tables against those that the journal gives, and its documents. Reads
 * everything at one moment of the database, changes nothing, needs no key. */
#ifndef PIC_AGENT_DOCTOR_INTEGRITY_H
#define PIC_AGENT_DOCTOR_INTEGRITY_H

#include "agent/store.h"

struct pic_integrity {
    unsigned faults;  /* enum pic_diagnosis_fault bits; PIC_FAULT_UNFINISHED says why not more */
    uint64_t missing; /* documents of this laptop that are not in its folder */
    uint64_t segments, receipts, documents; /* looked at */
};

void pic_integrity_check(struct pic_agent *agent, struct pic_integrity *out);

#endif
