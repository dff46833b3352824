/* message: the bytes of requests, replies and signed records: one encoding each, agreed for good.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/base/text.h"
#include "tests/lib/exchange_stage.h"
#include "tests/lib/exchange_tables.h"
#include "tests/lib/exchange_vectors.h"
#include "tests/lib/generator.h"

enum { ROUNDS = 3000, TEXT_FILE_MAX = 1 << 20 };

static void read_file(const char *path, struct pic_buf *out)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    pic_buf_init(out, TEXT_FILE_MAX);
    uint8_t *room = pic_buf_room(out, TEXT_FILE_MAX);
    assert_non_null(room);
    out->len = fread(room, 1, TEXT_FILE_MAX - 1, f);
    (void)fclose(f);
}

/* --- some message --- */

struct some {
    struct generator g;
    uint8_t pool[4096]; /* clean ASCII text */
};

static bool absent(struct some *s)
{
    return generator_below(&s->g, 3) == 0;
}

static void some_bytes(struct some *s, uint8_t *p, size_t n)
{
    memset(p, 0, n);
    for (size_t i = 0; i < n && !absent(s); i++)
        p[i] = (uint8_t)generator_next(&s->g);
}

static uint64_t some_number(struct some *s, uint64_t max)
{
    uint64_t v = generator_next(&s->g) >> generator_below(&s->g, 64);
    return absent(s) ? 0 : v <= max ? v : max;
}

static int64_t some_integer(struct some *s, int64_t max)
{
    int64_t v = (int64_t)some_number(s, (uint64_t)max);
    return generator_below(&s->g, 2) == 0 ? v : -v;
}

static struct pic_span some_span(struct some *s, size_t max)
{
    size_t n = generator_below(&s->g, (uint32_t)(max < sizeof s->pool ? max : sizeof s->pool) + 1);
    return absent(s) ? (struct pic_span){0} : pic_span_of(s->pool, n);
}

static struct pic_span some_hashes(struct some *s, size_t max)
{
    size_t n = generator_below(&s->g, (uint32_t)max + 1);
    return pic_span_of(s->pool, n * PIC_HASH_SIZE);
}

static struct pic_feed some_feed(void)
{
    static const uint8_t items[] = {1, 2, 'a', 'b', 0x80, 1, 1, 'c'};
    return (struct pic_feed){2, {items, sizeof items}, 129};
}

