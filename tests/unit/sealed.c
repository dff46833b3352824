/* sealed: documents and people at rest: who opens them, who does not, and what is left once they
 * are erased. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/crypto/cloak.h"
#include "protocol/crypto/identity.h"
#include "schema/store/blobs.h"
#include "server/identities.h"
#include "tests/lib/generator.h"

enum { LARGE = 3 * PIC_CLOAK_CHUNK + 777, PATH_SIZE = 256, FILES_MAX = 8 };

static const char person[] = "Nadia Benkhedda ; 12/03/1987";

struct room {
    char folder[64];
    struct pic_random_stream stream;
    struct pic_random random;
    struct pic_dh_pair owner, stranger;
    struct pic_blobs blobs;
    uint8_t bytes[LARGE], hash[PIC_HASH_SIZE];
};

static int setup(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    struct generator g = generator_from(7);
    assert_non_null(r);
    (void)snprintf(r->folder, sizeof r->folder, "%s", "/tmp/pic-sealed-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    r->random = pic_random_seeded(&r->stream, 7);
    pic_dh_new(&r->owner, &r->random);
    pic_dh_new(&r->stranger, &r->random);
    for (size_t i = 0; i < LARGE; i++)
        r->bytes[i] = (uint8_t)generator_next(&g);
    pic_hash(pic_span_of(r->bytes, LARGE), r->hash);
    assert_int_equal(pic_blobs_init(&r->blobs, r->folder), PIC_OK);
    pic_blobs_cloak(&r->blobs, r->owner.public);
    *state = r;
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    struct room *r = *state;
    assert_int_equal(nftw(r->folder, remove_one, FILES_MAX, FTW_DEPTH | FTW_PHYS), 0);
    free(r);
    return 0;
}

/* --- documents --- */

static void path_of(const struct room *r, const char *suffix, char out[static PATH_SIZE])
{
    struct pic_buf hex;
    pic_buf_init(&hex, 2 * PIC_HASH_SIZE + 1);
    for (size_t i = 0; i < PIC_HASH_SIZE; i++)
        pic_buf_printf(&hex, "%02x", r->hash[i]);
    const char *text = pic_buf_string(&hex);
    (void)snprintf(out, PATH_SIZE, "%s/%.2s/%s%s", r->folder, text, text + 2, suffix);
    pic_buf_release(&hex);
}

/* Whether any 16 bytes in a row of the document, at a few places, stand in its file. */
static bool shows_through(const struct room *r)
{
    static uint8_t file[LARGE + PIC_CLOAK_HEAD + 8 * PIC_CLOAK_EXTRA];
    char path[PATH_SIZE];
    path_of(r, "", path);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(file, 1, sizeof file, f);
    (void)fclose(f);
    assert_int_equal(pic_cloak_plain_size(n), LARGE);
    bool found = false;
    for (size_t at = 0; at + 16 <= LARGE; at += LARGE / 9)
        found = found || memmem(file, n, r->bytes + at, 16) != NULL;
    return found;
}

static void a_document_is_taken_in_without_a_secret_and_read_with_it(void **state)
{
    struct room *r = *state;
    uint8_t hash[PIC_HASH_SIZE];
    uint64_t held = 0;
    bool complete = false;
    struct pic_buf out;
    static const size_t offsets[] = {0, 1, PIC_CLOAK_CHUNK - 1, PIC_CLOAK_CHUNK, LARGE - 5};
    assert_int_equal(pic_blobs_take_bytes(&r->blobs, pic_span_of(r->bytes, LARGE), hash), PIC_OK);
    assert_memory_equal(hash, r->hash, sizeof hash);
    assert_int_equal(pic_blobs_held(&r->blobs, hash, &held, &complete), PIC_OK);
    assert_true(complete && held == LARGE);
    assert_false(shows_through(r));
    pic_buf_init(&out, LARGE);
    assert_int_equal(pic_blobs_read(&r->blobs, hash, 0, 10, &out), PIC_ELOCKED);
    assert_int_equal(pic_blobs_verify(&r->blobs, hash), PIC_ELOCKED);
    r->blobs.owner.reader = &r->stranger;
    assert_int_equal(pic_blobs_read(&r->blobs, hash, 0, 10, &out), PIC_EDECRYPT);
    r->blobs.owner.reader = &r->owner;
    assert_int_equal(pic_blobs_verify(&r->blobs, hash), PIC_OK);
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        pic_buf_clear(&out);
        assert_int_equal(pic_blobs_read(&r->blobs, hash, offsets[i], 100000, &out), PIC_OK);
        size_t left = LARGE - offsets[i];
        assert_int_equal(out.len, left < 100000 ? left : 100000);
        assert_memory_equal(out.data, r->bytes + offsets[i], out.len);
    }
    pic_buf_release(&out);
}

