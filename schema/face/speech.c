#include "schema/face/speech.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "protocol/base/text.h"
#include "schema/face/json.h"

enum { FACTS = 3, SENTENCE_MAX = 2048 };

static const char *const sentences[PIC_STATUS_COUNT] = {
#define SAY(status, sentence, action) [status] = (sentence),
#define TELL(key, text)
#include "schema/face/speech.def"
#undef SAY
#undef TELL
};

static const char *const actions[PIC_STATUS_COUNT] = {
#define SAY(status, sentence, action) [status] = (action),
#define TELL(key, text)
#include "schema/face/speech.def"
#undef SAY
#undef TELL
};

static const struct {
    const char *name, *text;
} texts[PIC_TELL_COUNT] = {
#define SAY(status, sentence, action)
#define TELL(key, text) [PIC_TELL_##key] = {#key, (text)},
#include "schema/face/speech.def"
#undef SAY
#undef TELL
};

/* What is not a status is an unexpected failure. */
static int known(int status)
{
    return status >= 0 && status < PIC_STATUS_COUNT && sentences[status] != NULL ? status
                                                                                 : PIC_EFAIL;
}

const char *pic_speech_sentence(int status)
{
    return sentences[known(status)];
}

const char *pic_speech_action(int status)
{
    return actions[known(status)];
}

const char *pic_speech_text(enum pic_tell key)
{
    return texts[key].text;
}

const char *pic_speech_name(enum pic_tell key)
{
    return texts[key].name;
}

/* A fact may come from outside: what could drive a terminal becomes a space. */
static void put_fact(struct pic_buf *out, const char *fact)
{
    struct pic_span rest = pic_span_text(fact);
    while (rest.n > 0) {
        int32_t c;
        size_t n = pic_text_next(rest, &c);
        if (n == 0)
            pic_buf_text(out, "\xEF\xBF\xBD");
        else if (c < 0x20 || (c >= 0x7F && c < 0xA0))
            pic_buf_u8(out, ' ');
        else
            pic_buf_bytes(out, rest.p, n);
        n += n == 0;
        rest = pic_span_of(rest.p + n, rest.n - n);
    }
}

/* The number of the fact that p names, or -1. */
static int fact_at(const char *p)
{
    bool named = p[0] == '{' && p[1] >= '1' && p[1] < '1' + FACTS && p[2] == '}';
    return named ? p[1] - '1' : -1;
}

static bool is_missing(const char *fact)
{
    return fact == NULL || fact[0] == '\0';
}

/* The `]` of the optional part that begins at p, with whether all its facts are known. */
static const char *optional_end(const char *p, const char *const facts[static FACTS], bool *known)
{
    *known = true;
    for (; *p != '\0' && *p != ']'; p++) {
        int fact = fact_at(p);
        if (fact >= 0 && is_missing(facts[fact]))
            *known = false;
    }
    return p;
}

void pic_speech_fill(struct pic_buf *out, const char *template, const char *const facts[static 3])
{
    for (const char *p = template; *p != '\0'; p++) {
        int fact = fact_at(p);
        bool known;
        if (fact >= 0) {
            if (!is_missing(facts[fact]))
                put_fact(out, facts[fact]);
            p += 2;
        } else if (*p == '[') {
            const char *end = optional_end(p, facts, &known);
            if (!known)
                p = end;
            if (*p == '\0')
                return;
        } else if (*p != ']') {
            pic_buf_u8(out, (uint8_t)*p);
        }
    }
}

void pic_speech_tell(struct pic_buf *out, enum pic_tell key, ...)
{
    const char *facts[FACTS] = {0};
    va_list args;
    va_start(args, key);
    for (size_t i = 0; i < FACTS && (i == 0 || facts[i - 1] != NULL); i++)
        facts[i] = va_arg(args, const char *);
    va_end(args);
    pic_speech_fill(out, texts[key].text, facts);
}

int pic_speech_usage(struct pic_err *err, enum pic_tell key, const char *a, const char *b)
{
    struct pic_buf text;
    pic_buf_init(&text, SENTENCE_MAX);
    pic_speech_tell(&text, key, a, b, NULL);
    int status = pic_fail(err, PIC_EUSAGE, pic_buf_string(&text), NULL);
    pic_buf_release(&text);
    return status;
}

static void json_error(const struct pic_err *err, const char *const facts[static FACTS],
                       struct pic_buf *out)
{
    struct pic_buf text;
    struct pic_json j;
    pic_buf_init(&text, SENTENCE_MAX);
    pic_json_init(&j, out);
    pic_json_object(&j);
    pic_json_key(&j, "code");
    pic_json_text(&j, pic_status_code(err->status));
    pic_json_key(&j, "message");
    pic_speech_fill(&text, pic_speech_sentence(err->status), facts);
    pic_json_text(&j, pic_buf_string(&text));
    pic_json_key(&j, "action");
    pic_buf_clear(&text);
    pic_speech_fill(&text, pic_speech_action(err->status), facts);
    pic_json_text(&j, pic_buf_string(&text));
    pic_json_close(&j);
    pic_buf_u8(out, '\n');
    pic_buf_release(&text);
}

