/* people: what volunteers and treasurers do on a laptop, and what a forger with valid keys would.
 */
#ifndef PIC_SIMULATION_PEOPLE_H
#define PIC_SIMULATION_PEOPLE_H

struct laptop;

/* One entry drawn from all kinds. */
void people_enter(struct laptop *l);
/* Writes a change that the rules forbid, past the agent's own checks. */
void people_forge(struct laptop *l);

#endif
