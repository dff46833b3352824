#include "agent/record.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- entries --- */

/* Gives the entry its place in the log and in time, keeps it, and lets the state take it. */
static int keep(struct pic_agent *agent, struct pic_entry *entry, struct pic_err *err)
{
    const struct pic_agent_self *self = &agent->self;
    uint64_t seq = 0;
    int verdict = PIC_OK;
    int status = pic_agent_next_seq(agent, &seq);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    uint64_t stamp = pic_clock_tick(&agent->clock, pic_agent_now_ms(agent));
    pic_entry_stamp(entry, pic_dot(self->device, seq), stamp);
    status = pic_entry_try(agent->state, entry, self->organisation, err);
    if (status != PIC_OK)
        return status;
    status = pic_agent_pending_put(agent, &entry->change);
    if (status == PIC_OK)
        status = pic_state_fold(agent->state, &entry->change, self->organisation, &verdict);
    if (status == PIC_OK)
        status = verdict;
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

int pic_record_put(struct pic_agent *agent, const struct pic_entity *entity, uint64_t id,
                   const struct pic_input *inputs, size_t input_n, uint64_t *dot,
                   struct pic_err *err)
{
    struct pic_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    int status =
        pic_entry_build(agent->state, entity, id, agent->self.device, inputs, input_n, entry, err);
    if (status == PIC_OK) {
        status = keep(agent, entry, err);
        if (status == PIC_OK)
            *dot = entry->change.dot;
        pic_entry_release(entry);
    }
    free(entry);
    return status;
}

int pic_record(struct pic_agent *agent, const struct pic_entity *entity, uint64_t id,
               const struct pic_input *inputs, size_t input_n, uint64_t *dot, struct pic_err *err)
{
    int status = pic_agent_begin(agent, err);
    if (status != PIC_OK)
        return status;
    status = pic_record_put(agent, entity, id, inputs, input_n, dot, err);
    if (status == PIC_OK)
        return pic_agent_commit(agent, err);
    pic_agent_rollback(agent);
    return status;
}

static int already_reversed(const struct pic_entity *entity, uint64_t about, struct pic_err *err)
{
    struct pic_buf number;
    pic_buf_init(&number, PIC_ERR_ARG_MAX);
    pic_dot_print(about, &number);
    int status = pic_fail(err, PIC_EALREADY_REVERSED, pic_buf_string(&number), entity->label, NULL);
    pic_buf_release(&number);
    return status;
}

int pic_record_reverse(struct pic_agent *agent, uint64_t about, const char *reason, uint64_t *dot,
                       struct pic_err *err)
{
    const struct pic_entity *reversal = pic_dictionary_entity(PIC_REVERSAL);
    const struct pic_entity *entity = NULL;
    const struct pic_value target = {.kind = PIC_KIND_REF, .i = (int64_t)about};
    const struct pic_input inputs[] = {
        {.field = pic_entity_by_column(reversal, "about"), .value = &target},
        {.field = pic_entity_by_column(reversal, "reason"), .typed = reason},
    };
    struct pic_row row;
    uint64_t org = 0;
    int status = pic_state_find(agent->state, about, &entity, &org);
    if (status == PIC_OK && (entity->flags & PIC_REVERSIBLE) == 0)
        return pic_fail(err, PIC_EIMMUTABLE, entity->label, NULL);
    if (status == PIC_OK)
        status = pic_row_load(pic_state_rows(agent->state), entity, about, &row);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    if (row.reversed != 0)
        return already_reversed(entity, about, err);
    return pic_record_put(agent, reversal, 0, inputs, sizeof inputs / sizeof *inputs, dot, err);
}

/* --- documents --- */

int pic_record_blob(struct pic_agent *agent, const char *path, uint8_t hash[static PIC_HASH_SIZE],
                    uint64_t *size, struct pic_err *err)
{
    int status = pic_blobs_take(&agent->blobs, path, hash, size);
    if (status == PIC_OK)
        status = pic_agent_outgoing_put(agent, hash, *size);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, path, NULL);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* From the ending of a file's name; "" for what is not known, which leaves the field empty. */
static const char *media_type(const char *name)
{
    static const struct {
        const char *ending, *type;
    } known[] = {
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".png", "image/png"},
        {".webp", "image/webp"},
        {".heic", "image/heic"},
        {".tif", "image/tiff"},
        {".tiff", "image/tiff"},
        {".pdf", "application/pdf"},
        {".csv", "text/csv"},
        {".txt", "text/plain"},
        {".odt", "application/vnd.oasis.opendocument.text"},
        {".ods", "application/vnd.oasis.opendocument.spreadsheet"},
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof known / sizeof *known; i++)
        if (strcasecmp(dot, known[i].ending) == 0)
            return known[i].type;
    return "";
}

