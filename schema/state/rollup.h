/* rollup: the money ladder kept up to date by differences. What one project adds to the totals (its
 * contribution) is taken away before a change that matters and added again after it, split among
 * funders, then among territories, to the cent. Differences gather in memory and reach the table
 * when flushed, in the same transaction as what caused them. */
#ifndef PIC_STATE_ROLLUP_H
#define PIC_STATE_ROLLUP_H

#include "schema/state/row.h"

enum pic_measure {
    PIC_ASKED,     /* demandé: of live projects */
    PIC_GRANTED,   /* accordé: amount of the latest decision */
    PIC_PAID,      /* payé: advances and balances less recoveries */
    PIC_JUSTIFIED, /* justifié: the least of granted and eligible expenses not rejected */
    PIC_MATCHED,   /* rapproché: payments with a bank line */
    PIC_DUE, /* solde dû: the least of granted and justified, less paid; negative: to recover */
    PIC_MEASURES
};

struct pic_contribution {
    uint64_t fund; /* 0: adds nothing */
    int64_t projects;
    int64_t measures[PIC_MEASURES];
    char theme[64];
    char territories[1024]; /* codes joined by one space */
};

/* What one fact, a payment or an expense, adds to its project. */
struct pic_effect {
    int64_t paid, matched, eligible;
};

struct pic_rollup;
PIC_MUST_USE int pic_rollup_new(struct pic_rows *rows, struct pic_rollup **out,
                                struct pic_err *err);
void pic_rollup_free(struct pic_rollup *rollup);
/* The rows that it reads. */
struct pic_rows *pic_rollup_rows(const struct pic_rollup *rollup);

/* What a project adds as its tables stand. */
PIC_MUST_USE int pic_rollup_contribution(struct pic_rollup *rollup, uint64_t project,
                                         struct pic_contribution *out);
/* The same for a project that was just created, from its row alone. */
void pic_rollup_created(const struct pic_rollup *rollup, const struct pic_row *project,
                        struct pic_contribution *out);

/* What a fact adds as its tables stand; nothing when it is no payment and no expense, or reversed.
 */
PIC_MUST_USE int pic_rollup_effect(struct pic_rollup *rollup, uint64_t fact,
                                   struct pic_effect *out);
/* Moves a project's sums by the difference that one change made to one of its facts. */
PIC_MUST_USE int pic_rollup_count(struct pic_rollup *rollup, uint64_t project,
                                  const struct pic_effect *before, const struct pic_effect *after);
/* Adds up a project's facts from nothing. */
PIC_MUST_USE int pic_rollup_count_again(struct pic_rollup *rollup, uint64_t project);

/* Whether a field of a project is one that its contribution depends on. */
bool pic_rollup_reads(const struct pic_rollup *rollup, unsigned field);

/* One part of a contribution: what a funder (0: none) bears of a measure on a territory ("": none).
 * The number of projects comes as PIC_MEASURES. A status other than PIC_OK ends the cut. */
typedef int pic_rollup_part(void *context, uint64_t funder, const char *territory,
                            enum pic_measure measure, int64_t amount);
/* Cuts a contribution into the parts that stand in the table: the way from a total to what is
 * behind it. */
PIC_MUST_USE int pic_rollup_cut(struct pic_rollup *rollup,
                                const struct pic_contribution *contribution, pic_rollup_part *part,
                                void *context);

/* Takes one contribution away and adds another. */
PIC_MUST_USE int pic_rollup_move(struct pic_rollup *rollup, const struct pic_contribution *before,
                                 const struct pic_contribution *after);
/* Shares of a fund have changed: splits all its projects again. */
PIC_MUST_USE int pic_rollup_split_again(struct pic_rollup *rollup, uint64_t fund);
/* Writes the gathered differences. */
PIC_MUST_USE int pic_rollup_flush(struct pic_rollup *rollup);
/* Forgets them: the transaction was rolled back. */
void pic_rollup_forget(struct pic_rollup *rollup);

#endif
