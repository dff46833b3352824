/* words: in which words a person reads what is here: authors, the life of an entry, how things
 * stand (what a row or a code is called: schema/state/naming.h). The same on the command line and
 * on the pages. */
#ifndef PIC_AGENT_WORDS_H
#define PIC_AGENT_WORDS_H

#include "agent/status.h"
#include "agent/store.h"

/* Appends who wrote a change: the person at the keyboard, else the label of the device. */
void pic_words_author(struct pic_agent *agent, uint64_t dot, struct pic_buf *out);
/* Appends a value as people read it (naming.h); what is sealed is only said to be. */
void pic_words_value(struct pic_agent *agent, const struct pic_field *field,
                     const struct pic_value *value, struct pic_buf *out);
/* Appends in which state of its life an entry is. */
void pic_words_life(struct pic_agent *agent, const struct pic_row *row, struct pic_buf *out);

/* Appends "4 saisies (2,1 Ko)"; nothing for none. */
void pic_words_amount(uint64_t n, uint64_t bytes, const char *one, const char *many,
                      struct pic_buf *out);
/* Appends the banner: exactly one of its states. */
void pic_words_banner(const struct pic_status_facts *facts, struct pic_buf *out);

#endif
