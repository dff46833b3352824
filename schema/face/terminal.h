/* terminal: what a person's terminal can show, and the three questions put to a person: yes or no,
 * a line, a passphrase. Questions go to stderr and read the terminal, so that stdout stays data.
 * With nobody there to answer they fail instead of waiting. */
#ifndef PIC_FACE_TERMINAL_H
#define PIC_FACE_TERMINAL_H

#include "schema/face/sheet.h"

enum { PIC_PASSPHRASE_MAX = 1024 };

struct pic_terminal {
    bool out_tty, err_tty, in_tty;
    bool unattended; /* --non-interactif, or no terminal to ask on */
    bool quiet;      /* --quiet: only errors on stderr */
    bool colour;     /* allowed by --couleur, NO_COLOR and TERM, and stdout a terminal */
    size_t width;    /* of the terminal, 80 where unknown */
    const char *passphrase_file; /* --phrase-fichier, or NULL */
};

/* Looks at the three standard streams and the environment. */
void pic_terminal_init(struct pic_terminal *terminal);
/* How a sheet should look on stdout. */
struct pic_look pic_terminal_look(const struct pic_terminal *terminal);

/* Asks "question (o/N) "; *yes is only true for o, oui, y or yes. PIC_EUSAGE when unattended: the
 * caller must have an option that answers (--oui). */
PIC_MUST_USE int pic_terminal_confirm(const struct pic_terminal *terminal, const char *question,
                                      bool *yes, struct pic_err *err);
/* Reads one line of at most size - 1 bytes, newline removed; an empty answer takes preset (which
 * may be NULL and is shown in brackets). PIC_EUSAGE when unattended, PIC_INTERRUPTED at the end of
 * input. */
PIC_MUST_USE int pic_terminal_line(const struct pic_terminal *terminal, const char *question,
                                   const char *preset, char *out, size_t size, struct pic_err *err);
/* Reads a passphrase without echo from the terminal, or the first line of passphrase_file ("-" is
 * stdin). The caller wipes out; everything in between is wiped here. PIC_ELOCKED when unattended
 * without a file, PIC_EFILE, PIC_INTERRUPTED. */
PIC_MUST_USE int pic_terminal_passphrase(const struct pic_terminal *terminal, const char *question,
                                         char out[static PIC_PASSPHRASE_MAX], struct pic_err *err);

#endif
