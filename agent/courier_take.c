#include "agent/courier_state.h"

#include <string.h>

#include "agent/branch.h"
#include "agent/enrol.h"
#include "agent/move.h"
#include "agent/query.h"
#include "agent/seal.h"

enum { SOON_MS = 1000 };

/* --- what is kept of the conversation --- */

static int keep_cursor(struct pic_courier *c)
{
    int status = pic_journal_number_put(c->agent->journal, "cursor", c->cursor);
    if (status == PIC_OK)
        status = pic_journal_fact_put(c->agent->journal, "cursor_mark",
                                      pic_span_of(c->cursor_mark, PIC_MARK_SIZE));
    return status;
}

int pic_courier_load_cursor(struct pic_courier *c)
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

/* Opens the transaction that answers share, or joins it. */
static int begin(struct pic_courier *c)
{
    int status = c->kept == 0 ? pic_agent_begin(c->agent, c->err) : PIC_OK;
    c->kept += status == PIC_OK;
    return status;
}

int pic_courier_keep(struct pic_courier *c)
{
    bool open = c->kept > 0;
    c->kept = 0;
    int status = open ? pic_agent_commit(c->agent, c->err) : PIC_OK;
    if (status != PIC_OK && pic_courier_load_cursor(c) != PIC_OK)
        c->broken = true; /* nothing may go on from a cursor that was not kept */
    return status;
}

static void turn_back(struct pic_courier *c, enum pic_turn turn)
{
    if (c->turn == PIC_TURN_NONE)
        c->turn = turn;
}

/* An answer cannot be kept. When others shared its transaction they are asked for again, and from
 * then on kept one by one: a bad page must not take the good ones before it along for ever. */
static int give_up(struct pic_courier *c, int status)
{
    bool others = c->kept > 1;
    pic_agent_rollback(c->agent);
    c->kept = 0;
    c->kept_max = 1;
    if (!others)
        return status;
    turn_back(c, PIC_TURN_AGAIN);
    c->fed = c->more = false;
    return pic_courier_load_cursor(c);
}

/* A newer transport key of the pinned server. */
static int keep_key(struct pic_courier *c, const struct pic_transport *transport)
{
    struct pic_agent_self self = c->agent->self;
    self.server = *transport;
    int status = pic_courier_keep(c);
    if (status == PIC_OK)
        status = pic_agent_begin(c->agent, c->err);
    if (status != PIC_OK)
        return status;
    status = pic_agent_become(c->agent, &self, c->err);
    if (status == PIC_OK)
        return pic_agent_commit(c->agent, c->err);
    pic_agent_rollback(c->agent);
    return status;
}

/* --- what an answer says --- */

static int take_receipt(struct pic_courier *c, const struct pic_asked *asked, struct pic_span bytes)
{
    bool covers = true;
    int status = begin(c);
    if (status != PIC_OK)
        return status;
    status = pic_seal_acknowledge(c->agent, &asked->receipt, bytes, &covers, c->err);
    if (status != PIC_OK)
        return give_up(c, status);
    if (status == PIC_OK && covers && asked->receipt.seq > c->told_seq)
        c->told_seq = asked->receipt.seq; /* newer than the head that asked for a way back */
    if (status == PIC_OK && !covers && !c->own) {
        c->told_seq = asked->receipt.seq;
        memcpy(c->told_mark, asked->receipt.head, PIC_MARK_SIZE);
        turn_back(c, PIC_TURN_FORK);
    }
    return status;
}

/* The server's head is not where this request said. Behind, on our own chain: it lacks what
 * follows. Elsewhere: it holds something of ours that we do not know. */
static int take_head(struct pic_courier *c, const struct pic_sync_reply *reply)
{
    uint8_t hash[PIC_HASH_SIZE];
    struct pic_log_head head;
    c->told_seq = reply->head_seq;
    memcpy(c->told_mark, reply->head_mark, PIC_MARK_SIZE);
    int status = pic_seal_hash(c->agent, reply->head_seq, hash);
    if (status != PIC_OK && status != PIC_ENOT_FOUND)
        return status;
    if (status == PIC_ENOT_FOUND || memcmp(hash, reply->head_mark, PIC_MARK_SIZE) != 0) {
        turn_back(c, PIC_TURN_FORK);
        return PIC_OK;
    }
    status = pic_agent_head(c->agent, &head);
    if (status == PIC_OK && reply->head_seq < head.seq && c->report->server_ms >= c->news_ms) {
        c->report->server_had_forgotten = true;
        status = pic_journal_number_put(c->agent->journal, "forgotten", 1);
    }
    if (reply->head_seq + 1 != c->push_next || c->lane != PIC_LANE_CHANGES)
        turn_back(c, PIC_TURN_GAP);
    return status;
}

/* Once something gave way, the tables still hold what it created: what others wrote in its place is
 * only read, since all will be folded again. What the server wrote never gives way, and certifies
 * whoever comes next. */
