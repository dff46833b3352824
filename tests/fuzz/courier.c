/* courier: any bytes are a parcel up to some item, or no parcel. What was read can be written
 * again, and is then, byte for byte, what it was read from. */
#include <stdlib.h>
#include <string.h>

#include "protocol/exchange/parcel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t pull(void *context, void *out, size_t n)
{
    struct pic_cursor *c = context;
    size_t left = pic_cursor_left(c);
    n = n < left ? n : left;
    if (n > 0)
        memcpy(out, c->p, n);
    c->p += n;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pic_cursor c = pic_cursor_of(data, size);
    const struct pic_parcel_source source = {pull, &c};
    struct pic_parcel in;
    struct pic_buf item, again;
    struct pic_span payload;
    bool more = true;
    if (pic_crypto_start() != PIC_OK || pic_parcel_open(&in, &source) != PIC_OK)
        return 0;
    struct pic_parcel out = in;
    pic_buf_init(&item, PIC_PARCEL_ITEM_MAX);
    pic_buf_init(&again, size + PIC_PARCEL_HEAD_SIZE);
    pic_parcel_start(&out, &again);
    while (more && pic_parcel_next(&in, &source, &item, &payload, &more) == PIC_OK) {
        if (more)
            pic_parcel_put(&out, payload, &again);
        else
            pic_parcel_end(&out, &again);
    }
    if (again.bad || again.len > size || memcmp(again.data, data, again.len) != 0)
        abort();
    pic_buf_release(&item);
    pic_buf_release(&again);
    return 0;
}
