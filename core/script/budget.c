/* SPDX-License-Identifier: MIT
 *
 * The time budget. Nothing is paid for it while a script runs: entering a run sets an alarm on the
 * processor time of the thread (base/ticks.h), and only when that goes off, in the handler of a
 * signal, the state gets a count hook, which from then on is called before every instruction.
 *
 * - A count hook never fires in code that LuaJIT has compiled. So integrators' functions are never
 *   compiled (core.interpret), and neither are, with them, the loops of our own Lua that call them.
 *   What is compiled (templates, our Lua) and what runs long in C polls.
 * - The hook raises only where a function of an integrator or a template is running, known by its
 *   environment, which is not that of our Lua: what our Lua has begun, it ends.
 * - The hook stays, and raises at each further instruction: pcall can catch the error, but what
 *   catches it comes no further. Hooks rest while a message handler of xpcall runs, while finalizers
 *   run, and in C. Scripts have an xpcall that calls its handler later, no finalizers, and no
 *   function of C that runs long without polling.
 *
 * lua_sethook is what LuaJIT allows in a signal handler. Still the handler may interrupt the thread
 * in the middle of a change of the same fields: an |= on the byte of hook bits may lose the hook,
 * and the table of instructions that the interpreter jumps through, copied at every change of mode,
 * may be left half old. So the handler does it again at each tick as long as the run goes on, and
 * each time in both directions, which has the whole table written anew whatever mode the state
 * thinks it is in. Leaving a run takes the alarm away first, so that nothing interrupts the last
 * change.
 *
 * What the run has used goes with it when it waits. Runs within runs count for the outermost. */
#include "script/budget.h"

#include "base/err.h"
#include "script/gate.h"
#include "script/vm.h"

#include <lauxlib.h>
#include <luajit.h>
#include <stdio.h>

#define TICKS_IN_BUDGET 10 /* how finely the time of a run is measured */

static pl_budget *budget_of(const pl_alarm *alarm)
{
    return (pl_budget *)(void *)((char *)(uintptr_t)alarm - offsetof(pl_budget, alarm));
}

/* -- saying so -- */

static void put_time(pl_buf *text, const char *setting, int64_t ms)
{
    pl_buf_printf(text, "time budget exceeded (limits.%s, ", setting);
    if (ms < 1000)
        pl_buf_printf(text, "%lld ms)", (long long)ms);
    else
        pl_buf_printf(text, "%g s)", (double)ms / 1000);
}

static void put_reason(const pl_budget *b, pl_buf *text)
{
    if (b->entered == PL_BUDGET_LOAD)
        put_time(text, "script_load_time", b->load_ms);
    else
        put_time(text, "script_time", b->time_ms);
}

void pl_budget_explain(const pl_vm *vm, pl_buf *text)
{
    pl_buf_printf(text, "%s", vm->budget.place);
    put_reason(&vm->budget, text);
}

/* The first place at which the run was stopped is where it ran too long; later ones are those that
 * caught the error. */
