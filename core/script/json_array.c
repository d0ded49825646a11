/* SPDX-License-Identifier: MIT
 *
 * Encoding: arrays. A table is one if its keys are 1..n, and lua_next gives them in that order
 * unless it was built otherwise. So elements are written as they come until one is out of order;
 * only then is it found out whether the table is a sequence all the same. */
#include "script/encode_impl.h"

#include "base/err.h"

#include <math.h>

/* As far as lua_next gives the elements in order. PL_WAIT: not to the end.
 * `index`: where the value is that it has just given, if there is `more`. */
static int encode_elements(pl_encoder *e, int table, pl_frame *f, bool more, int index)
{
    lua_State *L = e->L;
    for (; more; more = lua_next(L, table), f->element++) { /* stack: key, value (top) */
        bool in_order = lua_type(L, -2) == LUA_TNUMBER && lua_tonumber(L, -2) == f->element + 1;
        if (!in_order) return PL_WAIT;
        pl_encode_separate(e, f);
        int code = pl_encode_value(e, index, f);
        if (code) return code;
        lua_pop(L, 1);
    }
    return 0;
}

/* Elements that are not where sequences keep them (a table built from its end):
 * asked for one by one. */
static int encode_scattered(pl_encoder *e, int table, pl_frame *f, int count)
{
    lua_State *L = e->L;
    for (f->element = 0; f->element < count; f->element++) {
        lua_rawgeti(L, table, f->element + 1);
        pl_encode_separate(e, f);
        int code = pl_encode_value(e, lua_gettop(L), f);
        if (code) return code;
        lua_pop(L, 1);
    }
    return 0;
}

typedef struct contents {
    int strings, integers, others;
    double largest;
} contents;

static contents contents_of(lua_State *L, int table)
{
    contents c = {0};
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1)) {
        double n = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
        if (lua_type(L, -2) == LUA_TSTRING)
            c.strings++;
        else if (n >= 1 && n == floor(n))
            c.integers++;
        else
            c.others++;
        if (n > c.largest) c.largest = n;
    }
    return c;
}

static bool is_sequence(contents c)
{
    return c.strings == 0 && c.others == 0 && c.largest == c.integers;
}

int pl_encode_array(pl_encoder *e, int table, pl_frame *f, bool more)
{
    int top = lua_gettop(e->L) - (more ? 2 : 0);
    pl_buf *secrets = e->options->secrets;
    f->is_array = true;
    pl_buf_put_char(e->out, '[');
    size_t len = e->out->len, noted = secrets ? secrets->len : 0;
    int code = encode_elements(e, table, f, more, top + 2);
    if (code == PL_WAIT) {
        lua_settop(e->L, top);
        contents c = contents_of(e->L, table);
        if (!is_sequence(c))
            return pl_encode_refuse(e, f->up,
                                    "an array with holes or with keys cannot be written as JSON");
        e->out->len = len;
        if (secrets) secrets->len = noted;
        f->wants_comma = false;
        code = encode_scattered(e, table, f, c.integers);
    }
    return code ? code : pl_encode_end(e, f, ']');
}
