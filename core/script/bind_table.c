/* SPDX-License-Identifier: MIT
 *
 * core.table: Lua's table library, for scripts. Positions are within the list (as in Lua 5.3: in
 * LuaJIT, insert({}, -2^31, x) moves two thousand million items), sizes are bounded, sorting is
 * n log n and bears any comparator, long loops end with the time of a run, and a frozen table stays
 * as it is. All of it is raw, as in LuaJIT. A comparator cannot wait: this is C between it and the
 * gate. */
#include "script/bind.h"

#include "script/budget.h"
#include "script/maker.h"

#include <lauxlib.h>
#include <limits.h>

#define POLL_STEPS 1000 /* moves and comparisons from one look at the budget to the next */

static inline void step(lua_State *L, int *steps)
{
    if (++*steps % POLL_STEPS == 0) pl_budget_poll(L);
}

/* -- arguments -- */

/* A table with a metatable that hides itself as `false` belongs to the gateway. */
static void check_changeable(lua_State *L, int index)
{
    luaL_checktype(L, index, LUA_TTABLE);
    if (!luaL_getmetafield(L, index, "__metatable")) return;
    if (lua_isboolean(L, -1) && !lua_toboolean(L, -1))
        luaL_argerror(L, index, "this table cannot be changed");
    lua_pop(L, 1);
}

static int check_position(lua_State *L, int index, int first, int last)
{
    lua_Number n = luaL_checknumber(L, index);
    luaL_argcheck(L, n >= first && n < (lua_Number)last + 1, index, "position out of bounds");
    return (int)n;
}

static int opt_position(lua_State *L, int index, int fallback)
{
    if (lua_isnoneornil(L, index)) return fallback;
    return check_position(L, index, INT_MIN, INT_MAX);
}

static int length(lua_State *L, int index)
{
    return (int)lua_objlen(L, index);
}

/* -- insert, remove -- */

/* insert(list, value), insert(list, position, value) */
static int table_insert(lua_State *L)
{
    int steps = 0, end, at;
    check_changeable(L, 1);
    end = at = length(L, 1) + 1;
    int count = lua_gettop(L);
    if (count != 2 && count != 3) return luaL_error(L, "wrong number of arguments to 'insert'");
    if (count == 3) at = check_position(L, 2, 1, end);
    for (int i = end; i > at; i--) {
        step(L, &steps);
        lua_rawgeti(L, 1, i - 1);
        lua_rawseti(L, 1, i);
    }
    lua_rawseti(L, 1, at);
    return 0;
}

/* remove(list, position?) -> value: the last one, or what stood there */
static int table_remove(lua_State *L)
{
    int steps = 0;
    check_changeable(L, 1);
    int last = length(L, 1), at = last;
    if (!lua_isnoneornil(L, 2)) at = check_position(L, 2, last > 0, last + 1);
    if (at == 0) return 0;
    lua_settop(L, 1);
    lua_rawgeti(L, 1, at);
    for (; at < last; at++) {
        step(L, &steps);
        lua_rawgeti(L, 1, at + 1);
        lua_rawseti(L, 1, at);
    }
    lua_pushnil(L);
    lua_rawseti(L, 1, at);
    return 1;
}

/* -- concat, maxn -- */

/* concat(list, separator?, first?, last?) -> text */
static int table_concat(lua_State *L)
{
    int steps = 0;
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t separator_len;
    const char *separator = luaL_optlstring(L, 2, "", &separator_len);
    int64_t at = opt_position(L, 3, 1), last = opt_position(L, 4, length(L, 1));
    pl_maker text;
    pl_maker_begin(&text, L);
    for (; at <= last; at++) {
        step(L, &steps);
        lua_rawgeti(L, 1, (int)at);
        if (!pl_maker_put_value(&text))
            return luaL_error(L, "invalid value (%s) at index %d in table for 'concat'",
                              luaL_typename(L, -1), (int)at);
        if (at < last) pl_maker_put(&text, separator, separator_len);
    }
    pl_maker_end(&text);
    return 1;
}

