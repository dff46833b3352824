#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/text.h"
#include "schema/dictionary/identifiers.h"
#include "schema/dictionary/value.h"
#include "server/bank/habit.h"
#include "server/bank/import.h"
#include "server/bank/match_store.h"
#include "server/commands/commands.h"
#include "server/file.h"

enum {
    TEXT_MAX = 4096,
    SHOWN_PROBABLE = 20, /* probable matches that a plan shows */
    SHOWN_BREAKS = 20,
    DIGEST_SHOWN = 2, /* bytes */
};

/* --- pieces of sentences --- */

/* Texts of one sentence; each piece lives until the next clearing. */
struct pieces {
    struct pic_buf at[3];
};

static void pieces_init(struct pieces *p)
{
    for (size_t i = 0; i < 3; i++)
        pic_buf_init(&p->at[i], TEXT_MAX);
}

static void pieces_release(struct pieces *p)
{
    for (size_t i = 0; i < 3; i++)
        pic_buf_release(&p->at[i]);
}

static struct pic_buf *piece(struct pieces *p, size_t i)
{
    pic_buf_clear(&p->at[i]);
    return &p->at[i];
}

static void say(const struct pic_call *call, enum pic_tell key, struct pieces *p)
{
    pic_call_tell(call, key, pic_buf_string(&p->at[0]), pic_buf_string(&p->at[1]),
                  pic_buf_string(&p->at[2]), NULL);
}

/* --- releve importer: the plan --- */

static const struct pic_option import_options[] = {
    {.name = "format",
     .argument = "FORMAT",
     .help = "Format du fichier (auto)",
     .choices = PIC_FORMAT_CHOICES},
    {.name = "compte", .argument = "COMPTE", .help = "Compte d'un fichier qui ne le nomme pas"},
    {.name = "colonnes",
     .argument = "COLONNES",
     .help = "Ce que disent les colonnes d'un CSV : \"date=Jour, montant=Somme\" ; retenu ensuite"},
    {.name = "fonds", .argument = "FONDS", .help = "Fonds que ce compte garde ; retenu ensuite"},
    {.name = "solde-initial", .argument = "MONTANT", .help = "Solde que le fichier ne dit pas"},
    {.name = "solde-final", .argument = "MONTANT", .help = "Solde que le fichier ne dit pas"},
    {.name = "essai", .help = "Montre ce qui serait écrit, sans rien écrire"},
    {.name = "oui", .help = "Écrit sans poser la question"},
    {0},
};

/* Everything that one import holds on to. */
struct importing {
    struct pic_call *call;
    struct pic_server server;
    struct pic_buf file;
    struct pic_habit habit;
    struct pic_statements statements;
    struct pic_import_options options;
    int64_t opening, closing;
    struct pic_import plan;
    struct pic_waiting waiting;
    size_t zones[3]; /* new lines by enum pic_match_zone */
};

static int money_option(struct pic_call *call, const char *name, int64_t *cents,
                        const int64_t **out)
{
    const char *text = pic_call_option(call, name);
    if (text == NULL)
        return PIC_OK;
    *out = cents;
    return pic_money_parse(text, cents, &call->err);
}

/* An account that is written as an IBAN must be one: its key tells a slip of the hand. */
static int check_account(struct pic_call *call)
{
    const char *typed = pic_call_option(call, "compte");
    struct pic_buf canonical;
    if (typed == NULL || !isalpha((unsigned char)typed[0]) || !isalpha((unsigned char)typed[1]))
        return PIC_OK;
    pic_buf_init(&canonical, PIC_BANK_ACCOUNT_MAX);
    int status = pic_identifier_parse(PIC_IDENTIFIER_IBAN, typed, &canonical, &call->err);
    pic_buf_release(&canonical);
    return status;
}

static int read_options(struct importing *im)
{
    struct pic_call *call = im->call;
    const char *fund = pic_call_option(call, "fonds");
    int status = check_account(call);
    if (status == PIC_OK)
        status = money_option(call, "solde-initial", &im->opening, &im->options.opening);
    if (status == PIC_OK)
        status = money_option(call, "solde-final", &im->closing, &im->options.closing);
    if (status == PIC_OK && fund != NULL)
        status = pic_entry_find(pic_server_state(&im->server), "fund", PIC_DEVICE_SERVER, fund,
                                &im->options.fund, &call->err);
    return status;
}

