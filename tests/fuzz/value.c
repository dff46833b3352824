/* value: what a person types and what a replica receives. Byte 0 picks the entity, byte 1 the
 * field; the rest is typed text, then wire values. Whatever parses must pass the check of every
 * replica and come back from what is shown; whatever passes the check must be showable. */
#include <stdlib.h>
#include <string.h>

#include "schema/dictionary/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth)
        abort();
}

static bool same(const struct pic_value *a, const struct pic_value *b)
{
    bool bytes = a->kind == PIC_KIND_TEXT || a->kind == PIC_KIND_BYTES;
    return a->kind == b->kind &&
           (bytes ? pic_span_equal(a->s, b->s) : a->kind == PIC_KIND_NULL || a->i == b->i);
}

static void shown_is_read_back(const struct pic_field *field, const struct pic_value *value,
                               enum pic_style style)
{
    struct pic_buf shown;
    struct pic_buf store;
    struct pic_value back;
    pic_buf_init(&shown, 1 << 20);
    pic_buf_init(&store, 1 << 20);
    pic_value_format(field, value, style, &shown);
    require(pic_value_parse(field, pic_buf_string(&shown), &store, &back, NULL) == PIC_OK);
    require(same(&back, value));
    pic_buf_release(&shown);
    pic_buf_release(&store);
}

static void typed(const struct pic_field *field, const char *text)
{
    struct pic_buf store;
    struct pic_value value;
    struct pic_err err = {0};
    pic_buf_init(&store, 1 << 20);
    int status = pic_value_parse(field, text, &store, &value, &err);
    if (status == PIC_OK && value.kind != PIC_KIND_NULL) {
        require(pic_value_check(field, &value) == PIC_OK);
        shown_is_read_back(field, &value, PIC_STYLE_SCREEN);
        shown_is_read_back(field, &value, PIC_STYLE_TABLEUR);
        shown_is_read_back(field, &value, PIC_STYLE_EXACT);
    } else if (status != PIC_OK) {
        require(err.status == status);
    }
    pic_buf_release(&store);
}

static void received(const struct pic_field *field, const struct pic_value *value)
{
    struct pic_buf shown;
    pic_buf_init(&shown, 1 << 20);
    if (pic_value_check(field, value) == PIC_OK)
        pic_value_format(field, value, PIC_STYLE_SCREEN, &shown);
    require(!shown.bad);
    pic_buf_release(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct pic_entity *entity = pic_dictionary_at(data[0] % pic_dictionary_count());
    const struct pic_field *field = &entity->fields[data[1] % entity->field_n];
    struct pic_span rest = pic_span_of(data + 2, size - 2);
    char *text = malloc(rest.n + 1);
    if (text == NULL)
        return 0;
    memcpy(text, rest.p, rest.n);
    text[rest.n] = '\0';
    typed(field, text);
    free(text);
    struct pic_value value = {.s = rest};
    for (size_t i = 0; i < rest.n && i < sizeof value.i; i++)
        value.i |= (int64_t)((uint64_t)rest.p[i] << (8 * i));
    for (value.kind = PIC_KIND_NULL; value.kind < PIC_KIND_COUNT; value.kind++)
        received(field, &value);
    return 0;
}