/* The expense shows its receipt; a receipt given later takes the place of the one before. */
static int show_receipt(struct pic_agent *agent, uint64_t expense, const struct pic_value *blob,
                        struct pic_err *err)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_EXPENSE);
    const struct pic_input input = {.field = pic_entity_by_column(entity, "receipt"),
                                    .value = blob};
    uint64_t dot = 0;
    struct pic_err edit = {0};
    int status = pic_record_put(agent, entity, expense, &input, 1, &dot, &edit);
    if (status == PIC_ENOTHING_TO_CHANGE)
        return PIC_OK;
    if (status != PIC_OK && err != NULL)
        *err = edit;
    return status;
}

/* The nature of what is joined to an entity, when nobody says. */
static const char *usual_kind(const struct pic_entity *about)
{
    static const struct {
        unsigned entity;
        const char *kind;
    } usual[] = {
        {PIC_EXPENSE, "facture"}, {PIC_COMMITTEE, "compte-rendu"}, {PIC_BANK_BALANCE, "releve"}};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (usual[i].entity == about->number)
            return usual[i].kind;
    return "autre";
}

int pic_record_piece(struct pic_agent *agent, const struct pic_attachment *file,
                     const uint8_t hash[static PIC_HASH_SIZE], uint64_t size, uint64_t *dot,
                     struct pic_err *err)
{
    const struct pic_entity *document = pic_dictionary_entity(PIC_DOCUMENT);
    const struct pic_entity *about = NULL;
    uint64_t org = 0;
    if (pic_state_find(agent->state, file->about, &about, &org) != PIC_OK)
        return pic_fail(err, PIC_ENOT_FOUND, NULL);
    const struct pic_value values[] = {
        {.kind = PIC_KIND_REF, .i = (int64_t)file->about},
        {.kind = PIC_KIND_BYTES, .s = pic_span_of(hash, PIC_HASH_SIZE)},
        {.kind = PIC_KIND_INT, .i = (int64_t)size},
    };
    const struct pic_input inputs[] = {
        {.field = pic_entity_by_column(document, "about"), .value = &values[0]},
        {.field = pic_entity_by_column(document, "blob"), .value = &values[1]},
        {.field = pic_entity_by_column(document, "kind"),
         .typed = file->kind == NULL ? usual_kind(about) : file->kind},
        {.field = pic_entity_by_column(document, "name"), .typed = base_name(file->path)},
        {.field = pic_entity_by_column(document, "media_type"), .typed = media_type(file->path)},
        {.field = pic_entity_by_column(document, "size"), .value = &values[2]},
    };
    return pic_record_put(agent, document, 0, inputs, sizeof inputs / sizeof *inputs, dot, err);
}

int pic_record_document(struct pic_agent *agent, const struct pic_attachment *file, uint64_t *dot,
                        struct pic_err *err)
{
    const struct pic_entity *about = NULL;
    uint8_t hash[PIC_HASH_SIZE];
    uint64_t size = 0;
    uint64_t org = 0;
    if (pic_state_find(agent->state, file->about, &about, &org) != PIC_OK)
        return pic_fail(err, PIC_ENOT_FOUND, NULL);
    int status = pic_record_blob(agent, file->path, hash, &size, err);
    if (status == PIC_OK)
        status = pic_record_piece(agent, file, hash, size, dot, err);
    if (status != PIC_OK || about->number != PIC_EXPENSE)
        return status;
    const struct pic_value blob = {.kind = PIC_KIND_BYTES, .s = pic_span_of(hash, sizeof hash)};
    return show_receipt(agent, file->about, &blob, err);
}
