/* SPDX-License-Identifier: MIT
 *
 * Numbers that keep what was written. LuaJIT prints a number with 14 significant digits, wherever
 * it prints one (`..`, tostring, table.concat). So a literal becomes a Lua number only if it would
 * be printed back as it stands: at most 14 digits, no exponent, no trailing zero behind the point,
 * not -0. All others become a userdata with the literal in it, which prints, concatenates and
 * encodes as written, and computes like a number as long as a double holds its value. Equal
 * literals are the same userdata, so that they work as keys. What Lua does not let us reach is a
 * comparison with a Lua number, operands of different types: `==` is false and `<` raises;
 * adding 0 makes one of it. */
#include "script/codec.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_DIGITS 14               /* of LuaJIT's number to text */
#define LIMIT      100000000000000u /* with more of them */
#define MAX_WHOLE  0x1p53

static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                       1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

static inline const char *read_digits(const char *p, const char *end, uint64_t *digits)
{
    for (; p < end && (unsigned char)(*p - '0') <= 9; p++)
        *digits = *digits * 10 + (unsigned char)(*p - '0');
    return p;
}

/* The value is exact division's: both the digits (below 10^14) and the power (up to 10^18) are
 * doubles, so one correctly rounded operation gives the double nearest to the literal. The grammar
 * was checked by the reader. */
double pl_number_plain(pl_slice literal)
{
    const char *p = literal.ptr, *end = p + literal.len;
    bool negative = *p == '-';
    uint64_t digits = 0;
    p += negative;
    if (end - p > MAX_DIGITS + 5) return NAN; /* 0.000 in front of the digits */
    p = read_digits(p, end, &digits);
    if (p == end) {
        if (digits >= LIMIT || (digits == 0 && negative)) return NAN;
        return negative ? -(double)(int64_t)digits : (double)(int64_t)digits;
    }
    const char *decimals = p + 1;
    if (*p != '.' || read_digits(decimals, end, &digits) < end) return NAN;
    double value = (double)(int64_t)digits / powers_of_ten[end - decimals];
    /* Below 0.0001 an exponent is printed. */
    if (digits >= LIMIT || end[-1] == '0' || value < 1e-4) return NAN;
    return negative ? -value : value;
}

static void push_new(lua_State *L, pl_slice literal)
{
    pl_exact *e = lua_newuserdata(L, sizeof *e + literal.len + 1);
    e->len = literal.len;
    memcpy(e->text, literal.ptr, literal.len);
    e->text[literal.len] = 0;
    luaL_getmetatable(L, PL_EXACT);
    lua_setmetatable(L, -2);
}

void pl_codec_push_exact(pl_codec *c, lua_State *L, pl_slice literal)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->exact);
    lua_pushlstring(L, literal.ptr, literal.len);
    lua_rawget(L, -2); /* stack: interned, userdata or nil (top) */
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        push_new(L, literal);
        lua_pushlstring(L, literal.ptr, literal.len);
        lua_pushvalue(L, -2);
        lua_rawset(L, -4);
    }
    lua_replace(L, -2);
}

void pl_codec_push_number(pl_codec *c, lua_State *L, pl_slice literal)
{
    double value = pl_number_plain(literal);
    if (isnan(value))
        pl_codec_push_exact(c, L, literal);
    else
        lua_pushnumber(L, value);
}

/* The double as Python's repr() writes one without a fraction. */
static void put_whole(char text[static 40], double value)
{
    if (fabs(value) < 1e16) {
        snprintf(text, 40, "%.1f", value);
        return;
    }
    int precision = 0;
    do
        snprintf(text, 40, "%.*e", precision, value);
    while (strtod(text, NULL) != value && precision++ < 17);
}

void pl_codec_push_number_read(pl_codec *c, lua_State *L, pl_slice literal)
{
    char text[40];
    double value;
    if (memchr(literal.ptr, '.', literal.len) == NULL &&
        memchr(literal.ptr, 'e', literal.len) == NULL &&
        memchr(literal.ptr, 'E', literal.len) == NULL) {
        bool is_zero = literal.len == 2 && memcmp(literal.ptr, "-0", 2) == 0;
        pl_codec_push_number(c, L, is_zero ? PL_SLICE("0") : literal);
        return;
    }
    lua_pushlstring(L, literal.ptr, literal.len); /* for the NUL behind it */
    value = strtod(lua_tostring(L, -1), NULL);
    lua_pop(L, 1);
    if (!isfinite(value) || value != floor(value)) {
        lua_pushnumber(L, value);
        return;
    }
    put_whole(text, value);
    pl_codec_push_number(c, L, pl_slice_of(text));
}

