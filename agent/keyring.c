#include "agent/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/base/text.h"
#include "protocol/crypto/vault.h"

enum {
    KEYS_VERSION = 1,
    PATH_SIZE = 640,
    FILE_MODE = 0600,
    WORDS_MIN = 4,
    LENGTH_MIN = 20,
    PASSPHRASE_MAX = 4096,
};

void pic_keys_new(struct pic_keys *keys, const struct pic_random *random)
{
    memset(keys, 0, sizeof *keys);
    pic_memory_lock(keys, sizeof *keys);
    pic_signer_new(&keys->sign, random);
    pic_dh_new(&keys->transport, random);
    pic_dh_new(&keys->box, random);
}

void pic_keys_wipe(struct pic_keys *keys)
{
    pic_memory_unlock(keys, sizeof *keys);
}

/* --- passphrase --- */

static size_t words_in(struct pic_span s)
{
    size_t n = 0;
    bool inside = false;
    for (size_t i = 0; i < s.n; i++) {
        bool space = s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '-';
        n += !space && !inside;
        inside = !space;
    }
    return n;
}

int pic_passphrase_check(char *typed, struct pic_buf *out, struct pic_err *err)
{
    int status = pic_text_clean(pic_span_text(typed), out);
    pic_wipe(typed, strlen(typed));
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    struct pic_span s = pic_buf_view(out);
    if (words_in(s) < WORDS_MIN && pic_text_length(s) < LENGTH_MIN)
        return pic_fail(err, PIC_EPASSPHRASE_WEAK, NULL);
    return PIC_OK;
}

/* --- form --- */

void pic_keys_buf(struct pic_buf *out)
{
    pic_buf_init(out, PIC_KEYS_SIZE);
    /* Once and for all, so that growing leaves no copy behind. */
    pic_memory_lock(pic_buf_room(out, PIC_KEYS_SIZE), PIC_KEYS_SIZE);
}

void pic_keys_put(const struct pic_keys *keys, struct pic_buf *out)
{
    pic_buf_u8(out, KEYS_VERSION);
    pic_buf_bytes(out, keys->sign.seed.bytes, PIC_KEY_SIZE);
    pic_buf_bytes(out, keys->transport.secret.bytes, PIC_KEY_SIZE);
    pic_buf_bytes(out, keys->box.secret.bytes, PIC_KEY_SIZE);
    pic_buf_bytes(out, keys->code.text, PIC_CODE_LENGTH);
}

int pic_keys_get(struct pic_span bytes, struct pic_keys *out)
{
    struct pic_cursor c = pic_cursor_of(bytes.p, bytes.n);
    memset(out, 0, sizeof *out);
    pic_memory_lock(out, sizeof *out);
    uint8_t version = pic_cursor_u8(&c);
    pic_cursor_copy(&c, out->sign.seed.bytes, PIC_KEY_SIZE);
    pic_cursor_copy(&c, out->transport.secret.bytes, PIC_KEY_SIZE);
    pic_cursor_copy(&c, out->box.secret.bytes, PIC_KEY_SIZE);
    pic_cursor_copy(&c, out->code.text, PIC_CODE_LENGTH);
    int status = pic_cursor_end(&c);
    if (status == PIC_OK && version != KEYS_VERSION)
        status = PIC_EVERSION;
    if (status != PIC_OK) {
        pic_keys_wipe(out);
        return status;
    }
    pic_signer_from_seed(&out->sign);
    pic_dh_from_secret(&out->transport);
    pic_dh_from_secret(&out->box);
    return PIC_OK;
}

/* --- files --- */

/* What a file that was replaced held is overwritten: the old passphrase must not go on opening it.
 * Best effort: a disk may keep copies that no program reaches. */
static void overwrite(int file)
{
    static const uint8_t nothing[PIC_KEYS_SIZE + PIC_VAULT_OVERHEAD];
    if (file < 0)
        return;
    if (pwrite(file, nothing, sizeof nothing, 0) == (ssize_t)sizeof nothing)
        (void)fsync(file);
    (void)close(file);
}

