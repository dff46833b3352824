#include "agent/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/backup/upgrade.h"
#include "agent/lease.h"
#include "agent/query.h"

extern const unsigned char pic_embedded_agent_sql[];

enum {
    CHANGE_MAX = 1 << 20, /* one change, row by row */
    FOLD_SEGMENTS = 64,   /* of one transaction when the state is made again */
    FOLDER_MODE = 0700,
    MS_PER_S = 1000,
    NS_PER_MS = 1000000,
};

/* --- the world --- */

static int64_t system_now_ms(void *context)
{
    struct timespec now = {0};
    (void)context;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

void pic_world_system(struct pic_world *out)
{
    *out = (struct pic_world){.now_ms = system_now_ms, .random = *pic_random_system()};
}

/* --- folder --- */

static int join(char *out, size_t size, const char *folder, const char *name, struct pic_err *err)
{
    int n = snprintf(out, size, "%s/%s", folder, name);
    return n > 0 && (size_t)n < size ? PIC_OK : pic_fail(err, PIC_ELIMIT, folder, NULL);
}

int pic_agent_folder(const char *asked, const char *program_folder, const char *data_home,
                     char out[static PIC_AGENT_PATH_MAX], struct pic_err *err)
{
    char mark[PIC_AGENT_PATH_MAX];
    if (asked != NULL)
        return join(out, PIC_AGENT_PATH_MAX, asked, ".", err);
    if (program_folder != NULL &&
        join(mark, sizeof mark, program_folder, "portable", NULL) == PIC_OK &&
        access(mark, F_OK) == 0)
        return join(out, PIC_AGENT_PATH_MAX, program_folder, "pic-donnees", err);
    return join(out, PIC_AGENT_PATH_MAX, data_home, "pic", err);
}

bool pic_agent_exists(const char *folder)
{
    char path[PIC_AGENT_PATH_MAX];
    return join(path, sizeof path, folder, "pic.db", NULL) == PIC_OK && access(path, F_OK) == 0;
}

/* mkdir -p, readable by its owner only. */
static int make_folder(const char *folder, struct pic_err *err)
{
    char path[PIC_AGENT_PATH_MAX];
    int status = join(path, sizeof path, folder, ".", err);
    for (char *at = path + 1; status == PIC_OK && *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (mkdir(path, FOLDER_MODE) != 0 && errno != EEXIST)
            status = pic_fail(err, errno == ENOSPC ? PIC_EDISK_FULL : PIC_EIO, path, NULL);
        *at = '/';
    }
    return status;
}

/* --- self --- */

/* PIC_ENOT_FOUND when nobody has enrolled here. */
static int load_self(struct pic_agent *agent)
{
    struct pic_buf bytes;
    pic_buf_init(&bytes, PIC_AGENT_SELF_BYTES_MAX);
    int status = pic_journal_fact_get(agent->journal, "self", &bytes);
    if (status == PIC_OK)
        status = pic_self_get(pic_buf_view(&bytes), &agent->self);
    pic_buf_release(&bytes);
    if (status == PIC_OK)
        pic_blobs_cloak(&agent->blobs, agent->self.box_key);
    return status;
}

static int make_state(struct pic_agent *agent, struct pic_err *err)
{
    const struct pic_agent_self *self = &agent->self;
    const struct pic_author author = {.device = self->device,
                                      .organisation = self->organisation,
                                      .roles = self->role,
                                      .last_seq = UINT64_MAX};
    struct pic_state *made = NULL;
    int status = pic_state_new(&agent->db, self->device == 0 ? NULL : &author, &made, err);
    if (status != PIC_OK)
        return status; /* what there was still holds */
    pic_state_free(agent->state);
    agent->state = made;
    return PIC_OK;
}

int pic_agent_become(struct pic_agent *agent, const struct pic_agent_self *self,
                     struct pic_err *err)
{
    struct pic_buf bytes;
    pic_buf_init(&bytes, PIC_AGENT_SELF_BYTES_MAX);
    pic_self_put(self, &bytes);
    int status = pic_buf_status(&bytes);
    if (status == PIC_OK)
        status = pic_journal_fact_put(agent->journal, "self", pic_buf_view(&bytes));
    pic_buf_release(&bytes);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    agent->self = *self;
    pic_blobs_cloak(&agent->blobs, self->box_key);
    return make_state(agent, err);
}

/* --- opening --- */

static int take_lease(struct pic_agent *agent, struct pic_err *err)
{
    char path[PIC_AGENT_PATH_MAX];
    int status = join(path, sizeof path, agent->folder, "pic.verrou", err);
    if (status == PIC_OK)
        status =
            pic_lease_take(path, agent->world->now_ms(agent->world->context), &agent->lease, err);
    return status;
}

/* Another version of the program is about to change what is here. */
static int copy_before_upgrade(struct pic_agent *agent, struct pic_err *err)
{
    return pic_upgrade_copy(&agent->db, agent->folder, agent->world->now_ms(agent->world->context),
                            err);
}

static int open_database(struct pic_agent *agent, struct pic_err *err)
{
    char path[PIC_AGENT_PATH_MAX];
    const struct pic_db_options options = {.durability = PIC_DURABLE,
                                           .read_only = agent->mode == PIC_AGENT_READ,
                                           .busy_ms = PIC_AGENT_BUSY_MS,
                                           .cache_kib = PIC_AGENT_CACHE_KIB,
                                           .vfs = agent->world->vfs};
    int status = join(path, sizeof path, agent->folder, "pic.db", err);
    if (status == PIC_OK)
        status = pic_db_open(path, &options, &agent->db, err);
    bool upgrade = false;
    if (status == PIC_OK && agent->mode != PIC_AGENT_READ)
        status = pic_upgrade_is_due(&agent->db, pic_journal_script_n, &upgrade, err);
    if (status == PIC_OK && upgrade)
        status = copy_before_upgrade(agent, err);
    if (status == PIC_OK && agent->mode == PIC_AGENT_READ)
        status = pic_db_not_newer(&agent->db, pic_journal_script_n, err);
    else if (status == PIC_OK)
        status = pic_db_migrate(&agent->db, pic_journal_scripts, pic_journal_script_n, err);
    if (status == PIC_OK && agent->mode != PIC_AGENT_READ)
        status = pic_db_exec(&agent->db, (const char *)pic_embedded_agent_sql, err);
    if (status == PIC_OK)
        status = pic_journal_new(&agent->db, &agent->journal, err);
    return status;
}

static int open_parts(struct pic_agent *agent, struct pic_err *err)
{
    char path[PIC_AGENT_PATH_MAX];
    int status = pic_segment_reader_new(&agent->reader);
    if (status == PIC_OK)
        status = join(path, sizeof path, agent->folder, "documents", err);
    if (status == PIC_OK) {
        status = pic_blobs_init(&agent->blobs, path);
    }
    agent->queries = calloc(1, sizeof *agent->queries);
    if (agent->queries != NULL)
        agent->queries->db = &agent->db;
    else if (status == PIC_OK)
        status = PIC_EMEMORY;
    if (status == PIC_OK)
        status = pic_journal_number_get(agent->journal, "clock", &agent->clock.last);
    agent->clock_kept = agent->clock;
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

/* Who this is, and whether that fits what is wanted of the store. */
static int check_self(struct pic_agent *agent, struct pic_err *err)
{
    int status = load_self(agent);
    bool known = status == PIC_OK;
    if (status != PIC_OK && status != PIC_ENOT_FOUND)
        return pic_fail(err, status, NULL);
    if (agent->mode == PIC_AGENT_CREATE && known)
        return pic_fail(err, PIC_EALREADY_ENROLLED, agent->self.organisation_name, NULL);
    if (agent->mode != PIC_AGENT_CREATE && !known)
        return pic_fail(err, PIC_ENOT_ENROLLED, NULL);
    return PIC_OK;
}

static int open_state(struct pic_agent *agent, bool *stale, struct pic_err *err)
{
    uint64_t due = 0;
    int status = pic_state_prepare(&agent->db, err);
    *stale = status == PIC_EVERSION;
    if (*stale && agent->mode != PIC_AGENT_READ) {
        status = copy_before_upgrade(agent, err);
        if (status != PIC_OK)
            return status;
    }
    if (status == PIC_OK)
        status = pic_journal_number_get(agent->journal, "rebuild", &due);
    *stale = *stale || due != 0;
    if (*stale)
        return PIC_OK;
    return status == PIC_OK ? make_state(agent, err) : pic_fail(err, status, NULL);
}

int pic_agent_open(const char *folder, const struct pic_world *world, enum pic_agent_mode mode,
                   struct pic_agent *out, struct pic_err *err)
{
    bool stale = false;
    memset(out, 0, sizeof *out);
    out->world = world;
    out->mode = mode;
    out->shared = mode == PIC_AGENT_BESIDE;
    out->lease = -1;
    int n = snprintf(out->folder, sizeof out->folder, "%s", folder);
    if (n < 0 || (size_t)n >= sizeof out->folder)
        return pic_fail(err, PIC_ELIMIT, folder, NULL);
    if (mode != PIC_AGENT_CREATE && world->vfs == NULL && !pic_agent_exists(folder))
        return pic_fail(err, PIC_ENOT_ENROLLED, NULL);
    int status = mode == PIC_AGENT_CREATE ? make_folder(folder, err) : PIC_OK;
    if (status == PIC_OK && mode != PIC_AGENT_READ && mode != PIC_AGENT_BESIDE)
        status = take_lease(out, err);
    if (status == PIC_OK)
        status = open_database(out, err);
    if (status == PIC_OK)
        status = open_parts(out, err);
    if (status == PIC_OK)
        status = check_self(out, err);
    if (status == PIC_OK)
        status = open_state(out, &stale, err);
    if (status != PIC_OK || !stale)
        return status;
    if (mode != PIC_AGENT_READ)
        return pic_agent_rebuild(out, err);
    pic_agent_close(out);
    return pic_agent_open(folder, world, PIC_AGENT_WRITE, out, err);
}

void pic_agent_close(struct pic_agent *agent)
{
    pic_queries_release(agent->queries);
    free(agent->queries);
    pic_state_free(agent->state);
    pic_journal_free(agent->journal);
    pic_segment_reader_free(agent->reader);
    pic_db_close(&agent->db);
    if (agent->world != NULL && agent->lease >= 0)
        (void)close(agent->lease);
    memset(agent, 0, sizeof *agent);
    agent->lease = -1;
}

void pic_agent_abandon(struct pic_agent *agent)
{
    static const char *const files[] = {"pic.db", "pic.db-wal", "pic.db-shm", "cles.pic"};
    char folder[PIC_AGENT_PATH_MAX];
    char path[PIC_AGENT_PATH_MAX];
    bool vain = agent->mode == PIC_AGENT_CREATE && !agent->self.enrolled;
    memcpy(folder, agent->folder, sizeof folder);
    pic_agent_close(agent);
    for (size_t i = 0; vain && i < sizeof files / sizeof *files; i++)
        if (join(path, sizeof path, folder, files[i], NULL) == PIC_OK)
            (void)unlink(path);
}

/* --- transactions and time --- */

/* What the other connection committed meanwhile counts here too. While it makes the state again,
 * numbers of entries may stand for others than they did: nothing may refer to them. */
static int catch_up(struct pic_agent *agent, struct pic_err *err)
{
    struct pic_clock stored = {0};
    uint64_t rebuilding = 0;
    int status = pic_journal_number_get(agent->journal, "clock", &stored.last);
    if (status == PIC_OK)
        status = pic_journal_number_get(agent->journal, "rebuild", &rebuilding);
    if (status == PIC_OK && rebuilding != 0 && agent->mode != PIC_AGENT_BESIDE)
        status = PIC_EREBUILDING;
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    if (stored.last > agent->clock.last)
        agent->clock = agent->clock_kept = stored;
    if (agent->state != NULL)
        pic_state_forget(agent->state);
    return PIC_OK;
}

int pic_agent_begin(struct pic_agent *agent, struct pic_err *err)
{
    /* A disk that was full may have stopped the making of the state: it is made now. */
    int status =
        agent->state == NULL && agent->self.device != 0 ? pic_agent_rebuild(agent, err) : PIC_OK;
    if (status != PIC_OK)
        return status;
    status = pic_db_begin(&agent->db, err);
    if (status == PIC_OK && agent->shared) {
        status = catch_up(agent, err);
        if (status != PIC_OK)
            pic_agent_rollback(agent);
    }
    return status;
}

int pic_agent_commit(struct pic_agent *agent, struct pic_err *err)
{
    int status = agent->state == NULL ? PIC_OK : pic_state_flush(agent->state);
    if (status == PIC_OK && agent->clock.last != agent->clock_kept.last)
        status = pic_journal_number_put(agent->journal, "clock", agent->clock.last);
    status = status == PIC_OK ? pic_db_commit(&agent->db, err) : pic_fail(err, status, NULL);
    if (status == PIC_OK)
        agent->clock_kept = agent->clock;
    else
        pic_agent_rollback(agent);
    return status;
}

void pic_agent_rollback(struct pic_agent *agent)
{
    pic_db_rollback(&agent->db);
    if (agent->state != NULL)
        pic_state_forget(agent->state);
    agent->clock = agent->clock_kept;
}

int64_t pic_agent_clock_offset_ms(struct pic_agent *agent)
{
    uint64_t offset = 0;
    return pic_journal_number_get(agent->journal, "offset", &offset) == PIC_OK
               ? pic_unzigzag(offset)
               : 0;
}

int64_t pic_agent_now_ms(struct pic_agent *agent)
{
    int64_t offset = pic_agent_clock_offset_ms(agent);
    return agent->world->now_ms(agent->world->context) - (offset > 0 ? offset : 0);
}

/* --- pending --- */

int pic_agent_author_key(struct pic_agent *agent, uint32_t device, uint8_t out[static PIC_KEY_SIZE])
{
    const struct pic_agent_self *self = &agent->self;
    if (device == PIC_DEVICE_SERVER || device == self->device) {
        memcpy(out, device == self->device ? self->sign_key : self->server.identity, PIC_KEY_SIZE);
        return PIC_OK;
    }
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_DEVICE_KEY);
    bool row = false;
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, device);
    int status = pic_db_step(stmt, &row);
    struct pic_span key = row ? pic_db_column_span(stmt, 0) : pic_span_of(NULL, 0);
    bool found = key.n == PIC_KEY_SIZE;
    if (found)
        memcpy(out, key.p, PIC_KEY_SIZE);
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && !found ? PIC_ESIGNATURE : status;
}

