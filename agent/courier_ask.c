#include "agent/courier_state.h"

#include <string.h>

#include "agent/branch.h"
#include "agent/query.h"
#include "agent/seal.h"
#include "schema/state/persons.h"

enum { MS_PER_MINUTE = 60 * 1000, INCOMING_MAX = 1 << 22 };

/* --- asking --- */

static struct pic_ask_party party_of(const struct pic_courier *c)
{
    return (struct pic_ask_party){.own = &c->keys->transport,
                                  .server = &c->agent->self.server,
                                  .device = c->agent->self.device,
                                  .random = &c->agent->world->random};
}

static struct pic_slot *next_slot(struct pic_courier *c)
{
    struct pic_slot *slot = &c->slots[(c->first + c->n) % PIC_PIPELINE_WINDOW];
    memset(slot, 0, sizeof *slot);
    return slot;
}

/* Sends the frame that was just made for slot, which is then in flight. */
static int send_slot(struct pic_courier *c, struct pic_slot *slot, int made)
{
    if (made == PIC_OK)
        made = pic_buf_status(&c->frame);
    if (made != PIC_OK) {
        pic_ask_release(&slot->ask);
        return made;
    }
    slot->sent_ms = c->agent->world->now_ms(c->agent->world->context);
    int status = c->carrier->send(c->carrier->context, pic_buf_view(&c->frame));
    if (status != PIC_OK) {
        c->broken = true;
        pic_ask_release(&slot->ask);
        return status;
    }
    slot->bytes = c->frame.len;
    c->report->bytes_sent += c->frame.len;
    c->n++;
    return PIC_OK;
}

static int ask(struct pic_courier *c, struct pic_slot *slot, const struct pic_request *request)
{
    const struct pic_ask_party party = party_of(c);
    pic_buf_clear(&c->frame);
    slot->type = request->type;
    return send_slot(c, slot, pic_ask(&slot->ask, &party, request, &c->frame));
}

/* What every sync says of this laptop. head is where its log stands with this request. */
static int sync_request(struct pic_courier *c, uint64_t head, struct pic_request *out)
{
    uint64_t changes = 0;
    uint64_t documents = 0;
    uint64_t receipt = 0;
    uint8_t hash[PIC_HASH_SIZE];
    int64_t offset = pic_agent_clock_offset_ms(c->agent);
    int status = pic_query_numbers(c->agent->queries, PIC_QUERY_PENDING_COUNT, &changes, 1);
    if (status == PIC_OK)
        status = pic_query_numbers(c->agent->queries, PIC_QUERY_OUTGOING_COUNT, &documents, 1);
    if (status == PIC_OK)
        status = pic_seal_hash(c->agent, head, hash);
    if (status == PIC_OK)
        status = pic_query_numbers(c->agent->queries, PIC_QUERY_PROOF_NUMBER, &receipt, 1);
    if (status != PIC_OK)
        return status;
    int64_t minutes = offset / MS_PER_MINUTE;
    if (minutes > PIC_CLOCK_MINUTES_MAX || minutes < -PIC_CLOCK_MINUTES_MAX)
        minutes = minutes > 0 ? PIC_CLOCK_MINUTES_MAX : -PIC_CLOCK_MINUTES_MAX;
    *out = (struct pic_request){
        .type = PIC_REQUEST_SYNC,
        .sync = {.head_seq = head,
                 .receipt = receipt,
                 .pending_changes = changes < UINT32_MAX ? changes : UINT32_MAX,
                 .pending_documents = documents < UINT32_MAX ? documents : UINT32_MAX,
                 .dictionary = PIC_DICTIONARY_VERSION,
                 .program = c->options->program,
                 .disk = c->options->disk,
                 .clock = minutes}};
    memcpy(out->sync.head_mark, hash, PIC_MARK_SIZE);
    return PIC_OK;
}

/* Adds the wish for a page of the feed to a sync. */
static void pull_too(struct pic_courier *c, struct pic_slot *slot, struct pic_request *request)
{
    request->sync.cursor = c->cursor;
    memcpy(request->sync.cursor_mark, c->cursor_mark, PIC_MARK_SIZE);
    request->sync.page = c->pulling;
    request->sync.flags = c->own ? PIC_SYNC_OWN : 0;
    slot->pulls = true;
}

/* --- lanes: what to ask next; *more is false when there is nothing now --- */

static int enrol_next(struct pic_courier *c, struct pic_slot *slot, bool *more)
{
    const struct pic_agent_self *self = &c->agent->self;
    const struct pic_ask_party party = party_of(c);
    *more = !self->enrolled && c->n == 0;
    if (!*more)
        return PIC_OK;
    if (c->keys->code.text[0] == '\0')
        return PIC_ENOT_ENROLLED;
    struct pic_enrol_request request = {.label = pic_span_text(c->options->label),
                                        .program = c->options->program};
    memcpy(request.box_key, c->keys->box.public, PIC_KEY_SIZE);
    pic_buf_clear(&c->frame);
    slot->type = PIC_REQUEST_ENROL;
    return send_slot(
        c, slot,
        pic_ask_enrol(&slot->ask, &party, &c->keys->code, &c->keys->sign, &request, &c->frame));
}

