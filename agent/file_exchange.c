#include "agent/file_exchange.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/deposit.h"
#include "agent/move.h"
#include "agent/query.h"
#include "agent/seal.h"
#include "protocol/base/text.h"
#include "schema/dictionary/number.h"

enum {
    FEED_PAGES = 64,     /* about 4 MB of feed a journey */
    RECOVER_PAGES = 512, /* own log back, from the beginning */
    GET_PARTS = 64,      /* of each document to receive */
    ITEMS_KEPT = 1024,   /* for what comes after the documents */
    KEPT_MAX = 8,
    NAME_PART = 24, /* letters of the association in a file's name */
    MS_PER_DAY = 24 * 60 * 60 * 1000,
};

/* One run, either way. */
struct journey {
    struct pic_courier c;
    struct pic_deposit deposit;
    struct pic_parcel_writer writer;
    struct pic_file_report *report;
    uint64_t parts; /* asked of the document that is being received */
};

static int start(struct journey *j, struct pic_agent *agent, struct pic_keys *keys,
                 const struct pic_carrier *carrier, const struct pic_courier_options *options,
                 struct pic_file_report *report, struct pic_err *err)
{
    memset(report, 0, sizeof *report);
    j->report = report;
    j->c = (struct pic_courier){.agent = agent,
                                .keys = keys,
                                .carrier = carrier,
                                .options = options,
                                .report = &report->courier,
                                .err = err,
                                .by_file = true,
                                .introduced = true, /* that takes a network */
                                .chunk = PIC_BLOB_CHUNK_MAX,
                                .kept_max = KEPT_MAX};
    pic_buf_init(&j->c.frame, PIC_FRAME_MAX);
    pic_buf_init(&j->c.plain, PIC_FRAME_MAX);
    pic_buf_init(&j->c.segment, PIC_SEGMENT_MAX);
    int status = pic_courier_enter(&j->c);
    return status == PIC_OK ? pic_courier_load_cursor(&j->c) : status;
}

static int finish(struct journey *j, int status)
{
    struct pic_err *err = j->c.err;
    status = pic_courier_leave(&j->c, status);
    pic_buf_release(&j->c.frame);
    pic_buf_wipe(&j->c.plain);
    pic_buf_release(&j->c.segment);
    pic_deposit_release(&j->deposit);
    pic_parcel_abandon(&j->writer);
    free(j);
    if (status == PIC_OK || (err != NULL && err->status == status))
        return status;
    return pic_fail(err, status, NULL);
}

/* --- what is to be mended by the next file --- */

static int wish_get(struct journey *j, const char *name, uint64_t *out)
{
    return pic_journal_number_get(j->c.agent->journal, name, out);
}

static int wish_put(struct journey *j, const char *name, uint64_t value)
{
    uint64_t was = 0;
    int status = wish_get(j, name, &was);
    return status == PIC_OK && was != value
               ? pic_journal_number_put(j->c.agent->journal, name, value)
               : status;
}

static const char resend_wish[] = "file_resend";   /* first sequence that the server lacks */
static const char recover_wish[] = "file_recover"; /* own log must come back first */

/* --- deposit --- */

static int carry(void *context, struct pic_span payload)
{
    struct journey *j = context;
    return pic_parcel_write(&j->writer, payload, j->c.err);
}

/* Lanes that only ask never receive. */
static int nothing_comes(void *context, struct pic_buf *payload)
{
    (void)context;
    (void)payload;
    return PIC_ECLOSED;
}

