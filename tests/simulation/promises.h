/* promises: the six invariants of every history. Each ends the program when it does not hold. */
#ifndef PIC_SIMULATION_PROMISES_H
#define PIC_SIMULATION_PROMISES_H

#include <stdbool.h>

struct history;
struct laptop;

/* 1. State rebuilt from the journal equals state maintained incrementally, table by table. */
void promise_1_rebuilt_state_is_equal(struct history *h);
/* 2. Every replica that holds the same segments shows the same state. */
void promise_2_replicas_agree(struct history *h);
/* 3. Ladder totals equal a naive recomputation; the parts of funders add up to the whole. */
void promise_3_totals_add_up(struct history *h);
/* 4. No acknowledged change is missing, none is applied twice; every entry is in one place. */
void promise_4_nothing_lost_or_doubled(struct history *h);
/* 5. A once fact never changes; a reversed fact counts zero; it is reversed at most once. */
void promise_5_facts_stand(struct history *h);
/* 6. What the server holds verifies, whatever it went through. */
void promise_6_server_verifies(struct history *h);

/* Part of 4 that holds at any moment: notes what a laptop holds receipts for. */
void promise_note_acknowledged(struct laptop *l);
/* Just after a laptop said "tout est recu": it is, documents too. */
void promise_all_is_received(struct laptop *l);
/* At any moment: what was acknowledged is on the server. restored: it just went back in time. */
void promise_server_holds(struct history *h, bool restored);
/* Whether the server has been sent again all that it had forgotten. */
bool promise_server_remembers(struct history *h);
/* After the disk of a laptop went back in time: its entries may be elsewhere for a while. */
void promise_excuse_away(struct laptop *l);
/* After a disk went back in time: entries that no disk holds any more are excused. */
void promise_excuse_lost(struct history *h);

#endif
