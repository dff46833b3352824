/* face: command lines, sentences, tables and JSON as people and programs meet them. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/dictionary/nearest.h"
#include "schema/face/completion.h"
#include "schema/face/help.h"
#include "schema/face/json.h"
#include "schema/face/manual.h"
#include "schema/face/program.h"
#include "schema/face/progress.h"

enum { OUT_MAX = 1 << 20, ARGS_MAX = 32 };

/* ---- a program like ours, small ---- */

static int nothing(struct pic_call *call)
{
    pic_buf_text(&call->out, "");
    return PIC_OK;
}

static const struct pic_option sending[] = {
    {.name = "saisies-seules", .help = "Laisse les documents pour plus tard"},
    {.name = "budget", .argument = "TAILLE", .help = "Ne pas dépasser cette taille"},
    {.name = "vers", .argument = "ADRESSE", .help = "Où", .flags = PIC_OPTION_REPEATED},
    {0},
};

static const struct pic_option exporting[] = {
    {.name = "format",
     .argument = "FORME",
     .help = "Forme du fichier",
     .choices = "tableur json",
     .flags = PIC_OPTION_REQUIRED},
    {0},
};

static const struct pic_command commands[] = {
    PIC_PROGRAM_COMMANDS,
    {.path = "envoyer", .summary = "Envoie", .options = sending, .run = nothing},
    {.path = "exporter", .summary = "Exporte", .options = exporting, .run = nothing},
    {.path = "accuse verifier",
     .usage = "FICHIER",
     .summary = "Vérifie un accusé",
     .run = nothing,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "accuse liste", .summary = "Liste les accusés", .run = nothing},
    {.path = "besoin voir",
     .usage = "NUMÉRO",
     .summary = "Montre un besoin",
     .run = nothing,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "cache", .summary = "Pour les machines", .run = nothing, .flags = PIC_COMMAND_HIDDEN},
};

static const struct pic_command verbs[] = {
    {.path = "ajouter",
     .alias = "nouveau",
     .summary = "Ajoute : {1}",
     .run = nothing,
     .fields = PIC_FIELDS_CREATE,
     .flags = PIC_COMMAND_WRITES},
    {.path = "liste", .summary = "Liste : {1}", .run = nothing, .fields = PIC_FIELDS_FILTER},
    {.path = "voir",
     .usage = "NUMÉRO",
     .summary = "Montre : {1}",
     .run = nothing,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "modifier",
     .usage = "NUMÉRO",
     .summary = "Modifie : {1}",
     .run = nothing,
     .fields = PIC_FIELDS_CHANGE,
     .arg_min = 1,
     .arg_max = 1,
     .flags = PIC_COMMAND_WRITES},
    {.path = "contrepasser",
     .usage = "NUMÉRO",
     .summary = "Contrepasse : {1}",
     .run = nothing,
     .arg_min = 1,
     .arg_max = 1,
     .flags = PIC_COMMAND_WRITES | PIC_COMMAND_REVERSES},
};

static const struct pic_program program = {
    .name = "pic",
    .title = "les micro-projets des quartiers",
    .version = "0.1.0",
    .roles = PIC_ROLE_ASSOCIATION,
    .commands = commands,
    .command_n = sizeof commands / sizeof *commands,
    .verbs = verbs,
    .verb_n = sizeof verbs / sizeof *verbs,
};

/* Parses a line split at spaces; "_" stands for an empty argument and "~" for a space. */
struct line {
    char text[512];
    const char *argv[ARGS_MAX];
    struct pic_call *call;
    int status;
};

static void parse(struct line *line, const char *text)
{
    int argc = 0;
    line->argv[argc++] = "pic";
    (void)snprintf(line->text, sizeof line->text, "%s", text);
    for (char *word = strtok(line->text, " "); word != NULL; word = strtok(NULL, " ")) {
        for (char *c = word; *c != '\0'; c++)
            if (*c == '~')
                *c = ' ';
        line->argv[argc++] = strcmp(word, "_") == 0 ? "" : word;
    }
    line->call = malloc(sizeof *line->call);
    assert_non_null(line->call);
    line->status = pic_call_parse(line->call, &program, argc, line->argv);
}

static void release(struct line *line)
{
    pic_call_release(line->call);
    free(line->call);
}

static void expect_failure(const char *text, int status, const char *arg0, const char *arg1)
{
    struct line line;
    parse(&line, text);
    if (line.status != status)
        fail_msg("'%s' gives %s, not %s", text, pic_status_name(line.status),
                 pic_status_name(status));
    if (arg0 != NULL)
        assert_string_equal(line.call->err.arg[0], arg0);
    if (arg1 != NULL)
        assert_string_equal(line.call->err.arg[1], arg1);
    release(&line);
}

/* ---- command lines ---- */

