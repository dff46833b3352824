/* stream: frames cut in any way, and the two halves over loopback. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "protocol/net/budget.h"
#include "protocol/net/meter.h"
#include "protocol/net/roster.h"
#include "protocol/net/stream.h"

enum { SOON_MS = 5000, URL_MAX = 64 };

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* xorshift64*: the seed is printed by whoever uses it. */
static uint32_t draw(uint64_t *seed)
{
    *seed ^= *seed >> 12U;
    *seed ^= *seed << 25U;
    *seed ^= *seed >> 27U;
    return (uint32_t)((*seed * 0x2545F4914F6CDD1DU) >> 32U);
}

/* --- frame --- */

static void fill(struct pic_buf *b, size_t n, uint64_t *seed)
{
    pic_buf_clear(b);
    for (size_t i = 0; i < n; i++)
        pic_buf_u8(b, (uint8_t)draw(seed));
    assert_int_equal(pic_buf_status(b), PIC_OK);
}

/* Feeds stream to a reader in pieces of random length and compares the frames that come out. */
static void check_split(struct pic_span stream, const struct pic_buf *frames, size_t count,
                        uint64_t *seed)
{
    struct pic_frame_reader r;
    pic_frame_reader_init(&r);
    size_t at = 0;
    size_t got = 0;
    while (at < stream.n) {
        size_t n = 0;
        uint8_t *to = pic_frame_want(&r, &n);
        assert_non_null(to);
        n = 1 + draw(seed) % n;
        if (n > stream.n - at)
            n = stream.n - at;
        memcpy(to, stream.p + at, n);
        at += n;
        assert_int_equal(pic_frame_took(&r, n), PIC_OK);
        if (pic_frame_is_whole(&r)) {
            struct pic_buf frame = pic_frame_take(&r);
            assert_true(got < count);
            assert_true(pic_span_equal(pic_buf_view(&frame), pic_buf_view(&frames[got])));
            pic_buf_release(&frame);
            got++;
        }
    }
    assert_int_equal(got, count);
    pic_frame_reader_release(&r);
}

static void frames_are_the_same_however_the_stream_is_cut(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 0, 1023, 1024, 1025, 5000, PIC_FRAME_MAX, 3};
    enum { COUNT = sizeof sizes / sizeof *sizes, ROUNDS = 50 };
    uint64_t seed = 0x5eed;
    struct pic_buf frames[COUNT];
    struct pic_buf stream;
    pic_buf_init(&stream, 1 << 20);
    for (size_t i = 0; i < COUNT; i++) {
        pic_buf_init(&frames[i], PIC_FRAME_MAX);
        fill(&frames[i], sizes[i], &seed);
        assert_int_equal(pic_frame_put(pic_buf_view(&frames[i]), &stream), PIC_OK);
    }
    for (int round = 0; round < ROUNDS; round++)
        check_split(pic_buf_view(&stream), frames, COUNT, &seed);
    for (size_t i = 0; i < COUNT; i++)
        pic_buf_release(&frames[i]);
    pic_buf_release(&stream);
}

static void a_frame_is_refused_at_its_first_wrong_byte(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n; /* the reader must refuse at exactly this byte */
        int status;
    } cases[] = {
        {"H", 1, PIC_EFORMAT},
        {"PIC2", 4, PIC_EFORMAT},
        {"PIC1\x00\x00\x01\x00", 8, PIC_ELIMIT},
        {"PIC1\xff\xff\xff\xff", 8, PIC_ELIMIT},
        {"PIC1\xff\xff\x00\x00", 8, PIC_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pic_frame_reader r;
        pic_frame_reader_init(&r);
        for (size_t at = 0; at < cases[i].n; at++) {
            size_t n = 0;
            *pic_frame_want(&r, &n) = (uint8_t)cases[i].bytes[at];
            int status = pic_frame_took(&r, 1);
            assert_int_equal(status, at + 1 == cases[i].n ? cases[i].status : PIC_OK);
        }
        pic_frame_reader_release(&r);
    }
}

static void a_declared_length_is_not_allocated(void **state)
{
    (void)state;
    struct pic_frame_reader r;
    pic_frame_reader_init(&r);
    size_t n = 0;
    memcpy(pic_frame_want(&r, &n), "PIC1\xff\xff\x00\x00", PIC_FRAME_HEADER);
    assert_int_equal(pic_frame_took(&r, PIC_FRAME_HEADER), PIC_OK);
    assert_non_null(pic_frame_want(&r, &n));
    assert_true(r.payload.cap <= 2048);
    pic_frame_reader_release(&r);
}

static void a_frame_weighs_once_its_first_piece_has_come(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t weight;
    } cases[] = {{"PIC1\xff\x03\x00\x00", 0}, {"PIC1\x00\x04\x00\x00", 1024}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pic_frame_reader r;
        size_t n = 0;
        pic_frame_reader_init(&r);
        memcpy(pic_frame_want(&r, &n), cases[i].header, PIC_FRAME_HEADER);
        assert_int_equal(pic_frame_took(&r, PIC_FRAME_HEADER), PIC_OK);
        assert_int_equal(pic_frame_weight(&r), 0);
        memset(pic_frame_want(&r, &n), 0, 1023);
        assert_int_equal(n, 1023);
        assert_int_equal(pic_frame_took(&r, 1022), PIC_OK);
        assert_int_equal(pic_frame_weight(&r), 0);
        assert_non_null(pic_frame_want(&r, &n));
        assert_int_equal(n, 1);
        assert_int_equal(pic_frame_took(&r, 1), PIC_OK);
        assert_int_equal(pic_frame_weight(&r), cases[i].weight);
        pic_frame_reader_release(&r);
    }
}

/* --- budget --- */

static void shares_are_given_in_order_of_asking(void **state)
{
    (void)state;
    struct pic_budget b;
    struct pic_share a = {0}, big = {0}, small = {0};
    pic_budget_init(&b, 100);
    assert_true(pic_budget_ask(&b, &a, 60, 1));
    assert_null(pic_budget_stillest(&b)); /* nobody waits */
    assert_false(pic_budget_ask(&b, &big, 90, 2));
    assert_false(pic_budget_ask(&b, &small, 10, 3)); /* there is room, but not its turn */
    assert_ptr_equal(pic_budget_stillest(&b), &a);
    pic_budget_whole(&a);
    assert_null(pic_budget_stillest(&b));
    assert_null(pic_budget_admit(&b, 4));
    pic_budget_return(&b, &a);
    assert_ptr_equal(pic_budget_admit(&b, 5), &big);
    assert_ptr_equal(pic_budget_admit(&b, 6), &small);
    assert_int_equal(b.used, 100);
    pic_budget_return(&b, &big);
    pic_budget_return(&b, &big);
    pic_budget_return(&b, &small);
    assert_int_equal(b.used, 0);
    assert_null(pic_budget_admit(&b, 7));
}

