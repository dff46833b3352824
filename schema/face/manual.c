#include "schema/face/manual.h"

#include <string.h>

#include "schema/face/speech.h"

enum { TEXT_MAX = 8192 };

/* Text for roff: nothing in it is a request or an escape. */
static void put_text(struct pic_buf *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        pic_buf_text(out, "\\&");
    for (; *text != '\0'; text++) {
        if (*text == '\\')
            pic_buf_text(out, "\\e");
        else if (*text == '-')
            pic_buf_text(out, "\\-");
        else
            pic_buf_u8(out, (uint8_t)*text);
    }
}

static void put_line(struct pic_buf *out, const char *text)
{
    put_text(out, text);
    pic_buf_u8(out, '\n');
}

static void put_option(struct pic_buf *out, const char *name, const char *argument,
                       const char *help)
{
    pic_buf_text(out, ".TP\n.B \\-\\-");
    put_text(out, name);
    if (argument != NULL) {
        pic_buf_text(out, " \\fI");
        put_text(out, argument);
        pic_buf_text(out, "\\fR");
    }
    pic_buf_u8(out, '\n');
    put_line(out, help);
}

static void put_options(struct pic_buf *out, const struct pic_option *option)
{
    for (; option != NULL && option->name != NULL; option++)
        put_option(out, option->name, option->argument, option->help);
}

static void put_command(struct pic_buf *out, const struct pic_program *program,
                        const struct pic_target *target)
{
    const char *const facts[3] = {target->entity == NULL ? NULL : target->entity->label};
    struct pic_buf text;
    pic_buf_init(&text, TEXT_MAX);
    pic_buf_text(out, ".SS \"");
    put_text(out, target->path);
    if (target->command->usage != NULL) {
        pic_buf_u8(out, ' ');
        put_text(out, target->command->usage);
    }
    pic_buf_text(out, "\"\n");
    pic_speech_fill(&text, target->command->summary, facts);
    pic_buf_u8(&text, '.');
    if (target->command->detail != NULL) {
        pic_buf_u8(&text, ' ');
        pic_speech_fill(&text, target->command->detail, facts);
    }
    put_line(out, pic_buf_string(&text));
    for (unsigned i = 0; target->entity != NULL && i < target->entity->field_n; i++) {
        const struct pic_field *field = &target->entity->fields[i];
        if (pic_target_takes(program, target, field))
            put_option(out, field->option, pic_field_example(field), field->help);
    }
    put_options(out, target->command->options);
    pic_buf_release(&text);
}

static void put_exit_codes(struct pic_buf *out)
{
    static const struct {
        const char *code;
        enum pic_tell meaning;
    } codes[] = {
        {"0", PIC_TELL_EXIT_0},   {"1", PIC_TELL_EXIT_1},   {"2", PIC_TELL_EXIT_2},
        {"3", PIC_TELL_EXIT_3},   {"10", PIC_TELL_EXIT_10}, {"11", PIC_TELL_EXIT_11},
        {"12", PIC_TELL_EXIT_12}, {"13", PIC_TELL_EXIT_13}, {"14", PIC_TELL_EXIT_14},
        {"15", PIC_TELL_EXIT_15}, {"16", PIC_TELL_EXIT_16}, {"17", PIC_TELL_EXIT_17},
        {"18", PIC_TELL_EXIT_18}, {"20", PIC_TELL_EXIT_20}, {"130", PIC_TELL_EXIT_130},
    };
    pic_buf_printf(out, ".SH \"%s\"\n", pic_speech_text(PIC_TELL_MAN_EXIT));
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        pic_buf_printf(out, ".TP\n.B %s\n", codes[i].code);
        put_line(out, pic_speech_text(codes[i].meaning));
    }
}

void pic_manual(const struct pic_program *program, struct pic_buf *out)
{
    struct pic_target target;
    pic_buf_text(out, ".TH \"");
    put_text(out, program->name);
    pic_buf_printf(out, "\" 1 \"\" \"%s %s\"\n", program->name, program->version);
    pic_buf_printf(out, ".SH %s\n", pic_speech_text(PIC_TELL_MAN_NAME));
    put_text(out, program->name);
    pic_buf_text(out, " \\- ");
    put_line(out, program->title);
    pic_buf_printf(out, ".SH %s\n.B ", pic_speech_text(PIC_TELL_MAN_USAGE));
    put_text(out, program->name);
    pic_buf_printf(out, "\n.I %s\n[\\fI%s\\fR]\n", pic_speech_text(PIC_TELL_HELP_COMMAND),
                   pic_speech_text(PIC_TELL_HELP_OPTIONS));
    pic_buf_printf(out, ".SH %s\n", pic_speech_text(PIC_TELL_MAN_OPTIONS));
    put_options(out, pic_global_options);
    pic_buf_printf(out, ".SH %s\n", pic_speech_text(PIC_TELL_MAN_COMMANDS));
    for (size_t at = 0; pic_program_next(program, &at, &target);)
        if ((target.command->flags & PIC_COMMAND_HIDDEN) == 0)
            put_command(out, program, &target);
    put_exit_codes(out);
}
