/* json: a bounded JSON writer over a buffer; no parser. Commas, escapes and nesting are its work.
 *
 *     pic_json_object(&j); pic_json_key(&j, "etat"); pic_json_text(&j, "a_envoyer");
 *     pic_json_close(&j);                                            {"etat":"a_envoyer"}
 *
 * Sticky like the buffer: a value where a key is due, a close too many or nesting below
 * PIC_JSON_DEPTH turns the buffer bad. Source: RFC 8259. */
#ifndef PIC_FACE_JSON_H
#define PIC_FACE_JSON_H

#include "protocol/base/bytes.h"

enum { PIC_JSON_DEPTH = 32 };

struct pic_json {
    struct pic_buf *out; /* borrowed */
    uint32_t objects;    /* bit d: level d is an object, else an array */
    uint32_t filled;     /* bit d: level d has a member already */
    uint8_t depth;
    bool keyed; /* a key has been written, its value is due */
};

/* Writes at the end of out, which must outlive j. */
void pic_json_init(struct pic_json *j, struct pic_buf *out);
void pic_json_object(struct pic_json *j);
void pic_json_array(struct pic_json *j);
/* Closes the innermost object or array. */
void pic_json_close(struct pic_json *j);
void pic_json_key(struct pic_json *j, const char *key);
/* What is not UTF-8 becomes U+FFFD; NULL text becomes null. */
void pic_json_text(struct pic_json *j, const char *text);
void pic_json_span(struct pic_json *j, struct pic_span text);
void pic_json_int(struct pic_json *j, int64_t value);
void pic_json_bool(struct pic_json *j, bool value);
void pic_json_null(struct pic_json *j);
/* Cents as a string with two decimals, "-1234.56": no reader can round it. */
void pic_json_money(struct pic_json *j, int64_t cents);
/* PIC_OK when everything opened is closed and the buffer is good, else PIC_ELIMIT. */
PIC_MUST_USE int pic_json_status(const struct pic_json *j);

#endif
