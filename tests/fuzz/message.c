/* message: whatever is read as a request or a reply is written back as the same bytes. The first
 * byte says which: 0 for a request, else the type of the request that the reply answers. */
#include <stdlib.h>
#include <string.h>

#include "protocol/exchange/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct pic_span bytes = pic_span_of(data + 1, size - 1);
    struct pic_buf again;
    pic_buf_init(&again, size);
    struct pic_request request;
    struct pic_reply reply;
    int rc;
    if (data[0] == 0) {
        rc = pic_request_get(bytes, &request);
        if (rc == PIC_OK)
            pic_request_put(&request, &again);
    } else {
        rc = pic_reply_get(bytes, (enum pic_request_type)data[0], &reply);
        if (rc == PIC_OK)
            pic_reply_put(&reply, &again);
    }
    if (rc == PIC_OK && !pic_span_equal(pic_buf_view(&again), bytes))
        abort();
    pic_buf_release(&again);
    return 0;
}
