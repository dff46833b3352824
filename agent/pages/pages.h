/* pages: the screens of `pic ui`. One request is one visit: the table of routes (routes.c) finds
 * whom it is for, that screen reads or writes through the same functions as the command line
 * (listing.h, given.h, record.h, status.h, words.h), and writes one page inside the frame.
 *
 * A screen is one file here, its handlers declared below and one line each in the table of routes.
 * A handler that shows: pic_visit_begin (title, command), its content on visit->page, then
 * pic_visit_end. One that writes ends with pic_visit_go (303), or shows its form again with what
 * was typed. A handler with POST only ever sees a request whose token was right. */
#ifndef PIC_AGENT_PAGES_PAGES_H
#define PIC_AGENT_PAGES_PAGES_H

#include "agent/pages/courier.h"
#include "agent/warn.h"
#include "schema/face/form.h"
#include "schema/face/layout.h"
#include "schema/face/table.h"
#include "schema/face/web.h"

/* The process: one store, one web, one courier. */
struct pic_ui {
    const struct pic_desk *desk;
    struct pic_agent agent; /* holds the lease */
    struct pic_ui_courier courier;
    bool closing;
};

struct pic_visit {
    struct pic_ui *ui;
    struct pic_agent *agent; /* &ui->agent */
    const struct pic_web_request *request;
    struct pic_web_response *response;
    struct pic_page page;
    struct pic_layout layout;
    const struct pic_entity *entity; /* of the path, where the route has one */
    uint64_t id;                     /* of the path, where the route has one */
    char number[64];                 /* the same as people write it */
    struct pic_buf banner, command;
    struct pic_err err;
};

/* routes.c: runs one request. */
pic_web_handler pic_pages_serve;

/* --- frame.c: what every screen starts from --- */

/* Opens the page; command: what does the same, or NULL (copied). */
void pic_visit_begin(struct pic_visit *visit, const char *title, const char *command);
void pic_visit_end(struct pic_visit *visit);
/* 303 to a path of ours. */
void pic_visit_go(struct pic_visit *visit, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* 303 to a row of visit->entity that was just recorded; warns: and to what is worth a look. */
void pic_visit_go_saved(struct pic_visit *visit, uint64_t id, bool warns);
/* A whole page that says what went wrong (visit->err), with its action. */
void pic_visit_fail(struct pic_visit *visit, int status);
/* Appends what err says, and what to do about it. */
void pic_visit_advice(const struct pic_err *err, struct pic_buf *out);
/* A whole page with one sentence. */
void pic_visit_say(struct pic_visit *visit, unsigned http, const char *title, enum pic_tell key);
/* What was sent, given back in a form that sends it again with a right token. */
void pic_visit_again(struct pic_visit *visit);
/* A button that posts to action, alone; and a link that looks like one. */
void pic_visit_button(struct pic_visit *visit, const char *action, const char *label, bool main);
void pic_visit_link(struct pic_visit *visit, const char *path, const char *label, bool main);
/* Choices of codes, references and sets as this store knows them (pic_form_choices). */
void pic_visit_choices(void *visit, const struct pic_field *field, pic_form_choice *each,
                       void *sink);
/* Whether this laptop's role may write a field at all. */
bool pic_visit_may(const struct pic_visit *visit, const struct pic_entity *entity,
                   const struct pic_field *field);

/* Whether it may write what a new row needs. */
bool pic_visit_may_create(const struct pic_visit *visit, const struct pic_entity *entity);
/* Whether what is typed for a field may be kept in clear meanwhile. */
bool pic_visit_drafts(const struct pic_field *field);

/* --- screens --- */

/* home.c */
void pic_page_home(struct pic_visit *visit);
/* entity.c: any entity of the dictionary */
void pic_page_all(struct pic_visit *visit);
void pic_page_list(struct pic_visit *visit);
void pic_page_show(struct pic_visit *visit);
/* edit.c */
void pic_page_new(struct pic_visit *visit);
void pic_page_create(struct pic_visit *visit);
void pic_page_edit(struct pic_visit *visit);
void pic_page_change(struct pic_visit *visit);
/* expense.c */
void pic_page_expense_preview(struct pic_visit *visit); /* a part of a page, not a page */
void pic_page_expense_same(struct pic_visit *visit);
/* What an expense that is typed so far would do: who bears it, what it looks like. */
typedef const char *pic_expense_typed(void *context, const struct pic_field *field);
void pic_expense_preview(struct pic_visit *visit, pic_expense_typed *text, void *context);
/* The same for one that is recorded. */
void pic_expense_money(struct pic_visit *visit, const struct pic_row *row);
/* What is worth a look in the entry of the path, as notices (warn.h). */
void pic_visit_warnings(struct pic_visit *visit);
/* Says S-02 when a budget does not balance. */
void pic_visit_warn_budget(struct pic_visit *visit, const struct pic_budget *budget);
/* project.c: a project, tab by tab */
void pic_page_project_budget(struct pic_visit *visit);
void pic_page_project_expenses(struct pic_visit *visit);
/* The tabs; here: the path of the current one below the project's, "" for the first. */
void pic_project_tabs(struct pic_visit *visit, const char *here);
/* Opens the page of a tab; the number of the project follows command. */
void pic_project_begin(struct pic_visit *visit, const char *tab, const char *title,
                       const char *command);
/* public.c */
void pic_page_project_public(struct pic_visit *visit);
void pic_page_project_count(struct pic_visit *visit);
/* piece.c */
void pic_page_project_pieces(struct pic_visit *visit);
void pic_page_project_join(struct pic_visit *visit);
void pic_page_piece_file(struct pic_visit *visit); /* the file itself */
/* end.c */
void pic_page_end(struct pic_visit *visit);    /* cancel or reverse: the question */
void pic_page_end_it(struct pic_visit *visit); /* and the answer */
/* draft.c */
void pic_page_draft(struct pic_visit *visit);
void pic_page_draft_forget(struct pic_visit *visit);
/* exchange.c */
/* Asks for the passphrase, to read the file of the piece of the path afterwards. */
void pic_visit_unlock_piece(struct pic_visit *visit);
void pic_page_exchange(struct pic_visit *visit);
void pic_page_send(struct pic_visit *visit);
void pic_page_unlock(struct pic_visit *visit);
void pic_page_receipt_file(struct pic_visit *visit); /* the file itself */
void pic_page_close_all(struct pic_visit *visit);

#endif
