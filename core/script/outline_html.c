/* SPDX-License-Identifier: MIT
 *
 * JSON as the filter tojson writes it (template/filters/json.lua): names sorted by their bytes, a space
 * behind commas and colons, and of strings only ASCII that is safe in HTML. */
#include "script/outline_impl.h"

#include <stdlib.h>

typedef struct member {
    pl_slice name;
    const pl_json_node *value;
} member;

static int compare_names(const void *a, const void *b)
{
    pl_slice x = ((const member *)a)->name, y = ((const member *)b)->name;
    int order = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);
    return order ? order : (x.len > y.len) - (x.len < y.len);
}

void pl_outline_put_html_text(pl_buf *out, pl_slice text)
{
    pl_buf_put_char(out, '"');
    pl_string_put_html(out, text.ptr, text.len);
    pl_buf_put_char(out, '"');
}

static enum pl_outline_end put_array(pl_outline_pen *pen, const pl_json_node *array)
{
    const pl_json_node *nodes = pen->document->nodes, *behind = nodes + array->next;
    enum pl_outline_end end = PL_OUTLINE_DONE;
    pl_buf_put_char(pen->out, '[');
    for (const pl_json_node *node = array + 1; node < behind && end == PL_OUTLINE_DONE;
         node = nodes + node->next) {
        if (node > array + 1) PL_BUF_PUT(pen->out, ", ");
        end = pl_outline_put_html(pen, node);
    }
    pl_buf_put_char(pen->out, ']');
    return end;
}

/* Puts the members onto the stack, sorted; false when it would take more to know their names. */
static bool push_members(pl_outline_pen *pen, const pl_json_node *object)
{
    const pl_json_node *nodes = pen->document->nodes, *behind = nodes + object->next;
    size_t base = pen->members.len;
    for (const pl_json_node *node = object + 1; node < behind; node = nodes + node->next) {
        if (node->name_has_escapes) return false;
        member m = {{pen->document->text.ptr + node->name, node->name_len}, node};
        pl_buf_put(&pen->members, &m, sizeof m);
    }
    size_t bytes = pen->members.len - base;
    if (bytes)
        qsort(pen->members.ptr + base, bytes / sizeof(member), sizeof(member), compare_names);
    return true;
}

static enum pl_outline_end put_object(pl_outline_pen *pen, const pl_json_node *object)
{
    size_t base = pen->members.len;
    if (!push_members(pen, object)) return PL_OUTLINE_NOT_PLAIN;
    size_t behind = pen->members.len;
    enum pl_outline_end end = PL_OUTLINE_DONE;
    pl_buf_put_char(pen->out, '{');
    for (size_t at = base; at < behind && end == PL_OUTLINE_DONE; at += sizeof(member)) {
        member m; /* the stack moves when it grows */
        memcpy(&m, pen->members.ptr + at, sizeof m);
        if (at > base) PL_BUF_PUT(pen->out, ", ");
        pl_outline_put_html_text(pen->out, m.name);
        PL_BUF_PUT(pen->out, ": ");
        end = pl_outline_put_html(pen, m.value);
    }
    pl_buf_put_char(pen->out, '}');
    pen->members.len = base;
    return end;
}

enum pl_outline_end pl_outline_put_html(pl_outline_pen *pen, const pl_json_node *node)
{
    pen->has_containers |= node->kind == PL_JSON_ARRAY || node->kind == PL_JSON_OBJECT;
    if (node->kind == PL_JSON_ARRAY) return put_array(pen, node);
    if (node->kind == PL_JSON_OBJECT) return put_object(pen, node);
    pl_outline_value v;
    pl_outline_set_node(&v, pen->document, node);
    if (v.kind == PL_JSON_STRING)
        pl_outline_put_html_text(pen->out, pl_outline_said(pen, &v));
    else
        pl_buf_put_slice(pen->out, v.raw);
    return PL_OUTLINE_DONE;
}
