#include "schema/face/table.h"

#include <stdio.h>
#include <string.h>

enum { PATH_MAX_BYTES = 4096, CELL_MAX = 512 };

struct pen {
    struct pic_page *page;
    const struct pic_sheet *sheet;
    const struct pic_table *table;
};

static const char *class_of(const struct pic_column *column)
{
    bool number = column->type == PIC_TYPE_MONEY || column->type == PIC_TYPE_RATE ||
                  column->type == PIC_TYPE_COUNT;
    return number ? "nombre" : NULL;
}

static void put_heading(struct pen *pen, const struct pic_column *column)
{
    const struct pic_table *t = pen->table;
    bool down = t->sort != NULL && *t->sort == '-';
    bool sorted = t->sort != NULL && strcmp(t->sort + down, column->key) == 0;
    struct pic_buf path;
    pic_page_open(pen->page, "th", "scope", "col", "class", class_of(column), "aria-sort",
                  !sorted ? NULL
                  : down  ? "descending"
                          : "ascending",
                  NULL);
    if (t->sort_path == NULL) {
        pic_page_text(pen->page, column->title);
    } else {
        pic_buf_init(&path, PATH_MAX_BYTES);
        pic_buf_printf(&path, "%stri=%s%s", t->sort_path, sorted && !down ? "-" : "", column->key);
        pic_page_element(pen->page, "a", column->title, "href", pic_buf_string(&path), NULL);
        pic_page_text(pen->page, !sorted ? "" : down ? " ↓" : " ↑");
        pic_buf_release(&path);
    }
    pic_page_close(pen->page);
}

static void put_link(struct pen *pen, struct pic_span text)
{
    char cell[CELL_MAX];
    struct pic_buf path;
    pic_buf_init(&path, PATH_MAX_BYTES);
    (void)snprintf(cell, sizeof cell, "%.*s", (int)text.n, (const char *)text.p);
    pic_buf_text(&path, pen->table->row_path);
    pic_page_url(&path, cell);
    pic_page_open(pen->page, "a", "href", pic_buf_string(&path), NULL);
    pic_page_span(pen->page, text);
    pic_page_close(pen->page);
    pic_buf_release(&path);
}

static void put_cell(void *context, size_t row, size_t column, struct pic_span text)
{
    struct pen *pen = context;
    (void)row;
    if (column == 0)
        pic_page_open(pen->page, "tr", NULL);
    pic_page_open(pen->page, "td", "class", class_of(&pen->sheet->columns[column]), NULL);
    if (column == 0 && pen->table->row_path != NULL && text.n < CELL_MAX)
        put_link(pen, text);
    else
        pic_page_span(pen->page, text);
    pic_page_close(pen->page);
    if (column + 1 == pen->sheet->column_n)
        pic_page_close(pen->page);
}

void pic_table_print(struct pic_page *page, const struct pic_sheet *sheet,
                     const struct pic_table *table)
{
    struct pen pen = {.page = page, .sheet = sheet, .table = table};
    pic_page_open(page, "div", "class", "cadre", "role", "region", "tabindex", "0", "aria-label",
                  table->caption, NULL);
    pic_page_open(page, "table", NULL);
    pic_page_element(page, "caption", table->caption, NULL);
    pic_page_open(page, "thead", NULL);
    pic_page_open(page, "tr", NULL);
    for (size_t i = 0; i < sheet->column_n; i++)
        put_heading(&pen, &sheet->columns[i]);
    pic_page_close(page);
    pic_page_close(page);
    pic_page_open(page, "tbody", NULL);
    pic_sheet_each(sheet, put_cell, &pen);
    pic_page_close(page);
    pic_page_close(page);
    pic_page_close(page);
}