/* Asks the next thing of a lane; what its answer needs goes into the deposit. */
static int ask_one(struct journey *j, enum pic_courier_lane lane, bool *more)
{
    struct pic_courier *c = &j->c;
    c->lane = lane;
    int status = pic_courier_next(c, more);
    if (status != PIC_OK || c->n == 0)
        return status;
    struct pic_slot *slot = &c->slots[c->first];
    if (slot->type == PIC_REQUEST_PUT) {
        c->done += slot->length;
        c->closing_due = true;
        c->report->documents_sent += slot->offset + slot->length == slot->total;
    } else if (slot->type == PIC_REQUEST_GET) {
        c->in.asking = false;
        c->in.offset += PIC_BLOB_CHUNK_MAX;
        j->parts = ++j->parts == GET_PARTS || c->in.offset >= PIC_BLOB_MAX ? 0 : j->parts;
        c->in.here = j->parts != 0;
    }
    status = pic_deposit_put(&j->deposit, slot, c->err);
    c->n = 0;
    return status;
}

static int ask_all(struct journey *j, enum pic_courier_lane lane)
{
    bool more = true;
    int status = PIC_OK;
    while (status == PIC_OK && more && j->writer.parcel.items < PIC_PARCEL_ITEMS_MAX - ITEMS_KEPT)
        status = ask_one(j, lane, &more);
    return status;
}

/* Pages are asked for before anyone knows how many there are; those past the end cost little. */
static int ask_pages(struct journey *j, enum pic_courier_lane lane, unsigned pages)
{
    bool more = true;
    int status = PIC_OK;
    while (status == PIC_OK && more && j->c.pulling < pages) {
        j->c.more = true;
        status = ask_one(j, lane, &more);
    }
    return status;
}

/* From the first change that the server is not known to hold. */
static int seal_all(struct journey *j)
{
    struct pic_courier *c = &j->c;
    struct pic_log_head head = {0};
    uint64_t resend = 0;
    int status = pic_seal_all(c->agent, &c->keys->sign, PIC_SEAL_BYTES_MAX, c->err);
    if (status == PIC_OK)
        status = pic_agent_head(c->agent, &head);
    if (status == PIC_OK)
        status = wish_get(j, resend_wish, &resend);
    c->push_next = resend != 0 && resend <= head.seq ? resend : head.seq + 1;
    return status;
}

/* The claims of a laptop that waits for its own log are those that were acknowledged. */
static int ask_recovery(struct journey *j)
{
    j->c.own = true;
    j->c.cursor = 0;
    memset(j->c.cursor_mark, 0, PIC_MARK_SIZE);
    return ask_pages(j, PIC_LANE_RECOVER, RECOVER_PAGES);
}

static int ask_lanes(struct journey *j)
{
    const struct pic_courier *c = &j->c;
    const unsigned errands = c->options->errands;
    bool more = false;
    int status = c->agent->self.enrolled ? PIC_OK : ask_one(j, PIC_LANE_ENROL, &more);
    if (status == PIC_OK)
        status = seal_all(j);
    if (status == PIC_OK && j->deposit.own)
        return ask_recovery(j);
    if (status == PIC_OK && (errands & PIC_ERRAND_SEND) != 0)
        status = ask_all(j, PIC_LANE_CHANGES);
    if (status == PIC_OK && (errands & PIC_ERRAND_RECEIVE) != 0)
        status = ask_pages(j, PIC_LANE_PULL, FEED_PAGES);
    if (status == PIC_OK && (errands & PIC_ERRAND_DOCUMENTS) != 0)
        status = ask_all(j, PIC_LANE_DOCUMENTS);
    if (status == PIC_OK && (errands & PIC_ERRAND_DOCUMENTS) != 0)
        status = ask_all(j, PIC_LANE_CLOSING);
    return status;
}

static int tell_deposit(struct journey *j)
{
    struct pic_agent_pending pending;
    struct pic_file_report *r = j->report;
    int status = pic_agent_pending(j->c.agent, &pending);
    if (status != PIC_OK)
        return status;
    r->courier.changes_sent = j->deposit.own ? 0 : pending.changes;
    r->documents_left = pending.documents > r->courier.documents_sent
                            ? pending.documents - r->courier.documents_sent
                            : 0;
    r->requests = j->writer.parcel.items;
    r->bytes = j->writer.bytes;
    memcpy(r->id, j->deposit.id, sizeof r->id);
    memcpy(r->path, j->writer.path, sizeof r->path);
    return PIC_OK;
}

