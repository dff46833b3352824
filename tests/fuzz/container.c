/* Any bytes are a container or a named error; what can be read can be written again, the same but
 * for its signature. The first byte chooses: bytes as they are, or a body that is signed here. */
#include <stdlib.h>
#include <string.h>

#include "protocol/log/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

static void try_bytes(struct pic_span bytes, const struct pic_signer *signer)
{
    struct pic_container c;
    struct pic_buf again;
    if (pic_container_get(bytes, signer->public, &c) != PIC_OK)
        return;
    pic_buf_init(&again, PIC_CONTAINER_MAX);
    require(pic_container_put(&c, signer, &again) == PIC_OK);
    require(pic_span_equal(bytes, pic_buf_view(&again)));
    for (size_t i = 0; i < c.file_n; i++)
        require(memchr(c.files[i].name.p, '\\', c.files[i].name.n) == NULL);
    pic_buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pic_signer signer;
    static bool started;
    if (!started) {
        struct pic_random_stream stream;
        const struct pic_random random = pic_random_seeded(&stream, 1);
        require(pic_crypto_start() == PIC_OK);
        pic_signer_new(&signer, &random);
        started = true;
    }
    if (size == 0)
        return 0;
    struct pic_span body = pic_span_of(data + 1, size - 1);
    if (data[0] % 2 == 0) {
        try_bytes(body, &signer);
        return 0;
    }
    struct pic_buf bytes;
    uint8_t hash[PIC_HASH_SIZE];
    uint8_t signature[PIC_SIGNATURE_SIZE];
    pic_hash(body, hash);
    pic_sign(&signer, "pic/1 summary", pic_span_of(hash, sizeof hash), signature);
    pic_buf_init(&bytes, PIC_CONTAINER_MAX);
    pic_buf_bytes(&bytes, body.p, body.n);
    pic_buf_bytes(&bytes, signature, sizeof signature);
    try_bytes(pic_buf_view(&bytes), &signer);
    pic_buf_release(&bytes);
    return 0;
}
