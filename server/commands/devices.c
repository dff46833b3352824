#include <stdlib.h>
#include <string.h>

#include "schema/dictionary/nomenclatures.h"
#include "schema/state/naming.h"
#include "server/commands/commands.h"
#include "server/contacts.h"
#include "server/record.h"

enum { TEXT_MAX = 4096, CLOCK_GOOD_MINUTES = 5 };

static const int64_t minute_ms = INT64_C(60) * 1000;
static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

/* --- agent liste, voir --- */

/* What a list shows, and what one device is asked for besides. */
static const struct pic_column device_columns[] = {
    {"numero", "N°", PIC_TYPE_COUNT},
    {"organisme", "Organisme", PIC_TYPE_TEXT},
    {"nom", "Nom", PIC_TYPE_TEXT},
    {"role", "Rôle", PIC_TYPE_TEXT},
    {"etat", "État", PIC_TYPE_TEXT},
    {"dernier_contact", "Dernier contact", PIC_TYPE_TEXT},
    {"en_attente", "Saisies annoncées", PIC_TYPE_COUNT},
    {"documents_en_attente", "Documents annoncés", PIC_TYPE_COUNT},
    {"version", "Version", PIC_TYPE_TEXT},
    {"horloge", "Horloge", PIC_TYPE_TEXT},
    {"autorise", "Autorisé le", PIC_TYPE_DATE},
    {"desactive", "Désactivé", PIC_TYPE_BOOL},
    {"derniere_saisie", "Dernière saisie reçue", PIC_TYPE_COUNT},
    {"dernier_accuse", "Dernier accusé", PIC_TYPE_COUNT},
    {"silence_jours", "Jours sans contact", PIC_TYPE_COUNT},
    {"ecart_horloge_min", "Écart d'horloge (min)", PIC_TYPE_COUNT},
};
enum { DEVICE_COLUMN_N = sizeof device_columns / sizeof *device_columns, LISTED_N = 10 };

/* One device and all that is known of it. */
struct known {
    struct pic_device device;
    struct pic_log_head head;
    uint64_t receipt; /* number of its last; 0: none */
    struct pic_contact contact;
    bool told;           /* contact is known */
    int64_t last_ms;     /* of its last contact; 0: none yet */
    int64_t silent_days; /* since then, or since it was authorised */
};

static int learn(struct pic_server *server, struct pic_contacts *contacts,
                 const struct pic_device *d, struct known *out)
{
    struct pic_receipt receipt = {0};
    uint32_t number = d->certificate.device;
    *out = (struct known){.device = *d};
    int status = pic_journal_head(server->journal, number, pic_device_audience(d), &out->head);
    if (status == PIC_OK)
        status = pic_journal_receipt_last(server->journal, number, &receipt);
    if (status != PIC_OK && status != PIC_ENOT_FOUND)
        return status;
    out->receipt = receipt.number;
    out->told = pic_contacts_get(contacts, number, &out->contact);
    out->last_ms = out->told && out->contact.time_ms > receipt.time_ms ? out->contact.time_ms
                                                                       : receipt.time_ms;
    int64_t last_ms = out->last_ms != 0 ? out->last_ms : d->certificate.time_ms;
    int64_t now_ms = pic_server_now_ms();
    out->silent_days = now_ms > last_ms ? (now_ms - last_ms) / day_ms : 0;
    return PIC_OK;
}

static void put_moment(struct pic_sheet *sheet, int64_t ms)
{
    struct pic_buf text;
    pic_buf_init(&text, 128);
    pic_speech_moment(&text, ms, pic_server_now_ms());
    pic_sheet_text(sheet, pic_buf_string(&text));
    pic_buf_release(&text);
}

/* "silencieux depuis 20 jours": what the central team has to act on, in one word or two. */
static void put_state(const struct pic_call *call, struct pic_sheet *sheet, const struct known *k)
{
    int64_t silent = pic_config_number(pic_command_config(call), PIC_SET_SILENT_DAYS);
    struct pic_buf text;
    pic_buf_init(&text, TEXT_MAX);
    if (k->device.retired)
        pic_buf_text(&text, "désactivé");
    else if (k->silent_days >= silent)
        pic_buf_printf(&text, "silencieux depuis %lld jours", (long long)k->silent_days);
    else if (k->last_ms == 0)
        pic_buf_text(&text, "pas encore de contact");
    else
        pic_buf_text(&text, "actif");
    pic_sheet_text(sheet, pic_buf_string(&text));
    pic_buf_release(&text);
}

static void put_version(struct pic_sheet *sheet, uint64_t program)
{
    struct pic_buf text;
    pic_buf_init(&text, 64);
    pic_buf_printf(&text, "%u.%u.%u", (unsigned)(program >> 16U), (unsigned)(program >> 8U) & 0xFFU,
                   (unsigned)program & 0xFFU);
    pic_sheet_text(sheet, pic_buf_string(&text));
    pic_buf_release(&text);
}

