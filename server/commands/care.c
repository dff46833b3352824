#include <stdio.h>
#include <string.h>

#include "protocol/base/text.h"
#include "server/backup/routine.h"
#include "server/commands/commands.h"

/* sauvegarder, restaurer, restaurer-essai: copies of the server, and their proof. */

enum { TEXT_MAX = 1200 };

/* Where copies are: an option, else the setting. */
static int backup_folder(struct pic_call *call, const char *option, const char **out)
{
    const char *given = pic_call_option(call, option);
    *out = given != NULL ? given : pic_config_text(pic_command_config(call), PIC_SET_BACKUP_FOLDER);
    return **out != '\0' ? PIC_OK
                         : pic_speech_usage(&call->err, PIC_TELL_NO_BACKUP_FOLDER, NULL, NULL);
}

/* --- sauvegarder --- */

static const struct pic_option backup_options[] = {
    {.name = "vers", .argument = "DOSSIER", .help = "Où ranger la sauvegarde"},
    {0},
};

static const struct pic_column backup_columns[] = {
    {"sauvegarde", "Sauvegarde", PIC_TYPE_TEXT},
    {"cles", "Clés", PIC_TYPE_TEXT},
    {"segments", "Segments", PIC_TYPE_COUNT},
    {"documents", "Documents", PIC_TYPE_COUNT},
    {"partages", "Partagés avec la précédente", PIC_TYPE_COUNT},
    {"manquants", "Manquants", PIC_TYPE_COUNT},
    {"octets", "Octets", PIC_TYPE_COUNT},
    {"retirees", "Anciennes retirées", PIC_TYPE_COUNT},
};

static int say_backup(struct pic_call *call, const char *to, const struct pic_archive_made *made,
                      size_t removed)
{
    char data[TEXT_MAX];
    char keys[TEXT_MAX];
    struct pic_sheet sheet;
    (void)snprintf(data, sizeof data, "%s/%s", to, made->name);
    (void)snprintf(keys, sizeof keys, "%s/%s%s", to, PIC_ARCHIVE_KEYS,
                   made->name + strlen(PIC_ARCHIVE_DATA));
    pic_sheet_init(&sheet, backup_columns, sizeof backup_columns / sizeof *backup_columns);
    pic_sheet_text(&sheet, data);
    pic_sheet_text(&sheet, keys);
    pic_sheet_int(&sheet, (int64_t)made->position);
    pic_sheet_int(&sheet, (int64_t)made->documents);
    pic_sheet_int(&sheet, (int64_t)made->shared);
    pic_sheet_int(&sheet, (int64_t)made->missing);
    pic_sheet_int(&sheet, (int64_t)made->bytes);
    pic_sheet_int(&sheet, (int64_t)removed);
    int status = pic_call_sheet(call, &sheet, true);
    pic_sheet_release(&sheet);
    pic_call_tell(call, PIC_TELL_BACKED_UP, data, NULL);
    pic_call_tell(call, PIC_TELL_BACKUP_KEYS, keys, NULL);
    return status;
}

static int run_backup(struct pic_call *call)
{
    const char *to;
    char missing[32];
    size_t removed;
    struct pic_archive_made made;
    const struct pic_retention policy =
        pic_config_retention(pic_command_config(call), PIC_SET_BACKUP_KEEP);
    int status = backup_folder(call, "vers", &to);
    if (status == PIC_OK)
        status =
            pic_routine_backup(pic_command_folder(call), to, &policy, &made, &removed, &call->err);
    if (status == PIC_OK)
        status = say_backup(call, to, &made, removed);
    if (status != PIC_OK || made.missing == 0)
        return status;
    (void)snprintf(missing, sizeof missing, "%llu", (unsigned long long)made.missing);
    pic_call_tell(call, PIC_TELL_BACKUP_MISSING, missing, NULL);
    return PIC_RESERVES;
}

/* --- restaurer --- */

static const struct pic_option restore_options[] = {
    {.name = "dans",
     .argument = "DOSSIER",
     .help = "Dossier du serveur restauré ; il ne doit pas exister",
     .flags = PIC_OPTION_REQUIRED},
    {.name = "cles",
     .argument = "DOSSIER",
     .help = "Clés, si elles ne sont pas à côté de la sauvegarde"},
    {0},
};

static int run_restore(struct pic_call *call)
{
    struct pic_restored restored;
    const struct pic_restore_plan plan = {.archive = call->args[0],
                                          .keys = pic_call_option(call, "cles"),
                                          .into = pic_call_option(call, "dans"),
                                          .now_ms = pic_server_now_ms()};
    int status = pic_restore(&plan, &restored, &call->err);
    if (status == PIC_OK)
        pic_call_tell(call, PIC_TELL_RESTORED, plan.into, NULL);
    return status;
}

/* --- restaurer-essai --- */

static const struct pic_option rehearse_options[] = {
    {.name = "de", .argument = "DOSSIER", .help = "Dossier des sauvegardes"},
    {0},
};

static void first_fault(void *context, const struct pic_verify_fault *fault)
{
    int *first = context;
    if (*first == PIC_OK)
        *first = fault->status;
}

static int run_rehearse(struct pic_call *call)
{
    const char *from;
    int first = PIC_OK;
    struct pic_buf when;
    struct pic_restored restored;
    struct pic_verify_report report;
    const struct pic_verify_options options = {
        .all = true, .fault = first_fault, .context = &first};
    int status = backup_folder(call, "de", &from);
    if (status == PIC_OK)
        status = pic_routine_rehearse(pic_command_folder(call), from, &options, &restored, &report,
                                      &call->err);
    if (status == PIC_OK && report.faults > 0)
        status = pic_fail(&call->err, first, from, NULL);
    if (status != PIC_OK)
        return status;
    pic_buf_init(&when, TEXT_MAX);
    pic_speech_moment(&when, restored.time_ms, pic_server_now_ms());
    pic_call_tell(call, PIC_TELL_REHEARSED, pic_buf_string(&when), NULL);
    pic_buf_clear(&when);
    pic_text_hex(pic_span_of(report.state_digest, PIC_HASH_SIZE), &when);
    pic_buf_printf(&call->out, "%s\n", pic_buf_string(&when));
    pic_buf_release(&when);
    return PIC_OK;
}

const struct pic_command pic_commands_care[] = {
    {.path = "sauvegarder",
     .summary = "Copie le serveur pendant qu'il sert",
     .detail = "Deux dossiers : les données (journal, documents) et, à part, les clés. Une copie "
               "inachevée n'a jamais le nom d'une sauvegarde. Les anciennes sont retirées selon le "
               "réglage sauvegarde_garde.",
     .options = backup_options,
     .run = run_backup},
    {.path = "restaurer",
     .usage = "SAUVEGARDE",
     .summary = "Refait un serveur depuis une sauvegarde, dans un dossier neuf",
     .detail = "Chaque octet est comparé au manifeste signé. Les ordinateurs renvoient ensuite ce "
               "que la sauvegarde n'avait pas encore.",
     .options = restore_options,
     .run = run_restore,
     .arg_min = 1,
     .arg_max = 1,
     .flags = PIC_COMMAND_NO_STORE},
    {.path = "restaurer-essai",
     .summary = "Prouve que la dernière sauvegarde se restaure",
     .detail = "La restaure dans un dossier provisoire, vérifie tout comme « verifier --tout », "
               "efface le dossier et note la réussite. Écrit l'empreinte de l'état.",
     .options = rehearse_options,
     .run = run_rehearse},
};
const size_t pic_commands_care_n = sizeof pic_commands_care / sizeof *pic_commands_care;
