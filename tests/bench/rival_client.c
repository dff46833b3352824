/* rival_client: the rival's laptops.
 *
 *     rival_client push PORT SERVER_PID FOLDER RECORDS EDITS   records and pushes, edits and pushes
 *     rival_client pull PORT SERVER_PID FOLDER RECORDS EDITS   a second laptop takes everything
 *     rival_client crowd PORT SERVER_PID FOLDER RECORDS LAPTOPS
 *
 * Prints one line a stage (stage.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/crowd.h"
#include "tests/bench/rival_store.h"
#include "tests/bench/rival_wire.h"
#include "tests/bench/stage.h"

enum { SEED = 2026, PATH_MAX_BYTES = 512 };

struct task {
    uint16_t port;
    pid_t server;
    const char *folder;
    unsigned records, extra; /* edits, or laptops */
};

struct laptop {
    struct rival_store *store;
    struct rival_wire wire;
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "rival_client: %s\n", what);
    exit(EXIT_FAILURE);
}

static struct laptop laptop_open(const struct task *task, const char *name)
{
    char path[PATH_MAX_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s.db", task->folder, name);
    return (struct laptop){rival_store_open(path), rival_dial(task->port)};
}

static void laptop_close(struct laptop *laptop)
{
    rival_wire_close(&laptop->wire);
    rival_store_close(laptop->store);
}

static void put(struct rival_store *store, const struct workload_record *record)
{
    struct rival_dates dates;
    struct rival_row row = rival_row_from(record, &dates);
    rival_store_put(store, &row);
}

static struct workload_record *record_all(struct rival_store *store, struct generator *g,
                                          unsigned n)
{
    struct workload_record *records = calloc(n, sizeof *records);
    must(records != NULL, "no memory");
    rival_store_begin(store);
    for (unsigned i = 0; i < n; i++) {
        workload_record_make(g, &records[i]);
        put(store, &records[i]);
    }
    rival_store_commit(store);
    return records;
}

static void edit_some(struct rival_store *store, struct generator *g,
                      struct workload_record *records, unsigned n, unsigned edits)
{
    rival_store_begin(store);
    for (unsigned i = 0; i < edits; i++) {
        struct workload_record *record = &records[generator_below(g, n)];
        (void)workload_edit(g, record);
        put(store, record);
    }
    rival_store_commit(store);
}

static bool push(struct laptop *laptop)
{
    struct rival_bytes lines = {0};
    enum rival_kind kind;
    int64_t since = rival_store_sent_upto(laptop->store);
    int64_t upto = rival_store_lines(laptop->store, since, &lines);
    bool ok = rival_send(&laptop->wire, RIVAL_PUSH, &lines) &&
              rival_receive(&laptop->wire, &kind, &lines) && kind == RIVAL_DONE;
    if (ok && upto > since)
        rival_store_sent(laptop->store, upto);
    rival_bytes_release(&lines);
    return ok;
}

static void timed_push(const char *name, struct laptop *laptop, pid_t server)
{
    uint64_t up = laptop->wire.sent_bytes, down = laptop->wire.received_bytes;
    struct stage stage = stage_begin(name, server);
    must(push(laptop), name);
    stage_end(&stage);
    stage_print(&stage, laptop->wire.sent_bytes - up, laptop->wire.received_bytes - down, 1);
}

static void run_push(const struct task *task)
{
    struct generator g = generator_from(SEED);
    struct laptop laptop = laptop_open(task, "first");
    struct workload_record *records = record_all(laptop.store, &g, task->records);
    timed_push("first_push", &laptop, task->server);
    edit_some(laptop.store, &g, records, task->records, task->extra);
    timed_push("edits", &laptop, task->server);
    edit_some(laptop.store, &g, records, task->records, 1);
    timed_push("one_change", &laptop, task->server);
    timed_push("idle", &laptop, task->server);
    free(records);
    laptop_close(&laptop);
}

static void take_all(struct laptop *laptop, struct rival_bytes *lines)
{
    struct rival_row row;
    char *at = lines->data;
    const char *end = lines->data + lines->size;
    rival_store_begin(laptop->store);
    while (at < end) {
        must(rival_row_read(&at, end, &row), "a line is not a row");
        rival_store_put(laptop->store, &row);
    }
    rival_store_commit(laptop->store);
}

static void run_pull(const struct task *task)
{
    const struct rival_bytes nothing = {0};
    struct rival_bytes lines = {0};
    enum rival_kind kind;
    struct laptop laptop = laptop_open(task, "second");
    struct stage stage = stage_begin("pull", task->server);
    must(rival_send(&laptop.wire, RIVAL_PULL, &nothing) &&
             rival_receive(&laptop.wire, &kind, &lines),
         "pull");
    take_all(&laptop, &lines);
    stage_end(&stage);
    stage_print(&stage, laptop.wire.sent_bytes, laptop.wire.received_bytes, 1);

    struct laptop first = laptop_open(task, "first");
    struct rival_sum sent = rival_store_sum(first.store), got = rival_store_sum(laptop.store);
    must(got.rows == (int64_t)task->records && memcmp(&sent, &got, sizeof sent) == 0,
         "what was pulled is not what was recorded");
    laptop_close(&first);
    rival_bytes_release(&lines);
    laptop_close(&laptop);
    (void)printf("agent_rss_mib %.2f\n", stage_own_rss_mib());
}

static void *crowd_prepare(const struct crowd_member *member)
{
    const struct task *task = member->context;
    char name[32];
    struct generator g = generator_from(SEED + 1 + member->number);
    struct laptop *laptop = malloc(sizeof *laptop);
    must(laptop != NULL, "no memory");
    (void)snprintf(name, sizeof name, "crowd-%u", member->number);
    *laptop = laptop_open(task, name);
    free(record_all(laptop->store, &g, task->records));
    return laptop;
}

static struct crowd_count crowd_go(void *client)
{
    struct laptop *laptop = client;
    bool ok = push(laptop);
    return (struct crowd_count){laptop->wire.sent_bytes, laptop->wire.received_bytes, 1, ok, 0.0};
}

static void run_crowd(const struct task *task)
{
    struct crowd_plan plan = {crowd_prepare, crowd_go, task, task->extra};
    must(crowd_run(&plan, "fan_in", task->server), "a client of the crowd failed");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const struct task *);
    } modes[] = {{"push", run_push}, {"pull", run_pull}, {"crowd", run_crowd}};
    if (argc != 7)
        return 2;
    struct task task = {(uint16_t)strtoul(argv[2], NULL, 10), (pid_t)strtol(argv[3], NULL, 10),
                        argv[4], (unsigned)strtoul(argv[5], NULL, 10),
                        (unsigned)strtoul(argv[6], NULL, 10)};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(argv[1], modes[i].name) == 0) {
            modes[i].run(&task);
            return EXIT_SUCCESS;
        }
    }
    return 2;
}
