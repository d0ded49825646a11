/* SPDX-License-Identifier: MIT
 *
 * How strings and numbers are written. A string must be UTF-8; only what RFC 8259 asks for is escaped, for HTML
 * also what HTML reads and all that is not printable ASCII, as Jinja's tojson does it. (The digits of numbers:
 * text/number.h.) */
#include "script/encode_impl.h"

#include "base/json_bytes.h"

#include <math.h>
#include <stdio.h>

#define ESCAPE_BYTES 8 /* room for one: \\u0000 and the end that snprintf writes */

static size_t put_escape(char *out, unsigned char c)
{
    static const char letters[] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r',
                                   ['\t'] = 't', ['"'] = '"',  ['\\'] = '\\'};
    if (letters[c]) {
        out[0] = '\\';
        out[1] = letters[c];
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
            out->len += put_unit(pl_buf_reserve(out, ESCAPE_BYTES), (unsigned char)*p++);
        } else if (pl_json_class[(unsigned char)*p] < PL_JSON_STRAY) {
            out->len += put_escape(pl_buf_reserve(out, ESCAPE_BYTES), (unsigned char)*p++);
        } else {
            int bytes = put_character(out, p, end);
            if (bytes < 0) return p - s;
            p += bytes;
        }
    }
    return -1;
}

/* How many bytes the character at `p` has, which is not plain and needs no escape; negative: it is not
 * UTF-8. Most of text have two. */
static inline int length_of(const char *p, const char *end)
{
    bool is_two = pl_json_class[(unsigned char)*p] == PL_JSON_LEAD_C2 && p + 1 < end &&
                  ((unsigned char)p[1] & 0xC0) == 0x80;
    return is_two ? 2 : pl_utf8_length(p, end);
}

int64_t pl_string_put(pl_buf *out, const char *s, size_t len)
{
    const char *p = s, *end = s + len;
    for (;;) {
        char *at = pl_buf_reserve(out, (size_t)(end - p) + ESCAPE_BYTES);
        size_t count = pl_json_copy_plain(at, p, (size_t)(end - p));
        at += count;
        p += count;
        out->len += count;
        if (p == end) return -1;
        if (pl_json_class[(unsigned char)*p] < PL_JSON_STRAY) {
            out->len += put_escape(at, (unsigned char)*p++);
            continue;
        }
        int bytes = length_of(p, end);
        if (bytes < 0) return p - s;
        for (int i = 0; i < bytes; i++)
            *at++ = *p++;
        out->len += (size_t)bytes;
    }
}

/* -- of a value that is encoded -- */

static int refuse_string(pl_encoder *e, const pl_frame *where)
{
    return pl_encode_refuse(e, where, "a string that is not UTF-8 cannot be written as JSON");
}

static int encode_for_html(pl_encoder *e, const char *s, size_t len, const pl_frame *where)
{
    pl_buf_put_char(e->out, '"');
    if (pl_string_put_html(e->out, s, len) >= 0) return refuse_string(e, where);
    pl_buf_put_char(e->out, '"');
    return 0;
}

/* What is left of a string once `count` of its bytes were copied behind the end of the text. */
static int encode_rest(pl_encoder *e, const char *s, size_t len, size_t count,
                       const pl_frame *where)
{
    e->out->len += 1 + count;
    if (pl_string_put(e->out, s + count, len - count) >= 0) return refuse_string(e, where);
    pl_buf_put_char(e->out, '"');
    return 0;
}

/* Most have nothing to be escaped. */
__attribute__((always_inline)) static inline int encode_string(pl_encoder *e, const char *s,
                                                               size_t len, const pl_frame *where)
{
    if (e->options->for_html) return encode_for_html(e, s, len, where);
    char *at = pl_buf_reserve(e->out, len + 2);
    size_t count = pl_json_copy_plain(at + 1, s, len);
    at[0] = '"';
    if (count < len) return encode_rest(e, s, len, count, where);
    at[len + 1] = '"';
    e->out->len += len + 2;
    return 0;
}

int pl_encode_string(pl_encoder *e, const char *s, size_t len, const pl_frame *where)
{
    return encode_string(e, s, len, where);
}

int pl_encode_string_at(pl_encoder *e, int index, const pl_frame *where)
{
    size_t len;
    const char *s = lua_tolstring(e->L, index, &len);
    return encode_string(e, s, len, where);
}

/* As Python's json writes one that is not whole. */
static void put_float(pl_buf *out, double n)
{
    if (isnan(n))
        PL_BUF_PUT(out, "NaN");
    else if (isinf(n))
        pl_buf_printf(out, "%sInfinity", n < 0 ? "-" : "");
    else
        pl_number_put_float(out, n);
}

int pl_encode_number_at(pl_encoder *e, int index, const pl_frame *where)
{
    double n = lua_tonumber(e->L, index);
    if (e->options->for_html && (n != floor(n) || isinf(n))) {
        put_float(e->out, n);
        return 0;
    }
    if (pl_number_put(e->out, n)) return 0;
    return pl_encode_refuse(e, where, "a number that is not finite cannot be written as JSON");
}
