#include "agent/move.h"

#include <stdlib.h>
#include <string.h>

#include "agent/branch.h"
#include "agent/query.h"
#include "agent/seal.h"

enum { CHANGE_BYTES_MAX = 1 << 20 };

/* --- stamping again --- */

struct restamp {
    struct pic_agent *agent;
    uint64_t next;
    bool lifted;
};

static int restamp_one(void *context, const struct pic_change *change, size_t bytes)
{
    struct restamp *r = context;
    struct pic_change moved = *change;
    (void)bytes;
    moved.stamp = r->next++;
    return pic_agent_pending_put(r->agent, &moved);
}

static int restamp_all(struct pic_agent *agent, int64_t server_ms)
{
    struct pic_agent_pending pending;
    struct restamp r = {.agent = agent};
    uint64_t seen = 0;
    int status = pic_agent_pending(agent, &pending);
    if (status == PIC_OK)
        status = pic_journal_number_get(agent->journal, "seen", &seen);
    uint64_t end = pic_clock_at(server_ms);
    r.next = end > pending.changes ? end - pending.changes : 0;
    if (r.next <= seen)
        r.next = seen + 1;
    if (status == PIC_OK)
        status = pic_query_run(agent->queries, PIC_QUERY_SEALED_FORGET, 0);
    if (status == PIC_OK)
        status = pic_agent_pending_each(agent, 0, restamp_one, &r);
    agent->clock.last = r.next; /* the one way in which the clock may go back */
    return status == PIC_OK ? pic_agent_rebuild_due(agent) : status;
}

int pic_move_restamp(struct pic_agent *agent, int64_t server_ms, struct pic_err *err)
{
    int status = pic_agent_begin(agent, err);
    if (status != PIC_OK)
        return status;
    status = restamp_all(agent, server_ms);
    if (status != PIC_OK) {
        pic_agent_rollback(agent);
        return pic_fail(err, status, NULL);
    }
    status = pic_agent_commit(agent, err);
    return status == PIC_OK ? pic_agent_rebuild(agent, err) : status;
}

/* --- adopting what came back --- */

/* How own sequences move: those from first on, by delta. */
struct shift {
    uint32_t device;
    uint64_t first, delta;
};

static uint64_t moved(const struct shift *s, uint64_t dot)
{
    bool own = pic_dot_device(dot) == s->device && pic_dot_seq(dot) >= s->first;
    return own ? dot + s->delta : dot;
}

/* Moves every own address in a change whose ops and bases are in store. */
static void shift_change(const struct shift *s, struct pic_change_store *store,
                         struct pic_change *change)
{
    change->dot = moved(s, change->dot);
    change->id = moved(s, change->id);
    for (unsigned i = 0; i < change->op_n; i++) {
        struct pic_op *op = &store->ops[i];
        if (op->value.kind == PIC_KIND_REF)
            op->value.i = (int64_t)moved(s, (uint64_t)op->value.i);
        uint64_t *bases = op->base_n == 0 ? NULL : store->bases + (op->bases - store->bases);
        for (unsigned k = 0; k < op->base_n; k++)
            bases[k] = moved(s, bases[k]);
    }
}

/* From the last to the first, so that no row lands on one that has still to move. */
static int shift_pending(struct pic_agent *agent, const struct shift *s)
{
    struct pic_change_store *store = malloc(sizeof *store);
    struct pic_change change;
    struct pic_buf bytes;
    uint64_t seq = INT64_MAX;
    int status = store == NULL ? PIC_EMEMORY : PIC_OK;
    pic_buf_init(&bytes, CHANGE_BYTES_MAX);
    while (status == PIC_OK) {
        status = pic_agent_pending_before(agent, &seq, &bytes, store, &change);
        if (status == PIC_ENOT_FOUND) {
            status = PIC_OK;
            break;
        }
        if (status != PIC_OK)
            break;
        shift_change(s, store, &change);
        status = pic_agent_pending_put(agent, &change);
        if (status == PIC_OK)
            status = pic_query_run(agent->queries, PIC_QUERY_PENDING_DELETE, seq);
    }
    pic_buf_release(&bytes);
    free(store);
    return status;
}

static int lift_one(void *context, const struct pic_change *change, size_t bytes)
{
    struct restamp *r = context;
    struct pic_change lifted = *change;
    (void)bytes;
    if (change->stamp >= r->next) {
        r->next = change->stamp + 1;
        return PIC_OK;
    }
    lifted.stamp = r->next++;
    r->lifted = true;
    return pic_agent_pending_put(r->agent, &lifted);
}

