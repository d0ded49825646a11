/* SPDX-License-Identifier: MIT
 *
 * Runs the cases in spec/cases/http/ (README.md there explains how to read and write them) through
 * the parser and the chunked decoder, as a connection would. Each case runs whole, cut in two at
 * every point, and a byte at a time; what comes out must be the same each time. Every look at the
 * input is at a copy that ends on a guard page. */
#include "http/chunked.h"
#include "http/message.h"
#include "http/parse.h"

#include "base/buf.h"
#include "base/err.h"
#include "test.h"

#include <stdlib.h>

struct http_case {
    const char *file;
    pl_slice name;
    bool has_prose;
    pl_http_limits limits;
    uint32_t extra_bytes; /* of chunk extensions and trailers */
    pl_buf input, log;
};

/* A connection: what a server keeps between two reads, and the log of what it understood. */
struct reader {
    const struct http_case *of;
    enum { HEAD, LENGTH, CHUNKED, STOPPED } phase;
    size_t done; /* bytes of the input that are dealt with */
    size_t seen; /* of the rest, by the parser */
    uint64_t left;
    pl_chunked chunked;
    pl_buf data, log;
};

static int cases_run;

/* -- reader -- */

static void log_value(pl_buf *log, const char *key, pl_slice value)
{
    pl_buf_printf(log, "%s=", key);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c < 0x20 || c >= 0x7f)
            pl_buf_printf(log, "\\x%02x", c);
        else
            pl_buf_put_char(log, (char)c);
    }
    pl_buf_put_char(log, '\n');
}

/* The log says which limit it was, since the client is told as well. */
static void log_error(struct reader *r, int code, const char *reason)
{
    const char *limit = strstr(reason, "limits.");
    CHECK(strlen(reason) > 0);
    pl_buf_printf(&r->log, "error=%s%s%s\n", pl_err_name(code), limit ? " " : "",
                  limit ? limit : "");
    r->phase = STOPPED;
}

static void log_request(pl_buf *log, const pl_http_request *request)
{
    log_value(log, "method", request->method);
    log_value(log, "target", request->target);
    log_value(log, "path", request->path);
    if (request->query.ptr) log_value(log, "query", request->query);
    log_value(log, "authority", request->authority);
    pl_buf_printf(log, "version=1.%d\n", request->minor);
    for (uint32_t i = 0; i < request->header_count; i++) {
        pl_buf_printf(log, "header[%.*s]", PL_FMT(request->headers[i].name));
        log_value(log, "", request->headers[i].value);
    }
    if (request->body == PL_BODY_LENGTH)
        pl_buf_printf(log, "body=length %" PRIu64 "\n", request->content_length);
    else
        pl_buf_printf(log, "body=%s\n", request->body == PL_BODY_CHUNKED ? "chunked" : "none");
    pl_buf_printf(log, "keep_alive=%d\n", request->keep_alive);
    if (request->expect_continue) pl_buf_printf(log, "expect_continue=1\n");
}

static void end_body(struct reader *r)
{
    log_value(&r->log, "data", pl_buf_slice(&r->data));
    pl_buf_clear(&r->data);
    r->phase = HEAD;
}

static bool read_head(struct reader *r, pl_slice bytes)
{
    pl_http_request request, fresh;
    const char *reason = "";
    test_guarded copy = test_guard(bytes);
    int64_t n = pl_http_parse(copy.bytes, r->seen, &r->of->limits, &request, &reason);
    CHECK_EQ_INT(pl_http_parse(copy.bytes, 0, &r->of->limits, &fresh, &reason), n);
    r->seen = bytes.len;
    if (n < 0) log_error(r, (int)n, reason);
    if (n > 0) {
        log_request(&r->log, &request);
        pl_chunked_init(&r->chunked, r->of->extra_bytes);
        r->left = request.content_length;
        r->phase = request.body == PL_BODY_CHUNKED  ? CHUNKED
                   : request.body == PL_BODY_LENGTH ? LENGTH
                                                    : HEAD;
        r->done += (size_t)n;
        r->seen = 0;
    }
    test_unguard(&copy);
    return n > 0;
}

static bool read_length(struct reader *r, pl_slice bytes)
{
    size_t n = r->left < bytes.len ? (size_t)r->left : bytes.len;
    pl_buf_put(&r->data, bytes.ptr, n);
    r->done += n;
    r->left -= n;
    if (r->left == 0) end_body(r);
    return r->left == 0;
}