static void options_are_read_in_both_spellings(void **state)
{
    (void)state;
    struct line line;
    parse(&line, "--json --dossier=/a envoyer --budget 20M --saisies-seules --vers=x --vers y");
    assert_int_equal(line.status, PIC_OK);
    assert_string_equal(line.call->target.path, "envoyer");
    assert_true(line.call->json);
    assert_string_equal(line.call->folder, "/a");
    assert_string_equal(pic_call_option(line.call, "budget"), "20M");
    assert_true(pic_call_has(line.call, "saisies-seules"));
    assert_string_equal(pic_call_option_at(line.call, "vers", 0), "x");
    assert_string_equal(pic_call_option_at(line.call, "vers", 1), "y");
    assert_null(pic_call_option_at(line.call, "vers", 2));
    release(&line);
    parse(&line, "envoyer --non-interactif --quiet --phrase-fichier -");
    assert_int_equal(line.status, PIC_OK);
    assert_true(line.call->terminal.unattended);
    assert_true(line.call->terminal.quiet);
    assert_string_equal(line.call->terminal.passphrase_file, "-");
    release(&line);
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    struct line line;
    parse(&line, "accuse verifier -- --budget");
    assert_int_equal(line.status, PIC_OK);
    assert_int_equal(line.call->arg_n, 1);
    assert_string_equal(line.call->args[0], "--budget");
    release(&line);
    parse(&line, "accuse verifier -");
    assert_int_equal(line.status, PIC_OK);
    assert_string_equal(line.call->args[0], "-");
    release(&line);
}

static void fields_are_read_as_values(void **state)
{
    (void)state;
    struct line line;
    parse(&line, "projet nouveau --fonds 2-4 --titre Thé~dansant --demande 1~234,56 "
                 "--territoires QN06245M --territoires=62570 --personne Samira~B.");
    assert_int_equal(line.status, PIC_OK);
    const struct pic_entity *project = line.call->target.entity;
    assert_int_equal(project->number, PIC_PROJECT);
    const struct pic_call_value *title =
        pic_call_field(line.call, pic_entity_by_option(project, "titre")->number);
    assert_true(pic_span_equal(title->value.s, pic_span_text("Thé dansant")));
    const struct pic_call_value *asked =
        pic_call_field(line.call, pic_entity_by_option(project, "demande")->number);
    assert_int_equal(asked->value.i, 123456);
    const struct pic_call_value *territories =
        pic_call_field(line.call, pic_entity_by_option(project, "territoires")->number);
    assert_string_equal(territories->typed, "QN06245M 62570");
    const struct pic_call_value *person =
        pic_call_field(line.call, pic_entity_by_option(project, "personne")->number);
    assert_string_equal(person->typed, "Samira B.");
    assert_int_equal(person->value.kind, PIC_KIND_NULL);
    for (size_t i = 1; i < line.call->value_n; i++)
        assert_true(line.call->values[i - 1].field->number < line.call->values[i].field->number);
    assert_null(pic_call_field(line.call, pic_entity_by_option(project, "lieu")->number));
    release(&line);
    parse(&line, "projet modifier 42-17 --lieu _");
    assert_int_equal(line.status, PIC_OK);
    assert_int_equal(line.call->value_n, 1);
    assert_int_equal(line.call->values[0].value.kind, PIC_KIND_NULL);
    release(&line);
}

static void slips_are_named_with_what_was_meant(void **state)
{
    (void)state;
    expect_failure("projt liste", PIC_EUNKNOWN_COMMAND, "projt", "projet");
    expect_failure("projet lsite", PIC_EUNKNOWN_COMMAND, "projet lsite", "projet liste");
    expect_failure("envoier", PIC_EUNKNOWN_COMMAND, "envoier", "envoyer");
    expect_failure("xyzzyx", PIC_EUNKNOWN_COMMAND, "xyzzyx", "");
    expect_failure("depense ajouter --montnat 4", PIC_EUNKNOWN_OPTION, "--montnat", "--montant");
    expect_failure("envoyer --budjet=4", PIC_EUNKNOWN_OPTION, "--budjet", "--budget");
    expect_failure("envoyer -x", PIC_EUNKNOWN_OPTION, "--x", "");
    expect_failure("exporter --format jsn", PIC_ECODE, "jsn", "--format");
    expect_failure("depense ajouter --montant 1.234", PIC_EAMOUNT_AMBIGUOUS, "1.234", NULL);
}

