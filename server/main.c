#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/crypto/keys.h"
#include "server/commands/commands.h"

enum { SAID_MAX = 2048 };

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

static const char *environment(const char *name)
{
    return getenv(name);
}

/* What the environment and the file say. A file that was named must be there. */
static int read_config(struct pic_config *config, struct pic_err *err)
{
    const char *named = getenv("PIC_SERVER_CONF");
    bool has_name = named != NULL && *named != '\0';
    pic_config_init(config);
    int status = pic_config_file(config, has_name ? named : "/etc/pic/server.conf", err);
    if (status == PIC_ENOT_FOUND && !has_name)
        status = PIC_OK;
    return status == PIC_OK ? pic_config_environment(config, environment, err) : status;
}

/* A server that is set wrongly does nothing at all. */
static int refuse(const struct pic_err *err)
{
    struct pic_buf text;
    pic_buf_init(&text, SAID_MAX);
    pic_speech_error(err, PIC_SPEECH_SCREEN, &text);
    (void)fputs(pic_buf_string(&text), stderr);
    pic_buf_release(&text);
    return pic_status_exit(err->status);
}

int main(int argc, char **argv)
{
    struct pic_config config;
    struct pic_err err = {0};
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
    int code = read_config(&config, &err) == PIC_OK
                   ? pic_program_main(&program, argc, (const char *const *)argv, &config)
                   : refuse(&err);
    free(commands);
    (void)fflush(NULL);
    /* The databases are closed; nng's threads are not waited for. */
    _exit(code);
}
