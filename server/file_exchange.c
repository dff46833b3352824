#include "server/file_exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server/exchange_store.h"

/* Answers wait in courrier/ as HEXID-STEM.picr; once given, as HEXID-STEM.donne.picr. */
static const char given_mark[] = ".donne";

enum {
    HEX_ID = 2 * PIC_PARCEL_ID_SIZE,
    MS_PER_S = 1000,
    PATH_ROOM = PIC_PARCEL_PATH_MAX + 16,
};

struct desk {
    struct pic_server *server;
    struct pic_exchange_store store;
    struct pic_answer_scratch scratch;
    struct pic_answer answer;
    struct pic_buf name, reply;
    char spool[PIC_PATH_MAX];
    uint8_t tag[PIC_PARCEL_ID_SIZE]; /* of this server */
    void (*answered)(void *context, const struct pic_file_answered *what);
    void (*given)(void *context, const char *path, uint64_t bytes);
    void *context;
    const char *folder;
    struct pic_err *err;
};

static int open_desk(struct desk *d, struct pic_server *server, const char *folder,
                     struct pic_err *err)
{
    memset(d, 0, sizeof *d);
    d->server = server;
    d->folder = folder;
    d->err = err;
    pic_buf_init(&d->name, PIC_NAME_MAX);
    pic_buf_init(&d->reply, PIC_FRAME_MAX);
    pic_parcel_server(server->keys.identity.public, d->tag);
    int status = pic_answer_scratch_init(&d->scratch);
    if (status == PIC_OK)
        status = pic_registry_name(server->registry, &d->name);
    if (status == PIC_OK)
        status = pic_server_path(server->folder, "courrier", d->spool);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    if (mkdir(d->spool, S_IRWXU) != 0 && errno != EEXIST)
        return pic_fail(err, PIC_EFILE, d->spool, strerror(errno), NULL);
    pic_exchange_store_init(&d->store, server, NULL, NULL, d->scratch.reader);
    d->answer = (struct pic_answer){.identity = &server->keys.identity,
                                    .keys = server->keys.keys,
                                    .key_n = server->keys.key_n,
                                    .name = pic_buf_view(&d->name),
                                    .random = pic_random_system(),
                                    .store = &d->store.table};
    memcpy(d->answer.authority, server->keys.authority, PIC_KEY_SIZE);
    return PIC_OK;
}

static void close_desk(struct desk *d)
{
    pic_answer_scratch_release(&d->scratch);
    pic_buf_release(&d->name);
    pic_buf_release(&d->reply);
}

/* --- answering --- */

