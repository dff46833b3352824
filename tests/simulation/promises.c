#include "tests/simulation/promises.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/compare.h"
#include "tests/simulation/history.h"
#include "tests/simulation/naive.h"

/* --- every change of a store --- */

typedef void visitor(void *context, const struct pic_change *change, uint64_t audience);

static void each_change(struct history *h, struct pic_journal *journal, visitor *visit,
                        void *context)
{
    struct pic_segment_reader *reader = h->centre.reader;
    struct pic_buf bytes;
    struct pic_segment segment;
    struct pic_change change;
    uint64_t position = 1;
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    int status = pic_journal_next(journal, &position, &bytes);
    for (; status == PIC_OK; status = pic_journal_next(journal, &position, &bytes)) {
        bool done = false;
        position++;
        if (pic_segment_read(pic_buf_view(&bytes), &segment) != PIC_OK ||
            pic_segment_reader_open(reader, &segment) != PIC_OK)
            broken(h, "4", "a journal holds a segment that cannot be read");
        while (pic_segment_reader_next(reader, &change, &done) == PIC_OK && !done)
            visit(context, &change, segment.audience);
    }
    if (status != PIC_ENOT_FOUND)
        broken(h, "reading", "a journal: %s", pic_status_name(status));
    pic_buf_release(&bytes);
}

struct pending_visit {
    visitor *visit;
    void *context;
    uint64_t audience;
};

static int visit_pending(void *context, const struct pic_change *change, size_t bytes)
{
    struct pending_visit *v = context;
    (void)bytes;
    v->visit(v->context, change, v->audience);
    return PIC_OK;
}

static void each_pending(struct laptop *l, visitor *visit, void *context)
{
    struct pending_visit v = {visit, context, l->organisation};
    if (pic_agent_pending_each(&l->agent, 0, visit_pending, &v) != PIC_OK)
        broken(l->machine.history, "reading", "%s: pending", l->machine.name);
}

/* The first column of the first row; -1 when there is none. */
static int64_t number_of(struct pic_db *db, const char *sql, uint64_t parameter)
{
    int64_t value = -1;
    sqlite3_stmt *stmt = pic_db_prepare(db, sql, NULL);
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)parameter);
    if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW)
        value = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return value;
}

/* --- 1 --- */

struct rebuild {
    struct history *h;
    struct pic_db db;
    struct pic_state *state;
};

static void fold(void *context, const struct pic_change *change, uint64_t audience)
{
    struct rebuild *r = context;
    int status = pic_state_fold(r->state, change, audience, NULL);
    if (status != PIC_OK)
        broken(r->h, "1", "a change cannot be folded: %s", pic_status_name(status));
}

static void rebuild_begin(struct history *h, const struct pic_author *self, struct rebuild *r)
{
    *r = (struct rebuild){.h = h};
    const struct pic_db_options options = {.durability = PIC_REBUILDABLE};
    if (pic_db_open(":memory:", &options, &r->db, NULL) != PIC_OK ||
        pic_state_prepare(&r->db, NULL) != PIC_OK || pic_db_begin(&r->db, NULL) != PIC_OK ||
        pic_state_new(&r->db, self, &r->state, NULL) != PIC_OK)
        broken(h, "1", "no fresh state");
}

static void rebuild_compare(struct rebuild *r, struct pic_db *kept, const char *who)
{
    if (pic_state_flush(r->state) != PIC_OK)
        broken(r->h, "1", "no fresh state");
    compare_all(r->h, "1 (rebuilt state is equal)", who, kept, &r->db, NULL);
    pic_state_free(r->state);
    pic_db_rollback(&r->db);
    pic_db_close(&r->db);
}

void promise_1_rebuilt_state_is_equal(struct history *h)
{
    struct rebuild r;
    rebuild_begin(h, NULL, &r);
    each_change(h, h->centre.server.journal, fold, &r);
    rebuild_compare(&r, pic_server_db(&h->centre.server), "centre");
    for (unsigned i = 0; i < h->laptop_n; i++) {
        struct laptop *l = &h->laptops[i];
        const struct pic_author self = {.device = l->agent.self.device,
                                        .organisation = l->agent.self.organisation,
                                        .roles = l->agent.self.role,
                                        .last_seq = UINT64_MAX};
        if (l->gone)
            continue;
        rebuild_begin(h, &self, &r);
        each_change(h, l->agent.journal, fold, &r);
        each_pending(l, fold, &r);
        rebuild_compare(&r, &l->agent.db, l->machine.name);
    }
}

