#include "schema/face/help.h"

#include <string.h>

#include "schema/dictionary/nomenclatures.h"
#include "schema/face/sheet.h"
#include "schema/face/speech.h"

enum { LEFT = 28, WIDTH = 80, TEXT_MAX = 8192, CHOICES_MAX = 20 };

/* ---- layout ---- */

/* Appends text folded at WIDTH, its first line beginning at column `at`, the others at `indent`. */
static void put_folded(struct pic_buf *out, const char *text, size_t at, size_t indent)
{
    bool first = true;
    while (*text != '\0') {
        text += strspn(text, " ");
        size_t n = strcspn(text, " ");
        size_t width = pic_sheet_width(pic_span_of(text, n));
        if (!first && at + 1 + width > WIDTH) {
            pic_buf_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            pic_buf_u8(out, ' ');
            at++;
        }
        pic_buf_bytes(out, text, n);
        at += width;
        text += n;
        first = false;
    }
    pic_buf_u8(out, '\n');
}

static void put_paragraph(struct pic_buf *out, const char *text)
{
    put_folded(out, text, 0, 0);
}

/* "  left            text", the text in its own column, below left when that is too long. */
static void put_entry(struct pic_buf *out, const char *left, const char *text)
{
    size_t width = pic_sheet_width(pic_span_text(left)) + 2;
    pic_buf_printf(out, "  %s", left);
    if (width + 2 > LEFT) {
        pic_buf_u8(out, '\n');
        width = 0;
    }
    pic_buf_printf(out, "%*s", (int)(LEFT - width), "");
    put_folded(out, text, LEFT, LEFT);
}

static void put_heading(struct pic_buf *out, enum pic_tell key)
{
    pic_buf_printf(out, "\n%s\n", pic_speech_text(key));
}

/* ---- pieces of a command ---- */

/* A summary or detail, with the label of the entity put in. */
static void put_about(struct pic_buf *out, const char *text, const struct pic_entity *entity)
{
    const char *const facts[3] = {entity == NULL ? NULL : entity->label};
    pic_speech_fill(out, text, facts);
}

static const char *shape_of(const struct pic_field *field)
{
    static const char *const shapes[] = {
        [PIC_TYPE_TEXT] = "TEXTE",       [PIC_TYPE_MONEY] = "EUROS",
        [PIC_TYPE_RATE] = "POURCENTAGE", [PIC_TYPE_COUNT] = "NOMBRE",
        [PIC_TYPE_DATE] = "JJ/MM/AAAA",  [PIC_TYPE_BOOL] = "oui|non",
        [PIC_TYPE_CODE] = "CODE",        [PIC_TYPE_REF] = "NUMÉRO",
        [PIC_TYPE_SET] = "CODE",         [PIC_TYPE_GRID] = "CASES",
        [PIC_TYPE_DOCUMENT] = "FICHIER", [PIC_TYPE_IDENTITY] = "TEXTE",
        [PIC_TYPE_KEY] = "EMPREINTE",
    };
    return shapes[field->type];
}

/* The codes of a short list, or the name of a long one. */
static void put_choices(struct pic_buf *out, const struct pic_field *field)
{
    struct pic_buf codes;
    struct pic_span left = pic_nomenclatures();
    struct pic_shipped_code code;
    size_t n = 0;
    if ((field->type != PIC_TYPE_CODE && field->type != PIC_TYPE_SET) || field->about[0] == '\0')
        return;
    pic_buf_init(&codes, TEXT_MAX);
    while (pic_nomenclatures_next(&left, &code))
        if (pic_span_equal(code.nomenclature, pic_span_text(field->about))) {
            pic_buf_text(&codes, n++ == 0 ? "" : ", ");
            pic_buf_bytes(&codes, code.code.p, code.code.n);
        }
    if (n > 0) {
        pic_buf_u8(out, ' ');
        pic_speech_tell(out, n <= CHOICES_MAX ? PIC_TELL_HELP_CHOICES : PIC_TELL_HELP_NOMENCLATURE,
                        n <= CHOICES_MAX ? pic_buf_string(&codes) : field->about, NULL);
    }
    pic_buf_release(&codes);
}

static void put_mark(struct pic_buf *out, enum pic_tell key)
{
    pic_buf_printf(out, " (%s)", pic_speech_text(key));
}

static void put_field(struct pic_buf *out, const struct pic_target *target,
                      const struct pic_field *field)
{
    struct pic_buf left, text;
    pic_buf_init(&left, TEXT_MAX);
    pic_buf_init(&text, TEXT_MAX);
    pic_buf_printf(&left, "--%s %s", field->option, shape_of(field));
    pic_buf_text(&text, field->label);
    if (pic_target_requires(target, field))
        put_mark(&text, PIC_TELL_HELP_REQUIRED);
    if (field->type == PIC_TYPE_SET)
        put_mark(&text, PIC_TELL_HELP_REPEATED);
    if (target->command->fields == PIC_FIELDS_CREATE && field->policy == PIC_ONCE)
        put_mark(&text, PIC_TELL_HELP_ONCE);
    pic_buf_printf(&text, ". %s", field->help);
    put_choices(&text, field);
    put_entry(out, pic_buf_string(&left), pic_buf_string(&text));
    pic_buf_release(&left);
    pic_buf_release(&text);
}

