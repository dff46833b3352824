#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/dictionary/number.h"
#include "schema/state/persons.h"
#include "server/authority_file.h"
#include "server/commands/commands.h"
#include "server/erasure.h"
#include "server/file.h"
#include "server/record.h"

enum {
    POPULATION_BYTES_MAX = 64 << 20,
    SAMPLE_DEFAULT = 10,
    SAMPLE_MAX = 1000,
    SEED_MAX = 1000000000,
    MS_PER_DAY = 24 * 3600 * 1000,
};

/* --- controle ouvrir --- */

static const struct pic_option open_options[] = {
    {.name = "autorite",
     .argument = "FICHIER",
     .help = "La clé secrète de l'autorité, sur son support",
     .flags = PIC_OPTION_REQUIRED},
    {.name = "qui",
     .argument = "NOM",
     .help = "La personne qui lit, pour le journal",
     .flags = PIC_OPTION_REQUIRED},
    {.name = "motif", .argument = "TEXTE", .help = "Pourquoi", .flags = PIC_OPTION_REQUIRED},
    {.name = "graine",
     .argument = "N",
     .help = "Tire l'échantillon ; la même graine, le même tirage"},
    {.name = "taille", .argument = "N", .help = "Nombre d'identités à tirer ; 10 par défaut"},
    {0},
};

/* One box that may be drawn. */
struct drawn {
    uint8_t rank[PIC_HASH_SIZE]; /* by seed: the least are drawn */
    uint64_t id;
    uint8_t hash[PIC_HASH_SIZE];
};

struct drawing {
    struct pic_server *server;
    uint64_t seed, only; /* only: the row asked for, or 0 */
    struct pic_buf population;
};

/* Rank = BLAKE2b-256("pic/1 sample" | seed | row | box): whoever knows the seed draws the same. */
static int note_box(void *context, uint64_t id, struct pic_span hash)
{
    struct drawing *d = context;
    struct drawn box = {.id = id};
    enum pic_box_state state = PIC_BOX_AWAITED;
    struct pic_buf text;
    if (d->only != 0 && id != d->only)
        return PIC_OK;
    int status = pic_identities_state(d->server->identities, hash.p, &state);
    if (status != PIC_OK || state != PIC_BOX_HELD)
        return status == PIC_ENOT_FOUND ? PIC_OK : status;
    memcpy(box.hash, hash.p, sizeof box.hash);
    pic_buf_init(&text, 256);
    pic_buf_text(&text, "pic/1 sample");
    pic_buf_u64(&text, d->seed);
    pic_buf_u64(&text, id);
    pic_buf_bytes(&text, hash.p, hash.n);
    pic_hash(pic_buf_view(&text), box.rank);
    pic_buf_release(&text);
    pic_buf_bytes(&d->population, &box, sizeof box);
    return pic_buf_status(&d->population);
}

static int by_rank(const void *a, const void *b)
{
    return memcmp(((const struct drawn *)a)->rank, ((const struct drawn *)b)->rank, PIC_HASH_SIZE);
}

/* Every reading is itself an entry, in the association's own log: it can see who read. */
static int note_reading(struct pic_call *call, struct pic_record *record, const struct drawn *box)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_READING);
    const struct pic_value values[] = {
        {.kind = PIC_KIND_REF, .i = (int64_t)box->id},
        {.kind = PIC_KIND_INT, .i = pic_server_now_ms() / MS_PER_DAY},
        {.kind = PIC_KIND_BYTES, .s = pic_span_of(box->hash, sizeof box->hash)},
    };
    const struct pic_input inputs[] = {
        {.field = pic_entity_by_column(entity, "about"), .value = &values[0]},
        {.field = pic_entity_by_column(entity, "who"), .typed = pic_call_option(call, "qui")},
        {.field = pic_entity_by_column(entity, "reason"), .typed = pic_call_option(call, "motif")},
        {.field = pic_entity_by_column(entity, "read_on"), .value = &values[1]},
        {.field = pic_entity_by_column(entity, "box"), .value = &values[2]},
    };
    return pic_record_add(record, entity, 0, inputs, sizeof inputs / sizeof *inputs, NULL,
                          &call->err);
}

