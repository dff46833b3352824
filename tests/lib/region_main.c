/* fake_region FICHIER.picx [PORT]: the server of region.h on a socket. Prints "port N" once it
 * listens, answers until its standard input ends. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "protocol/net/listener.h"
#include "tests/lib/region.h"

struct service {
    struct region region;
    pthread_mutex_t mutex; /* frames come on several threads */
};

static void on_frame(void *context, struct pic_peer *peer, struct pic_buf payload)
{
    struct service *s = context;
    struct pic_buf reply;
    pic_buf_init(&reply, PIC_FRAME_MAX);
    (void)pthread_mutex_lock(&s->mutex);
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int status = pic_answer(&s->region.stage.answer, &s->region.stage.scratch,
                            (int64_t)now.tv_sec * 1000, pic_buf_view(&payload), &reply);
    (void)pthread_mutex_unlock(&s->mutex);
    if (status == PIC_OK)
        pic_peer_answer(peer, pic_buf_view(&reply));
    else
        pic_peer_drop(peer);
    pic_buf_release(&payload);
    pic_buf_release(&reply);
}

int main(int argc, char **argv)
{
    struct service *s = calloc(1, sizeof *s);
    struct pic_listener *listener = NULL;
    char url[64];
    if (s == NULL || argc < 2 || pthread_mutex_init(&s->mutex, NULL) != 0)
        return EXIT_FAILURE;
    const struct pic_listener_options options = {
        .idle_ms = 30000, .peers_max = 8, .frame = on_frame, .context = s};
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%s", argc > 2 ? argv[2] : "0");
    region_open(&s->region);
    if (pic_listener_open(url, &options, &listener) != PIC_OK)
        return EXIT_FAILURE;
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", pic_listener_port(listener));
    region_invite(&s->region, argv[1], url);
    printf("%s\n", url);
    (void)fflush(stdout);
    while (getchar() != EOF)
        continue;
    pic_listener_close(listener, 2000);
    region_close(&s->region);
    (void)pthread_mutex_destroy(&s->mutex);
    free(s);
    return EXIT_SUCCESS;
}
