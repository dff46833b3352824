/* own_log: the logs that the server itself writes: one for everybody, one for the central team, one
 * for each organisation, all signed by its identity, all drawing on one sequence (device 1).
 *
 * Load, stamp changes, append them by audience, save: inside one write transaction of the journal,
 * so that no two writers ever take the same number. */
#ifndef PIC_SERVER_OWN_LOG_H
#define PIC_SERVER_OWN_LOG_H

#include "protocol/base/clock.h"
#include "schema/store/journal.h"

struct pic_own_log {
    uint64_t seq; /* last one given */
    struct pic_clock clock;
};

PIC_MUST_USE int pic_own_log_load(struct pic_journal *journal, struct pic_own_log *out);
PIC_MUST_USE int pic_own_log_save(struct pic_journal *journal, const struct pic_own_log *log);
/* The next address and stamp. */
void pic_own_log_next(struct pic_own_log *log, int64_t now_ms, uint64_t *dot, uint64_t *stamp);
/* Seals changes (ascending dots, one audience) and appends the segments. *position is that of the
 * last. PIC_ELIMIT when one change alone is too large for a segment. */
PIC_MUST_USE int pic_own_log_append(struct pic_journal *journal, const struct pic_signer *identity,
                                    uint64_t audience, const struct pic_change *const *changes,
                                    size_t n, uint64_t *position);

#endif
