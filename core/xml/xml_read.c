/* SPDX-License-Identifier: MIT
 *
 * From XML to a tree, by expat. What comes from outside is bounded before it is kept: a limit that
 * is passed, and a DOCTYPE, stop the parser. Some handlers are still called after that, so each of
 * them asks first whether the document has been refused.
 *
 * Expat gives names as "uri SEPARATOR local SEPARATOR prefix", the parts behind the first only
 * where there are any. */
#include "xml/xml_tree.h"

#include "xml/charset.h"

#include <expat.h>
#include <stdlib.h>

#define SEPARATOR '\f' /* no character of XML */
#define XMLNS_URI "http://www.w3.org/2000/xmlns/"

typedef struct reader {
    XML_Parser parser;
    const pl_xml_options *options;
    pl_arena *arena;
    pl_xml_element *root, *open;
    pl_buf piece;        /* text since the last tag */
    pl_buf declarations; /* pl_xml_attribute: xmlns of the element that comes next */
    size_t elements, name_bytes;
    int depth;
    const char *refusal; /* NULL: all is well */
    pl_xml_fault *fault;
} reader;

static void say_fault(const reader *r, const char *message)
{
    r->fault->message = message;
    r->fault->line = (int)XML_GetCurrentLineNumber(r->parser);
    r->fault->column = (int)XML_GetCurrentColumnNumber(r->parser) + 1;
}

/* The place is where the parser stands now; once it has stopped it is further. */
static void refuse(reader *r, const char *why)
{
    r->refusal = why;
    say_fault(r, why);
    XML_StopParser(r->parser, XML_FALSE);
}

static pl_slice keep(reader *r, const char *text, size_t len)
{
    return pl_arena_dup(r->arena, (pl_slice){text, len});
}

static pl_xml_name name_of(reader *r, const char *text)
{
    size_t len = strlen(text);
    if ((r->name_bytes += len) > PL_XML_MAX_NAME_BYTES) {
        refuse(r, "names and namespaces are too long (the limit is 64 MiB of all)");
        return (pl_xml_name){0};
    }
    const char *local = strchr(text, SEPARATOR);
    if (local == NULL) return (pl_xml_name){.local = keep(r, text, len)};
    pl_xml_name name = {.uri = keep(r, text, (size_t)(local - text))};
    local++;
    const char *prefix = strchr(local, SEPARATOR);
    name.local = keep(r, local, prefix ? (size_t)(prefix - local) : strlen(local));
    if (prefix) name.prefix = keep(r, prefix + 1, strlen(prefix + 1));
    return name;
}

/* -- text -- */

static bool is_blank(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr(" \t\r\n", text.ptr[i]) == NULL) return false;
    return true;
}

/* At a tag: what has come since the last one belongs to the element that is open. */
static void end_piece(reader *r, bool keeps_blank)
{
    pl_slice text = pl_buf_slice(&r->piece);
    pl_xml_element *e = r->open;
    if (e && text.len > 0 && (keeps_blank || !is_blank(text))) {
        pl_xml_piece *piece = pl_arena_alloc(r->arena, sizeof *piece);
        *piece = (pl_xml_piece){.text = pl_arena_dup(r->arena, text)};
        if (e->text)
            e->text_end->next = piece;
        else
            e->text = piece;
        e->text_end = piece;
    }
    pl_buf_clear(&r->piece);
}

static void on_text(void *ud, const char *text, int len)
{
    reader *r = ud;
    if (r->refusal == NULL) pl_buf_put(&r->piece, text, (size_t)len);
}

/* -- elements -- */

static void on_declaration(void *ud, const char *prefix, const char *uri)
{
    reader *r = ud;
    if (r->refusal || !r->options->keep_prefixes) return;
    pl_xml_attribute a = {.name = {.local = PL_SLICE("xmlns"), .uri = PL_SLICE(XMLNS_URI)}};
    if (prefix) {
        a.name.prefix = a.name.local;
        a.name.local = keep(r, prefix, strlen(prefix));
    }
    if (uri) a.value = keep(r, uri, strlen(uri)); /* xmlns="" takes a default back */
    pl_buf_put(&r->declarations, &a, sizeof a);
}

static bool is_xsi_nil(const pl_xml_attribute *a)
{
    return pl_slice_eq(a->name.uri, PL_SLICE(PL_XML_XSI)) &&
           pl_slice_eq(a->name.local, PL_SLICE("nil")) &&
           (pl_slice_eq(a->value, PL_SLICE("true")) || pl_slice_eq(a->value, PL_SLICE("1")));
}

