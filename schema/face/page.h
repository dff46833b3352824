/* page: a writer of HTML over a buffer. Names of elements and attributes are constants of the
 * program; every text and every value of an attribute is escaped here, so that nothing a person
 * typed can become markup. Elements close in order; sticky like the buffer: nesting too deep or a
 * close too many turns it bad.
 *
 *     pic_page_open(&p, "a", "href", url, NULL); pic_page_text(&p, title); pic_page_close(&p);
 *
 * May call nothing but the buffer. Source: HTML Living Standard, 13.1 and 13.3. */
#ifndef PIC_FACE_PAGE_H
#define PIC_FACE_PAGE_H

#include "protocol/base/bytes.h"

enum { PIC_PAGE_DEPTH = 48 };

struct pic_page {
    struct pic_buf *out; /* borrowed */
    size_t depth;
    const char *open[PIC_PAGE_DEPTH];
};

void pic_page_init(struct pic_page *page, struct pic_buf *out);
/* An element and its attributes: pairs of name and value, then NULL. A NULL value leaves the
 * attribute out, so that a condition is `on ? "" : NULL`. */
void pic_page_open(struct pic_page *page, const char *element, ...) __attribute__((sentinel));
void pic_page_close(struct pic_page *page);
/* One without content: input, meta, link, br. */
void pic_page_void(struct pic_page *page, const char *element, ...) __attribute__((sentinel));
/* One that holds nothing but a text. */
void pic_page_element(struct pic_page *page, const char *element, const char *text, ...)
    __attribute__((sentinel));
void pic_page_text(struct pic_page *page, const char *text);
void pic_page_span(struct pic_page *page, struct pic_span text);
/* <!doctype html>, before anything else. */
void pic_page_doctype(struct pic_page *page);
/* PIC_OK when everything opened is closed and the buffer is good, else PIC_ELIMIT. */
PIC_MUST_USE int pic_page_status(const struct pic_page *page);

/* Appends text as a part of an address: what is not a letter, a digit or -._~ becomes %XX. */
void pic_page_url(struct pic_buf *out, const char *text);

#endif
