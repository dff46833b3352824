#include "agent/self.h"

#include <string.h>

enum { SELF_VERSION = 1 };

void pic_self_put(const struct pic_agent_self *self, struct pic_buf *out)
{
    pic_buf_u8(out, SELF_VERSION);
    pic_buf_varint(out, self->device);
    pic_buf_varint(out, self->organisation);
    pic_buf_varint(out, self->role);
    pic_buf_u8(out, self->enrolled);
    pic_buf_bytes(out, self->server.key, PIC_KEY_SIZE);
    pic_buf_zigzag(out, self->server.valid_from_ms);
    pic_buf_zigzag(out, self->server.valid_to_ms);
    pic_buf_bytes(out, self->server.identity, PIC_KEY_SIZE);
    pic_buf_bytes(out, self->authority, PIC_KEY_SIZE);
    pic_buf_bytes(out, self->box_key, PIC_KEY_SIZE);
    pic_buf_bytes(out, self->sign_key, PIC_KEY_SIZE);
    pic_buf_span(out, pic_span_text(self->server_name));
    pic_buf_span(out, pic_span_text(self->organisation_name));
    pic_buf_span(out, pic_span_text(self->person));
    pic_buf_span(out, pic_span_text(self->urls));
}

static void get_text(struct pic_cursor *c, char *out, size_t size)
{
    struct pic_span s = pic_cursor_span(c, size - 1);
    if (s.n > 0)
        memcpy(out, s.p, s.n);
    out[s.n] = '\0';
}

int pic_self_get(struct pic_span bytes, struct pic_agent_self *out)
{
    struct pic_cursor c = pic_cursor_of(bytes.p, bytes.n);
    memset(out, 0, sizeof *out);
    uint8_t version = pic_cursor_u8(&c);
    out->device = (uint32_t)pic_cursor_varint_max(&c, PIC_DEVICE_MAX);
    out->organisation = pic_cursor_varint(&c);
    out->role = (uint32_t)pic_cursor_varint_max(&c, PIC_ROLE_MAX);
    out->enrolled = pic_cursor_u8(&c) != 0;
    pic_cursor_copy(&c, out->server.key, PIC_KEY_SIZE);
    out->server.valid_from_ms = pic_cursor_zigzag(&c);
    out->server.valid_to_ms = pic_cursor_zigzag(&c);
    pic_cursor_copy(&c, out->server.identity, PIC_KEY_SIZE);
    pic_cursor_copy(&c, out->authority, PIC_KEY_SIZE);
    pic_cursor_copy(&c, out->box_key, PIC_KEY_SIZE);
    pic_cursor_copy(&c, out->sign_key, PIC_KEY_SIZE);
    get_text(&c, out->server_name, sizeof out->server_name);
    get_text(&c, out->organisation_name, sizeof out->organisation_name);
    get_text(&c, out->person, sizeof out->person);
    get_text(&c, out->urls, sizeof out->urls);
    if (version != SELF_VERSION)
        return PIC_ESTORE_NEWER;
    return pic_cursor_end(&c) == PIC_OK ? PIC_OK : PIC_ESTORE_DAMAGED;
}
