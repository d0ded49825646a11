/* SPDX-License-Identifier: MIT
 *
 * A PEM text is a row of blocks, each with a label that says what its bytes are. We take the first
 * whose label is in the table below and give its bytes to the one reader for them. OpenSSL's own
 * readers of keys guess among formats instead, which costs more time and leaves a message that says
 * nothing; and they would ask the terminal for a passphrase.
 *
 *   text -> blocks -> bytes of the first that counts -> EVP_PKEY -> is it of a kind that we take?
 *
 * OpenSSL keeps errors in a queue of the thread; whoever fails here empties it, so that nobody
 * later reads what is not his. */
#include "crypto/key.h"

#include "crypto/key_impl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdlib.h>

#define EXPECTED \
    "expected a PEM text: PRIVATE KEY, RSA PRIVATE KEY, EC PRIVATE KEY, PUBLIC KEY, CERTIFICATE"

static void must(bool done)
{
    if (!done) abort(); /* no memory, as in buf.h */
}

/* -- the bytes of one block; each gives NULL when they are not what the label says -- */

static EVP_PKEY *read_pkcs8(const unsigned char *bytes, long len)
{
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &bytes, len);
    EVP_PKEY *pkey = info ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    return pkey;
}

static EVP_PKEY *read_rsa(const unsigned char *bytes, long len)
{
    return d2i_PrivateKey(EVP_PKEY_RSA, NULL, &bytes, len);
}

static EVP_PKEY *read_ec(const unsigned char *bytes, long len)
{
    return d2i_PrivateKey(EVP_PKEY_EC, NULL, &bytes, len);
}

static EVP_PKEY *read_public(const unsigned char *bytes, long len)
{
    return d2i_PUBKEY(NULL, &bytes, len);
}

static EVP_PKEY *read_rsa_public(const unsigned char *bytes, long len)
{
    return d2i_PublicKey(EVP_PKEY_RSA, NULL, &bytes, len);
}

static EVP_PKEY *read_certificate(const unsigned char *bytes, long len)
{
    X509 *certificate = d2i_X509(NULL, &bytes, len);
    EVP_PKEY *pkey = certificate ? X509_get_pubkey(certificate) : NULL;
    X509_free(certificate);
    return pkey;
}

static EVP_PKEY *read_encrypted(const unsigned char *bytes, long len, pl_slice passphrase)
{
    X509_SIG *sealed = d2i_X509_SIG(NULL, &bytes, len);
    PKCS8_PRIV_KEY_INFO *info =
        sealed ? PKCS8_decrypt(sealed, passphrase.ptr, (int)passphrase.len) : NULL;
    EVP_PKEY *pkey = info ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    X509_SIG_free(sealed);
    return pkey;
}

static const struct label {
    const char *name;
    EVP_PKEY *(*read)(const unsigned char *bytes, long len); /* NULL: it is encrypted */
    bool is_private;
} labels[] = {
    {"PRIVATE KEY", read_pkcs8, true},        {"ENCRYPTED PRIVATE KEY", NULL, true},
    {"RSA PRIVATE KEY", read_rsa, true},      {"EC PRIVATE KEY", read_ec, true},
    {"PUBLIC KEY", read_public, false},       {"RSA PUBLIC KEY", read_rsa_public, false},
    {"CERTIFICATE", read_certificate, false},
};

static const struct label *find_label(const char *name)
{
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (strcmp(name, labels[i].name) == 0) return &labels[i];
    return NULL;
}

/* -- which keys are taken -- */

static const char *const kind_names[] = {
    [PL_KEY_RSA] = "an RSA key",          [PL_KEY_P256] = "an EC key of P-256",
    [PL_KEY_P384] = "an EC key of P-384", [PL_KEY_P521] = "an EC key of P-521",
    [PL_KEY_ED25519] = "an Ed25519 key",
};

const char *pl_key_kind_name(enum pl_key_kind kind)
{
    return kind_names[kind];
}

static bool curve_kind(EVP_PKEY *pkey, enum pl_key_kind *kind)
{
    static const struct {
        const char *name;
        enum pl_key_kind kind;
    } curves[] = {
        {"prime256v1", PL_KEY_P256}, {"secp384r1", PL_KEY_P384}, {"secp521r1", PL_KEY_P521}};
    char name[32];
    if (!EVP_PKEY_get_group_name(pkey, name, sizeof name, NULL)) return false;
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        *kind = curves[i].kind;
        if (strcmp(name, curves[i].name) == 0) return true;
    }
    return false;
}

