/* enrolment: an invitation becomes a device: its number, its keys in the registry, its certificate
 * as a change in its organisation's log, from where every replica learns who it is. */
#ifndef PIC_SERVER_ENROLMENT_H
#define PIC_SERVER_ENROLMENT_H

#include "server/store.h"

struct pic_enrolment {
    const struct pic_enrol_request *request;
    const uint8_t *transport_key; /* PIC_KEY_SIZE bytes */
    int64_t now_ms;
    struct pic_certificate certificate; /* out */
    struct pic_buf *organisation_name;  /* out, appended */
};

/* Inside a write transaction of the journal. The same invitation with the same three keys gives the
 * same certificate again. PIC_EINVITATION…, PIC_EREFUSED (a key that another device has). */
PIC_MUST_USE int pic_enrol_device(struct pic_server *server, struct pic_enrolment *enrolment);

#endif
