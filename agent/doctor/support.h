/* support: what the Region may be given to help with a laptop: versions, counts, sizes, statuses,
 * settings, the last errors. Text of "key = value" lines, so that who hands it over can read it
 * first. Every value is a number, a stable code or a word of ours: no name, title, amount, address
 * or key ever comes from the store into it. */
#ifndef PIC_AGENT_DOCTOR_SUPPORT_H
#define PIC_AGENT_DOCTOR_SUPPORT_H

#include "agent/doctor/examine.h"
#include "schema/face/checkup.h"

enum { PIC_SUPPORT_MAX = 1 << 16 };

/* code: the letters of the diagnosis. settings: lines of the caller's own, appended as they are. */
PIC_MUST_USE int pic_support_put(struct pic_examination *examination,
                                 const struct pic_checkup *checkup, const char *code,
                                 const char *settings, struct pic_buf *out);

#endif