/* Makes room behind a segment that takes sequences up to last, and time up to stamp. *moved: the
 * state is no longer what follows from it. */
static int make_way(struct pic_agent *agent, uint64_t last, uint64_t stamp, bool *moved)
{
    struct pic_agent_pending pending;
    struct restamp r = {.agent = agent, .next = stamp + 1};
    int status = pic_agent_pending(agent, &pending);
    if (status == PIC_OK)
        status = pic_query_run(agent->queries, PIC_QUERY_SEALED_FORGET, 0);
    if (status != PIC_OK || pending.changes == 0)
        return status;
    if (pending.first_seq <= last) {
        const struct shift s = {.device = agent->self.device,
                                .first = pending.first_seq,
                                .delta = last + 1 - pending.first_seq};
        *moved = true;
        status = shift_pending(agent, &s);
    }
    if (status == PIC_OK)
        status = pic_agent_pending_each(agent, 0, lift_one, &r);
    *moved = *moved || r.lifted;
    pic_clock_see(&agent->clock, r.next);
    return status;
}

/* Whether two changes say the same, whenever they were stamped: restamping moves no address. */
static bool says_the_same(const struct pic_change *change, struct pic_span kept,
                          struct pic_change_store *store, struct pic_buf *scratch, bool *stamped)
{
    struct pic_cursor c = pic_cursor_of(kept.p, kept.n);
    struct pic_change pending;
    if (pic_change_get(&c, store, &pending) != PIC_OK)
        return false;
    *stamped = *stamped || pending.stamp != change->stamp;
    pending.stamp = change->stamp;
    pic_buf_clear(scratch);
    pic_change_put(scratch, change);
    size_t n = scratch->len;
    pic_change_put(scratch, &pending);
    return pic_buf_status(scratch) == PIC_OK && scratch->len == 2 * n &&
           memcmp(scratch->data, scratch->data + n, n) == 0;
}

/* Drops what is pending here and came back in a segment: it did arrive once, in other pieces or
 * with other neighbours perhaps, and only the answer was lost. *whole: the segment held nothing
 * else, and the state knows it all. */
static int drop_ours(struct pic_agent *agent, const struct pic_segment *segment, bool *whole)
{
    struct pic_change_store *store = malloc(sizeof *store);
    struct pic_change change;
    struct pic_buf scratch;
    struct pic_buf kept;
    bool done = false;
    bool same = true;
    bool stamped = false;
    pic_buf_init(&scratch, (size_t)2 * CHANGE_BYTES_MAX);
    pic_buf_init(&kept, CHANGE_BYTES_MAX);
    int status = store == NULL ? PIC_EMEMORY : pic_segment_reader_open(agent->reader, segment);
    while (status == PIC_OK && same) {
        status = pic_segment_reader_next(agent->reader, &change, &done);
        if (status != PIC_OK || done)
            break;
        status = pic_agent_pending_bytes(agent, pic_dot_seq(change.dot), &kept);
        same = status == PIC_OK &&
               says_the_same(&change, pic_buf_view(&kept), store, &scratch, &stamped);
        if (same)
            status =
                pic_query_run(agent->queries, PIC_QUERY_PENDING_DELETE, pic_dot_seq(change.dot));
        if (status == PIC_ENOT_FOUND)
            status = PIC_OK;
    }
    *whole = same && !stamped;
    pic_buf_release(&scratch);
    pic_buf_release(&kept);
    free(store);
    return status;
}

int pic_move_adopt(struct pic_agent *agent, const struct pic_segment *segment, struct pic_err *err)
{
    uint64_t position = 0;
    uint64_t stamp = 0;
    bool whole = false;
    bool moved_any = false;
    int status = pic_segment_check(agent->reader, segment, &stamp);
    if (status == PIC_OK)
        status = pic_journal_append(agent->journal, segment, &position);
    if (status == PIC_EEXISTS)
        return PIC_OK;
    if (status == PIC_EFORK) { /* in the place of what was acknowledged, and then forgotten */
        status = pic_branch_leave(agent, segment);
        if (status == PIC_OK)
            status = pic_journal_append(agent->journal, segment, &position);
    }
    if (status == PIC_OK)
        status = drop_ours(agent, segment, &whole);
    if (status == PIC_OK)
        status = make_way(agent, segment->last_seq, stamp, &moved_any);
    if (status == PIC_OK)
        status = pic_seal_seen(agent, stamp);
    if (status == PIC_OK && (!whole || moved_any))
        status = pic_agent_rebuild_due(agent);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}
