#include "tests/lib/exchange_stage.h"

#include <stdlib.h>
#include <string.h>

static void fill_with(void *context, void *out, size_t n)
{
    memset(out, *(const uint8_t *)context, n);
}

void stage_fill(uint8_t out[static PIC_KEY_SIZE], uint8_t byte)
{
    memset(out, byte, PIC_KEY_SIZE);
}

static void pair_of(struct pic_dh_pair *pair, uint8_t byte)
{
    stage_fill(pair->secret.bytes, byte);
    pic_dh_from_secret(pair);
}

static void signer_of(struct pic_signer *signer, uint8_t byte)
{
    stage_fill(signer->seed.bytes, byte);
    pic_signer_from_seed(signer);
}

static void key_of(struct stage *s, struct pic_answer_key *key, uint8_t byte, int64_t from_ms)
{
    pair_of(&key->pair, byte);
    key->transport = (struct pic_transport){.valid_from_ms = from_ms,
                                            .valid_to_ms = from_ms + 30 * STAGE_DAY_MS};
    memcpy(key->transport.key, key->pair.public, PIC_KEY_SIZE);
    memcpy(key->transport.identity, s->identity.public, PIC_KEY_SIZE);
}

void stage_open(struct stage *s)
{
    memset(s, 0, sizeof *s);
    if (pic_crypto_start() != PIC_OK || pic_answer_scratch_init(&s->scratch) != PIC_OK)
        abort();
    s->now_ms = STAGE_NOW_MS;
    signer_of(&s->identity, STAGE_IDENTITY);
    signer_of(&s->signer, STAGE_SIGNER);
    pair_of(&s->agent, STAGE_AGENT);
    pair_of(&s->box, STAGE_BOX);
    pair_of(&s->authority, STAGE_AUTHORITY);
    key_of(s, &s->keys[0], STAGE_SERVER, STAGE_NOW_MS - 10 * STAGE_DAY_MS);
    key_of(s, &s->keys[1], STAGE_SERVER_OLD, STAGE_NOW_MS - 40 * STAGE_DAY_MS);
    s->agent_ephemeral = STAGE_AGENT_EPHEMERAL;
    s->server_ephemeral = STAGE_SERVER_EPHEMERAL;
    s->agent_random = (struct pic_random){fill_with, &s->agent_ephemeral};
    s->server_random = (struct pic_random){fill_with, &s->server_ephemeral};
    fake_store_init(&s->store);
    s->store.invited = STAGE_DEVICE;
    if (pic_code_parse("PIC-7KQ2M-4XDTR-9WNPA", &s->store.code) != PIC_OK)
        abort();
    s->answer = (struct pic_answer){.identity = &s->identity,
                                    .keys = s->keys,
                                    .key_n = 2,
                                    .name = pic_span_text("Région d'essai"),
                                    .random = &s->server_random,
                                    .store = &s->store.table};
    memcpy(s->answer.authority, s->authority.public, PIC_KEY_SIZE);
    s->party = (struct pic_ask_party){.own = &s->agent,
                                      .server = &s->keys[0].transport,
                                      .device = STAGE_DEVICE,
                                      .random = &s->agent_random};
    pic_buf_init(&s->request, PIC_FRAME_MAX);
    pic_buf_init(&s->reply, PIC_FRAME_MAX);
    pic_buf_init(&s->plain, PIC_FRAME_MAX);
}

void stage_close(struct stage *s)
{
    fake_store_release(&s->store);
    pic_answer_scratch_release(&s->scratch);
    pic_buf_release(&s->request);
    pic_buf_release(&s->reply);
    pic_buf_release(&s->plain);
}

struct pic_certificate stage_certificate(const struct stage *s)
{
    struct pic_certificate c = {.device = STAGE_DEVICE,
                                .organisation = STAGE_ORGANISATION,
                                .role = 3,
                                .time_ms = STAGE_NOW_MS};
    memcpy(c.sign_key, s->signer.public, PIC_KEY_SIZE);
    memcpy(c.transport_key, s->agent.public, PIC_KEY_SIZE);
    memcpy(c.box_key, s->box.public, PIC_KEY_SIZE);
    return c;
}

struct pic_enrol_request stage_enrol_request(const struct stage *s)
{
    struct pic_enrol_request m = {.label = pic_span_text("Portable de Nadia"), .program = 0x000100};
    memcpy(m.box_key, s->box.public, PIC_KEY_SIZE);
    return m;
}

struct pic_invitation stage_invitation(const struct stage *s)
{
    static const uint8_t items[] = {2, 3, 'o', 'n', 'e', 5, 3, 't', 'w', 'o'};
    struct pic_invitation m = {
        .server_name = s->answer.name,
        .address_n = 2,
        .addresses = {pic_span_text("tcp://pic.example:7420"),
                      pic_span_text("tcp://192.0.2.7:7420")},
        .transport = s->keys[0].transport,
        .device = STAGE_DEVICE,
        .organisation = STAGE_ORGANISATION,
        .organisation_name = pic_span_text("ADCM, Méricourt"),
        .role = 3,
        .expires_ms = STAGE_NOW_MS + 7 * STAGE_DAY_MS,
        .code = s->store.code,
        .feed = {.n = 2, .items = {items, sizeof items}, .distance = 7},
    };
    memcpy(m.authority, s->authority.public, PIC_KEY_SIZE);
    return m;
}

struct fake_device *stage_enrolled(struct stage *s)
{
    const struct pic_certificate c = stage_certificate(s);
    return fake_store_add(&s->store, &c);
}

static int carry(struct stage *s, struct pic_ask *ask, struct pic_asked *out)
{
    if (pic_answer(&s->answer, &s->scratch, s->now_ms, pic_buf_view(&s->request), &s->reply) !=
        PIC_OK)
        abort();
    return pic_ask_read(ask, pic_buf_view(&s->reply), &s->plain, out);
}

int stage_exchange(struct stage *s, const struct pic_request *request, struct pic_asked *out)
{
    struct pic_ask ask;
    pic_buf_clear(&s->request);
    int rc = pic_ask(&ask, &s->party, request, &s->request);
    return rc == PIC_OK ? carry(s, &ask, out) : rc;
}

int stage_enrol(struct stage *s, const struct pic_code *code, struct pic_asked *out)
{
    const struct pic_enrol_request request = stage_enrol_request(s);
    struct pic_ask ask;
    pic_buf_clear(&s->request);
    int rc = pic_ask_enrol(&ask, &s->party, code, &s->signer, &request, &s->request);
    return rc == PIC_OK ? carry(s, &ask, out) : rc;
}