static void what_is_missing_or_too_many_is_named(void **state)
{
    (void)state;
    struct line line;
    expect_failure("projet", PIC_EUSAGE, NULL, NULL);
    expect_failure("accuse verifier", PIC_EUSAGE, "il manque FICHIER", NULL);
    expect_failure("accuse verifier a b", PIC_EUSAGE, "« b » est en trop", NULL);
    expect_failure("exporter", PIC_EMISSING_OPTION, "--format", "Forme du fichier");
    expect_failure("projet ajouter --fonds 1-2 --titre _", PIC_EREQUIRED, NULL, "Titre");
    expect_failure("envoyer --budget", PIC_EUSAGE, NULL, NULL);
    expect_failure("envoyer --budget --json", PIC_EUSAGE, NULL, NULL);
    expect_failure("envoyer --saisies-seules=1", PIC_EUSAGE, NULL, NULL);
    expect_failure("envoyer --budget 1 --budget 2", PIC_EUSAGE, NULL, NULL);
    parse(&line, "projet ajouter --titre Thé");
    assert_int_equal(line.status, PIC_EMISSING_OPTION);
    assert_string_equal(line.call->err.arg[0], "--fonds");
    assert_string_equal(line.call->err.arg[1], "Fonds");
    assert_string_equal(line.call->err.arg[2], "--fonds 42-17");
    release(&line);
}

static void roles_and_policies_decide_the_commands(void **state)
{
    (void)state;
    struct pic_target target;
    assert_true(pic_program_find(&program, "depense contrepasser", &target));
    assert_false(pic_program_find(&program, "projet contrepasser", &target));
    assert_true(pic_program_find(&program, "fonds liste", &target));
    assert_false(pic_program_find(&program, "fonds ajouter", &target));
    assert_false(pic_program_find(&program, "mouvement liste", &target));
    expect_failure("depense modifier 1-2 --montant 4", PIC_EIMMUTABLE, NULL, NULL);
    expect_failure("projet ajouter --annule non", PIC_EUNKNOWN_OPTION, "--annule", NULL);
    /* A command of the program's own wins over the generated one. */
    size_t found = 0;
    for (size_t at = 0; pic_program_next(&program, &at, &target);)
        found += strcmp(target.path, "besoin voir") == 0;
    assert_int_equal(found, 1);
    assert_true(pic_program_find(&program, "besoin voir", &target));
    assert_ptr_equal(target.command, &commands[7]);
}

static void every_field_of_the_dictionary_can_be_typed_by_someone(void **state)
{
    (void)state;
    struct pic_program everyone = program;
    everyone.roles = PIC_ROLE_ANY_WRITER;
    for (size_t i = 0; i < pic_dictionary_count(); i++) {
        const struct pic_entity *entity = pic_dictionary_at(i);
        struct pic_target target;
        char path[96];
        (void)snprintf(path, sizeof path, "%s ajouter", entity->command);
        if (!pic_program_find(&everyone, path, &target))
            continue; /* born of a protocol: it has a required key */
        for (unsigned f = 0; f < entity->field_n; f++) {
            const struct pic_field *field = &entity->fields[f];
            bool expected = field->number != PIC_FIELD_CANCELLED && field->type != PIC_TYPE_KEY;
            assert_int_equal(pic_target_takes(&everyone, &target, field), expected);
        }
    }
}

/* ---- help, completion, manual ---- */

static void expect_help(const char *const *words, size_t word_n, const char *expected)
{
    struct pic_buf out;
    struct pic_err err = {0};
    pic_buf_init(&out, OUT_MAX);
    assert_int_equal(pic_help(&program, words, word_n, &out, &err), PIC_OK);
    assert_string_equal(pic_buf_string(&out), expected);
    pic_buf_release(&out);
}

static void help_says_what_the_tables_say(void **state)
{
    (void)state;
    static const char *const own[] = {"accuse", "verifier", "fichier.acc"};
    static const char *const export[] = {"exporter"};
    static const char *const group[] = {"accuse"};
    expect_help(own, 3,
                "Usage : pic accuse verifier FICHIER [options]\n"
                "\n"
                "Vérifie un accusé.\n");
    expect_help(export, 1,
                "Usage : pic exporter [options]\n"
                "\n"
                "Exporte.\n"
                "\n"
                "Options\n"
                "  --format FORME            Forme du fichier (obligatoire). Choix : tableur\n"
                "                            json.\n");
    expect_help(group, 1,
                "Usage : pic accuse commande [options]\n"
                "\n"
                "Commandes\n"
                "  verifier FICHIER          Vérifie un accusé\n"
                "  liste                     Liste les accusés\n");
}

static void help_of_an_entity_shows_every_field(void **state)
{
    (void)state;
    static const char *const words[] = {"depense", "ajouter"};
    const struct pic_entity *expense = pic_dictionary_entity(PIC_EXPENSE);
    struct pic_buf out;
    struct pic_err err = {0};
    char option[96];
    pic_buf_init(&out, OUT_MAX);
    assert_int_equal(pic_help(&program, words, 2, &out, &err), PIC_OK);
    for (unsigned i = 1; i < expense->field_n; i++) {
        (void)snprintf(option, sizeof option, "  --%s ", expense->fields[i].option);
        assert_non_null(strstr(pic_buf_string(&out), option));
        assert_non_null(strstr(pic_buf_string(&out), expense->fields[i].label));
    }
    assert_non_null(strstr(pic_buf_string(&out), "(obligatoire)"));
    pic_buf_release(&out);
}

