/* SPDX-License-Identifier: MIT
 *
 * Making a Lua state. Only these libraries are opened: base (with coroutine), table, string, math,
 * bit; of os what tells the time; and jit, which is not left within reach. There is no package library: `require` is ours and finds perilune.* and
 * the few names below, so that nothing comes from the disk of the machine by accident. FFI is for
 * lua/perilune/util/span.lua, which keeps it to itself. */
#include "script/vm.h"

#include "base/err.h"
#include "base/json.h"
#include "script/bind.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <sys/random.h>

int luaopen_cjson(lua_State *L); /* of lua-cjson, which brings no header that fits C */

/* A collection begins when the state has grown to so many percent of what the last one left. Most of
 * that is what was loaded, and looking through it is what a collection costs; Lua's own 200 do it
 * twice as often. A state of a small folder, of a few megabytes, may have so many bytes of garbage
 * beside them: each call of a webhook that is written with functions leaves some kilobytes. While it
 * is loaded it is small, and the memory that its garbage had stays with the process. */
#define GC_PAUSE      300
#define GC_PAUSE_MOST 600
#define GC_ROOM       (12 << 20)
#define GC_PAUSE_LOAD 180

/* How fast a collection goes on with what is taken meanwhile, in percent. With Lua's own 200 a load
 * grows by half of what it has until the collection is through, and what is kept of it lies among
 * more garbage. */
#define GC_SPEED 400

/* So often a loop turns before it is compiled. Lexers and parsers, which a load has much of, turn
 * many times, and never again: what a load takes to compile them is a third of its time. */
#define HOT_LOOP      "hotloop=56" /* LuaJIT's own */
#define HOT_LOOP_LOAD "hotloop=16000"

static const char options_key[] = "perilune.jit_options"; /* the function, in the registry */

static char vm_key; /* its address is the key in the registry, for a state that does not count */

/* `require` in Lua, so that a module's chunk runs without C between it and its caller. */
static const char require_source[] =
    "local find, loaded = ...\n"
    "local loading = {}\n"
    "return function(name)\n"
    "    local module = loaded[name]\n"
    "    if module == loading then error('module ' .. name .. ' requires itself', 2) end\n"
    "    if module ~= nil then return module end\n"
    "    local chunk, reason = find(name)\n"
    "    if not chunk then error(reason, 2) end\n"
    "    loaded[name] = loading\n"
    "    module = chunk(name)\n"
    "    if module == nil then module = true end\n"
    "    loaded[name] = module\n"
    "    return module\n"
    "end\n";

static void seed(pl_rng *rng)
{
    uint8_t bytes[32];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) abort();
    pl_rng_init(rng, bytes);
}

