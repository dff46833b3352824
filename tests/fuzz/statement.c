/* statement: what banks send. Byte 0 picks the format, the rest is the file. Whatever is read keeps
 * its promises: texts within their bounds and clean, balances that follow or a break that says not,
 * the same file the same fingerprints, and no two lines with one fingerprint and occurrence. */
#include <stdlib.h>
#include <string.h>

#include "protocol/base/text.h"
#include "server/bank/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void check_text(const struct pic_statements *s, struct pic_bank_text text, size_t max)
{
    struct pic_span span = pic_statements_text(s, text);
    require(span.n <= max && pic_text_is_clean(span));
}

static void check(const struct pic_statements *s, const struct pic_statement *t)
{
    int64_t sum = pic_statement_moved(t, INT64_MAX);
    require(t->account[0] != '\0' && t->from_on <= t->to_on);
    require(!t->balanced || t->break_n > 0 || t->opening + sum == t->closing);
    for (size_t i = 0; i < t->line_n; i++) {
        const struct pic_bank_line *line = &t->lines[i];
        check_text(s, line->label, PIC_BANK_LABEL_MAX);
        check_text(s, line->reference, PIC_BANK_REFERENCE_MAX);
        check_text(s, line->counterparty, PIC_BANK_COUNTERPARTY_MAX);
        require(line->occurrence >= 1 && line->booked_on >= t->from_on &&
                line->booked_on <= t->to_on);
        for (size_t k = 0; k < i && i < 64; k++)
            require(line->occurrence != t->lines[k].occurrence ||
                    memcmp(line->fingerprint, t->lines[k].fingerprint, PIC_HASH_SIZE) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct pic_statements s;
    struct pic_err err = {0};
    const char *name = pic_formats[data[0] % pic_format_n].name;
    int status = pic_format_read(name, pic_span_of(data + 1, size - 1), "00012", &s, &err);
    require(status == PIC_OK || err.status == status);
    for (size_t i = 0; status == PIC_OK && i < s.n; i++)
        check(&s, &s.items[i]);
    pic_statements_release(&s);
    return 0;
}
