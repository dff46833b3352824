#include "schema/state/siblings.h"

#include <string.h>

static bool is_before(const struct pic_sibling *a, const struct pic_sibling *b)
{
    return a->stamp != b->stamp ? a->stamp < b->stamp : a->dot < b->dot;
}

/* --- heads --- */

static void get_value(struct pic_cursor *c, struct pic_value *v)
{
    unsigned kind = pic_cursor_u8(c);
    if (kind >= PIC_KIND_COUNT) {
        c->bad = true;
        return;
    }
    *v = (struct pic_value){.kind = (enum pic_kind)kind};
    if (kind == PIC_KIND_INT || kind == PIC_KIND_REF)
        v->i = pic_cursor_zigzag(c);
    else if (kind != PIC_KIND_NULL)
        v->s = pic_cursor_span(c, PIC_TEXT_MAX);
}

static void put_value(struct pic_buf *out, const struct pic_value *v)
{
    pic_buf_u8(out, (uint8_t)v->kind);
    if (v->kind == PIC_KIND_INT || v->kind == PIC_KIND_REF)
        pic_buf_zigzag(out, v->i);
    else if (v->kind != PIC_KIND_NULL)
        pic_buf_span(out, v->s);
}

/* One entry; the value of a single sibling is in the row's column. */
static void get_entry(struct pic_cursor *c, uint8_t *field, struct pic_siblings *out)
{
    *field = pic_cursor_u8(c);
    out->n = (size_t)pic_cursor_varint_max(c, PIC_SIBLINGS_MAX);
    out->ghost_n = (size_t)pic_cursor_varint_max(c, PIC_GHOSTS_MAX);
    for (size_t i = 0; i < out->n; i++) {
        out->list[i] = (struct pic_sibling){.dot = pic_cursor_varint(c)};
        out->list[i].stamp = pic_cursor_varint(c);
        if (out->n > 1)
            get_value(c, &out->list[i].value);
    }
    for (size_t i = 0; i < out->ghost_n; i++)
        out->ghosts[i] = pic_cursor_varint(c);
}

static void put_entry(struct pic_buf *out, uint8_t field, const struct pic_siblings *s)
{
    pic_buf_u8(out, field);
    pic_buf_varint(out, s->n);
    pic_buf_varint(out, s->ghost_n);
    for (size_t i = 0; i < s->n; i++) {
        pic_buf_varint(out, s->list[i].dot);
        pic_buf_varint(out, s->list[i].stamp);
        if (s->n > 1)
            put_value(out, &s->list[i].value);
    }
    for (size_t i = 0; i < s->ghost_n; i++)
        pic_buf_varint(out, s->ghosts[i]);
}

int pic_heads_get(struct pic_span heads, uint8_t field, const struct pic_sibling *created,
                  struct pic_siblings *out)
{
    struct pic_cursor c = pic_cursor_of(heads.p, heads.n);
    while (!c.bad && pic_cursor_left(&c) > 0) {
        uint8_t at;
        get_entry(&c, &at, out);
        if (c.bad || at != field)
            continue;
        if (out->n == 1)
            out->list[0].value = created->value;
        return PIC_OK;
    }
    out->list[0] = *created;
    out->n = 1;
    out->ghost_n = 0;
    return c.bad ? PIC_EFORMAT : PIC_OK;
}

/* Whether a field is as the creation left it: nothing to tell. */
static bool is_untouched(const struct pic_siblings *s, uint64_t created)
{
    return s->n == 1 && s->ghost_n == 0 && s->list[0].dot == created;
}

int pic_heads_put(struct pic_span heads, uint8_t field, uint64_t created,
                  const struct pic_siblings *siblings, struct pic_buf *out)
{
    struct pic_cursor c = pic_cursor_of(heads.p, heads.n);
    bool written = is_untouched(siblings, created);
    while (!c.bad && pic_cursor_left(&c) > 0) {
        struct pic_siblings other;
        uint8_t at;
        const uint8_t *start = c.p;
        get_entry(&c, &at, &other);
        if (!written && at >= field) {
            put_entry(out, field, siblings);
            written = true;
        }
        if (at != field)
            pic_buf_bytes(out, start, (size_t)(c.p - start));
    }
    if (!written)
        put_entry(out, field, siblings);
    return c.bad ? PIC_EFORMAT : pic_buf_status(out);
}

/* --- writes --- */

static bool remove_sibling(struct pic_siblings *s, uint64_t dot)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->list[i].dot == dot) {
            s->n--;
            memmove(s->list + i, s->list + i + 1, (s->n - i) * sizeof *s->list);
            return true;
        }
    return false;
}

static bool remove_ghost(struct pic_siblings *s, uint64_t dot)
{
    for (size_t i = 0; i < s->ghost_n; i++)
        if (s->ghosts[i] == dot) {
            s->ghost_n--;
            memmove(s->ghosts + i, s->ghosts + i + 1, (s->ghost_n - i) * sizeof *s->ghosts);
            return true;
        }
    return false;
}

