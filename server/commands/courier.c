#include "server/commands/commands.h"
#include "server/file_exchange.h"

/* courrier: the exchange with laptops that have no Internet, by files on a key. */

/* --- relever --- */

static const struct pic_column answered_columns[] = {
    {"fichier", "Fichier", PIC_TYPE_TEXT},       {"appareil", "Ordinateur", PIC_TYPE_COUNT},
    {"demandes", "Demandes", PIC_TYPE_COUNT},    {"refusees", "Refusées", PIC_TYPE_COUNT},
    {"entier", "Fichier entier", PIC_TYPE_BOOL}, {"resultat", "Résultat", PIC_TYPE_TEXT},
};

struct answered {
    struct pic_sheet sheet;
    int first; /* status of the first file that was left alone */
};

static void put_answered(void *context, const struct pic_file_answered *what)
{
    struct answered *a = context;
    if (a->first == PIC_OK)
        a->first = what->status;
    pic_sheet_text(&a->sheet, what->name);
    if (what->device == 0)
        pic_sheet_null(&a->sheet);
    else
        pic_sheet_int(&a->sheet, what->device);
    pic_sheet_int(&a->sheet, (int64_t)what->requests);
    pic_sheet_int(&a->sheet, (int64_t)what->refused);
    pic_sheet_int(&a->sheet, what->whole);
    pic_sheet_text(&a->sheet, pic_status_code(what->status));
}

static int run_answer(struct pic_call *call)
{
    struct pic_server server;
    struct answered a = {.first = PIC_OK};
    int status = pic_command_open(call, PIC_SERVER_NO_STATE, &server);
    if (status != PIC_OK)
        return status;
    pic_sheet_init(&a.sheet, answered_columns, sizeof answered_columns / sizeof *answered_columns);
    status = pic_file_answer_all(&server, call->args[0], put_answered, &a, &call->err);
    pic_server_close(&server);
    bool none = a.sheet.row_n == 0;
    if (status == PIC_OK && none)
        pic_call_tell(call, PIC_TELL_KEY_FILES_NONE, call->args[0], NULL);
    if (status == PIC_OK && (!none || call->json))
        status = pic_call_sheet(call, &a.sheet, false);
    pic_sheet_release(&a.sheet);
    if (status != PIC_OK || a.first == PIC_OK || call->err.status == a.first)
        return status != PIC_OK ? status : a.first;
    return pic_fail(&call->err, a.first, call->args[0], NULL);
}

/* --- deposer --- */

static const struct pic_column given_columns[] = {
    {"fichier", "Fichier", PIC_TYPE_TEXT},
    {"octets", "Octets", PIC_TYPE_COUNT},
};

static void put_given(void *context, const char *path, uint64_t bytes)
{
    struct pic_sheet *sheet = context;
    pic_sheet_text(sheet, path);
    pic_sheet_int(sheet, (int64_t)bytes);
}

static int run_give(struct pic_call *call)
{
    struct pic_server server;
    struct pic_sheet sheet;
    int status = pic_command_open(call, PIC_SERVER_NO_STATE, &server);
    if (status != PIC_OK)
        return status;
    pic_sheet_init(&sheet, given_columns, sizeof given_columns / sizeof *given_columns);
    status = pic_file_give_all(&server, call->args[0], put_given, &sheet, &call->err);
    pic_server_close(&server);
    bool none = sheet.row_n == 0;
    if (status == PIC_OK)
        status = pic_call_sheet(call, &sheet, false);
    pic_sheet_release(&sheet);
    if (status == PIC_OK && !none)
        pic_call_tell(call, PIC_TELL_KEY_FILES_GIVEN, NULL);
    return status;
}

const struct pic_command pic_commands_courier[] = {
    {.path = "courrier relever",
     .usage = "DOSSIER",
     .summary = "Répond aux fichiers que les associations ont déposés sur une clé USB",
     .detail =
         "Comme par le réseau, y compris pendant que « serve » travaille. Un fichier coupé est "
         "utilisé jusqu'où il va. Les réponses attendent « courrier deposer ».",
     .run = run_answer,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "courrier deposer",
     .usage = "DOSSIER",
     .summary = "Écrit sur une clé USB les réponses aux fichiers relevés",
     .detail = "Celles des demandes qui sont sur cette clé, et celles qui n'ont encore été données "
               "nulle part. Chacune n'est lisible que par l'ordinateur qui avait demandé.",
     .run = run_give,
     .arg_min = 1,
     .arg_max = 1},
};
const size_t pic_commands_courier_n = sizeof pic_commands_courier / sizeof *pic_commands_courier;
