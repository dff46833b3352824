#include "schema/face/csv.h"

#include <stdio.h>
#include <string.h>

#include "protocol/base/text.h"
#include "schema/dictionary/nearest.h"
#include "schema/face/speech.h"

enum { END = -1, FOLDED_MAX = 1024 };

static const char bom[] = "\xEF\xBB\xBF";

static char separator_of(enum pic_csv_profile profile)
{
    return profile == PIC_CSV_TABLEUR ? ';' : ',';
}

void pic_csv_begin(struct pic_buf *out, enum pic_csv_profile profile)
{
    if (profile == PIC_CSV_TABLEUR)
        pic_buf_text(out, bom);
}

static bool is_quoted(char separator, struct pic_span text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == (uint8_t)separator || text.p[i] == '"' || text.p[i] == '\n' ||
            text.p[i] == '\r')
            return true;
    return false;
}

/* True for what a spreadsheet would run, and for what would be read back as a guarded one. */
static bool is_formula(struct pic_span text)
{
    size_t i = 0;
    while (i < text.n && text.p[i] == '\'')
        i++;
    return i < text.n && strchr("=+-@\t\r", text.p[i]) != NULL && text.p[i] != '\0';
}

static void put_cell(struct pic_buf *out, char separator, bool first, bool guard,
                     struct pic_span text)
{
    if (!first)
        pic_buf_u8(out, (uint8_t)separator);
    bool quoted = is_quoted(separator, text);
    if (quoted)
        pic_buf_u8(out, '"');
    if (guard)
        pic_buf_u8(out, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            pic_buf_u8(out, '"');
        pic_buf_u8(out, text.p[i]);
    }
    if (quoted)
        pic_buf_u8(out, '"');
}

void pic_csv_text(struct pic_buf *out, enum pic_csv_profile profile, bool first,
                  struct pic_span text)
{
    bool guard = profile == PIC_CSV_TABLEUR && is_formula(text);
    put_cell(out, separator_of(profile), first, guard, text);
}

void pic_csv_number(struct pic_buf *out, enum pic_csv_profile profile, bool first,
                    struct pic_span text)
{
    put_cell(out, separator_of(profile), first, false, text);
}

void pic_csv_end_row(struct pic_buf *out, enum pic_csv_profile profile)
{
    pic_buf_text(out, profile == PIC_CSV_TABLEUR ? "\r\n" : "\n");
}

int pic_csv_from_file(void *file, uint8_t *out, size_t n, size_t *got)
{
    *got = fread(out, 1, n, file);
    return ferror((FILE *)file) != 0 ? PIC_EIO : PIC_OK;
}

int pic_csv_from_span(void *span, uint8_t *out, size_t n, size_t *got)
{
    struct pic_span *rest = span;
    *got = n < rest->n ? n : rest->n;
    if (*got > 0)
        memcpy(out, rest->p, *got);
    *rest = pic_span_of(*got == 0 ? rest->p : rest->p + *got, rest->n - *got);
    return PIC_OK;
}

void pic_csv_init(struct pic_csv *csv, pic_csv_source *source, void *context, char separator)
{
    *csv = (struct pic_csv){
        .source = source, .context = context, .separator = separator, .next_line = 1};
    pic_buf_init(&csv->cell, PIC_CSV_CELL_MAX);
    pic_buf_init(&csv->row, PIC_CSV_ROW_MAX);
}

void pic_csv_release(struct pic_csv *csv)
{
    pic_buf_release(&csv->cell);
    pic_buf_release(&csv->row);
}

/* Fills the block; called only when it is used up. */
static void refill(struct pic_csv *csv)
{
    csv->at = csv->held = 0;
    while (!csv->ended && csv->held < PIC_CSV_BLOCK) {
        size_t got = 0;
        int status =
            csv->source(csv->context, csv->block + csv->held, PIC_CSV_BLOCK - csv->held, &got);
        if (status != PIC_OK)
            csv->failure = status;
        if (status != PIC_OK || got == 0)
            csv->ended = true;
        csv->held += got;
    }
}

