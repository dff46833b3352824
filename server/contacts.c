#include "server/contacts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "server/file.h"

/* The file: "PICC" | version u8 1 | count varint | contacts | BLAKE2b-256 of all before. */
enum { MAGIC = 4, FILE_VERSION = 1, CONTACT_MAX = 48, FIRST = 64 };

struct pic_contacts {
    pthread_mutex_t lock;
    struct pic_contact *sorted; /* by device */
    size_t n, cap;
    bool changed;
};

int pic_contacts_new(struct pic_contacts **out)
{
    struct pic_contacts *c = calloc(1, sizeof *c);
    if (c == NULL)
        return PIC_EMEMORY;
    (void)pthread_mutex_init(&c->lock, NULL);
    *out = c;
    return PIC_OK;
}

void pic_contacts_free(struct pic_contacts *c)
{
    if (c == NULL)
        return;
    (void)pthread_mutex_destroy(&c->lock);
    free(c->sorted);
    free(c);
}

/* Place of a device, or where it would go. */
static size_t place(const struct pic_contacts *c, uint32_t device)
{
    size_t low = 0;
    size_t high = c->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->sorted[middle].device < device)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool grow(struct pic_contacts *c)
{
    if (c->n < c->cap)
        return true;
    size_t cap = c->cap == 0 ? FIRST : c->cap * 2;
    struct pic_contact *grown = realloc(c->sorted, cap * sizeof *grown);
    if (grown == NULL)
        return false;
    c->sorted = grown;
    c->cap = cap;
    return true;
}

static void put(struct pic_contacts *c, const struct pic_contact *contact)
{
    size_t at = place(c, contact->device);
    if (at == c->n || c->sorted[at].device != contact->device) {
        if (!grow(c))
            return; /* it will be heard again */
        memmove(c->sorted + at + 1, c->sorted + at, (c->n - at) * sizeof *c->sorted);
        c->n++;
    }
    c->sorted[at] = *contact;
    c->changed = true;
}

void pic_contacts_put(struct pic_contacts *c, const struct pic_contact *contact)
{
    (void)pthread_mutex_lock(&c->lock);
    put(c, contact);
    (void)pthread_mutex_unlock(&c->lock);
}

bool pic_contacts_get(struct pic_contacts *c, uint32_t device, struct pic_contact *out)
{
    (void)pthread_mutex_lock(&c->lock);
    size_t at = place(c, device);
    bool found = at < c->n && c->sorted[at].device == device;
    if (found)
        *out = c->sorted[at];
    (void)pthread_mutex_unlock(&c->lock);
    return found;
}

/* --- the file --- */

static void write_all(struct pic_contacts *c, struct pic_buf *out)
{
    uint8_t hash[PIC_HASH_SIZE];
    pic_buf_text(out, "PICC");
    pic_buf_u8(out, FILE_VERSION);
    pic_buf_varint(out, c->n);
    for (size_t i = 0; i < c->n; i++) {
        const struct pic_contact *k = &c->sorted[i];
        pic_buf_varint(out, k->device);
        pic_buf_varint(out, (uint64_t)k->time_ms);
        pic_buf_varint(out, k->pending_changes);
        pic_buf_varint(out, k->pending_documents);
        pic_buf_varint(out, k->program);
        pic_buf_varint(out, k->dictionary);
        pic_buf_u8(out, k->disk);
        pic_buf_zigzag(out, k->clock_minutes);
    }
    pic_hash(pic_buf_view(out), hash);
    pic_buf_bytes(out, hash, sizeof hash);
}

int pic_contacts_save(struct pic_contacts *c, const char *path, struct pic_err *err)
{
    struct pic_buf out;
    (void)pthread_mutex_lock(&c->lock);
    bool changed = c->changed;
    pic_buf_init(&out, FIRST + c->n * CONTACT_MAX + PIC_HASH_SIZE);
    if (changed)
        write_all(c, &out);
    c->changed = false;
    (void)pthread_mutex_unlock(&c->lock);
    int status = changed ? pic_buf_status(&out) : PIC_OK;
    if (status == PIC_OK && changed)
        status = pic_file_put(path, pic_buf_view(&out), 0, err);
    pic_buf_release(&out);
    return status;
}

static void read_all(struct pic_contacts *c, struct pic_cursor *in)
{
    uint64_t n = pic_cursor_varint(in);
    for (uint64_t i = 0; i < n && !in->bad; i++) {
        struct pic_contact k;
        k.device = (uint32_t)pic_cursor_varint_max(in, PIC_DEVICE_MAX);
        k.time_ms = (int64_t)pic_cursor_varint_max(in, INT64_MAX);
        k.pending_changes = (uint32_t)pic_cursor_varint_max(in, UINT32_MAX);
        k.pending_documents = (uint32_t)pic_cursor_varint_max(in, UINT32_MAX);
        k.program = (uint32_t)pic_cursor_varint_max(in, UINT32_MAX);
        k.dictionary = (uint16_t)pic_cursor_varint_max(in, UINT16_MAX);
        k.disk = pic_cursor_u8(in);
        k.clock_minutes = (int32_t)pic_cursor_zigzag(in);
        if (!in->bad)
            put(c, &k);
    }
}

int pic_contacts_load(struct pic_contacts *c, const char *path)
{
    struct pic_buf file;
    uint8_t hash[PIC_HASH_SIZE];
    pic_buf_init(&file, FIRST + (size_t)PIC_DEVICE_MAX * CONTACT_MAX);
    int status = pic_file_get(path, &file, NULL);
    bool good = status == PIC_OK && file.len > MAGIC + 1 + PIC_HASH_SIZE &&
                memcmp(file.data, "PICC", MAGIC) == 0 && file.data[MAGIC] == FILE_VERSION;
    if (good) {
        size_t body = file.len - PIC_HASH_SIZE;
        pic_hash(pic_span_of(file.data, body), hash);
        struct pic_cursor in = pic_cursor_of(file.data + MAGIC + 1, body - MAGIC - 1);
        (void)pthread_mutex_lock(&c->lock);
        if (memcmp(hash, file.data + body, sizeof hash) == 0)
            read_all(c, &in);
        c->changed = false;
        (void)pthread_mutex_unlock(&c->lock);
    }
    pic_buf_release(&file);
    return status == PIC_EMEMORY ? status : PIC_OK;
}
