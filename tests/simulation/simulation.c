/* simulation [--seeds A..B] [--seed N] [--trace] [--long] [--jobs N]: whole histories of laptops, a
 * server, their clocks, disks and lines, each told by its seed; every one must keep the six
 * promises of promises.h, and a thousand of them must meet every fault of faults.def. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/simulation/faults.h"
#include "tests/simulation/history.h"

enum { SEEDS = 1000, SEEDS_LONG = 100000, SEEDS_ENOUGH = 200, JOBS_MAX = 64, BASE = 10 };

struct plan {
    uint64_t first, last;
    unsigned jobs; /* processes that share the seeds */
    bool tracing;
};

static int usage(void)
{
    (void)fprintf(stderr, "simulation [--seeds A..B] [--seed N] [--trace] [--long] [--jobs N]\n");
    return EXIT_FAILURE;
}

static unsigned cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > JOBS_MAX ? JOBS_MAX : (unsigned)n;
}

static bool read_plan(int argc, char **argv, struct plan *plan)
{
    *plan = (struct plan){.first = 1, .last = SEEDS, .jobs = 1};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        char *end = NULL;
        if (strcmp(argv[i], "--trace") == 0) {
            plan->tracing = true;
        } else if (strcmp(argv[i], "--long") == 0) {
            plan->last = SEEDS_LONG;
            plan->jobs = cores();
        } else if (strcmp(argv[i], "--jobs") == 0 && *value != '\0') {
            plan->jobs = (unsigned)strtoull(argv[++i], &end, BASE);
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
    return plan->first <= plan->last && plan->jobs > 0 && plan->jobs <= JOBS_MAX;
}

/* Documents and locks are real files: in memory where there is such a folder. */
static char root[64];

static void remove_root(void)
{
    history_clear();
    (void)rmdir(root);
}

/* Every jobs-th seed, in a world of its own. */
static int live(const struct plan *plan, unsigned job)
{
    struct stat about;
    bool memory = stat("/dev/shm", &about) == 0 && S_ISDIR(about.st_mode);
    (void)snprintf(root, sizeof root, "%s/pic-simulation-XXXXXX", memory ? "/dev/shm" : "/tmp");
    if (pic_crypto_start() != PIC_OK || mkdtemp(root) == NULL || atexit(remove_root) != 0)
        return EXIT_FAILURE;
    history_found(root);
    for (uint64_t seed = plan->first + job; seed <= plan->last; seed += plan->jobs)
        history_live(seed, plan->tracing);
    history_end();
    return EXIT_SUCCESS;
}

/* One process for each job; the first broken promise of each is told. */
static int live_together(const struct plan *plan)
{
    int result = EXIT_SUCCESS;
    unsigned started = 0;
    for (; started < plan->jobs; started++) {
        pid_t child = fork();
        if (child == 0)
            exit(live(plan, started));
        if (child < 0)
            break;
    }
    for (unsigned i = 0; i < started; i++) {
        int status = 0;
        if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
            result = EXIT_FAILURE;
    }
    return started == plan->jobs ? result : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct plan plan;
    if (!read_plan(argc, argv, &plan))
        return usage();
    if (!faults_begin())
        return EXIT_FAILURE;
    int result = plan.jobs == 1 ? live(&plan, 0) : live_together(&plan);
    if (result != EXIT_SUCCESS)
        return result;
    uint64_t n = plan.last - plan.first + 1;
    unsigned missing = faults_tell();
    (void)printf("%llu histories keep their promises\n", (unsigned long long)n);
    if (n < SEEDS_ENOUGH || missing == 0)
        return EXIT_SUCCESS;
    (void)printf("%u kinds of faults never happened\n", missing);
    return EXIT_FAILURE;
}
