/* SPDX-License-Identifier: MIT
 *
 * Tables are written by forms that a state keeps: what it keeps, and that what is written does not
 * depend on it. */
#include "base/err.h"
#include "script/vm.h"

#include "test.h"

#include <lauxlib.h>
#include <stdlib.h>

static pl_vm vm;

/* Runs Lua, with the codec at hand as `json`: what it returns, or why it failed. */
static pl_slice run(const char *source)
{
    static pl_buf out, text;
    pl_buf_clear(&text);
    pl_buf_printf(&text, "local json = require('perilune.core').json; %s", source);
    lua_settop(vm.L, 0);
    pl_buf_clear(&out);
    int code = luaL_loadbuffer(vm.L, text.ptr, text.len, "=test");
    if (code == 0) code = pl_gate_call(&vm, 0, 1);
    pl_slice s = pl_buf_slice(&vm.failure);
    if (code == 0) s.ptr = lua_tolstring(vm.L, -1, &s.len);
    pl_buf_put_slice(&out, s);
    lua_settop(vm.L, 0);
    return pl_buf_slice(&out);
}

static void open_vm(void)
{
    if (pl_vm_open(&vm, NULL, 0) != 0) abort();
    vm.budget.time_ms = 60000; /* sanitizers take their time */
}

TEST(tables_of_one_constructor_have_one_form)
{
    open_vm();
    CHECK_EQ_INT(vm.codec.form_count, 0);
    CHECK_EQ_SLICE(
        run("local function make(i) return { to = i, [''] = 'none', event = { id = i } } end\n"
            "local last for i = 1, 100 do last = json.encode(make(i)) end return last"),
        PL_SLICE("{\"\":\"none\",\"event\":{\"id\":100},\"to\":100}"));
    CHECK_EQ_INT(vm.codec.form_count, 4);
    CHECK_EQ_INT(vm.codec.shape_count, 0);
    pl_vm_close(&vm);
}

TEST(a_table_that_has_changed_is_written_as_it_is)
{
    open_vm();
    for (int i = 0; i < 3; i++)
        CHECK_EQ_SLICE(run("local t, out = { c = 1, a = 2, b = 3 }, {}\n"
                           "local function put() out[#out + 1] = json.encode(t) end\n"
                           "put() t.b = nil put() t.aa = 4 put() t.b = 5 put() t.c = nil put()\n"
                           "for k in pairs(t) do t[k] = nil end put()\n"
                           "t.b = 1 t.a = 2 put() t[true] = 3\n"
                           "out[#out + 1] = select(2, json.encode(t))\n"
                           "return table.concat(out, '\\n')"),
                       PL_SLICE("{\"a\":2,\"b\":3,\"c\":1}\n"
                                "{\"a\":2,\"c\":1}\n"
                                "{\"a\":2,\"aa\":4,\"c\":1}\n"
                                "{\"a\":2,\"aa\":4,\"b\":5,\"c\":1}\n"
                                "{\"a\":2,\"aa\":4,\"b\":5}\n"
                                "{}\n"
                                "{\"a\":2,\"b\":1}\n"
                                "a table with mixed keys cannot be written as JSON"));
    pl_vm_close(&vm);
}

/* Of objects that were decoded the keys stay in source order, whatever places they have in the
 * table, and those of plain tables with the same keys are sorted. */
TEST(orders_of_the_same_keys_do_not_mix)
{
    static const char *const documents[] = {
        "{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":1,\"c\":3,\"b\":2}", "{\"b\":2,\"a\":1,\"c\":3}",
        "{\"b\":2,\"c\":3,\"a\":1}", "{\"c\":3,\"a\":1,\"b\":2}", "{\"c\":3,\"b\":2,\"a\":1}",
    };
    char source[512];
    open_vm();
    for (int round = 0; round < 3 * PL_SHAPE_OFTEN; round++)
        for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
            snprintf(source, sizeof source,
                     "local t = json.decode('%s') local text = json.encode(t) t.d = 4 "
                     "return text == '%s' and json.encode({ a = 1, b = 2, c = t }) .. "
                     "json.encode(t, { sorted = true })",
                     documents[i], documents[i]);
            char wanted[256];
            snprintf(wanted, sizeof wanted,
                     "{\"a\":1,\"b\":2,\"c\":%.*s,\"d\":4}}{\"a\":1,\"b\":2,\"c\":3,\"d\":4}",
                     (int)strlen(documents[i]) - 1, documents[i]);
            CHECK_EQ_SLICE(run(source), pl_slice_of(wanted));
        }
    pl_vm_close(&vm);
}

