#include "protocol/net/listener.h"

#include <nng/nng.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/net/budget.h"
#include "protocol/net/roster.h"
#include "protocol/net/wait.h"

/* One aio per peer: it reads a frame, or writes an answer, or rests while the answer is due. Only
 * the keeper, a thread of the listener, cancels and frees peers; everybody else moves them to the
 * place LEAVING or DEAD and pokes it. So a peer taken from the roster by the keeper stays valid
 * outside the lock, and no aio is stopped or freed from its own callback.
 *
 * A peer whose frame waits for room in the budget rests too, until the keeper lets it go on. */

enum {
    PROGRESS_BYTES = 4096, /* what renews a deadline within a frame */
    ACCEPT_PAUSE_MS = 50,  /* after accept failed: no descriptors left, most often */
    CANCEL_AGAIN_MS = 10,
    STALL_PART = 16, /* of the idle deadline: a full frame at that pace takes all of it */
};

struct pic_peer {
    struct pic_member member; /* first: a member is a peer */
    struct pic_listener *listener;
    nng_stream *stream;
    nng_aio *aio;
    bool writing;  /* changes under the lock, or while BUSY */
    bool vouched;  /* the same: somebody known speaks */
    bool answered; /* the same: it had an answer before */
    struct pic_frame_reader reader;
    struct pic_share share; /* of the budget, for the frame that comes or is answered */
    struct pic_buf out;     /* the answer, framed */
    size_t done;            /* bytes of it that are gone */
    size_t progress;        /* bytes moved since the deadline was last renewed */
};

struct pic_listener {
    struct pic_listener_options options;
    nng_stream_listener *accepter;
    nng_aio *aio; /* of accept */
    unsigned port;
    pthread_t keeper;

    struct pic_wait wait; /* what follows is under its lock */
    struct pic_roster roster;
    struct pic_budget budget;
    struct pic_listener_counts counts;
    bool accepting;    /* an accept is out, or about to be */
    int64_t resume_ms; /* not before then, otherwise */
    bool poked;        /* the keeper must look again before it sleeps */
    bool closing;      /* no new connection, no new frame */
    bool hurry;        /* answers half written are given up too */
    bool orphaned;     /* the keeper frees the listener */
    bool finished;     /* the keeper is done */
};

static struct pic_peer *peer_of(struct pic_member *m)
{
    return (struct pic_peer *)(void *)m;
}

static struct pic_peer *sharer(struct pic_share *s)
{
    return (struct pic_peer *)(void *)((char *)s - offsetof(struct pic_peer, share));
}

/* --- under the lock --- */

static void poke(struct pic_listener *l)
{
    l->poked = true;
    pic_wait_wake(&l->wait);
}

/* The keeper sleeps until the nearest deadline. All deadlines are equally far when they are set, so
 * only one set while there was none needs to wake it. */
static void renew(struct pic_peer *peer, enum pic_place place)
{
    struct pic_listener *l = peer->listener;
    bool first = pic_roster_next_deadline_ms(&l->roster) == INT64_MAX;
    int64_t now_ms = pic_wait_now_ms();
    peer->progress = 0;
    pic_budget_moved(&l->budget, &peer->share, now_ms);
    pic_roster_move(&l->roster, &peer->member, place, now_ms + l->options.idle_ms);
    if (first)
        poke(l);
}

static void condemn(struct pic_listener *l, struct pic_member *m)
{
    pic_roster_move(&l->roster, m, PIC_PLACE_LEAVING, 0);
    poke(l);
}

/* The bytes of a frame are free again: the keeper lets the next in line go on. */
static void give_back(struct pic_peer *peer)
{
    struct pic_listener *l = peer->listener;
    pic_budget_return(&l->budget, &peer->share);
    if (pic_budget_is_awaited(&l->budget))
        poke(l);
}

/* Whether the rest of the frame may come now; if not, the keeper has the peer. */
static bool has_room(struct pic_peer *peer)
{
    struct pic_listener *l = peer->listener;
    size_t weight = pic_frame_weight(&peer->reader);
    if (weight == 0 || peer->share.state != PIC_SHARE_NONE ||
        pic_budget_ask(&l->budget, &peer->share, weight, pic_wait_now_ms()))
        return true;
    l->counts.waited++;
    poke(l); /* others have less time to stand still */
    return false;
}

