/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "test.h"

#define S PL_SLICE
#define T PL_SLICE_INIT

static const pl_slice document = T(
    "{\"a\":{\"b\":[10,{\"c\":\"x\"},[],\"y\"]},\"\":1,\"n\":null,\"d\":{\"d\":1},\"d\":{\"e\":2},"
    "\"caf\\u00e9 \\ud83d\\ude00\\n\":3,\"0\":4,\"x\":{\"\":{\"\":5}},\"q\\\"\":6}");

TEST(a_path_names_a_value)
{
    static const struct {
        const char *path, *value; /* NULL: nothing there */
    } cases[] = {
        {"a.b.0", "10"},
        {"a.b.1", "{\"c\":\"x\"}"},
        {"a.b.1.c", "\"x\""},
        {"a.b.2", "[]"},
        {"a.b.3", "\"y\""},
        {"a.b.4", NULL},
        {"a.b.00", NULL},
        {"a.b.01", NULL},
        {"a.b.-1", NULL},
        {"a.b.", NULL},
        {"a.b.x", NULL},
        {"a.b.18446744073709551616", NULL}, /* 2^64 */
        {"a.b.2.0", NULL},
        {"a.b.0.x", NULL},
        {"a.b.3.0", NULL},
        {"n", "null"},
        {"n.x", NULL},
        {"d", "{\"e\":2}"},
        {"d.e", "2"},
        {"d.d", NULL}, /* the first d does not count */
        {"0", "4"},
        {"x.", "{\"\":5}"},
        {"x..", "5"},
        {"caf\xC3\xA9 \xF0\x9F\x98\x80\n", "3"},
        {"caf\xC3\xA9 \xF0\x9F\x98\x80\n.z", NULL},
        {"caf\xC3\xA9", NULL},
        {"caf\xC3\xA9 \xF0\x9F\x98\x80\nx", NULL},
        {"caf\xC3\xA8 \xF0\x9F\x98\x80\n", NULL},
        {"q\"", "6"},
        {"q\\\"", NULL},
        {"A", NULL},
        {"aa", NULL},
    };
    test_guarded g = test_guard(document);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_guarded path = test_guard(pl_slice_of(cases[i].path));
        pl_slice got = pl_json_find(g.bytes, path.bytes);
        CHECK_EQ_SLICE(got, pl_slice_of(cases[i].value));
        CHECK_EQ_INT(got.ptr != NULL, cases[i].value != NULL);
        test_unguard(&path);
    }
    test_unguard(&g);
}

TEST(an_empty_path_names_the_whole)
{
    CHECK_EQ_SLICE(pl_json_find(S(" [1] "), S("")), S("[1]"));
    CHECK_EQ_SLICE(pl_json_find(S("\"s\""), PL_NO_SLICE), S("\"s\""));
    CHECK(pl_json_find(S(""), S("")).ptr == NULL);
    CHECK(pl_json_find(PL_NO_SLICE, S("a")).ptr == NULL);
    CHECK_EQ_SLICE(pl_json_find(S("{\"\":{\"\":7}}"), S(".")), S("7"));
}

TEST(strings_are_unescaped)
{
    static const struct {
        pl_slice raw, text;
    } cases[] = {
        {T("\"\""), T("")},
        {T("\"plain \xC3\xA9\""), T("plain \xC3\xA9")},
        {T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), T("\"\\/\b\f\n\r\t")},
        {T("\"a\\u0000b\""), T("a\0b")},
        {T("\"\\u0041\\u007f\""), T("A\x7F")},
        {T("\"\\u0080\\u07FF\""), T("\xC2\x80\xDF\xBF")},
        {T("\"\\u0800\\uFFFF\""), T("\xE0\xA0\x80\xEF\xBF\xBF")},
        {T("\"\\ud7ff\\uE000\""), T("\xED\x9F\xBF\xEE\x80\x80")},
        {T("\"\\ud800\\udc00\\uDBFF\\uDFFF\""), T("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF")},
        {T("\"x\\uD83D\\uDE00y\""), T("x\xF0\x9F\x98\x80y")},
        {T("\"\\\\u0041\""), T("\\u0041")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_guarded g = test_guard(cases[i].raw);
        pl_buf out;
        pl_buf_init(&out);
        CHECK(pl_json_unescape(g.bytes, &out));
        CHECK_EQ_SLICE(pl_buf_slice(&out), cases[i].text);
        pl_buf_clear(&out);
        pl_json_unescape_inner((pl_slice){g.bytes.ptr + 1, g.bytes.len - 2}, &out);
        CHECK_EQ_SLICE(pl_buf_slice(&out), cases[i].text);
        pl_buf_fini(&out);
        test_unguard(&g);
    }
}

TEST(what_is_not_a_string_is_not_unescaped)
{
    pl_buf out;
    pl_buf_init(&out);
    CHECK(!pl_json_unescape(S("1"), &out));
    CHECK(!pl_json_unescape(S("\""), &out));
    CHECK(!pl_json_unescape(S("null"), &out));
    CHECK(!pl_json_unescape(PL_NO_SLICE, &out));
    CHECK_EQ_INT(out.len, 0);
    pl_json_unescape_inner(PL_NO_SLICE, &out);
    CHECK_EQ_INT(out.len, 0);
    pl_buf_fini(&out);
}

/* Not promised to mean anything, but to stay inside. */
TEST(broken_escapes_read_no_byte_too_many)
{
    static const char *const broken[] = {"\\",  "\\u",       "\\u12",       "\\u123",
                                         "\\x", "\\ud800\\", "\\ud800\\u12"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        test_guarded g = test_guard(pl_slice_of(broken[i]));
        pl_buf out;
        pl_buf_init(&out);
        pl_json_unescape_inner(g.bytes, &out);
        CHECK(out.len <= g.bytes.len);
        pl_buf_fini(&out);
        test_unguard(&g);
    }
}

int main(void)
{
    return RUN(CASE(a_path_names_a_value), CASE(an_empty_path_names_the_whole),
               CASE(strings_are_unescaped), CASE(what_is_not_a_string_is_not_unescaped),
               CASE(broken_escapes_read_no_byte_too_many));
}
