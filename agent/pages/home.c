#include <stdio.h>
#include <string.h>

#include "agent/draft.h"
#include "agent/listing.h"
#include "agent/pages/pages.h"
#include "agent/status.h"
#include "schema/state/naming.h"

enum { SAID_MAX = 4096, LAST_MAX = 5 };

struct tasks {
    struct pic_visit *visit;
    size_t n;
};

static void put_task(struct tasks *tasks, const char *path, const char *text)
{
    struct pic_page *page = &tasks->visit->page;
    if (tasks->n++ == 0)
        pic_page_open(page, "ul", "class", "taches", NULL);
    pic_page_open(page, "li", NULL);
    pic_page_element(page, "a", text, "href", path, NULL);
    pic_page_close(page);
}

static void put_draft(void *context, const char *form, int64_t saved_ms)
{
    struct tasks *tasks = context;
    struct pic_visit *visit = tasks->visit;
    struct pic_buf text;
    pic_buf_init(&text, SAID_MAX);
    pic_buf_text(&text, "Brouillon à terminer, ");
    pic_speech_moment(&text, saved_ms, visit->agent->world->now_ms(visit->agent->world->context));
    put_task(tasks, form, pic_buf_string(&text));
    pic_buf_release(&text);
}

static void put_counted(struct tasks *tasks, uint64_t n, const char *one, const char *many,
                        const char *path)
{
    struct pic_buf text;
    if (n == 0)
        return;
    pic_buf_init(&text, SAID_MAX);
    pic_speech_count(&text, n, one, many);
    put_task(tasks, path, pic_buf_string(&text));
    pic_buf_release(&text);
}

/* Expenses that still have no receipt. */
static uint64_t without_receipt(struct pic_agent *agent)
{
    sqlite3_stmt *stmt = pic_db_prepare(&agent->db,
                                        "SELECT count(*) FROM expense WHERE receipt IS NULL"
                                        " AND cancelled IS NULL AND reversed IS NULL",
                                        NULL);
    bool row = false;
    uint64_t n = 0;
    if (stmt != NULL && pic_db_step(stmt, &row) == PIC_OK && row)
        n = (uint64_t)sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return n;
}

static void put_tasks(struct pic_visit *visit)
{
    struct tasks tasks = {.visit = visit};
    struct pic_status_facts facts = {0};
    int status = pic_status_read(visit->agent, &facts);
    pic_page_open(&visit->page, "section", "class", "carte", NULL);
    pic_page_element(&visit->page, "h2", "À faire", NULL);
    if (status == PIC_OK) {
        put_counted(&tasks, facts.corrections, "correction demandée", "corrections demandées",
                    "/controle");
        put_counted(&tasks, without_receipt(visit->agent), "dépense sans justificatif",
                    "dépenses sans justificatif", "/depense");
        status = pic_draft_forms(visit->agent, put_draft, &tasks);
    }
    if (tasks.n > 0)
        pic_page_close(&visit->page);
    else
        pic_page_element(&visit->page, "p", pic_speech_text(PIC_TELL_PAGE_NO_TASK), NULL);
    if (status != PIC_OK)
        pic_layout_notice(&visit->page, "erreur", pic_speech_sentence(status));
    pic_page_close(&visit->page);
}

/* What each fund can still grant: its shares less what was granted. */
static void put_funds(struct pic_visit *visit)
{
    static const char sql[] =
        "SELECT f.id, coalesce((SELECT sum(amount) FROM share WHERE fund = f.id AND cancelled IS"
        " NULL), 0) AS promised, coalesce((SELECT sum(granted) FROM rollup WHERE fund = f.id), 0)"
        " AS granted FROM fund AS f WHERE f.cancelled IS NULL ORDER BY f.year DESC, f.id LIMIT 12";
    sqlite3_stmt *stmt = pic_db_prepare(&visit->agent->db, sql, NULL);
    struct pic_buf text;
    bool row = stmt != NULL;
    pic_buf_init(&text, SAID_MAX);
    while (row && pic_db_step(stmt, &row) == PIC_OK && row) {
        int64_t promised = sqlite3_column_int64(stmt, 1);
        pic_page_open(&visit->page, "section", "class", "carte", NULL);
        pic_buf_clear(&text);
        pic_naming_row(visit->agent->state, (uint64_t)sqlite3_column_int64(stmt, 0), &text);
        pic_page_element(&visit->page, "h2", pic_buf_string(&text), NULL);
        pic_buf_clear(&text);
        pic_money_format(promised - sqlite3_column_int64(stmt, 2), PIC_STYLE_SCREEN, &text);
        pic_page_element(&visit->page, "p", pic_buf_string(&text), "class", "chiffre", NULL);
        pic_buf_clear(&text);
        pic_buf_text(&text, "disponibles sur ");
        pic_money_format(promised, PIC_STYLE_SCREEN, &text);
        pic_page_element(&visit->page, "p", pic_buf_string(&text), NULL);
        pic_page_close(&visit->page);
    }
    (void)sqlite3_finalize(stmt);
    pic_buf_release(&text);
}

/* The last entries of this laptop: what its highest dots created. */
static void put_last(struct pic_visit *visit)
{
    struct pic_agent *agent = visit->agent;
    struct pic_page *page = &visit->page;
    uint64_t next = 1;
    size_t n = 0;
    struct pic_buf number;
    struct pic_buf name;
    pic_buf_init(&number, SAID_MAX);
    pic_buf_init(&name, SAID_MAX);
    pic_page_element(page, "h2", "Dernières saisies", NULL);
    if (pic_agent_next_seq(agent, &next) != PIC_OK)
        next = 1;
    for (uint64_t seq = next - 1; seq > 0 && n < LAST_MAX; seq--) {
        const struct pic_entity *entity = NULL;
        uint64_t org = 0;
        uint64_t id = pic_dot(agent->self.device, seq);
        if (pic_state_find(agent->state, id, &entity, &org) != PIC_OK)
            continue; /* an edit, not a creation */
        if (n++ == 0)
            pic_page_open(page, "ul", "class", "carte taches", NULL);
        pic_buf_clear(&number);
        pic_buf_clear(&name);
        pic_dot_print(id, &number);
        pic_buf_printf(&name, "/%s/%s", entity->command, pic_buf_string(&number));
        pic_page_open(page, "li", NULL);
        pic_page_text(page, entity->label);
        pic_page_text(page, " : ");
        pic_page_open(page, "a", "href", pic_buf_string(&name), NULL);
        pic_buf_clear(&name);
        pic_naming_row(agent->state, id, &name);
        pic_page_text(page, pic_buf_string(&name));
        pic_page_close(page);
        pic_page_close(page);
    }
    if (n > 0)
        pic_page_close(page);
    else
        pic_page_element(page, "p", pic_speech_text(PIC_TELL_PAGE_NO_ROW), "class", "vide", NULL);
    pic_buf_release(&number);
    pic_buf_release(&name);
}

void pic_page_home(struct pic_visit *visit)
{
    pic_visit_begin(visit, "Accueil", "pic statut");
    pic_page_open(&visit->page, "p", "class", "barre", NULL);
    pic_visit_link(visit, "/depense/nouveau", "Nouvelle dépense", true);
    pic_visit_link(visit, "/projet/nouveau", "Nouveau projet", false);
    pic_page_close(&visit->page);
    pic_page_open(&visit->page, "div", "class", "grille", NULL);
    put_tasks(visit);
    put_funds(visit);
    pic_page_close(&visit->page);
    put_last(visit);
    pic_visit_end(visit);
}
