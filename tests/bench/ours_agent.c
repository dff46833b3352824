/* ours_agent: our laptops, with what `pic` is made of.
 *
 *     ours_agent push  URL SERVER_PID FOLDER RECORDS EDITS   records and syncs, edits and syncs
 *     ours_agent pull  URL SERVER_PID FOLDER RECORDS EDITS   a second laptop takes everything
 *     ours_agent crowd URL SERVER_PID FOLDER RECORDS LAPTOPS
 *     ours_agent haul  URL SERVER_PID FOLDER RECORDS 0   prints "ready", reads a line, then pushes
 *
 * Laptop number N joins with the invitation FOLDER/N.picx, before anything is timed. What is
 * recorded is sealed while the person goes on typing, so sealing is a stage of its own; edits are
 * sealed within the sync. Prints one line a stage (stage.h), then "agent_rss_mib X".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/courier.h"
#include "agent/enrol.h"
#include "agent/record.h"
#include "agent/seal.h"
#include "protocol/crypto/vault.h"
#include "protocol/net/link.h"
#include "schema/dictionary/number.h"
#include "tests/bench/crowd.h"
#include "tests/bench/stage.h"
#include "tests/bench/workload.h"

enum { SEED = 2026, PATH_SIZE = 400, TYPED_SIZE = 32, TIMEOUT_MS = 30000 };

struct task {
    const char *url;
    pid_t server;
    const char *folder;
    unsigned records, extra; /* edits, or laptops */
};

struct laptop {
    struct pic_world world;
    struct pic_agent agent;
    struct pic_keys keys;
    struct pic_link *link;
    unsigned requests;
    uint64_t fund;
};

static void must(int status, const struct pic_err *err, const char *what)
{
    if (status == PIC_OK)
        return;
    (void)fprintf(stderr, "ours_agent: %s: %s %s %s %s\n", what, pic_status_name(status),
                  err->arg[0], err->arg[1], err->arg[2]);
    exit(EXIT_FAILURE);
}

/* --- exchanges --- */

static int carry_out(void *context, struct pic_span payload)
{
    struct laptop *laptop = context;
    laptop->requests++;
    return pic_link_send(laptop->link, payload, TIMEOUT_MS);
}

static int carry_in(void *context, struct pic_buf *payload)
{
    return pic_link_receive(((struct laptop *)context)->link, payload, TIMEOUT_MS);
}

static int run(struct laptop *laptop, unsigned errands, struct pic_err *err)
{
    struct pic_carrier carrier = {laptop, carry_out, carry_in};
    struct pic_courier_options options = {.errands = errands, .label = "bench"};
    struct pic_courier_report report;
    return pic_courier_run(&laptop->agent, &laptop->keys, &carrier, &options, &report, err);
}

static void timed_run(const char *name, struct laptop *laptop, unsigned errands, pid_t server)
{
    uint64_t up[2], down[2];
    struct pic_err err = {0};
    pic_link_count(laptop->link, &up[0], &down[0]);
    laptop->requests = 0;
    struct stage stage = stage_begin(name, server);
    must(run(laptop, errands, &err), &err, name);
    stage_end(&stage);
    pic_link_count(laptop->link, &up[1], &down[1]);
    stage_print(&stage, up[1] - up[0], down[1] - down[0], laptop->requests);
}

/* --- joining --- */

static void open_store(struct laptop *laptop, const struct task *task, unsigned number,
                       enum pic_agent_mode mode)
{
    char folder[PATH_SIZE];
    struct pic_err err = {0};
    (void)snprintf(folder, sizeof folder, "%s/laptop-%u", task->folder, number);
    must(pic_agent_open(folder, &laptop->world, mode, &laptop->agent, &err), &err, folder);
}

static void dial(struct laptop *laptop, const struct task *task)
{
    struct pic_err err = {0};
    must(pic_link_open(task->url, TIMEOUT_MS, &laptop->link), &err, task->url);
}

