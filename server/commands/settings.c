#include "server/commands/commands.h"
#include "server/metrics.h"

/* config verifier: what this server would use, and where each setting comes from. */

static int run_config(struct pic_call *call)
{
    static const struct pic_column columns[] = {
        {"reglage", "Réglage", PIC_TYPE_TEXT},
        {"valeur", "Valeur", PIC_TYPE_TEXT},
        {"origine", "Origine", PIC_TYPE_TEXT},
        {"sens", "Sens", PIC_TYPE_TEXT},
    };
    struct pic_sheet sheet;
    struct pic_config config = *pic_command_config(call);
    if (call->folder != NULL) {
        int status =
            pic_config_set(&config, PIC_SET_FOLDER, call->folder, PIC_FROM_OPTION, &call->err);
        if (status != PIC_OK)
            return status;
    }
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    for (int i = 0; i < PIC_SETTINGS; i++) {
        enum pic_setting setting = (enum pic_setting)i;
        pic_sheet_text(&sheet, pic_setting_key(setting));
        pic_sheet_text(&sheet, pic_config_text(&config, setting));
        pic_sheet_text(&sheet, pic_setting_origin_word(config.values[i].origin));
        pic_sheet_text(&sheet, pic_setting_help(setting));
    }
    int status = pic_call_sheet(call, &sheet, false);
    pic_sheet_release(&sheet);
    return status;
}

/* --- metriques --- */

static int run_metrics(struct pic_call *call)
{
    char path[PIC_PATH_MAX];
    struct pic_contacts *contacts = NULL;
    const char *folder = pic_command_folder(call);
    int status = pic_server_path(folder, "contacts", path);
    if (status == PIC_OK)
        status = pic_contacts_new(&contacts);
    if (status == PIC_OK)
        status = pic_contacts_load(contacts, path);
    if (status == PIC_OK)
        status = pic_metrics_write(folder, call->program->version, contacts, NULL, &call->out,
                                   &call->err);
    pic_contacts_free(contacts);
    return status;
}

const struct pic_command pic_commands_settings[] = {
    {.path = "config verifier",
     .summary = "Montre chaque réglage et d'où il vient",
     .detail = "Une option l'emporte sur une variable d'environnement (PIC_SERVER_DOSSIER…), qui "
               "l'emporte sur le fichier /etc/pic/server.conf (ou celui que nomme "
               "PIC_SERVER_CONF), qui l'emporte sur le défaut.",
     .run = run_config,
     .flags = PIC_COMMAND_NO_STORE},
    {.path = "metriques",
     .summary = "Écrit les mesures du serveur, au format de Prometheus",
     .detail = "Celles que seul le service connaît (demandes, durées) sont à l'adresse du réglage "
               "metriques, pendant qu'il tourne.",
     .run = run_metrics},
};
const size_t pic_commands_settings_n = sizeof pic_commands_settings / sizeof *pic_commands_settings;
