#include "tests/lib/segment_vector.h"

#include <stdlib.h>
#include <string.h>

enum { DEVICE = 42, SEQ = 17, PROJECT = 20, FUND_SEQ = 12, ORGANISATION_SEQ = 9 };

#define DOT(device, seq)   ((uint64_t)(device) << PIC_SEQ_BITS | (seq))
#define STAMP(ms, counter) ((uint64_t)(ms) << 16 | (counter))
#define TEXT(text)                                                                                 \
    {                                                                                              \
        .kind = PIC_KIND_TEXT, .s = {(const uint8_t *)(text), sizeof(text) - 1 }                   \
    }
#define INT(v)                                                                                     \
    {                                                                                              \
        .kind = PIC_KIND_INT, .i = (v)                                                             \
    }
#define REF(v)                                                                                     \
    {                                                                                              \
        .kind = PIC_KIND_REF, .i = (int64_t)(v)                                                    \
    }

static const struct pic_op first_ops[] = {
    {.field = 2, .value = REF(DOT(1, FUND_SEQ))},
    {.field = 3, .value = TEXT("Th\xc3\xa9 dansant des a\xc3\xaen\xc3\xa9s")},
    {.field = 8, .value = {.kind = PIC_KIND_BYTES, .s = {(const uint8_t *)"\x01\x02\x03", 3}}},
    {.field = 16, .value = INT(62000)},
    {.field = 17, .value = {.kind = PIC_KIND_NULL}},
};
static const struct pic_op second_ops[] = {
    {.field = 2, .value = REF(DOT(1, FUND_SEQ))},
    {.field = 3, .value = TEXT("Repas de rue")},
    {.field = 8, .value = {.kind = PIC_KIND_BYTES, .s = {(const uint8_t *)"", 0}}},
    {.field = 16, .value = INT(-1)},
    {.field = 17, .value = {.kind = PIC_KIND_NULL}},
};
static const uint64_t first_dot[] = {DOT(DEVICE, SEQ)};
static const uint64_t two_siblings[] = {DOT(DEVICE, SEQ), DOT(43, 5)};
static const struct pic_op third_ops[] = {
    {.field = 3, .base_n = 1, .bases = first_dot, .value = TEXT("Th\xc3\xa9 dansant")},
    {.field = 16, .base_n = 2, .bases = two_siblings, .value = INT(60000)},
};

static const struct pic_change changes[SEGMENT_VECTOR_CHANGES] = {
    {.dot = DOT(DEVICE, SEQ),
     .id = DOT(DEVICE, SEQ),
     .stamp = STAMP(1773309749000, 0),
     .entity = PROJECT,
     .op_n = 5,
     .ops = first_ops},
    {.dot = DOT(DEVICE, SEQ + 1),
     .id = DOT(DEVICE, SEQ + 1),
     .stamp = STAMP(1773309749000, 3),
     .entity = PROJECT,
     .op_n = 5,
     .ops = second_ops},
    {.dot = DOT(DEVICE, SEQ + 2),
     .id = DOT(DEVICE, SEQ),
     .stamp = STAMP(1773309761000, 1),
     .entity = PROJECT,
     .op_n = 2,
     .ops = third_ops},
};

const struct pic_change *segment_vector_change(size_t i)
{
    return &changes[i];
}

void segment_vector_seal(struct pic_buf *out)
{
    const struct pic_change *order[SEGMENT_VECTOR_CHANGES];
    uint8_t previous[PIC_HASH_SIZE];
    struct pic_signer signer;
    size_t taken;
    memset(previous, 0x11, sizeof previous);
    memset(&signer, 0x22, sizeof signer);
    pic_signer_from_seed(&signer);
    for (size_t i = 0; i < SEGMENT_VECTOR_CHANGES; i++)
        order[i] = &changes[i];
    if (pic_segment_seal(order, SEGMENT_VECTOR_CHANGES, DOT(1, ORGANISATION_SEQ), previous, 1,
                         &signer, out, &taken) != PIC_OK ||
        taken != SEGMENT_VECTOR_CHANGES)
        abort();
}
