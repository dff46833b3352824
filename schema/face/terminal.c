#include "schema/face/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "protocol/base/text.h"
#include "schema/face/speech.h"

enum { WIDTH_UNKNOWN = 80, QUESTION_MAX = 1024, ANSWER_MAX = 16, CTRL_C = 3 };

static size_t width_of(int fd)
{
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return WIDTH_UNKNOWN;
}

void pic_terminal_init(struct pic_terminal *terminal)
{
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org: any non-empty value */
    const char *term = getenv("TERM");
    *terminal = (struct pic_terminal){
        .out_tty = isatty(STDOUT_FILENO) == 1,
        .err_tty = isatty(STDERR_FILENO) == 1,
        .in_tty = isatty(STDIN_FILENO) == 1,
        .width = WIDTH_UNKNOWN,
    };
    terminal->unattended = !terminal->in_tty || !terminal->err_tty;
    terminal->colour = terminal->out_tty && (no_colour == NULL || no_colour[0] == '\0') &&
                       (term == NULL || strcmp(term, "dumb") != 0);
    if (terminal->out_tty)
        terminal->width = width_of(STDOUT_FILENO);
    else if (terminal->err_tty)
        terminal->width = width_of(STDERR_FILENO);
}

struct pic_look pic_terminal_look(const struct pic_terminal *terminal)
{
    return (struct pic_look){terminal->out_tty ? terminal->width : 0, terminal->colour};
}

/* Puts a question on stderr. */
static void ask(enum pic_tell key, const char *question, const char *preset)
{
    struct pic_buf text;
    pic_buf_init(&text, QUESTION_MAX);
    pic_speech_tell(&text, key, question, preset, NULL);
    (void)fputs(pic_buf_string(&text), stderr);
    (void)fflush(stderr);
    pic_buf_release(&text);
}

/* One line from fd without its newline, read byte by byte so that nothing stays in a buffer of
 * stdio. What does not fit is dropped up to the newline and *cut is set. False at the end. */
static bool read_line(int fd, char *out, size_t size, bool *cut)
{
    size_t n = 0;
    bool any = false;
    char c = '\0';
    *cut = false;
    while (c != CTRL_C && read(fd, &c, 1) == 1 && c != '\n') {
        any = true;
        if (n + 1 < size)
            out[n++] = c;
        else
            *cut = true;
    }
    bool ended = c != CTRL_C && (any || c == '\n');
    if (n > 0 && out[n - 1] == '\r')
        n--;
    out[n] = '\0';
    explicit_bzero(&c, sizeof c);
    return ended;
}

int pic_terminal_confirm(const struct pic_terminal *terminal, const char *question, bool *yes,
                         struct pic_err *err)
{
    static const char *const agreed[] = {"o", "oui", "y", "yes"};
    char answer[ANSWER_MAX];
    bool cut;
    *yes = false;
    if (terminal->unattended)
        return pic_speech_usage(err, PIC_TELL_ASK_UNATTENDED, question, NULL);
    ask(PIC_TELL_ASK_YES_NO, question, NULL);
    if (!read_line(STDIN_FILENO, answer, sizeof answer, &cut))
        return pic_fail(err, PIC_INTERRUPTED, NULL);
    struct pic_buf folded;
    pic_buf_init(&folded, ANSWER_MAX);
    if (!cut && pic_text_fold(pic_span_text(answer), &folded) == PIC_OK)
        for (size_t i = 0; i < sizeof agreed / sizeof *agreed; i++)
            *yes = *yes || strcmp(pic_buf_string(&folded), agreed[i]) == 0;
    pic_buf_release(&folded);
    return PIC_OK;
}

int pic_terminal_line(const struct pic_terminal *terminal, const char *question, const char *preset,
                      char *out, size_t size, struct pic_err *err)
{
    bool cut;
    if (terminal->unattended)
        return pic_speech_usage(err, PIC_TELL_ASK_UNATTENDED, question, NULL);
    ask(preset == NULL ? PIC_TELL_ASK_LINE : PIC_TELL_ASK_LINE_PRESET, question, preset);
    if (!read_line(STDIN_FILENO, out, size, &cut))
        return pic_fail(err, PIC_INTERRUPTED, NULL);
    if (cut)
        return pic_fail(err, PIC_ETOO_LONG, out, question, NULL);
    if (out[0] == '\0' && preset != NULL)
        (void)snprintf(out, size, "%s", preset);
    return PIC_OK;
}

static int from_file(const char *path, char out[static PIC_PASSPHRASE_MAX], struct pic_err *err)
{
    bool std = strcmp(path, "-") == 0, cut;
    FILE *file = std ? NULL : fopen(path, "re");
    if (!std && file == NULL)
        return pic_fail(err, PIC_EFILE, path, NULL);
    bool any = read_line(std ? STDIN_FILENO : fileno(file), out, PIC_PASSPHRASE_MAX, &cut);
    if (file != NULL)
        (void)fclose(file);
    return any && !cut && out[0] != '\0' ? PIC_OK : pic_fail(err, PIC_EFILE, path, NULL);
}

int pic_terminal_passphrase(const struct pic_terminal *terminal, const char *question,
                            char out[static PIC_PASSPHRASE_MAX], struct pic_err *err)
{
    struct termios before, silent;
    bool cut, any;
    out[0] = '\0';
    if (terminal->passphrase_file != NULL)
        return from_file(terminal->passphrase_file, out, err);
    if (terminal->unattended || tcgetattr(STDIN_FILENO, &before) != 0)
        return pic_fail(err, PIC_ELOCKED, NULL);
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    silent.c_lflag |= ECHONL;
    silent.c_cc[VEOL] = CTRL_C; /* so that it interrupts here, and never leaves the echo off */
    ask(PIC_TELL_ASK_LINE, question, NULL);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0)
        return pic_fail(err, PIC_ELOCKED, NULL);
    any = read_line(STDIN_FILENO, out, PIC_PASSPHRASE_MAX, &cut);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    if (any && !cut)
        return PIC_OK;
    explicit_bzero(out, PIC_PASSPHRASE_MAX);
    return pic_fail(err, any ? PIC_EPASSPHRASE : PIC_INTERRUPTED, NULL);
}