static void join(struct laptop *laptop, const struct task *task, unsigned number)
{
    static const char passphrase[] = "quatre mots pour un banc";
    char path[PATH_SIZE];
    struct pic_err err = {0};
    struct pic_buf bytes;
    struct pic_invitation invitation;
    struct pic_enrolment who = {"Samira B.", pic_span_text(passphrase), PIC_VAULT_PASSES_MIN};
    (void)snprintf(path, sizeof path, "%s/%u.picx", task->folder, number);
    pic_buf_init(&bytes, PIC_INVITATION_MAX);
    open_store(laptop, task, number, PIC_AGENT_CREATE);
    int64_t now_ms = laptop->world.now_ms(laptop->world.context);
    must(pic_enrol_read(path, now_ms, &bytes, &invitation, &err), &err, path);
    must(pic_enrol_file(&laptop->agent, &invitation, &who, &laptop->keys, &err), &err, path);
    pic_buf_release(&bytes);
    dial(laptop, task);
    must(run(laptop, PIC_ERRAND_SEND, &err), &err, "joining");
    pic_link_close(laptop->link);
    pic_agent_close(&laptop->agent);
}

/* Joins in a process of its own, as `pic init` would, so that what unlocking a passphrase costs is
 * not counted as the cost of a sync: a session keeps the keys. */
static void laptop_start(struct laptop *laptop, const struct task *task, unsigned number)
{
    int keys[2];
    struct pic_err err = {.arg = {"joining failed"}};
    memset(laptop, 0, sizeof *laptop);
    pic_world_system(&laptop->world);
    must(pipe(keys) == 0 ? PIC_OK : PIC_EIO, &err, "pipe");
    pid_t child = fork();
    if (child == 0) {
        join(laptop, task, number);
        bool told = write(keys[1], &laptop->keys, sizeof laptop->keys) == sizeof laptop->keys;
        _exit(told ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    (void)close(keys[1]);
    bool known = read(keys[0], &laptop->keys, sizeof laptop->keys) == sizeof laptop->keys;
    (void)close(keys[0]);
    (void)waitpid(child, NULL, 0);
    must(known ? PIC_OK : PIC_EIO, &err, "joining");
    open_store(laptop, task, number, PIC_AGENT_WRITE);
    dial(laptop, task);
}

static void laptop_stop(struct laptop *laptop)
{
    pic_link_close(laptop->link);
    pic_agent_close(&laptop->agent);
    pic_keys_wipe(&laptop->keys);
}

/* --- recording --- */

static int64_t ask(struct laptop *laptop, const char *sql)
{
    struct pic_err err = {0};
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(&laptop->agent.db, sql, &err);
    if (stmt == NULL)
        must(err.status, &err, sql);
    must(pic_db_step(stmt, &row), &err, sql);
    int64_t n = row ? sqlite3_column_int64(stmt, 0) : 0;
    (void)sqlite3_finalize(stmt);
    return n;
}

/* What a person types, field by field. */
struct typed {
    char fund[TYPED_SIZE], start[TYPED_SIZE], end[TYPED_SIZE];
    char asked[TYPED_SIZE], people[TYPED_SIZE];
};

static void type_date(int64_t day, char out[TYPED_SIZE])
{
    struct pic_buf text;
    pic_buf_init(&text, TYPED_SIZE - 1);
    pic_date_format(day, PIC_STYLE_SCREEN, &text);
    (void)snprintf(out, TYPED_SIZE, "%s", pic_buf_string(&text));
    pic_buf_release(&text);
}

static void type_asked(int64_t cents, char out[TYPED_SIZE])
{
    (void)snprintf(out, TYPED_SIZE, "%lld,%02lld", (long long)(cents / 100),
                   (long long)(cents % 100));
}

static uint64_t put(struct laptop *laptop, uint64_t id, const struct pic_input *inputs, size_t n)
{
    uint64_t dot = 0;
    struct pic_err err = {0};
    must(pic_record_put(&laptop->agent, pic_dictionary_entity(PIC_PROJECT), id, inputs, n, &dot,
                        &err),
         &err, "recording");
    return dot;
}

static struct pic_input input(const char *column, const char *typed)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_PROJECT);
    return (struct pic_input){.field = pic_entity_by_column(entity, column), .typed = typed};
}

