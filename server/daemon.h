/* daemon: `pic-server serve`: the threads of a server, from the first one started to the last one
 * stopped. A signal to end lets what was begun be answered; a kill at any instruction loses nothing
 * that was acknowledged. */
#ifndef PIC_SERVER_DAEMON_H
#define PIC_SERVER_DAEMON_H

#include "server/backup/caretaker.h"
#include "server/store.h"

enum { PIC_DAEMON_URLS_MAX = 8 };

struct pic_daemon_options {
    const char *folder;
    const char *urls[PIC_DAEMON_URLS_MAX]; /* where to listen; borrowed */
    size_t url_n;
    unsigned workers;
    unsigned peers_max, per_host_max; /* connections, in all and from one address */
    int idle_ms;
    unsigned failures_per_host, requests_per_device; /* a second: gate.h */
    struct pic_caretaker_options care;               /* to "": no backups */
    const char *watch;                               /* address of what watches; "": none */
    uint64_t space_min;                              /* bytes of disk to be ready with */
    const char *version;
    /* Called once, when all addresses are bound; ports in the order of urls; watch: 0 for none. */
    void (*ready)(void *context, const unsigned *ports, size_t n, unsigned watch);
    void *context;
};

/* Serves until SIGTERM or SIGINT. */
PIC_MUST_USE int pic_daemon_run(const struct pic_daemon_options *options, struct pic_err *err);

#endif
