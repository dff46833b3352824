#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/commands/commands.h"
#include "agent/commands/net.h"
#include "agent/file_exchange.h"
#include "agent/session.h"
#include "agent/status.h"

enum { BUDGET_MEGA = 500, MEGA_BITS = 20, KILO_BITS = 10, GIGA_BITS = 30, SAID_MAX = 256 };

static const uint64_t budget_max = UINT64_C(3) << GIGA_BITS; /* below what a file on a key holds */

/* The surroundings of an exchange by file. */
struct desk_trip {
    struct pic_agent agent;
    struct pic_keys keys;
    char label[PIC_LABEL_MAX + 1];
    struct pic_courier_options options;
};

static int open_trip(struct pic_call *call, struct desk_trip *t)
{
    const struct pic_desk *desk = call->context;
    memset(t, 0, sizeof *t);
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &t->agent);
    if (status == PIC_OK)
        status = pic_desk_unlock(call, &t->agent, &t->keys);
    if (status != PIC_OK)
        return status;
    pic_net_label(&t->agent, desk->computer, t->label);
    t->options = (struct pic_courier_options){.errands = PIC_ERRAND_ALL,
                                              .program = PIC_AGENT_VERSION,
                                              .label = t->label,
                                              .disk = pic_net_disk(t->agent.folder)};
    return PIC_OK;
}

static void close_trip(struct desk_trip *t)
{
    pic_keys_wipe(&t->keys);
    pic_agent_close(&t->agent);
}

/* --- deposer --- */

/* "500M", "2G", "800K", bytes without a letter; Mo and Go too. */
static int budget_of(struct pic_call *call, uint64_t *out)
{
    static const struct {
        const char *unit;
        unsigned bits;
    } units[] = {{"", 0},           {"K", KILO_BITS}, {"Ko", KILO_BITS}, {"M", MEGA_BITS},
                 {"Mo", MEGA_BITS}, {"G", GIGA_BITS}, {"Go", GIGA_BITS}};
    const char *typed = pic_call_option(call, "budget");
    char *end = NULL;
    *out = (uint64_t)BUDGET_MEGA << MEGA_BITS;
    if (typed == NULL)
        return PIC_OK;
    errno = 0;
    uint64_t number = strtoull(typed, &end, 10);
    bool good = errno == 0 && *typed >= '0' && *typed <= '9' && number <= budget_max;
    for (size_t i = 0; good && i < sizeof units / sizeof *units; i++) {
        if (strcasecmp(end, units[i].unit) != 0)
            continue;
        number = number <= budget_max >> units[i].bits ? number << units[i].bits : budget_max;
        *out = number;
        return PIC_OK;
    }
    return pic_fail(&call->err, PIC_ECOUNT, typed, "budget", "3G", NULL);
}

static const struct pic_column deposit_columns[] = {
    {"fichier", "Fichier", PIC_TYPE_TEXT},      {"saisies", "Saisies", PIC_TYPE_COUNT},
    {"documents", "Documents", PIC_TYPE_COUNT}, {"restants", "Documents restants", PIC_TYPE_COUNT},
    {"octets", "Octets", PIC_TYPE_COUNT},
};

static int tell_deposit(struct pic_call *call, const struct pic_file_report *report)
{
    struct pic_sheet sheet;
    struct pic_buf left;
    pic_sheet_init(&sheet, deposit_columns, sizeof deposit_columns / sizeof *deposit_columns);
    pic_sheet_text(&sheet, report->path);
    pic_sheet_int(&sheet, (int64_t)report->courier.changes_sent);
    pic_sheet_int(&sheet, (int64_t)report->courier.documents_sent);
    pic_sheet_int(&sheet, (int64_t)report->documents_left);
    pic_sheet_int(&sheet, (int64_t)report->bytes);
    int status = pic_call_sheet(call, &sheet, true);
    pic_sheet_release(&sheet);
    if (status != PIC_OK)
        return status;
    if (report->documents_left > 0) {
        pic_buf_init(&left, SAID_MAX);
        pic_speech_count(&left, report->documents_left, "document", "documents");
        pic_call_tell(call, PIC_TELL_DEPOSIT_LEFT, pic_buf_string(&left), NULL);
        pic_buf_release(&left);
    }
    pic_call_tell(call, PIC_TELL_DEPOSITED, call->args[0], NULL);
    return PIC_OK;
}

int pic_command_deposit(struct pic_call *call)
{
    struct desk_trip t = {0};
    struct pic_file_report report;
    uint64_t budget = 0;
    int status = budget_of(call, &budget);
    if (status != PIC_OK)
        return status;
    status = open_trip(call, &t);
    t.options.document_bytes_max = budget;
    if (pic_call_has(call, "saisies-seules"))
        t.options.errands &= ~(unsigned)PIC_ERRAND_DOCUMENTS;
    if (status == PIC_OK)
        status =
            pic_file_deposit(&t.agent, &t.keys, call->args[0], &t.options, &report, &call->err);
    if (status == PIC_OK)
        status = tell_deposit(call, &report);
    close_trip(&t);
    return status;
}

