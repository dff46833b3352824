#include "protocol/log/voucher.h"

#include <string.h>

#include "protocol/base/text.h"
#include "protocol/log/retype.h"

#define CODE_LABEL "pic/1 code"

static const char file_mark[] = {'P', 'I', 'C', 'A'};
static const char code_mark[] = {'P', 'I', 'C', 'A', ':'};

enum { FILE_VERSION = 1, GROUP = 4, CODE_CHECK = 5, DIGIT_BITS = 5 };

static bool begins(struct pic_span bytes, const char *mark, size_t n)
{
    return bytes.n >= n && memcmp(bytes.p, mark, n) == 0;
}

/* --- file --- */

void pic_voucher_put_file(const struct pic_voucher *voucher, struct pic_span receipt,
                          struct pic_buf *out)
{
    uint8_t hash[PIC_HASH_SIZE];
    const size_t start = out->len;
    pic_buf_bytes(out, file_mark, sizeof file_mark);
    pic_buf_u8(out, FILE_VERSION);
    pic_buf_bytes(out, voucher->identity, PIC_KEY_SIZE);
    pic_buf_span(out, voucher->server_name);
    pic_buf_span(out, voucher->organisation_name);
    pic_buf_span(out, voucher->person);
    pic_buf_span(out, receipt);
    if (out->bad)
        return;
    pic_hash(pic_span_of(out->data + start, out->len - start), hash);
    pic_buf_bytes(out, hash, sizeof hash);
}

static struct pic_span get_name(struct pic_cursor *c)
{
    struct pic_span name = pic_cursor_span(c, PIC_VOUCHER_NAME_MAX);
    if (!c->bad && !pic_text_is_clean(name))
        c->bad = true;
    return name;
}

static int read_file(struct pic_span bytes, const uint8_t *identity, struct pic_voucher *out)
{
    uint8_t hash[PIC_HASH_SIZE];
    if (bytes.n < sizeof file_mark + 1 + PIC_HASH_SIZE)
        return PIC_EFORMAT;
    const size_t covered = bytes.n - PIC_HASH_SIZE;
    pic_hash(pic_span_of(bytes.p, covered), hash);
    if (memcmp(hash, bytes.p + covered, PIC_HASH_SIZE) != 0)
        return PIC_EHASH;
    struct pic_cursor c = pic_cursor_of(bytes.p + sizeof file_mark, covered - sizeof file_mark);
    if (pic_cursor_u8(&c) != FILE_VERSION)
        return PIC_EVERSION;
    pic_cursor_copy(&c, out->identity, PIC_KEY_SIZE);
    out->server_name = get_name(&c);
    out->organisation_name = get_name(&c);
    out->person = get_name(&c);
    struct pic_span receipt = pic_cursor_span(&c, PIC_RECEIPT_MAX);
    if (pic_cursor_end(&c) != PIC_OK)
        return PIC_EFORMAT;
    if (identity != NULL && memcmp(identity, out->identity, PIC_KEY_SIZE) != 0)
        return PIC_ESIGNATURE;
    return pic_receipt_read(receipt, out->identity, &out->receipt);
}

/* --- code --- */

