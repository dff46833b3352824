#include "tests/bench/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { QUIET_MS = 150, QUIET_ROUNDS_MAX = 200, STATUS_LINE_SIZE = 256 };
static const double quiet_cpu_ms = 1.0;

static double clock_ms(clockid_t clock)
{
    struct timespec now = {0};
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double process_ms(pid_t pid)
{
    clockid_t clock;
    return clock_getcpuclockid(pid, &clock) == 0 ? clock_ms(clock) : 0.0;
}

struct stage stage_begin(const char *name, pid_t server)
{
    return (struct stage){.name = name,
                          .server = server,
                          .server_cpu_ms = process_ms(server),
                          .client_cpu_ms = clock_ms(CLOCK_PROCESS_CPUTIME_ID),
                          .wall_ms = clock_ms(CLOCK_MONOTONIC)};
}

void stage_end(struct stage *stage)
{
    stage->wall_ms = clock_ms(CLOCK_MONOTONIC) - stage->wall_ms;
    stage->client_cpu_ms = clock_ms(CLOCK_PROCESS_CPUTIME_ID) - stage->client_cpu_ms;
}

void stage_quiet(pid_t server)
{
    const struct timespec while_ = {.tv_nsec = QUIET_MS * 1000000L};
    double before = process_ms(server);
    for (int i = 0; i < QUIET_ROUNDS_MAX; i++) {
        (void)nanosleep(&while_, NULL);
        double now = process_ms(server);
        if (now - before < quiet_cpu_ms)
            return;
        before = now;
    }
}

void stage_print(struct stage *stage, uint64_t up_bytes, uint64_t down_bytes, unsigned turns)
{
    stage_quiet(stage->server);
    (void)printf("%s wall_ms %.3f client_cpu_ms %.3f server_cpu_ms %.3f up %llu down %llu"
                 " turns %u\n",
                 stage->name, stage->wall_ms, stage->client_cpu_ms,
                 process_ms(stage->server) - stage->server_cpu_ms, (unsigned long long)up_bytes,
                 (unsigned long long)down_bytes, turns);
    (void)fflush(stdout);
}

/* Not getrusage: its greatest size is inherited from the program that started this one. */
double stage_own_rss_mib(void)
{
    char line[STATUS_LINE_SIZE];
    unsigned long kib = 0;
    FILE *file = fopen("/proc/self/status", "re");
    if (file == NULL)
        return 0.0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtoul(line + 6, NULL, 10);
    }
    (void)fclose(file);
    return (double)kib / 1024.0;
}
