#include "schema/state/apply.h"

#include <stdlib.h>
#include <string.h>

#include "schema/state/impact.h"
#include "schema/state/siblings.h"

enum query { HISTORY_ADD, HISTORY_HAS, CONFLICT_ADD, CONFLICT_REMOVE, QUERIES };

static const char *const queries[QUERIES] = {
    [HISTORY_ADD] = "INSERT OR IGNORE INTO history VALUES(?1, ?2)",
    [HISTORY_HAS] = "SELECT 1 FROM history WHERE entity = ?1 AND dot = ?2",
    [CONFLICT_ADD] = "INSERT OR IGNORE INTO conflict VALUES(?1, ?2, ?3)",
    [CONFLICT_REMOVE] = "DELETE FROM conflict WHERE id = ?1 AND field = ?2",
};

struct pic_apply {
    struct pic_rows *rows;
    struct pic_rollup *rollup;
    sqlite3_stmt *stmt[QUERIES];
    struct pic_buf heads, heads_next;
    struct pic_buf shown[PIC_CHANGE_OPS_MAX]; /* what the fields of one edit show, one by op */
};

/* --- life --- */

int pic_apply_new(struct pic_rollup *rollup, struct pic_apply **out, struct pic_err *err)
{
    struct pic_apply *a = calloc(1, sizeof *a);
    if (a == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    a->rows = pic_rollup_rows(rollup);
    a->rollup = rollup;
    pic_buf_init(&a->heads, PIC_HEADS_MAX);
    pic_buf_init(&a->heads_next, PIC_HEADS_MAX);
    for (size_t i = 0; i < PIC_CHANGE_OPS_MAX; i++)
        pic_buf_init(&a->shown[i], PIC_HEADS_MAX);
    for (size_t i = 0; i < QUERIES; i++) {
        a->stmt[i] = pic_db_prepare(a->rows->db, queries[i], err);
        if (a->stmt[i] == NULL) {
            pic_apply_free(a);
            return err->status;
        }
    }
    *out = a;
    return PIC_OK;
}

void pic_apply_free(struct pic_apply *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < QUERIES; i++)
        (void)sqlite3_finalize(a->stmt[i]);
    pic_buf_release(&a->heads);
    pic_buf_release(&a->heads_next);
    for (size_t i = 0; i < PIC_CHANGE_OPS_MAX; i++)
        pic_buf_release(&a->shown[i]);
    free(a);
}

/* --- creations --- */

/* F4: the reversal with the least (stamp, device) is the one that counts. */
static int reverse(struct pic_apply *a, const struct pic_change *change, uint64_t about)
{
    const struct pic_entity *entity;
    uint64_t org;
    struct pic_row target;
    struct pic_row other;
    int status = pic_row_find(a->rows, about, &entity, &org);
    if (status == PIC_OK)
        status = pic_row_load(a->rows, entity, about, &target);
    if (status != PIC_OK)
        return status;
    if (target.reversed != 0) {
        status =
            pic_row_load(a->rows, pic_dictionary_entity(PIC_REVERSAL), target.reversed, &other);
        if (status != PIC_OK)
            return status;
        bool earlier =
            change->stamp != other.stamp ? change->stamp < other.stamp : change->dot < other.id;
        if (!earlier)
            return PIC_OK;
    }
    target.reversed = change->dot;
    return pic_row_update(a->rows, &target);
}

static void fill_row(const struct pic_entity *entity, const struct pic_change *change,
                     uint64_t audience, struct pic_row *row)
{
    row->entity = entity;
    row->id = change->id;
    row->org = audience;
    row->stamp = change->stamp;
    row->reversed = 0;
    row->heads = pic_span_of(NULL, 0);
    memset(row->values, 0, entity->field_n * sizeof *row->values);
    for (unsigned i = 0; i < change->op_n; i++)
        row->values[pic_entity_index(entity, change->ops[i].field)] = change->ops[i].value;
}

int pic_apply_creation(struct pic_apply *a, const struct pic_change *change, uint64_t audience,
                       struct pic_row *row)
{
    const struct pic_entity *entity = pic_dictionary_entity(change->entity);
    struct pic_impact impact;
    fill_row(entity, change, audience, row);
    int status = pic_impact_before(a->rollup, row, change, &impact);
    if (status == PIC_OK)
        status = pic_row_insert(a->rows, row);
    if (status == PIC_OK && entity->number == PIC_REVERSAL)
        status = reverse(a, change, pic_row_reference(row, "about"));
    return status == PIC_OK ? pic_impact_after(a->rollup, row, change, &impact) : status;
}

/* --- edits --- */

struct seen_in {
    struct pic_apply *apply;
    uint64_t entity;
};