#define REQUEST(symbol, name, type, doc)                                                           \
    static void some_##name##_request(struct some *s, struct pic_##name##_request *m)              \
    {
#define REPLY(symbol, name, type, doc)                                                             \
    static void some_##name##_reply(struct some *s, struct pic_##name##_reply *m)                  \
    {
#define END(name)               }
#define BYTES(name, size, doc)  some_bytes(s, m->name, size);
#define NUMBER(name, max, doc)  m->name = some_number(s, max);
#define INTEGER(name, max, doc) m->name = some_integer(s, max);
#define TEXT(name, max, doc)    m->name = some_span(s, max);
#define SPAN(name, max, doc)    m->name = some_span(s, max);
#define HASHES(name, max, doc)  m->name = some_hashes(s, max);
#define FEED(name, max, doc)                                                                       \
    m->name = generator_below(&s->g, 2) == 0 ? some_feed() : (struct pic_feed){0};
#include "protocol/exchange/message.def"

static void some_request(struct some *s, enum pic_request_type type, struct pic_request *m)
{
    *m = (struct pic_request){.type = type};
    switch (type) {
#define REQUEST(symbol, name, number, doc)                                                         \
    case PIC_REQUEST_##symbol:                                                                     \
        some_##name##_request(s, &m->name);                                                        \
        break;
#include "protocol/exchange/message.def"
    }
}

static void some_reply(struct some *s, enum pic_request_type type, struct pic_reply *m)
{
    *m = (struct pic_reply){.type = type};
    m->status = (enum pic_reply_status)generator_below(&s->g, PIC_REPLY_STATUS_COUNT);
    m->time_ms = (int64_t)some_number(s, INT64_MAX);
    switch (type) {
#define REPLY(symbol, name, number, doc)                                                           \
    case PIC_REQUEST_##symbol:                                                                     \
        some_##name##_reply(s, &m->name);                                                          \
        break;
#include "protocol/exchange/message.def"
    }
}

/* --- field by field --- */

#define BYTES(name, size, doc)  assert_memory_equal(a->name, b->name, size);
#define NUMBER(name, max, doc)  assert_true(a->name == b->name);
#define INTEGER(name, max, doc) assert_true(a->name == b->name);
#define TEXT(name, max, doc)    assert_true(pic_span_equal(a->name, b->name));
#define SPAN(name, max, doc)    assert_true(pic_span_equal(a->name, b->name));
#define HASHES(name, max, doc)  assert_true(pic_span_equal(a->name, b->name));
#define FEED(name, max, doc)                                                                       \
    assert_true(a->name.n == b->name.n && a->name.distance == b->name.distance);                   \
    assert_true(pic_span_equal(a->name.items, b->name.items));
#define REQUEST(symbol, name, type, doc)                                                           \
    static void same_##name##_request(const struct pic_##name##_request *a,                        \
                                      const struct pic_##name##_request *b)                        \
    {
#define REPLY(symbol, name, type, doc)                                                             \
    static void same_##name##_reply(const struct pic_##name##_reply *a,                            \
                                    const struct pic_##name##_reply *b)                            \
    {
#define END(name) }
#include "protocol/exchange/message.def"

static void same_request(const struct pic_request *a, const struct pic_request *b)
{
    assert_int_equal(a->type, b->type);
    switch (a->type) {
#define REQUEST(symbol, name, type, doc)                                                           \
    case PIC_REQUEST_##symbol:                                                                     \
        same_##name##_request(&a->name, &b->name);                                                 \
        break;
#include "protocol/exchange/message.def"
    }
}

static void same_reply(const struct pic_reply *a, const struct pic_reply *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->status, b->status);
    assert_true(a->time_ms == b->time_ms);
    switch (a->type) {
#define REPLY(symbol, name, type, doc)                                                             \
    case PIC_REQUEST_##symbol:                                                                     \
        same_##name##_reply(&a->name, &b->name);                                                   \
        break;
#include "protocol/exchange/message.def"
    }
}

static const enum pic_request_type types[] = {PIC_REQUEST_ENROL, PIC_REQUEST_SYNC, PIC_REQUEST_PUT,
                                              PIC_REQUEST_GET, PIC_REQUEST_GIVE};
enum { TYPES = sizeof types / sizeof *types };

static void decode_of_encode_is_the_message(void **state)
{
    (void)state;
    struct some s = {.g = generator_from(20261123)};
    struct pic_buf bytes, again;
    memset(s.pool, 'p', sizeof s.pool);
    pic_buf_init(&bytes, PIC_REPLY_MAX);
    pic_buf_init(&again, PIC_REPLY_MAX);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct pic_request request, request_back;
        struct pic_reply reply, reply_back;
        some_request(&s, types[i % TYPES], &request);
        pic_buf_clear(&bytes);
        pic_request_put(&request, &bytes);
        assert_int_equal(pic_buf_status(&bytes), PIC_OK);
        assert_int_equal(pic_request_get(pic_buf_view(&bytes), &request_back), PIC_OK);
        same_request(&request, &request_back);
        some_reply(&s, types[i % TYPES], &reply);
        pic_buf_clear(&again);
        pic_reply_put(&reply, &again);
        assert_int_equal(pic_buf_status(&again), PIC_OK);
        assert_int_equal(pic_reply_get(pic_buf_view(&again), types[i % TYPES], &reply_back),
                         PIC_OK);
        same_reply(&reply, &reply_back);
    }
    pic_buf_release(&bytes);
    pic_buf_release(&again);
}

static void a_message_has_one_encoding(void **state)
{
    (void)state;
    static const struct {
        const char *why, *bytes;
        size_t n;
        int status;
    } cases[] = {
        {"an empty sync", "\x02\x01\x00", 3, PIC_OK},
        {"a cursor", "\x02\x01\x01\x05", 4, PIC_OK},
        {"a cursor that is there and zero", "\x02\x01\x01\x00", 4, PIC_EFORMAT},
        {"a mark that is there and zero", "\x02\x01\x02\0\0\0\0\0\0\0\0", 11, PIC_EFORMAT},
        {"a cursor not in its shortest form", "\x02\x01\x01\x85\x00", 5, PIC_EFORMAT},
        {"presence not in its shortest form", "\x02\x01\x80\x00", 4, PIC_EFORMAT},
        {"a field of no list", "\x02\x01\x80\x80\x01\x05", 6, PIC_EFORMAT},
        {"a flag of no list", "\x02\x01\x08\x04", 4, PIC_EFORMAT},
        {"a zero clock", "\x02\x01\x80\x20\x00", 5, PIC_EFORMAT},
        {"a segment longer than what is left", "\x02\x01\x80\x40\x05\x01", 6, PIC_EFORMAT},
        {"an empty segment", "\x02\x01\x80\x40\x00", 5, PIC_EFORMAT},
        {"left-over bytes", "\x02\x01\x00\x00", 4, PIC_EFORMAT},
        {"a label that is no text", "\x01\x01\x08\x01\xff", 5, PIC_EFORMAT},
        {"no presence", "\x02\x01", 2, PIC_EFORMAT},
        {"nothing", "", 0, PIC_EFORMAT},
        {"another version", "\x02\x02\x00", 3, PIC_EVERSION},
        {"version zero", "\x02\x00\x00", 3, PIC_EVERSION},
        {"no such type", "\x06\x01\x00", 3, PIC_EFORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pic_request out;
        if (pic_request_get(pic_span_of(cases[i].bytes, cases[i].n), &out) != cases[i].status)
            fail_msg("%s", cases[i].why);
    }
}

static void a_reply_of_no_status_or_with_a_bad_list_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        int status;
    } cases[] = {
        {"\x00\x01\x00", 3, PIC_OK},
        {"\x12\x01\x00", 3, PIC_EFORMAT},                  /* no such status */
        {"\x00\x01\x20\x00", 4, PIC_EFORMAT},              /* no hash */
        {"\x00\x01\x20\x21", 4, PIC_EFORMAT},              /* too many */
        {"\x00\x01\x80\x01\x00", 5, PIC_EFORMAT},          /* no segment */
        {"\x00\x01\x80\x01\x01\x00\x01z", 8, PIC_EFORMAT}, /* the same position again */
        {"\x00\x01\x80\x01\x01\x01\x00", 7, PIC_EFORMAT},  /* an empty segment */
        {"\x00\x01\x80\x01\x01\x01\x01z", 8, PIC_OK},
        {"\x00\x01\x80\x01\x02\x01\x01z", 8, PIC_EFORMAT}, /* one less than announced */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pic_reply out;
        assert_int_equal(
            pic_reply_get(pic_span_of(cases[i].bytes, cases[i].n), PIC_REQUEST_SYNC, &out),
            cases[i].status);
    }
}

static void what_the_list_does_not_allow_is_not_written(void **state)
{
    (void)state;
    struct pic_buf out;
    pic_buf_init(&out, PIC_REPLY_MAX);
    static const uint8_t long_label[PIC_LABEL_MAX + 1] = {'a'};
    const struct pic_request bad[] = {
        {.type = PIC_REQUEST_SYNC, .sync = {.cursor = UINT64_MAX}},
        {.type = PIC_REQUEST_SYNC, .sync = {.flags = 4}},
        {.type = PIC_REQUEST_SYNC, .sync = {.clock = INT64_MIN}},
        {.type = PIC_REQUEST_ENROL, .enrol = {.label = {long_label, sizeof long_label}}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pic_buf_clear(&out);
        pic_request_put(&bad[i], &out);
        assert_int_equal(pic_buf_status(&out), PIC_ELIMIT);
    }
    pic_buf_release(&out);
}

/* --- what was agreed --- */

static void vectors_are_as_agreed(void **state)
{
    (void)state;
    struct pic_buf agreed, now;
    read_file("tests/vectors/exchange.txt", &agreed);
    pic_buf_init(&now, TEXT_FILE_MAX);
    exchange_vectors_print(&now);
    assert_string_equal(pic_buf_string(&now), pic_buf_string(&agreed));
    pic_buf_release(&agreed);
    pic_buf_release(&now);
}

static void the_specification_holds_the_tables_and_the_vectors(void **state)
{
    (void)state;
    struct pic_buf spec, vectors, table, words;
    read_file("protocol/SPEC.md", &spec);
    read_file("tests/vectors/exchange.txt", &vectors);
    pic_buf_init(&table, TEXT_FILE_MAX);
    assert_non_null(strstr(pic_buf_string(&spec), pic_buf_string(&vectors)));
    exchange_tables_messages(&table);
    assert_non_null(strstr(pic_buf_string(&spec), pic_buf_string(&table)));
    pic_buf_clear(&table);
    exchange_tables_statuses(&table);
    assert_non_null(strstr(pic_buf_string(&spec), pic_buf_string(&table)));
    read_file("protocol/exchange/control_words.def", &words);
    const char *list = strchr(pic_buf_string(&words), '"'); /* after the comment */
    assert_non_null(list);
    assert_non_null(strstr(pic_buf_string(&spec), list));
    pic_buf_release(&words);
    pic_buf_release(&spec);
    pic_buf_release(&vectors);
    pic_buf_release(&table);
}

/* --- signed records --- */

typedef int reader(struct pic_span bytes, const struct stage *s);

static int read_receipt(struct pic_span bytes, const struct stage *s)
{
    struct pic_receipt out;
    return pic_receipt_read(bytes, s->identity.public, &out);
}

static int read_certificate(struct pic_span bytes, const struct stage *s)
{
    struct pic_certificate out;
    return pic_certificate_read(bytes, s->identity.public, &out);
}

static int read_transport(struct pic_span bytes, const struct stage *s)
{
    struct pic_transport out;
    return pic_transport_read(bytes, s->identity.public, &out);
}

static int read_invitation(struct pic_span bytes, const struct stage *s)
{
    struct pic_invitation out;
    (void)s;
    return pic_invitation_read(bytes, &out);
}

static void no_bit_of_a_signed_record_can_change(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        reader *read;
    } records[] = {{"receipt", read_receipt},
                   {"certificate", read_certificate},
                   {"transport_key", read_transport},
                   {"invitation", read_invitation}};
    struct stage s;
    struct pic_buf text, bytes;
    stage_open(&s);
    read_file("tests/vectors/exchange.txt", &text);
    pic_buf_init(&bytes, 4096);
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        pic_buf_clear(&bytes);
        assert_true(exchange_vector_find(pic_buf_string(&text), records[i].name, &bytes));
        assert_int_equal(records[i].read(pic_buf_view(&bytes), &s), PIC_OK);
        for (size_t at = 0; at < bytes.len; at++) {
            assert_int_not_equal(records[i].read(pic_span_of(bytes.data, at), &s), PIC_OK);
            for (unsigned bit = 0; bit < 8; bit++) {
                bytes.data[at] ^= (uint8_t)(1U << bit);
                assert_int_not_equal(records[i].read(pic_buf_view(&bytes), &s), PIC_OK);
                bytes.data[at] ^= (uint8_t)(1U << bit);
            }
        }
        pic_buf_u8(&bytes, 0);
        assert_int_equal(records[i].read(pic_buf_view(&bytes), &s), PIC_EFORMAT);
    }
    pic_buf_release(&text);
    pic_buf_release(&bytes);
    stage_close(&s);
}