TEST(a_key_that_is_gone_or_new_does_not_move_the_others)
{
    open_vm();
    for (int i = 0; i < 2 * PL_SHAPE_OFTEN; i++)
        CHECK_EQ_SLICE(
            run("local d = json.decode('{\"z\":1,\"m\":{\"y\":1,\"x\":2},\"b\":3,\"a\":4}')\n"
                "d.m.x, d.b, d.c, d.A = nil, nil, 5, d.m\n"
                "local text = json.encode(d) d.b = 3 return text .. json.encode(d)"),
            PL_SLICE("{\"z\":1,\"m\":{\"y\":1},\"a\":4,\"A\":{\"y\":1},\"c\":5}"
                     "{\"z\":1,\"m\":{\"y\":1},\"b\":3,\"a\":4,\"A\":{\"y\":1},\"c\":5}"));
    pl_vm_close(&vm);
}

TEST(the_number_of_keys_makes_no_difference)
{
    open_vm();
    for (int i = 0; i < 2; i++)
        CHECK_EQ_SLICE(run("for count = 0, 130 do\n"
                           "  local t, wanted = {}, {}\n"
                           "  for i = count, 1, -1 do t[('k%03d'):format(i)] = i end\n"
                           "  for i = 1, count do wanted[i] = ('\"k%03d\":%d'):format(i, i) end\n"
                           "  local text = json.encode({ { z = 1, a = t } })\n"
                           "  wanted = '[{\"a\":{' .. table.concat(wanted, ',') .. '},\"z\":1}]'\n"
                           "  if text ~= wanted then return text end\n"
                           "end return 'sorted'"),
                       PL_SLICE("sorted"));
    pl_vm_close(&vm);
}

/* Each with keys of its own, in two levels; what comes after them is written as before. */
TEST(ids_as_keys_do_not_fill_the_forms)
{
    open_vm();
    CHECK_EQ_SLICE(
        run("for i = 1, 30000 do\n"
            "  local a, b = ('a%d'):format(i), ('b%d'):format(i)\n"
            "  local wanted = ('{\"%s\":1,\"%s\":{\"%s\":[],\"z\":2}}'):format(a, b, a)\n"
            "  local text = json.encode({ [b] = { z = 2, [a] = json.array() }, [a] = 1 })\n"
            "  if text ~= wanted then return text end\n"
            "end\n"
            "return json.encode({ b30000 = 1, new = { new = 2, b1 = 3 }, a1 = 4 })"),
        PL_SLICE("{\"a1\":4,\"b30000\":1,\"new\":{\"b1\":3,\"new\":2}}"));
    CHECK(vm.codec.form_count < 10000);
    CHECK_EQ_SLICE(
        run("collectgarbage() collectgarbage() "
            "return collectgarbage('count') < 8192 and 'little' or collectgarbage('count')"),
        PL_SLICE("little"));
    pl_vm_close(&vm);
}

/* Long keys are not kept. */
TEST(large_keys_fill_no_memory)
{
    open_vm();
    CHECK_EQ_SLICE(
        run("for i = 1, 60 do\n"
            "  local key = ('x'):rep(200000) .. i\n"
            "  if json.encode({ [key] = i, b = 0 }) ~=\n"
            "    '{\"b\":0,\"' .. key .. '\":' .. i .. '}' then return i end\n"
            "end\n"
            "collectgarbage() collectgarbage()\n"
            "return collectgarbage('count') < 4096 and 'little' or collectgarbage('count')"),
        PL_SLICE("little"));
    pl_vm_close(&vm);
}

/* Keys that are garbage at once make room for others, at the same addresses: none of them is taken
 * for one that a form has. */
TEST(an_address_is_never_that_of_two_keys)
{
    open_vm();
    CHECK_EQ_SLICE(run("for round = 1, 60 do\n"
                       "  for i = 1, 200 do\n"
                       "    local key = ('r%dk%d'):format(round % 7 + (i < 20 and 0 or round), i)\n"
                       "    local text = json.encode({ [key] = 1 })\n"
                       "    if text ~= '{\"' .. key .. '\":1}' then return key .. text end\n"
                       "  end\n"
                       "  collectgarbage()\n"
                       "end return 'each its own'"),
                   PL_SLICE("each its own"));
    pl_vm_close(&vm);
}

