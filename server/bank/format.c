#include "server/bank/format.h"

#include <string.h>

#include "schema/dictionary/number.h"
#include "schema/face/speech.h"
#include "server/bank/format_cfonb120.h"
#include "server/bank/format_csv.h"
#include "server/bank/format_ofx.h"

const struct pic_format pic_formats[] = {
    {"cfonb120", pic_cfonb120_recognises, pic_cfonb120_read},
    {"ofx", pic_ofx_recognises, pic_ofx_read},
    {"csv", pic_bank_csv_recognises, pic_bank_csv_read},
};
const size_t pic_format_n = sizeof pic_formats / sizeof pic_formats[0];

bool pic_bank_day(int year, int month, int mday, int64_t *day)
{
    if (year < PIC_YEAR_MIN || year > PIC_YEAR_MAX || month < 1 || month > 12 || mday < 1 ||
        mday > 31)
        return false;
    int y;
    int m;
    int d;
    int64_t found = pic_date_day(year, month, mday);
    pic_date_civil(found, &y, &m, &d);
    if (m != month || d != mday)
        return false;
    *day = found;
    return true;
}

int pic_format_read(const char *name, struct pic_span file, const char *account,
                    struct pic_statements *out, struct pic_err *err)
{
    pic_statements_init(out);
    if (file.n > PIC_BANK_FILE_MAX)
        return pic_fail(err, PIC_ELIMIT, NULL);
    for (size_t i = 0; i < pic_format_n; i++) {
        bool chosen = strcmp(name, pic_formats[i].name) == 0 ||
                      (strcmp(name, "auto") == 0 && pic_formats[i].recognises(file));
        if (!chosen)
            continue;
        int status = pic_formats[i].read(file, account, out, err);
        return status == PIC_OK ? pic_statements_finish(out, err) : status;
    }
    return pic_statement_fail(err, 0, pic_speech_text(PIC_TELL_BANK_FORMAT), pic_span_of(NULL, 0));
}
