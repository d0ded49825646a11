/* SPDX-License-Identifier: MIT
 *
 * The reader: what is JSON and what is not (RFC 8259 and RFC 3629,
 * read by hand), where a fault is, what the tokens are. */
#include "base/json.h"

#include "base/err.h"
#include "base/json_index.h"
#include "test.h"

#define S PL_SLICE
#define T PL_SLICE_INIT

static const pl_slice accepted[] = {
    /* structure */
    T("[]"),
    T("{}"),
    T("[[]]"),
    T("[{}]"),
    T("{\"\":[]}"),
    T("[[],[]]"),
    T("[1,2,3]"),
    T("{\"a\":1,\"b\":2}"),
    T("{\"a\":{\"a\":{\"a\":{}}}}"),
    T("{\"a\":1,\"a\":2}"),
    T("{\"a\":1,\"a\":1}"),
    T(" [ 1 , 2 ] "),
    T("\t{\n\"a\"\r:\t1 }\n"),
    T("\n\n[\r\n]\r\n"),
    T("[ ]"),
    T("{ }"),
    T("[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]"),
    T("[null,true,false,0,\"\",[],{}]"),
    T("{\"a\":[{\"b\":[]}],\"c\":{\"d\":null}}"),
    /* scalars on their own */
    T("null"),
    T("true"),
    T("false"),
    T("0"),
    T("\"\""),
    T(" null "),
    T("\"a\""),
    T("-1"),
    /* numbers */
    T("-0"),
    T("-0.0"),
    T("1.0"),
    T("0.1"),
    T("1e1"),
    T("1E1"),
    T("1e+1"),
    T("1e-1"),
    T("1E+09"),
    T("0e0"),
    T("0e+00"),
    T("-1.25e-300"),
    T("123456789012345678901234567890123456789012345678901234567890"),
    T("1.7976931348623157e308"),
    T("1e99999"),
    T("[-0,0.000000000000000000000000000000000000001]"),
    T("[10,20.50,100e2]"),
    /* strings */
    T("\"abc\""),
    T("[\"a b\",\"c\"]"),
    T("\"\\\"\""),
    T("\"\\\\\""),
    T("\"\\/\""),
    T("\"/\""),
    T("\"\\b\\f\\n\\r\\t\""),
    T("\"\\u0000\""),
    T("\"\\u0061\""),
    T("\"\\uABCD\\uabcd\""),
    T("\"\\uD83D\\uDE00\""),
    T("\"\\ud83d\\ude00\""),
    T("\"\\uD800\\uDC00\""),
    T("\"\\uDBFF\\uDFFF\""),
    T("\"\\uFFFF\""),
    T("\"\\uD7FF\\uE000\""),
    T("\"\x7F\""),
    T("\"\\\\u12\""),
    T("\"a\\\\\""),
    T("{\"\\u0061\":1}"),
    T("{\"\\n\":{}}"),
    /* UTF-8, at the edges of each length */
    T("\"\xC2\x80\""),
    T("\"\xDF\xBF\""),
    T("\"\xE0\xA0\x80\""),
    T("\"\xE1\x80\x80\""),
    T("\"\xEC\xBF\xBF\""),
    T("\"\xED\x80\x80\""),
    T("\"\xED\x9F\xBF\""),
    T("\"\xEE\x80\x80\""),
    T("\"\xEF\xBF\xBF\""),
    T("\"\xEF\xBB\xBF\""),
    T("\"\xF0\x90\x80\x80\""),
    T("\"\xF1\x80\x80\x80\""),
    T("\"\xF3\xBF\xBF\xBF\""),
    T("\"\xF4\x8F\xBF\xBF\""),
    T("\"\xE2\x80\xA8\xE2\x80\xA9\""),
    T("{\"\xC3\xA9\":\"\xF0\x9F\x98\x80\"}"),
};

