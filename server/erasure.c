#include "server/erasure.h"

#include "protocol/base/text.h"
#include "schema/dictionary/value.h"
#include "schema/state/persons.h"
#include "server/record.h"

enum { KEY_GROUP = 4, ADDRESS_MAX = 64, MS_PER_DAY = 24 * 3600 * 1000 };

/* --- traces --- */

/* The change at an address, in its signed segment; its boxes are appended. */
static int boxes_at(struct pic_server *server, struct pic_segment_reader *reader, uint64_t dot,
                    struct pic_buf *segment_bytes, struct pic_buf *hashes)
{
    struct pic_segment segment;
    struct pic_change change = {0};
    uint64_t position;
    bool done = false;
    pic_buf_clear(segment_bytes);
    int status = pic_journal_find(server->journal, dot, &position, segment_bytes);
    if (status == PIC_OK)
        status = pic_segment_read(pic_buf_view(segment_bytes), &segment);
    if (status == PIC_OK)
        status = pic_segment_reader_open(reader, &segment);
    while (status == PIC_OK && !done && change.dot != dot)
        status = pic_segment_reader_next(reader, &change, &done);
    if (status == PIC_OK && change.dot == dot)
        pic_persons_boxes(&change, hashes);
    return status;
}

int pic_erasure_traces(struct pic_server *server, uint64_t id, struct pic_buf *dots,
                       struct pic_buf *hashes)
{
    struct pic_segment_reader *reader = NULL;
    struct pic_buf bytes;
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    int status = pic_segment_reader_new(&reader);
    if (status == PIC_OK)
        status = pic_persons_changes(pic_server_db(server), id, dots);
    struct pic_cursor c = pic_cursor_of(dots->data, dots->len);
    while (status == PIC_OK && pic_cursor_left(&c) > 0)
        status = boxes_at(server, reader, pic_cursor_u64(&c), &bytes, hashes);
    pic_buf_release(&bytes);
    pic_segment_reader_free(reader);
    return status == PIC_OK ? pic_buf_status(hashes) : status;
}

/* --- erasing --- */

static int is_erased(struct pic_server *server, uint64_t about, bool *erased)
{
    sqlite3_stmt *stmt =
        pic_db_prepare(pic_server_db(server), "SELECT 1 FROM erasure WHERE about = ?1", NULL);
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)about);
    int status = pic_db_step(stmt, erased);
    (void)sqlite3_finalize(stmt);
    return status;
}

static int record(struct pic_server *server, uint64_t about, const char *reason,
                  struct pic_span dots, struct pic_span hashes, uint64_t *dot, struct pic_err *err)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_ERASURE);
    struct pic_person_erasure e;
    pic_persons_erasure(about, reason, pic_server_now_ms() / MS_PER_DAY, dots, hashes, &e);
    int status = e.addresses.bad
                     ? pic_fail(err, PIC_ELIMIT, NULL)
                     : pic_record_one(server, entity, 0, e.inputs, PIC_ERASURE_INPUTS, dot, err);
    pic_buf_release(&e.addresses);
    return status;
}

static int destroy(struct pic_server *server, struct pic_span hashes)
{
    int status = pic_identities_erase(server->identities, hashes);
    return status == PIC_OK ? pic_identities_scrub(server->identities) : status;
}

int pic_erase_person(struct pic_server *server, uint64_t about, const char *reason, uint64_t *dot,
                     struct pic_err *err)
{
    struct pic_buf dots;
    struct pic_buf hashes;
    bool erased = false;
    int status = is_erased(server, about, &erased);
    if (status == PIC_OK && erased)
        status = PIC_EERASED;
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    status = pic_persons_held(pic_server_db(server), about, pic_server_now_ms() / MS_PER_DAY, err);
    if (status != PIC_OK)
        return status;
    pic_buf_init(&dots, PIC_ERASURE_DOTS_MAX);
    pic_buf_init(&hashes, PIC_ERASURE_HASHES_MAX);
    status = pic_erasure_traces(server, about, &dots, &hashes);
    if (status == PIC_OK && hashes.len == 0)
        status = PIC_ENOT_FOUND;
    if (status != PIC_OK)
        (void)pic_fail(err, status, NULL);
    else
        status =
            record(server, about, reason, pic_buf_view(&dots), pic_buf_view(&hashes), dot, err);
    if (status == PIC_OK && (status = destroy(server, pic_buf_view(&hashes))) != PIC_OK)
        (void)pic_fail(err, status, NULL);
    pic_buf_release(&dots);
    pic_buf_release(&hashes);
    return status;
}

