#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/commands/commands.h"
#include "agent/doctor/mishaps.h"
#include "agent/doctor/support.h"
#include "schema/face/diagnosis_words.h"

/* doctor: how this computer is, in lines, in 24 letters, and in a file for support. */

enum { CODE_MAX = 64, SETTINGS_MAX = 1024, FILE_MODE = 0600 };

/* What is set here, without a path or an address. */
static void put_settings(const struct pic_call *call, const struct pic_agent_self *self,
                         struct pic_buf *out)
{
    unsigned addresses = 0;
    for (size_t at = 0; self->urls[at] != '\0'; addresses++) {
        at += strcspn(self->urls + at, "\n");
        at += self->urls[at] == '\n';
    }
    pic_buf_printf(out, "dossier donne = %d\n", call->folder != NULL);
    pic_buf_printf(out, "adresses de serveur = %u\n", addresses);
    pic_buf_printf(out, "role = %u\n", self->role);
    pic_buf_printf(out, "certificat = %d\n", self->enrolled);
    pic_buf_printf(out, "sans question = %d\n", call->terminal.unattended);
}

/* Never replaces a file. */
static int write_new(const char *path, struct pic_span bytes, struct pic_err *err)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (file < 0)
        return pic_fail(err, errno == EEXIST ? PIC_EEXISTS : PIC_EFILE, path, NULL);
    bool good = write(file, bytes.p, bytes.n) == (ssize_t)bytes.n && fsync(file) == 0;
    int status = good ? PIC_OK : errno == ENOSPC ? PIC_EDISK_FULL : PIC_EFILE;
    (void)close(file);
    if (good)
        return PIC_OK;
    (void)unlink(path);
    return pic_fail(err, status, path, NULL);
}

static int write_support(struct pic_call *call, struct pic_examination *examination,
                         const struct pic_checkup *checkup, const char *code)
{
    const char *path = pic_call_option(call, "dossier-support");
    struct pic_buf settings;
    struct pic_buf text;
    if (path == NULL)
        return PIC_OK;
    pic_buf_init(&settings, SETTINGS_MAX);
    pic_buf_init(&text, PIC_SUPPORT_MAX);
    put_settings(call, &examination->agent.self, &settings);
    int status = pic_support_put(examination, checkup, code, pic_buf_string(&settings), &text);
    if (status == PIC_OK)
        status = write_new(path, pic_buf_view(&text), &call->err);
    if (status == PIC_OK)
        pic_call_tell(call, PIC_TELL_DOCTOR_SUPPORT, path, NULL);
    pic_buf_release(&settings);
    pic_buf_release(&text);
    return status;
}

static int say(struct pic_call *call, struct pic_examination *examination)
{
    struct pic_checkup checkup;
    struct pic_buf code;
    pic_buf_init(&code, CODE_MAX);
    pic_diagnosis_put(&examination->diagnosis, &code);
    pic_diagnosis_lines(&examination->diagnosis, &checkup);
    if (call->json) {
        pic_checkup_json(&checkup, pic_buf_string(&code), &call->out);
    } else {
        pic_checkup_text(&checkup, &call->out);
        pic_speech_tell(&call->out, PIC_TELL_DOCTOR_CODE, pic_buf_string(&code), NULL);
        pic_buf_u8(&call->out, '\n');
    }
    int status = write_support(call, examination, &checkup, pic_buf_string(&code));
    pic_buf_release(&code);
    return status == PIC_OK ? pic_checkup_outcome(&checkup, &call->err) : status;
}

int pic_command_doctor(struct pic_call *call)
{
    const struct pic_desk *desk = call->context;
    char folder[PIC_AGENT_PATH_MAX];
    struct pic_examination *examination = malloc(sizeof *examination);
    int status = pic_desk_folder(call, folder);
    if (examination == NULL)
        return pic_fail(&call->err, PIC_EMEMORY, NULL);
    if (status == PIC_OK) {
        pic_examine(folder, &desk->world, PIC_AGENT_VERSION, examination);
        status = say(call, examination);
        pic_examination_close(examination);
    }
    free(examination);
    return status;
}

void pic_command_ended(struct pic_call *call, int status)
{
    const struct pic_desk *desk = call->context;
    char folder[PIC_AGENT_PATH_MAX];
    if (pic_agent_folder(call->folder, desk->program_folder, desk->data_home, folder, NULL) ==
            PIC_OK &&
        pic_agent_exists(folder))
        pic_mishap_note(folder, desk->world.now_ms(desk->world.context), status, call->target.path);
}
