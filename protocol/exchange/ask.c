#include "protocol/exchange/ask.h"

#include <string.h>

#include "protocol/exchange/proof.h"

void pic_ask_release(struct pic_ask *ask)
{
    pic_wipe(ask, sizeof *ask);
}

/* --- asking --- */

/* Sets ask up and writes the frame kind and the head of message 1. */
static int start(struct pic_ask *ask, const struct pic_ask_party *party, enum pic_request_type type,
                 struct pic_buf *out)
{
    memset(ask, 0, sizeof *ask);
    ask->server = *party->server;
    ask->device = party->device;
    ask->type = type;
    memcpy(ask->own_key, party->own->public, PIC_KEY_SIZE);
    pic_noise_init_agent(&ask->noise, pic_span_text(PIC_NOISE_PROLOGUE), party->own,
                         party->server->key);
    pic_buf_u8(out, PIC_FRAME_REQUEST);
    int rc = pic_noise_ask_start(&ask->noise, party->random, out);
    memcpy(ask->hash, ask->noise.hash, PIC_NOISE_HASH_SIZE);
    return rc;
}

static int finish(struct pic_ask *ask, const struct pic_buf *payload, struct pic_buf *out)
{
    if (payload->bad)
        return PIC_ELIMIT;
    return pic_noise_ask_finish(&ask->noise, pic_buf_view(payload), out);
}

/* A request that failed leaves nothing behind. */
static int settle(struct pic_ask *ask, int rc, struct pic_buf *out, size_t before)
{
    if (rc != PIC_OK) {
        pic_ask_release(ask);
        out->len = before;
    }
    return rc;
}

int pic_ask(struct pic_ask *ask, const struct pic_ask_party *party,
            const struct pic_request *request, struct pic_buf *out)
{
    size_t before = out->len;
    struct pic_buf payload;
    pic_buf_init(&payload, PIC_REQUEST_MAX);
    int rc = start(ask, party, request->type, out);
    if (request->type == PIC_REQUEST_SYNC)
        ask->cursor = request->sync.cursor;
    if (request->type == PIC_REQUEST_GET) {
        ask->offset = request->get.offset;
        ask->max = request->get.max;
    }
    if (rc == PIC_OK) {
        pic_request_put(request, &payload);
        rc = finish(ask, &payload, out);
    }
    pic_buf_release(&payload);
    return settle(ask, rc, out, before);
}

/* The two last fields cover the handshake hash and everything before them, so they are written once
 * the rest is encoded: first as bytes that are not zero, then in their place. */
static int put_enrol(const struct pic_ask *ask, const struct pic_signer *signer,
                     const struct pic_request *request, struct pic_buf *payload)
{
    pic_request_put(request, payload);
    if (payload->bad || payload->len < PIC_PROOF_SIZE + PIC_SIGNATURE_SIZE)
        return PIC_ELIMIT;
    uint8_t *proof = payload->data + payload->len - PIC_PROOF_SIZE;
    uint8_t *signature = proof - PIC_SIGNATURE_SIZE;
    int rc =
        pic_proof_sign(signer, ask->hash,
                       pic_span_of(payload->data, (size_t)(signature - payload->data)), signature);
    if (rc == PIC_OK)
        rc = pic_proof_of_agent(&ask->secret, ask->hash,
                                pic_span_of(payload->data, (size_t)(proof - payload->data)), proof);
    return rc;
}

int pic_ask_enrol(struct pic_ask *ask, const struct pic_ask_party *party,
                  const struct pic_code *code, const struct pic_signer *signer,
                  const struct pic_enrol_request *request, struct pic_buf *out)
{
    size_t before = out->len;
    struct pic_buf payload;
    pic_buf_init(&payload, PIC_REQUEST_MAX);
    int rc = start(ask, party, PIC_REQUEST_ENROL, out);
    struct pic_request full = {.type = PIC_REQUEST_ENROL, .enrol = *request};
    pic_code_id(code, full.enrol.invitation);
    memcpy(full.enrol.sign_key, signer->public, PIC_KEY_SIZE);
    memset(full.enrol.signature, UINT8_MAX, PIC_SIGNATURE_SIZE);
    memset(full.enrol.proof, UINT8_MAX, PIC_PROOF_SIZE);
    if (rc == PIC_OK) {
        pic_code_secret(code, &ask->secret);
        memcpy(ask->sign_key, signer->public, PIC_KEY_SIZE);
        rc = put_enrol(ask, signer, &full, &payload);
    }
    if (rc == PIC_OK)
        rc = finish(ask, &payload, out);
    pic_buf_release(&payload);
    return settle(ask, rc, out, before);
}

