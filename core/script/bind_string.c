/* SPDX-License-Identifier: MIT
 *
 * core.string: the functions of Lua's string library that can take long, on a matcher that can be
 * stopped (text/pattern.h). They do what LuaJIT's do and say what those say, and raise when the time
 * of a run is over. A function that gsub calls cannot wait: this is C between it and the gate.
 *
 * Scripts have them as `string` and as methods of strings; of our own Lua, what calls
 * string.find and not text:find has LuaJIT's, which is compiled: for plain searches, and patterns
 * that take no more than one look at a byte. */
#include "script/bind.h"

#include "script/budget.h"
#include "script/maker.h"
#include "text/pattern.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>

#define BYTES_PER_STEP 64 /* of copying beside matching */
#define FEW_CAPTURES   4  /* for which there is room on any stack, also beside a luaL_Buffer */

/* -- arguments -- */

/* Numbers are texts too, as in all of Lua's library. */
static pl_slice check_text(lua_State *L, int index)
{
    pl_slice s;
    s.ptr = luaL_checklstring(L, index, &s.len);
    return s;
}

/* A whole number, which what is beyond is taken to. */
static ptrdiff_t opt_count(lua_State *L, int index, ptrdiff_t fallback)
{
    lua_Number n = luaL_optnumber(L, index, (lua_Number)fallback);
    if (!(n > -0x1p53)) return -((ptrdiff_t)1 << 53);
    return n < 0x1p53 ? (ptrdiff_t)n : (ptrdiff_t)1 << 53;
}

/* `init`: where a search begins, as an offset; counted from the end when negative. */
static size_t opt_offset(lua_State *L, int index, size_t len)
{
    ptrdiff_t at = opt_count(L, index, 1);
    at = at < 0 ? at + (ptrdiff_t)len : at - 1;
    if (at < 0) return 0;
    return (size_t)at < len ? (size_t)at : len;
}

/* -- matching -- */

static bool is_over(void *ud)
{
    return pl_budget_is_over(pl_vm_of(ud));
}

static void raise_over(lua_State *L)
{
    pl_budget_poll(L);
    luaL_error(L, "time budget exceeded");
}

static bool search(lua_State *L, pl_pattern *m, size_t from)
{
    enum pl_pattern_result result = pl_pattern_find(m, from);
    if (result == PL_PATTERN_WRONG) luaL_error(L, "%s", m->wrong);
    if (result == PL_PATTERN_OVER) raise_over(L);
    return result == PL_PATTERN_FOUND;
}

static pl_capture capture_of(lua_State *L, pl_pattern *m, int index)
{
    pl_capture capture;
    if (!pl_pattern_capture(m, index, &capture)) luaL_error(L, "%s", m->wrong);
    return capture;
}

static void push_capture(lua_State *L, pl_pattern *m, int index)
{
    pl_capture capture = capture_of(L, m, index);
    if (capture.len == PL_CAPTURE_POSITION)
        lua_pushinteger(L, capture.start - m->text.ptr + 1);
    else
        lua_pushlstring(L, capture.start, (size_t)capture.len);
}

static int push_captures(lua_State *L, pl_pattern *m, int least)
{
    int count = m->capture_count > least ? m->capture_count : least;
    if (count > FEW_CAPTURES) luaL_checkstack(L, count, "too many captures");
    for (int i = 0; i < count; i++)
        push_capture(L, m, i);
    return count;
}

/* -- find, match, gmatch -- */

static int find_plain(lua_State *L, pl_slice text, pl_slice wanted, size_t from)
{
    const char *found = pl_plain_find(pl_slice_from(text, from), wanted);
    if (found == NULL) return 0;
    lua_pushinteger(L, found - text.ptr + 1);
    lua_pushinteger(L, found - text.ptr + (ptrdiff_t)wanted.len);
    return 2;
}

static int find_pattern(lua_State *L, pl_slice text, pl_slice pattern, size_t from)
{
    pl_pattern m;
    pl_pattern_init(&m, text, pattern, true, is_over, L);
    if (!search(L, &m, from)) return 0;
    lua_pushinteger(L, m.start - text.ptr + 1);
    lua_pushinteger(L, m.end - text.ptr);
    return 2 + push_captures(L, &m, 0);
}

static int one_nil(lua_State *L)
{
    lua_pushnil(L);
    return 1;
}

