#include <stdio.h>
#include <string.h>

#include "agent/pages/pages.h"

enum {
    HTTP_OK = 200,
    HTTP_NOT_FOUND = 404,
    HTTP_NOT_ALLOWED = 405,
    HTTP_FORBIDDEN = 403,
    PARTS_MAX = 4,
    PATH_MAX_BYTES = 512,
    BANNER_MAX = 1024
};

/* "*" is a word of the path: the first names an entity by its command, the second a row by its
 * number. The first line that fits counts, so that a screen of its own comes before the general
 * one. */
struct route {
    const char *method, *pattern;
    void (*run)(struct pic_visit *visit);
};

static const struct route routes[] = {
    {"GET", "/", pic_page_home},
    {"GET", "/tout", pic_page_all},
    {"GET", "/echanges", pic_page_exchange},
    {"GET", "/accuse", pic_page_receipt_file},
    {"POST", "/envoyer", pic_page_send},
    {"POST", "/deverrouiller", pic_page_unlock},
    {"POST", "/fermer", pic_page_close_all},
    {"POST", "/brouillon", pic_page_draft},
    {"POST", "/brouillon/oublier", pic_page_draft_forget},
    {"GET", "/depense/apercu", pic_page_expense_preview},
    {"POST", "/depense/*/meme-facture", pic_page_expense_same},
    {"GET", "/projet/*/budget", pic_page_project_budget},
    {"GET", "/projet/*/depenses", pic_page_project_expenses},
    {"GET", "/projet/*/public", pic_page_project_public},
    {"POST", "/projet/*/public", pic_page_project_count},
    {"GET", "/projet/*/pieces", pic_page_project_pieces},
    {"POST", "/projet/*/pieces", pic_page_project_join},
    {"GET", "/piece/*/fichier", pic_page_piece_file},
    {"GET", "/*", pic_page_list},
    {"GET", "/*/nouveau", pic_page_new},
    {"POST", "/*/nouveau", pic_page_create},
    {"GET", "/*/*", pic_page_show},
    {"GET", "/*/*/modifier", pic_page_edit},
    {"POST", "/*/*/modifier", pic_page_change},
    {"GET", "/*/*/annuler", pic_page_end},
    {"POST", "/*/*/annuler", pic_page_end_it},
};

struct parts {
    size_t n;
    char text[PATH_MAX_BYTES];
    const char *at[PARTS_MAX];
};

/* False when there are too many, or one is empty. */
static bool cut(const char *path, struct parts *out)
{
    *out = (struct parts){0};
    if (*path != '/' || strlen(path) >= sizeof out->text)
        return false;
    memcpy(out->text, path, strlen(path) + 1);
    for (char *at = out->text; *at != '\0';) {
        *at++ = '\0';
        if (*at == '\0')
            return out->n == 0; /* "/" alone */
        if (out->n == PARTS_MAX || *at == '/')
            return false;
        out->at[out->n++] = at;
        at += strcspn(at, "/");
    }
    return true;
}

static bool fits(const char *pattern, const struct parts *path)
{
    struct parts wanted;
    if (!cut(pattern, &wanted) || wanted.n != path->n)
        return false;
    for (size_t i = 0; i < wanted.n; i++)
        if (strcmp(wanted.at[i], "*") != 0 && strcmp(wanted.at[i], path->at[i]) != 0)
            return false;
    return true;
}

/* What the stars of a pattern stand for. PIC_ENOT_FOUND. */
static int resolve(struct pic_visit *visit, const char *pattern, const struct parts *path)
{
    struct parts wanted;
    bool about =
        cut(pattern, &wanted) && wanted.n > 0 &&
        (strcmp(wanted.at[0], "*") == 0 || (wanted.n > 1 && strcmp(wanted.at[1], "*") == 0));
    if (!about)
        return PIC_OK;
    visit->entity = pic_dictionary_by_command(path->at[0]);
    if (visit->entity == NULL || (visit->entity->flags & PIC_SERVER_ONLY) != 0)
        return PIC_ENOT_FOUND;
    if (wanted.n < 2 || strcmp(wanted.at[1], "*") != 0)
        return PIC_OK;
    int status = pic_entry_find(visit->agent->state, visit->entity->table,
                                visit->agent->self.device, path->at[1], &visit->id, &visit->err);
    if (status != PIC_OK)
        return PIC_ENOT_FOUND;
    struct pic_buf number;
    pic_buf_init(&number, sizeof visit->number - 1);
    pic_dot_print(visit->id, &number);
    (void)snprintf(visit->number, sizeof visit->number, "%s", pic_buf_string(&number));
    pic_buf_release(&number);
    return PIC_OK;
}

static void dispatch(struct pic_visit *visit)
{
    const struct pic_web_request *request = visit->request;
    struct parts path;
    bool known = cut(request->path, &path);
    bool named = false;
    for (size_t i = 0; known && i < sizeof routes / sizeof *routes; i++) {
        if (!fits(routes[i].pattern, &path))
            continue;
        named = true;
        if (strcmp(routes[i].method, request->method) != 0)
            continue;
        visit->err = (struct pic_err){0};
        if (resolve(visit, routes[i].pattern, &path) != PIC_OK) {
            named = false;
            break;
        }
        visit->agent->blobs.owner.reader = pic_ui_courier_reader(&visit->ui->courier);
        routes[i].run(visit);
        visit->agent->blobs.owner.reader = NULL;
        return;
    }
    pic_visit_say(visit, named ? HTTP_NOT_ALLOWED : HTTP_NOT_FOUND, "Page introuvable",
                  PIC_TELL_PAGE_NOT_FOUND);
}

static bool serve_asset(struct pic_visit *visit)
{
    struct pic_span content;
    if (!pic_layout_asset(visit->request->path, &content, &visit->response->type))
        return false;
    pic_buf_bytes(&visit->response->body, content.p, content.n);
    visit->response->lasting = true;
    return true;
}

void pic_pages_serve(void *context, const struct pic_web_request *request,
                     struct pic_web_response *response)
{
    struct pic_ui *ui = context;
    struct pic_visit visit = {
        .ui = ui, .agent = &ui->agent, .request = request, .response = response};
    bool posted = strcmp(request->method, "POST") == 0;
    pic_buf_init(&visit.banner, BANNER_MAX);
    pic_buf_init(&visit.command, BANNER_MAX);
    if (serve_asset(&visit))
        response->status = HTTP_OK;
    else if (request->trust == PIC_TRUST_FULL)
        dispatch(&visit);
    else if (posted)
        pic_visit_again(&visit);
    else
        pic_visit_say(&visit, HTTP_FORBIDDEN, "Cette page est fermée", PIC_TELL_PAGE_STRANGER);
    pic_buf_release(&visit.banner);
    pic_buf_release(&visit.command);
}