/* --- one peer: a chain of operations, one at a time --- */

static void peer_end(struct pic_peer *peer, int status)
{
    struct pic_listener *l = peer->listener;
    pic_wait_lock(&l->wait);
    if (status != PIC_OK)
        l->counts.bad++;
    give_back(peer);
    pic_roster_move(&l->roster, &peer->member, PIC_PLACE_DEAD, 0);
    poke(l);
    pic_wait_unlock(&l->wait);
}

/* Starts the next operation. Whoever calls this has the peer: no operation is out. */
static void peer_go_on(struct pic_peer *peer)
{
    nng_iov iov = {0};
    if (peer->writing) {
        iov.iov_buf = peer->out.data + peer->done;
        iov.iov_len = peer->out.len - peer->done;
    } else {
        iov.iov_buf = pic_frame_want(&peer->reader, &iov.iov_len);
    }
    if (iov.iov_buf == NULL) { /* out of memory */
        peer_end(peer, PIC_OK);
        return;
    }
    (void)nng_aio_set_iov(peer->aio, 1, &iov);
    if (peer->writing)
        nng_stream_send(peer->stream, peer->aio);
    else
        nng_stream_recv(peer->stream, peer->aio);
}

static void peer_hand_over(struct pic_peer *peer)
{
    struct pic_listener *l = peer->listener;
    struct pic_buf payload = pic_frame_take(&peer->reader);
    pic_wait_lock(&l->wait);
    bool wanted = !l->closing && peer->member.place != PIC_PLACE_LEAVING;
    if (wanted) {
        l->counts.frames++;
        pic_budget_whole(&peer->share);
        pic_roster_move(&l->roster, &peer->member, PIC_PLACE_BUSY, 0);
    }
    pic_wait_unlock(&l->wait);
    if (wanted) {
        l->options.frame(l->options.context, peer, payload);
        return; /* the peer may already be gone */
    }
    pic_buf_release(&payload);
    peer_end(peer, PIC_OK);
}

enum next { NEXT_GO_ON, NEXT_REST, NEXT_END };

/* Bytes have moved and more must: what the peer does now. */
static enum next peer_next(struct pic_peer *peer, size_t moved, bool answered)
{
    enum next next = NEXT_GO_ON;
    struct pic_listener *l = peer->listener;
    pic_wait_lock(&l->wait);
    peer->writing = peer->writing && !answered;
    bool may = peer->member.place != PIC_PLACE_LEAVING && !(l->closing && !peer->writing);
    peer->progress += moved;
    if (may && (answered || peer->progress >= PROGRESS_BYTES))
        renew(peer, peer->member.place);
    if (!may)
        next = NEXT_END;
    else if (!peer->writing && !has_room(peer))
        next = NEXT_REST;
    pic_wait_unlock(&l->wait);
    return next;
}

static void peer_moved(void *arg)
{
    struct pic_peer *peer = arg;
    if (nng_aio_result(peer->aio) != 0) {
        peer_end(peer, PIC_OK);
        return;
    }
    size_t n = nng_aio_count(peer->aio);
    bool answered = false;
    if (peer->writing) {
        peer->done += n;
        answered = peer->done == peer->out.len;
        if (answered)
            pic_buf_release(&peer->out); /* an idle peer holds no buffer */
    } else {
        int status = pic_frame_took(&peer->reader, n);
        if (status != PIC_OK) {
            peer_end(peer, status);
            return;
        }
        if (pic_frame_is_whole(&peer->reader)) {
            peer_hand_over(peer);
            return;
        }
    }
    enum next next = peer_next(peer, n, answered);
    if (next == NEXT_GO_ON)
        peer_go_on(peer);
    else if (next == NEXT_END)
        peer_end(peer, PIC_OK);
}

void pic_peer_vouch(struct pic_peer *peer)
{
    peer->vouched = true;
}

enum pic_peer_standing pic_peer_standing(const struct pic_peer *peer)
{
    if (peer->vouched)
        return PIC_PEER_KNOWN;
    return peer->answered ? PIC_PEER_SUSPECT : PIC_PEER_NEW;
}

uint64_t pic_peer_host(const struct pic_peer *peer)
{
    return peer->member.host;
}

void pic_peer_drop(struct pic_peer *peer)
{
    peer_end(peer, PIC_OK);
}

