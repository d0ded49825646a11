/* SPDX-License-Identifier: MIT
 *
 * Heads of answers and what a client has to make of them. Each is read whole, cut in two at every
 * point, and a byte at a time, in a copy that ends on a guard page; and once with
 * more bytes behind it. */
#include "http/answer.h"

#include "base/buf.h"
#include "base/err.h"
#include "test.h"

struct answer_case {
    pl_slice head;
    const char *means; /* as `describe` puts it, or why it is refused */
    bool is_head;
};

#define OK "HTTP/1.1 200 OK\r\n"
/* clang-format off */
#define TO_GET(head, means) {PL_SLICE_INIT(head), means, false}
#define TO_HEAD(head, means) {PL_SLICE_INIT(head), means, true}
/* clang-format on */

static const struct answer_case cases[] = {
    /* the status line */
    TO_GET("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "1.1 200 0 kept Content-Length=0"),
    TO_GET("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "1.1 200 0 kept Content-Length=0"),
    TO_GET("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "1.1 200 0 kept Content-Length=0"),
    TO_GET("HTTP/1.1  200  OK\r\nContent-Length: 0\r\n\r\n", "1.1 200 0 kept Content-Length=0"),
    TO_GET("HTTP/1.1 200\xc3\xa4\r\nContent-Length: 0\r\n\r\n", "1.1 200 0 kept Content-Length=0"),
    TO_GET("HTTP/1.1 999 ?\r\nContent-Length: 0\r\n\r\n", "1.1 999 0 kept Content-Length=0"),
    TO_GET("HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n", "1.2 200 0 kept Content-Length=0"),
    TO_GET("HTTP/1.1 200 OK\r\n\r\n", "1.1 200 rest closed"),
    TO_GET("HTTP/1.1 099 ?\r\n\r\n", "the answer's status is not of three digits"),
    TO_GET("HTTP/1.1 20 OK\r\n\r\n", "the answer's status is not of three digits"),
    TO_GET("HTTP/1.1 2000 OK\r\n\r\n", "the answer's status is not of three digits"),
    TO_GET("HTTP/1.1 OK\r\n\r\n", "the answer's status is not of three digits"),
    TO_GET("HTTP/1.1 \r\n\r\n", "the answer's status is not of three digits"),
    TO_GET("HTTP/1.1 -20 OK\r\n\r\n", "the answer's status is not of three digits"),
    TO_GET("HTTP/1.1\r\n\r\n", "what came is no HTTP/1 answer"),
    TO_GET("HTTP/1.1\t200 OK\r\n\r\n", "what came is no HTTP/1 answer"),
    TO_GET("HTTP/1.10 200 OK\r\n\r\n", "what came is no HTTP/1 answer"),
    TO_GET("HTTP/2 200\r\n\r\n", "the answer is in another version of HTTP than HTTP/1"),
    TO_GET("HTTP/2.0 200 OK\r\n\r\n", "the answer is in another version of HTTP than HTTP/1"),
    TO_GET("HTTP/0.9 200 OK\r\n\r\n", "the answer is in another version of HTTP than HTTP/1"),
    TO_GET("http/1.1 200 OK\r\n\r\n", "what came is no HTTP/1 answer"),
    TO_GET("<html>", "what came is no HTTP/1 answer"),
    TO_GET("\r\nHTTP/1.1 200 OK\r\n\r\n", "what came is no HTTP/1 answer"),
    TO_GET("HTTPS", "what came is no HTTP/1 answer"),
    TO_GET("HTTP/1.1 2", "partial"),

    /* which answers have a body, and where it ends */
    TO_GET(OK "Content-Length: 5\r\n\r\n", "1.1 200 5 kept Content-Length=5"),
    TO_GET(OK "content-LENGTH:5\r\n\r\n", "1.1 200 5 kept content-LENGTH=5"),
    TO_GET(OK "Content-Length : 5\r\n\r\n", "1.1 200 5 kept Content-Length=5"),
    TO_HEAD(OK "Content-Length: 5\r\n\r\n", "1.1 200 none kept Content-Length=5"),
    TO_HEAD(OK "Transfer-Encoding: chunked\r\n\r\n", "1.1 200 none kept Transfer-Encoding=chunked"),
    TO_HEAD(OK "\r\n", "1.1 200 none kept"),
    TO_GET("HTTP/1.1 204 No Content\r\n\r\n", "1.1 204 none kept"),
    TO_GET("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
           "1.1 204 none kept Content-Length=0"),
    TO_GET("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
           "1.1 204 none closed Content-Length=5"),
    TO_GET("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
           "1.1 204 none closed Transfer-Encoding=chunked"),
    TO_GET("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
           "1.1 304 none kept Content-Length=5"),
    TO_GET("HTTP/1.1 304 Not Modified\r\nContent-Length: five\r\nTransfer-Encoding: gzip\r\n\r\n",
           "1.1 304 none kept Content-Length=five Transfer-Encoding=gzip"),
    TO_GET("HTTP/1.1 100 Continue\r\n\r\n", "1.1 100 none kept"),
    TO_GET("HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
           "1.1 103 none kept Link=</a>; rel=preload"),
    TO_GET("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
           "1.1 101 none kept Connection=upgrade Upgrade=x"),
    TO_GET(OK "Transfer-Encoding: chunked\r\n\r\n",
           "1.1 200 chunked kept Transfer-Encoding=chunked"),
    TO_GET(OK "Transfer-Encoding: Chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
           "1.1 200 chunked kept Transfer-Encoding=Chunked Transfer-Encoding=chunked"),
    TO_GET(OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
           "1.1 200 chunked closed Transfer-Encoding=chunked Content-Length=5"),
    TO_GET(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
           "1.1 200 chunked closed Content-Length=5 Transfer-Encoding=chunked"),
    TO_GET("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
           "1.0 200 chunked closed Connection=keep-alive Transfer-Encoding=chunked"),
    TO_GET(OK "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n",
           "1.1 200 rest closed Transfer-Encoding=identity Content-Length=5"),
    TO_GET(OK "Transfer-Encoding: gzip, chunked\r\n\r\n",
           "the answer has a Transfer-Encoding that is not known here"),
    TO_GET(OK "Transfer-Encoding: gzip\r\n\r\n",
           "the answer has a Transfer-Encoding that is not known here"),
    TO_GET(OK "Transfer-Encoding: chunked;q=1\r\n\r\n",
           "the answer has a Transfer-Encoding that is not known here"),

    /* lengths */
    TO_GET(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
           "1.1 200 5 kept Content-Length=5 Content-Length=5"),
    TO_GET(OK "Content-Length: 5, 5\r\n\r\n", "1.1 200 5 kept Content-Length=5, 5"),
    TO_GET(OK "Content-Length: 5,,05\r\n\r\n", "1.1 200 5 kept Content-Length=5,,05"),
    TO_GET(OK "Content-Length: 18446744073709551615\r\n\r\n",
           "1.1 200 18446744073709551615 kept Content-Length=18446744073709551615"),
    TO_GET(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
           "the answer has two lengths (Content-Length) that differ"),
    TO_GET(OK "Content-Length: 5, 6\r\n\r\n",
           "the answer has two lengths (Content-Length) that differ"),
    TO_GET(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n",
           "the answer has two lengths (Content-Length) that differ"),
    TO_GET(OK "Content-Length: 18446744073709551616\r\n\r\n",
           "the answer's Content-Length is too large a number"),
    TO_GET(OK "Content-Length:\r\n\r\n", "the answer's Content-Length is not a number"),
    TO_GET(OK "Content-Length: ,\r\n\r\n", "the answer's Content-Length is not a number"),
    TO_GET(OK "Content-Length: -5\r\n\r\n", "the answer's Content-Length is not a number"),
    TO_GET(OK "Content-Length: +5\r\n\r\n", "the answer's Content-Length is not a number"),
    TO_GET(OK "Content-Length: 5 6\r\n\r\n", "the answer's Content-Length is not a number"),
    TO_GET(OK "Content-Length: 0x5\r\n\r\n", "the answer's Content-Length is not a number"),

    /* is the connection kept */
    TO_GET(OK "Content-Length: 0\r\nConnection: close\r\n\r\n",
           "1.1 200 0 closed Content-Length=0 Connection=close"),
    TO_GET(OK "Content-Length: 0\r\nConnection: x,\tClose ,keep-alive\r\n\r\n",
           "1.1 200 0 closed Content-Length=0 Connection=x,\tClose ,keep-alive"),
    TO_GET(OK "Content-Length: 0\r\nConnection: closed\r\n\r\n",
           "1.1 200 0 kept Content-Length=0 Connection=closed"),
    TO_GET("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "1.0 200 0 closed Content-Length=0"),
    TO_GET("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n",
           "1.0 200 0 kept Content-Length=0 Connection=Keep-Alive"),
    TO_GET("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n",
           "1.0 200 rest closed Connection=keep-alive"),
    TO_GET("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n"
           "Connection: keep-alive\r\n\r\n",
           "1.0 200 0 closed Content-Length=0 Connection=close Connection=keep-alive"),

    /* how lines end and go on */
    TO_GET("HTTP/1.1 200 OK\nContent-Length: 5\n\n", "1.1 200 5 kept Content-Length=5"),
    TO_GET("HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\n", "1.1 200 5 kept Content-Length=5"),
    TO_GET("HTTP/1.1 200 OK\nContent-Length: 5\r\n\n", "1.1 200 5 kept Content-Length=5"),
    TO_GET("HTTP/1.1 200 OK\r\r\nContent-Length: 5\r\r\n\r\r\n", "1.1 200 5 kept Content-Length=5"),
    TO_GET("HTTP/1.1 200\n\n", "1.1 200 rest closed"),
    TO_GET(OK "A: b\rc\r\n\r\n", "1.1 200 rest closed A=b c"),
    TO_GET(OK "A: b\r\n c\r\n\r\n", "1.1 200 rest closed A=b c"),
    TO_GET(OK "A: b \r\n\t c \r\n  d\r\nE: f\r\n\r\n", "1.1 200 rest closed A=b c d E=f"),
    TO_GET(OK "A: b\n c\n \n\td\nE: f\n\n", "1.1 200 rest closed A=b c d E=f"),
    TO_GET(OK "A:\r\n b\r\n\r\n", "1.1 200 rest closed A=b"),
    TO_GET(OK "A:\r\n \r\n\r\n", "1.1 200 rest closed A="),
    TO_GET(OK "A: b\r\n c: d\r\n\r\n", "1.1 200 rest closed A=b c: d"),
    TO_GET(OK "Content-Length: \r\n 5\r\n\r\n", "1.1 200 5 kept Content-Length=5"),
    TO_GET(OK "A: b\r\n Content-Length: 5\r\n\r\n", "1.1 200 rest closed A=b Content-Length: 5"),
    TO_GET(OK " A: b\r\n\tc\r\nD: e\r\n\r\n", "1.1 200 rest closed D=e"),
    TO_GET(OK " A: b\r\n\r\n", "1.1 200 rest closed"),
    TO_GET(OK "A: b\r\nnothing\r\nC: d\r\n\r\n", "1.1 200 rest closed A=b C=d"),
    TO_GET(OK "A: b\r\n: c\r\n\r\n", "1.1 200 rest closed A=b"),
    TO_GET(OK "A b: c\r\n\r\n", "1.1 200 rest closed A b=c"),
    TO_GET(OK "A:: \xff\r\n\r\n", "1.1 200 rest closed A=: \xff"),
    TO_GET(OK "A: b\0c\r\n\r\n", "there is a NUL byte in the answer's head"),
    TO_GET("HTTP/1.1 200 O\0K\r\n\r\n", "there is a NUL byte in the answer's head"),
    TO_GET(OK "A: b\r\n", "partial"),
    TO_GET(OK "A: b\r\n\r", "partial"),

    /* codings */
    TO_GET(OK "Content-Length: 5\r\nContent-Encoding: gzip\r\n\r\n",
           "1.1 200 5 kept [gzip] Content-Length=5 Content-Encoding=gzip"),
    TO_GET(OK "Content-Length: 5\r\nContent-Encoding: deflate, gzip\r\n\r\n",
           "1.1 200 5 kept [deflate, gzip] Content-Length=5 Content-Encoding=deflate, gzip"),
    TO_GET(OK "Content-Length: 5\r\nContent-Encoding:\r\n\r\n",
           "1.1 200 5 kept Content-Length=5 Content-Encoding="),
    TO_GET(OK "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n",
           "the answer has more than one Content-Encoding"),
    TO_HEAD(OK "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n",
            "1.1 200 none kept [gzip] Content-Encoding=gzip Content-Encoding=gzip"),
};

static void describe(pl_buf *out, const pl_http_answer *a)
{
    static const char *const kinds[] = {"none", "", "chunked", "rest"};
    pl_slice rest = a->fields;
    pl_header field;
    pl_buf_printf(out, "1.%d %d %s", a->minor, a->status, kinds[a->body]);
    if (a->body == PL_BODY_LENGTH) pl_buf_printf(out, "%" PRIu64, a->content_length);
    pl_buf_printf(out, a->keep_alive ? " kept" : " closed");
    if (a->coding.len) pl_buf_printf(out, " [%.*s]", PL_FMT(a->coding));
    while (pl_http_answer_next(&rest, &field))
        pl_buf_printf(out, " %.*s=%.*s", PL_FMT(field.name), PL_FMT(field.value));
}

/* Reads what has come when it grows by `step` bytes at a time behind the first `first`. */
static int64_t read_in_steps(const struct answer_case *c, size_t first, size_t step, pl_buf *out)
{
    test_guarded copy = test_guard(c->head);
    char *bytes = (char *)copy.map + (copy.bytes.ptr - (const char *)copy.map);
    pl_http_answer answer;
    const char *reason = NULL;
    int64_t n = PL_HTTP_PARTIAL;
    size_t seen = 0;
    for (size_t len = first; n == PL_HTTP_PARTIAL && seen < copy.bytes.len; len += step) {
        if (len > copy.bytes.len) len = copy.bytes.len;
        /* what is still to come is not there: the bytes end at the guard page */
        char *at = bytes + copy.bytes.len - len;
        memmove(at, c->head.ptr, len);
        n = pl_http_answer_parse(at, len, seen, c->is_head, &answer, &reason);
        CHECK(n != PL_HTTP_PARTIAL || memcmp(at, c->head.ptr, len) == 0);
        seen = len;
    }
    if (n > 0)
        describe(out, &answer);
    else
        pl_buf_printf(out, "%s", n == PL_HTTP_PARTIAL ? "partial" : reason);
    test_unguard(&copy);
    return n;
}

static void check_case(const struct answer_case *c, size_t first, size_t step, int64_t wanted)
{
    pl_buf out = {0};
    int64_t n = read_in_steps(c, first, step, &out);
    CHECK_EQ_INT(n < 0 ? PL_E_PROTOCOL : n, n);
    CHECK_EQ_INT(n, wanted);
    CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(c->means));
    pl_buf_fini(&out);
}

static int64_t result_of(const struct answer_case *c)
{
    if (strncmp(c->means, "1.", 2) == 0) return (int64_t)c->head.len;
    return strcmp(c->means, "partial") == 0 ? PL_HTTP_PARTIAL : PL_E_PROTOCOL;
}

#define FOR_EACH_CASE(c) \
    for (const struct answer_case *c = cases; c < cases + sizeof cases / sizeof *cases; c++)

TEST(answers_mean_what_they_say)
{
    FOR_EACH_CASE(c) check_case(c, c->head.len, 1, result_of(c));
}

TEST(answers_may_come_in_pieces)
{
    FOR_EACH_CASE(c)
    {
        check_case(c, 1, 1, result_of(c));
        for (size_t first = 1; first < c->head.len; first++)
            check_case(c, first, c->head.len - first, result_of(c));
    }
}

/* Whatever it is: "\n" would be an end, NUL is refused in heads. */
TEST(what_follows_an_answer_does_not_matter)
{
    pl_buf bytes = {0};
    FOR_EACH_CASE(c)
    {
        if (result_of(c) <= 0) continue;
        pl_buf_clear(&bytes);
        pl_buf_put_slice(&bytes, c->head);
        PL_BUF_PUT(&bytes, "\n \0HTTP\r\n\r\n");
        struct answer_case longer = {pl_buf_slice(&bytes), c->means, c->is_head};
        check_case(&longer, bytes.len, 1, result_of(c));
    }
    pl_buf_fini(&bytes);
}

/* The earliest moment: nobody waits for the end of something that is no answer. */
TEST(nonsense_is_refused_at_its_first_byte)
{
    static const struct {
        const char *bytes;
        size_t good; /* so many are a prefix of an answer */
    } early[] = {{"SSH-2.0", 0}, {"H2", 1}, {"HTTP/2", 5}, {"HTTP/1,", 6}, {"HTTP/1.1\r", 8}};
    for (size_t i = 0; i < sizeof early / sizeof early[0]; i++) {
        char copy[16];
        pl_http_answer a;
        const char *reason = NULL;
        strcpy(copy, early[i].bytes);
        CHECK_EQ_INT(pl_http_answer_parse(copy, early[i].good, 0, false, &a, &reason),
                     PL_HTTP_PARTIAL);
        CHECK_EQ_INT(pl_http_answer_parse(copy, early[i].good + 1, 0, false, &a, &reason),
                     PL_E_PROTOCOL);
        CHECK(reason != NULL);
    }
}

int main(void)
{
    return RUN(CASE(answers_mean_what_they_say), CASE(answers_may_come_in_pieces),
               CASE(what_follows_an_answer_does_not_matter),
               CASE(nonsense_is_refused_at_its_first_byte));
}
