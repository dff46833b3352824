#include "agent/pages/courier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/session.h"

enum { KEY_MAX = 2 * PIC_PASSPHRASE_MAX };

int pic_ui_courier_init(struct pic_ui_courier *courier, const struct pic_desk *desk,
                        const char *folder)
{
    *courier = (struct pic_ui_courier){.desk = desk};
    (void)snprintf(courier->folder, sizeof courier->folder, "%s", folder);
    return pthread_mutex_init(&courier->mutex, NULL) == 0 ? PIC_OK : PIC_EMEMORY;
}

void pic_ui_courier_release(struct pic_ui_courier *courier)
{
    if (courier->started)
        (void)pthread_join(courier->thread, NULL);
    (void)pthread_mutex_destroy(&courier->mutex);
    pic_keys_wipe(&courier->keys);
}

bool pic_ui_courier_unlocked(struct pic_ui_courier *courier)
{
    if (!courier->unlocked)
        courier->unlocked =
            pic_session_load(&courier->keys, courier->folder, courier->desk->runtime) == PIC_OK;
    return courier->unlocked;
}

const struct pic_dh_pair *pic_ui_courier_reader(struct pic_ui_courier *courier)
{
    return pic_ui_courier_unlocked(courier) ? &courier->keys.box : NULL;
}

int pic_ui_courier_unlock(struct pic_ui_courier *courier, char *typed, struct pic_err *err)
{
    struct pic_buf passphrase;
    struct pic_err last;
    bool running;
    bool done;
    pic_ui_courier_look(courier, &running, &done, &last);
    if (running) /* its thread reads the keys; they are there already */
        return PIC_OK;
    pic_buf_init(&passphrase, KEY_MAX);
    int status = pic_passphrase_check(typed, &passphrase, err);
    if (status == PIC_EPASSPHRASE_WEAK)
        status = pic_fail(err, PIC_EPASSPHRASE, NULL);
    if (status == PIC_OK)
        status = pic_keys_load(&courier->keys, courier->folder, pic_buf_view(&passphrase), err);
    pic_buf_wipe(&passphrase);
    courier->unlocked = status == PIC_OK;
    if (courier->unlocked)
        pic_session_save(&courier->keys, courier->folder, courier->desk->runtime);
    return status;
}

static int exchange(struct pic_ui_courier *courier, struct pic_call *call)
{
    struct pic_agent agent;
    struct pic_carrier carrier;
    struct pic_net net = {0};
    int status = pic_agent_open(courier->folder, &courier->desk->world, PIC_AGENT_BESIDE, &agent,
                                &call->err);
    if (status == PIC_OK)
        status = pic_net_open(&net, agent.self.urls, &carrier, &call->err);
    if (status == PIC_OK)
        status = pic_net_exchange(call, &agent, &courier->keys, &carrier, &courier->limits);
    if (status == PIC_OK) /* the code of the invitation has served */
        pic_session_save(&courier->keys, courier->folder, courier->desk->runtime);
    pic_net_close(&net);
    pic_agent_close(&agent);
    return status;
}

static void *run(void *context)
{
    struct pic_ui_courier *courier = context;
    struct pic_call *call = calloc(1, sizeof *call);
    struct pic_err err = {.status = PIC_EMEMORY};
    if (call != NULL) {
        /* net.h tells a terminal how it goes: here there is none, the page looks instead. */
        call->context = (void *)(uintptr_t)courier->desk;
        call->terminal.quiet = true;
        int status = exchange(courier, call);
        err = call->err;
        err.status = status;
    }
    free(call);
    (void)pthread_mutex_lock(&courier->mutex);
    courier->running = false;
    courier->done = true;
    courier->err = err;
    (void)pthread_mutex_unlock(&courier->mutex);
    return NULL;
}

int pic_ui_courier_start(struct pic_ui_courier *courier, const struct pic_net_limits *limits,
                         struct pic_err *err)
{
    bool running;
    bool done;
    struct pic_err last;
    pic_ui_courier_look(courier, &running, &done, &last);
    if (running)
        return PIC_OK;
    if (!pic_ui_courier_unlocked(courier))
        return pic_fail(err, PIC_ELOCKED, NULL);
    if (courier->started)
        (void)pthread_join(courier->thread, NULL);
    courier->limits = *limits;
    courier->running = true;
    courier->started = pthread_create(&courier->thread, NULL, run, courier) == 0;
    if (courier->started)
        return PIC_OK;
    courier->running = false;
    return pic_fail(err, PIC_EMEMORY, NULL);
}

void pic_ui_courier_look(struct pic_ui_courier *courier, bool *running, bool *done,
                         struct pic_err *err)
{
    (void)pthread_mutex_lock(&courier->mutex);
    *running = courier->running;
    *done = courier->done;
    *err = courier->err;
    (void)pthread_mutex_unlock(&courier->mutex);
}
