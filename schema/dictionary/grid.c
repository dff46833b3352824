#include "schema/dictionary/grid.h"

#include <string.h>

#include "schema/dictionary/number.h"

const char *const pic_grid_genders[PIC_GRID_GENDERS] = {"F", "H", "autre", "inconnu"};
const char *const pic_grid_residences[PIC_GRID_RESIDENCES] = {"oui", "non", "inconnu"};

/* The fine bands, the unknown one, then the coarse ones with the fine bands that they cover. */
const char *const pic_grid_ages[PIC_GRID_AGES] = {
    "0-5", "6-11",    "12-15", "16-17", "18-24", "25",    "26-29", "30-45", "46-54", "55-64",
    "65+", "inconnu", "0-11",  "12-17", "18-25", "26-45", "46-64", "6-15",  "26-64",
};

static const struct {
    uint8_t first, last;
} covers[PIC_GRID_AGES] = {
    {0, 0},   {1, 1},  {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}, {8, 8}, {9, 9},
    {10, 10}, {0, 10}, {0, 1}, {2, 3}, {4, 5}, {6, 7}, {8, 9}, {1, 2}, {6, 9},
};

const uint8_t pic_grid_coarse[PIC_GRID_COARSE] = {12, 13, 14, 15, 16, 10};

size_t pic_grid_cell(size_t gender, size_t age, size_t residence)
{
    return (age * PIC_GRID_GENDERS + gender) * PIC_GRID_RESIDENCES + residence;
}

void pic_grid_age_covers(size_t age, size_t *first, size_t *last)
{
    *first = covers[age].first;
    *last = covers[age].last;
}

/* ---- as typed ---- */

/* Place of word among codes; an empty word is the unknown one. -1 when it is none of them. */
static int find(const char *const *codes, size_t n, struct pic_span word)
{
    struct pic_span sought = word.n == 0 ? pic_span_text("inconnu") : word;
    for (size_t i = 0; i < n; i++)
        if (pic_span_equal(pic_span_text(codes[i]), sought))
            return (int)i;
    return -1;
}

/* The part of *at before the next `stop`, past which *at moves. False when there is none. */
static bool part(struct pic_span *at, char stop, struct pic_span *out)
{
    const uint8_t *end = at->n == 0 ? NULL : memchr(at->p, stop, at->n);
    if (end == NULL)
        return false;
    *out = pic_span_of(at->p, (size_t)(end - at->p));
    *at = pic_span_of(end + 1, at->n - out->n - 1);
    return true;
}

static bool parse_people(struct pic_span s, uint32_t *out)
{
    uint32_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v * 10 + (s.p[i] - (uint32_t)'0');
        if (v > PIC_GRID_COUNT_MAX)
            return false;
    }
    *out = v;
    return s.n > 0;
}

static bool parse_cell(struct pic_span s, size_t *cell, uint32_t *people)
{
    struct pic_span gender;
    struct pic_span age;
    struct pic_span residence;
    if (!part(&s, '/', &gender) || !part(&s, '/', &age) || !part(&s, '=', &residence))
        return false;
    int g = find(pic_grid_genders, PIC_GRID_GENDERS, gender);
    int a = find(pic_grid_ages, PIC_GRID_AGES, age);
    int r = find(pic_grid_residences, PIC_GRID_RESIDENCES, residence);
    if (g < 0 || a < 0 || r < 0 || !parse_people(s, people))
        return false;
    *cell = pic_grid_cell((size_t)g, (size_t)a, (size_t)r);
    return true;
}

static int refuse(struct pic_err *err, struct pic_span cell)
{
    struct pic_buf text;
    pic_buf_init(&text, PIC_ERR_ARG_MAX);
    pic_buf_bytes(&text, cell.p, cell.n < PIC_ERR_ARG_MAX ? cell.n : PIC_ERR_ARG_MAX);
    int status = pic_fail(err, PIC_EGRID, pic_buf_string(&text), NULL);
    pic_buf_release(&text);
    return status;
}

int pic_grid_parse(const char *typed, struct pic_grid *out, struct pic_err *err)
{
    static const char between[] = " ;\t\r\n";
    struct pic_grid grid = {0};
    bool seen[PIC_GRID_CELLS] = {false};
    for (const char *p = typed + strspn(typed, between); *p != '\0'; p += strspn(p, between)) {
        struct pic_span s = pic_span_of(p, strcspn(p, between));
        size_t cell;
        uint32_t people;
        if (!parse_cell(s, &cell, &people) || seen[cell])
            return refuse(err, s);
        seen[cell] = true;
        grid.count[cell] = people;
        p += s.n;
    }
    *out = grid;
    return PIC_OK;
}

