/* nomenclatures: the lists of choice and the example rules that ship with the program. They are the
 * first content of the entities `code` and `rule`, which the central team then keeps up to date:
 * what is valid on a day is read there; here is what every laptop knows before its first exchange.
 * Spans are constant data of the program. */
#ifndef PIC_DICTIONARY_NOMENCLATURES_H
#define PIC_DICTIONARY_NOMENCLATURES_H

#include "protocol/base/bytes.h"

struct pic_shipped_code {
    struct pic_span nomenclature; /* the `about` of a field */
    struct pic_span code, label;
    struct pic_span valid_from, valid_to; /* ISO days, both inside; empty: open */
};

/* Columns of entity `rule`, as typed; example_fund is the name of the fund that inspired it. */
struct pic_shipped_rule {
    struct pic_span example_fund;
    struct pic_span code, value, unit, severity, valid_from, valid_to, article, text;
};

/* Rows in turn: start from pic_nomenclatures() or pic_shipped_rules(), which the calls consume;
 * false at the end. */
struct pic_span pic_nomenclatures(void);
bool pic_nomenclatures_next(struct pic_span *left, struct pic_shipped_code *out);
struct pic_span pic_shipped_rules(void);
bool pic_shipped_rules_next(struct pic_span *left, struct pic_shipped_rule *out);

/* Label of a code, or an empty span when the list or the code is not shipped. */
struct pic_span pic_nomenclature_label(const char *nomenclature, struct pic_span code);

/* True when the shipped list has this code on this day (days since 1970). */
bool pic_nomenclature_has(const char *nomenclature, struct pic_span code, int64_t day);

#endif