int pic_agent_head(struct pic_agent *agent, struct pic_log_head *out)
{
    return pic_journal_head(agent->journal, agent->self.device, agent->self.organisation, out);
}

int pic_agent_next_seq(struct pic_agent *agent, uint64_t *out)
{
    struct pic_log_head head;
    uint64_t last = 0;
    int status = pic_agent_head(agent, &head);
    if (status == PIC_OK)
        status = pic_query_numbers(agent->queries, PIC_QUERY_PENDING_LAST, &last, 1);
    if (status == PIC_OK)
        *out = (last > head.seq ? last : head.seq) + 1;
    return status;
}

int pic_agent_pending(struct pic_agent *agent, struct pic_agent_pending *out)
{
    uint64_t sums[4] = {0};
    uint64_t documents[2] = {0};
    int status = pic_query_numbers(agent->queries, PIC_QUERY_PENDING_SUM, sums, 4);
    if (status == PIC_OK)
        status = pic_query_numbers(agent->queries, PIC_QUERY_OUTGOING_SUM, documents, 2);
    *out = (struct pic_agent_pending){.changes = sums[0],
                                      .bytes = sums[1],
                                      .first_seq = sums[2],
                                      .last_seq = sums[3],
                                      .documents = documents[0],
                                      .document_bytes = documents[1]};
    return status;
}