pl_vm *pl_vm_of(lua_State *L)
{
    pl_budget *budget = pl_budget_of(L);
    if (budget) return (pl_vm *)(void *)((char *)budget - offsetof(pl_vm, budget));
    lua_pushlightuserdata(L, &vm_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    pl_vm *vm = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return vm;
}

static void take_settings(pl_vm *vm, const pl_settings *s)
{
    vm->limits = (pl_vm_limits){
        .template_output_bytes = s->limit_template_output,
        .template_loops = s->limit_template_loops,
        .template_depth = s->limit_template_depth,
        .requests = s->limit_script_requests,
        .request_timeout_ms = s->timeout_call,
        .cache_entry_bytes = s->limit_cache_entry,
        .order_key_bytes = s->limit_order_key,
    };
    pl_budget_use(vm, s);
    vm->last_wins = strcmp(s->json_duplicates, "last") == 0;
}

static void take_defaults(pl_vm *vm)
{
    pl_settings settings;
    pl_settings_init(&settings);
    take_settings(vm, &settings);
    pl_settings_fini(&settings);
}

void pl_vm_use(pl_vm *vm, const pl_settings *settings)
{
    take_settings(vm, settings);
    pl_core_show_limits(vm->L, &vm->limits);
}

/* The rest of a state, which has its budget. */
static void init(pl_vm *vm, lua_State *L, const char *lua_path, int json_depth)
{
    vm->L = L;
    vm->json_depth = json_depth > 0 ? json_depth : PL_JSON_MAX_DEPTH;
    if (lua_path) vm->lua_path = strdup(lua_path);
    pl_codec_init(&vm->codec, L);
    pl_gate_init(vm);
    take_defaults(vm);
    seed(&vm->rng);
    lua_pushlightuserdata(L, &vm_key);
    lua_pushlightuserdata(L, vm);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

void pl_vm_init(pl_vm *vm, lua_State *L, const char *lua_path, int json_depth)
{
    *vm = (pl_vm){0};
    pl_budget_init(vm, L);
    init(vm, L, lua_path, json_depth);
}

void pl_vm_fini(pl_vm *vm)
{
    pl_gate_fini(vm);
    pl_codec_fini(&vm->codec);
    pl_buf_fini(&vm->failure);
    pl_buf_fini(&vm->traceback);
    pl_buf_fini(&vm->scratch);
    free(vm->lua_path);
}

static void open_library(lua_State *L, const char *name, lua_CFunction open)
{
    lua_pushcfunction(L, open);
    lua_pushstring(L, name);
    lua_call(L, 1, 0);
}

/* What LuaJIT keeps ready beside its libraries, for our own Lua: integrators' files have no
 * `require` but for their own modules. */
static int push_builtin(lua_State *L, const char *name)
{
    static const char *const kept[] = {"table.new", "table.clear", "string.buffer", "jit.util",
                                       "ffi"};
    bool is_kept = false;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        is_kept = is_kept || strcmp(name, kept[i]) == 0;
    if (!is_kept) return 0;
    if (strcmp(name, "ffi") == 0) {
        lua_pushcfunction(L, luaopen_ffi);
        return 1;
    }
    lua_getfield(L, LUA_REGISTRYINDEX, "_PRELOAD");
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
    return lua_isfunction(L, -1);
}

/* "perilune.x.y" as lua/perilune/x/y.lua, or else lua/perilune/x/y/init.lua. */
static int push_module(pl_vm *vm, lua_State *L, const char *name)
{
    static const char *const forms[] = {"lua/%s.lua", "lua/%s/init.lua"};
    luaL_gsub(L, name, ".", "/");
    for (int i = 0; i < 2; i++) {
        lua_pushfstring(L, forms[i], lua_tostring(L, -1));
        int result = pl_module_push(vm, L, lua_tostring(L, -1));
        if (result != 0) return result;
        lua_pop(L, 1);
    }
    return 0;
}

static int find_module(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    int result = 0;
    if (strcmp(name, "cjson") == 0) {
        lua_pushcfunction(L, luaopen_cjson);
        return 1;
    }
    if (push_builtin(L, name)) return 1;
    if (strcmp(name, "perilune") == 0 || strncmp(name, "perilune.", 9) == 0)
        result = push_module(pl_vm_of(L), L, name);
    if (result > 0) return 1;
    if (result == 0) lua_pushfstring(L, "there is no module '%s'", name);
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

static void make_require(lua_State *L)
{
    if (luaL_loadbuffer(L, require_source, sizeof require_source - 1, "=require") != 0)
        lua_error(L);
    lua_pushcfunction(L, find_module);
    lua_newtable(L); /* stack: chunk, find, loaded (top) */
    pl_open_core(L);
    lua_setfield(L, -2, "perilune.core");
    lua_getglobal(L, "bit");
    lua_setfield(L, -2, "bit");
    lua_call(L, 2, 1);
    lua_setglobal(L, "require");
}

/* The rest of os reaches files, processes and the environment. */
static void open_os(lua_State *L)
{
    static const char *const kept[] = {"clock", "date", "time"};
    open_library(L, LUA_OSLIBNAME, luaopen_os);
    lua_getglobal(L, LUA_OSLIBNAME);
    lua_newtable(L); /* stack: os, what is kept of it (top) */
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        lua_getfield(L, -2, kept[i]);
        lua_setfield(L, -2, kept[i]);
    }
    lua_setglobal(L, LUA_OSLIBNAME);
    lua_pop(L, 1);
}

/* Opening it is what turns the compiler on. */
static void open_jit(lua_State *L)
{
    open_library(L, LUA_JITLIBNAME, luaopen_jit);
    lua_getglobal(L, LUA_JITLIBNAME);
    lua_getfield(L, -1, "opt");
    lua_getfield(L, -1, "start");
    lua_setfield(L, LUA_REGISTRYINDEX, options_key);
    lua_pop(L, 2);
    lua_pushnil(L);
    lua_setglobal(L, LUA_JITLIBNAME);
}

static int open_all(lua_State *L)
{
    lua_gc(L, LUA_GCSETPAUSE, GC_PAUSE);
    lua_gc(L, LUA_GCSETSTEPMUL, GC_SPEED);
    open_library(L, "", luaopen_base);
    open_library(L, LUA_TABLIBNAME, luaopen_table);
    open_library(L, LUA_STRLIBNAME, luaopen_string);
    open_library(L, LUA_MATHLIBNAME, luaopen_math);
    open_os(L);
    open_library(L, LUA_BITLIBNAME, luaopen_bit);
    open_jit(L);
    make_require(L);
    pl_bind_string_methods(L);
    return 0;
}

int pl_vm_open(pl_vm *vm, const char *lua_path, int json_depth)
{
    *vm = (pl_vm){0};
    pl_budget_init(vm, NULL);
    lua_State *L = pl_budget_open(vm);
    if (L == NULL) return PL_E_INTERNAL;
    init(vm, L, lua_path, json_depth);
    if (lua_cpcall(L, open_all, NULL) == 0) return 0;
    pl_vm_close(vm);
    return PL_E_INTERNAL;
}

typedef struct tuning {
    int pause;
    const char *hot_loop;
} tuning;

static int take_tuning(lua_State *L)
{
    const tuning *t = lua_touserdata(L, 1);
    lua_gc(L, LUA_GCSETPAUSE, t->pause);
    lua_getfield(L, LUA_REGISTRYINDEX, options_key);
    lua_pushstring(L, t->hot_loop);
    lua_call(L, 1, 0);
    return 0;
}

/* Where there is no memory for it, it stays as it was. */
static void tune(lua_State *L, tuning t)
{
    if (lua_cpcall(L, take_tuning, &t) != 0) lua_pop(L, 1);
}

void pl_vm_begin_load(pl_vm *vm)
{
    tune(vm->L, (tuning){GC_PAUSE_LOAD, HOT_LOOP_LOAD});
}

/* Of what is live, which is what there is after a collection. */
static int pause_of(lua_State *L)
{
    int live_kb = lua_gc(L, LUA_GCCOUNT, 0) + 1;
    int pause = 100 + (GC_ROOM >> 10) * 100 / live_kb;
    if (pause > GC_PAUSE_MOST) return GC_PAUSE_MOST;
    return pause > GC_PAUSE ? pause : GC_PAUSE;
}

void pl_vm_end_load(pl_vm *vm)
{
    tune(vm->L, (tuning){GC_PAUSE, HOT_LOOP});
    lua_gc(vm->L, LUA_GCCOLLECT, 0);
    lua_gc(vm->L, LUA_GCSETPAUSE, pause_of(vm->L));
    pl_heap_trim(&vm->budget.heap);
}

void pl_vm_close(pl_vm *vm)
{
    pl_gate_fini(vm); /* first: what waits is kept in the state */
    pl_budget_close(vm);
    pl_vm_fini(vm);
}
