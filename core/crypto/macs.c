/* SPDX-License-Identifier: MIT */
#include "crypto/macs.h"

#include "base/json_bytes.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define SHORT_BYTES 128

void pl_macs_init(pl_macs *m, pl_macs_key_fn *on_made, pl_macs_key_fn *on_dropped)
{
    *m = (pl_macs){.on_made = on_made, .on_dropped = on_dropped};
}

/* -- keys as their forms make them -- */

static void drop_made(const pl_macs *m, pl_buf *made)
{
    if (made->len) m->on_dropped(pl_buf_slice(made));
    if (made->cap) OPENSSL_cleanse(made->ptr, made->cap);
    pl_buf_fini(made);
    *made = (pl_buf){0};
}

/* The bytes of a key, in `made` where it has a form. */
static bool read_key(const pl_macs *m, const pl_macs_key *key, pl_buf *made, pl_slice *bytes)
{
    *bytes = key->text.len ? key->text : PL_SLICE(""); /* NULL would mean that there is none yet */
    *made = (pl_buf){0};
    if (key->form == NULL) return true;
    if (!pl_key_form_put(made, key->form, key->text, PL_NO_SLICE)) {
        pl_buf_fini(made); /* what is wrong with it */
        return false;
    }
    m->on_made(pl_buf_slice(made));
    *bytes = pl_buf_slice(made);
    return true;
}

/* -- entries -- */

static void drop(const pl_macs *m, struct pl_macs_entry *e)
{
    EVP_MAC_CTX_free(e->context);
    drop_made(m, &e->made);
    OPENSSL_cleanse(e, sizeof *e);
}

void pl_macs_fini(pl_macs *m)
{
    for (size_t i = 0; i < PL_MACS_SIZE; i++)
        drop(m, &m->entries[i]);
}

/* In a time that says nothing of where they differ. */
static bool are_same(const char *a, const char *b, size_t len)
{
    uint64_t differ = 0;
    for (; len > 8; a += 8, b += 8, len -= 8)
        differ |= pl_word_of(a, 8) ^ pl_word_of(b, 8);
    return (differ | (pl_word_of(a, len) ^ pl_word_of(b, len))) == 0;
}

static bool is_of(const struct pl_macs_entry *e, const EVP_MD *algorithm, const pl_macs_key *key)
{
    return e->context && e->algorithm == algorithm && e->form == key->form &&
           e->text_len == key->text.len && are_same(e->text, key->text.ptr, key->text.len);
}

/* The entry of the key, or with `*is_there` false the one that gives way to it: `asked` of a free one
 * is 0. */
static struct pl_macs_entry *find(pl_macs *m, const EVP_MD *algorithm, const pl_macs_key *key,
                                  bool *is_there)
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

static bool take(const pl_macs *m, struct pl_macs_entry *e, const EVP_MD *algorithm,
                 const pl_macs_key *key)
{
    pl_buf made;
    pl_slice bytes;
    if (!read_key(m, key, &made, &bytes)) return false;
    drop(m, e);
    e->context = context_of(algorithm, bytes);
    e->algorithm = algorithm;
    e->form = key->form;
    e->made = made;
    e->text_len = key->text.len;
    memcpy(e->text, key->text.ptr, key->text.len);
    return true;
}

/* -- MACs -- */

static void update(EVP_MAC_CTX *context, const char *bytes, size_t len)
{
    if (!EVP_MAC_update(context, (const unsigned char *)bytes, len)) abort();
}

/* Short pieces go together: what libcrypto does for each is more than to copy it. */
static void finish(EVP_MAC_CTX *context, const pl_slice *pieces, size_t count, pl_hash *hash)
{
    char together[SHORT_BYTES];
    size_t len = 0;
    for (const pl_slice *p = pieces; p < pieces + count; p++) {
        if (p->len > sizeof together - len) {
            update(context, together, len);
            len = 0;
        }
        if (p->len > sizeof together) {
            update(context, p->ptr, p->len);
        } else if (p->len > 0) {
            memcpy(together + len, p->ptr, p->len);
            len += p->len;
        }
    }
    update(context, together, len);
    if (!EVP_MAC_final(context, (unsigned char *)hash->bytes, &hash->len, sizeof hash->bytes))
        abort();
}

/* A context of the key, at its beginning, or NULL. */
static EVP_MAC_CTX *kept_context(pl_macs *m, const EVP_MD *algorithm, const pl_macs_key *key)
{
    bool is_there;
    struct pl_macs_entry *e = find(m, algorithm, key, &is_there);
    if (is_there && !EVP_MAC_init(e->context, NULL, 0, NULL)) abort();
    if (!is_there && !take(m, e, algorithm, key)) return NULL;
    e->asked = ++m->clock;
    return e->context;
}

static bool hmac_once(const pl_macs *m, const EVP_MD *algorithm, const pl_macs_key *key,
                      const pl_slice *pieces, size_t count, pl_hash *hash)
{
    pl_buf made;
    pl_slice bytes;
    if (!read_key(m, key, &made, &bytes)) return false;
    EVP_MAC_CTX *context = context_of(algorithm, bytes);
    finish(context, pieces, count, hash);
    EVP_MAC_CTX_free(context);
    drop_made(m, &made);
    return true;
}

bool pl_macs_hmac(pl_macs *m, pl_slice algorithm, const pl_macs_key *key, const pl_slice *pieces,
                  size_t count, pl_hash *hash)
{
    const EVP_MD *md = pl_hash_algorithm(algorithm);
    if (md == NULL) return false;
    if (key->text.len == 0 || key->text.len > PL_MACS_KEY_BYTES)
        return hmac_once(m, md, key, pieces, count, hash);
    EVP_MAC_CTX *context = kept_context(m, md, key);
    if (context) finish(context, pieces, count, hash);
    return context != NULL;
}
