#include <stdlib.h>

#include "agent/commands/commands.h"
#include "agent/status.h"

enum { MOMENTS_MAX = 1 << 20, TEXT_MAX = 65536, BYTES_MAX = 1 << 20 };

/* A change of one object, and when it was made. */
struct moment {
    uint64_t stamp, dot;
};

struct history {
    struct pic_call *call;
    struct pic_agent *agent;
    const struct pic_entity *entity;
    const struct pic_field *only; /* --champ, or NULL */
    struct pic_sheet sheet;
    struct pic_buf moments, bytes;
    struct pic_change_store *store;
    struct pic_buf last[PIC_CHANGE_OPS_MAX]; /* each field as it was last shown */
};

static int by_time(const void *a, const void *b)
{
    const struct moment *x = a;
    const struct moment *y = b;
    if (x->stamp != y->stamp)
        return x->stamp < y->stamp ? -1 : 1;
    return x->dot < y->dot ? -1 : x->dot > y->dot;
}

static int note(struct history *h, uint64_t dot)
{
    struct pic_change change;
    uint64_t position = 0;
    int status = pic_agent_change(h->agent, dot, &h->bytes, h->store, &change, &position);
    const struct moment moment = {.stamp = change.stamp, .dot = dot};
    if (status == PIC_OK)
        pic_buf_bytes(&h->moments, &moment, sizeof moment);
    return status == PIC_OK ? pic_buf_status(&h->moments) : status;
}

/* The creating change, every edit that the state knows of, and what reverses it. */
static int gather(struct history *h, uint64_t id)
{
    bool row = true;
    int status = note(h, id);
    sqlite3_stmt *stmt = pic_db_prepare(&h->agent->db,
                                        "SELECT dot FROM history WHERE entity = ?1"
                                        " UNION ALL SELECT id FROM reversal WHERE about = ?1",
                                        NULL);
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)id);
    while (status == PIC_OK && row) {
        status = pic_db_step(stmt, &row);
        if (status == PIC_OK && row)
            status = note(h, (uint64_t)sqlite3_column_int64(stmt, 0));
    }
    (void)sqlite3_finalize(stmt);
    qsort(h->moments.data, h->moments.len / sizeof(struct moment), sizeof(struct moment), by_time);
    return status;
}

/* The receipt that covers a change of this laptop, as people read it. */
static void put_receipt(struct history *h, uint64_t dot, struct pic_buf *out)
{
    struct pic_receipt receipt = {0};
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(&h->agent->db,
                                        "SELECT number, time_ms FROM proof WHERE seq >= ?1"
                                        " ORDER BY seq, time_ms LIMIT 1",
                                        NULL);
    if (stmt == NULL || pic_dot_device(dot) != h->agent->self.device) {
        (void)sqlite3_finalize(stmt);
        return;
    }
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)pic_dot_seq(dot));
    if (pic_db_step(stmt, &row) == PIC_OK && row) {
        receipt.number = (uint64_t)sqlite3_column_int64(stmt, 0);
        receipt.time_ms = sqlite3_column_int64(stmt, 1);
        pic_receipt_print(&receipt, out);
    }
    (void)sqlite3_finalize(stmt);
}

/* One line; last is what the line's subject was before, and becomes what it is now. */
static void put_line(struct history *h, const struct pic_change *change, const struct pic_op *op,
                     const struct pic_field *field, const char *label, struct pic_buf *last)
{
    struct pic_buf text;
    pic_buf_init(&text, TEXT_MAX);
    pic_dot_print(change->dot, &text);
    pic_sheet_span(&h->sheet, pic_buf_view(&text));
    pic_buf_clear(&text);
    pic_speech_moment(&text, pic_clock_ms(change->stamp),
                      h->agent->world->now_ms(h->agent->world->context));
    pic_sheet_span(&h->sheet, pic_buf_view(&text));
    pic_buf_clear(&text);
    pic_words_author(h->agent, change->dot, &text);
    pic_sheet_span(&h->sheet, pic_buf_view(&text));
    pic_sheet_text(&h->sheet, label);
    pic_sheet_span(&h->sheet, pic_buf_view(last));
    pic_buf_clear(last);
    pic_words_value(h->agent, field, &op->value, last);
    pic_sheet_span(&h->sheet, pic_buf_view(last));
    pic_buf_clear(&text);
    put_receipt(h, change->dot, &text);
    pic_sheet_span(&h->sheet, pic_buf_view(&text));
    pic_buf_release(&text);
}

