/* SPDX-License-Identifier: MIT
 *
 * The tables are ours, made by lua/perilune/loader.lua of what an integrator wrote and checked there:
 * a field that is not what it should be counts as one that is not there. */
#include "script/loaded.h"

#include "base/log.h"
#include "flow/notice_kind.h"
#include "flow/retry.h"
#include "script/bind.h"

#include <math.h>

/* -- fields, without running anything of a script -- */

void pl_loaded_push_field(lua_State *L, int table, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, table);
}

pl_slice pl_loaded_optional(lua_State *L, int table, const char *name, pl_arena *arena)
{
    pl_loaded_push_field(L, table, name);
    pl_slice s = PL_NO_SLICE;
    if (lua_type(L, -1) == LUA_TSTRING) s.ptr = lua_tolstring(L, -1, &s.len);
    if (s.ptr) s = pl_arena_dup(arena, s);
    lua_pop(L, 1);
    return s;
}

pl_slice pl_loaded_text(lua_State *L, int table, const char *name, pl_arena *arena)
{
    pl_slice s = pl_loaded_optional(L, table, name, arena);
    return s.ptr ? s : PL_SLICE("");
}

static double number_field(lua_State *L, int table, const char *name)
{
    pl_loaded_push_field(L, table, name);
    double n = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
    lua_pop(L, 1);
    return n;
}

bool pl_loaded_flag(lua_State *L, int table, const char *name)
{
    pl_loaded_push_field(L, table, name);
    bool is_set = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is_set;
}

static int64_t milliseconds(double seconds)
{
    return seconds > 0 ? llround(seconds * 1000) : 0;
}

/* -- mistakes -- */

void pl_loaded_faults(lua_State *L, int list, bool are_warnings, pl_faults *faults)
{
    pl_arena arena;
    pl_arena_init(&arena);
    size_t count = lua_istable(L, list) ? lua_objlen(L, list) : 0;
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, list, (int)i);
        int at = lua_gettop(L);
        if (lua_istable(L, at)) {
            pl_faults_add_at(faults, pl_loaded_text(L, at, "file", &arena).ptr,
                             (int)number_field(L, at, "line"), (int)number_field(L, at, "column"),
                             pl_loaded_text(L, at, "message", &arena).ptr);
            faults->items[faults->count - 1].is_warning = are_warnings;
        }
        lua_pop(L, 1);
    }
    if (count == 0 && !are_warnings)
        pl_faults_add(faults, "gateway.lua", 0, "it did not load, for no given reason");
    pl_arena_fini(&arena);
}

/* -- webhooks -- */

static void read_delays(lua_State *L, int table, pl_arena *arena, pl_policy *policy)
{
    pl_loaded_push_field(L, table, "retry");
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
    pl_loaded_push_field(L, table, "retry_on");
    int list = lua_gettop(L);
    pl_retry_rule *rule = lua_istable(L, list) ? pl_arena_zero(arena, sizeof *rule) : NULL;
    size_t count = rule ? lua_objlen(L, list) : 0;
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, list, (int)i);
        if (lua_istable(L, -1)) {
            lua_rawgeti(L, list + 1, 1);
            lua_rawgeti(L, list + 1, 2);
            pl_statuses_add(&rule->statuses, (int)lua_tointeger(L, -2), (int)lua_tointeger(L, -1));
        } else {
            pl_retry_rule_add_class(rule, pl_err_of_name(lua_tostring(L, -1)));
        }
        lua_settop(L, list);
    }
    lua_pop(L, 1);
    return rule;
}

/* { { 410, 410 }, ... } */
pl_statuses pl_loaded_statuses(lua_State *L, int table, const char *name)
{
    pl_statuses statuses = {0};
    pl_loaded_push_field(L, table, name);
    int list = lua_gettop(L);
    size_t count = lua_istable(L, list) ? lua_objlen(L, list) : 0;
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, list, (int)i);
        if (lua_istable(L, -1)) {
            lua_rawgeti(L, list + 1, 1);
            lua_rawgeti(L, list + 1, 2);
            pl_statuses_add(&statuses, (int)lua_tointeger(L, -2), (int)lua_tointeger(L, -1));
        }
        lua_settop(L, list);
    }
    lua_pop(L, 1);
    return statuses;
}

