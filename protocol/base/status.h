/* status: one enumeration for every way a call can end, and the detail that travels with a failure.
 *
 * A function that can fail returns one of these (PIC_OK is 0) and is marked PIC_MUST_USE. Where a
 * person will read the outcome it also takes a struct pic_err, which carries the code and up to
 * three short facts (a value, a field, a limit) for the sentence in schema/face/speech. Nothing
 * below the edges prints, and nothing relies on errno alone. */
#ifndef PIC_BASE_STATUS_H
#define PIC_BASE_STATUS_H

#include <stddef.h>

#define PIC_MUST_USE __attribute__((warn_unused_result))

enum pic_status {
#define STATUS(symbol, code, exit) symbol,
#include "protocol/base/status.def"
#undef STATUS
    PIC_STATUS_COUNT
};

#define PIC_ERR_ARGS    3
#define PIC_ERR_ARG_MAX 160

/* What went wrong, for the sentence that will be shown. Zero-initialise before use. */
struct pic_err {
    int status;
    char arg[PIC_ERR_ARGS][PIC_ERR_ARG_MAX];
};

/* Records status and returns it, so that `return pic_fail(err, PIC_EDATE, text, NULL)` reads as one
 * thought. Up to PIC_ERR_ARGS strings follow, ended by NULL; each is cut at PIC_ERR_ARG_MAX - 1
 * bytes on a UTF-8 boundary. err may be NULL. */
int pic_fail(struct pic_err *err, int status, ...) __attribute__((sentinel));

/* Stable code ("S-01"), symbol name ("PIC_EDATE") and exit code of a status. Any int is accepted;
 * what is not a status answers as an unexpected failure: "X-00", "?", 1. */
const char *pic_status_code(int status);
const char *pic_status_name(int status);
int pic_status_exit(int status);

#endif
