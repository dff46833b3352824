/* noise: the published vector byte for byte, then everything that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/crypto/noise.h"
#include "tests/lib/hex.h"
#include "tests/vectors/noise_ik.h"

/* Both sides of one exchange, with room for what they write. */
struct pair {
    struct pic_noise agent, server;
    struct pic_dh_pair agent_key, server_key;
    struct pic_random agent_random, server_random;
    struct pic_buf bytes, plain, expected;
};

/* "Randomness" that is the one ephemeral secret the vector prescribes. */
static void fill_from_hex(void *context, void *out, size_t n)
{
    assert_true(pic_unhex_exactly(*(const char **)context, out, n));
}

static struct pic_random random_of(const char **hex)
{
    return (struct pic_random){fill_from_hex, (void *)hex};
}

static void restart(struct pair *p)
{
    pic_noise_init_agent(&p->agent, pic_span_text(noise_ik.prologue), &p->agent_key,
                         p->server_key.public);
    pic_noise_init_server(&p->server, pic_span_text(noise_ik.prologue), &p->server_key);
    pic_buf_clear(&p->bytes);
    pic_buf_clear(&p->plain);
}

static int setup(void **state)
{
    static struct pair pair;
    static const char *agent_e, *server_e;
    struct pair *p = &pair;
    agent_e = noise_ik.agent_ephemeral;
    server_e = noise_ik.server_ephemeral;
    memset(p, 0, sizeof *p);
    pic_buf_init(&p->bytes, PIC_NOISE_MAX);
    pic_buf_init(&p->plain, PIC_NOISE_MAX);
    pic_buf_init(&p->expected, PIC_NOISE_MAX);
    assert_true(pic_unhex_exactly(noise_ik.agent_secret, p->agent_key.secret.bytes, PIC_KEY_SIZE));
    assert_true(
        pic_unhex_exactly(noise_ik.server_secret, p->server_key.secret.bytes, PIC_KEY_SIZE));
    pic_dh_from_secret(&p->agent_key);
    pic_dh_from_secret(&p->server_key);
    p->agent_random = random_of(&agent_e);
    p->server_random = random_of(&server_e);
    restart(p);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct pair *p = *state;
    pic_noise_release(&p->agent);
    pic_noise_release(&p->server);
    pic_buf_release(&p->bytes);
    pic_buf_release(&p->plain);
    pic_buf_release(&p->expected);
    return 0;
}

static struct pic_span hex(struct pair *p, const char *text)
{
    pic_buf_clear(&p->expected);
    pic_unhex(text, &p->expected);
    assert_false(p->expected.bad);
    return pic_buf_view(&p->expected);
}

static void assert_spells(struct pair *p, const struct pic_buf *b, const char *text)
{
    assert_true(pic_span_equal(pic_buf_view(b), hex(p, text)));
}

static void write_ask(struct pair *p, struct pic_span payload)
{
    assert_int_equal(pic_noise_ask_start(&p->agent, &p->agent_random, &p->bytes), PIC_OK);
    assert_int_equal(pic_noise_ask_finish(&p->agent, payload, &p->bytes), PIC_OK);
}

static bool is_wiped(const struct pic_noise *n)
{
    static const uint8_t zeros[sizeof *n];
    return pic_same_bytes(n, zeros, sizeof zeros);
}

/* Up to message 2 read, each byte as published. */
static void shake_hands(struct pair *p)
{
    write_ask(p, hex(p, noise_ik.message[NOISE_IK_ASK].payload));
    assert_spells(p, &p->bytes, noise_ik.message[NOISE_IK_ASK].bytes);
    assert_int_equal(pic_noise_ask_read(&p->server, pic_buf_view(&p->bytes), NULL, &p->plain),
                     PIC_OK);
    assert_spells(p, &p->plain, noise_ik.message[NOISE_IK_ASK].payload);
    pic_buf_clear(&p->bytes);
    pic_buf_clear(&p->plain);
    assert_int_equal(pic_noise_answer(&p->server, &p->server_random,
                                      hex(p, noise_ik.message[NOISE_IK_ANSWER].payload), &p->bytes),
                     PIC_OK);
    assert_spells(p, &p->bytes, noise_ik.message[NOISE_IK_ANSWER].bytes);
    assert_int_equal(pic_noise_answer_read(&p->agent, pic_buf_view(&p->bytes), &p->plain), PIC_OK);
    assert_spells(p, &p->plain, noise_ik.message[NOISE_IK_ANSWER].payload);
}

