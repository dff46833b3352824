#include "protocol/exchange/answer.h"

#include <string.h>

#include "protocol/base/clock.h"

#include "protocol/exchange/proof.h"

/* What a sync reply may hold besides its feed: status, time, presence, flags and head, then
 * receipt, transport key, wishes and the start of the feed with their lengths. */
enum {
    SYNC_HEAD = 1 + 10 + 2 + 1 + 6 + PIC_MARK_SIZE,
    SYNC_RECORDS = 2 + PIC_RECEIPT_MAX + 2 + PIC_TRANSPORT_SIZE,
    SYNC_LISTS = 1 + (size_t)PIC_WANTED_MAX * PIC_HASH_SIZE + 10 + 3,
};
_Static_assert(SYNC_HEAD + SYNC_RECORDS + SYNC_LISTS + PIC_FEED_BYTES_MAX <= PIC_REPLY_MAX,
               "a full page always fits one reply");

/* One call: who asks what, and what is answered. */
struct call {
    const struct pic_answer *answer;
    const struct pic_answer_store *store;
    void *context;
    struct pic_answer_scratch *scratch;
    int64_t now_ms;
    struct pic_noise noise;
    uint8_t hash[PIC_NOISE_HASH_SIZE];
    bool old_key; /* the request was sealed under a key that is not the current one */
    struct pic_answer_device device;
    struct pic_request request;
    struct pic_reply reply;
};

int pic_answer_scratch_init(struct pic_answer_scratch *scratch)
{
    memset(scratch, 0, sizeof *scratch);
    pic_buf_init(&scratch->request, PIC_REQUEST_MAX);
    pic_buf_init(&scratch->reply, PIC_REPLY_MAX);
    pic_buf_init(&scratch->receipt, PIC_RECEIPT_MAX);
    pic_buf_init(&scratch->record, PIC_CERTIFICATE_MAX);
    pic_buf_init(&scratch->list, (size_t)PIC_WANTED_MAX * PIC_HASH_SIZE);
    pic_buf_init(&scratch->bytes, PIC_REPLY_MAX);
    return pic_segment_reader_new(&scratch->reader);
}

void pic_answer_scratch_release(struct pic_answer_scratch *scratch)
{
    pic_buf_release(&scratch->request);
    pic_buf_release(&scratch->reply);
    pic_buf_release(&scratch->receipt);
    pic_buf_release(&scratch->record);
    pic_buf_release(&scratch->list);
    pic_buf_release(&scratch->bytes);
    pic_segment_reader_free(scratch->reader);
    scratch->reader = NULL;
}

static const struct pic_transport *current_transport(const struct call *c)
{
    return &c->answer->keys[0].transport;
}

/* --- sync --- */

/* The rules of admission, in their order; PIC_OK and facts once the segment is durable, PIC_EEXISTS
 * when it was before. */
static int admit(struct call *c, struct pic_receipt *facts)
{
    const struct pic_answer_device *d = &c->device;
    struct pic_segment segment;
    uint64_t last_stamp = 0;
    int rc = pic_segment_read(c->request.sync.segment, &segment);
    if (rc != PIC_OK)
        return rc;
    if (segment.device != d->certificate.device || segment.audience != d->audience)
        return PIC_EREFUSED;
    if (d->retired && segment.last_seq > d->last_seq)
        return PIC_EREVOKED;
    rc = pic_segment_verify(&segment, d->certificate.sign_key);
    if (rc == PIC_OK)
        rc = pic_segment_check(c->scratch->reader, &segment, &last_stamp);
    if (rc == PIC_OK && pic_clock_ms(last_stamp) > c->now_ms + PIC_CLOCK_AHEAD_MS)
        rc = PIC_ECLOCK;
    return rc == PIC_OK ? c->store->append(c->context, d, &segment, c->now_ms, facts) : rc;
}

/* The receipt just issued, or else the latest, goes along when the agent may not have it: its
 * segment is held, or it named another number. Not only a smaller one: a restored server counts
 * again from an older number. */
