/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a key: what is read can be written and read again, and signs and verifies without
 * harm. The first byte says whether they are a PEM text (0), plain bytes of Ed25519 (1), or what
 * stands in a PEM block, of which label. */
#include "base/base64.h"
#include "crypto/sign.h"

#include "fuzz.h"

static const char *const labels[] = {"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY",
                                     "PUBLIC KEY",  "RSA PUBLIC KEY",  "CERTIFICATE"};
static const char *const names[] = {[PL_KEY_RSA] = "PS256",
                                    [PL_KEY_P256] = "ES256",
                                    [PL_KEY_P384] = "ES384",
                                    [PL_KEY_P521] = "ES512",
                                    [PL_KEY_ED25519] = "EdDSA"};

static void put_block(pl_buf *pem, const char *label, pl_slice der)
{
    pl_buf text = {0};
    pl_base64_encode(&text, der);
    pl_buf_printf(pem, "-----BEGIN %s-----\n", label);
    for (size_t at = 0; at < text.len; at += 64) {
        pl_slice rest = pl_slice_from(pl_buf_slice(&text), at);
        pl_buf_put(pem, rest.ptr, rest.len < 64 ? rest.len : 64);
        pl_buf_put_char(pem, '\n');
    }
    pl_buf_printf(pem, "-----END %s-----\n", label);
    pl_buf_fini(&text);
}

/* A key whose numbers do not belong together signs what is not genuine, or says so. */
static void use(const pl_key *key)
{
    bool genuine;
    pl_buf signature = {0}, wrong = {0};
    const pl_algorithm *a = pl_algorithm_of(pl_slice_of(names[pl_key_kind_of(key)]));
    bool done = pl_sign(&signature, a, key, PL_SLICE("data"), PL_SIGNATURE_JOSE);
    MUST(signature.len > 0 && (!done || pl_key_is_private(key)));
    MUST(pl_verify(&genuine, a, key, PL_SLICE("data"), pl_buf_slice(&signature), PL_SIGNATURE_JOSE,
                   &wrong));
    pl_buf_fini(&signature);
    pl_buf_fini(&wrong);
}

static void write_and_read(const pl_key *key)
{
    pl_buf pem = {0}, again = {0}, wrong = {0};
    if (pl_key_put_pem(&pem, key)) {
        pl_key *copy = pl_key_read(pl_buf_slice(&pem), PL_KEY_SIGNS, &wrong);
        MUST(copy && pl_key_kind_of(copy) == pl_key_kind_of(key) && pl_key_put_pem(&again, copy));
        MUST(pl_slice_eq(pl_buf_slice(&pem), pl_buf_slice(&again)));
        pl_key_free(copy);
    }
    pl_buf_fini(&pem);
    pl_buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    pl_slice bytes = {(const char *)data + 1, size - 1};
    pl_buf pem = {0}, wrong = {0};
    if (*data >= 2) put_block(&pem, labels[(*data - 2) % 6], bytes);
    pl_slice text = *data >= 2 ? pl_buf_slice(&pem) : bytes;
    pl_key *key = pl_key_read(text, *data == 1 ? PL_KEY_SIGNS : PL_KEY_VERIFIES, &wrong);
    MUST((key == NULL) == (wrong.len > 0));
    if (key) {
        use(key);
        write_and_read(key);
    }
    pl_key_free(key);
    pl_buf_fini(&pem);
    pl_buf_fini(&wrong);
    return 0;
}
