#include "server/keyring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/file.h"

/* Every file of the keyring: magic[4] | version u8 1 | content | BLAKE2b-256 of all before. */
enum {
    MAGIC = 4,
    FILE_VERSION = 1,
    ENTRY_SIZE = PIC_KEY_SIZE + 8 + 8, /* secret | valid_from_ms u64 | valid_to_ms u64 */
    FILE_MAX = MAGIC + 1 + 1 + PIC_KEYRING_MAX * ENTRY_SIZE + PIC_HASH_SIZE,
    PATH_SIZE = 512,
};

static const char identity_name[] = "identity.key";
static const char transport_name[] = "transport.keys";
static const char authority_name[] = "authority.pub";

static int path_of(const char *folder, const char *name, char out[static PATH_SIZE],
                   struct pic_err *err)
{
    int n = snprintf(out, PATH_SIZE, "%s/%s", folder, name);
    return n < PATH_SIZE ? PIC_OK : pic_fail(err, PIC_ELIMIT, folder, NULL);
}

static int put(const char *folder, const char *name, const char *magic, struct pic_span content,
               unsigned flags, struct pic_err *err)
{
    char path[PATH_SIZE];
    uint8_t hash[PIC_HASH_SIZE];
    struct pic_buf file;
    pic_buf_init(&file, FILE_MAX);
    (void)pic_buf_room(&file, FILE_MAX); /* once, so that no copy of a secret is left behind */
    pic_buf_text(&file, magic);
    pic_buf_u8(&file, FILE_VERSION);
    pic_buf_bytes(&file, content.p, content.n);
    pic_hash(pic_buf_view(&file), hash);
    pic_buf_bytes(&file, hash, sizeof hash);
    int status = path_of(folder, name, path, err);
    if (status == PIC_OK)
        status = pic_buf_status(&file);
    if (status == PIC_OK)
        status = pic_file_put(path, pic_buf_view(&file), flags, err);
    pic_buf_wipe(&file);
    return status;
}

/* Appends the whole file to file, and finds its content. */
static int get(const char *folder, const char *name, const char *magic, struct pic_buf *file,
               struct pic_cursor *content, struct pic_err *err)
{
    char path[PATH_SIZE];
    uint8_t hash[PIC_HASH_SIZE];
    int status = path_of(folder, name, path, err);
    if (status == PIC_OK)
        status = pic_file_get(path, file, err);
    if (status != PIC_OK)
        return status == PIC_ELIMIT ? pic_fail(err, PIC_ESTORE_DAMAGED, path, NULL) : status;
    if (file->len < MAGIC + 1 + PIC_HASH_SIZE || memcmp(file->data, magic, MAGIC) != 0)
        return pic_fail(err, PIC_ESTORE_DAMAGED, path, NULL);
    size_t body = file->len - PIC_HASH_SIZE;
    pic_hash(pic_span_of(file->data, body), hash);
    if (memcmp(hash, file->data + body, sizeof hash) != 0)
        return pic_fail(err, PIC_ESTORE_DAMAGED, path, NULL);
    if (file->data[MAGIC] != FILE_VERSION)
        return pic_fail(err, PIC_ESTORE_NEWER, path, NULL);
    *content = pic_cursor_of(file->data + MAGIC + 1, body - MAGIC - 1);
    return PIC_OK;
}

/* --- transport keys --- */

static void new_key(struct pic_answer_key *key, const uint8_t *identity, int64_t now_ms)
{
    pic_dh_new(&key->pair, pic_random_system());
    key->transport = (struct pic_transport){.valid_from_ms = now_ms,
                                            .valid_to_ms = now_ms + PIC_TRANSPORT_LIFE_MS};
    memcpy(key->transport.key, key->pair.public, PIC_KEY_SIZE);
    memcpy(key->transport.identity, identity, PIC_KEY_SIZE);
}

static int put_transport(const char *folder, const struct pic_keyring *keys, struct pic_err *err)
{
    struct pic_buf content;
    pic_buf_init(&content, FILE_MAX);
    (void)pic_buf_room(&content, FILE_MAX);
    pic_buf_u8(&content, (uint8_t)keys->key_n);
    for (size_t i = 0; i < keys->key_n; i++) {
        pic_buf_bytes(&content, keys->keys[i].pair.secret.bytes, PIC_KEY_SIZE);
        pic_buf_u64(&content, (uint64_t)keys->keys[i].transport.valid_from_ms);
        pic_buf_u64(&content, (uint64_t)keys->keys[i].transport.valid_to_ms);
    }
    int status = put(folder, transport_name, "PICT", pic_buf_view(&content), PIC_FILE_SECRET, err);
    pic_buf_wipe(&content);
    return status;
}

