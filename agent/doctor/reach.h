/* reach: how far the way to the server goes: its name, a connection, an answer, the right key. Asks
 * for nothing but the server's transport key, which needs no key of ours. */
#ifndef PIC_AGENT_DOCTOR_REACH_H
#define PIC_AGENT_DOCTOR_REACH_H

#include "agent/self.h"
#include "protocol/log/diagnosis.h"

enum { PIC_REACH_TIMEOUT_MS = 8000 }; /* of each step */

/* The best that any of self's addresses gives. */
enum pic_diagnosis_network pic_reach(const struct pic_agent_self *self);

#endif
