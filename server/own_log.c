#include "server/own_log.h"

#include <string.h>

#include "schema/dictionary/dictionary.h"

static const char seq_fact[] = "own sequence";
static const char clock_fact[] = "own clock";

int pic_own_log_load(struct pic_journal *journal, struct pic_own_log *out)
{
    int status = pic_journal_number_get(journal, seq_fact, &out->seq);
    if (status == PIC_OK)
        status = pic_journal_number_get(journal, clock_fact, &out->clock.last);
    return status;
}

int pic_own_log_save(struct pic_journal *journal, const struct pic_own_log *log)
{
    int status = pic_journal_number_put(journal, seq_fact, log->seq);
    if (status == PIC_OK)
        status = pic_journal_number_put(journal, clock_fact, log->clock.last);
    return status;
}

void pic_own_log_next(struct pic_own_log *log, int64_t now_ms, uint64_t *dot, uint64_t *stamp)
{
    *dot = pic_dot(PIC_DEVICE_SERVER, ++log->seq);
    *stamp = pic_clock_tick(&log->clock, now_ms);
}

int pic_own_log_append(struct pic_journal *journal, const struct pic_signer *identity,
                       uint64_t audience, const struct pic_change *const *changes, size_t n,
                       uint64_t *position)
{
    struct pic_buf bytes;
    struct pic_log_head head;
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    int status = pic_journal_head(journal, PIC_DEVICE_SERVER, audience, &head);
    for (size_t done = 0, taken = 0; status == PIC_OK && done < n; done += taken) {
        struct pic_segment segment;
        pic_buf_clear(&bytes);
        status = pic_segment_seal(changes + done, n - done, audience, head.hash,
                                  PIC_DICTIONARY_VERSION, identity, &bytes, &taken);
        if (status == PIC_OK)
            status = pic_segment_read(pic_buf_view(&bytes), &segment);
        if (status == PIC_OK)
            status = pic_journal_append(journal, &segment, position);
        if (status == PIC_OK)
            memcpy(head.hash, segment.hash, sizeof head.hash);
    }
    pic_buf_release(&bytes);
    return status;
}
