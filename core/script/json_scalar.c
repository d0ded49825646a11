/* SPDX-License-Identifier: MIT
 *
 * How strings are written. A string must be UTF-8; only what RFC 8259 asks for is escaped.
 * (Numbers: text/number.h.) */
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
