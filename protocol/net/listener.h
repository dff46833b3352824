/* listener: the server's half: accepts connections, calls back with whole frames, never blocks.
 *
 * One connection is one peer: it reads a frame, waits for the answer, writes it, reads the next.
 * Bytes that a client pipelines wait in its socket, so back-pressure reaches the client. Every
 * limit is here: idle deadline, connections in all and per address, frame size, bytes held. */
#ifndef PIC_NET_LISTENER_H
#define PIC_NET_LISTENER_H

#include "protocol/net/frame.h"

struct pic_listener;
struct pic_peer; /* one accepted connection */

struct pic_listener_options {
    /* A connection that moves neither a whole frame nor 4 KiB of one for so long is closed. */
    int idle_ms;
    /* Connections held at once. The oldest idle one gives way to a newcomer; those that nobody has
     * vouched for go first, those that are owed an answer never. */
    unsigned peers_max;
    /* Connections from one IPv4 address or one IPv6 /64; 0: no limit. */
    unsigned per_host_max;
    /* Bytes of frames held at once, from the first KiB of each until its answer; 0: no limit. A
     * frame that would pass them waits in its socket, in order of arrival, within its idle
     * deadline; whatever fits 1 KiB never waits. While others wait, one that does not move for a
     * sixteenth of idle_ms is closed. */
    size_t bytes_max;
    /* A whole frame has come. Runs on one of nng's threads: hand over and return. The payload is
     * the callee's (free with pic_buf_release). The connection reads no further before
     * pic_peer_answer or pic_peer_drop, so one connection is answered in order. */
    void (*frame)(void *context, struct pic_peer *peer, struct pic_buf payload);
    void *context;
};

/* Listens on url. PIC_EIO when it cannot be bound, PIC_EMEMORY. Survives every kind of peer. */
PIC_MUST_USE int pic_listener_open(const char *url, const struct pic_listener_options *options,
                                   struct pic_listener **out);
/* The port really bound, for "tcp://127.0.0.1:0"; 0 where that makes no sense. */
unsigned pic_listener_port(const struct pic_listener *listener);
/* Stops accepting and closes what is idle; peers that still owe an answer close after it.
 * Returns when all is closed, or after timeout_ms; what is left then is closed as it is answered.
 * The listener is gone for the caller either way; the frame callback may still be running for a
 * peer only when timeout_ms has passed. NULL is a no-op. */
void pic_listener_close(struct pic_listener *listener, int timeout_ms);

/* Exactly one of these per frame, from any thread. answer copies the payload; one above
 * PIC_FRAME_MAX bytes drops the peer. */
void pic_peer_answer(struct pic_peer *peer, struct pic_span payload);
void pic_peer_drop(struct pic_peer *peer);

/* Between a frame and its answer: who sent it is known. From now on this connection gives way only
 * when there is no stranger left. */
void pic_peer_vouch(struct pic_peer *peer);

/* Between a frame and its answer, what is known of who sent it. */
enum pic_peer_standing {
    PIC_PEER_NEW,     /* its first frame */
    PIC_PEER_KNOWN,   /* vouched for */
    PIC_PEER_SUSPECT, /* it was answered before, and nobody has vouched for it */
};
enum pic_peer_standing pic_peer_standing(const struct pic_peer *peer);
/* Its IPv4 address or IPv6 /64, for counting; the same number for all whose address is not known.
 */
uint64_t pic_peer_host(const struct pic_peer *peer);

struct pic_listener_counts {
    uint64_t accepted, closed; /* connections; accepted - closed = peers */
    uint64_t frames;
    uint64_t refused; /* connections closed at once: too many */
    uint64_t bad;     /* connections closed for what they sent: not a frame, too large */
    uint64_t waited;  /* frames that waited for room */
    uint64_t stalled; /* connections closed for keeping others waiting */
    size_t bytes;     /* of frames held now: the budget's account */
    unsigned peers;
};
void pic_listener_count(struct pic_listener *listener, struct pic_listener_counts *out);

#endif