static void note_place(lua_State *L, pl_budget *b)
{
    if (b->place[0]) return;
    pl_gate_push_where(L);
    snprintf(b->place, sizeof b->place, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
}

static void stop(lua_State *L, pl_vm *vm)
{
    note_place(L, &vm->budget);
    pl_buf_clear(&vm->scratch);
    put_reason(&vm->budget, &vm->scratch);
    pl_buf_put_char(&vm->scratch, '\0');
    pl_lua_fail(L, pl_err_name(PL_E_SCRIPT), "%s", vm->scratch.ptr);
}

/* -- the hook -- */

/* Does a function of our own Lua run? All of it has the globals of the state, nothing else has. */
static bool is_ours(lua_State *L, lua_Debug *at)
{
    lua_getinfo(L, "f", at);
    lua_getfenv(L, -1);
    bool is = lua_rawequal(L, -1, LUA_GLOBALSINDEX);
    lua_pop(L, 2);
    return is;
}

static void on_instruction(lua_State *L, lua_Debug *at)
{
    if (!is_ours(L, at)) pl_budget_poll(L);
}

/* The opposite first: LuaJIT does nothing where it thinks that nothing changes. */
static void set_hook(lua_State *L, bool is_on)
{
    for (int turn = 0; turn < 2; turn++)
        if (is_on == (turn == 1))
            lua_sethook(L, on_instruction, LUA_MASKCOUNT, 1);
        else
            lua_sethook(L, NULL, 0, 0);
}

/* In the handler of a signal. */
static void on_late(pl_alarm *alarm)
{
    pl_budget *b = budget_of(alarm);
    b->is_late = true;
    b->has_news = 1;
    b->is_hooked = true;
    set_hook(b->L, true);
}

void pl_budget_poll(lua_State *L)
{
    pl_vm *vm = pl_vm_of(L);
    if (!vm->budget.has_news) return;
    vm->budget.end = PL_OVER_TIME;
    stop(L, vm);
}

bool pl_budget_is_over(const pl_vm *vm)
{
    return vm->budget.is_late;
}

/* -- runs -- */

static void begin(pl_budget *b)
{
    b->has_news = 0;
    b->is_late = false;
    b->end = PL_WITHIN;
    b->place[0] = '\0';
}

/* The tick under way counts for a whole one: it is added, so that no run gets less than its time. */
static void allow(pl_budget *b, int64_t ns)
{
    b->began_ns = b->ticks->now_ns;
    b->alarm.at_ns = b->began_ns + ns + b->ticks->tick_ns;
}

static void unhook(pl_budget *b)
{
    if (b->is_hooked) set_hook(b->L, false);
    b->is_hooked = false;
}

void pl_budget_enter(pl_vm *vm, enum pl_budget_kind kind, const pl_spent *spent)
{
    pl_budget *b = &vm->budget;
    if (b->depth++ > 0) return;
    b->entered = kind;
    if (kind == PL_BUDGET_NONE) return;
    begin(b);
    b->ticks = pl_ticks_here();
    b->alarm.at_ns = INT64_MAX;
    if (kind != PL_BUDGET_LOAD) {
        pl_ticks_refine(b->ticks, b->time_ms * 1000000 / TICKS_IN_BUDGET);
        allow(b, b->time_ms * 1000000 - (spent ? spent->time_ns : 0));
    }
    pl_ticks_set(b->ticks, &b->alarm);
}

bool pl_budget_leave(pl_vm *vm, pl_spent *spent)
{
    pl_budget *b = &vm->budget;
    if (--b->depth > 0 || b->entered == PL_BUDGET_NONE) return false;
    pl_ticks_unset(b->ticks, &b->alarm);
    unhook(b);
    if (spent) spent->time_ns += b->ticks->now_ns - b->began_ns;
    b->ticks = NULL;
    b->has_news = 0;
    return b->is_late && b->entered == PL_BUDGET_RUN;
}

void pl_budget_init(pl_vm *vm)
{
    vm->budget = (pl_budget){.L = vm->L, .alarm = {.fire = on_late}};
}

void pl_budget_use(pl_vm *vm, const pl_settings *settings)
{
    vm->budget.time_ms = settings->limit_script_time;
    vm->budget.load_ms = settings->limit_script_load_time;
}

/* -- for our Lua -- */

int pl_budget_lua_interpret(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    luaJIT_setmode(L, 1, LUAJIT_MODE_ALLFUNC | LUAJIT_MODE_OFF);
    lua_settop(L, 1);
    return 1;
}

int pl_budget_lua_poll(lua_State *L)
{
    pl_budget_poll(L);
    return 0;
}

int pl_budget_lua_is_over(lua_State *L)
{
    lua_pushboolean(L, pl_budget_is_over(pl_vm_of(L)));
    return 1;
}

int pl_budget_lua_open(lua_State *L)
{
    pl_budget *b = &pl_vm_of(L)->budget;
    bool opens = b->depth > 0 && b->entered == PL_BUDGET_LOAD && !b->is_open;
    if (opens) {
        b->is_open = true;
        begin(b);
        allow(b, b->load_ms * 1000000);
    }
    lua_pushboolean(L, opens);
    return 1;
}

int pl_budget_lua_close(lua_State *L)
{
    pl_vm *vm = pl_vm_of(L);
    pl_budget *b = &vm->budget;
    b->alarm.at_ns = INT64_MAX;
    b->is_open = false;
    unhook(b);
    lua_pushnil(L);
    if (!pl_budget_is_over(vm)) return 1;
    pl_buf_clear(&vm->scratch);
    pl_budget_explain(vm, &vm->scratch);
    begin(b);
    lua_pushlstring(L, vm->scratch.ptr, vm->scratch.len);
    return 1;
}
