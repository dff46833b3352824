#include "server/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/exchange_store.h"
#include "server/log.h"

enum { STACK_SIZE = 256 << 10, WORKERS_MAX = 64 };

struct frame {
    struct pic_peer *peer;
    struct pic_buf payload;
};

struct worker {
    struct pic_workers *all;
    pthread_t thread;
    struct pic_server server;
    struct pic_exchange_store store;
    struct pic_answer answer;
    struct pic_answer_scratch scratch;
    struct pic_keyring keys; /* its copy, of this generation */
    uint64_t generation;
    struct pic_buf reply;
};

struct pic_workers {
    struct worker *workers;
    unsigned started;
    struct pic_buf name;
    size_t frames_max, bytes_max;
    struct pic_gate *gate;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t arrived;
    struct frame *ring; /* frames_max of them */
    size_t first, n, bytes;
    bool stopping;
    struct pic_keyring keys;
    uint64_t generation;
    struct pic_workers_counts counts;
};

/* --- the queue --- */

void pic_workers_frame(void *context, struct pic_peer *peer, struct pic_buf payload)
{
    static const uint8_t busy[] = {PIC_FRAME_STATUS, PIC_REPLY_BUSY};
    struct pic_workers *w = context;
    bool admitted = pic_gate_admits(w->gate, peer);
    (void)pthread_mutex_lock(&w->lock);
    if (!admitted) {
        w->counts.cut++;
        (void)pthread_mutex_unlock(&w->lock);
        pic_buf_release(&payload);
        pic_peer_drop(peer);
        return;
    }
    bool full = w->stopping || w->n == w->frames_max || w->bytes + payload.len > w->bytes_max;
    if (full) {
        w->counts.busy++;
    } else {
        w->ring[(w->first + w->n++) % w->frames_max] = (struct frame){peer, payload};
        w->bytes += payload.len;
        (void)pthread_cond_signal(&w->arrived);
    }
    (void)pthread_mutex_unlock(&w->lock);
    if (full) {
        pic_buf_release(&payload);
        pic_peer_answer(peer, pic_span_of(busy, sizeof busy));
    }
}

/* The next frame, and the keys to open it with; false at the end. */
static bool take(struct worker *self, struct frame *out)
{
    struct pic_workers *w = self->all;
    (void)pthread_mutex_lock(&w->lock);
    while (w->n == 0 && !w->stopping)
        (void)pthread_cond_wait(&w->arrived, &w->lock);
    bool found = w->n > 0;
    if (found) {
        *out = w->ring[w->first];
        w->first = (w->first + 1) % w->frames_max;
        w->n--;
        w->bytes -= out->payload.len;
    }
    if (self->generation != w->generation) {
        self->keys = w->keys;
        self->generation = w->generation;
        self->answer.key_n = self->keys.key_n;
    }
    (void)pthread_mutex_unlock(&w->lock);
    return found;
}

void pic_workers_keys(struct pic_workers *w, const struct pic_keyring *keys)
{
    (void)pthread_mutex_lock(&w->lock);
    w->keys = *keys;
    w->generation++;
    (void)pthread_mutex_unlock(&w->lock);
}

void pic_workers_count(struct pic_workers *w, struct pic_workers_counts *out)
{
    (void)pthread_mutex_lock(&w->lock);
    *out = w->counts;
    (void)pthread_mutex_unlock(&w->lock);
}

/* --- one request --- */

/* What is worth a line: an enrolment, and what a known device was refused. Strangers are counted
 * only, so that they cannot fill the disk. */
static void note(const struct worker *self)
{
    bool enrolment = self->scratch.outcome.type == PIC_REQUEST_ENROL;
    bool refusal =
        self->scratch.outcome.device != 0 && self->scratch.outcome.status != PIC_REPLY_OK;
    if (enrolment || refusal)
        pic_log(refusal ? PIC_LOG_WARNING : PIC_LOG_INFO, enrolment ? "inscription" : "refus",
                "agent", (int64_t)self->scratch.outcome.device, "statut",
                (int64_t)self->scratch.outcome.status, NULL);
}

static uint64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint32_t pic_workers_bucket_us(size_t i)
{
    static const uint32_t ends[PIC_WORKERS_BUCKETS] = {1000,   5000,    20000,     100000,
                                                       500000, 2000000, UINT32_MAX};
    return ends[i];
}

/* Under the lock. */
static void count_duration(struct pic_workers_counts *counts, uint64_t us)
{
    size_t i = 0;
    while (us > pic_workers_bucket_us(i) && i < PIC_WORKERS_BUCKETS - 1)
        i++;
    counts->durations[i]++;
    counts->duration_us += us;
}

