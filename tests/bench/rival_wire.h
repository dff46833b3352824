/* rival_wire: the rival's messages over a TCP connection: a kind, two lengths, and the lines
 * deflated by zlib at level 6. Both ends count what they put on the line. */
#ifndef PIC_BENCH_RIVAL_WIRE_H
#define PIC_BENCH_RIVAL_WIRE_H

#include "tests/bench/rival_row.h"

enum rival_kind { RIVAL_PUSH = 1, RIVAL_PULL, RIVAL_DONE };

struct rival_wire {
    int fd;
    uint64_t sent_bytes, received_bytes;
};

/* Listens on a free port of the loopback; *port receives it. The program ends on failure. */
int rival_listen(uint16_t *port);
struct rival_wire rival_accept(int listener);
struct rival_wire rival_dial(uint16_t port);
void rival_wire_close(struct rival_wire *wire);

/* Sends a message; lines may be empty. False when the peer is gone. */
bool rival_send(struct rival_wire *wire, enum rival_kind kind, const struct rival_bytes *lines);
/* Receives a message and inflates its lines into `lines` (emptied first). False when the peer is
 * gone or talks nonsense. */
bool rival_receive(struct rival_wire *wire, enum rival_kind *kind, struct rival_bytes *lines);

#endif
