#include "schema/state/impact.h"

/* The project whose contribution a row of this entity moves; 0 for none. */
static uint64_t project_of(const struct pic_row *row)
{
    switch (row->entity->number) {
    case PIC_PROJECT:
        return row->id;
    case PIC_DECISION:
    case PIC_PAYMENT:
    case PIC_EXPENSE:
        return pic_row_reference(row, "project");
    default:
        return 0;
    }
}

/* The row that a reversal, a match or a control is about, when its money is a project's. */
static int project_about(struct pic_rows *rows, uint64_t about, uint64_t *project)
{
    const struct pic_entity *entity;
    uint64_t org;
    struct pic_row row;
    *project = 0;
    int status = pic_row_find(rows, about, &entity, &org);
    if (status == PIC_OK)
        status = pic_row_load(rows, entity, about, &row);
    if (status == PIC_OK)
        *project = project_of(&row);
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

static bool is_about_money(const struct pic_entity *entity)
{
    return entity->number == PIC_REVERSAL || entity->number == PIC_MATCH ||
           entity->number == PIC_CONTROL;
}

static uint64_t about_of(const struct pic_row *row)
{
    return pic_row_reference(row, "about");
}

/* Whether an edit of a project leaves its money as it was, as most do. */
static bool is_idle_edit(const struct pic_rollup *r, const struct pic_change *change)
{
    if (change->entity != PIC_PROJECT || change->id == change->dot)
        return false;
    for (unsigned i = 0; i < change->op_n; i++)
        if (pic_rollup_reads(r, change->ops[i].field))
            return false;
    return true;
}

static uint64_t fund_of(const struct pic_row *row)
{
    if (row->entity->number != PIC_SHARE)
        return 0;
    return pic_row_reference(row, "fund");
}

/* F5, first half: what a change of row moves, as it stands. */
int pic_impact_before(struct pic_rollup *r, const struct pic_row *row,
                      const struct pic_change *change, struct pic_impact *impact)
{
    int status = PIC_OK;
    impact->contribution.fund = 0;
    impact->effect = (struct pic_effect){0};
    impact->fact = is_about_money(row->entity) ? about_of(row) : row->id;
    impact->fund = fund_of(row);
    impact->project = is_idle_edit(r, change) ? 0 : project_of(row);
    if (is_about_money(row->entity))
        status = project_about(pic_rollup_rows(r), about_of(row), &impact->project);
    bool new_project = change->entity == PIC_PROJECT && change->id == change->dot;
    if (status != PIC_OK || impact->project == 0 || new_project)
        return status;
    status = pic_rollup_contribution(r, impact->project, &impact->contribution);
    return status == PIC_OK ? pic_rollup_effect(r, impact->fact, &impact->effect) : status;
}

/* A control that turns to another row: its effect on the new one's project. The control's row is
 * written already, so the project is made anew as it would be without and with it. */
static int turn(struct pic_rollup *r, const struct pic_row *row, const struct pic_impact *impact)
{
    uint64_t project;
    int status = project_about(pic_rollup_rows(r), about_of(row), &project);
    if (status != PIC_OK || project == 0 || about_of(row) == impact->fact)
        return status;
    struct pic_contribution now;
    status = pic_rollup_count_again(r, project);
    if (status == PIC_OK)
        status = pic_rollup_contribution(r, project, &now);
    return status == PIC_OK ? pic_rollup_split_again(r, now.fund) : status;
}

/* The project's sums moved by what its fact has become, and what it adds then. */
static int count(struct pic_rollup *r, const struct pic_impact *impact,
                 struct pic_contribution *now)
{
    struct pic_effect effect;
    int status = pic_rollup_effect(r, impact->fact, &effect);
    if (status == PIC_OK)
        status = pic_rollup_count(r, impact->project, &impact->effect, &effect);
    return status == PIC_OK ? pic_rollup_contribution(r, impact->project, now) : status;
}

/* F5, second half. */
int pic_impact_after(struct pic_rollup *r, const struct pic_row *row,
                     const struct pic_change *change, const struct pic_impact *impact)
{
    struct pic_contribution now;
    int status = PIC_OK;
    if (impact->fund != 0)
        status = pic_rollup_split_again(r, impact->fund);
    if (status == PIC_OK && fund_of(row) != impact->fund)
        status = pic_rollup_split_again(r, fund_of(row));
    uint64_t project = impact->project;
    if (status == PIC_OK && project != 0) {
        bool new_project = change->entity == PIC_PROJECT && change->id == change->dot;
        if (new_project)
            pic_rollup_created(r, row, &now);
        else
            status = count(r, impact, &now);
        if (status == PIC_OK)
            status = pic_rollup_move(r, &impact->contribution, &now);
    }
    if (status == PIC_OK && row->entity->number == PIC_CONTROL)
        status = turn(r, row, impact);
    return status;
}
