/* SPDX-License-Identifier: MIT
 *
 * perilune.core: what our Lua asks of C that belongs to no type. Integrators' files see of it what
 * the sandbox gives them. */
#include "script/bind.h"

#include "base/err.h"
#include "flow/notice_kind.h"
#include "flow/retry.h"
#include "flow/settings.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <time.h>

#define LIMITS "perilune.limits" /* in the registry: core.limits */

/* -- time and ids -- */

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int core_now(lua_State *L)
{
    lua_pushnumber(L, (double)wall_ms() / 1000);
    return 1;
}

/* When the exchange of the run under way is over, or nil: it is of none. */
static int core_deadline(lua_State *L)
{
    const pl_exchange *x = pl_gate_exchange(pl_vm_of(L));
    if (x == NULL) return 0;
    lua_pushnumber(L, (double)x->deadline_ms / 1000);
    return 1;
}

static int core_uuid(lua_State *L)
{
    char text[PL_UUID_TEXT + 1];
    pl_uuid_format(pl_uuid_new(&pl_vm_of(L)->rng, (uint64_t)wall_ms()), text);
    lua_pushstring(L, text);
    return 1;
}

/* env(name): the environment variable PERILUNE_VAR_<name>, or nil. Only variables of this prefix
 * can be read by scripts. */
static int core_env(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_pushfstring(L, "PERILUNE_VAR_%s", name);
    lua_pushstring(L, getenv(lua_tostring(L, -1))); /* NULL pushes nil */
    return 1;
}

/* -- modules -- */

static int core_bundled(lua_State *L)
{
    int result = pl_module_push(pl_vm_of(L), L, luaL_checkstring(L, 1));
    if (result < 0) return lua_error(L);
    if (result == 0) lua_pushnil(L);
    return 1;
}

static void append_name(void *ud, const char *path)
{
    lua_State *L = ud;
    lua_pushstring(L, path);
    lua_rawseti(L, -2, (int)lua_objlen(L, -2) + 1);
}

static int core_bundled_names(lua_State *L)
{
    const char *prefix = luaL_checkstring(L, 1);
    lua_newtable(L);
    pl_module_names(pl_vm_of(L), prefix, append_name, L);
    return 1;
}

/* Text only: bytecode can do to the state what C can. */
static int core_load(lua_State *L)
{
    pl_slice text = pl_check_slice(L, 1);
    const char *name = luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    if (luaL_loadbufferx(L, text.ptr, text.len, name, "t") != 0) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    lua_pushvalue(L, 3);
    lua_setfenv(L, -2);
    return 1;
}

/* frame(prefix): chunk name (without its mark) and line of the innermost running Lua function whose
 * chunk's name begins so; nothing when there is none. */
static int core_frame(lua_State *L)
{
    pl_slice prefix = pl_check_slice(L, 1);
    lua_Debug frame;
    for (int level = 1; lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "Sl", &frame);
        if (strncmp(frame.source + 1, prefix.ptr, prefix.len) != 0) continue;
        lua_pushstring(L, frame.source + 1);
        lua_pushinteger(L, frame.currentline);
        return 2;
    }
    return 0;
}

/* -- copies -- */

static void push_empty_like(lua_State *L, int table)
{
    int count = 0, items = (int)lua_objlen(L, table);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
        count++;
    lua_createtable(L, items, count > items ? count - items : 0);
}

static void note_copy(lua_State *L, int from, int copy, int seen)
{
    lua_pushvalue(L, from);
    lua_pushvalue(L, copy);
    lua_rawset(L, seen);
}

static void push_copy(lua_State *L, int from, int seen);

/* The same of a table in it, as the value on the top. */
static void copy_value(lua_State *L, int from, int copy, int seen)
{
    int inner = lua_gettop(L);
    if (lua_isnil(L, seen)) {
        lua_newtable(L);
        lua_replace(L, seen);
        note_copy(L, from, copy, seen);
    }
    lua_pushvalue(L, inner);
    lua_rawget(L, seen);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        push_copy(L, inner, seen);
    }
    lua_replace(L, inner);
}

