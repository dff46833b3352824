/* hammer: 20,000 hostile connections against a listener, while honest clients must all succeed;
 * afterwards peers and descriptors are back where they were. */
#include <arpa/inet.h>
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "protocol/net/stream.h"
#include "tests/lib/hammer_patterns.h"

enum { HONEST = 3, AT_ONCE = 64, TIMEOUT_MS = 10000, SETTLE_MS = 10000, SEED = 20, PAUSE_US = 500 };

/* With room for all, clients come and go amid the storm. Without, the strangers must give way to
 * each other, and never a client that was there before. */
static const struct {
    const char *name;
    unsigned hostile, peers_max;
    unsigned exchanges_per_link; /* 0: one link for the whole round */
} rounds[] = {
    {"room for all", 10000, 500, 20},
    {"always full", 10000, AT_ONCE / 2, 0},
};

struct client {
    pthread_t thread;
    const char *url;
    unsigned exchanges_per_link;
    uint64_t seed;
    atomic_bool *stop;
    atomic_uint *ready;
    unsigned exchanges;
    int status;
};

/* Honest clients are told by what they say: zeros. */
static void echo(void *context, struct pic_peer *peer, struct pic_buf payload)
{
    (void)context;
    if (payload.len > 0 && payload.data[0] == 0)
        pic_peer_vouch(peer);
    pic_peer_answer(peer, pic_buf_view(&payload));
    pic_buf_release(&payload);
}

static int exchange(struct client *c, struct pic_link *link)
{
    static const size_t sizes[] = {0, 1, 300, 4096, PIC_FRAME_MAX};
    static const uint8_t zeros[PIC_FRAME_MAX];
    struct pic_buf back = {0};
    struct pic_span payload =
        pic_span_of(zeros, sizes[(c->exchanges + c->seed) % (sizeof sizes / sizeof *sizes)]);
    int status = pic_link_send(link, payload, TIMEOUT_MS);
    if (status == PIC_OK)
        status = pic_link_receive(link, &back, TIMEOUT_MS);
    if (status == PIC_OK && !pic_span_equal(pic_buf_view(&back), payload))
        status = PIC_EFORMAT;
    pic_buf_release(&back);
    c->exchanges++;
    if (c->exchanges == 2) /* one of the two was not empty */
        (void)atomic_fetch_add(c->ready, 1U);
    return status;
}

static void *be_honest(void *arg)
{
    struct client *c = arg;
    while (c->status == PIC_OK && !atomic_load(c->stop)) {
        struct pic_link *link = NULL;
        c->status = pic_link_open(c->url, TIMEOUT_MS, &link);
        unsigned n = 0;
        while (c->status == PIC_OK && !atomic_load(c->stop) &&
               (c->exchanges_per_link == 0 || n++ < c->exchanges_per_link)) {
            c->status = exchange(c, link);
            (void)usleep(PAUSE_US);
        }
        pic_link_close(link);
    }
    if (c->status != PIC_OK)
        (void)atomic_fetch_add(c->ready, 1U); /* nobody has to wait for this one */
    return NULL;
}

static unsigned descriptors(void)
{
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        (void)closedir(dir);
    return n;
}

/* Waits until the listener has no peers and descriptors are back to fds; 0 when they are. */
static int settle(struct pic_listener *listener, unsigned fds)
{
    struct pic_listener_counts counts = {.peers = 1};
    for (int ms = 0; ms < SETTLE_MS; ms += 10) {
        pic_listener_count(listener, &counts);
        if (counts.peers == 0 && descriptors() <= fds)
            return 0;
        (void)usleep(10000);
    }
    (void)fprintf(stderr, "left behind: %u peers, %u descriptors instead of %u\n", counts.peers,
                  descriptors(), fds);
    return 1;
}

/* The listener still serves: one new client, one exchange. */
static int serves(const char *url)
{
    atomic_uint ready = 0;
    struct client c = {.url = url, .ready = &ready};
    struct pic_link *link = NULL;
    int status = pic_link_open(url, TIMEOUT_MS, &link);
    if (status == PIC_OK)
        status = exchange(&c, link);
    pic_link_close(link);
    return status;
}

static int storm(size_t round, const char *url, unsigned port, unsigned *exchanges)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct client clients[HONEST];
    struct hammer_report report = {0};
    atomic_bool stop = false;
    atomic_uint ready = 0;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (unsigned i = 0; i < HONEST; i++) {
        clients[i] = (struct client){.url = url,
                                     .exchanges_per_link = rounds[round].exchanges_per_link,
                                     .seed = i,
                                     .stop = &stop,
                                     .ready = &ready};
        if (pthread_create(&clients[i].thread, NULL, be_honest, &clients[i]) != 0)
            return 1;
    }
    while (atomic_load(&ready) < HONEST)
        (void)usleep(1000);
    int failures = hammer_run(&to, rounds[round].hostile, AT_ONCE, SEED, &report) != 0;
    atomic_store(&stop, true);
    for (unsigned i = 0; i < HONEST; i++) {
        (void)pthread_join(clients[i].thread, NULL);
        *exchanges += clients[i].exchanges;
        if (clients[i].status == PIC_OK)
            continue;
        (void)fprintf(stderr, "an honest client failed after %u exchanges: %s\n",
                      clients[i].exchanges, pic_status_name(clients[i].status));
        failures++;
    }
    if (report.connected != rounds[round].hostile) {
        (void)fprintf(stderr, "%llu connected, %llu failed\n", (unsigned long long)report.connected,
                      (unsigned long long)report.failed);
        failures++;
    }
    return failures;
}

static int run(size_t round)
{
    const struct pic_listener_options options = {
        .idle_ms = 2000, .peers_max = rounds[round].peers_max, .frame = echo};
    struct pic_listener *listener = NULL;
    struct pic_listener_counts counts;
    char url[64];
    unsigned exchanges = 0;
    if (pic_listener_open("tcp://127.0.0.1:0", &options, &listener) != PIC_OK)
        return 1;
    unsigned port = pic_listener_port(listener);
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
    unsigned fds = descriptors();
    int failures = storm(round, url, port, &exchanges);
    failures += settle(listener, fds);
    failures += serves(url) != PIC_OK;
    failures += settle(listener, fds);
    pic_listener_count(listener, &counts);
    (void)printf("%s: accepted=%llu closed=%llu frames=%llu refused=%llu bad=%llu honest=%u "
                 "failures=%d\n",
                 rounds[round].name, (unsigned long long)counts.accepted,
                 (unsigned long long)counts.closed, (unsigned long long)counts.frames,
                 (unsigned long long)counts.refused, (unsigned long long)counts.bad, exchanges,
                 failures);
    pic_listener_close(listener, TIMEOUT_MS);
    return failures;
}

int main(void)
{
    int failures = 0;
    for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++)
        failures += run(i);
    return failures != 0;
}
