#include "schema/dictionary/value.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/base/text.h"
#include "schema/dictionary/grid.h"
#include "schema/dictionary/identifiers.h"

/* "S-…: {typed}, {label}" of a field, and a third fact where one helps. */
static int refuse(struct pic_err *err, int status, const char *typed, const struct pic_field *field,
                  const char *more)
{
    return pic_fail(err, status, typed, field->label, more, NULL);
}

/* The label of the field, once a piece that knows no field has refused. */
static int with_label(struct pic_err *err, int status, const struct pic_field *field)
{
    if (err != NULL) {
        char typed[PIC_ERR_ARG_MAX];
        char more[PIC_ERR_ARG_MAX];
        memcpy(typed, err->arg[0], sizeof typed);
        memcpy(more, err->arg[2], sizeof more);
        (void)pic_fail(err, status, typed, field->label, more, NULL);
    }
    return status;
}

static bool is_blank(const char *typed)
{
    return typed[strspn(typed, " \t\r\n")] == '\0';
}

/* What was appended to store since `from`, as a value; nothing at all is the empty value. */
static int take(const struct pic_buf *store, size_t from, enum pic_kind kind, struct pic_value *out)
{
    if (store->len == from)
        *out = (struct pic_value){.kind = PIC_KIND_NULL};
    else
        *out = (struct pic_value){.kind = kind,
                                  .s = pic_span_of(store->data + from, store->len - from)};
    return PIC_OK;
}

static int parse_text(const struct pic_field *field, const char *typed, struct pic_buf *store,
                      struct pic_value *out, struct pic_err *err)
{
    struct pic_buf lines; /* browsers end lines with \r\n, we with \n */
    pic_buf_init(&lines, (size_t)2 * PIC_TEXT_MAX);
    for (const char *p = typed; *p != '\0'; p++)
        if (*p != '\r')
            pic_buf_u8(&lines, (uint8_t)*p);
    size_t from = store->len;
    int status = pic_buf_status(&lines);
    if (status == PIC_OK)
        status = pic_text_clean(pic_buf_view(&lines), store);
    pic_buf_release(&lines);
    if (status == PIC_ETEXT)
        return refuse(err, PIC_ETEXT, typed, field, NULL);
    if (status != PIC_OK || store->len - from > field->size) {
        struct pic_buf most;
        pic_buf_init(&most, PIC_ERR_ARG_MAX);
        pic_buf_printf(&most, "%u", (unsigned)field->size);
        status = refuse(err, PIC_ETOO_LONG, typed, field, pic_buf_string(&most));
        pic_buf_release(&most);
        return status;
    }
    return take(store, from, PIC_KIND_TEXT, out);
}

/* Codes are made to be typed and read aloud: letters, digits and a few signs inside. */
static bool is_code(struct pic_span s)
{
    static const char signs[] = "-+._";
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!word && (i == 0 || memchr(signs, c, sizeof signs - 1) == NULL))
            return false;
    }
    return s.n > 0;
}

static bool is_member(const struct pic_field *field, struct pic_span s)
{
    enum pic_identifier kind = pic_identifier_kind(field->about);
    return kind == PIC_IDENTIFIER_NONE ? is_code(s) : pic_identifier_is(kind, s);
}

/* One code or identifier, canonical, appended to out. */
static int parse_member(const struct pic_field *field, const char *typed, struct pic_buf *out,
                        struct pic_err *err)
{
    enum pic_identifier kind = pic_identifier_kind(field->about);
    if (kind != PIC_IDENTIFIER_NONE) {
        int status = pic_identifier_parse(kind, typed, out, err);
        return status == PIC_OK ? PIC_OK : with_label(err, status, field);
    }
    size_t from = out->len;
    int status = pic_text_clean(pic_span_text(typed), out);
    if (status != PIC_OK || !is_code(pic_span_of(out->data + from, out->len - from)))
        return refuse(err, PIC_ECODE, typed, field, NULL);
    return PIC_OK;
}

static int parse_code(const struct pic_field *field, const char *typed, struct pic_buf *store,
                      struct pic_value *out, struct pic_err *err)
{
    size_t from = store->len;
    int status = parse_member(field, typed, store, err);
    if (status != PIC_OK)
        return status;
    if (store->len - from > field->size)
        return refuse(err, PIC_ECODE, typed, field, NULL);
    return take(store, from, PIC_KIND_TEXT, out);
}

