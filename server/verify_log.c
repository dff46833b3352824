#include "server/verify_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/restore.h"

enum { HEADS_FIRST = 64 };

void pic_verify_tell(struct pic_verify *v, const struct pic_verify_fault *fault)
{
    v->report->faults++;
    v->options->fault(v->options->context, fault);
}

void pic_verify_tell_row(struct pic_verify *v, enum pic_verify_kind kind, int status,
                         const char *table, uint64_t row)
{
    struct pic_verify_fault fault = {.kind = kind, .status = status, .row = row};
    (void)snprintf(fault.table, sizeof fault.table, "%s", table);
    pic_verify_tell(v, &fault);
}

static uint64_t number_at(sqlite3_stmt *stmt, int column)
{
    return (uint64_t)sqlite3_column_int64(stmt, column);
}

struct pic_verify_log *pic_verify_log_of(struct pic_verify *v, uint32_t device, uint64_t audience)
{
    size_t low = 0;
    size_t high = v->log_n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct pic_verify_log *at = &v->logs[middle];
        if (at->device < device || (at->device == device && at->audience < audience))
            low = middle + 1;
        else
            high = middle;
    }
    if (low < v->log_n && v->logs[low].device == device && v->logs[low].audience == audience)
        return &v->logs[low];
    if (v->log_n == v->log_cap) {
        size_t cap = v->log_cap == 0 ? HEADS_FIRST : v->log_cap * 2;
        struct pic_verify_log *grown = realloc(v->logs, cap * sizeof *grown);
        if (grown == NULL)
            return NULL;
        v->logs = grown;
        v->log_cap = cap;
    }
    memmove(v->logs + low + 1, v->logs + low, (v->log_n++ - low) * sizeof *v->logs);
    v->logs[low] = (struct pic_verify_log){.device = device, .audience = audience};
    return &v->logs[low];
}

/* Who must have signed. */
static int signer_of(struct pic_verify *v, uint32_t device, uint8_t key[static PIC_KEY_SIZE])
{
    struct pic_device d;
    if (device == PIC_DEVICE_SERVER) {
        memcpy(key, v->server.keys.identity.public, PIC_KEY_SIZE);
        return PIC_OK;
    }
    int status = pic_registry_device(v->server.registry, device, &d);
    if (status == PIC_OK)
        memcpy(key, d.certificate.sign_key, PIC_KEY_SIZE);
    return status == PIC_ENOT_FOUND ? PIC_EUNKNOWN_DEVICE : status;
}

/* The registry knows that this log names this document. */
static int check_named(struct pic_verify *v, const struct pic_segment *s,
                       const struct pic_change *change, struct pic_span hash)
{
    bool found = false;
    pic_db_bind_span(v->named, 1, hash);
    (void)sqlite3_bind_int64(v->named, 2, s->device);
    (void)sqlite3_bind_int64(v->named, 3, (sqlite3_int64)s->audience);
    int status = pic_db_step(v->named, &found);
    (void)sqlite3_reset(v->named);
    if (status == PIC_OK && !found)
        pic_verify_tell_row(v, PIC_VERIFY_REGISTRY, PIC_EHASH, "registry_document", change->dot);
    return status;
}

static int check_changes(struct pic_verify *v, const struct pic_segment *s)
{
    struct pic_change change;
    bool done = false;
    int status = pic_segment_reader_open(v->reader, s);
    while (status == PIC_OK) {
        status = pic_segment_reader_next(v->reader, &change, &done);
        if (status != PIC_OK || done)
            break;
        const struct pic_entity *entity = pic_dictionary_entity(change.entity);
        for (unsigned i = 0; status == PIC_OK && entity != NULL && i < change.op_n; i++) {
            const struct pic_field *field = pic_entity_field(entity, change.ops[i].field);
            if (field != NULL && change.ops[i].value.s.n == PIC_HASH_SIZE &&
                (field->type == PIC_TYPE_DOCUMENT || field->type == PIC_TYPE_IDENTITY))
                status = check_named(v, s, &change, change.ops[i].value.s);
        }
        v->report->changes++;
    }
    return status;
}

/* The server's own logs branch where it was put back from an older copy (journal.h): PIC_OK when
 * the segment before this one was read already, anywhere in its log, and none that was read has one
 * of its addresses. */
static int branches(struct pic_verify *v, const struct pic_segment *s, uint64_t position)
{
    static const uint8_t none[PIC_HASH_SIZE];
    struct pic_span previous = pic_span_of(s->previous, PIC_HASH_SIZE);
    bool found = memcmp(s->previous, none, PIC_HASH_SIZE) == 0;
    bool row = false;
    (void)sqlite3_bind_int64(v->before, 1, (sqlite3_int64)s->audience);
    (void)sqlite3_bind_int64(v->before, 2, (sqlite3_int64)s->last_seq);
    (void)sqlite3_bind_int64(v->before, 3, (sqlite3_int64)position);
    int status = pic_db_step(v->before, &row);
    if (status == PIC_OK && row && number_at(v->before, 0) >= s->first_seq)
        status = PIC_ECHAIN;
    while (status == PIC_OK && row && !found) {
        found = pic_span_equal(pic_db_column_span(v->before, 1), previous);
        status = pic_db_step(v->before, &row);
    }
    (void)sqlite3_reset(v->before);
    return status == PIC_OK && !found ? PIC_ECHAIN : status;
}