static void handshake_is_the_published_one(void **state)
{
    struct pair *p = *state;
    struct pic_span server = hex(p, noise_ik.server_public);
    assert_memory_equal(p->server_key.public, server.p, PIC_KEY_SIZE);
    shake_hands(p);
    struct pic_span hash = hex(p, noise_ik.handshake_hash);
    assert_int_equal(hash.n, PIC_NOISE_HASH_SIZE);
    assert_memory_equal(p->agent.hash, hash.p, hash.n);
    assert_memory_equal(p->server.hash, hash.p, hash.n);
    assert_memory_equal(p->server.remote_static, p->agent_key.public, PIC_KEY_SIZE);
}

static void transport_is_the_published_one(void **state)
{
    struct pair *p = *state;
    struct pic_noise_cipher sender[2], receiver[2];
    shake_hands(p);
    pic_noise_split(&p->agent, &sender[0], &receiver[1]);
    pic_noise_split(&p->server, &receiver[0], &sender[1]);
    for (size_t i = NOISE_IK_TRANSPORT; i < NOISE_IK_MESSAGES; i++) {
        pic_buf_clear(&p->bytes);
        pic_buf_clear(&p->plain);
        struct pic_span plain = hex(p, noise_ik.message[i].payload);
        assert_int_equal(pic_noise_cipher_seal(&sender[i % 2], plain, &p->bytes), PIC_OK);
        assert_spells(p, &p->bytes, noise_ik.message[i].bytes);
        struct pic_span sealed = pic_buf_view(&p->bytes);
        assert_int_equal(pic_noise_cipher_open(&receiver[i % 2], sealed, &p->plain), PIC_OK);
        assert_spells(p, &p->plain, noise_ik.message[i].payload);
        /* Sent twice, it is refused the second time, and the next one still opens. */
        assert_int_equal(pic_noise_cipher_open(&receiver[i % 2], sealed, &p->plain), PIC_EDECRYPT);
        assert_spells(p, &p->plain, noise_ik.message[i].payload);
    }
}

static void transport_stops_before_its_counter_wraps(void **state)
{
    struct pair *p = *state;
    struct pic_noise_cipher from_agent, from_server;
    shake_hands(p);
    pic_noise_split(&p->agent, &from_agent, &from_server);
    struct pic_span plain = pic_span_text("dernier");
    pic_buf_clear(&p->bytes);
    from_agent.n = UINT64_MAX - 1;
    assert_int_equal(pic_noise_cipher_seal(&from_agent, plain, &p->bytes), PIC_OK);
    assert_int_equal(pic_noise_cipher_seal(&from_agent, plain, &p->bytes), PIC_ELIMIT);
    assert_int_equal(pic_noise_cipher_open(&from_agent, pic_buf_view(&p->bytes), &p->plain),
                     PIC_ELIMIT);
}

static void hash_before_the_payload_is_shared(void **state)
{
    struct pair *p = *state;
    uint8_t seen[PIC_NOISE_HASH_SIZE], started[PIC_NOISE_HASH_SIZE];
    assert_int_equal(pic_noise_ask_start(&p->agent, &p->agent_random, &p->bytes), PIC_OK);
    memcpy(started, p->agent.hash, sizeof started);
    assert_int_equal(pic_noise_ask_finish(&p->agent, pic_span_text("preuve"), &p->bytes), PIC_OK);
    assert_memory_not_equal(p->agent.hash, started, sizeof started);
    assert_int_equal(pic_noise_ask_read(&p->server, pic_buf_view(&p->bytes), seen, &p->plain),
                     PIC_OK);
    assert_memory_equal(seen, started, sizeof seen);
}

