/* SPDX-License-Identifier: MIT */
#include "crypto/macs.h"

#include "base/base64.h"

#include "test.h"

/* RFC 4231, test cases 1, 2 and 4 in SHA-256, and 2 in SHA-512; RFC 2202, case 2 of SHA-1. */
static const struct {
    const char *algorithm, *key, *data, *mac;
} vectors[] = {
    {"sha256", "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
     "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"sha256", "Jefe", "what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"sha512", "Jefe", "what do ya want for nothing?",
     "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e"
     "6fd"
     "caeab1a34d4a6b4b636e070a38bce737"},
    {"sha1", "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
};

/* What the table says of keys that forms have made. */
static int made_count, dropped_count;
static char last_made[64], last_dropped[64];

static void note_made(pl_slice key)
{
    made_count++;
    snprintf(last_made, sizeof last_made, "%.*s", PL_FMT(key));
}

static void note_dropped(pl_slice key)
{
    dropped_count++;
    snprintf(last_dropped, sizeof last_dropped, "%.*s", PL_FMT(key));
}

static void init(pl_macs *m)
{
    made_count = dropped_count = 0;
    pl_macs_init(m, note_made, note_dropped);
}

/* The MAC of one piece. */
static bool hmac(pl_macs *m, pl_slice algorithm, pl_slice key, pl_slice data, pl_hash *mac)
{
    return pl_macs_hmac(m, algorithm, &(pl_macs_key){.text = key}, &data, 1, mac);
}

static void check_vectors(pl_macs *m)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        pl_hash mac;
        pl_buf out = {0};
        CHECK(hmac(m, pl_slice_of(vectors[i].algorithm), pl_slice_of(vectors[i].key),
                   pl_slice_of(vectors[i].data), &mac));
        pl_hex_encode(&out, (pl_slice){mac.bytes, mac.len});
        CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(vectors[i].mac));
        pl_buf_fini(&out);
    }
}

TEST(a_key_signs_again_and_again)
{
    pl_macs m;
    init(&m);
    for (int i = 0; i < 3; i++)
        check_vectors(&m);
    pl_macs_fini(&m);
}

TEST(keys_give_way_to_others)
{
    pl_macs m;
    pl_hash mac;
    char key[32];
    init(&m);
    for (int i = 0; i < 3 * PL_MACS_SIZE; i++) {
        if (i % 5 == 0) check_vectors(&m);
        snprintf(key, sizeof key, "key %d", i);
        CHECK(hmac(&m, PL_SLICE("sha256"), pl_slice_of(key), PL_SLICE("x"), &mac));
    }
    check_vectors(&m);
    pl_macs_fini(&m);
}

TEST(what_cannot_be_kept_is_computed_all_the_same)
{
    static char long_key[131];
    pl_macs m;
    pl_hash mac;
    pl_buf out = {0};
    init(&m);
    memset(long_key, 0xaa, sizeof long_key); /* RFC 4231, test case 6 */
    CHECK(hmac(&m, PL_SLICE("sha256"), (pl_slice){long_key, sizeof long_key},
               PL_SLICE("Test Using Larger Than Block-Size Key - Hash Key First"), &mac));
    pl_hex_encode(&out, (pl_slice){mac.bytes, mac.len});
    CHECK_EQ_SLICE(pl_buf_slice(&out),
                   PL_SLICE("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
    CHECK(!hmac(&m, PL_SLICE("sha0"), PL_SLICE("k"), PL_SLICE("x"), &mac));
    CHECK(hmac(&m, PL_SLICE("sha256"), PL_NO_SLICE, PL_NO_SLICE, &mac));
    CHECK_EQ_INT(mac.len, 32);
    pl_buf_fini(&out);
    pl_macs_fini(&m);
}

/* RFC 4231, test case 2 of SHA-256, with a new key and with one that is kept. */
TEST(pieces_are_one_text)
{
    static const pl_slice pieces[] = {PL_SLICE_INIT("what do"), PL_SLICE_INIT(""),
                                      PL_SLICE_INIT(" ya want for nothing"), PL_SLICE_INIT("?")};
    pl_macs m;
    pl_hash mac;
    init(&m);
    for (int i = 0; i < 2; i++) {
        pl_buf out = {0};
        pl_macs_key key = {.text = PL_SLICE("Jefe")};
        CHECK(pl_macs_hmac(&m, PL_SLICE("sha256"), &key, pieces, 4, &mac));
        pl_hex_encode(&out, (pl_slice){mac.bytes, mac.len});
        CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(vectors[1].mac));
        pl_buf_fini(&out);
    }
    pl_macs_fini(&m);
}

/* Of every length around what is put together, against a MAC of them all in one. */
TEST(pieces_of_any_length_are_one_text)
{
    static const size_t lengths[] = {0, 1, 63, 64, 127, 128, 129, 300};
    static char bytes[300];
    enum { COUNT = sizeof lengths / sizeof lengths[0] };
    pl_macs m;
    pl_macs_key key = {.text = PL_SLICE("Jefe")};
    init(&m);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7);
    for (size_t i = 0; i < COUNT * COUNT * COUNT; i++) {
        const pl_slice pieces[] = {
            {bytes, lengths[i % COUNT]},
            {bytes + 1, lengths[i / COUNT % COUNT] ? lengths[i / COUNT % COUNT] - 1 : 0},
            {bytes, lengths[i / COUNT / COUNT]}};
        pl_buf all = {0};
        pl_hash mac, wanted;
        for (int k = 0; k < 3; k++)
            pl_buf_put_slice(&all, pieces[k]);
        CHECK(pl_macs_hmac(&m, PL_SLICE("sha256"), &key, pieces, 3, &mac));
        CHECK(pl_hash_hmac(PL_SLICE("sha256"), key.text, pl_buf_slice(&all), &wanted));
        CHECK(memcmp(mac.bytes, wanted.bytes, 32) == 0);
        pl_buf_fini(&all);
    }
    pl_macs_fini(&m);
}

