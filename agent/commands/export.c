#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/commands/commands.h"

/* Everything that was recorded, one file for each kind of entry, for a spreadsheet or a program. */

enum { PATH_SIZE = 1024, FILE_MAX = 256 << 20 };

static int write_file(const char *path, struct pic_span content, struct pic_err *err)
{
    FILE *file = fopen(path, "wbx");
    if (file == NULL)
        return pic_fail(err, errno == EEXIST ? PIC_EEXISTS : PIC_EFILE, path, strerror(errno),
                        NULL);
    bool written = fwrite(content.p, 1, content.n, file) == content.n;
    int cause = written ? 0 : errno;
    written = fclose(file) == 0 && written;
    return written ? PIC_OK : pic_fail(err, cause == EIO ? PIC_EIO : PIC_EDISK_FULL, path, NULL);
}

/* One kind of entry; no file where nothing was recorded. */
static int export_entity(struct pic_call *call, struct pic_agent *agent,
                         const struct pic_entity *entity, enum pic_sheet_form form)
{
    char path[PATH_SIZE];
    struct pic_buf content;
    bool any = false;
    int n = snprintf(path, sizeof path, "%s/%s.%s", call->args[0], entity->command,
                     form == PIC_SHEET_JSON ? "json" : "csv");
    if (n < 0 || (size_t)n >= sizeof path)
        return pic_fail(&call->err, PIC_ELIMIT, call->args[0], NULL);
    pic_buf_init(&content, FILE_MAX);
    int status = pic_list_print(call, agent, entity, form, &content, &any);
    if (status == PIC_OK && any)
        status = write_file(path, pic_buf_view(&content), &call->err);
    pic_buf_release(&content);
    return status;
}

static int export_all(struct pic_call *call, enum pic_sheet_form form)
{
    const char *folder = call->args[0];
    struct pic_agent agent;
    int status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK && mkdir(folder, S_IRWXU) != 0 && errno != EEXIST)
        status = pic_fail(&call->err, PIC_EFILE, folder, strerror(errno), NULL);
    for (size_t i = 0; status == PIC_OK && i < pic_dictionary_count(); i++) {
        const struct pic_entity *entity = pic_dictionary_at(i);
        if ((entity->flags & PIC_SERVER_ONLY) == 0)
            status = export_entity(call, &agent, entity, form);
    }
    if (status == PIC_OK)
        pic_call_tell(call, PIC_TELL_FILE_WRITTEN, folder, NULL);
    pic_agent_close(&agent);
    return status;
}

int pic_command_export_tableur(struct pic_call *call)
{
    return export_all(call, PIC_SHEET_TABLEUR);
}

int pic_command_export_regulatory(struct pic_call *call)
{
    return export_all(call, PIC_SHEET_REGULATORY);
}

int pic_command_export_json(struct pic_call *call)
{
    return export_all(call, PIC_SHEET_JSON);
}
