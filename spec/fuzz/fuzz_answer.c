/* SPDX-License-Identifier: MIT
 *
 * The head of an answer, read whole, cut in two, and a prefix at a time; the first byte says
 * whether it is one to a HEAD.
 *
 *   - consumed and every span lie within the input, which does not change until it is complete
 *   - what is complete, or bad, in a prefix is the same in the whole
 *   - `seen` changes nothing */
#include "http/answer.h"

#include "base/err.h"

#include "fuzz.h"

#include <string.h>

struct outcome {
    char *bytes; /* a copy of its own, since it may be changed */
    int64_t n;
    const char *reason;
    pl_http_answer answer;
};

static void must_lie_in(pl_slice part, const char *bytes, size_t len)
{
    MUST(part.ptr >= bytes && part.ptr + part.len <= bytes + len);
}

static void check_answer(const struct outcome *o, bool is_head)
{
    const pl_http_answer *a = &o->answer;
    pl_slice rest = a->fields;
    pl_header field;
    MUST(a->status >= 100 && a->status <= 999 && a->minor >= 0 && a->minor <= 9);
    MUST(a->body == PL_BODY_NONE || (!is_head && a->status >= 200));
    MUST(a->body == PL_BODY_LENGTH || a->content_length == 0);
    MUST(a->body != PL_BODY_REST || !a->keep_alive);
    must_lie_in(a->fields, o->bytes, (size_t)o->n);
    if (a->coding.ptr) must_lie_in(a->coding, a->fields.ptr, a->fields.len);
    while (pl_http_answer_next(&rest, &field)) {
        must_lie_in(field.name, a->fields.ptr, a->fields.len);
        must_lie_in(field.value, a->fields.ptr, a->fields.len);
        MUST(field.name.len > 0 && memchr(field.name.ptr, ':', field.name.len) == NULL);
        MUST(field.value.len == 0 || memchr(field.value.ptr, '\r', field.value.len) == NULL);
    }
}

/* With the first `first` bytes, then `step` more at a time. */
static struct outcome read_in_steps(pl_slice input, bool is_head, size_t first, size_t step)
{
    struct outcome o = {.n = PL_HTTP_PARTIAL};
    size_t seen = 0;
    for (size_t len = first; o.n == PL_HTTP_PARTIAL && seen < input.len; len += step) {
        if (len > input.len) len = input.len;
        free(o.bytes);
        o.bytes = malloc(len);
        memcpy(o.bytes, input.ptr, len);
        o.n = pl_http_answer_parse(o.bytes, len, seen, is_head, &o.answer, &o.reason);
        MUST(o.n <= (int64_t)len);
        MUST(o.n >= 0 || (o.n == PL_E_PROTOCOL && o.reason));
        MUST(o.n != PL_HTTP_PARTIAL || memcmp(o.bytes, input.ptr, len) == 0);
        seen = len;
    }
    if (o.n > 0) check_answer(&o, is_head);
    return o;
}

static void must_be_same(const struct outcome *x, const struct outcome *y)
{
    const pl_http_answer *a = &x->answer, *b = &y->answer;
    MUST(x->n == y->n && x->reason == y->reason);
    if (x->n <= 0) return;
    MUST(a->status == b->status && a->minor == b->minor && a->body == b->body);
    MUST(a->content_length == b->content_length && a->keep_alive == b->keep_alive);
    MUST(pl_slice_eq(a->fields, b->fields) && pl_slice_eq(a->coding, b->coding));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    bool is_head = data[0] & 1;
    pl_slice input = {(const char *)data + 1, size - 1};
    struct outcome whole = read_in_steps(input, is_head, input.len, 1);
    for (size_t i = 0; i < 4; i++) {
        size_t first = input.len * i / 4;
        struct outcome other = i == 0 ? read_in_steps(input, is_head, 1, 1)
                                      : read_in_steps(input, is_head, first, input.len);
        must_be_same(&whole, &other);
        free(other.bytes);
    }
    free(whole.bytes);
    return 0;
}
