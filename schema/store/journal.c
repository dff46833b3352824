#include "schema/store/journal.h"

#include <stdlib.h>
#include <string.h>

extern const unsigned char pic_embedded_journal_sql[];

const char *const pic_journal_scripts[] = {(const char *)pic_embedded_journal_sql};
const int pic_journal_script_n = 1;

enum query {
    HEAD_GET,
    HEAD_PUT,
    SEGMENT_ADD,
    SEGMENT_AT,
    SEGMENT_OF_DOT,
    SEGMENT_HOLDING,
    SEGMENT_IN_LOG,
    POSITION_MAX,
    FEED_ALL,
    FEED_ONE,
    FEED_BYTES,
    RECEIPT_ADD,
    RECEIPT_LAST,
    RECEIPT_FIND,
    RECEIPT_MAX,
    FACT_GET,
    FACT_PUT,
    QUERIES
};

static const char *const queries[QUERIES] = {
    [HEAD_GET] = "SELECT seq, hash FROM log_head WHERE device = ?1 AND audience = ?2",
    [HEAD_PUT] = "INSERT INTO log_head VALUES(?1, ?2, ?3, ?4, ?5)"
                 " ON CONFLICT DO UPDATE SET seq = ?3, hash = ?4, changes = changes + ?5",
    [SEGMENT_ADD] = "INSERT INTO segment(device, audience, first_seq, last_seq, count, hash, bytes)"
                    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SEGMENT_AT] = "SELECT position, bytes FROM segment WHERE position >= ?1"
                   " ORDER BY position LIMIT 1",
    /* Logs of the server share one sequence, so the right audience is not known beforehand. */
    [SEGMENT_OF_DOT] = "SELECT s.position, s.bytes FROM log_head AS h JOIN segment AS s"
                       " ON s.position = (SELECT position FROM segment WHERE device = h.device"
                       "   AND audience = h.audience AND last_seq >= ?2 ORDER BY last_seq LIMIT 1)"
                       " WHERE h.device = ?1 AND s.first_seq <= ?2",
    [SEGMENT_HOLDING] = "SELECT position, first_seq, last_seq, hash FROM segment"
                        " WHERE device = ?1 AND audience = ?2 AND last_seq >= ?3"
                        " ORDER BY last_seq LIMIT 1",
    [SEGMENT_IN_LOG] = "SELECT last_seq, bytes FROM segment"
                       " WHERE device = ?1 AND audience = ?2 AND last_seq >= ?3"
                       " ORDER BY last_seq LIMIT 1",
    [POSITION_MAX] = "SELECT coalesce(max(position), 0) FROM segment",
    [FEED_ALL] = "SELECT position, device, length(bytes) FROM segment WHERE position > ?1"
                 " ORDER BY position",
    [FEED_ONE] = "SELECT position, device, length(bytes) FROM segment"
                 " WHERE audience = ?2 AND position > ?1 ORDER BY position",
    [FEED_BYTES] = "SELECT bytes FROM segment WHERE position = ?1",
    [RECEIPT_ADD] = "INSERT OR REPLACE INTO receipt VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [RECEIPT_LAST] = "SELECT * FROM receipt WHERE device = ?1 ORDER BY number DESC LIMIT 1",
    [RECEIPT_FIND] = "SELECT * FROM receipt WHERE number = ?1",
    [RECEIPT_MAX] = "SELECT coalesce(max(number), 0) + 1 FROM receipt",
    [FACT_GET] = "SELECT value FROM fact WHERE name = ?1",
    [FACT_PUT] = "INSERT OR REPLACE INTO fact VALUES(?1, ?2)",
};

struct pic_journal {
    struct pic_db *db;
    sqlite3_stmt *stmt[QUERIES];
    sqlite3_stmt *feed_other; /* FEED_ONE once more: two audiences are walked together */
};

