/* crowd: many clients at once, each a process of its own, let go together. */
#ifndef PIC_BENCH_CROWD_H
#define PIC_BENCH_CROWD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct crowd_member {
    unsigned number; /* from 0 */
    const void *context;
};

struct crowd_count {
    uint64_t up_bytes, down_bytes;
    unsigned turns;
    bool ok;
    double cpu_ms; /* the crowd's own business */
};

/* prepare readies a client and returns its state; go is timed. Both run in the client's process. */
struct crowd_plan {
    void *(*prepare)(const struct crowd_member *member);
    struct crowd_count (*go)(void *client);
    const void *context;
    unsigned size;
};

/* Prints the stage `name`; false when any client failed. */
bool crowd_run(const struct crowd_plan *plan, const char *name, pid_t server);

#endif
