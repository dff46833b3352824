#include "server/exchange_store.h"

#include <string.h>

#include "schema/state/persons.h"
#include "server/enrolment.h"
#include "server/restore.h"

enum { DEVICES_MAX = 4 << 16 }; /* bytes: devices that name one document, 4 each */

/* Does a piece of work durably: with others', or alone where there is no committer. */
static int durably(struct pic_exchange_store *s, int (*work)(struct pic_server *server, void *job),
                   void *job)
{
    if (s->committer != NULL)
        return pic_committer_run(s->committer, work, job);
    int status = pic_db_begin(&s->server->journal_db, NULL);
    if (status == PIC_OK)
        status = work(s->server, job);
    if (status == PIC_OK)
        status = pic_db_commit(&s->server->journal_db, NULL);
    if (status != PIC_OK)
        pic_db_rollback(&s->server->journal_db);
    return status;
}

/* --- who, and how far --- */

static struct pic_answer_device answer_device(const struct pic_device *d)
{
    return (struct pic_answer_device){.certificate = d->certificate,
                                      .audience = pic_device_audience(d),
                                      .retired = d->retired,
                                      .last_seq = d->last_seq};
}

static int device(void *context, const uint8_t transport_key[static PIC_KEY_SIZE],
                  struct pic_answer_device *out)
{
    struct pic_exchange_store *s = context;
    struct pic_device d;
    int status = pic_registry_device_by_key(s->server->registry, transport_key, &d);
    if (status == PIC_OK && s->gate != NULL && !pic_gate_device(s->gate, d.certificate.device))
        status = PIC_EBUSY;
    if (status == PIC_OK)
        *out = answer_device(&d);
    return status == PIC_ENOT_FOUND ? PIC_EUNKNOWN_DEVICE : status;
}

static int head(void *context, const struct pic_answer_device *d, struct pic_log_head *out)
{
    struct pic_exchange_store *s = context;
    return pic_journal_head(s->server->journal, d->certificate.device, d->audience, out);
}

static int receipt(void *context, const struct pic_answer_device *d, struct pic_receipt *out)
{
    struct pic_exchange_store *s = context;
    return pic_journal_receipt_last(s->server->journal, d->certificate.device, out);
}

static int mark(void *context, uint64_t position, uint8_t out[static PIC_MARK_SIZE])
{
    struct pic_exchange_store *s = context;
    struct pic_buf bytes;
    struct pic_segment segment;
    uint64_t at = position;
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    int status = pic_journal_next(s->server->journal, &at, &bytes);
    if (status == PIC_OK && at != position)
        status = PIC_ENOT_FOUND;
    if (status == PIC_OK)
        status = pic_segment_read(pic_buf_view(&bytes), &segment);
    if (status == PIC_OK)
        memcpy(out, segment.hash, PIC_MARK_SIZE);
    pic_buf_release(&bytes);
    return status;
}

static void seen(void *context, const struct pic_answer_device *d, int64_t now_ms,
                 const struct pic_sync_request *told)
{
    struct pic_exchange_store *s = context;
    const struct pic_contact contact = {
        .device = d->certificate.device,
        .pending_changes = (uint32_t)told->pending_changes,
        .pending_documents = (uint32_t)told->pending_documents,
        .program = (uint32_t)told->program,
        .time_ms = now_ms,
        .clock_minutes = (int32_t)told->clock,
        .dictionary = (uint16_t)told->dictionary,
        .disk = (uint8_t)told->disk,
    };
    if (s->contacts != NULL)
        pic_contacts_put(s->contacts, &contact);
}

/* --- receipts --- */

/* A new receipt for a device, from its last one and where its log and documents stand now. */
static int issue(struct pic_server *server, uint32_t number, int64_t now_ms,
                 const struct pic_segment *segment, uint64_t position, struct pic_receipt *out)
{
    struct pic_device d;
    struct pic_receipt r = {0};
    int status = pic_registry_device(server->registry, number, &d);
    if (status == PIC_OK)
        status = pic_journal_receipt_last(server->journal, number, &r);
    if (status == PIC_ENOT_FOUND)
        status = PIC_OK; /* its first */
    if (status == PIC_OK)
        status = pic_journal_receipt_number(server->journal, &r.number);
    if (status != PIC_OK)
        return status;
    r.device = number;
    r.time_ms = now_ms;
    r.documents = d.documents;
    memcpy(r.documents_digest, d.documents_digest, sizeof r.documents_digest);
    if (segment != NULL) {
        r.seq = segment->last_seq;
        r.position = position;
        r.changes += segment->count;
        memcpy(r.head, segment->hash, sizeof r.head);
    }
    *out = r;
    status = pic_journal_receipt_put(server->journal, &r);
    return status == PIC_OK ? pic_registry_seal_number(server->registry, PIC_SEAL_RECEIPT, r.number)
                            : status;
}

