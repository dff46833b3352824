/* exchange: an agent and a server in memory; each rule of admission, each status, each attack. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/base/clock.h"
#include "tests/lib/exchange_stage.h"

enum { FRAME_HEADER = 8, IDLE_MAX = 250, PUSH_MAX = 400, PUSH_REPLY_MAX = 300 };

static int open_stage(void **state)
{
    static struct stage stage;
    stage_open(&stage);
    *state = &stage;
    return 0;
}

static int close_stage(void **state)
{
    stage_close(*state);
    return 0;
}

/* --- segments to send --- */

struct author {
    uint32_t device;
    uint64_t audience;
    const struct pic_signer *signer;
    int64_t time_ms;
};

static struct author author_of(const struct stage *s)
{
    return (struct author){STAGE_DEVICE, STAGE_ORGANISATION, &s->signer, STAGE_NOW_MS};
}

/* An expense, as a volunteer enters it, sealed alone after head; head then moves. */
static void seal(const struct author *a, struct pic_log_head *head, struct pic_buf *out)
{
    static const uint8_t receipt[PIC_HASH_SIZE] = {0x5a, 0xc3, 0x19};
    const uint64_t dot = pic_dot(a->device, head->seq + 1);
    const struct pic_op ops[] = {
        {.field = 1, .value = {.kind = PIC_KIND_REF, .i = (int64_t)pic_dot(a->device, 1)}},
        {.field = 2, .value = {.kind = PIC_KIND_INT, .i = 20417}},
        {.field = 3, .value = {.kind = PIC_KIND_INT, .i = 4350}},
        {.field = 4, .value = {.kind = PIC_KIND_TEXT, .s = pic_span_text("Boulangerie Lefebvre")}},
        {.field = 5, .value = {.kind = PIC_KIND_TEXT, .s = pic_span_text("alimentation")}},
        {.field = 6, .value = {.kind = PIC_KIND_BYTES, .s = {receipt, sizeof receipt}}},
    };
    const struct pic_change change = {.dot = dot,
                                      .id = dot,
                                      .stamp = pic_clock_at(a->time_ms) + head->seq,
                                      .entity = 7,
                                      .op_n = sizeof ops / sizeof *ops,
                                      .ops = ops};
    const struct pic_change *const changes[] = {&change};
    size_t taken = 0;
    struct pic_segment segment;
    pic_buf_clear(out);
    assert_int_equal(
        pic_segment_seal(changes, 1, a->audience, head->hash, 1, a->signer, out, &taken), PIC_OK);
    assert_int_equal(pic_segment_read(pic_buf_view(out), &segment), PIC_OK);
    head->seq = segment.last_seq;
    memcpy(head->hash, segment.hash, PIC_HASH_SIZE);
}

static struct pic_request push_of(const struct pic_log_head *head, const struct pic_buf *segment)
{
    struct pic_request r = {.type = PIC_REQUEST_SYNC};
    r.sync.head_seq = head->seq;
    memcpy(r.sync.head_mark, head->hash, PIC_MARK_SIZE);
    r.sync.segment = pic_buf_view(segment);
    return r;
}

/* Sends a segment and gives the reply's status. */
static enum pic_reply_status push(struct stage *s, const struct pic_log_head *head,
                                  const struct pic_buf *segment, struct pic_asked *out)
{
    const struct pic_request request = push_of(head, segment);
    assert_int_equal(stage_exchange(s, &request, out), PIC_OK);
    return out->reply.status;
}

/* --- sizes --- */