static void a_document_that_arrives_in_parts_grows_under_the_key(void **state)
{
    struct room *r = *state;
    struct generator g = generator_from(3);
    uint64_t held = 0;
    bool complete = false;
    assert_int_equal(
        pic_blobs_put(&r->blobs, r->hash, LARGE, 0, pic_span_of(r->bytes, 10), &held, &complete),
        PIC_OK); /* beginning needs no secret; going on does */
    assert_int_equal(pic_blobs_put(&r->blobs, r->hash, LARGE, 10, pic_span_of(r->bytes + 10, 10),
                                   &held, &complete),
                     PIC_ELOCKED);
    r->blobs.owner.reader = &r->owner;
    while (!complete) {
        size_t n = 1 + (size_t)(generator_next(&g) % 60000);
        n = n < LARGE - held ? n : LARGE - (size_t)held;
        assert_int_equal(pic_blobs_put(&r->blobs, r->hash, LARGE, held,
                                       pic_span_of(r->bytes + held, n), &held, &complete),
                         PIC_OK);
    }
    assert_int_equal(held, LARGE);
    assert_false(shows_through(r));
    assert_int_equal(pic_blobs_verify(&r->blobs, r->hash), PIC_OK);
}

/* Half a chunk was written when the power went: the document is begun again, and comes whole. */
static void a_torn_chunk_begins_again(void **state)
{
    struct room *r = *state;
    char path[PATH_SIZE];
    uint64_t held = 0;
    bool complete = false;
    r->blobs.owner.reader = &r->owner;
    assert_int_equal(
        pic_blobs_put(&r->blobs, r->hash, LARGE, 0, pic_span_of(r->bytes, 50000), &held, &complete),
        PIC_OK);
    path_of(r, ".part", path);
    assert_int_equal(truncate(path, PIC_CLOAK_HEAD + 40000), 0);
    assert_int_equal(pic_blobs_held(&r->blobs, r->hash, &held, &complete), PIC_OK);
    assert_int_equal(pic_blobs_put(&r->blobs, r->hash, LARGE, held,
                                   pic_span_of(r->bytes + held, 1000), &held, &complete),
                     PIC_EGAP);
    assert_int_equal(held, 0);
    while (!complete) {
        size_t n = LARGE - held < 60000 ? LARGE - (size_t)held : 60000;
        assert_int_equal(pic_blobs_put(&r->blobs, r->hash, LARGE, held,
                                       pic_span_of(r->bytes + held, n), &held, &complete),
                         PIC_OK);
    }
}

static void an_altered_document_is_seen_and_chunks_keep_their_place(void **state)
{
    struct room *r = *state;
    struct pic_secret key;
    uint8_t head[PIC_CLOAK_HEAD];
    uint8_t sealed[4 + PIC_CLOAK_EXTRA];
    uint8_t plain[4];
    assert_int_equal(pic_cloak_new(r->owner.public, &r->random, &key, head), PIC_OK);
    pic_cloak_seal(&key, 5, &r->random, pic_span_of("abcd", 4), sealed);
    const struct pic_span span = {sealed, sizeof sealed};
    assert_int_equal(pic_cloak_open(&key, 5, span, plain), PIC_OK);
    assert_int_equal(pic_cloak_open(&key, 6, span, plain), PIC_EDECRYPT);
    assert_int_equal(pic_cloak_open(&key, 5, pic_span_of(sealed, 39), plain), PIC_EFORMAT);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        assert_int_equal(pic_cloak_open(&key, 5, span, plain), PIC_EDECRYPT);
        sealed[i] ^= 1;
    }
    assert_int_equal(pic_cloak_key(head, &r->stranger, &key), PIC_EDECRYPT);
    head[0] ^= 1;
    assert_int_equal(pic_cloak_key(head, &r->owner, &key), PIC_EFORMAT);
}