/* find(text, pattern, init?, plain?) -> first, last, captures...; or nil */
static int string_find(lua_State *L)
{
    pl_slice text = check_text(L, 1), pattern = check_text(L, 2);
    size_t from = opt_offset(L, 3, text.len);
    bool is_plain = lua_toboolean(L, 4) || pl_pattern_is_plain(pattern);
    int count = (is_plain ? find_plain : find_pattern)(L, text, pattern, from);
    return count ? count : one_nil(L);
}

/* match(text, pattern, init?) -> captures, or the whole match; or nil */
static int string_match(lua_State *L)
{
    pl_slice text = check_text(L, 1), pattern = check_text(L, 2);
    pl_pattern m;
    pl_pattern_init(&m, text, pattern, true, is_over, L);
    return search(L, &m, opt_offset(L, 3, text.len)) ? push_captures(L, &m, 1) : one_nil(L);
}

/* Where gmatch is: a userdata, the first upvalue; the others keep the text and the pattern. */
typedef struct walk {
    pl_slice text, pattern;
    size_t from; /* beyond the text: it has ended */
} walk;

static int gmatch_next(lua_State *L)
{
    walk *w = lua_touserdata(L, lua_upvalueindex(1));
    pl_pattern m;
    pl_pattern_init(&m, w->text, w->pattern, false, is_over, L);
    if (w->from > w->text.len || !search(L, &m, w->from)) return one_nil(L);
    w->from = (size_t)(m.end - w->text.ptr) + (m.end == m.start);
    return push_captures(L, &m, 1);
}

/* gmatch(text, pattern) -> iterator */
static int string_gmatch(lua_State *L)
{
    walk start = {check_text(L, 1), check_text(L, 2), 0};
    lua_settop(L, 2);
    walk *w = lua_newuserdata(L, sizeof *w);
    *w = start;
    lua_insert(L, 1);
    lua_pushcclosure(L, gmatch_next, 3);
    return 1;
}

/* -- gsub -- */

typedef struct gsub {
    lua_State *L;
    pl_pattern m;
    pl_slice template; /* the replacement, when it is a text */
    pl_maker out;
} gsub;

enum { REPLACEMENT = 3 }; /* index of the argument */

static void put_capture(gsub *g, int index)
{
    pl_capture capture = capture_of(g->L, &g->m, index);
    if (capture.len != PL_CAPTURE_POSITION) {
        pl_maker_put(&g->out, capture.start, (size_t)capture.len);
    } else {
        push_capture(g->L, &g->m, index);
        pl_maker_put_value(&g->out);
    }
}

static void put_match(gsub *g)
{
    pl_maker_put(&g->out, g->m.start, (size_t)(g->m.end - g->m.start));
}

/* %0 to %9 are captures, and % before anything else is left out: also before the end of the
 * replacement, where LuaJIT finds the NUL of C. */
static void put_template(gsub *g)
{
    const char *at = g->template.ptr, *end = at + g->template.len, *mark;
    while ((mark = memchr(at, '%', (size_t)(end - at))) != NULL) {
        pl_maker_put(&g->out, at, (size_t)(mark - at));
        if (mark[1] == '0')
            put_match(g);
        else if (mark[1] >= '1' && mark[1] <= '9')
            put_capture(g, mark[1] - '1');
        else
            pl_maker_put(&g->out, mark + 1, 1);
        at = mark + 2;
        if (at > end) return;
    }
    pl_maker_put(&g->out, at, (size_t)(end - at));
}

