#include "schema/state/state.h"

#include <stdlib.h>
#include <string.h>

#include "schema/dictionary/value.h"
#include "schema/state/rollup.h"
#include "schema/state/siblings.h"

extern const unsigned char pic_embedded_state_sql[];

enum { SEEN_REFERENCES = 256, STATE_SQL_MAX = 1 << 18, ARRIVED_MAX = 256 << 20 };

enum query {
    HISTORY_ADD,
    HISTORY_HAS,
    QUARANTINE_ADD,
    QUARANTINE_WAITING,
    QUARANTINE_REMOVE,
    QUARANTINE_COUNT,
    CONFLICT_ADD,
    CONFLICT_REMOVE,
    AUTHOR,
    QUERIES
};

static const char *const queries[QUERIES] = {
    [HISTORY_ADD] = "INSERT OR IGNORE INTO history VALUES(?1, ?2)",
    [HISTORY_HAS] = "SELECT 1 FROM history WHERE entity = ?1 AND dot = ?2",
    [QUARANTINE_ADD] = "INSERT OR REPLACE INTO quarantine VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [QUARANTINE_WAITING] =
        "SELECT dot, audience, change FROM quarantine WHERE waits_for = ?1 ORDER BY dot LIMIT 1",
    [QUARANTINE_REMOVE] = "DELETE FROM quarantine WHERE dot = ?1",
    [QUARANTINE_COUNT] = "SELECT count(*) FROM quarantine WHERE waits_for <> 0",
    [CONFLICT_ADD] = "INSERT OR IGNORE INTO conflict VALUES(?1, ?2, ?3)",
    [CONFLICT_REMOVE] = "DELETE FROM conflict WHERE id = ?1 AND field = ?2",
    [AUTHOR] = ("SELECT organisation, role, retired, last_seq FROM device WHERE device = ?1"
                " ORDER BY id LIMIT 1"),
};

struct pic_state {
    struct pic_db *db;
    struct pic_rows rows;
    struct pic_rollup *rollup;
    sqlite3_stmt *stmt[QUERIES];
    struct pic_author self;   /* device 0: unknown */
    struct pic_author author; /* the last one looked up; device 0: none */
    int64_t waiting;          /* changes in quarantine that wait for an arrival */
    struct {
        uint64_t id, org;
        const struct pic_entity *entity;
    } found[SEEN_REFERENCES]; /* rows are never removed and never change hands */
    struct pic_row row;
    struct pic_buf heads, heads_next, loose;
    struct pic_buf shown[PIC_CHANGE_OPS_MAX]; /* what the fields of one edit show, one by op */
    struct pic_buf arrived;                   /* ids and devices whose waiting changes may come */
};

/* --- life --- */

/* Version of the derived tables, in a table of its own: on a laptop they share a file with what is
 * not derived, whose version is SQLite's user_version. */
