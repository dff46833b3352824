/* caretaker: the thread of `serve` that does the daily routine while laptops are served. */
#ifndef PIC_SERVER_BACKUP_CARETAKER_H
#define PIC_SERVER_BACKUP_CARETAKER_H

#include "server/backup/retention.h"

struct pic_caretaker_options {
    const char *folder, *to; /* borrowed */
    unsigned minutes;        /* after local midnight */
    struct pic_retention policy;
};

struct pic_caretaker;
PIC_MUST_USE int pic_caretaker_start(const struct pic_caretaker_options *options,
                                     struct pic_caretaker **out, struct pic_err *err);
/* Waits for what is being done. NULL is a no-op. */
void pic_caretaker_stop(struct pic_caretaker *caretaker);

#endif