const pl_exact *pl_exact_at(lua_State *L, int index)
{
    return luaL_testudata(L, index, PL_EXACT);
}

static bool is_integer(const pl_exact *e)
{
    return strpbrk(e->text, ".eE") == NULL;
}

bool pl_exact_value(const pl_exact *e, double *value)
{
    *value = strtod(e->text, NULL);
    return isfinite(*value) && (!is_integer(e) || fabs(*value) < MAX_WHOLE ||
                                strcmp(e->text + (*e->text == '-'), "9007199254740992") == 0);
}

/* -- what scripts do with one -- */

static double operand(lua_State *L, int index)
{
    const pl_exact *e = pl_exact_at(L, index);
    double value;
    if (e == NULL) return luaL_checknumber(L, index);
    if (!pl_exact_value(e, &value))
        luaL_error(L, "%s has more digits than a Lua number can compute with", e->text);
    return value;
}

/* The sign of the difference. Integers compare by their digits, however many there are. */
static int compare_integers(const pl_exact *a, const pl_exact *b)
{
    int a_sign = a->text[0] == '-' ? -1 : 1, b_sign = b->text[0] == '-' ? -1 : 1;
    if (a_sign != b_sign)
        return strcmp(a->text, "-0") == 0 && strcmp(b->text, "0") == 0 ? 0 : a_sign;
    if (a->len != b->len) return a->len < b->len ? -a_sign : a_sign;
    return a_sign * strcmp(a->text, b->text);
}

static double magnitude(lua_State *L, int index)
{
    const pl_exact *e = pl_exact_at(L, index);
    return e ? strtod(e->text, NULL) : luaL_checknumber(L, index);
}

static int compare(lua_State *L)
{
    const pl_exact *a = pl_exact_at(L, 1), *b = pl_exact_at(L, 2);
    if (a && b && is_integer(a) && is_integer(b)) return compare_integers(a, b);
    double x = magnitude(L, 1), y = magnitude(L, 2);
    return (x > y) - (x < y);
}

static int exact_eq(lua_State *L)
{
    lua_pushboolean(L, compare(L) == 0);
    return 1;
}

static int exact_lt(lua_State *L)
{
    lua_pushboolean(L, compare(L) < 0);
    return 1;
}

static int exact_le(lua_State *L)
{
    lua_pushboolean(L, compare(L) <= 0);
    return 1;
}

#define ARITHMETIC(name, expression)                 \
    static int exact_##name(lua_State *L)            \
    {                                                \
        double a = operand(L, 1), b = operand(L, 2); \
        lua_pushnumber(L, expression);               \
        return 1;                                    \
    }
ARITHMETIC(add, a + b)
ARITHMETIC(sub, a - b)
ARITHMETIC(mul, a *b)
ARITHMETIC(div, a / b)
ARITHMETIC(mod, a - floor(a / b) * b)
ARITHMETIC(pow, pow(a, b))

static int exact_unm(lua_State *L)
{
    lua_pushnumber(L, -operand(L, 1));
    return 1;
}

static void push_text(lua_State *L, int index)
{
    const pl_exact *e = pl_exact_at(L, index);
    if (e == NULL && !lua_isstring(L, index))
        luaL_error(L, "attempt to concatenate a %s value", luaL_typename(L, index));
    if (e)
        lua_pushlstring(L, e->text, e->len);
    else
        lua_pushvalue(L, index);
}

static int exact_concat(lua_State *L)
{
    push_text(L, 1);
    push_text(L, 2);
    lua_concat(L, 2);
    return 1;
}

static int exact_tostring(lua_State *L)
{
    push_text(L, 1);
    return 1;
}

static const luaL_Reg exact_meta[] = {
    {"__eq", exact_eq},   {"__lt", exact_lt},         {"__le", exact_le},
    {"__add", exact_add}, {"__sub", exact_sub},       {"__mul", exact_mul},
    {"__div", exact_div}, {"__mod", exact_mod},       {"__pow", exact_pow},
    {"__unm", exact_unm}, {"__concat", exact_concat}, {"__tostring", exact_tostring},
    {NULL, NULL},
};

static void protect(lua_State *L)
{
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
}

void pl_numbers_init(pl_codec *c, lua_State *L)
{
    if (luaL_newmetatable(L, PL_EXACT)) {
        luaL_register(L, NULL, exact_meta);
        protect(L);
    }
    c->exact_meta_address = lua_topointer(L, -1);
    lua_pop(L, 1);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    c->exact = luaL_ref(L, LUA_REGISTRYINDEX);
}
