/* SPDX-License-Identifier: MIT
 *
 * The gate. A run in a slot:
 *
 *     free --begin--> taken --run--> running --returns or raises--> free (generation + 1)
 *                                     |   ^
 *               wait, for an operation|   | resume: the operation is over (generation + 1)
 *                                     v   |
 *                                    waiting --cancel-------------> free (generation + 1)
 *
 * The function of a run is called by Lua's own xpcall, through which it can wait: its handler is the
 * only one who sees the calls that led to an error. A coroutine that has done its work is used
 * again; one that was cancelled cannot be, and one that raised may have a stack that has grown
 * large: the slot gets a new one. */
#include "script/gate.h"

#include "base/err.h"
#include "base/log.h"
#include "script/vm.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#define FAILURE       "perilune.failure" /* metatable of what core.fail raises */
#define OURS          "perilune/"        /* what the names of our own files begin with */
#define MAX_TEXT      4096               /* bytes of an error's text */
#define MAX_SLEEP_S   86400.0
#define MESSAGE_DEPTH 20 /* calls up the stack in which the integrator's file is looked for */
#define TRACEBACK     16 /* lines of a traceback, */
#define TRACE_DEPTH   64 /* looked for in so many calls */

/* -- error values -- */

static int failure_tostring(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushliteral(L, "message");
    lua_rawget(L, 1);
    return 1;
}

/* In a file that an integrator reads: neither C nor our own Lua. */
static bool is_in_script(const lua_Debug *at)
{
    return at->currentline > 0 && strncmp(at->source + 1, OURS, sizeof OURS - 1) != 0;
}

void pl_gate_push_where(lua_State *L)
{
    lua_Debug at;
    for (int level = 0; level < MESSAGE_DEPTH && lua_getstack(L, level, &at); level++) {
        lua_getinfo(L, "Sl", &at);
        if (!is_in_script(&at)) continue;
        lua_pushfstring(L, "%s:%d: ", at.short_src, at.currentline);
        return;
    }
    lua_pushliteral(L, "");
}

void pl_gate_push_failure(lua_State *L, const char *class)
{
    lua_createtable(L, 0, 2);
    lua_insert(L, -2);
    lua_setfield(L, -2, "message");
    lua_pushstring(L, class);
    lua_setfield(L, -2, "class");
    if (luaL_newmetatable(L, FAILURE)) {
        lua_pushcfunction(L, failure_tostring);
        lua_setfield(L, -2, "__tostring");
    }
    lua_setmetatable(L, -2);
}

/* stack: ..., message (top) */
static int raise_failure(lua_State *L, const char *class)
{
    pl_gate_push_where(L);
    lua_insert(L, -2);
    lua_concat(L, 2);
    pl_gate_push_failure(L, class);
    return lua_error(L);
}

int pl_lua_fail(lua_State *L, const char *class, const char *format, ...)
{
    char text[MAX_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    lua_pushstring(L, text);
    return raise_failure(L, class);
}

int pl_gate_lua_fail(lua_State *L)
{
    const char *class = luaL_checkstring(L, 1);
    luaL_checkstring(L, 2);
    lua_settop(L, 2);
    return raise_failure(L, class);
}

/* The code is the upvalue. */
static int fail_so(lua_State *L)
{
    pl_slot *running = pl_vm_of(L)->gate.running;
    if (running) running->otherwise = (int)lua_tointeger(L, lua_upvalueindex(1));
    return 0;
}

int pl_gate_lua_fails_as(lua_State *L)
{
    int code = pl_err_of_name(luaL_checkstring(L, 1));
    luaL_argcheck(L, code < 0 && code != PL_E_INTERNAL, 1, "expected the class of a failure");
    lua_pushinteger(L, code);
    lua_pushcclosure(L, fail_so, 1);
    return 1;
}

static bool is_text(lua_State *L, int index)
{
    return lua_type(L, index) == LUA_TSTRING || lua_type(L, index) == LUA_TNUMBER;
}

static void raw_field(lua_State *L, int table, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, table);
}

/* The code of an error table, `otherwise` when it says none; pushes its text, or nil. */
static int read_failure(lua_State *L, int table, int otherwise)
{
    raw_field(L, table, "class");
    int code = is_text(L, -1) ? pl_err_of_name(lua_tostring(L, -1)) : otherwise;
    lua_pop(L, 1);
    raw_field(L, table, "message");
    return code >= 0 || code == PL_E_INTERNAL ? PL_E_SCRIPT : code;
}

/* "file:line: " of the innermost call of the traceback, or nothing. */
static pl_slice place_of(const pl_vm *vm)
{
    pl_slice lines = pl_buf_slice(&vm->traceback);
    const char *colon = lines.len ? memmem(lines.ptr, lines.len, ": in ", 5) : NULL;
    return (pl_slice){lines.ptr, colon ? (size_t)(colon - lines.ptr) + 2 : 0};
}

