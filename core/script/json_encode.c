/* SPDX-License-Identifier: MIT
 *
 * Encoding. A table is written by what it is marked as: an array, or an object whose keys come in
 * source order with later ones behind them, sorted. An unmarked table of an integrator is a
 * sequence (1..n) or has string keys, which are sorted; anything between the two is an error, never
 * a guess. Nothing of a script runs here (no metamethods), so nothing changes underfoot, and a
 * failure is a return code: the scratch buffers never leak.
 *
 * The frames of the containers that are open are linked through the C stack;
 * they say where a mistake is. */
#include "script/codec.h"

#include "base/err.h"
#include "base/json.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#define SLOTS 8 /* of the Lua stack, for one level */

typedef struct frame {
    const struct frame *up;
    const void *table; /* identity, to tell a cycle */
    pl_slice key;      /* of the member that is being written; ptr NULL in an array */
    int element;       /* counts from 0 */
    int depth;
    bool wants_comma;
} frame;

typedef struct encoder {
    lua_State *L;
    pl_codec *codec;
    pl_buf *out;
    const pl_encode_options *options;
    int cells;
} encoder;

static int encode_value(encoder *e, int index, frame *up);

/* -- mistakes -- */

static void put_pointer(pl_buf *text, const frame *f)
{
    if (f == NULL) return;
    put_pointer(text, f->up);
    if (f->key.ptr)
        pl_json_pointer_put(text, f->key);
    else
        pl_buf_printf(text, "/%d", f->element);
}

/* `where` is the frame whose current member is at fault; NULL: the whole value. */
static int refuse(encoder *e, const frame *where, const char *what)
{
    pl_buf *text = &e->codec->text;
    pl_buf_clear(text);
    pl_buf_printf(text, "%s at \"", what);
    put_pointer(text, where);
    pl_buf_put_char(text, '"');
    return PL_E_SCRIPT;
}

/* -- strings and numbers -- */

static int encode_string(encoder *e, const char *s, size_t len, const frame *where)
{
    pl_buf_put_char(e->out, '"');
    if (pl_string_put(e->out, s, len) >= 0)
        return refuse(e, where, "a string that is not UTF-8 cannot be written as JSON");
    pl_buf_put_char(e->out, '"');
    return 0;
}

static int encode_number(encoder *e, int index, const frame *where)
{
    if (pl_number_put(e->out, lua_tonumber(e->L, index))) return 0;
    return refuse(e, where, "a number that is not finite cannot be written as JSON");
}

/* -- containers -- */

static void put_line(encoder *e, int depth)
{
    if (e->options->indent.len == 0) return;
    pl_buf_put_char(e->out, '\n');
    for (int i = 0; i < depth; i++)
        pl_buf_put_slice(e->out, e->options->indent);
}

static inline void put_separator(encoder *e, frame *f)
{
    if (f->wants_comma) pl_buf_put_char(e->out, ',');
    f->wants_comma = true;
    put_line(e, f->depth);
}

static void put_end(encoder *e, const frame *f, char end)
{
    if (f->wants_comma) put_line(e, f->depth - 1);
    pl_buf_put_char(e->out, end);
}

/* The value is on the top of the stack, and is taken off it. */
static int encode_member(encoder *e, frame *f, const pl_shape *known)
{
    put_separator(e, f);
    if (known) {
        pl_buf_put(e->out, known->member, known->member_len);
    } else {
        int code = encode_string(e, f->key.ptr, f->key.len, f);
        if (code) return code;
        pl_buf_put_char(e->out, ':');
    }
    if (e->options->indent.len) pl_buf_put_char(e->out, ' ');
    int code = encode_value(e, lua_gettop(e->L), f);
    lua_pop(e->L, 1);
    return code;
}

static int encode_array(encoder *e, int table, frame *f)
{
    lua_State *L = e->L;
    pl_buf_put_char(e->out, '[');
    lua_pushnil(L);
    for (; lua_next(L, table); f->element++) { /* stack: key, value (top) */
        bool in_order = lua_type(L, -2) == LUA_TNUMBER && lua_tonumber(L, -2) == f->element + 1;
        if (!in_order) break;
        put_separator(e, f);
        int code = encode_value(e, lua_gettop(L), f);
        if (code) return code;
        lua_pop(L, 1);
    }
    if (lua_gettop(L) == table) {
        put_end(e, f, ']');
        return 0;
    }
    return PL_WAIT; /* not in order, as far as lua_next tells */
}

/* Elements that are not where sequences keep them (a table built from its end):
 * asked for one by one. */