/* What Python's json.dumps(..., sort_keys=True, ensure_ascii=False) makes of such keys. */
TEST(keys_are_escaped_as_values_are)
{
    open_vm();
    for (int i = 0; i < 3; i++) {
        CHECK_EQ_SLICE(run("return json.encode({ ['\\n\\0\\31'] = 1, ['\"'] = 2, ['a\\\\b/'] = 3, "
                           "['\\127'] = 4, ['\\195\\169'] = 5, ['\\240\\159\\152\\128'] = 6 })"),
                       PL_SLICE("{\"\\n\\u0000\\u001f\":1,\"\\\"\":2,\"a\\\\b/\":3,\"\x7f\":4,"
                                "\"\xc3\xa9\":5,\"\xf0\x9f\x98\x80\":6}"));
        CHECK_EQ_SLICE(run("return json.encode({ ['\\195\\169<'] = 5, a = 6 }, { html = true })"),
                       PL_SLICE("{\"a\": 6, \"\\u00e9\\u003c\": 5}"));
        CHECK_EQ_SLICE(run("return json.encode({ b = { y = 1, x = {} }, a = 2 }, { indent = 1 })"),
                       PL_SLICE("{\n \"a\": 2,\n \"b\": {\n  \"x\": {},\n  \"y\": 1\n }\n}"));
        CHECK_EQ_SLICE(run("return select(2, json.encode({ k = { a = 1, ['\\255'] = 2 } }))"),
                       PL_SLICE("a string that is not UTF-8 cannot be written as JSON at "
                                "\"/k/\xff\""));
    }
    pl_vm_close(&vm);
}

TEST(the_first_mistake_in_the_order_of_writing_is_told)
{
    static const char *const cases[][2] = {
        {"{ b = print, a = { 1, 0 / 0 } }",
         "a number that is not finite cannot be written as JSON at \"/a/1\""},
        {"{ a = 1, c = { [true] = 1 }, b = function() end }",
         "a function cannot be written as JSON at \"/b\""},
        {"{ a = 1, c = { d = 1, [true] = 1 } }",
         "a table with mixed keys cannot be written as JSON at \"/c\""},
        {"{ a = { b = 1, [1] = 2 } }", NULL}, /* one of two, by what lua_next gives first */
        {"(function() local t = { a = { c = 1 }, z = 2 } t.a.b = t return t end)()",
         "a table that contains itself cannot be written as JSON at \"/a/b\""},
    };
    char source[256];
    open_vm();
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            snprintf(source, sizeof source, "return select(2, json.encode(%s))", cases[i][0]);
            pl_slice said = run(source);
            if (cases[i][1])
                CHECK_EQ_SLICE(said, pl_slice_of(cases[i][1]));
            else
                CHECK(memmem(said.ptr, said.len, "at \"/a\"", 7) != NULL);
        }
    pl_vm_close(&vm);
}

/* Tables that are written within each other, by one form. */
TEST(a_table_within_one_of_its_kind_is_its_own)
{
    open_vm();
    CHECK_EQ_SLICE(run("local t, wanted = 0, '0'\n"
                       "for i = 1, 60 do\n"
                       "  t, wanted = { down = t, at = i, z = 'x' },\n"
                       "    '{\"at\":' .. i .. ',\"down\":' .. wanted .. ',\"z\":\"x\"}'\n"
                       "  if json.encode(t) ~= wanted then return json.encode(t) end\n"
                       "end return 'deep'"),
                   PL_SLICE("deep"));
    pl_vm_close(&vm);
}

/* -- readers: of the forms that come often -- */

#define MANY "for i = 1, 200 do "