void pic_voucher_put_code(struct pic_span receipt, struct pic_buf *out)
{
    uint8_t hash[PIC_HASH_SIZE];
    struct pic_buf bytes;
    pic_hash2(pic_span_text(CODE_LABEL), receipt, hash);
    pic_buf_init(&bytes, PIC_RECEIPT_MAX + CODE_CHECK);
    pic_buf_bytes(&bytes, receipt.p, receipt.n);
    pic_buf_bytes(&bytes, hash, CODE_CHECK);
    pic_buf_bytes(out, code_mark, sizeof code_mark);
    pic_text_base32(pic_buf_view(&bytes), 0, out);
    out->bad = out->bad || bytes.bad;
    pic_buf_release(&bytes);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct pic_span trimmed(struct pic_span s)
{
    while (s.n > 0 && is_blank(s.p[0]))
        s = pic_span_of(s.p + 1, s.n - 1);
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* The bytes of the receipt that a code holds. A machine reads codes: what is not written in the one
 * way that they are written was altered. */
static int open_code(struct pic_span code, struct pic_buf *receipt)
{
    struct pic_buf digits;
    struct pic_buf again;
    const size_t n = (code.n - sizeof code_mark) * DIGIT_BITS / 8;
    if (n <= CODE_CHECK || n > PIC_RECEIPT_MAX + CODE_CHECK)
        return PIC_EHASH;
    pic_buf_init(&digits, PIC_VOUCHER_CODE_MAX);
    pic_buf_init(&again, PIC_VOUCHER_CODE_MAX);
    pic_buf_bytes(&digits, code.p + sizeof code_mark, code.n - sizeof code_mark);
    int status = pic_text_unbase32(pic_buf_string(&digits), n, receipt);
    if (status == PIC_OK) {
        receipt->len -= CODE_CHECK;
        pic_voucher_put_code(pic_buf_view(receipt), &again);
        status = pic_buf_status(&again);
    }
    if (status == PIC_EFORMAT || (status == PIC_OK && !pic_span_equal(pic_buf_view(&again), code)))
        status = PIC_EHASH;
    pic_buf_release(&digits);
    pic_buf_release(&again);
    return status;
}

/* --- any form --- */

/* What no keyboard writes is not a text with a slip: it is another file. */
static bool is_typed(struct pic_span text)
{
    bool typed = true;
    for (size_t i = 0; i < text.n && typed; i++)
        typed = text.p[i] >= ' ' || is_blank(text.p[i]);
    return typed;
}

/* Lines that end too soon lack the next one. */
static int open_lines(struct pic_span text, const uint8_t *identity, struct pic_voucher *out,
                      struct pic_buf *receipt, unsigned *line)
{
    if (!is_typed(text))
        return PIC_EFORMAT;
    int status = pic_retype_read(text, receipt, line);
    if (status != PIC_OK)
        return status;
    status = pic_receipt_read(pic_buf_view(receipt), identity, &out->receipt);
    *line += status == PIC_EFORMAT;
    return status == PIC_EFORMAT ? PIC_ERETYPED : status;
}

int pic_voucher_read(struct pic_span bytes, const uint8_t *identity, struct pic_voucher *out,
                     unsigned *line)
{
    const struct pic_span text = trimmed(bytes);
    const bool code = begins(text, code_mark, sizeof code_mark);
    struct pic_buf receipt;
    *out = (struct pic_voucher){.form = code ? PIC_VOUCHER_CODE : PIC_VOUCHER_LINES};
    *line = 0;
    if (bytes.n > PIC_VOUCHER_TEXT_MAX)
        return PIC_EFORMAT;
    if (!code && begins(bytes, file_mark, sizeof file_mark)) {
        out->form = PIC_VOUCHER_FILE;
        return read_file(bytes, identity, out);
    }
    if (identity == NULL)
        return PIC_EMISSING_OPTION;
    memcpy(out->identity, identity, PIC_KEY_SIZE);
    /* More than a receipt, so that lines too many are told by what they say. */
    pic_buf_init(&receipt, PIC_VOUCHER_FILE_MAX);
    int status = code ? open_code(text, &receipt) : open_lines(text, identity, out, &receipt, line);
    if (code && status == PIC_OK)
        status = pic_receipt_read(pic_buf_view(&receipt), identity, &out->receipt);
    pic_buf_release(&receipt);
    return status;
}

/* --- the key --- */

void pic_voucher_put_key(const uint8_t identity[static PIC_KEY_SIZE], struct pic_buf *out)
{
    pic_retype_put_line(pic_span_of(identity, PIC_KEY_SIZE), 0, out);
}

int pic_voucher_read_key(const char *typed, uint8_t out[static PIC_KEY_SIZE])
{
    struct pic_buf bytes;
    pic_buf_init(&bytes, PIC_RECEIPT_MAX);
    int status = pic_retype_read_line(pic_span_text(typed), 0, &bytes);
    if (status == PIC_OK && bytes.len != PIC_KEY_SIZE)
        status = PIC_ERETYPED;
    if (status == PIC_OK)
        memcpy(out, bytes.data, PIC_KEY_SIZE);
    pic_buf_release(&bytes);
    return status;
}

void pic_voucher_fingerprint(const uint8_t identity[static PIC_KEY_SIZE],
                             uint8_t out[static PIC_FINGERPRINT_BYTES])
{
    uint8_t hash[PIC_HASH_SIZE];
    pic_hash(pic_span_of(identity, PIC_KEY_SIZE), hash);
    memcpy(out, hash, PIC_FINGERPRINT_BYTES);
}

void pic_voucher_put_fingerprint(const uint8_t identity[static PIC_KEY_SIZE], struct pic_buf *out)
{
    uint8_t fingerprint[PIC_FINGERPRINT_BYTES];
    pic_voucher_fingerprint(identity, fingerprint);
    pic_text_base32(pic_span_of(fingerprint, sizeof fingerprint), GROUP, out);
}
