/* SPDX-License-Identifier: MIT
 *
 * Decoding, from a text and from where its values are. What a document becomes is seen by what is
 * written of it: the same again. */
#include "base/err.h"
#include "base/json.h"
#include "script/vm.h"

#include "test.h"

#include <lauxlib.h>

#define OFTEN (3 * PL_SHAPE_OFTEN) /* until a shape has a maker, and on */

static pl_vm vm;

static int decode_with(pl_slice text, pl_decode_options options, pl_decode_fault *fault)
{
    options.max_depth = PL_JSON_MAX_DEPTH;
    return pl_codec_decode(&vm.codec, vm.L, text, &options, fault);
}

static int decode_nodes(pl_slice text, pl_decode_fault *fault)
{
    static pl_buf buf;
    pl_buf_clear(&buf);
    pl_json_index(text, &buf);
    const pl_json_node *nodes = (const pl_json_node *)(const void *)buf.ptr;
    return pl_codec_decode_node(&vm.codec, vm.L, text, nodes, nodes, fault);
}

/* What is written of the value on the top of the stack, which goes. */
static pl_slice written(void)
{
    static pl_buf out;
    pl_buf_clear(&out);
    CHECK_EQ_INT(pl_codec_encode(&vm.codec, vm.L, lua_gettop(vm.L), NULL, &out), 0);
    lua_pop(vm.L, 1);
    return pl_buf_slice(&out);
}

static void check_becomes(pl_slice text, pl_slice wanted)
{
    pl_decode_fault fault;
    CHECK_EQ_INT(decode_with(text, (pl_decode_options){0}, &fault), 0);
    CHECK_EQ_SLICE(written(), wanted);
    CHECK_EQ_INT(decode_nodes(text, &fault), 0);
    CHECK_EQ_SLICE(written(), wanted);
    CHECK_EQ_INT(lua_gettop(vm.L), 0);
}

static void check_stays(const char *text)
{
    check_becomes(pl_slice_of(text), pl_slice_of(text));
}

/* One after the other, at the same place of a document: each is a wrong guess at the next one. */
TEST(objects_at_one_place_differ)
{
    static const char *const objects[] = {
        "{\"a\":1,\"b\":2}",
        "{\"a\":1}",
        "{\"a\":1,\"b\":2,\"c\":3}",
        "{\"b\":1,\"a\":2}",
        "{}",
        "{\"a\":1,\"x\":2,\"b\":3}",
        "{\"a\":{\"a\":1,\"b\":2},\"b\":[{\"a\":1},{\"b\":1}]}",
        "[1,[{\"a\":1}],{}]",
        "null",
    };
    enum { COUNT = sizeof objects / sizeof *objects };
    char text[512];
    for (int i = 0; i < OFTEN; i++)
        for (int of = 0; of < COUNT; of++) {
            int step = i % (COUNT - 1) + 1;
            snprintf(text, sizeof text, "{\"of\":%s,\"all\":[%s,%s,%s]}", objects[of],
                     objects[(of + step) % COUNT], objects[of], objects[(of + 2 * step) % COUNT]);
            check_stays(text);
        }
}

TEST(keys_differ_anywhere)
{
    static const char *const keys[] = {
        "",
        "k",
        "K",
        "kk",
        "kkk",
        "kkkk",
        "kkkl",
        "kkkkk",
        "kkkkkkkk",
        "kkkkkkkl",
        "lkkkkkkk",
        "kkkkkkkkk",
        "kkkkkkkkl",
        "lkkkkkkkk",
        "kkkklkkkk",
        "kkkkkkkkkkkkkkkk",
        "kkkkkkkkkkkkkkkl",
        "\\u0000",
        "k\\u0000",
        "\\u0000k",
        "k\\\\u006b",
        "\\\"k",
        "\xc3\xab",
    };
    enum { COUNT = sizeof keys / sizeof *keys };
    char text[128];
    for (int i = 0; i < OFTEN; i++)
        for (int k = 0; k < COUNT; k++) {
            snprintf(text, sizeof text, "[{\"%s\":%d},{\"%s\":0}]", keys[k], i,
                     keys[(k + i) % COUNT]);
            check_stays(text);
        }
}

