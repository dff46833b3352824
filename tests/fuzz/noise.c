/* noise: both message readers, with the keys of the published vector. The first byte says who
 * reads. Nobody without the keys can write a message that opens: what opens must be the vector's
 * own. */
#include <stdlib.h>

#include "protocol/crypto/noise.h"
#include "tests/lib/hex.h"

enum { READ_ASK, READ_ANSWER, READERS };

static const char agent_secret[] =
    "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1";
static const char agent_ephemeral[] =
    "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a";
static const char server_secret[] =
    "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893";
static const char server_ephemeral[] =
    "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b";

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

static const struct stage *set_stage(void)
{
    static struct stage stage;
    const char *agent_e = agent_ephemeral, *server_e = server_ephemeral;
    const struct pic_random agent_random = {fill_from_hex, &agent_e};
    const struct pic_random server_random = {fill_from_hex, &server_e};
    struct pic_span prologue = pic_span_text("John Galt");
    struct pic_dh_pair agent_key, server_key;
    struct pic_noise agent, server;
    struct pic_buf *ask = &stage.genuine[READ_ASK], *answer = &stage.genuine[READ_ANSWER];
    struct pic_buf payload;
    if (ask->len > 0)
        return &stage;
    must(pic_crypto_start() == PIC_OK);
    pic_buf_init(ask, PIC_NOISE_MAX);
    pic_buf_init(answer, PIC_NOISE_MAX);
    pic_buf_init(&payload, PIC_NOISE_MAX);
    key_of(&agent_key, agent_secret);
    key_of(&server_key, server_secret);
    pic_noise_init_agent(&agent, prologue, &agent_key, server_key.public);
    pic_noise_init_server(&server, prologue, &server_key);
    stage.reader[READ_ASK] = server;
    must(pic_noise_ask_start(&agent, &agent_random, ask) == PIC_OK);
    must(pic_noise_ask_finish(&agent, pic_span_text("Ludwig von Mises"), ask) == PIC_OK);
    stage.reader[READ_ANSWER] = agent;
    must(pic_noise_ask_read(&server, pic_buf_view(ask), NULL, &payload) == PIC_OK);
    must(pic_noise_answer(&server, &server_random, pic_span_text("Murray Rothbard"), answer) ==
         PIC_OK);
    pic_buf_release(&payload);
    return &stage;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct stage *stage = set_stage();
    if (size == 0)
        return 0;
    const unsigned who = data[0] % READERS;
    struct pic_span message = pic_span_of(data + 1, size - 1);
    struct pic_noise reader = stage->reader[who];
    struct pic_buf plain;
    pic_buf_init(&plain, PIC_NOISE_MAX);
    int rc = who == READ_ASK ? pic_noise_ask_read(&reader, message, NULL, &plain)
                             : pic_noise_answer_read(&reader, message, &plain);
    bool genuine = pic_span_equal(message, pic_buf_view(&stage->genuine[who]));
    must((rc == PIC_OK) == genuine);
    must(rc == PIC_OK || plain.len == 0);
    pic_noise_release(&reader);
    pic_buf_release(&plain);
    return 0;
}
