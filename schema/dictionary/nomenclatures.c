#include "schema/dictionary/nomenclatures.h"

#include <string.h>

#include "schema/dictionary/number.h"
#include "schema/dictionary/rows.h"

extern const unsigned char pic_embedded_nomenclatures_csv[];
extern const size_t pic_embedded_nomenclatures_csv_size;
extern const unsigned char pic_embedded_rules_csv[];
extern const size_t pic_embedded_rules_csv_size;

enum { CODE_COLUMNS = 5, RULE_COLUMNS = 9 };

/* The table without the line that names its columns. */
static struct pic_span body(const unsigned char *table, size_t size)
{
    struct pic_span left = pic_span_of(table, size);
    (void)pic_rows_next(&left, NULL, 0);
    return left;
}

struct pic_span pic_nomenclatures(void)
{
    return body(pic_embedded_nomenclatures_csv, pic_embedded_nomenclatures_csv_size);
}

bool pic_nomenclatures_next(struct pic_span *left, struct pic_shipped_code *out)
{
    struct pic_span cells[CODE_COLUMNS];
    if (pic_rows_next(left, cells, CODE_COLUMNS) != CODE_COLUMNS)
        return false;
    *out = (struct pic_shipped_code){
        .nomenclature = cells[0],
        .code = cells[1],
        .label = cells[2],
        .valid_from = cells[3],
        .valid_to = cells[4],
    };
    return true;
}

struct pic_span pic_shipped_rules(void)
{
    return body(pic_embedded_rules_csv, pic_embedded_rules_csv_size);
}

bool pic_shipped_rules_next(struct pic_span *left, struct pic_shipped_rule *out)
{
    struct pic_span cells[RULE_COLUMNS];
    if (pic_rows_next(left, cells, RULE_COLUMNS) != RULE_COLUMNS)
        return false;
    *out = (struct pic_shipped_rule){
        .example_fund = cells[0],
        .code = cells[1],
        .value = cells[2],
        .unit = cells[3],
        .severity = cells[4],
        .valid_from = cells[5],
        .valid_to = cells[6],
        .article = cells[7],
        .text = cells[8],
    };
    return true;
}

static bool find(const char *nomenclature, struct pic_span code, struct pic_shipped_code *out)
{
    struct pic_span left = pic_nomenclatures();
    while (pic_nomenclatures_next(&left, out))
        if (pic_span_equal(out->nomenclature, pic_span_text(nomenclature)) &&
            pic_span_equal(out->code, code))
            return true;
    return false;
}

struct pic_span pic_nomenclature_label(const char *nomenclature, struct pic_span code)
{
    struct pic_shipped_code row;
    return find(nomenclature, code, &row) ? row.label : pic_span_of("", 0);
}

bool pic_nomenclature_has(const char *nomenclature, struct pic_span code, int64_t day)
{
    struct pic_shipped_code row;
    if (!find(nomenclature, code, &row))
        return false;
    struct pic_buf today;
    pic_buf_init(&today, sizeof "9999-12-31");
    pic_date_format(day, PIC_STYLE_EXACT, &today);
    /* ISO days of the same length sort as texts. */
    bool begun =
        row.valid_from.n != today.len || memcmp(row.valid_from.p, today.data, today.len) <= 0;
    bool over = row.valid_to.n == today.len && memcmp(row.valid_to.p, today.data, today.len) < 0;
    pic_buf_release(&today);
    return begun && !over;
}
