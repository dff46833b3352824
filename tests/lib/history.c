#include "tests/lib/history.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/crypto/keys.h"
#include "schema/dictionary/grid.h"
#include "schema/dictionary/value.h"
#include "tests/lib/generator.h"

enum { CHANGE_MAX = 1 << 18 };

#define STAMP_FIRST (UINT64_C(1772000000000) << 16) /* 25 February 2026 */
#define STAMP_STEP  (UINT64_C(60000) << 16)

static _Noreturn void stop(const char *what, const char *fact)
{
    (void)fprintf(stderr, "history: %s: %s\n", what, fact);
    abort();
}

struct history *history_new(void)
{
    struct history *h = calloc(1, sizeof *h);
    if (h == NULL || pic_crypto_start() != PIC_OK)
        stop("cannot start", "");
    h->stamp = STAMP_FIRST;
    return h;
}

void history_free(struct history *h)
{
    if (h == NULL)
        return;
    for (size_t i = 0; i < h->n; i++)
        pic_buf_release(&h->items[i].change);
    free(h);
}

const char *history_ref(struct history *h, uint64_t id)
{
    char *out = h->refs[h->ref++ % HISTORY_REFS];
    (void)snprintf(out, sizeof h->refs[0], "%" PRIu32 "-%" PRIu64, pic_dot_device(id),
                   pic_dot_seq(id));
    return out;
}

/* --- making changes --- */

struct made {
    struct pic_op ops[PIC_CHANGE_OPS_MAX];
    struct pic_buf stores[PIC_CHANGE_OPS_MAX];
    unsigned n;
};

static void read_value(const struct pic_field *field, const char *typed, struct pic_buf *store,
                       struct pic_value *out)
{
    struct pic_err err = {0};
    pic_buf_init(store, CHANGE_MAX);
    *out = (struct pic_value){0};
    if (field->type == PIC_TYPE_DOCUMENT || field->type == PIC_TYPE_IDENTITY ||
        field->type == PIC_TYPE_KEY) {
        uint8_t hash[PIC_HASH_SIZE];
        if (*typed == '\0')
            return;
        pic_hash(pic_span_text(typed), hash);
        pic_buf_bytes(store, hash, sizeof hash);
        *out = (struct pic_value){.kind = PIC_KIND_BYTES, .s = pic_buf_view(store)};
    } else if (pic_value_parse(field, typed, store, out, &err) != PIC_OK) {
        stop(field->column, typed);
    }
}

static void add_op(struct made *m, const struct pic_entity *entity, const char *column,
                   const char *typed, const uint64_t *bases, size_t base_n)
{
    const struct pic_field *field = pic_entity_by_column(entity, column);
    unsigned at = m->n;
    if (field == NULL || m->n == PIC_CHANGE_OPS_MAX)
        stop(entity->table, column);
    while (at > 0 && m->ops[at - 1].field > field->number)
        at--;
    memmove(m->ops + at + 1, m->ops + at, (m->n - at) * sizeof *m->ops);
    m->ops[at] = (struct pic_op){.field = field->number, .base_n = (uint8_t)base_n, .bases = bases};
    read_value(field, typed, &m->stores[m->n], &m->ops[at].value);
    m->n++;
}

static uint64_t keep(struct history *h, uint32_t device, uint64_t audience,
                     const struct pic_entity *entity, uint64_t id, struct made *m)
{
    if (h->n == HISTORY_MAX || device >= HISTORY_DEVICES)
        stop("too many", entity->table);
    struct history_item *item = &h->items[h->n++];
    uint64_t dot = pic_dot(device, ++h->seq[device]);
    *item = (struct history_item){.dot = dot, .audience = audience, .entity = entity->number};
    item->id = id == 0 ? dot : id;
    const struct pic_change change = {.dot = dot,
                                      .stamp = h->stamp,
                                      .id = item->id,
                                      .entity = entity->number,
                                      .op_n = (uint8_t)m->n,
                                      .ops = m->ops};
    h->stamp += STAMP_STEP;
    pic_buf_init(&item->change, CHANGE_MAX);
    pic_change_put(&item->change, &change);
    for (unsigned i = 0; i < m->n; i++)
        pic_buf_release(&m->stores[i]);
    return dot;
}