int pic_journal_new(struct pic_db *db, struct pic_journal **out, struct pic_err *err)
{
    struct pic_journal *j = calloc(1, sizeof *j);
    if (j == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    j->db = db;
    struct pic_err local = {0};
    err = err == NULL ? &local : err;
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < QUERIES; i++) {
        j->stmt[i] = pic_db_prepare(db, queries[i], err);
        status = j->stmt[i] == NULL ? err->status : PIC_OK;
    }
    if (status == PIC_OK) {
        j->feed_other = pic_db_prepare(db, queries[FEED_ONE], err);
        status = j->feed_other == NULL ? err->status : PIC_OK;
    }
    if (status != PIC_OK) {
        pic_journal_free(j);
        return status;
    }
    *out = j;
    return PIC_OK;
}

void pic_journal_free(struct pic_journal *j)
{
    if (j == NULL)
        return;
    for (size_t i = 0; i < QUERIES; i++)
        (void)sqlite3_finalize(j->stmt[i]);
    (void)sqlite3_finalize(j->feed_other);
    free(j);
}

static void bind_number(sqlite3_stmt *stmt, int at, uint64_t v)
{
    (void)sqlite3_bind_int64(stmt, at, (sqlite3_int64)v);
}

static uint64_t number_at(sqlite3_stmt *stmt, int column)
{
    return (uint64_t)sqlite3_column_int64(stmt, column);
}

/* Copies a hash column; what has another length is damage. */
static int hash_at(sqlite3_stmt *stmt, int column, uint8_t out[static PIC_HASH_SIZE])
{
    struct pic_span s = pic_db_column_span(stmt, column);
    if (s.n != PIC_HASH_SIZE)
        return PIC_ESTORE_DAMAGED;
    memcpy(out, s.p, PIC_HASH_SIZE);
    return PIC_OK;
}

/* --- logs --- */

int pic_journal_head(struct pic_journal *j, uint32_t device, uint64_t audience,
                     struct pic_log_head *out)
{
    sqlite3_stmt *stmt = j->stmt[HEAD_GET];
    bool row;
    *out = (struct pic_log_head){0};
    bind_number(stmt, 1, device);
    bind_number(stmt, 2, audience);
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        out->seq = number_at(stmt, 0);
        status = hash_at(stmt, 1, out->hash);
    }
    (void)sqlite3_reset(stmt);
    return status;
}

/* What a segment that does not follow the head is: held already, another branch, or too early. */
static int not_next(struct pic_journal *j, const struct pic_segment *s,
                    const struct pic_log_head *head, uint64_t *position)
{
    sqlite3_stmt *stmt = j->stmt[SEGMENT_HOLDING];
    uint8_t hash[PIC_HASH_SIZE] = {0};
    bool row;
    if (s->first_seq > head->seq)
        return s->first_seq > head->seq + 1 ? PIC_EGAP : PIC_EFORK;
    bind_number(stmt, 1, s->device);
    bind_number(stmt, 2, s->audience);
    bind_number(stmt, 3, s->last_seq);
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        *position = number_at(stmt, 0);
        status = hash_at(stmt, 3, hash);
    }
    (void)sqlite3_reset(stmt);
    if (status != PIC_OK)
        return status;
    return row && memcmp(hash, s->hash, PIC_HASH_SIZE) == 0 ? PIC_EEXISTS : PIC_EFORK;
}

static int add_segment(struct pic_journal *j, const struct pic_segment *s)
{
    sqlite3_stmt *stmt = j->stmt[SEGMENT_ADD];
    bind_number(stmt, 1, s->device);
    bind_number(stmt, 2, s->audience);
    bind_number(stmt, 3, s->first_seq);
    bind_number(stmt, 4, s->last_seq);
    bind_number(stmt, 5, s->count);
    pic_db_bind_span(stmt, 6, pic_span_of(s->hash, PIC_HASH_SIZE));
    pic_db_bind_span(stmt, 7, s->bytes);
    return pic_db_run(stmt);
}

