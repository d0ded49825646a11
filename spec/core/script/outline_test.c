/* SPDX-License-Identifier: MIT
 *
 * Outlines as C sees them: limits, and what is no list of operations. What they write is compared with
 * what templates render in spec/unit/template/outline_spec.lua. */
#include "script/outline_impl.h"

#include "base/id.h"
#include "test.h"

#include <lauxlib.h>
#include <stdlib.h>

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

/* -- what is JSON -- */

static const char compile[] = "local template = require 'perilune.template' "
                              "local render = assert(template.compile(..., { name = 't', mode = "
                              "'json' })) return template.outline(render, function(chain) return "
                              "chain, true end)";

/* The outline of a template of JSON. */
static const pl_outline *outline_of(const char *text, pl_arena *arena)
{
    lua_settop(vm.L, 0);
    CHECK_EQ_INT(luaL_loadstring(vm.L, compile), 0);
    lua_pushstring(vm.L, text);
    CHECK_EQ_INT(lua_pcall(vm.L, 1, 1, 0), 0);
    CHECK(lua_istable(vm.L, 1));
    return pl_outline_read(vm.L, 1, arena);
}

TEST(templates_that_always_write_json_are_known)
{
    static const struct {
        const char *text;
        int depth;
    } rows[] = {
        {"{{ a }}", 0},
        {"12", 0},
        {"\"\"", 0},
        {" null ", 0},
        {"[{{ a }}, -1.5e3, true, \"{{ a }} \\\" \\u00e9 {{ b }}\", []]", 2},
        {"{\"a\": {{ a }}, \"{{ b }}\": {\"c\": [{}]} // more\n}", 4},
        {"[{% for x in a %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}]", 1},
        {"[{% for x in a %}{% if loop.last %}{{ x }}{% else %}{{ x }},{% endif %}{% endfor %}]", 1},
        {"[{% for x in a %}{% if not loop.first %},{% endif %}{\"b\": {{ x.b }}}{% endfor %}]", 2},
        {"[0{% for x in a %}, {{ x }}{% endfor %}]", 1},
        {"[{% for x in a %}{{ x }}, {% endfor %}0]", 1},
        {"{ {% for x in a %}\"{{ x }}\": [{% for y in x %}{{ y }}{{ ',' if not loop.last else '' }}"
         "{% endfor %}]{% if not loop.last %},{% endif %}{% endfor %}}",
         -1}, /* {{ ',' }} is a value, and not a comma */
        {"{ {% for x in a %}\"{{ x }}\": [{% for y in x %}{{ y }}{% if not loop.last %},{% endif %}"
         "{% endfor %}]{% if not loop.last %},{% endif %}{% endfor %}}",
         2},
        {"{ {% if a %}\"a\": 1, {% endif %}\"b\": 2}", 1},
        {"{% if a %}{\"a\": 1{% else %}{\"b\": 2{% endif %}}", 1},
        {"\"{% for x in a %}{{ x }}{% endfor %}\"", 0},
        {"{% if a %}1{% endif %}", -1},
        {"{ {% if a %}\"a\": 1{% endif %}{% if b %}, \"b\": 2{% endif %}}", -1},
        {"[{% for x in a %}{{ x }}{% if not loop.first %},{% endif %}{% endfor %}]", -1},
        {"[{% for x in a %}{{ x }}{% endfor %}]", -1},
        {"[{% for x in a %}{{ x }},{% endfor %}]", -1},
        {"{{ a }}{{ b }}", -1},
        {"1{{ a }}", -1},
        {"{{ a }}1", -1},
        {"{ {{ a }}: 1}", -1},
        {"{\"a\" {{ a }}}", -1},
        {"[1,]", -1},
        {"[1 2]", -1},
        {"[1}", -1},
        {"[01]", -1},
        {"[nul]", -1},
        {"{1: 2}", -1},
        {"{,}", -1},
        {"]", -1},
        {"[", -1},
        {"\"a", -1},
        {"\"\\x\"", -1},
        {"\"\xff\"", -1},
        {"\"\t\"", -1},
        {",1", -1},
        {":1", -1},
        {"1,", -1},
        {"", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_arena arena;
        pl_arena_init(&arena);
        CHECK_EQ_INT(pl_outline_prove_json(outline_of(rows[i].text, &arena)), rows[i].depth);
        pl_arena_fini(&arena);
    }
}

static const char *const documents[] = {
    "{\"a\": [], \"b\": \"\"}",
    "{\"a\": [1], \"b\": \"x\\\"y\"}",
    "{\"a\": [{}, \"\\u00e9\"], \"b\": null}",
    "{\"a\": [[], true, -0.5e1], \"b\": {\"c\": [1, 2]}}",
};

enum { MOST_OPS = 24 };

typedef struct random_outline {
    pl_outline *outline;
    pl_rng rng;
    uint8_t loops;
} random_outline;

static uint32_t any(random_outline *r, uint32_t count)
{
    return (uint32_t)(pl_rng_next(&r->rng) >> 33) % count;
}

static pl_outline_op *add(random_outline *r, enum pl_outline_op_kind kind)
{
    pl_outline_op *op = &r->outline->ops[r->outline->count++];
    *op = (pl_outline_op){.kind = (uint8_t)kind, .place.may_miss = true};
    return op;
}

static void set_place(random_outline *r, pl_outline_op *op)
{
    static const pl_outline_step steps[] = {{{"a", 1}, 0}, {{"b", 1}, 0}};
    op->place.steps = &steps[any(r, 2)];
    op->place.count = 1;
    if (r->loops == 0 || any(r, 2)) return;
    op->place.loop = (uint8_t)(1 + any(r, r->loops));
    op->place.count = 0;
}

static void add_text(random_outline *r)
{
    static const char *const texts[] = {"[",       "]",    "{",  "}",      ",",   ":",    "\"",
                                        "1",       " ",    "{}", "\"a\":", "-",   "\\",   "[1",
                                        "\\u00e9", "true", ",1", "1,",     ",\"", "\"a\""};
    add(r, PL_OUTLINE_PUT)->text = pl_slice_of(texts[any(r, sizeof texts / sizeof *texts)]);
}

static void add_write(random_outline *r)
{
    static const enum pl_outline_writer writers[] = {
        PL_OUTLINE_AS_json_value, PL_OUTLINE_AS_json_string, PL_OUTLINE_AS_json_html,
        PL_OUTLINE_AS_nothing, PL_OUTLINE_AS_text};
    pl_outline_op *op = add(r, PL_OUTLINE_WRITE);
    op->how = (uint8_t)writers[any(r, sizeof writers / sizeof *writers)];
    set_place(r, op);
}

static void add_block(random_outline *r, int depth);

/* A test of a value, or of which round it is, and what it may skip. */
static void add_test(random_outline *r, int depth)
{
    pl_outline_op *op = add(r, PL_OUTLINE_TEST);
    op->how = PL_OUTLINE_IS_truthy;
    op->when = any(r, 2);
    set_place(r, op);
    if (op->place.loop)
        op->place.counter = any(r, 2) ? PL_OUTLINE_LOOP_last : PL_OUTLINE_LOOP_first;
    add_block(r, depth);
    op->skip = (int32_t)(r->outline->ops + r->outline->count - op);
}

static void add_loop(random_outline *r, int depth)
{
    pl_outline_op *op = add(r, PL_OUTLINE_EACH);
    set_place(r, op);
    r->loops++;
    add_block(r, depth);
    r->loops--;
    pl_outline_op *next = add(r, PL_OUTLINE_NEXT);
    next->skip = (int32_t)(op + 1 - next);
    op->skip = (int32_t)(next + 1 - op);
}

static void add_block(random_outline *r, int depth)
{
    for (uint32_t i = any(r, 4); i < 4 && r->outline->count < MOST_OPS; i++) {
        uint32_t kind = any(r, depth < 3 ? 10 : 8);
        if (kind < 6)
            add_text(r);
        else if (kind < 8)
            add_write(r);
        else if (kind == 8)
            add_test(r, depth + 1);
        else
            add_loop(r, depth + 1);
    }
}

/* Of the documents, as many as it can write. */
static int check_all_are_json(const pl_outline *o, int depth)
{
    int written = 0;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        pl_buf nodes = {0}, out = {0};
        pl_slice text = pl_slice_of(documents[i]);
        pl_json_index(text, &nodes);
        pl_outline_document d = {text, (const pl_json_node *)(void *)nodes.ptr};
        if (pl_outline_write(o, &d, &ample, &out) == PL_OUTLINE_DONE) {
            CHECK(pl_json_is_valid(pl_buf_slice(&out), depth + 3)); /* as deep as a value is */
            written++;
        }
        pl_buf_fini(&out);
        pl_buf_fini(&nodes);
    }
    return written;
}

