/* blobs: what is held is whole and right, whatever was interrupted before. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/store/blobs.h"
#include "tests/lib/generator.h"

enum { SIZE = 200, LARGE = 300000, KILLS = 25 };

struct room {
    char folder[64];
    struct pic_blobs blobs;
    uint8_t bytes[LARGE];
    uint8_t hash[PIC_HASH_SIZE]; /* of the first SIZE bytes */
};

static int setup(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    assert_non_null(r);
    (void)snprintf(r->folder, sizeof r->folder, "%s", "/tmp/pic-blobs-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    assert_int_equal(pic_blobs_init(&r->blobs, r->folder), PIC_OK);
    struct generator g = generator_from(1);
    for (size_t i = 0; i < LARGE; i++)
        r->bytes[i] = (uint8_t)generator_next(&g);
    pic_hash(pic_span_of(r->bytes, SIZE), r->hash);
    *state = r;
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    struct room *r = *state;
    assert_int_equal(nftw(r->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(r);
    return 0;
}

static void path_of(const struct room *r, const uint8_t *hash, const char *suffix, char out[256])
{
    struct pic_buf hex;
    pic_buf_init(&hex, 2 * PIC_HASH_SIZE + 1);
    for (size_t i = 0; i < PIC_HASH_SIZE; i++)
        pic_buf_printf(&hex, "%02x", hash[i]);
    const char *text = pic_buf_string(&hex);
    (void)snprintf(out, 256, "%s/%.2s/%s%s", r->folder, text, text + 2, suffix);
    pic_buf_release(&hex);
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static int put(struct room *r, uint64_t offset, size_t n, uint64_t *held, bool *complete)
{
    return pic_blobs_put(&r->blobs, r->hash, SIZE, offset, pic_span_of(r->bytes + offset, n), held,
                         complete);
}

static void assert_whole(struct room *r)
{
    struct pic_buf out;
    pic_buf_init(&out, SIZE);
    assert_int_equal(pic_blobs_read(&r->blobs, r->hash, 0, SIZE, &out), PIC_OK);
    assert_int_equal(out.len, SIZE);
    assert_memory_equal(out.data, r->bytes, SIZE);
    assert_int_equal(pic_blobs_verify(&r->blobs, r->hash), PIC_OK);
    pic_buf_release(&out);
}

static void a_blob_resumes_at_every_offset(void **state)
{
    struct room *r = *state;
    char whole[256];
    char part[256];
    path_of(r, r->hash, "", whole);
    path_of(r, r->hash, ".part", part);
    for (size_t cut = 1; cut < SIZE; cut++) {
        uint64_t held;
        bool complete;
        assert_int_equal(put(r, 0, cut, &held, &complete), PIC_OK);
        assert_int_equal(held, cut);
        assert_false(complete);
        assert_true(is_there(part) && !is_there(whole));
        /* From before, from there, and from too far. */
        size_t from = cut - cut / 3;
        assert_int_equal(put(r, cut + 1, SIZE - cut - 1, &held, &complete), PIC_EGAP);
        assert_int_equal(held, cut);
        assert_int_equal(pic_blobs_held(&r->blobs, r->hash, &held, &complete), PIC_OK);
        assert_true(held == cut && !complete);
        assert_int_equal(put(r, from, SIZE - from, &held, &complete), PIC_OK);
        assert_true(held == SIZE && complete);
        assert_true(is_there(whole) && !is_there(part));
        assert_whole(r);
        assert_int_equal(unlink(whole), 0);
    }
}

static void what_is_held_already_changes_nothing(void **state)
{
    struct room *r = *state;
    uint64_t held;
    bool complete;
    assert_int_equal(put(r, 0, 80, &held, &complete), PIC_OK);
    assert_int_equal(put(r, 10, 20, &held, &complete), PIC_OK);
    assert_true(held == 80 && !complete);
    assert_int_equal(put(r, 0, SIZE, &held, &complete), PIC_OK);
    assert_true(held == SIZE && complete);
    assert_int_equal(put(r, 0, 10, &held, &complete), PIC_OK);
    assert_true(held == SIZE && complete);
    assert_int_equal(pic_blobs_held(&r->blobs, r->hash, &held, &complete), PIC_OK);
    assert_true(held == SIZE && complete);
}

static void without_bytes_nothing_is_made(void **state)
{
    struct room *r = *state;
    uint64_t held = 9;
    bool complete = true;
    assert_int_equal(put(r, 0, 0, &held, &complete), PIC_OK);
    assert_true(held == 0 && !complete);
    assert_int_equal(put(r, 5, 0, &held, &complete), PIC_EGAP);
    assert_true(held == 0);
    assert_int_equal(rmdir(r->folder), 0); /* still empty */
    assert_int_equal(mkdir(r->folder, S_IRWXU), 0);
}

static void a_wrong_whole_is_thrown_away(void **state)
{
    struct room *r = *state;
    uint64_t held;
    bool complete;
    char path[256];
    assert_int_equal(put(r, 0, 100, &held, &complete), PIC_OK);
    assert_int_equal(
        pic_blobs_put(&r->blobs, r->hash, SIZE, 100, pic_span_of(r->bytes, 100), &held, &complete),
        PIC_EHASH);
    assert_true(held == 0 && !complete);
    path_of(r, r->hash, ".part", path);
    assert_false(is_there(path));
    assert_int_equal(pic_blobs_verify(&r->blobs, r->hash), PIC_ENOT_FOUND);
    assert_int_equal(put(r, 0, SIZE, &held, &complete), PIC_OK);
    assert_whole(r);
}

static void a_damaged_blob_is_seen(void **state)
{
    struct room *r = *state;
    uint64_t held;
    bool complete;
    char path[256];
    assert_int_equal(put(r, 0, SIZE, &held, &complete), PIC_OK);
    path_of(r, r->hash, "", path);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "?!", 2, 17), 2);
    assert_int_equal(close(fd), 0);
    assert_int_equal(pic_blobs_verify(&r->blobs, r->hash), PIC_EHASH);
}

static void sizes_are_bounded(void **state)
{
    struct room *r = *state;
    uint64_t held;
    bool complete;
    struct pic_span some = pic_span_of(r->bytes, 10);
    uint8_t hash[PIC_HASH_SIZE];
    r->blobs.size_max = SIZE - 1;
    assert_int_equal(put(r, 0, 10, &held, &complete), PIC_ELIMIT);
    r->blobs.size_max = SIZE;
    assert_int_equal(put(r, 0, 10, &held, &complete), PIC_OK);
    const uint64_t offsets[] = {SIZE - 9, SIZE + 1, UINT64_MAX, UINT64_MAX - 5};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
        assert_int_equal(
            pic_blobs_put(&r->blobs, r->hash, SIZE, offsets[i], some, &held, &complete),
            PIC_ELIMIT);
    assert_int_equal(pic_blobs_take_bytes(&r->blobs, pic_span_of(r->bytes, SIZE + 1), hash),
                     PIC_ELIMIT);
    char long_path[600];
    memset(long_path, 'a', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    struct pic_blobs other;
    assert_int_equal(pic_blobs_init(&other, long_path), PIC_ELIMIT);
}

/* The file that a kill can leave: shorter, whole but not renamed, or longer than announced. */
static void a_part_from_before_is_resumed(void **state)
{
    struct room *r = *state;
    const size_t sizes[] = {1, SIZE / 2, SIZE, SIZE + 50};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t held;
        bool complete;
        char path[256];
        assert_int_equal(put(r, 0, 1, &held, &complete), PIC_OK);
        path_of(r, r->hash, ".part", path);
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(r->bytes, 1, sizes[i], f), sizes[i]);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(pic_blobs_held(&r->blobs, r->hash, &held, &complete), PIC_OK);
        assert_true(held == sizes[i] && !complete);
        assert_int_equal(put(r, 0, 0, &held, &complete), PIC_OK);
        assert_int_equal(held, sizes[i] > SIZE ? 0 : sizes[i]);
        assert_true(complete == (sizes[i] == SIZE));
        if (!complete)
            assert_int_equal(put(r, held, SIZE - held, &held, &complete), PIC_OK);
        assert_true(complete);
        assert_whole(r);
        path_of(r, r->hash, "", path);
        assert_int_equal(unlink(path), 0);
    }
}

static void reading_stays_inside(void **state)
{
    struct room *r = *state;
    struct pic_buf out;
    uint64_t held;
    bool complete;
    pic_buf_init(&out, 64);
    assert_int_equal(put(r, 0, SIZE - 1, &held, &complete), PIC_OK);
    assert_int_equal(pic_blobs_read(&r->blobs, r->hash, 0, 10, &out), PIC_ENOT_FOUND);
    assert_int_equal(put(r, SIZE - 1, 1, &held, &complete), PIC_OK);
    assert_int_equal(pic_blobs_read(&r->blobs, r->hash, SIZE - 7, 60, &out), PIC_OK);
    assert_int_equal(out.len, 7);
    assert_memory_equal(out.data, r->bytes + SIZE - 7, 7);
    assert_int_equal(pic_blobs_read(&r->blobs, r->hash, SIZE, 60, &out), PIC_OK);
    assert_int_equal(pic_blobs_read(&r->blobs, r->hash, UINT64_MAX, 60, &out), PIC_OK);
    assert_int_equal(out.len, 7);
    assert_int_equal(pic_blobs_read(&r->blobs, r->hash, 0, SIZE, &out), PIC_ELIMIT);
    pic_buf_release(&out);
}

static void files_are_taken_in(void **state)
{
    struct room *r = *state;
    char path[80];
    uint8_t hash[PIC_HASH_SIZE];
    uint8_t again[PIC_HASH_SIZE];
    uint64_t size = 0;
    const size_t sizes[] = {0, 1, SIZE, 1 << 16, LARGE};
    (void)snprintf(path, sizeof path, "%s/source", r->folder);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(r->bytes, 1, sizes[i], f), sizes[i]);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(pic_blobs_take(&r->blobs, path, hash, &size), PIC_OK);
        assert_int_equal(size, sizes[i]);
        assert_int_equal(pic_blobs_verify(&r->blobs, hash), PIC_OK);
        assert_int_equal(pic_blobs_take_bytes(&r->blobs, pic_span_of(r->bytes, sizes[i]), again),
                         PIC_OK);
        assert_memory_equal(hash, again, PIC_HASH_SIZE);
    }
    r->blobs.size_max = LARGE - 1;
    assert_int_equal(pic_blobs_take(&r->blobs, path, hash, &size), PIC_ELIMIT);
    assert_int_equal(pic_blobs_take(&r->blobs, "/nowhere/at/all", hash, &size), PIC_EFILE);
    assert_int_equal(pic_blobs_take(&r->blobs, r->folder, hash, &size), PIC_EFILE);
    (void)snprintf(path, sizeof path, "%s/pipe", r->folder);
    assert_int_equal(mkfifo(path, S_IRWXU), 0);
    assert_int_equal(pic_blobs_take(&r->blobs, path, hash, &size), PIC_EFILE);
}

