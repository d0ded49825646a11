/* SPDX-License-Identifier: MIT
 *
 * Budgets of runs, with functions as a gateway folder has them: in an environment of their own and
 * never compiled. What they attack with is Lua as it is, without the sandbox. */
#include "base/err.h"
#include "script/bind.h"
#include "script/vm.h"

#include "run.h"
#include "test.h"

#include <lauxlib.h>
#include <luajit.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

static void open_vm(int64_t time_ms)
{
    pl_wheel_init(&wheel, 1000);
    CHECK_EQ_INT(pl_vm_open(&vm, NULL, 0), 0);
    vm.wheel = &wheel;
    vm.budget.time_ms = time_ms;
}

/* Pushes a chunk of an integrator. */
static void push(lua_State *L, const char *source)
{
    CHECK_EQ_INT(luaL_loadbuffer(L, source, strlen(source), "@connectors/acme.lua"), 0);
    luaJIT_setmode(L, -1, LUAJIT_MODE_ALLFUNC | LUAJIT_MODE_OFF);
    lua_newtable(L);
    lua_newtable(L);
    lua_pushvalue(L, LUA_GLOBALSINDEX);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_setfenv(L, -2);
}

static int start(run *r, const char *source, uint64_t *handle)
{
    pl_slot *slot = pl_gate_begin(&vm, on_finish, on_resumed, r);
    push(slot->co, source);
    return pl_gate_run(slot, 0, handle);
}

static run run_of(const char *source)
{
    run r = {0};
    uint64_t handle = 0;
    start(&r, source, &handle);
    return r;
}

static int call(const char *source)
{
    push(vm.L, source);
    return pl_gate_call(&vm, 0, 0);
}

#define CORE "local core = require 'perilune.core'\n"
#define OVER "time budget exceeded (limits.script_time, 10 ms)"

TEST(a_loop_without_end_is_stopped_with_its_place)
{
    open_vm(10);
    run r = run_of("local n = 0\nwhile true do\nn = n + 1\nend");
    CHECK_EQ_INT(r.code, PL_E_SCRIPT);
    CHECK(strncmp(r.text, "connectors/acme.lua:", 20) == 0);
    CHECK(strstr(r.text, ": " OVER) != NULL);
    CHECK_EQ_INT(call("while true do end"), PL_E_SCRIPT);
    CHECK_EQ_SLICE(pl_buf_slice(&vm.failure), pl_slice_of("connectors/acme.lua:1: " OVER));
    CHECK_EQ_INT(lua_gettop(vm.L), 0);
    pl_vm_close(&vm);
}

/* Attacks with which a script may hope to go on. */
static const char *const attacks[] = {
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "local function f() pcall(f) return f() end f()",
    "local function f() return f() end f()",
    "local f, g f = function() return g() end g = function() return f() end f()",
    "local function f() pcall(pcall, pcall, f) while true do end end f()",
    "table.sort({1, 2, 3, 4}, function() while true do end end)",
    "('x'):rep(10):gsub('.', function() while true do end end)",
    "for _ in function() return 1 end do end",
    "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) "
    "while true do pcall(function() return t[1] end) end",
    "local t = setmetatable({}, {__concat = function() while true do end end}) return t .. 'x'",
    "local e = setmetatable({}, {__tostring = function() while true do end end}) "
    "while true do pcall(error, e) tostring(e) end",
    "::again:: goto again",
    "while true do local t = {} for i = 1, 10 do t[i] = {} end end",
    "while true do string.format('%d', 1) end",
    "repeat local ok = pcall(error, 'x') until not ok and false",
    "while true do coroutine.wrap(function() while true do end end)() end",
    "while true do pcall(coroutine.wrap(function() while true do end end)) end",
};

TEST(nothing_that_a_script_catches_keeps_it_going_and_the_state_is_sound_after_it)
{
    open_vm(3);
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        run r = run_of(attacks[i]);
        CHECK_EQ_INT(r.code, PL_E_SCRIPT);
        CHECK(strstr(r.text, "time budget exceeded (limits.script_time, 3 ms)") != NULL);
        if (strstr(r.text, "exceeded") == NULL) printf("    %s: %s\n", attacks[i], r.text);
        CHECK_EQ_INT(run_of("local n = 0 for i = 1, 100 do n = n + i end return n").code, 0);
    }
    pl_vm_close(&vm);
}

