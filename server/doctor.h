/* doctor: how a server is, in lines for people: its folder, disk, journal and state, backups and
 * their rehearsal, clock, addresses, and who may read its keys. Reads, and connects to its own
 * addresses; changes nothing. */
#ifndef PIC_SERVER_DOCTOR_H
#define PIC_SERVER_DOCTOR_H

#include "schema/face/checkup.h"
#include "server/config.h"

enum { PIC_DOCTOR_TIMEOUT_MS = 5000 };

/* What cannot be opened is a line, not an error. */
void pic_server_examine(const char *folder, const struct pic_config *config, int64_t now_ms,
                        struct pic_checkup *out);

#endif