/* "SmVmZQ==" is "Jefe" in base64, and "4a656665" in hex. */
static void check_form(pl_macs *m, const char *form, const char *text)
{
    static const pl_slice data = PL_SLICE_INIT("what do ya want for nothing?");
    pl_macs_key key = {pl_key_form_of(pl_slice_of(form)), pl_slice_of(text)};
    pl_hash mac;
    pl_buf out = {0};
    CHECK(pl_macs_hmac(m, PL_SLICE("sha256"), &key, &data, 1, &mac));
    pl_hex_encode(&out, (pl_slice){mac.bytes, mac.len});
    CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(vectors[1].mac));
    pl_buf_fini(&out);
}

TEST(a_form_makes_its_key_once_and_says_so)
{
    pl_macs m;
    init(&m);
    for (int i = 0; i < 3; i++)
        check_form(&m, "base64", "SmVmZQ==");
    CHECK_EQ_INT(made_count, 1);
    CHECK_EQ_STR(last_made, "Jefe");
    check_form(&m, "hex", "4a656665");
    check_form(&m, "whsec", "whsec_SmVmZQ==");
    CHECK_EQ_INT(made_count, 3);
    CHECK_EQ_INT(dropped_count, 0);
    pl_macs_fini(&m);
    CHECK_EQ_INT(dropped_count, 3);
    CHECK_EQ_STR(last_dropped, "Jefe");
}

TEST(the_same_text_in_another_form_is_another_key)
{
    static const pl_slice data = PL_SLICE_INIT("x");
    pl_macs m;
    pl_hash macs[3];
    pl_macs_key key = {.text = PL_SLICE("deadbeef")};
    init(&m);
    CHECK(pl_macs_hmac(&m, PL_SLICE("sha256"), &key, &data, 1, &macs[0]));
    key.form = pl_key_form_of(PL_SLICE("hex"));
    CHECK(pl_macs_hmac(&m, PL_SLICE("sha256"), &key, &data, 1, &macs[1]));
    key.form = pl_key_form_of(PL_SLICE("base64"));
    CHECK(pl_macs_hmac(&m, PL_SLICE("sha256"), &key, &data, 1, &macs[2]));
    CHECK(memcmp(macs[0].bytes, macs[1].bytes, 32) != 0);
    CHECK(memcmp(macs[1].bytes, macs[2].bytes, 32) != 0);
    pl_macs_fini(&m);
}

TEST(a_key_that_gives_way_is_let_go)
{
    pl_macs m;
    pl_hash mac;
    char key[32];
    init(&m);
    check_form(&m, "base64", "SmVmZQ==");
    for (int i = 0; i < PL_MACS_SIZE; i++) {
        snprintf(key, sizeof key, "key %d", i);
        CHECK(hmac(&m, PL_SLICE("sha256"), pl_slice_of(key), PL_SLICE("x"), &mac));
    }
    CHECK_EQ_INT(dropped_count, 1);
    pl_macs_fini(&m);
    CHECK_EQ_INT(dropped_count, 1);
}

TEST(a_text_that_is_not_of_its_form_is_no_key)
{
    static const pl_slice data = PL_SLICE_INIT("x");
    pl_macs m;
    pl_hash mac;
    pl_macs_key key = {pl_key_form_of(PL_SLICE("hex")), PL_SLICE("Jefe")};
    init(&m);
    CHECK(!pl_macs_hmac(&m, PL_SLICE("sha256"), &key, &data, 1, &mac));
    key.text = PL_SLICE("");
    CHECK(!pl_macs_hmac(&m, PL_SLICE("sha256"), &key, &data, 1, &mac));
    CHECK_EQ_INT(made_count, 0);
    check_vectors(&m);
    pl_macs_fini(&m);
    CHECK_EQ_INT(dropped_count, 0);
}

TEST(a_long_text_is_made_each_time)
{
    static char key_text[2 * 131 + 1]; /* RFC 4231, test case 6, in hex */
    static const pl_slice data =
        PL_SLICE_INIT("Test Using Larger Than Block-Size Key - Hash Key First");
    pl_macs m;
    pl_hash mac;
    pl_buf out = {0};
    memset(key_text, 'a', sizeof key_text - 1);
    pl_macs_key key = {pl_key_form_of(PL_SLICE("hex")), pl_slice_of(key_text)};
    init(&m);
    CHECK(pl_macs_hmac(&m, PL_SLICE("sha256"), &key, &data, 1, &mac));
    pl_hex_encode(&out, (pl_slice){mac.bytes, mac.len});
    CHECK_EQ_SLICE(pl_buf_slice(&out),
                   PL_SLICE("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
    CHECK_EQ_INT(made_count, 1);
    CHECK_EQ_INT(dropped_count, 1);
    pl_buf_fini(&out);
    pl_macs_fini(&m);
}

int main(void)
{
    return RUN(CASE(a_key_signs_again_and_again), CASE(keys_give_way_to_others),
               CASE(what_cannot_be_kept_is_computed_all_the_same), CASE(pieces_are_one_text),
               CASE(pieces_of_any_length_are_one_text), CASE(a_form_makes_its_key_once_and_says_so),
               CASE(the_same_text_in_another_form_is_another_key),
               CASE(a_key_that_gives_way_is_let_go), CASE(a_text_that_is_not_of_its_form_is_no_key),
               CASE(a_long_text_is_made_each_time));
}
