/* grid: head-counts without names. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "schema/dictionary/grid.h"

static struct pic_grid grid_of(const char *typed)
{
    struct pic_grid grid = {0};
    assert_int_equal(pic_grid_parse(typed, &grid, NULL), PIC_OK);
    return grid;
}

static void cells_are_read_in_any_order_and_written_in_one(void **state)
{
    (void)state;
    struct pic_grid grid = grid_of("  H/65+/non=3;F/26-45/oui=12\nF//=2 ");
    struct pic_buf out;
    pic_buf_init(&out, 256);
    pic_grid_text(&grid, &out);
    assert_string_equal(pic_buf_string(&out), "H/65+/non=3 F/inconnu/inconnu=2 F/26-45/oui=12");
    pic_buf_release(&out);
}

static void a_cell_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    static const char *const cells[] = {
        "F/26-45/oui", "F/26-45=1",    "X/65+/oui=1",       "F/66/oui=1",   "F/65+/si=1",
        "F/65+/oui=",  "F/65+/oui=-1", "F/65+/oui=1000001", "F/65+/oui=1x", "=",
    };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        struct pic_err err = {0};
        struct pic_grid grid;
        assert_int_equal(pic_grid_parse(cells[i], &grid, &err), PIC_EGRID);
        assert_string_equal(err.arg[0], cells[i]);
    }
    struct pic_err err = {0};
    struct pic_grid grid;
    assert_int_equal(pic_grid_parse("F/65+/oui=1 F/65+/oui=2", &grid, &err), PIC_EGRID);
    assert_string_equal(err.arg[0], "F/65+/oui=2"); /* twice the same cell */
}

static void indices_never_move(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x08, 0x01, 0x76, 0x03, 0x40, 0x0c};
    assert_int_equal(pic_grid_cell(2, 0, 2), 8);
    assert_int_equal(pic_grid_cell(1, 10, 1), 124);
    assert_int_equal(pic_grid_cell(0, 15, 0), 180);
    assert_int_equal(PIC_GRID_CELLS, 228);
    struct pic_grid grid = {0};
    grid.count[8] = 1;
    grid.count[127] = 3;
    grid.count[192] = 12;
    struct pic_buf out;
    pic_buf_init(&out, 64);
    pic_grid_put(&grid, &out);
    assert_int_equal(out.len, sizeof bytes);
    assert_memory_equal(out.data, bytes, sizeof bytes);
    struct pic_grid back;
    assert_int_equal(pic_grid_get(pic_buf_view(&out), &back), PIC_OK);
    assert_memory_equal(&back, &grid, sizeof grid);
    pic_buf_release(&out);
}

static void only_the_canonical_bytes_are_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
    } cases[] = {
        {"\x00", 1},                 /* cut */
        {"\x00\x00", 2},             /* nobody in a cell */
        {"\xe4\x01\x01", 3},         /* cell 228 */
        {"\xe3\x01\x01\x00\x01", 5}, /* past the last cell */
        {"\x80\x00\x01", 3},         /* padded varint */
        {"\x00\xc1\x84\x3d", 4},     /* 1000001 people */
    };
    struct pic_grid grid;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(pic_grid_get(pic_span_of(cases[i].bytes, cases[i].n), &grid), PIC_EFORMAT);
    assert_int_equal(pic_grid_get(pic_span_of("\xe3\x01\x01", 3), &grid), PIC_OK);
    assert_int_equal(grid.count[PIC_GRID_CELLS - 1], 1);
}

static void bands_cover_every_age_once(void **state)
{
    (void)state;
    size_t first;
    size_t last;
    for (size_t a = 0; a < PIC_GRID_AGES_FINE; a++) {
        pic_grid_age_covers(a, &first, &last);
        assert_true(first == a && last == a);
    }
    size_t next = 0;
    for (size_t i = 0; i < PIC_GRID_COARSE; i++) { /* the short form leaves nobody out */
        pic_grid_age_covers(pic_grid_coarse[i], &first, &last);
        assert_int_equal(first, next);
        next = last + 1;
    }
    assert_int_equal(next, PIC_GRID_AGES_FINE);
    pic_grid_age_covers(15, &first, &last);
    assert_string_equal(pic_grid_ages[15], "26-45");
    assert_string_equal(pic_grid_ages[first], "26-29");
    assert_string_equal(pic_grid_ages[last], "30-45");
}

static void each_axis_adds_up_to_the_whole(void **state)
{
    (void)state;
    struct pic_grid grid = grid_of("F/26-45/oui=12 H/65+/non=3 autre/6-11/inconnu=20");
    struct pic_grid_totals totals;
    pic_grid_add_up(&grid, &totals);
    assert_int_equal(totals.all, 35);
    assert_int_equal(totals.gender[0], 12);
    assert_int_equal(totals.gender[2], 20);
    assert_int_equal(totals.age[10], 3);
    assert_int_equal(totals.residence[1], 3);
    assert_int_equal(totals.residence[2], 20);
}

static void totals_that_differ_are_both_named(void **state)
{
    (void)state;
    struct pic_grid grid = grid_of("F/26-45/oui=34");
    struct pic_grid nobody = {0};
    struct pic_err err = {0};
    struct pic_grid_announced none = {-1, -1, -1};
    struct pic_grid_announced same = {34, 34, 34};
    struct pic_grid_announced other = {.by_gender = 35, .by_age = 34, .by_residence = -1};
    struct pic_grid_announced homes = {.by_gender = -1, .by_age = -1, .by_residence = 30};
    assert_int_equal(pic_grid_agree(&grid, &none, &err), PIC_OK);
    assert_int_equal(pic_grid_agree(&grid, &same, &err), PIC_OK);
    assert_int_equal(pic_grid_agree(&nobody, &same, &err), PIC_OK);
    assert_int_equal(pic_grid_agree(&nobody, &other, &err), PIC_EGRID_TOTALS);
    assert_string_equal(err.arg[0], "par âge (34)");
    assert_string_equal(err.arg[1], "par sexe (35)");
    assert_int_equal(pic_grid_agree(&grid, &homes, &err), PIC_EGRID_TOTALS);
    assert_string_equal(err.arg[1], "de la grille (34)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_read_in_any_order_and_written_in_one),
        cmocka_unit_test(a_cell_that_cannot_be_read_is_named),
        cmocka_unit_test(indices_never_move),
        cmocka_unit_test(only_the_canonical_bytes_are_accepted),
        cmocka_unit_test(bands_cover_every_age_once),
        cmocka_unit_test(each_axis_adds_up_to_the_whole),
        cmocka_unit_test(totals_that_differ_are_both_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
