/* ladder: the money ladder as people read it, and the way down from any total: a total, the
 * projects behind it, the decisions, payments and expenses of one of them, each with the number
 * under which its signed changes are found.
 *
 * Totals read the rollup's cells, the funds, the shares and the transfers, so that their cost does
 * not grow with the number of projects. Rows always add up to the whole: what has no theme, no
 * territory… is a row of its own. A district that lies on several communes is shown as these
 * communes together, never shared out by guessing. */
#ifndef PIC_STATE_LADDER_H
#define PIC_STATE_LADDER_H

#include "schema/state/rollup.h"

enum pic_dimension {
    PIC_BY_NOTHING, /* one row: the whole */
    PIC_BY_PROGRAMME,
    PIC_BY_FUND,
    PIC_BY_FUNDER,
    PIC_BY_THEME,
    PIC_BY_QPV,
    PIC_BY_COMMUNE,
    PIC_BY_EPCI,
    PIC_BY_YEAR,
    PIC_DIMENSIONS
};

/* Names as typed: "tout", "programme", "fonds", "financeur", "theme", "qpv"…; their headings. */
extern const char *const pic_dimension_names[PIC_DIMENSIONS];
extern const char *const pic_dimension_titles[PIC_DIMENSIONS];
/* PIC_DIMENSIONS when there is none. */
enum pic_dimension pic_dimension_of(const char *name);

enum pic_ladder_measure {
    PIC_LADDER_ENVELOPE,    /* Σ share */
    PIC_LADDER_TRANSFERRED, /* Σ transfer */
    PIC_LADDER_ASKED,
    PIC_LADDER_GRANTED,
    PIC_LADDER_PAID,
    PIC_LADDER_JUSTIFIED,
    PIC_LADDER_MATCHED,
    PIC_LADDER_DUE,
    PIC_LADDER_REMAINING, /* envelope less granted */
    PIC_LADDER_PROJECTS,
    PIC_LADDER_MEASURES
};

/* Keys ("enveloppe") and titles ("Enveloppe") of the measures. */
extern const char *const pic_ladder_keys[PIC_LADDER_MEASURES];
extern const char *const pic_ladder_titles[PIC_LADDER_MEASURES];

/* Filters: a NULL text or a negative number lets all through; "" or 0 keeps what has none. */
struct pic_ladder_ask {
    enum pic_dimension by;
    int64_t programme, fund, funder; /* ids */
    int64_t year;
    const char *theme, *qpv, *commune, *epci; /* codes */
};
/* An ask without filters. */
struct pic_ladder_ask pic_ladder_ask_all(enum pic_dimension by);
/* Whether a measure can be told for this ask: what funders promised has neither theme nor place,
 * and a project counts for all its funders. */
bool pic_ladder_knows(const struct pic_ladder_ask *ask, enum pic_ladder_measure measure);

struct pic_ladder_row {
    struct pic_span key;   /* id in digits, code, "59512+59599"; empty: not given */
    struct pic_span label; /* "Roubaix + Tourcoing"; "non renseigné"; "Ensemble" */
    int64_t measures[PIC_LADDER_MEASURES];
};

struct pic_ladder;
/* Reads rows in the order of their labels, the one without a key last. What is asked for is
 * borrowed until the end. */
PIC_MUST_USE int pic_ladder_open(struct pic_db *db, const struct pic_ladder_ask *ask,
                                 struct pic_ladder **out, struct pic_err *err);
/* *more is false at the end; spans are valid until the next call. */
PIC_MUST_USE int pic_ladder_next(struct pic_ladder *ladder, struct pic_ladder_row *row, bool *more);
void pic_ladder_close(struct pic_ladder *ladder);
/* The whole under the same filters. */
PIC_MUST_USE int pic_ladder_total(struct pic_db *db, const struct pic_ladder_ask *ask,
                                  int64_t measures[static PIC_LADDER_MEASURES],
                                  struct pic_err *err);

/* --- down to the facts --- */

/* One project and what it adds to the total asked for, to the cent. */
struct pic_ladder_project {
    uint64_t id;
    struct pic_contribution whole;
    int64_t projects;               /* 0 where it is counted at another territory */
    int64_t measures[PIC_MEASURES]; /* the part that the filters let through */
};
typedef int pic_ladder_project_sink(void *context, const struct pic_ladder_project *project);
/* Hands over every project that adds anything. A status of the sink ends the walk. */
PIC_MUST_USE int pic_ladder_projects(struct pic_rows *rows, const struct pic_ladder_ask *ask,
                                     pic_ladder_project_sink *sink, void *context,
                                     struct pic_err *err);

/* One fact of a project. */
struct pic_ladder_fact {
    const struct pic_entity *entity; /* decision, payment or expense */
    uint64_t id, reversed;
    int64_t on; /* day */
    struct pic_span what;
    int64_t cents;
    bool counts;
};
typedef int pic_ladder_fact_sink(void *context, const struct pic_ladder_fact *fact);
PIC_MUST_USE int pic_ladder_facts(struct pic_db *db, uint64_t project, pic_ladder_fact_sink *sink,
                                  void *context, struct pic_err *err);

/* Lends the functions that views and checks call to a connection; pic_ladder_open does it itself:
 *   commune_of(territory)  "59512", "59512+59599"; NULL where it cannot be told
 *   epci_of(territory)     SIREN of the intercommunality; NULL likewise
 *   lies_in(kind, territory, code)   'commune' or 'epci'; code '' is what cannot be told
 *   label_of(kind, code)   name of a theme, territory, commune or intercommunality */
PIC_MUST_USE int pic_ladder_lend(struct pic_db *db, struct pic_err *err);

#endif
