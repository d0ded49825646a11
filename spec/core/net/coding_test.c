/* SPDX-License-Identifier: MIT
 *
 * Bodies that Python's gzip and zlib have packed (mtime=0), in hexadecimal. Each is undone whole,
 * cut in two at every point, and a byte at a time. */
#include "net/coding.h"

#include "base/err.h"
#include "base/json_bytes.h"
#include "test.h"

#define TEXT "{\"ok\":true}"
/* TEXT: gzip.compress, the same with a file name, zlib.compress, and
 * zlib.compressobj(9, zlib.DEFLATED, -15). */
#define GZIP "1f8b0800000000000203ab56cacf56b22a292a4dad0500905fd4a70b000000"
#define NAMED                                                          \
    "1f8b08080000000002ff616e737765722e6a736f6e00ab56cacf56b22a292a4d" \
    "ad0500905fd4a70b000000"
#define ZLIB "789cab56cacf56b22a292a4dad050016e30411"
#define RAW  "ab56cacf56b22a292a4dad0500"
/* '{"ok":' and 'true}', each by gzip.compress: two members. */
#define MEMBERS                                            \
    "1f8b0800000000000203ab56cacf56b20200c37c5f2d06000000" \
    "1f8b08000000000002032b292a4dad0500dde1426f05000000"
/* gzip.compress of GZIP, and of ZLIB; and of zlib.compress of GZIP. */
#define GZIP_OF_GZIP                                                 \
    "1f8b080000000000020393efe660000126e6d561a7ce876dd2d2d4f25dcbca" \
    "3021feca726ea03000203b81db1f000000"
#define GZIP_OF_ZLIB \
    "1f8b0800000000000203ab98b33aecd4f9b04d5a9a5abe6b5919c41eb30802003c0f2b1f13000000"

static const struct coding_case {
    const char *names, *hex;
    int rc;
    bool is_over;
} cases[] = {
    {"gzip", GZIP, 0, true},
    {"X-GZip", NAMED, 0, true},
    {"gzip", MEMBERS, 0, true},
    {"gzip", ZLIB, 0, true},
    {"deflate", ZLIB, 0, true},
    {"deflate", "7801010b00f4ff7b226f6b223a747275657d16e30411", 0, true}, /* level 0: stored */
    {"deflate", RAW, 0, true},
    {"deflate", RAW "16e30411", 0, true},
    {"gzip, gzip", GZIP_OF_GZIP, 0, true},
    {"deflate,\tgzip", GZIP_OF_ZLIB, 0, true},
    {"identity, , gzip", GZIP, 0, true},

    {"gzip", GZIP "1f", 0, false}, /* there may be another member */
    {"gzip", GZIP "0000", PL_E_PROTOCOL, false},
    {"gzip", GZIP ZLIB, PL_E_PROTOCOL, false},
    {"gzip", RAW, PL_E_PROTOCOL, false},
    {"gzip", "7468697320697320706c61696e", PL_E_PROTOCOL, false}, /* "this is plain" */
    {"gzip", "1f8b0800000000000203ab56cacf56b22a292a4dad0500905fd4a80b000000", PL_E_PROTOCOL,
     false}, /* the checksum */
    {"gzip", "1f8b0800000000000203ab56cacf56b22a292a4dad0500905fd4a70c000000", PL_E_PROTOCOL,
     false}, /* the length */
    {"deflate", GZIP, PL_E_PROTOCOL, false},
    {"deflate", ZLIB "00", PL_E_PROTOCOL, false},
    {"deflate", RAW "16e3041100", PL_E_PROTOCOL, false},
    {"deflate", "789cab56cacf56b22a292a4dad050016e30412", PL_E_PROTOCOL, false}, /* the checksum */
    {"deflate", "78bb070d01d4ab06932545a5a9b50016e30411", PL_E_PROTOCOL, false}, /* a dictionary */
    {"deflate, gzip", GZIP_OF_GZIP, PL_E_PROTOCOL, false},
};

#define FOR_EACH_CASE(c) \
    for (const struct coding_case *c = cases; c < cases + sizeof cases / sizeof *cases; c++)

