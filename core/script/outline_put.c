/* SPDX-License-Identifier: MIT
 *
 * How an outline writes a value: what template/escape.lua and value/printing.lua make of the same. A
 * number is written as it stands in the document, which is how decoding keeps it (json_number.c). */
#include "script/outline_impl.h"

#include "base/percent.h"
#include "http/message.h"

pl_slice pl_outline_said(pl_outline_pen *pen, const pl_outline_value *v)
{
    if (!v->has_escapes || v->is_text) return v->raw;
    pl_buf_clear(&pen->text);
    pl_json_unescape_inner(v->raw, &pen->text);
    return pl_buf_slice(&pen->text);
}

enum pl_outline_end pl_outline_print(pl_outline_pen *pen, const pl_outline_value *v, pl_slice *text)
{
    switch (v->kind) {
    case PL_JSON_STRING:
        *text = pl_outline_said(pen, v);
        return PL_OUTLINE_DONE;
    case PL_JSON_NUMBER:
        *text = v->raw;
        return PL_OUTLINE_DONE;
    case PL_JSON_TRUE:
        *text = PL_SLICE("True");
        return PL_OUTLINE_DONE;
    case PL_JSON_FALSE:
        *text = PL_SLICE("False");
        return PL_OUTLINE_DONE;
    case PL_JSON_NULL:
        *text = PL_SLICE("None");
        return PL_OUTLINE_DONE;
    case PL_JSON_END:
        *text = PL_SLICE("");
        return PL_OUTLINE_DONE;
    default:
        return PL_OUTLINE_NOT_PLAIN;
    }
}

/* -- writers of values -- */

static enum pl_outline_end write_nothing(pl_outline_pen *pen, const pl_outline_value *v)
{
    (void)pen, (void)v;
    return PL_OUTLINE_DONE;
}

/* What stands in the document without escapes needs none. */
static enum pl_outline_end write_json_string(pl_outline_pen *pen, const pl_outline_value *v)
{
    pl_slice text;
    if (v->kind == PL_JSON_STRING && !v->is_text) {
        (v->has_escapes ? pl_json_put_inner : pl_buf_put_slice)(pen->out, v->raw);
        return PL_OUTLINE_DONE;
    }
    enum pl_outline_end end = pl_outline_print(pen, v, &text);
    if (end) return end;
    if (v->is_text)
        pl_json_escape(pen->out, text);
    else
        pl_buf_put_slice(pen->out, text);
    return PL_OUTLINE_DONE;
}

static enum pl_outline_end write_json_value(pl_outline_pen *pen, const pl_outline_value *v)
{
    if (v->kind == PL_JSON_STRING) {
        pl_buf_put_char(pen->out, '"');
        write_json_string(pen, v);
        pl_buf_put_char(pen->out, '"');
    } else if (pl_outline_is_container(v)) {
        pen->has_containers = true;
        pl_json_put_compact(pen->out, v->raw);
    } else {
        pl_buf_put_slice(pen->out, v->kind == PL_JSON_END ? PL_SLICE("null") : v->raw);
    }
    return PL_OUTLINE_DONE;
}

/* As tojson does it. */
static enum pl_outline_end write_json_html(pl_outline_pen *pen, const pl_outline_value *v)
{
    if (v->kind == PL_JSON_END) return PL_OUTLINE_NOT_PLAIN;
    if (v->node) return pl_outline_put_html(pen, v->node);
    if (v->is_text)
        pl_outline_put_html_text(pen->out, v->raw);
    else
        pl_buf_put_slice(pen->out, v->raw);
    return PL_OUTLINE_DONE;
}

static enum pl_outline_end put_plain(pl_buf *out, pl_slice text)
{
    pl_buf_put_slice(out, text);
    return PL_OUTLINE_DONE;
}

static enum pl_outline_end put_url(pl_buf *out, pl_slice text)
{
    pl_percent_encode(out, text);
    return PL_OUTLINE_DONE;
}

static enum pl_outline_end put_form(pl_buf *out, pl_slice text)
{
    pl_percent_encode_form(out, text);
    return PL_OUTLINE_DONE;
}

