#include "server/bank/format_camt053.h"

#include <expat.h>
#include <string.h>

#include "schema/dictionary/number.h"
#include "schema/face/speech.h"
#include "server/bank/day.h"

enum {
    RECOGNISED_IN = 4096,
    DEPTH_MAX = 32,
    PATH_MAX_BYTES = 512,
    VALUE_MAX = 2048,
    CURRENCY_MAX = 8
};

/* What is kept of a statement, by where it stands in it. */
enum value {
    ACCOUNT,
    FROM,
    TO,
    BALANCE_KIND,
    BALANCE_AMOUNT,
    BALANCE_SIDE,
    BALANCE_DAY,
    AMOUNT,
    SIDE,
    STATE,
    BOOKED,
    VALUED,
    TOLD,
    CHEQUE,
    END_TO_END,
    CREDITOR,
    DEBTOR,
    REMITTANCE,
    VALUES
};

#define TX "Ntry/NtryDtls/TxDtls/"

/* Paths below Stmt. The first element of a kind counts; remittance texts are joined. */
static const struct {
    const char *path;
    enum value value;
} paths[] = {
    {"Acct/Id/IBAN", ACCOUNT},
    {"Acct/Id/Othr/Id", ACCOUNT},
    {"FrToDt/FrDtTm", FROM},
    {"FrToDt/ToDtTm", TO},
    {"Bal/Tp/CdOrPrtry/Cd", BALANCE_KIND},
    {"Bal/Amt", BALANCE_AMOUNT},
    {"Bal/CdtDbtInd", BALANCE_SIDE},
    {"Bal/Dt/Dt", BALANCE_DAY},
    {"Bal/Dt/DtTm", BALANCE_DAY},
    {"Ntry/Amt", AMOUNT},
    {"Ntry/CdtDbtInd", SIDE},
    {"Ntry/Sts", STATE},
    {"Ntry/Sts/Cd", STATE},
    {"Ntry/BookgDt/Dt", BOOKED},
    {"Ntry/BookgDt/DtTm", BOOKED},
    {"Ntry/ValDt/Dt", VALUED},
    {"Ntry/ValDt/DtTm", VALUED},
    {"Ntry/AddtlNtryInf", TOLD},
    {TX "Refs/ChqNb", CHEQUE},
    {TX "Refs/EndToEndId", END_TO_END},
    {TX "RltdPties/Cdtr/Nm", CREDITOR},
    {TX "RltdPties/Cdtr/Pty/Nm", CREDITOR},
    {TX "RltdPties/Dbtr/Nm", DEBTOR},
    {TX "RltdPties/Dbtr/Pty/Nm", DEBTOR},
    {TX "RmtInf/Ustrd", REMITTANCE},
};

struct reading {
    XML_Parser parser;
    char path[PATH_MAX_BYTES]; /* of the element at hand, names apart by '/' */
    size_t ends[DEPTH_MAX];    /* length of the path at each depth */
    size_t depth;
    size_t statement; /* depth of Stmt; 0 outside */
    struct pic_buf values[VALUES];
    enum value at;           /* where characters go; VALUES: nowhere */
    struct pic_buf currency; /* of an amount of the element at hand that is not in euros */
    bool open;               /* index is that of the statement's account */
    bool has_closing;        /* told, to be marked behind the entries */
    int64_t closing, closing_day;
    size_t index;
    const char *given; /* account that the caller knows, or NULL */
    struct pic_statements *out;
    struct pic_err *err;
    int status;
};

static uint64_t line_of(const struct reading *r)
{
    return (uint64_t)XML_GetCurrentLineNumber(r->parser);
}

static int fail(struct reading *r, enum pic_tell what, struct pic_span text)
{
    return pic_statement_fail(r->err, line_of(r), pic_speech_text(what), text);
}

static void stop(struct reading *r, int status)
{
    if (status == PIC_OK || r->status != PIC_OK)
        return;
    r->status = status;
    (void)XML_StopParser(r->parser, XML_FALSE);
}

/* --- values --- */

