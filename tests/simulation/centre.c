#include "tests/simulation/centre.h"

#include <stdio.h>
#include <string.h>

#include "server/create.h"
#include "server/record.h"
#include "server/restore.h"
#include "server/verify.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/history.h"
#include "tests/simulation/promises.h"

enum { OPENINGS_MAX = 20, INPUTS_MAX = 8, FEED_MAX = 1 << 22, DAY_MS = 86400000, FIELD_TEXT = 64 };

/* One field as the central team types it; what is about another row is its id. */
struct typed {
    const char *column, *text;
    uint64_t id;
};

/* --- life --- */

void centre_init(struct centre *c, struct history *h, const char *root)
{
    struct machine *m = &c->machine;
    memset(c, 0, sizeof *c);
    m->history = h;
    m->since_ms = h->now_ms;
    (void)snprintf(m->name, sizeof m->name, "centre");
    (void)snprintf(m->folder, sizeof m->folder, "%s/centre", root);
    m->disk = crash_vfs_new(m->name, h->seed);
    crash_vfs_standard(m->disk);
    pic_buf_init(&c->name, PIC_NAME_MAX);
    if (pic_answer_scratch_init(&c->scratch) != PIC_OK ||
        pic_segment_reader_new(&c->reader) != PIC_OK)
        broken(h, "memory", "no centre");
}

void centre_release(struct centre *c)
{
    centre_close(c);
    pic_answer_scratch_release(&c->scratch);
    pic_segment_reader_free(c->reader);
    pic_buf_release(&c->name);
    crash_vfs_free(c->backup);
    crash_vfs_free(c->machine.disk);
}

static void take_keys(struct centre *c)
{
    const struct pic_keyring *keys = &c->server.keys;
    c->answer.identity = &keys->identity;
    c->answer.keys = keys->keys;
    c->answer.key_n = keys->key_n;
    memcpy(c->answer.authority, keys->authority, PIC_KEY_SIZE);
}

void centre_open(struct centre *c)
{
    struct history *h = c->machine.history;
    int status = PIC_EIO;
    for (unsigned i = 0; status != PIC_OK; i++) {
        struct pic_err err = {0};
        status = pic_server_open(c->machine.folder, 0, &c->server, &err);
        bool cut = status != PIC_OK && machine_restart(&c->machine);
        if (status == PIC_EDISK_FULL)
            crash_vfs_limit(c->machine.disk, 0);
        else if (status != PIC_OK && (i == OPENINGS_MAX || !cut))
            broken(h, "opening", "the server does not open again: %s %s", pic_status_name(status),
                   err.arg[0]);
    }
    pic_exchange_store_init(&c->store, &c->server, NULL, NULL, c->reader);
    pic_buf_clear(&c->name);
    if (pic_registry_name(c->server.registry, &c->name) != PIC_OK)
        broken(h, "opening", "the server has no name");
    c->answer = (struct pic_answer){
        .name = pic_buf_view(&c->name), .random = &h->random, .store = &c->store.table};
    take_keys(c);
    c->open = true;
}

void centre_close(struct centre *c)
{
    pic_server_close(&c->server);
    c->open = false;
}

void centre_settle(struct centre *c)
{
    if (!machine_restart(&c->machine))
        return;
    centre_close(c);
    machine_dare(&c->machine, 20, OPENING_OPERATIONS);
    centre_open(c);
    machine_calm(&c->machine);
    promise_server_holds(c->machine.history, false);
}

bool centre_answer(struct centre *c, struct pic_span request, struct pic_buf *reply)
{
    struct history *h = c->machine.history;
    machine_dare(&c->machine, h->weather.trouble / 4, EXCHANGE_OPERATIONS);
    int status = pic_answer(&c->answer, &c->scratch, machine_now_ms(&c->machine), request, reply);
    bool answered = status == PIC_OK && !machine_is_cut(&c->machine);
    if (chance(h, 60) && pic_projector_catch_up(c->server.projector, NULL, NULL, NULL) != PIC_OK &&
        !machine_is_cut(&c->machine))
        tell(h, "centre: the state lags behind");
    centre_settle(c);
    return answered;
}

/* --- entries --- */

