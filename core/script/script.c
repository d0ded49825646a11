/* SPDX-License-Identifier: MIT
 *
 * A generation: one Lua state with a gateway folder in it, behind the functions that the engine
 * calls. `require "perilune"` gives a table of functions, one for each stage; they are kept in the
 * registry and called through the gate.
 *
 * What scripts hold for one exchange is one table in the registry (x->script_ref),
 *
 *     { event, request, frame, response }
 *
 * made by render and given up by release, which also kills the three userdata,
 * so that a script that has kept one gets an error and not another exchange's memory.
 * Webhooks count from 1 in Lua and from 0 in C. */
#include "script/script.h"

#include "base/err.h"
#include "base/log.h"
#include "flow/engine.h"
#include "flow/retry.h"
#include "script/bind.h"
#include "script/bundle.h"
#include "script/receive.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

/* The functions of lua/perilune/init.lua that are called here. */
#define FUNCTIONS(X)                \
    X(LOAD, "load")                 \
    X(ROUTE, "route")               \
    X(FIND, "find")                 \
    X(RENDER, "render")             \
    X(AUTHENTICATE, "authenticate") \
    X(UNAUTHORIZED, "unauthorized") \
    X(MAP, "map")                   \
    X(FAILED, "failed")             \
    X(RECEIVE, "receive")           \
    X(DESCRIBE, "describe")

enum function {
#define X(code, ...) code,
    FUNCTIONS(X)
#undef X
        FUNCTION_COUNT
};

static const char *const function_names[] = {
#define X(code, name) name,
    FUNCTIONS(X)
#undef X
};

/* Places in the table of an exchange. */
enum { EVENT = 1, REQUEST, FRAME, RESPONSE };

typedef struct script {
    pl_generation base;
    pl_vm vm;
    pl_arena arena;                /* the policies */
    int functions[FUNCTION_COUNT]; /* registry */
    int generation;                /* registry: what `load` returned */
    pl_mailbox *undertaker;        /* of the thread that closes it; NULL: whoever drops it last */
    pl_message burial;
} script;

static script *script_of(pl_generation *g)
{
    return (script *)g;
}

/* -- reading tables, without running anything of a script -- */

static void push_field(lua_State *L, int table, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, table);
}

static pl_slice arena_field(lua_State *L, int table, const char *name, pl_arena *arena)
{
    push_field(L, table, name);
    pl_slice s = {"", 0};
    if (lua_type(L, -1) == LUA_TSTRING) s.ptr = lua_tolstring(L, -1, &s.len);
    s = pl_arena_dup(arena, s);
    lua_pop(L, 1);
    return s;
}

static double number_field(lua_State *L, int table, const char *name)
{
    push_field(L, table, name);
    double n = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
    lua_pop(L, 1);
    return n;
}

static bool flag_field(lua_State *L, int table, const char *name)
{
    push_field(L, table, name);
    bool is_set = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is_set;
}

static int64_t milliseconds(double seconds)
{
    return seconds > 0 ? llround(seconds * 1000) : 0;
}

/* -- failures -- */

static int fail(pl_exchange *x, int code, pl_slice text)
{
    x->error_text = pl_arena_dup(&x->arena, text).ptr;
    return code;
}

/* What the gate says of a script that failed. */
static int failed(pl_exchange *x, int code, pl_slice text)
{
    const pl_vm *vm = &script_of(x->generation)->vm;
    x->traceback = pl_arena_dup(&x->arena, pl_buf_slice(&vm->traceback));
    return fail(x, code, text);
}

static void log_failure(const script *s, const char *what)
{
    pl_log(PL_LOG_ERROR, what, PL_LOG_SLICE("error", pl_buf_slice(&s->vm.failure)));
}

/* Pushes a function and the generation. */
static void push_function(const script *s, lua_State *L, enum function f)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->functions[f]);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->generation);
}

static int call_as(script *s, enum pl_budget_kind kind, int args, int results)
{
    s->vm.budget.kind = kind;
    return pl_gate_call(&s->vm, args, results);
}

/* -- route, find, describe -- */

