/* session: the unlocked keys of one store, kept for a while so that a person is not asked at every
 * command. The kernel holds them (keyrings(7)): never in a file, never in swap, for this user
 * alone, and it drops them by itself after PIC_SESSION_S without use, at shutdown, or when `pic
 * verrouiller` says so. Where the kernel offers no keyring, a file stands in for it, in a folder
 * that lives in memory and belongs to the user ($XDG_RUNTIME_DIR), with the same age limit. */
#ifndef PIC_AGENT_SESSION_H
#define PIC_AGENT_SESSION_H

#include "agent/keyring.h"

enum { PIC_SESSION_S = 4 * 60 * 60 }; /* without use */

/* runtime: the folder in memory, NULL when there is none. Failing to keep is no error: the person
 * is asked again. */
void pic_session_save(const struct pic_keys *keys, const char *folder, const char *runtime);
/* PIC_ELOCKED when nothing is kept for this store. The caller wipes keys. */
PIC_MUST_USE int pic_session_load(struct pic_keys *keys, const char *folder, const char *runtime);
/* Forgets; *was says whether there was anything. */
void pic_session_end(const char *folder, const char *runtime, bool *was);

#endif
