#include <stdio.h>
#include <string.h>

#include "agent/commands/commands.h"
#include "agent/commands/net.h"
#include "agent/courier.h"
#include "agent/enrol.h"
#include "agent/session.h"
#include "protocol/crypto/vault.h"
#include "schema/dictionary/number.h"

enum { SAID_MAX = 1024, MS_PER_DAY = 24 * 60 * 60 * 1000, KEY_MAX = 2 * PIC_PASSPHRASE_MAX };

/* What a person is asked before the store is made. */
struct answers {
    char person[PIC_AGENT_NAME_MAX];
    struct pic_buf passphrase;
};

/* The four words that both sides read to each other. */
static int confirm_words(struct pic_call *call, const uint8_t identity[static PIC_KEY_SIZE],
                         const struct pic_code *code)
{
    const char *words[PIC_CONTROL_WORDS];
    char said[SAID_MAX];
    bool yes = pic_call_has(call, "oui");
    pic_control_words(identity, code, words);
    (void)snprintf(said, sizeof said, "%s · %s · %s · %s", words[0], words[1], words[2], words[3]);
    pic_call_tell(call, PIC_TELL_INIT_WORDS, said, NULL);
    if (yes)
        return PIC_OK;
    int status = pic_terminal_confirm(&call->terminal, pic_speech_text(PIC_TELL_ASK_SAME_WORDS),
                                      &yes, &call->err);
    return status != PIC_OK || yes ? status
                                   : pic_fail(&call->err, PIC_EINVITATION,
                                              pic_speech_text(PIC_TELL_INIT_OTHER_WORDS), NULL);
}

static int ask_person(struct pic_call *call, struct answers *answers)
{
    const char *given = pic_call_option(call, "nom");
    if (given == NULL)
        return pic_terminal_line(&call->terminal, pic_speech_text(PIC_TELL_ASK_PERSON), NULL,
                                 answers->person, sizeof answers->person, &call->err);
    int n = snprintf(answers->person, sizeof answers->person, "%s", given);
    return n >= 0 && (size_t)n < sizeof answers->person
               ? PIC_OK
               : pic_fail(&call->err, PIC_ETOO_LONG, given, NULL);
}

static int ask_all(struct pic_call *call, struct answers *answers)
{
    int status = ask_person(call, answers);
    if (status == PIC_OK)
        status = pic_desk_new_passphrase(call, &answers->passphrase);
    return status;
}

static struct pic_enrolment enrolment_of(const struct answers *answers)
{
    return (struct pic_enrolment){.person = answers->person,
                                  .passphrase = pic_buf_view(&answers->passphrase),
                                  .passes = pic_vault_passes(PIC_KEYRING_UNLOCK_MS)};
}

static void tell_invitation(struct pic_call *call, const struct pic_invitation *invitation)
{
    struct pic_buf name;
    struct pic_buf until;
    pic_buf_init(&name, SAID_MAX);
    pic_buf_init(&until, SAID_MAX);
    pic_buf_bytes(&name, invitation->organisation_name.p, invitation->organisation_name.n);
    pic_date_format(invitation->expires_ms / MS_PER_DAY, PIC_STYLE_SCREEN, &until);
    pic_call_tell(call, PIC_TELL_INIT_INVITATION, pic_buf_string(&name), pic_buf_string(&until),
                  NULL);
    pic_buf_release(&name);
    pic_buf_release(&until);
}

static int from_file(struct pic_call *call, struct pic_agent *agent, struct answers *answers,
                     struct pic_keys *keys)
{
    struct pic_invitation invitation;
    struct pic_buf bytes;
    const struct pic_desk *desk = call->context;
    pic_buf_init(&bytes, PIC_INVITATION_MAX);
    int status =
        pic_enrol_read(pic_call_option(call, "invitation"), desk->world.now_ms(desk->world.context),
                       &bytes, &invitation, &call->err);
    if (status == PIC_OK) {
        tell_invitation(call, &invitation);
        status = confirm_words(call, invitation.transport.identity, &invitation.code);
    }
    if (status == PIC_OK)
        status = ask_all(call, answers);
    const struct pic_enrolment who = enrolment_of(answers);
    if (status == PIC_OK)
        status = pic_enrol_file(agent, &invitation, &who, keys, &call->err);
    pic_buf_release(&bytes);
    return status;
}

/* With a code the server is asked at once: whom to trust, then the certificate and reference data.
 */
static int from_code(struct pic_call *call, struct pic_agent *agent, struct answers *answers,
                     struct pic_keys *keys)
{
    const char *url = pic_call_option(call, "serveur");
    static const struct pic_net_limits everything = {PIC_ERRAND_ALL, UINT64_MAX};
    struct pic_transport server;
    struct pic_carrier carrier;
    struct pic_code code;
    struct pic_net net = {0};
    if (url == NULL)
        return pic_fail(&call->err, PIC_EMISSING_OPTION, "--serveur", "--serveur",
                        "--serveur tcp://pic.exemple.fr:7443", NULL);
    if (pic_code_parse(pic_call_option(call, "code"), &code) != PIC_OK)
        return pic_fail(&call->err, PIC_EINVITATION, pic_call_option(call, "code"), NULL);
    int status = pic_net_open(&net, url, &carrier, &call->err);
    if (status == PIC_OK)
        status = pic_courier_key(&carrier, &server, &call->err);
    if (status == PIC_OK)
        status = confirm_words(call, server.identity, &code);
    if (status == PIC_OK)
        status = ask_all(call, answers);
    const struct pic_enrolment who = enrolment_of(answers);
    if (status == PIC_OK)
        status = pic_enrol_code(agent, &code, &server, url, &who, keys, &call->err);
    if (status == PIC_OK)
        status = pic_net_exchange(call, agent, keys, &carrier, &everything);
    if (status == PIC_OK)
        status = pic_keys_save(keys, agent->folder, who.passphrase, who.passes,
                               &agent->world->random, &call->err);
    pic_net_close(&net);
    return status;
}

int pic_init_store(struct pic_call *call, pic_init_check *check, void *context)
{
    const struct pic_desk *desk = call->context;
    bool file = pic_call_has(call, "invitation");
    struct answers answers = {0};
    struct pic_agent agent;
    struct pic_keys keys = {0};
    if (file == pic_call_has(call, "code"))
        return pic_fail(&call->err, PIC_EUSAGE, pic_speech_text(PIC_TELL_INIT_ONE_OF), NULL);
    pic_buf_init(&answers.passphrase, KEY_MAX);
    int status = pic_desk_open(call, PIC_AGENT_CREATE, &agent);
    bool opened = status == PIC_OK;
    if (opened)
        status = file ? from_file(call, &agent, &answers, &keys)
                      : from_code(call, &agent, &answers, &keys);
    if (status == PIC_OK && check != NULL)
        status = check(context, &agent, &call->err);
    if (status == PIC_OK) {
        pic_session_save(&keys, agent.folder, desk->runtime);
        pic_call_tell(call, PIC_TELL_INIT_DONE, agent.self.organisation_name, NULL);
    }
    pic_keys_wipe(&keys);
    pic_buf_wipe(&answers.passphrase);
    if (opened && status != PIC_OK)
        pic_agent_abandon(&agent);
    else
        pic_agent_close(&agent);
    return status;
}

int pic_command_init(struct pic_call *call)
{
    return pic_init_store(call, NULL, NULL);
}
