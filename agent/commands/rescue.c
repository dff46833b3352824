#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/commands/commands.h"
#include "agent/commands/net.h"
#include "agent/identities.h"
#include "agent/rescue.h"
#include "agent/session.h"
#include "schema/dictionary/number.h"

/* secours imprimer, verifier, restaurer: the recovery sheet. */

enum {
    TEXT_MAX = 1024,
    LINE_MAX = 256,
    FILE_MODE = 0600,
    SHEET_FILE_MAX = 1 << 16,
    MS_PER_DAY = 24 * 60 * 60 * 1000
};

/* A moment that this laptop remembers, in a transaction of its own. */
static int note(struct pic_agent *agent, const char *name, struct pic_err *err)
{
    int64_t now_ms = agent->world->now_ms(agent->world->context);
    int status = pic_agent_begin(agent, err);
    if (status != PIC_OK)
        return status;
    status = pic_journal_number_put(agent->journal, name, (uint64_t)now_ms);
    if (status == PIC_OK)
        return pic_agent_commit(agent, err);
    pic_agent_rollback(agent);
    return pic_fail(err, status, NULL);
}

/* --- imprimer --- */

/* A file of this user alone, that was not there before. */
static int write_private(const char *path, struct pic_span bytes, struct pic_err *err)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (file < 0)
        return pic_fail(err, errno == EEXIST ? PIC_EEXISTS : PIC_EFILE, path, strerror(errno),
                        NULL);
    bool written = write(file, bytes.p, bytes.n) == (ssize_t)bytes.n;
    bool closed = close(file) == 0;
    if (written && closed)
        return PIC_OK;
    (void)unlink(path);
    return pic_fail(err, PIC_EIO, path, NULL);
}

static void put_sheet(struct pic_call *call, struct pic_agent *agent,
                      const struct pic_secret *secret, struct pic_buf *out)
{
    const struct pic_desk *desk = call->context;
    const struct pic_agent_self *self = &agent->self;
    struct pic_buf day;
    pic_buf_init(&day, TEXT_MAX);
    pic_date_format(pic_agent_now_ms(agent) / MS_PER_DAY, PIC_STYLE_SCREEN, &day);
    struct pic_rescue_facts facts = {.organisation = self->organisation_name,
                                     .computer = desk->computer,
                                     .person = self->person,
                                     .server_name = self->server_name,
                                     .device = self->device,
                                     .day = pic_buf_string(&day)};
    memcpy(facts.server, self->server.identity, PIC_KEY_SIZE);
    pic_rescue_put(&facts, secret, pic_call_has(call, "texte") ? PIC_RESCUE_TEXT : PIC_RESCUE_PAGE,
                   out);
    pic_buf_release(&day);
}

/* To the file that was named, else to the screen; nothing of it stays in memory. */
static int print_sheet(struct pic_call *call, struct pic_agent *agent,
                       const struct pic_secret *secret)
{
    struct pic_buf sheet;
    pic_buf_init(&sheet, PIC_RESCUE_SHEET_MAX);
    (void)pic_buf_room(&sheet, PIC_RESCUE_SHEET_MAX); /* growing would leave copies behind */
    put_sheet(call, agent, secret, &sheet);
    int status = pic_buf_status(&sheet);
    if (status != PIC_OK)
        status = pic_fail(&call->err, status, NULL);
    else if (call->arg_n > 0)
        status = write_private(call->args[0], pic_buf_view(&sheet), &call->err);
    else if (fwrite(sheet.data, 1, sheet.len, stdout) != sheet.len || fflush(stdout) != 0)
        status = pic_fail(&call->err, PIC_EIO, NULL);
    pic_buf_wipe(&sheet);
    return status;
}

