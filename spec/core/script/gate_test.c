/* SPDX-License-Identifier: MIT */
#include "base/err.h"
#include "script/bind.h"
#include "script/vm.h"

#include "run.h"
#include "test.h"

#include <lauxlib.h>
#include <stdlib.h>

static void open_vm(void)
{
    pl_wheel_init(&wheel, 1000);
    CHECK_EQ_INT(pl_vm_open(&vm, NULL, 0), 0);
    vm.wheel = &wheel;
}

static int start(run *r, const char *source, uint64_t *handle)
{
    pl_slot *slot = pl_gate_begin(&vm, on_finish, on_resumed, r);
    CHECK_EQ_INT(luaL_loadbuffer(slot->co, source, strlen(source), "@connectors/acme.lua"), 0);
    return pl_gate_run(slot, 0, handle);
}

static int call(const char *source)
{
    CHECK_EQ_INT(luaL_loadbuffer(vm.L, source, strlen(source), "@connectors/acme.lua"), 0);
    return pl_gate_call(&vm, 0, 0);
}

#define CORE "local core = require 'perilune.core'\n"

TEST(a_failure_is_a_code_and_a_text_and_the_stack_is_as_it_was)
{
    static const struct {
        const char *source;
        int code;
        const char *text;
    } cases[] = {
        {"local x = nil\nreturn x.y", PL_E_SCRIPT,
         "connectors/acme.lua:2: attempt to index local 'x' (a nil value)"},
        {"error('plain')", PL_E_SCRIPT, "connectors/acme.lua:1: plain"},
        {CORE "core.fail('auth', 'no key')", PL_E_AUTH, "connectors/acme.lua:2: no key"},
        {CORE "core.fail('nonsense', 'x')", PL_E_SCRIPT, "connectors/acme.lua:2: x"},
        {CORE "core.fail('ok', 'x')", PL_E_SCRIPT, "connectors/acme.lua:2: x"},
        {"error({class = 'url', message = 'bad'})", PL_E_URL, "bad"},
        {"error({})", PL_E_SCRIPT,
         "connectors/acme.lua:1: a script raised a table instead of a message"},
        {"error(nil)", PL_E_SCRIPT,
         "connectors/acme.lua:1: a script raised a nil instead of a message"},
        {"error(setmetatable({}, {__tostring = error}))", PL_E_SCRIPT,
         "connectors/acme.lua:1: a script raised a table instead of a message"},
        {CORE "core.sleep(1)", PL_E_SCRIPT,
         "connectors/acme.lua:2: sleep works only while a request is rendered, authenticated, "
         "mapped or received"},
    };
    open_vm();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lua_pushliteral(vm.L, "below");
        CHECK_EQ_INT(call(cases[i].source), cases[i].code);
        CHECK_EQ_SLICE(pl_buf_slice(&vm.failure), pl_slice_of(cases[i].text));
        CHECK_EQ_INT(lua_gettop(vm.L), 1);
        lua_settop(vm.L, 0);
    }
    CHECK_EQ_INT(call("local f = function() error('deep') end pcall(f)"), 0);
    pl_vm_close(&vm);
}

TEST(a_run_that_raises_no_text_names_its_place)
{
    open_vm();
    run r = {0};
    uint64_t handle = 0;
    CHECK_EQ_INT(start(&r, "local x\nerror({})", &handle), PL_E_SCRIPT);
    CHECK_EQ_STR(r.text, "connectors/acme.lua:2: a script raised a table instead of a message");
    pl_vm_close(&vm);
}

TEST(a_run_says_of_which_class_its_errors_are)
{
    static const struct {
        const char *source;
        int code;
    } cases[] = {
        {CORE "core.fails_as('auth')() error('plain')", PL_E_AUTH},
        {CORE "core.fails_as('auth')() error({})", PL_E_AUTH},
        {CORE "core.fails_as('auth')() core.sleep(0) error('later')", PL_E_AUTH},
        {CORE "core.fails_as('auth')() core.fail('url', 'x')", PL_E_URL},
        {CORE "core.fails_as('ok')", PL_E_SCRIPT},
        {"error('the next run begins anew')", PL_E_SCRIPT},
    };
    open_vm();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run r = {0};
        uint64_t handle = 0;
        if (start(&r, cases[i].source, &handle) == PL_WAIT) pl_wheel_advance(&wheel, 1001);
        CHECK_EQ_INT(r.code, cases[i].code);
    }
    pl_vm_close(&vm);
}

