/* server_stage: a server in a folder of its own, with an association, its fund and one laptop, all
 * in one process: what the laptop asks is answered by a call. Each function asserts that it could
 * be done. */
#ifndef PIC_TESTS_SERVER_STAGE_H
#define PIC_TESTS_SERVER_STAGE_H

#include "server/exchange_store.h"
#include "server/store.h"
#include "tests/lib/laptop.h"

struct place {
    char base[64], folder[96], authority[96];
};

void make_place(struct place *p);
void drop_place(struct place *p);
PIC_MUST_USE int create_at(struct place *p, struct pic_err *err);
/* cmocka's: a place with a server, thrown away after each test. */
int setup_place(void **state);
int teardown_place(void **state);
/* Copies a file inside the server's folder. */
void copy_file(const struct place *p, const char *from, const char *to);
/* The state and what SQLite keeps beside it. */
void remove_state_of(const struct place *p);

/* What the central team types; the last one has no column. */
struct typed {
    const char *column, *text;
};

uint64_t record(struct pic_server *server, unsigned entity, uint64_t id,
                const struct typed *fields);
uint64_t make_organisation(struct pic_server *server, const char *name);
uint64_t make_fund(struct pic_server *server, const char *carrier);
/* The number that a query answers. */
int64_t count(struct pic_db *db, const char *sql);

struct desk {
    struct pic_exchange_store store;
    struct pic_answer answer;
    struct pic_answer_scratch scratch;
};

/* committer: NULL for none. */
void open_desk(struct desk *d, struct pic_server *server, struct pic_committer *committer);
void close_desk(struct desk *d);
/* For laptop_init; context is the desk. */
int answer_call(void *context, struct pic_span request, struct pic_buf *reply);

extern const int64_t far_ms; /* when nothing here has expired yet */
struct pic_code invite(struct pic_server *server, uint64_t organisation, const char *role,
                       int64_t expires_ms);

struct stage {
    struct pic_server server;
    struct desk desk;
    struct laptop laptop;
    uint64_t organisation, fund;
};

void open_stage(struct stage *s, const struct place *p);
void close_stage(struct stage *s);
void work_and_sync(struct laptop *laptop, unsigned changes);

#endif