int pic_command_rescue_print(struct pic_call *call)
{
    struct pic_agent agent;
    struct pic_keys keys = {0};
    struct pic_dh_pair pair = {0};
    if (call->arg_n == 0 && !pic_call_has(call, "texte"))
        return pic_fail(&call->err, PIC_EMISSING_OPTION, "FICHIER", "FICHIER",
                        "pic secours imprimer fiche.html", NULL);
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = pic_desk_unlock(call, &agent, &keys);
    if (status == PIC_OK) {
        status = pic_identities_secret(&agent, &keys, &pair);
        if (status != PIC_OK)
            (void)pic_fail(&call->err, status, NULL);
    }
    if (status == PIC_OK)
        status = print_sheet(call, &agent, &pair.secret);
    if (status == PIC_OK)
        status = note(&agent, "rescue_printed", &call->err);
    if (status == PIC_OK && call->arg_n > 0)
        pic_call_tell(call, PIC_TELL_RESCUE_WRITTEN, call->args[0], NULL);
    if (status == PIC_OK)
        pic_call_tell(call, PIC_TELL_RESCUE_THEN_VERIFY, NULL);
    pic_secret_wipe(&pair.secret);
    pic_keys_wipe(&keys);
    pic_agent_close(&agent);
    return status;
}

/* --- reading the sheet --- */

static int wrong_line(struct pic_err *err, unsigned line)
{
    char number[LINE_MAX];
    (void)snprintf(number, sizeof number, "%u", line);
    return pic_fail(err, PIC_ERESCUE_LINE, number, NULL);
}

static int read_file(struct pic_call *call, const char *path, struct pic_secret *out)
{
    struct pic_buf text;
    unsigned line = 0;
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return pic_fail(&call->err, PIC_EFILE, path, strerror(errno), NULL);
    (void)setvbuf(file, NULL, _IONBF, 0); /* no other copy */
    pic_buf_init(&text, SHEET_FILE_MAX);
    uint8_t *room = pic_buf_room(&text, SHEET_FILE_MAX);
    if (room != NULL)
        text.len += fread(room, 1, SHEET_FILE_MAX, file);
    (void)fclose(file);
    int status = pic_rescue_read(pic_buf_view(&text), out, &line);
    pic_buf_wipe(&text);
    return status == PIC_OK ? PIC_OK : wrong_line(&call->err, line);
}

/* One line, until it is right. */
static int ask_line(struct pic_call *call, unsigned line, struct pic_secret *out)
{
    char typed[LINE_MAX];
    char number[LINE_MAX];
    struct pic_buf question;
    (void)snprintf(number, sizeof number, "%u", line);
    pic_buf_init(&question, TEXT_MAX);
    pic_speech_tell(&question, PIC_TELL_ASK_RESCUE_LINE, number, NULL);
    int status = PIC_OK;
    bool right = false;
    while (status == PIC_OK && !right) {
        status = pic_terminal_line(&call->terminal, pic_buf_string(&question), NULL, typed,
                                   sizeof typed, &call->err);
        right = status == PIC_OK && pic_rescue_take(typed, line, out) == PIC_OK;
        if (status == PIC_OK && !right)
            pic_call_tell(call, PIC_TELL_RESCUE_LINE_WRONG, number, NULL);
    }
    pic_wipe(typed, sizeof typed);
    pic_buf_release(&question);
    return status;
}

/* The pair on the sheet that is retyped, or read from --fiche. The caller wipes it. */
static int read_sheet(struct pic_call *call, struct pic_dh_pair *out)
{
    const char *path = pic_call_option(call, "fiche");
    int status = PIC_OK;
    if (path != NULL)
        status = read_file(call, path, &out->secret);
    else if (call->terminal.unattended)
        status = pic_fail(&call->err, PIC_EMISSING_OPTION, "--fiche", "--fiche",
                          "--fiche fiche.txt", NULL);
    for (unsigned line = 1; status == PIC_OK && path == NULL && line <= PIC_RESCUE_LINES; line++)
        status = ask_line(call, line, &out->secret);
    if (status == PIC_OK)
        pic_dh_from_secret(out);
    return status;
}

/* --- verifier --- */

int pic_command_rescue_verify(struct pic_call *call)
{
    struct pic_agent agent;
    struct pic_dh_pair pair = {0};
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = read_sheet(call, &pair);
    pic_secret_wipe(&pair.secret); /* its public half is enough */
    if (status == PIC_OK) {
        status = pic_identities_is_ours(&agent, &pair);
        if (status != PIC_OK)
            status = pic_fail(&call->err, PIC_ERESCUE_OTHER, NULL);
    }
    if (status == PIC_OK)
        status = note(&agent, "rescue_rehearsed", &call->err);
    if (status == PIC_OK)
        pic_call_tell(call, PIC_TELL_RESCUE_VERIFIED, agent.self.organisation_name, NULL);
    pic_agent_close(&agent);
    return status;
}

