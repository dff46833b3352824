/* seal: pending changes become segments, and segments enter the journal once a receipt covers them.
 * A sealed segment is kept beside its pending changes until a receipt covers it;
 * opening again is therefore forgetting the seal, and nothing can be lost by it.
 *
 *     record --> pending --seal--> pending + sealed --receipt--> journal
 *                   ^                    |
 *                   +---- reopen --------+   see move.h
 *
 * Each function is one transaction, or a bounded number of them, and leaves the store whole if
 * the machine stops anywhere. */
#ifndef PIC_AGENT_SEAL_H
#define PIC_AGENT_SEAL_H

#include "agent/keyring.h"
#include "agent/store.h"

enum {
    PIC_SEAL_BATCH_MAX = 2048, /* changes held in memory at once */
    PIC_SEAL_BYTES_MIN = 4096,
    PIC_SEAL_BYTES_MAX = 160000, /* row by row: about a full segment once deflated */
    PIC_SEAL_DEFLATES = 3,       /* rows deflate to about a third */
};

/* Seals all that is pending. bytes: how much to put in one segment, before deflate; small segments
 * make progress on a line that is often cut. Rows that deflate badly make a segment of fewer
 * changes: beyond one change, none is larger than bytes / PIC_SEAL_DEFLATES. */
PIC_MUST_USE int pic_seal_all(struct pic_agent *agent, const struct pic_signer *signer,
                              size_t bytes, struct pic_err *err);

/* The segment that starts at or holds seq: sealed ones, else the journal's. *last is its last
 * sequence; out is cleared first. PIC_ENOT_FOUND when there is none, or what is there is not sealed
 * yet. */
PIC_MUST_USE int pic_seal_from(struct pic_agent *agent, uint64_t seq, uint64_t *last,
                               struct pic_buf *out);
/* Hash of the segment that ends at seq; all zero for seq 0. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_seal_hash(struct pic_agent *agent, uint64_t seq,
                               uint8_t out[static PIC_HASH_SIZE]);

/* Takes a verified receipt: sealed segments up to its head enter the journal, their pending changes
 * go, the receipt is kept as the bytes that were signed. *covers: whether the receipt says what
 * this laptop holds (same head at that sequence). In the transaction that is open. */
PIC_MUST_USE int pic_seal_acknowledge(struct pic_agent *agent, const struct pic_receipt *receipt,
                                      struct pic_span bytes, bool *covers, struct pic_err *err);
/* Takes a stamp from outside into account, for good. In the open transaction. */
PIC_MUST_USE int pic_seal_seen(struct pic_agent *agent, uint64_t stamp);

#endif
