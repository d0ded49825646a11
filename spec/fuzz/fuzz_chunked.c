/* SPDX-License-Identifier: MIT
 *
 * A chunked body, decoded whole and in pieces whose length the first byte says, and whether it is that
 * of an answer: the same data, the same end, and nothing touched behind it. What is good in a request
 * is the same in an answer. */
#include "http/chunked.h"

#include "base/buf.h"

#include "fuzz.h"

struct outcome {
    pl_buf data;
    size_t used;
    int rc;
};

static struct outcome decode(pl_slice body, size_t piece, bool is_answer)
{
    struct outcome o = {0};
    pl_chunked c;
    const char *reason = NULL;
    if (is_answer)
        pl_chunked_init_answer(&c, 32);
    else
        pl_chunked_init(&c, 32);
    while (o.rc == 0 && o.used < body.len) {
        size_t len = piece < body.len - o.used ? piece : body.len - o.used, data_len, used;
        char *bytes = malloc(len);
        memcpy(bytes, body.ptr + o.used, len);
        o.rc = pl_chunked_decode(&c, bytes, len, &data_len, &used, &reason);
        MUST(data_len <= used && used <= len);
        MUST(o.rc != 0 || used == len);
        MUST(o.rc >= 0 || reason != NULL);
        MUST(memcmp(bytes + used, body.ptr + o.used + used, len - used) == 0);
        pl_buf_put(&o.data, bytes, data_len);
        o.used += used;
        free(bytes);
    }
    return o;
}

static void must_be_same(const struct outcome *a, const struct outcome *b)
{
    MUST(a->rc == b->rc && a->used == b->used);
    MUST(pl_slice_eq(pl_buf_slice(&a->data), pl_buf_slice(&b->data)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    pl_slice body = {(const char *)data + 1, size - 1};
    bool is_answer = data[0] & 16;
    struct outcome whole = decode(body, body.len, is_answer),
                   pieces = decode(body, data[0] % 16 + 1u, is_answer),
                   lenient = decode(body, body.len, true);
    must_be_same(&whole, &pieces);
    if (whole.rc == 1) must_be_same(&whole, &lenient);
    pl_buf_fini(&whole.data);
    pl_buf_fini(&pieces.data);
    pl_buf_fini(&lenient.data);
    return 0;
}