/* Copies the pending change that query finds; *seq says which. PIC_ENOT_FOUND. */
static int pending_read(struct pic_agent *agent, enum pic_query query, uint64_t *seq,
                        struct pic_buf *bytes)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, query);
    bool row = false;
    if (stmt == NULL)
        return PIC_EIO;
    pic_buf_clear(bytes);
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)*seq);
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        struct pic_span change = pic_db_column_span(stmt, 1);
        *seq = (uint64_t)sqlite3_column_int64(stmt, 0);
        pic_buf_bytes(bytes, change.p, change.n);
        status = pic_buf_status(bytes);
    }
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && !row ? PIC_ENOT_FOUND : status;
}

static int pending_parse(const struct pic_buf *bytes, struct pic_change_store *store,
                         struct pic_change *out)
{
    struct pic_cursor c = pic_cursor_of(bytes->data, bytes->len);
    int status = pic_change_get(&c, store, out);
    if (status == PIC_OK)
        status = pic_cursor_end(&c);
    return status == PIC_EFORMAT ? PIC_ESTORE_DAMAGED : status;
}

int pic_agent_pending_bytes(struct pic_agent *agent, uint64_t seq, struct pic_buf *out)
{
    uint64_t found = seq;
    int status = pending_read(agent, PIC_QUERY_PENDING_FROM, &found, out);
    return status == PIC_OK && found != seq ? PIC_ENOT_FOUND : status;
}

