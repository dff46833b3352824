#include "tests/lib/laptop.h"

#include <stdio.h>
#include <string.h>

#include "schema/dictionary/dictionary.h"

enum { TITLE_MAX = 64, ASKED_CENTS = 85000 };

void laptop_init(struct laptop *l,
                 int (*exchange)(void *context, struct pic_span request, struct pic_buf *reply),
                 void *context)
{
    memset(l, 0, sizeof *l);
    l->exchange = exchange;
    l->context = context;
    pic_signer_new(&l->signer, pic_random_system());
    pic_dh_new(&l->pair, pic_random_system());
    pic_buf_init(&l->segment, PIC_SEGMENT_MAX);
    pic_buf_init(&l->request, PIC_FRAME_MAX);
    pic_buf_init(&l->reply, PIC_FRAME_MAX);
    pic_buf_init(&l->plain, PIC_FRAME_MAX);
}

void laptop_release(struct laptop *l)
{
    pic_buf_release(&l->segment);
    pic_buf_release(&l->request);
    pic_buf_release(&l->reply);
    pic_buf_release(&l->plain);
}

static struct pic_ask_party party_of(struct laptop *l)
{
    return (struct pic_ask_party){.own = &l->pair,
                                  .server = &l->server,
                                  .device = l->certificate.device,
                                  .random = pic_random_system()};
}

static int ask_key(struct laptop *l)
{
    pic_buf_clear(&l->request);
    pic_ask_key(&l->request);
    int status = l->exchange(l->context, pic_buf_view(&l->request), &l->reply);
    return status == PIC_OK ? pic_ask_key_read(pic_buf_view(&l->reply), NULL, &l->server) : status;
}

int laptop_enrol(struct laptop *l, const struct pic_code *code, int64_t now_ms)
{
    struct pic_ask ask;
    struct pic_asked asked;
    const struct pic_enrol_request request = {.label = pic_span_text("Ordinateur d'essai"),
                                              .program = 1};
    int status = ask_key(l);
    if (status != PIC_OK)
        return status;
    const struct pic_ask_party party = party_of(l);
    pic_buf_clear(&l->request);
    status = pic_ask_enrol(&ask, &party, code, &l->signer, &request, &l->request);
    if (status == PIC_OK)
        status = l->exchange(l->context, pic_buf_view(&l->request), &l->reply);
    if (status == PIC_OK)
        status = pic_ask_read(&ask, pic_buf_view(&l->reply), &l->plain, &asked);
    pic_ask_release(&ask);
    if (status != PIC_OK)
        return status;
    if (asked.reply.status != PIC_REPLY_OK)
        return pic_reply_status_of(asked.reply.status);
    l->certificate = asked.certificate;
    (void)pic_clock_tick(&l->clock, now_ms);
    return PIC_OK;
}

/* --- changes --- */

struct made {
    struct pic_change change;
    struct pic_op ops[3];
    char title[TITLE_MAX];
};

static struct pic_op op_of(unsigned entity, const char *column, struct pic_value value)
{
    const struct pic_field *field = pic_entity_by_column(pic_dictionary_entity(entity), column);
    return (struct pic_op){.field = field->number, .value = value};
}

static void make_project(struct laptop *l, struct made *m, uint64_t seq, int64_t now_ms)
{
    int n = snprintf(m->title, sizeof m->title, "Repas de rue %u-%llu", l->certificate.device,
                     (unsigned long long)seq);
    m->ops[0] = op_of(PIC_PROJECT, "fund", (struct pic_value){PIC_KIND_REF, (int64_t)l->fund, {0}});
    m->ops[1] = op_of(PIC_PROJECT, "title",
                      (struct pic_value){PIC_KIND_TEXT, 0, pic_span_of(m->title, (size_t)n)});
    m->ops[2] = op_of(PIC_PROJECT, "asked", (struct pic_value){PIC_KIND_INT, ASKED_CENTS, {0}});
    m->change = (struct pic_change){.dot = pic_dot(l->certificate.device, seq),
                                    .stamp = pic_clock_tick(&l->clock, now_ms),
                                    .entity = PIC_PROJECT,
                                    .op_n = 3,
                                    .ops = m->ops};
    m->change.id = m->change.dot;
}

