#include "schema/dictionary/value.h"

#include <string.h>

#include "protocol/base/text.h"
#include "schema/dictionary/codes.h"
#include "schema/dictionary/grid.h"
#include "schema/dictionary/identifiers.h"

/* What a type can do. The three are found in one table, at the end. */
struct type {
    /* As pic_value_parse; typed is not blank. A refusal may leave arg[1] to pic_value_parse. */
    int (*parse)(const struct pic_field *field, const char *typed, struct pic_buf *store,
                 struct pic_value *out, struct pic_err *err);
    /* The value has the kind of the type. */
    bool (*is)(const struct pic_field *field, const struct pic_value *value);
    void (*format)(const struct pic_field *field, const struct pic_value *value,
                   enum pic_style style, struct pic_buf *out);
};

static bool is_blank(const char *typed)
{
    return typed[strspn(typed, " \t\r\n")] == '\0';
}

static int too_long(const struct pic_field *field, const char *typed, struct pic_err *err)
{
    struct pic_buf most;
    pic_buf_init(&most, PIC_ERR_ARG_MAX);
    pic_buf_printf(&most, "%u", (unsigned)field->size);
    int status = pic_fail(err, PIC_ETOO_LONG, typed, "", pic_buf_string(&most), NULL);
    pic_buf_release(&most);
    return status;
}

/* What was appended to store since `from`, as a value; nothing at all is the empty value. */
static int take(const struct pic_field *field, const char *typed, const struct pic_buf *store,
                size_t from, struct pic_value *out, struct pic_err *err)
{
    if (store->bad || store->len - from > field->size)
        return too_long(field, typed, err);
    if (store->len == from)
        *out = (struct pic_value){.kind = PIC_KIND_NULL};
    else
        *out = (struct pic_value){.kind = pic_type_kind(field->type),
                                  .s = pic_span_of(store->data + from, store->len - from)};
    return PIC_OK;
}

/* ---- texts ---- */

/* A line that begins as one addresses a person. */
static bool begins_with_a_title(struct pic_span line)
{
    static const char *const titles[] = {"m ",        "mr ",     "mme ",         "mlle ",
                                         "monsieur ", "madame ", "mademoiselle "};
    bool found = false;
    struct pic_buf folded;
    pic_buf_init(&folded, (size_t)2 * PIC_TEXT_MAX);
    if (pic_text_fold(line, &folded) == PIC_OK)
        for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
            found = found || strncmp(pic_buf_string(&folded), titles[i], strlen(titles[i])) == 0;
    pic_buf_release(&folded);
    return found;
}

/* Not proof against a will to write a name, but against the habit. */
static bool names_a_person(struct pic_span text)
{
    while (text.n > 0) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        size_t n = end == NULL ? text.n : (size_t)(end - text.p) + 1;
        if (begins_with_a_title(pic_span_of(text.p, n)))
            return true;
        text = pic_span_of(text.p + n, text.n - n);
    }
    return false;
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
        return pic_fail(err, PIC_ETEXT, typed, NULL);
    if (status != PIC_OK)
        return too_long(field, typed, err);
    if ((field->flags & PIC_NO_NAMES) != 0 &&
        names_a_person(pic_span_of(store->data + from, store->len - from)))
        return pic_fail(err, PIC_EPERSON_NAMED, typed, NULL);
    return take(field, typed, store, from, out, err);
}

static bool is_text(const struct pic_field *field, const struct pic_value *value)
{
    return value->s.n > 0 && value->s.n <= field->size && pic_text_is_clean(value->s);
}

static void format_text(const struct pic_field *field, const struct pic_value *value,
                        enum pic_style style, struct pic_buf *out)
{
    (void)field;
    (void)style;
    pic_buf_bytes(out, value->s.p, value->s.n);
}

static int parse_code(const struct pic_field *field, const char *typed, struct pic_buf *store,
                      struct pic_value *out, struct pic_err *err)
{
    size_t from = store->len;
    int status = pic_choice_parse(field->about, typed, store, err);
    return status != PIC_OK ? status : take(field, typed, store, from, out, err);
}

static bool is_code(const struct pic_field *field, const struct pic_value *value)
{
    return value->s.n <= field->size && pic_choice_is(field->about, value->s);
}

static void format_code(const struct pic_field *field, const struct pic_value *value,
                        enum pic_style style, struct pic_buf *out)
{
    if (style == PIC_STYLE_SCREEN)
        pic_identifier_format(pic_identifier_kind(field->about), value->s, out);
    else
        format_text(field, value, style, out);
}

static int parse_set(const struct pic_field *field, const char *typed, struct pic_buf *store,
                     struct pic_value *out, struct pic_err *err)
{
    size_t from = store->len;
    int status = pic_set_parse(field->about, typed, store, err);
    return status != PIC_OK ? status : take(field, typed, store, from, out, err);
}

