/* SPDX-License-Identifier: MIT
 *
 * A generation: one Lua state with a gateway folder in it, behind the functions that the engine
 * calls. `require "perilune"` gives a table of functions, one for each stage; they are kept in the
 * registry and called through the gate. What never waits is here, the stages are in
 * script_stages.c. */
#include "script/script.h"

#include "base/err.h"
#include "base/log.h"
#include "script/bind.h"
#include "script/bundle.h"
#include "script/loaded.h"
#include "script/receive.h"
#include "script/script_impl.h"

#include <lauxlib.h>
#include <stdlib.h>

static const char *const function_names[] = {
#define X(code, name) name,
    PL_SCRIPT_FUNCTIONS(X)
#undef X
};

pl_script *pl_script_of(pl_generation *g)
{
    return (pl_script *)g;
}

void pl_script_push_function(const pl_script *s, lua_State *L, enum pl_script_function f)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->functions[f]);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->generation);
}

static void log_failure(const pl_script *s, const char *what)
{
    pl_log(PL_LOG_ERROR, what, PL_LOG_SLICE("error", pl_buf_slice(&s->vm.failure)));
}

static int call_as(pl_script *s, enum pl_budget_kind kind, int args, int results)
{
    s->vm.budget.kind = kind;
    return pl_gate_call(&s->vm, args, results);
}

/* -- route, find, describe -- */

/* Item `i` of a list, on the top of the stack; nil where there is no list. */
static void push_item(lua_State *L, int list, int i)
{
    if (lua_istable(L, list))
        lua_rawgeti(L, list, i);
    else
        lua_pushnil(L);
}

static pl_slice text_at(lua_State *L, int index, pl_slice otherwise)
{
    pl_slice text = otherwise;
    if (lua_type(L, index) == LUA_TSTRING) text.ptr = lua_tolstring(L, index, &text.len);
    return text;
}

/* stack: indices, flags, reason, keys (top) */
static void read_routes(lua_State *L, uint32_t webhooks, pl_arena *arena, pl_routes *routes)
{
    int keys = lua_gettop(L), reason = keys - 1, flags = keys - 2, indices = keys - 3;
    size_t count = lua_istable(L, indices) ? lua_objlen(L, indices) : 0;
    routes->items = pl_arena_alloc(arena, (count + 1) * sizeof *routes->items);
    for (int i = 1; i <= (int)count; i++) {
        push_item(L, indices, i);
        push_item(L, flags, i);
        push_item(L, keys, i);
        double index = lua_tonumber(L, keys + 1);
        if (index >= 1 && index <= webhooks)
            routes->items[routes->count++] = (pl_route){
                .webhook = (uint32_t)index - 1,
                .undecided = lua_toboolean(L, keys + 2),
                .order_key = pl_arena_dup(arena, text_at(L, keys + 3, PL_NO_SLICE)),
            };
        lua_settop(L, keys);
    }
    if (routes->count == 0)
        routes->reason =
            pl_arena_dup(arena, text_at(L, reason, PL_SLICE("no webhook wants this event")));
}

/* As lua/perilune/route.lua would, for a type whose webhooks want each event of it. */
static void take_all(const pl_router_entry *entry, pl_arena *arena, pl_routes *routes)
{
    routes->items = pl_arena_zero(arena, entry->count * sizeof *routes->items);
    routes->count = entry->count;
    for (uint32_t i = 0; i < entry->count; i++)
        routes->items[i].webhook = entry->webhooks[i];
}

static void ask_scripts(pl_script *s, const pl_event *event, pl_arena *arena, pl_routes *routes)
{
    lua_State *L = s->vm.L;
    int top = lua_gettop(L);
    pl_bind_event_push(L, event);
    pl_script_push_function(s, L, ROUTE);
    lua_pushvalue(L, top + 1);
    if (call_as(s, PL_BUDGET_ROUTE, 2, 4) == 0) {
        read_routes(L, s->base.policy_count, arena, routes);
    } else {
        log_failure(s, "an event could not be routed");
        routes->reason = pl_arena_dup(arena, pl_buf_slice(&s->vm.failure));
    }
    pl_bind_event_clear(L, top + 1);
    pl_event_drop_nodes(event);
    lua_settop(L, top);
}

static void script_route(pl_generation *g, const pl_event *event, pl_arena *arena,
                         pl_routes *routes)
{
    pl_script *s = pl_script_of(g);
    const pl_router_entry *entry = pl_router_find(&s->router, event->type);
    *routes = (pl_routes){0};
    if (entry)
        take_all(entry, arena, routes);
    else
        ask_scripts(s, event, arena, routes);
}

/* A connector that only takes in, which no webhook tells of? */
static bool is_bare(const pl_script *s, pl_slice connector)
{
    for (uint32_t i = 0; i < s->bare_count; i++)
        if (pl_slice_eq(s->bare[i], connector)) return true;
    return false;
}