/* Of the value on top: a text, or false and nil for no change. */
static void put_result(gsub *g)
{
    lua_State *L = g->L;
    if (pl_maker_put_value(&g->out)) return;
    if (lua_toboolean(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    lua_pop(L, 1);
    put_match(g);
}

static void put_replacement(gsub *g)
{
    lua_State *L = g->L;
    if (g->template.ptr) {
        put_template(g);
        return;
    }
    if (lua_istable(L, REPLACEMENT)) {
        push_capture(L, &g->m, 0);
        lua_gettable(L, REPLACEMENT);
    } else {
        lua_pushvalue(L, REPLACEMENT);
        lua_call(L, push_captures(L, &g->m, 1), 1);
    }
    put_result(g);
}

static void check_replacement(gsub *g)
{
    switch (lua_type(g->L, REPLACEMENT)) {
    case LUA_TSTRING:
    case LUA_TNUMBER:
        g->template = check_text(g->L, REPLACEMENT);
        return;
    case LUA_TFUNCTION:
    case LUA_TTABLE:
        g->template = PL_NO_SLICE;
        return;
    default:
        luaL_argerror(g->L, REPLACEMENT, "string/function/table expected");
    }
}

/* A text that many long ones are put into takes time though it has few matches. */
static void spend_copying(gsub *g, size_t made_before)
{
    if (!pl_pattern_spend(&g->m, (g->out.made - made_before) / BYTES_PER_STEP)) raise_over(g->L);
}

/* How many matches were replaced. An empty match is followed by a byte that is left as it is. */
static ptrdiff_t replace_all(gsub *g, ptrdiff_t limit)
{
    ptrdiff_t count = 0;
    const char *rest = g->m.text.ptr;
    size_t from = 0;
    while (count < limit && from <= g->m.text.len && search(g->L, &g->m, from)) {
        const char *end = g->m.end;
        size_t made_before = g->out.made;
        pl_maker_put(&g->out, rest, (size_t)(g->m.start - rest));
        put_replacement(g);
        spend_copying(g, made_before);
        count++;
        rest = end;
        from = (size_t)(end - g->m.text.ptr) + (end == g->m.start);
        if (g->m.is_anchored) break;
    }
    if (count > 0) pl_maker_put(&g->out, rest, (size_t)(g->m.text.ptr + g->m.text.len - rest));
    return count;
}

/* gsub(text, pattern, replacement, limit?) -> text, count */
static int string_gsub(lua_State *L)
{
    gsub g;
    pl_slice text = check_text(L, 1), pattern = check_text(L, 2);
    g.L = L;
    check_replacement(&g);
    ptrdiff_t limit = opt_count(L, 4, PTRDIFF_MAX);
    lua_settop(L, REPLACEMENT);
    pl_pattern_init(&g.m, text, pattern, true, is_over, L);
    pl_maker_begin(&g.out, L);
    ptrdiff_t count = replace_all(&g, limit);
    if (count > 0)
        pl_maker_end(&g.out);
    else
        lua_pushvalue(L, 1);
    lua_pushinteger(L, count);
    return 2;
}

/* -- rep -- */

/* rep(text, count, separator?) -> text. LuaJIT's own, the upvalue, once the size is known. */
static int string_rep(lua_State *L)
{
    size_t len = check_text(L, 1).len;
    luaL_checknumber(L, 2);
    ptrdiff_t count = opt_count(L, 2, 0);
    bool has_separator = !lua_isnoneornil(L, 3);
    if (has_separator) len += check_text(L, 3).len;
    if (count > 0) pl_maker_check(L, (double)len * (double)count);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_pushnumber(L, len > 0 ? (lua_Number)count : 0); /* nothing, however often */
    if (has_separator) lua_pushvalue(L, 3);
    lua_call(L, has_separator ? 3 : 2, 1);
    return 1;
}

static const luaL_Reg string_functions[] = {
    {"find", string_find},
    {"match", string_match},
    {"gmatch", string_gmatch},
    {"gsub", string_gsub},
    {NULL, NULL},
};

int pl_open_string(lua_State *L)
{
    pl_push_functions(L, string_functions);
    lua_getglobal(L, LUA_STRLIBNAME);
    lua_getfield(L, -1, "rep");
    lua_remove(L, -2);
    lua_pushcclosure(L, string_rep, 1);
    lua_setfield(L, -2, "rep");
    return 1;
}

static void copy_fields(lua_State *L, int from, int to)
{
    lua_pushnil(L);
    while (lua_next(L, from)) { /* stack: ..., key, value (top) */
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, to);
    }
}

/* Methods of strings: Lua's library with core.string over it, and without string.dump. */
void pl_bind_string_methods(lua_State *L)
{
    lua_settop(L, 0);
    lua_newtable(L);
    lua_getglobal(L, LUA_STRLIBNAME);
    pl_open_string(L); /* stack: methods, string, core.string (top) */
    copy_fields(L, 2, 1);
    copy_fields(L, 3, 1);
    lua_pushnil(L);
    lua_setfield(L, 1, "dump");
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0); /* nobody gets at this table, which all share */
    lua_setfield(L, -2, "__metatable");
    lua_settop(L, 0);
}
