#include "tests/lib/exchange_vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/exchange_stage.h"
#include "tests/lib/hex.h"

enum { LINE_BYTES = 48 };

static void print(struct pic_buf *out, const char *name, struct pic_span bytes)
{
    pic_buf_printf(out, "%s:\n", name);
    for (size_t i = 0; i < bytes.n; i++)
        pic_buf_printf(out, "%02x%s", bytes.p[i],
                       (i + 1) % LINE_BYTES == 0 && i + 1 < bytes.n ? "\n" : "");
    pic_buf_text(out, "\n\n");
}

static void print_and_clear(struct pic_buf *out, const char *name, struct pic_buf *bytes)
{
    if (pic_buf_status(bytes) != PIC_OK)
        abort();
    print(out, name, pic_buf_view(bytes));
    pic_buf_clear(bytes);
}

static struct pic_receipt vector_receipt(void)
{
    struct pic_receipt r = {.number = 1234,
                            .device = STAGE_DEVICE,
                            .seq = 17,
                            .position = 5678,
                            .time_ms = STAGE_NOW_MS,
                            .changes = 17,
                            .documents = 2};
    stage_fill(r.head, 0xaa);
    stage_fill(r.documents_digest, 0xbb);
    return r;
}

static void print_records(struct stage *s, struct pic_buf *out, struct pic_buf *b)
{
    const struct pic_certificate certificate = stage_certificate(s);
    const struct pic_invitation invitation = stage_invitation(s);
    const struct pic_receipt receipt = vector_receipt();
    pic_transport_put(&s->keys[0].transport, &s->identity, b);
    print_and_clear(out, "transport_key", b);
    pic_certificate_put(&certificate, &s->identity, b);
    print_and_clear(out, "certificate", b);
    pic_receipt_put(&receipt, &s->identity, b);
    print_and_clear(out, "receipt", b);
    pic_invitation_put(&invitation, &s->identity, b);
    print_and_clear(out, "invitation", b);
}

/* A whole exchange: what was said in clear inside, and the frames' payloads. */
static void print_exchange(struct stage *s, struct pic_buf *out, const char *name)
{
    static const struct {
        const char *suffix;
        size_t offset;
    } parts[] = {
        {"request_frame", offsetof(struct stage, request)},
        {"request", offsetof(struct stage, scratch.request)},
        {"reply", offsetof(struct stage, plain)},
        {"reply_frame", offsetof(struct stage, reply)},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char full[64];
        const struct pic_buf *b =
            (const struct pic_buf *)(const void *)((const char *)s + parts[i].offset);
        (void)snprintf(full, sizeof full, "%s_%s", name, parts[i].suffix);
        print(out, full, pic_buf_view(b));
    }
}

static void print_exchanges(struct stage *s, struct pic_buf *out)
{
    const struct pic_request idle = {.type = PIC_REQUEST_SYNC,
                                     .sync = {.program = 0x000100, .dictionary = 1, .disk = 15}};
    struct pic_asked asked;
    if (stage_enrol(s, &s->store.code, &asked) != PIC_OK || asked.reply.status != PIC_REPLY_OK)
        abort();
    print_exchange(s, out, "enrol");
    if (stage_exchange(s, &idle, &asked) != PIC_OK || asked.reply.status != PIC_REPLY_OK)
        abort();
    print_exchange(s, out, "sync_idle");
}

/* The segments and documents in these are a few bytes that only fill the place. */
static void print_full_sync(struct pic_buf *out, struct pic_buf *b)
{
    static const uint8_t items[] = {1, 3, 'o', 'n', 'e', 5, 3, 't', 'w', 'o'};
    uint8_t hashes[2 * PIC_HASH_SIZE];
    stage_fill(hashes, 0xc1);
    stage_fill(hashes + PIC_HASH_SIZE, 0xc2);
    struct pic_request ask = {.type = PIC_REQUEST_SYNC,
                              .sync = {.cursor = 300,
                                       .cursor_mark = {1, 2, 3, 4, 5, 6, 7, 8},
                                       .page = 2,
                                       .flags = PIC_SYNC_OWN,
                                       .head_seq = 17,
                                       .head_mark = {8, 7, 6, 5, 4, 3, 2, 1},
                                       .receipt = 1233,
                                       .pending_changes = 3,
                                       .pending_documents = 1,
                                       .dictionary = 1,
                                       .program = 0x000100,
                                       .disk = 15,
                                       .clock = -90,
                                       .segment = pic_span_text("a segment")}};
    pic_request_put(&ask, b);
    print_and_clear(out, "sync_full_request", b);
    struct pic_reply answer = {.type = PIC_REQUEST_SYNC,
                               .status = PIC_REPLY_GAP,
                               .time_ms = STAGE_NOW_MS,
                               .sync = {.flags = PIC_SYNC_MORE | PIC_SYNC_HEAD,
                                        .head_seq = 11,
                                        .head_mark = {9, 9, 9, 9, 9, 9, 9, 9},
                                        .receipt = pic_span_text("a receipt"),
                                        .transport = pic_span_text("a transport key"),
                                        .wanted = {hashes, sizeof hashes},
                                        .skipped = 20,
                                        .feed = {2, {items, sizeof items}, 6}}};
    pic_reply_put(&answer, b);
    print_and_clear(out, "sync_full_reply", b);
}

