#include "agent/deposit.h"

#include <string.h>

#include "agent/query.h"
#include "protocol/crypto/box.h"

enum {
    SLOT_MAX = PIC_ASK_PARKED_MAX + 128,
    PLAIN_MAX = PIC_DEPOSIT_PART * SLOT_MAX,
    SEALED_MAX = PLAIN_MAX + 64,
};

static void init(struct pic_deposit *d, struct pic_agent *agent, struct pic_keys *keys)
{
    memset(d, 0, sizeof *d);
    d->agent = agent;
    d->keys = keys;
    pic_buf_init(&d->plain, PLAIN_MAX);
    (void)pic_buf_room(&d->plain, PLAIN_MAX); /* at once: growing would leave secrets behind */
    pic_buf_init(&d->sealed, SEALED_MAX);
}

void pic_deposit_release(struct pic_deposit *d)
{
    pic_buf_wipe(&d->plain);
    pic_buf_release(&d->sealed);
}

/* --- writing --- */

static int insert(struct pic_deposit *d)
{
    sqlite3_stmt *stmt = pic_query(d->agent->queries, PIC_QUERY_DEPOSIT_PUT);
    if (stmt == NULL)
        return PIC_EIO;
    pic_db_bind_span(stmt, 1, pic_span_of(d->id, sizeof d->id));
    (void)sqlite3_bind_int64(stmt, 2, d->time_ms);
    (void)sqlite3_bind_int(stmt, 3, d->own);
    return pic_db_run(stmt);
}

int pic_deposit_new(struct pic_deposit *d, struct pic_agent *agent, struct pic_keys *keys, bool own,
                    struct pic_err *err)
{
    const struct pic_random *random = &agent->world->random;
    init(d, agent, keys);
    d->time_ms = agent->world->now_ms(agent->world->context);
    d->own = own;
    random->fill(random->context, d->id, sizeof d->id);
    int status = insert(d);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

static void put_slot(const struct pic_slot *slot, struct pic_buf *out)
{
    struct pic_buf ask;
    pic_buf_init(&ask, PIC_ASK_PARKED_MAX);
    (void)pic_buf_room(&ask, PIC_ASK_PARKED_MAX);
    pic_ask_park(&slot->ask, &ask);
    out->bad = out->bad || ask.bad;
    pic_buf_span(out, pic_buf_view(&ask));
    pic_buf_wipe(&ask);
    pic_buf_u8(out, slot->pulls);
    pic_buf_varint(out, slot->last_seq);
    pic_buf_bytes(out, slot->hash, PIC_HASH_SIZE);
    pic_buf_varint(out, slot->offset);
    pic_buf_varint(out, slot->length);
    pic_buf_varint(out, slot->total);
}

/* Seals the slots that are here, as the part that they end. */
static int flush(struct pic_deposit *d)
{
    sqlite3_stmt *stmt = pic_query(d->agent->queries, PIC_QUERY_DEPOSIT_PART_PUT);
    pic_buf_clear(&d->sealed);
    int status = stmt == NULL ? PIC_EIO : pic_buf_status(&d->plain);
    if (status == PIC_OK)
        status = pic_seal_to(d->keys->transport.public, pic_buf_view(&d->plain), &d->sealed);
    if (status != PIC_OK)
        return status;
    pic_db_bind_span(stmt, 1, pic_span_of(d->id, sizeof d->id));
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)((d->n - 1) / PIC_DEPOSIT_PART));
    pic_db_bind_span(stmt, 3, pic_buf_view(&d->sealed));
    status = pic_db_run(stmt);
    pic_buf_clear(&d->plain);
    return status;
}