static int fold(struct pic_courier *c, const struct pic_segment *segment, uint64_t *stamp)
{
    struct pic_agent *agent = c->agent;
    return c->rebuild_due && segment->device != PIC_DEVICE_SERVER
               ? pic_segment_check(agent->reader, segment, stamp)
               : pic_state_fold_segment(agent->state, agent->reader, segment, stamp);
}

static int take_segment(struct pic_courier *c, struct pic_span bytes)
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
        status = pic_agent_author_key(agent, segment.device, key);
    if (status == PIC_OK)
        status = pic_segment_verify(&segment, key);
    if (status != PIC_OK)
        return status;
    memcpy(c->cursor_mark, segment.hash, PIC_MARK_SIZE);
    if (segment.device == agent->self.device)
        return c->own ? pic_move_adopt(agent, &segment, c->err) : PIC_OK;
    status = pic_journal_append(agent->journal, &segment, &position);
    if (status == PIC_EEXISTS)
        return pic_branch_settle(agent, position);
    if (status == PIC_EFORK) {
        status = pic_branch_leave(agent, &segment);
        if (status == PIC_OK)
            status = pic_journal_append(agent->journal, &segment, &position);
        c->rebuild_due = true;
    }
    if (status == PIC_OK) /* what does not decode takes its place in the journal back with it */
        status = fold(c, &segment, &stamp);
    if (status == PIC_OK)
        status = pic_seal_seen(agent, stamp);
    if (status == PIC_OK && c->own) /* ahead of the feed's cursor */
        status = pic_branch_owe(agent, position);
    c->report->segments_received += status == PIC_OK;
    return status;
}

/* One page of the feed, in the same transaction as its cursor. A page that does not start where the
 * cursor stands came too late or too early: it is asked for again. */
static int take_feed(struct pic_courier *c, const struct pic_asked *asked)
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
    int status = begin(c);
    if (status != PIC_OK)
        return status;
    if (restarts && asked->feed_start == 0)
        status = pic_branch_owe_all(c->agent);
    while (status == PIC_OK && pic_feed_next(&feed, &position, &bytes))
        status = take_segment(c, bytes);
    c->cursor = position;
    if (status == PIC_OK && !c->own) /* a recovery's cursor is not the feed's */
        status = keep_cursor(c);
    if (status == PIC_OK)
        return PIC_OK;
    c->cursor = cursor_before;
    memcpy(c->cursor_mark, mark_before, PIC_MARK_SIZE);
    c->fed = true; /* this lane can do no more; the others can */
    return give_up(c, status);
}

/* Documents that the server waits for and that are here are sent again. */
static int take_wanted(struct pic_courier *c, struct pic_span hashes)
{
    int status = PIC_OK;
    for (size_t at = 0; status == PIC_OK && at + PIC_HASH_SIZE <= hashes.n; at += PIC_HASH_SIZE) {
        uint64_t held = 0;
        bool complete = false;
        status = pic_blobs_held(&c->agent->blobs, hashes.p + at, &held, &complete);
        if (status == PIC_OK && complete)
            status = pic_agent_outgoing_put(c->agent, hashes.p + at, held);
        if (status == PIC_OK && complete)
            status =
                pic_query_run_hash(c->agent->queries, PIC_QUERY_OUTGOING_WANTED, hashes.p + at);
    }
    return status;
}

/* What passed whole and soon may be larger next time; on a slow line, a larger step would be lost
 * whole when the line breaks. */
static void grow_chunk(struct pic_courier *c, const struct pic_slot *slot)
{
    const struct pic_world *world = c->agent->world;
    if (slot->bytes < c->chunk / 2 || world->now_ms(world->context) - slot->sent_ms > SOON_MS)
        return;
    c->chunk = c->chunk * 2 < PIC_BLOB_CHUNK_MAX ? c->chunk * 2 : PIC_BLOB_CHUNK_MAX;
}

static int take_sync(struct pic_courier *c, const struct pic_slot *slot,
                     const struct pic_asked *asked)
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
        grow_chunk(c, slot);
    c->done += slot->bytes;
    return status;
}

static int take_enrol(struct pic_courier *c, const struct pic_asked *asked)
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
static int take_put(struct pic_courier *c, const struct pic_slot *slot,
                    const struct pic_put_reply *reply)
{
    struct pic_outgoing *out = &c->out;
    bool current = out->here && memcmp(out->hash, slot->hash, PIC_HASH_SIZE) == 0;
    c->done += slot->length;
    if (slot->length > 0)
        grow_chunk(c, slot);
    if (reply->complete != 0) {
        c->report->documents_sent +=
            slot->length == 0 || slot->offset + slot->length == slot->total;
        c->closing_due = true;
        out->here = out->here && !current;
        return pic_query_run_hash(c->agent->queries, PIC_QUERY_OUTGOING_SENT, slot->hash);
    }
    if (current && out->asking) {
        out->asking = false;
        out->offset = reply->held < out->size ? reply->held : 0;
    }
    return PIC_OK;
}

