/* speech: every French sentence that a program says, by stable key. An error is a sentence (what
 * happened, and whether anything is lost) and one action; other texts have a key of their own.
 * Only this room knows them: everyone else passes a status, or a key, and facts.
 *
 * In a sentence {1} {2} {3} are the facts, and what stands in [ ] is left out when one of its facts
 * is missing, so that a sentence reads well with or without them. */
#ifndef PIC_FACE_SPEECH_H
#define PIC_FACE_SPEECH_H

#include "protocol/base/bytes.h"

enum pic_tell {
#define SAY(status, sentence, action)
#define TELL(key, text) PIC_TELL_##key,
#include "schema/face/speech.def"
#undef SAY
#undef TELL
    PIC_TELL_COUNT
};

/* The sentence and the action of a status, before facts are put in. Any int is accepted; what is
 * not a status gets the sentence of an unexpected failure. */
const char *pic_speech_sentence(int status);
const char *pic_speech_action(int status);
/* The text of a key and its stable name ("STATUT_RECU"), before facts are put in. */
const char *pic_speech_text(enum pic_tell key);
const char *pic_speech_name(enum pic_tell key);

/* Appends template with its facts put in; facts are up to three, some may be "" or NULL. */
void pic_speech_fill(struct pic_buf *out, const char *template, const char *const facts[static 3]);
/* Appends the text of a key; up to three facts follow, then NULL. */
void pic_speech_tell(struct pic_buf *out, enum pic_tell key, ...) __attribute__((sentinel));

/* Records PIC_EUSAGE with the text of a key as its fact; a and b are that text's, or NULL. */
int pic_speech_usage(struct pic_err *err, enum pic_tell key, const char *a, const char *b);

enum pic_speech_style {
    PIC_SPEECH_SCREEN, /* "S-01  sentence\n  → action\n" */
    PIC_SPEECH_JSON,   /* {"code":"S-01","message":"…","action":"…"}\n */
    PIC_SPEECH_LINE,   /* the sentence alone, without newline: for a page or a list */
};
/* Appends what err has to say. */
void pic_speech_error(const struct pic_err *err, enum pic_speech_style style, struct pic_buf *out);

/* Quantities in plain French. Times are milliseconds since 1970, shown in the local time zone. */
void pic_speech_bytes(struct pic_buf *out, uint64_t bytes);           /* 2,1 Ko */
void pic_speech_duration(struct pic_buf *out, int64_t ms);            /* 9 min; 3 jours */
void pic_speech_ago(struct pic_buf *out, int64_t ms, int64_t now_ms); /* il y a 3 jours */
/* aujourd'hui à 8 h 02; hier à 18 h 20; le 12/03/2026 à 10 h 02 */
void pic_speech_moment(struct pic_buf *out, int64_t ms, int64_t now_ms);
/* 12/03/2026 à 10:02:41 */
void pic_speech_instant(struct pic_buf *out, int64_t ms);
/* "1 saisie", "4 saisies": 0 and 1 take the singular, in French. */
void pic_speech_count(struct pic_buf *out, uint64_t n, const char *one, const char *many);

#endif
