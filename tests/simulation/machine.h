/* machine: what a laptop and the server have alike: a disk that can lose power, and a clock that
 * can be wrong. */
#ifndef PIC_SIMULATION_MACHINE_H
#define PIC_SIMULATION_MACHINE_H

#include "tests/lib/crash_vfs.h"

struct history;

enum { FOLDER_MAX_BYTES = 128, MACHINE_NAME_MAX = 16 };

struct machine {
    struct history *history;
    char name[MACHINE_NAME_MAX], folder[FOLDER_MAX_BYTES];
    struct crash_disk *disk;
    int64_t offset_ms; /* of its clock */
    int64_t drift_ppm;
    int64_t since_ms; /* true time from which it drifts */
};

/* Its wall clock, milliseconds since 1970; context is the machine. */
int64_t machine_now_ms(void *machine);
/* Sets the fuse of its disk now and then. */
void machine_dare(struct machine *machine, unsigned percent);
/* Power back after a cut, or a program that was killed: true when there was a cut. */
bool machine_restart(struct machine *machine);

#endif
