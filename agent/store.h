/* store: everything one laptop holds, in one folder.
 *
 *     pic.db        journal (acknowledged and received segments), state, and agent.sql, together:
 *                   an entry and its effect are one transaction
 *     documents/    blobs, by hash
 *     cles.pic      keys, under the passphrase (keyring.h)
 *     pic.verrou    the lease: who writes here, since when
 *
 * Invariants: the journal holds of its own log only what a verified receipt covers or what came
 * back from the server; all the rest is in `pending`, row by row, until then. So the journal never
 * has to be undone, and nothing is ever in neither. One writer at a time holds the lease; commands
 * that only read run beside it. The clock, randomness and the SQLite vfs are brought by the caller,
 * so that a simulation can run many laptops in one process: no globals here. */
#ifndef PIC_AGENT_STORE_H
#define PIC_AGENT_STORE_H

#include "agent/self.h"
#include "protocol/base/clock.h"
#include "schema/state/state.h"
#include "schema/store/blobs.h"
#include "schema/store/journal.h"

enum {
    PIC_AGENT_PATH_MAX = 512,
    PIC_AGENT_CACHE_KIB = 2048, /* of SQLite pages */
    PIC_AGENT_BUSY_MS = 5000,
};

/* What differs between a laptop and a simulation. */
struct pic_world {
    int64_t (*now_ms)(void *context); /* wall clock, milliseconds since 1970 */
    void *context;
    struct pic_random random;
    const char *vfs; /* of SQLite; NULL: the system's */
};

/* The real one. */
void pic_world_system(struct pic_world *out);

enum pic_agent_mode {
    PIC_AGENT_READ,   /* beside a writer; writes nothing */
    PIC_AGENT_WRITE,  /* holds the lease */
    PIC_AGENT_BESIDE, /* writes beside a WRITE of the same process, which holds the lease */
    PIC_AGENT_CREATE  /* as WRITE, on a folder that has no store: PIC_EALREADY_ENROLLED otherwise */
};

struct pic_queries;

struct pic_agent {
    const struct pic_world *world;
    char folder[PIC_AGENT_PATH_MAX];
    enum pic_agent_mode mode;
    int lease; /* file descriptor, or -1 */
    struct pic_db db;
    struct pic_journal *journal;
    struct pic_state *state; /* NULL until self is known */
    struct pic_segment_reader *reader;
    struct pic_blobs blobs;
    bool shared; /* another connection of this process writes too: nothing is remembered between
                  * transactions. Set by BESIDE, and by the holder of the lease before that */
    struct pic_clock clock, clock_kept; /* now, and as it was last committed */
    struct pic_agent_self self;
    struct pic_queries *queries; /* prepared when first needed */
};

/* The folder to use: asked (--dossier) when given, else the program's own folder when a file
 * `portable` lies there, else data_home/pic. PIC_ELIMIT (path too long). */
PIC_MUST_USE int pic_agent_folder(const char *asked, const char *program_folder,
                                  const char *data_home, char out[static PIC_AGENT_PATH_MAX],
                                  struct pic_err *err);

/* Opens the store in folder. world is borrowed for as long. A state made by another version of the
 * program is made again from the journal. PIC_ENOT_ENROLLED (no store there), PIC_ESTORE_IN_USE
 * (arg[0] when and which process), PIC_ESTORE_NEWER, PIC_ESTORE_DAMAGED, PIC_EDISK_FULL, PIC_EIO,
 * PIC_EMEMORY. Close in any case. */
PIC_MUST_USE int pic_agent_open(const char *folder, const struct pic_world *world,
                                enum pic_agent_mode mode, struct pic_agent *out,
                                struct pic_err *err);
void pic_agent_close(struct pic_agent *agent); /* a zeroed one is a no-op */

/* Closes a store that was being created and removes what it wrote: an enrolment that came to
 * nothing. One that has a certificate is only closed. */
void pic_agent_abandon(struct pic_agent *agent);

