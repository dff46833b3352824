#include "schema/face/completion.h"

#include <stdio.h>
#include <string.h>

#include "schema/face/speech.h"

enum { WORDS_MAX = 1 << 16 };

/* "pic-server" as a name of a shell function: "_pic_server". */
static void put_function(struct pic_buf *out, const struct pic_program *program)
{
    pic_buf_u8(out, '_');
    for (const char *c = program->name; *c != '\0'; c++)
        pic_buf_u8(out, *c == '-' ? '_' : (uint8_t)*c);
}

static bool is_shown(const struct pic_target *target)
{
    return (target->command->flags & PIC_COMMAND_HIDDEN) == 0;
}

/* Adds a word to a list separated by spaces, once. */
static void add_word(struct pic_buf *words, struct pic_span word)
{
    struct pic_span left = pic_buf_view(words);
    while (left.n > 0) {
        const uint8_t *space = memchr(left.p, ' ', left.n);
        size_t n = space == NULL ? left.n : (size_t)(space - left.p);
        if (pic_span_equal(pic_span_of(left.p, n), word))
            return;
        left = pic_span_of(left.p + n, left.n - n);
        if (left.n > 0)
            left = pic_span_of(left.p + 1, left.n - 1);
    }
    pic_buf_text(words, words->len == 0 ? "" : " ");
    pic_buf_bytes(words, word.p, word.n);
}

/* The words that may follow prefix, "" or "projet ", in commands. */
static void next_words(const struct pic_program *program, const char *prefix, struct pic_buf *words)
{
    struct pic_target target;
    size_t at = 0, n = strlen(prefix);
    while (pic_program_next(program, &at, &target)) {
        if (!is_shown(&target) || strncmp(target.path, prefix, n) != 0)
            continue;
        const char *rest = target.path + n;
        add_word(words, pic_span_of(rest, strcspn(rest, " ")));
    }
}

static void add_options(const struct pic_option *options, struct pic_buf *words)
{
    for (; options != NULL && options->name != NULL; options++)
        pic_buf_printf(words, " --%s", options->name);
}

static void option_words(const struct pic_program *program, const struct pic_target *target,
                         struct pic_buf *words)
{
    for (unsigned i = 0; target->entity != NULL && i < target->entity->field_n; i++)
        if (pic_target_takes(program, target, &target->entity->fields[i]))
            pic_buf_printf(words, " --%s", target->entity->fields[i].option);
    add_options(target->command->options, words);
    add_options(pic_global_options, words);
}

/* bash and zsh differ only in the words around the same `case`. */
struct shell {
    const char *name, *head, *function, *before_words, *after_words, *tail;
};

static void put_case(struct pic_buf *out, const struct shell *shell, const char *path,
                     const char *words)
{
    if (path[0] == '\0')
        pic_buf_text(out, "    '') ");
    else
        pic_buf_printf(out, "    '%s '*) ", path);
    pic_buf_printf(out, "%s%s%s", shell->before_words, words, shell->after_words);
}

/* The rows of a `case` over the words typed so far: commands of most words first, since the first
 * pattern that fits wins; then the beginnings of commands; then nothing typed yet. */
static void put_cases(const struct pic_program *program, const struct shell *shell,
                      struct pic_buf *out)
{
    struct pic_target target;
    struct pic_buf words, groups;
    pic_buf_init(&words, WORDS_MAX);
    pic_buf_init(&groups, WORDS_MAX);
    for (int spaces = 2; spaces >= 0; spaces--) {
        for (size_t at = 0; pic_program_next(program, &at, &target);) {
            int found = 0;
            for (const char *c = target.path; *c != '\0'; c++)
                found += *c == ' ';
            if (found != spaces || !is_shown(&target))
                continue;
            pic_buf_clear(&words);
            option_words(program, &target, &words);
            put_case(out, shell, target.path, pic_buf_string(&words) + 1);
        }
    }
    next_words(program, "", &groups);
    for (const char *group = pic_buf_string(&groups); *group != '\0';) {
        char prefix[sizeof target.path];
        size_t n = strcspn(group, " ");
        (void)snprintf(prefix, sizeof prefix, "%.*s ", (int)n, group);
        pic_buf_clear(&words);
        next_words(program, prefix, &words);
        prefix[n] = '\0';
        if (words.len > 0)
            put_case(out, shell, prefix, pic_buf_string(&words));
        group += n + (group[n] == ' ');
    }
    pic_buf_release(&words);
    pic_buf_release(&groups);
}

static const struct shell shells[] = {
    {
        .name = "bash",
        .head = "",
        .function = "() {\n"
                    "    local current=${COMP_WORDS[COMP_CWORD]} typed= word\n"
                    "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                    "        case $word in -*) ;; *) typed=\"$typed$word \" ;; esac\n"
                    "    done\n"
                    "    case $typed in\n",
        .before_words = "COMPREPLY=($(compgen -W '",
        .after_words = "' -- \"$current\")) ;;\n",
        .tail = "    esac\n}\ncomplete -o default -F ",
    },
    {
        .name = "zsh",
        .head = "#compdef ",
        .function = "() {\n"
                    "    local typed= word\n"
                    "    for word in ${words[2,CURRENT-1]}; do\n"
                    "        case $word in -*) ;; *) typed=\"$typed$word \" ;; esac\n"
                    "    done\n"
                    "    case $typed in\n",
        .before_words = "compadd -- ",
        .after_words = " || _files ;;\n",
        .tail = "    esac\n}\ncompdef ",
    },
};

