#include "schema/face/package.h"
#include "schema/state/entry.h"
#include "server/commands/commands.h"
#include "server/summary/release.h"

/* Summaries for the collectivités that fund. */

enum { DAY_MS = 24 * 3600 * 1000 };

static const struct pic_column columns[] = {
    {"numero", "N°", PIC_TYPE_TEXT},
    {"destinataire", "Destinataire", PIC_TYPE_TEXT},
    {"du", "Du", PIC_TYPE_DATE},
    {"au", "Au", PIC_TYPE_DATE},
    {"parution", "Parution", PIC_TYPE_COUNT},
    {"enveloppe", "Enveloppe", PIC_TYPE_MONEY},
    {"accorde", "Accordé", PIC_TYPE_MONEY},
    {"paye", "Payé", PIC_TYPE_MONEY},
    {"justifie", "Justifié", PIC_TYPE_MONEY},
    {"reste", "Reste", PIC_TYPE_MONEY},
    {"octets", "Octets", PIC_TYPE_COUNT},
};

/* What was made: the five figures, and where it is. */
static int answer(struct pic_call *call, const struct pic_summary *s, uint64_t id, size_t bytes)
{
    struct pic_sheet sheet;
    struct pic_buf number;
    pic_buf_init(&number, 64);
    if (id != 0)
        pic_dot_print(id, &number);
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    pic_sheet_text(&sheet, id == 0 ? "essai" : pic_buf_string(&number));
    pic_sheet_span(&sheet, pic_buf_view(&s->name));
    pic_sheet_int(&sheet, s->ask.period.from_on);
    pic_sheet_int(&sheet, s->ask.period.to_on);
    pic_sheet_int(&sheet, (int64_t)s->ask.release);
    for (int i = 0; i < PIC_FIGURES; i++)
        pic_sheet_int(&sheet, s->figures[i][0]);
    pic_sheet_int(&sheet, (int64_t)bytes);
    int status = pic_call_sheet(call, &sheet, true);
    pic_sheet_release(&sheet);
    pic_buf_release(&number);
    return status;
}

static int make(struct pic_call *call, struct pic_server *server, struct pic_summary *s)
{
    const char *folder = pic_call_option(call, "dossier-sortie");
    static struct pic_summary_pages pages;
    struct pic_buf sealed;
    uint64_t id = 0;
    pic_buf_init(&sealed, PIC_CONTAINER_MAX);
    int status = pic_summary_write(s, &pages);
    if (status == PIC_OK)
        status = pic_summary_seal(&pages, &server->keys.identity, &sealed, &call->err);
    else
        (void)pic_fail(&call->err, status, NULL);
    if (status == PIC_OK && folder != NULL)
        status = pic_package_write(folder, &pages.container, pic_buf_view(&sealed), &call->err);
    if (status == PIC_OK && !pic_call_has(call, "essai"))
        status = pic_summary_publish(server, &s->ask, pic_buf_view(&sealed), &id, &call->err);
    if (status == PIC_OK)
        status = answer(call, s, id, sealed.len);
    if (status == PIC_OK && s->siret.len == 0)
        pic_call_tell(call, PIC_TELL_SUMMARY_NO_SIRET, pic_buf_string(&s->name), NULL);
    pic_buf_release(&sealed);
    pic_summary_pages_release(&pages);
    return status;
}

static int read_ask(struct pic_call *call, struct pic_server *server, struct pic_summary_ask *ask)
{
    *ask = (struct pic_summary_ask){.made_on = pic_server_now_ms() / DAY_MS};
    int status = pic_period_parse(pic_call_option(call, "periode"), &ask->period, &call->err);
    if (status == PIC_OK)
        status = pic_entry_find(pic_server_state(server), "organisation", PIC_DEVICE_SERVER,
                                pic_call_option(call, "collectivite"), &ask->addressee, &call->err);
    if (status == PIC_OK)
        status = pic_summary_next_release(pic_server_db(server), ask->addressee, &ask->release,
                                          &call->err);
    ask->position = pic_projector_position(server->projector);
    return status;
}

static int run_summary(struct pic_call *call)
{
    struct pic_server server;
    struct pic_summary_ask ask;
    struct pic_summary summary;
    bool trial = pic_call_has(call, "essai");
    int status = pic_command_open(call, trial ? PIC_SERVER_READ_ONLY : 0, &server);
    if (status != PIC_OK)
        return status;
    status = read_ask(call, &server, &ask);
    if (status == PIC_OK) {
        status = pic_summary_compute(pic_server_db(&server), &ask, &summary, &call->err);
        if (status == PIC_OK)
            status = make(call, &server, &summary);
        pic_summary_release(&summary);
    }
    pic_server_close(&server);
    return status;
}

static const struct pic_option summary_options[] = {
    {"collectivite", "NUMÉRO|NOM", "À qui la synthèse est remise", NULL, PIC_OPTION_REQUIRED},
    {"periode", "PÉRIODE", "2026T3, 2026, 2026-05 ou 2026-01..2026-06", NULL, PIC_OPTION_REQUIRED},
    {"essai", NULL, "Compte et écrit les fichiers, sans rien publier", NULL, 0},
    {"dossier-sortie", "DOSSIER", "Écrit aussi les fichiers dans ce dossier", NULL, 0},
    {.name = NULL},
};

const struct pic_command pic_commands_summary[] = {
    {
        .path = "synthese generer",
        .summary = "Fait la synthèse d'une collectivité pour une période, signée et numérotée",
        .detail = "Une synthèse parue ne change plus ; une correction est la parution suivante. "
                  "Elle part avec les échanges vers l'appareil de la collectivité, ou par un "
                  "fichier (--dossier-sortie).",
        .options = summary_options,
        .run = run_summary,
    },
};
const size_t pic_commands_summary_n = sizeof pic_commands_summary / sizeof *pic_commands_summary;