static int take_get(struct pic_courier *c, const struct pic_slot *slot,
                    const struct pic_get_reply *reply)
{
    struct pic_incoming *in = &c->in;
    bool complete = false;
    in->asking = false;
    int status = c->by_file ? PIC_OK : PIC_EFORMAT; /* a file asks for parts past an unknown end */
    if (reply->bytes.n > 0)
        status = pic_blobs_put(&c->agent->blobs, slot->hash, reply->total, slot->offset,
                               reply->bytes, &in->offset, &complete);
    c->done += reply->bytes.n;
    c->report->documents_received += complete;
    in->here = status == PIC_OK && !complete;
    return status;
}

/* The server holds it now. It is owed until the feed says so too: else a server put back once more
 * before that would never hear of it again. */
static int take_give(struct pic_courier *c, const struct pic_slot *slot)
{
    c->report->segments_given++;
    c->done += slot->bytes;
    c->fed = false;
    return PIC_OK;
}

static int settle_refused(struct pic_courier *c, const struct pic_slot *slot)
{
    int status = begin(c);
    if (status == PIC_OK)
        status = pic_branch_settle(c->agent, slot->position);
    return status == PIC_OK ? PIC_OK : give_up(c, status);
}

/* What it will never take is owed no more. Another branch of an agent's log is taken when the feed
 * comes to it; another one of the server's own log is for a person to see. */
static int take_give_refusal(struct pic_courier *c, const struct pic_slot *slot,
                             const struct pic_asked *asked)
{
    int status = pic_reply_status_of(asked->reply.status);
    switch (asked->reply.status) {
    case PIC_REPLY_REFUSED:
    case PIC_REPLY_MALFORMED:
    case PIC_REPLY_TOO_LARGE:
        return settle_refused(c, slot);
    case PIC_REPLY_GAP:
        return PIC_OK;
    case PIC_REPLY_FORK:
        c->refused = c->refused == PIC_OK && slot->servers ? status : c->refused;
        return PIC_OK;
    default:
        return status;
    }
}

/* A refusal that concerns one document is no reason to stop the others. */
static int take_document_refusal(struct pic_courier *c, const struct pic_slot *slot,
                                 const struct pic_asked *asked)
{
    int status = pic_reply_status_of(asked->reply.status);
    if (slot->type == PIC_REQUEST_GET) {
        c->in.here = c->in.asking = false;
        if (status == PIC_ENOT_FOUND) /* named, and not brought yet by the laptop that holds it */
            return PIC_OK;
    } else if (status == PIC_EGAP && c->out.here) {
        c->out.offset = asked->reply.put.held < c->out.size ? asked->reply.put.held : 0;
        return ++c->turns > PIC_TURNS_MAX ? PIC_EGAP : PIC_OK;
    } else {
        c->out.here = false;
        if (status == PIC_EHASH && pic_blobs_verify(&c->agent->blobs, slot->hash) != PIC_OK)
            status = PIC_EBLOB_CHANGED;
    }
    c->refused = c->refused == PIC_OK ? status : c->refused;
    return PIC_OK;
}

static int take_refusal(struct pic_courier *c, const struct pic_slot *slot,
                        const struct pic_asked *asked)
{
    int status = pic_reply_status_of(asked->reply.status);
    if (slot->type == PIC_REQUEST_GIVE)
        return take_give_refusal(c, slot, asked);
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
        turn_back(c, PIC_TURN_FORK);
        return PIC_OK;
    case PIC_REPLY_CLOCK_AHEAD:
        turn_back(c, PIC_TURN_CLOCK);
        return PIC_OK;
    default:
        break;
    }
    if (slot->type == PIC_REQUEST_PUT || slot->type == PIC_REQUEST_GET)
        return take_document_refusal(c, slot, asked);
    if (status == PIC_EUNKNOWN_DEVICE && !c->introduced) {
        turn_back(c, PIC_TURN_UNKNOWN);
        return PIC_OK;
    }
    return status;
}

/* One answer, whatever it is. */
int pic_courier_take(struct pic_courier *c, struct pic_slot *slot, struct pic_span payload)
{
    struct pic_asked asked;
    int status = pic_ask_read(&slot->ask, payload, &c->plain, &asked);
    if (slot->pulls && c->pulling > 0)
        c->pulling--;
    if (status == PIC_ESTALE_KEY) {
        if (c->turn == PIC_TURN_NONE)
            status = keep_key(c, &asked.transport);
        turn_back(c, PIC_TURN_KEY);
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
    case PIC_REQUEST_GIVE:
        return take_give(c, slot);
    }
    return PIC_EFAIL;
}