static void put_option(struct pic_buf *out, const struct pic_option *option)
{
    struct pic_buf left, text;
    pic_buf_init(&left, TEXT_MAX);
    pic_buf_init(&text, TEXT_MAX);
    pic_buf_printf(&left, option->argument == NULL ? "--%s" : "--%s %s", option->name,
                   option->argument);
    pic_buf_text(&text, option->help);
    if ((option->flags & PIC_OPTION_REQUIRED) != 0)
        put_mark(&text, PIC_TELL_HELP_REQUIRED);
    if ((option->flags & PIC_OPTION_REPEATED) != 0)
        put_mark(&text, PIC_TELL_HELP_REPEATED);
    if (option->choices != NULL) {
        pic_buf_text(&text, ". ");
        pic_speech_tell(&text, PIC_TELL_HELP_CHOICES, option->choices, NULL);
    }
    put_entry(out, pic_buf_string(&left), pic_buf_string(&text));
    pic_buf_release(&left);
    pic_buf_release(&text);
}

static void put_options(struct pic_buf *out, enum pic_tell heading,
                        const struct pic_option *options)
{
    if (options == NULL || options->name == NULL)
        return;
    put_heading(out, heading);
    for (; options->name != NULL; options++)
        put_option(out, options);
}

static bool has_fields(const struct pic_program *program, const struct pic_target *target)
{
    for (unsigned i = 0; target->entity != NULL && i < target->entity->field_n; i++)
        if (pic_target_takes(program, target, &target->entity->fields[i]))
            return true;
    return false;
}

static void put_fields(struct pic_buf *out, const struct pic_program *program,
                       const struct pic_target *target)
{
    if (!has_fields(program, target))
        return;
    put_heading(out, PIC_TELL_HELP_FIELDS);
    for (unsigned i = 0; i < target->entity->field_n; i++)
        if (pic_target_takes(program, target, &target->entity->fields[i]))
            put_field(out, target, &target->entity->fields[i]);
}

static void put_usage(struct pic_buf *out, const struct pic_program *program, const char *path,
                      const char *tail)
{
    struct pic_buf line;
    pic_buf_init(&line, TEXT_MAX);
    pic_buf_printf(&line, "%s %s", program->name, path);
    if (tail != NULL)
        pic_buf_printf(&line, " %s", tail);
    pic_buf_printf(&line, " [%s]", pic_speech_text(PIC_TELL_HELP_OPTIONS));
    pic_speech_tell(out, PIC_TELL_HELP_USAGE, pic_buf_string(&line), NULL);
    pic_buf_u8(out, '\n');
    pic_buf_release(&line);
}

/* ---- the three helps ---- */

static void command_help(const struct pic_program *program, const struct pic_target *target,
                         struct pic_buf *out)
{
    const struct pic_command *command = target->command;
    struct pic_buf text;
    pic_buf_init(&text, TEXT_MAX);
    put_usage(out, program, target->path, command->usage);
    pic_buf_u8(out, '\n');
    put_about(&text, command->summary, target->entity);
    pic_buf_u8(&text, '.');
    if (target->entity != NULL)
        pic_buf_printf(&text, " %s", target->entity->help);
    if (command->detail != NULL) {
        pic_buf_u8(&text, ' ');
        put_about(&text, command->detail, target->entity);
    }
    put_paragraph(out, pic_buf_string(&text));
    if (command->alias != NULL) {
        pic_speech_tell(out, PIC_TELL_HELP_ALIAS, command->alias, NULL);
        pic_buf_u8(out, '\n');
    }
    put_fields(out, program, target);
    put_options(out, PIC_TELL_HELP_OWN_OPTIONS, command->options);
    pic_buf_release(&text);
}

static bool in_group(const struct pic_target *target, const char *word)
{
    size_t n = strlen(word);
    return strncmp(target->path, word, n) == 0 && target->path[n] == ' ';
}

static bool is_shown(const struct pic_target *target)
{
    return (target->command->flags & PIC_COMMAND_HIDDEN) == 0;
}

static void group_help(const struct pic_program *program, const char *word, struct pic_buf *out)
{
    const struct pic_entity *entity = pic_dictionary_by_command(word);
    struct pic_target target;
    struct pic_buf left, text;
    size_t at = 0;
    pic_buf_init(&left, TEXT_MAX);
    pic_buf_init(&text, TEXT_MAX);
    pic_buf_printf(&left, "%s %s", word, pic_speech_text(PIC_TELL_HELP_COMMAND));
    put_usage(out, program, pic_buf_string(&left), NULL);
    if (entity != NULL) {
        pic_buf_u8(out, '\n');
        put_paragraph(out, entity->help);
    }
    put_heading(out, PIC_TELL_HELP_COMMANDS);
    while (pic_program_next(program, &at, &target)) {
        if (!in_group(&target, word) || !is_shown(&target))
            continue;
        pic_buf_clear(&left);
        pic_buf_clear(&text);
        pic_buf_text(&left, target.path + strlen(word) + 1);
        if (target.command->usage != NULL)
            pic_buf_printf(&left, " %s", target.command->usage);
        put_about(&text, target.command->summary, target.entity);
        put_entry(out, pic_buf_string(&left), pic_buf_string(&text));
    }
    pic_buf_release(&left);
    pic_buf_release(&text);
}

