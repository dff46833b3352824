#include "schema/face/command.h"

#include <stdio.h>
#include <string.h>

#include "schema/face/nearest.h"

enum {
    OUT_MAX = 256 << 20,
    WORDS_MAX = 3,
    OPTION_NAME_MAX = 80,
    VALUE_MAX = PIC_TEXT_MAX + 64,
    TOLD_MAX = 4096
};

const struct pic_option pic_global_options[] = {
    {.name = "help", .help = "Affiche l'aide, aussi -h"},
    {.name = "version", .help = "Affiche la version"},
    {.name = "json", .help = "Écrit les données en JSON"},
    {.name = "plain", .help = "Écrit une ligne par objet, colonnes séparées par des tabulations"},
    {.name = "quiet", .help = "N'écrit que les données et les erreurs"},
    {.name = "dossier", .argument = "CHEMIN", .help = "Dossier des données"},
    {.name = "non-interactif", .help = "Ne pose aucune question"},
    {.name = "couleur", .argument = "QUAND", .help = "Couleurs", .choices = "auto jamais"},
    {.name = "phrase-fichier",
     .argument = "FICHIER",
     .help = "Lit la phrase de passe dans un fichier (« - » : l'entrée)"},
    {0},
};

/* ---- the commands of a program ---- */

static bool is_key(const struct pic_field *field)
{
    return field->type == PIC_TYPE_KEY;
}

/* Entities with a required key are born of a protocol, not of a person's typing. */
static bool is_typable(const struct pic_entity *entity)
{
    for (unsigned i = 0; i < entity->field_n; i++)
        if (is_key(&entity->fields[i]) && (entity->fields[i].flags & PIC_REQUIRED) != 0)
            return false;
    return true;
}

static bool takes(const struct pic_program *program, enum pic_command_fields fields,
                  const struct pic_field *field)
{
    bool writable = (field->writers & program->roles) != 0 && !is_key(field);
    if (field->number == PIC_FIELD_CANCELLED)
        return false;
    switch (fields) {
    case PIC_FIELDS_NONE:
        return false;
    case PIC_FIELDS_CREATE:
        return writable;
    case PIC_FIELDS_CHANGE:
        return writable && field->policy != PIC_ONCE;
    case PIC_FIELDS_FILTER:
        return field->type == PIC_TYPE_CODE || field->type == PIC_TYPE_SET ||
               field->type == PIC_TYPE_REF || field->type == PIC_TYPE_DATE ||
               field->type == PIC_TYPE_BOOL || field->type == PIC_TYPE_COUNT;
    }
    return false;
}

bool pic_target_takes(const struct pic_program *program, const struct pic_target *target,
                      const struct pic_field *field)
{
    return takes(program, target->command->fields, field);
}

bool pic_target_requires(const struct pic_target *target, const struct pic_field *field)
{
    return target->command->fields == PIC_FIELDS_CREATE && (field->flags & PIC_REQUIRED) != 0;
}

static bool concerns(const struct pic_program *program, const struct pic_command *verb,
                     const struct pic_entity *entity)
{
    bool reversible = (entity->flags & PIC_REVERSIBLE) != 0;
    if ((entity->flags & PIC_SERVER_ONLY) != 0 && (program->roles & PIC_ROLE_CENTRAL) == 0)
        return false;
    if ((verb->flags & PIC_COMMAND_WRITES) != 0 &&
        ((entity->writers & program->roles) == 0 || !is_typable(entity)))
        return false;
    if ((verb->flags & PIC_COMMAND_REVERSES) != 0 && !reversible)
        return false;
    if ((verb->flags & PIC_COMMAND_NO_REVERSE) != 0 && reversible)
        return false;
    if (verb->fields != PIC_FIELDS_CREATE && verb->fields != PIC_FIELDS_CHANGE)
        return true;
    for (unsigned i = 0; i < entity->field_n; i++)
        if (takes(program, verb->fields, &entity->fields[i]))
            return true;
    return false;
}

static bool is_own(const struct pic_program *program, const char *path)
{
    for (size_t i = 0; i < program->command_n; i++)
        if (strcmp(program->commands[i].path, path) == 0)
            return true;
    return false;
}