int pic_journal_append(struct pic_journal *j, const struct pic_segment *s, uint64_t *position)
{
    struct pic_log_head head;
    int status = pic_journal_head(j, s->device, s->audience, &head);
    if (status != PIC_OK)
        return status;
    bool follows = s->device == PIC_DEVICE_SERVER ? s->first_seq > head.seq
                                                  : s->first_seq == head.seq + 1;
    if (!follows || memcmp(s->previous, head.hash, PIC_HASH_SIZE) != 0)
        return not_next(j, s, &head, position);
    status = add_segment(j, s);
    if (status != PIC_OK)
        return status;
    *position = (uint64_t)sqlite3_last_insert_rowid(j->db->handle);
    sqlite3_stmt *stmt = j->stmt[HEAD_PUT];
    bind_number(stmt, 1, s->device);
    bind_number(stmt, 2, s->audience);
    bind_number(stmt, 3, s->last_seq);
    pic_db_bind_span(stmt, 4, pic_span_of(s->hash, PIC_HASH_SIZE));
    bind_number(stmt, 5, s->count);
    return pic_db_run(stmt);
}

int pic_journal_position(struct pic_journal *j, uint64_t *out)
{
    bool row;
    int status = pic_db_step(j->stmt[POSITION_MAX], &row);
    if (status == PIC_OK && row)
        *out = number_at(j->stmt[POSITION_MAX], 0);
    (void)sqlite3_reset(j->stmt[POSITION_MAX]);
    return status;
}

/* Steps a query whose columns are a number and a segment's bytes. */
static int one_segment(sqlite3_stmt *stmt, uint64_t *number, struct pic_buf *out)
{
    bool row;
    int status = pic_db_step(stmt, &row);
    pic_buf_clear(out);
    if (status == PIC_OK && row) {
        struct pic_span bytes = pic_db_column_span(stmt, 1);
        *number = number_at(stmt, 0);
        pic_buf_bytes(out, bytes.p, bytes.n);
        status = pic_buf_status(out);
    }
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && !row ? PIC_ENOT_FOUND : status;
}

int pic_journal_next(struct pic_journal *j, uint64_t *position, struct pic_buf *out)
{
    bind_number(j->stmt[SEGMENT_AT], 1, *position);
    return one_segment(j->stmt[SEGMENT_AT], position, out);
}

int pic_journal_find(struct pic_journal *j, uint64_t dot, uint64_t *position, struct pic_buf *out)
{
    bind_number(j->stmt[SEGMENT_OF_DOT], 1, pic_dot_device(dot));
    bind_number(j->stmt[SEGMENT_OF_DOT], 2, pic_dot_seq(dot));
    return one_segment(j->stmt[SEGMENT_OF_DOT], position, out);
}

int pic_journal_log_next(struct pic_journal *j, uint32_t device, uint64_t audience, uint64_t *seq,
                         struct pic_buf *out)
{
    bind_number(j->stmt[SEGMENT_IN_LOG], 1, device);
    bind_number(j->stmt[SEGMENT_IN_LOG], 2, audience);
    bind_number(j->stmt[SEGMENT_IN_LOG], 3, *seq);
    return one_segment(j->stmt[SEGMENT_IN_LOG], seq, out);
}

/* --- feed --- */

/* A walk over one audience's segments, one ahead. */
struct walk {
    sqlite3_stmt *stmt;
    bool row;
    uint64_t position;
    uint32_t device;
    size_t size;
};

static int walk_step(struct walk *w)
{
    int status = pic_db_step(w->stmt, &w->row);
    if (status == PIC_OK && w->row) {
        w->position = number_at(w->stmt, 0);
        w->device = (uint32_t)number_at(w->stmt, 1);
        w->size = (size_t)number_at(w->stmt, 2);
    }
    return status;
}

static int walk_start(struct walk *w, sqlite3_stmt *stmt, uint64_t cursor, const uint64_t *audience)
{
    *w = (struct walk){.stmt = stmt};
    bind_number(stmt, 1, cursor);
    if (audience != NULL)
        bind_number(stmt, 2, *audience);
    return walk_step(w);
}

struct feed {
    struct walk walks[2];
    size_t walk_n;
    uint32_t except;
};

