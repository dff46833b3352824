/* segment: a run of one device's changes; the unit of signature, chain, storage and transfer.
 *
 *     header | body | signature[64]
 *     hash = BLAKE2b-256(header || body)      signature = Ed25519("pic/1 segment" || hash)
 *
 * The body holds the changes column by column, deflated with the preset dictionary that the header
 * names; every byte is described in protocol/SPEC.md, section "Segment". Decoding is total: any
 * bytes give a segment or PIC_EFORMAT/PIC_ELIMIT, in time and memory bounded by their number. Only
 * this folder includes zlib. */
#ifndef PIC_LOG_SEGMENT_H
#define PIC_LOG_SEGMENT_H

#include "protocol/crypto/keys.h"
#include "protocol/log/change.h"

enum {
    PIC_SEGMENT_VERSION = 1,
    PIC_AUDIENCE_ALL = 0,    /* reference data, programmes, rules */
    PIC_AUDIENCE_SERVER = 1, /* bank work and other decisions that never leave the server */
};

/* A parsed header. Borrows the encoded bytes. */
struct pic_segment {
    uint32_t device;
    uint32_t count;                  /* changes, at least 1 */
    uint64_t audience;               /* PIC_AUDIENCE_…, or the entity id of an organisation */
    uint64_t first_seq;              /* of the first change */
    uint64_t last_seq;               /* of the last; an agent's log has no gaps, the server's may */
    uint32_t dictionary;             /* version of the dictionary that the author knew */
    uint32_t inflated;               /* declared size of the body once inflated */
    uint8_t compression;             /* preset dictionary id; 0: stored */
    uint8_t previous[PIC_HASH_SIZE]; /* hash of the segment before it in the log; zero for none */
    uint8_t hash[PIC_HASH_SIZE];
    const uint8_t *signature;
    struct pic_span body;  /* as sent, deflated */
    struct pic_span bytes; /* the whole segment */
};

/* Reads the header and hashes. PIC_EFORMAT, PIC_ELIMIT, PIC_EVERSION. Checks no signature and looks
 * at no change. */
PIC_MUST_USE int pic_segment_read(struct pic_span bytes, struct pic_segment *out);
/* PIC_OK or PIC_ESIGNATURE. */
PIC_MUST_USE int pic_segment_verify(const struct pic_segment *segment,
                                    const uint8_t signer[static PIC_KEY_SIZE]);

/* Reads a segment's changes in order. One reader can be opened again and again; it keeps its memory
 * (at most PIC_SEGMENT_INFLATED_MAX and a bounded index) until released. */
struct pic_segment_reader;
PIC_MUST_USE int pic_segment_reader_new(struct pic_segment_reader **out);
void pic_segment_reader_free(struct pic_segment_reader *reader);
/* Inflates and indexes; the segment that was opened last, recognised by its hash, is not inflated
 * again. PIC_EFORMAT, PIC_ELIMIT, PIC_EMEMORY. */
PIC_MUST_USE int pic_segment_reader_open(struct pic_segment_reader *reader,
                                         const struct pic_segment *segment);
/* Whether any op of the opened segment carries a value of this kind. */
bool pic_segment_reader_has(const struct pic_segment_reader *reader, enum pic_kind kind);
/* Next change; *done is set, and out untouched, after the last. The change and its ops are valid
 * until the next call, their texts until the reader is opened again or freed. PIC_EFORMAT. */
PIC_MUST_USE int pic_segment_reader_next(struct pic_segment_reader *reader, struct pic_change *out,
                                         bool *done);
/* Reads everything once: PIC_OK when every change decodes. *last_stamp, unless NULL, receives the
 * greatest stamp. */
PIC_MUST_USE int pic_segment_check(struct pic_segment_reader *reader,
                                   const struct pic_segment *segment, uint64_t *last_stamp);

/* Where a log stands: what the next segment must follow. All zero for an empty log. */
struct pic_log_head {
    uint64_t seq;
    uint8_t hash[PIC_HASH_SIZE];
};

/* Seals as many of changes[0..n) as fit into one segment, in their order, and appends it to out.
 * Their dots must be ascending and all of one device, their stamps strictly ascending. *taken is
 * the number sealed, at least 1. PIC_ELIMIT when even one change does not fit, PIC_EMEMORY. */
PIC_MUST_USE int pic_segment_seal(const struct pic_change *const *changes, size_t n,
                                  uint64_t audience, const uint8_t previous[static PIC_HASH_SIZE],
                                  uint32_t dictionary, const struct pic_signer *signer,
                                  struct pic_buf *out, size_t *taken);

#endif
