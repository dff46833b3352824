#include "protocol/log/diagnosis.h"

#include <string.h>

#include "protocol/base/text.h"

enum {
    LETTER_BITS = 5,
    FACT_LETTERS = PIC_DIAGNOSIS_LETTERS - PIC_DIAGNOSIS_CHECKS,
    CODE_BYTES = PIC_DIAGNOSIS_LETTERS * LETTER_BITS / 8,
    FIELD_SIZE = 1 << LETTER_BITS,
    FIELD_ORDER = FIELD_SIZE - 1,
    FIELD_POLYNOMIAL = 0x25,
    SPAN_VALUE_BITS = 6,
    SPAN_VALUE_MAX = (1 << SPAN_VALUE_BITS) - 1,
};

/* --- facts as letters --- */

static const struct {
    size_t offset;
    unsigned bits;
} facts[] = {
#define FACT(name, bits) {offsetof(struct pic_diagnosis, name), bits},
#include "protocol/log/diagnosis.def"
#undef FACT
};

enum {
#define FACT(name, bits) name##_begins, name##_ends = name##_begins + (bits)-1,
#include "protocol/log/diagnosis.def"
#undef FACT
    FACT_BITS
};
_Static_assert(FACT_BITS == FACT_LETTERS * LETTER_BITS, "the facts fill their letters");

static uint16_t *fact_of(struct pic_diagnosis *d, size_t i)
{
    return (uint16_t *)(void *)((char *)d + facts[i].offset);
}

static void spread(struct pic_diagnosis d, uint8_t letters[static PIC_DIAGNOSIS_LETTERS])
{
    size_t at = 0;
    memset(letters, 0, PIC_DIAGNOSIS_LETTERS);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        unsigned most = (1U << facts[i].bits) - 1;
        unsigned value = *fact_of(&d, i) < most ? *fact_of(&d, i) : most;
        for (unsigned bit = facts[i].bits; bit-- > 0; at++)
            letters[at / LETTER_BITS] =
                (uint8_t)(letters[at / LETTER_BITS] << 1) | (uint8_t)((value >> bit) & 1U);
    }
}

static void gather(const uint8_t letters[static PIC_DIAGNOSIS_LETTERS], struct pic_diagnosis *d)
{
    size_t at = 0;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        unsigned value = 0;
        for (unsigned bit = facts[i].bits; bit-- > 0; at++)
            value =
                value << 1 |
                ((unsigned)letters[at / LETTER_BITS] >> (LETTER_BITS - 1 - at % LETTER_BITS) & 1U);
        *fact_of(d, i) = (uint16_t)value;
    }
}

/* --- the field of 32 elements --- */

static unsigned field_times(unsigned a, unsigned b)
{
    unsigned product = 0;
    for (unsigned bit = 0; bit < LETTER_BITS; bit++)
        product ^= (b >> bit & 1U) != 0 ? a << bit : 0;
    for (unsigned bit = 2 * LETTER_BITS - 2; bit >= LETTER_BITS; bit--)
        product ^=
            (product >> bit & 1U) != 0 ? (unsigned)FIELD_POLYNOMIAL << (bit - LETTER_BITS) : 0;
    return product;
}

/* a to the n-th, a being x. */
static unsigned field_power(unsigned n)
{
    unsigned power = 1;
    for (n %= FIELD_ORDER; n > 0; n--)
        power = field_times(power, 2);
    return power;
}

/* The n for which a to the n-th is element, which is not zero. */
static unsigned field_log(unsigned element)
{
    unsigned n = 0;
    for (unsigned power = 1; power != element; power = field_times(power, 2))
        n++;
    return n;
}

/* --- check letters --- */

/* The word as a polynomial, its first letter the highest coefficient, at a to the n-th. */
static unsigned evaluate(const uint8_t letters[static PIC_DIAGNOSIS_LETTERS], unsigned n)
{
    unsigned sum = 0;
    unsigned point = field_power(n);
    for (size_t i = 0; i < PIC_DIAGNOSIS_LETTERS; i++)
        sum = field_times(sum, point) ^ letters[i];
    return sum;
}

/* Divides by (x - a)(x - a^2)(x - a^3); what remains are the check letters. */
static void put_checks(uint8_t letters[static PIC_DIAGNOSIS_LETTERS])
{
    unsigned generator[PIC_DIAGNOSIS_CHECKS + 1] = {1}; /* highest coefficient first */
    uint8_t rest[PIC_DIAGNOSIS_LETTERS];
    for (unsigned root = 1; root <= PIC_DIAGNOSIS_CHECKS; root++)
        for (unsigned i = root; i > 0; i--)
            generator[i] ^= field_times(generator[i - 1], field_power(root));
    memcpy(rest, letters, sizeof rest);
    for (size_t at = 0; at < FACT_LETTERS; at++)
        for (size_t i = 1; i <= PIC_DIAGNOSIS_CHECKS; i++)
            rest[at + i] ^= (uint8_t)field_times(generator[i], rest[at]);
    memcpy(letters + FACT_LETTERS, rest + FACT_LETTERS, PIC_DIAGNOSIS_CHECKS);
}

