#include "schema/face/catalogue.h"

#include <stdio.h>
#include <string.h>

#include "schema/dictionary/nearest.h"
#include "schema/face/speech.h"

enum { WORD_MAX = 80 };

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
    case PIC_FIELDS_REPLACE:
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
    if (verb->fields == PIC_FIELDS_NONE || verb->fields == PIC_FIELDS_FILTER)
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

bool pic_program_has_group(const struct pic_program *program, const char *word)
{
    struct pic_target target;
    size_t at = 0, n = strlen(word);
    while (pic_program_next(program, &at, &target))
        if (strncmp(target.path, word, n) == 0 && target.path[n] == ' ')
            return true;
    return false;
}

/* A verb that people try, and what does it here: facts are reversed, the rest is cancelled. */
static bool find_synonym(const struct pic_program *program, const char *group, const char *verb,
                         char out[static PIC_ERR_ARG_MAX])
{
    static const struct {
        const char *verb, *meant;
    } synonyms[] = {
        {"annuler", "contrepasser"},   {"contrepasser", "annuler"}, {"supprimer", "annuler"},
        {"supprimer", "contrepasser"}, {"effacer", "annuler"},      {"effacer", "contrepasser"},
        {"creer", "ajouter"},          {"lister", "liste"},         {"corriger", "modifier"},
        {"modifier", "contrepasser"},
    };
    struct pic_target target;
    for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++) {
        (void)snprintf(out, PIC_ERR_ARG_MAX, "%.32s %s", group, synonyms[i].meant);
        if (strcmp(synonyms[i].verb, verb) == 0 && pic_program_find(program, out, &target))
            return true;
    }
    out[0] = '\0';
    return false;
}

int pic_program_unknown(const struct pic_program *program, const char *const *words, size_t word_n,
                        struct pic_err *err)
{
    struct pic_target target;
    char typed[WORD_MAX], word[WORD_MAX], last[WORD_MAX] = "";
    char meant[PIC_ERR_ARG_MAX] = "";
    bool group = pic_program_has_group(program, words[0]);
    size_t at = 0, n = strlen(words[0]);
    struct pic_nearest nearest;
    if (group && word_n == 1)
        return pic_speech_usage(err, PIC_TELL_USAGE_INCOMPLETE, words[0], NULL);
    const char *prefix = group ? words[0] : "", *space = group ? " " : "";
    pic_nearest_init(&nearest, words[group ? 1 : 0]);
    while (pic_program_next(program, &at, &target)) {
        if (group && (strncmp(target.path, words[0], n) != 0 || target.path[n] != ' '))
            continue;
        const char *rest = group ? target.path + n + 1 : target.path;
        (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(rest, " "), rest);
        pic_nearest_keep(&nearest, word, last, sizeof last);
    }
    bool known = group && find_synonym(program, words[0], words[1], meant);
    if (!known && last[0] != '\0')
        (void)snprintf(meant, sizeof meant, "%.32s%s%.32s", prefix, space, last);
    (void)snprintf(typed, sizeof typed, "%.32s%s%.32s", words[0], space, group ? words[1] : "");
    return pic_fail(err, PIC_EUNKNOWN_COMMAND, typed, meant, NULL);
}
