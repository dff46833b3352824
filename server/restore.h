/* restore: what this server does once it was put back from an older copy: it gives way to numbers
 * that it may have given before, and takes back what others still hold of it. Whatever nobody held
 * is lost; nothing that anyone has seen is ever contradicted.
 *
 *      copy        lost                            given way
 *     1 2 3 4 | 5 6 7 (some laptop has 5, 6)  ...  9000000001 9000000002
 *           \____ 5 6, given back later, whenever that laptop comes
 *
 * Sequences and positions are left out at random, far apart, since the same copy may be put back
 * more than once. Each function runs inside a write transaction of the journal. */
#ifndef PIC_SERVER_RESTORE_H
#define PIC_SERVER_RESTORE_H

#include "server/store.h"

/* Positions left out at once, at least: in a journal, fewer missing ones are a fault. */
#define PIC_RESTORED_POSITIONS (UINT64_C(1) << 40)

/* Notes that this journal was put back: own sequence, device numbers and positions go on beyond all
 * that may have been given. */
PIC_MUST_USE int pic_server_restored(struct pic_server *server, const struct pic_random *random);

/* Takes back a segment of this server's own logs, verified: appends it, and the registry learns
 * again which devices it certified or retired. reader is free to use. PIC_EEXISTS, PIC_EGAP,
 * PIC_EFORK as pic_journal_append. */
PIC_MUST_USE int pic_server_take_back(struct pic_server *server, struct pic_segment_reader *reader,
                                      const struct pic_segment *segment);

#endif