/* stack: indices, flags, reason (top) */
static void read_routes(lua_State *L, uint32_t webhooks, pl_arena *arena, pl_routes *routes)
{
    int reason = lua_gettop(L), flags = reason - 1, indices = reason - 2;
    size_t count = lua_istable(L, indices) ? lua_objlen(L, indices) : 0;
    routes->items = pl_arena_alloc(arena, (count + 1) * sizeof *routes->items);
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, indices, (int)i);
        double index = lua_tonumber(L, -1);
        lua_pop(L, 1);
        if (!(index >= 1 && index <= webhooks)) continue;
        bool undecided = false;
        if (lua_istable(L, flags)) {
            lua_rawgeti(L, flags, (int)i);
            undecided = lua_toboolean(L, -1);
            lua_pop(L, 1);
        }
        routes->items[routes->count++] = (pl_route){(uint32_t)index - 1, undecided};
    }
    pl_slice text = PL_SLICE("no webhook wants this event");
    if (lua_type(L, reason) == LUA_TSTRING) text.ptr = lua_tolstring(L, reason, &text.len);
    if (routes->count == 0) routes->reason = pl_arena_dup(arena, text);
}

static void script_route(pl_generation *g, const pl_event *event, pl_arena *arena,
                         pl_routes *routes)
{
    script *s = script_of(g);
    lua_State *L = s->vm.L;
    int top = lua_gettop(L);
    *routes = (pl_routes){0};
    pl_bind_event_push(L, event);
    push_function(s, L, ROUTE);
    lua_pushvalue(L, top + 1);
    if (call_as(s, PL_BUDGET_ROUTE, 2, 3) == 0) {
        read_routes(L, g->policy_count, arena, routes);
    } else {
        log_failure(s, "an event could not be routed");
        routes->reason = pl_arena_dup(arena, pl_buf_slice(&s->vm.failure));
    }
    pl_bind_event_clear(L, top + 1);
    lua_settop(L, top);
}

static int64_t find_connector(script *s, pl_slice connector)
{
    lua_State *L = s->vm.L;
    int top = lua_gettop(L);
    int64_t found = -1;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->generation);
    push_field(L, top + 1, "connectors");
    if (lua_istable(L, -1)) {
        pl_push_slice(L, connector);
        lua_rawget(L, -2);
        if (!lua_isnil(L, -1)) found = 0;
    }
    lua_settop(L, top);
    return found;
}

static int64_t script_find(pl_generation *g, pl_slice connector, pl_slice webhook)
{
    script *s = script_of(g);
    lua_State *L = s->vm.L;
    if (webhook.len == 0) return find_connector(s, connector);
    push_function(s, L, FIND);
    pl_push_slice(L, connector);
    pl_push_slice(L, webhook);
    if (call_as(s, PL_BUDGET_OURS, 3, 1) != 0) {
        log_failure(s, "a webhook could not be looked up");
        return -1;
    }
    double index = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return index >= 1 && index <= g->policy_count ? (int64_t)index - 1 : -1;
}

static int script_describe(pl_generation *g, pl_slice connector, pl_buf *out)
{
    script *s = script_of(g);
    lua_State *L = s->vm.L;
    if (connector.len && find_connector(s, connector) < 0) return PL_E_UNKNOWN_CONNECTOR;
    push_function(s, L, DESCRIBE);
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

/* -- the stages that may wait -- */

static void push_object(const pl_exchange *x, lua_State *L, int place)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, x->script_ref);
    lua_rawgeti(L, -1, place);
    lua_remove(L, -2);
}

/* Pops the value. */
static void keep_object(const pl_exchange *x, lua_State *L, int place)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, x->script_ref);
    lua_insert(L, -2); /* stack: table, value (top) */
    lua_rawseti(L, -2, place);
    lua_pop(L, 1);
}

/* A stage that waited is through. The engine may let go
 * of the last reference to the generation in there. */
static void on_resumed(void *owner, int code)
{
    pl_exchange *x = owner;
    pl_generation *g = pl_generation_ref(x->generation);
    pl_engine_resume(x, code);
    pl_generation_unref(g);
}

