/* SPDX-License-Identifier: MIT */
#include "base/json_scan.h"

#include <stddef.h>

__attribute__((cold)) static const char *refuse(pl_json_refusal *why, const char *at,
                                                const char *message)
{
    *why = (pl_json_refusal){at, message};
    return NULL;
}

/* The four digits of a \u escape, or -1. */
static int32_t hex4(const char *p, const char *end)
{
    int32_t value = 0;
    if (end - p < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int d = pl_hex_digit(p[i]);
        if (d < 0) return -1;
        value = value << 4 | d;
    }
    return value;
}

/* `p` is behind "\u". A surrogate pair is one escape. */
static const char *scan_unicode_escape(const char *p, const char *end, pl_json_refusal *why)
{
    int32_t unit = hex4(p, end);
    if (unit < 0) return refuse(why, p, "expected four hex digits after \\u");
    if ((unit & 0xF800) != 0xD800) return p + 4;
    bool is_pair = unit < 0xDC00 && end - p >= 10 && p[4] == '\\' && p[5] == 'u' &&
                   (hex4(p + 6, end) & ~0x3FF) == 0xDC00;
    return is_pair ? p + 10 : refuse(why, p, "a lone surrogate is not a character");
}

/* `p` is on the backslash. */
static const char *scan_escape(const char *p, const char *end, pl_json_refusal *why)
{
    char c = p + 1 < end ? p[1] : '\0';
    switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return p + 2;
    case 'u':
        return scan_unicode_escape(p + 2, end, why);
    default:
        return refuse(why, p, "unknown escape");
    }
}

const char *pl_json_scan_rest(const char *p, const char *end, bool *has_escapes,
                              pl_json_refusal *why)
{
    for (; p; p = p ? pl_json_plain_end(p, end) : NULL) {
        if (p == end) return refuse(why, p, "the string does not end");
        switch (pl_json_class[(uint8_t)*p]) {
        case PL_JSON_QUOTE:
            return p;
        case PL_JSON_BACKSLASH:
            *has_escapes = true;
            p = scan_escape(p, end, why);
            break;
        case PL_JSON_CONTROL:
            return refuse(why, p, "control characters must be escaped in a string");
        default: {
            int length = pl_utf8_length(p, end);
            if (length < 0) return refuse(why, p, "not valid UTF-8");
            p += length;
        }
        }
    }
    return NULL;
}

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

const char *pl_json_scan_number(const char *p, const char *end, pl_json_refusal *why)
{
    const char *digits;
    if (p < end && *p == '-') p++;
    digits = p;
    p = skip_digits(p, end);
    if (p == digits) return refuse(why, p, "expected a digit");
    if (*digits == '0' && p > digits + 1)
        return refuse(why, digits, "a number has no leading zeros");
    if (p < end && *p == '.') {
        digits = ++p;
        p = skip_digits(p, end);
        if (p == digits) return refuse(why, p, "expected a digit after the decimal point");
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-')) p++;
        digits = p;
        p = skip_digits(p, end);
        if (p == digits) return refuse(why, p, "expected a digit in the exponent");
    }
    return p;
}
