#include "server/identities.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUSY_MS = 30000, CACHE_KIB = 256, PATH_SIZE = 512 };

extern const unsigned char pic_embedded_identities_sql[];

enum query { EXPECT, STATE, GET, PUT, ERASE, QUERIES };

static const char *const texts[QUERIES] = {
    [EXPECT] = "INSERT INTO box(hash, state, total, bytes) VALUES(?1, 0, 0, x'')"
               " ON CONFLICT DO NOTHING",
    [STATE] = "SELECT state FROM box WHERE hash = ?1",
    [GET] = "SELECT state, total, bytes FROM box WHERE hash = ?1",
    [PUT] = "UPDATE box SET state = ?2, total = ?3, bytes = ?4 WHERE hash = ?1",
    [ERASE] = "INSERT INTO box(hash, state, total, bytes) VALUES(?1, 2, 0, x'')"
              " ON CONFLICT DO UPDATE SET state = 2, total = 0, bytes = x''",
};

struct pic_identities {
    struct pic_db db;
    sqlite3_stmt *of[QUERIES];
};

/* --- open and close --- */

static int open_database(struct pic_identities *ids, const char *path, bool read_only,
                         struct pic_err *err)
{
    const char *const scripts[] = {(const char *)pic_embedded_identities_sql};
    const struct pic_db_options options = {.durability = PIC_DURABLE,
                                           .read_only = read_only,
                                           .busy_ms = BUSY_MS,
                                           .cache_kib = CACHE_KIB};
    int status = pic_db_open(path, &options, &ids->db, err);
    if (status == PIC_OK)
        status = pic_db_exec(&ids->db, "PRAGMA secure_delete = ON", err);
    if (status == PIC_OK)
        status = read_only ? pic_db_not_newer(&ids->db, 1, err)
                           : pic_db_migrate(&ids->db, scripts, 1, err);
    for (size_t i = 0; status == PIC_OK && i < QUERIES; i++) {
        ids->of[i] = pic_db_prepare(&ids->db, texts[i], err);
        status = ids->of[i] == NULL ? pic_fail(err, PIC_ESTORE_DAMAGED, path, NULL) : PIC_OK;
    }
    return status;
}

int pic_identities_new(const char *folder, bool read_only, struct pic_identities **out,
                       struct pic_err *err)
{
    char path[PATH_SIZE];
    struct pic_identities *ids = calloc(1, sizeof *ids);
    *out = NULL;
    if (ids == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    int n = snprintf(path, sizeof path, "%s/cles.db", folder);
    int status = n > 0 && (size_t)n < sizeof path ? PIC_OK : PIC_ELIMIT;
    /* A copy of a server without this file is still worth reading: it holds no identity. */
    bool absent = status == PIC_OK && read_only && access(path, F_OK) != 0;
    if (status == PIC_OK)
        status = open_database(ids, absent ? ":memory:" : path, read_only && !absent, err);
    if (status == PIC_OK)
        *out = ids;
    else
        pic_identities_free(ids);
    return status;
}

void pic_identities_free(struct pic_identities *ids)
{
    if (ids == NULL)
        return;
    for (size_t i = 0; i < QUERIES; i++)
        (void)sqlite3_finalize(ids->of[i]);
    pic_db_close(&ids->db);
    free(ids);
}

/* --- one box --- */

static int run_hash(sqlite3_stmt *stmt, const uint8_t *hash)
{
    pic_db_bind_span(stmt, 1, pic_span_of(hash, PIC_HASH_SIZE));
    return pic_db_run(stmt);
}

int pic_identities_expect(struct pic_identities *ids, const uint8_t hash[static PIC_HASH_SIZE])
{
    enum pic_box_state known;
    int status = pic_identities_state(ids, hash, &known);
    return status == PIC_ENOT_FOUND ? run_hash(ids->of[EXPECT], hash) : status;
}

int pic_identities_state(struct pic_identities *ids, const uint8_t hash[static PIC_HASH_SIZE],
                         enum pic_box_state *state)
{
    sqlite3_stmt *stmt = ids->of[STATE];
    bool row = false;
    pic_db_bind_span(stmt, 1, pic_span_of(hash, PIC_HASH_SIZE));
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row)
        *state = (enum pic_box_state)sqlite3_column_int(stmt, 0);
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && !row ? PIC_ENOT_FOUND : status;
}

/* What is there of a box: a copy, wiped by the caller. */
struct loaded {
    enum pic_box_state state;
    uint64_t total;
    struct pic_buf bytes;
};

static int load(struct pic_identities *ids, const uint8_t *hash, struct loaded *out)
{
    sqlite3_stmt *stmt = ids->of[GET];
    bool row = false;
    pic_buf_init(&out->bytes, PIC_IDENTITY_BLOB_MAX);
    (void)pic_buf_room(&out->bytes, PIC_IDENTITY_BLOB_MAX);
    pic_db_bind_span(stmt, 1, pic_span_of(hash, PIC_HASH_SIZE));
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        struct pic_span bytes = pic_db_column_span(stmt, 2);
        out->state = (enum pic_box_state)sqlite3_column_int(stmt, 0);
        out->total = (uint64_t)sqlite3_column_int64(stmt, 1);
        pic_buf_bytes(&out->bytes, bytes.p, bytes.n);
        status = pic_buf_status(&out->bytes);
    }
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && !row ? PIC_ENOT_FOUND : status;
}

