/* compare: two states, table by table and row by row, without the code that made them. */
#ifndef PIC_SIMULATION_COMPARE_H
#define PIC_SIMULATION_COMPARE_H

#include "schema/store/db.h"

struct history;

/* Ends the program at the first difference. audience: of left only what this organisation may see;
 * NULL: everything. */
void compare_all(struct history *h, const char *promise, const char *who, struct pic_db *left,
                 struct pic_db *right, const uint64_t *audience);

#endif
