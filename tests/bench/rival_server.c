/* rival_server: takes pushed lines into its table and sends all of them to who asks.
 *
 *     rival_server DATABASE      prints its port; closes its table and ends when its input ends
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/rival_store.h"
#include "tests/bench/rival_wire.h"

struct server {
    struct rival_store *store;
    pthread_mutex_t writing; /* the store */
};

struct connection {
    struct server *server;
    struct rival_wire wire;
};

/* Everything that needs no table is done before the lock is taken. */
static bool take(struct server *server, struct rival_bytes *lines)
{
    struct rival_row *rows = NULL;
    size_t n = 0, room = 0;
    char *at = lines->data;
    const char *end = lines->data + lines->size;
    bool ok = true;
    while (ok && at < end) {
        if (n == room) {
            room = room == 0 ? 256 : room * 2;
            rows = reallocarray(rows, room, sizeof *rows);
            if (rows == NULL)
                abort();
        }
        ok = rival_row_read(&at, end, &rows[n++]);
    }
    if (ok) {
        (void)pthread_mutex_lock(&server->writing);
        rival_store_begin(server->store);
        for (size_t i = 0; i < n; i++)
            rival_store_put(server->store, &rows[i]);
        rival_store_commit(server->store);
        (void)pthread_mutex_unlock(&server->writing);
    }
    free(rows);
    return ok;
}

static void *serve(void *argument)
{
    struct connection *c = argument;
    struct rival_bytes lines = {0};
    const struct rival_bytes nothing = {0};
    enum rival_kind kind;
    bool ok = true;
    while (ok && rival_receive(&c->wire, &kind, &lines)) {
        if (kind == RIVAL_PUSH) {
            ok = (lines.size == 0 || take(c->server, &lines)) &&
                 rival_send(&c->wire, RIVAL_DONE, &nothing);
        } else {
            (void)pthread_mutex_lock(&c->server->writing);
            (void)rival_store_lines(c->server->store, 0, &lines);
            (void)pthread_mutex_unlock(&c->server->writing);
            ok = rival_send(&c->wire, RIVAL_DONE, &lines);
        }
    }
    rival_bytes_release(&lines);
    rival_wire_close(&c->wire);
    free(c);
    return NULL;
}

static void welcome(struct server *server, int listener)
{
    pthread_t thread;
    struct connection *c = malloc(sizeof *c);
    if (c == NULL)
        abort();
    *c = (struct connection){server, rival_accept(listener)};
    if (pthread_create(&thread, NULL, serve, c) != 0)
        abort();
    (void)pthread_detach(thread);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    struct server server = {.store = rival_store_open(argv[1])};
    (void)pthread_mutex_init(&server.writing, NULL);
    uint16_t port;
    int listener = rival_listen(&port);
    (void)printf("%u\n", port);
    (void)fflush(stdout);
    struct pollfd watched[] = {{.fd = listener, .events = POLLIN},
                               {.fd = STDIN_FILENO, .events = POLLIN}};
    while (poll(watched, 2, -1) > 0 && watched[1].revents == 0) {
        if (watched[0].revents != 0)
            welcome(&server, listener);
    }
    (void)pthread_mutex_lock(&server.writing);
    rival_store_close(server.store);
    return EXIT_SUCCESS;
}
