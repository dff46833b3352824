/* notify: tells whoever started this service that it is ready, alive or ending: one datagram, where
 * $NOTIFY_SOCKET says; nothing where it says nothing. Source: sd_notify(3). */
#ifndef PIC_SERVER_NOTIFY_H
#define PIC_SERVER_NOTIFY_H

/* "READY=1", "WATCHDOG=1", "STOPPING=1". */
void pic_notify(const char *state);

#endif
