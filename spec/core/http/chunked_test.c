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

/* What curl 7.88.1 takes of a server, or refuses, too. */
static const struct answer_case {
    const char *body;
    int rc; /* of the data "hello", if it is 1 */
} answers[] = {
    {"5\r\nhello\r\n0\r\n\r\n", 1},
    {"5 ; a = \"b;c\"\r\nhello\r\n0;d\r\n\r\n", 1},
    {"5 \r\nhello\r\n0\t \r\n\r\n", 1},
    {"5\nhello\n0\n\n", 1},
    {"5\r\nhello\n0\r\n\r\n", 1},
    {"5;a\nhello\r\n0 \n\r\n", 1},
    {"5\r\nhello\r\n0\r\n\n", 1},
    {"5\r\r\nhello\r\r\n0\r\r\n\r\n", 1},
    {"5;\x01\r\nhello\r\n0\r\n\r\n", 1},
    {"5\r\nhello\r\n0\r\nA: b\r\n c\r\nD : e\r\n\r\n", 1},
    {"5\nhello\n0\nA: b\nC: d\n\n", 1},
    {"5\r\nhello\r\n0\r\n: b\r\nA: \x01\r\n\r\n", 1},
    {"5\r\nhello\r\n0\r\n", 0},
    {"", 0},
    {"\n", PL_E_BAD_REQUEST},
    {"\r\n5\r\nhello\r\n0\r\n\r\n", PL_E_BAD_REQUEST},
    {" 5\r\nhello\r\n0\r\n\r\n", PL_E_BAD_REQUEST},
    {"0x5\r\nhello\r\n0\r\n\r\n", PL_E_BAD_REQUEST},
    {"5\r\nhello0\r\n\r\n", PL_E_BAD_REQUEST},
    {"5\r\nhello\r\n\r\n0\r\n\r\n", PL_E_BAD_REQUEST},
    {"5\r\nhello\r\n0\r\n\rX", PL_E_BAD_REQUEST},
};

/* Decodes it in pieces of `step` bytes. */
static void check_answer(const struct answer_case *c, size_t step)
{
    size_t at = 0, end = strlen(c->body), filled = 0;
    char whole[256];
    int rc = 0;
    pl_chunked_init_answer(&decoder, 256);
    for (size_t len; rc == 0 && at < end; at += used) {
        char piece[256] = {0};
        len = step < end - at ? step : end - at;
        memcpy(piece, c->body + at, len);
        rc = decode(piece);
        memcpy(whole + filled, room, data_len);
        filled += data_len;
    }
    CHECK_EQ_INT(rc, c->rc);
    if (rc != 1) return;
    CHECK_EQ_SLICE(((pl_slice){whole, filled}), PL_SLICE("hello"));
    CHECK_EQ_INT(at, end);
}

TEST(answers_may_have_lines_of_other_kinds)
{
    for (const struct answer_case *c = answers; c < answers + sizeof answers / sizeof *answers; c++)
        for (size_t step = 1; step <= strlen(c->body) + 1; step++)
            check_answer(c, step);
}

/* Whatever it is that could go on for ever. */
TEST(an_answer_of_nothing_but_extras_ends)
{
    static const struct {
        const char *start, *more;
    } endless[] = {{"5", " "},      {"5;", "a"},        {"5;", "\x01"}, {"0\r", "\r"},
                   {"0\n\r", "\r"}, {"1\r\nA\r", "\r"}, {"0\n", "a"},   {"0\n", "a\n"}};
    for (size_t i = 0; i < sizeof endless / sizeof endless[0]; i++) {
        int rc = 0, count = 0;
        pl_chunked_init_answer(&decoder, 100);
        CHECK_EQ_INT(decode(endless[i].start), 0);
        while (rc == 0 && count++ < 1000)
            rc = decode(endless[i].more);
        CHECK_EQ_INT(rc, PL_E_BAD_REQUEST);
        CHECK(count <= 101);
    }
}

int main(void)
{
    return RUN(CASE(data_moves_to_the_front), CASE(a_body_comes_in_pieces),
               CASE(the_end_and_a_refusal_are_final), CASE(the_largest_size),
               CASE(extensions_and_trailers_share_an_allowance),
               CASE(answers_may_have_lines_of_other_kinds),
               CASE(an_answer_of_nothing_but_extras_ends));
}
