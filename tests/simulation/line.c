#include "tests/simulation/line.h"

#include <string.h>

#include "tests/simulation/faults.h"
#include "tests/simulation/history.h"
#include "tests/simulation/people.h"

enum { DEPTH_MAX = 1, TRIP_MS = 400 };

static struct history *history_of(const struct line *line)
{
    return line->laptop->machine.history;
}

static void alter(struct history *h, struct pic_buf *bytes)
{
    if (bytes->len == 0)
        return;
    if (chance(h, 50))
        bytes->len = draw(h, (uint32_t)bytes->len);
    else
        bytes->data[draw(h, (uint32_t)bytes->len)] ^= (uint8_t)(1U << draw(h, 8));
}

static void copy(struct pic_buf *to, struct pic_span from)
{
    pic_buf_init(to, PIC_FRAME_MAX);
    pic_buf_bytes(to, from.p, from.n);
}

/* Keeps a request, to deliver it again when nobody expects it. */
static void hold(struct history *h, struct pic_span request)
{
    unsigned at = h->held_n < HELD_MAX ? h->held_n++ : draw(h, HELD_MAX);
    pic_buf_release(&h->held[at]);
    copy(&h->held[at], request);
}

/* An answer that comes back too late for anyone to read. */
static void deliver_held(struct history *h)
{
    struct pic_buf reply;
    pic_buf_init(&reply, PIC_FRAME_MAX);
    unsigned at = draw(h, h->held_n);
    tell(h, "line: an old request arrives again");
    fault_note(FAULT_LATE);
    (void)centre_answer(&h->centre, pic_buf_view(&h->held[at]), &reply);
    pic_buf_release(&reply);
}

/* What others do while a message is on its way. */
static void meanwhile(struct history *h)
{
    if (h->depth >= DEPTH_MAX || !chance(h, h->weather.meanwhile))
        return;
    h->depth++;
    struct laptop *other = &h->laptops[draw(h, h->laptop_n)];
    switch (draw(h, 4)) {
    case 0:
        if (h->held_n > 0)
            deliver_held(h);
        break;
    case 1:
        (void)centre_enter(&h->centre);
        break;
    default:
        if (!other->gone && other->open)
            (void)laptop_sync(other, PIC_ERRAND_ALL);
        break;
    }
    h->depth--;
}

/* Takes one request to the server; what it answers starts its way back. */
static void carry(struct line *line, struct pic_span request)
{
    struct history *h = history_of(line);
    const unsigned room = sizeof line->replies / sizeof *line->replies;
    struct pic_buf reply;
    pic_buf_init(&reply, PIC_FRAME_MAX);
    bool answered = centre_answer(&h->centre, request, &reply);
    if (!answered || line->n == room) {
        line->cut = line->cut || !answered;
        pic_buf_release(&reply);
        return;
    }
    if (chance(h, h->weather.trouble / 4)) {
        alter(h, &reply);
        fault_note(FAULT_ANSWER_ALTERED);
    }
    line->replies[(line->first + line->n++) % room] = reply;
}

static int send(void *context, struct pic_span payload)
{
    struct line *line = context;
    struct history *h = history_of(line);
    struct pic_buf changed;
    h->now_ms += 1 + draw(h, TRIP_MS);
    if (line->cut || machine_is_cut(&line->laptop->machine))
        return PIC_ECLOSED;
    /* The laptop's program is in the middle of something: others may act, it may not. */
    bool open = line->laptop->open;
    line->laptop->open = false;
    meanwhile(h);
    line->laptop->open = open;
    if (!chance(h, h->weather.trouble)) {
        carry(line, payload);
        return PIC_OK;
    }
    switch (draw(h, 5)) {
    case 0:
        tell(h, "line: cut before the request arrives");
        fault_note(FAULT_REQUEST_LOST);
        line->cut = true;
        break;
    case 1:
        tell(h, "line: cut before the answer arrives");
        fault_note(FAULT_ANSWER_LOST);
        carry(line, payload);
        line->cut = true;
        break;
    case 2:
        tell(h, "line: a request arrives altered");
        fault_note(FAULT_REQUEST_ALTERED);
        copy(&changed, payload);
        alter(h, &changed);
        carry(line, pic_buf_view(&changed));
        pic_buf_release(&changed);
        break;
    case 3:
        tell(h, "line: a request arrives twice");
        fault_note(FAULT_DOUBLED);
        carry(line, payload);
        carry(line, payload);
        break;
    default:
        tell(h, "line: a request is held back");
        hold(h, payload);
        line->cut = true;
        break;
    }
    return PIC_OK;
}

static int receive(void *context, struct pic_buf *payload)
{
    struct line *line = context;
    struct history *h = history_of(line);
    const unsigned room = sizeof line->replies / sizeof *line->replies;
    pic_buf_clear(payload);
    if (machine_is_cut(&line->laptop->machine))
        return PIC_ECLOSED;
    if (line->n == 0)
        return line->cut ? PIC_ECLOSED : PIC_ETIMEOUT;
    if (line->n > 1 && chance(h, h->weather.trouble / 4)) { /* two answers change places */
        tell(h, "line: answers out of order");
        fault_note(FAULT_REORDERED);
        struct pic_buf *a = &line->replies[line->first];
        struct pic_buf *b = &line->replies[(line->first + 1) % room];
        struct pic_buf kept = *a;
        *a = *b;
        *b = kept;
    }
    struct pic_buf *reply = &line->replies[line->first];
    pic_buf_bytes(payload, reply->data, reply->len);
    pic_buf_release(reply);
    line->first = (line->first + 1) % room;
    line->n--;
    return pic_buf_status(payload);
}

void line_open(struct line *line, struct laptop *laptop)
{
    memset(line, 0, sizeof *line);
    line->laptop = laptop;
}

void line_close(struct line *line)
{
    const unsigned room = sizeof line->replies / sizeof *line->replies;
    for (; line->n > 0; line->n--) {
        pic_buf_release(&line->replies[line->first]);
        line->first = (line->first + 1) % room;
    }
}

struct pic_carrier line_carrier(struct line *line)
{
    return (struct pic_carrier){.context = line, .send = send, .receive = receive};
}
