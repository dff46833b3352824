/* What a server that was put back from an older copy gives way to, and takes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "server/own_log.h"
#include "server/restore.h"
#include "server/verify.h"
#include "tests/lib/server_stage.h"

enum { KEPT_MAX = 32 };

/* Segments that somebody holds while the server loses them. */
struct kept {
    struct pic_buf bytes[KEPT_MAX];
    unsigned n;
};

/* A server that was copied, wrote and received more, and was put back from the copy. */
struct past {
    const struct place *place;
    struct stage s;
    struct kept lost;
    uint64_t copied; /* greatest position of the copy */
};

static void keep_after(struct pic_journal *journal, uint64_t position, struct kept *out)
{
    int status = PIC_OK;
    while (status == PIC_OK) {
        assert_true(out->n < KEPT_MAX);
        struct pic_buf *bytes = &out->bytes[out->n];
        pic_buf_init(bytes, PIC_SEGMENT_MAX);
        position++;
        status = pic_journal_next(journal, &position, bytes);
        out->n += status == PIC_OK;
    }
    assert_int_equal(status, PIC_ENOT_FOUND);
}

static void reopen(struct past *p)
{
    assert_int_equal(pic_server_open(p->place->folder, 0, &p->s.server, NULL), PIC_OK);
    open_desk(&p->s.desk, &p->s.server, NULL);
}

static void shut(struct past *p)
{
    close_desk(&p->s.desk);
    pic_server_close(&p->s.server);
}

static void mark_restored(struct past *p)
{
    struct pic_server *server = &p->s.server;
    assert_int_equal(pic_db_begin(&server->journal_db, NULL), PIC_OK);
    assert_int_equal(pic_server_restored(server, pic_random_system()), PIC_OK);
    assert_int_equal(pic_db_commit(&server->journal_db, NULL), PIC_OK);
}

/* live: what happens after the copy, and is lost. */
static void live_twice(struct past *p, const struct place *place, void (*live)(struct past *p))
{
    memset(p, 0, sizeof *p);
    p->place = place;
    open_stage(&p->s, place);
    work_and_sync(&p->s.laptop, 2);
    assert_int_equal(pic_journal_position(p->s.server.journal, &p->copied), PIC_OK);
    shut(p);
    copy_file(place, "journal.db", "copy.db");
    reopen(p);
    live(p);
    keep_after(p->s.server.journal, p->copied, &p->lost);
    shut(p);
    copy_file(place, "copy.db", "journal.db");
    reopen(p);
    mark_restored(p);
}

static void release(struct past *p)
{
    for (unsigned i = 0; i < KEPT_MAX; i++)
        pic_buf_release(&p->lost.bytes[i]);
    laptop_release(&p->s.laptop);
    shut(p);
}

static enum pic_reply_status give(struct laptop *laptop, struct pic_span segment)
{
    struct pic_asked asked;
    const struct pic_request request = {.type = PIC_REQUEST_GIVE, .give = {.segment = segment}};
    assert_int_equal(laptop_ask(laptop, &request, &asked), PIC_OK);
    return asked.reply.status;
}

static enum pic_reply_status give_lost(struct past *p, unsigned i)
{
    assert_true(i < p->lost.n);
    return give(&p->s.laptop, pic_buf_view(&p->lost.bytes[i]));
}

struct seen {
    unsigned n;
    struct pic_verify_fault first;
};

static void see(void *context, const struct pic_verify_fault *fault)
{
    struct seen *seen = context;
    if (seen->n++ == 0)
        seen->first = *fault;
}

/* Verified with nothing open, and open again afterwards. */
static struct seen verify(struct past *p)
{
    struct seen seen = {0};
    struct pic_verify_report report;
    const struct pic_verify_options options = {.all = true, .fault = see, .context = &seen};
    shut(p);
    assert_int_equal(pic_server_verify(p->place->folder, &options, &report, NULL), PIC_OK);
    assert_int_equal(report.faults, seen.n);
    reopen(p);
    return seen;
}

static void damage(struct past *p, const char *sql)
{
    assert_int_equal(pic_db_exec(&p->s.server.journal_db, sql, NULL), PIC_OK);
}

/* --- what happens, and is lost --- */

static void two_organisations(struct past *p)
{
    (void)make_organisation(&p->s.server, "Perdue");
    (void)make_organisation(&p->s.server, "Perdue aussi");
}

