/* commands: the handlers of `pic`, one file a family, and the table that names them all. Each
 * returns a status with its facts in call->err; data goes to call->out. */
#ifndef PIC_AGENT_COMMANDS_H
#define PIC_AGENT_COMMANDS_H

#include "agent/commands/desk.h"

extern const struct pic_program pic_agent_program;

/* home.c */
int pic_command_home(struct pic_call *call);
/* init.c */
int pic_command_init(struct pic_call *call);
int pic_command_lock(struct pic_call *call);
/* standing.c */
int pic_command_status(struct pic_call *call);
/* waiting.c */
int pic_command_waiting(struct pic_call *call);
/* exchange.c */
int pic_command_sync(struct pic_call *call);
int pic_command_send(struct pic_call *call);
int pic_command_receive(struct pic_call *call);
/* entry.c */
int pic_command_add(struct pic_call *call);
int pic_command_change(struct pic_call *call);
int pic_command_cancel(struct pic_call *call);
int pic_command_reverse(struct pic_call *call);
int pic_command_grid(struct pic_call *call);
/* import.c */
int pic_command_import(struct pic_call *call);
/* list.c */
int pic_command_list(struct pic_call *call);
int pic_command_list_of(struct pic_call *call, const struct pic_entity *entity);
int pic_command_show(struct pic_call *call);
int pic_command_themes(struct pic_call *call);
/* Appends every live row of an entity, all its columns; *any is false when there is none. */
int pic_list_print(struct pic_call *call, struct pic_agent *agent, const struct pic_entity *entity,
                   enum pic_sheet_form form, struct pic_buf *out, bool *any);
/* export.c */
int pic_command_export_tableur(struct pic_call *call);
int pic_command_export_regulatory(struct pic_call *call);
int pic_command_export_json(struct pic_call *call);
/* correct.c */
int pic_command_correct(struct pic_call *call);
/* budget.c */
int pic_command_budget(struct pic_call *call);
/* history.c */
int pic_command_history(struct pic_call *call);
/* document.c */
int pic_command_attach(struct pic_call *call);
int pic_command_documents(struct pic_call *call);
int pic_command_document(struct pic_call *call);
/* summary.c */
int pic_command_summary(struct pic_call *call);
int pic_command_save_summary(struct pic_call *call);
/* conflict.c */
int pic_command_conflicts(struct pic_call *call);
int pic_command_decide(struct pic_call *call);
/* receipt.c */
int pic_command_receipts(struct pic_call *call);
int pic_command_receipt(struct pic_call *call);
int pic_command_verify(struct pic_call *call);
/* ui.c */
int pic_command_ui(struct pic_call *call);
/* territory.c */
int pic_command_territory(struct pic_call *call);

#endif
