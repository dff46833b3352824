/* limits: every ceiling in one table. Nothing grows without one of these. */
#ifndef PIC_BASE_LIMITS_H
#define PIC_BASE_LIMITS_H

enum {
    PIC_HASH_SIZE = 32, /* BLAKE2b-256 everywhere but inside Noise */
    PIC_SIGNATURE_SIZE = 64,
    PIC_KEY_SIZE = 32, /* public or secret: Ed25519 seed, X25519, ChaCha20 */

    PIC_SEGMENT_MAX = 60000,            /* encoded bytes of one segment */
    PIC_SEGMENT_INFLATED_MAX = 1 << 20, /* bytes of its body once inflated */
    PIC_SEGMENT_CHANGES_MAX = 1 << 16,
    PIC_SEGMENT_SHAPES_MAX = 1024, /* distinct (entity, fields) in one segment */
    PIC_SEGMENT_STREAMS_MAX = 1024,
    PIC_CHANGE_OPS_MAX = 64, /* fields written by one change */
    PIC_OP_BASES_MAX = 16,   /* siblings one op can supersede */
    PIC_TEXT_MAX = 16384,    /* bytes of one text value */
    PIC_ENTITY_MAX = 255,    /* entity numbers are below */
    PIC_FIELD_MAX = 255,     /* field numbers are below */

    PIC_NOISE_MAX = 65535,       /* one Noise message */
    PIC_NOISE_OVERHEAD_ASK = 96, /* e, s and two tags of message 1 */
    PIC_NOISE_OVERHEAD_ANSWER = 48,
    PIC_FRAME_MAX = 65535, /* payload of one frame on a stream */
    PIC_BLOB_CHUNK_MAX = 60000,
    PIC_BLOB_MAX = 32 << 20,    /* one document */
    PIC_FEED_BYTES_MAX = 64000, /* segments in one reply */
    PIC_PIPELINE_WINDOW = 8,
    PIC_WANTED_MAX = 32,          /* documents asked for in one reply */
    PIC_LABEL_MAX = 64,           /* bytes of a device's label */
    PIC_NAME_MAX = 160,           /* bytes of a server's or an organisation's name */
    PIC_ADDRESS_MAX = 255,        /* bytes of one server address */
    PIC_ADDRESSES_MAX = 8,        /* addresses of one server */
    PIC_INVITATION_MAX = 8 << 20, /* bytes of an invitation file */

    PIC_DEVICE_BITS = 23,
    PIC_DEVICE_MAX = (1 << 23) - 1,
    PIC_DEVICE_SERVER = 1,
    PIC_SEQ_BITS = 40,

    PIC_CLOCK_AHEAD_MS = 5 * 60 * 1000,
};

#endif