static void answer_one(struct worker *self, struct frame *frame)
{
    uint64_t began_us = now_us();
    int status = pic_answer(&self->answer, &self->scratch, pic_server_now_ms(),
                            pic_buf_view(&frame->payload), &self->reply);
    pic_buf_release(&frame->payload);
    if (self->scratch.outcome.device != 0)
        pic_peer_vouch(frame->peer);
    else
        pic_gate_failed(self->all->gate, frame->peer);
    if (status == PIC_OK)
        pic_peer_answer(frame->peer, pic_buf_view(&self->reply));
    else
        pic_peer_drop(frame->peer);
    note(self);
    (void)pthread_mutex_lock(&self->all->lock);
    self->all->counts.answered++;
    count_duration(&self->all->counts, now_us() - began_us);
    self->all->counts.refused += self->scratch.outcome.status != PIC_REPLY_OK;
    (void)pthread_mutex_unlock(&self->all->lock);
}

static void *run_thread(void *context)
{
    struct worker *self = context;
    struct frame frame;
    while (take(self, &frame))
        answer_one(self, &frame);
    return NULL;
}

/* --- life --- */

static void release_worker(struct worker *self)
{
    pic_answer_scratch_release(&self->scratch);
    pic_buf_release(&self->reply);
    pic_server_close(&self->server);
    pic_keyring_release(&self->keys);
}

static int open_worker(struct pic_workers *w, struct worker *self,
                       const struct pic_workers_options *options, struct pic_err *err)
{
    self->all = w;
    pic_buf_init(&self->reply, PIC_FRAME_MAX);
    int status = pic_answer_scratch_init(&self->scratch);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    status = pic_server_open(options->folder, PIC_SERVER_NO_STATE | PIC_SERVER_READ_ONLY,
                             &self->server, err);
    if (status != PIC_OK)
        return status;
    pic_exchange_store_init(&self->store, &self->server, options->committer, options->contacts,
                            self->scratch.reader);
    self->store.gate = options->gate;
    self->keys = w->keys;
    self->generation = w->generation;
    self->answer = (struct pic_answer){.identity = &self->server.keys.identity,
                                       .keys = self->keys.keys,
                                       .key_n = self->keys.key_n,
                                       .name = pic_buf_view(&w->name),
                                       .random = pic_random_system(),
                                       .store = &self->store.table};
    memcpy(self->answer.authority, self->server.keys.authority, PIC_KEY_SIZE);
    return PIC_OK;
}

static int start_worker(struct pic_workers *w, struct worker *self,
                        const struct pic_workers_options *options, struct pic_err *err)
{
    pthread_attr_t attr;
    int status = open_worker(w, self, options, err);
    if (status == PIC_OK) {
        (void)pthread_attr_init(&attr);
        (void)pthread_attr_setstacksize(&attr, STACK_SIZE);
        if (pthread_create(&self->thread, &attr, run_thread, self) != 0)
            status = pic_fail(err, PIC_EMEMORY, NULL);
        (void)pthread_attr_destroy(&attr);
    }
    if (status != PIC_OK)
        release_worker(self);
    return status;
}

int pic_workers_start(const struct pic_workers_options *options, const struct pic_keyring *keys,
                      struct pic_workers **out, struct pic_err *err)
{
    struct pic_workers *w = calloc(1, sizeof *w);
    if (w == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    unsigned n = options->n < WORKERS_MAX ? options->n : WORKERS_MAX;
    w->workers = calloc(n, sizeof *w->workers);
    w->ring = calloc(options->frames_max, sizeof *w->ring);
    w->frames_max = options->frames_max;
    w->bytes_max = options->bytes_max;
    w->gate = options->gate;
    w->keys = *keys;
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->arrived, NULL);
    pic_buf_init(&w->name, PIC_NAME_MAX);
    int status = w->workers == NULL || w->ring == NULL ? PIC_EMEMORY : PIC_OK;
    struct pic_server there;
    if (status == PIC_OK)
        status = pic_server_open(options->folder, PIC_SERVER_NO_STATE | PIC_SERVER_READ_ONLY,
                                 &there, err);
    if (status == PIC_OK) {
        status = pic_registry_name(there.registry, &w->name);
        pic_server_close(&there);
    }
    for (; status == PIC_OK && w->started < n; w->started += status == PIC_OK)
        status = start_worker(w, &w->workers[w->started], options, err);
    if (status != PIC_OK) {
        pic_workers_stop(w);
        return pic_fail(err, status, NULL);
    }
    *out = w;
    return PIC_OK;
}

void pic_workers_stop(struct pic_workers *w)
{
    if (w == NULL)
        return;
    (void)pthread_mutex_lock(&w->lock);
    w->stopping = true;
    (void)pthread_cond_broadcast(&w->arrived);
    (void)pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->started; i++) {
        (void)pthread_join(w->workers[i].thread, NULL);
        release_worker(&w->workers[i]);
    }
    (void)pthread_cond_destroy(&w->arrived);
    (void)pthread_mutex_destroy(&w->lock);
    pic_keyring_release(&w->keys);
    pic_buf_release(&w->name);
    free(w->workers);
    free(w->ring);
    free(w);
}
