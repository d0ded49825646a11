/* SPDX-License-Identifier: MIT
 *
 * What is taken as XML and what is refused, and where. */
#include "base/arena.h"
#include "base/buf.h"
#include "test.h"
#include "xml/xml_tree.h"

#define S PL_SLICE

static const pl_xml_options plain;
static pl_arena arena;
static pl_xml_fault fault;

/* The root, from bytes that end at a page that faults. */
static pl_xml_element *read_with(pl_slice text, const pl_xml_options *options)
{
    test_guarded g = test_guard(text);
    pl_arena_fini(&arena);
    pl_xml_element *root = pl_xml_read(g.bytes, options, &arena, &fault);
    test_unguard(&g);
    return root;
}

static pl_xml_element *read_plain(pl_slice text)
{
    return read_with(text, &plain);
}

static void check_refused(pl_slice text, const char *message, int line, int column)
{
    CHECK(read_plain(text) == NULL);
    CHECK_EQ_STR(fault.message, message);
    CHECK_EQ_INT(fault.line, line);
    CHECK_EQ_INT(fault.column, column);
}

static pl_slice text_of(const pl_xml_element *e)
{
    return e && e->text ? e->text->text : S("");
}

TEST(elements_attributes_and_text_are_read)
{
    pl_xml_element *a = read_plain(S("<a x='1' y=\"&lt;\"><b>t</b><c/></a>"));
    CHECK(a != NULL);
    CHECK_EQ_SLICE(a->name.local, S("a"));
    CHECK_EQ_INT(a->attribute_count, 2);
    CHECK_EQ_SLICE(a->attributes[0].name.local, S("x"));
    CHECK_EQ_SLICE(a->attributes[1].value, S("<"));
    CHECK_EQ_INT(a->child_count, 2);
    CHECK_EQ_SLICE(text_of(a->first), S("t"));
    CHECK_EQ_SLICE(a->last->name.local, S("c"));
    CHECK(a->last->text == NULL);
}

TEST(entities_references_and_cdata_are_text)
{
    CHECK_EQ_SLICE(text_of(read_plain(S("<a>&amp;&lt;&gt;&quot;&apos;&#233;&#x1F600;"
                                        "<![CDATA[<b>&amp;]]></a>"))),
                   S("&<>\"'é😀<b>&amp;"));
    CHECK_EQ_SLICE(text_of(read_plain(S("<a>x<!-- c -->y<?p i?>z</a>"))), S("xyz"));
    CHECK_EQ_SLICE(text_of(read_plain(S("<a>1\r\n2\r3&#13;</a>"))), S("1\n2\n3\r"));
}

TEST(names_have_their_namespaces)
{
    pl_xml_element *a = read_plain(S("<p:a xmlns:p='u:p' xmlns='u:d'><b p:i='1' j='2'/></p:a>"));
    CHECK(a != NULL);
    CHECK_EQ_SLICE(a->name.prefix, S("p"));
    CHECK_EQ_SLICE(a->name.uri, S("u:p"));
    CHECK_EQ_INT(a->attribute_count, 0);
    CHECK_EQ_SLICE(a->first->name.uri, S("u:d"));
    CHECK_EQ_SLICE(a->first->name.prefix, S(""));
    CHECK_EQ_SLICE(a->first->attributes[0].name.uri, S("u:p"));
    CHECK_EQ_SLICE(a->first->attributes[1].name.uri, S(""));
}

TEST(declarations_are_attributes_where_prefixes_are_kept)
{
    const pl_xml_options keeping = {.keep_prefixes = true};
    pl_xml_element *a = read_with(S("<a xmlns='u' xmlns:p='v' i='1'/>"), &keeping);
    CHECK(a != NULL);
    CHECK_EQ_INT(a->attribute_count, 3);
    CHECK_EQ_SLICE(a->attributes[0].name.local, S("xmlns"));
    CHECK_EQ_SLICE(a->attributes[0].value, S("u"));
    CHECK_EQ_SLICE(a->attributes[1].name.prefix, S("xmlns"));
    CHECK_EQ_SLICE(a->attributes[1].name.local, S("p"));
    CHECK_EQ_SLICE(a->attributes[2].value, S("1"));
}

