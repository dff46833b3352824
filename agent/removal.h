/* removal: a laptop's store leaves its disk for good. The keys go first: from then on documents and
 * sealed identities are unreadable, whatever stops the rest; pic.db goes last, so that what was
 * stopped can be asked for again. Whether it may be removed is the caller's to judge.
 *
 * Only what a store is made of is removed: a folder may hold other things of its owner. Files are
 * overwritten as far as a program can; an SSD may keep blocks that none reaches. */
#ifndef PIC_AGENT_REMOVAL_H
#define PIC_AGENT_REMOVAL_H

#include "agent/store.h"

/* Closes agent, which holds the lease until the last file is gone, and removes its store. PIC_EIO
 * (arg[0] what would not go). */
PIC_MUST_USE int pic_removal_run(struct pic_agent *agent, struct pic_err *err);

#endif
