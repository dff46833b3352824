/* help: what the tables of command.h look like to a reader at a terminal: the program, a family of
 * commands, or one command with all its options. Nothing is written twice. */
#ifndef PIC_FACE_HELP_H
#define PIC_FACE_HELP_H

#include "schema/face/catalogue.h"

/* Appends the help of what words name: nothing (the program), a first word (its sub-commands), a
 * whole path (the command with every option). PIC_EUNKNOWN_COMMAND. */
PIC_MUST_USE int pic_help(const struct pic_program *program, const char *const *words,
                          size_t word_n, struct pic_buf *out, struct pic_err *err);

#endif
