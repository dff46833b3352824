#include "server/store.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { BUSY_MS = 30000, CACHE_KIB = 512 };

int64_t pic_server_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int pic_server_path(const char *folder, const char *name, char out[static PIC_PATH_MAX])
{
    return snprintf(out, PIC_PATH_MAX, "%s/%s", folder, name) < PIC_PATH_MAX ? PIC_OK : PIC_ELIMIT;
}

static int open_journal(struct pic_server *s, bool read_only, struct pic_err *err)
{
    char path[PIC_PATH_MAX];
    const struct pic_db_options options = {.durability = PIC_DURABLE,
                                           .read_only = read_only,
                                           .busy_ms = BUSY_MS,
                                           .cache_kib = CACHE_KIB};
    int status = pic_server_path(s->folder, "journal.db", path);
    if (status == PIC_OK)
        status = pic_db_open(path, &options, &s->journal_db, err);
    if (status == PIC_OK && read_only)
        status = pic_db_not_newer(&s->journal_db, pic_journal_script_n, err);
    else if (status == PIC_OK)
        status = pic_db_migrate(&s->journal_db, pic_journal_scripts, pic_journal_script_n, err);
    if (status == PIC_OK)
        status = pic_journal_new(&s->journal_db, &s->journal, err);
    if (status == PIC_OK)
        status = pic_registry_new(&s->journal_db, s->journal, read_only, &s->registry, err);
    return status;
}

static int open_all(struct pic_server *s, unsigned flags, struct pic_err *err)
{
    char path[PIC_PATH_MAX];
    int status = pic_keyring_open(s->folder, &s->keys, err);
    if (status != PIC_OK)
        return status == PIC_ENOT_FOUND ? PIC_ENO_SERVER : status;
    status = open_journal(s, (flags & PIC_SERVER_READ_ONLY) != 0, err);
    if (status == PIC_OK)
        status = pic_server_path(s->folder, "documents", path);
    if (status == PIC_OK)
        status = pic_blobs_init(&s->documents, path);
    if (status == PIC_OK)
        s->documents.size_max = PIC_BLOB_MAX;
    if (status == PIC_OK)
        status =
            pic_identities_new(s->folder, (flags & PIC_SERVER_READ_ONLY) != 0, &s->identities, err);
    if (status != PIC_OK || (flags & PIC_SERVER_NO_STATE) != 0)
        return status;
    status = pic_server_path(s->folder, "state.db", path);
    if (status == PIC_OK)
        status = pic_projector_new(path, s->journal, &s->projector, err);
    if (status == PIC_OK)
        status = pic_projector_catch_up(s->projector, NULL, NULL, err);
    return status;
}

int pic_server_open(const char *folder, unsigned flags, struct pic_server *out, struct pic_err *err)
{
    struct pic_err local = {0};
    err = err == NULL ? &local : err;
    memset(out, 0, sizeof *out);
    if (strlen(folder) > PIC_FOLDER_MAX)
        return pic_fail(err, PIC_ELIMIT, folder, NULL);
    memcpy(out->folder, folder, strlen(folder) + 1);
    int status = open_all(out, flags, err);
    if (status == PIC_OK)
        return PIC_OK;
    pic_server_close(out);
    return err->status == status ? status : pic_fail(err, status, folder, NULL);
}

void pic_server_close(struct pic_server *server)
{
    pic_projector_free(server->projector);
    pic_identities_free(server->identities);
    pic_registry_free(server->registry);
    pic_journal_free(server->journal);
    pic_db_close(&server->journal_db);
    pic_keyring_release(&server->keys);
    memset(server, 0, sizeof *server);
}
