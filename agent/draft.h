/* draft: what a person typed on a page and has not recorded yet, so that nothing typed is lost: not
 * by a mistake in a field, a closed window, a killed program or a power cut. Kept in clear in the
 * store, beside what is recorded; therefore never a passphrase, nor anything that will be sealed:
 * the caller leaves those out. Each call is a transaction of its own. */
#ifndef PIC_AGENT_DRAFT_H
#define PIC_AGENT_DRAFT_H

#include "agent/store.h"

enum {
    PIC_DRAFT_FORMS_MAX = 200, /* kept; the oldest give way */
    PIC_DRAFT_NAME_MAX = 200,  /* bytes of a form's or a field's name */
};

struct pic_draft_text {
    const char *field, *text;
};

/* Keeps texts under a form. now_ms: wall clock. PIC_ELIMIT (a name or a text too long),
 * PIC_EDISK_FULL, PIC_EIO. */
PIC_MUST_USE int pic_draft_put(struct pic_agent *agent, const char *form,
                               const struct pic_draft_text *texts, size_t n, int64_t now_ms,
                               struct pic_err *err);
/* Calls back with each text of a form; *saved_ms is when the last was kept, 0 for none. */
typedef void pic_draft_each(void *context, const char *field, const char *text);
PIC_MUST_USE int pic_draft_get(struct pic_agent *agent, const char *form, pic_draft_each *each,
                               void *context, int64_t *saved_ms);
/* The forms that have a draft, the latest first. */
typedef void pic_draft_form(void *context, const char *form, int64_t saved_ms);
PIC_MUST_USE int pic_draft_forms(struct pic_agent *agent, pic_draft_form *each, void *context);
/* In the transaction that is open, so that an entry and the end of its draft are one. */
PIC_MUST_USE int pic_draft_forget(struct pic_agent *agent, const char *form);

#endif
