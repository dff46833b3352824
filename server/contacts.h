/* contacts: when each device was last heard, and what it said of itself. In memory, for a server
 * that must not write for an idle laptop; kept in a file between two lives of the server. Safe from
 * several threads. */
#ifndef PIC_SERVER_CONTACTS_H
#define PIC_SERVER_CONTACTS_H

#include "protocol/exchange/answer.h"

struct pic_contact {
    uint32_t device;
    uint32_t pending_changes, pending_documents;
    uint32_t program;
    int64_t time_ms; /* by the server's clock */
    int32_t clock_minutes;
    uint16_t dictionary;
    uint8_t disk; /* as in message.def */
};

struct pic_contacts;
PIC_MUST_USE int pic_contacts_new(struct pic_contacts **out);
void pic_contacts_free(struct pic_contacts *contacts);

void pic_contacts_put(struct pic_contacts *contacts, const struct pic_contact *contact);
/* False when the device was never heard. */
bool pic_contacts_get(struct pic_contacts *contacts, uint32_t device, struct pic_contact *out);

/* The file: written whole when something has changed since it was read or written; a missing or
 * unreadable one is an empty one, since it can be lived without. */
PIC_MUST_USE int pic_contacts_save(struct pic_contacts *contacts, const char *path,
                                   struct pic_err *err);
PIC_MUST_USE int pic_contacts_load(struct pic_contacts *contacts, const char *path);

#endif
