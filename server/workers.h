/* workers: from the frames of many connections to the answers of a few threads. A bounded queue
 * stands between: when it is full, or holds too many bytes, the answer is `busy` at once, and the
 * laptop comes back later. Each worker has its own connection to the journal and its own buffers,
 * used again for each request. */
#ifndef PIC_SERVER_WORKERS_H
#define PIC_SERVER_WORKERS_H

#include "protocol/net/listener.h"
#include "server/committer.h"
#include "server/contacts.h"
#include "server/gate.h"

struct pic_workers_options {
    const char *folder;
    unsigned n;                   /* threads */
    size_t frames_max, bytes_max; /* waiting at once */
    struct pic_committer *committer;
    struct pic_contacts *contacts;
    struct pic_gate *gate;
};

struct pic_workers;
PIC_MUST_USE int pic_workers_start(const struct pic_workers_options *options,
                                   const struct pic_keyring *keys, struct pic_workers **out,
                                   struct pic_err *err);
/* Answers what waits, then ends. No frame may come any more. NULL is a no-op. */
void pic_workers_stop(struct pic_workers *workers);

/* struct pic_listener_options.frame, with the workers as context. */
void pic_workers_frame(void *workers, struct pic_peer *peer, struct pic_buf payload);
/* From the next request on, these keys. */
void pic_workers_keys(struct pic_workers *workers, const struct pic_keyring *keys);

/* How long answers took: durations[i] of them up to pic_workers_bucket_us(i), and longer than the
 * one before; the last bucket has no end (UINT32_MAX). */
enum { PIC_WORKERS_BUCKETS = 7 };
uint32_t pic_workers_bucket_us(size_t i);

struct pic_workers_counts {
    uint64_t answered; /* requests, whatever the answer */
    uint64_t busy;     /* sent away: the queue was full */
    uint64_t refused;  /* answered with another status than ok */
    uint64_t cut;      /* dropped unread: from where too much came that nobody known sent */
    uint64_t durations[PIC_WORKERS_BUCKETS];
    uint64_t duration_us; /* of all answers together */
};
void pic_workers_count(struct pic_workers *workers, struct pic_workers_counts *out);

#endif
