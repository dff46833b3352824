#include "server/record.h"

#include <stdlib.h>
#include <string.h>

#include "server/own_log.h"

/* A change that waits to be sealed, in one piece of memory: itself, its ops, their bases, their
 * texts. */
struct kept {
    struct pic_change change;
    uint64_t audience;
    struct pic_op ops[];
};

struct pic_record {
    struct pic_server *server;
    struct pic_own_log log;
    struct pic_entry entry;
    struct kept **kept;
    size_t kept_n, kept_cap;
};

/* --- whose log --- */

/* Where a creation is written: the column that tells, and whether it names the organisation itself
 * or a row of its log. */
static const struct {
    const char *column;
    uint8_t entity;
    bool organisation;
} owners[] = {
    {"carrier", PIC_FUND, true},        {"addressee", PIC_SUMMARY, true},
    {"organisation", PIC_DEVICE, true}, {"fund", PIC_SHARE, false},
    {"share", PIC_TRANSFER, false},     {"about", PIC_COUNTERPART, false},
    {"fund", PIC_RULE, false},          {"about", PIC_REVERSAL, false},
    {"about", PIC_CONTROL, false},      {"about", PIC_DOCUMENT, false},
    {"fund", PIC_BANK_BALANCE, false},  {"about", PIC_ERASURE, false},
    {"about", PIC_HOLD, false},         {"about", PIC_READING, false},
};

/* The reference that a change writes into a column; 0 when it writes none. */
static uint64_t reference_in(const struct pic_change *change, const char *column)
{
    const struct pic_entity *entity = pic_dictionary_entity(change->entity);
    const struct pic_field *field = pic_entity_by_column(entity, column);
    for (unsigned i = 0; field != NULL && i < change->op_n; i++)
        if (change->ops[i].field == field->number && change->ops[i].value.kind == PIC_KIND_REF)
            return (uint64_t)change->ops[i].value.i;
    return 0;
}

static int audience_of_row(struct pic_state *state, const struct pic_change *change,
                           uint64_t *audience, struct pic_err *err)
{
    const struct pic_entity *entity;
    int status = pic_state_find(state, change->id, &entity, audience);
    if (status == PIC_OK && entity->number != change->entity)
        status = PIC_ENOT_FOUND;
    return status == PIC_OK
               ? PIC_OK
               : pic_fail(err, status, pic_dictionary_entity(change->entity)->label, NULL);
}

int pic_record_audience(struct pic_state *state, const struct pic_change *change, bool creates,
                        uint64_t *audience, struct pic_err *err)
{
    const struct pic_entity *entity = pic_dictionary_entity(change->entity);
    if (!creates)
        return audience_of_row(state, change, audience, err);
    *audience = PIC_AUDIENCE_SERVER;
    if ((entity->flags & PIC_SERVER_ONLY) != 0)
        return PIC_OK;
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        if (owners[i].entity != change->entity)
            continue;
        const struct pic_entity *target;
        uint64_t id = reference_in(change, owners[i].column);
        if (id == 0)
            break;
        *audience = id;
        int status = owners[i].organisation ? PIC_OK : pic_state_find(state, id, &target, audience);
        return status == PIC_OK ? PIC_OK : pic_fail(err, status, entity->label, NULL);
    }
    *audience = PIC_AUDIENCE_ALL;
    return (entity->flags & PIC_EVERYONE) != 0 ? PIC_OK
                                               : pic_fail(err, PIC_EREFERENCE, entity->label, NULL);
}

/* --- keeping changes --- */

static size_t kept_size(const struct pic_change *change)
{
    size_t size = sizeof(struct kept) + change->op_n * sizeof(struct pic_op);
    for (unsigned i = 0; i < change->op_n; i++)
        size += change->ops[i].base_n * sizeof(uint64_t) + change->ops[i].value.s.n;
    return size;
}

