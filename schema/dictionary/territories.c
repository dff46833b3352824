#include "schema/dictionary/territories.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/base/text.h"
#include "schema/dictionary/rows.h"

extern const unsigned char pic_embedded_qpv_hdf_2024_csv[];
extern const size_t pic_embedded_qpv_hdf_2024_csv_size;

enum { FOLDED_MAX = 4096 };

enum column { CODE, NAME, INSEE, COMMUNES, DEPARTEMENT, EPCI, EPCI_NAME, STATUS, COLUMNS };

static struct pic_span take_item(struct pic_span *list)
{
    const uint8_t *comma = list->n == 0 ? NULL : memchr(list->p, ',', list->n);
    size_t n = comma == NULL ? list->n : (size_t)(comma - list->p);
    struct pic_span item = pic_span_of(list->p, n);
    size_t past = comma == NULL ? n : n + 1;
    *list = pic_span_of(list->p + past, list->n - past);
    return item;
}

void pic_territories_load(struct pic_territories *out)
{
    struct pic_span left =
        pic_span_of(pic_embedded_qpv_hdf_2024_csv, pic_embedded_qpv_hdf_2024_csv_size);
    struct pic_span cells[COLUMNS];
    memset(out, 0, sizeof *out);
    (void)pic_rows_next(&left, cells, COLUMNS); /* names of columns */
    while (out->n < PIC_TERRITORIES_MAX && pic_rows_next(&left, cells, COLUMNS) == COLUMNS) {
        struct pic_territory *t = &out->all[out->n++];
        t->code = cells[CODE];
        t->name = cells[NAME];
        t->epci = cells[EPCI];
        t->epci_name = cells[EPCI_NAME];
        while (cells[INSEE].n > 0 && t->commune_n < PIC_TERRITORY_COMMUNES_MAX) {
            struct pic_commune *commune = &t->communes[t->commune_n++];
            commune->insee = take_item(&cells[INSEE]);
            commune->name = take_item(&cells[COMMUNES]);
        }
    }
}

static int compare_code(const void *key, const void *item)
{
    const struct pic_span *code = key;
    const struct pic_territory *t = item;
    int order = memcmp(code->p, t->code.p, code->n < t->code.n ? code->n : t->code.n);
    return order != 0 ? order : (code->n > t->code.n) - (code->n < t->code.n);
}

const struct pic_territory *pic_territories_by_code(const struct pic_territories *all,
                                                    struct pic_span code)
{
    if (code.n == 0)
        return NULL;
    return bsearch(&code, all->all, all->n, sizeof all->all[0], compare_code);
}

/* Keeps those of `all` for which is(t, what) holds. */
static size_t filter(const struct pic_territories *all,
                     bool (*is)(const struct pic_territory *t, struct pic_span what),
                     struct pic_span what, const struct pic_territory **out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++) {
        if (!is(&all->all[i], what))
            continue;
        if (n < max)
            out[n] = &all->all[i];
        n++;
    }
    return n;
}

static bool lies_on(const struct pic_territory *t, struct pic_span insee)
{
    for (size_t i = 0; i < t->commune_n; i++)
        if (pic_span_equal(t->communes[i].insee, insee))
            return true;
    return false;
}

static bool belongs_to(const struct pic_territory *t, struct pic_span siren)
{
    return pic_span_equal(t->epci, siren);
}

/* True when some word of text begins with word; both folded. */
static bool has_word(struct pic_span text, struct pic_span word)
{
    for (size_t at = 0; at + word.n <= text.n; at++)
        if ((at == 0 || text.p[at - 1] == ' ') && memcmp(text.p + at, word.p, word.n) == 0)
            return true;
    return false;
}

static bool answers_to(const struct pic_territory *t, struct pic_span words)
{
    struct pic_buf text;
    pic_buf_init(&text, FOLDED_MAX);
    int status = pic_text_fold(t->name, &text);
    for (size_t i = 0; i < t->commune_n && status == PIC_OK; i++) {
        pic_buf_u8(&text, ' ');
        status = pic_text_fold(t->communes[i].name, &text);
    }
    bool all = status == PIC_OK && words.n > 0;
    while (all && words.n > 0) {
        const uint8_t *space = memchr(words.p, ' ', words.n);
        size_t n = space == NULL ? words.n : (size_t)(space - words.p);
        all = has_word(pic_buf_view(&text), pic_span_of(words.p, n));
        size_t past = space == NULL ? n : n + 1;
        words = pic_span_of(words.p + past, words.n - past);
    }
    pic_buf_release(&text);
    return all;
}

size_t pic_territories_of_commune(const struct pic_territories *all, struct pic_span insee,
                                  const struct pic_territory **out, size_t max)
{
    return filter(all, lies_on, insee, out, max);
}

size_t pic_territories_of_epci(const struct pic_territories *all, struct pic_span siren,
                               const struct pic_territory **out, size_t max)
{
    return filter(all, belongs_to, siren, out, max);
}

size_t pic_territories_search(const struct pic_territories *all, struct pic_span words,
                              const struct pic_territory **out, size_t max)
{
    struct pic_buf folded;
    pic_buf_init(&folded, FOLDED_MAX);
    size_t n = 0;
    if (pic_text_fold(words, &folded) == PIC_OK)
        n = filter(all, answers_to, pic_buf_view(&folded), out, max);
    pic_buf_release(&folded);
    return n;
}
