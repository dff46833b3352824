#include "agent/receipt_page.h"

#include "protocol/base/text.h"
#include "protocol/exchange/invitation.h"
#include "protocol/log/retype.h"
#include "schema/face/speech.h"

extern const unsigned char pic_embedded_receipt_css[];

enum { TEXT_MAX = 4096, GROUP = 4 };

/* --- what is said --- */

enum fact { FROM, OF, COMPUTER, WHEN, LOCAL, HOLDS, DOCUMENTS, SINCE, HEAD, FACTS };

static const enum pic_tell fact_labels[FACTS] = {
    [FROM] = PIC_TELL_PAPER_FROM,           [OF] = PIC_TELL_PAPER_OF,
    [COMPUTER] = PIC_TELL_PAPER_COMPUTER,   [WHEN] = PIC_TELL_PAPER_WHEN,
    [LOCAL] = PIC_TELL_PAPER_LOCAL,         [HOLDS] = PIC_TELL_PAPER_HOLDS,
    [DOCUMENTS] = PIC_TELL_PAPER_DOCUMENTS, [SINCE] = PIC_TELL_PAPER_SINCE,
    [HEAD] = PIC_TELL_PAPER_HEAD,
};

enum key { KEY, FINGERPRINT, WORDS, KEYS };

static const enum pic_tell key_labels[KEYS] = {
    [KEY] = PIC_TELL_PAPER_KEY,
    [FINGERPRINT] = PIC_TELL_PAPER_FINGERPRINT,
    [WORDS] = PIC_TELL_PAPER_WORDS,
};

struct words {
    struct pic_buf title, edited, lines;
    struct pic_buf facts[FACTS], keys[KEYS];
    struct pic_qr qr;
};

static void put_entries(struct pic_buf *out, uint64_t first, uint64_t last)
{
    const uint64_t n = last - first + 1;
    if (first > last)
        pic_speech_tell(out, PIC_TELL_PAPER_NO_ENTRY, NULL);
    else if (first == last)
        pic_buf_printf(out, "saisie %llu", (unsigned long long)first);
    else
        pic_buf_printf(out, "saisies %llu à %llu (%llu)", (unsigned long long)first,
                       (unsigned long long)last, (unsigned long long)n);
}

static void put_documents(struct pic_buf *out, const struct pic_proof *proof)
{
    pic_speech_count(out, proof->new_documents, "reçu", "reçus");
    pic_buf_text(out, ", ");
    pic_speech_count(out, proof->missing_documents, "manquant", "manquants");
    if (proof->missing_documents > 0)
        pic_speech_tell(out, PIC_TELL_PAPER_TO_THIS_DAY, NULL);
}

static void put_since(struct pic_buf *out, const struct pic_receipt *r)
{
    pic_speech_count(out, r->changes, "saisie", "saisies");
    pic_buf_text(out, ", ");
    if (r->changes >= r->seq)
        pic_speech_tell(out, PIC_TELL_PAPER_NONE_MISSING, NULL);
    else
        pic_speech_count(out, r->seq - r->changes, "manquante", "manquantes");
    pic_buf_text(out, " ; ");
    pic_speech_count(out, r->documents, "document", "documents");
}

static void find_facts(const struct pic_proof *proof, struct pic_buf facts[static FACTS])
{
    const struct pic_voucher *v = &proof->voucher;
    pic_buf_bytes(&facts[FROM], v->server_name.p, v->server_name.n);
    pic_buf_bytes(&facts[OF], v->organisation_name.p, v->organisation_name.n);
    pic_buf_printf(&facts[COMPUTER], "n° %u (%.*s)", v->receipt.device, (int)v->person.n,
                   (const char *)v->person.p);
    pic_speech_instant(&facts[WHEN], v->receipt.time_ms);
    pic_speech_tell(&facts[WHEN], PIC_TELL_PAPER_SERVER_TIME, NULL);
    if (proof->local_ms != 0)
        pic_speech_instant(&facts[LOCAL], proof->local_ms);
    put_entries(&facts[HOLDS], proof->first_seq, v->receipt.seq);
    put_documents(&facts[DOCUMENTS], proof);
    put_since(&facts[SINCE], &v->receipt);
    pic_text_base32(pic_span_of(v->receipt.head, PIC_HASH_SIZE), GROUP, &facts[HEAD]);
}

static void find_keys(const uint8_t identity[static PIC_KEY_SIZE], struct pic_buf keys[static KEYS])
{
    uint8_t fingerprint[PIC_FINGERPRINT_BYTES];
    pic_voucher_fingerprint(identity, fingerprint);
    pic_voucher_put_key(identity, &keys[KEY]);
    pic_voucher_put_fingerprint(identity, &keys[FINGERPRINT]);
    pic_control_spell(pic_span_of(fingerprint, sizeof fingerprint), &keys[WORDS]);
}

