#include <stdio.h>
#include <string.h>

#include "protocol/exchange/invitation.h"
#include "schema/face/attest.h"
#include "server/commands/commands.h"

/* verifier-accuse, cle-publique: what receipts prove, and the key that proves it. */

enum { TEXT_MAX = 256, NUMBER_SIZE = 16 };

/* --- does the journal still hold what a receipt says? --- */

enum held { HELD, OTHER_ENTRIES, LOST_ENTRIES, LOST_DOCUMENTS, LOST_NUMBER, HELDS };

static const enum pic_tell held_words[HELDS] = {
    [HELD] = PIC_TELL_RECEIPT_HELD,
    [OTHER_ENTRIES] = PIC_TELL_RECEIPT_OTHER_ENTRIES,
    [LOST_ENTRIES] = PIC_TELL_RECEIPT_LOST_ENTRIES,
    [LOST_DOCUMENTS] = PIC_TELL_RECEIPT_LOST_DOCUMENTS,
    [LOST_NUMBER] = PIC_TELL_RECEIPT_LOST_NUMBER,
};

/* The head of the receipt chains all entries before it: that one segment speaks for them all. */
static int check_entries(struct pic_server *server, const struct pic_receipt *r, enum held *out)
{
    struct pic_segment segment;
    struct pic_buf bytes;
    uint64_t position = 0;
    if (r->seq == 0)
        return PIC_OK;
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    int status = pic_journal_find(server->journal, pic_dot(r->device, r->seq), &position, &bytes);
    if (status == PIC_ENOT_FOUND)
        *out = LOST_ENTRIES;
    else if (status == PIC_OK)
        status = pic_segment_read(pic_buf_view(&bytes), &segment);
    if (status == PIC_OK && memcmp(segment.hash, r->head, PIC_HASH_SIZE) != 0)
        *out = OTHER_ENTRIES;
    pic_buf_release(&bytes);
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

static int check_documents(struct pic_server *server, const struct pic_receipt *r, enum held *out)
{
    struct pic_device device;
    int status = pic_registry_device(server->registry, r->device, &device);
    if (status == PIC_ENOT_FOUND || (status == PIC_OK && device.documents < r->documents))
        *out = LOST_DOCUMENTS;
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

static int check_number(struct pic_server *server, const struct pic_receipt *r, enum held *out)
{
    struct pic_receipt kept;
    int status = r->number == 0 ? PIC_OK /* enrolment gives it, and nothing is noted */
                                : pic_journal_receipt_find(server->journal, r->number, &kept);
    if (status == PIC_ENOT_FOUND)
        *out = LOST_NUMBER;
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

/* The first thing that is missing, the gravest first. */
static int check_held(struct pic_server *server, const struct pic_receipt *r, enum held *out)
{
    static int (*const checks[])(struct pic_server *, const struct pic_receipt *,
                                 enum held *) = {check_entries, check_documents, check_number};
    int status = PIC_OK;
    *out = HELD;
    for (size_t i = 0; i < sizeof checks / sizeof *checks && status == PIC_OK && *out == HELD; i++)
        status = checks[i](server, r, out);
    return status;
}

/* --- verifier-accuse --- */

static int say(struct pic_call *call, const struct pic_voucher *voucher, enum held held)
{
    struct pic_sheet sheet;
    char device[NUMBER_SIZE];
    pic_sheet_init(&sheet, pic_attest_columns, PIC_ATTEST_WITH_JOURNAL);
    pic_attest_fill(voucher, pic_server_now_ms(), &sheet);
    pic_sheet_int(&sheet, held == HELD);
    int status = pic_call_sheet(call, &sheet, true);
    pic_sheet_release(&sheet);
    if (status != PIC_OK)
        return status;
    if (!call->json)
        pic_attest_tell(call, voucher, false);
    (void)snprintf(device, sizeof device, "%u", voucher->receipt.device);
    if (held == HELD)
        pic_call_tell(call, PIC_TELL_RECEIPT_HELD, NULL);
    else
        pic_call_tell(call, PIC_TELL_RECEIPT_NOT_HELD, pic_speech_text(held_words[held]), device,
                      NULL);
    return held == HELD ? PIC_OK : PIC_RESERVES;
}

static int run_verify_receipt(struct pic_call *call)
{
    struct pic_server server = {0};
    struct pic_voucher voucher;
    struct pic_buf bytes;
    enum held held = HELD;
    pic_buf_init(&bytes, PIC_VOUCHER_TEXT_MAX);
    int status = pic_command_open(call, PIC_SERVER_NO_STATE | PIC_SERVER_READ_ONLY, &server);
    if (status == PIC_OK)
        status = pic_attest_read(call, server.keys.identity.public, &bytes, &voucher);
    if (status == PIC_OK) {
        status = check_held(&server, &voucher.receipt, &held);
        status = status == PIC_OK ? say(call, &voucher, held) : pic_fail(&call->err, status, NULL);
    }
    pic_server_close(&server);
    pic_buf_release(&bytes);
    return status;
}

/* --- cle-publique --- */

static int run_key(struct pic_call *call)
{
    static const struct pic_column columns[] = {
        {"cle", "Clé du serveur", PIC_TYPE_TEXT},
        {"empreinte", "Son empreinte", PIC_TYPE_TEXT},
        {"mots", "La même, en mots", PIC_TYPE_TEXT},
    };
    uint8_t fingerprint[PIC_FINGERPRINT_BYTES];
    struct pic_server server = {0};
    struct pic_sheet sheet;
    struct pic_buf texts[sizeof columns / sizeof *columns];
    int status = pic_command_open(call, PIC_SERVER_NO_STATE | PIC_SERVER_READ_ONLY, &server);
    if (status != PIC_OK) {
        pic_server_close(&server);
        return status;
    }
    const uint8_t *key = server.keys.identity.public;
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        pic_buf_init(&texts[i], TEXT_MAX);
    pic_voucher_fingerprint(key, fingerprint);
    pic_voucher_put_key(key, &texts[0]);
    pic_voucher_put_fingerprint(key, &texts[1]);
    pic_control_spell(pic_span_of(fingerprint, sizeof fingerprint), &texts[2]);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        pic_sheet_span(&sheet, pic_buf_view(&texts[i]));
        pic_buf_release(&texts[i]);
    }
    status = pic_call_sheet(call, &sheet, true);
    pic_sheet_release(&sheet);
    pic_server_close(&server);
    return status;
}

static const struct pic_option verify_options[] = {PIC_ATTEST_KEY_OPTION, {0}};

const struct pic_command pic_commands_receipt[] = {
    {.path = "verifier-accuse",
     .usage = "FICHIER",
     .summary = "Vérifie un accusé, et dit si le journal tient toujours ce qu'il dit",
     .detail =
         "FICHIER est un accusé enregistré, les lignes recopiées d'un papier, ou le texte de son "
         "code ; « - » lit ce qui est tapé. Finit par 3 quand le journal ne tient plus tout.",
     .options = verify_options,
     .run = run_verify_receipt,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "cle-publique",
     .summary = "Donne la clé qui signe les accusés, à publier, avec son empreinte",
     .detail = "Quiconque a cette clé vérifie un accusé sans Internet ; elle ne permet pas d'en "
               "signer.",
     .run = run_key},
};
const size_t pic_commands_receipt_n = sizeof pic_commands_receipt / sizeof *pic_commands_receipt;