int pic_agent_pending_before(struct pic_agent *agent, uint64_t *seq, struct pic_buf *bytes,
                             struct pic_change_store *store, struct pic_change *out)
{
    int status = pending_read(agent, PIC_QUERY_PENDING_BEFORE, seq, bytes);
    return status == PIC_OK ? pending_parse(bytes, store, out) : status;
}

int pic_agent_pending_each(struct pic_agent *agent, uint64_t first_seq, pic_agent_each *each,
                           void *context)
{
    struct pic_change_store *store = malloc(sizeof *store);
    struct pic_buf bytes;
    struct pic_change change;
    uint64_t seq = first_seq;
    int status = store == NULL ? PIC_EMEMORY : PIC_OK;
    pic_buf_init(&bytes, CHANGE_MAX);
    while (status == PIC_OK) {
        status = pending_read(agent, PIC_QUERY_PENDING_FROM, &seq, &bytes);
        if (status == PIC_ENOT_FOUND) {
            status = PIC_OK;
            break;
        }
        if (status == PIC_OK)
            status = pending_parse(&bytes, store, &change);
        if (status == PIC_OK)
            status = each(context, &change, bytes.len);
        seq++;
    }
    pic_buf_release(&bytes);
    free(store);
    return status;
}

int pic_agent_pending_put(struct pic_agent *agent, const struct pic_change *change)
{
    struct pic_buf bytes;
    pic_buf_init(&bytes, CHANGE_MAX);
    pic_change_put(&bytes, change);
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_PENDING_PUT);
    int status = stmt == NULL ? PIC_EIO : pic_buf_status(&bytes);
    if (status == PIC_OK) {
        (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)pic_dot_seq(change->dot));
        pic_db_bind_span(stmt, 2, pic_buf_view(&bytes));
        status = pic_db_run(stmt);
    }
    pic_buf_release(&bytes);
    return status;
}

