#include "tests/lib/server_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/create.h"
#include "server/file.h"
#include "server/record.h"

static int remove_one(const char *path, const struct stat *about, int flag, struct FTW *at)
{
    (void)about;
    (void)flag;
    (void)at;
    return remove(path);
}

void make_place(struct place *p)
{
    memset(p, 0, sizeof *p);
    (void)snprintf(p->base, sizeof p->base, "/tmp/pic-unit-server-XXXXXX");
    assert_non_null(mkdtemp(p->base));
    (void)snprintf(p->folder, sizeof p->folder, "%s/d", p->base);
    (void)snprintf(p->authority, sizeof p->authority, "%s/autorite.cle", p->base);
}

int create_at(struct place *p, struct pic_err *err)
{
    const struct pic_create plan = {.name = "Serveur d'essai",
                                    .address = "tcp://127.0.0.1:7443",
                                    .authority_out = p->authority,
                                    .now_ms = pic_server_now_ms()};
    return pic_server_create(p->folder, &plan, err);
}

void drop_place(struct place *p)
{
    assert_int_equal(nftw(p->base, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int setup_place(void **state)
{
    static struct place place;
    make_place(&place);
    assert_int_equal(create_at(&place, NULL), PIC_OK);
    *state = &place;
    return 0;
}

int teardown_place(void **state)
{
    drop_place(*state);
    return 0;
}

/* --- what the central team writes --- */

uint64_t record(struct pic_server *server, unsigned entity, uint64_t id, const struct typed *fields)
{
    struct pic_input inputs[8];
    size_t n = 0;
    uint64_t dot = 0;
    struct pic_err err = {0};
    const struct pic_entity *e = pic_dictionary_entity(entity);
    for (; fields[n].column != NULL; n++)
        inputs[n] = (struct pic_input){.field = pic_entity_by_column(e, fields[n].column),
                                       .typed = fields[n].text};
    int status = pic_record_one(server, e, id, inputs, n, &dot, &err);
    if (status != PIC_OK)
        print_error("%s %s %s\n", pic_status_name(status), err.arg[0], err.arg[1]);
    assert_int_equal(status, PIC_OK);
    return dot;
}

uint64_t make_organisation(struct pic_server *server, const char *name)
{
    const struct typed fields[] = {{"name", name}, {"kind", "association"}, {0}};
    return record(server, PIC_ORGANISATION, 0, fields);
}

uint64_t make_fund(struct pic_server *server, const char *carrier)
{
    const struct typed fields[] = {
        {"name", "PIC 2026"}, {"scheme", "pic"}, {"year", "2026"}, {"carrier", carrier}, {0}};
    return record(server, PIC_FUND, 0, fields);
}

int answer_call(void *context, struct pic_span request, struct pic_buf *reply)
{
    struct desk *d = context;
    return pic_answer(&d->answer, &d->scratch, pic_server_now_ms(), request, reply);
}

void open_desk(struct desk *d, struct pic_server *server, struct pic_committer *committer)
{
    memset(d, 0, sizeof *d);
    assert_int_equal(pic_answer_scratch_init(&d->scratch), PIC_OK);
    pic_exchange_store_init(&d->store, server, committer, NULL, d->scratch.reader);
    d->answer = (struct pic_answer){.identity = &server->keys.identity,
                                    .keys = server->keys.keys,
                                    .key_n = server->keys.key_n,
                                    .name = pic_span_text("Serveur d'essai"),
                                    .random = pic_random_system(),
                                    .store = &d->store.table};
}

void close_desk(struct desk *d)
{
    pic_answer_scratch_release(&d->scratch);
}

struct pic_code invite(struct pic_server *server, uint64_t organisation, const char *role,
                       int64_t expires_ms)
{
    struct pic_registry_invitation i = {.organisation = organisation,
                                        .role = pic_role_of(role),
                                        .organisation_name = "ADCM",
                                        .expires_ms = expires_ms};
    struct pic_code code;
    pic_code_new(pic_random_system(), &code);
    pic_code_id(&code, i.id);
    pic_code_secret(&code, &i.secret);
    assert_int_equal(pic_registry_number(server->registry, &i.device), PIC_OK);
    assert_int_equal(pic_registry_invitation_put(server->registry, &i), PIC_OK);
    return code;
}

const int64_t far_ms = INT64_C(1) << 45;

void open_stage(struct stage *s, const struct place *p)
{
    memset(s, 0, sizeof *s);
    assert_int_equal(pic_server_open(p->folder, 0, &s->server, NULL), PIC_OK);
    s->organisation = make_organisation(&s->server, "ADCM");
    s->fund = make_fund(&s->server, "ADCM");
    open_desk(&s->desk, &s->server, NULL);
    laptop_init(&s->laptop, answer_call, &s->desk);
    s->laptop.fund = s->fund;
    struct pic_code code = invite(&s->server, s->organisation, "tresorerie", far_ms);
    assert_int_equal(laptop_enrol(&s->laptop, &code, pic_server_now_ms()), PIC_OK);
}

void close_stage(struct stage *s)
{
    laptop_release(&s->laptop);
    close_desk(&s->desk);
    pic_server_close(&s->server);
}

void work_and_sync(struct laptop *laptop, unsigned changes)
{
    bool more;
    enum pic_reply_status status = PIC_REPLY_BUSY;
    assert_int_equal(laptop_work(laptop, changes, pic_server_now_ms()), PIC_OK);
    assert_int_equal(laptop_sync(laptop, &more, &status), PIC_OK);
    assert_int_equal(status, PIC_REPLY_OK);
    assert_int_equal(laptop->received.seq, laptop->head.seq);
}

int64_t count(struct pic_db *db, const char *sql)
{
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(db, sql, NULL);
    assert_non_null(stmt);
    assert_int_equal(pic_db_step(stmt, &row), PIC_OK);
    assert_true(row);
    int64_t n = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return n;
}

void remove_state_of(const struct place *p)
{
    static const char *const names[] = {"state.db", "state.db-wal", "state.db-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[PIC_PATH_MAX];
        assert_int_equal(pic_server_path(p->folder, names[i], path), PIC_OK);
        (void)unlink(path);
    }
}

void copy_file(const struct place *p, const char *from, const char *to)
{
    char paths[2][PIC_PATH_MAX];
    struct pic_buf bytes;
    pic_buf_init(&bytes, 16 << 20);
    assert_int_equal(pic_server_path(p->folder, from, paths[0]), PIC_OK);
    assert_int_equal(pic_server_path(p->folder, to, paths[1]), PIC_OK);
    assert_int_equal(pic_file_get(paths[0], &bytes, NULL), PIC_OK);
    assert_int_equal(pic_file_put(paths[1], pic_buf_view(&bytes), PIC_FILE_SECRET, NULL), PIC_OK);
    pic_buf_release(&bytes);
}