/* --- 2 --- */

/* A laptop that was retired, or whose disk is alone with its truth, has other segments. */
static bool holds_all(const struct laptop *l)
{
    return !l->gone && !l->revoked;
}

void promise_2_replicas_agree(struct history *h)
{
    for (unsigned i = 0; i < h->laptop_n; i++) {
        struct laptop *l = &h->laptops[i];
        if (!holds_all(l))
            continue;
        compare_all(h, "2 (replicas agree)", l->machine.name, pic_server_db(&h->centre.server),
                    &l->agent.db, &l->organisation);
        for (unsigned k = i + 1; k < h->laptop_n; k++)
            if (holds_all(&h->laptops[k]) && h->laptops[k].organisation == l->organisation)
                compare_all(h, "2 (replicas agree)", l->machine.name, &l->agent.db,
                            &h->laptops[k].agent.db, NULL);
    }
}

/* --- 4 --- */

struct found {
    struct history *h;
    uint32_t device; /* only its changes; 0: all */
    uint64_t dots[ENTRIES_MAX];
    unsigned times[ENTRIES_MAX];
};

static void find(void *context, const struct pic_change *change, uint64_t audience)
{
    struct found *f = context;
    unsigned mark = ledger_mark(change);
    (void)audience;
    if (mark == ENTRIES_MAX || (f->device != 0 && pic_dot_device(change->dot) != f->device))
        return;
    f->times[mark]++;
    f->dots[mark] = change->dot;
}

static struct found *found_new(struct history *h, uint32_t device)
{
    struct found *f = calloc(1, sizeof *f);
    if (f == NULL)
        broken(h, "memory", "no list");
    f->h = h;
    f->device = device;
    return f;
}

/* Where it was found and is gone again, it may come back from a backup: nothing was promised. */
static void settle_doubt(struct entry *e, bool acknowledged, bool there)
{
    e->excused = e->seen && !there;
    if (acknowledged || e->excused)
        e->state = ENTRY_KEPT;
    else if (!there)
        e->state = ENTRY_VOID;
    e->seen = e->seen || there;
}

void promise_note_acknowledged(struct laptop *l)
{
    struct history *h = l->machine.history;
    struct found *journal = found_new(h, l->device);
    struct found *pending = found_new(h, 0);
    unsigned number = (unsigned)(l - h->laptops);
    each_change(h, l->agent.journal, find, journal);
    each_pending(l, find, pending);
    for (unsigned i = 0; i < h->ledger.n; i++) {
        struct entry *e = &h->ledger.entries[i];
        unsigned times = journal->times[i] + pending->times[i];
        if (times > 1)
            broken(h, "4 (applied twice)", "#%u# is %u times on %s", i, times, l->machine.name);
        if (e->state == ENTRY_DOUBT && e->laptop == number)
            settle_doubt(e, journal->times[i] > 0, times > 0);
        if (e->state == ENTRY_VOID && times > 0)
            broken(h, "4 (refused)", "#%u# was refused, and is on %s", i, l->machine.name);
        if (e->laptop == number)
            e->away = e->away && times == 0;
        if (e->laptop == number && e->state == ENTRY_KEPT && !e->excused && !e->away && times == 0)
            broken(h, "4 (lost)", "#%u# is no longer on %s", i, l->machine.name);
        e->acknowledged = e->acknowledged || journal->times[i] > 0;
    }
    free(journal);
    free(pending);
}

/* The document that a change brings, if any, must be whole on the server, unless a clone has it. */
struct documents {
    struct laptop *l;
};

static void check_document(void *context, const struct pic_change *change, uint64_t audience)
{
    const struct documents *d = context;
    struct history *h = d->l->machine.history;
    const struct pic_field *blob =
        pic_entity_by_column(pic_dictionary_entity(PIC_DOCUMENT), "blob");
    unsigned mark = ledger_mark(change);
    (void)audience;
    if (change->entity != PIC_DOCUMENT || pic_dot_device(change->dot) != d->l->device)
        return;
    for (unsigned i = 0; i < change->op_n; i++)
        if (change->ops[i].field == blob->number && change->ops[i].value.s.n == PIC_HASH_SIZE &&
            mark < ENTRIES_MAX && h->ledger.entries[mark].laptop == (unsigned)(d->l - h->laptops) &&
            pic_blobs_verify(&h->centre.server.documents, change->ops[i].value.s.p) != PIC_OK)
            broken(h, "4 (documents)", "%s says that all is received; #%u# is not",
                   d->l->machine.name, mark);
}

