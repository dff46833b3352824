#include "agent/commands/commands.h"
#include "protocol/log/container.h"
#include "schema/face/csv.h"
#include "schema/face/package.h"
#include "schema/state/naming.h"

/* Summaries that the Region delivered to this collectivité: each is one signed container. */

enum { FIGURES = 5, FIGURE_COLUMN = 1, TEXT_MAX = 256 };

/* A summary, open. files and sealed borrow from bytes. */
struct opened {
    struct pic_row row;
    struct pic_buf bytes;
    struct pic_container files;
};

static const struct pic_value *value_of(const struct opened *s, const char *column)
{
    return pic_row_value(&s->row, pic_entity_by_column(s->row.entity, column)->number);
}

/* The whole document, and every file in it, checked against the server's key. */
static int open_document(struct pic_agent *agent, struct opened *s, struct pic_err *err)
{
    struct pic_span hash = value_of(s, "document")->s;
    if (hash.n != PIC_HASH_SIZE)
        return pic_fail(err, PIC_ENOT_FOUND, NULL);
    int status = pic_blobs_verify(&agent->blobs, hash.p);
    for (bool more = true; status == PIC_OK && more;) {
        size_t before = s->bytes.len;
        status = pic_blobs_read(&agent->blobs, hash.p, before, PIC_BLOB_CHUNK_MAX, &s->bytes);
        more = s->bytes.len > before;
    }
    if (status == PIC_ENOT_FOUND)
        return pic_fail(err, PIC_ENOT_HERE, NULL);
    if (status == PIC_OK)
        status = pic_buf_status(&s->bytes);
    if (status == PIC_OK)
        status = pic_container_get(pic_buf_view(&s->bytes), agent->self.server.identity, &s->files);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

/* Opens the summary that the first argument names. bytes are released in any case. */
static int open_summary(struct pic_call *call, struct pic_agent *agent, struct opened *s)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_SUMMARY);
    uint64_t id = 0;
    int status = pic_desk_id(call, agent, entity, 0, &id);
    if (status != PIC_OK)
        return status;
    status = pic_row_load(pic_state_rows(agent->state), entity, id, &s->row);
    return status == PIC_OK ? open_document(agent, s, &call->err)
                            : pic_fail(&call->err, status, NULL);
}

/* --- the five figures --- */

/* They are the rows of one of its tables, in the order of the columns below. */
static int read_figures(const struct opened *s, int64_t out[static FIGURES], struct pic_err *err)
{
    const struct pic_container_file *file = pic_container_find(&s->files, "tableur/chiffres.csv");
    struct pic_span content = file == NULL ? pic_span_of(NULL, 0) : file->content;
    struct pic_csv csv;
    bool more = false;
    pic_csv_init(&csv, pic_csv_from_span, &content, 0);
    int status = pic_csv_next(&csv, &more, err); /* titles */
    for (size_t i = 0; status == PIC_OK && i < FIGURES; i++) {
        struct pic_buf amount;
        pic_buf_init(&amount, TEXT_MAX);
        status = pic_csv_next(&csv, &more, err);
        struct pic_span cell = pic_csv_cell(&csv, FIGURE_COLUMN);
        pic_buf_bytes(&amount, cell.p, cell.n);
        if (status == PIC_OK)
            status = more ? pic_money_parse(pic_buf_string(&amount), &out[i], err)
                          : pic_fail(err, PIC_EFORMAT, NULL);
        pic_buf_release(&amount);
    }
    pic_csv_release(&csv);
    return status;
}

static int show(struct pic_call *call, struct pic_agent *agent, const struct opened *s)
{
    static const struct pic_column columns[] = {
        {"numero", "N°", PIC_TYPE_TEXT},
        {"destinataire", "Destinataire", PIC_TYPE_TEXT},
        {"du", "Du", PIC_TYPE_DATE},
        {"au", "Au", PIC_TYPE_DATE},
        {"parution", "Parution", PIC_TYPE_COUNT},
        {"enveloppe", "Votre part de l'enveloppe", PIC_TYPE_MONEY},
        {"accorde", "Accordé", PIC_TYPE_MONEY},
        {"paye", "Payé", PIC_TYPE_MONEY},
        {"justifie", "Justifié", PIC_TYPE_MONEY},
        {"reste", "Reste de votre part", PIC_TYPE_MONEY},
        {"fichiers", "Fichiers", PIC_TYPE_COUNT},
        {"signature", "Signature", PIC_TYPE_TEXT},
    };
    int64_t figures[FIGURES] = {0};
    struct pic_sheet sheet;
    struct pic_buf text;
    int status = read_figures(s, figures, &call->err);
    if (status != PIC_OK)
        return status;
    pic_buf_init(&text, TEXT_MAX);
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    pic_dot_print(s->row.id, &text);
    pic_sheet_span(&sheet, pic_buf_view(&text));
    pic_buf_clear(&text);
    pic_naming_row(agent->state, (uint64_t)value_of(s, "addressee")->i, &text);
    pic_sheet_span(&sheet, pic_buf_view(&text));
    pic_sheet_value(&sheet, value_of(s, "from_on"));
    pic_sheet_value(&sheet, value_of(s, "to_on"));
    pic_sheet_value(&sheet, value_of(s, "release"));
    for (size_t i = 0; i < FIGURES; i++)
        pic_sheet_int(&sheet, figures[i]);
    pic_sheet_int(&sheet, (int64_t)s->files.file_n);
    pic_sheet_text(&sheet, pic_speech_text(PIC_TELL_SIGNATURE_VERIFIED));
    status = pic_call_sheet(call, &sheet, true);
    pic_sheet_release(&sheet);
    pic_buf_release(&text);
    return status;
}

/* --- commands --- */

static int save(struct pic_call *call, const struct opened *s)
{
    const char *folder = call->args[1];
    int status = pic_package_write(folder, &s->files, pic_buf_view(&s->bytes), &call->err);
    if (status == PIC_OK)
        pic_call_tell(call, PIC_TELL_FILE_WRITTEN, folder, NULL);
    return status;
}

static int with_summary(struct pic_call *call, bool saves)
{
    struct pic_agent agent;
    struct pic_keys keys = {0};
    struct opened summary = {0};
    pic_buf_init(&summary.bytes, PIC_CONTAINER_MAX);
    int status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK)
        status = pic_desk_unlock(call, &agent, &keys);
    agent.blobs.owner.reader = &keys.box;
    if (status == PIC_OK)
        status = open_summary(call, &agent, &summary);
    if (status == PIC_OK)
        status = saves ? save(call, &summary) : show(call, &agent, &summary);
    pic_buf_release(&summary.bytes);
    pic_agent_close(&agent);
    pic_keys_wipe(&keys);
    return status;
}

int pic_command_summary(struct pic_call *call)
{
    return with_summary(call, false);
}

int pic_command_save_summary(struct pic_call *call)
{
    return with_summary(call, true);
}