static void a_share_above_the_budget_is_given_alone(void **state)
{
    (void)state;
    struct pic_budget b;
    struct pic_share small = {0}, huge = {0}, next = {0};
    pic_budget_init(&b, 100);
    assert_true(pic_budget_ask(&b, &small, 1, 1));
    assert_false(pic_budget_ask(&b, &huge, 1000, 2));
    assert_false(pic_budget_ask(&b, &next, 1, 3));
    pic_budget_return(&b, &small);
    assert_ptr_equal(pic_budget_admit(&b, 4), &huge);
    assert_null(pic_budget_admit(&b, 4));
    pic_budget_return(&b, &huge);
    assert_ptr_equal(pic_budget_admit(&b, 5), &next);
}

static void the_stillest_is_who_moved_least_recently(void **state)
{
    (void)state;
    struct pic_budget b;
    struct pic_share first = {0}, second = {0}, waiting = {0};
    pic_budget_init(&b, 2);
    assert_true(pic_budget_ask(&b, &first, 1, 1));
    assert_true(pic_budget_ask(&b, &second, 1, 2));
    assert_false(pic_budget_ask(&b, &waiting, 1, 3));
    pic_budget_moved(&b, &waiting, 4);
    assert_ptr_equal(pic_budget_stillest(&b), &first);
    pic_budget_moved(&b, &first, 5);
    assert_ptr_equal(pic_budget_stillest(&b), &second);
    pic_budget_return(&b, &waiting);
    assert_null(pic_budget_stillest(&b));
}

static void who_is_leaving_does_not_count_as_staying(void **state)
{
    (void)state;
    struct pic_roster r;
    struct pic_member m[3];
    pic_roster_init(&r);
    for (unsigned i = 0; i < 3; i++)
        pic_roster_add(&r, &m[i], i, PIC_PLACE_KNOWN, 1);
    assert_int_equal(pic_roster_staying(&r), 3);
    pic_roster_move(&r, &m[0], PIC_PLACE_LEAVING, 0);
    pic_roster_move(&r, &m[1], PIC_PLACE_DEAD, 0);
    assert_int_equal(pic_roster_staying(&r), 1);
    assert_int_equal(r.count, 3);
    pic_roster_move(&r, &m[2], PIC_PLACE_BUSY, 0);
    assert_int_equal(pic_roster_staying(&r), 1);
}

/* --- meter --- */

static void a_meter_gives_its_store_and_then_its_rate(void **state)
{
    (void)state;
    static struct pic_meter m;
    pic_meter_init(&m, 10, 30);
    assert_true(pic_meter_has(&m, 7, 1));
    for (int i = 0; i < 30; i++)
        assert_true(pic_meter_take(&m, 7, 1000));
    assert_false(pic_meter_take(&m, 7, 1000));
    assert_false(pic_meter_has(&m, 7, 1099));
    assert_true(pic_meter_has(&m, 7, 1100));
    assert_true(pic_meter_take(&m, 8, 1000)); /* another one */
    int taken = 0;
    for (int64_t ms = 1000; ms < 11000; ms++)
        taken += pic_meter_take(&m, 7, ms);
    assert_int_equal(taken, 99);
    for (int i = 0; i < 30; i++)
        assert_true(pic_meter_take(&m, 7, INT64_MAX / 2)); /* full again, and no more */
    assert_false(pic_meter_take(&m, 7, INT64_MAX / 2));
}

static void a_meter_forgets_who_was_quiet_the_longest(void **state)
{
    (void)state;
    static struct pic_meter m;
    uint64_t same[PIC_METER_WAYS + 1];
    size_t n = 0;
    const uint64_t golden = 0x9e3779b97f4a7c15U;
    for (uint64_t key = 1; n < PIC_METER_WAYS + 1; key++)
        if ((key * golden) >> 54U == golden >> 54U)
            same[n++] = key;
    pic_meter_init(&m, 1, 1);
    for (size_t i = 0; i < PIC_METER_WAYS; i++)
        assert_true(pic_meter_take(&m, same[i], 1 + (int64_t)i));
    assert_false(pic_meter_take(&m, same[0], 10));
    assert_true(pic_meter_take(&m, same[PIC_METER_WAYS], 11)); /* in the place of the second */
    assert_false(pic_meter_take(&m, same[0], 12));
    assert_true(pic_meter_take(&m, same[1], 13));
}

/* --- an echo server, and helpers --- */

struct echo {
    struct pic_listener *listener;
    char url[URL_MAX];
    unsigned port;
    bool hold;      /* keep the peer in held instead of answering */
    bool anonymous; /* vouch for nobody */
    pthread_mutex_t mutex;
    struct pic_peer *held;
};

static void echo_frame(void *context, struct pic_peer *peer, struct pic_buf payload)
{
    struct echo *echo = context;
    (void)pthread_mutex_lock(&echo->mutex);
    bool hold = echo->hold;
    if (hold)
        echo->held = peer;
    if (!echo->anonymous)
        pic_peer_vouch(peer);
    (void)pthread_mutex_unlock(&echo->mutex);
    if (!hold)
        pic_peer_answer(peer, pic_buf_view(&payload));
    pic_buf_release(&payload);
}

static void echo_open(struct echo *echo, struct pic_listener_options options)
{
    *echo = (struct echo){.hold = false};
    assert_int_equal(pthread_mutex_init(&echo->mutex, NULL), 0);
    options.frame = echo_frame;
    options.context = echo;
    if (options.idle_ms == 0)
        options.idle_ms = SOON_MS;
    if (options.peers_max == 0)
        options.peers_max = 100;
    assert_int_equal(pic_listener_open("tcp://127.0.0.1:0", &options, &echo->listener), PIC_OK);
    echo->port = pic_listener_port(echo->listener);
    assert_true(echo->port > 0);
    (void)snprintf(echo->url, sizeof echo->url, "tcp://127.0.0.1:%u", echo->port);
}

