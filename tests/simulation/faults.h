/* faults: how often each thing went wrong, over all histories and all processes that live them: a
 * kind that never happens would be a promise that nothing holds. */
#ifndef PIC_SIMULATION_FAULTS_H
#define PIC_SIMULATION_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

enum fault {
#define FAULT(symbol, words) FAULT_##symbol,
#include "tests/simulation/faults.def"
#undef FAULT
    FAULT_KINDS
};

/* Before processes are made, which then share the counts. False when memory runs out. */
bool faults_begin(void);
void fault_note(enum fault fault);
/* Prints the counts; the number of kinds that never happened. */
unsigned faults_tell(void);

#endif
