/* format: the files that banks give, one reader each, and which one a file needs. Every reader is
 * total: any bytes become statements or an error that names the line. */
#ifndef PIC_BANK_FORMAT_H
#define PIC_BANK_FORMAT_H

#include "server/bank/statement.h"

struct pic_format {
    const char *name; /* as --format has it: "cfonb120" */
    bool (*recognises)(struct pic_span file);
    /* account: of a file that names none, or NULL. PIC_ESTATEMENT, PIC_ECSV, PIC_EMEMORY. */
    int (*read)(struct pic_span file, const char *account, struct pic_statements *out,
                struct pic_err *err);
};

extern const struct pic_format pic_formats[]; /* in the order in which they are tried */
extern const size_t pic_format_n;
#define PIC_FORMAT_CHOICES "auto cfonb120 ofx camt053 csv"

/* Reads a whole file and finishes it. name: of a format, or "auto". columns: of a table whose
 * headings say nothing (format_csv.h), or NULL; it outlives out, which is initialised here and
 * released by the caller in any case. */
PIC_MUST_USE int pic_format_read_with(const char *name, struct pic_span file, const char *account,
                                      const char *columns, struct pic_statements *out,
                                      struct pic_err *err);
/* The same without columns. */
PIC_MUST_USE int pic_format_read(const char *name, struct pic_span file, const char *account,
                                 struct pic_statements *out, struct pic_err *err);

#endif
