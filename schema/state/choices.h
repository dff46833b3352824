/* choices: whether the codes that a person gives exist. A replica takes any code of good form,
 * since lists grow elsewhere; who types one is told at once that no list has it, and which one was
 * probably meant. Known are the codes that ship with the program, those that the central team
 * published, the districts of Hauts-de-France, and communes of a département that exists. */
#ifndef PIC_STATE_CHOICES_H
#define PIC_STATE_CHOICES_H

#include "schema/dictionary/dictionary.h"
#include "schema/store/db.h"

/* Looks at a value of type CODE or SET; any other is good. PIC_ECODE, PIC_EINSEE or PIC_EQPV:
 * arg[0] the code, arg[1] the label of the field, arg[2] the nearest one, or "". */
PIC_MUST_USE int pic_choices_check(struct pic_db *db, const struct pic_field *field,
                                   const struct pic_value *value, struct pic_err *err);

#endif