static void release_words(struct words *w)
{
    pic_buf_release(&w->title);
    pic_buf_release(&w->edited);
    pic_buf_release(&w->lines);
    for (int i = 0; i < FACTS; i++)
        pic_buf_release(&w->facts[i]);
    for (int i = 0; i < KEYS; i++)
        pic_buf_release(&w->keys[i]);
    pic_qr_release(&w->qr);
}

/* Release in any case. */
static int find_words(const struct pic_proof *proof, int64_t now_ms, struct words *w)
{
    struct pic_buf text;
    *w = (struct words){0};
    pic_buf_init(&text, TEXT_MAX);
    pic_buf_init(&w->title, TEXT_MAX);
    pic_buf_init(&w->edited, TEXT_MAX);
    pic_buf_init(&w->lines, TEXT_MAX);
    for (int i = 0; i < FACTS; i++)
        pic_buf_init(&w->facts[i], TEXT_MAX);
    for (int i = 0; i < KEYS; i++)
        pic_buf_init(&w->keys[i], TEXT_MAX);
    pic_receipt_print(&proof->voucher.receipt, &text);
    pic_speech_tell(&w->title, PIC_TELL_PAPER_TITLE, pic_buf_string(&text), NULL);
    pic_buf_clear(&text);
    pic_speech_instant(&text, now_ms);
    pic_speech_tell(&w->edited, PIC_TELL_PAPER_EDITED, pic_buf_string(&text), NULL);
    find_facts(proof, w->facts);
    find_keys(proof->voucher.identity, w->keys);
    pic_retype_put(pic_buf_view(&proof->bytes), &w->lines);
    pic_buf_clear(&text);
    pic_voucher_put_code(pic_buf_view(&proof->bytes), &text);
    int status = pic_buf_status(&text);
    if (status == PIC_OK)
        status = pic_qr_make(pic_buf_string(&text), &w->qr);
    pic_buf_release(&text);
    return status;
}

/* --- the page --- */

static void put_escaped(struct pic_buf *out, struct pic_span text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '&' || text.p[i] == '<' || text.p[i] == '>' || text.p[i] == '"')
            pic_buf_printf(out, "&#%d;", text.p[i]);
        else
            pic_buf_u8(out, text.p[i]);
}

/* <tag class>text</tag>; class may be NULL. */
static void put_element(struct pic_buf *out, const char *tag, const char *class,
                        struct pic_span text)
{
    pic_buf_printf(out, class == NULL ? "<%s>" : "<%s class=\"%s\">", tag, class);
    put_escaped(out, text);
    pic_buf_printf(out, "</%s>\n", tag);
}

static void put_said(struct pic_buf *out, const char *tag, const char *class, enum pic_tell key)
{
    put_element(out, tag, class, pic_span_text(pic_speech_text(key)));
}

/* What is not known has no row. */
static void put_rows(struct pic_buf *out, const char *class, const enum pic_tell *labels,
                     const struct pic_buf *values, int n)
{
    pic_buf_printf(out, "<table class=\"%s\">\n", class);
    for (int i = 0; i < n; i++) {
        if (values[i].len == 0)
            continue;
        pic_buf_text(out, "<tr><th scope=\"row\">");
        put_escaped(out, pic_span_text(pic_speech_text(labels[i])));
        pic_buf_text(out, "</th>");
        put_element(out, "td", NULL, pic_buf_view(&values[i]));
        pic_buf_text(out, "</tr>\n");
    }
    pic_buf_text(out, "</table>\n");
}

static void put_head(struct pic_buf *out, const struct words *w)
{
    pic_buf_text(out, "<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                      "style-src 'unsafe-inline'\">\n");
    put_element(out, "title", NULL, pic_buf_view(&w->title));
    pic_buf_text(out, "<style>\n");
    pic_buf_text(out, (const char *)pic_embedded_receipt_css);
    pic_buf_text(out, "</style>\n</head>\n<body>\n<header>\n");
    put_element(out, "p", "from", pic_buf_view(&w->facts[FROM]));
    put_element(out, "h1", NULL, pic_buf_view(&w->title));
    pic_buf_text(out, "</header>\n<main>\n");
}

