/* SPDX-License-Identifier: MIT
 *
 * A slice is a loan of bytes: pointer and length, never NUL-terminated by promise. Whoever hands
 * one out says how long the bytes live; nobody frees through a slice. */
#ifndef PL_BASE_SLICE_H
#define PL_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct pl_slice {
    const char *ptr;
    size_t len;
} pl_slice;

#define PL_SLICE(literal) ((pl_slice){"" literal, sizeof(literal) - 1})
/* The same where C wants a constant: the initialisers of static tables. */
/* clang-format off */
#define PL_SLICE_INIT(literal) {"" literal, sizeof(literal) - 1}
/* clang-format on */
#define PL_NO_SLICE ((pl_slice){NULL, 0})
/* For printf: "%.*s", PL_FMT(slice). */
#define PL_FMT(s) (int)(s).len, (s).ptr

static inline pl_slice pl_slice_of(const char *text)
{
    return (pl_slice){text, text ? strlen(text) : 0};
}

static inline bool pl_slice_eq(pl_slice a, pl_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Small letters of ASCII for large ones. */
static inline unsigned char pl_lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* ASCII case folded, as field names and schemes compare (RFC 9110 section 5.1). Mostly what is the
 * same is written the same: eight or four bytes that are need no folding. */
static inline bool pl_slice_eq_nocase(pl_slice a, pl_slice b)
{
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len;) {
        if (a.len - i >= 8 && memcmp(a.ptr + i, b.ptr + i, 8) == 0)
            i += 8;
        else if (a.len - i >= 4 && memcmp(a.ptr + i, b.ptr + i, 4) == 0)
            i += 4;
        else if (pl_lower(a.ptr[i]) == pl_lower(b.ptr[i]))
            i++;
        else
            return false;
    }
    return true;
}

static inline bool pl_slice_starts(pl_slice s, pl_slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

/* With ASCII case folded. */
static inline bool pl_slice_starts_nocase(pl_slice s, pl_slice prefix)
{
    return s.len >= prefix.len && pl_slice_eq_nocase((pl_slice){s.ptr, prefix.len}, prefix);
}

/* FNV-1a: of short names, for tables. */
static inline uint32_t pl_slice_hash(pl_slice s)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.ptr[i]) * 16777619u;
    return hash;
}

/* From byte `from` on; an offset past the end gives an empty slice. */
static inline pl_slice pl_slice_from(pl_slice s, size_t from)
{
    if (s.len == 0) return s; /* its pointer may be NULL */
    if (from > s.len) from = s.len;
    return (pl_slice){s.ptr + from, s.len - from};
}

#endif
