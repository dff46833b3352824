#include "schema/dictionary/nearest.h"

#include <stdio.h>
#include <string.h>

#include "protocol/base/text.h"

/* Folds word into out; "" when it is too long or not UTF-8. */
static void fold(const char *word, char out[static PIC_NEAREST_WORD_MAX + 1])
{
    struct pic_buf folded;
    pic_buf_init(&folded, PIC_NEAREST_WORD_MAX);
    if (pic_text_fold(pic_span_text(word), &folded) == PIC_OK && folded.len > 0)
        memcpy(out, folded.data, folded.len);
    out[folded.bad ? 0 : folded.len] = '\0';
    pic_buf_release(&folded);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, const char *b)
{
    size_t rows[3][PIC_NEAREST_WORD_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    size_t an = strlen(a), bn = strlen(b);
    for (size_t j = 0; j <= bn; j++)
        above[j] = j;
    for (size_t i = 1; i <= an; i++) {
        row[0] = i;
        for (size_t j = 1; j <= bn; j++) {
            row[j] = least(above[j], row[j - 1]) + 1;
            row[j] = least(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[bn];
}

void pic_nearest_init(struct pic_nearest *nearest, const char *word)
{
    *nearest = (struct pic_nearest){0};
    fold(word, nearest->word);
    /* One slip in three letters; short words must be almost right. */
    nearest->distance = strlen(nearest->word) / 3 + 1 + (strlen(nearest->word) > 3);
}

void pic_nearest_try(struct pic_nearest *nearest, const char *candidate)
{
    char folded[PIC_NEAREST_WORD_MAX + 1];
    fold(candidate, folded);
    if (folded[0] == '\0' || nearest->word[0] == '\0')
        return;
    size_t d = distance(nearest->word, folded);
    if (d < nearest->distance) {
        nearest->distance = d;
        nearest->best = candidate;
    }
}

void pic_nearest_keep(struct pic_nearest *nearest, const char *candidate, char *kept, size_t size)
{
    nearest->best = NULL;
    pic_nearest_try(nearest, candidate);
    if (nearest->best != NULL)
        (void)snprintf(kept, size, "%s", candidate);
    nearest->best = NULL;
}