TEST(a_run_that_caught_the_error_and_returned_has_failed_all_the_same)
{
    open_vm(10);
    /* In the place of the function stands pcall, which is C and not stopped. */
    run r = run_of("return pcall(function() while true do end end)");
    CHECK_EQ_INT(r.code, PL_E_SCRIPT);
    CHECK_EQ_STR(r.text, "connectors/acme.lua:1: " OVER);
    CHECK_EQ_INT(call("return pcall(function() while true do end end)"), PL_E_SCRIPT);
    CHECK_EQ_SLICE(pl_buf_slice(&vm.failure), pl_slice_of("connectors/acme.lua:1: " OVER));
    r = run_of("local ok, e = pcall(function() while true do end end) error('mine', 0)");
    CHECK_EQ_STR(r.text, "connectors/acme.lua:1: " OVER);
    pl_vm_close(&vm);
}

TEST(a_run_that_waits_goes_on_with_what_it_has_used)
{
    static const char source[] = CORE "for i = 1, 100 do\n"
                                      "  local until_ = os.clock() + 0.015\n"
                                      "  while os.clock() < until_ do end\n"
                                      "  core.sleep(0.001)\n"
                                      "end\n"
                                      "return 'all'";
    open_vm(100);
    run r = {0};
    uint64_t handle = 0, now = 1000;
    CHECK_EQ_INT(start(&r, source, &handle), PL_WAIT);
    int steps = 0;
    for (; !r.finished && steps < 200; steps++)
        pl_wheel_advance(&wheel, ++now);
    CHECK_EQ_INT(r.code, PL_E_SCRIPT);
    CHECK(steps > 2 && steps < 20);
    pl_vm_close(&vm);
}

TEST(runs_in_between_are_not_charged_to_a_run_that_waits)
{
    open_vm(50);
    run r = {0};
    uint64_t handle = 0;
    CHECK_EQ_INT(start(&r, CORE "core.sleep(1) return 'fine'", &handle), PL_WAIT);
    for (int i = 0; i < 4; i++)
        CHECK_EQ_INT(run_of("while true do end").code, PL_E_SCRIPT);
    pl_wheel_advance(&wheel, 2000);
    CHECK_EQ_STR(r.text, "fine");
    pl_vm_close(&vm);
}

TEST(our_own_lua_is_not_stopped_in_the_middle)
{
    static const char source[] = "local n, until_ = 0, os.clock() + 0.05\n"
                                 "while os.clock() < until_ do n = n + 1 end\n"
                                 "done = true";
    open_vm(10);
    CHECK_EQ_INT(luaL_loadbuffer(vm.L, source, strlen(source), "@perilune/x.lua"), 0);
    CHECK_EQ_INT(pl_gate_call(&vm, 0, 0), PL_E_SCRIPT);
    CHECK_EQ_SLICE(pl_buf_slice(&vm.failure), pl_slice_of(OVER));
    lua_getglobal(vm.L, "done");
    CHECK(lua_toboolean(vm.L, -1));
    pl_vm_close(&vm);
}

TEST(loops_in_c_poll)
{
    open_vm(10);
    run r = run_of(CORE "local until_ = os.clock() + 0.05\n"
                        "while os.clock() < until_ do end\n"
                        "core.poll()");
    CHECK_EQ_INT(r.code, PL_E_SCRIPT);
    CHECK_EQ_INT(run_of(CORE "core.poll() return tostring(core.is_over())").code, 0);
    CHECK(!pl_budget_is_over(&vm));
    pl_vm_close(&vm);
}

TEST(a_run_within_a_run_counts_for_it)
{
    open_vm(10);
    pl_budget_enter(&vm, PL_BUDGET_RUN, NULL);
    CHECK_EQ_INT(run_of("while true do end").code, PL_E_SCRIPT);
    CHECK(pl_budget_is_over(&vm));
    CHECK_EQ_INT(run_of("return 1").code, PL_E_SCRIPT);
    CHECK(pl_budget_leave(&vm, NULL));
    CHECK_EQ_INT(run_of("return 1").code, 0);
    pl_vm_close(&vm);
}

/* -- memory -- */

#define MB          (1 << 20)
#define OVER_MEMORY "memory budget exceeded (limits.script_memory, 4 MB)"

static void open_small_vm(void)
{
    open_vm(10000);
    vm.budget.memory_bytes = 4 * MB;
}

