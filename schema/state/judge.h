/* judge: whether a change may have an effect, by rules that any replica can apply to what it holds
 * (authority.h, value.h). The answer is a status that the change is quarantined under, and what it
 * waits for when the only fault is that something has not arrived yet. Writes nothing.
 *
 * Rules applied here, named in state.h: F1 and F3. */
#ifndef PIC_STATE_JUDGE_H
#define PIC_STATE_JUDGE_H

#include "schema/state/authority.h"
#include "schema/state/row.h"

/* What is wrong with a change, and what it waits for when that is all. */
struct pic_fault {
    int verdict;        /* PIC_OK or PIC_Q… */
    uint8_t field;      /* at fault; 0: the whole change */
    uint64_t waits_for; /* an id, or what pic_judge_certificate gives; 0: nothing */
};

struct pic_judge {
    struct pic_rows *rows;
    sqlite3_stmt *find_author;
    struct pic_author self;   /* what this program was told of itself; device 0: unknown */
    struct pic_author author; /* the last one looked up; device 0: none */
};

/* self: NULL for none. A zeroed judge may be released. */
PIC_MUST_USE int pic_judge_init(struct pic_judge *judge, struct pic_rows *rows,
                                const struct pic_author *self, struct pic_err *err);
void pic_judge_release(struct pic_judge *judge);
/* A device's certificate has come or gone: who its author is must be looked up again. */
void pic_judge_forget(struct pic_judge *judge);

/* Judges a change of a log of the given audience. Where it edits a row and is let through, *row is
 * that row as it stands (borrowed as by pic_row_load). */
PIC_MUST_USE int pic_judge(struct pic_judge *judge, const struct pic_change *change,
                           uint64_t audience, struct pic_row *row, struct pic_fault *out);

/* What changes of a device that is not known yet wait for: an id that no entity has, since there is
 * no device 0. */
uint64_t pic_judge_certificate(uint32_t device);

#endif
