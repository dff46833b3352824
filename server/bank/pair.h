/* pair: what is held side by side when a line of the bank may prove an entry. Texts are UTF-8 and
 * belong to the caller. */
#ifndef PIC_BANK_PAIR_H
#define PIC_BANK_PAIR_H

#include "protocol/base/bytes.h"

struct pic_match_line {
    uint64_t id;
    uint64_t owner;      /* association that holds the account; 0: not known */
    int64_t amount, day; /* cents, positive comes in; days since 1970 */
    struct pic_span label, reference, counterparty;
};

enum { PIC_MATCH_NAMES = 3 };

/* A payment or a transfer. */
struct pic_match_item {
    uint64_t id;
    uint64_t project;    /* 0: none */
    uint64_t owner;      /* association whose account pays or receives */
    int64_t amount, day; /* signed as the bank would: an advance is negative */
    struct pic_span reference;
    struct pic_span names[PIC_MATCH_NAMES]; /* of the other side, of the project; may be empty */
};

#endif
