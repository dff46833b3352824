#include "schema/dictionary/identifiers.h"

#include <stdio.h>
#include <string.h>

#define NO_BREAK_SPACE        "\xc2\xa0"
#define NARROW_NO_BREAK_SPACE "\xe2\x80\xaf"

enum { IBAN_MIN = 15, IBAN_MAX = 34, CLEAN_MAX = 40, GROUPS_MAX = 4 };

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

/* The alphabet of the patterns below; any other character stands for itself. */
static bool fits_one(char pattern, uint8_t c)
{
    switch (pattern) {
    case '#':
        return is_digit(c);
    case 'a':
        return is_letter(c);
    case 'x':
        return is_digit(c) || is_letter(c);
    case 's': /* what became of a QPV's outline in 2024 */
        return c == 'N' || c == 'M' || c == 'I' || c == 'C';
    default:
        return c == (uint8_t)pattern;
    }
}

static bool fits(struct pic_span s, const char *pattern)
{
    for (size_t i = 0; i < s.n; i++)
        if (pattern[i] == '\0' || !fits_one(pattern[i], s.p[i]))
            return false;
    return pattern[s.n] == '\0';
}

/* Source: ISO/IEC 7812-1, annex B. */
static bool is_luhn(struct pic_span s)
{
    unsigned sum = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = s.p[s.n - 1 - i] - (unsigned)'0';
        if (i % 2 == 1)
            digit = digit < 5 ? digit * 2 : digit * 2 - 9;
        sum += digit;
    }
    return sum % 10 == 0;
}

static bool is_siren(struct pic_span s)
{
    return fits(s, "#########") && is_luhn(s);
}

static bool is_siret(struct pic_span s)
{
    if (!fits(s, "##############") || !is_luhn(pic_span_of(s.p, 9)))
        return false;
    /* La Poste has more branches than Luhn numbers: there the digits add up to a multiple of 5. */
    if (memcmp(s.p, "356000000", 9) == 0) {
        unsigned sum = 0;
        for (size_t i = 0; i < s.n; i++)
            sum += s.p[i] - (unsigned)'0';
        return sum % 5 == 0 || is_luhn(s);
    }
    return is_luhn(s);
}

static bool is_rna(struct pic_span s)
{
    return fits(s, "W#x#######");
}

static bool is_insee(struct pic_span s)
{
    return fits(s, "#####") || fits(s, "2A###") || fits(s, "2B###");
}

static bool is_territory(struct pic_span s)
{
    return pic_zone_of(s) != PIC_ZONE_NONE;
}

/* Remainder by 97 of s read as a number, letters counting 10 to 35, after `before`. */
static unsigned mod97(struct pic_span s, unsigned before)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_digit(s.p[i]))
            before = (before * 10 + (s.p[i] - (unsigned)'0')) % 97;
        else
            before = (before * 100 + (s.p[i] - (unsigned)'A' + 10)) % 97;
    }
    return before;
}

static bool is_iban(struct pic_span s)
{
    enum { HEAD = 4, FRENCH = 27 };
    if (s.n < IBAN_MIN || s.n > IBAN_MAX || !fits(pic_span_of(s.p, HEAD), "aa##"))
        return false;
    for (size_t i = HEAD; i < s.n; i++)
        if (!fits_one('x', s.p[i]))
            return false;
    if (memcmp(s.p, "FR", 2) == 0 && s.n != FRENCH)
        return false;
    /* ISO 13616: the first four characters go last, and the whole is 1 modulo 97. */
    unsigned rest = mod97(pic_span_of(s.p + HEAD, s.n - HEAD), 0);
    return mod97(pic_span_of(s.p, HEAD), rest) == 1;
}

static const struct {
    const char *about;
    const char *name;
    int status;
    bool (*is)(struct pic_span s);
    unsigned groups[GROUPS_MAX]; /* of digits on screen, the last repeated; none: as it is */
} kinds[PIC_IDENTIFIER_COUNT] = {
    [PIC_IDENTIFIER_SIREN] = {"siren", "SIREN", PIC_ESIREN, is_siren, {3}},
    [PIC_IDENTIFIER_SIRET] = {"siret", "SIRET", PIC_ESIRET, is_siret, {3, 3, 3, 5}},
    [PIC_IDENTIFIER_RNA] = {"rna", "RNA", PIC_ERNA, is_rna, {0}},
    [PIC_IDENTIFIER_INSEE] = {"insee", "Insee", PIC_EINSEE, is_insee, {0}},
    [PIC_IDENTIFIER_TERRITORY] = {"territoire", "Territoire", PIC_EQPV, is_territory, {0}},
    [PIC_IDENTIFIER_IBAN] = {"iban", "IBAN", PIC_EIBAN, is_iban, {4}},
};

