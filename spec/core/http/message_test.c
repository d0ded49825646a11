/* SPDX-License-Identifier: MIT */
#include "http/message.h"

#include "test.h"

#include <limits.h>

static pl_http_request request_with(const char *name, const char *value)
{
    pl_http_request request = {.header_count = 1};
    request.headers[0] = (pl_header){pl_slice_of(name), pl_slice_of(value)};
    return request;
}

TEST(status_texts)
{
    CHECK_EQ_STR(pl_http_status_text(100), "Continue");
    CHECK_EQ_STR(pl_http_status_text(202), "Accepted");
    CHECK_EQ_STR(pl_http_status_text(413), "Content Too Large");
    CHECK_EQ_STR(pl_http_status_text(422), "Unprocessable Content");
    CHECK_EQ_STR(pl_http_status_text(431), "Request Header Fields Too Large");
    CHECK_EQ_STR(pl_http_status_text(505), "HTTP Version Not Supported");
    CHECK_EQ_STR(pl_http_status_text(299), "");
    CHECK_EQ_STR(pl_http_status_text(-1), "");
}

TEST(tokens)
{
    CHECK(pl_http_is_token(PL_SLICE("X-Trace_id.1~!#$%&'*+^`|")));
    CHECK(!pl_http_is_token(PL_SLICE("")));
    CHECK(!pl_http_is_token(PL_SLICE("a b")));
    CHECK(!pl_http_is_token(PL_SLICE("a:b")));
    CHECK(!pl_http_is_token(PL_SLICE("a\0")));
    CHECK(!pl_http_is_token(PL_SLICE("\xc3\xb8")));
}

