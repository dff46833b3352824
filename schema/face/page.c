#include "schema/face/page.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

void pic_page_init(struct pic_page *page, struct pic_buf *out)
{
    *page = (struct pic_page){.out = out};
}

static const char *escape_of(uint8_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void pic_page_span(struct pic_page *page, struct pic_span text)
{
    size_t done = 0;
    for (size_t i = 0; i < text.n; i++) {
        const char *escape = escape_of(text.p[i]);
        if (escape == NULL)
            continue;
        pic_buf_bytes(page->out, text.p + done, i - done);
        pic_buf_text(page->out, escape);
        done = i + 1;
    }
    if (text.n > done)
        pic_buf_bytes(page->out, text.p + done, text.n - done);
}

void pic_page_text(struct pic_page *page, const char *text)
{
    pic_page_span(page, pic_span_text(text));
}

static void put_tag(struct pic_page *page, const char *element, va_list args)
{
    pic_buf_printf(page->out, "<%s", element);
    for (const char *name = va_arg(args, const char *); name != NULL;
         name = va_arg(args, const char *)) {
        const char *value = va_arg(args, const char *);
        if (value == NULL)
            continue;
        pic_buf_printf(page->out, " %s=\"", name);
        pic_page_text(page, value);
        pic_buf_text(page->out, "\"");
    }
    pic_buf_text(page->out, ">");
}

static void push(struct pic_page *page, const char *element)
{
    if (page->depth < PIC_PAGE_DEPTH)
        page->open[page->depth++] = element;
    else
        page->out->bad = true;
}

void pic_page_open(struct pic_page *page, const char *element, ...)
{
    va_list args;
    va_start(args, element);
    put_tag(page, element, args);
    va_end(args);
    push(page, element);
}

void pic_page_void(struct pic_page *page, const char *element, ...)
{
    va_list args;
    va_start(args, element);
    put_tag(page, element, args);
    va_end(args);
}

void pic_page_element(struct pic_page *page, const char *element, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    put_tag(page, element, args);
    va_end(args);
    pic_page_text(page, text);
    pic_buf_printf(page->out, "</%s>", element);
}

void pic_page_close(struct pic_page *page)
{
    if (page->depth == 0) {
        page->out->bad = true;
        return;
    }
    page->depth--;
    pic_buf_printf(page->out, "</%s>", page->open[page->depth]);
}

void pic_page_doctype(struct pic_page *page)
{
    pic_buf_text(page->out, "<!doctype html>\n");
}

int pic_page_status(const struct pic_page *page)
{
    return page->depth == 0 ? pic_buf_status(page->out) : PIC_ELIMIT;
}

void pic_page_url(struct pic_buf *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        bool plain = *c < 0x80 && (isalnum(*c) != 0 || strchr("-._~", *c) != NULL);
        if (plain)
            pic_buf_u8(out, *c);
        else
            pic_buf_printf(out, "%%%02X", *c);
    }
}
