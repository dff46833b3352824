/* mishaps: the last failures of commands in one store, by stable code, kept in a small text file so
 * that whoever helps by phone sees them: "time in ms, code, command", never what was typed. */
#ifndef PIC_AGENT_DOCTOR_MISHAPS_H
#define PIC_AGENT_DOCTOR_MISHAPS_H

#include "protocol/base/bytes.h"

enum { PIC_MISHAPS_MAX = 20, PIC_MISHAPS_BYTES_MAX = 4096 };

/* Adds a line and forgets the oldest. command comes from the program's own tables. What is done, or
 * waits for a person, or was only typed wrong is no mishap. Failing to note is no error. */
void pic_mishap_note(const char *folder, int64_t now_ms, int status, const char *command);
/* Appends the lines, oldest first. */
void pic_mishaps_read(const char *folder, struct pic_buf *out);

#endif