static void say_balances(const struct importing *im, const struct pic_import_item *item,
                         struct pieces *p)
{
    const struct pic_statement *t = item->statement;
    const struct pic_import_neighbour *beside[] = {&item->before, &item->after};
    struct pic_buf number;
    pic_buf_init(&number, 64);
    pic_money_format(t->opening, PIC_STYLE_SCREEN, piece(p, 0));
    (void)piece(p, 1);
    (void)piece(p, 2);
    pic_dot_print(item->before.id, &number);
    if (item->before.id == 0)
        pic_speech_tell(&p->at[1], PIC_TELL_PLAN_FIRST, NULL);
    else if (item->before.expected == item->before.found)
        pic_speech_tell(&p->at[1], PIC_TELL_PLAN_FOLLOWS, pic_buf_string(&number), NULL);
    say(im->call, PIC_TELL_PLAN_OPENING, p);
    pic_money_format(t->closing, PIC_STYLE_SCREEN, piece(p, 0));
    say(im->call, t->break_n == 0 ? PIC_TELL_PLAN_CLOSING : PIC_TELL_PLAN_CLOSING_BROKEN, p);
    for (size_t i = 0; i < t->break_n && i < SHOWN_BREAKS; i++) {
        pic_buf_printf(piece(p, 0), "%llu", (unsigned long long)t->breaks[i].origin);
        pic_money_format(t->breaks[i].found, PIC_STYLE_SCREEN, piece(p, 1));
        pic_money_format(t->breaks[i].expected, PIC_STYLE_SCREEN, piece(p, 2));
        say(im->call, PIC_TELL_PLAN_BREAK, p);
    }
    for (size_t i = 0; i < 2; i++) {
        if (beside[i]->id == 0 || beside[i]->expected == beside[i]->found)
            continue;
        pic_dot_print(beside[i]->id, piece(p, 0));
        pic_money_format(beside[i]->expected, PIC_STYLE_SCREEN, piece(p, 1));
        pic_money_format(beside[i]->found, PIC_STYLE_SCREEN, piece(p, 2));
        say(im->call, PIC_TELL_PLAN_BREAK_WITH, p);
    }
    pic_buf_release(&number);
}

static void say_item(const struct importing *im, const struct pic_import_item *item,
                     struct pieces *p)
{
    const struct pic_statement *t = item->statement;
    pic_buf_text(piece(p, 0), t->account);
    pic_date_format(t->from_on, PIC_STYLE_SCREEN, piece(p, 1));
    pic_date_format(t->to_on, PIC_STYLE_SCREEN, piece(p, 2));
    say(im->call, PIC_TELL_PLAN_ACCOUNT, p);
    say_balances(im, item, p);
    pic_speech_count(piece(p, 0), item->known_n, "ligne", "lignes");
    pic_count_format((int64_t)(t->line_n - item->known_n), PIC_STYLE_SCREEN, piece(p, 1));
    (void)piece(p, 2);
    say(im->call, PIC_TELL_PLAN_LINES, p);
    if (item->late_n == 0)
        return;
    pic_speech_count(piece(p, 0), item->late_n, "nouvelle tombe", "nouvelles tombent");
    say(im->call, PIC_TELL_PLAN_LATE, p);
}

static void say_match(const struct importing *im, const struct pic_match *m, struct pieces *p)
{
    const struct pic_match_line *line = &im->waiting.lines[m->line];
    pic_date_format(line->day, PIC_STYLE_SCREEN, piece(p, 0));
    pic_buf_text(&p->at[0], "  ");
    pic_money_format(line->amount, PIC_STYLE_SCREEN, &p->at[0]);
    pic_buf_text(&p->at[0], "  ");
    pic_buf_bytes(&p->at[0], line->label.p, line->label.n);
    pic_dot_print(im->waiting.items[m->item].id, piece(p, 1));
    pic_match_explain(m, piece(p, 2));
    say(im->call, PIC_TELL_PLAN_PROBABLE, p);
}