/* "à l'heure", "avance de 3 jours": by the server's clock. */
static void put_clock(struct pic_sheet *sheet, int64_t minutes)
{
    struct pic_buf text;
    int64_t off = minutes < 0 ? -minutes : minutes;
    pic_buf_init(&text, 128);
    if (off < CLOCK_GOOD_MINUTES) {
        pic_buf_text(&text, "à l'heure");
    } else {
        pic_buf_text(&text, minutes < 0 ? "retarde de " : "avance de ");
        pic_speech_duration(&text, off * minute_ms);
    }
    pic_sheet_text(sheet, pic_buf_string(&text));
    pic_buf_release(&text);
}

/* What the device told of itself the last time, before it sent anything; nothing for one that was
 * never heard. */
static void put_contact(struct pic_sheet *sheet, const struct known *k)
{
    enum { TOLD = 4 };
    if (k->last_ms == 0)
        pic_sheet_null(sheet);
    else
        put_moment(sheet, k->last_ms);
    if (!k->told) {
        for (int i = 0; i < TOLD; i++)
            pic_sheet_null(sheet);
        return;
    }
    pic_sheet_int(sheet, k->contact.pending_changes);
    pic_sheet_int(sheet, k->contact.pending_documents);
    put_version(sheet, k->contact.program);
    put_clock(sheet, k->contact.clock_minutes);
}

static void put_role(struct pic_sheet *sheet, uint32_t role, bool for_people)
{
    const char *code = pic_role_code(role);
    struct pic_span label = pic_span_text(code == NULL ? "" : code);
    if (for_people && code != NULL)
        label = pic_nomenclature_label("role-appareil", label);
    pic_sheet_span(sheet, label);
}

static int put_device(struct pic_call *call, struct pic_server *server, const struct known *k,
                      struct pic_sheet *sheet)
{
    const struct pic_certificate *c = &k->device.certificate;
    struct pic_buf name;
    pic_buf_init(&name, TEXT_MAX);
    pic_naming_row(pic_server_state(server), c->organisation, &name);
    pic_sheet_int(sheet, c->device);
    pic_sheet_text(sheet, pic_buf_string(&name));
    pic_sheet_text(sheet, k->device.label);
    put_role(sheet, c->role, !call->json && !call->plain);
    put_state(call, sheet, k);
    put_contact(sheet, k);
    pic_buf_release(&name);
    if (sheet->column_n == LISTED_N)
        return PIC_OK;
    pic_sheet_int(sheet, c->time_ms / day_ms);
    pic_sheet_int(sheet, k->device.retired);
    pic_sheet_int(sheet, (int64_t)k->head.seq);
    pic_sheet_int(sheet, (int64_t)k->receipt);
    pic_sheet_int(sheet, k->silent_days);
    if (k->told)
        pic_sheet_int(sheet, k->contact.clock_minutes);
    else
        pic_sheet_null(sheet);
    return PIC_OK;
}

/* What the running server wrote down of its contacts, at most half a minute ago. */
static int load_contacts(struct pic_server *server, struct pic_contacts **out)
{
    char path[PIC_PATH_MAX];
    int status = pic_server_path(server->folder, "contacts", path);
    if (status == PIC_OK)
        status = pic_contacts_new(out);
    return status == PIC_OK ? pic_contacts_load(*out, path) : status;
}

static int number_of(struct pic_call *call, uint32_t *out)
{
    char *end;
    unsigned long value = strtoul(call->args[0], &end, 10);
    if (*call->args[0] < '0' || *call->args[0] > '9' || *end != '\0' || value > PIC_DEVICE_MAX)
        return pic_fail(&call->err, PIC_ENOT_FOUND, call->args[0], NULL);
    *out = (uint32_t)value;
    return PIC_OK;
}

static int fill_devices(struct pic_call *call, struct pic_server *server,
                        struct pic_contacts *contacts, uint32_t only, struct pic_sheet *sheet)
{
    struct pic_device d;
    struct known k;
    int status = PIC_OK;
    for (uint32_t number = only; status == PIC_OK; number = d.certificate.device + 1) {
        status = only == 0 ? pic_registry_device_next(server->registry, number, &d)
                           : pic_registry_device(server->registry, number, &d);
        if (status == PIC_OK)
            status = learn(server, contacts, &d, &k);
        if (status == PIC_OK)
            status = put_device(call, server, &k, sheet);
        if (status == PIC_OK && only != 0)
            return PIC_OK;
    }
    return status == PIC_ENOT_FOUND && only == 0 ? PIC_OK : status;
}

