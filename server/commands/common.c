#include "server/commands/commands.h"

const struct pic_config *pic_command_config(const struct pic_call *call)
{
    return call->context;
}

const char *pic_command_folder(const struct pic_call *call)
{
    return call->folder != NULL ? call->folder
                                : pic_config_text(pic_command_config(call), PIC_SET_FOLDER);
}

int pic_command_open(struct pic_call *call, unsigned flags, struct pic_server *out)
{
    return pic_server_open(pic_command_folder(call), flags, out, &call->err);
}

void pic_command_put_dot(struct pic_sheet *sheet, uint64_t dot)
{
    struct pic_buf text;
    if (dot == 0) {
        pic_sheet_null(sheet);
        return;
    }
    pic_buf_init(&text, 64);
    pic_dot_print(dot, &text);
    pic_sheet_text(sheet, pic_buf_string(&text));
    pic_buf_release(&text);
}