static int compare_spans(const void *a, const void *b)
{
    const struct pic_span *x = a;
    const struct pic_span *y = b;
    int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

enum { SET_MEMBERS_MAX = 512 };

/* Splits words into its members: at most SET_MEMBERS_MAX, else 0. */
static size_t split_set(struct pic_span words, struct pic_span members[static SET_MEMBERS_MAX])
{
    size_t n = 0;
    for (size_t at = 0; at < words.n; at++) {
        if (words.p[at] == ' ')
            continue;
        if (n == SET_MEMBERS_MAX)
            return 0;
        size_t start = at;
        while (at < words.n && words.p[at] != ' ')
            at++;
        members[n++] = pic_span_of(words.p + start, at - start);
    }
    return n;
}

/* Members separated by spaces, commas or semicolons, each canonical, appended to words with one
 * space before each. */
static int read_members(const struct pic_field *field, const char *typed, struct pic_buf *words,
                        struct pic_err *err)
{
    static const char between[] = " ,;\t\r\n";
    struct pic_buf one;
    pic_buf_init(&one, PIC_TEXT_MAX);
    int status = PIC_OK;
    for (const char *p = typed + strspn(typed, between); *p != '\0' && status == PIC_OK;) {
        size_t n = strcspn(p, between);
        pic_buf_clear(&one);
        pic_buf_bytes(&one, p, n);
        pic_buf_u8(words, ' ');
        status = parse_member(field, pic_buf_string(&one), words, err);
        p += n;
        p += strspn(p, between);
    }
    pic_buf_release(&one);
    return status;
}

static int parse_set(const struct pic_field *field, const char *typed, struct pic_buf *store,
                     struct pic_value *out, struct pic_err *err)
{
    struct pic_span members[SET_MEMBERS_MAX];
    struct pic_buf words;
    pic_buf_init(&words, PIC_TEXT_MAX);
    size_t from = store->len;
    int status = read_members(field, typed, &words, err);
    if (status == PIC_OK) {
        size_t n = split_set(pic_buf_view(&words), members);
        qsort(members, n, sizeof members[0], compare_spans);
        for (size_t i = 0; i < n; i++) {
            if (i > 0 && pic_span_equal(members[i], members[i - 1]))
                continue;
            if (store->len > from)
                pic_buf_u8(store, ' ');
            pic_buf_bytes(store, members[i].p, members[i].n);
        }
        bool crowded = n == 0 && words.len > 0;
        if (words.bad || store->bad || crowded || store->len - from > field->size)
            status = refuse(err, PIC_ETOO_LONG, typed, field, NULL);
        else
            status = take(store, from, PIC_KIND_TEXT, out);
    }
    pic_buf_release(&words);
    return status;
}

static int parse_grid(const struct pic_field *field, const char *typed, struct pic_buf *store,
                      struct pic_value *out, struct pic_err *err)
{
    struct pic_grid grid = {0};
    int status = pic_grid_parse(typed, &grid, err);
    if (status != PIC_OK)
        return with_label(err, status, field);
    size_t from = store->len;
    pic_grid_put(&grid, store);
    if (store->bad || store->len - from > field->size)
        return refuse(err, PIC_ETOO_LONG, typed, field, NULL);
    return take(store, from, PIC_KIND_BYTES, out);
}

static int parse_bool(const char *typed, int64_t *out, struct pic_err *err)
{
    static const struct {
        const char *word;
        int64_t value;
    } words[] = {
        {"oui", 1}, {"o", 1}, {"true", 1},  {"vrai", 1}, {"1", 1},
        {"non", 0}, {"n", 0}, {"false", 0}, {"faux", 0}, {"0", 0},
    };
    struct pic_buf folded;
    pic_buf_init(&folded, PIC_ERR_ARG_MAX);
    int status = pic_text_fold(pic_span_text(typed), &folded) == PIC_OK ? PIC_EBOOL : PIC_ETEXT;
    for (size_t i = 0; i < sizeof words / sizeof words[0] && status == PIC_EBOOL; i++) {
        if (strcmp(pic_buf_string(&folded), words[i].word) == 0) {
            *out = words[i].value;
            status = PIC_OK;
        }
    }
    pic_buf_release(&folded);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, typed, NULL);
}

