/* region: a server in memory with one association, one fund and one invitation, for the tests of
 * the agent. The server's half of the exchange is the real one; its store is fake_store. */
#ifndef PIC_TESTS_REGION_H
#define PIC_TESTS_REGION_H

#include "tests/lib/exchange_stage.h"

enum { REGION_FUND_SEQ = 10, REGION_DEVICE = STAGE_DEVICE };

#define REGION_ASSOCIATION STAGE_ORGANISATION
#define REGION_FUND        pic_dot(PIC_DEVICE_SERVER, REGION_FUND_SEQ)
#define REGION_NOW_MS      STAGE_NOW_MS

struct region {
    struct stage stage;
    uint64_t seq, clock;             /* of device 1 */
    uint8_t heads[2][PIC_HASH_SIZE]; /* of its logs: for everybody, for the association */
    unsigned answered;               /* requests so far */
    unsigned lose_every;             /* every n-th reply is lost and the line cut; 0: none */
    bool cut;                        /* the line is cut */
    struct pic_buf queue[PIC_PIPELINE_WINDOW]; /* replies on their way */
    unsigned first, n;
};

void region_open(struct region *region);
void region_close(struct region *region);
/* Adds one change of device 1 to the association's log, or to everybody's. Ops as given; id 0
 * creates. Returns its dot. */
uint64_t region_write(struct region *region, uint64_t audience, unsigned entity, uint64_t id,
                      const struct pic_op *ops, size_t op_n);
/* Writes an invitation file whose one address is url. */
void region_invite(const struct region *region, const char *path, const char *url);
/* The two functions of a carrier; the context is the region. */
int region_send(void *context, struct pic_span payload);
int region_receive(void *context, struct pic_buf *payload);
/* The line works again. */
void region_mend(struct region *region);
/* Forgets all segments of a device after sequence seq, as a server restored from a backup would. */
void region_forget(struct region *region, uint32_t device, uint64_t seq);

#endif