static void make_document(struct laptop *l, struct made *m, uint64_t seq, uint64_t about,
                          const uint8_t *hash, int64_t now_ms)
{
    m->ops[0] = op_of(PIC_DOCUMENT, "about", (struct pic_value){PIC_KIND_REF, (int64_t)about, {0}});
    m->ops[1] = op_of(PIC_DOCUMENT, "blob",
                      (struct pic_value){PIC_KIND_BYTES, 0, pic_span_of(hash, PIC_HASH_SIZE)});
    m->ops[2] = op_of(PIC_DOCUMENT, "name",
                      (struct pic_value){PIC_KIND_TEXT, 0, pic_span_text("ticket.jpg")});
    m->change = (struct pic_change){.dot = pic_dot(l->certificate.device, seq),
                                    .stamp = pic_clock_tick(&l->clock, now_ms),
                                    .entity = PIC_DOCUMENT,
                                    .op_n = 3,
                                    .ops = m->ops};
    m->change.id = m->change.dot;
}

static int seal(struct laptop *l, const struct pic_change *const *changes, size_t n)
{
    struct pic_segment segment;
    size_t taken;
    pic_buf_clear(&l->segment);
    int status = pic_segment_seal(changes, n, l->certificate.organisation, l->head.hash,
                                  PIC_DICTIONARY_VERSION, &l->signer, &l->segment, &taken);
    if (status == PIC_OK)
        status = pic_segment_read(pic_buf_view(&l->segment), &segment);
    if (status != PIC_OK || taken != n)
        return status == PIC_OK ? PIC_ELIMIT : status;
    l->head.seq = segment.last_seq;
    memcpy(l->head.hash, segment.hash, PIC_HASH_SIZE);
    return PIC_OK;
}

int laptop_work(struct laptop *l, unsigned count, int64_t now_ms)
{
    struct made made[LAPTOP_SEGMENT_CHANGES];
    const struct pic_change *changes[LAPTOP_SEGMENT_CHANGES];
    if (count > LAPTOP_SEGMENT_CHANGES)
        return PIC_ELIMIT;
    for (unsigned i = 0; i < count; i++) {
        make_project(l, &made[i], l->head.seq + 1 + i, now_ms);
        changes[i] = &made[i].change;
    }
    return seal(l, changes, count);
}

int laptop_attach(struct laptop *l, const uint8_t hash[static PIC_HASH_SIZE], int64_t now_ms)
{
    struct made made[2];
    const struct pic_change *changes[] = {&made[0].change, &made[1].change};
    make_project(l, &made[0], l->head.seq + 1, now_ms);
    make_document(l, &made[1], l->head.seq + 2, made[0].change.dot, hash, now_ms);
    return seal(l, changes, 2);
}

/* --- asking --- */

int laptop_ask(struct laptop *l, const struct pic_request *request, struct pic_asked *out)
{
    struct pic_ask ask;
    const struct pic_ask_party party = party_of(l);
    pic_buf_clear(&l->request);
    int status = pic_ask(&ask, &party, request, &l->request);
    if (status == PIC_OK)
        status = l->exchange(l->context, pic_buf_view(&l->request), &l->reply);
    if (status == PIC_OK)
        status = pic_ask_read(&ask, pic_buf_view(&l->reply), &l->plain, out);
    pic_ask_release(&ask);
    if (status == PIC_OK && out->has_transport)
        l->server = out->transport;
    return status;
}

static int read_feed(struct laptop *l, const struct pic_asked *asked)
{
    struct pic_feed feed = asked->reply.sync.feed;
    struct pic_span bytes;
    struct pic_segment segment;
    uint64_t position = asked->feed_start;
    while (pic_feed_next(&feed, &position, &bytes)) {
        int status = pic_segment_read(bytes, &segment);
        if (status != PIC_OK)
            return status;
        l->cursor = position;
        memcpy(l->cursor_mark, segment.hash, PIC_MARK_SIZE);
        l->segments_read++;
    }
    return PIC_OK;
}

int laptop_sync(struct laptop *l, bool *more, enum pic_reply_status *status)
{
    struct pic_request request = {.type = PIC_REQUEST_SYNC};
    struct pic_asked asked;
    request.sync.cursor = l->cursor;
    memcpy(request.sync.cursor_mark, l->cursor_mark, PIC_MARK_SIZE);
    request.sync.head_seq = l->head.seq;
    memcpy(request.sync.head_mark, l->head.hash, PIC_MARK_SIZE);
    request.sync.receipt = l->receipt.number;
    request.sync.program = 1;
    request.sync.dictionary = PIC_DICTIONARY_VERSION;
    request.sync.segment = pic_buf_view(&l->segment);
    int result = laptop_ask(l, &request, &asked);
    if (result != PIC_OK)
        return result;
    *status = asked.reply.status;
    *more = (asked.reply.sync.flags & PIC_SYNC_MORE) != 0;
    if (asked.has_receipt)
        l->receipt = asked.receipt;
    if (*status == PIC_REPLY_OK && l->receipt.seq == l->head.seq) {
        l->received = l->head;
        pic_buf_clear(&l->segment);
    }
    return read_feed(l, &asked);
}
