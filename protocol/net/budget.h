/* budget: how many bytes of frames may be held at once, and who waits for room. Inner to this room.
 *
 * A share is asked for as a whole, for the declared length of a frame, and given in order of
 * asking; so whoever has a share can always finish, and a large frame is not overtaken for ever.
 * A share is COMING while the frame is received, WHOLE until it is answered. Pure: no lock, no
 * clock, no allocation; shares belong to the caller. */
#ifndef PIC_NET_BUDGET_H
#define PIC_NET_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pic_share_state { PIC_SHARE_NONE, PIC_SHARE_WAITING, PIC_SHARE_COMING, PIC_SHARE_WHOLE };

struct pic_share {
    struct pic_share *next, *prev; /* among those WAITING, or COMING */
    int64_t moved_ms;              /* COMING: when it last made progress */
    size_t bytes;
    enum pic_share_state state;
};

struct pic_budget {
    size_t max, used;
    struct pic_share waiting, coming; /* heads of rings; coming: the longest still one first */
};

/* bytes_max 0: no limit. */
void pic_budget_init(struct pic_budget *b, size_t bytes_max);
/* A share that is NONE asks for bytes: COMING when there is room and nobody waits, else WAITING. A
 * frame above the whole budget comes alone. True when it is COMING. */
bool pic_budget_ask(struct pic_budget *b, struct pic_share *s, size_t bytes, int64_t now_ms);
/* The first in line, now COMING, or NULL when there is no room for it. */
struct pic_share *pic_budget_admit(struct pic_budget *b, int64_t now_ms);
/* One that is COMING made progress, or has come; in other states nothing changes. */
void pic_budget_moved(struct pic_budget *b, struct pic_share *s, int64_t now_ms);
void pic_budget_whole(struct pic_share *s);
/* Back to NONE, from any state. */
void pic_budget_return(struct pic_budget *b, struct pic_share *s);
bool pic_budget_is_awaited(const struct pic_budget *b);
/* Who keeps others waiting: the longest still of those COMING while somebody waits, or NULL. */
struct pic_share *pic_budget_stillest(struct pic_budget *b);

#endif
