/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include "test.h"

/* RFC 4648 section 10. */
TEST(base64_vectors_of_the_rfc)
{
    static const char *const vectors[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        pl_buf out;
        pl_buf_init(&out);
        pl_base64_encode(&out, pl_slice_of(vectors[i][0]));
        CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(vectors[i][1]));
        pl_buf_fini(&out);
    }
}

TEST(base64_of_high_bytes)
{
    pl_buf out;
    pl_buf_init(&out);
    pl_base64_encode(&out, PL_SLICE("\xfb\xff\xfe"));
    CHECK_EQ_SLICE(pl_buf_slice(&out), PL_SLICE("+//+"));
    pl_buf_fini(&out);
}

static void check_decode(int64_t (*decode)(pl_buf *out, pl_slice text), const char *text,
                         const char *wanted, int64_t wrong_at)
{
    pl_buf out;
    pl_buf_init(&out);
    test_guarded g = test_guard(pl_slice_of(text));
    CHECK_EQ_INT(decode(&out, g.bytes), wrong_at);
    CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(wanted));
    test_unguard(&g);
    pl_buf_fini(&out);
}

TEST(base64_is_read_in_either_alphabet)
{
    check_decode(pl_base64_decode, "Zm9vYmE=", "fooba", -1);
    check_decode(pl_base64_decode, "Zm9vYmE", "fooba", -1);
    check_decode(pl_base64_decode, "Zm9v\r\n Yg = =", "foob", -1);
    check_decode(pl_base64_decode, "+/+/", "\xfb\xff\xbf", -1);
    check_decode(pl_base64_decode, "-_-_", "\xfb\xff\xbf", -1);
    check_decode(pl_base64_decode, "", "", -1);
}

TEST(what_is_no_base64_is_found)
{
    check_decode(pl_base64_decode, "Zm9v*", "", 4);
    check_decode(pl_base64_decode, "Zm9vY", "", 5);
    check_decode(pl_base64_decode, "Zg=", "", 3);
    check_decode(pl_base64_decode, "Zg==Zg", "", 4);
    check_decode(pl_base64_decode, "Zg===", "", 4);
    check_decode(pl_base64_decode, "====", "", 0);
    check_decode(pl_base64_decode, "Zm9v\xc3", "", 4);
}

TEST(base64_of_urls_has_no_padding)
{
    pl_buf out;
    pl_buf_init(&out);
    pl_base64url_encode(&out, PL_SLICE("\xfb\xff\xfe\xff"));
    CHECK_EQ_SLICE(pl_buf_slice(&out), PL_SLICE("-__-_w"));
    pl_base64url_encode(&out, PL_SLICE(""));
    CHECK_EQ_SLICE(pl_buf_slice(&out), PL_SLICE("-__-_w"));
    pl_buf_fini(&out);
}

/* RFC 4648 section 10, BASE16. */
TEST(hexadecimal_goes_both_ways)
{
    pl_buf out;
    pl_buf_init(&out);
    pl_hex_encode(&out, PL_SLICE("foobar"));
    CHECK_EQ_SLICE(pl_buf_slice(&out), PL_SLICE("666f6f626172"));
    pl_buf_fini(&out);
    check_decode(pl_hex_decode, "666F6f626172", "foobar", -1);
    check_decode(pl_hex_decode, "66 6f", "", 2);
    check_decode(pl_hex_decode, "666", "", 3);
    check_decode(pl_hex_decode, "6g", "", 1);
    check_decode(pl_hex_decode, "66g", "", 2);
}

int main(void)
{
    return RUN(CASE(base64_vectors_of_the_rfc), CASE(base64_of_high_bytes),
               CASE(base64_is_read_in_either_alphabet), CASE(what_is_no_base64_is_found),
               CASE(base64_of_urls_has_no_padding), CASE(hexadecimal_goes_both_ways));
}