static pl_slot *begin_stage(pl_generation *g, pl_exchange *x, enum function f, pl_finish_fn *finish)
{
    script *s = script_of(g);
    pl_slot *slot = pl_gate_begin(&s->vm, finish, on_resumed, x);
    slot->exchange = x;
    slot->trace = &x->trace;
    push_function(s, slot->co, f);
    lua_pushinteger(slot->co, (lua_Integer)x->webhook + 1);
    return slot;
}

static int finish_render(void *owner, lua_State *co, int code, pl_slice text)
{
    pl_exchange *x = owner;
    if (code) return failed(x, code, text);
    if (lua_gettop(co) == 0 || lua_isnil(co, 1))
        return fail(x, PL_E_CANCELLED, PL_SLICE("its `when` says no"));
    lua_settop(co, 1);
    keep_object(x, co, FRAME);
    return 0;
}

static void push_info(const pl_exchange *x, lua_State *co)
{
    char id[PL_UUID_TEXT + 1];
    pl_uuid_format(x->id, id);
    lua_createtable(co, 0, 5);
    lua_pushinteger(co, (lua_Integer)x->number);
    lua_setfield(co, -2, "attempt");
    lua_pushstring(co, id);
    lua_setfield(co, -2, "id");
    lua_pushnumber(co, (double)x->started_ms / 1000);
    lua_setfield(co, -2, "now");
    lua_pushnumber(co, (double)x->deadline_ms / 1000);
    lua_setfield(co, -2, "deadline");
    lua_pushboolean(co, x->undecided);
    lua_setfield(co, -2, "undecided");
}

/* The table of what scripts hold for it, with the event. */
static void begin_objects(pl_exchange *x, lua_State *co)
{
    lua_createtable(co, RESPONSE, 0);
    x->script_ref = luaL_ref(co, LUA_REGISTRYINDEX);
    pl_bind_event_push(co, x->event);
    keep_object(x, co, EVENT);
}

static int script_render(pl_generation *g, pl_exchange *x)
{
    pl_slot *slot = begin_stage(g, x, RENDER, finish_render);
    lua_State *co = slot->co;
    begin_objects(x, co);
    push_object(x, co, EVENT);
    pl_bind_request_push(co, x);
    lua_pushvalue(co, -1);
    keep_object(x, co, REQUEST);
    push_info(x, co);
    return pl_gate_run(slot, 5, &x->script_slot);
}

/* From here on the request is what is sent: no script that kept it changes it any more. */
static int finish_authenticate(void *owner, lua_State *co, int code, pl_slice text)
{
    pl_exchange *x = owner;
    if (code) return failed(x, code, text);
    push_object(x, co, REQUEST);
    pl_bind_request_clear(co, lua_gettop(co));
    return 0;
}

static int script_authenticate(pl_generation *g, pl_exchange *x)
{
    pl_slot *slot = begin_stage(g, x, AUTHENTICATE, finish_authenticate);
    push_object(x, slot->co, REQUEST);
    push_object(x, slot->co, FRAME);
    return pl_gate_run(slot, 4, &x->script_slot);
}

/* co: ok, variables (JSON), message, retry: true, false or nil */
static int finish_map(void *owner, lua_State *co, int code, pl_slice text)
{
    pl_exchange *x = owner;
    if (code) return failed(x, code, text);
    lua_settop(co, 4);
    if (!lua_isnil(co, 4)) x->verdict = lua_toboolean(co, 4) ? PL_VERDICT_RETRY : PL_VERDICT_FINAL;
    x->ok = lua_toboolean(co, 1);
    if (lua_type(co, 3) == LUA_TSTRING) fail(x, 0, pl_check_slice(co, 3));
    if (lua_type(co, 2) == LUA_TSTRING)
        x->variables = pl_arena_dup(&x->arena, pl_check_slice(co, 2));
    return 0;
}

/* The one of this exchange: reauthorize may have made it for map. */
static void push_response(pl_exchange *x, lua_State *co)
{
    push_object(x, co, RESPONSE);
    if (!lua_isnil(co, -1)) return;
    lua_pop(co, 1);
    pl_bind_response_push(co, x);
    lua_pushvalue(co, -1);
    keep_object(x, co, RESPONSE);
}

