/* pic: the laptop's program. Everything it needs to know of its surroundings is read here, once. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/commands/commands.h"
#include "schema/face/program.h"

enum { FOLDER_MAX = 4096, NAME_SIZE = 64 };

/* $XDG_DATA_HOME, else ~/.local/share. */
static void find_data_home(char out[static FOLDER_MAX])
{
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    if (data != NULL && *data == '/')
        (void)snprintf(out, FOLDER_MAX, "%s", data);
    else
        (void)snprintf(out, FOLDER_MAX, "%s/.local/share", home != NULL ? home : "");
}

static const char *find_program_folder(char out[static FOLDER_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, FOLDER_MAX - 1);
    if (n <= 0)
        return NULL;
    out[n] = '\0';
    char *slash = strrchr(out, '/');
    if (slash == NULL)
        return NULL;
    *slash = '\0';
    return out;
}

int main(int argc, char **argv)
{
    char data_home[FOLDER_MAX];
    char program[FOLDER_MAX];
    char computer[NAME_SIZE] = "pic";
    struct pic_desk desk = {
        .data_home = data_home, .computer = computer, .runtime = getenv("XDG_RUNTIME_DIR")};
    pic_memory_private();
    pic_db_start();
    if (pic_crypto_start() != PIC_OK) {
        (void)fputs("X-00\n", stderr);
        return pic_status_exit(PIC_EIO);
    }
    find_data_home(data_home);
    desk.program_folder = find_program_folder(program);
    (void)gethostname(computer, sizeof computer - 1);
    pic_world_system(&desk.world);
    return pic_program_main(&pic_agent_program, argc, (const char *const *)argv, &desk);
}