static bool is_taken(EVP_PKEY *pkey, enum pl_key_kind *kind, pl_buf *wrong)
{
    int bits = EVP_PKEY_get_bits(pkey);
    switch (EVP_PKEY_get_base_id(pkey)) {
    case EVP_PKEY_RSA:
        *kind = PL_KEY_RSA;
        if (bits >= PL_KEY_RSA_MIN_BITS && bits <= PL_KEY_RSA_MAX_BITS) return true;
        pl_buf_printf(wrong, "the RSA key has %d bits; expected %d to %d", bits,
                      PL_KEY_RSA_MIN_BITS, PL_KEY_RSA_MAX_BITS);
        return false;
    case EVP_PKEY_EC:
        if (curve_kind(pkey, kind)) return true;
        PL_BUF_PUT(wrong, "the curve of the EC key is not P-256, P-384 or P-521");
        return false;
    case EVP_PKEY_ED25519:
        *kind = PL_KEY_ED25519;
        return true;
    default:
        PL_BUF_PUT(wrong, "the key is neither RSA nor EC nor Ed25519");
        return false;
    }
}

/* Takes the EVP_PKEY, which may be NULL: then `unreadable` is what is wrong. */
static pl_key *take(EVP_PKEY *pkey, bool is_private, const char *unreadable, pl_buf *wrong)
{
    enum pl_key_kind kind;
    if (pkey == NULL) {
        pl_buf_put_slice(wrong, pl_slice_of(unreadable));
    } else if (is_taken(pkey, &kind, wrong)) {
        pl_key *key = pl_alloc(sizeof *key);
        *key = (pl_key){pkey, kind, is_private};
        return key;
    }
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return NULL;
}

/* -- PEM -- */

static int give_passphrase(char *to, int size, int writes, void *passphrase)
{
    const pl_slice *given = passphrase;
    (void)writes;
    if (given->len == 0 || given->len > (size_t)size) return -1;
    memcpy(to, given->ptr, given->len);
    return (int)given->len;
}

struct block {
    char *name, *header;
    unsigned char *bytes;
    long len;
};

static void free_block(struct block *b)
{
    OPENSSL_free(b->name);
    OPENSSL_free(b->header);
    if (b->bytes) OPENSSL_clear_free(b->bytes, (size_t)b->len);
    *b = (struct block){0};
}

/* The first block that is a key or a certificate, or NULL. `other` is the label of one that is
 * neither, if there was any. */
static const struct label *next_key(BIO *pem, struct block *b, pl_buf *other)
{
    while (PEM_read_bio(pem, &b->name, &b->header, &b->bytes, &b->len)) {
        const struct label *label = find_label(b->name);
        if (label) return label;
        pl_buf_clear(other);
        pl_buf_put_slice(other, pl_slice_of(b->name));
        free_block(b);
    }
    return NULL;
}

/* PKCS#1 and SEC 1 keys are encrypted in PEM itself (RFC 1421), as its header says. */
static bool decrypt_block(struct block *b, pl_slice passphrase)
{
    EVP_CIPHER_INFO cipher;
    return PEM_get_EVP_CIPHER_INFO(b->header, &cipher) &&
           PEM_do_header(&cipher, b->bytes, &b->len, give_passphrase, &passphrase);
}

static EVP_PKEY *read_block(const struct label *label, struct block *b, pl_slice passphrase)
{
    if (label->read == NULL) return read_encrypted(b->bytes, b->len, passphrase);
    return decrypt_block(b, passphrase) ? label->read(b->bytes, b->len) : NULL;
}

static pl_key *key_of_block(const struct label *label, struct block *b, pl_slice passphrase,
                            pl_buf *wrong)
{
    bool is_encrypted = label->read == NULL || (b->header && *b->header);
    if (is_encrypted && passphrase.len == 0) {
        pl_buf_printf(wrong, "the %s is encrypted; expected a passphrase for it", label->name);
        return NULL;
    }
    char unreadable[96];
    snprintf(unreadable, sizeof unreadable, "the %s cannot be read%s", label->name,
             is_encrypted ? " with this passphrase" : "");
    return take(read_block(label, b, passphrase), label->is_private, unreadable, wrong);
}

static pl_key *key_of_lines(pl_slice lines, pl_slice passphrase, pl_buf *wrong)
{
    BIO *bio = BIO_new_mem_buf(lines.ptr, (int)lines.len);
    struct block block = {0};
    pl_buf other = {0};
    pl_key *key = NULL;
    must(bio != NULL);
    const struct label *label = next_key(bio, &block, &other);
    if (label)
        key = key_of_block(label, &block, passphrase, wrong);
    else if (other.len)
        pl_buf_printf(wrong, EXPECTED "; there is only %.*s", PL_FMT(pl_buf_slice(&other)));
    else
        PL_BUF_PUT(wrong, EXPECTED "; it is damaged or cut off");
    free_block(&block);
    pl_buf_fini(&other);
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static void put_line_breaks(pl_buf *out, pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_break = text.ptr[i] == '\\' && i + 1 < text.len && text.ptr[i + 1] == 'n';
        pl_buf_put_char(out, is_break ? '\n' : text.ptr[i]);
        i += is_break;
    }
}

