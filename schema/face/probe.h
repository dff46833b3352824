/* probe: a few pages of plain text for machines that watch this one: on the loopback interface
 * only, read only, each made anew when it is asked for. One thread, a few connections at a time,
 * each for a few seconds. Source: libmicrohttpd. */
#ifndef PIC_FACE_PROBE_H
#define PIC_FACE_PROBE_H

#include "protocol/base/bytes.h"

struct pic_probe_page {
    const char *path; /* "/metrics" */
    const char *type; /* "text/plain; charset=utf-8" */
    /* Appends the page and returns the status of HTTP: 200 or 503. On the probe's thread. */
    unsigned (*write)(void *context, struct pic_buf *out);
};

enum { PIC_PROBE_PAGE_MAX = 16 << 20 };

struct pic_probe;
/* address: "127.0.0.1:9477" or "[::1]:9477", port 0 for a free one; PIC_ELISTEN for any other one,
 * or one that is taken. pages, of which the last has a NULL path, and context are borrowed. */
PIC_MUST_USE int pic_probe_start(const char *address, const struct pic_probe_page *pages,
                                 void *context, struct pic_probe **out, struct pic_err *err);
unsigned pic_probe_port(const struct pic_probe *probe);
void pic_probe_stop(struct pic_probe *probe); /* NULL is a no-op */

#endif
