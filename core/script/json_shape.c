/* SPDX-License-Identifier: MIT
 *
 * The order of keys. Events of one type have the same keys in the same order, so a state keeps each
 * such sequence once, as a path in a trie, and every object made of it shares one metatable, which
 * leads back to the node:
 *
 *     {} --id--> {id} --type--> {id,type} --data--> {id,type,data}   <- metatable of
 *                  |                                                    {"id":1,"type":2,"data":3}
 *                  '---data--> {id,data}
 *
 * What that buys: an object costs no list of its own; a key that a path already knows is a Lua
 * string at hand instead of bytes to intern; whether a key is there twice is asked once, when an
 * edge is made; and when writing, the key is at hand as JSON text.
 *
 * Of a shape that comes again and again tables are made, and read, by functions (json_maker.c).
 *
 * The trie never shrinks, so it is bounded: in nodes, in children of one node (documents with ids
 * for keys), in keys of one object, in bytes of a key. Beyond, an object gets a metatable of its own
 * with the list of its keys. Scripts reach neither (__metatable).
 *
 * The dicts of templates are such listed objects too. Their list is kept up to date by the template
 * engine, and holds keys that JSON does not have: numbers, true and false (stored as 1 and 0, which
 * they equal in Python), null, and tables and numbers of any length, stored under a text that
 * begins with a NUL. */
#include "script/codec.h"

#include "base/json_bytes.h"

#include <lauxlib.h>
#include <stdlib.h>

#define MAX_SHAPES    8192
#define MAX_CHILDREN  64
#define MAX_KEY_BYTES 256

/* Index in a metatable: [KIND] is a pointer to a shape or one
 * of the two marks, [LIST] the keys of a listed object. */
enum { KIND = 1, LIST };

char pl_array_mark, pl_tuple_mark;
static char list_mark;

static uint32_t bucket_of(const pl_shape *parent, pl_slice key)
{
    uint32_t h = (uint32_t)parent->cell * 0x9e3779b1u;
    for (size_t i = 0; i < key.len; i++)
        h = (h ^ (unsigned char)key.ptr[i]) * 0x01000193u;
    return (h ^ h >> 15) % PL_SHAPE_BUCKETS;
}

static bool key_is(const pl_shape *s, pl_slice key)
{
    return s->key_len == key.len && pl_same_bytes(s->key, key.ptr, key.len);
}

/* False: the key is not UTF-8, as a script's can be. */
static bool write_member(pl_shape *s)
{
    pl_buf member;
    pl_buf_init(&member);
    PL_BUF_PUT(&member, ",\"");
    bool is_written = pl_string_put(&member, s->key, s->key_len) < 0;
    PL_BUF_PUT(&member, "\":");
    memset(pl_buf_reserve(&member, PL_MEMBER_SLACK), 0, PL_MEMBER_SLACK);
    s->member = pl_buf_take(&member, &s->member_len);
    return is_written;
}

static void free_shape(pl_shape *s)
{
    free(s->path);
    free(s->member);
    free(s);
}

/* Gives the next shape its cells. All of them have a value, so that they are an array for Lua. */
static const char *take_cells(pl_codec *c, lua_State *L, int cells, pl_slice key)
{
    lua_pushlstring(L, key.ptr, key.len);
    const char *text = lua_tostring(L, -1);
    lua_rawseti(L, cells, c->next_cell + PL_CELL_KEY);
    for (int i = PL_CELL_KEY + 1; i < PL_CELLS; i++) {
        lua_pushboolean(L, false);
        lua_rawseti(L, cells, c->next_cell + i);
    }
    return text;
}

/* Adds what follows `parent` by the key. NULL: the trie takes no more here, or no such key. */
static pl_shape *add_shape(pl_codec *c, lua_State *L, int cells, pl_shape *parent, pl_slice key,
                           uint32_t bucket, uint32_t *count)
{
    if (parent->children == MAX_CHILDREN || *count == MAX_SHAPES || key.len > MAX_KEY_BYTES)
        return NULL;
    const char *text = take_cells(c, L, cells, key); /* first what may raise */
    pl_shape *s = pl_alloc(sizeof *s);
    *s = (pl_shape){.parent = parent,
                    .next = c->buckets[bucket],
                    .key = text,
                    .key_len = key.len,
                    .word = key.len <= 8 ? pl_word_of(text, key.len) : 0,
                    .cell = c->next_cell,
                    .depth = parent->depth + 1};
    if (!write_member(s)) {
        free_shape(s);
        return NULL;
    }
    c->next_cell += PL_CELLS;
    c->buckets[bucket] = s;
    parent->children++;
    ++*count;
    return s;
}

static bool has_key(const pl_shape *s, pl_slice key)
{
    for (; s->parent; s = s->parent)
        if (key_is(s, key)) return true;
    return false;
}