static void help_is_found_from_any_command_line(void **state)
{
    (void)state;
    struct line line;
    parse(&line, "projet voir 42-17 --help");
    assert_int_equal(line.status, PIC_OK);
    assert_true(line.call->help);
    assert_null(line.call->target.command);
    assert_int_equal(line.call->arg_n, 3);
    release(&line);
    parse(&line, "exporter -h");
    assert_true(line.call->help);
    release(&line);
    parse(&line, "projet --help");
    assert_int_equal(line.status, PIC_OK);
    release(&line);
    parse(&line, "--version");
    assert_true(line.call->version);
    release(&line);
    parse(&line, "_");
    assert_int_equal(line.status, PIC_EUNKNOWN_COMMAND);
    release(&line);
}

static void completion_and_manual_name_every_command(void **state)
{
    (void)state;
    static const char *const shells[] = {"bash", "zsh", "fish"};
    struct pic_target target;
    struct pic_buf out;
    struct pic_err err = {0};
    pic_buf_init(&out, OUT_MAX);
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        pic_buf_clear(&out);
        assert_int_equal(pic_completion(&program, shells[i], &out, &err), PIC_OK);
        assert_null(strstr(pic_buf_string(&out), "cache"));
        for (size_t at = 0; pic_program_next(&program, &at, &target);) {
            struct pic_buf row;
            const char *last = strrchr(target.path, ' ');
            pic_buf_init(&row, OUT_MAX);
            if (strcmp(shells[i], "fish") != 0)
                pic_buf_printf(&row, "\n    '%s '*) ", target.path);
            else if (last == NULL)
                pic_buf_printf(&row, "_pic_at' -a '%s'", target.path);
            else
                pic_buf_printf(&row, "_pic_at %.*s' -a '%s'", (int)(last - target.path),
                               target.path, last + 1);
            if ((target.command->flags & PIC_COMMAND_HIDDEN) == 0)
                assert_non_null(strstr(pic_buf_string(&out), pic_buf_string(&row)));
            pic_buf_release(&row);
        }
    }
    assert_non_null(strstr(pic_buf_string(&out), "_pic_after depense ajouter' -l montant -r"));
    assert_int_equal(pic_completion(&program, "tcsh", &out, &err), PIC_ECODE);
    pic_buf_clear(&out);
    pic_manual(&program, &out);
    assert_non_null(strstr(pic_buf_string(&out), "\n.SS \"depense contrepasser NUMÉRO\"\n"));
    assert_non_null(strstr(pic_buf_string(&out), "\n.B \\-\\-montant \\fI45,90\\fR\n"));
    assert_null(strstr(pic_buf_string(&out), "cache"));
    pic_buf_release(&out);
}

static void nearest_word_is_near_or_none(void **state)
{
    (void)state;
    static const char *const words[] = {"projet", "paiement", "depense", "liste"};
    static const struct {
        const char *typed, *meant;
    } cases[] = {{"projets", "projet"},   {"PROJÈT", "projet"},
                 {"paiment", "paiement"}, {"dpeense", "depense"},
                 {"lste", "liste"},       {"x", NULL},
                 {"bibliotheque", NULL},  {"", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pic_nearest nearest;
        pic_nearest_init(&nearest, cases[i].typed);
        for (size_t w = 0; w < sizeof words / sizeof *words; w++)
            pic_nearest_try(&nearest, words[w]);
        if (cases[i].meant == NULL)
            assert_null(nearest.best);
        else
            assert_string_equal(nearest.best, cases[i].meant);
    }
}

/* ---- sentences ---- */

/* Words that this program does not say. */
static const char *const forbidden[] = {"synchronis", "commit",   "token", "hash", "409",
                                        "Erreur",     "invalide", "blob",  "JSON", "échou"};

static void expect_plain_french(const char *name, const char *text)
{
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        if (strstr(text, forbidden[i]) != NULL)
            fail_msg("%s says '%s': %s", name, forbidden[i], text);
}

static void every_status_has_a_sentence_and_an_action(void **state)
{
    (void)state;
    for (int status = 0; status < PIC_STATUS_COUNT; status++) {
        const char *sentence = pic_speech_sentence(status), *action = pic_speech_action(status);
        if (status != PIC_EFAIL && sentence == pic_speech_sentence(PIC_EFAIL))
            fail_msg("%s has no sentence", pic_status_name(status));
        assert_true(sentence[0] != '\0' && action[0] != '\0');
        assert_true(strchr(".?", sentence[strlen(sentence) - 1]) != NULL ||
                    strcmp(sentence + strlen(sentence) - 1, "]") == 0);
        expect_plain_french(pic_status_name(status), sentence);
        expect_plain_french(pic_status_name(status), action);
    }
    assert_ptr_equal(pic_speech_sentence(-1), pic_speech_sentence(PIC_EFAIL));
    assert_ptr_equal(pic_speech_action(PIC_STATUS_COUNT), pic_speech_action(PIC_EFAIL));
    for (int key = 0; key < PIC_TELL_COUNT; key++) {
        assert_true(pic_speech_text((enum pic_tell)key)[0] != '\0');
        expect_plain_french(pic_speech_name((enum pic_tell)key),
                            pic_speech_text((enum pic_tell)key));
    }
}

static void what_touches_saved_work_says_that_nothing_is_lost(void **state)
{
    (void)state;
    static const char *const reassuring[] = {"n'est perdu",      "n'a été",        "n'a changé",
                                             "n'ont pas changé", "toujours",       "gardée",
                                             "n'est effacé",     "n'est pas perdu"};
    for (int status = 0; status < PIC_STATUS_COUNT; status++) {
        bool reassures = strchr("EQPR", pic_status_code(status)[0]) == NULL ||
                         pic_status_code(status)[0] == '\0';
        for (size_t i = 0; i < sizeof reassuring / sizeof *reassuring; i++)
            if (strstr(pic_speech_sentence(status), reassuring[i]) != NULL)
                reassures = true;
        if (!reassures)
            fail_msg("%s does not say what is lost: %s", pic_status_name(status),
                     pic_speech_sentence(status));
    }
}

static void facts_are_put_in_and_optional_parts_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *template, *facts[3], *expected;
    } cases[] = {
        {"Le montant « {1} ».", {"1.2", NULL, NULL}, "Le montant « 1.2 »."},
        {"A[ ({1})][ : {2}].", {"x", "", NULL}, "A (x)."},
        {"A[ ({1})][ : {2}].", {NULL, "y", NULL}, "A : y."},
        {"[{1} à {2} ]B", {"1", NULL, NULL}, "B"},
        {"{3}{4}{", {NULL, NULL, "z"}, "z{4}{"},
        {"{1}", {"a\033[31mb\nc\x7F", NULL, NULL}, "a [31mb c "},
        {"{1}", {"\xFF\xC3\xA9", NULL, NULL}, "\xEF\xBF\xBDé"},
        {"[{1}", {NULL, NULL, NULL}, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pic_buf out;
        pic_buf_init(&out, OUT_MAX);
        pic_speech_fill(&out, cases[i].template, cases[i].facts);
        assert_string_equal(pic_buf_string(&out), cases[i].expected);
        pic_buf_release(&out);
    }
}