static const pl_slice refused[] = {
    /* nothing, or too much */
    T(""),
    T(" "),
    T("\n\t\r "),
    T("[] []"),
    T("{}x"),
    T("1 2"),
    T("null,"),
    T("[]]"),
    T("{}}"),
    T("\"a\"\"b\""),
    T("truefalse"),
    T("\xEF\xBB\xBF{}"),
    T("\0"),
    T("[]\0"),
    T("[\0]"),
    T("\v[]"),
    T("\f[]"),
    T("\xC2\xA0[]"),
    T("// c\n[]"),
    T("[]/**/"),
    T("#"),
    /* arrays */
    T("["),
    T("]"),
    T("[1"),
    T("[1,"),
    T("[1,]"),
    T("[,1]"),
    T("[,]"),
    T("[1,,2]"),
    T("[1 2]"),
    T("[1;2]"),
    T("[1:2]"),
    T("[}"),
    T("[1}"),
    T("[[]"),
    T("[\"a\" \"b\"]"),
    T("[\"\": 1]"),
    T("(1)"),
    T("[*]"),
    T("[\n,1]"),
    /* objects */
    T("{"),
    T("}"),
    T("{]"),
    T("{\"a\""),
    T("{\"a\":"),
    T("{\"a\":1"),
    T("{\"a\":1,"),
    T("{\"a\":1,}"),
    T("{,\"a\":1}"),
    T("{,}"),
    T("{\"a\"}"),
    T("{\"a\" 1}"),
    T("{\"a\",1}"),
    T("{\"a\"::1}"),
    T("{:1}"),
    T("{a:1}"),
    T("{'a':1}"),
    T("{1:1}"),
    T("{null:1}"),
    T("{\"a\":1 \"b\":2}"),
    T("{\"a\":1;\"b\":2}"),
    T("{\"a\":}"),
    T("{\"a\":1]"),
    T("{\"a\":1,,\"b\":2}"),
    T("{[]:1}"),
    T("{\"a\":\"b\":1}"),
    T("{\"a\" \"b\"}"),
    T("{\"a\":1 1}"),
    /* words */
    T("nul"),
    T("nulL"),
    T("NULL"),
    T("Null"),
    T("True"),
    T("tru"),
    T("fals"),
    T("nullx"),
    T("truE"),
    T("undefined"),
    T("NaN"),
    T("nan"),
    T("Infinity"),
    T("-Infinity"),
    T("inf"),
    T("[nul]"),
    T("[tru,1]"),
    T("n"),
    T("t"),
    T("f"),
    /* numbers */
    T("-"),
    T("+1"),
    T("+"),
    T("01"),
    T("-01"),
    T("00"),
    T("-00.1"),
    T("1."),
    T(".1"),
    T("-.1"),
    T("."),
    T("1.e1"),
    T("1e"),
    T("1e+"),
    T("1e-"),
    T("1E"),
    T("1e1.5"),
    T("1.2.3"),
    T("--1"),
    T("-+1"),
    T("1-"),
    T("1+1"),
    T("0x1F"),
    T("0b1"),
    T("1_000"),
    T("1,000"),
    T("1e1e1"),
    T("1 .5"),
    T("- 1"),
    T("[1.]"),
    T("[-]"),
    T("[0e]"),
    T("1a"),
    T("\xEF\xBC\x91"),
    T("1\0"),
    T("012"),
    T("[-012]"),
    T("1f"),
    /* strings */
    T("\""),
    T("\"a"),
    T("\"a\\"),
    T("\"a\\\""),
    T("'a'"),
    T("a"),
    T("`a`"),
    T("\"\\a\""),
    T("\"\\'\""),
    T("\"\\x41\""),
    T("\"\\0\""),
    T("\"\\U0061\""),
    T("\"\\ \""),
    T("\"\\\n\""),
    T("\"\\u\""),
    T("\"\\u0\""),
    T("\"\\u00\""),
    T("\"\\u000\""),
    T("\"\\u00G0\""),
    T("\"\\u-001\""),
    T("\"\\u 061\""),
    T("\"\\u00"),
    T("\"\n\""),
    T("\"\t\""),
    T("\"\r\""),
    T("\"\0\""),
    T("\"\x1F\""),
    T("\"\x01\""),
    T("{\"a\nb\":1}"),
    T("{\"\\x\":1}"),
    T("\"\\\xC3\xA9\""),
    /* surrogates on their own */
    T("\"\\uD800\""),
    T("\"\\uDBFF\""),
    T("\"\\uDC00\""),
    T("\"\\uDFFF\""),
    T("\"\\uD800a\""),
    T("\"\\uD800\\n\""),
    T("\"\\uD800\\u0061\""),
    T("\"\\uD800\\uD800\""),
    T("\"\\uDC00\\uD800\""),
    T("\"\\uDC00\\uDC00\""),
    T("\"\\uD800\\uE000\""),
    T("\"\\uD800\\u\""),
    T("\"\\uD800\\uDC0\""),
    T("\"\\uD800\\uDC0G\""),
    T("\"\\uD800\\"),
    T("\"\\uD800uDC00\""),
    T("{\"\\uD800\":1}"),
    /* bytes that are not UTF-8: strays, overlong forms, surrogates, beyond the last, cut short,
       outside of strings */
    T("\"\x80\""),
    T("\"\xBF\""),
    T("\"\xC0\x80\""),
    T("\"\xC0\xAF\""),
    T("\"\xC1\xBF\""),
    T("\"\xC2\""),
    T("\"\xC2\x20\""),
    T("\"\xC2\xC0\""),
    T("\"\xE0\x80\x80\""),
    T("\"\xE0\x9F\xBF\""),
    T("\"\xE1\x80\""),
    T("\"\xE1\x80\x41\""),
    T("\"\xED\xA0\x80\""),
    T("\"\xED\xBF\xBF\""),
    T("\"\xEF\xBF\""),
    T("\"\xF0\x80\x80\x80\""),
    T("\"\xF0\x8F\xBF\xBF\""),
    T("\"\xF1\x80\x80\""),
    T("\"\xF1\x80\x80\x41\""),
    T("\"\xF4\x90\x80\x80\""),
    T("\"\xF5\x80\x80\x80\""),
    T("\"\xF8\x88\x80\x80\x80\""),
    T("\"\xFE\""),
    T("\"\xFF\""),
    T("\"\xE9\""),
    T("\xFF"),
    T("[\xE9]"),
    T("{\"\xC3\":1}"),
    T("\xC3\xA9"),
    T("\"\xF0\x9F\x98"),
    /* other encodings of [] */
    T("[\0]\0"),
    T("\0[\0]"),
    T("\xFE\xFF\0[\0]"),
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* What the reader says, token by token. */
static int read_all(pl_slice document)
{
    pl_json_reader r;
    pl_json_token token;
    int err;
    pl_json_open(&r, document, 64);
    do
        err = pl_json_next(&r, &token);
    while (err == 0 && token.kind != PL_JSON_END);
    return err;
}

/* On a guard page; whatever the answer, the fault lies inside and the message is there. */
static int check_guarded(pl_slice document)
{
    test_guarded g = test_guard(document);
    pl_json_fault fault = {0};
    int err = pl_json_check(g.bytes, 64, &fault);
    CHECK(err == 0 || err == PL_E_BAD_JSON);
    CHECK_EQ_INT(read_all(g.bytes), err);
    CHECK_EQ_INT(pl_json_is_valid(g.bytes, 64), err == 0);
    if (err) CHECK(fault.offset <= document.len && fault.line >= 1 && fault.column >= 1);
    if (err) CHECK(fault.message && fault.message[0]);
    test_unguard(&g);
    return err;
}

static void complain(const char *what, pl_slice document)
{
    test_report(__FILE__, __LINE__, what);
    printf("    '%.*s'\n", PL_FMT(document));
}

/* Cut short, nothing is valid but what ends in a number (shorter numbers) or white space. */
static bool must_be_whole(pl_slice document)
{
    char last = document.ptr[document.len - 1];
    return !(last >= '0' && last <= '9') && strchr(" \n", last) == NULL;
}

TEST(valid_documents_are_accepted_and_refused_when_cut_short)
{
    for (size_t i = 0; i < COUNT(accepted); i++) {
        if (check_guarded(accepted[i]) != 0) complain("should be accepted", accepted[i]);
        for (size_t len = 0; len < accepted[i].len; len++) {
            pl_slice part = {accepted[i].ptr, len};
            if (check_guarded(part) == 0 && must_be_whole(accepted[i]))
                complain("should be refused", part);
        }
    }
}

TEST(invalid_documents_are_refused)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        if (check_guarded(refused[i]) == 0) complain("should be refused", refused[i]);
        for (size_t len = 0; len < refused[i].len; len++)
            check_guarded((pl_slice){refused[i].ptr, len}); /* for the guard page */
    }
    CHECK_EQ_INT(pl_json_check(PL_NO_SLICE, 64, NULL), PL_E_BAD_JSON);
}

