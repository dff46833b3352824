/* tables: the tables of a summary and their columns, the same on the page and in the files. */
#ifndef PIC_SUMMARY_TABLES_H
#define PIC_SUMMARY_TABLES_H

#include "schema/face/sheet.h"

enum pic_summary_table {
    PIC_SUMMARY_TOTALS,
    PIC_SUMMARY_PROJECTS,
    PIC_SUMMARY_THEMES,
    PIC_SUMMARY_TERRITORIES,
    PIC_SUMMARY_LATE,
    PIC_SUMMARY_GRANTS, /* SCDL subventions 2.1.1: sixteen columns, in their order */
    PIC_SUMMARY_TABLES
};

/* An empty sheet with the columns of a table. */
void pic_summary_table_init(struct pic_sheet *sheet, enum pic_summary_table table);

#endif