static pl_buf of_hex(const char *hex)
{
    pl_buf bytes = {0};
    for (; hex[0] && hex[1]; hex += 2)
        pl_buf_put_char(&bytes, (char)(pl_hex_digit(hex[0]) << 4 | pl_hex_digit(hex[1])));
    return bytes;
}

static pl_coding *make(const char *names)
{
    bool is_known = false;
    pl_coding *c = pl_coding_new(pl_slice_of(names), &is_known);
    CHECK(c != NULL && is_known);
    return c;
}

/* Puts the first `first` bytes and then `step` at a time, from a guarded page. */
static int put_in_steps(pl_coding *c, pl_slice bytes, size_t first, size_t step, pl_buf *out,
                        size_t limit)
{
    int rc = 0;
    for (size_t len = first; bytes.len > 0 && rc == 0; len = step) {
        test_guarded g = test_guard((pl_slice){bytes.ptr, len < bytes.len ? len : bytes.len});
        rc = pl_coding_put(c, g.bytes, out, limit);
        test_unguard(&g);
        bytes = pl_slice_from(bytes, len);
    }
    return rc;
}

static void check_case(const struct coding_case *of, pl_slice bytes, size_t first, size_t step)
{
    pl_buf out = {0};
    pl_coding *c = make(of->names);
    CHECK_EQ_INT(put_in_steps(c, bytes, first, step, &out, 1000), of->rc);
    if (of->rc == 0) CHECK_EQ_SLICE(pl_buf_slice(&out), PL_SLICE(TEXT));
    if (of->rc == 0) CHECK(pl_coding_is_over(c) == of->is_over);
    pl_coding_free(c);
    pl_buf_fini(&out);
}

TEST(codings_are_undone_however_they_come)
{
    FOR_EACH_CASE(c)
    {
        pl_buf bytes = of_hex(c->hex);
        for (size_t first = 1; first <= bytes.len; first++)
            check_case(c, pl_buf_slice(&bytes), first, bytes.len);
        check_case(c, pl_buf_slice(&bytes), 1, 1);
        pl_buf_fini(&bytes);
    }
}

/* Behind the first member of two it could be over. */
TEST(a_body_that_is_cut_short_is_not_over)
{
    FOR_EACH_CASE(of)
    {
        if (!of->is_over) continue;
        pl_buf bytes = of_hex(of->hex), out = {0};
        size_t end = strcmp(of->hex, RAW "16e30411") == 0 ? strlen(RAW) / 2 : bytes.len;
        for (size_t len = 1; len < end; len++) {
            pl_coding *c = make(of->names);
            pl_buf_clear(&out);
            CHECK_EQ_INT(pl_coding_put(c, (pl_slice){bytes.ptr, len}, &out, 1000), 0);
            bool is_between = strcmp(of->hex, MEMBERS) == 0 && len == 26;
            CHECK(pl_coding_is_over(c) == is_between);
            pl_coding_free(c);
        }
        pl_buf_fini(&bytes);
        pl_buf_fini(&out);
    }
}

TEST(an_empty_body_stands_for_itself)
{
    pl_buf out = {0};
    pl_coding *c = make("gzip, deflate");
    CHECK_EQ_INT(pl_coding_put(c, PL_NO_SLICE, &out, 0), 0);
    CHECK(pl_coding_is_over(c));
    CHECK_EQ_INT(out.len, 0);
    pl_coding_free(c);
    pl_coding_free(NULL);
}

TEST(names_that_are_known)
{
    static const struct {
        const char *names;
        bool is_known, is_something;
    } lists[] = {
        {"", true, false},
        {"identity", true, false},
        {"Identity, ,identity", true, false},
        {"gzip", true, true},
        {"br", false, false},
        {"gzip, br", false, false},
        {"gzip;q=1", false, false},
        {"compress", false, false},
        {"gzip,gzip,gzip,gzip,deflate", true, true},
        {"gzip,gzip,gzip,gzip,deflate,gzip", false, false},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        bool is_known = !lists[i].is_known;
        pl_coding *c = pl_coding_new(pl_slice_of(lists[i].names), &is_known);
        CHECK(is_known == lists[i].is_known);
        CHECK((c != NULL) == lists[i].is_something);
        pl_coding_free(c);
    }
}

