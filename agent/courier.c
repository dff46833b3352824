#include "agent/courier.h"

#include <stdlib.h>
#include <string.h>

#include "agent/branch.h"
#include "agent/courier_state.h"
#include "agent/erasure.h"
#include "agent/identities.h"
#include "agent/move.h"
#include "agent/query.h"
#include "agent/seal.h"

enum {
    CHUNK_FIRST = 8192,
    CHUNK_MIN = 2048,
    KEPT_MAX = 8,
    CONTACT_AGE_MS = 10 * 60 * 1000,
    OFFSET_MOVE_MS = 60 * 1000,
};

/* Whether the store knows this contact well enough: an exchange that changed nothing writes
 * nothing. */
static int is_known(struct pic_courier *c, int64_t now_ms, int64_t offset_ms, bool *known)
{
    struct pic_journal *journal = c->agent->journal;
    uint64_t contact = 0;
    uint64_t offset = 0;
    uint64_t chunk = 0;
    int status = pic_journal_number_get(journal, "contact", &contact);
    if (status == PIC_OK)
        status = pic_journal_number_get(journal, "offset", &offset);
    if (status == PIC_OK)
        status = pic_journal_number_get(journal, "chunk", &chunk);
    int64_t age_ms = now_ms - (int64_t)contact;
    int64_t moved_ms = offset_ms - pic_unzigzag(offset);
    *known = contact != 0 && age_ms >= 0 && age_ms < CONTACT_AGE_MS && moved_ms > -OFFSET_MOVE_MS &&
             moved_ms < OFFSET_MOVE_MS && chunk == c->chunk;
    return status;
}

/* When the server was reached, by this clock, and how far this clock is from its own. */
static int keep_contact(struct pic_courier *c)
{
    struct pic_agent *agent = c->agent;
    if (c->report->server_ms == 0)
        return PIC_OK;
    int64_t now_ms = agent->world->now_ms(agent->world->context);
    int64_t offset_ms = now_ms - c->report->server_ms;
    bool known = false;
    int status = is_known(c, now_ms, offset_ms, &known);
    if (status != PIC_OK || known)
        return status;
    status = pic_agent_begin(agent, c->err);
    if (status != PIC_OK)
        return status;
    status = pic_journal_number_put(agent->journal, "contact", (uint64_t)now_ms);
    if (status == PIC_OK)
        status = pic_journal_number_put(agent->journal, "offset", pic_zigzag(offset_ms));
    if (status == PIC_OK)
        status = pic_journal_number_put(agent->journal, "chunk", c->chunk);
    if (status == PIC_OK)
        return pic_agent_commit(agent, c->err);
    pic_agent_rollback(agent);
    return status;
}

static void tell_progress(struct pic_courier *c)
{
    if (c->options->progress != NULL)
        c->options->progress(c->options->context, c->lane, c->done, c->total);
}

static int receive_one(struct pic_courier *c)
{
    struct pic_slot *slot = &c->slots[c->first];
    struct pic_buf payload;
    pic_buf_init(&payload, PIC_FRAME_MAX);
    int status = c->carrier->receive(c->carrier->context, &payload);
    if (status != PIC_OK) {
        c->broken = true;
        pic_buf_release(&payload);
        return status;
    }
    c->report->bytes_received += payload.len;
    status = pic_courier_take(c, slot, pic_buf_view(&payload));
    pic_buf_release(&payload);
    pic_ask_release(&slot->ask);
    c->first = (c->first + 1) % PIC_PIPELINE_WINDOW;
    c->n--;
    if (c->n == 0 || c->kept >= c->kept_max || c->turn != PIC_TURN_NONE) {
        int kept = pic_courier_keep(c);
        status = status == PIC_OK ? kept : status;
    }
    tell_progress(c);
    return status;
}

/* --- ways back --- */

static size_t seal_bytes(const struct pic_courier *c)
{
    return (size_t)c->chunk * PIC_SEAL_DEFLATES;
}

static int start_pushing(struct pic_courier *c)
{
    struct pic_log_head head;
    int status = pic_seal_all(c->agent, &c->keys->sign, seal_bytes(c), c->err);
    if (status == PIC_OK)
        status = pic_agent_head(c->agent, &head);
    if (status == PIC_OK)
        c->push_next = head.seq + 1;
    return status;
}

