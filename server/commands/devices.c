#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/text.h"
#include "server/commands/commands.h"
#include "server/contacts.h"
#include "server/file.h"
#include "server/record.h"

enum {
    DAYS_MAX = 365,
};

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

/* --- association inviter --- */

static const struct pic_option invite_options[] = {
    {.name = "role",
     .argument = "ROLE",
     .help = "Ce que l'ordinateur pourra faire",
     .choices = "saisie tresorerie collectivite audit",
     .flags = PIC_OPTION_REQUIRED},
    {.name = "jours", .argument = "N", .help = "Durée de validité en jours (7)"},
    {.name = "fichier",
     .argument = "FICHIER",
     .help = "Où écrire l'invitation (invitation-CODE.picx)"},
    {.name = "nom-appareil", .argument = "NOM", .help = "Nom proposé pour l'ordinateur"},
    {0},
};

static int days_of(struct pic_call *call, int64_t *out)
{
    const char *text = pic_call_option(call, "jours");
    char *end;
    *out = pic_config_number(pic_command_config(call), PIC_SET_INVITATION_DAYS);
    if (text == NULL)
        return PIC_OK;
    long value = strtol(text, &end, 10);
    if (*end != '\0' || value < 1 || value > DAYS_MAX)
        return pic_fail(&call->err, PIC_ECOUNT, text, "jours", "365", NULL);
    *out = value;
    return PIC_OK;
}

/* At most size - 1 bytes of a text, cut between characters. */
static void copy_text(char *out, size_t size, struct pic_span text)
{
    size_t n = 0;
    while (n < text.n) {
        int32_t point;
        size_t step = pic_text_next(pic_span_of(text.p + n, text.n - n), &point);
        if (step == 0 || n + step >= size)
            break;
        n += step;
    }
    memcpy(out, text.p, n);
    out[n] = '\0';
}

/* The name of an organisation as the state has it. */
static int organisation_name(struct pic_server *server, uint64_t id,
                             char out[static PIC_NAME_MAX + 1], struct pic_err *err)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_ORGANISATION);
    struct pic_row row;
    int status = pic_row_load(pic_state_rows(pic_server_state(server)), entity, id, &row);
    if (status != PIC_OK)
        return pic_fail(err, status, entity->label, NULL);
    copy_text(out, PIC_NAME_MAX + 1,
              pic_row_value(&row, pic_entity_by_column(entity, "name")->number)->s);
    return PIC_OK;
}

/* Reserves a number and writes the invitation down. */
static int reserve(struct pic_server *server, struct pic_registry_invitation *invitation,
                   struct pic_err *err)
{
    int status = pic_db_begin(&server->journal_db, err);
    if (status != PIC_OK)
        return status;
    status = pic_registry_number(server->registry, &invitation->device);
    if (status == PIC_OK)
        status = pic_registry_invitation_put(server->registry, invitation);
    if (status == PIC_OK)
        return pic_db_commit(&server->journal_db, err);
    pic_db_rollback(&server->journal_db);
    return pic_fail(err, status, NULL);
}

/* The reference data: everything that this organisation may read today, in one feed. Where it does
 * not fit an invitation, the file carries what does, and the first exchange the rest. */
static int put_feed(struct pic_server *server, uint64_t organisation, struct pic_buf *bytes,
                    struct pic_feed *feed)
{
    const size_t budget = PIC_INVITATION_MAX - PIC_INVITATION_MAX / 8;
    uint64_t cursor = 0;
    uint64_t start;
    bool more;
    int status = pic_journal_feed(server->journal, organisation, 0, 0, budget, &cursor, &start,
                                  bytes, &more);
    if (status != PIC_OK)
        return status;
    struct pic_cursor c = pic_cursor_of(bytes->data, bytes->len);
    *feed = pic_feed_get(&c, PIC_INVITATION_MAX);
    return pic_cursor_end(&c);
}

/* The lines of addresses as spans. */
static unsigned split_lines(struct pic_span lines, struct pic_span out[static PIC_ADDRESSES_MAX])
{
    unsigned n = 0;
    for (size_t at = 0, end; at < lines.n && n < PIC_ADDRESSES_MAX; at = end + 1) {
        for (end = at; end < lines.n && lines.p[end] != '\n';)
            end++;
        if (end > at)
            out[n++] = pic_span_of(lines.p + at, end - at);
    }
    return n;
}

