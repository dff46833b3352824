/* keys, box and vault: published vectors, round trips, and everything that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/crypto/box.h"
#include "protocol/crypto/vault.h"
#include "tests/lib/hex.h"

enum { OUT_MAX = 4096, SEAL_OVERHEAD = 48 };

/* A seeded stream, a reader's keys and two buffers, fresh for each test. */
struct bench {
    struct pic_random_stream stream;
    struct pic_random random;
    struct pic_dh_pair reader;
    struct pic_buf sealed, plain;
};

static int setup(void **state)
{
    static struct bench bench;
    bench.random = pic_random_seeded(&bench.stream, 42);
    pic_dh_new(&bench.reader, &bench.random);
    pic_buf_init(&bench.sealed, OUT_MAX);
    pic_buf_init(&bench.plain, OUT_MAX);
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    pic_buf_wipe(&b->sealed);
    pic_buf_wipe(&b->plain);
    return 0;
}

static void assert_spells(const void *bytes, size_t n, const char *text)
{
    uint8_t expected[PIC_SIGNATURE_SIZE];
    assert_true(n <= sizeof expected && pic_unhex_exactly(text, expected, n));
    assert_memory_equal(bytes, expected, n);
}

static void assert_plain_is(const struct bench *b, const char *text)
{
    assert_true(pic_span_equal(pic_buf_view(&b->plain), pic_span_text(text)));
}

