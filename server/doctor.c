#include "server/doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "protocol/exchange/ask.h"
#include "protocol/net/link.h"
#include "server/metrics.h"
#include "server/milestones.h"
#include "server/store.h"

enum {
    TEXT_MAX = 128,
    FOREIGN_BITS = 077,
    FOREIGN_WRITE = 022,
    MEGABYTE = 1000000,
    BUSY_MS = 2000
};

#define DAY_MS           (INT64_C(86400) * 1000)
#define BACKUP_LATE_MS   (2 * DAY_MS)
#define REHEARSE_LATE_MS (8 * DAY_MS)
#define CLOCK_BACK_MS    (INT64_C(5) * 60 * 1000)

/* The findings of one subject. */
#define GOOD(tell)                                                                                 \
    {                                                                                              \
        PIC_CHECKUP_GOOD, PIC_OK, PIC_TELL_##tell, PIC_TELL_NOTHING_LOST                           \
    }
#define TO_SEE(status, tell, act)                                                                  \
    {                                                                                              \
        PIC_CHECKUP_TO_SEE, status, PIC_TELL_##tell, PIC_TELL_##act                                \
    }
#define BAD(status, tell, act)                                                                     \
    {                                                                                              \
        PIC_CHECKUP_BAD, status, PIC_TELL_##tell, PIC_TELL_##act                                   \
    }
#define AS_SAID(verdict_, status)                                                                  \
    {                                                                                              \
        verdict_, status, PIC_TELL_COUNT, PIC_TELL_COUNT                                           \
    }

/* --- folder, disk, keys --- */

static void folder_line(const char *folder, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"dossier", "Dossier"};
    static const struct pic_checkup_finding good = GOOD(CENTRE_FOLDER),
                                            open =
                                                BAD(PIC_OK, CENTRE_FOLDER_OPEN, CENTRE_DO_FOLDER),
                                            none = AS_SAID(PIC_CHECKUP_BAD, PIC_ENO_SERVER);
    struct stat about;
    if (stat(folder, &about) != 0)
        pic_checkup_add(out, subject, &none, folder, NULL);
    else
        pic_checkup_add(out, subject, (about.st_mode & FOREIGN_WRITE) == 0 ? &good : &open, folder,
                        NULL);
}

static void disk_line(const char *folder, const struct pic_config *config, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"disque", "Disque"};
    static const struct pic_checkup_finding good = GOOD(CENTRE_DISK),
                                            low = BAD(PIC_EDISK_FULL, CENTRE_DISK_LOW,
                                                      CENTRE_DO_DISK);
    struct pic_buf free;
    struct pic_buf least;
    uint64_t bytes = pic_disk_free(folder);
    uint64_t min = (uint64_t)pic_config_number(config, PIC_SET_SPACE_MIN) * MEGABYTE;
    pic_buf_init(&free, TEXT_MAX);
    pic_buf_init(&least, TEXT_MAX);
    pic_speech_bytes(&free, bytes);
    pic_speech_bytes(&least, min);
    pic_checkup_add(out, subject, bytes < min ? &low : &good, pic_buf_string(&free),
                    pic_buf_string(&least), NULL);
    pic_buf_release(&free);
    pic_buf_release(&least);
}

static void keys_line(const char *folder, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"cles", "Clés"};
    static const struct pic_checkup_finding good = GOOD(CENTRE_KEYS),
                                            open = BAD(PIC_OK, CENTRE_KEYS_OPEN, CENTRE_DO_KEYS),
                                            gone = BAD(PIC_EFILE, CENTRE_KEYS_GONE,
                                                       CENTRE_DO_KEYS_GONE);
    static const char *const names[] = {"identity.key", "transport.keys", "cles.db"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PIC_KEYRING_PATH_MAX + PIC_PATH_MAX];
        struct stat about;
        int status = i == 0 ? pic_keyring_identity_path(folder, path)
                            : pic_server_path(folder, names[i], path);
        bool there = status == PIC_OK && stat(path, &about) == 0;
        if (!there || (about.st_mode & FOREIGN_BITS) != 0) {
            pic_checkup_add(out, subject, there ? &open : &gone, names[i], NULL);
            return;
        }
    }
    pic_checkup_add(out, subject, &good, NULL);
}

/* --- journal and state --- */

