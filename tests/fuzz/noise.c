/* noise: both message readers, with the keys of the published vector. The first byte says who
 * reads. Without the keys nobody can write a message that opens: one that does is the vector's. */
#include <stdlib.h>

#include "protocol/crypto/noise.h"
#include "tests/lib/hex.h"
#include "tests/vectors/noise_ik.h"

enum { READ_ASK = NOISE_IK_ASK, READ_ANSWER = NOISE_IK_ANSWER, READERS };

/* Both sides just before they read, and the one message that each must accept. */
struct stage {
    struct pic_noise reader[READERS];
    struct pic_buf genuine[READERS];
};

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void fill_from_hex(void *context, void *out, size_t n)
{
    const char **hex = context;
    must(pic_unhex_exactly(*hex, out, n));
}

static void key_of(struct pic_dh_pair *pair, const char *secret)
{
    must(pic_unhex_exactly(secret, pair->secret.bytes, PIC_KEY_SIZE));
    pic_dh_from_secret(pair);
}

static struct pic_buf unhexed(const char *hex)
{
    struct pic_buf b;
    pic_buf_init(&b, PIC_NOISE_MAX);
    pic_unhex(hex, &b);
    must(!b.bad);
    return b;
}

static void set_stage(struct stage *stage)
{
    const char *ephemeral = noise_ik.agent_ephemeral;
    const struct pic_random random = {fill_from_hex, &ephemeral};
    const struct pic_span prologue = pic_span_text(noise_ik.prologue);
    struct pic_noise *agent = &stage->reader[READ_ANSWER];
    struct pic_dh_pair agent_key, server_key;
    struct pic_buf payload = unhexed(noise_ik.message[NOISE_IK_ASK].payload), sent;
    must(pic_crypto_start() == PIC_OK);
    key_of(&agent_key, noise_ik.agent_secret);
    key_of(&server_key, noise_ik.server_secret);
    pic_noise_init_server(&stage->reader[READ_ASK], prologue, &server_key);
    pic_noise_init_agent(agent, prologue, &agent_key, server_key.public);
    pic_buf_init(&sent, PIC_NOISE_MAX);
    must(pic_noise_ask_start(agent, &random, &sent) == PIC_OK);
    must(pic_noise_ask_finish(agent, pic_buf_view(&payload), &sent) == PIC_OK);
    for (unsigned who = 0; who < READERS; who++)
        stage->genuine[who] = unhexed(noise_ik.message[who].bytes);
    pic_buf_release(&payload);
    pic_buf_release(&sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stage stage;
    if (stage.genuine[READ_ASK].len == 0)
        set_stage(&stage);
    if (size == 0)
        return 0;
    const unsigned who = data[0] % READERS;
    struct pic_span message = pic_span_of(data + 1, size - 1);
    struct pic_noise reader = stage.reader[who];
    struct pic_buf plain;
    pic_buf_init(&plain, PIC_NOISE_MAX);
    int rc = who == READ_ASK ? pic_noise_ask_read(&reader, message, NULL, &plain)
                             : pic_noise_answer_read(&reader, message, &plain);
    bool genuine = pic_span_equal(message, pic_buf_view(&stage.genuine[who]));
    must((rc == PIC_OK) == genuine);
    must(rc == PIC_OK || plain.len == 0);
    pic_noise_release(&reader);
    pic_buf_release(&plain);
    return 0;
}