static void an_erased_document_is_gone(void **state)
{
    struct room *r = *state;
    uint8_t hash[PIC_HASH_SIZE];
    char path[PATH_SIZE];
    uint64_t held = 1;
    bool complete = true;
    assert_int_equal(pic_blobs_take_bytes(&r->blobs, pic_span_of(r->bytes, LARGE), hash), PIC_OK);
    path_of(r, "", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC); /* still sees the blocks */
    assert_true(fd >= 0);
    assert_int_equal(pic_blobs_erase(&r->blobs, hash), PIC_OK);
    assert_int_equal(pic_blobs_held(&r->blobs, hash, &held, &complete), PIC_OK);
    assert_true(held == 0 && !complete);
    uint8_t left[PIC_CLOAK_HEAD];
    static const uint8_t nothing[PIC_CLOAK_HEAD];
    assert_int_equal(pread(fd, left, sizeof left, 0), (ssize_t)sizeof left);
    assert_memory_equal(left, nothing, sizeof left);
    (void)close(fd);
    assert_int_equal(pic_blobs_erase(&r->blobs, hash), PIC_OK); /* twice is once */
}

/* --- people --- */

static void an_identity_has_the_readers_it_was_sealed_for(void **state)
{
    struct room *r = *state;
    const uint8_t *const readers[] = {r->stranger.public, r->owner.public};
    struct pic_dh_pair keys[2] = {r->owner, r->stranger};
    struct pic_buf blob;
    struct pic_buf plain;
    pic_buf_init(&blob, PIC_IDENTITY_BLOB_MAX);
    pic_buf_init(&plain, PIC_IDENTITY_MAX);
    assert_int_equal(pic_identity_seal(pic_span_text(person), readers, 2, &r->random, &blob),
                     PIC_OK);
    for (size_t i = 0; i < 2; i++) {
        pic_buf_clear(&plain);
        assert_int_equal(pic_identity_open(pic_buf_view(&blob), &keys[i], 1, &plain), PIC_OK);
        assert_string_equal(pic_buf_string(&plain), person);
    }
    pic_dh_new(&keys[0], &r->random);
    assert_int_equal(pic_identity_open(pic_buf_view(&blob), keys, 1, &plain), PIC_EDECRYPT);
    for (size_t n = 0; n < blob.len; n += 7)
        assert_int_not_equal(pic_identity_open(pic_span_of(blob.data, n), &r->owner, 1, &plain),
                             PIC_OK);
    assert_int_equal(pic_identity_seal(pic_span_text(person), readers, 0, &r->random, &plain),
                     PIC_ELIMIT);
    pic_buf_release(&blob);
    pic_buf_release(&plain);
}

static void a_token_tells_one_person_in_one_operation(void **state)
{
    struct room *r = *state;
    uint8_t token[PIC_HASH_SIZE];
    uint8_t other[PIC_HASH_SIZE];
    const struct pic_span words = pic_span_text("benkhedda\nnadia\n");
    pic_identity_token(&r->owner.secret, 9, words, 6279, token);
    pic_identity_token(&r->owner.secret, 9, words, 6279, other);
    assert_memory_equal(token, other, sizeof token);
    pic_identity_token(&r->owner.secret, 10, words, 6279, other);
    assert_memory_not_equal(token, other, sizeof token);
    pic_identity_token(&r->owner.secret, 9, words, 6280, other);
    assert_memory_not_equal(token, other, sizeof token);
    pic_identity_token(&r->stranger.secret, 9, words, 6279, other);
    assert_memory_not_equal(token, other, sizeof token);
}

/* --- cles.db --- */

static bool anywhere(const struct room *r, const uint8_t *bytes, size_t n)
{
    static const char *const names[] = {"cles.db", "cles.db-wal", "cles.db-shm", "cles.db-journal"};
    static uint8_t file[1 << 20];
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH_SIZE];
        (void)snprintf(path, sizeof path, "%s/%s", r->folder, names[i]);
        FILE *f = fopen(path, "rb");
        size_t got = f == NULL ? 0 : fread(file, 1, sizeof file, f);
        found = found || (got >= n && memmem(file, got, bytes, n) != NULL);
        if (f != NULL)
            (void)fclose(f);
    }
    return found;
}