/* What is written of tables at a place where nearly all are of one form. */
static const struct {
    const char *usual, *odd, *written;
} odd_ones[] = {
    {"{ a = 1, b = 2 }", "{ a = 1, c = 2 }", "{\"a\":1,\"c\":2}"},
    {"{ a = 1, b = 2 }", "{ b = 1, aa = 2 }", "{\"aa\":2,\"b\":1}"},
    {"{ a = 1, b = 2 }", "{ a = 1 }", "{\"a\":1}"},
    {"{ a = 1, b = 2 }", "{ a = 1, b = 2, c = 3 }", "{\"a\":1,\"b\":2,\"c\":3}"},
    {"{ a = 1, b = 2 }", "{ a = false, b = json.null }", "{\"a\":false,\"b\":null}"},
    {"{ a = 1, b = 2 }", "{ 1, 2 }", "[1,2]"},
    {"{ a = 1, b = 2 }", "{}", "{}"},
    {"{ 1, 2 }", "{ a = 1, b = 2 }", "{\"a\":1,\"b\":2}"},
    {"{ a = 1, b = 2 }", "{ 1, a = 1 }",
     "an array with holes or with keys cannot be written as JSON at \"/t\""},
    {"{ a = 1, b = 2 }", "{ a = 1, [true] = 2 }",
     "a table with mixed keys cannot be written as JSON at \"/t\""},
    {"{ a = 1, b = 2 }", "{ a = {}, b = print }",
     "a function cannot be written as JSON at \"/t/b\""},
    /* A metatable of a script's is not asked. */
    {"{ a = 1, b = 2 }", "setmetatable({ a = 1, c = 2 }, { __index = { b = 3 } })",
     "{\"a\":1,\"c\":2}"},
    {"{ a = 1, b = 2 }", "setmetatable({ a = 1, c = 2 }, { __index = error })",
     "{\"a\":1,\"c\":2}"},
    {"json.decode('{\"b\":1,\"a\":2}')", "{ a = 1, b = 2 }", "{\"a\":1,\"b\":2}"},
    {"{ a = 1, b = 2 }", "json.decode('{\"b\":1,\"a\":2}')", "{\"b\":1,\"a\":2}"},
    {"json.decode('{\"b\":1,\"a\":2}')", "json.decode('{\"a\":1,\"b\":2}')", "{\"a\":1,\"b\":2}"},
    {"xml.decode('<x><b>1</b><a>2</a></x>')", "xml.decode('<x><b>1</b><c>2</c></x>')",
     "{\"x\":{\"b\":\"1\",\"c\":\"2\"}}"},
    {"xml.decode('<x><b>1</b><a>2</a></x>')",
     "(function() local x = xml.decode('<x><b>1</b><a>2</a></x>') x.x.b, x.x.c = nil, 3 return x "
     "end)()",
     "{\"x\":{\"a\":\"2\",\"c\":3}}"},
};

TEST(an_odd_table_among_many_is_written_as_it_is)
{
    char source[1024], wanted[256];
    for (size_t i = 0; i < sizeof odd_ones / sizeof *odd_ones; i++) {
        open_vm();
        snprintf(source, sizeof source,
                 "local xml = require('perilune.core').xml "
                 "local function put(t) local text, why = json.encode({ t = t }) "
                 "return text or why end "
                 "local usual = put(%s) " MANY "if put(%s) ~= usual then return 'another' end "
                 "if i > 100 and i %% 3 == 0 then put(%s) end end "
                 "return put(%s) .. (put(%s) == usual and '' or 'changed')",
                 odd_ones[i].usual, odd_ones[i].usual, odd_ones[i].odd, odd_ones[i].odd,
                 odd_ones[i].usual);
        bool is_text = strchr("[{", odd_ones[i].written[0]) != NULL;
        snprintf(wanted, sizeof wanted, is_text ? "{\"t\":%s}" : "%s", odd_ones[i].written);
        CHECK_EQ_SLICE(run(source), pl_slice_of(wanted));
        pl_vm_close(&vm);
    }
}

/* In turns, elements and members, with white space and without. */
TEST(forms_of_one_place_take_turns)
{
    open_vm();
    CHECK_EQ_SLICE(
        run("local kinds = { { a = 1, b = 2 }, { c = 1, b = 2 }, { a = 1, b = 2, c = 3 }, {}, { 1 "
            "} }\n"
            "local texts = { '{\"a\":1,\"b\":2}', '{\"b\":2,\"c\":1}', "
            "'{\"a\":1,\"b\":2,\"c\":3}', '{}', '[1]' }\n"
            "for period = 1, 5 do " MANY "local list, wanted = {}, {}\n"
            "  for k = 1, 12 do\n"
            "    local kind = math.floor((i + k) / period) % 5 + 1\n"
            "    list[k] = k % 2 == 0 and { at = kinds[kind] } or { { kinds[kind] } }\n"
            "    wanted[k] = (k % 2 == 0 and '{\"at\":%s}' or '[[%s]]'):format(texts[kind])\n"
            "  end\n"
            "  wanted = '[' .. table.concat(wanted, ',') .. ']'\n"
            "  local text = json.encode(list)\n"
            "  if text ~= wanted then return text end\n"
            "  local wide = json.encode(list, { indent = 2 }):gsub('%s', '')\n"
            "  if wide ~= wanted then return wide end\n"
            "end end return 'each as it is'"),
        PL_SLICE("each as it is"));
    pl_vm_close(&vm);
}

