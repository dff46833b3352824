/* segment: what is sealed is read back, whatever is sealed; whatever is read is safe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/base/clock.h"
#include "protocol/log/segment.h"
#include "tests/lib/generator.h"
#include "tests/lib/hex.h"
#include "tests/lib/segment_vector.h"

enum { CHANGES = 600, ROUNDS = 60, OPS = 12, TEXT = 200 };

/* Changes with storage of their own. */
struct history {
    struct pic_change changes[CHANGES];
    const struct pic_change *order[CHANGES];
    struct pic_op ops[CHANGES][OPS];
    uint64_t bases[CHANGES][OPS][3];
    char texts[CHANGES][OPS][TEXT];
    size_t n;
};

static const uint8_t nothing[PIC_HASH_SIZE];

static struct pic_value some_value(struct generator *g, char *text)
{
    struct pic_value v = {.kind = (enum pic_kind)generator_below(g, PIC_KIND_COUNT)};
    static const char *const codes[] = {"O24-1", "O24-2", "association", "collectif", ""};
    switch (v.kind) {
    case PIC_KIND_INT:
        v.i = generator_below(g, 4) == 0 ? (int64_t)generator_next(g)
                                         : (int64_t)generator_below(g, 2000) - 100;
        break;
    case PIC_KIND_REF:
        v.i = (int64_t)pic_dot(1 + generator_below(g, 50), 1 + generator_below(g, 100000));
        break;
    case PIC_KIND_TEXT:
        if (generator_below(g, 2) == 0) {
            v.s = pic_span_text(codes[generator_below(g, 5)]);
            break;
        }
        /* fall through */
    case PIC_KIND_BYTES:
        v.s.n = generator_below(g, TEXT);
        v.s.p = (const uint8_t *)text;
        for (size_t i = 0; i < v.s.n; i++)
            text[i] = (char)(v.kind == PIC_KIND_TEXT ? 'a' + (char)generator_below(g, 26)
                                                     : (char)generator_below(g, 256));
        break;
    case PIC_KIND_NULL:
    case PIC_KIND_COUNT:
        break;
    }
    return v;
}

static void some_ops(struct generator *g, struct history *h, size_t i, bool creates)
{
    struct pic_change *c = &h->changes[i];
    unsigned field = 0;
    c->op_n = (uint8_t)generator_below(g, OPS);
    c->ops = h->ops[i];
    for (unsigned k = 0; k < c->op_n; k++) {
        field += 1 + generator_below(g, 3);
        struct pic_op *op = &h->ops[i][k];
        *op = (struct pic_op){.field = (uint8_t)field, .value = some_value(g, h->texts[i][k])};
        op->bases = h->bases[i][k];
        op->base_n = creates ? 0 : (uint8_t)generator_below(g, 4);
        for (unsigned b = 0; b < op->base_n; b++)
            h->bases[i][k][b] = generator_below(g, 2) == 0 ? c->id
                                                           : pic_dot(1 + generator_below(g, 9),
                                                                     1 + generator_below(g, 99));
    }
}

static void some_history(struct generator *g, struct history *h, uint32_t device, bool gaps)
{
    struct pic_clock clock = {0};
    uint64_t seq = 1 + generator_below(g, 1000);
    int64_t now = 1700000000000 + generator_below(g, 100000);
    h->n = 1 + generator_below(g, CHANGES);
    for (size_t i = 0; i < h->n; i++) {
        struct pic_change *c = &h->changes[i];
        bool creates = i == 0 || generator_below(g, 3) > 0;
        now += (int64_t)generator_below(g, 3) * generator_below(g, 50);
        *c = (struct pic_change){.dot = pic_dot(device, seq),
                                 .stamp = pic_clock_tick(&clock, now),
                                 .entity = (uint8_t)(1 + generator_below(g, 5))};
        c->id =
            creates ? c->dot : pic_dot(1 + generator_below(g, 20), 1 + generator_below(g, 5000));
        if (c->id == c->dot)
            creates = true;
        some_ops(g, h, i, creates);
        h->order[i] = c;
        seq += 1 + (gaps ? generator_below(g, 4) : 0);
    }
}