static void say_plan(const struct importing *im)
{
    struct pieces p;
    pieces_init(&p);
    pic_speech_count(piece(&p, 0), im->plan.n, "compte", "comptes");
    pic_speech_count(piece(&p, 1), im->statements.line_n, "mouvement", "mouvements");
    pic_text_hex(pic_span_of(im->plan.digest, DIGEST_SHOWN), piece(&p, 2));
    say(im->call, PIC_TELL_PLAN_FILE, &p);
    for (size_t i = 0; i < im->plan.n; i++)
        say_item(im, &im->plan.items[i], &p);
    pic_speech_count(piece(&p, 0), im->zones[PIC_MATCH_CERTAIN], "certaine", "certaines");
    pic_speech_count(piece(&p, 1), im->zones[PIC_MATCH_PROBABLE], "probable (à confirmer)",
                     "probables (à confirmer)");
    pic_speech_count(piece(&p, 2), im->zones[PIC_MATCH_NONE], "sans proposition",
                     "sans proposition");
    say(im->call, PIC_TELL_PLAN_MATCHES, &p);
    size_t shown = 0;
    for (size_t i = im->waiting.line_n - im->plan.new_n; i < im->waiting.line_n; i++)
        if (im->waiting.matches[i].zone == PIC_MATCH_PROBABLE && shown++ < SHOWN_PROBABLE)
            say_match(im, &im->waiting.matches[i], &p);
    pieces_release(&p);
}

/* Reads the file and compares it with what is here. */
static int make_plan(struct importing *im)
{
    struct pic_call *call = im->call;
    const char *format = pic_call_option(call, "format");
    struct pic_db *state = pic_server_db(&im->server);
    int status = read_options(im);
    if (status == PIC_OK)
        status = pic_file_get(call->args[0], &im->file, &call->err);
    if (status == PIC_ENOT_FOUND)
        status = pic_fail(&call->err, PIC_EFILE, call->args[0], NULL);
    if (status == PIC_OK)
        status = pic_habit_read(state, format == NULL ? "auto" : format, pic_buf_view(&im->file),
                                &im->habit, &im->statements, &call->err);
    if (status == PIC_OK)
        status = pic_import_plan(state, &im->statements, pic_buf_view(&im->file), &im->options,
                                 &im->plan, &call->err);
    if (status == PIC_OK)
        status = pic_waiting_load(state, &im->plan, &im->waiting, &call->err);
    if (status != PIC_OK)
        return status;
    for (size_t i = im->waiting.line_n - im->plan.new_n; i < im->waiting.line_n; i++)
        im->zones[im->waiting.matches[i].zone]++;
    return PIC_OK;
}

/* --- releve importer: writing --- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* Makes the plan again where nothing can change any more, and writes it if it is the same. */
static int write_plan(struct importing *im)
{
    struct pic_err *err = &im->call->err;
    struct pic_record *record;
    struct pic_import again = {0};
    int status = pic_record_begin(&im->server, &record, err);
    if (status != PIC_OK)
        return status;
    status = pic_import_plan(pic_server_db(&im->server), &im->statements, pic_buf_view(&im->file),
                             &im->options, &again, err);
    if (status == PIC_OK && again.new_n != im->plan.new_n)
        status = pic_fail(err, PIC_EBUSY, pic_speech_text(PIC_TELL_IMPORT_MOVED), NULL);
    if (status == PIC_OK)
        status = pic_import_record(record, &again, base_name(im->call->args[0]), err);
    pic_import_release(&again);
    if (status == PIC_OK)
        return pic_record_commit(record, err);
    pic_record_abort(record);
    return status;
}

static const struct pic_column import_columns[] = {
    {"compte", "Compte", PIC_TYPE_TEXT},
    {"du", "Du", PIC_TYPE_DATE},
    {"au", "Au", PIC_TYPE_DATE},
    {"solde_initial", "Solde initial", PIC_TYPE_MONEY},
    {"solde_final", "Solde final", PIC_TYPE_MONEY},
    {"mouvements", "Mouvements", PIC_TYPE_COUNT},
    {"deja_la", "Déjà là", PIC_TYPE_COUNT},
    {"nouvelles", "Nouvelles", PIC_TYPE_COUNT},
    {"ruptures", "Ruptures", PIC_TYPE_COUNT},
    {"tardives", "Tardives", PIC_TYPE_COUNT},
    {"ecrit", "Écrit", PIC_TYPE_BOOL},
};

