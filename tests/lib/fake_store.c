#include "tests/lib/fake_store.h"

#include <stdlib.h>
#include <string.h>

static struct fake_device *find(struct fake_store *s, uint32_t device)
{
    for (unsigned i = 0; i < s->device_n; i++)
        if (s->devices[i].device.certificate.device == device)
            return &s->devices[i];
    abort();
}

static struct fake_device *holder(struct fake_store *s, const struct pic_answer_device *device)
{
    return find(s, device->certificate.device);
}

struct fake_device *fake_store_add(struct fake_store *s, const struct pic_certificate *c)
{
    if (s->device_n == FAKE_DEVICES)
        abort();
    struct fake_device *d = &s->devices[s->device_n++];
    *d = (struct fake_device){.device = {.certificate = *c, .audience = c->organisation}};
    return d;
}

void fake_store_journal(struct fake_store *s, const struct pic_segment *segment)
{
    if (s->segment_n == FAKE_SEGMENTS)
        abort();
    struct fake_segment *to = &s->segments[s->segment_n++];
    to->position = ++s->position;
    to->device = segment->device;
    to->audience = segment->audience;
    memcpy(to->hash, segment->hash, PIC_HASH_SIZE);
    pic_buf_init(&to->bytes, PIC_SEGMENT_MAX);
    pic_buf_bytes(&to->bytes, segment->bytes.p, segment->bytes.n);
}

static int device(void *context, const uint8_t key[static PIC_KEY_SIZE],
                  struct pic_answer_device *out)
{
    struct fake_store *s = context;
    for (unsigned i = 0; i < s->device_n; i++) {
        if (memcmp(s->devices[i].device.certificate.transport_key, key, PIC_KEY_SIZE) == 0) {
            *out = s->devices[i].device;
            return s->trouble;
        }
    }
    return PIC_EUNKNOWN_DEVICE;
}

static int head(void *context, const struct pic_answer_device *d, struct pic_log_head *out)
{
    struct fake_store *s = context;
    *out = holder(s, d)->head;
    return s->trouble;
}

static int append(void *context, const struct pic_answer_device *device_,
                  const struct pic_segment *segment, int64_t now_ms, struct pic_receipt *out)
{
    struct fake_store *s = context;
    struct fake_device *d = holder(s, device_);
    if (s->trouble != PIC_OK)
        return s->trouble;
    for (unsigned i = 0; i < s->segment_n; i++)
        if (memcmp(s->segments[i].hash, segment->hash, PIC_HASH_SIZE) == 0)
            return PIC_EEXISTS;
    if (segment->first_seq > d->head.seq + 1)
        return PIC_EGAP;
    if (segment->first_seq <= d->head.seq ||
        memcmp(segment->previous, d->head.hash, PIC_HASH_SIZE) != 0)
        return PIC_EFORK;
    s->writes++;
    fake_store_journal(s, segment);
    d->head.seq = segment->last_seq;
    memcpy(d->head.hash, segment->hash, PIC_HASH_SIZE);
    d->receipt.number = ++s->receipt_number;
    d->receipt.device = segment->device;
    d->receipt.seq = segment->last_seq;
    memcpy(d->receipt.head, segment->hash, PIC_HASH_SIZE);
    d->receipt.position = s->position;
    d->receipt.time_ms = now_ms;
    d->receipt.changes += segment->count;
    *out = d->receipt;
    return PIC_OK;
}

static int receipt(void *context, const struct pic_answer_device *d, struct pic_receipt *out)
{
    struct fake_store *s = context;
    *out = holder(s, d)->receipt;
    return out->number == 0 ? PIC_ENOT_FOUND : s->trouble;
}

static int mark(void *context, uint64_t position, uint8_t out[static PIC_MARK_SIZE])
{
    struct fake_store *s = context;
    for (unsigned i = 0; i < s->segment_n; i++) {
        if (s->segments[i].position == position) {
            memcpy(out, s->segments[i].hash, PIC_MARK_SIZE);
            return s->trouble;
        }
    }
    return PIC_ENOT_FOUND;
}