static int feed_open(struct pic_journal *j, uint64_t organisation, uint32_t except,
                     uint64_t cursor, struct feed *f)
{
    static const uint64_t everybody = PIC_AUDIENCE_ALL;
    *f = (struct feed){.except = except};
    if (organisation == 0) {
        f->walk_n = 1;
        return walk_start(&f->walks[0], j->stmt[FEED_ALL], cursor, NULL);
    }
    f->walk_n = 2;
    int status = walk_start(&f->walks[0], j->stmt[FEED_ONE], cursor, &everybody);
    return status == PIC_OK
               ? walk_start(&f->walks[1], j->feed_other, cursor, &organisation)
               : status;
}

/* The walk that holds the next segment to send, or NULL at the end. */
static int feed_peek(struct feed *f, struct walk **out)
{
    for (;;) {
        struct walk *first = NULL;
        for (size_t i = 0; i < f->walk_n; i++)
            if (f->walks[i].row && (first == NULL || f->walks[i].position < first->position))
                first = &f->walks[i];
        *out = first;
        if (first == NULL || f->except == 0 || first->device != f->except)
            return PIC_OK;
        int status = walk_step(first);
        if (status != PIC_OK)
            return status;
    }
}

static int put_bytes(struct pic_journal *j, uint64_t position, struct pic_buf *out)
{
    bool row;
    bind_number(j->stmt[FEED_BYTES], 1, position);
    int status = pic_db_step(j->stmt[FEED_BYTES], &row);
    if (status == PIC_OK)
        pic_buf_span(out, pic_db_column_span(j->stmt[FEED_BYTES], 0));
    (void)sqlite3_reset(j->stmt[FEED_BYTES]);
    return status;
}

enum { FEED_ITEM_OVERHEAD = 13, FEED_PAGE_ITEMS = 4096 }; /* two varints: delta and length */

/* Chooses the segments of one page: at least one, then as many as fit the budget. */
static int feed_page(struct feed *f, size_t budget, uint64_t *positions, size_t *n)
{
    struct walk *next;
    size_t used = 0;
    *n = 0;
    int status = feed_peek(f, &next);
    while (status == PIC_OK && next != NULL && *n < FEED_PAGE_ITEMS) {
        if (*n > 0 && used + next->size + FEED_ITEM_OVERHEAD > budget)
            break;
        used += next->size + FEED_ITEM_OVERHEAD;
        positions[(*n)++] = next->position;
        status = walk_step(next);
        if (status == PIC_OK)
            status = feed_peek(f, &next);
    }
    return status;
}

int pic_journal_feed(struct pic_journal *j, uint64_t organisation, uint32_t except_device,
                     unsigned skip, size_t budget, uint64_t *cursor, struct pic_buf *out,
                     bool *more)
{
    struct feed f;
    size_t n = 0;
    uint64_t *positions = malloc(FEED_PAGE_ITEMS * sizeof *positions);
    int status = positions == NULL ? PIC_EMEMORY
                                   : feed_open(j, organisation, except_device, *cursor, &f);
    for (unsigned i = 0; status == PIC_OK && i <= skip; i++) {
        if (n > 0)
            *cursor = positions[n - 1];
        status = feed_page(&f, budget, positions, &n);
        if (n == 0)
            break;
    }
    struct walk *next = NULL;
    if (status == PIC_OK)
        status = feed_peek(&f, &next);
    *more = next != NULL;
    pic_buf_varint(out, n);
    for (size_t i = 0; status == PIC_OK && i < n; i++) {
        pic_buf_varint(out, positions[i] - *cursor);
        status = put_bytes(j, positions[i], out);
        *cursor = positions[i];
    }
    (void)sqlite3_reset(j->stmt[FEED_ALL]);
    (void)sqlite3_reset(j->stmt[FEED_ONE]);
    (void)sqlite3_reset(j->feed_other);
    free(positions);
    return status == PIC_OK ? pic_buf_status(out) : status;
}

/* --- receipts --- */

