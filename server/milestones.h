/* milestones: when what must happen regularly last did: backup, rehearsal of a restore,
 * verification. Kept in small files beside the data, so that a command and the service tell the
 * same. */
#ifndef PIC_SERVER_MILESTONES_H
#define PIC_SERVER_MILESTONES_H

#include <stdint.h>

#include "protocol/base/status.h"

enum pic_milestone {
    PIC_MILESTONE_BACKUP,          /* last success, milliseconds since 1970 */
    PIC_MILESTONE_REHEARSAL,       /* the same */
    PIC_MILESTONE_VERIFIED,        /* the same */
    PIC_MILESTONE_VERIFY_FAILURES, /* how many verifications found something, ever */
    PIC_MILESTONES
};

/* 0 when there never was one. */
int64_t pic_milestone_get(const char *folder, enum pic_milestone milestone);
PIC_MUST_USE int pic_milestone_put(const char *folder, enum pic_milestone milestone, int64_t value,
                                   struct pic_err *err);

#endif
