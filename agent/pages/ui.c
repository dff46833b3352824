#include "agent/pages/ui.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/pages/pages.h"

enum { TURN_MS = 250, ADDRESS_MAX = 256, FOLDER_MODE = 0700, LAST_TURNS = 4, PATH_SIZE = 600 };

/* The key that cookie and token follow from: made once, kept with the store. */
static int session_key(struct pic_agent *agent, uint8_t key[static PIC_KEY_SIZE],
                       struct pic_err *err)
{
    struct pic_buf bytes;
    pic_buf_init(&bytes, PIC_KEY_SIZE);
    int status = pic_journal_fact_get(agent->journal, "ui.key", &bytes);
    if (status == PIC_OK && bytes.len == PIC_KEY_SIZE) {
        memcpy(key, bytes.data, PIC_KEY_SIZE);
    } else {
        agent->world->random.fill(agent->world->random.context, key, PIC_KEY_SIZE);
        status = pic_agent_begin(agent, err);
        if (status == PIC_OK) {
            status = pic_journal_fact_put(agent->journal, "ui.key", pic_span_of(key, PIC_KEY_SIZE));
            if (status == PIC_OK)
                status = pic_agent_commit(agent, err);
            else
                pic_agent_rollback(agent);
        }
    }
    pic_buf_wipe(&bytes);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

static int keep_port(struct pic_agent *agent, unsigned port, struct pic_err *err)
{
    int status = pic_agent_begin(agent, err);
    if (status != PIC_OK)
        return status;
    status = pic_journal_number_put(agent->journal, "ui.port", port);
    if (status == PIC_OK)
        return pic_agent_commit(agent, err);
    pic_agent_rollback(agent);
    return pic_fail(err, status, NULL);
}

static int open_web(struct pic_ui *ui, unsigned port, const char *uploads, struct pic_web **web,
                    struct pic_err *err)
{
    struct pic_web_options options = {.port = port,
                                      .port_required = port != 0,
                                      .random = &ui->agent.world->random,
                                      .upload_folder = uploads,
                                      .handler = pic_pages_serve,
                                      .context = ui};
    uint64_t before = 0;
    int status = session_key(&ui->agent, options.key, err);
    if (status == PIC_OK && port == 0)
        status = pic_journal_number_get(ui->agent.journal, "ui.port", &before);
    if (port == 0)
        options.port = (unsigned)before;
    if (status == PIC_OK)
        status = pic_web_open(&options, web, err);
    pic_wipe(options.key, sizeof options.key);
    if (status == PIC_OK && port == 0 && pic_web_port(*web) != before)
        status = keep_port(&ui->agent, pic_web_port(*web), err);
    return status;
}

/* xdg-open, on its own, so that nothing of this program hangs on a browser. */
static void open_browser(const char *address)
{
    pid_t child = fork();
    if (child != 0)
        return;
    if (setsid() >= 0 && freopen("/dev/null", "w", stdout) != NULL &&
        freopen("/dev/null", "w", stderr) != NULL)
        (void)execlp("xdg-open", "xdg-open", address, (char *)NULL);
    _exit(1);
}

static bool told_to_stop(const sigset_t *signals)
{
    const struct timespec now = {0};
    return sigtimedwait(signals, NULL, &now) > 0;
}

static int serve(struct pic_ui *ui, struct pic_web *web)
{
    sigset_t signals;
    int status = PIC_OK;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    while (status == PIC_OK && !ui->closing && !told_to_stop(&signals))
        status = pic_web_turn(web, TURN_MS);
    for (int i = 0; ui->closing && i < LAST_TURNS; i++) /* the last page is on its way */
        status = pic_web_turn(web, TURN_MS);
    return status;
}

static int run(struct pic_call *call, struct pic_ui *ui, unsigned port, bool browser)
{
    struct pic_web *web = NULL;
    struct pic_buf address;
    char uploads[PATH_SIZE];
    (void)snprintf(uploads, sizeof uploads, "%s/envois", ui->agent.folder);
    if (mkdir(uploads, FOLDER_MODE) != 0 && errno != EEXIST)
        return pic_fail(&call->err, PIC_EIO, NULL);
    int status = pic_ui_courier_init(&ui->courier, ui->desk, ui->agent.folder);
    if (status != PIC_OK)
        return pic_fail(&call->err, status, NULL);
    pic_buf_init(&address, ADDRESS_MAX);
    status = open_web(ui, port, uploads, &web, &call->err);
    if (status == PIC_OK) {
        pic_web_address(web, &address);
        pic_buf_printf(&call->out, "%s\n", pic_buf_string(&address));
        pic_call_tell(call, PIC_TELL_PAGE_UI_OPEN, pic_buf_string(&address), NULL);
        status = pic_call_flush(call);
    }
    if (status == PIC_OK && browser)
        open_browser(pic_buf_string(&address));
    if (status == PIC_OK)
        status = serve(ui, web);
    pic_web_close(web);
    pic_ui_courier_release(&ui->courier);
    pic_buf_wipe(&address);
    return status;
}

int pic_ui_run(struct pic_call *call, unsigned port, bool browser)
{
    struct pic_ui ui = {.desk = call->context};
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &ui.agent);
    ui.agent.shared = true; /* the courier writes beside us */
    if (status == PIC_OK)
        status = run(call, &ui, port, browser);
    pic_agent_close(&ui.agent);
    return status;
}
