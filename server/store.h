/* store: everything that a server keeps, in one folder, opened once by whoever needs it.
 *
 *     identity.key       Ed25519 seed, readable by its owner alone: signs receipts and certificates
 *     transport.keys     X25519 pairs under which requests are sealed, the current one first
 *     authority.pub      X25519 public key of the control authority
 *     journal.db         the truth: segments, receipts, registry (durable)
 *     state.db           tables made from it (rebuildable)
 *     cles.db            sealed identities and the keys that open them (identities.h)
 *     documents/         blobs
 *
 * A store belongs to one thread, and is never copied: it points into itself; several stores may be
 * open on one folder, in one process or in several: what commits is serialised by the journal's
 * write lock. */
#ifndef PIC_SERVER_STORE_H
#define PIC_SERVER_STORE_H

#include "schema/store/blobs.h"
#include "server/identities.h"
#include "server/keyring.h"
#include "server/projector.h"
#include "server/registry.h"

enum { PIC_FOLDER_MAX = 400 };

struct pic_server {
    char folder[PIC_FOLDER_MAX + 1];
    struct pic_keyring keys;
    struct pic_db journal_db;
    struct pic_journal *journal;
    struct pic_registry *registry;
    struct pic_projector *projector; /* owns state.db; NULL with PIC_SERVER_NO_STATE */
    struct pic_blobs documents;
    struct pic_identities *identities;
};

enum pic_server_open_flag {
    PIC_SERVER_NO_STATE = 1 << 0,  /* journal and registry only */
    PIC_SERVER_READ_ONLY = 1 << 1, /* of the journal; the state is still brought up to date */
};

/* Opens a store and, unless PIC_SERVER_NO_STATE, brings its state up to date. PIC_ENO_SERVER
 * (none in this folder), PIC_ESTORE_NEWER, PIC_ESTORE_DAMAGED, PIC_EIO… */
PIC_MUST_USE int pic_server_open(const char *folder, unsigned flags, struct pic_server *out,
                                 struct pic_err *err);
void pic_server_close(struct pic_server *server); /* a zeroed server is a no-op */

/* Path of a file of the store. PIC_ELIMIT. */
enum { PIC_PATH_MAX = PIC_FOLDER_MAX + 64 };
PIC_MUST_USE int pic_server_path(const char *folder, const char *name,
                                 char out[static PIC_PATH_MAX]);

/* The state and its database, for queries. */
static inline struct pic_state *pic_server_state(const struct pic_server *server)
{
    return pic_projector_state(server->projector);
}

static inline struct pic_db *pic_server_db(const struct pic_server *server)
{
    return pic_projector_db(server->projector);
}

/* Milliseconds since 1970, by this machine's clock. */
int64_t pic_server_now_ms(void);

#endif
