#include "schema/dictionary/dictionary.h"

#include <string.h>

/* A field is at the place of its number less one, so that finding it is one comparison. */
#define CANCELLED(entity_writers)                                                                  \
    [PIC_FIELD_CANCELLED - 1] = {.number = PIC_FIELD_CANCELLED,                                    \
                                 .flags = PIC_LONG,                                                \
                                 .writers = (entity_writers),                                      \
                                 .type = PIC_TYPE_TEXT,                                            \
                                 .policy = PIC_LATEST,                                             \
                                 .size = 512,                                                      \
                                 .about = "",                                                      \
                                 .column = "cancelled",                                            \
                                 .option = "annule",                                               \
                                 .label = "Annulé",                                                \
                                 .help = "Motif de l'annulation ; vide, la saisie compte."},

#define ENTITY(symbol, number, table, command, label, plural, writers, flags, help)                \
    static const struct pic_field fields_##symbol[] = {CANCELLED(writers)
#define FIELD(number_, column_, option_, type_, size_, about_, policy_, writers_, flags_, label_,  \
              help_)                                                                               \
    [(number_)-1] = {.number = (number_),                                                          \
                     .flags = (flags_),                                                            \
                     .writers = (writers_),                                                        \
                     .type = PIC_TYPE_##type_,                                                     \
                     .policy = PIC_##policy_,                                                      \
                     .size = (size_),                                                              \
                     .about = (about_),                                                            \
                     .column = (column_),                                                          \
                     .option = (option_),                                                          \
                     .label = (label_),                                                            \
                     .help = (help_)},
#define END()                                                                                      \
    }                                                                                              \
    ;
#include "schema/dictionary/dictionary.def"
#undef ENTITY
#undef FIELD
#undef END

#define ENTITY(symbol, number_, table_, command_, label_, plural_, writers_, flags_, help_)        \
    static const struct pic_entity entity_##symbol = {                                             \
        .number = (number_),                                                                       \
        .flags = (flags_),                                                                         \
        .writers = (writers_),                                                                     \
        .field_n = sizeof fields_##symbol / sizeof fields_##symbol[0],                             \
        .fields = fields_##symbol,                                                                 \
        .table = (table_),                                                                         \
        .command = (command_),                                                                     \
        .label = (label_),                                                                         \
        .plural = (plural_),                                                                       \
        .help = (help_),                                                                           \
    };
#define FIELD(...)
#define END()
#include "schema/dictionary/dictionary.def"
#undef ENTITY

static const struct pic_entity *const in_order[] = {
#define ENTITY(symbol, ...) &entity_##symbol,
#include "schema/dictionary/dictionary.def"
#undef ENTITY
};

static const struct pic_entity *const by_number[PIC_ENTITY_MAX + 1] = {
#define ENTITY(symbol, number, ...) [(number)] = &entity_##symbol,
#include "schema/dictionary/dictionary.def"
#undef ENTITY
};

size_t pic_dictionary_count(void)
{
    return sizeof in_order / sizeof in_order[0];
}

const struct pic_entity *pic_dictionary_at(size_t index)
{
    return index < pic_dictionary_count() ? in_order[index] : NULL;
}

const struct pic_entity *pic_dictionary_entity(unsigned number)
{
    return number <= PIC_ENTITY_MAX ? by_number[number] : NULL;
}

const struct pic_entity *pic_dictionary_by_table(const char *table)
{
    for (size_t i = 0; i < pic_dictionary_count(); i++)
        if (strcmp(in_order[i]->table, table) == 0)
            return in_order[i];
    return NULL;
}

const struct pic_entity *pic_dictionary_by_command(const char *command)
{
    for (size_t i = 0; i < pic_dictionary_count(); i++)
        if (strcmp(in_order[i]->command, command) == 0)
            return in_order[i];
    return NULL;
}

const struct pic_field *pic_entity_field(const struct pic_entity *entity, unsigned number)
{
    int index = pic_entity_index(entity, number);
    return index < 0 ? NULL : &entity->fields[index];
}

const struct pic_field *pic_entity_by_option(const struct pic_entity *entity, const char *option)
{
    for (size_t i = 0; i < entity->field_n; i++)
        if (strcmp(entity->fields[i].option, option) == 0)
            return &entity->fields[i];
    return NULL;
}

const struct pic_field *pic_entity_by_column(const struct pic_entity *entity, const char *column)
{
    for (size_t i = 0; i < entity->field_n; i++)
        if (strcmp(entity->fields[i].column, column) == 0)
            return &entity->fields[i];
    return NULL;
}

int pic_entity_index(const struct pic_entity *entity, unsigned number)
{
    return number >= 1 && number <= entity->field_n ? (int)number - 1 : -1;
}

enum pic_kind pic_type_kind(enum pic_type type)
{
    static const enum pic_kind kinds[] = {
        [PIC_TYPE_TEXT] = PIC_KIND_TEXT,      [PIC_TYPE_MONEY] = PIC_KIND_INT,
        [PIC_TYPE_RATE] = PIC_KIND_INT,       [PIC_TYPE_COUNT] = PIC_KIND_INT,
        [PIC_TYPE_DATE] = PIC_KIND_INT,       [PIC_TYPE_BOOL] = PIC_KIND_INT,
        [PIC_TYPE_CODE] = PIC_KIND_TEXT,      [PIC_TYPE_REF] = PIC_KIND_REF,
        [PIC_TYPE_SET] = PIC_KIND_TEXT,       [PIC_TYPE_GRID] = PIC_KIND_BYTES,
        [PIC_TYPE_DOCUMENT] = PIC_KIND_BYTES, [PIC_TYPE_IDENTITY] = PIC_KIND_BYTES,
        [PIC_TYPE_KEY] = PIC_KIND_BYTES,
    };
    return kinds[type];
}
