/* make_segment: prints tests/vectors/segment.txt, the frozen segment and its body once inflated. */
#include <stdio.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "protocol/log/preset.h"
#include "tests/lib/segment_vector.h"

enum { WIDTH = 48, BODY_MAX = 4096 };

static void print(const char *name, struct pic_span bytes)
{
    (void)printf("%s:\n", name);
    for (size_t i = 0; i < bytes.n; i++)
        (void)printf("%02x%s", bytes.p[i], i % WIDTH == WIDTH - 1 || i + 1 == bytes.n ? "\n" : "");
    (void)printf("\n");
}

int main(void)
{
    struct pic_buf sealed;
    struct pic_segment segment;
    struct pic_span preset;
    uint8_t body[BODY_MAX];
    z_stream z = {0};
    pic_buf_init(&sealed, PIC_SEGMENT_MAX);
    if (pic_crypto_start() != PIC_OK)
        return 1;
    segment_vector_seal(&sealed);
    if (pic_segment_read(pic_buf_view(&sealed), &segment) != PIC_OK ||
        pic_preset(segment.compression, &preset) != PIC_OK || inflateInit2(&z, -15) != Z_OK ||
        inflateSetDictionary(&z, preset.p, (uInt)preset.n) != Z_OK)
        return 1;
    z.next_in = segment.body.p;
    z.avail_in = (uInt)segment.body.n;
    z.next_out = body;
    z.avail_out = sizeof body;
    if (inflate(&z, Z_FINISH) != Z_STREAM_END)
        return 1;
    (void)inflateEnd(&z);
    print("segment", pic_buf_view(&sealed));
    print("body", pic_span_of(body, segment.inflated));
    print("hash", pic_span_of(segment.hash, sizeof segment.hash));
    pic_buf_release(&sealed);
    return 0;
}
