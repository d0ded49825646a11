/* SPDX-License-Identifier: MIT
 *
 * What a valid document says: the text of its strings, and the value at a path. The bytes are known
 * to be valid here; of bytes that are not, an escape that cannot be read stands for itself, and no
 * byte outside is touched. */
#include "base/json.h"
#include "base/json_bytes.h"

static uint32_t hex4(const char *p)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 4 | (uint32_t)(pl_hex_digit(p[i]) & 0xF);
    return value;
}

/* `p` is on the backslash of a \uXXXX escape or pair. */
static const char *read_unicode_escape(const char *p, const char *end, char *out, int *len)
{
    uint32_t c = hex4(p + 2);
    p += 6;
    if (c >= 0xD800 && c < 0xDC00 && end - p >= 6) {
        c = 0x10000 + ((c - 0xD800) << 10) + (hex4(p + 2) & 0x3FF);
        p += 6;
    }
    *len = pl_utf8_put(out, c);
    return p;
}

/* The character at `p`, as up to 4 bytes; returns where the next one is. */
static const char *read_escape(const char *p, const char *end, char *out, int *len)
{
    static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    *len = 1;
    out[0] = *p;
    if (end - p >= 6 && p[1] == 'u') return read_unicode_escape(p, end, out, len);
    const char *name = end - p >= 2 ? memchr(names, p[1], sizeof names - 1) : NULL;
    if (name == NULL) return p + 1;
    out[0] = bytes[name - names];
    return p + 2;
}

static void put(pl_buf *out, pl_slice text)
{
    pl_buf_put_slice(out, text);
}

/* Appends what stands for itself as it is, and with `put_escaped` the characters that escapes are. */
static void walk(pl_slice inner, pl_buf *out, void (*put_escaped)(pl_buf *out, pl_slice character))
{
    if (inner.len == 0) return;
    const char *p = inner.ptr, *end = p + inner.len;
    while (p < end) {
        const char *backslash = memchr(p, '\\', (size_t)(end - p));
        const char *stop = backslash ? backslash : end;
        pl_buf_put(out, p, (size_t)(stop - p));
        p = stop;
        if (backslash) {
            char bytes[4];
            int len;
            p = read_escape(p, end, bytes, &len);
            put_escaped(out, (pl_slice){bytes, (size_t)len});
        }
    }
}

void pl_json_unescape_inner(pl_slice inner, pl_buf *out)
{
    walk(inner, out, put);
}

void pl_json_put_inner(pl_buf *out, pl_slice inner)
{
    walk(inner, out, pl_json_escape);
}

bool pl_json_unescape(pl_slice raw, pl_buf *out)
{
    if (raw.len < 2 || raw.ptr[0] != '"' || raw.ptr[raw.len - 1] != '"') return false;
    pl_json_unescape_inner((pl_slice){raw.ptr + 1, raw.len - 2}, out);
    return true;
}

bool pl_json_name_is(pl_slice raw, bool has_escapes, pl_slice name)
{
    if (!has_escapes) return pl_slice_eq(raw, name);
    const char *p = raw.ptr, *end = p + raw.len;
    while (p < end) {
        char bytes[4] = {*p};
        int len = 1;
        p = *p == '\\' ? read_escape(p, end, bytes, &len) : p + 1;
        if (!pl_slice_starts(name, (pl_slice){bytes, (size_t)len})) return false;
        name = pl_slice_from(name, (size_t)len);
    }
    return name.len == 0;
}

/* Is `step` the decimal form of `index`? */
static bool index_is(size_t index, pl_slice step)
{
    size_t value = 0;
    if (step.len == 0 || step.len > 18 || (step.len > 1 && step.ptr[0] == '0')) return false;
    for (size_t i = 0; i < step.len; i++) {
        if (step.ptr[i] < '0' || step.ptr[i] > '9') return false;
        value = value * 10 + (size_t)(step.ptr[i] - '0');
    }
    return value == index;
}

/* The value that one step of a path names in the array or object `value`. */
static pl_slice find_step(pl_slice value, pl_slice step)
{
    pl_json_reader r;
    pl_json_token token;
    pl_slice raw, found = PL_NO_SLICE;
    pl_json_open(&r, value, PL_JSON_MAX_DEPTH);
    if (pl_json_next(&r, &token) != 0) return PL_NO_SLICE;
    bool is_array = token.kind == PL_JSON_ARRAY;
    if (!is_array && token.kind != PL_JSON_OBJECT) return PL_NO_SLICE;
    for (size_t i = 0; pl_json_value(&r, &token, &raw) == 0 && r.depth > 0; i++) {
        if (is_array && index_is(i, step)) return raw;
        if (!is_array && pl_json_name_is(token.key, token.key_has_escapes, step))
            found = raw; /* the last one counts: go on */
    }
    return found;
}

pl_slice pl_json_find(pl_slice document, pl_slice path)
{
    pl_json_reader r;
    pl_json_token token;
    pl_slice value;
    pl_json_open(&r, document, PL_JSON_MAX_DEPTH);
    if (pl_json_value(&r, &token, &value) != 0) return PL_NO_SLICE;
    for (bool more = path.len > 0; more && value.ptr;) {
        const char *dot = memchr(path.ptr, '.', path.len);
        size_t len = dot ? (size_t)(dot - path.ptr) : path.len;
        value = find_step(value, (pl_slice){path.ptr, len});
        path = pl_slice_from(path, len + 1);
        more = dot != NULL; /* "a." has a second, empty step */
    }
    return value;
}
