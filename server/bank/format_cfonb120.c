#include "server/bank/format_cfonb120.h"

#include <string.h>

#include "protocol/base/text.h"
#include "schema/dictionary/number.h"
#include "schema/face/speech.h"
#include "server/bank/day.h"

enum { WIDTH = 120, TEXTS_MAX = 8192 };

/* Where things stand: first column from 1, and how many. */
struct place {
    uint8_t first, n;
};

static const struct place bank = {3, 5}, branch = {12, 5}, currency = {17, 3}, decimals = {20, 1},
                          account = {22, 11}, booked = {35, 6}, valued = {43, 6}, label = {49, 31},
                          amount = {91, 14}, reference = {105, 16}, qualifier = {46, 3},
                          detail = {49, 70};

/* One line, cut into columns: column i (from 0) is p[start[i]] to p[start[i + 1]]. */
struct record {
    const uint8_t *p;
    size_t start[WIDTH + 1];
    uint64_t origin;
};

/* What the complements of a movement (05) say, kept until the next one. */
struct movement {
    bool open;
    size_t index;
    struct pic_bank_draft draft;
    struct pic_buf label, reference, counterparty;
};

struct reading {
    struct pic_statements *out;
    struct pic_err *err;
    struct record record;
    struct movement movement;
    size_t open; /* index + 1 of the account between 01 and 07; 0: none */
};

static struct pic_span part(const struct record *r, struct place place)
{
    size_t from = r->start[place.first - 1];
    return pic_span_of(r->p + from, r->start[place.first - 1 + place.n] - from);
}

static struct pic_span trimmed(struct pic_span s)
{
    while (s.n > 0 && s.p[s.n - 1] == ' ')
        s.n--;
    while (s.n > 0 && s.p[0] == ' ')
        s = pic_span_of(s.p + 1, s.n - 1);
    return s;
}

static int fail(struct reading *r, enum pic_tell what, struct pic_span piece)
{
    return pic_statement_fail(r->err, r->record.origin, pic_speech_text(what), trimmed(piece));
}

/* --- lines --- */

/* Finds the columns of a line; those beyond its end are empty. False when it has more than 120. */
static bool cut_columns(struct pic_span line, bool utf8, struct record *out)
{
    size_t at = 0;
    out->p = line.p;
    for (size_t column = 0; column <= WIDTH; column++) {
        out->start[column] = at;
        if (at == line.n)
            continue;
        if (column == WIDTH)
            return false;
        int32_t point;
        size_t n = utf8 ? pic_text_next(pic_span_of(line.p + at, line.n - at), &point) : 1;
        at += n == 0 ? 1 : n;
    }
    return true;
}

static bool is_utf8(struct pic_span s)
{
    while (s.n > 0) {
        int32_t c;
        size_t n = pic_text_next(s, &c);
        if (n == 0)
            return false;
        s = pic_span_of(s.p + n, s.n - n);
    }
    return true;
}

/* Takes the next line off rest: up to its newline, or 120 signs where there is none. */
static struct pic_span next_line(struct pic_span *rest)
{
    size_t n = 0;
    while (n < rest->n && rest->p[n] != '\n' && rest->p[n] != '\r')
        n++;
    bool endless = n > WIDTH && n % WIDTH == 0;
    if (endless)
        n = WIDTH;
    struct pic_span line = pic_span_of(rest->p, n);
    size_t skip = n;
    if (!endless && skip < rest->n)
        skip += rest->p[skip] == '\r' && skip + 1 < rest->n && rest->p[skip + 1] == '\n' ? 2 : 1;
    *rest = pic_span_of(rest->p + skip, rest->n - skip);
    while (line.n > 0 && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == 0x1A))
        line.n--;
    return line;
}

bool pic_cfonb120_recognises(struct pic_span file)
{
    struct pic_span line = pic_span_of(file.p, 0);
    while (file.n > 0 && line.n == 0)
        line = next_line(&file);
    return line.n >= 104 && line.n <= WIDTH && line.p[0] == '0' &&
           strchr("1457", line.p[1]) != NULL && line.p[1] != '\0' &&
           memchr(line.p, ';', line.n) == NULL;
}

/* --- values --- */