static pl_rate read_rate(lua_State *L, int table)
{
    pl_rate rate = {0};
    pl_loaded_push_field(L, table, "rate");
    int at = lua_gettop(L);
    if (lua_istable(L, at)) {
        rate.per_second = number_field(L, at, "per_second");
        rate.burst = number_field(L, at, "burst");
        rate.concurrency = (uint32_t)number_field(L, at, "concurrency");
    }
    lua_pop(L, 1);
    return rate;
}

/* A bound of 0 is said: there is none. */
static int64_t read_age(lua_State *L, int table, const char *name)
{
    pl_loaded_push_field(L, table, name);
    bool is_said = !lua_isnil(L, -1);
    lua_pop(L, 1);
    int64_t age_ms = milliseconds(number_field(L, table, name) * 86400);
    return is_said && age_ms == 0 ? PL_FOR_EVER : age_ms;
}

static pl_keep read_keep(lua_State *L, int table)
{
    pl_keep keep = {0};
    pl_loaded_push_field(L, table, "retention");
    int at = lua_gettop(L);
    if (lua_istable(L, at)) {
        keep.age_ms = read_age(L, at, "days");
        keep.payload_ms = read_age(L, at, "payload_days");
        keep.deliveries = (int64_t)number_field(L, at, "deliveries");
        keep.bytes = (int64_t)number_field(L, at, "bytes");
    }
    lua_pop(L, 1);
    return keep;
}

static pl_policy read_policy(lua_State *L, int table, pl_arena *arena)
{
    pl_policy p = {
        .connector = pl_loaded_text(L, table, "connector", arena),
        .webhook = pl_loaded_text(L, table, "webhook", arena),
        .timeout_ms = milliseconds(number_field(L, table, "timeout")),
        .connect_timeout_ms = milliseconds(number_field(L, table, "connect_timeout")),
        .redirects = {(uint32_t)number_field(L, table, "redirects"),
                      pl_loaded_flag(L, table, "may_downgrade")},
        .jitter = number_field(L, table, "jitter"),
        .max_age_ms = milliseconds(number_field(L, table, "max_age")),
        .order = pl_order_rule_of_name(pl_loaded_text(L, table, "order", arena)),
        .order_is_shared = pl_loaded_flag(L, table, "order_is_shared"),
        .has_on_unauthorized = pl_loaded_flag(L, table, "has_on_unauthorized"),
        .has_on_failed = pl_loaded_flag(L, table, "has_on_failed"),
    };
    read_delays(L, table, arena, &p);
    p.rule = read_rule(L, table, arena);
    p.is_for_operators = pl_loaded_flag(L, table, "notice");
    p.disable_on = pl_loaded_statuses(L, table, "disable_on");
    p.rate = read_rate(L, table);
    p.own_quota = pl_loaded_text(L, table, "own_quota", arena);
    p.keep = read_keep(L, table);
    return p;
}

/* The bit of the operator event that a policy's webhook is triggered by, or 0. */
static uint32_t read_notice(lua_State *L, int table)
{
    pl_loaded_push_field(L, table, "notice");
    pl_slice type = {NULL, 0};
    if (lua_type(L, -1) == LUA_TSTRING) type.ptr = lua_tolstring(L, -1, &type.len);
    int kind = pl_notice_kind_of(type);
    lua_pop(L, 1);
    return kind < 0 ? 0 : 1u << kind;
}

void pl_loaded_policies(lua_State *L, int generation, pl_arena *arena, pl_generation *g)
{
    int list = lua_gettop(L) + 1;
    pl_loaded_push_field(L, generation, "policies");
    size_t count = lua_istable(L, list) ? lua_objlen(L, list) : 0;
    pl_policy *policies = pl_arena_alloc(arena, (count + 1) * sizeof *policies);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, list, (int)i + 1);
        policies[i] = (pl_policy){0};
        if (lua_istable(L, list + 1)) {
            policies[i] = read_policy(L, list + 1, arena);
            g->notices |= read_notice(L, list + 1);
        }
        lua_settop(L, list);
    }
    lua_settop(L, list - 1);
    g->policies = policies;
    g->policy_count = (uint32_t)count;
}