static void echo_close(struct echo *echo)
{
    pic_listener_close(echo->listener, SOON_MS);
    (void)pthread_mutex_destroy(&echo->mutex);
}

static struct pic_link *must_open(const struct echo *echo)
{
    struct pic_link *link = NULL;
    assert_int_equal(pic_link_open(echo->url, SOON_MS, &link), PIC_OK);
    return link;
}

static void exchange(struct pic_link *link, struct pic_span payload)
{
    struct pic_buf back = {0};
    assert_int_equal(pic_link_send(link, payload, SOON_MS), PIC_OK);
    assert_int_equal(pic_link_receive(link, &back, SOON_MS), PIC_OK);
    assert_true(pic_span_equal(pic_buf_view(&back), payload));
    pic_buf_release(&back);
}

static unsigned peers_of(const struct echo *echo)
{
    struct pic_listener_counts counts;
    pic_listener_count(echo->listener, &counts);
    return counts.peers;
}

static void await_peers(const struct echo *echo, unsigned peers)
{
    int64_t deadline = now_ms() + SOON_MS;
    while (peers_of(echo) != peers && now_ms() < deadline)
        (void)usleep(2000);
    assert_int_equal(peers_of(echo), peers);
}

static int raw_socket(unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* Reads until the other side closes; true if it did so without a byte. */
static bool closes_silently(int fd)
{
    struct timeval limit = {.tv_sec = SOON_MS / 1000};
    char byte = 0;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    return recv(fd, &byte, 1, 0) == 0;
}

/* A server that is not ours: accepts one connection, sends some bytes, and leaves it open. */
struct impostor {
    int fd, accepted;
    char url[URL_MAX];
    const char *says;
    size_t says_len;
    pthread_t thread;
};

static void *impostor_run(void *arg)
{
    struct impostor *im = arg;
    im->accepted = accept(im->fd, NULL, NULL);
    if (im->accepted >= 0 && im->says_len > 0)
        (void)!write(im->accepted, im->says, im->says_len);
    return NULL;
}

static void impostor_start(struct impostor *im, const char *says, size_t n)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *im = (struct impostor){.fd = socket(AF_INET, SOCK_STREAM, 0), .says = says, .says_len = n};
    assert_int_equal(bind(im->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(im->fd, 1), 0);
    assert_int_equal(getsockname(im->fd, (struct sockaddr *)&at, &size), 0);
    (void)snprintf(im->url, sizeof im->url, "tcp://127.0.0.1:%u", ntohs(at.sin_port));
    assert_int_equal(pthread_create(&im->thread, NULL, impostor_run, im), 0);
}

static void impostor_stop(struct impostor *im)
{
    (void)pthread_join(im->thread, NULL);
    (void)close(im->accepted);
    (void)close(im->fd);
}

/* --- both halves --- */

static void frames_of_every_size_come_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 400, 1024, 4096, 65000, PIC_FRAME_MAX};
    struct echo echo;
    uint64_t seed = 7;
    uint64_t expected = 0;
    echo_open(&echo, (struct pic_listener_options){0});
    struct pic_link *link = must_open(&echo);
    struct pic_buf payload;
    pic_buf_init(&payload, PIC_FRAME_MAX);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fill(&payload, sizes[i], &seed);
        exchange(link, pic_buf_view(&payload));
        expected += PIC_FRAME_HEADER + sizes[i];
    }
    uint64_t sent = 0;
    uint64_t received = 0;
    pic_link_count(link, &sent, &received);
    assert_int_equal(sent, expected);
    assert_int_equal(received, expected);
    pic_buf_release(&payload);
    pic_link_close(link);
    await_peers(&echo, 0);
    echo_close(&echo);
}

static void requests_are_pipelined_and_answered_in_order(void **state)
{
    (void)state;
    enum { FRAMES = 4 * PIC_PIPELINE_WINDOW };
    struct echo echo;
    echo_open(&echo, (struct pic_listener_options){0});
    struct pic_link *link = must_open(&echo);
    struct pic_buf back = {0};
    for (uint32_t i = 0; i < FRAMES; i++)
        assert_int_equal(pic_link_send(link, pic_span_of(&i, sizeof i), SOON_MS), PIC_OK);
    for (uint32_t i = 0; i < FRAMES; i++) {
        assert_int_equal(pic_link_receive(link, &back, SOON_MS), PIC_OK);
        assert_true(pic_span_equal(pic_buf_view(&back), pic_span_of(&i, sizeof i)));
    }
    pic_buf_release(&back);
    pic_link_close(link);
    echo_close(&echo);
}

/* More than two sockets hold: it works only because replies are read while requests are sent. */
static void a_full_window_of_large_frames_does_not_lock(void **state)
{
    (void)state;
    static uint8_t big[PIC_FRAME_MAX];
    struct echo echo;
    echo_open(&echo, (struct pic_listener_options){0});
    struct pic_link *link = must_open(&echo);
    struct pic_buf back = {0};
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < PIC_PIPELINE_WINDOW; i++)
            assert_int_equal(pic_link_send(link, pic_span_of(big, sizeof big), SOON_MS), PIC_OK);
        for (int i = 0; i < PIC_PIPELINE_WINDOW; i++) {
            assert_int_equal(pic_link_receive(link, &back, SOON_MS), PIC_OK);
            assert_int_equal(back.len, sizeof big);
        }
    }
    pic_buf_release(&back);
    pic_link_close(link);
    echo_close(&echo);
}

static void a_local_socket_serves_too(void **state)
{
    (void)state;
    char folder[] = "/tmp/pic-stream-XXXXXX";
    struct echo echo = {.hold = false};
    struct pic_listener_options options = {.idle_ms = SOON_MS,
                                           .peers_max = 10,
                                           .per_host_max = 1, /* says nothing of local peers */
                                           .frame = echo_frame,
                                           .context = &echo};
    assert_non_null(mkdtemp(folder));
    assert_int_equal(pthread_mutex_init(&echo.mutex, NULL), 0);
    (void)snprintf(echo.url, sizeof echo.url, "ipc://%s/socket", folder);
    assert_int_equal(pic_listener_open(echo.url, &options, &echo.listener), PIC_OK);
    assert_int_equal(pic_listener_port(echo.listener), 0);
    struct pic_link *first = must_open(&echo);
    struct pic_link *second = must_open(&echo);
    exchange(first, pic_span_text("one"));
    exchange(second, pic_span_text("two"));
    pic_link_close(first);
    pic_link_close(second);
    echo_close(&echo);
    assert_int_equal(rmdir(folder), 0); /* the socket's file is gone */
}