int pic_agent_outgoing_put(struct pic_agent *agent, const uint8_t hash[static PIC_HASH_SIZE],
                           uint64_t size)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_OUTGOING_PUT);
    if (stmt == NULL)
        return PIC_EIO;
    pic_db_bind_span(stmt, 1, pic_span_of(hash, PIC_HASH_SIZE));
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)size);
    return pic_db_run(stmt);
}

/* Looks through one journaled segment; the change found borrows from the agent's reader. */
static int find_in_segment(struct pic_agent *agent, struct pic_span bytes, uint64_t dot,
                           struct pic_change *out)
{
    struct pic_segment segment;
    bool done = false;
    int status = pic_segment_read(bytes, &segment);
    if (status == PIC_OK)
        status = pic_segment_reader_open(agent->reader, &segment);
    while (status == PIC_OK) {
        status = pic_segment_reader_next(agent->reader, out, &done);
        if (status == PIC_OK && done)
            return PIC_ENOT_FOUND;
        if (status == PIC_OK && out->dot == dot)
            return PIC_OK;
    }
    return status;
}

int pic_agent_change(struct pic_agent *agent, uint64_t dot, struct pic_buf *bytes,
                     struct pic_change_store *store, struct pic_change *out, uint64_t *position)
{
    struct pic_change found;
    uint64_t seq = pic_dot_seq(dot);
    *position = 0;
    int status = PIC_ENOT_FOUND;
    if (pic_dot_device(dot) == agent->self.device)
        status = pending_read(agent, PIC_QUERY_PENDING_FROM, &seq, bytes);
    if (status == PIC_OK && seq == pic_dot_seq(dot))
        return pending_parse(bytes, store, out);
    if (status != PIC_OK && status != PIC_ENOT_FOUND)
        return status;
    struct pic_buf segment;
    pic_buf_init(&segment, PIC_SEGMENT_MAX);
    status = pic_journal_find(agent->journal, dot, position, &segment);
    if (status == PIC_OK)
        status = find_in_segment(agent, pic_buf_view(&segment), dot, &found);
    pic_buf_clear(bytes);
    if (status == PIC_OK) {
        pic_change_put(bytes, &found);
        status = pic_buf_status(bytes);
    }
    if (status == PIC_OK)
        status = pending_parse(bytes, store, out);
    pic_buf_release(&segment);
    return status;
}

