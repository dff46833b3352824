/* faultnet LISTEN_PORT TARGET_PORT [options]: a bad network between the two, until SIGTERM or
 * SIGINT; then says what has passed. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/faultnet.h"

enum { WAIT_MS = 100, DECIMAL = 10 };

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
    (void)signal_number;
    stopped = 1;
}

static const char usage[] =
    "usage: faultnet LISTEN_PORT TARGET_PORT [--rate BYTES_PER_S] [--delay-ms N]\n"
    "                [--cut-every-ms N] [--drop-after BYTES] [--half-close] [--seed N]\n";

static const struct option options_known[] = {
    {"rate", required_argument, NULL, 'r'},
    {"delay-ms", required_argument, NULL, 'd'},
    {"cut-every-ms", required_argument, NULL, 'c'},
    {"drop-after", required_argument, NULL, 'b'},
    {"half-close", no_argument, NULL, 'h'},
    {"seed", required_argument, NULL, 's'},
    {NULL, 0, NULL, 0},
};

static uint64_t number(const char *text)
{
    char *end = NULL;
    unsigned long long n = strtoull(text, &end, DECIMAL);
    if (end == text || *end != '\0') {
        (void)fprintf(stderr, "faultnet: not a number: %s\n%s", text, usage);
        exit(2); // NOLINT(concurrency-mt-unsafe): there is one thread
    }
    return n;
}

static int parse(int argc, char **argv, struct faultnet_options *o)
{
    *o = (struct faultnet_options){.seed = 1};
    for (int c = 0; (c = getopt_long(argc, argv, "", options_known, NULL)) != -1;) {
        switch (c) {
        case 'r':
            o->rate = (unsigned)number(optarg);
            break;
        case 'd':
            o->delay_ms = (unsigned)number(optarg);
            break;
        case 'c':
            o->cut_every_ms = (unsigned)number(optarg);
            break;
        case 'b':
            o->drop_after = number(optarg);
            break;
        case 'h':
            o->half_close = true;
            break;
        case 's':
            o->seed = number(optarg);
            break;
        default:
            return -1;
        }
    }
    if (argc - optind != 2 || o->seed == 0)
        return -1;
    o->listen_port = (unsigned)number(argv[optind]);
    o->target_port = (unsigned)number(argv[optind + 1]);
    return o->listen_port <= UINT16_MAX && o->target_port <= UINT16_MAX ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct faultnet_options options;
    const struct sigaction action = {.sa_handler = stop};
    if (parse(argc, argv, &options) != 0) {
        (void)fputs(usage, stderr);
        return 2;
    }
    struct faultnet *net = faultnet_open(&options);
    if (net == NULL) {
        perror("faultnet");
        return 1;
    }
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)printf("port=%u\n", faultnet_port(net));
    (void)fflush(stdout);
    while (!stopped)
        faultnet_step(net, WAIT_MS);
    struct faultnet_counts counts = faultnet_count(net);
    (void)printf("connections=%u cuts=%u up=%llu down=%llu turns=%u\n", counts.connections,
                 counts.cuts, (unsigned long long)counts.up, (unsigned long long)counts.down,
                 counts.turns);
    faultnet_close(net);
    return 0;
}