TEST(a_run_sleeps_on_the_wheel)
{
    open_vm();
    run r = {0};
    uint64_t handle = 0;
    CHECK_EQ_INT(start(&r, CORE "core.sleep(0.25) core.sleep(1) return 'done'", &handle), PL_WAIT);
    CHECK(handle != 0);
    pl_wheel_advance(&wheel, 1249);
    CHECK_EQ_INT(r.finished, 0);
    pl_wheel_advance(&wheel, 1250);
    CHECK_EQ_INT(r.finished, 0);
    CHECK_EQ_INT(wheel.count, 1);
    pl_wheel_advance(&wheel, 2250);
    CHECK_EQ_INT(r.finished, 1);
    CHECK_EQ_INT(r.resumed, 1);
    CHECK_EQ_STR(r.text, "done");
    CHECK_EQ_INT(vm.gate.in_use, 0);
    pl_vm_close(&vm);
}

TEST(a_run_that_fails_after_waiting_says_where)
{
    open_vm();
    run r = {0};
    uint64_t handle = 0;
    CHECK_EQ_INT(start(&r, CORE "core.sleep(1)\ncore.fail('map', 'late')", &handle), PL_WAIT);
    pl_wheel_advance(&wheel, 2000);
    CHECK_EQ_INT(r.resumed, 1);
    CHECK_EQ_INT(r.code, PL_E_MAP);
    CHECK_EQ_STR(r.text, "connectors/acme.lua:3: late");
    pl_vm_close(&vm);
}

TEST(a_cancelled_run_never_wakes_and_its_handle_names_nothing)
{
    open_vm();
    run first = {0}, second = {0};
    uint64_t waits = 0, handle = 0;
    CHECK_EQ_INT(start(&first, CORE "core.sleep(1) return 'first'", &waits), PL_WAIT);
    uint64_t old = waits;
    pl_gate_cancel(&vm, waits);
    CHECK_EQ_INT(waits, 0);
    CHECK_EQ_INT(wheel.count, 0);
    CHECK_EQ_INT(start(&second, CORE "core.sleep(5) return 'second'", &handle), PL_WAIT);
    CHECK_EQ_INT((uint32_t)old, (uint32_t)handle); /* the same slot */
    CHECK(old != handle);
    CHECK(!pl_gate_resume(&vm, old, NULL, NULL));
    pl_gate_cancel(&vm, old);
    pl_wheel_advance(&wheel, 3000);
    CHECK_EQ_INT(first.finished + first.resumed + second.finished, 0);
    pl_wheel_advance(&wheel, 6000);
    CHECK_EQ_STR(second.text, "second");
    CHECK_EQ_INT(handle, 0);
    CHECK(!pl_gate_resume(&vm, 0, NULL, NULL));
    pl_gate_cancel(&vm, UINT64_MAX);
    CHECK_EQ_INT(second.resumed, 1);
    pl_vm_close(&vm);
}

/* -- an operation of another kind: the test ends it by hand -- */

static struct operation {
    uint64_t handle;
    int cancelled;
} operation;

static void cancel_operation(void *op)
{
    ((struct operation *)op)->cancelled++;
}

static int push_answer(lua_State *co, void *op)
{
    (void)op;
    lua_pushliteral(co, "the ");
    lua_pushliteral(co, "answer");
    return 2;
}

static int lua_operate(lua_State *L)
{
    pl_slot *slot = pl_gate_waiter(L, "operate");
    operation.handle = pl_gate_handle(slot);
    return pl_gate_wait(slot, cancel_operation, &operation);
}

static int start_operating(run *r, const char *source, uint64_t *handle)
{
    operation = (struct operation){0};
    lua_register(vm.L, "operate", lua_operate);
    return start(r, source, handle);
}

TEST(a_run_waits_for_an_operation_and_gets_its_results)
{
    open_vm();
    run r = {0};
    uint64_t handle = 0;
    CHECK_EQ_INT(start_operating(&r, "local a, b = operate() return a .. b .. operate()", &handle),
                 PL_WAIT);
    uint64_t first = operation.handle;
    CHECK(handle == first);
    CHECK(pl_gate_resume(&vm, first, push_answer, &operation));
    CHECK_EQ_INT(r.finished, 0);
    CHECK(handle == operation.handle && handle != first);
    CHECK(!pl_gate_resume(&vm, first, push_answer, &operation)); /* came twice */
    CHECK(pl_gate_resume(&vm, handle, push_answer, &operation));
    CHECK_EQ_STR(r.text, "the answerthe ");
    CHECK_EQ_INT(operation.cancelled, 0);
    pl_vm_close(&vm);
}

