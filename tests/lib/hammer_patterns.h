/* hammer_patterns: the ways in which a connection can be hostile, in one table, and an engine that
 * plays them against a TCP port with raw sockets: one thread, a bounded number at once. */
#ifndef PIC_TESTS_HAMMER_PATTERNS_H
#define PIC_TESTS_HAMMER_PATTERNS_H

#include <netinet/in.h>
#include <stdint.h>

struct hammer_report {
    uint64_t connected; /* attempts that were accepted */
    uint64_t failed;    /* attempts that were not: refused, reset, no answer */
};

/* Plays n hostile connections, all patterns in turn, at most at_once together, against to. What is
 * random comes from seed (not 0). Returns 0, or -1 when sockets cannot be made at all. */
int hammer_run(const struct sockaddr_in *to, unsigned n, unsigned at_once, uint64_t seed,
               struct hammer_report *report);

/* "PORT" (on 127.0.0.1) or "tcp://A.B.C.D:PORT". Returns 0, or -1 when it is neither. */
int hammer_target(const char *text, struct sockaddr_in *to);

#endif