static void format_bool(int64_t value, enum pic_style style, struct pic_buf *out)
{
    if (style == PIC_STYLE_EXACT)
        pic_buf_text(out, value != 0 ? "true" : "false");
    else
        pic_buf_text(out, value != 0 ? "oui" : "non");
}

static int parse_int(const struct pic_field *field, const char *typed, struct pic_value *out,
                     struct pic_err *err)
{
    int64_t i = 0;
    int status = PIC_EUSAGE;
    switch (field->type) {
    case PIC_TYPE_MONEY:
        status = pic_money_parse(typed, &i, err);
        break;
    case PIC_TYPE_DATE:
        status = pic_date_parse(typed, &i, err);
        break;
    case PIC_TYPE_RATE:
        status = pic_rate_parse(typed, &i, err);
        break;
    case PIC_TYPE_COUNT:
        status = pic_count_parse(typed, field->size, &i, err);
        break;
    case PIC_TYPE_BOOL:
        status = parse_bool(typed, &i, err);
        break;
    default:
        break;
    }
    if (status == PIC_EAMOUNT_AMBIGUOUS) /* its facts are the two readings */
        return status;
    if (status != PIC_OK)
        return with_label(err, status, field);
    *out = (struct pic_value){.kind = PIC_KIND_INT, .i = i};
    return PIC_OK;
}

/* Digits up to max, not zero and without zeros in front; NULL when there is no such number. */
static const char *read_part(const char *p, uint64_t max, uint64_t *out)
{
    if (*p < '1' || *p > '9')
        return NULL;
    for (*out = 0; *p >= '0' && *p <= '9'; p++) {
        *out = *out * 10 + (uint64_t)(*p - '0');
        if (*out > max)
            return NULL;
    }
    return p;
}

static int parse_ref(const struct pic_field *field, const char *typed, struct pic_value *out,
                     struct pic_err *err)
{
    uint64_t device;
    uint64_t seq;
    const char *p = read_part(typed + strspn(typed, " \t"), PIC_DEVICE_MAX, &device);
    if (p != NULL && *p == '-')
        p = read_part(p + 1, (UINT64_C(1) << PIC_SEQ_BITS) - 1, &seq);
    else
        p = NULL;
    if (p == NULL || !is_blank(p))
        return refuse(err, PIC_EREFERENCE, typed, field, NULL);
    *out = (struct pic_value){.kind = PIC_KIND_REF, .i = (int64_t)pic_dot((uint32_t)device, seq)};
    return PIC_OK;
}

int pic_value_parse(const struct pic_field *field, const char *typed, struct pic_buf *store,
                    struct pic_value *out, struct pic_err *err)
{
    if (is_blank(typed)) {
        *out = (struct pic_value){.kind = PIC_KIND_NULL};
        return PIC_OK;
    }
    switch (field->type) {
    case PIC_TYPE_TEXT:
        return parse_text(field, typed, store, out, err);
    case PIC_TYPE_CODE:
        return parse_code(field, typed, store, out, err);
    case PIC_TYPE_SET:
        return parse_set(field, typed, store, out, err);
    case PIC_TYPE_GRID:
        return parse_grid(field, typed, store, out, err);
    case PIC_TYPE_REF:
        return parse_ref(field, typed, out, err);
    case PIC_TYPE_MONEY:
    case PIC_TYPE_RATE:
    case PIC_TYPE_COUNT:
    case PIC_TYPE_DATE:
    case PIC_TYPE_BOOL:
        return parse_int(field, typed, out, err);
    case PIC_TYPE_DOCUMENT:
    case PIC_TYPE_IDENTITY:
    case PIC_TYPE_KEY:
        break;
    }
    return refuse(err, PIC_EUSAGE, typed, field, NULL);
}

static bool is_set(const struct pic_field *field, struct pic_span s)
{
    struct pic_span last = {0};
    for (size_t at = 0; at <= s.n;) {
        size_t start = at;
        while (at < s.n && s.p[at] != ' ')
            at++;
        struct pic_span member = pic_span_of(s.p + start, at - start);
        if (!is_member(field, member) || (last.n > 0 && compare_spans(&last, &member) >= 0))
            return false;
        last = member;
        at++; /* past the space, or past the end */
    }
    return true;
}

