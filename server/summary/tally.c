#include "server/summary/tally.h"

#include <string.h>

int pic_tally_add(struct pic_tally *t, struct pic_span key,
                  const int64_t measures[static PIC_TALLY_MEASURES], int64_t projects)
{
    char name[PIC_TALLY_KEY_MAX] = "";
    size_t at = 0;
    if (key.n >= sizeof name)
        return PIC_ELIMIT;
    if (key.n > 0)
        memcpy(name, key.p, key.n);
    while (at < t->n && strcmp(t->rows[at].key, name) < 0)
        at++;
    if (at == t->n || strcmp(t->rows[at].key, name) != 0) {
        if (t->n == PIC_TALLY_MAX)
            return PIC_ELIMIT;
        memmove(t->rows + at + 1, t->rows + at, (t->n - at) * sizeof *t->rows);
        t->n++;
        memset(&t->rows[at], 0, sizeof t->rows[at]);
        memcpy(t->rows[at].key, name, sizeof name);
    }
    for (size_t i = 0; i < PIC_TALLY_MEASURES; i++)
        t->rows[at].measures[i] += measures[i];
    t->rows[at].projects += projects;
    return PIC_OK;
}
