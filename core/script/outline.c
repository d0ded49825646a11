/* SPDX-License-Identifier: MIT
 *
 * Running an outline. Every value that an operation looks at is a node of the document, a counter of
 * a loop, or undefined; how it is written and tested is what template/escape.lua, value/printing.lua
 * and value/comparison.lua make of the same. Numbers are written as they stand in the document, which
 * is how decoding keeps them (json_number.c).
 *
 * A function that returns `enum pl_outline_end` and something else than DONE ends the run. */
#include "script/outline_impl.h"

#include "base/percent.h"
#include "http/message.h"

#define MAX_TRUTHY_NUMBER 64 /* bytes; longer ones may be too small for a double */

typedef struct value {
    enum pl_json_kind kind; /* PL_JSON_END: undefined */
    bool has_escapes;
    pl_slice raw;             /* of a string without its quotes */
    const pl_json_node *node; /* NULL: a counter, or undefined */
    char digits[12];          /* of a counter */
} value;

typedef struct loop {
    const pl_json_node *item;
    uint32_t index, count; /* index from 1 */
} loop;

typedef struct run {
    const pl_outline_document *document;
    const pl_vm_limits *limits;
    pl_buf *out;
    size_t start; /* of ours in `out` */
    int64_t rounds;
    int depth; /* of loops that are open */
    loop loops[PL_OUTLINE_MAX_LOOPS];
    pl_buf text; /* scratch: of one value */
} run;

/* -- values -- */

static bool is_container(const value *v)
{
    return v->kind == PL_JSON_ARRAY || v->kind == PL_JSON_OBJECT;
}

static void set_number(value *v, uint32_t n)
{
    char *p = v->digits + sizeof v->digits;
    char *end = p;
    do
        *--p = (char)('0' + n % 10);
    while (n /= 10);
    v->kind = PL_JSON_NUMBER;
    v->raw = (pl_slice){p, (size_t)(end - p)};
}

static void set_bool(value *v, bool is_true)
{
    v->kind = is_true ? PL_JSON_TRUE : PL_JSON_FALSE;
    v->raw = is_true ? PL_SLICE("true") : PL_SLICE("false");
}

static void read_counter(const loop *l, enum pl_outline_counter counter, value *v)
{
    switch (counter) {
    case PL_OUTLINE_LOOP_first:
        set_bool(v, l->index == 1);
        return;
    case PL_OUTLINE_LOOP_last:
        set_bool(v, l->index == l->count);
        return;
    case PL_OUTLINE_LOOP_index0:
        set_number(v, l->index - 1);
        return;
    case PL_OUTLINE_LOOP_revindex:
        set_number(v, l->count - l->index + 1);
        return;
    case PL_OUTLINE_LOOP_revindex0:
        set_number(v, l->count - l->index);
        return;
    case PL_OUTLINE_LOOP_length:
        set_number(v, l->count);
        return;
    case PL_OUTLINE_LOOP_index:
    case PL_OUTLINE_NO_COUNTER:
        set_number(v, l->index);
    }
}

static const pl_json_node *follow(const pl_outline_document *d, const pl_json_node *node,
                                  const pl_outline_step *step)
{
    if (step->name.ptr == NULL) return pl_json_node_element(d->nodes, node, step->element);
    return pl_json_node_member(d->nodes, node, d->text, step->name, false);
}

/* Could the step have found something in the node? Else what is missing there is an error. */
static bool fits(const pl_json_node *node, const pl_outline_step *step)
{
    return node->kind == (step->name.ptr ? PL_JSON_OBJECT : PL_JSON_ARRAY);
}

static enum pl_outline_end look_up(const run *r, const pl_outline_place *place, value *v)
{
    *v = (value){.kind = PL_JSON_END};
    const loop *l = place->loop ? &r->loops[place->loop - 1] : NULL;
    if (place->counter) {
        read_counter(l, place->counter, v);
        return PL_OUTLINE_DONE;
    }
    const pl_json_node *node = l ? l->item : r->document->nodes, *next;
    for (uint32_t i = 0; i < place->count; i++, node = next) {
        next = follow(r->document, node, &place->steps[i]);
        if (next) continue;
        bool is_undefined =
            i + 1 == place->count && place->may_miss && fits(node, &place->steps[i]);
        return is_undefined ? PL_OUTLINE_DONE : PL_OUTLINE_MISSING;
    }
    v->node = node;
    v->kind = node->kind;
    v->has_escapes = node->has_escapes;
    v->raw = pl_json_node_raw(node, r->document->text);
    return PL_OUTLINE_DONE;
}

/* What a string of the document says. Lives until the next value. */
static pl_slice said(run *r, const value *v)
{
    if (!v->has_escapes) return v->raw;
    pl_buf_clear(&r->text);
    pl_json_unescape_inner(v->raw, &r->text);
    return pl_buf_slice(&r->text);
}

