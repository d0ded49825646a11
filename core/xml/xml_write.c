/* SPDX-License-Identifier: MIT
 *
 * From JSON to XML, in one pass over the tokens. Attributes belong into the start tag, but may come
 * behind children; those that do wait in `late`, and are put in when the element ends:
 *
 *     {"a": 1, "@id": 7}      <o ^ ><a>1</a>      ^ is `tag`; late: ` id="7"`
 *
 * Names are those of XML 1.0 with at most one colon (Namespaces in XML 1.0). The frames of what is
 * open are linked through the C stack; they say where a mistake is. */
#include "base/json.h"
#include "xml/xml.h"

#include "base/json_bytes.h"

#include <stdint.h>
#include <stdio.h>

typedef struct frame {
    const struct frame *up;
    pl_slice key; /* as written in the JSON; ptr NULL: an element of an array */
    int element;  /* counts from 0 */
    int depth;
} frame;

typedef struct writer {
    pl_json_reader json;
    pl_buf *out, *reason;
    pl_buf late; /* a stack: attributes that have come behind content */
    pl_buf text; /* scratch: one string, unescaped */
    enum pl_xml_form form;
} writer;

/* An element whose start tag may still get attributes. */
typedef struct element {
    pl_slice name;
    size_t tag, late; /* where attributes go in `out`; where its own begin in writer.late */
    bool has_content;
    bool is_place; /* somewhere in a document: the start tag is not ours */
} element;

static bool put_value(writer *w, const pl_json_token *t, pl_slice name, const frame *at);

/* -- mistakes -- */

static void put_pointer(pl_buf *reason, const frame *f)
{
    if (f == NULL) return;
    put_pointer(reason, f->up);
    if (f->key.ptr)
        pl_json_pointer_put(reason, f->key);
    else
        pl_buf_printf(reason, "/%d", f->element);
}

static bool refuse(writer *w, const frame *at, const char *what)
{
    pl_buf_clear(w->reason);
    pl_buf_put(w->reason, what, strlen(what));
    if (at == NULL) return false; /* the value as a whole */
    PL_BUF_PUT(w->reason, " at \"");
    put_pointer(w->reason, at);
    pl_buf_put_char(w->reason, '"');
    return false;
}

static bool refuse_top(writer *w)
{
    return refuse(w, NULL,
                  "an XML document has one element at its top, so a table with one name is wanted");
}

/* -- names -- */

/* What may begin a name, and what may else be in it: XML 1.0 section 2.3. Only beyond ASCII. */
static const struct {
    uint32_t first, last;
    bool begins;
} name_ranges[] = {
    {0xB7, 0xB7, false},    {0xC0, 0xD6, true},     {0xD8, 0xF6, true},
    {0xF8, 0x2FF, true},    {0x300, 0x36F, false},  {0x370, 0x37D, true},
    {0x37F, 0x1FFF, true},  {0x200C, 0x200D, true}, {0x203F, 0x2040, false},
    {0x2070, 0x218F, true}, {0x2C00, 0x2FEF, true}, {0x3001, 0xD7FF, true},
    {0xF900, 0xFDCF, true}, {0xFDF0, 0xFFFD, true}, {0x10000, 0xEFFFF, true},
};

static bool is_name_character(uint32_t c, bool is_first)
{
    if (c < 0x80) {
        bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (is_letter || c == '_') return true;
        return !is_first && ((c >= '0' && c <= '9') || c == '-' || c == '.');
    }
    for (size_t i = 0; i < sizeof name_ranges / sizeof *name_ranges; i++)
        if (c >= name_ranges[i].first && c <= name_ranges[i].last)
            return name_ranges[i].begins || !is_first;
    return false;
}

/* The character at `i` of a text that is valid UTF-8; moves `i` behind it. */
static uint32_t next_character(pl_slice text, size_t *i)
{
    uint8_t lead = (uint8_t)text.ptr[(*i)++];
    if (lead < 0x80) return lead;
    int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    uint32_t c = lead & (0x3Fu >> more);
    for (; more > 0; more--)
        c = c << 6 | ((uint8_t)text.ptr[(*i)++] & 0x3F);
    return c;
}

static bool is_name(pl_slice name)
{
    bool is_first = true;
    int colons = 0;
    for (size_t i = 0; i < name.len;) {
        uint32_t c = next_character(name, &i);
        bool is_colon = c == ':' && !is_first && ++colons == 1;
        if (!is_colon && !is_name_character(c, is_first)) return false;
        is_first = is_colon;
    }
    return !is_first;
}

/* -- text -- */

enum place { IN_TEXT, IN_ATTRIBUTE, ANYWHERE };

