/* vault: secrets at rest under a passphrase.
 *
 *     vault = "PICV" | version 1 | passes u32 | memory_kib u32 | salt[16] | nonce[24] | sealed
 *
 * The key is Argon2id(passphrase, salt; RFC 9106) with the cost stored beside it, chosen on the
 * machine that seals; sealed is XChaCha20-Poly1305 with everything before it as associated data. */
#ifndef PIC_CRYPTO_VAULT_H
#define PIC_CRYPTO_VAULT_H

#include "protocol/crypto/keys.h"

enum {
    PIC_VAULT_OVERHEAD = 4 + 1 + 4 + 4 + 16 + 24 + 16,
    PIC_VAULT_MEMORY_KIB = 7 * 1024, /* small on purpose: an old laptop, a small program */
    PIC_VAULT_PASSES_MIN = 5,        /* with 7 MiB: the OWASP floor for Argon2id */
    PIC_VAULT_PASSES_MAX = 4096,
};

/* Passes that take about target_ms on this machine, measured once; at least PIC_VAULT_PASSES_MIN.
 */
uint32_t pic_vault_passes(int target_ms);

/* Appends a vault holding plain. PIC_EMEMORY when Argon2id cannot get its memory, PIC_ELIMIT when
 * passes is outside the limits above or out has no room. */
PIC_MUST_USE int pic_vault_seal(struct pic_span plain, struct pic_span passphrase, uint32_t passes,
                                const struct pic_random *random, struct pic_buf *out);
/* Appends the plain bytes; wipe out after use (pic_buf_wipe). PIC_EPASSPHRASE (wrong passphrase or
 * altered), PIC_EFORMAT, PIC_EVERSION, PIC_EMEMORY, PIC_ELIMIT (no room in out). Costs outside the
 * limits above are refused with PIC_EFORMAT before any work. */
PIC_MUST_USE int pic_vault_open(struct pic_span vault, struct pic_span passphrase,
                                struct pic_buf *out);

#endif
