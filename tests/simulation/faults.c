#include "tests/simulation/faults.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

static const char *const words[FAULT_KINDS] = {
#define FAULT(symbol, text) [FAULT_##symbol] = (text),
#include "tests/simulation/faults.def"
#undef FAULT
};

static _Atomic uint64_t *counts; /* FAULT_KINDS, in memory that processes share */

bool faults_begin(void)
{
    void *room = mmap(NULL, FAULT_KINDS * sizeof *counts, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    counts = room == MAP_FAILED ? NULL : room;
    return counts != NULL;
}

void fault_note(enum fault fault)
{
    atomic_fetch_add(&counts[fault], 1);
}

unsigned faults_tell(void)
{
    unsigned missing = 0;
    for (unsigned i = 0; i < FAULT_KINDS; i++) {
        uint64_t n = atomic_load(&counts[i]);
        missing += n == 0;
        (void)printf("%10llu  %s\n", (unsigned long long)n, words[i]);
    }
    return missing;
}
