/* branch: what happens here once the server was put back from an older copy. What it has lost and
 * this laptop holds is owed to it, and given back. Where it took something else in the place of
 * what it had lost, its truth is taken, and what stood there is set aside: never thrown away.
 *
 *     the server's feed begins again  -->  all that others wrote and is held here: owed
 *     a segment of it comes by        -->  no longer owed
 *     the feed has ended              -->  what is still owed is given back, in the order held,
 *                                          and comes by in what follows of the feed
 *     another segment in its place    -->  the end of that log is set aside; own changes are
 *                                          pending again
 *
 * Inside the transaction that is open. */
#ifndef PIC_AGENT_BRANCH_H
#define PIC_AGENT_BRANCH_H

#include "agent/store.h"

/* This one is held here before the feed has come to it. */
PIC_MUST_USE int pic_branch_owe(struct pic_agent *agent, uint64_t position);
/* The server's feed begins again: all segments here that others wrote are owed. */
PIC_MUST_USE int pic_branch_owe_all(struct pic_agent *agent);
/* The server no longer knows this device: what it wrote for the organisation, certificates among
 * it, is owed. */
PIC_MUST_USE int pic_branch_owe_certificates(struct pic_agent *agent);
/* The feed has come to the segment at this position of the journal here, or the server will never
 * take it. */
PIC_MUST_USE int pic_branch_settle(struct pic_agent *agent, uint64_t position);
/* The first segment owed after *position, which becomes its own; out is cleared first.
 * PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_branch_next(struct pic_agent *agent, uint64_t *position, struct pic_buf *out);

/* Makes room for a segment that the server holds in the place of another: what this laptop holds of
 * that log from there on is set aside, and pending again where it is this laptop's own. The state
 * is due to be made again. PIC_EFORK: there is no common past, or it is a log of the server itself.
 */
PIC_MUST_USE int pic_branch_leave(struct pic_agent *agent, const struct pic_segment *segment);

/* What this laptop holds aside of others' logs, since their server has something else in its place:
 * how many changes, and each of them (borrowed during the call), which ends the walk with what it
 * returns unless that is PIC_OK. What was its own is pending again, or was received since. */
PIC_MUST_USE int pic_branch_aside_count(struct pic_agent *agent, uint64_t *changes);
PIC_MUST_USE int pic_branch_aside_each(struct pic_agent *agent,
                                       int (*each)(void *context, const struct pic_change *change),
                                       void *context);

#endif
