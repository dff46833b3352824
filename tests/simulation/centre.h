/* centre: the server: its real store, registry, projector and answers, without threads or sockets.
 */
#ifndef PIC_SIMULATION_CENTRE_H
#define PIC_SIMULATION_CENTRE_H

#include "server/exchange_store.h"
#include "tests/simulation/machine.h"

enum { FUNDS = 2, KEY_FILES = 3 };

struct centre {
    struct machine machine;
    struct pic_server server;
    struct pic_exchange_store store;
    struct pic_answer answer;
    struct pic_answer_scratch scratch;
    struct pic_segment_reader *reader;
    struct pic_buf name;
    bool open;
    uint64_t organisations[FUNDS], funds[FUNDS], funders[FUNDS];
    struct crash_vfs *backup; /* NULL: none was made */
    bool backup_misses_one;   /* a device was retired since */
};

void centre_init(struct centre *c, struct history *h, const char *root);
void centre_release(struct centre *c);

void centre_open(struct centre *c);
void centre_close(struct centre *c);
void centre_settle(struct centre *c);

/* Answers one frame. False when nothing comes back: the power failed before the answer left. */
bool centre_answer(struct centre *c, struct pic_span request, struct pic_buf *reply);

/* What the central team does. */
void centre_create(struct centre *c);
void centre_found(struct centre *c); /* organisations, funds, shares */
void centre_invite(struct centre *c, unsigned organisation, uint32_t role, struct pic_buf *out);
int centre_revoke(struct centre *c, uint32_t device);
int centre_enter(struct centre *c); /* one entry of reference data or money */
/* What `pic-server verifier` says of the journal. */
void centre_verify(struct centre *c);
void centre_rotate(struct centre *c);
void centre_back_up(struct centre *c);
void centre_restore(struct centre *c); /* and marked as restored; nothing where none was made */

#endif
