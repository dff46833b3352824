/* noise_peer: one side of an exchange, line by line in hexadecimal, for noise_interop.py.
 *
 *     noise_peer agent  SECRET SERVER    in: payload, message 2, plain, sealed
 *                                        out: message 1, payload, hash, sealed, plain
 *     noise_peer server SECRET           in: message 1, payload, sealed, plain
 *                                        out: agent, payload, message 2, hash, plain, sealed
 *
 * Ends with 0, or with 1 at the first refusal, whose name it writes to standard error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/text.h"
#include "protocol/crypto/noise.h"
#include "tests/lib/hex.h"

enum { LINE_MAX_SIZE = 2 * PIC_NOISE_MAX + 2 };

struct peer {
    struct pic_noise noise;
    struct pic_buf in, out;
};

/* The next line, as bytes. The ceiling lets one byte too many through, for noise to refuse. */
static struct pic_span take(struct peer *p)
{
    static char line[LINE_MAX_SIZE + 2];
    if (fgets(line, sizeof line, stdin) == NULL)
        exit(2);
    line[strcspn(line, "\n")] = '\0';
    pic_buf_clear(&p->in);
    pic_unhex(line, &p->in);
    if (p->in.bad)
        exit(2);
    pic_buf_clear(&p->out);
    return pic_buf_view(&p->in);
}

static void give(struct pic_span bytes)
{
    struct pic_buf hex;
    pic_buf_init(&hex, LINE_MAX_SIZE);
    pic_text_hex(bytes, &hex);
    (void)puts(pic_buf_string(&hex));
    (void)fflush(stdout);
    pic_buf_release(&hex);
}

static void must(int rc)
{
    if (rc == PIC_OK)
        return;
    (void)fprintf(stderr, "%s\n", pic_status_name(rc));
    exit(1);
}

static void give_out(struct peer *p, int rc)
{
    must(rc);
    give(pic_buf_view(&p->out));
}

static void run_agent(struct peer *p)
{
    struct pic_noise_cipher mine, theirs;
    struct pic_span payload = take(p);
    must(pic_noise_ask_start(&p->noise, pic_random_system(), &p->out));
    give_out(p, pic_noise_ask_finish(&p->noise, payload, &p->out));
    struct pic_span message = take(p);
    give_out(p, pic_noise_answer_read(&p->noise, message, &p->out));
    give(pic_span_of(p->noise.hash, sizeof p->noise.hash));
    pic_noise_split(&p->noise, &mine, &theirs);
    struct pic_span plain = take(p);
    give_out(p, pic_noise_cipher_seal(&mine, plain, &p->out));
    struct pic_span sealed = take(p);
    give_out(p, pic_noise_cipher_open(&theirs, sealed, &p->out));
}

static void run_server(struct peer *p)
{
    struct pic_noise_cipher mine, theirs;
    struct pic_span message = take(p);
    must(pic_noise_ask_read(&p->noise, message, NULL, &p->out));
    give(pic_span_of(p->noise.remote_static, PIC_KEY_SIZE));
    give(pic_buf_view(&p->out));
    struct pic_span payload = take(p);
    give_out(p, pic_noise_answer(&p->noise, pic_random_system(), payload, &p->out));
    give(pic_span_of(p->noise.hash, sizeof p->noise.hash));
    pic_noise_split(&p->noise, &theirs, &mine);
    struct pic_span sealed = take(p);
    give_out(p, pic_noise_cipher_open(&theirs, sealed, &p->out));
    struct pic_span plain = take(p);
    give_out(p, pic_noise_cipher_seal(&mine, plain, &p->out));
}

int main(int argc, char **argv)
{
    static struct peer p;
    struct pic_dh_pair own;
    uint8_t server[PIC_KEY_SIZE];
    bool is_agent = argc == 4 && strcmp(argv[1], "agent") == 0;
    bool is_server = argc == 3 && strcmp(argv[1], "server") == 0;
    if ((!is_agent && !is_server) || pic_crypto_start() != PIC_OK ||
        !pic_unhex_exactly(argv[2], own.secret.bytes, PIC_KEY_SIZE) ||
        (is_agent && !pic_unhex_exactly(argv[3], server, sizeof server))) {
        (void)fputs("usage: noise_peer agent SECRET SERVER | server SECRET\n", stderr);
        return 2;
    }
    pic_dh_from_secret(&own);
    pic_buf_init(&p.in, PIC_NOISE_MAX + 1);
    pic_buf_init(&p.out, PIC_NOISE_MAX);
    struct pic_span prologue = pic_span_text(PIC_NOISE_PROLOGUE);
    if (is_agent) {
        pic_noise_init_agent(&p.noise, prologue, &own, server);
        run_agent(&p);
    } else {
        pic_noise_init_server(&p.noise, prologue, &own);
        run_server(&p);
    }
    pic_noise_release(&p.noise);
    pic_secret_wipe(&own.secret);
    pic_buf_release(&p.in);
    pic_buf_release(&p.out);
    return 0;
}
