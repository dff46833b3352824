#include "schema/face/progress.h"

#include <inttypes.h>
#include <string.h>

#include "schema/face/speech.h"

enum { LINE_MAX_BYTES = 512, BAR = 20, REDRAW_MS = 100, LEFT_AFTER_MS = 2000, FACT_MAX = 96 };

static const char clear_line[] = "\r\033[K";

void pic_progress_begin(struct pic_progress *progress, const struct pic_terminal *terminal,
                        const char *label, uint64_t total_bytes, int64_t now_ms)
{
    *progress = (struct pic_progress){
        .out = terminal->quiet ? NULL : stderr,
        .redraw = terminal->err_tty,
        .width = terminal->width,
        .total = total_bytes,
        .start_ms = now_ms,
        .drawn_ms = now_ms - REDRAW_MS,
    };
    (void)snprintf(progress->label, sizeof progress->label, "%s", label);
    if (progress->out == NULL || progress->redraw)
        return;
    struct pic_buf line;
    pic_buf_init(&line, LINE_MAX_BYTES);
    pic_speech_tell(&line, PIC_TELL_PROGRESS_START, label, NULL);
    (void)fprintf(progress->out, "%s\n", pic_buf_string(&line));
    pic_buf_release(&line);
}

/* done × scale / total, without overflow; done at most total. */
static uint64_t part(uint64_t done, uint64_t total, uint64_t scale)
{
    while (total > UINT64_MAX / 1000) {
        total /= 2;
        done /= 2;
    }
    return done * scale / total;
}

static void put_sizes(struct pic_buf *out, uint64_t done, uint64_t total)
{
    struct pic_buf done_text, total_text;
    pic_buf_init(&done_text, FACT_MAX);
    pic_buf_init(&total_text, FACT_MAX);
    pic_speech_bytes(&done_text, done);
    pic_speech_bytes(&total_text, total);
    if (total == 0)
        pic_buf_text(out, pic_buf_string(&done_text));
    else
        pic_speech_tell(out, PIC_TELL_PROGRESS_OF, pic_buf_string(&done_text),
                        pic_buf_string(&total_text), NULL);
    pic_buf_release(&done_text);
    pic_buf_release(&total_text);
}

/* What the rest will take at the speed so far, once that speed means something. */
static void put_left(struct pic_buf *out, uint64_t done, uint64_t total, int64_t spent_ms)
{
    if (done == 0 || done >= total || spent_ms < LEFT_AFTER_MS)
        return;
    double left_ms = (double)spent_ms * (double)(total - done) / (double)done;
    struct pic_buf text;
    pic_buf_init(&text, FACT_MAX);
    pic_speech_duration(&text, left_ms < 1e15 ? (int64_t)left_ms + 999 : INT64_C(1000000000000000));
    pic_speech_tell(out, PIC_TELL_PROGRESS_LEFT, pic_buf_string(&text), NULL);
    pic_buf_release(&text);
}

void pic_progress_line(const struct pic_progress *progress, uint64_t done_bytes, int64_t now_ms,
                       struct pic_buf *out)
{
    uint64_t total = progress->total;
    uint64_t done = total != 0 && done_bytes > total ? total : done_bytes;
    struct pic_buf tail;
    pic_buf_init(&tail, LINE_MAX_BYTES);
    if (total != 0)
        pic_buf_printf(&tail, "%3" PRIu64 " %%  ", part(done, total, 100));
    put_sizes(&tail, done, total);
    put_left(&tail, done, total, now_ms - progress->start_ms);
    size_t taken =
        pic_sheet_width(pic_span_text(progress->label)) + 2 + pic_sheet_width(pic_buf_view(&tail));
    pic_buf_printf(out, "%s  ", progress->label);
    if (total != 0 && taken + BAR + 4 <= progress->width) {
        uint64_t full = part(done, total, BAR);
        pic_buf_u8(out, '[');
        for (uint64_t i = 0; i < BAR; i++)
            pic_buf_u8(out, i < full ? '#' : '-');
        pic_buf_text(out, "]  ");
    }
    pic_buf_text(out, pic_buf_string(&tail));
    pic_buf_release(&tail);
}

void pic_progress_at(struct pic_progress *progress, uint64_t done_bytes, int64_t now_ms)
{
    if (progress->out == NULL || !progress->redraw || now_ms - progress->drawn_ms < REDRAW_MS)
        return;
    struct pic_buf line;
    pic_buf_init(&line, LINE_MAX_BYTES);
    pic_progress_line(progress, done_bytes, now_ms, &line);
    (void)fprintf(progress->out, "%s%s", clear_line, pic_buf_string(&line));
    (void)fflush(progress->out);
    pic_buf_release(&line);
    progress->drawn_ms = now_ms;
}

void pic_progress_end(struct pic_progress *progress, const char *outcome)
{
    if (progress->out == NULL)
        return;
    struct pic_buf line;
    pic_buf_init(&line, LINE_MAX_BYTES);
    pic_speech_tell(&line, PIC_TELL_PROGRESS_END, progress->label, outcome, NULL);
    (void)fprintf(progress->out, "%s%s\n", progress->redraw ? clear_line : "",
                  pic_buf_string(&line));
    pic_buf_release(&line);
}