static uint64_t put_record(struct laptop *laptop, const struct workload_record *r)
{
    struct typed typed;
    (void)snprintf(typed.fund, sizeof typed.fund, "%u-%llu", pic_dot_device(laptop->fund),
                   (unsigned long long)pic_dot_seq(laptop->fund));
    type_date(r->start_day, typed.start);
    type_date(r->end_day, typed.end);
    type_asked(r->asked_cents, typed.asked);
    (void)snprintf(typed.people, sizeof typed.people, "%lld", (long long)r->people);
    struct pic_input inputs[] = {
        input("fund", typed.fund),
        input("title", r->title),
        input("main_theme", r->theme),
        input("territories", r->territory),
        input("start_on", typed.start),
        input("end_on", typed.end),
        input("asked", typed.asked),
        input("status", r->status),
        input("planned_public", typed.people),
        input("holder_kind", r->holder_kind),
        input("place", r->place),
        input("summary", r->summary),
    };
    return put(laptop, 0, inputs, sizeof inputs / sizeof *inputs);
}

static uint64_t *record_all(struct laptop *laptop, struct generator *g, unsigned n)
{
    struct pic_err err = {0};
    uint64_t *ids = calloc(n, sizeof *ids);
    must(ids == NULL ? PIC_EMEMORY : PIC_OK, &err, "records");
    laptop->fund = (uint64_t)ask(laptop, "SELECT id FROM fund");
    must(pic_agent_begin(&laptop->agent, &err), &err, "begin");
    for (unsigned i = 0; i < n; i++) {
        struct workload_record record;
        workload_record_make(g, &record);
        ids[i] = put_record(laptop, &record);
    }
    must(pic_agent_commit(&laptop->agent, &err), &err, "commit");
    return ids;
}

static void edit_some(struct laptop *laptop, struct generator *g, const uint64_t *ids, unsigned n,
                      unsigned edits)
{
    struct pic_err err = {0};
    struct workload_record record = {0};
    char asked[TYPED_SIZE];
    must(pic_agent_begin(&laptop->agent, &err), &err, "begin");
    for (unsigned done = 0; done < edits;) {
        uint64_t id = ids[generator_below(g, n)];
        enum workload_field field = workload_edit(g, &record);
        type_asked(record.asked_cents, asked);
        struct pic_input inputs[] = {[WORKLOAD_STATUS] = input("status", record.status),
                                     [WORKLOAD_ASKED] = input("asked", asked),
                                     [WORKLOAD_SUMMARY] = input("summary", record.summary)};
        uint64_t dot = 0;
        int status = pic_record_put(&laptop->agent, pic_dictionary_entity(PIC_PROJECT), id,
                                    &inputs[field], 1, &dot, &err);
        if (status == PIC_ENOTHING_TO_CHANGE)
            continue;
        must(status, &err, "editing");
        done++;
    }
    must(pic_agent_commit(&laptop->agent, &err), &err, "commit");
}

/* --- the modes --- */

static void seal(struct laptop *laptop)
{
    struct pic_err err = {0};
    must(pic_seal_all(&laptop->agent, &laptop->keys.sign, PIC_SEAL_BYTES_MAX, &err), &err, "seal");
}

static void run_push(const struct task *task)
{
    struct generator g = generator_from(SEED);
    struct laptop laptop;
    laptop_start(&laptop, task, 0);
    uint64_t *ids = record_all(&laptop, &g, task->records);
    struct stage sealing = stage_begin("seal", task->server);
    seal(&laptop);
    stage_end(&sealing);
    stage_print(&sealing, 0, 0, 0);
    timed_run("first_push", &laptop, PIC_ERRAND_ALL, task->server);
    edit_some(&laptop, &g, ids, task->records, task->extra);
    timed_run("edits", &laptop, PIC_ERRAND_ALL, task->server);
    edit_some(&laptop, &g, ids, task->records, 1);
    timed_run("one_change", &laptop, PIC_ERRAND_ALL, task->server);
    timed_run("idle", &laptop, PIC_ERRAND_ALL, task->server);
    free(ids);
    laptop_stop(&laptop);
    (void)printf("agent_rss_mib %.2f\n", stage_own_rss_mib());
}