static void a_box_comes_in_parts_is_held_and_is_erased(void **state)
{
    struct room *r = *state;
    enum { SIZE = 700, HALF = 300 };
    struct pic_identities *ids = NULL;
    struct pic_err err = {0};
    struct pic_buf out;
    uint8_t hash[PIC_HASH_SIZE];
    enum pic_box_state box = PIC_BOX_HELD;
    uint64_t held = 0;
    uint64_t total = 0;
    bool complete = false;
    const struct pic_span all = {r->bytes, SIZE};
    pic_buf_init(&out, SIZE);
    pic_hash(all, hash);
    assert_int_equal(pic_identities_new(r->folder, false, &ids, &err), PIC_OK);
    assert_int_equal(pic_identities_put(ids, hash, SIZE, 0, all, &held, &complete), PIC_ENOT_FOUND);
    assert_int_equal(pic_identities_expect(ids, hash), PIC_OK);
    assert_int_equal(pic_identities_state(ids, hash, &box), PIC_OK);
    assert_int_equal(box, PIC_BOX_AWAITED);
    assert_int_equal(
        pic_identities_put(ids, hash, SIZE, 0, pic_span_of(r->bytes, HALF), &held, &complete),
        PIC_OK);
    assert_true(held == HALF && !complete);
    assert_int_equal(
        pic_identities_put(ids, hash, SIZE, HALF + 1, pic_span_of(r->bytes, 1), &held, &complete),
        PIC_EGAP);
    assert_int_equal(pic_identities_read(ids, hash, 0, SIZE, &total, &out), PIC_ENOT_FOUND);
    assert_int_equal(pic_identities_put(ids, hash, SIZE, HALF - 50,
                                        pic_span_of(r->bytes + HALF - 50, SIZE - HALF + 50), &held,
                                        &complete),
                     PIC_OK);
    assert_true(held == SIZE && complete);
    assert_int_equal(pic_identities_verify(ids, hash), PIC_OK);
    assert_int_equal(pic_identities_read(ids, hash, 100, 50, &total, &out), PIC_OK);
    assert_true(total == SIZE && out.len == 50 && memcmp(out.data, r->bytes + 100, 50) == 0);
    assert_true(anywhere(r, r->bytes + 200, 32));

    assert_int_equal(pic_identities_erase(ids, pic_span_of(hash, sizeof hash)), PIC_OK);
    assert_int_equal(pic_identities_scrub(ids), PIC_OK);
    assert_false(anywhere(r, r->bytes + 200, 32));
    assert_int_equal(pic_identities_verify(ids, hash), PIC_OK); /* as it should be: erased */
    assert_int_equal(pic_identities_read(ids, hash, 0, SIZE, &total, &out), PIC_ENOT_FOUND);
    assert_int_equal(pic_identities_put(ids, hash, SIZE, 0, all, &held, &complete), PIC_OK);
    assert_true(complete); /* whoever still sends it may stop */
    assert_int_equal(pic_identities_expect(ids, hash), PIC_OK);
    assert_int_equal(pic_identities_state(ids, hash, &box), PIC_OK);
    assert_int_equal(box, PIC_BOX_ERASED);
    assert_false(anywhere(r, r->bytes + 200, 32));
    pic_buf_release(&out);
    pic_identities_free(ids);
}

static void a_wrong_box_is_thrown_away(void **state)
{
    struct room *r = *state;
    struct pic_identities *ids = NULL;
    struct pic_err err = {0};
    uint64_t held = 1;
    bool complete = true;
    assert_int_equal(pic_identities_new(r->folder, false, &ids, &err), PIC_OK);
    assert_int_equal(pic_identities_expect(ids, r->hash), PIC_OK);
    assert_int_equal(
        pic_identities_put(ids, r->hash, 100, 0, pic_span_of(r->bytes, 100), &held, &complete),
        PIC_EHASH);
    assert_false(complete);
    assert_false(anywhere(r, r->bytes, 32) && held != 0);
    assert_int_equal(pic_identities_put(ids, r->hash, PIC_IDENTITY_BLOB_MAX + 1, 0,
                                        pic_span_of(r->bytes, 1), &held, &complete),
                     PIC_ELIMIT);
    pic_identities_free(ids);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_document_is_taken_in_without_a_secret_and_read_with_it),
        TEST(a_document_that_arrives_in_parts_grows_under_the_key),
        TEST(a_torn_chunk_begins_again),
        TEST(an_altered_document_is_seen_and_chunks_keep_their_place),
        TEST(an_erased_document_is_gone),
        TEST(an_identity_has_the_readers_it_was_sealed_for),
        TEST(a_token_tells_one_person_in_one_operation),
        TEST(a_box_comes_in_parts_is_held_and_is_erased),
        TEST(a_wrong_box_is_thrown_away),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
