/* machine: what a laptop and the server have alike: a disk that can lose power, and a clock that
 * can be wrong. */
#ifndef PIC_SIMULATION_MACHINE_H
#define PIC_SIMULATION_MACHINE_H

#include <stdbool.h>

#include "tests/lib/crash_vfs.h"

struct history;

enum {
    FOLDER_MAX_BYTES = 128,
    MACHINE_NAME_MAX = 16,
    /* About as many operations of its disk as these take. */
    ENTRY_OPERATIONS = 16,
    OPENING_OPERATIONS = 24,
    EXCHANGE_OPERATIONS = 40,
    SYNC_OPERATIONS = 150,
};

struct machine {
    struct history *history;
    char name[MACHINE_NAME_MAX], folder[FOLDER_MAX_BYTES];
    struct crash_vfs *disk;
    int64_t offset_ms; /* of its clock */
    int64_t drift_ppm;
    int64_t since_ms; /* true time from which it drifts */
    bool stopped;     /* from outside, between two operations of its disk */
};

/* Its wall clock, milliseconds since 1970; context is the machine. */
int64_t machine_now_ms(void *machine);
/* Makes the power fail at one of the next operations of its disk, with so many chances in a
 * hundred. */
void machine_dare(struct machine *machine, unsigned percent, unsigned operations);
/* Nothing fails any more that has not failed yet. */
void machine_calm(struct machine *machine);
/* Whether it stands still, by a power cut or because its program was killed. */
bool machine_is_cut(const struct machine *machine);
/* If so, makes its disk what the cut left of it, and returns true. What was open is then dead. */
bool machine_restart(struct machine *machine);

#endif