static const struct pic_entity *entity_of(const char *table)
{
    const struct pic_entity *entity = pic_dictionary_by_table(table);
    if (entity == NULL)
        stop("no such table", table);
    return entity;
}

uint64_t history_create(struct history *h, uint32_t device, uint64_t audience, const char *table,
                        ...)
{
    const struct pic_entity *entity = entity_of(table);
    struct made m = {.n = 0};
    va_list pairs;
    va_start(pairs, table);
    for (const char *column; (column = va_arg(pairs, const char *)) != NULL;) {
        const char *typed = va_arg(pairs, const char *);
        if (*typed != '\0')
            add_op(&m, entity, column, typed, NULL, 0);
    }
    va_end(pairs);
    return keep(h, device, audience, entity, 0, &m);
}

uint64_t history_edit(struct history *h, uint32_t device, uint64_t audience, const char *table,
                      uint64_t id, const uint64_t *bases, size_t base_n, ...)
{
    const struct pic_entity *entity = entity_of(table);
    struct made m = {.n = 0};
    va_list pairs;
    va_start(pairs, base_n);
    for (const char *column; (column = va_arg(pairs, const char *)) != NULL;)
        add_op(&m, entity, column, va_arg(pairs, const char *), bases, base_n);
    va_end(pairs);
    return keep(h, device, audience, entity, id, &m);
}

/* --- folding --- */

void history_fold_one(const struct history *h, size_t index, struct pic_state *state, int *verdict)
{
    const struct history_item *item = &h->items[index];
    struct pic_change change;
    struct pic_change_store *store = malloc(sizeof *store);
    struct pic_cursor c = pic_cursor_of(item->change.data, item->change.len);
    if (store == NULL || pic_change_get(&c, store, &change) != PIC_OK)
        stop("cannot read a change back", entity_of("project")->table);
    if (pic_state_fold(state, &change, item->audience, verdict) != PIC_OK)
        stop("cannot fold", pic_dictionary_entity(item->entity)->table);
    free(store);
}

void history_fold(const struct history *h, const size_t *order, struct pic_state *state)
{
    for (size_t i = 0; i < h->n; i++)
        history_fold_one(h, order == NULL ? i : order[i], state, NULL);
}

static bool is_same_log(const struct history_item *a, const struct history_item *b)
{
    return pic_dot_device(a->dot) == pic_dot_device(b->dot) && a->audience == b->audience;
}

void history_interleave(const struct history *h, uint64_t seed, size_t *order)
{
    struct generator g = generator_from(seed);
    bool *taken = calloc(h->n, sizeof *taken);
    if (taken == NULL)
        stop("no memory", "");
    for (size_t n = 0; n < h->n; n++) {
        size_t pick = generator_below(&g, (uint32_t)h->n);
        while (taken[pick])
            pick = (pick + 1) % h->n;
        for (size_t i = 0; i < pick; i++) /* what comes first in that log */
            if (!taken[i] && is_same_log(&h->items[i], &h->items[pick]))
                pick = i;
        taken[pick] = true;
        order[n] = pick;
    }
    free(taken);
}

/* --- states --- */

void history_state_open(struct history_state *out)
{
    struct pic_err err = {0};
    const struct pic_db_options options = {.durability = PIC_REBUILDABLE};
    if (pic_db_open(":memory:", &options, &out->db, &err) != PIC_OK ||
        pic_state_prepare(&out->db, &err) != PIC_OK ||
        pic_state_new(&out->db, NULL, &out->state, &err) != PIC_OK)
        stop("cannot open a state", err.arg[0]);
}

void history_state_close(struct history_state *s)
{
    pic_state_free(s->state);
    pic_db_close(&s->db);
}

int64_t history_number(struct history_state *s, const char *sql)
{
    struct pic_err err = {0};
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(&s->db, sql, &err);
    if (stmt == NULL || pic_db_step(stmt, &row) != PIC_OK || !row)
        stop(sql, err.arg[0]);
    int64_t number = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return number;
}