static void an_idle_sync_costs_little_and_writes_nothing(void **state)
{
    struct stage *s = *state;
    struct fake_device *d = stage_enrolled(s);
    /* Three years of use: long numbers everywhere, and the cursor's segment is in the journal. */
    struct pic_log_head head = {.seq = 20000};
    struct pic_buf segment;
    struct pic_segment read;
    pic_buf_init(&segment, PIC_SEGMENT_MAX);
    struct author other = author_of(s);
    other.device = 43;
    s->store.position = 3000000;
    seal(&other, &head, &segment);
    assert_int_equal(pic_segment_read(pic_buf_view(&segment), &read), PIC_OK);
    fake_store_journal(&s->store, &read);
    d->head = head;
    d->receipt = (struct pic_receipt){.number = 400000, .device = STAGE_DEVICE, .seq = head.seq};
    struct pic_request request = {.type = PIC_REQUEST_SYNC,
                                  .sync = {.cursor = 3000001,
                                           .head_seq = head.seq,
                                           .receipt = 400000,
                                           .dictionary = 12,
                                           .program = 0x010203,
                                           .disk = 15,
                                           .clock = -45}};
    memcpy(request.sync.cursor_mark, read.hash, PIC_MARK_SIZE);
    memcpy(request.sync.head_mark, head.hash, PIC_MARK_SIZE);
    struct pic_asked out;
    assert_int_equal(stage_exchange(s, &request, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_OK);
    assert_int_equal(out.reply.sync.flags, 0);
    assert_int_equal(out.reply.time_ms, STAGE_NOW_MS);
    size_t up = FRAME_HEADER + s->request.len, down = FRAME_HEADER + s->reply.len;
    print_message("idle sync: %zu bytes up, %zu down\n", up, down);
    assert_true(up + down <= IDLE_MAX);
    assert_int_equal(s->store.writes, 0);
    assert_int_equal(s->store.seen, 1);
    pic_buf_release(&segment);
}

static void one_new_change_costs_little(void **state)
{
    struct stage *s = *state;
    struct fake_device *d = stage_enrolled(s);
    struct pic_log_head head = {.seq = 20000};
    memset(head.hash, 0x77, PIC_HASH_SIZE);
    d->head = head;
    s->store.position = 3000000;
    s->store.receipt_number = 400000;
    struct pic_buf segment;
    pic_buf_init(&segment, PIC_SEGMENT_MAX);
    const struct author me = author_of(s);
    seal(&me, &head, &segment);
    struct pic_request request = push_of(&head, &segment);
    request.sync.receipt = 399999;
    request.sync.pending_changes = 1;
    request.sync.pending_documents = 1;
    request.sync.dictionary = 12;
    request.sync.program = 0x010203;
    request.sync.disk = 15;
    request.sync.clock = -45;
    struct pic_asked out;
    assert_int_equal(stage_exchange(s, &request, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_OK);
    assert_true(out.has_receipt);
    assert_int_equal(out.receipt.seq, head.seq);
    assert_memory_equal(out.receipt.head, head.hash, PIC_HASH_SIZE);
    /* The cursor is the one thing that this request leaves out. */
    size_t up = FRAME_HEADER + s->request.len + 4 + PIC_MARK_SIZE;
    size_t down = FRAME_HEADER + s->reply.len;
    print_message("one change: %zu bytes up (segment %zu), %zu down\n", up, segment.len, down);
    assert_true(up <= PUSH_MAX && down <= PUSH_REPLY_MAX);
    assert_int_equal(s->store.writes, 1);
    pic_buf_release(&segment);
}

/* --- push --- */

static void a_segment_sent_twice_is_written_once(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    struct pic_log_head head = {0};
    struct pic_buf segment, replay;
    struct pic_asked out;
    pic_buf_init(&segment, PIC_SEGMENT_MAX);
    pic_buf_init(&replay, PIC_FRAME_MAX);
    const struct author me = author_of(s);
    seal(&me, &head, &segment);
    assert_int_equal(push(s, &head, &segment, &out), PIC_REPLY_OK);
    const uint64_t number = out.receipt.number;
    /* The same frame, replayed by who listened; then the agent, which lost the reply. */
    pic_buf_bytes(&replay, s->request.data, s->request.len);
    assert_int_equal(
        pic_answer(&s->answer, &s->scratch, s->now_ms, pic_buf_view(&replay), &s->reply), PIC_OK);
    assert_int_equal(s->scratch.outcome.status, PIC_REPLY_OK);
    assert_int_equal(push(s, &head, &segment, &out), PIC_REPLY_OK);
    assert_true(out.has_receipt);
    assert_int_equal(out.receipt.number, number);
    assert_int_equal(s->store.writes, 1);
    pic_buf_release(&segment);
    pic_buf_release(&replay);
}

static void a_gap_tells_the_head(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    struct pic_log_head head = {0};
    struct pic_buf segment;
    struct pic_asked out;
    pic_buf_init(&segment, PIC_SEGMENT_MAX);
    const struct author me = author_of(s);
    seal(&me, &head, &segment);
    seal(&me, &head, &segment);
    assert_int_equal(push(s, &head, &segment, &out), PIC_REPLY_GAP);
    assert_true((out.reply.sync.flags & PIC_SYNC_HEAD) != 0);
    assert_int_equal(out.reply.sync.head_seq, 0); /* told, although zero */
    assert_int_equal(s->store.writes, 0);
    pic_buf_release(&segment);
}

static void a_fork_is_noticed_with_and_without_a_segment(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    struct pic_log_head first = {0}, second = {0};
    struct pic_buf segment;
    struct pic_asked out;
    pic_buf_init(&segment, PIC_SEGMENT_MAX);
    struct author me = author_of(s);
    seal(&me, &first, &segment);
    assert_int_equal(push(s, &first, &segment, &out), PIC_REPLY_OK);
    me.time_ms -= 1000; /* the same sequence, written again after a restore */
    seal(&me, &second, &segment);
    assert_int_equal(push(s, &second, &segment, &out), PIC_REPLY_FORK);
    assert_int_equal(out.reply.sync.head_seq, 1);
    assert_memory_equal(out.reply.sync.head_mark, first.hash, PIC_MARK_SIZE);
    struct pic_request idle = push_of(&second, &segment);
    idle.sync.segment = (struct pic_span){0};
    assert_int_equal(stage_exchange(s, &idle, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_FORK);
    assert_int_equal(s->store.writes, 1);
    pic_buf_release(&segment);
}

static void a_stamp_from_the_future_enters_no_log(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    struct pic_buf segment;
    struct pic_asked out;
    pic_buf_init(&segment, PIC_SEGMENT_MAX);
    struct author me = author_of(s);
    struct pic_log_head head = {0};
    me.time_ms = STAGE_NOW_MS + PIC_CLOCK_AHEAD_MS + 1;
    seal(&me, &head, &segment);
    assert_int_equal(push(s, &head, &segment, &out), PIC_REPLY_CLOCK_AHEAD);
    assert_int_equal(out.reply.time_ms, STAGE_NOW_MS);
    assert_int_equal(pic_reply_status_of(out.reply.status), PIC_ECLOCK);
    assert_int_equal(s->store.writes, 0);
    memset(&head, 0, sizeof head);
    me.time_ms = STAGE_NOW_MS + PIC_CLOCK_AHEAD_MS;
    seal(&me, &head, &segment);
    assert_int_equal(push(s, &head, &segment, &out), PIC_REPLY_OK);
    pic_buf_release(&segment);
}

static void only_the_author_s_own_segments_are_taken(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    struct pic_buf segment;
    pic_buf_init(&segment, PIC_SEGMENT_MAX);
    struct pic_signer stranger;
    stage_fill(stranger.seed.bytes, 0x44);
    pic_signer_from_seed(&stranger);
    const struct author me = author_of(s);
    struct author others[] = {me, me, me, me};
    others[0].device = 43;
    others[1].audience = pic_dot(PIC_DEVICE_SERVER, 10); /* another organisation's log */
    others[2].audience = PIC_AUDIENCE_ALL;
    others[3].signer = &stranger;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct pic_log_head head = {0};
        struct pic_asked out;
        seal(&others[i], &head, &segment);
        assert_int_equal(push(s, &head, &segment, &out), PIC_REPLY_REFUSED);
    }
    assert_int_equal(s->store.writes, 0);
    pic_buf_release(&segment);
}

static void a_damaged_segment_is_never_appended(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    struct pic_log_head head = {0};
    struct pic_buf segment, damaged;
    struct pic_asked out;
    pic_buf_init(&segment, PIC_SEGMENT_MAX);
    pic_buf_init(&damaged, PIC_SEGMENT_MAX);
    const struct author me = author_of(s);
    seal(&me, &head, &segment);
    for (size_t i = 0; i < segment.len; i++) {
        pic_buf_clear(&damaged);
        pic_buf_bytes(&damaged, segment.data, segment.len);
        damaged.data[i] ^= 0x10;
        assert_int_not_equal(push(s, &head, &damaged, &out), PIC_REPLY_OK);
        pic_buf_clear(&damaged);
        if (i == 0)
            continue;
        pic_buf_bytes(&damaged, segment.data, i);
        assert_int_not_equal(push(s, &head, &damaged, &out), PIC_REPLY_OK);
    }
    /* Well signed, but its body does not decode. */
    pic_buf_clear(&damaged);
    struct pic_segment read;
    assert_int_equal(pic_segment_read(pic_buf_view(&segment), &read), PIC_OK);
    pic_buf_bytes(&damaged, segment.data, segment.len);
    size_t body = (size_t)(read.body.p - segment.data);
    memset(damaged.data + body, 0xff, read.body.n);
    uint8_t hash[PIC_HASH_SIZE];
    pic_hash(pic_span_of(damaged.data, body + read.body.n), hash);
    pic_sign(&s->signer, "pic/1 segment", pic_span_of(hash, sizeof hash),
             damaged.data + damaged.len - PIC_SIGNATURE_SIZE);
    assert_int_equal(push(s, &head, &damaged, &out), PIC_REPLY_MALFORMED);
    assert_int_equal(s->store.writes, 0);
    pic_buf_release(&segment);
    pic_buf_release(&damaged);
}

static void a_retired_device_may_finish_and_no_more(void **state)
{
    struct stage *s = *state;
    struct fake_device *d = stage_enrolled(s);
    d->device.retired = true;
    d->device.last_seq = 1;
    struct pic_log_head head = {0};
    struct pic_buf segment;
    struct pic_asked out;
    pic_buf_init(&segment, PIC_SEGMENT_MAX);
    const struct author me = author_of(s);
    seal(&me, &head, &segment);
    assert_int_equal(push(s, &head, &segment, &out), PIC_REPLY_REVOKED);
    assert_true(out.has_receipt);
    assert_int_equal(out.receipt.seq, 1);
    seal(&me, &head, &segment);
    assert_int_equal(push(s, &head, &segment, &out), PIC_REPLY_REVOKED);
    assert_int_equal(s->store.writes, 1);
    const struct pic_request get = {.type = PIC_REQUEST_GET, .get = {.max = 10}};
    assert_int_equal(stage_exchange(s, &get, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_REVOKED);
    pic_buf_release(&segment);
}

/* --- pull --- */

enum { FED = 40, FED_SIZE = 4000 };

/* A journal of FED segments for everybody, of bytes that need not decode. */
static void fill_journal(struct stage *s)
{
    uint8_t bytes[FED_SIZE];
    for (unsigned i = 0; i < FED; i++) {
        memset(bytes, (int)i + 1, sizeof bytes);
        struct pic_segment segment = {.device = 1, .bytes = {bytes, sizeof bytes}};
        pic_hash(segment.bytes, segment.hash);
        s->store.position += i % 3; /* positions with holes */
        fake_store_journal(&s->store, &segment);
    }
}

static void pages_pulled_ahead_join_up(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    fill_journal(s);
    uint64_t cursor = 0;
    unsigned n = 0, page = 0;
    for (bool more = true; more; page++) {
        const struct pic_request request = {.type = PIC_REQUEST_SYNC, .sync = {.page = page}};
        struct pic_asked out;
        assert_int_equal(stage_exchange(s, &request, &out), PIC_OK);
        assert_int_equal(out.feed_start, cursor);
        struct pic_feed feed = out.reply.sync.feed;
        const uint64_t next = cursor + feed.distance;
        struct pic_span segment;
        while (pic_feed_next(&feed, &cursor, &segment)) {
            assert_int_equal(cursor, s->store.segments[n].position);
            assert_int_equal(segment.n, FED_SIZE);
            assert_int_equal(segment.p[0], ++n);
        }
        assert_int_equal(cursor, next);
        more = (out.reply.sync.flags & PIC_SYNC_MORE) != 0;
    }
    assert_int_equal(n, FED);
    assert_true(page > 2);
    const struct pic_request beyond = {.type = PIC_REQUEST_SYNC, .sync = {.page = page + 3}};
    struct pic_asked out;
    assert_int_equal(stage_exchange(s, &beyond, &out), PIC_OK);
    assert_int_equal(out.reply.sync.feed.n, 0);
    assert_int_equal(out.feed_start, cursor);
}

static void a_cursor_of_another_journal_begins_again(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    fill_journal(s);
    struct pic_request request = {.type = PIC_REQUEST_SYNC,
                                  .sync = {.cursor = s->store.segments[3].position}};
    struct pic_asked out;
    memcpy(request.sync.cursor_mark, s->store.segments[3].hash, PIC_MARK_SIZE);
    assert_int_equal(stage_exchange(s, &request, &out), PIC_OK);
    assert_int_equal(out.reply.sync.flags & PIC_SYNC_RESTART, 0);
    assert_int_equal(out.feed_start, request.sync.cursor);
    request.sync.cursor_mark[0] ^= 1; /* another segment is there now */
    assert_int_equal(stage_exchange(s, &request, &out), PIC_OK);
    assert_int_not_equal(out.reply.sync.flags & PIC_SYNC_RESTART, 0);
    assert_int_equal(out.feed_start, 0);
    request.sync.cursor = s->store.position + 7; /* nothing is there any more */
    assert_int_equal(stage_exchange(s, &request, &out), PIC_OK);
    assert_int_not_equal(out.reply.sync.flags & PIC_SYNC_RESTART, 0);
}

static void the_own_log_comes_back_only_when_asked(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    struct pic_log_head head = {0};
    struct pic_buf segment;
    struct pic_asked out;
    pic_buf_init(&segment, PIC_SEGMENT_MAX);
    const struct author me = author_of(s);
    seal(&me, &head, &segment);
    assert_int_equal(push(s, &head, &segment, &out), PIC_REPLY_OK);
    assert_int_equal(out.reply.sync.feed.n, 0);
    struct pic_request request = {.type = PIC_REQUEST_SYNC, .sync = {.flags = PIC_SYNC_OWN}};
    assert_int_equal(stage_exchange(s, &request, &out), PIC_OK);
    assert_int_equal(out.reply.sync.feed.n, 1);
    assert_int_equal(out.reply.sync.head_seq, 1); /* a restored laptop learns where it stood */
    request.sync.flags |= PIC_SYNC_NO_FEED;
    assert_int_equal(stage_exchange(s, &request, &out), PIC_OK);
    assert_int_equal(out.reply.sync.feed.n, 0);
    pic_buf_release(&segment);
}

static void wishes_fit_beside_a_full_page(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    fill_journal(s);
    for (unsigned i = 0; i < 2 * PIC_WANTED_MAX * PIC_HASH_SIZE; i++)
        pic_buf_u8(&s->store.wishes, (uint8_t)(1 + i % 200));
    const struct pic_request request = {.type = PIC_REQUEST_SYNC};
    struct pic_asked out;
    assert_int_equal(stage_exchange(s, &request, &out), PIC_OK);
    assert_int_equal(out.reply.sync.wanted.n, PIC_WANTED_MAX * PIC_HASH_SIZE);
    assert_true(out.reply.sync.feed.n > 10);
}

/* --- documents --- */

static void a_document_travels_in_parts(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    static uint8_t document[150000];
    memset(document, 0x42, sizeof document);
    struct pic_request put = {.type = PIC_REQUEST_PUT, .put = {.total = sizeof document}};
    pic_hash(pic_span_of(document, sizeof document), put.put.hash);
    struct pic_asked out;
    put.put.offset = 100;
    put.put.bytes = pic_span_of(document + 100, 10);
    assert_int_equal(stage_exchange(s, &put, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_GAP);
    assert_int_equal(out.reply.put.held, 0);
    for (size_t at = 0; at < sizeof document; at = out.reply.put.held) {
        size_t left = sizeof document - at;
        put.put.offset = at;
        put.put.bytes =
            pic_span_of(document + at, left < PIC_BLOB_CHUNK_MAX ? left : PIC_BLOB_CHUNK_MAX);
        assert_int_equal(stage_exchange(s, &put, &out), PIC_OK);
        assert_int_equal(out.reply.status, PIC_REPLY_OK);
    }
    assert_int_equal(out.reply.put.complete, 1);
    struct pic_request get = {.type = PIC_REQUEST_GET, .get = {.max = PIC_BLOB_CHUNK_MAX}};
    memcpy(get.get.hash, put.put.hash, PIC_HASH_SIZE);
    do {
        assert_int_equal(stage_exchange(s, &get, &out), PIC_OK);
        assert_int_equal(out.reply.get.total, sizeof document);
        assert_true(out.reply.get.bytes.n > 0);
        assert_memory_equal(out.reply.get.bytes.p, document + get.get.offset,
                            out.reply.get.bytes.n);
        get.get.offset += out.reply.get.bytes.n;
    } while (get.get.offset < sizeof document);
    get.get.hash[0] ^= 1;
    assert_int_equal(stage_exchange(s, &get, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_NOT_FOUND);
}

static void a_document_that_is_not_its_hash_is_told(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    struct pic_request put = {.type = PIC_REQUEST_PUT,
                              .put = {.hash = {1}, .total = 4, .bytes = pic_span_text("abcd")}};
    struct pic_asked out;
    assert_int_equal(stage_exchange(s, &put, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_WRONG_HASH);
    put.put.total = 3; /* more bytes than the document has */
    assert_int_equal(stage_exchange(s, &put, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_MALFORMED);
    s->store.trouble = PIC_ELIMIT;
    put.put.total = 4;
    put.put.hash[0] = 2;
    assert_int_equal(stage_exchange(s, &put, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_TOO_LARGE);
}

/* --- enrolment --- */

static void an_invitation_makes_a_device(void **state)
{
    struct stage *s = *state;
    struct pic_asked out;
    assert_int_equal(stage_enrol(s, &s->store.code, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_OK);
    const struct pic_certificate expected = stage_certificate(s);
    assert_int_equal(out.certificate.device, expected.device);
    assert_int_equal(out.certificate.organisation, expected.organisation);
    assert_memory_equal(out.certificate.sign_key, expected.sign_key, PIC_KEY_SIZE);
    assert_memory_equal(out.certificate.transport_key, expected.transport_key, PIC_KEY_SIZE);
    assert_memory_equal(out.certificate.box_key, expected.box_key, PIC_KEY_SIZE);
    assert_true(out.has_receipt);
    assert_int_equal(out.receipt.seq, 0);
    assert_memory_equal(out.reply.enrol.authority, s->authority.public, PIC_KEY_SIZE);
    assert_true(
        pic_span_equal(out.reply.enrol.organisation_name, pic_span_text("ADCM, Méricourt")));
    /* The reply was lost: the same again gives the same. */
    assert_int_equal(stage_enrol(s, &s->store.code, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_OK);
    assert_int_equal(s->store.writes, 1);
    const struct pic_request idle = {.type = PIC_REQUEST_SYNC};
    assert_int_equal(stage_exchange(s, &idle, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_OK);
}

static void each_refused_invitation_has_its_status(void **state)
{
    struct stage *s = *state;
    static const struct {
        int said;
        enum pic_reply_status status;
    } cases[] = {{PIC_EINVITATION_EXPIRED, PIC_REPLY_INVITATION_EXPIRED},
                 {PIC_EINVITATION_USED, PIC_REPLY_INVITATION_USED},
                 {PIC_EINVITATION_REVOKED, PIC_REPLY_INVITATION_REVOKED},
                 {PIC_EINVITATION, PIC_REPLY_INVITATION_UNKNOWN}};
    struct pic_asked out;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s->store.invitation = cases[i].said;
        assert_int_equal(stage_enrol(s, &s->store.code, &out), PIC_OK);
        assert_int_equal(out.reply.status, cases[i].status);
        assert_int_equal(pic_reply_status_of(out.reply.status), cases[i].said);
    }
    struct pic_code wrong = s->store.code;
    wrong.text[14] = '0';
    assert_int_equal(stage_enrol(s, &wrong, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_INVITATION_UNKNOWN);
    assert_int_equal(s->store.writes, 0);
}

/* An enrolment whose payload is altered at one place, sealed again by someone who cannot prove. */
static enum pic_reply_status enrol_altered(struct stage *s, struct pic_span payload, size_t at)
{
    struct pic_noise noise;
    struct pic_buf plain;
    pic_buf_init(&plain, PIC_REQUEST_MAX);
    pic_buf_bytes(&plain, payload.p, payload.n);
    plain.data[at] ^= 1;
    pic_buf_clear(&s->request);
    pic_buf_u8(&s->request, PIC_FRAME_REQUEST);
    pic_noise_init_agent(&noise, pic_span_text(PIC_NOISE_PROLOGUE), &s->agent,
                         s->keys[0].transport.key);
    assert_int_equal(pic_noise_ask_start(&noise, &s->agent_random, &s->request), PIC_OK);
    assert_int_equal(pic_noise_ask_finish(&noise, pic_buf_view(&plain), &s->request), PIC_OK);
    pic_buf_release(&plain);
    pic_noise_release(&noise);
    assert_int_equal(
        pic_answer(&s->answer, &s->scratch, s->now_ms, pic_buf_view(&s->request), &s->reply),
        PIC_OK);
    return s->scratch.outcome.status;
}

static void an_enrolment_without_its_proofs_is_refused(void **state)
{
    struct stage *s = *state;
    struct pic_asked out;
    struct pic_buf payload;
    pic_buf_init(&payload, PIC_REQUEST_MAX);
    s->store.invitation = PIC_EINVITATION_REVOKED; /* reached only when every proof is right */
    assert_int_equal(stage_enrol(s, &s->store.code, &out), PIC_OK);
    pic_buf_bytes(&payload, s->scratch.request.data, s->scratch.request.len);
    for (size_t i = 0; i < payload.len; i++) {
        enum pic_reply_status status = enrol_altered(s, pic_buf_view(&payload), i);
        assert_true(status == PIC_REPLY_INVITATION_UNKNOWN || status == PIC_REPLY_MALFORMED ||
                    status == PIC_REPLY_UPGRADE_REQUIRED);
    }
    /* The very same payload in another handshake proves nothing. */
    s->agent_ephemeral = 0x55;
    pic_buf_u8(&payload, 0);
    assert_int_equal(enrol_altered(s, pic_span_of(payload.data, payload.len - 1), payload.len - 2),
                     PIC_REPLY_INVITATION_UNKNOWN);
    pic_buf_release(&payload);
}

static void a_server_that_does_not_know_the_code_is_unmasked(void **state)
{
    struct stage *s = *state;
    struct stage liar;
    stage_open(&liar);
    /* It has keys of its own, which the agent took from a clear frame, but not the secret. */
    stage_fill(liar.identity.seed.bytes, 0x66);
    pic_signer_from_seed(&liar.identity);
    struct pic_buf key;
    struct pic_transport transport;
    pic_buf_init(&key, PIC_FRAME_MAX);
    pic_ask_key(&key);
    assert_int_equal(
        pic_answer(&liar.answer, &liar.scratch, liar.now_ms, pic_buf_view(&key), &liar.reply),
        PIC_OK);
    assert_int_equal(pic_ask_key_read(pic_buf_view(&liar.reply), s->identity.public, &transport),
                     PIC_ESIGNATURE);
    assert_int_equal(pic_ask_key_read(pic_buf_view(&liar.reply), NULL, &transport), PIC_OK);
    struct pic_ask ask;
    struct pic_asked out;
    const struct pic_enrol_request request = stage_enrol_request(s);
    s->party.server = &transport;
    pic_buf_clear(&s->request);
    assert_int_equal(
        pic_ask_enrol(&ask, &s->party, &s->store.code, &s->signer, &request, &s->request), PIC_OK);
    /* It claims success with a certificate of its own making. */
    struct pic_noise noise;
    uint8_t hash[PIC_NOISE_HASH_SIZE];
    struct pic_buf plain, record;
    pic_buf_init(&plain, PIC_REQUEST_MAX);
    pic_buf_init(&record, PIC_CERTIFICATE_MAX);
    pic_noise_init_server(&noise, pic_span_text(PIC_NOISE_PROLOGUE), &liar.keys[0].pair);
    assert_int_equal(pic_noise_ask_read(&noise,
                                        pic_span_of(s->request.data + 1, s->request.len - 1), hash,
                                        &plain),
                     PIC_OK);
    const struct pic_certificate certificate = stage_certificate(s);
    pic_certificate_put(&certificate, &liar.identity, &record);
    struct pic_reply reply = {.type = PIC_REQUEST_ENROL,
                              .enrol = {.proof = {1}, .certificate = pic_buf_view(&record)}};
    pic_buf_clear(&plain);
    pic_reply_put(&reply, &plain);
    pic_buf_clear(&s->reply);
    pic_buf_u8(&s->reply, PIC_FRAME_REPLY);
    assert_int_equal(pic_noise_answer(&noise, &liar.server_random, pic_buf_view(&plain), &s->reply),
                     PIC_OK);
    assert_int_equal(pic_ask_read(&ask, pic_buf_view(&s->reply), &s->plain, &out), PIC_ESIGNATURE);
    pic_noise_release(&noise);
    pic_buf_release(&key);
    pic_buf_release(&plain);
    pic_buf_release(&record);
    stage_close(&liar);
}

/* --- keys --- */

static void a_deleted_key_is_answered_with_the_current_one(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    const struct pic_request idle = {.type = PIC_REQUEST_SYNC};
    struct pic_asked out;
    s->party.server = &s->keys[1].transport;
    /* Still held: it answers, and tells the current key. */
    assert_int_equal(stage_exchange(s, &idle, &out), PIC_OK);
    assert_true(out.has_transport);
    assert_memory_equal(out.transport.key, s->keys[0].transport.key, PIC_KEY_SIZE);
    s->answer.key_n = 1;
    assert_int_equal(stage_exchange(s, &idle, &out), PIC_ESTALE_KEY);
    assert_int_equal(s->scratch.outcome.status, PIC_REPLY_STALE_KEY);
    const struct pic_transport newer = out.transport;
    s->party.server = &newer;
    assert_int_equal(stage_exchange(s, &idle, &out), PIC_OK);
    assert_false(out.has_transport);
}

static void an_old_or_foreign_key_is_not_taken_up(void **state)
{
    struct stage *s = *state;
    const struct pic_request idle = {.type = PIC_REQUEST_SYNC};
    struct pic_asked out;
    struct pic_ask ask;
    struct pic_buf frame;
    pic_buf_init(&frame, PIC_FRAME_MAX);
    assert_int_equal(pic_ask(&ask, &s->party, &idle, &s->request), PIC_OK);
    pic_buf_u8(&frame, PIC_FRAME_KEY);
    pic_transport_put(&s->keys[1].transport, &s->identity, &frame);
    assert_int_equal(pic_ask_read(&ask, pic_buf_view(&frame), &s->plain, &out), PIC_EDECRYPT);
    assert_int_equal(pic_ask(&ask, &s->party, &idle, &s->request), PIC_OK);
    struct pic_transport newest = s->keys[0].transport;
    newest.valid_from_ms++;
    pic_buf_clear(&frame);
    pic_buf_u8(&frame, PIC_FRAME_KEY);
    pic_transport_put(&newest, &s->signer, &frame);
    assert_int_equal(pic_ask_read(&ask, pic_buf_view(&frame), &s->plain, &out), PIC_ESIGNATURE);
    assert_false(out.has_transport);
    pic_buf_release(&frame);
}

/* --- what is not a request, and what is not a reply --- */

static void each_trouble_has_its_status(void **state)
{
    struct stage *s = *state;
    struct pic_request idle = {.type = PIC_REQUEST_SYNC, .sync = {.program = 0x000100}};
    struct pic_asked out;
    assert_int_equal(stage_exchange(s, &idle, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_UNKNOWN_DEVICE);
    (void)stage_enrolled(s);
    s->store.trouble = PIC_EIO;
    assert_int_equal(stage_exchange(s, &idle, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_BUSY);
    s->store.trouble = PIC_OK;
    s->answer.program_min = 0x000101;
    assert_int_equal(stage_exchange(s, &idle, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_UPGRADE_REQUIRED);
    assert_int_equal(stage_enrol(s, &s->store.code, &out), PIC_OK);
    assert_int_equal(out.reply.status, PIC_REPLY_UPGRADE_REQUIRED);
}

/* Answers bytes that only a hand-made agent would send inside Noise. */
static enum pic_reply_status answer_plain(struct stage *s, const void *bytes, size_t n)
{
    struct pic_noise noise;
    pic_buf_clear(&s->request);
    pic_buf_u8(&s->request, PIC_FRAME_REQUEST);
    pic_noise_init_agent(&noise, pic_span_text(PIC_NOISE_PROLOGUE), &s->agent,
                         s->keys[0].transport.key);
    assert_int_equal(pic_noise_ask_start(&noise, &s->agent_random, &s->request), PIC_OK);
    assert_int_equal(pic_noise_ask_finish(&noise, pic_span_of(bytes, n), &s->request), PIC_OK);
    assert_int_equal(
        pic_answer(&s->answer, &s->scratch, s->now_ms, pic_buf_view(&s->request), &s->reply),
        PIC_OK);
    assert_int_equal(s->reply.data[0], PIC_FRAME_REPLY);
    pic_buf_clear(&s->plain);
    assert_int_equal(
        pic_noise_answer_read(&noise, pic_span_of(s->reply.data + 1, s->reply.len - 1), &s->plain),
        PIC_OK);
    pic_noise_release(&noise);
    struct pic_reply reply;
    assert_int_equal(pic_reply_get(pic_buf_view(&s->plain), PIC_REQUEST_SYNC, &reply), PIC_OK);
    return reply.status;
}

static void what_is_no_request_is_answered_all_the_same(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    assert_int_equal(answer_plain(s, "", 0), PIC_REPLY_MALFORMED);
    assert_int_equal(answer_plain(s, "\x63\x01\x00", 3), PIC_REPLY_MALFORMED); /* unknown type */
    assert_int_equal(answer_plain(s, "\x02\x01\x00\x00", 4), PIC_REPLY_MALFORMED);
    assert_int_equal(answer_plain(s, "\x02\x02zzz", 5), PIC_REPLY_UPGRADE_REQUIRED);
    assert_int_equal(answer_plain(s, "\x02\x01\x00", 3), PIC_REPLY_OK);
    static const uint8_t clear[][2] = {
        {0, 0}, {PIC_FRAME_REPLY, 1}, {PIC_FRAME_KEY_ASK, 0}, {255, 0}, {PIC_FRAME_REQUEST, 0}};
    for (size_t i = 0; i < sizeof clear / sizeof *clear; i++)
        for (size_t n = 0; n <= 2; n++) {
            if (n == 1 && clear[i][0] == PIC_FRAME_KEY_ASK)
                continue;
            assert_int_equal(
                pic_answer(&s->answer, &s->scratch, s->now_ms, pic_span_of(clear[i], n), &s->reply),
                PIC_OK);
            assert_int_equal(s->reply.len, 2);
            assert_int_equal(s->reply.data[0], PIC_FRAME_STATUS);
            assert_int_equal(s->reply.data[1], PIC_REPLY_MALFORMED);
        }
}

static void an_altered_request_only_earns_the_key(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    const struct pic_request idle = {.type = PIC_REQUEST_SYNC};
    struct pic_ask ask;
    assert_int_equal(pic_ask(&ask, &s->party, &idle, &s->request), PIC_OK);
    for (size_t i = 1; i < s->request.len; i++) {
        s->request.data[i] ^= 0x40;
        assert_int_equal(
            pic_answer(&s->answer, &s->scratch, s->now_ms, pic_buf_view(&s->request), &s->reply),
            PIC_OK);
        assert_int_equal(s->scratch.outcome.status, PIC_REPLY_STALE_KEY);
        s->request.data[i] ^= 0x40;
    }
    assert_int_equal(s->store.seen, 0);
    pic_ask_release(&ask);
}

static void the_agent_survives_every_altered_reply(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    const struct pic_request idle = {.type = PIC_REQUEST_SYNC};
    struct pic_ask ask, again;
    struct pic_asked out;
    assert_int_equal(pic_ask(&ask, &s->party, &idle, &s->request), PIC_OK);
    assert_int_equal(
        pic_answer(&s->answer, &s->scratch, s->now_ms, pic_buf_view(&s->request), &s->reply),
        PIC_OK);
    for (size_t i = 0; i < s->reply.len; i++) {
        again = ask;
        s->reply.data[i] ^= 0x01;
        assert_int_not_equal(pic_ask_read(&again, pic_buf_view(&s->reply), &s->plain, &out),
                             PIC_OK);
        s->reply.data[i] ^= 0x01;
        again = ask;
        assert_int_not_equal(pic_ask_read(&again, pic_span_of(s->reply.data, i), &s->plain, &out),
                             PIC_OK);
    }
    again = ask;
    static const uint8_t busy[] = {PIC_FRAME_STATUS, PIC_REPLY_BUSY};
    assert_int_equal(pic_ask_read(&again, pic_span_of(busy, 2), &s->plain, &out), PIC_EBUSY);
    assert_int_equal(pic_ask_read(&ask, pic_buf_view(&s->reply), &s->plain, &out), PIC_OK);
    /* Wiped after use: the same reply a second time is no reply. */
    assert_int_not_equal(pic_ask_read(&ask, pic_buf_view(&s->reply), &s->plain, &out), PIC_OK);
}

static void a_receipt_is_believed_only_from_the_pinned_identity_for_this_device(void **state)
{
    struct stage *s = *state;
    struct fake_device *d = stage_enrolled(s);
    const struct pic_request idle = {.type = PIC_REQUEST_SYNC};
    struct pic_asked out;
    d->receipt = (struct pic_receipt){.number = 5, .device = 43};
    assert_int_equal(stage_exchange(s, &idle, &out), PIC_ESIGNATURE);
    d->receipt.device = STAGE_DEVICE;
    assert_int_equal(stage_exchange(s, &idle, &out), PIC_OK);
    assert_true(out.has_receipt);
    s->answer.identity = &s->signer; /* a server with the transport key, not the identity */
    assert_int_equal(stage_exchange(s, &idle, &out), PIC_ESIGNATURE);
}

static void a_restored_server_s_smaller_receipt_numbers_are_told(void **state)
{
    struct stage *s = *state;
    (void)stage_enrolled(s);
    struct pic_log_head head = {0};
    struct pic_buf segment;
    struct pic_asked out;
    pic_buf_init(&segment, PIC_SEGMENT_MAX);
    const struct author me = author_of(s);
    seal(&me, &head, &segment);
    struct pic_request request = push_of(&head, &segment);
    /* The agent holds receipts 1 and 100 of before the restore; the server counts from 1 again. */
    for (unsigned i = 0; i < 2; i++) {
        request.sync.receipt = i == 0 ? 1 : 100;
        assert_int_equal(stage_exchange(s, &request, &out), PIC_OK);
        assert_true(out.has_receipt);
        assert_int_equal(out.receipt.number, 1);
    }
    request.sync.segment = (struct pic_span){0};
    assert_int_equal(stage_exchange(s, &request, &out), PIC_OK);
    assert_true(out.has_receipt);
    request.sync.receipt = 1;
    assert_int_equal(stage_exchange(s, &request, &out), PIC_OK);
    assert_false(out.has_receipt);
    pic_buf_release(&segment);
}

#define EXCHANGE_TEST(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EXCHANGE_TEST(an_idle_sync_costs_little_and_writes_nothing),
        EXCHANGE_TEST(one_new_change_costs_little),
        EXCHANGE_TEST(a_segment_sent_twice_is_written_once),
        EXCHANGE_TEST(a_gap_tells_the_head),
        EXCHANGE_TEST(a_fork_is_noticed_with_and_without_a_segment),
        EXCHANGE_TEST(a_stamp_from_the_future_enters_no_log),
        EXCHANGE_TEST(only_the_author_s_own_segments_are_taken),
        EXCHANGE_TEST(a_damaged_segment_is_never_appended),
        EXCHANGE_TEST(a_retired_device_may_finish_and_no_more),
        EXCHANGE_TEST(pages_pulled_ahead_join_up),
        EXCHANGE_TEST(a_cursor_of_another_journal_begins_again),
        EXCHANGE_TEST(the_own_log_comes_back_only_when_asked),
        EXCHANGE_TEST(wishes_fit_beside_a_full_page),
        EXCHANGE_TEST(a_document_travels_in_parts),
        EXCHANGE_TEST(a_document_that_is_not_its_hash_is_told),
        EXCHANGE_TEST(an_invitation_makes_a_device),
        EXCHANGE_TEST(each_refused_invitation_has_its_status),
        EXCHANGE_TEST(an_enrolment_without_its_proofs_is_refused),
        EXCHANGE_TEST(a_server_that_does_not_know_the_code_is_unmasked),
        EXCHANGE_TEST(a_deleted_key_is_answered_with_the_current_one),
        EXCHANGE_TEST(an_old_or_foreign_key_is_not_taken_up),
        EXCHANGE_TEST(each_trouble_has_its_status),
        EXCHANGE_TEST(what_is_no_request_is_answered_all_the_same),
        EXCHANGE_TEST(an_altered_request_only_earns_the_key),
        EXCHANGE_TEST(the_agent_survives_every_altered_reply),
        EXCHANGE_TEST(a_restored_server_s_smaller_receipt_numbers_are_told),
        EXCHANGE_TEST(a_receipt_is_believed_only_from_the_pinned_identity_for_this_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