/* A deposit takes the place of those that this laptop made before: it asks all that they asked. */
static bool is_own(void *context, const struct pic_parcel *parcel)
{
    struct journey *j = context;
    struct pic_deposit other;
    int status = pic_deposit_find(&other, j->c.agent, j->c.keys, parcel->id);
    pic_deposit_release(&other);
    return status == PIC_OK;
}

static int remove_older(void *context, const char *path)
{
    struct journey *j = context;
    struct pic_parcel_reader reader;
    if (strcmp(path, j->writer.path) == 0)
        return PIC_OK;
    bool older = pic_parcel_load(&reader, path, NULL) == PIC_OK &&
                 reader.parcel.kind == PIC_PARCEL_REQUESTS && is_own(j, &reader.parcel);
    pic_parcel_close(&reader);
    if (older)
        (void)unlink(path);
    return PIC_OK;
}

static int deposit(struct journey *j, const char *folder)
{
    struct pic_courier *c = &j->c;
    struct pic_parcel parcel = {.kind = PIC_PARCEL_REQUESTS};
    char stem[PIC_PARCEL_NAME_MAX + 1];
    uint64_t recover = 0;
    int status = wish_get(j, recover_wish, &recover);
    if (status == PIC_OK)
        status = pic_deposit_new(&j->deposit, c->agent, c->keys, recover != 0, c->err);
    if (status != PIC_OK)
        return status;
    pic_parcel_server(c->agent->self.server.identity, parcel.server);
    memcpy(parcel.id, j->deposit.id, sizeof parcel.id);
    status = pic_parcel_create(&j->writer, folder, &parcel, c->err);
    if (status == PIC_OK)
        status = ask_lanes(j);
    if (status == PIC_OK)
        status = pic_deposit_keep(&j->deposit, c->err);
    if (status != PIC_OK)
        return status;
    pic_file_stem(c->agent, stem);
    j->writer.replaces = is_own;
    j->writer.context = j;
    status = pic_parcel_finish(&j->writer, stem, c->err);
    if (status == PIC_OK)
        status = pic_parcel_each(folder, PIC_PARCEL_REQUEST_SUFFIX, remove_older, j, c->err);
    return status == PIC_OK ? tell_deposit(j) : status;
}