/* A change of the object itself, field by field. */
static void put_change(struct history *h, const struct pic_change *change)
{
    for (unsigned k = 0; k < change->op_n; k++) {
        const struct pic_op *op = &change->ops[k];
        const struct pic_field *field = pic_entity_field(h->entity, op->field);
        if (field != NULL && (h->only == NULL || h->only == field))
            put_line(h, change, op, field, field->label,
                     &h->last[pic_entity_index(h->entity, op->field)]);
    }
}

/* A reversal of the object, with its reason; of no single field. */
static void put_reversal(struct history *h, const struct pic_change *change)
{
    const struct pic_entity *reversal = pic_dictionary_entity(PIC_REVERSAL);
    const struct pic_field *reason = pic_entity_by_column(reversal, "reason");
    struct pic_buf none;
    pic_buf_init(&none, TEXT_MAX);
    for (unsigned k = 0; k < change->op_n && h->only == NULL; k++)
        if (change->ops[k].field == reason->number)
            put_line(h, change, &change->ops[k], reason, reversal->label, &none);
    pic_buf_release(&none);
}

static int tell(struct history *h)
{
    const size_t n = h->moments.len / sizeof(struct moment);
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < n; i++) {
        const struct moment *moment = (const struct moment *)(const void *)h->moments.data + i;
        struct pic_change change;
        uint64_t position = 0;
        status = pic_agent_change(h->agent, moment->dot, &h->bytes, h->store, &change, &position);
        if (status == PIC_OK && change.entity == h->entity->number)
            put_change(h, &change);
        else if (status == PIC_OK)
            put_reversal(h, &change);
    }
    return status;
}

static int run(struct history *h, uint64_t id)
{
    const char *field = pic_call_option(h->call, "champ");
    uint64_t org = 0;
    int status = pic_state_find(h->agent->state, id, &h->entity, &org);
    if (status == PIC_OK && field != NULL) {
        h->only = pic_entity_by_option(h->entity, field);
        if (h->only == NULL)
            return pic_fail(&h->call->err, PIC_ECODE, field, "--champ", NULL);
    }
    if (status == PIC_OK)
        status = gather(h, id);
    if (status == PIC_OK)
        status = tell(h);
    return status == PIC_OK ? pic_call_sheet(h->call, &h->sheet, false)
                            : pic_fail(&h->call->err, status, NULL);
}

int pic_command_history(struct pic_call *call)
{
    static const struct pic_column columns[] = {
        {"saisie", "Saisie", PIC_TYPE_TEXT}, {"quand", "Quand", PIC_TYPE_TEXT},
        {"qui", "Qui", PIC_TYPE_TEXT},       {"champ", "Champ", PIC_TYPE_TEXT},
        {"avant", "Avant", PIC_TYPE_TEXT},   {"apres", "Après", PIC_TYPE_TEXT},
        {"accuse", "Accusé", PIC_TYPE_TEXT},
    };
    struct pic_agent agent;
    struct history h = {.call = call, .agent = &agent, .store = malloc(sizeof *h.store)};
    uint64_t id = 0;
    pic_sheet_init(&h.sheet, columns, sizeof columns / sizeof *columns);
    pic_buf_init(&h.moments, MOMENTS_MAX);
    pic_buf_init(&h.bytes, BYTES_MAX);
    for (size_t i = 0; i < PIC_CHANGE_OPS_MAX; i++)
        pic_buf_init(&h.last[i], TEXT_MAX);
    int status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK && h.store == NULL)
        status = pic_fail(&call->err, PIC_EMEMORY, NULL);
    if (status == PIC_OK)
        status = pic_desk_id(call, &agent, NULL, 0, &id);
    if (status == PIC_OK)
        status = run(&h, id);
    for (size_t i = 0; i < PIC_CHANGE_OPS_MAX; i++)
        pic_buf_release(&h.last[i]);
    pic_buf_release(&h.moments);
    pic_buf_release(&h.bytes);
    pic_sheet_release(&h.sheet);
    free(h.store);
    pic_agent_close(&agent);
    return status;
}
