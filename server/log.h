/* log: one line of JSON per event on stderr, for whoever runs the service. Numbers and fixed words
 * only: nothing that a person typed can get here, neither a name nor an amount nor an address. */
#ifndef PIC_SERVER_LOG_H
#define PIC_SERVER_LOG_H

#include <stdint.h>

enum pic_log_level { PIC_LOG_INFO, PIC_LOG_WARNING, PIC_LOG_ERROR };

/* {"t":"2026-03-12T09:02:41Z","niv":"info","ev":event,name:number…}: pairs of a const char * and an
 * int64_t follow, then NULL. One write, so lines of several threads never mix. */
void pic_log(enum pic_log_level level, const char *event, ...) __attribute__((sentinel));
/* The same about a status: its stable code. */
void pic_log_status(const char *event, int status);

#endif
