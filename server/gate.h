/* gate: who asks too much. Requests that nobody known signed are counted by address, those of a
 * device by device. An address that guesses, or sends garbage, loses what it can lose without harm
 * to others behind it: a new connection from it is always heard once, and one that has shown who
 * speaks is never cut; only what goes on asking without having been known is. Safe from several
 * threads. */
#ifndef PIC_SERVER_GATE_H
#define PIC_SERVER_GATE_H

#include "protocol/net/listener.h"

struct pic_gate;
/* A second's worth each; an address may save up 100 seconds of failures, a device 10 of requests.
 */
PIC_MUST_USE int pic_gate_new(unsigned failures_per_host, unsigned requests_per_device,
                              struct pic_gate **out);
void pic_gate_free(struct pic_gate *gate); /* NULL is a no-op */

/* Whether the next frame of a peer is looked at. */
bool pic_gate_admits(struct pic_gate *gate, const struct pic_peer *peer);
/* A frame of a peer came from nobody known. */
void pic_gate_failed(struct pic_gate *gate, const struct pic_peer *peer);
/* Whether a device may have its request answered; counts it. */
bool pic_gate_device(struct pic_gate *gate, uint32_t device);

#endif
