/* courier: carries what is here to the server and what is there to here, over any transport that
 * takes and gives frames: a link, a file, a simulation.
 *
 *          +--------------------------------------------------------------+
 *          v                                                              |
 *     [ENROL] -> [CHANGES] -> [PULL] -> [DOCUMENTS] -> [CLOSING] -> done  |
 *         own        own      server's   both ways     the receipt        |
 *     certificate  segments    feed      by chunks     for documents      |
 *                    |                                                    |
 *                    +-- gap:         again from the head that was told   |
 *                    +-- clock_ahead: stamped again (seal.h) -------------+
 *                    +-- fork: [RECOVER] own log pulled back, shifted ----+
 *     anywhere: stale_key: the new key is kept, all asked again ----------+
 *
 * Each lane has its own cursor, in the store; a lane that fails does not stop the others, and its
 * status is told at the end. Up to PIC_PIPELINE_WINDOW requests are in flight; replies come in
 * order. Whatever stops the courier, at whichever byte, the next run goes on from the cursors.
 * Nothing received is used before it is verified. */
#ifndef PIC_AGENT_COURIER_H
#define PIC_AGENT_COURIER_H

#include "agent/keyring.h"
#include "agent/store.h"
#include "protocol/exchange/ask.h"

/* One connection. Both return PIC_OK, or what broke it. */
struct pic_carrier {
    void *context;
    int (*send)(void *context, struct pic_span payload);
    int (*receive)(void *context, struct pic_buf *payload); /* out is cleared */
};

enum pic_courier_lane {
    PIC_LANE_ENROL,
    PIC_LANE_CHANGES,
    PIC_LANE_RECOVER,
    PIC_LANE_PULL,
    PIC_LANE_DOCUMENTS,
    PIC_LANE_CLOSING,
    PIC_LANES
};

enum pic_courier_errand {
    PIC_ERRAND_SEND = 1 << 0,      /* changes */
    PIC_ERRAND_RECEIVE = 1 << 1,   /* the feed */
    PIC_ERRAND_DOCUMENTS = 1 << 2, /* both ways */
    PIC_ERRAND_ALL = 7,
};

struct pic_courier_options {
    unsigned errands;
    uint64_t document_bytes_max; /* daily budget left for documents; 0: none */
    uint32_t program;            /* version, as in message.def */
    const char *label;           /* of this computer, for enrolment */
    unsigned disk;               /* free disk, as in message.def; 0: not said */
    /* How far it is: bytes of this lane done, and in all as far as known. May be NULL. */
    void (*progress)(void *context, enum pic_courier_lane lane, uint64_t done, uint64_t total);
    void *context;
};

/* What a run did. */
struct pic_courier_report {
    uint64_t changes_sent, segments_received, documents_sent, documents_received;
    uint64_t bytes_sent, bytes_received; /* payloads of frames */
    int64_t server_ms;                   /* its time at the last reply; 0: never reached */
    bool restamped, shifted, server_had_forgotten;
    int lanes[PIC_LANES]; /* how each ended */
};

/* Runs every errand once, to its end. agent holds the lease; keys are unlocked and keep the code
 * until the certificate has come (then it is cleared, and the caller saves the keys). PIC_OK: all
 * that there was to exchange was exchanged. Otherwise the first lane's failure: PIC_ECLOSED,
 * PIC_ETIMEOUT, PIC_EBUSY…, PIC_EREVOKED, PIC_EFORK (only a person can tell), PIC_EINVITATION… */
PIC_MUST_USE int pic_courier_run(struct pic_agent *agent, struct pic_keys *keys,
                                 const struct pic_carrier *carrier,
                                 const struct pic_courier_options *options,
                                 struct pic_courier_report *report, struct pic_err *err);

/* Asks a server that is not known yet for its transport key, for an enrolment by code. */
PIC_MUST_USE int pic_courier_key(const struct pic_carrier *carrier, struct pic_transport *out,
                                 struct pic_err *err);

#endif