static const char *const gluttons[] = {
    "local s = 'x' while true do s = s .. s end",
    "local s = ('x'):rep(5e7)",
    "while true do pcall(string.rep, 'x', 5e7) end",
    "local t = {} while true do t[#t + 1] = {} end",
    "local t = {} while true do pcall(function() while true do t[#t + 1] = {} end end) end",
    "local t, n = {}, 0 while true do n = n + 1 t['k' .. n] = n end",
    "return pcall(function() local t = {} while true do t[#t + 1] = {} end end)",
    "local t = {} for i = 1, 1000 do t[i] = ('x'):rep(100000) end return table.concat(t)",
    "local ok = pcall(string.rep, 'x', 5e7) while true do ok = not ok end",
};

TEST(who_takes_too_much_memory_fails_and_leaves_none_of_it)
{
    open_small_vm();
    size_t most = 0;
    for (int i = 0; i < 20; i++)
        for (size_t n = 0; n < sizeof gluttons / sizeof *gluttons; n++) {
            run r = run_of(gluttons[n]);
            CHECK_EQ_INT(r.code, PL_E_SCRIPT);
            CHECK(strstr(r.text, OVER_MEMORY) != NULL);
            CHECK_EQ_INT(run_of("local t = {} for i = 1, 100 do t[i] = {} end").code, 0);
            lua_gc(vm.L, LUA_GCCOLLECT, 0);
            if (i < 2 && vm.budget.used > most) most = vm.budget.used;
            CHECK(vm.budget.used <= most + 65536); /* LuaJIT's own tables */
        }
    CHECK_EQ_INT(vm.budget.used, ((size_t)lua_gc(vm.L, LUA_GCCOUNT, 0) << 10) +
                                     (size_t)lua_gc(vm.L, LUA_GCCOUNTB, 0));
    pl_vm_close(&vm);
}

TEST(garbage_is_not_memory)
{
    open_small_vm();
    run r = run_of("for i = 1, 200 do local s = ('x'):rep(1000000) .. i end return 'fine'");
    CHECK_EQ_STR(r.text, "fine");
    pl_vm_close(&vm);
}

TEST(a_call_on_the_main_coroutine_has_a_budget_of_memory_as_well)
{
    open_small_vm();
    CHECK_EQ_INT(call("local t = {}\nwhile true do t[#t + 1] = {} end"), PL_E_SCRIPT);
    CHECK_EQ_SLICE(pl_buf_slice(&vm.failure), pl_slice_of("connectors/acme.lua:2: " OVER_MEMORY));
    CHECK_EQ_INT(call("return ('x'):rep(5e7)"), PL_E_SCRIPT);
    CHECK_EQ_SLICE(pl_buf_slice(&vm.failure), pl_slice_of(OVER_MEMORY));
    CHECK_EQ_INT(lua_gettop(vm.L), 0);
    pl_vm_close(&vm);
}

TEST(a_run_that_waits_keeps_what_it_has_taken)
{
    static const char source[] = CORE "local t = {}\n"
                                      "for i = 1, 100 do\n"
                                      "  t[i] = ('x'):rep(100000) .. i\n"
                                      "  core.sleep(0.001)\n"
                                      "end\n"
                                      "return 'all'";
    open_small_vm();
    run r = {0};
    uint64_t handle = 0, now = 1000;
    CHECK_EQ_INT(start(&r, source, &handle), PL_WAIT);
    int steps = 0;
    for (; !r.finished && steps < 200; steps++)
        pl_wheel_advance(&wheel, ++now);
    CHECK_EQ_STR(r.text, "connectors/acme.lua:4: " OVER_MEMORY);
    CHECK(steps > 30 && steps < 60);
    pl_vm_close(&vm);
}

static int charge(lua_State *L)
{
    pl_budget_charge(L, (size_t)luaL_checknumber(L, 1));
    return 0;
}

TEST(what_c_keeps_for_a_run_counts)
{
    open_small_vm();
    lua_register(vm.L, "charge", charge);
    CHECK_EQ_INT(run_of("for i = 1, 3 do charge(1000000) end").code, 0);
    run r = run_of("for i = 1, 10 do pcall(charge, 1000000) end");
    CHECK_EQ_STR(r.text, "connectors/acme.lua:1: " OVER_MEMORY);
    r = run_of("charge(1e12)");
    CHECK_EQ_INT(r.code, PL_E_SCRIPT);
    CHECK_EQ_INT(run_of("charge(1000)").code, 0);
    pl_vm_close(&vm);
}

