/* exchange_stage: one agent and one server in memory with fixed keys: each secret is one byte,
 * repeated 32 times, so that anyone can make the same vectors. */
#ifndef PIC_TESTS_EXCHANGE_STAGE_H
#define PIC_TESTS_EXCHANGE_STAGE_H

#include "protocol/exchange/answer.h"
#include "protocol/exchange/ask.h"
#include "tests/lib/fake_store.h"

enum {
    STAGE_IDENTITY = 0x01,
    STAGE_SERVER = 0x02, /* current transport key */
    STAGE_SERVER_OLD = 0x12,
    STAGE_AGENT = 0x03,
    STAGE_SIGNER = 0x04,
    STAGE_BOX = 0x05,
    STAGE_AUTHORITY = 0x06,
    STAGE_AGENT_EPHEMERAL = 0x07,
    STAGE_SERVER_EPHEMERAL = 0x08,
    STAGE_DEVICE = 42,
};

#define STAGE_NOW_MS       INT64_C(1795000000000)
#define STAGE_DAY_MS       INT64_C(86400000)
#define STAGE_ORGANISATION pic_dot(PIC_DEVICE_SERVER, 9)

struct stage {
    struct pic_signer identity, signer;
    struct pic_dh_pair agent, box, authority;
    struct pic_answer_key keys[2];
    uint8_t agent_ephemeral, server_ephemeral;
    struct pic_random agent_random, server_random;
    struct fake_store store;
    struct pic_answer answer;
    struct pic_answer_scratch scratch;
    struct pic_ask_party party;
    struct pic_buf request, reply, plain; /* last frames' payloads, last decrypted reply */
    int64_t now_ms;
};

void stage_open(struct stage *stage);
void stage_close(struct stage *stage);
/* Makes device STAGE_DEVICE known to the server. */
struct fake_device *stage_enrolled(struct stage *stage);
/* Asks, answers and reads; what pic_ask_read says. */
int stage_exchange(struct stage *stage, const struct pic_request *request, struct pic_asked *out);
int stage_enrol(struct stage *stage, const struct pic_code *code, struct pic_asked *out);
/* The signed certificate's facts, the enrolment request and the invitation of the vectors. */
struct pic_certificate stage_certificate(const struct stage *stage);
struct pic_enrol_request stage_enrol_request(const struct stage *stage);
struct pic_invitation stage_invitation(const struct stage *stage);
/* Fills 32 bytes. */
void stage_fill(uint8_t out[static PIC_KEY_SIZE], uint8_t byte);

#endif
