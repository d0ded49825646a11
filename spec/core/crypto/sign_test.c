/* SPDX-License-Identifier: MIT
 *
 * Against the examples of RFC 7515, 8032 and 8037; the other directions and algorithms, against the
 * openssl command, are in spec/unit/core_crypto_spec.lua. */
#include "crypto/sign.h"

#include "base/base64.h"

#include "keys.h"
#include "test.h"

#define CLAIMS                                                                  \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvb" \
    "S9pc19yb290Ijp0cnVlfQ"

static const pl_algorithm *algorithm(const char *name)
{
    return pl_algorithm_of(pl_slice_of(name));
}

static pl_buf of_base64(const char *text)
{
    pl_buf out = {0};
    CHECK_EQ_INT(pl_base64_decode(&out, pl_slice_of(text)), -1);
    return out;
}

static pl_buf of_hex(const char *text)
{
    pl_buf out = {0};
    CHECK_EQ_INT(pl_hex_decode(&out, pl_slice_of(text)), -1);
    return out;
}

static pl_key *read_key(pl_slice bytes, enum pl_key_use use)
{
    pl_buf wrong = {0};
    pl_key *key = pl_key_read(bytes, use, &wrong);
    CHECK_EQ_SLICE(pl_buf_slice(&wrong), PL_SLICE(""));
    pl_buf_fini(&wrong);
    return key;
}

/* On a guard page, since lengths are what a stranger chooses. */
static bool is_genuine(const char *name, const pl_key *key, pl_slice data, pl_slice signature)
{
    bool genuine = true;
    pl_buf wrong = {0};
    test_guarded g = test_guard(signature);
    CHECK(pl_verify(&genuine, algorithm(name), key, data, g.bytes, PL_SIGNATURE_JOSE, &wrong));
    test_unguard(&g);
    pl_buf_fini(&wrong);
    return genuine;
}

/* Any bit that is turned and any byte that is missing or too many makes it another's. */
static void check_damaged(const char *name, const pl_key *key, pl_slice data, pl_buf *signature)
{
    size_t len = signature->len;
    for (size_t i = 0; i < len; i += 7) {
        signature->ptr[i] ^= 0x10;
        CHECK(!is_genuine(name, key, data, pl_buf_slice(signature)));
        signature->ptr[i] ^= 0x10;
    }
    for (size_t short_len = 0; short_len < len; short_len += 5)
        CHECK(!is_genuine(name, key, data, (pl_slice){signature->ptr, short_len}));
    pl_buf_put_char(signature, 0);
    CHECK(!is_genuine(name, key, data, pl_buf_slice(signature)));
    signature->len = len;
}

