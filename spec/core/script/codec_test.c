/* SPDX-License-Identifier: MIT */
#include "base/err.h"
#include "base/json.h"
#include "script/vm.h"

#include "test.h"

#include <lauxlib.h>

static pl_vm vm;

static int decode(const char *text, pl_decode_fault *fault)
{
    static const pl_decode_options options = {.max_depth = PL_JSON_MAX_DEPTH};
    return pl_codec_decode(&vm.codec, vm.L, pl_slice_of(text), &options, fault);
}

/* The value on the top of the stack, which goes. */
static pl_slice encode(pl_buf *out)
{
    pl_buf_clear(out);
    int code = pl_codec_encode(&vm.codec, vm.L, lua_gettop(vm.L), NULL, out);
    lua_pop(vm.L, 1);
    return code ? pl_buf_slice(&vm.codec.text) : pl_buf_slice(out);
}

static int decode_nodes(const char *text, pl_decode_fault *fault)
{
    static pl_buf buf;
    pl_buf_clear(&buf);
    pl_json_index(pl_slice_of(text), &buf);
    const pl_json_node *nodes = (const pl_json_node *)(const void *)buf.ptr;
    return pl_codec_decode_node(&vm.codec, vm.L, pl_slice_of(text), nodes, nodes, fault);
}

/* By its text, and by where its values are, which gives the same. */
static pl_slice round_trip(const char *text)
{
    static pl_buf read, found;
    pl_decode_fault fault;
    if (decode(text, &fault) != 0) return pl_slice_of(fault.message);
    pl_slice of_text = encode(&read);
    CHECK_EQ_INT(decode_nodes(text, &fault), 0);
    CHECK_EQ_SLICE(encode(&found), of_text);
    return of_text;
}

/* Runs Lua with the codec at hand as `json`: what it returns. */
static pl_slice run(const char *source)
{
    static pl_buf out;
    lua_State *L = vm.L;
    lua_settop(L, 0);
    pl_buf_clear(&out);
    int code = luaL_loadstring(L, source);
    if (code == 0) code = pl_gate_call(&vm, 0, 1);
    pl_slice s = pl_buf_slice(&vm.failure);
    if (code == 0) s.ptr = lua_tolstring(L, -1, &s.len);
    pl_buf_put_slice(&out, s);
    lua_settop(L, 0);
    return pl_buf_slice(&out);
}

#define JSON "local json = require('perilune.core').json; "

TEST(documents_come_out_as_they_went_in)
{
    static const char *const documents[] = {
        "null",
        "true",
        "\"\"",
        "[]",
        "{}",
        "[[],{},[{}]]",
        "{\"a\":[],\"b\":{}}",
        "{\"b\":1,\"a\":2,\"10\":3,\"9\":4}",
        "{\"5\":[null,null],\"\":0}",
        "[9007199254740991,1234567890123456789,123456789012345,1000000000000000]",
        "[1.0,1e3,1E+3,-0,-0.0,0.10,0.1,0.0001,0.00001,1.5e-9,1e400]",
        "[0.30000000000000004,3.141592653589793238462643,12345678.901234,-12.5,0]",
        "\"a/b\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\u0000\\n\\\"\\\\\\u001f\"",
        "{\"a\xc3\xa9\\n\":{\"x\":1},\"b\":{\"x\":1,\"y\":[1,2,{\"x\":null}]}}",
        "[1,null,3,null]",
    };
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        CHECK_EQ_SLICE(round_trip(documents[i]), pl_slice_of(documents[i]));
    CHECK_EQ_INT(lua_gettop(vm.L), 0);
}

TEST(escapes_become_the_shortest_form)
{
    CHECK_EQ_SLICE(round_trip("\"\\u0041\\/\\ud83d\\ude00\\u000a\\t\""),
                   PL_SLICE("\"A/\xf0\x9f\x98\x80\\n\\t\""));
    CHECK_EQ_SLICE(round_trip(" { \"\\u0061\" : [ 1 , 2 ] } "), PL_SLICE("{\"a\":[1,2]}"));
}

