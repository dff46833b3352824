#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/commands/commands.h"
#include "agent/proof.h"
#include "agent/receipt_page.h"
#include "schema/face/attest.h"

enum { NAME_SIZE = 64 };

static int print(struct pic_call *call, const struct pic_voucher *voucher, bool key_inside)
{
    const struct pic_desk *desk = call->context;
    struct pic_sheet sheet;
    pic_sheet_init(&sheet, pic_attest_columns, PIC_ATTEST_CARD);
    pic_attest_fill(voucher, desk->world.now_ms(desk->world.context), &sheet);
    int status = pic_call_sheet(call, &sheet, true);
    pic_sheet_release(&sheet);
    if (status == PIC_OK && !call->json)
        pic_attest_tell(call, voucher, key_inside);
    return status;
}

/* --- list --- */

static int fill_all(struct pic_agent *agent, struct pic_sheet *sheet)
{
    bool row = true;
    sqlite3_stmt *stmt = pic_db_prepare(
        &agent->db, "SELECT bytes FROM proof ORDER BY time_ms DESC, number DESC", NULL);
    int status = stmt == NULL ? PIC_EIO : PIC_OK;
    struct pic_voucher proof = {.server_name = pic_span_text(agent->self.server_name),
                                .organisation_name = pic_span_text(agent->self.organisation_name),
                                .person = pic_span_text(agent->self.person)};
    memcpy(proof.identity, agent->self.server.identity, PIC_KEY_SIZE);
    while (status == PIC_OK && row) {
        status = pic_db_step(stmt, &row);
        if (status == PIC_OK && row)
            status = pic_receipt_read(pic_db_column_span(stmt, 0), proof.identity, &proof.receipt);
        if (status == PIC_OK && row)
            pic_attest_fill(&proof, agent->world->now_ms(agent->world->context), sheet);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

int pic_command_receipts(struct pic_call *call)
{
    struct pic_agent agent;
    struct pic_sheet sheet;
    pic_sheet_init(&sheet, pic_attest_columns, PIC_ATTEST_CARD);
    int status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK)
        status = fill_all(&agent, &sheet);
    if (status == PIC_OK)
        status = pic_call_sheet(call, &sheet, false);
    pic_sheet_release(&sheet);
    pic_agent_close(&agent);
    return status;
}

/* --- one, to the screen or to a file --- */

/* "2026-000412", "412" or nothing for the latest (0). */
static int number_of(struct pic_call *call, uint64_t *out)
{
    const char *typed = call->arg_n == 0 ? "" : call->args[0];
    const char *dash = strchr(typed, '-');
    char *end = NULL;
    *out = strtoull(dash == NULL ? typed : dash + 1, &end, 10);
    return *end == '\0' ? PIC_OK : pic_fail(&call->err, PIC_ENOT_FOUND, typed, NULL);
}

static int write_new(const char *path, struct pic_span bytes, struct pic_err *err)
{
    FILE *file = fopen(path, "wbxe");
    if (file == NULL)
        return pic_fail(err, errno == EEXIST ? PIC_EEXISTS : PIC_EFILE, path, strerror(errno),
                        NULL);
    bool written = fwrite(bytes.p, 1, bytes.n, file) == bytes.n;
    bool closed = fclose(file) == 0;
    return written && closed ? PIC_OK : pic_fail(err, PIC_EIO, path, NULL);
}

/* Opens the store and reads the receipt that the call names. Close and release in any case: both
 * are zeroed first. */
static int read_proof(struct pic_call *call, struct pic_agent *agent, struct pic_proof *proof)
{
    uint64_t number = 0;
    memset(agent, 0, sizeof *agent);
    memset(proof, 0, sizeof *proof);
    agent->lease = -1;
    int status = number_of(call, &number);
    if (status == PIC_OK)
        status = pic_desk_open(call, PIC_AGENT_READ, agent);
    if (status != PIC_OK)
        return status;
    status = pic_proof_read(agent, number, proof);
    return status == PIC_OK ? PIC_OK : pic_fail(&call->err, status, NULL);
}

static int write_file(struct pic_call *call, const struct pic_proof *proof, const char *path)
{
    struct pic_buf bytes;
    pic_buf_init(&bytes, PIC_VOUCHER_FILE_MAX);
    pic_voucher_put_file(&proof->voucher, pic_buf_view(&proof->bytes), &bytes);
    int status = pic_buf_status(&bytes);
    if (status == PIC_OK)
        status = write_new(path, pic_buf_view(&bytes), &call->err);
    if (status == PIC_OK)
        pic_call_tell(call, PIC_TELL_FILE_WRITTEN, path, NULL);
    pic_buf_release(&bytes);
    return status;
}

int pic_command_receipt(struct pic_call *call)
{
    const char *path = pic_call_option(call, "fichier");
    struct pic_agent agent;
    struct pic_proof proof;
    int status = read_proof(call, &agent, &proof);
    if (status == PIC_OK)
        status = path == NULL ? print(call, &proof.voucher, false) : write_file(call, &proof, path);
    pic_proof_release(&proof);
    pic_agent_close(&agent);
    return status;
}

/* --- one, on paper --- */

/* Without --fichier a text goes to stdout, and a page to a file named after its receipt. */
static int deliver(struct pic_call *call, const struct pic_proof *proof, const struct pic_buf *page)
{
    const char *path = pic_call_option(call, "fichier");
    char name[NAME_SIZE];
    struct pic_buf number;
    if (path == NULL && pic_call_has(call, "texte")) {
        pic_buf_bytes(&call->out, page->data, page->len);
        return pic_buf_status(&call->out);
    }
    pic_buf_init(&number, NAME_SIZE);
    pic_receipt_print(&proof->voucher.receipt, &number);
    (void)snprintf(name, sizeof name, "accuse-%s.html", pic_buf_string(&number));
    pic_buf_release(&number);
    path = path == NULL ? name : path;
    int status = write_new(path, pic_buf_view(page), &call->err);
    if (status == PIC_OK)
        pic_call_tell(call, PIC_TELL_FILE_WRITTEN, path, NULL);
    return status;
}

int pic_command_print_receipt(struct pic_call *call)
{
    const struct pic_desk *desk = call->context;
    const int64_t now_ms = desk->world.now_ms(desk->world.context);
    const bool to_screen = pic_call_option(call, "fichier") == NULL && call->terminal.out_tty;
    struct pic_agent agent;
    struct pic_proof proof;
    struct pic_buf page;
    pic_buf_init(&page, PIC_RECEIPT_PAGE_MAX);
    int status = read_proof(call, &agent, &proof);
    if (status == PIC_OK) {
        status = pic_call_has(call, "texte")
                     ? pic_receipt_page_text(&proof, now_ms,
                                             to_screen ? PIC_QR_INK_LIGHT : PIC_QR_INK_DARK, &page)
                     : pic_receipt_page_html(&proof, now_ms, &page);
        status =
            status == PIC_OK ? deliver(call, &proof, &page) : pic_fail(&call->err, status, NULL);
    }
    pic_buf_release(&page);
    pic_proof_release(&proof);
    pic_agent_close(&agent);
    return status;
}

/* --- verify, with nothing but what was given --- */

/* The key that this laptop pinned, where it has a store. What is wrong with the store does not
 * stand in the way of a check that needs none. */
static bool find_pinned(struct pic_call *call, uint8_t out[static PIC_KEY_SIZE])
{
    const struct pic_desk *desk = call->context;
    char folder[PIC_AGENT_PATH_MAX];
    struct pic_agent agent = {.lease = -1};
    if (pic_agent_folder(call->folder, desk->program_folder, desk->data_home, folder, NULL) !=
            PIC_OK ||
        !pic_agent_exists(folder))
        return false;
    const bool opened =
        pic_agent_open(folder, &desk->world, PIC_AGENT_READ, &agent, NULL) == PIC_OK;
    if (opened)
        memcpy(out, agent.self.server.identity, PIC_KEY_SIZE);
    pic_agent_close(&agent);
    return opened;
}

int pic_command_verify(struct pic_call *call)
{
    const bool told = pic_call_has(call, "cle");
    uint8_t pinned[PIC_KEY_SIZE];
    struct pic_voucher voucher;
    struct pic_buf bytes;
    const bool known = !told && find_pinned(call, pinned);
    pic_buf_init(&bytes, PIC_VOUCHER_TEXT_MAX);
    int status = pic_attest_read(call, known ? pinned : NULL, &bytes, &voucher);
    if (status == PIC_OK)
        status = print(call, &voucher, !told && !known);
    pic_buf_release(&bytes);
    return status;
}
