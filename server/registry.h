/* registry: who may speak to this server: devices, invitations, and which documents their changes
 * name. Tables of journal.db (registry.sql), beside the journal, so that what an enrolment or an
 * append changes in both commits together. Functions open no transaction. */
#ifndef PIC_SERVER_REGISTRY_H
#define PIC_SERVER_REGISTRY_H

#include "protocol/exchange/answer.h"
#include "schema/store/journal.h"

struct pic_registry;
/* Creates or brings forward the tables, in a transaction of its own, unless read_only.
 * PIC_ESTORE_NEWER, PIC_ESTORE_DAMAGED. */
PIC_MUST_USE int pic_registry_new(struct pic_db *db, struct pic_journal *journal, bool read_only,
                                  struct pic_registry **out, struct pic_err *err);
void pic_registry_free(struct pic_registry *registry);

/* Rows that no signature protects bear a seal: a digest that verify.h compares. Whoever writes such
 * a row elsewhere than here seals it again. */
enum pic_seal { PIC_SEAL_DEVICE, PIC_SEAL_INVITATION, PIC_SEAL_RECEIPT, PIC_SEAL_FACT, PIC_SEALS };
PIC_MUST_USE int pic_registry_seal_number(struct pic_registry *registry, enum pic_seal kind,
                                          uint64_t key);
/* The queries that verify.h needs: every row of a kind, its key first; and a kind's table. */
const char *pic_registry_seal_rows(enum pic_seal kind);
const char *pic_registry_seal_table(enum pic_seal kind);

/* --- this server --- */

PIC_MUST_USE int pic_registry_name(struct pic_registry *registry, struct pic_buf *out);
PIC_MUST_USE int pic_registry_name_put(struct pic_registry *registry, struct pic_span name);
/* Addresses, best first, one per line. */
PIC_MUST_USE int pic_registry_addresses(struct pic_registry *registry, struct pic_buf *out);
PIC_MUST_USE int pic_registry_addresses_put(struct pic_registry *registry, struct pic_span lines);

/* --- devices --- */

struct pic_device {
    struct pic_certificate certificate;
    char label[PIC_LABEL_MAX + 1];
    uint64_t program; /* as told at enrolment */
    uint64_t entity;  /* id of its row in `device`: its certificate as a change */
    bool retired;
    uint64_t last_seq;  /* of a retired one: the last that counts */
    uint64_t documents; /* held for it, and their running digest (receipt.h) */
    uint8_t documents_digest[PIC_HASH_SIZE];
};

/* Audience of a device's log. */
uint64_t pic_device_audience(const struct pic_device *device);
/* The code of a role ("tresorerie") for its enum pic_role, as certificates carry it, and back; NULL
 * and 0 for what is none. */
const char *pic_role_code(uint32_t role);
uint32_t pic_role_of(const char *code);

/* PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_registry_device(struct pic_registry *registry, uint32_t number,
                                     struct pic_device *out);
PIC_MUST_USE int pic_registry_device_by_key(struct pic_registry *registry,
                                            const uint8_t transport_key[static PIC_KEY_SIZE],
                                            struct pic_device *out);
/* The device with the least number at or after number. PIC_ENOT_FOUND past the end. */
PIC_MUST_USE int pic_registry_device_next(struct pic_registry *registry, uint32_t number,
                                          struct pic_device *out);
PIC_MUST_USE int pic_registry_device_put(struct pic_registry *registry,
                                         const struct pic_device *device);
PIC_MUST_USE int pic_registry_retire(struct pic_registry *registry, uint32_t number,
                                     uint64_t last_seq);
PIC_MUST_USE int pic_registry_device_count(struct pic_registry *registry, uint64_t *out);

/* --- invitations --- */

enum pic_invitation_state { PIC_INVITATION_OPEN, PIC_INVITATION_USED, PIC_INVITATION_REVOKED };

struct pic_registry_invitation {
    uint8_t id[PIC_INVITATION_ID_SIZE];
    struct pic_secret secret; /* wiped by the caller */
    uint32_t device;          /* number reserved for whoever uses it */
    uint64_t organisation;
    uint32_t role;
    char label[PIC_LABEL_MAX + 1]; /* proposed by the central team; may be empty */
    char organisation_name[PIC_NAME_MAX + 1];
    int64_t expires_ms;
    enum pic_invitation_state state;
};

/* Leaves device numbers out: those that may have been given before this server was put back. */
PIC_MUST_USE int pic_registry_skip(struct pic_registry *registry, uint32_t by);
/* Reserves the next device number. */
PIC_MUST_USE int pic_registry_number(struct pic_registry *registry, uint32_t *out);
PIC_MUST_USE int pic_registry_invitation_put(struct pic_registry *registry,
                                             const struct pic_registry_invitation *invitation);
/* PIC_EINVITATION. */
PIC_MUST_USE int pic_registry_invitation(struct pic_registry *registry,
                                         const uint8_t id[static PIC_INVITATION_ID_SIZE],
                                         struct pic_registry_invitation *out);
PIC_MUST_USE int pic_registry_invitation_state(struct pic_registry *registry,
                                               const uint8_t id[static PIC_INVITATION_ID_SIZE],
                                               enum pic_invitation_state state);
/* Revokes the invitation that nobody has used yet for this number. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_registry_invitation_revoke(struct pic_registry *registry, uint32_t device);

/* --- documents --- */

/* A change of a log names a document: from now on it is wanted from its author, or counted for it
 * when it is held already. *fresh tells that the author's count has moved. */
PIC_MUST_USE int pic_registry_document_named(struct pic_registry *registry, uint32_t device,
                                             uint64_t audience,
                                             const uint8_t hash[static PIC_HASH_SIZE], bool *fresh);
/* Its last byte has come: counted for every device that names it, the numbers of which are appended
 * to devices as u32. */
PIC_MUST_USE int pic_registry_document_held(struct pic_registry *registry,
                                            const uint8_t hash[static PIC_HASH_SIZE],
                                            struct pic_buf *devices);
/* Appends at most max hashes that a device's changes name and nobody has sent whole. */
PIC_MUST_USE int pic_registry_wanted(struct pic_registry *registry, uint32_t device, size_t max,
                                     struct pic_buf *out);
enum pic_document_mark {
    PIC_DOCUMENT_NAMED = 1 << 0,    /* by a change of this device */
    PIC_DOCUMENT_WANTED = 1 << 1,   /* from this device: nobody has sent it whole */
    PIC_DOCUMENT_READABLE = 1 << 2, /* named in a log that this device may read */
};
PIC_MUST_USE int pic_registry_document(struct pic_registry *registry,
                                       const struct pic_device *device,
                                       const uint8_t hash[static PIC_HASH_SIZE], unsigned *marks);
/* Every document that counts as held, in the order of their hashes: the least above *hash.
 * PIC_ENOT_FOUND past the end. */
PIC_MUST_USE int pic_registry_document_next(struct pic_registry *registry,
                                            uint8_t hash[static PIC_HASH_SIZE]);

#endif
