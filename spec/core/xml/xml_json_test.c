/* SPDX-License-Identifier: MIT
 *
 * The shape of XML as JSON: each rule of xml/xml.h. */
#include "test.h"
#include "xml/xml.h"

#define S   PL_SLICE
#define XSI "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"

static pl_buf out;

static pl_slice shape_with(pl_slice text, const pl_xml_options *options)
{
    pl_xml_fault fault = {0};
    pl_buf_clear(&out);
    if (!pl_xml_to_json(text, options, &out, &fault)) return pl_slice_of(fault.message);
    return pl_buf_slice(&out);
}

static pl_slice shape(pl_slice text)
{
    static const pl_xml_options plain;
    return shape_with(text, &plain);
}

TEST(an_element_is_its_text_or_an_object)
{
    CHECK_EQ_SLICE(shape(S("<a>t</a>")), S("{\"a\":\"t\"}"));
    CHECK_EQ_SLICE(shape(S("<a/>")), S("{\"a\":\"\"}"));
    CHECK_EQ_SLICE(shape(S("<a></a>")), S("{\"a\":\"\"}"));
    CHECK_EQ_SLICE(shape(S("<a> t\n</a>")), S("{\"a\":\" t\\n\"}"));
    CHECK_EQ_SLICE(shape(S("<a i='1'/>")), S("{\"a\":{\"@i\":\"1\"}}"));
    CHECK_EQ_SLICE(shape(S("<a i='1'>t</a>")), S("{\"a\":{\"@i\":\"1\",\"#text\":\"t\"}}"));
    CHECK_EQ_SLICE(shape(S("<a><z>1</z><b><c>2</c></b></a>")),
                   S("{\"a\":{\"z\":\"1\",\"b\":{\"c\":\"2\"}}}"));
}

TEST(white_space_between_children_is_dropped_other_text_is_joined)
{
    CHECK_EQ_SLICE(shape(S("<a>\n  <b/>\t<c/>\r\n</a>")), S("{\"a\":{\"b\":\"\",\"c\":\"\"}}"));
    CHECK_EQ_SLICE(shape(S("<a>Hello <b>big</b> world<c/>\n</a>")),
                   S("{\"a\":{\"#text\":\"Hello  world\",\"b\":\"big\",\"c\":\"\"}}"));
    CHECK_EQ_SLICE(shape(S("<a> </a>")), S("{\"a\":\" \"}"));
    CHECK_EQ_SLICE(shape(S("<a i=''> </a>")), S("{\"a\":{\"@i\":\"\",\"#text\":\" \"}}"));
}

TEST(siblings_of_one_name_are_a_list_where_the_first_stands)
{
    CHECK_EQ_SLICE(shape(S("<a><l>1</l><m/><l i='2'/><l/></a>")),
                   S("{\"a\":{\"l\":[\"1\",{\"@i\":\"2\"},\"\"],\"m\":\"\"}}"));
    CHECK_EQ_SLICE(shape(S("<a><l><l/></l></a>")), S("{\"a\":{\"l\":{\"l\":\"\"}}}"));
}

TEST(listed_names_are_lists_even_of_one)
{
    const pl_slice names[] = {S("l"), S("p:m"), S("n")};
    const pl_xml_options options = {.lists = names, .list_count = 3};
    CHECK_EQ_SLICE(shape_with(S("<a xmlns:p='u'><l>1</l><p:m>2</p:m><m>3</m><x/></a>"), &options),
                   S("{\"a\":{\"l\":[\"1\"],\"p:m\":[\"2\"],\"m\":\"3\",\"x\":\"\"}}"));
    CHECK_EQ_SLICE(shape_with(S("<n><l><l/></l></n>"), &options),
                   S("{\"n\":{\"l\":[{\"l\":[\"\"]}]}}"));
}