static void a_wrong_part_does_not_stop_a_right_file(void **state)
{
    struct room *r = *state;
    uint64_t held;
    bool complete;
    uint8_t hash[PIC_HASH_SIZE];
    assert_int_equal(
        pic_blobs_put(&r->blobs, r->hash, SIZE, 0, pic_span_of(r->bytes + 1, 50), &held, &complete),
        PIC_OK);
    assert_int_equal(pic_blobs_take_bytes(&r->blobs, pic_span_of(r->bytes, SIZE), hash), PIC_OK);
    assert_whole(r);
}

struct writer {
    struct room *room;
    uint64_t seed;
    bool failed;
};

static void *write_pieces(void *argument)
{
    struct writer *w = argument;
    struct room *r = w->room;
    struct generator g = generator_from(w->seed);
    uint8_t hash[PIC_HASH_SIZE];
    uint64_t held = 0;
    bool complete = false;
    pic_hash(pic_span_of(r->bytes, LARGE), hash);
    while (!complete && !w->failed) {
        size_t n = 1 + generator_below(&g, 5000);
        n = n < LARGE - held ? n : (size_t)(LARGE - held);
        w->failed = pic_blobs_put(&r->blobs, hash, LARGE, held, pic_span_of(r->bytes + held, n),
                                  &held, &complete) != PIC_OK;
    }
    return NULL;
}

