/* SPDX-License-Identifier: MIT */
#include "crypto/key.h"

#include "base/base64.h"

#include "keys.h"
#include "test.h"

/* RFC 8032 section 7.1, test 1 */
#define SEED "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define HALF "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

static void check_key(pl_key *key, pl_buf *wrong, enum pl_key_kind kind, bool is_private)
{
    CHECK_EQ_SLICE(pl_buf_slice(wrong), PL_SLICE(""));
    CHECK(key != NULL);
    if (key) {
        CHECK_EQ_INT(pl_key_kind_of(key), kind);
        CHECK_EQ_INT(pl_key_is_private(key), is_private);
    }
    pl_key_free(key);
    pl_buf_fini(wrong);
}

static void check_wrong(pl_key *key, pl_buf *wrong, const char *text)
{
    CHECK(key == NULL);
    CHECK_EQ_SLICE(pl_buf_slice(wrong), pl_slice_of(text));
    pl_key_free(key);
    pl_buf_fini(wrong);
}

TEST(pem_of_every_label_is_read)
{
    static const struct {
        const char *pem;
        enum pl_key_kind kind;
        bool is_private;
    } cases[] = {
        {RSA_PUBLIC, PL_KEY_RSA, false},
        {P256_PUBLIC, PL_KEY_P256, false},
        {P256_PRIVATE, PL_KEY_P256, true},
        {P256_SEC1, PL_KEY_P256, true},
        {P521_PUBLIC, PL_KEY_P521, false},
        {"a comment\n" P256_PUBLIC "and another\n" P521_PUBLIC, PL_KEY_P256, false},
        {"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" P256_SEC1,
         PL_KEY_P256, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pl_buf wrong = {0};
        test_guarded g = test_guard(pl_slice_of(cases[i].pem));
        check_key(pl_key_read(g.bytes, PL_KEY_SIGNS, &wrong), &wrong, cases[i].kind,
                  cases[i].is_private);
        test_unguard(&g);
    }
}

TEST(line_breaks_may_be_written_as_two_characters)
{
    pl_buf wrong = {0}, line = {0};
    for (const char *p = P256_PRIVATE; *p; p++)
        pl_buf_put(&line, *p == '\n' ? "\\n" : p, *p == '\n' ? 2 : 1);
    check_key(pl_key_read(pl_buf_slice(&line), PL_KEY_SIGNS, &wrong), &wrong, PL_KEY_P256, true);
    pl_buf_fini(&line);
}

TEST(what_is_no_key_says_what_was_expected)
{
#define EXPECTED \
    "expected a PEM text: PRIVATE KEY, RSA PRIVATE KEY, EC PRIVATE KEY, PUBLIC KEY, CERTIFICATE"
    static const char *const cases[][2] = {
        {"", EXPECTED "; or 32 or 64 bytes of Ed25519"},
        {"secret", EXPECTED "; or 32 or 64 bytes of Ed25519"},
        {"-----BEGIN ", EXPECTED "; it is damaged or cut off"},
        {"-----BEGIN PUBLIC KEY-----\nMFkw", EXPECTED "; it is damaged or cut off"},
        {"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
         EXPECTED "; there is only X509 CRL"},
        {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
         "the PUBLIC KEY cannot be read"},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
         "the CERTIFICATE cannot be read"},
        {RSA_1024, "the RSA key has 1024 bits; expected 2048 to 8192"},
        {SECP256K1, "the curve of the EC key is not P-256, P-384 or P-521"},
        {X25519, "the key is neither RSA nor EC nor Ed25519"},
        {P256_ENCRYPTED, "the ENCRYPTED PRIVATE KEY is encrypted; expected a passphrase for it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pl_buf wrong = {0};
        test_guarded g = test_guard(pl_slice_of(cases[i][0]));
        check_wrong(pl_key_read(g.bytes, PL_KEY_SIGNS, &wrong), &wrong, cases[i][1]);
        test_unguard(&g);
    }
}

TEST(a_pem_text_has_a_limit)
{
    pl_buf wrong = {0}, long_text = {0};
    for (int i = 0; i <= PL_KEY_MAX_PEM_BYTES; i++)
        pl_buf_put_char(&long_text, '\n');
    PL_BUF_PUT(&long_text, P256_PUBLIC);
    check_wrong(pl_key_read(pl_buf_slice(&long_text), PL_KEY_SIGNS, &wrong), &wrong,
                "the PEM text has more than 65536 bytes");
    pl_buf_fini(&long_text);
}

TEST(a_passphrase_opens_an_encrypted_key)
{
    pl_buf wrong = {0}, pem = {0};
    check_wrong(pl_key_read_pem(PL_SLICE(P256_ENCRYPTED), PL_SLICE("open barley"), &wrong), &wrong,
                "the ENCRYPTED PRIVATE KEY cannot be read with this passphrase");
    pl_key *key = pl_key_read_pem(PL_SLICE(P256_ENCRYPTED), PL_SLICE("open sesame"), &wrong);
    CHECK(key && pl_key_put_pem(&pem, key));
    CHECK_EQ_SLICE(pl_buf_slice(&pem), PL_SLICE(P256_PRIVATE));
    check_key(key, &wrong, PL_KEY_P256, true);
    pl_buf_fini(&pem);
}

TEST(plain_bytes_are_ed25519)
{
    pl_buf seed = {0}, pair = {0}, half = {0}, wrong = {0}, put = {0};
    pl_hex_decode(&seed, PL_SLICE(SEED));
    pl_hex_decode(&half, PL_SLICE(HALF));
    pl_hex_decode(&pair, PL_SLICE(SEED HALF));

    pl_key *key = pl_key_read(pl_buf_slice(&seed), PL_KEY_SIGNS, &wrong);
    pl_key_put_pair(&put, key);
    CHECK_EQ_SLICE(pl_buf_slice(&put), pl_buf_slice(&pair));
    check_key(key, &wrong, PL_KEY_ED25519, true);
    check_key(pl_key_read(pl_buf_slice(&pair), PL_KEY_SIGNS, &wrong), &wrong, PL_KEY_ED25519, true);
    check_key(pl_key_read(pl_buf_slice(&pair), PL_KEY_VERIFIES, &wrong), &wrong, PL_KEY_ED25519,
              true);
    check_key(pl_key_read(pl_buf_slice(&half), PL_KEY_VERIFIES, &wrong), &wrong, PL_KEY_ED25519,
              false);

    check_wrong(pl_key_read(PL_SLICE(HALF), PL_KEY_SIGNS, &wrong), &wrong,
                "the 64 bytes are not a seed of Ed25519 and the public key that belongs to it; a "
                "key in base64 or hexadecimal has to be decoded");
    pl_buf_fini(&seed);
    pl_buf_fini(&pair);
    pl_buf_fini(&half);
    pl_buf_fini(&put);
}

int main(void)
{
    return RUN(CASE(pem_of_every_label_is_read), CASE(line_breaks_may_be_written_as_two_characters),
               CASE(what_is_no_key_says_what_was_expected), CASE(a_pem_text_has_a_limit),
               CASE(a_passphrase_opens_an_encrypted_key), CASE(plain_bytes_are_ed25519));
}
