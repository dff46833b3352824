/* verify_fault: what a verification can find wrong, and what it looked at. */
#ifndef PIC_SERVER_VERIFY_FAULT_H
#define PIC_SERVER_VERIFY_FAULT_H

#include "server/store.h"

enum pic_verify_kind {
    PIC_VERIFY_SEGMENT,  /* position, device, seq (its last) */
    PIC_VERIFY_HEAD,     /* device, seq as stored: where a log stands */
    PIC_VERIFY_RECEIPT,  /* number in row, device, seq */
    PIC_VERIFY_DEVICE,   /* device: the registry against its certificate in the journal */
    PIC_VERIFY_DOCUMENT, /* device, hash */
    PIC_VERIFY_REGISTRY, /* table, row */
    PIC_VERIFY_STATE,    /* table, row: the table against the one made again */
    PIC_VERIFY_FILE,     /* table: the database itself is damaged */
    PIC_VERIFY_KINDS
};

struct pic_verify_fault {
    enum pic_verify_kind kind;
    int status; /* PIC_EFORMAT, PIC_ESIGNATURE, PIC_ECHAIN, PIC_EHASH, PIC_ESTORE_DAMAGED … */
    uint64_t position, seq, row;
    uint32_t device;
    char table[64];
    uint8_t hash[PIC_HASH_SIZE];
};

struct pic_verify_report {
    uint64_t segments, changes, receipts, devices, documents, bytes; /* looked at */
    uint64_t tables, rows;                                           /* of the state, compared */
    uint64_t faults;
    uint8_t state_digest[PIC_HASH_SIZE]; /* of all tables, in the order of their names */
};

struct pic_verify_options {
    bool all; /* documents and state too, not the journal alone */
    void (*fault)(void *context, const struct pic_verify_fault *fault);
    void *context;
};

#endif