TEST(prefixes_are_dropped_unless_they_tell_siblings_apart)
{
    CHECK_EQ_SLICE(shape(S("<s:E xmlns:s='u'><s:B s:i='1' xml:lang='en'>t</s:B></s:E>")),
                   S("{\"E\":{\"B\":{\"@i\":\"1\",\"@lang\":\"en\",\"#text\":\"t\"}}}"));
    CHECK_EQ_SLICE(
        shape(S("<a xmlns:p='u' xmlns:q='v'><p:x>1</p:x><q:x>2</q:x><x>3</x><p:x>4</p:x></a>")),
        S("{\"a\":{\"p:x\":[\"1\",\"4\"],\"q:x\":\"2\",\"x\":\"3\"}}"));
    CHECK_EQ_SLICE(shape(S("<a xmlns:p='u' xmlns:q='u'><p:x>1</p:x><q:x>2</q:x></a>")),
                   S("{\"a\":{\"x\":[\"1\",\"2\"]}}"));
    CHECK_EQ_SLICE(shape(S("<a xmlns:p='u' p:i='1' i='2'/>")),
                   S("{\"a\":{\"@p:i\":\"1\",\"@i\":\"2\"}}"));
}

TEST(prefixes_and_declarations_can_be_kept)
{
    const pl_xml_options keeping = {.keep_prefixes = true};
    CHECK_EQ_SLICE(shape_with(S("<s:E xmlns:s='u' xmlns='d'><B s:i='1'/><s:B/></s:E>"), &keeping),
                   S("{\"s:E\":{\"@xmlns:s\":\"u\",\"@xmlns\":\"d\","
                     "\"B\":{\"@s:i\":\"1\"},\"s:B\":\"\"}}"));
}

TEST(nil_is_null_and_what_schemas_say_is_left_out)
{
    CHECK_EQ_SLICE(shape(S("<a " XSI "><b xsi:nil='true'/><c xsi:nil='1' i='2'/>"
                           "<d xsi:nil='false'/><e xsi:type='xsd:int'>5</e><f nil='true'/></a>")),
                   S("{\"a\":{\"b\":null,\"c\":null,\"d\":\"\",\"e\":\"5\","
                     "\"f\":{\"@nil\":\"true\"}}}"));
    CHECK_EQ_SLICE(shape(S("<a " XSI " xsi:nil='true'/>")), S("{\"a\":null}"));
}

TEST(what_json_must_escape_is_escaped)
{
    CHECK_EQ_SLICE(shape(S("<a>\"\\&#9;é</a>")), S("{\"a\":\"\\\"\\\\\\té\"}"));
}

TEST(many_children_of_many_names_take_no_quadratic_time)
{
    pl_buf text;
    pl_xml_fault fault;
    const pl_xml_options plain = {0};
    pl_buf_init(&text);
    PL_BUF_PUT(&text, "<r>");
    for (int i = 0; i < 200000; i++)
        pl_buf_printf(&text, "x<n%d/>", i);
    PL_BUF_PUT(&text, "</r>");
    pl_buf_clear(&out);
    CHECK(pl_xml_to_json(pl_buf_slice(&text), &plain, &out, &fault));
    CHECK(out.len > 2000000);
    pl_buf_fini(&text);
}

TEST(a_refusal_appends_nothing)
{
    pl_xml_fault fault;
    const pl_xml_options plain = {0};
    pl_buf_clear(&out);
    PL_BUF_PUT(&out, "before");
    CHECK(!pl_xml_to_json(S("<a>"), &plain, &out, &fault));
    CHECK_EQ_SLICE(pl_buf_slice(&out), S("before"));
}

int main(void)
{
    int result = RUN(
        CASE(an_element_is_its_text_or_an_object),
        CASE(white_space_between_children_is_dropped_other_text_is_joined),
        CASE(siblings_of_one_name_are_a_list_where_the_first_stands),
        CASE(listed_names_are_lists_even_of_one),
        CASE(prefixes_are_dropped_unless_they_tell_siblings_apart),
        CASE(prefixes_and_declarations_can_be_kept),
        CASE(nil_is_null_and_what_schemas_say_is_left_out), CASE(what_json_must_escape_is_escaped),
        CASE(many_children_of_many_names_take_no_quadratic_time), CASE(a_refusal_appends_nothing));
    pl_buf_fini(&out);
    return result;
}