void promise_all_is_received(struct laptop *l)
{
    struct history *h = l->machine.history;
    struct documents documents = {l};
    struct found *f = found_new(h, l->device);
    each_change(h, h->centre.server.journal, find, f);
    for (unsigned i = 0; i < h->ledger.n; i++) {
        const struct entry *e = &h->ledger.entries[i];
        if (e->laptop == (unsigned)(l - h->laptops) && e->state == ENTRY_KEPT && !e->excused &&
            !e->away && f->times[i] != 1)
            broken(h, "4 (received)", "%s says that all is received; #%u# is not", l->machine.name,
                   i);
    }
    each_change(h, l->agent.journal, check_document, &documents);
    free(f);
}

void promise_server_holds(struct history *h, bool restored)
{
    struct found *f = found_new(h, 0);
    each_change(h, h->centre.server.journal, find, f);
    for (unsigned i = 0; i < h->ledger.n; i++) {
        struct entry *e = &h->ledger.entries[i];
        e->forgotten = (e->forgotten || restored) && f->times[i] == 0;
        if (e->acknowledged && !e->excused && !e->forgotten && f->times[i] == 0)
            broken(h, "4 (acknowledged)", "#%u# is no longer on the server", i);
    }
    free(f);
}

bool promise_server_remembers(struct history *h)
{
    promise_server_holds(h, false);
    for (unsigned i = 0; i < h->ledger.n; i++)
        if (h->ledger.entries[i].acknowledged && h->ledger.entries[i].forgotten)
            return false;
    return true;
}

/* Every place of every entry, all stores together. */
static struct found *everywhere(struct history *h)
{
    struct found *f = found_new(h, 0);
    each_change(h, h->centre.server.journal, find, f);
    for (unsigned i = 0; i < h->laptop_n; i++) {
        struct laptop *l = &h->laptops[i];
        if (!l->open)
            continue;
        f->device = l->device; /* others' entries cannot be sent from here */
        each_change(h, l->agent.journal, find, f);
        f->device = 0;
        each_pending(l, find, f);
    }
    return f;
}

void promise_excuse_away(struct laptop *l)
{
    struct history *h = l->machine.history;
    for (unsigned i = 0; i < h->ledger.n; i++)
        if (h->ledger.entries[i].laptop == (unsigned)(l - h->laptops))
            h->ledger.entries[i].away = true; /* until it is found there */
}

void promise_excuse_lost(struct history *h)
{
    struct found *f = everywhere(h);
    for (unsigned i = 0; i < h->ledger.n; i++) {
        struct entry *e = &h->ledger.entries[i];
        if (e->state != ENTRY_KEPT || e->excused)
            continue;
        e->excused = f->times[i] == 0;
        if (e->excused)
            tell(h, "#%u# was on no other disk", i);
    }
    free(f);
}

void promise_4_nothing_lost_or_doubled(struct history *h)
{
    struct found *server = found_new(h, 0);
    struct found *all = everywhere(h);
    each_change(h, h->centre.server.journal, find, server);
    for (unsigned i = 0; i < h->laptop_n; i++)
        if (!h->laptops[i].gone)
            promise_note_acknowledged(&h->laptops[i]);
    for (unsigned i = 0; i < h->ledger.n; i++) {
        const struct entry *e = &h->ledger.entries[i];
        const struct laptop *author = &h->laptops[e->laptop];
        unsigned times = server->times[i];
        if (times > 1)
            broken(h, "4 (applied twice)", "#%u# is %u times on the server", i, times);
        if (e->state == ENTRY_VOID && times > 0)
            broken(h, "4 (refused)", "#%u# was refused, and is on the server", i);
        /* Forged: kept, shown with its reason, and without effect. */
        if (times == 1 && e->hostile &&
            number_of(pic_server_db(&h->centre.server),
                      "SELECT count(*) FROM quarantine WHERE dot = ?1", server->dots[i]) != 1)
            broken(h, "4 (quarantine)", "#%u# is forged, and is not in quarantine", i);
        if (e->state != ENTRY_KEPT || e->excused)
            continue;
        if (e->away && !author->revoked)
            broken(h, "4 (lost)", "#%u# never came back to %s", i, author->machine.name);
        if (times == 0 && !author->revoked)
            broken(h, "4 (lost)", "#%u# of %s%s is not on the server", i, author->machine.name,
                   e->acknowledged ? ", acknowledged," : "");
        if (all->times[i] == 0)
            broken(h, "4 (lost)", "#%u# of %s is nowhere", i, author->machine.name);
    }
    free(server);
    free(all);
}

