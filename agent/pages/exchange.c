#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/pages/pages.h"
#include "agent/proof.h"
#include "agent/status.h"
#include "schema/dictionary/number.h"

enum { SAID_MAX = 4096, REFRESH_S = 3, HTTP_OK = 200, MEGABYTES_MAX = 4096, MEGABYTE_SHIFT = 20 };

/* The passphrase is for reading a piece, whose number is given, else for the exchange. */
static void put_unlock(struct pic_visit *visit, const char *piece, const char *error)
{
    struct pic_form form = {.page = &visit->page};
    const struct pic_form_line line = {.name = "phrase",
                                       .label = "Phrase de passe",
                                       .type = "password",
                                       .error = error,
                                       .autocomplete = "current-password",
                                       .required = true};
    pic_page_element(
        &visit->page, "p",
        pic_speech_text(piece == NULL ? PIC_TELL_PAGE_LOCKED : PIC_TELL_PAGE_LOCKED_PIECE), NULL);
    pic_form_begin(&form, "/deverrouiller", visit->request->token, false, NULL);
    if (piece == NULL)
        pic_form_hidden(&form, "documents", pic_posted_text(visit->request->query, "documents"));
    else
        pic_form_hidden(&form, "piece", piece);
    pic_form_line(&form, &line);
    pic_form_end(&form, piece == NULL ? "Déverrouiller et envoyer" : "Déverrouiller et ouvrir",
                 NULL);
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
    }
    pic_buf_release(&text);
    pic_buf_release(&entries);
    pic_buf_release(&documents);
}

/* --- what waits, and how much of it to send --- */

static void put_lanes(struct pic_visit *visit)
{
    static const struct pic_column columns[] = {{"quoi", "À envoyer", PIC_TYPE_TEXT},
                                                {"nombre", "Nombre", PIC_TYPE_COUNT},
                                                {"volume", "Volume", PIC_TYPE_TEXT}};
    const struct pic_table table = {.caption = "Ce qui attend ici"};
    struct pic_agent_pending waiting = {0};
    struct pic_sheet sheet;
    struct pic_buf text;
    if (pic_agent_pending(visit->agent, &waiting) != PIC_OK ||
        waiting.changes + waiting.documents == 0) {
        pic_page_element(&visit->page, "p", pic_speech_text(PIC_TELL_PAGE_NOTHING_TO_SEND), "class",
                         "vide", NULL);
        return;
    }
    pic_buf_init(&text, SAID_MAX);
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    pic_sheet_text(&sheet, "Saisies");
    pic_sheet_int(&sheet, (int64_t)waiting.changes);
    pic_speech_bytes(&text, waiting.bytes);
    pic_sheet_span(&sheet, pic_buf_view(&text));
    pic_buf_clear(&text);
    pic_sheet_text(&sheet, "Documents");
    pic_sheet_int(&sheet, (int64_t)waiting.documents);
    pic_speech_bytes(&text, waiting.document_bytes);
    pic_sheet_span(&sheet, pic_buf_view(&text));
    pic_table_print(&visit->page, &sheet, &table);
    pic_sheet_release(&sheet);
    pic_buf_release(&text);
}

/* The saisies always go; of documents, what the line can bear today. */
static void put_send(struct pic_visit *visit)
{
    static const struct {
        const char *value, *label;
    } choices[] = {{"", "Tous"},
                   {"20", "20 Mo au plus cette fois"},
                   {"5", "5 Mo au plus cette fois"},
                   {"0", "Aucun : seulement les saisies"}};
    struct pic_page *page = &visit->page;
    struct pic_form form = {.page = page};
    pic_form_begin(&form, "/envoyer", visit->request->token, false, NULL);
    pic_page_open(page, "div", "class", "champ", NULL);
    pic_page_element(page, "label", "Documents à échanger", "for", "champ-documents", NULL);
    pic_page_open(page, "select", "id", "champ-documents", "name", "documents", NULL);
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        pic_page_element(page, "option", choices[i].label, "value", choices[i].value, NULL);
    pic_page_close(page);
    pic_page_close(page);
    pic_form_end(&form, "Envoyer et recevoir", NULL);
}

