#include <stdio.h>

#include "server/commands/commands.h"
#include "server/create.h"
#include "server/daemon.h"
#include "server/file.h"

enum { MS_PER_S = 1000, MEGABYTE = 1000000 };

/* --- init --- */

static const char authority_default[] = "autorite-a-garder-hors-ligne.cle";

static const struct pic_option init_options[] = {
    {.name = "nom", .argument = "NOM", .help = "Nom du serveur, tel que les gens le lisent"},
    {.name = "adresse",
     .argument = "tcp://HÔTE:PORT",
     .help = "Adresse que les invitations donnent aux ordinateurs"},
    {.name = "autorite",
     .argument = "FICHIER",
     .help = "Clé de l'autorité de contrôle, si elle existe déjà"},
    {.name = "autorite-sortie",
     .argument = "FICHIER",
     .help = "Où écrire la clé de l'autorité de contrôle quand elle est créée ici"},
    {0},
};

static int run_init(struct pic_call *call)
{
    const char *name = pic_call_option(call, "nom");
    const char *out = pic_call_option(call, "autorite-sortie");
    const struct pic_create plan = {
        .name = name == NULL ? "Serveur PIC" : name,
        .address = pic_call_option(call, "adresse"),
        .authority_file = pic_call_option(call, "autorite"),
        .authority_out = out == NULL ? authority_default : out,
        .now_ms = pic_server_now_ms(),
    };
    const char *folder = pic_command_folder(call);
    int status = pic_server_create(folder, &plan, &call->err);
    if (status != PIC_OK)
        return status;
    pic_call_tell(call, PIC_TELL_SERVER_CREATED, folder, NULL);
    if (plan.authority_file == NULL)
        pic_call_tell(call, PIC_TELL_AUTHORITY_WRITTEN, plan.authority_out, NULL);
    return PIC_OK;
}

/* --- serve --- */

static const struct pic_option serve_options[] = {
    {.name = "ecoute",
     .argument = "tcp://HÔTE:PORT",
     .help = "Adresse où écouter ; le port 0 en choisit un libre",
     .flags = PIC_OPTION_REPEATED},
    {.name = "port-fichier", .argument = "FICHIER", .help = "Y écrit le port choisi"},
    {.name = "travailleurs", .argument = "N", .help = "Nombre de fils d'exécution (8)"},
    {.name = "connexions", .argument = "N", .help = "Connexions à la fois, en tout (4096)"},
    {.name = "connexions-par-adresse",
     .argument = "N",
     .help = "Connexions à la fois depuis une même adresse (1024 ; 0 : sans limite)"},
    {.name = "silence", .argument = "SECONDES", .help = "Ferme une connexion muette (60)"},
    {.name = "metriques",
     .argument = "127.0.0.1:PORT",
     .help = "Adresse locale de /metrics, /healthz et /readyz"},
    {.name = "sauvegardes",
     .argument = "DOSSIER",
     .help = "Sauvegarde chaque jour dans ce dossier, et essaie de restaurer"},
    {0},
};

/* Options of this command that are settings. */
static const struct {
    const char *option;
    enum pic_setting setting;
} serve_settings[] = {
    {"travailleurs", PIC_SET_WORKERS},
    {"connexions", PIC_SET_PEERS},
    {"connexions-par-adresse", PIC_SET_PEERS_PER_HOST},
    {"silence", PIC_SET_IDLE},
    {"metriques", PIC_SET_METRICS},
    {"sauvegardes", PIC_SET_BACKUP_FOLDER},
};

static int write_port(struct pic_call *call, unsigned port)
{
    char text[16];
    const char *path = pic_call_option(call, "port-fichier");
    if (path == NULL)
        return PIC_OK;
    int n = snprintf(text, sizeof text, "%u\n", port);
    return pic_file_put(path, pic_span_of(text, (size_t)n), 0, &call->err);
}

