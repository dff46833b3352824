/* lease: one writer at a time in a store. The lock goes with the process, however it ends; the file
 * says who holds it and since when, for whoever finds it taken. */
#ifndef PIC_AGENT_LEASE_H
#define PIC_AGENT_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/base/status.h"

/* *lease becomes a file descriptor to close when done, or -1. PIC_ESTORE_IN_USE (arg[0] "9 h 14,
 * processus 1234"), PIC_EDISK_FULL, PIC_EIO. */
PIC_MUST_USE int pic_lease_take(const char *path, int64_t now_ms, int *lease, struct pic_err *err);

/* Whether another process holds the lease, and since when (0: not told). A lease that was never
 * taken, or that cannot be looked at, is free. */
bool pic_lease_is_taken(const char *path, int64_t *since_ms);

#endif