static bool may_read(const struct fake_segment *f, const struct pic_answer_device *d, bool own)
{
    bool for_it = f->audience == PIC_AUDIENCE_ALL || f->audience == d->certificate.organisation;
    return for_it && (own || f->device != d->certificate.device);
}

static int feed(void *context, const struct pic_answer_device *d,
                const struct pic_answer_page *page, struct pic_buf *out, uint64_t *start,
                bool *more)
{
    struct fake_store *s = context;
    struct pic_buf items;
    pic_buf_init(&items, page->budget + PIC_SEGMENT_MAX);
    unsigned skip = page->skip;
    uint64_t n = 0, last = page->cursor;
    *start = page->cursor;
    *more = false;
    for (unsigned i = 0; i < s->segment_n; i++) {
        const struct fake_segment *f = &s->segments[i];
        if (f->position <= page->cursor || !may_read(f, d, page->own))
            continue;
        if (n > 0 && items.len + f->bytes.len + 14 > page->budget) {
            if (skip == 0) {
                *more = true;
                break;
            }
            skip--;
            *start = last;
            n = 0;
            pic_buf_clear(&items);
        }
        pic_buf_varint(&items, f->position - last);
        pic_buf_span(&items, pic_buf_view(&f->bytes));
        last = f->position;
        n++;
    }
    if (skip > 0) { /* past the end: an empty page there */
        *start = last;
        n = 0;
        pic_buf_clear(&items);
    }
    pic_buf_varint(out, n);
    pic_buf_bytes(out, items.data, items.len);
    pic_buf_release(&items);
    return s->trouble;
}

static int wanted(void *context, const struct pic_answer_device *d, size_t max, struct pic_buf *out)
{
    struct fake_store *s = context;
    (void)d;
    size_t n = s->wishes.len < max * PIC_HASH_SIZE ? s->wishes.len : max * PIC_HASH_SIZE;
    pic_buf_bytes(out, s->wishes.data, n);
    return s->trouble;
}

static int put(void *context, const struct pic_answer_device *d, const struct pic_put_request *part,
               uint64_t *held, bool *complete)
{
    struct fake_store *s = context;
    (void)d;
    if (s->trouble != PIC_OK)
        return s->trouble;
    if (memcmp(s->blob.hash, part->hash, PIC_HASH_SIZE) != 0) {
        pic_buf_clear(&s->blob.bytes);
        s->blob.complete = false;
        s->blob.total = part->total;
        memcpy(s->blob.hash, part->hash, PIC_HASH_SIZE);
    }
    *held = s->blob.bytes.len;
    *complete = s->blob.complete;
    if (part->offset > *held)
        return PIC_EGAP;
    if (part->bytes.n == 0 || part->offset + part->bytes.n <= *held)
        return PIC_OK;
    s->writes++;
    size_t known = (size_t)(*held - part->offset);
    pic_buf_bytes(&s->blob.bytes, part->bytes.p + known, part->bytes.n - known);
    *held = s->blob.bytes.len;
    if (*held < s->blob.total)
        return PIC_OK;
    uint8_t hash[PIC_HASH_SIZE];
    pic_hash(pic_buf_view(&s->blob.bytes), hash);
    *complete = s->blob.complete = memcmp(hash, part->hash, PIC_HASH_SIZE) == 0;
    if (*complete)
        return PIC_OK;
    pic_buf_clear(&s->blob.bytes);
    return PIC_EHASH;
}