static int open_box(struct pic_server *server, const struct pic_dh_pair *authority,
                    const struct drawn *box, struct pic_sheet *sheet)
{
    struct pic_buf blob;
    struct pic_buf plain;
    uint64_t total = 0;
    pic_buf_init(&blob, PIC_IDENTITY_BLOB_MAX);
    pic_buf_init(&plain, PIC_IDENTITY_MAX);
    (void)pic_buf_room(&plain, PIC_IDENTITY_MAX);
    int status =
        pic_identities_read(server->identities, box->hash, 0, PIC_IDENTITY_BLOB_MAX, &total, &blob);
    if (status == PIC_OK)
        status = pic_identity_open(pic_buf_view(&blob), authority, 1, &plain);
    if (status == PIC_OK) {
        pic_command_put_dot(sheet, box->id);
        pic_sheet_span(sheet, pic_buf_view(&plain));
    }
    pic_buf_wipe(&plain);
    pic_buf_wipe(&blob);
    return status;
}

/* Nothing is shown before the entries that say so are durable. */
static int open_sample(struct pic_call *call, struct pic_server *server,
                       const struct pic_dh_pair *authority, const struct drawn *boxes, size_t n,
                       struct pic_sheet *sheet)
{
    struct pic_record *record = NULL;
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < n; i++)
        status = open_box(server, authority, &boxes[i], sheet);
    if (status != PIC_OK)
        return pic_fail(&call->err, status, pic_call_option(call, "autorite"), NULL);
    status = pic_record_begin(server, &record, &call->err);
    if (status != PIC_OK)
        return status;
    for (size_t i = 0; status == PIC_OK && i < n; i++)
        status = note_reading(call, record, &boxes[i]);
    if (status == PIC_OK)
        return pic_record_commit(record, &call->err);
    pic_record_abort(record);
    return status;
}

static int read_numbers(struct pic_call *call, int64_t *seed, int64_t *size)
{
    const char *given = pic_call_option(call, "graine");
    const char *n = pic_call_option(call, "taille");
    *seed = 0;
    *size = SAMPLE_DEFAULT;
    int status = given == NULL ? PIC_OK : pic_count_parse(given, SEED_MAX, seed, &call->err);
    if (status == PIC_OK && n != NULL)
        status = pic_count_parse(n, SAMPLE_MAX, size, &call->err);
    return status;
}

static int draw(struct pic_call *call, struct drawing *d, size_t *n)
{
    int status = PIC_OK;
    pic_buf_init(&d->population, POPULATION_BYTES_MAX);
    if (call->arg_n > 0)
        status = pic_entry_find(pic_server_state(d->server), "", PIC_DEVICE_SERVER, call->args[0],
                                &d->only, &call->err);
    if (status == PIC_OK) {
        status = pic_persons_living(pic_server_db(d->server), note_box, d);
        if (status != PIC_OK)
            (void)pic_fail(&call->err, status, NULL);
    }
    *n = d->population.len / sizeof(struct drawn);
    qsort(d->population.data, *n, sizeof(struct drawn), by_rank);
    if (status == PIC_OK && *n == 0)
        status = pic_fail(&call->err, PIC_ENOT_FOUND, NULL);
    return status;
}

static int run_open(struct pic_call *call)
{
    static const struct pic_column columns[] = {{"saisie", "Saisie", PIC_TYPE_TEXT},
                                                {"identite", "Identité", PIC_TYPE_TEXT}};
    struct pic_server server;
    struct pic_dh_pair authority = {0};
    struct pic_sheet sheet;
    struct drawing d = {.server = &server};
    int64_t seed = 0;
    int64_t size = 0;
    size_t n = 0;
    int status = read_numbers(call, &seed, &size);
    if (status == PIC_OK)
        status = pic_authority_read(pic_call_option(call, "autorite"), &authority, &call->err);
    if (status == PIC_OK)
        status = pic_command_open(call, 0, &server);
    if (status != PIC_OK) {
        pic_memory_unlock(&authority, sizeof authority);
        return status;
    }
    d.seed = (uint64_t)seed;
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    status = draw(call, &d, &n);
    if (status == PIC_OK)
        status = open_sample(call, &server, &authority,
                             (const struct drawn *)(const void *)d.population.data,
                             n < (size_t)size || d.only != 0 ? n : (size_t)size, &sheet);
    pic_memory_unlock(&authority, sizeof authority);
    if (status == PIC_OK)
        status = pic_call_sheet(call, &sheet, false);
    if (sheet.cells.data != NULL)
        pic_wipe(sheet.cells.data, sheet.cells.cap);
    pic_sheet_release(&sheet);
    pic_buf_release(&d.population);
    pic_server_close(&server);
    return status;
}