bool pic_cfonb120_amount(struct pic_span signs, unsigned decimals_n, int64_t *cents)
{
    static const char credit[] = "{ABCDEFGHI";
    static const char debit[] = "}JKLMNOPQR";
    int64_t v = 0;
    bool negative = false;
    for (size_t i = 0; i < signs.n; i++) {
        char c = (char)signs.p[i];
        const char *found = NULL;
        bool last = i + 1 == signs.n;
        if (c != '\0' && last && (found = strchr(credit, c)) != NULL) {
            c = (char)('0' + (found - credit));
        } else if (c != '\0' && last && (found = strchr(debit, c)) != NULL) {
            c = (char)('0' + (found - debit));
            negative = true;
        } else if (c == ' ' && v == 0 && !last) {
            c = '0';
        }
        if (c < '0' || c > '9' || v > INT64_MAX / 100)
            return false;
        v = v * 10 + (c - '0');
    }
    for (; decimals_n > 2; decimals_n--, v /= 10)
        if (v % 10 != 0)
            return false;
    for (; decimals_n < 2 && v <= PIC_MONEY_MAX; decimals_n++)
        v *= 10;
    if (signs.n == 0 || v > PIC_MONEY_MAX)
        return false;
    *cents = negative ? -v : v;
    return true;
}

static bool read_day(struct pic_span s, int64_t *day)
{
    int pair[3] = {0};
    if (s.n != 6)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        pair[i / 2] = pair[i / 2] * 10 + (s.p[i] - '0');
    }
    int century = pair[2] > PIC_BANK_PIVOT ? 1900 : 2000;
    return pic_bank_day(century + pair[2], pair[1], pair[0], day);
}

static int read_amount(struct reading *r, int64_t *cents)
{
    struct pic_span d = part(&r->record, decimals);
    unsigned n = d.n == 1 && d.p[0] >= '0' && d.p[0] <= '9' ? (unsigned)(d.p[0] - '0') : 2;
    if (pic_cfonb120_amount(part(&r->record, amount), n, cents))
        return PIC_OK;
    return fail(r, PIC_TELL_BANK_AMOUNT, part(&r->record, amount));
}

/* The statement of the account that a line names: bank, branch and number. */
static int read_account(struct reading *r, size_t *index)
{
    struct pic_span money = trimmed(part(&r->record, currency));
    if (money.n > 0 && !pic_span_equal(money, pic_span_text("EUR")))
        return fail(r, PIC_TELL_BANK_CURRENCY, money);
    enum { NAME_MAX = (5 + 5 + 11) * 4 }; /* signs of UTF-8 */
    uint8_t name[NAME_MAX] = {0};
    size_t n = 0;
    const struct place places[] = {bank, branch, account};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct pic_span s = part(&r->record, places[i]);
        if (s.n > 0)
            memcpy(name + n, s.p, s.n);
        n += s.n;
    }
    return pic_statements_account(r->out, pic_span_of(name, n), r->record.origin, index, r->err);
}

/* --- records --- */

static void join(struct pic_buf *out, struct pic_span s)
{
    s = trimmed(s);
    if (s.n > 0 && out->len > 0)
        pic_buf_u8(out, ' ');
    pic_buf_bytes(out, s.p, s.n);
}

/* Gives the movement, now that its complements are known. */
static int close_movement(struct reading *r)
{
    struct movement *m = &r->movement;
    if (!m->open)
        return PIC_OK;
    m->open = false;
    m->draft.label = pic_buf_view(&m->label);
    m->draft.reference = pic_buf_view(&m->reference);
    m->draft.counterparty = pic_buf_view(&m->counterparty);
    return pic_statements_line(r->out, m->index, &m->draft, r->err);
}

static int read_balance(struct reading *r)
{
    int64_t day;
    int64_t cents = 0;
    size_t index = 0;
    bool opens = r->record.p[1] == '1';
    if (!read_day(part(&r->record, booked), &day))
        return fail(r, PIC_TELL_BANK_DATE, part(&r->record, booked));
    int status = read_amount(r, &cents);
    if (status == PIC_OK)
        status = read_account(r, &index);
    if (status != PIC_OK)
        return status;
    if (opens == (r->open != 0) || (!opens && r->open != index + 1))
        return fail(r, PIC_TELL_BANK_RECORD, part(&r->record, account));
    r->open = opens ? index + 1 : 0;
    return pic_statements_mark(r->out, index, day, cents, r->record.origin, r->err);
}

