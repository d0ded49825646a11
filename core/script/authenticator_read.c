/* SPDX-License-Identifier: MIT
 *
 * Credentials out of the tables that lua/perilune/credentials.lua has compiled, which are right. */
#include "script/authenticator_impl.h"
#include "script/loaded.h"
#include "script/request_write.h"

#include <lauxlib.h>

static pl_parts read_parts(lua_State *L, int table, const char *name, pl_arena *arena);

static void read_operation(lua_State *L, int table, pl_arena *arena, pl_part *part)
{
    part->evaluate = pl_operation_of(pl_loaded_text(L, table, "kind", arena));
    part->argument = pl_loaded_text(L, table, "argument", arena);
    part->without = pl_loaded_text(L, table, "without", arena);
    part->of = read_parts(L, table, "of", arena);
    part->key = read_parts(L, table, "key", arena);
    part->form = pl_key_form_of(pl_loaded_text(L, table, "key_form", arena));
}

/* The part on the top of the stack. */
static void read_part(lua_State *L, pl_arena *arena, pl_part *part)
{
    *part = (pl_part){.evaluate = pl_part_text};
    part->secret = pl_bind_secret_handle(L, lua_gettop(L));
    if (part->secret)
        part->evaluate = pl_part_secret;
    else if (lua_istable(L, -1))
        read_operation(L, lua_gettop(L), arena, part);
    else
        part->argument = pl_arena_dup(arena, pl_check_slice(L, lua_gettop(L)));
}

static pl_parts read_parts(lua_State *L, int table, const char *name, pl_arena *arena)
{
    luaL_checkstack(L, 4, NULL);
    lua_getfield(L, table, name);
    int list = lua_gettop(L);
    size_t count = lua_istable(L, list) ? lua_objlen(L, list) : 0;
    pl_part *items = pl_arena_alloc(arena, (count + 1) * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, list, (int)i + 1);
        read_part(L, arena, &items[i]);
        lua_settop(L, list);
    }
    lua_pop(L, 1);
    return (pl_parts){items, count};
}

static enum pl_credential_kind kind_of(pl_slice name)
{
    static const pl_slice names[] = {
        [PL_CREDENTIAL_HEADER] = PL_SLICE_INIT("header"),
        [PL_CREDENTIAL_QUERY] = PL_SLICE_INIT("query"),
        [PL_CREDENTIAL_COOKIE] = PL_SLICE_INIT("cookie"),
        [PL_CREDENTIAL_BASIC] = PL_SLICE_INIT("basic"),
    };
    int kind = 0;
    while (kind < PL_CREDENTIAL_BASIC && !pl_slice_eq(names[kind], name))
        kind++;
    return (enum pl_credential_kind)kind;
}

/* The list on the top of the stack; NULL: a header of it can have no such name, and Lua will say so. */
static const pl_authenticator *read_list(lua_State *L, pl_arena *arena)
{
    int list = lua_gettop(L), item = list + 1;
    size_t count = lua_objlen(L, list);
    pl_credential *items = pl_arena_alloc(arena, (count + 1) * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, list, (int)i + 1);
        enum pl_credential_kind kind = kind_of(pl_loaded_text(L, item, "kind", arena));
        bool is_basic = kind == PL_CREDENTIAL_BASIC;
        items[i] = (pl_credential){
            .kind = kind,
            .name = pl_loaded_text(L, item, "name", arena),
            .value = read_parts(L, item, is_basic ? "user" : "value", arena),
            .password = read_parts(L, item, "password", arena),
        };
        lua_settop(L, list);
        if (kind == PL_CREDENTIAL_HEADER && pl_request_name_fault(items[i].name)) return NULL;
    }
    pl_authenticator *a = pl_arena_alloc(arena, sizeof *a);
    *a = (pl_authenticator){items, count};
    return a;
}

/* What C may set of the entry on the top of the stack: pushes the list, or nil. */
static void push_list(lua_State *L)
{
    if (lua_istable(L, -1))
        lua_getfield(L, -1, "credentials");
    else
        lua_pushnil(L);
}

/* Webhooks of one connector have one list, and stand next to each other. */
const pl_authenticator *const *pl_authenticators_read(lua_State *L, int generation, size_t count,
                                                      pl_arena *arena)
{
    const pl_authenticator **all = pl_arena_zero(arena, (count + 1) * sizeof *all);
    const void *last = NULL;
    int entries = lua_gettop(L) + 1;
    lua_getfield(L, generation, "entries");
    size_t there = lua_istable(L, entries) ? lua_objlen(L, entries) : 0;
    for (size_t i = 0; i < count && i < there; i++, lua_settop(L, entries)) {
        lua_rawgeti(L, entries, (int)i + 1);
        push_list(L);
        if (lua_istable(L, -1))
            all[i] = lua_topointer(L, -1) == last ? all[i - 1] : read_list(L, arena);
        last = lua_topointer(L, -1);
    }
    lua_settop(L, entries - 1);
    return all;
}
