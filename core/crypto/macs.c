/* SPDX-License-Identifier: MIT */
#include "crypto/macs.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

void pl_macs_init(pl_macs *m)
{
    *m = (pl_macs){0};
}

void pl_macs_fini(pl_macs *m)
{
    for (size_t i = 0; i < PL_MACS_SIZE; i++)
        EVP_MAC_CTX_free(m->entries[i].context);
    OPENSSL_cleanse(m, sizeof *m);
}

static bool is_of(const struct pl_macs_entry *e, const EVP_MD *algorithm, pl_slice key)
{
    return e->context && e->algorithm == algorithm && e->key_len == key.len &&
           CRYPTO_memcmp(e->key, key.ptr, key.len) == 0;
}

/* The entry of the key, or with `*is_there` false the one that gives way to it: `asked` of a free one
 * is 0. */
static struct pl_macs_entry *find(pl_macs *m, const EVP_MD *algorithm, pl_slice key, bool *is_there)
{
    struct pl_macs_entry *oldest = m->entries;
    *is_there = true;
    for (size_t i = 0; i < PL_MACS_SIZE; i++) {
        struct pl_macs_entry *e = &m->entries[i];
        if (is_of(e, algorithm, key)) return e;
        if (e->asked < oldest->asked) oldest = e;
    }
    *is_there = false;
    return oldest;
}

/* What libcrypto cannot do for lack of memory or of a provider ends the process, as in buf.h. */
static EVP_MAC_CTX *context_of(const EVP_MD *algorithm, pl_slice key)
{
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                         (char *)(uintptr_t)EVP_MD_get0_name(algorithm), 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    EVP_MAC_CTX *context = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac);
    if (!context || !EVP_MAC_init(context, (const unsigned char *)key.ptr, key.len, parameters))
        abort();
    return context;
}

static void take(struct pl_macs_entry *e, const EVP_MD *algorithm, pl_slice key)
{
    EVP_MAC_CTX_free(e->context);
    e->context = context_of(algorithm, key);
    e->algorithm = algorithm;
    e->key_len = key.len;
    memcpy(e->key, key.ptr, key.len);
}

static void finish(EVP_MAC_CTX *context, const pl_slice *pieces, size_t count, pl_hash *hash)
{
    for (size_t i = 0; i < count; i++)
        if (!EVP_MAC_update(context, (const unsigned char *)pieces[i].ptr, pieces[i].len)) abort();
    if (!EVP_MAC_final(context, (unsigned char *)hash->bytes, &hash->len, sizeof hash->bytes))
        abort();
}

/* A context of the key, at its beginning. */
static EVP_MAC_CTX *kept_context(pl_macs *m, const EVP_MD *algorithm, pl_slice key)
{
    bool is_there;
    struct pl_macs_entry *e = find(m, algorithm, key, &is_there);
    if (!is_there)
        take(e, algorithm, key);
    else if (!EVP_MAC_init(e->context, NULL, 0, NULL))
        abort();
    e->asked = ++m->clock;
    return e->context;
}

bool pl_macs_hmac(pl_macs *m, pl_slice algorithm, pl_slice key, const pl_slice *pieces,
                  size_t count, pl_hash *hash)
{
    const EVP_MD *md = pl_hash_algorithm(algorithm);
    if (md == NULL) return false;
    if (key.len == 0) key = PL_SLICE(""); /* NULL would mean that there is none yet */
    bool is_kept = key.len > 0 && key.len <= PL_MACS_KEY_BYTES;
    EVP_MAC_CTX *context = is_kept ? kept_context(m, md, key) : context_of(md, key);
    finish(context, pieces, count, hash);
    if (!is_kept) EVP_MAC_CTX_free(context);
    return true;
}
