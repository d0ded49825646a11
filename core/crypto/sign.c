/* SPDX-License-Identifier: MIT
 *
 * One table of algorithms. OpenSSL writes ECDSA signatures in DER; JOSE's form is made of that and
 * turned into it, so that there is one way to sign and one to verify. */
#include "crypto/sign.h"

#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/key_impl.h"

#include <limits.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#define MAX_HALF_BYTES 66 /* of a signature of P-521 */

struct pl_algorithm {
    const char *name, *hash; /* as hash.h names it; NULL: the algorithm has its own */
    enum { SHARED, PKCS1, PSS, ECDSA, EDDSA } scheme;
    enum pl_key_kind kind;
    int half_bytes; /* ECDSA: of one of the two numbers */
};

static const pl_algorithm algorithms[] = {
    {.name = "HS256", .hash = "sha256", .scheme = SHARED},
    {.name = "HS384", .hash = "sha384", .scheme = SHARED},
    {.name = "HS512", .hash = "sha512", .scheme = SHARED},
    {"RS256", "sha256", PKCS1, PL_KEY_RSA, 0},
    {"RS384", "sha384", PKCS1, PL_KEY_RSA, 0},
    {"RS512", "sha512", PKCS1, PL_KEY_RSA, 0},
    {"PS256", "sha256", PSS, PL_KEY_RSA, 0},
    {"PS384", "sha384", PSS, PL_KEY_RSA, 0},
    {"PS512", "sha512", PSS, PL_KEY_RSA, 0},
    {"ES256", "sha256", ECDSA, PL_KEY_P256, 32},
    {"ES384", "sha384", ECDSA, PL_KEY_P384, 48},
    {"ES512", "sha512", ECDSA, PL_KEY_P521, MAX_HALF_BYTES},
    {"EdDSA", NULL, EDDSA, PL_KEY_ED25519, 0},
};

const pl_algorithm *pl_algorithm_of(pl_slice name)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (pl_slice_eq(name, pl_slice_of(algorithms[i].name))) return &algorithms[i];
    return NULL;
}

bool pl_algorithm_is_shared(const pl_algorithm *a)
{
    return a->scheme == SHARED;
}

bool pl_algorithm_is_ecdsa(const pl_algorithm *a)
{
    return a->scheme == ECDSA;
}

/* -- the two forms of ECDSA -- */

/* DER -> JOSE, in place. */
static bool to_jose(pl_buf *out, size_t start, int half)
{
    const unsigned char *der = (const unsigned char *)out->ptr + start;
    unsigned char raw[2 * MAX_HALF_BYTES];
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)(out->len - start));
    bool done = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, half) == half &&
                BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + half, half) == half;
    ECDSA_SIG_free(sig);
    out->len = start;
    if (done) pl_buf_put(out, raw, 2 * (size_t)half);
    return done;
}

/* Appends the DER of a signature in JOSE's form; false when its length is not that. */
static bool put_der(pl_buf *out, pl_slice jose, int half)
{
    const unsigned char *raw = (const unsigned char *)jose.ptr;
    unsigned char *der = NULL;
    if (jose.len != 2 * (size_t)half) return false;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, half, NULL), *s = BN_bin2bn(raw + half, half, NULL);
    if (!sig || !r || !s || !ECDSA_SIG_set0(sig, r, s)) abort();
    int len = i2d_ECDSA_SIG(sig, &der);
    if (len > 0) pl_buf_put(out, der, (size_t)len);
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    return len > 0;
}

/* -- keys of two halves -- */

static bool fits(const pl_algorithm *a, const pl_key *key, pl_buf *wrong)
{
    if (key->kind == a->kind) return true;
    pl_buf_printf(wrong, "%s takes %s; this is %s", a->name, pl_key_kind_name(a->kind),
                  pl_key_kind_name(key->kind));
    return false;
}

/* Salt of the length of the hash: RFC 7518 section 3.5. */
static bool set_padding(EVP_PKEY_CTX *options, const pl_algorithm *a)
{
    if (a->scheme != PSS) return true;
    return EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) > 0;
}

