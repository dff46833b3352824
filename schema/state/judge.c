#include "schema/state/judge.h"

#include <string.h>

#include "schema/dictionary/value.h"

/* --- life --- */

int pic_judge_init(struct pic_judge *j, struct pic_rows *rows, const struct pic_author *self,
                   struct pic_err *err)
{
    static const char author[] = "SELECT organisation, role, retired, last_seq FROM device"
                                 " WHERE device = ?1 ORDER BY id LIMIT 1";
    *j = (struct pic_judge){.rows = rows};
    if (self != NULL)
        j->self = *self;
    j->find_author = pic_db_prepare(rows->db, author, err);
    return j->find_author == NULL ? err->status : PIC_OK;
}

void pic_judge_release(struct pic_judge *j)
{
    (void)sqlite3_finalize(j->find_author);
    j->find_author = NULL;
}

void pic_judge_forget(struct pic_judge *j)
{
    j->author = (struct pic_author){0};
}

/* --- authors --- */

uint64_t pic_judge_certificate(uint32_t device)
{
    return pic_dot(0, device);
}

/* Who a device is: what this program was told of itself, or its certificate in the state. */
static int author_of(struct pic_judge *j, uint32_t device, struct pic_author *out, bool *known)
{
    *out = (struct pic_author){.device = device, .last_seq = UINT64_MAX};
    *known = true;
    if (device == PIC_DEVICE_SERVER) {
        out->roles = PIC_ROLE_CENTRAL;
        return PIC_OK;
    }
    if (j->author.device == device) {
        *out = j->author;
        return PIC_OK;
    }
    sqlite3_stmt *stmt = j->find_author;
    bool row;
    (void)sqlite3_bind_int64(stmt, 1, device);
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        out->organisation = (uint64_t)sqlite3_column_int64(stmt, 0);
        out->roles = pic_authority_roles(pic_db_column_span(stmt, 1));
        if (sqlite3_column_int(stmt, 2) != 0)
            out->last_seq = (uint64_t)sqlite3_column_int64(stmt, 3);
    } else if (j->self.device == device) {
        *out = j->self;
    } else {
        *known = false;
    }
    (void)sqlite3_reset(stmt);
    if (status == PIC_OK && *known)
        j->author = *out;
    return status;
}

/* --- rules --- */

static int fault_at(struct pic_fault *f, int verdict, uint8_t field)
{
    f->verdict = verdict;
    f->field = field;
    return PIC_OK;
}

/* Where a reference must lead: the entity that the field names, or any. */
static int find_target(struct pic_judge *j, const struct pic_field *field, uint64_t id,
                       const struct pic_entity **entity, uint64_t *org)
{
    if (field->about[0] == '\0')
        return pic_row_find(j->rows, id, entity, org);
    if (pic_row_recall(j->rows, id, entity, org) && strcmp((*entity)->table, field->about) == 0)
        return PIC_OK;
    *entity = pic_dictionary_by_table(field->about);
    return *entity == NULL ? PIC_ENOT_FOUND : pic_row_owner(j->rows, *entity, id, org);
}

/* What is not where it should be waits for its arrival, unless it stands elsewhere already. */
static int wait_for(struct pic_judge *j, uint64_t id, uint8_t field, struct pic_fault *f)
{
    const struct pic_entity *other;
    uint64_t org;
    int status = pic_row_find(j->rows, id, &other, &org);
    if (status == PIC_OK)
        return fault_at(f, PIC_QVALUE, field);
    if (status != PIC_ENOT_FOUND)
        return status;
    f->waits_for = id;
    return fault_at(f, PIC_QUNKNOWN, field);
}

/* Who may reverse what: whoever the log belongs to, and not what only the central team writes. */
static int check_reversal(const struct pic_change *change, const struct pic_entity *target,
                          uint64_t org, uint64_t audience)
{
    bool server = pic_dot_device(change->dot) == PIC_DEVICE_SERVER;
    if ((target->flags & PIC_REVERSIBLE) == 0)
        return PIC_QVALUE;
    if (org != audience)
        return PIC_QSCOPE;
    return !server && target->writers == PIC_ROLE_CENTRAL ? PIC_QROLE : PIC_OK;
}