static int answer_import(struct importing *im, bool written)
{
    struct pic_sheet sheet;
    pic_sheet_init(&sheet, import_columns, sizeof import_columns / sizeof *import_columns);
    for (size_t i = 0; i < im->plan.n; i++) {
        const struct pic_import_item *item = &im->plan.items[i];
        const struct pic_statement *t = item->statement;
        pic_sheet_text(&sheet, t->account);
        pic_sheet_int(&sheet, t->from_on);
        pic_sheet_int(&sheet, t->to_on);
        pic_sheet_int(&sheet, t->opening);
        pic_sheet_int(&sheet, t->closing);
        pic_sheet_int(&sheet, (int64_t)t->line_n);
        pic_sheet_int(&sheet, (int64_t)item->known_n);
        pic_sheet_int(&sheet, (int64_t)(t->line_n - item->known_n));
        pic_sheet_int(&sheet, (int64_t)pic_import_item_breaks(item));
        pic_sheet_int(&sheet, (int64_t)item->late_n);
        pic_sheet_int(&sheet, written);
    }
    int status = pic_call_sheet(im->call, &sheet, false);
    pic_sheet_release(&sheet);
    return status;
}

/* Asks, unless the call answers beforehand. */
static int may_write(struct pic_call *call, bool *yes)
{
    *yes = pic_call_has(call, "oui");
    if (*yes)
        return PIC_OK;
    return pic_terminal_confirm(&call->terminal, pic_speech_text(PIC_TELL_ASK_WRITE), yes,
                                &call->err);
}

static int import(struct importing *im)
{
    struct pic_call *call = im->call;
    bool tried = pic_call_has(call, "essai");
    bool yes = false;
    int status = make_plan(im);
    if (status != PIC_OK)
        return status;
    say_plan(im);
    if (!tried)
        status = may_write(call, &yes);
    if (status == PIC_OK && yes)
        status = write_plan(im);
    if (status == PIC_OK)
        status = answer_import(im, yes);
    if (status != PIC_OK)
        return status;
    struct pieces p;
    pieces_init(&p);
    pic_speech_count(&p.at[0], im->plan.new_n, "mouvement nouveau", "mouvements nouveaux");
    if (yes)
        say(call, PIC_TELL_STATEMENT_IMPORTED, &p);
    else
        pic_call_tell(call, tried ? PIC_TELL_IMPORT_TRIED : PIC_TELL_IMPORT_DECLINED, NULL);
    pieces_release(&p);
    return PIC_OK;
}

static int run_import(struct pic_call *call)
{
    struct importing im = {.call = call,
                           .habit = {.account = pic_call_option(call, "compte"),
                                     .columns = pic_call_option(call, "colonnes")}};
    int status = pic_command_open(call, 0, &im.server);
    if (status != PIC_OK)
        return status;
    pic_buf_init(&im.file, PIC_BANK_FILE_MAX);
    pic_statements_init(&im.statements);
    status = import(&im);
    pic_waiting_release(&im.waiting);
    pic_import_release(&im.plan);
    pic_statements_release(&im.statements);
    pic_buf_release(&im.file);
    pic_server_close(&im.server);
    return status;
}

/* --- the table --- */

const struct pic_command pic_commands_bank[] = {
    {.path = "releve importer",
     .usage = "FICHIER",
     .summary = "Importe un relevé de banque : CFONB 120, CAMT.053, OFX ou CSV",
     .detail =
         "Montre d'abord ce qui serait écrit, puis demande. Une ligne déjà importée n'est pas "
         "écrite deux fois ; le même fichier est refusé.",
     .options = import_options,
     .run = run_import,
     .arg_min = 1,
     .arg_max = 1},
};
const size_t pic_commands_bank_n = sizeof pic_commands_bank / sizeof *pic_commands_bank;