/* --- the agent's half --- */

static void a_link_says_why_it_cannot_be_opened(void **state)
{
    (void)state;
    struct pic_link *link = NULL;
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, never listening */
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    char url[URL_MAX];
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", ntohs(at.sin_port));
    assert_int_equal(pic_link_open(url, SOON_MS, &link), PIC_EUNREACHABLE);
    assert_null(link);
    assert_int_equal(pic_link_open("not a url", SOON_MS, &link), PIC_EUNREACHABLE);
    pic_link_close(NULL);
    (void)close(fd);
}

static void a_silent_server_is_a_timeout_and_the_link_is_over(void **state)
{
    (void)state;
    struct impostor im;
    struct pic_link *link = NULL;
    struct pic_buf back = {0};
    impostor_start(&im, "", 0);
    assert_int_equal(pic_link_open(im.url, SOON_MS, &link), PIC_OK);
    int64_t start = now_ms();
    assert_int_equal(pic_link_receive(link, &back, 100), PIC_ETIMEOUT);
    assert_in_range(now_ms() - start, 100, SOON_MS);
    assert_int_equal(pic_link_receive(link, &back, SOON_MS), PIC_ETIMEOUT);
    assert_int_equal(pic_link_send(link, pic_span_text("x"), SOON_MS), PIC_ETIMEOUT);
    pic_link_close(link);
    impostor_stop(&im);
}

static void a_server_that_never_reads_is_a_timeout(void **state)
{
    (void)state;
    static uint8_t big[PIC_FRAME_MAX];
    struct impostor im;
    struct pic_link *link = NULL;
    impostor_start(&im, "", 0);
    assert_int_equal(pic_link_open(im.url, SOON_MS, &link), PIC_OK);
    int status = PIC_OK;
    for (int i = 0; i < 1000 && status == PIC_OK; i++)
        status = pic_link_send(link, pic_span_of(big, sizeof big), 200);
    assert_int_equal(status, PIC_ETIMEOUT);
    pic_link_close(link);
    impostor_stop(&im);
}

static void what_is_not_ours_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        size_t n;
        int status;
    } cases[] = {
        {"HTTP/1.1 302 Found\r\nLocation: http://portail/\r\n\r\n", 49, PIC_EFORMAT},
        {"SSH", 3, PIC_EFORMAT},
        {"PIC1\x00\x00\x01\x00", 8, PIC_ELIMIT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct impostor im;
        struct pic_link *link = NULL;
        struct pic_buf back = {0};
        impostor_start(&im, cases[i].says, cases[i].n);
        assert_int_equal(pic_link_open(im.url, SOON_MS, &link), PIC_OK);
        assert_int_equal(pic_link_receive(link, &back, SOON_MS), cases[i].status);
        assert_int_equal(pic_link_send(link, pic_span_text("x"), SOON_MS), cases[i].status);
        pic_link_close(link);
        impostor_stop(&im);
    }
}

static void a_frame_that_came_before_the_close_is_given(void **state)
{
    (void)state;
    struct impostor im;
    struct pic_link *link = NULL;
    struct pic_buf back = {0};
    impostor_start(&im, "PIC1\x02\x00\x00\x00ok", 10);
    assert_int_equal(pic_link_open(im.url, SOON_MS, &link), PIC_OK);
    impostor_stop(&im);
    assert_int_equal(pic_link_receive(link, &back, SOON_MS), PIC_OK);
    assert_true(pic_span_equal(pic_buf_view(&back), pic_span_text("ok")));
    assert_int_equal(pic_link_receive(link, &back, SOON_MS), PIC_ECLOSED);
    pic_buf_release(&back);
    pic_link_close(link);
}

/* The case that wedges nng's own sockets: closing while the answer is on its way. */
static void a_link_may_be_closed_at_any_moment(void **state)
{
    (void)state;
    enum { ROUNDS = 500 };
    static uint8_t big[PIC_FRAME_MAX];
    struct echo echo;
    struct pic_buf back = {0};
    int timeouts = 0;
    echo_open(&echo, (struct pic_listener_options){0});
    for (int i = 0; i < ROUNDS; i++) {
        struct pic_link *link = must_open(&echo);
        assert_int_equal(pic_link_send(link, pic_span_of(big, sizeof big), SOON_MS), PIC_OK);
        int status = pic_link_receive(link, &back, i % 3);
        assert_true(status == PIC_OK || status == PIC_ETIMEOUT);
        timeouts += status == PIC_ETIMEOUT;
        pic_link_close(link);
    }
    assert_true(timeouts > 0);
    await_peers(&echo, 0);
    pic_buf_release(&back);
    echo_close(&echo);
}

static void an_oversize_payload_is_refused_and_the_link_lives(void **state)
{
    (void)state;
    static uint8_t big[PIC_FRAME_MAX + 1];
    struct echo echo;
    echo_open(&echo, (struct pic_listener_options){0});
    struct pic_link *link = must_open(&echo);
    assert_int_equal(pic_link_send(link, pic_span_of(big, sizeof big), SOON_MS), PIC_ELIMIT);
    exchange(link, pic_span_text("still here"));
    pic_link_close(link);
    echo_close(&echo);
}

/* A frame that takes three times the deadline, a few bytes at a time. */
static void *drip(void *arg)
{
    const char frame[] = "PIC1\x04\x00\x00\x00slow";
    int fd = *(const int *)arg;
    for (size_t i = 0; i < sizeof frame - 1; i++) {
        (void)usleep(50000);
        (void)!write(fd, frame + i, 1);
    }
    return NULL;
}

static void a_deadline_is_extended_while_bytes_move(void **state)
{
    (void)state;
    struct impostor im;
    struct pic_link *link = NULL;
    struct pic_buf back = {0};
    pthread_t thread;
    impostor_start(&im, "", 0);
    assert_int_equal(pic_link_open(im.url, SOON_MS, &link), PIC_OK);
    (void)pthread_join(im.thread, NULL);
    assert_int_equal(pthread_create(&thread, NULL, drip, &im.accepted), 0);
    assert_int_equal(pic_link_receive(link, &back, 300), PIC_OK);
    assert_true(pic_span_equal(pic_buf_view(&back), pic_span_text("slow")));
    (void)pthread_join(thread, NULL);
    pic_buf_release(&back);
    pic_link_close(link);
    (void)close(im.accepted);
    (void)close(im.fd);
}