static int show_devices(struct pic_call *call, uint32_t only)
{
    struct pic_server server;
    struct pic_contacts *contacts = NULL;
    struct pic_sheet sheet;
    int status = pic_command_open(call, 0, &server);
    if (status != PIC_OK)
        return status;
    bool listed = only == 0 && !call->json && !call->plain;
    pic_sheet_init(&sheet, device_columns, listed ? LISTED_N : DEVICE_COLUMN_N);
    status = load_contacts(&server, &contacts);
    if (status == PIC_OK)
        status = fill_devices(call, &server, contacts, only, &sheet);
    if (status == PIC_OK)
        status = pic_call_sheet(call, &sheet, only != 0);
    else
        (void)pic_fail(&call->err, status, only == 0 ? NULL : call->args[0], NULL);
    pic_sheet_release(&sheet);
    pic_contacts_free(contacts);
    pic_server_close(&server);
    return status;
}

static int run_device_list(struct pic_call *call)
{
    return show_devices(call, 0);
}

static int run_device_show(struct pic_call *call)
{
    uint32_t number = 0;
    int status = number_of(call, &number);
    if (status == PIC_OK && number == 0)
        status = pic_fail(&call->err, PIC_ENOT_FOUND, call->args[0], NULL);
    return status == PIC_OK ? show_devices(call, number) : status;
}

/* --- agent desactiver --- */

static const struct pic_option retire_options[] = {
    {.name = "motif", .argument = "TEXTE", .help = "Pourquoi, par exemple « volé »"},
    {0},
};

/* The retirement, as an edit of the device's row and in the registry, in one recording. What the
 * device sent so far still counts. */
static int retire(struct pic_server *server, const struct pic_device *d, const char *reason,
                  struct pic_err *err)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_DEVICE);
    const struct pic_value yes = {.kind = PIC_KIND_INT, .i = 1};
    struct pic_log_head head;
    struct pic_record *record;
    int status = pic_record_begin(server, &record, err);
    if (status != PIC_OK)
        return status;
    status =
        pic_journal_head(server->journal, d->certificate.device, pic_device_audience(d), &head);
    const struct pic_value last = {.kind = PIC_KIND_INT, .i = (int64_t)head.seq};
    const struct pic_input inputs[] = {
        {.field = pic_entity_by_column(entity, "retired"), .value = &yes},
        {.field = pic_entity_by_column(entity, "last_seq"), .value = &last},
        {.field = pic_entity_field(entity, PIC_FIELD_CANCELLED), .typed = reason},
    };
    if (status == PIC_OK)
        status =
            pic_record_add(record, entity, d->entity, inputs, reason == NULL ? 2 : 3, NULL, err);
    if (status == PIC_OK)
        status = pic_registry_retire(server->registry, d->certificate.device, head.seq);
    if (status == PIC_OK)
        return pic_record_commit(record, err);
    pic_record_abort(record);
    return status;
}

/* A number whose invitation nobody has used: it is the invitation that ends. */
static int revoke(struct pic_server *server, uint32_t number, struct pic_err *err)
{
    int status = pic_db_begin(&server->journal_db, err);
    if (status != PIC_OK)
        return status;
    status = pic_registry_invitation_revoke(server->registry, number);
    if (status == PIC_OK)
        return pic_db_commit(&server->journal_db, err);
    pic_db_rollback(&server->journal_db);
    return status;
}

static int run_device_retire(struct pic_call *call)
{
    struct pic_server server;
    struct pic_device device;
    uint32_t number = 0;
    int status = number_of(call, &number);
    if (status == PIC_OK)
        status = pic_command_open(call, 0, &server);
    if (status != PIC_OK)
        return status;
    status = pic_registry_device(server.registry, number, &device);
    bool enrolled = status != PIC_ENOT_FOUND;
    if (!enrolled)
        status = revoke(&server, number, &call->err);
    else if (status == PIC_OK && device.retired)
        status = pic_fail(&call->err, PIC_ENOTHING_TO_CHANGE, NULL);
    else if (status == PIC_OK)
        status = retire(&server, &device, pic_call_option(call, "motif"), &call->err);
    if (status != PIC_OK && call->err.status == PIC_OK)
        status = pic_fail(&call->err, status, call->args[0], NULL);
    pic_server_close(&server);
    if (status == PIC_OK)
        pic_call_tell(call, enrolled ? PIC_TELL_DEVICE_RETIRED : PIC_TELL_INVITATION_REVOKED,
                      call->args[0], NULL);
    return status;
}

const struct pic_command pic_commands_devices[] = {
    {.path = "agent liste",
     .summary = "Liste les ordinateurs reliés et leur dernier contact",
     .run = run_device_list},
    {.path = "agent voir",
     .usage = "NUMERO",
     .summary = "Montre un ordinateur relié",
     .run = run_device_show,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "agent desactiver",
     .usage = "NUMERO",
     .summary = "Retire un ordinateur, ou annule une invitation qui n'a pas servi",
     .detail = "Ce que l'ordinateur a déjà envoyé compte toujours.",
     .options = retire_options,
     .run = run_device_retire,
     .arg_min = 1,
     .arg_max = 1},
};
const size_t pic_commands_devices_n = sizeof pic_commands_devices / sizeof *pic_commands_devices;