static int64_t script_find(pl_generation *g, pl_slice connector, pl_slice webhook)
{
    const pl_script *s = pl_script_of(g);
    int64_t index = pl_directory_find(&s->directory, connector, webhook);
    return index < 0 && webhook.len == 0 && is_bare(s, connector) ? 0 : index;
}

static int script_describe(pl_generation *g, pl_slice connector, pl_buf *out)
{
    pl_script *s = pl_script_of(g);
    lua_State *L = s->vm.L;
    if (connector.len && script_find(g, connector, PL_NO_SLICE) < 0) return PL_E_UNKNOWN_CONNECTOR;
    pl_script_push_function(s, L, DESCRIBE);
    if (connector.len)
        pl_push_slice(L, connector);
    else
        lua_pushnil(L);
    int code = call_as(s, PL_BUDGET_OURS, 2, 1);
    if (code == 0) {
        code = pl_codec_encode(&s->vm.codec, L, lua_gettop(L), NULL, out);
        if (code)
            pl_log(PL_LOG_ERROR, "describe",
                   PL_LOG_SLICE("error", pl_buf_slice(&s->vm.codec.text)));
        lua_pop(L, 1);
    } else {
        log_failure(s, "the connectors could not be described");
    }
    return code ? PL_E_INTERNAL : 0;
}

/* -- inbound requests -- */

static int script_receive(pl_generation *g, pl_reception *r)
{
    pl_script *s = pl_script_of(g);
    return pl_receive(&s->vm, s->functions[RECEIVE], s->generation, r);
}

static void script_dismiss(pl_generation *g, pl_reception *r)
{
    pl_receive_dismiss(&pl_script_of(g)->vm, r);
}

/* -- loading -- */

static void close_script(pl_script *s)
{
    pl_vm_close(&s->vm);
    pl_arena_fini(&s->arena);
    free(s);
}

static void on_burial(pl_message *m)
{
    close_script((pl_script *)(void *)((char *)m - offsetof(pl_script, burial)));
}

/* Closing a state with thousands of webhooks takes tens of milliseconds,
 * in which a worker would stand still. */
static void script_free(pl_generation *g)
{
    pl_script *s = pl_script_of(g);
    s->burial.fn = on_burial;
    if (s->undertaker)
        pl_mailbox_post(s->undertaker, &s->burial);
    else
        close_script(s);
}

static const pl_generation script_functions = {
    .refs = 1,
    .free = script_free,
    .route = script_route,
    .find = script_find,
    .render = pl_script_render,
    .authenticate = pl_script_authenticate,
    .map = pl_script_map,
    .unauthorized = pl_script_unauthorized,
    .failed = pl_script_failed,
    .release = pl_script_release,
    .receive = script_receive,
    .dismiss = script_dismiss,
    .describe = script_describe,
};