static struct pic_span value_of(const struct reading *r, enum value value)
{
    struct pic_span s = pic_buf_view(&r->values[value]);
    while (s.n > 0 && s.p[s.n - 1] <= ' ')
        s.n--;
    while (s.n > 0 && s.p[0] <= ' ')
        s = pic_span_of(s.p + 1, s.n - 1);
    return s;
}

static bool is(struct pic_span s, const char *text)
{
    return pic_span_equal(s, pic_span_text(text));
}

static void forget(struct reading *r, enum value from, enum value to)
{
    for (unsigned i = from; i <= to; i++)
        pic_buf_clear(&r->values[i]);
    pic_buf_clear(&r->currency);
}

static bool figures(struct pic_span s, size_t from, size_t n, int *out)
{
    *out = 0;
    for (size_t i = from; i < from + n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        *out = *out * 10 + (s.p[i] - '0');
    }
    return true;
}

/* YYYY-MM-DD, then perhaps a time and a zone that statements do not need. */
static bool read_day(struct pic_span s, int64_t *day)
{
    enum { YEAR = 0, MONTH = 5, MDAY = 8, DAY = 10 };
    int year;
    int month;
    int mday;
    return s.n >= DAY && s.p[MONTH - 1] == '-' && s.p[MDAY - 1] == '-' &&
           figures(s, YEAR, 4, &year) && figures(s, MONTH, 2, &month) &&
           figures(s, MDAY, 2, &mday) && pic_bank_day(year, month, mday, day);
}

/* Figures, and a point before the decimals; zeros beyond the cents are let be. The side says the
 * sign: amounts bear none. */
static bool read_money(struct pic_span s, struct pic_span side, int64_t *cents)
{
    int64_t v = 0;
    size_t i = 0;
    size_t decimals = 0;
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && v <= PIC_MONEY_MAX; i++)
        v = v * 10 + (s.p[i] - '0');
    bool whole = i > 0;
    if (i < s.n && s.p[i] == '.')
        for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && v <= PIC_MONEY_MAX; i++) {
            if (decimals >= 2 && s.p[i] != '0')
                return false;
            if (decimals++ < 2)
                v = v * 10 + (s.p[i] - '0');
        }
    for (; decimals < 2; decimals++)
        v *= 10;
    bool debit = is(side, "DBIT");
    if (!whole || i < s.n || v > PIC_MONEY_MAX || (!debit && !is(side, "CRDT")))
        return false;
    *cents = debit ? -v : v;
    return true;
}

static int read_amount(struct reading *r, enum value amount, enum value side, int64_t *cents)
{
    if (r->currency.len > 0)
        return fail(r, PIC_TELL_BANK_CURRENCY, pic_buf_view(&r->currency));
    if (!read_money(value_of(r, amount), value_of(r, side), cents))
        return fail(r, PIC_TELL_BANK_AMOUNT, value_of(r, amount));
    return PIC_OK;
}

/* --- what elements mean when they end --- */

/* The account that what follows belongs to. */
static int need_account(struct reading *r)
{
    struct pic_span account = value_of(r, ACCOUNT);
    if (r->open)
        return PIC_OK;
    if (account.n == 0)
        account = pic_span_text(r->given == NULL ? "" : r->given);
    int status = pic_statements_account(r->out, account, line_of(r), &r->index, r->err);
    r->open = status == PIC_OK;
    return status;
}

/* Balances stand before the entries: the opening one is marked at once, the closing one waits. */
static int end_balance(struct reading *r)
{
    struct pic_span kind = value_of(r, BALANCE_KIND);
    bool opening = is(kind, "OPBD") || is(kind, "PRCD");
    int64_t cents = 0;
    int64_t day = 0;
    int status = PIC_OK;
    if (opening || is(kind, "CLBD")) {
        status = need_account(r);
        if (status == PIC_OK)
            status = read_amount(r, BALANCE_AMOUNT, BALANCE_SIDE, &cents);
        if (status == PIC_OK && !read_day(value_of(r, BALANCE_DAY), &day))
            status = fail(r, PIC_TELL_BANK_DATE, value_of(r, BALANCE_DAY));
        if (status != PIC_OK)
            return status;
        if (opening) /* OPBD may bear its own day or the one before: the period tells */
            status = pic_statements_mark(r->out, r->index, is(kind, "PRCD") ? day : PIC_NO_DAY,
                                         cents, line_of(r), r->err);
        else {
            r->has_closing = true;
            r->closing = cents;
            r->closing_day = day;
        }
    }
    forget(r, BALANCE_KIND, BALANCE_DAY);
    return status;
}