enum pic_identifier pic_identifier_kind(const char *about)
{
    for (enum pic_identifier k = PIC_IDENTIFIER_SIREN; k < PIC_IDENTIFIER_COUNT; k++)
        if (kinds[k].about[0] == about[0] && strcmp(kinds[k].about, about) == 0)
            return k;
    return PIC_IDENTIFIER_NONE;
}

bool pic_identifier_is(enum pic_identifier kind, struct pic_span s)
{
    return kind > PIC_IDENTIFIER_NONE && kind < PIC_IDENTIFIER_COUNT && kinds[kind].is(s);
}

/* Length of the separator at p, of those that people put between groups; 0 when there is none. */
static size_t separator(const char *p)
{
    static const char *const separators[] = {
        " ", ".", "-", "_", "\t", NO_BREAK_SPACE, NARROW_NO_BREAK_SPACE};
    for (size_t i = 0; i < sizeof separators / sizeof separators[0]; i++)
        if (strncmp(p, separators[i], strlen(separators[i])) == 0)
            return strlen(separators[i]);
    return 0;
}

/* Typed without separators, in capitals; what is too long is cut, and then fits nothing. */
static size_t clean(const char *typed, uint8_t out[static CLEAN_MAX])
{
    size_t n = 0;
    while (*typed != '\0' && n < CLEAN_MAX) {
        size_t skip = separator(typed);
        if (skip == 0) {
            out[n++] = (uint8_t)(*typed >= 'a' && *typed <= 'z' ? *typed - 'a' + 'A' : *typed);
            skip = 1;
        }
        typed += skip;
    }
    return n;
}

int pic_identifier_parse(enum pic_identifier kind, const char *typed, struct pic_buf *out,
                         struct pic_err *err)
{
    uint8_t cleaned[1 + CLEAN_MAX] = {'0'}; /* a zero in front, in case it is what is missing */
    size_t n = clean(typed, cleaned + 1);
    struct pic_span s = pic_span_of(cleaned + 1, n);
    if (pic_identifier_is(kind, s)) {
        pic_buf_bytes(out, s.p, s.n);
        return pic_buf_status(out);
    }
    if (kind == PIC_IDENTIFIER_SIRET && is_siret(pic_span_of(cleaned, n + 1))) {
        char proposed[1 + CLEAN_MAX + 1];
        (void)snprintf(proposed, sizeof proposed, "%.*s", (int)(n + 1), (const char *)cleaned);
        return pic_fail(err, PIC_ESIRET_ZERO, typed, kinds[kind].name, proposed, NULL);
    }
    return pic_fail(err, kinds[kind].status, typed, kinds[kind].name, NULL);
}

void pic_identifier_format(enum pic_identifier kind, struct pic_span s, struct pic_buf *out)
{
    size_t group = 0;
    size_t in_group = 0;
    for (size_t i = 0; i < s.n; i++, in_group++) {
        if (kinds[kind].groups[0] != 0 && in_group == kinds[kind].groups[group]) {
            pic_buf_text(out, NO_BREAK_SPACE);
            in_group = 0;
            if (group + 1 < GROUPS_MAX && kinds[kind].groups[group + 1] != 0)
                group++;
        }
        pic_buf_u8(out, s.p[i]);
    }
}

enum pic_zone pic_zone_of(struct pic_span code)
{
    static const struct {
        const char *pattern;
        enum pic_zone zone;
    } zones[] = {
        {"QP0#####", PIC_ZONE_QPV_2015}, {"QP02A###", PIC_ZONE_QPV_2015},
        {"QP02B###", PIC_ZONE_QPV_2015}, {"QP97####", PIC_ZONE_QPV_2015},
        {"QP98####", PIC_ZONE_QPV_2015}, {"QN0####s", PIC_ZONE_QPV_2024},
        {"QN02A##s", PIC_ZONE_QPV_2024}, {"QN02B##s", PIC_ZONE_QPV_2024},
        {"QN97###s", PIC_ZONE_QPV_2024}, {"QN98###s", PIC_ZONE_QPV_2024},
        {"#####VE##", PIC_ZONE_VEILLE},  {"2A###VE##", PIC_ZONE_VEILLE},
        {"2B###VE##", PIC_ZONE_VEILLE},  {"#####", PIC_ZONE_COMMUNE},
        {"2A###", PIC_ZONE_COMMUNE},     {"2B###", PIC_ZONE_COMMUNE},
    };
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++)
        if (fits(code, zones[i].pattern))
            return zones[i].zone;
    return PIC_ZONE_NONE;
}