bool pic_program_next(const struct pic_program *program, size_t *at, struct pic_target *out)
{
    if (*at < program->command_n) {
        const struct pic_command *command = &program->commands[(*at)++];
        *out = (struct pic_target){.command = command};
        out->entity = command->entity == 0 ? NULL : pic_dictionary_entity(command->entity);
        (void)snprintf(out->path, sizeof out->path, "%s", command->path);
        return true;
    }
    while (program->verb_n > 0) {
        size_t index = (*at)++ - program->command_n;
        const struct pic_entity *entity = pic_dictionary_at(index / program->verb_n);
        const struct pic_command *verb = &program->verbs[index % program->verb_n];
        if (entity == NULL)
            return false;
        if (!concerns(program, verb, entity))
            continue;
        *out = (struct pic_target){.command = verb, .entity = entity};
        (void)snprintf(out->path, sizeof out->path, "%s %s", entity->command, verb->path);
        if (!is_own(program, out->path))
            return true;
    }
    return false;
}

/* True when path is target's by its alias: the same words but the last. */
static bool is_alias(const struct pic_target *target, const char *path)
{
    const char *alias = target->command->alias;
    const char *last = strrchr(target->path, ' ');
    size_t same = last == NULL ? 0 : (size_t)(last - target->path) + 1;
    return alias != NULL && strncmp(target->path, path, same) == 0 &&
           strcmp(path + same, alias) == 0;
}

bool pic_program_find(const struct pic_program *program, const char *path, struct pic_target *out)
{
    size_t at = 0;
    while (pic_program_next(program, &at, out))
        if (strcmp(out->path, path) == 0 || is_alias(out, path))
            return true;
    return false;
}

const char *pic_field_example(const struct pic_field *field)
{
    static const char *const examples[] = {
        [PIC_TYPE_TEXT] = "\"…\"",
        [PIC_TYPE_MONEY] = "45,90",
        [PIC_TYPE_RATE] = "70",
        [PIC_TYPE_COUNT] = "12",
        [PIC_TYPE_DATE] = "12/03/2026",
        [PIC_TYPE_BOOL] = "oui",
        [PIC_TYPE_CODE] = "CODE",
        [PIC_TYPE_REF] = "42-17",
        [PIC_TYPE_SET] = "CODE",
        [PIC_TYPE_GRID] = "\"F/26-45/oui=12 H/65+/non=3\"",
        [PIC_TYPE_DOCUMENT] = "photo.jpg",
        [PIC_TYPE_IDENTITY] = "\"Prénom Nom\"",
        [PIC_TYPE_KEY] = "EMPREINTE",
    };
    return examples[field->type];
}

/* A U-01 whose fact is a text with facts of its own. */
static int misused(struct pic_err *err, enum pic_tell key, const char *a, const char *b)
{
    struct pic_buf text;
    pic_buf_init(&text, PIC_ERR_ARG_MAX * 2);
    pic_speech_tell(&text, key, a, b, NULL);
    int status = pic_fail(err, PIC_EUSAGE, pic_buf_string(&text), NULL);
    pic_buf_release(&text);
    return status;
}

/* ---- what words were meant ---- */

bool pic_program_has_group(const struct pic_program *program, const char *word)
{
    struct pic_target target;
    size_t at = 0, n = strlen(word);
    while (pic_program_next(program, &at, &target))
        if (strncmp(target.path, word, n) == 0 && target.path[n] == ' ')
            return true;
    return false;
}

/* Keeps a copy of candidate, whose storage will not last, when it is nearer than all before. */
static void keep_nearer(struct pic_nearest *nearest, const char *candidate,
                        char kept[static OPTION_NAME_MAX])
{
    nearest->best = NULL;
    pic_nearest_try(nearest, candidate);
    if (nearest->best != NULL)
        (void)snprintf(kept, OPTION_NAME_MAX, "%s", candidate);
}

