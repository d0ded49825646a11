/* SPDX-License-Identifier: MIT
 *
 * Outlines as C sees them: limits, and what is no list of operations. What they write is compared with
 * what templates render in spec/unit/template/outline_spec.lua. */
#include "script/outline.h"

#include "test.h"

#include <lauxlib.h>

static pl_vm vm;

static const pl_outline *read_outline(const char *operations, pl_arena *arena)
{
    lua_settop(vm.L, 0);
    CHECK_EQ_INT(luaL_loadstring(vm.L, operations), 0);
    CHECK_EQ_INT(lua_pcall(vm.L, 0, 1, 0), 0);
    return pl_outline_read(vm.L, 1, arena);
}

static enum pl_outline_end write_outline(const char *operations, pl_slice document,
                                         const pl_vm_limits *limits, pl_buf *out)
{
    pl_arena arena;
    pl_buf nodes = {0};
    pl_arena_init(&arena);
    pl_json_index(document, &nodes);
    pl_outline_document d = {document, (const pl_json_node *)(void *)nodes.ptr};
    enum pl_outline_end end = pl_outline_write(read_outline(operations, &arena), &d, limits, out);
    pl_buf_fini(&nodes);
    pl_arena_fini(&arena);
    return end;
}

static const char loop[] = "return { { op = 'put', text = '[' },"
                           "{ op = 'each', place = { 'a' }, skip = 3 },"
                           "{ op = 'write', place = { loop = 1 }, as = 'text' }, { op = 'next' },"
                           "{ op = 'put', text = ']' } }";

TEST(what_is_written_is_within_the_limits)
{
    static const struct {
        int64_t bytes, loops;
        enum pl_outline_end end;
    } rows[] = {
        {8, 3, PL_OUTLINE_DONE},
        {7, 3, PL_OUTLINE_LIMIT},
        {8, 2, PL_OUTLINE_LIMIT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_vm_limits limits = {.template_output_bytes = rows[i].bytes,
                               .template_loops = rows[i].loops};
        pl_buf out = {0};
        PL_BUF_PUT(&out, "in front");
        enum pl_outline_end end =
            write_outline(loop, PL_SLICE("{\"a\": [12, \"ab\", 34]}"), &limits, &out);
        CHECK_EQ_INT(end, rows[i].end);
        CHECK_EQ_SLICE(pl_buf_slice(&out),
                       end ? PL_SLICE("in front") : PL_SLICE("in front[12ab34]"));
        pl_buf_fini(&out);
    }
}

TEST(a_document_cannot_make_it_work_for_long)
{
    pl_buf document = {0}, out = {0};
    pl_vm_limits limits = {.template_output_bytes = 1 << 20, .template_loops = 1 << 20};
    PL_BUF_PUT(&document, "{");
    for (int i = 0; i < 20000; i++)
        pl_buf_printf(&document, "\"%d\": 1, ", i);
    PL_BUF_PUT(&document, "\"a\": [1");
    for (int i = 0; i < 20000; i++)
        PL_BUF_PUT(&document, ",1");
    PL_BUF_PUT(&document, "]}");
    enum pl_outline_end end =
        write_outline("return { { op = 'each', place = { 'a' }, skip = 3 },"
                      "{ op = 'write', place = { '19999' }, as = 'text' }, { op = 'next' } }",
                      pl_buf_slice(&document), &limits, &out);
    CHECK_EQ_INT(end, PL_OUTLINE_LIMIT);
    CHECK_EQ_INT(write_outline(loop, pl_buf_slice(&document), &limits, &out), PL_OUTLINE_DONE);
    CHECK_EQ_INT(out.len, 20003);
    pl_buf_fini(&document);
    pl_buf_fini(&out);
}

static const pl_vm_limits ample = {.template_output_bytes = 1 << 16, .template_loops = 1 << 16};

static void check_written(const char *operations, const char *document, const char *wanted)
{
    pl_buf out = {0};
    PL_BUF_PUT(&out, "> ");
    enum pl_outline_end end = write_outline(operations, pl_slice_of(document), &ample, &out);
    CHECK_EQ_INT(end, wanted ? PL_OUTLINE_DONE : PL_OUTLINE_MISSING);
    CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(wanted ? wanted : "> "));
    pl_buf_fini(&out);
}

TEST(places_that_begin_alike_lead_to_values_of_their_own)
{
    static const char document[] = "{\"a\": {\"b\": {\"c\": 1, \"d\": 2}, \"c\": 3, \"b2\": [4, "
                                   "{\"c\": 5}]}, \"b\": {\"c\": 6}, \"c\": {\"b\": {\"c\": 7}}}";
    check_written("local o = {} for _, place in ipairs({ { 'a', 'b', 'c' }, { 'a', 'b', 'd' }, "
                  "{ 'a', 'c' }, { 'a', 'b2', 0 }, { 'a', 'b2', 1, 'c' }, { 'b', 'c' }, "
                  "{ 'c', 'b', 'c' }, { 'a', 'b', 'c' } }) do "
                  "o[#o + 1] = { op = 'write', place = place, as = 'text' } end return o",
                  document, "> 12345671");
    check_written("return { { op = 'write', place = { 'a', 'x', 'c' }, as = 'text' } }", document,
                  NULL);
    check_written("return { { op = 'write', place = { 'a', 'c', 'x', may_miss = true }, "
                  "as = 'text' } }",
                  document, NULL);
    check_written("return { { op = 'write', place = { 'a', 'b', 'x', may_miss = true }, "
                  "as = 'text' } }",
                  document, "> ");
}

