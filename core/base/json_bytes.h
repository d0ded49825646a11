/* SPDX-License-Identifier: MIT
 *
 * What the JSON reader and writer know of single bytes: one table of classes, and UTF-8 by RFC 3629
 * (no overlong forms, no surrogates, nothing above U+10FFFF). The table is inner to base/; UTF-8
 * and hex digits are for whoever takes bytes from outside. */
#ifndef PL_BASE_JSON_BYTES_H
#define PL_BASE_JSON_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* What a byte is inside a string. From PL_JSON_LEAD_C2 on, leads of multi-byte characters. */
enum pl_json_class {
    PL_JSON_PLAIN, /* stands for itself; the loops run over these */
    PL_JSON_QUOTE,
    PL_JSON_BACKSLASH,
    PL_JSON_CONTROL, /* below 0x20: must be escaped */
    PL_JSON_STRAY,   /* starts nothing: 80..C1 and F5..FF */
    PL_JSON_LEAD_C2, /* C2..DF */
    PL_JSON_LEAD_E0, /* second byte from A0, else overlong */
    PL_JSON_LEAD_E1, /* E1..EC, EE, EF */
    PL_JSON_LEAD_ED, /* second byte up to 9F, else a surrogate */
    PL_JSON_LEAD_F0, /* second byte from 90, else overlong */
    PL_JSON_LEAD_F1, /* F1..F3 */
    PL_JSON_LEAD_F4, /* second byte up to 8F, else beyond U+10FFFF */
    PL_JSON_CLASSES
};

extern const uint8_t pl_json_class[256];

/* The multi-byte character at `p`: its length, or, negative, how many bytes to skip as one bad
 * character (the longest part that could have begun one, as Unicode section 3.9 recommends to
 * replace). p < end; *p is not ASCII. */
int pl_utf8_length(const char *p, const char *end);

/* Writes the character `c` as UTF-8; how many bytes, up to 4. */
int pl_utf8_put(char *out, uint32_t c);

/* A hex digit's value, or -1. */
static inline int pl_hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

#endif