static bool read_chunked(struct reader *r, pl_slice bytes)
{
    size_t data_len, used;
    const char *reason = "";
    test_guarded copy = test_guard(bytes);
    char *writable = (char *)copy.map + (copy.bytes.ptr - (const char *)copy.map);
    int rc = pl_chunked_decode(&r->chunked, writable, bytes.len, &data_len, &used, &reason);
    CHECK(data_len <= used && used <= bytes.len);
    CHECK(rc != 0 || used == bytes.len);
    pl_buf_put(&r->data, writable, data_len);
    r->done += used;
    test_unguard(&copy);
    if (rc < 0) log_error(r, rc, reason);
    if (rc > 0) end_body(r);
    return rc > 0;
}

/* The first `arrived` bytes of the input are there. */
static void feed(struct reader *r, size_t arrived)
{
    bool more = true;
    while (more && r->phase != STOPPED && (r->done < arrived || r->phase == LENGTH)) {
        pl_slice rest = {r->of->input.ptr + r->done, arrived - r->done};
        more = r->phase == HEAD     ? read_head(r, rest)
               : r->phase == LENGTH ? read_length(r, rest)
                                    : read_chunked(r, rest);
    }
}

static struct reader start(const struct http_case *c)
{
    return (struct reader){.of = c};
}

static void end(struct reader *r)
{
    bool all = r->phase == STOPPED || (r->phase == HEAD && r->done == r->of->input.len);
    if (!all) pl_buf_printf(&r->log, "partial\n");
}

static void stop(struct reader *r)
{
    pl_buf_fini(&r->data);
    pl_buf_fini(&r->log);
}

/* -- one case -- */

static bool next_line(pl_slice *rest, pl_slice *line)
{
    if (rest->len == 0) return false;
    const char *lf = memchr(rest->ptr, '\n', rest->len);
    line->ptr = rest->ptr;
    line->len = lf ? (size_t)(lf - rest->ptr) : rest->len;
    *rest = pl_slice_from(*rest, line->len + 1);
    return true;
}

/* Happenings that a log may not leave out. */
static bool is_outcome(pl_slice line)
{
    return pl_slice_starts(line, PL_SLICE("method=")) ||
           pl_slice_starts(line, PL_SLICE("expect_continue=")) ||
           pl_slice_starts(line, PL_SLICE("error=")) || pl_slice_eq(line, PL_SLICE("partial"));
}

static bool log_fits(pl_slice got, pl_slice wanted)
{
    pl_slice line, want = PL_NO_SLICE;
    bool open = next_line(&wanted, &want);
    while (next_line(&got, &line)) {
        if (open && pl_slice_eq(line, want))
            open = next_line(&wanted, &want);
        else if (is_outcome(line))
            return false;
    }
    return !open;
}

static void fail(const struct http_case *c, const char *how, size_t at, pl_slice got)
{
    test_report(c->file, 0, how);
    printf("  case '%.*s' at byte %zu\n  wanted:\n%.*s  got:\n%.*s", PL_FMT(c->name), at,
           PL_FMT(pl_buf_slice(&c->log)), PL_FMT(got));
}

static void run_cut(const struct http_case *c, size_t at, pl_slice whole)
{
    struct reader r = start(c);
    feed(&r, at);
    feed(&r, c->input.len);
    end(&r);
    CHECK_EQ_SLICE(pl_buf_slice(&r.log), whole);
    if (!pl_slice_eq(pl_buf_slice(&r.log), whole)) fail(c, "cut in two", at, pl_buf_slice(&r.log));
    stop(&r);
}

static void run_case(const struct http_case *c)
{
    struct reader whole = start(c), bytewise = start(c);
    feed(&whole, c->input.len);
    end(&whole);
    pl_slice got = pl_buf_slice(&whole.log);
    CHECK(c->name.len > 0 && c->has_prose && c->log.len > 0);
    CHECK(log_fits(got, pl_buf_slice(&c->log)));
    if (!log_fits(got, pl_buf_slice(&c->log))) fail(c, "whole", c->input.len, got);

    for (size_t i = 1; i < c->input.len; i++)
        run_cut(c, i, got);
    for (size_t i = 1; i <= c->input.len; i++)
        feed(&bytewise, i);
    end(&bytewise);
    CHECK_EQ_SLICE(pl_buf_slice(&bytewise.log), got);
    if (!pl_slice_eq(pl_buf_slice(&bytewise.log), got))
        fail(c, "byte by byte", c->input.len, pl_buf_slice(&bytewise.log));
    stop(&whole);
    stop(&bytewise);
    cases_run++;
}

/* -- the Markdown files -- */

static int hex(char c)
{
    const char *digits = "0123456789abcdef", *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

static void put_input_line(pl_buf *out, pl_slice line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] != '\\') {
            pl_buf_put_char(out, line.ptr[i]);
            continue;
        }
        if (++i == line.len) return; /* no line end here */
        char c = line.ptr[i];
        if (c == 'x' && i + 2 < line.len) {
            pl_buf_put_char(out, (char)(hex(line.ptr[i + 1]) << 4 | hex(line.ptr[i + 2])));
            i += 2;
        } else {
            CHECK(c == 'r' || c == 'n' || c == 't' || c == '\\');
            pl_buf_put_char(out, c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : '\\');
        }
    }
    PL_BUF_PUT(out, "\r\n");
}

