#include "server/watch.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "schema/face/probe.h"
#include "server/log.h"
#include "server/store.h"

enum { STALE_MS = 10000, HTTP_OK = 200, HTTP_UNAVAILABLE = 503 };

struct pic_watch {
    struct pic_watch_options options;
    struct pic_probe *probe;
    atomic_llong beat_ms;
};

static long long now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static unsigned say(struct pic_buf *out, const char *word, bool good)
{
    pic_buf_printf(out, "%s\n", word);
    return good ? HTTP_OK : HTTP_UNAVAILABLE;
}

static unsigned write_health(void *context, struct pic_buf *out)
{
    struct pic_watch *w = context;
    bool beats = now_ms() - atomic_load(&w->beat_ms) < STALE_MS;
    return say(out, beats ? "ok" : "arrêté", beats);
}

static unsigned write_readiness(void *context, struct pic_buf *out)
{
    struct pic_watch *w = context;
    struct pic_server server;
    uint64_t position;
    if (pic_disk_free(w->options.folder) < w->options.space_min)
        return say(out, "disque presque plein", false);
    int status = pic_server_open(w->options.folder, PIC_SERVER_NO_STATE | PIC_SERVER_READ_ONLY,
                                 &server, NULL);
    if (status == PIC_OK) {
        status = pic_journal_position(server.journal, &position);
        pic_server_close(&server);
    }
    return say(out, status == PIC_OK ? "ok" : pic_status_code(status), status == PIC_OK);
}

static unsigned write_metrics(void *context, struct pic_buf *out)
{
    struct pic_watch *w = context;
    const struct pic_watch_options *o = &w->options;
    struct pic_metrics_live live = {0};
    pic_workers_count(o->workers, &live.workers);
    for (size_t i = 0; i < o->listener_n; i++) {
        struct pic_listener_counts counts;
        pic_listener_count(o->listeners[i], &counts);
        live.listener.peers += counts.peers;
        live.listener.bad += counts.bad;
    }
    int status = pic_metrics_write(o->folder, o->version, o->contacts, &live, out, NULL);
    if (status != PIC_OK)
        pic_log_status("mesures", status);
    return status == PIC_OK ? HTTP_OK : HTTP_UNAVAILABLE;
}

static const struct pic_probe_page pages[] = {
    {"/healthz", "text/plain; charset=utf-8", write_health},
    {"/readyz", "text/plain; charset=utf-8", write_readiness},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", write_metrics},
    {NULL, NULL, NULL},
};

int pic_watch_start(const struct pic_watch_options *options, struct pic_watch **out,
                    struct pic_err *err)
{
    struct pic_watch *w = calloc(1, sizeof *w);
    if (w == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    w->options = *options;
    pic_watch_beat(w);
    int status = pic_probe_start(options->address, pages, w, &w->probe, err);
    if (status == PIC_ELISTEN)
        status = pic_fail(err, PIC_ELISTEN, options->address, "--metriques", NULL);
    if (status == PIC_OK)
        *out = w;
    else
        free(w);
    return status;
}

unsigned pic_watch_port(const struct pic_watch *watch)
{
    return pic_probe_port(watch->probe);
}

void pic_watch_stop(struct pic_watch *watch)
{
    if (watch == NULL)
        return;
    pic_probe_stop(watch->probe);
    free(watch);
}

void pic_watch_beat(struct pic_watch *watch)
{
    if (watch != NULL)
        atomic_store(&watch->beat_ms, now_ms());
}
