/* SPDX-License-Identifier: MIT
 *
 * A stream of requests, each head parsed whole, cut in two, and a prefix at a time. The bodies are
 * stepped over as their framing says.
 *
 *   - consumed and every span lie within the input
 *   - what is complete, or bad, in a prefix is the same in the whole
 *   - `seen` changes nothing */
#include "http/chunked.h"
#include "http/parse.h"

#include "fuzz.h"

static const pl_http_limits limits = {
    .target_bytes = 64, .header_bytes = 512, .header_count = 8, .body_bytes = 256};

static int64_t parse(pl_slice bytes, size_t seen, pl_http_request *request)
{
    const char *reason = NULL;
    int64_t n = pl_http_parse(bytes, seen, &limits, request, &reason);
    MUST(n <= (int64_t)bytes.len);
    MUST(n >= 0 || reason != NULL);
    MUST(n != PL_HTTP_PARTIAL || bytes.len <= limits.header_bytes);
    return n;
}

static void must_lie_in(pl_slice part, pl_slice head)
{
    MUST(part.ptr >= head.ptr && part.ptr + part.len <= head.ptr + head.len);
}

static void check_request(const pl_http_request *r, pl_slice head)
{
    must_lie_in(r->method, head);
    must_lie_in(r->target, head);
    must_lie_in(r->path, head);
    if (r->query.ptr) must_lie_in(r->query, head);
    MUST(r->method.len > 0 && r->path.len > 0 && r->target.len <= limits.target_bytes);
    MUST(r->header_count <= limits.header_count);
    MUST(r->body == PL_BODY_LENGTH ? r->content_length <= limits.body_bytes
                                   : r->content_length == 0);
    for (uint32_t i = 0; i < r->header_count; i++) {
        must_lie_in(r->headers[i].name, head);
        must_lie_in(r->headers[i].value, head);
        MUST(pl_http_header(r, r->headers[i].name) <= &r->headers[i]);
    }
}

static void must_be_same(const pl_http_request *a, const pl_http_request *b)
{
    MUST(pl_slice_eq(a->method, b->method) && pl_slice_eq(a->target, b->target));
    MUST(a->path.ptr == b->path.ptr && a->path.len == b->path.len);
    MUST(a->query.ptr == b->query.ptr && a->query.len == b->query.len);
    MUST(a->minor == b->minor && a->body == b->body && a->content_length == b->content_length);
    MUST(a->keep_alive == b->keep_alive && a->expect_continue == b->expect_continue);
    MUST(a->header_count == b->header_count);
    for (uint32_t i = 0; i < a->header_count; i++) {
        MUST(pl_slice_eq(a->headers[i].name, b->headers[i].name));
        MUST(pl_slice_eq(a->headers[i].value, b->headers[i].value));
    }
}

static void check_cut(pl_slice bytes, size_t cut, int64_t whole, const pl_http_request *request)
{
    pl_http_request other;
    int64_t n = parse((pl_slice){bytes.ptr, cut}, 0, &other);
    if (n == PL_HTTP_PARTIAL) n = parse(bytes, cut, &other);
    MUST(n == whole);
    if (n > 0) must_be_same(&other, request);
}

/* The answer to a connection that brings a byte at a time. */
static void check_bytewise(pl_slice bytes, int64_t whole)
{
    pl_http_request other;
    int64_t n = PL_HTTP_PARTIAL;
    for (size_t len = 1; len <= bytes.len && n == PL_HTTP_PARTIAL; len++)
        n = parse((pl_slice){bytes.ptr, len}, len - 1, &other);
    MUST(n == whole);
}

/* Steps over a body; false when the rest is no longer a request. */
static bool skip_body(const pl_http_request *request, pl_slice *rest)
{
    if (request->body == PL_BODY_LENGTH) {
        *rest = pl_slice_from(*rest, request->content_length);
        return true;
    }
    if (request->body == PL_BODY_NONE || rest->len == 0) return true;
    pl_chunked chunked;
    size_t data_len, used;
    const char *reason;
    char *copy = malloc(rest->len);
    memcpy(copy, rest->ptr, rest->len);
    pl_chunked_init(&chunked, 64);
    int rc = pl_chunked_decode(&chunked, copy, rest->len, &data_len, &used, &reason);
    free(copy);
    MUST(used <= rest->len && data_len <= used);
    *rest = pl_slice_from(*rest, used);
    return rc == 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pl_slice rest = {(const char *)data, size};
    bool more = true;
    while (more && rest.len > 0) {
        pl_http_request request;
        int64_t n = parse(rest, 0, &request);
        if (n > 0) check_request(&request, (pl_slice){rest.ptr, (size_t)n});
        for (size_t i = 1; i < 4; i++)
            check_cut(rest, rest.len * i / 4, n, &request);
        check_bytewise(rest, n);
        if (n <= 0) break;
        rest = pl_slice_from(rest, (size_t)n);
        more = skip_body(&request, &rest);
    }
    return 0;
}
