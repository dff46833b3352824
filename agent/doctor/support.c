#include "agent/doctor/support.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/doctor/mishaps.h"
#include "agent/query.h"
#include "schema/state/digest.h"

enum { SQL_MAX = 256, PATH_SIZE = PIC_AGENT_PATH_MAX + 32, MS_PER_S = 1000 };

static void section(struct pic_buf *out, const char *name)
{
    pic_buf_printf(out, "\n[%s]\n", name);
}

static void number(struct pic_buf *out, const char *key, int64_t value)
{
    pic_buf_printf(out, "%s = %" PRId64 "\n", key, value);
}

/* One row of at most two integers. */
static int ask(struct pic_db *db, const char *sql, int64_t *a, int64_t *b)
{
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(db, sql, NULL);
    int status =
        stmt == NULL ? pic_db_status(sqlite3_errcode(db->handle)) : pic_db_step(stmt, &row);
    *a = status == PIC_OK && row ? sqlite3_column_int64(stmt, 0) : 0;
    *b = status == PIC_OK && row ? sqlite3_column_int64(stmt, 1) : 0;
    (void)sqlite3_finalize(stmt);
    return status;
}

static void put_lines(const struct pic_checkup *checkup, struct pic_buf *out)
{
    section(out, "diagnostic");
    for (size_t i = 0; i < checkup->n; i++) {
        const struct pic_checkup_line *line = &checkup->lines[i];
        pic_buf_printf(out, "%s = %s", line->subject.key, pic_checkup_word(line->verdict));
        pic_buf_printf(out, line->status == PIC_OK ? "\n" : " %s\n", pic_status_code(line->status));
    }
}

static void put_sizes(const struct pic_examination *e, const char *folder, struct pic_buf *out)
{
    static const char *const names[] = {"pic.db", "pic.db-wal", "cles.pic", "erreurs.txt"};
    char path[PATH_SIZE];
    struct stat about;
    section(out, "tailles en octets");
    number(out, "libre", (int64_t)e->free_bytes);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (stat(path, &about) == 0)
            number(out, names[i], about.st_size);
    }
}

static void put_facts(const struct pic_examination *e, struct pic_buf *out)
{
    const struct pic_status_facts *f = &e->facts;
    const struct {
        const char *key;
        uint64_t value;
    } counts[] = {
        {"saisies a envoyer", f->pending.changes},
        {"octets de saisies", f->pending.bytes},
        {"documents a envoyer", f->pending.documents},
        {"octets de documents", f->pending.document_bytes},
        {"corrections demandees", f->corrections},
        {"conflits", f->conflicts},
        {"sans effet", f->quarantined},
        {"segments", e->integrity.segments},
        {"accuses", e->integrity.receipts},
        {"documents d'ici", e->integrity.documents},
        {"documents manquants", e->integrity.missing},
        {"fautes", e->integrity.faults},
    };
    section(out, "etat");
    pic_buf_printf(out, "etat = %s\n", pic_standing_name(f->standing));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        number(out, counts[i].key, (int64_t)counts[i].value);
    number(out, "ecart d'horloge en s", f->clock_offset_ms / MS_PER_S);
    number(out, "dernier contact", f->last_contact_ms / MS_PER_S);
    number(out, "dernier accuse", f->has_receipt ? (int64_t)f->receipt.number : 0);
    number(out, "accuse couvre tout", f->covers);
}

static int put_tables(struct pic_db *db, struct pic_buf *out)
{
    const char *table;
    int status = PIC_OK;
    section(out, "lignes par tableau");
    for (size_t at = 0; status == PIC_OK && (table = pic_state_table(&at)) != NULL;) {
        char sql[SQL_MAX];
        int64_t n;
        int64_t none;
        (void)snprintf(sql, sizeof sql, "SELECT count(*), 0 FROM \"%s\"", table);
        status = ask(db, sql, &n, &none);
        if (n > 0)
            number(out, table, n);
    }
    return status;
}

static int put_quarantine(struct pic_db *db, struct pic_buf *out)
{
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(
        db, "SELECT status, count(*) FROM quarantine GROUP BY status ORDER BY status", NULL);
    int status =
        stmt == NULL ? pic_db_status(sqlite3_errcode(db->handle)) : pic_db_step(stmt, &row);
    section(out, "sans effet, par motif");
    for (; status == PIC_OK && row; status = pic_db_step(stmt, &row))
        number(out, pic_status_code(sqlite3_column_int(stmt, 0)), sqlite3_column_int64(stmt, 1));
    (void)sqlite3_finalize(stmt);
    return status;
}

static int put_versions(struct pic_examination *e, struct pic_buf *out)
{
    const struct pic_diagnosis *d = &e->diagnosis;
    int64_t version = 0;
    int64_t pages = 0;
    int status = PIC_OK;
    section(out, "versions");
    pic_buf_printf(out, "pic = %u.%u.%u\n", d->major, d->minor, d->patch);
    number(out, "dictionnaire", d->dictionary);
    number(out, "tableaux", PIC_STATE_VERSION);
    pic_buf_printf(out, "sqlite = %s\n", sqlite3_libversion());
    pic_buf_printf(out, "ouverture = %s\n", pic_status_code(e->opened));
    if (e->opened == PIC_OK)
        status = ask(&e->agent.db,
                     "SELECT user_version, page_count FROM pragma_user_version,"
                     " pragma_page_count",
                     &version, &pages);
    number(out, "fichier", version);
    number(out, "pages", pages);
    return status;
}

/* Lines of our own making: what is not, in a file that anyone can write to, is left out. */
static void put_mishaps(const char *folder, struct pic_buf *out)
{
    struct pic_buf lines;
    pic_buf_init(&lines, PIC_MISHAPS_BYTES_MAX + 1);
    pic_mishaps_read(folder, &lines);
    section(out, "dernieres erreurs");
    for (const char *at = pic_buf_string(&lines); *at != '\0';) {
        size_t n = strcspn(at, "\n");
        long long ms = 0;
        char code[8] = "";
        /* NOLINTNEXTLINE(cert-err34-c): digits of our own; what does not fit is not copied. */
        if (sscanf(at, "%lld %4[A-Z0-9-]", &ms, code) == 2)
            pic_buf_printf(out, "%lld = %s\n", ms / MS_PER_S, code);
        at += n + (at[n] == '\n');
    }
    pic_buf_release(&lines);
}

int pic_support_put(struct pic_examination *examination, const struct pic_checkup *checkup,
                    const char *code, const char *settings, struct pic_buf *out)
{
    struct pic_examination *e = examination;
    bool open = e->opened == PIC_OK;
    pic_buf_printf(out, "pic, fichier de support 1\ncode = %s\n", code);
    int status = put_versions(e, out);
    put_lines(checkup, out);
    put_sizes(e, e->agent.folder, out);
    if (open)
        put_facts(e, out);
    if (open && status == PIC_OK)
        status = put_tables(&e->agent.db, out);
    if (open && status == PIC_OK)
        status = put_quarantine(&e->agent.db, out);
    section(out, "reglages");
    pic_buf_text(out, settings);
    put_mishaps(e->agent.folder, out);
    /* What could be counted in a damaged store still helps. */
    section(out, "ce fichier");
    pic_buf_printf(out, "complet = %s\n", pic_status_code(status));
    return pic_buf_status(out);
}
