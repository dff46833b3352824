#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/commands/commands.h"
#include "server/create.h"
#include "server/daemon.h"
#include "server/file.h"

enum {
    WORKERS = 8,
    WORKERS_MAX = 64,
    PEERS_MAX = 4096,
    PER_HOST_MAX = 1024,
    PEERS_CEILING = 60000,
    IDLE_S = 60,
    IDLE_CEILING_S = 86400,
    PORTS_MAX = 256,
};

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
    {0},
};

/* A whole number of an option, or its default. */
static int number_option(struct pic_call *call, const char *name, unsigned least, unsigned most,
                         unsigned *out)
{
    const char *text = pic_call_option(call, name);
    char *end;
    char limit[16];
    if (text == NULL)
        return PIC_OK;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || value < least || value > most) {
        (void)snprintf(limit, sizeof limit, "%u", most);
        return pic_fail(&call->err, PIC_ECOUNT, text, name, limit, NULL);
    }
    *out = (unsigned)value;
    return PIC_OK;
}

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
static void say_ready(void *context, const unsigned *ports, size_t n)
{
    struct pic_call *call = context;
    for (size_t i = 0; i < n; i++)
        pic_buf_printf(&call->out, "port %u\n", ports[i]);
    int status = pic_call_flush(call);
    if (status == PIC_OK)
        status = write_port(call, ports[0]);
    (void)status; /* it serves all the same */
}

static int serve_plan(struct pic_call *call, struct pic_daemon_options *o)
{
    unsigned idle_s = IDLE_S;
    const char *url;
    while (o->url_n < PIC_DAEMON_URLS_MAX &&
           (url = pic_call_option_at(call, "ecoute", o->url_n)) != NULL)
        o->urls[o->url_n++] = url;
    if (o->url_n == 0)
        o->urls[o->url_n++] = "tcp://0.0.0.0:7443";
    int status = number_option(call, "travailleurs", 1, WORKERS_MAX, &o->workers);
    if (status == PIC_OK)
        status = number_option(call, "connexions", 1, PEERS_CEILING, &o->peers_max);
    if (status == PIC_OK)
        status = number_option(call, "connexions-par-adresse", 0, PEERS_CEILING, &o->per_host_max);
    if (status == PIC_OK)
        status = number_option(call, "silence", 1, IDLE_CEILING_S, &idle_s);
    o->idle_ms = (int)idle_s * 1000;
    return status;
}

static int run_serve(struct pic_call *call)
{
    struct pic_daemon_options options = {
        .folder = pic_command_folder(call),
        .workers = WORKERS,
        .peers_max = PEERS_MAX,
        .per_host_max = PER_HOST_MAX,
        .ready = say_ready,
        .context = call,
    };
    int status = serve_plan(call, &options);
    return status == PIC_OK ? pic_daemon_run(&options, &call->err) : status;
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
