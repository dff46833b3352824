#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/text.h"
#include "schema/state/entry.h"
#include "server/commands/commands.h"
#include "server/file.h"

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

const struct pic_command pic_commands_invite[] = {
    {.path = "association inviter",
     .usage = "ORGANISME",
     .summary = "Invite un ordinateur : un code, quatre mots, un fichier",
     .detail = "Donnez le fichier, ou le code au téléphone. Les quatre mots de contrôle se lisent "
               "des deux côtés : s'ils diffèrent, l'invitation n'est pas la vôtre.",
     .options = invite_options,
     .run = run_invite,
     .arg_min = 1,
     .arg_max = 1},
};
const size_t pic_commands_invite_n = sizeof pic_commands_invite / sizeof *pic_commands_invite;