TEST(encodings_are_those_of_the_document)
{
    CHECK_EQ_SLICE(text_of(read_plain(S("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE9</a>"))),
                   S("é"));
    CHECK_EQ_SLICE(
        text_of(read_plain(S("<?xml version='1.0' encoding='windows-1252'?><a>\x80</a>"))), S("€"));
    CHECK_EQ_SLICE(text_of(read_plain(S("\xEF\xBB\xBF<a>é</a>"))), S("é"));
    CHECK_EQ_SLICE(text_of(read_plain(S("\xFF\xFE<\0a\0>\0\xE9\0<\0/\0a\0>\0"))), S("é"));
    CHECK_EQ_SLICE(text_of(read_plain(S("\xFE\xFF\0<\0a\0>\0\xE9\0<\0/\0a\0>"))), S("é"));
    check_refused(S("<?xml version='1.0' encoding='koi8-r'?><a/>"), "unknown encoding", 1, 31);
    check_refused(S("<a>\xE9</a>"), "not well-formed (invalid token)", 1, 4);
}

TEST(the_transport_counts_before_the_document_and_a_mark_before_both)
{
    const pl_xml_options latin = {.encoding = S("iso-8859-1")};
    CHECK_EQ_SLICE(
        text_of(read_with(S("<?xml version='1.0' encoding='UTF-8'?><a>\xE9</a>"), &latin)), S("é"));
    CHECK_EQ_SLICE(text_of(read_with(S("\xEF\xBB\xBF<a>é</a>"), &latin)), S("é"));
}

TEST(what_is_no_xml_is_refused_with_its_place)
{
    check_refused(S(""), "no element found", 1, 1);
    check_refused(S("  \n"), "no element found", 2, 1);
    check_refused(S("{}"), "not well-formed (invalid token)", 1, 1);
    check_refused(S("<a>\n <b></a>"), "mismatched tag", 2, 7);
    check_refused(S("<a>"), "no element found", 1, 4);
    check_refused(S("<a/><b/>"), "junk after document element", 1, 5);
    check_refused(S("<a x='1' x='2'/>"), "duplicate attribute", 1, 10);
    check_refused(S("<p:a/>"), "unbound prefix", 1, 1);
    check_refused(S("<a>é&nbsp;</a>"), "undefined entity", 1, 5);
    check_refused(S("<a>\x01</a>"), "not well-formed (invalid token)", 1, 4);
    check_refused(S("<a>&#1;</a>"), "reference to invalid character number", 1, 4);
}

#define NO_DOCTYPE "a DOCTYPE is not taken: XML from outside may define no entities"

TEST(a_doctype_of_any_kind_is_refused)
{
    check_refused(S("<!DOCTYPE a><a/>"), NO_DOCTYPE, 1, 12);
    CHECK(read_plain(S("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>")) == NULL);
    CHECK_EQ_STR(fault.message, NO_DOCTYPE);
    CHECK(read_plain(S("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>")) ==
          NULL);
    CHECK_EQ_STR(fault.message, NO_DOCTYPE);
    CHECK(read_plain(S("<!DOCTYPE a [<!ENTITY x 'yy'><!ENTITY y '&x;&x;'>]><a>&y;</a>")) == NULL);
    CHECK_EQ_STR(fault.message, NO_DOCTYPE);
}

/* -- limits -- */

static pl_slice repeated(pl_buf *b, const char *before, const char *each, int count,
                         const char *after)
{
    pl_buf_clear(b);
    pl_buf_put(b, before, strlen(before));
    for (int i = 0; i < count; i++)
        pl_buf_put(b, each, strlen(each));
    pl_buf_put(b, after, strlen(after));
    return pl_buf_slice(b);
}

