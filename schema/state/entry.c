#include "schema/state/entry.h"

#include <stdio.h>
#include <string.h>

#include "schema/dictionary/value.h"
#include "schema/state/choices.h"

enum { STORE_MAX = 1 << 16, NAME_SQL_MAX = 512 };

/* --- references --- */

static bool is_digits(const char *s)
{
    return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

/* The column that names a row to people, or NULL. */
static const char *name_column(const struct pic_entity *entity)
{
    static const char *const candidates[] = {"name", "title", "label", "code"};
    for (size_t i = 0; entity != NULL && i < sizeof candidates / sizeof *candidates; i++)
        if (pic_entity_by_column(entity, candidates[i]) != NULL)
            return candidates[i];
    return NULL;
}

/* The one row whose name is typed, whatever the case; *n is how many bear it. */
static int find_by_name(struct pic_db *db, const struct pic_entity *entity, const char *typed,
                        uint64_t *id, uint64_t *n)
{
    char sql[NAME_SQL_MAX];
    struct pic_err err = {0};
    const char *column = name_column(entity);
    if (column == NULL)
        return PIC_EREFERENCE;
    (void)snprintf(sql, sizeof sql,
                   "SELECT min(id), count(*) FROM \"%s\" WHERE \"%s\" = ?1 COLLATE NOCASE"
                   " AND cancelled IS NULL",
                   entity->table, column);
    sqlite3_stmt *stmt = pic_db_prepare(db, sql, &err);
    if (stmt == NULL)
        return err.status;
    bool row = false;
    pic_db_bind_text(stmt, 1, pic_span_text(typed));
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        *id = (uint64_t)sqlite3_column_int64(stmt, 0);
        *n = (uint64_t)sqlite3_column_int64(stmt, 1);
    }
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK && *n != 1 ? PIC_EREFERENCE : status;
}

int pic_entry_find(struct pic_state *state, const char *table, uint32_t device, const char *typed,
                   uint64_t *id, struct pic_err *err)
{
    const struct pic_entity *entity = pic_dictionary_by_table(table);
    const struct pic_entity *found = entity;
    uint64_t org;
    uint64_t same = 0;
    char full[64];
    char several[32] = "";
    bool own = is_digits(typed) && strlen(typed) < 16; /* "17" alone: of this device */
    if (own)
        (void)snprintf(full, sizeof full, "%u-%s", device, typed);
    int status = pic_dot_parse(own ? full : typed, id);
    if (status != PIC_OK)
        status = find_by_name(pic_state_rows(state)->db, entity, typed, id, &same);
    if (status == PIC_OK)
        status = pic_state_find(state, *id, &found, &org);
    if (status == PIC_OK && entity != NULL && found != entity)
        status = PIC_EREFERENCE;
    if (status == PIC_ENOT_FOUND)
        status = PIC_EREFERENCE;
    if (same > 1)
        (void)snprintf(several, sizeof several, "%llu", (unsigned long long)same);
    return status == PIC_OK
               ? PIC_OK
               : pic_fail(err, status, typed, entity == NULL ? "" : entity->label, several, NULL);
}

/* --- values --- */

static int parse_reference(struct pic_state *state, const struct pic_field *field, uint32_t device,
                           const char *typed, struct pic_value *out, struct pic_err *err)
{
    uint64_t id;
    *out = (struct pic_value){0};
    if (*typed == '\0')
        return PIC_OK;
    int status = pic_entry_find(state, field->about, device, typed, &id, err);
    if (status == PIC_EREFERENCE && err != NULL)
        (void)snprintf(err->arg[1], sizeof err->arg[1], "%s", field->label);
    if (status == PIC_OK)
        *out = (struct pic_value){.kind = PIC_KIND_REF, .i = (int64_t)id};
    return status;
}

static int read_input(struct pic_state *state, const struct pic_input *input, uint32_t device,
                      struct pic_buf *store, struct pic_value *out, struct pic_err *err)
{
    if (input->typed == NULL) {
        *out = *input->value;
        if (out->s.n > 0) {
            pic_buf_bytes(store, out->s.p, out->s.n);
            out->s = pic_buf_view(store);
        }
        return pic_buf_status(store);
    }
    if (input->field->type == PIC_TYPE_REF)
        return parse_reference(state, input->field, device, input->typed, out, err);
    int status = pic_value_parse(input->field, input->typed, store, out, err);
    return status == PIC_OK ? pic_choices_check(pic_state_rows(state)->db, input->field, out, err)
                            : status;
}

/* Puts an op at its place: fields ascend; the same field twice is a mistake of the caller's form.
 */
static int place_op(struct pic_entry *e, const struct pic_field *field,
                    const struct pic_value *value, struct pic_err *err)
{
    unsigned at = e->change.op_n;
    while (at > 0 && e->ops[at - 1].field > field->number)
        at--;
    if (at > 0 && e->ops[at - 1].field == field->number)
        return pic_fail(err, PIC_EUSAGE, field->label, NULL);
    memmove(e->ops + at + 1, e->ops + at, (e->change.op_n - at) * sizeof *e->ops);
    e->ops[at] = (struct pic_op){.field = field->number, .value = *value};
    e->change.op_n++;
    return PIC_OK;
}