static int read_version(struct pic_db *db, int *version, struct pic_err *err)
{
    sqlite3_stmt *stmt =
        pic_db_prepare(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'state_version'", err);
    bool row;
    if (stmt == NULL)
        return err->status;
    int status = pic_db_step(stmt, &row);
    *version = status == PIC_OK && sqlite3_column_int(stmt, 0) != 0 ? -1 : 0;
    (void)sqlite3_finalize(stmt);
    if (status != PIC_OK || *version == 0)
        return status;
    stmt = pic_db_prepare(db, "SELECT version FROM state_version", err);
    if (stmt == NULL)
        return err->status;
    status = pic_db_step(stmt, &row);
    *version = status == PIC_OK && row ? sqlite3_column_int(stmt, 0) : -1;
    (void)sqlite3_finalize(stmt);
    return status;
}

static int wanted_version(void)
{
    return PIC_STATE_VERSION * 1000 + PIC_DICTIONARY_VERSION;
}

int pic_state_prepare(struct pic_db *db, struct pic_err *err)
{
    int version = 0;
    int status = read_version(db, &version, err);
    if (status != PIC_OK || version == wanted_version())
        return status;
    if (version != 0)
        return pic_fail(err, PIC_EVERSION, NULL);
    struct pic_buf sql;
    pic_buf_init(&sql, STATE_SQL_MAX);
    pic_rows_schema(&sql);
    pic_buf_text(&sql, (const char *)pic_embedded_state_sql);
    pic_buf_printf(&sql,
                   "CREATE TABLE state_version(version INTEGER NOT NULL) STRICT;"
                   "INSERT INTO state_version VALUES(%d);",
                   wanted_version());
    status = pic_db_begin(db, err);
    if (status == PIC_OK)
        status = pic_db_exec(db, pic_buf_string(&sql), err);
    if (status == PIC_OK)
        status = pic_db_commit(db, err);
    if (status != PIC_OK)
        pic_db_rollback(db);
    pic_buf_release(&sql);
    return status;
}

int pic_state_drop(struct pic_db *db, struct pic_err *err)
{
    struct pic_buf sql;
    pic_buf_init(&sql, STATE_SQL_MAX);
    for (size_t i = 0; i < pic_dictionary_count(); i++)
        pic_buf_printf(&sql, "DROP TABLE IF EXISTS \"%s\";\n", pic_dictionary_at(i)->table);
    pic_buf_text(
        &sql,
        "DROP TABLE IF EXISTS history; DROP TABLE IF EXISTS money; DROP TABLE IF EXISTS quarantine;"
        "DROP TABLE IF EXISTS conflict; DROP TABLE IF EXISTS rollup;"
        "DROP TABLE IF EXISTS state_version;");
    int status = pic_db_begin(db, err);
    if (status == PIC_OK)
        status = pic_db_exec(db, pic_buf_string(&sql), err);
    if (status == PIC_OK)
        status = pic_db_commit(db, err);
    if (status != PIC_OK)
        pic_db_rollback(db);
    pic_buf_release(&sql);
    return status;
}

static int count_waiting(struct pic_state *s)
{
    bool row;
    int status = pic_db_step(s->stmt[QUARANTINE_COUNT], &row);
    if (status == PIC_OK && row)
        s->waiting = sqlite3_column_int64(s->stmt[QUARANTINE_COUNT], 0);
    (void)sqlite3_reset(s->stmt[QUARANTINE_COUNT]);
    return status;
}

int pic_state_new(struct pic_db *db, const struct pic_author *self, struct pic_state **out,
                  struct pic_err *err)
{
    struct pic_state *s = calloc(1, sizeof *s);
    if (s == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    s->db = db;
    if (self != NULL)
        s->self = *self;
    pic_rows_init(&s->rows, db);
    pic_buf_init(&s->heads, PIC_HEADS_MAX);
    pic_buf_init(&s->heads_next, PIC_HEADS_MAX);
    for (size_t i = 0; i < PIC_CHANGE_OPS_MAX; i++)
        pic_buf_init(&s->shown[i], PIC_HEADS_MAX);
    pic_buf_init(&s->arrived, ARRIVED_MAX);
    pic_buf_init(&s->loose, PIC_HEADS_MAX);
    int status = pic_rollup_new(&s->rows, &s->rollup, err);
    for (size_t i = 0; status == PIC_OK && i < QUERIES; i++) {
        s->stmt[i] = pic_db_prepare(db, queries[i], err);
        if (s->stmt[i] == NULL)
            status = err->status;
    }
    if (status == PIC_OK)
        status = count_waiting(s);
    if (status != PIC_OK) {
        pic_state_free(s);
        return status;
    }
    *out = s;
    return PIC_OK;
}

void pic_state_free(struct pic_state *s)
{
    if (s == NULL)
        return;
    pic_rollup_free(s->rollup);
    for (size_t i = 0; i < QUERIES; i++)
        (void)sqlite3_finalize(s->stmt[i]);
    pic_rows_release(&s->rows);
    pic_buf_release(&s->heads);
    pic_buf_release(&s->heads_next);
    for (size_t i = 0; i < PIC_CHANGE_OPS_MAX; i++)
        pic_buf_release(&s->shown[i]);
    pic_buf_release(&s->arrived);
    pic_buf_release(&s->loose);
    free(s);
}

int pic_state_flush(struct pic_state *s)
{
    s->author = (struct pic_author){0}; /* another connection may write the next batch */
    return pic_rollup_flush(s->rollup);
}

void pic_state_forget(struct pic_state *s)
{
    s->author = (struct pic_author){0};
    memset(s->found, 0, sizeof s->found);
    pic_rollup_forget(s->rollup);
    if (count_waiting(s) != PIC_OK)
        s->waiting = 1; /* unknown: look each time */
}

struct pic_rows *pic_state_rows(struct pic_state *s)
{
    return &s->rows;
}

/* --- looking things up --- */

static int owner_in(struct pic_state *s, const struct pic_entity *entity, uint64_t id,
                    uint64_t *org)
{
    size_t slot = id % SEEN_REFERENCES;
    if (s->found[slot].id == id && s->found[slot].entity == entity) {
        *org = s->found[slot].org;
        return PIC_OK;
    }
    int status = pic_row_owner(&s->rows, entity, id, org);
    if (status == PIC_OK) {
        s->found[slot].id = id;
        s->found[slot].entity = entity;
        s->found[slot].org = *org;
    }
    return status;
}

int pic_state_find(struct pic_state *s, uint64_t id, const struct pic_entity **entity,
                   uint64_t *org)
{
    size_t slot = id % SEEN_REFERENCES;
    if (s->found[slot].entity != NULL && s->found[slot].id == id) {
        *entity = s->found[slot].entity;
        *org = s->found[slot].org;
        return PIC_OK;
    }
    int status = PIC_ENOT_FOUND;
    for (size_t i = 0; status == PIC_ENOT_FOUND && i < pic_dictionary_count(); i++) {
        *entity = pic_dictionary_at(i);
        status = owner_in(s, *entity, id, org);
    }
    return status;
}

/* Who a device is: what this program was told of itself, or its certificate in the state. */
static int author_of(struct pic_state *s, uint32_t device, struct pic_author *out, bool *known)
{
    *out = (struct pic_author){.device = device, .last_seq = UINT64_MAX};
    *known = true;
    if (device == PIC_DEVICE_SERVER) {
        out->roles = PIC_ROLE_CENTRAL;
        return PIC_OK;
    }
    if (s->author.device == device) {
        *out = s->author;
        return PIC_OK;
    }
    sqlite3_stmt *stmt = s->stmt[AUTHOR];
    bool row;
    (void)sqlite3_bind_int64(stmt, 1, device);
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        out->organisation = (uint64_t)sqlite3_column_int64(stmt, 0);
        out->roles = pic_authority_roles(pic_db_column_span(stmt, 1));
        if (sqlite3_column_int(stmt, 2) != 0)
            out->last_seq = (uint64_t)sqlite3_column_int64(stmt, 3);
    } else if (s->self.device == device) {
        *out = s->self;
    } else {
        *known = false;
    }
    (void)sqlite3_reset(stmt);
    if (status == PIC_OK && *known)
        s->author = *out;
    return status;
}

/* --- checking --- */

/* What a change of a device that is not known yet waits for: an id that no entity has, since there
 * is no device 0. */
static uint64_t certificate_of(uint32_t device)
{
    return pic_dot(0, device);
}

/* What is wrong with a change, and what it waits for when that is all. */
struct fault {
    int verdict;
    uint8_t field;
    uint64_t waits_for;
};

static int fault_at(struct fault *f, int verdict, uint8_t field)
{
    f->verdict = verdict;
    f->field = field;
    return PIC_OK;
}

/* Where a reference must lead: the entity that the field names, or any. */
static int find_target(struct pic_state *s, const struct pic_field *field, uint64_t id,
                       const struct pic_entity **entity, uint64_t *org)
{
    if (field->about[0] == '\0')
        return pic_state_find(s, id, entity, org);
    *entity = pic_dictionary_by_table(field->about);
    return *entity == NULL ? PIC_ENOT_FOUND : owner_in(s, *entity, id, org);
}

/* What is not where it should be waits for its arrival, unless it stands elsewhere already. */
static int wait_for(struct pic_state *s, uint64_t id, uint8_t field, struct fault *f)
{
    const struct pic_entity *other;
    uint64_t org;
    int status = pic_state_find(s, id, &other, &org);
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

static int check_reference(struct pic_state *s, const struct pic_change *change,
                           const struct pic_field *field, uint64_t id, uint64_t audience,
                           struct fault *f)
{
    const struct pic_entity *target;
    uint64_t org = 0;
    int status = find_target(s, field, id, &target, &org);
    if (status == PIC_ENOT_FOUND)
        return wait_for(s, id, field->number, f);
    if (status != PIC_OK)
        return status;
    int verdict = pic_authority_reference(audience, org);
    if (verdict == PIC_OK && change->entity == PIC_REVERSAL)
        verdict = check_reversal(change, target, org, audience);
    return verdict == PIC_OK ? PIC_OK : fault_at(f, verdict, field->number);
}

static int check_values(struct pic_state *s, const struct pic_entity *entity,
                        const struct pic_change *change, uint64_t audience, struct fault *f)
{
    int status = PIC_OK;
    for (unsigned i = 0; status == PIC_OK && f->verdict == PIC_OK && i < change->op_n; i++) {
        const struct pic_op *op = &change->ops[i];
        const struct pic_field *field = pic_entity_field(entity, op->field);
        if (pic_value_check(field, &op->value) != PIC_OK)
            return fault_at(f, PIC_QVALUE, op->field);
        if (op->value.kind == PIC_KIND_REF)
            status = check_reference(s, change, field, (uint64_t)op->value.i, audience, f);
    }
    return status;
}

/* F1: every required field is there. */
static void check_creation(const struct pic_entity *entity, const struct pic_change *change,
                           struct fault *f)
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

/* F3, and whose the row is, which s->row holds afterwards. */
static int check_edit(struct pic_state *s, const struct pic_entity *entity,
                      const struct pic_change *change, uint64_t audience, struct fault *f)
{
    int status = pic_row_load(&s->rows, entity, change->id, &s->row);
    if (status == PIC_ENOT_FOUND)
        return wait_for(s, change->id, 0, f);
    if (status != PIC_OK)
        return status;
    if (pic_authority_row(audience, entity, change->id, s->row.org) != PIC_OK)
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

static int check(struct pic_state *s, const struct pic_change *change, uint64_t audience,
                 struct fault *f)
{
    struct pic_author author;
    bool known;
    *f = (struct fault){.verdict = PIC_OK};
    int status = author_of(s, pic_dot_device(change->dot), &author, &known);
    if (status != PIC_OK)
        return status;
    if (!known) {
        f->waits_for = certificate_of(author.device);
        return fault_at(f, PIC_QAUTHOR, 0);
    }
    int verdict = pic_authority_change(&author, change, audience);
    if (verdict != PIC_OK)
        return fault_at(f, verdict, 0);
    const struct pic_entity *entity = pic_dictionary_entity(change->entity);
    if (change->id == change->dot)
        check_creation(entity, change, f);
    else
        status = check_edit(s, entity, change, audience, f);
    if (status == PIC_OK && f->verdict == PIC_OK)
        status = check_values(s, entity, change, audience, f);
    return status;
}

int pic_state_verdict(struct pic_state *s, const struct pic_change *change, uint64_t audience,
                      int *verdict, unsigned *field)
{
    struct fault f;
    int status = check(s, change, audience, &f);
    *verdict = f.verdict;
    *field = f.field;
    return status;
}

/* --- money --- */

/* The project whose contribution a row of this entity moves; 0 for none. */
static uint64_t project_of(const struct pic_row *row)
{
    switch (row->entity->number) {
    case PIC_PROJECT:
        return row->id;
    case PIC_DECISION:
    case PIC_PAYMENT:
    case PIC_EXPENSE:
        return (uint64_t)row
            ->values[pic_entity_by_column(row->entity, "project") - row->entity->fields]
            .i;
    default:
        return 0;
    }
}

/* The row that a reversal, a match or a control is about, when its money is a project's. */
static int project_about(struct pic_state *s, uint64_t about, uint64_t *project)
{
    const struct pic_entity *entity;
    uint64_t org;
    struct pic_row row;
    *project = 0;
    int status = pic_state_find(s, about, &entity, &org);
    if (status == PIC_OK)
        status = pic_row_load(&s->rows, entity, about, &row);
    if (status == PIC_OK)
        *project = project_of(&row);
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

static bool is_about_money(const struct pic_entity *entity)
{
    return entity->number == PIC_REVERSAL || entity->number == PIC_MATCH ||
           entity->number == PIC_CONTROL;
}

static uint64_t about_of(const struct pic_row *row)
{
    return (uint64_t)row->values[pic_entity_by_column(row->entity, "about") - row->entity->fields]
        .i;
}

/* Whether an edit of a project leaves its money as it was, as most do. */
static bool is_idle_edit(const struct pic_state *s, const struct pic_change *change)
{
    if (change->entity != PIC_PROJECT || change->id == change->dot)
        return false;
    for (unsigned i = 0; i < change->op_n; i++)
        if (pic_rollup_reads(s->rollup, change->ops[i].field))
            return false;
    return true;
}

/* What one change may move: the project that its row is about before it and, where a reference
 * moves, after it; or the fund whose shares it changes, likewise. */
struct moved {
    uint64_t project, fund;
    struct pic_contribution contribution; /* of the project, before; fund 0: nothing */
    uint64_t fact;                        /* the payment or expense concerned; 0: none */
    struct pic_effect effect;             /* of the fact, before */
};

static uint64_t fund_of(const struct pic_row *row)
{
    if (row->entity->number != PIC_SHARE)
        return 0;
    return (uint64_t)row->values[pic_entity_by_column(row->entity, "fund") - row->entity->fields].i;
}

/* F5, first half: what a change of s->row moves, as it stands. */
static int before(struct pic_state *s, const struct pic_change *change, struct moved *moved)
{
    int status = PIC_OK;
    moved->contribution.fund = 0;
    moved->effect = (struct pic_effect){0};
    moved->fact = is_about_money(s->row.entity) ? about_of(&s->row) : s->row.id;
    moved->fund = fund_of(&s->row);
    moved->project = is_idle_edit(s, change) ? 0 : project_of(&s->row);
    if (is_about_money(s->row.entity))
        status = project_about(s, about_of(&s->row), &moved->project);
    bool new_project = change->entity == PIC_PROJECT && change->id == change->dot;
    if (status != PIC_OK || moved->project == 0 || new_project)
        return status;
    status = pic_rollup_contribution(s->rollup, moved->project, &moved->contribution);
    return status == PIC_OK ? pic_rollup_effect(s->rollup, moved->fact, &moved->effect) : status;
}

/* A control that turns to another row: its effect on the new one's project. The control's row is
 * written already, so the project is made anew as it would be without and with it. */
static int turn(struct pic_state *s, const struct moved *moved)
{
    uint64_t project;
    int status = project_about(s, about_of(&s->row), &project);
    if (status != PIC_OK || project == 0 || about_of(&s->row) == moved->fact)
        return status;
    struct pic_contribution now;
    status = pic_rollup_count_again(s->rollup, project);
    if (status == PIC_OK)
        status = pic_rollup_contribution(s->rollup, project, &now);
    return status == PIC_OK ? pic_rollup_split_again(s->rollup, now.fund) : status;
}

/* The project's sums moved by what its fact has become, and what it adds then. */
static int count(struct pic_state *s, const struct moved *moved, struct pic_contribution *now)
{
    struct pic_effect effect;
    int status = pic_rollup_effect(s->rollup, moved->fact, &effect);
    if (status == PIC_OK)
        status = pic_rollup_count(s->rollup, moved->project, &moved->effect, &effect);
    return status == PIC_OK ? pic_rollup_contribution(s->rollup, moved->project, now) : status;
}

/* F5, second half. */
static int after(struct pic_state *s, const struct pic_change *change, const struct moved *moved)
{
    struct pic_contribution now;
    int status = PIC_OK;
    if (moved->fund != 0)
        status = pic_rollup_split_again(s->rollup, moved->fund);
    if (status == PIC_OK && fund_of(&s->row) != moved->fund)
        status = pic_rollup_split_again(s->rollup, fund_of(&s->row));
    uint64_t project = moved->project;
    if (status == PIC_OK && project != 0) {
        bool new_project = change->entity == PIC_PROJECT && change->id == change->dot;
        if (new_project)
            pic_rollup_created(s->rollup, &s->row, &now);
        else
            status = count(s, moved, &now);
        if (status == PIC_OK)
            status = pic_rollup_move(s->rollup, &moved->contribution, &now);
    }
    if (status == PIC_OK && s->row.entity->number == PIC_CONTROL)
        status = turn(s, moved);
    return status;
}

/* --- folding --- */

/* F4: the reversal with the least (stamp, device) is the one that counts. */
static int reverse(struct pic_state *s, const struct pic_change *change, uint64_t about)
{
    const struct pic_entity *entity;
    uint64_t org;
    struct pic_row target;
    struct pic_row other;
    int status = pic_state_find(s, about, &entity, &org);
    if (status == PIC_OK)
        status = pic_row_load(&s->rows, entity, about, &target);
    if (status != PIC_OK)
        return status;
    if (target.reversed != 0) {
        status =
            pic_row_load(&s->rows, pic_dictionary_entity(PIC_REVERSAL), target.reversed, &other);
        if (status != PIC_OK)
            return status;
        bool earlier =
            change->stamp != other.stamp ? change->stamp < other.stamp : change->dot < other.id;
        if (!earlier)
            return PIC_OK;
    }
    target.reversed = change->dot;
    return pic_row_update(&s->rows, &target);
}

static void fill_row(struct pic_state *s, const struct pic_entity *entity,
                     const struct pic_change *change, uint64_t audience)
{
    struct pic_row *row = &s->row;
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

static int create(struct pic_state *s, const struct pic_entity *entity,
                  const struct pic_change *change, uint64_t audience)
{
    struct moved moved;
    fill_row(s, entity, change, audience);
    int status = before(s, change, &moved);
    if (status == PIC_OK)
        status = pic_row_insert(&s->rows, &s->row);
    if (status == PIC_OK && entity->number == PIC_REVERSAL)
        status = reverse(s, change, about_of(&s->row));
    return status == PIC_OK ? after(s, change, &moved) : status;
}

struct seen_in {
    struct pic_state *state;
    uint64_t entity;
};

static bool seen_before(void *context, uint64_t dot)
{
    const struct seen_in *in = context;
    sqlite3_stmt *stmt = in->state->stmt[HISTORY_HAS];
    bool row = false;
    if (dot == in->entity)
        return true;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)in->entity);
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)dot);
    int status = pic_db_step(stmt, &row);
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && row;
}

static int note_conflict(struct pic_state *s, const struct pic_field *field,
                         const struct pic_siblings *siblings)
{
    if (field->policy != PIC_CHOOSE)
        return PIC_OK;
    bool open = pic_siblings_disagree(siblings);
    sqlite3_stmt *stmt = s->stmt[open ? CONFLICT_ADD : CONFLICT_REMOVE];
    int at = 1;
    if (open)
        (void)sqlite3_bind_int64(stmt, at++, s->row.entity->number);
    (void)sqlite3_bind_int64(stmt, at++, (sqlite3_int64)s->row.id);
    (void)sqlite3_bind_int64(stmt, at, field->number);
    return pic_db_run(stmt);
}

/* Takes the heads just written as those of s->row; the old ones make room for the next. */
static void turn_heads(struct pic_state *s)
{
    struct pic_buf swap = s->heads;
    s->heads = s->heads_next;
    s->heads_next = swap;
    s->row.heads = pic_buf_view(&s->heads);
    pic_buf_clear(&s->heads_next);
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

/* F2 for one field of s->row. */
static int write_field(struct pic_state *s, const struct pic_change *change, unsigned at)
{
    struct pic_row *row = &s->row;
    const struct pic_op *op = &change->ops[at];
    size_t index = (size_t)pic_entity_index(row->entity, op->field);
    const struct pic_field *field = &row->entity->fields[index];
    const struct pic_sibling created = {row->id, row->stamp, row->values[index]};
    const struct pic_sibling write = {change->dot, change->stamp, op->value};
    struct seen_in in = {s, row->id};
    const struct pic_seen seen = {seen_before, &in};
    struct pic_siblings siblings;
    int status = pic_heads_get(row->heads, op->field, &created, &siblings);
    if (status != PIC_OK)
        return status;
    pic_siblings_write(&siblings, &write, op->bases, op->base_n, &seen);
    status = show(&siblings, field->policy, &s->shown[at], &row->values[index]);
    if (status == PIC_OK)
        status = pic_heads_put(row->heads, op->field, row->id, &siblings, &s->heads_next);
    if (status != PIC_OK)
        return status;
    turn_heads(s);
    return note_conflict(s, field, &siblings);
}

/* Writes the fields of an edit; no other field waits for this change any longer. */
static int write_fields(struct pic_state *s, const struct pic_change *change)
{
    int status = PIC_OK;
    pic_buf_clear(&s->heads_next);
    for (unsigned i = 0; status == PIC_OK && i < change->op_n; i++)
        status = write_field(s, change, i);
    if (status == PIC_OK)
        status = pic_heads_arrived(s->row.heads, s->row.id, change->dot, &s->heads_next);
    if (status == PIC_OK)
        turn_heads(s);
    return status;
}

static int edit(struct pic_state *s, const struct pic_entity *entity,
                const struct pic_change *change)
{
    struct moved moved;
    int status = before(s, change, &moved);     /* s->row is there since the change was checked */
    if (status == PIC_OK && moved.project != 0) /* which may have used the same statement */
        status = pic_row_load(&s->rows, entity, change->id, &s->row);
    if (status == PIC_OK)
        status = write_fields(s, change);
    if (status == PIC_OK)
        status = pic_row_update(&s->rows, &s->row);
    if (status != PIC_OK)
        return status;
    (void)sqlite3_bind_int64(s->stmt[HISTORY_ADD], 1, (sqlite3_int64)change->id);
    (void)sqlite3_bind_int64(s->stmt[HISTORY_ADD], 2, (sqlite3_int64)change->dot);
    status = pic_db_run(s->stmt[HISTORY_ADD]);
    return status == PIC_OK ? after(s, change, &moved) : status;
}

static int quarantine(struct pic_state *s, const struct pic_change *change, uint64_t audience,
                      const struct fault *f)
{
    sqlite3_stmt *stmt = s->stmt[QUARANTINE_ADD];
    pic_buf_clear(&s->loose);
    pic_change_put(&s->loose, change);
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)change->dot);
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)audience);
    (void)sqlite3_bind_int64(stmt, 3, f->verdict);
    (void)sqlite3_bind_int64(stmt, 4, f->field);
    (void)sqlite3_bind_int64(stmt, 5, (sqlite3_int64)f->waits_for);
    pic_db_bind_span(stmt, 6, pic_buf_view(&s->loose));
    s->waiting += f->waits_for != 0;
    return pic_db_run(stmt);
}

