#include "server/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "protocol/net/listener.h"
#include "server/follower.h"
#include "server/log.h"
#include "server/notify.h"
#include "server/watch.h"
#include "server/workers.h"

enum {
    FRAMES_BYTES = 8 << 20, /* of frames that come, wait their turn, or are being answered */
    LIGHT_BYTES = 1024,     /* of a frame that is not counted there */
    CLOSE_MS = 5000,
    TICK_S = 1,
    CONTACTS_TICKS = 30,
    KEYS_TICKS = 3600,
    COUNTS_TICKS = 600,
    ARENAS = 1,             /* the others ask the system for each page that they grow by */
    LARGE_BYTES = 32 << 10, /* a full frame is given back to the system as soon as it is answered */
};

struct daemon {
    const struct pic_daemon_options *options;
    struct pic_keyring keys;
    struct pic_contacts *contacts;
    struct pic_follower *follower;
    struct pic_committer *committer;
    struct pic_workers *workers;
    struct pic_gate *gate;
    struct pic_listener *listeners[PIC_DAEMON_URLS_MAX];
    struct pic_caretaker *caretaker;
    struct pic_watch *watch;
    char contacts_path[PIC_PATH_MAX];
    int lock; /* file descriptor */
};

/* --- start and stop --- */

/* One server at a time answers for a folder. The lock goes with the process, however it ends. */
static int take_lock(struct daemon *d, struct pic_err *err)
{
    char path[PIC_PATH_MAX];
    int status = pic_server_path(d->options->folder, "serve.lock", path);
    if (status != PIC_OK)
        return pic_fail(err, status, d->options->folder, NULL);
    d->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (d->lock < 0)
        return pic_fail(err, PIC_EFILE, path, strerror(errno), NULL);
    if (flock(d->lock, LOCK_EX | LOCK_NB) != 0)
        return pic_fail(err, PIC_ESTORE_IN_USE, NULL);
    return PIC_OK;
}

static int start_threads(struct daemon *d, struct pic_err *err)
{
    bool rotated;
    const struct pic_daemon_options *o = d->options;
    int status = pic_keyring_open(o->folder, &d->keys, err);
    if (status == PIC_ENOT_FOUND)
        status = pic_fail(err, PIC_ENO_SERVER, o->folder, NULL);
    if (status == PIC_OK)
        status = take_lock(d, err);
    if (status == PIC_OK)
        status = pic_keyring_rotate(o->folder, &d->keys, pic_server_now_ms(), &rotated, err);
    if (status == PIC_OK)
        status = pic_follower_start(o->folder, &d->follower, err);
    if (status == PIC_OK)
        status = pic_committer_start(o->folder, pic_follower_wake, d->follower, &d->committer, err);
    /* A connection has one frame here at most, and listeners hold back what is too much: nobody is
     * told to come again while the server lives. */
    const size_t frames = (size_t)o->peers_max * o->url_n;
    const struct pic_workers_options workers = {.folder = o->folder,
                                                .n = o->workers,
                                                .frames_max = frames,
                                                .bytes_max = FRAMES_BYTES + frames * LIGHT_BYTES,
                                                .committer = d->committer,
                                                .contacts = d->contacts,
                                                .gate = d->gate};
    return status == PIC_OK ? pic_workers_start(&workers, &d->keys, &d->workers, err) : status;
}

static int start_watch(struct daemon *d, struct pic_err *err)
{
    const struct pic_daemon_options *o = d->options;
    const struct pic_watch_options options = {.address = o->watch,
                                              .folder = o->folder,
                                              .version = o->version,
                                              .space_min = o->space_min,
                                              .contacts = d->contacts,
                                              .workers = d->workers,
                                              .listeners = d->listeners,
                                              .listener_n = o->url_n};
    return o->watch[0] == '\0' ? PIC_OK : pic_watch_start(&options, &d->watch, err);
}

static int start_listeners(struct daemon *d, struct pic_err *err)
{
    unsigned ports[PIC_DAEMON_URLS_MAX];
    const struct pic_listener_options options = {.idle_ms = d->options->idle_ms,
                                                 .peers_max = d->options->peers_max,
                                                 .per_host_max = d->options->per_host_max,
                                                 .bytes_max = FRAMES_BYTES / d->options->url_n,
                                                 .frame = pic_workers_frame,
                                                 .context = d->workers};
    for (size_t i = 0; i < d->options->url_n; i++) {
        int status = pic_listener_open(d->options->urls[i], &options, &d->listeners[i]);
        if (status != PIC_OK)
            return pic_fail(err, status == PIC_EIO ? PIC_ELISTEN : status, d->options->urls[i],
                            "--ecoute", NULL);
        ports[i] = pic_listener_port(d->listeners[i]);
    }
    int status = start_watch(d, err);
    if (status == PIC_OK)
        d->options->ready(d->options->context, ports, d->options->url_n,
                          d->watch == NULL ? 0 : pic_watch_port(d->watch));
    return status;
}

