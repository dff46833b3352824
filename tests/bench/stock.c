/* stock: what a bench writes straight into a server's store, for it has no time for 2,000 commands
 * or for a season of 10 million changes. The journal's lock keeps it apart from a server beside.
 *
 *     stock invite FOLDER ORGANISATION DEVICES        prints as many codes, one a line
 *     stock fill   FOLDER ORGANISATION FUND CHANGES   one device's log: of each 100 changes, one
 *                                                     creates a project and 99 edit it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/enrolment.h"

enum {
    INVITED_MS = 24 * 3600 * 1000,
    BATCH = 2000, /* changes of a segment */
    SEGMENTS = 50 /* of a transaction */,
    EDITS = 100, /* changes of a project */
    TITLE_SIZE = 48,
    STAMP_BITS = 16,
};

static void must(int status, const char *what)
{
    if (status == PIC_OK)
        return;
    (void)fprintf(stderr, "stock: %s: %s\n", what, pic_status_name(status));
    exit(EXIT_FAILURE);
}

static uint64_t parse_id(const char *text)
{
    uint64_t id = 0;
    must(pic_dot_parse(text, &id), text);
    return id;
}

static void invite(struct pic_server *server, uint64_t organisation, struct pic_code *code,
                   struct pic_registry_invitation *out)
{
    *out = (struct pic_registry_invitation){.organisation = organisation,
                                            .role = pic_role_of("saisie"),
                                            .organisation_name = "Association du banc",
                                            .expires_ms = pic_server_now_ms() + INVITED_MS,
                                            .state = PIC_INVITATION_OPEN};
    pic_code_new(pic_random_system(), code);
    pic_code_id(code, out->id);
    pic_code_secret(code, &out->secret);
    must(pic_registry_number(server->registry, &out->device), "number");
    must(pic_registry_invitation_put(server->registry, out), "invitation");
}

static void run_invite(struct pic_server *server, char **args)
{
    struct pic_err err = {0};
    must(pic_db_begin(&server->journal_db, &err), "begin");
    for (unsigned long n = strtoul(args[1], NULL, 10); n > 0; n--) {
        struct pic_code code;
        char shown[PIC_CODE_SHOWN_SIZE];
        struct pic_registry_invitation invitation;
        invite(server, parse_id(args[0]), &code, &invitation);
        pic_code_show(&code, shown);
        (void)puts(shown);
    }
    must(pic_db_commit(&server->journal_db, &err), "commit");
}

/* --- one long log --- */

struct writer {
    struct pic_server *server;
    struct pic_signer signer;
    uint32_t device;
    uint64_t organisation, fund;
    uint64_t stamp;
    uint64_t project, last; /* being edited, and the dot of its last value */
    struct pic_log_head head;
};

static void enrol(struct writer *w)
{
    struct pic_code code;
    struct pic_registry_invitation invitation;
    struct pic_enrol_request request = {.label = pic_span_text("Ordinateur du banc"), .program = 1};
    struct pic_dh_pair pair;
    struct pic_buf name;
    pic_buf_init(&name, PIC_NAME_MAX);
    invite(w->server, w->organisation, &code, &invitation);
    pic_signer_new(&w->signer, pic_random_system());
    pic_dh_new(&pair, pic_random_system());
    memcpy(request.invitation, invitation.id, sizeof invitation.id);
    memcpy(request.sign_key, w->signer.public, PIC_KEY_SIZE);
    struct pic_enrolment enrolment = {.request = &request,
                                      .transport_key = pair.public,
                                      .now_ms = pic_server_now_ms(),
                                      .organisation_name = &name};
    must(pic_enrol_device(w->server, &enrolment), "enrolment");
    w->device = invitation.device;
    w->stamp = (uint64_t)pic_server_now_ms() << STAMP_BITS;
    pic_buf_release(&name);
}

struct made {
    struct pic_change change;
    struct pic_op ops[3];
    uint64_t base;
    char title[TITLE_SIZE];
};