void pic_peer_answer(struct pic_peer *peer, struct pic_span payload)
{
    struct pic_listener *l = peer->listener;
    peer->done = 0;
    peer->writing = true;
    if (pic_frame_put(payload, &peer->out) != PIC_OK) {
        peer_end(peer, PIC_OK);
        return;
    }
    pic_wait_lock(&l->wait);
    bool may = !l->hurry;
    give_back(peer);
    peer->answered = true;
    if (may)
        renew(peer, peer->vouched ? PIC_PLACE_KNOWN : PIC_PLACE_STRANGER);
    pic_wait_unlock(&l->wait);
    if (may)
        peer_go_on(peer);
    else
        peer_end(peer, PIC_OK);
}

static void peer_free(struct pic_peer *peer)
{
    nng_aio_stop(peer->aio); /* waits for a callback on its way out */
    nng_aio_free(peer->aio);
    nng_stream_free(peer->stream);
    pic_frame_reader_release(&peer->reader);
    pic_buf_release(&peer->out);
    free(peer);
}

/* Takes the stream; NULL when memory runs out. */
static struct pic_peer *peer_new(struct pic_listener *l, nng_stream *stream)
{
    struct pic_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL || nng_aio_alloc(&peer->aio, peer_moved, peer) != 0) {
        free(peer);
        nng_stream_free(stream);
        return NULL;
    }
    peer->listener = l;
    peer->stream = stream;
    pic_frame_reader_init(&peer->reader);
    pic_buf_init(&peer->out, PIC_FRAME_HEADER + PIC_FRAME_MAX);
    return peer;
}

/* --- accepting --- */

/* Who counts as one host: an IPv4 address, also when mapped into IPv6; an IPv6 /64. */
static uint64_t host_of(nng_stream *stream)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const uint64_t v4 = UINT64_C(0xffff) << 32U; /* a prefix that no IPv6 network has */
    nng_sockaddr address = {0};
    uint64_t prefix = 0;
    uint32_t short_address = 0;
    if (nng_stream_get_addr(stream, NNG_OPT_REMADDR, &address) != 0)
        return PIC_ROSTER_NO_HOST;
    if (address.s_family == NNG_AF_INET)
        return v4 | address.s_in.sa_addr;
    if (address.s_family != NNG_AF_INET6)
        return PIC_ROSTER_NO_HOST;
    const uint8_t *bytes = (const uint8_t *)address.s_in6.sa_addr;
    if (memcmp(bytes, mapped, sizeof mapped) == 0) {
        memcpy(&short_address, bytes + sizeof mapped, sizeof short_address);
        return v4 | short_address;
    }
    memcpy(&prefix, bytes, sizeof prefix);
    return prefix;
}

/* Under the lock: a place for the newcomer, and whether it may stay. */
static bool admit(struct pic_listener *l, struct pic_peer *peer, uint64_t host)
{
    struct pic_roster *r = &l->roster;
    bool welcome = !l->closing && !pic_roster_host_is_full(r, host, l->options.per_host_max);
    struct pic_member *oldest = NULL;
    if (welcome && pic_roster_staying(r) >= l->options.peers_max) {
        oldest = pic_roster_oldest_idle(r);
        welcome = oldest != NULL;
    }
    l->counts.accepted++;
    pic_roster_add(r, &peer->member, host, PIC_PLACE_DEAD, 0);
    if (welcome) {
        renew(peer, PIC_PLACE_STRANGER);
    } else {
        l->counts.refused++;
        poke(l);
    }
    if (oldest != NULL)
        condemn(l, oldest);
    return welcome;
}

static void accepted(void *arg)
{
    struct pic_listener *l = arg;
    int result = nng_aio_result(l->aio);
    struct pic_peer *peer = result == 0 ? peer_new(l, nng_aio_get_output(l->aio, 0)) : NULL;
    uint64_t host = peer != NULL ? host_of(peer->stream) : PIC_ROSTER_NO_HOST;

    pic_wait_lock(&l->wait);
    bool welcome = peer != NULL && admit(l, peer, host);
    if (peer == NULL && !l->closing) { /* out of descriptors or of memory */
        bool leaving = pic_roster_staying(&l->roster) < l->roster.count;
        struct pic_member *oldest = leaving ? NULL : pic_roster_oldest_idle(&l->roster);
        l->resume_ms = pic_wait_now_ms() + ACCEPT_PAUSE_MS;
        if (oldest != NULL)
            condemn(l, oldest);
    }
    /* Above the limit, whoever gives way must be gone before the keeper accepts again. */
    bool again = peer != NULL && !l->closing && l->roster.count <= l->options.peers_max;
    l->accepting = again;
    if (!again)
        poke(l);
    pic_wait_unlock(&l->wait);
    if (welcome)
        peer_go_on(peer);
    if (again)
        nng_stream_listener_accept(l->accepter, l->aio);
}

