/* exchange_tables: message.def and reply_status.def as the Markdown tables of protocol/SPEC.md. */
#ifndef PIC_TESTS_EXCHANGE_TABLES_H
#define PIC_TESTS_EXCHANGE_TABLES_H

#include "protocol/base/bytes.h"

void exchange_tables_messages(struct pic_buf *out);
void exchange_tables_statuses(struct pic_buf *out);

#endif
