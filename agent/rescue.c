#include "agent/rescue.h"

#include <stdio.h>
#include <string.h>

#include "protocol/base/text.h"
#include "protocol/exchange/invitation.h"
#include "protocol/log/voucher.h"
#include "schema/face/qr/qr.h"
#include "schema/face/speech.h"

extern const unsigned char pic_embedded_rescue_css[];

enum {
    PART = PIC_KEY_SIZE / PIC_RESCUE_LINES,
    CHECK = 2,
    GROUP = 4,
    SHOWN_MAX = 32,
    SAID_MAX = 2048,
};

/* --- lines --- */

/* A line as bytes: its part of the key, then the check. */
static void line_bytes(const uint8_t *part, unsigned line, uint8_t out[static PART + CHECK])
{
    static const char label[] = "pic/1 secours";
    uint8_t in[sizeof label - 1 + 1 + PART];
    uint8_t hash[PIC_HASH_SIZE];
    memcpy(in, label, sizeof label - 1);
    in[sizeof label - 1] = (uint8_t)line;
    memcpy(in + sizeof label, part, PART);
    pic_hash(pic_span_of(in, sizeof in), hash);
    memcpy(out, part, PART);
    memcpy(out + PART, hash, CHECK);
    pic_wipe(in, sizeof in);
    pic_wipe(hash, sizeof hash);
}

void pic_rescue_line(const struct pic_secret *secret, unsigned line,
                     char out[static PIC_RESCUE_LINE_SIZE])
{
    uint8_t bytes[PART + CHECK];
    struct pic_buf text;
    pic_buf_init(&text, SHOWN_MAX);
    line_bytes(secret->bytes + (size_t)PART * (line - 1), line, bytes);
    pic_text_base32(pic_span_of(bytes, sizeof bytes), GROUP, &text);
    (void)snprintf(out, PIC_RESCUE_LINE_SIZE, "%s", pic_buf_string(&text));
    for (char *dash = strchr(out, '-'); dash != NULL; dash = strchr(dash, '-'))
        *dash = ' ';
    pic_buf_wipe(&text);
    pic_wipe(bytes, sizeof bytes);
}

int pic_rescue_take(const char *typed, unsigned line, struct pic_secret *out)
{
    uint8_t bytes[PART + CHECK];
    struct pic_buf read;
    pic_buf_init(&read, sizeof bytes);
    int status = pic_text_unbase32(typed, sizeof bytes, &read);
    if (status == PIC_OK) {
        line_bytes(read.data, line, bytes);
        status = pic_same_bytes(bytes, read.data, sizeof bytes) ? PIC_OK : PIC_EFORMAT;
    }
    if (status == PIC_OK)
        memcpy(out->bytes + (size_t)PART * (line - 1), bytes, PART);
    pic_buf_wipe(&read);
    pic_wipe(bytes, sizeof bytes);
    return status == PIC_OK ? PIC_OK : PIC_ERESCUE_LINE;
}

/* The number that a line of text begins with; what follows it becomes *rest. 0: none. */
static unsigned number_of(struct pic_span text, struct pic_span *rest)
{
    size_t at = 0;
    while (at < text.n && (text.p[at] == ' ' || text.p[at] == '\t'))
        at++;
    if (at + 1 >= text.n || text.p[at] < '1' || text.p[at] >= '1' + PIC_RESCUE_LINES ||
        text.p[at + 1] != ' ')
        return 0;
    *rest = pic_span_of(text.p + at + 1, text.n - at - 1);
    return text.p[at] - (unsigned)'0';
}

/* One line of a text; those that are none of the key's are passed over. */
static int take_text(struct pic_span text, struct pic_secret *out, bool taken[], unsigned *line)
{
    char typed[SHOWN_MAX];
    struct pic_span rest = text;
    unsigned number = number_of(text, &rest);
    if (number == 0)
        return PIC_OK;
    while (rest.n > 0 && (rest.p[rest.n - 1] == '\r' || rest.p[rest.n - 1] == ' '))
        rest.n--;
    *line = number;
    if (rest.n >= sizeof typed)
        return PIC_ERESCUE_LINE;
    memcpy(typed, rest.p, rest.n);
    typed[rest.n] = '\0';
    int status = pic_rescue_take(typed, number, out);
    pic_wipe(typed, sizeof typed);
    taken[number - 1] = status == PIC_OK;
    return status;
}

