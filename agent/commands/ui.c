#include "agent/pages/ui.h"

#include "agent/commands/commands.h"
#include "schema/dictionary/number.h"

enum { PORT_MAX = 65535 };

int pic_command_ui(struct pic_call *call)
{
    const char *given = pic_call_option(call, "port");
    int64_t port = 0;
    int status = given == NULL ? PIC_OK : pic_count_parse(given, PORT_MAX, &port, &call->err);
    return status == PIC_OK
               ? pic_ui_run(call, (unsigned)port, !pic_call_has(call, "sans-navigateur"))
               : status;
}