static void retirement(struct past *p)
{
    struct pic_server *server = &p->s.server;
    struct pic_device d;
    uint32_t device = p->s.laptop.certificate.device;
    assert_int_equal(pic_registry_device(server->registry, device, &d), PIC_OK);
    const struct typed fields[] = {{"retired", "oui"}, {"last_seq", "2"}, {0}};
    (void)record(server, PIC_DEVICE, d.entity, fields);
}

static struct laptop newcomer;

static void certificate(struct past *p)
{
    laptop_init(&newcomer, answer_call, &p->s.desk);
    newcomer.fund = p->s.fund;
    struct pic_code code = invite(&p->s.server, p->s.organisation, "saisie", far_ms);
    assert_int_equal(laptop_enrol(&newcomer, &code, pic_server_now_ms()), PIC_OK);
    work_and_sync(&newcomer, 3);
}

/* --- verification --- */

static void test_what_was_left_out_and_what_came_back_verify(void **state)
{
    struct past p;
    live_twice(&p, *state, two_organisations);
    assert_int_equal(verify(&p).n, 0);
    (void)make_organisation(&p.s.server, "Nouvelle");
    assert_int_equal(verify(&p).n, 0);
    assert_int_equal(p.lost.n, 2);
    assert_int_equal(give_lost(&p, 0), PIC_REPLY_OK);
    assert_int_equal(give_lost(&p, 1), PIC_REPLY_OK);
    (void)make_organisation(&p.s.server, "Encore une");
    mark_restored(&p); /* an alarm for nothing does no harm */
    (void)make_organisation(&p.s.server, "La suivante");
    assert_int_equal(verify(&p).n, 0);
    assert_int_equal(pic_projector_catch_up(p.s.server.projector, NULL, NULL, NULL), PIC_OK);
    assert_int_equal(count(pic_server_db(&p.s.server), "SELECT count(*) FROM organisation"), 6);
    release(&p);
}

static void test_faults_are_located_on_every_branch(void **state)
{
    static const char *const changes[] = {
        /* a bit of a signature; a segment of the branch that came back; where it continues from */
        "UPDATE segment SET bytes = CAST(substr(bytes, 1, size - 2) || x'00' ||"
        " substr(bytes, size) AS BLOB) WHERE position = %llu",
        "DELETE FROM segment WHERE position = %llu",
    };
    struct past p;
    char sql[256];
    live_twice(&p, *state, two_organisations);
    (void)make_organisation(&p.s.server, "Nouvelle");
    assert_int_equal(give_lost(&p, 0), PIC_REPLY_OK);
    assert_int_equal(give_lost(&p, 1), PIC_REPLY_OK);
    uint64_t last;
    assert_int_equal(pic_journal_position(p.s.server.journal, &last), PIC_OK);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        shut(&p);
        copy_file(p.place, "journal.db", "sound.db");
        reopen(&p);
        (void)sqlite3_snprintf(sizeof sql, sql, changes[i], last - 1);
        damage(&p, sql);
        struct seen seen = verify(&p);
        assert_true(seen.n > 0);
        assert_int_equal(seen.first.kind, PIC_VERIFY_SEGMENT);
        assert_int_equal(seen.first.status, i == 0 ? PIC_ESIGNATURE : PIC_ECHAIN);
        assert_int_equal(seen.first.position, i == 0 ? last - 1 : last);
        assert_int_equal(seen.first.device, PIC_DEVICE_SERVER);
        shut(&p);
        copy_file(p.place, "sound.db", "journal.db");
        reopen(&p);
    }
    release(&p);
}

/* --- giving way, and taking back --- */

static void test_no_number_is_given_twice(void **state)
{
    struct past p;
    struct pic_own_log before, after;
    struct pic_segment segment;
    uint64_t position = 0;
    live_twice(&p, *state, two_organisations);
    assert_int_equal(pic_own_log_load(p.s.server.journal, &before), PIC_OK);
    assert_int_equal(pic_segment_read(pic_buf_view(&p.lost.bytes[1]), &segment), PIC_OK);
    assert_true(before.seq > segment.last_seq);
    (void)make_organisation(&p.s.server, "Nouvelle");
    assert_int_equal(pic_journal_position(p.s.server.journal, &position), PIC_OK);
    assert_true(position > p.copied + PIC_RESTORED_POSITIONS);
    assert_int_equal(give_lost(&p, 0), PIC_REPLY_OK);
    assert_int_equal(give_lost(&p, 1), PIC_REPLY_OK);
    assert_int_equal(pic_own_log_load(p.s.server.journal, &after), PIC_OK);
    assert_int_equal(after.seq, before.seq + 1); /* what came back is behind already */
    assert_true(after.clock.last >= before.clock.last);
    release(&p);
}

