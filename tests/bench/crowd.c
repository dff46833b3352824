#include "tests/bench/crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/stage.h"

/* Each client writes a byte when it is ready, waits for the start to be closed, then writes its
 * count: at most PIPE_BUF bytes, so that counts never mix. */
struct gates {
    int ready[2], start[2], counts[2];
};

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(EXIT_FAILURE);
}

static void client(const struct crowd_plan *plan, const struct gates *gates, unsigned number)
{
    char byte = 0;
    struct crowd_member member = {number, plan->context};
    (void)close(gates->start[1]);
    void *state = plan->prepare(&member);
    check(write(gates->ready[1], &byte, 1) == 1, "crowd");
    check(read(gates->start[0], &byte, 1) == 0, "crowd");
    struct stage own = stage_begin("", 0);
    struct crowd_count count = plan->go(state);
    stage_end(&own);
    count.cpu_ms = own.client_cpu_ms;
    check(write(gates->counts[1], &count, sizeof count) == (ssize_t)sizeof count, "crowd");
    _exit(EXIT_SUCCESS);
}

static struct crowd_count gather(const struct gates *gates, unsigned size)
{
    struct crowd_count all = {.ok = true};
    for (unsigned i = 0; i < size; i++) {
        struct crowd_count one = {0};
        check(read(gates->counts[0], &one, sizeof one) == (ssize_t)sizeof one, "crowd");
        all.up_bytes += one.up_bytes;
        all.down_bytes += one.down_bytes;
        all.turns += one.turns;
        all.cpu_ms += one.cpu_ms;
        all.ok = all.ok && one.ok;
    }
    return all;
}

bool crowd_run(const struct crowd_plan *plan, const char *name, pid_t server)
{
    struct gates gates;
    check(pipe(gates.ready) == 0 && pipe(gates.start) == 0 && pipe(gates.counts) == 0, "crowd");
    for (unsigned i = 0; i < plan->size; i++) {
        pid_t child = fork();
        check(child >= 0, "crowd");
        if (child == 0)
            client(plan, &gates, i);
    }
    (void)close(gates.ready[1]);
    (void)close(gates.counts[1]);
    for (unsigned i = 0; i < plan->size; i++) {
        char byte;
        check(read(gates.ready[0], &byte, 1) == 1, "crowd: a client was never ready");
    }
    stage_quiet(server);
    struct stage stage = stage_begin(name, server);
    (void)close(gates.start[1]);
    struct crowd_count all = gather(&gates, plan->size);
    stage_end(&stage);
    stage.client_cpu_ms = all.cpu_ms;
    while (wait(NULL) > 0)
        continue;
    stage_print(&stage, all.up_bytes, all.down_bytes, all.turns);
    return all.ok;
}
