/* SPDX-License-Identifier: MIT
 *
 * A body undone whole and in pieces: the same bytes and the same end, within the limit. The first
 * byte says which codings it has, the second how long the pieces are. */
#include "net/coding.h"

#include "base/err.h"

#include "fuzz.h"

#include <string.h>

#define LIMIT 100000

static const char *const lists[] = {"gzip", "deflate", "gzip, gzip", "deflate, gzip"};

struct outcome {
    pl_buf out;
    int rc;
    bool is_over;
};

static struct outcome undo(const char *names, pl_slice body, size_t piece)
{
    struct outcome o = {0};
    bool is_known = false;
    pl_coding *c = pl_coding_new(pl_slice_of(names), &is_known);
    MUST(c && is_known);
    while (o.rc == 0 && body.len > 0) {
        size_t len = piece < body.len ? piece : body.len;
        char *bytes = malloc(len);
        memcpy(bytes, body.ptr, len);
        o.rc = pl_coding_put(c, (pl_slice){bytes, len}, &o.out, LIMIT);
        free(bytes);
        body = pl_slice_from(body, len);
        MUST(o.out.len <= LIMIT && o.out.cap <= 2 * LIMIT);
    }
    MUST(o.rc == 0 || o.rc == PL_E_PROTOCOL || o.rc == PL_E_TOO_LARGE);
    MUST(o.rc != PL_E_TOO_LARGE || o.out.len == LIMIT);
    o.is_over = pl_coding_is_over(c);
    pl_coding_free(c);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) return 0;
    const char *names = lists[data[0] % 4];
    pl_slice body = {(const char *)data + 2, size - 2};
    struct outcome whole = undo(names, body, body.len), pieces = undo(names, body, data[1] + 1u);
    MUST(whole.rc == pieces.rc);
    if (whole.rc == 0) {
        MUST(whole.is_over == pieces.is_over);
        MUST(pl_slice_eq(pl_buf_slice(&whole.out), pl_buf_slice(&pieces.out)));
    }
    pl_buf_fini(&whole.out);
    pl_buf_fini(&pieces.out);
    return 0;
}