/* "\u0061" is a, and no guess: but what is written is the shortest form. */
TEST(escapes_in_names_are_read_where_the_name_is_expected)
{
    for (int i = 0; i < OFTEN; i++)
        check_stays("{\"a\":1,\"\\n\":2}");
    check_becomes(PL_SLICE("{\"\\u0061\":1,\"\\u000a\":2}"), PL_SLICE("{\"a\":1,\"\\n\":2}"));
    check_becomes(PL_SLICE("{\"a\":1,\"\\\\n\":2}"), PL_SLICE("{\"a\":1,\"\\\\n\":2}"));
}

/* Objects within objects, as deep as can be, each with members in front of it and behind. */
static void put_nested(pl_buf *b, int members)
{
    for (int depth = 0; depth < PL_JSON_MAX_DEPTH - 1; depth++) {
        pl_buf_put_char(b, '{');
        for (int i = 0; i < members; i++)
            pl_buf_printf(b, "\"k%d\":%d,", i, depth + i);
        PL_BUF_PUT(b, "\"in\":[");
        depth++;
    }
    for (int depth = 0; depth < PL_JSON_MAX_DEPTH - 1; depth += 2)
        PL_BUF_PUT(b, "],\"end\":true}");
}

TEST(objects_are_as_deep_as_the_limit_says)
{
    static const int members[] = {0, 1, 3, PL_SHAPE_MAX_KEYS - 2, PL_SHAPE_MAX_KEYS + 6};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        pl_buf b;
        pl_buf_init(&b);
        put_nested(&b, members[i]);
        for (int times = 0; times < 4; times++)
            check_becomes(pl_buf_slice(&b), pl_buf_slice(&b));
        pl_buf_fini(&b);
    }
}

/* The last one leaves the shapes when all but its last keys were guessed. */
TEST(an_object_outgrows_its_shape)
{
    pl_buf shaped, large;
    pl_buf_init(&shaped);
    pl_buf_init(&large);
    for (int i = 0; i < PL_SHAPE_MAX_KEYS; i++)
        pl_buf_printf(&shaped, "%s\"k%d\":[%d]", i ? "," : "{", i, i);
    pl_buf_put_slice(&large, pl_buf_slice(&shaped));
    PL_BUF_PUT(&shaped, "}");
    PL_BUF_PUT(&large, ",\"one more\":{\"k0\":1},\"and\":2}");
    for (int i = 0; i < OFTEN; i++)
        check_becomes(pl_buf_slice(&shaped), pl_buf_slice(&shaped));
    check_becomes(pl_buf_slice(&large), pl_buf_slice(&large));
    check_becomes(pl_buf_slice(&shaped), pl_buf_slice(&shaped));
    pl_buf_fini(&shaped);
    pl_buf_fini(&large);
}

TEST(a_name_twice_is_seen_behind_what_was_guessed)
{
    pl_decode_fault fault;
    pl_slice twice = PL_SLICE("{\"a\":1,\n\"b\":{\"c\":0},\"a\":3,\"d\":4}");
    for (int i = 0; i < OFTEN; i++)
        check_stays("{\"a\":1,\"b\":{\"c\":0},\"d\":4}");
    CHECK_EQ_INT(decode_with(twice, (pl_decode_options){0}, &fault), PL_E_BAD_JSON);
    CHECK_EQ_STR(fault.message, "the name \"a\" is there twice");
    CHECK_EQ_INT(fault.offset, 20);
    CHECK_EQ_INT(fault.line, 2);
    CHECK_EQ_INT(fault.column, 13);
    CHECK_EQ_INT(lua_gettop(vm.L), 0);
    pl_slice last = PL_SLICE("{\"a\":3,\"b\":{\"c\":0},\"d\":4}");
    CHECK_EQ_INT(decode_with(twice, (pl_decode_options){.last_wins = true}, &fault), 0);
    CHECK_EQ_SLICE(written(), last);
    CHECK_EQ_INT(decode_nodes(twice, &fault), 0);
    CHECK_EQ_SLICE(written(), last);
}

