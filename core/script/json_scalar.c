/* SPDX-License-Identifier: MIT
 *
 * How strings are written. A string must be UTF-8; only what RFC 8259 asks for is escaped, for HTML
 * also what HTML reads and all that is not printable ASCII, as Jinja's tojson does it. (Numbers:
 * text/number.h.) */
#include "script/codec.h"

#include "base/json_bytes.h"

#include <stdio.h>

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

static size_t put_unit(char *out, uint32_t unit)
{
    return (size_t)snprintf(out, 7, "\\u%04x", (unsigned)unit);
}

/* A character that is not plain ASCII at `p`: its bytes, or -1 when they are not UTF-8. */
static int put_character(pl_buf *out, const char *p, const char *end)
{
    int bytes = pl_utf8_length(p, end);
    if (bytes < 0) return -1;
    static const uint8_t lead_bits[] = {0, 0, 0x1F, 0x0F, 0x07};
    uint32_t c = (uint8_t)*p & lead_bits[bytes];
    for (int i = 1; i < bytes; i++)
        c = c << 6 | ((uint8_t)p[i] & 0x3F);
    char *at = pl_buf_reserve(out, 16);
    if (c < 0x10000) {
        out->len += put_unit(at, c);
    } else { /* a surrogate pair */
        out->len += put_unit(at, 0xD800 + ((c - 0x10000) >> 10));
        out->len += put_unit(at + 6, 0xDC00 + ((c - 0x10000) & 0x3FF));
    }
    return bytes;
}

static bool is_html(char c)
{
    return c == '<' || c == '>' || c == '&' || c == '\'' || c == 0x7F;
}

int64_t pl_string_put_html(pl_buf *out, const char *s, size_t len)
{
    const char *p = s, *end = s + len;
    while (p < end) {
        const char *start = p;
        while (p < end && pl_json_class[(unsigned char)*p] == PL_JSON_PLAIN && !is_html(*p))
            p++;
        pl_buf_put(out, start, (size_t)(p - start));
        if (p == end) break;
        if (is_html(*p)) {
            out->len += put_unit(pl_buf_reserve(out, 8), (unsigned char)*p++);
        } else if (pl_json_class[(unsigned char)*p] < PL_JSON_STRAY) {
            out->len += put_escape(pl_buf_reserve(out, 8), (unsigned char)*p++);
        } else {
            int bytes = put_character(out, p, end);
            if (bytes < 0) return p - s;
            p += bytes;
        }
    }
    return -1;
}

int64_t pl_string_put(pl_buf *out, const char *s, size_t len)
{
    const char *p = s, *end = s + len;
    while (p < end) {
        const char *start = p;
        while ((p = pl_json_plain_end(p, end)) < end) {
            if (pl_json_class[(unsigned char)*p] < PL_JSON_STRAY) break;
            int bytes = pl_utf8_length(p, end);
            if (bytes < 0) return p - s;
            p += bytes;
        }
        pl_buf_put(out, start, (size_t)(p - start));
        if (p < end) out->len += put_escape(pl_buf_reserve(out, 8), (unsigned char)*p++);
    }
    return -1;
}
