/* proof: one kept receipt with what this laptop knows of it, for a file, a screen or paper. */
#ifndef PIC_AGENT_PROOF_H
#define PIC_AGENT_PROOF_H

#include "agent/store.h"
#include "protocol/log/voucher.h"

struct pic_proof {
    struct pic_voucher voucher; /* names are borrowed from the agent */
    struct pic_buf bytes;       /* the receipt, as it was signed */
    uint64_t first_seq;         /* its first entry that no receipt covered before */
    uint64_t new_documents;     /* since the receipt that did not cover it */
    uint64_t missing_documents; /* of what it covers, not received to this day */
    int64_t local_ms;           /* this laptop's clock when it came; 0: not known */
};

/* Reads the receipt of that number, the latest when number is 0, and checks its signature.
 * PIC_ENOT_FOUND, PIC_ESIGNATURE… Release in any case. */
PIC_MUST_USE int pic_proof_read(struct pic_agent *agent, uint64_t number, struct pic_proof *out);
void pic_proof_release(struct pic_proof *proof);

#endif