bool pl_gate_cut_place(pl_slice *text)
{
    if (!pl_slice_starts(*text, PL_SLICE(OURS))) return false;
    const char *colon = memmem(text->ptr, text->len, ": ", 2);
    if (colon == NULL || memchr(text->ptr, '\n', (size_t)(colon - text->ptr))) return false;
    *text = pl_slice_from(*text, (size_t)(colon - text->ptr) + 2);
    return true;
}

/* The text on the top of the stack. That our own Lua found out what is wrong says nothing to who
 * has called it. */
static void put_text(pl_vm *vm, lua_State *L)
{
    pl_slice text, place = place_of(vm);
    text.ptr = lua_tolstring(L, -1, &text.len);
    if (place.len && pl_gate_cut_place(&text)) pl_buf_put_slice(&vm->failure, place);
    pl_buf_put(&vm->failure, text.ptr, text.len < MAX_TEXT ? text.len : MAX_TEXT);
}

static int explain(pl_vm *vm, lua_State *L, int otherwise)
{
    int code = otherwise, error = lua_gettop(L);
    pl_buf_clear(&vm->failure);
    if (lua_istable(L, error))
        code = read_failure(L, error, otherwise);
    else
        lua_pushvalue(L, error);
    if (is_text(L, -1)) {
        put_text(vm, L);
    } else {
        pl_buf_put_slice(&vm->failure, place_of(vm));
        pl_buf_printf(&vm->failure, "a script raised a %s instead of a message",
                      luaL_typename(L, error));
    }
    lua_settop(L, error - 1);
    return code;
}

int pl_gate_explain(pl_vm *vm, lua_State *L)
{
    return explain(vm, L, PL_E_SCRIPT);
}

/* Whatever the run returned or raised in the end: that its budget was used up is what went wrong. */
static int blame_budget(pl_vm *vm, int code)
{
    static const char own_words[] = "budget exceeded (limits.";
    bool is_said = code && vm->failure.len &&
                   memmem(vm->failure.ptr, vm->failure.len, own_words, sizeof own_words - 1);
    if (!is_said) {
        pl_buf_clear(&vm->failure);
        if (code && !vm->budget.place[0]) pl_buf_put_slice(&vm->failure, place_of(vm));
        pl_budget_explain(vm, &vm->failure);
    }
    return PL_E_SCRIPT;
}

/* A call by our own Lua or by C: the name that those have for the function says nothing. */
static bool is_called_by_script(lua_State *L, int level)
{
    lua_Debug caller;
    return lua_getstack(L, level + 1, &caller) && lua_getinfo(L, "Sl", &caller) &&
           is_in_script(&caller);
}

static void put_call(pl_buf *out, const lua_Debug *at, bool has_name)
{
    pl_buf_printf(out, "%s%s:%d: in ", out->len ? "\n" : "", at->short_src, at->currentline);
    if (*at->what == 'm')
        PL_BUF_PUT(out, "the file");
    else if (has_name && at->name)
        pl_buf_printf(out, "function '%.100s'", at->name);
    else
        pl_buf_printf(out, "function <%s:%d>", at->short_src, at->linedefined);
}

/* The calls of the integrator's files that led to the error, as lines in vm->traceback. Allocates
 * nothing in Lua: memory may be what is missing. */
static void keep_traceback(pl_vm *vm, lua_State *L)
{
    lua_Debug at;
    int lines = 0;
    pl_buf_clear(&vm->traceback);
    for (int level = 0; level < TRACE_DEPTH && lua_getstack(L, level, &at); level++) {
        lua_getinfo(L, "nSl", &at);
        if (!is_in_script(&at)) continue;
        if (lines++ == TRACEBACK) {
            PL_BUF_PUT(&vm->traceback, "\n...");
            return;
        }
        put_call(&vm->traceback, &at, is_called_by_script(L, level));
    }
}

/* The traceback with our own Lua in it is for who debugs that. */
static void log_traceback(lua_State *L)
{
    if (!pl_log_wants(PL_LOG_DEBUG)) return;
    luaL_traceback(L, L, NULL, 1);
    pl_log(PL_LOG_DEBUG, "a script failed", PL_LOG_STR("traceback", lua_tostring(L, -1)));
    lua_pop(L, 1);
}

static int on_error(lua_State *L)
{
    log_traceback(L);
    keep_traceback(pl_vm_of(L), L);
    return 1; /* the error value as it is */
}

/* -- calls -- */