/* More members than wait on the stack, more than a shape takes, and depth. */
static void check_objects_of(int count)
{
    pl_buf b;
    pl_buf_init(&b);
    for (int i = 0; i < count; i++)
        pl_buf_printf(&b, "%s\"key%d\":[%d]", i ? "," : "{", (i * 7919) % count, i);
    PL_BUF_PUT(&b, "}");
    pl_buf_put_char(&b, 0);
    CHECK_EQ_SLICE(round_trip(b.ptr), pl_slice_of(b.ptr));
    pl_buf_fini(&b);
}

TEST(large_containers_keep_their_order)
{
    static const int sizes[] = {31, 32, 33, 64, 65, 66, 500};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_objects_of(sizes[i]);
    pl_buf b;
    pl_buf_init(&b);
    for (int i = 0; i < 1000; i++)
        pl_buf_printf(&b, "%s%d", i ? "," : "[", i);
    PL_BUF_PUT(&b, "]\0");
    CHECK_EQ_SLICE(round_trip(b.ptr), pl_slice_of(b.ptr));
    pl_buf_fini(&b);
}

/* Of a shape that is met often tables are made in another way. */
TEST(objects_that_come_often_are_what_the_first_one_was)
{
    static const char *const documents[] = {
        "{\"a\":1}",
        "{\"b\":{\"a\":null,\"c\":[{\"a\":true},{\"a\":\"x\"}]},\"a\":1.50}",
        "{\"\":0,\" "
        "\":1,\"end\":2,\"a1\":3,\"\\n7\":4,\"\\\"\":5,\"\\\\\":6,\"\\u00001\":7,\"]]\":8,"
        "\"Zo\xc3\xab\":9,\"\xe2\x82\xac\":10,\"%s\":11}",
    };
    static pl_buf many;
    pl_buf_put_char(&many, '{');
    for (int i = 0; i < PL_SHAPE_MAX_KEYS; i++)
        pl_buf_printf(&many, "%s\"k%d\":%d", i ? "," : "", i, i * i);
    PL_BUF_PUT(&many, "}");
    pl_buf_put_char(&many, 0);
    for (int i = 0; i < 2 * PL_SHAPE_OFTEN; i++) {
        for (size_t d = 0; d < sizeof documents / sizeof *documents; d++)
            CHECK_EQ_SLICE(round_trip(documents[d]), pl_slice_of(documents[d]));
        CHECK_EQ_SLICE(round_trip(many.ptr), pl_slice_of(many.ptr));
    }
    CHECK_EQ_SLICE(run(JSON "local last for i = 1, 200 do "
                            "  local t = json.decode('{\"one\":1,\"two\":\"b\",\"no\":false}') "
                            "  assert(t ~= last and rawget(t, 'one') == 1 and t.two == 'b') "
                            "  assert(t.no == false and t.three == nil) "
                            "  t.one, t.three, last = 2, 3, t "
                            "end "
                            "return json.encode(last)"),
                   PL_SLICE("{\"one\":2,\"two\":\"b\",\"no\":false,\"three\":3}"));
    pl_buf_fini(&many);
}

TEST(ids_as_keys_do_not_fill_the_shapes)
{
    char text[64];
    for (int i = 0; i < 20000; i++) {
        snprintf(text, sizeof text, "{\"id%d\":{\"a\":1,\"x%d\":2}}", i, i);
        pl_slice got = round_trip(text);
        if (!pl_slice_eq(got, pl_slice_of(text))) CHECK_EQ_SLICE(got, pl_slice_of(text));
    }
    CHECK(vm.codec.shape_count < 1000);
    CHECK_EQ_SLICE(round_trip("{\"p\":1,\"id77\":2,\"q\":3}"),
                   PL_SLICE("{\"p\":1,\"id77\":2,\"q\":3}"));
}

TEST(depth_is_bounded_by_the_limit_and_nothing_else)
{
    char deep[2 * PL_JSON_MAX_DEPTH + 3];
    memset(deep, '[', PL_JSON_MAX_DEPTH);
    memset(deep + PL_JSON_MAX_DEPTH, ']', PL_JSON_MAX_DEPTH);
    deep[2 * PL_JSON_MAX_DEPTH] = 0;
    CHECK_EQ_SLICE(round_trip(deep), pl_slice_of(deep));
    memset(deep, '[', PL_JSON_MAX_DEPTH + 1);
    CHECK_EQ_SLICE(round_trip(deep), PL_SLICE("nested too deeply"));
}