/* --- creations and edits --- */

static int check_required(const struct pic_entry *e, const struct pic_entity *entity,
                          struct pic_err *err)
{
    for (size_t i = 0; i < entity->field_n; i++) {
        const struct pic_field *field = &entity->fields[i];
        bool given = false;
        for (unsigned k = 0; k < e->change.op_n; k++)
            given = given || e->ops[k].field == field->number;
        if ((field->flags & PIC_REQUIRED) != 0 && !given)
            return pic_fail(err, PIC_EREQUIRED, field->label, field->option, NULL);
    }
    return PIC_OK;
}

/* Whether writing value would say nothing new: it is what all replicas show already. */
static int changes_nothing(struct pic_state *state, const struct pic_entity *entity, uint64_t id,
                           unsigned field, const struct pic_value *value, size_t base_n,
                           bool *nothing)
{
    struct pic_row row;
    int status = pic_row_load(pic_state_rows(state), entity, id, &row);
    if (status == PIC_OK)
        *nothing = base_n == 1 && pic_value_equal(pic_row_value(&row, field), value);
    return status;
}

/* Gives an edit's op its bases; drops it when it changes nothing. */
static int finish_edit(struct pic_state *state, struct pic_entry *e,
                       const struct pic_entity *entity, uint64_t id, struct pic_err *err)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < e->change.op_n; i++) {
        struct pic_op op = e->ops[i];
        const struct pic_field *field = pic_entity_field(entity, op.field);
        size_t n = 0;
        bool nothing = false;
        if (field->policy == PIC_ONCE)
            return pic_fail(err, PIC_EIMMUTABLE, field->label, NULL);
        if (op.value.kind == PIC_KIND_NULL && (field->flags & PIC_REQUIRED) != 0)
            return pic_fail(err, PIC_EREQUIRED, field->label, field->option, NULL);
        int status = pic_state_bases(state, entity, id, op.field, e->bases[kept], &n);
        if (status == PIC_OK)
            status = changes_nothing(state, entity, id, op.field, &op.value, n, &nothing);
        if (status != PIC_OK)
            return pic_fail(err, status, entity->label, NULL);
        if (nothing)
            continue;
        op.bases = e->bases[kept];
        op.base_n = (uint8_t)n;
        e->ops[kept++] = op;
    }
    e->change.op_n = (uint8_t)kept;
    return kept > 0 ? PIC_OK : pic_fail(err, PIC_ENOTHING_TO_CHANGE, entity->label, NULL);
}

int pic_entry_build(struct pic_state *state, const struct pic_entity *entity, uint64_t id,
                    uint32_t device, const struct pic_input *inputs, size_t input_n,
                    struct pic_entry *out, struct pic_err *err)
{
    memset(out, 0, sizeof *out);
    out->creates = id == 0;
    out->change = (struct pic_change){.id = id, .entity = entity->number, .ops = out->ops};
    if (input_n > PIC_CHANGE_OPS_MAX)
        return pic_fail(err, PIC_EUSAGE, entity->label, NULL);
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < input_n; i++) {
        struct pic_value value;
        pic_buf_init(&out->stores[i], STORE_MAX);
        status = read_input(state, &inputs[i], device, &out->stores[i], &value, err);
        bool empty = status == PIC_OK && out->creates && value.kind == PIC_KIND_NULL;
        if (status == PIC_OK && !empty)
            status = place_op(out, inputs[i].field, &value, err);
    }
    if (status == PIC_OK)
        status = out->creates ? check_required(out, entity, err)
                              : finish_edit(state, out, entity, id, err);
    if (status != PIC_OK)
        pic_entry_release(out);
    return status;
}

void pic_entry_stamp(struct pic_entry *entry, uint64_t dot, uint64_t stamp)
{
    entry->change.dot = dot;
    entry->change.stamp = stamp;
    if (entry->creates)
        entry->change.id = dot;
}

int pic_entry_try(struct pic_state *state, const struct pic_entry *entry, uint64_t audience,
                  struct pic_err *err)
{
    int verdict;
    unsigned field;
    int status = pic_state_verdict(state, &entry->change, audience, &verdict, &field);
    if (status != PIC_OK || verdict == PIC_OK)
        return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
    const struct pic_entity *entity = pic_dictionary_entity(entry->change.entity);
    const struct pic_field *at = pic_entity_field(entity, field);
    return pic_fail(err, verdict, at == NULL ? entity->label : at->label, NULL);
}

void pic_entry_release(struct pic_entry *entry)
{
    for (size_t i = 0; i < PIC_CHANGE_OPS_MAX; i++)
        pic_buf_release(&entry->stores[i]);
    entry->change.op_n = 0;
}