/* Takes the first change that waits for an arrival out of quarantine, into bytes. */
static int take_waiting(struct pic_state *s, uint64_t arrived, struct pic_buf *bytes,
                        uint64_t *audience, bool *found)
{
    sqlite3_stmt *stmt = s->stmt[QUARANTINE_WAITING];
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)arrived);
    int status = pic_db_step(stmt, found);
    if (status != PIC_OK || !*found) {
        (void)sqlite3_reset(stmt);
        return status;
    }
    struct pic_span change = pic_db_column_span(stmt, 2);
    sqlite3_int64 dot = sqlite3_column_int64(stmt, 0);
    *audience = (uint64_t)sqlite3_column_int64(stmt, 1);
    pic_buf_clear(bytes);
    pic_buf_bytes(bytes, change.p, change.n);
    (void)sqlite3_reset(stmt);
    (void)sqlite3_bind_int64(s->stmt[QUARANTINE_REMOVE], 1, dot);
    s->waiting--;
    return pic_db_run(s->stmt[QUARANTINE_REMOVE]);
}

/* The number that a device's certificate gives it. */
static uint32_t device_number(const struct pic_change *change)
{
    const struct pic_field *number =
        pic_entity_by_column(pic_dictionary_entity(PIC_DEVICE), "device");
    for (unsigned i = 0; i < change->op_n; i++)
        if (change->ops[i].field == number->number)
            return (uint32_t)change->ops[i].value.i;
    return 0;
}