/* Pushes a copy of the table at `from` with all tables in it; metatables are shared, so that marks
 * of JSON stay. `seen`: table -> its copy, for what is there twice or contains itself; nil while
 * only one is known. */
static void push_copy(lua_State *L, int from, int seen)
{
    luaL_checkstack(L, LUA_MINSTACK, "a table is nested too deeply");
    push_empty_like(L, from);
    int copy = lua_gettop(L);
    if (!lua_isnil(L, seen)) note_copy(L, from, copy, seen);
    if (lua_getmetatable(L, from)) lua_setmetatable(L, copy);
    pl_shape *shape;
    if (pl_table_kind_of(L, copy, &shape) == PL_TABLE_LISTED) pl_table_own_list(L, copy);
    lua_pushnil(L);
    while (lua_next(L, from)) { /* stack: copy, key, value (top) */
        if (lua_istable(L, -1)) copy_value(L, from, copy, seen);
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, copy);
    }
}

/* copy(table): what a script may change without changing it for others. */
static int core_copy(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    lua_pushnil(L);
    lua_replace(L, 2);
    push_copy(L, 1, 2);
    return 1;
}

/* -- tables -- */

static void set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

/* Into the table on top: `min` and `max`, in bytes or seconds or as they are. */
static void push_range(lua_State *L, const pl_setting *setting)
{
    int64_t min, max;
    if (!pl_setting_range(setting, &min, &max)) return;
    double unit = setting->kind == PL_SETTING_SECONDS ? 1000 : 1;
    lua_pushnumber(L, (double)min / unit);
    lua_setfield(L, -2, "min");
    lua_pushnumber(L, (double)max / unit);
    lua_setfield(L, -2, "max");
}

