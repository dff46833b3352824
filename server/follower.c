#include "server/follower.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "server/erasure.h"
#include "server/log.h"

enum {
    STACK_SIZE = 512 << 10,
    POLL_S = 1,
    GATHER_NS = 10 * 1000 * 1000, /* nothing new for so long ends a burst */
    GATHER_ROUNDS = 10,
};

struct pic_follower {
    const char *folder;
    pthread_t thread;
    atomic_bool stopping;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool pending;
};

static bool is_stopping(void *context)
{
    struct pic_follower *f = context;
    return atomic_load(&f->stopping);
}

/* Until there is something to fold, or a second has passed. Whether there is. */
static bool wait_a_while(struct pic_follower *f)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += POLL_S;
    (void)pthread_mutex_lock(&f->lock);
    while (!f->pending && !is_stopping(f))
        if (pthread_cond_timedwait(&f->woken, &f->lock, &until) != 0)
            break;
    bool pending = f->pending;
    f->pending = false;
    (void)pthread_mutex_unlock(&f->lock);
    return pending;
}

/* What comes in a burst is folded together when it ends, in few transactions and when whoever sends
 * no longer waits for the processor; what never ends, every so many rounds. */
static void gather(struct pic_follower *f)
{
    const struct timespec moment = {.tv_nsec = GATHER_NS};
    bool more = true;
    for (int i = 0; more && i < GATHER_ROUNDS && !is_stopping(f); i++) {
        (void)nanosleep(&moment, NULL);
        (void)pthread_mutex_lock(&f->lock);
        more = f->pending;
        f->pending = false;
        (void)pthread_mutex_unlock(&f->lock);
    }
}

/* While nobody waits: whoever a laptop erased is forgotten here too, and what is in the write-ahead
 * log goes into the database. */
static int tidy(struct pic_server *server, uint64_t *tidied)
{
    uint64_t position = pic_projector_position(server->projector);
    if (position == *tidied)
        return PIC_OK;
    int status = pic_erasures_settle(server);
    if (status == PIC_ESTORE_IN_USE)
        return PIC_OK; /* someone reads what is to go: at the next quiet moment */
    *tidied = position;
    return status == PIC_OK ? pic_db_checkpoint(pic_projector_db(server->projector), true, NULL)
                            : status;
}

/* One life of the connections: until the end, or until something fails. */
static int follow(struct pic_follower *f)
{
    struct pic_server server;
    int status = pic_server_open(f->folder, PIC_SERVER_NO_STATE, &server, NULL);
    char path[PIC_PATH_MAX];
    uint64_t tidied = 0;
    if (status == PIC_OK)
        status = pic_server_path(f->folder, "state.db", path);
    if (status == PIC_OK)
        status = pic_projector_new(path, server.journal, &server.projector, NULL);
    while (status == PIC_OK && !is_stopping(f)) {
        status = pic_projector_catch_up(server.projector, is_stopping, f, NULL);
        if (status == PIC_OK && wait_a_while(f))
            gather(f);
        else if (status == PIC_OK)
            status = tidy(&server, &tidied);
    }
    pic_server_close(&server);
    return status;
}

static void *run_thread(void *context)
{
    struct pic_follower *f = context;
    int said = PIC_OK;
    while (!is_stopping(f)) {
        int status = follow(f);
        if (status != PIC_OK && status != said)
            pic_log_status("projection", status);
        said = status;
        if (status != PIC_OK)
            (void)wait_a_while(f);
    }
    return NULL;
}

int pic_follower_start(const char *folder, struct pic_follower **out, struct pic_err *err)
{
    struct pic_follower *f = calloc(1, sizeof *f);
    if (f == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    pthread_attr_t attr;
    f->folder = folder;
    (void)pthread_mutex_init(&f->lock, NULL);
    (void)pthread_cond_init(&f->woken, NULL);
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setstacksize(&attr, STACK_SIZE);
    int error = pthread_create(&f->thread, &attr, run_thread, f);
    (void)pthread_attr_destroy(&attr);
    if (error != 0) {
        free(f);
        return pic_fail(err, PIC_EMEMORY, NULL);
    }
    *out = f;
    return PIC_OK;
}

void pic_follower_wake(void *context)
{
    struct pic_follower *f = context;
    (void)pthread_mutex_lock(&f->lock);
    f->pending = true;
    (void)pthread_cond_signal(&f->woken);
    (void)pthread_mutex_unlock(&f->lock);
}

void pic_follower_stop(struct pic_follower *f)
{
    if (f == NULL)
        return;
    atomic_store(&f->stopping, true);
    pic_follower_wake(f);
    (void)pthread_join(f->thread, NULL);
    (void)pthread_cond_destroy(&f->woken);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}