int pic_program_unknown(const struct pic_program *program, const char *const *words, size_t word_n,
                        struct pic_err *err)
{
    struct pic_target target;
    char typed[OPTION_NAME_MAX], word[OPTION_NAME_MAX], last[OPTION_NAME_MAX] = "";
    char meant[OPTION_NAME_MAX * 2] = "";
    bool group = pic_program_has_group(program, words[0]);
    size_t at = 0, n = strlen(words[0]);
    struct pic_nearest nearest;
    if (group && word_n == 1)
        return misused(err, PIC_TELL_USAGE_INCOMPLETE, words[0], NULL);
    const char *prefix = group ? words[0] : "", *space = group ? " " : "";
    pic_nearest_init(&nearest, words[group ? 1 : 0]);
    while (pic_program_next(program, &at, &target)) {
        if (group && (strncmp(target.path, words[0], n) != 0 || target.path[n] != ' '))
            continue;
        const char *rest = group ? target.path + n + 1 : target.path;
        (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(rest, " "), rest);
        keep_nearer(&nearest, word, last);
    }
    if (last[0] != '\0')
        (void)snprintf(meant, sizeof meant, "%.32s%s%.32s", prefix, space, last);
    (void)snprintf(typed, sizeof typed, "%.32s%s%.32s", words[0], space, group ? words[1] : "");
    return pic_fail(err, PIC_EUNKNOWN_COMMAND, typed, meant, NULL);
}

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

static int unknown_option(struct parser *p, const char *name)
{
    struct pic_call *call = p->call;
    const struct pic_target *target = &call->target;
    char typed[OPTION_NAME_MAX], meant[OPTION_NAME_MAX] = "";
    struct pic_nearest nearest;
    pic_nearest_init(&nearest, name);
    if (target->command != NULL)
        try_options(&nearest, target->command->options);
    for (unsigned i = 0; target->entity != NULL && i < target->entity->field_n; i++)
        if (pic_target_takes(call->program, target, &target->entity->fields[i]))
            pic_nearest_try(&nearest, target->entity->fields[i].option);
    try_options(&nearest, pic_global_options);
    (void)snprintf(typed, sizeof typed, "--%s", name);
    if (nearest.best != NULL)
        (void)snprintf(meant, sizeof meant, "--%s", nearest.best);
    return pic_fail(&call->err, PIC_EUNKNOWN_OPTION, typed, meant, NULL);
}

static void apply_global(struct pic_call *call, const char *name, const char *value)
{
    if (strcmp(name, "help") == 0)
        call->help = true;
    else if (strcmp(name, "version") == 0)
        call->version = true;
    else if (strcmp(name, "json") == 0)
        call->json = true;
    else if (strcmp(name, "plain") == 0)
        call->plain = true;
    else if (strcmp(name, "quiet") == 0)
        call->terminal.quiet = true;
    else if (strcmp(name, "dossier") == 0)
        call->folder = value;
    else if (strcmp(name, "non-interactif") == 0)
        call->terminal.unattended = true;
    else if (strcmp(name, "couleur") == 0)
        call->terminal.colour = call->terminal.colour && strcmp(value, "auto") == 0;
    else if (strcmp(name, "phrase-fichier") == 0)
        call->terminal.passphrase_file = value;
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
        keep_nearer(&nearest, choice, meant);
        at += n;
    }
    (void)snprintf(name, sizeof name, "--%s", option->name);
    return pic_fail(&p->call->err, PIC_ECODE, value, name, meant, NULL);
}

/* The value of an option written --name=value (inline_value) or --name value. */
static int option_value(struct parser *p, const char *name, const char *shape,
                        const char *inline_value, const char **value)
{
    char dashed[OPTION_NAME_MAX];
    (void)snprintf(dashed, sizeof dashed, "--%s", name);
    *value = "";
    if (shape == NULL)
        return inline_value == NULL
                   ? PIC_OK
                   : misused(&p->call->err, PIC_TELL_USAGE_UNWANTED_VALUE, dashed, NULL);
    *value = inline_value;
    if (inline_value != NULL)
        return PIC_OK;
    if (p->at >= p->argc || strncmp(p->argv[p->at], "--", 2) == 0)
        return misused(&p->call->err, PIC_TELL_USAGE_NO_VALUE, dashed, shape);
    *value = p->argv[p->at++];
    return PIC_OK;
}

