/* SPDX-License-Identifier: MIT
 *
 * The head of a request is judged from left to right, each byte as soon as it is there: PARTIAL
 * means that everything so far is good. Three kinds of judgement, each at the earliest moment:
 *
 *   a byte     it cannot stand where it stands, or is beyond a limit         when it arrives
 *   a line     the form of the target, the version, what a field means       at its LF
 *   the head   is Host there                                                 at the empty line
 *
 * Input that grows is cheap although nothing is kept between two calls but `seen`: bytes before it
 * were judged and are not judged again. As long as the new bytes end no line, only the line under
 * way is looked at; when they do, the lines are cut anew from the start, which limits.headers
 * bounds. So a request that comes a byte at a time costs one judgement a byte, and memchr. That the
 * answer is the same however the input was cut is what the tests and the fuzzer hold on to.
 *
 * Where RFC 9112 lets a recipient choose between mending and refusing, this parser refuses, since a
 * request that two readers understand differently is how requests are smuggled:
 *
 *   - A line ends in CR LF; CR and LF stand nowhere else. One empty line before the request line is
 *     tolerated (2.2).
 *   - Exactly one space between the parts of the request line (3); no '#' in a target.
 *   - Exactly one Host in HTTP/1.1, valid and not empty (3.2). CONNECT and authority-form are for
 *     proxies (3.2.3).
 *   - No folded lines (5.2), no space before the colon or before the first field (5.1, 2.2).
 *   - Content-Length at most once, digits only (6.3), and never beside Transfer-Encoding (6.1).
 *   - Transfer-Encoding at most once, "chunked" only, and not in HTTP/1.0 (6.1). */
#include "http/parse.h"

#include "base/err.h"
#include "http/message.h"
#include "http/syntax.h"
#include "http/url.h"

#define VERSION_BYTES 8 /* "HTTP/1.1" */

struct parser {
    pl_slice bytes;    /* what is there, but never more than limits.header_bytes */
    const char *start; /* of the request line */
    const char *fresh; /* bytes before this one were judged by an earlier call */
    const pl_http_limits *limits;
    pl_http_request *request;
    const char **reason;
    bool has_host;
    bool close; /* Connection: close, which wins over keep-alive */
};

static int refuse(struct parser *p, int code, const char *reason)
{
    *p->reason = reason;
    return code;
}

static int bad(struct parser *p, const char *reason)
{
    return refuse(p, PL_E_BAD_REQUEST, reason);
}

/* The bytes of `s` that nobody judged yet. */
static inline pl_slice fresh_of(const struct parser *p, pl_slice s)
{
    return s.ptr < p->fresh ? pl_slice_from(s, (size_t)(p->fresh - s.ptr)) : s;
}

/* Are those all of this kind? */
static inline bool all_are(const struct parser *p, pl_slice s, bool (*is)(unsigned char))
{
    s = fresh_of(p, s);
    for (size_t i = 0; i < s.len; i++) {
        if (!is((unsigned char)s.ptr[i])) return false;
    }
    return true;
}

static bool is_target_byte(unsigned char c)
{
    return c > 0x20 && c < 0x7f && c != '#';
}

/* -- the request line -- */

static int read_target(struct parser *p, bool ended)
{
    pl_slice target = p->request->target;
    size_t max = p->limits->target_bytes;
    bool too_long = target.len > max;
    if (ended && target.len == 0) return bad(p, "the request target is empty");
    if (too_long) target.len = max;
    if (!all_are(p, target, is_target_byte))
        return bad(p, "a byte in the request target that cannot be there");
    if (too_long)
        return refuse(p, PL_E_URI_TOO_LONG, "the request target is longer than limits.target");
    return 0;
}