static void print_documents(struct pic_buf *out, struct pic_buf *b)
{
    struct pic_request put = {
        .type = PIC_REQUEST_PUT,
        .put = {.total = 1000, .offset = 990, .bytes = pic_span_text("ten bytes.")}};
    stage_fill(put.put.hash, 0xdd);
    pic_request_put(&put, b);
    print_and_clear(out, "put_request", b);
    const struct pic_reply put_reply = {
        .type = PIC_REQUEST_PUT, .time_ms = STAGE_NOW_MS, .put = {.held = 1000, .complete = 1}};
    pic_reply_put(&put_reply, b);
    print_and_clear(out, "put_reply", b);
    struct pic_request get = {.type = PIC_REQUEST_GET,
                              .get = {.offset = 990, .max = PIC_BLOB_CHUNK_MAX}};
    stage_fill(get.get.hash, 0xdd);
    pic_request_put(&get, b);
    print_and_clear(out, "get_request", b);
    const struct pic_reply get_reply = {
        .type = PIC_REQUEST_GET,
        .time_ms = STAGE_NOW_MS,
        .get = {.total = 1000, .bytes = pic_span_text("ten bytes.")}};
    pic_reply_put(&get_reply, b);
    print_and_clear(out, "get_reply", b);
    const struct pic_request give = {.type = PIC_REQUEST_GIVE,
                                     .give = {.segment = pic_span_text("a segment")}};
    pic_request_put(&give, b);
    print_and_clear(out, "give_request", b);
    const struct pic_reply give_reply = {
        .type = PIC_REQUEST_GIVE, .time_ms = STAGE_NOW_MS, .give = {.head_seq = 17}};
    pic_reply_put(&give_reply, b);
    print_and_clear(out, "give_reply", b);
}

static void print_clear_frames(struct stage *s, struct pic_buf *out, struct pic_buf *b)
{
    static const uint8_t nonsense[] = {9};
    pic_ask_key(b);
    print_and_clear(out, "key_ask_frame", b);
    pic_ask_key(b);
    if (pic_answer(&s->answer, &s->scratch, s->now_ms, pic_buf_view(b), &s->reply) != PIC_OK)
        abort();
    pic_buf_clear(b);
    print(out, "key_frame", pic_buf_view(&s->reply));
    if (pic_answer(&s->answer, &s->scratch, s->now_ms, pic_span_of(nonsense, sizeof nonsense),
                   &s->reply) != PIC_OK)
        abort();
    print(out, "status_frame", pic_buf_view(&s->reply));
}

void exchange_vectors_print(struct pic_buf *out)
{
    struct stage s;
    struct pic_buf b;
    stage_open(&s);
    pic_buf_init(&b, PIC_FRAME_MAX);
    print_records(&s, out, &b);
    print_exchanges(&s, out);
    print_full_sync(out, &b);
    print_documents(out, &b);
    print_clear_frames(&s, out, &b);
    pic_buf_release(&b);
    stage_close(&s);
}

bool exchange_vector_find(const char *text, const char *name, struct pic_buf *out)
{
    const size_t n = strlen(name);
    const char *p = text;
    while (p != NULL && !(strncmp(p, name, n) == 0 && p[n] == ':')) {
        p = strstr(p, "\n\n");
        p = p == NULL ? NULL : p + 2;
    }
    if (p == NULL)
        return false;
    for (p += n + 2; *p != '\0' && !(p[0] == '\n' && p[1] == '\n'); p++) {
        if (*p == '\n')
            continue;
        pic_buf_u8(out, (uint8_t)(pic_hex_digit(p[0]) * 16 + pic_hex_digit(p[1])));
        p++;
    }
    return true;
}
