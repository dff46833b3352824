/* invitation: whatever is read as an invitation is written back as the same bytes. Each input is
 * also read with a right signature at its end, so that everything before it is reached. */
#include <stdlib.h>
#include <string.h>

#include "protocol/exchange/invitation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct pic_span bytes, const struct pic_signer *signer)
{
    struct pic_invitation invitation;
    if (pic_invitation_read(bytes, &invitation) != PIC_OK ||
        memcmp(invitation.transport.identity, signer->public, PIC_KEY_SIZE) != 0)
        return;
    struct pic_buf again;
    pic_buf_init(&again, bytes.n);
    pic_invitation_put(&invitation, signer, &again);
    if (!pic_span_equal(pic_buf_view(&again), bytes))
        abort();
    uint64_t position = 0;
    const uint64_t end = invitation.feed.distance;
    struct pic_span segment;
    while (pic_feed_next(&invitation.feed, &position, &segment))
        if (segment.n == 0)
            abort();
    if (position != end)
        abort();
    pic_buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pic_signer signer;
    if (size < PIC_SIGNATURE_SIZE || pic_crypto_start() != PIC_OK)
        return 0;
    memset(signer.seed.bytes, 1, PIC_KEY_SIZE);
    pic_signer_from_seed(&signer);
    check(pic_span_of(data, size), &signer);
    struct pic_buf again;
    uint8_t hash[PIC_HASH_SIZE];
    const size_t n = size - PIC_SIGNATURE_SIZE;
    pic_buf_init(&again, size);
    pic_buf_bytes(&again, data, size);
    pic_hash(pic_span_of(data, n), hash);
    pic_sign(&signer, "pic/1 invitation", pic_span_of(hash, sizeof hash), again.data + n);
    check(pic_buf_view(&again), &signer);
    pic_buf_release(&again);
    return 0;
}