int pic_rescue_read(struct pic_span text, struct pic_secret *out, unsigned *line)
{
    bool taken[PIC_RESCUE_LINES] = {false};
    int status = PIC_OK;
    while (status == PIC_OK && text.n > 0) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        size_t n = end == NULL ? text.n : (size_t)(end - text.p);
        status = take_text(pic_span_of(text.p, n), out, taken, line);
        n += end != NULL;
        text = pic_span_of(text.p + n, text.n - n);
    }
    for (unsigned i = 0; status == PIC_OK && i < PIC_RESCUE_LINES; i++)
        if (!taken[i]) {
            *line = i + 1;
            status = PIC_ERESCUE_LINE;
        }
    if (status != PIC_OK)
        pic_secret_wipe(out);
    return status;
}

/* --- the sheet --- */

enum kind { TITLE, HEADING, SAID, FACT, KEY, TO_WRITE, STEP, KINDS };

/* How each kind of line begins and ends, in each form. */
static const struct {
    const char *open, *close;
} marks[2][KINDS] = {
    [PIC_RESCUE_PAGE] = {[TITLE] = {"<h1>", "</h1>\n"},
                         [HEADING] = {"<h2>", "</h2>\n"},
                         [SAID] = {"<p>", "</p>\n"},
                         [FACT] = {"<p class=\"fact\">", "</p>\n"},
                         [KEY] = {"<p class=\"key\">", "</p>\n"},
                         [TO_WRITE] = {"<p class=\"write\">", "</p>\n"},
                         [STEP] = {"<p class=\"step\">☐ ", "</p>\n"}},
    [PIC_RESCUE_TEXT] = {[TITLE] = {"", "\n\n"},
                         [HEADING] = {"\n", "\n\n"},
                         [SAID] = {"", "\n\n"},
                         [FACT] = {"  ", "\n"},
                         [KEY] = {"    ", "\n"},
                         [TO_WRITE] = {"\n  ", " ________________________________\n"},
                         [STEP] = {"  [ ] ", "\n"}},
};

struct sheet {
    enum pic_rescue_form form;
    struct pic_buf *out;
};

static void put_text(const struct sheet *s, const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (s->form == PIC_RESCUE_PAGE && strchr("&<>\"'", *c) != NULL)
            pic_buf_printf(s->out, "&#%d;", *c);
        else
            pic_buf_u8(s->out, (uint8_t)*c);
}

static void put(const struct sheet *s, enum kind kind, enum pic_tell key, const char *fact)
{
    struct pic_buf said;
    pic_buf_init(&said, SAID_MAX);
    pic_speech_tell(&said, key, fact, NULL);
    pic_buf_text(s->out, marks[s->form][kind].open);
    put_text(s, pic_buf_string(&said));
    pic_buf_text(s->out, marks[s->form][kind].close);
    pic_buf_release(&said);
}

static void put_key(const struct sheet *s, const struct pic_secret *secret)
{
    char line[PIC_RESCUE_LINE_SIZE];
    for (unsigned n = 1; n <= PIC_RESCUE_LINES; n++) {
        pic_rescue_line(secret, n, line);
        pic_buf_text(s->out, marks[s->form][KEY].open);
        pic_buf_printf(s->out, "%u   %s", n, line);
        pic_buf_text(s->out, marks[s->form][KEY].close);
    }
    pic_wipe(line, sizeof line);
}

void pic_rescue_server_words(const uint8_t identity[static PIC_KEY_SIZE], struct pic_buf *out)
{
    static const struct pic_code label = {"SECOURS-SERVEUR"};
    const char *words[PIC_CONTROL_WORDS];
    pic_control_words(identity, &label, words);
    pic_buf_printf(out, "%s · %s · %s · %s", words[0], words[1], words[2], words[3]);
}

