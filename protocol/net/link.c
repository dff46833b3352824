#include "protocol/net/link.h"

#include <nng/nng.h>
#include <stdlib.h>

#include "protocol/net/wait.h"

enum { CANCEL_AGAIN_MS = 5 };

struct pic_link {
    nng_stream_dialer *dialer;
    nng_stream *stream;
    nng_aio *sender, *receiver;
    struct pic_buf out;             /* the frame being sent */
    struct pic_frame_reader reader; /* the receiver's alone while it is at work */

    struct pic_wait wait; /* what follows is under its lock */
    struct pic_buf inbox[PIC_PIPELINE_WINDOW];
    unsigned first, held;    /* the oldest frame of the inbox, and how many there are */
    bool sending, receiving; /* an operation is out, or about to be */
    int status;              /* PIC_OK, then why the link is over */
    uint64_t sent, received; /* bytes */
};

/* --- the receiver: one operation after the other until the inbox is full --- */

static void receive_some(struct pic_link *link)
{
    nng_iov iov = {0};
    iov.iov_buf = pic_frame_want(&link->reader, &iov.iov_len);
    if (iov.iov_buf != NULL) {
        (void)nng_aio_set_iov(link->receiver, 1, &iov);
        nng_stream_recv(link->stream, link->receiver);
        return;
    }
    pic_wait_lock(&link->wait);
    link->status = PIC_EMEMORY;
    link->receiving = false;
    pic_wait_wake(&link->wait);
    pic_wait_unlock(&link->wait);
}

/* The receiver may start another operation: nothing is wrong, and the inbox has room. */
static bool may_receive(const struct pic_link *link)
{
    return link->status == PIC_OK && link->held < PIC_PIPELINE_WINDOW;
}

static void received(void *arg)
{
    struct pic_link *link = arg;
    bool failed = nng_aio_result(link->receiver) != 0;
    size_t n = failed ? 0 : nng_aio_count(link->receiver);
    int status = failed ? PIC_ECLOSED : pic_frame_took(&link->reader, n);

    pic_wait_lock(&link->wait);
    link->received += n;
    if (link->status == PIC_OK)
        link->status = status;
    if (status == PIC_OK && pic_frame_is_whole(&link->reader)) {
        unsigned last = (link->first + link->held) % PIC_PIPELINE_WINDOW;
        link->inbox[last] = pic_frame_take(&link->reader);
        link->held++;
    }
    link->receiving = may_receive(link);
    bool again = link->receiving;
    pic_wait_wake(&link->wait);
    pic_wait_unlock(&link->wait);
    if (again)
        receive_some(link);
}

int pic_link_receive(struct pic_link *link, struct pic_buf *out, int timeout_ms)
{
    pic_wait_lock(&link->wait);
    uint64_t seen = link->received;
    int64_t deadline_ms = pic_wait_now_ms() + timeout_ms;
    while (link->held == 0 && link->status == PIC_OK) {
        int64_t now_ms = pic_wait_now_ms();
        if (link->received != seen) { /* bytes move: a slow line, not a dead one */
            seen = link->received;
            deadline_ms = now_ms + timeout_ms;
        }
        if (now_ms >= deadline_ms)
            link->status = PIC_ETIMEOUT;
        else
            pic_wait_until(&link->wait, deadline_ms);
    }
    int status = link->status;
    bool again = false;
    if (link->held > 0) {
        status = PIC_OK;
        pic_buf_release(out);
        *out = link->inbox[link->first];
        link->first = (link->first + 1) % PIC_PIPELINE_WINDOW;
        link->held--;
        again = !link->receiving && may_receive(link);
        link->receiving = link->receiving || again;
    }
    pic_wait_unlock(&link->wait);
    if (again)
        receive_some(link);
    return status;
}

/* --- the sender --- */

static void sent(void *arg)
{
    struct pic_link *link = arg;
    bool failed = nng_aio_result(link->sender) != 0;
    pic_wait_lock(&link->wait);
    if (failed && link->status == PIC_OK)
        link->status = PIC_ECLOSED;
    if (!failed)
        link->sent += nng_aio_count(link->sender);
    link->sending = false;
    pic_wait_wake(&link->wait);
    pic_wait_unlock(&link->wait);
}

/* Sends what the stream takes at once of out from offset on; *moved says how much that was. */
static int send_some(struct pic_link *link, size_t offset, int timeout_ms, size_t *moved)
{
    pic_wait_lock(&link->wait);
    int status = link->status;
    uint64_t before = link->sent;
    link->sending = status == PIC_OK;
    pic_wait_unlock(&link->wait);
    if (status != PIC_OK)
        return status;

    nng_iov iov = {.iov_buf = link->out.data + offset, .iov_len = link->out.len - offset};
    (void)nng_aio_set_iov(link->sender, 1, &iov);
    nng_stream_send(link->stream, link->sender);

    pic_wait_lock(&link->wait);
    int64_t deadline_ms = pic_wait_now_ms() + timeout_ms;
    while (link->sending && link->status == PIC_OK) {
        if (pic_wait_now_ms() >= deadline_ms)
            link->status = PIC_ETIMEOUT; /* the operation itself is cancelled by close */
        else
            pic_wait_until(&link->wait, deadline_ms);
    }
    status = link->status;
    *moved = (size_t)(link->sent - before);
    pic_wait_unlock(&link->wait);
    return status;
}

