#include "schema/face/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schema/dictionary/nearest.h"

enum {
    OUT_MAX = 256 << 20,
    WORDS_MAX = 3,
    OPTION_NAME_MAX = 80,
    VALUE_MAX = PIC_TEXT_MAX + 64,
    TOLD_MAX = 4096
};

/* ---- parsing ---- */

struct parser {
    struct pic_call *call;
    int argc;
    const char *const *argv;
    int at;
};

static const struct pic_option *find_option(const struct pic_option *options, const char *name)
{
    for (; options != NULL && options->name != NULL; options++)
        if (strcmp(options->name, name) == 0)
            return options;
    return NULL;
}

static void try_options(struct pic_nearest *nearest, const struct pic_option *options)
{
    for (; options != NULL && options->name != NULL; options++)
        pic_nearest_try(nearest, options->name);
}

/* "--name", for a message. */
static const char *dashed(char out[static OPTION_NAME_MAX], const char *name)
{
    (void)snprintf(out, OPTION_NAME_MAX, "--%.*s", OPTION_NAME_MAX - 3, name);
    return out;
}

/* The field of a change's option that is written once, and so is no option of it; else NULL. */
static const struct pic_field *fixed_field(const struct pic_call *call, const char *name)
{
    const struct pic_entity *entity = call->target.entity;
    if (call->target.command->fields != PIC_FIELDS_CHANGE)
        return NULL;
    for (unsigned i = 0; i < entity->field_n; i++)
        if (entity->fields[i].policy == PIC_ONCE && strcmp(entity->fields[i].option, name) == 0)
            return &entity->fields[i];
    return NULL;
}

static int unknown_option(struct parser *p, const char *name)
{
    struct pic_call *call = p->call;
    const struct pic_target *target = &call->target;
    const struct pic_entity *entity = target->command == NULL ? NULL : target->entity;
    char typed[OPTION_NAME_MAX], meant[OPTION_NAME_MAX];
    const struct pic_field *fixed = entity == NULL ? NULL : fixed_field(call, name);
    struct pic_nearest nearest;
    if (fixed != NULL)
        return pic_fail(&call->err, PIC_EIMMUTABLE, dashed(typed, name), fixed->label, NULL);
    pic_nearest_init(&nearest, name);
    if (target->command != NULL)
        try_options(&nearest, target->command->options);
    for (unsigned i = 0; entity != NULL && i < entity->field_n; i++)
        if (pic_target_takes(call->program, target, &entity->fields[i]))
            pic_nearest_try(&nearest, entity->fields[i].option);
    try_options(&nearest, pic_global_options);
    return pic_fail(&call->err, PIC_EUNKNOWN_OPTION, dashed(typed, name),
                    nearest.best == NULL ? "" : dashed(meant, nearest.best), NULL);
}

/* Where a global option goes: a flag of the call, or its text. */
static void apply_global(struct pic_call *call, const char *name, const char *value)
{
    const struct {
        const char *name;
        bool *flag;
        const char **text;
    } places[] = {
        {"help", &call->help, NULL},
        {"version", &call->version, NULL},
        {"json", &call->json, NULL},
        {"plain", &call->plain, NULL},
        {"quiet", &call->terminal.quiet, NULL},
        {"non-interactif", &call->terminal.unattended, NULL},
        {"dossier", NULL, &call->folder},
        {"phrase-fichier", NULL, &call->terminal.passphrase_file},
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (strcmp(places[i].name, name) != 0)
            continue;
        if (places[i].flag != NULL)
            *places[i].flag = true;
        else
            *places[i].text = value;
    }
    if (strcmp(name, "couleur") == 0 && strcmp(value, "jamais") == 0)
        call->terminal.colour = false;
}

static int check_choice(struct parser *p, const struct pic_option *option, const char *value)
{
    char choice[OPTION_NAME_MAX], name[OPTION_NAME_MAX], meant[OPTION_NAME_MAX] = "";
    struct pic_nearest nearest;
    pic_nearest_init(&nearest, value);
    for (const char *at = option->choices; *at != '\0'; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        (void)snprintf(choice, sizeof choice, "%.*s", (int)n, at);
        if (strcmp(choice, value) == 0)
            return PIC_OK;
        pic_nearest_keep(&nearest, choice, meant, sizeof meant);
        at += n;
    }
    return pic_fail(&p->call->err, PIC_ECODE, value, dashed(name, option->name), meant, NULL);
}

/* The value of an option written --name=value (inline_value) or --name value, "" for one that takes
 * none; NULL when it is misused, and call->err says how. */
