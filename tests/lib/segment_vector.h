/* segment_vector: the changes of the frozen segment vector, which SPEC.md walks through: a project
 * created with each kind of value, a second one, an edit of the first that supersedes two values.
 */
#ifndef PIC_TESTS_SEGMENT_VECTOR_H
#define PIC_TESTS_SEGMENT_VECTOR_H

#include "protocol/log/segment.h"

enum { SEGMENT_VECTOR_CHANGES = 3 };

/* Seals the vector: device 42, audience 1-9, first sequence 17, previous hash of 32 bytes 0x11,
 * dictionary 1, signer seed of 32 bytes 0x22. Aborts when that fails. */
void segment_vector_seal(struct pic_buf *out);
/* The changes, for comparison. */
const struct pic_change *segment_vector_change(size_t i);

#endif
