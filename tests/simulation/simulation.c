/* simulation [--seeds A..B] [--seed N] [--trace] [--long]: whole histories of laptops, a server,
 * their clocks, disks and lines, each told by its seed; every one must keep the five promises of
 * promises.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/simulation/history.h"

enum { SEEDS = 1000, SEEDS_LONG = 100000, BASE = 10 };

struct plan {
    uint64_t first, last;
    bool tracing;
};

static int usage(void)
{
    (void)fprintf(stderr, "simulation [--seeds A..B] [--seed N] [--trace] [--long]\n");
    return EXIT_FAILURE;
}

static bool read_plan(int argc, char **argv, struct plan *plan)
{
    *plan = (struct plan){.first = 1, .last = SEEDS};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        char *end = NULL;
        if (strcmp(argv[i], "--trace") == 0) {
            plan->tracing = true;
        } else if (strcmp(argv[i], "--long") == 0) {
            plan->last = SEEDS_LONG;
        } else if (strcmp(argv[i], "--seed") == 0 && *value != '\0') {
            plan->first = plan->last = strtoull(argv[++i], &end, BASE);
        } else if (strcmp(argv[i], "--seeds") == 0 && *value != '\0') {
            plan->first = strtoull(argv[++i], &end, BASE);
            plan->last = strncmp(end, "..", 2) == 0 ? strtoull(end + 2, &end, BASE) : 0;
        } else {
            return false;
        }
        if (end != NULL && *end != '\0')
            return false;
    }
    return plan->first <= plan->last;
}

/* Documents and locks are real files: in memory where there is such a folder. */
static char root[64];

static void remove_root(void)
{
    history_clear();
    (void)rmdir(root);
}

int main(int argc, char **argv)
{
    struct plan plan;
    struct stat about;
    if (!read_plan(argc, argv, &plan))
        return usage();
    bool memory = stat("/dev/shm", &about) == 0 && S_ISDIR(about.st_mode);
    (void)snprintf(root, sizeof root, "%s/pic-simulation-XXXXXX", memory ? "/dev/shm" : "/tmp");
    if (pic_crypto_start() != PIC_OK || mkdtemp(root) == NULL || atexit(remove_root) != 0)
        return EXIT_FAILURE;
    history_found(root);
    for (uint64_t seed = plan.first; seed <= plan.last; seed++)
        history_live(seed, plan.tracing);
    history_end();
    unsigned long long n = plan.last - plan.first + 1;
    (void)printf("%llu histories keep their promises\n", n);
    return EXIT_SUCCESS;
}