static EVP_MD_CTX *new_context(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL) abort();
    return context;
}

static bool sign_with(EVP_MD_CTX *context, pl_buf *out, const pl_algorithm *a, const pl_key *key,
                      pl_slice data)
{
    const unsigned char *bytes = (const unsigned char *)data.ptr;
    EVP_PKEY_CTX *options;
    size_t len;
    if (EVP_DigestSignInit_ex(context, &options, a->hash, NULL, NULL, key->pkey, NULL) != 1 ||
        !set_padding(options, a) || EVP_DigestSign(context, NULL, &len, bytes, data.len) != 1)
        return false;
    unsigned char *to = (unsigned char *)pl_buf_reserve(out, len);
    if (EVP_DigestSign(context, to, &len, bytes, data.len) != 1) return false;
    out->len += len;
    return true;
}

bool pl_sign(pl_buf *out, const pl_algorithm *a, const pl_key *key, pl_slice data,
             enum pl_signature_form form)
{
    size_t start = out->len;
    if (!fits(a, key, out)) return false;
    if (!key->is_private) {
        pl_buf_printf(out, "%s signs with a private key; this one is public", a->name);
        return false;
    }
    EVP_MD_CTX *context = new_context();
    bool done =
        sign_with(context, out, a, key, data) &&
        (a->scheme != ECDSA || form == PL_SIGNATURE_DER || to_jose(out, start, a->half_bytes));
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    if (!done) {
        out->len = start;
        pl_buf_printf(out, "%s cannot sign with this key: its numbers do not belong together",
                      a->name);
    }
    return done;
}

static bool verify_with(EVP_MD_CTX *context, const pl_algorithm *a, const pl_key *key,
                        pl_slice data, pl_slice signature)
{
    EVP_PKEY_CTX *options;
    return EVP_DigestVerifyInit_ex(context, &options, a->hash, NULL, NULL, key->pkey, NULL) == 1 &&
           set_padding(options, a) &&
           EVP_DigestVerify(context, (const unsigned char *)signature.ptr, signature.len,
                            (const unsigned char *)data.ptr, data.len) == 1;
}

bool pl_verify(bool *genuine, const pl_algorithm *a, const pl_key *key, pl_slice data,
               pl_slice signature, enum pl_signature_form form, pl_buf *wrong)
{
    pl_buf der = {0};
    *genuine = false;
    if (!fits(a, key, wrong)) return false;
    if (a->scheme == ECDSA && form == PL_SIGNATURE_JOSE) {
        if (!put_der(&der, signature, a->half_bytes)) return true;
        signature = pl_buf_slice(&der);
    }
    EVP_MD_CTX *context = new_context();
    *genuine = verify_with(context, a, key, data, signature);
    EVP_MD_CTX_free(context);
    pl_buf_fini(&der);
    ERR_clear_error();
    return true;
}

/* -- shared keys -- */

static bool mac_of(const pl_algorithm *a, pl_slice key, pl_slice data, pl_hash *mac, pl_buf *wrong)
{
    const char *reason = key.len == 0         ? "is empty"
                         : key.len > INT_MAX  ? "is too long"
                         : pl_key_is_pem(key) ? "is a PEM text; expected a secret that both share"
                                              : NULL;
    if (reason == NULL) return pl_hash_hmac(pl_slice_of(a->hash), key, data, mac);
    pl_buf_printf(wrong, "the key of %s %s", a->name, reason);
    return false;
}

bool pl_sign_shared(pl_buf *out, const pl_algorithm *a, pl_slice key, pl_slice data)
{
    pl_hash mac;
    if (!mac_of(a, key, data, &mac, out)) return false;
    pl_buf_put(out, mac.bytes, mac.len);
    return true;
}

bool pl_verify_shared(bool *genuine, const pl_algorithm *a, pl_slice key, pl_slice data,
                      pl_slice signature, pl_buf *wrong)
{
    pl_hash mac;
    *genuine = false;
    if (!mac_of(a, key, data, &mac, wrong)) return false;
    *genuine = pl_secret_eq((pl_slice){mac.bytes, mac.len}, signature);
    return true;
}
