#include "tests/lib/hammer_patterns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    SLOTS_MAX = 256,
    TICK_MS = 2,
    CONNECT_MS = 5000,
    RANDOM_BYTES = 300,
    SAYS_MAX = 512,
};

enum ending { CLOSE, RESET, FIN_THEN_RESET };

struct pattern {
    const char *says;
    size_t says_len;  /* with says NULL: that many random bytes */
    int pace_ms;      /* between single bytes; 0: all at once */
    int hold_ms;      /* stays that long after the last byte, or until closed by the server */
    bool half_closes; /* after the last byte, before it holds */
    bool deaf;        /* never reads */
    enum ending ending;
};

#define SAYS(text)     .says = (text), .says_len = sizeof(text) - 1
#define FRAME(text)    "PIC1" text
#define FRAMES_4(text) text text text text

static const struct pattern patterns[] = {
    {SAYS(""), .ending = CLOSE},
    {SAYS(""), .ending = RESET},
    {SAYS(""), .ending = FIN_THEN_RESET},
    {SAYS(""), .hold_ms = 30, .ending = CLOSE},                          /* silent */
    {SAYS(""), .half_closes = true, .hold_ms = 30, .ending = RESET},     /* half open */
    {SAYS("PI"), .ending = CLOSE},                                       /* cut in the magic */
    {SAYS("PIC1\x10"), .ending = RESET},                                 /* cut in the length */
    {SAYS("PIC1\x10\x00\x00\x00half"), .hold_ms = 30, .ending = RESET},  /* cut in the payload */
    {SAYS("PIC1\x20\x00\x00\x00slowly"), .pace_ms = 4, .ending = CLOSE}, /* a byte at a time */
    {SAYS("PIC1\xff\xff\x00\x00"), .hold_ms = 30, .ending = CLOSE},      /* largest, and silence */
    {SAYS("PIC1\xff\xff\xff\xff"), .hold_ms = 200, .ending = CLOSE},     /* huge */
    {SAYS("PIC1\x00\x00\x01\x00"), .hold_ms = 200, .ending = RESET},     /* one too many */
    {SAYS("GET / HTTP/1.1\r\nHost: pic\r\n\r\n"), .hold_ms = 200, .ending = CLOSE},
    {SAYS("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), .hold_ms = 200, .ending = RESET},
    {.says_len = RANDOM_BYTES, .hold_ms = 200, .ending = CLOSE},
    {SAYS(FRAME("\x00\x00\x00\x00")), .ending = RESET}, /* asks and runs */
    {SAYS(FRAME("\x05\x00\x00\x00hello")), .half_closes = true, .hold_ms = 30, .ending = CLOSE},
    {SAYS(FRAMES_4(FRAME("\x05\x00\x00\x00hello"))), .deaf = true, .hold_ms = 20, .ending = RESET},
    {SAYS(FRAMES_4(FRAME("\x05\x00\x00\x00hello")) "GET"), .deaf = true, .ending = FIN_THEN_RESET},
};

enum { PATTERNS = sizeof patterns / sizeof *patterns };

struct slot {
    int fd; /* -1: free */
    const struct pattern *pattern;
    char random[SAYS_MAX];
    const char *says;
    size_t said;
    bool connected, holding;
    int64_t next_ms; /* the deadline of the connect, then the next byte, then the end */
};

struct hammer {
    const struct sockaddr_in *to;
    struct slot slots[SLOTS_MAX];
    struct hammer_report *report;
    uint64_t seed;
};

static int64_t clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t draw(uint64_t *seed)
{
    *seed ^= *seed >> 12U;
    *seed ^= *seed << 25U;
    *seed ^= *seed >> 27U;
    return *seed * 0x2545F4914F6CDD1DU;
}

static int slot_start(struct hammer *h, struct slot *s, const struct pattern *pattern)
{
    *s = (struct slot){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (s->fd < 0)
        return -1;
    s->pattern = pattern;
    s->says = pattern->says;
    if (s->says == NULL) {
        for (size_t i = 0; i < pattern->says_len; i++)
            s->random[i] = (char)(draw(&h->seed) >> 56U);
        s->says = s->random;
    }
    s->next_ms = clock_ms() + CONNECT_MS;
    (void)connect(s->fd, (const struct sockaddr *)h->to, sizeof *h->to);
    return 0;
}

static void slot_end(struct slot *s)
{
    const struct linger at_once = {.l_onoff = 1};
    if (s->pattern->ending == FIN_THEN_RESET)
        (void)shutdown(s->fd, SHUT_WR);
    if (s->pattern->ending != CLOSE)
        (void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    (void)close(s->fd);
    s->fd = -1;
}

/* Says what is left, or one byte of it. False when the server has closed. */
static bool slot_say(struct slot *s, int64_t now_ms)
{
    size_t left = s->pattern->says_len - s->said;
    size_t n = s->pattern->pace_ms > 0 ? 1 : left;
    ssize_t sent = send(s->fd, s->says + s->said, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR;
    s->said += (size_t)sent;
    s->next_ms = now_ms + s->pattern->pace_ms;
    return true;
}

static bool server_has_closed(const struct slot *s)
{
    char bytes[SAYS_MAX];
    if (s->pattern->deaf)
        return false;
    ssize_t n = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

/* The connect has ended, well or badly. False: badly. */
static bool slot_connect(struct hammer *h, struct slot *s, int64_t now_ms)
{
    int error = 0;
    socklen_t size = sizeof error;
    (void)getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    s->connected = error == 0;
    s->next_ms = now_ms;
    *(s->connected ? &h->report->connected : &h->report->failed) += 1;
    return s->connected;
}

/* Whatever can be done now. False: the connection is over. */
static bool slot_step(struct hammer *h, struct slot *s, short events, int64_t now_ms)
{
    if (!s->connected && events == 0) {
        if (now_ms < s->next_ms)
            return true;
        h->report->failed++;
        return false;
    }
    if (!s->connected && !slot_connect(h, s, now_ms))
        return false;
    if (s->said < s->pattern->says_len && now_ms >= s->next_ms && !slot_say(s, now_ms))
        return false;
    if (s->said < s->pattern->says_len)
        return true;
    if (!s->holding) {
        s->holding = true;
        s->next_ms = now_ms + s->pattern->hold_ms;
        if (s->pattern->half_closes)
            (void)shutdown(s->fd, SHUT_WR);
    }
    return now_ms < s->next_ms && !server_has_closed(s);
}

int hammer_run(const struct sockaddr_in *to, unsigned n, unsigned at_once, uint64_t seed,
               struct hammer_report *report)
{
    struct pollfd polls[SLOTS_MAX];
    struct hammer *h = calloc(1, sizeof *h);
    if (h == NULL)
        return -1;
    unsigned slots = at_once < SLOTS_MAX ? at_once : SLOTS_MAX;
    *report = (struct hammer_report){0};
    h->to = to;
    h->report = report;
    h->seed = seed;
    for (unsigned i = 0; i < slots; i++)
        h->slots[i].fd = -1;
    unsigned started = 0;
    unsigned open = 0;
    int result = 0;
    while (result == 0 && (started < n || open > 0)) {
        for (unsigned i = 0; i < slots && started < n; i++) {
            if (h->slots[i].fd >= 0)
                continue;
            result = slot_start(h, &h->slots[i], &patterns[started % PATTERNS]);
            if (result != 0)
                break;
            started++;
            open++;
        }
        for (unsigned i = 0; i < slots; i++) {
            const struct slot *s = &h->slots[i];
            polls[i] = (struct pollfd){.fd = s->fd, .events = s->connected ? 0 : POLLOUT};
        }
        (void)poll(polls, slots, TICK_MS);
        for (unsigned i = 0; i < slots; i++) {
            if (h->slots[i].fd < 0 || slot_step(h, &h->slots[i], polls[i].revents, clock_ms()))
                continue;
            slot_end(&h->slots[i]);
            open--;
        }
    }
    for (unsigned i = 0; i < slots; i++)
        if (h->slots[i].fd >= 0)
            slot_end(&h->slots[i]);
    free(h);
    return result;
}

int hammer_target(const char *text, struct sockaddr_in *to)
{
    char host[INET_ADDRSTRLEN] = "127.0.0.1";
    unsigned port = 0;
    char rest = '\0';
    *to = (struct sockaddr_in){.sin_family = AF_INET};
    if (strncmp(text, "tcp://", 6) == 0) {
        const char *colon = strchr(text + 6, ':');
        size_t n = colon == NULL ? sizeof host : (size_t)(colon - (text + 6));
        if (n >= sizeof host)
            return -1;
        memcpy(host, text + 6, n);
        host[n] = '\0';
        text = colon + 1;
    }
    // NOLINTNEXTLINE(cert-err34-c): the range is checked on the next line
    if (sscanf(text, "%5u%c", &port, &rest) != 1 || port == 0 || port > UINT16_MAX)
        return -1;
    to->sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &to->sin_addr) == 1 ? 0 : -1;
}
