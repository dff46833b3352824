#include "server/backup/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/backup/archive.h"
#include "server/backup/manifest.h"
#include "server/backup/tree.h"
#include "server/file.h"
#include "server/restore.h"

struct restoring {
    const struct pic_restore_plan *plan;
    struct pic_restored *out;
    struct pic_err *err;
    char part[PIC_TREE_PATH_MAX];
    char keys[PIC_TREE_PATH_MAX];
    uint8_t identity[PIC_KEY_SIZE];
};

/* --- finding --- */

/* The keys of the moment of the data, or else the newest that there are. */
static int find_keys(struct restoring *r)
{
    char folder[PIC_TREE_PATH_MAX];
    size_t n = 0;
    struct pic_archive_name *names = NULL;
    if (r->plan->keys != NULL)
        return pic_tree_join(r->plan->keys, ".", r->keys, r->err);
    int status = pic_tree_join(r->plan->archive, "..", folder, r->err);
    if (status == PIC_OK)
        status = pic_archive_list(folder, PIC_ARCHIVE_KEYS, &names, &n, r->err);
    const char *chosen = n > 0 ? names[0].name : NULL;
    for (size_t i = 0; i < n; i++)
        if (strstr(r->plan->archive, names[i].name + strlen(PIC_ARCHIVE_KEYS)) != NULL)
            chosen = names[i].name;
    if (status == PIC_OK && chosen == NULL)
        status = pic_fail(r->err, PIC_ENOT_FOUND, PIC_ARCHIVE_KEYS, NULL);
    if (status == PIC_OK)
        status = pic_tree_join(folder, chosen, r->keys, r->err);
    free(names);
    return status;
}

/* --- copying --- */

static int copy_one(struct restoring *r, const char *archive, const struct pic_manifest_file *file)
{
    char from[PIC_TREE_PATH_MAX];
    char to[PIC_TREE_PATH_MAX];
    uint8_t hash[PIC_HASH_SIZE];
    uint64_t size;
    int status = pic_tree_join(archive, file->name, from, r->err);
    if (status == PIC_OK)
        status = pic_tree_join(r->part, file->name, to, r->err);
    if (status == PIC_OK)
        status = pic_tree_copy(from, to, hash, &size, r->err);
    if (status == PIC_OK && (size != file->size || !pic_same_bytes(hash, file->hash, sizeof hash)))
        status = pic_fail(r->err, PIC_EHASH, from, NULL);
    r->out->files++;
    r->out->bytes += file->size;
    return status;
}

/* All the files of one archive, as its manifest says. */
static int copy_all(struct restoring *r, const char *archive, enum pic_manifest_kind kind)
{
    char path[PIC_TREE_PATH_MAX];
    struct pic_buf bytes;
    struct pic_manifest m;
    struct pic_manifest_file file;
    bool done = false;
    pic_buf_init(&bytes, PIC_MANIFEST_MAX);
    int status = pic_tree_join(archive, "manifest", path, r->err);
    if (status == PIC_OK)
        status = pic_file_get(path, &bytes, r->err);
    if (status == PIC_OK) {
        status = pic_manifest_open(pic_buf_view(&bytes), &m);
        if (status == PIC_OK && m.kind != kind)
            status = PIC_EFORMAT;
        if (status != PIC_OK)
            status = pic_fail(r->err, status, path, NULL);
    }
    while (status == PIC_OK && !done) {
        status = pic_manifest_next(&m, &file, &done);
        if (status == PIC_OK && !done)
            status = copy_one(r, archive, &file);
    }
    if (status == PIC_OK && kind == PIC_MANIFEST_DATA) {
        memcpy(r->identity, m.identity, PIC_KEY_SIZE);
        r->out->time_ms = m.time_ms;
        r->out->position = m.position;
    } else if (status == PIC_OK && !pic_same_bytes(r->identity, m.identity, PIC_KEY_SIZE)) {
        status = pic_fail(r->err, PIC_ESIGNATURE, path, NULL); /* of another server */
    }
    pic_buf_release(&bytes);
    return status;
}

/* --- what a restored server is --- */

/* The keys really are those that signed the copy. */
static int check_identity(struct restoring *r)
{
    struct pic_keyring keys;
    int status = pic_keyring_open(r->part, &keys, r->err);
    if (status != PIC_OK)
        return status;
    if (!pic_same_bytes(keys.identity.public, r->identity, PIC_KEY_SIZE))
        status = pic_fail(r->err, PIC_ESIGNATURE, r->keys, NULL);
    pic_keyring_release(&keys);
    return status;
}

static int give_way(struct pic_server *server, int64_t now_ms, struct pic_err *err)
{
    int status = pic_db_begin(&server->journal_db, err);
    if (status != PIC_OK)
        return status;
    status = pic_server_restored(server, pic_random_system());
    if (status == PIC_OK)
        status = pic_journal_number_put(server->journal, PIC_RESTORED_FACT, (uint64_t)now_ms);
    if (status == PIC_OK)
        return pic_db_commit(&server->journal_db, err);
    pic_db_rollback(&server->journal_db);
    return pic_fail(err, status, NULL);
}

static int mark_restored(struct restoring *r)
{
    struct pic_server server;
    int status = pic_server_open(r->part, PIC_SERVER_NO_STATE, &server, r->err);
    if (status != PIC_OK)
        return status;
    status = give_way(&server, r->plan->now_ms, r->err);
    if (status == PIC_OK)
        status = pic_db_checkpoint(&server.journal_db, false, r->err);
    pic_server_close(&server);
    return status;
}

int pic_restore(const struct pic_restore_plan *plan, struct pic_restored *out, struct pic_err *err)
{
    struct restoring r = {.plan = plan, .out = out, .err = err};
    char name[PIC_TREE_PATH_MAX];
    memset(out, 0, sizeof *out);
    int n = snprintf(name, sizeof name, "%s.partiel-%ld", plan->into, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof r.part)
        return pic_fail(err, PIC_ELIMIT, plan->into, NULL);
    memcpy(r.part, name, sizeof r.part);
    if (access(plan->into, F_OK) == 0)
        return pic_fail(err, PIC_EEXISTS, plan->into, NULL);
    int status = find_keys(&r);
    if (status == PIC_OK)
        status = pic_tree_make(r.part, err);
    if (status == PIC_OK)
        status = copy_all(&r, plan->archive, PIC_MANIFEST_DATA);
    if (status == PIC_OK)
        status = copy_all(&r, r.keys, PIC_MANIFEST_KEYS);
    if (status == PIC_OK)
        status = check_identity(&r);
    if (status == PIC_OK)
        status = mark_restored(&r);
    if (status == PIC_OK)
        status = pic_tree_sync(r.part, err);
    if (status == PIC_OK)
        status = pic_tree_name(r.part, plan->into, err);
    if (status != PIC_OK)
        pic_tree_remove(r.part);
    return status;
}

int pic_restore_rehearse(const struct pic_restore_plan *plan,
                         const struct pic_verify_options *options, struct pic_restored *out,
                         struct pic_verify_report *report, struct pic_err *err)
{
    struct pic_server server;
    memset(report, 0, sizeof *report);
    int status = pic_restore(plan, out, err);
    if (status != PIC_OK)
        return status;
    status = pic_server_open(plan->into, 0, &server, err);
    if (status == PIC_OK) {
        pic_server_close(&server);
        status = pic_server_verify(plan->into, options, report, err);
    }
    pic_tree_remove(plan->into);
    return status;
}
