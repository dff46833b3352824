#include "schema/face/diagnosis_words.h"

#include <string.h>

enum {
    FACT_MAX = 64,
    MIB_BITS = 20,
    DISK_BAD = 4, /* below 16 MiB */
    DISK_LOW = 9, /* below 512 MiB */
    MISSING_MORE = 127,
    ENTRIES_MORE = 4095,
    DOCUMENTS_MORE = 255,
    DECISIONS_MORE = 63,
};
#define CLOCK_GOOD_MS     (INT64_C(5) * 60 * 1000)
#define CONTACT_SILENT_MS (INT64_C(14) * 86400 * 1000)

/* A fact in words, short enough for its array. */
struct fact {
    char text[FACT_MAX];
};

static struct fact as_fact(struct pic_buf *text)
{
    struct fact fact = {""};
    memcpy(fact.text, text->data, text->len < FACT_MAX ? text->len : FACT_MAX - 1);
    pic_buf_release(text);
    return fact;
}

static struct fact duration(uint16_t span)
{
    struct pic_buf text;
    pic_buf_init(&text, FACT_MAX);
    if (span == 0)
        pic_buf_text(&text, pic_speech_text(PIC_TELL_DOCTOR_MOMENT));
    else
        pic_speech_duration(&text, pic_diagnosis_span_ms(span));
    return as_fact(&text);
}

/* "3 saisies"; "255 documents ou plus" for the greatest value. Nothing for 0. */
static struct fact count(unsigned n, unsigned more, const char *one, const char *many)
{
    struct pic_buf text;
    pic_buf_init(&text, FACT_MAX);
    if (n == 0)
        return (struct fact){""};
    pic_speech_count(&text, n, one, many);
    if (n >= more)
        pic_buf_text(&text, " ou plus");
    return as_fact(&text);
}

/* --- disk, clock, network --- */

static void disk_line(const struct pic_diagnosis *d, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"disque", "Disque"};
    static const struct pic_checkup_finding
        good = {PIC_CHECKUP_GOOD, PIC_OK, PIC_TELL_DOCTOR_DISK, PIC_TELL_NOTHING_LOST},
        low = {PIC_CHECKUP_TO_SEE, PIC_EDISK_FULL, PIC_TELL_DOCTOR_DISK_LOW,
               PIC_TELL_DOCTOR_DO_DISK},
        full = {PIC_CHECKUP_BAD, PIC_EDISK_FULL, PIC_TELL_DOCTOR_DISK_LOW, PIC_TELL_DOCTOR_DO_DISK},
        closed = {PIC_CHECKUP_BAD, PIC_EIO, PIC_TELL_DOCTOR_DISK_CLOSED,
                  PIC_TELL_DOCTOR_DO_DISK_CLOSED};
    struct pic_buf text;
    pic_buf_init(&text, FACT_MAX);
    pic_speech_bytes(&text, d->disk == 0 ? 0 : UINT64_C(1) << (d->disk - 1U + MIB_BITS));
    const struct fact room = as_fact(&text);
    const struct pic_checkup_finding *finding = d->disk <= DISK_BAD   ? &full
                                                : d->disk <= DISK_LOW ? &low
                                                                      : &good;
    pic_checkup_add(out, subject, d->writable != 0 ? finding : &closed, room.text, NULL);
}

static void clock_line(const struct pic_diagnosis *d, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"horloge", "Horloge"};
    static const struct pic_checkup_finding good = {PIC_CHECKUP_GOOD, PIC_OK, PIC_TELL_DOCTOR_CLOCK,
                                                    PIC_TELL_NOTHING_LOST},
                                            unknown = {PIC_CHECKUP_TO_SEE, PIC_OK,
                                                       PIC_TELL_DOCTOR_CLOCK_UNKNOWN,
                                                       PIC_TELL_DOCTOR_DO_SYNC},
                                            wrong = {PIC_CHECKUP_TO_SEE, PIC_ECLOCK,
                                                     PIC_TELL_DOCTOR_CLOCK_WRONG,
                                                     PIC_TELL_DOCTOR_DO_CLOCK};
    const struct fact by = duration(d->clock);
    if (d->clock == PIC_SPAN_UNKNOWN)
        pic_checkup_add(out, subject, &unknown, NULL);
    else if (pic_diagnosis_span_ms(d->clock) < CLOCK_GOOD_MS)
        pic_checkup_add(out, subject, &good, NULL);
    else
        pic_checkup_add(out, subject, &wrong, d->clock_ahead != 0 ? "avance" : "retarde",
                        d->clock_least != 0 ? "au moins" : "environ", by.text, NULL);
}

