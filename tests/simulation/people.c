#include "tests/simulation/people.h"

#include <stdio.h>
#include <string.h>

#include "agent/record.h"
#include "tests/simulation/history.h"

enum { INPUTS_MAX = 8, TEXT_MAX = 96, CENTS_MAX = 90000, DOCUMENT_MAX = 20000 };

/* An entry as it is typed; what is about another row is its id. */
struct typed {
    const char *column, *text;
    uint64_t id;
};

struct draft {
    struct laptop *l;
    struct history *h;
    unsigned mark;
    char marked[TEXT_MAX], amount[TEXT_MAX];
    int64_t cents;
};

static uint64_t any(struct draft *d, const char *sql)
{
    uint64_t id = 0;
    sqlite3_stmt *stmt = pic_db_prepare(&d->l->agent.db, sql, NULL);
    for (uint32_t seen = 1; stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW; seen++)
        if (draw(d->h, seen) == 0)
            id = (uint64_t)sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return id;
}

static bool begin(struct draft *d, struct laptop *l)
{
    struct history *h = l->machine.history;
    if (h->ledger.n == ENTRIES_MAX)
        return false;
    *d = (struct draft){.l = l, .h = h, .mark = h->ledger.n++};
    d->cents = 1 + draw(h, CENTS_MAX);
    (void)snprintf(d->marked, sizeof d->marked, "saisie #%u#", d->mark);
    (void)snprintf(d->amount, sizeof d->amount, "%lld,%02lld", (long long)d->cents / 100,
                   (long long)d->cents % 100);
    h->ledger.entries[d->mark] = (struct entry){.laptop = (unsigned)(l - h->laptops)};
    return true;
}

/* What the person is told, and what the simulation may therefore hold the laptop to. */
static void conclude(struct draft *d, unsigned entity, int64_t cents, int status,
                     const char *detail)
{
    struct entry *e = &d->h->ledger.entries[d->mark];
    bool cut = machine_is_cut(&d->l->machine);
    e->entity = (uint8_t)entity;
    e->cents = cents;
    e->state = status == PIC_OK ? ENTRY_KEPT : cut ? ENTRY_DOUBT : ENTRY_VOID;
    tell(d->h, "%s: #%u# %s: %s %s", d->l->machine.name, d->mark,
         pic_dictionary_entity(entity)->table, pic_status_name(status), detail);
    laptop_settle(d->l);
}

/* What a person has just entered is what they see: an edit is the value, nothing is left to decide,
 * and a decision is the latest. */
static void expect_seen(struct draft *d, unsigned entity, uint64_t id, bool asked)
{
    static const char edited[] = "SELECT count(*) FROM project WHERE id = ?1 AND asked = ?2 AND NOT"
                                 " EXISTS(SELECT 1 FROM conflict WHERE id = ?1 AND field = ?3)";
    static const char decided[] =
        "SELECT count(*) FROM decision AS d WHERE id = ?1 AND NOT EXISTS(SELECT 1 FROM decision AS"
        " e WHERE e.project = d.project AND (e.stamp, e.id >> 40) > (d.stamp, d.id >> 40))";
    if (entity != PIC_DECISION && !asked)
        return;
    sqlite3_stmt *stmt = pic_db_prepare(&d->l->agent.db, asked ? edited : decided, NULL);
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)id);
    if (asked) {
        const struct pic_entity *project = pic_dictionary_entity(PIC_PROJECT);
        (void)sqlite3_bind_int64(stmt, 2, d->cents);
        (void)sqlite3_bind_int64(stmt, 3, pic_entity_by_column(project, "asked")->number);
    }
    bool seen =
        stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int64(stmt, 0) == 1;
    (void)sqlite3_finalize(stmt);
    if (!seen)
        broken(d->h, "2 (an author sees the entry)", "%s: #%u#", d->l->machine.name, d->mark);
}

static void enter(struct draft *d, unsigned entity_number, uint64_t id, const struct typed *typed,
                  size_t n, int64_t cents)
{
    const struct pic_entity *entity = pic_dictionary_entity(entity_number);
    struct pic_input inputs[INPUTS_MAX];
    struct pic_value refs[INPUTS_MAX];
    struct pic_err err = {0};
    uint64_t dot = 0;
    for (size_t i = 0; i < n; i++) {
        refs[i] = (struct pic_value){.kind = PIC_KIND_REF, .i = (int64_t)typed[i].id};
        inputs[i] = (struct pic_input){.field = pic_entity_by_column(entity, typed[i].column),
                                       .typed = typed[i].text,
                                       .value = typed[i].text == NULL ? &refs[i] : NULL};
    }
    int status = pic_record(&d->l->agent, entity, id, inputs, n, &dot, &err);
    bool asked = entity_number == PIC_PROJECT && id != 0 && n > 1;
    if (status == PIC_OK && !machine_is_cut(&d->l->machine))
        expect_seen(d, entity_number, asked ? id : dot, asked);
    conclude(d, entity_number, cents, status, err.arg[0]);
}

