#include "protocol/net/wait.h"

#include <time.h>

enum { MS_PER_S = 1000, NS_PER_MS = 1000000 };

int64_t pic_wait_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

int pic_wait_init(struct pic_wait *w)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0)
        return PIC_EMEMORY;
    int failed = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    failed = failed != 0 ? failed : pthread_cond_init(&w->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (failed != 0)
        return PIC_EMEMORY;
    if (pthread_mutex_init(&w->mutex, NULL) != 0) {
        (void)pthread_cond_destroy(&w->changed);
        return PIC_EMEMORY;
    }
    return PIC_OK;
}

void pic_wait_release(struct pic_wait *w)
{
    (void)pthread_mutex_destroy(&w->mutex);
    (void)pthread_cond_destroy(&w->changed);
}

void pic_wait_lock(struct pic_wait *w)
{
    (void)pthread_mutex_lock(&w->mutex);
}

void pic_wait_unlock(struct pic_wait *w)
{
    (void)pthread_mutex_unlock(&w->mutex);
}

void pic_wait_wake(struct pic_wait *w)
{
    (void)pthread_cond_broadcast(&w->changed);
}

void pic_wait_until(struct pic_wait *w, int64_t until_ms)
{
    if (until_ms == PIC_WAIT_FOREVER) {
        (void)pthread_cond_wait(&w->changed, &w->mutex);
        return;
    }
    struct timespec until = {.tv_sec = (time_t)(until_ms / MS_PER_S),
                             .tv_nsec = (long)(until_ms % MS_PER_S) * NS_PER_MS};
    (void)pthread_cond_timedwait(&w->changed, &w->mutex, &until);
}