static int get_transport(const char *folder, struct pic_keyring *keys, struct pic_buf *file,
                         struct pic_err *err)
{
    struct pic_cursor c;
    int status = get(folder, transport_name, "PICT", file, &c, err);
    if (status != PIC_OK)
        return status;
    keys->key_n = pic_cursor_u8(&c);
    if (keys->key_n == 0 || keys->key_n > PIC_KEYRING_MAX)
        return pic_fail(err, PIC_ESTORE_DAMAGED, transport_name, NULL);
    for (size_t i = 0; i < keys->key_n; i++) {
        struct pic_answer_key *key = &keys->keys[i];
        pic_cursor_copy(&c, key->pair.secret.bytes, PIC_KEY_SIZE);
        pic_dh_from_secret(&key->pair);
        key->transport.valid_from_ms = (int64_t)pic_cursor_u64(&c);
        key->transport.valid_to_ms = (int64_t)pic_cursor_u64(&c);
        memcpy(key->transport.key, key->pair.public, PIC_KEY_SIZE);
        memcpy(key->transport.identity, keys->identity.public, PIC_KEY_SIZE);
    }
    return pic_cursor_end(&c) == PIC_OK ? PIC_OK
                                        : pic_fail(err, PIC_ESTORE_DAMAGED, transport_name, NULL);
}

int pic_keyring_rotate(const char *folder, struct pic_keyring *keys, int64_t now_ms, bool *rotated,
                       struct pic_err *err)
{
    struct pic_keyring next = *keys;
    size_t kept = 0;
    bool due = now_ms >= keys->keys[0].transport.valid_to_ms;
    *rotated = false;
    if (due) {
        new_key(&next.keys[0], keys->identity.public, now_ms);
        kept = 1;
    }
    for (size_t i = 0; i < keys->key_n && kept < PIC_KEYRING_MAX; i++)
        if ((i == 0 && !due) ||
            now_ms < keys->keys[i].transport.valid_to_ms + PIC_TRANSPORT_GRACE_MS)
            next.keys[kept++] = keys->keys[i];
    next.key_n = kept;
    bool changed = due || kept < keys->key_n;
    int status = changed ? put_transport(folder, &next, err) : PIC_OK;
    if (status == PIC_OK && changed) {
        *keys = next;
        for (size_t i = kept; i < PIC_KEYRING_MAX; i++)
            pic_wipe(&keys->keys[i], sizeof keys->keys[i]);
        *rotated = true;
    }
    pic_keyring_release(&next);
    return status;
}

/* --- all of it --- */

int pic_keyring_create(const char *folder, const uint8_t authority[static PIC_KEY_SIZE],
                       int64_t now_ms, struct pic_err *err)
{
    struct pic_keyring keys = {.key_n = 1};
    pic_signer_new(&keys.identity, pic_random_system());
    new_key(&keys.keys[0], keys.identity.public, now_ms);
    int status =
        put(folder, identity_name, "PICI", pic_span_of(keys.identity.seed.bytes, PIC_KEY_SIZE),
            PIC_FILE_SECRET | PIC_FILE_NEW, err);
    if (status == PIC_OK)
        status = put_transport(folder, &keys, err);
    if (status == PIC_OK)
        status = put(folder, authority_name, "PICA", pic_span_of(authority, PIC_KEY_SIZE), 0, err);
    pic_keyring_release(&keys);
    return status;
}

static int get_key(const char *folder, const char *name, const char *magic, struct pic_buf *file,
                   uint8_t out[static PIC_KEY_SIZE], struct pic_err *err)
{
    struct pic_cursor c;
    int status = get(folder, name, magic, file, &c, err);
    if (status != PIC_OK)
        return status;
    pic_cursor_copy(&c, out, PIC_KEY_SIZE);
    return pic_cursor_end(&c) == PIC_OK ? PIC_OK : pic_fail(err, PIC_ESTORE_DAMAGED, name, NULL);
}

static const char *identity_folder(const char *folder)
{
    char path[PATH_SIZE];
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets it
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    bool here = path_of(folder, identity_name, path, NULL) == PIC_OK && access(path, F_OK) == 0;
    if (here || credentials == NULL || path_of(credentials, identity_name, path, NULL) != PIC_OK)
        return folder;
    return access(path, F_OK) == 0 ? credentials : folder;
}

int pic_keyring_identity_path(const char *folder, char out[static PIC_KEYRING_PATH_MAX])
{
    return path_of(identity_folder(folder), identity_name, out, NULL);
}

int pic_keyring_open(const char *folder, struct pic_keyring *out, struct pic_err *err)
{
    struct pic_buf files[3];
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < 3; i++)
        pic_buf_init(&files[i], FILE_MAX);
    int status = get_key(identity_folder(folder), identity_name, "PICI", &files[0],
                         out->identity.seed.bytes, err);
    if (status == PIC_OK) {
        pic_signer_from_seed(&out->identity);
        status = get_key(folder, authority_name, "PICA", &files[1], out->authority, err);
    }
    if (status == PIC_OK)
        status = get_transport(folder, out, &files[2], err);
    for (size_t i = 0; i < 3; i++)
        pic_buf_wipe(&files[i]);
    if (status != PIC_OK)
        pic_keyring_release(out);
    return status;
}

void pic_keyring_release(struct pic_keyring *keys)
{
    pic_wipe(keys, sizeof *keys);
}