/* --- kinds of entries --- */

static const char *const themes[] = {"O24-1", "O24-2", "O24-3", "O24-4"};
static const char *const places[] = {"QN06245M", "QN06245M 62570", "59163", "62570"};
static const char *const statuses[] = {"depose", "complet", "accorde", "refuse", "abandonne"};

#define PICK(d, list) ((list)[draw((d)->h, sizeof(list) / sizeof *(list))])

static void new_project(struct draft *d)
{
    const struct typed typed[] = {
        {"fund", NULL, any(d, "SELECT id FROM fund WHERE org <> 0")},
        {"title", d->marked, 0},
        {"asked", d->amount, 0},
        {"main_theme", PICK(d, themes), 0},
        {"territories", PICK(d, places), 0},
        {"status", "depose", 0},
    };
    enter(d, PIC_PROJECT, 0, typed, 3 + draw(d->h, 4), 0);
}

static void edit_project(struct draft *d)
{
    uint64_t id = any(d, "SELECT id FROM project");
    const struct typed typed[] = {
        {"summary", d->marked, 0},          {"asked", d->amount, 0},
        {"status", PICK(d, statuses), 0},   {"territories", PICK(d, places), 0},
        {"main_theme", PICK(d, themes), 0},
    };
    if (id == 0)
        new_project(d);
    else
        enter(d, PIC_PROJECT, id, typed, 1 + draw(d->h, 5), 0);
}

static void cancel_project(struct draft *d)
{
    const struct typed typed[] = {{"cancelled", d->marked, 0}};
    uint64_t id = any(d, "SELECT id FROM project WHERE cancelled IS NULL");
    if (id == 0)
        new_project(d);
    else
        enter(d, PIC_PROJECT, id, typed, 1, 0);
}

static void new_decision(struct draft *d)
{
    static const char *const outcomes[] = {"accorde", "accorde-en-partie", "refuse"};
    const struct typed typed[] = {{"project", NULL, any(d, "SELECT id FROM project")},
                                  {"outcome", PICK(d, outcomes), 0},
                                  {"amount", d->amount, 0},
                                  {"reason", d->marked, 0}};
    if (typed[0].id == 0)
        new_project(d);
    else
        enter(d, PIC_DECISION, 0, typed, 4, d->cents);
}

static void new_payment(struct draft *d)
{
    static const char *const kinds[] = {"avance", "solde", "reversement"};
    const struct typed typed[] = {{"project", NULL, any(d, "SELECT id FROM project")},
                                  {"kind", PICK(d, kinds), 0},
                                  {"amount", d->amount, 0},
                                  {"paid_on", "12/03/2026", 0},
                                  {"bank_reference", d->marked, 0}};
    if (typed[0].id == 0)
        new_project(d);
    else
        enter(d, PIC_PAYMENT, 0, typed, 5, d->cents);
}

static void new_expense(struct draft *d)
{
    const struct typed typed[] = {{"project", NULL, any(d, "SELECT id FROM project")},
                                  {"supplier", d->marked, 0},
                                  {"invoice_on", "12/03/2026", 0},
                                  {"amount", d->amount, 0}};
    if (typed[0].id == 0)
        new_project(d);
    else
        enter(d, PIC_EXPENSE, 0, typed, 4, d->cents);
}

static void reverse(struct draft *d)
{
    static const char *const facts[] = {
        "SELECT id FROM payment WHERE reversed IS NULL",
        "SELECT id FROM expense WHERE reversed IS NULL",
        "SELECT id FROM decision WHERE reversed IS NULL",
    };
    const struct typed typed[] = {{"about", NULL, any(d, PICK(d, facts))},
                                  {"reason", d->marked, 0}};
    if (typed[0].id == 0)
        new_expense(d);
    else
        enter(d, PIC_REVERSAL, 0, typed, 2, 0);
}