/* --- another day --- */

void pic_ask_park(const struct pic_ask *ask, struct pic_buf *out)
{
    pic_buf_u8(out, (uint8_t)ask->type);
    pic_buf_varint(out, ask->cursor);
    pic_buf_varint(out, ask->offset);
    pic_buf_varint(out, ask->max);
    pic_noise_park(&ask->noise, out);
    if (ask->type != PIC_REQUEST_ENROL)
        return;
    pic_buf_bytes(out, ask->sign_key, PIC_KEY_SIZE);
    /* The proofs of enrolment cover the handshake as it stood before the payload. */
    pic_buf_bytes(out, ask->secret.bytes, PIC_KEY_SIZE);
    pic_buf_bytes(out, ask->hash, PIC_NOISE_HASH_SIZE);
}

int pic_ask_resume(struct pic_ask *ask, const struct pic_ask_party *party, struct pic_span parked)
{
    struct pic_cursor c = pic_cursor_of(parked.p, parked.n);
    memset(ask, 0, sizeof *ask);
    ask->server = *party->server;
    ask->device = party->device;
    memcpy(ask->own_key, party->own->public, PIC_KEY_SIZE);
    ask->type = (enum pic_request_type)pic_cursor_u8(&c);
    ask->cursor = pic_cursor_varint_max(&c, INT64_MAX);
    ask->offset = pic_cursor_varint_max(&c, PIC_BLOB_MAX);
    ask->max = pic_cursor_varint_max(&c, PIC_BLOB_CHUNK_MAX);
    pic_noise_resume(&ask->noise, party->own, &c);
    if (ask->type == PIC_REQUEST_ENROL) {
        pic_cursor_copy(&c, ask->sign_key, PIC_KEY_SIZE);
        pic_cursor_copy(&c, ask->secret.bytes, PIC_KEY_SIZE);
        pic_cursor_copy(&c, ask->hash, PIC_NOISE_HASH_SIZE);
    }
    int rc = pic_cursor_end(&c);
    if (rc != PIC_OK)
        pic_ask_release(ask);
    return rc;
}

/* --- reading --- */

/* Someone answers in clear with a key. Only a newer one is news: an old key sent again, perhaps by
 * who has stolen it, must not be taken up. */
static int read_key(const struct pic_ask *ask, struct pic_span rest, struct pic_asked *out)
{
    int rc = pic_transport_read(rest, ask->server.identity, &out->transport);
    if (rc != PIC_OK)
        return rc;
    if (out->transport.valid_from_ms <= ask->server.valid_from_ms)
        return PIC_EDECRYPT;
    out->has_transport = true;
    return PIC_ESTALE_KEY;
}

/* A status in clear: no more than a hint, for anyone could have written it. */
static int read_status(struct pic_span rest)
{
    if (rest.n != 1)
        return PIC_EFORMAT;
    switch (rest.p[0]) {
    case PIC_REPLY_BUSY:
        return PIC_EBUSY;
    case PIC_REPLY_UPGRADE_REQUIRED:
        return PIC_EUPGRADE;
    default:
        return PIC_EFORMAT;
    }
}

static int check_receipt(const struct pic_ask *ask, struct pic_span bytes, uint32_t device,
                         struct pic_asked *out)
{
    if (bytes.n == 0)
        return PIC_OK;
    int rc = pic_receipt_read(bytes, ask->server.identity, &out->receipt);
    if (rc == PIC_OK && out->receipt.device != device)
        rc = PIC_ESIGNATURE;
    out->has_receipt = rc == PIC_OK;
    return rc;
}

