#include "server/summary/release.h"

int pic_summary_next_release(struct pic_db *db, uint64_t addressee, uint64_t *out,
                             struct pic_err *err)
{
    sqlite3_stmt *stmt = pic_db_prepare(
        db, "SELECT coalesce(max(\"release\"), 0) + 1 FROM summary WHERE addressee = ?1", err);
    bool row = false;
    if (stmt == NULL)
        return err->status;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)addressee);
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK)
        *out = (uint64_t)sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

int pic_summary_seal(const struct pic_summary_pages *pages, const struct pic_signer *identity,
                     struct pic_buf *out, struct pic_err *err)
{
    int status = pic_container_put(&pages->container, identity, out);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

int pic_summary_publish(struct pic_server *server, const struct pic_summary_ask *ask,
                        struct pic_span container, uint64_t *id, struct pic_err *err)
{
    uint8_t hash[PIC_HASH_SIZE];
    const struct pic_entity *summary = pic_dictionary_entity(PIC_SUMMARY);
    int status = pic_blobs_take_bytes(&server->documents, container, hash);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    const struct {
        const char *column;
        struct pic_value value;
    } fields[] = {
        {"addressee", {.kind = PIC_KIND_REF, .i = (int64_t)ask->addressee}},
        {"from_on", {.kind = PIC_KIND_INT, .i = ask->period.from_on}},
        {"to_on", {.kind = PIC_KIND_INT, .i = ask->period.to_on}},
        {"release", {.kind = PIC_KIND_INT, .i = (int64_t)ask->release}},
        {"document", {.kind = PIC_KIND_BYTES, .s = pic_span_of(hash, sizeof hash)}},
        {"digest", {.kind = PIC_KIND_BYTES, .s = pic_span_of(hash, sizeof hash)}},
    };
    enum { FIELDS = sizeof fields / sizeof *fields };
    struct pic_input inputs[FIELDS];
    for (size_t i = 0; i < FIELDS; i++)
        inputs[i] = (struct pic_input){.field = pic_entity_by_column(summary, fields[i].column),
                                       .value = &fields[i].value};
    return pic_record_one(server, summary, 0, inputs, FIELDS, id, err);
}
