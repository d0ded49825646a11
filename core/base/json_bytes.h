/* SPDX-License-Identifier: MIT
 *
 * What the JSON reader and writer know of single bytes: one table of classes, and UTF-8 by RFC 3629
 * (no overlong forms, no surrogates, nothing above U+10FFFF). The table is inner to base/; UTF-8
 * and hex digits are for whoever takes bytes from outside. */
#ifndef PL_BASE_JSON_BYTES_H
#define PL_BASE_JSON_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

/* Of eight bytes: the high bit of each is set that is a control (it is less than 0x20), a quote or a
 * backslash (zero once it is xor-ed away, so that a one cannot be taken from it) or not ASCII. A
 * borrow may set bits above the first such byte only. */
static inline uint64_t pl_json_special(uint64_t x)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    return ((x - ones * 0x20) | ((x ^ ones * '"') - ones) | ((x ^ ones * '\\') - ones) | x) & high;
}

#ifdef __SSE2__
/* Of sixteen bytes: a bit for each that is not plain. */
static inline unsigned pl_json_special_16(__m128i x)
{
    __m128i control = _mm_cmplt_epi8(x, _mm_set1_epi8(0x20)); /* signed: or not ASCII */
    __m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash)));
}
#endif

/* The first byte from `p` on that is not plain, or `end`. Sixteen bytes at a time where the processor
 * compares as many, else eight. */
static inline const char *pl_json_plain_end(const char *p, const char *end)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        unsigned special = pl_json_special_16(_mm_loadu_si128((const __m128i *)(const void *)p));
        if (special) return p + __builtin_ctz(special);
    }
#endif
    for (; end - p >= 8; p += 8) {
        uint64_t x;
        memcpy(&x, p, sizeof x);
        uint64_t special = pl_json_special(x);
        if (special == 0) continue;
        if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) return p + __builtin_ctzll(special) / 8;
        break;
    }
    while (p < end && pl_json_class[(uint8_t)*p] == PL_JSON_PLAIN)
        p++;
    return p;
}

/* Copies eight bytes: how many of them are in front of the first that is not plain. */
static inline size_t pl_json_copy_8(char *to, const char *from)
{
    uint64_t x;
    memcpy(&x, from, sizeof x);
    memcpy(to, &x, sizeof x);
    uint64_t special = pl_json_special(x);
    if (special == 0) return sizeof x;
    if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) return (size_t)__builtin_ctzll(special) / 8;
    size_t i = 0;
    while (pl_json_class[(uint8_t)from[i]] == PL_JSON_PLAIN)
        i++;
    return i;
}

/* The same of sixteen. */
static inline size_t pl_json_copy_16(char *to, const char *from)
{
#ifdef __SSE2__
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)from);
    _mm_storeu_si128((__m128i *)(void *)to, x);
    unsigned special = pl_json_special_16(x);
    return special ? (size_t)__builtin_ctz(special) : sizeof x;
#else
    size_t i = pl_json_copy_8(to, from);
    return i < 8 ? i : 8 + pl_json_copy_8(to + 8, from + 8);
#endif
}

/* Copies bytes up to the first that is not plain: how many. There must be room for all `len`: what is
 * behind the plain ones is overwritten. The last ones are taken in one piece with some in front of
 * them, which are known to be plain. */
static inline size_t pl_json_copy_plain(char *to, const char *from, size_t len)
{
    size_t i = 0, count;
    if (len < 8) {
        for (; i < len && pl_json_class[(uint8_t)from[i]] == PL_JSON_PLAIN; i++)
            to[i] = from[i];
        return i;
    }
    for (; len - i >= 16; i += 16)
        if ((count = pl_json_copy_16(to + i, from + i)) < 16) return i + count;
    if (len - i > 8 && (count = pl_json_copy_8(to + i, from + i)) < 8) return i + count;
    i = len - 8;
    return i + pl_json_copy_8(to + i, from + i);
}

/* So many bytes, at most eight of them, as a number. Those in the middle may count twice. */
static inline uint64_t pl_word_of(const char *p, size_t len)
{
    uint32_t low = 0, high = 0;
    if (len >= sizeof low) {
        memcpy(&low, p, sizeof low);
        memcpy(&high, p + len - sizeof high, sizeof high);
    } else if (len > 0) {
        low = (uint32_t)(uint8_t)p[0] << 16 | (uint32_t)(uint8_t)p[len / 2] << 8 |
              (uint8_t)p[len - 1];
    }
    return (uint64_t)high << 32 | low;
}

/* Are they the same? Names are short: no call is worth it. */
static inline bool pl_same_bytes(const char *a, const char *b, size_t len)
{
    for (; len > 8; a += 8, b += 8, len -= 8)
        if (pl_word_of(a, 8) != pl_word_of(b, 8)) return false;
    return pl_word_of(a, len) == pl_word_of(b, len);
}

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
