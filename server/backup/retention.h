/* retention: which backups are kept: "7j 4s 12m" is the last one of each of 7 days, of 4 weeks and
 * of 12 months, counted over those days, weeks and months that have one. Pure. */
#ifndef PIC_SERVER_BACKUP_RETENTION_H
#define PIC_SERVER_BACKUP_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/base/status.h"

struct pic_retention {
    unsigned days, weeks, months;
};

/* "7j 4s 12m", any part absent being 0; at least one day. PIC_EFORMAT. */
PIC_MUST_USE int pic_retention_read(const char *text, struct pic_retention *out);
/* times_ms: when each backup was made, newest first, milliseconds since 1970; keep[i] becomes
 * whether it stays. The newest always does. Days, weeks and months are UTC's. */
void pic_retention_choose(const struct pic_retention *policy, const int64_t *times_ms, size_t n,
                          bool *keep);

#endif