/* As a template prints it: Python's words for what JSON has words for. */
static enum pl_outline_end print(run *r, const value *v, pl_slice *text)
{
    switch (v->kind) {
    case PL_JSON_STRING:
        *text = said(r, v);
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

static enum pl_outline_end write_nothing(run *r, const value *v)
{
    (void)r, (void)v;
    return PL_OUTLINE_DONE;
}

/* What stands in the document without escapes needs none. */
static enum pl_outline_end write_json_string(run *r, const value *v)
{
    pl_slice text;
    enum pl_outline_end end = print(r, v, &text);
    if (end) return end;
    if (v->has_escapes)
        pl_json_escape(r->out, text);
    else
        pl_buf_put_slice(r->out, text);
    return PL_OUTLINE_DONE;
}

static enum pl_outline_end write_json_value(run *r, const value *v)
{
    if (v->kind == PL_JSON_STRING) {
        pl_buf_put_char(r->out, '"');
        write_json_string(r, v);
        pl_buf_put_char(r->out, '"');
    } else if (is_container(v)) {
        pl_json_put_compact(r->out, v->raw, &r->text);
    } else {
        pl_buf_put_slice(r->out, v->kind == PL_JSON_END ? PL_SLICE("null") : v->raw);
    }
    return PL_OUTLINE_DONE;
}

/* As tojson does it. */
static enum pl_outline_end write_json_html(run *r, const value *v)
{
    if (v->kind != PL_JSON_STRING) {
        if (is_container(v) || v->kind == PL_JSON_END) return PL_OUTLINE_NOT_PLAIN;
        pl_buf_put_slice(r->out, v->raw);
        return PL_OUTLINE_DONE;
    }
    pl_slice text = said(r, v);
    pl_buf_put_char(r->out, '"');
    pl_string_put_html(r->out, text.ptr, text.len);
    pl_buf_put_char(r->out, '"');
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
    enum pl_outline_end (*write)(run *r, const value *v);
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

static enum pl_outline_end write_value(run *r, const pl_outline_op *op)
{
    value v;
    pl_slice text;
    const writer *w = &writers[op->how];
    enum pl_outline_end end = look_up(r, &op->place, &v);
    if (end) return end;
    if (w->write) return w->write(r, &v);
    end = print(r, &v, &text);
    return end ? end : w->put(r->out, text);
}

/* -- tests -- */

/* Numbers that a double may round to 0, or away from it, are for Lua. */
static enum pl_outline_end test_number(pl_slice raw, bool *is_true)
{
    *is_true = false;
    if (raw.len > MAX_TRUTHY_NUMBER) return PL_OUTLINE_NOT_PLAIN;
    for (size_t i = 0; i < raw.len; i++) {
        if ((raw.ptr[i] | 0x20) == 'e') return PL_OUTLINE_NOT_PLAIN;
        if (raw.ptr[i] >= '1' && raw.ptr[i] <= '9') *is_true = true;
    }
    return PL_OUTLINE_DONE;
}

static enum pl_outline_end test_truth(const run *r, const value *v, bool *is_true)
{
    if (v->kind == PL_JSON_NUMBER) return test_number(v->raw, is_true);
    *is_true = v->kind == PL_JSON_TRUE || (v->kind == PL_JSON_STRING && v->raw.len > 0) ||
               (is_container(v) && r->document->nodes + v->node->next > v->node + 1);
    return PL_OUTLINE_DONE;
}

/* The double of a number, where that is certain: 120.50 is what 120.5 is. */
static bool read_number(pl_slice raw, double *number)
{
    if (memchr(raw.ptr, '.', raw.len)) {
        while (raw.ptr[raw.len - 1] == '0')
            raw.len--;
        if (raw.ptr[raw.len - 1] == '.') raw.len--;
    }
    return pl_number_is_plain(raw, number);
}

/* Of numbers only those are compared whose double is certain; and in Python 1 is True. */
static enum pl_outline_end compare(const value *v, const pl_outline_op *op, bool *is_so)
{
    bool is_bool = v->kind == PL_JSON_TRUE || v->kind == PL_JSON_FALSE;
    bool wants_bool = op->how == PL_OUTLINE_IS_equal_bool;
    bool is_order = op->how == PL_OUTLINE_IS_less || op->how == PL_OUTLINE_IS_less_or_equal;
    double number = v->kind == PL_JSON_TRUE;
    *is_so = false;
    if (v->kind == PL_JSON_NUMBER ? wants_bool || !read_number(v->raw, &number)
                                  : is_order || (is_bool && !wants_bool))
        return PL_OUTLINE_NOT_PLAIN;
    if (!is_bool && v->kind != PL_JSON_NUMBER) return PL_OUTLINE_DONE;
    *is_so = op->how == PL_OUTLINE_IS_less            ? number < op->number
             : op->how == PL_OUTLINE_IS_less_or_equal ? number <= op->number
                                                      : number == op->number;
    return PL_OUTLINE_DONE;
}

static enum pl_outline_end test(run *r, const pl_outline_op *op, bool *is_so)
{
    value v;
    enum pl_outline_end end = look_up(r, &op->place, &v);
    if (end) return end;
    switch ((enum pl_outline_test)op->how) {
    case PL_OUTLINE_IS_truthy:
        return test_truth(r, &v, is_so);
    case PL_OUTLINE_IS_defined:
        *is_so = v.kind != PL_JSON_END;
        return PL_OUTLINE_DONE;
    case PL_OUTLINE_IS_null:
        *is_so = v.kind == PL_JSON_NULL;
        return PL_OUTLINE_DONE;
    case PL_OUTLINE_IS_equal_text:
        *is_so = v.kind == PL_JSON_STRING && pl_slice_eq(said(r, &v), op->text);
        return PL_OUTLINE_DONE;
    case PL_OUTLINE_IS_equal_number:
    case PL_OUTLINE_IS_equal_bool:
    case PL_OUTLINE_IS_less:
    case PL_OUTLINE_IS_less_or_equal:
        return compare(&v, op, is_so);
    }
    return PL_OUTLINE_NOT_PLAIN;
}

/* -- loops -- */

static enum pl_outline_end check_size(const run *r)
{
    bool is_within = (int64_t)(r->out->len - r->start) <= r->limits->template_output_bytes;
    return is_within ? PL_OUTLINE_DONE : PL_OUTLINE_LIMIT;
}

/* Opens a loop; `count` is 0 when there is no round. */
static enum pl_outline_end open_loop(run *r, const pl_outline_op *op, uint32_t *count)
{
    value v;
    enum pl_outline_end end = look_up(r, &op->place, &v);
    *count = 0;
    if (end || v.kind == PL_JSON_END) return end;
    if (v.kind != PL_JSON_ARRAY) return PL_OUTLINE_NOT_PLAIN;
    *count = pl_json_node_count(r->document->nodes, v.node);
    r->rounds += *count;
    if (r->rounds > r->limits->template_loops) return PL_OUTLINE_LIMIT;
    if (*count) r->loops[r->depth++] = (loop){v.node + 1, 1, *count};
    return PL_OUTLINE_DONE;
}

/* Is there another round? Else the loop is closed. */
static bool next_round(run *r)
{
    loop *l = &r->loops[r->depth - 1];
    if (l->index == l->count) {
        r->depth--;
        return false;
    }
    l->item = r->document->nodes + l->item->next;
    l->index++;
    return true;
}

/* Carries out one operation; `step` is to the next. */
static enum pl_outline_end carry_out(run *r, const pl_outline_op *op, int32_t *step)
{
    bool is_so;
    uint32_t count;
    enum pl_outline_end end = PL_OUTLINE_DONE;
    *step = 1;
    switch ((enum pl_outline_op_kind)op->kind) {
    case PL_OUTLINE_PUT:
        pl_buf_put_slice(r->out, op->text);
        return PL_OUTLINE_DONE;
    case PL_OUTLINE_SEPARATE:
        if (r->out->len > r->start) pl_buf_put_slice(r->out, op->text);
        return PL_OUTLINE_DONE;
    case PL_OUTLINE_WRITE:
        return write_value(r, op);
    case PL_OUTLINE_EACH:
        end = open_loop(r, op, &count);
        if (count == 0) *step = op->skip;
        return end;
    case PL_OUTLINE_NEXT:
        if (next_round(r)) *step = op->skip;
        return check_size(r);
    case PL_OUTLINE_SKIP:
        *step = op->skip;
        return PL_OUTLINE_DONE;
    case PL_OUTLINE_TEST:
        end = test(r, op, &is_so);
        if (end == PL_OUTLINE_DONE && is_so == op->when) *step = op->skip;
        return end;
    }
    return PL_OUTLINE_NOT_PLAIN;
}

enum pl_outline_end pl_outline_write(const pl_outline *o, const pl_outline_document *d,
                                     const pl_vm_limits *limits, pl_buf *out)
{
    run r = {.document = d, .limits = limits, .out = out, .start = out->len};
    enum pl_outline_end end = PL_OUTLINE_DONE;
    int32_t step;
    for (const pl_outline_op *op = o->ops; end == PL_OUTLINE_DONE && op < o->ops + o->count;
         op += step)
        end = carry_out(&r, op, &step);
    if (end == PL_OUTLINE_DONE) end = check_size(&r);
    if (end) out->len = r.start;
    pl_buf_fini(&r.text);
    return end;
}

const char *pl_outline_end_name(enum pl_outline_end end)
{
    static const char *const names[] = {"done", "missing", "not plain", "limit"};
    return names[end];
}
