/* record: from what a person gave to a change that cannot be lost. One entry is one transaction:
 *
 *     texts -> change (entry.h) -> next sequence and stamp -> pending -> state -> commit
 *
 * What the state would refuse is told to the person and recorded nowhere. Several entries that
 * belong together (a document and the expense it proves, a reversal and its correction, a whole
 * imported file) share one transaction: begin, put as many as needed, end. */
#ifndef PIC_AGENT_RECORD_H
#define PIC_AGENT_RECORD_H

#include "agent/store.h"
#include "schema/state/entry.h"

/* Creates an entity (id 0) or edits one, in the transaction that is open. *dot is the change's
 * address. Errors: those of pic_entry_build and pic_entry_try, PIC_EDISK_FULL, PIC_EIO. */
PIC_MUST_USE int pic_record_put(struct pic_agent *agent, const struct pic_entity *entity,
                                uint64_t id, const struct pic_input *inputs, size_t input_n,
                                uint64_t *dot, struct pic_err *err);
/* The same, as a transaction of its own. */
PIC_MUST_USE int pic_record(struct pic_agent *agent, const struct pic_entity *entity, uint64_t id,
                            const struct pic_input *inputs, size_t input_n, uint64_t *dot,
                            struct pic_err *err);

/* Cancels the effect of a decision, a payment or an expense. In the open transaction, so that the
 * corrected entry can follow. PIC_EALREADY_REVERSED, PIC_EIMMUTABLE (not corrected this way). */
PIC_MUST_USE int pic_record_reverse(struct pic_agent *agent, uint64_t about, const char *reason,
                                    uint64_t *dot, struct pic_err *err);

/* Copies a file in and makes a document value of it; to be sent. PIC_EFILE, PIC_ELIMIT. */
PIC_MUST_USE int pic_record_blob(struct pic_agent *agent, const char *path,
                                 uint8_t hash[static PIC_HASH_SIZE], uint64_t *size,
                                 struct pic_err *err);

/* A file joined to something: a `document`, and the receipt of the expense it is about. */
struct pic_attachment {
    const char *path;
    uint64_t about;
    const char *kind; /* code, or NULL: what is usual for its object */
};
PIC_MUST_USE int pic_record_document(struct pic_agent *agent, const struct pic_attachment *file,
                                     uint64_t *dot, struct pic_err *err);
/* The `document` alone, for a blob that was copied in and that its object names already. */
PIC_MUST_USE int pic_record_piece(struct pic_agent *agent, const struct pic_attachment *file,
                                  const uint8_t hash[static PIC_HASH_SIZE], uint64_t size,
                                  uint64_t *dot, struct pic_err *err);

#endif
