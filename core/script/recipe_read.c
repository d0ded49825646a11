/* SPDX-License-Identifier: MIT
 *
 * What lua/perilune/recipe.lua works out, read into the arena of the generation. */
#include "base/log.h"
#include "script/loaded.h"
#include "script/script_impl.h"

#include <lauxlib.h>

/* Pushes a member of the table at `table`: how many items it has, 0 where it is no table. */
static size_t push_list(lua_State *L, int table, const char *name)
{
    pl_loaded_push_field(L, table, name);
    return lua_istable(L, -1) ? lua_objlen(L, -1) : 0;
}

/* A text, or the operations of an outline. */
static pl_recipe_text read_text(lua_State *L, int table, const char *name, pl_arena *arena)
{
    pl_recipe_text text = {.known = pl_loaded_optional(L, table, name, arena)};
    pl_loaded_push_field(L, table, name);
    if (lua_istable(L, -1)) text.made = pl_outline_read(L, lua_gettop(L), arena);
    lua_pop(L, 1);
    return text;
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
                                      read_text(L, list + 1, "value", arena)};
    }
    lua_settop(L, list - 1);
    return (pl_recipe_fields){fields, count};
}

static void read_url(lua_State *L, int table, pl_arena *arena, pl_recipe_render *r)
{
    pl_loaded_push_field(L, table, "url");
    int url = lua_gettop(L);
    r->url = pl_loaded_optional(L, url, "whole", arena);
    r->base = read_text(L, url, "base", arena);
    r->path = read_text(L, url, "path", arena);
    lua_settop(L, url - 1);
}

static const pl_recipe_body *read_body(lua_State *L, int table, pl_arena *arena)
{
    pl_recipe_body *body = NULL;
    pl_loaded_push_field(L, table, "body");
    int at = lua_gettop(L);
    if (lua_istable(L, at)) {
        body = pl_arena_zero(arena, sizeof *body);
        *body = (pl_recipe_body){.is_event = pl_loaded_flag(L, at, "is_event"),
                                 .text = read_text(L, at, "text", arena),
                                 .must_be_json = pl_loaded_flag(L, at, "must_be_json"),
                                 .media = pl_loaded_text(L, at, "media", arena)};
    }
    lua_settop(L, at - 1);
    return body;
}

static const pl_proxy *read_proxy(lua_State *L, int table, pl_arena *arena)
{
    pl_proxy *proxy = NULL;
    pl_loaded_push_field(L, table, "proxy");
    int at = lua_gettop(L);
    if (lua_istable(L, at)) {
        proxy = pl_arena_zero(arena, sizeof *proxy);
        *proxy =
            (pl_proxy){pl_loaded_text(L, at, "url", arena), pl_loaded_text(L, at, "user", arena),
                       pl_loaded_text(L, at, "password", arena)};
    }
    lua_settop(L, at - 1);
    return proxy;
}

static const pl_recipe_render *read_render(lua_State *L, int table, pl_arena *arena)
{
    pl_recipe_render *r = pl_arena_zero(arena, sizeof *r);
    r->method = pl_loaded_text(L, table, "method", arena);
    read_url(L, table, arena, r);
    r->params = read_fields(L, table, "params", arena);
    r->headers = read_fields(L, table, "headers", arena);
    r->body = read_body(L, table, arena);
    r->proxy = read_proxy(L, table, arena);
    return r;
}

/* { { member =, value = path or outline, of_event = }, ... } */
static void read_variables(lua_State *L, int table, pl_arena *arena, pl_recipe_map *r)
{
    r->count = push_list(L, table, "variables");
    int list = lua_gettop(L);
    pl_recipe_variable *variables = pl_arena_zero(arena, (r->count + 1) * sizeof *variables);
    for (size_t i = 0; i < r->count; i++, lua_settop(L, list)) {
        lua_rawgeti(L, list, (int)i + 1);
        pl_recipe_text value = read_text(L, list + 1, "value", arena);
        variables[i] = (pl_recipe_variable){.member = pl_loaded_text(L, list + 1, "member", arena),
                                            .made = value.made,
                                            .path = value.known,
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

static void read_recipe(lua_State *L, int table, pl_arena *arena, pl_recipe *r)
{
    pl_loaded_push_field(L, table, "render");
    if (lua_istable(L, -1)) r->render = read_render(L, lua_gettop(L), arena);
    lua_pop(L, 1);
    pl_loaded_push_field(L, table, "map");
    if (lua_istable(L, -1)) r->map = read_map(L, lua_gettop(L), arena);
    lua_pop(L, 1);
}

/* -- when it is first wanted -- */

/* The state and the number of a webhook, from 1. */
static int take_recipe(lua_State *L)
{
    pl_script *s = lua_touserdata(L, 1);
    pl_script_push_function(s, L, RECIPE);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 1);
    if (lua_istable(L, -1))
        read_recipe(L, lua_gettop(L), &s->arena, &s->recipes[lua_tointeger(L, 2) - 1]);
    return 0;
}

/* One that cannot be had, for want of memory say, is nobody's mistake: Lua goes on doing all. */
const pl_recipe *pl_script_recipe(pl_script *s, uint32_t webhook)
{
    pl_recipe *r = &s->recipes[webhook];
    if (r->is_known) return r;
    lua_State *L = s->vm.L;
    lua_pushcfunction(L, take_recipe);
    lua_pushlightuserdata(L, s);
    lua_pushinteger(L, (lua_Integer)webhook + 1);
    s->vm.budget.kind = PL_BUDGET_NONE;
    if (pl_gate_call(&s->vm, 2, 0) != 0) {
        pl_log(PL_LOG_WARN, "a webhook will be slower than it could be",
               PL_LOG_SLICE("error", pl_buf_slice(&s->vm.failure)));
        *r = (pl_recipe){0};
    }
    r->is_known = true;
    return r;
}
