#include "server/restore.h"

#include <string.h>

#include "schema/dictionary/dictionary.h"
#include "server/own_log.h"

enum { DAY_MS = 24 * 3600 * 1000 };

/* How far numbers go on: at least so many, and as many again at random. Each leaves room for some
 * hundred restorations. */
static const uint64_t sequences_left_out = UINT64_C(1) << 30;
enum { DEVICES_LEFT_OUT = 1 << 10 };

static uint64_t far(const struct pic_random *random, uint64_t least)
{
    uint64_t drawn = 0;
    random->fill(random->context, (uint8_t *)&drawn, sizeof drawn);
    return least + drawn % least;
}

int pic_server_restored(struct pic_server *server, const struct pic_random *random)
{
    struct pic_own_log log;
    int status = pic_own_log_load(server->journal, &log);
    if (status == PIC_OK) {
        log.seq += far(random, sequences_left_out);
        status = log.seq > PIC_SEQ_MAX ? PIC_ELIMIT : pic_own_log_save(server->journal, &log);
    }
    if (status == PIC_OK)
        status = pic_registry_skip(server->registry, (uint32_t)far(random, DEVICES_LEFT_OUT));
    if (status == PIC_OK)
        status = pic_journal_skip(server->journal, far(random, PIC_RESTORED_POSITIONS));
    return status;
}

/* --- what the registry learns again --- */

/* The value that a change writes into a column; NULL when it writes none. */
static const struct pic_value *written(const struct pic_change *change, const char *column)
{
    const struct pic_field *field = pic_entity_by_column(pic_dictionary_entity(PIC_DEVICE), column);
    for (unsigned i = 0; i < change->op_n; i++)
        if (change->ops[i].field == field->number)
            return &change->ops[i].value;
    return NULL;
}

static uint64_t number_in(const struct pic_change *change, const char *column)
{
    const struct pic_value *v = written(change, column);
    return v == NULL || v->i < 0 ? 0 : (uint64_t)v->i;
}

/* A text or key of at most n bytes. */
static size_t copy_in(const struct pic_change *change, const char *column, void *out, size_t n)
{
    const struct pic_value *v = written(change, column);
    if (v == NULL || v->s.n == 0 || v->s.n > n)
        return 0;
    memcpy(out, v->s.p, v->s.n);
    return v->s.n;
}

/* A certificate. Its box key travelled elsewhere: it stays untold. */
static int learn_device(struct pic_server *server, const struct pic_change *change)
{
    struct pic_device d = {.entity = change->id};
    struct pic_certificate *c = &d.certificate;
    struct pic_device known;
    char role[PIC_LABEL_MAX + 1] = "";
    bool whole = copy_in(change, "signing_key", c->sign_key, PIC_KEY_SIZE) == PIC_KEY_SIZE &&
                 copy_in(change, "transport_key", c->transport_key, PIC_KEY_SIZE) == PIC_KEY_SIZE &&
                 copy_in(change, "role", role, PIC_LABEL_MAX) > 0;
    (void)copy_in(change, "label", d.label, PIC_LABEL_MAX);
    c->device = (uint32_t)number_in(change, "device");
    c->organisation = number_in(change, "organisation");
    c->role = pic_role_of(role);
    c->time_ms = (int64_t)number_in(change, "certified_on") * DAY_MS;
    if (!whole || c->device <= PIC_DEVICE_SERVER || c->device > PIC_DEVICE_MAX || c->role == 0)
        return PIC_OK; /* it certifies nothing, as everywhere */
    int status = pic_registry_device(server->registry, c->device, &known);
    if (status == PIC_ENOT_FOUND)
        status = pic_registry_device_by_key(server->registry, c->transport_key, &known);
    if (status == PIC_ENOT_FOUND)
        status = pic_registry_device_put(server->registry, &d);
    return status;
}

static int learn_retirement(struct pic_server *server, const struct pic_change *change)
{
    struct pic_device d;
    uint32_t number = 0;
    int status = PIC_OK;
    while ((status = pic_registry_device_next(server->registry, number, &d)) == PIC_OK) {
        if (d.entity == change->id)
            break;
        number = d.certificate.device + 1;
    }
    /* Retired again since: what this server decided last stands. */
    if (status != PIC_OK || d.retired)
        return status == PIC_ENOT_FOUND ? PIC_OK : status;
    return pic_registry_retire(server->registry, d.certificate.device,
                               number_in(change, "last_seq"));
}

/* Its own numbers and its clock go past what comes back, so that nothing is given twice. */
static int pass_by(struct pic_server *server, uint64_t seq, uint64_t stamp)
{
    struct pic_own_log log;
    int status = pic_own_log_load(server->journal, &log);
    log.seq = status == PIC_OK && seq > log.seq ? seq : log.seq;
    pic_clock_see(&log.clock, stamp);
    return status == PIC_OK ? pic_own_log_save(server->journal, &log) : status;
}

int pic_server_take_back(struct pic_server *server, struct pic_segment_reader *reader,
                         const struct pic_segment *segment)
{
    struct pic_change change;
    uint64_t position = 0;
    uint64_t stamp = 0;
    bool done = false;
    int status = pic_journal_append(server->journal, segment, &position);
    if (status == PIC_OK)
        status = pic_segment_reader_open(reader, segment);
    while (status == PIC_OK && !done) {
        status = pic_segment_reader_next(reader, &change, &done);
        if (status != PIC_OK || done)
            break;
        stamp = change.stamp;
        if (change.entity != PIC_DEVICE)
            continue;
        if (change.id == change.dot)
            status = learn_device(server, &change);
        else if (number_in(&change, "retired") != 0)
            status = learn_retirement(server, &change);
    }
    return status == PIC_OK ? pass_by(server, segment->last_seq, stamp) : status;
}
