/* diagnosis: what `pic doctor` found, as 24 letters that can be read out over the phone.
 *
 *     7KQ2-M4XD-TR9W-NPA0-…      base32 of 21 letters of facts (diagnosis.def, most significant bit
 *                                first) and 3 letters of check
 *
 * The letters are a word of the Reed-Solomon code over GF(32) = GF(2)[x]/(x^5 + x^2 + 1) with roots
 * a, a^2, a^3, whose distance is 4: a wrong letter is always noticed and named, two wrong letters,
 * or two that changed places, are always noticed. What a fact is too small for is said by its
 * greatest value, so both ends say the same. Source: Reed, Solomon, "Polynomial Codes Over Certain
 * Finite Fields", 1960. Pure. */
#ifndef PIC_LOG_DIAGNOSIS_H
#define PIC_LOG_DIAGNOSIS_H

#include "protocol/base/bytes.h"

enum {
    PIC_DIAGNOSIS_VERSION = 1,
    PIC_DIAGNOSIS_LETTERS = 24,
    PIC_DIAGNOSIS_CHECKS = 3,
    PIC_DIAGNOSIS_GROUP = 4,
    PIC_SPAN_UNKNOWN = 511,
};

/* How opening the store ended. Below PIC_STORE_OPEN nothing in it could be looked at. */
enum pic_diagnosis_store {
    PIC_STORE_NONE, /* not enrolled */
    PIC_STORE_NEWER,
    PIC_STORE_BROKEN,
    PIC_STORE_BUSY,
    PIC_STORE_DISK, /* full, or it does not answer */
    PIC_STORE_OPEN,
};

enum pic_diagnosis_fault {
    PIC_FAULT_FILE = 1 << 0,       /* SQLite finds its file damaged */
    PIC_FAULT_CHAIN = 1 << 1,      /* a signature or a link of the journal does not hold */
    PIC_FAULT_RECEIPT = 1 << 2,    /* a receipt does not verify */
    PIC_FAULT_STATE = 1 << 3,      /* tables differ from what the journal gives */
    PIC_FAULT_UNFINISHED = 1 << 4, /* some check could not be carried through */
};

/* How far the way to the server went. */
enum pic_diagnosis_network {
    PIC_NETWORK_NO_ADDRESS,
    PIC_NETWORK_NO_NAME, /* does not resolve */
    PIC_NETWORK_NO_ROUTE,
    PIC_NETWORK_PORTAL,    /* something answers in another language */
    PIC_NETWORK_SILENT,    /* it connects, and nothing comes */
    PIC_NETWORK_OTHER_KEY, /* a server, not ours */
    PIC_NETWORK_GOOD,
};

enum pic_diagnosis_sheet {
    PIC_SHEET_UNKNOWN,
    PIC_SHEET_NEVER_PRINTED,
    PIC_SHEET_NOT_REHEARSED,
    PIC_SHEET_REHEARSED,
};

struct pic_diagnosis {
#define FACT(name, bits) uint16_t name;
#include "protocol/log/diagnosis.def"
#undef FACT
};

/* A letter that was heard wrong: its place from 1, what was typed, what it must have been. place 0:
 * which one is not known. */
struct pic_diagnosis_slip {
    unsigned place;
    char typed[2], meant[2];
};

/* Appends the code; a fact above its greatest value becomes that value. */
void pic_diagnosis_put(const struct pic_diagnosis *diagnosis, struct pic_buf *out);
/* Reads a code as people type it: any case, O as 0, I and L as 1, dashes and spaces anywhere.
 * PIC_EDIAGNOSIS, with what is known of it in slip; PIC_EVERSION. */
PIC_MUST_USE int pic_diagnosis_read(const char *typed, struct pic_diagnosis *out,
                                    struct pic_diagnosis_slip *slip);

/* A length of time in nine bits: at most 63 minutes, hours, days, months or years, rounded down. */
uint16_t pic_diagnosis_span(int64_t ms);
int64_t pic_diagnosis_span_ms(uint16_t span);

#endif