static int tell_receipt(struct call *c, bool issued, bool held, struct pic_receipt *facts)
{
    if (!issued) {
        int rc = c->store->receipt(c->context, &c->device, facts);
        if (rc != PIC_OK)
            return rc == PIC_ENOT_FOUND ? PIC_OK : rc;
    }
    if (!held && facts->number == c->request.sync.receipt)
        return PIC_OK;
    pic_receipt_put(facts, c->answer->identity, &c->scratch->receipt);
    c->reply.sync.receipt = pic_buf_view(&c->scratch->receipt);
    return PIC_OK;
}

/* Where the agent's log stands here, when it is not where the agent thinks. */
static int tell_head(struct call *c)
{
    const struct pic_sync_request *m = &c->request.sync;
    struct pic_log_head head = {0};
    int rc = c->store->head(c->context, &c->device, &head);
    bool same_mark = memcmp(head.hash, m->head_mark, PIC_MARK_SIZE) == 0;
    if (rc != PIC_OK || (head.seq == m->head_seq && same_mark))
        return rc;
    c->reply.sync.flags |= PIC_SYNC_HEAD;
    c->reply.sync.head_seq = head.seq;
    memcpy(c->reply.sync.head_mark, head.hash, PIC_MARK_SIZE);
    if (head.seq == m->head_seq && c->reply.status == PIC_REPLY_OK)
        c->reply.status = PIC_REPLY_FORK;
    return PIC_OK;
}

/* A cursor holds when the segment at its position is the one that the agent received there; it does
 * not once this journal was restored from an older copy. */
static int cursor_holds(struct call *c, bool *holds)
{
    const struct pic_sync_request *m = &c->request.sync;
    uint8_t mark[PIC_MARK_SIZE] = {0};
    *holds = true;
    if (m->cursor == 0)
        return PIC_OK;
    int rc = c->store->mark(c->context, m->cursor, mark);
    *holds = rc == PIC_OK && memcmp(mark, m->cursor_mark, sizeof mark) == 0;
    return rc == PIC_ENOT_FOUND ? PIC_OK : rc;
}

static int tell_feed(struct call *c)
{
    const struct pic_sync_request *m = &c->request.sync;
    struct pic_sync_reply *r = &c->reply.sync;
    struct pic_answer_page page = {.own = (m->flags & PIC_SYNC_OWN) != 0,
                                   .skip = (unsigned)m->page,
                                   .budget = PIC_FEED_BYTES_MAX};
    struct pic_buf *bytes = &c->scratch->bytes;
    bool holds = false, more = false;
    int rc = cursor_holds(c, &holds);
    if (rc != PIC_OK)
        return rc;
    page.cursor = holds ? m->cursor : 0;
    uint64_t start = page.cursor;
    rc = c->store->feed(c->context, &c->device, &page, bytes, &start, &more);
    if (rc != PIC_OK)
        return rc;
    struct pic_cursor in = pic_cursor_of(bytes->data, bytes->len);
    r->feed = pic_feed_get(&in, PIC_FEED_BYTES_MAX);
    r->skipped = start - page.cursor;
    r->flags |= (more ? PIC_SYNC_MORE : 0U) | (holds ? 0U : PIC_SYNC_RESTART);
    return pic_cursor_end(&in) == PIC_OK && start >= page.cursor ? PIC_OK : PIC_EFAIL;
}

/* What a request that pulls is told besides its receipt. Wishes go with the first page only. */
static int tell_pull(struct call *c)
{
    const struct pic_sync_request *m = &c->request.sync;
    int rc = PIC_OK;
    if ((m->flags & PIC_SYNC_NO_FEED) != 0)
        return PIC_OK;
    if (!c->device.retired)
        rc = tell_feed(c);
    if (rc == PIC_OK && m->page == 0) {
        rc = c->store->wanted(c->context, &c->device, PIC_WANTED_MAX, &c->scratch->list);
        c->reply.sync.wanted = pic_buf_view(&c->scratch->list);
    }
    if (c->old_key) {
        pic_transport_put(current_transport(c), c->answer->identity, &c->scratch->record);
        c->reply.sync.transport = pic_buf_view(&c->scratch->record);
    }
    return rc;
}