/* The name under which an answer waits: whose it is, then what people call it. */
static void spool_stem(const struct pic_parcel *parcel, const char *stem,
                       char out[static PIC_PARCEL_NAME_MAX + 1])
{
    for (size_t i = 0; i < PIC_PARCEL_ID_SIZE; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", parcel->id[i]);
    out[HEX_ID] = '-';
    (void)snprintf(out + HEX_ID + 1, PIC_PARCEL_NAME_MAX - HEX_ID, "%.*s",
                   PIC_PARCEL_NAME_MAX - HEX_ID - 1, stem);
}

static int answer_items(struct desk *d, struct pic_parcel_reader *in, struct pic_parcel_writer *out,
                        struct pic_file_answered *what)
{
    struct pic_span request;
    bool more = true;
    int status = PIC_OK;
    while (status == PIC_OK && more) {
        if (pic_parcel_read(in, &request, &more) != PIC_OK)
            return PIC_OK; /* cut or damaged here: what came before counts */
        if (!more)
            break;
        status = pic_answer(&d->answer, &d->scratch, pic_server_now_ms(), request, &d->reply);
        if (status == PIC_OK)
            status = pic_parcel_write(out, pic_buf_view(&d->reply), d->err);
        what->requests++;
        what->refused += d->scratch.outcome.status != PIC_REPLY_OK;
        if (d->scratch.outcome.device != 0)
            what->device = d->scratch.outcome.device;
    }
    what->whole = status == PIC_OK;
    return status;
}

static int answer_file(struct desk *d, struct pic_parcel_reader *in, const char *path,
                       struct pic_file_answered *what)
{
    struct pic_parcel_writer out = {0};
    struct pic_parcel parcel = {.kind = PIC_PARCEL_REPLIES};
    char stem[PIC_PARCEL_NAME_MAX + 1];
    if (in->parcel.kind != PIC_PARCEL_REQUESTS)
        return pic_fail(d->err, PIC_EFORMAT, path, NULL);
    if (memcmp(in->parcel.server, d->tag, sizeof d->tag) != 0)
        return pic_fail(d->err, PIC_EOTHER_SERVER, path, NULL);
    memcpy(parcel.server, d->tag, sizeof parcel.server);
    memcpy(parcel.id, in->parcel.id, sizeof parcel.id);
    int status = pic_parcel_create(&out, d->spool, &parcel, d->err);
    if (status == PIC_OK)
        status = answer_items(d, in, &out, what);
    if (status == PIC_OK) {
        spool_stem(&parcel, what->name, stem);
        status = pic_parcel_finish(&out, stem, d->err);
    }
    pic_parcel_abandon(&out);
    return status;
}

static int answer_one(void *context, const char *path)
{
    struct desk *d = context;
    struct pic_file_answered what = {0};
    struct pic_parcel_reader in;
    pic_parcel_stem(path, what.name);
    what.status = pic_parcel_load(&in, path, d->err);
    if (what.status == PIC_OK)
        what.status = answer_file(d, &in, path, &what);
    pic_parcel_close(&in);
    d->answered(d->context, &what);
    bool ours = what.status == PIC_EDISK_FULL || what.status == PIC_EIO;
    return ours ? what.status : PIC_OK; /* a file that is of no use stops none of the others */
}

int pic_file_answer_all(struct pic_server *server, const char *folder,
                        void (*one)(void *context, const struct pic_file_answered *what),
                        void *context, struct pic_err *err)
{
    struct desk d;
    int status = open_desk(&d, server, folder, err);
    d.answered = one;
    d.context = context;
    if (status == PIC_OK)
        status = pic_parcel_each(folder, PIC_PARCEL_REQUEST_SUFFIX, answer_one, &d, err);
    close_desk(&d);
    return status;
}

/* --- giving back --- */

struct wanted {
    const uint8_t *id;
    bool here;
};

static int look_for(void *context, const char *path)
{
    struct wanted *w = context;
    struct pic_parcel_reader in;
    if (pic_parcel_load(&in, path, NULL) == PIC_OK && in.parcel.kind == PIC_PARCEL_REQUESTS &&
        memcmp(in.parcel.id, w->id, PIC_PARCEL_ID_SIZE) == 0)
        w->here = true;
    pic_parcel_close(&in);
    return PIC_OK;
}

/* An answer that waits, and what its name says. */
struct waiting {
    const char *path;
    bool was_given;
    char stem[PIC_PARCEL_NAME_MAX + 1]; /* for people */
};

static struct waiting waiting_of(const char *path)
{
    struct waiting w = {.path = path};
    char stem[PIC_PARCEL_NAME_MAX + 1];
    pic_parcel_stem(path, stem);
    size_t n = strlen(stem);
    const size_t mark = sizeof given_mark - 1;
    w.was_given = n > mark && strcmp(stem + n - mark, given_mark) == 0;
    if (w.was_given)
        stem[n - mark] = '\0';
    (void)snprintf(w.stem, sizeof w.stem, "%s", strlen(stem) > HEX_ID ? stem + HEX_ID + 1 : stem);
    return w;
}

/* Under the other name it is no longer given unasked, but still to who brings its requests. */
static int mark_given(struct desk *d, const struct waiting *w)
{
    char path[PATH_ROOM];
    size_t n = strlen(w->path) - (sizeof PIC_PARCEL_REPLY_SUFFIX - 1);
    if (w->was_given)
        return PIC_OK;
    (void)snprintf(path, sizeof path, "%.*s%s%s", (int)n, w->path, given_mark,
                   PIC_PARCEL_REPLY_SUFFIX);
    return rename(w->path, path) == 0 ? PIC_OK
                                      : pic_fail(d->err, PIC_EFILE, path, strerror(errno), NULL);
}

static int copy(struct desk *d, struct pic_parcel_reader *in, const struct waiting *w)
{
    struct pic_parcel_writer out = {0};
    struct pic_span payload;
    bool more = true;
    int status = pic_parcel_create(&out, d->folder, &in->parcel, d->err);
    while (status == PIC_OK && more) {
        status = pic_parcel_read(in, &payload, &more);
        if (status == PIC_OK && more)
            status = pic_parcel_write(&out, payload, d->err);
    }
    if (status == PIC_OK)
        status = pic_parcel_finish(&out, w->stem, d->err);
    if (status == PIC_OK)
        d->given(d->context, out.path, out.bytes);
    pic_parcel_abandon(&out);
    return status == PIC_OK ? mark_given(d, w) : status;
}

static bool is_old(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return false;
    int64_t age_ms = pic_server_now_ms() - (int64_t)about.st_mtime * MS_PER_S;
    return age_ms > PIC_TRANSPORT_GRACE_MS;
}

static int give_one(void *context, const char *path)
{
    struct desk *d = context;
    const struct waiting w = waiting_of(path);
    struct pic_parcel_reader in;
    if (is_old(path)) {
        (void)unlink(path);
        return PIC_OK;
    }
    int status = pic_parcel_load(&in, path, d->err);
    struct wanted wanted = {.id = in.parcel.id};
    if (status == PIC_OK)
        status = pic_parcel_each(d->folder, PIC_PARCEL_REQUEST_SUFFIX, look_for, &wanted, d->err);
    if (status == PIC_OK && (wanted.here || !w.was_given))
        status = copy(d, &in, &w);
    pic_parcel_close(&in);
    return status;
}

int pic_file_give_all(struct pic_server *server, const char *folder,
                      void (*one)(void *context, const char *path, uint64_t bytes), void *context,
                      struct pic_err *err)
{
    struct desk d;
    int status = open_desk(&d, server, folder, err);
    d.given = one;
    d.context = context;
    if (status == PIC_OK)
        status = pic_parcel_each(d.spool, PIC_PARCEL_REPLY_SUFFIX, give_one, &d, err);
    close_desk(&d);
    return status;
}
