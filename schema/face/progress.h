/* progress: how far a long work has come, on stderr. On a terminal one line that redraws itself at
 * most ten times a second (bytes, percent, time left in words); elsewhere one line at the start and
 * one at the end; nothing with --quiet. The caller brings the clock. */
#ifndef PIC_FACE_PROGRESS_H
#define PIC_FACE_PROGRESS_H

#include <stdio.h>

#include "schema/face/terminal.h"

struct pic_progress {
    FILE *out; /* NULL: quiet */
    bool redraw;
    size_t width;
    char label[64];
    uint64_t total; /* bytes, 0: unknown */
    int64_t start_ms, drawn_ms;
};

void pic_progress_begin(struct pic_progress *progress, const struct pic_terminal *terminal,
                        const char *label, uint64_t total_bytes, int64_t now_ms);
void pic_progress_at(struct pic_progress *progress, uint64_t done_bytes, int64_t now_ms);
/* Replaces the line by a last one, "label : outcome". */
void pic_progress_end(struct pic_progress *progress, const char *outcome);

/* The line itself, at most width columns: "Envoi  [#####-----]  51 %  1,6 Mo sur 3,1 Mo, encore 4
 * min". */
void pic_progress_line(const struct pic_progress *progress, uint64_t done_bytes, int64_t now_ms,
                       struct pic_buf *out);

#endif