enum pl_shape_step pl_shape_child(pl_codec *c, lua_State *L, int cells, pl_shape **shape,
                                  pl_slice key, uint32_t *count)
{
    pl_shape *parent = *shape, *s = parent->last;
    if (s && key_is(s, key)) {
        *shape = s;
        return PL_SHAPE_OK;
    }
    uint32_t bucket = bucket_of(parent, key);
    for (s = c->buckets[bucket]; s; s = s->next)
        if (s->parent == parent && key_is(s, key)) break;
    if (s == NULL) {
        if (has_key(parent, key)) return PL_SHAPE_DUPLICATE;
        if (parent->depth == PL_SHAPE_MAX_KEYS) return PL_SHAPE_FULL;
        s = add_shape(c, L, cells, parent, key, bucket, count);
        if (s == NULL) return PL_SHAPE_FULL;
    }
    parent->last = s;
    *shape = s;
    return PL_SHAPE_OK;
}

void pl_shape_push_meta(lua_State *L, void *kind)
{
    lua_createtable(L, 2, 1);
    lua_pushlightuserdata(L, kind);
    lua_rawseti(L, -2, KIND);
    /* What getmetatable gives: our own Lua asks it, because that is compiled. */
    lua_pushstring(L, kind == &pl_array_mark   ? "array"
                      : kind == &pl_tuple_mark ? "tuple"
                                               : "object");
    lua_setfield(L, -2, "__metatable");
}

void pl_shape_make_path(pl_shape *s)
{
    if (s->path) return;
    s->path = pl_alloc((s->depth + 1) * sizeof *s->path);
    for (pl_shape *at = s; at->parent; at = at->parent)
        s->path[at->depth - 1] = at;
}

void pl_shape_mark(lua_State *L, int cells, pl_shape *shape, int table)
{
    if (shape->path == NULL) {
        pl_shape_make_path(shape);
        pl_shape_push_meta(L, shape);
        lua_rawseti(L, cells, shape->cell + PL_CELL_META);
    }
    lua_rawgeti(L, cells, shape->cell + PL_CELL_META);
    lua_setmetatable(L, table);
}

void pl_shape_mark_listed(lua_State *L, int table)
{
    pl_shape_push_meta(L, &list_mark);
    lua_insert(L, -2); /* stack: metatable, list (top) */
    lua_rawseti(L, -2, LIST);
    lua_setmetatable(L, table);
}

enum pl_table_kind pl_table_kind_by(lua_State *L, pl_shape **shape)
{
    lua_rawgeti(L, -1, KIND);
    void *kind = lua_islightuserdata(L, -1) ? lua_touserdata(L, -1) : NULL;
    lua_pop(L, 1);
    if (kind == NULL) return PL_TABLE_PLAIN;
    if (kind == &pl_array_mark || kind == &pl_tuple_mark) return PL_TABLE_ARRAY;
    if (kind == &list_mark) return PL_TABLE_LISTED;
    *shape = kind;
    return PL_TABLE_SHAPED;
}

enum pl_table_kind pl_table_kind_of(lua_State *L, int table, pl_shape **shape)
{
    if (!lua_getmetatable(L, table)) return PL_TABLE_PLAIN;
    enum pl_table_kind kind = pl_table_kind_by(L, shape);
    lua_pop(L, 1);
    return kind;
}

void pl_table_push_list(lua_State *L, int table)
{
    lua_getmetatable(L, table);
    lua_rawgeti(L, -1, LIST);
    lua_remove(L, -2);
}

void pl_table_own_list(lua_State *L, int table)
{
    pl_table_push_list(L, table);
    int list = lua_gettop(L), count = (int)lua_objlen(L, list);
    lua_createtable(L, count, 0);
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, list, i);
        lua_rawseti(L, list + 1, i);
    }
    pl_shape_mark_listed(L, table);
    lua_settop(L, list - 1);
}

static pl_shape *new_root(pl_codec *c)
{
    pl_shape *root = pl_alloc_zero(sizeof *root);
    root->cell = c->next_cell;
    c->next_cell += PL_CELLS;
    return root;
}

void pl_shapes_init(pl_codec *c, lua_State *L)
{
    lua_newtable(L);
    c->cells = luaL_ref(L, LUA_REGISTRYINDEX);
    c->buckets = pl_alloc_zero(PL_SHAPE_BUCKETS * sizeof *c->buckets);
    c->next_cell = 1;
    c->root = new_root(c);
    c->forms = new_root(c);
}

void pl_shapes_fini(pl_codec *c)
{
    for (size_t i = 0; i < PL_SHAPE_BUCKETS; i++)
        for (pl_shape *s = c->buckets[i], *next; s; s = next) {
            next = s->next;
            free_shape(s);
        }
    free_shape(c->root);
    free_shape(c->forms);
    free(c->buckets);
}
