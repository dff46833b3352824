/* command: one command line, parsed against the catalogue, and what a handler sees of it.
 *
 * Handlers put data on the call's out and never print an error: they return a status with its facts
 * in call->err, and program.h says it. */
#ifndef PIC_FACE_COMMAND_H
#define PIC_FACE_COMMAND_H

#include "schema/face/catalogue.h"
#include "schema/face/speech.h"
#include "schema/face/terminal.h"

enum {
    PIC_CALL_ARGS_MAX = 64,    /* positional arguments of one call */
    PIC_CALL_OPTIONS_MAX = 256 /* options of one call, repetitions counted */
};

struct pic_call_option {
    const struct pic_option *option; /* NULL when it is a field */
    const struct pic_field *field;   /* NULL when it is not */
    const char *text;                /* as typed, "" for an option without argument */
};

/* A field given on the command line. Repeated options of a set are joined. References,
 * documents and identities come as they were typed (a number or a name, a path, a name), with
 * value.kind PIC_KIND_NULL: what they mean is in the store. */
struct pic_call_value {
    const struct pic_field *field;
    const char *typed;
    struct pic_value value; /* borrowed from store */
    struct pic_buf text, store;
};

struct pic_call {
    const struct pic_program *program;
    struct pic_target target;
    void *context; /* the program's own, untouched here */
    struct pic_terminal terminal;
    bool json, plain;
    bool unread;        /* stdout is a pipe that its reader closed */
    bool help, version; /* asked for instead of the command; args are then the words of a path */
    const char *folder; /* --dossier, or NULL */
    size_t arg_n;
    const char *args[PIC_CALL_ARGS_MAX];
    size_t option_n;
    struct pic_call_option options[PIC_CALL_OPTIONS_MAX];
    size_t value_n; /* ascending field numbers */
    struct pic_call_value values[PIC_FIELD_MAX];
    struct pic_buf out; /* what will be stdout; written when the handler returns, or by flush */
    struct pic_err err;
};

/* The text of an option of the command's own, or NULL when it was not given; the index-th time. */
const char *pic_call_option(const struct pic_call *call, const char *name);
const char *pic_call_option_at(const struct pic_call *call, const char *name, size_t index);
bool pic_call_has(const struct pic_call *call, const char *name);
/* A field that was given, or NULL. */
const struct pic_call_value *pic_call_field(const struct pic_call *call, unsigned number);

/* Prints a sheet on out, as --json and --plain ask; card: it is one object, not a list. */
PIC_MUST_USE int pic_call_sheet(struct pic_call *call, const struct pic_sheet *sheet, bool card);
/* A text for people on stderr at once, unless --quiet; up to three facts, then NULL. */
void pic_call_tell(const struct pic_call *call, enum pic_tell key, ...) __attribute__((sentinel));
/* Writes out to stdout now; for handlers that last. PIC_OK, PIC_EIO, or PIC_INTERRUPTED when nobody
 * reads any more (a pipe that was closed): the handler ends, and the program ends in silence. */
PIC_MUST_USE int pic_call_flush(struct pic_call *call);

/* Parses argv into call, which is zeroed first and borrows argv. PIC_OK with call->target.command
 * set (NULL when there was no command at all, or help or version was asked), or a U-… or S-… status
 * with its facts in call->err. Release in any case. */
PIC_MUST_USE int pic_call_parse(struct pic_call *call, const struct pic_program *program, int argc,
                                const char *const *argv);
void pic_call_release(struct pic_call *call);

#endif
