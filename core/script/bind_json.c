/* SPDX-License-Identifier: MIT
 *
 * core.json: the codec for Lua. */
#include "script/bind.h"

#include "base/err.h"
#include "base/json.h"

#include <lauxlib.h>

#define MAX_INDENT 16

static pl_codec *codec_of(lua_State *L)
{
    return &pl_vm_of(L)->codec;
}

static bool is_array(lua_State *L, int index)
{
    pl_shape *shape;
    if (!lua_istable(L, index)) return false;
    enum pl_table_kind kind = pl_table_kind_of(L, index, &shape);
    return kind == PL_TABLE_ARRAY || (kind == PL_TABLE_PLAIN && lua_objlen(L, index) > 0);
}

static bool is_null(lua_State *L, int index)
{
    return luaL_testudata(L, index, PL_NULL) ||
           (lua_type(L, index) == LUA_TLIGHTUSERDATA && lua_touserdata(L, index) == NULL);
}

/* {message, line, column, offset, pointer} of a document. */
static void push_fault(lua_State *L, pl_slice document, const pl_decode_fault *fault)
{
    pl_buf *pointer = &pl_vm_of(L)->scratch;
    lua_createtable(L, 0, 5);
    lua_pushstring(L, fault->message);
    lua_setfield(L, -2, "message");
    lua_pushinteger(L, fault->line);
    lua_setfield(L, -2, "line");
    lua_pushinteger(L, fault->column);
    lua_setfield(L, -2, "column");
    lua_pushinteger(L, (lua_Integer)fault->offset);
    lua_setfield(L, -2, "offset");
    pl_buf_clear(pointer);
    pl_json_pointer(document, fault->offset, pointer);
    pl_push_slice(L, pl_buf_slice(pointer));
    lua_setfield(L, -2, "pointer");
}

/* The member `name` of the options at 2: one of two words, or absent. */
static void read_option(lua_State *L, const char *name, const char *no, const char *yes, bool *is)
{
    lua_getfield(L, 2, name);
    const char *given = luaL_optstring(L, -1, *is ? yes : no);
    *is = strcmp(given, yes) == 0;
    if (!*is && strcmp(given, no) != 0)
        luaL_error(L, "%s is '%s' or '%s', not '%s'", name, no, yes, given);
    lua_pop(L, 1);
}

static void read_decode_options(lua_State *L, pl_decode_options *options)
{
    if (lua_isnoneornil(L, 2)) return;
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_getfield(L, 2, "max_depth");
    options->max_depth = luaL_optint(L, -1, options->max_depth);
    luaL_argcheck(L, options->max_depth > 0 && options->max_depth <= PL_JSON_MAX_DEPTH, 2,
                  "max_depth is 1 to 512");
    read_option(L, "duplicates", "error", "last", &options->last_wins);
    read_option(L, "numbers", "exact", "double", &options->numbers_as_read);
}

static int json_decode(lua_State *L)
{
    pl_vm *vm = pl_vm_of(L);
    pl_slice text = pl_check_slice(L, 1);
    pl_decode_options options = {.max_depth = vm->json_depth, .last_wins = vm->last_wins};
    pl_decode_fault fault;
    read_decode_options(L, &options);
    if (pl_codec_decode(&vm->codec, L, text, &options, &fault) == 0) return 1;
    lua_pushnil(L);
    push_fault(L, text, &fault);
    return 2;
}

/* Is a name of a text, of which the nodes are known, there twice? */
static bool repeats(lua_State *L, pl_vm *vm, pl_slice text, pl_decode_fault *fault)
{
    const pl_decode_options options = {.max_depth = PL_JSON_MAX_DEPTH};
    if (vm->last_wins || !pl_codec_nodes(&vm->codec)->may_repeat) return false;
    if (pl_codec_decode(&vm->codec, L, text, &options, fault) != 0) return true;
    lua_pop(L, 1);
    return false;
}

/* open(text) -> a document, to read single values of; nil and the fault that decode would give */
static int json_open(lua_State *L)
{
    pl_vm *vm = pl_vm_of(L);
    pl_slice text = pl_check_slice(L, 1);
    pl_decode_fault fault;
    bool is_faulty = pl_codec_begin_nodes(&vm->codec, L, text, vm->json_depth, &fault) != 0;
    if (!is_faulty) pl_bind_document_push(L, text, pl_codec_nodes(&vm->codec));
    is_faulty = is_faulty || repeats(L, vm, text, &fault);
    pl_codec_end_nodes(&vm->codec);
    if (!is_faulty) return 1;
    lua_pushnil(L);
    push_fault(L, text, &fault);
    return 2;
}

