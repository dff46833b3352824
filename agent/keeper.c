#include "agent/keeper.h"

#include <stdio.h>
#include <string.h>

#include "agent/record.h"
#include "schema/state/naming.h"

/* The name under which this laptop was enrolled, once a hand-over has changed its record. */
static const char first_name[] = "first_person";

enum { MS_PER_DAY = 24 * 60 * 60 * 1000 };

static int enrolled_for(struct pic_agent *agent, struct pic_buf *out)
{
    struct pic_buf name;
    pic_buf_init(&name, sizeof agent->self.person);
    int status = pic_journal_fact_get(agent->journal, first_name, &name);
    pic_buf_text(out, status == PIC_OK ? pic_buf_string(&name) : agent->self.person);
    pic_buf_release(&name);
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

int pic_keeper_of(struct pic_agent *agent, uint64_t dot, struct pic_buf *out)
{
    bool own = pic_dot_device(dot) == agent->self.device;
    bool found = false;
    int status = agent->state == NULL ? PIC_OK : pic_naming_author(&agent->db, dot, out, &found);
    return status == PIC_OK && !found && own ? enrolled_for(agent, out) : status;
}

int pic_keeper_now(struct pic_agent *agent, struct pic_buf *out)
{
    uint64_t next = 0;
    int status = pic_agent_next_seq(agent, &next);
    return status == PIC_OK ? pic_keeper_of(agent, pic_dot(agent->self.device, next), out) : status;
}

/* The laptop's own record, and a sheet that is due again. */
static int take_over(struct pic_agent *agent, const char *name, struct pic_err *err)
{
    struct pic_agent_self self = agent->self;
    struct pic_buf first;
    pic_buf_init(&first, sizeof self.person);
    int status = enrolled_for(agent, &first);
    if (status == PIC_OK)
        status = pic_journal_fact_put(agent->journal, first_name, pic_buf_view(&first));
    pic_buf_release(&first);
    const struct {
        const char *fact;
        uint64_t value;
    } sheet[] = {{"rescue_printed", 0},
                 {"rescue_rehearsed", 0},
                 {"rescue_since", (uint64_t)agent->world->now_ms(agent->world->context)}};
    for (size_t i = 0; status == PIC_OK && i < sizeof sheet / sizeof *sheet; i++)
        status = pic_journal_number_put(agent->journal, sheet[i].fact, sheet[i].value);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    (void)snprintf(self.person, sizeof self.person, "%s", name);
    return pic_agent_become(agent, &self, err);
}

static int record(struct pic_agent *agent, const char *name, enum pic_keeper_turn turn,
                  struct pic_err *err)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_AUTHOR);
    const struct pic_value values[] = {
        {.kind = PIC_KIND_INT, .i = turn == PIC_KEEPER_TAKES_OVER},
        {.kind = PIC_KIND_INT, .i = pic_agent_now_ms(agent) / MS_PER_DAY},
    };
    const struct pic_input inputs[] = {
        {.field = pic_entity_by_column(entity, "name"), .typed = name},
        {.field = pic_entity_by_column(entity, "handover"), .value = &values[0]},
        {.field = pic_entity_by_column(entity, "since_on"), .value = &values[1]},
    };
    uint64_t dot = 0;
    /* The state begins anew when the record changes: first that, then the entry. */
    int status = turn == PIC_KEEPER_TAKES_OVER ? take_over(agent, name, err) : PIC_OK;
    return status == PIC_OK
               ? pic_record_put(agent, entity, 0, inputs, sizeof inputs / sizeof *inputs, &dot, err)
               : status;
}

int pic_keeper_change(struct pic_agent *agent, const char *name, enum pic_keeper_turn turn,
                      struct pic_err *err)
{
    struct pic_buf now;
    pic_buf_init(&now, PIC_AGENT_NAME_MAX);
    int status = pic_keeper_now(agent, &now);
    bool same = status == PIC_OK && strcmp(pic_buf_string(&now), name) == 0;
    pic_buf_release(&now);
    if (status != PIC_OK || (same && turn == PIC_KEEPER_SITS))
        return pic_fail(err, status != PIC_OK ? status : PIC_ENOTHING_TO_CHANGE, NULL);
    status = pic_agent_begin(agent, err);
    if (status != PIC_OK)
        return status;
    status = record(agent, name, turn, err);
    if (status == PIC_OK)
        return pic_agent_commit(agent, err);
    pic_agent_rollback(agent);
    return status;
}