static int keep(struct pic_identities *ids, const uint8_t *hash, const struct loaded *box)
{
    sqlite3_stmt *stmt = ids->of[PUT];
    pic_db_bind_span(stmt, 1, pic_span_of(hash, PIC_HASH_SIZE));
    (void)sqlite3_bind_int(stmt, 2, (int)box->state);
    (void)sqlite3_bind_int64(stmt, 3, (sqlite3_int64)box->total);
    pic_db_bind_span(stmt, 4, pic_span_of(box->bytes.data, box->bytes.len));
    return pic_db_run(stmt);
}

/* Adds what is new; whole, it must have the hash that names it. */
static int add(struct pic_identities *ids, const uint8_t *hash, struct loaded *box, uint64_t offset,
               struct pic_span bytes)
{
    uint8_t found[PIC_HASH_SIZE];
    if (offset > box->bytes.len)
        return PIC_EGAP;
    size_t known = box->bytes.len - (size_t)offset;
    if (known < bytes.n)
        pic_buf_bytes(&box->bytes, bytes.p + known, bytes.n - known);
    int status = pic_buf_status(&box->bytes);
    if (status == PIC_OK && box->bytes.len == box->total) {
        pic_hash(pic_buf_view(&box->bytes), found);
        if (memcmp(found, hash, sizeof found) == 0) {
            box->state = PIC_BOX_HELD;
        } else {
            pic_buf_clear(&box->bytes);
            box->total = 0;
            status = PIC_EHASH;
        }
    }
    int kept = status == PIC_OK || status == PIC_EHASH ? keep(ids, hash, box) : PIC_OK;
    return kept == PIC_OK ? status : kept;
}

static int put(struct pic_identities *ids, const uint8_t *hash, uint64_t total, uint64_t offset,
               struct pic_span bytes, struct loaded *box)
{
    int status = load(ids, hash, box);
    if (status != PIC_OK || box->state != PIC_BOX_AWAITED)
        return status;
    if (box->total != total) {
        pic_buf_clear(&box->bytes);
        box->total = total;
    }
    return bytes.n == 0 && total > 0 ? PIC_OK : add(ids, hash, box, offset, bytes);
}

int pic_identities_put(struct pic_identities *ids, const uint8_t hash[static PIC_HASH_SIZE],
                       uint64_t total, uint64_t offset, struct pic_span bytes, uint64_t *held,
                       bool *complete)
{
    struct loaded box = {.state = PIC_BOX_AWAITED};
    if (total > PIC_IDENTITY_BLOB_MAX || offset > total || bytes.n > total - offset)
        return PIC_ELIMIT;
    int status = pic_db_begin(&ids->db, NULL);
    if (status != PIC_OK)
        return status;
    status = put(ids, hash, total, offset, bytes, &box);
    if (status == PIC_OK || status == PIC_EHASH) {
        int kept = pic_db_commit(&ids->db, NULL);
        status = kept == PIC_OK ? status : kept;
    }
    if (status != PIC_OK && status != PIC_EHASH)
        pic_db_rollback(&ids->db);
    *complete = status == PIC_OK && box.state != PIC_BOX_AWAITED;
    *held = box.state == PIC_BOX_ERASED ? total : box.bytes.len;
    pic_buf_wipe(&box.bytes);
    return status;
}

int pic_identities_read(struct pic_identities *ids, const uint8_t hash[static PIC_HASH_SIZE],
                        uint64_t offset, size_t max, uint64_t *total, struct pic_buf *out)
{
    struct loaded box;
    int status = load(ids, hash, &box);
    if (status == PIC_OK && box.state != PIC_BOX_HELD)
        status = PIC_ENOT_FOUND;
    if (status == PIC_OK) {
        size_t left = offset < box.bytes.len ? box.bytes.len - (size_t)offset : 0;
        *total = box.bytes.len;
        if (left > 0)
            pic_buf_bytes(out, box.bytes.data + offset, left < max ? left : max);
        status = pic_buf_status(out);
    }
    pic_buf_wipe(&box.bytes);
    return status;
}

int pic_identities_verify(struct pic_identities *ids, const uint8_t hash[static PIC_HASH_SIZE])
{
    uint8_t found[PIC_HASH_SIZE];
    struct loaded box;
    int status = load(ids, hash, &box);
    if (status == PIC_OK && box.state == PIC_BOX_AWAITED)
        status = PIC_ENOT_FOUND;
    if (status == PIC_OK && box.state == PIC_BOX_HELD) {
        pic_hash(pic_buf_view(&box.bytes), found);
        status = memcmp(found, hash, sizeof found) == 0 ? PIC_OK : PIC_EHASH;
    }
    pic_buf_wipe(&box.bytes);
    return status;
}

/* --- erasing --- */

int pic_identities_erase(struct pic_identities *ids, struct pic_span hashes)
{
    int status = pic_db_begin(&ids->db, NULL);
    if (status != PIC_OK)
        return status;
    for (size_t at = 0; status == PIC_OK && at + PIC_HASH_SIZE <= hashes.n; at += PIC_HASH_SIZE)
        status = run_hash(ids->of[ERASE], hashes.p + at);
    if (status == PIC_OK)
        status = pic_db_commit(&ids->db, NULL);
    if (status != PIC_OK)
        pic_db_rollback(&ids->db);
    return status;
}

int pic_identities_scrub(struct pic_identities *ids)
{
    return pic_db_checkpoint(&ids->db, false, NULL);
}
