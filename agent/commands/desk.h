/* desk: what every command of `pic` starts from: the store of this person, unlocked when
 * needed. */
#ifndef PIC_AGENT_COMMANDS_DESK_H
#define PIC_AGENT_COMMANDS_DESK_H

#include "agent/keyring.h"
#include "agent/store.h"
#include "agent/warn.h"
#include "agent/words.h"
#include "schema/face/command.h"
#include "schema/state/entry.h"

/* The context of a call: the surroundings of the process, read once in main. */
struct pic_desk {
    struct pic_world world;
    const char *program_folder; /* where the program itself is, or NULL */
    const char *data_home;      /* ~/.local/share */
    const char *runtime;        /* folder in memory, or NULL */
    const char *computer;       /* name of this machine */
};

enum { PIC_AGENT_VERSION = 0x000100 }; /* 0.1.0, as in message.def */

/* The folder of the store that the call means. */
PIC_MUST_USE int pic_desk_folder(struct pic_call *call, char out[static PIC_AGENT_PATH_MAX]);
/* Opens it; errors are in call->err. Close in any case. */
PIC_MUST_USE int pic_desk_open(struct pic_call *call, enum pic_agent_mode mode,
                               struct pic_agent *agent);
/* The keys: from the session, or with the passphrase, which is asked for or read from
 * --phrase-fichier. Saves the session. The caller wipes keys. */
PIC_MUST_USE int pic_desk_unlock(struct pic_call *call, struct pic_agent *agent,
                                 struct pic_keys *keys);
/* Asks for a passphrase; out is normalised, wiped by the caller. */
PIC_MUST_USE int pic_desk_passphrase(struct pic_call *call, enum pic_tell question,
                                     struct pic_buf *out);
/* The same for a new one: asked twice, and again until both are the same. */
PIC_MUST_USE int pic_desk_new_passphrase(struct pic_call *call, struct pic_buf *out);

/* The id that the index-th argument means, of an entity or (NULL) of any. */
PIC_MUST_USE int pic_desk_id(struct pic_call *call, struct pic_agent *agent,
                             const struct pic_entity *entity, size_t index, uint64_t *id);
/* The same among rows that were cancelled too, whose name is free again. */
PIC_MUST_USE int pic_desk_cancelled_id(struct pic_call *call, struct pic_agent *agent,
                                       const struct pic_entity *entity, size_t index, uint64_t *id);
/* What is worth a look in an entry, or in a budget (warn.h), on stderr. */
void pic_desk_warn(struct pic_call *call, struct pic_agent *agent, const struct pic_entity *entity,
                   uint64_t id);
void pic_desk_warn_budget(struct pic_call *call, const struct pic_budget *budget);
/* Says what was recorded: the number on stdout, a sentence on stderr. */
PIC_MUST_USE int pic_desk_saved(struct pic_call *call, const struct pic_entity *entity,
                                uint64_t id);

#endif