static int peek(struct pic_csv *csv)
{
    if (csv->at == csv->held)
        refill(csv);
    return csv->at == csv->held ? END : csv->block[csv->at];
}

static int take(struct pic_csv *csv)
{
    int c = peek(csv);
    csv->at += c != END;
    return c;
}

/* Takes the newline that c, already taken, begins: LF, CR or CRLF. */
static void newline(struct pic_csv *csv, int c)
{
    if (c == '\r' && peek(csv) == '\n')
        csv->at++;
    csv->next_line++;
}

static bool begins(const struct pic_csv *csv, const char *text)
{
    size_t n = strlen(text);
    return csv->held - csv->at >= n && memcmp(csv->block + csv->at, text, n) == 0;
}

/* The separator that the first line has most of, outside quotes. With none, what the BOM says. */
static char guess_separator(const struct pic_csv *csv)
{
    static const char candidates[] = ";,\t";
    size_t counts[sizeof candidates - 1] = {0};
    size_t best = csv->bom ? 0 : 1;
    bool quoted = false;
    for (size_t i = csv->at; i < csv->held; i++) {
        char c = (char)csv->block[i];
        if (c == '"')
            quoted = !quoted;
        if (!quoted && (c == '\n' || c == '\r'))
            break;
        const char *found = quoted || c == '\0' ? NULL : strchr(candidates, c);
        if (found != NULL)
            counts[found - candidates]++;
    }
    for (size_t i = 0; i < sizeof candidates - 1; i++)
        if (counts[i] > counts[best])
            best = i;
    return candidates[best];
}

static void start(struct pic_csv *csv)
{
    static const char announcement[] = "sep=";
    enum { ANNOUNCED = sizeof announcement - 1 };
    csv->started = true;
    (void)peek(csv);
    csv->bom = begins(csv, bom);
    if (csv->bom)
        csv->at += strlen(bom);
    /* Excel's own first line, "sep=;". */
    if (begins(csv, announcement) && csv->held - csv->at > ANNOUNCED + 1) {
        char c = (char)csv->block[csv->at + ANNOUNCED];
        uint8_t after = csv->block[csv->at + ANNOUNCED + 1];
        if ((c == ';' || c == ',' || c == '\t') && (after == '\r' || after == '\n')) {
            csv->separator = c;
            csv->at += ANNOUNCED + 1;
            newline(csv, take(csv));
        }
    }
    if (csv->separator == '\0')
        csv->separator = guess_separator(csv);
}

static int fail_at(uint64_t line, size_t column, enum pic_tell what, struct pic_err *err)
{
    char line_text[24], column_text[24];
    (void)snprintf(line_text, sizeof line_text, "%llu", (unsigned long long)line);
    (void)snprintf(column_text, sizeof column_text, "%zu", column + 1);
    return pic_fail(err, PIC_ECSV, line_text, column_text, pic_speech_text(what), NULL);
}

static int fail(const struct pic_csv *csv, enum pic_tell what, struct pic_err *err)
{
    if (csv->failure != PIC_OK) /* the file ends where it could not be read any more */
        return pic_fail(err, csv->failure, NULL);
    return fail_at(csv->line, csv->cell_n, what, err);
}

/* The body of a quoted cell and its closing quote; the opening one is taken. */
static int read_quoted(struct pic_csv *csv, struct pic_err *err)
{
    for (;;) {
        int c = take(csv);
        if (c == END)
            return fail(csv, PIC_TELL_CSV_QUOTE, err);
        if (c == '"' && peek(csv) != '"')
            break;
        if (c == '"')
            csv->at++;
        if (c == '\r' || c == '\n') {
            newline(csv, c);
            c = '\n';
        }
        pic_buf_u8(&csv->cell, (uint8_t)c);
        if (csv->cell.bad)
            return fail(csv, PIC_TELL_CSV_LONG_CELL, err);
    }
    while (peek(csv) == ' ')
        csv->at++;
    int c = peek(csv);
    bool ends = c == END || c == '\r' || c == '\n' || c == (uint8_t)csv->separator;
    return ends ? PIC_OK : fail(csv, PIC_TELL_CSV_AFTER_QUOTE, err);
}