/* Strings are run over many bytes at a time: each byte counts wherever it stands. */
TEST(every_byte_of_a_string_is_looked_at)
{
    for (size_t len = 1; len <= 40; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                char text[64] = "\"";
                memset(text + 1, 'a', len);
                text[1 + at] = (char)c;
                text[1 + len] = '"';
                bool is_plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
                bool is_valid = pl_json_is_valid((pl_slice){text, len + 2}, 1);
                CHECK_EQ_INT(is_valid, is_plain);
            }
        }
    }
}

/* What is wrong inside stays wrong inside an array and a member, and what is right stays right. */
TEST(a_value_is_judged_alike_wherever_it_stands)
{
    for (size_t i = 0; i < COUNT(accepted) + COUNT(refused); i++) {
        bool is_good = i < COUNT(accepted);
        pl_slice inner = is_good ? accepted[i] : refused[i - COUNT(accepted)];
        pl_buf b;
        if (pl_slice_eq(inner, S("[]]")) || inner.len == 0) continue;
        pl_buf_init(&b);
        PL_BUF_PUT(&b, "{\"k\" : [ ");
        pl_buf_put_slice(&b, inner);
        PL_BUF_PUT(&b, ", {} ] }");
        bool may_differ = !is_good && memchr(inner.ptr, ',', inner.len); /* 1,000 and the like */
        if ((check_guarded(pl_buf_slice(&b)) == 0) != is_good && !may_differ)
            complain("judged otherwise inside", inner);
        pl_buf_fini(&b);
    }
}

