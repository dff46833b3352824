#include "schema/face/json.h"

#include <inttypes.h>

#include "protocol/base/text.h"

void pic_json_init(struct pic_json *j, struct pic_buf *out)
{
    *j = (struct pic_json){.out = out};
}

static uint32_t level(const struct pic_json *j)
{
    return j->depth == 0 ? 0 : UINT32_C(1) << (j->depth - 1);
}

/* Makes room for one more value here: a comma where one is due. */
static void value(struct pic_json *j)
{
    bool in_object = (j->objects & level(j)) != 0;
    if (in_object != j->keyed)
        j->out->bad = true;
    if (j->depth > 0 && !in_object && (j->filled & level(j)) != 0)
        pic_buf_u8(j->out, ',');
    j->filled |= level(j);
    j->keyed = false;
}

static void open_level(struct pic_json *j, bool object)
{
    value(j);
    if (j->depth == PIC_JSON_DEPTH) {
        j->out->bad = true;
        return;
    }
    j->depth++;
    j->filled &= ~level(j);
    if (object)
        j->objects |= level(j);
    else
        j->objects &= ~level(j);
    pic_buf_u8(j->out, object ? '{' : '[');
}

void pic_json_object(struct pic_json *j)
{
    open_level(j, true);
}

void pic_json_array(struct pic_json *j)
{
    open_level(j, false);
}

void pic_json_close(struct pic_json *j)
{
    if (j->depth == 0 || j->keyed) {
        j->out->bad = true;
        return;
    }
    pic_buf_u8(j->out, (j->objects & level(j)) != 0 ? '}' : ']');
    j->depth--;
}

static void escaped(struct pic_buf *out, struct pic_span rest)
{
    pic_buf_u8(out, '"');
    while (rest.n > 0) {
        int32_t c;
        size_t n = pic_text_next(rest, &c);
        if (n == 0)
            pic_buf_text(out, "\xEF\xBF\xBD");
        else if (c == '"' || c == '\\')
            pic_buf_printf(out, "\\%c", (char)c);
        else if (c == '\n')
            pic_buf_text(out, "\\n");
        else if (c < 0x20 || c == 0x7F)
            pic_buf_printf(out, "\\u%04" PRIx32, (uint32_t)c);
        else
            pic_buf_bytes(out, rest.p, n);
        n += n == 0;
        rest = pic_span_of(rest.p + n, rest.n - n);
    }
    pic_buf_u8(out, '"');
}

void pic_json_key(struct pic_json *j, const char *key)
{
    if ((j->objects & level(j)) == 0 || j->keyed) {
        j->out->bad = true;
        return;
    }
    if ((j->filled & level(j)) != 0)
        pic_buf_u8(j->out, ',');
    escaped(j->out, pic_span_text(key));
    pic_buf_u8(j->out, ':');
    j->keyed = true;
}

void pic_json_span(struct pic_json *j, struct pic_span text)
{
    value(j);
    escaped(j->out, text);
}

void pic_json_text(struct pic_json *j, const char *text)
{
    if (text == NULL)
        pic_json_null(j);
    else
        pic_json_span(j, pic_span_text(text));
}

void pic_json_int(struct pic_json *j, int64_t number)
{
    value(j);
    pic_buf_printf(j->out, "%" PRId64, number);
}

void pic_json_bool(struct pic_json *j, bool yes)
{
    value(j);
    pic_buf_text(j->out, yes ? "true" : "false");
}

void pic_json_null(struct pic_json *j)
{
    value(j);
    pic_buf_text(j->out, "null");
}

void pic_json_money(struct pic_json *j, int64_t cents)
{
    uint64_t size = cents < 0 ? 0 - (uint64_t)cents : (uint64_t)cents;
    value(j);
    pic_buf_printf(j->out, "\"%s%" PRIu64 ".%02" PRIu64 "\"", cents < 0 ? "-" : "", size / 100,
                   size % 100);
}

int pic_json_status(const struct pic_json *j)
{
    return j->depth != 0 || j->keyed ? PIC_ELIMIT : pic_buf_status(j->out);
}
