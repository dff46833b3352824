#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/base/text.h"
#include "schema/dictionary/value.h"
#include "server/bank/format.h"
#include "server/bank/import.h"
#include "server/bank/match_store.h"
#include "server/commands/commands.h"
#include "server/file.h"

enum {
    TEXT_MAX = 4096,
    SHOWN_PROBABLE = 20, /* probable matches that a plan shows */
    SHOWN_BREAKS = 20,
    SHOWN_CANDIDATES = 20,
    WHO_MAX = 128,
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

static void put_dot(struct pic_sheet *sheet, uint64_t id)
{
    struct pic_buf text;
    if (id == 0) {
        pic_sheet_null(sheet);
        return;
    }
    pic_buf_init(&text, 64);
    pic_dot_print(id, &text);
    pic_sheet_text(sheet, pic_buf_string(&text));
    pic_buf_release(&text);
}

/* --- releve importer: the plan --- */

static const struct pic_option import_options[] = {
    {.name = "format",
     .argument = "FORMAT",
     .help = "Format du fichier (auto)",
     .choices = PIC_FORMAT_CHOICES},
    {.name = "compte", .argument = "COMPTE", .help = "Compte d'un fichier qui ne le nomme pas"},
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

static int read_options(struct importing *im)
{
    struct pic_call *call = im->call;
    const char *fund = pic_call_option(call, "fonds");
    int status = money_option(call, "solde-initial", &im->opening, &im->options.opening);
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
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
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
        status = pic_format_read(format == NULL ? "auto" : format, pic_buf_view(&im->file),
                                 pic_call_option(call, "compte"), &im->statements, &call->err);
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
    struct importing im = {.call = call};
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

/* --- rapprocher --- */

static const struct pic_column match_columns[] = {
    {"zone", "Zone", PIC_TYPE_TEXT},
    {"ligne", "Ligne", PIC_TYPE_TEXT},
    {"date", "Date", PIC_TYPE_DATE},
    {"montant", "Montant", PIC_TYPE_MONEY},
    {"libelle", "Libellé", PIC_TYPE_TEXT},
    {"objet", "Saisie", PIC_TYPE_TEXT},
    {"score", "Score", PIC_TYPE_COUNT},
    {"raisons", "Raisons", PIC_TYPE_TEXT},
    {"rapprochement", "Rapprochement", PIC_TYPE_TEXT},
};
enum { MATCH_COLUMN_N = sizeof match_columns / sizeof *match_columns };

static const char *const zone_codes[] = {
    [PIC_MATCH_NONE] = "sans proposition",
    [PIC_MATCH_PROBABLE] = "probable",
    [PIC_MATCH_CERTAIN] = "certain",
};

/* Who decides: --qui, else the account that runs the program. */
static const char *who_of(const struct pic_call *call, char out[static WHO_MAX])
{
    const char *given = pic_call_option(call, "qui");
    struct passwd entry;
    struct passwd *found = NULL;
    char store[TEXT_MAX];
    if (given != NULL && *given != '\0')
        return given;
    if (getpwuid_r(getuid(), &entry, store, sizeof store, &found) == 0 && found != NULL &&
        strlen(found->pw_name) < WHO_MAX)
        return strcpy(out, found->pw_name);
    return strcpy(out, "equipe centrale");
}

static void put_reasons(struct pic_sheet *sheet, const struct pic_match *m)
{
    struct pic_buf text;
    pic_buf_init(&text, TEXT_MAX);
    pic_match_explain(m, &text);
    pic_sheet_text(sheet, pic_buf_string(&text));
    pic_buf_release(&text);
}

/* Whether a line, or what is proposed for it, is of the fund that was asked for. */
static bool is_shown(const struct pic_waiting *w, const struct pic_match *m, uint64_t fund)
{
    return fund == 0 || w->line_funds[m->line] == fund ||
           (m->zone != PIC_MATCH_NONE && w->item_funds[m->item] == fund);
}

static void put_match(struct pic_sheet *sheet, const struct pic_waiting *w,
                      const struct pic_match *m, uint64_t posted)
{
    const struct pic_match_line *line = &w->lines[m->line];
    pic_sheet_text(sheet, zone_codes[m->zone]);
    put_dot(sheet, line->id);
    pic_sheet_int(sheet, line->day);
    pic_sheet_int(sheet, line->amount);
    pic_sheet_span(sheet, line->label);
    if (m->zone == PIC_MATCH_NONE) {
        pic_sheet_null(sheet);
        pic_sheet_null(sheet);
        pic_sheet_null(sheet);
    } else {
        put_dot(sheet, w->items[m->item].id);
        pic_sheet_int(sheet, m->score);
        put_reasons(sheet, m);
    }
    put_dot(sheet, posted);
}

/* Records one match as the state's own words have it. */
static int post(struct pic_record *record, const struct pic_waiting *w, const struct pic_match *m,
                const char *who, uint64_t *id, struct pic_err *err)
{
    struct pic_buf reasons;
    pic_buf_init(&reasons, TEXT_MAX);
    pic_match_explain(m, &reasons);
    int status = pic_match_record(record, w->lines[m->line].id, w->items[m->item].id,
                                  zone_codes[m->zone], pic_buf_string(&reasons), who, id, err);
    pic_buf_release(&reasons);
    return status;
}

/* Certain first, then probable, then what has no proposal; posts where there is a recording. */
static int fill_matches(struct pic_call *call, struct pic_record *record,
                        const struct pic_waiting *w, uint64_t fund, struct pic_sheet *sheet,
                        size_t zones[static 3])
{
    char store[WHO_MAX];
    const char *who = who_of(call, store);
    int status = PIC_OK;
    for (size_t z = 3; z-- > 0;) {
        for (size_t i = 0; status == PIC_OK && i < w->line_n; i++) {
            const struct pic_match *m = &w->matches[i];
            uint64_t id = 0;
            if (m->zone != z || !is_shown(w, m, fund))
                continue;
            if (m->zone == PIC_MATCH_CERTAIN && record != NULL)
                status = post(record, w, m, who, &id, &call->err);
            put_match(sheet, w, m, id);
            zones[z]++;
        }
    }
    return status;
}

static void say_zones(const struct pic_call *call, const size_t zones[static 3])
{
    struct pieces p;
    pieces_init(&p);
    pic_speech_count(&p.at[0], zones[PIC_MATCH_CERTAIN], "certaine", "certaines");
    pic_count_format((int64_t)zones[PIC_MATCH_PROBABLE], PIC_STYLE_SCREEN, &p.at[1]);
    pic_count_format((int64_t)zones[PIC_MATCH_NONE], PIC_STYLE_SCREEN, &p.at[2]);
    say(call, PIC_TELL_MATCHES_POSTED, &p);
    pieces_release(&p);
}

static int match_all(struct pic_call *call, struct pic_server *server, struct pic_record *record,
                     struct pic_sheet *sheet, size_t zones[static 3])
{
    const char *fund = pic_call_option(call, "fonds");
    struct pic_waiting waiting = {0};
    uint64_t id = 0;
    int status = PIC_OK;
    if (fund != NULL)
        status = pic_entry_find(pic_server_state(server), "fund", PIC_DEVICE_SERVER, fund, &id,
                                &call->err);
    if (status == PIC_OK)
        status = pic_waiting_load(pic_server_db(server), NULL, &waiting, &call->err);
    if (status == PIC_OK)
        status = fill_matches(call, record, &waiting, id, sheet, zones);
    pic_waiting_release(&waiting);
    return status;
}

static int run_match(struct pic_call *call)
{
    struct pic_server server;
    struct pic_record *record = NULL;
    struct pic_sheet sheet;
    size_t zones[3] = {0};
    int status = pic_command_open(call, 0, &server);
    if (status != PIC_OK)
        return status;
    pic_sheet_init(&sheet, match_columns, MATCH_COLUMN_N);
    if (!pic_call_has(call, "essai"))
        status = pic_record_begin(&server, &record, &call->err);
    if (status == PIC_OK)
        status = match_all(call, &server, record, &sheet, zones);
    if (status == PIC_OK && record != NULL && zones[PIC_MATCH_CERTAIN] > 0) {
        status = pic_record_commit(record, &call->err);
        record = NULL;
    }
    pic_record_abort(record);
    if (status == PIC_OK) {
        status = pic_call_sheet(call, &sheet, false);
        say_zones(call, zones);
    }
    pic_sheet_release(&sheet);
    pic_server_close(&server);
    return status;
}

/* --- rapprocher confirmer, expliquer, defaire --- */

/* Where a number given on the command line waits; PIC_ENOT_FOUND. */
static int waiting_index(struct pic_call *call, struct pic_server *server, const char *table,
                         const char *typed, size_t (*find)(const struct pic_waiting *, uint64_t),
                         const struct pic_waiting *w, size_t *out)
{
    uint64_t id;
    int status =
        pic_entry_find(pic_server_state(server), table, PIC_DEVICE_SERVER, typed, &id, &call->err);
    if (status != PIC_OK)
        return status;
    *out = find(w, id);
    return *out != SIZE_MAX ? PIC_OK : pic_fail(&call->err, PIC_ENOT_FOUND, typed, NULL);
}

/* Records what a person decided about one pair. What the figures do not suggest needs a reason. */
static int confirm_pair(struct pic_call *call, struct pic_record *record,
                        const struct pic_waiting *w, const struct pic_match *m, uint64_t *id)
{
    const char *reason = pic_call_option(call, "motif");
    char store[WHO_MAX];
    struct pic_buf text;
    bool by_hand = m->zone == PIC_MATCH_NONE || (m->reasons & PIC_MATCH_AMOUNT) == 0;
    if (by_hand && reason == NULL)
        return pic_fail(&call->err, PIC_EMISSING_OPTION, "Motif", "--motif",
                        "--motif \"frais déduits\"", NULL);
    pic_buf_init(&text, TEXT_MAX);
    if (reason != NULL) {
        pic_speech_tell(&text, PIC_TELL_MATCH_BY_HAND, reason, NULL);
        pic_buf_text(&text, " · ");
    }
    pic_match_explain(m, &text);
    int status = pic_match_record(record, w->lines[m->line].id, w->items[m->item].id,
                                  by_hand ? "a-la-main" : "probable", pic_buf_string(&text),
                                  who_of(call, store), id, &call->err);
    pic_buf_release(&text);
    return status;
}

static int confirm(struct pic_call *call, struct pic_server *server, struct pic_record *record,
                   uint64_t *id)
{
    struct pic_waiting w = {0};
    struct pic_match m;
    size_t line = 0;
    size_t item = 0;
    int status = pic_waiting_load(pic_server_db(server), NULL, &w, &call->err);
    if (status == PIC_OK)
        status =
            waiting_index(call, server, "bank_line", call->args[0], pic_waiting_line, &w, &line);
    if (status == PIC_OK)
        status = waiting_index(call, server, "", call->args[1], pic_waiting_item, &w, &item);
    if (status == PIC_OK && (status = pic_match_pair(&w.lines[line], &w.items[item], &m)) != PIC_OK)
        (void)pic_fail(&call->err, status, NULL);
    if (status == PIC_OK) {
        m.line = line;
        m.item = item;
        status = confirm_pair(call, record, &w, &m, id);
    }
    pic_waiting_release(&w);
    return status;
}

static int answer_match(struct pic_call *call, enum pic_tell done, uint64_t id)
{
    struct pieces p;
    static const struct pic_column column = {"rapprochement", "Rapprochement", PIC_TYPE_TEXT};
    struct pic_sheet sheet;
    pieces_init(&p);
    pic_dot_print(id, &p.at[0]);
    say(call, done, &p);
    pieces_release(&p);
    pic_sheet_init(&sheet, &column, 1);
    put_dot(&sheet, id);
    int status = pic_call_sheet(call, &sheet, true);
    pic_sheet_release(&sheet);
    return status;
}

/* Runs one decision inside a recording, and answers with the match it is about. */
static int decide(struct pic_call *call, enum pic_tell done,
                  int (*decision)(struct pic_call *, struct pic_server *, struct pic_record *,
                                  uint64_t *))
{
    struct pic_server server;
    struct pic_record *record = NULL;
    uint64_t id = 0;
    int status = pic_command_open(call, 0, &server);
    if (status != PIC_OK)
        return status;
    status = pic_record_begin(&server, &record, &call->err);
    if (status == PIC_OK)
        status = decision(call, &server, record, &id);
    if (status == PIC_OK) {
        status = pic_record_commit(record, &call->err);
        record = NULL;
    }
    pic_record_abort(record);
    pic_server_close(&server);
    return status == PIC_OK ? answer_match(call, done, id) : status;
}

static int run_confirm(struct pic_call *call)
{
    return decide(call, PIC_TELL_MATCH_CONFIRMED, confirm);
}

static int undo(struct pic_call *call, struct pic_server *server, struct pic_record *record,
                uint64_t *id)
{
    uint64_t given;
    int status = pic_entry_find(pic_server_state(server), "", PIC_DEVICE_SERVER, call->args[0],
                                &given, &call->err);
    if (status == PIC_OK)
        status = pic_match_find(pic_server_db(server), given, id, &call->err);
    if (status == PIC_OK)
        status = pic_match_undo(record, *id, pic_call_option(call, "motif"), &call->err);
    return status;
}

static int run_undo(struct pic_call *call)
{
    return decide(call, PIC_TELL_MATCH_UNDONE, undo);
}

static const struct pic_column explain_columns[] = {
    {"objet", "Saisie", PIC_TYPE_TEXT}, {"zone", "Zone", PIC_TYPE_TEXT},
    {"score", "Score", PIC_TYPE_COUNT}, {"raisons", "Raisons", PIC_TYPE_TEXT},
    {"qui", "Qui", PIC_TYPE_TEXT},      {"quand", "Quand", PIC_TYPE_TEXT},
};
enum { EXPLAIN_COLUMN_N = sizeof explain_columns / sizeof *explain_columns };

/* A match that was made: what it said then, who and when. */
static int explain_made(struct pic_call *call, struct pic_server *server, uint64_t match,
                        struct pic_sheet *sheet)
{
    static const char *const columns[] = {"zone", NULL, "reasons", "who"};
    const struct pic_entity *entity = pic_dictionary_entity(PIC_MATCH);
    struct pic_row row;
    struct pic_buf moment;
    int status = pic_row_load(pic_state_rows(pic_server_state(server)), entity, match, &row);
    if (status != PIC_OK)
        return pic_fail(&call->err, status, NULL);
    put_dot(sheet, (uint64_t)pic_row_value(&row, pic_entity_by_column(entity, "about")->number)->i);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        if (columns[i] == NULL)
            pic_sheet_null(sheet);
        else
            pic_sheet_span(
                sheet, pic_row_value(&row, pic_entity_by_column(entity, columns[i])->number)->s);
    }
    pic_buf_init(&moment, 128);
    pic_speech_moment(&moment, pic_clock_ms(row.stamp), pic_server_now_ms());
    pic_sheet_text(sheet, pic_buf_string(&moment));
    pic_buf_release(&moment);
    return PIC_OK;
}

static int by_score(const void *a, const void *b)
{
    const struct pic_match *x = a;
    const struct pic_match *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

/* Every entry that could be meant by a line that waits, the likeliest first. */
static int explain_waiting(struct pic_call *call, const struct pic_waiting *w, size_t line,
                           struct pic_sheet *sheet)
{
    struct pic_match *found = calloc(w->item_n + 1, sizeof *found);
    size_t n = 0;
    int status = found == NULL ? PIC_EMEMORY : PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < w->item_n; i++) {
        status = pic_match_pair(&w->lines[line], &w->items[i], &found[n]);
        found[n].item = i;
        /* The zone is that of the whole reconciliation, which sees rivals. */
        if (w->matches[line].item == i)
            found[n].zone = w->matches[line].zone;
        n += found[n].zone != PIC_MATCH_NONE;
    }
    if (status == PIC_OK)
        qsort(found, n, sizeof *found, by_score);
    for (size_t i = 0; status == PIC_OK && i < n && i < SHOWN_CANDIDATES; i++) {
        put_dot(sheet, w->items[found[i].item].id);
        pic_sheet_text(sheet, zone_codes[found[i].zone]);
        pic_sheet_int(sheet, found[i].score);
        put_reasons(sheet, &found[i]);
        pic_sheet_null(sheet);
        pic_sheet_null(sheet);
    }
    free(found);
    return status == PIC_OK ? PIC_OK : pic_fail(&call->err, status, NULL);
}

static int explain(struct pic_call *call, struct pic_server *server, struct pic_sheet *sheet)
{
    struct pic_waiting w = {0};
    uint64_t id;
    uint64_t match;
    int status = pic_entry_find(pic_server_state(server), "bank_line", PIC_DEVICE_SERVER,
                                call->args[0], &id, &call->err);
    if (status == PIC_OK)
        status = pic_match_find(pic_server_db(server), id, &match, &call->err);
    if (status == PIC_OK)
        return explain_made(call, server, match, sheet);
    if (status != PIC_ENOT_FOUND)
        return status;
    status = pic_waiting_load(pic_server_db(server), NULL, &w, &call->err);
    size_t line = status == PIC_OK ? pic_waiting_line(&w, id) : SIZE_MAX;
    if (status == PIC_OK && line == SIZE_MAX)
        status = pic_fail(&call->err, PIC_ENOT_FOUND, call->args[0], NULL);
    if (status == PIC_OK)
        status = explain_waiting(call, &w, line, sheet);
    pic_waiting_release(&w);
    return status;
}

static int run_explain(struct pic_call *call)
{
    struct pic_server server;
    struct pic_sheet sheet;
    int status = pic_command_open(call, 0, &server);
    if (status != PIC_OK)
        return status;
    pic_sheet_init(&sheet, explain_columns, EXPLAIN_COLUMN_N);
    status = explain(call, &server, &sheet);
    if (status == PIC_OK)
        status = pic_call_sheet(call, &sheet, false);
    pic_sheet_release(&sheet);
    pic_server_close(&server);
    return status;
}

/* --- the table --- */

#define WHO_OPTION                                                                                 \
    {                                                                                              \
        .name = "qui", .argument = "NOM", .help = "Qui décide (le compte qui lance la commande)"  \
    }

static const struct pic_option match_options[] = {
    {.name = "fonds", .argument = "FONDS", .help = "Seulement ce qui concerne ce fonds"},
    {.name = "essai", .help = "Montre les trois zones, sans rien écrire"},
    WHO_OPTION,
    {0},
};

static const struct pic_option confirm_options[] = {
    {.name = "motif", .argument = "TEXTE", .help = "Pourquoi, quand rien ne le montre"},
    WHO_OPTION,
    {0},
};

static const struct pic_option undo_options[] = {
    {.name = "motif", .argument = "TEXTE", .help = "Pourquoi", .flags = PIC_OPTION_REQUIRED},
    {0},
};

const struct pic_command pic_commands_bank[] = {
    {.path = "releve importer",
     .usage = "FICHIER",
     .summary = "Importe un relevé de banque : CFONB 120, OFX ou CSV",
     .detail =
         "Montre d'abord ce qui serait écrit, puis demande. Une ligne déjà importée n'est pas "
         "écrite deux fois ; le même fichier est refusé.",
     .options = import_options,
     .run = run_import,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "rapprocher",
     .summary = "Rapproche les mouvements de banque des paiements et des versements",
     .detail = "Trois zones : certain (écrit), probable (à confirmer par une personne), sans "
               "proposition.",
     .options = match_options,
     .run = run_match},
    {.path = "rapprocher confirmer",
     .usage = "LIGNE ID",
     .summary = "Rapproche une ligne d'un paiement ou d'un versement",
     .options = confirm_options,
     .run = run_confirm,
     .arg_min = 2,
     .arg_max = 2},
    {.path = "rapprocher expliquer",
     .usage = "LIGNE",
     .summary = "Dit à quoi une ligne peut correspondre, ou pourquoi elle est rapprochée",
     .options = NULL,
     .run = run_explain,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "rapprocher defaire",
     .usage = "ID",
     .summary = "Défait un rapprochement, par son numéro ou celui de la ligne",
     .options = undo_options,
     .run = run_undo,
     .arg_min = 1,
     .arg_max = 1},
};
const size_t pic_commands_bank_n = sizeof pic_commands_bank / sizeof *pic_commands_bank;
