#include <stdlib.h>
#include <string.h>

#include "server/bank/match_store.h"
#include "server/commands/commands.h"

/* rapprocher confirmer, defaire: what a person decides. */

enum { TEXT_MAX = 4096 };

/* --- confirmer --- */

/* What was named on the command line: waiting lines and waiting entries, in the order given. */
struct chosen {
    size_t lines[PIC_SUM_MAX], items[PIC_SUM_MAX];
    size_t line_n, item_n;
};

/* Where a number given on the command line waits. PIC_EMATCHED, PIC_ELIMIT. */
static int choose_one(struct pic_call *call, struct pic_server *server, const struct pic_waiting *w,
                      const char *typed, struct chosen *out)
{
    uint64_t id;
    int status =
        pic_entry_find(pic_server_state(server), "", PIC_DEVICE_SERVER, typed, &id, &call->err);
    if (status != PIC_OK)
        return status;
    size_t line = pic_waiting_line(w, id);
    size_t item = pic_waiting_item(w, id);
    if (line == SIZE_MAX && item == SIZE_MAX)
        return pic_fail(&call->err, PIC_EMATCHED, typed, NULL);
    size_t *list = line != SIZE_MAX ? out->lines : out->items;
    size_t *n = line != SIZE_MAX ? &out->line_n : &out->item_n;
    size_t at = line != SIZE_MAX ? line : item;
    for (size_t i = 0; i < *n; i++)
        if (list[i] == at)
            return pic_fail(&call->err, PIC_EUSAGE, typed, NULL);
    list[(*n)++] = at;
    return PIC_OK;
}

/* One line and its entries, or one entry and its lines. */
static int choose(struct pic_call *call, struct pic_server *server, const struct pic_waiting *w,
                  struct chosen *out)
{
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < call->arg_n; i++) {
        if (out->line_n == PIC_SUM_MAX || out->item_n == PIC_SUM_MAX)
            return pic_fail(&call->err, PIC_EUSAGE, call->args[i], NULL);
        status = choose_one(call, server, w, call->args[i], out);
    }
    if (status == PIC_OK &&
        (out->line_n == 0 || out->item_n == 0 || (out->line_n > 1 && out->item_n > 1)))
        return pic_fail(&call->err, PIC_EPAIRING, NULL);
    return status;
}

/* Whether the two sides are equal to the cent. */
static bool adds_up(const struct pic_waiting *w, const struct chosen *c)
{
    int64_t left = 0;
    for (size_t i = 0; i < c->line_n; i++)
        left += w->lines[c->lines[i]].amount;
    for (size_t i = 0; i < c->item_n; i++)
        left -= w->items[c->items[i]].amount;
    return left == 0;
}

/* The reasons of one of the pairs; alone it has its own, in a sum that of the sum. */
static int put_reasons(const struct chosen *c, const struct pic_match *pair, struct pic_buf *out)
{
    const struct pic_sum sum = {.line_n = c->line_n,
                                .item_n = c->item_n,
                                .name_percent = pair->name_percent,
                                .days = pair->days};
    if (c->line_n == 1 && c->item_n == 1)
        pic_match_explain(pair, out);
    else
        pic_sum_explain(&sum, out);
    return pic_buf_status(out);
}

/* Records what a person decided about one pair. */
static int record_pair(struct pic_call *call, struct pic_record *record,
                       const struct pic_waiting *w, const struct chosen *c, size_t line,
                       size_t item, bool by_hand, uint64_t *id)
{
    const char *reason = pic_call_option(call, "motif");
    char store[PIC_WHO_MAX];
    struct pic_match m;
    struct pic_buf text;
    int status = pic_match_pair(&w->lines[line], &w->items[item], &m);
    if (status != PIC_OK)
        return pic_fail(&call->err, status, NULL);
    pic_buf_init(&text, TEXT_MAX);
    if (reason != NULL) {
        pic_speech_tell(&text, PIC_TELL_MATCH_BY_HAND, reason, NULL);
        pic_buf_text(&text, " · ");
    }
    status = put_reasons(c, &m, &text);
    if (status == PIC_OK)
        status = pic_match_record(record, w->lines[line].id, w->items[item].id,
                                  by_hand ? "a-la-main" : "probable", pic_buf_string(&text),
                                  pic_command_who(call, store), id, &call->err);
    pic_buf_release(&text);
    return status;
}

/* What the figures do not suggest needs a reason. */
static int check_reason(struct pic_call *call, const struct pic_waiting *w, const struct chosen *c,
                        bool *by_hand)
{
    struct pic_match m;
    bool alone = c->line_n == 1 && c->item_n == 1;
    int status = pic_match_pair(&w->lines[c->lines[0]], &w->items[c->items[0]], &m);
    if (status != PIC_OK)
        return pic_fail(&call->err, status, NULL);
    *by_hand = !adds_up(w, c) || (alone && m.zone == PIC_MATCH_NONE);
    if (*by_hand && pic_call_option(call, "motif") == NULL)
        return pic_fail(&call->err, PIC_EMISSING_OPTION, "--motif", "Pourquoi",
                        "--motif \"frais déduits\"", NULL);
    return PIC_OK;
}