TEST(faults_say_where)
{
    pl_decode_fault fault;
    CHECK_EQ_INT(decode("{\"a\":1,\n  \"b\":2, \"\\u0061\":3}", &fault), PL_E_BAD_JSON);
    CHECK_EQ_STR(fault.message, "the name \"\\u0061\" is there twice");
    CHECK_EQ_INT(fault.line, 2);
    CHECK_EQ_INT(fault.column, 10);
    CHECK_EQ_INT(decode("[1,]", &fault), PL_E_BAD_JSON);
    CHECK_EQ_INT(fault.offset, 3);
    static const char *const bad[] = {
        "",    "01",    "+1",       "0x10",        "1.",
        "NaN", "[1] 2", "\"\xff\"", "\"\\ud800\"", "{\"a\":1,\"b\":{\"c\":1,\"c\":1}}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ_INT(decode(bad[i], &fault), PL_E_BAD_JSON);
    CHECK_EQ_INT(lua_gettop(vm.L), 0);
}

TEST(scripts_change_documents)
{
    CHECK_EQ_SLICE(run(JSON "local d = json.decode('{\"z\":1,\"y\":2,\"x\":3}')"
                            "d.y = nil d.b = 4 d.a = json.null return json.encode(d)"),
                   PL_SLICE("{\"z\":1,\"x\":3,\"a\":null,\"b\":4}"));
    CHECK_EQ_SLICE(run(JSON "local d = json.decode('{\"z\":1,\"y\":2}') rawset(d, 'k', 3)"
                            "return table.concat(json.keys(d), ',')"),
                   PL_SLICE("z,y,k"));
    CHECK_EQ_SLICE(run(JSON "local d = json.decode('[1,2]') d[3] = {} d[4] = json.array()"
                            "return json.encode(d)"),
                   PL_SLICE("[1,2,{},[]]"));
    CHECK_EQ_SLICE(run(JSON "local d = {} for i = 3, 1, -1 do d[i] = i end return json.encode(d)"),
                   PL_SLICE("[1,2,3]"));
    CHECK_EQ_SLICE(run(JSON "return json.encode({b = {2, 1}, a = {}, [\"a\\\"\"] = true})"),
                   PL_SLICE("{\"a\":{},\"a\\\"\":true,\"b\":[2,1]}"));
    CHECK_EQ_SLICE(run(JSON "return json.encode(json.decode('{\"b\":1,\"a\":{\"d\":1,\"c\":2}}'), "
                            "{sorted = true})"),
                   PL_SLICE("{\"a\":{\"c\":2,\"d\":1},\"b\":1}"));
    CHECK_EQ_SLICE(run(JSON "return json.encode({a = {1, {}}, b = json.array()}, {indent = 1})"),
                   PL_SLICE("{\n \"a\": [\n  1,\n  {}\n ],\n \"b\": []\n}"));
    CHECK_EQ_SLICE(run(JSON
                       "local d = json.decode('{}') "
                       "return tostring(getmetatable(d)) .. tostring(pcall(setmetatable, d, {}))"),
                   PL_SLICE("objectfalse"));
}

TEST(plain_tables_are_sorted_however_many_members_they_have)
{
    CHECK_EQ_SLICE(
        run(JSON "for count = 0, 40 do\n"
                 "  local t, wanted = {}, {}\n"
                 "  for i = count, 1, -1 do t[('k%02d'):format(i)] = i end\n"
                 "  for i = 1, count do wanted[i] = ('\"k%02d\":%d'):format(i, i) end\n"
                 "  wanted = '{' .. table.concat(wanted, ',') .. '}'\n"
                 "  local text = json.encode(t)\n"
                 "  if count > 0 and text ~= wanted then return text end\n"
                 "  if json.encode({ b = 1, a = t }) ~= '{\"a\":' .. wanted .. ',\"b\":1}' then\n"
                 "    return 'within another: ' .. count\n"
                 "  end\n"
                 "end return 'sorted'"),
        PL_SLICE("sorted"));
    CHECK_EQ_SLICE(
        run(JSON "local scattered = {} for i = 3, 1, -1 do scattered[i] = { i = i } end\n"
                 "return json.encode({ z = 1, l = scattered, ab = 2, a = 3, [''] = 4 })"),
        PL_SLICE("{\"\":4,\"a\":3,\"ab\":2,\"l\":[{\"i\":1},{\"i\":2},{\"i\":3}],\"z\":1}"));
    CHECK_EQ_SLICE(run(JSON
                       "local t, wanted = 0, '0'\n"
                       "for _ = 1, 40 do t, wanted = { b = t, a = 1 }, '{\"a\":1,\"b\":' .. wanted "
                       ".. '}' end\n"
                       "return json.encode(t) == wanted and 'deep' or json.encode(t)"),
                   PL_SLICE("deep"));
}

TEST(what_cannot_be_written_is_named_with_its_place)
{
    CHECK_EQ_SLICE(
        run(JSON "return select(2, json.encode({{}, setmetatable({}, {__json = false})}))"),
        PL_SLICE("an object of the template engine cannot be written as JSON at \"/1\""));
    static const char *const cases[][2] = {
        {"{a = {1, print}}", "a function cannot be written as JSON at \"/a/1\""},
        {"{['x/y~'] = 0/0}",
         "a number that is not finite cannot be written as JSON at \"/x~1y~0\""},
        {"1/0", "a number that is not finite cannot be written as JSON"},
        {"{1, a = 2}", "an array with holes or with keys cannot be written as JSON"},
        {"{k = {[5] = 1}}", "an array with holes or with keys cannot be written as JSON at \"/k\""},
        {"{k = {1, [2.5] = 1}}",
         "an array with holes or with keys cannot be written as JSON at \"/k\""},
        {"{z = 1, k = {b = 1, a = print}}", "a function cannot be written as JSON at \"/k/a\""},
        {"{a = 1, [true] = 2}", "a table with mixed keys cannot be written as JSON"},
        {"{s = '\\255'}", "a string that is not UTF-8 cannot be written as JSON at \"/s\""},
        {"{s = require('perilune.core').secret_of('hunter22')}",
         "a secret cannot be written as JSON at \"/s\""},
    };
    char source[256];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(source, sizeof source, JSON "return select(2, json.encode(%s))", cases[i][0]);
        CHECK_EQ_SLICE(run(source), pl_slice_of(cases[i][1]));
    }
    CHECK_EQ_SLICE(run(JSON "local t = {a = {}} t.a.b = t.a return select(2, json.encode(t))"),
                   PL_SLICE("a table that contains itself cannot be written as JSON at \"/a/b\""));
}