/* In the reverse order: nothing comes in, what came is answered, what was done is durable. */
static void stop(struct daemon *d)
{
    pic_watch_stop(d->watch);
    for (size_t i = 0; i < PIC_DAEMON_URLS_MAX; i++)
        pic_listener_close(d->listeners[i], CLOSE_MS);
    pic_workers_stop(d->workers);
    pic_caretaker_stop(d->caretaker);
    pic_committer_stop(d->committer);
    pic_follower_stop(d->follower);
    if (d->contacts != NULL && pic_contacts_save(d->contacts, d->contacts_path, NULL) != PIC_OK)
        pic_log_status("contacts", PIC_EIO);
    pic_contacts_free(d->contacts);
    pic_gate_free(d->gate);
    pic_keyring_release(&d->keys);
    if (d->lock >= 0)
        (void)close(d->lock);
}

/* --- life --- */

static void log_counts(struct daemon *d)
{
    struct pic_workers_counts w;
    struct pic_committer_counts c;
    struct pic_listener_counts l = {0};
    pic_workers_count(d->workers, &w);
    pic_committer_count(d->committer, &c);
    pic_listener_count(d->listeners[0], &l);
    pic_log(PIC_LOG_INFO, "compte", "connexions", (int64_t)l.peers, "demandes", (int64_t)w.answered,
            "refusees", (int64_t)w.refused, "occupe", (int64_t)w.busy, "coupees", (int64_t)w.cut,
            "ecritures", (int64_t)c.works, "transactions", (int64_t)c.transactions, NULL);
}

static void tick(struct daemon *d, unsigned count)
{
    pic_watch_beat(d->watch);
    pic_notify("WATCHDOG=1");
    if (count % CONTACTS_TICKS == 0) {
        int status = pic_contacts_save(d->contacts, d->contacts_path, NULL);
        if (status != PIC_OK)
            pic_log_status("contacts", status);
    }
    if (count % KEYS_TICKS == 0) {
        bool rotated;
        int status =
            pic_keyring_rotate(d->options->folder, &d->keys, pic_server_now_ms(), &rotated, NULL);
        if (status != PIC_OK)
            pic_log_status("cles", status);
        if (status == PIC_OK && rotated) {
            pic_workers_keys(d->workers, &d->keys);
            pic_log(PIC_LOG_INFO, "cles", "gardees", (int64_t)d->keys.key_n, NULL);
        }
    }
    if (count % COUNTS_TICKS == 0)
        log_counts(d);
}

static void live(struct daemon *d, const sigset_t *ends)
{
    const struct timespec second = {.tv_sec = TICK_S};
    for (unsigned count = 1; sigtimedwait(ends, NULL, &second) < 0; count++)
        tick(d, count);
}

int pic_daemon_run(const struct pic_daemon_options *options, struct pic_err *err)
{
    struct daemon d = {.options = options, .lock = -1};
    sigset_t ends;
    (void)mallopt(M_ARENA_MAX, ARENAS);
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    /* Blocked before the first thread is made, so that every thread leaves them to this one. */
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
    int status = pic_server_path(options->folder, "contacts", d.contacts_path);
    if (status == PIC_OK)
        status = pic_contacts_new(&d.contacts);
    if (status == PIC_OK)
        status = pic_contacts_load(d.contacts, d.contacts_path);
    if (status == PIC_OK)
        status = pic_gate_new(options->failures_per_host, options->requests_per_device, &d.gate);
    if (status == PIC_OK)
        status = start_threads(&d, err);
    if (status == PIC_OK && options->care.to[0] != '\0')
        status = pic_caretaker_start(&options->care, &d.caretaker, err);
    if (status == PIC_OK)
        status = start_listeners(&d, err);
    if (status == PIC_OK) {
        pic_log(PIC_LOG_INFO, "debut", "travailleurs", (int64_t)options->workers, NULL);
        pic_notify("READY=1");
        live(&d, &ends);
        pic_notify("STOPPING=1");
        log_counts(&d);
        pic_log(PIC_LOG_INFO, "fin", NULL);
    }
    stop(&d);
    return status;
}