/* --- the server's half --- */

static void a_bad_peer_is_closed_and_counted(void **state)
{
    (void)state;
    static const char *const greetings[] = {"GET / HTTP/1.1\r\n\r\n", "PIC1\xff\xff\xff\xff"};
    struct echo echo;
    echo_open(&echo, (struct pic_listener_options){0});
    for (size_t i = 0; i < 2; i++) {
        int fd = raw_socket(echo.port);
        assert_true(write(fd, greetings[i], 8) == 8);
        assert_true(closes_silently(fd));
        (void)close(fd);
    }
    struct pic_listener_counts counts;
    await_peers(&echo, 0);
    pic_listener_count(echo.listener, &counts);
    assert_int_equal(counts.bad, 2);
    assert_int_equal(counts.accepted, 2);
    assert_int_equal(counts.closed, 2);
    assert_int_equal(counts.frames, 0);
    echo_close(&echo);
}

static void an_idle_peer_is_closed_at_its_deadline(void **state)
{
    (void)state;
    struct echo echo;
    echo_open(&echo, (struct pic_listener_options){.idle_ms = 150});
    int64_t start = now_ms();
    int fd = raw_socket(echo.port);
    assert_true(write(fd, "PIC1\x10\x00\x00\x00half", 12) == 12); /* a frame never finished */
    assert_true(closes_silently(fd));
    assert_in_range(now_ms() - start, 150, SOON_MS - 1000);
    (void)close(fd);
    await_peers(&echo, 0);
    echo_close(&echo);
}

/* The whole frame takes longer than the idle deadline, but each 4 KiB of it renews that. */
static void a_slow_frame_that_moves_is_served(void **state)
{
    (void)state;
    enum { PIECE = 4096 + PIC_FRAME_HEADER, PIECES = 5 };
    static uint8_t zeros[PIC_FRAME_MAX];
    struct echo echo;
    struct pic_buf frame;
    echo_open(&echo, (struct pic_listener_options){.idle_ms = 600});
    pic_buf_init(&frame, (size_t)PIECE * PIECES);
    size_t n = (size_t)PIECE * PIECES - PIC_FRAME_HEADER;
    assert_int_equal(pic_frame_put(pic_span_of(zeros, n), &frame), PIC_OK);
    int fd = raw_socket(echo.port);
    for (size_t i = 0; i < PIECES; i++) {
        assert_true(write(fd, frame.data + i * PIECE, PIECE) == PIECE);
        (void)usleep(250000);
    }
    static uint8_t back[PIECE * PIECES];
    assert_true(recv(fd, back, sizeof back, MSG_WAITALL) == sizeof back);
    assert_memory_equal(back, frame.data, frame.len);
    pic_buf_release(&frame);
    (void)close(fd);
    echo_close(&echo);
}