bool pl_key_is_pem(pl_slice text)
{
    return text.len > 0 && memmem(text.ptr, text.len, "-----BEGIN ", 11) != NULL;
}

pl_key *pl_key_read_pem(pl_slice pem, pl_slice passphrase, pl_buf *wrong)
{
    pl_buf lines = {0};
    pl_key *key = NULL;
    if (!pl_key_is_pem(pem)) {
        PL_BUF_PUT(wrong, EXPECTED);
    } else if (pem.len > PL_KEY_MAX_PEM_BYTES) {
        pl_buf_printf(wrong, "the PEM text has more than %d bytes", PL_KEY_MAX_PEM_BYTES);
    } else {
        put_line_breaks(&lines, pem);
        key = key_of_lines(pl_buf_slice(&lines), passphrase, wrong);
        OPENSSL_cleanse(lines.ptr, lines.len);
        pl_buf_fini(&lines);
    }
    return key;
}

bool pl_key_put_pem(pl_buf *out, const pl_key *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    must(bio != NULL);
    int done = key->is_private
                   ? PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL)
                   : PEM_write_bio_PUBKEY(bio, key->pkey);
    long len = BIO_get_mem_data(bio, &text);
    if (done) pl_buf_put(out, text, (size_t)len);
    if (len > 0) OPENSSL_cleanse(text, (size_t)len);
    BIO_free(bio);
    ERR_clear_error();
    return done;
}

/* -- Ed25519 -- */

static void public_of(const pl_key *key, unsigned char bytes[PL_KEY_ED25519_SEED_BYTES])
{
    size_t len = PL_KEY_ED25519_SEED_BYTES;
    must(EVP_PKEY_get_raw_public_key(key->pkey, bytes, &len));
}

static pl_key *key_of_seed(pl_slice bytes, pl_buf *wrong)
{
    const unsigned char *seed = (const unsigned char *)bytes.ptr;
    unsigned char half[PL_KEY_ED25519_SEED_BYTES];
    pl_key *key =
        take(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, PL_KEY_ED25519_SEED_BYTES),
             true, "the seed cannot be read", wrong);
    if (key == NULL || bytes.len == PL_KEY_ED25519_SEED_BYTES) return key;
    public_of(key, half);
    if (memcmp(half, seed + PL_KEY_ED25519_SEED_BYTES, sizeof half) == 0) return key;
    PL_BUF_PUT(wrong, "the 64 bytes are not a seed of Ed25519 and the public key that belongs to "
                      "it; a key in base64 or hexadecimal has to be decoded");
    pl_key_free(key);
    return NULL;
}

void pl_key_put_pair(pl_buf *out, const pl_key *key)
{
    unsigned char seed[PL_KEY_ED25519_SEED_BYTES], half[PL_KEY_ED25519_SEED_BYTES];
    size_t len = sizeof seed;
    must(EVP_PKEY_get_raw_private_key(key->pkey, seed, &len));
    public_of(key, half);
    pl_buf_put(out, seed, sizeof seed);
    pl_buf_put(out, half, sizeof half);
    OPENSSL_cleanse(seed, sizeof seed);
}

/* -- */

pl_key *pl_key_read(pl_slice bytes, enum pl_key_use use, pl_buf *wrong)
{
    bool is_seed = bytes.len == PL_KEY_ED25519_SEED_BYTES,
         is_pair = bytes.len == PL_KEY_ED25519_PAIR_BYTES;
    if (pl_key_is_pem(bytes)) return pl_key_read_pem(bytes, PL_NO_SLICE, wrong);
    if (is_pair || (is_seed && use == PL_KEY_SIGNS)) return key_of_seed(bytes, wrong);
    if (is_seed)
        return take(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
                                                (const unsigned char *)bytes.ptr, bytes.len),
                    false, "the public key cannot be read", wrong);
    PL_BUF_PUT(wrong, EXPECTED "; or 32 or 64 bytes of Ed25519");
    return NULL;
}

void pl_key_free(pl_key *key)
{
    if (key == NULL) return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

enum pl_key_kind pl_key_kind_of(const pl_key *key)
{
    return key->kind;
}

bool pl_key_is_private(const pl_key *key)
{
    return key->is_private;
}
