/* faultnet: a bad network between two programs: a TCP proxy on 127.0.0.1 that limits the rate,
 * delays, cuts, swallows, and counts what passes. One thread, plain sockets; what is random comes
 * from the seed alone. */
#ifndef PIC_TESTS_FAULTNET_H
#define PIC_TESTS_FAULTNET_H

#include <stdbool.h>
#include <stdint.h>

struct faultnet_options {
    unsigned listen_port; /* 0: any, see faultnet_port */
    unsigned target_port;
    unsigned rate;     /* bytes per second and direction, shared by all connections; 0: free */
    unsigned delay_ms; /* each way */
    unsigned
        cut_every_ms;    /* all connections at once, each interval drawn from 75..125 %; 0: never */
    uint64_t drop_after; /* bytes of one connection; then it swallows all, in silence; 0: never */
    bool half_close;     /* a cut only ends the way back to the client, instead of resetting */
    uint64_t seed;       /* not 0 */
};

struct faultnet_counts {
    uint64_t up, down; /* bytes delivered to the target and to the client */
    unsigned turns; /* times that the flow turned from up to down: questions that were answered */
    unsigned connections, cuts;
};

struct faultnet;

/* NULL when the port cannot be listened on. */
struct faultnet *faultnet_open(const struct faultnet_options *options);
unsigned faultnet_port(const struct faultnet *net);
/* Moves what can be moved, after waiting for it up to wait_ms. */
void faultnet_step(struct faultnet *net, int wait_ms);
struct faultnet_counts faultnet_count(const struct faultnet *net);
void faultnet_close(struct faultnet *net);

#endif
