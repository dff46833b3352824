/* ledger: what people entered, as they remember it: the simulation's own memory, apart from every
 * store, that the promises are held against. Each entry has a mark, which it carries in one of its
 * texts as "#mark#", so that it is found again wherever its change went. */
#ifndef PIC_SIMULATION_LEDGER_H
#define PIC_SIMULATION_LEDGER_H

#include "protocol/log/change.h"

enum { ENTRIES_MAX = 1024 };

enum entry_state {
    ENTRY_VOID,  /* refused to the person: it is nowhere */
    ENTRY_DOUBT, /* the power failed meanwhile: it is there or it is not; and where it is, another
                  * cut may still take it until something was synced after it */
    ENTRY_KEPT,  /* the person was told that it is recorded */
};

struct entry {
    enum entry_state state;
    unsigned laptop;
    uint8_t entity;
    int64_t cents;     /* of a fact that is never edited; 0: none */
    bool acknowledged; /* its laptop holds a verified receipt for it */
    bool excused;      /* no disk has it any more: it was lost with one that was not received yet */
    bool away;         /* its laptop went back in time, and has not pulled it back yet */
    bool forgotten;    /* by a server that went back in time, until it is sent again */
    bool seen;         /* in doubt, and found: once, or still */
    bool hostile;      /* forged: it must have no effect */
    unsigned times;    /* scratch: how often it was found */
};

struct ledger {
    struct entry entries[ENTRIES_MAX];
    unsigned n;
};

/* The mark of a change: the number between two # in one of its texts; ENTRIES_MAX when none. */
unsigned ledger_mark(const struct pic_change *change);

#endif