/* Trees whose nodes are of one form or another: nothing is written to be found wrong later. */
TEST(what_is_nested_is_written_once)
{
    open_vm();
    CHECK_EQ_SLICE(run("local function tree(depth, turn)\n"
                       "  if depth == 0 then return 0, '0' end\n"
                       "  local down, text = tree(depth - 1, turn + 1)\n"
                       "  if turn % 2 == 0 then return { down = down, x = 1 }, '{\"down\":' .. "
                       "text .. ',\"x\":1}' end\n"
                       "  return { down = down, y = 1 }, '{\"down\":' .. text .. ',\"y\":1}'\n"
                       "end\n"
                       "for i = 1, 3000 do\n"
                       "  local t, wanted = tree(15, i)\n"
                       "  if json.encode(t) ~= wanted then return json.encode(t) end\n"
                       "end return 'once'"),
                   PL_SLICE("once"));
    pl_vm_close(&vm);
}

/* Of as many keys as a form has, and of more. */
TEST(readers_give_all_keys)
{
    open_vm();
    CHECK_EQ_SLICE(
        run("for count = 30, 66 do\n"
            "  local t, wanted = {}, {}\n"
            "  for i = count, 1, -1 do t[('k%03d'):format(i)] = i end\n"
            "  for i = 1, count do wanted[i] = ('\"k%03d\":%d'):format(i, i) end\n"
            "  wanted = '{' .. table.concat(wanted, ',') .. '}'\n"
            "  local document = json.decode(wanted)\n  " MANY
            "if json.encode(t) ~= wanted or json.encode(document) ~= wanted then return count end "
            "end\n"
            "  t.k001 = nil\n"
            "  if json.encode(t) ~= wanted:gsub('\"k001\":1,', '') then return -count end\n"
            "end return 'all'"),
        PL_SLICE("all"));
    pl_vm_close(&vm);
}

/* A LuaJIT without table.nkeys. */
TEST(keys_are_counted_without_help)
{
    open_vm();
    lua_getfield(vm.L, LUA_REGISTRYINDEX, "_PRELOAD");
    lua_pushnil(vm.L);
    lua_setfield(vm.L, -2, "table.nkeys");
    CHECK_EQ_SLICE(
        run(MANY "local t = { a = 1, b = 2, c = { 3 } } json.encode(t) end "
                 "return json.encode({ a = 1, b = 2, c = { 3 } }) .. "
                 "json.encode({ a = 1, b = 2, c = 3, d = 4 }) .. json.encode({ a = 1, b = 2 })"),
        PL_SLICE("{\"a\":1,\"b\":2,\"c\":[3]}{\"a\":1,\"b\":2,\"c\":3,\"d\":4}"
                 "{\"a\":1,\"b\":2}"));
    CHECK(vm.codec.forms->written && vm.codec.forms->written->has_reader);
    pl_vm_close(&vm);
}

int main(void)
{
    return RUN(CASE(tables_of_one_constructor_have_one_form),
               CASE(a_table_that_has_changed_is_written_as_it_is),
               CASE(orders_of_the_same_keys_do_not_mix),
               CASE(a_key_that_is_gone_or_new_does_not_move_the_others),
               CASE(the_number_of_keys_makes_no_difference),
               CASE(ids_as_keys_do_not_fill_the_forms), CASE(large_keys_fill_no_memory),
               CASE(an_address_is_never_that_of_two_keys), CASE(keys_are_escaped_as_values_are),
               CASE(the_first_mistake_in_the_order_of_writing_is_told),
               CASE(a_table_within_one_of_its_kind_is_its_own),
               CASE(an_odd_table_among_many_is_written_as_it_is),
               CASE(forms_of_one_place_take_turns), CASE(what_is_nested_is_written_once),
               CASE(readers_give_all_keys), CASE(keys_are_counted_without_help));
}