/* --- the keeper: each of its tasks is called with the lock and gives it up for library calls ---
 */

static void condemn_late(struct pic_listener *l)
{
    struct pic_member *m;
    int64_t now_ms = pic_wait_now_ms();
    while ((m = pic_roster_overdue(&l->roster, now_ms)) != NULL)
        condemn(l, m);
    if (!l->closing)
        return;
    for (int place = PIC_PLACE_STRANGER; place <= PIC_PLACE_KNOWN; place++) {
        struct pic_member *head = &l->roster.places[place];
        for (struct pic_member *next = head->next; (m = next) != head;) {
            next = m->next;
            if (l->hurry || !peer_of(m)->writing)
                condemn(l, m);
        }
    }
}

/* Closes who keeps others waiting; returns when the next one will have. */
static int64_t condemn_stalled(struct pic_listener *l)
{
    struct pic_share *s;
    int64_t now_ms = pic_wait_now_ms();
    while ((s = pic_budget_stillest(&l->budget)) != NULL) {
        int64_t until_ms = s->moved_ms + l->options.idle_ms / STALL_PART;
        if (until_ms > now_ms)
            return until_ms;
        pic_budget_whole(s); /* its bytes come back when it has ended */
        l->counts.stalled++;
        condemn(l, &sharer(s)->member);
    }
    return PIC_WAIT_FOREVER;
}

/* An operation that is being started right now escapes its cancel, so LEAVING is a place where one
 * is cancelled again until the chain has ended. */
static void cancel_leaving(struct pic_listener *l)
{
    for (unsigned n = l->roster.held[PIC_PLACE_LEAVING]; n > 0; n--) {
        struct pic_member *m = pic_roster_first(&l->roster, PIC_PLACE_LEAVING);
        if (m == NULL)
            return;
        if (peer_of(m)->share.state == PIC_SHARE_WAITING) { /* it rests: there is no chain */
            pic_budget_return(&l->budget, &peer_of(m)->share);
            pic_roster_move(&l->roster, m, PIC_PLACE_DEAD, 0);
            continue;
        }
        pic_roster_move(&l->roster, m, PIC_PLACE_LEAVING, 0);
        pic_wait_unlock(&l->wait);
        nng_aio_cancel(peer_of(m)->aio);
        pic_wait_lock(&l->wait);
    }
}

static void bury_dead(struct pic_listener *l)
{
    struct pic_member *m;
    while ((m = pic_roster_first(&l->roster, PIC_PLACE_DEAD)) != NULL) {
        pic_roster_remove(&l->roster, m);
        l->counts.closed++;
        pic_wait_unlock(&l->wait);
        peer_free(peer_of(m));
        pic_wait_lock(&l->wait);
    }
}

static void admit_waiting(struct pic_listener *l)
{
    struct pic_share *s;
    while ((s = pic_budget_admit(&l->budget, pic_wait_now_ms())) != NULL) {
        struct pic_peer *peer = sharer(s);
        renew(peer, peer->member.place);
        pic_wait_unlock(&l->wait);
        peer_go_on(peer);
        pic_wait_lock(&l->wait);
    }
}