/* What the bank says, then what the payer wrote. */
static struct pic_span label_of(struct reading *r)
{
    struct pic_buf *label = &r->values[TOLD];
    struct pic_span remittance = value_of(r, REMITTANCE);
    if (label->len > 0 && remittance.n > 0)
        pic_buf_u8(label, ' ');
    pic_buf_bytes(label, remittance.p, remittance.n);
    return pic_buf_view(label);
}

static struct pic_span reference_of(const struct reading *r)
{
    struct pic_span cheque = value_of(r, CHEQUE);
    struct pic_span reference = value_of(r, END_TO_END);
    if (cheque.n > 0)
        return cheque;
    return is(reference, "NOTPROVIDED") ? pic_span_of("", 0) : reference;
}

static int end_entry(struct reading *r)
{
    struct pic_bank_draft draft = {.value_on = PIC_NO_DAY, .origin = line_of(r)};
    int status = PIC_OK;
    if (is(value_of(r, STATE), "BOOK")) {
        status = need_account(r);
        if (status == PIC_OK)
            status = read_amount(r, AMOUNT, SIDE, &draft.amount);
        if (status == PIC_OK && !read_day(value_of(r, BOOKED), &draft.booked_on))
            status = fail(r, PIC_TELL_BANK_DATE, value_of(r, BOOKED));
        if (status == PIC_OK && value_of(r, VALUED).n > 0 &&
            !read_day(value_of(r, VALUED), &draft.value_on))
            status = fail(r, PIC_TELL_BANK_DATE, value_of(r, VALUED));
        draft.counterparty = value_of(r, draft.amount < 0 ? CREDITOR : DEBTOR);
        draft.reference = reference_of(r);
        draft.label = label_of(r);
        if (status == PIC_OK)
            status = pic_statements_line(r->out, r->index, &draft, r->err);
    }
    forget(r, AMOUNT, REMITTANCE);
    return status;
}

static int end_statement(struct reading *r)
{
    int64_t from;
    int64_t to;
    int status = need_account(r);
    if (status == PIC_OK && r->has_closing)
        status =
            pic_statements_mark(r->out, r->index, r->closing_day, r->closing, line_of(r), r->err);
    if (status == PIC_OK && read_day(value_of(r, FROM), &from) && read_day(value_of(r, TO), &to) &&
        from <= to) {
        struct pic_statement *t = &r->out->items[r->index];
        if (t->from_on == PIC_NO_DAY || from < t->from_on)
            t->from_on = from;
        if (to > t->to_on)
            t->to_on = to;
    }
    forget(r, ACCOUNT, REMITTANCE);
    r->open = r->has_closing = false;
    r->statement = 0;
    return status;
}

/* --- XML --- */

/* Whether the element at hand stands at a path below its statement. */
static bool is_at(const struct reading *r, const char *path)
{
    if (r->depth <= r->statement)
        return false;
    size_t from = r->ends[r->statement - 1] + 1;
    return strcmp(r->path + from, path) == 0;
}

static bool pushes(struct reading *r, const char *name)
{
    const char *colon = strrchr(name, ':');
    const char *local = colon == NULL ? name : colon + 1;
    size_t at = r->depth == 0 ? 0 : r->ends[r->depth - 1];
    size_t n = strlen(local);
    if (r->depth == DEPTH_MAX || n == 0 || at + n + 2 > sizeof r->path)
        return false;
    if (at > 0)
        r->path[at++] = '/';
    memcpy(r->path + at, local, n + 1);
    r->ends[r->depth++] = at + n;
    if (r->statement == 0 && strcmp(local, "Stmt") == 0)
        r->statement = r->depth;
    return true;
}

