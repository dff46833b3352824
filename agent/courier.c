#include "agent/courier.h"

#include <stdlib.h>
#include <string.h>

#include "agent/enrol.h"
#include "agent/query.h"
#include "agent/seal.h"

enum {
    TURNS_MAX = 16, /* ways back (gap, fork, clock, key) that one run may take */
    CHUNK_FIRST = 8192,
    CHUNK_MIN = 2048,
    SEAL_PER_CHUNK = 3, /* rows deflate to about a third */
    MS_PER_MINUTE = 60 * 1000,
};

enum turn { TURN_NONE, TURN_GAP, TURN_FORK, TURN_CLOCK, TURN_KEY };

/* What one request in flight was about. */
struct slot {
    struct pic_ask ask;
    enum pic_request_type type;
    bool pulls;                  /* sync: asks for the feed */
    uint64_t last_seq;           /* sync: of the segment it carries; 0: none */
    uint8_t hash[PIC_HASH_SIZE]; /* put, get */
    uint64_t offset, length, total;
    size_t bytes; /* of the frame */
};

/* One document on its way out, and where in the queue it stands. */
struct outgoing {
    bool here, asking; /* asking: how much the server holds already */
    uint8_t hash[PIC_HASH_SIZE];
    uint64_t size, offset;
};

struct incoming {
    bool here, asking;
    uint64_t summary; /* id of the row that names it */
    uint8_t hash[PIC_HASH_SIZE];
    uint64_t offset;
};

struct courier {
    struct pic_agent *agent;
    struct pic_keys *keys;
    const struct pic_carrier *carrier;
    const struct pic_courier_options *options;
    struct pic_courier_report *report;
    struct pic_err *err;

    struct slot slots[PIC_PIPELINE_WINDOW];
    size_t first, n; /* ring */
    struct pic_buf frame, plain, segment;

    enum pic_courier_lane lane;
    enum turn turn;
    unsigned turns;
    int refused; /* first status of the lane that is not a way back */
    bool broken; /* the connection is over */

    uint64_t push_next; /* first own sequence not sent in this run */
    uint64_t told_seq;  /* head that the server told, with the turn */
    uint8_t told_mark[PIC_MARK_SIZE];

    uint64_t cursor; /* of the feed */
    uint8_t cursor_mark[PIC_MARK_SIZE];
    bool own, fed, more; /* own: recovering; fed: nothing more to pull; more: the feed goes on */
    unsigned pulling;    /* pulls in flight */

    struct outgoing out;
    struct incoming in;
    uint64_t chunk, done, total;
    bool closing_due;
};

/* --- what is kept of the conversation --- */