/* --- restaurer --- */

/* Before anything is told to the server: an invitation file brings what the association had sent.
 */
static int check_sheet(void *context, struct pic_agent *agent, struct pic_err *err)
{
    int status = pic_identities_is_ours(agent, context);
    return status == PIC_ERESCUE_OTHER ? pic_fail(err, status, NULL) : PIC_OK;
}

/* The four words of the server, as on the sheet. */
static int confirm_server(struct pic_call *call, const struct pic_agent *agent)
{
    struct pic_buf words;
    struct pic_buf question;
    bool yes = pic_call_has(call, "oui");
    pic_buf_init(&words, TEXT_MAX);
    pic_buf_init(&question, TEXT_MAX);
    pic_rescue_server_words(agent->self.server.identity, &words);
    pic_speech_tell(&question, PIC_TELL_RESCUE_SERVER_WORDS, pic_buf_string(&words), NULL);
    int status =
        yes ? PIC_OK
            : pic_terminal_confirm(&call->terminal, pic_buf_string(&question), &yes, &call->err);
    if (status == PIC_OK && !yes)
        status =
            pic_fail(&call->err, PIC_EINVITATION, pic_speech_text(PIC_TELL_INIT_OTHER_WORDS), NULL);
    pic_buf_release(&words);
    pic_buf_release(&question);
    return status;
}

/* Everything comes back; then the key, which opens it, is written down as confided to this laptop,
 * and sent. */
static int bring_back(struct pic_call *call, struct pic_agent *agent, struct pic_keys *keys,
                      const struct pic_dh_pair *pair)
{
    static const struct pic_net_limits everything = {PIC_ERRAND_ALL, UINT64_MAX};
    struct pic_carrier carrier;
    struct pic_net net = {0};
    int status = note(agent, "rescue_restored", &call->err); /* documents come back too */
    if (status == PIC_OK)
        status = pic_net_open(&net, agent->self.urls, &carrier, &call->err);
    if (status == PIC_OK)
        status = pic_net_exchange(call, agent, keys, &carrier, &everything);
    if (status == PIC_OK)
        status = pic_identities_recover(agent, keys, pair, &call->err);
    if (status == PIC_OK)
        status = pic_net_exchange(call, agent, keys, &carrier, &everything);
    pic_net_close(&net);
    return status;
}

static int finish(struct pic_call *call, const struct pic_dh_pair *pair)
{
    const struct pic_desk *desk = call->context;
    struct pic_agent agent;
    struct pic_keys keys = {0};
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = pic_desk_unlock(call, &agent, &keys);
    if (status == PIC_OK)
        status = confirm_server(call, &agent);
    if (status == PIC_OK) {
        status = bring_back(call, &agent, &keys, pair);
        pic_session_save(&keys, agent.folder, desk->runtime);
    }
    if (status == PIC_EUNREACHABLE)
        pic_call_tell(call, PIC_TELL_RESCUE_LATER, NULL);
    if (status == PIC_OK)
        status = note(&agent, "rescue_rehearsed", &call->err);
    if (status == PIC_OK) {
        pic_call_tell(call, PIC_TELL_RESCUE_RESTORED, agent.self.organisation_name, NULL);
        pic_call_tell(call, PIC_TELL_RESCUE_PRINT_AGAIN, NULL);
    }
    pic_keys_wipe(&keys);
    pic_agent_close(&agent);
    return status;
}

int pic_command_rescue_restore(struct pic_call *call)
{
    struct pic_dh_pair pair = {0};
    bool begun = !pic_call_has(call, "invitation") && !pic_call_has(call, "code");
    int status = read_sheet(call, &pair);
    if (status == PIC_OK && !begun)
        status = pic_init_store(call, check_sheet, &pair);
    if (status == PIC_OK)
        status = finish(call, &pair);
    pic_secret_wipe(&pair.secret);
    return status;
}