static void two_writers_of_one_blob_agree(void **state)
{
    struct room *r = *state;
    struct writer writers[4];
    pthread_t threads[4];
    uint8_t hash[PIC_HASH_SIZE];
    for (size_t i = 0; i < 4; i++) {
        writers[i] = (struct writer){r, i, false};
        assert_int_equal(pthread_create(&threads[i], NULL, write_pieces, &writers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(writers[i].failed);
    }
    pic_hash(pic_span_of(r->bytes, LARGE), hash);
    assert_int_equal(pic_blobs_verify(&r->blobs, hash), PIC_OK);
}

/* A child adds pieces until it is killed; the next goes on. The blob gets done, and right. */
static void a_killed_writer_loses_nothing(void **state)
{
    struct room *r = *state;
    uint8_t hash[PIC_HASH_SIZE];
    uint64_t held = 0;
    bool complete = false;
    struct generator g = generator_from(2);
    pic_hash(pic_span_of(r->bytes, LARGE), hash);
    for (unsigned i = 0; i < KILLS && !complete; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct writer w = {r, i, false};
            (void)write_pieces(&w);
            _exit(w.failed ? 1 : 0);
        }
        assert_int_equal(usleep(100 + generator_below(&g, 2000)), 0);
        assert_int_equal(kill(child, SIGKILL), 0);
        int code;
        assert_int_equal(waitpid(child, &code, 0), child);
        assert_true(WIFSIGNALED(code) || WEXITSTATUS(code) == 0);
        uint64_t before = held;
        assert_int_equal(pic_blobs_held(&r->blobs, hash, &held, &complete), PIC_OK);
        assert_true(held >= before && held <= LARGE);
    }
    while (!complete)
        assert_int_equal(pic_blobs_put(&r->blobs, hash, LARGE, held,
                                       pic_span_of(r->bytes + held, (size_t)(LARGE - held)), &held,
                                       &complete),
                         PIC_OK);
    assert_int_equal(pic_blobs_verify(&r->blobs, hash), PIC_OK);
}

static void a_full_disk_is_said_and_survived(void **state)
{
    struct room *r = *state;
    char folder[80];
    struct pic_blobs small;
    (void)snprintf(folder, sizeof folder, "%s/small", r->folder);
    assert_int_equal(mkdir(folder, S_IRWXU), 0);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=128k") != 0) {
        print_message("mounting a small disk needs root: %s\n", strerror(errno));
        skip();
    }
    uint8_t hash[PIC_HASH_SIZE];
    uint64_t held = 0;
    bool complete = false;
    struct pic_span bytes = pic_span_of(r->bytes, LARGE);
    pic_hash(bytes, hash);
    int init = pic_blobs_init(&small, folder);
    int full = pic_blobs_put(&small, hash, LARGE, 0, bytes, &held, &complete);
    uint64_t kept = held;
    int larger = mount("tmpfs", folder, "tmpfs", MS_REMOUNT, "size=1m");
    int rest = pic_blobs_put(&small, hash, LARGE, held, pic_span_of(bytes.p + held, LARGE - held),
                             &held, &complete);
    int right = pic_blobs_verify(&small, hash);
    assert_int_equal(umount(folder), 0);
    assert_int_equal(init, PIC_OK);
    assert_int_equal(full, PIC_EDISK_FULL);
    assert_true(kept > 0 && kept < LARGE);
    assert_int_equal(larger, 0);
    assert_int_equal(rest, PIC_OK);
    assert_true(complete);
    assert_int_equal(right, PIC_OK);
}