/* --- a segment --- */

struct append_job {
    const struct pic_answer_device *device;
    const struct pic_segment *segment;
    struct pic_span hashes; /* of the documents and boxes that it names */
    struct pic_span boxes;  /* of the boxes alone */
    int64_t now_ms;
    struct pic_receipt *receipt;
    struct pic_segment_reader *reader; /* free to use */
};

/* The documents that a segment names are wanted from now on. */
static int name_documents(struct pic_server *server, const struct append_job *job)
{
    bool fresh;
    int status = PIC_OK;
    for (size_t at = 0; status == PIC_OK && at < job->hashes.n; at += PIC_HASH_SIZE)
        status = pic_registry_document_named(server->registry, job->device->certificate.device,
                                             job->device->audience, job->hashes.p + at, &fresh);
    return status;
}

/* Before the segment is durable: a box that is asked for is known for what it is. */
static int expect_boxes(struct pic_server *server, const struct append_job *job)
{
    int status = PIC_OK;
    for (size_t at = 0; status == PIC_OK && at < job->boxes.n; at += PIC_HASH_SIZE)
        status = pic_identities_expect(server->identities, job->boxes.p + at);
    return status;
}

static int append_work(struct pic_server *server, void *context)
{
    struct append_job *job = context;
    uint32_t number = job->device->certificate.device;
    uint64_t position = 0;
    struct pic_device now;
    /* It may have been retired since the worker looked. */
    int status = pic_registry_device(server->registry, number, &now);
    if (status == PIC_OK && now.retired && job->segment->last_seq > now.last_seq)
        status = PIC_EREVOKED;
    if (status == PIC_OK)
        status = expect_boxes(server, job);
    if (status == PIC_OK)
        status = pic_journal_append(server->journal, job->segment, &position);
    if (status == PIC_OK)
        status = name_documents(server, job);
    return status == PIC_OK
               ? issue(server, number, job->now_ms, job->segment, position, job->receipt)
               : status;
}

/* Appends the hashes of the documents and boxes that a change names. */
static void collect(const struct pic_change *change, struct pic_buf *hashes)
{
    const struct pic_entity *entity = pic_dictionary_entity(change->entity);
    for (unsigned i = 0; entity != NULL && i < change->op_n; i++) {
        const struct pic_op *op = &change->ops[i];
        const struct pic_field *field = pic_entity_field(entity, op->field);
        bool names = field != NULL && op->value.kind == PIC_KIND_BYTES &&
                     op->value.s.n == PIC_HASH_SIZE &&
                     (field->type == PIC_TYPE_DOCUMENT || field->type == PIC_TYPE_IDENTITY);
        if (names)
            pic_buf_bytes(hashes, op->value.s.p, op->value.s.n);
    }
}

/* The hashes of the documents and boxes that a segment names, and of the boxes alone. */
static int collect_all(struct pic_segment_reader *reader, const struct pic_segment *segment,
                       struct pic_buf *hashes, struct pic_buf *boxes)
{
    struct pic_change change;
    int status = pic_segment_reader_open(reader, segment);
    bool done = status == PIC_OK && !pic_segment_reader_has(reader, PIC_KIND_BYTES);
    while (status == PIC_OK && !done) {
        status = pic_segment_reader_next(reader, &change, &done);
        if (status == PIC_OK && !done) {
            collect(&change, hashes);
            pic_persons_boxes(&change, boxes);
        }
    }
    if (status == PIC_OK)
        status = pic_buf_status(hashes);
    return status == PIC_OK ? pic_buf_status(boxes) : status;
}

