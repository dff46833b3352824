#include "server/projector.h"

#include <stdlib.h>
#include <string.h>

enum {
    BUSY_MS = 60000, /* another process may be making the whole state again */
    CACHE_KIB = 4096,
    BATCH_SEGMENTS = 256,
};

/* How far the fold came, in state.db. mark: hash of the segment at that position, so that a state
 * of another journal, or of one that was restored from an older copy, is noticed. */
static const char projection_sql[] =
    "CREATE TABLE IF NOT EXISTS projection(one INTEGER PRIMARY KEY CHECK(one = 1),"
    " position INTEGER NOT NULL, clock INTEGER NOT NULL, mark BLOB NOT NULL) STRICT;"
    "INSERT OR IGNORE INTO projection VALUES(1, 0, 0, x'');";

struct pic_projector {
    struct pic_db db;
    struct pic_journal *journal;
    struct pic_state *state;
    struct pic_segment_reader *reader;
    sqlite3_stmt *note_get, *note_put;
    struct pic_buf bytes;
    uint64_t limit;    /* folds no further; 0: no end */
    uint64_t position; /* as of the last transaction, or within this one */
    struct pic_clock clock;
    uint8_t mark[PIC_HASH_SIZE];
};

/* --- the note --- */

static int read_note(struct pic_projector *p, uint64_t *position, uint64_t *clock,
                     uint8_t mark[static PIC_HASH_SIZE])
{
    bool row;
    int status = pic_db_step(p->note_get, &row);
    if (status == PIC_OK && row) {
        struct pic_span s = pic_db_column_span(p->note_get, 2);
        *position = (uint64_t)sqlite3_column_int64(p->note_get, 0);
        *clock = (uint64_t)sqlite3_column_int64(p->note_get, 1);
        memset(mark, 0, PIC_HASH_SIZE);
        memcpy(mark, s.p, s.n < PIC_HASH_SIZE ? s.n : PIC_HASH_SIZE);
    }
    (void)sqlite3_reset(p->note_get);
    return status == PIC_OK && !row ? PIC_ESTORE_DAMAGED : status;
}

static int write_note(struct pic_projector *p)
{
    (void)sqlite3_bind_int64(p->note_put, 1, (sqlite3_int64)p->position);
    (void)sqlite3_bind_int64(p->note_put, 2, (sqlite3_int64)p->clock.last);
    pic_db_bind_span(p->note_put, 3, pic_span_of(p->mark, PIC_HASH_SIZE));
    return pic_db_run(p->note_put);
}

/* Takes the note as it stands in this transaction. Another process may have moved it: what this
 * one remembers of the tables is then forgotten. */
static int sync_note(struct pic_projector *p)
{
    uint64_t position;
    uint64_t clock;
    int status = read_note(p, &position, &clock, p->mark);
    if (status != PIC_OK)
        return status;
    if (position != p->position)
        pic_state_forget(p->state);
    p->position = position;
    p->clock.last = clock;
    return PIC_OK;
}

/* --- folding --- */

/* Folds the segment after the position. PIC_ENOT_FOUND at the end of the journal. */
static int fold_next(struct pic_projector *p)
{
    struct pic_segment segment;
    struct pic_change change;
    bool done = false;
    uint64_t position = p->position + 1;
    int status = pic_journal_next(p->journal, &position, &p->bytes);
    if (status != PIC_OK)
        return status;
    if (p->limit != 0 && position > p->limit)
        return PIC_ENOT_FOUND;
    status = pic_segment_read(pic_buf_view(&p->bytes), &segment);
    if (status == PIC_OK)
        status = pic_segment_reader_open(p->reader, &segment);
    while (status == PIC_OK) {
        status = pic_segment_reader_next(p->reader, &change, &done);
        if (status != PIC_OK || done)
            break;
        pic_clock_see(&p->clock, change.stamp);
        status = pic_state_fold(p->state, &change, segment.audience, NULL);
    }
    if (status == PIC_EFORMAT || status == PIC_EHASH || status == PIC_EVERSION)
        return PIC_ESTORE_DAMAGED; /* it was whole when it was taken in */
    p->position = position;
    memcpy(p->mark, segment.hash, sizeof p->mark);
    return status;
}

