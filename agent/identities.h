/* identities: sealed people on a laptop: sealing them, reading them, sharing the right to read.
 *
 * Every laptop has a box key of its own; the server certifies its public half. The key of the
 * association is that of its first laptop (the least device number that records). What is typed
 * about a person is sealed for the association, for the laptop that seals, and for the control
 * authority: recording needs no secret. A second laptop reads what the first one sealed once a
 * person at a laptop that reads has confided the key to it: wrapped for its box key, as one change
 * of the association's log, after comparing eight words, so that a server which invents a laptop is
 * told nothing.
 *
 *     key_grant.wrapped = base32 of crypto_box_seal(secret, box key of the device)          80
 * bytes
 *
 * Nothing is kept in clear: the confided key is opened again from its change whenever needed. */
#ifndef PIC_AGENT_IDENTITIES_H
#define PIC_AGENT_IDENTITIES_H

#include "agent/keyring.h"
#include "agent/store.h"
#include "protocol/crypto/identity.h"

enum { PIC_IDENTITY_KEYS_MAX = 8, PIC_CONFIDE_WORDS = 8 };

/* The keys that open identities here: its own first, then those confided to it. */
struct pic_identity_keys {
    struct pic_dh_pair pairs[PIC_IDENTITY_KEYS_MAX];
    size_t n;
};
PIC_MUST_USE int pic_identities_keys(struct pic_agent *agent, const struct pic_keys *keys,
                                     struct pic_identity_keys *out);
void pic_identities_keys_wipe(struct pic_identity_keys *keys);

/* Seals what was typed about a person, as one blob, to be sent. In the open transaction. PIC_ETEXT,
 * PIC_ETOO_LONG. */
PIC_MUST_USE int pic_identities_seal(struct pic_agent *agent, const char *typed,
                                     uint8_t hash[static PIC_HASH_SIZE], struct pic_err *err);
/* Appends what a box holds; the caller wipes out. agent->blobs.owner.reader must be set.
 * PIC_ESEALED: for others than this laptop, or not here yet. */
PIC_MUST_USE int pic_identities_open(struct pic_agent *agent,
                                     const uint8_t hash[static PIC_HASH_SIZE],
                                     const struct pic_identity_keys *keys, struct pic_buf *out);

/* Public key of the association. */
PIC_MUST_USE int pic_identities_organisation(struct pic_agent *agent,
                                             uint8_t key[static PIC_KEY_SIZE]);
/* What both laptops show before a key is confided: eight words of a box key. */
void pic_identities_words(const uint8_t key[static PIC_KEY_SIZE],
                          const char *words[static PIC_CONFIDE_WORDS]);

/* A laptop of the association that cannot read what the first one sealed. */
struct pic_identity_waiting {
    uint32_t device;
    uint64_t id;           /* of its row in `device` */
    struct pic_span label; /* borrowed during the call */
    uint8_t key[PIC_KEY_SIZE];
};
typedef int pic_identity_waiting_each(void *context, const struct pic_identity_waiting *waiting);
PIC_MUST_USE int pic_identities_waiting(struct pic_agent *agent, pic_identity_waiting_each *each,
                                        void *context);
/* Confides the association's key to a device, as a transaction of its own. PIC_ESEALED: it is not
 * readable here either. */
PIC_MUST_USE int pic_identities_confide(struct pic_agent *agent, const struct pic_keys *keys,
                                        const struct pic_identity_waiting *to, struct pic_err *err);

/* The association's own pair, for the recovery sheet; the caller wipes the secret. PIC_ESEALED. */
PIC_MUST_USE int pic_identities_secret(struct pic_agent *agent, const struct pic_keys *keys,
                                       struct pic_dh_pair *out);
/* A pair that came from the recovery sheet is the association's: PIC_OK, PIC_ERESCUE_OTHER, or
 * PIC_ENOT_FOUND while no other laptop of the association is known here. */
PIC_MUST_USE int pic_identities_is_ours(struct pic_agent *agent, const struct pic_dh_pair *pair);
/* Keeps it for this laptop, as what another laptop would have confided: one change, unless it is
 * readable already. PIC_ERESCUE_OTHER, PIC_ENOT_FOUND (this laptop has no certificate yet). */
PIC_MUST_USE int pic_identities_recover(struct pic_agent *agent, const struct pic_keys *keys,
                                        const struct pic_dh_pair *pair, struct pic_err *err);
/* Whether this laptop has the association's key; needs no secret. */
PIC_MUST_USE int pic_identities_readable(struct pic_agent *agent, bool *readable);

/* Gives this laptop's participants their counting tokens (identity.h), where the association's key
 * is readable and name and day of birth are. Transactions of its own. */
PIC_MUST_USE int pic_identities_count(struct pic_agent *agent, const struct pic_keys *keys,
                                      struct pic_err *err);

#endif