/* --- effacer-personne --- */

static const struct pic_option erase_options[] = {
    {.name = "motif",
     .argument = "TEXTE",
     .help = "Pourquoi, par exemple « demande de la personne »"},
    {.name = "oui", .help = "Efface sans demander"},
    {.name = "echeances", .help = "Montre les identités dont la durée de garde est échue"},
    {.name = "certificat", .argument = "FICHIER", .help = "Où écrire le certificat signé"},
    {0},
};

static int put_due(void *context, const struct pic_person_due *due)
{
    struct pic_sheet *sheet = context;
    pic_command_put_dot(sheet, due->id);
    pic_sheet_text(sheet, due->entity == NULL ? "" : due->entity->label);
    pic_sheet_span(sheet, due->title);
    pic_sheet_int(sheet, due->ended);
    pic_sheet_int(sheet, due->due);
    return PIC_OK;
}

static int show_due(struct pic_call *call, struct pic_server *server)
{
    static const struct pic_column columns[] = {
        {"numero", "N°", PIC_TYPE_TEXT},
        {"saisie", "Saisie", PIC_TYPE_TEXT},
        {"action", "Action", PIC_TYPE_TEXT},
        {"fin", "Fin de l'action", PIC_TYPE_DATE},
        {"echeance", "À effacer depuis", PIC_TYPE_DATE},
    };
    struct pic_sheet sheet;
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    int status =
        pic_persons_due(pic_server_db(server), pic_server_now_ms() / MS_PER_DAY, put_due, &sheet);
    status =
        status == PIC_OK ? pic_call_sheet(call, &sheet, false) : pic_fail(&call->err, status, NULL);
    pic_sheet_release(&sheet);
    return status;
}

/* The certificate of this erasure, or of the one that was done before. */
static int write_certificate(struct pic_call *call, struct pic_server *server, uint64_t about)
{
    const char *path = pic_call_option(call, "certificat");
    struct pic_buf text;
    bool row = false;
    uint64_t dot = 0;
    if (path == NULL)
        return PIC_OK;
    sqlite3_stmt *stmt =
        pic_db_prepare(pic_server_db(server),
                       "SELECT id FROM erasure WHERE about = ?1 ORDER BY id LIMIT 1", &call->err);
    if (stmt == NULL)
        return call->err.status;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)about);
    int status = pic_db_step(stmt, &row);
    dot = status == PIC_OK && row ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    (void)sqlite3_finalize(stmt);
    pic_buf_init(&text, PIC_ERASURE_TEXT_MAX);
    if (status == PIC_OK)
        status = pic_erasure_certificate(server, dot, &text, &call->err);
    if (status == PIC_OK)
        status = pic_file_put(path, pic_buf_view(&text), PIC_FILE_NEW, &call->err);
    pic_buf_release(&text);
    if (status == PIC_OK)
        pic_call_tell(call, PIC_TELL_FILE_WRITTEN, path, NULL);
    return status;
}