/* --- 5 --- */

static void facts_stand(struct history *h, struct pic_db *db, const char *who,
                        const struct found *where)
{
    /* Each reversal that counts is the least of those about its fact, and there is one for each
     * fact that is reversed. */
    static const char *const wrong[] = {
        "SELECT count(*) FROM %s AS f WHERE (reversed IS NULL) <>"
        " NOT EXISTS(SELECT 1 FROM reversal AS r WHERE r.about = f.id)",
        "SELECT count(*) FROM %s AS f WHERE reversed IS NOT NULL AND reversed <>"
        " (SELECT id FROM reversal AS r WHERE r.about = f.id ORDER BY r.stamp, r.id >> 40 LIMIT 1)",
    };
    static const struct {
        unsigned entity;
        const char *table;
    } facts[] = {{PIC_DECISION, "decision"}, {PIC_PAYMENT, "payment"}, {PIC_EXPENSE, "expense"}};
    char sql[512];
    for (size_t t = 0; t < sizeof facts / sizeof *facts; t++) {
        for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
            (void)sqlite3_snprintf(sizeof sql, sql, wrong[w], facts[t].table);
            int64_t n = number_of(db, sql, 0);
            if (n != 0)
                broken(h, "5 (reversals)", "%s: %lld rows of %s", who, (long long)n,
                       facts[t].table);
        }
        (void)sqlite3_snprintf(sizeof sql, sql, "SELECT amount FROM %s WHERE id = ?1",
                               facts[t].table);
        for (unsigned i = 0; i < h->ledger.n; i++) {
            const struct entry *e = &h->ledger.entries[i];
            if (e->entity != facts[t].entity || e->cents == 0 || e->hostile || where->times[i] == 0)
                continue;
            int64_t cents = number_of(db, sql, where->dots[i]);
            if (cents != e->cents)
                broken(h, "5 (facts stand)", "%s: #%u# was %lld and is %lld", who, i,
                       (long long)e->cents, (long long)cents);
        }
    }
}

void promise_5_facts_stand(struct history *h)
{
    struct found *f = found_new(h, 0);
    each_change(h, h->centre.server.journal, find, f);
    facts_stand(h, pic_server_db(&h->centre.server), "centre", f);
    free(f);
    for (unsigned i = 0; i < h->laptop_n; i++) {
        struct laptop *l = &h->laptops[i];
        if (l->gone)
            continue;
        f = found_new(h, 0);
        each_change(h, l->agent.journal, find, f);
        each_pending(l, find, f);
        facts_stand(h, &l->agent.db, l->machine.name, f);
        free(f);
    }
}

/* --- 6 --- */

void promise_6_server_verifies(struct history *h)
{
    centre_verify(&h->centre);
}

/* --- 3 --- */

static void totals_add_up(struct history *h, struct pic_db *db, const char *who)
{
    struct naive naive;
    struct pic_buf difference;
    pic_buf_init(&difference, 4096);
    naive_count(h, db, &naive);
    if (!naive_equals(&naive, db, &difference))
        broken(h, "3 (totals add up)", "%s: %s", who, pic_buf_string(&difference));
    naive_release(&naive);
    pic_buf_release(&difference);
}

void promise_3_totals_add_up(struct history *h)
{
    totals_add_up(h, pic_server_db(&h->centre.server), "centre");
    for (unsigned i = 0; i < h->laptop_n; i++)
        if (!h->laptops[i].gone)
            totals_add_up(h, &h->laptops[i].agent.db, h->laptops[i].machine.name);
}