static struct kept *keep(const struct pic_change *change, uint64_t audience)
{
    struct kept *k = malloc(kept_size(change));
    if (k == NULL)
        return NULL;
    k->change = *change;
    k->change.ops = k->ops;
    k->audience = audience;
    uint64_t *bases = (uint64_t *)(void *)(k->ops + change->op_n);
    for (unsigned i = 0; i < change->op_n; i++) {
        const struct pic_op *op = &change->ops[i];
        k->ops[i] = *op;
        k->ops[i].bases = bases;
        if (op->base_n > 0)
            memcpy(bases, op->bases, op->base_n * sizeof *bases);
        bases += op->base_n;
    }
    uint8_t *texts = (uint8_t *)bases;
    for (unsigned i = 0; i < change->op_n; i++) {
        struct pic_span s = change->ops[i].value.s;
        if (s.n > 0)
            memcpy(texts, s.p, s.n);
        k->ops[i].value.s = pic_span_of(texts, s.n);
        texts += s.n;
    }
    return k;
}

static int keep_change(struct pic_record *r, const struct pic_change *change, uint64_t audience)
{
    if (r->kept_n == PIC_RECORD_MAX)
        return PIC_ELIMIT;
    if (r->kept_n == r->kept_cap) {
        size_t cap = r->kept_cap == 0 ? 64 : r->kept_cap * 2;
        struct kept **grown = realloc(r->kept, cap * sizeof(struct kept *));
        if (grown == NULL)
            return PIC_EMEMORY;
        r->kept = grown;
        r->kept_cap = cap;
    }
    struct kept *k = keep(change, audience);
    if (k == NULL)
        return PIC_EMEMORY;
    r->kept[r->kept_n++] = k;
    return PIC_OK;
}

static void free_record(struct pic_record *r)
{
    for (size_t i = 0; i < r->kept_n; i++)
        free(r->kept[i]);
    free(r->kept);
    free(r);
}

/* --- a recording --- */

/* Locks the journal, then the state; both are level after it. */
static int lock(struct pic_record *r, struct pic_err *err)
{
    struct pic_server *s = r->server;
    int status =
        pic_projector_catch_up(s->projector, NULL, NULL, err); /* the long part, unlocked */
    if (status == PIC_OK)
        status = pic_db_begin(&s->journal_db, err);
    if (status != PIC_OK)
        return status;
    status = pic_own_log_load(s->journal, &r->log);
    if (status == PIC_OK)
        status = pic_projector_begin(s->projector, err);
    if (status != PIC_OK)
        pic_db_rollback(&s->journal_db);
    return status;
}

int pic_record_begin(struct pic_server *server, struct pic_record **out, struct pic_err *err)
{
    struct pic_record *r = calloc(1, sizeof *r);
    if (r == NULL) {
        (void)pic_fail(err, PIC_EMEMORY, NULL);
        return PIC_EMEMORY;
    }
    r->server = server;
    int status = lock(r, err);
    if (status != PIC_OK) {
        free_record(r);
        (void)pic_fail(err, status, NULL);
        return status;
    }
    const struct pic_clock seen = pic_projector_clock(server->projector);
    pic_clock_see(&r->log.clock, seen.last);
    *out = r;
    return PIC_OK;
}

/* The documents that a change names are this server's own: they are here already. */
static int note_documents(struct pic_record *r, const struct pic_change *change, uint64_t audience)
{
    const struct pic_entity *entity = pic_dictionary_entity(change->entity);
    struct pic_registry *registry = r->server->registry;
    struct pic_buf devices;
    bool fresh;
    int status = PIC_OK;
    pic_buf_init(&devices, (size_t)PIC_DEVICE_MAX);
    for (unsigned i = 0; status == PIC_OK && i < change->op_n; i++) {
        const struct pic_op *op = &change->ops[i];
        enum pic_type type = pic_entity_field(entity, op->field)->type;
        if ((type != PIC_TYPE_DOCUMENT && type != PIC_TYPE_IDENTITY) ||
            op->value.s.n != PIC_HASH_SIZE)
            continue;
        status = pic_registry_document_named(registry, PIC_DEVICE_SERVER, audience, op->value.s.p,
                                             &fresh);
        if (status == PIC_OK)
            status = pic_registry_document_held(registry, op->value.s.p, &devices);
    }
    pic_buf_release(&devices);
    return status;
}