/* Returns when the keeper has to look again, in case nobody pokes it. */
static int64_t accept_again(struct pic_listener *l)
{
    if (l->accepting || l->closing || l->roster.count > l->options.peers_max)
        return PIC_WAIT_FOREVER;
    if (pic_wait_now_ms() < l->resume_ms)
        return l->resume_ms;
    l->accepting = true;
    pic_wait_unlock(&l->wait);
    nng_stream_listener_accept(l->accepter, l->aio);
    pic_wait_lock(&l->wait);
    return PIC_WAIT_FOREVER;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void listener_free(struct pic_listener *l)
{
    nng_aio_stop(l->aio);
    nng_aio_free(l->aio);
    if (l->accepter != NULL)
        nng_stream_listener_free(l->accepter);
    pic_wait_release(&l->wait);
    free(l);
}

static void *keep(void *arg)
{
    struct pic_listener *l = arg;
    pic_wait_lock(&l->wait);
    for (;;) {
        l->poked = false;
        condemn_late(l);
        cancel_leaving(l);
        bury_dead(l);
        admit_waiting(l);
        int64_t until_ms = accept_again(l);
        until_ms = sooner(until_ms, condemn_stalled(l));
        until_ms = sooner(until_ms, pic_roster_next_deadline_ms(&l->roster));
        if (l->closing && !l->accepting && l->roster.count == 0)
            break;
        if (l->roster.held[PIC_PLACE_LEAVING] > 0)
            until_ms = sooner(until_ms, pic_wait_now_ms() + CANCEL_AGAIN_MS);
        if (!l->poked)
            pic_wait_until(&l->wait, until_ms);
    }
    l->finished = true;
    bool orphaned = l->orphaned;
    pic_wait_wake(&l->wait);
    pic_wait_unlock(&l->wait);
    if (orphaned)
        listener_free(l);
    return NULL;
}

/* --- opening and closing --- */

int pic_listener_open(const char *url, const struct pic_listener_options *options,
                      struct pic_listener **out)
{
    *out = NULL;
    struct pic_listener *l = calloc(1, sizeof *l);
    if (l == NULL || pic_wait_init(&l->wait) != PIC_OK) {
        free(l);
        return PIC_EMEMORY;
    }
    l->options = *options;
    pic_roster_init(&l->roster);
    pic_budget_init(&l->budget, options->bytes_max);
    int status = PIC_EIO;
    int port = 0;
    if (nng_aio_alloc(&l->aio, accepted, l) != 0)
        status = PIC_EMEMORY;
    else if (nng_stream_listener_alloc(&l->accepter, url) == 0) {
        /* No short answer waits for the acknowledgement of the one before: that takes 40 ms. */
        (void)nng_stream_listener_set_bool(l->accepter, NNG_OPT_TCP_NODELAY, true);
        status = nng_stream_listener_listen(l->accepter) == 0 ? PIC_OK : PIC_EIO;
    }
    if (status == PIC_OK &&
        nng_stream_listener_get_int(l->accepter, NNG_OPT_TCP_BOUND_PORT, &port) == 0)
        l->port = (unsigned)port;
    if (status == PIC_OK && pthread_create(&l->keeper, NULL, keep, l) != 0)
        status = PIC_EMEMORY;
    if (status != PIC_OK) {
        listener_free(l);
        return status;
    }
    *out = l;
    return PIC_OK;
}

unsigned pic_listener_port(const struct pic_listener *listener)
{
    return listener->port;
}

void pic_listener_close(struct pic_listener *listener, int timeout_ms)
{
    struct pic_listener *l = listener;
    if (l == NULL)
        return;
    int64_t deadline_ms = pic_wait_now_ms() + timeout_ms;
    pic_wait_lock(&l->wait);
    l->closing = true;
    poke(l);
    pic_wait_unlock(&l->wait);
    nng_stream_listener_close(l->accepter); /* ends the accept that is out */

    pic_wait_lock(&l->wait);
    while (!l->finished && pic_wait_now_ms() < deadline_ms)
        pic_wait_until(&l->wait, deadline_ms);
    l->hurry = true;
    poke(l);
    /* All but what others still hold ends at once now. */
    while (!l->finished && (l->accepting || l->roster.held[PIC_PLACE_BUSY] < l->roster.count ||
                            l->roster.count == 0))
        pic_wait_until(&l->wait, pic_wait_now_ms() + CANCEL_AGAIN_MS);
    bool finished = l->finished;
    pthread_t keeper = l->keeper;
    l->orphaned = !finished;
    pic_wait_unlock(&l->wait);
    if (finished) {
        (void)pthread_join(keeper, NULL);
        listener_free(l);
    } else {
        (void)pthread_detach(keeper);
    }
}

void pic_listener_count(struct pic_listener *listener, struct pic_listener_counts *out)
{
    pic_wait_lock(&listener->wait);
    *out = listener->counts;
    out->peers = listener->roster.count;
    out->bytes = listener->budget.used;
    pic_wait_unlock(&listener->wait);
}