static int fold_some(struct pic_projector *p, unsigned max, bool *more)
{
    int status = PIC_OK;
    for (unsigned i = 0; status == PIC_OK && i < max; i++)
        status = fold_next(p);
    *more = status == PIC_OK;
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

/* Ends a transaction: everything, or nothing and nothing remembered. */
static int settle(struct pic_projector *p, int status, struct pic_err *err)
{
    if (status == PIC_OK)
        status = pic_state_flush(p->state);
    if (status == PIC_OK)
        status = write_note(p);
    if (status == PIC_OK)
        status = pic_db_commit(&p->db, err);
    if (status != PIC_OK) {
        pic_projector_rollback(p);
        return pic_fail(err, status, "state.db", NULL);
    }
    return PIC_OK;
}

void pic_projector_limit(struct pic_projector *p, uint64_t position)
{
    p->limit = position;
}

int pic_projector_catch_up(struct pic_projector *p, bool (*stop)(void *context), void *context,
                           struct pic_err *err)
{
    bool more = true;
    int status = PIC_OK;
    while (status == PIC_OK && more && (stop == NULL || !stop(context))) {
        uint64_t next = p->position + 1;
        /* The usual case, nothing new, must not take the write lock. */
        status = pic_journal_next(p->journal, &next, &p->bytes);
        if (status == PIC_ENOT_FOUND)
            return PIC_OK;
        if (status == PIC_OK)
            status = pic_db_begin(&p->db, err);
        if (status != PIC_OK)
            return pic_fail(err, status, NULL);
        status = sync_note(p);
        if (status == PIC_OK)
            status = fold_some(p, BATCH_SEGMENTS, &more);
        status = settle(p, status, err);
    }
    return status;
}

int pic_projector_begin(struct pic_projector *p, struct pic_err *err)
{
    bool more = true;
    int status = pic_db_begin(&p->db, err);
    if (status != PIC_OK)
        return status;
    status = sync_note(p);
    while (status == PIC_OK && more)
        status = fold_some(p, BATCH_SEGMENTS, &more);
    if (status == PIC_OK)
        return PIC_OK;
    pic_projector_rollback(p);
    return pic_fail(err, status, "state.db", NULL);
}

int pic_projector_commit(struct pic_projector *p, uint64_t position, const struct pic_clock *clock,
                         struct pic_err *err)
{
    struct pic_segment segment;
    uint64_t at = position;
    pic_clock_see(&p->clock, clock->last);
    int status = position == p->position ? PIC_OK : pic_journal_next(p->journal, &at, &p->bytes);
    if (status == PIC_OK && position != p->position) {
        status = pic_segment_read(pic_buf_view(&p->bytes), &segment);
        if (status == PIC_OK)
            memcpy(p->mark, segment.hash, sizeof p->mark);
    }
    p->position = position;
    return settle(p, status, err);
}

void pic_projector_rollback(struct pic_projector *p)
{
    pic_db_rollback(&p->db);
    pic_state_forget(p->state);
    if (read_note(p, &p->position, &p->clock.last, p->mark) != PIC_OK)
        p->position = 0; /* taken again at the next transaction */
}

/* --- life --- */

/* Whether the note speaks of this journal. */
static int note_holds(struct pic_projector *p, bool *holds)
{
    struct pic_segment segment;
    uint64_t at = p->position;
    *holds = true;
    if (p->position == 0)
        return PIC_OK;
    int status = pic_journal_next(p->journal, &at, &p->bytes);
    if (status == PIC_OK)
        status = pic_segment_read(pic_buf_view(&p->bytes), &segment);
    *holds =
        status == PIC_OK && at == p->position && memcmp(segment.hash, p->mark, sizeof p->mark) == 0;
    return status == PIC_ENOT_FOUND || status == PIC_EFORMAT ? PIC_OK : status;
}

static int prepare(struct pic_projector *p, struct pic_err *err)
{
    int status = pic_state_prepare(&p->db, err);
    if (status == PIC_EVERSION) {
        status = pic_state_drop(&p->db, err);
        if (status == PIC_OK)
            status = pic_db_exec(&p->db, "DROP TABLE IF EXISTS projection", err);
        if (status == PIC_OK)
            status = pic_state_prepare(&p->db, err);
    }
    if (status == PIC_OK)
        status = pic_db_exec(&p->db, projection_sql, err);
    return status;
}

static int start(struct pic_projector *p, struct pic_err *err)
{
    static const char get[] = "SELECT position, clock, mark FROM projection WHERE one = 1";
    static const char put[] = "UPDATE projection SET position = ?1, clock = ?2, mark = ?3";
    int status = pic_state_new(&p->db, NULL, &p->state, err);
    if (status != PIC_OK)
        return status;
    p->note_get = pic_db_prepare(&p->db, get, err);
    p->note_put = pic_db_prepare(&p->db, put, err);
    if (p->note_get == NULL || p->note_put == NULL)
        return pic_db_status(sqlite3_errcode(p->db.handle));
    return read_note(p, &p->position, &p->clock.last, p->mark);
}

static void end(struct pic_projector *p)
{
    pic_state_free(p->state);
    (void)sqlite3_finalize(p->note_get);
    (void)sqlite3_finalize(p->note_put);
    p->state = NULL;
    p->note_get = p->note_put = NULL;
}

/* Opens state.db, making it again when it speaks of another journal. */
static int open_state(struct pic_projector *p, const char *path, struct pic_err *err)
{
    const struct pic_db_options options = {
        .durability = PIC_REBUILDABLE, .busy_ms = BUSY_MS, .cache_kib = CACHE_KIB};
    bool holds = false;
    int status = pic_db_open(path, &options, &p->db, err);
    if (status == PIC_OK)
        status = prepare(p, err);
    if (status == PIC_OK)
        status = start(p, err);
    if (status == PIC_OK)
        status = note_holds(p, &holds);
    if (status != PIC_OK || holds)
        return status;
    end(p);
    status = pic_state_drop(&p->db, err);
    if (status == PIC_OK)
        status = pic_db_exec(&p->db, "DROP TABLE projection", err);
    if (status == PIC_OK)
        status = prepare(p, err);
    return status == PIC_OK ? start(p, err) : status;
}

int pic_projector_new(const char *path, struct pic_journal *journal, struct pic_projector **out,
                      struct pic_err *err)
{
    struct pic_projector *p = calloc(1, sizeof *p);
    if (p == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    p->journal = journal;
    pic_buf_init(&p->bytes, PIC_SEGMENT_MAX);
    int status = pic_segment_reader_new(&p->reader);
    if (status == PIC_OK)
        status = open_state(p, path, err);
    if (status != PIC_OK) {
        pic_projector_free(p);
        return pic_fail(err, status, "state.db", NULL);
    }
    *out = p;
    return PIC_OK;
}

void pic_projector_free(struct pic_projector *p)
{
    if (p == NULL)
        return;
    end(p);
    pic_db_close(&p->db);
    pic_segment_reader_free(p->reader);
    pic_buf_release(&p->bytes);
    free(p);
}

struct pic_state *pic_projector_state(const struct pic_projector *p)
{
    return p->state;
}

struct pic_db *pic_projector_db(const struct pic_projector *p)
{
    /* The connection is not part of what const promises. */
    return p->state == NULL ? NULL : pic_state_rows(p->state)->db;
}

uint64_t pic_projector_position(const struct pic_projector *p)
{
    return p->position;
}

struct pic_clock pic_projector_clock(const struct pic_projector *p)
{
    return p->clock;
}
