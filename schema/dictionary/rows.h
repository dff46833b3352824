/* rows: the lines of a shipped table. Cells are separated by ';' and hold no quote, no ';' and no
 * line end; the first line names the columns. Spans borrow from the table. */
#ifndef PIC_DICTIONARY_ROWS_H
#define PIC_DICTIONARY_ROWS_H

#include "protocol/base/bytes.h"

/* Takes the next line off `left` and splits it: the number of its cells, of which at most max are
 * put in cells; 0 at the end. Cells that the line lacks are empty. */
size_t pic_rows_next(struct pic_span *left, struct pic_span *cells, size_t max);

#endif