int pic_deposit_put(struct pic_deposit *d, struct pic_slot *slot, struct pic_err *err)
{
    put_slot(slot, &d->plain);
    pic_ask_release(&slot->ask);
    d->n++;
    int status = d->n % PIC_DEPOSIT_PART == 0 ? flush(d) : PIC_OK;
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

int pic_deposit_keep(struct pic_deposit *d, struct pic_err *err)
{
    struct pic_queries *queries = d->agent->queries;
    int status = d->plain.len > 0 ? flush(d) : PIC_OK;
    if (status == PIC_OK)
        status = pic_query_run(queries, PIC_QUERY_DEPOSIT_PARTS_OLD, PIC_DEPOSITS_MAX);
    if (status == PIC_OK)
        status = pic_query_run(queries, PIC_QUERY_DEPOSIT_OLD, PIC_DEPOSITS_MAX);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

/* --- reading --- */

int pic_deposit_find(struct pic_deposit *d, struct pic_agent *agent, struct pic_keys *keys,
                     const uint8_t id[static PIC_PARCEL_ID_SIZE])
{
    bool row = false;
    init(d, agent, keys);
    memcpy(d->id, id, sizeof d->id);
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_DEPOSIT_FIND);
    if (stmt == NULL)
        return PIC_EIO;
    pic_db_bind_span(stmt, 1, pic_span_of(d->id, sizeof d->id));
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        d->time_ms = sqlite3_column_int64(stmt, 0);
        d->own = sqlite3_column_int64(stmt, 1) != 0;
        d->used = sqlite3_column_int64(stmt, 2) == 0;
    }
    (void)sqlite3_reset(stmt);
    return status == PIC_OK && !row ? PIC_ENOT_FOUND : status;
}

static int load_part(struct pic_deposit *d, uint64_t part)
{
    bool row = false;
    if (d->part == part + 1)
        return PIC_OK;
    pic_buf_clear(&d->plain);
    d->part = 0;
    sqlite3_stmt *stmt = pic_query(d->agent->queries, PIC_QUERY_DEPOSIT_PART);
    if (stmt == NULL)
        return PIC_EIO;
    pic_db_bind_span(stmt, 1, pic_span_of(d->id, sizeof d->id));
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)part);
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row)
        status = pic_seal_open(&d->keys->transport, pic_db_column_span(stmt, 0), &d->plain);
    (void)sqlite3_reset(stmt);
    if (status == PIC_OK && row)
        d->part = part + 1;
    return status == PIC_OK && !row ? PIC_ENOT_FOUND : status;
}

static struct pic_span get_slot(struct pic_cursor *c, struct pic_slot *out)
{
    struct pic_span parked = pic_cursor_span(c, PIC_ASK_PARKED_MAX);
    memset(out, 0, sizeof *out);
    out->pulls = pic_cursor_u8(c) != 0;
    out->last_seq = pic_cursor_varint_max(c, PIC_SEQ_MAX);
    pic_cursor_copy(c, out->hash, PIC_HASH_SIZE);
    out->offset = pic_cursor_varint_max(c, PIC_BLOB_MAX);
    out->length = pic_cursor_varint_max(c, PIC_BLOB_MAX);
    out->total = pic_cursor_varint_max(c, PIC_BLOB_MAX);
    return parked;
}

int pic_deposit_slot(struct pic_deposit *d, uint64_t index, struct pic_slot *out)
{
    const struct pic_ask_party party = {.own = &d->keys->transport,
                                        .server = &d->agent->self.server,
                                        .device = d->agent->self.device,
                                        .random = &d->agent->world->random};
    struct pic_span parked = {0};
    int status = load_part(d, index / PIC_DEPOSIT_PART);
    if (status != PIC_OK)
        return status;
    struct pic_cursor c = pic_cursor_of(d->plain.data, d->plain.len);
    for (uint64_t i = 0; i <= index % PIC_DEPOSIT_PART; i++) {
        if (pic_cursor_left(&c) == 0)
            return PIC_ENOT_FOUND;
        parked = get_slot(&c, out);
    }
    status = c.bad ? PIC_ESTORE_DAMAGED : pic_ask_resume(&out->ask, &party, parked);
    out->type = out->ask.type;
    return status;
}

int pic_deposit_used(struct pic_deposit *d, uint64_t index)
{
    sqlite3_stmt *stmt = pic_query(d->agent->queries, PIC_QUERY_DEPOSIT_PART_USED);
    if (stmt == NULL)
        return PIC_EIO;
    pic_db_bind_span(stmt, 1, pic_span_of(d->id, sizeof d->id));
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)(index / PIC_DEPOSIT_PART));
    return pic_db_run(stmt);
}
