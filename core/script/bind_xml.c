/* SPDX-License-Identifier: MIT
 *
 * core.xml and core.charset. XML comes and goes as JSON text, in the shape of xml/xml.h, so that
 * the codec makes the tables and reads them: with the order of the source, null and exact numbers
 * as everywhere.
 *
 * The objects that elements become answer [0] with themselves, so that `line[0].sku` of a template
 * finds the first of many and the only one alike. For that they get metatables of their own: one
 * for each shape, in a table in the registry. */
#include "script/bind.h"

#include "base/json.h"
#include "xml/charset.h"
#include "xml/xml.h"

#include <lauxlib.h>

#define ELEMENT_METAS "perilune.xml.elements" /* registry: shape -> metatable, and [INDEX] */
#define INDEX         1
#define MAX_LISTS     64
#define SLOTS         8 /* of the Lua stack, for one level */

/* In Lua, because that is compiled. */
static const char index_source[] = "local element, key = ... if key == 0 then return element end";

/* -- elements -- */

/* Pushes the table of metatables, made at its first use. */
static void push_metas(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, ELEMENT_METAS);
    if (!lua_isnil(L, -1)) return;
    lua_pop(L, 1);
    lua_newtable(L);
    if (luaL_loadbuffer(L, index_source, sizeof index_source - 1, "=element") != 0) lua_error(L);
    lua_rawseti(L, -2, INDEX);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, ELEMENT_METAS);
}

/* Sets __index of the metatable on top. */
static void set_index(lua_State *L, int metas)
{
    lua_rawgeti(L, metas, INDEX);
    lua_setfield(L, -2, "__index");
}

static void mark_element(lua_State *L, int table, int metas)
{
    pl_shape *shape = NULL;
    if (pl_table_kind_of(L, table, &shape) == PL_TABLE_LISTED) {
        lua_getmetatable(L, table);
        set_index(L, metas);
        lua_pop(L, 1);
        return;
    }
    lua_pushlightuserdata(L, shape);
    lua_rawget(L, metas);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        pl_shape_push_meta(L, shape);
        set_index(L, metas);
        lua_pushlightuserdata(L, shape);
        lua_pushvalue(L, -2);
        lua_rawset(L, metas);
    }
    lua_setmetatable(L, table);
}

/* Marks the elements in a table. As deep as the document, which is bounded. */
static void mark_elements(lua_State *L, int table, int metas)
{
    pl_shape *shape;
    luaL_checkstack(L, SLOTS, NULL);
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1)) {
        int value = lua_gettop(L);
        if (!lua_istable(L, value)) continue;
        mark_elements(L, value, metas);
        if (pl_table_kind_of(L, value, &shape) != PL_TABLE_ARRAY) mark_element(L, value, metas);
    }
}

/* -- decode -- */

/* The texts of options.lists stay anchored in that table. */
static size_t read_lists(lua_State *L, pl_slice *lists)
{
    lua_getfield(L, 2, "lists");
    if (lua_isnil(L, -1)) return 0;
    luaL_checktype(L, -1, LUA_TTABLE);
    size_t count = lua_objlen(L, -1);
    luaL_argcheck(L, count <= MAX_LISTS, 2, "lists names at most 64 elements");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        lists[i] = pl_check_slice(L, -1);
        lua_pop(L, 1);
    }
    return count;
}

static void read_options(lua_State *L, pl_xml_options *options, pl_slice *lists)
{
    if (lua_isnoneornil(L, 2)) return;
    luaL_checktype(L, 2, LUA_TTABLE);
    options->lists = lists;
    options->list_count = read_lists(L, lists);
    lua_getfield(L, 2, "prefixes");
    options->keep_prefixes = lua_toboolean(L, -1);
    lua_getfield(L, 2, "encoding");
    if (!lua_isnil(L, -1)) options->encoding = pl_check_slice(L, -1);
}

static int push_fault(lua_State *L, const char *message, int line, int column)
{
    lua_pushnil(L);
    lua_createtable(L, 0, 3);
    lua_pushstring(L, message);
    lua_setfield(L, -2, "message");
    lua_pushinteger(L, line);
    lua_setfield(L, -2, "line");
    lua_pushinteger(L, column);
    lua_setfield(L, -2, "column");
    return 2;
}

/* decode(text, {lists, prefixes, encoding}): a table, or nil and {message, line, column}. */
static int xml_decode(lua_State *L)
{
    pl_vm *vm = pl_vm_of(L);
    pl_slice text = pl_check_slice(L, 1), lists[MAX_LISTS];
    pl_xml_options options = {0};
    read_options(L, &options, lists);
    pl_xml_fault fault;
    pl_buf_clear(&vm->scratch);
    if (!pl_xml_to_json(text, &options, &vm->scratch, &fault))
        return push_fault(L, fault.message, fault.line, fault.column);
    pl_decode_fault json_fault;
    const pl_decode_options json = {.max_depth = PL_JSON_MAX_DEPTH};
    if (pl_codec_decode(&vm->codec, L, pl_buf_slice(&vm->scratch), &json, &json_fault) != 0)
        return push_fault(L, json_fault.message, 1, 1);
    int document = lua_gettop(L);
    push_metas(L);
    mark_elements(L, document, document + 1);
    lua_settop(L, document);
    return 1;
}

/* -- encode -- */

/* encode(value, "elements" | "document" | "declared"): a text, or nil and a message. */
static int xml_encode(lua_State *L)
{
    static const char *const forms[] = {"elements", "document", "declared", NULL};
    static const enum pl_xml_form codes[] = {PL_XML_ELEMENTS, PL_XML_DOCUMENT,
                                             PL_XML_DECLARED_DOCUMENT};
    pl_vm *vm = pl_vm_of(L);
    luaL_checkany(L, 1);
    enum pl_xml_form form = codes[luaL_checkoption(L, 2, "document", forms)];
    pl_buf *json = &vm->codec.out, *reason = &vm->codec.text;
    pl_buf_clear(json);
    pl_buf_clear(&vm->scratch);
    bool is_written = pl_codec_encode(&vm->codec, L, 1, NULL, json) == 0 &&
                      pl_xml_of_json(pl_buf_slice(json), form, &vm->scratch, reason);
    if (!is_written) lua_pushnil(L);
    pl_push_slice(L, pl_buf_slice(is_written ? &vm->scratch : reason));
    return is_written ? 1 : 2;
}

/* -- charset -- */

/* decode(text, name): the text as UTF-8, or nil when the character set is not known. */
static int charset_decode(lua_State *L)
{
    pl_slice text = pl_check_slice(L, 1), name = pl_check_slice(L, 2);
    pl_buf *out = pl_scratch(L);
    if (pl_charset_to_utf8(name, text, out)) return pl_push_buf(L, out);
    lua_pushnil(L);
    return 1;
}

static int charset_is_known(lua_State *L)
{
    lua_pushboolean(L, pl_charset_is_known(pl_check_slice(L, 1)));
    return 1;
}

static const luaL_Reg xml_functions[] = {
    {"decode", xml_decode}, {"encode", xml_encode}, {NULL, NULL}};

static const luaL_Reg charset_functions[] = {
    {"decode", charset_decode}, {"is_known", charset_is_known}, {NULL, NULL}};

int pl_open_xml(lua_State *L)
{
    return pl_push_functions(L, xml_functions);
}

int pl_open_charset(lua_State *L)
{
    return pl_push_functions(L, charset_functions);
}
