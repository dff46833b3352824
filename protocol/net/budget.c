#include "protocol/net/budget.h"

#include <string.h>

static void ring_init(struct pic_share *head)
{
    head->next = head->prev = head;
}

static bool ring_is_empty(const struct pic_share *head)
{
    return head->next == head;
}

static void ring_leave(struct pic_share *s)
{
    s->prev->next = s->next;
    s->next->prev = s->prev;
}

static void ring_join(struct pic_share *head, struct pic_share *s)
{
    s->next = head;
    s->prev = head->prev;
    head->prev->next = s;
    head->prev = s;
}

void pic_budget_init(struct pic_budget *b, size_t bytes_max)
{
    memset(b, 0, sizeof *b);
    b->max = bytes_max == 0 ? SIZE_MAX : bytes_max;
    ring_init(&b->waiting);
    ring_init(&b->coming);
}

static bool has_room(const struct pic_budget *b, size_t bytes)
{
    return b->used == 0 || (b->used <= b->max && bytes <= b->max - b->used);
}

static void give(struct pic_budget *b, struct pic_share *s, int64_t now_ms)
{
    b->used += s->bytes;
    s->state = PIC_SHARE_COMING;
    s->moved_ms = now_ms;
    ring_join(&b->coming, s);
}

bool pic_budget_ask(struct pic_budget *b, struct pic_share *s, size_t bytes, int64_t now_ms)
{
    s->bytes = bytes;
    if (ring_is_empty(&b->waiting) && has_room(b, bytes)) {
        give(b, s, now_ms);
        return true;
    }
    s->state = PIC_SHARE_WAITING;
    ring_join(&b->waiting, s);
    return false;
}

struct pic_share *pic_budget_admit(struct pic_budget *b, int64_t now_ms)
{
    struct pic_share *s = b->waiting.next;
    if (s == &b->waiting || !has_room(b, s->bytes))
        return NULL;
    ring_leave(s);
    give(b, s, now_ms);
    return s;
}

void pic_budget_moved(struct pic_budget *b, struct pic_share *s, int64_t now_ms)
{
    if (s->state != PIC_SHARE_COMING)
        return;
    ring_leave(s);
    ring_join(&b->coming, s);
    s->moved_ms = now_ms;
}

void pic_budget_whole(struct pic_share *s)
{
    if (s->state != PIC_SHARE_COMING)
        return;
    ring_leave(s);
    s->state = PIC_SHARE_WHOLE;
}

void pic_budget_return(struct pic_budget *b, struct pic_share *s)
{
    if (s->state == PIC_SHARE_WAITING || s->state == PIC_SHARE_COMING)
        ring_leave(s);
    if (s->state == PIC_SHARE_COMING || s->state == PIC_SHARE_WHOLE)
        b->used -= s->bytes;
    s->state = PIC_SHARE_NONE;
}

bool pic_budget_is_awaited(const struct pic_budget *b)
{
    return !ring_is_empty(&b->waiting);
}

struct pic_share *pic_budget_stillest(struct pic_budget *b)
{
    return pic_budget_is_awaited(b) && !ring_is_empty(&b->coming) ? b->coming.next : NULL;
}