static void an_invitation_is_read_back(void **state)
{
    (void)state;
    struct stage s;
    struct pic_buf bytes;
    struct pic_invitation back;
    stage_open(&s);
    pic_buf_init(&bytes, PIC_INVITATION_MAX);
    const struct pic_invitation m = stage_invitation(&s);
    pic_invitation_put(&m, &s.identity, &bytes);
    assert_int_equal(pic_invitation_read(pic_buf_view(&bytes), &back), PIC_OK);
    assert_true(pic_span_equal(back.server_name, m.server_name));
    assert_int_equal(back.address_n, m.address_n);
    for (unsigned i = 0; i < m.address_n; i++)
        assert_true(pic_span_equal(back.addresses[i], m.addresses[i]));
    assert_memory_equal(&back.transport, &m.transport, sizeof m.transport);
    assert_memory_equal(back.authority, m.authority, PIC_KEY_SIZE);
    assert_int_equal(back.device, m.device);
    assert_true(back.organisation == m.organisation);
    assert_true(pic_span_equal(back.organisation_name, m.organisation_name));
    assert_int_equal(back.role, m.role);
    assert_true(back.expires_ms == m.expires_ms);
    assert_string_equal(back.code.text, m.code.text);
    assert_int_equal(back.feed.n, 2);
    assert_int_equal(back.feed.distance, 7);
    pic_buf_release(&bytes);
    stage_close(&s);
}

