#include "agent/given.h"

#include "agent/identities.h"

int pic_given_add(struct pic_given *given, struct pic_agent *agent, const struct pic_field *field,
                  const char *typed, struct pic_err *err)
{
    size_t at = given->n;
    if (at == PIC_CHANGE_OPS_MAX)
        return pic_fail(err, PIC_EUSAGE, field->label, NULL);
    given->inputs[at] = (struct pic_input){.field = field, .typed = typed};
    given->n++;
    bool file = field->type == PIC_TYPE_DOCUMENT;
    if ((!file && field->type != PIC_TYPE_IDENTITY) || *typed == '\0')
        return PIC_OK;
    int status = file ? pic_record_blob(agent, typed, given->hashes[at], &given->sizes[at], err)
                      : pic_identities_seal(agent, typed, given->hashes[at], err);
    given->values[at] = (struct pic_value){.kind = PIC_KIND_BYTES,
                                           .s = pic_span_of(given->hashes[at], PIC_HASH_SIZE)};
    given->paths[at] = file ? typed : NULL;
    given->inputs[at].typed = NULL;
    given->inputs[at].value = &given->values[at];
    return status;
}

int pic_given_value(struct pic_given *given, const struct pic_field *field,
                    const struct pic_value *value, struct pic_err *err)
{
    if (given->n == PIC_CHANGE_OPS_MAX)
        return pic_fail(err, PIC_EUSAGE, field->label, NULL);
    given->values[given->n] = *value;
    given->inputs[given->n] = (struct pic_input){.field = field, .value = &given->values[given->n]};
    given->n++;
    return PIC_OK;
}

int pic_given_record(const struct pic_given *given, struct pic_agent *agent,
                     const struct pic_entity *entity, uint64_t id, uint64_t *dot,
                     struct pic_err *err)
{
    uint64_t piece = 0;
    int status = pic_record_put(agent, entity, id, given->inputs, given->n, dot, err);
    bool joins = entity->number != PIC_DOCUMENT; /* which is the piece itself */
    for (size_t i = 0; status == PIC_OK && joins && i < given->n; i++) {
        const struct pic_attachment file = {.path = given->paths[i], .about = id == 0 ? *dot : id};
        if (file.path != NULL)
            status = pic_record_piece(agent, &file, given->hashes[i], given->sizes[i], &piece, err);
    }
    return status;
}
