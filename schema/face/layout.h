/* layout: the frame of every page: skip link, title, banner, menu, main, and a foot that says the
 * same thing for the command line. One style sheet and one script, both of this program, both
 * optional: pages work and print without either. */
#ifndef PIC_FACE_LAYOUT_H
#define PIC_FACE_LAYOUT_H

#include "schema/face/page.h"

struct pic_menu_entry {
    const char *path, *label; /* label NULL ends a menu */
};

/* Texts are borrowed; any but title may be NULL. */
struct pic_layout {
    const char *title; /* of the page: heading and window */
    const char *house; /* whose pages these are: the association */
    const char *version;
    const struct pic_menu_entry *menu;
    const char *here;                  /* path of the current entry */
    const char *banner;                /* how things stand, in words */
    const char *banner_kind;           /* class: what colour adds to the words */
    const char *action, *action_label; /* a form with one button beside the banner */
    const char *close_action;          /* a form that ends the program */
    const char *token;                 /* for these forms */
    const char *command;               /* the same on the command line */
    unsigned refresh_s; /* the page is asked for again after so many seconds; 0: no */
};

/* Opens the page up to and with its <h1>, inside <main>. */
void pic_layout_begin(struct pic_page *page, const struct pic_layout *layout);
void pic_layout_end(struct pic_page *page, const struct pic_layout *layout);

/* A message at the top of main; kind: "erreur", "bien" or "avis". */
void pic_layout_notice(struct pic_page *page, const char *kind, const char *text);

/* /style.css and /script.js; false when path is neither. Constant data. */
bool pic_layout_asset(const char *path, struct pic_span *content, const char **type);

#endif
