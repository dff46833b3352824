/* fake_store: a server's store in memory, for the tests of the exchange. It counts what writes. */
#ifndef PIC_TESTS_FAKE_STORE_H
#define PIC_TESTS_FAKE_STORE_H

#include "protocol/exchange/answer.h"

enum { FAKE_DEVICES = 4, FAKE_SEGMENTS = 256, FAKE_BLOB_MAX = 200000 };

struct fake_device {
    struct pic_answer_device device;
    struct pic_log_head head;
    struct pic_receipt receipt; /* number 0: none yet */
};

struct fake_segment {
    uint64_t position;
    uint32_t device;
    uint64_t audience;
    uint8_t hash[PIC_HASH_SIZE];
    struct pic_buf bytes;
};

struct fake_store {
    struct pic_answer_store table;
    struct fake_device devices[FAKE_DEVICES];
    unsigned device_n;
    struct fake_segment segments[FAKE_SEGMENTS];
    unsigned segment_n;
    uint64_t position, receipt_number;
    struct {
        uint8_t hash[PIC_HASH_SIZE];
        uint64_t total;
        struct pic_buf bytes;
        bool complete;
    } blob;                /* one at a time */
    struct pic_buf wishes; /* hashes wanted */
    struct pic_code code;  /* of the one invitation */
    int invitation;        /* PIC_OK, or what enrol answers */
    uint32_t invited;      /* device number that it gives */
    int trouble;           /* what every call returns, unless PIC_OK */
    unsigned writes, seen;
};

/* A store without devices, whose table is ready. */
void fake_store_init(struct fake_store *store);
void fake_store_release(struct fake_store *store);
/* Adds a device whose log is its organisation's. */
struct fake_device *fake_store_add(struct fake_store *store, const struct pic_certificate *c);
/* Puts a segment into the journal as it is. */
void fake_store_journal(struct fake_store *store, const struct pic_segment *segment);

#endif
