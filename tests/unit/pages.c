/* Pages without a browser: what is escaped, what a form may carry, who may speak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "schema/face/form.h"
#include "schema/face/guard.h"
#include "schema/face/posted.h"

enum { OUT_MAX = 1 << 16 };

static void page_escapes_text_and_attributes(void **state)
{
    struct pic_buf out;
    struct pic_page page;
    (void)state;
    pic_buf_init(&out, OUT_MAX);
    pic_page_init(&page, &out);
    pic_page_open(&page, "p", "title", "\"><script>'", "hidden", NULL, NULL);
    pic_page_text(&page, "<b>&\"'");
    pic_page_close(&page);
    assert_int_equal(pic_page_status(&page), PIC_OK);
    assert_string_equal(pic_buf_string(&out), "<p title=\"&quot;&gt;&lt;script&gt;&#39;\">"
                                              "&lt;b&gt;&amp;&quot;&#39;</p>");
    pic_page_close(&page);
    assert_int_equal(pic_page_status(&page), PIC_ELIMIT);
    pic_buf_release(&out);
}

static void every_field_of_the_dictionary_has_its_place_on_a_form(void **state)
{
    struct pic_buf out;
    struct pic_page page;
    struct pic_form form = {.page = &page};
    char name[128];
    (void)state;
    pic_buf_init(&out, 1 << 20);
    for (size_t e = 0; e < pic_dictionary_count(); e++) {
        const struct pic_entity *entity = pic_dictionary_at(e);
        for (size_t i = 0; i < entity->field_n; i++) {
            const struct pic_field *field = &entity->fields[i];
            pic_buf_clear(&out);
            pic_page_init(&page, &out);
            pic_form_field(&form, field, "<&", true, "une <erreur>");
            assert_int_equal(pic_page_status(&page), PIC_OK);
            (void)snprintf(name, sizeof name, "name=\"%s\"", field->option);
            assert_non_null(strstr(pic_buf_string(&out), name));
            (void)snprintf(name, sizeof name, "id=\"erreur-%s\">une &lt;erreur&gt;", field->option);
            assert_non_null(strstr(pic_buf_string(&out), name));
            (void)snprintf(name, sizeof name, "aria-describedby=\"erreur-%s", field->option);
            assert_non_null(strstr(pic_buf_string(&out), name));
            assert_null(strstr(pic_buf_string(&out), "<&"));
        }
    }
    pic_buf_release(&out);
}

static void a_query_is_decoded_once(void **state)
{
    struct pic_posted posted;
    (void)state;
    pic_posted_init(&posted);
    assert_int_equal(pic_posted_read(&posted, pic_span_text("a=1+2&b=%C3%A9%2526&&c")), PIC_OK);
    assert_string_equal(pic_posted_text(&posted, "a"), "1 2");
    assert_string_equal(pic_posted_text(&posted, "b"), "é%26");
    assert_string_equal(pic_posted_text(&posted, "c"), "");
    assert_null(pic_posted_text(&posted, "d"));
    static const char *const bad[] = {"a=%", "a=%4", "a=%zz", "a=%00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(pic_posted_read(&posted, pic_span_text(bad[i])), PIC_EFORMAT);
    pic_posted_release(&posted);
}

/* The same form, cut at every byte, gives the same texts and the same file. */
static void parts_do_not_depend_on_where_they_are_cut(void **state)
{
    static const char body[] =
        "--lim\r\nContent-Disposition: form-data; name=\"titre\"\r\n\r\nJardin\r\n--li\r\n"
        "--lim\r\nContent-Disposition: form-data; name=\"recu\"; filename=\"../../a b.jpg\"\r\n"
        "Content-Type: image/jpeg\r\n\r\n\x01\r\n--li-not\x00\x02\r\n"
        "--lim\r\nContent-Disposition: form-data; name=\"vide\"; filename=\"\"\r\n\r\n\r\n"
        "--lim--\r\n";
    (void)state;
    for (size_t cut = 0; cut < sizeof body; cut++) {
        struct pic_posted posted;
        struct pic_multipart m;
        pic_posted_init(&posted);
        assert_int_equal(
            pic_multipart_init(&m, &posted, "multipart/form-data; boundary=lim", "/tmp"), PIC_OK);
        int status = pic_multipart_feed(&m, pic_span_of(body, cut));
        if (status == PIC_OK)
            status = pic_multipart_feed(&m, pic_span_of(body + cut, sizeof body - 1 - cut));
        assert_int_equal(status, PIC_OK);
        assert_int_equal(pic_multipart_end(&m), PIC_OK);
        assert_null(pic_posted_file(&posted, "vide"));
        assert_string_equal(pic_posted_text(&posted, "titre"), "Jardin\r\n--li");
        const struct pic_posted_file *file = pic_posted_file(&posted, "recu");
        assert_non_null(file);
        assert_non_null(strstr(file->path, "/a b.jpg"));
        assert_null(strstr(file->path, ".."));
        assert_int_equal(file->size, 13);
        char path[PIC_POSTED_PATH_MAX];
        memcpy(path, file->path, sizeof path);
        pic_multipart_release(&m);
        pic_posted_release(&posted);
        assert_int_not_equal(access(path, F_OK), 0);
    }
}

