#include "agent/erasure.h"

#include <stdlib.h>
#include <string.h>

#include "agent/query.h"
#include "agent/record.h"
#include "schema/state/persons.h"

enum {
    DOTS_MAX = (PIC_PERSON_CHANGES_MAX + 1) * 8,
    HASHES_MAX = PIC_PERSON_CHANGES_MAX * PIC_CHANGE_OPS_MAX * PIC_HASH_SIZE,
    MS_PER_DAY = 24 * 60 * 60 * 1000,
};

/* The changes of a row, and every box that any of them named, the one of today last. */
struct traces {
    struct pic_buf dots, hashes;
};

static void traces_release(struct traces *t)
{
    pic_buf_release(&t->dots);
    pic_buf_release(&t->hashes);
}

static int find_traces(struct pic_agent *agent, uint64_t id, struct traces *out)
{
    struct pic_change_store *store = malloc(sizeof *store);
    struct pic_change change;
    struct pic_buf bytes;
    uint64_t position;
    pic_buf_init(&out->dots, DOTS_MAX);
    pic_buf_init(&out->hashes, HASHES_MAX);
    pic_buf_init(&bytes, PIC_SEGMENT_INFLATED_MAX);
    int status = store == NULL ? PIC_EMEMORY : pic_persons_changes(&agent->db, id, &out->dots);
    struct pic_cursor c = pic_cursor_of(out->dots.data, out->dots.len);
    while (status == PIC_OK && pic_cursor_left(&c) > 0) {
        status = pic_agent_change(agent, pic_cursor_u64(&c), &bytes, store, &change, &position);
        if (status == PIC_OK)
            pic_persons_boxes(&change, &out->hashes);
    }
    pic_buf_release(&bytes);
    free(store);
    return status == PIC_OK ? pic_buf_status(&out->hashes) : status;
}

/* The last one says whether all are gone: a power cut in between begins again. */
static int destroy(struct pic_agent *agent, struct pic_span hashes)
{
    int status = PIC_OK;
    for (size_t at = 0; status == PIC_OK && at + PIC_HASH_SIZE <= hashes.n; at += PIC_HASH_SIZE) {
        status = pic_query_run_hash(agent->queries, PIC_QUERY_OUTGOING_DROP, hashes.p + at);
        if (status == PIC_OK)
            status = pic_blobs_erase(&agent->blobs, hashes.p + at);
    }
    return status;
}

static int record(struct pic_agent *agent, uint64_t about, const char *reason,
                  const struct traces *t, uint64_t *dot, struct pic_err *err)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_ERASURE);
    struct pic_person_erasure e;
    pic_persons_erasure(about, reason, pic_agent_now_ms(agent) / MS_PER_DAY, pic_buf_view(&t->dots),
                        pic_buf_view(&t->hashes), &e);
    int status = e.addresses.bad
                     ? pic_fail(err, PIC_ELIMIT, NULL)
                     : pic_record(agent, entity, 0, e.inputs, PIC_ERASURE_INPUTS, dot, err);
    pic_buf_release(&e.addresses);
    return status;
}

int pic_erasure_record(struct pic_agent *agent, uint64_t about, const char *reason, uint64_t *dot,
                       struct pic_err *err)
{
    struct traces t;
    uint64_t known = about;
    int64_t today = pic_agent_now_ms(agent) / MS_PER_DAY;
    int status = pic_query_numbers(agent->queries, PIC_QUERY_ERASED, &known, 1);
    if (status == PIC_OK && known != 0)
        return pic_fail(err, PIC_EERASED, NULL);
    if (status == PIC_OK)
        status = pic_persons_held(&agent->db, about, today, err);
    if (status != PIC_OK)
        return status == PIC_EHELD ? status : pic_fail(err, status, NULL);
    status = find_traces(agent, about, &t);
    if (status == PIC_OK && t.hashes.len == 0)
        status = PIC_ENOT_FOUND;
    if (status != PIC_OK)
        (void)pic_fail(err, status, NULL);
    else
        status = record(agent, about, reason, &t, dot, err);
    if (status == PIC_OK && (status = destroy(agent, pic_buf_view(&t.hashes))) != PIC_OK)
        (void)pic_fail(err, status, NULL);
    traces_release(&t);
    return status;
}

/* --- what others erased --- */

struct settling {
    struct pic_agent *agent;
    struct pic_buf ids; /* of rows whose box is still here */
};

static int note_held(void *context, uint64_t id, struct pic_span hash)
{
    struct settling *s = context;
    uint64_t held = 0;
    bool complete = false;
    int status = pic_blobs_held(&s->agent->blobs, hash.p, &held, &complete);
    if (status == PIC_OK && held > 0)
        pic_buf_u64(&s->ids, id);
    return status;
}

int pic_erasure_settle(struct pic_agent *agent, struct pic_err *err)
{
    struct settling s = {.agent = agent};
    pic_buf_init(&s.ids, PIC_SEGMENT_INFLATED_MAX);
    int status = pic_persons_erased(&agent->db, note_held, &s);
    struct pic_cursor c = pic_cursor_of(s.ids.data, s.ids.len);
    while (status == PIC_OK && pic_cursor_left(&c) > 0) {
        struct traces t;
        status = find_traces(agent, pic_cursor_u64(&c), &t);
        if (status == PIC_OK)
            status = destroy(agent, pic_buf_view(&t.hashes));
        traces_release(&t);
    }
    pic_buf_release(&s.ids);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}
