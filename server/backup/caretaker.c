#include "server/backup/caretaker.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "server/backup/routine.h"
#include "server/log.h"
#include "server/milestones.h"

enum {
    STACK_SIZE = 1 << 20,
    LOOK_S = 20,
    AGAIN_MS = 15 * 60 * 1000, /* after a failure */
};

struct pic_caretaker {
    struct pic_caretaker_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool stopping;
};

static void count_fault(void *context, const struct pic_verify_fault *fault)
{
    (void)context;
    (void)fault;
}

static int rehearse(const struct pic_caretaker_options *o)
{
    struct pic_restored restored;
    struct pic_verify_report report;
    const struct pic_verify_options options = {.all = true, .fault = count_fault};
    int status = pic_routine_rehearse(o->folder, o->to, &options, &restored, &report, NULL);
    if (status != PIC_OK) {
        pic_log_status("restauration_essai", status);
        return status;
    }
    pic_log(report.faults == 0 ? PIC_LOG_INFO : PIC_LOG_ERROR, "restauration_essai", "segments",
            (int64_t)report.segments, "documents", (int64_t)report.documents, "fautes",
            (int64_t)report.faults, NULL);
    return report.faults == 0 ? PIC_OK : PIC_EHASH;
}

static int day(const struct pic_caretaker_options *o)
{
    struct pic_archive_made made;
    size_t removed;
    int64_t began_ms = pic_server_now_ms();
    int status = pic_routine_backup(o->folder, o->to, &o->policy, &made, &removed, NULL);
    if (status != PIC_OK) {
        pic_log_status("sauvegarde", status);
        return status;
    }
    pic_log(made.missing == 0 ? PIC_LOG_INFO : PIC_LOG_ERROR, "sauvegarde", "position",
            (int64_t)made.position, "documents", (int64_t)made.documents, "manquants",
            (int64_t)made.missing, "octets", (int64_t)made.bytes, "retirees", (int64_t)removed,
            "ms", pic_server_now_ms() - began_ms, NULL);
    return rehearse(o);
}

/* Until it is time to look again. False at the end. */
static bool wait_a_while(struct pic_caretaker *c)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LOOK_S;
    (void)pthread_mutex_lock(&c->lock);
    while (!c->stopping && pthread_cond_timedwait(&c->woken, &c->lock, &until) == 0)
        continue;
    bool stopping = c->stopping;
    (void)pthread_mutex_unlock(&c->lock);
    return !stopping;
}

static void *run_thread(void *context)
{
    struct pic_caretaker *c = context;
    const struct pic_caretaker_options *o = &c->options;
    int64_t not_before_ms = 0;
    do {
        int64_t now_ms = pic_server_now_ms();
        int64_t backup_ms = pic_milestone_get(o->folder, PIC_MILESTONE_BACKUP);
        int64_t rehearsal_ms = pic_milestone_get(o->folder, PIC_MILESTONE_REHEARSAL);
        int status = PIC_OK;
        if (now_ms < not_before_ms)
            continue;
        if (pic_routine_is_due(backup_ms, now_ms, o->minutes))
            status = day(o);
        else if (pic_routine_is_due(rehearsal_ms, now_ms, o->minutes))
            status = rehearse(o);
        if (status != PIC_OK)
            not_before_ms = now_ms + AGAIN_MS;
    } while (wait_a_while(c));
    return NULL;
}

int pic_caretaker_start(const struct pic_caretaker_options *options, struct pic_caretaker **out,
                        struct pic_err *err)
{
    pthread_attr_t attr;
    struct pic_caretaker *c = calloc(1, sizeof *c);
    if (c == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    c->options = *options;
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->woken, NULL);
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setstacksize(&attr, STACK_SIZE);
    int failed = pthread_create(&c->thread, &attr, run_thread, c);
    (void)pthread_attr_destroy(&attr);
    if (failed != 0) {
        free(c);
        return pic_fail(err, PIC_EMEMORY, NULL);
    }
    *out = c;
    return PIC_OK;
}

void pic_caretaker_stop(struct pic_caretaker *c)
{
    if (c == NULL)
        return;
    (void)pthread_mutex_lock(&c->lock);
    c->stopping = true;
    (void)pthread_cond_signal(&c->woken);
    (void)pthread_mutex_unlock(&c->lock);
    (void)pthread_join(c->thread, NULL);
    (void)pthread_cond_destroy(&c->woken);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}