int pic_file_deposit(struct pic_agent *agent, struct pic_keys *keys, const char *folder,
                     const struct pic_courier_options *options, struct pic_file_report *report,
                     struct pic_err *err)
{
    struct journey *j = calloc(1, sizeof *j);
    if (j == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    const struct pic_carrier carrier = {.context = j, .send = carry, .receive = nothing_comes};
    int status = start(j, agent, keys, &carrier, options, report, err);
    if (status == PIC_OK)
        status = deposit(j, folder);
    return finish(j, status);
}

void pic_file_stem(struct pic_agent *agent, char out[static PIC_PARCEL_NAME_MAX + 1])
{
    struct pic_buf name;
    struct pic_buf day;
    pic_buf_init(&name, PIC_PARCEL_NAME_MAX);
    pic_buf_init(&day, NAME_PART);
    if (pic_text_fold(pic_span_text(agent->self.organisation_name), &name) != PIC_OK)
        pic_buf_clear(&name);
    for (size_t i = 0; i < name.len; i++) {
        uint8_t at = name.data[i];
        bool letter = at >= 'a' && at <= 'z';
        bool digit = at >= '0' && at <= '9';
        name.data[i] = letter ? (uint8_t)(at - 'a' + 'A') : digit ? at : '-';
    }
    pic_date_format(pic_agent_now_ms(agent) / MS_PER_DAY, PIC_STYLE_EXACT, &day);
    size_t n = strnlen(pic_buf_string(&name), NAME_PART);
    (void)snprintf(out, PIC_PARCEL_NAME_MAX + 1, "pic-%.*s-%u-%s", (int)n, pic_buf_string(&name),
                   agent->self.device, pic_buf_string(&day));
    pic_buf_release(&name);
    pic_buf_release(&day);
}

/* --- collect --- */

/* A journey bounds how far this clock is from the server's: the requests left before the server's
 * time of answering, and the answers came after it. What is known moves only as far as that. */
static int keep_contact(struct journey *j)
{
    struct pic_agent *agent = j->c.agent;
    const int64_t server_ms = j->c.report->server_ms;
    const int64_t now_ms = agent->world->now_ms(agent->world->context);
    const int64_t least = j->deposit.time_ms - server_ms;
    const int64_t most = now_ms - server_ms;
    int64_t offset = pic_agent_clock_offset_ms(agent);
    uint64_t contact = 0;
    if (server_ms == 0)
        return PIC_OK;
    if (least <= most)
        offset = offset < least ? least : offset > most ? most : offset;
    int status = wish_put(j, "offset", pic_zigzag(offset));
    if (status == PIC_OK)
        status = wish_get(j, "contact", &contact);
    if (status == PIC_OK && (int64_t)contact < server_ms + offset)
        status = wish_put(j, "contact", (uint64_t)(server_ms + offset));
    return status;
}

/* What stands in the way, once all that could be taken was taken. */
static int settle(struct journey *j)
{
    struct pic_courier *c = &j->c;
    struct pic_agent_pending pending;
    uint64_t next = 0;
    int status = PIC_OK;
    if (c->own || c->rebuild_due)
        status = pic_agent_rebuild(c->agent, c->err);
    if (status != PIC_OK)
        return status;
    if (c->own) {
        c->report->shifted = true;
        j->report->again = true;
        if (c->fed) /* to its end */
            status = wish_put(j, recover_wish, 0);
        return status;
    }
    switch (c->turn) {
    case PIC_TURN_GAP:
        status = pic_agent_next_seq(c->agent, &next);
        if (status != PIC_OK || c->told_seq + 1 >= next)
            return status;
        status = wish_put(j, resend_wish, c->told_seq + 1);
        break;
    case PIC_TURN_FORK:
        status = wish_put(j, recover_wish, 1);
        break;
    case PIC_TURN_CLOCK:
        status = pic_agent_pending(c->agent, &pending);
        c->report->restamped = status == PIC_OK && pending.changes > 0;
        if (c->report->restamped)
            status = pic_move_restamp(c->agent, c->report->server_ms, c->err);
        break;
    case PIC_TURN_KEY:
    case PIC_TURN_UNKNOWN:
    case PIC_TURN_AGAIN:
        break;
    case PIC_TURN_NONE:
        if (c->told_seq != 0)
            status = wish_put(j, resend_wish, 0);
        return status;
    }
    j->report->again = true;
    return status;
}

/* One answer. Answers that stand in the same file are independent: one that is of no use stops none
 * of the others. */
static int take_one(struct journey *j, uint64_t index, struct pic_span payload, int *refused)
{
    struct pic_courier *c = &j->c;
    struct pic_slot slot;
    int status = pic_deposit_slot(&j->deposit, index, &slot);
    if (status != PIC_OK)
        return status == PIC_ENOT_FOUND ? PIC_OK : status;
    const enum pic_turn turn = c->turn;
    c->report->bytes_received += payload.n;
    status = pic_courier_take(c, &slot, payload);
    pic_ask_release(&slot.ask);
    if (c->report->server_ms < c->news_ms)
        c->turn = turn; /* what stood in the way then has been mended since */
    bool store = status == PIC_EDISK_FULL || status == PIC_EIO || status == PIC_EMEMORY;
    if (status == PIC_OK && (c->kept >= KEPT_MAX || c->own))
        status = pic_courier_keep(c);
    if (*refused == PIC_OK && !store)
        *refused = status;
    return store ? status : PIC_OK;
}

static int take_all(struct journey *j, struct pic_parcel_reader *reader, int *refused)
{
    struct pic_span payload;
    bool more = true;
    uint64_t index = 0;
    int status = PIC_OK;
    while (status == PIC_OK && more) {
        status = pic_parcel_read(reader, &payload, &more);
        if (status == PIC_OK && more)
            status = take_one(j, index++, payload, refused);
        bool full = index > 0 && index % PIC_DEPOSIT_PART == 0;
        if (full || status != PIC_OK || !more) {
            int kept = pic_courier_keep(&j->c);
            status = status == PIC_OK ? kept : status;
        }
        if (status == PIC_OK && full)
            status = pic_deposit_used(&j->deposit, index - 1);
    }
    /* The last part is used once the file has an end, and answers all that was asked. */
    struct pic_slot slot;
    bool answered = status == PIC_OK && index > 0 &&
                    pic_deposit_slot(&j->deposit, index, &slot) == PIC_ENOT_FOUND;
    pic_ask_release(&slot.ask);
    j->report->ended = status == PIC_OK;
    j->report->whole = answered;
    if (answered)
        status = pic_deposit_used(&j->deposit, index);
    return status;
}

static int collect(struct journey *j, struct pic_parcel_reader *reader)
{
    struct pic_courier *c = &j->c;
    struct pic_agent_pending before;
    struct pic_agent_pending after;
    int refused = PIC_OK;
    if (j->deposit.own) {
        c->own = true;
        c->kept_max = 1;
        c->cursor = 0;
        memset(c->cursor_mark, 0, PIC_MARK_SIZE);
    }
    uint64_t news_ms = 0;
    int status = pic_agent_pending(c->agent, &before);
    if (status == PIC_OK)
        status = pic_query_numbers(c->agent->queries, PIC_QUERY_PROOF_TIME, &news_ms, 1);
    c->news_ms = (int64_t)news_ms;
    if (status != PIC_OK)
        return status;
    status = take_all(j, reader, &refused);
    int kept = keep_contact(j);
    int settled = settle(j);
    if (pic_agent_pending(c->agent, &after) == PIC_OK && before.changes > after.changes)
        c->report->changes_sent = before.changes - after.changes;
    if (refused == PIC_OK)
        refused = c->refused;
    if (kept == PIC_OK)
        kept = settled;
    return refused != PIC_OK ? refused : status != PIC_OK ? status : kept;
}

/* Whose file it is, before anything in it is read. */
static int recognise(struct journey *j, const struct pic_parcel *parcel, const char *path)
{
    struct pic_courier *c = &j->c;
    uint8_t server[PIC_PARCEL_ID_SIZE];
    pic_parcel_server(c->agent->self.server.identity, server);
    if (parcel->kind != PIC_PARCEL_REPLIES)
        return pic_fail(c->err, PIC_EFORMAT, path, NULL);
    if (memcmp(server, parcel->server, sizeof server) != 0)
        return pic_fail(c->err, PIC_EOTHER_SERVER, path, NULL);
    int status = pic_deposit_find(&j->deposit, c->agent, c->keys, parcel->id);
    if (status == PIC_ENOT_FOUND)
        return pic_fail(c->err, PIC_EOTHER_LAPTOP, path, NULL);
    if (status == PIC_OK && j->deposit.used)
        return pic_fail(c->err, PIC_EEXISTS, path, NULL);
    return status;
}

int pic_file_collect(struct pic_agent *agent, struct pic_keys *keys, const char *path,
                     const struct pic_courier_options *options, struct pic_file_report *report,
                     struct pic_err *err)
{
    struct pic_parcel_reader reader;
    struct journey *j = calloc(1, sizeof *j);
    if (j == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    int status = start(j, agent, keys, NULL, options, report, err);
    if (status == PIC_OK) {
        status = pic_parcel_load(&reader, path, err);
        if (status == PIC_OK)
            status = recognise(j, &reader.parcel, path);
        if (status == PIC_OK)
            status = collect(j, &reader);
        report->requests = reader.parcel.items;
        memcpy(report->id, reader.parcel.id, sizeof report->id);
        pic_parcel_close(&reader);
    }
    return finish(j, status);
}
