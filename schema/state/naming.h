/* naming: what a row is called by people. A row is called by its title, name or label; one without
 * is called by what it belongs to: a share is "PIC Lens 2026 · Ville de Lens", a payment, of which
 * a project has several, "Thé dansant · 480,00 €", a report "Bilan · Thé dansant". Codes are called
 * by their labels, those that the central team has published first. What has no name is its number.
 */
#ifndef PIC_STATE_NAMING_H
#define PIC_STATE_NAMING_H

#include "schema/dictionary/value.h"
#include "schema/state/state.h"

/* The field that names rows of an entity; NULL where none has a name of its own. */
const struct pic_field *pic_naming_field(const struct pic_entity *entity);

/* Appends the name of a row; nothing for id 0. */
void pic_naming_row(struct pic_state *state, uint64_t id, struct pic_buf *out);

/* Appends who was at the keyboard when a change was written: the last `author` of its device until
 * then; *found is false where nobody has said so. */
PIC_MUST_USE int pic_naming_author(struct pic_db *db, uint64_t dot, struct pic_buf *out,
                                   bool *found);

/* Appends a value as people read it: references, codes and sets of codes by their names, everything
 * else as pic_value_format has it on a screen. */
void pic_naming_value(struct pic_state *state, const struct pic_field *field,
                      const struct pic_value *value, struct pic_buf *out);

#endif