static void set_limit(struct http_case *c, pl_slice line)
{
    char key[32];
    unsigned long value;
    char text[64];
    snprintf(text, sizeof text, "%.*s", PL_FMT(line));
    CHECK_EQ_INT(sscanf(text, "%31[a-z_]=%lu", key, &value), 2);
    if (strcmp(key, "target") == 0)
        c->limits.target_bytes = value;
    else if (strcmp(key, "header_bytes") == 0)
        c->limits.header_bytes = value;
    else if (strcmp(key, "headers") == 0)
        c->limits.header_count = (uint32_t)value;
    else if (strcmp(key, "body") == 0)
        c->limits.body_bytes = value;
    else
        c->extra_bytes = (uint32_t)value;
}

static void reset_case(struct http_case *c, pl_slice name)
{
    c->name = name;
    c->has_prose = false;
    c->limits = (pl_http_limits){
        .target_bytes = 4096, .header_bytes = 8192, .header_count = 64, .body_bytes = 1 << 20};
    c->extra_bytes = 256;
    pl_buf_clear(&c->input);
    pl_buf_clear(&c->log);
}

static void run_text(struct http_case *c, pl_slice text)
{
    enum { PROSE, INPUT, LIMITS, LOG } block = PROSE;
    pl_slice line;
    while (next_line(&text, &line)) {
        if (block != PROSE && pl_slice_eq(line, PL_SLICE("```"))) {
            if (block == LOG) run_case(c);
            block = PROSE;
        } else if (block == INPUT) {
            put_input_line(&c->input, line);
        } else if (block == LIMITS) {
            set_limit(c, line);
        } else if (block == LOG) {
            pl_buf_put_slice(&c->log, line);
            pl_buf_put_char(&c->log, '\n');
        } else if (pl_slice_starts(line, PL_SLICE("## "))) {
            reset_case(c, pl_slice_from(line, 3));
        } else if (pl_slice_starts(line, PL_SLICE("```"))) {
            block = pl_slice_eq(line, PL_SLICE("```http"))     ? INPUT
                    : pl_slice_eq(line, PL_SLICE("```limits")) ? LIMITS
                                                               : LOG;
        } else if (line.len > 0) {
            c->has_prose = true;
        }
    }
}

static void run_file(const char *name)
{
    char path[4096], bytes[4096];
    size_t n;
    pl_buf text = {0};
    snprintf(path, sizeof path, "%s/%s", PL_HTTP_CASES, name);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    if (file == NULL) return;
    while ((n = fread(bytes, 1, sizeof bytes, file)) > 0)
        pl_buf_put(&text, bytes, n);
    fclose(file);

    struct http_case c = {.file = name};
    int before = cases_run;
    run_text(&c, pl_buf_slice(&text));
    CHECK(cases_run > before);
    pl_buf_fini(&c.input);
    pl_buf_fini(&c.log);
    pl_buf_fini(&text);
}

TEST(request_line)
{
    run_file("request-line.md");
}

TEST(headers)
{
    run_file("headers.md");
}

TEST(framing)
{
    run_file("framing.md");
}

TEST(chunked)
{
    run_file("chunked.md");
}

TEST(limits)
{
    run_file("limits.md");
}

TEST(pipelining)
{
    run_file("pipelining.md");
}

TEST(keep_alive)
{
    run_file("keep-alive.md");
}

TEST(smuggling)
{
    run_file("smuggling.md");
}

/* -- what a case cannot say -- */

static const pl_http_limits roomy = {4096, 8192, PL_HTTP_MAX_HEADERS, 1 << 20};

TEST(every_byte_of_a_name_and_a_value)
{
    const char *specials = "!#$%&'*+-.^_`|~"; /* RFC 9110 section 5.6.2 */
    for (int byte = 1; byte < 256; byte++) {
        char text[] = "GET / HTTP/1.1\r\nHost: a\r\nX?: 1\r\n\r\n";
        char *at = strchr(text, '?');
        pl_http_request request;
        const char *reason = "";
        bool is_token = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= 'a' && byte <= 'z') || strchr(specials, byte) != NULL;
        *at = (char)byte;
        bool ok = pl_http_parse(pl_slice_of(text), 0, &roomy, &request, &reason) > 0;
        CHECK_EQ_INT(ok, is_token || byte == ':'); /* "X:: 1" has the value ": 1" */

        memcpy(at, ":v", 2);
        at[3] = (char)byte;
        ok = pl_http_parse(pl_slice_of(text), 0, &roomy, &request, &reason) > 0;
        CHECK_EQ_INT(ok, byte == '\t' || (byte >= 0x20 && byte != 0x7f));
    }
}