void pic_speech_error(const struct pic_err *err, enum pic_speech_style style, struct pic_buf *out)
{
    const char *const facts[FACTS] = {err->arg[0], err->arg[1], err->arg[2]};
    switch (style) {
    case PIC_SPEECH_SCREEN:
        pic_buf_printf(out, "%s  ", pic_status_code(err->status));
        pic_speech_fill(out, pic_speech_sentence(err->status), facts);
        pic_buf_text(out, "\n      → ");
        pic_speech_fill(out, pic_speech_action(err->status), facts);
        pic_buf_u8(out, '\n');
        break;
    case PIC_SPEECH_JSON:
        json_error(err, facts, out);
        break;
    case PIC_SPEECH_LINE:
        pic_speech_fill(out, pic_speech_sentence(err->status), facts);
        break;
    }
}

void pic_speech_count(struct pic_buf *out, uint64_t n, const char *one, const char *many)
{
    pic_buf_printf(out, "%" PRIu64 " %s", n, n < 2 ? one : many);
}

void pic_speech_bytes(struct pic_buf *out, uint64_t bytes)
{
    static const char *const units[] = {"octets", "Ko", "Mo", "Go", "To"};
    enum { UNITS = sizeof units / sizeof *units };
    if (bytes < 1024) {
        pic_speech_count(out, bytes, "octet", "octets");
        return;
    }
    /* Tenths of the unit, rounded; a decimal only below ten. */
    uint64_t whole = bytes, rest = 0;
    size_t unit = 0;
    while (whole >= 1024 && unit + 1 < UNITS) {
        rest = whole % 1024;
        whole /= 1024;
        unit++;
    }
    uint64_t tenths = whole * 10 + (rest * 10 + 512) / 1024;
    if (tenths >= 100)
        pic_buf_printf(out, "%" PRIu64 " %s", (tenths + 5) / 10, units[unit]);
    else
        pic_buf_printf(out, "%" PRIu64 ",%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
}

void pic_speech_duration(struct pic_buf *out, int64_t ms)
{
    static const struct {
        int64_t ms, until; /* used below this many of it */
        const char *one, *many;
    } units[] = {
        {1000, 60, "s", "s"},
        {INT64_C(60) * 1000, 60, "min", "min"},
        {INT64_C(3600) * 1000, 24, "h", "h"},
        {INT64_C(86400) * 1000, 61, "jour", "jours"},
        {INT64_C(30) * 86400 * 1000, 24, "mois", "mois"},
        {INT64_C(365) * 86400 * 1000, INT64_MAX, "an", "ans"},
    };
    size_t i = 0;
    if (ms < 0)
        ms = ms == INT64_MIN ? INT64_MAX : -ms;
    while (ms / units[i].ms >= units[i].until)
        i++;
    pic_speech_count(out, (uint64_t)(ms / units[i].ms), units[i].one, units[i].many);
}

void pic_speech_ago(struct pic_buf *out, int64_t ms, int64_t now_ms)
{
    enum { JUST_NOW_MS = 60 * 1000 };
    int64_t since = now_ms - ms;
    if (since > -JUST_NOW_MS && since < JUST_NOW_MS) {
        pic_buf_text(out, "à l'instant");
        return;
    }
    pic_buf_text(out, since < 0 ? "dans " : "il y a ");
    pic_speech_duration(out, since);
}

static struct tm local(int64_t ms)
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm = {0};
    (void)localtime_r(&t, &tm);
    return tm;
}

static bool same_day(const struct tm *a, const struct tm *b)
{
    return a->tm_year == b->tm_year && a->tm_yday == b->tm_yday;
}

void pic_speech_moment(struct pic_buf *out, int64_t ms, int64_t now_ms)
{
    struct tm then = local(ms), now = local(now_ms);
    /* Noon is the same calendar day whatever the clock did that night. */
    struct tm noon = {.tm_year = now.tm_year,
                      .tm_mon = now.tm_mon,
                      .tm_mday = now.tm_mday - 1,
                      .tm_hour = 12,
                      .tm_isdst = -1};
    (void)mktime(&noon);
    if (same_day(&then, &now))
        pic_buf_text(out, "aujourd'hui");
    else if (same_day(&then, &noon))
        pic_buf_text(out, "hier");
    else
        pic_buf_printf(out, "le %02d/%02d/%04d", then.tm_mday, then.tm_mon + 1,
                       then.tm_year + 1900);
    pic_buf_printf(out, " à %d h %02d", then.tm_hour, then.tm_min);
}

void pic_speech_instant(struct pic_buf *out, int64_t ms)
{
    struct tm tm = local(ms);
    pic_buf_printf(out, "%02d/%02d/%04d à %02d:%02d:%02d", tm.tm_mday, tm.tm_mon + 1,
                   tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
