#include "schema/face/program.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/face/completion.h"
#include "schema/face/help.h"
#include "schema/face/manual.h"

enum { SAID_MAX = 8192 };

int pic_program_help(struct pic_call *call)
{
    return pic_help(call->program, call->args, call->arg_n, &call->out, &call->err);
}

int pic_program_completion(struct pic_call *call)
{
    return pic_completion(call->program, call->args[0], &call->out, &call->err);
}

int pic_program_manual(struct pic_call *call)
{
    pic_manual(call->program, &call->out);
    return PIC_OK;
}

static int run(struct pic_call *call)
{
    const struct pic_program *program = call->program;
    if (call->version) {
        pic_buf_printf(&call->out, "%s %s\n", program->name, program->version);
        return PIC_OK;
    }
    if (call->help)
        return pic_program_help(call);
    if (call->target.command != NULL)
        return call->target.command->run(call);
    return program->home != NULL ? program->home(call) : pic_program_help(call);
}

/* Says on stderr how it ended, unless there is nothing to say. */
static void say(const struct pic_call *call, int status)
{
    struct pic_buf said;
    struct pic_err bare = {.status = status};
    const struct pic_err *err = call->err.status == status ? &call->err : &bare;
    if (status == PIC_OK)
        return;
    pic_buf_init(&said, SAID_MAX);
    pic_speech_error(err, call->json ? PIC_SPEECH_JSON : PIC_SPEECH_SCREEN, &said);
    (void)fputs(pic_buf_string(&said), stderr);
    pic_buf_release(&said);
}

int pic_program_main(const struct pic_program *program, int argc, const char *const *argv,
                     void *context)
{
    struct pic_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return pic_status_exit(PIC_EMEMORY);
    int status = pic_call_parse(call, program, argc, argv);
    call->context = context;
    if (status == PIC_OK)
        status = run(call);
    int flushed = pic_call_flush(call);
    if (status == PIC_OK)
        status = flushed;
    if (status == PIC_INTERRUPTED && call->unread)
        status = PIC_OK;
    say(call, status);
    if (program->ended != NULL)
        program->ended(call, status);
    pic_call_release(call);
    free(call);
    return pic_status_exit(status);
}