static void network_line(const struct pic_diagnosis *d, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"reseau", "Réseau"};
    static const struct pic_checkup_finding findings[] = {
        [PIC_NETWORK_NO_ADDRESS] = {PIC_CHECKUP_TO_SEE, PIC_ENOT_ENROLLED,
                                    PIC_TELL_DOCTOR_NO_ADDRESS, PIC_TELL_DOCTOR_DO_ENROL},
        [PIC_NETWORK_NO_NAME] = {PIC_CHECKUP_TO_SEE, PIC_EUNREACHABLE, PIC_TELL_DOCTOR_NO_NAME,
                                 PIC_TELL_DOCTOR_DO_INTERNET},
        [PIC_NETWORK_NO_ROUTE] = {PIC_CHECKUP_TO_SEE, PIC_EUNREACHABLE, PIC_TELL_DOCTOR_NO_ROUTE,
                                  PIC_TELL_DOCTOR_DO_INTERNET},
        [PIC_NETWORK_PORTAL] = {PIC_CHECKUP_TO_SEE, PIC_EPORTAL, PIC_TELL_COUNT, PIC_TELL_COUNT},
        [PIC_NETWORK_SILENT] = {PIC_CHECKUP_TO_SEE, PIC_ETIMEOUT, PIC_TELL_DOCTOR_SILENT,
                                PIC_TELL_DOCTOR_DO_SILENT},
        [PIC_NETWORK_OTHER_KEY] = {PIC_CHECKUP_BAD, PIC_EOTHER_SERVER, PIC_TELL_DOCTOR_OTHER_KEY,
                                   PIC_TELL_DOCTOR_DO_OTHER_KEY},
        [PIC_NETWORK_GOOD] = {PIC_CHECKUP_GOOD, PIC_OK, PIC_TELL_DOCTOR_NETWORK,
                              PIC_TELL_NOTHING_LOST},
    };
    static const struct pic_checkup_finding unknown = {PIC_CHECKUP_TO_SEE, PIC_EVERSION,
                                                       PIC_TELL_COUNT, PIC_TELL_COUNT};
    bool known = d->network < sizeof findings / sizeof *findings;
    pic_checkup_add(out, subject, known ? &findings[d->network] : &unknown, NULL);
}

static void contact_line(const struct pic_diagnosis *d, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"contact", "Dernier contact"};
    static const struct pic_checkup_finding
        good = {PIC_CHECKUP_GOOD, PIC_OK, PIC_TELL_DOCTOR_CONTACT, PIC_TELL_NOTHING_LOST},
        old = {PIC_CHECKUP_TO_SEE, PIC_OK, PIC_TELL_DOCTOR_CONTACT, PIC_TELL_DOCTOR_DO_SYNC},
        never = {PIC_CHECKUP_TO_SEE, PIC_OK, PIC_TELL_NEVER_CONTACTED, PIC_TELL_DOCTOR_DO_SYNC};
    const struct fact since = duration(d->contact);
    if (d->contact == PIC_SPAN_UNKNOWN)
        pic_checkup_add(out, subject, &never, NULL);
    else
        pic_checkup_add(out, subject,
                        pic_diagnosis_span_ms(d->contact) > CONTACT_SILENT_MS ? &old : &good,
                        since.text, NULL);
}

/* --- store --- */

static void store_line(const struct pic_diagnosis *d, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"donnees", "Données"};
    static const struct pic_checkup_finding findings[] = {
        [PIC_STORE_NONE] = {PIC_CHECKUP_TO_SEE, PIC_ENOT_ENROLLED, PIC_TELL_COUNT, PIC_TELL_COUNT},
        [PIC_STORE_NEWER] = {PIC_CHECKUP_BAD, PIC_ESTORE_NEWER, PIC_TELL_COUNT, PIC_TELL_COUNT},
        [PIC_STORE_BROKEN] = {PIC_CHECKUP_BAD, PIC_ESTORE_DAMAGED, PIC_TELL_COUNT, PIC_TELL_COUNT},
        [PIC_STORE_BUSY] = {PIC_CHECKUP_TO_SEE, PIC_ESTORE_IN_USE, PIC_TELL_COUNT, PIC_TELL_COUNT},
        [PIC_STORE_DISK] = {PIC_CHECKUP_BAD, PIC_EIO, PIC_TELL_COUNT, PIC_TELL_COUNT},
        [PIC_STORE_OPEN] = {PIC_CHECKUP_GOOD, PIC_OK, PIC_TELL_DOCTOR_STORE, PIC_TELL_NOTHING_LOST},
    };
    static const struct pic_checkup_finding damaged = {PIC_CHECKUP_BAD, PIC_ESTORE_DAMAGED,
                                                       PIC_TELL_COUNT, PIC_TELL_COUNT};
    bool known = d->store < sizeof findings / sizeof *findings;
    bool broken = !known || (d->store == PIC_STORE_OPEN && (d->faults & PIC_FAULT_FILE) != 0);
    pic_checkup_add(out, subject, broken ? &damaged : &findings[d->store], NULL);
}