/* The ports really bound, one line each, for whoever asked for port 0. */
static void say_ready(void *context, const unsigned *ports, size_t n, unsigned watch)
{
    struct pic_call *call = context;
    for (size_t i = 0; i < n; i++)
        pic_buf_printf(&call->out, "port %u\n", ports[i]);
    if (watch != 0)
        pic_buf_printf(&call->out, "mesures %u\n", watch);
    int status = pic_call_flush(call);
    if (status == PIC_OK)
        status = write_port(call, ports[0]);
    (void)status; /* it serves all the same */
}

/* The settings of this call: the options over what main.c read. */
static int serve_config(struct pic_call *call, struct pic_config *out)
{
    const size_t n = sizeof serve_settings / sizeof *serve_settings;
    int status = PIC_OK;
    *out = *pic_command_config(call);
    for (size_t i = 0; status == PIC_OK && i < n; i++) {
        const char *text = pic_call_option(call, serve_settings[i].option);
        if (text != NULL)
            status =
                pic_config_set(out, serve_settings[i].setting, text, PIC_FROM_OPTION, &call->err);
    }
    return status;
}

/* Where to listen: the options, else the words of the setting, in room. */
static void serve_urls(struct pic_call *call, const struct pic_config *config,
                       char room[PIC_DAEMON_URLS_MAX][PIC_SETTING_MAX + 1],
                       struct pic_daemon_options *o)
{
    const char *url;
    while (o->url_n < PIC_DAEMON_URLS_MAX &&
           (url = pic_call_option_at(call, "ecoute", o->url_n)) != NULL)
        o->urls[o->url_n++] = url;
    if (o->url_n > 0)
        return;
    for (; o->url_n < PIC_DAEMON_URLS_MAX &&
           pic_config_word(config, PIC_SET_LISTEN, o->url_n, room[o->url_n]);
         o->url_n++)
        o->urls[o->url_n] = room[o->url_n];
}

static int run_serve(struct pic_call *call)
{
    struct pic_config config;
    char room[PIC_DAEMON_URLS_MAX][PIC_SETTING_MAX + 1];
    int status = serve_config(call, &config);
    if (status != PIC_OK)
        return status;
    struct pic_daemon_options options = {
        .folder = pic_command_folder(call),
        .workers = pic_config_number(&config, PIC_SET_WORKERS),
        .peers_max = pic_config_number(&config, PIC_SET_PEERS),
        .per_host_max = pic_config_number(&config, PIC_SET_PEERS_PER_HOST),
        .idle_ms = (int)pic_config_number(&config, PIC_SET_IDLE) * MS_PER_S,
        .failures_per_host = pic_config_number(&config, PIC_SET_FAILURES),
        .requests_per_device = pic_config_number(&config, PIC_SET_REQUESTS),
        .care = {.folder = pic_command_folder(call),
                 .to = pic_config_text(&config, PIC_SET_BACKUP_FOLDER),
                 .minutes = pic_config_minutes(&config, PIC_SET_BACKUP_TIME),
                 .policy = pic_config_retention(&config, PIC_SET_BACKUP_KEEP)},
        .watch = pic_config_text(&config, PIC_SET_METRICS),
        .space_min = (uint64_t)pic_config_number(&config, PIC_SET_SPACE_MIN) * MEGABYTE,
        .version = call->program->version,
        .ready = say_ready,
        .context = call,
    };
    serve_urls(call, &config, room, &options);
    return pic_daemon_run(&options, &call->err);
}

const struct pic_command pic_commands_life[] = {
    {.path = "init",
     .summary = "Crée un serveur : ses clés, son journal, les listes de choix",
     .detail = "La clé de l'autorité de contrôle ouvre les identités scellées. Elle est écrite à "
               "part et le serveur ne la garde pas : mettez-la hors ligne, en deux exemplaires.",
     .options = init_options,
     .run = run_init,
     .flags = PIC_COMMAND_NO_STORE},
    {.path = "serve",
     .summary = "Reçoit les ordinateurs des associations, jusqu'à ce qu'on l'arrête",
     .detail = "Écrit sur la sortie standard le port où il écoute, et une ligne JSON par événement "
               "sur la sortie d'erreur. SIGTERM l'arrête proprement.",
     .options = serve_options,
     .run = run_serve},
};
const size_t pic_commands_life_n = sizeof pic_commands_life / sizeof *pic_commands_life;