/* Makes a rename durable: without it a power cut could bring the old file back. */
static int sync_folder_of(const char *path)
{
    char folder[PATH_SIZE];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = '\0';
    int fd = open(slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return PIC_EIO;
    int status = fsync(fd) == 0 ? PIC_OK : PIC_EIO;
    (void)close(fd);
    return status;
}

/* Writes a whole file that is the user's alone, so that after a power cut it is the old or the new.
 */
static int write_file(const char *path, struct pic_span bytes)
{
    char draft[PATH_SIZE];
    int n = snprintf(draft, sizeof draft, "%s.nouveau", path);
    if (n < 0 || (size_t)n >= sizeof draft)
        return PIC_ELIMIT;
    int file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (file < 0)
        return errno == ENOSPC ? PIC_EDISK_FULL : PIC_EIO;
    bool written = write(file, bytes.p, bytes.n) == (ssize_t)bytes.n && fsync(file) == 0;
    int why = errno;
    bool closed = close(file) == 0;
    int before = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (written && closed && rename(draft, path) == 0 && sync_folder_of(path) == PIC_OK) {
        overwrite(before);
        return PIC_OK;
    }
    if (before >= 0)
        (void)close(before);
    (void)unlink(draft);
    return !written && why == ENOSPC ? PIC_EDISK_FULL : PIC_EIO;
}

static int read_file(int file, struct pic_buf *out)
{
    uint8_t block[PIC_KEYS_SIZE];
    ssize_t n = 1;
    while (n > 0) {
        n = read(file, block, sizeof block);
        if (n > 0)
            pic_buf_bytes(out, block, (size_t)n);
    }
    pic_wipe(block, sizeof block);
    return n < 0 ? PIC_EIO : pic_buf_status(out);
}

static int keys_path(const char *folder, char out[static PATH_SIZE])
{
    int n = snprintf(out, PATH_SIZE, "%s/cles.pic", folder);
    return n > 0 && n < PATH_SIZE - (int)sizeof ".nouveau" ? PIC_OK : PIC_ELIMIT;
}

int pic_keys_save(const struct pic_keys *keys, const char *folder, struct pic_span passphrase,
                  uint32_t passes, const struct pic_random *random, struct pic_err *err)
{
    struct pic_buf plain;
    struct pic_buf vault;
    char path[PATH_SIZE];
    pic_keys_buf(&plain);
    pic_buf_init(&vault, PIC_KEYS_SIZE + PIC_VAULT_OVERHEAD);
    pic_keys_put(keys, &plain);
    int status = keys_path(folder, path);
    if (status == PIC_OK)
        status = pic_vault_seal(pic_buf_view(&plain), passphrase, passes, random, &vault);
    if (status == PIC_OK)
        status = write_file(path, pic_buf_view(&vault));
    pic_buf_wipe(&plain);
    pic_buf_release(&vault);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, "cles.pic", NULL);
}

int pic_keys_destroy(const char *folder)
{
    char path[PATH_SIZE];
    int status = keys_path(folder, path);
    if (status != PIC_OK)
        return status;
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return errno == ENOENT ? PIC_OK : PIC_EIO;
    overwrite(file);
    return unlink(path) == 0 ? sync_folder_of(path) : PIC_EIO;
}

int pic_keys_load(struct pic_keys *keys, const char *folder, struct pic_span passphrase,
                  struct pic_err *err)
{
    struct pic_buf plain;
    struct pic_buf vault;
    char path[PATH_SIZE];
    memset(keys, 0, sizeof *keys);
    pic_keys_buf(&plain);
    pic_buf_init(&vault, PIC_KEYS_SIZE + PIC_VAULT_OVERHEAD);
    int status = keys_path(folder, path);
    int file = status == PIC_OK ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (status == PIC_OK && file < 0)
        status = PIC_EFILE;
    if (status == PIC_OK)
        status = read_file(file, &vault);
    if (file >= 0)
        (void)close(file);
    if (status == PIC_OK)
        status = pic_vault_open(pic_buf_view(&vault), passphrase, &plain);
    if (status == PIC_OK)
        status = pic_keys_get(pic_buf_view(&plain), keys);
    pic_buf_wipe(&plain);
    pic_buf_release(&vault);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, "cles.pic", NULL);
}