static int encode_scattered_array(encoder *e, int table, frame *f, int count)
{
    lua_State *L = e->L;
    pl_buf_put_char(e->out, '[');
    for (f->element = 0; f->element < count; f->element++) {
        lua_rawgeti(L, table, f->element + 1);
        put_separator(e, f);
        int code = encode_value(e, lua_gettop(L), f);
        if (code) return code;
        lua_pop(L, 1);
    }
    put_end(e, f, ']');
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

static int encode_as_array(encoder *e, int table, frame *f)
{
    size_t len = e->out->len;
    int code = encode_array(e, table, f);
    if (code != PL_WAIT) return code;
    lua_settop(e->L, table);
    contents c = contents_of(e->L, table);
    if (!is_sequence(c))
        return refuse(e, f->up, "an array with holes or with keys cannot be written as JSON");
    e->out->len = len;
    f->wants_comma = false;
    return encode_scattered_array(e, table, f, c.integers);
}

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

/* Puts the string keys of the table, but those of `except`,
 * sorted onto the stack of keys: how many, or -1 when a key is no string.
 * They are Lua's bytes, which stay while they are keys of the table. */
static int collect_keys(encoder *e, int table, const pl_shape *except)
{
    lua_State *L = e->L;
    pl_buf *keys = &e->codec->keys;
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

static int encode_keys_sorted(encoder *e, int table, frame *f, const pl_shape *except)
{
    pl_buf *keys = &e->codec->keys;
    size_t base = keys->len;
    int count = collect_keys(e, table, except), code = 0;
    if (count < 0) code = refuse(e, f->up, "a table with mixed keys cannot be written as JSON");
    for (int i = 0; i < count && code == 0; i++) {
        memcpy(&f->key, keys->ptr + base + (size_t)i * sizeof f->key, sizeof f->key);
        lua_pushlstring(e->L, f->key.ptr, f->key.len);
        lua_rawget(e->L, table);
        code = encode_member(e, f, NULL);
    }
    keys->len = base;
    return code;
}

static int count_of(lua_State *L, int table)
{
    int count = 0;
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1))
        count++;
    return count;
}