static void folders_and_files_are_private(void **state)
{
    struct room *r = *state;
    char path[256];
    struct stat info;
    uint64_t held;
    bool complete;
    struct pic_blobs inner;
    assert_int_equal(put(r, 0, SIZE, &held, &complete), PIC_OK);
    path_of(r, r->hash, "", path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & (S_IRWXG | S_IRWXO), 0);
    (void)snprintf(path, sizeof path, "%s/inner", r->folder);
    assert_int_equal(pic_blobs_init(&inner, path), PIC_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & (S_IRWXG | S_IRWXO), 0);
    assert_int_equal(pic_blobs_init(&inner, "/dev/null"), PIC_EIO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_blob_resumes_at_every_offset),
        TEST(what_is_held_already_changes_nothing),
        TEST(without_bytes_nothing_is_made),
        TEST(a_wrong_whole_is_thrown_away),
        TEST(a_damaged_blob_is_seen),
        TEST(sizes_are_bounded),
        TEST(a_part_from_before_is_resumed),
        TEST(reading_stays_inside),
        TEST(files_are_taken_in),
        TEST(a_wrong_part_does_not_stop_a_right_file),
        TEST(two_writers_of_one_blob_agree),
        TEST(a_killed_writer_loses_nothing),
        TEST(a_full_disk_is_said_and_survived),
        TEST(folders_and_files_are_private),
    };
    return pic_crypto_start() == PIC_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