static void assert_same_change(const struct pic_change *a, const struct pic_change *b)
{
    assert_true(a->dot == b->dot && a->stamp == b->stamp && a->id == b->id);
    assert_int_equal(a->entity, b->entity);
    assert_int_equal(a->op_n, b->op_n);
    for (unsigned k = 0; k < a->op_n; k++) {
        assert_int_equal(a->ops[k].field, b->ops[k].field);
        assert_int_equal(a->ops[k].base_n, b->ops[k].base_n);
        for (unsigned i = 0; i < a->ops[k].base_n; i++)
            assert_true(a->ops[k].bases[i] == b->ops[k].bases[i]);
        assert_true(pic_value_equal(&a->ops[k].value, &b->ops[k].value));
    }
}

static bool carries(const struct pic_change *c, enum pic_kind kind)
{
    for (unsigned k = 0; k < c->op_n; k++)
        if (c->ops[k].value.kind == kind)
            return true;
    return false;
}

static void assert_kinds(const struct pic_segment_reader *reader,
                         const struct pic_change *const *expected, size_t n)
{
    for (int kind = 0; kind < PIC_KIND_COUNT; kind++) {
        bool any = false;
        for (size_t i = 0; i < n && !any; i++)
            any = carries(expected[i], (enum pic_kind)kind);
        assert_int_equal(pic_segment_reader_has(reader, (enum pic_kind)kind), any);
    }
}

static void read_back(struct pic_segment_reader *reader, const struct pic_signer *signer,
                      struct pic_span bytes, const struct pic_change *const *expected, size_t n)
{
    struct pic_segment s;
    assert_int_equal(pic_segment_read(bytes, &s), PIC_OK);
    assert_int_equal(pic_segment_verify(&s, signer->public), PIC_OK);
    assert_int_equal(s.count, n);
    assert_int_equal(s.first_seq, pic_dot_seq(expected[0]->dot));
    assert_int_equal(s.last_seq, pic_dot_seq(expected[n - 1]->dot));
    uint64_t stamp = 0;
    assert_int_equal(pic_segment_check(reader, &s, &stamp), PIC_OK);
    assert_true(stamp == expected[n - 1]->stamp);
    assert_int_equal(pic_segment_reader_open(reader, &s), PIC_OK);
    assert_kinds(reader, expected, n);
    for (size_t i = 0; i <= n; i++) {
        struct pic_change c = {0};
        bool done = false;
        assert_int_equal(pic_segment_reader_next(reader, &c, &done), PIC_OK);
        assert_int_equal(done, i == n);
        if (i < n)
            assert_same_change(&c, expected[i]);
    }
}

static void what_is_sealed_is_read_back(void **state)
{
    (void)state;
    struct generator g = generator_from(1);
    struct history *h = calloc(1, sizeof *h);
    struct pic_segment_reader *reader;
    struct pic_signer signer;
    pic_signer_new(&signer, pic_random_system());
    assert_non_null(h);
    assert_int_equal(pic_segment_reader_new(&reader), PIC_OK);
    for (int round = 0; round < ROUNDS; round++) {
        some_history(&g, h, 7, round % 2 == 0);
        for (size_t at = 0, taken; at < h->n; at += taken) {
            struct pic_buf out;
            pic_buf_init(&out, PIC_SEGMENT_MAX);
            assert_int_equal(
                pic_segment_seal(h->order + at, h->n - at, 42, nothing, 1, &signer, &out, &taken),
                PIC_OK);
            assert_true(taken >= 1 && taken <= h->n - at);
            read_back(reader, &signer, pic_buf_view(&out), h->order + at, taken);
            pic_buf_release(&out);
        }
    }
    pic_segment_reader_free(reader);
    free(h);
}

