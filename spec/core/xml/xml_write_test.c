/* SPDX-License-Identifier: MIT
 *
 * JSON to XML, and that what is written reads back as the same. */
#include "test.h"
#include "xml/xml.h"

#define S PL_SLICE

static pl_buf out, reason, json;

static pl_slice written(pl_slice text, enum pl_xml_form form)
{
    test_guarded g = test_guard(text);
    pl_buf_clear(&out);
    bool is_written = pl_xml_of_json(g.bytes, form, &out, &reason);
    test_unguard(&g);
    return pl_buf_slice(is_written ? &out : &reason);
}

static pl_slice document(pl_slice text)
{
    return written(text, PL_XML_DOCUMENT);
}

static pl_slice elements(pl_slice text)
{
    return written(text, PL_XML_ELEMENTS);
}

TEST(members_are_attributes_text_and_elements)
{
    CHECK_EQ_SLICE(document(S("{\"a\":\"t\"}")), S("<a>t</a>"));
    CHECK_EQ_SLICE(document(S("{\"a\":\"\"}")), S("<a/>"));
    CHECK_EQ_SLICE(document(S("{\"a\":{}}")), S("<a/>"));
    CHECK_EQ_SLICE(document(S("{\"a\": {\"@i\": 1, \"#text\": \"t\", \"b\": {\"c\": true}}}")),
                   S("<a i=\"1\">t<b><c>true</c></b></a>"));
    CHECK_EQ_SLICE(document(S("{\"a\":{\"@i\":null,\"@j\":\"\",\"#text\":null}}")),
                   S("<a j=\"\"/>"));
    CHECK_EQ_SLICE(document(S("{\"s:E\":{\"@xmlns:s\":\"u\",\"s:B\":12345678901234567890}}")),
                   S("<s:E xmlns:s=\"u\"><s:B>12345678901234567890</s:B></s:E>"));
}

TEST(attributes_behind_content_come_into_the_start_tag)
{
    CHECK_EQ_SLICE(document(S("{\"a\":{\"b\":{\"c\":\"1\",\"@j\":\"2\"},\"@i\":\"3\",\"d\":\"4\","
                              "\"@k\":\"5\"}}")),
                   S("<a i=\"3\" k=\"5\"><b j=\"2\"><c>1</c></b><d>4</d></a>"));
    CHECK_EQ_SLICE(document(S("{\"a\":{\"#text\":\"t\",\"@i\":\"1\"}}")), S("<a i=\"1\">t</a>"));
}

TEST(lists_repeat_their_element)
{
    CHECK_EQ_SLICE(document(S("{\"a\":{\"b\":[1,\"\",{\"@i\":2},null],\"c\":[]}}")),
                   S("<a><b>1</b><b/><b i=\"2\"/>"
                     "<b xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
                     " xsi:nil=\"true\"/></a>"));
    CHECK_EQ_SLICE(document(S("{\"a\":{\"b\":[[1]]}}")),
                   S("a list in a list has no name in XML at \"/a/b/0\""));
}

TEST(text_is_escaped_for_its_place)
{
    CHECK_EQ_SLICE(document(S("{\"a\":\"<&>\\\"'\\r\\n\\té\\ud83d\\ude00\"}")),
                   S("<a>&lt;&amp;&gt;\"'&#13;\n\té😀</a>"));
    CHECK_EQ_SLICE(document(S("{\"a\":{\"@i\":\"<&>\\\"'\\r\\n\\té\"}}")),
                   S("<a i=\"&lt;&amp;&gt;&quot;'&#13;&#10;&#9;é\"/>"));
    CHECK_EQ_SLICE(elements(S("\"<&>\\\"'\\n\"")), S("&lt;&amp;&gt;&quot;&#39;\n"));
}

TEST(what_xml_cannot_hold_is_refused_with_its_place)
{
    CHECK_EQ_SLICE(document(S("{\"a\":{\"b\":[\"x\",\"\\u0001\"]}}")),
                   S("the character U+0001 cannot be in XML at \"/a/b/1\""));
    CHECK_EQ_SLICE(document(S("{\"a\":{\"@i\":\"\\uffff\"}}")),
                   S("the character U+FFFF cannot be in XML at \"/a/@i\""));
    CHECK_EQ_SLICE(document(S("{\"a\":{\"@i\":{}}}")),
                   S("a text, a number, true or false is wanted at \"/a/@i\""));
    CHECK_EQ_SLICE(document(S("{\"a\":{\"#text\":[1]}}")),
                   S("a text, a number, true or false is wanted at \"/a/#text\""));
}