/* What stands for a byte there; NULL: itself. White space that a reader would change is written as
 * a reference (XML 1.0 sections 2.11 and 3.3.3). */
static const char *reference(char c, enum place place)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return place == IN_TEXT ? NULL : "&quot;";
    case '\'':
        return place == ANYWHERE ? "&#39;" : NULL;
    case '\r':
        return "&#13;";
    case '\n':
        return place == IN_ATTRIBUTE ? "&#10;" : NULL;
    case '\t':
        return place == IN_ATTRIBUTE ? "&#9;" : NULL;
    }
    return NULL;
}

static bool is_character(uint32_t c)
{
    if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
    return c != 0xFFFE && c != 0xFFFF;
}

static bool put_escaped(writer *w, pl_buf *out, pl_slice text, enum place place, const frame *at)
{
    for (size_t i = 0; i < text.len;) {
        size_t from = i;
        uint32_t c = next_character(text, &i);
        const char *other = c < 0x80 ? reference((char)c, place) : NULL;
        if (!is_character(c)) {
            char what[64];
            snprintf(what, sizeof what, "the character U+%04X cannot be in XML", (unsigned)c);
            return refuse(w, at, what);
        }
        if (other)
            pl_buf_put(out, other, strlen(other));
        else
            pl_buf_put(out, text.ptr + from, i - from);
    }
    return true;
}

static pl_slice unescaped(writer *w, pl_slice inner, bool has_escapes)
{
    if (!has_escapes) return inner;
    pl_buf_clear(&w->text);
    pl_json_unescape_inner(inner, &w->text);
    return pl_buf_slice(&w->text);
}

/* A scalar as text; null is none. */
static bool put_scalar(writer *w, pl_buf *out, const pl_json_token *t, enum place place,
                       const frame *at)
{
    switch (t->kind) {
    case PL_JSON_STRING:
        return put_escaped(w, out, unescaped(w, t->raw, t->has_escapes), place, at);
    case PL_JSON_NULL:
        return true;
    case PL_JSON_OBJECT:
    case PL_JSON_ARRAY:
        return refuse(w, at, "a text, a number, true or false is wanted");
    default:
        pl_buf_put_slice(out, t->raw);
        return true;
    }
}

/* -- elements -- */

static void open_element(writer *w, element *e, pl_slice name)
{
    *e = (element){.name = name, .late = w->late.len};
    pl_buf_put_char(w->out, '<');
    pl_buf_put_slice(w->out, name);
    e->tag = w->out->len;
}

static void begin_content(writer *w, element *e)
{
    if (!e->has_content) pl_buf_put_char(w->out, '>');
    e->has_content = true;
}

static void insert_late(writer *w, const element *e)
{
    size_t len = w->late.len - e->late, behind = w->out->len - e->tag;
    if (len == 0) return;
    pl_buf_reserve(w->out, len);
    char *tag = w->out->ptr + e->tag;
    memmove(tag + len, tag, behind);
    memcpy(tag, w->late.ptr + e->late, len);
    w->out->len += len;
    w->late.len = e->late;
}

static void close_element(writer *w, const element *e)
{
    insert_late(w, e);
    if (!e->has_content) {
        PL_BUF_PUT(w->out, "/>");
        return;
    }
    PL_BUF_PUT(w->out, "</");
    pl_buf_put_slice(w->out, e->name);
    pl_buf_put_char(w->out, '>');
}

static bool put_attribute(writer *w, element *e, const pl_json_token *t, pl_slice name,
                          const frame *at)
{
    if (e->is_place) return refuse(w, at, "an attribute that has no element");
    if (!is_name(name)) return refuse(w, at, "an attribute with a name that XML does not allow");
    if (t->kind == PL_JSON_NULL) return true;
    pl_buf *out = e->has_content ? &w->late : w->out;
    pl_buf_put_char(out, ' ');
    pl_buf_put_slice(out, name);
    PL_BUF_PUT(out, "=\"");
    bool is_put = put_scalar(w, out, t, IN_ATTRIBUTE, at);
    pl_buf_put_char(out, '"');
    if (!e->has_content) e->tag = out->len;
    return is_put;
}

static bool put_content(writer *w, element *e, const pl_json_token *t, const frame *at)
{
    bool is_empty = t->kind == PL_JSON_NULL || (t->kind == PL_JSON_STRING && t->raw.len == 0);
    if (is_empty) return true;
    begin_content(w, e);
    return put_scalar(w, w->out, t, IN_TEXT, at);
}

/* One member of the object that an element is made of. A name with escapes is copied, because the
 * scratch buffer is used again below. */