/* `given`: name, value, name, value ... NULL */
static void take_attributes(reader *r, pl_xml_element *e, const char **given)
{
    size_t declared = r->declarations.len / sizeof *e->attributes, count = 0;
    while (given[count * 2])
        count++;
    if (count + declared > PL_XML_MAX_ATTRIBUTES) {
        refuse(r, "an element has too many attributes (the limit is 128)");
        return;
    }
    e->attribute_count = (uint32_t)(declared + count);
    e->attributes = pl_arena_alloc(r->arena, (declared + count) * sizeof *e->attributes);
    if (declared) memcpy(e->attributes, r->declarations.ptr, r->declarations.len);
    pl_buf_clear(&r->declarations);
    for (size_t i = 0; i < count; i++) {
        pl_xml_attribute *a = &e->attributes[declared + i];
        a->name = name_of(r, given[i * 2]);
        a->value = keep(r, given[i * 2 + 1], strlen(given[i * 2 + 1]));
        if (is_xsi_nil(a)) e->is_nil = true;
    }
}

static void hang_in(reader *r, pl_xml_element *e)
{
    pl_xml_element *parent = r->open;
    e->parent = parent;
    if (parent == NULL) {
        r->root = e;
    } else {
        e->index = parent->child_count++;
        if (parent->last)
            parent->last->next = e;
        else
            parent->first = e;
        parent->last = e;
    }
    r->open = e;
}

static void on_start(void *ud, const char *name, const char **attributes)
{
    reader *r = ud;
    if (r->refusal) return;
    if (++r->depth > PL_XML_MAX_DEPTH) {
        refuse(r, "nested too deeply (the limit is 128 elements)");
        return;
    }
    if (++r->elements > PL_XML_MAX_ELEMENTS) {
        refuse(r, "too many elements (the limit is 250000)");
        return;
    }
    end_piece(r, false);
    pl_xml_element *e = pl_arena_zero(r->arena, sizeof *e);
    e->name = name_of(r, name);
    take_attributes(r, e, attributes);
    hang_in(r, e);
}

static void on_end(void *ud, const char *name)
{
    reader *r = ud;
    (void)name;
    if (r->refusal) return;
    end_piece(r, r->open->first == NULL);
    r->open = r->open->parent;
    r->depth--;
}

/* -- what is refused, and encodings -- */

static void on_doctype(void *ud, const char *name, const char *system, const char *public,
                       int has_inside)
{
    (void)name, (void)system, (void)public, (void)has_inside;
    refuse(ud, "a DOCTYPE is not taken: XML from outside may define no entities");
}

static int on_encoding(void *ud, const char *name, XML_Encoding *info)
{
    (void)ud;
    info->data = NULL;
    info->convert = NULL;
    info->release = NULL;
    return pl_charset_map(pl_slice_of(name), info->map) ? XML_STATUS_OK : XML_STATUS_ERROR;
}

static bool has_byte_order_mark(pl_slice text)
{
    return pl_slice_starts(text, PL_SLICE("\xEF\xBB\xBF")) ||
           pl_slice_starts(text, PL_SLICE("\xFF\xFE")) ||
           pl_slice_starts(text, PL_SLICE("\xFE\xFF"));
}

/* RFC 7303 section 3: the byte order mark counts before what the transport says, and that before
 * what the document says. */
static void open_parser(reader *r, pl_slice text)
{
    static const XML_Memory_Handling_Suite memory = {pl_alloc, pl_realloc, free};
    static const char separator[] = {SEPARATOR, 0};
    pl_slice encoding = r->options->encoding;
    bool is_told = encoding.len > 0 && !has_byte_order_mark(text);
    r->parser = XML_ParserCreate_MM(is_told ? keep(r, encoding.ptr, encoding.len).ptr : NULL,
                                    &memory, separator);
    XML_SetReturnNSTriplet(r->parser, 1);
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartNamespaceDeclHandler(r->parser, on_declaration);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    XML_SetUnknownEncodingHandler(r->parser, on_encoding, NULL);
}

pl_xml_element *pl_xml_read(pl_slice text, const pl_xml_options *options, pl_arena *arena,
                            pl_xml_fault *fault)
{
    if (text.len > PL_XML_MAX_BYTES) {
        *fault = (pl_xml_fault){"the document is too large (the limit is 64 MiB)", 1, 1};
        return NULL;
    }
    reader r = {.options = options, .arena = arena, .fault = fault};
    pl_buf_init(&r.piece);
    pl_buf_init(&r.declarations);
    open_parser(&r, text);
    bool is_read = XML_Parse(r.parser, text.len ? text.ptr : "", (int)text.len, 1) == XML_STATUS_OK;
    if (!is_read && r.refusal == NULL) say_fault(&r, XML_ErrorString(XML_GetErrorCode(r.parser)));
    XML_ParserFree(r.parser);
    pl_buf_fini(&r.piece);
    pl_buf_fini(&r.declarations);
    return is_read ? r.root : NULL;
}