static void test_what_is_given_is_judged(void **state)
{
    struct past p;
    struct pic_buf changed;
    live_twice(&p, *state, two_organisations);
    pic_buf_init(&changed, PIC_SEGMENT_MAX);
    pic_buf_bytes(&changed, p.lost.bytes[0].data, p.lost.bytes[0].len);
    changed.data[changed.len - 1] ^= 1;
    assert_int_equal(give(&p.s.laptop, pic_buf_view(&changed)), PIC_REPLY_REFUSED);
    changed.len /= 2;
    assert_int_equal(give(&p.s.laptop, pic_buf_view(&changed)), PIC_REPLY_MALFORMED);
    assert_int_equal(give_lost(&p, 1), PIC_REPLY_GAP); /* the one before it is still missing */
    assert_int_equal(give_lost(&p, 0), PIC_REPLY_OK);
    assert_int_equal(give_lost(&p, 0), PIC_REPLY_OK); /* the same again changes nothing */
    assert_int_equal(give_lost(&p, 1), PIC_REPLY_OK);
    assert_int_equal(count(&p.s.server.journal_db, "SELECT count(*) FROM segment"),
                     (int64_t)p.copied + 2);
    /* Its own log is sent, with what it says of itself, not given. */
    assert_int_equal(laptop_work(&p.s.laptop, 1, pic_server_now_ms()), PIC_OK);
    assert_int_equal(give(&p.s.laptop, pic_buf_view(&p.s.laptop.segment)), PIC_REPLY_REFUSED);
    pic_buf_release(&changed);
    release(&p);
}

static void test_a_lost_certificate_comes_back_with_whom_it_is_about(void **state)
{
    struct past p;
    bool more;
    enum pic_reply_status status;
    struct pic_device d;
    live_twice(&p, *state, certificate);
    newcomer.received = (struct pic_log_head){0};
    assert_int_equal(laptop_sync(&newcomer, &more, &status), PIC_OK);
    assert_int_equal(status, PIC_REPLY_UNKNOWN_DEVICE);
    assert_int_equal(p.lost.n, 2); /* the certificate; its three projects */
    /* A stranger may bring what the server signed, not what another device did. */
    assert_int_equal(give(&newcomer, pic_buf_view(&p.lost.bytes[1])), PIC_REPLY_UNKNOWN_DEVICE);
    assert_int_equal(give(&newcomer, pic_buf_view(&p.lost.bytes[0])), PIC_REPLY_OK);
    assert_int_equal(pic_registry_device(p.s.server.registry, newcomer.certificate.device, &d),
                     PIC_OK);
    assert_false(d.retired);
    assert_memory_equal(d.certificate.sign_key, newcomer.signer.public, PIC_KEY_SIZE);
    assert_int_equal(laptop_sync(&newcomer, &more, &status), PIC_OK);
    assert_int_equal(status, PIC_REPLY_OK);
    /* A colleague gives back what the newcomer had sent. */
    assert_int_equal(give_lost(&p, 1), PIC_REPLY_OK);
    assert_int_equal(laptop_sync(&newcomer, &more, &status), PIC_OK);
    assert_int_equal(newcomer.receipt.seq, 3);
    assert_int_equal(verify(&p).n, 0);
    laptop_release(&newcomer);
    release(&p);
}

static void test_a_lost_retirement_comes_back(void **state)
{
    struct past p;
    struct pic_device d;
    live_twice(&p, *state, retirement);
    uint32_t device = p.s.laptop.certificate.device;
    assert_int_equal(pic_registry_device(p.s.server.registry, device, &d), PIC_OK);
    assert_false(d.retired);
    assert_int_equal(give_lost(&p, 0), PIC_REPLY_OK);
    assert_int_equal(pic_registry_device(p.s.server.registry, device, &d), PIC_OK);
    assert_true(d.retired);
    assert_int_equal(d.last_seq, 2);
    assert_int_equal(give_lost(&p, 0), PIC_REPLY_REVOKED); /* it brings nothing any more */
    assert_int_equal(verify(&p).n, 0);
    release(&p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_place, teardown_place)
    const struct CMUnitTest tests[] = {
        TEST(test_what_was_left_out_and_what_came_back_verify),
        TEST(test_faults_are_located_on_every_branch),
        TEST(test_no_number_is_given_twice),
        TEST(test_what_is_given_is_judged),
        TEST(test_a_lost_certificate_comes_back_with_whom_it_is_about),
        TEST(test_a_lost_retirement_comes_back),
    };
    if (pic_crypto_start() != PIC_OK)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
