/* fleet: many of the least laptops there can be (tests/lib/laptop.h), each a thread with its own
 * connection to a real `pic-server serve`.
 *
 *     fleet burst  URL SERVER_PID FUND DEVICES <codes each enrols, then all sync one change at once
 *     fleet steady URL SERVER_PID FUND DEVICES <codes each syncs one change every 100 ms
 *     fleet flood  URL SERVER_PID BYTES DEVICES       each sends one frame that large at once
 *
 * burst prints a line "burst …", flood "flood …"; steady prints "ready", then a line "steady …" for
 * each line that it reads after the codes, of what happened since the one before. Latencies are
 * what a person waits for, retries included. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "protocol/net/link.h"
#include "tests/bench/stage.h"
#include "tests/lib/laptop.h"

enum {
    TIMEOUT_MS = 60000,
    TRIES_MAX = 50,
    PAUSE_MS = 100, /* before trying again: once to twice as long */
    EVERY_MS = 100,
    AT_ONCE = 16, /* that get ready together */
    STACK_SIZE = 512 << 10,
    SAMPLES_MAX = 1 << 20,
    CODE_LINE = 64,
};

struct fleet;
struct member {
    struct fleet *fleet;
    struct laptop laptop;
    struct pic_link *link;
    struct pic_code code;
    pthread_t thread;
    double ms;
    unsigned retries;
};

struct fleet {
    const char *url;
    uint64_t number; /* fund, or bytes */
    unsigned n;
    struct member *members;
    void (*go)(struct member *member);
    sem_t ready, room;
    pthread_barrier_t start;
    atomic_bool over;
    pthread_mutex_t lock; /* of what follows */
    double *samples;
    size_t sample_n;
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "fleet: %s\n", what);
    exit(EXIT_FAILURE);
}

static void must_be_ok(int status, const char *what)
{
    if (status != PIC_OK)
        (void)fprintf(stderr, "fleet: %s\n", pic_status_name(status));
    must(status == PIC_OK, what);
}