/* --- what the laptops erased --- */

struct settling {
    struct pic_server *server;
    struct pic_buf ids; /* of rows whose box is not erased here */
};

static int note_left(void *context, uint64_t id, struct pic_span hash)
{
    struct settling *s = context;
    enum pic_box_state state = PIC_BOX_AWAITED;
    int status = pic_identities_state(s->server->identities, hash.p, &state);
    if (status != PIC_OK && status != PIC_ENOT_FOUND)
        return status;
    if (state != PIC_BOX_ERASED)
        pic_buf_u64(&s->ids, id);
    return PIC_OK;
}

int pic_erasures_settle(struct pic_server *server)
{
    struct settling s = {.server = server};
    struct pic_buf dots;
    struct pic_buf hashes;
    pic_buf_init(&s.ids, PIC_ERASURE_HASHES_MAX);
    pic_buf_init(&dots, PIC_ERASURE_DOTS_MAX);
    pic_buf_init(&hashes, PIC_ERASURE_HASHES_MAX);
    int status = pic_persons_erased(pic_server_db(server), note_left, &s);
    struct pic_cursor c = pic_cursor_of(s.ids.data, s.ids.len);
    while (status == PIC_OK && pic_cursor_left(&c) > 0) {
        pic_buf_clear(&dots);
        pic_buf_clear(&hashes);
        status = pic_erasure_traces(server, pic_cursor_u64(&c), &dots, &hashes);
        if (status == PIC_OK)
            status = destroy(server, pic_buf_view(&hashes));
    }
    pic_buf_release(&s.ids);
    pic_buf_release(&dots);
    pic_buf_release(&hashes);
    return status;
}

/* --- the certificate --- */

static void put_line(struct pic_buf *out, const char *key, struct pic_span value)
{
    pic_buf_printf(out, "%s : ", key);
    pic_buf_bytes(out, value.p, value.n);
    pic_buf_text(out, "\n");
}

static int put_facts(struct pic_server *server, uint64_t dot, const struct pic_row *row,
                     struct pic_buf *out)
{
    const struct pic_entity *entity = row->entity;
    struct pic_buf text;
    pic_buf_init(&text, PIC_ERASURE_TEXT_MAX);
    pic_buf_text(out, "CERTIFICAT D'EFFACEMENT\n");
    int status = pic_registry_name(server->registry, &text);
    put_line(out, "Délivré par", pic_buf_view(&text));
    pic_buf_clear(&text);
    pic_dot_print(dot, &text);
    put_line(out, "Effacement", pic_buf_view(&text));
    static const char *const columns[] = {"about", "erased_on", "reason", "changes", "digest"};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const struct pic_field *field = pic_entity_by_column(entity, columns[i]);
        pic_buf_clear(&text);
        pic_value_format(field, pic_row_value(row, field->number), PIC_STYLE_EXACT, &text);
        put_line(out, field->label, pic_buf_view(&text));
    }
    pic_buf_text(out, "Les comptes, les montants et la chaîne des saisies sont inchangés.\n");
    pic_buf_release(&text);
    return status;
}

int pic_erasure_certificate(struct pic_server *server, uint64_t dot, struct pic_buf *out,
                            struct pic_err *err)
{
    struct pic_row row;
    uint8_t hash[PIC_HASH_SIZE];
    uint8_t signature[PIC_SIGNATURE_SIZE];
    int status = pic_row_load(pic_state_rows(pic_server_state(server)),
                              pic_dictionary_entity(PIC_ERASURE), dot, &row);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    status = put_facts(server, dot, &row, out);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    pic_buf_text(out, "Clé du serveur : ");
    pic_text_base32(pic_span_of(server->keys.identity.public, PIC_KEY_SIZE), KEY_GROUP, out);
    pic_buf_text(out, "\n");
    pic_hash(pic_buf_view(out), hash);
    pic_sign(&server->keys.identity, "pic/1 erasure certificate", pic_span_of(hash, sizeof hash),
             signature);
    pic_buf_text(out, "Signature : ");
    pic_text_base32(pic_span_of(signature, sizeof signature), KEY_GROUP, out);
    pic_buf_text(out, "\n");
    status = pic_buf_status(out);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}
