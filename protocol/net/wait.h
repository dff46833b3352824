/* wait: a mutex and a condition whose deadlines are on the monotonic clock. Inner to this room. */
#ifndef PIC_NET_WAIT_H
#define PIC_NET_WAIT_H

#include <pthread.h>
#include <stdint.h>

#include "protocol/base/status.h"

#define PIC_WAIT_FOREVER INT64_MAX

struct pic_wait {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

/* Milliseconds that never go back. */
int64_t pic_wait_now_ms(void);
/* PIC_EMEMORY when the system has no room for it. */
PIC_MUST_USE int pic_wait_init(struct pic_wait *w);
void pic_wait_release(struct pic_wait *w);
void pic_wait_lock(struct pic_wait *w);
void pic_wait_unlock(struct pic_wait *w);
/* Wakes all that wait. */
void pic_wait_wake(struct pic_wait *w);
/* With the lock held: gives it up until woken or until_ms (may also return early). */
void pic_wait_until(struct pic_wait *w, int64_t until_ms);

#endif
