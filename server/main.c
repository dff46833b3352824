#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/crypto/keys.h"
#include "server/commands/commands.h"

/* All commands in one table, in the order of commands.h. */
static struct pic_command *gather(size_t *n)
{
    static const struct pic_command shared[] = {PIC_PROGRAM_COMMANDS};
    const struct {
        const struct pic_command *commands;
        size_t n;
    } tables[] = {{shared, sizeof shared / sizeof *shared},
#define TABLE(name) {pic_commands_##name, pic_commands_##name##_n},
                  PIC_SERVER_COMMANDS(TABLE)
#undef TABLE
    };
    *n = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        *n += tables[i].n;
    struct pic_command *all = malloc(*n * sizeof *all);
    for (size_t i = 0, at = 0; all != NULL && i < sizeof tables / sizeof *tables; i++) {
        memcpy(all + at, tables[i].commands, tables[i].n * sizeof *all);
        at += tables[i].n;
    }
    return all;
}

int main(int argc, char **argv)
{
    size_t n;
    struct pic_command *commands = gather(&n);
    pic_memory_private();
    pic_db_start();
    if (commands == NULL || pic_crypto_start() != PIC_OK)
        return EXIT_FAILURE;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct pic_program program = {
        .name = "pic-server",
        .title = "Serveur des projets d'initiative citoyenne",
        .version = PIC_VERSION,
        .roles = PIC_ROLE_CENTRAL,
        .commands = commands,
        .command_n = n,
        .verbs = pic_server_verbs,
        .verb_n = pic_server_verb_n,
    };
    int code = pic_program_main(&program, argc, (const char *const *)argv, NULL);
    free(commands);
    (void)fflush(NULL);
    /* The databases are closed; nng's threads are not waited for. */
    _exit(code);
}