static void put_check(struct pic_buf *out, const struct words *w)
{
    pic_buf_text(out, "<section class=\"check\">\n");
    put_said(out, "h2", NULL, PIC_TELL_PAPER_CHECK);
    put_said(out, "p", NULL, PIC_TELL_PAPER_HOW);
    put_said(out, "p", "command", PIC_TELL_PAPER_COMMAND);
    /* Each line at the start of one: the page itself can be given to be checked. */
    pic_buf_text(out, "<pre>\n");
    put_escaped(out, pic_buf_view(&w->lines));
    pic_buf_text(out, "</pre>\n");
    put_said(out, "p", "small", PIC_TELL_PAPER_SLIPS);
    put_rows(out, "keys", key_labels, w->keys, KEYS);
    put_said(out, "p", "small", PIC_TELL_PAPER_TRUST);
    pic_buf_text(out, "</section>\n");
}

static void put_visa(struct pic_buf *out)
{
    static const enum pic_tell boxes[] = {PIC_TELL_PAPER_SEEN_BY, PIC_TELL_PAPER_SEEN_ON,
                                          PIC_TELL_PAPER_SIGNATURE};
    pic_buf_text(out, "<div class=\"visa\">\n");
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
        put_said(out, "div", NULL, boxes[i]);
    pic_buf_text(out, "</div>\n");
}

int pic_receipt_page_html(const struct pic_proof *proof, int64_t now_ms, struct pic_buf *out)
{
    struct words w;
    int status = find_words(proof, now_ms, &w);
    if (status == PIC_OK) {
        put_head(out, &w);
        pic_buf_text(out, "<div class=\"facts\">\n");
        put_rows(out, "said", fact_labels, w.facts, FACTS);
        pic_buf_text(out, "<figure>\n");
        pic_qr_svg(&w.qr, pic_speech_text(PIC_TELL_PAPER_CODE), out);
        put_said(out, "figcaption", NULL, PIC_TELL_PAPER_CODE);
        pic_buf_text(out, "</figure>\n</div>\n");
        put_said(out, "p", "means", PIC_TELL_RECEIPT_MEANS);
        put_visa(out);
        put_check(out, &w);
        pic_buf_text(out, "</main>\n<footer>\n");
        put_element(out, "p", NULL, pic_buf_view(&w.edited));
        pic_buf_text(out, "</footer>\n</body>\n</html>\n");
        status = pic_buf_status(out);
    }
    release_words(&w);
    return status;
}

/* --- the terminal --- */

static void put_pairs(struct pic_buf *out, const enum pic_tell *labels,
                      const struct pic_buf *values, int n)
{
    size_t widest = 0;
    for (int i = 0; i < n; i++) {
        size_t width = pic_text_length(pic_span_text(pic_speech_text(labels[i])));
        widest = width > widest ? width : widest;
    }
    for (int i = 0; i < n; i++) {
        const char *label = pic_speech_text(labels[i]);
        if (values[i].len == 0)
            continue;
        int pad = (int)(widest - pic_text_length(pic_span_text(label)));
        pic_buf_printf(out, "%s%*s : ", label, pad, "");
        pic_buf_bytes(out, values[i].data, values[i].len);
        pic_buf_u8(out, '\n');
    }
}

static void put_line(struct pic_buf *out, enum pic_tell key)
{
    pic_buf_text(out, pic_speech_text(key));
    pic_buf_u8(out, '\n');
}

int pic_receipt_page_text(const struct pic_proof *proof, int64_t now_ms, enum pic_qr_ink ink,
                          struct pic_buf *out)
{
    struct words w;
    int status = find_words(proof, now_ms, &w);
    if (status == PIC_OK) {
        pic_buf_bytes(out, w.title.data, w.title.len);
        pic_buf_text(out, "\n\n");
        put_pairs(out, fact_labels, w.facts, FACTS);
        pic_buf_u8(out, '\n');
        put_line(out, PIC_TELL_RECEIPT_MEANS);
        pic_buf_u8(out, '\n');
        pic_qr_blocks(&w.qr, ink, out);
        pic_buf_u8(out, '\n');
        put_line(out, PIC_TELL_PAPER_CHECK);
        put_line(out, PIC_TELL_PAPER_HOW);
        pic_buf_text(out, "    ");
        put_line(out, PIC_TELL_PAPER_COMMAND);
        pic_buf_u8(out, '\n');
        pic_buf_bytes(out, w.lines.data, w.lines.len);
        pic_buf_u8(out, '\n');
        put_line(out, PIC_TELL_PAPER_SLIPS);
        put_pairs(out, key_labels, w.keys, KEYS);
        put_line(out, PIC_TELL_PAPER_TRUST);
        pic_buf_bytes(out, w.edited.data, w.edited.len);
        pic_buf_u8(out, '\n');
        status = pic_buf_status(out);
    }
    release_words(&w);
    return status;
}