static bool is_set(const struct pic_field *field, const struct pic_value *value)
{
    return value->s.n <= field->size && pic_set_is(field->about, value->s);
}

/* ---- integers ---- */

static int take_int(int status, int64_t i, struct pic_value *out)
{
    if (status == PIC_OK)
        *out = (struct pic_value){.kind = PIC_KIND_INT, .i = i};
    return status;
}

static bool within(int64_t low, int64_t i, int64_t high)
{
    return i >= low && i <= high;
}

static int parse_money(const struct pic_field *field, const char *typed, struct pic_buf *store,
                       struct pic_value *out, struct pic_err *err)
{
    (void)field;
    (void)store;
    int64_t cents = 0;
    int status = pic_money_parse(typed, &cents, err);
    return take_int(status, cents, out);
}

static bool is_money(const struct pic_field *field, const struct pic_value *value)
{
    (void)field;
    return within(-PIC_MONEY_MAX, value->i, PIC_MONEY_MAX);
}

static void format_money(const struct pic_field *field, const struct pic_value *value,
                         enum pic_style style, struct pic_buf *out)
{
    (void)field;
    pic_money_format(value->i, style, out);
}

static int parse_rate(const struct pic_field *field, const char *typed, struct pic_buf *store,
                      struct pic_value *out, struct pic_err *err)
{
    (void)field;
    (void)store;
    int64_t basis_points = 0;
    int status = pic_rate_parse(typed, &basis_points, err);
    return take_int(status, basis_points, out);
}

static bool is_rate(const struct pic_field *field, const struct pic_value *value)
{
    (void)field;
    return within(0, value->i, PIC_RATE_MAX);
}

static void format_rate(const struct pic_field *field, const struct pic_value *value,
                        enum pic_style style, struct pic_buf *out)
{
    (void)field;
    pic_rate_format(value->i, style, out);
}

static int parse_count(const struct pic_field *field, const char *typed, struct pic_buf *store,
                       struct pic_value *out, struct pic_err *err)
{
    (void)store;
    int64_t count = 0;
    int status = pic_count_parse(typed, field->size, &count, err);
    return take_int(status, count, out);
}

static bool is_count(const struct pic_field *field, const struct pic_value *value)
{
    return within(0, value->i, field->size);
}

static void format_count(const struct pic_field *field, const struct pic_value *value,
                         enum pic_style style, struct pic_buf *out)
{
    (void)field;
    pic_count_format(value->i, style, out);
}

static int parse_date(const struct pic_field *field, const char *typed, struct pic_buf *store,
                      struct pic_value *out, struct pic_err *err)
{
    (void)field;
    (void)store;
    int64_t day = 0;
    int status = pic_date_parse(typed, &day, err);
    return take_int(status, day, out);
}

static bool is_date(const struct pic_field *field, const struct pic_value *value)
{
    (void)field;
    return within(pic_date_day(PIC_YEAR_MIN, 1, 1), value->i, pic_date_day(PIC_YEAR_MAX, 12, 31));
}

static void format_date(const struct pic_field *field, const struct pic_value *value,
                        enum pic_style style, struct pic_buf *out)
{
    (void)field;
    pic_date_format(value->i, style, out);
}

static int read_bool(const char *typed, int64_t *out, struct pic_err *err)
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

static int parse_bool(const struct pic_field *field, const char *typed, struct pic_buf *store,
                      struct pic_value *out, struct pic_err *err)
{
    (void)field;
    (void)store;
    int64_t truth = 0;
    int status = read_bool(typed, &truth, err);
    return take_int(status, truth, out);
}

static bool is_bool(const struct pic_field *field, const struct pic_value *value)
{
    (void)field;
    return within(0, value->i, 1);
}

static void format_bool(const struct pic_field *field, const struct pic_value *value,
                        enum pic_style style, struct pic_buf *out)
{
    (void)field;
    if (style == PIC_STYLE_EXACT)
        pic_buf_text(out, value->i != 0 ? "true" : "false");
    else
        pic_buf_text(out, value->i != 0 ? "oui" : "non");
}

/* ---- references ---- */

static int parse_ref(const struct pic_field *field, const char *typed, struct pic_buf *store,
                     struct pic_value *out, struct pic_err *err)
{
    (void)field;
    (void)store;
    struct pic_buf trimmed;
    uint64_t dot = 0;
    pic_buf_init(&trimmed, PIC_ERR_ARG_MAX);
    int status = pic_text_clean(pic_span_text(typed), &trimmed);
    if (status == PIC_OK)
        status = pic_dot_parse(pic_buf_string(&trimmed), &dot);
    pic_buf_release(&trimmed);
    if (status != PIC_OK)
        return pic_fail(err, PIC_EREFERENCE, typed, NULL);
    *out = (struct pic_value){.kind = PIC_KIND_REF, .i = (int64_t)dot};
    return PIC_OK;
}

