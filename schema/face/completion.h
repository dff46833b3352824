/* completion: scripts that complete command lines in three shells, drawn from the tables of
 * command.h. They are static: no program runs while a person presses Tab. */
#ifndef PIC_FACE_COMPLETION_H
#define PIC_FACE_COMPLETION_H

#include "schema/face/catalogue.h"

/* Appends the script for "bash", "zsh" or "fish"; PIC_ECODE for another shell. */
PIC_MUST_USE int pic_completion(const struct pic_program *program, const char *shell,
                                struct pic_buf *out, struct pic_err *err);

#endif