static int check_enrol(const struct pic_ask *ask, struct pic_asked *out)
{
    const struct pic_enrol_reply *m = &out->reply.enrol;
    if (out->reply.status != PIC_REPLY_OK)
        return PIC_OK;
    uint8_t proof[PIC_PROOF_SIZE];
    pic_proof_of_server(&ask->secret, ask->hash, ask->server.identity, proof);
    if (!pic_same_bytes(proof, m->proof, sizeof proof))
        return PIC_ESIGNATURE;
    struct pic_certificate *c = &out->certificate;
    int rc = pic_certificate_read(m->certificate, ask->server.identity, c);
    if (rc != PIC_OK)
        return rc;
    if (memcmp(c->sign_key, ask->sign_key, PIC_KEY_SIZE) != 0 ||
        memcmp(c->transport_key, ask->own_key, PIC_KEY_SIZE) != 0 ||
        (ask->device != 0 && c->device != ask->device))
        return PIC_ESIGNATURE;
    return check_receipt(ask, m->receipt, c->device, out);
}

static int check_sync(const struct pic_ask *ask, struct pic_asked *out)
{
    const struct pic_sync_reply *m = &out->reply.sync;
    uint64_t base = (m->flags & PIC_SYNC_RESTART) != 0 ? 0 : ask->cursor;
    if (m->skipped > INT64_MAX - base || m->feed.distance > INT64_MAX - base - m->skipped)
        return PIC_EFORMAT;
    out->feed_start = base + m->skipped;
    if (m->transport.n > 0) {
        int rc = pic_transport_read(m->transport, ask->server.identity, &out->transport);
        if (rc != PIC_OK)
            return rc;
        out->has_transport = out->transport.valid_from_ms > ask->server.valid_from_ms;
    }
    return check_receipt(ask, m->receipt, ask->device, out);
}

static int check_get(const struct pic_ask *ask, const struct pic_get_reply *m)
{
    bool fits = m->bytes.n <= ask->max && (m->bytes.n == 0 || ask->offset + m->bytes.n <= m->total);
    return fits ? PIC_OK : PIC_EFORMAT;
}

static int check(const struct pic_ask *ask, struct pic_asked *out)
{
    switch (ask->type) {
    case PIC_REQUEST_ENROL:
        return check_enrol(ask, out);
    case PIC_REQUEST_SYNC:
        return check_sync(ask, out);
    case PIC_REQUEST_GET:
        return check_get(ask, &out->reply.get);
    case PIC_REQUEST_PUT:
    case PIC_REQUEST_GIVE:
        break;
    }
    return PIC_OK;
}

static int read_reply(struct pic_ask *ask, struct pic_span message, struct pic_buf *plain,
                      struct pic_asked *out)
{
    int rc = pic_noise_answer_read(&ask->noise, message, plain);
    if (rc == PIC_OK)
        rc = pic_reply_get(pic_buf_view(plain), ask->type, &out->reply);
    return rc == PIC_OK ? check(ask, out) : rc;
}

int pic_ask_read(struct pic_ask *ask, struct pic_span payload, struct pic_buf *plain,
                 struct pic_asked *out)
{
    int rc = PIC_EFORMAT;
    memset(out, 0, sizeof *out);
    pic_buf_clear(plain);
    if (payload.n > 0) {
        struct pic_span rest = pic_span_of(payload.p + 1, payload.n - 1);
        switch (payload.p[0]) {
        case PIC_FRAME_REPLY:
            rc = read_reply(ask, rest, plain, out);
            break;
        case PIC_FRAME_KEY:
            rc = read_key(ask, rest, out);
            break;
        case PIC_FRAME_STATUS:
            rc = read_status(rest);
            break;
        default:
            break;
        }
    }
    if (rc != PIC_OK && rc != PIC_ESTALE_KEY)
        memset(out, 0, sizeof *out);
    pic_ask_release(ask);
    return rc;
}

void pic_ask_key(struct pic_buf *out)
{
    pic_buf_u8(out, PIC_FRAME_KEY_ASK);
}

int pic_ask_key_read(struct pic_span payload, const uint8_t *identity, struct pic_transport *out)
{
    if (payload.n == 0 || payload.p[0] != PIC_FRAME_KEY)
        return PIC_EFORMAT;
    return pic_transport_read(pic_span_of(payload.p + 1, payload.n - 1), identity, out);
}
