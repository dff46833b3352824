/* make_exchange: prints the vectors of the exchange as they are now. exchange.txt holds them as
 * they were agreed, and a test compares both: it changes only with a new protocol version. */
#include <stdio.h>

#include "tests/lib/exchange_vectors.h"

int main(void)
{
    struct pic_buf out;
    pic_buf_init(&out, 1 << 20);
    exchange_vectors_print(&out);
    (void)fputs(pic_buf_string(&out), stdout);
    pic_buf_release(&out);
    return 0;
}