static int answer_sync(struct call *c)
{
    const struct pic_sync_request *m = &c->request.sync;
    struct pic_receipt facts = {0};
    bool issued = false, held = false;
    if (m->program < c->answer->program_min)
        return PIC_EUPGRADE;
    c->store->seen(c->context, &c->device, c->now_ms, m);
    if (m->segment.n > 0) {
        int rc = admit(c, &facts);
        issued = rc == PIC_OK;
        held = issued || rc == PIC_EEXISTS;
        c->reply.status = held ? PIC_REPLY_OK : pic_reply_for(rc);
    }
    if (c->device.retired)
        c->reply.status = PIC_REPLY_REVOKED;
    int rc = tell_receipt(c, issued, held, &facts);
    if (rc == PIC_OK)
        rc = tell_head(c);
    return rc == PIC_OK ? tell_pull(c) : rc;
}

/* --- documents --- */

static int answer_put(struct call *c)
{
    const struct pic_put_request *m = &c->request.put;
    bool complete = false;
    if (m->total == 0 || m->offset > m->total || m->bytes.n > m->total - m->offset)
        return PIC_EFORMAT;
    int rc = c->store->put(c->context, &c->device, m, &c->reply.put.held, &complete);
    c->reply.put.complete = complete;
    return rc;
}

static int answer_get(struct call *c)
{
    const struct pic_get_request *m = &c->request.get;
    if (c->device.retired)
        return PIC_EREVOKED;
    if (m->max == 0)
        return PIC_EFORMAT;
    int rc = c->store->get(c->context, &c->device, m, &c->reply.get.total, &c->scratch->bytes);
    c->reply.get.bytes = pic_buf_view(&c->scratch->bytes);
    return rc;
}

/* --- what this server has lost, given back --- */

/* Who wrote a segment that this device gives back, and whether it may have it. The server's own may
 * come from whoever they certify, even where that was lost too: their signature says enough. */
static int author_of(struct call *c, const struct pic_segment *segment,
                     struct pic_answer_device *out)
{
    struct pic_answer_device *d = &c->device;
    int rc = c->store->device(c->context, c->noise.remote_static, d);
    if (rc == PIC_OK && d->retired)
        return PIC_EREVOKED;
    if (rc == PIC_OK)
        c->scratch->outcome.device = d->certificate.device;
    if (segment->device == PIC_DEVICE_SERVER && (rc == PIC_OK || rc == PIC_EUNKNOWN_DEVICE)) {
        *out = (struct pic_answer_device){.certificate = {.device = PIC_DEVICE_SERVER},
                                          .audience = segment->audience};
        memcpy(out->certificate.sign_key, c->answer->identity->public, PIC_KEY_SIZE);
        return PIC_OK;
    }
    if (rc == PIC_OK)
        rc = c->store->author(c->context, segment->device, out);
    if (rc == PIC_OK && (segment->audience != out->audience || segment->audience != d->audience ||
                         segment->device == d->certificate.device))
        rc = PIC_EREFUSED;
    return rc == PIC_ENOT_FOUND ? PIC_EREFUSED : rc;
}

static int answer_give(struct call *c)
{
    struct pic_segment segment;
    struct pic_answer_device author;
    struct pic_log_head head = {0};
    uint64_t last_stamp = 0;
    int rc = pic_segment_read(c->request.give.segment, &segment);
    if (rc == PIC_OK)
        rc = author_of(c, &segment, &author);
    if (rc == PIC_OK)
        rc = pic_segment_verify(&segment, author.certificate.sign_key);
    if (rc == PIC_OK)
        rc = pic_segment_check(c->scratch->reader, &segment, &last_stamp);
    if (rc == PIC_OK)
        rc = c->store->take_back(c->context, &author, &segment, c->now_ms);
    if (rc == PIC_OK || rc == PIC_EEXISTS)
        rc = c->store->head(c->context, &author, &head);
    c->reply.give.head_seq = head.seq;
    return rc;
}