void pic_grid_text(const struct pic_grid *grid, struct pic_buf *out)
{
    const char *before = "";
    for (size_t a = 0; a < PIC_GRID_AGES; a++)
        for (size_t g = 0; g < PIC_GRID_GENDERS; g++)
            for (size_t r = 0; r < PIC_GRID_RESIDENCES; r++) {
                uint32_t people = grid->count[pic_grid_cell(g, a, r)];
                if (people == 0)
                    continue;
                pic_buf_printf(out, "%s%s/%s/%s=%u", before, pic_grid_genders[g], pic_grid_ages[a],
                               pic_grid_residences[r], (unsigned)people);
                before = " ";
            }
}

/* ---- on the wire ---- */

void pic_grid_put(const struct pic_grid *grid, struct pic_buf *out)
{
    size_t next = 0;
    for (size_t i = 0; i < PIC_GRID_CELLS; i++) {
        if (grid->count[i] == 0)
            continue;
        pic_buf_varint(out, i - next);
        pic_buf_varint(out, grid->count[i]);
        next = i + 1;
    }
}

int pic_grid_get(struct pic_span bytes, struct pic_grid *out)
{
    struct pic_grid grid = {0};
    struct pic_cursor c = pic_cursor_of(bytes.p, bytes.n);
    size_t next = 0;
    while (!c.bad && pic_cursor_left(&c) > 0) {
        if (next >= PIC_GRID_CELLS)
            return PIC_EFORMAT;
        size_t cell = next + (size_t)pic_cursor_varint_max(&c, PIC_GRID_CELLS - 1 - next);
        uint32_t people = (uint32_t)pic_cursor_varint_max(&c, PIC_GRID_COUNT_MAX);
        if (people == 0)
            return PIC_EFORMAT;
        grid.count[cell] = people;
        next = cell + 1;
    }
    if (pic_cursor_end(&c) != PIC_OK)
        return PIC_EFORMAT;
    *out = grid;
    return PIC_OK;
}

/* ---- totals ---- */

void pic_grid_add_up(const struct pic_grid *grid, struct pic_grid_totals *out)
{
    *out = (struct pic_grid_totals){0};
    for (size_t a = 0; a < PIC_GRID_AGES; a++)
        for (size_t g = 0; g < PIC_GRID_GENDERS; g++)
            for (size_t r = 0; r < PIC_GRID_RESIDENCES; r++) {
                uint32_t people = grid->count[pic_grid_cell(g, a, r)];
                out->all += people;
                out->gender[g] += people;
                out->age[a] += people;
                out->residence[r] += people;
            }
}

static int disagree(struct pic_err *err, const char *one, int64_t one_total, const char *other,
                    int64_t other_total)
{
    struct pic_buf a;
    struct pic_buf b;
    pic_buf_init(&a, PIC_ERR_ARG_MAX);
    pic_buf_init(&b, PIC_ERR_ARG_MAX);
    pic_buf_printf(&a, "%s (", one);
    pic_count_format(one_total, PIC_STYLE_SCREEN, &a);
    pic_buf_text(&a, ")");
    pic_buf_printf(&b, "%s (", other);
    pic_count_format(other_total, PIC_STYLE_SCREEN, &b);
    pic_buf_text(&b, ")");
    int status = pic_fail(err, PIC_EGRID_TOTALS, pic_buf_string(&a), pic_buf_string(&b), NULL);
    pic_buf_release(&a);
    pic_buf_release(&b);
    return status;
}

int pic_grid_agree(const struct pic_grid *grid, const struct pic_grid_announced *announced,
                   struct pic_err *err)
{
    struct pic_grid_totals totals;
    pic_grid_add_up(grid, &totals);
    const struct {
        const char *name;
        int64_t total;
    } axes[] = {
        {"par âge", announced->by_age},
        {"par sexe", announced->by_gender},
        {"par lieu d'habitation", announced->by_residence},
        {"de la grille", totals.all == 0 ? -1 : (int64_t)totals.all},
    };
    enum { AXES = sizeof axes / sizeof axes[0] };
    for (size_t i = 0; i < AXES; i++)
        for (size_t j = i + 1; j < AXES; j++)
            if (axes[i].total >= 0 && axes[j].total >= 0 && axes[i].total != axes[j].total)
                return disagree(err, axes[i].name, axes[i].total, axes[j].name, axes[j].total);
    return PIC_OK;
}