/* The limit is that of the buffer, in which something may stand already. */
TEST(the_limit_counts_what_comes_out)
{
    pl_buf bytes = of_hex(GZIP);
    for (size_t limit = 0; limit < 30; limit++) {
        pl_buf out = {0};
        pl_coding *c = make("gzip");
        PL_BUF_PUT(&out, "0123456789");
        size_t room = limit > 10 ? limit - 10 : 0;
        bool fits = room >= strlen(TEXT);
        CHECK_EQ_INT(pl_coding_put(c, pl_buf_slice(&bytes), &out, limit),
                     fits ? 0 : PL_E_TOO_LARGE);
        CHECK_EQ_INT(out.len, 10 + (fits ? strlen(TEXT) : room));
        pl_coding_free(c);
        pl_buf_fini(&out);
    }
    pl_buf_fini(&bytes);
}

/* gzip.compress(gzip.compress(bytes(1 << 24))): 16 MB of zeros in 153 bytes. */
#define BOMB                                                                           \
    "1f8b0800000000000203eddaad0dc2601486d1fe201a04e011740c0c82902050986ac21038441324" \
    "861548a866059882b00341a009a51f43209a73d4abaf7c7247fb2c0a92f4718de3669487cff99975" \
    "23000000a0e5cafb2e0d3120caebdb7c59000000006db7eef73abf28f05e0da7ce01000000ad574d" \
    "c67968018357bd99251e25000000e00f2ec5e2b83d3523fe020e73c8b6c83f0000"

TEST(a_bomb_takes_no_more_than_the_limit)
{
    const size_t limit = 100000;
    pl_buf bytes = of_hex(BOMB), out = {0};
    pl_coding *c = make("gzip, gzip");
    CHECK_EQ_INT(pl_coding_put(c, pl_buf_slice(&bytes), &out, limit), PL_E_TOO_LARGE);
    CHECK_EQ_INT(out.len, limit);
    CHECK(out.cap <= 2 * limit);
    pl_coding_free(c);
    pl_buf_clear(&out);
    c = make("gzip, gzip");
    CHECK_EQ_INT(pl_coding_put(c, pl_buf_slice(&bytes), &out, 1 << 24), 0);
    CHECK_EQ_INT(out.len, 1 << 24);
    CHECK(pl_coding_is_over(c));
    pl_coding_free(c);
    pl_buf_fini(&out);
    pl_buf_fini(&bytes);
}

/* gzip.compress(1000 * gzip.compress(b"")): a thousand members that give nothing. */
#define EMPTINESS                                                                      \
    "1f8b0800000000000203edc8b10d0020080030228b5f70304f13065f706ac756df5827339e72ce39" \
    "e79c73ce39e79c73ce39e79c73ce39e79c73ce39e79c73ce39e79c73ce39e79c73ce39e79c73ce39" \
    "e79c73ce39f7fd0607b7eec6204e0000"

TEST(what_passes_between_codings_is_limited_too)
{
    pl_buf bytes = of_hex(EMPTINESS), out = {0};
    pl_coding *c = make("gzip, gzip");
    CHECK_EQ_INT(pl_coding_put(c, pl_buf_slice(&bytes), &out, 5000), PL_E_TOO_LARGE);
    pl_coding_free(c);
    c = make("gzip, gzip");
    CHECK_EQ_INT(pl_coding_put(c, pl_buf_slice(&bytes), &out, 6000), 0);
    CHECK(pl_coding_is_over(c));
    CHECK_EQ_INT(out.len, 0);
    pl_coding_free(c);
    pl_buf_fini(&bytes);
}

int main(void)
{
    return RUN(CASE(codings_are_undone_however_they_come),
               CASE(a_body_that_is_cut_short_is_not_over), CASE(an_empty_body_stands_for_itself),
               CASE(names_that_are_known), CASE(the_limit_counts_what_comes_out),
               CASE(a_bomb_takes_no_more_than_the_limit),
               CASE(what_passes_between_codings_is_limited_too));
}