TEST(depth_is_limited)
{
    pl_buf open, whole;
    pl_buf_init(&open);
    pl_buf_init(&whole);
    for (int depth = PL_XML_MAX_DEPTH; depth <= PL_XML_MAX_DEPTH + 1; depth++) {
        repeated(&open, "", "<a>", depth, "");
        pl_buf_put_char(&open, 0);
        repeated(&whole, open.ptr, "</a>", depth, "");
        CHECK_EQ_INT(read_plain(pl_buf_slice(&whole)) != NULL, depth == PL_XML_MAX_DEPTH);
    }
    CHECK_EQ_STR(fault.message, "nested too deeply (the limit is 128 elements)");
    CHECK_EQ_INT(fault.column, 3 * PL_XML_MAX_DEPTH + 1);
    pl_buf_fini(&open);
    pl_buf_fini(&whole);
}

TEST(elements_are_limited)
{
    pl_buf b;
    pl_buf_init(&b);
    CHECK(read_plain(repeated(&b, "<r>", "<a/>", PL_XML_MAX_ELEMENTS - 1, "</r>")) != NULL);
    CHECK(read_plain(repeated(&b, "<r>", "<a/>", PL_XML_MAX_ELEMENTS, "</r>")) == NULL);
    CHECK_EQ_STR(fault.message, "too many elements (the limit is 250000)");
    pl_buf_fini(&b);
}

/* A namespace that is declared once is part of each element's name. */
TEST(names_are_limited_with_their_namespaces)
{
    enum { URI_BYTES = 1 << 20, ENOUGH = PL_XML_MAX_NAME_BYTES / URI_BYTES };
    pl_buf b, start;
    pl_buf_init(&b);
    pl_buf_init(&start);
    PL_BUF_PUT(&start, "<r xmlns='");
    for (int i = 0; i < URI_BYTES; i++)
        pl_buf_put_char(&start, 'u');
    PL_BUF_PUT(&start, "'>\0");
    CHECK(read_plain(repeated(&b, start.ptr, "<a/>", ENOUGH - 2, "</r>")) != NULL);
    CHECK(read_plain(repeated(&b, start.ptr, "<a/>", ENOUGH, "</r>")) == NULL);
    CHECK_EQ_STR(fault.message, "names and namespaces are too long (the limit is 64 MiB of all)");
    pl_buf_fini(&b);
    pl_buf_fini(&start);
}

TEST(attributes_are_limited_declarations_included)
{
    const pl_xml_options keeping = {.keep_prefixes = true};
    pl_buf b;
    pl_buf_init(&b);
    for (int count = PL_XML_MAX_ATTRIBUTES; count <= PL_XML_MAX_ATTRIBUTES + 1; count++) {
        pl_buf_clear(&b);
        PL_BUF_PUT(&b, "<a xmlns:p='u'");
        for (int i = 1; i < count; i++)
            pl_buf_printf(&b, " a%d='1'", i);
        PL_BUF_PUT(&b, "/>");
        CHECK_EQ_INT(read_with(pl_buf_slice(&b), &keeping) != NULL, count == PL_XML_MAX_ATTRIBUTES);
    }
    CHECK_EQ_STR(fault.message, "an element has too many attributes (the limit is 128)");
    pl_buf_fini(&b);
}

int main(void)
{
    pl_arena_init(&arena);
    int result =
        RUN(CASE(elements_attributes_and_text_are_read),
            CASE(entities_references_and_cdata_are_text), CASE(names_have_their_namespaces),
            CASE(declarations_are_attributes_where_prefixes_are_kept),
            CASE(encodings_are_those_of_the_document),
            CASE(the_transport_counts_before_the_document_and_a_mark_before_both),
            CASE(what_is_no_xml_is_refused_with_its_place), CASE(a_doctype_of_any_kind_is_refused),
            CASE(depth_is_limited), CASE(elements_are_limited),
            CASE(names_are_limited_with_their_namespaces),
            CASE(attributes_are_limited_declarations_included));
    pl_arena_fini(&arena);
    return result;
}