/* A file joined to a project, from memory. */
static void new_document(struct draft *d)
{
    struct pic_agent *agent = &d->l->agent;
    const struct pic_entity *entity = pic_dictionary_entity(PIC_DOCUMENT);
    struct pic_err err = {0};
    uint8_t bytes[DOCUMENT_MAX];
    uint8_t hash[PIC_HASH_SIZE];
    uint64_t dot = 0;
    size_t size = 1 + draw(d->h, DOCUMENT_MAX - 1);
    uint64_t about = any(d, "SELECT id FROM project");
    if (about == 0) {
        new_project(d);
        return;
    }
    memset(bytes, (int)draw(d->h, 256), size);
    const struct pic_value ref = {.kind = PIC_KIND_REF, .i = (int64_t)about};
    const struct pic_value blob = {.kind = PIC_KIND_BYTES, .s = {hash, sizeof hash}};
    const struct pic_value length = {.kind = PIC_KIND_INT, .i = (int64_t)size};
    const struct pic_input inputs[] = {
        {.field = pic_entity_by_column(entity, "about"), .value = &ref},
        {.field = pic_entity_by_column(entity, "blob"), .value = &blob},
        {.field = pic_entity_by_column(entity, "kind"), .typed = "autre"},
        {.field = pic_entity_by_column(entity, "name"), .typed = d->marked},
        {.field = pic_entity_by_column(entity, "size"), .value = &length},
    };
    int status = pic_agent_begin(agent, &err);
    if (status == PIC_OK)
        status = pic_blobs_take_bytes(&agent->blobs, pic_span_of(bytes, size), hash);
    if (status == PIC_OK)
        status = pic_agent_outgoing_put(agent, hash, size);
    if (status == PIC_OK)
        status =
            pic_record_put(agent, entity, 0, inputs, sizeof inputs / sizeof *inputs, &dot, &err);
    if (status == PIC_OK)
        status = pic_agent_commit(agent, &err);
    else
        pic_agent_rollback(agent);
    conclude(d, PIC_DOCUMENT, 0, status, err.arg[0]);
}

void people_enter(struct laptop *l)
{
    static void (*const kinds[])(struct draft * d) = {
        new_project, new_project, edit_project, edit_project, edit_project,   new_decision,
        new_payment, new_expense, new_expense,  reverse,      cancel_project, new_document,
    };
    struct draft d;
    if (!begin(&d, l))
        return;
    machine_dare(&l->machine, d.h->weather.trouble / 2, ENTRY_OPERATIONS);
    PICK(&d, kinds)(&d);
}

/* --- forging --- */

/* Changes that the rules forbid: a fund is the Region's; a fact is never edited; a row of another
 * association; a reference to nothing; a field and an entity that no dictionary has. */
static void forged_change(struct draft *d, struct pic_change *change, struct pic_op ops[static 3])
{
    const struct pic_value text = {.kind = PIC_KIND_TEXT, .s = pic_span_text(d->marked)};
    const struct pic_value cents = {.kind = PIC_KIND_INT, .i = d->cents};
    const struct pic_value nowhere = {.kind = PIC_KIND_REF, .i = (int64_t)pic_dot(2, 1 << 20)};
    uint64_t fund = any(d, "SELECT id FROM fund");
    uint64_t fact = any(d, "SELECT id FROM expense");
    switch (draw(d->h, fact == 0 ? 3 : 4)) {
    case 0:
        *change = (struct pic_change){.entity = PIC_FUND, .id = fund, .op_n = 1};
        ops[0] = (struct pic_op){.field = 2, .base_n = 1, .bases = &change->id, .value = text};
        break;
    case 1:
        *change = (struct pic_change){.entity = PIC_ORGANISATION, .op_n = 2};
        ops[0] = (struct pic_op){
            .field = 2, .value = {.kind = PIC_KIND_TEXT, .s = pic_span_text("association")}};
        ops[1] = (struct pic_op){.field = 3, .value = text};
        break;
    case 2:
        *change = (struct pic_change){.entity = PIC_DECISION, .op_n = 3};
        ops[0] = (struct pic_op){.field = 2, .value = nowhere};
        ops[1] = (struct pic_op){.field = 4,
                                 .value = {.kind = PIC_KIND_TEXT, .s = pic_span_text("accorde")}};
        ops[2] = (struct pic_op){.field = 7, .value = text};
        break;
    default:
        *change = (struct pic_change){.entity = PIC_EXPENSE, .id = fact, .op_n = 2};
        ops[0] = (struct pic_op){.field = 3, .base_n = 1, .bases = &change->id, .value = text};
        ops[1] = (struct pic_op){.field = 9, .base_n = 1, .bases = &change->id, .value = cents};
        break;
    }
    change->ops = ops;
}

void people_forge(struct laptop *l)
{
    struct draft d;
    struct pic_change change;
    struct pic_op ops[3];
    struct pic_err err = {0};
    uint64_t seq = 0;
    struct pic_agent *agent = &l->agent;
    if (!begin(&d, l))
        return;
    forged_change(&d, &change, ops);
    d.h->ledger.entries[d.mark].hostile = true;
    int status = pic_agent_begin(agent, &err);
    if (status == PIC_OK)
        status = pic_agent_next_seq(agent, &seq);
    change.dot = pic_dot(l->device, seq);
    change.id = change.id == 0 ? change.dot : change.id;
    change.stamp = pic_clock_tick(&agent->clock, pic_agent_now_ms(agent));
    if (status == PIC_OK)
        status = pic_agent_pending_put(agent, &change);
    if (status == PIC_OK)
        status = pic_state_fold(agent->state, &change, l->organisation, NULL);
    if (status == PIC_OK)
        status = pic_agent_commit(agent, &err);
    else
        pic_agent_rollback(agent);
    conclude(&d, change.entity, 0, status, "forged");
}