static int write_file(struct pic_server *server, const struct pic_registry_invitation *i,
                      const struct pic_code *code, const char *path, struct pic_err *err)
{
    struct pic_buf name;
    struct pic_buf lines;
    struct pic_buf feed;
    struct pic_buf out;
    struct pic_invitation file = {.transport = server->keys.keys[0].transport,
                                  .device = i->device,
                                  .organisation = i->organisation,
                                  .organisation_name = pic_span_text(i->organisation_name),
                                  .role = i->role,
                                  .expires_ms = i->expires_ms,
                                  .code = *code};
    memcpy(file.authority, server->keys.authority, PIC_KEY_SIZE);
    pic_buf_init(&name, PIC_NAME_MAX);
    pic_buf_init(&lines, (size_t)PIC_ADDRESSES_MAX * (PIC_ADDRESS_MAX + 1));
    pic_buf_init(&feed, PIC_INVITATION_MAX);
    pic_buf_init(&out, PIC_INVITATION_MAX);
    int status = pic_registry_name(server->registry, &name);
    if (status == PIC_OK)
        status = pic_registry_addresses(server->registry, &lines);
    if (status == PIC_OK)
        status = put_feed(server, i->organisation, &feed, &file.feed);
    if (status == PIC_OK) {
        file.server_name = pic_buf_view(&name);
        file.address_n = split_lines(pic_buf_view(&lines), file.addresses);
        pic_invitation_put(&file, &server->keys.identity, &out);
        status = pic_buf_status(&out);
    }
    status = status == PIC_OK
                 ? pic_file_put(path, pic_buf_view(&out), PIC_FILE_SECRET | PIC_FILE_NEW, err)
                 : pic_fail(err, status, path, NULL);
    pic_buf_release(&name);
    pic_buf_release(&lines);
    pic_buf_release(&feed);
    pic_buf_wipe(&out);
    return status;
}

static int say_invitation(struct pic_call *call, const struct pic_server *server,
                          const struct pic_registry_invitation *i, const struct pic_code *code,
                          const char *path)
{
    static const struct pic_column columns[] = {
        {"code", "Code", PIC_TYPE_TEXT},
        {"mots", "Mots de contrôle", PIC_TYPE_TEXT},
        {"fichier", "Fichier", PIC_TYPE_TEXT},
        {"appareil", "Appareil", PIC_TYPE_COUNT},
        {"organisme", "Pour", PIC_TYPE_TEXT},
        {"role", "Rôle", PIC_TYPE_TEXT},
        {"valable_jusqu_au", "Valable jusqu'au", PIC_TYPE_DATE},
    };
    const char *words[PIC_CONTROL_WORDS];
    char shown[PIC_CODE_SHOWN_SIZE];
    struct pic_buf joined;
    struct pic_sheet sheet;
    pic_code_show(code, shown);
    pic_control_words(server->keys.identity.public, code, words);
    pic_buf_init(&joined, 256);
    for (size_t w = 0; w < PIC_CONTROL_WORDS; w++)
        pic_buf_printf(&joined, "%s%s", w == 0 ? "" : " ", words[w]);
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    pic_sheet_text(&sheet, shown);
    pic_sheet_text(&sheet, pic_buf_string(&joined));
    pic_sheet_text(&sheet, path);
    pic_sheet_int(&sheet, i->device);
    pic_sheet_text(&sheet, i->organisation_name);
    pic_sheet_text(&sheet, pic_role_code(i->role));
    pic_sheet_int(&sheet, i->expires_ms / day_ms);
    int status = pic_call_sheet(call, &sheet, true);
    pic_sheet_release(&sheet);
    pic_buf_release(&joined);
    return status;
}

static int invite(struct pic_call *call, struct pic_server *server)
{
    struct pic_registry_invitation i = {.state = PIC_INVITATION_OPEN};
    struct pic_code code;
    char default_path[64 + PIC_CODE_LENGTH];
    const char *label = pic_call_option(call, "nom-appareil");
    const char *path = pic_call_option(call, "fichier");
    int64_t days;
    int status = days_of(call, &days);
    if (status == PIC_OK)
        status = pic_entry_find(pic_server_state(server), "organisation", PIC_DEVICE_SERVER,
                                call->args[0], &i.organisation, &call->err);
    if (status == PIC_OK)
        status = organisation_name(server, i.organisation, i.organisation_name, &call->err);
    if (status != PIC_OK)
        return status;
    pic_code_new(pic_random_system(), &code);
    pic_code_id(&code, i.id);
    pic_code_secret(&code, &i.secret);
    i.role = pic_role_of(pic_call_option(call, "role"));
    i.expires_ms = pic_server_now_ms() + days * day_ms;
    if (label != NULL)
        copy_text(i.label, sizeof i.label, pic_span_text(label));
    (void)snprintf(default_path, sizeof default_path, "invitation-%s.picx", code.text);
    path = path == NULL ? default_path : path;
    status = reserve(server, &i, &call->err);
    if (status == PIC_OK)
        status = write_file(server, &i, &code, path, &call->err);
    if (status == PIC_OK)
        status = say_invitation(call, server, &i, &code, path);
    pic_secret_wipe(&i.secret);
    pic_wipe(&code, sizeof code);
    return status;
}

