#include "schema/face/attest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "protocol/base/text.h"

enum { TEXT_MAX = 4096, CHUNK = 4096, GROUP = 4, NUMBER_SIZE = 16 };

const struct pic_column pic_attest_columns[PIC_ATTEST_WITH_JOURNAL] = {
    {"accuse", "Accusé n°", PIC_TYPE_TEXT},
    {"serveur", "Reçu par", PIC_TYPE_TEXT},
    {"organisme", "Reçu de", PIC_TYPE_TEXT},
    {"personne", "Personne", PIC_TYPE_TEXT},
    {"date", "Le", PIC_TYPE_TEXT},
    {"appareil", "Ordinateur", PIC_TYPE_COUNT},
    {"saisies", "Saisies depuis le début", PIC_TYPE_COUNT},
    {"documents", "Documents depuis le début", PIC_TYPE_COUNT},
    {"empreinte_saisies", "Empreinte des saisies", PIC_TYPE_TEXT},
    {"empreinte", "Empreinte du serveur", PIC_TYPE_TEXT},
    {"verifie", "Vérifié", PIC_TYPE_BOOL},
    {"journal", "Toujours au journal", PIC_TYPE_BOOL},
};

/* --- reading --- */

static int read_all(const char *path, struct pic_buf *bytes, struct pic_err *err)
{
    const bool from_stdin = strcmp(path, "-") == 0;
    uint8_t chunk[CHUNK];
    FILE *file = from_stdin ? stdin : fopen(path, "rbe");
    size_t n = 0;
    if (file == NULL)
        return pic_fail(err, PIC_EFILE, path, strerror(errno), NULL);
    errno = 0;
    do {
        n = fread(chunk, 1, sizeof chunk, file);
        pic_buf_bytes(bytes, chunk, n);
    } while (n == sizeof chunk && !bytes->bad);
    const bool failed = ferror(file) != 0;
    const int why = errno;
    if (!from_stdin)
        (void)fclose(file);
    if (failed)
        return pic_fail(err, PIC_EFILE, path, strerror(why), NULL);
    return bytes->bad ? pic_fail(err, PIC_EFORMAT, path, NULL) : PIC_OK;
}

static int fail_voucher(struct pic_call *call, int status, unsigned line)
{
    char number[NUMBER_SIZE];
    (void)snprintf(number, sizeof number, "%u", line);
    if (status == PIC_ERETYPED)
        return pic_fail(&call->err, status, number, NULL);
    if (status == PIC_EMISSING_OPTION)
        return pic_fail(&call->err, status, "un texte ou un code ne la porte pas", "--cle",
                        "--cle 7KQ2-M4XD-…, telle que la Région la publie", NULL);
    return pic_fail(&call->err, status, call->args[0], NULL);
}

int pic_attest_read(struct pic_call *call, const uint8_t *pinned, struct pic_buf *bytes,
                    struct pic_voucher *out)
{
    const char *typed = pic_call_option(call, "cle");
    uint8_t key[PIC_KEY_SIZE];
    unsigned line = 0;
    if (typed != NULL && pic_voucher_read_key(typed, key) != PIC_OK)
        return pic_speech_usage(&call->err, PIC_TELL_USAGE_KEY, NULL, NULL);
    int status = read_all(call->args[0], bytes, &call->err);
    if (status != PIC_OK)
        return status;
    status = pic_voucher_read(pic_buf_view(bytes), typed != NULL ? key : pinned, out, &line);
    return status == PIC_OK ? PIC_OK : fail_voucher(call, status, line);
}

/* --- saying --- */

static void put_name(struct pic_sheet *sheet, struct pic_span name)
{
    if (name.n == 0)
        pic_sheet_null(sheet);
    else
        pic_sheet_span(sheet, name);
}

void pic_attest_fill(const struct pic_voucher *voucher, int64_t now_ms, struct pic_sheet *sheet)
{
    const struct pic_receipt *r = &voucher->receipt;
    struct pic_buf text;
    pic_buf_init(&text, TEXT_MAX);
    pic_receipt_print(r, &text);
    pic_sheet_span(sheet, pic_buf_view(&text));
    put_name(sheet, voucher->server_name);
    put_name(sheet, voucher->organisation_name);
    put_name(sheet, voucher->person);
    pic_buf_clear(&text);
    pic_speech_moment(&text, r->time_ms, now_ms);
    pic_sheet_span(sheet, pic_buf_view(&text));
    pic_sheet_int(sheet, r->device);
    pic_sheet_int(sheet, (int64_t)r->changes);
    pic_sheet_int(sheet, (int64_t)r->documents);
    pic_buf_clear(&text);
    pic_text_base32(pic_span_of(r->head, PIC_HASH_SIZE), GROUP, &text);
    pic_sheet_span(sheet, pic_buf_view(&text));
    pic_buf_clear(&text);
    pic_voucher_put_fingerprint(voucher->identity, &text);
    pic_sheet_span(sheet, pic_buf_view(&text));
    pic_sheet_int(sheet, 1);
    pic_buf_release(&text);
}

static void tell_proof(const struct pic_call *call, const struct pic_receipt *r)
{
    char device[NUMBER_SIZE];
    struct pic_buf when;
    struct pic_buf what;
    pic_buf_init(&when, TEXT_MAX);
    pic_buf_init(&what, TEXT_MAX);
    (void)snprintf(device, sizeof device, "%u", r->device);
    pic_speech_instant(&when, r->time_ms);
    pic_speech_count(&what, r->changes, "saisie", "saisies");
    pic_buf_text(&what, " et ");
    pic_speech_count(&what, r->documents, "document", "documents");
    pic_call_tell(call,
                  r->changes == r->seq ? PIC_TELL_RECEIPT_PROVES : PIC_TELL_RECEIPT_PROVES_PART,
                  pic_buf_string(&when), pic_buf_string(&what), device, NULL);
    pic_buf_release(&when);
    pic_buf_release(&what);
}

void pic_attest_tell(const struct pic_call *call, const struct pic_voucher *voucher,
                     bool key_inside)
{
    struct pic_buf fingerprint;
    tell_proof(call, &voucher->receipt);
    pic_call_tell(call, PIC_TELL_RECEIPT_MEANS, NULL);
    if (!key_inside)
        return;
    pic_buf_init(&fingerprint, TEXT_MAX);
    pic_voucher_put_fingerprint(voucher->identity, &fingerprint);
    pic_call_tell(call, PIC_TELL_RECEIPT_KEY_INSIDE, pic_buf_string(&fingerprint), NULL);
    pic_buf_release(&fingerprint);
}
