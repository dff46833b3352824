/* diagnosis_words: a diagnosis as lines for people. The laptop that made it and the server that
 * decodes its letters call this same function, so both say the same. */
#ifndef PIC_FACE_DIAGNOSIS_WORDS_H
#define PIC_FACE_DIAGNOSIS_WORDS_H

#include "protocol/log/diagnosis.h"
#include "schema/face/checkup.h"

/* Any values are accepted: a code comes from outside. */
void pic_diagnosis_lines(const struct pic_diagnosis *diagnosis, struct pic_checkup *out);

#endif