static int append_by(struct pic_exchange_store *s,
                     int (*work)(struct pic_server *server, void *job),
                     const struct pic_answer_device *d, const struct pic_segment *segment,
                     int64_t now_ms, struct pic_receipt *out)
{
    struct pic_buf hashes;
    struct pic_buf boxes;
    pic_buf_init(&hashes, PIC_SEGMENT_INFLATED_MAX);
    pic_buf_init(&boxes, PIC_SEGMENT_INFLATED_MAX);
    int status = collect_all(s->reader, segment, &hashes, &boxes);
    struct append_job job = {d,   segment,  pic_buf_view(&hashes), pic_buf_view(&boxes), now_ms,
                             out, s->reader};
    if (status == PIC_OK)
        status = durably(s, work, &job);
    pic_buf_release(&hashes);
    pic_buf_release(&boxes);
    return status;
}

static int append(void *context, const struct pic_answer_device *d,
                  const struct pic_segment *segment, int64_t now_ms, struct pic_receipt *out)
{
    return append_by(context, append_work, d, segment, now_ms, out);
}

/* --- what comes back --- */

static int author(void *context, uint32_t number, struct pic_answer_device *out)
{
    struct pic_exchange_store *s = context;
    struct pic_device d;
    int status = pic_registry_device(s->server->registry, number, &d);
    if (status == PIC_OK)
        *out = answer_device(&d);
    return status;
}

static int take_back_work(struct pic_server *server, void *context)
{
    struct append_job *job = context;
    uint64_t position = 0;
    uint32_t number = job->device->certificate.device;
    int status = expect_boxes(server, job);
    if (status == PIC_OK)
        status = number == PIC_DEVICE_SERVER
                     ? pic_server_take_back(server, job->reader, job->segment)
                     : pic_journal_append(server->journal, job->segment, &position);
    if (status == PIC_OK)
        status = name_documents(server, job);
    return status == PIC_OK && number != PIC_DEVICE_SERVER
               ? issue(server, number, job->now_ms, job->segment, position, job->receipt)
               : status;
}

static int take_back(void *context, const struct pic_answer_device *d,
                     const struct pic_segment *segment, int64_t now_ms)
{
    struct pic_receipt receipt_of;
    return append_by(context, take_back_work, d, segment, now_ms, &receipt_of);
}

/* --- the feed --- */

/* What a device reads: everybody's log and its organisation's; an auditor, everything. */
static uint64_t feed_of(const struct pic_answer_device *d)
{
    bool all = d->audience == PIC_AUDIENCE_SERVER || (d->certificate.role & PIC_ROLE_AUDITOR) != 0;
    return all ? 0 : d->audience;
}

static int feed(void *context, const struct pic_answer_device *d,
                const struct pic_answer_page *page, struct pic_buf *out, uint64_t *start,
                bool *more)
{
    struct pic_exchange_store *s = context;
    uint64_t last = page->cursor;
    return pic_journal_feed(s->server->journal, feed_of(d), page->own ? 0 : d->certificate.device,
                            page->skip, page->budget, &last, start, out, more);
}

/* --- documents --- */

struct held_job {
    const uint8_t *hash;
    int64_t now_ms;
};

/* A document is here: every device that named it gets a receipt that says so. */
static int held_work(struct pic_server *server, void *context)
{
    struct held_job *job = context;
    struct pic_buf devices;
    struct pic_receipt receipt_of;
    pic_buf_init(&devices, DEVICES_MAX);
    int status = pic_registry_document_held(server->registry, job->hash, &devices);
    struct pic_cursor c = pic_cursor_of(devices.data, devices.len);
    while (status == PIC_OK && pic_cursor_left(&c) > 0) {
        uint32_t number = pic_cursor_u32(&c);
        if (number != PIC_DEVICE_SERVER)
            status = issue(server, number, job->now_ms, NULL, 0, &receipt_of);
    }
    pic_buf_release(&devices);
    return status;
}

static int wanted(void *context, const struct pic_answer_device *d, size_t max, struct pic_buf *out)
{
    struct pic_exchange_store *s = context;
    return pic_registry_wanted(s->server->registry, d->certificate.device, max, out);
}

static int marks_of(struct pic_exchange_store *s, const struct pic_answer_device *d,
                    const uint8_t hash[static PIC_HASH_SIZE], unsigned *marks)
{
    const struct pic_device as = {.certificate = d->certificate};
    return pic_registry_document(s->server->registry, &as, hash, marks);
}

struct box_job {
    const struct pic_put_request *part;
    uint64_t *held;
    bool *complete;
};

static int box_work(struct pic_server *server, void *context)
{
    struct box_job *job = context;
    const struct pic_put_request *p = job->part;
    return pic_identities_put(server->identities, p->hash, p->total, p->offset, p->bytes, job->held,
                              job->complete);
}

