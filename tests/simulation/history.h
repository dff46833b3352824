/* history: one seed's world: a server, a few laptops, their clocks and disks, the line between
 * them, and what people entered. Everything that happens is drawn from the seed, in one thread, so
 * that the same seed tells the same history. The first broken promise ends the program with the
 * seed, the promise and the last things that happened. */
#ifndef PIC_SIMULATION_HISTORY_H
#define PIC_SIMULATION_HISTORY_H

#include "tests/lib/generator.h"
#include "tests/simulation/centre.h"
#include "tests/simulation/laptop.h"
#include "tests/simulation/ledger.h"

enum { LAPTOPS_MAX = 8, HELD_MAX = 8, TRACE_LINES = 48, TRACE_WIDTH = 200 };

/* How bad the line is: chances in a hundred, for each message. */
struct weather {
    unsigned trouble;   /* lost, cut, altered, doubled, late */
    unsigned meanwhile; /* something else happens before the answer */
};

struct history {
    uint64_t seed;
    struct generator luck;
    int64_t now_ms; /* true time */
    struct pic_random_stream stream;
    struct pic_random random; /* what product code takes for the system's */
    struct weather weather;
    struct centre centre;
    struct laptop laptops[LAPTOPS_MAX];
    unsigned laptop_n;
    struct ledger ledger;
    struct pic_buf held[HELD_MAX]; /* requests that the line kept, to deliver again */
    unsigned held_n, depth;
    char trace[TRACE_LINES][TRACE_WIDTH];
    uint64_t told; /* lines so far */
    unsigned step;
    bool tracing;
};

/* Draws: below n; true with so many chances in a hundred. */
uint32_t draw(struct history *h, uint32_t n);
bool chance(struct history *h, unsigned percent);

/* Notes what happens. */
void tell(struct history *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A promise is broken: prints everything that helps and ends the program. */
_Noreturn void broken(struct history *h, const char *promise, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The world before its history: founded once, with two associations, their funds and four laptops,
 * and copied for each seed. root is an empty folder. */
void history_found(const char *root);
void history_end(void);
/* Removes everything under root. */
void history_clear(void);
/* Lives through one seed, and checks every promise. */
void history_live(uint64_t seed, bool tracing);

#endif