static int ask_number(struct pic_db *db, const char *sql, int64_t *out)
{
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(db, sql, NULL);
    int status =
        stmt == NULL ? pic_db_status(sqlite3_errcode(db->handle)) : pic_db_step(stmt, &row);
    *out = status == PIC_OK && row ? sqlite3_column_int64(stmt, 0) : 0;
    (void)sqlite3_finalize(stmt);
    return status;
}

static int check_file(struct pic_db *db)
{
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(db, "PRAGMA quick_check(1)", NULL);
    int status =
        stmt == NULL ? pic_db_status(sqlite3_errcode(db->handle)) : pic_db_step(stmt, &row);
    if (status == PIC_OK &&
        (!row || !pic_span_equal(pic_db_column_span(stmt, 0), pic_span_text("ok"))))
        status = PIC_ESTORE_DAMAGED;
    (void)sqlite3_finalize(stmt);
    return status;
}

static void put_status(struct pic_checkup *out, struct pic_checkup_subject subject, int status)
{
    const struct pic_checkup_finding finding = AS_SAID(PIC_CHECKUP_BAD, status);
    pic_checkup_add(out, subject, &finding, NULL);
}

/* How far the tables came: they follow the journal, and catch up by themselves. */
static void state_line(const char *folder, int64_t journal, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"tableaux", "Tableaux"};
    static const struct pic_checkup_finding good = GOOD(CENTRE_STATE),
                                            late =
                                                TO_SEE(PIC_OK, CENTRE_STATE_LATE, CENTRE_DO_STATE);
    const struct pic_db_options options = {
        .durability = PIC_REBUILDABLE, .read_only = true, .busy_ms = BUSY_MS};
    char path[PIC_PATH_MAX];
    char said[TEXT_MAX];
    struct pic_db db = {0};
    int64_t position = 0;
    int status = pic_server_path(folder, "state.db", path);
    if (status == PIC_OK)
        status = pic_db_open(path, &options, &db, NULL);
    if (status == PIC_OK)
        status = check_file(&db);
    if (status == PIC_OK)
        status = ask_number(&db, "SELECT position FROM projection WHERE one = 1", &position);
    pic_db_close(&db);
    (void)snprintf(said, sizeof said, "%" PRId64, journal - position);
    if (status != PIC_OK && status != PIC_EFILE)
        put_status(out, subject, status);
    else
        pic_checkup_add(out, subject, position < journal ? &late : &good, said, NULL);
}

/* A server gives times that never go back: a receipt of later than now says that the clock did. */
static void clock_line(struct pic_server *server, int64_t now_ms, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"horloge", "Horloge"};
    static const struct pic_checkup_finding good = GOOD(CENTRE_CLOCK),
                                            back =
                                                BAD(PIC_ECLOCK, CENTRE_CLOCK_BACK, CENTRE_DO_CLOCK);
    struct pic_buf by;
    int64_t last_ms = 0;
    int status =
        ask_number(&server->journal_db, "SELECT coalesce(max(time_ms), 0) FROM receipt", &last_ms);
    bool behind = status == PIC_OK && last_ms > now_ms + CLOCK_BACK_MS;
    pic_buf_init(&by, TEXT_MAX);
    pic_speech_duration(&by, last_ms - now_ms);
    pic_checkup_add(out, subject, behind ? &back : &good, pic_buf_string(&by), NULL);
    pic_buf_release(&by);
}

static void journal_lines(struct pic_server *server, int64_t now_ms, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"journal", "Journal"};
    static const struct pic_checkup_finding good = GOOD(CENTRE_JOURNAL);
    char position[TEXT_MAX];
    char receipts[TEXT_MAX];
    int64_t last = 0;
    int64_t number = 0;
    int status = check_file(&server->journal_db);
    if (status == PIC_OK)
        status = ask_number(&server->journal_db, "SELECT coalesce(max(position), 0) FROM segment",
                            &last);
    if (status == PIC_OK)
        status = ask_number(&server->journal_db, "SELECT count(*) FROM receipt", &number);
    (void)snprintf(position, sizeof position, "%" PRId64, last);
    (void)snprintf(receipts, sizeof receipts, "%" PRId64, number);
    if (status != PIC_OK) {
        put_status(out, subject, status);
        return;
    }
    pic_checkup_add(out, subject, &good, position, receipts, NULL);
    state_line(server->folder, last, out);
    clock_line(server, now_ms, out);
}