static void put_script(const struct pic_program *program, const struct shell *shell,
                       struct pic_buf *out)
{
    struct pic_buf words;
    pic_buf_init(&words, WORDS_MAX);
    if (shell->head[0] != '\0')
        pic_buf_printf(out, "%s%s\n", shell->head, program->name);
    put_function(out, program);
    pic_buf_text(out, shell->function);
    put_cases(program, shell, out);
    next_words(program, "", &words);
    add_options(pic_global_options, &words);
    put_case(out, shell, "", pic_buf_string(&words));
    pic_buf_text(out, shell->tail);
    put_function(out, program);
    pic_buf_printf(out, " %s\n", program->name);
    pic_buf_release(&words);
}

/* A text between single quotes of fish. */
static void put_fish(struct pic_buf *out, const char *text)
{
    pic_buf_u8(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            pic_buf_u8(out, '\\');
        pic_buf_u8(out, (uint8_t)*text);
    }
    pic_buf_text(out, "'\n");
}

/* A candidate, offered exactly after the first n bytes of path. */
static void put_fish_word(struct pic_buf *out, const struct pic_program *program, const char *path,
                          size_t n, const char *word, const char *about)
{
    pic_buf_printf(out, "complete -c %s -f -n '", program->name);
    put_function(out, program);
    pic_buf_printf(out, "_at%s%.*s' -a '%s' -d ", n == 0 ? "" : " ", (int)n, path, word);
    put_fish(out, about);
}

/* An option, offered anywhere after path. */
static void put_fish_option(struct pic_buf *out, const struct pic_program *program,
                            const char *path, const char *name, bool valued, const char *about)
{
    pic_buf_printf(out, "complete -c %s -n '", program->name);
    put_function(out, program);
    pic_buf_printf(out, "_after %s' -l %s%s -d ", path, name, valued ? " -r" : "");
    put_fish(out, about);
}

static void put_fish_command(struct pic_buf *out, const struct pic_program *program,
                             const struct pic_target *target)
{
    const char *const facts[3] = {target->entity == NULL ? NULL : target->entity->label};
    const struct pic_option *option = target->command->options;
    const char *last = strrchr(target->path, ' ');
    struct pic_buf about;
    pic_buf_init(&about, WORDS_MAX);
    pic_speech_fill(&about, target->command->summary, facts);
    put_fish_word(out, program, target->path, last == NULL ? 0 : (size_t)(last - target->path),
                  last == NULL ? target->path : last + 1, pic_buf_string(&about));
    pic_buf_release(&about);
    for (unsigned i = 0; target->entity != NULL && i < target->entity->field_n; i++) {
        const struct pic_field *field = &target->entity->fields[i];
        if (pic_target_takes(program, target, field))
            put_fish_option(out, program, target->path, field->option, true, field->label);
    }
    for (; option != NULL && option->name != NULL; option++)
        put_fish_option(out, program, target->path, option->name, option->argument != NULL,
                        option->help);
}

/* Two tests on the words typed so far, options left out: exactly these, or these first. */
static void put_fish_functions(const struct pic_program *program, struct pic_buf *out)
{
    static const char typed[] =
        "    set -l typed (string match -v -- '-*' (commandline -opc))[2..-1]\n"
        "    test \"$typed\" = \"$argv\"";
    pic_buf_text(out, "function ");
    put_function(out, program);
    pic_buf_printf(out, "_at\n%s\nend\nfunction ", typed);
    put_function(out, program);
    pic_buf_printf(out, "_after\n%s; or string match -q -- \"$argv *\" \"$typed\"\nend\n", typed);
}

static void put_fish_script(const struct pic_program *program, struct pic_buf *out)
{
    struct pic_target target;
    struct pic_buf words;
    pic_buf_init(&words, WORDS_MAX);
    put_fish_functions(program, out);
    next_words(program, "", &words);
    put_fish_word(out, program, "", 0, pic_buf_string(&words), "");
    for (size_t at = 0; pic_program_next(program, &at, &target);)
        if (is_shown(&target))
            put_fish_command(out, program, &target);
    for (const struct pic_option *option = pic_global_options; option->name != NULL; option++) {
        pic_buf_printf(out, "complete -c %s -l %s%s -d ", program->name, option->name,
                       option->argument == NULL ? "" : " -r");
        put_fish(out, option->help);
    }
    pic_buf_release(&words);
}

int pic_completion(const struct pic_program *program, const char *shell, struct pic_buf *out,
                   struct pic_err *err)
{
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strcmp(shells[i].name, shell) == 0) {
            put_script(program, &shells[i], out);
            return pic_buf_status(out);
        }
    if (strcmp(shell, "fish") != 0)
        return pic_fail(err, PIC_ECODE, shell, "completion", "bash", NULL);
    put_fish_script(program, out);
    return pic_buf_status(out);
}