static bool put_member(writer *w, element *e, const pl_json_token *t, const frame *at)
{
    pl_buf copy;
    pl_buf_init(&copy);
    pl_slice name = t->key;
    if (t->key_has_escapes) {
        pl_json_unescape_inner(name, &copy);
        name = pl_buf_slice(&copy);
    }
    bool is_put;
    if (e->is_place && w->form != PL_XML_ELEMENTS && !is_name(name)) {
        is_put = refuse_top(w);
    } else if (name.len > 0 && name.ptr[0] == '@') {
        is_put = put_attribute(w, e, t, pl_slice_from(name, 1), at);
    } else if (pl_slice_eq(name, PL_SLICE("#text"))) {
        is_put = put_content(w, e, t, at);
    } else if (!is_name(name)) {
        is_put = refuse(w, at, "an element with a name that XML does not allow");
    } else {
        begin_content(w, e);
        is_put = put_value(w, t, name, at);
    }
    pl_buf_fini(&copy);
    return is_put;
}

static bool put_object(writer *w, pl_slice name, const frame *at)
{
    element e;
    open_element(w, &e, name);
    frame f = {.up = at, .depth = at->depth + 1};
    if (f.depth > PL_XML_MAX_DEPTH) return refuse(w, at, "nested too deeply");
    pl_json_token t;
    while (pl_json_next(&w->json, &t) == 0 && t.kind != PL_JSON_OBJECT_END) {
        f.key = t.key;
        if (!put_member(w, &e, &t, &f)) return false;
    }
    close_element(w, &e);
    return true;
}

static bool put_array(writer *w, pl_slice name, const frame *at)
{
    frame f = {.up = at, .depth = at->depth};
    pl_json_token t;
    for (; pl_json_next(&w->json, &t) == 0 && t.kind != PL_JSON_ARRAY_END; f.element++) {
        if (t.kind == PL_JSON_ARRAY) return refuse(w, &f, "a list in a list has no name in XML");
        if (!put_value(w, &t, name, &f)) return false;
    }
    return true;
}

/* A value under a name: one element, or of an array as many as it has. */
static bool put_value(writer *w, const pl_json_token *t, pl_slice name, const frame *at)
{
    if (t->kind == PL_JSON_OBJECT) return put_object(w, name, at);
    if (t->kind == PL_JSON_ARRAY) return put_array(w, name, at);
    element e;
    open_element(w, &e, name);
    if (t->kind == PL_JSON_NULL) {
        PL_BUF_PUT(w->out, " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
                           " xsi:nil=\"true\"");
        e.tag = w->out->len;
    }
    if (!put_content(w, &e, t, at)) return false;
    close_element(w, &e);
    return true;
}

/* -- the top -- */

/* The members of an object that stands for itself: its elements and its text. */
static bool put_members(writer *w, const frame *at)
{
    bool is_document = w->form != PL_XML_ELEMENTS;
    frame f = {.up = at, .depth = 1};
    element place = {.has_content = true, .is_place = true};
    int count = 0;
    pl_json_token t;
    while (pl_json_next(&w->json, &t) == 0 && t.kind != PL_JSON_OBJECT_END) {
        f.key = t.key;
        if (is_document && (t.kind == PL_JSON_ARRAY || ++count > 1)) return refuse_top(w);
        if (!put_member(w, &place, &t, &f)) return false;
    }
    return !is_document || count == 1 || refuse_top(w);
}

static bool put_items(writer *w)
{
    frame f = {.depth = 1};
    pl_json_token t;
    for (; pl_json_next(&w->json, &t) == 0 && t.kind != PL_JSON_ARRAY_END; f.element++) {
        if (t.kind != PL_JSON_OBJECT)
            return refuse(w, &f, "an item of a list needs a name to be an element");
        if (!put_members(w, &f)) return false;
    }
    return true;
}

static bool put_top(writer *w)
{
    pl_json_token t;
    if (pl_json_next(&w->json, &t) != 0) return refuse(w, NULL, "the value is not valid JSON");
    if (t.kind == PL_JSON_OBJECT) return put_members(w, NULL);
    if (w->form != PL_XML_ELEMENTS) return refuse_top(w);
    if (t.kind == PL_JSON_ARRAY) return put_items(w);
    return put_scalar(w, w->out, &t, ANYWHERE, NULL);
}

bool pl_xml_of_json(pl_slice json, enum pl_xml_form form, pl_buf *out, pl_buf *reason)
{
    writer w = {.out = out, .reason = reason, .form = form};
    pl_buf_init(&w.late);
    pl_buf_init(&w.text);
    pl_json_open(&w.json, json, PL_JSON_MAX_DEPTH);
    if (form == PL_XML_DECLARED_DOCUMENT)
        PL_BUF_PUT(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    bool is_put = put_top(&w);
    pl_buf_fini(&w.late);
    pl_buf_fini(&w.text);
    return is_put;
}