static int erase(struct pic_call *call, struct pic_server *server)
{
    const char *reason = pic_call_option(call, "motif");
    bool yes = pic_call_has(call, "oui");
    uint64_t id = 0;
    uint64_t dot = 0;
    if (call->arg_n == 0)
        return pic_fail(&call->err, PIC_EMISSING_OPTION, "NUMERO", "NUMERO", "2-17", NULL);
    if (reason == NULL)
        return pic_fail(&call->err, PIC_EMISSING_OPTION, "--motif", "--motif",
                        "--motif \"demande de la personne\"", NULL);
    int status = pic_entry_find(pic_server_state(server), "", PIC_DEVICE_SERVER, call->args[0], &id,
                                &call->err);
    if (status == PIC_OK && !yes)
        status = pic_terminal_confirm(&call->terminal, pic_speech_text(PIC_TELL_ASK_ERASE), &yes,
                                      &call->err);
    if (status == PIC_OK && !yes)
        status = pic_fail(&call->err, PIC_INTERRUPTED, NULL);
    if (status == PIC_OK)
        status = pic_erase_person(server, id, reason, &dot, &call->err);
    int written =
        status == PIC_OK || status == PIC_EERASED ? write_certificate(call, server, id) : PIC_OK;
    if (status == PIC_OK)
        pic_call_tell(call, PIC_TELL_ERASED, NULL);
    return status == PIC_OK ? written : status;
}

static int run_erase(struct pic_call *call)
{
    struct pic_server server;
    int status = pic_command_open(call, 0, &server);
    if (status != PIC_OK)
        return status;
    status = pic_call_has(call, "echeances") ? show_due(call, &server) : erase(call, &server);
    pic_server_close(&server);
    return status;
}

/* --- participant compter --- */

/* A person noted twice for one object has one token there; whoever has none yet counts alone. */
static int fill_counts(struct pic_call *call, struct pic_server *server, struct pic_sheet *sheet)
{
    static const char sql[] = "SELECT a.about, coalesce(p.title, o.name, ''), count(*),"
                              " count(DISTINCT coalesce(a.token, a.id)), count(*) - count(a.token)"
                              " FROM participant AS a LEFT JOIN project AS p ON p.id = a.about"
                              " LEFT JOIN operation AS o ON o.id = a.about"
                              " WHERE a.cancelled IS NULL GROUP BY a.about ORDER BY a.about";
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(pic_server_db(server), sql, &call->err);
    if (stmt == NULL)
        return call->err.status;
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        pic_command_put_dot(sheet, (uint64_t)sqlite3_column_int64(stmt, 0));
        pic_sheet_span(sheet, pic_db_column_span(stmt, 1));
        for (int i = 2; i <= 4; i++)
            pic_sheet_int(sheet, sqlite3_column_int64(stmt, i));
        status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK ? PIC_OK : pic_fail(&call->err, status, NULL);
}

static int run_count(struct pic_call *call)
{
    static const struct pic_column columns[] = {{"objet", "Objet", PIC_TYPE_TEXT},
                                                {"nom", "Nom", PIC_TYPE_TEXT},
                                                {"saisies", "Saisies", PIC_TYPE_COUNT},
                                                {"personnes", "Personnes", PIC_TYPE_COUNT},
                                                {"sans-jeton", "Sans jeton", PIC_TYPE_COUNT}};
    struct pic_server server;
    struct pic_sheet sheet;
    int status = pic_command_open(call, 0, &server);
    if (status != PIC_OK)
        return status;
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    status = fill_counts(call, &server, &sheet);
    if (status == PIC_OK)
        status = pic_call_sheet(call, &sheet, false);
    pic_sheet_release(&sheet);
    pic_server_close(&server);
    return status;
}

const struct pic_command pic_commands_people[] = {
    {.path = "participant compter",
     .summary = "Compte les personnes nommées de chaque projet ou opération, chacune une fois",
     .run = run_count},
    {.path = "controle ouvrir",
     .usage = "[NUMERO]",
     .summary = "Ouvre un échantillon d'identités, avec la clé de l'autorité de contrôle",
     .detail = "À faire hors ligne. Chaque lecture est inscrite dans le journal de l'association "
               "avant d'être montrée.",
     .options = open_options,
     .run = run_open,
     .arg_max = 1},
    {.path = "effacer-personne",
     .usage = "[NUMERO]",
     .summary = "Détruit pour toujours l'identité d'une personne ; les comptes restent",
     .options = erase_options,
     .run = run_erase,
     .arg_max = 1},
};
const size_t pic_commands_people_n = sizeof pic_commands_people / sizeof *pic_commands_people;