/* A box goes where its keys can be destroyed, anything else to the documents. */
static int put_bytes(struct pic_exchange_store *s, const struct pic_put_request *part,
                     uint64_t *held, bool *complete)
{
    enum pic_box_state known;
    int status = pic_identities_state(s->server->identities, part->hash, &known);
    struct box_job job = {part, held, complete};
    if (status == PIC_OK)
        return durably(s, box_work, &job);
    return status != PIC_ENOT_FOUND ? status
                                    : pic_blobs_put(&s->server->documents, part->hash, part->total,
                                                    part->offset, part->bytes, held, complete);
}

/* Only what a change of this device names is taken, so that nobody fills the disk with what nobody
 * speaks of. */
static int put(void *context, const struct pic_answer_device *d, const struct pic_put_request *part,
               uint64_t *held, bool *complete)
{
    struct pic_exchange_store *s = context;
    unsigned marks;
    int status = marks_of(s, d, part->hash, &marks);
    unsigned needed = d->retired ? PIC_DOCUMENT_WANTED : PIC_DOCUMENT_NAMED;
    if (status == PIC_OK && (marks & needed) == 0)
        status = PIC_EREFUSED;
    if (status == PIC_OK)
        status = put_bytes(s, part, held, complete);
    if (status != PIC_OK || !*complete || (marks & PIC_DOCUMENT_WANTED) == 0)
        return status;
    struct held_job job = {part->hash, pic_server_now_ms()};
    return durably(s, held_work, &job);
}

static int get(void *context, const struct pic_answer_device *d, const struct pic_get_request *part,
               uint64_t *total, struct pic_buf *out)
{
    struct pic_exchange_store *s = context;
    unsigned marks;
    bool complete = false;
    int status = marks_of(s, d, part->hash, &marks);
    enum pic_box_state box;
    if (status == PIC_OK && (marks & PIC_DOCUMENT_READABLE) == 0)
        status = PIC_ENOT_FOUND;
    if (status == PIC_OK && pic_identities_state(s->server->identities, part->hash, &box) == PIC_OK)
        return pic_identities_read(s->server->identities, part->hash, part->offset,
                                   (size_t)part->max, total, out);
    if (status == PIC_OK)
        status = pic_blobs_held(&s->server->documents, part->hash, total, &complete);
    if (status == PIC_OK && !complete)
        status = PIC_ENOT_FOUND;
    return status == PIC_OK ? pic_blobs_read(&s->server->documents, part->hash, part->offset,
                                             (size_t)part->max, out)
                            : status;
}

/* --- enrolment --- */

static int invitation(void *context, const uint8_t id[static PIC_INVITATION_ID_SIZE],
                      struct pic_secret *out)
{
    struct pic_exchange_store *s = context;
    struct pic_registry_invitation found = {0};
    int status = pic_registry_invitation(s->server->registry, id, &found);
    if (status == PIC_OK)
        *out = found.secret;
    pic_secret_wipe(&found.secret);
    return status;
}

static int enrol_work(struct pic_server *server, void *job)
{
    return pic_enrol_device(server, job);
}

static int enrol(void *context, const struct pic_enrol_request *request,
                 const uint8_t transport_key[static PIC_KEY_SIZE], int64_t now_ms,
                 struct pic_certificate *out, struct pic_buf *organisation_name)
{
    struct pic_exchange_store *s = context;
    struct pic_enrolment job = {.request = request,
                                .transport_key = transport_key,
                                .now_ms = now_ms,
                                .organisation_name = organisation_name};
    int status = durably(s, enrol_work, &job);
    if (status == PIC_OK)
        *out = job.certificate;
    return status;
}

void pic_exchange_store_init(struct pic_exchange_store *store, struct pic_server *server,
                             struct pic_committer *committer, struct pic_contacts *contacts,
                             struct pic_segment_reader *reader)
{
    *store = (struct pic_exchange_store){
        .server = server,
        .committer = committer,
        .contacts = contacts,
        .reader = reader,
        .table = {.context = store,
                  .device = device,
                  .head = head,
                  .append = append,
                  .receipt = receipt,
                  .mark = mark,
                  .feed = feed,
                  .wanted = wanted,
                  .put = put,
                  .get = get,
                  .invitation = invitation,
                  .enrol = enrol,
                  .author = author,
                  .take_back = take_back,
                  .seen = seen},
    };
}
