/* exchange_store: what protocol/exchange/answer.h asks of a server, over the journal, the registry
 * and the documents. Reads use the caller's own connection; what must be durable goes through the
 * committer, or, where there is none (an exchange by file), through a transaction of its own. One
 * per worker. */
#ifndef PIC_SERVER_EXCHANGE_STORE_H
#define PIC_SERVER_EXCHANGE_STORE_H

#include "server/committer.h"
#include "server/contacts.h"
#include "server/gate.h"

struct pic_exchange_store {
    struct pic_server *server;         /* to read from */
    struct pic_committer *committer;   /* NULL: server is written to */
    struct pic_contacts *contacts;     /* what devices say of themselves; NULL: nobody listens */
    struct pic_gate *gate;             /* NULL: no device asks too much */
    struct pic_segment_reader *reader; /* free to use while a segment is appended */
    struct pic_answer_store table;     /* for struct pic_answer */
};

void pic_exchange_store_init(struct pic_exchange_store *store, struct pic_server *server,
                             struct pic_committer *committer, struct pic_contacts *contacts,
                             struct pic_segment_reader *reader);

#endif