/* What a table holds, enough to tell that nothing was lost or mangled. */
static bool same_content(struct laptop *a, struct laptop *b, unsigned records)
{
    static const char *const sums[] = {
        "SELECT count(*) FROM project",
        "SELECT sum(asked) FROM project",
        "SELECT sum(planned_public) FROM project",
        "SELECT sum(start_on + end_on) FROM project",
        "SELECT sum(length(CAST(title || main_theme || territories AS BLOB))) FROM project",
        "SELECT sum(length(CAST(status || holder_kind || place || summary AS BLOB))) FROM project",
        "SELECT sum(stamp % 1000003) FROM project",
    };
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        int64_t n = ask(a, sums[i]);
        if (n == 0 || n != ask(b, sums[i]) || (i == 0 && n != (int64_t)records))
            return false;
    }
    return ask(b, "SELECT count(*) FROM quarantine") == 0;
}

static void run_pull(const struct task *task)
{
    struct laptop second, first = {0};
    struct pic_err err = {0};
    laptop_start(&second, task, 1);
    timed_run("pull", &second, PIC_ERRAND_RECEIVE, task->server);
    double rss_mib = stage_own_rss_mib();
    pic_world_system(&first.world);
    open_store(&first, task, 0, PIC_AGENT_READ);
    must(same_content(&first, &second, task->records) ? PIC_OK : PIC_EFAIL, &err,
         "what was pulled is not what was recorded");
    pic_agent_close(&first.agent);
    laptop_stop(&second);
    (void)printf("agent_rss_mib %.2f\n", rss_mib);
}

/* One laptop's whole season, while others work: nobody waits for the server to be quiet. */
static void run_haul(const struct task *task)
{
    struct generator g = generator_from(SEED);
    struct laptop laptop;
    struct pic_err err = {0};
    laptop_start(&laptop, task, 0);
    free(record_all(&laptop, &g, task->records));
    seal(&laptop);
    (void)puts("ready");
    (void)fflush(stdout);
    (void)getchar();
    pic_link_close(laptop.link); /* recording took longer than a server keeps an idle line */
    dial(&laptop, task);
    struct stage stage = stage_begin("haul", task->server);
    must(run(&laptop, PIC_ERRAND_SEND, &err), &err, "haul");
    stage_end(&stage);
    (void)printf("haul wall_ms %.3f\n", stage.wall_ms);
    laptop_stop(&laptop);
}

static void *crowd_prepare(const struct crowd_member *member)
{
    const struct task *task = member->context;
    struct generator g = generator_from(SEED + 1 + member->number);
    struct pic_err err = {0};
    struct laptop *laptop = malloc(sizeof *laptop);
    must(laptop == NULL ? PIC_EMEMORY : PIC_OK, &err, "crowd");
    laptop_start(laptop, task, member->number);
    free(record_all(laptop, &g, task->records));
    seal(laptop);
    return laptop;
}

static struct crowd_count crowd_go(void *client)
{
    struct laptop *laptop = client;
    struct pic_err err = {0};
    struct crowd_count count = {0};
    uint64_t up, down;
    pic_link_count(laptop->link, &up, &down);
    count.ok = run(laptop, PIC_ERRAND_SEND, &err) == PIC_OK;
    pic_link_count(laptop->link, &count.up_bytes, &count.down_bytes);
    count.up_bytes -= up;
    count.down_bytes -= down;
    count.turns = laptop->requests;
    return count;
}

static void run_crowd(const struct task *task)
{
    struct pic_err err = {0};
    struct crowd_plan plan = {crowd_prepare, crowd_go, task, task->extra};
    must(crowd_run(&plan, "fan_in", task->server) ? PIC_OK : PIC_EFAIL, &err,
         "a laptop of the crowd failed");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const struct task *);
    } modes[] = {{"push", run_push}, {"pull", run_pull}, {"crowd", run_crowd}, {"haul", run_haul}};
    if (argc != 7)
        return 2;
    struct task task = {argv[2], (pid_t)strtol(argv[3], NULL, 10), argv[4],
                        (unsigned)strtoul(argv[5], NULL, 10), (unsigned)strtoul(argv[6], NULL, 10)};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(argv[1], modes[i].name) == 0) {
            modes[i].run(&task);
            return EXIT_SUCCESS;
        }
    }
    return 2;
}