int pic_journal_receipt_put(struct pic_journal *j, const struct pic_receipt *r)
{
    sqlite3_stmt *stmt = j->stmt[RECEIPT_ADD];
    bind_number(stmt, 1, r->number);
    bind_number(stmt, 2, r->device);
    bind_number(stmt, 3, r->seq);
    pic_db_bind_span(stmt, 4, pic_span_of(r->head, PIC_HASH_SIZE));
    bind_number(stmt, 5, r->position);
    (void)sqlite3_bind_int64(stmt, 6, r->time_ms);
    bind_number(stmt, 7, r->changes);
    bind_number(stmt, 8, r->documents);
    pic_db_bind_span(stmt, 9, pic_span_of(r->documents_digest, PIC_HASH_SIZE));
    return pic_db_run(stmt);
}

static int one_receipt(sqlite3_stmt *stmt, struct pic_receipt *out)
{
    bool row;
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        *out = (struct pic_receipt){.number = number_at(stmt, 0),
                                    .device = (uint32_t)number_at(stmt, 1),
                                    .seq = number_at(stmt, 2),
                                    .position = number_at(stmt, 4),
                                    .time_ms = sqlite3_column_int64(stmt, 5),
                                    .changes = number_at(stmt, 6),
                                    .documents = number_at(stmt, 7)};
        status = hash_at(stmt, 3, out->head);
        if (status == PIC_OK)
            status = hash_at(stmt, 8, out->documents_digest);
    }
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && !row ? PIC_ENOT_FOUND : status;
}

int pic_journal_receipt_last(struct pic_journal *j, uint32_t device, struct pic_receipt *out)
{
    bind_number(j->stmt[RECEIPT_LAST], 1, device);
    return one_receipt(j->stmt[RECEIPT_LAST], out);
}

int pic_journal_receipt_find(struct pic_journal *j, uint64_t number, struct pic_receipt *out)
{
    bind_number(j->stmt[RECEIPT_FIND], 1, number);
    return one_receipt(j->stmt[RECEIPT_FIND], out);
}

int pic_journal_receipt_number(struct pic_journal *j, uint64_t *out)
{
    bool row;
    int status = pic_db_step(j->stmt[RECEIPT_MAX], &row);
    if (status == PIC_OK && row)
        *out = number_at(j->stmt[RECEIPT_MAX], 0);
    (void)sqlite3_reset(j->stmt[RECEIPT_MAX]);
    return status;
}

/* --- facts --- */

int pic_journal_fact_get(struct pic_journal *j, const char *name, struct pic_buf *out)
{
    sqlite3_stmt *stmt = j->stmt[FACT_GET];
    bool row;
    pic_db_bind_text(stmt, 1, pic_span_text(name));
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        struct pic_span value = pic_db_column_span(stmt, 0);
        pic_buf_bytes(out, value.p, value.n);
        status = pic_buf_status(out);
    }
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && !row ? PIC_ENOT_FOUND : status;
}

int pic_journal_fact_put(struct pic_journal *j, const char *name, struct pic_span value)
{
    sqlite3_stmt *stmt = j->stmt[FACT_PUT];
    pic_db_bind_text(stmt, 1, pic_span_text(name));
    pic_db_bind_span(stmt, 2, value);
    return pic_db_run(stmt);
}

int pic_journal_number_get(struct pic_journal *j, const char *name, uint64_t *out)
{
    sqlite3_stmt *stmt = j->stmt[FACT_GET];
    bool row;
    pic_db_bind_text(stmt, 1, pic_span_text(name));
    int status = pic_db_step(stmt, &row);
    *out = status == PIC_OK && row ? number_at(stmt, 0) : 0;
    (void)sqlite3_reset(stmt);
    return status;
}

int pic_journal_number_put(struct pic_journal *j, const char *name, uint64_t value)
{
    sqlite3_stmt *stmt = j->stmt[FACT_PUT];
    pic_db_bind_text(stmt, 1, pic_span_text(name));
    bind_number(stmt, 2, value);
    return pic_db_run(stmt);
}
