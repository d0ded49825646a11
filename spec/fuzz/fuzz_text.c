/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a text, and, cut at NULs, as a text, a pattern and a replacement: characters add up
 * to the text, mapping leaves valid texts valid, patterns end. */
#include "text/casing.h"
#include "text/chars.h"
#include "text/class.h"
#include "text/regex.h"

#include "fuzz.h"

static void check_characters(pl_slice text)
{
    size_t count = pl_chars_count(text), half = count / 2;
    pl_slice front = pl_chars_sub(text, 1, half), back = pl_chars_sub(text, half + 1, count);
    pl_buf repaired = {0};
    MUST(front.len + back.len == text.len);
    MUST(pl_chars_count(front) == half && pl_chars_count(back) == count - half);
    if (back.len > 0 && pl_chars_are_valid(text)) {
        size_t found = pl_chars_find(text, back, 1, count);
        MUST(found > 0 && found <= half + 1);
    }
    pl_chars_repair(&repaired, text);
    MUST(pl_chars_are_valid(pl_buf_slice(&repaired)));
    MUST(pl_chars_count(pl_buf_slice(&repaired)) == count);
    pl_buf_fini(&repaired);
}

static void check_casing(pl_slice text)
{
    bool is_valid = pl_chars_are_valid(text);
    for (int casing = PL_CASING_UPPER; casing <= PL_CASING_SWAP; casing++) {
        pl_buf out = {0};
        pl_casing_put(&out, text, (enum pl_casing)casing);
        MUST(!is_valid || pl_chars_are_valid(pl_buf_slice(&out)));
        MUST(pl_chars_count(pl_buf_slice(&out)) >= pl_chars_count(text));
        pl_buf_fini(&out);
    }
    for (int class = 0; class < PL_TEXT_CLASS_COUNT; class ++)
        pl_text_is(text, (enum pl_text_class) class);
}

static pl_slice cut(pl_slice *rest)
{
    const char *nul = rest->len ? memchr(rest->ptr, 0, rest->len) : NULL;
    pl_slice part = {rest->ptr, nul ? (size_t)(nul - rest->ptr) : rest->len};
    *rest = pl_slice_from(*rest, part.len + 1);
    return part;
}

static void check_group(void *ud, pl_slice group)
{
    size_t *longest = ud;
    if (group.len > *longest) *longest = group.len;
}

static void check_regex(pl_slice text)
{
    static pl_regex_cache *cache;
    pl_regex_request request = {.text = cut(&text), .flags = PL_SLICE("i")};
    pl_buf out = {0};
    size_t longest = 0;
    request.pattern = cut(&text);
    if (cache == NULL) cache = pl_regex_cache_new();
    pl_regex_replace(cache, &request, text, 3, &out);
    if (pl_regex_match(cache, &request, check_group, &longest) == NULL)
        MUST(longest <= 3 * request.text.len); /* repaired bytes are three */
    pl_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pl_slice text = {(const char *)data, size};
    check_characters(text);
    check_casing(text);
    check_regex(text);
    return 0;
}