/* Each of the 256 bytes, alone in a string and alone outside. */
TEST(every_byte_has_its_place)
{
    for (int c = 0; c < 256; c++) {
        char in_string[] = {'"', (char)c, '"'}, outside[] = {'[', (char)c, ']'};
        bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
        bool space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
        CHECK_EQ_INT(check_guarded((pl_slice){in_string, 3}) == 0, plain);
        CHECK_EQ_INT(check_guarded((pl_slice){outside, 3}) == 0, space || (c >= '0' && c <= '9'));
    }
}

TEST(a_fault_says_where_and_why)
{
    static const struct {
        const char *document, *message;
        int offset, line, column;
    } cases[] = {
        {"", "expected a value", 0, 1, 1},
        {"[1,\n 2,\n x]", "expected a value", 9, 3, 2},
        {"[1 2]", "expected ',' or ']'", 3, 1, 4},
        {"{\"a\":1\n\"b\":2}", "expected ',' or '}'", 7, 2, 1},
        {"{\"a\":1", "expected ',' or '}'", 6, 1, 7},
        {"{1:2}", "expected a name in '\"' or '}'", 1, 1, 2},
        {"{\"a\":1,}", "expected a name in '\"'", 7, 1, 8},
        {"{\"a\" 1}", "expected ':'", 5, 1, 6},
        {"[1,]", "expected a value", 3, 1, 4},
        {"[012]", "a number has no leading zeros", 1, 1, 2},
        {"[-x]", "expected a digit", 2, 1, 3},
        {"[1.x]", "expected a digit after the decimal point", 3, 1, 4},
        {"[1e]", "expected a digit in the exponent", 3, 1, 4},
        {"\r\n\r\n[tru]", "expected a value", 5, 3, 2},
        {"\"abc", "the string does not end", 4, 1, 5},
        {"\"a\\x\"", "unknown escape", 2, 1, 3},
        {"\"\\u12G4\"", "expected four hex digits after \\u", 3, 1, 4},
        {"\"\\uDC00\"", "a lone surrogate is not a character", 3, 1, 4},
        {"\"a\nb\"", "control characters must be escaped in a string", 2, 1, 3},
        {"\"\xC3\xA9\xC3(\"", "not valid UTF-8", 3, 1, 4},
        {"{} x", "expected the end of the document", 3, 1, 4},
        {"[[[1]]]", "nested too deeply", 2, 1, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        pl_json_fault fault = {0};
        CHECK_EQ_INT(pl_json_check(pl_slice_of(cases[i].document), 2, &fault), PL_E_BAD_JSON);
        CHECK_EQ_STR(fault.message, cases[i].message);
        CHECK_EQ_INT(fault.offset, cases[i].offset);
        CHECK_EQ_INT(fault.line, cases[i].line);
        CHECK_EQ_INT(fault.column, cases[i].column);
    }
}

static int check_nested(int depth, int max_depth)
{
    static char document[2 * PL_JSON_MAX_DEPTH + 4];
    for (int i = 0; i < depth; i++) {
        document[i] = '[';
        document[2 * depth - 1 - i] = ']';
    }
    return pl_json_check((pl_slice){document, 2 * (size_t)depth}, max_depth, NULL);
}

static const struct {
    const char *document, *pointer;
} pointers[] = {
    {"x", ""},           {"{\"a\":x}", "/a"},
    {"{\"a\":1,x}", ""}, {"{\"a\":1,\"b\":[1,{\"c\":[]},[[],x]]}", "/b/2/1"},
    {"[1 2]", "/1"},     {"[{},{\"a~/b\\n\":01}]", "/1/a~0~1b\n"},
    {"[[1],[2]", "/2"},  {"{\"\":{\"\":x}}", "//"},
    {"[1] 2", ""},
};

TEST(a_fault_has_a_pointer)
{
    for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++) {
        pl_json_fault fault;
        pl_buf out;
        pl_buf_init(&out);
        pl_slice document = pl_slice_of(pointers[i].document);
        CHECK_EQ_INT(pl_json_check(document, PL_JSON_MAX_DEPTH, &fault), PL_E_BAD_JSON);
        pl_json_pointer(document, fault.offset, &out);
        CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(pointers[i].pointer));
        pl_buf_fini(&out);
    }
}