static void errors_are_said_in_three_ways(void **state)
{
    (void)state;
    struct pic_err err = {0};
    struct pic_buf out;
    pic_buf_init(&out, OUT_MAX);
    (void)pic_fail(&err, PIC_EAMOUNT_AMBIGUOUS, "1.234", "1,23", "1 234", NULL);
    pic_speech_error(&err, PIC_SPEECH_SCREEN, &out);
    assert_string_equal(pic_buf_string(&out),
                        "S-01  Le montant « 1.234 » peut vouloir dire 1,23 € ou 1 234 €.\n"
                        "      → Écrivez 1,23 ou 1 234.\n");
    pic_buf_clear(&out);
    pic_speech_error(&err, PIC_SPEECH_JSON, &out);
    assert_string_equal(pic_buf_string(&out),
                        "{\"code\":\"S-01\",\"message\":\"Le montant « 1.234 » peut vouloir dire "
                        "1,23 € ou 1 234 €.\",\"action\":\"Écrivez 1,23 ou 1 234.\"}\n");
    pic_buf_clear(&out);
    err.status = PIC_EUNREACHABLE;
    memset(err.arg, 0, sizeof err.arg);
    pic_speech_error(&err, PIC_SPEECH_LINE, &out);
    assert_string_equal(pic_buf_string(&out),
                        "La Région n'a pas pu être jointe. Rien n'est perdu.");
    pic_buf_release(&out);
}

static void quantities_are_said_in_words(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes;
        const char *expected;
    } sizes[] = {
        {0, "0 octet"},     {1, "1 octet"},   {1023, "1023 octets"}, {2150, "2,1 Ko"},
        {931840, "910 Ko"}, {10240, "10 Ko"}, {3250586, "3,1 Mo"},   {UINT64_MAX, "16777216 To"}};
    static const struct {
        int64_t ms;
        const char *expected;
    } times[] = {{0, "0 s"},
                 {4200, "4 s"},
                 {540000, "9 min"},
                 {18000000, "5 h"},
                 {INT64_C(86400000), "1 jour"},
                 {INT64_C(-86400000) * 3, "3 jours"},
                 {INT64_C(86400000) * 70, "2 mois"},
                 {INT64_C(86400000) * 800, "2 ans"},
                 {INT64_MIN, "292471208 ans"}};
    struct pic_buf out;
    pic_buf_init(&out, OUT_MAX);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        pic_buf_clear(&out);
        pic_speech_bytes(&out, sizes[i].bytes);
        assert_string_equal(pic_buf_string(&out), sizes[i].expected);
    }
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        pic_buf_clear(&out);
        pic_speech_duration(&out, times[i].ms);
        assert_string_equal(pic_buf_string(&out), times[i].expected);
    }
    pic_buf_clear(&out);
    pic_speech_count(&out, 1, "saisie", "saisies");
    pic_buf_text(&out, ", ");
    pic_speech_count(&out, 4, "saisie", "saisies");
    assert_string_equal(pic_buf_string(&out), "1 saisie, 4 saisies");
    pic_buf_release(&out);
}

