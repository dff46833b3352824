/* metrics: what a server does and holds, in numbers, as Prometheus reads them. Laptops are numbers,
 * funds are numbers: nothing here names a person, an association or an address.
 * Source: Prometheus text exposition format 0.0.4. */
#ifndef PIC_SERVER_METRICS_H
#define PIC_SERVER_METRICS_H

#include "server/contacts.h"
#include "server/workers.h"

/* What only a running service knows. */
struct pic_metrics_live {
    struct pic_workers_counts workers;
    struct pic_listener_counts listener; /* of all addresses together */
};

/* Appends all of them. live is NULL for who only looks at the folder. PIC_OK, or why the store
 * could not be read; what could be is there all the same. */
PIC_MUST_USE int pic_metrics_write(const char *folder, const char *version,
                                   struct pic_contacts *contacts,
                                   const struct pic_metrics_live *live, struct pic_buf *out,
                                   struct pic_err *err);

/* Bytes that are free on the disk of a folder; 0 when that cannot be told. */
uint64_t pic_disk_free(const char *folder);

#endif
