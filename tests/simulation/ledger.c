#include "tests/simulation/ledger.h"

#include <string.h>

/* "#17#" anywhere in a text. */
static bool find_mark(struct pic_span s, unsigned *mark)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned value = 0;
        size_t k = i + 1;
        for (; s.p[i] == '#' && k < s.n && s.p[k] >= '0' && s.p[k] <= '9'; k++)
            value = value * 10 + (unsigned)(s.p[k] - '0');
        if (s.p[i] == '#' && k > i + 1 && k < s.n && s.p[k] == '#' && value < ENTRIES_MAX) {
            *mark = value;
            return true;
        }
    }
    return false;
}

unsigned ledger_mark(const struct pic_change *change)
{
    unsigned mark = ENTRIES_MAX;
    for (unsigned i = 0; i < change->op_n; i++)
        if (change->ops[i].value.kind == PIC_KIND_TEXT && find_mark(change->ops[i].value.s, &mark))
            return mark;
    return ENTRIES_MAX;
}
