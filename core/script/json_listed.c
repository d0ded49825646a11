/* SPDX-License-Identifier: MIT
 *
 * Encoding: objects with a list of their keys. Those of templates have keys that JSON does not have,
 * and names for them (json_shape.c). */
#include "script/encode_impl.h"

#include <lauxlib.h>
#include <math.h>

/* Puts the text of a number in its place on the stack. */
static void name_number(pl_encoder *e, int key)
{
    double n = lua_tonumber(e->L, key);
    pl_buf *text = &e->codec->text;
    pl_buf_clear(text);
    if (isnan(n))
        PL_BUF_PUT(text, "NaN");
    else if (!pl_number_put(text, n))
        pl_buf_printf(text, "%sInfinity", n < 0 ? "-" : "");
    lua_pushlstring(e->L, text->ptr, text->len);
    lua_replace(e->L, key);
}

/* The name that JSON has for a key, as Python's json gives it; false: there is none. */
static bool name_key(pl_encoder *e, int key, pl_slice *name)
{
    lua_State *L = e->L;
    switch (lua_type(L, key)) {
    case LUA_TNUMBER:
        name_number(e, key);
        /* fall through */
    case LUA_TSTRING:
        name->ptr = lua_tolstring(L, key, &name->len);
        return true;
    case LUA_TBOOLEAN:
        *name = lua_toboolean(L, key) ? PL_SLICE("true") : PL_SLICE("false");
        return true;
    default:
        *name = PL_SLICE("null");
        return luaL_testudata(L, key, PL_NULL) != NULL;
    }
}

int pl_encode_listed(pl_encoder *e, int table, pl_frame *f)
{
    lua_State *L = e->L;
    pl_codec_push_keys(e->codec, L, table);
    int keys = lua_gettop(L), count = (int)lua_objlen(L, keys), code = 0;
    if (count != pl_encode_count(L, table))
        return pl_encode_refuse(e, f->up, "a table with mixed keys cannot be written as JSON");
    for (int i = 1; i <= count && code == 0; i++) {
        lua_rawgeti(L, keys, i); /* what it names stays: it is in `keys` */
        pl_codec_push_stored_key(L, keys + 1);
        if (!name_key(e, keys + 1, &f->key)) {
            code =
                pl_encode_refuse(e, f->up, "a table with a table as key cannot be written as JSON");
            break;
        }
        lua_rawget(L, table);
        code = pl_encode_member(e, f);
        lua_settop(L, keys + 1);
        lua_rawseti(L, keys, i); /* a number that became its text */
    }
    lua_settop(L, keys - 1);
    return code;
}

bool pl_encode_has_names_only(pl_encoder *e, int table)
{
    lua_State *L = e->L;
    bool is_name = true;
    pl_codec_push_keys(e->codec, L, table);
    int keys = lua_gettop(L), count = (int)lua_objlen(L, keys);
    for (int i = 1; i <= count && is_name; i++) {
        lua_rawgeti(L, keys, i);
        is_name = lua_type(L, -1) == LUA_TSTRING;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return is_name;
}
