#include <stddef.h>

#include "agent/commands/commands.h"
#include "agent/given.h"
#include "schema/dictionary/grid.h"

/* A participant who is named otherwise is counted anew: the token is made again at the next
 * exchange. */
static int uncount(struct pic_given *given, struct pic_agent *agent,
                   const struct pic_entity *entity, struct pic_err *err)
{
    bool named = false;
    for (size_t i = 0; i < given->n; i++)
        named = named || given->inputs[i].field->type == PIC_TYPE_IDENTITY;
    return named && entity->number == PIC_PARTICIPANT
               ? pic_given_add(given, agent, pic_entity_by_column(entity, "token"), "", err)
               : PIC_OK;
}

/* In the open transaction: the fields that were given, as one change. */
static int record_given(struct pic_call *call, struct pic_agent *agent,
                        const struct pic_entity *entity, uint64_t id, uint64_t *dot)
{
    struct pic_given given = {.n = 0};
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < call->value_n; i++)
        status =
            pic_given_add(&given, agent, call->values[i].field, call->values[i].typed, &call->err);
    if (status == PIC_OK && id != 0)
        status = uncount(&given, agent, entity, &call->err);
    if (status == PIC_OK)
        status = pic_given_record(&given, agent, entity, id, dot, &call->err);
    return status;
}

/* Ends the open transaction as status says. */
static int finish(struct pic_call *call, struct pic_agent *agent, int status)
{
    if (status == PIC_OK)
        return pic_agent_commit(agent, &call->err);
    pic_agent_rollback(agent);
    return status;
}

/* A project is handed in with a budget that balances. */
static int check_submission(struct pic_call *call, struct pic_agent *agent, uint64_t id)
{
    const struct pic_entity *project = pic_dictionary_entity(PIC_PROJECT);
    const struct pic_call_value *given =
        call->target.entity != project
            ? NULL
            : pic_call_field(call, pic_entity_by_column(project, "status")->number);
    return given != NULL && pic_warn_hands_in(given->value.s)
               ? pic_warn_submission(agent, id, &call->err)
               : PIC_OK;
}

/* Records what was given: a new row, or an edit of the one that the first argument names. */
static int keep_given(struct pic_call *call, bool creates)
{
    const struct pic_entity *entity = call->target.entity;
    struct pic_agent agent;
    uint64_t id = 0;
    uint64_t dot = 0;
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK && !creates)
        status = pic_desk_id(call, &agent, entity, 0, &id);
    if (status == PIC_OK)
        status = check_submission(call, &agent, id);
    if (status == PIC_OK)
        status = pic_agent_begin(&agent, &call->err);
    if (status == PIC_OK)
        status = finish(call, &agent, record_given(call, &agent, entity, id, &dot));
    if (status == PIC_OK)
        status = pic_desk_saved(call, entity, creates ? dot : id);
    if (status == PIC_OK)
        pic_desk_warn(call, &agent, entity, creates ? dot : id);
    pic_agent_close(&agent);
    return status;
}

int pic_command_add(struct pic_call *call)
{
    return keep_given(call, true);
}

int pic_command_change(struct pic_call *call)
{
    return keep_given(call, false);
}

int pic_command_cancel(struct pic_call *call)
{
    const struct pic_entity *entity = call->target.entity;
    struct pic_agent agent;
    uint64_t id = 0;
    uint64_t dot = 0;
    const struct pic_input reason = {
        .field = pic_entity_field(entity, PIC_FIELD_CANCELLED),
        .typed = pic_call_has(call, "retablir") ? "" : pic_call_option(call, "motif")};
    if (reason.typed == NULL)
        return pic_fail(&call->err, PIC_EMISSING_OPTION, "--motif", "--motif",
                        "--motif \"saisi deux fois\"", NULL);
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = *reason.typed == '\0' ? pic_desk_cancelled_id(call, &agent, entity, 0, &id)
                                       : pic_desk_id(call, &agent, entity, 0, &id);
    if (status == PIC_OK)
        status = pic_record(&agent, entity, id, &reason, 1, &dot, &call->err);
    if (status == PIC_OK)
        status = pic_desk_saved(call, entity, id);
    pic_agent_close(&agent);
    return status;
}

/* The values of an entry that is about to be replaced, as inputs; then what was given instead. */
static int copy_row(struct pic_call *call, const struct pic_row *row, struct pic_given *out)
{
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < row->entity->field_n; i++) {
        const struct pic_field *field = &row->entity->fields[i];
        bool kept = field->number != PIC_FIELD_CANCELLED && row->values[i].kind != PIC_KIND_NULL &&
                    pic_call_field(call, field->number) == NULL;
        if (kept)
            status = pic_given_value(out, field, &row->values[i], &call->err);
    }
    return status;
}

