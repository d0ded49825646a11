/* SPDX-License-Identifier: MIT
 *
 * How strings and numbers are written. A string must be UTF-8; only what RFC 8259 asks
 * for is escaped. A number is written with the fewest digits that read back as the same double:
 * an integer up to 2^53 and the few decimals of a price are told without printf,
 * the rest by trying 15, 16 and 17 digits. */
#include "script/codec.h"

#include "base/json_bytes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_WHOLE 0x1p53

static size_t put_escape(char *out, unsigned char c)
{
    static const char names[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
    const char *name = c ? strchr(names, c) : NULL;
    if (name) {
        out[0] = '\\';
        out[1] = letters[name - names];
        return 2;
    }
    return (size_t)snprintf(out, 7, "\\u%04x", c);
}

int64_t pl_string_put(pl_buf *out, const char *s, size_t len)
{
    const char *p = s, *end = s + len;
    while (p < end) {
        const char *start = p;
        while (p < end) {
            uint8_t class = pl_json_class[(unsigned char)*p];
            if (class == PL_JSON_PLAIN) {
                p++;
                continue;
            }
            if (class < PL_JSON_STRAY) break;
            int bytes = pl_utf8_length(p, end);
            if (bytes < 0) return p - s;
            p += bytes;
        }
        pl_buf_put(out, start, (size_t)(p - start));
        if (p < end) out->len += put_escape(pl_buf_reserve(out, 8), (unsigned char)*p++);
    }
    return -1;
}

static void put_whole(pl_buf *out, double n)
{
    char digits[24], *p = digits + sizeof digits;
    uint64_t left = (uint64_t)fabs(n);
    do
        *--p = (char)('0' + left % 10);
    while (left /= 10);
    if (n < 0) *--p = '-';
    pl_buf_put(out, p, (size_t)(digits + sizeof digits - p));
}

/* Few decimals, as prices have: the digits are an integer below 2^53 that, divided by a power of
 * ten (one correctly rounded operation, as reading does it), gives n again. */
static bool put_decimal(pl_buf *out, double n)
{
    double scale = 10, magnitude = fabs(n);
    if (magnitude < 1e-3 || magnitude > 1e9) return false;
    for (int decimals = 1; decimals <= 6; decimals++, scale *= 10) {
        double digits = nearbyint(magnitude * scale);
        if (digits / scale != magnitude) continue;
        char text[24];
        uint64_t whole = (uint64_t)(digits / scale),
                 rest = (uint64_t)digits - whole * (uint64_t)scale;
        for (int i = decimals; i > 0; i--, rest /= 10)
            text[i] = (char)('0' + rest % 10);
        text[0] = '.';
        if (n < 0) pl_buf_put_char(out, '-');
        put_whole(out, (double)whole);
        pl_buf_put(out, text, (size_t)decimals + 1);
        return true;
    }
    return false;
}

bool pl_number_put(pl_buf *out, double n)
{
    if (!isfinite(n)) return false;
    if (n == 0 && signbit(n)) {
        PL_BUF_PUT(out, "-0");
        return true;
    }
    if (fabs(n) <= MAX_WHOLE && n == floor(n)) {
        put_whole(out, n);
        return true;
    }
    if (put_decimal(out, n)) return true;
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, n);
        if (strtod(text, NULL) == n) break;
    }
    pl_buf_put(out, text, strlen(text));
    return true;
}
