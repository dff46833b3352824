/* receipt: whatever is read as a receipt or a certificate is written back as the same bytes. The
 * first byte says which. Each input is also read with a right signature, so that all is reached. */
#include <stdlib.h>
#include <string.h>

#include "protocol/exchange/certificate.h"
#include "protocol/log/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORD_MAX = 512 };

static void check(uint8_t which, struct pic_span bytes, const struct pic_signer *signer)
{
    struct pic_receipt receipt;
    struct pic_certificate certificate;
    struct pic_transport transport;
    struct pic_buf again;
    int rc;
    pic_buf_init(&again, RECORD_MAX);
    if (which == 0) {
        rc = pic_receipt_read(bytes, signer->public, &receipt);
        if (rc == PIC_OK)
            pic_receipt_put(&receipt, signer, &again);
    } else if (which == 1) {
        rc = pic_certificate_read(bytes, signer->public, &certificate);
        if (rc == PIC_OK)
            pic_certificate_put(&certificate, signer, &again);
    } else {
        rc = pic_transport_read(bytes, signer->public, &transport);
        if (rc == PIC_OK)
            pic_transport_put(&transport, signer, &again);
    }
    if (rc == PIC_OK && !pic_span_equal(pic_buf_view(&again), bytes))
        abort();
    pic_buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const labels[] = {"pic/1 receipt", "pic/1 device", "pic/1 transport key"};
    struct pic_signer signer;
    if (size == 0 || size > RECORD_MAX || pic_crypto_start() != PIC_OK)
        return 0;
    const uint8_t which = data[0] % 3;
    memset(signer.seed.bytes, 1, PIC_KEY_SIZE);
    pic_signer_from_seed(&signer);
    check(which, pic_span_of(data + 1, size - 1), &signer);
    if (size <= PIC_SIGNATURE_SIZE)
        return 0;
    uint8_t record[RECORD_MAX];
    const size_t n = size - 1 - PIC_SIGNATURE_SIZE;
    memcpy(record, data + 1, n);
    pic_sign(&signer, labels[which], pic_span_of(record, n), record + n);
    check(which, pic_span_of(record, n + PIC_SIGNATURE_SIZE), &signer);
    return 0;
}
