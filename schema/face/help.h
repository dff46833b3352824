/* help: what the tables of command.h look like to a reader: help on a terminal, completion scripts
 * for three shells, a manual page. Nothing is written twice: all of it comes from the tables. */
#ifndef PIC_FACE_HELP_H
#define PIC_FACE_HELP_H

#include "schema/face/command.h"

/* Appends the help of what words name: nothing (the program), a first word (its sub-commands), a
 * whole path (the command with every option). PIC_EUNKNOWN_COMMAND. */
PIC_MUST_USE int pic_help(const struct pic_program *program, const char *const *words,
                          size_t word_n, struct pic_buf *out, struct pic_err *err);

/* Appends a completion script; shell is bash, zsh or fish, else PIC_ECODE. */
PIC_MUST_USE int pic_help_completion(const struct pic_program *program, const char *shell,
                                     struct pic_buf *out, struct pic_err *err);

/* Appends the manual page in roff. */
void pic_help_manual(const struct pic_program *program, struct pic_buf *out);

/* The nearest existing path to one that does not exist, into err: PIC_EUNKNOWN_COMMAND. */
PIC_MUST_USE int pic_help_unknown(const struct pic_program *program, const char *path,
                                  struct pic_err *err);

#endif
