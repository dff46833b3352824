/* preset: the bytes that deflate may refer to before a segment's own, one constant array for each
 * compression id. They make a segment of one change two times smaller. An id never changes meaning:
 * better bytes are a new id. */
#ifndef PIC_LOG_PRESET_H
#define PIC_LOG_PRESET_H

#include "protocol/base/bytes.h"

enum {
    PIC_COMPRESSION_STORED = 0,
    PIC_COMPRESSION_DEFLATE_1 = 1, /* raw deflate (RFC 1951) after preset_1.bin */
};

/* The preset of a compression id; empty for the stored form. PIC_EVERSION for an unknown id. */
PIC_MUST_USE int pic_preset(unsigned compression, struct pic_span *out);

#endif
