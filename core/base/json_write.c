/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "base/json_bytes.h"
#include "base/time.h"

#include <inttypes.h>

static void put_control(pl_buf *out, uint8_t c)
{
    static const char names[] = "btn\0fr"; /* of 0x08 to 0x0D; VT has none */
    if (c >= 0x08 && c <= 0x0D && names[c - 0x08])
        pl_buf_put(out, (char[]){'\\', names[c - 0x08]}, 2);
    else
        pl_buf_printf(out, "\\u%04x", c);
}

/* Writes the one byte or character at `p`, which is not plain; returns the next. */
static const char *put_special(pl_buf *out, const char *p, const char *end)
{
    switch (pl_json_class[(uint8_t)*p]) {
    case PL_JSON_QUOTE:
    case PL_JSON_BACKSLASH:
        pl_buf_put(out, (char[]){'\\', *p}, 2);
        return p + 1;
    case PL_JSON_CONTROL:
        put_control(out, (uint8_t)*p);
        return p + 1;
    default: {
        int length = pl_utf8_length(p, end);
        if (length > 0)
            pl_buf_put(out, p, (size_t)length);
        else
            PL_BUF_PUT(out, "\xEF\xBF\xBD"); /* U+FFFD */
        return p + (length > 0 ? length : -length);
    }
    }
}

void pl_json_escape(pl_buf *out, pl_slice s)
{
    if (s.len == 0) return;
    const char *p = s.ptr, *end = p + s.len;
    while (p < end) {
        const char *run = p;
        p = pl_json_plain_end(p, end);
        pl_buf_put(out, run, (size_t)(p - run));
        if (p < end) p = put_special(out, p, end);
    }
}

/* `p` is on the quote of a string; returns where it ends. */
static const char *put_normal(pl_buf *out, const char *p, const char *end)
{
    const char *start = p;
    bool has_escapes = false;
    for (p = pl_json_plain_end(p + 1, end); p < end && *p != '"';
         p = pl_json_plain_end(p + 1, end)) {
        if (*p != '\\') continue;
        has_escapes = true;
        p++;
    }
    if (!has_escapes) {
        pl_buf_put(out, start, (size_t)(p + 1 - start));
        return p + 1;
    }
    pl_buf_put_char(out, '"');
    pl_json_put_inner(out, (pl_slice){start + 1, (size_t)(p - start - 1)});
    pl_buf_put_char(out, '"');
    return p + 1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

void pl_json_put_compact(pl_buf *out, pl_slice value)
{
    const char *p = value.ptr, *end = p + value.len;
    while (p < end) {
        const char *run = p;
        while (p < end && *p != '"' && !is_space(*p))
            p++;
        pl_buf_put(out, run, (size_t)(p - run));
        if (p < end) p = *p == '"' ? put_normal(out, p, end) : p + 1;
    }
}

static void put_quoted(pl_buf *out, pl_slice s)
{
    pl_buf_put_char(out, '"');
    pl_json_escape(out, s);
    pl_buf_put_char(out, '"');
}

/* In front of a value or name: the comma. Behind it, one is wanted. */
static pl_buf *begin(pl_json_writer *w)
{
    if (w->wants_comma) pl_buf_put_char(w->out, ',');
    w->wants_comma = true;
    return w->out;
}

void pl_jw_init(pl_json_writer *w, pl_buf *out)
{
    *w = (pl_json_writer){.out = out};
}

void pl_jw_key_slice(pl_json_writer *w, pl_slice key)
{
    put_quoted(begin(w), key);
    pl_buf_put_char(w->out, ':');
    w->wants_comma = false;
}

void pl_jw_key(pl_json_writer *w, const char *key)
{
    pl_slice name = pl_slice_of(key);
    char *to = pl_buf_reserve(begin(w), name.len + 3);
    to[0] = '"';
    memcpy(to + 1, name.ptr, name.len);
    memcpy(to + 1 + name.len, "\":", 2);
    w->out->len += name.len + 3;
    w->wants_comma = false;
}

static void open_container(pl_json_writer *w, char bracket)
{
    pl_buf_put_char(begin(w), bracket);
    w->wants_comma = false;
}

static void close_container(pl_json_writer *w, char bracket)
{
    pl_buf_put_char(w->out, bracket);
    w->wants_comma = true;
}

void pl_jw_object(pl_json_writer *w)
{
    open_container(w, '{');
}

void pl_jw_object_end(pl_json_writer *w)
{
    close_container(w, '}');
}

void pl_jw_array(pl_json_writer *w)
{
    open_container(w, '[');
}

void pl_jw_array_end(pl_json_writer *w)
{
    close_container(w, ']');
}

void pl_jw_string(pl_json_writer *w, pl_slice s)
{
    put_quoted(begin(w), s);
}

void pl_jw_text(pl_json_writer *w, const char *text)
{
    if (text)
        pl_jw_string(w, pl_slice_of(text));
    else
        pl_jw_null(w);
}

void pl_jw_int(pl_json_writer *w, int64_t n)
{
    pl_buf_put_int(begin(w), n);
}

void pl_jw_ms(pl_json_writer *w, int64_t us)
{
    pl_buf_printf(begin(w), "%" PRId64 ".%03d", us / 1000, (int)(us % 1000));
}

void pl_jw_bool(pl_json_writer *w, bool b)
{
    pl_buf_put_slice(begin(w), b ? PL_SLICE("true") : PL_SLICE("false"));
}

void pl_jw_null(pl_json_writer *w)
{
    PL_BUF_PUT(begin(w), "null");
}

void pl_jw_raw(pl_json_writer *w, pl_slice json)
{
    pl_buf_put_slice(begin(w), json.len ? json : PL_SLICE("null"));
}

void pl_jw_member_text(pl_json_writer *w, const char *key, pl_slice text)
{
    pl_jw_key(w, key);
    if (text.len)
        pl_jw_string(w, text);
    else
        pl_jw_null(w);
}

void pl_jw_member_int(pl_json_writer *w, const char *key, int64_t n)
{
    pl_jw_key(w, key);
    if (n)
        pl_jw_int(w, n);
    else
        pl_jw_null(w);
}

void pl_jw_member_time(pl_json_writer *w, const char *key, int64_t wall_ms)
{
    char text[PL_TIME_TEXT + 1];
    if (wall_ms) pl_time_format(wall_ms, text);
    pl_jw_key(w, key);
    pl_jw_text(w, wall_ms ? text : NULL);
}
