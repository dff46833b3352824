/* answer: the server's half of the exchange: one request in, one reply out, over a table of
 * functions. The same function answers a socket and a file carried on a USB key.
 *
 * Every rule of admission is here, in this order: the message opens, its device is known and not
 * retired, the segment parses, is the author's own for the author's audience, is signed, decodes to
 * its last change, holds no stamp of the future; only then is it appended. An idle request calls
 * nothing that writes. A server that was put back from an older copy also takes what others hold of
 * it: its own segments from whoever has them, an author's from those who read the same log.
 *
 * Safe from several threads when the store is: what changes during a call is
 * in the caller's scratch. */
#ifndef PIC_EXCHANGE_ANSWER_H
#define PIC_EXCHANGE_ANSWER_H

#include "protocol/crypto/noise.h"
#include "protocol/exchange/invitation.h"
#include "protocol/exchange/message.h"
#include "protocol/log/segment.h"

struct pic_answer_device {
    struct pic_certificate certificate;
    uint64_t audience; /* of its log: its organisation, or PIC_AUDIENCE_SERVER */
    bool retired;      /* what it wrote up to last_seq still counts */
    uint64_t last_seq;
};

/* One page of a feed. */
struct pic_answer_page {
    uint64_t cursor; /* after this position */
    bool own;        /* the device's own log too */
    unsigned skip;   /* full pages of the same budget to pass over first */
    size_t budget;   /* bytes of items, but always one segment */
};

/* What the server can do. Each returns a pic_status; those that come back as a reply status are
 * named, any other is answered as busy, so that the agent tries again. context is the table's. */
struct pic_answer_store {
    void *context;
    /* PIC_EUNKNOWN_DEVICE. */
    int (*device)(void *context, const uint8_t transport_key[static PIC_KEY_SIZE],
                  struct pic_answer_device *out);
    int (*head)(void *context, const struct pic_answer_device *device, struct pic_log_head *out);
    /* Returns once the segment is durable, with the facts of the new receipt. PIC_EEXISTS: held
     * already, same bytes. PIC_EGAP, PIC_EFORK, PIC_EREFUSED. */
    int (*append)(void *context, const struct pic_answer_device *device,
                  const struct pic_segment *segment, int64_t now_ms, struct pic_receipt *out);
    /* The device's latest. PIC_ENOT_FOUND. */
    int (*receipt)(void *context, const struct pic_answer_device *device, struct pic_receipt *out);
    /* First PIC_MARK_SIZE bytes of the hash of the segment at a position. PIC_ENOT_FOUND. */
    int (*mark)(void *context, uint64_t position, uint8_t out[static PIC_MARK_SIZE]);
    /* What this device may read, in journal order: appends count varint, then (position delta
     * varint, length varint, segment) each; *start is where the page starts: the cursor, or the
     * last position of the pages passed over. Deltas count from it. */
    int (*feed)(void *context, const struct pic_answer_device *device,
                const struct pic_answer_page *page, struct pic_buf *out, uint64_t *start,
                bool *more);
    /* Appends at most max hashes of documents that this device's changes name and nobody has sent
     * whole. */
    int (*wanted)(void *context, const struct pic_answer_device *device, size_t max,
                  struct pic_buf *out);
    /* As pic_blobs_put and pic_blobs_read; from a retired device only what is wanted from it. put:
     * PIC_EGAP (*held says from where), PIC_EHASH, PIC_ELIMIT, PIC_EREFUSED; without bytes it only
     * says what is held. get: PIC_ENOT_FOUND, which is also the answer to who may not read it. */
    int (*put)(void *context, const struct pic_answer_device *device,
               const struct pic_put_request *part, uint64_t *held, bool *complete);
    int (*get)(void *context, const struct pic_answer_device *device,
               const struct pic_get_request *part, uint64_t *total, struct pic_buf *out);
    /* The secret of an invitation, whatever its state. PIC_EINVITATION. */
    int (*invitation)(void *context, const uint8_t id[static PIC_INVITATION_ID_SIZE],
                      struct pic_secret *out);
    /* The proofs are right: registers the device, durably. Again with the same three keys gives the
     * same certificate, since a reply may be lost. PIC_EINVITATION_USED, PIC_EINVITATION_EXPIRED,
     * PIC_EINVITATION_REVOKED. */
    int (*enrol)(void *context, const struct pic_enrol_request *request,
                 const uint8_t transport_key[static PIC_KEY_SIZE], int64_t now_ms,
                 struct pic_certificate *out, struct pic_buf *organisation_name);
    /* Who signs the log of a device, retired or not. PIC_ENOT_FOUND. */
    int (*author)(void *context, uint32_t number, struct pic_answer_device *out);
    /* As append, for a segment that a reader of the log gives back; also one of this server's own
     * logs (author is then device 1, for that audience), and one past the last sequence of a
     * retired author, which has no effect there. */
    int (*take_back)(void *context, const struct pic_answer_device *author,
                     const struct pic_segment *segment, int64_t now_ms);
    /* In memory only: what a device told about itself. */
    void (*seen)(void *context, const struct pic_answer_device *device, int64_t now_ms,
                 const struct pic_sync_request *told);
};

struct pic_answer_key {
    struct pic_dh_pair pair;
    struct pic_transport transport;
};

/* Constant during a call; a server that rotates its keys makes another one. */
struct pic_answer {
    const struct pic_signer *identity;
    const struct pic_answer_key *keys; /* the current one first, then those still held */
    size_t key_n;                      /* at least 1 */
    struct pic_span name;              /* of this server */
    uint8_t authority[PIC_KEY_SIZE];   /* X25519, the control authority */
    uint64_t program_min;              /* agents below are told upgrade_required */
    const struct pic_random *random;
    const struct pic_answer_store *store;
};

/* A worker's memory, used again for each call, and what the last call was about. */
struct pic_answer_scratch {
    struct pic_segment_reader *reader;
    struct pic_buf request, reply, receipt, record, list, bytes;
    struct {
        enum pic_request_type type; /* 0: none could be read */
        enum pic_reply_status status;
        uint32_t device; /* 0: unknown */
    } outcome;
};
PIC_MUST_USE int pic_answer_scratch_init(struct pic_answer_scratch *scratch); /* PIC_EMEMORY */
void pic_answer_scratch_release(struct pic_answer_scratch *scratch);

/* Answers one frame's payload: clears reply and writes the payload of the frame to send back.
 * PIC_OK for every request, however bad; anything else (PIC_ELIMIT: reply has no room) means that
 * there is nothing to send. reply needs a ceiling of PIC_FRAME_MAX. */
PIC_MUST_USE int pic_answer(const struct pic_answer *answer, struct pic_answer_scratch *scratch,
                            int64_t now_ms, struct pic_span request, struct pic_buf *reply);

#endif
