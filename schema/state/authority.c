#include "schema/state/authority.h"

#include "protocol/log/segment.h"

unsigned pic_authority_roles(struct pic_span code)
{
    static const struct {
        const char *code;
        unsigned roles;
    } table[] = {
        {"saisie", PIC_ROLE_ENTRY},           {"tresorerie", PIC_ROLE_ENTRY | PIC_ROLE_TREASURER},
        {"collectivite", PIC_ROLE_COMMUNITY}, {"audit", PIC_ROLE_AUDITOR},
        {"region", PIC_ROLE_CENTRAL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (pic_span_equal(code, pic_span_text(table[i].code)))
            return table[i].roles;
    return 0;
}

int pic_authority_change(const struct pic_author *author, const struct pic_change *change,
                         uint64_t audience)
{
    const struct pic_entity *entity = pic_dictionary_entity(change->entity);
    bool server = author->device == PIC_DEVICE_SERVER;
    if (pic_dot_seq(change->dot) > author->last_seq)
        return PIC_QAUTHOR; /* A5 */
    if (!server && audience != author->organisation)
        return PIC_QSCOPE; /* A2 */
    if (entity == NULL)
        return PIC_QFIELD;
    if ((entity->writers & author->roles) == 0)
        return PIC_QROLE; /* A1 */
    if ((entity->flags & PIC_SERVER_ONLY) != 0 && audience != PIC_AUDIENCE_SERVER)
        return PIC_QSCOPE;
    for (unsigned i = 0; i < change->op_n; i++) {
        const struct pic_field *field = pic_entity_field(entity, change->ops[i].field);
        if (field == NULL)
            return PIC_QFIELD;
        if ((field->writers & author->roles) == 0)
            return PIC_QROLE;
    }
    return PIC_OK;
}

int pic_authority_row(uint64_t audience, const struct pic_entity *entity, uint64_t id,
                      uint64_t owner)
{
    bool own_row = entity->number == PIC_ORGANISATION && id == audience;
    return owner == audience || own_row ? PIC_OK : PIC_QSCOPE;
}

int pic_authority_reference(uint64_t audience, uint64_t owner)
{
    bool visible =
        owner == audience || owner == PIC_AUDIENCE_ALL || audience == PIC_AUDIENCE_SERVER;
    return visible ? PIC_OK : PIC_QSCOPE;
}
