#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/commands/commands.h"
#include "agent/status.h"
#include "agent/words.h"
#include "schema/face/json.h"

enum { SAID_MAX = 1024, MS_PER_S = 1000, CLOCK_SHOWN_MS = 5 * 60 * 1000, ISO_SIZE = 32 };

static void put_iso(int64_t ms, struct pic_buf *out)
{
    char text[ISO_SIZE];
    struct tm utc;
    time_t seconds = (time_t)(ms / MS_PER_S);
    if (gmtime_r(&seconds, &utc) != NULL &&
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
        pic_buf_text(out, text);
}

static void put_json(const struct pic_status_facts *f, struct pic_buf *out)
{
    struct pic_json j;
    struct pic_buf text;
    pic_buf_init(&text, SAID_MAX);
    pic_json_init(&j, out);
    pic_json_object(&j);
    pic_json_key(&j, "etat");
    pic_json_text(&j, pic_standing_name(f->standing));
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {
        {"saisies_en_attente", f->pending.changes},
        {"octets_en_attente", f->pending.bytes},
        {"documents_en_attente", f->pending.documents},
        {"octets_documents", f->pending.document_bytes},
        {"a_corriger", f->corrections},
        {"conflits", f->conflicts},
        {"sans_effet", f->quarantined},
        {"mises_de_cote", f->aside},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        pic_json_key(&j, numbers[i].key);
        pic_json_int(&j, (int64_t)numbers[i].value);
    }
    put_iso(f->last_contact_ms, &text);
    pic_json_key(&j, "dernier_contact");
    pic_json_text(&j, f->last_contact_ms == 0 ? NULL : pic_buf_string(&text));
    pic_buf_clear(&text);
    pic_receipt_print(&f->receipt, &text);
    pic_json_key(&j, "dernier_accuse");
    pic_json_text(&j, f->has_receipt ? pic_buf_string(&text) : NULL);
    pic_json_key(&j, "accuse_verifie");
    pic_json_bool(&j, f->has_receipt);
    pic_json_key(&j, "fiche_a_verifier");
    pic_json_bool(&j, f->rescue_due);
    pic_buf_clear(&text);
    put_iso(f->rescue_rehearsed_ms, &text);
    pic_json_key(&j, "fiche_verifiee");
    pic_json_text(&j, f->rescue_rehearsed_ms == 0 ? NULL : pic_buf_string(&text));
    pic_json_key(&j, "ecart_horloge_s");
    pic_json_int(&j, f->clock_offset_ms / MS_PER_S);
    pic_json_close(&j);
    pic_buf_text(out, "\n");
    pic_buf_release(&text);
}

static void put_contact(const struct pic_status_facts *f, struct pic_buf *out)
{
    struct pic_buf when;
    struct pic_buf number;
    pic_buf_init(&when, SAID_MAX);
    pic_buf_init(&number, SAID_MAX);
    pic_buf_text(out, "  ");
    if (f->last_contact_ms == 0) {
        pic_speech_tell(out, PIC_TELL_NEVER_CONTACTED, NULL);
    } else {
        pic_speech_moment(&when, f->last_contact_ms, f->now_ms);
        if (f->has_receipt && f->receipt.number > 0)
            pic_receipt_print(&f->receipt, &number);
        pic_speech_tell(out, PIC_TELL_LAST_CONTACT, pic_buf_string(&when), pic_buf_string(&number),
                        number.len > 0 ? pic_speech_text(PIC_TELL_RECEIPT_VERIFIED) : "", NULL);
    }
    pic_buf_text(out, "\n");
    pic_buf_release(&when);
    pic_buf_release(&number);
}

static void put_rest(const struct pic_status_facts *f, struct pic_buf *out)
{
    struct pic_buf a;
    struct pic_buf b;
    pic_buf_init(&a, SAID_MAX);
    pic_buf_init(&b, SAID_MAX);
    if (f->standing != PIC_STANDING_TO_SEND && f->pending.changes + f->pending.documents > 0) {
        pic_words_amount(f->pending.changes, f->pending.bytes, "saisie", "saisies", &a);
        pic_words_amount(f->pending.documents, f->pending.document_bytes, "document", "documents",
                         a.len == 0 ? &a : &b);
        pic_buf_text(out, "  ");
        pic_speech_tell(out, PIC_TELL_BANNER_TO_SEND, pic_buf_string(&a), pic_buf_string(&b), NULL);
        pic_buf_text(out, "\n");
    }
    if (f->aside > 0) {
        pic_buf_clear(&a);
        pic_speech_count(&a, f->aside, "saisie", "saisies");
        pic_buf_text(out, "  ");
        pic_speech_tell(out, PIC_TELL_ASIDE, pic_buf_string(&a), NULL);
        pic_buf_text(out, "\n");
    }
    if (f->clock_offset_ms > CLOCK_SHOWN_MS || f->clock_offset_ms < -CLOCK_SHOWN_MS) {
        bool ahead = f->clock_offset_ms > 0;
        pic_buf_clear(&a);
        pic_speech_duration(&a, ahead ? f->clock_offset_ms : -f->clock_offset_ms);
        pic_buf_text(out, "  ");
        pic_speech_tell(out, PIC_TELL_WARN_CLOCK, ahead ? "avance" : "retarde", pic_buf_string(&a),
                        NULL);
        pic_buf_text(out, "\n");
    }
    if (f->standing != PIC_STANDING_RECEIVED && f->standing != PIC_STANDING_EMPTY) {
        pic_buf_text(out, "  ");
        pic_speech_tell(out, PIC_TELL_NEXT,
                        f->standing == PIC_STANDING_TO_CORRECT ? "pic corriger" : "pic sync", NULL);
        pic_buf_text(out, "\n");
    }
    pic_buf_release(&a);
    pic_buf_release(&b);
}

/* What a person should do one of these days. */
static void put_tasks(const struct pic_status_facts *f, struct pic_buf *out)
{
    if (!f->rescue_due)
        return;
    pic_buf_text(out, "  ");
    pic_speech_tell(
        out, f->rescue_printed_ms == 0 ? PIC_TELL_RESCUE_NEVER_PRINTED : PIC_TELL_RESCUE_DUE, NULL);
    pic_buf_text(out, "\n");
}

int pic_command_status(struct pic_call *call)
{
    struct pic_agent agent;
    struct pic_status_facts facts;
    int status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK)
        status = pic_status_read(&agent, &facts);
    if (status == PIC_OK && call->json) {
        put_json(&facts, &call->out);
    } else if (status == PIC_OK) {
        pic_words_banner(&facts, &call->out);
        pic_buf_text(&call->out, "\n");
        put_contact(&facts, &call->out);
        put_rest(&facts, &call->out);
        put_tasks(&facts, &call->out);
    }
    pic_agent_close(&agent);
    return status == PIC_OK ? pic_status_outcome(&facts) : status;
}