TEST(what_is_known_to_be_json_is)
{
    static const char *const frames[][2] = {{"", ""},     {"[", "]"}, {"[0", "]"},     {"[", "0]"},
                                            {"\"", "\""}, {"{", "}"}, {"{\"a\":", "}"}};
    random_outline r = {.outline = calloc(1, sizeof *r.outline + 64 * sizeof *r.outline->ops)};
    int known = 0, with_loops = 0, written = 0;
    pl_rng_init(&r.rng, (const uint8_t[32]){42});
    for (int i = 0; i < 200000; i++) {
        const char *const *around = frames[any(&r, sizeof frames / sizeof *frames)];
        r.outline->count = 0;
        add(&r, PL_OUTLINE_PUT)->text = pl_slice_of(around[0]);
        add_block(&r, 0);
        add(&r, PL_OUTLINE_PUT)->text = pl_slice_of(around[1]);
        CHECK(r.outline->count <= 64);
        int depth = pl_outline_prove_json(r.outline);
        if (depth < 0) continue;
        known++;
        for (size_t k = 0; k < r.outline->count; k++)
            if (r.outline->ops[k].kind == PL_OUTLINE_NEXT) with_loops++;
        written += check_all_are_json(r.outline, depth);
    }
    CHECK(known > 5000 && with_loops > 500 && written > 20000);
    free(r.outline);
}

