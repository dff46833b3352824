/* courier_state: one run of the courier from inside: what is in flight, where each lane stands, and
 * which way back is due. Inner to this folder: courier_ask.c writes requests, courier_take.c reads
 * answers, courier.c decides what follows. */
#ifndef PIC_AGENT_COURIER_STATE_H
#define PIC_AGENT_COURIER_STATE_H

#include "agent/carrier.h"
#include "agent/keyring.h"
#include "agent/store.h"
#include "protocol/exchange/ask.h"

enum { PIC_TURNS_MAX = 16 }; /* ways back that one run may take */

enum pic_turn {
    PIC_TURN_NONE,
    PIC_TURN_GAP,
    PIC_TURN_FORK,
    PIC_TURN_CLOCK,
    PIC_TURN_KEY,
    PIC_TURN_UNKNOWN,
    PIC_TURN_AGAIN, /* what was in flight is asked once more */
};

/* What one request in flight was about. */
struct pic_slot {
    struct pic_ask ask;
    enum pic_request_type type;
    bool pulls;                  /* sync: asks for the feed */
    uint64_t last_seq;           /* sync: of the segment it carries; 0: none */
    uint8_t hash[PIC_HASH_SIZE]; /* put, get */
    uint64_t offset, length, total;
    uint64_t position; /* give: of the segment, in the journal here */
    bool servers;      /* give: the server wrote it */
    size_t bytes;      /* of the frame */
    int64_t sent_ms;
};

/* One document on its way out, and where in the queue it stands. */
struct pic_outgoing {
    bool here, asking; /* asking: how much the server holds already */
    uint8_t hash[PIC_HASH_SIZE];
    uint64_t size, offset;
};

struct pic_incoming {
    bool here, asking, listed;
    struct pic_buf wanted; /* hashes of what is not here and should be */
    size_t at;             /* in wanted, of what comes next */
    uint8_t hash[PIC_HASH_SIZE];
    uint64_t offset;
};

struct pic_courier {
    struct pic_agent *agent;
    struct pic_keys *keys;
    const struct pic_carrier *carrier;
    const struct pic_courier_options *options;
    struct pic_courier_report *report;
    struct pic_err *err;

    struct pic_slot slots[PIC_PIPELINE_WINDOW];
    size_t first, n; /* ring */
    struct pic_buf frame, plain, segment;

    enum pic_courier_lane lane;
    enum pic_turn turn;
    unsigned turns;
    int refused;     /* first status of the lane that is not a way back */
    bool broken;     /* the connection is over */
    bool by_file;    /* no answer comes while asking: nothing waits for one */
    int64_t news_ms; /* by file: what is older than this tells nothing of where logs stand */

    uint64_t push_next; /* first own sequence not sent in this run */
    uint64_t told_seq;  /* head that the server told, with the turn */
    uint8_t told_mark[PIC_MARK_SIZE];

    uint64_t cursor; /* of the feed */
    uint8_t cursor_mark[PIC_MARK_SIZE];
    bool rebuild_due;    /* the state no longer follows from the journal */
    bool own, fed, more; /* own: recovering; fed: nothing more to pull; more: the feed goes on */
    unsigned pulling;    /* pulls in flight */

    struct pic_outgoing out;
    uint64_t begun; /* bytes of the documents taken up in this run */
    struct pic_incoming in;
    uint64_t chunk, done, total;
    bool closing_due;
    uint64_t given;  /* position of the last segment given back in this lane */
    bool introduced; /* it was told who certified this device */

    /* Answers that come close together share a transaction, and so one wait for the disk. */
    unsigned kept;     /* writes of answers in the open transaction; 0: none is open */
    unsigned kept_max; /* 1 after a failure: what is whole is kept before what is not */
};

/* Asks the next thing of the current lane, in the next slot of the ring; *more is false when there
 * is nothing to ask now. */
PIC_MUST_USE int pic_courier_next(struct pic_courier *c, bool *more);
/* Reads the answer to what is in slot, and does what it says or notes which way back is due. */
PIC_MUST_USE int pic_courier_take(struct pic_courier *c, struct pic_slot *slot,
                                  struct pic_span payload);

/* Commits what answers have said so far. Before anything else opens a transaction, and whenever
 * nothing more is about to come. */
PIC_MUST_USE int pic_courier_keep(struct pic_courier *c);
/* The feed's cursor, as the store has it. */
PIC_MUST_USE int pic_courier_load_cursor(struct pic_courier *c);

/* Around whatever a run carries: documents can be read, and persons are counted; then whoever was
 * erased is forgotten here too. leave returns status, or why that failed. */
PIC_MUST_USE int pic_courier_enter(struct pic_courier *c);
PIC_MUST_USE int pic_courier_leave(struct pic_courier *c, int status);

#endif
