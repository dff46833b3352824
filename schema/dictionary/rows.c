#include "schema/dictionary/rows.h"

#include <string.h>

/* What is before `stop`, or all of it; *s moves past. */
static struct pic_span take_until(struct pic_span *s, char stop)
{
    const uint8_t *at = s->n == 0 ? NULL : memchr(s->p, stop, s->n);
    size_t n = at == NULL ? s->n : (size_t)(at - s->p);
    struct pic_span taken = pic_span_of(s->p, n);
    size_t past = at == NULL ? n : n + 1;
    *s = pic_span_of(s->p + past, s->n - past);
    return taken;
}

size_t pic_rows_next(struct pic_span *left, struct pic_span *cells, size_t max)
{
    if (left->n == 0)
        return 0;
    struct pic_span line = take_until(left, '\n');
    size_t n = 1;
    for (size_t i = 0; i < line.n; i++)
        n += line.p[i] == ';';
    for (size_t i = 0; i < max; i++)
        cells[i] = i < n ? take_until(&line, ';') : pic_span_of("", 0);
    return n;
}
