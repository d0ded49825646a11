/* SPDX-License-Identifier: MIT
 *
 * Secret handles. A script passes one on (request:set_header, set_basic) and cannot read it: it
 * prints as "***", does not concatenate and does not encode. The value is on the list of what is
 * masked from the moment the handle is made. */
#include "base/secret.h"
#include "script/bind.h"

#include <lauxlib.h>
#include <stdlib.h>

typedef struct secret {
    size_t len;
    char bytes[];
} secret;

bool pl_bind_secret_at(lua_State *L, int index, pl_slice *value)
{
    secret *s = luaL_testudata(L, index, PL_SECRET);
    if (s == NULL) return false;
    *value = (pl_slice){s->bytes, s->len};
    return true;
}

static int secret_concat(lua_State *L)
{
    return luaL_error(L, "a secret cannot be joined with `..`; pass it as a part of its own, as in "
                         "request:set_header(\"Authorization\", \"Bearer \", secret)");
}

static int secret_tostring(lua_State *L)
{
    lua_pushliteral(L, "***");
    return 1;
}

static const luaL_Reg no_methods[] = {{NULL, NULL}};

static void push_secret(lua_State *L, pl_slice value)
{
    secret *s = lua_newuserdata(L, sizeof *s + value.len);
    s->len = value.len;
    memcpy(s->bytes, value.ptr, value.len);
    luaL_getmetatable(L, PL_SECRET);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        pl_bind_type(L, PL_SECRET, no_methods, NULL);
        lua_pushcfunction(L, secret_concat);
        lua_setfield(L, -2, "__concat");
        lua_pushcfunction(L, secret_tostring);
        lua_setfield(L, -2, "__tostring");
    }
    lua_setmetatable(L, -2);
    pl_secret_register(value);
}

/* "acme-key" as PERILUNE_SECRET_ACME_KEY; false when it is no name. */
static bool put_variable(pl_buf *out, pl_slice name)
{
    pl_buf_clear(out);
    PL_BUF_PUT(out, "PERILUNE_SECRET_");
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c >= 'a' && c <= 'z') c = (char)(c - 0x20);
        if (c == '-' || c == '.') c = '_';
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) return false;
        pl_buf_put_char(out, c);
    }
    pl_buf_put_char(out, 0);
    return name.len > 0;
}

int pl_bind_secret_of_environment(lua_State *L)
{
    pl_slice name = pl_check_slice(L, 1);
    pl_buf *variable = &pl_vm_of(L)->scratch;
    if (!put_variable(variable, name)) {
        lua_pushnil(L);
        lua_pushfstring(L, "\"%s\" cannot be the name of a secret", name.ptr);
        return 2;
    }
    const char *value = getenv(variable->ptr);
    if (value && *value) {
        push_secret(L, pl_slice_of(value));
        return 1;
    }
    lua_pushnil(L);
    lua_pushfstring(L, "the secret \"%s\" is not set: give it in the environment variable %s",
                    name.ptr, variable->ptr);
    return 2;
}

int pl_bind_secret_of_text(lua_State *L)
{
    push_secret(L, pl_check_slice(L, 1));
    return 1;
}

int pl_bind_is_secret(lua_State *L)
{
    pl_slice value;
    lua_pushboolean(L, pl_bind_secret_at(L, 1, &value));
    return 1;
}
