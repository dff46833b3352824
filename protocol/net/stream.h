/* stream: frames over nng's byte streams; the only room that includes nng.
 *
 * frame.h is the format, link.h the agent's half, listener.h the server's half. nng's REQ/REP
 * sockets are avoided on purpose: in 1.5.2 a bad peer can stop a listener for ever and a local
 * close can wedge the process; byte streams do neither. Two more rules keep to what 1.5.2 does
 * well: no operation on a connection has an nng timeout (an aio that timed out must never be used
 * again; deadlines are kept here, and what is overdue is cancelled and closed), and an aio is
 * stopped only once nothing can start another operation on it. */
#ifndef PIC_NET_STREAM_H
#define PIC_NET_STREAM_H

#include "protocol/net/frame.h"
#include "protocol/net/link.h"
#include "protocol/net/listener.h"

#endif