/* Whether a segment has its place in its log. */
static int check_chain(struct pic_verify *v, const struct pic_segment *s,
                       const struct pic_verify_log *log, uint64_t position)
{
    bool chained = memcmp(s->previous, log->head.hash, PIC_HASH_SIZE) == 0;
    if (s->device != PIC_DEVICE_SERVER)
        return chained && s->first_seq == log->head.seq + 1 ? PIC_OK : PIC_ECHAIN;
    return chained && s->first_seq > log->head.seq ? PIC_OK : branches(v, s, position);
}

/* What is wrong with a segment: its row, its form, its place in its log, its signature, its
 * changes; PIC_OK for nothing. */
static int check_segment(struct pic_verify *v, sqlite3_stmt *stmt, const struct pic_segment *s,
                         const struct pic_verify_log *log)
{
    uint8_t key[PIC_KEY_SIZE];
    bool row_agrees =
        number_at(stmt, 1) == s->device && number_at(stmt, 2) == s->audience &&
        number_at(stmt, 3) == s->first_seq && number_at(stmt, 4) == s->last_seq &&
        number_at(stmt, 5) == s->count &&
        pic_span_equal(pic_db_column_span(stmt, 6), pic_span_of(s->hash, PIC_HASH_SIZE));
    if (!row_agrees)
        return PIC_EHASH;
    int status = check_chain(v, s, log, number_at(stmt, 0));
    if (status == PIC_OK)
        status = signer_of(v, s->device, key);
    if (status == PIC_OK)
        status = pic_segment_verify(s, key);
    return status == PIC_OK ? check_changes(v, s) : status;
}

/* Where a log stands after a segment; one of an older branch moves no head. */
static void follow(struct pic_verify_log *log, const struct pic_segment *s)
{
    log->changes += s->count;
    if (s->device == PIC_DEVICE_SERVER && s->last_seq <= log->head.seq)
        return;
    log->head.seq = s->last_seq;
    memcpy(log->head.hash, s->hash, PIC_HASH_SIZE);
}

/* The journal has no holes but those that pic_server_restored leaves, and these are wide. */
static bool next_position(struct pic_verify *v, uint64_t position)
{
    uint64_t left_out = position - v->position - 1;
    v->position = position;
    return left_out == 0 || left_out >= PIC_RESTORED_POSITIONS;
}

static int each_segment(struct pic_verify *v, sqlite3_stmt *stmt)
{
    struct pic_segment s;
    struct pic_verify_fault fault = {.kind = PIC_VERIFY_SEGMENT,
                                     .position = number_at(stmt, 0),
                                     .device = (uint32_t)number_at(stmt, 1),
                                     .seq = number_at(stmt, 4)};
    struct pic_span bytes = pic_db_column_span(stmt, 7);
    pic_buf_clear(&v->bytes);
    pic_buf_bytes(&v->bytes, bytes.p, bytes.n);
    v->report->segments++;
    v->report->bytes += bytes.n;
    bool next = next_position(v, fault.position);
    fault.status = next ? pic_segment_read(pic_buf_view(&v->bytes), &s) : PIC_ECHAIN;
    if (fault.status == PIC_OK) {
        struct pic_verify_log *log = pic_verify_log_of(v, s.device, s.audience);
        if (log == NULL)
            return PIC_EMEMORY;
        fault.status = check_segment(v, stmt, &s, log);
        follow(log, &s);
    }
    if (fault.status == PIC_EMEMORY || fault.status == PIC_EIO)
        return fault.status;
    if (fault.status != PIC_OK)
        pic_verify_tell(v, &fault);
    return PIC_OK;
}

int pic_verify_segments(struct pic_verify *v)
{
    struct pic_db *db = &v->server.journal_db;
    bool row = false;
    sqlite3_stmt *stmt =
        pic_db_prepare(db,
                       "SELECT position, device, audience, first_seq, last_seq, count, hash, bytes"
                       " FROM segment ORDER BY position",
                       v->err);
    v->named = pic_db_prepare(db,
                              "SELECT 1 FROM registry_document"
                              " WHERE hash = ?1 AND device = ?2 AND audience = ?3",
                              v->err);
    v->before = pic_db_prepare(db,
                               "SELECT last_seq, hash FROM segment WHERE device = 1"
                               " AND audience = ?1 AND first_seq <= ?2 AND position < ?3"
                               " ORDER BY first_seq DESC",
                               v->err);
    bool ready = stmt != NULL && v->named != NULL && v->before != NULL;
    int status = ready ? pic_db_step(stmt, &row) : PIC_ESTORE_DAMAGED;
    while (status == PIC_OK && row) {
        status = each_segment(v, stmt);
        if (status == PIC_OK)
            status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_finalize(v->named);
    (void)sqlite3_finalize(v->before);
    return status;
}