TEST(signatures_of_the_rfc_are_genuine)
{
    static const struct {
        const char *algorithm, *pem, *data, *signature;
    } cases[] = {
        {"RS256", RSA_PUBLIC, "eyJhbGciOiJSUzI1NiJ9." CLAIMS,
         "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W"
         "2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkS"
         "jtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnv"
         "Wh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"},
        {"ES256", P256_PUBLIC, "eyJhbGciOiJFUzI1NiJ9." CLAIMS,
         "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
        {"ES512", P521_PUBLIC, "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA",
         "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7Xdt"
         "AG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_"
         "Jn"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pl_key *key = read_key(pl_slice_of(cases[i].pem), PL_KEY_VERIFIES);
        pl_buf signature = of_base64(cases[i].signature);
        pl_slice data = pl_slice_of(cases[i].data);
        CHECK(is_genuine(cases[i].algorithm, key, data, pl_buf_slice(&signature)));
        CHECK(!is_genuine(cases[i].algorithm, key, PL_SLICE("e"), pl_buf_slice(&signature)));
        check_damaged(cases[i].algorithm, key, data, &signature);
        pl_buf_fini(&signature);
        pl_key_free(key);
    }
}

/* RFC 8032 section 7.1, tests 1 to 3; RFC 8037 appendix A.4 with the key of test 1. */
TEST(ed25519_signs_as_the_rfc_does)
{
    static const char *const cases[][4] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "cf9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7609"
         "84dc6594a7c15e9716ed28dc027beceea1ec40a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pl_buf seed = of_hex(cases[i][0]), half = of_hex(cases[i][1]), data = of_hex(cases[i][2]),
               wanted = of_hex(cases[i][3]), out = {0};
        pl_key *ours = read_key(pl_buf_slice(&seed), PL_KEY_SIGNS),
               *theirs = read_key(pl_buf_slice(&half), PL_KEY_VERIFIES);
        CHECK(pl_sign(&out, algorithm("EdDSA"), ours, pl_buf_slice(&data), PL_SIGNATURE_JOSE));
        CHECK_EQ_SLICE(pl_buf_slice(&out), pl_buf_slice(&wanted));
        CHECK(is_genuine("EdDSA", theirs, pl_buf_slice(&data), pl_buf_slice(&wanted)));
        check_damaged("EdDSA", theirs, pl_buf_slice(&data), &wanted);
        pl_key_free(ours);
        pl_key_free(theirs);
        pl_buf *all[] = {&seed, &half, &data, &wanted, &out};
        for (size_t n = 0; n < sizeof all / sizeof *all; n++)
            pl_buf_fini(all[n]);
    }
}

TEST(ed25519_in_jose)
{
    pl_buf seed = of_base64("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"), out = {0}, text = {0};
    pl_key *key = read_key(pl_buf_slice(&seed), PL_KEY_SIGNS);
    pl_slice data = PL_SLICE("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
    CHECK(pl_sign(&out, algorithm("EdDSA"), key, data, PL_SIGNATURE_JOSE));
    pl_base64url_encode(&text, pl_buf_slice(&out));
    CHECK_EQ_SLICE(pl_buf_slice(&text), PL_SLICE("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhij"
                                                 "cNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"));
    pl_key_free(key);
    pl_buf_fini(&seed);
    pl_buf_fini(&out);
    pl_buf_fini(&text);
}

TEST(ecdsa_has_two_forms)
{
    bool genuine;
    pl_buf jose = {0}, der = {0}, wrong = {0};
    pl_key *ours = read_key(PL_SLICE(P256_PRIVATE), PL_KEY_SIGNS);
    pl_key *theirs = read_key(PL_SLICE(P256_PUBLIC), PL_KEY_VERIFIES);
    CHECK(pl_sign(&jose, algorithm("ES256"), ours, PL_SLICE("data"), PL_SIGNATURE_JOSE));
    CHECK(pl_sign(&der, algorithm("ES256"), ours, PL_SLICE("data"), PL_SIGNATURE_DER));
    CHECK_EQ_INT(jose.len, 64);
    CHECK_EQ_INT(der.ptr[0], 0x30);
    CHECK(is_genuine("ES256", theirs, PL_SLICE("data"), pl_buf_slice(&jose)));
    CHECK(!is_genuine("ES256", theirs, PL_SLICE("data"), pl_buf_slice(&der)));
    CHECK(pl_verify(&genuine, algorithm("ES256"), theirs, PL_SLICE("data"), pl_buf_slice(&der),
                    PL_SIGNATURE_DER, &wrong));
    CHECK(genuine);
    CHECK(pl_verify(&genuine, algorithm("ES256"), theirs, PL_SLICE("data"), pl_buf_slice(&jose),
                    PL_SIGNATURE_DER, &wrong));
    CHECK(!genuine);
    pl_key_free(ours);
    pl_key_free(theirs);
    pl_buf_fini(&jose);
    pl_buf_fini(&der);
}

/* CVE-2022-21449: r = s = 0 is nobody's signature. */
TEST(a_signature_of_zeros_is_refused)
{
    char zeros[64] = {0};
    pl_key *key = read_key(PL_SLICE(P256_PUBLIC), PL_KEY_VERIFIES);
    CHECK(!is_genuine("ES256", key, PL_SLICE("data"), (pl_slice){zeros, sizeof zeros}));
    pl_key_free(key);
}

TEST(a_key_of_another_kind_is_refused)
{
    bool genuine = true;
    pl_buf out = {0};
    pl_key *key = read_key(PL_SLICE(P256_PRIVATE), PL_KEY_SIGNS);
    pl_key *half = read_key(PL_SLICE(P256_PUBLIC), PL_KEY_SIGNS);
    CHECK(!pl_sign(&out, algorithm("RS256"), key, PL_SLICE("data"), PL_SIGNATURE_JOSE));
    CHECK_EQ_SLICE(pl_buf_slice(&out),
                   PL_SLICE("RS256 takes an RSA key; this is an EC key of P-256"));
    pl_buf_clear(&out);
    CHECK(!pl_verify(&genuine, algorithm("ES384"), key, PL_SLICE("data"), PL_SLICE("x"),
                     PL_SIGNATURE_JOSE, &out));
    CHECK(!genuine);
    CHECK_EQ_SLICE(pl_buf_slice(&out),
                   PL_SLICE("ES384 takes an EC key of P-384; this is an EC key of P-256"));
    pl_buf_clear(&out);
    CHECK(!pl_sign(&out, algorithm("ES256"), half, PL_SLICE("data"), PL_SIGNATURE_JOSE));
    CHECK_EQ_SLICE(pl_buf_slice(&out),
                   PL_SLICE("ES256 signs with a private key; this one is public"));
    pl_key_free(key);
    pl_key_free(half);
    pl_buf_fini(&out);
}

/* RFC 7515, appendix A.1. */
TEST(shared_keys_sign_as_the_rfc_does)
{
    bool genuine;
    pl_slice data = PL_SLICE("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." CLAIMS);
    pl_buf key = of_base64(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
    pl_buf wanted = of_base64("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), out = {0},
           wrong = {0};
    const pl_algorithm *hs256 = algorithm("HS256");
    CHECK(pl_sign_shared(&out, hs256, pl_buf_slice(&key), data));
    CHECK_EQ_SLICE(pl_buf_slice(&out), pl_buf_slice(&wanted));
    for (size_t len = 0; len <= wanted.len; len++) {
        pl_slice given = {wanted.ptr, len};
        CHECK(pl_verify_shared(&genuine, hs256, pl_buf_slice(&key), data, given, &wrong));
        CHECK_EQ_INT(genuine, len == wanted.len);
    }
    CHECK(!pl_verify_shared(&genuine, hs256, PL_SLICE(P256_PUBLIC), data, pl_buf_slice(&wanted),
                            &wrong));
    CHECK(!genuine);
    CHECK_EQ_SLICE(pl_buf_slice(&wrong),
                   PL_SLICE("the key of HS256 is a PEM text; expected a secret that both share"));
    pl_buf_clear(&out);
    CHECK(!pl_sign_shared(&out, hs256, PL_NO_SLICE, data));
    CHECK_EQ_SLICE(pl_buf_slice(&out), PL_SLICE("the key of HS256 is empty"));
    pl_buf_fini(&key);
    pl_buf_fini(&wanted);
    pl_buf_fini(&out);
    pl_buf_fini(&wrong);
}

TEST(names_are_those_of_jose)
{
    CHECK(algorithm("none") == NULL);
    CHECK(algorithm("rs256") == NULL);
    CHECK(algorithm("") == NULL);
    CHECK(pl_algorithm_is_shared(algorithm("HS512")) &&
          !pl_algorithm_is_shared(algorithm("PS256")));
    CHECK(pl_algorithm_is_ecdsa(algorithm("ES384")) && !pl_algorithm_is_ecdsa(algorithm("EdDSA")));
    pl_slice names = PL_SLICE(PL_SIGN_NAMES);
    for (size_t at = 0; at < names.len;) {
        const char *comma = memchr(names.ptr + at, ',', names.len - at);
        size_t len = comma ? (size_t)(comma - names.ptr) - at : names.len - at;
        CHECK(pl_algorithm_of((pl_slice){names.ptr + at, len}) != NULL);
        at += len + 2;
    }
}

int main(void)
{
    return RUN(CASE(signatures_of_the_rfc_are_genuine), CASE(ed25519_signs_as_the_rfc_does),
               CASE(ed25519_in_jose), CASE(ecdsa_has_two_forms),
               CASE(a_signature_of_zeros_is_refused), CASE(a_key_of_another_kind_is_refused),
               CASE(shared_keys_sign_as_the_rfc_does), CASE(names_are_those_of_jose));
}
