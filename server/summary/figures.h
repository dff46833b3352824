/* figures: what a collectivité is told of its money over a period: five figures beside those of the
 * period before, its share of each project to the cent, what happened on its territory, what is
 * late, how fresh the data are.
 *
 * Amounts count by the dates of their facts. A part over a period is the part of all that counted
 * at its end less the part of all that counted before it, so that periods add up to the ladder. A
 * collective of inhabitants is never named; a count of people below PIC_SUMMARY_PEOPLE_MIN is not
 * told. */
#ifndef PIC_SUMMARY_FIGURES_H
#define PIC_SUMMARY_FIGURES_H

#include "schema/face/sheet.h"
#include "schema/store/db.h"
#include "server/summary/period.h"

enum {
    PIC_SUMMARY_PEOPLE_MIN = 11,
    PIC_SUMMARY_REPORT_DAYS = 60, /* a report is late after, where no rule says */
    PIC_SUMMARY_SILENT_DAYS = 30, /* an association is silent after */
};

struct pic_summary_ask {
    uint64_t addressee;
    struct pic_period period;
    int64_t made_on;   /* day */
    uint64_t release;  /* number of the release */
    uint64_t position; /* of the journal that it tells of */
};

enum pic_figure {
    PIC_FIGURE_ENVELOPE, /* promised to the funds of the period's years */
    PIC_FIGURE_GRANTED,
    PIC_FIGURE_PAID,
    PIC_FIGURE_JUSTIFIED,
    PIC_FIGURE_REMAINING, /* of that envelope, at the end of the period */
    PIC_FIGURES
};

struct pic_summary {
    struct pic_summary_ask ask;
    struct pic_buf name, siret;      /* of the addressee */
    int64_t figures[PIC_FIGURES][2]; /* cents; the period, the one before */
    uint64_t people;                 /* counted; below the least: not to be told */
    int64_t carriers, silent;
    struct pic_sheet totals, projects, themes, territories, late;
    struct pic_sheet grants; /* SCDL subventions 2.1.1 */
};

/* PIC_ENOT_FOUND when the addressee is no organisation. Release in any case. */
PIC_MUST_USE int pic_summary_compute(struct pic_db *db, const struct pic_summary_ask *ask,
                                     struct pic_summary *out, struct pic_err *err);
void pic_summary_release(struct pic_summary *summary);

#endif