static int load_cursor(struct courier *c)
{
    struct pic_buf mark;
    pic_buf_init(&mark, PIC_MARK_SIZE);
    memset(c->cursor_mark, 0, PIC_MARK_SIZE);
    int status = pic_journal_number_get(c->agent->journal, "cursor", &c->cursor);
    if (status == PIC_OK)
        status = pic_journal_fact_get(c->agent->journal, "cursor_mark", &mark);
    if (status == PIC_OK && mark.len == PIC_MARK_SIZE)
        memcpy(c->cursor_mark, mark.data, PIC_MARK_SIZE);
    pic_buf_release(&mark);
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

static int keep_cursor(struct courier *c)
{
    int status = pic_journal_number_put(c->agent->journal, "cursor", c->cursor);
    if (status == PIC_OK)
        status = pic_journal_fact_put(c->agent->journal, "cursor_mark",
                                      pic_span_of(c->cursor_mark, PIC_MARK_SIZE));
    return status;
}

/* A newer transport key of the pinned server. */
static int keep_key(struct courier *c, const struct pic_transport *transport)
{
    struct pic_agent_self self = c->agent->self;
    self.server = *transport;
    int status = pic_agent_begin(c->agent, c->err);
    if (status != PIC_OK)
        return status;
    status = pic_agent_become(c->agent, &self, c->err);
    if (status == PIC_OK)
        return pic_agent_commit(c->agent, c->err);
    pic_agent_rollback(c->agent);
    return status;
}

/* When the server was reached, by this clock, and how far this clock is from its own. */
static int keep_contact(struct courier *c)
{
    struct pic_agent *agent = c->agent;
    if (c->report->server_ms == 0)
        return PIC_OK;
    int64_t now_ms = agent->world->now_ms(agent->world->context);
    int status = pic_agent_begin(agent, c->err);
    if (status != PIC_OK)
        return status;
    status = pic_journal_number_put(agent->journal, "contact", (uint64_t)now_ms);
    if (status == PIC_OK)
        status = pic_journal_number_put(agent->journal, "offset",
                                        pic_zigzag(now_ms - c->report->server_ms));
    if (status == PIC_OK)
        status = pic_journal_number_put(agent->journal, "chunk", c->chunk);
    if (status == PIC_OK)
        return pic_agent_commit(agent, c->err);
    pic_agent_rollback(agent);
    return status;
}

static void tell_progress(struct courier *c)
{
    if (c->options->progress != NULL)
        c->options->progress(c->options->context, c->lane, c->done, c->total);
}

/* --- asking --- */

static struct pic_ask_party party_of(const struct courier *c)
{
    return (struct pic_ask_party){.own = &c->keys->transport,
                                  .server = &c->agent->self.server,
                                  .device = c->agent->self.device,
                                  .random = &c->agent->world->random};
}

static struct slot *next_slot(struct courier *c)
{
    struct slot *slot = &c->slots[(c->first + c->n) % PIC_PIPELINE_WINDOW];
    memset(slot, 0, sizeof *slot);
    return slot;
}

/* Sends the frame that was just made for slot, which is then in flight. */
static int send_slot(struct courier *c, struct slot *slot, int made)
{
    if (made == PIC_OK)
        made = pic_buf_status(&c->frame);
    if (made != PIC_OK) {
        pic_ask_release(&slot->ask);
        return made;
    }
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

static int ask(struct courier *c, struct slot *slot, const struct pic_request *request)
{
    const struct pic_ask_party party = party_of(c);
    pic_buf_clear(&c->frame);
    slot->type = request->type;
    return send_slot(c, slot, pic_ask(&slot->ask, &party, request, &c->frame));
}

/* What every sync says of this laptop. head is where its log stands with this request. */
static int sync_request(struct courier *c, uint64_t head, struct pic_request *out)
{
    struct pic_agent_pending pending;
    uint64_t receipt = 0;
    uint8_t hash[PIC_HASH_SIZE];
    int64_t offset = pic_agent_clock_offset_ms(c->agent);
    int status = pic_agent_pending(c->agent, &pending);
    if (status == PIC_OK)
        status = pic_seal_hash(c->agent, head, hash);
    if (status == PIC_OK)
        status = pic_query_numbers(c->agent, PIC_QUERY_PROOF_NUMBER, &receipt, 1);
    if (status != PIC_OK)
        return status;
    int64_t minutes = offset / MS_PER_MINUTE;
    if (minutes > PIC_CLOCK_MINUTES_MAX || minutes < -PIC_CLOCK_MINUTES_MAX)
        minutes = minutes > 0 ? PIC_CLOCK_MINUTES_MAX : -PIC_CLOCK_MINUTES_MAX;
    *out = (struct pic_request){
        .type = PIC_REQUEST_SYNC,
        .sync = {.head_seq = head,
                 .receipt = receipt,
                 .pending_changes = pending.changes < UINT32_MAX ? pending.changes : UINT32_MAX,
                 .pending_documents = pending.documents,
                 .dictionary = PIC_DICTIONARY_VERSION,
                 .program = c->options->program,
                 .disk = c->options->disk,
                 .clock = minutes}};
    memcpy(out->sync.head_mark, hash, PIC_MARK_SIZE);
    return PIC_OK;
}

/* Adds the wish for a page of the feed to a sync. */
static void pull_too(struct courier *c, struct slot *slot, struct pic_request *request)
{
    request->sync.cursor = c->cursor;
    memcpy(request->sync.cursor_mark, c->cursor_mark, PIC_MARK_SIZE);
    request->sync.page = c->pulling;
    request->sync.flags = c->own ? PIC_SYNC_OWN : 0;
    slot->pulls = true;
}

/* --- lanes: what to ask next; *more is false when there is nothing now --- */

static int enrol_next(struct courier *c, struct slot *slot, bool *more)
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
static int ask_for_last(struct courier *c, struct slot *slot, struct pic_request *request)
{
    uint64_t last = 0;
    int status = pic_query_numbers(c->agent, PIC_QUERY_SEALED_LAST, &last, 1);
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

static int changes_next(struct courier *c, struct slot *slot, bool *more)
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

static int pull_next(struct courier *c, struct slot *slot, bool *more)
{
    struct pic_request request;
    *more = !c->fed && (c->pulling == 0 || c->more);
    if (!*more)
        return PIC_OK;
    int status = sync_request(c, c->push_next - 1, &request);
    if (status != PIC_OK)
        return status;
    pull_too(c, slot, &request);
    status = ask(c, slot, &request);
    if (status == PIC_OK)
        c->pulling++;
    return status;
}

static int outgoing_find(struct courier *c, bool *found)
{
    sqlite3_stmt *stmt = pic_query(c->agent, PIC_QUERY_OUTGOING_AFTER);
    struct outgoing *out = &c->out;
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
static int outgoing_start(struct courier *c, bool *more)
{
    bool found = false;
    if (c->done >= c->options->document_bytes_max) {
        *more = false;
        return PIC_OK;
    }
    int status = outgoing_find(c, &found);
    *more = status == PIC_OK && found;
    c->out.here = *more;
    c->out.asking = false;
    return status;
}

static int put_next(struct courier *c, struct slot *slot, bool *more)
{
    struct outgoing *out = &c->out;
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
        out->asking = out->size > c->chunk; /* part of it may be there already */
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

/* The next summary whose file is not here yet. */
static int incoming_start(struct courier *c, bool *more)
{
    struct incoming *in = &c->in;
    sqlite3_stmt *stmt = pic_query(c->agent, PIC_QUERY_INCOMING_AFTER);
    int status = stmt == NULL ? PIC_EIO : PIC_OK;
    *more = true;
    in->here = false;
    while (status == PIC_OK && *more && !in->here) {
        bool complete = false;
        (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)in->summary);
        status = pic_db_step(stmt, more);
        if (status == PIC_OK && *more) {
            struct pic_span hash = pic_db_column_span(stmt, 1);
            in->summary = (uint64_t)sqlite3_column_int64(stmt, 0);
            if (hash.n == PIC_HASH_SIZE)
                memcpy(in->hash, hash.p, PIC_HASH_SIZE);
            status = pic_blobs_held(&c->agent->blobs, in->hash, &in->offset, &complete);
            in->here = !complete;
        }
        (void)sqlite3_reset(stmt);
    }
    return status;
}

static int get_next(struct courier *c, struct slot *slot, bool *more)
{
    struct incoming *in = &c->in;
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

static int documents_next(struct courier *c, struct slot *slot, bool *more)
{
    int status = put_next(c, slot, more);
    if (status == PIC_OK && !*more)
        status = get_next(c, slot, more);
    return status;
}

/* A receipt that covers the documents too. */
static int closing_next(struct courier *c, struct slot *slot, bool *more)
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

/* --- what an answer says --- */

static void turn_back(struct courier *c, enum turn turn)
{
    if (c->turn == TURN_NONE)
        c->turn = turn;
}

static int take_receipt(struct courier *c, const struct pic_asked *asked, struct pic_span bytes)
{
    bool covers = true;
    int status = pic_agent_begin(c->agent, c->err);
    if (status != PIC_OK)
        return status;
    status = pic_seal_acknowledge(c->agent, &asked->receipt, bytes, &covers, c->err);
    if (status == PIC_OK)
        status = pic_agent_commit(c->agent, c->err);
    else
        pic_agent_rollback(c->agent);
    if (status == PIC_OK && covers && asked->receipt.seq > c->told_seq)
        c->told_seq = asked->receipt.seq; /* newer than the head that asked for a way back */
    if (status == PIC_OK && !covers && !c->own) {
        c->told_seq = asked->receipt.seq;
        memcpy(c->told_mark, asked->receipt.head, PIC_MARK_SIZE);
        turn_back(c, TURN_FORK);
    }
    return status;
}

/* The server's head is not where this request said. Behind, on our own chain: it lacks what
 * follows. Elsewhere: it holds something of ours that we do not know. */
static int take_head(struct courier *c, const struct pic_sync_reply *reply)
{
    uint8_t hash[PIC_HASH_SIZE];
    struct pic_log_head head;
    c->told_seq = reply->head_seq;
    memcpy(c->told_mark, reply->head_mark, PIC_MARK_SIZE);
    int status = pic_seal_hash(c->agent, reply->head_seq, hash);
    if (status != PIC_OK && status != PIC_ENOT_FOUND)
        return status;
    if (status == PIC_ENOT_FOUND || memcmp(hash, reply->head_mark, PIC_MARK_SIZE) != 0) {
        turn_back(c, TURN_FORK);
        return PIC_OK;
    }
    status = pic_agent_head(c->agent, &head);
    if (status == PIC_OK && reply->head_seq < head.seq) {
        c->report->server_had_forgotten = true;
        status = pic_journal_number_put(c->agent->journal, "forgotten", 1);
    }
    if (reply->head_seq + 1 != c->push_next || c->lane != PIC_LANE_CHANGES)
        turn_back(c, TURN_GAP);
    return status;
}

/* The key of who signed a segment of the feed. PIC_ESIGNATURE when nobody certified them. */
static int author_key(struct courier *c, uint32_t device, uint8_t out[static PIC_KEY_SIZE])
{
    const struct pic_agent_self *self = &c->agent->self;
    if (device == PIC_DEVICE_SERVER || device == self->device) {
        memcpy(out, device == self->device ? self->sign_key : self->server.identity, PIC_KEY_SIZE);
        return PIC_OK;
    }
    sqlite3_stmt *stmt = pic_query(c->agent, PIC_QUERY_DEVICE_KEY);
    bool row = false;
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, device);
    int status = pic_db_step(stmt, &row);
    struct pic_span key = row ? pic_db_column_span(stmt, 0) : pic_span_of(NULL, 0);
    bool found = key.n == PIC_KEY_SIZE;
    if (found)
        memcpy(out, key.p, PIC_KEY_SIZE);
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && !found ? PIC_ESIGNATURE : status;
}

static int take_segment(struct courier *c, struct pic_span bytes)
{
    struct pic_agent *agent = c->agent;
    struct pic_segment segment;
    uint8_t key[PIC_KEY_SIZE];
    uint64_t position = 0;
    uint64_t stamp = 0;
    int status = pic_segment_read(bytes, &segment);
    if (status == PIC_OK && segment.audience != PIC_AUDIENCE_ALL &&
        segment.audience != agent->self.organisation)
        status = PIC_EREFUSED;
    if (status == PIC_OK)
        status = author_key(c, segment.device, key);
    if (status == PIC_OK)
        status = pic_segment_verify(&segment, key);
    if (status != PIC_OK)
        return status;
    memcpy(c->cursor_mark, segment.hash, PIC_MARK_SIZE);
    if (segment.device == agent->self.device)
        return c->own ? pic_seal_adopt(agent, &segment, c->err) : PIC_OK;
    status = pic_segment_check(agent->reader, &segment, &stamp);
    if (status == PIC_OK)
        status = pic_journal_append(agent->journal, &segment, &position);
    if (status == PIC_EEXISTS)
        return PIC_OK;
    if (status == PIC_OK)
        status = pic_seal_seen(agent, stamp);
    if (status == PIC_OK)
        status = pic_state_fold_segment(agent->state, agent->reader, &segment);
    c->report->segments_received += status == PIC_OK;
    return status;
}

/* One page of the feed, in one transaction with its cursor. A page that does not start where the
 * cursor stands came too late or too early: it is asked for again. */
static int take_feed(struct courier *c, const struct pic_asked *asked)
{
    const struct pic_sync_reply *reply = &asked->reply.sync;
    struct pic_feed feed = reply->feed;
    struct pic_span bytes;
    const uint64_t cursor_before = c->cursor;
    uint8_t mark_before[PIC_MARK_SIZE];
    uint64_t position = asked->feed_start;
    bool restarts = (reply->flags & PIC_SYNC_RESTART) != 0;
    if (asked->feed_start != c->cursor && !(restarts && asked->feed_start == 0))
        return PIC_OK;
    memcpy(mark_before, c->cursor_mark, PIC_MARK_SIZE);
    c->more = (reply->flags & PIC_SYNC_MORE) != 0;
    c->fed = !c->more;
    int status = pic_agent_begin(c->agent, c->err);
    if (status != PIC_OK)
        return status;
    while (status == PIC_OK && pic_feed_next(&feed, &position, &bytes))
        status = take_segment(c, bytes);
    c->cursor = position;
    if (status == PIC_OK)
        status = keep_cursor(c);
    if (status == PIC_OK)
        return pic_agent_commit(c->agent, c->err);
    pic_agent_rollback(c->agent);
    c->cursor = cursor_before;
    memcpy(c->cursor_mark, mark_before, PIC_MARK_SIZE);
    c->fed = true; /* this lane can do no more; the others can */
    return status;
}

/* Documents that the server waits for and that are here are sent again. */
static int take_wanted(struct courier *c, struct pic_span hashes)
{
    int status = PIC_OK;
    for (size_t at = 0; status == PIC_OK && at + PIC_HASH_SIZE <= hashes.n; at += PIC_HASH_SIZE) {
        uint64_t held = 0;
        bool complete = false;
        status = pic_blobs_held(&c->agent->blobs, hashes.p + at, &held, &complete);
        if (status == PIC_OK && complete)
            status = pic_agent_outgoing_put(c->agent, hashes.p + at, held);
        if (status == PIC_OK && complete)
            status = pic_query_run_hash(c->agent, PIC_QUERY_OUTGOING_WANTED, hashes.p + at);
    }
    return status;
}

/* What passed whole may be larger next time. */
static void grow_chunk(struct courier *c)
{
    c->chunk = c->chunk * 2 < PIC_BLOB_CHUNK_MAX ? c->chunk * 2 : PIC_BLOB_CHUNK_MAX;
}

static int take_sync(struct courier *c, const struct slot *slot, const struct pic_asked *asked)
{
    const struct pic_sync_reply *reply = &asked->reply.sync;
    int status = PIC_OK;
    if (asked->has_receipt)
        status = take_receipt(c, asked, reply->receipt);
    if (status == PIC_OK && (reply->flags & PIC_SYNC_HEAD) != 0 && !c->own)
        status = take_head(c, reply);
    if (status == PIC_OK && slot->pulls)
        status = take_wanted(c, reply->wanted);
    if (status == PIC_OK && slot->pulls)
        status = take_feed(c, asked);
    if (status == PIC_OK && asked->has_transport)
        status = keep_key(c, &asked->transport);
    if (slot->last_seq != 0)
        grow_chunk(c);
    c->done += slot->bytes;
    return status;
}

static int take_enrol(struct courier *c, const struct pic_asked *asked)
{
    int status = pic_agent_begin(c->agent, c->err);
    if (status != PIC_OK)
        return status;
    status = pic_enrol_certified(c->agent, &asked->certificate, &asked->reply.enrol, c->err);
    if (status != PIC_OK) {
        pic_agent_rollback(c->agent);
        return status;
    }
    status = pic_agent_commit(c->agent, c->err);
    if (status == PIC_OK)
        pic_wipe(&c->keys->code, sizeof c->keys->code);
    return status;
}

/* A put was answered well: either what is held, or that it is whole. */
static int take_put(struct courier *c, const struct slot *slot, const struct pic_put_reply *reply)
{
    struct outgoing *out = &c->out;
    bool current = out->here && memcmp(out->hash, slot->hash, PIC_HASH_SIZE) == 0;
    c->done += slot->length;
    if (slot->length > 0)
        grow_chunk(c);
    if (reply->complete != 0) {
        c->report->documents_sent++;
        c->closing_due = true;
        out->here = out->here && !current;
        return pic_query_run_hash(c->agent, PIC_QUERY_OUTGOING_SENT, slot->hash);
    }
    if (current && out->asking) {
        out->asking = false;
        out->offset = reply->held < out->size ? reply->held : 0;
    }
    return PIC_OK;
}

static int take_get(struct courier *c, const struct slot *slot, const struct pic_get_reply *reply)
{
    struct incoming *in = &c->in;
    bool complete = false;
    in->asking = false;
    int status = PIC_EFORMAT;
    if (reply->bytes.n > 0)
        status = pic_blobs_put(&c->agent->blobs, slot->hash, reply->total, slot->offset,
                               reply->bytes, &in->offset, &complete);
    c->done += reply->bytes.n;
    c->report->documents_received += complete;
    in->here = status == PIC_OK && !complete;
    return status;
}

/* A refusal that concerns one document is no reason to stop the others. */
static int take_document_refusal(struct courier *c, const struct slot *slot,
                                 const struct pic_asked *asked)
{
    int status = pic_reply_status_of(asked->reply.status);
    if (slot->type == PIC_REQUEST_GET) {
        c->in.here = c->in.asking = false;
    } else if (status == PIC_EGAP && c->out.here) {
        c->out.offset = asked->reply.put.held < c->out.size ? asked->reply.put.held : 0;
        return ++c->turns > TURNS_MAX ? PIC_EGAP : PIC_OK;
    } else {
        c->out.here = false;
        if (status == PIC_EHASH && pic_blobs_verify(&c->agent->blobs, slot->hash) != PIC_OK)
            status = PIC_EBLOB_CHANGED;
    }
    c->refused = c->refused == PIC_OK ? status : c->refused;
    return PIC_OK;
}

static int take_refusal(struct courier *c, const struct slot *slot, const struct pic_asked *asked)
{
    int status = pic_reply_status_of(asked->reply.status);
    if (slot->type == PIC_REQUEST_SYNC && asked->has_receipt &&
        take_receipt(c, asked, asked->reply.sync.receipt) != PIC_OK)
        return PIC_EIO;
    switch (asked->reply.status) {
    case PIC_REPLY_GAP:
        if (slot->type == PIC_REQUEST_SYNC && (asked->reply.sync.flags & PIC_SYNC_HEAD) != 0)
            return take_head(c, &asked->reply.sync);
        break;
    case PIC_REPLY_FORK:
        c->told_seq = asked->reply.sync.head_seq;
        memcpy(c->told_mark, asked->reply.sync.head_mark, PIC_MARK_SIZE);
        turn_back(c, TURN_FORK);
        return PIC_OK;
    case PIC_REPLY_CLOCK_AHEAD:
        turn_back(c, TURN_CLOCK);
        return PIC_OK;
    default:
        break;
    }
    if (slot->type == PIC_REQUEST_PUT || slot->type == PIC_REQUEST_GET)
        return take_document_refusal(c, slot, asked);
    return status;
}

/* One answer, whatever it is. */
static int take(struct courier *c, struct slot *slot, const struct pic_buf *payload)
{
    struct pic_asked asked;
    int status = pic_ask_read(&slot->ask, pic_buf_view(payload), &c->plain, &asked);
    if (slot->pulls && c->pulling > 0)
        c->pulling--;
    if (status == PIC_ESTALE_KEY) {
        if (c->turn == TURN_NONE)
            status = keep_key(c, &asked.transport);
        turn_back(c, TURN_KEY);
        return status == PIC_ESTALE_KEY ? PIC_OK : status;
    }
    if (status != PIC_OK) {
        c->broken = status != PIC_EBUSY && status != PIC_EUPGRADE;
        return status;
    }
    c->report->server_ms = asked.reply.time_ms;
    if (asked.reply.status != PIC_REPLY_OK)
        return take_refusal(c, slot, &asked);
    switch (slot->type) {
    case PIC_REQUEST_ENROL:
        return take_enrol(c, &asked);
    case PIC_REQUEST_SYNC:
        return take_sync(c, slot, &asked);
    case PIC_REQUEST_PUT:
        return take_put(c, slot, &asked.reply.put);
    case PIC_REQUEST_GET:
        return take_get(c, slot, &asked.reply.get);
    }
    return PIC_EFAIL;
}

static int receive_one(struct courier *c)
{
    struct slot *slot = &c->slots[c->first];
    struct pic_buf payload;
    pic_buf_init(&payload, PIC_FRAME_MAX);
    int status = c->carrier->receive(c->carrier->context, &payload);
    if (status != PIC_OK) {
        c->broken = true;
        pic_buf_release(&payload);
        return status;
    }
    c->report->bytes_received += payload.len;
    status = take(c, slot, &payload);
    pic_buf_release(&payload);
    pic_ask_release(&slot->ask);
    c->first = (c->first + 1) % PIC_PIPELINE_WINDOW;
    c->n--;
    tell_progress(c);
    return status;
}

/* --- ways back --- */

static size_t seal_bytes(const struct courier *c)
{
    return (size_t)c->chunk * SEAL_PER_CHUNK;
}

static int start_pushing(struct courier *c)
{
    struct pic_log_head head;
    int status = pic_seal_all(c->agent, &c->keys->sign, seal_bytes(c), c->err);
    if (status == PIC_OK)
        status = pic_agent_head(c->agent, &head);
    if (status == PIC_OK)
        c->push_next = head.seq + 1;
    return status;
}

static int run_lane(struct courier *c, enum pic_courier_lane lane);

/* Where the feed was when the last receipt was written: own segments that this laptop has lost come
 * after it. */
static int recovery_cursor(struct courier *c)
{
    struct pic_receipt receipt;
    sqlite3_stmt *stmt = pic_query(c->agent, PIC_QUERY_PROOF_LAST);
    bool row = false;
    if (stmt == NULL)
        return PIC_EIO;
    int status = pic_db_step(stmt, &row);
    c->cursor = 0;
    memset(c->cursor_mark, 0, PIC_MARK_SIZE);
    if (status == PIC_OK && row &&
        pic_receipt_read(pic_db_column_span(stmt, 0), c->agent->self.server.identity, &receipt) ==
            PIC_OK &&
        receipt.seq > 0) {
        c->cursor = receipt.position;
        memcpy(c->cursor_mark, receipt.head, PIC_MARK_SIZE);
    }
    (void)sqlite3_reset(stmt);
    return status;
}

/* Own log pulled back, what was pending behind it, state made again. */
static int recover(struct courier *c)
{
    uint8_t hash[PIC_HASH_SIZE];
    enum pic_courier_lane before = c->lane;
    if (c->own)
        return PIC_EFORK;
    int status = recovery_cursor(c);
    c->own = true;
    c->fed = false;
    c->more = false;
    if (status == PIC_OK)
        status = run_lane(c, PIC_LANE_RECOVER);
    c->own = false;
    c->fed = false; /* the receipt is still to come */
    c->lane = before;
    if (status == PIC_OK)
        status = pic_agent_rebuild(c->agent, c->err);
    if (status != PIC_OK)
        return status;
    status = pic_seal_hash(c->agent, c->told_seq, hash);
    if (status != PIC_OK || memcmp(hash, c->told_mark, PIC_MARK_SIZE) != 0)
        return PIC_EFORK;
    c->report->shifted = true;
    return start_pushing(c);
}

/* With nothing in flight: does what the turn asks for, so that the lane can go on. */
static int settle(struct courier *c)
{
    enum turn turn = c->turn;
    int status = PIC_OK;
    c->turn = TURN_NONE;
    c->pulling = 0;
    c->out.here = c->out.asking = c->in.asking = false;
    if (++c->turns > TURNS_MAX)
        return turn == TURN_FORK ? PIC_EFORK : turn == TURN_CLOCK ? PIC_ECLOCK : PIC_EGAP;
    switch (turn) {
    case TURN_GAP:
        c->push_next = c->told_seq + 1;
        if (c->lane != PIC_LANE_CHANGES && c->lane != PIC_LANE_RECOVER) {
            enum pic_courier_lane lane = c->lane;
            status = run_lane(c, PIC_LANE_CHANGES);
            c->lane = lane;
        }
        return status;
    case TURN_FORK:
        return recover(c);
    case TURN_CLOCK:
        c->report->restamped = true;
        status = pic_seal_restamp(c->agent, c->report->server_ms, c->err);
        return status == PIC_OK ? start_pushing(c) : status;
    case TURN_KEY:
        return c->lane == PIC_LANE_CHANGES ? start_pushing(c) : PIC_OK;
    case TURN_NONE:
        break;
    }
    return PIC_OK;
}

/* --- a lane from its beginning to its end --- */

static const struct {
    int (*next)(struct courier *c, struct slot *slot, bool *more);
} lanes[PIC_LANES] = {
    [PIC_LANE_ENROL] = {enrol_next},         [PIC_LANE_CHANGES] = {changes_next},
    [PIC_LANE_RECOVER] = {pull_next},        [PIC_LANE_PULL] = {pull_next},
    [PIC_LANE_DOCUMENTS] = {documents_next}, [PIC_LANE_CLOSING] = {closing_next},
};

static void forget_flight(struct courier *c)
{
    for (; c->n > 0; c->n--) {
        pic_ask_release(&c->slots[c->first].ask);
        c->first = (c->first + 1) % PIC_PIPELINE_WINDOW;
    }
    c->pulling = 0;
}

static int fill_window(struct courier *c)
{
    bool more = true;
    int status = PIC_OK;
    while (status == PIC_OK && more && c->turn == TURN_NONE && c->n < PIC_PIPELINE_WINDOW)
        status = lanes[c->lane].next(c, next_slot(c), &more);
    return status;
}

static int run_lane(struct courier *c, enum pic_courier_lane lane)
{
    int failed = PIC_OK;
    c->lane = lane;
    while (!c->broken) {
        int status = failed == PIC_OK ? fill_window(c) : PIC_OK;
        if (failed == PIC_OK)
            failed = status;
        if (c->n == 0 && (c->turn == TURN_NONE || failed != PIC_OK))
            break;
        status = c->n == 0 ? settle(c) : receive_one(c);
        if (failed == PIC_OK)
            failed = status;
    }
    forget_flight(c);
    c->turn = TURN_NONE;
    if (failed == PIC_OK)
        failed = c->refused;
    c->refused = PIC_OK;
    c->report->lanes[lane] = failed;
    return failed;
}

/* --- a run --- */

static int prepare(struct courier *c)
{
    struct pic_agent_pending pending;
    c->chunk = 0;
    int status = pic_journal_number_get(c->agent->journal, "chunk", &c->chunk);
    if (c->chunk == 0 || c->chunk > PIC_BLOB_CHUNK_MAX)
        c->chunk = CHUNK_FIRST;
    if (status == PIC_OK)
        status = load_cursor(c);
    if (status == PIC_OK)
        status = pic_agent_pending(c->agent, &pending);
    if (status == PIC_OK)
        c->report->changes_sent = pending.changes;
    return status;
}

/* The first of the lanes' failures decides; a lane runs only if the connection still lives. */
static int run_lanes(struct courier *c)
{
    const unsigned errands = c->options->errands;
    struct pic_agent_pending pending;
    int first = run_lane(c, PIC_LANE_ENROL);
    if (first != PIC_OK)
        return first;
    first = start_pushing(c);
    if (first == PIC_OK && (errands & PIC_ERRAND_SEND) != 0) {
        if (pic_agent_pending(c->agent, &pending) == PIC_OK)
            c->total = pending.bytes / SEAL_PER_CHUNK;
        c->done = 0;
        first = run_lane(c, PIC_LANE_CHANGES);
    }
    const struct {
        unsigned errand;
        enum pic_courier_lane lane;
    } rest[] = {
        {PIC_ERRAND_RECEIVE, PIC_LANE_PULL},
        {PIC_ERRAND_DOCUMENTS, PIC_LANE_DOCUMENTS},
        {PIC_ERRAND_DOCUMENTS, PIC_LANE_CLOSING},
    };
    for (size_t i = 0; i < sizeof rest / sizeof *rest && !c->broken; i++) {
        if ((errands & rest[i].errand) == 0)
            continue;
        c->done = c->total = 0;
        if (rest[i].lane == PIC_LANE_DOCUMENTS && pic_agent_pending(c->agent, &pending) == PIC_OK)
            c->total = pending.document_bytes;
        int status = run_lane(c, rest[i].lane);
        first = first == PIC_OK ? status : first;
    }
    return first;
}

/* The line broke: what goes next is smaller, so that some of it gets through before it breaks
 * again. Opening what was sealed is safe even if it arrived (seal.h, adopt). */
static int smaller_steps(struct courier *c)
{
    if (c->chunk <= CHUNK_MIN)
        return PIC_OK;
    c->chunk /= 2;
    return pic_query_run(c->agent, PIC_QUERY_SEALED_FORGET, 0);
}

/* What the run has done, and whether anything of ours is still missing over there. */
static int conclude(struct courier *c, int outcome)
{
    struct pic_agent_pending pending;
    uint64_t forgotten = 0;
    int status = pic_agent_pending(c->agent, &pending);
    if (status == PIC_OK)
        c->report->changes_sent -=
            pending.changes < c->report->changes_sent ? pending.changes : c->report->changes_sent;
    if (status == PIC_OK)
        status = pic_journal_number_get(c->agent->journal, "forgotten", &forgotten);
    if (status == PIC_OK && outcome == PIC_OK && forgotten != 0 && pending.changes == 0)
        status = pic_journal_number_put(c->agent->journal, "forgotten", 0);
    if (status == PIC_OK && outcome != PIC_OK && c->broken)
        status = smaller_steps(c);
    int kept = keep_contact(c);
    return outcome != PIC_OK ? outcome : status != PIC_OK ? status : kept;
}

int pic_courier_run(struct pic_agent *agent, struct pic_keys *keys,
                    const struct pic_carrier *carrier, const struct pic_courier_options *options,
                    struct pic_courier_report *report, struct pic_err *err)
{
    struct courier *c = calloc(1, sizeof *c);
    if (c == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    memset(report, 0, sizeof *report);
    c->agent = agent;
    c->keys = keys;
    c->carrier = carrier;
    c->options = options;
    c->report = report;
    c->err = err;
    pic_buf_init(&c->frame, PIC_FRAME_MAX);
    pic_buf_init(&c->plain, PIC_FRAME_MAX);
    pic_buf_init(&c->segment, PIC_SEGMENT_MAX);
    int status = prepare(c);
    if (status == PIC_OK)
        status = run_lanes(c);
    status = conclude(c, status);
    forget_flight(c);
    pic_buf_release(&c->frame);
    pic_buf_wipe(&c->plain);
    pic_buf_release(&c->segment);
    free(c);
    if (status == PIC_OK || (err != NULL && err->status == status))
        return status;
    return pic_fail(err, status, NULL);
}

int pic_courier_key(const struct pic_carrier *carrier, struct pic_transport *out,
                    struct pic_err *err)
{
    struct pic_buf payload;
    pic_buf_init(&payload, PIC_FRAME_MAX);
    pic_ask_key(&payload);
    int status = pic_buf_status(&payload);
    if (status == PIC_OK)
        status = carrier->send(carrier->context, pic_buf_view(&payload));
    pic_buf_clear(&payload);
    if (status == PIC_OK)
        status = carrier->receive(carrier->context, &payload);
    if (status == PIC_OK)
        status = pic_ask_key_read(pic_buf_view(&payload), NULL, out);
    pic_buf_release(&payload);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}
