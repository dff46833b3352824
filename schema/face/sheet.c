#include "schema/face/sheet.h"

#include <string.h>

#include "protocol/base/text.h"
#include "schema/face/csv.h"
#include "schema/face/json.h"

enum { GAP = 2, NARROWEST = 8 };

void pic_sheet_init(struct pic_sheet *sheet, const struct pic_column *columns, size_t column_n)
{
    *sheet = (struct pic_sheet){.columns = columns, .column_n = column_n};
    pic_buf_init(&sheet->cells, PIC_SHEET_BYTES_MAX);
    sheet->cells.bad = column_n == 0 || column_n > PIC_SHEET_COLUMNS_MAX;
}

void pic_sheet_release(struct pic_sheet *sheet)
{
    pic_buf_release(&sheet->cells);
}

struct pic_column pic_sheet_column(const struct pic_field *field)
{
    return (struct pic_column){field->option, field->label, field->type};
}

void pic_sheet_value(struct pic_sheet *sheet, const struct pic_value *value)
{
    pic_buf_u8(&sheet->cells, (uint8_t)value->kind);
    if (value->kind == PIC_KIND_INT || value->kind == PIC_KIND_REF)
        pic_buf_zigzag(&sheet->cells, value->i);
    else if (value->kind != PIC_KIND_NULL)
        pic_buf_span(&sheet->cells, value->s);
    if (++sheet->filled == sheet->column_n) {
        sheet->filled = 0;
        sheet->row_n++;
    }
}

void pic_sheet_span(struct pic_sheet *sheet, struct pic_span text)
{
    pic_sheet_value(sheet, &(struct pic_value){.kind = PIC_KIND_TEXT, .s = text});
}

void pic_sheet_text(struct pic_sheet *sheet, const char *text)
{
    pic_sheet_span(sheet, pic_span_text(text));
}

void pic_sheet_int(struct pic_sheet *sheet, int64_t value)
{
    pic_sheet_value(sheet, &(struct pic_value){.kind = PIC_KIND_INT, .i = value});
}

void pic_sheet_null(struct pic_sheet *sheet)
{
    pic_sheet_value(sheet, &(struct pic_value){.kind = PIC_KIND_NULL});
}

size_t pic_sheet_width(struct pic_span text)
{
    size_t width = 0;
    while (text.n > 0) {
        int32_t c;
        size_t n = pic_text_next(text, &c);
        width += n == 0 ? 1 : pic_text_columns(c);
        n += n == 0;
        text = pic_span_of(text.p + n, text.n - n);
    }
    return width;
}

static struct pic_value next_cell(struct pic_cursor *c)
{
    struct pic_value value = {.kind = pic_cursor_u8(c)};
    if (value.kind == PIC_KIND_INT || value.kind == PIC_KIND_REF)
        value.i = pic_cursor_zigzag(c);
    else if (value.kind != PIC_KIND_NULL)
        value.s = pic_cursor_span(c, PIC_SHEET_BYTES_MAX);
    return value;
}

/* The cell as text, into a cleared out. */
static void format_cell(const struct pic_column *column, const struct pic_value *value,
                        enum pic_style style, struct pic_buf *out)
{
    const struct pic_field field = {.type = column->type, .about = "", .label = column->title};
    pic_buf_clear(out);
    if (value->kind == PIC_KIND_TEXT)
        pic_buf_bytes(out, value->s.p, value->s.n);
    else if (value->kind != PIC_KIND_NULL)
        pic_value_format(&field, value, style, out);
}

/* The same on one line, without what could drive a terminal. */
static void format_line(const struct pic_column *column, const struct pic_value *value,
                        enum pic_style style, struct pic_buf *out)
{
    format_cell(column, value, style, out);
    for (size_t i = 0; i < out->len; i++)
        if (out->data[i] < 0x20U || out->data[i] == 0x7FU)
            out->data[i] = ' ';
}

static bool is_number(enum pic_type type)
{
    return type == PIC_TYPE_MONEY || type == PIC_TYPE_RATE || type == PIC_TYPE_COUNT;
}

static void spaces(struct pic_buf *out, size_t n)
{
    uint8_t *room = pic_buf_room(out, n);
    if (room == NULL)
        return;
    memset(room, ' ', n);
    out->len += n;
}