static void moments_are_said_as_people_do(void **state)
{
    (void)state;
    /* 22/11/2026 18:20:41 in Paris, then the next morning, then the morning clocks went forward. */
    static const struct {
        int64_t then, now;
        const char *moment, *ago;
    } cases[] = {
        {1795368041000, 1795368051000, "aujourd'hui à 18 h 20", "à l'instant"},
        {1795368041000, 1795420800000, "hier à 18 h 20", "il y a 14 h"},
        {1795368041000, 1795368041000 + INT64_C(86400000) * 3, "le 22/11/2026 à 18 h 20",
         "il y a 3 jours"},
        {1774742400000, 1774828800000, "hier à 1 h 00", "il y a 1 jour"},
        {1795420800000, 1795368041000, "le 23/11/2026 à 9 h 00", "dans 14 h"},
    };
    struct pic_buf out;
    pic_buf_init(&out, OUT_MAX);
    assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
    tzset();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pic_buf_clear(&out);
        pic_speech_moment(&out, cases[i].then, cases[i].now);
        assert_string_equal(pic_buf_string(&out), cases[i].moment);
        pic_buf_clear(&out);
        pic_speech_ago(&out, cases[i].then, cases[i].now);
        assert_string_equal(pic_buf_string(&out), cases[i].ago);
    }
    pic_buf_release(&out);
}

/* ---- tables ---- */

static const struct pic_column columns[] = {
    {"projet", "Projet", PIC_TYPE_TEXT},   {"accorde", "Accordé", PIC_TYPE_MONEY},
    {"date", "Date", PIC_TYPE_DATE},       {"actif", "Actif", PIC_TYPE_BOOL},
    {"porteur", "Porteur", PIC_TYPE_TEXT},
};

static void fill(struct pic_sheet *sheet)
{
    pic_sheet_init(sheet, columns, sizeof columns / sizeof *columns);
    pic_sheet_text(sheet, "Thé dansant des aînés");
    pic_sheet_int(sheet, 60000);
    pic_sheet_int(sheet, pic_date_day(2026, 3, 12));
    pic_sheet_int(sheet, 1);
    pic_sheet_text(sheet, "=HYPERLINK(1;2)");
    pic_sheet_text(sheet, "日本\nJapon");
    pic_sheet_int(sheet, -123450);
    pic_sheet_null(sheet);
    pic_sheet_int(sheet, 0);
    pic_sheet_null(sheet);
}

static void expect_sheet(enum pic_sheet_form form, struct pic_look look, const char *expected)
{
    struct pic_sheet sheet;
    struct pic_buf out;
    pic_buf_init(&out, OUT_MAX);
    fill(&sheet);
    assert_int_equal(pic_sheet_print(&sheet, form, &look, &out), PIC_OK);
    assert_string_equal(pic_buf_string(&out), expected);
    pic_sheet_release(&sheet);
    pic_buf_release(&out);
}

static void a_sheet_prints_in_every_form(void **state)
{
    (void)state;
    const struct pic_look whole = {0}, narrow = {60, true};
    expect_sheet(PIC_SHEET_SCREEN, whole,
                 "Projet                     Accordé  Date        Actif  Porteur\n"
                 "Thé dansant des aînés     600,00 €  12/03/2026  oui    =HYPERLINK(1;2)\n"
                 "日本 Japon             −1 234,50 €              non\n");
    expect_sheet(PIC_SHEET_SCREEN, narrow,
                 "\033[1mProjet             Accordé  Date        Actif  Porteur\033[0m\n"
                 "Thé dansant…      600,00 €  12/03/2026  oui    =HYPERLINK(1…\n"
                 "日本 Japon     −1 234,50 €              non\n");
    expect_sheet(PIC_SHEET_CARD, whole,
                 "Projet  : Thé dansant des aînés\n"
                 "Accordé : 600,00 €\n"
                 "Date    : 12/03/2026\n"
                 "Actif   : oui\n"
                 "Porteur : =HYPERLINK(1;2)\n"
                 "\n"
                 "Projet  : 日本\n"
                 "          Japon\n"
                 "Accordé : −1 234,50 €\n"
                 "Actif   : non\n");
    expect_sheet(PIC_SHEET_PLAIN, whole,
                 "projet\taccorde\tdate\tactif\tporteur\n"
                 "Thé dansant des aînés\t600.00\t2026-03-12\ttrue\t=HYPERLINK(1;2)\n"
                 "日本 Japon\t-1234.50\t\tfalse\t\n");
    expect_sheet(PIC_SHEET_TABLEUR, whole,
                 "\xEF\xBB\xBFProjet;Accordé;Date;Actif;Porteur\r\n"
                 "Thé dansant des aînés;600,00;12/03/2026;oui;\"'=HYPERLINK(1;2)\"\r\n"
                 "\"日本\nJapon\";-1234,50;;non;\r\n");
    expect_sheet(PIC_SHEET_REGULATORY, whole,
                 "projet,accorde,date,actif,porteur\n"
                 "Thé dansant des aînés,600.00,2026-03-12,true,=HYPERLINK(1;2)\n"
                 "\"日本\nJapon\",-1234.50,,false,\n");
    expect_sheet(PIC_SHEET_JSON, whole,
                 "[{\"projet\":\"Thé dansant des aînés\",\"accorde\":\"600.00\","
                 "\"date\":\"2026-03-12\",\"actif\":true,\"porteur\":\"=HYPERLINK(1;2)\"},"
                 "{\"projet\":\"日本\\nJapon\",\"accorde\":\"-1234.50\",\"date\":null,"
                 "\"actif\":false,\"porteur\":null}]\n");
    expect_sheet(PIC_SHEET_OBJECT, whole,
                 "{\"projet\":\"Thé dansant des aînés\",\"accorde\":\"600.00\","
                 "\"date\":\"2026-03-12\",\"actif\":true,\"porteur\":\"=HYPERLINK(1;2)\"}\n");
}

