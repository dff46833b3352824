/* territories: the 204 priority districts (QPV) of Hauts-de-France in the geography of 2024, with
 * their communes and intercommunalities, so that a volunteer without Internet finds hers by name.
 * A district can lie on several communes; a commune can have several. Source: ANCT, "Quartiers
 * prioritaires de la politique de la ville 2024", Licence Ouverte 2.0. */
#ifndef PIC_DICTIONARY_TERRITORIES_H
#define PIC_DICTIONARY_TERRITORIES_H

#include "protocol/base/bytes.h"

enum { PIC_TERRITORIES_MAX = 256, PIC_TERRITORY_COMMUNES_MAX = 8 };

struct pic_commune {
    struct pic_span insee; /* "62570" */
    struct pic_span name;  /* "Méricourt" */
};

struct pic_territory {
    struct pic_span code; /* "QN06245M" */
    struct pic_span name;
    struct pic_span epci;      /* SIREN */
    struct pic_span epci_name; /* "CA de Lens - Liévin" */
    size_t commune_n;
    struct pic_commune communes[PIC_TERRITORY_COMMUNES_MAX]; /* ascending codes */
};

/* Every span is constant data of the program. */
struct pic_territories {
    size_t n;
    struct pic_territory all[PIC_TERRITORIES_MAX]; /* ascending codes */
};

/* Fills out from the shipped table; nothing to release. */
void pic_territories_load(struct pic_territories *out);

/* NULL when no district of 2024 has this code. */
const struct pic_territory *pic_territories_by_code(const struct pic_territories *all,
                                                    struct pic_span code);

/* The look-ups below put at most max districts in out, in the order of codes, and return how many
 * there are in all. */
size_t pic_territories_of_commune(const struct pic_territories *all, struct pic_span insee,
                                  const struct pic_territory **out, size_t max);
size_t pic_territories_of_epci(const struct pic_territories *all, struct pic_span siren,
                               const struct pic_territory **out, size_t max);
/* Districts where each word of `words` begins a word of the name or of a commune, whatever the case
 * and the accents: "maroc meri". No word, or what is not UTF-8, finds nothing. */
size_t pic_territories_search(const struct pic_territories *all, struct pic_span words,
                              const struct pic_territory **out, size_t max);

#endif