/* Puts text, cut by an ellipsis beyond width columns; returns the columns taken. */
static size_t put_cut(struct pic_buf *out, struct pic_span text, size_t width)
{
    size_t whole = pic_sheet_width(text);
    if (whole <= width) {
        pic_buf_bytes(out, text.p, text.n);
        return whole;
    }
    size_t taken = 0, bytes = 0;
    while (bytes < text.n) {
        int32_t c;
        size_t n = pic_text_next(pic_span_of(text.p + bytes, text.n - bytes), &c);
        size_t columns = n == 0 ? 1 : pic_text_columns(c);
        if (taken + columns + 1 > width)
            break;
        taken += columns;
        bytes += n + (n == 0);
    }
    for (; bytes > 0 && text.p[bytes - 1] == ' '; bytes--)
        taken--;
    pic_buf_bytes(out, text.p, bytes);
    pic_buf_text(out, "…");
    return taken + 1;
}

struct layout {
    size_t width[PIC_SHEET_COLUMNS_MAX];
};

static void measure(const struct pic_sheet *sheet, struct pic_buf *scratch, struct layout *layout)
{
    struct pic_cursor c = pic_cursor_of(sheet->cells.data, sheet->cells.len);
    for (size_t i = 0; i < sheet->column_n; i++)
        layout->width[i] = pic_sheet_width(pic_span_text(sheet->columns[i].title));
    for (size_t cell = 0; cell < sheet->row_n * sheet->column_n; cell++) {
        size_t i = cell % sheet->column_n;
        struct pic_value value = next_cell(&c);
        format_line(&sheet->columns[i], &value, PIC_STYLE_SCREEN, scratch);
        size_t width = pic_sheet_width(pic_buf_view(scratch));
        if (width > layout->width[i])
            layout->width[i] = width;
    }
}

/* Narrows the widest text columns, one column at a time, until the table fits. */
static void fit(const struct pic_sheet *sheet, size_t width, struct layout *layout)
{
    size_t total = GAP * (sheet->column_n - 1);
    for (size_t i = 0; i < sheet->column_n; i++)
        total += layout->width[i];
    while (total > width) {
        size_t widest = sheet->column_n;
        for (size_t i = 0; i < sheet->column_n; i++)
            if (!is_number(sheet->columns[i].type) && layout->width[i] > NARROWEST &&
                (widest == sheet->column_n || layout->width[i] > layout->width[widest]))
                widest = i;
        if (widest == sheet->column_n)
            return;
        layout->width[widest]--;
        total--;
    }
}

static void put_aligned(const struct pic_sheet *sheet, size_t i, struct pic_span text,
                        const struct layout *layout, struct pic_buf *out)
{
    if (i > 0)
        spaces(out, GAP);
    if (is_number(sheet->columns[i].type)) {
        size_t width = pic_sheet_width(text);
        spaces(out, layout->width[i] > width ? layout->width[i] - width : 0);
        pic_buf_bytes(out, text.p, text.n);
    } else {
        spaces(out, layout->width[i] - put_cut(out, text, layout->width[i]));
    }
}

static void end_line(struct pic_buf *out, const char *reset)
{
    while (out->len > 0 && out->data[out->len - 1] == ' ')
        out->len--;
    pic_buf_text(out, reset);
    pic_buf_u8(out, '\n');
}

static void print_screen(const struct pic_sheet *sheet, const struct pic_look *look,
                         struct pic_buf *scratch, struct pic_buf *out)
{
    struct layout layout;
    measure(sheet, scratch, &layout);
    if (look->width != 0)
        fit(sheet, look->width, &layout);
    if (look->bold)
        pic_buf_text(out, "\033[1m");
    for (size_t i = 0; i < sheet->column_n; i++)
        put_aligned(sheet, i, pic_span_text(sheet->columns[i].title), &layout, out);
    end_line(out, look->bold ? "\033[0m" : "");
    struct pic_cursor c = pic_cursor_of(sheet->cells.data, sheet->cells.len);
    for (size_t cell = 0; cell < sheet->row_n * sheet->column_n && !out->bad; cell++) {
        size_t i = cell % sheet->column_n;
        struct pic_value value = next_cell(&c);
        format_line(&sheet->columns[i], &value, PIC_STYLE_SCREEN, scratch);
        put_aligned(sheet, i, pic_buf_view(scratch), &layout, out);
        if (i + 1 == sheet->column_n)
            end_line(out, "");
    }
}

/* A text of several lines goes on under its first one. */
static void put_indented(struct pic_buf *out, struct pic_span text, size_t indent)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t byte = text.p[i];
        if (byte == '\n') {
            pic_buf_u8(out, '\n');
            spaces(out, indent);
        } else {
            pic_buf_u8(out, byte < 0x20U || byte == 0x7FU ? ' ' : byte);
        }
    }
    pic_buf_u8(out, '\n');
}

