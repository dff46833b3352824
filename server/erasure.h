/* erasure: forgetting a person on the server: the change that says so to every replica, signed, and
 * the destruction of the boxes with their keys in cles.db. What comes from the laptops is settled
 * the same way. The journal keeps hashes and addresses only; chains and totals do not move. */
#ifndef PIC_SERVER_ERASURE_H
#define PIC_SERVER_ERASURE_H

#include "server/store.h"

/* Records the erasure of a row's identities and destroys them. PIC_EHELD (arg[0] why), PIC_EERASED,
 * PIC_ENOT_FOUND (it names nobody), and those of pic_record_one. */
PIC_MUST_USE int pic_erase_person(struct pic_server *server, uint64_t about, const char *reason,
                                  uint64_t *dot, struct pic_err *err);
/* Destroys what is left of anybody whose erasure is in the state. Cheap when there is nothing. */
PIC_MUST_USE int pic_erasures_settle(struct pic_server *server);

/* Appends the certificate of an erasure: lines of text, and the server's signature of all before
 * it, "pic/1 erasure certificate" || BLAKE2b-256(text). It lists addresses, never content.
 * PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_erasure_certificate(struct pic_server *server, uint64_t dot,
                                         struct pic_buf *out, struct pic_err *err);
/* Every box that any change of a row named, the one of today last; dots are those changes (u64). */
PIC_MUST_USE int pic_erasure_traces(struct pic_server *server, uint64_t id, struct pic_buf *dots,
                                    struct pic_buf *hashes);

enum {
    PIC_ERASURE_DOTS_MAX = 4096,
    PIC_ERASURE_HASHES_MAX = 1 << 19,
    PIC_ERASURE_TEXT_MAX = 16384,
};

#endif
