/* SPDX-License-Identifier: MIT
 *
 * The decoder alone; whole bodies behind a request are Markdown cases (spec/cases/http/chunked.md,
 * run by parse_test.c). */
#include "http/chunked.h"

#include "base/err.h"
#include "test.h"

static pl_chunked decoder;
static char room[256];
static size_t data_len, used;
static const char *reason;

static int decode(const char *text)
{
    size_t len = strlen(text);
    memcpy(room, text, len);
    reason = NULL;
    return pl_chunked_decode(&decoder, room, len, &data_len, &used, &reason);
}

static pl_slice data(void)
{
    return (pl_slice){room, data_len};
}

TEST(data_moves_to_the_front)
{
    pl_chunked_init(&decoder, 0);
    CHECK_EQ_INT(decode("4\r\nWiki\r\n6\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\n\r\nGET /"),
                 1);
    CHECK_EQ_SLICE(data(), PL_SLICE("Wikipedia in \r\n\r\nchunks."));
    CHECK_EQ_INT(used, 9 + 11 + 19 + 5);
    CHECK_EQ_STR(room + used - 1, "\nGET /");
}

TEST(a_body_comes_in_pieces)
{
    pl_chunked_init(&decoder, 0);
    CHECK_EQ_INT(decode("1"), 0);
    CHECK_EQ_INT(data_len, 0);
    CHECK_EQ_INT(decode("0\r\n0123456"), 0);
    CHECK_EQ_SLICE(data(), PL_SLICE("0123456"));
    CHECK_EQ_INT(decode("789abcdef\r"), 0);
    CHECK_EQ_SLICE(data(), PL_SLICE("789abcdef"));
    CHECK_EQ_INT(used, 10);
    CHECK_EQ_INT(decode("\n0\r\n\r\n"), 1);
    CHECK_EQ_INT(data_len, 0);
}

TEST(the_end_and_a_refusal_are_final)
{
    pl_chunked_init(&decoder, 0);
    CHECK_EQ_INT(decode("0\r\n\r\n"), 1);
    CHECK_EQ_INT(decode("5\r\nhello"), 1);
    CHECK_EQ_INT(used, 0);

    pl_chunked_init(&decoder, 0);
    CHECK_EQ_INT(decode("x"), PL_E_BAD_REQUEST);
    CHECK(reason != NULL);
    CHECK_EQ_INT(decode("0\r\n\r\n"), PL_E_BAD_REQUEST);
    CHECK(reason != NULL);
}

TEST(the_largest_size)
{
    pl_chunked_init(&decoder, 0);
    CHECK_EQ_INT(decode("ffffffffffffffff\r\nab"), 0);
    CHECK_EQ_SLICE(data(), PL_SLICE("ab"));
    CHECK(decoder.left == UINT64_MAX - 2);

    pl_chunked_init(&decoder, 0);
    CHECK_EQ_INT(decode("10000000000000000"), PL_E_BAD_REQUEST);
}

/* ";abc" is four bytes, whichever line they are on. */
TEST(extensions_and_trailers_share_an_allowance)
{
    pl_chunked_init(&decoder, 4);
    CHECK_EQ_INT(decode("1;abc\r\nA\r\n0\r\n\r\n"), 1);
    pl_chunked_init(&decoder, 4);
    CHECK_EQ_INT(decode("1;abcd"), PL_E_BAD_REQUEST);
    pl_chunked_init(&decoder, 4);
    CHECK_EQ_INT(decode("1;a\r\nA\r\n1;b\r\nB\r\n1;"), PL_E_BAD_REQUEST);
    pl_chunked_init(&decoder, 4);
    CHECK_EQ_INT(decode("1;a\r\nA\r\n0\r\nT:1"), PL_E_BAD_REQUEST);
    pl_chunked_init(&decoder, 0);
    CHECK_EQ_INT(decode("1 "), PL_E_BAD_REQUEST);
}

int main(void)
{
    return RUN(CASE(data_moves_to_the_front), CASE(a_body_comes_in_pieces),
               CASE(the_end_and_a_refusal_are_final), CASE(the_largest_size),
               CASE(extensions_and_trailers_share_an_allowance));
}