static bool is_of_host(char c)
{
    char lower = (char)(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

static enum pl_outline_end put_url_host(pl_buf *out, pl_slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_of_host(text.ptr[i])) return PL_OUTLINE_NOT_PLAIN;
    return put_plain(out, text);
}

static enum pl_outline_end put_header(pl_buf *out, pl_slice text)
{
    if (!pl_http_is_field_value(text)) return PL_OUTLINE_NOT_PLAIN;
    return put_plain(out, text);
}

/* Is it a character that XML cannot have: a control, or the bytes EF BF BE or EF BF BF? */
static bool is_no_xml(pl_slice text, size_t i)
{
    unsigned char c = (unsigned char)text.ptr[i];
    if (c < ' ') return c != '\t' && c != '\n' && c != '\r';
    if (c != 0xEF || text.len - i < 3) return false;
    return text.ptr[i + 1] == '\xBF' && (text.ptr[i + 2] == '\xBE' || text.ptr[i + 2] == '\xBF');
}

static pl_slice xml_escape(char c, bool in_attribute)
{
    switch (c) {
    case '&':
        return PL_SLICE("&amp;");
    case '<':
        return PL_SLICE("&lt;");
    case '>':
        return PL_SLICE("&gt;");
    case '\r':
        return PL_SLICE("&#13;");
    case '"':
        return in_attribute ? PL_SLICE("&quot;") : PL_NO_SLICE;
    case '\'':
        return in_attribute ? PL_SLICE("&apos;") : PL_NO_SLICE;
    case '\t':
        return in_attribute ? PL_SLICE("&#9;") : PL_NO_SLICE;
    case '\n':
        return in_attribute ? PL_SLICE("&#10;") : PL_NO_SLICE;
    default:
        return PL_NO_SLICE;
    }
}

static enum pl_outline_end put_xml(pl_buf *out, pl_slice text, bool in_attribute)
{
    size_t done = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (is_no_xml(text, i)) return PL_OUTLINE_NOT_PLAIN;
        pl_slice escape = xml_escape(text.ptr[i], in_attribute);
        if (escape.ptr == NULL) continue;
        pl_buf_put(out, text.ptr + done, i - done);
        pl_buf_put_slice(out, escape);
        done = i + 1;
    }
    pl_buf_put(out, text.ptr + done, text.len - done);
    return PL_OUTLINE_DONE;
}

static enum pl_outline_end put_xml_text(pl_buf *out, pl_slice text)
{
    return put_xml(out, text, false);
}

static enum pl_outline_end put_xml_attribute(pl_buf *out, pl_slice text)
{
    return put_xml(out, text, true);
}

/* A writer takes a value, or what is printed of it. */
typedef struct writer {
    enum pl_outline_end (*write)(pl_outline_pen *pen, const pl_outline_value *v);
    enum pl_outline_end (*put)(pl_buf *out, pl_slice text);
} writer;

static const writer writers[] = {
    [PL_OUTLINE_AS_text] = {.put = put_plain},
    [PL_OUTLINE_AS_nothing] = {.write = write_nothing},
    [PL_OUTLINE_AS_json_value] = {.write = write_json_value},
    [PL_OUTLINE_AS_json_string] = {.write = write_json_string},
    [PL_OUTLINE_AS_json_html] = {.write = write_json_html},
    [PL_OUTLINE_AS_url] = {.put = put_url},
    [PL_OUTLINE_AS_url_host] = {.put = put_url_host},
    [PL_OUTLINE_AS_form] = {.put = put_form},
    [PL_OUTLINE_AS_header] = {.put = put_header},
    [PL_OUTLINE_AS_xml_text] = {.put = put_xml_text},
    [PL_OUTLINE_AS_xml_attribute] = {.put = put_xml_attribute},
};

enum pl_outline_end pl_outline_put(pl_outline_pen *pen, const pl_outline_value *v,
                                   enum pl_outline_writer as)
{
    pl_slice text;
    const writer *w = &writers[as];
    if (w->write) return w->write(pen, v);
    enum pl_outline_end end = pl_outline_print(pen, v, &text);
    return end ? end : w->put(pen->out, text);
}