static void print_card(const struct pic_sheet *sheet, const struct pic_look *look,
                       struct pic_buf *scratch, struct pic_buf *out)
{
    size_t widest = 0;
    for (size_t i = 0; i < sheet->column_n; i++) {
        size_t width = pic_sheet_width(pic_span_text(sheet->columns[i].title));
        widest = width > widest ? width : widest;
    }
    struct pic_cursor c = pic_cursor_of(sheet->cells.data, sheet->cells.len);
    for (size_t cell = 0; cell < sheet->row_n * sheet->column_n && !out->bad; cell++) {
        size_t i = cell % sheet->column_n;
        const char *title = sheet->columns[i].title;
        struct pic_value value = next_cell(&c);
        format_cell(&sheet->columns[i], &value, PIC_STYLE_SCREEN, scratch);
        if (i == 0 && cell != 0)
            pic_buf_u8(out, '\n');
        if (scratch->len == 0)
            continue;
        pic_buf_printf(out, look->bold ? "\033[1m%s\033[0m" : "%s", title);
        spaces(out, widest - pic_sheet_width(pic_span_text(title)));
        pic_buf_text(out, " : ");
        put_indented(out, pic_buf_view(scratch), widest + 3);
    }
}

static void print_plain(const struct pic_sheet *sheet, struct pic_buf *scratch, struct pic_buf *out)
{
    for (size_t i = 0; i < sheet->column_n; i++)
        pic_buf_printf(out, "%s%c", sheet->columns[i].key, i + 1 == sheet->column_n ? '\n' : '\t');
    struct pic_cursor c = pic_cursor_of(sheet->cells.data, sheet->cells.len);
    for (size_t cell = 0; cell < sheet->row_n * sheet->column_n && !out->bad; cell++) {
        size_t i = cell % sheet->column_n;
        struct pic_value value = next_cell(&c);
        format_line(&sheet->columns[i], &value, PIC_STYLE_EXACT, scratch);
        pic_buf_bytes(out, scratch->data, scratch->len);
        pic_buf_u8(out, i + 1 == sheet->column_n ? '\n' : '\t');
    }
}

static void print_csv(const struct pic_sheet *sheet, enum pic_csv_profile profile,
                      struct pic_buf *scratch, struct pic_buf *out)
{
    bool people = profile == PIC_CSV_TABLEUR;
    pic_csv_begin(out, profile);
    for (size_t i = 0; i < sheet->column_n; i++) {
        const struct pic_column *column = &sheet->columns[i];
        pic_csv_text(out, profile, i == 0, pic_span_text(people ? column->title : column->key));
    }
    pic_csv_end_row(out, profile);
    struct pic_cursor c = pic_cursor_of(sheet->cells.data, sheet->cells.len);
    for (size_t cell = 0; cell < sheet->row_n * sheet->column_n && !out->bad; cell++) {
        size_t i = cell % sheet->column_n;
        struct pic_value value = next_cell(&c);
        format_cell(&sheet->columns[i], &value, people ? PIC_STYLE_TABLEUR : PIC_STYLE_EXACT,
                    scratch);
        if (value.kind == PIC_KIND_INT)
            pic_csv_number(out, profile, i == 0, pic_buf_view(scratch));
        else
            pic_csv_text(out, profile, i == 0, pic_buf_view(scratch));
        if (i + 1 == sheet->column_n)
            pic_csv_end_row(out, profile);
    }
}

static void json_cell(struct pic_json *j, const struct pic_column *column,
                      const struct pic_value *value, struct pic_buf *scratch)
{
    pic_json_key(j, column->key);
    if (value->kind == PIC_KIND_NULL) {
        pic_json_null(j);
    } else if (value->kind == PIC_KIND_INT && column->type == PIC_TYPE_COUNT) {
        pic_json_int(j, value->i);
    } else if (value->kind == PIC_KIND_INT && column->type == PIC_TYPE_BOOL) {
        pic_json_bool(j, value->i != 0);
    } else {
        format_cell(column, value, PIC_STYLE_EXACT, scratch);
        pic_json_span(j, pic_buf_view(scratch));
    }
}

static void print_json(const struct pic_sheet *sheet, bool array, struct pic_buf *scratch,
                       struct pic_buf *out)
{
    struct pic_json j;
    struct pic_cursor c = pic_cursor_of(sheet->cells.data, sheet->cells.len);
    size_t rows = array || sheet->row_n == 0 ? sheet->row_n : 1;
    pic_json_init(&j, out);
    if (array)
        pic_json_array(&j);
    for (size_t row = 0; row < rows && !out->bad; row++) {
        pic_json_object(&j);
        for (size_t i = 0; i < sheet->column_n; i++) {
            struct pic_value value = next_cell(&c);
            json_cell(&j, &sheet->columns[i], &value, scratch);
        }
        pic_json_close(&j);
    }
    if (array)
        pic_json_close(&j);
    else if (rows == 0)
        pic_json_null(&j);
    pic_buf_u8(out, '\n');
    if (pic_json_status(&j) != PIC_OK)
        out->bad = true;
}

