#include <string.h>

#include "agent/pages/pages.h"
#include "agent/status.h"

enum { SAID_MAX = 4096, REFRESH_S = 3, HTTP_OK = 200 };

static void put_unlock(struct pic_visit *visit, const char *error)
{
    struct pic_form form = {.page = &visit->page};
    const struct pic_form_line line = {.name = "phrase",
                                       .label = "Phrase de passe",
                                       .type = "password",
                                       .error = error,
                                       .autocomplete = "current-password",
                                       .required = true};
    pic_page_element(&visit->page, "p", pic_speech_text(PIC_TELL_PAGE_LOCKED), NULL);
    pic_form_begin(&form, "/deverrouiller", visit->request->token, false, NULL);
    pic_form_line(&form, &line);
    pic_form_end(&form, "Déverrouiller et envoyer", NULL);
}

/* Where the exchange stands, in words. */
static void put_run(struct pic_visit *visit, bool running, bool done, const struct pic_err *last)
{
    struct pic_status_facts facts = {0};
    struct pic_buf text;
    struct pic_buf entries;
    struct pic_buf documents;
    pic_buf_init(&text, SAID_MAX);
    pic_buf_init(&entries, SAID_MAX);
    pic_buf_init(&documents, SAID_MAX);
    bool known = pic_status_read(visit->agent, &facts) == PIC_OK;
    pic_words_amount(facts.pending.changes, facts.pending.bytes, "saisie", "saisies", &entries);
    pic_words_amount(facts.pending.documents, facts.pending.document_bytes, "document", "documents",
                     entries.len == 0 ? &entries : &documents);
    if (running && known) {
        pic_speech_tell(&text, PIC_TELL_PAGE_SENDING,
                        entries.len > 0 ? pic_buf_string(&entries) : "réception",
                        pic_buf_string(&documents), NULL);
        pic_layout_notice(&visit->page, "avis", pic_buf_string(&text));
    } else if (done && last->status != PIC_OK) {
        pic_visit_advice(last, &text);
        pic_layout_notice(&visit->page, "erreur", pic_buf_string(&text));
    } else if (done) {
        pic_buf_clear(&entries);
        pic_words_banner(&facts, &entries);
        pic_speech_tell(&text, PIC_TELL_PAGE_SENT, pic_buf_string(&entries), NULL);
        pic_layout_notice(&visit->page, "bien", pic_buf_string(&text));
    } else if (entries.len > 0) {
        pic_page_element(&visit->page, "p", pic_buf_string(&entries), NULL);
    }
    pic_buf_release(&text);
    pic_buf_release(&entries);
    pic_buf_release(&documents);
}

static void put_page(struct pic_visit *visit, const char *error)
{
    struct pic_err last;
    bool running;
    bool done;
    pic_ui_courier_look(&visit->ui->courier, &running, &done, &last);
    visit->layout.refresh_s = running ? REFRESH_S : 0;
    pic_visit_begin(visit, "Échanges", "pic sync");
    put_run(visit, running, done, &last);
    if (!pic_ui_courier_unlocked(&visit->ui->courier))
        put_unlock(visit, error);
    else if (!running)
        pic_visit_button(visit, "/envoyer", "Envoyer et recevoir", true);
    pic_page_open(&visit->page, "p", NULL);
    pic_page_element(&visit->page, "a", "Voir ce qui est enregistré", "href", "/tout", NULL);
    pic_page_close(&visit->page);
    pic_visit_end(visit);
}

void pic_page_exchange(struct pic_visit *visit)
{
    put_page(visit, NULL);
}

void pic_page_send(struct pic_visit *visit)
{
    int status = pic_ui_courier_start(&visit->ui->courier, &visit->err);
    if (status == PIC_OK || status == PIC_ELOCKED)
        pic_visit_go(visit, "/echanges");
    else
        pic_visit_fail(visit, status);
}

void pic_page_unlock(struct pic_visit *visit)
{
    const char *given = pic_posted_text(visit->request->form, "phrase");
    char typed[PIC_PASSPHRASE_MAX] = "";
    struct pic_buf text;
    if (given != NULL && strlen(given) < sizeof typed)
        memcpy(typed, given, strlen(given) + 1);
    int status = pic_ui_courier_unlock(&visit->ui->courier, typed, &visit->err);
    pic_wipe(typed, sizeof typed);
    if (status == PIC_OK) {
        pic_page_send(visit);
        return;
    }
    pic_buf_init(&text, SAID_MAX);
    pic_visit_advice(&visit->err, &text);
    put_page(visit, pic_buf_string(&text));
    pic_buf_release(&text);
}

void pic_page_close_all(struct pic_visit *visit)
{
    visit->ui->closing = true;
    pic_visit_say(visit, HTTP_OK, "Au revoir", PIC_TELL_PAGE_CLOSED);
}