static int run_on_response(pl_generation *g, pl_exchange *x, enum function f, pl_finish_fn *finish)
{
    pl_slot *slot = begin_stage(g, x, f, finish);
    push_response(x, slot->co);
    push_object(x, slot->co, FRAME);
    return pl_gate_run(slot, 4, &x->script_slot);
}

static int script_map(pl_generation *g, pl_exchange *x)
{
    return run_on_response(g, x, MAP, finish_map);
}

/* -- beside the way: a 401, a failure -- */

/* co: again */
static int finish_unauthorized(void *owner, lua_State *co, int code, pl_slice text)
{
    if (code) return failed(owner, code, text);
    return lua_gettop(co) > 0 && lua_toboolean(co, 1) ? PL_AGAIN : 0;
}

static int script_unauthorized(pl_generation *g, pl_exchange *x)
{
    return run_on_response(g, x, UNAUTHORIZED, finish_unauthorized);
}

static int finish_failed(void *owner, lua_State *co, int code, pl_slice text)
{
    (void)owner, (void)co;
    if (code) pl_log(PL_LOG_ERROR, "on_failed", PL_LOG_SLICE("error", text));
    return 0;
}

static void push_failure(const pl_exchange *x, lua_State *co)
{
    lua_createtable(co, 0, 6);
    lua_pushstring(co, pl_err_name(x->error));
    lua_setfield(co, -2, "class");
    lua_pushstring(co, x->error_text);
    lua_setfield(co, -2, "message");
    lua_pushstring(co, pl_stage_name(x->failed_stage));
    lua_setfield(co, -2, "stage");
    lua_pushinteger(co, (lua_Integer)x->number);
    lua_setfield(co, -2, "attempt");
    lua_pushboolean(co, pl_exchange_will_retry(x));
    lua_setfield(co, -2, "will_retry");
    if (x->response.status == 0) return;
    lua_pushinteger(co, x->response.status);
    lua_setfield(co, -2, "status");
}

/* What scripts held may be released by now: then they get the event anew. */
static int script_failed(pl_generation *g, pl_exchange *x)
{
    pl_slot *slot = begin_stage(g, x, FAILED, finish_failed);
    lua_State *co = slot->co;
    if (x->script_ref == 0) begin_objects(x, co);
    push_failure(x, co);
    push_object(x, co, FRAME);
    push_object(x, co, EVENT);
    push_info(x, co);
    return pl_gate_run(slot, 6, &x->script_slot);
}

static void script_release(pl_generation *g, pl_exchange *x)
{
    pl_vm *vm = &script_of(g)->vm;
    lua_State *L = vm->L;
    pl_gate_cancel(vm, x->script_slot);
    if (x->script_ref == 0) return;
    int top = lua_gettop(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, x->script_ref);
    lua_rawgeti(L, top + 1, EVENT);
    pl_bind_event_clear(L, top + 2);
    lua_rawgeti(L, top + 1, REQUEST);
    pl_bind_request_clear(L, top + 3);
    lua_rawgeti(L, top + 1, RESPONSE);
    pl_bind_response_clear(L, top + 4);
    lua_settop(L, top);
    luaL_unref(L, LUA_REGISTRYINDEX, x->script_ref);
    x->script_ref = 0;
}

/* -- inbound requests -- */

static int script_receive(pl_generation *g, pl_reception *r)
{
    script *s = script_of(g);
    return pl_receive(&s->vm, s->functions[RECEIVE], s->generation, r);
}

static void script_dismiss(pl_generation *g, pl_reception *r)
{
    pl_receive_dismiss(&script_of(g)->vm, r);
}

/* -- loading -- */

static void close_script(script *s)
{
    pl_vm_close(&s->vm);
    pl_arena_fini(&s->arena);
    free(s);
}

static void on_burial(pl_message *m)
{
    close_script((script *)(void *)((char *)m - offsetof(script, burial)));
}

/* Closing a state with thousands of webhooks takes tens of milliseconds,
 * in which a worker would stand still. */
