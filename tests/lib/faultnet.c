#include "tests/lib/faultnet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PAIRS_MAX = 256,
    LISTENER = 2 * PAIRS_MAX, /* its place among what is polled */
    POLLS = LISTENER + 1,
    CHUNKS = 32, /* queued in one direction of one connection */
    CHUNK_SIZE = 2048,
    SLICES = 20, /* of a second: the grain of a limited rate */
    BUSY_WAIT_MS = 2,
    MS_PER_S = 1000,
};

struct chunk {
    int64_t due_ms;
    size_t n; /* 0: the end of the stream */
    size_t sent;
    uint8_t bytes[CHUNK_SIZE];
};

/* One direction of one connection: a queue of chunks. */
struct flow {
    struct chunk chunks[CHUNKS];
    unsigned first, held;
    bool ended; /* its source has closed: nothing more will be queued */
    bool over;  /* its end has been passed on */
};

enum { UP, DOWN }; /* flow UP reads from fd[UP], the client; flow DOWN from fd[DOWN], the target */

struct pair {
    int fd[2];
    struct flow flow[2];
    uint64_t passed;
    bool swallows;    /* drop_after was reached */
    bool half_closed; /* a cut ended the way back */
};

struct faultnet {
    struct faultnet_options options;
    int listener;
    struct pair *pairs[PAIRS_MAX];
    struct faultnet_counts counts;
    int last_direction;
    uint64_t seed;
    int64_t cut_ms;        /* when the next cut comes */
    int64_t slice_ms;      /* when the allowance was last given */
    uint64_t allowance[2]; /* bytes that each direction may still pass */
};

static int64_t clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / 1000000;
}

static uint32_t draw(uint64_t *seed)
{
    *seed ^= *seed >> 12U;
    *seed ^= *seed << 25U;
    *seed ^= *seed >> 27U;
    return (uint32_t)((*seed * 0x2545F4914F6CDD1DU) >> 32U);
}

static void plan_cut(struct faultnet *net)
{
    unsigned every = net->options.cut_every_ms;
    if (every == 0)
        net->cut_ms = INT64_MAX;
    else
        net->cut_ms = clock_ms() + every - every / 4 + draw(&net->seed) % (every / 2 + 1);
}

/* --- one pair --- */

static void pair_close(struct faultnet *net, unsigned i, bool reset)
{
    const struct linger at_once = {.l_onoff = 1};
    struct pair *pair = net->pairs[i];
    for (int side = UP; side <= DOWN; side++) {
        if (reset)
            (void)setsockopt(pair->fd[side], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        (void)close(pair->fd[side]);
    }
    free(pair);
    net->pairs[i] = NULL;
}

/* Forgets what is queued, and an end of the stream with it. */
static void flow_empty(struct flow *flow)
{
    flow->held = 0;
    flow->over = flow->ended;
}

static void pair_cut(struct faultnet *net, unsigned i)
{
    struct pair *pair = net->pairs[i];
    if (!net->options.half_close) {
        pair_close(net, i, true);
        return;
    }
    pair->half_closed = true;
    flow_empty(&pair->flow[DOWN]);
    (void)shutdown(pair->fd[UP], SHUT_WR);
}

/* A slow line must not hide a queue of minutes: chunks are small on it. */
static size_t chunk_size(const struct faultnet *net)
{
    size_t slice = net->options.rate / SLICES + 1;
    return net->options.rate == 0 || slice > CHUNK_SIZE ? CHUNK_SIZE : slice;
}

/* Reads one chunk from a flow's source. False: the connection is broken. */
static bool flow_fill(struct faultnet *net, struct pair *pair, int direction)
{
    struct flow *flow = &pair->flow[direction];
    struct chunk *chunk = &flow->chunks[(flow->first + flow->held) % CHUNKS];
    ssize_t n = recv(pair->fd[direction], chunk->bytes, chunk_size(net), MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    flow->ended = n == 0;
    if (pair->swallows || (direction == DOWN && pair->half_closed)) {
        flow->over = flow->ended;
        return true;
    }
    chunk->n = (size_t)n;
    chunk->sent = 0;
    chunk->due_ms = clock_ms() + net->options.delay_ms;
    flow->held++;
    return true;
}

static size_t at_most(size_t n, uint64_t limit)
{
    return n < limit ? n : (size_t)limit;
}

static void count(struct faultnet *net, struct pair *pair, int direction, size_t n)
{
    *(direction == UP ? &net->counts.up : &net->counts.down) += n;
    net->counts.turns += direction == DOWN && net->last_direction == UP;
    net->last_direction = direction;
    if (net->options.rate != 0)
        net->allowance[direction] -= n;
    pair->passed += n;
    if (net->options.drop_after != 0 && pair->passed >= net->options.drop_after)
        pair->swallows = true;
}

/* Passes on what is due. False: the connection is broken. */
static bool flow_drain(struct faultnet *net, struct pair *pair, int direction)
{
    struct flow *flow = &pair->flow[direction];
    int to = pair->fd[direction == UP ? DOWN : UP];
    while (flow->held > 0 && flow->chunks[flow->first].due_ms <= clock_ms()) {
        struct chunk *chunk = &flow->chunks[flow->first];
        size_t n = chunk->n - chunk->sent;
        if (net->options.rate != 0)
            n = at_most(n, net->allowance[direction]);
        if (net->options.drop_after != 0)
            n = at_most(n, net->options.drop_after - pair->passed);
        if (chunk->n == 0) {
            (void)shutdown(to, SHUT_WR);
            flow->over = true;
        } else if (n == 0) {
            return true; /* the rate is used up */
        } else {
            ssize_t sent = send(to, chunk->bytes + chunk->sent, n, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0)
                return errno == EAGAIN || errno == EINTR;
            chunk->sent += (size_t)sent;
            count(net, pair, direction, (size_t)sent);
        }
        if (pair->swallows) {
            flow_empty(&pair->flow[UP]);
            flow_empty(&pair->flow[DOWN]);
            return true;
        }
        if (chunk->sent == chunk->n) {
            flow->first = (flow->first + 1) % CHUNKS;
            flow->held--;
        }
    }
    return true;
}

/* --- the whole --- */

static void add_pair(struct faultnet *net)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)net->options.target_port)};
    unsigned i = 0;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = accept4(net->listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return;
    while (i < PAIRS_MAX && net->pairs[i] != NULL)
        i++;
    int target = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct pair *pair = i < PAIRS_MAX ? calloc(1, sizeof *pair) : NULL;
    if (pair == NULL || target < 0 || connect(target, (struct sockaddr *)&to, sizeof to) != 0) {
        (void)close(client);
        if (target >= 0)
            (void)close(target);
        free(pair);
        return;
    }
    pair->fd[UP] = client;
    pair->fd[DOWN] = target;
    net->pairs[i] = pair;
    net->counts.connections++;
}

