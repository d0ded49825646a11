/* SPDX-License-Identifier: MIT
 *
 * A chunked body, decoded whole and in pieces whose length the first byte says: the same data, the
 * same end, and nothing touched behind it. */
#include "http/chunked.h"

#include "base/buf.h"

#include "fuzz.h"

struct outcome {
    pl_buf data;
    size_t used;
    int rc;
};

static struct outcome decode(pl_slice body, size_t piece)
{
    struct outcome o = {0};
    pl_chunked c;
    const char *reason = NULL;
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    pl_slice body = {(const char *)data + 1, size - 1};
    struct outcome whole = decode(body, body.len), pieces = decode(body, data[0] % 16 + 1u);
    MUST(whole.rc == pieces.rc && whole.used == pieces.used);
    MUST(pl_slice_eq(pl_buf_slice(&whole.data), pl_buf_slice(&pieces.data)));
    pl_buf_fini(&whole.data);
    pl_buf_fini(&pieces.data);
    return 0;
}
