/* SPDX-License-Identifier: MIT
 *
 * core.text: characters, case and classes of Unicode; and the functions of core that turn numbers
 * into text. */
#include "script/bind.h"

#include "text/casing.h"
#include "text/chars.h"
#include "text/class.h"
#include "text/number.h"

#include <lauxlib.h>
#include <math.h>

/* A position: below 1 is 1; beyond any text is beyond this one. */
static size_t check_position(lua_State *L, int index)
{
    lua_Number n = luaL_checknumber(L, index);
    if (n >= 0x1p53) return (size_t)1 << 53;
    return n >= 1 ? (size_t)n : 0;
}

/* -- characters -- */

/* length(s) -> how many characters */
static int text_length(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)pl_chars_count(pl_check_slice(L, 1)));
    return 1;
}

/* sub(s, i, j) -> characters i to j */
static int text_sub(lua_State *L)
{
    pl_slice s = pl_check_slice(L, 1);
    pl_slice part = pl_chars_sub(s, check_position(L, 2), check_position(L, 3));
    if (part.len == s.len)
        lua_settop(L, 1);
    else
        pl_push_slice(L, part);
    return 1;
}

/* chars(s) -> list of the characters */
static int text_chars(lua_State *L)
{
    pl_slice s = pl_check_slice(L, 1);
    uint32_t c;
    lua_createtable(L, (int)pl_chars_count(s), 0);
    int count = 0;
    for (const char *p = s.ptr, *end = p + s.len, *next; p < end; p = next) {
        next = pl_char_read(p, end, &c);
        lua_pushlstring(L, p, (size_t)(next - p));
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

/* find(s, needle, from?, to?) -> index of the first character, or nil. The whole needle lies within
 * the characters `from` to `to`. */
static int text_find(lua_State *L)
{
    pl_slice s = pl_check_slice(L, 1), needle = pl_check_slice(L, 2);
    size_t from = lua_isnoneornil(L, 3) ? 1 : check_position(L, 3);
    size_t to = lua_isnoneornil(L, 4) ? SIZE_MAX : check_position(L, 4);
    size_t found = pl_chars_find(s, needle, from, to);
    if (found > 0)
        lua_pushnumber(L, (lua_Number)found);
    else
        lua_pushnil(L);
    return 1;
}

/* repair(s) -> the text with U+FFFD for what is not UTF-8 */
static int text_repair(lua_State *L)
{
    pl_slice s = pl_check_slice(L, 1);
    if (pl_chars_are_valid(s)) {
        lua_settop(L, 1);
        return 1;
    }
    pl_buf *out = pl_scratch(L);
    pl_chars_repair(out, s);
    return pl_push_buf(L, out);
}

/* -- case and classes -- */

#define CASING(name, casing)                       \
    static int text_##name(lua_State *L)           \
    {                                              \
        pl_slice s = pl_check_slice(L, 1);         \
        pl_buf *out = pl_scratch(L);               \
        pl_casing_put(out, s, PL_CASING_##casing); \
        return pl_push_buf(L, out);                \
    }
CASING(upper, UPPER)
CASING(lower, LOWER)
CASING(casefold, FOLD)
CASING(capitalize, CAPITALIZE)
CASING(title, TITLE)
CASING(swapcase, SWAP)

/* is(s, class) -> boolean */
static int text_is(lua_State *L)
{
    pl_slice s = pl_check_slice(L, 1), name = pl_check_slice(L, 2);
    enum pl_text_class class = pl_text_class_of(name);
    if (class == PL_TEXT_CLASS_COUNT) return luaL_argerror(L, 2, "there is no such class of texts");
    lua_pushboolean(L, pl_text_is(s, class));
    return 1;
}

/* -- numbers -- */

int pl_bind_number_text(lua_State *L)
{
    lua_Number n = luaL_checknumber(L, 1);
    pl_buf *out = pl_scratch(L);
    pl_number_put_float(out, n);
    return pl_push_buf(L, out);
}

int pl_bind_format_double(lua_State *L)
{
    lua_Number n = luaL_checknumber(L, 1), precision = luaL_checknumber(L, 2);
    const char *letter = luaL_checkstring(L, 3);
    luaL_argcheck(L, precision >= 0 && precision <= PL_NUMBER_MAX_PRECISION, 2,
                  "the precision must be 0 to 100000");
    luaL_argcheck(L, *letter && strchr("eEfFgG", *letter) && !letter[1], 3,
                  "expected e, E, f, F, g or G");
    pl_buf *out = pl_scratch(L);
    pl_number_put_formatted(out, n, (int)precision, *letter);
    return pl_push_buf(L, out);
}

int pl_bind_round(lua_State *L)
{
    lua_Number n = luaL_checknumber(L, 1), digits = luaL_optnumber(L, 2, 0);
    lua_Number result = pl_number_round(n, (int)fmax(fmin(digits, 1000), -1000));
    if (isinf(result) && !isinf(n)) {
        lua_pushliteral(L, "rounded value too large to represent");
        return lua_error(L);
    }
    lua_pushnumber(L, result);
    return 1;
}

static const luaL_Reg text_functions[] = {
    {"length", text_length},
    {"sub", text_sub},
    {"chars", text_chars},
    {"find", text_find},
    {"repair", text_repair},
    {"upper", text_upper},
    {"lower", text_lower},
    {"casefold", text_casefold},
    {"capitalize", text_capitalize},
    {"title", text_title},
    {"swapcase", text_swapcase},
    {"is", text_is},
    {NULL, NULL},
};

int pl_open_text(lua_State *L)
{
    return pl_push_functions(L, text_functions);
}