TEST(depth_is_limited)
{
    CHECK_EQ_INT(check_nested(3, 3), 0);
    CHECK_EQ_INT(check_nested(4, 3), PL_E_BAD_JSON);
    CHECK_EQ_INT(check_nested(PL_JSON_MAX_DEPTH, PL_JSON_MAX_DEPTH), 0);
    CHECK_EQ_INT(check_nested(PL_JSON_MAX_DEPTH + 1, PL_JSON_MAX_DEPTH + 1), PL_E_BAD_JSON);
    CHECK_EQ_INT(pl_json_check(S("1"), 0, NULL), 0);
    CHECK_EQ_INT(pl_json_check(S("[]"), 0, NULL), PL_E_BAD_JSON);
}

struct wanted_token {
    enum pl_json_kind kind;
    const char *raw, *key;
    bool has_escapes, key_has_escapes;
};

TEST(tokens_come_with_bytes_and_names)
{
    static const char document[] =
        " {\"a\" : [1.50, \"x\\ny\", true], \"b\\u0063\":{\"\":null}, \"d\":false, \"e\":\"\"} ";
    static const struct wanted_token wanted[] = {
        {PL_JSON_OBJECT, "{", NULL, false, false},
        {PL_JSON_ARRAY, "[", "a", false, false},
        {PL_JSON_NUMBER, "1.50", NULL, false, false},
        {PL_JSON_STRING, "x\\ny", NULL, true, false},
        {PL_JSON_TRUE, "true", NULL, false, false},
        {PL_JSON_ARRAY_END, "]", NULL, false, false},
        {PL_JSON_OBJECT, "{", "b\\u0063", false, true},
        {PL_JSON_NULL, "null", "", false, false},
        {PL_JSON_OBJECT_END, "}", NULL, false, false},
        {PL_JSON_FALSE, "false", "d", false, false},
        {PL_JSON_STRING, "", "e", false, false},
        {PL_JSON_OBJECT_END, "}", NULL, false, false},
        {PL_JSON_END, "", NULL, false, false},
        {PL_JSON_END, "", NULL, false, false},
    };
    pl_json_reader r;
    pl_json_open(&r, pl_slice_of(document), 8);
    for (size_t i = 0; i < COUNT(wanted); i++) {
        pl_json_token t;
        CHECK_EQ_INT(pl_json_next(&r, &t), 0);
        CHECK_EQ_INT(t.kind, wanted[i].kind);
        CHECK_EQ_SLICE(t.raw, pl_slice_of(wanted[i].raw));
        CHECK_EQ_SLICE(t.key, pl_slice_of(wanted[i].key));
        CHECK_EQ_INT(t.key.ptr != NULL, wanted[i].key != NULL);
        CHECK_EQ_INT(t.has_escapes, wanted[i].has_escapes);
        CHECK_EQ_INT(t.key_has_escapes, wanted[i].key_has_escapes);
    }
}