int pl_gate_call(pl_vm *vm, int args, int results)
{
    lua_State *L = vm->L;
    int handler = lua_gettop(L) - args;
    lua_pushcfunction(L, on_error);
    lua_insert(L, handler); /* stack: ..., handler, function, args (top) */
    pl_slot *running = vm->gate.running;
    vm->gate.running = NULL;
    pl_budget_enter(vm, vm->budget.kind, NULL);
    pl_buf_clear(&vm->traceback);
    int status = lua_pcall(L, args, results, handler);
    bool is_over = pl_budget_leave(vm, NULL);
    vm->gate.running = running;
    int code = status == 0 ? 0 : pl_gate_explain(vm, L);
    if (is_over) {
        lua_settop(L, handler);
        code = blame_budget(vm, code);
    }
    lua_remove(L, handler);
    return code;
}

/* -- slots -- */

uint64_t pl_gate_handle(const pl_slot *slot)
{
    return (uint64_t)slot->generation << 32 | slot->number;
}

static pl_slot *slot_named(pl_vm *vm, uint64_t handle)
{
    uint32_t number = (uint32_t)handle;
    if (number == 0 || number > vm->gate.count) return NULL;
    pl_slot *slot = vm->gate.slots[number - 1];
    return pl_gate_handle(slot) == handle && slot->waits ? slot : NULL;
}

static void on_timer(pl_timer *t)
{
    pl_slot *slot = (pl_slot *)((char *)t - offsetof(pl_slot, timer));
    pl_gate_resume(slot->vm, pl_gate_handle(slot), NULL, NULL);
}

static pl_slot *slot_new(pl_vm *vm)
{
    pl_gate *gate = &vm->gate;
    pl_slot *slot = pl_alloc_zero(sizeof *slot);
    gate->slots = pl_realloc(gate->slots, (gate->count + 1) * sizeof(pl_slot *));
    gate->slots[gate->count++] = slot;
    slot->vm = vm;
    slot->number = gate->count;
    slot->generation = 1;
    pl_timer_init(&slot->timer, on_timer);
    return slot;
}

/* -- what a run holds -- */

void pl_gate_hold(pl_slot *slot, pl_holding *h)
{
    h->next = slot->holdings;
    h->link = &slot->holdings;
    if (h->next) h->next->link = &h->next;
    slot->holdings = h;
}

void pl_gate_let_go(pl_holding *h)
{
    if (h->link == NULL) return;
    *h->link = h->next;
    if (h->next) h->next->link = h->link;
    h->link = NULL;
}

static void release_all(pl_slot *slot)
{
    while (slot->holdings) {
        pl_holding *h = slot->holdings;
        pl_gate_let_go(h);
        h->release(h);
    }
}

/* -- runs -- */

static void give_back(pl_slot *slot, bool keeps_coroutine)
{
    pl_vm *vm = slot->vm;
    release_all(slot);
    if (keeps_coroutine) {
        lua_settop(slot->co, 0);
    } else {
        luaL_unref(vm->L, LUA_REGISTRYINDEX, slot->co_ref);
        slot->co = NULL;
    }
    slot->generation++;
    slot->waits = false;
    slot->exchange = NULL;
    slot->trace = NULL;
    slot->next_free = vm->gate.free;
    vm->gate.free = slot;
    vm->gate.in_use--;
}

pl_slot *pl_gate_begin(pl_vm *vm, pl_finish_fn *finish, pl_resumed_fn *resumed, void *owner)
{
    pl_slot *slot = vm->gate.free;
    if (vm->gate.xpcall_ref == 0) { /* the libraries were not there when the gate was made */
        lua_getglobal(vm->L, "xpcall");
        vm->gate.xpcall_ref = luaL_ref(vm->L, LUA_REGISTRYINDEX);
        lua_pushcfunction(vm->L, on_error);
        vm->gate.handler_ref = luaL_ref(vm->L, LUA_REGISTRYINDEX);
    }
    if (slot)
        vm->gate.free = slot->next_free;
    else
        slot = slot_new(vm);
    vm->gate.in_use++;
    if (slot->co == NULL) {
        slot->co = lua_newthread(vm->L);
        slot->co_ref = luaL_ref(vm->L, LUA_REGISTRYINDEX);
    }
    slot->spent = (pl_spent){0};
    slot->finish = finish;
    slot->resumed = resumed;
    slot->owner = owner;
    slot->requests = 0;
    slot->otherwise = PL_E_SCRIPT;
    return slot;
}

