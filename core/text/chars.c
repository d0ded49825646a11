/* SPDX-License-Identifier: MIT */
#include "text/chars.h"

#include "base/json_bytes.h"

#include <stdint.h>

const char *pl_char_read(const char *p, const char *end, uint32_t *c)
{
    static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint8_t lead = (uint8_t)*p;
    if (lead < 0x80) {
        *c = lead;
        return p + 1;
    }
    int bytes = pl_utf8_length(p, end);
    if (bytes < 0) {
        *c = PL_CHAR_BAD;
        return p - bytes;
    }
    *c = lead & lead_bits[bytes];
    for (int i = 1; i < bytes; i++)
        *c = *c << 6 | ((uint8_t)p[i] & 0x3f);
    return p + bytes;
}

void pl_char_put(pl_buf *out, uint32_t c)
{
    out->len += (size_t)pl_utf8_put(pl_buf_reserve(out, 4), c);
}

const char *pl_ascii_end(const char *p, const char *end)
{
    uint64_t eight;
    for (; end - p >= 8; p += 8) {
        memcpy(&eight, p, 8);
        if (eight & UINT64_C(0x8080808080808080)) break;
    }
    while (p < end && (uint8_t)*p < 0x80)
        p++;
    return p;
}

/* Goes over *count characters, or to the end; *count is what is left of them. */
static const char *skip(const char *p, const char *end, size_t *count)
{
    uint32_t c;
    while (p<end && * count> 0) {
        const char *limit = (size_t)(end - p) > *count ? p + *count : end;
        const char *behind = pl_ascii_end(p, limit);
        *count -= (size_t)(behind - p);
        p = behind;
        for (; p<end && * count> 0 && (uint8_t)*p >= 0x80; --*count)
            p = pl_char_read(p, end, &c);
    }
    return p;
}

size_t pl_chars_count(pl_slice s)
{
    size_t left = SIZE_MAX;
    if (s.len > 0) skip(s.ptr, s.ptr + s.len, &left);
    return SIZE_MAX - left;
}

pl_slice pl_chars_sub(pl_slice s, size_t from, size_t to)
{
    if (s.len == 0) return s;
    if (from < 1) from = 1;
    if (to < from) return PL_SLICE("");
    size_t before = from - 1, within = to - from + 1;
    const char *end = s.ptr + s.len;
    const char *start = skip(s.ptr, end, &before);
    const char *behind = skip(start, end, &within);
    return (pl_slice){start, (size_t)(behind - start)};
}

/* The needle's next place at or behind `p` that begins and ends between characters, with the
 * number of characters in front of it; NULL: none. A needle that is not UTF-8 may be found within a
 * character, which does not count. */
static const char *find_aligned(const char *p, const char *end, pl_slice needle, size_t *passed)
{
    uint32_t c;
    for (const char *hit = p; (hit = memmem(hit, (size_t)(end - hit), needle.ptr, needle.len));
         hit++) {
        while (p < hit) {
            p = pl_char_read(p, end, &c);
            ++*passed;
        }
        if (p > hit) continue;
        const char *q = hit, *behind = hit + needle.len;
        while (q < behind)
            q = pl_char_read(q, end, &c);
        if (q == behind) return hit;
    }
    return NULL;
}

size_t pl_chars_find(pl_slice s, pl_slice needle, size_t from, size_t to)
{
    if (from < 1) from = 1;
    size_t before = from - 1;
    const char *end = s.len ? s.ptr + s.len : s.ptr;
    const char *start = s.len ? skip(s.ptr, end, &before) : s.ptr;
    if (before > 0) return 0;
    if (needle.len == 0) return from - 1 <= to ? from : 0;
    if (s.len == 0) return 0;
    pl_slice within = pl_chars_sub(s, from, to);
    if (within.len == 0) return 0;
    size_t passed = 0;
    return find_aligned(start, start + within.len, needle, &passed) ? from + passed : 0;
}

bool pl_chars_are_valid(pl_slice s)
{
    if (s.len == 0) return true;
    const char *end = s.ptr + s.len;
    for (const char *p = pl_ascii_end(s.ptr, end); p < end; p = pl_ascii_end(p, end)) {
        int bytes = pl_utf8_length(p, end);
        if (bytes < 0) return false;
        p += bytes;
    }
    return true;
}

void pl_chars_repair(pl_buf *out, pl_slice s)
{
    if (s.len == 0) return;
    const char *end = s.ptr + s.len;
    uint32_t c;
    for (const char *p = s.ptr, *next; p < end; p = next) {
        next = pl_char_read(p, end, &c);
        if (c == PL_CHAR_BAD)
            PL_BUF_PUT(out, "\xef\xbf\xbd");
        else
            pl_buf_put(out, p, (size_t)(next - p));
    }
}