/* Folds a change alone. What its arrival may let in is noted in s->arrived. */
static int fold_one(struct pic_state *s, const struct pic_change *change, uint64_t audience,
                    int *verdict)
{
    struct fault f;
    int status = check(s, change, audience, &f);
    *verdict = f.verdict;
    if (status != PIC_OK)
        return status;
    if (f.verdict != PIC_OK)
        return quarantine(s, change, audience, &f);
    const struct pic_entity *entity = pic_dictionary_entity(change->entity);
    bool creates = change->id == change->dot;
    status = creates ? create(s, entity, change, audience) : edit(s, entity, change);
    if (entity->number == PIC_DEVICE)
        s->author = (struct pic_author){0};
    if (status != PIC_OK || !creates)
        return status;
    pic_buf_u64(&s->arrived, change->id);
    if (entity->number == PIC_DEVICE)
        pic_buf_u64(&s->arrived, certificate_of(device_number(change)));
    return pic_buf_status(&s->arrived);
}

/* Folds what waited for one arrival. */
static int let_in(struct pic_state *s, uint64_t arrived, struct pic_change_store *store,
                  struct pic_buf *bytes)
{
    int status = PIC_OK;
    bool found = s->waiting > 0;
    while (status == PIC_OK && found) {
        uint64_t audience = 0;
        struct pic_change change;
        int verdict;
        status = take_waiting(s, arrived, bytes, &audience, &found);
        if (status != PIC_OK || !found)
            break;
        struct pic_cursor c = pic_cursor_of(bytes->data, bytes->len);
        status = pic_change_get(&c, store, &change);
        if (status == PIC_OK)
            status = fold_one(s, &change, audience, &verdict);
    }
    return status;
}