/* --- enrolment --- */

/* Both the invitation's secret and the signing key are in the hands of who asks, in this very
 * handshake. A wrong proof is answered like an invitation that does not exist. */
static int check_enrol(const struct call *c, const struct pic_secret *secret)
{
    const struct pic_enrol_request *m = &c->request.enrol;
    const struct pic_span payload = pic_buf_view(&c->scratch->request);
    uint8_t proof[PIC_PROOF_SIZE];
    static const uint8_t none[PIC_SIGNATURE_SIZE];
    if (memcmp(m->signature, none, sizeof m->signature) == 0 ||
        memcmp(m->proof, none, sizeof m->proof) == 0)
        return PIC_EFORMAT; /* so both are there, and last */
    const size_t before_proof = payload.n - PIC_PROOF_SIZE;
    int rc = pic_proof_of_agent(secret, c->hash, pic_span_of(payload.p, before_proof), proof);
    if (rc != PIC_OK)
        return rc;
    if (!pic_same_bytes(proof, m->proof, sizeof proof))
        return PIC_EINVITATION;
    return pic_proof_verify(m->sign_key, c->hash,
                            pic_span_of(payload.p, before_proof - PIC_SIGNATURE_SIZE),
                            m->signature);
}

static void tell_enrolled(struct call *c, const struct pic_secret *secret,
                          const struct pic_certificate *certificate)
{
    struct pic_enrol_reply *r = &c->reply.enrol;
    const struct pic_signer *identity = c->answer->identity;
    const struct pic_receipt empty = {.device = certificate->device,
                                      .time_ms = certificate->time_ms};
    pic_proof_of_server(secret, c->hash, identity->public, r->proof);
    pic_certificate_put(certificate, identity, &c->scratch->record);
    r->certificate = pic_buf_view(&c->scratch->record);
    pic_receipt_put(&empty, identity, &c->scratch->receipt);
    r->receipt = pic_buf_view(&c->scratch->receipt);
    memcpy(r->authority, c->answer->authority, PIC_KEY_SIZE);
    r->server_name = c->answer->name;
    r->organisation_name = pic_buf_view(&c->scratch->list);
}

static int answer_enrol(struct call *c)
{
    const struct pic_enrol_request *m = &c->request.enrol;
    struct pic_secret secret = {0};
    struct pic_certificate certificate = {0};
    if (m->program < c->answer->program_min)
        return PIC_EUPGRADE;
    int rc = c->store->invitation(c->context, m->invitation, &secret);
    if (rc == PIC_OK)
        rc = check_enrol(c, &secret);
    if (rc == PIC_OK)
        rc = c->store->enrol(c->context, m, c->noise.remote_static, c->now_ms, &certificate,
                             &c->scratch->list);
    if (rc == PIC_OK) {
        c->scratch->outcome.device = certificate.device;
        tell_enrolled(c, &secret, &certificate);
    }
    pic_secret_wipe(&secret);
    return rc;
}

/* --- one call --- */

static const struct {
    int (*answer)(struct call *c);
    bool open; /* to who is no device yet */
} handlers[] = {
    [PIC_REQUEST_ENROL] = {answer_enrol, true}, [PIC_REQUEST_SYNC] = {answer_sync, false},
    [PIC_REQUEST_PUT] = {answer_put, false},    [PIC_REQUEST_GET] = {answer_get, false},
    [PIC_REQUEST_GIVE] = {answer_give, true},
};

static int answer_request(struct call *c)
{
    int rc = pic_request_get(pic_buf_view(&c->scratch->request), &c->request);
    if (rc != PIC_OK)
        return rc;
    c->reply.type = c->scratch->outcome.type = c->request.type;
    if (!handlers[c->request.type].open) {
        rc = c->store->device(c->context, c->noise.remote_static, &c->device);
        if (rc != PIC_OK)
            return rc;
        c->scratch->outcome.device = c->device.certificate.device;
    }
    return handlers[c->request.type].answer(c);
}