/* What can be wrong in a store that opens: a line each. */
static void integrity_lines(const struct pic_diagnosis *d, struct pic_checkup *out)
{
    static const struct {
        unsigned fault;
        struct pic_checkup_subject subject;
        struct pic_checkup_finding good, bad;
    } checks[] = {
        {PIC_FAULT_CHAIN,
         {"saisies", "Saisies"},
         {PIC_CHECKUP_GOOD, PIC_OK, PIC_TELL_DOCTOR_CHAIN, PIC_TELL_NOTHING_LOST},
         {PIC_CHECKUP_BAD, PIC_ECHAIN, PIC_TELL_COUNT, PIC_TELL_COUNT}},
        {PIC_FAULT_RECEIPT,
         {"accuses", "Accusés"},
         {PIC_CHECKUP_GOOD, PIC_OK, PIC_TELL_DOCTOR_RECEIPTS, PIC_TELL_NOTHING_LOST},
         {PIC_CHECKUP_BAD, PIC_ESIGNATURE, PIC_TELL_DOCTOR_RECEIPTS_BAD, PIC_TELL_DOCTOR_DO_CALL}},
        {PIC_FAULT_STATE,
         {"tableaux", "Tableaux"},
         {PIC_CHECKUP_GOOD, PIC_OK, PIC_TELL_DOCTOR_STATE, PIC_TELL_NOTHING_LOST},
         {PIC_CHECKUP_BAD, PIC_EHASH, PIC_TELL_DOCTOR_STATE_BAD, PIC_TELL_DOCTOR_DO_CALL}},
    };
    static const struct pic_checkup_subject rest = {"controle", "Contrôle"};
    static const struct pic_checkup_finding unfinished = {
        PIC_CHECKUP_TO_SEE, PIC_EIO, PIC_TELL_DOCTOR_UNFINISHED, PIC_TELL_DOCTOR_DO_UNFINISHED};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if ((d->faults & checks[i].fault) != 0)
            pic_checkup_add(out, checks[i].subject, &checks[i].bad, NULL);
        else if ((d->faults & PIC_FAULT_UNFINISHED) == 0)
            pic_checkup_add(out, checks[i].subject, &checks[i].good, NULL);
    if ((d->faults & PIC_FAULT_UNFINISHED) != 0)
        pic_checkup_add(out, rest, &unfinished, NULL);
}

static void documents_line(const struct pic_diagnosis *d, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"documents", "Documents"};
    static const struct pic_checkup_finding good = {PIC_CHECKUP_GOOD, PIC_OK,
                                                    PIC_TELL_DOCTOR_DOCUMENTS,
                                                    PIC_TELL_NOTHING_LOST},
                                            bad = {PIC_CHECKUP_BAD, PIC_EBLOB_CHANGED,
                                                   PIC_TELL_DOCTOR_DOCUMENTS_MISSING,
                                                   PIC_TELL_DOCTOR_DO_DOCUMENTS};
    const struct fact n = count(d->missing, MISSING_MORE, "document", "documents");
    pic_checkup_add(out, subject, d->missing == 0 ? &good : &bad, n.text, NULL);
}

/* --- versions, lease, sheet, what waits --- */

static void version_line(const struct pic_diagnosis *d, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"version", "Version"};
    static const struct pic_checkup_finding good = {PIC_CHECKUP_GOOD, PIC_OK,
                                                    PIC_TELL_DOCTOR_VERSION, PIC_TELL_NOTHING_LOST};
    struct pic_buf program;
    struct pic_buf dictionary;
    pic_buf_init(&program, FACT_MAX);
    pic_buf_init(&dictionary, FACT_MAX);
    pic_buf_printf(&program, "%u.%u.%u", d->major, d->minor, d->patch);
    pic_buf_printf(&dictionary, "%u", d->dictionary);
    pic_checkup_add(out, subject, &good, pic_buf_string(&program), pic_buf_string(&dictionary),
                    NULL);
    pic_buf_release(&program);
    pic_buf_release(&dictionary);
}