TEST(ending_a_run_cancels_what_it_waits_for)
{
    open_vm();
    run r = {0};
    uint64_t handle = 0;
    CHECK_EQ_INT(start_operating(&r, "operate()", &handle), PL_WAIT);
    uint64_t late = operation.handle;
    pl_gate_cancel(&vm, handle);
    CHECK_EQ_INT(operation.cancelled, 1);
    CHECK_EQ_INT(start_operating(&r, "operate() return 'own'", &handle), PL_WAIT);
    CHECK_EQ_INT((uint32_t)late, (uint32_t)handle); /* the same slot, another run */
    CHECK(!pl_gate_resume(&vm, late, push_answer, &operation));
    CHECK_EQ_INT(r.finished, 0);
    pl_vm_close(&vm);
    CHECK_EQ_INT(operation.cancelled, 1); /* by closing */
}

TEST(a_run_cannot_wait_in_a_function_that_c_calls)
{
    open_vm();
    run r = {0};
    uint64_t handle = 0;
    CHECK_EQ_INT(start_operating(&r, "('x'):gsub('x', operate)", &handle), PL_E_SCRIPT);
    CHECK(strstr(r.text, "operate does not work in a function that string.gsub") != NULL);
    CHECK_EQ_INT(start_operating(&r, "return select(2, pcall(operate))", &handle), PL_WAIT);
    CHECK(pl_gate_resume(&vm, handle, push_answer, &operation));
    CHECK_EQ_STR(r.text, "the ");
    pl_vm_close(&vm);
}

TEST(only_what_waits_may_yield)
{
    open_vm();
    run r = {0};
    uint64_t handle = 0;
    CHECK_EQ_INT(start(&r, "coroutine.yield(1)", &handle), PL_E_SCRIPT);
    CHECK_EQ_STR(r.text, "a script may not yield outside of coroutines of its own");
    CHECK_EQ_INT(start(&r, CORE "local f = coroutine.wrap(core.sleep)\nf(1)", &handle),
                 PL_E_SCRIPT);
    CHECK(strstr(r.text, "sleep does not work in a function that") != NULL);
    CHECK_EQ_INT(start(&r,
                       "local g = coroutine.wrap(function() coroutine.yield('own') end) return g()",
                       &handle),
                 0);
    CHECK_EQ_STR(r.text, "own");
    CHECK_EQ_INT(vm.gate.count, 1);
    CHECK_EQ_INT(vm.gate.in_use, 0);
    pl_vm_close(&vm);
}

TEST(closing_takes_sleepers_off_the_wheel)
{
    open_vm();
    run r = {0};
    uint64_t handle = 0;
    CHECK_EQ_INT(start(&r, CORE "core.sleep(1)", &handle), PL_WAIT);
    pl_vm_close(&vm);
    CHECK_EQ_INT(wheel.count, 0);
    CHECK_EQ_INT(r.finished, 0);
}

static pl_holding held[2];
static int releases;

static void on_release(pl_holding *h)
{
    releases += h == &held[0] ? 1 : 10;
}

static int hold_both(lua_State *L)
{
    for (int i = 0; i < 2; i++) {
        held[i].release = on_release;
        pl_gate_hold(pl_gate_waiter(L, "hold"), &held[i]);
    }
    return 0;
}

static int let_first_go(lua_State *L)
{
    (void)L;
    pl_gate_let_go(&held[0]);
    pl_gate_let_go(&held[0]);
    return 0;
}

TEST(what_a_run_holds_is_released_when_it_ends)
{
    static const struct {
        const char *source;
        int releases;
    } cases[] = {
        {"hold()", 11},
        {"hold() let_go()", 10},
        {"hold() error('x')", 11},
        {CORE "hold() core.sleep(1) let_go()", 10},
        {CORE "hold() core.sleep(9)", 11}, /* the last: closed */
    };
    open_vm();
    lua_register(vm.L, "hold", hold_both);
    lua_register(vm.L, "let_go", let_first_go);
    run r = {0};
    uint64_t handle = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        releases = 0;
        if (start(&r, cases[i].source, &handle) == PL_WAIT) {
            CHECK_EQ_INT(releases, 0);
            pl_wheel_advance(&wheel, wheel.now_ms + 2000);
        }
        if (handle) pl_vm_close(&vm);
        CHECK_EQ_INT(releases, cases[i].releases);
    }
    open_vm();
    lua_register(vm.L, "hold", hold_both);
    releases = 0;
    CHECK_EQ_INT(start(&r, CORE "hold() core.sleep(1)", &handle), PL_WAIT);
    pl_gate_cancel(&vm, handle);
    CHECK_EQ_INT(releases, 11);
    pl_vm_close(&vm);
}

