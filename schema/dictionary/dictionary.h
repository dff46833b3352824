/* dictionary: what is recorded. One list of entities and fields (dictionary.def), from which come
 * the tables, the wire numbers, the validators, the options of the command line, the columns of CSV
 * and the labels on screen. Adding a field is one line there. A released number never changes
 * meaning and is never used again. Constant data: no state, safe from any thread. */
#ifndef PIC_DICTIONARY_H
#define PIC_DICTIONARY_H

#include "protocol/log/change.h"

enum pic_type {
    PIC_TYPE_TEXT,  /* size: bytes at most */
    PIC_TYPE_MONEY, /* cents */
    PIC_TYPE_RATE,  /* basis points, 0..10000 */
    PIC_TYPE_COUNT, /* 0..size */
    PIC_TYPE_DATE,  /* days since 1970-01-01 */
    PIC_TYPE_BOOL,
    PIC_TYPE_CODE,     /* about: nomenclature; or an identifier kind (see identifiers.h) */
    PIC_TYPE_REF,      /* about: name of the entity referred to, "" for any */
    PIC_TYPE_SET,      /* of codes; about: nomenclature */
    PIC_TYPE_GRID,     /* head-count cells (see grid.h) */
    PIC_TYPE_DOCUMENT, /* hash of a blob */
    PIC_TYPE_IDENTITY, /* hash of a sealed box */
    PIC_TYPE_KEY       /* 32 bytes: a public key or a digest */
};

/* What concurrent edits of one field become; see state.h. */
enum pic_policy { PIC_LATEST, PIC_CHOOSE, PIC_UNION, PIC_ONCE };

/* Who may write. A device has one role; an entity or field names the roles that may write it. */
enum pic_role {
    PIC_ROLE_ENTRY = 1 << 0,     /* saisie */
    PIC_ROLE_TREASURER = 1 << 1, /* trésorerie; may also do entry */
    PIC_ROLE_COMMUNITY = 1 << 2, /* collectivité: reads its summaries */
    PIC_ROLE_AUDITOR = 1 << 3,
    PIC_ROLE_CENTRAL = 1 << 4, /* the server's own device */
    PIC_ROLE_ASSOCIATION = PIC_ROLE_ENTRY | PIC_ROLE_TREASURER,
    PIC_ROLE_ANY_WRITER = PIC_ROLE_ASSOCIATION | PIC_ROLE_CENTRAL,
};

enum pic_field_flag {
    PIC_REQUIRED = 1 << 0, /* must be in the creating change */
    PIC_LONG = 1 << 1,     /* several lines on a form */
    PIC_SEARCH = 1 << 2,   /* looked at by search without accents */
    PIC_LISTED = 1 << 3,   /* a column of the list */
    PIC_INDEXED = 1 << 4,  /* the table has an index on it */
    PIC_NO_NAMES = 1 << 5, /* everybody reads it: the names of people belong in a sealed field */
};

struct pic_field {
    uint8_t number;
    uint8_t flags;
    uint8_t writers; /* roles, narrowed from the entity's */
    enum pic_type type;
    enum pic_policy policy;
    uint32_t size;
    const char *about;
    const char *column; /* SQL, English: "main_theme" */
    const char *option; /* command line and CSV, French without accents: "theme-principal" */
    const char *label;  /* "Thème principal" */
    const char *help;
};

enum pic_entity_flag {
    PIC_REVERSIBLE = 1 << 0, /* corrected by reversal, never by edit of its once fields */
    PIC_SERVER_ONLY = 1 << 1,
    PIC_EVERYONE = 1 << 2, /* central writes it for everybody unless told an organisation */
};

struct pic_entity {
    uint8_t number;
    uint8_t flags;
    uint8_t writers;
    uint8_t field_n;
    const struct pic_field *fields; /* ascending numbers */
    const char *table;              /* "project" */
    const char *command;            /* "projet" */
    const char *label;              /* "Projet" */
    const char *plural;             /* "Projets" */
    const char *help;
};

/* The version that changes carry; grows by one whenever a released dictionary gains anything. */
enum { PIC_DICTIONARY_VERSION = 2 };

/* Field number that every entity has without naming it: writing a text there cancels the entity,
 * the text being the reason; emptying it takes the cancellation back. */
enum { PIC_FIELD_CANCELLED = 1 };

/* Entity numbers, one per ENTITY line: PIC_PROJECT and so on. */
enum pic_entity_number {
    PIC_ENTITY_NONE = 0,
#define ENTITY(symbol, number, ...) symbol = (number),
#define FIELD(...)
#define END()
#include "schema/dictionary/dictionary.def"
#undef ENTITY
#undef FIELD
#undef END
};

size_t pic_dictionary_count(void);
const struct pic_entity *pic_dictionary_at(size_t index); /* in the order of dictionary.def */
/* NULL when there is none. */
const struct pic_entity *pic_dictionary_entity(unsigned number);
const struct pic_entity *pic_dictionary_by_table(const char *table);
const struct pic_entity *pic_dictionary_by_command(const char *command);
const struct pic_field *pic_entity_field(const struct pic_entity *entity, unsigned number);
const struct pic_field *pic_entity_by_option(const struct pic_entity *entity, const char *option);
const struct pic_field *pic_entity_by_column(const struct pic_entity *entity, const char *column);
/* Position of a field in entity->fields, or -1: constant time, for the folding of changes. */
int pic_entity_index(const struct pic_entity *entity, unsigned number);

/* The kind of value that a type has on the wire. */
enum pic_kind pic_type_kind(enum pic_type type);

#endif