static int check_reference(struct pic_judge *j, const struct pic_change *change,
                           const struct pic_field *field, uint64_t id, uint64_t audience,
                           struct pic_fault *f)
{
    const struct pic_entity *target;
    uint64_t org = 0;
    int status = find_target(j, field, id, &target, &org);
    if (status == PIC_ENOT_FOUND)
        return wait_for(j, id, field->number, f);
    if (status != PIC_OK)
        return status;
    int verdict = pic_authority_reference(audience, org);
    if (verdict == PIC_OK && change->entity == PIC_REVERSAL)
        verdict = check_reversal(change, target, org, audience);
    return verdict == PIC_OK ? PIC_OK : fault_at(f, verdict, field->number);
}

static int check_values(struct pic_judge *j, const struct pic_entity *entity,
                        const struct pic_change *change, uint64_t audience, struct pic_fault *f)
{
    int status = PIC_OK;
    for (unsigned i = 0; status == PIC_OK && f->verdict == PIC_OK && i < change->op_n; i++) {
        const struct pic_op *op = &change->ops[i];
        const struct pic_field *field = pic_entity_field(entity, op->field);
        if (pic_value_check(field, &op->value) != PIC_OK)
            return fault_at(f, PIC_QVALUE, op->field);
        if (op->value.kind == PIC_KIND_REF)
            status = check_reference(j, change, field, (uint64_t)op->value.i, audience, f);
    }
    return status;
}

/* F1: every required field is there. */
static void check_creation(const struct pic_entity *entity, const struct pic_change *change,
                           struct pic_fault *f)
{
    unsigned at = 0;
    for (size_t i = 0; i < entity->field_n; i++) {
        const struct pic_field *field = &entity->fields[i];
        if ((field->flags & PIC_REQUIRED) == 0)
            continue;
        while (at < change->op_n && change->ops[at].field < field->number)
            at++;
        bool given = at < change->op_n && change->ops[at].field == field->number &&
                     change->ops[at].value.kind != PIC_KIND_NULL;
        if (!given) {
            (void)fault_at(f, PIC_QVALUE, field->number);
            return;
        }
    }
}

/* F3, and whose the row is, which j->row holds afterwards. */
static int check_edit(struct pic_judge *j, const struct pic_entity *entity,
                      const struct pic_change *change, uint64_t audience, struct pic_row *row,
                      struct pic_fault *f)
{
    int status = pic_row_load(j->rows, entity, change->id, row);
    if (status == PIC_ENOT_FOUND)
        return wait_for(j, change->id, 0, f);
    if (status != PIC_OK)
        return status;
    if (pic_authority_row(audience, entity, change->id, row->org) != PIC_OK)
        return fault_at(f, PIC_QSCOPE, 0);
    bool fact = (entity->flags & PIC_REVERSIBLE) != 0 || entity->number == PIC_REVERSAL;
    for (unsigned i = 0; i < change->op_n; i++) {
        const struct pic_field *field = pic_entity_field(entity, change->ops[i].field);
        if (field->policy == PIC_ONCE || (fact && field->number == PIC_FIELD_CANCELLED))
            return fault_at(f, PIC_QIMMUTABLE, field->number);
        if (change->ops[i].value.kind == PIC_KIND_NULL && (field->flags & PIC_REQUIRED) != 0)
            return fault_at(f, PIC_QVALUE, field->number);
    }
    return PIC_OK;
}

int pic_judge(struct pic_judge *j, const struct pic_change *change, uint64_t audience,
              struct pic_row *row, struct pic_fault *f)
{
    struct pic_author author;
    bool known;
    *f = (struct pic_fault){.verdict = PIC_OK};
    int status = author_of(j, pic_dot_device(change->dot), &author, &known);
    if (status != PIC_OK)
        return status;
    if (!known) {
        f->waits_for = pic_judge_certificate(author.device);
        return fault_at(f, PIC_QAUTHOR, 0);
    }
    int verdict = pic_authority_change(&author, change, audience);
    if (verdict != PIC_OK)
        return fault_at(f, verdict, 0);
    const struct pic_entity *entity = pic_dictionary_entity(change->entity);
    if (change->id == change->dot)
        check_creation(entity, change, f);
    else
        status = check_edit(j, entity, change, audience, row, f);
    if (status == PIC_OK && f->verdict == PIC_OK)
        status = check_values(j, entity, change, audience, f);
    return status;
}
