#include "schema/store/journal.h"

#include <stdlib.h>
#include <string.h>

enum query {
#define QUERY(symbol, sql) symbol,
#include "schema/store/journal_queries.def"
#undef QUERY
    QUERY_COUNT
};

static const char floor_fact[] = "position floor";

static const char *const queries[] = {
#define QUERY(symbol, sql) sql,
#include "schema/store/journal_queries.def"
#undef QUERY
};

extern const unsigned char pic_embedded_journal_sql[];
const char *const pic_journal_scripts[] = {(const char *)pic_embedded_journal_sql};
const int pic_journal_script_n = sizeof pic_journal_scripts / sizeof *pic_journal_scripts;

struct pic_journal {
    struct pic_db *db;
    sqlite3_stmt *stmt[QUERY_COUNT];
    struct pic_segment_reader *reader; /* NULL until a segment must be looked into */
    uint64_t floor;                    /* no segment gets a position up to here any more */
    bool floor_known;
};

int pic_journal_new(struct pic_db *db, struct pic_journal **out, struct pic_err *err)
{
    struct pic_err own = {0};
    err = err == NULL ? &own : err;
    struct pic_journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    journal->db = db;
    for (size_t i = 0; i < QUERY_COUNT; i++) {
        journal->stmt[i] = pic_db_prepare(db, queries[i], err);
        if (journal->stmt[i] == NULL) {
            pic_journal_free(journal);
            return err->status;
        }
    }
    *out = journal;
    return PIC_OK;
}

void pic_journal_free(struct pic_journal *journal)
{
    if (journal == NULL)
        return;
    for (size_t i = 0; i < QUERY_COUNT; i++)
        (void)sqlite3_finalize(journal->stmt[i]);
    pic_segment_reader_free(journal->reader);
    free(journal);
}

/* SQLite's integers are signed. What is beyond them comes from outside and means "past the end". */
static void bind(sqlite3_stmt *stmt, int parameter, uint64_t v)
{
    (void)sqlite3_bind_int64(stmt, parameter, v > INT64_MAX ? INT64_MAX : (sqlite3_int64)v);
}

static uint64_t column(sqlite3_stmt *stmt, int i)
{
    return (uint64_t)sqlite3_column_int64(stmt, i);
}

/* A hash column; anything that is no hash is damage. */
static int column_hash(sqlite3_stmt *stmt, int i, uint8_t out[static PIC_HASH_SIZE])
{
    struct pic_span s = pic_db_column_span(stmt, i);
    if (s.n != PIC_HASH_SIZE)
        return PIC_ESTORE_DAMAGED;
    memcpy(out, s.p, PIC_HASH_SIZE);
    return PIC_OK;
}

static int column_copy(sqlite3_stmt *stmt, int i, struct pic_buf *out)
{
    struct pic_span s = pic_db_column_span(stmt, i);
    pic_buf_clear(out);
    pic_buf_bytes(out, s.p, s.n);
    return pic_buf_status(out);
}

/* First row of a query whose parameters are bound: PIC_OK, or PIC_ENOT_FOUND. */
static int first_row(sqlite3_stmt *stmt)
{
    bool row;
    int status = pic_db_step(stmt, &row);
    return status == PIC_OK && !row ? PIC_ENOT_FOUND : status;
}

/* The number that a query without parameters answers. */
static int one_number(sqlite3_stmt *stmt, uint64_t *out)
{
    int status = first_row(stmt);
    if (status == PIC_OK)
        *out = column(stmt, 0);
    (void)sqlite3_reset(stmt);
    return status;
}

int pic_journal_head(struct pic_journal *journal, uint32_t device, uint64_t audience,
                     struct pic_log_head *out)
{
    sqlite3_stmt *stmt = journal->stmt[QUERY_HEAD];
    struct pic_log_head head = {0};
    bind(stmt, 1, device);
    bind(stmt, 2, audience);
    int status = first_row(stmt);
    if (status == PIC_OK) {
        head.seq = column(stmt, 0);
        status = column_hash(stmt, 1, head.hash);
    } else if (status == PIC_ENOT_FOUND) {
        status = PIC_OK;
    }
    (void)sqlite3_reset(stmt);
    if (status == PIC_OK)
        *out = head;
    return status;
}

