#include "server/bank/format.h"

#include <string.h>

#include "schema/dictionary/number.h"
#include "schema/face/speech.h"
#include "server/bank/format_camt053.h"
#include "server/bank/format_cfonb120.h"
#include "server/bank/format_csv.h"
#include "server/bank/format_ofx.h"

const struct pic_format pic_formats[] = {
    {"cfonb120", pic_cfonb120_recognises, pic_cfonb120_read},
    {"ofx", pic_ofx_recognises, pic_ofx_read},
    {"camt053", pic_camt053_recognises, pic_camt053_read},
    {"csv", pic_bank_csv_recognises, pic_bank_csv_read},
};
const size_t pic_format_n = sizeof pic_formats / sizeof pic_formats[0];

int pic_format_read_with(const char *name, struct pic_span file, const char *account,
                         const char *columns, struct pic_statements *out, struct pic_err *err)
{
    pic_statements_init(out);
    out->columns = columns;
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

int pic_format_read(const char *name, struct pic_span file, const char *account,
                    struct pic_statements *out, struct pic_err *err)
{
    return pic_format_read_with(name, file, account, NULL, out, err);
}