static int run_invite(struct pic_call *call)
{
    struct pic_server server;
    int status = pic_command_open(call, 0, &server);
    if (status != PIC_OK)
        return status;
    status = invite(call, &server);
    pic_server_close(&server);
    return status;
}

/* --- agent liste, voir --- */

static const struct pic_column device_columns[] = {
    {"numero", "Appareil", PIC_TYPE_COUNT},
    {"organisme", "Organisme", PIC_TYPE_TEXT},
    {"role", "Rôle", PIC_TYPE_TEXT},
    {"nom", "Nom", PIC_TYPE_TEXT},
    {"autorise", "Autorisé le", PIC_TYPE_DATE},
    {"desactive", "Désactivé", PIC_TYPE_BOOL},
    {"derniere_saisie", "Dernière saisie reçue", PIC_TYPE_COUNT},
    {"dernier_accuse", "Dernier accusé", PIC_TYPE_COUNT},
    {"dernier_contact", "Dernier contact", PIC_TYPE_TEXT},
    {"en_attente", "Saisies en attente chez lui", PIC_TYPE_COUNT},
};
enum { DEVICE_COLUMN_N = sizeof device_columns / sizeof *device_columns };

static void put_moment(struct pic_sheet *sheet, int64_t ms)
{
    struct pic_buf text;
    pic_buf_init(&text, 128);
    pic_speech_moment(&text, ms, pic_server_now_ms());
    pic_sheet_text(sheet, pic_buf_string(&text));
    pic_buf_release(&text);
}

static int put_device(struct pic_server *server, struct pic_contacts *contacts,
                      const struct pic_device *d, struct pic_sheet *sheet)
{
    struct pic_log_head head;
    struct pic_receipt receipt = {0};
    struct pic_contact contact;
    char organisation[PIC_NAME_MAX + 1] = "";
    uint32_t number = d->certificate.device;
    int status = pic_journal_head(server->journal, number, pic_device_audience(d), &head);
    if (status == PIC_OK)
        status = pic_journal_receipt_last(server->journal, number, &receipt);
    if (status != PIC_OK && status != PIC_ENOT_FOUND)
        return status;
    status = organisation_name(server, d->certificate.organisation, organisation, NULL);
    pic_sheet_int(sheet, number);
    pic_sheet_text(sheet, organisation);
    pic_sheet_text(sheet, pic_role_code(d->certificate.role));
    pic_sheet_text(sheet, d->label);
    pic_sheet_int(sheet, d->certificate.time_ms / day_ms);
    pic_sheet_int(sheet, d->retired);
    pic_sheet_int(sheet, (int64_t)head.seq);
    pic_sheet_int(sheet, (int64_t)receipt.number);
    if (pic_contacts_get(contacts, number, &contact)) {
        put_moment(sheet, contact.time_ms);
        pic_sheet_int(sheet, contact.pending_changes);
    } else {
        pic_sheet_null(sheet);
        pic_sheet_null(sheet);
    }
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
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

static int fill_devices(struct pic_server *server, struct pic_contacts *contacts, uint32_t only,
                        struct pic_sheet *sheet)
{
    struct pic_device d;
    int status = PIC_OK;
    for (uint32_t number = only; status == PIC_OK; number = d.certificate.device + 1) {
        status = only == 0 ? pic_registry_device_next(server->registry, number, &d)
                           : pic_registry_device(server->registry, number, &d);
        if (status == PIC_OK)
            status = put_device(server, contacts, &d, sheet);
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
    pic_sheet_init(&sheet, device_columns, DEVICE_COLUMN_N);
    status = load_contacts(&server, &contacts);
    if (status == PIC_OK)
        status = fill_devices(&server, contacts, only, &sheet);
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
    {.path = "association inviter",
     .usage = "ORGANISME",
     .summary = "Invite un ordinateur : un code, quatre mots, un fichier",
     .detail = "Donnez le fichier, ou le code au téléphone. Les quatre mots de contrôle se lisent "
               "des deux côtés : s'ils diffèrent, l'invitation n'est pas la vôtre.",
     .options = invite_options,
     .run = run_invite,
     .arg_min = 1,
     .arg_max = 1},
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
