/* enrol: how a laptop becomes a device. With an invitation file no network is needed: its reference
 * data is verified, journaled and folded, the device number is known, the first entry can follow at
 * once; the request itself goes at the first contact. With a code, that first contact is now. A
 * store that exists is never written over. */
#ifndef PIC_AGENT_ENROL_H
#define PIC_AGENT_ENROL_H

#include "agent/keyring.h"
#include "agent/store.h"

/* What the person decides. */
struct pic_enrolment {
    const char *person;         /* name shown in the history */
    struct pic_span passphrase; /* normalised */
    uint32_t passes;            /* of the vault */
};

/* Reads an invitation file into bytes and checks it: signature, form, and date. Spans of out borrow
 * bytes. PIC_EFILE, PIC_EINVITATION (arg[0] what is wrong), PIC_EINVITATION_EXPIRED (arg[0] when),
 * PIC_EVERSION. */
PIC_MUST_USE int pic_enrol_read(const char *path, int64_t now_ms, struct pic_buf *bytes,
                                struct pic_invitation *out, struct pic_err *err);

/* Makes the store of an invitation. agent was opened with PIC_AGENT_CREATE. */
PIC_MUST_USE int pic_enrol_file(struct pic_agent *agent, const struct pic_invitation *invitation,
                                const struct pic_enrolment *who, struct pic_keys *keys,
                                struct pic_err *err);

/* Makes the store of a code typed by a person: server is the transport key that was told, its
 * identity is only trusted once the reply proves to know the code. */
PIC_MUST_USE int pic_enrol_code(struct pic_agent *agent, const struct pic_code *code,
                                const struct pic_transport *server, const char *url,
                                const struct pic_enrolment *who, struct pic_keys *keys,
                                struct pic_err *err);

/* What the server's certificate changes: number, association, roles, readers of sealed identities.
 * In the open transaction. PIC_EINVITATION when it contradicts the invitation. */
PIC_MUST_USE int pic_enrol_certified(struct pic_agent *agent, const struct pic_certificate *own,
                                     const struct pic_enrol_reply *reply, struct pic_err *err);

#endif
