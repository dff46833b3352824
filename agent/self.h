/* self: who this laptop is and whom it trusts, as one small record. Pure. */
#ifndef PIC_AGENT_SELF_H
#define PIC_AGENT_SELF_H

#include "protocol/exchange/certificate.h"

enum {
    PIC_AGENT_NAME_MAX = 256, /* bytes of the names of a server, an association, a person */
    PIC_AGENT_URLS_MAX = 2048,
    PIC_AGENT_SELF_BYTES_MAX = 8192,
};

struct pic_agent_self {
    uint32_t device; /* 0: not told yet (enrolment by code under way) */
    uint64_t organisation;
    uint32_t role; /* enum pic_role bits */
    bool enrolled; /* the server has issued the certificate */
    struct pic_transport server;
    uint8_t authority[PIC_KEY_SIZE];
    uint8_t box_key[PIC_KEY_SIZE];  /* own, X25519: for whom documents and boxes are put away */
    uint8_t sign_key[PIC_KEY_SIZE]; /* own, public */
    char server_name[PIC_AGENT_NAME_MAX + 1];
    char organisation_name[PIC_AGENT_NAME_MAX + 1];
    char person[PIC_AGENT_NAME_MAX + 1];
    char urls[PIC_AGENT_URLS_MAX]; /* addresses, best first, one a line */
};

/* Appends the record. */
void pic_self_put(const struct pic_agent_self *self, struct pic_buf *out);
/* PIC_ESTORE_NEWER or PIC_ESTORE_DAMAGED. */
PIC_MUST_USE int pic_self_get(struct pic_span bytes, struct pic_agent_self *out);

#endif
