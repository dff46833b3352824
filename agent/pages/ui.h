/* ui: the life of `pic ui`: opens the store and the pages, shows where they are, serves until told
 * to stop. Port and session key stay with the store, so that a page left open over a restart goes
 * on.
 */
#ifndef PIC_AGENT_PAGES_UI_H
#define PIC_AGENT_PAGES_UI_H

#include "agent/commands/desk.h"

/* Runs until Ctrl-C or the button `Fermer`. browser: open it too. port: 0 for the one used before,
 * or any. The call's errors as everywhere. */
PIC_MUST_USE int pic_ui_run(struct pic_call *call, unsigned port, bool browser);

#endif