/* --- relever --- */

struct collecting {
    struct pic_call *call;
    struct desk_trip *trip;
    struct pic_courier_report sum;
    unsigned taken;
    int foreign; /* of the first file that is not for this laptop */
    int failed;  /* of the first that is, and refused something */
    struct pic_err err;
    bool again;
    uint8_t id[PIC_PARCEL_ID_SIZE];
};

static void add_up(struct collecting *c, const struct pic_courier_report *r)
{
    c->sum.changes_sent += r->changes_sent;
    c->sum.segments_received += r->segments_received;
    c->sum.documents_sent += r->documents_sent;
    c->sum.documents_received += r->documents_received;
    c->sum.bytes_received += r->bytes_received;
    c->sum.server_ms = r->server_ms != 0 ? r->server_ms : c->sum.server_ms;
    c->sum.restamped = c->sum.restamped || r->restamped;
    c->sum.shifted = c->sum.shifted || r->shifted;
    c->sum.server_had_forgotten = c->sum.server_had_forgotten || r->server_had_forgotten;
}

/* The requests of an answer that was taken whole have served. */
static int remove_requests(void *context, const char *path)
{
    const struct collecting *c = context;
    struct pic_parcel_reader reader;
    bool same = pic_parcel_load(&reader, path, NULL) == PIC_OK &&
                reader.parcel.kind == PIC_PARCEL_REQUESTS &&
                memcmp(reader.parcel.id, c->id, sizeof c->id) == 0;
    pic_parcel_close(&reader);
    if (same)
        (void)unlink(path);
    return PIC_OK;
}

static int collect_one(void *context, const char *path)
{
    struct collecting *c = context;
    struct pic_call *call = c->call;
    struct pic_file_report report;
    struct pic_err err = {0};
    int status =
        pic_file_collect(&c->trip->agent, &c->trip->keys, path, &c->trip->options, &report, &err);
    if (status == PIC_EEXISTS) {
        pic_call_tell(call, PIC_TELL_COLLECT_BEFORE, path, NULL);
        c->taken++;
        return PIC_OK;
    }
    if (status == PIC_EOTHER_SERVER || status == PIC_EOTHER_LAPTOP || status == PIC_EFORMAT) {
        if (c->foreign == PIC_OK)
            c->err = err;
        c->foreign = c->foreign == PIC_OK ? status : c->foreign;
        return PIC_OK;
    }
    c->taken++;
    c->again = c->again || report.again;
    add_up(c, &report.courier);
    if (status == PIC_EHASH) {
        pic_call_tell(call, PIC_TELL_COLLECT_CUT, path, NULL);
        c->again = true;
        return PIC_OK;
    }
    if (report.ended)
        (void)unlink(path); /* what stays on a key does no harm */
    if (report.whole) {
        memcpy(c->id, report.id, sizeof c->id);
        int removed =
            pic_parcel_each(call->args[0], PIC_PARCEL_REQUEST_SUFFIX, remove_requests, c, NULL);
        (void)removed;
    }
    if (status != PIC_OK && c->failed == PIC_OK) {
        c->failed = status;
        call->err = err;
    }
    return status == PIC_EDISK_FULL || status == PIC_EIO ? status : PIC_OK;
}

static int tell_collected(struct collecting *c)
{
    struct pic_call *call = c->call;
    struct pic_status_facts facts;
    if (c->taken == 0 && c->foreign != PIC_OK) {
        call->err = c->err;
        return c->foreign;
    }
    if (c->taken == 0)
        pic_call_tell(call, PIC_TELL_COLLECT_NONE, call->args[0], NULL);
    if (c->sum.server_ms != 0)
        pic_net_tell(call, &c->sum);
    if (c->again)
        pic_call_tell(call, PIC_TELL_COLLECT_AGAIN, call->args[0], NULL);
    if (c->failed != PIC_OK)
        return c->failed;
    int status = pic_status_read(&c->trip->agent, &facts);
    return status == PIC_OK ? pic_status_outcome(&facts) : status;
}

int pic_command_collect(struct pic_call *call)
{
    const struct pic_desk *desk = call->context;
    struct desk_trip t = {0};
    struct collecting c = {.call = call, .trip = &t};
    int status = open_trip(call, &t);
    if (status == PIC_OK)
        status =
            pic_parcel_each(call->args[0], PIC_PARCEL_REPLY_SUFFIX, collect_one, &c, &call->err);
    if (status == PIC_OK) {
        pic_session_save(&t.keys, t.agent.folder, desk->runtime);
        status = tell_collected(&c);
    }
    close_trip(&t);
    return status;
}