/* What it keeps of a segment never stands for another one, nor for one that it could not read. */
static void a_reader_tells_segments_apart(void **state)
{
    (void)state;
    enum { SEGMENTS = 2, TURNS = 4 };
    struct generator g = generator_from(4);
    struct history *h = calloc(SEGMENTS, sizeof *h);
    struct pic_segment_reader *reader;
    struct pic_signer signer;
    struct pic_buf out[SEGMENTS];
    size_t taken[SEGMENTS];
    pic_signer_new(&signer, pic_random_system());
    assert_non_null(h);
    assert_int_equal(pic_segment_reader_new(&reader), PIC_OK);
    for (int i = 0; i < SEGMENTS; i++) {
        some_history(&g, &h[i], 7, false);
        pic_buf_init(&out[i], PIC_SEGMENT_MAX);
        assert_int_equal(
            pic_segment_seal(h[i].order, h[i].n, 42, nothing, 1, &signer, &out[i], &taken[i]),
            PIC_OK);
    }
    for (int turn = 0; turn < TURNS; turn++) {
        int i = turn % SEGMENTS;
        struct pic_buf *other = &out[(turn + 1) % SEGMENTS];
        struct pic_segment s;
        uint8_t *end_of_body = &other->data[other->len - PIC_SIGNATURE_SIZE - 1];
        read_back(reader, &signer, pic_buf_view(&out[i]), h[i].order, taken[i]);
        *end_of_body ^= UINT8_MAX;
        assert_int_equal(pic_segment_read(pic_buf_view(other), &s), PIC_OK);
        assert_int_not_equal(pic_segment_check(reader, &s, NULL), PIC_OK);
        assert_int_not_equal(pic_segment_check(reader, &s, NULL), PIC_OK);
        *end_of_body ^= UINT8_MAX;
        read_back(reader, &signer, pic_buf_view(&out[i]), h[i].order, taken[i]);
    }
    for (int i = 0; i < SEGMENTS; i++)
        pic_buf_release(&out[i]);
    pic_segment_reader_free(reader);
    free(h);
}

static void a_flipped_bit_never_verifies_and_never_harms(void **state)
{
    (void)state;
    struct generator g = generator_from(2);
    struct history *h = calloc(1, sizeof *h);
    struct pic_segment_reader *reader;
    struct pic_signer signer;
    struct pic_buf out;
    size_t taken;
    pic_signer_new(&signer, pic_random_system());
    assert_non_null(h);
    assert_int_equal(pic_segment_reader_new(&reader), PIC_OK);
    some_history(&g, h, 3, false);
    h->n = 5;
    pic_buf_init(&out, PIC_SEGMENT_MAX);
    assert_int_equal(pic_segment_seal(h->order, h->n, 42, nothing, 1, &signer, &out, &taken),
                     PIC_OK);
    for (size_t bit = 0; bit < out.len * 8; bit++) {
        struct pic_segment s;
        out.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (pic_segment_read(pic_buf_view(&out), &s) == PIC_OK) {
            assert_int_equal(pic_segment_verify(&s, signer.public), PIC_ESIGNATURE);
            assert_in_range(pic_segment_check(reader, &s, NULL), PIC_OK, PIC_STATUS_COUNT);
        }
        out.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t n = 0; n < out.len; n++) {
        struct pic_segment s;
        assert_int_not_equal(pic_segment_read(pic_span_of(out.data, n), &s), PIC_OK);
    }
    pic_buf_release(&out);
    pic_segment_reader_free(reader);
    free(h);
}

static void a_change_too_large_for_a_segment_is_refused(void **state)
{
    (void)state;
    enum { FIELDS = 8 };
    struct pic_signer signer;
    struct pic_op ops[FIELDS];
    char *noise = malloc((size_t)FIELDS * PIC_TEXT_MAX);
    assert_non_null(noise);
    pic_signer_new(&signer, pic_random_system());
    pic_random_system()->fill(NULL, noise, (size_t)FIELDS * PIC_TEXT_MAX);
    for (unsigned i = 0; i < FIELDS; i++)
        ops[i] = (struct pic_op){
            .field = (uint8_t)(i + 1),
            .value = {.kind = PIC_KIND_BYTES,
                      .s = pic_span_of(noise + (size_t)i * PIC_TEXT_MAX, PIC_TEXT_MAX)}};
    struct pic_change c = {.dot = pic_dot(2, 1),
                           .id = pic_dot(2, 1),
                           .stamp = 1,
                           .entity = 1,
                           .op_n = FIELDS,
                           .ops = ops};
    const struct pic_change *order[] = {&c};
    struct pic_buf out;
    size_t taken;
    pic_buf_init(&out, PIC_SEGMENT_MAX);
    assert_int_equal(pic_segment_seal(order, 1, 0, nothing, 1, &signer, &out, &taken), PIC_ELIMIT);
    pic_buf_release(&out);
    free(noise);
}