/* True when an own command before the one at `index` has the same first word. */
static bool is_listed(const struct pic_program *program, size_t index)
{
    size_t n = strcspn(program->commands[index].path, " ");
    for (size_t i = 0; i < index; i++)
        if (strcspn(program->commands[i].path, " ") == n &&
            strncmp(program->commands[i].path, program->commands[index].path, n) == 0)
            return true;
    return false;
}

/* A group is listed by what its commands do to it: "liste, voir, imprimer". */
static void put_group(struct pic_buf *out, const struct pic_program *program, const char *word)
{
    struct pic_buf verbs;
    pic_buf_init(&verbs, TEXT_MAX);
    for (size_t i = 0; i < program->command_n; i++) {
        const struct pic_target target = {.command = &program->commands[i]};
        size_t n = strlen(word);
        const char *path = program->commands[i].path;
        if (is_shown(&target) && strncmp(path, word, n) == 0 && path[n] == ' ')
            pic_buf_printf(&verbs, verbs.len == 0 ? "%s" : ", %s", path + n + 1);
    }
    put_entry(out, word, pic_buf_string(&verbs));
    pic_buf_release(&verbs);
}

static void put_own_commands(struct pic_buf *out, const struct pic_program *program)
{
    put_heading(out, PIC_TELL_HELP_COMMANDS);
    for (size_t i = 0; i < program->command_n; i++) {
        const struct pic_command *command = &program->commands[i];
        struct pic_buf left;
        if ((command->flags & PIC_COMMAND_HIDDEN) != 0 || is_listed(program, i))
            continue;
        pic_buf_init(&left, TEXT_MAX);
        pic_buf_bytes(&left, command->path, strcspn(command->path, " "));
        if (pic_dictionary_by_command(pic_buf_string(&left)) != NULL) {
            pic_buf_release(&left);
            continue;
        }
        if (pic_program_has_group(program, pic_buf_string(&left))) {
            put_group(out, program, pic_buf_string(&left));
        } else {
            if (command->usage != NULL)
                pic_buf_printf(&left, " %s", command->usage);
            put_entry(out, pic_buf_string(&left), command->summary);
        }
        pic_buf_release(&left);
    }
}

static void put_records(struct pic_buf *out, const struct pic_program *program)
{
    struct pic_buf verbs;
    if (program->verb_n == 0)
        return;
    pic_buf_init(&verbs, TEXT_MAX);
    for (size_t i = 0; i < program->verb_n; i++)
        pic_buf_printf(&verbs, i == 0 ? "%s" : ", %s", program->verbs[i].path);
    pic_buf_u8(out, '\n');
    pic_speech_tell(out, PIC_TELL_HELP_RECORDS, pic_buf_string(&verbs), NULL);
    pic_buf_u8(out, '\n');
    for (size_t i = 0; i < pic_dictionary_count(); i++) {
        const struct pic_entity *entity = pic_dictionary_at(i);
        if (pic_program_has_group(program, entity->command))
            put_entry(out, entity->command, entity->help);
    }
    pic_buf_release(&verbs);
}

static void program_help(const struct pic_program *program, struct pic_buf *out)
{
    pic_buf_printf(out, "%s %s — %s\n\n", program->name, program->version, program->title);
    put_usage(out, program, pic_speech_text(PIC_TELL_HELP_COMMAND), NULL);
    put_own_commands(out, program);
    put_records(out, program);
    put_options(out, PIC_TELL_HELP_GLOBAL, pic_global_options);
    pic_buf_u8(out, '\n');
    pic_speech_tell(out, PIC_TELL_HELP_MORE, program->name, pic_speech_text(PIC_TELL_HELP_COMMAND),
                    NULL);
    pic_buf_u8(out, '\n');
}

int pic_help(const struct pic_program *program, const char *const *words, size_t word_n,
             struct pic_buf *out, struct pic_err *err)
{
    struct pic_target target;
    struct pic_buf path;
    bool found = false;
    if (word_n == 0) {
        program_help(program, out);
        return PIC_OK;
    }
    /* The longest run of words that is a command: what follows may be its arguments. */
    pic_buf_init(&path, TEXT_MAX);
    for (size_t n = word_n; n > 0 && !found; n--) {
        pic_buf_clear(&path);
        for (size_t i = 0; i < n; i++)
            pic_buf_printf(&path, i == 0 ? "%s" : " %s", words[i]);
        found = pic_program_find(program, pic_buf_string(&path), &target);
    }
    pic_buf_release(&path);
    if (found)
        command_help(program, &target, out);
    else if (word_n == 1 && pic_program_has_group(program, words[0]))
        group_help(program, words[0], out);
    else
        return pic_program_unknown(program, words, word_n, err);
    return PIC_OK;
}
