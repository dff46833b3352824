#include "server/gate.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "protocol/net/meter.h"

enum { HOST_SECONDS = 100, DEVICE_SECONDS = 10 };

struct pic_gate {
    pthread_mutex_t lock; /* of both */
    struct pic_meter hosts, devices;
};

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1;
}

int pic_gate_new(unsigned failures_per_host, unsigned requests_per_device, struct pic_gate **out)
{
    struct pic_gate *gate = malloc(sizeof *gate);
    if (gate == NULL)
        return PIC_EMEMORY;
    (void)pthread_mutex_init(&gate->lock, NULL);
    pic_meter_init(&gate->hosts, failures_per_host, (uint64_t)failures_per_host * HOST_SECONDS);
    pic_meter_init(&gate->devices, requests_per_device,
                   (uint64_t)requests_per_device * DEVICE_SECONDS);
    *out = gate;
    return PIC_OK;
}

void pic_gate_free(struct pic_gate *gate)
{
    if (gate == NULL)
        return;
    (void)pthread_mutex_destroy(&gate->lock);
    free(gate);
}

bool pic_gate_admits(struct pic_gate *gate, const struct pic_peer *peer)
{
    if (pic_peer_standing(peer) != PIC_PEER_SUSPECT)
        return true;
    (void)pthread_mutex_lock(&gate->lock);
    bool has = pic_meter_has(&gate->hosts, pic_peer_host(peer), now_ms());
    (void)pthread_mutex_unlock(&gate->lock);
    return has;
}

void pic_gate_failed(struct pic_gate *gate, const struct pic_peer *peer)
{
    (void)pthread_mutex_lock(&gate->lock);
    (void)pic_meter_take(&gate->hosts, pic_peer_host(peer), now_ms());
    (void)pthread_mutex_unlock(&gate->lock);
}

bool pic_gate_device(struct pic_gate *gate, uint32_t device)
{
    (void)pthread_mutex_lock(&gate->lock);
    bool may = pic_meter_take(&gate->devices, device, now_ms());
    (void)pthread_mutex_unlock(&gate->lock);
    return may;
}
