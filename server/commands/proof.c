#include <string.h>

#include "protocol/base/text.h"
#include "server/commands/commands.h"
#include "server/milestones.h"
#include "server/verify.h"

/* verifier: everything against its signatures, and the tables against the journal. */

static const struct pic_column fault_columns[] = {
    {"nature", "Nature", PIC_TYPE_TEXT},      {"code", "Code", PIC_TYPE_TEXT},
    {"position", "Position", PIC_TYPE_COUNT}, {"appareil", "Appareil", PIC_TYPE_COUNT},
    {"saisie", "Saisie", PIC_TYPE_COUNT},     {"table", "Table", PIC_TYPE_TEXT},
    {"ligne", "Ligne", PIC_TYPE_TEXT},        {"empreinte", "Empreinte", PIC_TYPE_TEXT},
};

static const char *const kinds[PIC_VERIFY_KINDS] = {
    [PIC_VERIFY_SEGMENT] = "envoi signé", [PIC_VERIFY_HEAD] = "suite",
    [PIC_VERIFY_RECEIPT] = "accusé",      [PIC_VERIFY_DEVICE] = "ordinateur",
    [PIC_VERIFY_DOCUMENT] = "document",   [PIC_VERIFY_REGISTRY] = "registre",
    [PIC_VERIFY_STATE] = "table",         [PIC_VERIFY_FILE] = "fichier",
};

enum { FAULTS_SHOWN = 1000, TEXT_MAX = 160 };

struct found {
    struct pic_sheet sheet;
    int first; /* status of the first fault */
};

static void put_number(struct pic_sheet *sheet, uint64_t value)
{
    if (value == 0)
        pic_sheet_null(sheet);
    else
        pic_sheet_int(sheet, (int64_t)value);
}

static void put_fault(void *context, const struct pic_verify_fault *fault)
{
    static const uint8_t none[PIC_HASH_SIZE];
    struct found *found = context;
    struct pic_buf text;
    if (found->first == PIC_OK)
        found->first = fault->status;
    if (found->sheet.row_n == FAULTS_SHOWN)
        return;
    pic_buf_init(&text, TEXT_MAX);
    pic_sheet_text(&found->sheet, kinds[fault->kind]);
    pic_sheet_text(&found->sheet, pic_status_code(fault->status));
    put_number(&found->sheet, fault->position);
    put_number(&found->sheet, fault->device);
    put_number(&found->sheet, fault->seq);
    pic_sheet_text(&found->sheet, fault->table);
    if (fault->row > PIC_SEQ_MAX)
        pic_dot_print(fault->row, &text);
    else if (fault->row != 0)
        pic_buf_printf(&text, "%llu", (unsigned long long)fault->row);
    pic_sheet_text(&found->sheet, pic_buf_string(&text));
    pic_buf_clear(&text);
    if (memcmp(fault->hash, none, sizeof none) != 0)
        pic_text_hex(pic_span_of(fault->hash, sizeof fault->hash), &text);
    pic_sheet_text(&found->sheet, pic_buf_string(&text));
    pic_buf_release(&text);
}

/* What was looked at, when nothing is wrong: the first three always, the others with --tout. */
static int say_sound(struct pic_call *call, const struct pic_verify_report *report, bool all)
{
    static const struct pic_column columns[] = {
        {"segments", "Envois signés", PIC_TYPE_COUNT},
        {"saisies", "Saisies", PIC_TYPE_COUNT},
        {"accuses", "Accusés", PIC_TYPE_COUNT},
        {"appareils", "Ordinateurs", PIC_TYPE_COUNT},
        {"documents", "Documents", PIC_TYPE_COUNT},
        {"tables", "Tables comparées", PIC_TYPE_COUNT},
        {"lignes", "Lignes comparées", PIC_TYPE_COUNT},
        {"empreinte", "Empreinte des tables", PIC_TYPE_TEXT},
    };
    enum { ALWAYS = 3 };
    struct pic_sheet sheet;
    struct pic_buf text;
    pic_buf_init(&text, TEXT_MAX);
    pic_sheet_init(&sheet, columns, all ? sizeof columns / sizeof *columns : ALWAYS);
    pic_sheet_int(&sheet, (int64_t)report->segments);
    pic_sheet_int(&sheet, (int64_t)report->changes);
    pic_sheet_int(&sheet, (int64_t)report->receipts);
    if (all) {
        pic_sheet_int(&sheet, (int64_t)report->devices);
        pic_sheet_int(&sheet, (int64_t)report->documents);
        pic_sheet_int(&sheet, (int64_t)report->tables);
        pic_sheet_int(&sheet, (int64_t)report->rows);
        pic_text_hex(pic_span_of(report->state_digest, PIC_HASH_SIZE), &text);
        pic_sheet_text(&sheet, pic_buf_string(&text));
    }
    int status = pic_call_sheet(call, &sheet, true);
    pic_sheet_release(&sheet);
    pic_buf_clear(&text);
    pic_speech_count(&text, report->changes, "saisie", "saisies");
    if (status == PIC_OK)
        pic_call_tell(call, all ? PIC_TELL_VERIFIED : PIC_TELL_VERIFIED_JOURNAL,
                      pic_buf_string(&text), NULL);
    pic_buf_release(&text);
    return status;
}

/* For whoever watches; what could not be noted changes nothing of what was found. */
static void note_verified(const char *folder, bool sound)
{
    int64_t failures = pic_milestone_get(folder, PIC_MILESTONE_VERIFY_FAILURES);
    int status = sound
                     ? pic_milestone_put(folder, PIC_MILESTONE_VERIFIED, pic_server_now_ms(), NULL)
                     : pic_milestone_put(folder, PIC_MILESTONE_VERIFY_FAILURES, failures + 1, NULL);
    (void)status;
}

static int run_verify(struct pic_call *call)
{
    struct found found = {.first = PIC_OK};
    struct pic_verify_report report;
    const struct pic_verify_options options = {
        .all = pic_call_has(call, "tout"), .fault = put_fault, .context = &found};
    pic_sheet_init(&found.sheet, fault_columns, sizeof fault_columns / sizeof *fault_columns);
    const char *folder = pic_command_folder(call);
    int status = pic_server_verify(folder, &options, &report, &call->err);
    if (status == PIC_OK && options.all)
        note_verified(folder, report.faults == 0);
    if (status == PIC_OK && report.faults == 0)
        status = say_sound(call, &report, options.all);
    else if (report.faults > 0) {
        int shown = pic_call_sheet(call, &found.sheet, false);
        status = pic_fail(&call->err, found.first, pic_command_folder(call), NULL);
        status = shown == PIC_OK ? status : shown;
    }
    pic_sheet_release(&found.sheet);
    return status;
}

static const struct pic_option verify_options[] = {
    {.name = "tout",
     .help = "Aussi les documents, et les tables refaites depuis les envois signés puis comparées"},
    {0},
};

const struct pic_command pic_commands_proof[] = {
    {.path = "verifier",
     .summary = "Vérifie signatures, suites et empreintes",
     .detail = "Ne change rien. Sans --tout : les signatures et les suites de tous les envois, et "
               "les accusés. Avec --tout : aussi chaque document, et toutes les tables, refaites "
               "depuis les envois signés et comparées. Ce qui ne se vérifie pas est nommé.",
     .options = verify_options,
     .run = run_verify},
};
const size_t pic_commands_proof_n = sizeof pic_commands_proof / sizeof *pic_commands_proof;
