#include "agent/commands/commands.h"

/* `pic` alone: the welcome where there is no store, else how things stand. */
int pic_command_home(struct pic_call *call)
{
    char folder[PIC_AGENT_PATH_MAX];
    int status = pic_desk_folder(call, folder);
    if (status != PIC_OK)
        return status;
    if (pic_agent_exists(folder))
        return pic_command_status(call);
    pic_speech_tell(&call->out, PIC_TELL_WELCOME, NULL);
    pic_buf_text(&call->out, "\n");
    return PIC_OK;
}
