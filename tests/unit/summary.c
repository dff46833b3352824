/* summary: periods as they are typed; the files of a known history, byte for byte; parts to the
 * cent; what must never be told; periods that add up to the ladder; a signed container. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema/dictionary/number.h"
#include "schema/state/ladder.h"
#include "tests/lib/summary_scene.h"
#include "tests/lib/world.h"

static void periods_are_whole_months(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *from, *to, *name, *before;
    } good[] = {
        {"2026", "01/01/2026", "31/12/2026", "année 2026", "année 2025"},
        {"2026T1", "01/01/2026", "31/03/2026", "1er trimestre 2026", "4e trimestre 2025"},
        {"2024-02", "01/02/2024", "29/02/2024", "février 2024", "janvier 2024"},
        {"2026-01..2026-06", "01/01/2026", "30/06/2026", "janvier à juin 2026",
         "juillet à décembre 2025"},
        {"2025-12..2026-01", "01/12/2025", "31/01/2026", "décembre 2025 à janvier 2026",
         "octobre à novembre 2025"},
    };
    static const char *const bad[] = {"",        "26",      "2026T5",          "2026T0",
                                      "2026-13", "2026-00", "2026T1 ",         "2026-06..2026-05",
                                      "2026-1.", "1800",    "2001-01..2026-01"};
    struct pic_period p;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct pic_buf text;
        pic_buf_init(&text, 256);
        assert_int_equal(pic_period_parse(good[i].typed, &p, NULL), PIC_OK);
        pic_date_format(p.from_on, PIC_STYLE_SCREEN, &text);
        assert_string_equal(pic_buf_string(&text), good[i].from);
        pic_buf_clear(&text);
        pic_date_format(p.to_on, PIC_STYLE_SCREEN, &text);
        assert_string_equal(pic_buf_string(&text), good[i].to);
        pic_buf_clear(&text);
        pic_period_name(&p, &text);
        assert_string_equal(pic_buf_string(&text), good[i].name);
        pic_buf_clear(&text);
        const struct pic_period before = pic_period_previous(&p);
        pic_period_name(&before, &text);
        assert_string_equal(pic_buf_string(&text), good[i].before);
        pic_buf_release(&text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(pic_period_parse(bad[i], &p, NULL), PIC_EPERIOD);
}

static void compute(const struct summary_scene *scene, struct pic_summary *out)
{
    struct pic_summary_ask ask;
    struct pic_err err = {0};
    struct pic_db db = scene->s.db;
    summary_scene_ask(scene, &ask);
    if (pic_summary_compute(&db, &ask, out, &err) != PIC_OK)
        fail_msg("%s", err.arg[0]);
}

static void parts_are_exact_to_the_cent(void **state)
{
    (void)state;
    struct summary_scene scene;
    struct pic_summary s;
    summary_scene_open(&scene);
    compute(&scene, &s);
    assert_int_equal(s.figures[PIC_FIGURE_ENVELOPE][0], 300000);
    /* 333,33 at 70/30 is 233,33 + 100,00; 900,01 is 630,01 + 270,00; 100,00 is 70 + 30. */
    assert_int_equal(s.figures[PIC_FIGURE_GRANTED][0], 10000 + 3000);
    assert_int_equal(s.figures[PIC_FIGURE_GRANTED][1], 27000);
    assert_int_equal(s.figures[PIC_FIGURE_PAID][0], 8000 + (27000 - 21600));
    assert_int_equal(s.figures[PIC_FIGURE_PAID][1], 21600);
    /* 150,00 of one; 900,01 of the other, whose 1 000,00 are above what was granted. */
    assert_int_equal(s.figures[PIC_FIGURE_JUSTIFIED][0], 4500 + 27000);
    assert_int_equal(s.figures[PIC_FIGURE_JUSTIFIED][1], 0);
    assert_int_equal(s.figures[PIC_FIGURE_REMAINING][0], 300000 - 27000 - 13000);
    assert_int_equal(s.figures[PIC_FIGURE_REMAINING][1], 300000 - 27000);
    assert_int_equal(s.people, 12);
    assert_int_equal(s.late.row_n, 2);
    pic_summary_release(&s);
    summary_scene_close(&scene);
}

static void read_golden(struct pic_span name, struct pic_buf *out)
{
    char path[256];
    uint8_t block[4096];
    size_t n;
    summary_scene_path(name, path, sizeof path);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s is missing", path);
    while ((n = fread(block, 1, sizeof block, file)) > 0)
        pic_buf_bytes(out, block, n);
    (void)fclose(file);
}

static bool holds(struct pic_span text, const char *word)
{
    return memmem(text.p, text.n, word, strlen(word)) != NULL;
}

static void files_are_as_the_golden_ones(void **state)
{
    (void)state;
    static struct pic_summary_pages pages;
    struct summary_scene scene;
    struct pic_summary s;
    summary_scene_open(&scene);
    compute(&scene, &s);
    assert_int_equal(pic_summary_write(&s, &pages), PIC_OK);
    assert_int_equal(pages.container.file_n, 8);
    for (size_t i = 0; i < pages.container.file_n; i++) {
        const struct pic_container_file *file = &pages.container.files[i];
        struct pic_buf golden;
        pic_buf_init(&golden, PIC_CONTAINER_MAX);
        read_golden(file->name, &golden);
        if (!pic_span_equal(file->content, pic_buf_view(&golden)))
            fail_msg("%.*s is not as the golden file", (int)file->name.n,
                     (const char *)file->name.p);
        assert_false(holds(file->content, "Untel"));   /* a collective is never named */
        assert_false(holds(file->content, "http://")); /* nothing is fetched */
        assert_false(holds(file->content, "https://"));
        pic_buf_release(&golden);
    }
    struct pic_span page = pic_container_find(&pages.container, "synthese.html")->content;
    assert_true(holds(page, "&quot;partagé&quot; &amp; compost &lt;bio&gt;"));
    pic_summary_pages_release(&pages);
    pic_summary_release(&s);
    summary_scene_close(&scene);
}

