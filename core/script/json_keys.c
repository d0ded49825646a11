/* SPDX-License-Identifier: MIT
 *
 * The keys of a table in their order. Of a shaped table the shape's path says it, of a listed one its
 * list; what is there besides comes behind, sorted, and what is not there any more is left out. */
#include "script/codec.h"

#include <lauxlib.h>
#include <stdlib.h>

#define SLOTS 8 /* of the Lua stack */

static int compare_keys(const void *a, const void *b)
{
    const pl_slice *x = a, *y = b;
    int order = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static bool is_in_path(const pl_shape *shape, pl_slice key)
{
    for (; shape->parent; shape = shape->parent)
        if (shape->key_len == key.len && memcmp(shape->key, key.ptr, key.len) == 0) return true;
    return false;
}

int pl_codec_collect_keys(pl_codec *c, lua_State *L, int table, const pl_shape *except)
{
    pl_buf *keys = &c->keys;
    int count = 0;
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            lua_pop(L, 2);
            return -1;
        }
        pl_slice key;
        key.ptr = lua_tolstring(L, -2, &key.len);
        if (except && is_in_path(except, key)) continue;
        pl_buf_put(keys, &key, sizeof key);
        count++;
    }
    if (count > 1)
        qsort(keys->ptr + keys->len - (size_t)count * sizeof(pl_slice), (size_t)count,
              sizeof(pl_slice), compare_keys);
    return count;
}

/* Takes the key on the top of the stack: from the set,
 * if it is in there, to the end of the ordered ones. */
static void move_key(lua_State *L, int set, int ordered)
{
    lua_pushvalue(L, -1);
    lua_rawget(L, set);
    bool is_there = !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (!is_there) {
        lua_pop(L, 1);
        return;
    }
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, set);
    lua_rawseti(L, ordered, (int)lua_objlen(L, ordered) + 1);
}

void pl_codec_push_stored_key(lua_State *L, int key)
{
    switch (lua_type(L, key)) {
    case LUA_TBOOLEAN:
        lua_pushinteger(L, lua_toboolean(L, key));
        return;
    case LUA_TSTRING:
    case LUA_TNUMBER:
        lua_pushvalue(L, key);
        return;
    default:
        if (luaL_testudata(L, key, PL_NULL))
            lua_pushvalue(L, key);
        else
            lua_pushnil(L);
    }
}

/* A key of a list that is no string, on the top of the stack: to the ordered ones if it is there.
 * Of tables and long numbers the list is believed. */
static void move_other_key(lua_State *L, int table, int ordered)
{
    int key = lua_gettop(L);
    pl_codec_push_stored_key(L, key);
    bool is_there = lua_isnil(L, -1);
    if (!is_there) {
        lua_rawget(L, table);
        is_there = !lua_isnil(L, -1);
    }
    lua_settop(L, key);
    if (is_there)
        lua_rawseti(L, ordered, (int)lua_objlen(L, ordered) + 1);
    else
        lua_pop(L, 1);
}

static void move_source_keys(pl_codec *c, lua_State *L, int table, int set, int ordered)
{
    pl_shape *shape = NULL;
    enum pl_table_kind kind = pl_table_kind_of(L, table, &shape);
    if (kind == PL_TABLE_SHAPED) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, c->cells);
        for (uint32_t i = 0; i < shape->depth; i++) {
            lua_rawgeti(L, ordered + 1, shape->path[i]->cell + PL_CELL_KEY);
            move_key(L, set, ordered);
        }
        lua_pop(L, 1);
    } else if (kind == PL_TABLE_LISTED) {
        pl_table_push_list(L, table);
        int count = (int)lua_objlen(L, ordered + 1);
        for (int i = 1; i <= count; i++) {
            lua_rawgeti(L, ordered + 1, i);
            if (lua_type(L, -1) == LUA_TSTRING)
                move_key(L, set, ordered);
            else
                move_other_key(L, table, ordered);
        }
        lua_pop(L, 1);
    }
}

static void copy_string_keys(lua_State *L, int table, int set)
{
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) continue;
        lua_pushvalue(L, -2);
        lua_pushboolean(L, 1);
        lua_rawset(L, set);
    }
}

static bool is_listed(lua_State *L, int table)
{
    pl_shape *shape;
    return pl_table_kind_of(L, table, &shape) == PL_TABLE_LISTED;
}

void pl_codec_push_keys(pl_codec *c, lua_State *L, int table)
{
    size_t base = c->keys.len;
    int set = lua_gettop(L) + 1, ordered = set + 1;
    luaL_checkstack(L, SLOTS, NULL);
    lua_newtable(L);
    lua_newtable(L);
    copy_string_keys(L, table, set);
    move_source_keys(c, L, table, set, ordered);
    int count = pl_codec_collect_keys(c, L, set, NULL);
    for (int i = 0; i < count; i++) {
        pl_slice key;
        memcpy(&key, c->keys.ptr + base + (size_t)i * sizeof key, sizeof key);
        if (key.len > 0 && key.ptr[0] == 0 && is_listed(L, table)) continue;
        lua_pushlstring(L, key.ptr, key.len);
        lua_rawseti(L, ordered, (int)lua_objlen(L, ordered) + 1);
    }
    c->keys.len = base;
    lua_remove(L, set);
}
