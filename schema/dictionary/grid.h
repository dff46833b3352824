/* grid: how many people, by gender, age and residence, without a name. A cell has an index for
 * ever; new age bands are added after the others, so that no released index moves.
 *
 * The fine bands sum to every official grid. The coarse ones are what a volunteer sees; a count
 * filed under a coarse band stays there: no table ever splits it by guessing. Pure functions. */
#ifndef PIC_DICTIONARY_GRID_H
#define PIC_DICTIONARY_GRID_H

#include "protocol/base/bytes.h"

enum {
    PIC_GRID_GENDERS = 4,
    PIC_GRID_AGES_FINE = 11, /* ages[0..10], each year of life in exactly one */
    PIC_GRID_AGE_UNKNOWN = 11,
    PIC_GRID_AGES = 19,
    PIC_GRID_RESIDENCES = 3,
    PIC_GRID_CELLS = PIC_GRID_AGES * PIC_GRID_GENDERS * PIC_GRID_RESIDENCES,
    PIC_GRID_COUNT_MAX = 1000000, /* people in one cell */
    PIC_GRID_COARSE = 6,          /* bands of the short form */
};

/* Codes of each axis: as typed, as in nomenclatures.csv (genre, tranche-age, habite-quartier). */
extern const char *const pic_grid_genders[PIC_GRID_GENDERS];
extern const char *const pic_grid_ages[PIC_GRID_AGES];
extern const char *const pic_grid_residences[PIC_GRID_RESIDENCES];
/* The six bands of the short form, youngest first, as indices into pic_grid_ages. */
extern const uint8_t pic_grid_coarse[PIC_GRID_COARSE];

/* Zero-initialise: nobody. */
struct pic_grid {
    uint32_t count[PIC_GRID_CELLS];
};

struct pic_grid_totals {
    uint64_t all;
    uint64_t gender[PIC_GRID_GENDERS];
    uint64_t age[PIC_GRID_AGES];
    uint64_t residence[PIC_GRID_RESIDENCES];
};

/* Totals as a person added them up on paper; -1 where there is none. */
struct pic_grid_announced {
    int64_t by_gender, by_age, by_residence;
};

size_t pic_grid_cell(size_t gender, size_t age, size_t residence);

/* First and last fine band that age band `age` covers; the unknown band covers all of them. */
void pic_grid_age_covers(size_t age, size_t *first, size_t *last);

/* Reads "F/26-45/oui=12 H/65+/non=3": cells separated by spaces, in any order, each at most once;
 * an axis left empty is unknown ("F//=2"). PIC_EGRID: arg[0] the cell that cannot be read. */
PIC_MUST_USE int pic_grid_parse(const char *typed, struct pic_grid *out, struct pic_err *err);
/* The same form, ascending cells; nothing for an empty grid. */
void pic_grid_text(const struct pic_grid *grid, struct pic_buf *out);

/* On the wire: for each cell that is not zero, in ascending order, a varint (cells skipped since
 * the last one) and a varint (people). Only this form is accepted: PIC_EFORMAT otherwise. */
void pic_grid_put(const struct pic_grid *grid, struct pic_buf *out);
PIC_MUST_USE int pic_grid_get(struct pic_span bytes, struct pic_grid *out);

void pic_grid_add_up(const struct pic_grid *grid, struct pic_grid_totals *out);

/* PIC_EGRID_TOTALS when two of the announced totals, or an announced one and the cells, differ:
 * arg[0] "par âge (34)", arg[1] "par sexe (35)", for "Total … différent du total …". An empty grid
 * has no total of its own. */
PIC_MUST_USE int pic_grid_agree(const struct pic_grid *grid,
                                const struct pic_grid_announced *announced, struct pic_err *err);

#endif