static void lease_line(const struct pic_diagnosis *d, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"fenetre", "Autre fenêtre"};
    static const struct pic_checkup_finding free = {PIC_CHECKUP_GOOD, PIC_OK, PIC_TELL_DOCTOR_FREE,
                                                    PIC_TELL_NOTHING_LOST},
                                            taken = {PIC_CHECKUP_TO_SEE, PIC_ESTORE_IN_USE,
                                                     PIC_TELL_DOCTOR_TAKEN,
                                                     PIC_TELL_DOCTOR_DO_TAKEN};
    const struct fact since = duration(d->taken_for);
    pic_checkup_add(out, subject, d->taken != 0 ? &taken : &free, since.text, NULL);
}

/* What is not known is not said. */
static void sheet_line(const struct pic_diagnosis *d, struct pic_checkup *out)
{
    static const struct pic_checkup_subject subject = {"secours", "Fiche de secours"};
    static const struct pic_checkup_finding findings[] = {
        [PIC_SHEET_NEVER_PRINTED] = {PIC_CHECKUP_TO_SEE, PIC_OK, PIC_TELL_DOCTOR_NO_SHEET,
                                     PIC_TELL_DOCTOR_DO_SHEET},
        [PIC_SHEET_NOT_REHEARSED] = {PIC_CHECKUP_TO_SEE, PIC_OK, PIC_TELL_DOCTOR_SHEET_UNTRIED,
                                     PIC_TELL_DOCTOR_DO_REHEARSE},
        [PIC_SHEET_REHEARSED] = {PIC_CHECKUP_GOOD, PIC_OK, PIC_TELL_DOCTOR_SHEET,
                                 PIC_TELL_NOTHING_LOST},
    };
    if (d->sheet != PIC_SHEET_UNKNOWN && d->sheet < sizeof findings / sizeof *findings)
        pic_checkup_add(out, subject, &findings[d->sheet], NULL);
}

static void waiting_lines(const struct pic_diagnosis *d, struct pic_checkup *out)
{
    static const struct pic_checkup_subject sending = {"envoi", "À envoyer"};
    static const struct pic_checkup_subject deciding = {"decisions", "À corriger"};
    static const struct pic_checkup_finding none = {PIC_CHECKUP_GOOD, PIC_OK, PIC_TELL_DOCTOR_NONE,
                                                    PIC_TELL_NOTHING_LOST},
                                            some = {PIC_CHECKUP_GOOD, PIC_OK,
                                                    PIC_TELL_DOCTOR_TO_SEND, PIC_TELL_NOTHING_LOST},
                                            decide = {PIC_CHECKUP_TO_SEE, PIC_WAITING,
                                                      PIC_TELL_DOCTOR_TO_DECIDE,
                                                      PIC_TELL_DOCTOR_DO_DECIDE};
    const struct fact entries = count(d->entries, ENTRIES_MORE, "saisie", "saisies");
    const struct fact documents = count(d->documents, DOCUMENTS_MORE, "document", "documents");
    const struct fact decisions = count(d->decisions, DECISIONS_MORE, "point", "points");
    bool both = d->entries > 0 && d->documents > 0;
    pic_checkup_add(out, sending, d->entries + d->documents > 0 ? &some : &none,
                    d->entries > 0 ? entries.text : documents.text, both ? documents.text : "",
                    NULL);
    pic_checkup_add(out, deciding, d->decisions > 0 ? &decide : &none, decisions.text, NULL);
}

void pic_diagnosis_lines(const struct pic_diagnosis *diagnosis, struct pic_checkup *out)
{
    memset(out, 0, sizeof *out);
    version_line(diagnosis, out);
    disk_line(diagnosis, out);
    store_line(diagnosis, out);
    if (diagnosis->store == PIC_STORE_OPEN) {
        integrity_lines(diagnosis, out);
        documents_line(diagnosis, out);
        clock_line(diagnosis, out);
        network_line(diagnosis, out);
        contact_line(diagnosis, out);
        sheet_line(diagnosis, out);
        waiting_lines(diagnosis, out);
    }
    lease_line(diagnosis, out);
}
