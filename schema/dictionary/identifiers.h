/* identifiers: the numbers that France gives to organisations, places and accounts. A kind is the
 * `about` of a field in dictionary.def. Reading is generous (spaces, dots, dashes, any case) and
 * gives the one canonical form, which is all that a replica accepts. Pure functions. */
#ifndef PIC_DICTIONARY_IDENTIFIERS_H
#define PIC_DICTIONARY_IDENTIFIERS_H

#include "protocol/base/bytes.h"

enum pic_identifier {
    PIC_IDENTIFIER_NONE,
    PIC_IDENTIFIER_SIREN,     /* "siren": 9 digits, Luhn */
    PIC_IDENTIFIER_SIRET,     /* "siret": 14 digits, Luhn; La Poste: digit sum multiple of 5 */
    PIC_IDENTIFIER_RNA,       /* "rna": W, digit, digit or letter, 7 digits */
    PIC_IDENTIFIER_INSEE,     /* "insee": commune, 5 characters, 2A and 2B for Corsica */
    PIC_IDENTIFIER_TERRITORY, /* "territoire": a QPV of 2015 or 2024, a veille or a commune */
    PIC_IDENTIFIER_IBAN,      /* "iban": ISO 13616, 97 */
    PIC_IDENTIFIER_COUNT
};

/* What a commune code, a QPV of 2015 (QP059001), one of 2024 (QN05905M) and a quartier de veille
 * are. A veille has no national code: it is named after its commune, VE and two digits (59324VE01).
 */
enum pic_zone {
    PIC_ZONE_NONE,
    PIC_ZONE_QPV_2015,
    PIC_ZONE_QPV_2024,
    PIC_ZONE_VEILLE,
    PIC_ZONE_COMMUNE
};

/* PIC_IDENTIFIER_NONE when about is a nomenclature. */
enum pic_identifier pic_identifier_kind(const char *about);

/* True when s is a valid identifier in canonical form. */
bool pic_identifier_is(enum pic_identifier kind, struct pic_span s);

/* Reads typed and appends the canonical form to out. On refusal out is as it was, and the answer is
 * PIC_ESIREN, PIC_ESIRET, PIC_ERNA, PIC_EINSEE, PIC_EQPV or PIC_EIBAN (arg[0] typed, arg[1] the
 * name of the identifier); or PIC_ESIRET_ZERO when a zero in front would make a SIRET good: arg[2]
 * is that SIRET, to be proposed, never assumed. */
PIC_MUST_USE int pic_identifier_parse(enum pic_identifier kind, const char *typed,
                                      struct pic_buf *out, struct pic_err *err);

/* Appends s in groups: 732 829 320 · 732 829 320 00074 · FR76 3000 …; others as they are. */
void pic_identifier_format(enum pic_identifier kind, struct pic_span s, struct pic_buf *out);

enum pic_zone pic_zone_of(struct pic_span code);

#endif