static void put_letter(unsigned value, char out[static 2])
{
    const uint8_t high = (uint8_t)(value << (8 - LETTER_BITS));
    struct pic_buf text;
    pic_buf_init(&text, 2);
    pic_text_base32(pic_span_of(&high, 1), 0, &text);
    out[0] = *pic_buf_string(&text);
    out[1] = '\0';
    pic_buf_release(&text);
}

/* One error e at the power X leaves eX, eX^2, eX^3; anything else is more than one error. */
static int check(const uint8_t letters[static PIC_DIAGNOSIS_LETTERS],
                 struct pic_diagnosis_slip *slip)
{
    unsigned s[PIC_DIAGNOSIS_CHECKS];
    for (unsigned i = 0; i < PIC_DIAGNOSIS_CHECKS; i++)
        s[i] = evaluate(letters, i + 1);
    if (s[0] == 0 && s[1] == 0 && s[2] == 0)
        return PIC_OK;
    if (s[0] == 0 || s[1] == 0 || field_times(s[1], s[1]) != field_times(s[0], s[2]))
        return PIC_EDIAGNOSIS;
    unsigned power = (field_log(s[1]) + FIELD_ORDER - field_log(s[0])) % FIELD_ORDER;
    if (power >= PIC_DIAGNOSIS_LETTERS)
        return PIC_EDIAGNOSIS;
    unsigned at = PIC_DIAGNOSIS_LETTERS - 1 - power;
    unsigned error = field_power(field_log(s[0]) + FIELD_ORDER - power);
    slip->place = at + 1;
    put_letter(letters[at], slip->typed);
    put_letter(letters[at] ^ error, slip->meant);
    return PIC_EDIAGNOSIS;
}

/* --- codes --- */

void pic_diagnosis_put(const struct pic_diagnosis *diagnosis, struct pic_buf *out)
{
    uint8_t letters[PIC_DIAGNOSIS_LETTERS];
    uint8_t bytes[CODE_BYTES] = {0};
    spread(*diagnosis, letters);
    put_checks(letters);
    for (size_t bit = 0; bit < sizeof bytes * 8; bit++)
        bytes[bit / 8] =
            (uint8_t)(bytes[bit / 8] << 1) | (uint8_t)((unsigned)letters[bit / LETTER_BITS] >>
                                                           (LETTER_BITS - 1 - bit % LETTER_BITS) &
                                                       1U);
    pic_text_base32(pic_span_of(bytes, sizeof bytes), PIC_DIAGNOSIS_GROUP, out);
}

/* A character that is no letter of base32 is named; a code too long or too short is only refused.
 */
static int read_letters(const char *typed, uint8_t letters[static PIC_DIAGNOSIS_LETTERS],
                        struct pic_diagnosis_slip *slip)
{
    size_t n = 0;
    for (; *typed != '\0'; typed++) {
        if (*typed == ' ' || *typed == '-')
            continue;
        int value = pic_text_base32_value(*typed);
        if (n == PIC_DIAGNOSIS_LETTERS)
            return PIC_EDIAGNOSIS;
        if (value < 0) {
            slip->place = (unsigned)n + 1;
            if (*typed > ' ' && *typed <= '~')
                slip->typed[0] = *typed;
            return PIC_EDIAGNOSIS;
        }
        letters[n++] = (uint8_t)value;
    }
    return n == PIC_DIAGNOSIS_LETTERS ? PIC_OK : PIC_EDIAGNOSIS;
}

int pic_diagnosis_read(const char *typed, struct pic_diagnosis *out,
                       struct pic_diagnosis_slip *slip)
{
    uint8_t letters[PIC_DIAGNOSIS_LETTERS] = {0};
    struct pic_diagnosis read = {0};
    memset(slip, 0, sizeof *slip);
    int status = read_letters(typed, letters, slip);
    if (status == PIC_OK)
        status = check(letters, slip);
    if (status != PIC_OK)
        return status;
    gather(letters, &read);
    if (read.version != PIC_DIAGNOSIS_VERSION)
        return PIC_EVERSION;
    *out = read;
    return PIC_OK;
}

/* --- spans --- */

static const int64_t units_ms[] = {
    INT64_C(60) * 1000,         INT64_C(3600) * 1000,        INT64_C(86400) * 1000,
    INT64_C(30) * 86400 * 1000, INT64_C(365) * 86400 * 1000,
};
enum { UNITS = sizeof units_ms / sizeof *units_ms };

uint16_t pic_diagnosis_span(int64_t ms)
{
    unsigned unit = 0;
    if (ms < 0)
        return 0;
    while (unit + 1 < UNITS && ms / units_ms[unit] > SPAN_VALUE_MAX)
        unit++;
    int64_t value = ms / units_ms[unit];
    return (uint16_t)(unit << SPAN_VALUE_BITS |
                      (unsigned)(value > SPAN_VALUE_MAX ? SPAN_VALUE_MAX : value));
}

int64_t pic_diagnosis_span_ms(uint16_t span)
{
    unsigned unit = span >> SPAN_VALUE_BITS;
    return unit < UNITS ? units_ms[unit] * (span & SPAN_VALUE_MAX) : 0;
}