/* A document decoded with options, written again; or the fault's message and pointer. */
static pl_slice decoded_with(const char *options, const char *document)
{
    char source[512];
    snprintf(source, sizeof source,
             JSON "local v, fault = json.decode([=[%s]=], {%s}) "
                  "if fault then return fault.message .. ' at ' .. fault.pointer end "
                  "return json.encode(v)",
             document, options);
    return run(source);
}

TEST(of_a_name_that_is_there_twice_the_last_value_can_count)
{
    const char *last = "duplicates = 'last'";
    CHECK_EQ_SLICE(decoded_with(last, "{\"a\":1,\"b\":2,\"a\":{\"c\":3,\"c\":4}}"),
                   PL_SLICE("{\"a\":{\"c\":4},\"b\":2}"));
    CHECK_EQ_SLICE(decoded_with(last, "{\"a\":1,\"a\":2,\"a\":3,\"z\":4}"),
                   PL_SLICE("{\"a\":3,\"z\":4}"));
    CHECK_EQ_SLICE(decoded_with("duplicates = 'error'", "[{\"x/y\":[0,{\"a\":1,\"a\":2}]}]"),
                   PL_SLICE("the name \"a\" is there twice at /0/x~1y/1/a"));
}

/* What python3 -c 'json.dumps(json.loads(...))' gives. */
TEST(decimals_can_be_read_as_doubles)
{
    CHECK_EQ_SLICE(
        decoded_with("numbers = 'double'", "[1.0,1e3,-0,-0.0,1e16,1.50,12345678901234567890]"),
        PL_SLICE("[1.0,1000.0,0,-0.0,1e+16,1.5,12345678901234567890]"));
    CHECK_EQ_SLICE(decoded_with("numbers = 'double'", "[1.5e300,123456789012345678.0]"),
                   PL_SLICE("[1.5e+300,1.2345678901234568e+17]"));
    CHECK_EQ_SLICE(decoded_with("numbers = 'exact'", "[1.0,1e3,-0]"), PL_SLICE("[1.0,1e3,-0]"));
}

