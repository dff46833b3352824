#include "agent/enrol.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/seal.h"
#include "schema/dictionary/number.h"

enum {
    INVITATION_MAX = PIC_INVITATION_MAX,
    BLOCK = 4096,
    MS_PER_DAY = 24 * 60 * 60 * 1000,
};

/* --- reading an invitation --- */

static int read_whole(const char *path, struct pic_buf *out)
{
    uint8_t block[BLOCK];
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return PIC_EFILE;
    size_t n = sizeof block;
    while (n == sizeof block) {
        n = fread(block, 1, sizeof block, file);
        pic_buf_bytes(out, block, n);
    }
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    if (failed)
        return PIC_EFILE;
    return out->bad ? PIC_EINVITATION : PIC_OK;
}

static int expired(int64_t expires_ms, struct pic_err *err)
{
    struct pic_buf day;
    pic_buf_init(&day, BLOCK);
    pic_date_format(expires_ms / MS_PER_DAY, PIC_STYLE_SCREEN, &day);
    int status = pic_fail(err, PIC_EINVITATION_EXPIRED, pic_buf_string(&day), NULL);
    pic_buf_release(&day);
    return status;
}

int pic_enrol_read(const char *path, int64_t now_ms, struct pic_buf *bytes,
                   struct pic_invitation *out, struct pic_err *err)
{
    pic_buf_clear(bytes);
    int status = read_whole(path, bytes);
    if (status == PIC_EFILE)
        return pic_fail(err, status, path, strerror(errno), NULL);
    if (status == PIC_OK)
        status = pic_invitation_read(pic_buf_view(bytes), out);
    if (status == PIC_EVERSION)
        return pic_fail(err, status, path, NULL);
    if (status != PIC_OK)
        return pic_fail(err, PIC_EINVITATION, path, NULL);
    return now_ms > out->expires_ms ? expired(out->expires_ms, err) : PIC_OK;
}

/* --- becoming a device --- */

static int copy_text(char *out, size_t size, struct pic_span text)
{
    if (text.n >= size)
        return PIC_ELIMIT;
    if (text.n > 0)
        memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    return PIC_OK;
}

static int copy_urls(struct pic_agent_self *self, const struct pic_invitation *invitation)
{
    struct pic_buf urls;
    pic_buf_init(&urls, sizeof self->urls - 1);
    for (unsigned i = 0; i < invitation->address_n; i++) {
        pic_buf_bytes(&urls, invitation->addresses[i].p, invitation->addresses[i].n);
        pic_buf_text(&urls, "\n");
    }
    int status = pic_buf_status(&urls);
    if (status == PIC_OK)
        status = copy_text(self->urls, sizeof self->urls, pic_buf_view(&urls));
    pic_buf_release(&urls);
    return status;
}

/* Takes one segment of reference data, for everybody or for this association: the server's own, and
 * what the association's other laptops had sent, whose certificates come before. */
static int take_reference(struct pic_agent *agent, const struct pic_agent_self *self,
                          struct pic_span bytes, uint8_t mark[static PIC_MARK_SIZE])
{
    struct pic_segment segment;
    uint8_t key[PIC_KEY_SIZE];
    uint64_t position = 0;
    uint64_t stamp = 0;
    int status = pic_segment_read(bytes, &segment);
    if (status == PIC_OK && segment.audience != PIC_AUDIENCE_ALL &&
        segment.audience != self->organisation)
        status = PIC_EINVITATION;
    if (status == PIC_OK)
        status = pic_agent_author_key(agent, segment.device, key);
    if (status == PIC_OK)
        status = pic_segment_verify(&segment, key);
    if (status == PIC_OK)
        status = pic_journal_append(agent->journal, &segment, &position);
    if (status == PIC_OK)
        status = pic_state_fold_segment(agent->state, agent->reader, &segment, &stamp);
    if (status == PIC_OK)
        status = pic_seal_seen(agent, stamp);
    memcpy(mark, segment.hash, PIC_MARK_SIZE);
    return status;
}

static int take_feed(struct pic_agent *agent, const struct pic_agent_self *self,
                     struct pic_feed feed)
{
    struct pic_span bytes;
    uint8_t mark[PIC_MARK_SIZE] = {0};
    uint64_t position = 0;
    int status = PIC_OK;
    while (status == PIC_OK && pic_feed_next(&feed, &position, &bytes))
        status = take_reference(agent, self, bytes, mark);
    if (status == PIC_OK)
        status = pic_journal_number_put(agent->journal, "cursor", position);
    if (status == PIC_OK)
        status =
            pic_journal_fact_put(agent->journal, "cursor_mark", pic_span_of(mark, sizeof mark));
    return status;
}