TEST(as_many_headers_as_there_is_room_for)
{
    pl_buf text = {0};
    pl_http_request request;
    pl_http_limits limits = roomy;
    const char *reason = "";
    limits.header_count = PL_HTTP_MAX_HEADERS + 1; /* a setting that must not overrun the array */
    PL_BUF_PUT(&text, "GET / HTTP/1.0\r\n");
    for (int i = 0; i < PL_HTTP_MAX_HEADERS; i++)
        pl_buf_printf(&text, "X%d: %d\r\n", i, i);
    PL_BUF_PUT(&text, "\r\n");
    CHECK_EQ_INT(pl_http_parse(pl_buf_slice(&text), 0, &limits, &request, &reason), text.len);
    CHECK_EQ_SLICE(pl_http_header(&request, PL_SLICE("x127"))->value, PL_SLICE("127"));
    CHECK(pl_http_header(&request, PL_SLICE("x128")) == NULL);

    text.len -= 2;
    PL_BUF_PUT(&text, "One: more\r\n\r\n");
    CHECK_EQ_INT(pl_http_parse(pl_buf_slice(&text), 0, &limits, &request, &reason),
                 PL_E_HEADERS_TOO_LARGE);
    pl_buf_fini(&text);
}

/* No matter how much comes, the parser says no as soon as a limit is passed, not a byte later. */
TEST(limits_are_not_waited_for)
{
    char text[400];
    pl_http_limits limits = {.target_bytes = 20, .header_bytes = 100, .header_count = 9};
    pl_http_request request;
    const char *reason = "";
    memset(text, 'a', sizeof text);
    memcpy(text, "GET /", 5);
    CHECK_EQ_INT(pl_http_parse((pl_slice){text, 24}, 0, &limits, &request, &reason),
                 PL_HTTP_PARTIAL);
    CHECK_EQ_INT(pl_http_parse((pl_slice){text, 25}, 24, &limits, &request, &reason),
                 PL_E_URI_TOO_LONG);

    memcpy(text, "GET / HTTP/1.1\r\nA:", 18);
    CHECK_EQ_INT(pl_http_parse((pl_slice){text, 100}, 0, &limits, &request, &reason),
                 PL_HTTP_PARTIAL);
    CHECK_EQ_INT(pl_http_parse((pl_slice){text, 101}, 100, &limits, &request, &reason),
                 PL_E_HEADERS_TOO_LARGE);
    CHECK_EQ_INT(pl_http_parse((pl_slice){text, 400}, 0, &limits, &request, &reason),
                 PL_E_HEADERS_TOO_LARGE);
}

/* Where one answer has several causes, the reason tells them apart. */
TEST(reasons)
{
    static const char *const rows[][2] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n b\r\n", "a header line begins with white space"},
        {"GET / HTTP/1.1\r\nHost : a\r\n", "a byte in a header name that cannot be there"},
        {"GET / HTTP/1.1\r\n\r\n", "Host is missing"},
        {"GET / HTTP/1.1\n", "a line ends in LF without CR"},
        {"GET http://u@a/ HTTP/1.1\r\n", "user information in the URL"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_http_request request;
        const char *reason = "";
        CHECK_EQ_INT(pl_http_parse(pl_slice_of(rows[i][0]), 0, &roomy, &request, &reason),
                     PL_E_BAD_REQUEST);
        CHECK_EQ_STR(reason, rows[i][1]);
    }
}

TEST(a_header_is_found_whatever_its_case)
{
    pl_http_request request;
    const char *reason = "";
    pl_slice text = PL_SLICE("GET / HTTP/1.1\r\nhOST: a\r\nX-A: 1\r\nx-a: 2\r\n\r\n");
    CHECK_EQ_INT(pl_http_parse(text, 0, &roomy, &request, &reason), text.len);
    CHECK_EQ_SLICE(pl_http_header(&request, PL_SLICE("Host"))->value, PL_SLICE("a"));
    CHECK_EQ_SLICE(pl_http_header(&request, PL_SLICE("X-a"))->value, PL_SLICE("1"));
    CHECK(pl_http_header(&request, PL_SLICE("X-B")) == NULL);
}

int main(void)
{
    int rc = RUN(CASE(request_line), CASE(headers), CASE(framing), CASE(chunked), CASE(limits),
                 CASE(pipelining), CASE(keep_alive), CASE(smuggling),
                 CASE(every_byte_of_a_name_and_a_value), CASE(as_many_headers_as_there_is_room_for),
                 CASE(limits_are_not_waited_for), CASE(reasons),
                 CASE(a_header_is_found_whatever_its_case));
    printf("%d cases\n", cases_run);
    return rc;
}
