/* SPDX-License-Identifier: MIT
 *
 * Bytes, cut at the first 0xff, as a pattern and a text: matching ends, within the text, and tells
 * captures that are within the text. */
#include "text/pattern.h"

#include "fuzz.h"

static bool count_down(void *ud)
{
    int *left = ud;
    return --*left < 0;
}

static void check_within(const pl_pattern *m, const char *start, ptrdiff_t len)
{
    const char *end = m->text.ptr + m->text.len;
    MUST(start >= m->text.ptr && start <= end);
    MUST(len == PL_CAPTURE_POSITION || (len >= 0 && len <= end - start));
}

static void check_match(pl_pattern *m)
{
    pl_capture capture;
    check_within(m, m->start, m->end - m->start);
    MUST(m->capture_count <= PL_PATTERN_MAX_CAPTURES);
    for (int i = 0; i <= m->capture_count; i++)
        if (pl_pattern_capture(m, i, &capture)) check_within(m, capture.start, capture.len);
}

static void check(pl_slice text, pl_slice pattern, bool may_be_anchored)
{
    int left = 20;
    pl_pattern m;
    pl_pattern_init(&m, text, pattern, may_be_anchored, count_down, &left);
    for (size_t from = 0; from <= text.len; from++) {
        enum pl_pattern_result result = pl_pattern_find(&m, from);
        MUST(m.depth == 0);
        if (result == PL_PATTERN_WRONG) MUST(m.wrong);
        if (result != PL_PATTERN_FOUND) return;
        check_match(&m);
        MUST(m.start >= text.ptr + from);
        from = (size_t)(m.end - text.ptr);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *cut = size ? memchr(data, 0xff, size) : NULL;
    size_t len = cut ? (size_t)(cut - data) : size;
    pl_slice pattern = {(const char *)data, len};
    pl_slice text = pl_slice_from((pl_slice){(const char *)data, size}, len + 1);
    if (size == 0) return 0;
    check(text, pattern, true);
    check(text, pattern, false);
    return 0;
}
