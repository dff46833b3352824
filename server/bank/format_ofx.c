#include "server/bank/format_ofx.h"

#include <string.h>

#include "schema/dictionary/number.h"
#include "schema/face/speech.h"
#include "server/bank/day.h"

enum { TAG_MAX = 32, VALUE_MAX = 4096, LOOK_MAX = 2048 };

/* Values that are kept, by where they stand. */
enum value {
    BANKID,
    BRANCHID,
    ACCTID, /* up to here: the account */
    DTPOSTED,
    DTAVAIL,
    TRNAMT,
    NAME,
    MEMO,
    REFNUM,
    CHECKNUM, /* up to here: a movement */
    DTSTART,
    DTEND,
    BALAMT,
    DTASOF,
    CURDEF,
    VALUES
};

static const char *const names[VALUES] = {
    [BANKID] = "BANKID",   [BRANCHID] = "BRANCHID", [ACCTID] = "ACCTID",   [DTPOSTED] = "DTPOSTED",
    [DTAVAIL] = "DTAVAIL", [TRNAMT] = "TRNAMT",     [NAME] = "NAME",       [MEMO] = "MEMO",
    [REFNUM] = "REFNUM",   [CHECKNUM] = "CHECKNUM", [DTSTART] = "DTSTART", [DTEND] = "DTEND",
    [BALAMT] = "BALAMT",   [DTASOF] = "DTASOF",     [CURDEF] = "CURDEF",
};

/* Aggregates that matter: inside one of them the same name means another thing. */
enum { IN_ACCOUNT = 1 << 0, IN_MOVEMENT = 1 << 1, IN_BALANCE = 1 << 2, IN_OTHER = 1 << 3 };

static const struct {
    const char *name;
    unsigned in;
} aggregates[] = {
    {"BANKACCTFROM", IN_ACCOUNT}, {"CCACCTFROM", IN_ACCOUNT}, {"STMTTRN", IN_MOVEMENT},
    {"LEDGERBAL", IN_BALANCE},    {"BANKACCTTO", IN_OTHER},   {"CCACCTTO", IN_OTHER},
    {"AVAILBAL", IN_OTHER},       {"BALLIST", IN_OTHER},
};

struct reading {
    struct pic_span rest;
    uint64_t line;
    unsigned in;
    const char *given;
    struct pic_span values[VALUES]; /* borrowed from the file, entities not opened */
    bool open;                      /* index is that of an account */
    size_t index;
    struct pic_buf label, name, reference;
    struct pic_statements *out;
    struct pic_err *err;
};

static int fail(struct reading *r, enum pic_tell what, struct pic_span piece)
{
    return pic_statement_fail(r->err, r->line, pic_speech_text(what), piece);
}

bool pic_ofx_recognises(struct pic_span file)
{
    size_t n = file.n < LOOK_MAX ? file.n : LOOK_MAX;
    return n > 0 &&
           (memmem(file.p, n, "OFXHEADER", 9) != NULL || memmem(file.p, n, "<OFX>", 5) != NULL);
}

/* --- values --- */

/* Appends a value with its entities opened: &amp; &lt; &gt; &quot; &apos; &nbsp; */
static void put_value(struct pic_span s, struct pic_buf *out)
{
    static const struct {
        const char *entity;
        char sign;
    } entities[] = {{"&amp;", '&'},   {"&lt;", '<'},   {"&gt;", '>'},  {"&quot;", '"'},
                    {"&apos;", '\''}, {"&#39;", '\''}, {"&nbsp;", ' '}};
    for (size_t i = 0; i < s.n && i < VALUE_MAX;) {
        size_t step = 1;
        uint8_t c = s.p[i];
        for (size_t k = 0; c == '&' && k < sizeof entities / sizeof entities[0]; k++) {
            size_t n = strlen(entities[k].entity);
            if (s.n - i >= n && memcmp(s.p + i, entities[k].entity, n) == 0) {
                c = (uint8_t)entities[k].sign;
                step = n;
                break;
            }
        }
        pic_buf_u8(out, c);
        i += step;
    }
}

/* YYYYMMDD, then perhaps a time and a zone that statements do not need. */
static bool read_day(struct pic_span s, int64_t *day)
{
    int digits[8];
    if (s.n < 8)
        return false;
    for (size_t i = 0; i < 8; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        digits[i] = s.p[i] - '0';
    }
    int year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3];
    return pic_bank_day(year, digits[4] * 10 + digits[5], digits[6] * 10 + digits[7], day);
}

/* A sign, figures, and a point or a comma before the decimals; zeros beyond the cents are let be.
 */