static const char *option_value(struct parser *p, const char *name, const char *shape,
                                const char *inline_value)
{
    char option[OPTION_NAME_MAX];
    if (shape == NULL && inline_value != NULL) {
        (void)pic_speech_usage(&p->call->err, PIC_TELL_USAGE_UNWANTED_VALUE, dashed(option, name),
                               NULL);
        return NULL;
    }
    if (shape == NULL)
        return "";
    if (inline_value != NULL)
        return inline_value;
    if (p->at < p->argc && strncmp(p->argv[p->at], "--", 2) != 0)
        return p->argv[p->at++];
    (void)pic_speech_usage(&p->call->err, PIC_TELL_USAGE_NO_VALUE, dashed(option, name), shape);
    return NULL;
}

static int keep_option(struct parser *p, const struct pic_option *option,
                       const struct pic_field *field, const char *value)
{
    struct pic_call *call = p->call;
    char name[OPTION_NAME_MAX];
    bool repeatable =
        field != NULL ? field->type == PIC_TYPE_SET : (option->flags & PIC_OPTION_REPEATED) != 0;
    (void)dashed(name, field != NULL ? field->option : option->name);
    for (size_t i = 0; i < call->option_n && !repeatable; i++)
        if (call->options[i].option == option && call->options[i].field == field)
            return pic_speech_usage(&call->err, PIC_TELL_USAGE_TWICE, name, NULL);
    if (call->option_n == PIC_CALL_OPTIONS_MAX)
        return pic_speech_usage(&call->err, PIC_TELL_USAGE_TOO_LONG, NULL, NULL);
    call->options[call->option_n++] = (struct pic_call_option){option, field, value};
    return PIC_OK;
}

/* The field that name is an option for here, or NULL. */
static const struct pic_field *find_field(const struct pic_call *call, const char *name)
{
    const struct pic_target *target = &call->target;
    if (target->command == NULL || target->entity == NULL)
        return NULL;
    const struct pic_field *field = pic_entity_by_option(target->entity, name);
    bool taken = field != NULL && pic_target_takes(call->program, target, field);
    return taken ? field : NULL;
}

/* One word that begins with a dash, and its value. The command's own options come first, then the
 * entity's fields, then those of every command. */
