/* courier: the exchange of a running `pic ui`: on its own thread, with its own connection to the
 * store, while pages go on. The page asks for it and looks at how it went; nothing else is shared.
 */
#ifndef PIC_AGENT_PAGES_COURIER_H
#define PIC_AGENT_PAGES_COURIER_H

#include <pthread.h>

#include "agent/commands/desk.h"
#include "agent/commands/net.h"

struct pic_ui_courier {
    pthread_mutex_t mutex; /* of running, done and err */
    pthread_t thread;
    bool started; /* the thread has to be joined */
    bool running, done;
    struct pic_err err; /* of the last run; status PIC_OK when all was exchanged */
    const struct pic_desk *desk;
    char folder[PIC_AGENT_PATH_MAX];
    struct pic_keys keys;
    bool unlocked;
    struct pic_net_limits limits; /* of the run */
};

PIC_MUST_USE int pic_ui_courier_init(struct pic_ui_courier *courier, const struct pic_desk *desk,
                                     const char *folder);
/* Waits for a run to end, and wipes the keys. */
void pic_ui_courier_release(struct pic_ui_courier *courier);
/* Whether keys are there, from the session or a passphrase given before. */
bool pic_ui_courier_unlocked(struct pic_ui_courier *courier);
/* What opens documents, while the keys are there; NULL otherwise. Borrowed. An exchange leaves this
 * half of the keys as it is, so that pages read meanwhile. */
const struct pic_dh_pair *pic_ui_courier_reader(struct pic_ui_courier *courier);
/* typed is wiped. Nothing where a run is under way. PIC_EPASSPHRASE and the errors of keyring.h. */
PIC_MUST_USE int pic_ui_courier_unlock(struct pic_ui_courier *courier, char *typed,
                                       struct pic_err *err);
/* Starts a run; nothing where one is under way. PIC_ELOCKED, PIC_EMEMORY. */
PIC_MUST_USE int pic_ui_courier_start(struct pic_ui_courier *courier,
                                      const struct pic_net_limits *limits, struct pic_err *err);
/* How it is: under way; or how the last run ended, *done false before any. */
void pic_ui_courier_look(struct pic_ui_courier *courier, bool *running, bool *done,
                         struct pic_err *err);

#endif