static int enter(struct centre *c, unsigned entity_number, uint64_t id, const struct typed *typed,
                 size_t n, uint64_t *dot)
{
    const struct pic_entity *entity = pic_dictionary_entity(entity_number);
    struct pic_input inputs[INPUTS_MAX];
    struct pic_value refs[INPUTS_MAX];
    struct pic_err err = {0};
    for (size_t i = 0; i < n; i++) {
        refs[i] = (struct pic_value){.kind = PIC_KIND_REF, .i = (int64_t)typed[i].id};
        inputs[i] = (struct pic_input){.field = pic_entity_by_column(entity, typed[i].column),
                                       .typed = typed[i].text,
                                       .value = typed[i].text == NULL ? &refs[i] : NULL};
    }
    int status = pic_record_one(&c->server, entity, id, inputs, n, dot, &err);
    tell(c->machine.history, "centre: enters %s: %s %s", entity->table, pic_status_name(status),
         err.arg[0]);
    return status;
}

static uint64_t must_enter(struct centre *c, unsigned entity, const struct typed *typed, size_t n)
{
    uint64_t dot = 0;
    int status = enter(c, entity, 0, typed, n, &dot);
    if (status != PIC_OK)
        broken(c->machine.history, "founding", "entity %u: %s", entity, pic_status_name(status));
    return dot;
}

void centre_create(struct centre *c)
{
    char authority[FOLDER_MAX_BYTES + 16];
    struct pic_err err = {0};
    (void)snprintf(authority, sizeof authority, "%s.authority", c->machine.folder);
    const struct pic_create plan = {.name = "Région",
                                    .address = "tcp://centre:4870",
                                    .authority_out = authority,
                                    .now_ms = machine_now_ms(&c->machine)};
    int status = pic_server_create(c->machine.folder, &plan, &err);
    if (status != PIC_OK)
        broken(c->machine.history, "founding", "%s %s", pic_status_name(status), err.arg[0]);
    centre_open(c);
}

void centre_found(struct centre *c)
{
    static const char *const names[] = {"ADCM Méricourt", "Les Amis de Croix"};
    static const char *const rates[] = {"70", "50"};
    static const char *const others[] = {"30", "50"};
    const struct typed region[] = {{"kind", "region", 0}, {"name", "Région", 0}};
    uint64_t first = must_enter(c, PIC_ORGANISATION, region, 2);
    for (unsigned i = 0; i < FUNDS; i++) {
        const struct typed carrier[] = {{"kind", "association", 0}, {"name", names[i], 0}};
        const struct typed town[] = {{"kind", "commune", 0},
                                     {"name", i == 0 ? "Ville 1" : "Ville 2", 0}};
        c->organisations[i] = must_enter(c, PIC_ORGANISATION, carrier, 2);
        c->funders[i] = must_enter(c, PIC_ORGANISATION, town, 2);
        const struct typed fund[] = {{"name", i == 0 ? "PIC 1" : "PIC 2", 0},
                                     {"scheme", "pic", 0},
                                     {"year", "2026", 0},
                                     {"carrier", NULL, c->organisations[i]}};
        c->funds[i] = must_enter(c, PIC_FUND, fund, 4);
        const struct typed share[] = {{"fund", NULL, c->funds[i]},
                                      {"funder", NULL, first},
                                      {"rate", rates[i], 0},
                                      {"amount", "10000", 0}};
        const struct typed other[] = {{"fund", NULL, c->funds[i]},
                                      {"funder", NULL, c->funders[i]},
                                      {"rate", others[i], 0},
                                      {"amount", "5000", 0}};
        (void)must_enter(c, PIC_SHARE, share, 4);
        (void)must_enter(c, PIC_SHARE, other, 4);
    }
}

/* One row of a table, drawn; 0 when there is none. */
static uint64_t any_row(struct centre *c, const char *sql, uint64_t parameter)
{
    struct history *h = c->machine.history;
    uint64_t id = 0;
    sqlite3_stmt *stmt = pic_db_prepare(pic_server_db(&c->server), sql, NULL);
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)parameter);
    for (uint32_t seen = 1; stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW; seen++)
        if (draw(h, seen) == 0)
            id = (uint64_t)sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return id;
}