static int read_bare(struct pic_csv *csv, struct pic_err *err)
{
    for (;;) {
        int c = peek(csv);
        if (c == END || c == '\r' || c == '\n' || c == (uint8_t)csv->separator)
            return PIC_OK;
        csv->at++;
        pic_buf_u8(&csv->cell, (uint8_t)c);
        if (csv->cell.bad)
            return fail(csv, PIC_TELL_CSV_LONG_CELL, err);
    }
}

enum encoding { ENCODING_ASCII, ENCODING_UTF8, ENCODING_OTHER };

static enum encoding encoding_of(struct pic_span s)
{
    enum encoding found = ENCODING_ASCII;
    while (s.n > 0) {
        int32_t c;
        size_t n = pic_text_next(s, &c);
        if (n == 0)
            return ENCODING_OTHER;
        if (n > 1)
            found = ENCODING_UTF8;
        s = pic_span_of(s.p + n, s.n - n);
    }
    return found;
}

/* Windows-1252 where it is not Latin-1; 0: no character. Source: the WHATWG Encoding Standard. */
static const uint16_t windows_1252[] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

bool pic_csv_put_1252(struct pic_buf *out, uint8_t byte)
{
    unsigned point = byte;
    if (byte >= 0x80U && byte < 0xA0U)
        point = windows_1252[byte - 0x80U];
    if (point == 0)
        return false;
    if (point < 0x80U) {
        pic_buf_u8(out, (uint8_t)point);
    } else if (point < 0x800U) {
        pic_buf_u8(out, (uint8_t)(0xC0U | point >> 6));
        pic_buf_u8(out, (uint8_t)(0x80U | (point & 0x3FU)));
    } else {
        pic_buf_u8(out, (uint8_t)(0xE0U | point >> 12));
        pic_buf_u8(out, (uint8_t)(0x80U | (point >> 6 & 0x3FU)));
        pic_buf_u8(out, (uint8_t)(0x80U | (point & 0x3FU)));
    }
    return true;
}

/* Appends the raw cell to the row, converted, the guard of a tableur taken off. */
static int keep_cell(struct pic_csv *csv, struct pic_err *err)
{
    struct pic_span raw = pic_buf_view(&csv->cell);
    if (raw.n > 0 && memchr(raw.p, '\0', raw.n) != NULL)
        return fail(csv, PIC_TELL_CSV_BYTES, err);
    if (csv->separator == ';' && raw.n > 1 && raw.p[0] == '\'' && is_formula(raw))
        raw = pic_span_of(raw.p + 1, raw.n - 1);
    enum encoding encoding = encoding_of(raw);
    if (encoding == ENCODING_OTHER && csv->bom)
        return fail(csv, PIC_TELL_CSV_BYTES, err);
    csv->latin = csv->latin || encoding == ENCODING_OTHER;
    if (encoding != ENCODING_ASCII && csv->latin) {
        for (size_t i = 0; i < raw.n; i++)
            if (!pic_csv_put_1252(&csv->row, raw.p[i]))
                return fail(csv, PIC_TELL_CSV_BYTES, err);
    } else {
        pic_buf_bytes(&csv->row, raw.p, raw.n);
    }
    if (csv->row.bad)
        return fail(csv, PIC_TELL_CSV_LONG_ROW, err);
    csv->cell_n++;
    csv->starts[csv->cell_n] = csv->row.len;
    return PIC_OK;
}

static int read_row(struct pic_csv *csv, struct pic_err *err)
{
    csv->line = csv->next_line;
    csv->cell_n = 0;
    pic_buf_clear(&csv->row);
    for (;;) {
        if (csv->cell_n == PIC_CSV_COLUMNS_MAX)
            return fail(csv, PIC_TELL_CSV_WIDE, err);
        pic_buf_clear(&csv->cell);
        bool quoted = peek(csv) == '"';
        csv->at += quoted;
        int status = quoted ? read_quoted(csv, err) : read_bare(csv, err);
        if (status == PIC_OK)
            status = keep_cell(csv, err);
        if (status != PIC_OK)
            return status;
        int c = take(csv);
        if (c == (uint8_t)csv->separator)
            continue;
        if (c != END)
            newline(csv, c);
        return csv->failure == PIC_OK ? PIC_OK : pic_fail(err, csv->failure, NULL);
    }
}