static bool is_ref(const struct pic_field *field, const struct pic_value *value)
{
    (void)field;
    return value->i > 0 && pic_dot_device((uint64_t)value->i) > 0 &&
           pic_dot_seq((uint64_t)value->i) > 0;
}

static void format_ref(const struct pic_field *field, const struct pic_value *value,
                       enum pic_style style, struct pic_buf *out)
{
    (void)field;
    (void)style;
    pic_dot_print((uint64_t)value->i, out);
}

/* ---- bytes ---- */

static int parse_grid(const struct pic_field *field, const char *typed, struct pic_buf *store,
                      struct pic_value *out, struct pic_err *err)
{
    struct pic_grid grid = {0};
    int status = pic_grid_parse(typed, &grid, err);
    if (status != PIC_OK)
        return status;
    size_t from = store->len;
    pic_grid_put(&grid, store);
    return take(field, typed, store, from, out, err);
}

static bool is_grid(const struct pic_field *field, const struct pic_value *value)
{
    struct pic_grid grid;
    return within(1, (int64_t)value->s.n, field->size) && pic_grid_get(value->s, &grid) == PIC_OK;
}

static void format_grid(const struct pic_field *field, const struct pic_value *value,
                        enum pic_style style, struct pic_buf *out)
{
    (void)field;
    (void)style;
    struct pic_grid grid;
    if (pic_grid_get(value->s, &grid) == PIC_OK)
        pic_grid_text(&grid, out);
}

/* Hashes and keys come from files and boxes, not from a keyboard. */
static int parse_nothing(const struct pic_field *field, const char *typed, struct pic_buf *store,
                         struct pic_value *out, struct pic_err *err)
{
    (void)field;
    (void)store;
    (void)out;
    return pic_fail(err, PIC_EUSAGE, typed, NULL);
}

static bool is_hash(const struct pic_field *field, const struct pic_value *value)
{
    (void)field;
    return value->s.n == PIC_HASH_SIZE;
}

static void format_hash(const struct pic_field *field, const struct pic_value *value,
                        enum pic_style style, struct pic_buf *out)
{
    (void)field;
    enum { SHOWN = 6 }; /* enough to compare by eye */
    bool cut = style == PIC_STYLE_SCREEN && value->s.n > SHOWN;
    pic_text_hex(cut ? pic_span_of(value->s.p, SHOWN) : value->s, out);
    if (cut)
        pic_buf_text(out, "…");
}

/* ---- the three calls ---- */

static const struct type types[] = {
    [PIC_TYPE_TEXT] = {parse_text, is_text, format_text},
    [PIC_TYPE_MONEY] = {parse_money, is_money, format_money},
    [PIC_TYPE_RATE] = {parse_rate, is_rate, format_rate},
    [PIC_TYPE_COUNT] = {parse_count, is_count, format_count},
    [PIC_TYPE_DATE] = {parse_date, is_date, format_date},
    [PIC_TYPE_BOOL] = {parse_bool, is_bool, format_bool},
    [PIC_TYPE_CODE] = {parse_code, is_code, format_code},
    [PIC_TYPE_REF] = {parse_ref, is_ref, format_ref},
    [PIC_TYPE_SET] = {parse_set, is_set, format_text},
    [PIC_TYPE_GRID] = {parse_grid, is_grid, format_grid},
    [PIC_TYPE_DOCUMENT] = {parse_nothing, is_hash, format_hash},
    [PIC_TYPE_IDENTITY] = {parse_nothing, is_hash, format_hash},
    [PIC_TYPE_KEY] = {parse_nothing, is_hash, format_hash},
};

int pic_value_parse(const struct pic_field *field, const char *typed, struct pic_buf *store,
                    struct pic_value *out, struct pic_err *err)
{
    if (is_blank(typed)) {
        *out = (struct pic_value){.kind = PIC_KIND_NULL};
        return PIC_OK;
    }
    struct pic_err why = {0};
    int status = types[field->type].parse(field, typed, store, out, &why);
    if (status == PIC_OK)
        return PIC_OK;
    const char *second = status == PIC_EAMOUNT_AMBIGUOUS ? why.arg[1] : field->label;
    return pic_fail(err, status, why.arg[0], second, why.arg[2], NULL);
}

int pic_value_check(const struct pic_field *field, const struct pic_value *value)
{
    bool good;
    if (value->kind == PIC_KIND_NULL)
        good = (field->flags & PIC_REQUIRED) == 0;
    else
        good = value->kind == pic_type_kind(field->type) && types[field->type].is(field, value);
    return good ? PIC_OK : PIC_QVALUE;
}

void pic_value_format(const struct pic_field *field, const struct pic_value *value,
                      enum pic_style style, struct pic_buf *out)
{
    if (value->kind != PIC_KIND_NULL)
        types[field->type].format(field, value, style, out);
}