static int parse_option(struct parser *p)
{
    struct pic_call *call = p->call;
    const struct pic_command *command = call->target.command;
    const char *word = p->argv[p->at++];
    bool is_short = strcmp(word, "-h") == 0, is_long = strncmp(word, "--", 2) == 0;
    const char *start = is_short ? "help" : word + (is_long ? 2 : 1);
    size_t n = strcspn(start, "=");
    char name[OPTION_NAME_MAX];
    (void)snprintf(name, sizeof name, "%.*s", n < sizeof name ? (int)n : OPTION_NAME_MAX, start);
    if (!is_long && !is_short)
        return unknown_option(p, name);
    const struct pic_option *own = command == NULL ? NULL : find_option(command->options, name);
    const struct pic_field *field = own != NULL ? NULL : find_field(call, name);
    const struct pic_option *option = own != NULL ? own : find_option(pic_global_options, name);
    if (option == NULL && field == NULL)
        return unknown_option(p, name);
    const char *shape = field != NULL ? pic_field_example(field) : option->argument;
    const char *value = option_value(p, name, shape, start[n] == '=' ? start + n + 1 : NULL);
    if (value == NULL)
        return call->err.status;
    if (field != NULL)
        return keep_option(p, NULL, field, value);
    int status = option->choices == NULL ? PIC_OK : check_choice(p, option, value);
    if (status != PIC_OK)
        return status;
    if (own != NULL)
        return keep_option(p, own, NULL, value);
    apply_global(call, name, value);
    return PIC_OK;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

/* Global options, then the longest run of words that is a command. */
static int parse_path(struct parser *p)
{
    struct pic_call *call = p->call;
    while (p->at < p->argc && is_option(p->argv[p->at])) {
        int status = parse_option(p);
        if (status != PIC_OK)
            return status;
    }
    int most = 0;
    while (most < WORDS_MAX && p->at + most < p->argc && !is_option(p->argv[p->at + most])) {
        call->args[most] = p->argv[p->at + most];
        most++;
    }
    call->arg_n = (size_t)most;
    for (int n = most; n > 0; n--) {
        struct pic_buf path;
        pic_buf_init(&path, sizeof call->target.path);
        for (int i = 0; i < n; i++)
            pic_buf_printf(&path, "%s%s", i == 0 ? "" : " ", call->args[i]);
        struct pic_target found;
        bool is_command =
            !path.bad && pic_program_find(call->program, pic_buf_string(&path), &found);
        pic_buf_release(&path);
        if (is_command) {
            call->target = found;
            p->at += n;
            return PIC_OK;
        }
    }
    return PIC_OK;
}

/* True when -h or --help stands among what is left, whatever else is wrong there. */
static bool asks_help(const struct parser *p)
{
    for (int i = p->at; i < p->argc && strcmp(p->argv[i], "--") != 0; i++)
        if (strcmp(p->argv[i], "-h") == 0 || strcmp(p->argv[i], "--help") == 0)
            return true;
    return false;
}

static int parse_rest(struct parser *p)
{
    struct pic_call *call = p->call;
    bool only_args = false;
    call->arg_n = 0;
    while (p->at < p->argc) {
        const char *word = p->argv[p->at];
        int status = PIC_OK;
        if (!only_args && strcmp(word, "--") == 0) {
            only_args = true;
            p->at++;
        } else if (!only_args && is_option(word)) {
            status = parse_option(p);
        } else if (call->arg_n == PIC_CALL_ARGS_MAX ||
                   call->arg_n == call->target.command->arg_max) {
            status = pic_speech_usage(&p->call->err, PIC_TELL_USAGE_TOO_MANY, word, NULL);
        } else {
            call->args[call->arg_n++] = word;
            p->at++;
        }
        if (status != PIC_OK)
            return status;
    }
    return PIC_OK;
}

static int missing(struct parser *p, const char *name, const char *label, const char *example)
{
    char option[OPTION_NAME_MAX], whole[PIC_ERR_ARG_MAX];
    (void)snprintf(whole, sizeof whole, "%s %.64s", dashed(option, name), example);
    return pic_fail(&p->call->err, PIC_EMISSING_OPTION, option, label, whole, NULL);
}

static int check_required(struct parser *p)
{
    const struct pic_call *call = p->call;
    const struct pic_command *command = call->target.command;
    const struct pic_option *option = command->options;
    if (call->arg_n < command->arg_min)
        return pic_speech_usage(&p->call->err, PIC_TELL_USAGE_TOO_FEW, command->usage, NULL);
    for (; option != NULL && option->name != NULL; option++)
        if ((option->flags & PIC_OPTION_REQUIRED) != 0 && !pic_call_has(call, option->name))
            return missing(p, option->name, option->help, option->argument);
    return PIC_OK;
}

/* What was typed for a field, the repetitions of a set joined by a space; false when nothing. */
static bool typed_for(const struct pic_call *call, const struct pic_field *field,
                      struct pic_buf *out)
{
    bool given = false;
    for (size_t i = 0; i < call->option_n; i++)
        if (call->options[i].field == field) {
            if (given)
                pic_buf_u8(out, ' ');
            pic_buf_text(out, call->options[i].text);
            given = true;
        }
    return given;
}

static int parse_field(struct parser *p, const struct pic_field *field)
{
    struct pic_call *call = p->call;
    struct pic_call_value *value = &call->values[call->value_n];
    *value = (struct pic_call_value){.field = field};
    pic_buf_init(&value->text, VALUE_MAX);
    pic_buf_init(&value->store, VALUE_MAX);
    if (!typed_for(call, field, &value->text))
        return PIC_OK;
    call->value_n++;
    value->typed = pic_buf_string(&value->text);
    if (value->text.bad)
        return pic_fail(&call->err, PIC_ETOO_LONG, "", field->label, NULL);
    if (pic_target_requires(&call->target, field) && value->typed[0] == '\0')
        return pic_fail(&call->err, PIC_EREQUIRED, "", field->label, NULL);
    if (field->type == PIC_TYPE_DOCUMENT || field->type == PIC_TYPE_IDENTITY ||
        field->type == PIC_TYPE_REF)
        return PIC_OK;
    if (field->type != PIC_TYPE_REF)
        return pic_value_parse(field, value->typed, &value->store, &value->value, &call->err);
    /* What is no number may be a name: only who has the rows can tell. */
    if (pic_value_parse(field, value->typed, &value->store, &value->value, NULL) != PIC_OK)
        value->value = (struct pic_value){.kind = PIC_KIND_NULL};
    return PIC_OK;
}

/* What was given is read first, so that a slip in it is said before what is missing. */
static int parse_fields(struct parser *p)
{
    const struct pic_call *call = p->call;
    const struct pic_entity *entity = call->target.entity;
    size_t field_n = entity == NULL ? 0 : entity->field_n;
    for (size_t i = 0; i < field_n; i++) {
        int status = parse_field(p, &entity->fields[i]);
        if (status != PIC_OK)
            return status;
    }
    for (size_t i = 0; i < field_n; i++) {
        const struct pic_field *field = &entity->fields[i];
        if (pic_target_takes(call->program, &call->target, field) &&
            pic_target_requires(&call->target, field) &&
            pic_call_field(call, field->number) == NULL)
            return missing(p, field->option, field->label, pic_field_example(field));
    }
    return PIC_OK;
}

int pic_call_parse(struct pic_call *call, const struct pic_program *program, int argc,
                   const char *const *argv)
{
    struct parser p = {.call = call, .argc = argc, .argv = argv, .at = 1};
    memset(call, 0, sizeof *call);
    call->program = program;
    pic_terminal_init(&call->terminal);
    pic_buf_init(&call->out, OUT_MAX);
    int status = parse_path(&p);
    if (status != PIC_OK)
        return status;
    call->help = call->help || asks_help(&p);
    if (call->help || call->version) {
        call->target = (struct pic_target){0};
        return PIC_OK;
    }
    if (call->target.command == NULL)
        return call->arg_n == 0 ? PIC_OK
                                : pic_program_unknown(program, call->args, call->arg_n, &call->err);
    status = parse_rest(&p);
    if (status == PIC_OK)
        status = parse_fields(&p);
    if (status == PIC_OK)
        status = check_required(&p);
    return status;
}

void pic_call_release(struct pic_call *call)
{
    for (size_t i = 0; i < call->value_n; i++) {
        pic_buf_release(&call->values[i].text);
        pic_buf_release(&call->values[i].store);
    }
    call->value_n = 0;
    pic_buf_release(&call->out);
}

/* ---- what handlers ask ---- */

const char *pic_call_option_at(const struct pic_call *call, const char *name, size_t index)
{
    for (size_t i = 0; i < call->option_n; i++) {
        const struct pic_option *option = call->options[i].option;
        if (option != NULL && strcmp(option->name, name) == 0 && index-- == 0)
            return call->options[i].text;
    }
    return NULL;
}

const char *pic_call_option(const struct pic_call *call, const char *name)
{
    return pic_call_option_at(call, name, 0);
}

bool pic_call_has(const struct pic_call *call, const char *name)
{
    return pic_call_option(call, name) != NULL;
}

const struct pic_call_value *pic_call_field(const struct pic_call *call, unsigned number)
{
    for (size_t i = 0; i < call->value_n; i++)
        if (call->values[i].field->number == number)
            return &call->values[i];
    return NULL;
}

int pic_call_sheet(struct pic_call *call, const struct pic_sheet *sheet, bool card)
{
    struct pic_look look = pic_terminal_look(&call->terminal);
    enum pic_sheet_form form = card ? PIC_SHEET_CARD : PIC_SHEET_SCREEN;
    if (call->json)
        form = card ? PIC_SHEET_OBJECT : PIC_SHEET_JSON;
    else if (call->plain)
        form = PIC_SHEET_PLAIN;
    int status = pic_sheet_print(sheet, form, &look, &call->out);
    return status == PIC_OK ? PIC_OK : pic_fail(&call->err, status, NULL);
}

void pic_call_tell(const struct pic_call *call, enum pic_tell key, ...)
{
    const char *facts[3] = {0};
    struct pic_buf text;
    va_list args;
    if (call->terminal.quiet)
        return;
    va_start(args, key);
    for (size_t i = 0; i < 3 && (i == 0 || facts[i - 1] != NULL); i++)
        facts[i] = va_arg(args, const char *);
    va_end(args);
    pic_buf_init(&text, TOLD_MAX);
    pic_speech_fill(&text, pic_speech_text(key), facts);
    (void)fprintf(stderr, "%s\n", pic_buf_string(&text));
    pic_buf_release(&text);
}

int pic_call_flush(struct pic_call *call)
{
    bool bad = call->out.bad;
    size_t n = call->out.len;
    bool written = n == 0 || fwrite(call->out.data, 1, n, stdout) == n;
    pic_buf_clear(&call->out);
    if (bad)
        return pic_fail(&call->err, PIC_ELIMIT, NULL);
    if (written && fflush(stdout) == 0)
        return PIC_OK;
    call->unread = errno == EPIPE;
    return pic_fail(&call->err, call->unread ? PIC_INTERRUPTED : PIC_EIO, NULL);
}