static int keep_option(struct parser *p, const struct pic_option *option,
                       const struct pic_field *field, const char *value)
{
    struct pic_call *call = p->call;
    char dashed[OPTION_NAME_MAX];
    bool repeatable =
        field != NULL ? field->type == PIC_TYPE_SET : (option->flags & PIC_OPTION_REPEATED) != 0;
    (void)snprintf(dashed, sizeof dashed, "--%s", field != NULL ? field->option : option->name);
    for (size_t i = 0; i < call->option_n && !repeatable; i++)
        if (call->options[i].option == option && call->options[i].field == field)
            return misused(&call->err, PIC_TELL_USAGE_TWICE, dashed, NULL);
    if (call->option_n == PIC_CALL_OPTIONS_MAX)
        return misused(&call->err, PIC_TELL_USAGE_TOO_LONG, NULL, NULL);
    call->options[call->option_n++] = (struct pic_call_option){option, field, value};
    return PIC_OK;
}

/* One word that begins with a dash, and its value. */
static int parse_option(struct parser *p)
{
    struct pic_call *call = p->call;
    const struct pic_target *target = &call->target;
    const char *word = p->argv[p->at++], *value;
    char name[OPTION_NAME_MAX];
    bool is_long = strncmp(word, "--", 2) == 0;
    const char *start = is_long ? word + 2 : word + 1;
    const char *equal = is_long ? strchr(start, '=') : NULL;
    (void)snprintf(name, sizeof name, "%.*s",
                   (int)(equal == NULL ? strnlen(start, sizeof name) : (size_t)(equal - start)),
                   strcmp(word, "-h") == 0 ? "help" : start);
    const struct pic_option *option =
        target->command == NULL ? NULL : find_option(target->command->options, name);
    const struct pic_field *field = NULL;
    if (option == NULL && target->entity != NULL)
        field = pic_entity_by_option(target->entity, name);
    if (field != NULL && !pic_target_takes(call->program, target, field))
        field = NULL;
    const struct pic_option *global = find_option(pic_global_options, name);
    bool known = option != NULL || field != NULL || global != NULL;
    if (!known || (!is_long && strcmp(word, "-h") != 0))
        return unknown_option(p, name);
    const struct pic_option *shaped = option != NULL ? option : global;
    const char *shape = field != NULL ? pic_field_example(field) : shaped->argument;
    int status = option_value(p, name, shape, equal == NULL ? NULL : equal + 1, &value);
    if (status == PIC_OK && field == NULL && shaped->choices != NULL)
        status = check_choice(p, shaped, value);
    if (status != PIC_OK)
        return status;
    if (option == NULL && field == NULL)
        apply_global(call, name, value);
    else
        status = keep_option(p, option, field, value);
    return status;
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
            status = misused(&p->call->err, PIC_TELL_USAGE_TOO_MANY, word, NULL);
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
    char dashed[OPTION_NAME_MAX], whole[PIC_ERR_ARG_MAX];
    (void)snprintf(dashed, sizeof dashed, "--%s", name);
    (void)snprintf(whole, sizeof whole, "--%s %s", name, example);
    return pic_fail(&p->call->err, PIC_EMISSING_OPTION, dashed, label, whole, NULL);
}

static int check_required(struct parser *p)
{
    const struct pic_call *call = p->call;
    const struct pic_command *command = call->target.command;
    const struct pic_option *option = command->options;
    if (call->arg_n < command->arg_min)
        return misused(&p->call->err, PIC_TELL_USAGE_TOO_FEW, command->usage, NULL);
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
    if (field->type == PIC_TYPE_DOCUMENT || field->type == PIC_TYPE_IDENTITY)
        return PIC_OK;
    return pic_value_parse(field, value->typed, &value->store, &value->value, &call->err);
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
    struct pic_buf text;
    va_list args;
    if (call->terminal.quiet)
        return;
    pic_buf_init(&text, TOLD_MAX);
    va_start(args, key);
    pic_speech_vtell(&text, key, args);
    va_end(args);
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
    return written && fflush(stdout) == 0 ? PIC_OK : pic_fail(&call->err, PIC_EIO, NULL);
}