static void script_free(pl_generation *g)
{
    script *s = script_of(g);
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
    .render = script_render,
    .authenticate = script_authenticate,
    .map = script_map,
    .unauthorized = script_unauthorized,
    .failed = script_failed,
    .release = script_release,
    .receive = script_receive,
    .dismiss = script_dismiss,
    .describe = script_describe,
};

static int take_functions(lua_State *L)
{
    script *s = lua_touserdata(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune");
    lua_call(L, 1, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    for (int f = 0; f < FUNCTION_COUNT; f++) {
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
static int call_load(script *s, const pl_bundle *bundle, const pl_script_config *config)
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

/* `list` is an array of {file =, line =, column =, message =}. */
static void read_faults(lua_State *L, int list, bool are_warnings, pl_faults *faults)
{
    pl_arena arena;
    pl_arena_init(&arena);
    size_t count = lua_istable(L, list) ? lua_objlen(L, list) : 0;
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, list, (int)i);
        int at = lua_gettop(L);
        if (lua_istable(L, at)) {
            pl_faults_add_at(faults, arena_field(L, at, "file", &arena).ptr,
                             (int)number_field(L, at, "line"), (int)number_field(L, at, "column"),
                             arena_field(L, at, "message", &arena).ptr);
            faults->items[faults->count - 1].is_warning = are_warnings;
        }
        lua_pop(L, 1);
    }
    if (count == 0 && !are_warnings)
        pl_faults_add(faults, "gateway.lua", 0, "it did not load, for no given reason");
    pl_arena_fini(&arena);
}

static void read_delays(lua_State *L, int table, pl_arena *arena, pl_policy *policy)
{
    push_field(L, table, "retry");
    size_t count = lua_istable(L, -1) ? lua_objlen(L, -1) : 0;
    int64_t *delays = pl_arena_alloc(arena, (count + 1) * sizeof *delays);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        delays[i] = milliseconds(lua_tonumber(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    policy->delays_ms = delays;
    policy->delay_count = (uint32_t)count;
}

/* { "timeout", { 500, 599 }, ... }: classes, and statuses from one to another. */
static const pl_retry_rule *read_rule(lua_State *L, int table, pl_arena *arena)
{
    push_field(L, table, "retry_on");
    int list = lua_gettop(L);
    pl_retry_rule *rule = lua_istable(L, list) ? pl_arena_zero(arena, sizeof *rule) : NULL;
    size_t count = rule ? lua_objlen(L, list) : 0;
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, list, (int)i);
        if (lua_istable(L, -1)) {
            lua_rawgeti(L, list + 1, 1);
            lua_rawgeti(L, list + 1, 2);
            pl_retry_rule_add_statuses(rule, (int)lua_tointeger(L, -2), (int)lua_tointeger(L, -1));
        } else {
            pl_retry_rule_add_class(rule, pl_err_of_name(lua_tostring(L, -1)));
        }
        lua_settop(L, list);
    }
    lua_pop(L, 1);
    return rule;
}

static pl_policy read_policy(lua_State *L, int table, pl_arena *arena)
{
    pl_policy p = {
        .connector = arena_field(L, table, "connector", arena),
        .webhook = arena_field(L, table, "webhook", arena),
        .timeout_ms = milliseconds(number_field(L, table, "timeout")),
        .connect_timeout_ms = milliseconds(number_field(L, table, "connect_timeout")),
        .jitter = number_field(L, table, "jitter"),
        .max_age_ms = milliseconds(number_field(L, table, "max_age")),
        .has_on_unauthorized = flag_field(L, table, "has_on_unauthorized"),
        .has_on_failed = flag_field(L, table, "has_on_failed"),
    };
    read_delays(L, table, arena, &p);
    p.rule = read_rule(L, table, arena);
    return p;
}

static void read_policies(script *s, int generation)
{
    lua_State *L = s->vm.L;
    int list = lua_gettop(L) + 1;
    push_field(L, generation, "policies");
    size_t count = lua_istable(L, list) ? lua_objlen(L, list) : 0;
    pl_policy *policies = pl_arena_alloc(&s->arena, (count + 1) * sizeof *policies);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, list, (int)i + 1);
        policies[i] = (pl_policy){0};
        if (lua_istable(L, list + 1)) policies[i] = read_policy(L, list + 1, &s->arena);
        lua_settop(L, list);
    }
    lua_settop(L, list - 1);
    s->base.policies = policies;
    s->base.policy_count = (uint32_t)count;
}