static bool seen_before(void *context, uint64_t dot)
{
    const struct seen_in *in = context;
    sqlite3_stmt *stmt = in->apply->stmt[HISTORY_HAS];
    bool row = false;
    if (dot == in->entity)
        return true;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)in->entity);
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)dot);
    int status = pic_db_step(stmt, &row);
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && row;
}

static int note_conflict(struct pic_apply *a, const struct pic_row *row,
                         const struct pic_field *field, const struct pic_siblings *siblings)
{
    if (field->policy != PIC_CHOOSE)
        return PIC_OK;
    bool open = pic_siblings_disagree(siblings);
    sqlite3_stmt *stmt = a->stmt[open ? CONFLICT_ADD : CONFLICT_REMOVE];
    int at = 1;
    if (open)
        (void)sqlite3_bind_int64(stmt, at++, row->entity->number);
    (void)sqlite3_bind_int64(stmt, at++, (sqlite3_int64)row->id);
    (void)sqlite3_bind_int64(stmt, at, field->number);
    return pic_db_run(stmt);
}

/* Takes the heads just written as those of row; the old ones make room for the next. */
static void turn_heads(struct pic_apply *a, struct pic_row *row)
{
    struct pic_buf swap = a->heads;
    a->heads = a->heads_next;
    a->heads_next = swap;
    row->heads = pic_buf_view(&a->heads);
    pic_buf_clear(&a->heads_next);
}

/* What siblings show, kept where nothing moves while the other fields of the edit are written. */
static int show(const struct pic_siblings *siblings, enum pic_policy policy, struct pic_buf *kept,
                struct pic_value *out)
{
    pic_buf_clear(kept);
    int status = pic_siblings_value(siblings, policy, kept, out);
    if (status == PIC_OK && out->s.n > 0 && kept->len == 0) {
        pic_buf_bytes(kept, out->s.p, out->s.n);
        out->s = pic_buf_view(kept);
        status = pic_buf_status(kept);
    }
    return status;
}

/* F2 for one field of row. */
static int write_field(struct pic_apply *a, const struct pic_change *change, unsigned at,
                       struct pic_row *row)
{
    const struct pic_op *op = &change->ops[at];
    size_t index = (size_t)pic_entity_index(row->entity, op->field);
    const struct pic_field *field = &row->entity->fields[index];
    const struct pic_sibling created = {row->id, row->stamp, row->values[index]};
    const struct pic_sibling write = {change->dot, change->stamp, op->value};
    struct seen_in in = {a, row->id};
    const struct pic_seen seen = {seen_before, &in};
    struct pic_siblings siblings;
    int status = pic_heads_get(row->heads, op->field, &created, &siblings);
    if (status != PIC_OK)
        return status;
    pic_siblings_write(&siblings, &write, op->bases, op->base_n, &seen);
    status = show(&siblings, field->policy, &a->shown[at], &row->values[index]);
    if (status == PIC_OK)
        status = pic_heads_put(row->heads, op->field, row->id, &siblings, &a->heads_next);
    if (status != PIC_OK)
        return status;
    turn_heads(a, row);
    return note_conflict(a, row, field, &siblings);
}

/* Writes the fields of an edit; no other field waits for this change any longer. */
static int write_fields(struct pic_apply *a, const struct pic_change *change, struct pic_row *row)
{
    int status = PIC_OK;
    pic_buf_clear(&a->heads_next);
    for (unsigned i = 0; status == PIC_OK && i < change->op_n; i++)
        status = write_field(a, change, i, row);
    if (status == PIC_OK)
        status = pic_heads_arrived(row->heads, row->id, change->dot, &a->heads_next);
    if (status == PIC_OK)
        turn_heads(a, row);
    return status;
}

int pic_apply_edit(struct pic_apply *a, const struct pic_change *change, struct pic_row *row)
{
    struct pic_impact impact;
    int status = pic_impact_before(a->rollup, row, change, &impact);
    if (status == PIC_OK && impact.project != 0) /* which may have used the same statement */
        status = pic_row_load(a->rows, row->entity, change->id, row);
    if (status == PIC_OK)
        status = write_fields(a, change, row);
    if (status == PIC_OK)
        status = pic_row_update(a->rows, row);
    if (status != PIC_OK)
        return status;
    (void)sqlite3_bind_int64(a->stmt[HISTORY_ADD], 1, (sqlite3_int64)change->id);
    (void)sqlite3_bind_int64(a->stmt[HISTORY_ADD], 2, (sqlite3_int64)change->dot);
    status = pic_db_run(a->stmt[HISTORY_ADD]);
    return status == PIC_OK ? pic_impact_after(a->rollup, row, change, &impact) : status;
}