int centre_enter(struct centre *c)
{
    struct history *h = c->machine.history;
    unsigned i = draw(h, FUNDS);
    char amount[FIELD_TEXT];
    uint64_t dot = 0;
    uint64_t share = any_row(c, "SELECT id FROM share WHERE fund = ?1", c->funds[i]);
    uint64_t expense = any_row(c, "SELECT id FROM expense WHERE org = ?1", c->organisations[i]);
    (void)snprintf(amount, sizeof amount, "%u,%02u", draw(h, 3000), draw(h, 100));
    const struct typed name[] = {{"name", amount, 0}};
    const struct typed rate[] = {{"rate", draw(h, 2) == 0 ? "40" : "65", 0}};
    const struct typed transfer[] = {
        {"share", NULL, share}, {"amount", amount, 0}, {"received_on", "02/03/2026", 0}};
    const struct typed programme[] = {{"name", amount, 0}, {"eu_fund", "FEDER", 0}};
    const struct typed control[] = {{"about", NULL, expense},
                                    {"kind", "sur-pieces", 0},
                                    {"result", "a-corriger", 0},
                                    {"rejected", amount, 0}};
    machine_dare(&c->machine, h->weather.trouble / 2, ENTRY_OPERATIONS);
    int status = PIC_OK;
    switch (draw(h, 5)) {
    case 0:
        status = enter(c, PIC_FUND, c->funds[i], name, 1, &dot);
        break;
    case 1:
        status = enter(c, PIC_SHARE, share, rate, 1, &dot);
        break;
    case 2:
        status = enter(c, PIC_TRANSFER, 0, transfer, 3, &dot);
        break;
    case 3:
        if (expense != 0)
            status = enter(c, PIC_CONTROL, 0, control, 4, &dot);
        break;
    default:
        status = enter(c, PIC_PROGRAMME, 0, programme, 2, &dot);
        break;
    }
    centre_settle(c);
    return status;
}

/* --- devices --- */

/* Appends what a new device must know: the server's own logs for everybody and for its association.
 * A segment of another device that it may read ends the list: it is pulled from there on. */
static uint32_t reference(struct centre *c, uint64_t organisation, struct pic_buf *items,
                          uint64_t *last)
{
    struct pic_buf bytes;
    struct pic_segment segment;
    uint32_t n = 0;
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    *last = 0;
    for (uint64_t at = 1; pic_journal_next(c->server.journal, &at, &bytes) == PIC_OK; at++) {
        if (pic_segment_read(pic_buf_view(&bytes), &segment) != PIC_OK)
            break;
        if (segment.audience != PIC_AUDIENCE_ALL && segment.audience != organisation)
            continue;
        if (segment.device != PIC_DEVICE_SERVER)
            break;
        pic_buf_varint(items, at - *last);
        pic_buf_span(items, segment.bytes);
        *last = at;
        n++;
    }
    pic_buf_release(&bytes);
    return n;
}

static int keep_invitation(struct centre *c, const struct pic_invitation *made)
{
    struct pic_registry_invitation kept = {.device = made->device,
                                           .organisation = made->organisation,
                                           .role = made->role,
                                           .expires_ms = made->expires_ms,
                                           .state = PIC_INVITATION_OPEN};
    pic_code_id(&made->code, kept.id);
    pic_code_secret(&made->code, &kept.secret);
    memcpy(kept.organisation_name, made->organisation_name.p, made->organisation_name.n);
    return pic_registry_invitation_put(c->server.registry, &kept);
}

void centre_invite(struct centre *c, unsigned organisation, uint32_t role, struct pic_buf *out)
{
    struct history *h = c->machine.history;
    struct pic_invitation made = {.server_name = pic_buf_view(&c->name),
                                  .transport = c->server.keys.keys[0].transport,
                                  .organisation = c->organisations[organisation],
                                  .organisation_name = pic_span_text("Association"),
                                  .role = role,
                                  .expires_ms = INT64_MAX / 2};
    struct pic_buf items;
    pic_buf_init(&items, FEED_MAX);
    memcpy(made.authority, c->server.keys.authority, PIC_KEY_SIZE);
    pic_code_new(&h->random, &made.code);
    int status = pic_db_begin(&c->server.journal_db, NULL);
    if (status == PIC_OK)
        status = pic_registry_number(c->server.registry, &made.device);
    if (status == PIC_OK)
        status = keep_invitation(c, &made);
    if (status == PIC_OK)
        status = pic_db_commit(&c->server.journal_db, NULL);
    made.feed.n = reference(c, made.organisation, &items, &made.feed.distance);
    made.feed.items = pic_buf_view(&items);
    pic_invitation_put(&made, &c->server.keys.identity, out);
    if (status != PIC_OK || pic_buf_status(out) != PIC_OK)
        broken(h, "founding", "invitation: %s", pic_status_name(status));
    pic_buf_release(&items);
    tell(h, "centre: invites device %u", made.device);
}

