#include "server/committer.h"

#include <pthread.h>
#include <stdlib.h>

enum { STACK_SIZE = 256 << 10 };

/* A piece of work, on the stack of who waits for it. */
struct work {
    int (*run)(struct pic_server *server, void *job);
    void *job;
    int status;
    bool done;
    struct work *next;
};

struct pic_committer {
    struct pic_server server;
    sqlite3_stmt *begin, *commit, *savepoint, *release, *undo;
    void (*committed)(void *context);
    void *context;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t arrived, finished;
    struct work *first, **last;
    bool stopping;
    struct pic_committer_counts counts;
};

/* --- one transaction --- */

/* One piece inside its savepoint. A failure to undo it dooms the whole transaction. */
static int run_one(struct pic_committer *c, struct work *w)
{
    int status = pic_db_run(c->savepoint);
    if (status != PIC_OK)
        return status;
    w->status = w->run(&c->server, w->job);
    if (w->status != PIC_OK)
        status = pic_db_run(c->undo);
    if (status == PIC_OK)
        status = pic_db_run(c->release);
    return status;
}

/* Everything in the list, together. Returns what the transaction came to. */
static int run_all(struct pic_committer *c, struct work *list, bool *wrote)
{
    *wrote = false;
    int status = pic_db_run(c->begin);
    for (struct work *w = list; status == PIC_OK && w != NULL; w = w->next) {
        status = run_one(c, w);
        *wrote = *wrote || w->status == PIC_OK;
    }
    if (status == PIC_OK)
        status = pic_db_run(c->commit);
    if (status != PIC_OK)
        pic_db_rollback(&c->server.journal_db);
    return status;
}

/* Tells each who waits. The work is theirs again as soon as it is done. */
static void tell(struct pic_committer *c, struct work *list, int status)
{
    (void)pthread_mutex_lock(&c->lock);
    c->counts.transactions++;
    for (struct work *w = list, *next; w != NULL; w = next) {
        next = w->next;
        if (status != PIC_OK && w->status == PIC_OK)
            w->status = status;
        c->counts.works++;
        c->counts.failures += w->status != PIC_OK;
        w->done = true;
    }
    (void)pthread_cond_broadcast(&c->finished);
    (void)pthread_mutex_unlock(&c->lock);
}

static struct work *wait_for_work(struct pic_committer *c)
{
    (void)pthread_mutex_lock(&c->lock);
    while (c->first == NULL && !c->stopping)
        (void)pthread_cond_wait(&c->arrived, &c->lock);
    struct work *list = c->first;
    c->first = NULL;
    c->last = &c->first;
    (void)pthread_mutex_unlock(&c->lock);
    return list;
}

static void *run_thread(void *context)
{
    struct pic_committer *c = context;
    struct work *list;
    while ((list = wait_for_work(c)) != NULL) {
        bool wrote;
        int status = run_all(c, list, &wrote);
        tell(c, list, status);
        if (status == PIC_OK && wrote && c->committed != NULL)
            c->committed(c->context);
    }
    return NULL;
}

/* --- life --- */

static int prepare(struct pic_committer *c, struct pic_err *err)
{
    const struct {
        sqlite3_stmt **stmt;
        const char *sql;
    } all[] = {
        {&c->begin, "BEGIN IMMEDIATE"},    {&c->commit, "COMMIT"},
        {&c->savepoint, "SAVEPOINT work"}, {&c->release, "RELEASE work"},
        {&c->undo, "ROLLBACK TO work"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        *all[i].stmt = pic_db_prepare(&c->server.journal_db, all[i].sql, err);
        if (*all[i].stmt == NULL)
            return pic_db_status(sqlite3_errcode(c->server.journal_db.handle));
    }
    return PIC_OK;
}

static void release(struct pic_committer *c)
{
    (void)sqlite3_finalize(c->begin);
    (void)sqlite3_finalize(c->commit);
    (void)sqlite3_finalize(c->savepoint);
    (void)sqlite3_finalize(c->release);
    (void)sqlite3_finalize(c->undo);
    pic_server_close(&c->server);
    free(c);
}

int pic_committer_start(const char *folder, void (*committed)(void *context), void *context,
                        struct pic_committer **out, struct pic_err *err)
{
    struct pic_committer *c = calloc(1, sizeof *c);
    if (c == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    c->committed = committed;
    c->context = context;
    c->last = &c->first;
    int status = pic_server_open(folder, PIC_SERVER_NO_STATE, &c->server, err);
    if (status == PIC_OK)
        status = prepare(c, err);
    if (status != PIC_OK) {
        release(c);
        return status;
    }
    pthread_attr_t attr;
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->arrived, NULL);
    (void)pthread_cond_init(&c->finished, NULL);
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setstacksize(&attr, STACK_SIZE);
    int error = pthread_create(&c->thread, &attr, run_thread, c);
    (void)pthread_attr_destroy(&attr);
    if (error != 0) {
        release(c);
        return pic_fail(err, PIC_EMEMORY, NULL);
    }
    *out = c;
    return PIC_OK;
}

void pic_committer_stop(struct pic_committer *c)
{
    if (c == NULL)
        return;
    (void)pthread_mutex_lock(&c->lock);
    c->stopping = true;
    (void)pthread_cond_signal(&c->arrived);
    (void)pthread_mutex_unlock(&c->lock);
    (void)pthread_join(c->thread, NULL);
    (void)pthread_cond_destroy(&c->arrived);
    (void)pthread_cond_destroy(&c->finished);
    (void)pthread_mutex_destroy(&c->lock);
    release(c);
}

int pic_committer_run(struct pic_committer *c, int (*run)(struct pic_server *server, void *job),
                      void *job)
{
    struct work w = {.run = run, .job = job};
    (void)pthread_mutex_lock(&c->lock);
    *c->last = &w;
    c->last = &w.next;
    (void)pthread_cond_signal(&c->arrived);
    while (!w.done)
        (void)pthread_cond_wait(&c->finished, &c->lock);
    (void)pthread_mutex_unlock(&c->lock);
    return w.status;
}

void pic_committer_count(struct pic_committer *c, struct pic_committer_counts *out)
{
    (void)pthread_mutex_lock(&c->lock);
    *out = c->counts;
    (void)pthread_mutex_unlock(&c->lock);
}