/* True when folder holds a store that someone has enrolled or begun to. */
bool pic_agent_exists(const char *folder);

/* Writes self as facts and makes the state ready for it; inside a transaction of the caller. */
PIC_MUST_USE int pic_agent_become(struct pic_agent *agent, const struct pic_agent_self *self,
                                  struct pic_err *err);

/* One transaction. A rollback also forgets what the state and the clock had in memory. */
/* PIC_EREBUILDING: beside another writer, which makes the state again. */
PIC_MUST_USE int pic_agent_begin(struct pic_agent *agent, struct pic_err *err);
PIC_MUST_USE int pic_agent_commit(struct pic_agent *agent, struct pic_err *err);
void pic_agent_rollback(struct pic_agent *agent);

/* Wall clock, less what it is known to be ahead of the server. */
int64_t pic_agent_now_ms(struct pic_agent *agent);
/* This clock minus the server's, as of the last contact; 0 before any. */
int64_t pic_agent_clock_offset_ms(struct pic_agent *agent);

/* --- what is not acknowledged yet --- */

struct pic_agent_pending {
    uint64_t changes, bytes; /* bytes: row by row; about twice what will travel */
    uint64_t first_seq, last_seq;
    uint64_t documents, document_bytes;
};
PIC_MUST_USE int pic_agent_pending(struct pic_agent *agent, struct pic_agent_pending *out);
/* The key of who signed a segment: this laptop, the server, or a device whose certificate was
 * folded. PIC_ESIGNATURE when nobody certified them. */
PIC_MUST_USE int pic_agent_author_key(struct pic_agent *agent, uint32_t device,
                                      uint8_t out[static PIC_KEY_SIZE]);
/* Head of what the journal holds of its own log. */
PIC_MUST_USE int pic_agent_head(struct pic_agent *agent, struct pic_log_head *out);
/* Sequence of the next change: past the journal and past all that is pending. */
PIC_MUST_USE int pic_agent_next_seq(struct pic_agent *agent, uint64_t *out);

/* Calls back with each pending change from first_seq on, in order, until it returns another status
 * than PIC_OK, which is then returned. The change is valid during the call. */
typedef int pic_agent_each(void *context, const struct pic_change *change, size_t bytes);
PIC_MUST_USE int pic_agent_pending_each(struct pic_agent *agent, uint64_t first_seq,
                                        pic_agent_each *each, void *context);
/* The last pending change before *seq, which becomes its own: how they are walked backwards. Texts
 * are in bytes, the rest in store. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_agent_pending_before(struct pic_agent *agent, uint64_t *seq,
                                          struct pic_buf *bytes, struct pic_change_store *store,
                                          struct pic_change *out);
/* The bytes of one pending change (pic_change_put), copied. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_agent_pending_bytes(struct pic_agent *agent, uint64_t seq,
                                         struct pic_buf *out);
/* Writes a pending change, or replaces the one of that sequence. */
PIC_MUST_USE int pic_agent_pending_put(struct pic_agent *agent, const struct pic_change *change);
/* A document that this laptop has to send. Noted once, however often it is named. */
PIC_MUST_USE int pic_agent_outgoing_put(struct pic_agent *agent,
                                        const uint8_t hash[static PIC_HASH_SIZE], uint64_t size);

/* Finds one change again, pending or in the journal. Texts are in bytes, the rest in store; both
 * are the caller's. *position is its journal position, 0 while pending. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_agent_change(struct pic_agent *agent, uint64_t dot, struct pic_buf *bytes,
                                  struct pic_change_store *store, struct pic_change *out,
                                  uint64_t *position);

/* Makes the state again from the journal and what is pending. Opens and commits its own
 * transactions; if interrupted, the next opening begins again. */
PIC_MUST_USE int pic_agent_rebuild(struct pic_agent *agent, struct pic_err *err);
/* Notes, inside a transaction, that the state no longer follows from journal and pending. */
PIC_MUST_USE int pic_agent_rebuild_due(struct pic_agent *agent);

#endif
