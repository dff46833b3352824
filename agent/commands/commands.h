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
/* Makes the store that --invitation or --code asks for. check, which may be NULL, has a last look
 * at it: what it refuses is as if it had never begun. */
typedef int pic_init_check(void *context, struct pic_agent *agent, struct pic_err *err);
PIC_MUST_USE int pic_init_store(struct pic_call *call, pic_init_check *check, void *context);
/* rescue.c */
int pic_command_rescue_print(struct pic_call *call);
int pic_command_rescue_verify(struct pic_call *call);
int pic_command_rescue_restore(struct pic_call *call);
/* passphrase.c */
int pic_command_lock(struct pic_call *call);
int pic_command_passphrase(struct pic_call *call);
/* The keys under the passphrase of today, which is asked for even while they are unlocked: whoever
 * finds the laptop open must not be able to shut its owner out. */
PIC_MUST_USE int pic_passphrase_old(struct pic_call *call, const struct pic_agent *agent,
                                    struct pic_keys *keys);
/* Seals them under a new one, asked for or read from --nouvelle. */
PIC_MUST_USE int pic_passphrase_new(struct pic_call *call, const struct pic_agent *agent,
                                    const struct pic_keys *keys);
/* keeper.c */
int pic_command_who(struct pic_call *call);
int pic_command_hand_over(struct pic_call *call);
/* removal.c */
int pic_command_remove(struct pic_call *call);
/* standing.c */
int pic_command_status(struct pic_call *call);
/* waiting.c */
int pic_command_waiting(struct pic_call *call);
/* exchange.c */
int pic_command_sync(struct pic_call *call);
int pic_command_send(struct pic_call *call);
int pic_command_receive(struct pic_call *call);
/* courier.c */
int pic_command_deposit(struct pic_call *call);
int pic_command_collect(struct pic_call *call);
/* entry.c */
int pic_command_add(struct pic_call *call);
int pic_command_change(struct pic_call *call);
int pic_command_cancel(struct pic_call *call);
int pic_command_reverse(struct pic_call *call);
int pic_command_grid(struct pic_call *call);
/* identity.c */
int pic_command_identity(struct pic_call *call);
int pic_command_confide(struct pic_call *call);
int pic_command_erase(struct pic_call *call);
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
int pic_command_print_receipt(struct pic_call *call);
int pic_command_verify(struct pic_call *call);
/* backup.c */
int pic_command_save(struct pic_call *call);
int pic_command_restore(struct pic_call *call);
/* doctor.c */
int pic_command_doctor(struct pic_call *call);
/* After each command: notes a failure for the doctor. */
void pic_command_ended(struct pic_call *call, int status);
/* ui.c */
int pic_command_ui(struct pic_call *call);
/* territory.c */
int pic_command_territory(struct pic_call *call);

#endif