TEST(secrets_stay_closed)
{
    open_vm();
    setenv("PERILUNE_SECRET_ACME_KEY", "k3y-value", 1);
    unsetenv("PERILUNE_SECRET_GONE");
    CHECK_EQ_INT(call(CORE "local s = assert(core.secret('acme-key'))\n"
                           "assert(tostring(s) == '***' and core.is_secret(s))\n"
                           "assert(not pcall(function() return 'x' .. s end))\n"
                           "assert(getmetatable(s) == false and not core.is_secret('x'))\n"
                           "local none, why = core.secret('gone')\n"
                           "assert(none == nil and why:find('PERILUNE_SECRET_GONE', 1, true))\n"
                           "assert(core.secret('a b') == nil)"),
                 0);
    pl_vm_close(&vm);
}

TEST(a_state_has_few_libraries_and_no_bytecode)
{
    open_vm();
    CHECK_EQ_INT(call("for _, name in ipairs({'io', 'debug', 'package', 'jit', 'ffi'}) do\n"
                      "  assert(_G[name] == nil, name) end\n"
                      "assert(os.time and not os.execute and not os.getenv and not os.exit)\n"
                      "assert(not pcall(require, 'io') and not pcall(require, 'os'))\n"
                      "assert(require('cjson').encode({1}) == '[1]')"),
                 0);
    CHECK_EQ_SLICE(pl_buf_slice(&vm.failure), PL_SLICE(""));
    CHECK_EQ_INT(
        call(CORE "local f = assert(core.load('return x', '@a.lua', {x = 7}))\n"
                  "assert(f() == 7)\n"
                  "assert(not core.load(string.dump(f), '@a.lua', {}))\n"
                  "local _, why = core.load('x =', '@a.lua', {}) assert(why:find('^a.lua:1:'))"),
        0);
    CHECK_EQ_INT(call(CORE "assert(core.bundled('lua/perilune/init.lua'))\n"
                           "assert(core.bundled('lua/../x.lua') == nil)\n"
                           "assert(#core.bundled_names('plugins/basic/') > 0)"),
                 0);
    pl_vm_close(&vm);
}

/* The lines that Lua's own traceback has of the same frames. */
TEST(a_failure_has_the_calls_of_the_scripts_files_that_led_to_it)
{
    static const struct {
        const char *source, *lines;
    } cases[] = {
        {"local function total(o)\n  return o.a.b\nend\nlocal n = total({})\nreturn n",
         "connectors/acme.lua:2: in function 'total'\nconnectors/acme.lua:4: in the file"},
        {"local t = {}\nt.f = function() error('x') end\nlocal r = t.f()\nreturn r",
         "connectors/acme.lua:2: in function 'f'\nconnectors/acme.lua:3: in the file"},
        {"string.gsub('a', 'a', function()\n  error('x') end)",
         "connectors/acme.lua:2: in function <connectors/acme.lua:1>\n"
         "connectors/acme.lua:1: in the file"},
        {CORE "core.fail('auth', 'no key')", "connectors/acme.lua:2: in the file"},
        {CORE "require 'perilune.schema'.check()", "connectors/acme.lua:2: in the file"},
        {"local function f(n)\n  if n == 0 then error('x') end\n  f(n - 1)\n  return n\nend\nf(20)",
         "connectors/acme.lua:2: in function 'f'\n"
         "connectors/acme.lua:3: in function 'f'\nconnectors/acme.lua:3: in function 'f'\n"
         "connectors/acme.lua:3: in function 'f'\nconnectors/acme.lua:3: in function 'f'\n"
         "connectors/acme.lua:3: in function 'f'\nconnectors/acme.lua:3: in function 'f'\n"
         "connectors/acme.lua:3: in function 'f'\nconnectors/acme.lua:3: in function 'f'\n"
         "connectors/acme.lua:3: in function 'f'\nconnectors/acme.lua:3: in function 'f'\n"
         "connectors/acme.lua:3: in function 'f'\nconnectors/acme.lua:3: in function 'f'\n"
         "connectors/acme.lua:3: in function 'f'\nconnectors/acme.lua:3: in function 'f'\n"
         "connectors/acme.lua:3: in function 'f'\n..."},
    };
    open_vm();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run r = {0};
        uint64_t handle = 0;
        CHECK(start(&r, cases[i].source, &handle) < 0);
        CHECK_EQ_SLICE(pl_buf_slice(&vm.traceback), pl_slice_of(cases[i].lines));
        CHECK(call(cases[i].source) < 0);
        CHECK_EQ_SLICE(pl_buf_slice(&vm.traceback), pl_slice_of(cases[i].lines));
    }
    CHECK(call("error('x')") < 0);
    CHECK(vm.traceback.len > 0);
    CHECK_EQ_INT(call("return 1"), 0);
    CHECK_EQ_INT(vm.traceback.len, 0); /* nothing of an earlier one */
    pl_vm_close(&vm);
}