static double clock_ms(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int64_t wall_ms(void)
{
    return (int64_t)clock_ms(CLOCK_REALTIME);
}

static void pause_ms(double ms)
{
    if (ms <= 0)
        return;
    struct timespec t = {(time_t)(ms / 1e3), 0};
    t.tv_nsec = (long)((ms - (double)t.tv_sec * 1e3) * 1e6);
    (void)nanosleep(&t, NULL);
}

/* --- one member --- */

static int exchange(void *context, struct pic_span request, struct pic_buf *reply)
{
    struct member *m = context;
    int status = PIC_OK;
    if (m->link == NULL)
        status = pic_link_open(m->fleet->url, TIMEOUT_MS, &m->link);
    if (status == PIC_OK)
        status = pic_link_send(m->link, request, TIMEOUT_MS);
    if (status == PIC_OK)
        status = pic_link_receive(m->link, reply, TIMEOUT_MS);
    if (status != PIC_OK) {
        pic_link_close(m->link);
        m->link = NULL;
    }
    return status;
}

/* Until what was sealed is acknowledged. */
static void sync_change(struct member *m)
{
    double start = clock_ms(CLOCK_MONOTONIC);
    int status = PIC_OK;
    for (unsigned tries = 0; m->laptop.received.seq < m->laptop.head.seq; tries++) {
        bool more = false;
        enum pic_reply_status reply = PIC_REPLY_OK;
        must_be_ok(tries < TRIES_MAX ? PIC_OK : status, "a change was never acknowledged");
        if (tries > 0) {
            m->retries++;
            pause_ms(PAUSE_MS + (double)(m->laptop.certificate.device * 37 % PAUSE_MS));
        }
        status = laptop_sync(&m->laptop, &more, &reply);
        must(status != PIC_OK || reply == PIC_REPLY_OK, pic_reply_name(reply));
    }
    m->ms = clock_ms(CLOCK_MONOTONIC) - start;
}

static void enrol(struct member *m)
{
    laptop_init(&m->laptop, exchange, m);
    m->laptop.fund = m->fleet->number;
    must_be_ok(laptop_enrol(&m->laptop, &m->code, wall_ms()), "enrolment");
}

static void *member_run(void *context)
{
    struct member *m = context;
    struct fleet *f = m->fleet;
    (void)sem_wait(&f->room);
    if (m->code.text[0] != '\0') {
        enrol(m);
        must_be_ok(laptop_work(&m->laptop, 1, wall_ms()), "sealing");
    } else {
        must_be_ok(pic_link_open(f->url, TIMEOUT_MS, &m->link), "connection");
    }
    (void)sem_post(&f->room);
    (void)sem_post(&f->ready);
    (void)pthread_barrier_wait(&f->start);
    f->go(m);
    return NULL;
}

/* --- all of them --- */

static void fleet_start(struct fleet *f)
{
    pthread_attr_t attr;
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setstacksize(&attr, STACK_SIZE);
    (void)sem_init(&f->ready, 0, 0);
    (void)sem_init(&f->room, 0, AT_ONCE);
    (void)pthread_barrier_init(&f->start, NULL, f->n + 1);
    (void)pthread_mutex_init(&f->lock, NULL);
    for (unsigned i = 0; i < f->n; i++) {
        f->members[i].fleet = f;
        must(pthread_create(&f->members[i].thread, &attr, member_run, &f->members[i]) == 0,
             "thread");
    }
    for (unsigned i = 0; i < f->n; i++)
        (void)sem_wait(&f->ready);
    (void)pthread_attr_destroy(&attr);
}

static void fleet_join(struct fleet *f)
{
    for (unsigned i = 0; i < f->n; i++)
        (void)pthread_join(f->members[i].thread, NULL);
}

static void read_codes(struct fleet *f)
{
    char line[CODE_LINE];
    for (unsigned i = 0; i < f->n; i++) {
        must(fgets(line, sizeof line, stdin) != NULL, "codes");
        line[strcspn(line, "\n")] = '\0';
        must_be_ok(pic_code_parse(line, &f->members[i].code), "code");
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_samples(const char *name, double *ms, size_t n, double elapsed_ms)
{
    qsort(ms, n, sizeof *ms, by_size);
    must(n > 0, "nothing was measured");
    (void)printf("%s wall_ms %.3f median_ms %.3f p99_ms %.3f worst_ms %.3f syncs %zu", name,
                 elapsed_ms, ms[n / 2], ms[n * 99 / 100], ms[n - 1], n);
}

/* Lets all go at once and waits for them. */
static void run_together(struct fleet *f, const char *name, pid_t server)
{
    unsigned retries = 0;
    unsigned most = 0;
    fleet_start(f);
    stage_quiet(server);
    double start = clock_ms(CLOCK_MONOTONIC);
    (void)pthread_barrier_wait(&f->start);
    fleet_join(f);
    double elapsed = clock_ms(CLOCK_MONOTONIC) - start;
    for (unsigned i = 0; i < f->n; i++) {
        f->samples[i] = f->members[i].ms;
        retries += f->members[i].retries;
        most = f->members[i].retries > most ? f->members[i].retries : most;
    }
    print_samples(name, f->samples, f->n, elapsed);
    (void)printf(" retries %u retries_most %u\n", retries, most);
}

/* --- the modes --- */

static void run_burst(struct fleet *f, pid_t server)
{
    read_codes(f);
    f->go = sync_change;
    run_together(f, "burst", server);
}

/* What it says is refused: only its size matters. */
static void send_large(struct member *m)
{
    struct pic_buf reply = {0};
    double start = clock_ms(CLOCK_MONOTONIC);
    uint8_t *bytes = calloc(1, m->fleet->number);
    must(bytes != NULL, "memory");
    bytes[0] = PIC_FRAME_REQUEST;
    must_be_ok(pic_link_send(m->link, pic_span_of(bytes, m->fleet->number), TIMEOUT_MS), "sending");
    must_be_ok(pic_link_receive(m->link, &reply, TIMEOUT_MS), "answer");
    pic_buf_release(&reply);
    free(bytes);
    m->ms = clock_ms(CLOCK_MONOTONIC) - start;
}

static void run_flood(struct fleet *f, pid_t server)
{
    f->go = send_large;
    run_together(f, "flood", server);
}

static void sync_often(struct member *m)
{
    struct fleet *f = m->fleet;
    pause_ms((double)EVERY_MS * (double)(m - f->members) / (double)f->n);
    double next = clock_ms(CLOCK_MONOTONIC);
    while (!atomic_load(&f->over)) {
        sync_change(m);
        (void)pthread_mutex_lock(&f->lock);
        if (f->sample_n < SAMPLES_MAX)
            f->samples[f->sample_n++] = m->ms;
        (void)pthread_mutex_unlock(&f->lock);
        must_be_ok(laptop_work(&m->laptop, 1, wall_ms()), "sealing");
        double now = clock_ms(CLOCK_MONOTONIC);
        next = next + EVERY_MS > now ? next + EVERY_MS : now;
        pause_ms(next - now);
    }
}

static void run_steady(struct fleet *f, pid_t server)
{
    char line[CODE_LINE];
    (void)server;
    read_codes(f);
    f->go = sync_often;
    fleet_start(f);
    (void)pthread_barrier_wait(&f->start);
    (void)puts("ready");
    (void)fflush(stdout);
    double start = clock_ms(CLOCK_MONOTONIC);
    while (fgets(line, sizeof line, stdin) != NULL) {
        double now = clock_ms(CLOCK_MONOTONIC);
        (void)pthread_mutex_lock(&f->lock);
        print_samples("steady", f->samples, f->sample_n, now - start);
        (void)putchar('\n');
        (void)fflush(stdout);
        f->sample_n = 0;
        start = now;
        (void)pthread_mutex_unlock(&f->lock);
    }
    atomic_store(&f->over, true);
    fleet_join(f);
}

static uint64_t parse_id(const char *text)
{
    uint64_t id = 0;
    must_be_ok(pic_dot_parse(text, &id), "a number such as 1-204");
    return id;
}

/* Two descriptors a link, at most. */
static void need_descriptors(unsigned n)
{
    struct rlimit limit;
    must(getrlimit(RLIMIT_NOFILE, &limit) == 0, "limits");
    limit.rlim_cur = limit.rlim_max < 2 * n + 64 ? limit.rlim_max : 2 * n + 64;
    must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "descriptors");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct fleet *, pid_t);
    } modes[] = {{"burst", run_burst}, {"steady", run_steady}, {"flood", run_flood}};
    static struct fleet fleet;
    if (argc != 6)
        return 2;
    fleet.url = argv[2];
    fleet.number = strchr(argv[4], '-') != NULL ? parse_id(argv[4]) : strtoull(argv[4], NULL, 10);
    fleet.n = (unsigned)strtoul(argv[5], NULL, 10);
    fleet.members = calloc(fleet.n, sizeof *fleet.members);
    fleet.samples = calloc(SAMPLES_MAX, sizeof *fleet.samples);
    must(fleet.members != NULL && fleet.samples != NULL, "memory");
    need_descriptors(fleet.n);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(argv[1], modes[i].name) == 0) {
            modes[i].run(&fleet, (pid_t)strtol(argv[3], NULL, 10));
            (void)fflush(stdout);
            _Exit(EXIT_SUCCESS); /* thousands of links: the system closes them faster */
        }
    }
    return 2;
}