/* The table of journal.h for a log without gaps; PIC_EFORK also stands for "perhaps held". */
static int continues(const struct pic_segment *s, const struct pic_log_head *head)
{
    if (s->last_seq - s->first_seq + 1 != s->count)
        return PIC_EFORMAT;
    if (s->first_seq <= head->seq)
        return PIC_EFORK;
    if (s->first_seq > head->seq + 1)
        return PIC_EGAP;
    return memcmp(s->previous, head->hash, PIC_HASH_SIZE) == 0 ? PIC_OK : PIC_EFORK;
}

/* PIC_EEXISTS where this segment is held, else PIC_EFORK. The hash covers all but the signature,
 * and the caller has checked that. */
static int held(struct pic_journal *journal, const struct pic_segment *s, uint64_t *position)
{
    sqlite3_stmt *stmt = journal->stmt[QUERY_HELD];
    uint8_t hash[PIC_HASH_SIZE];
    bind(stmt, 1, s->device);
    bind(stmt, 2, s->audience);
    bind(stmt, 3, s->first_seq);
    int status = first_row(stmt);
    if (status == PIC_OK)
        status = column_hash(stmt, 1, hash);
    if (status == PIC_OK && memcmp(hash, s->hash, PIC_HASH_SIZE) == 0) {
        *position = column(stmt, 0);
        status = PIC_EEXISTS;
    } else if (status == PIC_OK || status == PIC_ENOT_FOUND) {
        status = PIC_EFORK;
    }
    (void)sqlite3_reset(stmt);
    return status;
}

/* Whether the log holds the segment before this one, wherever in the log it is. */
static int ancestor(struct pic_journal *journal, const struct pic_segment *s)
{
    static const uint8_t none[PIC_HASH_SIZE];
    sqlite3_stmt *stmt = journal->stmt[QUERY_ANCESTOR];
    if (memcmp(s->previous, none, PIC_HASH_SIZE) == 0)
        return PIC_OK;
    bind(stmt, 1, s->device);
    bind(stmt, 2, s->audience);
    bind(stmt, 3, s->first_seq);
    pic_db_bind_span(stmt, 4, pic_span_of(s->previous, PIC_HASH_SIZE));
    int status = first_row(stmt);
    (void)sqlite3_reset(stmt);
    return status == PIC_ENOT_FOUND ? PIC_EGAP : status;
}

