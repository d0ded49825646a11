/* SPDX-License-Identifier: MIT
 *
 * Fuzzing what is written in Lua. libFuzzer sees which branches of C are taken; of our Lua it is told
 * by a hook, line by line, through counters that it takes for its own. LuaJIT's compiler is off: it
 * would hide from the hook what runs often. */
#ifndef PL_SPEC_FUZZ_LUA_H
#define PL_SPEC_FUZZ_LUA_H

#include "fuzz.h"

#include <lauxlib.h>
#include <luajit.h>
#include <string.h>

#define LUA_COUNTERS 65536 /* a power of two */
#define RUNS_A_SWEEP 256   /* of the collector */

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t lua_counters[LUA_COUNTERS];

/* What Lua's heap leads to is kept for all runs; the leak detector cannot look into that heap. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

/* A step from one line of our Lua to another; templates and scripts of the input are not counted. */
static inline void fuzz_lua_count(lua_State *L, lua_Debug *at)
{
    static uint32_t last;
    lua_getinfo(L, "S", at);
    size_t len = strlen(at->source);
    if (len < 4 || strcmp(at->source + len - 4, ".lua") != 0) return;
    uint32_t line = (uint32_t)at->currentline;
    for (size_t i = 0; i < len; i++)
        line = (line ^ (uint8_t)at->source[i]) * 16777619u;
    uint8_t *counter = &lua_counters[(line ^ last >> 1) % LUA_COUNTERS];
    if (*counter < UINT8_MAX) (*counter)++;
    last = line;
}

/* Before each input: the budget of scripts takes the hook away when it needs one. */
static inline void fuzz_lua_begin(lua_State *L)
{
    static unsigned runs;
    luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    lua_sethook(L, NULL, 0, 0);
    if (++runs % RUNS_A_SWEEP == 0) lua_gc(L, LUA_GCCOLLECT, 0);
    lua_sethook(L, fuzz_lua_count, LUA_MASKLINE, 0);
}

/* What our Lua never says on purpose: that it has stumbled itself. */
static inline bool fuzz_lua_is_stumble(const char *text)
{
    static const char *const signs[] = {"attempt to ", "bad argument #", "got no value",
                                        "perilune/",   "invalid order",  "stack overflow"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strstr(text, signs[i])) return true;
    return false;
}

#endif
