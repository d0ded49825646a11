/* SPDX-License-Identifier: MIT */
#include "crypto/hash.h"

#include "base/base64.h"

#include "test.h"

static void check_bytes(const pl_hash *hash, const char *hexadecimal)
{
    pl_buf out = {0};
    pl_hex_encode(&out, (pl_slice){hash->bytes, hash->len});
    CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(hexadecimal));
    pl_buf_fini(&out);
}

/* FIPS 180-4's example "abc", RFC 1321's, FIPS 202's. */
TEST(hashes_of_abc)
{
    static const char *const vectors[][2] = {
        {"md5", "900150983cd24fb0d6963f7d28e17f72"},
        {"sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
        {"sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"sha384", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                   "8086072ba1e7cc2358baeca134c825a7"},
        {"sha512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                   "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
        {"sha3_256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        pl_hash hash;
        CHECK(pl_hash_of(pl_slice_of(vectors[i][0]), PL_SLICE("abc"), &hash));
        check_bytes(&hash, vectors[i][1]);
    }
}

/* RFC 4231, test cases 1, 2 and 6. */
TEST(hmac_vectors_of_the_rfc)
{
    char long_key[131];
    memset(long_key, 0xaa, sizeof long_key);
    const struct {
        pl_slice key, data;
        const char *mac;
    } vectors[] = {
        {PL_SLICE(
             "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"),
         PL_SLICE("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {PL_SLICE("Jefe"), PL_SLICE("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{long_key, sizeof long_key},
         PL_SLICE("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        pl_hash hash;
        CHECK(pl_hash_hmac(PL_SLICE("sha256"), vectors[i].key, vectors[i].data, &hash));
        check_bytes(&hash, vectors[i].mac);
    }
}

/* An empty key is a key of its own, not that of the call before; Python's hmac. */
TEST(hmac_of_nothing)
{
    pl_hash hash;
    CHECK(pl_hash_hmac(PL_SLICE("sha256"), PL_NO_SLICE, PL_NO_SLICE, &hash));
    check_bytes(&hash, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(unknown_algorithms_are_refused)
{
    pl_hash hash;
    CHECK(!pl_hash_of(PL_SLICE("SHA256"), PL_SLICE(""), &hash));
    CHECK(!pl_hash_hmac(PL_SLICE(""), PL_SLICE(""), PL_SLICE(""), &hash));
}

/* RFC 9562, appendix A.4. */
TEST(uuids_of_names)
{
    pl_uuid dns;
    char text[PL_UUID_TEXT + 1];
    CHECK(pl_uuid_parse(PL_SLICE("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), &dns));
    pl_uuid_format(pl_hash_uuid(dns, PL_SLICE("www.example.com")), text);
    CHECK_EQ_STR(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

int main(void)
{
    return RUN(CASE(hashes_of_abc), CASE(hmac_vectors_of_the_rfc), CASE(hmac_of_nothing),
               CASE(unknown_algorithms_are_refused), CASE(uuids_of_names));
}