static void an_unfinished_or_overflowing_sheet_is_refused(void **state)
{
    (void)state;
    struct pic_sheet sheet;
    struct pic_buf out;
    fill(&sheet);
    pic_buf_init(&out, 8);
    assert_int_equal(pic_sheet_print(&sheet, PIC_SHEET_PLAIN, NULL, &out), PIC_ELIMIT);
    pic_sheet_text(&sheet, "seule");
    out.max = OUT_MAX;
    pic_buf_clear(&out);
    assert_int_equal(pic_sheet_print(&sheet, PIC_SHEET_PLAIN, NULL, &out), PIC_ELIMIT);
    pic_sheet_release(&sheet);
    pic_buf_release(&out);
}

static void widths_are_those_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(pic_sheet_width(pic_span_text("abc")), 3);
    assert_int_equal(pic_sheet_width(pic_span_text("été €")), 5);
    assert_int_equal(pic_sheet_width(pic_span_text("e\xCC\x81")), 1);
    assert_int_equal(pic_sheet_width(pic_span_text("日本")), 4);
    assert_int_equal(pic_sheet_width(pic_span_text("\xFF")), 1);
    assert_int_equal(pic_sheet_width(pic_span_text("")), 0);
}

/* ---- JSON ---- */

static void json_escapes_nests_and_keeps_cents(void **state)
{
    (void)state;
    struct pic_buf out;
    struct pic_json j;
    pic_buf_init(&out, OUT_MAX);
    pic_json_init(&j, &out);
    pic_json_object(&j);
    pic_json_key(&j, "a");
    pic_json_array(&j);
    pic_json_int(&j, INT64_MIN);
    pic_json_text(&j, "\"\\\n\x01é\xFF\x7F");
    pic_json_bool(&j, true);
    pic_json_null(&j);
    pic_json_text(&j, NULL);
    pic_json_object(&j);
    pic_json_close(&j);
    pic_json_close(&j);
    pic_json_key(&j, "b");
    pic_json_money(&j, -5);
    pic_json_key(&j, "c");
    pic_json_money(&j, 123456);
    pic_json_close(&j);
    assert_int_equal(pic_json_status(&j), PIC_OK);
    assert_string_equal(pic_buf_string(&out),
                        "{\"a\":[-9223372036854775808,\"\\\"\\\\\\n\\u0001é\xEF\xBF\xBD\\u007f\","
                        "true,null,null,{}],\"b\":\"-0.05\",\"c\":\"1234.56\"}");
    pic_buf_release(&out);
}

static void json_refuses_what_is_not_json(void **state)
{
    (void)state;
    for (int slip = 0; slip < 6; slip++) {
        struct pic_buf out;
        struct pic_json j;
        pic_buf_init(&out, OUT_MAX);
        pic_json_init(&j, &out);
        pic_json_object(&j);
        switch (slip) {
        case 0: /* a value without its key */
            pic_json_int(&j, 1);
            pic_json_close(&j);
            break;
        case 1: /* a key without its value */
            pic_json_key(&j, "a");
            pic_json_close(&j);
            break;
        case 2: /* two keys */
            pic_json_key(&j, "a");
            pic_json_key(&j, "b");
            pic_json_int(&j, 1);
            pic_json_close(&j);
            break;
        case 3: /* one close too many */
            pic_json_close(&j);
            pic_json_close(&j);
            break;
        case 4: /* a key in an array */
            pic_json_key(&j, "a");
            pic_json_array(&j);
            pic_json_key(&j, "b");
            pic_json_int(&j, 1);
            pic_json_close(&j);
            pic_json_close(&j);
            break;
        default: /* too deep */
            pic_json_key(&j, "a");
            for (int i = 0; i < PIC_JSON_DEPTH; i++)
                pic_json_array(&j);
            for (int i = 0; i < PIC_JSON_DEPTH; i++)
                pic_json_close(&j);
            break;
        }
        assert_int_equal(pic_json_status(&j), PIC_ELIMIT);
        pic_buf_release(&out);
    }
}

