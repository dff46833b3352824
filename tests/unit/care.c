#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/backup/manifest.h"
#include "server/backup/retention.h"
#include "server/backup/routine.h"

enum { DAYS = 800 };

static const int64_t day_ms = INT64_C(86400000);

static void a_policy_is_days_weeks_and_months(void **state)
{
    (void)state;
    static const char *const bad[] = {"",       "7",     "j",     "7x",    "4s", "0j",
                                      "7j  4s", "7j,4s", "7j 7j", "1000j", "-1j"};
    struct pic_retention r;
    assert_int_equal(pic_retention_read("7j 4s 12m", &r), PIC_OK);
    assert_true(r.days == 7 && r.weeks == 4 && r.months == 12);
    assert_int_equal(pic_retention_read("1j", &r), PIC_OK);
    assert_true(r.days == 1 && r.weeks == 0 && r.months == 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(pic_retention_read(bad[i], &r), PIC_EFORMAT);
}

/* Living day by day, as the service does, keeps as many as choosing once would. */
static void a_year_of_rotations_keeps_what_the_policy_says(void **state)
{
    (void)state;
    const struct pic_retention policy = {.days = 7, .weeks = 4, .months = 12};
    int64_t held[DAYS];
    bool keep[DAYS];
    size_t n = 0;
    for (int64_t day = 1; day <= DAYS; day++) {
        memmove(held + 1, held, n * sizeof *held);
        held[0] = day * day_ms + 9000000;
        n++;
        pic_retention_choose(&policy, held, n, keep);
        assert_true(keep[0]);
        size_t kept = 0;
        for (size_t i = 0; i < n; i++)
            if (keep[i])
                held[kept++] = held[i];
        n = kept;
        for (size_t i = 0; i < n && i < 7; i++)
            assert_true(held[i] == (day - (int64_t)i) * day_ms + 9000000);
    }
    assert_in_range(n, 7 + 2, 7 + 4 + 12);
    /* the oldest is of the last day of the month that began 11 months before this one */
    assert_in_range((held[0] - held[n - 1]) / day_ms, 304, 335);
}

static void the_routine_is_due_once_a_day(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "Europe/Paris", 1), 0);
    tzset();
    struct tm at = {
        .tm_year = 126, .tm_mon = 10, .tm_mday = 24, .tm_hour = 2, .tm_min = 30, .tm_isdst = -1};
    const int64_t due = (int64_t)mktime(&at) * 1000;
    const unsigned minutes = 150;
    assert_true(pic_routine_is_due(0, due, minutes));
    assert_true(pic_routine_is_due(due - 1, due, minutes));
    assert_false(pic_routine_is_due(due, due + 1, minutes));
    assert_false(pic_routine_is_due(due, due + day_ms - 1, minutes));
    assert_true(pic_routine_is_due(due, due + day_ms, minutes));
    assert_true(pic_routine_is_due(due - day_ms - 1, due - 1, minutes)); /* it slept through one */
    assert_false(pic_routine_is_due(due - day_ms, due - 1, minutes));
}

static void a_manifest_names_nothing_outside(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "/etc/passwd", "..", "../x", "a/../b", "a//b", "a/", "."};
    struct pic_signer signer;
    pic_signer_new(&signer, pic_random_system());
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        const bool good = i == sizeof bad / sizeof *bad;
        struct pic_manifest m = {.kind = PIC_MANIFEST_DATA, .count = 1};
        struct pic_manifest_file file = {.size = 5};
        struct pic_buf files;
        struct pic_buf out;
        bool done = false;
        pic_buf_init(&files, 1024);
        pic_buf_init(&out, 1024);
        (void)snprintf(file.name, sizeof file.name, "%s", good ? "documents/ab/c..d" : bad[i]);
        pic_manifest_add(&files, &file);
        pic_manifest_seal(&m, pic_buf_view(&files), &signer, &out);
        assert_int_equal(pic_manifest_open(pic_buf_view(&out), &m), PIC_OK);
        assert_int_equal(pic_manifest_next(&m, &file, &done), good ? PIC_OK : PIC_EFORMAT);
        for (size_t at = 0; good && at < out.len; at++) {
            out.data[at] ^= 1;
            assert_int_not_equal(pic_manifest_open(pic_buf_view(&out), &m), PIC_OK);
            out.data[at] ^= 1;
        }
        pic_buf_release(&files);
        pic_buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_is_days_weeks_and_months),
        cmocka_unit_test(a_year_of_rotations_keeps_what_the_policy_says),
        cmocka_unit_test(the_routine_is_due_once_a_day),
        cmocka_unit_test(a_manifest_names_nothing_outside),
    };
    return pic_crypto_start() != PIC_OK || cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
