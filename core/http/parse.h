/* SPDX-License-Identifier: MIT
 *
 * HTTP/1.1 requests from bytes (RFC 9110, RFC 9112). Incremental and zero-copy: the caller keeps
 * the bytes of one request at one place and calls again with more of them; all output is spans into
 * those bytes. Nothing is allocated; nothing is read beyond what was given.
 *
 * Three results: the number of bytes consumed (> 0),
 * PL_HTTP_PARTIAL, or a negative PL_E_* code with a reason. */
#ifndef PL_HTTP_PARSE_H
#define PL_HTTP_PARSE_H

#include "base/slice.h"

#include <stdint.h>

#define PL_HTTP_PARTIAL     0
#define PL_HTTP_MAX_HEADERS 128 /* the most that limits.headers may be set to */

typedef struct pl_header {
    pl_slice name, value; /* value without surrounding white space */
} pl_header;

/* REST, until the connection ends, is for answers only. */
enum pl_body_kind { PL_BODY_NONE, PL_BODY_LENGTH, PL_BODY_CHUNKED, PL_BODY_REST };

typedef struct pl_http_limits {
    size_t target_bytes;   /* of the request target: beyond is 414 */
    size_t header_bytes;   /* of request line and header section together: beyond is 431 */
    uint32_t header_count; /* beyond is 431 */
    uint64_t body_bytes;   /* of a Content-Length: beyond is 413 */
} pl_http_limits;

typedef struct pl_http_request {
    pl_slice method;    /* any token */
    pl_slice target;    /* origin-form, absolute-form or "*" as written */
    pl_slice path;      /* of the target, still percent-encoded; never empty; "*" for OPTIONS * */
    pl_slice authority; /* host[:port] that is asked: that of the target in absolute-form (RFC 9112
                           section 3.2.2), else Host; empty in HTTP/1.0 without one */
    pl_slice query;     /* behind the '?', ptr NULL without one */
    int minor;          /* HTTP/1.minor */
    pl_header headers[PL_HTTP_MAX_HEADERS];
    uint32_t header_count;
    enum pl_body_kind body;
    uint64_t content_length;
    bool keep_alive;      /* what the client asks for and its version implies */
    bool expect_continue; /* Expect: 100-continue */
} pl_http_request;

/* Parses the request line and header section (and one empty line before it, if there is one) at the
 * start of `bytes`. `seen` is how many bytes the last call had when it said PARTIAL (0 at first),
 * so that growing input is not searched from the start again; the answer is the one that the same
 * bytes would get with `seen` 0. *request means something only when the answer is > 0. On an error
 * *reason (static text) names what is wrong and, for a limit, which one. What is refused beyond the
 * grammar: see parse.c. */
int64_t pl_http_parse(pl_slice bytes, size_t seen, const pl_http_limits *limits,
                      pl_http_request *request, const char **reason);

/* The first header of this name (case folded), or NULL. */
const pl_header *pl_http_header(const pl_http_request *request, pl_slice name);

#endif
