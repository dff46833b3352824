/* hammer URL-or-PORT N [SEED]: N hostile connections against a server that is running. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/hammer_patterns.h"

enum { AT_ONCE = 64, DECIMAL = 10 };

int main(int argc, char **argv)
{
    struct sockaddr_in to;
    struct hammer_report report;
    unsigned long n = argc >= 3 ? strtoul(argv[2], NULL, DECIMAL) : 0;
    uint64_t seed = argc >= 4 ? strtoull(argv[3], NULL, DECIMAL) : 1;
    if (argc > 4 || n == 0 || n > UINT32_MAX || seed == 0 || hammer_target(argv[1], &to) != 0) {
        (void)fprintf(stderr, "usage: hammer tcp://A.B.C.D:PORT|PORT N [SEED]\n");
        return 2;
    }
    if (hammer_run(&to, (unsigned)n, AT_ONCE, seed, &report) != 0) {
        perror("hammer");
        return 1;
    }
    (void)printf("seed=%llu connected=%llu failed=%llu\n", (unsigned long long)seed,
                 (unsigned long long)report.connected, (unsigned long long)report.failed);
    return report.failed != 0;
}