/* What a form says about documents, in millions of bytes; all of them when it says nothing. */
static struct pic_net_limits read_limits(const struct pic_visit *visit)
{
    struct pic_net_limits limits = {PIC_ERRAND_ALL, UINT64_MAX};
    const char *typed = pic_posted_text(visit->request->form, "documents");
    struct pic_err err = {0};
    int64_t millions = 0;
    if (typed == NULL || *typed == '\0' ||
        pic_count_parse(typed, MEGABYTES_MAX, &millions, &err) != PIC_OK)
        return limits;
    limits.document_bytes_max = (uint64_t)millions << MEGABYTE_SHIFT;
    if (millions == 0)
        limits.errands = PIC_ERRAND_SEND | PIC_ERRAND_RECEIVE;
    return limits;
}

/* --- receipts --- */

static int put_receipt(struct pic_visit *visit, sqlite3_stmt *stmt, struct pic_sheet *sheet)
{
    const struct pic_agent *agent = visit->agent;
    struct pic_receipt receipt;
    struct pic_buf text;
    int status =
        pic_receipt_read(pic_db_column_span(stmt, 0), agent->self.server.identity, &receipt);
    if (status != PIC_OK)
        return status;
    pic_buf_init(&text, SAID_MAX);
    pic_receipt_print(&receipt, &text);
    pic_sheet_span(sheet, pic_buf_view(&text));
    pic_buf_clear(&text);
    pic_speech_moment(&text, receipt.time_ms, agent->world->now_ms(agent->world->context));
    pic_sheet_span(sheet, pic_buf_view(&text));
    pic_sheet_int(sheet, (int64_t)receipt.changes);
    pic_sheet_int(sheet, (int64_t)receipt.documents);
    pic_sheet_int(sheet, 1);
    pic_buf_release(&text);
    return PIC_OK;
}