/* -- limits -- */

void pl_loaded_limits(lua_State *L, int generation, pl_arena *arena, pl_generation *g)
{
    int list = lua_gettop(L) + 1;
    pl_loaded_push_field(L, generation, "limits");
    size_t count = lua_istable(L, list) ? lua_objlen(L, list) : 0;
    pl_limit *limits = pl_arena_zero(arena, (count + 1) * sizeof *limits);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, list, (int)i + 1);
        if (lua_istable(L, list + 1))
            limits[i] = (pl_limit){.host = pl_loaded_text(L, list + 1, "host", arena),
                                   .port = (uint16_t)number_field(L, list + 1, "port"),
                                   .rate = read_rate(L, list + 1)};
        lua_settop(L, list);
    }
    lua_settop(L, list - 1);
    g->limits = (pl_limits){limits, (uint32_t)count};
}

/* -- routes -- */

static uint32_t count_pairs(lua_State *L, int table)
{
    uint32_t count = 0;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
        count++;
    return count;
}

/* A key and its list of indices, which count from 1, on the top of the stack. */
static void put_route(lua_State *L, pl_arena *arena, pl_router *router)
{
    pl_slice type;
    type.ptr = lua_tolstring(L, -2, &type.len);
    uint32_t count = (uint32_t)lua_objlen(L, -1);
    uint32_t *webhooks = pl_arena_alloc(arena, count * sizeof *webhooks);
    for (uint32_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        webhooks[i] = (uint32_t)lua_tointeger(L, -1) - 1;
        lua_pop(L, 1);
    }
    pl_router_put(router, pl_arena_dup(arena, type), webhooks, count);
}

void pl_loaded_routes(lua_State *L, int generation, pl_arena *arena, pl_router *router)
{
    int routes = lua_gettop(L) + 1;
    pl_loaded_push_field(L, generation, "plain_routes");
    if (lua_istable(L, routes)) {
        pl_router_init(router, count_pairs(L, routes), arena);
        for (lua_pushnil(L); lua_next(L, routes); lua_pop(L, 1))
            put_route(L, arena, router);
    }
    lua_settop(L, routes - 1);
}

/* -- sources -- */

static pl_source read_source(lua_State *L, int table, pl_arena *arena)
{
    return (pl_source){.name = pl_loaded_text(L, table, "name", arena),
                       .place = pl_loaded_text(L, table, "place", arena),
                       .verifies = pl_loaded_flag(L, table, "verifies"),
                       .takes_get = pl_loaded_flag(L, table, "takes_get"),
                       .takes_post = pl_loaded_flag(L, table, "takes_post")};
}

void pl_loaded_sources(lua_State *L, int generation, pl_arena *arena, pl_generation *g)
{
    int list = lua_gettop(L) + 1;
    lua_pushliteral(L, "source_list");
    lua_rawget(L, generation);
    size_t count = lua_istable(L, list) ? lua_objlen(L, list) : 0;
    pl_source *sources = pl_arena_zero(arena, (count + 1) * sizeof *sources);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, list, (int)i + 1);
        if (lua_istable(L, list + 1)) sources[i] = read_source(L, list + 1, arena);
        lua_settop(L, list);
    }
    lua_settop(L, list - 1);
    g->sources = sources;
    g->source_count = (uint32_t)count;
    g->has_ingress = pl_loaded_flag(L, generation, "ingress");
}

/* -- settings -- */

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

void pl_loaded_settings(lua_State *L, int generation, pl_settings *settings)
{
    int top = lua_gettop(L);
    pl_loaded_push_field(L, generation, "settings");
    for (size_t i = 0; i < pl_setting_count && lua_istable(L, top + 1); i++) {
        pl_loaded_push_field(L, top + 1, pl_setting_list[i].name);
        if (!lua_isnil(L, -1)) apply_setting(L, &pl_setting_list[i], settings);
        lua_settop(L, top + 1);
    }
    lua_settop(L, top);
}
