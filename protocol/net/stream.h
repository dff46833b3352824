/* stream: frames over nng's byte streams; the only room that includes nng.
 *
 * A frame is "PIC1" | length u32 little-endian | payload. Lengths are checked before anything is
 * allocated. The agent's half is blocking with deadlines; the server's half calls back with whole
 * frames and never blocks. nng's REQ/REP sockets are avoided on purpose: in 1.5.2 a bad peer can
 * stop a listener for ever and a local close can wedge the process; byte streams do neither. An aio
 * that timed out is never used again: after any error a connection is closed. */
#ifndef PIC_NET_STREAM_H
#define PIC_NET_STREAM_H

#include "protocol/base/bytes.h"
#include "protocol/base/limits.h"

enum { PIC_FRAME_HEADER = 8 };

/* --- the agent's half --- */

struct pic_link;

/* Connects to url ("tcp://host:port", "ipc:///path", "tls+tcp://…") within timeout_ms.
 * PIC_EUNREACHABLE or PIC_ETIMEOUT; *out is then NULL. */
PIC_MUST_USE int pic_link_open(const char *url, int timeout_ms, struct pic_link **out);
void pic_link_close(struct pic_link *link); /* NULL is a no-op */
/* Sends one frame; payload is at most PIC_FRAME_MAX bytes. The deadline is extended while bytes
 * move: a slow line is not an error, a dead one is. PIC_ECLOSED, PIC_ETIMEOUT. */
PIC_MUST_USE int pic_link_send(struct pic_link *link, struct pic_span payload, int timeout_ms);
/* Receives one frame into out (cleared first). PIC_ECLOSED, PIC_ETIMEOUT, PIC_EFORMAT (not ours: a
 * captive portal, another program), PIC_ELIMIT. */
PIC_MUST_USE int pic_link_receive(struct pic_link *link, struct pic_buf *out, int timeout_ms);
/* Bytes sent and received on this link, headers included. */
void pic_link_count(const struct pic_link *link, uint64_t *sent, uint64_t *received);

/* --- the server's half --- */

struct pic_listener;
struct pic_peer; /* one accepted connection */

struct pic_listener_options {
    int idle_ms;           /* a connection without a whole frame for so long is closed */
    unsigned peers_max;    /* connections held at once; the oldest idle one gives way */
    unsigned per_host_max; /* connections from one address; 0: no limit */
    /* A whole frame has come. Runs on one of nng's threads: hand over and return. The payload is
     * the callee's (free with pic_buf_release). The connection reads no further before
     * pic_peer_answer or pic_peer_drop, so one connection is answered in order. */
    void (*frame)(void *context, struct pic_peer *peer, struct pic_buf payload);
    void *context;
};

/* Listens on url. PIC_EIO when it cannot be bound. Survives every kind of peer. */
PIC_MUST_USE int pic_listener_open(const char *url, const struct pic_listener_options *options,
                                   struct pic_listener **out);
/* The port really bound, for "tcp://127.0.0.1:0"; 0 where that makes no sense. */
unsigned pic_listener_port(const struct pic_listener *listener);
/* Stops accepting and closes what is idle; peers that still owe an answer close after it.
 * Returns when all is closed, or after timeout_ms. */
void pic_listener_close(struct pic_listener *listener, int timeout_ms);

/* Exactly one of these per frame, from any thread. answer copies the payload. */
void pic_peer_answer(struct pic_peer *peer, struct pic_span payload);
void pic_peer_drop(struct pic_peer *peer);

struct pic_listener_counts {
    uint64_t accepted, closed, frames, refused, bad;
    unsigned peers;
};
void pic_listener_count(struct pic_listener *listener, struct pic_listener_counts *out);

#endif
