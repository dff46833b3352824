/* make_exchange: prints the vectors of the exchange as they are now, or, with a word, the tables of
 * protocol/SPEC.md. exchange.txt and SPEC.md hold them as they were agreed, and tests compare. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/exchange_tables.h"
#include "tests/lib/exchange_vectors.h"

int main(int argc, char **argv)
{
    struct pic_buf out;
    pic_buf_init(&out, 1 << 20);
    if (argc == 1)
        exchange_vectors_print(&out);
    else if (strcmp(argv[1], "messages") == 0)
        exchange_tables_messages(&out);
    else if (strcmp(argv[1], "statuses") == 0)
        exchange_tables_statuses(&out);
    else
        return 2;
    (void)fputs(pic_buf_string(&out), stdout);
    pic_buf_release(&out);
    return 0;
}