static uint8_t field(const char *column)
{
    return pic_entity_by_column(pic_dictionary_entity(PIC_PROJECT), column)->number;
}

static void make(struct writer *w, uint64_t seq, struct made *m)
{
    const struct pic_op asked = {.field = field("asked"),
                                 .value = {.kind = PIC_KIND_INT, .i = 5000 + (int64_t)(seq % 997)}};
    m->change = (struct pic_change){.dot = pic_dot(w->device, seq),
                                    .stamp = ++w->stamp,
                                    .entity = PIC_PROJECT,
                                    .op_n = 1,
                                    .ops = m->ops};
    m->base = w->last;
    w->last = m->change.dot;
    if (seq % EDITS == 1) {
        int n = snprintf(m->title, sizeof m->title, "Repas de rue %llu", (unsigned long long)seq);
        m->ops[0] = (struct pic_op){.field = field("fund"),
                                    .value = {.kind = PIC_KIND_REF, .i = (int64_t)w->fund}};
        m->ops[1] = (struct pic_op){
            .field = field("title"),
            .value = {.kind = PIC_KIND_TEXT, .s = pic_span_of(m->title, (size_t)n)}};
        m->ops[2] = asked;
        m->change.op_n = 3;
        w->project = m->change.dot;
    } else {
        m->ops[0] = asked;
        m->ops[0].base_n = 1;
        m->ops[0].bases = &m->base;
    }
    m->change.id = w->project;
}

static void append(struct writer *w, size_t n, struct pic_buf *bytes)
{
    static struct made made[BATCH];
    static const struct pic_change *changes[BATCH];
    struct pic_segment segment;
    uint64_t position;
    for (size_t i = 0; i < n; i++) {
        make(w, w->head.seq + 1 + i, &made[i]);
        changes[i] = &made[i].change;
    }
    for (size_t done = 0, taken; done < n; done += taken) {
        pic_buf_clear(bytes);
        must(pic_segment_seal(changes + done, n - done, w->organisation, w->head.hash,
                              PIC_DICTIONARY_VERSION, &w->signer, bytes, &taken),
             "sealing");
        must(pic_segment_read(pic_buf_view(bytes), &segment), "reading");
        must(pic_journal_append(w->server->journal, &segment, &position), "appending");
        w->head.seq = segment.last_seq;
        memcpy(w->head.hash, segment.hash, PIC_HASH_SIZE);
    }
}

static void run_fill(struct pic_server *server, char **args)
{
    struct pic_err err = {0};
    struct pic_buf bytes;
    struct writer w = {
        .server = server, .organisation = parse_id(args[0]), .fund = parse_id(args[1])};
    uint64_t left = strtoull(args[2], NULL, 10);
    pic_buf_init(&bytes, PIC_SEGMENT_MAX);
    must(pic_db_begin(&server->journal_db, &err), "begin");
    enrol(&w);
    for (unsigned segments = 1; left > 0; segments++) {
        size_t n = left < BATCH ? (size_t)left : BATCH;
        append(&w, n, &bytes);
        left -= n;
        if (segments % SEGMENTS == 0) {
            must(pic_db_commit(&server->journal_db, &err), "commit");
            must(pic_db_begin(&server->journal_db, &err), "begin");
        }
    }
    must(pic_db_commit(&server->journal_db, &err), "commit");
    pic_buf_release(&bytes);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int args;
        void (*run)(struct pic_server *server, char **args);
    } modes[] = {{"invite", 2, run_invite}, {"fill", 3, run_fill}};
    for (size_t i = 0; argc > 3 && i < sizeof modes / sizeof *modes; i++) {
        struct pic_server server;
        struct pic_err err = {0};
        if (strcmp(argv[1], modes[i].name) != 0 || argc != 3 + modes[i].args)
            continue;
        must(pic_server_open(argv[2], PIC_SERVER_NO_STATE, &server, &err), argv[2]);
        modes[i].run(&server, argv + 3);
        pic_server_close(&server);
        return EXIT_SUCCESS;
    }
    return 2;
}