static bool is_text_value(const struct pic_field *field, struct pic_span s)
{
    if (s.n == 0 || s.n > field->size)
        return false;
    if (field->type == PIC_TYPE_TEXT)
        return pic_text_is_clean(s);
    return field->type == PIC_TYPE_SET ? is_set(field, s) : is_member(field, s);
}

static bool is_int_value(const struct pic_field *field, int64_t i)
{
    switch (field->type) {
    case PIC_TYPE_MONEY:
        return i >= -PIC_MONEY_MAX && i <= PIC_MONEY_MAX;
    case PIC_TYPE_RATE:
        return i >= 0 && i <= PIC_RATE_MAX;
    case PIC_TYPE_COUNT:
        return i >= 0 && i <= (int64_t)field->size;
    case PIC_TYPE_DATE:
        return i >= pic_date_day(PIC_YEAR_MIN, 1, 1) && i <= pic_date_day(PIC_YEAR_MAX, 12, 31);
    default: /* PIC_TYPE_BOOL, the last of those that travel as an integer */
        return i == 0 || i == 1;
    }
}

static bool is_bytes_value(const struct pic_field *field, struct pic_span s)
{
    struct pic_grid grid;
    if (field->type == PIC_TYPE_GRID)
        return s.n > 0 && s.n <= field->size && pic_grid_get(s, &grid) == PIC_OK;
    return s.n == PIC_HASH_SIZE;
}

int pic_value_check(const struct pic_field *field, const struct pic_value *value)
{
    bool good = false;
    if (value->kind == PIC_KIND_NULL)
        good = (field->flags & PIC_REQUIRED) == 0;
    else if (value->kind != pic_type_kind(field->type))
        good = false;
    else if (value->kind == PIC_KIND_TEXT)
        good = is_text_value(field, value->s);
    else if (value->kind == PIC_KIND_INT)
        good = is_int_value(field, value->i);
    else if (value->kind == PIC_KIND_BYTES)
        good = is_bytes_value(field, value->s);
    else
        good = value->i > 0 && pic_dot_device((uint64_t)value->i) > 0 &&
               pic_dot_seq((uint64_t)value->i) > 0;
    return good ? PIC_OK : PIC_QVALUE;
}

static void format_int(const struct pic_field *field, int64_t i, enum pic_style style,
                       struct pic_buf *out)
{
    switch (field->type) {
    case PIC_TYPE_MONEY:
        pic_money_format(i, style, out);
        break;
    case PIC_TYPE_DATE:
        pic_date_format(i, style, out);
        break;
    case PIC_TYPE_RATE:
        pic_rate_format(i, style, out);
        break;
    case PIC_TYPE_COUNT:
        pic_count_format(i, style, out);
        break;
    default:
        format_bool(i, style, out);
        break;
    }
}

static void format_bytes(const struct pic_field *field, struct pic_span s, enum pic_style style,
                         struct pic_buf *out)
{
    enum { SHOWN = 6 }; /* enough to compare by eye */
    struct pic_grid grid;
    if (field->type == PIC_TYPE_GRID) {
        if (pic_grid_get(s, &grid) == PIC_OK)
            pic_grid_text(&grid, out);
    } else if (style == PIC_STYLE_SCREEN && s.n > SHOWN) {
        pic_text_hex(pic_span_of(s.p, SHOWN), out);
        pic_buf_text(out, "…");
    } else {
        pic_text_hex(s, out);
    }
}

void pic_value_format(const struct pic_field *field, const struct pic_value *value,
                      enum pic_style style, struct pic_buf *out)
{
    enum pic_identifier kind = PIC_IDENTIFIER_NONE;
    switch (value->kind) {
    case PIC_KIND_TEXT:
        if (field->type == PIC_TYPE_CODE && style == PIC_STYLE_SCREEN)
            kind = pic_identifier_kind(field->about);
        pic_identifier_format(kind, value->s, out);
        break;
    case PIC_KIND_INT:
        format_int(field, value->i, style, out);
        break;
    case PIC_KIND_REF:
        pic_buf_printf(out, "%u-%llu", (unsigned)pic_dot_device((uint64_t)value->i),
                       (unsigned long long)pic_dot_seq((uint64_t)value->i));
        break;
    case PIC_KIND_BYTES:
        format_bytes(field, value->s, style, out);
        break;
    case PIC_KIND_NULL:
    case PIC_KIND_COUNT:
        break;
    }
}