static void codes_are_read_as_people_type_them(void **state)
{
    (void)state;
    static const char *const good[] = {"PIC-7KQ2M-4XDTR-9WNPA", "pic7kq2m4xdtr9wnpa",
                                       " 7kq2m 4xdtr 9wnpa ", "P1C-7KQ2M-4XDTR-9WNPA"};
    static const char *const bad[] = {"",
                                      "PIC",
                                      "7KQ2M-4XDTR-9WNP",
                                      "7KQ2M-4XDTR-9WNPAA",
                                      "PIC-7KQ2M-4XDTR-9WNPAA",
                                      "7KQ2M-4XDTR-9WNPU",
                                      "7KQ2M-4XDTR-9WNPÉ",
                                      "ABC-7KQ2M-4XDTR-9WNPA"};
    struct pic_code code;
    char shown[PIC_CODE_SHOWN_SIZE];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(pic_code_parse(good[i], &code), PIC_OK);
        pic_code_show(&code, shown);
        assert_string_equal(shown, "PIC-7KQ2M-4XDTR-9WNPA");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(pic_code_parse(bad[i], &code), PIC_EFORMAT);
    assert_int_equal(pic_code_parse("OOOOO-IIIII-LLLLL", &code), PIC_OK);
    assert_string_equal(code.text, "000001111111111");
    struct pic_random_stream stream;
    const struct pic_random random = pic_random_seeded(&stream, 7);
    for (unsigned i = 0; i < 100; i++) {
        struct pic_code fresh, back;
        pic_code_new(&random, &fresh);
        pic_code_show(&fresh, shown);
        assert_int_equal(pic_code_parse(shown, &back), PIC_OK);
        assert_string_equal(back.text, fresh.text);
    }
}

