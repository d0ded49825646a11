/* SPDX-License-Identifier: MIT
 *
 * What lua/perilune/recipe.lua has worked out, read into the arena of the generation. */
#include "flow/retry.h"
#include "script/loaded.h"
#include "script/recipe.h"

#include <lauxlib.h>

/* Pushes a member of the table at `table`: how many items it has, 0 where it is no table. */
static size_t push_list(lua_State *L, int table, const char *name)
{
    pl_loaded_push_field(L, table, name);
    return lua_istable(L, -1) ? lua_objlen(L, -1) : 0;
}

/* { { name =, value = }, ... } */
static pl_recipe_fields read_fields(lua_State *L, int table, const char *name, pl_arena *arena)
{
    size_t count = push_list(L, table, name);
    int list = lua_gettop(L);
    pl_recipe_field *fields = pl_arena_zero(arena, (count + 1) * sizeof *fields);
    for (size_t i = 0; i < count; i++, lua_settop(L, list)) {
        lua_rawgeti(L, list, (int)i + 1);
        fields[i] = (pl_recipe_field){pl_loaded_text(L, list + 1, "name", arena),
                                      pl_loaded_text(L, list + 1, "value", arena)};
    }
    lua_settop(L, list - 1);
    return (pl_recipe_fields){fields, count};
}

static void read_url(lua_State *L, int table, pl_arena *arena, pl_recipe_render *r)
{
    pl_loaded_push_field(L, table, "url");
    int url = lua_gettop(L);
    r->url = pl_loaded_optional(L, url, "whole", arena);
    r->base = pl_loaded_optional(L, url, "base", arena);
    r->path = pl_loaded_optional(L, url, "path", arena);
    lua_settop(L, url - 1);
}

static void read_body(lua_State *L, int table, pl_arena *arena, pl_recipe_render *r)
{
    pl_loaded_push_field(L, table, "body");
    int body = lua_gettop(L);
    r->has_body = lua_istable(L, body);
    if (r->has_body) r->media = pl_loaded_text(L, body, "media", arena);
    lua_settop(L, body - 1);
}

static void read_proxy(lua_State *L, int table, pl_arena *arena, pl_recipe_render *r)
{
    pl_loaded_push_field(L, table, "proxy");
    int proxy = lua_gettop(L);
    r->has_proxy = lua_istable(L, proxy);
    if (r->has_proxy)
        r->proxy = (pl_proxy){pl_loaded_text(L, proxy, "url", arena),
                              pl_loaded_text(L, proxy, "user", arena),
                              pl_loaded_text(L, proxy, "password", arena)};
    lua_settop(L, proxy - 1);
}

static const pl_recipe_render *read_render(lua_State *L, int table, pl_arena *arena)
{
    pl_recipe_render *r = pl_arena_zero(arena, sizeof *r);
    r->method = pl_loaded_text(L, table, "method", arena);
    read_url(L, table, arena, r);
    r->params = read_fields(L, table, "params", arena);
    r->headers = read_fields(L, table, "headers", arena);
    read_body(L, table, arena, r);
    read_proxy(L, table, arena, r);
    return r;
}

/* { { member =, path =, of_event = }, ... } */
static void read_variables(lua_State *L, int table, pl_arena *arena, pl_recipe_map *r)
{
    r->count = push_list(L, table, "variables");
    int list = lua_gettop(L);
    pl_recipe_variable *variables = pl_arena_zero(arena, (r->count + 1) * sizeof *variables);
    for (size_t i = 0; i < r->count; i++, lua_settop(L, list)) {
        lua_rawgeti(L, list, (int)i + 1);
        variables[i] = (pl_recipe_variable){.member = pl_loaded_text(L, list + 1, "member", arena),
                                            .path = pl_loaded_text(L, list + 1, "path", arena),
                                            .of_event = pl_loaded_flag(L, list + 1, "of_event")};
    }
    lua_settop(L, list - 1);
    r->variables = variables;
}

static const pl_recipe_map *read_map(lua_State *L, int table, pl_arena *arena)
{
    pl_recipe_map *r = pl_arena_zero(arena, sizeof *r);
    r->success = pl_loaded_statuses(L, table, "success");
    r->is_auto = pl_loaded_flag(L, table, "is_auto");
    read_variables(L, table, arena, r);
    return r;
}

static pl_recipe read_recipe(lua_State *L, int table, pl_arena *arena)
{
    pl_recipe r = {0};
    pl_loaded_push_field(L, table, "render");
    if (lua_istable(L, table + 1)) r.render = read_render(L, table + 1, arena);
    lua_settop(L, table);
    pl_loaded_push_field(L, table, "map");
    if (lua_istable(L, table + 1)) r.map = read_map(L, table + 1, arena);
    lua_settop(L, table);
    return r;
}

const pl_recipe *pl_recipes_read(lua_State *L, int generation, size_t count, pl_arena *arena)
{
    pl_recipe *recipes = pl_arena_zero(arena, (count + 1) * sizeof *recipes);
    size_t there = push_list(L, generation, "recipes");
    int list = lua_gettop(L);
    for (size_t i = 0; i < count && i < there; i++, lua_settop(L, list)) {
        lua_rawgeti(L, list, (int)i + 1);
        recipes[i] = read_recipe(L, list + 1, arena);
    }
    lua_settop(L, list - 1);
    lua_pushnil(L);
    lua_setfield(L, generation, "recipes");
    return recipes;
}
