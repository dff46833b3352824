#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/pages/pages.h"
#include "agent/record.h"
#include "schema/state/naming.h"

/* Files joined to a project and to what belongs to it: shown small, given back whole. */

enum { SAID_MAX = 4096, PATH_SIZE = 512, HTTP_OK = 200, HTTP_UNPROCESSABLE = 422, MAGIC_MAX = 12 };

/* --- one file --- */

/* What a file is, by how it begins: what it is called proves nothing, and a browser shows here only
 * what cannot run. */
static const struct format {
    const char *magic, *type, *ending;
    size_t at, n;
} formats[] = {
    {"\xff\xd8\xff", "image/jpeg", "jpg", 0, 3},
    {"\x89PNG\r\n\x1a\n", "image/png", "png", 0, 8},
    {"WEBP", "image/webp", "webp", 8, 4},
    {"%PDF-", "application/pdf", "pdf", 0, 5},
};

static const struct format *format_of(struct pic_span head)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (head.n >= formats[i].at + formats[i].n &&
            memcmp(head.p + formats[i].at, formats[i].magic, formats[i].n) == 0)
            return &formats[i];
    return NULL;
}

static bool is_picture(const struct format *format)
{
    return format != NULL && strncmp(format->type, "image/", sizeof "image/" - 1) == 0;
}

void pic_page_piece_file(struct pic_visit *visit)
{
    struct pic_blobs *blobs = &visit->agent->blobs;
    struct pic_web_response *response = visit->response;
    struct pic_row *row = calloc(1, sizeof *row);
    int status = row == NULL ? PIC_EMEMORY
                             : pic_row_load(pic_state_rows(visit->agent->state), visit->entity,
                                            visit->id, row);
    const struct pic_value *blob =
        status == PIC_OK ? pic_row_value(row, pic_entity_by_column(visit->entity, "blob")->number)
                         : NULL;
    if (status == PIC_OK)
        status = blob->s.n == PIC_HASH_SIZE ? pic_blobs_verify(blobs, blob->s.p) : PIC_ENOT_FOUND;
    if (status == PIC_EHASH)
        status = PIC_EBLOB_CHANGED;
    if (status == PIC_OK)
        status = pic_blobs_read(blobs, blob->s.p, 0, PIC_BLOB_MAX, &response->body);
    free(row);
    if (status != PIC_OK) {
        pic_buf_clear(&response->body);
        if (status == PIC_ELOCKED)
            pic_visit_unlock_piece(visit);
        else
            pic_visit_fail(visit, status);
        return;
    }
    const struct format *format = format_of(pic_buf_view(&response->body));
    response->status = HTTP_OK;
    response->type = format == NULL ? "application/octet-stream" : format->type;
    if (!is_picture(format))
        (void)snprintf(response->file_name, sizeof response->file_name, "piece-%s.%s",
                       visit->number, format == NULL ? "bin" : format->ending);
}

/* --- all of a project --- */

static bool shows_picture(struct pic_agent *agent, struct pic_span hash)
{
    struct pic_buf head;
    pic_buf_init(&head, MAGIC_MAX);
    bool shows = hash.n == PIC_HASH_SIZE &&
                 pic_blobs_read(&agent->blobs, hash.p, 0, MAGIC_MAX, &head) == PIC_OK &&
                 is_picture(format_of(pic_buf_view(&head)));
    pic_buf_release(&head);
    return shows;
}

static void put_piece(struct pic_visit *visit, sqlite3_stmt *stmt)
{
    struct pic_page *page = &visit->page;
    const struct pic_entity *entity = pic_dictionary_entity(PIC_DOCUMENT);
    const struct pic_field *kind = pic_entity_by_column(entity, "kind");
    struct pic_span name = pic_db_column_span(stmt, 2);
    struct pic_buf number;
    struct pic_buf text;
    char path[PATH_SIZE];
    pic_buf_init(&number, SAID_MAX);
    pic_buf_init(&text, SAID_MAX);
    pic_dot_print((uint64_t)sqlite3_column_int64(stmt, 0), &number);
    (void)snprintf(path, sizeof path, "/piece/%s/fichier", pic_buf_string(&number));
    pic_page_open(page, "li", "class", "carte piece", NULL);
    pic_page_open(page, "a", "href", path, NULL);
    if (shows_picture(visit->agent, pic_db_column_span(stmt, 1)))
        pic_page_void(page, "img", "src", path, "alt", "", "loading", "lazy", NULL);
    pic_page_span(page, name);
    pic_page_close(page);
    struct pic_value value = {.kind = PIC_KIND_TEXT, .s = pic_db_column_span(stmt, 3)};
    pic_naming_value(visit->agent->state, kind, &value, &text);
    pic_buf_text(&text, text.len > 0 ? ", " : "");
    pic_speech_bytes(&text, (uint64_t)sqlite3_column_int64(stmt, 4));
    pic_page_element(page, "p", pic_buf_string(&text), NULL);
    pic_buf_clear(&text);
    pic_naming_row(visit->agent->state, (uint64_t)sqlite3_column_int64(stmt, 5), &text);
    pic_page_element(page, "p", pic_buf_string(&text), "class", "aide", NULL);
    pic_page_close(page);
    pic_buf_release(&number);
    pic_buf_release(&text);
}