int centre_revoke(struct centre *c, uint32_t device)
{
    struct history *h = c->machine.history;
    struct pic_device d;
    struct pic_log_head head;
    char last[FIELD_TEXT];
    uint64_t dot = 0;
    int status = pic_registry_device(c->server.registry, device, &d);
    if (status == PIC_OK)
        status = pic_journal_head(c->server.journal, device, d.certificate.organisation, &head);
    if (status != PIC_OK || d.retired)
        return PIC_ENOT_FOUND;
    (void)snprintf(last, sizeof last, "%llu", (unsigned long long)head.seq);
    const struct typed edit[] = {{"retired", "oui", 0}, {"last_seq", last, 0}};
    status = enter(c, PIC_DEVICE, d.entity, edit, 2, &dot);
    if (status != PIC_OK)
        return status;
    crash_vfs_limit(c->machine.disk, 0);
    status = pic_db_begin(&c->server.journal_db, NULL);
    if (status == PIC_OK)
        status = pic_registry_retire(c->server.registry, device, head.seq);
    if (status == PIC_OK)
        status = pic_db_commit(&c->server.journal_db, NULL);
    if (status != PIC_OK)
        broken(h, "revoking", "device %u: %s", device, pic_status_name(status));
    c->backup_misses_one = true;
    fault_note(FAULT_RETIRED);
    tell(h, "centre: retires device %u after %s", device, last);
    return status;
}

void centre_rotate(struct centre *c)
{
    struct history *h = c->machine.history;
    bool rotated = false;
    int status = pic_keyring_rotate(c->machine.folder, &c->server.keys, machine_now_ms(&c->machine),
                                    &rotated, NULL);
    if (status != PIC_OK)
        broken(h, "rotating", "%s", pic_status_name(status));
    take_keys(c);
    if (rotated)
        fault_note(FAULT_KEY_ROTATED);
    tell(h, "centre: transport keys %s", rotated ? "rotated" : "kept");
}

static void tell_fault(void *context, const struct pic_verify_fault *f)
{
    broken(context, "6 (the server verifies)", "fault %d %s at %llu, device %u, %s", (int)f->kind,
           pic_status_name(f->status), (unsigned long long)f->position, f->device, f->table);
}

void centre_verify(struct centre *c)
{
    struct pic_verify_report report;
    const struct pic_verify_options options = {.fault = tell_fault, .context = c->machine.history};
    centre_close(c);
    int status = pic_server_verify(c->machine.folder, &options, &report, NULL);
    if (status != PIC_OK)
        broken(c->machine.history, "6 (the server verifies)", "%s", pic_status_name(status));
    centre_open(c);
}

/* --- backups --- */

static void mark_restored(struct centre *c)
{
    struct history *h = c->machine.history;
    int status = pic_db_begin(&c->server.journal_db, NULL);
    if (status == PIC_OK)
        status = pic_server_restored(&c->server, &h->random);
    if (status == PIC_OK)
        status = pic_db_commit(&c->server.journal_db, NULL);
    if (status != PIC_OK)
        broken(h, "restoring", "%s", pic_status_name(status));
}

void centre_back_up(struct centre *c)
{
    struct history *h = c->machine.history;
    if (c->backup == NULL)
        c->backup = crash_vfs_new("centre-copy", h->seed);
    centre_close(c);
    crash_vfs_copy(c->machine.disk, "", c->backup, "");
    centre_open(c);
    c->backup_misses_one = false;
    tell(h, "centre: backed up");
}

void centre_restore(struct centre *c)
{
    struct history *h = c->machine.history;
    if (c->backup == NULL)
        return;
    centre_close(c);
    crash_vfs_copy(c->backup, "", c->machine.disk, "");
    tell(h, "centre: restored from its backup");
    fault_note(FAULT_SERVER_RESTORED);
    crash_vfs_limit(c->machine.disk, 0);
    centre_open(c);
    mark_restored(c);
    promise_excuse_lost(h);
    promise_server_holds(h, true);
}