/* Folds what waited for the arrivals noted, and so what waited for that: a list, for what waits for
 * what can be a long chain. */
static int let_all_in(struct pic_state *s)
{
    struct pic_buf bytes;
    struct pic_change_store *store = malloc(sizeof *store);
    if (store == NULL)
        return PIC_EMEMORY;
    pic_buf_init(&bytes, PIC_HEADS_MAX);
    int status = PIC_OK;
    for (size_t at = 0; status == PIC_OK && at < s->arrived.len; at += sizeof(uint64_t)) {
        struct pic_cursor c = pic_cursor_of(s->arrived.data + at, sizeof(uint64_t));
        status = let_in(s, pic_cursor_u64(&c), store, &bytes);
    }
    free(store);
    pic_buf_release(&bytes);
    return status;
}

int pic_state_fold(struct pic_state *s, const struct pic_change *change, uint64_t audience,
                   int *verdict)
{
    int own;
    pic_buf_clear(&s->arrived);
    int status = fold_one(s, change, audience, verdict == NULL ? &own : verdict);
    if (status == PIC_OK && s->waiting > 0 && s->arrived.len > 0)
        status = let_all_in(s);
    return status;
}

int pic_state_fold_segment(struct pic_state *s, struct pic_segment_reader *reader,
                           const struct pic_segment *segment)
{
    struct pic_change change;
    bool done = false;
    int status = pic_segment_reader_open(reader, segment);
    while (status == PIC_OK) {
        status = pic_segment_reader_next(reader, &change, &done);
        if (status != PIC_OK || done)
            break;
        status = pic_state_fold(s, &change, segment->audience, NULL);
    }
    return status;
}

int pic_state_bases(struct pic_state *s, const struct pic_entity *entity, uint64_t id,
                    unsigned field, uint64_t *bases, size_t *n)
{
    struct pic_row row;
    struct pic_siblings siblings;
    int status = pic_row_load(&s->rows, entity, id, &row);
    if (status != PIC_OK)
        return status;
    const struct pic_sibling created = {row.id, row.stamp, *pic_row_value(&row, field)};
    status = pic_heads_get(row.heads, (uint8_t)field, &created, &siblings);
    *n = 0;
    for (size_t i = siblings.n; status == PIC_OK && i > 0 && *n < PIC_OP_BASES_MAX; i--)
        bases[(*n)++] = siblings.list[i - 1].dot;
    return status;
}
