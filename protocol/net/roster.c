#include "protocol/net/roster.h"

#include <stddef.h>
#include <string.h>

/* Fibonacci hashing: the high byte of host times 2^64 / golden ratio. */
static size_t bucket_of(uint64_t host)
{
    const uint64_t golden = 0x9e3779b97f4a7c15U;
    return (size_t)((host * golden) >> 56U);
}

void pic_roster_init(struct pic_roster *r)
{
    memset(r, 0, sizeof *r);
    for (int i = 0; i < PIC_PLACES; i++)
        r->places[i].next = r->places[i].prev = &r->places[i];
}

static void leave_place(struct pic_roster *r, struct pic_member *m)
{
    m->prev->next = m->next;
    m->next->prev = m->prev;
    r->held[m->place]--;
}

static void enter_place(struct pic_roster *r, struct pic_member *m, enum pic_place place,
                        int64_t deadline_ms)
{
    struct pic_member *head = &r->places[place];
    m->next = head;
    m->prev = head->prev;
    m->prev->next = m;
    head->prev = m;
    m->place = place;
    m->deadline_ms = deadline_ms;
    r->held[place]++;
}

void pic_roster_add(struct pic_roster *r, struct pic_member *m, uint64_t host, enum pic_place place,
                    int64_t deadline_ms)
{
    struct pic_member **bucket = &r->hosts[bucket_of(host)];
    m->host = host;
    m->host_next = *bucket;
    *bucket = m;
    enter_place(r, m, place, deadline_ms);
    r->count++;
}

void pic_roster_remove(struct pic_roster *r, struct pic_member *m)
{
    struct pic_member **at = &r->hosts[bucket_of(m->host)];
    while (*at != m)
        at = &(*at)->host_next;
    *at = m->host_next;
    leave_place(r, m);
    r->count--;
}

void pic_roster_move(struct pic_roster *r, struct pic_member *m, enum pic_place place,
                     int64_t deadline_ms)
{
    leave_place(r, m);
    enter_place(r, m, place, deadline_ms);
}

unsigned pic_roster_staying(const struct pic_roster *r)
{
    return r->count - r->held[PIC_PLACE_LEAVING] - r->held[PIC_PLACE_DEAD];
}

struct pic_member *pic_roster_first(struct pic_roster *r, enum pic_place place)
{
    struct pic_member *head = &r->places[place];
    return head->next == head ? NULL : head->next;
}

struct pic_member *pic_roster_oldest_idle(struct pic_roster *r)
{
    struct pic_member *stranger = pic_roster_first(r, PIC_PLACE_STRANGER);
    return stranger != NULL ? stranger : pic_roster_first(r, PIC_PLACE_KNOWN);
}

struct pic_member *pic_roster_overdue(struct pic_roster *r, int64_t now_ms)
{
    for (int place = PIC_PLACE_STRANGER; place <= PIC_PLACE_KNOWN; place++) {
        struct pic_member *m = pic_roster_first(r, (enum pic_place)place);
        if (m != NULL && m->deadline_ms <= now_ms)
            return m;
    }
    return NULL;
}

int64_t pic_roster_next_deadline_ms(struct pic_roster *r)
{
    int64_t nearest = INT64_MAX;
    for (int place = PIC_PLACE_STRANGER; place <= PIC_PLACE_KNOWN; place++) {
        struct pic_member *m = pic_roster_first(r, (enum pic_place)place);
        if (m != NULL && m->deadline_ms < nearest)
            nearest = m->deadline_ms;
    }
    return nearest;
}

bool pic_roster_host_is_full(const struct pic_roster *r, uint64_t host, unsigned limit)
{
    if (limit == PIC_ROSTER_NO_LIMIT || host == PIC_ROSTER_NO_HOST)
        return false;
    unsigned found = 0;
    const struct pic_member *m = r->hosts[bucket_of(host)];
    for (; m != NULL && found < limit; m = m->host_next)
        if (m->host == host && m->place < PIC_PLACE_LEAVING)
            found++;
    return found == limit;
}