/* PIC_EFORK when this segment has no place between those of its log. */
static int room_between(struct pic_journal *journal, const struct pic_segment *s)
{
    sqlite3_stmt *stmt = journal->stmt[QUERY_OVERLAP];
    bind(stmt, 1, s->device);
    bind(stmt, 2, s->audience);
    bind(stmt, 3, s->last_seq);
    int status = first_row(stmt);
    if (status == PIC_OK && column(stmt, 0) >= s->first_seq)
        status = PIC_EFORK;
    (void)sqlite3_reset(stmt);
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

/* PIC_EFORK when an address of this segment is taken in any log of its device. */
static int addresses_free(struct pic_journal *journal, const struct pic_segment *s)
{
    struct pic_segment_reader *reader = NULL; /* the journal's own looks into what is held */
    struct pic_buf bytes;
    uint64_t position;
    bool done = false;
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    int status = pic_segment_reader_new(&reader);
    if (status == PIC_OK)
        status = pic_segment_reader_open(reader, s);
    while (status == PIC_OK && !done) {
        struct pic_change change;
        status = pic_segment_reader_next(reader, &change, &done);
        if (status != PIC_OK || done)
            break;
        status = pic_journal_find(journal, change.dot, &position, &bytes);
        status = status == PIC_OK ? PIC_EFORK : status == PIC_ENOT_FOUND ? PIC_OK : status;
    }
    pic_segment_reader_free(reader);
    pic_buf_release(&bytes);
    return status;
}

/* The server's logs share one sequence and may branch, where the server was put back from an older
 * copy: what matters is that the past is held and that no address is given twice. */
static int server_continues(struct pic_journal *journal, const struct pic_segment *s,
                            const struct pic_log_head *head, uint64_t *position)
{
    uint64_t last = 0;
    int status = s->first_seq <= head->seq ? held(journal, s, position) : PIC_OK;
    if (status != PIC_OK && status != PIC_EFORK)
        return status;
    status = ancestor(journal, s);
    if (status == PIC_OK)
        status = room_between(journal, s);
    bind(journal->stmt[QUERY_DEVICE_LAST], 1, s->device);
    if (status == PIC_OK)
        status = one_number(journal->stmt[QUERY_DEVICE_LAST], &last);
    return status == PIC_OK && s->first_seq <= last ? addresses_free(journal, s) : status;
}

/* The next position is SQLite's choice, but above a floor. */
static int bind_position(struct pic_journal *journal, sqlite3_stmt *stmt, int parameter)
{
    uint64_t last = 0;
    int status = PIC_OK;
    if (!journal->floor_known)
        status = pic_journal_number_get(journal, floor_fact, &journal->floor);
    journal->floor_known = status == PIC_OK;
    if (status == PIC_OK && journal->floor > 0)
        status = pic_journal_position(journal, &last);
    if (status == PIC_OK && last < journal->floor)
        bind(stmt, parameter, journal->floor + 1);
    else
        (void)sqlite3_bind_null(stmt, parameter);
    return status;
}

static int write_segment(struct pic_journal *journal, const struct pic_segment *s)
{
    sqlite3_stmt *stmt = journal->stmt[QUERY_APPEND];
    int status = bind_position(journal, stmt, 8);
    if (status != PIC_OK)
        return status;
    bind(stmt, 1, s->device);
    bind(stmt, 2, s->audience);
    bind(stmt, 3, s->first_seq);
    bind(stmt, 4, s->last_seq);
    bind(stmt, 5, s->count);
    pic_db_bind_span(stmt, 6, pic_span_of(s->hash, PIC_HASH_SIZE));
    pic_db_bind_span(stmt, 7, s->bytes);
    return pic_db_run(stmt);
}

static int write_head(struct pic_journal *journal, const struct pic_segment *s,
                      const struct pic_log_head *head)
{
    sqlite3_stmt *stmt = journal->stmt[QUERY_HEAD_PUT];
    if (s->first_seq <= head->seq) { /* of a branch that came back */
        stmt = journal->stmt[QUERY_HEAD_COUNT];
        bind(stmt, 1, s->device);
        bind(stmt, 2, s->audience);
        bind(stmt, 3, s->count);
        return pic_db_run(stmt);
    }
    bind(stmt, 1, s->device);
    bind(stmt, 2, s->audience);
    bind(stmt, 3, s->last_seq);
    pic_db_bind_span(stmt, 4, pic_span_of(s->hash, PIC_HASH_SIZE));
    bind(stmt, 5, s->count);
    return pic_db_run(stmt);
}

int pic_journal_append(struct pic_journal *journal, const struct pic_segment *segment,
                       uint64_t *position)
{
    struct pic_log_head head;
    int status = pic_journal_head(journal, segment->device, segment->audience, &head);
    if (status != PIC_OK)
        return status;
    if (segment->device == PIC_DEVICE_SERVER) {
        status = server_continues(journal, segment, &head, position);
    } else {
        status = continues(segment, &head);
        if (status == PIC_EFORK)
            return held(journal, segment, position);
    }
    if (status == PIC_OK)
        status = write_segment(journal, segment);
    if (status != PIC_OK)
        return status;
    uint64_t place = (uint64_t)sqlite3_last_insert_rowid(journal->db->handle);
    status = write_head(journal, segment, &head);
    if (status == PIC_OK)
        *position = place;
    return status;
}

/* Removes what starts after seq, once its head is known. */
static int cut(struct pic_journal *journal, uint32_t device, uint64_t audience,
               const struct pic_log_head *head)
{
    enum query order = head->seq == 0 ? QUERY_HEAD_DROP : QUERY_HEAD_CUT;
    uint64_t count = 0;
    bind(journal->stmt[QUERY_CUT_COUNT], 1, device);
    bind(journal->stmt[QUERY_CUT_COUNT], 2, audience);
    bind(journal->stmt[QUERY_CUT_COUNT], 3, head->seq);
    int status = one_number(journal->stmt[QUERY_CUT_COUNT], &count);
    if (status != PIC_OK)
        return status;
    bind(journal->stmt[QUERY_CUT], 1, device);
    bind(journal->stmt[QUERY_CUT], 2, audience);
    bind(journal->stmt[QUERY_CUT], 3, head->seq);
    status = pic_db_run(journal->stmt[QUERY_CUT]);
    bind(journal->stmt[order], 1, device);
    bind(journal->stmt[order], 2, audience);
    if (order == QUERY_HEAD_CUT) {
        bind(journal->stmt[order], 3, head->seq);
        pic_db_bind_span(journal->stmt[order], 4, pic_span_of(head->hash, PIC_HASH_SIZE));
        bind(journal->stmt[order], 5, count);
    }
    return status == PIC_OK ? pic_db_run(journal->stmt[order]) : status;
}

int pic_journal_give_way(struct pic_journal *journal, const struct pic_segment *segment)
{
    struct pic_log_head common = {.seq = segment->first_seq - 1};
    sqlite3_stmt *stmt = journal->stmt[QUERY_ANCESTOR];
    memcpy(common.hash, segment->previous, PIC_HASH_SIZE);
    if (segment->device == PIC_DEVICE_SERVER)
        return PIC_EFORK;
    int status = ancestor(journal, segment);
    if (status == PIC_OK && common.seq > 0) {
        bind(stmt, 1, segment->device);
        bind(stmt, 2, segment->audience);
        bind(stmt, 3, segment->first_seq);
        pic_db_bind_span(stmt, 4, pic_span_of(segment->previous, PIC_HASH_SIZE));
        status = first_row(stmt);
        if (status == PIC_OK && column(stmt, 0) != common.seq)
            status = PIC_EFORK;
        (void)sqlite3_reset(stmt);
    }
    if (status == PIC_OK)
        status = cut(journal, segment->device, segment->audience, &common);
    return status == PIC_EGAP || status == PIC_ENOT_FOUND ? PIC_EFORK : status;
}

int pic_journal_skip(struct pic_journal *journal, uint64_t by)
{
    uint64_t last = 0;
    uint64_t floor = 0;
    int status = pic_journal_position(journal, &last);
    if (status == PIC_OK)
        status = pic_journal_number_get(journal, floor_fact, &floor);
    floor = (floor > last ? floor : last) + by;
    if (status == PIC_OK)
        status = pic_journal_number_put(journal, floor_fact, floor);
    journal->floor_known = false;
    return status;
}

int pic_journal_position(struct pic_journal *journal, uint64_t *out)
{
    return one_number(journal->stmt[QUERY_LAST], out);
}

/* Number and segment, the first two columns of a bound query's first row. */
static int take_segment(sqlite3_stmt *stmt, uint64_t *number, struct pic_buf *out)
{
    int status = first_row(stmt);
    if (status == PIC_OK)
        status = column_copy(stmt, 1, out);
    if (status == PIC_OK)
        *number = column(stmt, 0);
    (void)sqlite3_reset(stmt);
    return status;
}

int pic_journal_next(struct pic_journal *journal, uint64_t *position, struct pic_buf *out)
{
    sqlite3_stmt *stmt = journal->stmt[QUERY_NEXT];
    bind(stmt, 1, *position);
    return take_segment(stmt, position, out);
}

int pic_journal_log_next(struct pic_journal *journal, uint32_t device, uint64_t audience,
                         uint64_t *seq, struct pic_buf *out)
{
    sqlite3_stmt *stmt = journal->stmt[QUERY_LOG_NEXT];
    bind(stmt, 1, device);
    bind(stmt, 2, audience);
    bind(stmt, 3, *seq);
    return take_segment(stmt, seq, out);
}

/* Whether a segment that has gaps has this change. It was checked before it was stored: what cannot
 * be read now is damage. */
static int look_inside(struct pic_journal *journal, struct pic_span bytes, uint64_t dot, bool *has)
{
    struct pic_segment segment;
    *has = false;
    int status = PIC_OK;
    if (journal->reader == NULL)
        status = pic_segment_reader_new(&journal->reader);
    if (status == PIC_OK)
        status = pic_segment_read(bytes, &segment);
    if (status == PIC_OK)
        status = pic_segment_reader_open(journal->reader, &segment);
    bool done = false;
    while (status == PIC_OK && !done && !*has) {
        struct pic_change change;
        status = pic_segment_reader_next(journal->reader, &change, &done);
        *has = status == PIC_OK && !done && change.dot == dot;
    }
    return status == PIC_OK || status == PIC_EMEMORY ? status : PIC_ESTORE_DAMAGED;
}

int pic_journal_find(struct pic_journal *journal, uint64_t dot, uint64_t *position,
                     struct pic_buf *out)
{
    sqlite3_stmt *stmt = journal->stmt[QUERY_FIND];
    bind(stmt, 1, pic_dot_device(dot));
    bind(stmt, 2, pic_dot_seq(dot));
    bool has = false;
    int status = first_row(stmt);
    while (status == PIC_OK) {
        bool whole = column(stmt, 2) != 0;
        if (whole)
            has = true;
        else
            status = look_inside(journal, pic_db_column_span(stmt, 1), dot, &has);
        if (has || status != PIC_OK)
            break;
        status = first_row(stmt);
    }
    if (has)
        status = column_copy(stmt, 1, out);
    if (has && status == PIC_OK)
        *position = column(stmt, 0);
    (void)sqlite3_reset(stmt);
    return status;
}

/* A walk along a feed, past the log that is left out. */
struct walk {
    sqlite3_stmt *stmt;
    uint32_t except_device;
    uint64_t position, size; /* of the present segment */
};

static struct walk walk_from(struct pic_journal *journal, uint64_t organisation,
                             uint32_t except_device, uint64_t cursor)
{
    sqlite3_stmt *stmt = journal->stmt[organisation == 0 ? QUERY_FEED_ALL : QUERY_FEED];
    bind(stmt, 1, cursor);
    if (organisation != 0)
        bind(stmt, 2, organisation);
    return (struct walk){.stmt = stmt, .except_device = except_device};
}

/* PIC_ENOT_FOUND at the end. */
static int walk_on(struct walk *w)
{
    int status = first_row(w->stmt);
    while (status == PIC_OK && w->except_device != 0 && column(w->stmt, 1) == w->except_device)
        status = first_row(w->stmt);
    if (status == PIC_OK) {
        w->position = column(w->stmt, 0);
        w->size = column(w->stmt, 2);
    }
    return status;
}

struct page {
    uint64_t start, last; /* positions: before its first segment, of its last */
    uint64_t count, bytes;
    bool more;
};

static uint64_t varint_size(uint64_t v)
{
    uint64_t n = 1;
    while ((v >>= 7) != 0)
        n++;
    return n;
}

/* Finds where a page begins and ends, by lengths alone. */
static int find_page(struct walk *w, unsigned skip, size_t budget, struct page *page)
{
    int status;
    while ((status = walk_on(w)) == PIC_OK) {
        uint64_t cost = varint_size(w->position - page->last) + varint_size(w->size) + w->size;
        if (page->count > 0 && page->bytes + cost > budget) {
            page->more = skip == 0;
            if (page->more)
                break;
            skip--;
            *page = (struct page){.start = page->last, .last = page->last};
        }
        page->last = w->position;
        page->count++;
        page->bytes += cost;
    }
    (void)sqlite3_reset(w->stmt);
    if (status == PIC_ENOT_FOUND && skip > 0)
        *page = (struct page){.start = page->last, .last = page->last};
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

static int put_page(struct pic_journal *journal, struct walk *w, const struct page *page,
                    struct pic_buf *out)
{
    sqlite3_stmt *bytes = journal->stmt[QUERY_BYTES];
    uint64_t last = page->start;
    int status = PIC_OK;
    pic_buf_varint(out, page->count);
    for (uint64_t i = 0; i < page->count && status == PIC_OK; i++) {
        status = walk_on(w);
        if (status != PIC_OK)
            break;
        bind(bytes, 1, w->position);
        status = first_row(bytes);
        if (status == PIC_OK) {
            pic_buf_varint(out, w->position - last);
            pic_buf_span(out, pic_db_column_span(bytes, 0));
            status = pic_buf_status(out);
        }
        last = w->position;
        (void)sqlite3_reset(bytes);
    }
    (void)sqlite3_reset(w->stmt);
    if (status == PIC_ENOT_FOUND) /* what was walked over a moment ago */
        return PIC_ESTORE_DAMAGED;
    return status == PIC_OK ? pic_buf_status(out) : status;
}

int pic_journal_feed(struct pic_journal *journal, uint64_t organisation, uint32_t except_device,
                     unsigned skip, size_t budget, uint64_t *cursor, uint64_t *start,
                     struct pic_buf *out, bool *more)
{
    struct page page = {.start = *cursor, .last = *cursor};
    struct walk w = walk_from(journal, organisation, except_device, *cursor);
    int status = find_page(&w, skip, budget, &page);
    if (status != PIC_OK)
        return status;
    w = walk_from(journal, organisation, except_device, page.start);
    status = put_page(journal, &w, &page, out);
    if (status != PIC_OK)
        return status;
    *start = page.start;
    *cursor = page.last;
    *more = page.more;
    return PIC_OK;
}

int pic_journal_receipt_put(struct pic_journal *journal, const struct pic_receipt *receipt)
{
    sqlite3_stmt *stmt = journal->stmt[QUERY_RECEIPT_PUT];
    bind(stmt, 1, receipt->number);
    bind(stmt, 2, receipt->device);
    bind(stmt, 3, receipt->seq);
    pic_db_bind_span(stmt, 4, pic_span_of(receipt->head, PIC_HASH_SIZE));
    bind(stmt, 5, receipt->position);
    (void)sqlite3_bind_int64(stmt, 6, receipt->time_ms);
    bind(stmt, 7, receipt->changes);
    bind(stmt, 8, receipt->documents);
    pic_db_bind_span(stmt, 9, pic_span_of(receipt->documents_digest, PIC_HASH_SIZE));
    return pic_db_run(stmt);
}

/* The receipt of a bound query's first row. */
static int take_receipt(sqlite3_stmt *stmt, struct pic_receipt *out)
{
    struct pic_receipt r = {0};
    int status = first_row(stmt);
    if (status == PIC_OK) {
        r.number = column(stmt, 0);
        r.device = (uint32_t)column(stmt, 1);
        r.seq = column(stmt, 2);
        r.position = column(stmt, 4);
        r.time_ms = sqlite3_column_int64(stmt, 5);
        r.changes = column(stmt, 6);
        r.documents = column(stmt, 7);
        status = column_hash(stmt, 3, r.head);
    }
    if (status == PIC_OK)
        status = column_hash(stmt, 8, r.documents_digest);
    (void)sqlite3_reset(stmt);
    if (status == PIC_OK)
        *out = r;
    return status;
}

int pic_journal_receipt_last(struct pic_journal *journal, uint32_t device, struct pic_receipt *out)
{
    sqlite3_stmt *stmt = journal->stmt[QUERY_RECEIPT_LAST];
    bind(stmt, 1, device);
    return take_receipt(stmt, out);
}

int pic_journal_receipt_find(struct pic_journal *journal, uint64_t number, struct pic_receipt *out)
{
    sqlite3_stmt *stmt = journal->stmt[QUERY_RECEIPT_FIND];
    bind(stmt, 1, number);
    return take_receipt(stmt, out);
}

int pic_journal_receipt_number(struct pic_journal *journal, uint64_t *out)
{
    return one_number(journal->stmt[QUERY_RECEIPT_NUMBER], out);
}

int pic_journal_fact_get(struct pic_journal *journal, const char *name, struct pic_buf *out)
{
    sqlite3_stmt *stmt = journal->stmt[QUERY_FACT_GET];
    pic_db_bind_text(stmt, 1, pic_span_text(name));
    int status = first_row(stmt);
    if (status == PIC_OK)
        status = column_copy(stmt, 0, out);
    (void)sqlite3_reset(stmt);
    return status;
}

int pic_journal_fact_put(struct pic_journal *journal, const char *name, struct pic_span value)
{
    sqlite3_stmt *stmt = journal->stmt[QUERY_FACT_PUT];
    pic_db_bind_text(stmt, 1, pic_span_text(name));
    pic_db_bind_span(stmt, 2, value);
    return pic_db_run(stmt);
}

int pic_journal_number_get(struct pic_journal *journal, const char *name, uint64_t *out)
{
    struct pic_buf value;
    pic_buf_init(&value, PIC_HASH_SIZE);
    int status = pic_journal_fact_get(journal, name, &value);
    if (status == PIC_OK) {
        struct pic_cursor c = pic_cursor_of(value.data, value.len);
        uint64_t number = pic_cursor_u64(&c);
        status = pic_cursor_end(&c) == PIC_OK ? PIC_OK : PIC_ESTORE_DAMAGED;
        if (status == PIC_OK)
            *out = number;
    } else if (status == PIC_ENOT_FOUND) {
        *out = 0;
        status = PIC_OK;
    }
    pic_buf_release(&value);
    return status;
}

int pic_journal_number_put(struct pic_journal *journal, const char *name, uint64_t value)
{
    struct pic_buf bytes;
    pic_buf_init(&bytes, sizeof value);
    pic_buf_u64(&bytes, value);
    int status = pic_buf_status(&bytes);
    if (status == PIC_OK)
        status = pic_journal_fact_put(journal, name, pic_buf_view(&bytes));
    pic_buf_release(&bytes);
    return status;
}
