#include <stdio.h>
#include <stdlib.h>

#include "server/bank/match_store.h"
#include "server/commands/commands.h"

enum {
    TEXT_MAX = 4096,
    SHOWN_CANDIDATES = 20,
};

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
    pic_command_put_dot(sheet, line->id);
    pic_sheet_int(sheet, line->day);
    pic_sheet_int(sheet, line->amount);
    pic_sheet_span(sheet, line->label);
    if (m->zone == PIC_MATCH_NONE) {
        pic_sheet_null(sheet);
        pic_sheet_null(sheet);
        pic_sheet_null(sheet);
    } else {
        pic_command_put_dot(sheet, w->items[m->item].id);
        pic_sheet_int(sheet, m->score);
        put_reasons(sheet, m);
    }
    pic_command_put_dot(sheet, posted);
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

/* Whether a line belongs to a sum, which shows it. */
static bool is_summed(const struct pic_waiting *w, size_t line)
{
    for (size_t i = 0; i < w->sums.n; i++)
        for (size_t k = 0; k < w->sums.at[i].line_n; k++)
            if (w->sums.at[i].lines[k] == line)
                return true;
    return false;
}

/* Numbers of several rows, as people read them: "2-14 + 2-18". */
static void put_dots(struct pic_sheet *sheet, const size_t *at, size_t n,
                     uint64_t (*id_of)(const struct pic_waiting *, size_t),
                     const struct pic_waiting *w)
{
    struct pic_buf text;
    pic_buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        pic_buf_text(&text, i == 0 ? "" : " + ");
        pic_dot_print(id_of(w, at[i]), &text);
    }
    pic_sheet_text(sheet, pic_buf_string(&text));
    pic_buf_release(&text);
}

static uint64_t line_id(const struct pic_waiting *w, size_t at)
{
    return w->lines[at].id;
}

static uint64_t item_id(const struct pic_waiting *w, size_t at)
{
    return w->items[at].id;
}

/* A sum as one row: all its lines, all its entries, what they add up to. */
static void put_sum(struct pic_sheet *sheet, const struct pic_waiting *w, const struct pic_sum *sum)
{
    const struct pic_match_line *first = &w->lines[sum->lines[0]];
    struct pic_buf reasons;
    int64_t cents = 0;
    for (size_t i = 0; i < sum->line_n; i++)
        cents += w->lines[sum->lines[i]].amount;
    pic_sheet_text(sheet, zone_codes[PIC_MATCH_PROBABLE]);
    put_dots(sheet, sum->lines, sum->line_n, line_id, w);
    pic_sheet_int(sheet, first->day);
    pic_sheet_int(sheet, cents);
    pic_sheet_span(sheet, first->label);
    put_dots(sheet, sum->items, sum->item_n, item_id, w);
    pic_sheet_null(sheet);
    pic_buf_init(&reasons, TEXT_MAX);
    pic_sum_explain(sum, &reasons);
    pic_sheet_text(sheet, pic_buf_string(&reasons));
    pic_buf_release(&reasons);
    pic_sheet_null(sheet);
}

static void fill_sums(const struct pic_waiting *w, uint64_t fund, struct pic_sheet *sheet,
                      size_t zones[static 3])
{
    for (size_t i = 0; i < w->sums.n; i++) {
        const struct pic_sum *sum = &w->sums.at[i];
        if (fund != 0 && w->line_funds[sum->lines[0]] != fund &&
            w->item_funds[sum->items[0]] != fund)
            continue;
        put_sum(sheet, w, sum);
        zones[PIC_MATCH_PROBABLE]++;
    }
}

/* Certain first, then probable, then what has no proposal; posts where there is a recording. */
static int fill_matches(struct pic_call *call, struct pic_record *record,
                        const struct pic_waiting *w, uint64_t fund, struct pic_sheet *sheet,
                        size_t zones[static 3])
{
    char store[PIC_WHO_MAX];
    const char *who = pic_command_who(call, store);
    int status = PIC_OK;
    for (size_t z = 3; z-- > 0;) {
        if (z == PIC_MATCH_NONE)
            fill_sums(w, fund, sheet, zones);
        for (size_t i = 0; status == PIC_OK && i < w->line_n; i++) {
            const struct pic_match *m = &w->matches[i];
            uint64_t id = 0;
            if (m->zone != z || !is_shown(w, m, fund) || is_summed(w, i))
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
    struct pic_buf certain;
    char probable[24];
    char none[24];
    pic_buf_init(&certain, 64);
    pic_speech_count(&certain, zones[PIC_MATCH_CERTAIN], "certaine", "certaines");
    (void)snprintf(probable, sizeof probable, "%zu", zones[PIC_MATCH_PROBABLE]);
    (void)snprintf(none, sizeof none, "%zu", zones[PIC_MATCH_NONE]);
    pic_call_tell(call, PIC_TELL_MATCHES_POSTED, pic_buf_string(&certain), probable, none, NULL);
    pic_buf_release(&certain);
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

/* --- rapprocher expliquer --- */

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
    pic_command_put_dot(
        sheet, (uint64_t)pic_row_value(&row, pic_entity_by_column(entity, "about")->number)->i);
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
        pic_command_put_dot(sheet, w->items[found[i].item].id);
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
        status = pic_fail(&call->err, PIC_EMATCHED, call->args[0], NULL);
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

static const struct pic_option match_options[] = {
    {.name = "fonds", .argument = "FONDS", .help = "Seulement ce qui concerne ce fonds"},
    {.name = "essai", .help = "Montre les trois zones, sans rien écrire"},
    PIC_WHO_OPTION,
    {0},
};

const struct pic_command pic_commands_match[] = {
    {.path = "rapprocher",
     .summary = "Rapproche les mouvements de banque des paiements et des versements",
     .detail =
         "Trois zones : certain (écrit), probable (à confirmer par une personne), sans "
         "proposition. Une ligne peut prouver plusieurs saisies, et plusieurs lignes une saisie : "
         "quand la somme tombe juste, elle est proposée.",
     .options = match_options,
     .run = run_match},
    {.path = "rapprocher expliquer",
     .usage = "LIGNE",
     .summary = "Dit à quoi une ligne peut correspondre, ou pourquoi elle est rapprochée",
     .options = NULL,
     .run = run_explain,
     .arg_min = 1,
     .arg_max = 1},
};
const size_t pic_commands_match_n = sizeof pic_commands_match / sizeof *pic_commands_match;
