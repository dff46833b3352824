/* pages: the files of a summary, from its figures: a page that prints on A4 and asks nothing of the
 * network, tables for a spreadsheet, the table that the law asks for, and what to know first. */
#ifndef PIC_SUMMARY_PAGES_H
#define PIC_SUMMARY_PAGES_H

#include "protocol/log/container.h"
#include "server/summary/figures.h"

struct pic_summary_pages {
    struct pic_container container; /* borrows from contents */
    struct pic_buf contents[PIC_CONTAINER_FILES_MAX];
};

/* Names ascend, as the container wants them. PIC_ELIMIT. Release in any case. */
PIC_MUST_USE int pic_summary_write(const struct pic_summary *summary,
                                   struct pic_summary_pages *out);
void pic_summary_pages_release(struct pic_summary_pages *pages);

#endif