/* Computed with the hashlib module of Python. */
static void hashes_are_blake2b_256(void **state)
{
    (void)state;
    uint8_t out[PIC_HASH_SIZE], key[PIC_KEY_SIZE];
    const char *abc = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
    pic_hash(pic_span_of(NULL, 0), out);
    assert_spells(out, sizeof out,
                  "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    pic_hash(pic_span_text("abc"), out);
    assert_spells(out, sizeof out, abc);
    pic_hash2(pic_span_text("a"), pic_span_text("bc"), out);
    assert_spells(out, sizeof out, abc);
    struct pic_hasher h;
    pic_hasher_init(&h);
    for (size_t i = 0; i < 3; i++)
        pic_hasher_update(&h, pic_span_of(&"abc"[i], 1));
    pic_hasher_final(&h, out);
    assert_spells(out, sizeof out, abc);
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    pic_hash_keyed(key, pic_span_text("abc"), out);
    assert_spells(out, sizeof out,
                  "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
}

/* RFC 8032, 7.1, TEST 1 to 3; the label of the last one is cut from its message. */
static void signatures_are_ed25519(void **state)
{
    static const struct {
        const char *seed, *public, *label, *message, *signature;
    } rows[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
         "1cf9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "r", "",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
         "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "\xaf", "\x82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
         "984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pic_signer signer;
        uint8_t signature[PIC_SIGNATURE_SIZE];
        struct pic_span message = pic_span_text(rows[i].message);
        assert_true(pic_unhex_exactly(rows[i].seed, signer.seed.bytes, PIC_KEY_SIZE));
        pic_signer_from_seed(&signer);
        assert_spells(signer.public, sizeof signer.public, rows[i].public);
        pic_sign(&signer, rows[i].label, message, signature);
        assert_spells(signature, sizeof signature, rows[i].signature);
        assert_int_equal(pic_verify(signer.public, rows[i].label, message, signature), PIC_OK);
    }
}

static void signature_holds_for_one_label_message_and_key(void **state)
{
    struct bench *b = *state;
    struct pic_signer signer, other;
    uint8_t signature[PIC_SIGNATURE_SIZE], message[] = "un segment";
    struct pic_span span = pic_span_of(message, sizeof message);
    pic_signer_new(&signer, &b->random);
    pic_signer_new(&other, &b->random);
    pic_sign(&signer, "pic/1 segment", span, signature);
    assert_int_equal(pic_verify(signer.public, "pic/1 segment", span, signature), PIC_OK);
    assert_int_equal(pic_verify(other.public, "pic/1 segment", span, signature), PIC_ESIGNATURE);
    assert_int_equal(pic_verify(signer.public, "pic/1 receipt", span, signature), PIC_ESIGNATURE);
    for (size_t bit = 0; bit < 8 * sizeof signature; bit++) {
        signature[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        assert_int_equal(pic_verify(signer.public, "pic/1 segment", span, signature),
                         PIC_ESIGNATURE);
        signature[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] ^= 1;
        assert_int_equal(pic_verify(signer.public, "pic/1 segment", span, signature),
                         PIC_ESIGNATURE);
        message[i] ^= 1;
    }
}

static void signed_messages_keep_to_their_ceiling(void **state)
{
    static const uint8_t zeros[PIC_SIGNED_MAX];
    struct bench *b = *state;
    struct pic_signer signer;
    uint8_t signature[PIC_SIGNATURE_SIZE];
    pic_signer_new(&signer, &b->random);
    struct pic_span most = pic_span_of(zeros, sizeof zeros - 5);
    pic_sign(&signer, "label", most, signature);
    assert_int_equal(pic_verify(signer.public, "label", most, signature), PIC_OK);
    struct pic_span more = pic_span_of(zeros, sizeof zeros - 4);
    assert_int_equal(pic_verify(signer.public, "label", more, signature), PIC_ESIGNATURE);
}

/* RFC 7748, 6.1 (Bob's side) and 5.2 (one thousand iterations). */
static void agreement_is_x25519(void **state)
{
    (void)state;
    struct pic_dh_pair bob;
    uint8_t alice[PIC_KEY_SIZE], shared[PIC_KEY_SIZE];
    assert_true(
        pic_unhex_exactly("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
                          bob.secret.bytes, PIC_KEY_SIZE));
    assert_true(pic_unhex_exactly(
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", alice, PIC_KEY_SIZE));
    pic_dh_from_secret(&bob);
    assert_spells(bob.public, PIC_KEY_SIZE,
                  "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    assert_int_equal(pic_dh(shared, &bob.secret, alice), PIC_OK);
    assert_spells(shared, PIC_KEY_SIZE,
                  "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");

    struct pic_secret k = {{9}};
    uint8_t u[PIC_KEY_SIZE] = {9};
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(pic_dh(shared, &k, u), PIC_OK);
        memcpy(u, k.bytes, PIC_KEY_SIZE);
        memcpy(k.bytes, shared, PIC_KEY_SIZE);
    }
    assert_spells(shared, PIC_KEY_SIZE,
                  "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

/* The points of order 1, 2, 4 and 8, and the non-canonical spellings of zero and one. */
static void agreement_with_a_low_order_point_is_refused(void **state)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    };
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        uint8_t point[PIC_KEY_SIZE], shared[PIC_KEY_SIZE], wrapped[PIC_BOX_WRAPPED_SIZE];
        assert_true(pic_unhex_exactly(points[i], point, sizeof point));
        assert_int_equal(pic_dh(shared, &b->reader.secret, point), PIC_EDECRYPT);
        assert_int_equal(pic_box_wrap(&b->reader.secret, point, wrapped), PIC_EDECRYPT);
        assert_int_equal(pic_seal_to(point, pic_span_text("x"), &b->sealed), PIC_EDECRYPT);
        assert_int_equal(b->sealed.len, 0);
    }
}

/* Computed with ChaCha20 and BLAKE2b of Python: simulations replay on every machine. */
static void seeded_stream_is_the_same_everywhere(void **state)
{
    (void)state;
    struct pic_random_stream stream;
    struct pic_random random = pic_random_seeded(&stream, 42);
    uint8_t out[32], other[32];
    random.fill(random.context, out, sizeof out);
    assert_spells(out, sizeof out,
                  "dba0fd57256071a8171e0e067e80a5b222cded74a8ce667ef27f2bc4a42adf9f");
    random.fill(random.context, out, sizeof out);
    assert_spells(out, sizeof out,
                  "8363846d537ba5cd6afc315c0a709b06c80644530f675e8df203f28275f084d6");
    random = pic_random_seeded(&stream, 43);
    random.fill(random.context, other, sizeof other);
    assert_memory_not_equal(out, other, sizeof out);
}

static void system_randomness_does_not_repeat(void **state)
{
    (void)state;
    const struct pic_random *random = pic_random_system();
    struct pic_signer a, b;
    pic_signer_new(&a, random);
    pic_signer_new(&b, random);
    assert_false(pic_same_bytes(a.seed.bytes, b.seed.bytes, PIC_KEY_SIZE));
    assert_false(pic_same_bytes(a.public, b.public, PIC_KEY_SIZE));
}

static void wiped_secrets_are_gone(void **state)
{
    struct bench *b = *state;
    static const struct pic_secret zero;
    struct pic_secret secret = b->reader.secret;
    assert_false(pic_same_bytes(&secret, &zero, sizeof secret));
    pic_secret_wipe(&secret);
    assert_true(pic_same_bytes(&secret, &zero, sizeof secret));
    pic_buf_text(&b->plain, "secret");
    pic_buf_wipe(&b->plain);
    assert_null(b->plain.data);
    pic_buf_text(&b->plain, "again");
    assert_string_equal(pic_buf_string(&b->plain), "again");
}

static void box_round_trips(void **state)
{
    static const uint8_t plain[1000] = {1, 2, 3};
    const size_t sizes[] = {0, 1, 63, 64, 65, sizeof plain};
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct pic_secret key;
        struct pic_span in = pic_span_of(plain, sizes[i]);
        pic_buf_clear(&b->sealed);
        pic_buf_clear(&b->plain);
        assert_int_equal(pic_box_seal(in, &b->random, &key, &b->sealed), PIC_OK);
        assert_int_equal(b->sealed.len, sizes[i] + PIC_BOX_OVERHEAD);
        assert_int_equal(pic_box_open(pic_buf_view(&b->sealed), &key, &b->plain), PIC_OK);
        assert_true(pic_span_equal(pic_buf_view(&b->plain), in));
    }
}

static void boxes_never_share_a_key(void **state)
{
    struct bench *b = *state;
    struct pic_secret first, second;
    struct pic_span plain = pic_span_text("Amina");
    assert_int_equal(pic_box_seal(plain, &b->random, &first, &b->sealed), PIC_OK);
    assert_int_equal(pic_box_seal(plain, &b->random, &second, &b->plain), PIC_OK);
    assert_false(pic_same_bytes(&first, &second, sizeof first));
    pic_buf_clear(&b->plain);
    assert_int_equal(pic_box_open(pic_buf_view(&b->sealed), &second, &b->plain), PIC_EDECRYPT);
    assert_int_equal(b->plain.len, 0);
}

static void altered_box_is_refused(void **state)
{
    struct bench *b = *state;
    struct pic_secret key;
    assert_int_equal(pic_box_seal(pic_span_text("Amina"), &b->random, &key, &b->sealed), PIC_OK);
    struct pic_span box = pic_buf_view(&b->sealed);
    for (size_t bit = 0; bit < 8 * box.n; bit++) {
        b->sealed.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        assert_int_equal(pic_box_open(box, &key, &b->plain), bit < 8 ? PIC_EVERSION : PIC_EDECRYPT);
        b->sealed.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    for (size_t n = 0; n < box.n; n++)
        assert_int_equal(pic_box_open(pic_span_of(box.p, n), &key, &b->plain),
                         n < PIC_BOX_OVERHEAD ? PIC_EFORMAT : PIC_EDECRYPT);
    assert_int_equal(b->plain.len, 0);
    assert_int_equal(pic_box_open(box, &key, &b->plain), PIC_OK);
    assert_plain_is(b, "Amina");
}

static void wrapped_key_opens_for_its_reader_only(void **state)
{
    struct bench *b = *state;
    struct pic_dh_pair other;
    struct pic_secret key, opened = {{0}};
    const struct pic_secret untouched = {{0}};
    uint8_t wrapped[PIC_BOX_WRAPPED_SIZE];
    pic_dh_new(&other, &b->random);
    assert_int_equal(pic_box_seal(pic_span_text("Amina"), &b->random, &key, &b->sealed), PIC_OK);
    assert_int_equal(pic_box_wrap(&key, b->reader.public, wrapped), PIC_OK);
    assert_int_equal(pic_box_unwrap(wrapped, &other, &opened), PIC_EDECRYPT);
    for (size_t bit = 0; bit < 8 * sizeof wrapped; bit++) {
        wrapped[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        assert_int_equal(pic_box_unwrap(wrapped, &b->reader, &opened), PIC_EDECRYPT);
        wrapped[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    assert_true(pic_same_bytes(&opened, &untouched, sizeof opened));
    assert_int_equal(pic_box_unwrap(wrapped, &b->reader, &opened), PIC_OK);
    assert_true(pic_same_bytes(&opened, &key, sizeof opened));
}

static void sealed_text_opens_for_its_reader_only(void **state)
{
    struct bench *b = *state;
    struct pic_dh_pair other;
    pic_dh_new(&other, &b->random);
    assert_int_equal(pic_seal_to(b->reader.public, pic_span_text("Amina"), &b->sealed), PIC_OK);
    struct pic_span sealed = pic_buf_view(&b->sealed);
    assert_int_equal(sealed.n, strlen("Amina") + SEAL_OVERHEAD);
    assert_int_equal(pic_seal_open(&other, sealed, &b->plain), PIC_EDECRYPT);
    for (size_t n = 0; n < sealed.n; n++)
        assert_int_equal(pic_seal_open(&b->reader, pic_span_of(sealed.p, n), &b->plain),
                         n < SEAL_OVERHEAD ? PIC_EFORMAT : PIC_EDECRYPT);
    assert_int_equal(b->plain.len, 0);
    assert_int_equal(pic_seal_open(&b->reader, sealed, &b->plain), PIC_OK);
    assert_plain_is(b, "Amina");
}

static void vault_opens_with_its_passphrase_only(void **state)
{
    static const char *const wrong[] = {"", "lampe de poch", "lampe de poche ", "Lampe de poche"};
    struct bench *b = *state;
    struct pic_span passphrase = pic_span_text("lampe de poche");
    assert_int_equal(pic_vault_seal(pic_span_text("graine"), passphrase, PIC_VAULT_PASSES_MIN,
                                    &b->random, &b->sealed),
                     PIC_OK);
    assert_int_equal(b->sealed.len, strlen("graine") + PIC_VAULT_OVERHEAD);
    struct pic_span vault = pic_buf_view(&b->sealed);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(pic_vault_open(vault, pic_span_text(wrong[i]), &b->plain),
                         PIC_EPASSPHRASE);
    assert_int_equal(pic_vault_open(vault, pic_span_of(NULL, 0), &b->plain), PIC_EPASSPHRASE);
    assert_int_equal(b->plain.len, 0);
    assert_int_equal(pic_vault_open(vault, passphrase, &b->plain), PIC_OK);
    assert_plain_is(b, "graine");
}

enum { VERSION_AT = 4, PASSES_AT = 5, SALT_AT = 13 };

/* With passes that stay allowed, only the derived key can tell. */
static int what_altering_gives(size_t at)
{
    if (at >= SALT_AT || at == PASSES_AT)
        return PIC_EPASSPHRASE;
    return at == VERSION_AT ? PIC_EVERSION : PIC_EFORMAT;
}

static void altered_vault_is_refused(void **state)
{
    struct bench *b = *state;
    struct pic_span passphrase = pic_span_text("lampe de poche");
    assert_int_equal(pic_vault_seal(pic_span_text("graine"), passphrase, PIC_VAULT_PASSES_MIN,
                                    &b->random, &b->sealed),
                     PIC_OK);
    struct pic_span vault = pic_buf_view(&b->sealed);
    for (size_t i = 0; i < vault.n; i++) {
        uint8_t flip = i == PASSES_AT ? 2 : 0x80; /* from 5 passes to 7 */
        int expected = what_altering_gives(i);
        b->sealed.data[i] ^= flip;
        assert_int_equal(pic_vault_open(vault, passphrase, &b->plain), expected);
        b->sealed.data[i] ^= flip;
    }
    for (size_t n = 0; n < PIC_VAULT_OVERHEAD; n++)
        assert_int_equal(pic_vault_open(pic_span_of(vault.p, n), passphrase, &b->plain),
                         PIC_EFORMAT);
    assert_int_equal(pic_vault_open(pic_span_of(vault.p, vault.n - 1), passphrase, &b->plain),
                     PIC_EPASSPHRASE);
    assert_int_equal(b->plain.len, 0);
    assert_int_equal(pic_vault_open(vault, passphrase, &b->plain), PIC_OK);
}

static void vault_cost_keeps_to_its_limits(void **state)
{
    static const struct {
        uint32_t passes, memory_kib;
    } refused[] = {
        {0, PIC_VAULT_MEMORY_KIB},
        {PIC_VAULT_PASSES_MIN - 1, PIC_VAULT_MEMORY_KIB},
        {PIC_VAULT_PASSES_MAX + 1, PIC_VAULT_MEMORY_KIB},
        {UINT32_MAX, PIC_VAULT_MEMORY_KIB},
        {PIC_VAULT_PASSES_MIN, 0},
        {PIC_VAULT_PASSES_MIN, PIC_VAULT_MEMORY_KIB - 1},
        {PIC_VAULT_PASSES_MIN, PIC_VAULT_MEMORY_KIB + 1},
        {PIC_VAULT_PASSES_MIN, UINT32_MAX},
    };
    static const uint8_t rest[16 + 24 + 16 + 6];
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        pic_buf_clear(&b->sealed);
        pic_buf_text(&b->sealed, "PICV\x01");
        pic_buf_u32(&b->sealed, refused[i].passes);
        pic_buf_u32(&b->sealed, refused[i].memory_kib);
        pic_buf_bytes(&b->sealed, rest, sizeof rest);
        assert_int_equal(
            pic_vault_open(pic_buf_view(&b->sealed), pic_span_text("lampe"), &b->plain),
            PIC_EFORMAT);
    }
    const uint32_t passes[] = {PIC_VAULT_PASSES_MIN - 1, PIC_VAULT_PASSES_MAX + 1};
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        pic_buf_clear(&b->sealed);
        assert_int_equal(pic_vault_seal(pic_span_text("graine"), pic_span_text("lampe"), passes[i],
                                        &b->random, &b->sealed),
                         PIC_ELIMIT);
        assert_int_equal(b->sealed.len, 0);
    }
}

static void measured_passes_keep_to_their_limits(void **state)
{
    (void)state;
    assert_int_equal(pic_vault_passes(0), PIC_VAULT_PASSES_MIN);
    assert_int_equal(pic_vault_passes(-1000), PIC_VAULT_PASSES_MIN);
    assert_int_equal(pic_vault_passes(INT32_MAX), PIC_VAULT_PASSES_MAX);
}

/* A vault and a box written by version 1: whatever comes after, they open. */
static void first_formats_open_for_ever(void **state)
{
    struct bench *b = *state;
    pic_unhex("504943560105000000001c0000ba66771876bd17db5117ecd679c82d329e81dd"
              "913fc8acd007ae5049f94d113a19192fc366f1c2dfcb49fc7ed13675ef39ce87"
              "053f8f7f546a50cf64699e",
              &b->sealed);
    assert_int_equal(pic_buf_status(&b->sealed), PIC_OK);
    assert_int_equal(
        pic_vault_open(pic_buf_view(&b->sealed), pic_span_text("lampe de poche"), &b->plain),
        PIC_OK);
    assert_plain_is(b, "graine");

    struct pic_secret key;
    assert_true(
        pic_unhex_exactly("b51531bc736fd9ee39aae0dcb6a9dbe5e144a748f2b501f2b4e7a70e27e8fe08",
                          key.bytes, PIC_KEY_SIZE));
    pic_buf_clear(&b->sealed);
    pic_buf_clear(&b->plain);
    pic_unhex("0174ab0f96ccf76d00f84017163b61fa8b739fbd47e11c233ee5fbf9e4acb98d"
              "c32b3e9f0c96f0b1c54c47222763",
              &b->sealed);
    assert_int_equal(pic_box_open(pic_buf_view(&b->sealed), &key, &b->plain), PIC_OK);
    assert_plain_is(b, "Amina");
}

static void nothing_at_all_is_malformed(void **state)
{
    struct bench *b = *state;
    const struct pic_secret key = {{0}};
    const struct pic_span nothing = pic_span_of(NULL, 0);
    assert_int_equal(pic_box_open(nothing, &key, &b->plain), PIC_EFORMAT);
    assert_int_equal(pic_seal_open(&b->reader, nothing, &b->plain), PIC_EFORMAT);
    assert_int_equal(pic_vault_open(nothing, nothing, &b->plain), PIC_EFORMAT);
}

static void full_buffers_are_left_as_they_were(void **state)
{
    struct bench *b = *state;
    struct pic_secret key;
    struct pic_span plain = pic_span_text("graine");
    struct pic_buf tight;
    pic_buf_init(&tight, plain.n + PIC_BOX_OVERHEAD - 1);
    assert_int_equal(pic_box_seal(plain, &b->random, &key, &tight), PIC_ELIMIT);
    assert_int_equal(tight.len, 0);
    pic_buf_clear(&tight);
    assert_int_equal(pic_vault_seal(plain, plain, PIC_VAULT_PASSES_MIN, &b->random, &tight),
                     PIC_ELIMIT);
    assert_int_equal(tight.len, 0);
    pic_buf_clear(&tight);
    assert_int_equal(pic_seal_to(b->reader.public, plain, &tight), PIC_ELIMIT);
    assert_int_equal(tight.len, 0);
    pic_buf_release(&tight);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    if (pic_crypto_start() != PIC_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        TEST(hashes_are_blake2b_256),
        TEST(signatures_are_ed25519),
        TEST(signature_holds_for_one_label_message_and_key),
        TEST(signed_messages_keep_to_their_ceiling),
        TEST(agreement_is_x25519),
        TEST(agreement_with_a_low_order_point_is_refused),
        TEST(seeded_stream_is_the_same_everywhere),
        TEST(system_randomness_does_not_repeat),
        TEST(wiped_secrets_are_gone),
        TEST(box_round_trips),
        TEST(boxes_never_share_a_key),
        TEST(altered_box_is_refused),
        TEST(wrapped_key_opens_for_its_reader_only),
        TEST(sealed_text_opens_for_its_reader_only),
        TEST(vault_opens_with_its_passphrase_only),
        TEST(altered_vault_is_refused),
        TEST(vault_cost_keeps_to_its_limits),
        TEST(measured_passes_keep_to_their_limits),
        TEST(first_formats_open_for_ever),
        TEST(nothing_at_all_is_malformed),
        TEST(full_buffers_are_left_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
