/* watch: what a running service shows to those who watch it: /healthz, /readyz and /metrics. */
#ifndef PIC_SERVER_WATCH_H
#define PIC_SERVER_WATCH_H

#include "server/metrics.h"

struct pic_watch_options {
    const char *address, *folder, *version; /* borrowed */
    uint64_t space_min;                     /* bytes of disk; with less it is not ready */
    struct pic_contacts *contacts;
    struct pic_workers *workers;
    struct pic_listener *const *listeners; /* listener_n of them */
    size_t listener_n;
};

struct pic_watch;
/* PIC_ELISTEN, PIC_EMEMORY. */
PIC_MUST_USE int pic_watch_start(const struct pic_watch_options *options, struct pic_watch **out,
                                 struct pic_err *err);
unsigned pic_watch_port(const struct pic_watch *watch);
void pic_watch_stop(struct pic_watch *watch); /* NULL is a no-op */
/* The service goes round: without this for ten seconds it is no longer healthy. */
void pic_watch_beat(struct pic_watch *watch); /* NULL is a no-op */

#endif
