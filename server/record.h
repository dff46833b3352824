/* record: what the central team enters: from typed texts to changes, signed in the server's log for
 * their audience, durable in the journal and visible in the state, all together or not at all.
 *
 * One recording holds any number of changes, and each may refer to those before it. It locks the
 * journal for writing: a server that runs beside waits its turn. */
#ifndef PIC_SERVER_RECORD_H
#define PIC_SERVER_RECORD_H

#include "schema/state/entry.h"
#include "server/store.h"

enum { PIC_RECORD_MAX = 1 << 20 }; /* changes of one recording */

struct pic_record;

/* Takes the journal, then the state, and catches up. Exactly one commit or abort follows.
 * PIC_ESTORE_IN_USE (another recording lasts too long), PIC_EDISK_FULL, PIC_EIO… */
PIC_MUST_USE int pic_record_begin(struct pic_server *server, struct pic_record **out,
                                  struct pic_err *err);

/* Creates a row (id 0) or edits one. *dot receives the address of the change, which is the id of
 * what it creates; it may be NULL. The audience follows from the entity (pic_record_audience).
 * Errors as pic_entry_build and pic_entry_try; after one the recording goes on as if the call had
 * not been made. */
PIC_MUST_USE int pic_record_add(struct pic_record *record, const struct pic_entity *entity,
                                uint64_t id, const struct pic_input *inputs, size_t input_n,
                                uint64_t *dot, struct pic_err *err);

/* Seals, appends, commits the journal, then the state. Frees the recording, whatever happens. */
PIC_MUST_USE int pic_record_commit(struct pic_record *record, struct pic_err *err);
void pic_record_abort(struct pic_record *record); /* NULL is a no-op */

/* Whose log a change goes to: an edit to the log that owns the row; a creation to everybody's, the
 * central team's own, or that of the association it concerns. PIC_EREFERENCE when that association
 * cannot be told. */
PIC_MUST_USE int pic_record_audience(struct pic_state *state, const struct pic_change *change,
                                     bool creates, uint64_t *audience, struct pic_err *err);

/* One change alone, begin to commit. */
PIC_MUST_USE int pic_record_one(struct pic_server *server, const struct pic_entity *entity,
                                uint64_t id, const struct pic_input *inputs, size_t input_n,
                                uint64_t *dot, struct pic_err *err);

#endif