static int get(void *context, const struct pic_answer_device *d, const struct pic_get_request *part,
               uint64_t *total, struct pic_buf *out)
{
    struct fake_store *s = context;
    (void)d;
    if (!s->blob.complete || memcmp(s->blob.hash, part->hash, PIC_HASH_SIZE) != 0)
        return PIC_ENOT_FOUND;
    *total = s->blob.total;
    size_t from = part->offset < *total ? (size_t)part->offset : (size_t)*total;
    size_t left = (size_t)*total - from;
    pic_buf_bytes(out, s->blob.bytes.data + from, left < part->max ? left : (size_t)part->max);
    return s->trouble;
}

static int invitation(void *context, const uint8_t id[static PIC_INVITATION_ID_SIZE],
                      struct pic_secret *out)
{
    struct fake_store *s = context;
    uint8_t known[PIC_INVITATION_ID_SIZE];
    pic_code_id(&s->code, known);
    if (memcmp(known, id, sizeof known) != 0)
        return PIC_EINVITATION;
    pic_code_secret(&s->code, out);
    return s->trouble;
}

static int enrol(void *context, const struct pic_enrol_request *request,
                 const uint8_t transport_key[static PIC_KEY_SIZE], int64_t now_ms,
                 struct pic_certificate *out, struct pic_buf *organisation_name)
{
    struct fake_store *s = context;
    if (s->invitation != PIC_OK)
        return s->invitation;
    pic_buf_text(organisation_name, "ADCM, Méricourt");
    for (unsigned i = 0; i < s->device_n; i++) {
        *out = s->devices[i].device.certificate;
        if (out->device != s->invited)
            continue;
        bool same = memcmp(out->sign_key, request->sign_key, PIC_KEY_SIZE) == 0 &&
                    memcmp(out->transport_key, transport_key, PIC_KEY_SIZE) == 0 &&
                    memcmp(out->box_key, request->box_key, PIC_KEY_SIZE) == 0;
        return same ? PIC_OK : PIC_EINVITATION_USED;
    }
    *out = (struct pic_certificate){.device = s->invited,
                                    .organisation = pic_dot(PIC_DEVICE_SERVER, 9),
                                    .role = 3,
                                    .time_ms = now_ms};
    memcpy(out->sign_key, request->sign_key, PIC_KEY_SIZE);
    memcpy(out->transport_key, transport_key, PIC_KEY_SIZE);
    memcpy(out->box_key, request->box_key, PIC_KEY_SIZE);
    s->writes++;
    (void)fake_store_add(s, out);
    return PIC_OK;
}

static int author(void *context, uint32_t number, struct pic_answer_device *out)
{
    struct fake_store *s = context;
    for (unsigned i = 0; i < s->device_n; i++) {
        if (s->devices[i].device.certificate.device == number) {
            *out = s->devices[i].device;
            return s->trouble;
        }
    }
    return PIC_ENOT_FOUND;
}

static int take_back(void *context, const struct pic_answer_device *author_,
                     const struct pic_segment *segment, int64_t now_ms)
{
    struct pic_receipt receipt_of;
    return append(context, author_, segment, now_ms, &receipt_of);
}

static void seen(void *context, const struct pic_answer_device *d, int64_t now_ms,
                 const struct pic_sync_request *told)
{
    struct fake_store *s = context;
    (void)d, (void)now_ms, (void)told;
    s->seen++;
}

void fake_store_init(struct fake_store *s)
{
    memset(s, 0, sizeof *s);
    s->table =
        (struct pic_answer_store){s,   device, head,       append, receipt, mark,      feed, wanted,
                                  put, get,    invitation, enrol,  author,  take_back, seen};
    pic_buf_init(&s->wishes, (size_t)2 * PIC_WANTED_MAX * PIC_HASH_SIZE);
    pic_buf_init(&s->blob.bytes, FAKE_BLOB_MAX);
}

void fake_store_release(struct fake_store *s)
{
    for (unsigned i = 0; i < s->segment_n; i++)
        pic_buf_release(&s->segments[i].bytes);
    pic_buf_release(&s->wishes);
    pic_buf_release(&s->blob.bytes);
}