/* maxn(table) -> the largest number among the keys, or 0 */
static int table_maxn(lua_State *L)
{
    int steps = 0;
    lua_Number max = 0;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_pushnil(L);
    for (; lua_next(L, 1); lua_pop(L, 1)) { /* stack: table, key, value (top) */
        step(L, &steps);
        if (lua_type(L, 2) == LUA_TNUMBER && lua_tonumber(L, 2) > max) max = lua_tonumber(L, 2);
    }
    lua_pushnumber(L, max);
    return 1;
}

/* -- sort -- */

/* Sorts the places of the items, by merging runs that double in width, and then puts a copy of the
 * list in that order: so it is stable, never more than n log n, and whatever a comparator says, does
 * or raises, the list has its items, each once. */
enum { LIST = 1, COMPARATOR, ITEMS, PLACES }; /* on the stack */

typedef struct sorting {
    lua_State *L;
    int count, steps;
    int *from, *to; /* places, in two halves of a userdata */
} sorting;

static bool is_before(lua_State *L, int a, int b)
{
    bool has_comparator = !lua_isnil(L, COMPARATOR), result;
    if (has_comparator) lua_pushvalue(L, COMPARATOR);
    lua_rawgeti(L, ITEMS, a);
    lua_rawgeti(L, ITEMS, b);
    if (has_comparator) lua_call(L, 2, 1);
    result = has_comparator ? lua_toboolean(L, -1) : lua_lessthan(L, -2, -1);
    lua_settop(L, PLACES);
    return result;
}

/* Merges left to middle-1 and middle to end-1. */
static void merge(sorting *s, int left, int middle, int end)
{
    int right = middle;
    for (int i = left, last_left = middle; i < end; i++) {
        step(s->L, &s->steps);
        bool takes_left =
            right == end || (left < last_left && !is_before(s->L, s->from[right], s->from[left]));
        s->to[i] = s->from[takes_left ? left++ : right++];
    }
}

static int at_most(int64_t n, int limit)
{
    return n < limit ? (int)n : limit;
}

static void merge_runs(sorting *s)
{
    for (int64_t width = 1; width < s->count; width *= 2) {
        for (int64_t at = 0; at < s->count; at += 2 * width)
            merge(s, (int)at, at_most(at + width, s->count), at_most(at + 2 * width, s->count));
        int *from = s->from;
        s->from = s->to;
        s->to = from;
    }
}

/* Pushes a copy of the list and room for the places, which begin in the order of the list. */
static void begin_sorting(sorting *s)
{
    lua_State *L = s->L;
    lua_createtable(L, s->count, 0);
    s->from = lua_newuserdata(L, 2 * (size_t)s->count * sizeof(int));
    s->to = s->from + s->count;
    for (int i = 1; i <= s->count; i++) {
        step(L, &s->steps);
        s->from[i - 1] = i;
        lua_rawgeti(L, LIST, i);
        lua_rawseti(L, ITEMS, i);
    }
}

/* sort(list, is_before?) */
static int table_sort(lua_State *L)
{
    check_changeable(L, LIST);
    if (!lua_isnoneornil(L, COMPARATOR)) luaL_checktype(L, COMPARATOR, LUA_TFUNCTION);
    lua_settop(L, COMPARATOR);
    sorting s = {.L = L, .count = length(L, LIST)};
    begin_sorting(&s);
    merge_runs(&s);
    for (int i = 1; i <= s.count; i++) {
        lua_rawgeti(L, ITEMS, s.from[i - 1]);
        lua_rawseti(L, LIST, i);
    }
    return 0;
}

static const luaL_Reg table_functions[] = {
    {"concat", table_concat}, {"insert", table_insert}, {"maxn", table_maxn},
    {"remove", table_remove}, {"sort", table_sort},     {NULL, NULL},
};

int pl_open_table(lua_State *L)
{
    return pl_push_functions(L, table_functions);
}
