#include <stdio.h>
#include <string.h>

#include "agent/pages/pages.h"
#include "agent/record.h"

enum { SAID_MAX = 4096, PATH_SIZE = 512, HTTP_UNPROCESSABLE = 422 };

/* --- cancelling and reversing: two steps and a reason --- */

static void put_question(struct pic_visit *visit, const char *typed, const char *error)
{
    bool reverses = (visit->entity->flags & PIC_REVERSIBLE) != 0;
    struct pic_form form = {.page = &visit->page};
    const struct pic_form_line line = {.name = "motif",
                                       .label = "Motif",
                                       .help = "Il reste dans l'historique. Rien n'est effacé.",
                                       .type = "text",
                                       .typed = typed,
                                       .error = error,
                                       .required = true};
    char title[PATH_SIZE];
    char command[PATH_SIZE];
    char back[PATH_SIZE];
    (void)snprintf(title, sizeof title, "%s %s : %s", visit->entity->label, visit->number,
                   reverses ? "contrepasser" : "annuler");
    (void)snprintf(command, sizeof command, "pic %s %s %s --motif …", visit->entity->command,
                   reverses ? "contrepasser" : "annuler", visit->number);
    (void)snprintf(back, sizeof back, "/%s/%s", visit->entity->command, visit->number);
    pic_visit_begin(visit, title, command);
    pic_form_begin(&form, visit->request->path, visit->request->token, false, NULL);
    pic_form_line(&form, &line);
    pic_form_end(&form, reverses ? "Contrepasser" : "Annuler cette saisie", back);
    pic_visit_end(visit);
}

void pic_page_end(struct pic_visit *visit)
{
    put_question(visit, "", NULL);
}

static int end_it(struct pic_visit *visit, const char *reason, uint64_t *dot)
{
    struct pic_agent *agent = visit->agent;
    const struct pic_input input = {.field = pic_entity_field(visit->entity, PIC_FIELD_CANCELLED),
                                    .typed = reason};
    if ((visit->entity->flags & PIC_REVERSIBLE) == 0)
        return pic_record(agent, visit->entity, visit->id, &input, 1, dot, &visit->err);
    int status = pic_agent_begin(agent, &visit->err);
    if (status != PIC_OK)
        return status;
    status = pic_record_reverse(agent, visit->id, reason, dot, &visit->err);
    if (status == PIC_OK)
        return pic_agent_commit(agent, &visit->err);
    pic_agent_rollback(agent);
    return status;
}

void pic_page_end_it(struct pic_visit *visit)
{
    const char *reason = pic_posted_text(visit->request->form, "motif");
    struct pic_buf error;
    uint64_t dot = 0;
    pic_buf_init(&error, SAID_MAX);
    int status = reason == NULL || *reason == '\0'
                     ? pic_fail(&visit->err, PIC_EREQUIRED, "motif", "Motif", NULL)
                     : end_it(visit, reason, &dot);
    if (status == PIC_OK) {
        pic_visit_go_saved(visit, visit->id, false);
    } else {
        pic_visit_advice(&visit->err, &error);
        visit->response->status = HTTP_UNPROCESSABLE;
        put_question(visit, reason == NULL ? "" : reason, pic_buf_string(&error));
    }
    pic_buf_release(&error);
}