TEST(names_are_those_of_xml)
{
    static const char *const good[] = {"a",           "_", "a-1.b", "p:a", "\xC3\xA9t\xC3\xA9",
                                       "\xE5\x90\x8D"};
    static const char *const bad[] = {"",    "1a", "a b", ":a",   "a:",       "a:b:c",   "-a",
                                      "p:1", "a<", "#id", "a\\n", "\xC2\xB7", "\xC3\x97"};
    pl_buf text;
    pl_buf_init(&text);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        pl_buf_clear(&text);
        pl_buf_printf(&text, "{\"r\":{\"%s\":\"\"}}", good[i]);
        CHECK(pl_slice_starts(document(pl_buf_slice(&text)), S("<r><")));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pl_buf_clear(&text);
        pl_buf_printf(&text, "{\"r\":{\"%s\":\"\"}}", bad[i]);
        CHECK(pl_slice_starts(document(pl_buf_slice(&text)),
                              S("an element with a name that XML does not allow at \"/r/")));
    }
    CHECK_EQ_SLICE(document(S("{\"r\":{\"@\":1}}")),
                   S("an attribute with a name that XML does not allow at \"/r/@\""));
    pl_buf_fini(&text);
}

#define ONE "an XML document has one element at its top, so a table with one name is wanted"

TEST(a_document_has_one_element)
{
    CHECK_EQ_SLICE(document(S("{}")), S(ONE));
    CHECK_EQ_SLICE(document(S("{\"a\":1,\"b\":2}")), S(ONE));
    CHECK_EQ_SLICE(document(S("{\"a\":[1]}")), S(ONE));
    CHECK_EQ_SLICE(document(S("{\"#text\":\"x\"}")), S(ONE));
    CHECK_EQ_SLICE(document(S("{\"@i\":\"x\"}")), S(ONE));
    CHECK_EQ_SLICE(document(S("\"x\"")), S(ONE));
    CHECK_EQ_SLICE(document(S("[{\"a\":1}]")), S(ONE));
    CHECK_EQ_SLICE(written(S("{\"a\":1}"), PL_XML_DECLARED_DOCUMENT),
                   S("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>1</a>"));
}

TEST(elements_are_any_number)
{
    CHECK_EQ_SLICE(elements(S("{\"a\":1,\"#text\":\"<\",\"b\":[2,3]}")),
                   S("<a>1</a>&lt;<b>2</b><b>3</b>"));
    CHECK_EQ_SLICE(elements(S("[{\"a\":1},{\"a\":2}]")), S("<a>1</a><a>2</a>"));
    CHECK_EQ_SLICE(elements(S("{}")), S(""));
    CHECK_EQ_SLICE(elements(S("null")), S(""));
    CHECK_EQ_SLICE(elements(S("1.50")), S("1.50"));
    CHECK_EQ_SLICE(elements(S("[{\"a\":1},2]")),
                   S("an item of a list needs a name to be an element at \"/1\""));
    CHECK_EQ_SLICE(elements(S("{\"@i\":1}")), S("an attribute that has no element at \"/@i\""));
}

TEST(depth_is_limited)
{
    pl_buf text;
    pl_buf_init(&text);
    for (int depth = PL_XML_MAX_DEPTH; depth <= PL_XML_MAX_DEPTH + 1; depth++) {
        pl_buf_clear(&text);
        for (int i = 0; i < depth; i++)
            PL_BUF_PUT(&text, "{\"a\":");
        PL_BUF_PUT(&text, "1");
        for (int i = 0; i < depth; i++)
            PL_BUF_PUT(&text, "}");
        bool is_written = pl_slice_starts(document(pl_buf_slice(&text)), S("<a>"));
        CHECK_EQ_INT(is_written, depth == PL_XML_MAX_DEPTH);
    }
    CHECK(pl_slice_starts(pl_buf_slice(&reason), S("nested too deeply at \"/a/a/")));
    pl_buf_fini(&text);
}

TEST(what_is_written_reads_back_as_the_same)
{
    static const pl_slice shapes[] = {
        PL_SLICE_INIT("{\"a\":{\"@i\":\" 1\\t\\n\\r\",\"#text\":\" x\\r\",\"b\":[\"\",\" \"]}}"),
        PL_SLICE_INIT("{\"a\":null}"),
        PL_SLICE_INIT("{\"a\":{\"b\":[null,{\"c\":\"<&>\"}],\"d\":{\"@e\":\"'\\\"\"}}}"),
    };
    const pl_xml_options plain = {0};
    pl_xml_fault fault;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        pl_buf_clear(&json);
        CHECK(pl_xml_to_json(document(shapes[i]), &plain, &json, &fault));
        CHECK_EQ_SLICE(pl_buf_slice(&json), shapes[i]);
    }
}

int main(void)
{
    int result =
        RUN(CASE(members_are_attributes_text_and_elements),
            CASE(attributes_behind_content_come_into_the_start_tag),
            CASE(lists_repeat_their_element), CASE(text_is_escaped_for_its_place),
            CASE(what_xml_cannot_hold_is_refused_with_its_place), CASE(names_are_those_of_xml),
            CASE(a_document_has_one_element), CASE(elements_are_any_number), CASE(depth_is_limited),
            CASE(what_is_written_reads_back_as_the_same));
    pl_buf_fini(&out);
    pl_buf_fini(&reason);
    pl_buf_fini(&json);
    return result;
}
