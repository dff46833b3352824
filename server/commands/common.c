#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

const char *pic_command_who(const struct pic_call *call, char store[static PIC_WHO_MAX])
{
    enum { ENTRY_MAX = 4096 };
    const char *given = pic_call_option(call, "qui");
    struct passwd entry;
    struct passwd *found = NULL;
    char texts[ENTRY_MAX];
    if (given != NULL && *given != '\0')
        return given;
    bool known = getpwuid_r(getuid(), &entry, texts, sizeof texts, &found) == 0 && found != NULL;
    (void)snprintf(store, PIC_WHO_MAX, "%s", known ? found->pw_name : "équipe centrale");
    return store;
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
