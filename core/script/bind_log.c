/* SPDX-License-Identifier: MIT
 *
 * core.log(level, message, fields?): a line of the log, its fields sorted by name. What cannot be
 * shown is shown as its type, a secret as "***". The line begins with the fields that say whose run
 * it is, and stands in the trace of that run as well, there at any level. */
#include "script/bind.h"

#include "base/log.h"
#include "flow/trace.h"
#include "script/vm.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#define MAX_LOG_FIELDS 16

/* Members that a line of the log has already: a field of such a name gets the underscore. */
static const char *const taken[] = {
    "_time", "_level", "_msg", "_delivery", "_source", "_connector", "_webhook", "_attempt",
};

static int compare_fields(const void *a, const void *b)
{
    return strcmp(((const pl_log_field *)a)->key, ((const pl_log_field *)b)->key);
}

/* The value is on the top of the stack and stays in the table. */
static pl_log_field log_field(lua_State *L, const char *key)
{
    const pl_exact *e = pl_exact_at(L, -1);
    pl_slice value;
    switch (lua_type(L, -1)) {
    case LUA_TNUMBER:
        if (lua_tonumber(L, -1) == floor(lua_tonumber(L, -1)) && fabs(lua_tonumber(L, -1)) < 0x1p53)
            return PL_LOG_INT(key, (int64_t)lua_tonumber(L, -1));
        lua_pushvalue(L, -1); /* the text of the copy is anchored below */
        value = pl_slice_of(lua_tostring(L, -1));
        lua_insert(L, 4);
        return PL_LOG_SLICE(key, value);
    case LUA_TSTRING:
        return PL_LOG_SLICE(key, pl_check_slice(L, -1));
    case LUA_TBOOLEAN:
        return PL_LOG_STR(key, lua_toboolean(L, -1) ? "true" : "false");
    case LUA_TUSERDATA:
        if (e) return PL_LOG_SLICE(key, ((pl_slice){e->text, e->len}));
        return PL_LOG_STR(key, pl_bind_is_secret_at(L, -1) ? "***" : "userdata");
    default:
        return PL_LOG_STR(key, luaL_typename(L, -1));
    }
}

static size_t read_log_fields(lua_State *L, pl_log_field *fields)
{
    size_t count = 0;
    if (!lua_istable(L, 3)) return 0;
    lua_pushnil(L);
    while (lua_next(L, 3)) { /* stack: ..., key, value (top) */
        if (lua_type(L, -2) == LUA_TSTRING && count < MAX_LOG_FIELDS) {
            fields[count] = log_field(L, lua_tostring(L, -2));
            count++;
        }
        lua_pop(L, 1);
    }
    qsort(fields, count, sizeof *fields, compare_fields);
    return count;
}

static const char *free_key(const char *key)
{
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(key, taken[i] + 1) == 0) return taken[i];
    return key;
}

/* `fields` end with an empty one. */
static void write_line(const pl_trace *t, enum pl_log_level level, const char *message,
                       const pl_log_field *fields)
{
    pl_log_field all[PL_TRACE_ABOUT + MAX_LOG_FIELDS + 1];
    char id[PL_UUID_TEXT + 1];
    if (!pl_log_wants(level)) return;
    size_t count = t ? pl_trace_about(t, id, all) : 0;
    for (; fields->key; fields++) {
        all[count] = *fields;
        all[count++].key = free_key(fields->key);
    }
    all[count] = (pl_log_field){0};
    pl_log_fields(level, message, all);
}

int pl_bind_log(lua_State *L)
{
    pl_log_field fields[MAX_LOG_FIELDS + 1];
    int level = pl_log_level_of(pl_check_slice(L, 1));
    const char *message = luaL_checkstring(L, 2);
    luaL_argcheck(L, level >= 0 && level < PL_LOG_OFF, 1, "expected debug, info, warn or error");
    lua_settop(L, 3);
    luaL_checkstack(L, MAX_LOG_FIELDS + LUA_MINSTACK, NULL);
    fields[read_log_fields(L, fields)] = (pl_log_field){0};
    pl_trace *trace = pl_gate_trace(pl_vm_of(L));
    pl_trace_log(trace, (enum pl_log_level)level, pl_check_slice(L, 2), fields);
    write_line(trace, (enum pl_log_level)level, message, fields);
    return 0;
}

int pl_bind_trace(lua_State *L)
{
    pl_slice message = pl_check_slice(L, 1);
    pl_trace_note(pl_gate_trace(pl_vm_of(L)), message, pl_opt_slice(L, 2, ""));
    return 0;
}
