/* fake_region FICHIER.picx [PORT]: the server of region.h on a socket. Prints "port N" once it
 * listens, answers until its standard input ends. A line there is something that the Region writes,
 * answered by "ok": "financeurs" (who pays what part of the fund), "controle SEQ" (the laptop's
 * entry of that sequence is to be corrected). */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "protocol/net/listener.h"
#include "schema/dictionary/dictionary.h"
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

static struct pic_op text(uint8_t field, const char *value)
{
    return (struct pic_op){.field = field,
                           .value = {.kind = PIC_KIND_TEXT, .s = pic_span_text(value)}};
}

static struct pic_op number(uint8_t field, enum pic_kind kind, uint64_t value)
{
    return (struct pic_op){.field = field, .value = {.kind = kind, .i = (int64_t)value}};
}

/* 70 % the Region, 30 % the town. */
static void write_funders(struct region *r)
{
    static const struct {
        const char *kind, *name;
        uint64_t rate, cents;
    } funders[] = {{"region", "Région", 7000, 700000}, {"commune", "Ville", 3000, 300000}};
    for (size_t i = 0; i < sizeof funders / sizeof *funders; i++) {
        const struct pic_op org[] = {text(2, funders[i].kind), text(3, funders[i].name)};
        const uint64_t id = region_write(r, PIC_AUDIENCE_ALL, PIC_ORGANISATION, 0, org, 2);
        const struct pic_op share[] = {
            number(2, PIC_KIND_REF, REGION_FUND), number(3, PIC_KIND_REF, id),
            number(5, PIC_KIND_INT, funders[i].rate), number(6, PIC_KIND_INT, funders[i].cents)};
        (void)region_write(r, REGION_ASSOCIATION, PIC_SHARE, 0, share, 4);
    }
}

static void write_control(struct region *r, uint64_t seq)
{
    const struct pic_op ops[] = {number(2, PIC_KIND_REF, pic_dot(REGION_DEVICE, seq)),
                                 text(3, "sur-pieces"), text(4, "a-corriger"),
                                 text(5, "Justificatif illisible."), text(6, "incomplet")};
    (void)region_write(r, REGION_ASSOCIATION, PIC_CONTROL, 0, ops, 5);
}

static void obey(struct service *s, const char *line)
{
    static const char control[] = "controle ";
    enum { DECIMAL = 10 };
    (void)pthread_mutex_lock(&s->mutex);
    if (strcmp(line, "financeurs\n") == 0)
        write_funders(&s->region);
    else if (strncmp(line, control, sizeof control - 1) == 0)
        write_control(&s->region, strtoull(line + sizeof control - 1, NULL, DECIMAL));
    (void)pthread_mutex_unlock(&s->mutex);
    printf("ok\n");
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    static struct service service;
    struct service *s = &service;
    struct pic_listener *listener = NULL;
    char url[64];
    char line[64];
    if (argc < 2 || pthread_mutex_init(&s->mutex, NULL) != 0)
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
    while (fgets(line, sizeof line, stdin) != NULL)
        obey(s, line);
    pic_listener_close(listener, 2000);
    region_close(&s->region);
    (void)pthread_mutex_destroy(&s->mutex);
    return EXIT_SUCCESS;
}
