#include <stdio.h>

#include "schema/face/diagnosis_words.h"
#include "server/commands/commands.h"
#include "server/doctor.h"

/* doctor: how this server is. diagnostic: what a laptop's doctor says over the phone. */

enum { CODE_MAX = 128, PLACE_MAX = 12 };

static int say(struct pic_call *call, const struct pic_checkup *checkup)
{
    if (call->json)
        pic_checkup_json(checkup, NULL, &call->out);
    else
        pic_checkup_text(checkup, &call->out);
    return pic_buf_status(&call->out);
}

static int run_doctor(struct pic_call *call)
{
    struct pic_checkup checkup;
    pic_server_examine(pic_command_folder(call), pic_command_config(call), pic_server_now_ms(),
                       &checkup);
    int status = say(call, &checkup);
    return status == PIC_OK ? pic_checkup_outcome(&checkup, &call->err) : status;
}

/* The groups may come as one argument or as several. */
static int run_diagnosis(struct pic_call *call)
{
    struct pic_diagnosis diagnosis;
    struct pic_diagnosis_slip slip;
    struct pic_checkup checkup;
    struct pic_buf code;
    char place[PLACE_MAX] = "";
    pic_buf_init(&code, CODE_MAX);
    for (size_t i = 0; i < call->arg_n; i++)
        pic_buf_text(&code, call->args[i]);
    int status = code.bad ? PIC_EDIAGNOSIS : PIC_OK;
    slip.place = 0;
    if (status == PIC_OK)
        status = pic_diagnosis_read(pic_buf_string(&code), &diagnosis, &slip);
    pic_buf_release(&code);
    if (status == PIC_EDIAGNOSIS && slip.place != 0) {
        (void)snprintf(place, sizeof place, "%u", slip.place);
        return pic_fail(&call->err, status, place, slip.typed, slip.meant, NULL);
    }
    if (status != PIC_OK)
        return pic_fail(&call->err, status, NULL);
    pic_diagnosis_lines(&diagnosis, &checkup);
    return say(call, &checkup);
}

const struct pic_command pic_commands_doctor[] = {
    {.path = "doctor",
     .summary =
         "Examine ce serveur : dossier, disque, journal, sauvegardes, horloge, adresses, clés",
     .run = run_doctor,
     .flags = PIC_COMMAND_NO_STORE},
    {.path = "diagnostic",
     .usage = "CODE",
     .summary = "Décode les 24 lettres que « pic doctor » donne à lire au téléphone",
     .detail = "Une lettre mal entendue est remarquée, et nommée quand elle est seule. Rien n'est "
               "cherché ni écrit sur ce serveur.",
     .run = run_diagnosis,
     .arg_min = 1,
     .arg_max = 24,
     .flags = PIC_COMMAND_NO_STORE},
};
const size_t pic_commands_doctor_n = sizeof pic_commands_doctor / sizeof *pic_commands_doctor;
