/* hex: published vectors are written in hexadecimal; tests read them into bytes. */
#ifndef PIC_TESTS_HEX_H
#define PIC_TESTS_HEX_H

#include "protocol/base/bytes.h"

static inline int pic_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends the bytes that text spells in lower-case hexadecimal. The buffer turns bad when text is
 * anything else. */
static inline void pic_unhex(const char *text, struct pic_buf *out)
{
    while (*text != '\0' && !out->bad) {
        int high = pic_hex_digit(text[0]);
        int low = high < 0 ? -1 : pic_hex_digit(text[1]);
        if (low < 0) {
            out->bad = true;
            return;
        }
        pic_buf_u8(out, (uint8_t)(high * 16 + low));
        text += 2;
    }
}

/* Fills exactly n bytes; false when text does not spell n bytes. */
static inline bool pic_unhex_exactly(const char *text, void *bytes, size_t n)
{
    struct pic_buf b;
    pic_buf_init(&b, n);
    pic_unhex(text, &b);
    bool fits = !b.bad && b.len == n;
    uint8_t *to = bytes;
    for (size_t i = 0; fits && i < n; i++)
        to[i] = b.data[i];
    pic_buf_release(&b);
    return fits;
}

#endif