static int encode_shaped(encoder *e, int table, frame *f, const pl_shape *shape)
{
    lua_State *L = e->L;
    int found = 0;
    for (uint32_t i = 0; i < shape->depth; i++) {
        const pl_shape *s = shape->path[i];
        lua_rawgeti(L, e->cells, s->cell);
        lua_rawget(L, table);
        if (lua_isnil(L, -1)) { /* removed */
            lua_pop(L, 1);
            continue;
        }
        found++;
        f->key = (pl_slice){s->key, s->key_len};
        int code = encode_member(e, f, s);
        if (code) return code;
    }
    return count_of(L, table) == found ? 0 : encode_keys_sorted(e, table, f, shape);
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

/* Pushes under what a key of a listed object's list is stored; nil: not in the table itself. */
static void push_stored_key(lua_State *L, int key)
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
    push_stored_key(L, key);
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
            lua_rawgeti(L, ordered + 1, shape->path[i]->cell);
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
    encoder e = {.L = L, .codec = c};
    size_t base = c->keys.len;
    int set = lua_gettop(L) + 1, ordered = set + 1;
    luaL_checkstack(L, SLOTS, NULL);
    lua_newtable(L);
    lua_newtable(L);
    copy_string_keys(L, table, set);
    move_source_keys(c, L, table, set, ordered);
    int count = collect_keys(&e, set, NULL);
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

/* The name that JSON has for a key, as Python's json gives it; false: there is none. */
static bool name_key(lua_State *L, int key, pl_slice *name)
{
    switch (lua_type(L, key)) {
    case LUA_TSTRING:
    case LUA_TNUMBER:
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

static int encode_listed(encoder *e, int table, frame *f)
{
    lua_State *L = e->L;
    pl_codec_push_keys(e->codec, L, table);
    int keys = lua_gettop(L), count = (int)lua_objlen(L, keys), code = 0;
    if (count != count_of(L, table))
        return refuse(e, f->up, "a table with mixed keys cannot be written as JSON");
    for (int i = 1; i <= count && code == 0; i++) {
        lua_rawgeti(L, keys, i); /* what it names stays: it is in `keys` */
        push_stored_key(L, keys + 1);
        if (!name_key(L, keys + 1, &f->key)) {
            code = refuse(e, f->up, "a table with a table as key cannot be written as JSON");
            break;
        }
        lua_rawget(L, table);
        code = encode_member(e, f, NULL);
        lua_settop(L, keys + 1);
        lua_rawseti(L, keys, i); /* a number that became its text */
    }
    lua_settop(L, keys - 1);
    return code;
}

static int encode_object(encoder *e, int table, frame *f, enum pl_table_kind kind,
                         const pl_shape *shape)
{
    int code;
    f->key = PL_SLICE("");
    pl_buf_put_char(e->out, '{');
    if (kind == PL_TABLE_PLAIN || e->options->sorted)
        code = encode_keys_sorted(e, table, f, NULL);
    else if (kind == PL_TABLE_LISTED)
        code = encode_listed(e, table, f);
    else
        code = encode_shaped(e, table, f, shape);
    if (code == 0) put_end(e, f, '}');
    return code;
}

/* An unmarked table is what its first key says, and then must be that to the end. */
static bool begins_like_array(lua_State *L, int table)
{
    lua_pushnil(L);
    if (!lua_next(L, table)) return false;
    bool is_number = lua_type(L, -2) == LUA_TNUMBER;
    lua_pop(L, 2);
    return is_number;
}

static bool is_among(const frame *f, const void *table)
{
    for (; f; f = f->up)
        if (f->table == table) return true;
    return false;
}

/* Of a cycle, the place that leads back is named: the outermost table that is there twice. */
static int refuse_depth(encoder *e, const frame *up, const void *table)
{
    const frame *place = is_among(up, table) ? up : NULL;
    for (const frame *f = up; f; f = f->up)
        if (is_among(f->up, f->table)) place = f->up;
    if (place) return refuse(e, place, "a table that contains itself cannot be written as JSON");
    return refuse(e, up, "a value that is nested too deeply cannot be written as JSON");
}

/* Objects of our own Lua that stand for something else have __json = false in their metatable. */
static bool is_opaque(lua_State *L, int table)
{
    if (!lua_getmetatable(L, table)) return false;
    lua_pushliteral(L, "__json");
    lua_rawget(L, -2);
    bool is_opaque = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
    lua_pop(L, 2);
    return is_opaque;
}

static int encode_table(encoder *e, int table, frame *up)
{
    frame f = {.up = up, .table = lua_topointer(e->L, table), .depth = up ? up->depth + 1 : 1};
    if (f.depth > PL_JSON_MAX_DEPTH || !lua_checkstack(e->L, SLOTS))
        return refuse_depth(e, up, f.table);
    pl_shape *shape = NULL;
    enum pl_table_kind kind = pl_table_kind_of(e->L, table, &shape);
    if (kind == PL_TABLE_PLAIN && is_opaque(e->L, table))
        return refuse(e, up, "an object of the template engine cannot be written as JSON");
    if (kind == PL_TABLE_ARRAY || (kind == PL_TABLE_PLAIN && begins_like_array(e->L, table)))
        return encode_as_array(e, table, &f);
    return encode_object(e, table, &f, kind, shape);
}

static int encode_userdata(encoder *e, int index, const frame *where)
{
    const pl_exact *exact = pl_exact_at(e->L, index);
    if (exact) {
        pl_buf_put(e->out, exact->text, exact->len);
        return 0;
    }
    if (luaL_testudata(e->L, index, PL_NULL)) {
        PL_BUF_PUT(e->out, "null");
        return 0;
    }
    return refuse(e, where,
                  luaL_testudata(e->L, index, "perilune.secret")
                      ? "a secret cannot be written as JSON"
                      : "a userdata cannot be written as JSON");
}

static int encode_value(encoder *e, int index, frame *up)
{
    lua_State *L = e->L;
    size_t len;
    const char *s;
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        s = lua_tolstring(L, index, &len);
        return encode_string(e, s, len, up);
    case LUA_TNUMBER:
        return encode_number(e, index, up);
    case LUA_TTABLE:
        return encode_table(e, index, up);
    case LUA_TBOOLEAN:
        if (lua_toboolean(L, index))
            PL_BUF_PUT(e->out, "true");
        else
            PL_BUF_PUT(e->out, "false");
        return 0;
    case LUA_TUSERDATA:
        return encode_userdata(e, index, up);
    case LUA_TLIGHTUSERDATA: /* null as lua-cjson has it */
        if (lua_touserdata(L, index) != NULL) break;
        PL_BUF_PUT(e->out, "null");
        return 0;
    case LUA_TFUNCTION:
        return refuse(e, up, "a function cannot be written as JSON");
    case LUA_TNIL:
        return refuse(e, up, "nil cannot be written as JSON");
    }
    return refuse(e, up, "a value of this type cannot be written as JSON");
}

int pl_codec_encode(pl_codec *c, lua_State *L, int index, const pl_encode_options *options,
                    pl_buf *out)
{
    static const pl_encode_options compact;
    int top = lua_gettop(L);
    encoder e = {L, c, out, options ? options : &compact, top + 1};
    luaL_checkstack(L, SLOTS, NULL);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->cells);
    lua_pushvalue(L, index);
    pl_buf_clear(&c->keys);
    int code = encode_value(&e, top + 2, NULL);
    lua_settop(L, top);
    return code;
}
