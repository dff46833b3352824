#include "agent/draft.h"

#include <stdio.h>
#include <string.h>

#include "agent/pages/pages.h"

enum { SAID_MAX = 4096, NAME_SIZE = 96, HTTP_UNPROCESSABLE = 422 };

/* The field that a draft of this form may keep, or NULL. */
static const struct pic_field *drafted(const char *form, const char *name)
{
    char command[NAME_SIZE];
    size_t n = form == NULL || *form != '/' ? 0 : strcspn(form + 1, "/");
    if (n == 0 || n >= sizeof command || name == NULL)
        return NULL;
    (void)snprintf(command, sizeof command, "%.*s", (int)n, form + 1);
    const struct pic_entity *entity = pic_dictionary_by_command(command);
    const struct pic_field *field = entity == NULL ? NULL : pic_entity_by_option(entity, name);
    return field != NULL && pic_visit_drafts(field) ? field : NULL;
}

void pic_page_draft(struct pic_visit *visit)
{
    const struct pic_posted *sent = visit->request->form;
    const char *form = pic_posted_text(sent, "formulaire");
    const char *text = pic_posted_text(sent, "texte");
    const struct pic_field *field = drafted(form, pic_posted_text(sent, "champ"));
    struct pic_agent *agent = visit->agent;
    struct pic_buf moment;
    int64_t now_ms = agent->world->now_ms(agent->world->context);
    if (field == NULL || text == NULL) {
        visit->response->status = HTTP_UNPROCESSABLE;
        return;
    }
    const struct pic_draft_text kept = {field->option, text};
    visit->response->type = "text/plain; charset=utf-8";
    if (pic_draft_put(agent, form, &kept, 1, now_ms, &visit->err) != PIC_OK) {
        visit->response->status = HTTP_UNPROCESSABLE;
        return;
    }
    pic_buf_init(&moment, SAID_MAX);
    pic_speech_moment(&moment, now_ms, now_ms);
    const char *hour = strstr(pic_buf_string(&moment), " à ");
    pic_speech_tell(&visit->response->body, PIC_TELL_DRAFT_SAVED,
                    hour != NULL ? hour + strlen(" à ") : pic_buf_string(&moment), NULL);
    pic_buf_release(&moment);
}

void pic_page_draft_forget(struct pic_visit *visit)
{
    const char *form = pic_posted_text(visit->request->form, "formulaire");
    struct pic_agent *agent = visit->agent;
    if (form == NULL || *form != '/' || form[1] == '/' || strchr(form, '\\') != NULL) {
        pic_visit_fail(visit, PIC_ENOT_FOUND);
        return;
    }
    int status = pic_agent_begin(agent, &visit->err);
    if (status == PIC_OK) {
        status = pic_draft_forget(agent, form);
        if (status == PIC_OK)
            status = pic_agent_commit(agent, &visit->err);
        else
            pic_agent_rollback(agent);
    }
    if (status == PIC_OK)
        pic_visit_go(visit, "%s", form);
    else
        pic_visit_fail(visit, status);
}