static void a_peer_that_never_reads_is_closed_at_its_deadline(void **state)
{
    (void)state;
    static uint8_t zeros[PIC_FRAME_MAX];
    struct echo echo;
    struct pic_buf frame;
    pic_buf_init(&frame, PIC_FRAME_HEADER + PIC_FRAME_MAX);
    assert_int_equal(pic_frame_put(pic_span_of(zeros, sizeof zeros), &frame), PIC_OK);
    echo_open(&echo, (struct pic_listener_options){.idle_ms = 500});
    int fd = raw_socket(echo.port);
    await_peers(&echo, 1);
    int64_t deadline = now_ms() + SOON_MS;
    size_t at = 0;
    while (peers_of(&echo) > 0 && now_ms() < deadline) {
        ssize_t n = send(fd, frame.data + at, frame.len - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        at = (at + (n > 0 ? (size_t)n : 0)) % frame.len;
        (void)usleep(1000);
    }
    await_peers(&echo, 0);
    struct pic_listener_counts counts;
    pic_listener_count(echo.listener, &counts);
    assert_int_equal(counts.bad, 0);
    assert_true(counts.frames > 0);
    pic_buf_release(&frame);
    (void)close(fd);
    echo_close(&echo);
}

static void the_oldest_stranger_gives_way_before_a_known_peer(void **state)
{
    (void)state;
    struct echo echo;
    echo_open(&echo, (struct pic_listener_options){.peers_max = 3});
    struct pic_link *known = must_open(&echo);
    exchange(known, pic_span_text("hello"));
    int strangers[3];
    for (int i = 0; i < 3; i++) {
        strangers[i] = raw_socket(echo.port);
        if (i < 2)
            await_peers(&echo, 2 + (unsigned)i);
    }
    assert_true(closes_silently(strangers[0]));
    exchange(known, pic_span_text("still here"));
    await_peers(&echo, 3);
    for (int i = 0; i < 3; i++)
        (void)close(strangers[i]);
    pic_link_close(known);
    echo_close(&echo);
}

static void an_answer_alone_keeps_no_place(void **state)
{
    (void)state;
    struct echo echo;
    echo_open(&echo, (struct pic_listener_options){.peers_max = 3});
    struct pic_link *known = must_open(&echo);
    exchange(known, pic_span_text("hello"));
    (void)pthread_mutex_lock(&echo.mutex);
    echo.anonymous = true;
    (void)pthread_mutex_unlock(&echo.mutex);
    struct pic_link *stranger = must_open(&echo);
    exchange(stranger, pic_span_text("hello"));
    exchange(known, pic_span_text("still here"));
    int others[2];
    for (int i = 0; i < 2; i++) {
        others[i] = raw_socket(echo.port);
        await_peers(&echo, 3);
    }
    struct pic_buf back = {0};
    assert_int_equal(pic_link_receive(stranger, &back, SOON_MS), PIC_ECLOSED);
    exchange(known, pic_span_text("and still"));
    for (int i = 0; i < 2; i++)
        (void)close(others[i]);
    pic_buf_release(&back);
    pic_link_close(stranger);
    pic_link_close(known);
    echo_close(&echo);
}

static void one_address_has_its_share(void **state)
{
    (void)state;
    struct echo echo;
    echo_open(&echo, (struct pic_listener_options){.per_host_max = 2});
    struct pic_link *first = must_open(&echo);
    struct pic_link *second = must_open(&echo);
    exchange(first, pic_span_text("1"));
    exchange(second, pic_span_text("2"));
    int fd = raw_socket(echo.port);
    assert_true(closes_silently(fd));
    (void)close(fd);
    pic_link_close(first);
    await_peers(&echo, 1);
    struct pic_link *third = must_open(&echo);
    exchange(third, pic_span_text("3"));
    struct pic_listener_counts counts;
    pic_listener_count(echo.listener, &counts);
    assert_int_equal(counts.refused, 1);
    pic_link_close(second);
    pic_link_close(third);
    echo_close(&echo);
}

static struct pic_listener_counts counts_of(const struct echo *echo)
{
    struct pic_listener_counts counts;
    pic_listener_count(echo->listener, &counts);
    return counts;
}

enum { LARGE = 60000, FOR_TWO = 150000 };
static const uint8_t large[LARGE];

/* Sends the first n bytes of a large frame. */
static int begin_large(unsigned port, size_t n)
{
    struct pic_buf frame;
    int fd = raw_socket(port);
    pic_buf_init(&frame, PIC_FRAME_HEADER + LARGE);
    assert_int_equal(pic_frame_put(pic_span_of(large, LARGE), &frame), PIC_OK);
    assert_true(write(fd, frame.data, n) == (ssize_t)n);
    pic_buf_release(&frame);
    return fd;
}

static void finish_large(int fd, size_t sent)
{
    static uint8_t back[PIC_FRAME_HEADER + LARGE];
    size_t left = sizeof back - sent;
    assert_true(write(fd, large, left) == (ssize_t)left);
    assert_true(recv(fd, back, sizeof back, MSG_WAITALL) == sizeof back);
    (void)close(fd);
}

static void await_waited(const struct echo *echo, uint64_t waited)
{
    int64_t deadline = now_ms() + SOON_MS;
    while (counts_of(echo).waited != waited && now_ms() < deadline)
        (void)usleep(2000);
    assert_int_equal(counts_of(echo).waited, waited);
}

static void frames_wait_for_room_and_all_are_served(void **state)
{
    (void)state;
    enum { PEERS = 20, BEGUN = 2000 };
    struct echo echo;
    int fds[PEERS];
    echo_open(&echo, (struct pic_listener_options){.bytes_max = FOR_TWO});
    for (int i = 0; i < PEERS; i++)
        fds[i] = begin_large(echo.port, BEGUN);
    await_waited(&echo, PEERS - 2);
    assert_int_equal(counts_of(&echo).bytes, 2 * LARGE);
    for (int i = 0; i < PEERS; i++) {
        static const uint8_t rest[PIC_FRAME_HEADER + LARGE - BEGUN];
        assert_true(write(fds[i], rest, sizeof rest) == sizeof rest);
        assert_true(counts_of(&echo).bytes <= FOR_TWO);
    }
    for (int i = 0; i < PEERS; i++) {
        static uint8_t back[PIC_FRAME_HEADER + LARGE];
        assert_true(recv(fds[i], back, sizeof back, MSG_WAITALL) == sizeof back);
        (void)close(fds[i]);
    }
    await_peers(&echo, 0);
    assert_int_equal(counts_of(&echo).bytes, 0);
    assert_int_equal(counts_of(&echo).stalled, 0);
    echo_close(&echo);
}

static void announced_bytes_take_no_room(void **state)
{
    (void)state;
    enum { HOSTILE = 30 };
    struct echo echo;
    int fds[HOSTILE];
    echo_open(&echo, (struct pic_listener_options){.bytes_max = FOR_TWO});
    for (int i = 0; i < HOSTILE; i++)
        fds[i] = begin_large(echo.port, PIC_FRAME_HEADER);
    await_peers(&echo, HOSTILE);
    struct pic_link *link = must_open(&echo);
    exchange(link, pic_span_of(large, LARGE));
    assert_int_equal(counts_of(&echo).waited, 0);
    for (int i = 0; i < HOSTILE; i++)
        (void)close(fds[i]);
    pic_link_close(link);
    echo_close(&echo);
}

/* The room is taken by those who send a little and stop: they are closed as soon as they keep
 * somebody waiting, long before their deadline, and short frames do not wait at all. */
static void stalled_frames_do_not_starve_the_others(void **state)
{
    (void)state;
    enum { HOSTILE = 10, IDLE_MS = 4800, STALL_MS = IDLE_MS / 16 };
    struct echo echo;
    int fds[HOSTILE];
    echo_open(&echo, (struct pic_listener_options){.bytes_max = FOR_TWO, .idle_ms = IDLE_MS});
    fds[0] = begin_large(echo.port, 2000);
    fds[1] = begin_large(echo.port, 2000);
    await_peers(&echo, 2);
    (void)usleep(2000 * STALL_MS);
    await_peers(&echo, 2); /* nobody waited */
    for (int i = 2; i < HOSTILE; i++)
        fds[i] = begin_large(echo.port, 2000);
    struct pic_link *link = must_open(&echo);
    int64_t start = now_ms();
    exchange(link, pic_span_text("short"));
    exchange(link, pic_span_of(large, LARGE));
    assert_true(now_ms() - start < IDLE_MS);
    assert_true(counts_of(&echo).waited > 0);
    assert_in_range(counts_of(&echo).stalled, 2, HOSTILE);
    for (int i = 0; i < HOSTILE; i++)
        (void)close(fds[i]);
    pic_link_close(link);
    await_peers(&echo, 0);
    assert_int_equal(counts_of(&echo).bytes, 0);
    echo_close(&echo);
}

static void a_frame_waits_no_longer_than_its_deadline(void **state)
{
    (void)state;
    struct echo echo;
    echo_open(&echo, (struct pic_listener_options){.bytes_max = 1, .idle_ms = 300});
    echo.hold = true;
    struct pic_link *held = must_open(&echo);
    assert_int_equal(pic_link_send(held, pic_span_of(large, LARGE), SOON_MS), PIC_OK);
    while (counts_of(&echo).frames == 0)
        (void)usleep(1000);
    int fd = begin_large(echo.port, 2000);
    await_waited(&echo, 1);
    await_peers(&echo, 1);
    (void)close(fd);
    (void)pthread_mutex_lock(&echo.mutex);
    struct pic_peer *peer = echo.held;
    echo.hold = false;
    (void)pthread_mutex_unlock(&echo.mutex);
    fd = begin_large(echo.port, 2000);
    await_waited(&echo, 2);
    pic_peer_answer(peer, pic_span_text("done"));
    finish_large(fd, 2000);
    pic_link_close(held);
    echo_close(&echo);
}

static void a_listener_closes_while_frames_wait(void **state)
{
    (void)state;
    enum { PEERS = 8 };
    struct echo echo;
    int fds[PEERS];
    echo_open(&echo, (struct pic_listener_options){.bytes_max = FOR_TWO});
    for (int i = 0; i < PEERS; i++)
        fds[i] = begin_large(echo.port, 2000);
    await_waited(&echo, PEERS - 2);
    int64_t start = now_ms();
    echo_close(&echo);
    assert_true(now_ms() - start < SOON_MS / 2);
    for (int i = 0; i < PEERS; i++)
        (void)close(fds[i]);
}

static struct pic_peer *await_held(struct echo *echo)
{
    struct pic_peer *peer = NULL;
    for (int i = 0; i < SOON_MS && peer == NULL; i++) {
        (void)pthread_mutex_lock(&echo->mutex);
        peer = echo->held;
        (void)pthread_mutex_unlock(&echo->mutex);
        (void)usleep(1000);
    }
    assert_non_null(peer);
    return peer;
}

static void a_peer_that_is_owed_an_answer_is_not_idle(void **state)
{
    (void)state;
    struct echo echo;
    struct pic_buf back = {0};
    echo_open(&echo, (struct pic_listener_options){.idle_ms = 300});
    echo.hold = true;
    struct pic_link *link = must_open(&echo);
    assert_int_equal(pic_link_send(link, pic_span_text("slow work"), SOON_MS), PIC_OK);
    struct pic_peer *peer = await_held(&echo);
    (void)usleep(900000);
    pic_peer_answer(peer, pic_span_text("done"));
    assert_int_equal(pic_link_receive(link, &back, SOON_MS), PIC_OK);
    assert_true(pic_span_equal(pic_buf_view(&back), pic_span_text("done")));
    pic_buf_release(&back);
    pic_link_close(link);
    echo_close(&echo);
}

static void a_dropped_peer_is_closed(void **state)
{
    (void)state;
    struct echo echo;
    struct pic_buf back = {0};
    echo_open(&echo, (struct pic_listener_options){0});
    echo.hold = true;
    struct pic_link *link = must_open(&echo);
    assert_int_equal(pic_link_send(link, pic_span_text("?"), SOON_MS), PIC_OK);
    pic_peer_drop(await_held(&echo));
    assert_int_equal(pic_link_receive(link, &back, SOON_MS), PIC_ECLOSED);
    pic_link_close(link);
    echo_close(&echo);
}

static void *answer_late(void *arg)
{
    (void)usleep(200000);
    pic_peer_answer(arg, pic_span_text("late"));
    return NULL;
}

static void close_waits_for_the_answers_that_are_owed(void **state)
{
    (void)state;
    struct echo echo;
    struct pic_buf back = {0};
    pthread_t thread;
    echo_open(&echo, (struct pic_listener_options){0});
    echo.hold = true;
    struct pic_link *link = must_open(&echo);
    struct pic_link *idle = must_open(&echo);
    assert_int_equal(pic_link_send(link, pic_span_text("?"), SOON_MS), PIC_OK);
    struct pic_peer *peer = await_held(&echo);
    assert_int_equal(pthread_create(&thread, NULL, answer_late, peer), 0);
    int64_t start = now_ms();
    echo_close(&echo);
    assert_in_range(now_ms() - start, 100, SOON_MS - 1000);
    assert_int_equal(pic_link_receive(link, &back, SOON_MS), PIC_OK);
    assert_int_equal(pic_link_receive(idle, &back, SOON_MS), PIC_ECLOSED);
    (void)pthread_join(thread, NULL);
    pic_buf_release(&back);
    pic_link_close(link);
    pic_link_close(idle);
}

/* The listener then outlives its close until the answer comes. */
static void close_gives_up_after_its_timeout(void **state)
{
    (void)state;
    struct echo echo;
    struct pic_buf back = {0};
    echo_open(&echo, (struct pic_listener_options){0});
    echo.hold = true;
    struct pic_link *link = must_open(&echo);
    assert_int_equal(pic_link_send(link, pic_span_text("?"), SOON_MS), PIC_OK);
    struct pic_peer *peer = await_held(&echo);
    int64_t start = now_ms();
    pic_listener_close(echo.listener, 50);
    assert_in_range(now_ms() - start, 50, SOON_MS);
    pic_peer_answer(peer, pic_span_text("too late"));
    assert_int_equal(pic_link_receive(link, &back, SOON_MS), PIC_ECLOSED);
    (void)pthread_mutex_destroy(&echo.mutex);
    pic_link_close(link);
}

struct asker {
    pthread_t thread;
    const char *url;
};

/* Exchanges until the server is gone. */
static void *ask_until_closed(void *arg)
{
    static const uint8_t payload[5000];
    const struct asker *asker = arg;
    struct pic_link *link = NULL;
    struct pic_buf back = {0};
    int status = pic_link_open(asker->url, SOON_MS, &link);
    while (status == PIC_OK) {
        status = pic_link_send(link, pic_span_of(payload, sizeof payload), SOON_MS);
        if (status == PIC_OK)
            status = pic_link_receive(link, &back, SOON_MS);
    }
    pic_buf_release(&back);
    pic_link_close(link);
    return NULL;
}

static void a_listener_closes_under_load(void **state)
{
    (void)state;
    enum { ROUNDS = 20, ASKERS = 4, LOAD_US = 10000 };
    for (int round = 0; round < ROUNDS; round++) {
        struct echo echo;
        struct asker askers[ASKERS];
        echo_open(&echo, (struct pic_listener_options){0});
        for (int i = 0; i < ASKERS; i++) {
            askers[i] = (struct asker){.url = echo.url};
            assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_until_closed, &askers[i]),
                             0);
        }
        struct pic_listener_counts counts = {0};
        for (int ms = 0; ms < SOON_MS && counts.frames < ASKERS; ms++) {
            (void)usleep(1000);
            pic_listener_count(echo.listener, &counts);
        }
        assert_true(counts.frames >= ASKERS);
        (void)usleep(LOAD_US);
        int64_t start = now_ms();
        pic_listener_close(echo.listener, SOON_MS);
        assert_true(now_ms() - start < SOON_MS / 2);
        for (int i = 0; i < ASKERS; i++)
            (void)pthread_join(askers[i].thread, NULL);
        (void)pthread_mutex_destroy(&echo.mutex);
    }
}