/* Everything of an enrolment but its network half, in one transaction; the keys are on disk before
 * it commits, so that a store never exists without them. */
static int found(struct pic_agent *agent, const struct pic_agent_self *self,
                 const struct pic_feed *feed, const struct pic_enrolment *who,
                 const struct pic_keys *keys, struct pic_err *err)
{
    int64_t now_ms = agent->world->now_ms(agent->world->context);
    int status = pic_agent_begin(agent, err);
    if (status != PIC_OK)
        return status;
    status = pic_agent_become(agent, self, err);
    if (status == PIC_OK && feed != NULL)
        status = take_feed(agent, self, *feed);
    if (status == PIC_OK)
        status = pic_journal_number_put(agent->journal, "founded", (uint64_t)now_ms);
    if (status == PIC_OK)
        status = pic_keys_save(keys, agent->folder, who->passphrase, who->passes,
                               &agent->world->random, err);
    if (status == PIC_OK)
        return pic_agent_commit(agent, err);
    pic_agent_rollback(agent);
    return err != NULL && err->status != PIC_OK ? status : pic_fail(err, status, NULL);
}

static int self_of(const struct pic_keys *keys, const struct pic_enrolment *who,
                   struct pic_agent_self *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out->sign_key, keys->sign.public, PIC_KEY_SIZE);
    memcpy(out->box_key, keys->box.public, PIC_KEY_SIZE);
    return copy_text(out->person, sizeof out->person, pic_span_text(who->person));
}

/* A treasurer may also do entry. */
static uint32_t roles_of(uint32_t role)
{
    return (role & PIC_ROLE_TREASURER) != 0 ? role | PIC_ROLE_ENTRY : role;
}

int pic_enrol_file(struct pic_agent *agent, const struct pic_invitation *invitation,
                   const struct pic_enrolment *who, struct pic_keys *keys, struct pic_err *err)
{
    struct pic_agent_self self;
    pic_keys_new(keys, &agent->world->random);
    keys->code = invitation->code;
    int status = self_of(keys, who, &self);
    self.device = invitation->device;
    self.organisation = invitation->organisation;
    self.role = roles_of(invitation->role);
    self.server = invitation->transport;
    memcpy(self.authority, invitation->authority, PIC_KEY_SIZE);
    if (status == PIC_OK)
        status = copy_text(self.server_name, sizeof self.server_name, invitation->server_name);
    if (status == PIC_OK)
        status = copy_text(self.organisation_name, sizeof self.organisation_name,
                           invitation->organisation_name);
    if (status == PIC_OK)
        status = copy_urls(&self, invitation);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    return found(agent, &self, &invitation->feed, who, keys, err);
}

int pic_enrol_code(struct pic_agent *agent, const struct pic_code *code,
                   const struct pic_transport *server, const char *url,
                   const struct pic_enrolment *who, struct pic_keys *keys, struct pic_err *err)
{
    struct pic_agent_self self;
    pic_keys_new(keys, &agent->world->random);
    keys->code = *code;
    int status = self_of(keys, who, &self);
    self.server = *server;
    if (status == PIC_OK)
        status = copy_text(self.urls, sizeof self.urls, pic_span_text(url));
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    return found(agent, &self, NULL, who, keys, err);
}

static bool is_zero(const uint8_t key[static PIC_KEY_SIZE])
{
    static const uint8_t none[PIC_KEY_SIZE];
    return memcmp(key, none, PIC_KEY_SIZE) == 0;
}

int pic_enrol_certified(struct pic_agent *agent, const struct pic_certificate *own,
                        const struct pic_enrol_reply *reply, struct pic_err *err)
{
    struct pic_agent_self self = agent->self;
    if (self.organisation != 0 && self.organisation != own->organisation)
        return pic_fail(err, PIC_EINVITATION, NULL);
    self.device = own->device;
    self.organisation = own->organisation;
    self.role = roles_of(own->role);
    self.enrolled = true;
    if (!is_zero(reply->authority))
        memcpy(self.authority, reply->authority, PIC_KEY_SIZE);
    int status = PIC_OK;
    if (reply->server_name.n > 0)
        status = copy_text(self.server_name, sizeof self.server_name, reply->server_name);
    if (status == PIC_OK && reply->organisation_name.n > 0)
        status = copy_text(self.organisation_name, sizeof self.organisation_name,
                           reply->organisation_name);
    return status == PIC_OK ? pic_agent_become(agent, &self, err) : pic_fail(err, status, NULL);
}