static int confirm(struct pic_call *call, struct pic_server *server, struct pic_record *record,
                   uint64_t *id)
{
    struct pic_waiting w = {0};
    struct chosen c = {0};
    bool by_hand = false;
    int status = pic_waiting_load(pic_server_db(server), NULL, &w, &call->err);
    if (status == PIC_OK)
        status = choose(call, server, &w, &c);
    if (status == PIC_OK)
        status = check_reason(call, &w, &c, &by_hand);
    for (size_t l = 0; status == PIC_OK && l < c.line_n; l++)
        for (size_t i = 0; status == PIC_OK && i < c.item_n; i++)
            status = record_pair(call, record, &w, &c, c.lines[l], c.items[i], by_hand, id);
    pic_waiting_release(&w);
    return status;
}

/* --- both --- */

static int answer(struct pic_call *call, enum pic_tell done, uint64_t id)
{
    static const struct pic_column columns[] = {{"rapprochement", "Rapprochement", PIC_TYPE_TEXT},
                                                {"qui", "Qui", PIC_TYPE_TEXT},
                                                {"quand", "Quand", PIC_TYPE_TEXT}};
    struct pic_sheet sheet;
    struct pic_buf number;
    struct pic_buf moment;
    char store[PIC_WHO_MAX];
    const char *who = pic_command_who(call, store);
    int64_t now_ms = pic_server_now_ms();
    pic_buf_init(&number, 64);
    pic_buf_init(&moment, 128);
    pic_dot_print(id, &number);
    pic_speech_moment(&moment, now_ms, now_ms);
    pic_call_tell(call, done, pic_buf_string(&number), who, pic_buf_string(&moment), NULL);
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    pic_sheet_text(&sheet, pic_buf_string(&number));
    pic_sheet_text(&sheet, who);
    pic_sheet_text(&sheet, pic_buf_string(&moment));
    int status = call->json || call->plain ? pic_call_sheet(call, &sheet, true) : PIC_OK;
    pic_sheet_release(&sheet);
    pic_buf_release(&number);
    pic_buf_release(&moment);
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
    return status == PIC_OK ? answer(call, done, id) : status;
}

static int run_confirm(struct pic_call *call)
{
    return decide(call, PIC_TELL_MATCH_CONFIRMED, confirm);
}

/* --- defaire --- */

static int undo(struct pic_call *call, struct pic_server *server, struct pic_record *record,
                uint64_t *id)
{
    char store[PIC_WHO_MAX];
    uint64_t given;
    size_t n = 0;
    int status = pic_entry_find(pic_server_state(server), "", PIC_DEVICE_SERVER, call->args[0],
                                &given, &call->err);
    if (status == PIC_OK)
        status = pic_match_find(pic_server_db(server), given, id, &call->err);
    if (status == PIC_OK)
        status = pic_match_undo(record, pic_server_db(server), *id, pic_call_option(call, "motif"),
                                pic_command_who(call, store), &n, &call->err);
    return status;
}

static int run_undo(struct pic_call *call)
{
    return decide(call, PIC_TELL_MATCH_UNDONE, undo);
}

/* --- the table --- */

static const struct pic_option confirm_options[] = {
    {.name = "motif", .argument = "TEXTE", .help = "Pourquoi, quand rien ne le montre"},
    PIC_WHO_OPTION,
    {0},
};

static const struct pic_option undo_options[] = {
    {.name = "motif", .argument = "TEXTE", .help = "Pourquoi", .flags = PIC_OPTION_REQUIRED},
    PIC_WHO_OPTION,
    {0},
};

const struct pic_command pic_commands_decide[] = {
    {.path = "rapprocher confirmer",
     .usage = "LIGNE SAISIE [...]",
     .summary = "Rapproche une ligne de banque de ce qu'elle prouve",
     .detail = "Une ligne et une saisie ; ou une ligne et jusqu'à quatre saisies qui font la même "
               "somme ; ou jusqu'à quatre lignes et une saisie. Une autre somme demande un motif.",
     .options = confirm_options,
     .run = run_confirm,
     .arg_min = 2,
     .arg_max = 1 + PIC_SUM_MAX},
    {.path = "rapprocher defaire",
     .usage = "NUMERO",
     .summary = "Défait un rapprochement, par son numéro, celui de la ligne ou de la saisie",
     .detail = "Ce qui a été rapproché ensemble se défait ensemble.",
     .options = undo_options,
     .run = run_undo,
     .arg_min = 1,
     .arg_max = 1},
};
const size_t pic_commands_decide_n = sizeof pic_commands_decide / sizeof *pic_commands_decide;