int pic_csv_next(struct pic_csv *csv, bool *more, struct pic_err *err)
{
    if (!csv->started)
        start(csv);
    csv->cell_n = 0;
    do {
        *more = peek(csv) != END;
        if (csv->failure != PIC_OK)
            return pic_fail(err, csv->failure, NULL);
        if (!*more)
            return PIC_OK;
        int status = read_row(csv, err);
        if (status != PIC_OK)
            return status;
    } while (csv->row.len == 0);
    if (csv->rows++ == PIC_CSV_ROWS_MAX)
        return fail(csv, PIC_TELL_CSV_LONG, err);
    return PIC_OK;
}

struct pic_span pic_csv_cell(const struct pic_csv *csv, size_t column)
{
    if (column >= csv->cell_n || csv->row.len == 0)
        return pic_span_of(NULL, 0);
    return pic_span_of(csv->row.data + csv->starts[column],
                       csv->starts[column + 1] - csv->starts[column]);
}

static bool folds_to(const char *name, struct pic_span folded)
{
    struct pic_buf b;
    pic_buf_init(&b, FOLDED_MAX);
    bool same = pic_text_fold(pic_span_text(name), &b) == PIC_OK &&
                pic_span_equal(pic_buf_view(&b), folded);
    pic_buf_release(&b);
    return same;
}

/* The index of the field with this folded heading, or -1. */
static int field_of(const struct pic_entity *entity, struct pic_span heading)
{
    for (unsigned i = 0; i < entity->field_n; i++) {
        const struct pic_field *field = &entity->fields[i];
        if (folds_to(field->label, heading) || folds_to(field->option, heading) ||
            folds_to(field->column, heading))
            return (int)i;
    }
    return -1;
}

static int fail_heading(const struct pic_entity *entity, size_t column, struct pic_buf *heading,
                        struct pic_err *err)
{
    char number[24];
    struct pic_nearest nearest;
    pic_nearest_init(&nearest, pic_buf_string(heading));
    for (unsigned i = 0; i < entity->field_n; i++)
        pic_nearest_try(&nearest, entity->fields[i].label);
    (void)snprintf(number, sizeof number, "%zu", column + 1);
    return pic_fail(err, PIC_ECSV_HEADER, pic_buf_string(heading),
                    nearest.best == NULL ? "" : nearest.best, number, NULL);
}

static int match_column(const struct pic_csv *csv, const struct pic_entity *entity, size_t column,
                        int *at, struct pic_err *err)
{
    struct pic_buf heading, folded;
    pic_buf_init(&heading, PIC_CSV_CELL_MAX);
    pic_buf_init(&folded, FOLDED_MAX);
    struct pic_span cell = pic_csv_cell(csv, column);
    pic_buf_bytes(&heading, cell.p, cell.n);
    int status = pic_text_fold(cell, &folded);
    int field = status == PIC_OK ? field_of(entity, pic_buf_view(&folded)) : -1;
    if (field >= 0 && at[field] >= 0) {
        status = fail_at(csv->line, column, PIC_TELL_CSV_TWICE, err);
    } else if (field >= 0) {
        at[field] = (int)column;
    } else if (status != PIC_OK || folded.len > 0) {
        status = fail_heading(entity, column, &heading, err);
    }
    pic_buf_release(&heading);
    pic_buf_release(&folded);
    return status;
}

int pic_csv_match(const struct pic_csv *csv, const struct pic_entity *entity,
                  int at[static PIC_FIELD_MAX], struct pic_err *err)
{
    for (size_t i = 0; i < PIC_FIELD_MAX; i++)
        at[i] = -1;
    for (size_t column = 0; column < csv->cell_n; column++) {
        int status = match_column(csv, entity, column, at, err);
        if (status != PIC_OK)
            return status;
    }
    return PIC_OK;
}