/* The last segment to send asks for the feed too, so that a small exchange is one round trip. */
static int ask_for_last(struct pic_courier *c, struct pic_slot *slot, struct pic_request *request)
{
    uint64_t last = 0;
    int status = pic_query_numbers(c->agent->queries, PIC_QUERY_SEALED_LAST, &last, 1);
    bool pulls = (c->options->errands & PIC_ERRAND_RECEIVE) != 0 && !c->fed && c->pulling == 0 &&
                 slot->last_seq >= last;
    request->sync.flags = PIC_SYNC_NO_FEED;
    if (pulls)
        pull_too(c, slot, request);
    if (status == PIC_OK)
        status = ask(c, slot, request);
    if (status == PIC_OK && pulls)
        c->pulling++;
    return status;
}

static int changes_next(struct pic_courier *c, struct pic_slot *slot, bool *more)
{
    struct pic_request request;
    uint64_t last = 0;
    int status = pic_seal_from(c->agent, c->push_next, &last, &c->segment);
    *more = status == PIC_OK;
    if (status != PIC_OK)
        return status == PIC_ENOT_FOUND ? PIC_OK : status;
    status = sync_request(c, last, &request);
    if (status != PIC_OK)
        return status;
    request.sync.segment = pic_buf_view(&c->segment);
    slot->last_seq = last;
    c->push_next = last + 1;
    return ask_for_last(c, slot, &request);
}

static int pull_next(struct pic_courier *c, struct pic_slot *slot, bool *more)
{
    struct pic_request request;
    *more = !c->fed && (c->pulling == 0 || c->more);
    if (!*more)
        return PIC_OK;
    /* While its own log comes back it claims nothing of it: where the server has another head of
     * the same sequence, it would answer fork again, and without end. */
    int status = sync_request(c, c->own ? 0 : c->push_next - 1, &request);
    if (status != PIC_OK)
        return status;
    pull_too(c, slot, &request);
    status = ask(c, slot, &request);
    if (status == PIC_OK)
        c->pulling++;
    return status;
}

/* What the server has lost, once its feed has said all that it has. */
static int give_next(struct pic_courier *c, struct pic_slot *slot, bool *more)
{
    struct pic_request request = {.type = PIC_REQUEST_GIVE};
    struct pic_segment segment;
    slot->position = c->given;
    int status = pic_branch_next(c->agent, &slot->position, &c->segment);
    *more = status == PIC_OK;
    if (status == PIC_OK)
        status = pic_segment_read(pic_buf_view(&c->segment), &segment);
    if (status != PIC_OK)
        return status == PIC_ENOT_FOUND ? PIC_OK : status;
    slot->servers = segment.device == PIC_DEVICE_SERVER;
    c->given = slot->position;
    request.give.segment = pic_buf_view(&c->segment);
    return ask(c, slot, &request);
}

static int outgoing_find(struct pic_courier *c, bool *found)
{
    sqlite3_stmt *stmt = pic_query(c->agent->queries, PIC_QUERY_OUTGOING_AFTER);
    struct pic_outgoing *out = &c->out;
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)out->size);
    pic_db_bind_span(stmt, 2, pic_span_of(out->hash, PIC_HASH_SIZE));
    int status = pic_db_step(stmt, found);
    if (status == PIC_OK && *found) {
        struct pic_span hash = pic_db_column_span(stmt, 0);
        out->size = (uint64_t)sqlite3_column_int64(stmt, 1);
        out->offset = 0;
        if (hash.n == PIC_HASH_SIZE)
            memcpy(c->out.hash, hash.p, PIC_HASH_SIZE);
    }
    (void)sqlite3_reset(stmt);
    return status;
}

/* Takes up the next document that is not sent, small ones first. */
static int outgoing_start(struct pic_courier *c, bool *more)
{
    bool found = false;
    if (c->done >= c->options->document_bytes_max || c->begun >= c->options->document_bytes_max) {
        *more = false;
        return PIC_OK;
    }
    int status = outgoing_find(c, &found);
    bool fits = !c->by_file || (found && c->out.size <= c->options->document_bytes_max - c->done);
    *more = status == PIC_OK && found && fits;
    c->out.here = *more;
    c->out.asking = false;
    c->begun += *more ? c->out.size : 0;
    return status;
}

static int put_next(struct pic_courier *c, struct pic_slot *slot, bool *more)
{
    struct pic_outgoing *out = &c->out;
    struct pic_request request = {.type = PIC_REQUEST_PUT};
    *more = true;
    if (out->here && out->asking) {
        *more = false; /* its answer decides */
        return PIC_OK;
    }
    if (!out->here || out->offset == out->size) {
        int status = outgoing_start(c, more);
        if (status != PIC_OK || !*more)
            return status;
        out->asking = !c->by_file && out->size > c->chunk; /* part of it may be there already */
    }
    memcpy(request.put.hash, out->hash, PIC_HASH_SIZE);
    memcpy(slot->hash, out->hash, PIC_HASH_SIZE);
    request.put.total = slot->total = out->size;
    request.put.offset = slot->offset = out->offset;
    pic_buf_clear(&c->segment);
    int status = PIC_OK;
    if (!out->asking)
        status =
            pic_blobs_read(&c->agent->blobs, out->hash, out->offset, (size_t)c->chunk, &c->segment);
    if (status != PIC_OK) { /* the file is gone from this laptop: the next one */
        out->here = false;
        c->refused = c->refused == PIC_OK ? PIC_EBLOB_CHANGED : c->refused;
        return PIC_OK;
    }
    request.put.bytes = pic_buf_view(&c->segment);
    slot->length = c->segment.len;
    out->offset += c->segment.len;
    return ask(c, slot, &request);
}