/* Letters to change, add or drop to turn a into b. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 32 };
    size_t row[LONGEST];
    const size_t n = strlen(b);
    assert_true(n + 1 < LONGEST);
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t change = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            size_t one = (row[j] < diagonal ? row[j] : diagonal) + 1;
            row[j + 1] = change < one ? change : one;
        }
    }
    return row[n];
}

static void control_words_are_not_taken_for_one_another(void **state)
{
    (void)state;
    static const char *const words[] = {
#include "protocol/exchange/control_words.def"
    };
    enum { WORDS = sizeof words / sizeof *words, FOLDED_MAX = 32 };
    static char folded[WORDS][FOLDED_MAX];
    assert_int_equal(WORDS, 256);
    for (size_t i = 0; i < WORDS; i++) {
        struct pic_buf b;
        pic_buf_init(&b, FOLDED_MAX - 1);
        assert_true(pic_text_is_clean(pic_span_text(words[i])));
        assert_int_equal(pic_text_fold(pic_span_text(words[i]), &b), PIC_OK);
        (void)snprintf(folded[i], FOLDED_MAX, "%s", pic_buf_string(&b));
        pic_buf_release(&b);
        for (size_t j = 0; j < i; j++)
            if (distance(folded[i], folded[j]) < 3)
                fail_msg("%s and %s", words[i], words[j]);
    }
}

static void control_words_depend_on_key_and_code(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s);
    const char *words[PIC_CONTROL_WORDS], *other[PIC_CONTROL_WORDS];
    struct pic_code code = s.store.code;
    pic_control_words(s.identity.public, &code, words);
    print_message("control words: %s %s %s %s\n", words[0], words[1], words[2], words[3]);
    pic_control_words(s.signer.public, &code, other);
    assert_true(words[0] != other[0] || words[1] != other[1] || words[2] != other[2]);
    code.text[0] = 'A';
    pic_control_words(s.identity.public, &code, other);
    assert_true(words[0] != other[0] || words[1] != other[1] || words[2] != other[2]);
    stage_close(&s);
}

static void statuses_go_both_ways(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PIC_REPLY_STATUS_COUNT; i++) {
        const enum pic_reply_status status = (enum pic_reply_status)i;
        assert_int_equal(pic_reply_for(pic_reply_status_of(status)), status);
        assert_string_not_equal(pic_reply_name(i), "?");
    }
    assert_string_equal(pic_reply_name(PIC_REPLY_STATUS_COUNT), "?");
    assert_int_equal(pic_reply_for(PIC_EDISK_FULL), PIC_REPLY_BUSY);
    assert_int_equal(pic_reply_for(PIC_EMEMORY), PIC_REPLY_BUSY);
    assert_int_equal(pic_reply_for(PIC_EVERSION), PIC_REPLY_UPGRADE_REQUIRED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode_of_encode_is_the_message),
        cmocka_unit_test(a_message_has_one_encoding),
        cmocka_unit_test(a_reply_of_no_status_or_with_a_bad_list_is_refused),
        cmocka_unit_test(what_the_list_does_not_allow_is_not_written),
        cmocka_unit_test(vectors_are_as_agreed),
        cmocka_unit_test(the_specification_holds_the_tables_and_the_vectors),
        cmocka_unit_test(no_bit_of_a_signed_record_can_change),
        cmocka_unit_test(an_invitation_is_read_back),
        cmocka_unit_test(codes_are_read_as_people_type_them),
        cmocka_unit_test(control_words_are_not_taken_for_one_another),
        cmocka_unit_test(control_words_depend_on_key_and_code),
        cmocka_unit_test(statuses_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
