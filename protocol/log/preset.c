#include "protocol/log/preset.h"

extern const unsigned char pic_embedded_preset_1_bin[];
extern const size_t pic_embedded_preset_1_bin_size;

int pic_preset(unsigned compression, struct pic_span *out)
{
    switch (compression) {
    case PIC_COMPRESSION_STORED:
        *out = pic_span_of(NULL, 0);
        return PIC_OK;
    case PIC_COMPRESSION_DEFLATE_1:
        *out = pic_span_of(pic_embedded_preset_1_bin, pic_embedded_preset_1_bin_size);
        return PIC_OK;
    default:
        return PIC_EVERSION;
    }
}
