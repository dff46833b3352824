/* follower: the thread of a server that keeps state.db level with the journal, woken by each commit
 * of this process and looking once a second for those of others. */
#ifndef PIC_SERVER_FOLLOWER_H
#define PIC_SERVER_FOLLOWER_H

#include "server/store.h"

struct pic_follower;
PIC_MUST_USE int pic_follower_start(const char *folder, struct pic_follower **out,
                                    struct pic_err *err);
void pic_follower_wake(void *follower);
void pic_follower_stop(struct pic_follower *follower); /* NULL is a no-op */

#endif