TEST(dicts_of_templates_keep_the_order_in_which_keys_came)
{
    CHECK_EQ_SLICE(run(JSON "local d, keys = json.dict() "
                            "keys[1], keys[2], keys[3], keys[4] = 'z', 2, true, json.null "
                            "d.z, d[2], d[1], d[json.null] = 'a', 'b', 'c', 'd' "
                            "return json.encode(d) .. #json.keys(d)"),
                   PL_SLICE("{\"z\":\"a\",\"2\":\"b\",\"true\":\"c\",\"null\":\"d\"}4"));
    CHECK_EQ_SLICE(run(JSON "local d, keys = json.dict() "
                            "keys[1], keys[2], keys[3] = 123456789012345, 0.1 + 0.2, -1 / 0 "
                            "for _, key in ipairs(keys) do d[key] = 1 end "
                            "return json.encode(d)"),
                   PL_SLICE("{\"123456789012345\":1,\"0.30000000000000004\":1,\"-Infinity\":1}"));
    CHECK_EQ_SLICE(run(JSON "local d = json.decode('{\"b\":1,\"a\":2}') "
                            "local keys = json.listed(d) keys[3] = 'A' d.A = 3 "
                            "local copy = require('perilune.core').copy(d) "
                            "table.insert(json.listed(copy), 1, '0') copy['0'] = 0 "
                            "return json.encode(d) .. json.encode(copy)"),
                   PL_SLICE("{\"b\":1,\"a\":2,\"A\":3}{\"0\":0,\"b\":1,\"a\":2,\"A\":3}"));
    CHECK_EQ_SLICE(run(JSON "local d, keys = json.dict() "
                            "keys[1] = json.tuple({1}) d['\\0(1,)'] = 1 "
                            "return #json.keys(d) .. select(2, json.encode(d))"),
                   PL_SLICE("1a table with a table as key cannot be written as JSON"));
    CHECK_EQ_SLICE(run(JSON
                       "local t = json.tuple({}) "
                       "return getmetatable(t) .. json.encode(t) .. getmetatable(json.array())"),
                   PL_SLICE("tuple[]array"));
}

TEST(literals_become_numbers_and_other_texts_nothing)
{
    CHECK_EQ_SLICE(run(JSON "return tostring(json.number('12345678901234567890')) .. "
                            "type(json.number('12')) .. tostring(json.number(' 1')) .. "
                            "tostring(json.number('1x')) .. tostring(json.number('[1]'))"),
                   PL_SLICE("12345678901234567890numbernilnilnil"));
}

/* What python3 -c 'htmlsafe_json_dumps(...)' of jinja2 gives. */
TEST(json_for_html_is_that_of_jinja)
{
    CHECK_EQ_SLICE(
        run(JSON "return json.encode(json.decode('{\"b\":[1,2.5,1e-05,\"<a href=\\'x\\'>&\\127\"],"
                 "\"a\":{\"\\195\\169\":\"\\240\\159\\152\\128\"},\"c\":[]}'), "
                 "{html = true, sorted = true})"),
        PL_SLICE("{\"a\": {\"\\u00e9\": \"\\ud83d\\ude00\"}, \"b\": [1, 2.5, 1e-05, "
                 "\"\\u003ca href=\\u0027x\\u0027\\u003e\\u0026\\u007f\"], \"c\": []}"));
    CHECK_EQ_SLICE(
        run(JSON "return json.encode({1/0, -1/0, 0.00001, {}}, {html = true, indent = 1})"),
        PL_SLICE("[\n Infinity,\n -Infinity,\n 1e-05,\n {}\n]"));
    CHECK_EQ_SLICE(run(JSON "return select(2, json.encode('\\255', {html = true}))"),
                   PL_SLICE("a string that is not UTF-8 cannot be written as JSON"));
}

