/* SPDX-License-Identifier: MIT */
#include "crypto/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

_Static_assert(PL_HASH_MAX_BYTES == EVP_MAX_MD_SIZE, "room for any hash");

const void *pl_hash_algorithm(pl_slice name)
{
    static const struct {
        pl_slice name;
        const EVP_MD *(*make)(void);
    } algorithms[] = {
        {PL_SLICE_INIT("md5"), EVP_md5},           {PL_SLICE_INIT("sha1"), EVP_sha1},
        {PL_SLICE_INIT("sha224"), EVP_sha224},     {PL_SLICE_INIT("sha256"), EVP_sha256},
        {PL_SLICE_INIT("sha384"), EVP_sha384},     {PL_SLICE_INIT("sha512"), EVP_sha512},
        {PL_SLICE_INIT("sha3_224"), EVP_sha3_224}, {PL_SLICE_INIT("sha3_256"), EVP_sha3_256},
        {PL_SLICE_INIT("sha3_384"), EVP_sha3_384}, {PL_SLICE_INIT("sha3_512"), EVP_sha3_512},
    };
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (pl_slice_eq(name, algorithms[i].name)) return algorithms[i].make();
    return NULL;
}

/* What libcrypto cannot do for lack of memory or of a provider ends the process, as in buf.h. */
static void digest(const EVP_MD *algorithm, pl_slice data, pl_hash *hash)
{
    unsigned len;
    if (!EVP_Digest(data.ptr, data.len, (unsigned char *)hash->bytes, &len, algorithm, NULL))
        abort();
    hash->len = len;
}

bool pl_hash_of(pl_slice algorithm, pl_slice data, pl_hash *hash)
{
    const EVP_MD *md = pl_hash_algorithm(algorithm);
    if (md) digest(md, data, hash);
    return md != NULL;
}

bool pl_hash_hmac(pl_slice algorithm, pl_slice key, pl_slice data, pl_hash *hash)
{
    const EVP_MD *md = pl_hash_algorithm(algorithm);
    unsigned len;
    if (md == NULL) return false;
    if (key.len == 0) key = PL_SLICE(""); /* NULL would mean the key of the last call */
    if (!HMAC(md, key.ptr, (int)key.len, (const unsigned char *)data.ptr, data.len,
              (unsigned char *)hash->bytes, &len))
        abort();
    hash->len = len;
    return true;
}

pl_uuid pl_hash_uuid(pl_uuid space, pl_slice name)
{
    pl_buf text = {0};
    pl_hash hash;
    pl_uuid id;
    pl_buf_put(&text, space.bytes, sizeof space.bytes);
    pl_buf_put_slice(&text, name);
    digest(EVP_sha1(), pl_buf_slice(&text), &hash);
    pl_buf_fini(&text);
    memcpy(id.bytes, hash.bytes, sizeof id.bytes);
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x50);
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
    return id;
}
