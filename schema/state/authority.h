/* authority: who may write what. A pure function of the author's role and organisation, the entity,
 * the field and whose the row is, so that every replica and every auditor answers alike.
 *
 * A1  a device writes only the entities and fields that its role is listed for;
 * A2  a device writes only in the log of its own organisation, the server in any;
 * A3  a row is edited only in a log of the audience that owns it, but an organisation may write its
 *     own row;
 * A4  a reference leads to a row of the same audience or of everybody; the server's own log
 *     (PIC_AUDIENCE_SERVER) may refer to anything;
 * A5  a retired device writes nothing after its last valid sequence. */
#ifndef PIC_STATE_AUTHORITY_H
#define PIC_STATE_AUTHORITY_H

#include "schema/dictionary/dictionary.h"

struct pic_author {
    uint32_t device;
    uint64_t organisation;
    unsigned roles;    /* enum pic_role */
    uint64_t last_seq; /* of a retired device; UINT64_MAX otherwise */
};

/* Roles of a device from its role code ("saisie", "tresorerie", "collectivite", "audit", "region");
 * 0 for an unknown one. */
unsigned pic_authority_roles(struct pic_span code);

/* A1, A2 and A5 for a whole change. PIC_OK, PIC_QROLE, PIC_QSCOPE, PIC_QAUTHOR or PIC_QFIELD
 * (unknown entity or field). */
PIC_MUST_USE int pic_authority_change(const struct pic_author *author,
                                      const struct pic_change *change, uint64_t audience);
/* A3. PIC_OK or PIC_QSCOPE. */
PIC_MUST_USE int pic_authority_row(uint64_t audience, const struct pic_entity *entity, uint64_t id,
                                   uint64_t owner);
/* A4. PIC_OK or PIC_QSCOPE. */
PIC_MUST_USE int pic_authority_reference(uint64_t audience, uint64_t owner);

#endif