/* "HTTP/1.1". A later major version is told apart from nonsense also without its minor one. */
static int read_version(struct parser *p, pl_slice text, bool ended)
{
    static const char shape[] = "HTTP/0.0";
    for (size_t i = 0; i < text.len; i++) {
        bool fits = i < VERSION_BYTES && (shape[i] == '0' ? pl_is_digit((unsigned char)text.ptr[i])
                                                          : text.ptr[i] == shape[i]);
        if (!fits) return bad(p, "the request line does not end in an HTTP version");
    }
    if (!ended) return 0;
    bool whole = text.len == VERSION_BYTES;
    if ((whole || text.len == 6) && text.ptr[5] > '1')
        return refuse(p, PL_E_VERSION, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    if (!whole || text.ptr[5] != '1')
        return bad(p, "the request line does not end in an HTTP version");
    p->request->minor = text.ptr[7] - '0';
    p->request->keep_alive = p->request->minor > 0;
    return 0;
}

/* Path and query of absolute-form. An empty path means "/": a slash of the "://" is lent to it,
 * since all output is spans of the input. */
static int read_absolute(struct parser *p)
{
    pl_http_request *r = p->request;
    pl_url url;
    if (pl_url_parse(r->target, &url, p->reason)) return PL_E_BAD_REQUEST;
    const char *start = url.scheme.ptr + url.scheme.len + 3; /* behind "://" */
    const char *end = url.path.len    ? url.path.ptr
                      : url.query.ptr ? url.query.ptr - 1
                                      : r->target.ptr + r->target.len;
    r->authority = (pl_slice){start, (size_t)(end - start)};
    r->path = url.path.len ? url.path : (pl_slice){url.scheme.ptr + url.scheme.len + 1, 1};
    r->query = url.query;
    return 0;
}

static int read_form(struct parser *p)
{
    pl_http_request *r = p->request;
    if (pl_slice_eq(r->method, PL_SLICE("CONNECT")))
        return bad(p, "CONNECT is for proxies, and this is none");
    if (pl_slice_eq(r->target, PL_SLICE("*"))) {
        if (!pl_slice_eq(r->method, PL_SLICE("OPTIONS")))
            return bad(p, "only OPTIONS may have the target *");
        r->path = r->target;
        return 0;
    }
    if (pl_url_is_absolute(r->target)) return read_absolute(p);
    if (r->target.ptr[0] != '/') return bad(p, "the request target does not begin with /");
    pl_slice query = r->target;
    if (pl_cut(&query, '?', &r->path)) r->query = query;
    return 0;
}

/* As much of the request line as there is; `ended` when that is all of it. */
static int read_request_line(struct parser *p, pl_slice line, bool ended)
{
    pl_http_request *r = p->request;
    bool has_target = pl_cut(&line, ' ', &r->method);
    if (!all_are(p, r->method, pl_is_token_byte)) return bad(p, "the method is not a token");
    if (r->method.len == 0 && (has_target || ended))
        return bad(p, "the request line has no method");
    if (!has_target) return ended ? bad(p, "the request line has no target") : 0;

    bool has_version = pl_cut(&line, ' ', &r->target);
    int rc = read_target(p, has_version || ended);
    if (rc) return rc;
    if (!has_version) return ended ? bad(p, "the request line has no HTTP version") : 0;

    rc = read_version(p, line, ended);
    if (rc || !ended) return rc;
    return read_form(p);
}

/* -- fields with a meaning -- */

static int take_host(struct parser *p, pl_slice value)
{
    pl_url url;
    if (p->has_host) return bad(p, "more than one Host");
    if (pl_url_authority(value, &url, p->reason))
        return bad(p, "Host is not a valid host and port");
    p->has_host = true;
    if (p->request->authority.ptr == NULL) p->request->authority = value;
    return 0;
}

static int take_content_length(struct parser *p, pl_slice value)
{
    pl_http_request *r = p->request;
    uint64_t length = 0;
    if (r->body == PL_BODY_CHUNKED) return bad(p, "both Transfer-Encoding and Content-Length");
    if (r->body == PL_BODY_LENGTH) return bad(p, "more than one Content-Length");
    if (value.len == 0) return bad(p, "Content-Length is empty");
    for (size_t i = 0; i < value.len; i++) {
        if (!pl_is_digit((unsigned char)value.ptr[i]))
            return bad(p, "Content-Length is not a number");
        unsigned digit = (unsigned)(value.ptr[i] - '0');
        if (length > (UINT64_MAX - digit) / 10)
            return bad(p, "Content-Length is too large a number");
        length = length * 10 + digit;
    }
    if (length > p->limits->body_bytes)
        return refuse(p, PL_E_BODY_TOO_LARGE, "Content-Length is larger than limits.body");
    r->body = PL_BODY_LENGTH;
    r->content_length = length;
    return 0;
}

/* Why a value other than "chunked" is refused:
 * a list that could be right with other codings in it is 501. */
static int refuse_coding(struct parser *p, pl_slice value)
{
    bool other = false, chunked = false;
    pl_slice coding;
    while (pl_http_list_next(&value, &coding)) {
        if (chunked || !pl_http_is_token(coding)) return bad(p, "Transfer-Encoding is malformed");
        if (pl_slice_eq_nocase(coding, PL_SLICE("chunked")))
            chunked = true;
        else
            other = true;
    }
    if (!other) return bad(p, "Transfer-Encoding is malformed");
    return refuse(p, PL_E_NOT_IMPLEMENTED, "the only Transfer-Encoding known here is chunked");
}

static int take_transfer_encoding(struct parser *p, pl_slice value)
{
    pl_http_request *r = p->request;
    if (r->minor == 0) return bad(p, "Transfer-Encoding in HTTP/1.0");
    if (r->body == PL_BODY_LENGTH) return bad(p, "both Content-Length and Transfer-Encoding");
    if (r->body == PL_BODY_CHUNKED) return bad(p, "more than one Transfer-Encoding");
    if (!pl_slice_eq_nocase(value, PL_SLICE("chunked"))) return refuse_coding(p, value);
    r->body = PL_BODY_CHUNKED;
    return 0;
}

static int take_connection(struct parser *p, pl_slice value)
{
    pl_slice option;
    while (pl_http_list_next(&value, &option)) {
        if (pl_slice_eq_nocase(option, PL_SLICE("close"))) p->close = true;
        if (pl_slice_eq_nocase(option, PL_SLICE("keep-alive"))) p->request->keep_alive = true;
    }
    if (p->close) p->request->keep_alive = false;
    return 0;
}

/* RFC 9110 section 10.1.1: HTTP/1.0 has no 100 (Continue), so the expectation is ignored there. */
static int take_expect(struct parser *p, pl_slice value)
{
    if (!pl_slice_eq_nocase(value, PL_SLICE("100-continue")))
        return refuse(p, PL_E_EXPECTATION, "only Expect: 100-continue is known");
    p->request->expect_continue = p->request->minor > 0;
    return 0;
}

static const struct {
    pl_slice name;
    int (*take)(struct parser *p, pl_slice value);
} meanings[] = {
    {{"host", 4}, take_host},
    {{"content-length", 14}, take_content_length},
    {{"transfer-encoding", 17}, take_transfer_encoding},
    {{"connection", 10}, take_connection},
    {{"expect", 6}, take_expect},
};

static int take_field(struct parser *p, pl_header header)
{
    pl_http_request *r = p->request;
    if (r->header_count >= p->limits->header_count || r->header_count >= PL_HTTP_MAX_HEADERS)
        return refuse(p, PL_E_HEADERS_TOO_LARGE, "there are more headers than limits.headers");
    r->headers[r->header_count++] = header;
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (pl_slice_eq_nocase(header.name, meanings[i].name))
            return meanings[i].take(p, header.value);
    }
    return 0;
}

