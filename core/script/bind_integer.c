/* SPDX-License-Identifier: MIT
 *
 * core.integer: integers of any length as decimal texts. No result is nil and the reason. */
#include "script/bind.h"

#include "crypto/integer.h"
#include "text/class.h"

#include <lauxlib.h>
#include <math.h>

/* Texts that are results of others come here with each operation, so errors are values. */
static int push_result(lua_State *L, const pl_buf *out, const char *wrong)
{
    return wrong ? pl_push_wrong(L, wrong) : pl_push_buf(L, out);
}

#define OPERATION(name, operation)                                                         \
    static int integer_##name(lua_State *L)                                                \
    {                                                                                      \
        pl_slice a = pl_check_slice(L, 1), b = pl_check_slice(L, 2);                       \
        pl_buf *out = pl_scratch(L);                                                       \
        return push_result(L, out, pl_integer_compute(out, PL_INTEGER_##operation, a, b)); \
    }
OPERATION(add, ADD)
OPERATION(sub, SUB)
OPERATION(mul, MUL)
OPERATION(floordiv, FLOORDIV)
OPERATION(mod, MOD)
OPERATION(pow, POW)

/* compare(a, b) -> -1, 0 or 1 */
static int integer_compare(lua_State *L)
{
    int sign;
    const char *wrong = pl_integer_compare(&sign, pl_check_slice(L, 1), pl_check_slice(L, 2));
    if (wrong) return pl_push_wrong(L, wrong);
    lua_pushinteger(L, sign);
    return 1;
}

/* of_double(n) -> every digit of a whole number */
static int integer_of_double(lua_State *L)
{
    lua_Number n = luaL_checknumber(L, 1);
    luaL_argcheck(L, isfinite(n) && n == floor(n), 1, "expected a whole number");
    pl_buf *out = pl_scratch(L);
    pl_buf_printf(out, "%.0f", n == 0 ? 0 : n); /* not "-0" */
    return pl_push_buf(L, out);
}

/* parse(text, base?) -> decimal text; of digits of any script, as Python's int(text, base) */
static int integer_parse(lua_State *L)
{
    pl_slice text = pl_check_slice(L, 1);
    int base = luaL_optint(L, 2, 10);
    pl_buf *out = pl_scratch(L), plain = {0};
    pl_text_put_plain_number(&plain, text);
    const char *wrong = pl_integer_parse(out, pl_buf_slice(&plain), base);
    pl_buf_fini(&plain);
    return push_result(L, out, wrong);
}

/* format(text, base) -> its digits in the base */
static int integer_format(lua_State *L)
{
    pl_slice a = pl_check_slice(L, 1);
    int base = luaL_checkint(L, 2);
    pl_buf *out = pl_scratch(L);
    return push_result(L, out, pl_integer_format(out, a, base));
}

static const luaL_Reg integer_functions[] = {
    {"add", integer_add},
    {"sub", integer_sub},
    {"mul", integer_mul},
    {"floordiv", integer_floordiv},
    {"mod", integer_mod},
    {"pow", integer_pow},
    {"compare", integer_compare},
    {"of_double", integer_of_double},
    {"parse", integer_parse},
    {"format", integer_format},
    {NULL, NULL},
};

int pl_open_integer(lua_State *L)
{
    return pl_push_functions(L, integer_functions);
}
