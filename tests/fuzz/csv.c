/* csv: any bytes are a table or a refusal; a row that was read is read back the same when written.
 */
#include <stdlib.h>

#include "protocol/base/text.h"
#include "schema/face/csv.h"

enum { WRITTEN_MAX = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_back(const struct pic_csv *row)
{
    struct pic_buf out;
    struct pic_csv again;
    bool more;
    pic_buf_init(&out, WRITTEN_MAX);
    for (size_t i = 0; i < row->cell_n; i++)
        pic_csv_text(&out, PIC_CSV_REGULATORY, i == 0, pic_csv_cell(row, i));
    pic_csv_end_row(&out, PIC_CSV_REGULATORY);
    struct pic_span text = pic_buf_view(&out);
    bool starts_as_a_file = row->cell_n > 0 && pic_csv_cell(row, 0).n >= 3;
    pic_csv_init(&again, pic_csv_from_span, &text, ',');
    /* A BOM or "sep=" in the first cell means something at the top of a file. */
    if (!starts_as_a_file) {
        if (pic_csv_next(&again, &more, NULL) != PIC_OK || !more || again.cell_n != row->cell_n)
            abort();
        for (size_t i = 0; i < row->cell_n; i++)
            if (!pic_span_equal(pic_csv_cell(row, i), pic_csv_cell(&again, i)))
                abort();
    }
    pic_csv_release(&again);
    pic_buf_release(&out);
}

static void is_utf8(struct pic_span cell)
{
    while (cell.n > 0) {
        int32_t point;
        size_t n = pic_text_next(cell, &point);
        if (n == 0 || point == 0)
            abort();
        cell = pic_span_of(cell.p + n, cell.n - n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pic_span text = pic_span_of(data, size);
    struct pic_csv csv;
    int at[PIC_FIELD_MAX];
    bool more = true;
    pic_csv_init(&csv, pic_csv_from_span, &text, '\0');
    while (pic_csv_next(&csv, &more, NULL) == PIC_OK && more) {
        if (csv.rows == 1)
            (void)!pic_csv_match(&csv, pic_dictionary_entity(PIC_EXPENSE), at, NULL);
        for (size_t i = 0; i < csv.cell_n; i++)
            is_utf8(pic_csv_cell(&csv, i));
        read_back(&csv);
    }
    pic_csv_release(&csv);
    return 0;
}
