/* persons: what the state knows of people whose identity is sealed: which boxes a row has ever
 * named, whether the law says to keep them, when their time is up, and which were erased. The same
 * on a laptop and on the server; neither names nor keys pass through here. */
#ifndef PIC_STATE_PERSONS_H
#define PIC_STATE_PERSONS_H

#include "schema/dictionary/dictionary.h"
#include "schema/state/entry.h"
#include "schema/store/db.h"

enum {
    PIC_RETENTION_MONTHS = 24,    /* where no `retention` says; reference: CNIL, social sector */
    PIC_PERSON_CHANGES_MAX = 256, /* of one row, that an erasure lists */
};

/* Appends the hashes of the boxes that a change names. */
void pic_persons_boxes(const struct pic_change *change, struct pic_buf *hashes);
/* Appends the addresses of a row's changes, its creation first, as u64. */
PIC_MUST_USE int pic_persons_changes(struct pic_db *db, uint64_t id, struct pic_buf *dots);

/* Whether a hold covers a row on a day: its own, its project's or its fund's. PIC_EHELD (arg[0] the
 * reason), else PIC_OK. */
PIC_MUST_USE int pic_persons_held(struct pic_db *db, uint64_t id, int64_t today,
                                  struct pic_err *err);

/* Calls back for each row whose time is up, the oldest first. */
struct pic_person_due {
    uint64_t id;
    const struct pic_entity *entity;
    struct pic_span title; /* borrowed during the call */
    int64_t ended, due;    /* days since 1970 */
};
typedef int pic_person_due_each(void *context, const struct pic_person_due *due);
PIC_MUST_USE int pic_persons_due(struct pic_db *db, int64_t today, pic_person_due_each *each,
                                 void *context);

/* Calls back for each box that an erased row still names, with the row. */
typedef int pic_person_box_each(void *context, uint64_t id, struct pic_span hash);
PIC_MUST_USE int pic_persons_erased(struct pic_db *db, pic_person_box_each *each, void *context);
/* The same for each box that a row not erased names: what a laptop of the association keeps. */
PIC_MUST_USE int pic_persons_living(struct pic_db *db, pic_person_box_each *each, void *context);

/* What an erasure records, the same on every replica: whom, why, the day, the addresses of the
 * changes as "2-7 2-9", and the digest BLAKE2b-256("pic/1 erasure" | address u64 each | hash each).
 * Inputs point into it: it is never copied. PIC_ELIMIT when addresses.bad. */
enum { PIC_ERASURE_INPUTS = 5 };
struct pic_person_erasure {
    struct pic_buf addresses; /* the caller releases it */
    uint8_t digest[PIC_HASH_SIZE];
    struct pic_value values[PIC_ERASURE_INPUTS - 1];
    struct pic_input inputs[PIC_ERASURE_INPUTS];
};
void pic_persons_erasure(uint64_t about, const char *reason, int64_t day, struct pic_span dots,
                         struct pic_span hashes, struct pic_person_erasure *out);

#endif