static void each_flipped_bit_of_the_ask_is_refused(void **state)
{
    struct pair *p = *state;
    write_ask(p, hex(p, noise_ik.message[NOISE_IK_ASK].payload));
    for (size_t bit = 0; bit < 8 * p->bytes.len; bit++) {
        uint8_t hash[PIC_NOISE_HASH_SIZE] = {0}, untouched[PIC_NOISE_HASH_SIZE] = {0};
        p->bytes.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        pic_noise_init_server(&p->server, pic_span_text(noise_ik.prologue), &p->server_key);
        int rc = pic_noise_ask_read(&p->server, pic_buf_view(&p->bytes), hash, &p->plain);
        assert_int_equal(rc, PIC_EDECRYPT);
        assert_int_equal(p->plain.len, 0);
        assert_memory_equal(hash, untouched, sizeof hash);
        assert_true(is_wiped(&p->server));
        p->bytes.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    pic_noise_init_server(&p->server, pic_span_text(noise_ik.prologue), &p->server_key);
    assert_int_equal(pic_noise_ask_read(&p->server, pic_buf_view(&p->bytes), NULL, &p->plain),
                     PIC_OK);
}

static void each_flipped_bit_of_the_answer_is_refused(void **state)
{
    struct pair *p = *state;
    write_ask(p, hex(p, noise_ik.message[NOISE_IK_ASK].payload));
    const struct pic_noise waiting = p->agent;
    pic_buf_clear(&p->bytes);
    pic_unhex(noise_ik.message[NOISE_IK_ANSWER].bytes, &p->bytes);
    for (size_t bit = 0; bit < 8 * p->bytes.len; bit++) {
        p->bytes.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        p->agent = waiting;
        int rc = pic_noise_answer_read(&p->agent, pic_buf_view(&p->bytes), &p->plain);
        assert_int_equal(rc, PIC_EDECRYPT);
        assert_int_equal(p->plain.len, 0);
        assert_true(is_wiped(&p->agent));
        p->bytes.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    p->agent = waiting;
    assert_int_equal(pic_noise_answer_read(&p->agent, pic_buf_view(&p->bytes), &p->plain), PIC_OK);
}

static void each_shortened_message_is_refused(void **state)
{
    struct pair *p = *state;
    write_ask(p, hex(p, noise_ik.message[NOISE_IK_ASK].payload));
    const struct pic_noise waiting = p->agent;
    for (size_t n = 0; n < p->bytes.len; n++) {
        pic_noise_init_server(&p->server, pic_span_text(noise_ik.prologue), &p->server_key);
        int rc = pic_noise_ask_read(&p->server, pic_span_of(p->bytes.data, n), NULL, &p->plain);
        assert_int_equal(rc, n < PIC_NOISE_OVERHEAD_ASK ? PIC_EFORMAT : PIC_EDECRYPT);
    }
    struct pic_span whole = hex(p, noise_ik.message[NOISE_IK_ANSWER].bytes);
    for (size_t n = 0; n < whole.n; n++) {
        p->agent = waiting;
        int rc = pic_noise_answer_read(&p->agent, pic_span_of(whole.p, n), &p->plain);
        assert_int_equal(rc, n < PIC_NOISE_OVERHEAD_ANSWER ? PIC_EFORMAT : PIC_EDECRYPT);
    }
}

static void messages_keep_to_their_ceiling(void **state)
{
    static const uint8_t zeros[PIC_NOISE_MAX + 1];
    struct pair *p = *state;
    const size_t most_asked = PIC_NOISE_MAX - PIC_NOISE_OVERHEAD_ASK;
    const size_t most_answered = PIC_NOISE_MAX - PIC_NOISE_OVERHEAD_ANSWER;
    write_ask(p, pic_span_of(zeros, most_asked));
    assert_int_equal(p->bytes.len, PIC_NOISE_MAX);
    assert_int_equal(pic_noise_ask_read(&p->server, pic_buf_view(&p->bytes), NULL, &p->plain),
                     PIC_OK);
    assert_int_equal(p->plain.len, most_asked);
    pic_buf_clear(&p->bytes);
    const struct pic_noise asked = p->server;
    int rc = pic_noise_answer(&p->server, &p->server_random, pic_span_of(zeros, most_answered + 1),
                              &p->bytes);
    assert_int_equal(rc, PIC_ELIMIT);
    assert_true(is_wiped(&p->server));
    p->server = asked;
    rc = pic_noise_answer(&p->server, &p->server_random, pic_span_of(zeros, most_answered),
                          &p->bytes);
    assert_int_equal(rc, PIC_OK);
    assert_int_equal(p->bytes.len, PIC_NOISE_MAX);

    restart(p);
    pic_buf_release(&p->bytes);
    pic_buf_init(&p->bytes, 2 * (size_t)PIC_NOISE_MAX);
    assert_int_equal(pic_noise_ask_start(&p->agent, &p->agent_random, &p->bytes), PIC_OK);
    rc = pic_noise_ask_finish(&p->agent, pic_span_of(zeros, most_asked + 1), &p->bytes);
    assert_int_equal(rc, PIC_ELIMIT);
    struct pic_span too_long = pic_span_of(zeros, sizeof zeros);
    assert_int_equal(pic_noise_ask_read(&p->server, too_long, NULL, &p->plain), PIC_EFORMAT);
    restart(p);
    assert_int_equal(pic_noise_answer_read(&p->agent, too_long, &p->plain), PIC_EFORMAT);
}

static void full_buffer_is_left_as_it_was(void **state)
{
    struct pair *p = *state;
    pic_buf_release(&p->bytes);
    pic_buf_init(&p->bytes, 3 + PIC_NOISE_OVERHEAD_ASK - 17);
    pic_buf_text(&p->bytes, "abc");
    assert_int_equal(pic_noise_ask_start(&p->agent, &p->agent_random, &p->bytes), PIC_ELIMIT);
    assert_string_equal((p->bytes.bad = false, pic_buf_string(&p->bytes)), "abc");
    assert_true(is_wiped(&p->agent));
}

static void only_the_right_keys_and_prologue_read(void **state)
{
    struct pair *p = *state;
    struct pic_random_stream stream;
    struct pic_random random = pic_random_seeded(&stream, 7);
    struct pic_dh_pair other;
    pic_dh_new(&other, &random);
    write_ask(p, pic_span_text("bonjour"));
    struct pic_span message = pic_buf_view(&p->bytes);
    pic_noise_init_server(&p->server, pic_span_text(noise_ik.prologue), &other);
    assert_int_equal(pic_noise_ask_read(&p->server, message, NULL, &p->plain), PIC_EDECRYPT);
    pic_noise_init_server(&p->server, pic_span_text(PIC_NOISE_PROLOGUE), &p->server_key);
    assert_int_equal(pic_noise_ask_read(&p->server, message, NULL, &p->plain), PIC_EDECRYPT);

    /* An agent that shows a public key without holding its secret. */
    struct pic_dh_pair stolen = p->agent_key;
    stolen.secret = other.secret;
    restart(p);
    pic_noise_init_agent(&p->agent, pic_span_text(noise_ik.prologue), &stolen,
                         p->server_key.public);
    write_ask(p, pic_span_text("bonjour"));
    message = pic_buf_view(&p->bytes);
    assert_int_equal(pic_noise_ask_read(&p->server, message, NULL, &p->plain), PIC_EDECRYPT);
}

static void answer_is_read_by_its_own_question_only(void **state)
{
    struct pair *p = *state;
    struct pic_random_stream stream;
    struct pic_random random = pic_random_seeded(&stream, 8);
    assert_int_equal(pic_noise_ask_start(&p->agent, &random, &p->bytes), PIC_OK);
    assert_int_equal(
        pic_noise_ask_finish(&p->agent, hex(p, noise_ik.message[NOISE_IK_ASK].payload), &p->bytes),
        PIC_OK);
    assert_int_equal(pic_noise_answer_read(
                         &p->agent, hex(p, noise_ik.message[NOISE_IK_ANSWER].bytes), &p->plain),
                     PIC_EDECRYPT);
}

static void low_order_keys_are_refused(void **state)
{
    static const uint8_t zero[PIC_KEY_SIZE];
    struct pair *p = *state;
    pic_noise_init_agent(&p->agent, pic_span_text(noise_ik.prologue), &p->agent_key, zero);
    assert_int_equal(pic_noise_ask_start(&p->agent, &p->agent_random, &p->bytes), PIC_EDECRYPT);
    assert_int_equal(p->bytes.len, 0);
    /* A peer whose ephemeral was zero: the answer must not be written. */
    restart(p);
    write_ask(p, pic_span_text("bonjour"));
    assert_int_equal(pic_noise_ask_read(&p->server, pic_buf_view(&p->bytes), NULL, &p->plain),
                     PIC_OK);
    memset(p->server.remote_ephemeral, 0, PIC_KEY_SIZE);
    pic_buf_clear(&p->bytes);
    assert_int_equal(
        pic_noise_answer(&p->server, &p->server_random, pic_span_text("non"), &p->bytes),
        PIC_EDECRYPT);
    assert_int_equal(p->bytes.len, 0);
}

static void state_used_out_of_turn_writes_nothing(void **state)
{
    struct pair *p = *state;
    assert_int_equal(pic_noise_ask_finish(&p->agent, pic_span_text("clair"), &p->bytes),
                     PIC_ELIMIT);
    assert_int_equal(
        pic_noise_answer(&p->server, &p->server_random, pic_span_text("clair"), &p->bytes),
        PIC_EDECRYPT);
    assert_int_equal(p->bytes.len, 0);
    restart(p);
    pic_noise_release(&p->agent);
    assert_true(is_wiped(&p->agent));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    if (pic_crypto_start() != PIC_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        TEST(handshake_is_the_published_one),
        TEST(transport_is_the_published_one),
        TEST(transport_stops_before_its_counter_wraps),
        TEST(hash_before_the_payload_is_shared),
        TEST(each_flipped_bit_of_the_ask_is_refused),
        TEST(each_flipped_bit_of_the_answer_is_refused),
        TEST(each_shortened_message_is_refused),
        TEST(messages_keep_to_their_ceiling),
        TEST(full_buffer_is_left_as_it_was),
        TEST(only_the_right_keys_and_prologue_read),
        TEST(answer_is_read_by_its_own_question_only),
        TEST(low_order_keys_are_refused),
        TEST(state_used_out_of_turn_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