static int read_movement(struct reading *r)
{
    struct movement *m = &r->movement;
    m->index = 0;
    m->draft = (struct pic_bank_draft){.value_on = PIC_NO_DAY, .origin = r->record.origin};
    if (!read_day(part(&r->record, booked), &m->draft.booked_on))
        return fail(r, PIC_TELL_BANK_DATE, part(&r->record, booked));
    if (trimmed(part(&r->record, valued)).n > 0 &&
        !read_day(part(&r->record, valued), &m->draft.value_on))
        return fail(r, PIC_TELL_BANK_DATE, part(&r->record, valued));
    int status = read_amount(r, &m->draft.amount);
    if (status == PIC_OK)
        status = read_account(r, &m->index);
    if (status != PIC_OK)
        return status;
    if (r->open != m->index + 1)
        return fail(r, PIC_TELL_BANK_RECORD, part(&r->record, account));
    m->open = true;
    pic_buf_clear(&m->label);
    pic_buf_clear(&m->reference);
    pic_buf_clear(&m->counterparty);
    join(&m->label, part(&r->record, label));
    join(&m->reference, part(&r->record, reference));
    return PIC_OK;
}

/* Qualifiers of a complement that are kept, and where. What the bank adds for itself is not. */
static int read_complement(struct reading *r)
{
    static const struct {
        char name[4];
        enum { TO_LABEL, TO_COUNTERPARTY, TO_REFERENCE } to;
    } kept[] = {
        {"LIB", TO_LABEL},        {"LCC", TO_LABEL},        {"LC2", TO_LABEL},
        {"LCS", TO_LABEL},        {"NPY", TO_COUNTERPARTY}, {"NBE", TO_COUNTERPARTY},
        {"NPO", TO_COUNTERPARTY}, {"NBU", TO_COUNTERPARTY}, {"RCN", TO_REFERENCE},
    };
    struct movement *m = &r->movement;
    struct pic_buf *to[] = {&m->label, &m->counterparty, &m->reference};
    if (!m->open)
        return fail(r, PIC_TELL_BANK_RECORD, part(&r->record, qualifier));
    struct pic_span name = part(&r->record, qualifier);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (pic_span_equal(name, pic_span_text(kept[i].name)) &&
            to[kept[i].to]->len < TEXTS_MAX / 2)
            join(to[kept[i].to], part(&r->record, detail));
    return PIC_OK;
}

static int read_record(struct reading *r)
{
    static const struct {
        int (*read)(struct reading *r);
        char code[3];
        bool completes; /* belongs to the movement before */
    } records[] = {
        {read_balance, "01", false},
        {read_movement, "04", false},
        {read_complement, "05", true},
        {read_balance, "07", false},
    };
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        if (memcmp(r->record.p, records[i].code, 2) != 0)
            continue;
        int status = records[i].completes ? PIC_OK : close_movement(r);
        return status == PIC_OK ? records[i].read(r) : status;
    }
    return fail(r, PIC_TELL_BANK_RECORD, pic_span_of(r->record.p, 2));
}

static int read_lines(struct reading *r, struct pic_span rest)
{
    bool utf8 = is_utf8(rest);
    int status = PIC_OK;
    while (status == PIC_OK && rest.n > 0) {
        struct pic_span line = next_line(&rest);
        r->record.origin++;
        if (line.n == 0)
            continue;
        if (line.n < 3 || !cut_columns(line, utf8, &r->record))
            return fail(r, PIC_TELL_BANK_LENGTH, pic_span_of(line.p, line.n < 3 ? line.n : 2));
        status = read_record(r);
    }
    return status == PIC_OK ? close_movement(r) : status;
}

int pic_cfonb120_read(struct pic_span file, const char *unused, struct pic_statements *out,
                      struct pic_err *err)
{
    struct reading r = {.out = out, .err = err};
    (void)unused; /* every line names its account */
    pic_buf_init(&r.movement.label, TEXTS_MAX);
    pic_buf_init(&r.movement.reference, TEXTS_MAX);
    pic_buf_init(&r.movement.counterparty, TEXTS_MAX);
    int status = read_lines(&r, file);
    pic_buf_release(&r.movement.label);
    pic_buf_release(&r.movement.reference);
    pic_buf_release(&r.movement.counterparty);
    return status;
}
