/* program: the whole life of a process of either program, around command.h and help.h: parse, then
 * help, version or the handler; data to stdout, what went wrong to stderr as one sentence and one
 * action. */
#ifndef PIC_FACE_PROGRAM_H
#define PIC_FACE_PROGRAM_H

#include "schema/face/command.h"

/* Rows that both programs put first in their table of commands. */
#define PIC_PROGRAM_COMMANDS                                                                       \
    {.path = "aide",                                                                               \
     .usage = "[COMMANDE]",                                                                        \
     .summary = "Affiche l'aide du programme ou d'une commande",                                   \
     .run = pic_program_help,                                                                      \
     .arg_max = 3,                                                                                 \
     .flags = PIC_COMMAND_NO_STORE},                                                               \
        {.path = "completion",                                                                     \
         .usage = "bash|zsh|fish",                                                                 \
         .summary = "Écrit de quoi compléter les commandes avec la touche Tab",                    \
         .run = pic_program_completion,                                                            \
         .arg_min = 1,                                                                             \
         .arg_max = 1,                                                                             \
         .flags = PIC_COMMAND_NO_STORE},                                                           \
    {                                                                                              \
        .path = "man", .summary = "Écrit la page de manuel", .run = pic_program_manual,            \
        .flags = PIC_COMMAND_NO_STORE                                                              \
    }

PIC_MUST_USE int pic_program_help(struct pic_call *call);
PIC_MUST_USE int pic_program_completion(struct pic_call *call);
PIC_MUST_USE int pic_program_manual(struct pic_call *call);

/* Runs one command line; context is handed to its handler. Returns the exit code. */
PIC_MUST_USE int pic_program_main(const struct pic_program *program, int argc,
                                  const char *const *argv, void *context);

#endif
