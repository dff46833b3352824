/* nearest: which of the words that exist was probably meant by one that does not. Distance counts
 * letters added, dropped, replaced or swapped with their neighbour, without case or accents; a word
 * too far from all others has no nearest. Source: optimal string alignment distance. */
#ifndef PIC_FACE_NEAREST_H
#define PIC_FACE_NEAREST_H

#include <stddef.h>

enum { PIC_NEAREST_WORD_MAX = 64 }; /* bytes; longer words have no nearest */

struct pic_nearest {
    char word[PIC_NEAREST_WORD_MAX + 1]; /* folded */
    size_t distance;                     /* of best; before any, the first one too far */
    const char *best;                    /* borrowed from the candidates, or NULL */
};

void pic_nearest_init(struct pic_nearest *nearest, const char *word);
/* Considers a candidate; the first of equals stays. */
void pic_nearest_try(struct pic_nearest *nearest, const char *candidate);
/* The same for a candidate whose storage will not last: it is copied to kept when it is nearer, and
 * kept stays as it is otherwise. Do not mix the two. */
void pic_nearest_keep(struct pic_nearest *nearest, const char *candidate, char *kept, size_t size);

#endif
