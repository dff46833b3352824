#include "tests/lib/region.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/dictionary/dictionary.h"

static struct pic_op text_op(uint8_t field, const char *text)
{
    return (struct pic_op){.field = field,
                           .value = {.kind = PIC_KIND_TEXT, .s = pic_span_text(text)}};
}

static struct pic_op int_op(uint8_t field, enum pic_kind kind, int64_t i)
{
    return (struct pic_op){.field = field, .value = {.kind = kind, .i = i}};
}

uint64_t region_write(struct region *r, uint64_t audience, unsigned entity, uint64_t id,
                      const struct pic_op *ops, size_t op_n)
{
    struct pic_segment segment;
    struct pic_buf bytes;
    size_t taken = 0;
    uint8_t *head = r->heads[audience == PIC_AUDIENCE_ALL ? 0 : 1];
    const uint64_t dot = pic_dot(PIC_DEVICE_SERVER, ++r->seq);
    const struct pic_change change = {.dot = dot,
                                      .stamp = ++r->clock,
                                      .id = id == 0 ? dot : id,
                                      .entity = (uint8_t)entity,
                                      .op_n = (uint8_t)op_n,
                                      .ops = ops};
    const struct pic_change *const changes[] = {&change};
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    if (pic_segment_seal(changes, 1, audience, head, PIC_DICTIONARY_VERSION, &r->stage.identity,
                         &bytes, &taken) != PIC_OK ||
        pic_segment_read(pic_buf_view(&bytes), &segment) != PIC_OK)
        abort();
    memcpy(head, segment.hash, PIC_HASH_SIZE);
    fake_store_journal(&r->stage.store, &segment);
    pic_buf_release(&bytes);
    return dot;
}

void region_open(struct region *r)
{
    const struct pic_op association[] = {text_op(2, "association"), text_op(3, "ADCM, Méricourt")};
    const struct pic_op fund[] = {text_op(2, "PIC Méricourt 2026"), text_op(3, "pic"),
                                  int_op(4, PIC_KIND_INT, 2026),
                                  int_op(5, PIC_KIND_REF, (int64_t)REGION_ASSOCIATION)};
    memset(r, 0, sizeof *r);
    stage_open(&r->stage);
    r->seq = pic_dot_seq(REGION_ASSOCIATION) - 1;
    r->clock = (uint64_t)(REGION_NOW_MS - STAGE_DAY_MS) << 16;
    (void)region_write(r, PIC_AUDIENCE_ALL, PIC_ORGANISATION, 0, association, 2);
    (void)region_write(r, REGION_ASSOCIATION, PIC_FUND, 0, fund, 4);
    for (size_t i = 0; i < PIC_PIPELINE_WINDOW; i++)
        pic_buf_init(&r->queue[i], PIC_FRAME_MAX);
}

void region_close(struct region *r)
{
    for (size_t i = 0; i < PIC_PIPELINE_WINDOW; i++)
        pic_buf_release(&r->queue[i]);
    stage_close(&r->stage);
}

void region_invite(const struct region *r, const char *path, const char *url)
{
    struct pic_invitation invitation = stage_invitation(&r->stage);
    struct pic_buf items;
    struct pic_buf bytes;
    uint64_t last = 0;
    pic_buf_init(&items, PIC_INVITATION_MAX);
    pic_buf_init(&bytes, PIC_INVITATION_MAX);
    for (unsigned i = 0; i < 2; i++) {
        const struct fake_segment *s = &r->stage.store.segments[i];
        pic_buf_varint(&items, s->position - last);
        pic_buf_span(&items, pic_buf_view(&s->bytes));
        last = s->position;
    }
    invitation.address_n = 1;
    invitation.addresses[0] = pic_span_text(url);
    invitation.feed = (struct pic_feed){.n = 2, .items = pic_buf_view(&items), .distance = last};
    pic_invitation_put(&invitation, &r->stage.identity, &bytes);
    FILE *file = fopen(path, "wb");
    if (pic_buf_status(&bytes) != PIC_OK || file == NULL ||
        fwrite(bytes.data, 1, bytes.len, file) != bytes.len || fclose(file) != 0)
        abort();
    pic_buf_release(&items);
    pic_buf_release(&bytes);
}

int region_send(void *context, struct pic_span payload)
{
    struct region *r = context;
    struct pic_buf *reply = &r->queue[(r->first + r->n) % PIC_PIPELINE_WINDOW];
    if (r->cut || r->n == PIC_PIPELINE_WINDOW)
        return PIC_ECLOSED;
    pic_buf_clear(reply);
    r->answered++;
    if (pic_answer(&r->stage.answer, &r->stage.scratch, r->stage.now_ms, payload, reply) != PIC_OK)
        abort();
    r->n++;
    if (r->lose_every != 0 && r->answered % r->lose_every == 0)
        r->cut = true;
    return PIC_OK;
}

int region_receive(void *context, struct pic_buf *payload)
{
    struct region *r = context;
    if (r->cut || r->n == 0)
        return PIC_ECLOSED;
    pic_buf_clear(payload);
    pic_buf_bytes(payload, r->queue[r->first].data, r->queue[r->first].len);
    r->first = (r->first + 1) % PIC_PIPELINE_WINDOW;
    r->n--;
    return pic_buf_status(payload);
}

void region_mend(struct region *r)
{
    r->cut = false;
    r->first = r->n = 0;
}

void region_forget(struct region *r, uint32_t device, uint64_t seq)
{
    struct fake_store *s = &r->stage.store;
    struct fake_device *d = &s->devices[0];
    unsigned kept = 0;
    memset(&d->head, 0, sizeof d->head);
    for (unsigned i = 0; i < s->segment_n; i++) {
        struct pic_segment segment;
        if (pic_segment_read(pic_buf_view(&s->segments[i].bytes), &segment) != PIC_OK)
            abort();
        if (segment.device == device && segment.last_seq > seq) {
            pic_buf_release(&s->segments[i].bytes);
            continue;
        }
        if (segment.device == device) {
            d->head.seq = segment.last_seq;
            memcpy(d->head.hash, segment.hash, PIC_HASH_SIZE);
        }
        s->segments[kept++] = s->segments[i];
    }
    s->segment_n = kept;
    d->receipt.seq = d->head.seq;
    memcpy(d->receipt.head, d->head.hash, PIC_HASH_SIZE);
}