TEST(what_is_not_reached_may_be_missing)
{
    static const char operations[] =
        "return { { op = 'test', test = 'truthy', when = false, place = { 'has' }, skip = 2 }, "
        "{ op = 'write', place = { 'a', 'b', 'c' }, as = 'text' }, { op = 'put', text = '.' } }";
    check_written(operations, "{\"has\": false}", "> .");
    check_written(operations, "{\"has\": true}", NULL);
    check_written(operations, "{\"has\": true, \"a\": {\"b\": {\"c\": 1}}}", "> 1.");
}

/* More than there is room for in what is looked up once. */
TEST(many_places_are_found)
{
    pl_buf document = {0}, wanted = {0};
    PL_BUF_PUT(&wanted, "> ");
    for (int i = 0; i < 40; i++) {
        pl_buf_printf(&document, "%s\"%d\": {\"a\": {\"b\": %d}}", i ? ", " : "{", i, i);
        pl_buf_printf(&wanted, "%d", i);
    }
    pl_buf_put(&document, "}", 2);
    pl_buf_put(&wanted, "", 1);
    check_written("local o = {} for i = 1, 40 do o[i] = { op = 'write', as = 'text', "
                  "place = { tostring(i - 1), 'a', 'b' } } end return o",
                  document.ptr, wanted.ptr);
    pl_buf_fini(&document);
    pl_buf_fini(&wanted);
}

static int read_into_arena(lua_State *L)
{
    pl_outline_read(L, 1, lua_touserdata(L, 2));
    return 0;
}

/* What reading the operations raises, or "". */
static const char *raised(const char *operations)
{
    pl_arena arena;
    pl_arena_init(&arena);
    lua_settop(vm.L, 0);
    lua_pushcfunction(vm.L, read_into_arena);
    CHECK_EQ_INT(luaL_loadstring(vm.L, operations), 0);
    CHECK_EQ_INT(lua_pcall(vm.L, 0, 1, 0), 0);
    lua_pushlightuserdata(vm.L, &arena);
    int status = lua_pcall(vm.L, 2, 0, 0);
    pl_arena_fini(&arena);
    return status ? lua_tostring(vm.L, -1) : "";
}

TEST(what_leads_astray_is_not_read)
{
    static const char *const rows[][2] = {
        {"return { { op = 'jump' } }", "an outline has no op 'jump'"},
        {"return { { op = 'write', place = {}, as = 'x' } }", "an outline has no as 'x'"},
        {"return { { op = 'skip', skip = 2 } }", "the skip of an outline leads out of it"},
        {"return { { op = 'skip', skip = 0 } }", "the skip of an outline leads out of it"},
        {"return { { op = 'next' } }", "an outline ends a loop that is not open"},
        {"return { { op = 'each', place = {}, skip = 1 } }", "a loop of an outline is not closed"},
        {"return { { op = 'each', place = {}, skip = 1 }, { op = 'next' } }",
         "a skip of an outline leads into a loop, or out of one"},
        {"return { { op = 'skip', skip = 2 }, { op = 'each', place = {}, skip = 2 }, { op = 'next' "
         "} }",
         "a skip of an outline leads into a loop, or out of one"},
        {"return { { op = 'each', place = {}, skip = 3 }, { op = 'skip', skip = 2 }, { op = 'next' "
         "} }",
         "a skip of an outline leads into a loop, or out of one"},
        {"return { { op = 'write', place = { loop = 1 }, as = 'text' } }",
         "the loop of an outline leads out of it"},
        {"return { { op = 'write', place = { counter = 'index' }, as = 'text' } }",
         "a counter of an outline has no loop"},
        {"local o = {} for i = 1, 9 do o[i] = { op = 'each', place = {}, skip = 1 } end return o",
         "the loops of an outline nest too deep"},
        {"return {}", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_EQ_STR(raised(rows[i][0]), rows[i][1]);
}

int main(void)
{
    CHECK_EQ_INT(pl_vm_open(&vm, NULL, 0), 0);
    int result = RUN(CASE(what_is_written_is_within_the_limits),
                     CASE(a_document_cannot_make_it_work_for_long),
                     CASE(places_that_begin_alike_lead_to_values_of_their_own),
                     CASE(what_is_not_reached_may_be_missing), CASE(many_places_are_found),
                     CASE(what_leads_astray_is_not_read));
    pl_vm_close(&vm);
    return result;
}
