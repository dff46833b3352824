/* laptop: one computer of an association, with the real agent on it. Its keys are kept as the file
 * of keys would be: whole or not at all. */
#ifndef PIC_SIMULATION_LAPTOP_H
#define PIC_SIMULATION_LAPTOP_H

#include "agent/courier.h"
#include "agent/keyring.h"
#include "agent/store.h"
#include "tests/simulation/machine.h"

struct laptop {
    struct machine machine;
    struct pic_random_stream stream;
    struct pic_world world;
    struct pic_agent agent;
    struct pic_keys keys; /* unlocked */
    struct pic_keys kept; /* on disk */
    bool open, gone;      /* gone: nobody uses it any more */
    bool revoked, hostile;
    uint64_t organisation;
    uint32_t device;
    uint64_t born; /* laptop entries before this mark are not in its history */
    struct {
        struct crash_vfs *disk; /* NULL: none was made */
        struct pic_keys kept;
    } backup;
};

void laptop_init(struct laptop *l, struct history *h, unsigned number, const char *root);
void laptop_release(struct laptop *l);

/* Opens the store; again after each power cut on the way. */
void laptop_open(struct laptop *l);
void laptop_close(struct laptop *l);
/* After anything that may have met a power cut: starts again, and learns what was kept. */
void laptop_settle(struct laptop *l);

/* Becomes a device with an invitation file. */
void laptop_enrol(struct laptop *l, struct pic_span invitation);
/* Whether it could show a server that forgot it who certified it. */
bool laptop_holds_certificate(struct laptop *l);
/* Runs the courier once over the line. Its status. */
int laptop_sync(struct laptop *l, unsigned errands);

void laptop_back_up(struct laptop *l);
void laptop_restore(struct laptop *l);
/* to becomes a copy of from, disk and keys. */
void laptop_clone(struct laptop *from, struct laptop *to);

#endif