TEST(what_never_ends_is_refused)
{
    const char *itself = "a table that contains itself cannot be written as JSON at \"/0/1\"";
    CHECK_EQ_SLICE(run(JSON "local a = {{}} a[1][1] = 0 a[1][2] = a a[1][3] = a "
                            "return select(2, json.encode(a))"),
                   pl_slice_of(itself));
    CHECK_EQ_SLICE(run(JSON "local a = {1} for _ = 1, 60 do a = {a, a} end "
                            "return select(2, json.encode(a, {max_bytes = 10000}))"),
                   PL_SLICE("a value that is larger than may be cannot be written as JSON"));
    CHECK_EQ_SLICE(run(JSON "local d, keys = json.dict() keys[1] = json.tuple({1}) d['\\0x'] = 1 "
                            "return select(2, json.encode(d, {sorted = true}))"),
                   PL_SLICE("keys that are no texts cannot be sorted for JSON"));
}

TEST(numbers_are_written_the_shortest_way)
{
    static const struct {
        double n;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1e15, "1000000000000000"},
        {9007199254740991.0, "9007199254740991"},
        {-42, "-42"},
        {0.1, "0.1"},
        {19.99, "19.99"},
        {-1234.5678, "-1234.5678"},
        {1.005, "1.005"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {1e21, "1e+21"},
        {0x1p53, "9007199254740992"},
        {123456789.123456, "123456789.123456"},
        {1e-7, "1e-07"},
    };
    pl_buf b;
    pl_buf_init(&b);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pl_buf_clear(&b);
        CHECK(pl_number_put(&b, cases[i].n));
        CHECK_EQ_SLICE(pl_buf_slice(&b), pl_slice_of(cases[i].text));
    }
    pl_buf_fini(&b);
}

TEST(exact_numbers_print_as_written_and_compute)
{
    CHECK_EQ_SLICE(
        run(JSON "local d = json.decode('[12345678901234567890,1.0,1e3,12345678901234567891,"
                 "12345678901234567890,1.00]')"
                 "local t = {[d[1]] = 'same'}"
                 "return table.concat({tostring(d[1]), 'n' .. d[2], d[3] .. '', d[3] + d[2],"
                 "tostring(d[1] < d[4]), tostring(d[4] <= d[1]), tostring(d[2] == d[6]),"
                 "t[d[5]], tostring(d[2] + 0 == 1),"
                 "tostring(json.is_exact(d[1])), -d[3]}, ' ')"),
        PL_SLICE("12345678901234567890 n1.0 1e3 1001 true false true same true true -1000"));
    CHECK_EQ_SLICE(run(JSON "return json.decode('9007199254740993') + 1"),
                   PL_SLICE("[string \"local json = require('perilune.core').json; r...\"]:1: "
                            "9007199254740993 has more digits than a Lua number can compute with"));
}

TEST(pointers_find_values)
{
    CHECK_EQ_SLICE(
        run(JSON "local d = json.decode('{\"a\":{\"b/c\":[1,{\"~\":\"x\"}],\"n\":null}}')"
                 "return table.concat({json.get(d, '/a/b~1c/1/~0'), json.get(d, '/a/n', 'none'),"
                 "json.get(d, '/a/b~1c/2', 'no'), json.get(d, '/q/r', 'gone'),"
                 "json.get(d, '/a/b~1c/0/x', 'deep')}, ' ')"),
        PL_SLICE("x none no gone deep"));
}

int main(void)
{
    if (pl_vm_open(&vm, NULL, 0) != 0) return 1;
    int failed = RUN(
        CASE(documents_come_out_as_they_went_in), CASE(escapes_become_the_shortest_form),
        CASE(large_containers_keep_their_order),
        CASE(objects_that_come_often_are_what_the_first_one_was),
        CASE(ids_as_keys_do_not_fill_the_shapes),
        CASE(depth_is_bounded_by_the_limit_and_nothing_else), CASE(faults_say_where),
        CASE(scripts_change_documents),
        CASE(plain_tables_are_sorted_however_many_members_they_have),
        CASE(what_cannot_be_written_is_named_with_its_place),
        CASE(of_a_name_that_is_there_twice_the_last_value_can_count),
        CASE(decimals_can_be_read_as_doubles),
        CASE(dicts_of_templates_keep_the_order_in_which_keys_came),
        CASE(literals_become_numbers_and_other_texts_nothing), CASE(json_for_html_is_that_of_jinja),
        CASE(what_never_ends_is_refused), CASE(numbers_are_written_the_shortest_way),
        CASE(exact_numbers_print_as_written_and_compute), CASE(pointers_find_values));
    pl_vm_close(&vm);
    return failed;
}
