/* faultnet: the bad network that other tests rely on does what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "protocol/net/stream.h"
#include "tests/lib/faultnet.h"

enum { SOON_MS = 10000, SIZE = 1992, FRAME = SIZE + PIC_FRAME_HEADER };

/* An echo server behind a bad network, and one link through it. */
struct bench {
    struct pic_listener *listener;
    struct faultnet *net;
    atomic_bool stop;
    pthread_t thread;
    struct pic_link *link;
};

static const uint8_t payload[SIZE] = {1, 2, 3};

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void echo(void *context, struct pic_peer *peer, struct pic_buf frame)
{
    (void)context;
    pic_peer_answer(peer, pic_buf_view(&frame));
    pic_buf_release(&frame);
}

static void *run(void *arg)
{
    struct bench *b = arg;
    while (!atomic_load(&b->stop))
        faultnet_step(b->net, 20);
    return NULL;
}

static void bench_open(struct bench *b, struct faultnet_options options)
{
    const struct pic_listener_options listen = {.idle_ms = SOON_MS, .peers_max = 10, .frame = echo};
    char url[64];
    memset(b, 0, sizeof *b);
    assert_int_equal(pic_listener_open("tcp://127.0.0.1:0", &listen, &b->listener), PIC_OK);
    options.target_port = pic_listener_port(b->listener);
    options.seed = 1;
    b->net = faultnet_open(&options);
    assert_non_null(b->net);
    assert_int_equal(pthread_create(&b->thread, NULL, run, b), 0);
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", faultnet_port(b->net));
    assert_int_equal(pic_link_open(url, SOON_MS, &b->link), PIC_OK);
}

/* Closes the link, waits until the server has seen it, and gives the counts. */
static struct faultnet_counts bench_close(struct bench *b)
{
    struct pic_listener_counts peers = {.peers = 1};
    int64_t deadline = now_ms() + SOON_MS / 2;
    pic_link_close(b->link);
    while (peers.peers > 0 && now_ms() < deadline) {
        pic_listener_count(b->listener, &peers);
        (void)usleep(2000);
    }
    assert_int_equal(peers.peers, 0); /* long before its idle deadline: the close was passed on */
    atomic_store(&b->stop, true);
    (void)pthread_join(b->thread, NULL);
    struct faultnet_counts counts = faultnet_count(b->net);
    faultnet_close(b->net);
    pic_listener_close(b->listener, SOON_MS);
    return counts;
}

static int exchange(struct bench *b, int timeout_ms)
{
    struct pic_buf back = {0};
    int status = pic_link_send(b->link, pic_span_of(payload, SIZE), timeout_ms);
    if (status == PIC_OK)
        status = pic_link_receive(b->link, &back, timeout_ms);
    if (status == PIC_OK)
        assert_true(pic_span_equal(pic_buf_view(&back), pic_span_of(payload, SIZE)));
    pic_buf_release(&back);
    return status;
}

static void bytes_and_turns_are_counted(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, (struct faultnet_options){0});
    for (int i = 0; i < 3; i++)
        assert_int_equal(exchange(&b, SOON_MS), PIC_OK);
    struct faultnet_counts counts = bench_close(&b);
    assert_int_equal(counts.up, 3 * FRAME);
    assert_int_equal(counts.down, 3 * FRAME);
    assert_int_equal(counts.turns, 3);
    assert_int_equal(counts.connections, 1);
    assert_int_equal(counts.cuts, 0);
}

static void the_rate_is_kept_in_each_direction(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, (struct faultnet_options){.rate = 2 * FRAME});
    int64_t start = now_ms();
    assert_int_equal(exchange(&b, SOON_MS), PIC_OK);
    assert_in_range(now_ms() - start, 850, 5000); /* half a second up, as much down */
    (void)bench_close(&b);
}

static void each_way_is_delayed(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, (struct faultnet_options){.delay_ms = 100});
    int64_t start = now_ms();
    assert_int_equal(exchange(&b, SOON_MS), PIC_OK);
    assert_in_range(now_ms() - start, 200, 3000);
    (void)bench_close(&b);
}

static void a_cut_resets_the_connection(void **state)
{
    (void)state;
    struct bench b;
    struct pic_buf back = {0};
    bench_open(&b, (struct faultnet_options){.cut_every_ms = 200});
    int64_t start = now_ms();
    assert_int_equal(pic_link_receive(b.link, &back, SOON_MS), PIC_ECLOSED);
    assert_true(now_ms() - start <= 3000);
    struct faultnet_counts counts = bench_close(&b);
    assert_true(counts.cuts >= 1);
}

static void a_cut_may_end_only_the_way_back(void **state)
{
    (void)state;
    struct bench b;
    struct pic_buf back = {0};
    bench_open(&b, (struct faultnet_options){.cut_every_ms = 200, .half_close = true});
    assert_int_equal(pic_link_receive(b.link, &back, SOON_MS), PIC_ECLOSED);
    struct pic_listener_counts peers;
    (void)usleep(50000);
    pic_listener_count(b.listener, &peers);
    assert_int_equal(peers.peers, 1); /* the server knows nothing of it */
    (void)bench_close(&b);
}

static void bytes_are_swallowed_after_a_while(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, (struct faultnet_options){.drop_after = 2 * FRAME + 100});
    assert_int_equal(exchange(&b, SOON_MS), PIC_OK);
    assert_int_equal(exchange(&b, 200), PIC_ETIMEOUT);
    pic_link_close(b.link);
    b.link = NULL;
    atomic_store(&b.stop, true);
    (void)pthread_join(b.thread, NULL);
    struct faultnet_counts counts = faultnet_count(b.net);
    assert_int_equal(counts.up + counts.down, 2 * FRAME + 100);
    faultnet_close(b.net);
    pic_listener_close(b.listener, SOON_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_and_turns_are_counted),
        cmocka_unit_test(the_rate_is_kept_in_each_direction),
        cmocka_unit_test(each_way_is_delayed),
        cmocka_unit_test(a_cut_resets_the_connection),
        cmocka_unit_test(a_cut_may_end_only_the_way_back),
        cmocka_unit_test(bytes_are_swallowed_after_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