static void only_our_own_browser_may_speak(void **state)
{
    struct pic_guard guard;
    struct pic_buf cookie;
    uint8_t key[PIC_KEY_SIZE] = {7};
    char word[PIC_GUARD_WORD + 1];
    (void)state;
    pic_guard_init(&guard, key, 4000, pic_random_system());
    assert_true(pic_guard_host_is(&guard, "127.0.0.1:4000"));
    static const char *const hosts[] = {
        NULL, "", "127.0.0.1", "localhost:4000", "evil.example:4000", "127.0.0.1:40000"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        assert_false(pic_guard_host_is(&guard, hosts[i]));
    assert_true(pic_guard_origin_is(&guard, "http://127.0.0.1:4000"));
    static const char *const origins[] = {NULL, "null", "http://127.0.0.1:4001",
                                          "https://127.0.0.1:4000", "http://evil.example"};
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++)
        assert_false(pic_guard_origin_is(&guard, origins[i]));
    memcpy(word, guard.entry, sizeof word);
    assert_false(pic_guard_enter(&guard, ""));
    assert_true(pic_guard_enter(&guard, word));
    assert_false(pic_guard_enter(&guard, word));
    assert_false(pic_guard_enter(&guard, ""));
    pic_buf_init(&cookie, OUT_MAX);
    pic_guard_cookie(&guard, &cookie);
    assert_non_null(strstr(pic_buf_string(&cookie), "; HttpOnly; SameSite=Strict"));
    assert_true(pic_guard_session_is(&guard, pic_buf_string(&cookie)));
    assert_false(pic_guard_session_is(&guard, NULL));
    assert_false(pic_guard_session_is(&guard, "pic_4000="));
    assert_false(pic_guard_token_is(&guard, guard.session));
    assert_true(pic_guard_token_is(&guard, guard.token));
    pic_buf_release(&cookie);
}

static void a_page_left_open_over_a_restart_goes_on(void **state)
{
    struct pic_guard before;
    struct pic_guard after;
    uint8_t key[PIC_KEY_SIZE] = {9};
    (void)state;
    pic_guard_init(&before, key, 4000, pic_random_system());
    pic_guard_init(&after, key, 4000, pic_random_system());
    assert_true(pic_guard_token_is(&after, before.token));
    assert_string_equal(after.session, before.session);
    assert_string_not_equal(after.entry, before.entry);
    key[0]++;
    pic_guard_init(&after, key, 4000, pic_random_system());
    assert_false(pic_guard_token_is(&after, before.token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_escapes_text_and_attributes),
        cmocka_unit_test(every_field_of_the_dictionary_has_its_place_on_a_form),
        cmocka_unit_test(a_query_is_decoded_once),
        cmocka_unit_test(parts_do_not_depend_on_where_they_are_cut),
        cmocka_unit_test(only_our_own_browser_may_speak),
        cmocka_unit_test(a_page_left_open_over_a_restart_goes_on),
    };
    return pic_crypto_start() == PIC_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
