/* SPDX-License-Identifier: MIT
 *
 * core.time: points in time, which are seconds since 1970-01-01 in UTC, as text. */
#include "script/bind.h"

#include "text/moment.h"

#include <lauxlib.h>

/* format(seconds, format, zone?) -> text, or nil and what is wrong */
static int time_format(lua_State *L)
{
    pl_moment moment = pl_moment_of(luaL_checknumber(L, 1));
    pl_slice format = pl_check_slice(L, 2);
    pl_slice zone = pl_opt_slice(L, 3, "UTC");
    pl_buf *out = pl_scratch(L);
    bool done = pl_moment_put(out, moment, format, zone);
    if (!done) lua_pushnil(L);
    pl_push_slice(L, pl_buf_slice(out));
    return done ? 1 : 2;
}

/* parse(text) -> seconds, or nil and what is wrong */
static int time_parse(lua_State *L)
{
    pl_moment moment;
    if (pl_moment_read(pl_check_slice(L, 1), &moment)) {
        lua_pushnumber(L, pl_moment_seconds(moment));
        return 1;
    }
    lua_pushnil(L);
    lua_pushfstring(L, "'%s' is not a time such as 2026-11-21T08:15:30+01:00", lua_tostring(L, 1));
    return 2;
}

static const luaL_Reg time_functions[] = {
    {"format", time_format},
    {"parse", time_parse},
    {NULL, NULL},
};

int pl_open_time(lua_State *L)
{
    return pl_push_functions(L, time_functions);
}
