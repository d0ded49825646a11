/* SPDX-License-Identifier: MIT */
#include "http/url.h"

#include "base/err.h"
#include "test.h"

static bool parses(pl_slice text, pl_url *url)
{
    const char *reason = NULL;
    test_guarded copy = test_guard(text);
    int rc = pl_url_parse(copy.bytes, url, &reason);
    CHECK(rc == 0 ? reason == NULL : rc == PL_E_URL && reason != NULL);
    test_unguard(&copy);
    /* The spans died with the copy: take them from the caller's text. */
    if (rc == 0) pl_url_parse(text, url, &reason);
    return rc == 0;
}

/* A part that is not there reads "-". */
static pl_slice shown(pl_slice part)
{
    return part.ptr ? part : PL_SLICE("-");
}

TEST(urls_are_split)
{
    static const struct {
        const char *text, *host;
        int port;
        bool has_port;
        const char *path, *query, *fragment;
    } rows[] = {
        {"http://a", "a", 80, false, "", "-", "-"},
        {"https://a", "a", 443, false, "", "-", "-"},
        {"HTTPS://A.Example/", "A.Example", 443, false, "/", "-", "-"},
        {"http://a:8080/b/c", "a", 8080, true, "/b/c", "-", "-"},
        {"http://a:80", "a", 80, true, "", "-", "-"},
        {"https://a:65535/", "a", 65535, true, "/", "-", "-"},
        {"http://a?b=c", "a", 80, false, "", "b=c", "-"},
        {"http://a/?", "a", 80, false, "/", "", "-"},
        {"http://a/b?c?d/e#f?g#h", "a", 80, false, "/b", "c?d/e", "f?g#h"},
        {"http://a#", "a", 80, false, "", "-", ""},
        {"http://a/b@c:d", "a", 80, false, "/b@c:d", "-", "-"},
        {"http://a/%C3%b8", "a", 80, false, "/%C3%b8", "-", "-"},
        {"http://my_service-1.internal.", "my_service-1.internal.", 80, false, "", "-", "-"},
        {"http://127.0.0.1:1/", "127.0.0.1", 1, true, "/", "-", "-"},
        {"http://[::1]/x", "::1", 80, false, "/x", "-", "-"},
        {"https://[2001:db8::7]:8443?q", "2001:db8::7", 8443, true, "", "q", "-"},
        {"http://[::ffff:192.0.2.1]", "::ffff:192.0.2.1", 80, false, "", "-", "-"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_url url;
        CHECK(parses(pl_slice_of(rows[i].text), &url));
        CHECK_EQ_SLICE(url.host, pl_slice_of(rows[i].host));
        CHECK_EQ_INT(url.is_ipv6, strchr(rows[i].text, '[') != NULL);
        CHECK_EQ_INT(url.port, rows[i].port);
        CHECK_EQ_INT(url.has_port, rows[i].has_port);
        CHECK_EQ_SLICE(shown(url.path), pl_slice_of(rows[i].path));
        CHECK_EQ_SLICE(shown(url.query), pl_slice_of(rows[i].query));
        CHECK_EQ_SLICE(shown(url.fragment), pl_slice_of(rows[i].fragment));
    }
}

TEST(urls_that_are_refused)
{
    static const pl_slice rows[] = {
        {"", 0},
        {"a", 1},
        {"/a", 2},
        {"//a/b", 5},
        {"http", 4},
        {"http:", 5},
        {"http:/a", 7},
        {"http:a", 6},
        {"http//a", 7},
        {"http://", 7},
        {"http:///a", 9},
        {"http://?a", 9},
        {"http://:80", 10},
        {"ftp://a", 7},
        {"file:///etc/passwd", 18},
        {"javascript://a", 14},
        {"httpx://a", 9},
        /* user information */
        {"http://u@a", 10},
        {"http://u:p@a", 12},
        {"http://@a", 9},
        {"http://a:80@b", 13},
        /* the host grammar */
        {"http://a b", 10},
        {"http://a%41", 11},
        {"http://a\\b", 10},
        {"http://a,b", 10},
        {"http://a!", 9},
        {"http://*.a", 10},
        {"http://\xc3\xb8", 9},
        /* ports */
        {"http://a:", 9},
        {"http://a:/", 10},
        {"http://a:0", 10},
        {"http://a:65536", 14},
        {"http://a:999999", 15},
        {"http://a:-1", 11},
        {"http://a:+1", 11},
        {"http://a:8x", 11},
        {"http://a:1:2", 12},
        /* IPv6 */
        {"http://[]", 9},
        {"http://[::1", 11},
        {"http://::1", 10},
        {"http://[::1]a", 13},
        {"http://[::1]:", 13},
        {"http://[::g]", 12},
        {"http://[1.2.3.4]", 16},
        {"http://[fe80::1%25eth0]", 23},
        {"http://[v1.a]", 13},
        {"http://[::1\0]", 13},
        /* bytes */
        {"http://a/b c", 12},
        {"http://a/\t", 10},
        {"http://a/\r\n", 11},
        {"http://a/\0", 10},
        {"http://a\0:80", 12},
        {"http://a/?q=\x7f", 13},
        {"http://a/\xc3\xb8", 11},
        {" http://a", 9},
        /* escapes */
        {"http://a/%", 10},
        {"http://a/%4", 11},
        {"http://a/%4g", 12},
        {"http://a/%g4", 12},
        {"http://a/?%zz", 13},
        {"http://a/#%", 11},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_url url;
        bool ok = parses(rows[i], &url);
        CHECK(!ok);
        if (ok) printf("    accepted: %.*s\n", PL_FMT(rows[i]));
    }
}

/* RFC 3986 section 2: ASCII without spaces and controls; a '%' would need digits behind it. */
TEST(every_byte_is_looked_at_wherever_it_stands)
{
    for (size_t at = 0; at < 20; at++) {
        for (int c = 0; c < 256; c++) {
            char text[] = "http://a/ghijklmnopqrstuvwxyz?";
            pl_url url;
            text[9 + at] = (char)c;
            CHECK_EQ_INT(parses((pl_slice){text, sizeof text - 1}, &url),
                         c > 0x20 && c < 0x7f && c != '%');
        }
    }
}

TEST(every_byte_of_a_host_is_looked_at)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-._";
    for (int c = 1; c < 256; c++) {
        char text[] = "http://axb/";
        pl_url url;
        text[8] = (char)c;
        bool ends_host = strchr("/?#", c) != NULL;
        CHECK_EQ_INT(parses((pl_slice){text, sizeof text - 1}, &url),
                     ends_host || strchr(allowed, c) != NULL);
    }
}