/* Every slice of a second gives its share of the rate; what was not used is lost. */
static void give_allowance(struct faultnet *net)
{
    const int64_t slice_ms = MS_PER_S / SLICES;
    int64_t slices = (clock_ms() - net->slice_ms) / slice_ms;
    if (net->options.rate == 0 || slices <= 0)
        return;
    /* The share of the slices since the second began, so that small rates are exact too. */
    uint64_t share = 0;
    for (int64_t i = 0; i < slices && i < SLICES; i++) {
        uint64_t k = (uint64_t)(net->slice_ms / slice_ms + i) % SLICES;
        share += net->options.rate * (k + 1) / SLICES - net->options.rate * k / SLICES;
    }
    net->slice_ms += slices * slice_ms;
    net->allowance[UP] = share;
    net->allowance[DOWN] = share;
}

static void cut_all(struct faultnet *net)
{
    if (clock_ms() < net->cut_ms)
        return;
    for (unsigned i = 0; i < PAIRS_MAX; i++)
        if (net->pairs[i] != NULL)
            pair_cut(net, i);
    net->counts.cuts++;
    plan_cut(net);
}

/* What to wait for: sources that have room in their queues. Returns true when a queue holds
 * something, so that time alone can make it move. */
static bool poll_all(struct faultnet *net, int wait_ms, struct pollfd polls[])
{
    bool queued = false;
    for (unsigned i = 0; i < PAIRS_MAX; i++) {
        const struct pair *pair = net->pairs[i];
        for (unsigned side = UP; side <= DOWN; side++) {
            bool reads = pair != NULL && !pair->flow[side].ended && pair->flow[side].held < CHUNKS;
            polls[2 * i + side] =
                (struct pollfd){.fd = reads ? pair->fd[side] : -1, .events = POLLIN};
            queued = queued || (pair != NULL && pair->flow[side].held > 0);
        }
    }
    polls[LISTENER] = (struct pollfd){.fd = net->listener, .events = POLLIN};
    int64_t until_cut = net->cut_ms - clock_ms();
    if (queued && wait_ms > BUSY_WAIT_MS)
        wait_ms = BUSY_WAIT_MS;
    if (until_cut < wait_ms)
        wait_ms = until_cut > 0 ? (int)until_cut : 0;
    return poll(polls, POLLS, wait_ms) > 0;
}

void faultnet_step(struct faultnet *net, int wait_ms)
{
    struct pollfd polls[POLLS];
    if (!poll_all(net, wait_ms, polls))
        for (unsigned i = 0; i < POLLS; i++)
            polls[i].revents = 0;
    cut_all(net);
    give_allowance(net);
    for (unsigned i = 0; i < PAIRS_MAX; i++) {
        struct pair *pair = net->pairs[i];
        if (pair == NULL)
            continue;
        bool ok = true;
        for (int direction = UP; direction <= DOWN; direction++) {
            if (ok && polls[2 * i + (unsigned)direction].revents != 0)
                ok = flow_fill(net, pair, direction);
            ok = ok && flow_drain(net, pair, direction);
        }
        if (!ok || (pair->flow[UP].over && pair->flow[DOWN].over))
            pair_close(net, i, !ok);
    }
    if (polls[LISTENER].revents != 0)
        add_pair(net);
}

struct faultnet *faultnet_open(const struct faultnet_options *options)
{
    const int on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)options->listen_port)};
    socklen_t size = sizeof at;
    struct faultnet *net = calloc(1, sizeof *net);
    if (net == NULL)
        return NULL;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    net->options = *options;
    net->seed = options->seed;
    net->slice_ms = clock_ms();
    net->last_direction = DOWN;
    plan_cut(net);
    net->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (net->listener >= 0)
        (void)setsockopt(net->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (net->listener < 0 || bind(net->listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(net->listener, PAIRS_MAX) != 0 ||
        getsockname(net->listener, (struct sockaddr *)&at, &size) != 0) {
        faultnet_close(net);
        return NULL;
    }
    net->options.listen_port = ntohs(at.sin_port);
    return net;
}

unsigned faultnet_port(const struct faultnet *net)
{
    return net->options.listen_port;
}

struct faultnet_counts faultnet_count(const struct faultnet *net)
{
    return net->counts;
}

void faultnet_close(struct faultnet *net)
{
    for (unsigned i = 0; i < PAIRS_MAX; i++)
        if (net->pairs[i] != NULL)
            pair_close(net, i, true);
    if (net->listener >= 0)
        (void)close(net->listener);
    free(net);
}
