/* exchange_vectors: every record and message of the exchange, made with the stage's fixed keys. */
#ifndef PIC_TESTS_EXCHANGE_VECTORS_H
#define PIC_TESTS_EXCHANGE_VECTORS_H

#include "protocol/base/bytes.h"

/* Appends all vectors as text: for each its name and ":" on a line, then its bytes in hexadecimal,
 * 48 to a line, then an empty line. */
void exchange_vectors_print(struct pic_buf *out);

/* Appends the bytes of the vector called name, found in such a text. False when it is not there. */
bool exchange_vector_find(const char *text, const char *name, struct pic_buf *out);

#endif
