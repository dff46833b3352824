/* workload: what both sides of the bench record and send: micro-projects of 12 fields as a field
 * agent would type them, about 378 bytes of JSON each, then edits of single fields. The same seed
 * gives the same records to both sides. */
#ifndef PIC_BENCH_WORKLOAD_H
#define PIC_BENCH_WORKLOAD_H

#include "tests/lib/generator.h"

enum { WORKLOAD_TITLE_MAX = 128, WORKLOAD_TEXT_MAX = 256, WORKLOAD_CODE_MAX = 40 };

struct workload_record {
    char uuid[37]; /* the baseline's identifier; ours is the change's own address */
    char title[WORKLOAD_TITLE_MAX];
    char theme[WORKLOAD_CODE_MAX];
    char territory[WORKLOAD_CODE_MAX];
    int64_t start_day, end_day;
    int64_t asked_cents;
    char status[WORKLOAD_CODE_MAX];
    int64_t people;
    char holder_kind[WORKLOAD_CODE_MAX];
    char place[WORKLOAD_CODE_MAX];
    char summary[WORKLOAD_TEXT_MAX];
};

/* Which field an edit changes. */
enum workload_field { WORKLOAD_STATUS, WORKLOAD_ASKED, WORKLOAD_SUMMARY, WORKLOAD_FIELDS };

void workload_record_make(struct generator *g, struct workload_record *out);
/* Changes one field of a record in place. */
enum workload_field workload_edit(struct generator *g, struct workload_record *record);

#endif