/* A text is JSON before anything is said of its names. */
TEST(what_is_no_json_is_said_first)
{
    pl_decode_fault fault;
    pl_slice text = PL_SLICE("{\"a\":1,\"a\":2,}");
    CHECK_EQ_INT(decode_with(text, (pl_decode_options){0}, &fault), PL_E_BAD_JSON);
    CHECK_EQ_STR(fault.message, "expected a name in '\"'");
    CHECK_EQ_INT(fault.offset, 13);
}

/* Lua prints 14 digits: what it prints as it was written is a Lua number, and the rest is exact. */
TEST(a_literal_is_a_lua_number_if_lua_prints_it_so)
{
    static const char *const plain[] = {"0",
                                        "7",
                                        "-1",
                                        "10",
                                        "918273645",
                                        "99999999999999",
                                        "-99999999999999",
                                        "0.5",
                                        "-0.5",
                                        "24.95",
                                        "0.0001",
                                        "0.00012345678901234",
                                        "1234567890123.4",
                                        "100.25"};
    static const char *const exact[] = {"-0",
                                        "0.0",
                                        "-0.0",
                                        "12.50",
                                        "1e3",
                                        "1E3",
                                        "1.5e1",
                                        "100000000000000",
                                        "0.00009",
                                        "12345678901234.5",
                                        "1.0",
                                        "-1.10",
                                        "123456789012345678901234567890"};
    pl_decode_fault fault;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        CHECK_EQ_INT(decode_with(pl_slice_of(plain[i]), (pl_decode_options){0}, &fault), 0);
        CHECK_EQ_INT(lua_type(vm.L, 1), LUA_TNUMBER);
        CHECK_EQ_STR(lua_tostring(vm.L, 1), plain[i]);
        lua_settop(vm.L, 0);
    }
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++) {
        CHECK_EQ_INT(decode_with(pl_slice_of(exact[i]), (pl_decode_options){0}, &fault), 0);
        const pl_exact *e = pl_exact_at(vm.L, 1);
        CHECK(e != NULL);
        if (e) CHECK_EQ_STR(e->text, exact[i]);
        lua_settop(vm.L, 0);
    }
}

static int run(const char *source)
{
    lua_settop(vm.L, 0);
    CHECK_EQ_INT(luaL_loadstring(vm.L, source), 0);
    return pl_gate_call(&vm, 0, 0);
}

#define READ "require('perilune.core').json.%s"

/* A text of many values is not much of a text, but what is known of each counts. */
TEST(the_nodes_of_a_text_are_memory_of_the_run)
{
    static const char *const readers[] = {"decode", "open"};
    char source[256];
    size_t had = vm.budget.memory_bytes;
    vm.budget.memory_bytes = 4 << 20;
    for (int i = 0; i < 2; i++) {
        snprintf(source, sizeof source, READ "('[' .. ('0,'):rep(500000) .. '0]')", readers[i]);
        CHECK(run(source) != 0);
        pl_buf_put_char(&vm.failure, 0);
        CHECK(strstr(vm.failure.ptr, "memory budget exceeded (limits.script_memory, 4 MB)"));
        snprintf(source, sizeof source, READ "('[\"' .. ('0.'):rep(500000) .. '\"]')", readers[i]);
        CHECK_EQ_INT(run(source), 0);
    }
    vm.budget.memory_bytes = had;
}

int main(void)
{
    if (pl_vm_open(&vm, NULL, 0) != 0) return 1;
    int failed =
        RUN(CASE(objects_at_one_place_differ), CASE(keys_differ_anywhere),
            CASE(escapes_in_names_are_read_where_the_name_is_expected),
            CASE(objects_are_as_deep_as_the_limit_says), CASE(an_object_outgrows_its_shape),
            CASE(a_name_twice_is_seen_behind_what_was_guessed), CASE(what_is_no_json_is_said_first),
            CASE(a_literal_is_a_lua_number_if_lua_prints_it_so),
            CASE(the_nodes_of_a_text_are_memory_of_the_run));
    pl_vm_close(&vm);
    return failed;
}
