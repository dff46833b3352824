/* stage: measures one exchange with a server in another process, and says it in one line:
 *
 *     NAME wall_ms X client_cpu_ms X server_cpu_ms X up N down N turns N
 *
 * The wall is what the person at the client waits for; the server's processor time is counted until
 * the server is quiet again, so that work it puts off is its work all the same. */
#ifndef PIC_BENCH_STAGE_H
#define PIC_BENCH_STAGE_H

#include <stdint.h>
#include <sys/types.h>

struct stage {
    const char *name;
    pid_t server;
    double wall_ms, client_cpu_ms, server_cpu_ms;
};

struct stage stage_begin(const char *name, pid_t server);
/* Right after the last byte; then print whenever convenient. */
void stage_end(struct stage *stage);
void stage_print(struct stage *stage, uint64_t up_bytes, uint64_t down_bytes, unsigned turns);

/* Greatest resident size of this process so far, in MiB. */
double stage_own_rss_mib(void);
/* Returns when a process has used next to no processor for a while. */
void stage_quiet(pid_t server);

#endif