TEST(a_state_that_is_full_is_said_to_be)
{
    open_vm(10000);
    vm.budget.heap_bytes = 32 * MB;
    run r = run_of("local t = {}\nwhile true do t[#t + 1] = {} end");
    CHECK_EQ_STR(r.text,
                 "connectors/acme.lua:2: memory budget exceeded (limits.script_heap, 32 MB)");
    r = run_of("local s = ('x'):rep(5e7)");
    CHECK_EQ_STR(r.text,
                 "connectors/acme.lua:1: memory budget exceeded (limits.script_heap, 32 MB)");
    r = run_of("for i = 1, 100 do local s = ('x'):rep(1000000) .. i end");
    CHECK_EQ_INT(r.code, 0);
    pl_vm_close(&vm);
}

TEST(outside_of_runs_nothing_is_refused)
{
    open_small_vm();
    lua_pushlstring(vm.L, NULL, 0);
    for (int i = 0; i < 24; i++) { /* 2^24 bytes */
        if (i == 0) lua_pushliteral(vm.L, "x");
        lua_pushvalue(vm.L, -1);
        lua_concat(vm.L, 2);
    }
    CHECK_EQ_INT(lua_objlen(vm.L, -1), 1 << 24);
    CHECK_EQ_INT(run_of("return 1").code, 0);
    pl_vm_close(&vm);
}

static volatile bool interrupts;

static void on_sigalrm(int number)
{
    (void)number;
    pl_alarm *alarm = pl_ticks_here()->alarm;
    if (interrupts && alarm) alarm->fire(alarm);
}

static void interrupt_every(int us)
{
    struct sigaction action = {.sa_handler = on_sigalrm, .sa_flags = SA_RESTART};
    struct itimerval every = {{0, us}, {0, us}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
}

static void check_good_run(void)
{
    interrupts = false;
    run r = run_of("local t = {} for i = 1, 100 do t[i] = ('%d'):format(i) end\n"
                   "table.sort(t) return table.concat(t, ','):sub(1, 8)");
    CHECK_EQ_STR(r.text, "1,10,100");
    interrupts = true;
}

/* The alarm goes off far more often than budgets end, for the moments at which it may be bad. */
TEST(thousands_of_killed_runs_leave_no_trace)
{
    open_vm(10000);
    interrupt_every(173);
    int kilobytes = 0;
    for (int i = 0; i < 5000; i++) {
        interrupts = true;
        run r = run_of(attacks[(size_t)i % (sizeof attacks / sizeof *attacks)]);
        CHECK_EQ_INT(r.code, PL_E_SCRIPT);
        check_good_run();
        if (i % 500) continue;
        lua_gc(vm.L, LUA_GCCOLLECT, 0);
        if (i == 500) kilobytes = lua_gc(vm.L, LUA_GCCOUNT, 0);
        if (i > 500) CHECK(lua_gc(vm.L, LUA_GCCOUNT, 0) <= kilobytes + 8);
    }
    interrupt_every(0);
    CHECK_EQ_INT(vm.gate.in_use, 0);
    pl_vm_close(&vm);
}

int main(void)
{
    return RUN(CASE(a_loop_without_end_is_stopped_with_its_place),
               CASE(nothing_that_a_script_catches_keeps_it_going_and_the_state_is_sound_after_it),
               CASE(a_run_that_caught_the_error_and_returned_has_failed_all_the_same),
               CASE(a_run_that_waits_goes_on_with_what_it_has_used),
               CASE(runs_in_between_are_not_charged_to_a_run_that_waits),
               CASE(our_own_lua_is_not_stopped_in_the_middle), CASE(loops_in_c_poll),
               CASE(a_run_within_a_run_counts_for_it),
               CASE(who_takes_too_much_memory_fails_and_leaves_none_of_it),
               CASE(garbage_is_not_memory),
               CASE(a_call_on_the_main_coroutine_has_a_budget_of_memory_as_well),
               CASE(a_run_that_waits_keeps_what_it_has_taken), CASE(what_c_keeps_for_a_run_counts),
               CASE(a_state_that_is_full_is_said_to_be), CASE(outside_of_runs_nothing_is_refused),
               CASE(thousands_of_killed_runs_leave_no_trace));
}