/* --- rebuilding --- */

int pic_agent_rebuild_due(struct pic_agent *agent)
{
    return pic_journal_number_put(agent->journal, "rebuild", 1);
}

/* Folds at most FOLD_SEGMENTS of the journal from *position on. */
static int fold_journal(struct pic_agent *agent, uint64_t *position, struct pic_buf *bytes,
                        bool *more)
{
    int status = PIC_OK;
    *more = true;
    for (int i = 0; status == PIC_OK && *more && i < FOLD_SEGMENTS; i++) {
        struct pic_segment segment;
        uint64_t at = *position + 1;
        status = pic_journal_next(agent->journal, &at, bytes);
        if (status == PIC_ENOT_FOUND) {
            *more = false;
            return PIC_OK;
        }
        if (status == PIC_OK)
            status = pic_segment_read(pic_buf_view(bytes), &segment);
        if (status == PIC_OK)
            status = pic_state_fold_segment(agent->state, agent->reader, &segment, NULL);
        *position = at;
    }
    return status;
}

static int fold_pending(void *context, const struct pic_change *change, size_t bytes)
{
    struct pic_agent *agent = context;
    (void)bytes;
    return pic_state_fold(agent->state, change, agent->self.organisation, NULL);
}

static int fold_all(struct pic_agent *agent, struct pic_err *err)
{
    struct pic_buf bytes;
    uint64_t position = 0;
    bool more = true;
    int status = PIC_OK;
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    while (status == PIC_OK && more) {
        status = pic_agent_begin(agent, err);
        if (status != PIC_OK)
            break;
        status = fold_journal(agent, &position, &bytes, &more);
        if (status == PIC_OK && !more)
            status = pic_agent_pending_each(agent, 0, fold_pending, agent);
        if (status == PIC_OK && !more)
            status = pic_journal_number_put(agent->journal, "rebuild", 0);
        if (status == PIC_OK)
            status = pic_agent_commit(agent, err);
        else
            pic_agent_rollback(agent);
    }
    pic_buf_release(&bytes);
    return status;
}

int pic_agent_rebuild(struct pic_agent *agent, struct pic_err *err)
{
    int status = pic_agent_rebuild_due(agent);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    pic_state_free(agent->state);
    agent->state = NULL;
    pic_queries_release(agent->queries); /* nothing may hold the tables that go */
    status = pic_state_drop(&agent->db, err);
    if (status == PIC_OK)
        status = pic_state_prepare(&agent->db, err);
    if (status == PIC_OK)
        status = make_state(agent, err);
    if (status == PIC_OK)
        status = fold_all(agent, err);
    if (status != PIC_OK) { /* not half of it */
        pic_state_free(agent->state);
        agent->state = NULL;
    }
    return status == PIC_OK || (err != NULL && err->status != PIC_OK) ? status
                                                                      : pic_fail(err, status, NULL);
}
