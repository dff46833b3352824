/* restore: a server again from its copy, and the proof that it would be one: restored into a folder
 * of no use, verified to the last row, thrown away. */
#ifndef PIC_SERVER_BACKUP_RESTORE_H
#define PIC_SERVER_BACKUP_RESTORE_H

#include "server/verify.h"

/* Set in a restored journal: when it was restored, milliseconds since 1970. The copy may be older
 * than what laptops, and the server's own logs, hold already. */
#define PIC_RESTORED_FACT "restored"

struct pic_restore_plan {
    const char *archive; /* folder pic-…: data */
    const char *keys;    /* folder cles-…; NULL: of the same moment, else the newest beside it */
    const char *into;    /* must not exist */
    int64_t now_ms;
};

struct pic_restored {
    int64_t time_ms; /* of the copy */
    uint64_t position, files, bytes;
};

/* Every byte is checked against the signed manifests while it is copied; into appears whole, or not
 * at all. PIC_EEXISTS (into), PIC_ENOT_FOUND (no copy there), PIC_ESIGNATURE, PIC_EHASH (arg[0] the
 * file), PIC_EFORMAT, PIC_EDISK_FULL, PIC_EFILE. */
PIC_MUST_USE int pic_restore(const struct pic_restore_plan *plan, struct pic_restored *out,
                             struct pic_err *err);

/* Restores plan->archive into plan->into, brings its state up to the journal, verifies everything
 * as `verifier --tout` and removes it again. PIC_OK when it could be done; report->faults tells
 * what was found. */
PIC_MUST_USE int pic_restore_rehearse(const struct pic_restore_plan *plan,
                                      const struct pic_verify_options *options,
                                      struct pic_restored *out, struct pic_verify_report *report,
                                      struct pic_err *err);

#endif