/* Stamps, tries, folds and keeps the change that r->entry holds. */
static int take(struct pic_record *r, uint64_t *dot, struct pic_err *err)
{
    struct pic_state *state = pic_server_state(r->server);
    struct pic_own_log before = r->log;
    uint64_t audience;
    uint64_t address;
    uint64_t stamp;
    int status = pic_record_audience(state, &r->entry.change, r->entry.creates, &audience, err);
    if (status != PIC_OK)
        return status;
    pic_own_log_next(&r->log, pic_server_now_ms(), &address, &stamp);
    pic_entry_stamp(&r->entry, address, stamp);
    status = pic_entry_try(state, &r->entry, audience, err);
    if (status == PIC_OK && (status = keep_change(r, &r->entry.change, audience)) != PIC_OK)
        (void)pic_fail(err, status, NULL);
    if (status != PIC_OK) {
        r->log = before;
        return status;
    }
    status = pic_state_fold(state, &r->entry.change, audience, NULL);
    if (status == PIC_OK)
        status = note_documents(r, &r->entry.change, audience);
    if (status == PIC_OK && dot != NULL)
        *dot = address;
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

int pic_record_add(struct pic_record *r, const struct pic_entity *entity, uint64_t id,
                   const struct pic_input *inputs, size_t input_n, uint64_t *dot,
                   struct pic_err *err)
{
    int status = pic_entry_build(pic_server_state(r->server), entity, id, PIC_DEVICE_SERVER, inputs,
                                 input_n, &r->entry, err);
    if (status != PIC_OK)
        return status;
    status = take(r, dot, err);
    pic_entry_release(&r->entry);
    return status;
}

static int by_audience(const void *a, const void *b)
{
    const struct kept *x = *(struct kept *const *)a;
    const struct kept *y = *(struct kept *const *)b;
    if (x->audience != y->audience)
        return x->audience < y->audience ? -1 : 1;
    return x->change.dot < y->change.dot ? -1 : 1;
}

/* Seals each audience's changes and appends them to the journal. */
static int append_all(struct pic_record *r, uint64_t *position)
{
    struct pic_server *s = r->server;
    if (r->kept_n == 0)
        return pic_own_log_save(s->journal, &r->log);
    const struct pic_change **changes = malloc(r->kept_n * sizeof(const struct pic_change *));
    if (changes == NULL)
        return PIC_EMEMORY;
    qsort(r->kept, r->kept_n, sizeof(struct kept *), by_audience);
    for (size_t i = 0; i < r->kept_n; i++)
        changes[i] = &r->kept[i]->change;
    int status = PIC_OK;
    for (size_t i = 0, end; status == PIC_OK && i < r->kept_n; i = end) {
        for (end = i + 1; end < r->kept_n && r->kept[end]->audience == r->kept[i]->audience;)
            end++;
        status = pic_own_log_append(s->journal, &s->keys.identity, r->kept[i]->audience,
                                    changes + i, end - i, position);
    }
    free(changes);
    return status == PIC_OK ? pic_own_log_save(s->journal, &r->log) : status;
}

int pic_record_commit(struct pic_record *r, struct pic_err *err)
{
    struct pic_server *s = r->server;
    uint64_t position = pic_projector_position(s->projector);
    struct pic_err ignored = {0};
    int status = append_all(r, &position);
    if (status == PIC_OK)
        status = pic_db_commit(&s->journal_db, err);
    if (status == PIC_OK) {
        /* Durable from here on: should the state fail, it catches up the next time. */
        int folded = pic_projector_commit(s->projector, position, &r->log.clock, &ignored);
        (void)folded;
    } else {
        pic_db_rollback(&s->journal_db);
        pic_projector_rollback(s->projector);
        (void)pic_fail(err, status, NULL);
    }
    free_record(r);
    return status;
}

void pic_record_abort(struct pic_record *r)
{
    if (r == NULL)
        return;
    pic_db_rollback(&r->server->journal_db);
    pic_projector_rollback(r->server->projector);
    free_record(r);
}

int pic_record_one(struct pic_server *server, const struct pic_entity *entity, uint64_t id,
                   const struct pic_input *inputs, size_t input_n, uint64_t *dot,
                   struct pic_err *err)
{
    struct pic_record *record = NULL;
    int status = pic_record_begin(server, &record, err);
    if (status != PIC_OK)
        return status;
    status = pic_record_add(record, entity, id, inputs, input_n, dot, err);
    if (status != PIC_OK) {
        pic_record_abort(record);
        return status;
    }
    return pic_record_commit(record, err);
}