static void put_receipts(struct pic_visit *visit)
{
    static const struct pic_column columns[] = {{"accuse", "Accusé n°", PIC_TYPE_TEXT},
                                                {"date", "Reçu", PIC_TYPE_TEXT},
                                                {"saisies", "Saisies", PIC_TYPE_COUNT},
                                                {"documents", "Documents", PIC_TYPE_COUNT},
                                                {"verifie", "Vérifié", PIC_TYPE_BOOL}};
    const struct pic_table table = {
        .caption = "Reçus depuis le début. Chaque numéro donne le fichier qui le prouve.",
        .row_path = "/accuse?n="};
    struct pic_sheet sheet;
    bool row = false;
    sqlite3_stmt *stmt =
        pic_db_prepare(&visit->agent->db,
                       "SELECT bytes FROM proof ORDER BY time_ms DESC, number DESC LIMIT 50", NULL);
    int status = stmt == NULL ? PIC_EIO : pic_db_step(stmt, &row);
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    while (status == PIC_OK && row) {
        status = put_receipt(visit, stmt, &sheet);
        if (status == PIC_OK)
            status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    if (sheet.row_n > 0) {
        pic_page_element(&visit->page, "h2", "Accusés de réception", NULL);
        pic_table_print(&visit->page, &sheet, &table);
    }
    if (status != PIC_OK)
        pic_layout_notice(&visit->page, "erreur", pic_speech_sentence(status));
    pic_sheet_release(&sheet);
}

void pic_page_receipt_file(struct pic_visit *visit)
{
    enum { DECIMAL = 10 };
    const char *printed = pic_posted_text(visit->request->query, "n");
    const char *dash = printed == NULL ? NULL : strchr(printed, '-');
    uint64_t number = dash == NULL ? 0 : strtoull(dash + 1, NULL, DECIMAL);
    struct pic_proof proof = {0};
    int status = number == 0 ? PIC_ENOT_FOUND : pic_proof_read(visit->agent, number, &proof);
    if (status == PIC_OK)
        pic_voucher_put_file(&proof.voucher, pic_buf_view(&proof.bytes), &visit->response->body);
    pic_proof_release(&proof);
    if (status != PIC_OK) {
        pic_buf_clear(&visit->response->body);
        pic_visit_fail(visit, status);
        return;
    }
    visit->response->status = HTTP_OK;
    visit->response->type = "application/octet-stream";
    (void)snprintf(visit->response->file_name, sizeof visit->response->file_name,
                   "accuse-%06llu.pica", (unsigned long long)number);
}

/* --- the page --- */

static void put_page(struct pic_visit *visit, const char *error)
{
    struct pic_err last;
    bool running;
    bool done;
    pic_ui_courier_look(&visit->ui->courier, &running, &done, &last);
    visit->layout.refresh_s = running ? REFRESH_S : 0;
    pic_visit_begin(visit, "Échanges", "pic sync");
    put_run(visit, running, done, &last);
    put_lanes(visit);
    if (!pic_ui_courier_unlocked(&visit->ui->courier))
        put_unlock(visit, NULL, error);
    else if (!running)
        put_send(visit);
    put_receipts(visit);
    pic_visit_end(visit);
}

void pic_page_exchange(struct pic_visit *visit)
{
    put_page(visit, NULL);
}

void pic_page_send(struct pic_visit *visit)
{
    const struct pic_net_limits limits = read_limits(visit);
    int status = pic_ui_courier_start(&visit->ui->courier, &limits, &visit->err);
    if (status == PIC_ELOCKED && limits.document_bytes_max != UINT64_MAX)
        pic_visit_go(visit, "/echanges?documents=%llu",
                     (unsigned long long)(limits.document_bytes_max >> MEGABYTE_SHIFT));
    else if (status == PIC_OK || status == PIC_ELOCKED)
        pic_visit_go(visit, "/echanges");
    else
        pic_visit_fail(visit, status);
}

static void put_piece_locked(struct pic_visit *visit, const char *piece, const char *error)
{
    pic_visit_begin(visit, "Ouvrir une pièce", NULL);
    put_unlock(visit, piece, error);
    pic_visit_end(visit);
}

void pic_visit_unlock_piece(struct pic_visit *visit)
{
    visit->response->status = HTTP_OK;
    put_piece_locked(visit, visit->number, NULL);
}

/* The number of a piece as it was sent back; NULL for anything else. */
static const char *piece_asked(const struct pic_visit *visit)
{
    enum { NUMBER_MAX = 40 };
    const char *piece = pic_posted_text(visit->request->form, "piece");
    size_t n = piece == NULL ? 0 : strspn(piece, "0123456789-");
    return n > 0 && n <= NUMBER_MAX && piece[n] == '\0' ? piece : NULL;
}

void pic_page_unlock(struct pic_visit *visit)
{
    const char *given = pic_posted_text(visit->request->form, "phrase");
    const char *piece = piece_asked(visit);
    char typed[PIC_PASSPHRASE_MAX] = "";
    struct pic_buf text;
    if (given != NULL && strlen(given) < sizeof typed)
        memcpy(typed, given, strlen(given) + 1);
    int status = pic_ui_courier_unlock(&visit->ui->courier, typed, &visit->err);
    pic_wipe(typed, sizeof typed);
    if (status == PIC_OK) {
        if (piece == NULL)
            pic_page_send(visit);
        else
            pic_visit_go(visit, "/piece/%s/fichier", piece);
        return;
    }
    pic_buf_init(&text, SAID_MAX);
    pic_visit_advice(&visit->err, &text);
    if (piece == NULL)
        put_page(visit, pic_buf_string(&text));
    else
        put_piece_locked(visit, piece, pic_buf_string(&text));
    pic_buf_release(&text);
}

void pic_page_close_all(struct pic_visit *visit)
{
    visit->ui->closing = true;
    pic_visit_say(visit, HTTP_OK, "Au revoir", PIC_TELL_PAGE_CLOSED);
}