/* RFC 9110 section 5.6.2 */
TEST(tokens_of_any_byte)
{
    static const char tchars[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz";
    for (int c = 0; c < 256; c++) {
        char text[] = {'a', (char)c};
        bool is_good = memchr(tchars, c, sizeof tchars - 1) != NULL;
        CHECK_EQ_INT(pl_http_is_token((pl_slice){text, sizeof text}), is_good);
    }
}

TEST(field_values)
{
    CHECK(pl_http_is_field_value(PL_SLICE("")));
    CHECK(pl_http_is_field_value(PL_SLICE("a\tb \"c\" \xc3\xb8")));
    CHECK(!pl_http_is_field_value(PL_SLICE("a\r\nb")));
    CHECK(!pl_http_is_field_value(PL_SLICE("a\rb")));
    CHECK(!pl_http_is_field_value(PL_SLICE("a\nb")));
    CHECK(!pl_http_is_field_value(PL_SLICE("a\0b")));
    CHECK(!pl_http_is_field_value(PL_SLICE("\x1b")));
    CHECK(!pl_http_is_field_value(PL_SLICE("\x7f")));
}

/* Each byte at each place of what is looked at in words, beside a tab or not. */
TEST(field_values_of_any_bytes)
{
    char text[21];
    for (int byte = 0; byte < 256; byte++) {
        bool is_good = (byte >= 0x20 && byte != 0x7f) || byte == '\t';
        for (size_t at = 0; at < sizeof text; at++) {
            memset(text, byte % 2 ? 'a' : 0xc3, sizeof text);
            text[(at + 5) % sizeof text] = byte % 3 ? ' ' : '\t';
            text[at] = (char)byte;
            CHECK_EQ_INT(pl_http_is_field_value((pl_slice){text, sizeof text}), is_good);
            CHECK_EQ_INT(pl_http_is_field_value((pl_slice){text, at + 1}), is_good);
        }
    }
}

TEST(lists)
{
    pl_slice rest = PL_SLICE(" a ,, b=\"1,\\\",2\" ,\tc"), element;
    static const char *const wanted[] = {"a", "b=\"1,\\\",2\"", "c"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        CHECK(pl_http_list_next(&rest, &element));
        CHECK_EQ_SLICE(element, pl_slice_of(wanted[i]));
    }
    CHECK(!pl_http_list_next(&rest, &element));

    test_guarded open = test_guard(PL_SLICE("\"a,b\\"));
    rest = open.bytes;
    CHECK(pl_http_list_next(&rest, &element));
    CHECK_EQ_SLICE(element, PL_SLICE("\"a,b\\"));
    CHECK(!pl_http_list_next(&rest, &element));
    test_unguard(&open);
    rest = PL_NO_SLICE;
    CHECK(!pl_http_list_next(&rest, &element));
}

TEST(headers_of_the_connection)
{
    static const char *const ours[] = {"Connection", "CONTENT-LENGTH",   "host",    "Keep-Alive",
                                       "te",         "Proxy-Connection", "Trailer", "Expect",
                                       "upgrade",    "Transfer-Encoding"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        CHECK(pl_http_is_hop_by_hop(pl_slice_of(ours[i])));
    CHECK(!pl_http_is_hop_by_hop(PL_SLICE("Content-Type")));
    CHECK(!pl_http_is_hop_by_hop(PL_SLICE("Hos")));
    CHECK(!pl_http_is_hop_by_hop(PL_SLICE("X-Host")));
}

TEST(media_types)
{
    const pl_slice json = PL_SLICE("application/json");
    CHECK(pl_http_media_type_is(PL_SLICE("application/json"), json));
    CHECK(pl_http_media_type_is(PL_SLICE("Application/JSON ; charset=utf-8"), json));
    CHECK(pl_http_media_type_is(PL_SLICE("application/cloudevents+json; charset=utf-8"), json));
    CHECK(!pl_http_media_type_is(PL_SLICE("application/json-seq"), json));
    CHECK(!pl_http_media_type_is(PL_SLICE("application/jsonx"), json));
    CHECK(!pl_http_media_type_is(PL_SLICE("text/plain; a=application/json"), json));
    CHECK(!pl_http_media_type_is(PL_SLICE("json"), json));
    CHECK(!pl_http_media_type_is(PL_NO_SLICE, json));
    CHECK(pl_http_media_type_is(PL_SLICE("text/xml"), PL_SLICE("text/xml")));
    CHECK(!pl_http_media_type_is(PL_SLICE("application/a+json"), PL_SLICE("text/xml")));
}

TEST(how_long_a_client_waits)
{
    static const struct {
        const char *value;
        int wanted;
    } rows[] = {
        {"wait=10", 10},
        {"WAIT = 3", 3},
        {"respond-async, wait=10", 10},
        {"wait=5; foo=bar", 5},
        {"a=\"x, wait=1\", wait=2", 2},
        {"wait=7, wait=9", 7},
        {"wait=0", 0},
        {"wait=99999999999999999999", INT_MAX},
        {"", -1},
        {"wait", -1},
        {"wait=", -1},
        {"wait=-1", -1},
        {"wait=1.5", -1},
        {"wait=\"5\"", -1},
        {"await=5", -1},
        {"return=minimal; wait=5", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_http_request request = request_with("Prefer", rows[i].value);
        CHECK_EQ_INT(pl_http_prefer_wait(&request), rows[i].wanted);
    }
    pl_http_request request = request_with("Prefer", "respond-async");
    request.headers[request.header_count++] = (pl_header){PL_SLICE("prefer"), PL_SLICE("wait=4")};
    CHECK_EQ_INT(pl_http_prefer_wait(&request), 4);
    request = request_with("X-Prefer", "wait=4");
    CHECK_EQ_INT(pl_http_prefer_wait(&request), -1);
}

TEST(bearer_tokens)
{
    static const char *const rows[][2] = {
        {"Bearer mF_9.B5f-4.1JqM", "mF_9.B5f-4.1JqM"}, /* RFC 6750 section 2.1 */
        {"bearer a", "a"},
        {"BEARER   a~b+c/d==", "a~b+c/d=="},
        {"Bearer", ""},
        {"Bearer ", ""},
        {"Bearer a b", ""},
        {"Bearer a=b", ""},
        {"Bearer =", ""},
        {"Bearer a,b", ""},
        {"Bearera", ""},
        {"Basic YTpi", ""},
        {"a", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_http_request request = request_with("Authorization", rows[i][0]);
        pl_slice token = pl_http_bearer(&request);
        CHECK_EQ_SLICE(token, pl_slice_of(rows[i][1]));
        CHECK_EQ_INT(token.ptr == NULL, rows[i][1][0] == '\0');
    }
    pl_http_request request = request_with("Authorization", "");
    request.headers[0].value = PL_SLICE("Bearer a\0b");
    CHECK(pl_http_bearer(&request).ptr == NULL);
    request = request_with("X", "Bearer a");
    CHECK(pl_http_bearer(&request).ptr == NULL);
}

/* The first is the example of RFC 9110 section 5.6.7;
 * the others are what `date -u -d @N` prints. */
TEST(dates)
{
    static const struct {
        int64_t wall_s;
        const char *text;
    } rows[] = {
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {951782399, "Mon, 28 Feb 2000 23:59:59 GMT"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {951868800, "Wed, 01 Mar 2000 00:00:00 GMT"},
        {1735689599, "Tue, 31 Dec 2024 23:59:59 GMT"},
        {4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},
        {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
        {-1, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[PL_HTTP_DATE_TEXT + 1];
        pl_http_date(rows[i].wall_s, text);
        CHECK_EQ_STR(text, rows[i].text);
    }
}

int main(void)
{
    return RUN(CASE(status_texts), CASE(tokens), CASE(tokens_of_any_byte), CASE(field_values),
               CASE(field_values_of_any_bytes), CASE(lists), CASE(headers_of_the_connection),
               CASE(media_types), CASE(how_long_a_client_waits), CASE(bearer_tokens), CASE(dates));
}