TEST(a_load_is_collected_early_and_leaves_nothing_of_its_garbage)
{
    open_vm();
    lua_gc(vm.L, LUA_GCCOLLECT, 0);
    size_t before = vm.budget.used;
    int pause = lua_gc(vm.L, LUA_GCSETPAUSE, 1000);
    pl_vm_begin_load(&vm);
    CHECK(lua_gc(vm.L, LUA_GCSETPAUSE, 1000) < pause);
    CHECK_EQ_INT(call("for i = 1, 100000 do local _ = { i } end"), 0);
    pl_vm_end_load(&vm);
    CHECK_EQ_INT(lua_gc(vm.L, LUA_GCSETPAUSE, pause), 600); /* 12 MB are more than it needs */
    CHECK(vm.budget.used < before + 16384);                 /* the loop was compiled */
    CHECK_EQ_INT(lua_gettop(vm.L), 0);
    pl_vm_close(&vm);
}

/* Bytes of address space that the process has. */
static long mapped(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;
    CHECK(file && fscanf(file, "%ld", &pages) == 1);
    if (file) fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

TEST(a_state_that_is_closed_leaves_none_of_its_memory)
{
    long before = 0;
    for (int i = 0; i < 20; i++) {
        open_vm();
        vm.budget.time_ms = 60000; /* under the tools that look at memory and threads all is slow */
        CHECK_EQ_INT(call("kept = {} for i = 1, 10000 do kept[i] = { ('x'):rep(i % 3000) } end"),
                     0);
        CHECK(vm.budget.used > 4 << 20);
        pl_vm_close(&vm);
        if (i == 4) before = mapped(); /* what the first ones took of the C library stays */
    }
    CHECK(mapped() - before < 8 << 20);
}

TEST(the_more_a_load_leaves_the_less_garbage_it_may_have_for_its_size)
{
    static const struct {
        const char *source;
        int least, most; /* percent */
    } cases[] = {
        {"kept = {} for i = 1, 2 ^ 19 - 1 do kept[i] = i end", 330, 400}, /* 4 MB and a little */
        {"kept = {} for i = 1, 2 ^ 21 - 1 do kept[i] = i end", 300, 300}, /* 16 MB */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        open_vm();
        pl_vm_begin_load(&vm);
        CHECK_EQ_INT(call(cases[i].source), 0);
        pl_vm_end_load(&vm);
        int pause = lua_gc(vm.L, LUA_GCSETPAUSE, 200);
        CHECK(pause >= cases[i].least);
        CHECK(pause <= cases[i].most);
        pl_vm_close(&vm);
    }
}

int main(void)
{
    return RUN(CASE(a_failure_is_a_code_and_a_text_and_the_stack_is_as_it_was),
               CASE(a_run_that_raises_no_text_names_its_place),
               CASE(a_run_says_of_which_class_its_errors_are), CASE(a_run_sleeps_on_the_wheel),
               CASE(a_run_that_fails_after_waiting_says_where),
               CASE(a_cancelled_run_never_wakes_and_its_handle_names_nothing),
               CASE(a_run_waits_for_an_operation_and_gets_its_results),
               CASE(ending_a_run_cancels_what_it_waits_for),
               CASE(a_run_cannot_wait_in_a_function_that_c_calls), CASE(only_what_waits_may_yield),
               CASE(a_failure_has_the_calls_of_the_scripts_files_that_led_to_it),
               CASE(closing_takes_sleepers_off_the_wheel),
               CASE(what_a_run_holds_is_released_when_it_ends), CASE(secrets_stay_closed),
               CASE(a_state_has_few_libraries_and_no_bytecode),
               CASE(a_load_is_collected_early_and_leaves_nothing_of_its_garbage),
               CASE(a_state_that_is_closed_leaves_none_of_its_memory),
               CASE(the_more_a_load_leaves_the_less_garbage_it_may_have_for_its_size));
}