static int want(void *context, uint64_t id, struct pic_span hash)
{
    struct pic_courier *c = context;
    uint64_t held = 0;
    bool complete = false;
    (void)id;
    int status = pic_blobs_held(&c->agent->blobs, hash.p, &held, &complete);
    if (status == PIC_OK && !complete)
        pic_buf_bytes(&c->in.wanted, hash.p, hash.n);
    return status;
}

/* What is named here and not held: summaries, the documents of the laptop that this one replaces,
 * and, where it records for an association, the sealed people of the other laptops. */
static int list_incoming(struct pic_courier *c)
{
    sqlite3_stmt *stmt = pic_query(c->agent->queries, PIC_QUERY_INCOMING);
    bool row = false;
    uint64_t restored = 0;
    pic_buf_init(&c->in.wanted, INCOMING_MAX);
    int status = pic_journal_number_get(c->agent->journal, "rescue_restored", &restored);
    if (status == PIC_OK && stmt == NULL)
        status = PIC_EIO;
    if (status == PIC_OK) {
        (void)sqlite3_bind_int(stmt, 1, restored != 0);
        status = pic_db_step(stmt, &row);
    }
    while (status == PIC_OK && row) {
        struct pic_span hash = pic_db_column_span(stmt, 0);
        if (hash.n == PIC_HASH_SIZE)
            status = want(c, 0, hash);
        if (status == PIC_OK)
            status = pic_db_step(stmt, &row);
    }
    if (stmt != NULL)
        (void)sqlite3_reset(stmt);
    if (status == PIC_OK && (c->agent->self.role & PIC_ROLE_ASSOCIATION) != 0)
        status = pic_persons_living(&c->agent->db, want, c);
    c->in.listed = status == PIC_OK;
    return status; /* what has no room is wanted the next time */
}

/* The next document to fetch. */
static int incoming_start(struct pic_courier *c, bool *more)
{
    struct pic_incoming *in = &c->in;
    bool complete = false;
    int status = in->listed ? PIC_OK : list_incoming(c);
    *more = status == PIC_OK && in->at + PIC_HASH_SIZE <= in->wanted.len;
    if (!*more)
        return status;
    memcpy(in->hash, in->wanted.data + in->at, PIC_HASH_SIZE);
    in->at += PIC_HASH_SIZE;
    in->here = true;
    return pic_blobs_held(&c->agent->blobs, in->hash, &in->offset, &complete);
}

static int get_next(struct pic_courier *c, struct pic_slot *slot, bool *more)
{
    struct pic_incoming *in = &c->in;
    struct pic_request request = {.type = PIC_REQUEST_GET};
    *more = !in->asking;
    if (!*more)
        return PIC_OK;
    if (!in->here) {
        int status = incoming_start(c, more);
        if (status != PIC_OK || !*more)
            return status;
    }
    memcpy(request.get.hash, in->hash, PIC_HASH_SIZE);
    memcpy(slot->hash, in->hash, PIC_HASH_SIZE);
    request.get.offset = slot->offset = in->offset;
    request.get.max = c->chunk;
    in->asking = true;
    return ask(c, slot, &request);
}

static int documents_next(struct pic_courier *c, struct pic_slot *slot, bool *more)
{
    int status = put_next(c, slot, more);
    if (status == PIC_OK && !*more)
        status = get_next(c, slot, more);
    return status;
}

/* A receipt that covers the documents too. */
static int closing_next(struct pic_courier *c, struct pic_slot *slot, bool *more)
{
    struct pic_request request;
    *more = c->closing_due;
    c->closing_due = false;
    if (!*more)
        return PIC_OK;
    int status = sync_request(c, c->push_next - 1, &request);
    request.sync.flags = PIC_SYNC_NO_FEED;
    return status == PIC_OK ? ask(c, slot, &request) : status;
}

static const struct {
    int (*next)(struct pic_courier *c, struct pic_slot *slot, bool *more);
} lanes[PIC_LANES] = {
    [PIC_LANE_ENROL] = {enrol_next},     [PIC_LANE_CHANGES] = {changes_next},
    [PIC_LANE_RECOVER] = {pull_next},    [PIC_LANE_PULL] = {pull_next},
    [PIC_LANE_GIVE] = {give_next},       [PIC_LANE_DOCUMENTS] = {documents_next},
    [PIC_LANE_CLOSING] = {closing_next},
};

int pic_courier_next(struct pic_courier *c, bool *more)
{
    return lanes[c->lane].next(c, next_slot(c), more);
}
