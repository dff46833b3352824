/* entry: from what a person typed to a change that the state will accept. The same code serves the
 * laptop and the server: texts are parsed and checked field by field, references are found by
 * number or by name, bases are read from the state, and the result is tried against the rules of
 * state.h before anything is recorded, so that nothing a person enters ends in quarantine. */
#ifndef PIC_STATE_ENTRY_H
#define PIC_STATE_ENTRY_H

#include "schema/state/state.h"

/* One field as it was given: typed text, or a value made by another room (a document, a box). */
struct pic_input {
    const struct pic_field *field;
    const char *typed; /* NULL: value */
    const struct pic_value *value;
};

/* A change being made. Owns its texts until released. */
struct pic_entry {
    struct pic_change change; /* ready but for dot and stamp (and id, where it creates) */
    bool creates;
    struct pic_op ops[PIC_CHANGE_OPS_MAX];
    uint64_t bases[PIC_CHANGE_OPS_MAX][PIC_OP_BASES_MAX];
    struct pic_buf stores[PIC_CHANGE_OPS_MAX];
};

/* Builds a creation (id 0) or an edit of entity id. device is the author's, which "17" alone is
 * short for in a reference. Fields that would not change are left out of an edit. Errors: the S-…
 * statuses of value.h, PIC_EREQUIRED (arg[0] label, arg[1] option), PIC_EREFERENCE (arg[0] what was
 * typed, arg[1] label), PIC_ENOT_FOUND, PIC_EIMMUTABLE, PIC_ENOTHING_TO_CHANGE, PIC_EREFUSED. */
PIC_MUST_USE int pic_entry_build(struct pic_state *state, const struct pic_entity *entity,
                                 uint64_t id, uint32_t device, const struct pic_input *inputs,
                                 size_t input_n, struct pic_entry *out, struct pic_err *err);
/* Gives the change its address and stamp; the last step before it is recorded. */
void pic_entry_stamp(struct pic_entry *entry, uint64_t dot, uint64_t stamp);
/* Whether the state will take it: PIC_OK, or the PIC_Q… verdict as an error for the author. */
PIC_MUST_USE int pic_entry_try(struct pic_state *state, const struct pic_entry *entry,
                               uint64_t audience, struct pic_err *err);
void pic_entry_release(struct pic_entry *entry);

/* The id that a person means by "42-17", "17" (their own device) or a name that only one row of the
 * entity bears. PIC_EREFERENCE. */
PIC_MUST_USE int pic_entry_find(struct pic_state *state, const char *table, uint32_t device,
                                const char *typed, uint64_t *id, struct pic_err *err);

#endif