TEST(a_fault_is_for_good)
{
    pl_json_reader r;
    pl_json_token t;
    pl_json_fault fault;
    pl_json_open(&r, S("[1 2]"), 8);
    CHECK_EQ_INT(pl_json_next(&r, &t), 0);
    CHECK_EQ_INT(pl_json_next(&r, &t), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ_INT(pl_json_next(&r, &t), PL_E_BAD_JSON);
    pl_json_fault_of(&r, &fault);
    CHECK_EQ_INT(fault.offset, 3);
}

TEST(skip_moves_behind_the_container)
{
    pl_json_reader r;
    pl_json_token t;
    pl_slice raw;
    pl_json_open(&r, S("{\"a\":[1,[2],{\"b\":3}] , \"c\":4}"), 8);
    CHECK_EQ_INT(pl_json_next(&r, &t), 0);
    CHECK_EQ_INT(pl_json_next(&r, &t), 0);
    CHECK_EQ_INT(pl_json_skip(&r, &raw), 0);
    CHECK_EQ_SLICE(raw, S("[1,[2],{\"b\":3}]"));
    CHECK_EQ_INT(pl_json_next(&r, &t), 0);
    CHECK_EQ_SLICE(t.key, S("c"));
    CHECK_EQ_SLICE(t.raw, S("4"));

    pl_json_open(&r, S("[[1,}]]"), 8);
    CHECK_EQ_INT(pl_json_next(&r, &t), 0);
    CHECK_EQ_INT(pl_json_skip(&r, &raw), PL_E_BAD_JSON);
}

TEST(value_gives_the_whole_of_each_member)
{
    static const char *const wanted[] = {"1", "\"s\\n\"", "[ 2 ]", "{\"x\":[]}", "null"};
    pl_json_reader r;
    pl_json_token t;
    pl_slice raw;
    pl_json_open(&r, S("[1, \"s\\n\", [ 2 ] ,{\"x\":[]},null]"), 8);
    CHECK_EQ_INT(pl_json_next(&r, &t), 0);
    for (size_t i = 0; i < COUNT(wanted); i++) {
        CHECK_EQ_INT(pl_json_value(&r, &t, &raw), 0);
        CHECK_EQ_SLICE(raw, pl_slice_of(wanted[i]));
    }
    CHECK_EQ_INT(pl_json_value(&r, &t, &raw), 0);
    CHECK_EQ_INT(t.kind, PL_JSON_ARRAY_END);
    CHECK_EQ_INT(pl_json_value(&r, &t, &raw), 0);
    CHECK_EQ_INT(t.kind, PL_JSON_END);

    pl_json_open(&r, S(" \"\" "), 8);
    CHECK_EQ_INT(pl_json_value(&r, &t, &raw), 0);
    CHECK_EQ_SLICE(raw, S("\"\""));
}

int main(void)
{
    return RUN(CASE(valid_documents_are_accepted_and_refused_when_cut_short),
               CASE(invalid_documents_are_refused), CASE(every_byte_of_a_string_is_looked_at),
               CASE(a_value_is_judged_alike_wherever_it_stands), CASE(every_byte_has_its_place),
               CASE(a_fault_says_where_and_why), CASE(a_fault_has_a_pointer),
               CASE(depth_is_limited), CASE(tokens_come_with_bytes_and_names),
               CASE(a_fault_is_for_good), CASE(skip_moves_behind_the_container),
               CASE(value_gives_the_whole_of_each_member));
}
