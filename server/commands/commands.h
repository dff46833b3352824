/* commands: what `pic-server` can be asked. Each file of this folder gives one table; adding one is
 * one line in PIC_SERVER_COMMANDS. Handlers open the store themselves (pic_command_open) and close
 * it before they return. */
#ifndef PIC_SERVER_COMMANDS_H
#define PIC_SERVER_COMMANDS_H

#include "schema/face/program.h"
#include "server/config.h"
#include "server/store.h"

/* TABLE(name): extern const struct pic_command pic_commands_<name>[], and its size. */
#define PIC_SERVER_COMMANDS(TABLE)                                                                 \
    TABLE(life)                                                                                    \
    TABLE(invite)                                                                                  \
    TABLE(settings)                                                                                \
    TABLE(care)                                                                                    \
    TABLE(doctor)                                                                                  \
    TABLE(devices)                                                                                 \
    TABLE(courier)                                                                                 \
    TABLE(field)                                                                                   \
    TABLE(people)                                                                                  \
    TABLE(proof)                                                                                   \
    TABLE(receipt)                                                                                 \
    TABLE(bank)                                                                                    \
    TABLE(match)                                                                                   \
    TABLE(decide)                                                                                  \
    TABLE(view)                                                                                    \
    TABLE(alerts)                                                                                  \
    TABLE(summary)

#define PIC_COMMANDS_DECLARE(name)                                                                 \
    extern const struct pic_command pic_commands_##name[];                                         \
    extern const size_t pic_commands_##name##_n;
PIC_SERVER_COMMANDS(PIC_COMMANDS_DECLARE)
#undef PIC_COMMANDS_DECLARE

/* What every entity can be asked: records.c. */
extern const struct pic_command pic_server_verbs[];
extern const size_t pic_server_verb_n;

/* How this server is set, without the options of the call: main.c read it. */
const struct pic_config *pic_command_config(const struct pic_call *call);
/* The folder of the call: --dossier, else the setting. */
const char *pic_command_folder(const struct pic_call *call);
/* Opens the store of the call. */
PIC_MUST_USE int pic_command_open(struct pic_call *call, unsigned flags, struct pic_server *out);
/* Who decides: --qui, else the account that runs the program. */
enum { PIC_WHO_MAX = 128 };
#define PIC_WHO_OPTION                                                                             \
    {                                                                                              \
        .name = "qui", .argument = "NOM", .help = "Qui décide (le compte qui lance la commande)"  \
    }
const char *pic_command_who(const struct pic_call *call, char store[static PIC_WHO_MAX]);
/* The next cell of a sheet: a number as people type it, empty for 0. */
void pic_command_put_dot(struct pic_sheet *sheet, uint64_t dot);

#endif