/* check(text): nil, or the fault that decode would give, duplicates aside. */
static int json_check(lua_State *L)
{
    pl_slice text = pl_check_slice(L, 1);
    pl_json_fault fault;
    if (pl_json_check(text, pl_vm_of(L)->json_depth, &fault) == 0) {
        lua_pushnil(L);
        return 1;
    }
    push_fault(L, text, &(pl_decode_fault){fault.message, fault.offset, fault.line, fault.column});
    return 1;
}

/* number(text): the number of a literal as JSON has it, nil for other texts. */
static int json_number(lua_State *L)
{
    pl_slice text = pl_check_slice(L, 1);
    pl_json_reader reader;
    pl_json_token token;
    pl_json_open(&reader, text, 1);
    bool is_number = pl_json_next(&reader, &token) == 0 && token.kind == PL_JSON_NUMBER &&
                     token.raw.len == text.len;
    if (is_number)
        pl_codec_push_number(codec_of(L), L, text);
    else
        lua_pushnil(L);
    return 1;
}

static void read_options(lua_State *L, pl_encode_options *options)
{
    static const char spaces[MAX_INDENT + 1] = "                ";
    if (lua_isnoneornil(L, 2)) return;
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_getfield(L, 2, "sorted");
    options->sorted = lua_toboolean(L, -1);
    lua_getfield(L, 2, "html");
    options->for_html = lua_toboolean(L, -1);
    lua_getfield(L, 2, "max_bytes");
    options->max_bytes = (size_t)luaL_optnumber(L, -1, 0);
    lua_getfield(L, 2, "indent");
    if (lua_type(L, -1) == LUA_TNUMBER) {
        int width = (int)lua_tointeger(L, -1);
        luaL_argcheck(L, width >= 0 && width <= MAX_INDENT, 2, "indent is 0 to 16 or a text");
        options->indent = (pl_slice){spaces, (size_t)width};
    } else if (!lua_isnil(L, -1)) {
        options->indent = pl_check_slice(L, -1);
    }
}

static int json_encode(lua_State *L)
{
    pl_codec *c = codec_of(L);
    pl_encode_options options = {0};
    luaL_checkany(L, 1);
    read_options(L, &options); /* the text of an indent stays on the stack */
    pl_buf_clear(&c->out);
    if (pl_codec_encode(c, L, 1, &options, &c->out) == 0) {
        pl_push_slice(L, pl_buf_slice(&c->out));
        return 1;
    }
    lua_pushnil(L);
    pl_push_slice(L, pl_buf_slice(&c->text));
    return 2;
}

/* A table to be marked: the argument, or a new one.
 * It may carry a mark, but no metatable of a script's own. */
static void check_markable(lua_State *L)
{
    pl_shape *shape;
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        lua_newtable(L);
        lua_replace(L, 1);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    bool is_foreign = pl_table_kind_of(L, 1, &shape) == PL_TABLE_PLAIN && lua_getmetatable(L, 1);
    luaL_argcheck(L, !is_foreign, 1, "the table has a metatable of its own");
}

static int mark_array(lua_State *L, int meta)
{
    check_markable(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, meta);
    lua_setmetatable(L, 1);
    return 1;
}

static int json_array(lua_State *L)
{
    return mark_array(L, codec_of(L)->array_meta);
}

/* tuple(table): an array that templates tell from a list. */
static int json_tuple(lua_State *L)
{
    return mark_array(L, codec_of(L)->tuple_meta);
}

/* dict(): an object and the list of its keys, which the caller keeps. */
static int json_dict(lua_State *L)
{
    lua_settop(L, 0);
    lua_newtable(L);
    lua_newtable(L);
    lua_pushvalue(L, 2);
    pl_shape_mark_listed(L, 1);
    return 2;
}

/* listed(object): turns an object into one with a list of its own; the list. */
static int json_listed(lua_State *L)
{
    pl_shape *shape;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    if (pl_table_kind_of(L, 1, &shape) == PL_TABLE_LISTED) {
        pl_table_push_list(L, 1);
        return 1;
    }
    pl_codec_push_keys(codec_of(L), L, 1);
    lua_pushvalue(L, 2);
    pl_shape_mark_listed(L, 1);
    return 1;
}

static int json_object(lua_State *L)
{
    pl_codec *c = codec_of(L);
    pl_shape *shape;
    check_markable(L);
    enum pl_table_kind kind = pl_table_kind_of(L, 1, &shape);
    if (kind == PL_TABLE_SHAPED || kind == PL_TABLE_LISTED) return 1;
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->cells);
    pl_shape_mark(L, lua_gettop(L), c->root, 1);
    lua_settop(L, 1);
    return 1;
}

