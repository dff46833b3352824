/* catalogue: the commands that a program has, from const tables.
 *
 * A program has commands of its own and verbs. A verb (ajouter, liste…) becomes one command for
 * each entity of the dictionary that it concerns, with the entity's fields as options: a new field
 * is an option the day it enters the dictionary. A command of its own with the same path wins over
 * a generated one. Parsing, help, completion and the manual all read this. */
#ifndef PIC_FACE_CATALOGUE_H
#define PIC_FACE_CATALOGUE_H

#include "schema/dictionary/dictionary.h"

enum pic_option_flag {
    PIC_OPTION_REQUIRED = 1 << 0,
    PIC_OPTION_REPEATED = 1 << 1, /* may be given several times */
};

struct pic_option {
    const char *name;     /* "jusqu-a"; NULL ends a table of options */
    const char *argument; /* shape of its value in the help, "HH:MM"; NULL: it takes none */
    const char *help;
    const char *choices; /* allowed values separated by spaces, checked; NULL: free */
    unsigned flags;
};

/* Which fields of the entity are options of a command. */
enum pic_command_fields {
    PIC_FIELDS_NONE,
    PIC_FIELDS_CREATE,  /* all the program's roles may write; the required ones must be given */
    PIC_FIELDS_REPLACE, /* the same, none of them required: the others are those of an older row */
    PIC_FIELDS_CHANGE,  /* all they may write but those that are written once */
    PIC_FIELDS_FILTER,  /* those that select rows: any type but texts, money, rates and bytes */
};

enum pic_command_flag {
    PIC_COMMAND_WRITES = 1 << 0,     /* verb: only entities that the program's roles may write */
    PIC_COMMAND_REVERSES = 1 << 1,   /* verb: only entities corrected by reversal */
    PIC_COMMAND_NO_REVERSE = 1 << 2, /* verb: only the others */
    PIC_COMMAND_HIDDEN = 1 << 3,     /* not listed; for tests and machines */
    PIC_COMMAND_NO_STORE = 1 << 4,   /* works before enrolment; for the handlers' use */
};

struct pic_call;

struct pic_command {
    const char *path;    /* "accuse verifier": one to three words; of a verb, its one word */
    const char *alias;   /* another last word that means the same ("nouveau"), or NULL */
    const char *usage;   /* what follows: "ID", "FICHIER…", or NULL */
    const char *summary; /* one line; {1} is the entity's label */
    const char *detail;  /* more, or NULL; {1} too */
    const struct pic_option *options; /* its own, ended by a NULL name; or NULL */
    int (*run)(struct pic_call *call);
    uint8_t entity;           /* the entity whose fields are options; 0 in a verb: each in turn */
    uint8_t fields;           /* enum pic_command_fields */
    uint8_t arg_min, arg_max; /* positional arguments */
    unsigned flags;
};

struct pic_program {
    const char *name;    /* "pic" */
    const char *title;   /* one line, for help and manual */
    const char *version; /* "0.1.0" */
    uint8_t roles;       /* enum pic_role: whose fields can be written here */
    const struct pic_command *commands;
    size_t command_n;
    const struct pic_command *verbs;
    size_t verb_n;
    int (*home)(struct pic_call *call);               /* with no argument at all; NULL: the help */
    void (*ended)(struct pic_call *call, int status); /* told how a call ended; may be NULL */
};

/* A command found in the tables: command is its row, entity NULL where it has none. */
struct pic_target {
    const struct pic_command *command;
    const struct pic_entity *entity;
    char path[96]; /* "projet ajouter" */
};

/* The commands one after the other, own ones first, then verbs by entity. *at is 0 at first; false
 * when there are no more. */
bool pic_program_next(const struct pic_program *program, size_t *at, struct pic_target *out);
/* The command with this path, its alias counting too; false when there is none. */
bool pic_program_find(const struct pic_program *program, const char *path, struct pic_target *out);
/* True when word begins commands of several words: "projet". */
bool pic_program_has_group(const struct pic_program *program, const char *word);
/* Why words, of which there is at least one, name no command: PIC_EUNKNOWN_COMMAND with the nearest
 * in arg[1], or PIC_EUSAGE when they are only the beginning of one. */
PIC_MUST_USE int pic_program_unknown(const struct pic_program *program, const char *const *words,
                                     size_t word_n, struct pic_err *err);
/* True when a field of the target's entity is one of its options, and must be given. */
bool pic_target_takes(const struct pic_program *program, const struct pic_target *target,
                      const struct pic_field *field);
bool pic_target_requires(const struct pic_target *target, const struct pic_field *field);

/* What every command accepts, ended by a NULL name. */
extern const struct pic_option pic_global_options[];

/* How the value of a field may look: "45,90". Never NULL. */
const char *pic_field_example(const struct pic_field *field);

#endif