int pic_link_send(struct pic_link *link, struct pic_span payload, int timeout_ms)
{
    pic_wait_lock(&link->wait);
    int status = link->status;
    pic_wait_unlock(&link->wait);
    if (status != PIC_OK)
        return status; /* an operation may still be using out */
    pic_buf_clear(&link->out);
    status = pic_frame_put(payload, &link->out);
    size_t moved = 0;
    for (size_t done = 0; status == PIC_OK && done < link->out.len; done += moved)
        status = send_some(link, done, timeout_ms, &moved);
    return status;
}

/* --- opening and closing --- */

static int dial(struct pic_link *link, const char *url, int timeout_ms)
{
    nng_aio *aio = NULL; /* used once: it may time out */
    if (nng_aio_alloc(&aio, NULL, NULL) != 0)
        return PIC_EMEMORY;
    if (nng_stream_dialer_alloc(&link->dialer, url) != 0) {
        nng_aio_free(aio);
        return PIC_EUNREACHABLE;
    }
    (void)nng_stream_dialer_set_bool(link->dialer, NNG_OPT_TCP_NODELAY, true); /* listener.c */
    nng_aio_set_timeout(aio, timeout_ms > 0 ? timeout_ms : 1);
    nng_stream_dialer_dial(link->dialer, aio);
    nng_aio_wait(aio);
    int result = nng_aio_result(aio);
    if (result == 0)
        link->stream = nng_aio_get_output(aio, 0);
    nng_aio_stop(aio);
    nng_aio_free(aio);
    if (result == NNG_ETIMEDOUT)
        return PIC_ETIMEOUT;
    return result == 0 ? PIC_OK : PIC_EUNREACHABLE;
}

/* Ends both operations. One that is being started right now escapes the cancel: hence the loop. */
static void settle(struct pic_link *link)
{
    pic_wait_lock(&link->wait);
    if (link->status == PIC_OK)
        link->status = PIC_ECLOSED;
    while (link->sending || link->receiving) {
        pic_wait_unlock(&link->wait);
        nng_aio_cancel(link->sender);
        nng_aio_cancel(link->receiver);
        pic_wait_lock(&link->wait);
        if (link->sending || link->receiving)
            pic_wait_until(&link->wait, pic_wait_now_ms() + CANCEL_AGAIN_MS);
    }
    pic_wait_unlock(&link->wait);
}

void pic_link_close(struct pic_link *link)
{
    if (link == NULL)
        return;
    settle(link);
    nng_aio_stop(link->sender); /* waits for a callback on its way out */
    nng_aio_stop(link->receiver);
    nng_aio_free(link->sender);
    nng_aio_free(link->receiver);
    if (link->stream != NULL)
        nng_stream_free(link->stream);
    if (link->dialer != NULL)
        nng_stream_dialer_free(link->dialer);
    for (; link->held > 0; link->held--)
        pic_buf_release(&link->inbox[(link->first + link->held - 1) % PIC_PIPELINE_WINDOW]);
    pic_frame_reader_release(&link->reader);
    pic_buf_release(&link->out);
    pic_wait_release(&link->wait);
    free(link);
}

int pic_link_open(const char *url, int timeout_ms, struct pic_link **out)
{
    *out = NULL;
    struct pic_link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return PIC_EMEMORY;
    if (pic_wait_init(&link->wait) != PIC_OK) {
        free(link);
        return PIC_EMEMORY;
    }
    pic_frame_reader_init(&link->reader);
    pic_buf_init(&link->out, PIC_FRAME_HEADER + PIC_FRAME_MAX);
    int status = PIC_EMEMORY;
    if (nng_aio_alloc(&link->sender, sent, link) == 0 &&
        nng_aio_alloc(&link->receiver, received, link) == 0)
        status = dial(link, url, timeout_ms);
    if (status != PIC_OK) {
        pic_link_close(link);
        return status;
    }
    link->receiving = true;
    receive_some(link);
    *out = link;
    return PIC_OK;
}

void pic_link_count(struct pic_link *link, uint64_t *sent_bytes, uint64_t *received_bytes)
{
    pic_wait_lock(&link->wait);
    *sent_bytes = link->sent;
    *received_bytes = link->received;
    pic_wait_unlock(&link->wait);
}