/* ordered({{name, value}, ...}): an object whose members stay in this order. */
static int json_ordered(lua_State *L)
{
    lua_settop(L, 1);
    if (!lua_istable(L, 1)) return luaL_error(L, "json.ordered wants a list of {name, value}");
    lua_newtable(L);
    lua_newtable(L); /* stack: list, object, its keys (top) */
    int count = (int)lua_objlen(L, 1);
    for (int i = 1; i <= count; i++, lua_settop(L, 3)) {
        lua_rawgeti(L, 1, i);
        if (lua_istable(L, 4)) lua_rawgeti(L, 4, 1);
        if (lua_type(L, 5) != LUA_TSTRING)
            return luaL_error(L, "json.ordered wants {name, value} as element %d", i);
        lua_pushvalue(L, 5);
        lua_rawget(L, 2);
        if (!lua_isnil(L, 6))
            return luaL_error(L, "json.ordered has the name '%s' twice", lua_tostring(L, 5));
        lua_pushvalue(L, 5);
        lua_rawseti(L, 3, i);
        lua_rawgeti(L, 4, 2); /* stack: list, object, keys, pair, name, nil, value (top) */
        lua_remove(L, 6);
        lua_rawset(L, 2);
    }
    pl_shape_mark_listed(L, 2);
    return 1;
}

static int json_is_array(lua_State *L)
{
    lua_pushboolean(L, is_array(L, 1));
    return 1;
}

static int json_is_object(lua_State *L)
{
    lua_pushboolean(L, lua_istable(L, 1) && !is_array(L, 1));
    return 1;
}

static int json_is_exact(lua_State *L)
{
    lua_pushboolean(L, pl_exact_at(L, 1) != NULL);
    return 1;
}

static int json_keys(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    pl_codec_push_keys(codec_of(L), L, 1);
    return 1;
}

static int json_escape(lua_State *L)
{
    pl_buf *out = &codec_of(L)->out;
    pl_slice text = pl_check_slice(L, 1);
    pl_buf_clear(out);
    pl_json_escape(out, text);
    pl_push_slice(L, pl_buf_slice(out));
    return 1;
}

/* One reference token of a JSON pointer (RFC 6901):
 * pushes the key. An index of an array counts from 0. */
static void push_pointer_key(lua_State *L, pl_slice token, int in)
{
    lua_pushlstring(L, token.ptr, token.len);
    if (memchr(token.ptr, '~', token.len)) {
        luaL_gsub(L, lua_tostring(L, -1), "~1", "/");
        luaL_gsub(L, lua_tostring(L, -1), "~0", "~");
    }
    if (!is_array(L, in)) return;
    bool is_index = token.len > 0 && token.len < 10 && (token.ptr[0] != '0' || token.len == 1);
    lua_Integer index = 0;
    for (size_t i = 0; i < token.len && is_index; i++) {
        is_index = token.ptr[i] >= '0' && token.ptr[i] <= '9';
        index = index * 10 + (token.ptr[i] - '0');
    }
    if (is_index) lua_pushinteger(L, index + 1);
}

static int json_get(lua_State *L)
{
    pl_slice rest = pl_check_slice(L, 2);
    luaL_argcheck(L, rest.len == 0 || rest.ptr[0] == '/', 2, "expected a JSON pointer, \"/a/b\"");
    lua_settop(L, 3);
    lua_pushvalue(L, 1); /* stack: document, pointer, default, value (4) */
    while (rest.len > 0 && lua_istable(L, 4)) {
        rest = pl_slice_from(rest, 1);
        const char *slash = rest.len ? memchr(rest.ptr, '/', rest.len) : NULL;
        pl_slice token = {rest.ptr, slash ? (size_t)(slash - rest.ptr) : rest.len};
        rest = pl_slice_from(rest, token.len);
        push_pointer_key(L, token, 4);
        lua_rawget(L, 4);
        lua_replace(L, 4);
        lua_settop(L, 4);
    }
    bool is_missing = rest.len > 0 || lua_isnil(L, 4) || is_null(L, 4);
    lua_pushvalue(L, is_missing ? 3 : 4);
    return 1;
}

static const luaL_Reg json_functions[] = {
    {"decode", json_decode},     {"open", json_open},         {"check", json_check},
    {"number", json_number},     {"encode", json_encode},     {"array", json_array},
    {"tuple", json_tuple},       {"dict", json_dict},         {"listed", json_listed},
    {"object", json_object},     {"is_array", json_is_array}, {"is_object", json_is_object},
    {"is_exact", json_is_exact}, {"keys", json_keys},         {"get", json_get},
    {"escape", json_escape},     {"ordered", json_ordered},   {NULL, NULL},
};

int pl_open_json(lua_State *L)
{
    lua_newtable(L);
    luaL_register(L, NULL, json_functions);
    pl_codec_push_null(codec_of(L), L);
    lua_setfield(L, -2, "null");
    return 1;
}