static int run_ended(pl_slot *slot, int status, bool is_over)
{
    pl_vm *vm = slot->vm;
    lua_State *co = slot->co;
    bool is_ok = status == 0 && lua_toboolean(co, 1);
    if (status == 0) lua_remove(co, 1);
    if (status == LUA_YIELD) {
        lua_settop(co, 0);
        keep_traceback(vm, co);
        lua_pushliteral(co, "a script may not yield outside of coroutines of its own");
    }
    int code = is_ok ? 0 : explain(vm, co, slot->otherwise);
    if (is_over) code = blame_budget(vm, code);
    code = slot->finish(slot->owner, co, code, pl_buf_slice(&vm->failure));
    give_back(slot, is_ok);
    return code;
}

/* Runs, or goes on with, a coroutine whose arguments are on its stack. */
static int step(pl_slot *slot, int args)
{
    pl_gate *gate = &slot->vm->gate;
    pl_slot *running = gate->running;
    gate->running = slot;
    slot->waits = false;
    pl_budget_enter(slot->vm, PL_BUDGET_RUN, &slot->spent);
    pl_buf_clear(&slot->vm->traceback);
    int status = lua_resume(slot->co, args);
    bool is_over = pl_budget_leave(slot->vm, &slot->spent);
    gate->running = running;
    *slot->wait_handle = 0;
    if (status != LUA_YIELD || !slot->waits) return run_ended(slot, status, is_over);
    *slot->wait_handle = pl_gate_handle(slot);
    return PL_WAIT;
}

int pl_gate_run(pl_slot *slot, int args, uint64_t *handle)
{
    lua_State *co = slot->co;
    int function = lua_gettop(co) - args;
    lua_rawgeti(co, LUA_REGISTRYINDEX, slot->vm->gate.xpcall_ref);
    lua_insert(co, function);
    lua_rawgeti(co, LUA_REGISTRYINDEX, slot->vm->gate.handler_ref);
    lua_insert(co, function + 2); /* stack: xpcall, function, on_error, arguments */
    slot->wait_handle = handle;
    return step(slot, args + 2);
}

pl_slot *pl_gate_waiter(lua_State *L, const char *what)
{
    pl_vm *vm = pl_vm_of(L);
    pl_slot *slot = vm->gate.running;
    if (slot == NULL || vm->wheel == NULL)
        luaL_error(L,
                   "%s works only while a request is rendered, authenticated, mapped or received",
                   what);
    else if (slot->co != L || !lua_isyieldable(L))
        luaL_error(L,
                   "%s does not work in a function that string.gsub, table.sort and the like call",
                   what);
    return slot;
}

int pl_gate_wait(pl_slot *slot, void (*cancel)(void *op), void *op)
{
    slot->waits = true;
    slot->cancel = cancel;
    slot->op = op;
    return lua_yield(slot->co, 0);
}

bool pl_gate_resume(pl_vm *vm, uint64_t handle, int (*push)(lua_State *co, void *op), void *op)
{
    pl_slot *slot = slot_named(vm, handle);
    if (slot == NULL) return false;
    pl_resumed_fn *resumed = slot->resumed;
    void *owner = slot->owner;
    slot->generation++;
    lua_settop(slot->co, 0);
    int code = step(slot, push ? push(slot->co, op) : 0);
    if (code != PL_WAIT) resumed(owner, code);
    return true;
}

void pl_gate_cancel(pl_vm *vm, uint64_t handle)
{
    pl_slot *slot = slot_named(vm, handle);
    if (slot == NULL) return;
    *slot->wait_handle = 0;
    slot->cancel(slot->op);
    give_back(slot, false);
}

pl_exchange *pl_gate_exchange(const pl_vm *vm)
{
    return vm->gate.running ? vm->gate.running->exchange : NULL;
}

pl_trace *pl_gate_trace(const pl_vm *vm)
{
    return vm->gate.running ? vm->gate.running->trace : NULL;
}

void pl_gate_init(pl_vm *vm)
{
    vm->gate = (pl_gate){0};
}

void pl_gate_fini(pl_vm *vm)
{
    for (uint32_t i = 0; i < vm->gate.count; i++) {
        pl_slot *slot = vm->gate.slots[i];
        if (slot->waits) slot->cancel(slot->op);
        release_all(slot);
        free(slot);
    }
    free(vm->gate.slots);
    vm->gate = (pl_gate){0};
}

static void stop_timer(void *op)
{
    pl_slot *slot = op;
    pl_wheel_stop(slot->vm->wheel, &slot->timer);
}

int pl_gate_lua_sleep(lua_State *L)
{
    double seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds >= 0 && seconds <= MAX_SLEEP_S, 1, "expected 0 to 86400 seconds");
    pl_slot *slot = pl_gate_waiter(L, "sleep");
    pl_wheel_start(slot->vm->wheel, &slot->timer, (uint64_t)ceil(seconds * 1000));
    return pl_gate_wait(slot, stop_timer, slot);
}