/* --- what is done regularly --- */

static void milestone_lines(const char *folder, int64_t now_ms, struct pic_checkup *out)
{
    static const struct {
        enum pic_milestone milestone;
        struct pic_checkup_subject subject;
        int64_t late_ms;
        struct pic_checkup_finding good, late, never;
    } lines[] = {
        {PIC_MILESTONE_BACKUP,
         {"sauvegarde", "Sauvegarde"},
         BACKUP_LATE_MS,
         GOOD(CENTRE_DONE),
         TO_SEE(PIC_OK, CENTRE_DONE, CENTRE_DO_BACKUP),
         BAD(PIC_OK, CENTRE_NEVER, CENTRE_DO_BACKUP)},
        {PIC_MILESTONE_REHEARSAL,
         {"essai", "Essai de restauration"},
         REHEARSE_LATE_MS,
         GOOD(CENTRE_DONE),
         TO_SEE(PIC_OK, CENTRE_DONE, CENTRE_DO_REHEARSE),
         TO_SEE(PIC_OK, CENTRE_NEVER, CENTRE_DO_REHEARSE)},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct pic_buf when;
        int64_t last_ms = pic_milestone_get(folder, lines[i].milestone);
        bool late = now_ms - last_ms > lines[i].late_ms;
        const struct pic_checkup_finding *finding = last_ms == 0 ? &lines[i].never
                                                    : late       ? &lines[i].late
                                                                 : &lines[i].good;
        pic_buf_init(&when, TEXT_MAX);
        pic_speech_moment(&when, last_ms, now_ms);
        pic_checkup_add(out, lines[i].subject, finding, pic_buf_string(&when), NULL);
        pic_buf_release(&when);
    }
}

/* --- addresses --- */

/* Asks what answers there for its key. PIC_OK: this very server. */
static int ask_key(const char *url, const uint8_t identity[static PIC_KEY_SIZE])
{
    struct pic_link *link = NULL;
    struct pic_transport transport;
    struct pic_buf payload;
    pic_buf_init(&payload, PIC_FRAME_MAX);
    int status = pic_link_open(url, PIC_DOCTOR_TIMEOUT_MS, &link);
    if (status == PIC_OK) {
        pic_ask_key(&payload);
        status = pic_link_send(link, pic_buf_view(&payload), PIC_DOCTOR_TIMEOUT_MS);
    }
    if (status == PIC_OK)
        status = pic_link_receive(link, &payload, PIC_DOCTOR_TIMEOUT_MS);
    if (status == PIC_OK)
        status = pic_ask_key_read(pic_buf_view(&payload), identity, &transport);
    pic_link_close(link);
    pic_buf_release(&payload);
    return status;
}

static void listen_lines(const struct pic_config *config, const struct pic_server *server,
                         struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"ecoute", "Adresse"};
    static const struct pic_checkup_finding good = GOOD(CENTRE_LISTENS),
                                            quiet = TO_SEE(PIC_EUNREACHABLE, CENTRE_QUIET,
                                                           CENTRE_DO_SERVE),
                                            other = BAD(PIC_EOTHER_SERVER, CENTRE_OTHER,
                                                        CENTRE_DO_OTHER);
    char url[PIC_SETTING_MAX + 1];
    for (size_t i = 0; pic_config_word(config, PIC_SET_LISTEN, i, url); i++) {
        int status = ask_key(url, server->keys.identity.public);
        bool nobody = status == PIC_EUNREACHABLE || status == PIC_ETIMEOUT;
        pic_checkup_add(out, subject,
                        status == PIC_OK ? &good
                        : nobody         ? &quiet
                                         : &other,
                        url, NULL);
    }
}

void pic_server_examine(const char *folder, const struct pic_config *config, int64_t now_ms,
                        struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"donnees", "Données"};
    struct pic_server server;
    memset(out, 0, sizeof *out);
    folder_line(folder, out);
    disk_line(folder, config, out);
    int status = pic_server_open(folder, PIC_SERVER_NO_STATE | PIC_SERVER_READ_ONLY, &server, NULL);
    if (status != PIC_OK) {
        put_status(out, subject, status);
        return;
    }
    keys_line(folder, out);
    journal_lines(&server, now_ms, out);
    milestone_lines(folder, now_ms, out);
    listen_lines(config, &server, out);
    pic_server_close(&server);
}