/* Reversal, and the right entry in its place when fields are given, in one transaction. */
static int reverse(struct pic_call *call, struct pic_agent *agent, uint64_t id, uint64_t *dot)
{
    const struct pic_entity *entity = call->target.entity;
    struct pic_given given = {.n = 0};
    struct pic_row row;
    int status = pic_record_reverse(agent, id, pic_call_option(call, "motif"), dot, &call->err);
    if (status != PIC_OK || call->value_n == 0)
        return status;
    status = pic_row_load(pic_state_rows(agent->state), entity, id, &row);
    if (status == PIC_OK)
        status = copy_row(call, &row, &given);
    for (size_t i = 0; status == PIC_OK && i < call->value_n; i++)
        status =
            pic_given_add(&given, agent, call->values[i].field, call->values[i].typed, &call->err);
    if (status == PIC_OK)
        status = pic_given_record(&given, agent, entity, 0, dot, &call->err);
    return status;
}

int pic_command_reverse(struct pic_call *call)
{
    const struct pic_entity *entity = call->target.entity;
    const struct pic_entity *shown = pic_dictionary_entity(PIC_REVERSAL);
    struct pic_agent agent;
    uint64_t id = 0;
    uint64_t dot = 0;
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = pic_desk_id(call, &agent, entity, 0, &id);
    if (status == PIC_OK)
        status = pic_agent_begin(&agent, &call->err);
    if (status == PIC_OK)
        status = finish(call, &agent, reverse(call, &agent, id, &dot));
    if (status == PIC_OK)
        status = pic_desk_saved(call, call->value_n > 0 ? entity : shown, dot);
    if (status == PIC_OK && call->value_n > 0)
        pic_desk_warn(call, &agent, entity, dot);
    pic_agent_close(&agent);
    return status;
}

/* --- the head-count grid --- */

/* All cells given, as one grid, checked against the totals that were added up on paper. */
static int read_grid(struct pic_call *call, struct pic_grid *grid)
{
    static const struct {
        const char *option;
        size_t at;
    } totals[] = {
        {"total-genre", offsetof(struct pic_grid_announced, by_gender)},
        {"total-age", offsetof(struct pic_grid_announced, by_age)},
        {"total-residence", offsetof(struct pic_grid_announced, by_residence)},
    };
    struct pic_grid_announced announced = {-1, -1, -1};
    struct pic_buf typed;
    int status = PIC_OK;
    pic_buf_init(&typed, PIC_TEXT_MAX);
    for (size_t i = 1; i < call->arg_n; i++)
        pic_buf_printf(&typed, "%s%s", i == 1 ? "" : " ", call->args[i]);
    for (size_t i = 0; status == PIC_OK && i < sizeof totals / sizeof *totals; i++) {
        int64_t *total = (int64_t *)((uint8_t *)&announced + totals[i].at);
        const char *given = pic_call_option(call, totals[i].option);
        if (given != NULL)
            status = pic_count_parse(given, PIC_GRID_COUNT_MAX, total, &call->err);
    }
    if (status == PIC_OK)
        status = pic_grid_parse(pic_buf_string(&typed), grid, &call->err);
    if (status == PIC_OK)
        status = pic_grid_agree(grid, &announced, &call->err);
    pic_buf_release(&typed);
    return status;
}

static int record_grid(struct pic_call *call, struct pic_agent *agent, const struct pic_grid *grid,
                       uint64_t *dot)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_ATTENDANCE);
    struct pic_buf bytes;
    pic_buf_init(&bytes, PIC_TEXT_MAX);
    pic_grid_put(grid, &bytes);
    const struct pic_value value = {.kind = PIC_KIND_BYTES, .s = pic_buf_view(&bytes)};
    const char *moment = pic_call_option(call, "moment");
    const char *day = pic_call_option(call, "date");
    const struct pic_input inputs[] = {
        {.field = pic_entity_by_column(entity, "project"), .typed = call->args[0]},
        {.field = pic_entity_by_column(entity, "moment"), .typed = moment ? moment : "realise"},
        {.field = pic_entity_by_column(entity, "held_on"), .typed = day ? day : ""},
        {.field = pic_entity_by_column(entity, "grid"), .value = &value},
    };
    int status = pic_buf_status(&bytes);
    if (status == PIC_OK)
        status =
            pic_record(agent, entity, 0, inputs, sizeof inputs / sizeof *inputs, dot, &call->err);
    pic_buf_release(&bytes);
    return status;
}

int pic_command_grid(struct pic_call *call)
{
    struct pic_grid grid = {0};
    struct pic_agent agent;
    uint64_t dot = 0;
    int status = read_grid(call, &grid);
    if (status != PIC_OK)
        return status;
    status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = record_grid(call, &agent, &grid, &dot);
    if (status == PIC_OK)
        status = pic_desk_saved(call, pic_dictionary_entity(PIC_ATTENDANCE), dot);
    pic_agent_close(&agent);
    return status;
}
