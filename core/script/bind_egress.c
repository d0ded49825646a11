/* SPDX-License-Identifier: MIT
 *
 * core.egress: what the egress guard says of what stands in files, before anything is sent.
 *
 *   fault(entry)           what is wrong with an entry of egress.allow, or nil
 *   refusal(allow, host)   why no request goes to a host that is an address, or nil; of a list
 *                          with mistakes nothing is said
 *   proxy_fault(url)       why this cannot be the URL of a proxy, or nil */
#include "script/bind.h"

#include "flow/message.h"
#include "net/egress.h"

#include <lauxlib.h>

static int egress_fault(lua_State *L)
{
    const char *entry = luaL_checkstring(L, 1);
    pl_egress_fault fault;
    pl_egress *e = pl_egress_new(&entry, 1, &fault);
    pl_egress_free(e);
    if (e) return 0;
    lua_pushstring(L, fault.text);
    return 1;
}

static int egress_refusal(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    pl_slice host = pl_check_slice(L, 2);
    char text[PL_EGRESS_TEXT];
    size_t count = lua_objlen(L, 1);
    /* Memory of Lua's, for the list: nothing is lost when an entry is no text. */
    const char **allow = lua_newuserdata(L, (count + 1) * sizeof *allow);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 1, (int)i + 1);
        allow[i] = luaL_checkstring(L, -1); /* the table keeps it */
        lua_pop(L, 1);
    }
    pl_egress_fault fault;
    pl_egress *e = pl_egress_new(allow, count, &fault);
    if (e == NULL) return 0; /* whoever checks the setting says what is wrong with it */
    bool is_refused = pl_egress_refuses_host(e, host, text);
    pl_egress_free(e);
    if (!is_refused) return 0;
    lua_pushstring(L, text);
    return 1;
}

static int egress_proxy_fault(lua_State *L)
{
    lua_pushstring(L, pl_proxy_fault(pl_check_slice(L, 1))); /* NULL pushes nil */
    return 1;
}

static const luaL_Reg egress_functions[] = {
    {"fault", egress_fault},
    {"refusal", egress_refusal},
    {"proxy_fault", egress_proxy_fault},
    {NULL, NULL},
};

int pl_open_egress(lua_State *L)
{
    pl_push_functions(L, egress_functions);
    return 1;
}
