#include "server/authority_file.h"

#include <errno.h>
#include <string.h>

#include "protocol/base/text.h"
#include "server/file.h"

enum { TEXT_FILE_MAX = 4096, KEY_GROUP = 4 };

static const char secret_line[] = "secrète  : ";
static const char public_line[] = "publique : ";

int pic_authority_write(const char *path, const struct pic_dh_pair *pair, struct pic_err *err)
{
    struct pic_buf text;
    pic_buf_init(&text, TEXT_FILE_MAX);
    (void)pic_buf_room(&text, TEXT_FILE_MAX); /* once, so that no copy of the secret stays behind */
    pic_buf_printf(&text,
                   "PIC hors ligne : clé de l'autorité de contrôle.\n"
                   "À garder hors ligne, en deux exemplaires, loin du serveur.\n%s",
                   secret_line);
    pic_text_base32(pic_span_of(pair->secret.bytes, PIC_KEY_SIZE), KEY_GROUP, &text);
    pic_buf_printf(&text, "\n%s", public_line);
    pic_text_base32(pic_span_of(pair->public, PIC_KEY_SIZE), KEY_GROUP, &text);
    pic_buf_text(&text, "\n");
    int status = pic_buf_status(&text);
    if (status == PIC_OK)
        status = pic_file_put(path, pic_buf_view(&text), PIC_FILE_SECRET | PIC_FILE_NEW, err);
    pic_buf_wipe(&text);
    return status;
}

/* The key that stands on the line that begins so. */
static int read_line(const char *path, const char *begins, uint8_t out[static PIC_KEY_SIZE],
                     struct pic_err *err)
{
    struct pic_buf text;
    struct pic_buf key;
    pic_buf_init(&text, TEXT_FILE_MAX);
    (void)pic_buf_room(&text, TEXT_FILE_MAX);
    pic_buf_init(&key, PIC_KEY_SIZE);
    int status = pic_file_get(path, &text, err);
    if (status == PIC_ENOT_FOUND)
        status = pic_fail(err, PIC_EFILE, path, strerror(ENOENT), NULL);
    if (status == PIC_OK) {
        char *line = strstr(pic_buf_string(&text), begins);
        status = PIC_EFORMAT;
        if (line != NULL) {
            line += strlen(begins);
            line[strcspn(line, "\r\n")] = '\0';
            status = pic_text_unbase32(line, PIC_KEY_SIZE, &key);
        }
        if (status == PIC_OK)
            memcpy(out, key.data, PIC_KEY_SIZE);
        else
            status = pic_fail(err, PIC_EFORMAT, path, NULL);
    }
    pic_buf_wipe(&text);
    pic_buf_wipe(&key);
    return status;
}

int pic_authority_read_public(const char *path, uint8_t out[static PIC_KEY_SIZE],
                              struct pic_err *err)
{
    return read_line(path, public_line, out, err);
}

int pic_authority_read(const char *path, struct pic_dh_pair *out, struct pic_err *err)
{
    pic_memory_lock(out, sizeof *out);
    int status = read_line(path, secret_line, out->secret.bytes, err);
    if (status == PIC_OK)
        pic_dh_from_secret(out);
    return status;
}