int pic_heads_arrived(struct pic_span heads, uint64_t created, uint64_t dot, struct pic_buf *out)
{
    struct pic_cursor c = pic_cursor_of(heads.p, heads.n);
    while (!c.bad && pic_cursor_left(&c) > 0) {
        struct pic_siblings s;
        uint8_t field;
        const uint8_t *start = c.p;
        get_entry(&c, &field, &s);
        if (!c.bad && remove_ghost(&s, dot)) {
            if (!is_untouched(&s, created))
                put_entry(out, field, &s);
        } else {
            pic_buf_bytes(out, start, (size_t)(c.p - start));
        }
    }
    return c.bad ? PIC_EFORMAT : pic_buf_status(out);
}

static void add_ghost(struct pic_siblings *s, uint64_t dot)
{
    size_t i = 0;
    while (i < s->ghost_n && s->ghosts[i] < dot)
        i++;
    if (i < s->ghost_n && s->ghosts[i] == dot)
        return;
    if (s->ghost_n == PIC_GHOSTS_MAX) {
        if (i == 0)
            return;
        s->ghost_n--;
        memmove(s->ghosts, s->ghosts + 1, s->ghost_n * sizeof *s->ghosts);
        i--;
    }
    memmove(s->ghosts + i + 1, s->ghosts + i, (s->ghost_n - i) * sizeof *s->ghosts);
    s->ghosts[i] = dot;
    s->ghost_n++;
}

static void add_sibling(struct pic_siblings *s, const struct pic_sibling *write)
{
    if (s->n == PIC_SIBLINGS_MAX) {
        if (is_before(write, &s->list[0]))
            return;
        (void)remove_sibling(s, s->list[0].dot);
    }
    size_t i = s->n;
    for (; i > 0 && is_before(write, &s->list[i - 1]); i--)
        s->list[i] = s->list[i - 1];
    s->list[i] = *write;
    s->n++;
}

void pic_siblings_write(struct pic_siblings *s, const struct pic_sibling *write,
                        const uint64_t *bases, size_t base_n, const struct pic_seen *seen)
{
    for (size_t i = 0; i < base_n; i++)
        if (!remove_sibling(s, bases[i]) && !seen->seen(seen->context, bases[i]))
            add_ghost(s, bases[i]);
    if (!remove_ghost(s, write->dot))
        add_sibling(s, write);
}

/* --- values --- */

/* Takes the first code off a set. */
static struct pic_span first_code(struct pic_span *set)
{
    const uint8_t *space = set->n == 0 ? NULL : memchr(set->p, ' ', set->n);
    size_t n = space == NULL ? set->n : (size_t)(space - set->p);
    struct pic_span code = pic_span_of(set->p, n);
    size_t skip = space == NULL ? n : n + 1;
    *set = pic_span_of(set->p + skip, set->n - skip);
    return code;
}

static int compare(struct pic_span a, struct pic_span b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n == 0 ? 0 : memcmp(a.p, b.p, n);
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* The smallest code after `after` in any sibling's set; empty when there is none. */
static struct pic_span next_code(const struct pic_siblings *s, struct pic_span after)
{
    struct pic_span best = {0};
    for (size_t i = 0; i < s->n; i++) {
        struct pic_span set =
            s->list[i].value.kind == PIC_KIND_TEXT ? s->list[i].value.s : pic_span_of("", 0);
        while (set.n > 0) {
            struct pic_span code = first_code(&set);
            if (compare(code, after) > 0 && (best.n == 0 || compare(code, best) < 0))
                best = code;
        }
    }
    return best;
}

static int union_of(const struct pic_siblings *s, struct pic_buf *store, struct pic_value *out)
{
    size_t start = store->len;
    struct pic_span code = {0};
    while ((code = next_code(s, code)).n > 0) {
        if (store->len > start)
            pic_buf_u8(store, ' ');
        pic_buf_bytes(store, code.p, code.n);
    }
    *out = (struct pic_value){.kind = store->len == start ? PIC_KIND_NULL : PIC_KIND_TEXT};
    if (out->kind == PIC_KIND_TEXT)
        out->s = pic_span_of(store->data + start, store->len - start);
    return pic_buf_status(store);
}

int pic_siblings_value(const struct pic_siblings *s, enum pic_policy policy, struct pic_buf *store,
                       struct pic_value *out)
{
    *out = (struct pic_value){0};
    if (s->n == 0)
        return PIC_OK;
    *out = s->list[s->n - 1].value;
    return policy == PIC_UNION && s->n > 1 ? union_of(s, store, out) : PIC_OK;
}

bool pic_siblings_disagree(const struct pic_siblings *s)
{
    for (size_t i = 1; i < s->n; i++)
        if (!pic_value_equal(&s->list[0].value, &s->list[i].value))
            return true;
    return false;
}
