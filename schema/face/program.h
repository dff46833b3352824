/* program: the whole life of a process of either program, around command.h and help.h: parse, then
 * help, version or the handler; data to stdout, what went wrong to stderr as one sentence and one
 * action. Brings the commands aide, completion and man to every program. */
#ifndef PIC_FACE_PROGRAM_H
#define PIC_FACE_PROGRAM_H

#include "schema/face/command.h"

/* Runs one command line; context is handed to its handler. Returns the exit code. */
PIC_MUST_USE int pic_program_main(const struct pic_program *program, int argc,
                                  const char *const *argv, void *context);

#endif