TEST(an_authority_alone)
{
    pl_url url;
    const char *reason = NULL;
    CHECK_EQ_INT(pl_url_authority(PL_SLICE("a.example"), &url, &reason), 0);
    CHECK(!url.has_port && !url.is_ipv6);
    CHECK_EQ_INT(url.port, 0);
    CHECK_EQ_INT(pl_url_authority(PL_SLICE("[::1]:81"), &url, &reason), 0);
    CHECK_EQ_SLICE(url.host, PL_SLICE("::1"));
    CHECK_EQ_INT(url.port, 81);
    CHECK_EQ_INT(pl_url_authority(PL_NO_SLICE, &url, &reason), PL_E_URL);
    CHECK_EQ_INT(pl_url_authority(PL_SLICE("a/b"), &url, &reason), PL_E_URL);
    CHECK_EQ_INT(pl_url_authority(PL_SLICE("[::1\0]"), &url, &reason), PL_E_URL);
    CHECK_EQ_INT(pl_url_authority(PL_SLICE("a?b"), &url, &reason), PL_E_URL);
    CHECK_EQ_INT(pl_url_authority(PL_SLICE("a\0"
                                           "80"),
                                  &url, &reason),
                 PL_E_URL);
}

TEST(absolute_or_relative)
{
    static const struct {
        const char *text;
        bool absolute;
    } rows[] = {
        {"http://a", true}, {"HTTPS://a", true}, {"coap+tcp://a", true}, {"a1-.://", true},
        {"", false},        {"/a", false},       {"//a", false},         {"a", false},
        {"://a", false},    {"1a://b", false},   {"mailto:a@b", false},  {"a/b://c", false},
        {"http:/a", false}, {"+a://b", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_EQ_INT(pl_url_is_absolute(pl_slice_of(rows[i].text)), rows[i].absolute);
    CHECK(!pl_url_is_absolute(PL_SLICE("a\0://b")));
    CHECK(!pl_url_is_absolute(PL_NO_SLICE));
}

TEST(base_and_path_are_joined)
{
    static const char *const rows[][3] = {
        {"https://a", "/b", "https://a/b"},
        {"https://a/", "/b", "https://a/b"},
        {"https://a/", "b", "https://a/b"},
        {"https://a", "b", "https://a/b"},
        {"https://a/v1", "/b/c", "https://a/v1/b/c"},
        {"https://a/v1//", "//b/", "https://a/v1/b/"},
        {"https://a/v1/", "", "https://a/v1"},
        {"https://a/v1", "/", "https://a/v1/"},
        {"https://a/v1/", "?q=1", "https://a/v1?q=1"},
        {"https://a/v1", "/?q=1", "https://a/v1/?q=1"},
        {"https://a", "b?q=/x/", "https://a/b?q=/x/"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_buf out = {0};
        pl_url_join(&out, pl_slice_of(rows[i][0]), pl_slice_of(rows[i][1]));
        CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(rows[i][2]));
        pl_buf_fini(&out);
    }
}

TEST(a_request_has_a_whole_url)
{
    static const struct {
        const char *base, *path, *wanted;
        bool ok;
    } rows[] = {
        {"http://a.example/v1/", "/orders/7", "http://a.example/v1/orders/7", true},
        {"http://a.example/v1", "orders?x=1#part", "http://a.example/v1/orders?x=1", true},
        {"http://a.example", "//orders", "http://a.example//orders", true},
        {"http://a.example", "https://b.example/#f", "https://b.example/", true},
        {NULL, "http://b.example", "http://b.example", true},
        {"http://a.example", "/...", "http://a.example/...", true},
        {"http://a.example", "/a?x=/../b", "http://a.example/a?x=/../b", true},
        {NULL, "/orders", "the URL is relative, and the connector has no base_url", false},
        {"ftp://a.example", "/", "the URL does not begin with http:// or https://", false},
        {"http://.example", "/",
         "the host has an empty label: a value in it is empty or has a '.' too many", false},
        {"http://a..example", "/",
         "the host has an empty label: a value in it is empty or has a '.' too many", false},
        {"http://a.example", "/x/../y", "the path has the segment '..'", false},
        {"http://a.example", "/x/.", "the path has the segment '.'", false},
        {"http://a.example", "/%2E%2e/y", "the path has the segment '%2E%2e'", false},
        {"http://a.example", "/.%2e", "the path has the segment '.%2e'", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_slice base = rows[i].base ? pl_slice_of(rows[i].base) : PL_NO_SLICE;
        test_guarded path = test_guard(pl_slice_of(rows[i].path));
        pl_buf out = {0};
        PL_BUF_PUT(&out, "<");
        CHECK_EQ_INT(pl_url_whole(&out, base, path.bytes), rows[i].ok);
        CHECK_EQ_SLICE(pl_slice_from(pl_buf_slice(&out), 1), pl_slice_of(rows[i].wanted));
        pl_buf_fini(&out);
        test_unguard(&path);
    }
    CHECK(pl_url_dot_segment(PL_SLICE("/a/.b/%2f./..c")).ptr == NULL);
    CHECK_EQ_SLICE(pl_url_dot_segment(PL_SLICE("a/%2e")), PL_SLICE("%2e"));
}

TEST(text_is_decoded)
{
    static const struct {
        const char *text;
        bool plus_is_space, ok;
        pl_slice wanted;
    } rows[] = {
        {"", false, true, {"", 0}},
        {"abc", false, true, {"abc", 3}},
        {"a+b", false, true, {"a+b", 3}},
        {"a+b", true, true, {"a b", 3}},
        {"a%2Bb%2b", true, true, {"a+b+", 4}},
        {"%C3%B8%00", false, true, {"\xc3\xb8\0", 3}},
        {"%25%32%35", false, true, {"%25", 3}},
        {"%", false, false, {"", 0}},
        {"a%4", false, false, {"", 0}},
        {"ab%g1", false, false, {"", 0}},
        {"ab%1g", false, false, {"", 0}},
        {"%%41", false, false, {"", 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_buf out = {0};
        test_guarded copy = test_guard(pl_slice_of(rows[i].text));
        PL_BUF_PUT(&out, "<");
        CHECK_EQ_INT(pl_url_decode(&out, copy.bytes, rows[i].plus_is_space), rows[i].ok);
        CHECK_EQ_SLICE(pl_slice_from(pl_buf_slice(&out), 1), rows[i].wanted);
        pl_buf_fini(&out);
        test_unguard(&copy);
    }
}

TEST(a_query_is_walked)
{
    pl_slice rest = PL_SLICE("a=1&&b&=2&c=&d=x=y&"), name, value;
    static const char *const wanted[][2] = {
        {"a", "1"}, {"b", "-"}, {"", "2"}, {"c", ""}, {"d", "x=y"}};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        CHECK(pl_query_next(&rest, &name, &value));
        CHECK_EQ_SLICE(name, pl_slice_of(wanted[i][0]));
        CHECK_EQ_SLICE(shown(value), pl_slice_of(wanted[i][1]));
    }
    CHECK(!pl_query_next(&rest, &name, &value));
    rest = PL_SLICE("&&");
    CHECK(!pl_query_next(&rest, &name, &value));
    rest = PL_NO_SLICE;
    CHECK(!pl_query_next(&rest, &name, &value));
}

int main(void)
{
    return RUN(CASE(urls_are_split), CASE(urls_that_are_refused),
               CASE(every_byte_is_looked_at_wherever_it_stands),
               CASE(every_byte_of_a_host_is_looked_at), CASE(an_authority_alone),
               CASE(absolute_or_relative), CASE(base_and_path_are_joined),
               CASE(a_request_has_a_whole_url), CASE(text_is_decoded), CASE(a_query_is_walked));
}
