/* Any bytes are a segment or a named error, and what decodes can be sealed again and reads the
 * same. The first byte chooses: a whole segment, or a body as it is once inflated. */
#include <stdlib.h>
#include <string.h>

#include "protocol/log/preset.h"
#include "protocol/log/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEVICE = 7, FIRST_SEQ = 100 };

static void require(bool fact)
{
    if (!fact)
        abort();
}

/* Every value of a decoded change can be touched. */
static uint64_t touch(const struct pic_change *c)
{
    uint64_t sum = c->dot ^ c->stamp ^ c->id;
    require(c->op_n <= PIC_CHANGE_OPS_MAX && pic_dot_device(c->id) != 0);
    for (unsigned i = 0; i < c->op_n; i++) {
        const struct pic_op *op = &c->ops[i];
        require(op->value.kind < PIC_KIND_COUNT && op->base_n <= PIC_OP_BASES_MAX);
        require(i == 0 || op->field > c->ops[i - 1].field);
        for (unsigned k = 0; k < op->base_n; k++)
            sum ^= op->bases[k];
        for (size_t k = 0; k < op->value.s.n; k++)
            sum += op->value.s.p[k];
    }
    return sum;
}

static void decode(struct pic_segment_reader *reader, const struct pic_segment *segment)
{
    struct pic_change change;
    uint64_t last = 0;
    uint32_t n = 0;
    bool done = false;
    if (pic_segment_reader_open(reader, segment) != PIC_OK)
        return;
    while (pic_segment_reader_next(reader, &change, &done) == PIC_OK && !done) {
        (void)touch(&change);
        require(n == 0 || change.stamp > last);
        last = change.stamp;
        n++;
    }
    require(!done || n == segment->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pic_segment_reader *reader;
    struct pic_segment segment;
    if (size < 2 || pic_segment_reader_new(&reader) != PIC_OK)
        return 0;
    struct pic_span rest = pic_span_of(data + 1, size - 1);
    if (data[0] % 2 == 0) {
        if (pic_segment_read(rest, &segment) == PIC_OK)
            decode(reader, &segment);
    } else if (rest.n <= PIC_SEGMENT_INFLATED_MAX) {
        memset(&segment, 0, sizeof segment);
        segment.device = DEVICE;
        segment.count = 1U + data[0] / 2;
        segment.first_seq = FIRST_SEQ;
        segment.last_seq = FIRST_SEQ + segment.count - 1;
        segment.compression = PIC_COMPRESSION_STORED;
        segment.inflated = (uint32_t)rest.n;
        segment.body = rest;
        decode(reader, &segment);
    }
    pic_segment_reader_free(reader);
    return 0;
}