/* A failure is answered without fields, but for documents, where what is held tells how to go on.
 */
static void settle(struct call *c, int rc)
{
    if (rc == PIC_OK)
        return;
    struct pic_reply bare = {.type = c->reply.type, .time_ms = c->reply.time_ms};
    bare.status = pic_reply_for(rc);
    if (c->reply.type == PIC_REQUEST_PUT && rc == PIC_EGAP)
        bare.put = c->reply.put;
    if (bare.type == 0)
        bare.type = PIC_REQUEST_PUT; /* without fields all replies are alike */
    c->reply = bare;
}

static void clear_status(struct call *c, enum pic_reply_status status, struct pic_buf *out)
{
    c->scratch->outcome.status = status;
    pic_buf_u8(out, PIC_FRAME_STATUS);
    pic_buf_u8(out, (uint8_t)status);
}

static void clear_key(struct call *c, struct pic_buf *out)
{
    pic_buf_u8(out, PIC_FRAME_KEY);
    pic_transport_put(current_transport(c), c->answer->identity, out);
}

/* Opens the message with whichever key it was sealed under: PIC_EDECRYPT when with none. */
static int open_message(struct call *c, struct pic_span message)
{
    int rc = PIC_EDECRYPT;
    for (size_t i = 0; i < c->answer->key_n && rc == PIC_EDECRYPT; i++) {
        pic_noise_init_server(&c->noise, pic_span_text(PIC_NOISE_PROLOGUE),
                              &c->answer->keys[i].pair);
        rc = pic_noise_ask_read(&c->noise, message, c->hash, &c->scratch->request);
        c->old_key = i > 0;
    }
    return rc;
}

static void answer_noise(struct call *c, struct pic_span message, struct pic_buf *out)
{
    int rc = open_message(c, message);
    if (rc == PIC_EDECRYPT) {
        c->scratch->outcome.status = PIC_REPLY_STALE_KEY;
        clear_key(c, out);
        return;
    }
    if (rc != PIC_OK) {
        clear_status(c, PIC_REPLY_MALFORMED, out);
        return;
    }
    settle(c, answer_request(c));
    c->scratch->outcome.status = c->reply.status;
    pic_reply_put(&c->reply, &c->scratch->reply);
    rc = pic_buf_status(&c->scratch->reply);
    pic_buf_u8(out, PIC_FRAME_REPLY);
    if (rc == PIC_OK)
        rc = pic_noise_answer(&c->noise, c->answer->random, pic_buf_view(&c->scratch->reply), out);
    if (rc != PIC_OK) {
        pic_buf_clear(out);
        clear_status(c, PIC_REPLY_BUSY, out);
    }
}

static void clear_scratch(struct pic_answer_scratch *scratch)
{
    pic_buf_clear(&scratch->request);
    pic_buf_clear(&scratch->reply);
    pic_buf_clear(&scratch->receipt);
    pic_buf_clear(&scratch->record);
    pic_buf_clear(&scratch->list);
    pic_buf_clear(&scratch->bytes);
    memset(&scratch->outcome, 0, sizeof scratch->outcome);
}

int pic_answer(const struct pic_answer *answer, struct pic_answer_scratch *scratch, int64_t now_ms,
               struct pic_span request, struct pic_buf *reply)
{
    struct call c = {.answer = answer,
                     .store = answer->store,
                     .context = answer->store->context,
                     .scratch = scratch,
                     .now_ms = now_ms,
                     .reply = {.time_ms = now_ms}};
    clear_scratch(scratch);
    pic_buf_clear(reply);
    uint8_t kind = request.n > 0 ? request.p[0] : 0;
    if (kind == PIC_FRAME_REQUEST)
        answer_noise(&c, pic_span_of(request.p + 1, request.n - 1), reply);
    else if (kind == PIC_FRAME_KEY_ASK && request.n == 1)
        clear_key(&c, reply);
    else
        clear_status(&c, PIC_REPLY_MALFORMED, reply);
    pic_noise_release(&c.noise);
    return pic_buf_status(reply);
}
