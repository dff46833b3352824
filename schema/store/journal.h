/* journal: every segment this program holds, in the order it became durable, with the heads of the
 * logs, the receipts and the cursors. Append-only: nothing here is ever updated but heads, and only
 * a replica whose server went back in time ever removes anything (pic_journal_give_way).
 *
 * The same tables serve the server (journal.db) and the agent (inside its one database). Functions
 * do not open transactions: the caller decides what commits together, and rolls back when a call
 * that writes fails for another reason than what it was given. Besides what is said below, every
 * function can return the statuses of db.h. A journal belongs to one
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
 * the head in this transaction:
 *
 *     starts        at head + 1   beyond that   at or before head
 *     previous is the head's hash
 *       yes         appended      PIC_EGAP      PIC_EEXISTS where the same segment is held
 *       no          PIC_EFORK     PIC_EGAP      (*position is where), else PIC_EFORK
 *
 * An agent's log has no gaps, so what starts at head + 1 and names another predecessor proves a
 * second history; asking for what is missing would never end. An agent's segment that leaves out
 * sequences is PIC_EFORMAT.
 *
 * The server's own logs (device 1) have gaps, and branch where the server was put back from an
 * older copy: a segment is appended when the segment before it is held, anywhere in its log
 * (else PIC_EGAP), and when no change of any log of device 1 has one of its addresses (else
 * PIC_EFORK). The head is the segment of the greatest sequence.
 *
 * Only PIC_OK writes; *position is then the new place. */
PIC_MUST_USE int pic_journal_append(struct pic_journal *journal, const struct pic_segment *segment,
                                    uint64_t *position);

/* What a replica does with the end of an agent's log that its server, put back from an older copy,
 * no longer has and has taken something else in the place of: removes everything from the sequence
 * on at which segment starts, so that it can be appended. The caller has kept what is removed.
 * PIC_EFORK: the segment before it is not held, or is one of device 1. */
PIC_MUST_USE int pic_journal_give_way(struct pic_journal *journal,
                                      const struct pic_segment *segment);

/* Leaves positions out, so that none that this journal may have given before it was put back from
 * an older copy is given again. */
PIC_MUST_USE int pic_journal_skip(struct pic_journal *journal, uint64_t by);

/* Greatest position; 0 when empty. */
PIC_MUST_USE int pic_journal_position(struct pic_journal *journal, uint64_t *out);

/* One stored segment at or after position, for folding and verifying: *position becomes its place,
 * bytes are copied to out (cleared first). PIC_ENOT_FOUND past the end. */
PIC_MUST_USE int pic_journal_next(struct pic_journal *journal, uint64_t *position,
                                  struct pic_buf *out);
/* The segment that holds a dot. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_journal_find(struct pic_journal *journal, uint64_t dot, uint64_t *position,
                                  struct pic_buf *out);
/* Segments of one log from a sequence on, in order (for an agent's push): the one that holds *seq
 * or, where there is none, the next. *seq becomes its last_seq. PIC_ENOT_FOUND past the end. */
PIC_MUST_USE int pic_journal_log_next(struct pic_journal *journal, uint32_t device,
                                      uint64_t audience, uint64_t *seq, struct pic_buf *out);

/* The feed of one organisation: segments for everybody and for it, after *cursor, leaving out the
 * log of except_device (0: none), as many as fit budget bytes but at least one; skip pages of the
 * same budget first. Appends count varint, then (position delta varint, span) each, to out; the
 * budget is of the latter. Deltas count from *start: the cursor, or the last position of the pages
 * passed over. *cursor becomes the last position taken (*start where none is), *more whether others
 * follow. organisation 0: everything. On failure out may have a part of the page.
 *
 * Only a page that others follow is final: one that was the last grows with the journal. So a
 * reader that asks for pages ahead checks that each starts where the one before it ended. */
PIC_MUST_USE int pic_journal_feed(struct pic_journal *journal, uint64_t organisation,
                                  uint32_t except_device, unsigned skip, size_t budget,
                                  uint64_t *cursor, uint64_t *start, struct pic_buf *out,
                                  bool *more);

/* Receipts: the server issues and keeps facts, the agent keeps what it verified. The same again is
 * harmless. A server that was restored counts again from an older number, and may so give a number
 * twice: both are kept, and the latest is the one of the latest server time. */
PIC_MUST_USE int pic_journal_receipt_put(struct pic_journal *journal,
                                         const struct pic_receipt *receipt);
/* Latest receipt of a device, and the latest of a number. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_journal_receipt_last(struct pic_journal *journal, uint32_t device,
                                          struct pic_receipt *out);
PIC_MUST_USE int pic_journal_receipt_find(struct pic_journal *journal, uint64_t number,
                                          struct pic_receipt *out);
/* Next free receipt number. */
PIC_MUST_USE int pic_journal_receipt_number(struct pic_journal *journal, uint64_t *out);

/* Small named facts of this store (cursor, own device, state position…). The value is copied to out
 * (cleared first), or PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_journal_fact_get(struct pic_journal *journal, const char *name,
                                      struct pic_buf *out);
PIC_MUST_USE int pic_journal_fact_put(struct pic_journal *journal, const char *name,
                                      struct pic_span value);
PIC_MUST_USE int pic_journal_number_get(struct pic_journal *journal, const char *name,
                                        uint64_t *out); /* 0 when absent */
PIC_MUST_USE int pic_journal_number_put(struct pic_journal *journal, const char *name,
                                        uint64_t value);

#endif