static int run_lane(struct pic_courier *c, enum pic_courier_lane lane);

/* Where the feed was when the last receipt was written: own segments that this laptop has lost come
 * after it. What others wrote may not have been pulled that far. */
static int recovery_cursor(struct pic_courier *c)
{
    struct pic_receipt receipt;
    sqlite3_stmt *stmt = pic_query(c->agent->queries, PIC_QUERY_PROOF_LAST);
    bool row = false;
    if (stmt == NULL)
        return PIC_EIO;
    int status = pic_db_step(stmt, &row);
    bool known = status == PIC_OK && row &&
                 pic_receipt_read(pic_db_column_span(stmt, 0), c->agent->self.server.identity,
                                  &receipt) == PIC_OK &&
                 receipt.seq > 0;
    if (!known) {
        c->cursor = 0;
        memset(c->cursor_mark, 0, PIC_MARK_SIZE);
    } else if (receipt.position < c->cursor) {
        c->cursor = receipt.position;
        memcpy(c->cursor_mark, receipt.head, PIC_MARK_SIZE);
    }
    (void)sqlite3_reset(stmt);
    return status;
}

/* Whether this laptop's log holds what the server told of it. */
static int holds_told(struct pic_courier *c, bool *holds)
{
    uint8_t hash[PIC_HASH_SIZE];
    int status = pic_seal_hash(c->agent, c->told_seq, hash);
    *holds = status == PIC_OK && memcmp(hash, c->told_mark, PIC_MARK_SIZE) == 0;
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

/* The feed with this laptop's own segments in it, from where the last receipt says. A server that
 * was put back gave the same place to something else, or put what it took back before it: where
 * that did not bring what was told, all of the feed is heard. */
static int pull_own(struct pic_courier *c)
{
    bool holds = false;
    int status = recovery_cursor(c);
    if (status == PIC_OK)
        status = run_lane(c, PIC_LANE_RECOVER);
    if (status == PIC_OK)
        status = holds_told(c, &holds);
    if (status != PIC_OK || holds || c->broken)
        return status;
    c->cursor = 0;
    memset(c->cursor_mark, 0, PIC_MARK_SIZE);
    c->fed = c->more = false;
    return run_lane(c, PIC_LANE_RECOVER);
}

/* Own log pulled back, what was pending behind it, state made again. */
static int recover(struct pic_courier *c)
{
    bool holds = false;
    struct pic_log_head head = {0};
    enum pic_courier_lane before = c->lane;
    if (c->own)
        return PIC_EFORK;
    int status = pic_agent_head(c->agent, &head);
    c->push_next = head.seq + 1;
    c->own = true;
    c->fed = false;
    c->more = false;
    c->kept_max = 1; /* this cursor is not the store's */
    if (status == PIC_OK)
        status = pull_own(c);
    c->own = false;
    c->kept_max = KEPT_MAX;
    c->fed = false; /* the feed itself is still to come, from where it was */
    c->lane = before;
    if (status == PIC_OK)
        status = pic_courier_load_cursor(c);
    /* Also where the line broke half-way: some of it came, and the next entry must see it. */
    int rebuilt = pic_agent_rebuild(c->agent, c->err);
    status = status == PIC_OK ? rebuilt : status;
    if (status == PIC_OK)
        status = holds_told(c, &holds);
    if (status != PIC_OK || !holds)
        return status == PIC_OK ? PIC_EFORK : status;
    c->report->shifted = true;
    return start_pushing(c);
}

/* The server was put back from a copy that is older than this device: it is shown its certificate.
 */
static int introduce(struct pic_courier *c)
{
    enum pic_courier_lane lane = c->lane;
    c->introduced = true;
    int status = pic_agent_begin(c->agent, c->err);
    if (status != PIC_OK)
        return status;
    status = pic_branch_owe_certificates(c->agent);
    if (status != PIC_OK) {
        pic_agent_rollback(c->agent);
        return status;
    }
    status = pic_agent_commit(c->agent, c->err);
    c->given = 0;
    if (status == PIC_OK)
        status = run_lane(c, PIC_LANE_GIVE);
    c->lane = lane;
    c->fed = false;
    return status == PIC_OK ? start_pushing(c) : status;
}

/* With nothing in flight: does what the turn asks for, so that the lane can go on. */
static int settle(struct pic_courier *c)
{
    enum pic_turn turn = c->turn;
    int status = PIC_OK;
    c->turn = PIC_TURN_NONE;
    c->pulling = 0;
    c->out.here = c->out.asking = c->in.asking = false;
    if (++c->turns > PIC_TURNS_MAX)
        return turn == PIC_TURN_FORK ? PIC_EFORK : turn == PIC_TURN_CLOCK ? PIC_ECLOCK : PIC_EGAP;
    switch (turn) {
    case PIC_TURN_GAP:
        c->push_next = c->told_seq + 1;
        if (c->lane != PIC_LANE_CHANGES && c->lane != PIC_LANE_RECOVER) {
            enum pic_courier_lane lane = c->lane;
            status = run_lane(c, PIC_LANE_CHANGES);
            c->lane = lane;
        }
        return status;
    case PIC_TURN_FORK:
        return recover(c);
    case PIC_TURN_CLOCK:
        c->report->restamped = true;
        status = pic_move_restamp(c->agent, c->report->server_ms, c->err);
        return status == PIC_OK ? start_pushing(c) : status;
    case PIC_TURN_KEY:
        return c->lane == PIC_LANE_CHANGES ? start_pushing(c) : PIC_OK;
    case PIC_TURN_UNKNOWN:
        return introduce(c);
    case PIC_TURN_AGAIN:
    case PIC_TURN_NONE:
        break;
    }
    return PIC_OK;
}

/* --- a lane from its beginning to its end --- */

static void forget_flight(struct pic_courier *c)
{
    for (; c->n > 0; c->n--) {
        pic_ask_release(&c->slots[c->first].ask);
        c->first = (c->first + 1) % PIC_PIPELINE_WINDOW;
    }
    c->pulling = 0;
}

static int fill_window(struct pic_courier *c)
{
    bool more = true;
    int status = PIC_OK;
    while (status == PIC_OK && more && c->turn == PIC_TURN_NONE && c->n < PIC_PIPELINE_WINDOW)
        status = pic_courier_next(c, &more);
    return status;
}

static int run_lane(struct pic_courier *c, enum pic_courier_lane lane)
{
    int failed = PIC_OK;
    c->lane = lane;
    while (!c->broken) {
        int status = failed == PIC_OK ? fill_window(c) : PIC_OK;
        if (failed == PIC_OK)
            failed = status;
        if (c->n == 0 && (c->turn == PIC_TURN_NONE || failed != PIC_OK))
            break;
        status = c->n == 0 ? settle(c) : receive_one(c);
        if (failed == PIC_OK)
            failed = status;
    }
    forget_flight(c);
    int kept = pic_courier_keep(c);
    c->turn = PIC_TURN_NONE;
    if (failed == PIC_OK)
        failed = kept == PIC_OK ? c->refused : kept;
    c->refused = PIC_OK;
    c->report->lanes[lane] = failed;
    return failed;
}

/* --- a run --- */

static int prepare(struct pic_courier *c)
{
    struct pic_agent_pending pending;
    c->chunk = 0;
    c->kept_max = KEPT_MAX;
    int status = pic_journal_number_get(c->agent->journal, "chunk", &c->chunk);
    if (c->chunk == 0 || c->chunk > PIC_BLOB_CHUNK_MAX)
        c->chunk = CHUNK_FIRST;
    if (status == PIC_OK)
        status = pic_courier_load_cursor(c);
    if (status == PIC_OK)
        status = pic_agent_pending(c->agent, &pending);
    if (status == PIC_OK)
        c->report->changes_sent = pending.changes;
    return status;
}

/* After a line that broke: for a few bytes, what arrived is acknowledged before anything is sent
 * twice; what did not is opened, to be sealed in smaller steps. */
static int take_stock(struct pic_courier *c)
{
    struct pic_log_head head;
    uint64_t broke = 0;
    int status = pic_journal_number_get(c->agent->journal, "broke", &broke);
    if (status != PIC_OK || broke == 0)
        return status;
    status = pic_agent_head(c->agent, &head);
    if (status != PIC_OK)
        return status;
    c->push_next = head.seq + 1;
    c->closing_due = true;
    status = run_lane(c, PIC_LANE_CLOSING);
    if (status == PIC_OK)
        status = pic_query_run(c->agent->queries, PIC_QUERY_SEALED_FORGET, 0);
    return status == PIC_OK ? pic_journal_number_put(c->agent->journal, "broke", 0) : status;
}

/* The first of the lanes' failures decides; a lane runs only if the connection still lives. */
static int run_lanes(struct pic_courier *c)
{
    const unsigned errands = c->options->errands;
    struct pic_agent_pending pending;
    int first = run_lane(c, PIC_LANE_ENROL);
    if (first != PIC_OK)
        return first;
    first = take_stock(c);
    if (first == PIC_OK)
        first = start_pushing(c);
    if (first == PIC_OK && (errands & PIC_ERRAND_SEND) != 0) {
        if (pic_agent_pending(c->agent, &pending) == PIC_OK)
            c->total = pending.bytes / PIC_SEAL_DEFLATES;
        c->done = 0;
        first = run_lane(c, PIC_LANE_CHANGES);
    }
    const struct {
        unsigned errand;
        enum pic_courier_lane lane;
    } rest[] = {
        {PIC_ERRAND_RECEIVE, PIC_LANE_PULL},        {PIC_ERRAND_RECEIVE, PIC_LANE_GIVE},
        {PIC_ERRAND_RECEIVE, PIC_LANE_PULL}, /* again, when something was given */
        {PIC_ERRAND_DOCUMENTS, PIC_LANE_DOCUMENTS}, {PIC_ERRAND_DOCUMENTS, PIC_LANE_CLOSING},
    };
    for (size_t i = 0; i < sizeof rest / sizeof *rest && !c->broken; i++) {
        if ((errands & rest[i].errand) == 0)
            continue;
        c->done = c->total = 0;
        if (rest[i].lane == PIC_LANE_DOCUMENTS && pic_agent_pending(c->agent, &pending) == PIC_OK)
            c->total = pending.document_bytes;
        if (rest[i].lane == (c->fed ? PIC_LANE_PULL : PIC_LANE_GIVE))
            continue; /* it is given once all has been heard */
        c->given = 0;
        int status = run_lane(c, rest[i].lane);
        first = first == PIC_OK ? status : first;
    }
    return first;
}

/* The line broke: what goes next is smaller, so that some of it gets through before it breaks
 * again. */
static int smaller_steps(struct pic_courier *c)
{
    if (c->chunk <= CHUNK_MIN)
        return PIC_OK;
    c->chunk /= 2;
    return pic_journal_number_put(c->agent->journal, "broke", 1);
}

/* What the run has done, and whether anything of ours is still missing over there. */
static int conclude(struct pic_courier *c, int outcome)
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

/* Whether this laptop keeps sealed people, and has a state that names them. */
static bool keeps_people(const struct pic_agent *agent)
{
    return agent->state != NULL && agent->self.enrolled &&
           (agent->self.role & PIC_ROLE_ASSOCIATION) != 0;
}

int pic_courier_enter(struct pic_courier *c)
{
    c->agent->blobs.owner.reader = &c->keys->box;
    return keeps_people(c->agent) ? pic_identities_count(c->agent, c->keys, c->err) : PIC_OK;
}

int pic_courier_leave(struct pic_courier *c, int status)
{
    if (status == PIC_OK && keeps_people(c->agent))
        status = pic_erasure_settle(c->agent, c->err);
    c->agent->blobs.owner.reader = NULL;
    return status;
}

int pic_courier_run(struct pic_agent *agent, struct pic_keys *keys,
                    const struct pic_carrier *carrier, const struct pic_courier_options *options,
                    struct pic_courier_report *report, struct pic_err *err)
{
    struct pic_courier *c = calloc(1, sizeof *c);
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
    int status = pic_courier_enter(c);
    if (status == PIC_OK)
        status = prepare(c);
    if (status == PIC_OK)
        status = run_lanes(c);
    if (c->rebuild_due) { /* also where the line broke: the next entry must see what there is */
        int rebuilt = pic_agent_rebuild(agent, err);
        status = status == PIC_OK ? rebuilt : status;
    }
    status = pic_courier_leave(c, conclude(c, status));
    forget_flight(c);
    pic_buf_release(&c->frame);
    pic_buf_wipe(&c->plain);
    pic_buf_release(&c->segment);
    pic_buf_release(&c->in.wanted);
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
