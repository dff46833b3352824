/* roster: who is connected, in the order in which they will have to leave. Inner to this room.
 *
 * Each member is in exactly one place. The idle places are kept in the order of the members' last
 * progress, which is also the order of their deadlines, so the oldest and the overdue are always
 * at the head. Pure: no lock, no clock, no allocation; members belong to the caller. */
#ifndef PIC_NET_ROSTER_H
#define PIC_NET_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

enum pic_place {
    PIC_PLACE_STRANGER, /* idle, or being answered, and nobody has vouched for it */
    PIC_PLACE_KNOWN,    /* the same, vouched for */
    PIC_PLACE_BUSY,     /* owed an answer: without a deadline */
    PIC_PLACE_LEAVING,  /* told to end, still at work */
    PIC_PLACE_DEAD,     /* at work no more */
    PIC_PLACES
};

#define PIC_ROSTER_NO_HOST  UINT64_MAX
#define PIC_ROSTER_NO_LIMIT 0U

enum { PIC_ROSTER_BUCKETS = 256 };

struct pic_member {
    struct pic_member *next, *prev; /* in its place */
    struct pic_member *host_next;   /* in its bucket */
    uint64_t host;
    int64_t deadline_ms;
    enum pic_place place;
};

struct pic_roster {
    struct pic_member places[PIC_PLACES]; /* heads of rings */
    unsigned held[PIC_PLACES];
    unsigned count; /* in all places */
    struct pic_member *hosts[PIC_ROSTER_BUCKETS];
};

void pic_roster_init(struct pic_roster *r);
/* A newcomer from host, or PIC_ROSTER_NO_HOST. */
void pic_roster_add(struct pic_roster *r, struct pic_member *m, uint64_t host, enum pic_place place,
                    int64_t deadline_ms);
void pic_roster_remove(struct pic_roster *r, struct pic_member *m);
/* To the end of a place. In the idle places deadlines must not decrease. */
void pic_roster_move(struct pic_roster *r, struct pic_member *m, enum pic_place place,
                     int64_t deadline_ms);
/* Members that are not on their way out, who make room already. */
unsigned pic_roster_staying(const struct pic_roster *r);
/* The first of a place, or NULL. */
struct pic_member *pic_roster_first(struct pic_roster *r, enum pic_place place);
/* The one who gives way: the oldest stranger, else the oldest idle member, else NULL. */
struct pic_member *pic_roster_oldest_idle(struct pic_roster *r);
/* An idle member whose deadline has passed, or NULL. */
struct pic_member *pic_roster_overdue(struct pic_roster *r, int64_t now_ms);
/* The nearest deadline of all, INT64_MAX when there is none. */
int64_t pic_roster_next_deadline_ms(struct pic_roster *r);
/* Whether host has limit members or more that are neither leaving nor dead. */
bool pic_roster_host_is_full(const struct pic_roster *r, uint64_t host, unsigned limit);

#endif
