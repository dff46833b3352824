#include "tests/bench/rival_wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

enum { HEADER_SIZE = 9, LINES_MAX = 64 << 20, LEVEL = 6, BACKLOG = 128 };

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(EXIT_FAILURE);
}

static struct rival_wire wire_on(int fd)
{
    int on = 1;
    check(fd >= 0, "rival_wire");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return (struct rival_wire){.fd = fd};
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int rival_listen(uint16_t *port)
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    check(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, BACKLOG) == 0 &&
              getsockname(fd, (struct sockaddr *)&address, &size) == 0,
          "rival_listen");
    *port = ntohs(address.sin_port);
    return fd;
}

struct rival_wire rival_accept(int listener)
{
    return wire_on(accept(listener, NULL, NULL));
}

struct rival_wire rival_dial(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    check(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "rival_dial");
    return wire_on(fd);
}

void rival_wire_close(struct rival_wire *wire)
{
    (void)close(wire->fd);
}

static void put_u32(uint8_t *at, size_t n)
{
    uint32_t big = htonl((uint32_t)n);
    memcpy(at, &big, sizeof big);
}

static size_t get_u32(const uint8_t *at)
{
    uint32_t big;
    memcpy(&big, at, sizeof big);
    return ntohl(big);
}

static bool send_all(struct rival_wire *wire, struct iovec *parts, int n)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)n};
    while (message.msg_iovlen > 0) {
        ssize_t sent = sendmsg(wire->fd, &message, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        wire->sent_bytes += (uint64_t)sent;
        size_t left = (size_t)sent;
        while (message.msg_iovlen > 0 && left >= message.msg_iov->iov_len) {
            left -= message.msg_iov->iov_len;
            message.msg_iov++;
            message.msg_iovlen--;
        }
        if (message.msg_iovlen > 0) {
            message.msg_iov->iov_base = (char *)message.msg_iov->iov_base + left;
            message.msg_iov->iov_len -= left;
        }
    }
    return true;
}

static bool receive_all(struct rival_wire *wire, void *out, size_t n)
{
    char *at = out;
    while (n > 0) {
        ssize_t got = recv(wire->fd, at, n, MSG_WAITALL);
        if (got <= 0)
            return false;
        wire->received_bytes += (uint64_t)got;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

bool rival_send(struct rival_wire *wire, enum rival_kind kind, const struct rival_bytes *lines)
{
    uint8_t header[HEADER_SIZE] = {(uint8_t)kind};
    uLongf deflated = 0;
    Bytef *body = NULL;
    if (lines->size > 0) {
        deflated = compressBound(lines->size);
        body = malloc(deflated);
        check(body != NULL && compress2(body, &deflated, (const Bytef *)lines->data, lines->size,
                                        LEVEL) == Z_OK,
              "rival_send");
    }
    put_u32(header + 1, deflated);
    put_u32(header + 5, lines->size);
    struct iovec parts[] = {{header, HEADER_SIZE}, {body, deflated}};
    bool ok = send_all(wire, parts, 2);
    free(body);
    return ok;
}

bool rival_receive(struct rival_wire *wire, enum rival_kind *kind, struct rival_bytes *lines)
{
    uint8_t header[HEADER_SIZE];
    lines->size = 0;
    if (!receive_all(wire, header, sizeof header))
        return false;
    *kind = (enum rival_kind)header[0];
    size_t deflated = get_u32(header + 1);
    uLongf inflated = get_u32(header + 5);
    if (deflated > LINES_MAX || inflated > LINES_MAX || (deflated == 0) != (inflated == 0))
        return false;
    if (deflated == 0)
        return true;
    Bytef *body = malloc(deflated);
    check(body != NULL, "rival_receive");
    bool ok = receive_all(wire, body, deflated) &&
              uncompress((Bytef *)rival_bytes_reserve(lines, inflated), &inflated, body,
                         deflated) == Z_OK &&
              inflated == get_u32(header + 5);
    free(body);
    lines->size = ok ? inflated : 0;
    return ok;
}
