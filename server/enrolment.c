#include "server/enrolment.h"

#include <stdio.h>
#include <string.h>

#include "server/own_log.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static struct pic_op op_int(const char *column, enum pic_kind kind, uint64_t value)
{
    const struct pic_field *field = pic_entity_by_column(pic_dictionary_entity(PIC_DEVICE), column);
    return (struct pic_op){.field = field->number, .value = {.kind = kind, .i = (int64_t)value}};
}

static struct pic_op op_span(const char *column, enum pic_kind kind, struct pic_span value)
{
    struct pic_op op = op_int(column, kind, 0);
    op.value.s = value;
    return op;
}

/* The certificate as a change. Nothing of it can be wrong for the state: it needs no state. */
static int write_change(struct pic_server *server, struct pic_device *device, int64_t now_ms)
{
    const struct pic_certificate *c = &device->certificate;
    const char *role = pic_role_code(c->role);
    if (role == NULL)
        return PIC_ESTORE_DAMAGED; /* an invitation bears one role, by its code */
    const struct pic_op ops[] = {
        op_int("device", PIC_KIND_INT, c->device),
        op_int("organisation", PIC_KIND_REF, c->organisation),
        op_span("role", PIC_KIND_TEXT, pic_span_text(role)),
        op_span("label", PIC_KIND_TEXT, pic_span_text(device->label)),
        op_span("signing_key", PIC_KIND_BYTES, pic_span_of(c->sign_key, PIC_KEY_SIZE)),
        op_span("transport_key", PIC_KIND_BYTES, pic_span_of(c->transport_key, PIC_KEY_SIZE)),
        op_int("certified_on", PIC_KIND_INT, (uint64_t)(now_ms / DAY_MS)),
        op_span("box_key", PIC_KIND_BYTES, pic_span_of(c->box_key, PIC_KEY_SIZE)),
    };
    struct pic_change change = {.entity = PIC_DEVICE, .op_n = sizeof ops / sizeof *ops, .ops = ops};
    const struct pic_change *one = &change;
    struct pic_own_log log;
    uint64_t position;
    int status = pic_own_log_load(server->journal, &log);
    if (status != PIC_OK)
        return status;
    pic_own_log_next(&log, now_ms, &change.dot, &change.stamp);
    change.id = device->entity = change.dot;
    status = pic_own_log_append(server->journal, &server->keys.identity, c->organisation, &one, 1,
                                &position);
    return status == PIC_OK ? pic_own_log_save(server->journal, &log) : status;
}

static int certify(struct pic_server *server, struct pic_enrolment *e,
                   const struct pic_registry_invitation *invitation)
{
    const struct pic_enrol_request *m = e->request;
    struct pic_device device = {.certificate = {.device = invitation->device,
                                                .organisation = invitation->organisation,
                                                .role = invitation->role,
                                                .time_ms = e->now_ms},
                                .program = m->program,
                                .last_seq = 0};
    struct pic_device other;
    int status = pic_registry_device_by_key(server->registry, e->transport_key, &other);
    if (status != PIC_ENOT_FOUND)
        return status == PIC_OK ? PIC_EREFUSED : status;
    memcpy(device.certificate.sign_key, m->sign_key, PIC_KEY_SIZE);
    memcpy(device.certificate.transport_key, e->transport_key, PIC_KEY_SIZE);
    memcpy(device.certificate.box_key, m->box_key, PIC_KEY_SIZE);
    if (m->label.n > 0 && m->label.n < sizeof device.label)
        memcpy(device.label, m->label.p, m->label.n);
    else if (invitation->label[0] != '\0')
        memcpy(device.label, invitation->label, sizeof device.label);
    else
        (void)snprintf(device.label, sizeof device.label, "Ordinateur %u", invitation->device);
    status = write_change(server, &device, e->now_ms);
    if (status == PIC_OK)
        status = pic_registry_device_put(server->registry, &device);
    if (status == PIC_OK)
        status =
            pic_registry_invitation_state(server->registry, m->invitation, PIC_INVITATION_USED);
    e->certificate = device.certificate;
    return status;
}

/* An invitation that was used: by this same computer, whose reply was lost, or by another. */
static int certify_again(struct pic_server *server, struct pic_enrolment *e, uint32_t number)
{
    struct pic_device device;
    int status = pic_registry_device(server->registry, number, &device);
    if (status != PIC_OK)
        return status == PIC_ENOT_FOUND ? PIC_ESTORE_DAMAGED : status;
    const struct pic_certificate *c = &device.certificate;
    bool same = memcmp(c->sign_key, e->request->sign_key, PIC_KEY_SIZE) == 0 &&
                memcmp(c->transport_key, e->transport_key, PIC_KEY_SIZE) == 0 &&
                memcmp(c->box_key, e->request->box_key, PIC_KEY_SIZE) == 0;
    e->certificate = *c;
    return same ? PIC_OK : PIC_EINVITATION_USED;
}

int pic_enrol_device(struct pic_server *server, struct pic_enrolment *e)
{
    struct pic_registry_invitation invitation;
    int status = pic_registry_invitation(server->registry, e->request->invitation, &invitation);
    if (status != PIC_OK)
        return status;
    pic_secret_wipe(&invitation.secret);
    if (invitation.state == PIC_INVITATION_USED)
        status = certify_again(server, e, invitation.device);
    else if (invitation.state == PIC_INVITATION_REVOKED)
        status = PIC_EINVITATION_REVOKED;
    else if (e->now_ms > invitation.expires_ms)
        status = PIC_EINVITATION_EXPIRED;
    else
        status = certify(server, e, &invitation);
    if (status == PIC_OK)
        pic_buf_text(e->organisation_name, invitation.organisation_name);
    return status;
}