static void put_escaped(struct pic_buf *out, struct pic_span text)
{
    for (size_t i = 0; i < text.n; i++)
        switch (text.p[i]) {
        case '&':
            pic_buf_text(out, "&amp;");
            break;
        case '<':
            pic_buf_text(out, "&lt;");
            break;
        case '>':
            pic_buf_text(out, "&gt;");
            break;
        case '"':
            pic_buf_text(out, "&quot;");
            break;
        default:
            pic_buf_u8(out, text.p[i]);
        }
}

static void print_html(const struct pic_sheet *sheet, struct pic_buf *scratch, struct pic_buf *out)
{
    pic_buf_text(out, "<thead><tr>");
    for (size_t i = 0; i < sheet->column_n; i++) {
        const struct pic_column *column = &sheet->columns[i];
        pic_buf_printf(out, "<th scope=\"col\"%s>", is_number(column->type) ? " class=\"n\"" : "");
        put_escaped(out, pic_span_text(column->title));
        pic_buf_text(out, "</th>");
    }
    pic_buf_text(out, "</tr></thead>\n<tbody>\n");
    struct pic_cursor c = pic_cursor_of(sheet->cells.data, sheet->cells.len);
    for (size_t cell = 0; cell < sheet->row_n * sheet->column_n && !out->bad; cell++) {
        size_t i = cell % sheet->column_n;
        struct pic_value value = next_cell(&c);
        format_cell(&sheet->columns[i], &value, PIC_STYLE_SCREEN, scratch);
        const char *class = is_number(sheet->columns[i].type) ? " class=\"n\"" : "";
        pic_buf_printf(out, i == 0 ? "<tr><th scope=\"row\"%s>" : "<td%s>", class);
        put_escaped(out, pic_buf_view(scratch));
        pic_buf_text(out, i == 0 ? "</th>" : "</td>");
        if (i + 1 == sheet->column_n)
            pic_buf_text(out, "</tr>\n");
    }
    pic_buf_text(out, "</tbody>\n");
}

int pic_sheet_print(const struct pic_sheet *sheet, enum pic_sheet_form form,
                    const struct pic_look *look, struct pic_buf *out)
{
    static const struct pic_look plain_look = {0};
    struct pic_buf scratch;
    if (sheet->cells.bad || sheet->filled != 0)
        return PIC_ELIMIT;
    if (look == NULL)
        look = &plain_look;
    pic_buf_init(&scratch, PIC_SHEET_BYTES_MAX);
    switch (form) {
    case PIC_SHEET_SCREEN:
        print_screen(sheet, look, &scratch, out);
        break;
    case PIC_SHEET_CARD:
        print_card(sheet, look, &scratch, out);
        break;
    case PIC_SHEET_PLAIN:
        print_plain(sheet, &scratch, out);
        break;
    case PIC_SHEET_TABLEUR:
        print_csv(sheet, PIC_CSV_TABLEUR, &scratch, out);
        break;
    case PIC_SHEET_REGULATORY:
        print_csv(sheet, PIC_CSV_REGULATORY, &scratch, out);
        break;
    case PIC_SHEET_JSON:
    case PIC_SHEET_OBJECT:
        print_json(sheet, form == PIC_SHEET_JSON, &scratch, out);
        break;
    case PIC_SHEET_HTML:
        print_html(sheet, &scratch, out);
        break;
    }
    int status = scratch.bad ? PIC_ELIMIT : pic_buf_status(out);
    pic_buf_release(&scratch);
    return status;
}

void pic_sheet_each(const struct pic_sheet *sheet, pic_sheet_cell *each, void *context)
{
    struct pic_cursor c = pic_cursor_of(sheet->cells.data, sheet->cells.len);
    struct pic_buf text;
    pic_buf_init(&text, PIC_SHEET_BYTES_MAX);
    for (size_t cell = 0; cell < sheet->row_n * sheet->column_n; cell++) {
        size_t column = cell % sheet->column_n;
        struct pic_value value = next_cell(&c);
        format_cell(&sheet->columns[column], &value, PIC_STYLE_SCREEN, &text);
        each(context, cell / sheet->column_n, column, pic_buf_view(&text));
    }
    pic_buf_release(&text);
}
