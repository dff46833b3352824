/* given: texts that a person gave for fields, made ready for the record. A file is copied in and an
 * identity sealed, and each stands there by its hash; the rest stays as it was typed. */
#ifndef PIC_AGENT_GIVEN_H
#define PIC_AGENT_GIVEN_H

#include "agent/record.h"

/* Zero-initialise. Points into itself: do not copy. */
struct pic_given {
    struct pic_input inputs[PIC_CHANGE_OPS_MAX];
    struct pic_value values[PIC_CHANGE_OPS_MAX];
    uint8_t hashes[PIC_CHANGE_OPS_MAX][PIC_HASH_SIZE];
    const char *paths[PIC_CHANGE_OPS_MAX]; /* of files; NULL for the rest */
    uint64_t sizes[PIC_CHANGE_OPS_MAX];
    size_t n;
};

/* typed is borrowed. In the open transaction, since documents are noted as to be sent. PIC_EUSAGE
 * when there are too many; errors of pic_record_blob and pic_identities_seal. */
PIC_MUST_USE int pic_given_add(struct pic_given *given, struct pic_agent *agent,
                               const struct pic_field *field, const char *typed,
                               struct pic_err *err);
/* A value that is there already; what it points to is borrowed. */
PIC_MUST_USE int pic_given_value(struct pic_given *given, const struct pic_field *field,
                                 const struct pic_value *value, struct pic_err *err);

/* Records all of it as one entry (see pic_record_put), and each file as a piece joined to it. */
PIC_MUST_USE int pic_given_record(const struct pic_given *given, struct pic_agent *agent,
                                  const struct pic_entity *entity, uint64_t id, uint64_t *dot,
                                  struct pic_err *err);

#endif