static int take_functions(lua_State *L)
{
    pl_script *s = lua_touserdata(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune");
    lua_call(L, 1, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    for (int f = 0; f < PL_SCRIPT_FUNCTION_COUNT; f++) {
        lua_getfield(L, 2, function_names[f]);
        luaL_checktype(L, -1, LUA_TFUNCTION);
        s->functions[f] = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    return 0;
}

static void push_files(lua_State *L, const pl_bundle *bundle)
{
    lua_createtable(L, 0, (int)bundle->count);
    for (size_t i = 0; i < bundle->count; i++) {
        lua_pushlstring(L, bundle->files[i].text, bundle->files[i].len);
        lua_setfield(L, -2, bundle->files[i].path);
    }
}

/* What those files are called that do not stand in the gateway folder, by their path in it. */
static void push_names(lua_State *L, const pl_bundle *bundle)
{
    lua_newtable(L);
    for (size_t i = 0; i < bundle->count; i++) {
        if (bundle->files[i].shown == NULL) continue;
        lua_pushstring(L, bundle->files[i].shown);
        lua_setfield(L, -2, bundle->files[i].path);
    }
}

/* nil where the outside says nothing of it. */
static void push_egress_allow(lua_State *L, const pl_settings *outside)
{
    if (outside == NULL || outside->egress_allow.count == 0) {
        lua_pushnil(L);
        return;
    }
    lua_newtable(L);
    for (size_t i = 0; i < outside->egress_allow.count; i++) {
        lua_pushstring(L, outside->egress_allow.items[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
}

/* Returns the gate's code, with generation and faults on the stack. */
static int call_load(pl_script *s, const pl_bundle *bundle, const pl_script_config *config)
{
    lua_State *L = s->vm.L;
    lua_pushcfunction(L, take_functions);
    lua_pushlightuserdata(L, s);
    int code = call_as(s, PL_BUDGET_NONE, 1, 0);
    if (code) return code;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->functions[LOAD]);
    push_files(L, bundle);
    lua_createtable(L, 0, 4);
    lua_pushstring(L, bundle->root);
    lua_setfield(L, -2, "root");
    push_names(L, bundle);
    lua_setfield(L, -2, "names");
    lua_pushboolean(L, config->warns);
    lua_setfield(L, -2, "warns");
    lua_pushstring(L, config->secrets_dir); /* NULL is nil */
    lua_setfield(L, -2, "secrets_dir");
    push_egress_allow(L, config->outside);
    lua_setfield(L, -2, "egress_allow");
    return call_as(s, PL_BUDGET_LOAD, 2, 2);
}

/* The ids of the connectors without webhooks. */
static void take_bare(pl_script *s, int generation)
{
    lua_State *L = s->vm.L;
    pl_loaded_push_field(L, generation, "loaded");
    int list = lua_gettop(L), count = (int)lua_objlen(L, list);
    s->bare = pl_arena_zero(&s->arena, ((size_t)count + 1) * sizeof *s->bare);
    for (int i = 1; i <= count; i++, lua_settop(L, list)) {
        lua_rawgeti(L, list, i);
        pl_loaded_push_field(L, list + 1, "entries");
        if (lua_objlen(L, -1) == 0)
            s->bare[s->bare_count++] = pl_loaded_text(L, list + 1, "id", &s->arena);
    }
    lua_settop(L, list - 1);
}

/* What `load` made, and its faults. */
static bool take_generation(pl_script *s, const pl_bundle *bundle, const pl_script_config *config,
                            pl_faults *faults)
{
    lua_State *L = s->vm.L;
    if (call_load(s, bundle, config) != 0) {
        pl_buf_put_char(&s->vm.failure, 0);
        pl_faults_add(faults, "gateway.lua", 0, s->vm.failure.ptr);
        return false;
    }
    int generation = lua_gettop(L) - 1;
    pl_loaded_faults(L, generation + 1, lua_istable(L, generation), faults);
    if (!lua_istable(L, generation)) return false;
    pl_loaded_policies(L, generation, &s->arena, &s->base);
    take_bare(s, generation);
    pl_directory_init(&s->directory, s->base.policies, s->base.policy_count, &s->arena);
    pl_loaded_limits(L, generation, &s->arena, &s->base);
    pl_loaded_routes(L, generation, &s->arena, &s->router);
    pl_loaded_sources(L, generation, &s->arena, &s->base);
    s->recipes = pl_arena_zero(&s->arena, (s->base.policy_count + 1) * sizeof *s->recipes);
    s->authenticators = pl_authenticators_read(L, generation, s->base.policy_count, &s->arena);
    s->keys = pl_bind_keys_of(L);
    lua_getfield(L, generation, "require_https");
    s->base.https_only = s->vm.https_only = lua_toboolean(L, -1);
    lua_pop(L, 2);
    s->generation = luaL_ref(L, LUA_REGISTRYINDEX);
    return true;
}

static void use_limits(pl_vm *vm, const pl_settings *outside)
{
    int64_t usual = vm->budget.load_ms;
    if (outside) pl_vm_use(vm, outside);
    vm->budget.load_is_given = vm->budget.load_ms != usual;
}

pl_generation *pl_script_load(const pl_bundle *bundle, const pl_script_config *config,
                              uint64_t number, pl_faults *faults)
{
    pl_script *s = pl_alloc_zero(sizeof *s);
    s->base = script_functions;
    s->base.number = number;
    pl_arena_init(&s->arena);
    if (pl_vm_open(&s->vm, config->lua_path, config->json_depth) != 0) {
        pl_faults_add(faults, "gateway.lua", 0, "no Lua state could be made");
        free(s);
        return NULL;
    }
    use_limits(&s->vm, config->outside);
    pl_vm_begin_load(&s->vm);
    if (!take_generation(s, bundle, config, faults)) {
        script_free(&s->base);
        return NULL;
    }
    pl_vm_end_load(&s->vm);
    return &s->base;
}

void pl_script_settings(pl_generation *g, pl_settings *settings)
{
    pl_script *s = pl_script_of(g);
    lua_State *L = s->vm.L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->generation);
    pl_loaded_settings(L, lua_gettop(L), settings);
    lua_pop(L, 1);
}

/* -- what scripts reach through their worker -- */

void pl_script_attach(pl_generation *g, const pl_settings *settings, const pl_script_host *host)
{
    pl_script *s = pl_script_of(g);
    pl_vm_use(&s->vm, settings);
    s->vm.wheel = host->wheel;
    s->client = host->client;
    s->tolls = host->tolls;
    if (host->client) s->vm.sender = pl_script_sender(s);
    s->vm.cache = host->cache;
    s->vm.mailbox = host->mailbox;
    s->undertaker = host->undertaker;
}