static void a_port_in_use_is_an_error(void **state)
{
    (void)state;
    struct echo echo;
    struct pic_listener *second = NULL;
    struct pic_listener_options options = {.idle_ms = SOON_MS, .peers_max = 1, .frame = echo_frame};
    echo_open(&echo, (struct pic_listener_options){0});
    assert_int_equal(pic_listener_open(echo.url, &options, &second), PIC_EIO);
    assert_null(second);
    echo_close(&echo);
}

/* Descriptors run out, come back, and the listener serves again. */
static void a_lack_of_descriptors_is_survived(void **state)
{
    (void)state;
    enum { RAW = 40, ROOM = 30 };
    struct echo echo;
    struct rlimit old;
    int fds[RAW];
    echo_open(&echo, (struct pic_listener_options){.idle_ms = SOON_MS});
    for (int i = 0; i < RAW; i++) /* the client's ends exist before descriptors run out */
        assert_true((fds[i] = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    struct rlimit tight = {.rlim_cur = (rlim_t)fds[RAW - 1] + ROOM, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)echo.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < RAW; i++)
        assert_int_equal(connect(fds[i], (struct sockaddr *)&to, sizeof to), 0);
    (void)usleep(300000);
    for (int i = 0; i < RAW; i++)
        (void)close(fds[i]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    await_peers(&echo, 0);
    struct pic_link *link = must_open(&echo);
    exchange(link, pic_span_text("alive"));
    struct pic_listener_counts counts;
    pic_listener_count(echo.listener, &counts);
    assert_int_equal(counts.accepted, RAW + 1);
    pic_link_close(link);
    echo_close(&echo);
}

static void two_thousand_connections_are_served_at_once(void **state)
{
    (void)state;
    enum { MANY = 2000, FDS = 2 * MANY + 200, BATCH = 100 /* below nng's backlog of 128 */ };
    static int fds[MANY];
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < FDS) {
        limit.rlim_cur = FDS;
        if (limit.rlim_max < FDS)
            limit.rlim_max = FDS;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            skip();
    }
    struct echo echo;
    echo_open(&echo, (struct pic_listener_options){.peers_max = MANY, .idle_ms = 60000});
    for (int i = 0; i < MANY; i++) {
        fds[i] = raw_socket(echo.port);
        if (i % BATCH == BATCH - 1)
            await_peers(&echo, (unsigned)i + 1);
    }
    for (int i = 0; i < MANY; i++)
        assert_true(write(fds[i], "PIC1\x02\x00\x00\x00ok", 10) == 10);
    for (int i = 0; i < MANY; i++) {
        char back[10];
        assert_true(recv(fds[i], back, sizeof back, MSG_WAITALL) == sizeof back);
        assert_memory_equal(back, "PIC1\x02\x00\x00\x00ok", sizeof back);
        (void)close(fds[i]);
    }
    await_peers(&echo, 0);
    echo_close(&echo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_the_same_however_the_stream_is_cut),
        cmocka_unit_test(a_frame_is_refused_at_its_first_wrong_byte),
        cmocka_unit_test(a_declared_length_is_not_allocated),
        cmocka_unit_test(a_frame_weighs_once_its_first_piece_has_come),
        cmocka_unit_test(shares_are_given_in_order_of_asking),
        cmocka_unit_test(a_share_above_the_budget_is_given_alone),
        cmocka_unit_test(the_stillest_is_who_moved_least_recently),
        cmocka_unit_test(who_is_leaving_does_not_count_as_staying),
        cmocka_unit_test(a_meter_gives_its_store_and_then_its_rate),
        cmocka_unit_test(a_meter_forgets_who_was_quiet_the_longest),
        cmocka_unit_test(frames_of_every_size_come_back),
        cmocka_unit_test(requests_are_pipelined_and_answered_in_order),
        cmocka_unit_test(a_full_window_of_large_frames_does_not_lock),
        cmocka_unit_test(a_local_socket_serves_too),
        cmocka_unit_test(a_link_says_why_it_cannot_be_opened),
        cmocka_unit_test(a_silent_server_is_a_timeout_and_the_link_is_over),
        cmocka_unit_test(a_server_that_never_reads_is_a_timeout),
        cmocka_unit_test(what_is_not_ours_is_told_apart),
        cmocka_unit_test(a_frame_that_came_before_the_close_is_given),
        cmocka_unit_test(a_link_may_be_closed_at_any_moment),
        cmocka_unit_test(an_oversize_payload_is_refused_and_the_link_lives),
        cmocka_unit_test(a_deadline_is_extended_while_bytes_move),
        cmocka_unit_test(a_bad_peer_is_closed_and_counted),
        cmocka_unit_test(an_idle_peer_is_closed_at_its_deadline),
        cmocka_unit_test(a_slow_frame_that_moves_is_served),
        cmocka_unit_test(a_peer_that_never_reads_is_closed_at_its_deadline),
        cmocka_unit_test(the_oldest_stranger_gives_way_before_a_known_peer),
        cmocka_unit_test(an_answer_alone_keeps_no_place),
        cmocka_unit_test(one_address_has_its_share),
        cmocka_unit_test(frames_wait_for_room_and_all_are_served),
        cmocka_unit_test(announced_bytes_take_no_room),
        cmocka_unit_test(stalled_frames_do_not_starve_the_others),
        cmocka_unit_test(a_frame_waits_no_longer_than_its_deadline),
        cmocka_unit_test(a_listener_closes_while_frames_wait),
        cmocka_unit_test(a_peer_that_is_owed_an_answer_is_not_idle),
        cmocka_unit_test(a_dropped_peer_is_closed),
        cmocka_unit_test(close_waits_for_the_answers_that_are_owed),
        cmocka_unit_test(close_gives_up_after_its_timeout),
        cmocka_unit_test(a_listener_closes_under_load),
        cmocka_unit_test(a_port_in_use_is_an_error),
        cmocka_unit_test(a_lack_of_descriptors_is_survived),
        cmocka_unit_test(two_thousand_connections_are_served_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
