/* carrier: what the courier is given and what it tells: a connection, errands, a report. */
#ifndef PIC_AGENT_CARRIER_H
#define PIC_AGENT_CARRIER_H

#include "protocol/base/bytes.h"

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
    PIC_LANE_GIVE,
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
    uint64_t segments_given;             /* back to a server that had lost them */
    uint64_t bytes_sent, bytes_received; /* payloads of frames */
    int64_t server_ms;                   /* its time at the last reply; 0: never reached */
    bool restamped, shifted, server_had_forgotten;
    int lanes[PIC_LANES]; /* how each ended */
};

#endif