/* -- lines -- */

/* As much of a field line as there is; `ended` when that is all of it. */
static int read_field_line(struct parser *p, pl_slice line, bool ended)
{
    pl_header header;
    if (line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t'))
        return bad(p, "a header line begins with white space");
    bool has_value = pl_cut(&line, ':', &header.name);
    if (!all_are(p, header.name, pl_is_token_byte))
        return bad(p, "a byte in a header name that cannot be there");
    if (has_value && header.name.len == 0) return bad(p, "a header without a name");
    if (!has_value) return ended ? bad(p, "a header line without a colon") : 0;
    if (!pl_are_field_bytes(fresh_of(p, line))) return bad(p, "a control byte in a header");
    if (!ended) return 0;
    header.value = pl_trim(line);
    return take_field(p, header);
}

static int read_line(struct parser *p, pl_slice line, bool ended)
{
    return line.ptr == p->start ? read_request_line(p, line, ended)
                                : read_field_line(p, line, ended);
}

/* The line under way. A CR at its end may still get its LF. */
static int read_unended(struct parser *p, const char *at)
{
    pl_slice line = {at, (size_t)(p->bytes.ptr + p->bytes.len - at)};
    if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
    return read_line(p, line, false);
}

/* All lines from the request line on: the length of the head, PARTIAL or an error. */
static int64_t read_head(struct parser *p)
{
    const char *at = p->start, *end = p->bytes.ptr + p->bytes.len, *lf;
    while ((lf = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        pl_slice line = {at, (size_t)(lf - at)};
        bool has_cr = line.len && lf[-1] == '\r';
        if (has_cr) line.len--;
        if (has_cr && line.len == 0 && at != p->start) {
            if (!p->has_host && p->request->minor > 0) return bad(p, "Host is missing");
            return lf + 1 - p->bytes.ptr;
        }
        int rc = read_line(p, line, has_cr);
        if (rc) return rc;
        if (!has_cr) return bad(p, "a line ends in LF without CR");
        at = lf + 1;
    }
    return read_unended(p, at);
}

/* All but the headers, of which there are none until they are counted. */
static void clear(pl_http_request *r)
{
    const size_t behind = offsetof(pl_http_request, header_count);
    memset(r, 0, offsetof(pl_http_request, headers));
    memset((char *)r + behind, 0, sizeof *r - behind);
}

int64_t pl_http_parse(pl_slice bytes, size_t seen, const pl_http_limits *limits,
                      pl_http_request *request, const char **reason)
{
    bool too_long = bytes.len > limits->header_bytes;
    if (too_long) bytes.len = limits->header_bytes;
    if (seen > bytes.len) seen = bytes.len;
    if (bytes.len == 0 && !too_long) return PL_HTTP_PARTIAL;

    /* The last byte that was seen is not judged yet: it may be a CR that waited for its LF. */
    struct parser p = {bytes, bytes.ptr, bytes.ptr + (seen ? seen - 1 : 0), limits, request, reason,
                       false, false};
    if (pl_slice_starts(bytes, PL_SLICE("\r\n"))) p.start += 2;

    const char *end = bytes.ptr + bytes.len;
    const char *before =
        p.fresh > p.start ? memrchr(p.start, '\n', (size_t)(p.fresh - p.start)) : NULL;
    int64_t result;
    if (before && !memchr(p.fresh, '\n', (size_t)(end - p.fresh))) {
        result = read_unended(&p, before + 1);
    } else {
        clear(request);
        result = read_head(&p);
    }
    if (result == PL_HTTP_PARTIAL && too_long)
        return refuse(&p, PL_E_HEADERS_TOO_LARGE,
                      "request line and headers are longer than limits.header_bytes");
    return result;
}

const pl_header *pl_http_header(const pl_http_request *request, pl_slice name)
{
    for (uint32_t i = 0; i < request->header_count; i++) {
        if (pl_slice_eq_nocase(request->headers[i].name, name)) return &request->headers[i];
    }
    return NULL;
}
