/* status: where this laptop stands, computed from facts only: what is pending, what the last
 * verified receipt covers, what documents are still wanted, what waits for a person. "The last call
 * succeeded" is not a fact. */
#ifndef PIC_AGENT_STATUS_H
#define PIC_AGENT_STATUS_H

#include "agent/store.h"

enum { PIC_STATUS_SILENT_MS = 14 * 24 * 60 * 60 * 1000 };

/* The banner, by priority. */
enum pic_standing {
    PIC_STANDING_TO_CORRECT, /* a person is waited for: correction asked, conflict, quarantine */
    PIC_STANDING_SILENT,     /* no contact for more than PIC_STATUS_SILENT_MS */
    PIC_STANDING_TO_SEND,
    PIC_STANDING_RECEIVED, /* the last verified receipt covers all, documents included */
    PIC_STANDING_EMPTY,    /* nothing was ever entered here */
    PIC_STANDINGS
};

struct pic_status_facts {
    enum pic_standing standing;
    struct pic_agent_pending pending;
    uint64_t corrections, conflicts, quarantined;
    uint64_t aside; /* changes of others that gave way to what a restored server holds */
    int64_t now_ms;
    int64_t last_contact_ms;  /* 0: never */
    int64_t enrolled_ms;      /* when this laptop was enrolled, for silence before any contact */
    int64_t clock_offset_ms;  /* this clock minus the server's */
    bool has_receipt, covers; /* covers: its head is the local head */
    struct pic_receipt receipt;
};

PIC_MUST_USE int pic_status_read(struct pic_agent *agent, struct pic_status_facts *out);
/* Name in JSON: "a_envoyer". */
const char *pic_standing_name(enum pic_standing standing);
/* PIC_OK, PIC_WAITING (a person decides) or PIC_RESERVES (something is in quarantine). */
int pic_status_outcome(const struct pic_status_facts *facts);

#endif