static enum pl_outline_end write_json(const char *template, const char *document, int max_depth)
{
    pl_arena arena;
    pl_buf nodes = {0}, out = {0};
    pl_slice text = pl_slice_of(document);
    pl_arena_init(&arena);
    pl_json_index(text, &nodes);
    pl_outline_document d = {text, (const pl_json_node *)(void *)nodes.ptr};
    PL_BUF_PUT(&out, "in front");
    enum pl_outline_end end =
        pl_outline_write_json(outline_of(template, &arena), &d, &ample, max_depth, &out);
    CHECK(end == PL_OUTLINE_DONE ? out.len > 8 : out.len == 8);
    pl_buf_fini(&out);
    pl_buf_fini(&nodes);
    pl_arena_fini(&arena);
    return end;
}

TEST(what_has_to_be_json_is_looked_at_where_it_is_not_known)
{
    static const struct {
        const char *text, *document;
        int max_depth;
        enum pl_outline_end end;
    } rows[] = {
        {"[{{ a }}]", "{\"a\": 1}", 1, PL_OUTLINE_DONE},
        {"[{{ a }}]", "{\"a\": 1}", 0, PL_OUTLINE_NOT_PLAIN},
        {"[{{ a }}]", "{\"a\": [1]}", 1, PL_OUTLINE_NOT_PLAIN},
        {"[{{ a }}]", "{\"a\": [1]}", 2, PL_OUTLINE_DONE},
        {"[{{ a|tojson }}]", "{\"a\": {}}", 1, PL_OUTLINE_NOT_PLAIN},
        {"[{{ a|tojson }}]", "{\"a\": {}}", 2, PL_OUTLINE_DONE},
        {"[{% if a %}1,{% endif %}{% if a %}2{% endif %}]", "{\"a\": 1}", 1, PL_OUTLINE_DONE},
        {"[{% if a %}1,{% endif %}{% if b %}2{% endif %}]", "{\"a\": 1, \"b\": 0}", 1,
         PL_OUTLINE_NOT_PLAIN},
        {"[{{ a.b }}]", "{\"a\": 1}", 1, PL_OUTLINE_MISSING},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_EQ_INT(write_json(rows[i].text, rows[i].document, rows[i].max_depth), rows[i].end);
}

int main(void)
{
    CHECK_EQ_INT(pl_vm_open(&vm, NULL, 0), 0);
    int result = RUN(
        CASE(what_is_written_is_within_the_limits), CASE(a_document_cannot_make_it_work_for_long),
        CASE(places_that_begin_alike_lead_to_values_of_their_own),
        CASE(what_is_not_reached_may_be_missing), CASE(many_places_are_found),
        CASE(what_leads_astray_is_not_read), CASE(templates_that_always_write_json_are_known),
        CASE(what_is_known_to_be_json_is),
        CASE(what_has_to_be_json_is_looked_at_where_it_is_not_known));
    pl_vm_close(&vm);
    return result;
}
