/* table: a sheet as a table of a page: its caption, headings with their scope that sort by a link,
 * numbers aligned to the right, and the first cell of each row as the link to what it is about. */
#ifndef PIC_FACE_TABLE_H
#define PIC_FACE_TABLE_H

#include "schema/face/page.h"
#include "schema/face/sheet.h"

struct pic_table {
    const char *caption;
    const char *row_path;  /* "/projet/": the first cell follows; NULL: no links */
    const char *sort_path; /* "/projet?q=…&": tri=… follows; NULL: no sorting */
    const char *sort;      /* as it is now, "-" before it for the reverse; or NULL */
};

void pic_table_print(struct pic_page *page, const struct pic_sheet *sheet,
                     const struct pic_table *table);

#endif