static bool read_money(struct pic_span s, int64_t *cents)
{
    int64_t v = 0;
    int decimals = -1;
    size_t i = 0;
    size_t figures = 0;
    bool negative = s.n > 0 && s.p[0] == '-';
    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'))
        i = 1;
    for (; i < s.n; i++) {
        uint8_t c = s.p[i];
        if ((c == '.' || c == ',') && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (c < '0' || c > '9' || v > PIC_MONEY_MAX || (decimals >= 2 && c != '0'))
            return false;
        figures++;
        if (decimals >= 2)
            continue;
        v = v * 10 + (c - '0');
        decimals += decimals >= 0;
    }
    for (decimals = decimals < 0 ? 0 : decimals; decimals < 2; decimals++)
        v *= 10;
    if (figures == 0 || v > PIC_MONEY_MAX)
        return false;
    *cents = negative ? -v : v;
    return true;
}

/* --- aggregates --- */

static void forget(struct reading *r, enum value from, enum value to)
{
    for (unsigned i = from; i <= to; i++)
        r->values[i] = pic_span_of(NULL, 0);
}

static int open_account(struct reading *r, struct pic_span account)
{
    int status = pic_statements_account(r->out, account, r->line, &r->index, r->err);
    r->open = status == PIC_OK;
    return status;
}

static int end_account(struct reading *r)
{
    pic_buf_clear(&r->label);
    for (unsigned i = BANKID; i <= ACCTID; i++)
        put_value(r->values[i], &r->label);
    forget(r, BANKID, ACCTID);
    return open_account(r, pic_buf_view(&r->label));
}

/* The account that what follows belongs to. */
static int need_account(struct reading *r)
{
    return r->open ? PIC_OK : open_account(r, pic_span_text(r->given == NULL ? "" : r->given));
}

static int end_movement(struct reading *r)
{
    struct pic_bank_draft draft = {.value_on = PIC_NO_DAY, .origin = r->line};
    int status = need_account(r);
    if (status != PIC_OK)
        return status;
    if (!read_day(r->values[DTPOSTED], &draft.booked_on))
        return fail(r, PIC_TELL_BANK_DATE, r->values[DTPOSTED]);
    if (r->values[DTAVAIL].n > 0 && !read_day(r->values[DTAVAIL], &draft.value_on))
        return fail(r, PIC_TELL_BANK_DATE, r->values[DTAVAIL]);
    if (!read_money(r->values[TRNAMT], &draft.amount))
        return fail(r, PIC_TELL_BANK_AMOUNT, r->values[TRNAMT]);
    pic_buf_clear(&r->label);
    pic_buf_clear(&r->name);
    pic_buf_clear(&r->reference);
    put_value(r->values[NAME], &r->name);
    put_value(r->values[NAME], &r->label);
    if (r->values[NAME].n > 0 && r->values[MEMO].n > 0)
        pic_buf_u8(&r->label, ' ');
    put_value(r->values[MEMO], &r->label);
    /* FITID only tells movements of one bank apart; people never see it. */
    put_value(r->values[r->values[CHECKNUM].n > 0 ? CHECKNUM : REFNUM], &r->reference);
    draft.label = pic_buf_view(&r->label);
    draft.reference = pic_buf_view(&r->reference);
    draft.counterparty = pic_buf_view(&r->name);
    status = pic_statements_line(r->out, r->index, &draft, r->err);
    forget(r, DTPOSTED, CHECKNUM);
    return status;
}

/* The balance comes after all movements of the account. */
static int end_balance(struct reading *r)
{
    int64_t day = PIC_NO_DAY;
    int64_t cents;
    int status = need_account(r);
    if (status != PIC_OK)
        return status;
    if (r->values[DTASOF].n > 0 && !read_day(r->values[DTASOF], &day))
        return fail(r, PIC_TELL_BANK_DATE, r->values[DTASOF]);
    if (!read_money(r->values[BALAMT], &cents))
        return fail(r, PIC_TELL_BANK_AMOUNT, r->values[BALAMT]);
    forget(r, BALAMT, DTASOF);
    return pic_statements_mark(r->out, r->index, day, cents, r->line, r->err);
}

/* The list of movements tells the period it covers. */
static int end_list(struct reading *r)
{
    int status = need_account(r);
    if (status != PIC_OK)
        return status;
    struct pic_statement *t = &r->out->items[r->index];
    int64_t from;
    int64_t to;
    if (read_day(r->values[DTSTART], &from) && read_day(r->values[DTEND], &to) && from <= to) {
        if (t->from_on == PIC_NO_DAY || from < t->from_on)
            t->from_on = from;
        if (to > t->to_on)
            t->to_on = to;
    }
    forget(r, DTSTART, DTEND);
    return PIC_OK;
}

static int end_statement(struct reading *r)
{
    struct pic_span currency = r->values[CURDEF];
    if (currency.n > 0 && !pic_span_equal(currency, pic_span_text("EUR")))
        return fail(r, PIC_TELL_BANK_CURRENCY, currency);
    forget(r, CURDEF, CURDEF);
    r->open = false;
    return PIC_OK;
}

static const struct {
    const char *name;
    int (*end)(struct reading *r);
} ends[] = {
    {"BANKACCTFROM", end_account}, {"CCACCTFROM", end_account}, {"STMTTRN", end_movement},
    {"LEDGERBAL", end_balance},    {"BANKTRANLIST", end_list},  {"STMTRS", end_statement},
    {"CCSTMTRS", end_statement},
};

/* --- tags --- */

static bool is_named(struct pic_span tag, const char *name)
{
    return pic_span_equal(tag, pic_span_text(name));
}

static int close_tag(struct reading *r, struct pic_span tag)
{
    for (size_t i = 0; i < sizeof aggregates / sizeof aggregates[0]; i++)
        if (is_named(tag, aggregates[i].name))
            r->in &= ~aggregates[i].in;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (is_named(tag, ends[i].name))
            return ends[i].end(r);
    return PIC_OK;
}

/* Whether a value means what its name says, where it stands. */
static bool is_at_home(unsigned in, enum value value)
{
    if ((in & IN_OTHER) != 0)
        return false;
    if (value <= ACCTID)
        return (in & IN_ACCOUNT) != 0;
    if (value <= CHECKNUM)
        return (in & IN_MOVEMENT) != 0;
    return value <= DTEND || value == CURDEF || (in & IN_BALANCE) != 0;
}

static void open_tag(struct reading *r, struct pic_span tag, struct pic_span value)
{
    for (size_t i = 0; i < sizeof aggregates / sizeof aggregates[0]; i++)
        if (is_named(tag, aggregates[i].name))
            r->in |= aggregates[i].in;
    for (unsigned i = 0; i < VALUES; i++)
        if (is_named(tag, names[i]) && is_at_home(r->in, i))
            r->values[i] = value;
}

static struct pic_span trimmed(struct pic_span s)
{
    while (s.n > 0 && s.p[s.n - 1] <= ' ')
        s.n--;
    while (s.n > 0 && s.p[0] <= ' ')
        s = pic_span_of(s.p + 1, s.n - 1);
    return s;
}

/* Takes the bytes before the next stop, or all of them; counts lines. */
static struct pic_span take_to(struct reading *r, uint8_t stop)
{
    const uint8_t *end = r->rest.n == 0 ? NULL : memchr(r->rest.p, stop, r->rest.n);
    size_t n = end == NULL ? r->rest.n : (size_t)(end - r->rest.p);
    struct pic_span taken = pic_span_of(r->rest.p, n);
    for (size_t i = 0; i < n; i++)
        r->line += taken.p[i] == '\n';
    r->rest = pic_span_of(r->rest.p + n, r->rest.n - n);
    return taken;
}

static int read_tags(struct reading *r)
{
    int status = PIC_OK;
    (void)take_to(r, '<');
    while (status == PIC_OK && r->rest.n > 0) {
        struct pic_span tag = take_to(r, '>');
        if (r->rest.n == 0)
            return fail(r, PIC_TELL_BANK_TAG, pic_span_of(NULL, 0));
        tag = pic_span_of(tag.p + 1, tag.n - 1); /* behind the '<' */
        r->rest = pic_span_of(r->rest.p + 1, r->rest.n - 1);
        struct pic_span value = trimmed(take_to(r, '<'));
        if (tag.n == 0 || tag.n > TAG_MAX)
            continue; /* a comment, or a heading of XML */
        if (tag.p[0] == '/')
            status = close_tag(r, pic_span_of(tag.p + 1, tag.n - 1));
        else
            open_tag(r, tag, value);
    }
    return status;
}

/* Oldest first, as movements of any order are allowed: turned when the first is the latest. */
static void put_in_order(struct pic_statement *t)
{
    if (t->line_n > 1 && t->mark_n <= 1 &&
        t->lines[0].booked_on > t->lines[t->line_n - 1].booked_on) {
        struct pic_bank_mark *mark = t->mark_n == 1 ? &t->marks[0] : NULL;
        size_t after = mark == NULL ? 0 : mark->after;
        pic_statement_turn(t);
        if (mark != NULL)
            mark->after = after;
    }
}

int pic_ofx_read(struct pic_span file, const char *account, struct pic_statements *out,
                 struct pic_err *err)
{
    struct reading r = {.rest = file, .line = 1, .given = account, .out = out, .err = err};
    pic_buf_init(&r.label, (size_t)3 * VALUE_MAX);
    pic_buf_init(&r.name, VALUE_MAX);
    pic_buf_init(&r.reference, VALUE_MAX);
    int status = read_tags(&r);
    for (size_t i = 0; status == PIC_OK && i < out->n; i++)
        put_in_order(&out->items[i]);
    pic_buf_release(&r.label);
    pic_buf_release(&r.name);
    pic_buf_release(&r.reference);
    return status;
}
