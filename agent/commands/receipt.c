#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/commands/commands.h"
#include "agent/proof.h"
#include "agent/status.h"

enum { TEXT_MAX = 4096, YEAR_SIZE = 5 };

static const struct pic_column columns[] = {
    {"accuse", "Accusé n°", PIC_TYPE_TEXT},
    {"serveur", "Reçu par", PIC_TYPE_TEXT},
    {"organisme", "Reçu de", PIC_TYPE_TEXT},
    {"personne", "Personne", PIC_TYPE_TEXT},
    {"date", "Le", PIC_TYPE_TEXT},
    {"appareil", "Ordinateur", PIC_TYPE_COUNT},
    {"saisies", "Saisies depuis le début", PIC_TYPE_COUNT},
    {"documents", "Documents depuis le début", PIC_TYPE_COUNT},
    {"empreinte", "Empreinte du serveur", PIC_TYPE_TEXT},
    {"verifie", "Vérifié", PIC_TYPE_BOOL},
};

static void fill(const struct pic_proof *proof, int64_t now_ms, struct pic_sheet *sheet)
{
    const struct pic_receipt *r = &proof->receipt;
    struct pic_buf text;
    pic_buf_init(&text, TEXT_MAX);
    pic_receipt_print(r, &text);
    pic_sheet_span(sheet, pic_buf_view(&text));
    pic_sheet_span(sheet, proof->server_name);
    pic_sheet_span(sheet, proof->organisation_name);
    pic_sheet_span(sheet, proof->person);
    pic_buf_clear(&text);
    pic_speech_moment(&text, r->time_ms, now_ms);
    pic_sheet_span(sheet, pic_buf_view(&text));
    pic_sheet_int(sheet, r->device);
    pic_sheet_int(sheet, (int64_t)r->changes);
    pic_sheet_int(sheet, (int64_t)r->documents);
    pic_buf_clear(&text);
    pic_proof_fingerprint(proof->identity, &text);
    pic_sheet_span(sheet, pic_buf_view(&text));
    pic_sheet_int(sheet, 1);
    pic_buf_release(&text);
}

static int print(struct pic_call *call, const struct pic_proof *proof)
{
    const struct pic_desk *desk = call->context;
    struct pic_sheet sheet;
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    fill(proof, desk->world.now_ms(desk->world.context), &sheet);
    int status = pic_call_sheet(call, &sheet, true);
    pic_sheet_release(&sheet);
    if (status == PIC_OK && !call->json)
        pic_call_tell(call, PIC_TELL_RECEIPT_MEANS, NULL);
    return status;
}

/* --- list --- */

static int fill_all(struct pic_agent *agent, struct pic_sheet *sheet)
{
    bool row = true;
    sqlite3_stmt *stmt = pic_db_prepare(
        &agent->db, "SELECT bytes FROM proof ORDER BY time_ms DESC, number DESC", NULL);
    int status = stmt == NULL ? PIC_EIO : PIC_OK;
    struct pic_proof proof = {.server_name = pic_span_text(agent->self.server_name),
                              .organisation_name = pic_span_text(agent->self.organisation_name),
                              .person = pic_span_text(agent->self.person)};
    memcpy(proof.identity, agent->self.server.identity, PIC_KEY_SIZE);
    while (status == PIC_OK && row) {
        status = pic_db_step(stmt, &row);
        if (status == PIC_OK && row)
            status = pic_receipt_read(pic_db_column_span(stmt, 0), proof.identity, &proof.receipt);
        if (status == PIC_OK && row)
            fill(&proof, agent->world->now_ms(agent->world->context), sheet);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

int pic_command_receipts(struct pic_call *call)
{
    struct pic_agent agent;
    struct pic_sheet sheet;
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
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

int pic_command_receipt(struct pic_call *call)
{
    const char *path = pic_call_option(call, "fichier");
    struct pic_agent agent;
    struct pic_proof proof;
    struct pic_buf bytes;
    uint64_t number = 0;
    pic_buf_init(&bytes, PIC_PROOF_FILE_MAX);
    int status = number_of(call, &number);
    bool opened = status == PIC_OK;
    if (opened)
        status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK) {
        status = pic_proof_write(&agent, number, &bytes);
        if (status == PIC_OK)
            status = pic_proof_read(pic_buf_view(&bytes), &proof);
        status = status == PIC_OK ? PIC_OK : pic_fail(&call->err, status, NULL);
    }
    if (status == PIC_OK)
        status =
            path == NULL ? print(call, &proof) : write_new(path, pic_buf_view(&bytes), &call->err);
    if (status == PIC_OK && path != NULL)
        pic_call_tell(call, PIC_TELL_FILE_WRITTEN, path, NULL);
    if (opened)
        pic_agent_close(&agent);
    pic_buf_release(&bytes);
    return status;
}

/* --- verify, with nothing but the file --- */

int pic_command_verify(struct pic_call *call)
{
    const char *path = call->args[0];
    uint8_t block[PIC_PROOF_FILE_MAX + 1];
    struct pic_proof proof;
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return pic_fail(&call->err, PIC_EFILE, path, strerror(errno), NULL);
    size_t n = fread(block, 1, sizeof block, file);
    (void)fclose(file);
    int status =
        n > PIC_PROOF_FILE_MAX ? PIC_EFORMAT : pic_proof_read(pic_span_of(block, n), &proof);
    return status == PIC_OK ? print(call, &proof) : pic_fail(&call->err, status, path, NULL);
}