/* What `load` made, and its faults. */
static bool take_generation(script *s, const pl_bundle *bundle, const pl_script_config *config,
                            pl_faults *faults)
{
    lua_State *L = s->vm.L;
    if (call_load(s, bundle, config) != 0) {
        pl_buf_put_char(&s->vm.failure, 0);
        pl_faults_add(faults, "gateway.lua", 0, s->vm.failure.ptr);
        return false;
    }
    int generation = lua_gettop(L) - 1;
    read_faults(L, generation + 1, lua_istable(L, generation), faults);
    if (!lua_istable(L, generation)) return false;
    read_policies(s, generation);
    pl_receive_read_sources(L, generation, &s->arena, &s->base);
    push_field(L, generation, "require_https");
    s->base.https_only = s->vm.https_only = lua_toboolean(L, -1);
    lua_pop(L, 2);
    s->generation = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_gc(L, LUA_GCCOLLECT, 0);
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
    script *s = pl_alloc_zero(sizeof *s);
    s->base = script_functions;
    s->base.number = number;
    pl_arena_init(&s->arena);
    if (pl_vm_open(&s->vm, config->lua_path, config->json_depth) != 0) {
        pl_faults_add(faults, "gateway.lua", 0, "no Lua state could be made");
        free(s);
        return NULL;
    }
    use_limits(&s->vm, config->outside);
    if (take_generation(s, bundle, config, faults)) return &s->base;
    script_free(&s->base);
    return NULL;
}

static pl_slice setting_text(lua_State *L, int index)
{
    pl_slice s = PL_NO_SLICE;
    if (!pl_bind_secret_peek(L, index, &s) && lua_isstring(L, index))
        s.ptr = lua_tolstring(L, index, &s.len);
    return s;
}

/* The value is on the top of the stack, a copy that may turn into text. */
static void apply_setting(lua_State *L, const pl_setting *setting, pl_settings *settings)
{
    if (!lua_istable(L, -1)) {
        pl_slice text = setting_text(L, -1);
        const char *expected = text.ptr ? pl_settings_set(settings, setting, text) : "a text";
        if (expected)
            pl_log(PL_LOG_ERROR, "a setting was not taken", PL_LOG_STR("name", setting->name),
                   PL_LOG_STR("expected", expected));
        return;
    }
    size_t count = lua_objlen(L, -1);
    pl_settings_clear(settings, setting);
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, (int)i);
        pl_slice text = setting_text(L, -1);
        if (text.ptr) pl_settings_add(settings, setting, text);
        lua_pop(L, 1);
    }
}

void pl_script_settings(pl_generation *g, pl_settings *settings)
{
    lua_State *L = script_of(g)->vm.L;
    int top = lua_gettop(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, script_of(g)->generation);
    push_field(L, top + 1, "settings");
    for (size_t i = 0; i < pl_setting_count && lua_istable(L, top + 2); i++) {
        push_field(L, top + 2, pl_setting_list[i].name);
        if (!lua_isnil(L, -1)) apply_setting(L, &pl_setting_list[i], settings);
        lua_settop(L, top + 2);
    }
    lua_settop(L, top);
}

/* -- what scripts reach through their worker -- */

static void *send_by_client(void *client, const pl_request *request, pl_response *response,
                            pl_arena *arena, void (*done)(void *arg, int code), void *arg)
{
    return pl_client_send(client, request, response, arena, done, arg);
}

static void cancel_transfer(void *transfer)
{
    pl_transfer_cancel(transfer);
}

void pl_script_attach(pl_generation *g, const pl_settings *settings, const pl_script_host *host)
{
    script *s = script_of(g);
    pl_vm_use(&s->vm, settings);
    s->vm.wheel = host->wheel;
    if (host->client) s->vm.sender = (pl_sender){host->client, send_by_client, cancel_transfer};
    s->vm.cache = host->cache;
    s->vm.mailbox = host->mailbox;
    s->undertaker = host->undertaker;
}