static void loose_changes_round_trip(void **state)
{
    (void)state;
    struct generator g = generator_from(3);
    struct history *h = calloc(1, sizeof *h);
    struct pic_change_store *store = malloc(sizeof *store);
    assert_non_null(h);
    assert_non_null(store);
    some_history(&g, h, 9, true);
    for (size_t i = 0; i < h->n; i++) {
        struct pic_buf b;
        struct pic_change back;
        pic_buf_init(&b, 1 << 20);
        pic_change_put(&b, h->order[i]);
        struct pic_cursor c = pic_cursor_of(b.data, b.len);
        assert_int_equal(pic_change_get(&c, store, &back), PIC_OK);
        assert_int_equal(pic_cursor_end(&c), PIC_OK);
        assert_same_change(&back, h->order[i]);
        pic_buf_release(&b);
    }
    free(store);
    free(h);
}

/* The hexadecimal lines that follow "segment:" in the vector file. */
static void read_vector(struct pic_buf *out)
{
    char line[256];
    bool inside = false;
    FILE *f = fopen("tests/vectors/segment.txt", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strchr(line, ':') != NULL)
            inside = strcmp(line, "segment:") == 0;
        else if (inside)
            pic_unhex(line, out);
    }
    (void)fclose(f);
}

/* Bytes that devices have signed must be read for ever, and sealing must not drift. */
static void the_frozen_segment_reads_and_seals_the_same(void **state)
{
    (void)state;
    struct pic_signer signer;
    struct pic_segment_reader *reader;
    const struct pic_change *expected[SEGMENT_VECTOR_CHANGES];
    struct pic_buf frozen;
    struct pic_buf sealed;
    memset(&signer, 0x22, sizeof signer);
    pic_signer_from_seed(&signer);
    pic_buf_init(&frozen, PIC_SEGMENT_MAX);
    pic_buf_init(&sealed, PIC_SEGMENT_MAX);
    read_vector(&frozen);
    segment_vector_seal(&sealed);
    assert_true(pic_span_equal(pic_buf_view(&frozen), pic_buf_view(&sealed)));
    for (size_t i = 0; i < SEGMENT_VECTOR_CHANGES; i++)
        expected[i] = segment_vector_change(i);
    assert_int_equal(pic_segment_reader_new(&reader), PIC_OK);
    read_back(reader, &signer, pic_buf_view(&frozen), expected, SEGMENT_VECTOR_CHANGES);
    pic_segment_reader_free(reader);
    pic_buf_release(&frozen);
    pic_buf_release(&sealed);
}

static void dots_are_read_as_they_are_shown(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "-", "4", "4-", "-4", "0-1", "1-0", "4-17x", "8388608-1", "1-1099511627776", " 1-1"};
    struct pic_buf b;
    uint64_t dot;
    pic_buf_init(&b, 64);
    pic_dot_print(pic_dot(42, 17), &b);
    assert_string_equal(pic_buf_string(&b), "42-17");
    assert_int_equal(pic_dot_parse("42-17", &dot), PIC_OK);
    assert_true(dot == pic_dot(42, 17));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(pic_dot_parse(wrong[i], &dot), PIC_EFORMAT);
    pic_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_is_read_back),
        cmocka_unit_test(a_reader_tells_segments_apart),
        cmocka_unit_test(a_flipped_bit_never_verifies_and_never_harms),
        cmocka_unit_test(a_change_too_large_for_a_segment_is_refused),
        cmocka_unit_test(loose_changes_round_trip),
        cmocka_unit_test(the_frozen_segment_reads_and_seals_the_same),
        cmocka_unit_test(dots_are_read_as_they_are_shown),
    };
    return pic_crypto_start() == PIC_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
