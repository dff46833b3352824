/* courier: carries what is here to the server and what is there to here, over any transport that
 * takes and gives frames: a link, a file, a simulation.
 *
 *          +--------------------------------------------------------------+
 *          v                                                              |
 *     [ENROL] -> [CHANGES] -> [PULL] -> [GIVE] -> [DOCUMENTS] -> [CLOSING] -> done
 *         own        own      server's    what     both ways   the receipt|
 *     certificate  segments    feed    it has lost by chunks  for documents
 *                    |                                                    |
 *                    +-- gap:         again from the head that was told   |
 *                    +-- clock_ahead: stamped again (move.h) -------------+
 *                    +-- fork: [RECOVER] own log pulled back, shifted ----+
 *                    +-- unknown device: [GIVE] its certificate back -----+
 *     anywhere: stale_key: the new key is kept, all asked again ----------+
 *
 * Each lane has its own cursor, in the store; a lane that fails does not stop the others, and its
 * status is told at the end. Up to PIC_PIPELINE_WINDOW requests are in flight; replies come in
 * order. Whatever stops the courier, at whichever byte, the next run goes on from the cursors.
 * Nothing received is used before it is verified. */
#ifndef PIC_AGENT_COURIER_H
#define PIC_AGENT_COURIER_H

#include "agent/carrier.h"
#include "agent/keyring.h"
#include "agent/store.h"

/* Runs every errand once, to its end. agent holds the lease; keys are unlocked and keep the code
 * until the certificate has come (then it is cleared, and the caller saves the keys). PIC_OK: all
 * that there was to exchange was exchanged. Otherwise the first lane's failure: PIC_ECLOSED,
 * PIC_ETIMEOUT, PIC_EBUSY…, PIC_EREVOKED, PIC_EFORK (only a person can tell), PIC_EINVITATION… */
PIC_MUST_USE int pic_courier_run(struct pic_agent *agent, struct pic_keys *keys,
                                 const struct pic_carrier *carrier,
                                 const struct pic_courier_options *options,
                                 struct pic_courier_report *report, struct pic_err *err);

/* Asks a server that is not known yet for its transport key, for an enrolment by code. */
PIC_MUST_USE int pic_courier_key(const struct pic_carrier *carrier, struct pic_transport *out,
                                 struct pic_err *err);

#endif