/* Amounts bear their currency. */
static void look_at_currency(struct reading *r, const XML_Char **attributes)
{
    for (size_t i = 0; attributes[i] != NULL; i += 2)
        if (strcmp(attributes[i], "Ccy") == 0 && strcmp(attributes[i + 1], "EUR") != 0 &&
            r->currency.len == 0)
            pic_buf_printf(&r->currency, "%.*s", (int)CURRENCY_MAX,
                           *attributes[i + 1] == '\0' ? "?" : attributes[i + 1]);
}

static void XMLCALL element_starts(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *r = context;
    r->at = VALUES;
    if (!pushes(r, name)) {
        stop(r, fail(r, PIC_TELL_BANK_XML, pic_span_of(NULL, 0)));
        return;
    }
    if (r->statement == 0 || r->depth == r->statement)
        return;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (!is_at(r, paths[i].path))
            continue;
        enum value value = paths[i].value;
        if (value == AMOUNT || value == BALANCE_AMOUNT)
            look_at_currency(r, attributes);
        if (value == REMITTANCE && r->values[value].len > 0)
            pic_buf_u8(&r->values[value], ' ');
        else if (value_of(r, value).n > 0)
            return; /* the first one counts */
        r->at = value;
        return;
    }
}

static void XMLCALL element_ends(void *context, const XML_Char *name)
{
    struct reading *r = context;
    (void)name;
    int status = PIC_OK;
    if (r->status != PIC_OK)
        return;
    if (r->statement != 0 && r->depth == r->statement)
        status = end_statement(r);
    else if (r->statement != 0 && is_at(r, "Bal"))
        status = end_balance(r);
    else if (r->statement != 0 && is_at(r, "Ntry"))
        status = end_entry(r);
    r->at = VALUES;
    r->depth--;
    r->path[r->depth == 0 ? 0 : r->ends[r->depth - 1]] = '\0';
    stop(r, status);
}

/* What is longer than any text of a statement is cut. */
static void XMLCALL characters(void *context, const XML_Char *text, int n)
{
    struct reading *r = context;
    if (r->at == VALUES)
        return;
    size_t room = VALUE_MAX - r->values[r->at].len;
    pic_buf_bytes(&r->values[r->at], text, (size_t)n < room ? (size_t)n : room);
}

/* No statement needs one, and every entity bomb does. */
static void XMLCALL doctype(void *context, const XML_Char *name, const XML_Char *system,
                            const XML_Char *public, int internal)
{
    struct reading *r = context;
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    stop(r, fail(r, PIC_TELL_BANK_XML, pic_span_of(NULL, 0)));
}

bool pic_camt053_recognises(struct pic_span file)
{
    static const char mark[] = "BkToCstmrStmt";
    size_t n = file.n < RECOGNISED_IN ? file.n : RECOGNISED_IN;
    return n > 0 && memmem(file.p, n, mark, sizeof mark - 1) != NULL;
}

int pic_camt053_read(struct pic_span file, const char *account, struct pic_statements *out,
                     struct pic_err *err)
{
    struct reading r = {.at = VALUES, .given = account, .out = out, .err = err};
    r.parser = XML_ParserCreate(NULL);
    if (r.parser == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    for (size_t i = 0; i < VALUES; i++)
        pic_buf_init(&r.values[i], (size_t)2 * VALUE_MAX + 1); /* a label is two of them */
    pic_buf_init(&r.currency, CURRENCY_MAX + 1);
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, element_starts, element_ends);
    XML_SetCharacterDataHandler(r.parser, characters);
    XML_SetStartDoctypeDeclHandler(r.parser, doctype);
    enum XML_Status parsed = XML_Parse(r.parser, (const char *)file.p, (int)file.n, XML_TRUE);
    if (r.status == PIC_OK && parsed != XML_STATUS_OK)
        r.status = fail(&r, PIC_TELL_BANK_XML, pic_span_of(NULL, 0));
    XML_ParserFree(r.parser);
    for (size_t i = 0; i < VALUES; i++)
        pic_buf_release(&r.values[i]);
    pic_buf_release(&r.currency);
    return r.status;
}