static void put_facts(const struct sheet *s, const struct pic_rescue_facts *facts)
{
    char computer[SAID_MAX];
    struct pic_buf words;
    struct pic_buf print;
    pic_buf_init(&words, SAID_MAX);
    pic_buf_init(&print, SAID_MAX);
    (void)snprintf(computer, sizeof computer, "%u, %s", facts->device, facts->computer);
    pic_rescue_server_words(facts->server, &words);
    pic_voucher_put_fingerprint(facts->server, &print);
    put(s, FACT, PIC_TELL_RESCUE_ORGANISATION, facts->organisation);
    put(s, FACT, PIC_TELL_RESCUE_COMPUTER, computer);
    put(s, FACT, PIC_TELL_RESCUE_PERSON, facts->person);
    put(s, FACT, PIC_TELL_RESCUE_SERVER, facts->server_name);
    put(s, FACT, PIC_TELL_RESCUE_WORDS, pic_buf_string(&words));
    put(s, FACT, PIC_TELL_RESCUE_PRINT, pic_buf_string(&print));
    put(s, FACT, PIC_TELL_RESCUE_DAY, facts->day);
    pic_buf_release(&words);
    pic_buf_release(&print);
}

/* Page 2. */
static void put_steps(const struct sheet *s, const struct pic_rescue_facts *facts)
{
    static const enum pic_tell steps[] = {
        PIC_TELL_RESCUE_STEP_CALL,    PIC_TELL_RESCUE_STEP_INVITATION, PIC_TELL_RESCUE_STEP_RESTORE,
        PIC_TELL_RESCUE_STEP_COMPARE, PIC_TELL_RESCUE_STEP_TYPE,       PIC_TELL_RESCUE_STEP_AGAIN};
    char device[SHOWN_MAX];
    (void)snprintf(device, sizeof device, "%u", facts->device);
    put(s, TITLE, PIC_TELL_RESCUE_LOST, NULL);
    put(s, TO_WRITE, PIC_TELL_RESCUE_PHONE, NULL);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        put(s, STEP, steps[i], device);
    put(s, HEADING, PIC_TELL_RESCUE_WHAT_RETURNS, NULL);
    put(s, SAID, PIC_TELL_RESCUE_RETURNS, NULL);
    put(s, SAID, PIC_TELL_RESCUE_SHEET_LOST, NULL);
}

/* The same key, for a camera: the lines, each after its number. */
static void put_code(const struct pic_secret *secret, struct pic_buf *out)
{
    char line[PIC_RESCUE_LINE_SIZE];
    struct pic_buf text;
    struct pic_qr qr = {0};
    pic_buf_init(&text, (size_t)PIC_RESCUE_LINES * 2 * PIC_RESCUE_LINE_SIZE);
    for (unsigned n = 1; n <= PIC_RESCUE_LINES; n++) {
        pic_rescue_line(secret, n, line);
        pic_buf_printf(&text, "%u %s\n", n, line);
    }
    pic_buf_text(out, "<div class=\"qr\">");
    if (pic_qr_make(pic_buf_string(&text), &qr) == PIC_OK)
        pic_qr_svg(&qr, pic_speech_text(PIC_TELL_RESCUE_KEY), out);
    pic_buf_text(out, "</div>\n");
    pic_wipe(line, sizeof line);
    pic_buf_wipe(&text);
    pic_buf_wipe(&qr.marks);
    pic_qr_release(&qr);
}

void pic_rescue_put(const struct pic_rescue_facts *facts, const struct pic_secret *secret,
                    enum pic_rescue_form form, struct pic_buf *out)
{
    const struct sheet s = {form, out};
    bool page = form == PIC_RESCUE_PAGE;
    if (page) {
        pic_buf_text(out, "<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n"
                          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
                          "'none'; style-src 'unsafe-inline'; img-src data:\">\n<title>");
        put_text(&s, pic_speech_text(PIC_TELL_RESCUE_TITLE));
        pic_buf_printf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<section>\n",
                       (const char *)pic_embedded_rescue_css);
    }
    put(&s, TITLE, PIC_TELL_RESCUE_TITLE, NULL);
    put(&s, SAID, PIC_TELL_RESCUE_KEEP, NULL);
    put_facts(&s, facts);
    put(&s, HEADING, PIC_TELL_RESCUE_KEY, NULL);
    if (page)
        put_code(secret, out);
    put_key(&s, secret);
    pic_buf_text(out, page ? "" : "\n");
    put(&s, SAID, PIC_TELL_RESCUE_RETYPE, NULL);
    put(&s, TO_WRITE, PIC_TELL_RESCUE_PASSPHRASE, NULL);
    put(&s, TO_WRITE, PIC_TELL_RESCUE_KEEPER, NULL);
    pic_buf_text(out, page ? "</section>\n<section>\n" : "\n\f\n");
    put_steps(&s, facts);
    if (page)
        pic_buf_text(out, "</section>\n</body>\n</html>\n");
}
