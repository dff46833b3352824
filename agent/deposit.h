/* deposit: what is kept of requests that left in a file, until their replies come back: how to read
 * each, and what it was about. Whoever has it can read the replies, so it rests sealed to this
 * laptop's transport key, whose secret half is under the passphrase; and each part of it is deleted
 * once the replies that it reads have been used. Deposits are independent of each other: several
 * may be on their way, and one that never comes back is forgotten in the end. */
#ifndef PIC_AGENT_DEPOSIT_H
#define PIC_AGENT_DEPOSIT_H

#include "agent/courier_state.h"
#include "protocol/exchange/parcel.h"

enum {
    PIC_DEPOSITS_MAX = 16,  /* the latest; older ones are forgotten */
    PIC_DEPOSIT_PART = 128, /* slots sealed together */
};

struct pic_deposit {
    struct pic_agent *agent;
    struct pic_keys *keys;
    uint8_t id[PIC_PARCEL_ID_SIZE];
    int64_t time_ms; /* when it was made, by this clock */
    bool own;        /* asks for this laptop's own log */
    bool used;       /* all its replies were used before */
    struct pic_buf plain, sealed;
    uint64_t n;    /* slots put */
    uint64_t part; /* whose plain bytes are here, + 1; 0: none */
};

/* A new one, with an id of its own. Release in any case. */
PIC_MUST_USE int pic_deposit_new(struct pic_deposit *deposit, struct pic_agent *agent,
                                 struct pic_keys *keys, bool own, struct pic_err *err);
/* Keeps how to read the answer to the next request. Its ask is released. */
PIC_MUST_USE int pic_deposit_put(struct pic_deposit *deposit, struct pic_slot *slot,
                                 struct pic_err *err);
/* Keeps the last of them, and forgets the oldest deposits. Before the file is given its name. */
PIC_MUST_USE int pic_deposit_keep(struct pic_deposit *deposit, struct pic_err *err);

/* PIC_ENOT_FOUND: not made here, or forgotten. Release in any case. */
PIC_MUST_USE int pic_deposit_find(struct pic_deposit *deposit, struct pic_agent *agent,
                                  struct pic_keys *keys,
                                  const uint8_t id[static PIC_PARCEL_ID_SIZE]);
/* The index-th request, ready to read its answer. PIC_ENOT_FOUND: used before, or never made. */
PIC_MUST_USE int pic_deposit_slot(struct pic_deposit *deposit, uint64_t index,
                                  struct pic_slot *out);
/* Deletes the part that holds the index-th request. */
PIC_MUST_USE int pic_deposit_used(struct pic_deposit *deposit, uint64_t index);
void pic_deposit_release(struct pic_deposit *deposit);

#endif
