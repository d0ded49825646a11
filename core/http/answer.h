/* SPDX-License-Identifier: MIT
 *
 * HTTP/1.1 answers from bytes (RFC 9110, RFC 9112), as a client reads them. Incremental and
 * zero-copy as parse.h is: the caller keeps the bytes of one answer at one place and calls again
 * with more of them; all output is spans into those bytes. It bounds the head itself, by no longer
 * calling when too much has come without an end. */
#ifndef PL_HTTP_ANSWER_H
#define PL_HTTP_ANSWER_H

#include "http/parse.h"

typedef struct pl_http_answer {
    int status;              /* 100 to 999 */
    int minor;               /* HTTP/1.minor */
    pl_slice fields;         /* for pl_http_answer_next */
    enum pl_body_kind body;  /* all four kinds */
    uint64_t content_length; /* of PL_BODY_LENGTH, else 0 */
    bool keep_alive;         /* another request may follow when the body was read to its end */
    pl_slice coding;         /* Content-Encoding as written, which may be a list; PL_NO_SLICE
                                when it is empty or not there */
} pl_http_answer;

/* Parses the status line and header section at the start of the `len` bytes, which it may change
 * when they are complete (folded lines are joined in place). `seen` as in pl_http_parse; `is_head`:
 * the request was a HEAD, so the answer has no body. Interim answers (1xx) are answers without a
 * body like others: to skip them is the caller's part, and so is a 101.
 *
 * Bytes consumed (> 0), PL_HTTP_PARTIAL, or PL_E_PROTOCOL with *reason (static text). *answer means
 * something only when the result is > 0. What is mended and what is refused: see answer.c. */
int64_t pl_http_answer_parse(char *bytes, size_t len, size_t seen, bool is_head,
                             pl_http_answer *answer, const char **reason);

/* Walks the fields from *rest = answer.fields on, in their order: name (any bytes but colon and LF,
 * never empty) and value, without surrounding white space. False at the end. */
bool pl_http_answer_next(pl_slice *rest, pl_header *field);

#endif
