/* SPDX-License-Identifier: MIT
 *
 * Which byte may stand where (RFC 9110 section 5, RFC 3986 section 2), and cutting slices: what the
 * modules of this folder share, and whoever cuts text elsewhere. All of it is ASCII and knows no
 * locale. */
#ifndef PL_HTTP_SYNTAX_H
#define PL_HTTP_SYNTAX_H

#include "base/slice.h"

#include <stdint.h>

static inline bool pl_is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static inline bool pl_is_alpha(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* What a byte may be part of. */
enum { PL_OF_TOKEN = 1, PL_OF_HOST = 2 };
extern const uint8_t pl_byte_classes[256];

/* tchar: letters, digits and !#$%&'*+-.^_`|~. */
static inline bool pl_is_token_byte(unsigned char c)
{
    return pl_byte_classes[c] & PL_OF_TOKEN;
}

/* Letters, digits, '-', '.' and '_'. */
static inline bool pl_is_host_byte(unsigned char c)
{
    return pl_byte_classes[c] & PL_OF_HOST;
}

/* field-vchar, space and tab: everything but the other control bytes. */
static inline bool pl_is_field_byte(unsigned char c)
{
    return (c >= 0x20 && c != 0x7f) || c == '\t';
}

/* Is any of these eight a control byte, less than 0x20 or 0x7f? The tab is one. */
static inline bool pl_has_control(const char *eight)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones * 0x80;
    uint64_t x, del;
    memcpy(&x, eight, sizeof x);
    del = x ^ ones * 0x7f;
    return (((x - ones * 0x20) & ~x) | ((del - ones) & ~del)) & high;
}

/* Eight at a time while there is no control byte, the last eight perhaps twice. */
static inline bool pl_are_field_bytes(pl_slice s)
{
    size_t i = 0;
    while (s.len - i >= 8 && !pl_has_control(s.ptr + i))
        i += 8;
    if (i > 0 && s.len - i < 8 && !pl_has_control(s.ptr + s.len - 8)) return true;
    for (; i < s.len; i++)
        if (!pl_is_field_byte((unsigned char)s.ptr[i])) return false;
    return true;
}

/* Optional white space off both ends. */
static inline pl_slice pl_trim(pl_slice s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s.ptr++, s.len--;
    while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* Moves what stands before the first `at` from *rest to *part, and drops `at`. Without one, *part
 * is all there is, *rest is empty, and the answer is false. */
static inline bool pl_cut(pl_slice *rest, char at, pl_slice *part)
{
    const char *found = rest->len ? memchr(rest->ptr, at, rest->len) : NULL;
    *part = *rest;
    if (found == NULL) {
        rest->len = 0;
        return false;
    }
    part->len = (size_t)(found - rest->ptr);
    rest->ptr = found + 1;
    rest->len -= part->len + 1;
    return true;
}

#endif