/* ---- progress ---- */

static void progress_fits_and_tells_the_time_left(void **state)
{
    (void)state;
    const struct pic_terminal quiet = {.quiet = true, .width = 80};
    struct pic_progress progress;
    struct pic_buf out;
    pic_buf_init(&out, OUT_MAX);
    pic_progress_begin(&progress, &quiet, "Envoi", 3 << 20, 0);
    pic_progress_line(&progress, 3 << 19, 60000, &out);
    assert_string_equal(pic_buf_string(&out), "Envoi  [##########----------]   50 %  1,5 Mo sur "
                                              "3,0 Mo, encore 1 min");
    pic_buf_clear(&out);
    progress.width = 50;
    pic_progress_line(&progress, 3 << 19, 60000, &out);
    assert_string_equal(pic_buf_string(&out), "Envoi   50 %  1,5 Mo sur 3,0 Mo, encore 1 min");
    pic_buf_clear(&out);
    pic_progress_line(&progress, UINT64_MAX, 1000, &out);
    assert_string_equal(pic_buf_string(&out), "Envoi  100 %  3,0 Mo sur 3,0 Mo");
    pic_buf_clear(&out);
    progress.total = 0;
    pic_progress_line(&progress, 2150, 9000, &out);
    assert_string_equal(pic_buf_string(&out), "Envoi  2,1 Ko");
    pic_buf_release(&out);
}

/* ---- where the words go ---- */

/* Runs "aide" with stdout on fd, which is closed then: its exit code, and how much it said on
 * stderr. */
static int help_into(int fd, long *said)
{
    static const char *const argv[] = {"pic", "aide"};
    FILE *words = tmpfile();
    assert_non_null(words);
    int out = dup(STDOUT_FILENO);
    int err = dup(STDERR_FILENO);
    (void)fflush(stdout);
    assert_true(dup2(fd, STDOUT_FILENO) >= 0 && dup2(fileno(words), STDERR_FILENO) >= 0);
    int code = pic_program_main(&program, 2, argv, NULL);
    assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
    clearerr(stdout);
    (void)fseek(words, 0, SEEK_END);
    *said = ftell(words);
    (void)fclose(words);
    (void)close(out);
    (void)close(err);
    (void)close(fd);
    return code;
}

static void a_reader_who_leaves_is_no_failure(void **state)
{
    (void)state;
    int ends[2];
    long said;
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    (void)close(ends[0]);
    assert_int_equal(help_into(ends[1], &said), 0);
    assert_int_equal(said, 0);
    (void)signal(SIGPIPE, SIG_DFL);
    assert_int_equal(help_into(open("/dev/full", O_WRONLY | O_CLOEXEC), &said),
                     pic_status_exit(PIC_EIO));
    assert_true(said > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read_in_both_spellings),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(fields_are_read_as_values),
        cmocka_unit_test(slips_are_named_with_what_was_meant),
        cmocka_unit_test(what_is_missing_or_too_many_is_named),
        cmocka_unit_test(roles_and_policies_decide_the_commands),
        cmocka_unit_test(every_field_of_the_dictionary_can_be_typed_by_someone),
        cmocka_unit_test(help_says_what_the_tables_say),
        cmocka_unit_test(help_of_an_entity_shows_every_field),
        cmocka_unit_test(help_is_found_from_any_command_line),
        cmocka_unit_test(completion_and_manual_name_every_command),
        cmocka_unit_test(nearest_word_is_near_or_none),
        cmocka_unit_test(every_status_has_a_sentence_and_an_action),
        cmocka_unit_test(what_touches_saved_work_says_that_nothing_is_lost),
        cmocka_unit_test(facts_are_put_in_and_optional_parts_left_out),
        cmocka_unit_test(errors_are_said_in_three_ways),
        cmocka_unit_test(quantities_are_said_in_words),
        cmocka_unit_test(moments_are_said_as_people_do),
        cmocka_unit_test(a_sheet_prints_in_every_form),
        cmocka_unit_test(an_unfinished_or_overflowing_sheet_is_refused),
        cmocka_unit_test(widths_are_those_of_a_terminal),
        cmocka_unit_test(json_escapes_nests_and_keeps_cents),
        cmocka_unit_test(json_refuses_what_is_not_json),
        cmocka_unit_test(progress_fits_and_tells_the_time_left),
        cmocka_unit_test(a_reader_who_leaves_is_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
