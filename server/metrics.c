#include "server/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "schema/state/checks.h"
#include "server/milestones.h"
#include "server/store.h"

enum { MS_PER_S = 1000, S_PER_MINUTE = 60, US_PER_S = 1000000 };

/* --- form --- */

static void head(struct pic_buf *out, const char *name, const char *type, const char *help)
{
    pic_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void value(struct pic_buf *out, const char *name, int64_t v)
{
    pic_buf_printf(out, "%s %" PRId64 "\n", name, v);
}

/* Labels are numbers, codes of ours and fixed words: nothing that needs an escape. */
static void labelled(struct pic_buf *out, const char *name, const char *label, const char *is,
                     int64_t v)
{
    pic_buf_printf(out, "%s{%s=\"%s\"} %" PRId64 "\n", name, label, is, v);
}

/* --- what queries tell --- */

/* Rows of (value, label); a table of one row without label where label is NULL. */
struct query {
    const char *name, *type, *label, *help, *sql;
};

static const struct query journal_queries[] = {
    {"pic_agents", "gauge", "etat", "Ordinateurs reliés",
     "SELECT count(*), CASE retired WHEN 0 THEN 'actif' ELSE 'retire' END FROM registry_device"
     " GROUP BY 2"},
    {"pic_ops_received_total", "counter", NULL, "Saisies reçues des ordinateurs",
     "SELECT coalesce(sum(changes), 0) FROM log_head WHERE device <> 1"},
    {"pic_blobs_missing", "gauge", NULL, "Documents annoncés, pas encore reçus",
     "SELECT count(DISTINCT hash) FROM registry_document WHERE held = 0"},
    {"pic_receipts_issued_total", "counter", NULL, "Accusés émis",
     "SELECT coalesce(max(number), 0) FROM receipt"},
    {"pic_journal_size", "gauge", NULL, "Segments du journal", "SELECT count(*) FROM segment"},
};

static const struct query state_queries[] = {
    {"pic_bank_lines_unmatched", "gauge", "fonds", "Mouvements de banque sans rapprochement",
     "SELECT count(*), (l.fund >> 40) || '-' || (l.fund & 0xFFFFFFFFFF) FROM bank_line AS l"
     " WHERE l.cancelled IS NULL AND l.fund IS NOT NULL AND NOT EXISTS("
     "  SELECT 1 FROM \"match\" AS m WHERE m.bank_line = l.id AND m.cancelled IS NULL)"
     " GROUP BY l.fund"},
};

static int run_query(struct pic_db *db, const struct query *q, struct pic_buf *out,
                     struct pic_err *err)
{
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(db, q->sql, err);
    if (stmt == NULL)
        return pic_db_status(sqlite3_errcode(db->handle));
    head(out, q->name, q->type, q->help);
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        int64_t v = sqlite3_column_int64(stmt, 0);
        if (q->label == NULL)
            value(out, q->name, v);
        else
            labelled(out, q->name, q->label, (const char *)sqlite3_column_text(stmt, 1), v);
        status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

static int put_quarantine(struct pic_db *db, struct pic_buf *out, struct pic_err *err)
{
    static const char name[] = "pic_ops_quarantined";
    bool row = false;
    sqlite3_stmt *stmt =
        pic_db_prepare(db, "SELECT count(*), status FROM quarantine GROUP BY status", err);
    if (stmt == NULL)
        return pic_db_status(sqlite3_errcode(db->handle));
    head(out, name, "gauge", "Saisies gardées sans effet");
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        labelled(out, name, "code", pic_status_code(sqlite3_column_int(stmt, 1)),
                 sqlite3_column_int64(stmt, 0));
        status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

/* --- what the checks find --- */

struct findings {
    int64_t all, double_funding;
};

static int count_finding(void *context, const struct pic_finding *finding)
{
    struct findings *f = context;
    f->all++;
    f->double_funding +=
        pic_span_equal(finding->check->code, pic_span_text("facture-en-double")) ? 1 : 0;
    return PIC_OK;
}

static int put_findings(struct pic_db *db, struct pic_buf *out, struct pic_err *err)
{
    struct findings f = {0};
    int status = pic_checks_run(db, count_finding, &f, err);
    head(out, "pic_assertions_failed", "gauge", "Constats des contrôles automatiques");
    value(out, "pic_assertions_failed", f.all);
    head(out, "pic_double_funding_alerts", "gauge", "Factures présentées deux fois");
    labelled(out, "pic_double_funding_alerts", "etat", "ouverte", f.double_funding);
    return status;
}

/* --- laptops --- */

static int64_t contact_s(const struct pic_contact *c)
{
    return c->time_ms / MS_PER_S;
}

static int64_t contact_pending(const struct pic_contact *c)
{
    return (int64_t)c->pending_changes;
}

static int64_t contact_skew(const struct pic_contact *c)
{
    return (int64_t)c->clock_minutes * S_PER_MINUTE;
}

static int put_contacts(struct pic_registry *registry, struct pic_contacts *contacts,
                        struct pic_buf *out)
{
    static const struct {
        const char *name, *help;
        int64_t (*of)(const struct pic_contact *c);
    } metrics[] = {
        {"pic_agent_last_contact_timestamp_seconds", "Dernier contact", contact_s},
        {"pic_agent_declared_pending", "Saisies qui attendent chez lui", contact_pending},
        {"pic_agent_clock_skew_seconds", "Avance de son horloge", contact_skew},
    };
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < sizeof metrics / sizeof *metrics; i++) {
        struct pic_device device;
        head(out, metrics[i].name, "gauge", metrics[i].help);
        for (uint32_t n = 1; status == PIC_OK; n = device.certificate.device + 1) {
            struct pic_contact c;
            char number[16];
            status = pic_registry_device_next(registry, n, &device);
            if (status != PIC_OK || device.retired ||
                !pic_contacts_get(contacts, device.certificate.device, &c))
                continue;
            (void)snprintf(number, sizeof number, "%" PRIu32, c.device);
            labelled(out, metrics[i].name, "agent", number, metrics[i].of(&c));
        }
        status = status == PIC_ENOT_FOUND ? PIC_OK : status;
    }
    return status;
}

/* --- what is done regularly --- */

static void put_milestones(const char *folder, struct pic_buf *out)
{
    static const struct {
        enum pic_milestone milestone;
        const char *name, *type, *help;
        int64_t divisor;
    } metrics[] = {
        {PIC_MILESTONE_VERIFIED, "pic_verify_last_success_timestamp_seconds", "gauge",
         "Dernière vérification de tout, réussie", MS_PER_S},
        {PIC_MILESTONE_VERIFY_FAILURES, "pic_verify_failures_total", "counter",
         "Vérifications qui ont trouvé une faute", 1},
        {PIC_MILESTONE_BACKUP, "pic_backup_last_success_timestamp_seconds", "gauge",
         "Dernière sauvegarde", MS_PER_S},
        {PIC_MILESTONE_REHEARSAL, "pic_restore_test_last_success_timestamp_seconds", "gauge",
         "Dernier essai de restauration réussi", MS_PER_S},
    };
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        head(out, metrics[i].name, metrics[i].type, metrics[i].help);
        value(out, metrics[i].name,
              pic_milestone_get(folder, metrics[i].milestone) / metrics[i].divisor);
    }
}

/* --- disk --- */

uint64_t pic_disk_free(const char *folder)
{
    struct statvfs about;
    return statvfs(folder, &about) == 0 ? (uint64_t)about.f_bavail * about.f_frsize : 0;
}

static void put_disk(const char *folder, struct pic_buf *out)
{
    static const char *const names[] = {"journal.db", "journal.db-wal", "state.db", "state.db-wal",
                                        "cles.db"};
    char path[PIC_PATH_MAX];
    struct stat about;
    int64_t bytes = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (pic_server_path(folder, names[i], path) == PIC_OK && stat(path, &about) == 0)
            bytes += about.st_size;
    head(out, "pic_database_bytes", "gauge", "Taille des bases");
    value(out, "pic_database_bytes", bytes);
    head(out, "pic_disk_free_bytes", "gauge", "Place libre sur le disque des données");
    value(out, "pic_disk_free_bytes", (int64_t)pic_disk_free(folder));
}

/* --- what a running service counts --- */

static void put_live(const struct pic_metrics_live *live, struct pic_buf *out)
{
    static const char sessions[] = "pic_sessions_total";
    static const char duration[] = "pic_ingest_duration_seconds";
    const struct pic_workers_counts *w = &live->workers;
    uint64_t cumulated = 0;
    head(out, sessions, "counter", "Demandes");
    labelled(out, sessions, "resultat", "recue", (int64_t)(w->answered - w->refused));
    labelled(out, sessions, "resultat", "refusee", (int64_t)w->refused);
    labelled(out, sessions, "resultat", "occupe", (int64_t)w->busy);
    labelled(out, sessions, "resultat", "coupee", (int64_t)w->cut);
    head(out, duration, "histogram", "Durée d'une réponse");
    for (size_t i = 0; i < PIC_WORKERS_BUCKETS; i++) {
        cumulated += w->durations[i];
        uint32_t us = pic_workers_bucket_us(i);
        if (us == UINT32_MAX)
            pic_buf_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", duration, cumulated);
        else
            pic_buf_printf(out, "%s_bucket{le=\"%u.%06u\"} %" PRIu64 "\n", duration, us / US_PER_S,
                           us % US_PER_S, cumulated);
    }
    pic_buf_printf(out, "%s_sum %" PRIu64 ".%06" PRIu64 "\n%s_count %" PRIu64 "\n", duration,
                   w->duration_us / US_PER_S, w->duration_us % US_PER_S, duration, cumulated);
    head(out, "pic_connections", "gauge", "Connexions ouvertes");
    value(out, "pic_connections", (int64_t)live->listener.peers);
    head(out, "pic_connections_bad_total", "counter",
         "Connexions fermées pour ce qu'elles disaient");
    value(out, "pic_connections_bad_total", (int64_t)live->listener.bad);
}

/* --- all of it --- */

static int put_stored(const char *folder, struct pic_contacts *contacts, struct pic_buf *out,
                      struct pic_err *err)
{
    struct pic_server server;
    int status = pic_server_open(folder, PIC_SERVER_READ_ONLY, &server, err);
    if (status != PIC_OK)
        return status;
    for (size_t i = 0; status == PIC_OK && i < sizeof journal_queries / sizeof *journal_queries;
         i++)
        status = run_query(&server.journal_db, &journal_queries[i], out, err);
    if (status == PIC_OK)
        status = put_contacts(server.registry, contacts, out);
    for (size_t i = 0; status == PIC_OK && i < sizeof state_queries / sizeof *state_queries; i++)
        status = run_query(pic_server_db(&server), &state_queries[i], out, err);
    if (status == PIC_OK)
        status = put_quarantine(pic_server_db(&server), out, err);
    if (status == PIC_OK)
        status = put_findings(pic_server_db(&server), out, err);
    pic_server_close(&server);
    return status;
}

int pic_metrics_write(const char *folder, const char *version, struct pic_contacts *contacts,
                      const struct pic_metrics_live *live, struct pic_buf *out, struct pic_err *err)
{
    head(out, "pic_build_info", "gauge", "Version du programme");
    labelled(out, "pic_build_info", "version", version, 1);
    put_milestones(folder, out);
    put_disk(folder, out);
    if (live != NULL)
        put_live(live, out);
    return put_stored(folder, contacts, out, err);
}
