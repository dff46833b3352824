/* link: the agent's half of a connection: blocking calls with deadlines.
 *
 * One thread at a time uses a link. What the server sends is read at once, whatever the caller is
 * doing, up to PIC_PIPELINE_WINDOW frames: a caller that pipelines large requests before it reads
 * the replies cannot lock itself and the server in two full pipes. A deadline is extended whenever
 * a byte moves in the direction waited for: a slow line is not an error, a dead one is. After any
 * error the link is over and every later call gives the same error. */
#ifndef PIC_NET_LINK_H
#define PIC_NET_LINK_H

#include "protocol/net/frame.h"

struct pic_link;

/* Connects to url ("tcp://host:port", "ipc:///path", "tls+tcp://…") within timeout_ms.
 * PIC_EUNREACHABLE, PIC_ETIMEOUT or PIC_EMEMORY; *out is then NULL. */
PIC_MUST_USE int pic_link_open(const char *url, int timeout_ms, struct pic_link **out);
void pic_link_close(struct pic_link *link); /* NULL is a no-op */
/* Sends one frame; payload is at most PIC_FRAME_MAX bytes (else PIC_ELIMIT, and the link lives on).
 * PIC_ECLOSED, PIC_ETIMEOUT, or what the receiving side died of. */
PIC_MUST_USE int pic_link_send(struct pic_link *link, struct pic_span payload, int timeout_ms);
/* Receives one frame into out (its old content is released). PIC_ECLOSED, PIC_ETIMEOUT, PIC_EFORMAT
 * (not ours: a captive portal, another program), PIC_ELIMIT. Frames that came whole before an error
 * are still given. */
PIC_MUST_USE int pic_link_receive(struct pic_link *link, struct pic_buf *out, int timeout_ms);
/* Bytes sent and received on this link, headers included. */
void pic_link_count(struct pic_link *link, uint64_t *sent, uint64_t *received);

#endif