static void few_people_are_not_counted_aloud(void **state)
{
    (void)state;
    static struct pic_summary_pages pages;
    struct summary_scene scene;
    struct pic_summary s;
    summary_scene_open(&scene);
    compute(&scene, &s);
    s.people = PIC_SUMMARY_PEOPLE_MIN - 1;
    assert_int_equal(pic_summary_write(&s, &pages), PIC_OK);
    struct pic_span page = pic_container_find(&pages.container, "synthese.html")->content;
    assert_true(holds(page, "Moins de 11 personnes"));
    assert_false(holds(page, "10 personnes"));
    pic_summary_pages_release(&pages);
    pic_summary_release(&s);
    summary_scene_close(&scene);
}

static void the_container_tells_every_change(void **state)
{
    (void)state;
    struct pic_random_stream stream;
    const struct pic_random random = pic_random_seeded(&stream, 5);
    struct pic_signer signer;
    struct pic_signer other;
    struct pic_buf bytes;
    struct pic_container c = {.file_n = 2};
    struct pic_container read;
    pic_signer_new(&signer, &random);
    pic_signer_new(&other, &random);
    pic_buf_init(&bytes, PIC_CONTAINER_MAX);
    c.files[0] =
        (struct pic_container_file){pic_span_text("lisez-moi.txt"), pic_span_text("bonjour")};
    c.files[1] = (struct pic_container_file){pic_span_text("tableur/a.csv"), pic_span_text("1;2")};
    assert_int_equal(pic_container_put(&c, &signer, &bytes), PIC_OK);
    assert_int_equal(pic_container_get(pic_buf_view(&bytes), signer.public, &read), PIC_OK);
    assert_true(
        pic_span_equal(pic_container_find(&read, "tableur/a.csv")->content, pic_span_text("1;2")));
    assert_null(pic_container_find(&read, "tableur"));
    assert_int_equal(pic_container_get(pic_buf_view(&bytes), other.public, &read), PIC_ESIGNATURE);
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.data[i] ^= 1;
        assert_int_not_equal(pic_container_get(pic_buf_view(&bytes), signer.public, &read), PIC_OK);
        bytes.data[i] ^= 1;
        assert_int_not_equal(pic_container_get(pic_span_of(bytes.data, i), signer.public, &read),
                             PIC_OK);
    }
    pic_buf_clear(&bytes);
    static const char *const bad[] = {"../a", "/a", "a/", "a//b", ".a", "A", "a b", ""};
    c.file_n = 1;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        c.files[0].name = pic_span_text(bad[i]);
        assert_int_equal(pic_container_put(&c, &signer, &bytes), PIC_EFORMAT);
    }
    pic_buf_release(&bytes);
}

/* Whatever the cuts: each funder's periods add up to its row of the ladder. */
static void periods_add_up_to_the_ladder(void **state)
{
    (void)state;
    static const char *const cuts[] = {"2021-01..2026-02", "2026-03", "2026T2", "2026-07..2030-12"};
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct world w;
        struct history_state s;
        world_make(&w, seed, 300);
        history_state_open(&s);
        history_fold(w.h, NULL, s.state);
        assert_int_equal(pic_state_flush(s.state), PIC_OK);
        for (size_t f = 0; f < WORLD_FUNDERS; f++) {
            struct pic_ladder_ask whole = pic_ladder_ask_all(PIC_BY_NOTHING);
            int64_t ladder[PIC_LADDER_MEASURES];
            int64_t sums[PIC_FIGURES] = {0};
            struct pic_err err = {0};
            whole.funder = (int64_t)w.funders[f];
            assert_int_equal(pic_ladder_total(&s.db, &whole, ladder, &err), PIC_OK);
            for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
                struct pic_summary_ask ask = {.addressee = w.funders[f]};
                struct pic_summary summary;
                assert_int_equal(pic_period_parse(cuts[i], &ask.period, NULL), PIC_OK);
                assert_int_equal(pic_summary_compute(&s.db, &ask, &summary, &err), PIC_OK);
                for (int k = 0; k < PIC_FIGURES; k++)
                    sums[k] += summary.figures[k][0];
                pic_summary_release(&summary);
            }
            assert_int_equal(sums[PIC_FIGURE_GRANTED], ladder[PIC_LADDER_GRANTED]);
            assert_int_equal(sums[PIC_FIGURE_PAID], ladder[PIC_LADDER_PAID]);
            assert_int_equal(sums[PIC_FIGURE_JUSTIFIED], ladder[PIC_LADDER_JUSTIFIED]);
        }
        history_state_close(&s);
        world_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(periods_are_whole_months),
        cmocka_unit_test(parts_are_exact_to_the_cent),
        cmocka_unit_test(files_are_as_the_golden_ones),
        cmocka_unit_test(few_people_are_not_counted_aloud),
        cmocka_unit_test(the_container_tells_every_change),
        cmocka_unit_test(periods_add_up_to_the_ladder),
    };
    return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
