/* journal: every segment this program holds, in the order it became durable, with the heads of the
 * logs, the receipts and the cursors. Append-only: nothing here is ever updated but heads.
 *
 * The same tables serve the server (journal.db) and the agent (inside its one database). Functions
 * do not open transactions: the caller decides what commits together. A journal belongs to one
 * connection and so to one thread at a time. */
#ifndef PIC_STORE_JOURNAL_H
#define PIC_STORE_JOURNAL_H

#include "protocol/log/receipt.h"
#include "protocol/log/segment.h"
#include "schema/store/db.h"

/* Migration scripts of the journal's tables (see journal.sql). */
extern const char *const pic_journal_scripts[];
extern const int pic_journal_script_n;

struct pic_journal;
PIC_MUST_USE int pic_journal_new(struct pic_db *db, struct pic_journal **out, struct pic_err *err);
void pic_journal_free(struct pic_journal *journal);

/* Head of one log; all zero when it is empty. */
PIC_MUST_USE int pic_journal_head(struct pic_journal *journal, uint32_t device, uint64_t audience,
                                  struct pic_log_head *out);

/* Appends a segment whose signature and content were checked. The chain is checked here, against
 * the head in this transaction: PIC_EGAP (starts after head + 1, or a wrong previous hash beyond
 * head), PIC_EFORK (overlaps what is held and differs), PIC_EEXISTS (already held, same bytes:
 * *position is where; nothing is written). Otherwise *position is its new place. For the server's
 * own logs (device 1) sequences may have gaps. */
PIC_MUST_USE int pic_journal_append(struct pic_journal *journal, const struct pic_segment *segment,
                                    uint64_t *position);

/* Greatest position; 0 when empty. */
PIC_MUST_USE int pic_journal_position(struct pic_journal *journal, uint64_t *out);

/* One stored segment at or after position, for folding and verifying: *position becomes its place,
 * bytes are copied to out (cleared first). PIC_ENOT_FOUND past the end. */
PIC_MUST_USE int pic_journal_next(struct pic_journal *journal, uint64_t *position,
                                  struct pic_buf *out);
/* The segment that holds a dot. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_journal_find(struct pic_journal *journal, uint64_t dot, uint64_t *position,
                                  struct pic_buf *out);
/* Segments of one log from a sequence on, in order; same conventions (for an agent's push).
 * *seq becomes the segment's last_seq. */
PIC_MUST_USE int pic_journal_log_next(struct pic_journal *journal, uint32_t device,
                                      uint64_t audience, uint64_t *seq, struct pic_buf *out);

/* The feed of one organisation: segments for everybody and for it, after cursor, leaving out the
 * log of except_device (0: none), as many as fit budget bytes but at least one; skip pages of the
 * same budget first. Appends count varint, then (position delta varint, span) each, to out; *cursor
 * becomes the last position taken, *more whether others follow. organisation 0: everything. */
PIC_MUST_USE int pic_journal_feed(struct pic_journal *journal, uint64_t organisation,
                                  uint32_t except_device, unsigned skip, size_t budget,
                                  uint64_t *cursor, struct pic_buf *out, bool *more);

/* Receipts: the server issues and keeps facts, the agent keeps what it verified. */
PIC_MUST_USE int pic_journal_receipt_put(struct pic_journal *journal,
                                         const struct pic_receipt *receipt);
/* Latest receipt of a device. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_journal_receipt_last(struct pic_journal *journal, uint32_t device,
                                          struct pic_receipt *out);
PIC_MUST_USE int pic_journal_receipt_find(struct pic_journal *journal, uint64_t number,
                                          struct pic_receipt *out);
/* Next free receipt number. */
PIC_MUST_USE int pic_journal_receipt_number(struct pic_journal *journal, uint64_t *out);

/* Small named facts of this store (cursor, own device, state position…). */
PIC_MUST_USE int pic_journal_fact_get(struct pic_journal *journal, const char *name,
                                      struct pic_buf *out); /* PIC_ENOT_FOUND */
PIC_MUST_USE int pic_journal_fact_put(struct pic_journal *journal, const char *name,
                                      struct pic_span value);
PIC_MUST_USE int pic_journal_number_get(struct pic_journal *journal, const char *name,
                                        uint64_t *out); /* 0 when absent */
PIC_MUST_USE int pic_journal_number_put(struct pic_journal *journal, const char *name,
                                        uint64_t value);

#endif
