/* manual: the manual page of a program in roff (man macros), drawn from the tables of command.h. */
#ifndef PIC_FACE_MANUAL_H
#define PIC_FACE_MANUAL_H

#include "schema/face/catalogue.h"

void pic_manual(const struct pic_program *program, struct pic_buf *out);

#endif
