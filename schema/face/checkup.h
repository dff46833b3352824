/* checkup: what a doctor says: for each thing looked at a verdict, one sentence and, unless it is
 * good, one action; as text for people or as JSON. */
#ifndef PIC_FACE_CHECKUP_H
#define PIC_FACE_CHECKUP_H

#include "schema/face/speech.h"

enum { PIC_CHECKUP_LINES_MAX = 16, PIC_CHECKUP_TEXT_MAX = 480 };

enum pic_checkup_verdict { PIC_CHECKUP_GOOD, PIC_CHECKUP_TO_SEE, PIC_CHECKUP_BAD };

/* What is looked at: its name in JSON ("disque") and in words ("Disque"). */
struct pic_checkup_subject {
    const char *key, *title;
};

struct pic_checkup_line {
    struct pic_checkup_subject subject;
    enum pic_checkup_verdict verdict;
    int status; /* whose stable code people quote; PIC_OK: none */
    char sentence[PIC_CHECKUP_TEXT_MAX], action[PIC_CHECKUP_TEXT_MAX];
};

/* Zero-initialise. */
struct pic_checkup {
    size_t n;
    bool damaged; /* data do not verify: exit 13 */
    struct pic_checkup_line lines[PIC_CHECKUP_LINES_MAX];
};

/* What a finding is said with. action is left out of a good line; status is PIC_OK or whose code is
 * quoted. With a status and PIC_TELL_COUNT as sentence, sentence and action are the status's. */
struct pic_checkup_finding {
    enum pic_checkup_verdict verdict;
    int status;
    enum pic_tell sentence, action;
};

/* Adds one line; up to three facts for sentence and action follow, then NULL. */
void pic_checkup_add(struct pic_checkup *checkup, struct pic_checkup_subject subject,
                     const struct pic_checkup_finding *finding, ...) __attribute__((sentinel));

/* "bon      Disque : …", and "→ …" below what is not good. */
void pic_checkup_text(const struct pic_checkup *checkup, struct pic_buf *out);
/* {"verdict":"bon","lignes":[{"sujet","verdict","code","phrase","action"}…],"diagnostic":code};
 * code may be NULL. */
void pic_checkup_json(const struct pic_checkup *checkup, const char *code, struct pic_buf *out);
/* "bon", "a voir" or "mauvais". */
const char *pic_checkup_word(enum pic_checkup_verdict verdict);
/* How the command ends: PIC_OK, PIC_TO_SEE (how many lines, in err) or PIC_ESTORE_DAMAGED. */
PIC_MUST_USE int pic_checkup_outcome(const struct pic_checkup *checkup, struct pic_err *err);

#endif