static int push_settings(lua_State *L)
{
    lua_createtable(L, (int)pl_setting_count, 0);
    for (size_t i = 0; i < pl_setting_count; i++) {
        lua_createtable(L, 0, 7);
        set_text(L, "name", pl_setting_list[i].name);
        set_text(L, "kind", pl_setting_kind_name(pl_setting_list[i].kind));
        set_text(L, "initial", pl_setting_list[i].initial);
        set_text(L, "help", pl_setting_list[i].help);
        set_text(L, "allowed", pl_setting_list[i].allowed);
        push_range(L, &pl_setting_list[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

static void push_classes(lua_State *L)
{
    int count = 0;
    lua_newtable(L);
    for (int error = -1; error >= -PL_ERR_COUNT; error--) {
        if (!pl_retry_is_class(error)) continue;
        lua_pushstring(L, pl_err_name(error));
        lua_rawseti(L, -2, ++count);
    }
}

/* { schedule = {seconds...}, jitter = }: what holds where a connector is silent about retries;
 * { classes = {names...} }: what it can name besides statuses. */
static int push_retry(lua_State *L)
{
    lua_createtable(L, 0, 3);
    push_classes(L);
    lua_setfield(L, -2, "classes");
    lua_createtable(L, (int)pl_retry_default.delay_count, 0);
    for (uint32_t i = 0; i < pl_retry_default.delay_count; i++) {
        lua_pushnumber(L, (double)pl_retry_default.delays_ms[i] / 1000);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "schedule");
    lua_pushnumber(L, pl_retry_default.jitter);
    lua_setfield(L, -2, "jitter");
    return 1;
}

/* Types of operator events. */
static int push_notices(lua_State *L)
{
    lua_createtable(L, PL_NOTICE_KINDS, 0);
    for (int kind = 0; kind < PL_NOTICE_KINDS; kind++) {
        lua_pushstring(L, pl_notice_type((enum pl_notice_kind)kind));
        lua_rawseti(L, -2, kind + 1);
    }
    return 1;
}

/* { rules = {names...} }, the first where a connector is silent. */
static int push_order(lua_State *L)
{
    static const char *const rules[] = {
#define X(code, name) name,
        PL_ORDER_RULES(X)
#undef X
    };
    lua_createtable(L, 0, 1);
    lua_newtable(L);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        lua_pushstring(L, rules[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "rules");
    return 1;
}

static void set_limit(lua_State *L, const char *name, int64_t n)
{
    lua_pushnumber(L, (double)n);
    lua_setfield(L, -2, name);
}

void pl_core_show_limits(lua_State *L, const pl_vm_limits *limits)
{
    lua_getfield(L, LUA_REGISTRYINDEX, LIMITS);
    set_limit(L, "template_output", limits->template_output_bytes);
    set_limit(L, "template_loops", limits->template_loops);
    set_limit(L, "template_depth", limits->template_depth);
    set_limit(L, "order_key", limits->order_key_bytes);
    if (limits->memory_bytes) set_limit(L, "memory", limits->memory_bytes);
    lua_pop(L, 1);
}

/* What a rendering may use, and a key of order have, at most. One table a state, since modules keep it. */
static int push_limits(lua_State *L)
{
    lua_createtable(L, 0, 5);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, LIMITS);
    pl_core_show_limits(L, &pl_vm_of(L)->limits);
    return 1;
}

static int push_errors(lua_State *L)
{
    lua_newtable(L);
    for (int ordinal = 0; ordinal < PL_ERR_COUNT; ordinal++)
        set_text(L, pl_err_name(-ordinal - 1), pl_err_text(-ordinal - 1));
    return 1;
}

static const luaL_Reg core_functions[] = {
    {"secret", pl_bind_secret_of_name},
    {"secret_to_be", pl_bind_secret_to_be},
    {"secret_of", pl_bind_secret_of_text},
    {"secret_kept", pl_bind_secret_of_config},
    {"secrets_dir", pl_bind_secrets_dir},
    {"is_secret", pl_bind_is_secret},
    {"fail", pl_gate_lua_fail},
    {"fails_as", pl_gate_lua_fails_as},
    {"sleep", pl_gate_lua_sleep},
    {"log", pl_bind_log},
    {"trace", pl_bind_trace},
    {"fetch", pl_bind_fetch},
    {"join", pl_bind_join},
    {"encoded", pl_bind_encoded},
    {"begins", pl_bind_begins},
    {"now", core_now},
    {"deadline", core_deadline},
    {"uuid", core_uuid},
    {"env", core_env},
    {"bundled", core_bundled},
    {"bundled_names", core_bundled_names},
    {"load", core_load},
    {"copy", core_copy},
    {"interpret", pl_budget_lua_interpret},
    {"poll", pl_budget_lua_poll},
    {"is_over", pl_budget_lua_is_over},
    {"open_budget", pl_budget_lua_open},
    {"close_budget", pl_budget_lua_close},
    {"load_time", pl_budget_lua_load_time},
    {"frame", core_frame},
    {"number_text", pl_bind_number_text},
    {"format_double", pl_bind_format_double},
    {"round", pl_bind_round},
    {"outline", pl_bind_outline},
    {"hash", pl_bind_hash},
    {"hmac", pl_bind_hmac},
    {"uuid_of", pl_bind_uuid_of},
    {NULL, NULL},
};

/* What is in members of its own: each leaves its value on the stack. */
static const luaL_Reg core_tables[] = {
    {"base64", pl_open_base64}, {"budget", pl_open_budget},
    {"cache", pl_open_cache},   {"charset", pl_open_charset},
    {"crypto", pl_open_crypto}, {"egress", pl_open_egress},
    {"errors", push_errors},    {"hex", pl_open_hex},
    {"http", pl_open_http},     {"integer", pl_open_integer},
    {"json", pl_open_json},     {"limits", push_limits},
    {"notices", push_notices},  {"order", push_order},
    {"random", pl_open_random}, {"regex", pl_open_regex},
    {"retry", push_retry},      {"settings", push_settings},
    {"span", pl_open_span},     {"string", pl_open_string},
    {"table", pl_open_table},   {"text", pl_open_text},
    {"time", pl_open_time},     {"url", pl_open_url},
    {"xml", pl_open_xml},       {NULL, NULL},
};

int pl_open_core(lua_State *L)
{
    pl_bind_secret_type(L);
    pl_push_functions(L, core_functions);
    for (const luaL_Reg *table = core_tables; table->name; table++) {
        table->func(L);
        lua_setfield(L, -2, table->name);
    }
    return 1;
}
