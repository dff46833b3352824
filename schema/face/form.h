/* form: fields of the dictionary as parts of a form. A field is drawn by its type; its label, its
 * help and the choices it offers come with it, so that a new line of the dictionary is a new field
 * on screen. What was typed stays after an error, and each error stands at its field, where a
 * screen reader finds it too (aria-describedby). */
#ifndef PIC_FACE_FORM_H
#define PIC_FACE_FORM_H

#include "schema/dictionary/value.h"
#include "schema/face/page.h"

enum { PIC_FORM_CHECKBOXES_MAX = 20 }; /* a set with more choices is typed */

/* Choices of a field, told one by one; none when the field is typed freely. */
typedef void pic_form_choice(void *sink, struct pic_span value, struct pic_span label);
typedef void pic_form_choices(void *context, const struct pic_field *field, pic_form_choice *each,
                              void *sink);

struct pic_form {
    struct pic_page *page;
    pic_form_choices *choices; /* NULL: shipped nomenclatures only */
    void *context;
};

/* Opens <form method="post">; multipart when it may carry files. draft: the key under which what is
 * typed is kept meanwhile, or NULL. */
void pic_form_begin(struct pic_form *form, const char *action, const char *token, bool multipart,
                    const char *draft);
/* The main button, and the end of the form. cancel: where to go instead, or NULL. */
void pic_form_end(struct pic_form *form, const char *button, const char *cancel);
void pic_form_hidden(struct pic_form *form, const char *name, const char *value);

/* One field, named by its option. typed: what it shows; error: a sentence, or NULL. */
void pic_form_field(struct pic_form *form, const struct pic_field *field, const char *typed,
                    bool required, const char *error);
/* One that is not of the dictionary: type "text", "password", "search"… */
struct pic_form_line {
    const char *name, *label, *help, *type, *typed, *error, *autocomplete;
    bool required;
};
void pic_form_line(struct pic_form *form, const struct pic_form_line *line);

#endif