static int put_pieces(struct pic_visit *visit)
{
    static const char sql[] =
        "SELECT id, blob, name, coalesce(kind, ''), coalesce(size, 0), about FROM document"
        " WHERE cancelled IS NULL AND (about = ?1"
        " OR about IN (SELECT id FROM expense WHERE project = ?1)"
        " OR about IN (SELECT id FROM decision WHERE project = ?1)"
        " OR about IN (SELECT id FROM payment WHERE project = ?1)) ORDER BY id DESC";
    sqlite3_stmt *stmt = pic_db_prepare(&visit->agent->db, sql, &visit->err);
    bool row = false;
    size_t n = 0;
    if (stmt == NULL)
        return visit->err.status;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)visit->id);
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        if (n++ == 0)
            pic_page_open(&visit->page, "ul", "class", "grille pieces", NULL);
        put_piece(visit, stmt);
        status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    if (n > 0)
        pic_page_close(&visit->page);
    else
        pic_page_element(&visit->page, "p", pic_speech_text(PIC_TELL_PAGE_NO_ROW), "class", "vide",
                         NULL);
    return status;
}

static void put_page(struct pic_visit *visit, const char *error)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_DOCUMENT);
    struct pic_form form = {.page = &visit->page, .choices = pic_visit_choices, .context = visit};
    pic_project_begin(visit, "/pieces", "pièces", "pic justificatif joindre FICHIER --objet");
    if (pic_posted_text(visit->request->query, "enregistre") != NULL)
        pic_layout_notice(&visit->page, "bien", pic_speech_text(PIC_TELL_PAGE_SAVED));
    if (put_pieces(visit) != PIC_OK)
        pic_layout_notice(&visit->page, "erreur", pic_speech_sentence(PIC_EIO));
    pic_page_element(&visit->page, "h2", "Joindre une pièce au projet", NULL);
    pic_form_begin(&form, visit->request->path, visit->request->token, true, NULL);
    pic_form_field(&form, pic_entity_by_column(entity, "blob"), "", true, error);
    pic_form_field(&form, pic_entity_by_column(entity, "kind"),
                   pic_posted_text(visit->request->form, "nature"), false, NULL);
    pic_form_end(&form, "Joindre", NULL);
    pic_visit_end(visit);
}

void pic_page_project_pieces(struct pic_visit *visit)
{
    put_page(visit, NULL);
}

static int join(struct pic_visit *visit, uint64_t *dot)
{
    const struct pic_posted_file *file = pic_posted_file(visit->request->form, "fichier");
    const char *kind = pic_posted_text(visit->request->form, "nature");
    if (file == NULL)
        return pic_fail(&visit->err, PIC_EREQUIRED, "fichier", "Fichier", NULL);
    const struct pic_attachment joined = {.path = file->path,
                                          .about = visit->id,
                                          .kind = kind == NULL || *kind == '\0' ? NULL : kind};
    int status = pic_agent_begin(visit->agent, &visit->err);
    if (status != PIC_OK)
        return status;
    status = pic_record_document(visit->agent, &joined, dot, &visit->err);
    if (status == PIC_OK)
        return pic_agent_commit(visit->agent, &visit->err);
    pic_agent_rollback(visit->agent);
    return status;
}

void pic_page_project_join(struct pic_visit *visit)
{
    struct pic_buf error;
    uint64_t dot = 0;
    if (join(visit, &dot) == PIC_OK) {
        pic_visit_go(visit, "/projet/%s/pieces?enregistre=1", visit->number);
        return;
    }
    pic_buf_init(&error, SAID_MAX);
    pic_visit_advice(&visit->err, &error);
    visit->response->status = HTTP_UNPROCESSABLE;
    put_page(visit, pic_buf_string(&error));
    pic_buf_release(&error);
}
